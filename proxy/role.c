/*
 * `promptgate role KIND INDEX …`: the start that all roles share.  Gives up
 * the user, binds itself to the parent, reads the descriptors, loads the
 * configuration and calls the role's main function; then keeps the control
 * channel to the parent.
 */
#include "proxy/role.h"

#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/stats.h"
#include "proxy/chan.h"
#include "proxy/command.h"
#include "proxy/role_compiler.h"
#include "proxy/role_fds.h"
#include "proxy/sandbox.h"
#include "proxy/sandbox_extract.h"

enum {
    BUNDLE_MAX = 256 << 20,
    DATABASE_MAX = 1 << 30,
    DATA_MAX = INT32_MAX, /* 1 GiB of files, with heads */
    KEY_MAX = 64 * 1024,
    EXIT_START = 3,
};

struct role {
    const struct role_start *start;
    const struct role_events *events;
    void *owner;
    struct chan *control;
    struct str bundle, database, data; /* mapped, of the reload to come */
};

struct options {
    enum role_kind kind;
    unsigned index, slot, generation;
    uint64_t origin;
    uid_t uid;
    gid_t gid;
    size_t listen_count, metrics_count;
    bool has_user;
};

static uint64_t number(const char *text)
{
    uint64_t value = 0;
    if (str_to_u64(str_of(text), &value) != OK)
        exit(EXIT_START);
    return value;
}

static struct options parse_options(int argc, char **argv)
{
    static const struct option longs[] = {{"origin", 1, NULL, 'o'},
        {"slot", 1, NULL, 's'}, {"listen", 1, NULL, 'l'},
        {"metrics", 1, NULL, 'm'}, {"uid", 1, NULL, 'u'}, {"gid", 1, NULL, 'g'},
        {NULL, 0, NULL, 0}};
    struct options o = {.kind = ROLE_KINDS};
    int c;
    while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        switch (c) {
        case 'o':
            o.origin = number(optarg);
            break;
        case 's':
            o.slot = (unsigned)number(optarg);
            break;
        case 'l':
            o.listen_count = number(optarg);
            break;
        case 'm':
            o.metrics_count = number(optarg);
            break;
        case 'u':
            o.uid = (uid_t)number(optarg);
            o.has_user = true;
            break;
        case 'g':
            o.gid = (gid_t)number(optarg);
            break;
        default:
            exit(2);
        }
    }
    if (optind + 2 == argc) {
        o.kind = role_kind_of(str_of(argv[optind]));
        o.index = (unsigned)number(argv[optind + 1]);
    }
    return o;
}

/* Why a role cannot start is worth one line; the parent tries again. */
static _Noreturn void give_up(const char *what)
{
    log_event(LOG_ERROR, "role.start_failed", LOG_CSTR("what", what),
        LOG_CSTR("errno", strerror(errno)));
    exit(EXIT_START);
}

static void drop_user(const struct options *o)
{
    if (o->has_user && (setgroups(0, NULL) != 0 || setgid(o->gid) != 0 ||
                           setuid(o->uid) != 0 || setuid(0) == 0))
        give_up("giving up root");
    if (sandbox_bind_to_parent() != OK)
        give_up("prctl");
}

