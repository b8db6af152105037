/*
 * Envelopes of Azure Web PubSub, 2023-11..2024 (fact sheet chatgpt-wire §4.7):
 * pieces of an answer's event stream in base64, cut anywhere, by response id.
 */
#include "base/base64.h"
#include "inspect/answer_parts.h"
#include "inspect/channel_parts.h"

static struct topic *topic_of(struct channel *c, const struct json_node *data)
{
    struct str name = json_get_text(data, "response_id");
    if (name.n == 0)
        name = json_get_text(data, "conversation_id");
    struct topic *t = channel_topic(c, name);
    topic_set(&t->conversation, json_get_text(data, "conversation_id"));
    return t;
}

static void on_piece(
    struct topic *t, const struct json_node *root, struct str text)
{
    const struct json_node *sequence = json_get(root, "sequenceId");
    struct topic_item item = {.text = text};
    if (json_is(sequence, JSON_NUMBER))
        item.offset = sequence->text;
    topic_add(t, &item);
}

bool channel_on_pubsub(struct channel *c, const struct json_node *root)
{
    const struct json_node *data = json_get(root, "data");
    const struct json_node *body = json_get(data, "body");
    struct buf text = {0};
    if (str_is(json_get_text(root, "type"), "system"))
        return true;
    if (!json_is(body, JSON_STRING))
        return false;
    struct topic *t = topic_of(c, data);
    if (base64_decode(body->text, &text) == OK)
        on_piece(t, root, buf_str(&text));
    else
        channel_tell_broken(c, body->text);
    if (json_is(json_get(data, "more_body"), JSON_FALSE))
        topic_end(c, t, true);
    buf_wipe_free(&text);
    return true;
}
