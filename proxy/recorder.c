/*
 * Unacknowledged records in a table in the order of their coming.  Most live
 * here for some hundred microseconds; the timer that looks after the others
 * runs only while there are any.
 */
#include "proxy/recorder.h"

#include <string.h>
#include <unistd.h>

#include <uthash.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/stats.h"
#include "proxy/chan.h"
#include "store/record.h"

enum { TICK_MS = 100 };

struct entry {
    uint64_t wire_token; /* unique in this worker */
    void *owner;         /* NULL: nobody waits */
    uint64_t token;      /* the owner's */
    enum store_kind kind;
    char id[UUID_TEXT_BYTES];
    struct buf json;
    uint64_t put_us;
    uint64_t retry_ms; /* not before; loop time */
    unsigned errors;
    bool is_sent;
    UT_hash_handle hh;
};

/* An answer that must not come from inside recorder_put. */
struct refusal {
    struct deferred deferred; /* first */
    struct recorder *recorder;
    void *owner;
    uint64_t token;
    struct refusal *prev, *next;
};

struct recorder {
    uv_loop_t *loop;
    struct defer_queue *defer;
    uint64_t origin, last_token;
    recorder_done_fn *done;
    struct chan *chan;
    struct entry *entries;
    struct refusal *refusals;
    size_t bytes;
    bool is_blocked; /* the channel's queue is full: keep the order */
    uint64_t logged_ms;
    struct str text; /* of the answer that is being reported */
    uv_timer_t tick;
};

static void on_tick(uv_timer_t *timer);

static void entry_free(struct recorder *r, struct entry *e)
{
    HASH_DEL(r->entries, e);
    stats_add(STAT_RECORDS_PENDING, -1);
    r->bytes -= e->json.n;
    buf_free(&e->json);
    mem_free(e);
    if (r->entries == NULL)
        uv_timer_stop(&r->tick);
}

static void entry_report(struct recorder *r, struct entry *e, enum err err)
{
    void *owner = e->owner;
    e->owner = NULL;
    if (owner != NULL)
        r->done(owner, e->token, err);
}

/* One line a second at most. */
static void recorder_log(
    struct recorder *r, const char *event, enum err err, const char *id)
{
    uint64_t now = uv_now(r->loop);
    if (r->logged_ms != 0 && now - r->logged_ms < 1000)
        return;
    r->logged_ms = now;
    log_event(LOG_ERROR, event, LOG_CSTR("error", err_name(err)),
        LOG_CSTR("id", id), LOG_INT("pending", HASH_COUNT(r->entries)),
        LOG_INT("bytes", r->bytes));
}

/* Sending */

static enum err entry_send_bytes(
    struct recorder *r, const struct entry *e, int memfd)
{
    struct buf datagram = {0};
    struct store_request request = {
        .kind = e->kind,
        .token = e->wire_token,
        .origin = r->origin,
        .json = memfd < 0 ? buf_str(&e->json) : STR_NONE,
        .json_bytes = (uint32_t)e->json.n,
    };
    memcpy(request.id, e->id, sizeof request.id);
    store_request_encode(&request, &datagram);
    enum err err = chan_send(r->chan, buf_str(&datagram), memfd);
    buf_free(&datagram);
    return err;
}

static enum err entry_send(struct recorder *r, struct entry *e)
{
    if (e->json.n <= STORE_INLINE_MAX)
        return entry_send_bytes(r, e, -1);
    int memfd = -1;
    enum err err = memfd_from(buf_str(&e->json), &memfd);
    if (err != OK)
        return err;
    err = entry_send_bytes(r, e, memfd);
    (void)close(memfd);
    return err;
}

static bool entry_try(struct recorder *r, struct entry *e)
{
    if (r->chan == NULL || entry_send(r, e) != OK)
        return false;
    e->is_sent = true;
    return true;
}

