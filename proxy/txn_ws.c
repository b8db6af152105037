#include "proxy/txn_ws_parts.h"

/*
 * An inspected WebSocket: what is relayed between client and origin once both
 * have agreed (101, or 200 to an extended CONNECT), message by message.
 *
 *   client → pending → reader → judged and recorded → passing → origin
 *   origin → reader → client, looked at as it goes
 *
 * A client's message waits for its verdict; what comes behind it waits unread,
 * its window closed, so that order is kept and memory bounded.  Messages go on
 * as the bytes they came in.  The origin's go on at once, small frames whole,
 * so that a frame of ours finds room between them.  One of the client's that
 * is not forwarded ends the socket: the compression contexts never differ.
 *
 * Here is its life, from the upgrade to the close.
 */

#include "base/mem.h"
#include "base/stats.h"
#include "proxy/ws_handshake.h"

enum {
    CLOSE_WAIT_MS = 5000, /* for the other's close, for the end of a message */
    STOP_QUIET_MS = 1000, /* then it does not hold up the worker's end */
};

/* ---- life ---- */

/* The maps allow it, and it is one that can be read. */
static const char *find_refusal(const struct txn *t)
{
    if (!service_allows_websocket(
            t->session->conf->services, t->host, t->request->path))
        return "websocket-not-allowed";
    return ws_prepare_request(t->request);
}

void txn_ws_new(struct txn *t)
{
    t->ws = MEM_NEW(struct txn_ws);
    t->ws->refusal = find_refusal(t);
}

void txn_ws_free(struct txn *t)
{
    struct txn_ws *ws = t->ws;
    if (ws == NULL)
        return;
    session_hold(t->session, -(int64_t)ws->held);
    channel_free(&ws->channel);
    ws_reader_free(&ws->up);
    ws_reader_free(&ws->down);
    buf_wipe_free(&ws->pending);
    buf_wipe_free(&ws->frame);
    buf_free(&ws->notice);
    mem_free(ws);
    t->ws = NULL;
}

const char *txn_ws_refusal(const struct txn *t)
{
    return t->ws != NULL ? t->ws->refusal : NULL;
}

bool txn_ws_is_open(const struct txn *t)
{
    return t->ws != NULL && t->ws->state != SOCKET_NEW;
}

static struct ws_reader *make_reader(
    enum ws_sender sender, const struct ws_agreed *agreed)
{
    struct ws_rules rules = {
        .sender = sender,
        .may_deflate = agreed->has_deflate,
        .resets_context =
            sender == WS_CLIENT ? agreed->client_resets : agreed->server_resets,
        .keeps_wire = sender == WS_CLIENT,
        .message_max = CHANNEL_MESSAGE_MAX,
    };
    return ws_reader_new(&rules);
}

/* What was agreed cannot be read: so it is not opened (and never relayed
 * unread). */
static void refuse_agreement(struct txn *t, const char *reason)
{
    enum reply_kind kind = REPLY_BAD_GATEWAY;
    refusal_record(t->session, t->host, reason, STR_NONE);
    reply_error(
        t->session, t->client_stream, t->request, kind, reason, STR_NONE);
    txn_finish_with(t, reply_status(kind));
}

static bool is_h2(const struct txn *t)
{
    return t->request->version == HTTP_2;
}

void txn_ws_open(struct txn *t, struct head *response)
{
    struct txn_ws *ws = t->ws;
    struct ws_agreed agreed;
    const char *reason = ws_check_response(t->request, response, &agreed);
    if (reason != NULL) {
        refuse_agreement(t, reason);
        return;
    }
    t->got_response = t->response_ended = true;
    t->status = is_h2(t) ? 200 : 101; /* as the client sees it */
    exchange_response_head(
        t->exchange, t->status, response->fields, response->count, false);
    exchange_response_end(t->exchange, true);
    txn_prepare_response(t, response);
    stream_send_head(t->client_stream, response, true);
    stream_make_opaque(t->client_stream);
    stream_make_opaque(t->origin_stream);
    ws->state = SOCKET_OPEN;
    ws->is_channel_ready = true;
    ws->channel = channel_new(&t->session->env, t->exchange, t->status);
    ws->up = make_reader(WS_CLIENT, &agreed);
    ws->down = make_reader(WS_SERVER, &agreed);
    t->is_ready = true;
}

