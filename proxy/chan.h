/*
 * A channel between two roles: a SOCK_SEQPACKET socket pair under uv_poll.
 * A datagram is one message of at most CHAN_DATAGRAM_MAX bytes plus at most
 * one descriptor; larger payloads travel in a sealed memfd.  Sending never
 * blocks: what the socket does not take is queued (at most CHAN_QUEUE_MAX
 * bytes, then ERR_LIMIT).
 */
#ifndef PROXY_CHAN_H
#define PROXY_CHAN_H

#include <uv.h>

#include "base/buf.h"

enum { CHAN_DATAGRAM_MAX = 64 * 1024, CHAN_QUEUE_MAX = 64 * 1024 * 1024 };

struct chan;

struct chan_events {
    /* fd: -1 or a descriptor the receiver now owns. */
    void (*on_message)(void *owner, struct str datagram, int fd);
    /* All datagrams that were waiting have been handled (for batching);
     * may be NULL. */
    void (*on_drained)(void *owner);
    /* The peer is gone; the owner frees the channel. */
    void (*on_closed)(void *owner);
};

/* Takes the descriptor. */
struct chan *chan_new(
    uv_loop_t *loop, int fd, const struct chan_events *events, void *owner);
void chan_free(struct chan **chan);
/* fd >= 0 is duplicated by the kernel; the caller closes its own. */
enum err chan_send(struct chan *chan, struct str datagram, int fd) MUST_USE;
/* What waits for room in the socket. */
size_t chan_queued(const struct chan *chan);
enum err chan_pair(int fds_out[2]) MUST_USE;

/* Large payloads: a sealed memfd with these bytes; and a read-only mapping of
 * one (checked: sealed, size at most max). */
enum err memfd_from(struct str bytes, int *fd_out) MUST_USE;
enum err memfd_map(int fd, size_t max, struct str *bytes_out) MUST_USE;
void memfd_unmap(struct str bytes);
/* From now on nobody can change it.  The kernel refuses that while it holds one
 * of its pages for itself, which passes: tried again for a moment.  ERR_IO with
 * errno. */
enum err memfd_seal(int fd) MUST_USE;
/* Sealed, and how many bytes; ERR_PARSE, ERR_LIMIT: not to be mapped. */
enum err memfd_check(int fd, size_t max, size_t *bytes_out) MUST_USE;

#endif
