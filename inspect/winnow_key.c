/*
 * Bytes to letters, letters to places: with SSSE3 sixteen at a time, which
 * every x86 processor has that Hyperscan runs on; else one by one, with the
 * same results.
 */
#include "base/mem.h"
#include "base/utf8.h"
#include "inspect/winnow_parts.h"

#if defined(__x86_64__)
#include <tmmintrin.h>
#define FAST __attribute__((target("ssse3")))
#endif

/* ---- key ---- */

static void fill_ascii(struct winnow_key *key)
{
    for (uint32_t c = 0; c < 0x80; c++) {
        char out[FOLD_MAX];
        size_t n = 0;
        fold_character(c, out, &n);
        key->ascii[c] = n == 1 ? out[0] : '\0';
    }
}

static void fill_two(struct winnow_key *key)
{
    for (uint32_t c = 0x80; c < WINNOW_TWO_BYTES; c++) {
        char out[FOLD_MAX];
        size_t n = 0;
        struct winnow_folded *f = &key->two[c];
        fold_character(c, out, &n);
        f->n = (unsigned char)(n <= sizeof f->bytes ? n : 0);
        memcpy(f->bytes, out, f->n);
    }
}

static void fill_packed(struct winnow_key *key)
{
    for (unsigned bits = 0; bits < 256; bits++) {
        unsigned n = 0;
        for (unsigned i = 0; i < 8; i++)
            if ((bits >> i & 1) != 0)
                key->packed[bits] |= (uint64_t)i << 8 * n++;
        key->kept[bits] = (uint8_t)n;
    }
}

/* From the key's bytes, as many as are needed. */
static uint64_t expand(uint64_t *seed)
{
    uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

struct winnow_key *winnow_key_new(const uint8_t bytes[WINNOW_KEY_BYTES])
{
    struct winnow_key *key = MEM_NEW(struct winnow_key);
    memcpy(&key->least, bytes, sizeof key->least);
    memcpy(key->hash, bytes + sizeof key->least, sizeof key->hash);
    uint64_t seed = key->least;
    key->least |= 1;
    for (size_t i = 0; i < WINNOW_CHOOSERS; i++)
        for (size_t j = 0; j < 16; j++)
            key->sums[i][j] = (uint8_t)(expand(&seed) >> 56);
    fill_ascii(key);
    fill_two(key);
    fill_packed(key);
#if defined(FAST)
    key->is_fast = __builtin_cpu_supports("ssse3") != 0;
#endif
    return key;
}

void winnow_key_free(struct winnow_key **key)
{
    mem_free(*key);
    *key = NULL;
}

/* ---- folding ---- */

/* Han and Hangul, which fold to themselves. */
static bool is_itself(const unsigned char *p, size_t n)
{
    return n >= 3 && (p[1] & 0xc0) == 0x80 && (p[2] & 0xc0) == 0x80 &&
           ((p[0] >= 0xe5 && p[0] <= 0xe9) || p[0] == 0xeb || p[0] == 0xec);
}

/* One character of more than a byte; bytes that are none are dropped. */
static size_t fold_wide(
    const struct winnow_key *key, struct str rest, char *out, uint32_t *n)
{
    uint32_t c = 0;
    if (is_itself((const unsigned char *)rest.p, rest.n)) {
        memcpy(out + *n, rest.p, 3);
        *n += 3;
        return 3;
    }
    size_t length = utf8_decode(rest, &c);
    if (length == 2) {
        const struct winnow_folded *f = &key->two[c];
        memcpy(out + *n, f->bytes, sizeof f->bytes);
        *n += f->n;
    } else if (length > 2) {
        size_t folded = 0;
        fold_character(c, out + *n, &folded);
        *n += (uint32_t)folded;
    }
    return length == 0 ? 1 : length;
}

size_t winnow_fold(const struct winnow_key *key, struct str text, size_t at,
    size_t stop, char *out, uint32_t *n)
{
    while (at < stop) {
        unsigned char c = (unsigned char)text.p[at];
        if (c < 0x80) {
            char letter = key->ascii[c];
            out[*n] = letter;
            *n += letter != 0;
            at++;
        } else {
            at += fold_wide(key, str_sub(text, at, text.n), out, n);
        }
    }
    return at;
}

#if defined(FAST)

/* Those of eight letters that stay, to the front; writes eight. */
static inline FAST uint32_t pack(
    const struct winnow_key *key, __m128i letters, unsigned bits, char *out)
{
    __m128i order = _mm_loadl_epi64((const __m128i *)&key->packed[bits]);
    _mm_storel_epi64((__m128i *)out, _mm_shuffle_epi8(letters, order));
    return key->kept[bits];
}

/* Sixteen bytes; false: not all are ASCII. */
static inline FAST bool fold_sixteen(
    const struct winnow_key *key, const char *p, char *out, uint32_t *n)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)p);
    if (_mm_movemask_epi8(bytes) != 0)
        return false;
    __m128i lower = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
    __m128i letter = _mm_sub_epi8(lower, _mm_set1_epi8('a'));
    __m128i digit = _mm_sub_epi8(bytes, _mm_set1_epi8('0'));
    __m128i stays = _mm_or_si128(
        _mm_cmpeq_epi8(_mm_min_epu8(letter, _mm_set1_epi8(25)), letter),
        _mm_cmpeq_epi8(_mm_min_epu8(digit, _mm_set1_epi8(9)), digit));
    unsigned bits = (unsigned)_mm_movemask_epi8(stays);
    *n += pack(key, lower, bits & 0xff, out + *n);
    *n += pack(key, _mm_srli_si128(lower, 8), bits >> 8, out + *n);
    return true;
}

