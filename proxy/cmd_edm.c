/*
 * promptgate edm: a table of the administrator's becomes an index that
 * detectors of kind edm look rows up in (inspect/edm.h).  The file is read
 * twice: some rows for the types of columns that are not named, then all.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "inspect/csv_read.h"
#include "inspect/edm_build.h"
#include "proxy/cmd_data.h"
#include "proxy/command.h"
#include "proxy/edm_files.h"

enum { EXIT_GOOD = 0, EXIT_PARTLY = 1, EXIT_BAD = 2 };
enum {
    PIECE = 1 << 20,
    GUESS_ROWS = 1000,
    BAD_SHOWN = 20,
    FREQUENT = 50,
    FREQUENT_MAX = 1000,
};

static const char help[] =
    "usage: promptgate edm build [-c FILE] [--key FILE] --out X.edm\n"
    "                            [--columns NAME[:TYPE],…] [--separator C]\n"
    "                            [--frequent N] FILE.csv\n"
    "       promptgate edm show X.edm\n\n"
    "build reads a table, of which the first line names the columns, and\n"
    "writes an index of keyed hashes, in which detectors of kind edm look for\n"
    "rows (docs/detectors.md). No cell is kept in clear.\n\n"
    "  -c FILE         configuration: its data_dir has the key\n"
    "  --key FILE      the key instead of DATA_DIR/edm/key; made if missing\n"
    "  --out X.edm     the index; replaced only when all went well\n"
    "  --columns LIST  columns to use (default: all), with their types:\n"
    "                  text, name, number, email, date or auto (default)\n"
    "  --separator C   of cells (default: by the first line)\n"
    "  --frequent N    a value of more rows than this (default 50) does not\n"
    "                  lead to a row, it only adds to one\n\n"
    "show prints what an index says of itself.\n\n"
    "Status: 0 good, 1 built without the lines that were reported, 2 failed.\n";

struct options {
    const char *config, *key, *out, *columns, *input;
    char separator;
    uint32_t frequent;
};

struct job {
    struct options options;
    struct edm_column columns[EDM_COLUMNS_MAX];
    size_t places[EDM_COLUMNS_MAX]; /* in the file's rows */
    uint32_t column_count;
    size_t width; /* cells of the first line; 0: not read yet */
    struct edm_guess guesses[EDM_COLUMNS_MAX];
    size_t rows, bad_rows;
    bool is_guessing, skips_names, has_failed;
    struct edm_build *build;
    off_t size;
    bool is_terminal;
};

static bool fail(struct job *job, const char *what, const char *why)
{
    fprintf(stderr, "promptgate edm: %s%s%s\n", what, why != NULL ? ": " : "",
        why != NULL ? why : "");
    job->has_failed = true;
    return false;
}

/* ---- columns ---- */

static size_t find_cell(const struct str *cells, size_t count, struct str name)
{
    size_t i = 0;
    while (i < count && !str_eq(str_trim(cells[i]), name))
        i++;
    return i;
}

static bool add_column(
    struct job *job, struct str name, enum edm_type type, size_t place)
{
    if (job->column_count == EDM_COLUMNS_MAX)
        return fail(job,
            "an index has at most 32 columns; name them with "
            "--columns",
            NULL);
    struct edm_column *c = &job->columns[job->column_count];
    if (name.n < 1 || name.n > EDM_NAME_MAX)
        return fail(job,
            "the name of a column has 1 to 64 bytes; the first "
            "line of the file must name them",
            NULL);
    memcpy(c->name, name.p, name.n);
    c->name[name.n] = '\0';
    c->type = type;
    job->places[job->column_count++] = place;
    return true;
}

static bool choose_column(
    struct job *job, struct str wanted, const struct str *cells, size_t count)
{
    struct str name = wanted;
    enum edm_type type = EDM_TYPE_AUTO;
    size_t colon = name.n, place = find_cell(cells, count, name);
    while (colon > 0 && wanted.p[colon - 1] != ':')
        colon--;
    if (place == count && colon > 0) {
        name = str_sub(wanted, 0, colon - 1);
        type = edm_type_of(str_sub(wanted, colon, wanted.n));
        place = find_cell(cells, count, name);
    }
    char text[2 * EDM_NAME_MAX];
    snprintf(text, sizeof text, "%.*s", STR_ARG(wanted));
    if (type == EDM_TYPES)
        return fail(job, text,
            "the type is none of text, name, number, email, date, auto");
    if (place == count)
        return fail(job, text, "the first line of the file has no such column");
    return add_column(job, name, type, place);
}

