/*
 * The speed of each anchor alone, in MB a second of CPU time on one text: one
 * slow anchor in a thousand costs most of what the others leave.  Prints those
 * below the limit and ends with 1 if one is not on the list of reviewed ones.
 *
 *     anchors TEXT LIMIT REVIEWED DETECTORS.yaml…
 */
#include <hs/hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "inspect/rule.h"

enum { ROUNDS_MAX = 7, TEXT_MAX = 4 << 20 };

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

/* The best of a few rounds: what the machine does besides is not its fault. */
static double measure(const struct anchor *a, struct str text, size_t *hits)
{
    hs_database_t *database = NULL;
    hs_scratch_t *scratch = NULL;
    hs_compile_error_t *error = NULL;
    unsigned flags = HS_FLAG_DOTALL | (a->nocase ? HS_FLAG_CASELESS : 0);
    double best = 1e9;
    if (hs_compile(a->expression, flags, HS_MODE_BLOCK, NULL, &database,
            &error) != HS_SUCCESS ||
        hs_alloc_scratch(database, &scratch) != HS_SUCCESS)
        exit(2);
    for (int i = 0; i < ROUNDS_MAX; i++) {
        double from = seconds();
        *hits = 0;
        hs_scan(database, text.p, (unsigned)text.n, 0, scratch, on_match, hits);
        double took = seconds() - from;
        best = took < best ? took : best;
    }
    hs_free_scratch(scratch);
    hs_free_database(database);
    return (double)text.n / best / 1e6;
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
        double speed = measure(a, buf_str(&text), &hits);
        if (speed >= limit)
            continue;
        bool is_known = is_reviewed(buf_str(&reviewed), a->expression);
        printf("%s:%u: %7.0f MB/s, %zu hits: %s%s\n", a->file, a->line, speed,
            hits, a->expression, is_known ? " (reviewed)" : "");
        status |= !is_known;
    }
    rules_free(&rules);
    return status;
}
