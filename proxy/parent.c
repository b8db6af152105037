/*
 * `promptgate run`: the parent of all roles.  Reads the configuration, makes
 * what a first start needs, binds the ports, has the rules compiled, starts
 * the roles and keeps them running; SIGHUP reloads, SIGTERM and SIGINT drain
 * and stop.
 */
#include "proxy/parent.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/stats.h"
#include "certs/ca.h"
#include "proxy/command.h"
#include "proxy/notify.h"
#include "proxy/tls.h"

enum {
    EXIT_FAILURE_RUN = 1,
    EXIT_CONFIG = 2,
    GRACE_MS = 1000,         /* beyond the drain time, before SIGKILL */
    SERVICES_STOP_MS = 5000, /* for the indexer to finish */
};

static void on_deadline(uv_timer_t *timer);

static void stop_services(struct parent *p)
{
    p->phase = PARENT_STOP;
    children_drain(p, true, SERVICES_STOP_MS);
    uv_timer_start(&p->deadline, on_deadline, SERVICES_STOP_MS, 0);
}

static void advance_stop(struct parent *p)
{
    if (p->phase == PARENT_DRAIN && children_are_gone(p, false))
        stop_services(p);
    if (p->phase == PARENT_STOP && children_are_gone(p, true))
        uv_stop(&p->loop);
}

static void on_deadline(uv_timer_t *timer)
{
    struct parent *p = timer->data;
    log_event(LOG_WARN, "stop.cut_short");
    children_kill(p, p->phase == PARENT_STOP);
}

static void drain(struct parent *p)
{
    uint64_t within = (uint64_t)p->now.conf->settings.drain;
    if (p->phase >= PARENT_DRAIN)
        return;
    log_event(LOG_INFO, "stopping", LOG_INT("drain_ms", within));
    p->phase = PARENT_DRAIN;
    notify_stopping();
    bind_close(&p->proxy);
    bind_close(&p->console);
    bind_close(&p->metrics);
    if (p->compiler_pid != 0)
        kill(p->compiler_pid, SIGKILL);
    children_drain(p, false, within);
    uv_timer_start(&p->deadline, on_deadline, within + GRACE_MS, 0);
    advance_stop(p);
}

void parent_fail(struct parent *p, const char *why)
{
    if (p->status == 0)
        log_event(LOG_ERROR, "run.failed", LOG_CSTR("why", why));
    p->status = EXIT_FAILURE_RUN;
    if (p->phase == PARENT_COMPILE) {
        p->phase = PARENT_STOP;
        uv_stop(&p->loop);
    } else {
        drain(p);
    }
}

static void print_list(const char *what, const struct str_list *addresses,
    const char *scheme, const char *path)
{
    for (size_t i = 0; i < addresses->count; i++)
        printf("  %-9s%s%.*s%s\n", what, scheme, STR_ARG(addresses->items[i]),
            path);
}

static void print_admin(struct first_admin *admin)
{
    if (admin->name[0] == '\0')
        return;
    if (admin->path[0] != '\0')
        printf("  login    %s, password in %s\n", admin->name, admin->path);
    else
        printf("  login    %s, password %s (shown only now)\n", admin->name,
            admin->password);
    explicit_bzero(admin, sizeof *admin);
}

static void print_addresses(struct parent *p)
{
    const struct settings *s = &p->now.conf->settings;
    const struct bundle_file *ca =
        bundle_first(&p->now.conf->bundle, BUNDLE_CA);
    struct ca_info info;
    puts("promptgate is running");
    print_list("proxy", &s->listen_proxy, "http://", "");
    print_list("PAC", &s->listen_proxy, "http://", "/proxy.pac");
    print_list("CA", &s->listen_proxy, "http://", "/ca");
    print_list("console", &s->listen_console, "https://", "/");
    print_list("metrics", &s->listen_metrics, "http://", "/metrics");
    if (ca != NULL && ca_read(ca->text, &info) == OK)
        printf("  CA's SHA-256 %s\n", info.sha256);
    printf("  data     %.*s\n", STR_ARG(s->data_dir));
    print_admin(&p->admin);
    fflush(stdout);
}

