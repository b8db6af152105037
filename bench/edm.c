/*
 * What exact data match costs where nothing matches: a table of made-up people
 * is made from a seed and becomes an index; the texts of files (divided by
 * NUL) are walked with it, and scanned end to end with the shipped detectors,
 * without and with a detector of that table, in turn on one core.  Prints
 * JSON.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/datafile.h"
#include "base/file.h"
#include "base/mem.h"
#include "inspect/edm_build.h"
#include "inspect/rules.h"
#include "inspect/scan_job.h"
#include "tests/unit/detectors.h"

enum {
    ROUNDS_MAX = 99,
    COLUMNS = 8,
    GIVEN = 2000,
    FAMILIES = 60000,
    TOWNS = 5000,
    STREETS = 20000,
    FREQUENT = 50, /* as `edm build` has it */
    CELL_MAX = 120,
};

static const struct edm_column columns[COLUMNS] = {{"name", EDM_TYPE_NAME},
    {"account", EDM_TYPE_NUMBER}, {"email", EDM_TYPE_EMAIL},
    {"born", EDM_TYPE_DATE}, {"phone", EDM_TYPE_NUMBER},
    {"iban", EDM_TYPE_NUMBER}, {"street", EDM_TYPE_TEXT},
    {"town", EDM_TYPE_TEXT}};

static const char detector[] =
    "detectors:\n"
    "  - id: bench-person\n"
    "    kind: edm\n"
    "    description: A row of the table of the bench\n"
    "    index: /bench.edm\n"
    "    columns: [name, account, email, born, phone, iban, street, town]\n"
    "    match: 2\n"
    "    severity: high\n";

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "edm: %s\n", what);
    exit(1);
}

/* Of this process: what else the machine does does not count. */
static double cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* ---- the table ---- */

