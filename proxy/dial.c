/*
 * One dial: addresses found, sieved by policy and put in order; attempts
 * started one after the other and running side by side; one result.
 */
#include "proxy/dial.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "proxy/target.h"

struct attempt {
    uv_poll_t poll;
    struct dial *dial; /* NULL: given up, only waiting for libuv */
    struct net_address address;
    int fd;
};

struct dial {
    uv_loop_t *loop;
    struct defer_queue *defer;
    const struct settings *settings;
    struct resolve_query *query;
    dial_done_fn *done;
    void *owner;
    uint16_t port;
    struct net_address addresses[RESOLVE_ADDRESSES_MAX];
    size_t count, next; /* addresses, and the next to be tried */
    struct attempt *attempts[RESOLVE_ADDRESSES_MAX];
    size_t running;
    enum dial_result worst; /* what to say when the last attempt fails */
    struct deferred start;  /* addresses known without asking anyone */
    struct deferred finish; /* an end found inside dial_start or a loop */
    uv_timer_t *stagger, *deadline; /* free themselves */
};

/* Ending */

static void on_attempt_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

/* The descriptor stays the caller's. */
static int attempt_release(struct attempt *a)
{
    int fd = a->fd;
    a->dial = NULL;
    uv_close((uv_handle_t *)&a->poll, on_attempt_closed);
    return fd;
}

static void on_timer_closed(uv_handle_t *handle)
{
    mem_free(handle);
}

static void dial_free(struct dial *d)
{
    resolver_cancel(&d->query);
    defer_cancel(&d->start);
    defer_cancel(&d->finish);
    for (size_t i = 0; i < d->next; i++)
        if (d->attempts[i] != NULL)
            (void)close(attempt_release(d->attempts[i]));
    uv_close((uv_handle_t *)d->stagger, on_timer_closed);
    uv_close((uv_handle_t *)d->deadline, on_timer_closed);
    mem_free(d);
}

static void dial_end(struct dial *d, enum dial_result result, int fd,
    const struct net_address *peer)
{
    dial_done_fn *done = d->done;
    void *owner = d->owner;
    struct net_address address = {0};
    if (peer != NULL)
        address = *peer;
    dial_free(d);
    done(owner, result, fd, &address);
}

void dial_cancel(struct dial **dial)
{
    if (*dial == NULL)
        return;
    dial_free(*dial);
    *dial = NULL;
}

/* Attempts */

static struct dial *dial_of_timer(uv_timer_t *timer)
{
    return timer->data;
}

static enum dial_result result_of(int error)
{
    if (error == ECONNREFUSED || error == ECONNRESET)
        return DIAL_REFUSED;
    return error == ETIMEDOUT ? DIAL_TIMEOUT : DIAL_UNREACHABLE;
}

/* Of several failures the most telling is reported: somebody was there and
 * refused, somebody did not answer, nobody could be reached. */
static void dial_note_failure(struct dial *d, int error)
{
    enum dial_result result = result_of(error);
    if (d->worst == DIAL_REFUSED)
        return;
    if (result == DIAL_REFUSED || d->worst == DIAL_UNREACHABLE)
        d->worst = result;
}

static void dial_try_next(struct dial *d);

static void on_stagger(uv_timer_t *timer)
{
    dial_try_next(dial_of_timer(timer));
}

static void attempt_failed(struct dial *d, size_t index, int error)
{
    (void)close(attempt_release(d->attempts[index]));
    d->attempts[index] = NULL;
    d->running--;
    dial_note_failure(d, error);
    dial_try_next(d);
}

static void on_attempt_ready(uv_poll_t *poll, int status, int events)
{
    (void)events;
    struct attempt *a = poll->data;
    struct dial *d = a->dial;
    size_t index = 0;
    int error = 0;
    socklen_t length = sizeof error;
    while (d->attempts[index] != a)
        index++;
    if (getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0)
        error = errno;
    if (error == 0 && status < 0)
        error = -status;
    if (error != 0) {
        attempt_failed(d, index, error);
        return;
    }
    struct net_address peer = a->address;
    d->attempts[index] = NULL;
    dial_end(d, DIAL_OK, attempt_release(a), &peer);
}

static int socket_connect(const struct net_address *address)
{
    struct sockaddr_storage to;
    socklen_t length;
    net_to_sockaddr(address, &to, &length);
    int fd =
        socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (connect(fd, (struct sockaddr *)&to, length) == 0 ||
        errno == EINPROGRESS)
        return fd;
    int error = errno;
    (void)close(fd);
    errno = error;
    return -1;
}

static enum err attempt_start(struct dial *d, size_t index)
{
    int fd = socket_connect(&d->addresses[index]);
    if (fd < 0)
        return ERR_IO;
    struct attempt *a = MEM_NEW(struct attempt);
    int status = uv_poll_init(d->loop, &a->poll, fd);
    if (status != 0) {
        (void)close(fd);
        mem_free(a);
        errno = -status;
        return ERR_IO;
    }
    a->poll.data = a;
    a->fd = fd;
    a->dial = d;
    a->address = d->addresses[index];
    d->attempts[index] = a;
    d->running++;
    uv_poll_start(&a->poll, UV_WRITABLE, on_attempt_ready);
    return OK;
}

static void dial_try_next(struct dial *d)
{
    while (d->next < d->count) {
        size_t index = d->next++;
        if (attempt_start(d, index) == OK) {
            if (d->next < d->count)
                uv_timer_start(d->stagger, on_stagger, DIAL_STAGGER_MS, 0);
            return;
        }
        dial_note_failure(d, errno);
    }
    if (d->running == 0)
        dial_end(d, d->worst, -1, NULL);
}

/* Addresses */