static bool read_names(struct job *job, const struct str *cells, size_t count)
{
    struct str rest = str_of(job->options.columns), part;
    job->width = count;
    if (rest.n == 0) {
        for (size_t i = 0; i < count; i++)
            if (!add_column(job, str_trim(cells[i]), EDM_TYPE_AUTO, i))
                return false;
        return true;
    }
    while (str_split(&rest, ',', &part))
        if (!choose_column(job, str_trim(part), cells, count))
            return false;
    return true;
}

/* ---- rows ---- */

static void on_bad(void *owner, size_t line, const char *what)
{
    struct job *job = owner;
    if (job->is_guessing)
        return; /* told by the second reading */
    if (++job->bad_rows <= BAD_SHOWN)
        fprintf(stderr, "%s%s:%zu: left out: %s\n",
            job->is_terminal ? "\r" : "", job->options.input, line, what);
}

static bool guess(struct job *job, const struct str *cells)
{
    for (uint32_t i = 0; i < job->column_count; i++)
        edm_guess_add(&job->guesses[i], cells[job->places[i]]);
    return ++job->rows < GUESS_ROWS;
}

static bool on_row(
    void *owner, size_t line, const struct str *cells, size_t count)
{
    struct job *job = owner;
    struct str chosen[EDM_COLUMNS_MAX];
    char what[80];
    if (job->width == 0)
        return read_names(job, cells, count);
    if (job->skips_names) { /* a second time */
        job->skips_names = false;
        return true;
    }
    if (count != job->width) {
        snprintf(what, sizeof what, "%zu cells, the first line has %zu", count,
            job->width);
        on_bad(job, line, what);
        return true;
    }
    if (job->is_guessing)
        return guess(job, cells);
    for (uint32_t i = 0; i < job->column_count; i++)
        chosen[i] = cells[job->places[i]];
    if (edm_build_add(job->build, chosen) != OK)
        return fail(job,
            "the table is too large: an index has at most 64 "
            "million rows and 1 GiB",
            NULL);
    job->rows++;
    return true;
}

static void show_progress(const struct job *job, off_t done)
{
    if (!job->is_terminal || job->is_guessing || job->size == 0)
        return;
    fprintf(
        stderr, "\r%3d %%  %zu rows", (int)(done * 100 / job->size), job->rows);
    fflush(stderr);
}

static bool read_table(struct job *job, int fd)
{
    static const struct csv_events events = {on_row, on_bad};
    struct csv_reader *reader =
        csv_reader_new(job->options.separator, &events, job);
    char *piece = mem_alloc(PIECE);
    off_t done = 0;
    ssize_t n;
    job->rows = job->bad_rows = 0;
    bool wants_more = true;
    while (wants_more && (n = pread(fd, piece, PIECE, done)) > 0) {
        wants_more = csv_reader_feed(reader, str_make(piece, (size_t)n));
        done += n;
        show_progress(job, done);
    }
    if (wants_more && n < 0)
        (void)fail(job, job->options.input, strerror(errno));
    if (wants_more && n == 0)
        csv_reader_finish(reader);
    csv_reader_free(&reader);
    explicit_bzero(piece, PIECE);
    mem_free(piece);
    return !job->has_failed;
}

static void choose_types(struct job *job)
{
    for (uint32_t i = 0; i < job->column_count; i++)
        if (job->columns[i].type == EDM_TYPE_AUTO)
            job->columns[i].type = edm_guess_type(&job->guesses[i]);
}

/* ---- report ---- */