static size_t count_ready(const struct parent *p)
{
    size_t ready = 0;
    for (size_t i = 0; i < p->child_count; i++)
        ready += p->children[i].is_ready;
    return ready;
}

/* A SIGHUP that came while another reload, or the start, was under way. */
static void start_wanted_reload(struct parent *p)
{
    if (p->phase != PARENT_RUN || !p->wants_reload)
        return;
    p->wants_reload = false;
    reload_start(p);
}

void parent_on_change(struct parent *p)
{
    if (p->phase == PARENT_START && count_ready(p) == p->child_count) {
        p->phase = PARENT_RUN;
        log_event(LOG_INFO, "ready", LOG_INT("roles", p->child_count));
        print_addresses(p);
        notify_ready();
        start_wanted_reload(p);
    }
    advance_stop(p);
}

static bool lists_differ(const struct str_list *a, const struct str_list *b)
{
    if (a->count != b->count)
        return true;
    for (size_t i = 0; i < a->count; i++)
        if (!str_eq(a->items[i], b->items[i]))
            return true;
    return false;
}

static bool has_logs(const struct settings *s)
{
    return setting_log_is_on(&s->audit_log) ||
           setting_log_is_on(&s->compliance_log);
}

static void warn_of_restart(const struct settings *a, const struct settings *b)
{
    if (lists_differ(&a->listen_proxy, &b->listen_proxy) ||
        lists_differ(&a->listen_console, &b->listen_console) ||
        lists_differ(&a->listen_metrics, &b->listen_metrics) ||
        !str_eq(a->data_dir, b->data_dir) || !str_eq(a->run_as, b->run_as) ||
        a->workers != b->workers || (!has_logs(a) && has_logs(b)))
        log_event(LOG_WARN, "reload.needs_restart",
            LOG_CSTR("keys",
                "listen, data_dir, run_as, workers, the first key of a log"));
}

static void adopt(struct parent *p)
{
    generation_free(&p->now);
    p->now = p->next;
    p->next = (struct generation){.bundle_fd = -1,
        .names_fd = -1,
        .database_fd = -1,
        .data_fd = -1,
        .log_fd = -1};
    const struct settings *s = &p->now.conf->settings;
    log_use(p->now.log_fd);
    log_setup(s->log_format, s->log_level, "parent");
    generation_log_roots(&p->now);
}

static struct str ca_of(const struct generation *g)
{
    const struct bundle_file *file = bundle_first(&g->conf->bundle, BUNDLE_CA);
    return file != NULL ? file->text : STR_NONE;
}

static void finish_reload(struct parent *p, bool is_good)
{
    if (is_good) {
        bool is_new_ca = !str_eq(ca_of(&p->now), ca_of(&p->next));
        warn_of_restart(&p->now.conf->settings, &p->next.conf->settings);
        adopt(p);
        children_reload(p);
        if (is_new_ca)
            children_replace_signer(p);
        stats_add(STAT_RELOADS, 1);
        log_event(LOG_INFO, "reload.done",
            LOG_INT("generation", p->now.conf->generation));
    } else {
        generation_free(&p->next);
        stats_add(STAT_RELOADS_FAILED, 1);
        log_event(LOG_ERROR, "reload.refused");
    }
    start_wanted_reload(p);
}

void parent_on_compiled(struct parent *p, bool is_good)
{
    if (p->phase > PARENT_RUN)
        return;
    if (p->phase != PARENT_COMPILE) {
        finish_reload(p, is_good);
        return;
    }
    if (!is_good) {
        parent_fail(p, "the configuration could not be compiled");
        return;
    }
    adopt(p);
    p->phase = PARENT_START;
    children_start(p);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct parent *p = handle->data;
    if (number == SIGCHLD) {
        compile_reap(p);
        children_reap(p);
    } else if (number == SIGHUP) {
        if (p->phase == PARENT_RUN)
            reload_start(p);
        else /* what changed since the files were read must not be lost */
            p->wants_reload = true;
    } else if (p->phase == PARENT_COMPILE) {
        p->phase = PARENT_STOP;
        uv_stop(&p->loop);
    } else if (p->phase >= PARENT_DRAIN) { /* asked twice: now */
        on_deadline(&p->deadline);
    } else {
        drain(p);
    }
}

