/*
 * What the lines of a text begin with, read downwards: an access key as an
 * acrostic ("Apples", "Kites", "Ice" …), a number as counts ("4 birds", "1
 * lake" …).
 *
 * Any lines begin with something: a key has its prefix, a number is in single
 * digits that do not just count up.
 */
#include <ctype.h>
#include <string.h>

#include "inspect/turn.h"

enum {
    NUMBER_MIN = 8,
    NEAR_MAX = 32,
    INITIALS_MAX = 256,
    KEY_BYTES = 20, /* AKIA and sixteen more */
};

/* The initials of lines in a row. */
struct initials {
    char text[INITIALS_MAX];
    size_t starts[INITIALS_MAX], n; /* where each line begins */
    size_t end;                     /* of the last one's first word */
};

static void add_key(const struct initials *in, struct view_edits *out)
{
    for (size_t i = 0; i + KEY_BYTES <= in->n; i++) {
        struct str key = str_make(in->text + i, KEY_BYTES);
        if (!str_starts(key, "AKIA") && !str_starts(key, "ASIA"))
            continue;
        size_t last = i + KEY_BYTES;
        view_edits_add(out, in->starts[i],
            last < in->n ? in->starts[last] - 1 : in->end, key);
        return;
    }
}

/* A digit alone among the last words of the line in front of `start`, as what
 * leads to the number may stand before its first digit: its place, or
 * `start`. */
static size_t digit_before(struct str text, size_t start)
{
    size_t at = start > 0 ? start - 1 : 0;
    for (size_t n = 0; at > 1 && n < NEAR_MAX; n++) {
        at--;
        if (text.p[at] == '\n')
            break;
        if (isdigit((unsigned char)text.p[at]) && text.p[at + 1] == ' ' &&
            text.p[at - 1] == ' ')
            return at;
    }
    return start;
}

static void add_row(struct str text, const struct initials *in, size_t first,
    size_t n, struct view_edits *out)
{
    struct buf number = {0};
    size_t counted = 0, last = first + n;
    for (size_t i = first + 1; i < last; i++)
        counted += in->text[i] == in->text[i - 1] + 1 ? 1u : 0u;
    if (n < NUMBER_MIN || counted + 2 >= n)
        return;
    size_t start = digit_before(text, in->starts[first]);
    if (start != in->starts[first]) { /* with it and without */
        buf_append_char(&number, text.p[start]);
        buf_append(&number, in->text + first, n);
        buf_append_char(&number, '\n');
    }
    buf_append(&number, in->text + first, n);
    view_edits_add(out, start, last < in->n ? in->starts[last] - 1 : in->end,
        buf_str(&number));
    buf_free(&number);
}

static void add_numbers(
    struct str text, const struct initials *in, struct view_edits *out)
{
    size_t n = 0;
    for (size_t i = 0; i < in->n; i++) {
        bool is_digit = isdigit((unsigned char)in->text[i]) != 0;
        n += is_digit ? 1u : 0u;
        if (is_digit && i + 1 < in->n)
            continue;
        add_row(text, in, i + (is_digit ? 1u : 0u) - n, n, out);
        n = 0;
    }
}

/* Where the first word of a line ends, if it may stand for its initial: a
 * word, or a digit alone; else 0. */
static size_t read_line(struct str text, size_t at)
{
    size_t end = at;
    while (end < text.n && isalnum((unsigned char)text.p[end]))
        end++;
    if (end == at || (isdigit((unsigned char)text.p[at]) && end - at > 1) ||
        (end < text.n && strchr(".)", text.p[end]) != NULL &&
            end - at == 1)) /* "1." */
        return 0;
    return end;
}

static size_t line_end(struct str text, size_t at)
{
    const char *end = memchr(text.p + at, '\n', text.n - at);
    return end == NULL ? text.n : (size_t)(end - text.p);
}

/* Rows of lines from the one at `at` on, up to one that begins with no letter
 * or digit: behind that.  One that begins before `to` is read to its end. */
static size_t read_rows(
    struct str text, size_t at, size_t to, struct view_edits *out)
{
    struct initials in = {.n = 0};
    bool is_over = false;
    while (!is_over && at < text.n && (at < to || in.n > 0)) {
        size_t end = in.n < INITIALS_MAX ? read_line(text, at) : 0;
        if (end != 0) {
            in.starts[in.n] = at;
            in.end = end;
            in.text[in.n++] = (char)toupper((unsigned char)text.p[at]);
        } else {
            add_key(&in, out);
            add_numbers(text, &in, out);
            in.n = 0;
            is_over = !isalnum((unsigned char)text.p[at]);
        }
        at = line_end(text, at) + 1;
    }
    add_key(&in, out);
    add_numbers(text, &in, out);
    return at;
}

/* What is known of a row by the first bytes of its lines alone. */
struct glance {
    size_t first; /* where it begins */
    bool is_begun;
    size_t digits; /* lines with one, up to here */
    uint32_t last; /* four letters, in upper case */
};

/* Whether the row, which has the line at `at`, may hold something. */
static bool is_worth_it(struct glance *g, struct str text, size_t at)
{
    enum { AKIA = 0x414b4941, ASIA = 0x41534941 };
    unsigned char c = (unsigned char)text.p[at];
    if (!g->is_begun)
        *g = (struct glance){.first = at, .is_begun = true};
    g->digits = isdigit(c) ? g->digits + 1 : 0;
    g->last = g->last << 8 | (uint32_t)toupper(c);
    return g->digits == NUMBER_MIN || g->last == AKIA || g->last == ASIA;
}

/* Where lines of a block begin. */
static uint64_t find_lines(const struct marks *marks, size_t block)
{
    const struct mark_block *b = marks_block(marks, block);
    uint64_t ends = b->kinds[MARK_JOINT] & ~b->kinds[MARK_INK]; /* '\n' */
    uint64_t last = block == 0;
    if (block > marks->from)
        last = (b[-1].kinds[MARK_JOINT] & ~b[-1].kinds[MARK_INK]) >>
               (MARK_BLOCK - 1);
    return ends << 1 | last;
}

size_t turn_find_initials(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out)
{
    struct str text = marks->text;
    struct glance row = {0};
    size_t done = from;
    for (size_t block = from - from % MARK_BLOCK; block < to;
         block += MARK_BLOCK) {
        uint64_t words = marks_block(marks, block)->kinds[MARK_WORD];
        uint64_t bits = find_lines(marks, block);
        for (; bits != 0; bits &= bits - 1) {
            size_t at = block + (size_t)__builtin_ctzll(bits);
            if (at < done || at >= to)
                continue;
            if ((words >> at % MARK_BLOCK & 1) == 0)
                row.is_begun = false;
            else if (is_worth_it(&row, text, at)) {
                done = read_rows(text, row.first, to, out);
                row.is_begun = false;
            }
        }
    }
    if (row.is_begun && to < text.n)
        done = read_rows(text, row.first, to, out);
    return done > to ? done : to;
}
