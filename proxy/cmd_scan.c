/*
 * promptgate scan: the detection engine over files or standard input, without
 * a gateway.  Loads the detectors of the configuration, takes the compiled
 * database from a cache or makes it, and prints findings.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/settings.h"
#include "inspect/finding.h"
#include "inspect/json.h"
#include "inspect/rules.h"
#include "inspect/scan.h"
#include "proxy/command.h"
#include "proxy/conf.h"
#include "proxy/document_text.h"
#include "proxy/scan_engine.h"
#include "proxy/scan_report.h"

enum { STATUS_CLEAN = 0, STATUS_BAD = 2, STATUS_FOUND = 3 };

static const char help[] =
    "usage: promptgate scan [-c FILE] [--format table|jsonl|sarif] [--unmask]\n"
    "                       [--text] [FILE…|-]\n"
    "       promptgate scan [-c FILE] [--unmask] --jsonl\n\n"
    "Runs the detectors over files or standard input; documents, archives and\n"
    "images are opened and their text is scanned.\n\n"
    "  -c FILE     configuration; its detectors are used\n"
    "  --format F  table (default), jsonl: one object a file, or sarif\n"
    "              table: FILE[!MEMBER]:LINE:COLUMN, severity, confidence, "
    "detector,\n"
    "              type, the value masked\n"
    "  --jsonl     standard input: one {\"id\":…,\"text\":…} a line; standard\n"
    "              output: one {\"id\":…,\"findings\":[…]} a line\n"
    "  --unmask    adds the values themselves\n"
    "  --text      prints the text that would be scanned, and nothing else\n\n"
    "Status: 0 nothing found, 3 something found, 2 bad input or usage.\n";

struct options {
    const char *conf;
    enum scan_format format;
    bool is_unmasked, is_jsonl, is_text;
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
    document_text_setup(&bundle, &e->setup);
    fputs(buf_cstr(&diag.text), stderr);
    if (!is_open)
        fputs("promptgate scan: the detectors cannot be loaded\n", stderr);
    bundle_free(&bundle);
    diag_free(&collecting);
    diag_free(&diag);
    return is_open;
}

/* ---- files ---- */

static int worse(int a, int b)
{
    static const int order[] = {STATUS_CLEAN, STATUS_FOUND, STATUS_BAD};
    for (size_t i = ARRAY_LEN(order); i-- > 0;)
        if (a == order[i] || b == order[i])
            return order[i];
    return STATUS_BAD;
}

static enum err load_file(const struct loaded *loaded, const char *name,
    struct buf *text, struct extract_report *report)
{
    enum err err = document_text_load(&loaded->setup, name, text, report);
    if (err != OK)
        fprintf(stderr, "promptgate scan: %s: %s\n", name,
            err == ERR_LIMIT ? "larger than 512 MiB" : strerror(errno));
    return err;
}

static int scan_file(const struct loaded *loaded, const struct options *options,
    struct scan_report *report, const char *name)
{
    struct buf text = {0};
    struct extract_report extracted;
    if (load_file(loaded, name, &text, &extracted) != OK) {
        buf_free(&text);
        return STATUS_BAD;
    }
    if (options->is_text) {
        fwrite(buf_bytes(&text), 1, text.n, stdout);
        extract_report_free(&extracted);
        buf_free(&text);
        return STATUS_CLEAN;
    }
    struct findings findings = {0};
    bool is_stdin = strcmp(name, "-") == 0 && extracted.part_count == 0;
    scan_text(loaded->engine.scanner, buf_str(&text),
        is_stdin ? WHERE_PROMPT : WHERE_FILE, &findings);
    if (extract_status_is_bad(extracted.status))
        findings_add_unreadable(
            &findings, extract_status_name(extracted.status), extracted.where);
    scan_report_add(report, name, buf_str(&text), &findings, &extracted);
    int status = findings.count > 0 ? STATUS_FOUND : STATUS_CLEAN;
    findings_free(&findings);
    extract_report_free(&extracted);
    buf_free(&text);
    return status;
}

static int scan_files(const struct loaded *loaded,
    const struct options *options, char **names, int count)
{
    static char standard_input[] = "-";
    char *only[] = {standard_input};
    struct scan_report report = {.format = options->format,
        .is_unmasked = options->is_unmasked,
        .rules = loaded->engine.rules,
        .out = stdout};
    int status = STATUS_CLEAN;
    if (count == 0) {
        names = only;
        count = 1;
    }
    if (!options->is_text)
        scan_report_begin(&report);
    for (int i = 0; i < count; i++)
        status = worse(status, scan_file(loaded, options, &report, names[i]));
    if (!options->is_text)
        scan_report_end(&report);
    return status;
}

/* ---- lines ---- */

static int report_bad_line(size_t number, const char *what)
{
    fprintf(stderr, "promptgate scan: line %zu: %s\n", number, what);
    return STATUS_BAD;
}

