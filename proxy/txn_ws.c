#include "proxy/session_parts.h"

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
 */

#include "base/clock.h"
#include "base/mem.h"
#include "base/stats.h"
#include "inspect/channel.h"
#include "proxy/ws.h"
#include "proxy/ws_handshake.h"

enum {
    PIECE = 64 * 1024,
    WHOLE_FRAME_MAX = 64 * 1024, /* of the origin: withheld until complete */
    CLOSE_WAIT_MS = 5000, /* for the other's close, for the end of a message */
};

enum socket_state {
    SOCKET_NEW, /* asked for */
    SOCKET_OPEN,
    SOCKET_ENDING, /* refused: the origin's message under way ends first */
    SOCKET_CLOSED, /* our closes are sent; theirs are waited for */
};

struct txn_ws {
    const char *refusal; /* static word */
    enum socket_state state;
    struct channel *channel;
    bool is_channel_ended;
    struct ws_reader *up, *down;
    bool is_asked, is_channel_ready;

    /* from the client */
    struct buf pending;     /* not read yet; the window stays closed */
    struct ws_event judged; /* a whole message; borrowed from `up` */
    bool has_judged, is_oversize, is_recording;
    struct str passing; /* cleared for the origin; borrowed from `up` */
    uint64_t judged_us;
    bool client_ended;  /* no more bytes come */
    bool client_closed; /* its close has come */
    bool client_broke;  /* what it sends cannot be read */
    bool end_passed;    /* HTTP/2: the origin knows that the client ended */

    /* from the origin */
    struct buf frame;                /* the one under way, withheld */
    bool shows_frame, shows_message; /* the client has a part of one */
    bool origin_ended;               /* or cannot be read */
    bool origin_closed;

    struct buf notice;  /* block message */
    unsigned status;    /* of the closes that we send */
    uint64_t ending_ms; /* since when it is being ended */
    size_t held;        /* counted by session_hold */
};

/* ---- life ---- */

/* The map allows it, and it is one that can be read. */
static const char *find_refusal(const struct txn *t)
{
    const struct service *service = NULL;
    (void)service_match_host(t->session->conf->services, t->host, &service);
    if (service == NULL || !service_allows_websocket(service, t->request->path))
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
    t->status = response->status;
    exchange_response_head(
        t->exchange, t->status, response->fields, response->count, false);
    exchange_response_end(t->exchange, true);
    txn_prepare_response(t, response);
    stream_send_head(t->client_stream, response, true);
    stream_make_opaque(t->client_stream);
    stream_make_opaque(t->origin_stream);
    ws->state = SOCKET_OPEN;
    ws->is_channel_ready = true;
    ws->channel = channel_new(&t->session->env, t->exchange);
    ws->up = make_reader(WS_CLIENT, &agreed);
    ws->down = make_reader(WS_SERVER, &agreed);
    t->is_ready = true;
}

static void count_held(struct txn *t)
{
    struct txn_ws *ws = t->ws;
    size_t now = ws->pending.n + ws->frame.n + ws_reader_kept(ws->up) +
                 ws_reader_kept(ws->down);
    if (now != ws->held)
        session_hold(t->session, (int64_t)now - (int64_t)ws->held);
    ws->held = now;
}

/* ---- the channel ---- */

static void send_channel_records(struct txn *t)
{
    struct txn_ws *ws = t->ws;
    struct session *s = t->session;
    struct record record;
    struct buf note = {0};
    bool waits = ws->has_judged && s->conf->settings.before_forward;
    while (channel_next_record(ws->channel, &record) == OK)
        txn_send_record(t, &record, waits);
    while (channel_next_note(ws->channel, &note) == OK) {
        s->world->ops->keep(s->world, s, 0, buf_str(&note));
        buf_clear(&note);
    }
    buf_free(&note);
}

static void ask_keeper(struct txn *t)
{
    struct txn_ws *ws = t->ws;
    struct world *w = t->session->world;
    if (t->client_gone) { /* the session ends now: no answer will come */
        channel_answer(ws->channel, STR_NONE);
        return;
    }
    ws->is_asked = true;
    w->ops->keep(w, t->session, t->id, channel_question(ws->channel));
}

/* True when there is nothing to do: what came was looked at, its records are
 * on their way. */
static bool step_channel(struct txn *t)
{
    struct txn_ws *ws = t->ws;
    while (!ws->is_channel_ready && !ws->is_asked) {
        switch (channel_step(ws->channel)) {
        case EXCHANGE_READY:
            ws->is_channel_ready = true;
            break;
        case EXCHANGE_ASK:
            ask_keeper(t);
            break;
        case EXCHANGE_MORE:
            if (t->client_gone)
                break; /* nobody will call again */
            t->is_ready = true;
            return false;
        }
    }
    if (ws->is_channel_ready)
        send_channel_records(t);
    return ws->is_channel_ready;
}

bool txn_ws_on_kept(struct txn *t, struct str answer)
{
    if (t->ws == NULL || !t->ws->is_asked)
        return false;
    t->ws->is_asked = false;
    channel_answer(t->ws->channel, answer);
    t->is_ready = true;
    return true;
}

static void tell_channel(struct txn *t, enum channel_side side,
    enum ws_found found, const struct ws_event *event)
{
    struct txn_ws *ws = t->ws;
    if (found == WS_MESSAGE)
        channel_message(
            ws->channel, side, event->opcode == WS_TEXT, event->payload, 0);
    else
        channel_oversize(ws->channel, side);
    ws->is_channel_ready = false;
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

/* The client's close, or the cut where a frame is half sent to it. */
static void close_client(struct txn *t)
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

/* Ends the socket from here: nothing more of the client's goes on. */
static void end_with(struct txn *t, unsigned status, bool waits)
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
        close_client(t);
}

