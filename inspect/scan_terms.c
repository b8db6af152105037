/*
 * Dictionaries: words and phrases, a hundred thousand and more.  Every word of
 * the text is hashed in passing; a bit says whether a term begins with such a
 * word, and most do not.  Costs nothing without dictionaries.
 */
#include <string.h>

#include "inspect/scan_job.h"

static bool is_byte_equal(char a, char b, bool is_exact)
{
    if (a == b)
        return true;
    unsigned char low = (unsigned char)(a | 0x20);
    return !is_exact && (a ^ b) == 0x20 && low >= 'a' && low <= 'z';
}

/* The end of the term at `at`, 0: another text.  A blank of the term is any
 * blanks of the text. */
static size_t match_term(struct str text, size_t at, const struct term_entry *e)
{
    for (size_t i = 0; i < e->text.n; i++) {
        size_t start = at;
        if (e->text.p[i] == ' ') {
            while (at < text.n && memchr(" \t\r\n", text.p[at], 4) != NULL &&
                   at - start < 80)
                at++;
            if (at == start)
                return 0;
            continue;
        }
        if (at == text.n ||
            !is_byte_equal(e->text.p[i], text.p[at], e->pattern->is_exact))
            return 0;
        at++;
    }
    bool goes_on = at < text.n && is_term_byte((unsigned char)text.p[at]) &&
                   is_term_byte((unsigned char)text.p[at - 1]);
    return goes_on ? 0 : at;
}

static void try_terms(struct scan_job *job, size_t start, uint32_t hash)
{
    const struct rules *rules = job->scanner->rules;
    size_t low = 0, high = rules->term_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (rules->terms[middle].hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < rules->term_count && rules->terms[low].hash == hash; low++) {
        const struct term_entry *e = &rules->terms[low];
        size_t end = match_term(job->text, start, e);
        if (end == 0)
            continue;
        struct candidate c = {.rule = e->rule,
            .pattern = e->pattern,
            .start = start,
            .end = end,
            .value = str_sub(job->text, start, end)};
        (void)judge(job, &c);
    }
}

static bool may_begin(const struct rules *rules, uint32_t hash)
{
    uint32_t bit = hash & rules->term_mask;
    return (rules->term_bits[bit / 64] >> bit % 64 & 1) != 0;
}

/* Most words begin like no term. */
static bool has_prefix(const struct rules *rules, const char *word, size_t n)
{
    uint32_t prefix = term_prefix(word, n);
    return (rules->term_prefixes[prefix / 64] >> prefix % 64 & 1) != 0;
}

/* By itself, and with the word before it, whose hash is there if it may
 * begin a term. */
static void try_word(
    struct scan_job *job, struct term_word *w, const struct term_word *last)
{
    const struct rules *rules = job->scanner->rules;
    uint32_t with_last = term_hash(last->hash, ' ');
    w->hash = TERM_HASH_START;
    for (size_t at = w->start; at < w->end; at++) {
        w->hash = term_hash(w->hash, (unsigned char)job->text.p[at]);
        with_last = term_hash(with_last, (unsigned char)job->text.p[at]);
    }
    if (w->is_known && may_begin(rules, w->hash))
        try_terms(job, w->start, w->hash);
    if (last->is_known && may_begin(rules, with_last))
        try_terms(job, last->start, with_last);
}

static size_t word_end(const struct scan_job *job, size_t at)
{
    struct str text = job->text;
    if (!job->marks.has_high && at < job->marks.to)
        at = marks_skip(&job->marks, MARK_WORD, at, job->marks.to);
    while (at < text.n && is_term_byte((unsigned char)text.p[at]))
        at++;
    return at;
}

static size_t next_word(const struct marks *marks, size_t at, size_t limit)
{
    size_t word = marks_next(marks, MARK_WORD, at, limit);
    return marks->has_high ? marks_next(marks, MARK_HIGH, at, word) : word;
}

void walk_terms(struct scan_job *job, size_t limit)
{
    const struct rules *rules = job->scanner->rules;
    struct str text = job->text;
    size_t at = job->terms_done;
    struct term_word last = job->last_word;
    limit = limit < text.n ? limit : text.n;
    while (rules->term_count > 0 && at < limit) {
        at = next_word(&job->marks, at, limit);
        if (at == limit)
            break;
        struct term_word word = {.start = at, .end = word_end(job, at)};
        word.is_known = has_prefix(rules, &text.p[at], word.end - at);
        if (word.is_known || last.is_known)
            try_word(job, &word, &last);
        last = word;
        at = word.end;
    }
    job->last_word = last;
    job->terms_done = at > limit ? at : limit;
}
