/*
 * Sockets under the sessions' links.
 *
 *   NEW ─ io_link_open → OPEN ─ io_link_close → CLOSING → CLOSED (freed)
 *                          └─── io_link_abort ──────────→ CLOSED
 *
 * CLOSING: nothing is reported any more; libuv flushes the queue and then
 * sends FIN, and what the peer still sends is read and dropped until its FIN,
 * because closing with unread bytes would make the kernel send RST, which can
 * destroy the end of an answer on its way (RFC 9112 §9.6).
 */
#include "proxy/io_link.h"

#include <stddef.h>

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"

enum {
    SWEEP_MS = 250,
    LATEST_MS = 8 * DEFER_TURN_MS, /* of a turn in which anything is read */
    LINK_REST_MAX = 256 * 1024,    /* read of a connection that is broken */
};

enum link_phase { LINK_NEW, LINK_OPEN, LINK_CLOSING, LINK_CLOSED };

struct io_link {
    struct link base; /* first */
    struct io_links *links;
    void *owner;                 /* who hears of it */
    struct io_link *prev, *next; /* in one of the lists of io_links */
    uv_tcp_t tcp;
    uv_shutdown_t shutdown;
    struct deferred fault; /* reports `broken` */
    enum link_phase phase;
    int broken;        /* libuv's error, 0: none */
    bool is_high;      /* was above LINK_QUEUE_HIGH: on_drained is owed */
    bool is_shut;      /* FIN was asked for */
    bool is_flushed;   /* … and sent */
    bool has_eof;      /* the peer's FIN came */
    bool is_lingering; /* was CLOSING: in that list until it is freed */
    bool was_put_off;  /* in a turn in which it read nothing */
    uint64_t read_ms;  /* the loop's time of the turn it last read in */
    size_t last_queue; /* of CLOSING: to see whether it moves */
    uint64_t moved_ms, closing_ms;
};

struct io_links {
    uv_loop_t *loop;
    struct defer_queue *queue;
    const struct link_events *events;
    struct io_link *first, *lingering; /* apart: thousands may be idle */
    size_t count, closing_count;
    uv_timer_t *sweep; /* runs while links are CLOSING */
    char read_buffer[LINK_READ_MAX];
};

/* One queued write: the bytes that the kernel did not take at once. */
struct link_write {
    uv_write_t request;
    struct io_link *link;
    struct buf data;
};

static struct io_link *io_of(struct link *link)
{
    return (struct io_link *)link;
}

static uv_stream_t *stream_of(struct io_link *l)
{
    return (uv_stream_t *)&l->tcp;
}

static struct io_link **list_of(struct io_link *l)
{
    return l->is_lingering ? &l->links->lingering : &l->links->first;
}

static void links_add(struct io_link *l)
{
    struct io_link **first = list_of(l);
    l->prev = NULL;
    l->next = *first;
    if (l->next != NULL)
        l->next->prev = l;
    *first = l;
    l->links->count++;
}

static void links_remove(struct io_link *l)
{
    if (l->prev != NULL)
        l->prev->next = l->next;
    else
        *list_of(l) = l->next;
    if (l->next != NULL)
        l->next->prev = l->prev;
    l->links->count--;
}

static void on_closed(uv_handle_t *handle)
{
    struct io_link *l = handle->data;
    links_remove(l);
    mem_free(l);
}

/* Queued writes come back with UV_ECANCELED before on_closed. */
static void link_destroy(struct io_link *l)
{
    if (l->phase == LINK_CLOSED)
        return;
    if (l->phase == LINK_CLOSING && --l->links->closing_count == 0)
        uv_timer_stop(l->links->sweep);
    l->phase = LINK_CLOSED;
    defer_cancel(&l->fault);
    uv_close((uv_handle_t *)&l->tcp, on_closed);
}

static void link_reset(struct io_link *l)
{
    uv_os_fd_t fd;
    if (uv_fileno((uv_handle_t *)&l->tcp, &fd) == 0) {
        struct linger linger = {.l_onoff = 1, .l_linger = 0};
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    }
    link_destroy(l);
}

/* Events */

/* A peer that answers and is gone (F16) has often reset the connection when
 * the next write finds it so; the kernel still has what it said before. */
static void read_rest(struct io_link *l)
{
    uv_os_fd_t fd;
    if (l->has_eof || uv_fileno((uv_handle_t *)&l->tcp, &fd) != 0)
        return;
    for (size_t left = LINK_REST_MAX;
         left > 0 && l->phase == LINK_OPEN && !l->base.is_paused;) {
        size_t room = left < LINK_READ_MAX ? left : LINK_READ_MAX;
        ssize_t n = recv(fd, l->links->read_buffer, room, MSG_DONTWAIT);
        if (n <= 0)
            break;
        left -= (size_t)n;
        l->links->events->on_bytes(
            l->owner, &l->base, str_make(l->links->read_buffer, (size_t)n));
    }
}

