/*
 * Two readers side by side over the same bytes: one for UTF-8, one for ASCII
 * with a zero byte between characters.  At most one of them is in a run that
 * is long enough to be given out, since one needs zero bytes and the other
 * none.
 */
#include "inspect/runs.h"

#include <assert.h>
#include <string.h>

#include "base/utf8.h"

/* Stretches begin at multiples of their length, so that cuts do not matter. */
enum { STRETCH = 256 };

/* What a byte may be for the narrow reader; from PLAIN on it begins a
 * character. */
enum kind { ODD, LINE_END, ZERO, PLAIN, LEAD2, LEAD3, LEAD4 };

static const uint8_t kinds[256] = {
    ['\n'] = LINE_END,
    ['\r'] = LINE_END,
    [0] = ZERO,
    ['\t'] = PLAIN,
    [0x20 ... 0x7e] = PLAIN,
    [0xc2 ... 0xdf] = LEAD2,
    [0xe0 ... 0xef] = LEAD3,
    [0xf0 ... 0xf4] = LEAD4,
};

static enum kind kind_of(char c)
{
    return (enum kind)kinds[(unsigned char)c];
}

static bool is_plain(char c)
{
    return kind_of(c) == PLAIN;
}

static unsigned least_of(const struct runs *r)
{
    return r->is_dense ? RUNS_CHARS_DENSE : RUNS_CHARS_MIN;
}

static void look(struct runs *r, size_t n)
{
    r->looked += (unsigned)n;
    for (; r->looked >= STRETCH; r->looked -= STRETCH) {
        r->is_dense = r->odd * 5 > STRETCH * 2 && r->zeros * 50 < STRETCH;
        r->odd = r->zeros = 0;
    }
}

static void add_char(
    struct runs *r, struct runs_side *run, const char *p, unsigned n)
{
    if (run->is_open) {
        r->on_text(r->arg, str_make(p, n));
        return;
    }
    memcpy(run->head + run->head_n, p, n);
    run->head_n += n;
    if (++run->chars < least_of(r))
        return;
    run->is_open = true;
    r->on_text(r->arg, str_make(run->head, run->head_n));
}

static void end_run(struct runs *r, struct runs_side *run)
{
    if (run->is_open)
        r->on_text(r->arg, STR("\n"));
    run->is_open = false;
    run->head_n = run->chars = 0;
}

/* True when c was taken as part of a sequence. */
static bool continue_sequence(struct runs *r, char c)
{
    if (((unsigned char)c & 0xc0) != 0x80) {
        r->odd += r->sequence_n;
        r->sequence_n = 0;
        end_run(r, &r->narrow);
        return false;
    }
    r->sequence[r->sequence_n++] = c;
    if (r->sequence_n < r->sequence_need)
        return true;
    uint32_t code_point;
    struct str s = {r->sequence, r->sequence_n};
    if (utf8_decode(s, &code_point) == s.n && code_point >= 0xa0)
        add_char(r, &r->narrow, s.p, r->sequence_n);
    else
        end_run(r, &r->narrow);
    r->sequence_n = 0;
    return true;
}

static void read_narrow(struct runs *r, char c)
{
    if (r->sequence_n > 0 && continue_sequence(r, c))
        return;
    enum kind kind = kind_of(c);
    if (kind == PLAIN) {
        add_char(r, &r->narrow, &c, 1);
    } else if (kind > PLAIN) {
        r->sequence[0] = c;
        r->sequence_n = 1;
        r->sequence_need = 2u + (kind - LEAD2);
    } else {
        r->odd += kind == ODD;
        r->zeros += kind == ZERO;
        end_run(r, &r->narrow);
    }
}

static void read_wide(struct runs *r, char c)
{
    if (r->has_low && c == '\0') {
        add_char(r, &r->wide, &r->low, 1);
        r->has_low = false;
        return;
    }
    if (r->has_low || !is_plain(c))
        end_run(r, &r->wide);
    r->has_low = is_plain(c);
    r->low = c;
}