static void ignore_signals(void)
{
    static const int ignored[] = {
        SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGUSR1, SIGUSR2};
    for (size_t i = 0; i < ARRAY_LEN(ignored); i++)
        signal(ignored[i], SIG_IGN);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static struct conf *load_bundle(enum role_kind kind, struct str bytes)
{
    struct bundle bundle;
    struct diag diag = {0};
    if (bundle_decode(bytes, &bundle) != OK)
        return NULL;
    struct conf *conf = conf_load(&bundle, &diag);
    if (conf != NULL && role_kind_writes_names(kind) &&
        !conf_can_write(conf, &diag))
        conf_unref(&conf);
    if (conf == NULL)
        log_event(
            LOG_ERROR, "config.mistakes", LOG_STR("text", buf_str(&diag.text)));
    diag_free(&diag);
    return conf;
}

static struct conf *read_bundle(enum role_kind kind)
{
    struct str bytes;
    if (memfd_map(ROLE_FD_BUNDLE, BUNDLE_MAX, &bytes) != OK)
        give_up("mapping the configuration");
    struct conf *conf = load_bundle(kind, bytes);
    memfd_unmap(bytes);
    close(ROLE_FD_BUNDLE);
    if (conf == NULL)
        give_up("loading the configuration");
    return conf;
}

/* Into memory that is never swapped out. The descriptor may be shared with
 * siblings, so its position is left alone. */
static struct str read_secret(int fd)
{
    char *bytes = mmap(NULL, KEY_MAX, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED)
        give_up("memory for a key");
    (void)mlock(bytes, KEY_MAX); /* RLIMIT_MEMLOCK may be 0: not fatal */
    (void)madvise(bytes, KEY_MAX, MADV_DONTDUMP);
    size_t n = 0;
    while (n < KEY_MAX) {
        ssize_t got = pread(fd, bytes + n, KEY_MAX - n, (off_t)n);
        if (got < 0)
            give_up("reading a key");
        if (got == 0)
            break;
        n += (size_t)got;
    }
    close(fd);
    return (struct str){bytes, n};
}

static void *map_stats(unsigned slot)
{
    void *stats = mmap(NULL, stats_mapping_bytes(), PROT_READ | PROT_WRITE,
        MAP_SHARED, ROLE_FD_STATS, 0);
    if (stats == MAP_FAILED)
        give_up("mapping the counters");
    close(ROLE_FD_STATS);
    stats_attach(stats, slot);
    return stats;
}

/* Workers; the collector, which has the scanner alone; and the console, whose
 * threads make one where they need it. */
static void arm(struct role_start *start)
{
    struct str database, data = STR_NONE;
    struct diag diag = {0};
    bool is_worker = start->kind == ROLE_WORKER;
    if (is_worker)
        start->ticket_keys = read_secret(ROLE_FD_TICKETS);
    if (memfd_map(ROLE_FD_DATABASE, DATABASE_MAX, &database) != OK)
        give_up("mapping the pattern database");
    close(ROLE_FD_DATABASE);
    if (rules_data_count(start->conf->rules) > 0 &&
        memfd_map(ROLE_FD_DATA, DATA_MAX, &data) != OK)
        give_up("mapping the data files");
    close(ROLE_FD_DATA);
    if (start->kind == ROLE_CONSOLE) {
        start->conf->database = database;
        start->conf->data = data;
        return;
    }
    enum err err =
        is_worker
            ? conf_arm(start->conf, database, data, start->ticket_keys, &diag)
            : conf_arm_scanner(start->conf, database, data, &diag);
    if (err != OK) {
        log_event(
            LOG_ERROR, "config.mistakes", LOG_STR("text", buf_str(&diag.text)));
        give_up("using the configuration");
    }
    diag_free(&diag);
}

static void name_process(const struct options *o, const struct conf *conf)
{
    static char name[24];
    if (o->kind == ROLE_WORKER)
        snprintf(name, sizeof name, "worker-%u", o->index);
    else
        snprintf(name, sizeof name, "%s", role_kind_name(o->kind));
    if (conf != NULL)
        log_setup(conf->settings.log_format, conf->settings.log_level, name);
    else
        log_setup(LOG_TEXT, LOG_INFO, name);
}

static void read_sockets(const struct options *o, struct role_start *start)
{
    static int fds[ROLE_LISTEN_MAX];
    size_t count = o->listen_count + o->metrics_count;
    if (count > ROLE_LISTEN_MAX)
        give_up("too many listening sockets");
    for (size_t i = 0; i < count; i++)
        fds[i] = ROLE_FD_LISTEN + (int)i;
    start->listen_fds = fds;
    start->listen_count = o->listen_count;
    start->metrics_fds = fds + o->listen_count;
    start->metrics_count = o->metrics_count;
}

static int run_role(const struct role_start *start)
{
    switch (start->kind) {
    case ROLE_SIGNER:
        return signer_main(start);
    case ROLE_STORER:
        return storer_main(start);
    case ROLE_KEEPER:
        return keeper_main(start);
    case ROLE_WORKER:
        return worker_main(start);
    case ROLE_CONSOLE:
        return console_main(start);
    case ROLE_COMPILER:
        return compiler_main(start);
    case ROLE_EXTRACTOR:
        return extractor_main(start);
    case ROLE_COLLECTOR:
        return collector_main(start);
    case ROLE_IDP:
        return idp_main(start);
    case ROLE_PARENT:
    case ROLE_KINDS:
        break;
    }
    return EXIT_START;
}

int command_role(int argc, char **argv)
{
    struct options o = parse_options(argc, argv);
    if (o.kind == ROLE_KINDS || o.kind == ROLE_PARENT) {
        fputs("promptgate role: only `promptgate run` starts roles\n", stderr);
        return 2;
    }
    name_process(&o, NULL);
    mem_map_large_blocks();
    ignore_signals();
    umask(027); /* the store is nobody else's */
    drop_user(&o);
    struct role_start start = {
        .kind = o.kind, .index = o.index, .origin = o.origin};
    start.stats = map_stats(o.slot);
    start.conf = read_bundle(o.kind);
    name_process(&o, start.conf);
    read_sockets(&o, &start);
    if (o.kind != ROLE_COMPILER)
        start.key = read_secret(ROLE_FD_KEY);
    if (o.kind == ROLE_WORKER || o.kind == ROLE_COLLECTOR ||
        o.kind == ROLE_CONSOLE)
        arm(&start);
    /* No exit handlers: what they do (leak checkers fork and trace) is not for
     * a closed sandbox, and nothing of ours waits for them. */
    _exit(run_role(&start));
}

void role_enter_sandbox(const struct role_start *start)
{
    if (start->kind == ROLE_EXTRACTOR) { /* its files are its readers' too */
        if (sandbox_enter_extractor() != OK)
            give_up("sandbox");
        return;
    }
    /* The storer limited its files before it opened them. */
    const char *folder =
        start->kind == ROLE_CONSOLE ? start->conf->settings.store_dir.p : NULL;
    if (start->kind != ROLE_STORER &&
        sandbox_limit_files(folder, false) == ERR_IO)
        give_up("landlock");
    if (sandbox_enter(start->kind) != OK)
        give_up("sandbox");
}

static void send_message(struct role *role, const struct control *given)
{
    struct control *message = MEM_NEW(struct control);
    struct buf bytes = {0};
    *message = *given;
    message->peer = role->start->kind;
    control_encode(message, &bytes);
    if (chan_send(role->control, buf_str(&bytes), -1) != OK)
        log_event(LOG_DEBUG, "control.unsent", LOG_INT("type", given->type));
    buf_free(&bytes);
    mem_free(message);
}

static void send_control(
    struct role *role, enum control_type type, uint64_t value)
{
    struct control message = {
        .type = type, .index = role->start->index, .value = value};
    send_message(role, &message);
}

static void forget_reload(struct role *role)
{
    memfd_unmap(role->bundle);
    memfd_unmap(role->database);
    memfd_unmap(role->data);
    role->bundle = role->database = role->data = STR_NONE;
}

/* The parent's compiler role has already loaded the same bytes with the same
 * code: a failure here is a lack of memory or a fault of ours, and the role
 * goes on with what it has. */
static struct conf *load_reload(struct role *role)
{
    struct conf *conf = load_bundle(role->start->kind, role->bundle);
    struct diag diag = {0};
    bool is_worker = role->start->kind == ROLE_WORKER;
    if (conf == NULL || (!is_worker && role->start->kind != ROLE_CONSOLE))
        return conf;
    struct str database = role->database, data = role->data;
    role->database = role->data = STR_NONE; /* the conf's now */
    if (!is_worker) {
        conf->database = database;
        conf->data = data;
        return conf;
    }
    if (conf_arm(conf, database, data, role->start->ticket_keys, &diag) != OK) {
        log_event(
            LOG_ERROR, "config.mistakes", LOG_STR("text", buf_str(&diag.text)));
        conf_unref(&conf);
    }
    diag_free(&diag);
    return conf;
}

static void reload(struct role *role)
{
    struct conf *conf = load_reload(role);
    forget_reload(role);
    if (conf == NULL) {
        send_control(role, CONTROL_RELOADED, false);
        return;
    }
    struct options o = {.kind = role->start->kind, .index = role->start->index};
    name_process(&o, conf);
    if (role->events->on_reload != NULL)
        role->events->on_reload(role->owner, conf);
    else
        conf_unref(&conf);
    send_control(role, CONTROL_RELOADED, true);
}

static void take_mapping(int fd, size_t max, struct str *mapping)
{
    memfd_unmap(*mapping);
    *mapping = STR_NONE;
    if (fd < 0 || memfd_map(fd, max, mapping) != OK)
        log_event(LOG_ERROR, "control.no_mapping");
    if (fd >= 0)
        close(fd);
}

/* True: the descriptor was what it is about, and is taken. */
static bool take_descriptor(struct role *role, const struct control *m, int fd)
{
    const struct role_events *events = role->events;
    switch (m->type) {
    case CONTROL_CONNECT:
        if (fd >= 0 && events->on_connect != NULL)
            events->on_connect(role->owner, m->peer, m->index, m->origin, fd);
        else if (fd >= 0)
            close(fd);
        return true;
    case CONTROL_BUNDLE:
        take_mapping(fd, BUNDLE_MAX, &role->bundle);
        return true;
    case CONTROL_DATABASE:
        take_mapping(fd, DATABASE_MAX, &role->database);
        return true;
    case CONTROL_DATA:
        take_mapping(fd, DATA_MAX, &role->data);
        return true;
    default:
        return false;
    }
}

static void handle(struct role *role, const struct control *m, int fd)
{
    const struct role_events *e = role->events;
    if (take_descriptor(role, m, fd))
        return;
    switch (m->type) {
    case CONTROL_LOG:
        if (fd >= 0)
            log_use(fd);
        break;
    case CONTROL_GONE:
        if (e->on_gone != NULL)
            e->on_gone(role->owner, m->peer, m->index, m->origin);
        break;
    case CONTROL_ORIGINS:
        if (e->on_origins != NULL)
            e->on_origins(role->owner, m->origins, m->origin_count);
        break;
    case CONTROL_RELOAD:
        reload(role);
        break;
    case CONTROL_DRAIN:
        if (e->on_drain != NULL)
            e->on_drain(role->owner, m->value);
        break;
    case CONTROL_PING:
        send_control(role, CONTROL_PONG, 0);
        break;
    case CONTROL_MODE:
        if (e->on_mode != NULL)
            e->on_mode(role->owner, m->origin, m->value == 1);
        break;
    case CONTROL_CONNECT:
    case CONTROL_BUNDLE:
    case CONTROL_DATABASE:
    case CONTROL_DATA:
    case CONTROL_READY:
    case CONTROL_PONG:
    case CONTROL_RELOADED:
    case CONTROL_LOGIN:
    case CONTROL_TYPES:
        break;
    }
    if (fd >= 0)
        close(fd);
}

static void on_message(void *owner, struct str datagram, int fd)
{
    struct role *role = owner;
    struct control *message = MEM_NEW(struct control);
    if (control_decode(datagram, message) == OK)
        handle(role, message, fd);
    else if (fd >= 0)
        close(fd);
    mem_free(message);
}

/* No parent, no gateway: what is acknowledged is in the journal. */
static void on_closed(void *owner)
{
    (void)owner;
    _exit(0);
}

static const struct chan_events control_events = {on_message, NULL, on_closed};

struct role *role_attach(uv_loop_t *loop, const struct role_start *start,
    const struct role_events *events, void *owner)
{
    struct role *role = MEM_NEW(struct role);
    role->start = start;
    role->events = events;
    role->owner = owner;
    role->control = chan_new(loop, ROLE_FD_CONTROL, &control_events, role);
    return role;
}

void role_detach(struct role **role)
{
    if (*role == NULL)
        return;
    forget_reload(*role);
    chan_free(&(*role)->control);
    mem_free(*role);
    *role = NULL;
}

static void count_role(enum role_kind kind)
{
    static const enum stats_counter gauges[ROLE_KINDS] = {
        [ROLE_SIGNER] = STAT_ROLES_SIGNER,
        [ROLE_STORER] = STAT_ROLES_STORER,
        [ROLE_KEEPER] = STAT_ROLES_KEEPER,
        [ROLE_WORKER] = STAT_ROLES_WORKER,
        [ROLE_CONSOLE] = STAT_ROLES_CONSOLE,
        [ROLE_EXTRACTOR] = STAT_ROLES_EXTRACTOR,
    };
    if (kind != ROLE_PARENT && gauges[kind] != 0)
        stats_set(gauges[kind], 1);
}

void role_ready(struct role *role)
{
    count_role(role->start->kind);
    send_control(role, CONTROL_READY, 0);
}

void role_tell_login(struct role *role, uint64_t name_hash)
{
    send_control(role, CONTROL_LOGIN, name_hash);
}

void role_tell_mode(
    struct role *role, uint64_t number, uint64_t service_hash, unsigned mode)
{
    struct control message = {.type = CONTROL_MODE,
        .index = mode,
        .origin = number,
        .value = service_hash};
    send_message(role, &message);
}
