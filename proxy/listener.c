/*
 * uv_poll over the shared listening sockets and accept4 of our own: uv_listen
 * would accept until the queue is empty and so give one worker everything,
 * and answers EMFILE by closing connections.
 *
 * All workers wake up for a connection and one gets it; EPOLLEXCLUSIVE is out
 * of libuv's reach (it cannot be modified later), and a failed accept4 costs
 * about a microsecond.
 */
#include "proxy/listener.h"

#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include <uthash.h>

#include "base/mem.h"
#include "base/stats.h"

/* IPv4 whole, IPv6 by its /64: whoever has one address there has them all. */
struct address_key {
    uint8_t bytes[9];
};

struct address_count {
    struct address_key key;
    size_t connections;
    UT_hash_handle hh;
};

struct listener_socket {
    uv_poll_t poll;
    struct listener *owner;
    int fd;
    bool is_polling;
};

struct listener {
    listener_accept_fn *on_accept;
    void *owner;
    const struct settings *settings;
    struct address_count *addresses;
    size_t connections, max_connections, max_per_address;
    uv_timer_t starved_timer;
    bool is_starved, is_stopped;
    uint64_t logged_ms; /* the last line of this module */
    size_t open_handles;
    bool is_freed;
    size_t socket_count;
    struct listener_socket sockets[];
};

static struct address_key key_of(const struct net_address *peer)
{
    struct address_key key = {{0}};
    key.bytes[8] = peer->is_v6;
    memcpy(key.bytes, peer->bytes, peer->is_v6 ? 8 : 4);
    return key;
}

static struct address_count *address_find(
    struct listener *l, const struct net_address *peer)
{
    struct address_key key = key_of(peer);
    struct address_count *found;
    HASH_FIND(hh, l->addresses, &key, sizeof key, found);
    return found;
}

static void address_add(struct listener *l, const struct net_address *peer)
{
    struct address_count *a = address_find(l, peer);
    if (a == NULL) {
        a = MEM_NEW(struct address_count);
        a->key = key_of(peer);
        HASH_ADD(hh, l->addresses, key, sizeof a->key, a);
    }
    a->connections++;
}

static void on_socket_ready(uv_poll_t *poll, int status, int events);

/* Starts or stops polling as the state demands. */
static void listener_update(struct listener *l)
{
    bool wants = !l->is_stopped && !l->is_starved && l->settings != NULL &&
                 l->connections < l->max_connections;
    for (size_t i = 0; i < l->socket_count; i++) {
        struct listener_socket *s = &l->sockets[i];
        if (l->is_stopped || s->is_polling == wants)
            continue;
        s->is_polling = wants;
        if (wants)
            uv_poll_start(&s->poll, UV_READABLE, on_socket_ready);
        else
            uv_poll_stop(&s->poll);
    }
}

/* Refusing */

static bool is_allowed(const struct listener *l, const struct net_address *peer)
{
    const struct settings *s = l->settings;
    for (size_t i = 0; i < s->clients_allow_count; i++)
        if (net_in_range(peer, &s->clients_allow[i]))
            return true;
    return false;
}

static const char *refusal_of(
    struct listener *l, const struct net_address *peer)
{
    if (!is_allowed(l, peer))
        return "network";
    const struct address_count *a = address_find(l, peer);
    if (a != NULL && a->connections >= l->max_per_address)
        return "per-address-limit";
    return NULL;
}

/* One line a second at most: whoever is refused must not fill the log. */
static bool may_log(struct listener *l)
{
    uint64_t now = uv_now(l->starved_timer.loop);
    if (l->logged_ms != 0 && now - l->logged_ms < 1000)
        return false;
    l->logged_ms = now;
    return true;
}

static void log_refusal(
    struct listener *l, const struct net_address *peer, const char *why)
{
    if (!may_log(l))
        return;
    char text[NET_TEXT_BYTES];
    net_format(peer, text);
    log_event(LOG_WARN, "client.refused", LOG_CSTR("client", text),
        LOG_CSTR("reason", why));
}

/* Accepting */

static void on_starved_end(uv_timer_t *timer)
{
    struct listener *l = timer->data;
    l->is_starved = false;
    listener_update(l);
}

static void listener_starve(struct listener *l, int error)
{
    if (may_log(l))
        log_event(LOG_ERROR, "accept.starved",
            LOG_CSTR("error", strerror(error)),
            LOG_INT("connections", l->connections));
    l->is_starved = true;
    uv_timer_start(&l->starved_timer, on_starved_end, LISTENER_STARVED_MS, 0);
    listener_update(l);
}