/* splitmix64 */
static uint64_t scatter(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static unsigned draw(uint64_t *seed, unsigned below)
{
    *seed = scatter(*seed);
    return (unsigned)(*seed >> 33) % below;
}

/* The number-th word of a kind.  Every sixteenth of the first few hundred is a
 * word of everyday English that is a name too: what prose is full of. */
static const char *make_word(char *out, uint64_t kind, unsigned number)
{
    static const char *const everyday[] = {"Will", "Mark", "May", "Rose",
        "Young", "Page", "Long", "Hope", "Grace", "Art", "Bill", "Drew", "King",
        "Price", "Bush", "Rich", "Brown", "Green", "White", "Day"};
    static const char *const syllables[] = {"ka", "ro", "mi", "ten", "del",
        "va", "sch", "ber", "lin", "go", "fra", "nu", "wes", "ton", "har",
        "ley", "man", "ova", "dia", "ez", "pi", "zu", "qui", "al", "bre", "os",
        "jen", "son", "ly", "ma", "ter", "ha"};
    uint64_t seed = scatter(kind * 1000003 + number);
    if (number % 16 == 0 && number / 16 < ARRAY_LEN(everyday))
        return everyday[number / 16];
    size_t n = 0;
    for (unsigned i = 0, count = 2 + draw(&seed, 3); i < count; i++)
        n += (size_t)snprintf(out + n, CELL_MAX - n, "%s",
            syllables[draw(&seed, ARRAY_LEN(syllables))]);
    out[0] = (char)(out[0] - 'a' + 'A');
    return out;
}

static void make_row(uint64_t row, char cells[COLUMNS][CELL_MAX])
{
    uint64_t seed = scatter(row);
    char buffers[4][CELL_MAX];
    unsigned a = draw(&seed, GIVEN), b = draw(&seed, FAMILIES);
    const char *given = make_word(buffers[0], 1, a);
    const char *family = make_word(buffers[1], 2, b);
    const char *street = make_word(buffers[2], 3, draw(&seed, STREETS));
    const char *town = make_word(buffers[3], 4, draw(&seed, TOWNS));
    snprintf(cells[0], CELL_MAX, "%s %s", given, family);
    snprintf(cells[1], CELL_MAX, "%010u", draw(&seed, 4000000000u));
    snprintf(cells[2], CELL_MAX,
        draw(&seed, 2) == 0 ? "%s.%s%u@example.com" : "%s%s%u@example.net",
        given, family, draw(&seed, 100));
    snprintf(cells[3], CELL_MAX, "%04u-%02u-%02u", 1940 + draw(&seed, 70),
        1 + draw(&seed, 12), 1 + draw(&seed, 28));
    snprintf(cells[4], CELL_MAX, "+49 %u %u", 151 + draw(&seed, 30),
        1000000 + draw(&seed, 9000000));
    snprintf(cells[5], CELL_MAX, "DE%02u5001051754%08u", draw(&seed, 98),
        draw(&seed, 100000000));
    snprintf(cells[6], CELL_MAX, "%u %s Street", 1 + draw(&seed, 200), street);
    snprintf(
        cells[7], CELL_MAX, "%s%s", draw(&seed, 4) == 0 ? "Bad " : "", town);
}

static void make_image(uint64_t rows, struct edm_head *head, struct buf *image)
{
    struct edm_build_options options = {columns, COLUMNS, FREQUENT};
    struct edm_build *b = edm_build_new(&options);
    struct edm_build_report report;
    for (uint64_t row = 0; row < rows; row++) {
        char texts[COLUMNS][CELL_MAX];
        struct str cells[COLUMNS];
        make_row(row, texts);
        for (int c = 0; c < COLUMNS; c++)
            cells[c] = str_of(texts[c]);
        if (edm_build_add(b, cells) != OK)
            fail("the table is too large");
    }
    if (edm_build_finish(b, image, &head->rows, &report) != OK)
        fail("the index cannot be made");
    edm_build_free(&b);
    head->column_count = COLUMNS;
    memcpy(head->columns, columns, sizeof columns);
    head->image_bytes = image->n;
}

/* The index as a gateway has it: in a memory file, the image in clear. */
static struct str make_data(const struct edm_head *head, struct buf *image)
{
    static const char zeros[EDM_HEAD_MAX];
    static const unsigned char key[EDM_KEY_BYTES];
    int fd = memfd_create("bench", MFD_CLOEXEC), file = memfd_create("edm", 0);
    struct edm_head again;
    struct buf bytes = {0};
    size_t head_bytes, all = EDM_HEAD_MAX + image->n;
    if (fd < 0 || file < 0 ||
        edm_file_write(file, head, buf_str(image), key) != OK ||
        lseek(file, 0, SEEK_SET) != 0 ||
        file_read(file, EDM_IMAGE_MAX * 2, &bytes) != OK ||
        edm_head_read(buf_str(&bytes), &again, &head_bytes) != OK ||
        datafile_begin(fd, STR("/bench.edm"), all) != OK ||
        file_write(fd, str_make(buf_bytes(&bytes), head_bytes)) != OK ||
        file_write(fd, str_make(zeros, EDM_HEAD_MAX - head_bytes)) != OK ||
        file_write(fd, buf_str(image)) != OK || datafile_end(fd, all) != OK)
        fail("the data file cannot be made");
    buf_free(&bytes);
    buf_free(image);
    close(file);
    off_t size = lseek(fd, 0, SEEK_END);
    const char *p = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED)
        fail("the data file cannot be mapped");
    return str_make(p, (size_t)size);
}

/* ---- the engine ---- */

static struct scanner *make_scanner(
    bool with_table, struct str data, struct buf *database)
{
    struct bundle bundle = {0};
    struct diag diag = {0};
    struct scanner *scanner;
    add_shipped_detectors(&bundle);
    if (with_table)
        bundle_add(&bundle, BUNDLE_DETECTORS, STR("bench.yaml"), STR(detector));
    struct rules *rules = rules_load(&bundle, &diag);
    if (rules == NULL || rules_compile(rules, &diag, database) != OK ||
        scanner_new(rules, buf_str(database), &scanner) != OK ||
        scanner_attach(scanner, data, &diag) != OK)
        fail(buf_cstr(&diag.text));
    return scanner;
}

struct engine {
    struct scanner *without, *with;
    struct edm_index *index;
    struct edm_detector rule;
    size_t matches; /* told by walks */
};

static void on_match(void *owner, const struct edm_match *match)
{
    struct engine *e = owner;
    (void)match;
    e->matches++;
}

static void walk_text(struct engine *e, struct str text)
{
    struct edm_walk *walk =
        edm_walk_new(e->index, &e->rule, 1, 0, text, on_match, e);
    while (edm_walk_step(walk, SCAN_STEP_BYTES))
        continue;
    edm_walk_free(&walk);
}

static void scan_without(struct engine *e, struct str text)
{
    struct findings found = {0};
    scan_text(e->without, text, WHERE_PROMPT, &found);
    findings_free(&found);
}

static void scan_with(struct engine *e, struct str text)
{
    struct findings found = {0};
    scan_text(e->with, text, WHERE_PROMPT, &found);
    findings_free(&found);
}

