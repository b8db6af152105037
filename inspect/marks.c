/*
 * A set of ASCII characters is a table of sixteen bytes, by the low half of a
 * character: bit n for the one whose upper half is n.  Two shuffles and a
 * comparison then say for 32 bytes at once which are in the set.
 */
#include "inspect/marks.h"

#include <ctype.h>
#include <immintrin.h>
#include <string.h>

#include "base/mem.h"

/* Behind what is covered: runs may be looked at over the end. */
/* Fills the last block up. */
enum { OF_NO_KIND = '?' };
enum { GUARD_BLOCKS = 2, KINDS_ASCII = MARK_HIGH };

/* By kind and low half of the character; see marks.c's test for the sets. */
static const uint8_t sets[KINDS_ASCII][16] = {
    [MARK_DIGIT] = {8, 8, 8, 8, 8, 8, 8, 8, 8, 8},
    /* @A…O `a…o: 4, 6; P…Z p…z: 5, 7 */
    [MARK_WORD] = {0xa8, 0xf8, 0xf8, 0xf8, 0xf8, 0xf8, 0xf8, 0xf8, 0xf8, 0xf8,
        0xf0, 0x50, 0x50, 0x50, 0x50, 0x50},
    [MARK_UPPER] = {0x20, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30,
        0x30, 0x10, 0x10, 0x10, 0x10, 0x10},
    [MARK_TOKEN] = {0xa8, 0xf8, 0xf8, 0xf8, 0xf8, 0xf8, 0xf8, 0xf8, 0xf8, 0xf8,
        0xf0, 0x54, 0x50, 0x54, 0x50, 0x74},
    [MARK_TURN] = {0xa8, 0xf8, 0xf8, 0xf8, 0xf8, 0xf8, 0xf8, 0xf8, 0xf8, 0xf8,
        0xf0, 0x54, 0x50, 0x5c, 0x54, 0x74},
    [MARK_CODE] = {0x0c, 0x58, 0x5c, 0x58, 0x58, 0x58, 0x58, 0x0c, 0xe8, 0x09,
        0x09, 0x08, 0x24, 0x04, 0, 0x40},
    [MARK_ESCAPE] = {0, 0, 0, 0, 0, 4, 4, 0, 0, 0, 0, 0, 0x20, 8},
    [MARK_JOINT] = {0x40, 0, 4, 0, 0, 0, 0, 4, 0, 0, 5, 0, 0x88},
    [MARK_PIECE] = {0xb8, 0xfc, 0xf8, 0xfc, 0xfc, 0xfc, 0xfc, 0xf8, 0xf8, 0xf8,
        0xf0, 0x54, 0x50, 0x5c, 0x74, 0x74},
    [MARK_GAP] = {4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 4},
};

/* Controls but for blanks: norm_is_control. */
static const uint8_t controls[16] = {
    3, 3, 3, 3, 3, 3, 3, 3, 3, 2, 2, 2, 2, 2, 3, 0x83};

/* Whether one of the bytes is a control. */
typedef bool read_fn(const char *p, struct mark_block *out);

static bool read_plain(const char *p, struct mark_block *out)
{
    *out = (struct mark_block){0};
    bool has_control = false;
    for (unsigned i = 0; i < MARK_BLOCK; i++) {
        unsigned char c = (unsigned char)p[i];
        out->kinds[MARK_INK] |= (uint64_t)(c > ' ') << i;
        if (c >= 0x80) {
            out->kinds[MARK_HIGH] |= UINT64_C(1) << i;
            continue;
        }
        has_control |= (controls[c & 15] >> (c >> 4) & 1) != 0;
        for (unsigned k = 0; k < KINDS_ASCII; k++)
            out->kinds[k] |= (uint64_t)(sets[k][c & 15] >> (c >> 4) & 1) << i;
    }
    return has_control;
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static bool read_avx2(
    const char *p, struct mark_block *out)
{
    const __m256i low = _mm256_set1_epi8(15);
    const __m256i bits = _mm256_broadcastsi128_si256(
        _mm_set_epi8(0, 0, 0, 0, 0, 0, 0, 0, -128, 64, 32, 16, 8, 4, 2, 1));
    __m256i c[2], lows[2], wanted[2];
    for (int i = 0; i < 2; i++) {
        c[i] = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32 * i));
        lows[i] = _mm256_and_si256(c[i], low);
        wanted[i] = _mm256_shuffle_epi8(
            bits, _mm256_and_si256(_mm256_srli_epi16(c[i], 4), low));
    }
