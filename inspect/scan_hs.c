/*
 * Text to findings.  Hyperscan says where anchors and keywords end, C does
 * the rest: match the whole pattern at the anchor, collect the digits of a
 * run, validate, look for words near by, decide the confidence.
 *
 * A job goes over the text in slices that overlap by the widest anchor, and
 * confirms an anchor only when everything that may bear on it has been seen;
 * so the findings do not depend on where slices end.  A text with a byte of
 * 0x80 or above, or a control character, is gone over a second time as norm.c
 * sees it.
 */
#include "inspect/scan.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/mem.h"
#include "inspect/finding.h"
#include "inspect/fingerprint.h"
#include "inspect/rules_hs.h"
#include "inspect/scan_job.h"

enum {
    /* A match reaches at most so far behind its anchor, words included. */
    REACH = RULE_VALUE_MAX + RULE_WITHIN_MAX + 256,
    EVENTS_MAX = 1 << 20, /* of one kind, in one slice */
    TRIES_MAX = 8,        /* starts of a match around one anchor */
};

static void free_memory(struct scan_job *job);

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

/* The next database of the payload; an empty one stays NULL. */
static bool open_database(
    struct str *payload, const char *info, hs_database_t **database_out)
{
    uint64_t n = 0;
    if (payload->n < sizeof n)
        return false;
    memcpy(&n, payload->p, sizeof n);
    *payload = str_sub(*payload, sizeof n, payload->n);
    if (n == 0)
        return true;
    if (n > payload->n || hs_deserialize_database(payload->p, (size_t)n,
                              database_out) != HS_SUCCESS)
        return false;
    *payload = str_sub(*payload, (size_t)(n + 7) / 8 * 8, payload->n);
    return is_ours(*database_out, info);
}

/* The same, with scratch for it. */
static bool open_scanned(struct scanner *s, struct str *payload,
    const char *info, hs_database_t **database_out)
{
    return open_database(payload, info, database_out) &&
           (*database_out == NULL ||
               hs_alloc_scratch(*database_out, &s->scratch) == HS_SUCCESS);
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
    bool is_good = open_scanned(s, &payload, header.info, &s->database);
    for (size_t i = 0; i < WORD_KINDS; i++)
        is_good =
            is_good && open_scanned(s, &payload, header.info, &s->words[i]);
    if (!is_good) {
        scanner_free(&s);
        return ERR_UNSUPPORTED;
    }
    s->regex_scratch = regex_scratch_new();
    s->token_forms =
        mem_calloc(rules->token_form_words, sizeof *s->token_forms);
    *scanner_out = s;
    return OK;
}

void scanner_free(struct scanner **scanner)
{
    struct scanner *s = *scanner;
    if (s == NULL)
        return;
    if (s->spare != NULL)
        free_memory(s->spare);
    scan_edm_detach(s);
    hs_free_scratch(s->scratch);
    hs_free_database(s->database);
    for (size_t i = 0; i < WORD_KINDS; i++)
        hs_free_database(s->words[i]);
    regex_scratch_free(&s->regex_scratch);
    mem_free(s->token_forms);
    scan_data_free(&s->data);
    mem_free(s);
    *scanner = NULL;
}

/* ---- events ---- */

bool events_push(struct events *list, struct event event)
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
    if (!events_push(&job->anchors, (struct event){end, id}))
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

/* ---- patterns ---- */

static void confirm(struct scan_job *job, const struct event *e)
{
    const struct rules *rules = job->scanner->rules;
    const struct anchor *a = &rules->anchors[e->id];
    const struct rule *rule = &rules->items[a->rule];
    const struct pattern *p = &rule->patterns[a->pattern];
    if (e->end <= job->done[a->rule] || !judge_wants(job, rule))
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
            job->is_done_used = true;
            return;
        }
        at = m.start + 1;
    }
}

/* ---- steps ---- */

static void forget_done(struct scan_job *job)
{
    if (job->is_done_used)
        memset(job->done, 0, job->scanner->rules->count * sizeof *job->done);
    job->is_done_used = false;
}

/* A job with the memory of the last one, which most texts fit. */
static struct scan_job *take_spare(struct scanner *scanner)
{
    struct scan_job *job = scanner->spare;
    scanner->spare = NULL;
    if (job == NULL) {
        job = MEM_NEW(struct scan_job);
        job->done = mem_calloc(scanner->rules->count + 1, sizeof *job->done);
        return job;
    }
    forget_done(job);
    struct scan_job empty = {.done = job->done,
        .marks = job->marks,
        .view_marks = job->view_marks,
        .view_edits = job->view_edits,
        .slice_heads = job->slice_heads,
        .slice_head_cap = job->slice_head_cap,
        .anchors = job->anchors};
    memcpy(empty.words, job->words, sizeof empty.words);
    *job = empty;
    job->marks.to = job->view_marks.to = 0;
    job->anchors.count = 0;
    return job;
}

