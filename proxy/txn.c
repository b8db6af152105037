#include "proxy/reading.h"
#include "proxy/session_parts.h"

/*
 * One exchange on its way through: request head → gate (hold, stream or
 * forward) → judge (decode, extract, ask the keeper, scan, policy) → record
 * durable → origin → response → completed record.
 *
 * Codec events note facts and append bytes; txn_pump, called from settle,
 * moves the two small machines on: `judge` (is it allowed?) and `state`
 * (where is it?).  Only JUDGE_CLEAR, or a gate that needs no verdict, lets
 * bytes reach the origin.
 */

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/stats.h"
#include "proxy/ws_handshake.h"

enum {
    SEND_PIECE = 64 * 1024,
    OPAQUE_END_MS = 5000, /* for the origin, once the client has ended */
    BODY_HIGH = GATE_TAIL_BYTES + 256 * 1024, /* streamed: then pause */
};

void txn_touch(struct txn *t)
{
    t->touched_ms = session_now(t->session);
}

struct txn *txn_find(struct session *s, uint64_t id)
{
    for (struct txn *t = s->txns; t != NULL; t = t->next)
        if (t->id == id)
            return t;
    return NULL;
}

/* ---- life ---- */

static const char *version_text(enum http_version version)
{
    return version == HTTP_2 ? "2" : version == HTTP_1_1 ? "1.1" : "1.0";
}

static void start_exchange(struct txn *t)
{
    struct session *s = t->session;
    const struct head *head = t->request;
    struct exchange_request request = {
        /* RFC 8441: CONNECT stands for the GET of an upgrade */
        .method = ws_is_upgrade(head) ? STR("GET") : head->method,
        .host = t->host,
        .path = head->path,
        .version = version_text(head->version),
        .protocol = head->protocol,
        .fields = head->fields,
        .field_count = head->count,
        .has_body = head->has_body && !ws_is_upgrade(head),
        .proxy_user = s->user,
        .proxy_groups = s->groups,
        .client_ip = str_of(s->client_ip),
    };
    stats_add(STAT_REQUESTS, 1);
    t->exchange = exchange_new(&s->env, &request);
}

static void append_txn(struct session *s, struct txn *t)
{
    struct txn **at = &s->txns;
    while (*at != NULL)
        at = &(*at)->next;
    *at = t; /* oldest first: its body is never paused */
    s->txn_count++;
}

static void take_early(struct txn *t);

/* The origin's connection could not be made: every request says why. */
static void reply_failure(struct txn *t, const char *failure, struct str detail)
{
    bool is_timeout = str_is(str_of(failure), "timeout") ||
                      str_is(str_of(failure), "connect-timeout");
    enum reply_kind kind = is_timeout ? REPLY_TIMEOUT : REPLY_BAD_GATEWAY;
    if (str_is(str_of(failure), "private-address"))
        kind = REPLY_FORBIDDEN;
    reply_error(
        t->session, t->client_stream, t->request, kind, failure, detail);
    txn_finish_with(t, reply_status(kind));
}

void txn_new(struct session *s, struct stream *stream, struct head *head,
    struct str host, uint16_t port, bool uses_tls, bool is_inspected)
{
    struct txn *t = MEM_NEW(struct txn);
    t->session = s;
    t->id = ++s->next_txn_id;
    t->request = head;
    t->host = host;
    t->port = port;
    t->uses_tls = uses_tls;
    t->client_stream = stream;
    t->body.wipes = true;
    stream_set_user(stream, t);
    append_txn(s, t);
    txn_touch(t);
    if (is_inspected)
        start_exchange(t);
    txn_prepare_request(t);
    if (is_inspected && head->protocol.n != 0)
        txn_ws_new(t);
    if (!head->has_body || t->ws != NULL) /* its request has no body */
        t->request_ended = true;
    t->is_ready = true;
    take_early(t);
    if (s->failure != NULL) {
        reply_failure(t, s->failure, s->failure_detail);
        codec_drain(s->client.codec);
    }
}

static void release_streams(struct txn *t)
{
    if (t->origin_stream != NULL)
        stream_release(t->origin_stream);
    if (t->client_stream != NULL)
        stream_release(t->client_stream);
    t->origin_stream = t->client_stream = NULL;
}

