/*
 * A worker's side of the signer: leaves come out of the cache of
 * certs/leaf.h, or are asked for over the channel, once a name however many
 * sessions wait.
 *
 * Names in the cache do without a signer.  Others wait for a new one at most
 * MINTER_RECONNECT_MS (F3), and for an answer at most MINTER_WAIT_MS.
 */
#ifndef PROXY_MINTER_H
#define PROXY_MINTER_H

#include <uv.h>

#include "certs/leaf.h"
#include "proxy/defer.h"

enum {
    MINTER_WAIT_MS = 5000,
    MINTER_RECONNECT_MS = 1000,
    MINTER_CACHE_LEAVES = 4096,
};

struct minter;

/* Comes from the loop; leaf is counted for the owner, or NULL and why. */
typedef void minter_done_fn(void *owner, struct leaf *leaf, enum err err);

struct minter *minter_new(uv_loop_t *loop, struct defer_queue *defer,
    struct str key_der, struct str issuer_pem, minter_done_fn *done);
void minter_free(struct minter **minter); /* the loop must run once more */

/* A channel to a (new) signer; fd is taken. */
void minter_attach(struct minter *minter, int fd);
/* Whether a signer is there to ask. */
bool minter_is_connected(const struct minter *minter);
/* Another CA (reload). */
enum err minter_set_issuer(
    struct minter *minter, struct str issuer_pem) MUST_USE;

/* OK: *leaf_out is counted for the owner.  ERR_AGAIN: `done` will come. */
enum err minter_want(struct minter *minter, void *owner, struct str host,
    struct leaf **leaf_out) MUST_USE;
void minter_forget(struct minter *minter, const void *owner);

#endif
