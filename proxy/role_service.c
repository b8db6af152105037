/*
 * Peers are numbered by connection and a number is never used again, so that
 * an answer that is made late cannot reach the successor of the one that
 * asked.
 *
 * An instance counts as gone only when the parent has said so *and* its
 * channel is read to the end: a record that was under way when the worker
 * died is handled first.
 */
#include "proxy/role_service.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "proxy/chan.h"
#include "proxy/intake.h"

enum { TICK_MS = 60 * 1000 };

struct peer {
    struct peer *next;
    struct service_loop *loop;
    struct chan *chan;
    unsigned number;
    enum role_kind kind;
    uint64_t origin;
    bool is_gone; /* the parent said so */
};

struct service_loop {
    uv_loop_t loop;
    uv_check_t check;
    uv_poll_t intake;
    uv_timer_t tick;
    const struct service_ops *ops;
    void *state;
    struct role *role;
    struct peer *peers;
    unsigned last_number;
    bool is_dirty;
};

static void say_gone(struct service_loop *l, uint64_t origin)
{
    if (l->ops->gone == NULL)
        return;
    l->ops->gone(l->state, origin);
    l->is_dirty = true;
}

static void on_peer_message(void *owner, struct str datagram, int fd)
{
    struct peer *peer = owner;
    struct service_loop *l = peer->loop;
    l->is_dirty = true;
    l->ops->handle(l->state, l, peer->number, datagram, fd);
}

static void peer_free(struct peer *peer)
{
    struct peer **at = &peer->loop->peers;
    while (*at != peer)
        at = &(*at)->next;
    *at = peer->next;
    chan_free(&peer->chan);
    mem_free(peer);
}

static void on_peer_closed(void *owner)
{
    struct peer *peer = owner;
    struct service_loop *l = peer->loop;
    uint64_t origin = peer->is_gone ? peer->origin : 0;
    peer_free(peer);
    if (origin != 0)
        say_gone(l, origin);
}

static const struct chan_events peer_events = {
    on_peer_message, NULL, on_peer_closed};

static void on_connect(
    void *owner, enum role_kind kind, unsigned index, uint64_t origin, int fd)
{
    struct service_loop *l = owner;
    struct peer *peer = MEM_NEW(struct peer);
    (void)index;
    peer->loop = l;
    peer->number = ++l->last_number;
    peer->kind = kind;
    peer->origin = kind == ROLE_WORKER ? origin : 0;
    peer->chan = chan_new(&l->loop, fd, &peer_events, peer);
    peer->next = l->peers;
    l->peers = peer;
}

static void on_gone(
    void *owner, enum role_kind kind, unsigned index, uint64_t origin)
{
    struct service_loop *l = owner;
    bool is_open = false;
    (void)index;
    if (kind != ROLE_WORKER)
        return;
    for (struct peer *peer = l->peers; peer != NULL; peer = peer->next)
        if (peer->origin == origin)
            is_open = peer->is_gone = true;
    if (!is_open)
        say_gone(l, origin);
}

static void on_origins(void *owner, const uint64_t *origins, size_t count)
{
    struct service_loop *l = owner;
    if (l->ops->origins == NULL)
        return;
    l->ops->origins(l->state, origins, count);
    l->is_dirty = true;
}

static void on_reload(void *owner, struct conf *conf)
{
    struct service_loop *l = owner;
    if (l->ops->reload != NULL)
        l->ops->reload(l->state, conf);
    else
        conf_unref(&conf);
}

static void commit(struct service_loop *l)
{
    if (l->is_dirty && l->ops->commit != NULL)
        l->ops->commit(l->state, l);
    l->is_dirty = false;
}

/* The workers have ended already: nothing more comes. */
static void on_drain(void *owner, uint64_t within_ms)
{
    struct service_loop *l = owner;
    (void)within_ms;
    commit(l);
    uv_stop(&l->loop);
}

static const struct role_events role_events = {.on_connect = on_connect,
    .on_gone = on_gone,
    .on_origins = on_origins,
    .on_reload = on_reload,
    .on_drain = on_drain};

/* After the poll phase: one commit for all that came in this turn. */
static void on_check(uv_check_t *check)
{
    commit(check->data);
}

enum role_kind service_peer_kind(struct service_loop *loop, unsigned peer)
{
    for (const struct peer *p = loop->peers; p != NULL; p = p->next)
        if (p->number == peer)
            return p->kind;
    return ROLE_KINDS;
}

uv_loop_t *service_uv_loop(struct service_loop *loop)
{
    return &loop->loop;
}

void service_answer(struct service_loop *loop, unsigned peer, struct str answer)
{
    service_answer_fd(loop, peer, answer, -1);
}

void service_answer_fd(
    struct service_loop *loop, unsigned peer, struct str answer, int fd)
{
    struct peer *to = loop->peers;
    while (to != NULL && to->number != peer)
        to = to->next;
    if (to == NULL)
        return;
    enum err err = chan_send(to->chan, answer, fd);
    if (err != OK && err != ERR_CLOSED)
        log_event(LOG_WARN, "answer.dropped", LOG_CSTR("why", err_name(err)),
            LOG_INT("peer", peer));
}

/* A command, which speaks as the collector does. */
static void on_intake(uv_poll_t *poll, int status, int events)
{
    struct service_loop *l = poll->data;
    (void)status;
    (void)events;
    int listening, fd;
    if (uv_fileno((uv_handle_t *)poll, &listening) != 0)
        return;
    fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    if (intake_is_welcome(fd)) /* a command of who starts us */
        on_connect(l, ROLE_PARENT, 0, 0, fd);
    else
        close(fd);
}

static void listen_intake(struct service_loop *l)
{
    int fd = l->ops->listen_fd != NULL ? l->ops->listen_fd(l->state) : -1;
    if (fd < 0)
        return;
    uv_poll_init(&l->loop, &l->intake, fd);
    l->intake.data = l;
    uv_poll_start(&l->intake, UV_READABLE, on_intake);
}

static void on_tick(uv_timer_t *timer)
{
    const struct service_loop *l = timer->data;
    l->ops->tick(l->state);
}

static void start_tick(struct service_loop *l)
{
    uv_timer_init(&l->loop, &l->tick);
    l->tick.data = l;
    if (l->ops->tick != NULL)
        uv_timer_start(&l->tick, on_tick, TICK_MS, TICK_MS);
}

int service_run(const struct role_start *start, const struct service_ops *ops)
{
    struct service_loop l = {.ops = ops};
    if (uv_loop_init(&l.loop) != 0)
        return 3;
    enum err err = ops->open(start, &l.state);
    if (err != OK) {
        log_event(
            LOG_ERROR, "role.open_failed", LOG_CSTR("why", err_name(err)));
        return 3;
    }
    uv_check_init(&l.loop, &l.check);
    l.check.data = &l;
    uv_check_start(&l.check, on_check);
    listen_intake(&l);
    start_tick(&l);
    role_enter_sandbox(start);
    l.role = role_attach(&l.loop, start, &role_events, &l);
    role_ready(l.role);
    uv_run(&l.loop, UV_RUN_DEFAULT);
    if (ops->close != NULL)
        ops->close(l.state);
    return 0; /* the process ends: handles need no closing */
}
