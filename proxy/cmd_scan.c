/*
 * promptgate scan: the detection engine over files, folders or standard input,
 * without a gateway.  Loads the detectors of the configuration, takes the
 * compiled database from a cache or makes it, and prints findings.
 *
 *   scan_walk     names to files
 *   scan_pool     files to processes, results back in order
 *   scan_file     a file to findings with their places
 *   scan_report   findings to a table, JSON lines, SARIF
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "inspect/rules.h"
#include "proxy/command.h"
#include "proxy/conf.h"
#include "proxy/scan_engine.h"
#include "proxy/scan_lines.h"
#include "proxy/scan_pool.h"
#include "proxy/scan_report.h"
#include "proxy/scan_walk.h"
#include "proxy/text_source.h"

static const char help[] =
    "usage: promptgate scan [-c FILE] [OPTION…] [FILE…|FOLDER…|-]\n"
    "       promptgate scan [-c FILE] [--unmask] --jsonl\n\n"
    "Runs the detectors over files, all files below folders, or standard "
    "input;\n"
    "documents, archives and images are opened and their text is scanned.\n\n"
    "  --format F  table (default): FILE[!MEMBER]:LINE:COLUMN, severity,\n"
    "              confidence, detector, type, masked value; jsonl: one object "
    "a\n"
    "              file; sarif: SARIF 2.1.0\n"
    "  --jsonl     standard input: one {\"id\":…,\"text\":…} a line; standard\n"
    "              output: one {\"id\":…,\"findings\":[…]} a line\n"
    "  --unmask    adds the values themselves\n"
    "  --min-severity L, --min-confidence L\n"
    "              low, medium or high: leaves out what is below\n"
    "  --exclude GLOB  of a path or its end; may be repeated. .git, .hg and "
    ".svn\n"
    "              in folders are left out, links there are not followed\n"
    "  --jobs N    processes; 0 (default): one a core\n"
    "  --text      prints the text that would be scanned, and nothing else\n\n"
    "Status: 0 nothing found, 3 something found, 2 bad input or usage.\n";

struct options {
    const char *conf;
    enum scan_format format;
    bool is_unmasked, is_jsonl, is_text;
    enum level min_severity, min_confidence;
    unsigned jobs;
    struct walk_options walk;
};

/* ---- the engine ---- */

struct loaded {
    struct rules *rules;
    struct engine engine;
    struct extract_setup setup;
};

static void close_engine(struct loaded *e)
{
    engine_close(&e->engine);
    rules_free(&e->rules);
}

static bool open_engine(struct loaded *e, const char *given)
{
    struct bundle bundle = {0};
    struct diag collecting = {0}, diag = {0};
    char *file = conf_find_file(given);
    if (file == NULL) {
        fputs("promptgate scan: no configuration file found; name one with "
              "-c\n",
            stderr);
        return false;
    }
    conf_collect(file, &bundle, &collecting);
    mem_free(file);
    bool is_open = false;
    /* Only the detectors matter here: that a private file of the gateway
     * cannot be read is no obstacle. */
    if (bundle_first(&bundle, BUNDLE_DETECTORS) == NULL)
        fputs(buf_cstr(&collecting.text), stderr);
    else if ((e->rules = rules_load(&bundle, &diag)) != NULL)
        is_open = engine_open(&e->engine, e->rules, &bundle, &diag);
    text_source_setup(&bundle, &e->setup);
    fputs(buf_cstr(&diag.text), stderr);
    if (!is_open)
        fputs("promptgate scan: the detectors cannot be loaded\n", stderr);
    bundle_free(&bundle);
    diag_free(&collecting);
    diag_free(&diag);
    return is_open;
}

/* ---- files ---- */

struct run {
    struct scan_options scan;
    struct scan_report report;
    struct walk *walk;
    struct buf out;
    int status;
    bool has_progress;
    uint64_t files, bytes, findings, shown_ms;
};

static bool next_file(
    void *context, const char **path_out, const char **error_out)
{
    struct run *run = context;
    /* Nobody reads any more. */
    return !ferror(stdout) && walk_next(run->walk, path_out, error_out);
}

static void scan_one(void *context, struct pool_result *result)
{
    const struct run *run = context;
    struct scan_result found;
    scan_file(&run->scan, result->path, &found);
    scan_report_file(&run->report, result->path, &found, &result->piece);
    buf_take(&result->error, &found.error);
    result->bytes = found.bytes;
    result->findings = found.findings.count;
    scan_result_free(&found);
}