static FAST size_t fold_fast(const struct winnow_key *key, struct str text,
    size_t at, size_t stop, char *out, uint32_t *n_out)
{
    uint32_t n = *n_out;
    while (at + 16 <= stop && fold_sixteen(key, text.p + at, out, &n))
        at += 16;
    *n_out = n;
    return at;
}

static inline FAST unsigned weigh_sixteen(
    const struct winnow_key *key, const char *letters)
{
    const __m128i low = _mm_set1_epi8(15);
    __m128i sum = _mm_setzero_si128();
    for (int i = 0; i < WINNOW_CHOOSERS; i++) {
        __m128i at = _mm_loadu_si128((const __m128i *)(letters + i));
        __m128i table = _mm_load_si128((const __m128i *)key->sums[i]);
        sum =
            _mm_add_epi8(sum, _mm_shuffle_epi8(table, _mm_and_si128(at, low)));
    }
    __m128i most = _mm_set1_epi8(WINNOW_SMALL - 1);
    return (unsigned)_mm_movemask_epi8(
        _mm_cmpeq_epi8(_mm_min_epu8(sum, most), sum));
}

static FAST void weigh_fast(const struct winnow_key *key, const char *letters,
    uint32_t from, uint32_t to, uint64_t *bits)
{
    for (uint32_t at = from; at < to; at += 64) {
        uint64_t word = 0;
        for (uint32_t i = 0; i < 64 && at + i < to; i += 16)
            word |= (uint64_t)weigh_sixteen(key, letters + at + i) << i;
        bits[at / 64] = word;
    }
}

#endif

size_t winnow_fold_chunk(const struct winnow_key *key, struct str text,
    size_t at, char *out, uint32_t *n)
{
    size_t stop = text.n - at > WINNOW_CHUNK ? at + WINNOW_CHUNK : text.n;
#if defined(FAST)
    if (key->is_fast)
        at = fold_fast(key, text, at, stop, out, n);
#endif
    return winnow_fold(key, text, at, stop, out, n);
}

/* ---- weighing ---- */

static bool is_small(const struct winnow_key *key, const char *letters)
{
    unsigned sum = 0;
    for (int i = 0; i < WINNOW_CHOOSERS; i++)
        sum += key->sums[i][letters[i] & 15];
    return (sum & 0xff) < WINNOW_SMALL;
}

void winnow_weigh(const struct winnow_key *key, const char *letters,
    uint32_t from, uint32_t to, uint64_t *bits)
{
#if defined(FAST)
    if (key->is_fast) {
        weigh_fast(key, letters, from, to, bits);
        return;
    }
#endif
    for (uint32_t at = from; at < to; at++) {
        if (at % 64 == 0)
            bits[at / 64] = 0;
        if (is_small(key, letters + at))
            bits[at / 64] |= UINT64_C(1) << at % 64;
    }
}
