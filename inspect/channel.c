/*
 * The life of a channel: a client's message becomes an exchange of its own
 * (inspect/exchange_inner.c) and is held until that has its verdict; the
 * server's messages go to the readers that inspect/channel_parts.h names.
 * Whatever an exchange leaves behind, records and notes, queues up here.
 */
#include "inspect/channel.h"

#include <string.h>

#include <utlist.h>

#include "base/mem.h"
#include "base/stats.h"
#include "inspect/answer_parts.h"
#include "inspect/channel_parts.h"
#include "inspect/form.h"

enum { STATUS_REFUSED = 403 };

/* ---- life -------------------------------------------------------------- */

/* "…?model=gpt-realtime" (fact sheet chatgpt-wire §9.3). */
static void note_model(struct channel *c, struct str query)
{
    struct str name, value;
    while (form_next_pair(&c->scratch, &query, &name, &value))
        if (str_is(name, "model"))
            topic_set(&c->model, value);
}

struct channel *channel_new(
    const struct exchange_env *env, const struct exchange *upgrade, int status)
{
    struct channel *c = MEM_NEW(struct channel);
    c->env = env;
    c->upgrade = exchange_inner(env, upgrade, upgrade->time_ms);
    c->upgrade->status = status;
    channel_setup_routes(c);
    note_model(c, upgrade->query);
    stats_add(STAT_SOCKETS, 1);
    stats_add(STAT_SOCKETS_OPEN, 1);
    return c;
}

static void free_output(struct channel_output **list, struct channel_output *o)
{
    DL_DELETE(*list, o);
    buf_wipe_free(&o->record.json);
    buf_wipe_free(&o->note);
    mem_free(o);
}

static void free_inner(struct channel *c, struct inner *inner)
{
    DL_DELETE(c->inners, inner);
    exchange_free(&inner->exchange);
    mem_free(inner);
}

void channel_free(struct channel **channel)
{
    struct channel *c = *channel;
    if (c == NULL)
        return;
    stats_add(STAT_SOCKETS_OPEN, -1);
    while (c->inners != NULL)
        free_inner(c, c->inners);
    while (c->records != NULL)
        free_output(&c->records, c->records);
    while (c->notes != NULL)
        free_output(&c->notes, c->notes);
    channel_free_topics(c);
    buf_free(&c->model);
    buf_free(&c->conversation);
    exchange_free(&c->upgrade);
    arena_free(&c->scratch);
    mem_free(c);
    *channel = NULL;
}

static struct inner *add_inner(struct channel *c, struct exchange *exchange)
{
    struct inner *inner = MEM_NEW(struct inner);
    inner->exchange = exchange;
    DL_APPEND(c->inners, inner);
    return inner;
}

/* ---- the client's messages ----------------------------------------------- */

/* JSON, or NULL; valid until the next message.  A binary message may hold it
 * as well: endpoints that take bytes for text do not look at the opcode. */
static const struct json_node *parse(
    struct channel *c, bool is_text, struct str payload)
{
    static const struct json_limits limits = {
        .string_bytes = CHANNEL_MESSAGE_MAX};
    struct json_node *root = NULL;
    struct str text = str_trim(payload);
    bool may_be_json =
        is_text || str_starts(text, "{") || str_starts(text, "[");
    arena_reset(&c->scratch);
    if (!may_be_json || json_parse(payload, &c->scratch, &limits, &root) != OK)
        return NULL;
    return root;
}

static void drop_held(struct channel *c)
{
    struct inner *held = c->held;
    c->held = NULL;
    c->is_judged = c->is_oversize = false;
    if (held != NULL && held->exchange->response == RESPONSE_DONE)
        free_inner(c, held);
}

static void on_client(struct channel *c, bool is_text, struct str payload)
{
    const struct json_node *root = parse(c, is_text, payload);
    const struct route *route = channel_route(c, root);
    struct str type = root != NULL ? STR("application/json")
                      : is_text    ? STR("text/plain")
                                   : STR("application/octet-stream");
    bool is_empty =
        payload.n == 0 || (json_is(root, JSON_ARRAY) && root->first == NULL);
    drop_held(c);
    channel_end_finished(c);
    if (route == NULL || is_empty) { /* nobody's words: it may pass */
        c->is_judged = true;
        return;
    }
    struct exchange *ex = exchange_inner(c->env, c->upgrade, c->time_ms);
    c->held = add_inner(c, ex);
    exchange_inner_request(ex, route, type, payload);
    if (ex->activity == NULL || c->socket->socket != SOCKET_REALTIME)
        return;
    struct activity *a = ex->activity;
    a->model = arena_copy(&a->arena, buf_str(&c->model));
    a->conversation_id = arena_copy(&a->arena, buf_str(&c->conversation));
}

static bool understand(struct channel *c, const struct json_node *root)
{
    switch (c->socket->socket) {
    case SOCKET_RESPONSES:
        return channel_on_responses(c, root);
    case SOCKET_REALTIME:
        return channel_on_realtime(c, root);
    case SOCKET_EVENTS:
        return channel_on_events(c, root);
    case SOCKET_PUBSUB:
        return channel_on_pubsub(c, root);
    default:
        return false;
    }
}

