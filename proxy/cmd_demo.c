/*
 * promptgate demo: a throw-away folder with a configuration and a store that
 * has a made-up week in it (proxy/demo.h), to look at the console with.  The
 * folder must be new, so that no real store is ever mixed with it; a mark in
 * the store has every page of the console say what it is (console/console.h).
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/jsonw.h"
#include "base/log.h"
#include "base/mem.h"
#include "console/console.h"
#include "proxy/cmd_data.h"
#include "proxy/command.h"
#include "proxy/conf.h"
#include "proxy/demo.h"
#include "proxy/first.h"
#include "proxy/scan_engine.h"
#include "store/indexer.h"
#include "store/storer.h"

static const char help[] =
    "usage: promptgate demo [--folder DIR] [--run] [-c FILE]\n\n"
    "Fills a throw-away store with a made-up week, to look at the console\n"
    "with: people of six departments, prompts, answers, files, findings,\n"
    "incidents, administration, two nodes and a collector. Texts are judged\n"
    "by the detectors and the policy of the configuration. Each page says\n"
    "that it is a demonstration. Remove the folder when you are through.\n\n"
    "  --folder DIR      a new or empty one (else one below /tmp)\n"
    "  --run             then start the gateway and its console on it\n"
    "  --activities N    about as many (7000; 100 to 50000)\n"
    "  --seed N          another week (1)\n"
    "  --until TIME      when it ends (now); with the seed it repeats\n"
    "  --port N          of proxy; console and metrics are the two behind it\n"
    "                    (18080)\n"
    "  -c FILE           configuration whose detectors and policy are taken\n";

struct demo_command {
    const char *conf, *folder;
    bool is_run;
    uint64_t seed, activities, port;
    int64_t until_ms;
};

static int complain(const char *what, const char *name)
{
    fprintf(
        stderr, "promptgate demo: %s %s: %s\n", what, name, strerror(errno));
    return STATUS_FAILED;
}

/* ---- the folder ---- */

static bool make_folder(const char *given, char path[PATH_MAX])
{
    char made[] = "/tmp/promptgate-demo-XXXXXX";
    const char *folder = given;
    if (given == NULL)
        folder = mkdtemp(made);
    else if (mkdir(given, 0755) != 0 &&
             (errno != EEXIST || rmdir(given) != 0 || mkdir(given, 0755) != 0))
        folder = NULL;
    /* As root, roles reach it under another user. */
    return folder != NULL && realpath(folder, path) != NULL &&
           chmod(path, 0755) == 0;
}

static void put_files(struct buf *out, const char *key,
    const struct bundle *bundle, enum bundle_kind kind, bool is_list)
{
    bool is_first = true;
    char path[PATH_MAX];
    buf_printf(out, "%s: %s", key, is_list ? "[" : "");
    for (size_t i = 0; i < bundle->count; i++) {
        const struct bundle_file *file = &bundle->files[i];
        if (file->kind != kind || realpath(file->name.p, path) == NULL)
            continue;
        if (!is_first)
            buf_append_str(out, STR(", "));
        is_first = false;
        jsonw_append_quoted(out, str_of(path));
    }
    buf_append_str(out, is_list ? STR("]\n") : STR("\n"));
}

static bool write_config(const struct demo_command *c, const char *folder,
    const struct bundle *bundle, char path[PATH_MAX])
{
    struct buf text = {0}, data = {0};
    int n = snprintf(path, PATH_MAX, "%s/promptgate.yaml", folder);
    if (n >= PATH_MAX)
        return false;
    buf_printf(&data, "%s/data", folder);
    buf_append_str(
        &text, STR("# Of `promptgate demo`: the data is made up.\n"));
    buf_printf(&text,
        "listen: {proxy: \"127.0.0.1:%u\", console: \"127.0.0.1:%u\", metrics: "
        "\"127.0.0.1:%u\"}\ndata_dir: ",
        (unsigned)c->port, (unsigned)c->port + 1, (unsigned)c->port + 2);
    jsonw_append_quoted(&text, buf_str(&data));
    buf_append_str(&text, STR("\nrun_as: nobody\nnode: " DEMO_NODE "gw-1\n"
                              "workers: 1\ncapture: full\n"
                              "retention: {days: 3650}\n"));
    put_files(&text, "services", bundle, BUNDLE_SERVICE, true);
    put_files(&text, "detectors", bundle, BUNDLE_DETECTORS, true);
    put_files(&text, "policy", bundle, BUNDLE_POLICY, false);
    put_files(&text, "alerts", bundle, BUNDLE_ALERTS, true);
    enum err err = file_create(path, buf_str(&text), 0644);
    buf_free(&data);
    buf_free(&text);
    return err == OK;
}

