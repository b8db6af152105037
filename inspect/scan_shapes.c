/*
 * Identifiers by their spelling ("99999999A", "99.99.99-999.99"): tried at
 * every word that has a digit in it, and at up to two short words of letters
 * in front of one.  Only the shapes whose first word has that length are
 * looked at (rules_index.c); most words end there.
 */
#include <ctype.h>
#include <string.h>

#include "inspect/scan_job.h"

enum {
    LEAD_LETTERS_MAX = 5, /* of a word in front of the digits */
    LEAD_WORDS_MAX = 2,
    GLUED_DIGITS_MIN = 9, /* "code199003052397" */
    BLOCK = 64,
};

static bool is_digit(struct str text, size_t at)
{
    return at < text.n && text.p[at] >= '0' && text.p[at] <= '9';
}

static bool is_word(struct str text, size_t at)
{
    return at < text.n && isalnum((unsigned char)text.p[at]);
}

/* The number goes on behind a point or a dash: it is another one. */
static bool goes_on(struct str text, size_t start, size_t end)
{
    if (start >= 2 && memchr(".,-/+", text.p[start - 1], 5) != NULL &&
        is_digit(text, start - 2) && is_digit(text, start))
        return true;
    return end + 1 < text.n && memchr(".,-/+", text.p[end], 5) != NULL &&
           is_digit(text, end + 1) && is_digit(text, end - 1);
}

static bool fits(char wanted, unsigned char c)
{
    switch (wanted) {
    case '9':
        return c >= '0' && c <= '9';
    case 'A':
        return isupper(c);
    case 'a':
        return isalpha(c);
    case 'X':
        return isupper(c) || isdigit(c);
    case 'x':
        return isalnum(c);
    default:
        return (unsigned char)wanted == c;
    }
}

/* The end of what has the shape at `start`, 0: nothing has. */
static size_t match_shape(struct str text, size_t start, const char *shape,
    struct str separators, char value_out[RULE_SHAPE_MAX], size_t *n_out)
{
    char separator = 0;
    size_t at = start, n = 0;
    for (; *shape != '\0'; shape++, at++) {
        if (at >= text.n)
            return 0;
        char c = text.p[at];
        if (*shape == ' ') {
            if ((separator != 0 && c != separator) ||
                memchr(separators.p, c, separators.n) == NULL)
                return 0;
            separator = c;
        } else if (fits(*shape, (unsigned char)c)) {
            value_out[n++] = c;
        } else {
            return 0;
        }
    }
    *n_out = n;
    return is_word(text, at) && is_word(text, at - 1) ? 0 : at;
}

/* In groups with blanks a digit next to it may belong to it. */
static bool has_neighbour(struct str text, size_t start, size_t end)
{
    return (start >= 2 && text.p[start - 1] == ' ' &&
               is_digit(text, start - 2) && is_digit(text, start)) ||
           (end + 1 < text.n && text.p[end] == ' ' && is_digit(text, end + 1) &&
               is_digit(text, end - 1));
}

static void try_shapes(
    struct scan_job *job, size_t start, size_t width, bool is_glued)
{
    const struct rules *rules = job->scanner->rules;
    if (width > RULE_SHAPE_MAX)
        return;
    for (size_t i = rules->shape_start[width];
         i < rules->shape_start[width + 1]; i++) {
        const struct shape_entry *e = &rules->shapes[i];
        char value[RULE_SHAPE_MAX];
        size_t n = 0;
        size_t end = match_shape(
            job->text, start, e->text, e->pattern->separators, value, &n);
        if (end == 0 || goes_on(job->text, start, end))
            continue;
        struct candidate c = {.rule = e->rule,
            .pattern = e->pattern,
            .start = start,
            .end = end,
            .value = str_make(value, n),
            .is_glued = is_glued || (strchr(e->text, ' ') != NULL &&
                                        has_neighbour(job->text, start, end))};
        (void)judge(job, &c);
    }
}

static void try_leads(struct scan_job *job, size_t start)
{
    struct str text = job->text;
    for (int i = 0; i < LEAD_WORDS_MAX; i++) {
        size_t end = start - 1, n = 0;
        if (start < 2 || memchr(" -./", text.p[end], 4) == NULL)
            return;
        while (n < end && n <= LEAD_LETTERS_MAX &&
               isalpha((unsigned char)text.p[end - 1 - n]))
            n++;
        if (n == 0 || n > LEAD_LETTERS_MAX ||
            (n < end && is_word(text, end - 1 - n)))
            return;
        start = end - n;
        try_shapes(job, start, n, false);
    }
}

/* "code199003052397", "nr.A123456780": digits at the end of a word. */
static void try_tail(struct scan_job *job, size_t start, size_t end)
{
    size_t at = end;
    while (at > start && is_digit(job->text, at - 1))
        at--;
    if (at > start && end - at >= GLUED_DIGITS_MIN)
        try_shapes(job, at, end - at, true);
}

/* Blocks without a digit are most of a text: a loop that compilers turn into
 * a few vector instructions. */
static bool has_digit_block(const char *p)
{
    unsigned char any = 0;
    for (int i = 0; i < BLOCK; i++)
        any |= (unsigned char)((unsigned char)(p[i] - '0') < 10);
    return any != 0;
}

static size_t next_digit(struct str text, size_t at, size_t limit)
{
    while (at < limit) {
        if (at + BLOCK <= text.n && !has_digit_block(text.p + at)) {
            at += BLOCK;
            continue;
        }
        size_t stop = at + BLOCK < text.n ? at + BLOCK : text.n;
        for (; at < stop; at++)
            if (is_digit(text, at))
                return at;
    }
    return limit;
}

void walk_shapes(struct scan_job *job, size_t limit)
{
    struct str text = job->text;
    size_t at = job->shapes_done;
    limit = limit < text.n ? limit : text.n;
    while ((at = next_digit(text, at, limit)) < limit) {
        size_t start = at, end = at;
        while (start > job->shapes_done && is_word(text, start - 1))
            start--;
        while (is_word(text, end))
            end++;
        try_leads(job, start);
        try_shapes(job, start, end - start, false);
        try_tail(job, start, end);
        job->shapes_done = at = end;
    }
    if (job->shapes_done < limit) {
        /* a word that the limit cuts is looked at with its digit */
        size_t back = limit;
        while (back > job->shapes_done && limit - back < RULE_SHAPE_MAX &&
               is_word(text, back - 1))
            back--;
        job->shapes_done = back;
    }
}
