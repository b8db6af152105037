/*
 * Variants are made letter by letter; a word of ASCII has only itself.
 */
#include "inspect/spelling.h"

#include "base/utf8.h"
#include "inspect/fold.h"
#include "inspect/norm.h"

enum { STRIPPED_MIN = 4 }; /* "rc" for "rč" would be anything */

enum letter_case { CASE_LOWER, CASE_UPPER };

/* Pairs that stand next to each other: the capital is even, or odd. */
static uint32_t change_pair(uint32_t c, bool is_odd, enum letter_case wanted)
{
    uint32_t capital = (c & 1) == is_odd ? c : c - 1;
    return wanted == CASE_UPPER ? capital : capital + 1;
}

static uint32_t change_far(uint32_t c, uint32_t capital, uint32_t last,
    uint32_t distance, enum letter_case wanted)
{
    if (wanted == CASE_LOWER)
        return c >= capital && c <= last ? c + distance : c;
    return c >= capital + distance && c <= last + distance ? c - distance : c;
}

static uint32_t change_case(uint32_t c, enum letter_case wanted)
{
    if (c == 0xd7 || c == 0xf7 || c == 0xdf || c == 0xff)
        return c;
    if (c >= 0xc0 && c <= 0xfe)
        return change_far(c, 0xc0, 0xde, 0x20, wanted);
    if (c == 0x130 || c == 0x131 || c == 0x138 || c == 0x149 || c == 0x178 ||
        c == 0x17f)
        return c; /* dotted and dotless i: no pair */
    if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17e))
        return change_pair(c, true, wanted);
    if (c >= 0x100 && c <= 0x177)
        return change_pair(c, false, wanted);
    if (c >= 0x391 && c <= 0x3c9 && c != 0x3c2)
        return change_far(c, 0x391, 0x3a9, 0x20, wanted);
    if (c >= 0x410 && c <= 0x44f)
        return change_far(c, 0x410, 0x42f, 0x20, wanted);
    if (c >= 0x400 && c <= 0x45f)
        return change_far(c, 0x400, 0x40f, 0x50, wanted);
    return c;
}

/* first: the case of the first letter, rest: of the others. */
static void add_case(struct str word, enum letter_case first,
    enum letter_case rest, struct buf *out)
{
    for (size_t at = 0; at < word.n;) {
        uint32_t c;
        char changed[4];
        size_t n = utf8_decode(str_sub(word, at, word.n), &c);
        if (n <= 1) {
            buf_append_char(out, word.p[at++]);
            continue;
        }
        c = change_case(c, at == 0 ? first : rest);
        buf_append(out, changed, utf8_encode(c, changed));
        at += n;
    }
}

static void add_stripped(struct str word, struct buf *out)
{
    for (size_t at = 0; at < word.n;) {
        uint32_t c;
        char folded[FOLD_MAX];
        size_t folded_n, n = utf8_decode(str_sub(word, at, word.n), &c);
        if (n <= 1) {
            buf_append_char(out, word.p[at++]);
            continue;
        }
        (void)fold_character(c, folded, &folded_n);
        buf_append(out, folded, folded_n);
        at += n;
    }
}

static bool is_ascii(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return false;
    return true;
}

static size_t keep_if_new(struct buf *spellings, size_t count)
{
    struct str last = buf_str(&spellings[count]);
    for (size_t i = 0; i < count; i++)
        if (str_eq_nocase(buf_str(&spellings[i]), last)) {
            buf_free(&spellings[count]);
            spellings[count] = (struct buf){0};
            return count;
        }
    return count + 1;
}

static size_t add_norm(struct str word, struct buf *spellings, size_t count)
{
    struct norm norm;
    norm_begin(&norm, word);
    while (norm_step(&norm, word.n))
        ;
    buf_append_str(&spellings[count], buf_str(&norm.text));
    norm_free(&norm);
    return keep_if_new(spellings, count);
}

size_t spelling_list(struct str word, struct buf spellings_out[SPELLINGS_MAX])
{
    static const enum letter_case cases[][2] = {{CASE_LOWER, CASE_LOWER},
        {CASE_UPPER, CASE_UPPER}, {CASE_UPPER, CASE_LOWER}};
    size_t count = 1;
    for (size_t i = 0; i < SPELLINGS_MAX; i++)
        spellings_out[i] = (struct buf){0};
    buf_append_str(&spellings_out[0], word);
    if (is_ascii(word) || !utf8_is_valid(word))
        return count;
    for (size_t i = 0; i < 3; i++) {
        add_case(word, cases[i][0], cases[i][1], &spellings_out[count]);
        count = keep_if_new(spellings_out, count);
    }
    size_t written = count;
    for (size_t i = 0; i < written && count + 1 < SPELLINGS_MAX; i++)
        count = add_norm(buf_str(&spellings_out[i]), spellings_out, count);
    add_stripped(word, &spellings_out[count]);
    struct str stripped = buf_str(&spellings_out[count]);
    if (stripped.n >= STRIPPED_MIN && is_ascii(stripped))
        return keep_if_new(spellings_out, count);
    buf_free(&spellings_out[count]);
    return count;
}