struct scan_job *scan_job_new(struct scanner *scanner, struct str text,
    enum where where, struct findings *out)
{
    struct scan_job *job = take_spare(scanner);
    job->scanner = scanner;
    job->source = text;
    job->text = text;
    job->where = where;
    job->out = out;
    job->first = out->count;
    return job;
}

static void free_memory(struct scan_job *job)
{
    marks_free(&job->marks);
    marks_free(&job->view_marks);
    view_edits_free(&job->view_edits);
    mem_free(job->anchors.items);
    mem_free(job->slice_heads);
    words_free(job);
    mem_free(job->done);
    mem_free(job);
}

/* Of a text of usual size. */
static bool is_worth_keeping(const struct scan_job *job)
{
    enum { BLOCKS_MAX = 4096, EDITS_MAX = 1024, BYTES_MAX = 65536 };
    return job->marks.cap <= BLOCKS_MAX && job->view_marks.cap <= BLOCKS_MAX &&
           marks_numbers_cap(&job->marks) <= BYTES_MAX &&
           marks_numbers_cap(&job->view_marks) <= BYTES_MAX &&
           job->anchors.cap <= EDITS_MAX &&
           job->words[WORDS_OF_TOKENS].events.cap <= EDITS_MAX &&
           job->words[WORDS_OTHER].events.cap <= EDITS_MAX &&
           job->view_edits.cap <= EDITS_MAX &&
           job->view_edits.bytes.cap <= BYTES_MAX;
}

