/*
 * What becomes of a candidate: validator, entropy, words near by, placeholder
 * and allow lists, confidence; then a finding or nothing.
 */
#include <ctype.h>
#include <string.h>

#include "inspect/finding.h"
#include "inspect/scan_job.h"

static bool has_kind_near(struct scan_job *job, const struct word_set *set,
    enum word_kind kind, size_t start, size_t end)
{
    size_t from = start > set->within ? start - set->within : 0;
    size_t to = end + set->within + job->scanner->rules->word_longest[kind];
    size_t last = SIZE_MAX;
    scan_views_clamp(job, start, &from, &last);
    words_want(job, kind, from, to);
    for (size_t chunk = first_chunk(from); chunk <= to / WORD_CHUNK; chunk++) {
        size_t count = 0;
        const struct event *e = words_in(job, kind, chunk, &count);
        for (; count > 0; e++, count--) {
            const struct anchor *a = &job->scanner->rules->anchors[e->id];
            if (e->end >= from && e->end <= last &&
                e->end <= end + set->within + a->width &&
                (set->bits[a->word / 64] >> a->word % 64 & 1) != 0)
                return true;
        }
    }
    return false;
}

static bool has_word_near(
    struct scan_job *job, const struct word_set *set, size_t start, size_t end)
{
    for (int kind = 0; kind < WORD_KINDS; kind++)
        if ((set->kinds >> kind & 1) != 0 &&
            has_kind_near(job, set, (enum word_kind)kind, start, end))
            return true;
    return false;
}

/* ---- candidates ---- */

static enum level max_level(enum level a, enum level b)
{
    return a > b ? a : b;
}

enum { ALONE_WORDS_MAX = 1 };

/* Whether the text is nothing but the value and others of its length, with a
 * word at most: what somebody pasted out of a table. */
static bool is_alone(const struct scan_job *job, const struct candidate *c)
{
    struct str text = job->text;
    size_t words = 0;
    if (text.n > ALONE_TEXT_MAX)
        return false;
    for (size_t i = 0; i < text.n;) {
        size_t letters = 0, digits = 0;
        if (i == c->start)
            i = c->end;
        for (; i < text.n && i != c->start &&
               strchr(" \t\r\n,;|", text.p[i]) == NULL;
             i++) {
            digits += isdigit((unsigned char)text.p[i]) ? 1u : 0u;
            letters += isalpha((unsigned char)text.p[i]) ||
                               (unsigned char)text.p[i] >= 0x80
                           ? 1u
                           : 0u;
        }
        words += letters > 0 && digits == 0;
        if (digits > 0 && digits + letters != c->value.n)
            return false;
        i += i < text.n && i != c->start;
    }
    return words <= ALONE_WORDS_MAX;
}

/* What a word near by would make of it. */
static enum level level_with_word(const struct rule *r, bool is_valid)
{
    return is_valid ? max_level(r->with_keyword, r->with_both)
                    : r->with_keyword;
}

/* Words are looked for only where they decide something. */
static enum level level_of(
    struct scan_job *job, const struct candidate *c, bool is_valid)
{
    const struct rule *r = c->rule;
    if (r->require.bits != NULL &&
        !has_word_near(job, &r->require, c->start, c->end))
        return LEVEL_NONE;
    enum level level = c->pattern->has_base ? c->pattern->base : r->base;
    enum level named = level_with_word(r, is_valid);
    if (is_valid)
        level = max_level(level, r->with_validator);
    if (c->is_glued)
        level = LEVEL_NONE;
    if (named > level && has_word_near(job, &r->keywords, c->start, c->end))
        level = named;
    if (level < r->alone && !c->is_glued && is_alone(job, c))
        level = r->alone;
    if (level > LEVEL_NONE && has_word_near(job, &r->deny, c->start, c->end))
        level = level == LEVEL_HIGH ? LEVEL_MEDIUM : LEVEL_NONE;
    return level;
}

static bool is_allowed(const struct scan_job *job, const struct candidate *c)
{
    struct regex_match ignored;
    for (size_t i = 0; i < c->rule->allow_count; i++)
        if (regex_match(c->rule->allow[i], job->scanner->regex_scratch,
                c->value, 0, c->value.n, false, &ignored))
            return true;
    return str_is(c->rule->group, "secret") && check_is_placeholder(c->value);
}

static void report(
    struct scan_job *job, const struct candidate *c, enum level level)
{
    size_t start = c->start, end = c->end;
    if (!scan_views_locate(job, &start, &end))
        return;
    struct finding *f = findings_add_ranked(job->out, level, c->rule->severity);
    if (f == NULL)
        return;
    f->start = start;
    f->end = end;
    f->detector = c->rule->id;
    f->type = c->rule->type;
    f->group = c->rule->group;
    f->confidence = level;
    f->severity = c->rule->severity;
    f->where = job->where;
    f->count = 1;
    f->gives_way = c->rule->gives_way;
    f->is_derived = job->layer != NULL;
    bool is_number = c->pattern->is_digits || c->pattern->shape_count > 0 ||
                     str_is(c->rule->group, "financial");
    f->sample = finding_mask(&job->out->arena, c->value, is_number);
    crypto_shorthash((unsigned char *)&f->value_hash,
        (const unsigned char *)c->value.p, c->value.n, job->scanner->key);
}

/* Once a text is enough: what it is about. */
static bool is_known_topic(
    const struct scan_job *job, const struct rule *rule, enum level level)
{
    for (size_t i = job->first; i < job->out->count; i++)
        if (job->out->items[i].detector.p == rule->id.p &&
            job->out->items[i].confidence >= level)
            return true;
    return false;
}

/* "1993-2001" */
static bool is_years(struct str value)
{
    if (value.n != 8)
        return false;
    for (size_t i = 0; i < value.n; i += 4)
        if (memcmp(value.p + i, "19", 2) != 0 &&
            memcmp(value.p + i, "20", 2) != 0)
            return false;
    return true;
}

/* In a view of that kind; any digits would do for a shape that nothing
 * checks. */
static bool is_served(const struct scan_job *job, const struct rule *r)
{
    return (!job->is_turned || r->serves_turned) &&
           (!job->is_doubtful || r->serves_doubtful);
}

bool judge_wants(const struct scan_job *job, const struct rule *rule)
{
    return is_served(job, rule) &&
           !(rule->is_topic && is_known_topic(job, rule, rule->most));
}

/* What the value itself says, before any word is looked for. */
static bool is_possible(
    struct scan_job *job, struct candidate *c, enum check *check_out)
{
    const struct rule *r = c->rule;
    struct str value = c->value;
    if (!is_served(job, r))
        return false;
    if (job->is_doubtful && !str_is(r->group, "secret")) {
        if (is_years(value))
            return false;
        c->is_glued = true;
    }
    *check_out =
        r->validator != NULL ? r->validator->run(&value) : CHECK_UNKNOWN;
    if (*check_out == CHECK_FAIL)
        return false;
    if (!c->pattern->is_digits &&
        (c->pattern->shape_count == 0 || c->pattern->regex != NULL))
        c->end = c->start + value.n;
    c->value = value;
    return (r->entropy <= 0 || check_entropy(value) >= r->entropy) &&
           !is_allowed(job, c);
}

bool judge(struct scan_job *job, struct candidate *c)
{
    const struct rule *r = c->rule;
    enum check check;
    if (!is_possible(job, c, &check))
        return false;
    enum level level = level_of(job, c, check == CHECK_PASS);
    if (level == LEVEL_NONE)
        return false;
    if (r->is_topic && is_known_topic(job, r, level))
        return true;
    report(job, c, level);
    return true;
}
