/*
 * Numbers out of runs of nine or more digits: cards and the like, which stand
 * bare or in groups, in lists of their like, and next to other numbers.
 */
#include <ctype.h>
#include <string.h>

#include "inspect/scan_job.h"

enum { RUN_DIGITS_MIN = 9, RUN_MAX = 4096 };

/* ---- digits ---- */

struct digit_group {
    size_t start, end;
    char separator; /* before it; 0: none */
};

static bool is_digit(struct str text, size_t at)
{
    return at < text.n && text.p[at] >= '0' && text.p[at] <= '9';
}

static bool is_separator(char c)
{
    return c == ' ' || c == '-' || c == '.';
}

/* The digits at `at`, which is where a group starts. */
static struct digit_group read_group(struct str text, size_t at)
{
    struct digit_group g = {.start = at, .end = at};
    while (is_digit(text, g.end))
        g.end++;
    if (at >= 2 && is_separator(text.p[at - 1]) && is_digit(text, at - 2))
        g.separator = text.p[at - 1];
    return g;
}

/* Behind the first, which is there, up to `most` of them. */
static size_t read_groups(struct str text,
    struct digit_group groups[RULE_GROUPS_MAX + 1], size_t most)
{
    size_t count = 1;
    while (count < most) {
        size_t at = groups[count - 1].end;
        if (at - groups[count - 1].start > 40 || at + 1 >= text.n ||
            !is_separator(text.p[at]) || !is_digit(text, at + 1))
            break;
        groups[count++] = read_group(text, at + 1);
    }
    return count;
}

/* A number that goes on behind the same separator is another number; only a
 * blank may lead to an unrelated one: surely when that has another length,
 * else perhaps. */
enum bridge { BRIDGE_NONE, BRIDGE_LEFT = 1, BRIDGE_RIGHT = 2, BRIDGE_SURE = 4 };

static unsigned find_bridges(struct str text, const struct digit_group *first,
    const struct digit_group *last, char separator)
{
    unsigned bridges = BRIDGE_NONE;
    char before = first->separator;
    size_t length_first = first->end - first->start;
    if (before != 0 && (before != ' ' || separator == ' ')) {
        size_t n = 0;
        while (n + 2 <= first->start && is_digit(text, first->start - 2 - n))
            n++;
        if (before != ' ')
            return BRIDGE_SURE;
        if (n == length_first)
            bridges |= BRIDGE_LEFT;
    }
    if (last->end + 1 >= text.n || !is_separator(text.p[last->end]) ||
        !is_digit(text, last->end + 1))
        return bridges;
    if (text.p[last->end] != ' ')
        return BRIDGE_SURE;
    struct digit_group next = read_group(text, last->end + 1);
    if (separator == ' ' && next.end - next.start == last->end - last->start)
        bridges |= BRIDGE_RIGHT;
    return bridges;
}

static size_t join_digits(struct str text, const struct digit_group *groups,
    size_t count, char digits[RULE_GROUPS_MAX * 41])
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        size_t length = groups[i].end - groups[i].start;
        memcpy(digits + n, text.p + groups[i].start, length);
        n += length;
    }
    return n;
}

/* Whether the run goes on with a second number of the same shape. */
static bool is_followed(const struct scan_job *job, const struct rule *rule,
    const struct digit_group *groups, size_t count, size_t total)
{
    char digits[RULE_GROUPS_MAX * 41];
    if (rule->validator == NULL || total < 2 * count)
        return false;
    for (size_t i = 0; i < count; i++)
        if (groups[i].end - groups[i].start !=
                groups[count + i].end - groups[count + i].start ||
            groups[count + i].separator != ' ')
            return false;
    struct str value =
        str_make(digits, join_digits(job->text, groups + count, count, digits));
    return rule->validator->run(&value) == CHECK_PASS;
}

static bool is_glued(struct str text, size_t start, size_t end)
{
    return (start > 0 && (isalnum((unsigned char)text.p[start - 1]) ||
                             text.p[start - 1] == '_')) ||
           (end < text.n &&
               (isalnum((unsigned char)text.p[end]) || text.p[end] == '_'));
}

/* A cell of a table of hexadecimal numbers: "5272 5274 52DE", or something
 * that begins with a full stop: "[.4300.0020". */
static bool is_in_table(struct str text, const struct digit_group *first,
    const struct digit_group *last)
{
    size_t length = last->end - last->start, hex = 0, letters = 0;
    if (first->start > 0 && text.p[first->start - 1] == '.')
        return true;
    for (size_t at = last->end + 1;
         at < text.n && isxdigit((unsigned char)text.p[at]); at++, hex++)
        letters += !is_digit(text, at);
    if (last->end < text.n && text.p[last->end] == ' ' && hex == length &&
        letters > 0)
        return true;
    hex = letters = 0;
    for (size_t at = first->start - (first->start > 0);
         at > 0 && isxdigit((unsigned char)text.p[at - 1]); at--, hex++)
        letters += !is_digit(text, at - 1);
    return first->start > 0 && text.p[first->start - 1] == ' ' &&
           hex == first->end - first->start && letters > 0;
}

