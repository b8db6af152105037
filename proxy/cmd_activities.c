/*
 * `promptgate activities`: lists what was recorded, oldest first, and follows
 * what comes.  Works beside a running gateway (waits a moment for its index)
 * and without one (then it indexes what the journal still holds).
 */
#include "proxy/command.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "proxy/cmd_data.h"
#include "proxy/cmd_table.h"
#include "store/csv.h"
#include "store/indexer.h"
#include "store/query.h"

enum { CATCH_UP_MS = 3000, PAGE_ROWS = 500, POLL_MS = 200 };

enum format { FORMAT_TABLE, FORMAT_JSON, FORMAT_CSV };

struct options {
    const char *config;
    struct query_filter filter;
    enum format format;
    bool follow;
    struct table table;
};

static const char help[] =
    "usage: promptgate activities [-c FILE] [--since T] [--until T]\n"
    "           [--user U] [--activity A] [--verdict V] [--type T]\n"
    "           [--service S] [--conversation ID] [--text WORDS]\n"
    "           [--format table|json|csv] [--follow]\n\n"
    "Lists recorded activities, oldest first, each in its latest state.\n\n"
    "  --since, --until T   RFC 3339 (2026-11-22T10:00:00Z), or a span back\n"
    "                       from now: 15m, 24h, 7d\n"
    "  --user U, --activity A, --verdict V, --type T, --service S,\n"
    "  --conversation ID    only these; '*' and '?' match as in file names,\n"
    "                       repeat an option for more than one value\n"
    "  --text WORDS         only where the record contains this\n"
    "  --format json        one JSON object a line\n"
    "  --format csv         RFC 4180, for spreadsheets\n"
    "  --follow             go on as activities come: each once, when it is\n"
    "                       completed, or after 30 s with complete: false\n";

/* ---- options ---- */

static bool parse_time(const char *option, const char *text, int64_t *out)
{
    if (clock_parse(str_of(text), clock_wall_ms(), out) == OK)
        return true;
    fprintf(stderr,
        "promptgate activities: --%s \"%s\" is no time: RFC 3339 "
        "(2026-11-22T10:00:00Z) or 15m, 24h, 7d\n",
        option, text);
    return false;
}

static bool parse_format(const char *text, enum format *out)
{
    static const char *const names[] = {"table", "json", "csv"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strcmp(text, names[i]) == 0) {
            *out = (enum format)i;
            return true;
        }
    }
    fprintf(stderr,
        "promptgate activities: --format \"%s\": table, json or csv\n", text);
    return false;
}

static bool add_word(
    const char *option, struct query_words *words, const char *text)
{
    if (query_words_add(words, str_of(text)) == OK)
        return true;
    fprintf(stderr, "promptgate activities: --%s more than %d times\n", option,
        QUERY_WORDS_MAX);
    return false;
}

/* A typing error would look like an empty store. */
static bool add_verdict(struct query_words *words, const char *text)
{
    static const char *const names[] = {
        "allow", "alert", "coach", "redact", "block"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(text, names[i]) == 0)
            return add_word("verdict", words, text);
    fprintf(stderr,
        "promptgate activities: --verdict \"%s\": allow, alert, coach, redact "
        "or block\n",
        text);
    return false;
}

