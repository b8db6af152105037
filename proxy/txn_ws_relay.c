#include "proxy/txn_ws_parts.h"

/*
 * The two directions of an inspected WebSocket: the client's bytes are read
 * into messages and, cleared, passed on as they came; the origin's are passed
 * on at once and read beside.
 */

#include "base/clock.h"

enum {
    PIECE = 64 * 1024,
    WHOLE_FRAME_MAX = 64 * 1024, /* of the origin: withheld until complete */
    CONTROL_BYTES_FREE = 8, /* numbers that libraries put into their pings */
    CLOSE_STATUS_BYTES = 2,
};

static void count_held(struct txn *t)
{
    struct txn_ws *ws = t->ws;
    size_t now = ws->pending.n + ws->frame.n + ws_reader_kept(ws->up) +
                 ws_reader_kept(ws->down);
    if (now != ws->held)
        session_hold(t->session, (int64_t)now - (int64_t)ws->held);
    ws->held = now;
}

/* ---- client to origin ---- */

void socket_pass_on(struct txn *t)
{
    struct txn_ws *ws = t->ws;
    if (ws->passing.n == 0)
        return;
    while (ws->passing.n != 0 && t->origin_stream != NULL &&
           stream_queued(t->origin_stream) < STREAM_QUEUE_HIGH) {
        struct str piece = str_sub(ws->passing, 0, PIECE);
        stream_send_data(t->origin_stream, piece);
        ws->passing = str_sub(ws->passing, piece.n, ws->passing.n);
    }
    if (ws->passing.n == 0)
        ws_reader_release(ws->up);
}

static void judge_event(
    struct txn *t, enum ws_found found, const struct ws_event *event)
{
    struct txn_ws *ws = t->ws;
    ws->has_judged = true;
    ws->is_oversize = found == WS_OVERSIZE;
    ws->judged = *event;
    ws->judged_us = clock_mono_us();
    socket_tell(t, CHANNEL_CLIENT, found, event);
}

/* The reason of a close, what a ping carries: a page can put words there. */
static void take_control(struct txn *t, const struct ws_event *event)
{
    struct txn_ws *ws = t->ws;
    struct ws_event words = *event;
    if (event->opcode == WS_CLOSE)
        words.payload =
            str_sub(event->payload, CLOSE_STATUS_BYTES, event->payload.n);
    if (ws->state == SOCKET_OPEN && words.payload.n > CONTROL_BYTES_FREE) {
        judge_event(t, WS_MESSAGE, &words);
        return;
    }
    ws->client_closed |= event->opcode == WS_CLOSE;
    if (ws->state == SOCKET_OPEN)
        ws->passing = event->wire;
    socket_pass_on(t);
}

static void take_found(
    struct txn *t, enum ws_found found, const struct ws_event *event)
{
    struct txn_ws *ws = t->ws;
    bool is_relayed = ws->state == SOCKET_OPEN;
    if (found == WS_CONTROL) {
        take_control(t, event);
    } else if (found == WS_BROKEN && is_relayed) {
        socket_violated(t, WS_CLIENT, event);
    } else if (found == WS_BROKEN) {
        ws->client_broke = true;
    } else if ((found == WS_MESSAGE || found == WS_OVERSIZE) && is_relayed) {
        judge_event(t, found, event);
    }
}

/* A message under way is held: its bytes count against the worker's bound. */
static bool may_read(struct txn *t)
{
    if (!ws_reader_is_in_message(t->ws->up)) {
        hold_leave(t);
        return true;
    }
    hold_join(t);
    return hold_may_read(t);
}

static bool wants_client(const struct txn *t)
{
    const struct txn_ws *ws = t->ws;
    return !ws->has_judged && ws->passing.n == 0 && ws->pending.n != 0;
}

static void consume_client(struct txn *t, size_t n)
{
    buf_consume(&t->ws->pending, n);
    buf_give_back(&t->ws->pending);
    t->up_unconsumed -= n;
    stream_consumed(t->client_stream, n);
}

void socket_read_client(struct txn *t)
{
    struct txn_ws *ws = t->ws;
    while (wants_client(t) && may_read(t)) {
        if (ws->client_closed || ws->client_broke) { /* nothing may follow */
            consume_client(t, ws->pending.n);
            break;
        }
        struct str input = buf_str(&ws->pending);
        struct ws_event event;
        enum ws_found found = ws_reader_next(ws->up, &input, &event);
        consume_client(t, ws->pending.n - input.n);
        take_found(t, found, &event);
        if (t->state != TXN_RELAY)
            return;
    }
    count_held(t);
}

