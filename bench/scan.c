/*
 * How fast the detection engine is: the texts of files (divided by NUL)
 * through hs_scan alone with the shipped database, then end to end
 * (inspect/scan.h: normalised, scanned, looked through, validated), in turn
 * on one core; one prompt of 4 KiB after the other; and how long it takes to
 * start with a database that is compiled already.  Prints JSON.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "inspect/rules.h"
#include "inspect/scan_job.h"
#include "tests/unit/detectors.h"

enum { ROUNDS_MAX = 99, PROMPT = 4096, PROMPTS_MAX = 2000, STARTS = 5 };

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "scan: %s\n", what);
    exit(1);
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

/* ---- the engine ---- */

static struct rules *load_rules(const struct bundle *bundle)
{
    struct diag diag = {0};
    struct rules *rules = rules_load(bundle, &diag);
    if (rules == NULL)
        fail(buf_cstr(&diag.text));
    diag_free(&diag);
    return rules;
}

/* Milliseconds, the median, from the detectors' text and a compiled database
 * to a scanner. */
static double warm_start(const struct bundle *bundle, struct str database)
{
    double ms[STARTS];
    for (int i = 0; i < STARTS; i++) {
        struct scanner *scanner;
        double began = cpu_us();
        struct rules *rules = load_rules(bundle);
        if (scanner_new(rules, database, &scanner) != OK)
            fail("the database cannot be opened");
        ms[i] = (cpu_us() - began) / 1e3;
        scanner_free(&scanner);
        rules_free(&rules);
    }
    qsort(ms, STARTS, sizeof *ms, compare);
    return ms[STARTS / 2];
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
    if (text.n > 0 && hs_scan(scanner->database, text.p, (unsigned)text.n, 0,
                          scanner->scratch, ignore, NULL) != HS_SUCCESS)
        fail("hs_scan failed");
}

static void scan_all(struct scanner *scanner, struct str text)
{
    struct findings found = {0};
    scan_text(scanner, text, WHERE_PROMPT, &found);
    findings_free(&found);
}

/* ---- what is measured ---- */

struct input {
    const char *name;
    struct buf texts;
    double raw[ROUNDS_MAX], all[ROUNDS_MAX]; /* MB/s */
};

static void read_input(struct input *input, const char *argument)
{
    const char *path = strchr(argument, '=');
    FILE *file = path != NULL ? fopen(path + 1, "rb") : NULL;
    size_t n = 1;
    if (file == NULL)
        fail("usage: scan rounds=N NAME=FILE…");
    while (n > 0) {
        n = fread(buf_reserve(&input->texts, 65536), 1, 65536, file);
        buf_commit(&input->texts, n);
    }
    fclose(file);
    input->name = mem_memdup0(argument, (size_t)(path - argument));
}

static double measure(struct scanner *scanner, struct str texts,
    void (*scan)(struct scanner *, struct str))
{
    double began = cpu_us();
    for (size_t at = 0; at < texts.n;) {
        const char *end = memchr(texts.p + at, '\0', texts.n - at);
        size_t to = end != NULL ? (size_t)(end - texts.p) : texts.n;
        scan(scanner, str_sub(texts, at, to));
        at = to + 1;
    }
    return (double)texts.n / (cpu_us() - began);
}

/* Microseconds of each prompt; returns how many. */
static size_t time_prompts(
    struct scanner *scanner, const struct input *input, double *us)
{
    struct buf all = {0};
    size_t count = 0;
    buf_append_str(&all, buf_str(&input->texts));
    for (size_t i = 0; i < all.n; i++)
        if (buf_bytes(&all)[i] == '\0')
            buf_bytes(&all)[i] = '\n';
    for (size_t at = 0; at + PROMPT <= all.n && count < PROMPTS_MAX;
         at += PROMPT) {
        double began = cpu_us();
        scan_all(scanner, str_sub(buf_str(&all), at, at + PROMPT));
        us[count++] = cpu_us() - began;
    }
    buf_free(&all);
    qsort(us, count, sizeof *us, compare);
    return count;
}

/* ---- output ---- */

static void print_rates(const char *name, const double *rates, unsigned rounds)
{
    printf(", \"%s\": [", name);
    for (unsigned r = 0; r < rounds; r++)
        printf("%s%.1f", r == 0 ? "" : ", ", rates[r]);
    printf("]");
}

static void print_input(
    struct scanner *scanner, const struct input *input, unsigned rounds)
{
    static double us[PROMPTS_MAX];
    printf("{\"input\": \"%s\", \"bytes\": %zu", input->name, input->texts.n);
    print_rates("hs_scan", input->raw, rounds);
    print_rates("end_to_end", input->all, rounds);
    size_t count = time_prompts(scanner, input, us);
    if (count > 0)
        printf(", \"prompt_us\": {\"p50\": %.1f, \"p99\": %.1f}", us[count / 2],
            us[count * 99 / 100]);
    printf("}");
}

int main(int argc, char **argv)
{
    enum { INPUTS_MAX = 8 };
    static struct input inputs[INPUTS_MAX];
    static struct buf database;
    struct bundle bundle = {0};
    struct diag diag = {0};
    struct scanner *scanner;
    if (argc < 3 || argc > 2 + INPUTS_MAX ||
        strncmp(argv[1], "rounds=", 7) != 0)
        fail("usage: scan rounds=N NAME=FILE…");
    unsigned rounds = (unsigned)atoi(argv[1] + 7);
    if (rounds == 0 || rounds > ROUNDS_MAX)
        fail("rounds=1 to 99");
    size_t count = (size_t)argc - 2;
    for (size_t i = 0; i < count; i++)
        read_input(&inputs[i], argv[2 + i]);
    add_shipped_detectors(&bundle);
    struct rules *rules = load_rules(&bundle);
    if (rules_compile(rules, &diag, &database) != OK ||
        scanner_new(rules, buf_str(&database), &scanner) != OK)
        fail(buf_cstr(&diag.text));
    for (unsigned r = 0; r < rounds; r++)
        for (size_t i = 0; i < count; i++) {
            struct str texts = buf_str(&inputs[i].texts);
            inputs[i].raw[r] = measure(scanner, texts, scan_raw);
            inputs[i].all[r] = measure(scanner, texts, scan_all);
        }
    printf("{\"warm_start_ms\": %.1f, \"inputs\": [\n",
        warm_start(&bundle, buf_str(&database)));
    for (size_t i = 0; i < count; i++) {
        printf("%s", i > 0 ? ",\n" : "");
        print_input(scanner, &inputs[i], rounds);
    }
    printf("]}\n");
    scanner_free(&scanner);
    return 0;
}