/* The id goes out as it came in: numbers keep their digits. */
static void write_id(
    struct jsonw *w, const struct json_node *id, struct str line)
{
    if (json_is(id, JSON_STRING))
        jsonw_str(w, id->text);
    else
        jsonw_raw(w, str_sub(line, id->start, id->end));
}

static void print_line(struct scan_report *report, const struct json_node *id,
    struct str line, struct str text, const struct findings *findings)
{
    struct jsonw w = {.out = &report->text};
    jsonw_object(&w);
    jsonw_key(&w, "id");
    write_id(&w, id, line);
    scan_report_write_findings(report, &w, text, findings);
    jsonw_close(&w);
    buf_append_char(&report->text, '\n');
}

static int scan_object(const struct engine *e, struct scan_report *report,
    struct str line, const struct json_node *root, size_t number)
{
    const struct json_node *id = json_get(root, "id");
    const struct json_node *text = json_get(root, "text");
    struct findings findings = {0};
    if (id == NULL || !json_is(text, JSON_STRING))
        return report_bad_line(
            number, "not an object with \"id\" and \"text\"");
    scan_text(e->scanner, text->text, WHERE_PROMPT, &findings);
    print_line(report, id, line, text->text, &findings);
    int status = findings.count > 0 ? STATUS_FOUND : STATUS_CLEAN;
    findings_free(&findings);
    return status;
}

/* Read with the project's own reader: stricter ones refuse lone surrogates,
 * which JavaScript writes. */
static int scan_line(const struct engine *e, struct scan_report *report,
    struct str line, size_t number)
{
    static const struct json_limits limits = {.depth = JSON_DEPTH_MAX,
        .string_bytes = DOCUMENT_FILE_MAX,
        .tree_bytes = (size_t)2 * DOCUMENT_FILE_MAX};
    struct arena arena = {0};
    struct json_node *root;
    enum err err = json_parse(line, &arena, &limits, &root);
    int status =
        err == OK ? scan_object(e, report, line, root, number)
                  : report_bad_line(number,
                        err == ERR_LIMIT ? "too large or too deep" : "no JSON");
    arena_free(&arena);
    return status;
}

static int scan_lines(const struct engine *e, const struct options *options)
{
    enum { FLUSH_AT = 64 * 1024 };
    struct scan_report report = {.format = SCAN_JSONL,
        .is_unmasked = options->is_unmasked,
        .out = stdout};
    char *line = NULL;
    size_t cap = 0, number = 0;
    ssize_t n;
    int status = STATUS_CLEAN;
    while ((n = getline(&line, &cap, stdin)) > 0) {
        struct str trimmed = str_trim(str_make(line, (size_t)n));
        number++;
        if (trimmed.n == 0)
            continue;
        status = worse(status, scan_line(e, &report, trimmed, number));
        if (report.text.n > FLUSH_AT)
            scan_report_flush(&report);
    }
    if (ferror(stdin))
        status = report_bad_line(number + 1, strerror(errno));
    scan_report_end(&report);
    free(line);
    return status;
}

/* ---- arguments ---- */

static bool read_format(const char *text, enum scan_format *format_out)
{
    static const char *const names[] = {"table", "jsonl", "sarif"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strcmp(text, names[i]) == 0) {
            *format_out = (enum scan_format)i;
            return true;
        }
    }
    fprintf(stderr,
        "promptgate scan: --format %s is not one of: table, jsonl, sarif\n",
        text);
    return false;
}

/* -1: go on; else the status to end with. */
static int read_options(int argc, char **argv, struct options *options)
{
    static const struct option longs[] = {
        {"format", required_argument, NULL, 'f'},
        {"unmask", no_argument, NULL, 'u'}, {"jsonl", no_argument, NULL, 'j'},
        {"text", no_argument, NULL, 't'}, {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0}};
    int c;
    optind = 0;
    while ((c = getopt_long(argc, argv, "c:h", longs, NULL)) != -1) {
        if (c == 'c')
            options->conf = optarg;
        else if (c == 'u')
            options->is_unmasked = true;
        else if (c == 'j')
            options->is_jsonl = true;
        else if (c == 't')
            options->is_text = true;
        else if (c == 'h')
            return fputs(help, stdout) < 0 ? STATUS_BAD : STATUS_CLEAN;
        else if (c != 'f' || !read_format(optarg, &options->format))
            return STATUS_BAD;
    }
    if (options->is_jsonl && optind < argc) {
        fputs("promptgate scan: --jsonl reads standard input only\n", stderr);
        return STATUS_BAD;
    }
    return -1;
}

int command_scan(int argc, char **argv)
{
    struct options options = {0};
    struct loaded loaded = {0};
    int status = read_options(argc, argv, &options);
    if (status >= 0)
        return status;
    if (open_engine(&loaded, options.conf))
        status = options.is_jsonl ? scan_lines(&loaded.engine, &options)
                                  : scan_files(&loaded, &options, argv + optind,
                                        argc - optind);
    else
        status = STATUS_BAD;
    close_engine(&loaded);
    return status;
}
