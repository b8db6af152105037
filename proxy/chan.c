/*
 * Datagrams between roles.  What the socket does not take at once waits in a
 * queue and goes out when uv_poll reports room; order is kept.
 *
 * The channel may be freed from inside any of its events: the memory lives on
 * until libuv has closed the handle, and the reading loop looks at is_freed
 * after every call.
 */
#include "proxy/chan.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"

/* One wake-up handles at most so many datagrams, so that no channel starves
 * the others of the loop. */
enum { READS_A_TURN = 64 };

struct waiting {
    struct waiting *next;
    struct buf bytes;
    int fd; /* our duplicate, or -1 */
};

struct chan {
    uv_poll_t poll;
    int fd;
    const struct chan_events *events;
    void *owner;
    struct waiting *first, **last;
    size_t queued_bytes;
    bool is_freed;
    char incoming[CHAN_DATAGRAM_MAX];
};

static void on_poll(uv_poll_t *poll, int status, int events);

static void watch(struct chan *chan)
{
    int events = UV_READABLE | (chan->first != NULL ? UV_WRITABLE : 0);
    uv_poll_start(&chan->poll, events, on_poll);
}

struct chan *chan_new(
    uv_loop_t *loop, int fd, const struct chan_events *events, void *owner)
{
    struct chan *chan = MEM_NEW(struct chan);
    chan->fd = fd;
    chan->events = events;
    chan->owner = owner;
    chan->last = &chan->first;
    chan->poll.data = chan;
    uv_poll_init(loop, &chan->poll, fd); /* makes it non-blocking */
    watch(chan);
    return chan;
}

static void drop_first(struct chan *chan)
{
    struct waiting *w = chan->first;
    chan->first = w->next;
    if (chan->first == NULL)
        chan->last = &chan->first;
    chan->queued_bytes -= w->bytes.n;
    if (w->fd >= 0)
        close(w->fd);
    buf_free(&w->bytes);
    mem_free(w);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct chan *chan = handle->data;
    close(chan->fd);
    mem_free(chan);
}

void chan_free(struct chan **chan)
{
    struct chan *c = *chan;
    *chan = NULL;
    if (c == NULL)
        return;
    while (c->first != NULL)
        drop_first(c);
    c->is_freed = true;
    uv_poll_stop(&c->poll);
    uv_close((uv_handle_t *)&c->poll, on_handle_closed);
}

static void attach_fd(
    struct msghdr *message, char *control, size_t room, int fd)
{
    message->msg_control = control;
    message->msg_controllen = room;
    struct cmsghdr *head = CMSG_FIRSTHDR(message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(head), &fd, sizeof fd);
}

/* OK, ERR_AGAIN when the socket is full, ERR_CLOSED. */
static enum err send_now(struct chan *chan, struct str datagram, int fd)
{
    struct iovec part = {(void *)(uintptr_t)datagram.p, datagram.n};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof fd)] = {0};
    if (fd >= 0)
        attach_fd(&message, control, sizeof control, fd);
    ssize_t n;
    do
        n = sendmsg(chan->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n >= 0)
        return OK;
    if (errno == EAGAIN || errno == ENOBUFS || errno == ETOOMANYREFS)
        return ERR_AGAIN;
    return ERR_CLOSED;
}

enum err chan_send(struct chan *chan, struct str datagram, int fd)
{
    if (datagram.n == 0 || datagram.n > CHAN_DATAGRAM_MAX)
        return ERR_LIMIT; /* an empty datagram would read as the end */
    enum err err =
        chan->first != NULL ? ERR_AGAIN : send_now(chan, datagram, fd);
    if (err != ERR_AGAIN)
        return err;
    if (chan->queued_bytes + datagram.n > CHAN_QUEUE_MAX)
        return ERR_LIMIT;
    struct waiting *w = MEM_NEW(struct waiting);
    w->fd = -1;
    if (fd >= 0) {
        w->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        if (w->fd < 0) {
            mem_free(w);
            return ERR_LIMIT;
        }
    }
    buf_append_str(&w->bytes, datagram);
    chan->queued_bytes += datagram.n;
    *chan->last = w;
    chan->last = &w->next;
    watch(chan);
    return OK;
}

size_t chan_queued(const struct chan *chan)
{
    return chan->queued_bytes;
}