static void drop_body(struct txn *t)
{
    hold_leave(t);
    if (t->exchange != NULL)
        session_hold(t->session, -(int64_t)t->body.n);
    buf_free(&t->body);
}

void txn_free(struct txn **txn)
{
    struct txn *t = *txn;
    bool is_secret = t->exchange != NULL && exchange_is_secret(t->exchange);
    if (is_secret)
        mem_wipe_begin();
    release_streams(t);
    drop_body(t);
    txn_ws_free(t);
    exchange_free(&t->exchange);
    head_free(&t->request);
    head_free(&t->request_trailers);
    if (is_secret) {
        session_forget(t->session);
        mem_wipe_end();
    }
    mem_free(t);
    *txn = NULL;
}

/* ---- the end ---- */

void txn_finish_with(struct txn *t, int status)
{
    if (t->state == TXN_FINISH || t->state == TXN_OVER)
        return;
    if (t->exchange != NULL) {
        if (t->judge == JUDGE_COLLECT)
            exchange_request_cut(t->exchange);
        if (t->got_response && !t->response_ended)
            exchange_response_end(t->exchange, false);
        else if (!t->got_response)
            exchange_no_response(t->exchange, status);
    }
    txn_ws_end(t);
    drop_body(t);
    if (t->origin_stream != NULL)
        stream_release(t->origin_stream);
    t->origin_stream = NULL;
    t->state = TXN_FINISH;
    t->is_ready = true;
}

/* The client left, or the session ends. */
static void abandon(struct txn *t)
{
    txn_finish_with(t, 0);
    t->records_pending = 0;
}

/* What is said of a file that came down is awaited though the client, which
 * has all of it, may have left: what else of it has passed, what it holds. */
static bool leaves_with_client(struct txn *t)
{
    if (t->state == TXN_FINISH && t->got_response)
        t->outlives_client = true;
    return t->client_gone && !t->outlives_client;
}

/* Steps the exchange to its end; false while something is awaited. */
static bool step_to_ready(struct txn *t)
{
    struct session *s = t->session;
    /* The session ends now: nobody will call again. */
    bool is_last = t->client_gone && !t->outlives_client;
    if (t->wants_turn && !is_last)
        return false;
    for (;;) {
        switch (exchange_step(t->exchange)) {
        case EXCHANGE_READY:
            return true;
        case EXCHANGE_MORE:
            if (is_last)
                continue;
            t->wants_turn = true;
            return false;
        case EXCHANGE_READ:
            is_last = leaves_with_client(t);
            if (is_last) {
                exchange_skip_document(t->exchange);
                continue;
            }
            if (t->judge == JUDGE_READ)
                return false; /* asked already */
            t->judge = JUDGE_READ;
            if (t->outlives_client) /* it may ask for the next one */
                release_streams(t);
            s->world->ops->extract(
                s->world, s, t->id, exchange_document(t->exchange));
            return false;
        case EXCHANGE_ASK:
            if (exchange_question_tells(t->exchange))
                is_last = leaves_with_client(t);
            if (is_last) {
                if (exchange_question_tells(t->exchange))
                    s->world->ops->keep(
                        s->world, s, 0, exchange_question(t->exchange));
                exchange_answer(t->exchange, STR_NONE);
                continue;
            }
            if (t->judge == JUDGE_ASK)
                return false; /* asked already */
            t->judge = JUDGE_ASK;
            txn_send_notes(t); /* what is asked may be about them */
            s->world->ops->keep(
                s->world, s, t->id, exchange_question(t->exchange));
            return false;
        }
    }
}

static void pump_finish(struct txn *t)
{
    if (!txn_ws_pump_end(t))
        return;
    if (t->exchange != NULL && !step_to_ready(t))
        return;
    if (t->exchange != NULL)
        txn_send_records(t, false);
    release_streams(t);
    t->state = TXN_OVER;
}

/* ---- judge ---- */

