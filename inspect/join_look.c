/*
 * Which numbers of a text may be pieces of something: one walk for all finders
 * over what stands between them, backwards, so that of each number it is known
 * what follows.  There is a number in sixteen bytes of some texts, and what
 * they are cannot be foretold: so nothing is branched on that differs from one
 * to the next, and more is let through than is found.
 */
#include <string.h>

#include "base/mem.h"
#include "inspect/join_parts.h"

enum {
    ENOUGH = 8,     /* digits of a number in pieces */
    GROUP_MAX = 12, /* of one of those that have the same bytes between */
    GAP_MAX = 48,
    INDEX_MAX = 2, /* of one that counts pieces */
    INDEX_GAP = 8, /* between that and its piece */
    REACH = 300,   /* from one index to the next */
    SLOTS = 256,   /* a power of two */
    NONE = UINT32_MAX,
};

/* Where the nearest index of each value stands, with the byte behind it. */
struct indexes {
    uint32_t at[SLOTS];
};

/* ---- collecting ---- */

static void reserve(struct mark_numbers *numbers, size_t more)
{
    if (numbers->count + more <= numbers->cap)
        return;
    numbers->cap = 2 * (numbers->count + more);
    numbers->items =
        mem_realloc(numbers->items, numbers->cap * sizeof *numbers->items);
}

/* Beginnings and ends of all, one block after the other. */
static void collect(const struct marks *marks, struct mark_numbers *numbers)
{
    uint64_t before = 0;
    size_t ends = 0, at = marks->from;
    numbers->count = 0;
    for (; at < marks->to; at += MARK_BLOCK) {
        uint64_t digits = marks_block(marks, at)->kinds[MARK_DIGIT];
        uint64_t shifted = digits << 1 | before;
        uint32_t base = (uint32_t)(at - marks->from);
        before = digits >> (MARK_BLOCK - 1);
        if ((digits | shifted) == 0)
            continue;
        reserve(numbers, MARK_BLOCK / 2 + 1);
        for (uint64_t bits = digits & ~shifted; bits != 0; bits &= bits - 1)
            numbers->items[numbers->count++].start =
                base + (uint32_t)__builtin_ctzll(bits);
        for (uint64_t bits = ~digits & shifted; bits != 0; bits &= bits - 1)
            numbers->items[ends++].end = base + (uint32_t)__builtin_ctzll(bits);
    }
    if (ends == numbers->count)
        return;
    struct mark_number *last = &numbers->items[ends];
    last->end =
        (uint32_t)(marks_run_end(marks, MARK_DIGIT, marks->from + last->start) -
                   marks->from);
}

/* ---- looking ---- */

/* Text and numbers from the marks' first byte on. */
struct look {
    struct str text;
    const struct mark_number *items;
    size_t count;
};

/* "<b", quotes with a comment, "=" at a line end, "2nd": what may join numbers
 * over others, or in ways that are not looked at here. */
static bool is_odd_joiner(
    const struct look *look, const struct mark_number *n, uint32_t next)
{
    struct str text = look->text;
    char c = join_at(text, n->end), second = join_at(text, n->end + 1);
    unsigned class = join_class_of(c);
    if ((class & JOINS_SOFT) != 0 && (second == '\n' || second == '\r'))
        return true;
    if (c == '<')
        return (join_class_of(second) & JOINS_ALPHA) != 0 || second == '/' ||
               second == '!';
    if ((c | 0x20) == 'n')
        return (second | 0x20) == 'd' && n->end - n->start == 1;
    return (class & JOINS_QUOTE) != 0 &&
           (text.p[next - 1] == c ||
               memmem(text.p + n->end, next - n->end, "/*", 2) != NULL);
}