/* "4 1 1 1 …" */
static bool is_by_digit(const struct digit_group *groups, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (groups[i].end - groups[i].start != 1)
            return false;
    return true;
}

static bool try_number(struct scan_job *job, const struct rule *rule,
    const struct pattern *p, const struct digit_group *groups, size_t count,
    size_t total)
{
    char digits[RULE_GROUPS_MAX * 41];
    size_t start = groups[0].start, end = groups[count - 1].end;
    unsigned bridges = find_bridges(job->text, &groups[0], &groups[count - 1],
        count > 1 ? groups[1].separator : 0);
    bool is_within = bridges != BRIDGE_NONE && start < job->number_end;
    /* Some of a longer row of digits, as points and flags are told. */
    bool is_row = bridges != BRIDGE_NONE && is_by_digit(groups, count);
    if ((bridges & BRIDGE_SURE) != 0 || is_within || is_row ||
        (count > 1 && is_in_table(job->text, &groups[0], &groups[count - 1])))
        return false;
    if (job->number_end != 0 && job->number_end + 1 == start)
        bridges &= ~(unsigned)BRIDGE_LEFT; /* a list of numbers */
    if (is_followed(job, rule, groups, count, total))
        bridges &= ~(unsigned)BRIDGE_RIGHT;
    size_t n = join_digits(job->text, groups, count, digits);
    struct candidate c = {.rule = rule,
        .pattern = p,
        .start = start,
        .end = end,
        .value = str_make(digits, n),
        .is_glued = is_glued(job->text, start, end) || bridges != BRIDGE_NONE};
    if (!judge(job, &c))
        return false;
    job->number_end = end;
    return true;
}

static bool has_sizes(const struct grouping *g, struct str separators,
    const struct digit_group *groups, size_t count)
{
    if (g->count > count ||
        memchr(separators.p, groups[1].separator, separators.n) == NULL)
        return false;
    for (size_t i = 0; i < g->count; i++)
        if (groups[i].end - groups[i].start != g->sizes[i] ||
            (i > 1 && groups[i].separator != groups[1].separator))
            return false;
    return true;
}

static void try_pattern(struct scan_job *job, const struct rule *rule,
    const struct pattern *p, const struct digit_group *groups, size_t count)
{
    size_t length = groups[0].end - groups[0].start;
    if (length >= p->min_digits && length <= p->max_digits && length > 0 &&
        try_number(job, rule, p, groups, 1, count))
        return;
    for (size_t i = 0; i < p->group_count && count > 1; i++)
        if (has_sizes(&p->groups[i], p->separators, groups, count) &&
            try_number(job, rule, p, groups, p->groups[i].count, count))
            return;
}

static void try_numbers(struct scan_job *job, struct digit_group first)
{
    const struct rules *rules = job->scanner->rules;
    struct digit_group groups[RULE_GROUPS_MAX + 1] = {first};
    size_t length = number_length(first.end - first.start);
    size_t last = rules->number_start[length + 1];
    unsigned none = words_none(
        job, first.start, first.start + rules->number_longest[length]);
    if (is_hopeless(job, &rules->number_needs[length], none))
        return;
    size_t count = read_groups(job->text, groups, rules->number_groups[length]);
    for (size_t i = rules->number_start[length]; i < last; i++) {
        const struct number_entry *e = &rules->numbers[i];
        if (!is_hopeless(job, &e->needs, none))
            try_pattern(job, e->rule, e->pattern, groups, count);
    }
}

/* Behind the run of digits and single separators at `at`, or so much of it
 * as is looked at in one go. */
static size_t run_end(struct str text, size_t at, size_t *digits_out)
{
    size_t digits = 0, stop = at + RUN_MAX;
    while (at < stop && (is_digit(text, at) ||
                            (at + 1 < text.n && is_separator(text.p[at]) &&
                                is_digit(text, at + 1)))) {
        digits += is_digit(text, at);
        at++;
    }
    *digits_out = digits;
    return at;
}

/* Every group of a run, in turn, as the start of a number. */
void walk_digits(struct scan_job *job, size_t limit)
{
    struct str text = job->text;
    size_t at = job->digits_done;
    limit = limit < text.n ? limit : text.n;
    while ((at = marks_next_number(&job->marks, at, limit, RUN_DIGITS_MIN)) <
           limit) {
        size_t digits = 0, end = run_end(text, at, &digits);
        bool is_long = digits >= RUN_DIGITS_MIN &&
                       (end - at >= RUN_MAX || scan_views_reach(job, at, end));
        while (at < end && at < limit) {
            struct digit_group group = read_group(text, at);
            if (is_long)
                try_numbers(job, group);
            at = group.end + (group.end < end);
        }
        job->digits_done = at;
    }
    if (job->digits_done < limit)
        job->digits_done = limit;
}
