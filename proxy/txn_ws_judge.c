#include "proxy/txn_ws_parts.h"

/*
 * An inspected WebSocket and its channel (inspect/channel.h): what was read is
 * told, stepped, asked for and recorded; a client's message then goes on or
 * ends the socket.
 */

#include "base/clock.h"
#include "base/stats.h"
#include "base/utf8.h"
#include "proxy/reading.h"

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

/* A document in a message: nobody else of the socket's is looked at before it
 * is read, and what the client sends waits. */
static void read_document(struct txn *t)
{
    struct txn_ws *ws = t->ws;
    struct world *w = t->session->world;
    struct exchange *ex = channel_reading(ws->channel);
    if (t->client_gone) { /* the session ends now */
        exchange_skip_document(ex);
        return;
    }
    ws->is_reading = true;
    w->ops->extract(w, t->session, t->id, exchange_document(ex));
}

/* True when there is nothing to do: what came was looked at, its records are
 * on their way. */
bool socket_step(struct txn *t)
{
    struct txn_ws *ws = t->ws;
    if (t->wants_turn && !t->client_gone)
        return false;
    while (!ws->is_channel_ready && !ws->is_asked && !ws->is_reading) {
        switch (channel_step(ws->channel)) {
        case EXCHANGE_READY:
            ws->is_channel_ready = true;
            break;
        case EXCHANGE_ASK:
            ask_keeper(t);
            break;
        case EXCHANGE_READ:
            read_document(t);
            break;
        case EXCHANGE_MORE:
            if (t->client_gone)
                break; /* nobody will call again */
            t->wants_turn = true;
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

bool txn_ws_on_extracted(struct txn *t, const struct extract_report *report)
{
    if (t->ws == NULL || !t->ws->is_reading)
        return false;
    t->ws->is_reading = false;
    reading_take(channel_reading(t->ws->channel), report);
    t->is_ready = true;
    return true;
}

void socket_tell(struct txn *t, enum channel_side side, enum ws_found found,
    const struct ws_event *event)
{
    struct txn_ws *ws = t->ws;
    bool is_text =
        event->opcode == WS_TEXT ||
        (event->opcode != WS_BINARY && utf8_is_valid(event->payload));
    if (found == WS_MESSAGE)
        channel_message(ws->channel, side, is_text, event->payload, 0);
    else
        channel_oversize(ws->channel, side);
    ws->is_channel_ready = false;
    t->is_ready = true;
}

/* ---- the verdict ---- */

static void decide(struct txn *t)
{
    struct txn_ws *ws = t->ws;
    const struct verdict *verdict = channel_verdict(ws->channel);
    stats_observe_us(HIST_HOLD_TIME, clock_mono_us() - ws->judged_us);
    ws->has_judged = ws->is_recording = false;
    if (ws->is_oversize) {
        socket_end_with(t, WS_STATUS_TOO_BIG, true);
    } else if (verdict->kind == VERDICT_BLOCK && !verdict->is_monitored) {
        channel_block_message(ws->channel, &ws->notice);
        socket_end_with(t, WS_STATUS_POLICY, true);
    } else if (ws->state == SOCKET_OPEN) {
        ws->passing = ws->judged.wire;
        socket_pass_on(t);
    }
    ws->client_closed |= !ws->is_oversize && ws->judged.opcode == WS_CLOSE;
    ws->is_channel_ready = false; /* what the verdict itself left behind */
    t->is_ready = true;
}

void socket_judge(struct txn *t)
{
    struct txn_ws *ws = t->ws;
    if (!socket_step(t) || !ws->has_judged || ws->is_recording ||
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