/* Plain bytes within an open run go out together. */
static size_t read_plain(struct runs *r, struct str s)
{
    size_t n = 0;
    while (n < s.n && is_plain(s.p[n]))
        n++;
    if (n < 2)
        return 0;
    r->on_text(r->arg, str_sub(s, 0, n));
    read_wide(r, s.p[0]);
    read_wide(r, s.p[n - 1]);
    look(r, n);
    return n;
}

/* ---- what is in no run ---- */

static bool is_between_runs(const struct runs *r)
{
    return !r->narrow.is_open && r->narrow.chars == 0 && r->sequence_n == 0 &&
           !r->wide.is_open && r->wide.chars == 0 && !r->has_low;
}

static size_t count_zeros(struct str s)
{
    size_t n = 0;
    uint64_t word;
    for (; n + sizeof word <= s.n; n += sizeof word) {
        memcpy(&word, s.p + n, sizeof word);
        if (word != 0)
            break;
    }
    while (n < s.n && s.p[n] == '\0')
        n++;
    return n;
}

/* As continue_sequence: how many bytes the one that begins s takes, 0 if s
 * does not tell. */
static size_t read_sequence(struct str s, bool *is_char_out, unsigned *odd)
{
    size_t n = 1, need = 2u + (kind_of(s.p[0]) - LEAD2);
    uint32_t code_point;
    while (n < need && n < s.n && ((unsigned char)s.p[n] & 0xc0) == 0x80)
        n++;
    if (n == s.n && n < need)
        return 0;
    *is_char_out = n == need &&
                   utf8_decode(str_sub(s, 0, n), &code_point) == n &&
                   code_point >= 0xa0;
    *odd += n < need ? (unsigned)n : 0;
    return n;
}

/* The length of a run that is too short to be given out, with a broken
 * sequence that ends it; 0 if s does not tell, or there may be more to it. */
static size_t short_run(struct str s, unsigned least, unsigned *odd)
{
    size_t n = 0;
    bool is_char = true;
    for (unsigned chars = 0; chars < least; chars++) {
        if (n == s.n)
            return 0;
        enum kind kind = kind_of(s.p[n]);
        if (kind == ZERO && is_plain(s.p[n - 1]))
            return 0; /* a wide one begins */
        if (kind < PLAIN)
            return n;
        size_t more = 1;
        if (kind > PLAIN)
            more = read_sequence(str_sub(s, n, s.n), &is_char, odd);
        if (more == 0)
            return 0;
        n += more;
        if (!is_char)
            return n;
    }
    return 0;
}

/* 64 bytes at once: which of them are of a kind, as bits, the first lowest.
 * Vectors are of 16, which every processor has. */
enum { BLOCK = 64, PART = 16 };
typedef uint8_t part_bytes __attribute__((vector_size(PART)));
typedef int8_t part_answers __attribute__((vector_size(PART))); /* 0, -1 */

struct block {
    uint64_t plain, zero, line_end, more, lead2, lead3, lead4;
};

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "for bits_of");

static inline uint64_t bits_of(part_answers answers)
{
    uint64_t words[2];
    memcpy(words, &answers, sizeof words);
    for (unsigned i = 0; i < 2; i++)
        words[i] = (words[i] & 0x8040201008040201) * 0x0101010101010101 >> 56;
    return words[0] | words[1] << 8;
}

static inline void read_part(part_bytes c, unsigned at, struct block *b)
{
    b->plain |= bits_of((c - 0x20 < 0x5f) | (c == '\t')) << at;
    b->zero |= bits_of(c == 0) << at;
    b->line_end |= bits_of((c == '\n') | (c == '\r')) << at;
    b->more |= bits_of((c & 0xc0) == 0x80) << at;
    b->lead2 |= bits_of((c - 0xc2 < 0xe0 - 0xc2)) << at;
    b->lead3 |= bits_of((c & 0xf0) == 0xe0) << at;
    b->lead4 |= bits_of((c - 0xf0 < 0xf5 - 0xf0)) << at;
}