static void on_fault(struct deferred *fault)
{
    struct io_link *l =
        (struct io_link *)((char *)fault - offsetof(struct io_link, fault));
    if (l->phase == LINK_OPEN)
        read_rest(l);
    if (l->phase == LINK_OPEN)
        l->links->events->on_broken(l->owner, &l->base, l->broken);
}

static void link_fail(struct io_link *l, int uv_error)
{
    if (l->broken != 0)
        return;
    l->broken = uv_error;
    if (l->phase == LINK_CLOSING)
        link_destroy(l);
    else
        defer_push(l->links->queue, &l->fault);
}

/* Sockets come in the same order each turn: whoever stands behind one that
 * takes the whole of it would never be read.  So one that was put off and has
 * read nothing may read once, however late it is, but for turns that are too
 * long altogether. */
static bool must_wait(struct io_link *l)
{
    const struct defer_queue *queue = l->links->queue;
    uint64_t turn_ms = uv_now(l->links->loop);
    bool has_read = l->read_ms == turn_ms;
    bool is_its_turn =
        l->was_put_off && !has_read && !defer_is_late_by(queue, LATEST_MS);
    if (defer_is_late(queue) && !is_its_turn) {
        l->was_put_off |= !has_read;
        return true;
    }
    l->was_put_off = false;
    l->read_ms = turn_ms;
    return false;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    struct io_link *l = handle->data;
    /* An empty one: nothing is read, the loop asks again in its next turn. */
    if (must_wait(l)) {
        *buf = uv_buf_init(NULL, 0);
        return;
    }
    *buf = uv_buf_init(l->links->read_buffer, LINK_READ_MAX);
}

static void link_take_eof(struct io_link *l)
{
    l->has_eof = true;
    if (l->phase == LINK_OPEN)
        l->links->events->on_eof(l->owner, &l->base);
    else if (l->phase == LINK_CLOSING && l->is_flushed)
        link_destroy(l);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct io_link *l = stream->data;
    if (n == UV_ENOBUFS) {
        return;
    } else if (n == UV_EOF) {
        if (l->broken == 0)
            link_take_eof(l);
    } else if (n < 0) {
        link_fail(l, (int)n);
    } else if (n > 0 && l->phase == LINK_OPEN) {
        l->links->events->on_bytes(
            l->owner, &l->base, str_make(buf->base, (size_t)n));
    }
}

static void on_written(uv_write_t *request, int status)
{
    struct link_write *write = (struct link_write *)request;
    struct io_link *l = write->link;
    l->base.queued -= write->data.n;
    buf_free(&write->data);
    mem_free(write);
    if (l->phase == LINK_CLOSED)
        return;
    if (status < 0) {
        link_fail(l, status);
        return;
    }
    if (!l->is_high || l->base.queued > LINK_QUEUE_LOW)
        return;
    l->is_high = false;
    if (l->phase == LINK_OPEN && l->broken == 0)
        l->links->events->on_drained(l->owner, &l->base);
}

static void on_shut(uv_shutdown_t *request, int status)
{
    struct io_link *l = request->handle->data;
    if (l->phase == LINK_CLOSED)
        return;
    l->is_flushed = true;
    l->moved_ms = uv_now(l->links->loop);
    if (l->phase == LINK_CLOSING && (l->has_eof || status < 0))
        link_destroy(l);
}

/* Closing */

/* The link's peer had its time. */
static bool link_is_overdue(struct io_link *l, uint64_t now)
{
    if (l->is_flushed)
        return now - l->moved_ms >= LINK_LINGER_MS;
    size_t queue = uv_stream_get_write_queue_size(stream_of(l));
    if (queue != l->last_queue) {
        l->last_queue = queue;
        l->moved_ms = now;
    }
    return now - l->moved_ms >= LINK_FLUSH_STALL_MS ||
           now - l->closing_ms >= LINK_FLUSH_MS;
}

static void on_sweep(uv_timer_t *timer)
{
    struct io_links *links = timer->data;
    uint64_t now = uv_now(links->loop);
    struct io_link *next;
    for (struct io_link *l = links->lingering; l != NULL; l = next) {
        next = l->next;
        if (l->phase != LINK_CLOSING || !link_is_overdue(l, now))
            continue;
        if (l->is_flushed)
            link_destroy(l);
        else
            link_reset(l); /* the peer must not take it for the end */
    }
}

