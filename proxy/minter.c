/*
 * One struct want for each session that waits.  It is either the cache's
 * (asked), or parked until there is a signer, or answered and on its way to
 * its owner by the defer queue.
 */
#include "proxy/minter.h"

#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "proxy/chan.h"

enum { TICK_MS = 100 };

enum want_phase { WANT_ASKED, WANT_PARKED, WANT_ANSWERED };

struct want {
    struct deferred answered; /* first */
    struct minter *minter;
    struct want *prev, *next;
    void *owner;
    char *host;
    enum want_phase phase;
    uint64_t wanted_ms;
    struct leaf *leaf;
    enum err err;
};

struct minter {
    uv_loop_t *loop;
    struct defer_queue *defer;
    struct leaf_cache *cache;
    minter_done_fn *done;
    struct chan *chan;
    struct want *wants;
    uv_timer_t tick;
};

static void want_free(struct want *w)
{
    struct minter *m = w->minter;
    if (w->prev != NULL)
        w->prev->next = w->next;
    else
        m->wants = w->next;
    if (w->next != NULL)
        w->next->prev = w->prev;
    if (w->phase == WANT_ASKED)
        leaf_cache_forget(m->cache, w);
    defer_cancel(&w->answered);
    leaf_unref(&w->leaf);
    mem_free(w->host);
    mem_free(w);
    if (m->wants == NULL)
        uv_timer_stop(&m->tick);
}

static void on_answered(struct deferred *self)
{
    struct want *w = (struct want *)self;
    struct minter *m = w->minter;
    struct leaf *leaf = w->leaf;
    void *owner = w->owner;
    enum err err = w->err;
    w->leaf = NULL;
    want_free(w);
    m->done(owner, leaf, err);
}

static void want_answer(struct want *w, struct leaf *leaf, enum err err)
{
    w->phase = WANT_ANSWERED;
    w->leaf = leaf;
    w->err = err;
    defer_push(w->minter->defer, &w->answered);
}

/* From the cache.  A signer that went away may be back in time. */
static void on_leaf(void *owner, struct leaf *leaf, enum err err)
{
    struct want *w = owner;
    if (err == ERR_CLOSED)
        w->phase = WANT_PARKED;
    else
        want_answer(w, leaf, err);
}

/* OK with a leaf, ERR_AGAIN when the want is asked or parked, or why not. */
static enum err want_ask(struct want *w, struct leaf **leaf_out)
{
    struct minter *m = w->minter;
    struct buf request = {0};
    w->phase = WANT_ASKED;
    enum err err = leaf_cache_want(
        m->cache, str_of(w->host), on_leaf, w, leaf_out, &request);
    bool is_stuck =
        err == ERR_AGAIN && request.n > 0 &&
        (m->chan == NULL || chan_send(m->chan, buf_str(&request), -1) != OK);
    buf_free(&request);
    if (is_stuck)
        leaf_cache_fail_all(m->cache); /* parks this one too */
    if (err != ERR_AGAIN)
        w->phase = WANT_ANSWERED; /* the cache knows nothing of it */
    return err;
}

static void on_message(void *owner, struct str datagram, int fd)
{
    struct minter *m = owner;
    if (fd >= 0)
        (void)close(fd);
    leaf_cache_answer(m->cache, datagram);
}

static void on_closed(void *owner)
{
    struct minter *m = owner;
    log_event(LOG_WARN, "signer.gone");
    chan_free(&m->chan);
    leaf_cache_fail_all(m->cache);
}

static const struct chan_events CHAN_EVENTS = {
    .on_message = on_message, .on_closed = on_closed};

static void ask_parked(struct minter *m)
{
    for (struct want *w = m->wants; w != NULL; w = w->next) {
        struct leaf *leaf = NULL;
        if (w->phase != WANT_PARKED)
            continue;
        enum err err = want_ask(w, &leaf);
        if (err != ERR_AGAIN)
            want_answer(w, leaf, err);
    }
}

void minter_attach(struct minter *m, int fd)
{
    if (m->chan != NULL) {
        chan_free(&m->chan);
        leaf_cache_fail_all(m->cache); /* its answers will not come */
    }
    m->chan = chan_new(m->loop, fd, &CHAN_EVENTS, m);
    ask_parked(m);
}

static void want_expire(struct want *w, uint64_t now)
{
    uint64_t limit =
        w->phase == WANT_PARKED ? MINTER_RECONNECT_MS : MINTER_WAIT_MS;
    if (w->phase == WANT_ANSWERED || now - w->wanted_ms < limit)
        return;
    enum err err = w->phase == WANT_PARKED ? ERR_CLOSED : ERR_TIMEOUT;
    if (w->phase == WANT_ASKED)
        leaf_cache_forget(w->minter->cache, w);
    want_answer(w, NULL, err);
}

static void on_tick(uv_timer_t *timer)
{
    struct minter *m = timer->data;
    uint64_t now = uv_now(m->loop);
    for (struct want *w = m->wants; w != NULL; w = w->next)
        want_expire(w, now);
}

static struct want *want_new(struct minter *m, void *owner, struct str host)
{
    struct want *w = MEM_NEW(struct want);
    w->answered.run = on_answered;
    w->minter = m;
    w->owner = owner;
    w->host = mem_memdup0(host.p, host.n);
    w->wanted_ms = uv_now(m->loop);
    if (m->wants == NULL)
        uv_timer_start(&m->tick, on_tick, TICK_MS, TICK_MS);
    w->next = m->wants;
    if (w->next != NULL)
        w->next->prev = w;
    m->wants = w;
    return w;
}

enum err minter_want(
    struct minter *m, void *owner, struct str host, struct leaf **leaf_out)
{
    struct want *w = want_new(m, owner, host);
    enum err err = want_ask(w, leaf_out);
    if (err != ERR_AGAIN)
        want_free(w);
    return err;
}

void minter_forget(struct minter *m, const void *owner)
{
    struct want *next;
    for (struct want *w = m->wants; w != NULL; w = next) {
        next = w->next;
        if (w->owner == owner)
            want_free(w);
    }
}

enum err minter_set_issuer(struct minter *m, struct str issuer_pem)
{
    enum err err = leaf_cache_set_issuer(m->cache, issuer_pem);
    if (err == OK && m->chan != NULL)
        ask_parked(m); /* the signer may have been the first to change */
    return err;
}

struct minter *minter_new(uv_loop_t *loop, struct defer_queue *defer,
    struct str key_der, struct str issuer_pem, minter_done_fn *done)
{
    struct minter *m = MEM_NEW(struct minter);
    m->loop = loop;
    m->defer = defer;
    m->done = done;
    m->cache = leaf_cache_new(key_der, issuer_pem, MINTER_CACHE_LEAVES);
    uv_timer_init(loop, &m->tick);
    m->tick.data = m;
    return m;
}

static void on_tick_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

void minter_free(struct minter **minter)
{
    struct minter *m = *minter;
    if (m == NULL)
        return;
    *minter = NULL;
    chan_free(&m->chan);
    while (m->wants != NULL)
        want_free(m->wants);
    leaf_cache_free(&m->cache);
    uv_close((uv_handle_t *)&m->tick, on_tick_closed);
}

bool minter_is_connected(const struct minter *minter)
{
    return minter->chan != NULL;
}