void scan_job_free(struct scan_job **job)
{
    struct scan_job *j = *job;
    if (j == NULL)
        return;
    scan_edm_free(j);
    norm_free(&j->norm);
    fingerprint_match_free(&j->match);
    if (j->scanner->spare == NULL && is_worth_keeping(j))
        j->scanner->spare = j;
    else
        free_memory(j);
    *job = NULL;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Covers what was not walked over yet. */
static void mark(struct scan_job *job, size_t to)
{
    size_t from = smaller(smaller(job->digits_done, job->shapes_done),
        smaller(job->tokens_done, job->terms_done));
    if (!marks_cover(&job->marks, job->text, from, to)) {
        if (job->layer != NULL)
            marks_make_bits(&job->marks, job->text, from, to);
        else
            marks_make(&job->marks, job->text, from, to);
    }
    if (!job->is_second && job->layer == NULL)
        job->has_odd_bytes = job->has_odd_bytes || job->marks.has_odd;
}

/* What ends at `limit` or before is decided now; the rest waits until what
 * follows it has been seen. */
static void decide(struct scan_job *job, size_t limit)
{
    const struct rules *rules = job->scanner->rules;
    size_t n = 0;
    if (!job->is_turned || rules->has_secret_digits)
        walk_digits(job, limit);
    if (!job->is_turned || rules->has_secret_shapes)
        walk_shapes(job, limit);
    walk_tokens(job, limit);
    if (!job->is_turned || rules->has_secret_terms)
        walk_terms(job, limit);
    for (n = 0; n < job->anchors.count && job->anchors.items[n].end <= limit;
         n++)
        confirm(job, &job->anchors.items[n]);
    drop_front(&job->anchors, n);
}

static void scan_slice(struct scan_job *job)
{
    size_t to = job->text.n - job->pos > SCAN_STEP_BYTES
                    ? job->pos + SCAN_STEP_BYTES
                    : job->text.n;
    job->slice_start =
        job->pos > RULE_ANCHOR_MAX ? job->pos - RULE_ANCHOR_MAX : 0;
    struct str slice = str_sub(job->text, job->slice_start, to);
    mark(job, to);
    if (slice.n > 0 && job->scanner->database != NULL &&
        hs_scan(job->scanner->database, slice.p, (unsigned)slice.n, 0,
            job->scanner->scratch, on_match, job) != HS_SUCCESS)
        job->out->is_incomplete = true;
    job->pos = to;
    sort_events(&job->anchors);
    words_begin(job,
        job->decided > RULE_BEFORE_MAX + RULE_WITHIN_MAX
            ? job->decided - RULE_BEFORE_MAX - RULE_WITHIN_MAX
            : 0,
        to);
    bool is_last = to == job->text.n;
    decide(job, is_last ? SIZE_MAX : to > REACH ? to - REACH : 0);
    job->decided = to > REACH ? to - REACH : 0;
    job->is_scanned = is_last;
}

static void begin_text(struct scan_job *job, struct str text)
{
    job->is_scanned = false;
    job->text = text;
    job->marks.to = 0; /* another text may stand in the same place */
    job->pos = 0;
    job->digits_done = job->shapes_done = 0;
    job->tokens_done = job->terms_done = 0;
    job->last_word = (struct term_word){0};
    job->anchors.count = job->decided = 0;
    job->number_end = 0;
    job->long_in_row = job->number_next = 0;
    forget_done(job);
}

void scan_whole(struct scan_job *job, struct str text)
{
    begin_text(job, text);
    while (!job->is_scanned)
        scan_slice(job);
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

/* Of two findings that share bytes one goes: a guess; of one type the weaker
 * or shorter; of two the one inside a token that is at least as sure, and a
 * number that is surely another one. */
static bool is_covered(const struct finding *f, const struct finding *by)
{
    if (f->start >= by->end || by->start >= f->end || f->is_apart ||
        by->is_apart || str_is(f->group, "topic") != str_is(by->group, "topic"))
        return false;
    bool is_inside = f->start >= by->start && f->end <= by->end;
    bool is_same_kind = str_eq(f->group, by->group);
    if (is_same_kind && f->gives_way != by->gives_way)
        return f->gives_way && by->severity >= f->severity;
    if (str_eq(f->type, by->type) || (is_same_kind && f->gives_way)) {
        int less = finding_rank(by) - finding_rank(f);
        const struct finding *sent = f->is_derived ? by : f;
        const struct finding *shown = f->is_derived ? f : by;
        if (less == 0 && shown->is_derived && !sent->is_derived)
            return (2 * (sent->end - sent->start) >=
                       shown->end - shown->start) == f->is_derived;
        return less > 0 || (less == 0 && is_inside);
    }
    if (str_is(by->group, "secret"))
        return is_inside && f->confidence <= by->confidence &&
               f->severity <= by->severity;
    return !str_is(f->group, "secret") && f->confidence < by->confidence &&
           by->severity >= f->severity;
}

static void finish(struct scan_job *job)
{
    if (job->out->count <= job->first)
        return;
    struct finding *items = job->out->items + job->first;
    size_t count = job->out->count - job->first, kept = 0, past = 0;
    qsort(items, count, sizeof *items, compare_findings);
    for (size_t i = 0; i < count; i++) {
        bool is_out = false;
        while (past < kept && items[past].end <= items[i].start)
            past++; /* all that follow begin behind it, too */
        for (size_t j = past; j < kept && !is_out; j++)
            is_out = is_covered(&items[i], &items[j]);
        if (is_out)
            continue;
        size_t n = past;
        for (size_t j = past; j < kept; j++)
            if (!is_covered(&items[j], &items[i]))
                items[n++] = items[j];
        items[n] = items[i];
        kept = n + 1;
    }
    job->out->count = job->first + kept;
}

/* The source, then the norm of it if that differs; true while there is more. */
static bool step_texts(struct scan_job *job)
{
    if (!job->is_scanned) {
        scan_slice(job);
        if (job->is_scanned && !job->is_second && job->has_odd_bytes) {
            norm_begin(&job->norm, job->source);
            return true;
        }
        return !job->is_scanned;
    }
    if (job->is_second || !job->has_odd_bytes)
        return false;
    if (norm_step(&job->norm, SCAN_STEP_BYTES))
        return true;
    if (!job->norm.is_changed)
        return false;
    job->is_second = true;
    begin_text(job, buf_str(&job->norm.text));
    return true;
}

/* Those of a text of one slice are as good for its views. */
static void swap_marks(struct scan_job *job)
{
    struct marks marks = job->marks;
    job->marks = job->view_marks;
    job->view_marks = marks;
}

bool scan_job_step(struct scan_job *job)
{
    if (!job->is_viewing) {
        job->is_viewing = !step_texts(job);
        if (job->is_viewing)
            swap_marks(job);
        return true;
    }
    if (scan_edm_step(job))
        return true;
    if (!job->is_viewed) {
        job->is_viewed = !scan_views_step(job);
        if (job->is_viewed)
            finish(job);
        return true;
    }
    return scan_data_step(job);
}

void scan_text(struct scanner *scanner, struct str text, enum where where,
    struct findings *out)
{
    struct scan_job *job = scan_job_new(scanner, text, where, out);
    while (scan_job_step(job))
        ;
    scan_job_free(&job);
}