/* ---- the store ---- */

static void on_answer(void *context, unsigned peer, struct str answer)
{
    struct store_answer a;
    bool *is_good = context;
    (void)peer;
    *is_good = *is_good && store_answer_decode(answer, &a) == OK && a.err == OK;
}

static bool put_week(struct storer *storer, const struct demo_week *week)
{
    bool is_good = true;
    struct buf bytes = {0};
    for (size_t i = 0; i < week->count && is_good; i++) {
        const struct demo_record *r = &week->records[i];
        struct store_request request = {.kind = r->kind,
            .token = i + 1,
            .origin = 1,
            .json = buf_str(&r->json)};
        memcpy(request.id, r->id, sizeof request.id);
        buf_clear(&bytes);
        store_request_encode(&request, &bytes);
        storer_handle(storer, 0, STORER_COMMAND, buf_str(&bytes), -1);
        if (i % 256 == 255)
            storer_commit(storer, on_answer, &is_good);
    }
    storer_commit(storer, on_answer, &is_good);
    buf_free(&bytes);
    return is_good;
}

static bool mark(const struct settings *s)
{
    struct buf path = {0};
    buf_printf(&path, "%s/" CONSOLE_DEMO_MARK, s->store_dir.p);
    enum err err =
        file_create(buf_cstr(&path), STR("made up by promptgate demo\n"), 0644);
    buf_free(&path);
    return err == OK;
}

static int store_week(struct conf *conf, const struct demo_week *week)
{
    enum { INDEX_MS = 120000 };
    const struct settings *s = &conf->settings;
    const struct storer_options options = {s->store_dir, s->fsync_group,
        s->retention_days, s->retention_bytes, s->timeout_file, conf->alerts};
    struct storer *storer;
    if (!mark(s) || storer_open(&options, &storer) != OK)
        return complain("cannot make", s->store_dir.p);
    storer_begin(storer, NULL, 0);
    bool is_good = put_week(storer, week);
    storer_close(&storer);
    if (is_good && indexer_catch_up(s->store_dir, conf->alerts, INDEX_MS) == OK)
        return STATUS_OK;
    fputs("promptgate demo: the store did not take all\n", stderr);
    return STATUS_FAILED;
}

/* In a process of its own: it gives up root for good. */
static int fill(struct conf *conf, const struct demo_week *week)
{
    struct run_user user;
    int lock, status = 0;
    if (first_user(conf->settings.run_as, &user) != OK ||
        first_data_dir(&conf->settings, &user, &lock) != OK)
        return STATUS_FAILED;
    pid_t child = fork();
    if (child == 0)
        _exit(
            first_become(&user) == OK ? store_week(conf, week) : STATUS_FAILED);
    if (child < 0 || waitpid(child, &status, 0) != child)
        status = -1;
    close(lock);
    return status == 0 ? STATUS_OK : STATUS_FAILED;
}

/* ---- one after another ---- */

static struct conf *load(const char *file, struct diag *diag)
{
    struct bundle bundle = {0};
    conf_collect(file, &bundle, diag);
    return conf_load(&bundle, diag);
}

