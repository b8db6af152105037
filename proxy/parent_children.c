/*
 * The roles as the parent sees them.  A role that ends is started anew: at
 * once the first time, later with a growing pause; its peers get new channels
 * to it.  A role that does not answer a ping for two seconds is ended; one
 * that loads a configuration, at its start or a reload, has a minute.
 */
#include "proxy/parent.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/stats.h"
#include "proxy/collector.h"
#include "proxy/key_source.h"

enum {
    /* In ticks, not in time: the parent reads the answers between two ticks,
     * and may itself have been kept from running. */
    PING_LATE_TICKS = 2000 / PARENT_TICK_MS,
    LOAD_LATE_TICKS = 60000 / PARENT_TICK_MS,
    SHORT_LIFE_MS = 5000,
    PAUSE_FIRST_MS = 100,
    PAUSE_LAST_MS = 5000,
};

static void child_start(struct child *c);

static bool is_service(enum role_kind kind)
{
    return kind == ROLE_SIGNER || kind == ROLE_STORER || kind == ROLE_KEEPER ||
           kind == ROLE_EXTRACTOR;
}

static void child_init(struct parent *p, enum role_kind kind, unsigned index)
{
    struct child *c = &p->children[p->child_count++];
    *c = (struct child){.parent = p, .kind = kind, .index = index};
    c->slot = (unsigned)p->child_count; /* slot 0 is the parent's */
    uv_timer_init(&p->loop, &c->restart);
    c->restart.data = c;
}

void children_init(
    struct parent *p, unsigned workers, bool has_collector, bool has_idp)
{
    child_init(p, ROLE_SIGNER, 0);
    child_init(p, ROLE_STORER, 0);
    child_init(p, ROLE_KEEPER, 0);
    child_init(p, ROLE_EXTRACTOR, 0);
    child_init(p, ROLE_CONSOLE, 0);
    if (has_collector)
        child_init(p, ROLE_COLLECTOR, 0);
    if (has_idp)
        child_init(p, ROLE_IDP, 0);
    for (unsigned i = 0; i < workers && p->child_count < CHILDREN_MAX; i++)
        child_init(p, ROLE_WORKER, i);
}

static bool send_to(struct child *c, const struct control *message, int fd)
{
    struct buf bytes = {0};
    if (c->control == NULL)
        return false;
    control_encode(message, &bytes);
    enum err err = chan_send(c->control, buf_str(&bytes), fd);
    if (err != OK && err != ERR_CLOSED)
        log_event(LOG_WARN, "control.unsent",
            LOG_CSTR("role", role_kind_name(c->kind)),
            LOG_CSTR("why", err_name(err)));
    buf_free(&bytes);
    return err == OK;
}

static bool should_wire(enum role_kind a, enum role_kind b)
{
    return (a == ROLE_WORKER && is_service(b)) ||
           (a == ROLE_COLLECTOR && b == ROLE_STORER) ||
           (a == ROLE_CONSOLE && (b == ROLE_SIGNER || b == ROLE_STORER ||
                                     b == ROLE_EXTRACTOR || b == ROLE_IDP));
}

static void connect_to(struct child *c, const struct child *peer, int fd)
{
    struct control message = {.type = CONTROL_CONNECT,
        .peer = peer->kind,
        .index = peer->index,
        .origin = peer->origin};
    send_to(c, &message, fd);
}

static void wire(struct child *c)
{
    struct parent *p = c->parent;
    for (size_t i = 0; i < p->child_count; i++) {
        struct child *peer = &p->children[i];
        int fds[2];
        if (peer->pid == 0 || (!should_wire(c->kind, peer->kind) &&
                                  !should_wire(peer->kind, c->kind)))
            continue;
        if (chan_pair(fds) != OK) {
            log_event(
                LOG_ERROR, "wire.failed", LOG_CSTR("why", strerror(errno)));
            continue;
        }
        connect_to(c, peer, fds[0]);
        connect_to(peer, c, fds[1]);
        close(fds[0]);
        close(fds[1]);
    }
}

static void send_origins(struct child *storer)
{
    struct parent *p = storer->parent;
    struct control message = {.type = CONTROL_ORIGINS};
    for (size_t i = 0; i < p->child_count; i++)
        if (p->children[i].kind == ROLE_WORKER && p->children[i].pid != 0)
            message.origins[message.origin_count++] = p->children[i].origin;
    send_to(storer, &message, -1);
}

static void answer_mode(struct parent *p, bool is_done)
{
    struct control message = {
        .type = CONTROL_MODE, .origin = p->mode_number, .value = is_done};
    for (size_t i = 0; i < p->child_count && p->mode_number != 0; i++)
        if (p->children[i].kind == ROLE_CONSOLE)
            send_to(&p->children[i], &message, -1);
    p->mode_number = 0;
}

