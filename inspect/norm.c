/*
 * Folding by table: what Unicode's NFKC and confusables say about the
 * characters that turn up in disguised numbers and tokens, and no more.
 * scan_hs.c asks for this view when a text has a byte of 0x80 or above, or a
 * control character.
 */
#include "inspect/norm.h"

#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"

enum { MARK_EVERY = 256, SEQUENCE_MAX = 32 };

struct norm_range {
    uint32_t from, to;
    char first; /* what `from` is read as; the next ones follow it */
};

#include "inspect/norm_table.h"

struct range {
    uint32_t from, to;
};

static const struct range blanks[] = {{0x85, 0x85}, {0xa0, 0xa0},
    {0x1680, 0x1680}, {0x2000, 0x200a}, {0x2028, 0x2029}, {0x202f, 0x202f},
    {0x205f, 0x205f}, {0x2800, 0x2800}, {0x3000, 0x3000}};

static const struct range dashes[] = {{0x2010, 0x2015}, {0x2043, 0x2043},
    {0x2212, 0x2212}, {0xfe58, 0xfe58}, {0xfe63, 0xfe63}, {0x2796, 0x2796}};

/* Cyrillic and Greek letters that look like Latin ones, by their number:
 * texts of those scripts are folded letter by letter. */
enum { GREEK = 0x370, MARKS = 0x483, MARKS_END = 0x489, SCRIPTS_END = 0x600 };
static const char lookalikes[SCRIPTS_END - GREEK] = {[0x391 - GREEK] = 'A',
    [0x392 - GREEK] = 'B',
    [0x395 - GREEK] = 'E',
    [0x396 - GREEK] = 'Z',
    [0x397 - GREEK] = 'H',
    [0x399 - GREEK] = 'I',
    [0x39a - GREEK] = 'K',
    [0x39c - GREEK] = 'M',
    [0x39d - GREEK] = 'N',
    [0x39f - GREEK] = 'O',
    [0x3a1 - GREEK] = 'P',
    [0x3a4 - GREEK] = 'T',
    [0x3a5 - GREEK] = 'Y',
    [0x3a7 - GREEK] = 'X',
    [0x3bf - GREEK] = 'o',
    [0x3c1 - GREEK] = 'p',
    [0x3bd - GREEK] = 'v',
    [0x405 - GREEK] = 'S',
    [0x406 - GREEK] = 'I',
    [0x408 - GREEK] = 'J',
    [0x410 - GREEK] = 'A',
    [0x412 - GREEK] = 'B',
    [0x415 - GREEK] = 'E',
    [0x41a - GREEK] = 'K',
    [0x41c - GREEK] = 'M',
    [0x41d - GREEK] = 'H',
    [0x41e - GREEK] = 'O',
    [0x420 - GREEK] = 'P',
    [0x421 - GREEK] = 'C',
    [0x422 - GREEK] = 'T',
    [0x423 - GREEK] = 'Y',
    [0x425 - GREEK] = 'X',
    [0x430 - GREEK] = 'a',
    [0x435 - GREEK] = 'e',
    [0x43e - GREEK] = 'o',
    [0x440 - GREEK] = 'p',
    [0x441 - GREEK] = 'c',
    [0x443 - GREEK] = 'y',
    [0x445 - GREEK] = 'x',
    [0x455 - GREEK] = 's',
    [0x456 - GREEK] = 'i',
    [0x458 - GREEK] = 'j',
    [0x4bb - GREEK] = 'h',
    [0x4c0 - GREEK] = 'l',
    [0x4cf - GREEK] = 'l',
    [0x501 - GREEK] = 'd',
    [0x51b - GREEK] = 'q',
    [0x51d - GREEK] = 'w',
    [0x555 - GREEK] = 'O',
    [0x561 - GREEK] = 'w',
    [0x570 - GREEK] = 'h',
    [0x578 - GREEK] = 'n',
    [0x57d - GREEK] = 'u',
    [0x581 - GREEK] = 'g',
    [0x585 - GREEK] = 'o'};

/* Nothing in these is folded, and other scripts stand here. */
static const struct range unfolded[] = {{0x3001, 0x3163}, {0x3165, 0xa4cf},
    {0xabfa, 0xfdff}, {0x620, 0x65f}, {0x66a, 0x6ef}, {0x904, 0x965},
    {0xe01, 0xe4f}, {0xc0, 0x24f}, {0x2018, 0x2027}};