static void print_report(const struct job *job,
    const struct edm_build_report *report, uint32_t rows, size_t bytes)
{
    printf("%s: %u rows, %.1f MiB\n", job->options.out, rows,
        (double)bytes / (1 << 20));
    printf("%-20s %-7s %10s %10s %8s %8s %8s  %s\n", "column", "type", "cells",
        "different", "empty", "short", "long", "frequent");
    for (uint32_t i = 0; i < job->column_count; i++) {
        const struct edm_column_report *c = &report->columns[i];
        printf("%-20s %-7s %10llu %10llu %8llu %8llu %8llu  %llu in %llu "
               "cells\n",
            job->columns[i].name, edm_type_name(job->columns[i].type),
            (unsigned long long)c->cells[EDM_CELL_GOOD],
            (unsigned long long)c->values,
            (unsigned long long)c->cells[EDM_CELL_EMPTY],
            (unsigned long long)c->cells[EDM_CELL_SHORT],
            (unsigned long long)c->cells[EDM_CELL_LONG],
            (unsigned long long)c->frequent,
            (unsigned long long)c->frequent_cells);
    }
    if (report->duplicates > 0)
        printf("%llu rows are the same as another one: left out\n",
            (unsigned long long)report->duplicates);
    if (report->blank > 0)
        printf("%llu rows have no cell that can be looked for: left out\n",
            (unsigned long long)report->blank);
    for (uint32_t i = 0; i < job->column_count; i++)
        if (report->columns[i].values > 0 &&
            report->columns[i].values == report->columns[i].frequent)
            printf("note: every value of %s is in more than %u rows: the "
                   "column only adds to others\n",
                job->columns[i].name, job->options.frequent);
    if (job->bad_rows > 0)
        printf("%zu lines could not be read: left out\n", job->bad_rows);
}

/* ---- writing ---- */

static bool write_aside(struct job *job, const char *aside,
    const struct edm_head *head, struct str image, const unsigned char *key)
{
    int fd = open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(job, aside, strerror(errno));
    bool is_good = edm_file_write(fd, head, image, key) == OK && fsync(fd) == 0;
    int reason = errno;
    close(fd);
    if (is_good && rename(aside, job->options.out) == 0)
        return true;
    reason = is_good ? errno : reason;
    unlink(aside);
    return fail(job, job->options.out, strerror(reason));
}

static bool write_index(
    struct job *job, struct str image, uint32_t rows, const unsigned char *key)
{
    struct edm_head head = {.column_count = job->column_count,
        .rows = rows,
        .built_ms = (int64_t)time(NULL) * 1000};
    struct buf aside = {0};
    memcpy(head.columns, job->columns, sizeof head.columns);
    buf_printf(&aside, "%s.%ld", job->options.out, (long)getpid());
    bool is_good = write_aside(job, buf_cstr(&aside), &head, image, key);
    buf_free(&aside);
    return is_good;
}

static bool find_key(struct job *job, unsigned char *key)
{
    struct diag diag = {0};
    struct buf path = {0};
    struct settings settings;
    if (job->options.key != NULL) {
        buf_append_str(&path, str_of(job->options.key));
    } else if (cmd_load_settings(job->options.config, &settings) == OK) {
        buf_printf(&path, "%s/edm/key", settings.data_dir.p);
        settings_free(&settings);
    } else {
        return fail(job, "no settings say where the key is; see --key", NULL);
    }
    bool is_good = edm_key_make(buf_cstr(&path), &diag, key) == OK;
    fputs(buf_cstr(&diag.text), stderr);
    diag_free(&diag);
    buf_free(&path);
    job->has_failed = job->has_failed || !is_good;
    return is_good;
}

static bool finish(struct job *job, const unsigned char *key)
{
    struct edm_build_report report;
    struct buf image = {0};
    uint32_t rows = 0;
    if (job->is_terminal)
        fputs("\rsorting …              \r", stderr);
    enum err err = edm_build_finish(job->build, &image, &rows, &report);
    if (err != OK)
        (void)fail(job, job->options.input,
            err == ERR_LIMIT ? "the index would have more than 1 GiB"
                             : "no row can be used");
    else if (write_index(job, buf_str(&image), rows, key))
        print_report(job, &report, rows, image.n);
    buf_wipe_free(&image);
    return !job->has_failed;
}

static bool build_from(struct job *job, int fd)
{
    unsigned char key[EDM_KEY_BYTES];
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return fail(job, job->options.input, "not a file");
    job->size = st.st_size;
    job->is_guessing = true;
    if (!read_table(job, fd) || !find_key(job, key))
        return false;
    if (job->column_count == 0)
        return fail(job, job->options.input, "has no line of column names");
    choose_types(job);
    job->is_guessing = false;
    job->skips_names = true;
    struct edm_build_options options = {
        job->columns, job->column_count, job->options.frequent};
    job->build = edm_build_new(&options);
    bool is_good = read_table(job, fd) && finish(job, key);
    edm_build_free(&job->build);
    explicit_bzero(key, sizeof key);
    return is_good;
}

