/*
 * Encodings in groups of one length with a blank between ("NDEx MTEx MTEx"),
 * as people write long numbers; bytes as variation selectors behind a picture.
 *
 * Words of one length in a row are rare, and few of those decode to text.
 */
#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "inspect/island.h"

enum {
    GROUPS_MIN = 3, /* whole ones */
    GROUPS_MAX = 1024,
    RUN_MIN = 12,
    EQUAL = 2, /* distances of blanks that promise a row */
    STRIDE_MIN = 3,
    STRIDE_MAX = 80,
    DROPS_MAX = 3, /* words behind, of the length of a group */
    HIDDEN_MIN = 8,
    HIDDEN_MAX = 16 * 1024,
};

/* ---- groups ---- */

static bool is_group_char(char c)
{
    return isalnum((unsigned char)c) || c == '+' || c == '/' || c == '=';
}

static size_t group_end(struct str text, size_t at, size_t most)
{
    size_t end = at;
    while (end < text.n && end - at < most && is_group_char(text.p[end]))
        end++;
    return end;
}

/* Whether text[at, at + n) is a group behind a blank or what opens, and not
 * more than one. */
static bool is_group(struct str text, size_t at, size_t n)
{
    return at + n <= text.n && group_end(text, at, n + 1) == at + n &&
           (at == 0 || !is_group_char(text.p[at - 1]) || text.p[at - 1] == '=');
}

/* Capitals behind small letters, or digits: words have neither. */
static bool is_made(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (isdigit((unsigned char)s.p[i]) ||
            (i > 0 && isupper((unsigned char)s.p[i]) &&
                islower((unsigned char)s.p[i - 1])))
            return true;
    return false;
}

/* What all of the run decodes to. */
static bool try_joined(struct str run, size_t start, size_t end,
    struct view_edits *tried, struct view_edits *out)
{
    view_edits_clear(tried);
    if (out->bytes.n >= ISLAND_INFLATED_MAX)
        return false;
    while (run.n > 0 && run.p[run.n - 1] == '=')
        run.n--;
    if (run.n < RUN_MIN || !is_made(run) || memchr(run.p, '=', run.n) != NULL)
        return false;
    island_try_run(run, 0, run.n, tried);
    if (tried->count != 1 || tried->items[0].start != 0 ||
        tried->items[0].end != run.n)
        return false;
    const struct view_edit *e = &tried->items[0];
    view_edits_add(out, start, end,
        str_sub(buf_str(&tried->bytes), e->out, e->out + e->out_n));
    return true;
}

/* Groups of n characters from `start` on, and a shorter last one: behind
 * them. */
static size_t try_groups(
    struct str text, size_t start, size_t n, struct view_edits *out)
{
    struct view_edits tried = {0};
    struct buf run = {0};
    size_t at = start, count = 0, end = start;
    while (count < GROUPS_MAX && is_group(text, at, n)) {
        buf_append(&run, text.p + at, n);
        count++;
        end = at + n;
        at = end + 1;
        if (end + 1 >= text.n || (unsigned char)text.p[end] > ' ')
            break;
    }
    size_t rest = count > 0 && at == end + 1 ? group_end(text, at, n) : at;
    bool is_one = false;
    if (count >= GROUPS_MIN && rest > at && rest - at < n) {
        buf_append(&run, text.p + at, rest - at);
        is_one = try_joined(buf_str(&run), start, rest, &tried, out);
        buf_truncate(&run, count * n);
    }
    for (size_t i = 0; !is_one && i < DROPS_MAX && count >= GROUPS_MIN; i++) {
        is_one = try_joined(
            buf_str(&run), start, start + count * (n + 1) - 1, &tried, out);
        buf_truncate(&run, --count * n);
    }
    view_edits_free(&tried);
    buf_free(&run);
    return end > start ? end : start + 1;
}

/* Where the first of the groups begins that end at blanks a stride apart from
 * text[at] on. */
static size_t first_group(
    struct str text, size_t at, size_t stride, size_t done)
{
    size_t n = stride - 1, start = at >= n ? at - n : at + 1;
    if (start < done || start > at || !is_group(text, start, n))
        return at + 1;
    while (start >= done + stride && (unsigned char)text.p[start - 1] <= ' ' &&
           is_group(text, start - stride, n))
        start -= stride;
    return start;
}

/* Whether n bytes from `at` on may be a group, which they are not if a sign
 * that is none of a token's is among them. */
static bool may_be_group(const struct marks *marks, size_t at, size_t n)
{
    uint64_t others = ~marks_window(marks, MARK_TURN, at);
    return n >= MARK_BLOCK || (others & ((UINT64_C(1) << n) - 1)) == 0;
}

