/*
 * A worker's side of the storer: records go out in order, and each is kept
 * here until the storer says that it is durable.  When the storer was
 * restarted, what it has not acknowledged is sent again under the same id, so
 * that an end of the storer loses nothing and delays little.
 *
 * Whoever waits hears within RECORDER_WAIT_MS: OK, the storer's error, or
 * ERR_TIMEOUT, ERR_CLOSED.  A record that nobody waits for (any more) is tried
 * until it is stored; all that waits here is bounded by RECORDER_BYTES_MAX.
 */
#ifndef PROXY_RECORDER_H
#define PROXY_RECORDER_H

#include <uv.h>

#include "inspect/exchange.h"
#include "proxy/defer.h"

enum {
    RECORDER_WAIT_MS = 5000,
    RECORDER_BYTES_MAX = 64 * 1024 * 1024,
    RECORDER_RETRY_MS = 1000,      /* after an error, doubling … */
    RECORDER_RETRY_MAX_MS = 15000, /* … up to this */
};

struct recorder;

/* Comes from the loop. */
typedef void recorder_done_fn(void *owner, uint64_t token, enum err err);

struct recorder *recorder_new(uv_loop_t *loop, struct defer_queue *defer,
    uint64_t origin, recorder_done_fn *done);
/* What is still unacknowledged is lost with it. The loop must run once more. */
void recorder_free(struct recorder **recorder);

/* A channel to a (new) storer; fd is taken. */
void recorder_attach(struct recorder *recorder, int fd);
/* record->json is taken.  Token 0: no answer wanted. */
void recorder_put(struct recorder *recorder, void *owner, uint64_t token,
    struct record *record);
/* The owner wants no answer any more; its records are delivered all the
 * same. */
void recorder_forget(struct recorder *recorder, const void *owner);
/* Whether a storer is there to take records. */
bool recorder_is_connected(const struct recorder *recorder);
/* While `done` is called: what the answer says besides (RECORD_ASK_CURSOR). */
struct str recorder_text(const struct recorder *recorder);
/* Records not acknowledged yet. */
size_t recorder_pending(const struct recorder *recorder);

#endif
