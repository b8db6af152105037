/*
 * The time of each anchor alone on one text, as a multiple of what a word that
 * is not in the text takes at the same moment: one slow anchor in a thousand
 * costs most of what the others leave.  Prints those above the limit and ends
 * with 1 if one is not on the list of reviewed ones.
 *
 *     anchors TEXT LIMIT REVIEWED DETECTORS.yaml…
 */
#include <hs/hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "inspect/rule.h"

enum {
    ROUNDS = 7,
    TRIES = 10, /* for one that seems slow: the machine may have been */
    TEXT_MAX = 4 << 20,
};

static struct buf read_whole(const char *path)
{
    struct buf text = {0};
    FILE *file = fopen(path, "r");
    size_t n = 1;
    if (file == NULL) {
        perror(path);
        exit(2);
    }
    while (n > 0 && text.n < TEXT_MAX) {
        n = fread(buf_reserve(&text, 65536), 1, 65536, file);
        buf_commit(&text, n);
    }
    fclose(file);
    return text;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int on_match(unsigned id, unsigned long long from, unsigned long long to,
    unsigned flags, void *context)
{
    (void)id, (void)from, (void)to, (void)flags;
    ++*(size_t *)context;
    return 0;
}

struct probe {
    hs_database_t *database;
    hs_scratch_t *scratch;
    size_t hits;
    double best; /* seconds for the text */
};

static struct probe probe_new(const char *expression, unsigned flags)
{
    struct probe p = {.best = 1e9};
    hs_compile_error_t *error = NULL;
    if (hs_compile(expression, flags, HS_MODE_BLOCK, NULL, &p.database,
            &error) != HS_SUCCESS ||
        hs_alloc_scratch(p.database, &p.scratch) != HS_SUCCESS)
        exit(2);
    return p;
}

static void probe_free(struct probe *p)
{
    hs_free_scratch(p->scratch);
    hs_free_database(p->database);
}

static void probe_run(struct probe *p, struct str text)
{
    double from = seconds();
    p->hits = 0;
    hs_scan(p->database, text.p, (unsigned)text.n, 0, p->scratch, on_match,
        &p->hits);
    double took = seconds() - from;
    p->best = took < p->best ? took : p->best;
}

/* The best of a few rounds, in turns with a word that is nowhere. */
static double measure(
    const struct anchor *a, struct str text, double limit, size_t *hits_out)
{
    unsigned flags = HS_FLAG_DOTALL | (a->nocase ? HS_FLAG_CASELESS : 0);
    struct probe nowhere = probe_new("qzjxvkwq", flags);
    struct probe anchor = probe_new(a->expression, flags);
    double ratio = 0;
    for (int i = 0; i < TRIES; i++) {
        for (int j = 0; j < ROUNDS; j++) {
            probe_run(&nowhere, text);
            probe_run(&anchor, text);
        }
        ratio = anchor.best / nowhere.best;
        if (ratio <= limit)
            break;
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    *hits_out = anchor.hits;
    probe_free(&nowhere);
    probe_free(&anchor);
    return ratio;
}

static bool is_reviewed(struct str list, const char *expression)
{
    struct str line;
    while (str_split(&list, '\n', &line))
        if (str_is(line, expression))
            return true;
    return false;
}

int main(int argc, char **argv)
{
    struct bundle bundle = {0};
    struct diag diag = {0};
    int status = 0;
    if (argc < 5)
        return 2;
    struct buf text = read_whole(argv[1]), reviewed = read_whole(argv[3]);
    double limit = atof(argv[2]);
    for (int i = 4; i < argc; i++) {
        struct buf file = read_whole(argv[i]);
        bundle_add(&bundle, BUNDLE_DETECTORS, str_of(argv[i]), buf_str(&file));
        buf_free(&file);
    }
    struct rules *rules = rules_load(&bundle, &diag);
    if (rules == NULL) {
        fputs(buf_cstr(&diag.text), stderr);
        return 2;
    }
    for (size_t i = 0; i < rules->anchor_count; i++) {
        const struct anchor *a = &rules->anchors[i];
        size_t hits = 0;
        if (a->kind == ANCHOR_WORD) /* these run around candidates only */
            continue;
        double ratio = measure(a, buf_str(&text), limit, &hits);
        if (ratio <= limit)
            continue;
        bool is_known = is_reviewed(buf_str(&reviewed), a->expression);
        printf("%s:%u: %.1f times a rare word, %zu hits: %s%s\n", a->file,
            a->line, ratio, hits, a->expression, is_known ? " (reviewed)" : "");
        status |= !is_known;
    }
    rules_free(&rules);
    return status;
}
