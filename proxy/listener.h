/*
 * Accepting: from listening sockets that all workers share, so that neither a
 * crash nor a stuck worker holds up what waits in the kernel's queue.
 *
 * A client that no allowed network holds, or whose address has too many
 * connections here, is closed before a byte is read.  At the worker's limit
 * accepting pauses: another worker takes the next one, or
 * it waits in the kernel's queue.  Out of descriptors: a pause of 100 ms or
 * until a connection ends, never a spin.
 */
#ifndef PROXY_LISTENER_H
#define PROXY_LISTENER_H

#include <uv.h>

#include "base/settings.h"

enum {
    LISTENER_BATCH = 4, /* accepted a wake-up: siblings get their part */
    LISTENER_STARVED_MS = 100,
    LISTENER_FD_RESERVE = 64, /* descriptors that connections never take */
};

struct listener;

/* fd: the connected socket, non-blocking, the callee's now. */
typedef void listener_accept_fn(
    void *owner, int fd, const struct net_address *peer);

/* fds are taken.  Nothing is accepted before listener_configure. */
struct listener *listener_new(uv_loop_t *loop, const int *fds, size_t count,
    listener_accept_fn *on_accept, void *owner);
/* settings is borrowed until the next call; both limits hold for each worker
 * on its own. */
void listener_configure(
    struct listener *listener, const struct settings *settings);
/* An accepted connection has ended. */
void listener_release(
    struct listener *listener, const struct net_address *peer);
/* No more, for good: closes the sockets. */
void listener_stop(struct listener *listener);
/* The loop must run once more before it ends. */
void listener_free(struct listener **listener);

#endif