static void clear_progress(struct run *run)
{
    if (run->has_progress && run->shown_ms != 0)
        fputs("\r\033[K", stderr);
}

static void show_progress(struct run *run, uint64_t now_ms)
{
    enum { EVERY_MS = 200, MB = 1000000 };
    if (!run->has_progress || now_ms < run->shown_ms + EVERY_MS)
        return;
    fprintf(stderr, "\r\033[K%llu files, %llu MB, %llu findings",
        (unsigned long long)run->files, (unsigned long long)(run->bytes / MB),
        (unsigned long long)run->findings);
    run->shown_ms = now_ms;
}

static void flush(struct run *run)
{
    if (run->out.n > 0)
        fwrite(buf_bytes(&run->out), 1, run->out.n, stdout);
    buf_clear(&run->out);
}

static void report_error(
    struct run *run, const char *path, const struct buf *error)
{
    struct buf shown = {0};
    struct scan_result none = {0};
    scan_report_show(&shown, str_of(path));
    fprintf(stderr, "promptgate scan: %s: %.*s\n", buf_cstr(&shown),
        STR_ARG(buf_str(error)));
    scan_report_note(&run->report, path, buf_str(error));
    buf_free(&shown);
    if (run->report.format != SCAN_JSONL)
        return;
    buf_append_str(&none.error, buf_str(error));
    scan_report_file(&run->report, path, &none, &run->out);
    scan_result_free(&none);
}

/* What a file that broke off gave until then is shown as well, but in JSON,
 * where its object says so. */
static void take_result(void *context, const struct pool_result *result)
{
    struct run *run = context;
    bool is_bad = result->error.n > 0;
    run->files++;
    run->bytes += result->bytes;
    run->findings += result->findings;
    run->status = scan_worse(run->status, is_bad                 ? SCAN_BAD
                                          : result->findings > 0 ? SCAN_FOUND
                                                                 : SCAN_CLEAN);
    if (is_bad || run->out.n + result->piece.n > 0)
        clear_progress(run);
    if (is_bad)
        report_error(run, result->path, &result->error);
    if (!is_bad || run->report.format != SCAN_JSONL)
        scan_report_put(&run->report, buf_str(&result->piece), &run->out);
    flush(run);
    show_progress(run, clock_mono_ms());
}

/* One file needs no second process. */
static unsigned job_count(const struct options *options)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned jobs = options->jobs != 0 ? options->jobs
                    : cores > 0        ? (unsigned)cores
                                       : 1;
    if (options->walk.count == 1 && strcmp(options->walk.names[0], "-") == 0)
        return 1;
    return jobs < POOL_JOBS_MAX ? jobs : POOL_JOBS_MAX;
}

static int scan_files(struct run *run, const struct options *options)
{
    struct pool_options pool = {.jobs = job_count(options),
        .next = next_file,
        .scan = scan_one,
        .take = take_result,
        .context = run};
    run->has_progress = isatty(STDERR_FILENO) == 1;
    run->walk = walk_new(&options->walk);
    scan_report_begin(&run->report, &run->out);
    flush(run);
    if (pool_run(&pool) != OK) {
        fprintf(stderr, "promptgate scan: cannot start a process: %s\n",
            strerror(errno));
        run->status = SCAN_BAD;
    }
    clear_progress(run);
    scan_report_end(&run->report, &run->out);
    flush(run);
    if (fflush(stdout) != 0 || ferror(stdout))
        run->status = SCAN_BAD;
    buf_wipe_free(&run->out);
    walk_free(&run->walk);
    return run->status;
}

static int show_texts(struct run *run, const struct options *options)
{
    const char *path, *error = "";
    run->walk = walk_new(&options->walk);
    while (next_file(run, &path, &error)) {
        struct scan_result result = {0};
        if (error[0] != '\0')
            buf_append_str(&result.error, str_of(error));
        else if (scan_file_show(&run->scan, path, stdout, &result))
            continue;
        report_error(run, path, &result.error);
        scan_result_free(&result);
        run->status = SCAN_BAD;
    }
    walk_free(&run->walk);
    return run->status;
}

static int run_scan(const struct loaded *loaded, const struct options *options)
{
    struct run run = {
        .scan = {.scanner = loaded->engine.scanner,
            .setup = &loaded->setup,
            .wants_values = options->is_unmasked,
            .min_severity = options->min_severity,
            .min_confidence = options->min_confidence},
        .report = {.format = options->format,
            .is_unmasked = options->is_unmasked,
            .rules = loaded->engine.rules},
    };
    if (options->is_jsonl)
        return scan_lines(&run.scan);
    if (options->is_text)
        return show_texts(&run, options);
    return scan_files(&run, options);
}