static void send_waiting(struct chan *chan)
{
    while (chan->first != NULL) {
        struct waiting *w = chan->first;
        if (send_now(chan, buf_str(&w->bytes), w->fd) == ERR_AGAIN)
            return;
        drop_first(chan); /* sent, or the peer is gone: reading tells */
    }
    watch(chan);
}

/* Takes the first descriptor; any further one is closed, never leaked. */
static int take_fd(struct msghdr *message)
{
    int first = -1;
    for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head != NULL;
         head = CMSG_NXTHDR(message, head)) {
        if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(head) + i * sizeof fd, sizeof fd);
            if (first < 0)
                first = fd;
            else
                close(fd);
        }
    }
    return first;
}

/* OK, ERR_AGAIN when nothing waits, ERR_CLOSED. */
static enum err receive_one(struct chan *chan)
{
    struct iovec part = {chan->incoming, sizeof chan->incoming};
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(4 * sizeof(int))];
    struct msghdr message = {.msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control,
        .msg_controllen = sizeof control};
    ssize_t n = recvmsg(chan->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return ERR_AGAIN;
    if (n <= 0)
        return ERR_CLOSED;
    int fd = take_fd(&message);
    if ((message.msg_flags & MSG_TRUNC) != 0) { /* no peer of ours does it */
        if (fd >= 0)
            close(fd);
        return ERR_CLOSED;
    }
    chan->events->on_message(
        chan->owner, (struct str){chan->incoming, (size_t)n}, fd);
    return OK;
}

static void receive(struct chan *chan)
{
    enum err err = OK;
    unsigned handled = 0;
    while (err == OK && handled < READS_A_TURN) {
        err = receive_one(chan);
        if (chan->is_freed)
            return;
        handled += err == OK;
    }
    if (handled > 0 && chan->events->on_drained != NULL)
        chan->events->on_drained(chan->owner);
    if (chan->is_freed || err != ERR_CLOSED)
        return;
    uv_poll_stop(&chan->poll);
    chan->events->on_closed(chan->owner);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct chan *chan = poll->data;
    if (status == 0 && (events & UV_WRITABLE) != 0)
        send_waiting(chan);
    receive(chan); /* also after an error: it tells what happened */
}

enum err chan_pair(int fds_out[2])
{
    int type = SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK;
    return socketpair(AF_UNIX, type, 0, fds_out) == 0 ? OK : ERR_IO;
}

enum { SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL };

enum err memfd_seal(int fd)
{
    enum { TRIES_MAX = 5, PAUSE_NS = 20 * 1000 * 1000 };
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    for (int tries = 1; fcntl(fd, F_ADD_SEALS, SEALS) != 0; tries++) {
        int reason = errno;
        log_event(LOG_WARN, "memfd.unsealed", LOG_CSTR("why", strerror(reason)),
            LOG_INT("tries", tries));
        errno = reason;
        if (reason != EBUSY || tries == TRIES_MAX)
            return ERR_IO;
        (void)nanosleep(&pause, NULL);
    }
    return OK;
}

enum err memfd_from(struct str bytes, int *fd_out)
{
    *fd_out = -1;
    int fd = memfd_create("promptgate", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return ERR_IO;
    if (file_write(fd, bytes) != OK || memfd_seal(fd) != OK) {
        int reason = errno;
        close(fd);
        errno = reason;
        return ERR_IO;
    }
    *fd_out = fd;
    return OK;
}

enum err memfd_check(int fd, size_t max, size_t *bytes_out)
{
    int seals = fcntl(fd, F_GET_SEALS);
    off_t size = lseek(fd, 0, SEEK_END);
    *bytes_out = 0;
    /* Unsealed, the sender could pull the pages away under the reader. */
    if (seals < 0 || (seals & SEALS) != SEALS || size < 0)
        return ERR_PARSE;
    if ((size_t)size > max)
        return ERR_LIMIT;
    *bytes_out = (size_t)size;
    return OK;
}

enum err memfd_map(int fd, size_t max, struct str *bytes_out)
{
    size_t size;
    *bytes_out = STR_NONE;
    enum err err = memfd_check(fd, max, &size);
    if (err != OK || size == 0)
        return err;
    void *p = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED)
        return ERR_IO;
    *bytes_out = (struct str){p, size};
    return OK;
}

void memfd_unmap(struct str bytes)
{
    if (bytes.p != NULL)
        munmap((void *)(uintptr_t)bytes.p, bytes.n);
}
