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

static void add_number(const struct initials *in, struct view_edits *out)
{
    size_t counted = 0;
    for (size_t i = 0; i < in->n; i++) {
        if (!isdigit((unsigned char)in->text[i]))
            return;
        counted += i > 0 && in->text[i] == in->text[i - 1] + 1 ? 1u : 0u;
    }
    if (in->n >= NUMBER_MIN && counted + 2 < in->n)
        view_edits_add(out, in->starts[0], in->end, str_make(in->text, in->n));
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

size_t turn_find_initials(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out)
{
    struct str text = marks->text;
    struct initials in = {.n = 0};
    size_t at = from == 0 ? 0 : line_end(text, from - 1) + 1;
    while (at < text.n && (at < to || in.n > 0)) {
        size_t end = in.n < INITIALS_MAX ? read_line(text, at) : 0;
        if (end != 0) {
            in.starts[in.n] = at;
            in.end = end;
            in.text[in.n++] = (char)toupper((unsigned char)text.p[at]);
        }
        if (end == 0) {
            add_key(&in, out);
            add_number(&in, out);
            in.n = 0;
        }
        at = line_end(text, at) + 1;
    }
    add_key(&in, out);
    add_number(&in, out);
    return at > to ? at : to;
}