static void reply_block(struct txn *t)
{
    struct exchange_reply reply = {0};
    struct head *head = head_new();
    struct str origin = head_get(t->request, "origin");
    exchange_block_reply(t->exchange, &reply);
    head->status = reply.status;
    head->content_length = (int64_t)reply.body.n;
    head_add(head, STR("content-type"), reply.content_type);
    head_add(head, STR("cache-control"), STR("no-store"));
    if (origin.n != 0) { /* or a page of another origin cannot read it */
        head_add(head, STR("access-control-allow-origin"), origin);
        head_add(head, STR("access-control-allow-credentials"), STR("true"));
        head_add(head, STR("vary"), STR("origin"));
    }
    stream_send_head(t->client_stream, head, reply.body.n != 0);
    if (reply.body.n != 0) {
        stream_send_data(t->client_stream, buf_str(&reply.body));
        stream_send_end(t->client_stream, NULL);
    }
    txn_finish_with(t, reply.status);
    head_free(&head);
    buf_free(&reply.body);
}

static void on_blocked(struct txn *t)
{
    t->judge = JUDGE_BLOCKED;
    if (t->got_response) { /* too late for an answer of our own */
        stream_reset(t->client_stream, STREAM_CANCEL);
        txn_finish_with(t, 0);
    } else {
        reply_block(t);
    }
}

static void decide(struct txn *t)
{
    const struct verdict *verdict = exchange_verdict(t->exchange);
    stats_observe_us(HIST_HOLD_TIME, clock_mono_us() - t->judged_us);
    if (verdict->kind == VERDICT_BLOCK && !verdict->is_monitored)
        on_blocked(t);
    else
        t->judge = JUDGE_CLEAR;
}

static void judge_step(struct txn *t)
{
    if (!step_to_ready(t))
        return;
    txn_send_records(t, t->session->conf->settings.before_forward);
    if (t->records_pending != 0)
        t->judge = JUDGE_RECORD;
    else
        decide(t);
}

static void judge_now(struct txn *t)
{
    t->judged_us = clock_mono_us();
    t->judge = JUDGE_STEP;
    judge_step(t);
}

/* Under which activity a file goes up must be known before its first record,
 * and that is there before its first byte passes. */
static bool asks_early(struct txn *t)
{
    struct session *s = t->session;
    if (!t->is_asking_early && exchange_asks_early(t->exchange)) {
        t->is_asking_early = true;
        s->world->ops->keep(s->world, s, t->id, exchange_question(t->exchange));
    }
    return t->is_asking_early;
}

static void judge_collect(struct txn *t)
{
    if (asks_early(t))
        return;
    enum gate gate = exchange_gate(t->exchange);
    if (gate == GATE_REFUSE) {
        exchange_request_cut(t->exchange);
    } else if (t->request_ended) {
        exchange_request_end(t->exchange);
    } else {
        if (gate == GATE_STREAM) { /* its first record; what was held */
            txn_send_records(t, t->session->conf->settings.before_forward);
            if (!t->wants_turn)
                t->wants_turn = exchange_step(t->exchange) == EXCHANGE_MORE;
        }
        return;
    }
    judge_now(t);
}

static void pump_judge(struct txn *t)
{
    if (t->judge == JUDGE_COLLECT)
        judge_collect(t);
    else if (t->judge == JUDGE_STEP)
        judge_step(t);
}

void txn_on_kept(struct txn *t, struct str answer)
{
    if (t->is_asking_early) {
        t->is_asking_early = false;
        t->is_ready = true;
        if (t->judge == JUDGE_COLLECT && t->state < TXN_FINISH)
            exchange_answer(t->exchange, answer);
        return;
    }
    if (txn_ws_on_kept(t, answer) || t->judge != JUDGE_ASK)
        return;
    t->judge = JUDGE_STEP;
    exchange_answer(t->exchange, answer);
    t->is_ready = true;
}

void txn_on_extracted(struct txn *t, const struct extract_report *report)
{
    if (txn_ws_on_extracted(t, report) || t->judge != JUDGE_READ)
        return;
    t->judge = JUDGE_STEP;
    reading_take(t->exchange, report);
    t->is_ready = true;
}

/* Before a streamed body's first byte has passed, a lost first record can
 * still stop it. */
static void on_unrecorded(struct txn *t)
{
    exchange_fail(t->exchange, FAIL_STORE);
    if (t->judge == JUDGE_COLLECT && t->state == TXN_WAIT &&
        t->session->env.failure_blocks[FAIL_STORE]) {
        exchange_request_cut(t->exchange);
        judge_now(t);
    }
}

