/*
 * Text to findings.  Hyperscan says where anchors and keywords end, C does
 * the rest: match the whole pattern at the anchor, collect the digits of a
 * run, validate, look for words near by, decide the confidence.
 *
 * A job goes over the text in slices that overlap by the widest anchor, and
 * confirms an anchor only when everything that may bear on it has been seen;
 * so the findings do not depend on where slices end.  A text with a byte of
 * 0x80 or above is gone over a second time as norm.c sees it.
 */
#include "inspect/scan.h"

#include <ctype.h>
#include <hs/hs.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/mem.h"
#include "inspect/finding.h"
#include "inspect/norm.h"
#include "inspect/rules_hs.h"

enum {
    /* A match reaches at most so far behind its anchor, words included. */
    REACH = RULE_VALUE_MAX + RULE_WITHIN_MAX + 256,
    EVENTS_MAX = 1 << 20, /* of one kind, in one slice */
    TRIES_MAX = 8,        /* starts of a match around one anchor */
    JOIN_GAP = 2,         /* digits of one run end so close to another */
};

struct scanner {
    const struct rules *rules;
    hs_database_t *database;
    hs_scratch_t *scratch;
    struct regex_scratch *regex_scratch;
    unsigned char key[crypto_shorthash_KEYBYTES];
};

/* id is an anchor; for digits `first` is where the first hit of a run ended. */
struct event {
    size_t end, first;
    uint32_t id;
};

struct events {
    struct event *items;
    size_t count, cap;
};

struct scan_job {
    struct scanner *scanner;
    struct str source;
    enum where where;
    struct findings *out;
    size_t first; /* findings of this job start here */
    /* The view that is being scanned. */
    struct str text;
    bool is_second, is_scanned;
    struct norm norm;
    size_t pos; /* bytes of the view scanned so far */
    bool has_high_bytes;
    struct events anchors, words, runs;
    size_t slice_start;
    size_t *done; /* by rule: confirmed up to here */
    size_t digits_done;
    size_t number_end; /* of the last number found in digits; 0: none */
};

/* ---- scanner ---- */

static enum err read_blob(const struct rules *rules, struct str blob,
    struct rules_blob *header, struct str *payload_out)
{
    char hash[RULES_HASH_BYTES];
    if (blob.n < sizeof *header)
        return ERR_UNSUPPORTED;
    memcpy(header, blob.p, sizeof *header);
    *payload_out = str_sub(blob, sizeof *header, blob.n);
    rules_hash(rules, hash);
    if (memcmp(header->magic, RULES_BLOB_MAGIC, sizeof header->magic) != 0 ||
        header->version != RULES_BLOB_VERSION ||
        header->payload_bytes != payload_out->n ||
        memcmp(header->hash, hash, sizeof hash) != 0 ||
        memchr(header->info, 0, sizeof header->info) == NULL ||
        header->payload_crc !=
            (uint32_t)crc32_z(0, (const Bytef *)payload_out->p, payload_out->n))
        return ERR_UNSUPPORTED;
    return OK;
}

static bool is_ours(const hs_database_t *database, const char *expected)
{
    char *info = NULL;
    if (hs_database_info(database, &info) != HS_SUCCESS)
        return false;
    bool is_equal =
        strncmp(info, expected, sizeof((struct rules_blob *)0)->info - 1) == 0;
    free(info);
    return is_equal;
}

enum err scanner_new(const struct rules *rules, struct str database,
    struct scanner **scanner_out)
{
    struct rules_blob header;
    struct str payload;
    *scanner_out = NULL;
    if (read_blob(rules, database, &header, &payload) != OK)
        return ERR_UNSUPPORTED;
    struct scanner *s = MEM_NEW(struct scanner);
    s->rules = rules;
    randombytes_buf(s->key, sizeof s->key);
    if (hs_deserialize_database(payload.p, payload.n, &s->database) !=
            HS_SUCCESS ||
        !is_ours(s->database, header.info) ||
        hs_alloc_scratch(s->database, &s->scratch) != HS_SUCCESS) {
        scanner_free(&s);
        return ERR_UNSUPPORTED;
    }
    s->regex_scratch = regex_scratch_new();
    *scanner_out = s;
    return OK;
}

