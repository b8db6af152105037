/*
 * promptgate collect --once: one poll of the logs of the configuration, by the
 * same code as the collector role; stored by the running gateway, or, where
 * none runs, by a storer of its own.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/random.h"
#include "proxy/cmd_table.h"
#include "proxy/collect_http.h"
#include "proxy/collector.h"
#include "proxy/command.h"
#include "proxy/intake.h"
#include "proxy/scan_engine.h"

enum { STATUS_GOOD = 0, STATUS_FAILED = 1, STATUS_BAD = 2 };

static const char help[] =
    "usage: promptgate collect --once [-c FILE] [--format json|table]\n\n"
    "Polls OpenAI's audit log and the workspace's compliance log, as far as\n"
    "the configuration has a key for them (audit_log, compliance_log), stores\n"
    "what is new and prints it, one activity a line. A running gateway polls\n"
    "by itself; both may be done at once, an event is stored once.\n\n"
    "  --once               one poll of each source, then end\n"
    "  -c FILE              configuration\n"
    "  --format json|table  how it is printed (json)\n\n"
    "Status: 0; 1 when a source failed (said on standard error); 2 mistakes.\n";

struct run {
    struct conf *conf;
    struct engine engine;
    struct table table;
    bool is_table;
    uv_loop_t loop;
    struct defer_queue defer;
    struct resolver *resolver;
    struct collector *collector;
    struct intake intake;
};

static void on_stored(void *owner, const struct activity *activity)
{
    struct run *run = owner;
    struct buf json = {0}, row = {0};
    names_write(run->conf->names, activity,
        (enum capture)run->conf->settings.capture, &json);
    if (run->is_table) {
        table_write_row(&run->table, buf_str(&json), &row);
        fwrite(buf_bytes(&row), 1, row.n, stdout);
    } else {
        printf("%s\n", buf_cstr(&json));
    }
    buf_free(&json);
    buf_free(&row);
}

static void on_end(void *owner)
{
    struct run *run = owner;
    uv_stop(&run->loop);
}

static struct conf *load(const char *given, struct engine *engine)
{
    struct bundle bundle = {0};
    struct diag diag = {0};
    char *file = conf_find_file(given);
    if (file == NULL) {
        fputs("promptgate collect: no configuration file found; name one with "
              "-c\n",
            stderr);
        return NULL;
    }
    conf_collect(file, &bundle, &diag);
    mem_free(file);
    struct conf *conf = conf_load(&bundle, &diag);
    if (conf != NULL && !conf_can_write(conf, &diag))
        conf_unref(&conf);
    if (conf != NULL && !engine_open(engine, conf->rules, &conf->bundle, &diag))
        conf_unref(&conf);
    fputs(buf_cstr(&diag.text), stderr);
    diag_free(&diag);
    return conf;
}

static bool has_source(const struct collect_keys *keys)
{
    for (size_t i = 0; i < COLLECT_SOURCES; i++)
        if (keys->keys[i].n != 0)
            return true;
    return false;
}

/* The keys are read, and names resolved, before root is given up. */
static int open_run(struct run *run, struct collect_keys *keys)
{
    struct str file = bundle_first(&run->conf->bundle, BUNDLE_SETTINGS)->name;
    if (collect_keys_read(&run->conf->settings, file, keys) != OK)
        return STATUS_FAILED;
    if (!has_source(keys)) {
        fputs("promptgate collect: the configuration has no key: set "
              "audit_log.key_file or compliance_log.key_file\n",
            stderr);
        return STATUS_BAD;
    }
    if (intake_open(&run->conf->settings, run->conf->alerts, &run->intake) !=
        OK) {
        fputs("promptgate collect: the store cannot be reached\n", stderr);
        return STATUS_FAILED;
    }
    collect_http_prepare_process();
    uv_loop_init(&run->loop);
    defer_init(&run->defer, &run->loop);
    return resolver_new(&run->loop, &run->defer, NULL, &run->resolver) == OK
               ? STATUS_GOOD
               : STATUS_FAILED;
}

static int report(const struct run *run)
{
    int status = STATUS_GOOD;
    for (int i = 0; i < COLLECT_SOURCES; i++) {
        enum collect_source source = (enum collect_source)i;
        const char *what = collector_trouble(run->collector, source);
        if (what == NULL)
            continue;
        fprintf(stderr, "promptgate collect: %s: %s\n",
            collect_source_name(source), what);
        status = STATUS_FAILED;
    }
    return status;
}

static int poll_once(struct run *run, struct collect_keys *keys)
{
    struct collector_options options = {
        .conf = run->conf,
        .scanner = run->engine.scanner,
        .resolver = run->resolver,
        .defer = &run->defer,
        .keys = *keys,
        .is_once = true,
        .on_end = on_end,
        .on_stored = on_stored,
        .owner = run,
    };
    random_fill(&options.origin, sizeof options.origin);
    if (resolver_set_servers(run->resolver, &run->conf->settings.dns_servers) !=
        OK)
        return STATUS_BAD;
    run->collector = collector_new(&run->loop, &options);
    *keys = (struct collect_keys){0}; /* taken */
    collector_attach(run->collector, run->intake.fd);
    uv_run(&run->loop, UV_RUN_DEFAULT);
    int status = report(run);
    collector_free(&run->collector); /* closes the line to the storer */
    resolver_free(&run->resolver);
    defer_close(&run->defer);
    uv_run(&run->loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&run->loop);
    return status;
}

static int collect(struct run *run, const char *given)
{
    struct collect_keys keys = {0};
    run->conf = load(given, &run->engine);
    if (run->conf == NULL)
        return STATUS_BAD;
    log_setup(run->conf->settings.log_format, run->conf->settings.log_level,
        "collect");
    signal(SIGPIPE, SIG_IGN);
    int status = open_run(run, &keys);
    if (status == STATUS_GOOD)
        status = poll_once(run, &keys);
    collect_keys_free(&keys);
    if (intake_close(&run->intake) != OK) {
        fputs("promptgate collect: the store did not take all\n", stderr);
        status = STATUS_FAILED;
    }
    if (fflush(stdout) != 0)
        status = STATUS_FAILED;
    engine_close(&run->engine);
    conf_unref(&run->conf);
    return status;
}

static int usage(const char *problem)
{
    fprintf(stderr, "promptgate collect: %s; see --help\n", problem);
    return STATUS_BAD;
}

int command_collect(int argc, char **argv)
{
    static const struct option options[] = {{"once", no_argument, NULL, 'o'},
        {"format", required_argument, NULL, 'f'},
        {"config", required_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'}, {0}};
    struct run run = {.intake = {.fd = -1, .lock = -1}};
    const char *conf = NULL;
    bool is_once = false;
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return STATUS_GOOD;
        }
        if (option == 'o')
            is_once = true;
        else if (option == 'c')
            conf = optarg;
        else if (option == 'f' &&
                 (strcmp(optarg, "json") == 0 || strcmp(optarg, "table") == 0))
            run.is_table = optarg[0] == 't';
        else
            return option == 'f' ? usage("--format: json or table")
                                 : STATUS_BAD;
    }
    if (!is_once || optind < argc)
        return usage("it takes --once: a running gateway polls by itself");
    if (run.is_table)
        table_begin(&run.table);
    return collect(&run, conf);
}
