/*
 * Exact data match as a stage of a scan: the tables that detectors of kind edm
 * name, opened once for a scanner; the text, and what views show of it, walked
 * by inspect/edm_walk.c; rows become findings.  Folding is the walk's own, so
 * the norm of a text need not be looked through.
 */
#include "base/datafile.h"
#include "base/mem.h"
#include "inspect/finding.h"
#include "inspect/scan_job.h"

struct table {
    struct str path;
    struct edm_index *index;
    struct edm_head head;
};

struct scan_edm {
    struct table tables[EDM_INDEXES_MAX];
    size_t table_count;
    struct edm_detector detectors[EDM_DETECTORS_MAX];
    const struct rule *rules[EDM_DETECTORS_MAX];
    size_t count;
};

/* ---- tables ---- */

static void complain(
    struct diag *diag, const struct rule *rule, const char *why)
{
    diag_add(diag, rule->file, rule->line, "%.*s: the index %.*s %s",
        STR_ARG(rule->id), STR_ARG(rule->edm->path), why);
}

static struct table *find_table(struct scan_edm *edm, struct str path)
{
    for (size_t i = 0; i < edm->table_count; i++)
        if (str_eq(edm->tables[i].path, path))
            return &edm->tables[i];
    return NULL;
}

static struct table *open_table(struct scan_edm *edm, struct str data,
    const struct rule *rule, struct diag *diag)
{
    struct str bytes = STR_NONE;
    size_t head_bytes;
    const char *why = "";
    if (edm->table_count == EDM_INDEXES_MAX) {
        complain(diag, rule, "is one too many");
        return NULL;
    }
    struct table *t = &edm->tables[edm->table_count];
    t->path = rule->edm->path;
    if (datafile_find(data, t->path, &bytes) != OK) {
        complain(diag, rule, "is not there; promptgate edm build makes it");
        return NULL;
    }
    if (edm_head_read(bytes, &t->head, &head_bytes) != OK) {
        complain(diag, rule, "is not one that promptgate edm build made");
        return NULL;
    }
    if (edm_index_open(
            str_sub(bytes, EDM_HEAD_MAX, bytes.n), &t->index, &why) != OK) {
        complain(diag, rule, why);
        return NULL;
    }
    edm->table_count++;
    return t;
}

static uint64_t find_columns(const struct table *t, const struct rule *rule,
    const struct str *names, size_t count, struct diag *diag)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t c = 0;
        while (c < t->head.column_count &&
               !str_is(names[i], t->head.columns[c].name))
            c++;
        if (c < t->head.column_count && c < edm_index_columns(t->index)) {
            bits |= UINT64_C(1) << c;
            continue;
        }
        struct buf all = {0};
        for (c = 0; c < t->head.column_count; c++)
            buf_printf(
                &all, "%s%s", c == 0 ? "" : ", ", t->head.columns[c].name);
        diag_add(diag, rule->file, rule->line,
            "%.*s: column \"%.*s\" is not one of the index: %s",
            STR_ARG(rule->id), STR_ARG(names[i]), buf_cstr(&all));
        buf_free(&all);
    }
    return bits;
}

static void attach_rule(struct scan_edm *edm, struct str data,
    const struct rule *rule, struct diag *diag)
{
    const struct rule_edm *r = rule->edm;
    struct table *t = find_table(edm, r->path);
    if (t == NULL)
        t = open_table(edm, data, rule, diag);
    if (t == NULL)
        return;
    if (edm->count == EDM_DETECTORS_MAX) {
        complain(diag, rule, "has too many detectors");
        return;
    }
    edm->rules[edm->count] = rule;
    edm->detectors[edm->count++] =
        (struct edm_detector){.index = (size_t)(t - edm->tables),
            .columns = find_columns(t, rule, r->columns, r->column_count, diag),
            .always = find_columns(t, rule, r->always, r->always_count, diag),
            .match = r->match,
            .within = r->within};
}

enum err scan_edm_attach(
    struct scanner *scanner, struct str data, struct diag *diag)
{
    size_t before = diag->count;
    const struct rules *rules = scanner->rules;
    for (size_t i = 0; i < rules->count; i++) {
        if (rules->items[i].edm == NULL)
            continue;
        if (scanner->edm == NULL)
            scanner->edm = MEM_NEW(struct scan_edm);
        attach_rule(scanner->edm, data, &rules->items[i], diag);
    }
    return diag->count == before ? OK : ERR_CONFIG;
}

