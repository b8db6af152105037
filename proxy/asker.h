/*
 * A worker's side of the keeper: a question goes out behind an eight-byte
 * token of ours, its answer comes back behind the same; notes (no answer)
 * have token 0.  A part of a question (keep_payload_at) goes out in a sealed
 * memfd beside it, an answer may come in one.
 *
 * The keeper knows what is good to know, not what must be known: without it,
 * or without an answer within ASKER_WAIT_MS, the answer is empty.
 */
#ifndef PROXY_ASKER_H
#define PROXY_ASKER_H

#include <uv.h>

#include "base/buf.h"
#include "inspect/keep.h"

enum {
    ASKER_WAIT_MS = 1000,
    ASKER_BYTES_MAX = 16 * 1024 * 1024, /* all that waits */
    ASKER_TOKEN_BYTES = 8,
};

struct asker;

/* Comes from the loop; answer is valid during the call. */
typedef void asker_done_fn(void *owner, uint64_t token, struct str answer);

struct asker *asker_new(uv_loop_t *loop, asker_done_fn *done);
void asker_free(struct asker **asker); /* the loop must run once more */

/* A channel to a (new) keeper; fd is taken.  Open questions are asked
 * again. */
void asker_attach(struct asker *asker, int fd);
/* Token 0: a note. */
void asker_ask(
    struct asker *asker, void *owner, uint64_t token, struct str question);
void asker_forget(struct asker *asker, const void *owner);

#endif