/* Said once a reload: from then on every role works by it. */
static void tell_reloaded(struct parent *p)
{
    for (size_t i = 0; i < p->child_count; i++)
        if (p->children[i].pid != 0 &&
            (!p->children[i].is_ready || p->children[i].loading > 0))
            return;
    if (p->is_reloading)
        log_event(LOG_INFO, "reload.in_use");
    p->is_reloading = false;
    answer_mode(p, true);
}

static void on_ready(struct child *c)
{
    c->is_ready = true;
    c->waited = 0;
    tell_reloaded(c->parent);
    parent_on_change(c->parent);
}

static void on_reloaded(struct child *c, bool is_good)
{
    c->waited = 0; /* a ping may have come while it loaded */
    if (c->loading > 0)
        c->loading--;
    if (!is_good)
        log_event(LOG_ERROR, "reload.refused_by_role",
            LOG_CSTR("peer", role_kind_name(c->kind)),
            LOG_INT("index", c->index));
    tell_reloaded(c->parent);
}

/* The one before it, if any, has been given up by who asked. */
static void on_mode(struct parent *p, const struct control *message)
{
    p->mode_number = message->origin;
    if (modes_set(p, message->value, message->index) != OK)
        answer_mode(p, false);
}

static void on_control(void *owner, struct str datagram, int fd)
{
    struct child *c = owner;
    struct control *message = MEM_NEW(struct control);
    if (fd >= 0) /* no role has anything to hand to the parent */
        close(fd);
    if (control_decode(datagram, message) != OK)
        message->type = CONTROL_TYPES;
    if (message->type == CONTROL_PONG)
        c->is_pinged = false;
    else if (message->type == CONTROL_READY)
        on_ready(c);
    else if (message->type == CONTROL_LOGIN && c->kind == ROLE_CONSOLE)
        first_login(c->parent->now.conf->settings.data_dir.p, message->value);
    else if (message->type == CONTROL_MODE && c->kind == ROLE_CONSOLE)
        on_mode(c->parent, message);
    else if (message->type == CONTROL_RELOADED)
        on_reloaded(c, message->value != 0);
    mem_free(message);
}

static void on_control_closed(void *owner)
{
    chan_free(&((struct child *)owner)->control); /* SIGCHLD follows */
}

static const struct chan_events control_events = {
    on_control, NULL, on_control_closed};

static uint64_t new_origin(void)
{
    static uint64_t counter;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    return ns ^ (++counter << 56);
}

static int fd_at(struct spawn *s, int number, int fd)
{
    s->fds[number - ROLE_FD_CONTROL] = fd;
    return fd;
}

/* Read anew at each start: a reload ends the collector, for that. */
static enum err open_log_keys(const struct parent *p, int *key_out)
{
    struct collect_keys keys;
    struct buf text = {0};
    (void)!collect_keys_read(&p->now.conf->settings, str_of(p->settings_file),
        &keys); /* logged: the other source is polled all the same */
    collect_keys_encode(&keys, &text);
    enum err err = memfd_from(buf_str(&text), key_out);
    buf_wipe_free(&text);
    collect_keys_free(&keys);
    return err;
}

/* Without it the provider refuses us, which the console says. */
static enum err open_client_secret(const struct parent *p, int *key_out)
{
    const struct setting_oidc *oidc = &p->now.conf->settings.oidc;
    struct key_source source = {oidc->secret_file, oidc->secret_env,
        str_of(p->settings_file), "oidc", "signin.no-secret",
        "signin.secret-readable"};
    struct buf secret = {0};
    (void)!key_source_read(&source, &secret); /* logged */
    enum err err = memfd_from(buf_str(&secret), key_out);
    buf_wipe_free(&secret);
    return err;
}

/* The keys of names go to whoever writes names. */
static int bundle_of(const struct parent *p, enum role_kind kind)
{
    bool has_keys = role_kind_writes_names(kind) && p->now.names_fd >= 0;
    return has_keys ? p->now.names_fd : p->now.bundle_fd;
}