static void on_tick(uv_timer_t *timer)
{
    struct parent *p = timer->data;
    children_reap(p); /* should a SIGCHLD have been merged into another */
    if (p->phase == PARENT_START || p->phase == PARENT_RUN)
        children_watch(p);
    if (p->phase == PARENT_RUN)
        reload_users(p);
}

static void start_loop(struct parent *p)
{
    static const int numbers[] = {SIGCHLD, SIGHUP, SIGTERM, SIGINT};
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        uv_signal_init(&p->loop, &p->signals[i]);
        p->signals[i].data = p;
        uv_signal_start(&p->signals[i], on_signal, numbers[i]);
    }
    uv_timer_init(&p->loop, &p->tick);
    uv_timer_init(&p->loop, &p->deadline);
    p->tick.data = p->deadline.data = p;
    uv_timer_start(&p->tick, on_tick, PARENT_TICK_MS, PARENT_TICK_MS);
    signal(SIGPIPE, SIG_IGN);
}

/* Every descriptor a worker may need comes from this limit.  No dump: the
 * parent holds the leaf key. */
static void set_limits(void)
{
    struct rlimit limit;
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static enum err make_stats(struct parent *p)
{
    size_t bytes = stats_mapping_bytes();
    p->stats_fd = memfd_create("stats", MFD_CLOEXEC);
    if (p->stats_fd < 0 || ftruncate(p->stats_fd, (off_t)bytes) != 0)
        return ERR_IO;
    p->stats =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, p->stats_fd, 0);
    if (p->stats == MAP_FAILED)
        return ERR_IO;
    stats_attach(p->stats, 0);
    return OK;
}

static enum err make_secrets(struct parent *p)
{
    char tickets[TLS_TICKET_KEY_BYTES];
    struct buf key = {0};
    if (getrandom(tickets, sizeof tickets, 0) != (ssize_t)sizeof tickets)
        return ERR_IO;
    enum err err =
        memfd_from(str_make(tickets, sizeof tickets), &p->tickets_fd);
    explicit_bzero(tickets, sizeof tickets);
    if (err == OK)
        err = ca_create_leaf_key(&key);
    if (err == OK)
        err = memfd_from(buf_str(&key), &p->leaf_key_fd);
    buf_wipe_free(&key);
    return err;
}

/* NULL: the mistakes have been printed. */
static struct conf *read_conf(const char *file)
{
    struct bundle bundle;
    struct diag diag = {0};
    conf_collect(file, &bundle, &diag);
    struct conf *conf = conf_load(&bundle, &diag);
    if (diag.count > 0) {
        conf_unref(&conf);
        fputs(buf_cstr(&diag.text), stderr);
    }
    diag_free(&diag);
    return conf;
}

/* OK, ERR_CONFIG (exit status 2) or anything else (1). */
static enum err prepare_disk(struct parent *p, const struct settings *s)
{
    const char *dir = s->data_dir.p;
    enum err err = first_user(s->run_as, &p->user);
    if (err == OK)
        err = first_data_dir(s, &p->user, &p->lock_fd);
    if (err == OK)
        err = first_ca(dir, &(struct ca_limits){0});
    if (err == OK)
        err = first_check_ca(dir);
    if (err == OK)
        err = first_administrator(dir, isatty(STDOUT_FILENO) != 0, &p->admin);
    struct buf users = {0};
    buf_printf(&users, "%s/users.yaml", dir); /* as it is read after this */
    (void)users_have_changed(p, buf_cstr(&users));
    buf_free(&users);
    return err;
}

static enum err bind_ports(struct parent *p, const struct settings *s)
{
    enum err err = bind_all(&s->listen_proxy, &p->proxy);
    if (err == OK)
        err = bind_all(&s->listen_console, &p->console);
    if (err == OK)
        err = bind_all(&s->listen_metrics, &p->metrics);
    return err;
}

static unsigned count_workers(const struct settings *s)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    long most = CHILDREN_MAX - SERVICES;
    if (s->workers > 0)
        return (unsigned)s->workers;
    return (unsigned)(cores < 1 ? 1 : cores > most ? most : cores);
}

