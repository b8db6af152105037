/*
 * By table, for the scripts that have cases or accents; the rest of Unicode
 * folds to itself.
 */
#include "inspect/fold.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/utf8.h"

struct fold_entry {
    uint16_t from;
    char to[7];
};

struct fold_range {
    uint16_t from, to;
};

#include "inspect/fold_table.h"

static int compare_entry(const void *key, const void *item)
{
    const uint32_t *c = key;
    const struct fold_entry *e = item;
    return (*c > e->from) - (*c < e->from);
}

static const struct fold_entry *find_entry(uint32_t c)
{
    return bsearch(&c, fold_entries, ARRAY_LEN(fold_entries),
        sizeof *fold_entries, compare_entry);
}

static int compare_range(const void *key, const void *item)
{
    const uint32_t *c = key;
    const struct fold_range *range = item;
    return (*c > range->to) - (*c < range->from);
}

static bool is_break(uint32_t c)
{
    bool is_picture = c >= 0x1f000 && c <= 0x1faff;
    return is_picture || bsearch(&c, fold_breaks, ARRAY_LEN(fold_breaks),
                             sizeof *fold_breaks, compare_range) != NULL;
}

/* Han, kana; Thai and its neighbours have no blanks either, but marks. */
static bool is_alone(uint32_t c)
{
    return (c >= 0x2e80 && c <= 0xa4cf && c != 0x30fc) ||
           (c >= 0xf900 && c <= 0xfaff) || (c >= 0x20000 && c <= 0x3ffff);
}

/* Marks and format characters outside the table. */
static bool is_invisible(uint32_t c)
{
    return (c >= 0x300 && c <= 0x36f) || (c >= 0x200b && c <= 0x200f) ||
           (c >= 0x202a && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) ||
           (c >= 0xfe00 && c <= 0xfe0f) || c == 0xfeff ||
           (c >= 0xe0000 && c <= 0xe01ef);
}

/* Mathematical alphabets and digits. */
static char fold_math(uint32_t c)
{
    if (c >= 0x1d400 && c <= 0x1d6a3)
        return (char)('a' + (c - 0x1d400) % 26);
    if (c >= 0x1d7ce && c <= 0x1d7ff)
        return (char)('0' + (c - 0x1d7ce) % 10);
    return 0;
}

static enum fold_kind fold_ascii(uint32_t c, char out[FOLD_MAX], size_t *n_out)
{
    unsigned lower = c | 0x20;
    bool is_word = (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9');
    *n_out = is_word;
    out[0] = (char)lower;
    return is_word ? FOLD_WORD : FOLD_BREAK;
}

enum fold_kind fold_character(uint32_t c, char out[FOLD_MAX], size_t *n_out)
{
    if (c < 0x80)
        return fold_ascii(c, out, n_out);
    *n_out = 0;
    if (is_invisible(c))
        return FOLD_WORD;
    const struct fold_entry *e = find_entry(c);
    if (e != NULL) {
        struct str to = str_of(e->to);
        memcpy(out, to.p, to.n);
        *n_out = to.n;
        return FOLD_WORD;
    }
    if (is_break(c))
        return FOLD_BREAK;
    out[0] = fold_math(c);
    *n_out = out[0] != 0 ? 1 : utf8_encode(c, out);
    return is_alone(c) ? FOLD_ALONE : FOLD_WORD;
}
