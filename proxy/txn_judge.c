#include "proxy/session_parts.h"

/*
 * The machine `judge` of an exchange: collect what the gate holds, step it
 * through inspection, where a document may be awaited or the keeper's answer,
 * have the first record made durable; then it is clear, or blocked with an
 * answer in the service's own shape.  What is relayed meanwhile is txn.c's.
 */

#include "base/clock.h"
#include "base/stats.h"
#include "proxy/reading.h"

/* ---- steps ---- */

/* Once it is, the session ends: nobody will call again. */
static bool is_last_step(const struct txn *t)
{
    return t->client_gone && !t->outlives_client;
}

/* What is said of a file that came down is awaited though the client, which
 * has all of it, may have left: what else of it has passed, what it holds. */
static void outlive_client(struct txn *t)
{
    if (t->state == TXN_FINISH && t->got_response)
        t->outlives_client = true;
}

/* False: the document is being read; its report is awaited. */
static bool is_past_reading(struct txn *t)
{
    struct session *s = t->session;
    outlive_client(t);
    if (is_last_step(t)) {
        exchange_skip_document(t->exchange);
        return true;
    }
    if (t->judge == JUDGE_READ)
        return false; /* asked already */
    t->judge = JUDGE_READ;
    if (t->outlives_client) /* it may ask for the next one */
        txn_release_streams(t);
    s->world->ops->extract(s->world, s, t->id, exchange_document(t->exchange));
    return false;
}

/* False: the keeper's answer is awaited. */
static bool is_past_asking(struct txn *t)
{
    struct session *s = t->session;
    bool tells = exchange_question_tells(t->exchange);
    if (tells)
        outlive_client(t);
    if (is_last_step(t)) {
        if (tells)
            s->world->ops->keep(s->world, s, 0, exchange_question(t->exchange));
        exchange_answer(t->exchange, STR_NONE);
        return true;
    }
    if (t->judge == JUDGE_ASK)
        return false; /* asked already */
    t->judge = JUDGE_ASK;
    txn_send_notes(t); /* what is asked may be about them */
    s->world->ops->keep(s->world, s, t->id, exchange_question(t->exchange));
    return false;
}

bool txn_step(struct txn *t)
{
    if (t->wants_turn && !is_last_step(t))
        return false;
    for (;;) {
        switch (exchange_step(t->exchange)) {
        case EXCHANGE_READY:
            return true;
        case EXCHANGE_MORE:
            if (is_last_step(t))
                break;
            t->wants_turn = true;
            return false;
        case EXCHANGE_READ:
            if (!is_past_reading(t))
                return false;
            break;
        case EXCHANGE_ASK:
            if (!is_past_asking(t))
                return false;
            break;
        }
    }
}

/* ---- verdict ---- */

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
    if (!txn_step(t))
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

void txn_pump_judge(struct txn *t)
{
    if (t->judge == JUDGE_COLLECT)
        judge_collect(t);
    else if (t->judge == JUDGE_STEP)
        judge_step(t);
}

/* ---- answers that were awaited ---- */

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