/* ---- arguments ---- */

static bool read_word(const char *option, const char *text,
    const char *const *words, int *index_out)
{
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(text, words[i]) == 0) {
            *index_out = i;
            return true;
        }
    }
    fprintf(stderr, "promptgate scan: --%s %s is not one of:", option, text);
    for (int i = 0; words[i] != NULL; i++)
        fprintf(stderr, "%s %s", i == 0 ? "" : ",", words[i]);
    fputc('\n', stderr);
    return false;
}

static bool read_format(const char *text, enum scan_format *out)
{
    static const char *const words[] = {"table", "jsonl", "sarif", NULL};
    int index = 0;
    if (!read_word("format", text, words, &index))
        return false;
    *out = (enum scan_format)index;
    return true;
}

static bool read_level(const char *option, const char *text, enum level *out)
{
    static const char *const words[] = {"low", "medium", "high", NULL};
    int index = 0;
    if (!read_word(option, text, words, &index))
        return false;
    *out = (enum level)(LEVEL_LOW + index);
    return true;
}

static bool read_jobs(const char *text, unsigned *out)
{
    uint64_t value = 0;
    bool is_good =
        str_to_u64(str_of(text), &value) == OK && value <= POOL_JOBS_MAX;
    if (!is_good)
        fprintf(stderr, "promptgate scan: --jobs %s is no number up to %d\n",
            text, POOL_JOBS_MAX);
    *out = (unsigned)value;
    return is_good;
}

static bool add_exclude(struct walk_options *walk, const char *glob)
{
    if (walk->exclude_count == WALK_EXCLUDES_MAX) {
        fprintf(stderr, "promptgate scan: more than %d times --exclude\n",
            WALK_EXCLUDES_MAX);
        return false;
    }
    walk->excludes[walk->exclude_count++] = glob;
    return true;
}

/* False: a mistake, which was told. */
static bool read_option(int c, struct options *o)
{
    switch (c) {
    case 'c':
        o->conf = optarg;
        return true;
    case 'u':
        o->is_unmasked = true;
        return true;
    case 'j':
        o->is_jsonl = true;
        return true;
    case 't':
        o->is_text = true;
        return true;
    case 'f':
        return read_format(optarg, &o->format);
    case 's':
        return read_level("min-severity", optarg, &o->min_severity);
    case 'y':
        return read_level("min-confidence", optarg, &o->min_confidence);
    case 'n':
        return read_jobs(optarg, &o->jobs);
    case 'x':
        return add_exclude(&o->walk, optarg);
    default: /* getopt_long has said what is wrong */
        return false;
    }
}

/* -1: go on; else the status to end with. */
static int read_options(int argc, char **argv, struct options *options)
{
    static const struct option longs[] = {
        {"format", required_argument, NULL, 'f'},
        {"unmask", no_argument, NULL, 'u'}, {"jsonl", no_argument, NULL, 'j'},
        {"min-severity", required_argument, NULL, 's'},
        {"min-confidence", required_argument, NULL, 'y'},
        {"exclude", required_argument, NULL, 'x'},
        {"jobs", required_argument, NULL, 'n'},
        {"text", no_argument, NULL, 't'}, {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0}};
    static char standard_input[] = "-";
    static char *only[] = {standard_input};
    int c;
    optind = 0;
    while ((c = getopt_long(argc, argv, "c:h", longs, NULL)) != -1) {
        if (c == 'h')
            return fputs(help, stdout) < 0 ? SCAN_BAD : SCAN_CLEAN;
        if (!read_option(c, options))
            return SCAN_BAD;
    }
    if (options->is_jsonl && optind < argc) {
        fputs("promptgate scan: --jsonl reads standard input only\n", stderr);
        return SCAN_BAD;
    }
    options->walk.names = optind < argc ? argv + optind : only;
    options->walk.count = optind < argc ? (size_t)(argc - optind) : 1;
    return -1;
}

int command_scan(int argc, char **argv)
{
    struct options options = {0};
    struct loaded loaded = {0};
    int status = read_options(argc, argv, &options);
    if (status >= 0)
        return status;
    status = open_engine(&loaded, options.conf) ? run_scan(&loaded, &options)
                                                : SCAN_BAD;
    close_engine(&loaded);
    return status;
}