/* ---- closing ---- */

static void send_close(
    struct stream *stream, enum ws_sender as, unsigned status)
{
    struct buf out = {0};
    ws_write_close(&out, as, status, STR_NONE);
    stream_send_data(stream, buf_str(&out));
    buf_free(&out);
}

void socket_close_client(struct txn *t)
{
    struct txn_ws *ws = t->ws;
    if (ws->shows_frame) {
        stream_reset(t->client_stream, STREAM_INTERNAL);
        txn_finish_with(t, t->status);
        return;
    }
    if (ws->notice.n != 0 && !ws->shows_message) {
        struct buf out = {0};
        ws_write_frame(&out, WS_SERVER, WS_TEXT, buf_str(&ws->notice));
        stream_send_data(t->client_stream, buf_str(&out));
        buf_free(&out);
    }
    send_close(t->client_stream, WS_SERVER, ws->status);
    ws->state = SOCKET_CLOSED;
}

void socket_end_with(struct txn *t, unsigned status, bool waits)
{
    struct txn_ws *ws = t->ws;
    if (ws->state != SOCKET_OPEN)
        return;
    ws->status = status;
    ws->state = SOCKET_ENDING;
    ws->ending_ms = session_now(t->session);
    t->is_ready = true;
    bool has_half = ws->passing.n != 0; /* of a frame: it is cut then */
    if (t->origin_stream != NULL && !has_half && !ws->client_closed)
        send_close(t->origin_stream, WS_CLIENT, status);
    if (!waits || (!ws->shows_frame && !ws->shows_message))
        socket_close_client(t);
}

void socket_violated(
    struct txn *t, enum ws_sender by, const struct ws_event *event)
{
    struct session *s = t->session;
    const char *side = by == WS_CLIENT ? "client" : "origin";
    stats_add(STAT_FAILURES, 1);
    log_event(LOG_WARN, "websocket.broken", LOG_INT("session", s->number),
        LOG_STR("host", t->host), LOG_CSTR("by", side),
        LOG_CSTR("reason", event->reason));
    refusal_record(s, t->host, event->reason, str_of(side));
    if (by == WS_CLIENT)
        t->ws->client_broke = true;
    else
        t->ws->origin_ended = true;
    socket_end_with(t, event->status, false);
}

static bool is_flushed(const struct txn *t)
{
    return t->origin_stream == NULL || stream_queued(t->origin_stream) == 0;
}

/* Both ends have said, or done, what they had to. */
static bool is_over(const struct txn *t)
{
    const struct txn_ws *ws = t->ws;
    bool is_client_gone = ws->client_ended && ws->pending.n == 0;
    bool is_client_done =
        ws->client_closed || ws->client_broke || is_client_gone;
    if (ws->has_judged || ws->passing.n != 0 || ws->state == SOCKET_ENDING)
        return false;
    if (ws->origin_ended)
        return is_client_done || ws->state == SOCKET_OPEN;
    /* Over HTTP/2 the end of our stream drops what is still queued. */
    if (ws->origin_closed || ws->state == SOCKET_CLOSED)
        return is_client_done && (!is_h2(t) || is_flushed(t));
    /* HTTP/1.1: a WebSocket knows no half-close. */
    return is_client_gone && !ws->client_closed && !is_h2(t);
}

static void pass_end(struct txn *t)
{
    struct txn_ws *ws = t->ws;
    if (!is_h2(t) || !ws->client_ended || ws->end_passed || ws->has_judged ||
        ws->passing.n != 0 || ws->pending.n != 0 || t->origin_stream == NULL)
        return;
    ws->end_passed = true;
    stream_send_end(t->origin_stream, NULL);
}