/* At `at` there is the first of some blanks a stride apart. */
static size_t try_row(const struct marks *marks, size_t at, size_t stride,
    size_t done, struct view_edits *out)
{
    struct str text = marks->text;
    if (!may_be_group(marks, at + 1, stride - 1) ||
        !may_be_group(marks, at + stride + 1, stride - 1) ||
        !is_made(str_sub(text, at + 1, at + EQUAL * stride)))
        return at + 1;
    return try_groups(
        text, first_group(text, at, stride, done), stride - 1, out);
}

/* Single blanks. */
static uint64_t find_blanks(const struct mark_block *b)
{
    uint64_t bits = ~b->kinds[MARK_INK];
    return bits & ~(bits << 1) & ~(bits >> 1);
}

/* The last blanks, and how many of the distances between them are equal. */
struct row {
    size_t last, stride, equal;
};

/* Whether with the blank at `at` there are as many as promise a row. */
static inline bool goes_on(struct row *row, size_t at)
{
    size_t stride = at - row->last;
    row->equal = stride == row->stride ? row->equal + 1 : 1;
    row->stride = stride;
    row->last = at;
    return row->equal == EQUAL && stride >= STRIDE_MIN && stride <= STRIDE_MAX;
}

/* What is in no word (is_made). */
static bool has_made(
    const struct mark_block *b, const struct mark_block *before)
{
    uint64_t upper = b->kinds[MARK_UPPER], digits = b->kinds[MARK_DIGIT];
    uint64_t small = b->kinds[MARK_WORD] & ~upper & ~digits;
    uint64_t last = before == NULL
                        ? 0
                        : before->kinds[MARK_WORD] & ~before->kinds[MARK_UPPER];
    return (digits | (upper & (small << 1 | last >> (MARK_BLOCK - 1)))) != 0;
}

/* Blocks that are far behind any such thing are passed over; a row may begin
 * in the last of them. */
size_t island_find_groups(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out)
{
    enum {
        REACH = (EQUAL * STRIDE_MAX + MARK_BLOCK - 1) / MARK_BLOCK,
        BEFORE = ((EQUAL + 1) * STRIDE_MAX + MARK_BLOCK - 1) / MARK_BLOCK
    };
    struct row row = {0};
    size_t done = from, near = 0, passed = 0;
    for (size_t block = from - from % MARK_BLOCK; block < to;
         block += MARK_BLOCK) {
        const struct mark_block *b = marks_block(marks, block);
        if (has_made(b, block > marks->from ? b - 1 : NULL))
            near = REACH + 1;
        if (near == 0) {
            passed++;
            continue;
        }
        near--;
        for (size_t i = passed < BEFORE ? passed : BEFORE; i > 0; i--)
            for (uint64_t bits = find_blanks(b - i); bits != 0;
                 bits &= bits - 1)
                (void)goes_on(&row,
                    block - i * MARK_BLOCK + (size_t)__builtin_ctzll(bits));
        passed = 0;
        for (uint64_t bits = find_blanks(b); bits != 0; bits &= bits - 1) {
            size_t at = block + (size_t)__builtin_ctzll(bits);
            if (goes_on(&row, at) && at < to && at - EQUAL * row.stride >= done)
                done = try_row(
                    marks, at - EQUAL * row.stride, row.stride, done, out);
        }
    }
    return done > to ? done : to;
}

/* ---- variation selectors ---- */

/* The byte that the selector at `at` stands for, -1: there is none; *n_out:
 * its own bytes.  U+FE00 to U+FE0F are the first sixteen, U+E0100 to U+E01EF
 * the others. */
static int read_selector(struct str text, size_t at, size_t *n_out)
{
    const unsigned char *p = (const unsigned char *)text.p + at;
    if (text.n - at >= 3 && p[0] == 0xef && p[1] == 0xb8 && p[2] < 0x90) {
        *n_out = 3;
        return p[2] & 15;
    }
    if (text.n - at < 4 || p[0] != 0xf3 || p[1] != 0xa0 || p[2] < 0x84 ||
        p[2] > 0x87)
        return -1;
    *n_out = 4;
    return ((p[2] - 0x84) << 6 | (p[3] & 63)) + 16;
}

size_t island_find_hidden(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out)
{
    struct str text = marks->text;
    struct buf bytes = {0};
    const char *hit;
    size_t at = from, n;
    int byte;
    while (at < to && (hit = memchr(text.p + at, 0xf3, to - at)) != NULL) {
        size_t start = at = (size_t)(hit - text.p);
        buf_clear(&bytes);
        while (at < text.n && bytes.n < HIDDEN_MAX &&
               (byte = read_selector(text, at, &n)) >= 0 && byte < 256) {
            buf_append_char(&bytes, (char)byte);
            at += n;
        }
        if (bytes.n >= HIDDEN_MIN && utf8_is_text(buf_str(&bytes)))
            view_edits_add(out, start, at, buf_str(&bytes));
        at += at == start ? 1u : 0u;
    }
    buf_free(&bytes);
    return at > to ? at : to;
}
