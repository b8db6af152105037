/*
 * Whole messages in the envelopes of ws.chatgpt.com (fact sheet chatgpt-wire
 * §4.6): reports, images and whatever a background task adds to a
 * conversation; and what others write in a group chat (§3.7).
 */
#include "base/mem.h"
#include "inspect/answer_parts.h"
#include "inspect/channel_parts.h"

/* ---- messages ------------------------------------------------------------ */

static struct str role_of(const struct json_node *message)
{
    struct str role = json_path_text(message, "author/role");
    return role.n != 0 ? role : json_get_text(message, "role");
}

/* As the documents of a stream: {"message": …}. */
static void put_message(struct answer *a, const struct json_node *message)
{
    struct json_node member = *message;
    struct json_node document = {.kind = JSON_OBJECT, .count = 1};
    if (json_is(json_get(message, "message"), JSON_OBJECT)) {
        delta_put(&a->delta, message);
        return;
    }
    member.key = STR("message");
    member.next = NULL;
    document.first = document.last = &member;
    delta_put(&a->delta, &document);
}

static const struct json_node *unwrap(const struct json_node *node)
{
    const struct json_node *message = json_get(node, "message");
    return json_is(message, JSON_OBJECT) ? message : node;
}

static bool is_finished(const struct json_node *message)
{
    struct str status = json_get_text(message, "status");
    return status.n == 0 || str_starts(status, "finished");
}

struct update {
    struct channel *channel;
    struct answer *answer;
    const struct json_node *message; /* the last one */
    size_t count;
    bool is_finished;
};

static void add_message(struct update *u, const struct json_node *node)
{
    const struct json_node *message = unwrap(node);
    if (!json_is(message, JSON_OBJECT) || str_is(role_of(message), "user"))
        return;
    put_message(u->answer, node);
    u->message = message;
    u->is_finished = u->is_finished && is_finished(message);
    u->count++;
}

static void add_messages(struct update *u, const struct json_node *content)
{
    const struct json_node *list = json_get(content, "messages");
    const struct json_node *report =
        json_path(content, "widget_state/report_message");
    if (json_is(json_get(content, "message"), JSON_OBJECT))
        add_message(u, json_get(content, "message"));
    for (const struct json_node *m = json_is(list, JSON_ARRAY) ? list->first
                                                               : NULL;
         m != NULL; m = m->next)
        add_message(u, m);
    add_message(u, report);
}

/* ---- what is told of them -------------------------------------------------
 */

/* A tool's message is the answer, where there is no other (images). */
static void fill_ids(struct activity *a, const struct json_node *message)
{
    if (a->message_id.n != 0)
        return;
    const struct json_node *metadata = json_get(message, "metadata");
    a->message_id = arena_copy(&a->arena, json_get_text(message, "id"));
    a->parent_message_id =
        arena_copy(&a->arena, json_get_text(metadata, "parent_id"));
    if (a->model.n == 0)
        a->model = arena_copy(&a->arena, json_get_text(metadata, "model_slug"));
}

static void all_text(const struct json_node *node, struct buf *out)
{
    if (json_is(node, JSON_STRING))
        text_join(out, node->text);
    for (const struct json_node *c = node != NULL ? node->first : NULL;
         c != NULL; c = c->next)
        all_text(c, out);
}

/* Steps on the way (a tool at work) are nobody's answer yet: they come again
 * with it, or are looked at in the history. */
static size_t drop_steps(struct activity **list, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (list[i]->content.n != 0 || list[i]->file_count != 0)
            list[kept++] = list[i];
        else
            activity_free(&list[i]);
    }
    return kept;
}

static bool tell_update(struct update *u, const struct json_node *content)
{
    struct activity *list[ANSWERS_MAX];
    struct answer *a = u->answer;
    if (!u->is_finished || u->message == NULL)
        return false;
    const struct json_node *metadata = json_get(u->message, "metadata");
    struct str turn = json_get_text(metadata, "turn_exchange_id");
    if (turn.n == 0)
        turn = json_get_text(metadata, "working_turn_id");
    all_text(json_path(content, "widget_state/plan"), &a->extra_hidden);
    a->saw_end = true;
    answer_finish(a, true);
    size_t n = drop_steps(list, answer_take(a, list));
    if (n == 1)
        fill_ids(list[0], u->message);
    if (n != 0)
        channel_tell(u->channel, list, n, turn);
    return n != 0;
}

/* A report may be text alone. */
static bool tell_report(struct channel *c, const struct json_node *update,
    const struct json_node *content)
{
    struct str report = json_path_text(content, "widget_state/report_message");
    if (report.n == 0)
        return false;
    struct activity *a = activity_new();
    a->name = STR("response.generated");
    a->conversation_id =
        arena_copy(&a->arena, json_get_text(update, "conversation_id"));
    buf_append_str(&a->content, report);
    all_text(json_path(content, "widget_state/plan"), &a->hidden);
    a->has_complete = a->complete = true;
    channel_tell(c, &a, 1, STR_NONE);
    return true;
}

void channel_on_update(struct channel *c, const struct json_node *update)
{
    const struct json_node *content = json_get(update, "update_content");
    struct update u = {.channel = c,
        .answer = answer_new(ANSWER_CHATGPT, true),
        .is_finished = true};
    u.answer->conversation_id = answer_keep(u.answer,
        json_get_text(update, "conversation_id"), u.answer->conversation_id);
    add_messages(&u, content);
    if (!tell_update(&u, content) && !tell_report(c, update, content))
        channel_read_rest(c, update);
    answer_free(&u.answer);
}

/* ---- group chats ----------------------------------------------------------
 */

static struct str first_text(
    const struct json_node *node, const char *const *members)
{
    for (; *members != NULL; members++)
        if (json_path_text(node, *members).n != 0)
            return json_path_text(node, *members);
    return STR_NONE;
}

static void chat_text(const struct json_node *message, struct buf *out)
{
    const struct json_node *content = json_get(message, "content");
    const struct json_node *parts = json_get(content, "parts");
    text_join(out, json_str(content));
    text_join(out, json_get_text(content, "text"));
    for (const struct json_node *p = parts != NULL ? parts->first : NULL;
         p != NULL; p = p->next)
        text_join(
            out, json_is(p, JSON_STRING) ? p->text : json_get_text(p, "text"));
}

/* Somebody's message that enters is looked at like the history of the room; a
 * message of the assistant is its answer there. */
void channel_on_group_chat(struct channel *c, const struct json_node *payload)
{
    static const char *const ids[] = {"id", "message_id", NULL};
    static const char *const rooms[] = {
        "room_id", "conversation_id", "calpico_room_id", NULL};
    static const char *const parents[] = {
        "reply_to/message_id", "metadata/parent_id", NULL};
    const struct json_node *message = unwrap(payload);
    struct buf text = {0};
    chat_text(message, &text);
    if (text.n == 0) {
        channel_read_rest(c, payload);
        return;
    }
    struct activity *a = activity_new();
    bool is_answer = str_is(role_of(message), "assistant");
    struct str room = first_text(message, rooms);
    if (room.n == 0)
        room = first_text(payload, rooms);
    a->name =
        is_answer ? STR("response.generated") : STR("conversation.viewed");
    a->message_id = arena_copy(&a->arena, first_text(message, ids));
    a->parent_message_id = arena_copy(&a->arena, first_text(message, parents));
    a->conversation_id = arena_copy(&a->arena, room);
    a->has_complete = a->complete = is_answer;
    buf_take(&a->content, &text);
    channel_tell(c, &a, 1, STR_NONE);
}