void txn_on_recorded(struct txn *t, enum err err)
{
    if (t->records_pending == 0)
        return;
    t->records_pending--;
    t->is_ready = true;
    if (t->state >= TXN_FINISH)
        return;
    if (txn_ws_is_open(t)) {
        txn_ws_on_recorded(t, err);
        return;
    }
    if (err != OK)
        on_unrecorded(t);
    if (t->records_pending == 0 && t->judge == JUDGE_RECORD)
        decide(t);
}

/* ---- request body ---- */

static void open_window(struct txn *t)
{
    if (t->up_unconsumed == 0 || t->client_stream == NULL)
        return;
    bool is_held = t->exchange != NULL && t->state == TXN_WAIT &&
                   exchange_gate(t->exchange) != GATE_STREAM;
    if (t->is_asking_early && t->body.n > BODY_HIGH)
        return;
    if (is_held ? !hold_may_read(t) : t->body.n > BODY_HIGH)
        return;
    if (t->exchange != NULL && exchange_is_behind(t->exchange))
        return;
    if (t->is_opaque && stream_queued(t->origin_stream) > STREAM_QUEUE_HIGH)
        return;
    stream_consumed(t->client_stream, t->up_unconsumed);
    t->up_unconsumed = 0;
}

static void send_body(struct txn *t)
{
    size_t limit = t->body.n;
    bool is_withheld = t->exchange != NULL && t->judge != JUDGE_CLEAR &&
                       exchange_gate(t->exchange) == GATE_STREAM;
    if (is_withheld)
        limit = limit > GATE_TAIL_BYTES ? limit - GATE_TAIL_BYTES : 0;
    while (limit > 0 && stream_queued(t->origin_stream) < STREAM_QUEUE_HIGH) {
        struct str piece = str_sub(
            buf_str(&t->body), 0, limit < SEND_PIECE ? limit : SEND_PIECE);
        stream_send_data(t->origin_stream, piece);
        if (t->exchange != NULL)
            session_hold(t->session, -(int64_t)piece.n);
        limit -= piece.n;
        buf_consume(&t->body, piece.n);
    }
    if (t->body.n == 0 && t->request_ended && !t->request_end_sent &&
        !is_withheld && t->request->has_body) {
        t->request_end_sent = true;
        stream_send_end(t->origin_stream, t->request_trailers);
    }
}

/* ---- origin ---- */

static bool may_start(const struct txn *t)
{
    if (t->exchange == NULL || t->judge == JUDGE_CLEAR)
        return true;
    if (t->ws != NULL)
        return false;
    enum gate gate = exchange_gate(t->exchange);
    return t->request->has_body && t->records_pending == 0 &&
           (gate == GATE_STREAM || gate == GATE_FORWARD);
}

static void refuse_websocket(struct txn *t, const char *reason)
{
    struct str path = t->request->path; /* its query can hold a token */
    path = str_sub(path, 0, str_find_char(path, '?'));
    refusal_record(t->session, t->host, reason, path);
    reply_error(t->session, t->client_stream, t->request, REPLY_FORBIDDEN,
        reason, STR_NONE);
    txn_finish_with(t, reply_status(REPLY_FORBIDDEN));
}

static void send_continue(struct txn *t)
{
    struct head *head = head_new();
    head->status = 100;
    stream_send_head(t->client_stream, head, false);
    head_free(&head);
    t->request->expects_continue = false;
}

static void start(struct txn *t)
{
    struct origin *failed = NULL;
    if (txn_ws_refusal(t) != NULL) {
        refuse_websocket(t, txn_ws_refusal(t));
        return;
    }
    if (!may_start(t))
        return;
    if (t->request_ended) /* the body is here: nothing to wait for */
        t->request->expects_continue = false;
    t->origin_stream = origin_open_stream(t, &failed);
    if (t->origin_stream == NULL)
        return;
    t->state = TXN_RELAY;
    hold_leave(t);
    txn_touch(t);
}

void txn_origin_failed(struct txn *t, const char *failure, struct str detail)
{
    t->origin = NULL;
    if (t->state == TXN_WAIT && t->client_stream != NULL)
        reply_failure(t, failure, detail);
}

/* ---- pump ---- */