#pragma GCC unroll 16
    for (unsigned k = 0; k < KINDS_ASCII; k++) {
        __m256i set = _mm256_broadcastsi128_si256(
            _mm_loadu_si128((const __m128i *)(const void *)sets[k]));
        uint32_t found[2];
        for (int i = 0; i < 2; i++) {
            __m256i has =
                _mm256_and_si256(_mm256_shuffle_epi8(set, lows[i]), wanted[i]);
            /* nothing is wanted of bytes above 0x7f */
            found[i] = ~(uint32_t)_mm256_movemask_epi8(
                _mm256_cmpeq_epi8(has, _mm256_setzero_si256()));
        }
        out->kinds[k] = found[0] | (uint64_t)found[1] << 32;
    }
    out->kinds[MARK_HIGH] = (uint32_t)_mm256_movemask_epi8(c[0]) |
                            (uint64_t)(uint32_t)_mm256_movemask_epi8(c[1])
                                << 32;
    uint32_t ink[2];
    for (int i = 0; i < 2; i++)
        ink[i] = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(
            c[i], _mm256_max_epu8(c[i], _mm256_set1_epi8(' ' + 1))));
    out->kinds[MARK_INK] = ink[0] | (uint64_t)ink[1] << 32;
    __m256i set = _mm256_broadcastsi128_si256(
        _mm_loadu_si128((const __m128i *)(const void *)controls));
    __m256i odd = _mm256_or_si256(
        _mm256_and_si256(_mm256_shuffle_epi8(set, lows[0]), wanted[0]),
        _mm256_and_si256(_mm256_shuffle_epi8(set, lows[1]), wanted[1]));
    return _mm256_testz_si256(odd, odd) == 0;
}

/* The same of 64 bytes, of which comparisons come as bits. */
__attribute__((target("avx512bw"))) static bool read_avx512(
    const char *p, struct mark_block *out)
{
    const __m512i low = _mm512_set1_epi8(15);
    const __m512i bits = _mm512_broadcast_i32x4(
        _mm_set_epi8(0, 0, 0, 0, 0, 0, 0, 0, -128, 64, 32, 16, 8, 4, 2, 1));
    __m512i c = _mm512_loadu_si512(p), lows = _mm512_and_si512(c, low);
    __m512i wanted = _mm512_shuffle_epi8(
        bits, _mm512_and_si512(_mm512_srli_epi16(c, 4), low));
#pragma GCC unroll 16
    for (unsigned k = 0; k < KINDS_ASCII; k++) {
        __m512i set = _mm512_broadcast_i32x4(
            _mm_loadu_si128((const __m128i *)(const void *)sets[k]));
        out->kinds[k] =
            _mm512_test_epi8_mask(_mm512_shuffle_epi8(set, lows), wanted);
    }
    out->kinds[MARK_HIGH] = _mm512_movepi8_mask(c);
    out->kinds[MARK_INK] = _mm512_cmpgt_epu8_mask(c, _mm512_set1_epi8(' '));
    __m512i set = _mm512_broadcast_i32x4(
        _mm_loadu_si128((const __m128i *)(const void *)controls));
    return _mm512_test_epi8_mask(_mm512_shuffle_epi8(set, lows), wanted) != 0;
}

static read_fn *reader(void)
{
    return __builtin_cpu_supports("avx512bw") ? read_avx512
           : __builtin_cpu_supports("avx2")   ? read_avx2
                                              : read_plain;
}
#else
static read_fn *reader(void)
{
    return read_plain;
}
#endif

