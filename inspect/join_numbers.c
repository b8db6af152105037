/*
 * Numbers in pieces that all have one kind of joiner between them.  Texts are
 * full of numbers that are no pieces (join_look.c tells them), so that few are
 * looked at here.
 */
#include <ctype.h>
#include <string.h>

#include "inspect/join_parts.h"

enum {
    NUMBER_MIN = 8, /* digits of all pieces */
    NUMBER_MAX = 40,
    PIECES_MAX = 64,
};

static inline bool is_one_of(char c, unsigned classes)
{
    return (join_class_of(c) & classes) != 0;
}

static size_t digits_end(struct str text, size_t at)
{
    while (at < text.n && isdigit((unsigned char)text.p[at]))
        at++;
    return at;
}

struct gap {
    size_t start, end;
};

/* The word around text[start, end) is hexadecimal and much longer: a hash,
 * which has such runs of digits by itself. */
static bool is_in_hash(struct str text, size_t start, size_t end)
{
    enum { HASH_MIN = 24 };
    size_t n = end - start;
    while (start > 0 && isxdigit((unsigned char)text.p[start - 1]) &&
           n < 4 * HASH_MIN) {
        start--;
        n++;
    }
    while (isxdigit((unsigned char)join_at(text, end)) && n < 4 * HASH_MIN) {
        end++;
        n++;
    }
    return n >= HASH_MIN;
}

/* Digits glued to letters get blanks around them: returns their end. */
static size_t free_number(struct str text, size_t at, struct view_edits *out)
{
    char freed[NUMBER_MAX + 2];
    size_t end = digits_end(text, at), n = end - at;
    bool is_glued = (at > 0 && (isalpha((unsigned char)text.p[at - 1]) ||
                                   text.p[at - 1] == '_')) ||
                    isalpha((unsigned char)join_at(text, end)) ||
                    join_at(text, end) == '_';
    bool is_hex = at >= 2 && text.p[at - 2] == '0' && text.p[at - 1] == 'x';
    if (!is_glued || is_hex || n < NUMBER_MIN || n > NUMBER_MAX ||
        is_in_hash(text, at, end))
        return end;
    freed[0] = freed[n + 1] = ' ';
    memcpy(freed + 1, text.p + at, n);
    view_edits_add(out, at, end, str_make(freed, n + 2));
    return end;
}

/* The pieces from `at` on, which is a digit: returns where the last one
 * begins, for it may be the first of others. */
static size_t join_number(struct str text, size_t at, struct view_edits *out)
{
    struct gap gaps[PIECES_MAX];
    size_t count = 0, total = 0, last = at;
    unsigned kind = 0, next_kind = 0;
    bool is_each = true; /* digit: then separators may differ */
    for (;;) {
        size_t end = digits_end(text, at);
        is_each = is_each && end - at == 1;
        total += end - at;
        last = at;
        if (count == PIECES_MAX || end - at > NUMBER_MAX)
            break;
        size_t next = join_read_joiner(text, end, &next_kind);
        if (next == 0 || !isdigit((unsigned char)join_at(text, next)) ||
            (count > 0 && next_kind != kind && !is_each))
            break;
        kind = next_kind;
        gaps[count++] = (struct gap){end, next};
        at = next;
    }
    if (count == 0)
        return free_number(text, at, out);
    if (total >= NUMBER_MIN && total <= NUMBER_MAX)
        for (size_t i = 0; i < count; i++)
            join_take_out(out, gaps[i].start, gaps[i].end);
    return last;
}

/* Whether digits that end at `at` may have others joined to them: what
 * join_read_joiner would not take is most often seen at two or three bytes. */
static bool may_be_joined(struct str text, size_t at)
{
    char c = join_at(text, at);
    if (c == '<') {
        c = join_at(text, at + 1);
        return isalpha((unsigned char)c) || c == '/' || c == '!';
    }
    if (!is_one_of(c, JOINS_BLANK) && !is_one_of(c, JOINS_MARK))
        return is_one_of(c, JOINS_QUOTE) || join_is_soft_break(text, at);
    at += is_one_of(c, JOINS_MARK) ? 1 : 0;
    at += join_at(text, at) == ' ' ? 1 : 0;
    c = join_at(text, at);
    if (isalpha((unsigned char)c))
        return join_may_be_word(c, join_at(text, at + 1));
    return isdigit((unsigned char)c) || is_one_of(c, JOINS_BLANK) ||
           is_one_of(c, JOINS_MARK);
}

/* Where the digits begin that are joined to those which end at `at`, 0: there
 * are none. */
static inline size_t next_group(struct str text, size_t at)
{
    unsigned kind = 0;
    char c = join_at(text, at);
    if ((c == ' ' || is_one_of(c, JOINS_MARK)) &&
        (unsigned char)(join_at(text, at + 1) - '0') < 10)
        return at + 1;
    if (!may_be_joined(text, at))
        return 0;
    size_t next = join_read_joiner(text, at, &kind);
    return next != 0 && isdigit((unsigned char)join_at(text, next)) ? next : 0;
}

/* Whether the digits text[at, end) and all that are joined to them, by
 * whatever, are enough for a number; if not: behind the last of them. */
static bool is_enough(
    const struct marks *marks, size_t at, size_t end, size_t *behind_out)
{
    size_t total = end - at;
    while (total < NUMBER_MIN) {
        *behind_out = end;
        at = next_group(marks->text, end);
        if (at == 0)
            return false;
        end = marks_run_end(marks, MARK_DIGIT, at);
        total += end - at;
    }
    return true;
}

size_t join_find_numbers(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out)
{
    const struct mark_numbers *numbers = join_numbers(marks);
    size_t done = to > from ? from : to;
    for (size_t i = join_number_at(numbers, marks, from); i < numbers->count;
         i++) {
        const struct mark_number *n = &numbers->items[i];
        size_t at = marks->from + n->start, end = marks->from + n->end;
        if (at >= to)
            break;
        at = at > from ? at : from;
        if ((n->may & JOIN_MAY_JOIN) == 0 || at < done ||
            (marks_window(marks, MARK_UUID, at) & 1) != 0 ||
            !is_enough(marks, at, end, &done))
            continue;
        size_t next = join_number(marks->text, at, out);
        done = next > at ? next : end;
    }
    return done > to ? done : to;
}