/* ---- what is measured ---- */

struct input {
    const char *name;
    struct buf texts;
    size_t matches;
    double walk[ROUNDS_MAX], without[ROUNDS_MAX], with[ROUNDS_MAX]; /* MB/s */
};

static void read_input(struct input *input, const char *argument)
{
    const char *path = strchr(argument, '=');
    if (path == NULL || file_load(path + 1, EDM_IMAGE_MAX, &input->texts) != OK)
        fail("usage: edm rounds=N rows=N NAME=FILE…");
    input->name = mem_memdup0(argument, (size_t)(path - argument));
}

static double measure(struct engine *e, struct str texts,
    void (*each)(struct engine *, struct str))
{
    double began = cpu_us();
    for (size_t at = 0; at < texts.n;) {
        const char *end = memchr(texts.p + at, '\0', texts.n - at);
        size_t to = end != NULL ? (size_t)(end - texts.p) : texts.n;
        each(e, str_sub(texts, at, to));
        at = to + 1;
    }
    return (double)texts.n / (cpu_us() - began);
}

static void measure_input(struct engine *e, struct input *input, unsigned r)
{
    struct str texts = buf_str(&input->texts);
    e->matches = 0;
    input->walk[r] = measure(e, texts, walk_text);
    input->matches = e->matches;
    input->without[r] = measure(e, texts, scan_without);
    input->with[r] = measure(e, texts, scan_with);
}

static void print_rates(const char *name, const double *rates, unsigned rounds)
{
    printf(", \"%s\": [", name);
    for (unsigned r = 0; r < rounds; r++)
        printf("%s%.1f", r == 0 ? "" : ", ", rates[r]);
    printf("]");
}

static unsigned number_of(const char *argument, const char *name, unsigned max)
{
    size_t n = strlen(name);
    char *end = NULL;
    unsigned long value =
        strncmp(argument, name, n) == 0 ? strtoul(argument + n, &end, 10) : 0;
    if (value == 0 || value > max || *end != '\0')
        fail("usage: edm rounds=N rows=N NAME=FILE…");
    return (unsigned)value;
}

static void open_engine(struct engine *e, struct str data)
{
    static struct buf databases[2];
    struct str bytes;
    const char *why;
    if (datafile_find(data, STR("/bench.edm"), &bytes) != OK ||
        edm_index_open(
            str_sub(bytes, EDM_HEAD_MAX, bytes.n), &e->index, &why) != OK)
        fail("the index cannot be opened");
    e->rule = (struct edm_detector){
        .columns = (1u << COLUMNS) - 1, .match = 2, .within = 300};
    e->without = make_scanner(false, data, &databases[0]);
    e->with = make_scanner(true, data, &databases[1]);
}

int main(int argc, char **argv)
{
    enum { INPUTS_MAX = 8 };
    static struct input inputs[INPUTS_MAX];
    static struct engine engine;
    struct edm_head head = {0};
    struct buf image = {0};
    if (argc < 4 || argc > 3 + INPUTS_MAX)
        fail("usage: edm rounds=N rows=N NAME=FILE…");
    unsigned rounds = number_of(argv[1], "rounds=", ROUNDS_MAX);
    unsigned rows = number_of(argv[2], "rows=", EDM_ROWS_MAX);
    size_t count = (size_t)argc - 3;
    for (size_t i = 0; i < count; i++)
        read_input(&inputs[i], argv[3 + i]);
    double began = cpu_us();
    make_image(rows, &head, &image);
    printf("{\"rows\": %u, \"image_bytes\": %zu, \"build_s\": %.1f", rows,
        image.n, (cpu_us() - began) / 1e6);
    open_engine(&engine, make_data(&head, &image));
    for (unsigned r = 0; r < rounds; r++)
        for (size_t i = 0; i < count; i++)
            measure_input(&engine, &inputs[i], r);
    for (size_t i = 0; i < count; i++) {
        printf("%s{\"input\": \"%s\", \"bytes\": %zu, \"matches\": %zu",
            i > 0 ? ",\n" : ", \"inputs\": [\n", inputs[i].name,
            inputs[i].texts.n, inputs[i].matches);
        print_rates("walk", inputs[i].walk, rounds);
        print_rates("without", inputs[i].without, rounds);
        print_rates("with", inputs[i].with, rounds);
        printf("}");
    }
    printf("]}\n");
    scanner_free(&engine.with);
    scanner_free(&engine.without);
    edm_index_free(&engine.index);
    return 0;
}
