/*
 * Open questions in a table under our own tokens; what waits too long is
 * answered with nothing.
 */
#include "proxy/asker.h"

#include <string.h>
#include <unistd.h>

#include <uthash.h>

#include "base/log.h"
#include "base/mem.h"
#include "proxy/chan.h"

enum {
    TICK_MS = 100,
    PAYLOAD_QUEUE_MAX = 64 * 1024, /* of datagrams: payloads wait above it */
};

struct asked {
    uint64_t wire_token;
    void *owner; /* NULL: a note, or forgotten */
    uint64_t token;
    struct buf datagram; /* to be sent (again) */
    int payload;         /* beside it, or -1 */
    size_t bytes;
    uint64_t asked_ms;
    bool is_note, is_sent;
    UT_hash_handle hh;
};

struct asker {
    uv_loop_t *loop;
    asker_done_fn *done;
    struct chan *chan;
    struct asked *open;
    size_t bytes;
    uint64_t last_token;
    uv_timer_t tick;
};

static void asked_free(struct asker *a, struct asked *q)
{
    HASH_DEL(a->open, q);
    a->bytes -= q->bytes;
    if (q->payload >= 0)
        close(q->payload);
    buf_free(&q->datagram);
    mem_free(q);
    if (a->open == NULL)
        uv_timer_stop(&a->tick);
}

static void asked_answer(struct asker *a, struct asked *q, struct str answer)
{
    void *owner = q->owner;
    uint64_t token = q->token;
    asked_free(a, q);
    if (owner != NULL)
        a->done(owner, token, answer);
}

static void asked_send(struct asker *a, struct asked *q)
{
    if (a->chan == NULL ||
        (q->payload >= 0 && chan_queued(a->chan) > PAYLOAD_QUEUE_MAX) ||
        chan_send(a->chan, buf_str(&q->datagram), q->payload) != OK)
        return;
    q->is_sent = true;
    if (q->is_note)
        asked_free(a, q);
}

static void on_message(void *owner, struct str datagram, int fd)
{
    struct asker *a = owner;
    struct asked *q = NULL;
    uint64_t token;
    struct str answer = str_sub(datagram, sizeof token, datagram.n);
    struct str beside = STR_NONE;
    if (datagram.n >= sizeof token) {
        memcpy(&token, datagram.p, sizeof token);
        HASH_FIND(hh, a->open, &token, sizeof token, q);
    }
    if (q != NULL && fd >= 0 && memfd_map(fd, KEEP_CHUNK_BYTES, &beside) == OK)
        answer = beside;
    if (q != NULL)
        asked_answer(a, q, answer);
    memfd_unmap(beside);
    if (fd >= 0)
        (void)close(fd);
}

static void on_closed(void *owner)
{
    struct asker *a = owner;
    log_event(LOG_WARN, "keeper.gone", LOG_INT("open", HASH_COUNT(a->open)));
    chan_free(&a->chan);
    for (struct asked *q = a->open; q != NULL; q = q->hh.next)
        q->is_sent = false;
}

static const struct chan_events CHAN_EVENTS = {
    .on_message = on_message, .on_closed = on_closed};

void asker_attach(struct asker *a, int fd)
{
    chan_free(&a->chan);
    a->chan = chan_new(a->loop, fd, &CHAN_EVENTS, a);
    struct asked *q, *next;
    HASH_ITER(hh, a->open, q, next)
    {
        asked_send(a, q);
    }
}

static void on_tick(uv_timer_t *timer)
{
    struct asker *a = timer->data;
    uint64_t now = uv_now(a->loop);
    struct asked *q, *next;
    HASH_ITER(hh, a->open, q, next)
    {
        if (now - q->asked_ms >= ASKER_WAIT_MS)
            asked_answer(a, q, STR_NONE);
        else if (!q->is_sent)
            asked_send(a, q);
    }
}

static bool is_too_much(const struct asker *a, struct str question)
{
    size_t head = keep_payload_at(question);
    return head > KEEP_DATAGRAM_MAX || question.n == 0 ||
           question.n - head > KEEP_CHUNK_BYTES ||
           a->bytes + question.n > ASKER_BYTES_MAX;
}

/* False: its payload cannot go along. */
static bool fill(struct asked *q, struct str question)
{
    size_t head = keep_payload_at(question);
    uint64_t prefix = q->is_note ? 0 : q->wire_token;
    buf_append(&q->datagram, &prefix, sizeof prefix);
    buf_append_str(&q->datagram, str_sub(question, 0, head));
    q->bytes = question.n + sizeof prefix;
    return head == question.n ||
           memfd_from(str_sub(question, head, question.n), &q->payload) == OK;
}

/* Too much is sent to the end of its time without being asked, so that the
 * answer comes from the loop. */
void asker_ask(
    struct asker *a, void *owner, uint64_t token, struct str question)
{
    bool is_lost = is_too_much(a, question);
    if (is_lost && token == 0)
        return;
    struct asked *q = MEM_NEW(struct asked);
    q->wire_token = ++a->last_token;
    q->owner = token != 0 ? owner : NULL;
    q->token = token;
    q->payload = -1;
    q->is_note = token == 0;
    is_lost = is_lost || !fill(q, question);
    q->is_sent = is_lost;
    q->asked_ms = uv_now(a->loop) - (is_lost ? ASKER_WAIT_MS : 0);
    a->bytes += q->bytes;
    if (a->open == NULL)
        uv_timer_start(&a->tick, on_tick, TICK_MS, TICK_MS);
    HASH_ADD(hh, a->open, wire_token, sizeof q->wire_token, q);
    if (!is_lost)
        asked_send(a, q);
}

void asker_forget(struct asker *a, const void *owner)
{
    for (struct asked *q = a->open; q != NULL; q = q->hh.next)
        if (q->owner == owner)
            q->owner = NULL;
}

struct asker *asker_new(uv_loop_t *loop, asker_done_fn *done)
{
    struct asker *a = MEM_NEW(struct asker);
    a->loop = loop;
    a->done = done;
    uv_timer_init(loop, &a->tick);
    a->tick.data = a;
    return a;
}

static void on_tick_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

void asker_free(struct asker **asker)
{
    struct asker *a = *asker;
    if (a == NULL)
        return;
    *asker = NULL;
    chan_free(&a->chan);
    struct asked *q, *next;
    HASH_ITER(hh, a->open, q, next)
    {
        asked_free(a, q);
    }
    uv_close((uv_handle_t *)&a->tick, on_tick_closed);
}