static bool is_any(const struct net_address *address)
{
    static const uint8_t zeros[sizeof address->bytes];
    return memcmp(address->bytes, zeros, sizeof zeros) == 0;
}

static bool is_listened(
    const struct str_list *endpoints, const struct net_address *address)
{
    struct net_address own;
    for (size_t i = 0; i < endpoints->count; i++)
        if (net_parse_endpoint(endpoints->items[i], &own) == OK &&
            own.port == address->port &&
            (is_any(&own) ||
                memcmp(own.bytes, address->bytes, sizeof own.bytes) == 0))
            return true;
    return false;
}

/* A CONNECT to our own ports would loop, or reach the console and /metrics
 * from where clients are. */
static bool is_own(
    const struct settings *settings, const struct net_address *address)
{
    return net_is_private(address) &&
           (is_listened(&settings->listen_proxy, address) ||
               is_listened(&settings->listen_console, address) ||
               is_listened(&settings->listen_metrics, address));
}

/* address: with the port that would be used */
bool dial_permits(
    const struct settings *settings, const struct net_address *address)
{
    return !is_own(settings, address) && target_permits(settings, address);
}

size_t dial_permitted(const struct settings *settings,
    const struct net_address *addresses, size_t count, uint16_t port,
    struct net_address out[RESOLVE_ADDRESSES_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < count && n < RESOLVE_ADDRESSES_MAX; i++) {
        out[n] = addresses[i];
        out[n].port = port;
        n += dial_permits(settings, &out[n]);
    }
    return n;
}

/* The index of the first address of the family at or after `from`. */
static size_t find_family(
    const struct net_address *list, size_t count, size_t from, bool is_v6)
{
    while (from < count && list[from].is_v6 != is_v6)
        from++;
    return from;
}

/* RFC 8305 §4: alternating, IPv6 first. */
static void dial_interleave(
    struct dial *d, const struct net_address *list, size_t count)
{
    bool is_v6 = true;
    size_t at[2];
    at[0] = find_family(list, count, 0, false);
    at[1] = find_family(list, count, 0, true);
    while (d->count < count) {
        if (at[is_v6] == count)
            is_v6 = !is_v6;
        d->addresses[d->count++] = list[at[is_v6]];
        at[is_v6] = find_family(list, count, at[is_v6] + 1, is_v6);
        is_v6 = !is_v6;
    }
}

static void on_resolved(
    void *owner, const struct net_address *addresses, size_t count)
{
    struct dial *d = owner;
    struct net_address allowed[RESOLVE_ADDRESSES_MAX];
    size_t n = dial_permitted(d->settings, addresses, count, d->port, allowed);
    d->query = NULL;
    if (n == 0) {
        dial_end(d, count == 0 ? DIAL_NOT_RESOLVED : DIAL_FORBIDDEN, -1, NULL);
        return;
    }
    dial_interleave(d, allowed, n);
    dial_try_next(d);
}

/* upstream.resolve: chosen by the administrator, so exempt from the address
 * policy; the entry's own port counts. */
static void dial_use_overrides(struct dial *d, struct str host)
{
    const struct settings *s = d->settings;
    struct net_address found[RESOLVE_ADDRESSES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < s->resolve_count && count < RESOLVE_ADDRESSES_MAX;
         i++) {
        const struct resolve_entry *entry = &s->resolve[i];
        if (entry->port != d->port || !str_eq_nocase(entry->host, host))
            continue;
        found[count] = entry->address;
        if (found[count].port == 0)
            found[count].port = d->port;
        count++;
    }
    dial_interleave(d, found, count);
}

static void on_start(struct deferred *start)
{
    struct dial *d =
        (struct dial *)((char *)start - offsetof(struct dial, start));
    dial_try_next(d);
}

static void on_finish(struct deferred *finish)
{
    struct dial *d =
        (struct dial *)((char *)finish - offsetof(struct dial, finish));
    dial_end(d, d->worst, -1, NULL);
}

static void on_deadline(uv_timer_t *timer)
{
    dial_end(dial_of_timer(timer), DIAL_TIMEOUT, -1, NULL);
}

/* A literal: nothing to resolve, the same policy. */
static void dial_use_literal(struct dial *d, struct net_address address)
{
    address.port = d->port;
    if (dial_permits(d->settings, &address)) {
        d->addresses[d->count++] = address;
        defer_push(d->defer, &d->start);
    } else {
        d->worst = DIAL_FORBIDDEN;
        defer_push(d->defer, &d->finish);
    }
}

static uv_timer_t *timer_new(struct dial *d)
{
    uv_timer_t *timer = MEM_NEW(uv_timer_t);
    uv_timer_init(d->loop, timer);
    timer->data = d;
    return timer;
}

struct dial *dial_start(uv_loop_t *loop, struct defer_queue *defer,
    struct resolver *resolver, const struct settings *settings, struct str host,
    uint16_t port, dial_done_fn *done, void *owner)
{
    struct dial *d = MEM_NEW(struct dial);
    struct net_address literal;
    d->loop = loop;
    d->defer = defer;
    d->settings = settings;
    d->port = port;
    d->done = done;
    d->owner = owner;
    d->worst = DIAL_UNREACHABLE;
    d->start.run = on_start;
    d->finish.run = on_finish;
    d->stagger = timer_new(d);
    d->deadline = timer_new(d);
    uv_timer_start(
        d->deadline, on_deadline, (uint64_t)settings->timeout_dial, 0);
    dial_use_overrides(d, host);
    if (d->count > 0)
        defer_push(defer, &d->start);
    else if (net_parse_ip(host, &literal) == OK)
        dial_use_literal(d, literal);
    else
        d->query = resolver_ask(resolver, host, on_resolved, d);
    return d;
}