/* Whether blanks, marks or words may join the number to the one at `next`. */
static inline unsigned may_be_joined(
    const struct look *look, const struct mark_number *n, uint32_t next)
{
    enum { BLANK_OR_MARK = JOINS_BLANK | JOINS_MARK };
    const char *p = look->text.p + n->end;
    unsigned first = join_class_of(*p);
    unsigned last = join_class_of(look->text.p[next - 1]);
    size_t at = (first & JOINS_MARK) != 0;
    at += p[at] == ' ';
    /* p[at] is the next number or stands in front of it */
    unsigned third = join_class_of(p[at]);
    char fourth = p[at + (n->end + at < next)];
    unsigned is_word = (unsigned)join_may_be_word(p[at], fourth) &
                       (unsigned)((third & JOINS_ALPHA) != 0);
    unsigned is_digit = (unsigned char)(p[at] - '0') < 10;
    unsigned is_sign = ((first & BLANK_OR_MARK) != 0) &
                       (((third & BLANK_OR_MARK) != 0) | is_word | is_digit);
    char digit = look->text.p[n->start];
    unsigned is_part = (n->end - n->start == 1) & /* "part 2: " */
                       ((digit == '1') | (digit == '2')) &
                       ((first & JOINS_GAP) != 0);
    return (is_sign | is_part) &
           (unsigned)((last & (BLANK_OR_MARK | JOINS_GAP)) != 0);
}

/* Whether the same bytes may be behind the number and the next one. */
static inline unsigned may_be_group(
    const struct look *look, const struct mark_number *n)
{
    const char *p = look->text.p;
    uint32_t gap = n[1].start - n[0].end, next = n[2].start - n[1].end;
    char c = p[n[0].end];
    unsigned is_plain = (gap == 1) &
                        ((join_class_of(c) & (JOINS_MARK | JOINS_BLANK)) != 0) &
                        (c != '\r');
    return (gap == next) & (gap < GAP_MAX) & (c == p[n[1].end]) & !is_plain &
           (n->end - n->start <= GROUP_MAX);
}

static inline size_t slot_of(unsigned value, char behind)
{
    return (value * 37 + (unsigned char)behind) % SLOTS;
}

/* Whether the next index may follow, with the same byte behind it. */
static inline unsigned may_be_counted(
    struct indexes *near, struct str text, const struct mark_number *n)
{
    uint32_t length = n->end - n->start;
    unsigned is_one = length <= INDEX_MAX;
    unsigned value = (unsigned)(text.p[n->start] - '0');
    unsigned more = value * 10 + (unsigned)(text.p[n->end - 1] - '0');
    value = length == 1 ? value : more;
    char behind = join_at(text, n->end);
    is_one &= near->at[slot_of(value + 1, behind)] - n->end < REACH;
    size_t slot = slot_of(value, behind);
    near->at[slot] = length <= INDEX_MAX ? n->start : near->at[slot];
    return is_one;
}

/* Over all but what the text goes on behind: of that anything may be. */
static void look_back(
    struct mark_numbers *numbers, struct str text, uint32_t known)
{
    enum { ALL = JOIN_MAY_JOIN | JOIN_MAY_GROUP | JOIN_MAY_COUNT };
    struct look look = {text, numbers->items, numbers->count};
    struct indexes near;
    uint32_t digits = known < text.n ? ENOUGH : 0;
    memset(&near, 0xff, sizeof near);
    for (size_t i = numbers->count; i-- > 0;) {
        struct mark_number *n = &numbers->items[i];
        size_t behind = numbers->count - 1 - i;
        uint32_t total = n->end - n->start;
        unsigned is_joined = known < text.n;
        unsigned group = behind >= 2 ? may_be_group(&look, n) : is_joined;
        if (behind > 0) {
            is_joined = may_be_joined(&look, n, n[1].start);
            if ((join_class_of(text.p[n->end]) & JOINS_ODD) != 0 &&
                is_odd_joiner(&look, n, n[1].start)) {
                is_joined = 1;
                digits = ENOUGH;
            }
        }
        digits = total + (is_joined ? digits : 0);
        digits = digits < ENOUGH ? digits : ENOUGH;
        n->may = (digits == ENOUGH ? JOIN_MAY_JOIN : 0u) |
                 (group ? JOIN_MAY_GROUP : 0u) |
                 (may_be_counted(&near, text, n) ? JOIN_MAY_COUNT : 0u);
        if (known < text.n && n->end + REACH > known)
            n->may = ALL;
    }
}

const struct mark_numbers *join_numbers(const struct marks *marks)
{
    struct mark_numbers *numbers = marks->numbers;
    if (numbers->is_made)
        return numbers;
    collect(marks, numbers);
    look_back(numbers, str_sub(marks->text, marks->from, marks->text.n),
        (uint32_t)(marks->to - marks->from));
    numbers->is_made = true;
    return numbers;
}

size_t join_number_at(
    const struct mark_numbers *numbers, const struct marks *marks, size_t from)
{
    size_t low = 0, high = numbers->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (marks->from + numbers->items[middle].end <= from)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