static void violated(
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
    end_with(t, event->status, false);
}

static bool is_h2(const struct txn *t)
{
    return t->request->version == HTTP_2;
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

/* ---- client to origin ---- */

static void pass_on(struct txn *t)
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

static void decide(struct txn *t)
{
    struct txn_ws *ws = t->ws;
    const struct verdict *verdict = channel_verdict(ws->channel);
    stats_observe_us(HIST_HOLD_TIME, clock_mono_us() - ws->judged_us);
    ws->has_judged = ws->is_recording = false;
    if (ws->is_oversize) {
        end_with(t, WS_STATUS_TOO_BIG, true);
    } else if (verdict->kind == VERDICT_BLOCK && !verdict->is_monitored) {
        channel_block_message(ws->channel, &ws->notice);
        end_with(t, WS_STATUS_POLICY, true);
    } else if (ws->state == SOCKET_OPEN) {
        ws->passing = ws->judged.wire;
        pass_on(t);
    }
    ws->is_channel_ready = false; /* what the verdict itself left behind */
    t->is_ready = true;
}

static void judge(struct txn *t)
{
    struct txn_ws *ws = t->ws;
    if (!step_channel(t) || !ws->has_judged || ws->is_recording ||
        !channel_is_judged(ws->channel))
        return;
    if (t->records_pending != 0)
        ws->is_recording = true;
    else
        decide(t);
}

void txn_ws_on_recorded(struct txn *t, enum err err)
{
    struct txn_ws *ws = t->ws;
    if (err != OK)
        channel_fail(ws->channel, FAIL_STORE);
    if (t->records_pending == 0 && ws->is_recording)
        decide(t);
}

static void take_found(
    struct txn *t, enum ws_found found, const struct ws_event *event)
{
    struct txn_ws *ws = t->ws;
    bool is_relayed = ws->state == SOCKET_OPEN;
    if (found == WS_CONTROL) {
        ws->client_closed |= event->opcode == WS_CLOSE;
        if (is_relayed)
            ws->passing = event->wire;
        pass_on(t);
    } else if (found == WS_BROKEN && is_relayed) {
        violated(t, WS_CLIENT, event);
    } else if (found == WS_BROKEN) {
        ws->client_broke = true;
    } else if ((found == WS_MESSAGE || found == WS_OVERSIZE) && is_relayed) {
        ws->has_judged = true;
        ws->is_oversize = found == WS_OVERSIZE;
        ws->judged = *event;
        ws->judged_us = clock_mono_us();
        tell_channel(t, CHANNEL_CLIENT, found, event);
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
    t->up_unconsumed -= n;
    stream_consumed(t->client_stream, n);
}

static void read_client(struct txn *t)
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
    buf_append_str(&t->ws->pending, data);
    t->up_unconsumed += data.n;
}

void txn_ws_on_client_end(struct txn *t)
{
    /* In HTTP/1.1 the upgrade itself ends first. */
    if (is_h2(t) || txn_ws_is_open(t))
        t->ws->client_ended = true;
}

void txn_ws_pump(struct txn *t)
{
    struct txn_ws *ws = t->ws;
    if (ws->state == SOCKET_NEW)
        return;
    pass_on(t);
    judge(t);
    if (t->state != TXN_RELAY)
        return;
    read_client(t);
    if (t->state != TXN_RELAY)
        return;
    pass_end(t);
    if (is_over(t))
        finish(t);
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
    tell_channel(t, CHANNEL_SERVER, WS_OVERSIZE, NULL);
}

static void take_shown(
    struct txn *t, enum ws_found found, const struct ws_event *event)
{
    struct txn_ws *ws = t->ws;
    if (found == WS_MESSAGE || found == WS_OVERSIZE)
        tell_channel(t, CHANNEL_SERVER, found, event);
    if (found == WS_CONTROL && event->opcode == WS_CLOSE)
        ws->origin_closed = true;
    bool is_between = !ws->shows_frame && !ws->shows_message;
    if (ws->state == SOCKET_ENDING && is_between)
        close_client(t);
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
        violated(t, WS_SERVER, event);
    else if (t->ws->state == SOCKET_ENDING)
        close_client(t);
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

void txn_ws_on_origin_end(struct txn *t)
{
    struct txn_ws *ws = t->ws;
    ws->origin_ended = true;
    t->is_ready = true;
    if (ws->state == SOCKET_ENDING)
        close_client(t);
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
        close_client(t);
    return true;
}

/* ---- the end ---- */

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
    return step_channel(t);
}

uint64_t txn_ws_deadline(const struct txn *t)
{
    const struct txn_ws *ws = t->ws;
    const struct settings *settings = &t->session->conf->settings;
    if (ws->state != SOCKET_OPEN)
        return ws->ending_ms + CLOSE_WAIT_MS;
    if (ws->client_closed || ws->origin_closed)
        return t->touched_ms + CLOSE_WAIT_MS;
    return t->touched_ms + (uint64_t)settings->timeout_stream;
}

void txn_ws_on_deadline(struct txn *t)
{
    struct txn_ws *ws = t->ws;
    bool is_idle = !ws->client_closed && !ws->origin_closed;
    if (ws->state == SOCKET_OPEN && is_idle) {
        log_event(LOG_INFO, "websocket.idle",
            LOG_INT("session", t->session->number), LOG_STR("host", t->host));
        end_with(t, WS_STATUS_GOING_AWAY, false);
        return;
    }
    if (ws->state == SOCKET_ENDING) {
        ws->ending_ms = session_now(t->session);
        close_client(t); /* a last wait for the answer to it */
        return;
    }
    finish(t);
}