void scanner_free(struct scanner **scanner)
{
    struct scanner *s = *scanner;
    if (s == NULL)
        return;
    hs_free_scratch(s->scratch);
    hs_free_database(s->database);
    regex_scratch_free(&s->regex_scratch);
    mem_free(s);
    *scanner = NULL;
}

/* ---- events ---- */

static bool push(struct events *list, struct event event)
{
    if (list->count == list->cap) {
        if (list->cap >= EVENTS_MAX)
            return false;
        list->cap = list->cap == 0 ? 64 : list->cap * 2;
        list->items = mem_realloc(list->items, list->cap * sizeof *list->items);
    }
    list->items[list->count++] = event;
    return true;
}

static bool push_digits(struct events *runs, struct event event)
{
    struct event *last = runs->count > 0 ? &runs->items[runs->count - 1] : NULL;
    if (last == NULL || event.end > last->end + JOIN_GAP)
        return push(runs, event);
    if (event.end > last->end)
        last->end = event.end;
    return true;
}

/* Hyperscan's callback: append, nothing else. */
static int on_match(unsigned id, unsigned long long from, unsigned long long to,
    unsigned flags, void *context)
{
    (void)from;
    (void)flags;
    struct scan_job *job = context;
    size_t end = job->slice_start + (size_t)to;
    if (end <= job->pos && job->pos > 0)
        return 0; /* the overlap: seen before */
    struct event event = {end, end, id};
    bool is_kept;
    switch (job->scanner->rules->anchors[id].kind) {
    case ANCHOR_DIGITS:
        is_kept = push_digits(&job->runs, event);
        break;
    case ANCHOR_WORD:
        is_kept = push(&job->words, event);
        break;
    default:
        is_kept = push(&job->anchors, event);
    }
    if (!is_kept)
        job->out->is_incomplete = true;
    return 0;
}

static int compare_events(const void *a, const void *b)
{
    const struct event *x = a, *y = b;
    if (x->end != y->end)
        return x->end < y->end ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

static void sort_events(struct events *list)
{
    for (size_t i = 1; i < list->count; i++) {
        if (compare_events(&list->items[i - 1], &list->items[i]) > 0) {
            qsort(
                list->items, list->count, sizeof *list->items, compare_events);
            return;
        }
    }
}

static void drop_front(struct events *list, size_t n)
{
    if (n == 0)
        return;
    memmove(
        list->items, list->items + n, (list->count - n) * sizeof *list->items);
    list->count -= n;
}

/* ---- words ---- */

/* A short word must not stand inside another one: no letter next to it, but
 * for a camel hump (awsSecret, clientSSN). */
static bool is_word_edge(struct str text, size_t start, size_t end)
{
    unsigned char first = (unsigned char)text.p[start];
    unsigned char last = (unsigned char)text.p[end - 1];
    if (start > 0 && isalnum((unsigned char)text.p[start - 1]) &&
        isalnum(first) &&
        !(isupper(first) && islower((unsigned char)text.p[start - 1])))
        return false;
    if (end == text.n || !isalpha((unsigned char)text.p[end]) || !isalnum(last))
        return true;
    return islower(last) && isupper((unsigned char)text.p[end]);
}

enum { WORD_FREE_LENGTH = 6 }; /* so long a word may be part of another */

static void filter_words(struct scan_job *job, size_t from)
{
    size_t kept = from;
    for (size_t i = from; i < job->words.count; i++) {
        struct event *e = &job->words.items[i];
        size_t width = job->scanner->rules->anchors[e->id].width;
        if (width >= WORD_FREE_LENGTH || width > e->end ||
            is_word_edge(job->text, e->end - width, e->end))
            job->words.items[kept++] = *e;
    }
    job->words.count = kept;
}

static bool has_word_near(const struct scan_job *job,
    const struct word_set *set, size_t start, size_t end)
{
    if (set->bits == NULL)
        return false;
    size_t low = 0, high = job->words.count;
    size_t from = start > set->within ? start - set->within : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (job->words.items[middle].end < from)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t i = low; i < job->words.count; i++) {
        const struct event *e = &job->words.items[i];
        const struct anchor *a = &job->scanner->rules->anchors[e->id];
        if (e->end > end + set->within + a->width)
            return false;
        if (set->bits[a->word / 64] >> a->word % 64 & 1)
            return true;
    }
    return false;
}

