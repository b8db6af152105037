/*
 * How fast the detection engine is: each text of a file (divided by NUL)
 * through hs_scan alone with the shipped database, then end to end
 * (inspect/scan.h: normalised, scanned, looked through, validated), on one
 * core.  Prints MB/s of both, best and median of the rounds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "inspect/rules.h"
#include "inspect/scan_job.h"
#include "tests/unit/detectors.h"

enum { ROUNDS = 15 };

static struct scanner *load(void)
{
    static struct buf database;
    struct bundle bundle = {0};
    struct diag diag = {0};
    struct scanner *scanner;
    add_shipped_detectors(&bundle);
    struct rules *rules = rules_load(&bundle, &diag);
    if (rules == NULL || rules_compile(rules, &diag, &database) != OK ||
        scanner_new(rules, buf_str(&database), &scanner) != OK) {
        fprintf(
            stderr, "the detectors cannot be loaded\n%s", buf_cstr(&diag.text));
        exit(1);
    }
    bundle_free(&bundle);
    return scanner;
}

static int ignore(unsigned id, unsigned long long from, unsigned long long to,
    unsigned flags, void *context)
{
    (void)id;
    (void)from;
    (void)to;
    (void)flags;
    (void)context;
    return 0;
}

static void scan_raw(struct scanner *scanner, struct str text)
{
    if (scanner->database != NULL && text.n > 0)
        hs_scan(scanner->database, text.p, (unsigned)text.n, 0,
            scanner->scratch, ignore, NULL);
}

static void scan_all(struct scanner *scanner, struct str text)
{
    struct findings found = {0};
    scan_text(scanner, text, WHERE_PROMPT, &found);
    findings_free(&found);
}

/* Of this process: what else the machine does does not count. */
static double cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static double measure(struct scanner *scanner, struct str texts,
    void (*scan)(struct scanner *, struct str), const char *name)
{
    double rates[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        double began = cpu_us();
        for (size_t at = 0; at < texts.n;) {
            const char *end = memchr(texts.p + at, '\0', texts.n - at);
            size_t to = end != NULL ? (size_t)(end - texts.p) : texts.n;
            scan(scanner, str_sub(texts, at, to));
            at = to + 1;
        }
        double took = cpu_us() - began;
        rates[round] = (double)texts.n / took;
    }
    qsort(rates, ROUNDS, sizeof *rates, compare);
    printf("%-12s %8.1f MB/s, median %8.1f\n", name, rates[ROUNDS - 1],
        rates[ROUNDS / 2]);
    return rates[ROUNDS - 1];
}

int main(int argc, char **argv)
{
    struct buf texts = {0};
    size_t n = 1;
    FILE *file = argc > 1 ? fopen(argv[1], "rb") : NULL;
    if (file == NULL) {
        fprintf(stderr, "usage: scan FILE (texts divided by NUL)\n");
        return 2;
    }
    while (n > 0) {
        n = fread(buf_reserve(&texts, 65536), 1, 65536, file);
        buf_commit(&texts, n);
    }
    fclose(file);
    struct scanner *scanner = load();
    double raw = measure(scanner, buf_str(&texts), scan_raw, "hs_scan");
    double all = measure(scanner, buf_str(&texts), scan_all, "end to end");
    printf("%-12s %8.2f\n", "ratio", all / raw);
    buf_free(&texts);
    scanner_free(&scanner);
    return 0;
}