void txn_ws_on_client_data(struct txn *t, struct str data)
{
    t->ws->client_ms = session_now(t->session);
    buf_append_str(&t->ws->pending, data);
    t->up_unconsumed += data.n;
}

void txn_ws_on_client_end(struct txn *t)
{
    /* In HTTP/1.1 the upgrade itself ends first. */
    if (t->request->version == HTTP_2 || txn_ws_is_open(t))
        t->ws->client_ended = true;
}

/* ---- origin to client ---- */

/* Frames go on whole, long ones in pieces. */
static void show(struct txn *t, struct str wire)
{
    struct txn_ws *ws = t->ws;
    bool is_whole = ws_reader_is_between_frames(ws->down);
    if (!is_whole && ws->frame.n + wire.n < WHOLE_FRAME_MAX) {
        buf_append_str(&ws->frame, wire);
        return;
    }
    if (ws->frame.n != 0)
        stream_send_data(t->client_stream, buf_str(&ws->frame));
    stream_send_data(t->client_stream, wire);
    buf_clear(&ws->frame);
    buf_give_back(&ws->frame);
    ws->shows_frame = !is_whole;
    ws->shows_message = ws_reader_is_in_message(ws->down);
}

static bool is_memory_short(const struct session *s)
{
    const struct settings *settings = &s->conf->settings;
    return s->held_bytes >= (size_t)settings->hold_connection_bytes ||
           session_worker_held() >= (size_t)settings->hold_worker_bytes;
}

/* What cannot be kept to be looked at passes unread, and is recorded so. */
static void bound_message(struct txn *t)
{
    struct txn_ws *ws = t->ws;
    if (!is_memory_short(t->session) || ws_reader_kept(ws->down) == 0 ||
        !ws_reader_is_in_message(ws->down))
        return;
    ws_reader_skip(ws->down);
    socket_tell(t, CHANNEL_SERVER, WS_OVERSIZE, NULL);
}

static void take_shown(
    struct txn *t, enum ws_found found, const struct ws_event *event)
{
    struct txn_ws *ws = t->ws;
    if (found == WS_MESSAGE || found == WS_OVERSIZE)
        socket_tell(t, CHANNEL_SERVER, found, event);
    if (found == WS_MESSAGE)
        ws_reader_release(ws->down);
    if (found == WS_CONTROL && event->opcode == WS_CLOSE)
        ws->origin_closed = true;
    bool is_between = !ws->shows_frame && !ws->shows_message;
    if (ws->state == SOCKET_ENDING && is_between)
        socket_close_client(t);
}

/* Only what the client is still shown, or the close that is waited for. */
static bool is_read(const struct txn *t)
{
    const struct txn_ws *ws = t->ws;
    return t->state == TXN_RELAY && !ws->origin_closed && !ws->origin_ended;
}

static void on_origin_broken(struct txn *t, const struct ws_event *event)
{
    t->ws->origin_ended = true;
    if (t->ws->state == SOCKET_OPEN)
        socket_violated(t, WS_SERVER, event);
    else if (t->ws->state == SOCKET_ENDING)
        socket_close_client(t);
}

static void read_origin(struct txn *t, struct str data)
{
    struct txn_ws *ws = t->ws;
    enum ws_found found = WS_FRAGMENT;
    while (is_read(t) && found != WS_MORE) {
        struct ws_event event;
        struct str all = data;
        bool is_relayed = ws->state != SOCKET_CLOSED;
        found = ws_reader_next(ws->down, &data, &event);
        if (found == WS_BROKEN) {
            on_origin_broken(t, &event);
            return;
        }
        if (is_relayed)
            show(t, str_sub(all, 0, all.n - data.n));
        if (is_relayed || found == WS_CONTROL)
            take_shown(t, found, &event);
    }
    bound_message(t);
}

void txn_ws_on_origin_data(struct txn *t, struct str data)
{
    size_t n = data.n;
    t->is_ready = true;
    read_origin(t, data);
    if (t->state != TXN_RELAY)
        return;
    count_held(t);
    if (stream_queued(t->client_stream) <= STREAM_QUEUE_HIGH)
        stream_consumed(t->origin_stream, n);
    else
        t->down_unconsumed += n;
}