/* No JSON at all, or nothing that is known. */
static void read_generically(
    struct channel *c, struct str type, struct str payload)
{
    struct buf text = {0};
    if (harvest_body(type, payload, ANSWER_TEXT_BYTES_MAX, &text) == OK)
        channel_tell_text(c, "service.unclassified", buf_str(&text), true);
    buf_wipe_free(&text);
}

void channel_read_rest(struct channel *c, const struct json_node *node)
{
    read_generically(c, STR("application/json"),
        str_sub(c->message, node->start, node->end));
}

static void on_server(struct channel *c, bool is_text, struct str payload)
{
    const struct json_node *root = parse(c, is_text, payload);
    if (root == NULL)
        read_generically(c, is_text ? STR("text/plain") : STR_NONE, payload);
    else if (!understand(c, root))
        channel_read_rest(c, root);
    channel_end_finished(c);
}

void channel_message(struct channel *c, enum channel_side side, bool is_text,
    struct str payload, int64_t time_ms)
{
    c->message = payload;
    c->time_ms = time_ms;
    stats_add(side == CHANNEL_CLIENT ? STAT_SOCKET_MESSAGES_UP
                                     : STAT_SOCKET_MESSAGES_DOWN,
        1);
    if (side == CHANNEL_CLIENT)
        on_client(c, is_text, payload);
    else
        on_server(c, is_text, payload);
    c->message = STR_NONE;
    arena_free(&c->scratch); /* sockets are idle most of their time */
}

void channel_oversize(struct channel *c, enum channel_side side)
{
    if (side == CHANNEL_SERVER) {
        channel_tell_text(c, "service.unclassified", STR_NONE, false);
        c->inners->prev->exchange->answers[0]->failure = STR("limit");
        return;
    }
    drop_held(c);
    struct exchange *ex = exchange_inner(c->env, c->upgrade, 0);
    c->held = add_inner(c, ex);
    c->is_oversize = true;
    exchange_inner_request(
        ex, &c->unknown, STR("application/octet-stream"), STR_NONE);
    exchange_note_failure(ex, FAIL_LIMIT);
}

/* ---- what the server tells ---- */

void channel_end_turn(struct inner *turn, bool is_complete)
{
    exchange_response_end(turn->exchange, is_complete);
}

struct exchange *channel_tell(struct channel *c,
    struct activity *const *activities, size_t count, struct str turn)
{
    struct exchange *ex = exchange_inner(c->env, c->upgrade, c->time_ms);
    ex->turn_id = arena_copy(&ex->arena, turn);
    /* Talks are a socket's own: no other way brings their answers again. */
    ex->may_be_told = c->socket->socket != SOCKET_REALTIME;
    exchange_tell(ex, activities, count);
    add_inner(c, ex);
    return ex;
}

void channel_tell_text(
    struct channel *c, const char *name, struct str text, bool is_quiet)
{
    if (text.n == 0 && is_quiet)
        return;
    struct exchange *ex = exchange_inner(c->env, c->upgrade, c->time_ms);
    struct activity *a = activity_new();
    a->name = str_of(name);
    buf_append_str(&a->content, text);
    ex->is_quiet = is_quiet;
    exchange_tell(ex, &a, 1);
    add_inner(c, ex);
}

void channel_tell_broken(struct channel *c, struct str text)
{
    channel_tell_text(c, "service.unclassified", text, false);
    c->inners->prev->exchange->answers[0]->failure = STR("parse");
    stats_add(STAT_FAILURES, 1);
}

/* ---- verdicts ------------------------------------------------------------ */

static void refuse_turn(struct exchange *ex)
{
    if (ex->response == RESPONSE_NONE || ex->response == RESPONSE_OPEN)
        exchange_no_response(ex, STATUS_REFUSED);
    else
        exchange_inner_refused(ex, STATUS_REFUSED);
}

static size_t count_turns(const struct channel *c)
{
    size_t n = 0;
    for (const struct inner *i = c->inners; i != NULL; i = i->next)
        n += i->is_turn && i->exchange->response == RESPONSE_OPEN;
    return n;
}

static void await_answer(struct channel *c, struct inner *held)
{
    struct inner *inner = c->inners;
    while (count_turns(c) >= CHANNEL_TURNS_MAX) {
        while (!inner->is_turn || inner->exchange->response != RESPONSE_OPEN)
            inner = inner->next;
        channel_end_turn(inner, false);
    }
    held->is_turn = true;
}