static void link_start_closing(struct io_link *l)
{
    struct io_links *links = l->links;
    links_remove(l);
    l->is_lingering = true;
    links_add(l);
    l->phase = LINK_CLOSING;
    l->closing_ms = uv_now(links->loop);
    l->moved_ms = l->closing_ms;
    l->last_queue = uv_stream_get_write_queue_size(stream_of(l));
    if (links->closing_count++ == 0)
        uv_timer_start(links->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
    if (!l->has_eof)
        (void)uv_read_start(stream_of(l), on_alloc, on_read);
}

void io_link_close(struct link *link)
{
    struct io_link *l = io_of(link);
    if (l->phase == LINK_CLOSING || l->phase == LINK_CLOSED)
        return;
    if (l->phase == LINK_NEW || l->broken != 0 ||
        (l->is_flushed && l->has_eof)) {
        link_destroy(l);
        return;
    }
    io_link_shutdown(link);
    if (l->broken != 0)
        link_destroy(l);
    else
        link_start_closing(l);
}

void io_link_abort(struct link *link)
{
    link_reset(io_of(link));
}

void io_link_shutdown(struct link *link)
{
    struct io_link *l = io_of(link);
    if (l->phase != LINK_OPEN || l->is_shut || l->broken != 0)
        return;
    l->is_shut = true;
    int status = uv_shutdown(&l->shutdown, stream_of(l), on_shut);
    if (status < 0)
        link_fail(l, status);
}

/* Sending and reading */

static void link_queue(struct io_link *l, struct buf *data)
{
    struct link_write *write = MEM_NEW(struct link_write);
    write->link = l;
    buf_take(&write->data, data);
    size_t n = write->data.n;
    uv_buf_t piece = uv_buf_init(buf_bytes(&write->data), (unsigned)n);
    int status = uv_write(&write->request, stream_of(l), &piece, 1, on_written);
    if (status < 0) {
        buf_free(&write->data);
        mem_free(write);
        link_fail(l, status);
        return;
    }
    l->base.queued += n;
    if (l->base.queued > LINK_QUEUE_HIGH)
        l->is_high = true;
}

void io_link_send(struct link *link, struct buf *data)
{
    struct io_link *l = io_of(link);
    if (l->phase == LINK_OPEN && l->broken == 0 && data->n > 0 &&
        l->base.queued == 0) {
        uv_buf_t piece = uv_buf_init(buf_bytes(data), (unsigned)data->n);
        int n = uv_try_write(stream_of(l), &piece, 1);
        if (n > 0)
            buf_consume(data, (size_t)n);
        else if (n < 0 && n != UV_EAGAIN)
            link_fail(l, n);
    }
    if (l->phase == LINK_OPEN && l->broken == 0 && data->n > 0)
        link_queue(l, data);
    else
        buf_free(data);
}

void io_link_pause(struct link *link)
{
    struct io_link *l = io_of(link);
    link->is_paused = true;
    if (l->phase == LINK_OPEN)
        uv_read_stop(stream_of(l));
}

void io_link_resume(struct link *link)
{
    struct io_link *l = io_of(link);
    link->is_paused = false;
    if (l->phase != LINK_OPEN || l->has_eof || l->broken != 0)
        return;
    int status = uv_read_start(stream_of(l), on_alloc, on_read);
    if (status < 0 && status != UV_EALREADY)
        link_fail(l, status);
}

/* Making */

struct link *io_link_new(struct io_links *links, void *owner)
{
    struct io_link *l = MEM_NEW(struct io_link);
    l->links = links;
    l->owner = owner;
    l->fault.run = on_fault;
    uv_tcp_init(links->loop, &l->tcp);
    l->tcp.data = l;
    links_add(l);
    return &l->base;
}

enum err io_link_open(struct link *link, int fd, const struct net_address *peer)
{
    struct io_link *l = io_of(link);
    /* Small records and events must not wait for an acknowledgement. */
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (l->phase != LINK_NEW || uv_tcp_open(&l->tcp, fd) != 0) {
        (void)close(fd);
        return ERR_IO;
    }
    l->phase = LINK_OPEN;
    link->peer = *peer;
    if (!link->is_paused)
        io_link_resume(link);
    return OK;
}

struct io_links *io_links_new(uv_loop_t *loop, struct defer_queue *queue,
    const struct link_events *events)
{
    struct io_links *links = MEM_NEW(struct io_links);
    links->loop = loop;
    links->queue = queue;
    links->events = events;
    links->sweep = MEM_NEW(uv_timer_t);
    uv_timer_init(loop, links->sweep);
    links->sweep->data = links;
    return links;
}

void io_links_cut(struct io_links *links)
{
    for (struct io_link *l = links->first; l != NULL; l = l->next)
        link_reset(l);
    for (struct io_link *l = links->lingering; l != NULL; l = l->next)
        link_reset(l);
}

size_t io_links_cut_owner(struct io_links *links, const void *owner)
{
    size_t cut = 0;
    for (struct io_link *l = links->first; l != NULL; l = l->next)
        if (l->owner == owner &&
            (l->phase == LINK_NEW || l->phase == LINK_OPEN)) {
            link_reset(l);
            cut++;
        }
    return cut;
}

static void on_sweep_closed(uv_handle_t *handle)
{
    mem_free(handle);
}

void io_links_free(struct io_links **links)
{
    if (*links == NULL)
        return;
    uv_close((uv_handle_t *)(*links)->sweep, on_sweep_closed);
    mem_free(*links);
    *links = NULL;
}

size_t io_links_count(const struct io_links *links)
{
    return links->count;
}
