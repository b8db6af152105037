/*
 * Each entry is two events, its start (the request) and its end (the answer),
 * and one for each message of a WebSocket in between; all events of a capture
 * happen in the order of their times on the wire, so that state grows as it
 * would live; lines come in the order of the ends that the capture notes.
 * Times are the capture's.
 */
#include "proxy/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define HASH_NONFATAL_OOM 0
#include <uthash.h>
#include <utlist.h>

#include "base/mem.h"
#include "inspect/channel.h"
#include "proxy/reading.h"
#include "proxy/replay_message.h"
#include "proxy/replay_socket.h"

struct replay_line {
    char id[UUID_TEXT_BYTES];
    struct buf json;
    struct replay_moment end;
    bool is_open; /* may be taken back */
    struct replay_line *prev, *next;
    UT_hash_handle hh;
};

/* One entry of a capture. */
struct entry {
    const struct json_node *node;
    struct exchange *exchange; /* NULL: not an HTTP request */
    struct channel *channel;   /* of a WebSocket */
    int64_t start_ms, end_ms;
    int64_t noted_ms; /* the end as the capture has it */
    bool is_blocked;
};

struct event {
    int64_t time_ms;
    struct replay_moment noted; /* its order: of two at one time, too */
    struct entry *entry;
    const struct json_node *message; /* of a WebSocket, in between */
    bool is_end;
};

/* ---- lines --------------------------------------------------------------- */

static void keep_line(struct replay *replay, struct record *record)
{
    struct replay_line *line;
    HASH_FIND_STR(replay->by_id, record->id, line);
    if (line != NULL) {
        DL_DELETE(replay->lines, line);
        buf_free(&line->json);
    } else {
        line = MEM_NEW(struct replay_line);
        memcpy(line->id, record->id, sizeof line->id);
        HASH_ADD_STR(replay->by_id, id, line);
    }
    DL_APPEND(replay->lines, line);
    line->end = replay->now;
    line->is_open = record->kind == RECORD_OPEN;
    buf_take(&line->json, &record->json);
}

static void drop_line(struct replay *replay, const struct record *record)
{
    struct replay_line *line;
    HASH_FIND_STR(replay->by_id, record->id, line);
    if (line == NULL || !line->is_open)
        return;
    HASH_DEL(replay->by_id, line);
    DL_DELETE(replay->lines, line);
    buf_free(&line->json);
    mem_free(line);
}

void replay_tell(struct replay *replay, const struct activity *activity)
{
    struct record record = {.kind = RECORD_DONE};
    struct replay_line *line;
    HASH_FIND_STR(replay->by_id, activity->id, line);
    if (line != NULL)
        return;
    memcpy(record.id, activity->id, sizeof record.id);
    activity_write(activity, replay->env.capture, &record.json);
    keep_line(replay, &record);
}