static bool in_ranges(uint32_t c, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count && ranges[i].from <= c; i++)
        if (c <= ranges[i].to)
            return true;
    return false;
}

/* Unlike in_ranges for lists in the order of how often they are met. */
static bool is_plain(uint32_t c)
{
    for (size_t i = 0; i < ARRAY_LEN(unfolded); i++)
        if (c >= unfolded[i].from && c <= unfolded[i].to)
            return true;
    return false;
}

static const struct norm_range *find_range(
    uint32_t c, const struct norm_range *ranges, size_t count)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ranges[middle].to < c)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && ranges[low].from <= c ? &ranges[low] : NULL;
}

/* GREEK to SCRIPTS_END. */
static inline int fold_script(uint32_t c)
{
    if (c >= MARKS && c <= MARKS_END)
        return 0;
    return lookalikes[c - GREEK] != 0 ? lookalikes[c - GREEK] : -1;
}

int norm_fold(uint32_t c)
{
    if (c >= GREEK && c < SCRIPTS_END)
        return fold_script(c);
    if (is_plain(c))
        return -1;
    if (c >= 0xe0020 && c <= 0xe007e) /* tag characters */
        return (int)(c - 0xe0000);
    if (find_range(c, norm_dropped, ARRAY_LEN(norm_dropped)) != NULL)
        return 0;
    if (in_ranges(c, blanks, ARRAY_LEN(blanks)))
        return ' ';
    if (in_ranges(c, dashes, ARRAY_LEN(dashes)))
        return '-';
    const struct norm_range *r =
        find_range(c, norm_letters, ARRAY_LEN(norm_letters));
    return r != NULL ? r->first + (int)(c - r->from) : -1;
}

/* Of a terminal: "ESC [ 1 ; 31 m", which shows nothing; 0: it is none. */
static size_t control_sequence(struct str s)
{
    size_t n = 2;
    if (!str_starts(s, "\x1b["))
        return 0;
    while (n < s.n && n < SEQUENCE_MAX && s.p[n] >= 0x20 && s.p[n] < 0x40)
        n++;
    return n < s.n && s.p[n] >= 0x40 && s.p[n] < 0x7f ? n + 1 : 0;
}

/* One character of the source: how many bytes it has, and what it becomes
 * (out_n bytes at *out). */
static size_t fold_at(struct str source, size_t at, char out[4], size_t *out_n)
{
    uint32_t c = 0;
    struct str rest = str_sub(source, at, source.n);
    if (norm_is_control(rest.p[0])) {
        size_t sequence = control_sequence(rest);
        *out_n = 0;
        return sequence != 0 ? sequence : 1;
    }
    size_t n = (unsigned char)rest.p[0] < 0x80 ? 0 : utf8_decode(rest, &c);
    int folded = n != 0 ? norm_fold(c) : -1;
    if (n == 0)
        n = 1;
    *out_n = folded < 0 ? n : folded > 0;
    if (folded > 0)
        out[0] = (char)folded;
    else if (folded < 0)
        memcpy(out, rest.p, n);
    return n;
}

void norm_begin(struct norm *norm, struct str source)
{
    *norm = (struct norm){.source = source};
}

static void add_mark(struct norm *norm)
{
    if (norm->mark_count == norm->mark_cap) {
        norm->mark_cap = norm->mark_cap == 0 ? 64 : norm->mark_cap * 2;
        norm->marks =
            mem_realloc(norm->marks, norm->mark_cap * sizeof *norm->marks);
    }
    norm->marks[norm->mark_count++] =
        (struct norm_mark){norm->text.n, norm->at};
}

/* By source too: a long run of dropped characters is not walked twice. */
static bool wants_mark(const struct norm *norm)
{
    if (norm->mark_count == 0)
        return true;
    const struct norm_mark *last = &norm->marks[norm->mark_count - 1];
    return norm->text.n - last->out >= MARK_EVERY ||
           norm->at - last->source >= 4 * MARK_EVERY;
}

static bool is_tail(struct str s, size_t at)
{
    return at < s.n && ((unsigned char)s.p[at] & 0xc0) == 0x80;
}