/* Only what this role needs; the rest stays /dev/null. */
static enum err choose_fds(struct child *c, struct spawn *s, int *key_out)
{
    struct parent *p = c->parent;
    *key_out = -1;
    for (size_t i = 0; i < SPAWN_FDS; i++)
        s->fds[i] = -1;
    fd_at(s, ROLE_FD_BUNDLE, bundle_of(p, c->kind));
    fd_at(s, ROLE_FD_STATS, p->stats_fd);
    fd_at(s, ROLE_FD_LOCK, p->lock_fd);
    if (c->kind == ROLE_SIGNER) {
        if (first_open_key(p->now.conf->settings.data_dir.p, key_out) != OK)
            return ERR_IO;
        fd_at(s, ROLE_FD_KEY, *key_out);
    }
    if (c->kind == ROLE_COLLECTOR) {
        if (open_log_keys(p, key_out) != OK)
            return ERR_IO;
        fd_at(s, ROLE_FD_KEY, *key_out);
        fd_at(s, ROLE_FD_DATABASE, p->now.database_fd);
        fd_at(s, ROLE_FD_DATA, p->now.data_fd);
    }
    if (c->kind == ROLE_IDP) {
        if (open_client_secret(p, key_out) != OK)
            return ERR_IO;
        fd_at(s, ROLE_FD_KEY, *key_out);
    }
    if (c->kind == ROLE_WORKER || c->kind == ROLE_CONSOLE)
        fd_at(s, ROLE_FD_KEY, p->leaf_key_fd);
    if (c->kind == ROLE_WORKER) {
        fd_at(s, ROLE_FD_TICKETS, p->tickets_fd);
        fd_at(s, ROLE_FD_DATABASE, p->now.database_fd);
        fd_at(s, ROLE_FD_DATA, p->now.data_fd);
        s->listen_fds = p->proxy.fds;
        s->listen_count = p->proxy.count;
    }
    if (c->kind == ROLE_CONSOLE) {
        s->listen_fds = p->console.fds;
        s->listen_count = p->console.count;
        s->metrics_fds = p->metrics.fds;
        s->metrics_count = p->metrics.count;
        fd_at(s, ROLE_FD_DATABASE, p->now.database_fd);
        fd_at(s, ROLE_FD_DATA, p->now.data_fd);
    }
    return OK;
}

static enum err child_spawn(struct child *c)
{
    struct parent *p = c->parent;
    struct spawn s = {.kind = c->kind,
        .index = c->index,
        .slot = c->slot,
        .origin = c->origin,
        .user = p->user};
    int pair[2], key;
    if (choose_fds(c, &s, &key) != OK || chan_pair(pair) != OK)
        return ERR_IO;
    fd_at(&s, ROLE_FD_CONTROL, pair[1]);
    enum err err = spawn_role(&s, &c->pid);
    close(pair[1]);
    if (key >= 0)
        close(key);
    if (err != OK) {
        c->pid = 0;
        close(pair[0]);
        return err;
    }
    c->control = chan_new(&p->loop, pair[0], &control_events, c);
    return OK;
}

static void on_restart(uv_timer_t *timer)
{
    child_start(timer->data);
}

static void restart_later(struct child *c)
{
    uint64_t pause = 0;
    if (c->failures > 1) {
        unsigned doubled = c->failures < 8 ? c->failures - 2 : 6;
        pause = (uint64_t)PAUSE_FIRST_MS << doubled;
    }
    if (pause > PAUSE_LAST_MS)
        pause = PAUSE_LAST_MS;
    uv_timer_start(&c->restart, on_restart, pause, 0);
}

static void child_start(struct child *c)
{
    struct parent *p = c->parent;
    if (p->phase > PARENT_RUN || c->pid != 0)
        return;
    c->origin = new_origin();
    c->is_ready = c->is_pinged = false;
    c->loading = c->waited = 0;
    c->started_ms = clock_mono_ms();
    stats_reset_gauges(p->stats, c->slot);
    if (child_spawn(c) != OK) {
        log_event(LOG_ERROR, "role.unstarted",
            LOG_CSTR("kind", role_kind_name(c->kind)),
            LOG_CSTR("why", strerror(errno)));
        c->failures++;
        restart_later(c);
        return;
    }
    log_event(LOG_DEBUG, "role.started",
        LOG_CSTR("kind", role_kind_name(c->kind)), LOG_INT("index", c->index),
        LOG_INT("pid", c->pid));
    if (c->kind == ROLE_STORER)
        send_origins(c);
    wire(c);
}

void children_start(struct parent *p)
{
    for (size_t i = 0; i < p->child_count; i++)
        child_start(&p->children[i]);
}

static void tell_gone(struct parent *p, const struct child *c)
{
    struct control message = {.type = CONTROL_GONE,
        .peer = c->kind,
        .index = c->index,
        .origin = c->origin};
    for (size_t i = 0; i < p->child_count; i++)
        if (is_service(p->children[i].kind))
            send_to(&p->children[i], &message, -1);
}

