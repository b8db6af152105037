/*
 * Single characters under numbers that count up: "digit 1 is 4, digit 2 is 1",
 * "{0: 'A', 1: 'K'}", "1:4 2:1 3:1".
 *
 * A row has the same bytes between each number and its character, and the same
 * between that and the next number; lists of measures end before they make a
 * value.
 */
#include <ctype.h>
#include <string.h>

#include "inspect/join_parts.h"

enum {
    GAP_MAX = 24,
    NUMBER_MIN = 8,
    NUMBER_MAX = 40,
    TOKEN_MIN = 16,
    TOKEN_MAX = 256,
    INDEX_MAX = 3, /* digits of one */
};

static bool is_digit(struct str text, size_t at)
{
    return at < text.n && isdigit((unsigned char)text.p[at]);
}

static bool is_value(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-';
}

static bool is_word(struct str text, size_t at)
{
    return at < text.n && isalnum((unsigned char)text.p[at]);
}

/* Whether `index` stands at `at`; its end, or 0. */
static size_t read_index(struct str text, size_t at, unsigned index)
{
    unsigned value = 0;
    size_t end = at;
    for (; is_digit(text, end) && end - at <= INDEX_MAX; end++)
        value = value * 10 + (unsigned)(text.p[end] - '0');
    return end > at && end - at <= INDEX_MAX && value == index ? end : 0;
}

static bool is_same(struct str text, size_t a, size_t b, size_t n)
{
    return b + n <= text.n && memcmp(text.p + a, text.p + b, n) == 0;
}

/* What stands between, as the first two of a row have it. */
struct gaps {
    size_t inner, inner_n; /* behind a number */
    size_t outer, outer_n; /* behind a character */
};

/* The gaps of a row whose first number is text[at, end). */
static bool find_gaps(
    struct str text, size_t end, unsigned index, struct gaps *gaps)
{
    size_t value = end, next;
    while (value < text.n && value - end < GAP_MAX &&
           !(is_value(text.p[value]) && value > end &&
               !is_word(text, value - 1) && !is_word(text, value + 1)))
        value++;
    if (value >= text.n || value - end == GAP_MAX)
        return false;
    next = value + 1;
    while (next < text.n && next - value < GAP_MAX && !is_digit(text, next))
        next++;
    *gaps = (struct gaps){end, value - end, value + 1, next - value - 1};
    return gaps->outer_n > 0 && read_index(text, next, index + 1) != 0;
}

/* The row from text[at] on, whose number is `index`; its end, or 0. */
static size_t join_row(
    struct str text, size_t at, unsigned index, struct view_edits *out)
{
    char row[TOKEN_MAX];
    struct gaps gaps;
    size_t n = 0, digits = 0, start = at, stop = 0;
    size_t end = read_index(text, at, index);
    if (end == 0 || !find_gaps(text, end, index, &gaps))
        return 0;
    while (n < TOKEN_MAX && (end = read_index(text, at, index)) != 0 &&
           is_same(text, gaps.inner, end, gaps.inner_n)) {
        at = end + gaps.inner_n;
        if (at >= text.n || !is_value(text.p[at]) || is_word(text, at + 1))
            break;
        row[n++] = text.p[at];
        digits += is_digit(text, at) ? 1u : 0u;
        stop = at + 1;
        if (!is_same(text, gaps.outer, stop, gaps.outer_n))
            break;
        at = stop + gaps.outer_n;
        index++;
    }
    bool is_number = digits == n && n >= NUMBER_MIN && n <= NUMBER_MAX;
    if (is_number || (digits > 0 && n >= TOKEN_MIN))
        view_edits_add(out, start, stop, str_make(row, n));
    return stop;
}

/* Single digits, as many as a row has in 64 bytes: few texts have them. */
static bool has_row(uint64_t *digits)
{
    uint64_t bits = *digits & ~(*digits << 1) & ~(*digits >> 1);
    *digits = bits;
    bits &= bits - 1;
    bits &= bits - 1;
    return (bits & (bits - 1)) != 0;
}

size_t join_find_indexed(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out)
{
    struct str text = marks->text;
    size_t done = from;
    for (size_t block = from - from % MARK_BLOCK; block < to;
         block += MARK_BLOCK) {
        uint64_t bits = marks_block(marks, block)->kinds[MARK_DIGIT];
        if (!has_row(&bits))
            continue;
        for (; bits != 0; bits &= bits - 1) {
            size_t at = block + (size_t)__builtin_ctzll(bits);
            if (at < done || at >= to ||
                (text.p[at] != '0' && text.p[at] != '1') ||
                (at > 0 && is_digit(text, at - 1)))
                continue;
            size_t end = join_row(text, at, (unsigned)(text.p[at] - '0'), out);
            done = end > done ? end : done;
        }
    }
    return done > to ? done : to;
}