void scan_edm_detach(struct scanner *scanner)
{
    struct scan_edm *edm = scanner->edm;
    for (size_t i = 0; edm != NULL && i < edm->table_count; i++)
        edm_index_free(&edm->tables[i].index);
    mem_free(edm);
    scanner->edm = NULL;
}

/* ---- findings ---- */

struct told {
    struct scan_job *job;
    struct str text;
};

/* "account ••••5678, name ••••": which cells, never a value. */
static struct str describe(const struct told *told, const struct table *t,
    const struct edm_match *match)
{
    struct buf out = {0};
    struct arena *arena = &told->job->out->arena;
    for (uint32_t c = 0; c < t->head.column_count; c++) {
        if ((match->columns >> c & 1) == 0)
            continue;
        struct str value =
            str_sub(told->text, match->cells[c].start, match->cells[c].end);
        buf_printf(
            &out, "%s%s ", out.n > 0 ? ", " : "", t->head.columns[c].name);
        buf_append_str(&out, finding_mask(arena, value,
                                 t->head.columns[c].type == EDM_TYPE_NUMBER));
    }
    struct str kept = arena_copy(arena, buf_str(&out));
    buf_free(&out);
    return kept;
}

static uint64_t hash_row(
    const struct scan_job *job, const struct edm_match *match)
{
    const uint64_t what[2] = {match->detector, match->row};
    uint64_t hash;
    crypto_shorthash((unsigned char *)&hash, (const unsigned char *)what,
        sizeof what, job->scanner->key);
    return hash;
}

static bool is_known(const struct scan_job *job, const struct finding *f)
{
    for (size_t i = job->first; i < job->out->count; i++) {
        const struct finding *other = &job->out->items[i];
        if (other->is_apart && other->value_hash == f->value_hash &&
            other->start <= f->end && f->start <= other->end)
            return true;
    }
    return false;
}

static void on_match(void *owner, const struct edm_match *match)
{
    const struct told *told = owner;
    struct scan_job *job = told->job;
    const struct scan_edm *edm = job->scanner->edm;
    const struct rule *rule = edm->rules[match->detector];
    struct finding found = {.detector = rule->id,
        .type = rule->type,
        .group = rule->group,
        .confidence = rule->base,
        .severity = rule->severity,
        .where = job->where,
        .count = 1,
        .start = match->start,
        .end = match->end,
        .value_hash = hash_row(job, match),
        .is_apart = true};
    if (!scan_views_locate(job, &found.start, &found.end) ||
        (job->layer != NULL && is_known(job, &found)))
        return;
    struct finding *f =
        findings_add_ranked(job->out, rule->base, rule->severity);
    if (f == NULL)
        return;
    found.sample = describe(
        told, &edm->tables[edm->detectors[match->detector].index], match);
    *f = found;
}

/* ---- walking ---- */

struct scan_edm_job {
    struct edm_walk *walk;
    size_t table; /* being walked for */
    struct told told;
};

static struct edm_walk *begin_walk(struct told *told, size_t table)
{
    const struct scan_edm *edm = told->job->scanner->edm;
    return edm_walk_new(edm->tables[table].index, edm->detectors, edm->count,
        table, told->text, on_match, told);
}

bool scan_edm_step(struct scan_job *job)
{
    const struct scan_edm *edm = job->scanner->edm;
    if (edm == NULL)
        return false;
    if (job->edm == NULL) {
        job->edm = MEM_NEW(struct scan_edm_job);
        job->edm->told = (struct told){job, job->source};
    }
    struct scan_edm_job *e = job->edm;
    if (e->table == edm->table_count)
        return false;
    bool was_second = job->is_second; /* offsets are the source's */
    job->is_second = false;
    if (e->walk == NULL)
        e->walk = begin_walk(&e->told, e->table);
    if (!edm_walk_step(e->walk, SCAN_STEP_BYTES)) {
        edm_walk_free(&e->walk);
        e->table++;
    }
    job->is_second = was_second;
    return true;
}

void scan_edm_view(struct scan_job *job, struct str text)
{
    const struct scan_edm *edm = job->scanner->edm;
    struct told told = {job, text};
    for (size_t i = 0; edm != NULL && i < edm->table_count; i++) {
        struct edm_walk *walk = begin_walk(&told, i);
        while (edm_walk_step(walk, SCAN_STEP_BYTES))
            continue;
        edm_walk_free(&walk);
    }
}

void scan_edm_free(struct scan_job *job)
{
    if (job->edm != NULL)
        edm_walk_free(&job->edm->walk);
    mem_free(job->edm);
    job->edm = NULL;
}
