/*
 * The table through which the sans-io core (session, front, target, tunnel,
 * txn) asks the outside, and the handles it gets back.  worker.c implements
 * it with libuv, tests with a recorder.
 *
 * Answers come as session_on_* calls (proxy/session.h), never from inside a
 * call of this table.
 */
#ifndef PROXY_WORLD_H
#define PROXY_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/net.h"
#include "inspect/exchange.h"

struct session;
struct leaf;
struct conf; /* proxy/conf.h: one configuration generation */

/* One socket.  The world allocates it (larger, with its own state behind);
 * the core uses these members only. */
struct link {
    struct session *session;
    void *user;     /* the core's */
    size_t queued;  /* bytes sent but not yet taken by the kernel */
    bool is_paused; /* reading is paused */
    struct net_address peer;
};

enum {
    LINK_QUEUE_HIGH = 256 * 1024, /* stop producing for this link above it */
    LINK_QUEUE_LOW = 64 * 1024,   /* session_on_drained comes below it */
    LINK_READ_MAX = 64 * 1024,    /* bytes in one session_on_bytes at most */
};

struct world {
    const struct world_ops *ops;
};

struct world_ops {
    /* Sends all bytes of *data (which becomes {0}); keeps order. */
    void (*send)(struct world *w, struct link *link, struct buf *data);
    void (*pause)(struct world *w, struct link *link);
    void (*resume)(struct world *w, struct link *link);
    /* No more will be sent; half-close after what is queued. */
    void (*shutdown)(struct world *w, struct link *link);
    /* Closes after what is queued (lingering at most 2 s); the link must not
     * be used any more; no further event of it comes. */
    void (*close)(struct world *w, struct link *link);
    /* Closes at once with RST: the peer must see that it was cut. */
    void (*abort)(struct world *w, struct link *link);

    /* Resolves (upstream.resolve first), checks the address policy on the
     * address used (P1, P4) and connects, happy eyeballs (RFC 8305).
     * Answer: session_on_dialed.  The link may be closed before. */
    struct link *(*dial)(struct world *w, struct session *session,
        struct str host, uint16_t port);

    /* A leaf for an in-scope host. OK: *leaf_out is counted for the caller.
     * ERR_AGAIN: session_on_minted will come. */
    enum err (*mint)(struct world *w, struct session *session, struct str host,
        struct leaf **leaf_out);

    /* Makes a record durable; json is taken. Answer: session_on_recorded with
     * the same token (0: no answer wanted). */
    void (*record)(struct world *w, struct session *session, uint64_t token,
        struct record *record);
    /* A question to the keeper; answer: session_on_kept.  Token 0: a note. */
    void (*keep)(struct world *w, struct session *session, uint64_t token,
        struct str question);
    /* Takes the text out of a document; answer: session_on_extracted. */
    void (*extract)(struct world *w, struct session *session, uint64_t token,
        struct str document);
    /* Checks a proxy login off the loop, cached; answer:
     * session_on_authenticated, or session_on_crowded. */
    void (*authenticate)(struct world *w, struct session *session,
        struct str user, struct str password);

    /* Whether prompts can be judged now: the storer and the signer are there.
     */
    bool (*is_ready)(struct world *w);
    /* Whether memory is about to run out: nothing more is begun (F43). */
    bool (*is_short)(struct world *w);

    /* Calls session_on_timer at `at_ms` (monotonic), replacing the session's
     * earlier time; 0: never. */
    void (*set_timer)(struct world *w, struct session *session, uint64_t at_ms);
    /* Calls session_on_later soon, after other work of the loop. */
    void (*later)(struct world *w, struct session *session);
    uint64_t (*now_ms)(struct world *w); /* monotonic, cached a loop turn */
    /* The session is over: free it now?  The world calls session_free after
     * this returns to the loop; all its links must be closed before. */
    void (*done)(struct world *w, struct session *session);
};

#endif