static int compare_moments(
    const struct replay_moment *x, const struct replay_moment *y)
{
    if (x->capture != y->capture)
        return x->capture < y->capture ? -1 : 1;
    if (x->time_ms != y->time_ms)
        return x->time_ms < y->time_ms ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

static int compare_lines(
    const struct replay_line *a, const struct replay_line *b)
{
    return compare_moments(&a->end, &b->end);
}

/* ---- alerts -------------------------------------------------------------- */

struct judged {
    struct replay_line *line;
    int64_t time_ms;
    size_t order;
};

static int compare_judged(const void *a, const void *b)
{
    const struct judged *x = a, *y = b;
    if (x->time_ms != y->time_ms)
        return x->time_ms < y->time_ms ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

static void judge_line(struct alerts *alerts, struct replay_line *line)
{
    struct buf told = {0};
    if (alerts_judge_line(alerts, buf_str(&line->json), &told)) {
        buf_free(&line->json);
        buf_take(&line->json, &told);
    }
    buf_free(&told);
}

/* A log lists its latest event first: the one that completes a rule is to be
 * the one that was last. */
static void judge_lines(struct replay *replay)
{
    struct replay_line *line;
    size_t n = 0, count = 0;
    DL_COUNT(replay->lines, line, count);
    struct judged *all = mem_calloc(count + 1, sizeof *all);
    DL_FOREACH(replay->lines, line)
    {
        int64_t time_ms = 0;
        if (alerts_concern_line(
                replay->alerts, buf_str(&line->json), &time_ms)) {
            all[n] = (struct judged){line, time_ms, n};
            n++;
        }
    }
    qsort(all, n, sizeof *all, compare_judged);
    for (size_t i = 0; i < n; i++)
        judge_line(replay->alerts, all[i].line);
    mem_free(all);
}

void replay_print(struct replay *replay)
{
    struct replay_line *line, *next;
    HASH_CLEAR(hh, replay->by_id);
    if (replay->alerts != NULL)
        judge_lines(replay);
    DL_SORT(replay->lines, compare_lines); /* stable */
    DL_FOREACH_SAFE(replay->lines, line, next)
    {
        printf("%s\n", buf_cstr(&line->json));
        buf_free(&line->json);
        mem_free(line);
    }
    replay->lines = NULL;
}

/* ---- an exchange --------------------------------------------------------- */

static void keep_records(struct replay *replay, struct exchange *exchange)
{
    struct record record;
    while (exchange_next_record(exchange, &record) == OK) {
        if (record.kind == RECORD_DONE || record.is_standing)
            keep_line(replay, &record);
        else if (record.kind == RECORD_VOID)
            drop_line(replay, &record);
        buf_free(&record.json);
    }
}

static void give_notes(
    struct replay *replay, struct exchange *exchange, int64_t now_ms)
{
    struct buf data = {0}, nothing = {0};
    while (exchange_next_note(exchange, &data) == OK) {
        keep_handle(replay->keep, buf_str(&data), now_ms, &nothing);
        buf_clear(&data);
    }
    buf_free(&data);
    buf_free(&nothing);
}

static void run_steps(
    struct replay *replay, struct exchange *exchange, int64_t now_ms)
{
    struct buf data = {0};
    enum exchange_state state;
    while ((state = exchange_step(exchange)) != EXCHANGE_READY) {
        if (state == EXCHANGE_READ)
            reading_run(&replay->setup, exchange);
        if (state != EXCHANGE_ASK)
            continue;
        give_notes(replay, exchange, now_ms);
        keep_handle(replay->keep, exchange_question(exchange), now_ms, &data);
        exchange_answer(exchange, buf_str(&data));
        buf_clear(&data);
    }
    give_notes(replay, exchange, now_ms);
    buf_free(&data);
    keep_records(replay, exchange);
}

static void keep_channel_records(struct replay *replay, struct channel *channel)
{
    struct record record;
    while (channel_next_record(channel, &record) == OK) {
        if (record.kind == RECORD_DONE || record.is_standing)
            keep_line(replay, &record);
        buf_free(&record.json);
    }
}

static void run_channel(
    struct replay *replay, struct channel *channel, int64_t now_ms)
{
    struct buf data = {0}, nothing = {0};
    enum exchange_state state;
    while ((state = channel_step(channel)) != EXCHANGE_READY) {
        if (state == EXCHANGE_READ)
            reading_run(&replay->setup, channel_reading(channel));
        if (state != EXCHANGE_ASK)
            continue;
        keep_handle(replay->keep, channel_question(channel), now_ms, &data);
        channel_answer(channel, buf_str(&data));
        buf_clear(&data);
    }
    while (channel_next_note(channel, &data) == OK) {
        keep_handle(replay->keep, buf_str(&data), now_ms, &nothing);
        buf_clear(&data);
    }
    buf_free(&data);
    buf_free(&nothing);
    keep_channel_records(replay, channel);
}

static void ask_early(struct replay *replay, struct entry *entry)
{
    struct buf answer = {0};
    if (!exchange_asks_early(entry->exchange))
        return;
    keep_handle(replay->keep, exchange_question(entry->exchange),
        entry->start_ms, &answer);
    exchange_answer(entry->exchange, buf_str(&answer));
    buf_free(&answer);
}

/* As live: what may be inspected once an answer has named it.  Of a socket
 * the call that names its host is often missing from a capture. */
static bool is_inspected_host(
    struct replay *replay, struct str host, int64_t now_ms)
{
    struct buf question = {0}, answer = {0};
    if (service_match_host(replay->env.services, host, NULL) != HOST_LEARNABLE)
        return true; /* what is out of scope yields nothing */
    keep_ask_host(host, &question);
    keep_handle(replay->keep, buf_str(&question), now_ms, &answer);
    bool is_learnt = keep_read_host(buf_str(&answer));
    buf_free(&question);
    buf_free(&answer);
    return is_learnt;
}

typedef void feed_fn(
    struct replay *replay, struct entry *entry, struct str bytes);

static void feed_request(
    struct replay *replay, struct entry *entry, struct str bytes)
{
    exchange_request_data(entry->exchange, bytes);
    ask_early(replay, entry); /* once a part of it says what it is */
}

static void feed_response(
    struct replay *replay, struct entry *entry, struct str bytes)
{
    (void)replay;
    exchange_response_data(entry->exchange, bytes);
}

static void feed_pieces(
    struct replay *replay, struct entry *entry, struct str body, feed_fn *feed)
{
    for (size_t i = 0; body.n != 0; i++) {
        size_t n = replay->chunk_count == 0
                       ? body.n
                       : replay->chunks[i % replay->chunk_count];
        feed(replay, entry, str_sub(body, 0, n));
        body = str_sub(body, n, body.n);
    }
}

static void start_entry(struct replay *replay, struct entry *entry)
{
    const struct json_node *request = json_get(entry->node, "request");
    struct arena arena = {0};
    struct buf made = {0};
    struct replay_fields fields = replay_fields(&arena, request);
    bool is_socket = replay_is_socket(entry->node);
    struct exchange_request r = {
        .protocol = is_socket ? STR("websocket") : STR_NONE,
        .method = json_get_text(request, "method"),
        .version = replay_version(request),
        .time_ms = entry->start_ms,
    };
    if (replay_split_url(&arena, json_get_text(request, "url"), &r) &&
        (is_socket || is_inspected_host(replay, r.host, entry->start_ms))) {
        struct str body = replay_request_body(&arena, request, &fields, &made);
        r.fields = fields.items;
        r.field_count = fields.count;
        r.has_body = body.n != 0;
        entry->exchange = exchange_new(&replay->env, &r);
        ask_early(replay, entry);
        feed_pieces(replay, entry, body, feed_request);
        if (exchange_gate(entry->exchange) == GATE_REFUSE)
            exchange_request_cut(entry->exchange);
        else
            exchange_request_end(entry->exchange);
        run_steps(replay, entry->exchange, entry->start_ms);
        const struct verdict *verdict = exchange_verdict(entry->exchange);
        entry->is_blocked =
            verdict->kind == VERDICT_BLOCK && !verdict->is_monitored;
        int upgraded = is_socket ? replay_socket_status(entry->node) : 0;
        if (upgraded != 0 && !entry->is_blocked)
            entry->channel =
                channel_new(&replay->env, entry->exchange, upgraded);
    }
    buf_free(&made);
    arena_free(&arena);
}

static void end_blocked(struct exchange *exchange)
{
    struct exchange_reply reply;
    exchange_block_reply(exchange, &reply);
    buf_free(&reply.body);
    exchange_no_response(exchange, reply.status);
}

static void end_answered(struct replay *replay, struct entry *entry)
{
    const struct json_node *response = json_get(entry->node, "response");
    struct arena arena = {0};
    struct buf made = {0};
    struct replay_fields fields = replay_fields(&arena, response);
    struct str body = replay_response_body(response, &fields, &made);
    int64_t status = replay_number(json_get(response, "status"), 0);
    bool is_broken = json_get_text(response, "_error").n != 0;
    if (status <= 0 || status > 999) {
        exchange_no_response(entry->exchange, 0);
    } else {
        exchange_response_head(entry->exchange, (int)status, fields.items,
            fields.count, body.n != 0);
        feed_pieces(replay, entry, body, feed_response);
        exchange_response_end(entry->exchange, !is_broken);
    }
    buf_free(&made);
    arena_free(&arena);
}

static void pass_message(struct replay *replay, struct entry *entry,
    const struct json_node *message, int64_t time_ms)
{
    if (entry->channel == NULL)
        return;
    replay_socket_message(entry->channel, message, entry->start_ms);
    run_channel(replay, entry->channel, time_ms);
}

static void end_channel(struct replay *replay, struct entry *entry)
{
    channel_end(entry->channel, true);
    run_channel(replay, entry->channel, entry->end_ms);
    channel_free(&entry->channel);
}

static void end_entry(struct replay *replay, struct entry *entry)
{
    if (entry->exchange == NULL)
        return;
    if (entry->channel != NULL)
        end_channel(replay, entry);
    if (entry->is_blocked)
        end_blocked(entry->exchange);
    else
        end_answered(replay, entry);
    run_steps(replay, entry->exchange, entry->end_ms);
    exchange_free(&entry->exchange);
}

/* ---- a capture ----------------------------------------------------------- */

static int compare_events(const void *a, const void *b)
{
    const struct event *x = a, *y = b;
    if (x->time_ms != y->time_ms)
        return x->time_ms < y->time_ms ? -1 : 1;
    return x->noted.order < y->noted.order ? -1
                                           : x->noted.order > y->noted.order;
}

/* It came with its head, at which a page goes on: what the browser took to
 * note its end is not the wire's time. */
static bool is_small_answer(const struct json_node *response)
{
    enum { SMALL = 16 * 1024 };
    const struct json_node *content = json_get(response, "content");
    return replay_number(json_get(content, "size"), SMALL) < SMALL &&
           !str_has(json_get_text(content, "mimeType"), "event-stream");
}

static void set_times(
    struct entry *entry, int64_t last_ms, const struct json_node *node)
{
    entry->node = node;
    if (clock_parse(
            json_get_text(node, "startedDateTime"), 0, &entry->start_ms) != OK)
        entry->start_ms = last_ms;
    int64_t span = replay_number(json_get(node, "time"), 0);
    entry->noted_ms = entry->start_ms + (span > 0 ? span : 0);
    if (is_small_answer(json_get(node, "response")))
        span -= replay_number(json_path(node, "timings/receive"), 0);
    entry->end_ms = entry->start_ms + (span > 0 ? span : 0);
}

/* Everything that happens in a capture. */
struct timeline {
    struct event *events;
    size_t count, capture;
};

static void add_event(struct timeline *t, struct entry *entry, int64_t time_ms,
    const struct json_node *message, bool is_end)
{
    t->events[t->count] = (struct event){
        .time_ms = time_ms,
        .noted = {t->capture, is_end ? entry->noted_ms : time_ms, t->count},
        .entry = entry,
        .message = message,
        .is_end = is_end,
    };
    t->count++;
}

static void add_entry(struct timeline *t, struct entry *entry)
{
    const struct json_node *list = replay_socket_messages(entry->node);
    int64_t time_ms = entry->start_ms;
    add_event(t, entry, entry->start_ms, NULL, false);
    for (const struct json_node *m = list != NULL ? list->first : NULL;
         m != NULL; m = m->next) {
        int64_t said = replay_message_time(m, time_ms);
        if (said > time_ms) /* never before the one that it follows */
            time_ms = said;
        add_event(t, entry, time_ms, m, false);
    }
    if (entry->end_ms < time_ms)
        entry->end_ms = time_ms;
    if (entry->noted_ms < entry->end_ms)
        entry->noted_ms = entry->end_ms;
    add_event(t, entry, entry->end_ms, NULL, true);
}

static size_t count_events(const struct json_node *list)
{
    size_t n = 0;
    for (const struct json_node *c = list->first; c != NULL; c = c->next) {
        const struct json_node *messages = replay_socket_messages(c);
        n += 2 + (messages != NULL ? messages->count : 0);
    }
    return n;
}

static void play(struct replay *replay, const struct event *event)
{
    replay->now = event->noted;
    if (event->message != NULL)
        pass_message(replay, event->entry, event->message, event->time_ms);
    else if (event->is_end)
        end_entry(replay, event->entry);
    else
        start_entry(replay, event->entry);
}

void replay_entries(struct replay *replay, const struct json_node *list)
{
    struct entry *entries = mem_calloc(list->count + 1, sizeof *entries);
    struct timeline t = {.capture = replay->now.capture + 1};
    struct entry *entry = entries;
    int64_t last_ms = 0;
    t.events = mem_calloc(count_events(list) + 1, sizeof *t.events);
    for (const struct json_node *c = list->first; c != NULL; c = c->next) {
        set_times(entry, last_ms, c);
        last_ms = entry->start_ms;
        add_entry(&t, entry++);
    }
    qsort(t.events, t.count, sizeof *t.events, compare_events);
    for (size_t i = 0; i < t.count; i++)
        play(replay, &t.events[i]);
    mem_free(t.events);
    mem_free(entries);
}