static void listener_take(
    struct listener *l, int fd, const struct net_address *peer)
{
    const char *why = refusal_of(l, peer);
    if (why != NULL) {
        stats_add(STAT_CONNECTIONS_REFUSED, 1);
        log_refusal(l, peer, why);
        (void)close(fd);
        return;
    }
    address_add(l, peer);
    l->connections++;
    listener_update(l);
    l->on_accept(l->owner, fd, peer);
}

/* False: nothing more to be had now. */
static bool socket_accept(struct listener_socket *s)
{
    struct sockaddr_storage from;
    socklen_t length = sizeof from;
    int fd = accept4(
        s->fd, (struct sockaddr *)&from, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        struct net_address peer;
        net_from_sockaddr((const struct sockaddr *)&from, &peer);
        listener_take(s->owner, fd, &peer);
        return true;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
        errno == ENOMEM)
        listener_starve(s->owner, errno);
    /* Anything but these and EAGAIN concerns one connection that was over
     * before we came (accept(2)). */
    return errno == ECONNABORTED || errno == EINTR;
}

static void on_socket_ready(uv_poll_t *poll, int status, int events)
{
    (void)status; /* accept4 says it again, with a better errno */
    (void)events;
    struct listener_socket *s = poll->data;
    for (int i = 0; i < LISTENER_BATCH && s->is_polling; i++)
        if (!socket_accept(s))
            return;
}

/* Making and ending */

static size_t fd_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
        limit.rlim_cur == RLIM_INFINITY)
        return SIZE_MAX;
    size_t fds = (size_t)limit.rlim_cur;
    /* Each connection may need one more towards the server. */
    return fds > LISTENER_FD_RESERVE + 2 ? (fds - LISTENER_FD_RESERVE) / 2 : 1;
}

void listener_configure(struct listener *l, const struct settings *settings)
{
    size_t total = (size_t)settings->clients_max_connections;
    size_t fds = fd_limit();
    l->settings = settings;
    l->max_connections = total < fds ? total : fds;
    l->max_per_address = (size_t)settings->clients_max_per_address;
    listener_update(l);
}

struct listener *listener_new(uv_loop_t *loop, const int *fds, size_t count,
    listener_accept_fn *on_accept, void *owner)
{
    struct listener *l = mem_zalloc(
        sizeof(struct listener) + count * sizeof(struct listener_socket));
    l->on_accept = on_accept;
    l->owner = owner;
    l->socket_count = count;
    l->open_handles = count + 1;
    uv_timer_init(loop, &l->starved_timer);
    l->starved_timer.data = l;
    for (size_t i = 0; i < count; i++) {
        struct listener_socket *s = &l->sockets[i];
        s->owner = l;
        s->fd = fds[i];
        uv_poll_init(loop, &s->poll, s->fd);
        s->poll.data = s;
    }
    return l;
}

void listener_release(struct listener *l, const struct net_address *peer)
{
    struct address_count *a = address_find(l, peer);
    if (a == NULL)
        return;
    if (--a->connections == 0) {
        HASH_DEL(l->addresses, a);
        mem_free(a);
    }
    l->connections--;
    l->is_starved = false;
    listener_update(l);
}

static void listener_maybe_end(struct listener *l)
{
    if (!l->is_freed || l->open_handles > 0)
        return;
    struct address_count *a, *next;
    HASH_ITER(hh, l->addresses, a, next)
    {
        HASH_DEL(l->addresses, a);
        mem_free(a);
    }
    mem_free(l);
}

static void on_socket_closed(uv_handle_t *handle)
{
    struct listener *l = ((struct listener_socket *)handle->data)->owner;
    l->open_handles--;
    listener_maybe_end(l);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct listener *l = handle->data;
    l->open_handles--;
    listener_maybe_end(l);
}

void listener_stop(struct listener *l)
{
    if (l->is_stopped)
        return;
    l->is_stopped = true;
    uv_close((uv_handle_t *)&l->starved_timer, on_timer_closed);
    for (size_t i = 0; i < l->socket_count; i++) {
        struct listener_socket *s = &l->sockets[i];
        s->is_polling = false;
        uv_close((uv_handle_t *)&s->poll, on_socket_closed);
        (void)close(s->fd);
    }
}

void listener_free(struct listener **listener)
{
    struct listener *l = *listener;
    if (l == NULL)
        return;
    *listener = NULL;
    listener_stop(l);
    l->is_freed = true;
    listener_maybe_end(l);
}