static const struct option long_options[] = {
    {"since", required_argument, NULL, 's'},
    {"until", required_argument, NULL, 'u'},
    {"user", required_argument, NULL, 'U'},
    {"activity", required_argument, NULL, 'a'},
    {"verdict", required_argument, NULL, 'v'},
    {"type", required_argument, NULL, 't'},
    {"service", required_argument, NULL, 'S'},
    {"conversation", required_argument, NULL, 'C'},
    {"text", required_argument, NULL, 'q'},
    {"format", required_argument, NULL, 'f'},
    {"follow", no_argument, NULL, 'F'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static bool parse_option(struct options *o, int option, const char *name)
{
    switch (option) {
    case 'c':
        o->config = optarg;
        return true;
    case 's':
        return parse_time(name, optarg, &o->filter.since_ms);
    case 'u':
        return parse_time(name, optarg, &o->filter.until_ms);
    case 'U':
        return add_word(name, &o->filter.user, optarg);
    case 'a':
        return add_word(name, &o->filter.activity, optarg);
    case 'v':
        return add_verdict(&o->filter.verdict, optarg);
    case 't':
        return add_word(name, &o->filter.type, optarg);
    case 'S':
        return add_word(name, &o->filter.service, optarg);
    case 'C':
        return add_word(name, &o->filter.conversation, optarg);
    case 'q':
        o->filter.text = str_of(optarg);
        return true;
    case 'f':
        return parse_format(optarg, &o->format);
    case 'F':
        o->follow = true;
        return true;
    default:
        return false; /* getopt_long has said what is wrong */
    }
}

/* -1: go on; otherwise the exit status. */
static int parse_options(int argc, char **argv, struct options *o)
{
    int option, index = 0;
    optind = 1;
    while (
        (option = getopt_long(argc, argv, "c:h", long_options, &index)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return STATUS_OK;
        }
        if (!parse_option(o, option, long_options[index].name))
            return STATUS_USAGE;
    }
    if (optind < argc) {
        fprintf(stderr,
            "promptgate activities: unexpected \"%s\"; see "
            "promptgate activities --help\n",
            argv[optind]);
        return STATUS_USAGE;
    }
    return -1;
}

/* ---- output ---- */

static void print_row(void *context, const struct query_row *row)
{
    struct options *o = context;
    struct buf out = {0};
    if (o->format == FORMAT_CSV) {
        if (csv_write_activity(row->json, &out) != OK)
            log_event(
                LOG_ERROR, "store.unreadable-row", LOG_STR("id", row->id));
    } else if (o->format == FORMAT_TABLE) {
        table_write_row(&o->table, row->json, &out);
    } else {
        buf_append_str(&out, row->json);
        buf_append_char(&out, '\n');
    }
    if (out.n > 0)
        fwrite(buf_bytes(&out), 1, out.n, stdout);
    buf_free(&out);
}

static void print_head(struct options *o)
{
    struct buf out = {0};
    if (o->format == FORMAT_CSV)
        csv_write_head(&out);
    if (o->format == FORMAT_TABLE)
        table_write_head(&o->table, &out);
    if (out.n > 0)
        fwrite(buf_bytes(&out), 1, out.n, stdout);
    buf_free(&out);
}

static int say_failed(const char *what, const char *why)
{
    fprintf(stderr, "promptgate activities: %s: %s\n", what, why);
    return STATUS_FAILED;
}

static int finish_output(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return STATUS_OK;
    return errno == EPIPE ? STATUS_OK
                          : say_failed("cannot write", strerror(errno));
}

/* ---- reading ---- */

static int list(struct options *o, struct query *q)
{
    struct query_cursor cursor = {0};
    bool has_more = true;
    while (has_more && !ferror(stdout)) {
        enum err err = query_list(q, &o->filter, QUERY_OLDEST_FIRST, PAGE_ROWS,
            &cursor, print_row, o, &has_more);
        if (err != OK)
            return say_failed("cannot read the store", query_error(q));
    }
    return finish_output();
}

/* Until the output is closed or a signal ends us.  The store is opened anew
 * after an error: it may have been rebuilt. */
static int follow(struct options *o, struct str folder)
{
    struct query *q = NULL;
    struct follow *f = follow_new(&o->filter);
    int status = STATUS_OK;
    while (!ferror(stdout)) {
        enum err err = q != NULL ? OK : query_open(folder, &q);
        if (err == OK)
            err = follow_poll(f, q, clock_wall_ms(), print_row, o);
        if (err != OK)
            query_close(&q);
        if (err != OK && err != ERR_AGAIN && err != ERR_NOT_FOUND)
            log_event(LOG_WARN, "store.cannot-read",
                LOG_CSTR("reason", err_name(err)));
        status = finish_output();
        if (status != STATUS_OK)
            break;
        nanosleep(&(struct timespec){0, POLL_MS * 1000000L}, NULL);
    }
    query_close(&q);
    follow_free(&f);
    return status;
}

static int read_store(
    struct options *o, struct str folder, struct alert_rules *alerts)
{
    struct query *q = NULL;
    enum err err = indexer_catch_up(folder, alerts, CATCH_UP_MS);
    if (err == ERR_TIMEOUT)
        fputs("promptgate activities: the index is behind the journal; the "
              "latest activities may be missing\n",
            stderr);
    else if (err != OK)
        return say_failed("cannot read the store", db_error(NULL));
    print_head(o);
    if (o->follow)
        return follow(o, folder);
    err = query_open(folder, &q);
    if (err == ERR_NOT_FOUND)
        return finish_output(); /* nothing was ever stored */
    if (err != OK)
        return say_failed("cannot open the store", db_error(NULL));
    int status = list(o, q);
    query_close(&q);
    return status;
}

/* A name would find at most what is older than the setting. */
static void note_names(const struct options *o, const struct settings *s)
{
    const struct query_words *users = &o->filter.user;
    bool is_name = false;
    for (size_t i = 0; i < users->count; i++)
        is_name = is_name || !str_starts(users->items[i], "person-");
    if (s->names.are_hidden && is_name)
        fputs("promptgate activities: names of persons are pseudonyms; "
              "`promptgate names of NAME` tells which to look for\n",
            stderr);
}

int command_activities(int argc, char **argv)
{
    struct options o = {0};
    struct settings settings;
    struct alert_rules *alerts = NULL;
    int status = parse_options(argc, argv, &o);
    if (status >= 0)
        return status;
    if (cmd_load_store(o.config, &settings, &alerts) != OK)
        return STATUS_USAGE;
    log_setup(LOG_TEXT, LOG_WARN, "activities");
    enum err err = cmd_become_storer(&settings);
    if (err != OK && err != ERR_NOT_FOUND) {
        status = cmd_no_data("activities", &settings);
        settings_free(&settings);
        alert_rules_unref(&alerts);
        return status;
    }
    note_names(&o, &settings);
    table_begin(&o.table);
    status = read_store(&o, settings.store_dir, alerts);
    alert_rules_unref(&alerts);
    settings_free(&settings);
    return status;
}