static int build(const struct options *options)
{
    struct job *job = MEM_NEW(struct job);
    job->options = *options;
    job->is_terminal = isatty(STDERR_FILENO) != 0;
    int fd = open(options->input, O_RDONLY | O_CLOEXEC);
    bool is_good = fd >= 0 ? build_from(job, fd)
                           : fail(job, options->input, strerror(errno));
    if (fd >= 0)
        close(fd);
    int status = !is_good            ? EXIT_BAD
                 : job->bad_rows > 0 ? EXIT_PARTLY
                                     : EXIT_GOOD;
    mem_free(job);
    return status;
}

/* ---- show ---- */

static int show(const char *path)
{
    char bytes[EDM_HEAD_MAX], built[32];
    struct edm_head head;
    size_t head_bytes;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, bytes, sizeof bytes) : -1;
    int reason = errno;
    if (fd >= 0)
        close(fd);
    if (n < 0 ||
        edm_head_read(str_make(bytes, (size_t)n), &head, &head_bytes) != OK) {
        fprintf(stderr, "promptgate edm: %s: %s\n", path,
            n < 0 ? strerror(reason) : "no index of promptgate edm build");
        return EXIT_BAD;
    }
    time_t seconds = (time_t)(head.built_ms / 1000);
    struct tm tm;
    strftime(
        built, sizeof built, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &tm));
    printf("%s: %u rows, built %s\n", path, head.rows, built);
    for (uint32_t i = 0; i < head.column_count; i++)
        printf("  %-20s %s\n", head.columns[i].name,
            edm_type_name(head.columns[i].type));
    return EXIT_GOOD;
}

/* ---- arguments ---- */

static int misuse(const char *what)
{
    fprintf(stderr, "promptgate edm: %s; see --help\n", what);
    return EXIT_BAD;
}

static bool read_frequent(const char *text, uint32_t *out)
{
    uint64_t value = 0;
    if (str_to_u64(str_of(text), &value) != OK || value < 1 ||
        value > FREQUENT_MAX)
        return false;
    *out = (uint32_t)value;
    return true;
}

/* -1: go on; else the status to end with. */
static int read_options(int argc, char **argv, struct options *o)
{
    static const struct option longs[] = {{"key", 1, NULL, 'k'},
        {"out", 1, NULL, 'o'}, {"columns", 1, NULL, 'C'},
        {"separator", 1, NULL, 's'}, {"frequent", 1, NULL, 'f'},
        {"help", 0, NULL, 'h'}, {NULL, 0, NULL, 0}};
    int c;
    while ((c = getopt_long(argc, argv, "c:h", longs, NULL)) != -1) {
        if (c == 'c')
            o->config = optarg;
        else if (c == 'k')
            o->key = optarg;
        else if (c == 'o')
            o->out = optarg;
        else if (c == 'C')
            o->columns = optarg;
        else if (c == 's')
            o->separator = strcmp(optarg, "\\t") == 0 ? '\t' : optarg[0];
        else if (c == 'f' && !read_frequent(optarg, &o->frequent))
            return misuse("--frequent is a number from 1 to 1000");
        else if (c == 'h')
            return fputs(help, stdout) < 0 ? EXIT_BAD : EXIT_GOOD;
        else if (c == '?')
            return EXIT_BAD;
    }
    return -1;
}

int command_edm(int argc, char **argv)
{
    struct options options = {.frequent = FREQUENT};
    int status = read_options(argc, argv, &options);
    if (status >= 0)
        return status;
    const char *action = optind < argc ? argv[optind] : "";
    if (argc - optind != 2 ||
        (strcmp(action, "build") != 0 && strcmp(action, "show") != 0))
        return misuse("build or show, and a file");
    if (strcmp(action, "show") == 0)
        return show(argv[optind + 1]);
    options.input = argv[optind + 1];
    return options.out != NULL ? build(&options) : misuse("build needs --out");
}
