#include "proxy/session_parts.h"

/*
 * One exchange on its way through: request head → gate (hold, stream or
 * forward) → judge (decode, extract, ask the keeper, scan, policy) → record
 * durable → origin → response → completed record.
 *
 * Codec events note facts and append bytes; txn_pump, called from settle,
 * moves the two small machines on: `judge` (is it allowed?, txn_judge.c) and
 * `state` (where is it?, here).  Only JUDGE_CLEAR, or a gate that needs no
 * verdict, lets bytes reach the origin.
 */

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
    txn_take_early(t);
    if (s->failure != NULL) {
        reply_failure(t, s->failure, s->failure_detail);
        codec_drain(s->client.codec);
    }
}

void txn_release_streams(struct txn *t)
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
    txn_release_streams(t);
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

static void pump_finish(struct txn *t)
{
    if (!txn_ws_pump_end(t))
        return;
    if (t->exchange != NULL && !txn_step(t))
        return;
    if (t->exchange != NULL)
        txn_send_records(t, false);
    txn_release_streams(t);
    t->state = TXN_OVER;
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
        txn_pump_judge(t);
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