static void log_separation(const struct parent *p, const struct settings *s)
{
    if (!p->user.is_set)
        log_event(LOG_INFO, "data_dir", LOG_STR("folder", s->data_dir));
    log_event(LOG_INFO, "separation",
        LOG_CSTR("by", p->user.is_set
                           ? "user, seccomp, no-dump, Landlock where present"
                           : "seccomp, no-dump, Landlock where present; all "
                             "roles are the same ordinary user"),
        LOG_INT("uid", p->user.is_set ? p->user.uid : geteuid()));
}

static int fail_start(const char *what)
{
    log_event(LOG_ERROR, "run.failed", LOG_CSTR("what", what),
        LOG_CSTR("why", strerror(errno)));
    return EXIT_FAILURE_RUN;
}

static int start(struct parent *p)
{
    struct conf *conf = read_conf(p->settings_file);
    if (conf == NULL)
        return EXIT_CONFIG;
    log_setup(conf->settings.log_format, conf->settings.log_level, "parent");
    enum err err = prepare_disk(p, &conf->settings);
    conf_unref(&conf);
    if (err != OK)
        return err == ERR_CONFIG ? EXIT_CONFIG : EXIT_FAILURE_RUN;
    conf = read_conf(p->settings_file); /* with CA and logins now */
    if (conf == NULL)
        return EXIT_CONFIG;
    const struct settings *s = &conf->settings;
    set_limits();
    uv_loop_init(&p->loop);
    err = generation_prepare(p, conf);
    if (err == ERR_CONFIG)
        return EXIT_CONFIG; /* logged */
    if (err != OK || make_stats(p) != OK || make_secrets(p) != OK)
        return fail_start("memory files");
    if (bind_ports(p, s) != OK)
        return EXIT_FAILURE_RUN; /* logged */
    log_separation(p, s);
    children_init(p, count_workers(s), has_logs(s), s->oidc.issuer.n > 0);
    start_loop(p);
    if (compile_start(p) != OK)
        return fail_start("starting the compiler");
    uv_run(&p->loop, UV_RUN_DEFAULT);
    children_kill(p, false);
    children_kill(p, true);
    log_event(LOG_INFO, "stopped", LOG_INT("status", p->status));
    return p->status;
}

static int run(struct parent *p)
{
    int status = start(p);
    print_admin(&p->admin); /* made, although what came after it failed */
    return status;
}

static void print_help(void)
{
    puts("usage: promptgate run [-c FILE]\n\n"
         "Starts the gateway, its store and its console. The first start\n"
         "makes the CA and an administrator's login and prints both.\n\n"
         "  -c, --config FILE   settings (default: conf/promptgate.yaml\n"
         "                      beside the folder of the executable, then\n"
         "                      /etc/promptgate/promptgate.yaml)\n\n"
         "SIGHUP reloads the configuration, all or nothing. SIGTERM and\n"
         "SIGINT end what runs, then stop.\n"
         "Exit status: 0 stopped, 1 failed, 2 mistakes in the configuration.");
}

int command_run(int argc, char **argv)
{
    static const struct option longs[] = {
        {"config", 1, NULL, 'c'}, {"help", 0, NULL, 'h'}, {NULL, 0, NULL, 0}};
    const char *given = NULL;
    int c;
    while ((c = getopt_long(argc, argv, "c:h", longs, NULL)) != -1) {
        if (c == 'h') {
            print_help();
            return 0;
        }
        if (c != 'c')
            return EXIT_CONFIG; /* getopt has said what is wrong */
        given = optarg;
    }
    char *file = conf_find_file(given);
    if (file == NULL || optind != argc) {
        fputs(file == NULL
                  ? "promptgate run: no settings file; give one with -c FILE\n"
                  : "promptgate run: takes no arguments; see --help\n",
            stderr);
        mem_free(file);
        return EXIT_CONFIG;
    }
    struct parent *p = MEM_NEW(struct parent);
    p->settings_file = file;
    p->now.bundle_fd = p->now.names_fd = -1;
    p->now.database_fd = p->now.data_fd = p->now.log_fd = -1;
    p->next = p->now;
    p->stderr_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    /* Nothing of ours lives as long as the process and must outlive it: the
     * kernel takes the rest back. */
    return run(p);
}
