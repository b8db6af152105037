/*
 * The data files of the detectors: opened for a scanner, and asked about each
 * text of a job.  A scanner without such detectors does nothing here.
 */
#include "base/datafile.h"
#include "base/mem.h"
#include "inspect/fingerprint.h"
#include "inspect/scan_job.h"

/* A detector of kind fingerprint that has documents. */
struct scan_fingerprint {
    const struct rule *rule;
    struct fingerprint_set *set;
    bool is_owner; /* detectors of the same file share its set */
};

struct scan_data {
    struct scan_fingerprint *fingerprints;
    size_t count;
};

/* ---- scanner ---- */

static const struct scan_fingerprint *find_open(
    const struct scan_data *data, struct str path)
{
    for (size_t i = 0; i < data->count; i++)
        if (str_eq(data->fingerprints[i].rule->fingerprint->path, path))
            return &data->fingerprints[i];
    return NULL;
}

static void add_fingerprint(
    struct scan_data *data, const struct scan_fingerprint *one)
{
    data->fingerprints = mem_realloc(
        data->fingerprints, (data->count + 1) * sizeof *data->fingerprints);
    data->fingerprints[data->count++] = *one;
}

/* A set that was never made has no documents. */
static enum err open_fingerprint(struct scan_data *data,
    const struct rule *rule, struct str files, struct diag *diag)
{
    struct str bytes, path = rule->fingerprint->path;
    struct scan_fingerprint one = {.rule = rule};
    const struct scan_fingerprint *open = find_open(data, path);
    if (open != NULL) {
        one.set = open->set;
        add_fingerprint(data, &one);
        return OK;
    }
    enum err err = datafile_find(files, path, &bytes);
    if (err == ERR_NOT_FOUND)
        return OK;
    if (err == OK)
        err = fingerprint_set_open(bytes, &one.set);
    if (err != OK) {
        diag_add(diag, rule->file, rule->line, "%.*s: %.*s: %s",
            STR_ARG(rule->id), STR_ARG(path),
            err == ERR_UNSUPPORTED
                ? "fingerprints of another version: add the documents anew"
                : "the file of fingerprints is damaged");
        return ERR_CONFIG;
    }
    one.is_owner = true;
    add_fingerprint(data, &one);
    return OK;
}

enum err scanner_attach(
    struct scanner *scanner, struct str data, struct diag *diag)
{
    const struct rules *rules = scanner->rules;
    enum err err = OK;
    if (rules->data_count == 0)
        return OK;
    scan_data_free(&scanner->data);
    scanner->data = MEM_NEW(struct scan_data);
    for (size_t i = 0; i < rules->count && err == OK; i++)
        if (rules->items[i].fingerprint != NULL)
            err = open_fingerprint(scanner->data, &rules->items[i], data, diag);
    return err == OK ? scan_edm_attach(scanner, data, diag) : err;
}

void scan_data_free(struct scan_data **data)
{
    struct scan_data *d = *data;
    if (d == NULL)
        return;
    for (size_t i = 0; i < d->count; i++)
        if (d->fingerprints[i].is_owner)
            fingerprint_set_free(&d->fingerprints[i].set);
    mem_free(d->fingerprints);
    mem_free(d);
    *data = NULL;
}

/* ---- jobs ---- */

bool scan_data_step(struct scan_job *job)
{
    const struct scan_data *data = job->scanner->data;
    if (data == NULL || job->data_at == data->count)
        return false;
    const struct scan_fingerprint *f = &data->fingerprints[job->data_at];
    if (job->match == NULL)
        job->match = fingerprint_match_new(f->set, f->rule, job->source);
    if (fingerprint_match_step(job->match, SCAN_STEP_BYTES))
        return true;
    fingerprint_match_report(job->match, job->where, job->out);
    fingerprint_match_free(&job->match);
    job->data_at++;
    return true;
}