/* ---- candidates ---- */

struct candidate {
    const struct rule *rule;
    const struct pattern *pattern;
    size_t start, end; /* in the view */
    struct str value;  /* digits: without separators */
    bool is_glued; /* a letter stands next to a number, or more of its like */
};

static enum level max_level(enum level a, enum level b)
{
    return a > b ? a : b;
}

static enum level level_of(
    const struct scan_job *job, const struct candidate *c, bool is_valid)
{
    const struct rule *r = c->rule;
    bool has_word = has_word_near(job, &r->keywords, c->start, c->end);
    enum level level = c->pattern->has_base ? c->pattern->base : r->base;
    if (is_valid)
        level = max_level(level, r->with_validator);
    if (c->is_glued)
        level = LEVEL_NONE;
    if (has_word)
        level = max_level(level, r->with_keyword);
    if (has_word && is_valid)
        level = max_level(level, r->with_both);
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
    struct finding *f = findings_add_ranked(job->out, level, c->rule->severity);
    if (f == NULL)
        return;
    f->start = c->start;
    f->end = c->end;
    if (job->is_second)
        norm_locate(&job->norm, c->start, c->end, &f->start, &f->end);
    f->detector = c->rule->id;
    f->type = c->rule->type;
    f->group = c->rule->group;
    f->confidence = level;
    f->severity = c->rule->severity;
    f->where = job->where;
    f->count = 1;
    bool is_number =
        c->pattern->is_digits || str_is(c->rule->group, "financial");
    f->sample = finding_mask(&job->out->arena, c->value, is_number);
    crypto_shorthash((unsigned char *)&f->value_hash,
        (const unsigned char *)c->value.p, c->value.n, job->scanner->key);
}

/* Whether it is one; true: a finding, or nothing that should be tried again
 * as something else. */
static bool judge(struct scan_job *job, struct candidate *c)
{
    const struct rule *r = c->rule;
    struct str value = c->value;
    enum check check =
        r->validator != NULL ? r->validator->run(&value) : CHECK_UNKNOWN;
    if (check == CHECK_FAIL)
        return false;
    if (!c->pattern->is_digits)
        c->end = c->start + value.n;
    c->value = value;
    if ((r->entropy > 0 && check_entropy(value) < r->entropy) ||
        is_allowed(job, c))
        return false;
    enum level level = level_of(job, c, check == CHECK_PASS);
    if (level == LEVEL_NONE)
        return false;
    report(job, c, level);
    return true;
}

/* ---- patterns ---- */

static void confirm(struct scan_job *job, const struct event *e)
{
    const struct rules *rules = job->scanner->rules;
    const struct anchor *a = &rules->anchors[e->id];
    const struct rule *rule = &rules->items[a->rule];
    const struct pattern *p = &rule->patterns[a->pattern];
    if (e->end <= job->done[a->rule])
        return; /* inside what this rule already has */
    size_t back = p->before > 0 ? p->before : a->width;
    size_t at = e->end > back ? e->end - back : 0;
    if (at < job->done[a->rule])
        at = job->done[a->rule];
    struct str subject = str_sub(job->text, 0, e->end + p->max + 1);
    struct regex_match m;
    for (int tries = 0; tries < TRIES_MAX && at < e->end &&
                        regex_match(p->regex, job->scanner->regex_scratch,
                            subject, at, e->end - 1, p->before == 0, &m);
         tries++) {
        struct candidate c = {.rule = rule,
            .pattern = p,
            .start = m.value_start,
            .end = m.value_end,
            .value = str_sub(job->text, m.value_start, m.value_end)};
        if (m.end >= e->end && judge(job, &c)) {
            job->done[a->rule] = m.end;
            return;
        }
        at = m.start + 1;
    }
}

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