static int make_week(const struct demo_command *c, const char *file)
{
    struct diag diag = {0};
    struct engine engine = {0};
    struct demo_week week;
    struct conf *conf = load(file, &diag);
    int status = STATUS_USAGE;
    if (conf != NULL &&
        engine_open(&engine, conf->rules, &conf->bundle, &diag)) {
        const struct demo_options options = {c->seed, c->until_ms,
            (size_t)c->activities, conf->policy, engine.scanner};
        demo_week_make(&options, &week);
        status = fill(conf, &week);
        if (status == STATUS_OK)
            printf("%zu activities of %d days.\n", week.activities, DEMO_DAYS);
        demo_week_free(&week);
    }
    fputs(buf_cstr(&diag.text), stderr);
    diag_free(&diag);
    engine_close(&engine);
    conf_unref(&conf);
    return status;
}

static int prepare(const struct demo_command *c, char path[PATH_MAX])
{
    char folder[PATH_MAX];
    struct diag diag = {0};
    char *file = conf_find_file(c->conf);
    if (file == NULL) {
        fputs("promptgate demo: no configuration file found; name one with -c"
              "\n",
            stderr);
        return STATUS_USAGE;
    }
    struct conf *conf = load(file, &diag);
    int status = STATUS_USAGE;
    fputs(buf_cstr(&diag.text), stderr);
    if (conf != NULL && !make_folder(c->folder, folder))
        status = complain("wants a new or empty folder, not",
            c->folder != NULL ? c->folder : "/tmp");
    else if (conf != NULL)
        status = write_config(c, folder, &conf->bundle, path)
                     ? STATUS_OK
                     : complain("cannot write", path);
    diag_free(&diag);
    conf_unref(&conf);
    mem_free(file);
    return status;
}

static int demo(const struct demo_command *c)
{
    char path[PATH_MAX], run[] = "promptgate run", option[] = "-c";
    int status = prepare(c, path);
    if (status == STATUS_OK)
        status = make_week(c, path);
    if (status != STATUS_OK)
        return status;
    if (c->is_run) {
        char *argv[] = {run, option, path, NULL};
        fflush(stdout);
        optind = 1; /* its own arguments are read now */
        return command_run(3, argv);
    }
    printf("Look at it: promptgate run -c %s\n"
           "Then https://127.0.0.1:%u/ with the login that it prints.\n",
        path, (unsigned)c->port + 1);
    return STATUS_OK;
}

static bool take_number(
    const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
    return str_to_u64(str_of(text), out) == OK && *out >= min && *out <= max;
}

static bool take_option(int option, struct demo_command *c)
{
    switch (option) {
    case 'c':
        c->conf = optarg;
        return true;
    case 'f':
        c->folder = optarg;
        return true;
    case 'r':
        c->is_run = true;
        return true;
    case 's':
        return take_number(optarg, 0, UINT64_MAX, &c->seed);
    case 'n':
        return take_number(optarg, DEMO_MIN, DEMO_MAX, &c->activities);
    case 'p':
        return take_number(optarg, 1024, 65533, &c->port);
    case 'u':
        return clock_parse(str_of(optarg), clock_wall_ms(), &c->until_ms) == OK;
    default:
        return false;
    }
}

int command_demo(int argc, char **argv)
{
    static const struct option options[] = {
        {"folder", required_argument, NULL, 'f'},
        {"run", no_argument, NULL, 'r'}, {"seed", required_argument, NULL, 's'},
        {"activities", required_argument, NULL, 'n'},
        {"port", required_argument, NULL, 'p'},
        {"until", required_argument, NULL, 'u'},
        {"config", required_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'}, {0}};
    struct demo_command c = {.seed = 1,
        .activities = DEMO_DEFAULT,
        .port = 18080,
        .until_ms = clock_wall_ms()};
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return STATUS_OK;
        }
        if (take_option(option, &c))
            continue;
        if (option != '?')
            fputs("promptgate demo: a number or a time out of bounds; see "
                  "--help\n",
                stderr);
        return STATUS_USAGE;
    }
    if (optind < argc) {
        fputs("promptgate demo: it takes no names; see --help\n", stderr);
        return STATUS_USAGE;
    }
    log_setup(LOG_TEXT, LOG_WARN, "demo");
    return demo(&c);
}
