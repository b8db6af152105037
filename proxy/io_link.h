/*
 * struct link over uv_tcp: the sockets behind proxy/world.h, for the links of
 * one loop.
 *
 * Bytes come in one buffer that all links share, and go out at once where the
 * kernel takes them; what it does not take is queued and counted in
 * link->queued.  Nothing is reported from inside a call: an error found while
 * sending comes as on_broken in the next turn.
 *
 * A link that was closed reports nothing more and frees itself.
 */
#ifndef PROXY_IO_LINK_H
#define PROXY_IO_LINK_H

#include <uv.h>

#include "proxy/defer.h"
#include "proxy/world.h"

/* As proxy/session.h's session_on_*, to the owner given with the link. */
struct link_events {
    void (*on_bytes)(void *owner, struct link *link, struct str data);
    void (*on_eof)(void *owner, struct link *link);
    void (*on_broken)(void *owner, struct link *link, int uv_error);
    void (*on_drained)(void *owner, struct link *link);
};

enum {
    LINK_LINGER_MS = 2000, /* waiting for the peer's FIN after ours */
    /* Closed with bytes queued: how long they may stand still, and take. */
    LINK_FLUSH_STALL_MS = 10 * 1000,
    LINK_FLUSH_MS = 60 * 1000,
};

struct io_links;

/* events and queue outlive it. */
struct io_links *io_links_new(uv_loop_t *loop, struct defer_queue *queue,
    const struct link_events *events);
/* Cuts every link (the closing ones too).  The loop must run until it is done
 * before io_links_free. */
void io_links_cut(struct io_links *links);
void io_links_free(struct io_links **links);
/* Cuts the links of one owner that it has not closed; returns how many. */
size_t io_links_cut_owner(struct io_links *links, const void *owner);
/* Sockets open now, lingering ones too. */
size_t io_links_count(const struct io_links *links);

/* A link without a socket; it becomes live with io_link_open, which takes the
 * connected socket (ERR_IO: closed, the link stays as it was). */
struct link *io_link_new(struct io_links *links, void *owner);
enum err io_link_open(
    struct link *link, int fd, const struct net_address *peer) MUST_USE;

/* As the operations of proxy/world.h. */
void io_link_send(struct link *link, struct buf *data);
void io_link_pause(struct link *link);
void io_link_resume(struct link *link);
void io_link_shutdown(struct link *link);
void io_link_close(struct link *link);
void io_link_abort(struct link *link);

#endif