static void finish(struct txn *t)
{
    stream_send_end(t->client_stream, NULL);
    if (t->origin_stream != NULL)
        stream_send_end(t->origin_stream, NULL);
    txn_finish_with(t, t->status);
}

/* ---- pump ---- */

void txn_ws_pump(struct txn *t)
{
    struct txn_ws *ws = t->ws;
    if (ws->state == SOCKET_NEW)
        return;
    socket_pass_on(t);
    socket_judge(t);
    if (t->state != TXN_RELAY)
        return;
    socket_read_client(t);
    if (t->state != TXN_RELAY)
        return;
    pass_end(t);
    if (is_over(t))
        finish(t);
}

/* ---- the end ---- */

void txn_ws_on_origin_end(struct txn *t)
{
    struct txn_ws *ws = t->ws;
    ws->origin_ended = true;
    t->is_ready = true;
    if (ws->state == SOCKET_ENDING)
        socket_close_client(t);
    else if (ws->state == SOCKET_OPEN)
        finish(t);
}

bool txn_ws_on_origin_reset(struct txn *t)
{
    struct txn_ws *ws = t->ws;
    if (!txn_ws_is_open(t) || ws->state == SOCKET_OPEN)
        return false;
    ws->passing = STR_NONE;
    ws->origin_ended = true;
    if (ws->state == SOCKET_ENDING)
        socket_close_client(t);
    return true;
}

void txn_ws_end(struct txn *t)
{
    struct txn_ws *ws = t->ws;
    if (ws == NULL || ws->channel == NULL || ws->is_channel_ended)
        return;
    ws->is_channel_ended = true;
    channel_end(ws->channel, ws->client_closed && ws->origin_closed);
    ws->has_judged = ws->is_recording = false;
    ws->is_channel_ready = false;
}

bool txn_ws_pump_end(struct txn *t)
{
    if (t->ws == NULL || t->ws->channel == NULL)
        return true;
    if (t->ws->is_asked && t->client_gone) {
        t->ws->is_asked = false;
        channel_answer(t->ws->channel, STR_NONE);
    }
    if (t->ws->is_reading && t->client_gone) {
        t->ws->is_reading = false;
        exchange_skip_document(channel_reading(t->ws->channel));
    }
    return socket_step(t);
}

/* ---- deadlines ---- */

/* The client owes the rest of a message, which is held meanwhile. */
static bool is_owing(const struct txn *t)
{
    const struct txn_ws *ws = t->ws;
    return ws_reader_is_in_message(ws->up) && !ws->has_judged &&
           t->up_unconsumed == 0;
}

uint64_t txn_ws_deadline(const struct txn *t)
{
    const struct txn_ws *ws = t->ws;
    const struct settings *settings = &t->session->conf->settings;
    if (ws->state != SOCKET_OPEN)
        return ws->ending_ms + CLOSE_WAIT_MS;
    if (ws->client_closed || ws->origin_closed)
        return t->touched_ms + CLOSE_WAIT_MS;
    uint64_t at = t->touched_ms + (uint64_t)settings->timeout_stream;
    if (t->session->is_stopping)
        at = t->touched_ms + STOP_QUIET_MS;
    uint64_t owed_at = ws->client_ms + (uint64_t)settings->timeout_body;
    return is_owing(t) && owed_at < at ? owed_at : at;
}

static void end_idle(struct txn *t)
{
    log_event(LOG_INFO, "websocket.timeout",
        LOG_INT("session", t->session->number), LOG_STR("host", t->host),
        LOG_CSTR("waiting_for", is_owing(t) ? "message" : "anything"));
    socket_end_with(t, WS_STATUS_GOING_AWAY, false);
}

void txn_ws_on_deadline(struct txn *t)
{
    struct txn_ws *ws = t->ws;
    if (ws->state == SOCKET_OPEN && !ws->client_closed && !ws->origin_closed) {
        end_idle(t);
    } else if (ws->state == SOCKET_ENDING) {
        ws->ending_ms = session_now(t->session);
        socket_close_client(t); /* a last wait for the answer to it */
    } else {
        finish(t);
    }
}