/* Everything that is due, in order, until the channel takes no more. */
static void recorder_flush(struct recorder *r)
{
    uint64_t now = uv_now(r->loop);
    r->is_blocked = false;
    for (struct entry *e = r->entries; e != NULL; e = e->hh.next) {
        if (e->is_sent || e->retry_ms > now)
            continue;
        if (!entry_try(r, e)) {
            r->is_blocked = true;
            return;
        }
    }
}

/* Answers */

static void entry_take_error(struct recorder *r, struct entry *e, enum err err)
{
    recorder_log(r, "record.refused", err, e->id);
    if (e->owner != NULL) {
        entry_report(r, e, err);
        entry_free(r, e);
        return;
    }
    uint64_t delay = (uint64_t)RECORDER_RETRY_MS
                     << (e->errors < 8 ? e->errors : 8);
    e->errors++;
    e->is_sent = false;
    e->retry_ms =
        uv_now(r->loop) +
        (delay < RECORDER_RETRY_MAX_MS ? delay : RECORDER_RETRY_MAX_MS);
}

static void on_message(void *owner, struct str datagram, int fd)
{
    struct recorder *r = owner;
    struct store_answer answer;
    struct entry *e = NULL;
    if (fd >= 0)
        (void)close(fd);
    if (store_answer_decode(datagram, &answer) != OK)
        return;
    HASH_FIND(hh, r->entries, &answer.token, sizeof answer.token, e);
    if (e == NULL)
        return; /* the second answer to one sent twice */
    if (answer.err != OK) {
        entry_take_error(r, e, answer.err);
        return;
    }
    stats_observe_us(HIST_COMMIT_TIME, clock_mono_us() - e->put_us);
    r->text = answer.text;
    entry_report(r, e, OK);
    r->text = STR_NONE;
    entry_free(r, e);
}

static void recorder_unsend(struct recorder *r)
{
    for (struct entry *e = r->entries; e != NULL; e = e->hh.next)
        e->is_sent = false;
}

static void on_closed(void *owner)
{
    struct recorder *r = owner;
    log_event(
        LOG_WARN, "storer.gone", LOG_INT("pending", HASH_COUNT(r->entries)));
    chan_free(&r->chan);
    recorder_unsend(r);
}

static const struct chan_events CHAN_EVENTS = {
    .on_message = on_message, .on_closed = on_closed};

void recorder_attach(struct recorder *r, int fd)
{
    chan_free(&r->chan);
    r->chan = chan_new(r->loop, fd, &CHAN_EVENTS, r);
    recorder_unsend(r);
    for (struct entry *e = r->entries; e != NULL; e = e->hh.next)
        e->retry_ms = 0;
    recorder_flush(r);
}

/* Whoever waited long enough is told; the record is not given up.  An owner
 * may put new records meanwhile: they come behind. */
static void recorder_expire(struct recorder *r)
{
    uint64_t now_us = clock_mono_us();
    struct entry *e, *next;
    HASH_ITER(hh, r->entries, e, next)
    {
        if (e->owner == NULL ||
            now_us - e->put_us < (uint64_t)RECORDER_WAIT_MS * 1000)
            continue;
        enum err err = r->chan != NULL ? ERR_TIMEOUT : ERR_CLOSED;
        recorder_log(r, "record.late", err, e->id);
        entry_report(r, e, err);
    }
}

static void on_tick(uv_timer_t *timer)
{
    struct recorder *r = timer->data;
    recorder_flush(r);
    recorder_expire(r);
}

/* Taking */

static void refusal_free(struct refusal *refusal)
{
    if (refusal->prev != NULL)
        refusal->prev->next = refusal->next;
    else
        refusal->recorder->refusals = refusal->next;
    if (refusal->next != NULL)
        refusal->next->prev = refusal->prev;
    defer_cancel(&refusal->deferred);
    mem_free(refusal);
}