/* Bits from which on n are set, those of the next block included. */
static inline uint64_t runs_of(uint64_t bits, uint64_t next, unsigned n)
{
    unsigned had = 1;
    for (; 2 * had <= n && had < MARK_BLOCK / 2; had *= 2) {
        bits &= bits >> had | next << (MARK_BLOCK - had);
        next &= next >> had;
        if (bits == 0)
            return 0;
    }
    for (unsigned step; had < n; had += step) {
        step = n - had < MARK_BLOCK / 2 ? n - had : MARK_BLOCK / 2;
        bits &= bits >> step | next << 1 << (MARK_BLOCK - 1 - step);
        next &= next >> step;
    }
    return bits;
}

/* Keeps the bits behind which so many more are set: one step of runs_of. */
static inline void narrow(uint64_t *bits, uint64_t *next, unsigned by)
{
    *bits &= *bits >> by | *next << (MARK_BLOCK - by);
    *next &= *next >> by;
}

static void mark_uuid(struct marks *m, size_t at)
{
    for (size_t i = at < m->from ? m->from : at; i < at + UUID_BYTES; i++)
        m->blocks[(i - m->from) / MARK_BLOCK].kinds[MARK_UUID] |=
            UINT64_C(1) << i % MARK_BLOCK;
}

/* Its four dashes stand five bytes apart, the first eight behind its start. */
static void mark_uuids(struct marks *m, size_t block)
{
    const struct mark_block *b = marks_block(m, block);
    uint64_t gaps = b->kinds[MARK_GAP], next = b[1].kinds[MARK_GAP];
    gaps &= gaps >> 5 | next << 59;
    gaps &= gaps >> 10 | (next & next >> 5) << 54;
    for (; gaps != 0; gaps &= gaps - 1) {
        size_t at = block + (size_t)__builtin_ctzll(gaps);
        if (at >= 8 && marks_is_uuid(m->text, at - 8))
            mark_uuid(m, at - 8);
    }
}

/* Eights or fours of bits at their multiples that are all set: a run of 23 has
 * two of the first in a row, one of 12 two of the second. */
static inline uint64_t full_eights(uint64_t bits)
{
    bits &= bits >> 1;
    bits &= bits >> 2;
    return bits & bits >> 4 & UINT64_C(0x0101010101010101);
}

static inline uint64_t full_fours(uint64_t bits)
{
    bits &= bits >> 1;
    return bits & bits >> 2 & UINT64_C(0x1111111111111111);
}

/* Whether there may be long runs of some kinds at all. */
static void note_rows(struct marks *m, size_t count)
{
    uint64_t rows[3] = {0}, last[3] = {0};
    for (size_t i = 0; i < count; i++) {
        const uint64_t *kinds = m->blocks[i].kinds;
        uint64_t full[3] = {full_eights(kinds[MARK_CODE]),
            full_eights(kinds[MARK_WORD]), full_fours(kinds[MARK_GAP])};
        rows[0] |= full[0] & (full[0] << 8 | last[0] >> 56);
        rows[1] |= full[1] & (full[1] << 8 | last[1] >> 56);
        rows[2] |= full[2] & (full[2] << 4 | last[2] >> 60);
        memcpy(last, full, sizeof last);
    }
    for (unsigned i = 0; i < 3; i++)
        m->kinds |= (unsigned)(rows[i] != 0) << (MARK_CODES + i);
}

static inline uint64_t names_of(const struct mark_block *b)
{
    uint64_t run = b->kinds[MARK_TOKEN], next = b[1].kinds[MARK_TOKEN];
    _Static_assert((int)MARK_RUN == 12, "1, 2, 4, 8 and 4 more");
    narrow(&run, &next, 1);
    narrow(&run, &next, 2);
    narrow(&run, &next, 4);
    narrow(&run, &next, 4);
    return run;
}

