/*
 * Envelopes of ws.chatgpt.com (fact sheet chatgpt-wire §4.6): a list of them
 * or one; live or, after a subscription, as catch-ups of a reply.  Pieces of
 * event streams go to their topics, whole messages are told as they are; what
 * is neither is scanned.
 */
#include "inspect/answer_parts.h"
#include "inspect/channel_parts.h"

/* Where a payload came from. */
struct envelope {
    const struct json_node *node;
    struct str topic, offset;
};

/* ---- turns -------------------------------------------------------------- */

static struct str turn_of(const struct json_node *payload)
{
    static const char *const names[] = {
        "turn_id", "turn_exchange_id", "turn_topic_id", NULL};
    for (size_t i = 0; names[i] != NULL; i++)
        if (json_get_text(payload, names[i]).n != 0)
            return json_get_text(payload, names[i]);
    return STR_NONE;
}

static bool ends_in(struct str name, struct str turn)
{
    return name.n > turn.n &&
           str_eq(str_sub(name, name.n - turn.n, name.n), turn);
}

/* The turn's own topic, or those that belong to it or its conversation. */
static bool is_meant(const struct topic *t, const struct envelope *e,
    const struct json_node *payload)
{
    struct str turn = turn_of(payload);
    struct str conversation = json_get_text(payload, "conversation_id");
    if (str_eq(buf_str(&t->name), e->topic))
        return true;
    if (turn.n != 0)
        return str_eq(buf_str(&t->turn), turn) ||
               ends_in(buf_str(&t->name), turn);
    return conversation.n != 0 &&
           str_eq(buf_str(&t->conversation), conversation);
}

static void end_turns(struct channel *c, const struct envelope *e,
    const struct json_node *payload)
{
    for (struct topic *t = c->topics; t != NULL; t = t->next)
        if (is_meant(t, e, payload))
            topic_end(c, t, true);
}

/* ---- payloads ---- */

static void on_item(struct channel *c, const struct envelope *e,
    const struct json_node *payload)
{
    struct topic_item item = {
        .id = json_get_text(payload, "stream_item_id"),
        .parent = json_get_text(payload, "parent_stream_item_id"),
        .offset = e->offset,
        .text = json_get_text(payload, "encoded_item"),
    };
    struct str name = e->topic.n != 0 ? e->topic : turn_of(payload);
    struct topic *t = channel_topic(c, name);
    topic_set(&t->turn, turn_of(payload));
    topic_set(&t->conversation, json_get_text(payload, "conversation_id"));
    topic_add(t, &item);
}

/* Named by the payload or, where that wraps another one, by the inner one. */
static bool is_type(const struct json_node *payload,
    const struct json_node *inner, const char *type)
{
    return str_is(json_get_text(payload, "type"), type) ||
           str_is(json_get_text(inner, "type"), type);
}

static bool is_group_chat(
    const struct envelope *e, const struct json_node *payload)
{
    return str_starts(e->topic, "calpico") ||
           str_starts(json_get_text(payload, "type"), "calpico");
}

static void on_payload(struct channel *c, const struct envelope *e,
    const struct json_node *payload)
{
    const struct json_node *inner = json_get(payload, "payload");
    if (!json_is(inner, JSON_OBJECT))
        inner = payload;
    if (json_is(json_get(inner, "encoded_item"), JSON_STRING))
        on_item(c, e, inner);
    else if (is_type(payload, inner, "conversation-turn-complete"))
        end_turns(c, e, inner);
    else if (is_type(payload, inner, "conversation-update"))
        channel_on_update(c, inner);
    else if (is_group_chat(e, payload))
        channel_on_group_chat(c, inner);
    else
        channel_read_rest(c, e->node);
}

/* ---- envelopes ---- */

static void on_envelope(
    struct channel *c, const struct json_node *node, struct str topic)
{
    struct envelope e = {.node = node, .topic = topic};
    if (json_get_text(node, "topic_id").n != 0)
        e.topic = json_get_text(node, "topic_id");
    const struct json_node *offset = json_get(node, "offset");
    if (json_is(offset, JSON_STRING) || json_is(offset, JSON_NUMBER))
        e.offset = offset->text;
    const struct json_node *payload = json_get(node, "payload");
    if (json_is(payload, JSON_OBJECT))
        on_payload(c, &e, payload);
    else
        channel_read_rest(c, node);
}

/* What a topic said before it was subscribed to. */
static void on_reply(struct channel *c, const struct json_node *node)
{
    const struct json_node *reply = json_get(node, "reply");
    const struct json_node *list = json_get(reply, "catchups");
    if (!json_is(list, JSON_ARRAY)) {
        channel_read_rest(c, node);
        return;
    }
    for (const struct json_node *e = list->first; e != NULL; e = e->next)
        on_envelope(c, e, json_get_text(reply, "topic_id"));
}

static void on_one(struct channel *c, const struct json_node *node)
{
    if (json_is(json_get(node, "reply"), JSON_OBJECT))
        on_reply(c, node);
    else
        on_envelope(c, node, STR_NONE);
}

bool channel_on_events(struct channel *c, const struct json_node *root)
{
    if (!json_is(root, JSON_ARRAY)) {
        on_one(c, root);
        return true;
    }
    for (const struct json_node *node = root->first; node != NULL;
         node = node->next)
        on_one(c, node);
    return true;
}
