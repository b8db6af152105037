/*
 * Whole messages in the envelopes of ws.chatgpt.com (fact sheet chatgpt-wire
 * §4.6): reports, images and whatever a background task adds to a
 * conversation; and what others write in a group chat (§3.7).  An answer that
 * is still under way is kept as a topic of the socket and told with it.
 */
#include "base/mem.h"
#include "inspect/answer_parts.h"
#include "inspect/channel_parts.h"

enum { UPDATE_MESSAGES_MAX = 512 };

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

/* What one update says. */
struct update {
    struct channel *channel;
    struct str conversation;
    const struct json_node *messages[UPDATE_MESSAGES_MAX];
    size_t count;
    bool is_finished;
};

static void add_message(struct update *u, const struct json_node *node)
{
    const struct json_node *message = unwrap(node);
    if (!json_is(message, JSON_OBJECT) || str_is(role_of(message), "user") ||
        u->count == UPDATE_MESSAGES_MAX)
        return;
    u->messages[u->count++] = node;
    u->is_finished = u->is_finished && is_finished(message);
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

/* ---- answers on their way ----------------------------------------------- */

static struct str turn_of(const struct update *u)
{
    for (size_t i = u->count; i > 0; i--) {
        const struct json_node *metadata =
            json_get(unwrap(u->messages[i - 1]), "metadata");
        struct str turn = json_get_text(metadata, "turn_exchange_id");
        if (turn.n == 0)
            turn = json_get_text(metadata, "working_turn_id");
        if (turn.n != 0)
            return turn;
    }
    return STR_NONE;
}

/* All updates of one turn are one answer; without its name, all of one
 * message. */
static struct topic *topic_of(const struct update *u)
{
    struct channel *c = u->channel;
    struct str turn = turn_of(u);
    struct str id = json_get_text(unwrap(u->messages[u->count - 1]), "id");
    struct str name = str_of(arena_printf(&c->scratch, "update %.*s %.*s",
        STR_ARG(u->conversation), STR_ARG(turn.n != 0 ? turn : id)));
    struct topic *t = channel_topic(c, name);
    buf_clear(&t->turn);
    topic_set(&t->turn, turn);
    topic_set(&t->conversation, u->conversation);
    topic_open(c, t, ANSWER_CHATGPT);
    t->is_update = true;
    return t;
}

/* A tool's message is the answer, where there is no other (images). */
static void fill_ids(struct activity *act, const struct answer *a)
{
    if (act->message_id.n != 0 || a->delta.count == 0)
        return;
    const struct doc *message =
        doc_get(a->delta.messages[a->delta.count - 1].doc, "message");
    const struct doc *metadata = doc_get(message, "metadata");
    struct arena *arena = &act->arena;
    act->message_id = arena_copy(arena, doc_get_text(message, "id"));
    act->parent_message_id =
        arena_copy(arena, doc_get_text(metadata, "parent_id"));
    if (act->model.n == 0)
        act->model = arena_copy(arena, doc_get_text(metadata, "model_slug"));
}

/* Steps on the way (a tool at work) are nobody's answer: they belong to the
 * one that follows, or come again with it. */
static size_t drop_steps(struct channel *c, struct activity **list, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (list[i]->content.n != 0 || list[i]->file_count != 0) {
            list[kept++] = list[i];
            continue;
        }
        channel_tell_text(
            c, "service.unclassified", buf_str(&list[i]->hidden), true);
        activity_free(&list[i]);
    }
    return kept;
}

size_t channel_fill_update(
    struct channel *c, const struct topic *t, struct activity **list, size_t n)
{
    bool is_over = t->answer->saw_end || !t->is_under_way;
    size_t kept = is_over ? drop_steps(c, list, n) : n;
    if (kept == 1)
        fill_ids(list[0], t->answer);
    return kept;
}

static bool has_answer(const struct topic *t)
{
    struct activity *list[ANSWERS_MAX];
    size_t n = answer_take(t->answer, list);
    bool is_worth_it = false;
    for (size_t i = 0; i < n; i++) {
        is_worth_it =
            is_worth_it || list[i]->content.n != 0 || list[i]->file_count != 0;
        activity_free(&list[i]);
    }
    return is_worth_it;
}

/* Shown words that still grow. */
static bool is_growing(const struct topic *t)
{
    for (size_t i = 0; i < t->answer->delta.count; i++) {
        const struct doc *message =
            doc_get(t->answer->delta.messages[i].doc, "message");
        struct str status = doc_get_text(message, "status");
        struct str to = doc_get_text(message, "recipient");
        struct str role = doc_get_text(doc_get(message, "author"), "role");
        if (str_is(role, "assistant") && (to.n == 0 || str_is(to, "all")) &&
            status.n != 0 && !str_starts(status, "finished"))
            return true;
    }
    return false;
}

/* The conversation has its answer: what else was on its way and shows nothing
 * was a step to it. */
static void end_steps(struct update *u)
{
    for (struct topic *t = u->channel->topics; t != NULL; t = t->next)
        if (t->is_update && t->answer != NULL &&
            str_eq(buf_str(&t->conversation), u->conversation) &&
            !has_answer(t))
            topic_end(u->channel, t, true);
}

static void all_text(const struct json_node *node, struct buf *out)
{
    if (json_is(node, JSON_STRING))
        text_join(out, node->text);
    for (const struct json_node *c = node != NULL ? node->first : NULL;
         c != NULL; c = c->next)
        all_text(c, out);
}

/* What the first of the messages hangs on: the prompt, if nothing names the
 * turn.  The answer itself may hang on a tool's message. */
static struct str root_of(const struct delta *d)
{
    for (size_t i = 0; i < d->count; i++) {
        const struct doc *message = doc_get(d->messages[i].doc, "message");
        struct str parent =
            doc_get_text(doc_get(message, "metadata"), "parent_id");
        if (parent.n != 0 && !delta_has_id(d, parent))
            return parent;
    }
    return STR_NONE;
}

static void put_update(struct update *u, const struct json_node *content)
{
    struct topic *t = topic_of(u);
    struct answer *a = t->answer;
    const struct json_node *plan = json_path(content, "widget_state/plan");
    a->conversation_id = answer_keep(a, u->conversation, a->conversation_id);
    for (size_t i = 0; i < u->count; i++)
        put_message(a, u->messages[i]);
    if (t->turn.n == 0)
        topic_set(&t->turn, root_of(&a->delta));
    if (plan != NULL)
        buf_clear(&a->extra_hidden); /* the last one counts */
    all_text(plan, &a->extra_hidden);
    t->is_under_way = !u->is_finished || is_growing(t);
    if (t->is_under_way || !has_answer(t))
        return;
    topic_end(u->channel, t, true);
    end_steps(u);
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
        .conversation = json_get_text(update, "conversation_id"),
        .is_finished = true};
    add_messages(&u, content);
    if (u.count != 0)
        put_update(&u, content);
    else if (!tell_report(c, update, content))
        channel_read_rest(c, update);
}

/* ---- group chats ---- */

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