/* What is made of the kinds of bytes; few blocks have any long run. */
static void mark_long(struct marks *m, size_t count)
{
    m->blocks[0].kinds[MARK_UUID] = 0;
    for (size_t i = 0; i + 1 < count; i++) {
        struct mark_block *b = &m->blocks[i];
        b[1].kinds[MARK_UUID] = 0;
        _Static_assert((int)MARK_RUN == 12, "1, 2, 4, 8 and 4 more");
        uint64_t run = b->kinds[MARK_TURN], next = b[1].kinds[MARK_TURN];
        narrow(&run, &next, 1);
        narrow(&run, &next, 2);
        narrow(&run, &next, 4);
        narrow(&run, &next, 4);
        b->kinds[MARK_LONG] = run;
        b->kinds[MARK_NAME] = run != 0 ? names_of(b) : 0;
        uint64_t digits = b->kinds[MARK_DIGIT];
        next = b[1].kinds[MARK_DIGIT];
        narrow(&digits, &next, 1);
        narrow(&digits, &next, 2);
        b->kinds[MARK_FOUR] = digits;
        if (b->kinds[MARK_LONG] != 0)
            mark_uuids(m, m->from + i * MARK_BLOCK);
    }
    struct mark_block *last = &m->blocks[count - 1];
    last->kinds[MARK_LONG] = last->kinds[MARK_FOUR] = 0;
    last->kinds[MARK_NAME] = 0;
}

/* Eight kinds at a time. */
typedef uint64_t lanes __attribute__((vector_size(64), aligned(8), may_alias));

static void note_kinds(struct marks *m, size_t count)
{
    lanes all[MARK_PLACES / 8] = {0};
    for (size_t i = 0; i < count; i++) {
        const lanes *kinds = (const lanes *)m->blocks[i].kinds;
        for (unsigned k = 0; k < MARK_PLACES / 8; k++)
            all[k] |= kinds[k];
    }
    m->kinds = 1u << MARK_ANY;
    for (unsigned k = 0; k < MARK_KINDS; k++)
        m->kinds |= (unsigned)(all[k / 8][k % 8] != 0) << k;
}

/* The next window of the same text. */
static bool goes_on(const struct marks *m, struct str text, size_t from)
{
    return from > 0 && from >= m->from && from <= m->to &&
           text.p == m->text.p && text.n == m->text.n;
}

/* Blocks from a multiple of MARK_BLOCK on. */
static size_t count_blocks(const struct marks *m)
{
    return (m->to - m->from + MARK_BLOCK - 1) / MARK_BLOCK + GUARD_BLOCKS;
}

void marks_make_bits(struct marks *m, struct str text, size_t from, size_t to)
{
    read_fn *read = reader();
    uint64_t high = 0;
    bool has_control = false;
    char rest[MARK_BLOCK];
    memset(rest, OF_NO_KIND, sizeof rest);
    from -= from % MARK_BLOCK;
    from -= from > 0 ? MARK_BLOCK : 0;
    m->kinds = ~0u;
    bool is_next = goes_on(m, text, from);
    m->text = text;
    m->from = from;
    m->to = to;
    size_t count = count_blocks(m);
    if (count > m->cap) {
        mem_free(m->blocks);
        m->cap = count < 64 ? 64 : count;
        m->blocks = mem_alloc(m->cap * sizeof *m->blocks);
    }
    if (m->far == NULL)
        m->far = mem_alloc(MARK_PLACES * sizeof *m->far);
    if (m->numbers == NULL)
        m->numbers = MEM_NEW(struct mark_numbers);
    m->numbers->is_made = false;
    if (!is_next)
        memset(m->far, 0, MARK_PLACES * sizeof *m->far);
    for (size_t i = 0; i < count; i++) {
        const char *p = rest;
        size_t at = from + i * MARK_BLOCK;
        if (at + MARK_BLOCK <= text.n)
            p = text.p + at;
        else if (at < text.n)
            memcpy(rest, text.p + at, text.n - at);
        else {
            m->blocks[i] = (struct mark_block){0};
            continue;
        }
        has_control |= read(p, &m->blocks[i]);
        high |= m->blocks[i].kinds[MARK_HIGH];
    }
    mark_long(m, count);
    m->has_high = high != 0;
    m->has_odd = m->has_high || has_control;
}

void marks_make(struct marks *m, struct str text, size_t from, size_t to)
{
    marks_make_bits(m, text, from, to);
    note_kinds(m, count_blocks(m));
    note_rows(m, count_blocks(m));
}

void marks_free(struct marks *m)
{
    mem_free(m->blocks);
    mem_free(m->far);
    if (m->numbers != NULL)
        mem_free(m->numbers->items);
    mem_free(m->numbers);
    *m = (struct marks){0};
}