/* Eight bytes that are none of 0x80 and above, no blanks but " " and no
 * controls. */
static bool is_plain_word(const char *p)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return (((word - ones * 0x20) | word | (word + ones)) & tops) == 0;
}

/* What most texts are made of, without a look at the tables: so many bytes
 * that stand for themselves; 0: they may not. */
static size_t count_plain(struct str source, size_t at)
{
    unsigned char first = (unsigned char)source.p[at];
    if (first < 0x80) {
        if (at + 8 <= source.n && is_plain_word(source.p + at))
            return 8;
        return norm_is_control(source.p[at]) ? 0 : 1;
    }
    if (first >= 0xc3 && first <= 0xc8) /* U+00C0 to U+023F */
        return is_tail(source, at + 1) ? 2 : 0;
    if (first >= 0xe4 && first <= 0xe9) /* U+4000 to U+9FFF */
        return is_tail(source, at + 1) && is_tail(source, at + 2) ? 3 : 0;
    return 0;
}

/* Letters of two bytes in scripts that have some which look like Latin ones:
 * what one becomes, -1: itself; -2: it is none. */
static int fold_pair(struct str source, size_t at)
{
    unsigned char first = (unsigned char)source.p[at];
    if (first < 0xce || first > 0xd7 || !is_tail(source, at + 1))
        return -2;
    unsigned char second = (unsigned char)source.p[at + 1];
    return fold_script((first & 0x1fu) << 6 | (second & 0x3fu));
}

/* The character at `at`, which count_plain does not know: how many bytes it
 * has, and what it becomes. */
static size_t fold_one(struct str source, size_t at, char out[4], size_t *out_n)
{
    int folded = fold_pair(source, at);
    if (folded == -2)
        return fold_at(source, at, out, out_n);
    out[0] = folded > 0 ? (char)folded : source.p[at];
    out[1] = source.p[at + 1];
    *out_n = folded < 0 ? 2 : folded > 0;
    return 2;
}

/* Up to MARK_EVERY bytes of the source; a little more if a character ends
 * behind them. */
static void fold_stretch(struct norm *norm, size_t stop)
{
    struct str source = norm->source;
    size_t at = norm->at, n = 0;
    size_t end = stop - at < MARK_EVERY ? stop : at + MARK_EVERY;
    char *to = buf_reserve(&norm->text, MARK_EVERY + 16);
    while (at < end) {
        size_t plain = count_plain(source, at), out_n = 0;
        if (plain > 0) {
            memcpy(to + n, source.p + at, plain);
            n += plain;
            at += plain;
            continue;
        }
        plain = fold_one(source, at, to + n, &out_n);
        norm->is_changed = norm->is_changed || out_n != plain;
        n += out_n;
        at += plain;
    }
    buf_commit(&norm->text, n);
    norm->at = at;
}

bool norm_step(struct norm *norm, size_t max_bytes)
{
    size_t stop = norm->source.n - norm->at > max_bytes ? norm->at + max_bytes
                                                        : norm->source.n;
    while (norm->at < stop) {
        if (wants_mark(norm))
            add_mark(norm);
        fold_stretch(norm, stop);
    }
    return norm->at < norm->source.n;
}

void norm_free(struct norm *norm)
{
    buf_free(&norm->text);
    mem_free(norm->marks);
    *norm = (struct norm){0};
}

/* The source bytes of the character that made text[offset]. */
static void locate(
    const struct norm *norm, size_t offset, size_t *from_out, size_t *to_out)
{
    size_t low = 0, high = norm->mark_count;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (norm->marks[middle].out <= offset)
            low = middle;
        else
            high = middle;
    }
    size_t out = norm->marks[low].out, at = norm->marks[low].source;
    while (at < norm->source.n) {
        char folded[4];
        size_t out_n;
        size_t n = fold_at(norm->source, at, folded, &out_n);
        *from_out = at;
        *to_out = at + n;
        if (offset < out + out_n)
            return;
        out += out_n;
        at += n;
    }
}

void norm_locate(const struct norm *norm, size_t start, size_t end,
    size_t *source_start_out, size_t *source_end_out)
{
    size_t ignored;
    locate(norm, start, source_start_out, &ignored);
    locate(norm, end - 1, &ignored, source_end_out);
}