/* The message has its verdict.  One that nothing will answer is over. */
static void conclude(struct channel *c)
{
    struct exchange *ex = c->held->exchange;
    bool is_awaited = exchange_route(ex)->answer != ANSWER_NONE;
    c->is_judged = true;
    exchange_inner_identity(c->upgrade, ex);
    if (c->is_oversize)
        exchange_inner_block(ex);
    if (ex->is_blocked) {
        stats_add(STAT_SOCKET_MESSAGES_BLOCKED, 1);
        refuse_turn(ex);
        return;
    }
    if (c->is_over) {
        exchange_no_response(ex, 0); /* it never left */
        return;
    }
    if (ex->activity != NULL && str_starts(ex->activity->name, "prompt"))
        memcpy(c->prompt, ex->activity->id, sizeof c->prompt);
    if (is_awaited)
        await_answer(c, c->held);
    exchange_response_head(ex, c->upgrade->status, NULL, 0, is_awaited);
    if (!is_awaited)
        exchange_response_end(ex, true);
}

void channel_fail(struct channel *c, enum failure failure)
{
    if (c->held == NULL)
        return;
    struct exchange *ex = c->held->exchange;
    exchange_fail(ex, failure);
    if (c->is_judged && ex->is_blocked)
        refuse_turn(ex);
}

bool channel_is_judged(const struct channel *c)
{
    return c->is_judged;
}

const struct verdict *channel_verdict(const struct channel *c)
{
    static const struct verdict allowed = {.kind = VERDICT_ALLOW};
    return c->held != NULL ? exchange_verdict(c->held->exchange) : &allowed;
}

void channel_block_message(struct channel *c, struct buf *text_out)
{
    if (c->held != NULL)
        exchange_block_frame(c->held->exchange, text_out);
}

/* ---- steps ---- */

static void take_outputs(struct channel *c, struct exchange *ex)
{
    struct channel_output *o = MEM_NEW(struct channel_output);
    while (exchange_next_record(ex, &o->record) == OK) {
        DL_APPEND(c->records, o);
        o = MEM_NEW(struct channel_output);
    }
    while (exchange_next_note(ex, &o->note) == OK) {
        DL_APPEND(c->notes, o);
        o = MEM_NEW(struct channel_output);
    }
    mem_free(o);
}

/* True: there is more to do with it. */
static bool settle(struct channel *c, struct inner *inner)
{
    struct exchange *ex = inner->exchange;
    take_outputs(c, ex);
    if (inner == c->held && !c->is_judged) {
        conclude(c);
        return true;
    }
    if (ex->response == RESPONSE_DONE && inner != c->held)
        free_inner(c, inner);
    return false;
}

enum exchange_state channel_step(struct channel *c)
{
    struct inner *inner, *next;
    c->reading = NULL;
    if (c->asking != NULL)
        return EXCHANGE_ASK;
    DL_FOREACH_SAFE(c->inners, inner, next)
    {
        enum exchange_state state = exchange_step(inner->exchange);
        if (state == EXCHANGE_READ)
            c->reading = inner;
        if (state == EXCHANGE_ASK)
            c->asking = inner;
        if (state != EXCHANGE_READY)
            return state;
        if (settle(c, inner))
            return EXCHANGE_MORE;
    }
    return EXCHANGE_READY;
}

struct exchange *channel_reading(const struct channel *c)
{
    return c->reading != NULL ? c->reading->exchange : NULL;
}

struct str channel_question(const struct channel *c)
{
    return c->asking != NULL ? exchange_question(c->asking->exchange)
                             : STR_NONE;
}

void channel_answer(struct channel *c, struct str answer)
{
    struct inner *inner = c->asking;
    c->asking = NULL;
    if (inner != NULL)
        exchange_answer(inner->exchange, answer);
}

enum err channel_next_note(struct channel *c, struct buf *note_out)
{
    struct channel_output *o = c->notes;
    if (o == NULL)
        return ERR_NOT_FOUND;
    buf_append_str(note_out, buf_str(&o->note));
    free_output(&c->notes, o);
    return OK;
}

enum err channel_next_record(struct channel *c, struct record *record_out)
{
    struct channel_output *o = c->records;
    if (o == NULL)
        return ERR_NOT_FOUND;
    *record_out = o->record;
    o->record = (struct record){0};
    free_output(&c->records, o);
    return OK;
}

/* What was spoken went by unread, and nobody wrote down what it was. */
static void tell_opaque(struct channel *c)
{
    if (c->opaque == NULL || c->has_transcript)
        return;
    struct activity *a = activity_new();
    a->name = arena_copy(&a->arena, c->opaque->activity);
    a->is_opaque = true;
    activity_add_target(
        a, c->opaque->target_type, STR_NONE, c->opaque->target_name);
    a->model = arena_copy(&a->arena, buf_str(&c->model));
    a->conversation_id = arena_copy(&a->arena, buf_str(&c->conversation));
    channel_tell(c, &a, 1, STR_NONE);
    c->inners->prev->exchange->told_reason = c->opaque->reason;
}

void channel_end(struct channel *c, bool is_complete)
{
    (void)is_complete; /* no answer ends with its socket */
    c->is_over = true;
    for (struct inner *i = c->inners; i != NULL; i = i->next)
        if (i->is_turn)
            channel_end_turn(i, false);
    channel_end_topics(c);
    tell_opaque(c);
}