static size_t read_groups(
    struct str text, size_t at, struct digit_group groups[RULE_GROUPS_MAX + 1])
{
    size_t count = 0;
    while (count <= RULE_GROUPS_MAX) {
        groups[count++] = read_group(text, at);
        at = groups[count - 1].end;
        if (at - groups[count - 1].start > 40 || at + 1 >= text.n ||
            !is_separator(text.p[at]) || !is_digit(text, at + 1))
            break;
        at++;
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

static bool try_number(struct scan_job *job, const struct rule *rule,
    const struct pattern *p, const struct digit_group *groups, size_t count,
    size_t total)
{
    char digits[RULE_GROUPS_MAX * 41];
    size_t start = groups[0].start, end = groups[count - 1].end;
    unsigned bridges = find_bridges(job->text, &groups[0], &groups[count - 1],
        count > 1 ? groups[1].separator : 0);
    bool is_within = bridges != BRIDGE_NONE && start < job->number_end;
    if ((bridges & BRIDGE_SURE) != 0 || is_within)
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

static void try_numbers(struct scan_job *job, size_t at)
{
    const struct rules *rules = job->scanner->rules;
    struct digit_group groups[RULE_GROUPS_MAX + 1];
    size_t count = read_groups(job->text, at, groups);
    for (size_t i = 0; i < rules->count; i++)
        for (size_t j = 0; j < rules->items[i].pattern_count; j++)
            if (rules->items[i].patterns[j].is_digits)
                try_pattern(job, &rules->items[i], &rules->items[i].patterns[j],
                    groups, count);
}

/* Every group of the run, in turn, as the start of a number. */
static void walk_run(
    struct scan_job *job, const struct event *run, size_t limit)
{
    struct str text = job->text;
    size_t stop = run->end < limit ? run->end : limit;
    size_t at = run->first - 1;
    if (at < job->digits_done)
        at = job->digits_done;
    while (at > job->digits_done &&
           (is_digit(text, at - 1) ||
               (is_separator(text.p[at - 1]) && at > 1 && is_digit(text, at) &&
                   is_digit(text, at - 2))))
        at--;
    while (at < stop) {
        if (!is_digit(text, at)) {
            at++;
            continue;
        }
        try_numbers(job, at);
        at = read_group(text, at).end;
    }
    if (at > job->digits_done)
        job->digits_done = at;
}

/* ---- steps ---- */

struct scan_job *scan_job_new(struct scanner *scanner, struct str text,
    enum where where, struct findings *out)
{
    struct scan_job *job = MEM_NEW(struct scan_job);
    job->scanner = scanner;
    job->source = text;
    job->text = text;
    job->where = where;
    job->out = out;
    job->first = out->count;
    job->done = mem_calloc(scanner->rules->count + 1, sizeof *job->done);
    return job;
}

void scan_job_free(struct scan_job **job)
{
    struct scan_job *j = *job;
    if (j == NULL)
        return;
    norm_free(&j->norm);
    mem_free(j->anchors.items);
    mem_free(j->words.items);
    mem_free(j->runs.items);
    mem_free(j->done);
    mem_free(j);
    *job = NULL;
}

static bool has_high_byte(struct str s)
{
    size_t i = 0;
    for (; i + 8 <= s.n; i += 8) {
        uint64_t word;
        memcpy(&word, s.p + i, sizeof word);
        if (word & UINT64_C(0x8080808080808080))
            return true;
    }
    for (; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return true;
    return false;
}

/* What ends at `limit` or before is decided now; the rest waits until what
 * follows it has been seen. */
static void decide(struct scan_job *job, size_t limit)
{
    size_t n = 0;
    for (size_t i = 0; i < job->runs.count && job->runs.items[i].first <= limit;
         i++) {
        walk_run(job, &job->runs.items[i], limit);
        n += job->runs.items[i].end <= limit;
    }
    drop_front(&job->runs, n);
    for (n = 0; n < job->anchors.count && job->anchors.items[n].end <= limit;
         n++)
        confirm(job, &job->anchors.items[n]);
    drop_front(&job->anchors, n);
    for (n = 0; n < job->words.count &&
                job->words.items[n].end + REACH + RULE_BEFORE_MAX <= limit;
         n++)
        ;
    drop_front(&job->words, n);
}

static void scan_slice(struct scan_job *job)
{
    size_t to = job->text.n - job->pos > SCAN_STEP_BYTES
                    ? job->pos + SCAN_STEP_BYTES
                    : job->text.n;
    size_t words = job->words.count;
    job->slice_start =
        job->pos > RULE_ANCHOR_MAX ? job->pos - RULE_ANCHOR_MAX : 0;
    struct str slice = str_sub(job->text, job->slice_start, to);
    if (!job->is_second)
        job->has_high_bytes = job->has_high_bytes || has_high_byte(slice);
    if (slice.n > 0 &&
        hs_scan(job->scanner->database, slice.p, (unsigned)slice.n, 0,
            job->scanner->scratch, on_match, job) != HS_SUCCESS)
        job->out->is_incomplete = true;
    job->pos = to;
    filter_words(job, words);
    sort_events(&job->anchors);
    sort_events(&job->words);
    bool is_last = to == job->text.n;
    decide(job, is_last ? SIZE_MAX : to > REACH ? to - REACH : 0);
    job->is_scanned = is_last;
}

static void begin_second(struct scan_job *job)
{
    job->is_second = true;
    job->is_scanned = false;
    job->text = buf_str(&job->norm.text);
    job->pos = 0;
    job->digits_done = 0;
    job->words.count = job->anchors.count = job->runs.count = 0;
    job->number_end = 0;
    memset(job->done, 0, job->scanner->rules->count * sizeof *job->done);
}

/* ---- the end: one finding a value ---- */

static int compare_findings(const void *a, const void *b)
{
    const struct finding *x = a, *y = b;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    if (x->end != y->end)
        return x->end > y->end ? -1 : 1;
    if (finding_rank(x) != finding_rank(y))
        return finding_rank(x) > finding_rank(y) ? -1 : 1;
    return str_compare(x->detector, y->detector);
}

/* Of two findings that share bytes one goes: of one type the weaker or
 * shorter; of two types the one inside a token that is at least as sure. */
static bool is_covered(const struct finding *f, const struct finding *by)
{
    if (f->start >= by->end || by->start >= f->end)
        return false;
    bool is_inside = f->start >= by->start && f->end <= by->end;
    if (str_eq(f->type, by->type))
        return finding_rank(f) < finding_rank(by) ||
               (finding_rank(f) == finding_rank(by) && is_inside);
    return is_inside && f->confidence <= by->confidence &&
           str_is(by->group, "secret");
}

static void finish(struct scan_job *job)
{
    if (job->out->count <= job->first)
        return;
    struct finding *items = job->out->items + job->first;
    size_t count = job->out->count - job->first, kept = 0;
    qsort(items, count, sizeof *items, compare_findings);
    for (size_t i = 0; i < count; i++) {
        bool is_out = false;
        for (size_t j = 0; j < kept && !is_out; j++)
            is_out = is_covered(&items[i], &items[j]);
        if (is_out)
            continue;
        size_t n = 0;
        for (size_t j = 0; j < kept; j++)
            if (!is_covered(&items[j], &items[i]))
                items[n++] = items[j];
        items[n] = items[i];
        kept = n + 1;
    }
    job->out->count = job->first + kept;
}

bool scan_job_step(struct scan_job *job)
{
    if (!job->is_scanned) {
        scan_slice(job);
        if (!job->is_scanned)
            return true;
        if (!job->is_second && job->has_high_bytes) {
            norm_begin(&job->norm, job->source);
            return true;
        }
    } else if (!job->is_second) {
        if (norm_step(&job->norm, SCAN_STEP_BYTES))
            return true;
        if (job->norm.is_changed) {
            begin_second(job);
            return true;
        }
    }
    finish(job);
    return false;
}

void scan_text(struct scanner *scanner, struct str text, enum where where,
    struct findings *out)
{
    struct scan_job *job = scan_job_new(scanner, text, where, out);
    while (scan_job_step(job))
        ;
    scan_job_free(&job);
}