static struct block read_block(const char *p)
{
    struct block b = {0};
    for (unsigned at = 0; at < BLOCK; at += PART) {
        part_bytes c;
        memcpy(&c, p + at, sizeof c);
        read_part(c, at, &b);
    }
    return b;
}

/* Whether so many bits are set in a row: RUNS_CHARS_MIN or _DENSE. */
static bool has_row(uint64_t bits, unsigned n)
{
    for (unsigned k = 1; k < n; k *= 2)
        bits &= bits >> k;
    return bits != 0;
}

/* The bytes of sequences that are whole, valid or not. */
static uint64_t sequences_of(const struct block *b)
{
    uint64_t two = b->more >> 1, three = two & b->more >> 2;
    uint64_t of2 = b->lead2 & two, of3 = b->lead3 & three;
    uint64_t of4 = b->lead4 & three & b->more >> 3;
    uint64_t all = of2 | of3 | of4;
    return all | all << 1 | (of3 | of4) << 2 | of4 << 3;
}

/* How many bytes, up to one that ends every run, surely hold no run that is
 * long enough; 0: to be read one by one.  Pays where long runs are rare. */
static unsigned pass_block(
    const char *p, unsigned least, unsigned *odd, unsigned *zeros)
{
    struct block b = read_block(p);
    uint64_t whole = sequences_of(&b), quiet = b.plain | b.zero | b.line_end;
    uint64_t leads = b.lead2 | b.lead3 | b.lead4;
    uint64_t ends = ~(b.plain | b.zero | b.more | leads);
    uint64_t wide = b.plain & b.zero >> 1;
    if (ends == 0 || has_row(b.plain | whole, least) || (wide & wide >> 2) != 0)
        return 0;
    unsigned after = (unsigned)__builtin_clzll(ends);
    uint64_t kept = ~UINT64_C(0) >> after;
    *odd += (unsigned)__builtin_popcountll(~quiet & ~whole & kept);
    *zeros += (unsigned)__builtin_popcountll(b.zero & kept);
    return BLOCK - after;
}

/* Between runs, most of what binary files hold: bytes that begin none, and
 * runs that are too short, are passed over together, up to the next stretch. */
static size_t pass_over(struct runs *r, struct str s)
{
    size_t i = 0, singly = 0; /* read one by one up to there */
    unsigned odd = 0, zeros = 0, least = least_of(r);
    s = str_sub(s, 0, STRETCH - r->looked);
    while (i < s.n) {
        enum kind kind = kind_of(s.p[i]);
        size_t n = 1;
        if (kind == ZERO) {
            n = count_zeros(str_sub(s, i, s.n));
            zeros += (unsigned)n;
        } else if (r->is_dense && i >= singly && s.n - i >= BLOCK) {
            n = pass_block(s.p + i, least, &odd, &zeros);
            singly = n == 0 ? i + BLOCK : 0;
        } else if (kind < PLAIN) {
            odd += kind == ODD;
        } else if ((n = short_run(str_sub(s, i, s.n), least, &odd)) == 0) {
            break;
        }
        i += n;
    }
    r->odd += odd;
    r->zeros += zeros;
    look(r, i);
    return i;
}

void runs_feed(struct runs *r, struct str bytes)
{
    size_t i = 0;
    while (i < bytes.n) {
        if (is_between_runs(r)) {
            size_t n = pass_over(r, str_sub(bytes, i, bytes.n));
            i += n;
            if (n > 0)
                continue;
        }
        if (r->narrow.is_open && r->sequence_n == 0) {
            size_t n = read_plain(r, str_sub(bytes, i, bytes.n));
            i += n;
            if (n > 0)
                continue;
        }
        read_narrow(r, bytes.p[i]);
        read_wide(r, bytes.p[i]);
        look(r, 1);
        i++;
    }
}

void runs_finish(struct runs *r)
{
    /* In the big-endian order the last character has no byte behind it. */
    if (r->has_low && r->wide.chars > 0)
        add_char(r, &r->wide, &r->low, 1);
    r->has_low = false;
    r->sequence_n = 0;
    end_run(r, &r->narrow);
    end_run(r, &r->wide);
}