void txn_pump(struct txn *t)
{
    if (t->client_gone)
        abandon(t);
    if (t->exchange != NULL && t->state < TXN_FINISH)
        pump_judge(t);
    if (t->state == TXN_WAIT && t->request->expects_continue &&
        t->judge == JUDGE_COLLECT && !t->request_ended)
        send_continue(t);
    if (t->state == TXN_WAIT)
        start(t);
    if (t->state == TXN_RELAY && t->ws != NULL)
        txn_ws_pump(t);
    else if (t->state == TXN_RELAY && !t->is_opaque)
        send_body(t);
    if (t->state < TXN_FINISH && t->ws == NULL)
        open_window(t);
    if (t->state == TXN_FINISH)
        pump_finish(t);
}

/* ---- deadlines ---- */

uint64_t txn_deadline(const struct txn *t)
{
    const struct settings *settings = &t->session->conf->settings;
    int64_t after = settings->timeout_stream;
    if (t->state == TXN_FINISH || t->state == TXN_OVER)
        return 0;
    if (txn_ws_is_open(t))
        return txn_ws_deadline(t);
    if (t->is_opaque) /* a WebSocket knows no half-close */
        after = t->request_end_sent ? OPAQUE_END_MS : settings->timeout_stream;
    else if (!t->request_ended)
        after = settings->timeout_body;
    else if (t->state == TXN_RELAY && !t->got_response)
        after = settings->timeout_response;
    return t->touched_ms + (uint64_t)after;
}

void txn_on_deadline(struct txn *t, uint64_t now_ms)
{
    uint64_t at = txn_deadline(t);
    if (at == 0 || now_ms < at)
        return;
    if (txn_ws_is_open(t)) {
        txn_ws_on_deadline(t);
        return;
    }
    if (!t->is_opaque || !t->request_end_sent)
        log_event(LOG_WARN, "exchange.timeout",
            LOG_INT("session", t->session->number), LOG_STR("host", t->host),
            LOG_CSTR(
                "waiting_for", !t->request_ended ? "request" : "response"));
    /* A client that we made pause is not to blame. */
    bool is_clients = !t->request_ended && t->up_unconsumed == 0;
    enum reply_kind kind = is_clients ? REPLY_SLOW_REQUEST : REPLY_TIMEOUT;
    if (t->client_stream != NULL && !t->got_response)
        reply_error(t->session, t->client_stream, t->request, kind, "timeout",
            STR_NONE);
    else if (t->client_stream != NULL)
        stream_reset(t->client_stream, STREAM_CANCEL);
    txn_finish_with(t, reply_status(kind));
}

/* ---- events of the client's codec ---- */

/* H5: the request must be for the host of CONNECT and SNI. */
static bool is_misdirected(const struct session *s, const struct head *head)
{
    struct str host;
    uint16_t port;
    if (authority_split(head->authority, s->port, &host, &port) != OK)
        return true;
    if (host.n > 1 && host.p[host.n - 1] == '.')
        host.n--;
    return !str_eq_nocase(host, s->host) || port != s->port;
}

/* What is inspected is no proxy: a tunnel in it would pass unread. */
static bool is_tunnel(const struct head *head)
{
    return str_is(head->method, "CONNECT") && head->protocol.n == 0;
}

static void log_refusal(
    const struct session *s, struct str host, const char *reason, int status)
{
    log_event(LOG_WARN, "request.refused", LOG_INT("session", s->number),
        LOG_CSTR("reason", reason), LOG_INT("status", status),
        LOG_STR("host", host), LOG_CSTR("client", s->client_ip));
}

static void refuse_head(struct session *s, struct stream *stream,
    const struct head *head, enum reply_kind kind, const char *reason)
{
    stats_add(STAT_REQUESTS_MALFORMED, 1);
    log_refusal(s, s->host, reason, reply_status(kind));
    refusal_record(s, s->host, reason, head->authority);
    reply_error(s, stream, head, kind, reason, head->authority);
}