static void on_refusal(struct deferred *self)
{
    struct refusal refusal = *(struct refusal *)self;
    refusal_free((struct refusal *)self);
    refusal.recorder->done(refusal.owner, refusal.token, ERR_LIMIT);
}

static void recorder_refuse(
    struct recorder *r, void *owner, uint64_t token, struct record *record)
{
    recorder_log(r, "record.lost", ERR_LIMIT, record->id);
    buf_free(&record->json);
    if (token == 0)
        return;
    struct refusal *refusal = MEM_NEW(struct refusal);
    refusal->deferred.run = on_refusal;
    refusal->recorder = r;
    refusal->owner = owner;
    refusal->token = token;
    refusal->next = r->refusals;
    if (refusal->next != NULL)
        refusal->next->prev = refusal;
    r->refusals = refusal;
    defer_push(r->defer, &refusal->deferred);
}

void recorder_put(
    struct recorder *r, void *owner, uint64_t token, struct record *record)
{
    if (record->json.n == 0 || record->json.n > STORE_JSON_MAX ||
        r->bytes + record->json.n > RECORDER_BYTES_MAX) {
        recorder_refuse(r, owner, token, record);
        return;
    }
    struct entry *e = MEM_NEW(struct entry);
    e->wire_token = ++r->last_token;
    e->owner = token != 0 ? owner : NULL;
    e->token = token;
    static const enum store_kind kinds[] = {
        [RECORD_OPEN] = STORE_OPEN,
        [RECORD_DONE] = STORE_DONE,
        [RECORD_VOID] = STORE_VOID,
        [RECORD_AUDIT] = STORE_AUDIT,
        [RECORD_CURSOR] = STORE_CURSOR,
        [RECORD_ASK_CURSOR] = STORE_ASK_CURSOR,
    };
    e->kind = kinds[record->kind];
    memcpy(e->id, record->id, sizeof e->id);
    buf_take(&e->json, &record->json);
    e->put_us = clock_mono_us();
    if (r->entries == NULL)
        uv_timer_start(&r->tick, on_tick, TICK_MS, TICK_MS);
    r->bytes += e->json.n;
    stats_add(STAT_RECORDS_PENDING, 1);
    HASH_ADD(hh, r->entries, wire_token, sizeof e->wire_token, e);
    if (!r->is_blocked && !entry_try(r, e))
        r->is_blocked = true;
}

void recorder_forget(struct recorder *r, const void *owner)
{
    for (struct entry *e = r->entries; e != NULL; e = e->hh.next)
        if (e->owner == owner)
            e->owner = NULL;
    struct refusal *next;
    for (struct refusal *f = r->refusals; f != NULL; f = next) {
        next = f->next;
        if (f->owner == owner)
            refusal_free(f);
    }
}

struct str recorder_text(const struct recorder *r)
{
    return r->text;
}

size_t recorder_pending(const struct recorder *r)
{
    return HASH_COUNT(r->entries);
}

/* Making and ending */

struct recorder *recorder_new(uv_loop_t *loop, struct defer_queue *defer,
    uint64_t origin, recorder_done_fn *done)
{
    struct recorder *r = MEM_NEW(struct recorder);
    r->loop = loop;
    r->defer = defer;
    r->origin = origin;
    r->done = done;
    uv_timer_init(loop, &r->tick);
    r->tick.data = r;
    return r;
}

static void on_tick_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

void recorder_free(struct recorder **recorder)
{
    struct recorder *r = *recorder;
    if (r == NULL)
        return;
    *recorder = NULL;
    chan_free(&r->chan);
    struct entry *e, *next;
    HASH_ITER(hh, r->entries, e, next)
    {
        entry_free(r, e);
    }
    while (r->refusals != NULL)
        refusal_free(r->refusals);
    uv_close((uv_handle_t *)&r->tick, on_tick_closed);
}

bool recorder_is_connected(const struct recorder *recorder)
{
    return recorder->chan != NULL;
}
