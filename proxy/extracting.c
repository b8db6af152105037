/*
 * Open questions in a table under our own tokens, each with its memfd until
 * it is answered, so that a new extractor can be asked.
 */
#include "proxy/extracting.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <uthash.h>

#include "base/log.h"
#include "base/mem.h"
#include "proxy/chan.h"

enum { TICK_MS = 100, TRIES_MAX = 2, REPORT_EXTRA_BYTES = 64 << 20 };

struct asked {
    uint64_t wire_token;
    void *owner; /* NULL: forgotten */
    uint64_t token;
    int file;
    size_t bytes;
    uint64_t asked_ms;
    unsigned tries;
    bool is_sent, is_lost; /* lost: to be answered without having been asked */
    UT_hash_handle hh;
};

struct extracting {
    uv_loop_t *loop;
    extracting_done_fn *done;
    struct chan *chan;
    struct asked *open;
    size_t bytes;
    uint64_t last_token, wait_ms;
    size_t text_max;
    uv_timer_t tick;
};

static void asked_free(struct extracting *x, struct asked *q)
{
    HASH_DEL(x->open, q);
    x->bytes -= q->bytes;
    if (q->file >= 0)
        close(q->file);
    mem_free(q);
    if (x->open == NULL)
        uv_timer_stop(&x->tick);
}

/* bytes: the report; end: what of it is known besides. */
static void asked_answer(struct extracting *x, struct asked *q,
    struct str bytes, enum extracting_end end)
{
    struct extract_report report;
    void *owner = q->owner;
    uint64_t token = q->token;
    size_t file_bytes = q->bytes;
    unsigned tries = q->tries;
    asked_free(x, q);
    if (owner == NULL)
        return;
    extract_report_read(bytes, x->text_max, &report);
    if (end == EXTRACTING_LATE && report.status == EXTRACT_CRASHED)
        report.status = EXTRACT_TIMEOUT;
    if (report.status >= EXTRACT_TIMEOUT)
        log_event(LOG_WARN, "extract.unread",
            LOG_CSTR("why", extract_status_name(report.status)),
            LOG_INT("end", end), LOG_INT("report_bytes", bytes.n),
            LOG_INT("file_bytes", file_bytes), LOG_INT("asked", tries));
    x->done(owner, token, &report);
    extract_report_free(&report);
}

static void asked_send(struct extracting *x, struct asked *q)
{
    struct str token = {(const char *)&q->wire_token, sizeof q->wire_token};
    if (x->chan == NULL || q->is_lost || q->tries == TRIES_MAX ||
        chan_send(x->chan, token, q->file) != OK)
        return;
    q->tries++;
    q->is_sent = true;
}

static void take_answer(
    struct extracting *x, struct asked *q, enum extracting_end end, int fd)
{
    struct str bytes = STR_NONE;
    size_t most = 2 * x->text_max + REPORT_EXTRA_BYTES;
    enum err err = fd >= 0 ? memfd_map(fd, most, &bytes) : OK;
    if (err != OK) {
        log_event(LOG_WARN, "extract.report_unusable",
            LOG_CSTR("why", err_name(err)));
        bytes = STR_NONE;
    }
    asked_answer(x, q, bytes, end);
    memfd_unmap(bytes);
}

static void on_message(void *owner, struct str datagram, int fd)
{
    struct extracting *x = owner;
    struct asked *q = NULL;
    uint64_t token;
    if (datagram.n == EXTRACTING_ANSWER_BYTES) {
        memcpy(&token, datagram.p, sizeof token);
        HASH_FIND(hh, x->open, &token, sizeof token, q);
    }
    if (q != NULL)
        take_answer(x, q, (enum extracting_end)datagram.p[sizeof token], fd);
    if (fd >= 0)
        (void)close(fd);
}

static void on_closed(void *owner)
{
    struct extracting *x = owner;
    log_event(LOG_WARN, "extractor.gone", LOG_INT("open", HASH_COUNT(x->open)));
    chan_free(&x->chan);
    for (struct asked *q = x->open; q != NULL; q = q->hh.next)
        q->is_sent = false;
}

static const struct chan_events CHAN_EVENTS = {
    .on_message = on_message, .on_closed = on_closed};

void extracting_attach(struct extracting *x, int fd)
{
    struct asked *q, *next;
    chan_free(&x->chan);
    x->chan = chan_new(x->loop, fd, &CHAN_EVENTS, x);
    HASH_ITER(hh, x->open, q, next)
    {
        q->is_sent = false;
        asked_send(x, q);
    }
}

static void on_tick(uv_timer_t *timer)
{
    struct extracting *x = timer->data;
    uint64_t now = uv_now(x->loop);
    struct asked *q, *next;
    HASH_ITER(hh, x->open, q, next)
    {
        bool is_dead = q->is_lost || (!q->is_sent && q->tries == TRIES_MAX);
        if (is_dead)
            asked_answer(x, q, STR_NONE, EXTRACTING_FAILED);
        else if (now - q->asked_ms >= x->wait_ms)
            asked_answer(x, q, STR_NONE, EXTRACTING_LATE);
        else if (!q->is_sent)
            asked_send(x, q);
    }
}

void extracting_ask(
    struct extracting *x, void *owner, uint64_t token, struct str file)
{
    struct asked *q = MEM_NEW(struct asked);
    q->wire_token = ++x->last_token;
    q->owner = owner;
    q->token = token;
    q->file = -1;
    q->asked_ms = uv_now(x->loop);
    q->is_lost = file.n > EXTRACTING_BYTES_MAX - x->bytes ||
                 memfd_from(file, &q->file) != OK;
    if (q->is_lost)
        log_event(LOG_WARN, "extract.unasked", LOG_INT("file_bytes", file.n),
            LOG_INT("open_bytes", x->bytes), LOG_CSTR("why", strerror(errno)));
    q->bytes = q->is_lost ? 0 : file.n;
    x->bytes += q->bytes;
    if (x->open == NULL)
        uv_timer_start(&x->tick, on_tick, TICK_MS, TICK_MS);
    HASH_ADD(hh, x->open, wire_token, sizeof q->wire_token, q);
    asked_send(x, q);
}

void extracting_forget(struct extracting *x, const void *owner)
{
    for (struct asked *q = x->open; q != NULL; q = q->hh.next)
        if (q->owner == owner)
            q->owner = NULL;
}

void extracting_configure(
    struct extracting *x, uint64_t wait_ms, size_t text_max)
{
    x->wait_ms = wait_ms;
    x->text_max = text_max;
}

struct extracting *extracting_new(uv_loop_t *loop, extracting_done_fn *done)
{
    struct extracting *x = MEM_NEW(struct extracting);
    x->loop = loop;
    x->done = done;
    uv_timer_init(loop, &x->tick);
    x->tick.data = x;
    return x;
}

static void on_tick_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

void extracting_free(struct extracting **extracting)
{
    struct extracting *x = *extracting;
    if (x == NULL)
        return;
    *extracting = NULL;
    chan_free(&x->chan);
    struct asked *q, *next;
    HASH_ITER(hh, x->open, q, next)
    {
        asked_free(x, q);
    }
    uv_close((uv_handle_t *)&x->tick, on_tick_closed);
}