bool marks_cover(const struct marks *m, struct str text, size_t from, size_t to)
{
    return m->to > 0 && m->text.p == text.p && m->text.n == text.n &&
           m->from <= from && to <= m->to;
}

/* What of the block's bits stands at `at` or behind. */
static uint64_t from_on(uint64_t bits, size_t at)
{
    return bits & (~UINT64_C(0) << at % MARK_BLOCK);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The first bit of a kind, or of those that are not of it. */
static inline size_t next_bit(const struct marks *m, enum mark kind, size_t at,
    size_t limit, uint64_t flip)
{
    if (at >= limit)
        return at;
    const struct mark_block *b = marks_block(m, at);
    uint64_t bits = from_on(b->kinds[kind] ^ flip, at);
    for (at -= at % MARK_BLOCK; bits == 0; bits = (++b)->kinds[kind] ^ flip) {
        at += MARK_BLOCK;
        if (at >= limit)
            return limit;
    }
    return smaller(at + (size_t)__builtin_ctzll(bits), limit);
}

size_t marks_next_far(
    const struct marks *m, enum mark kind, size_t at, size_t limit)
{
    return next_bit(m, kind, at, limit, 0);
}

size_t marks_skip(
    const struct marks *m, enum mark kind, size_t at, size_t limit)
{
    return next_bit(m, kind, at, limit, ~UINT64_C(0));
}

size_t marks_next_run(
    const struct marks *m, enum mark kind, size_t at, size_t limit, unsigned n)
{
    if (at >= limit)
        return at;
    for (size_t block = at - at % MARK_BLOCK; block < limit;
         block += MARK_BLOCK) {
        const struct mark_block *b = marks_block(m, block);
        uint64_t bits = b->kinds[kind];
        if (block < at)
            bits = from_on(bits, at);
        bits = runs_of(bits, b[1].kinds[kind], n);
        if (bits != 0)
            return smaller(block + (size_t)__builtin_ctzll(bits), limit);
    }
    return limit;
}

/* Digits, and gaps with a digit before and behind them. */
static inline uint64_t number_bits(const struct mark_block *b, uint64_t before)
{
    uint64_t digits = b->kinds[MARK_DIGIT], gaps = b->kinds[MARK_GAP];
    return digits | (gaps & (digits << 1 | before) &
                        (digits >> 1 | b[1].kinds[MARK_DIGIT] << 63));
}

size_t marks_next_number(
    const struct marks *m, size_t at, size_t limit, unsigned n)
{
    if (at >= limit)
        return at;
    for (size_t block = at - at % MARK_BLOCK; block < limit;
         block += MARK_BLOCK) {
        const struct mark_block *b = marks_block(m, block);
        if (b->kinds[MARK_DIGIT] == 0)
            continue;
        uint64_t before = block > m->from ? b[-1].kinds[MARK_DIGIT] >> 63 : 0;
        uint64_t bits = number_bits(b, before);
        if (block < at)
            bits = from_on(bits, at);
        bits = runs_of(bits, number_bits(b + 1, b->kinds[MARK_DIGIT] >> 63), n);
        if (bits != 0)
            return smaller(block + (size_t)__builtin_ctzll(bits), limit);
    }
    return limit;
}

/* The first place from where on n bytes are of the kind, which the runs `made`
 * of `least` of them, known by bits of their own, tell: two of those as far
 * apart as is missing are one of n.  Most blocks have none. */
static size_t next_longer(const struct marks *m, enum mark kind, enum mark made,
    unsigned least, size_t at, size_t limit, unsigned n)
{
    unsigned by = n - least;
    if (by == 0)
        return marks_next(m, made, at, limit);
    if (by > least)
        return marks_next_run(
            m, kind, marks_next(m, made, at, limit), limit, n);
    if (at >= limit)
        return at;
    for (size_t block = at - at % MARK_BLOCK; block < limit;
         block += MARK_BLOCK) {
        const struct mark_block *b = marks_block(m, block);
        uint64_t bits = b->kinds[made];
        if (bits == 0)
            continue;
        bits &= bits >> by | b[1].kinds[made] << (MARK_BLOCK - by);
        if (block < at)
            bits = from_on(bits, at);
        if (bits != 0)
            return smaller(block + (size_t)__builtin_ctzll(bits), limit);
    }
    return limit;
}

size_t marks_next_digits(
    const struct marks *m, size_t at, size_t limit, unsigned n)
{
    return next_longer(m, MARK_DIGIT, MARK_FOUR, 4, at, limit, n);
}

size_t marks_next_token(
    const struct marks *m, enum mark kind, size_t at, size_t limit, unsigned n)
{
    enum mark made = kind == MARK_TOKEN ? MARK_NAME : MARK_LONG;
    return next_longer(m, kind, made, MARK_RUN, at, limit, n);
}

size_t marks_count(
    const struct marks *m, enum mark kind, size_t at, size_t limit)
{
    size_t count = 0;
    for (size_t block = at - at % MARK_BLOCK; block < limit;
         block += MARK_BLOCK) {
        uint64_t bits = marks_block(m, block)->kinds[kind];
        if (block < at)
            bits = from_on(bits, at);
        if (limit - block < MARK_BLOCK)
            bits &= ~(~UINT64_C(0) << (limit - block));
        count += (size_t)__builtin_popcountll(bits);
    }
    return count;
}

static inline bool is_of(enum mark kind, char c)
{
    unsigned char byte = (unsigned char)c;
    return byte < 0x80 && (sets[kind][byte & 15] >> (byte >> 4) & 1) != 0;
}

size_t marks_end(const struct marks *m, enum mark kind, size_t at)
{
    struct str text = m->text;
    if (at >= m->from && at < m->to)
        at = marks_skip(m, kind, at, m->to);
    if (at < m->to)
        return at;
    struct mark_run *far = &m->far[kind];
    if (at >= far->from && at < far->end)
        return far->end;
    far->from = at;
    while (at < text.n && is_of(kind, text.p[at]))
        at++;
    far->end = at;
    return at;
}

struct char_bits marks_char_bits(const struct marks *m, size_t at)
{
    struct char_bits bits = {0};
    if (at >= m->from && at < m->to)
        return (struct char_bits){marks_window(m, MARK_WORD, at),
            marks_window(m, MARK_UPPER, at), marks_window(m, MARK_DIGIT, at)};
    for (size_t i = 0; i < MARK_BLOCK && at + i < m->text.n; i++) {
        char c = m->text.p[at + i];
        bits.word |= (uint64_t)is_of(MARK_WORD, c) << i;
        bits.upper |= (uint64_t)is_of(MARK_UPPER, c) << i;
        bits.digit |= (uint64_t)is_of(MARK_DIGIT, c) << i;
    }
    return bits;
}

/* Sixteen bytes at a time. */
typedef uint8_t bytes16 __attribute__((vector_size(16)));

/* 0xff for each that is a hexadecimal digit, or a dash where one belongs. */
static inline bytes16 uuid_bytes(const char *p, bytes16 dashes)
{
    bytes16 c;
    memcpy(&c, p, sizeof c);
    bytes16 is_hex = (bytes16)((bytes16)(c - '0') < 10) |
                     (bytes16)((bytes16)((c | 0x20) - 'a') < 6);
    return (is_hex & ~dashes) | ((bytes16)(c == '-') & dashes);
}

bool marks_is_uuid(struct str text, size_t at)
{
    if (at + UUID_BYTES > text.n || text.p[at + 8] != '-' ||
        (at > 0 && isalnum((unsigned char)text.p[at - 1])) ||
        (at + UUID_BYTES < text.n &&
            isalnum((unsigned char)text.p[at + UUID_BYTES])))
        return false;
    static const bytes16 dashes[] = {
        {0, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0, 0, 0, 255, 0, 0},
        {0, 0, 255, 0, 0, 0, 0, 255, 0, 0, 0, 0, 0, 0, 0, 0},
        {0, 0, 0, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}};
    const char *p = text.p + at;
    bytes16 is_one = uuid_bytes(p, dashes[0]) & uuid_bytes(p + 16, dashes[1]) &
                     uuid_bytes(p + UUID_BYTES - 16, dashes[2]);
    uint64_t all[2];
    memcpy(all, &is_one, sizeof all);
    return (all[0] & all[1]) == ~UINT64_C(0);
}