static void on_client_head(
    void *owner, struct stream *stream, struct head *head)
{
    struct session *s = ((struct side *)owner)->session;
    session_set_deadline(s, 0);
    if (s->state == SESSION_FRONT) {
        front_on_request(s, stream, head);
        return;
    }
    if (is_misdirected(s, head)) {
        refuse_head(s, stream, head, REPLY_MISDIRECTED, "misdirected");
    } else if (is_tunnel(head)) {
        refuse_head(s, stream, head, REPLY_FORBIDDEN, "connect-inside");
    } else if (!front_sheds(s, stream, head)) {
        txn_new(s, stream, head, s->host, s->port, s->client.tls != NULL, true);
        return;
    }
    stream_release(stream);
    head_free(&head);
}

static void take_data(struct txn *t, struct str data)
{
    if (t->exchange != NULL) {
        exchange_request_data(t->exchange, data);
        session_hold(t->session, (int64_t)data.n);
        if (t->state == TXN_WAIT)
            hold_join(t);
    }
    buf_append_str(&t->body, data);
    t->up_unconsumed += data.n;
}

static void take_end(struct txn *t, struct head *trailers)
{
    t->request_ended = true;
    t->request_trailers = trailers;
    txn_prepare_trailers(t);
    if (t->exchange != NULL && trailers != NULL)
        exchange_request_trailers(
            t->exchange, trailers->fields, trailers->count);
}

/* The body that came while the front was still asking. */
static void take_early(struct txn *t)
{
    struct session *s = t->session;
    if (s->early_body.n != 0)
        take_data(t, buf_str(&s->early_body));
    if (s->early_ended)
        take_end(t, s->early_trailers);
    buf_free(&s->early_body);
    s->early_ended = false;
    s->early_trailers = NULL;
}

static void on_client_data(void *owner, struct stream *stream, struct str data)
{
    struct txn *t = txn_of(stream);
    struct session *s = ((struct side *)owner)->session;
    if (t == NULL && stream == s->connect_stream) {
        buf_append_str(&s->early_body, data);
        return;
    }
    if (t == NULL || t->state >= TXN_FINISH) {
        stream_consumed(stream, data.n);
        return;
    }
    txn_touch(t);
    t->is_ready = true;
    if (t->ws != NULL) {
        txn_ws_on_client_data(t, data);
        return;
    }
    if (t->is_opaque) {
        stream_send_data(t->origin_stream, data);
        t->up_unconsumed += data.n;
        return;
    }
    take_data(t, data);
}

static void on_client_end(
    void *owner, struct stream *stream, struct head *trailers)
{
    struct txn *t = txn_of(stream);
    struct session *s = ((struct side *)owner)->session;
    if (t == NULL && stream == s->connect_stream) {
        s->early_ended = true;
        s->early_trailers = trailers;
        return;
    }
    if (t == NULL || t->state >= TXN_FINISH) {
        head_free(&trailers);
        return;
    }
    txn_touch(t);
    take_end(t, trailers);
    t->is_ready = true;
    if (t->ws != NULL) {
        txn_ws_on_client_end(t);
        return;
    }
    if (t->is_opaque) {
        t->request_end_sent = true;
        stream_send_end(t->origin_stream, NULL);
    }
}

static void on_client_reset(
    void *owner, struct stream *stream, enum stream_error error)
{
    struct session *s = ((struct side *)owner)->session;
    struct txn *t = txn_of(stream);
    (void)error;
    if (t != NULL) {
        t->client_gone = true;
        t->is_ready = true;
    } else if (stream == s->connect_stream) {
        session_fail(s);
    }
}

static void on_client_writable(void *owner, struct stream *stream)
{
    struct txn *t = txn_of(stream);
    (void)owner;
    if (t == NULL || t->origin_stream == NULL)
        return;
    stream_consumed(t->origin_stream, t->down_unconsumed);
    t->down_unconsumed = 0;
}

static void on_client_refused(void *owner, const char *reason, int status)
{
    struct session *s = ((struct side *)owner)->session;
    struct str host = s->host.n != 0 ? s->host : STR("-");
    stats_add(STAT_REQUESTS_MALFORMED, 1);
    log_refusal(s, host, reason, status);
    if (s->state == SESSION_HTTP)
        refusal_record(s, host, reason, STR_NONE);
}

const struct codec_events txn_client_events = {
    .on_head = on_client_head,
    .on_data = on_client_data,
    .on_end = on_client_end,
    .on_reset = on_client_reset,
    .on_writable = on_client_writable,
    .on_refused = on_client_refused,
};