static void log_end(const struct child *c, pid_t pid, int status)
{
    bool is_expected = c->parent->phase > PARENT_RUN;
    log_event(is_expected ? LOG_DEBUG : LOG_WARN, "role.ended",
        LOG_CSTR("kind", role_kind_name(c->kind)), LOG_INT("index", c->index),
        LOG_INT("pid", pid),
        LOG_INT("status", WIFEXITED(status) ? WEXITSTATUS(status) : -1),
        LOG_INT("signal", WIFSIGNALED(status) ? WTERMSIG(status) : 0));
}

static void child_ended(struct child *c, int status)
{
    struct parent *p = c->parent;
    log_end(c, c->pid, status);
    c->pid = 0;
    chan_free(&c->control);
    stats_reset_gauges(p->stats, c->slot);
    if (c->kind == ROLE_WORKER)
        tell_gone(p, c);
    if (p->phase == PARENT_START && !c->is_ready)
        parent_fail(p, "a role could not start");
    if (p->phase <= PARENT_RUN) {
        bool is_short = clock_mono_ms() - c->started_ms < SHORT_LIFE_MS;
        c->failures = is_short ? c->failures + 1 : 0;
        stats_add(STAT_ROLE_RESTARTS, 1);
        restart_later(c);
    }
    c->is_ready = false;
    parent_on_change(p);
}

void children_reap(struct parent *p)
{
    for (size_t i = 0; i < p->child_count; i++) {
        struct child *c = &p->children[i];
        int status;
        if (c->pid != 0 && waitpid(c->pid, &status, WNOHANG) == c->pid)
            child_ended(c, status);
    }
}

/* The storer may wait for a disk and is not pinged. */
static bool is_watched(const struct child *c)
{
    return c->kind != ROLE_STORER && c->is_ready;
}

static void child_watch(struct child *c)
{
    bool is_owing = !c->is_ready || c->is_pinged;
    bool is_loading = !c->is_ready || c->loading > 0;
    c->waited = is_owing ? c->waited + 1 : 0;
    if (c->waited >= (is_loading ? LOAD_LATE_TICKS : PING_LATE_TICKS)) {
        log_event(LOG_ERROR, "role.stuck",
            LOG_CSTR("kind", role_kind_name(c->kind)),
            LOG_INT("index", c->index), LOG_INT("pid", c->pid));
        c->waited = 0;
        kill(c->pid, SIGKILL);
    } else if (is_watched(c) && !c->is_pinged) {
        struct control ping = {.type = CONTROL_PING};
        c->is_pinged = true;
        send_to(c, &ping, -1);
    }
}

void children_watch(struct parent *p)
{
    for (size_t i = 0; i < p->child_count; i++)
        if (p->children[i].pid != 0)
            child_watch(&p->children[i]);
}

void children_drain(struct parent *p, bool is_services, uint64_t within_ms)
{
    struct control message = {.type = CONTROL_DRAIN, .value = within_ms};
    for (size_t i = 0; i < p->child_count; i++)
        if (is_service(p->children[i].kind) == is_services)
            send_to(&p->children[i], &message, -1);
}

void children_kill(struct parent *p, bool is_services)
{
    for (size_t i = 0; i < p->child_count; i++) {
        struct child *c = &p->children[i];
        if (c->pid != 0 && is_service(c->kind) == is_services)
            kill(c->pid, SIGKILL);
    }
}

bool children_are_gone(const struct parent *p, bool with_services)
{
    for (size_t i = 0; i < p->child_count; i++)
        if (p->children[i].pid != 0 &&
            (with_services || !is_service(p->children[i].kind)))
            return false;
    return true;
}

void children_reload(struct parent *p)
{
    struct control bundle = {.type = CONTROL_BUNDLE},
                   database = {.type = CONTROL_DATABASE},
                   data = {.type = CONTROL_DATA}, log = {.type = CONTROL_LOG},
                   apply = {.type = CONTROL_RELOAD,
                       .value = p->now.conf->generation};
    for (size_t i = 0; i < p->child_count; i++) {
        struct child *c = &p->children[i];
        send_to(c, &log, p->now.log_fd);
        send_to(c, &bundle, bundle_of(p, c->kind));
        bool scans = c->kind == ROLE_WORKER || c->kind == ROLE_CONSOLE;
        if (scans)
            send_to(c, &database, p->now.database_fd);
        if (scans && p->now.data_fd >= 0)
            send_to(c, &data, p->now.data_fd);
        c->loading += send_to(c, &apply, -1);
    }
    p->is_reloading = true;
}

void children_replace_signer(struct parent *p)
{
    struct control drain = {.type = CONTROL_DRAIN};
    for (size_t i = 0; i < p->child_count; i++)
        if (p->children[i].kind == ROLE_SIGNER)
            send_to(&p->children[i], &drain, -1);
}
