/*
 * The prompt body of ChatGPT (fact sheet chatgpt-wire §3.1, §3.2, §3.5) and
 * the decision what kind of prompt it is: a new one, an edit, another answer,
 * or going on.  What an edit looks like only the keeper can tell: a second
 * user message under a parent that has one.
 */
#include <string.h>

#include "inspect/answer_parts.h"
#include "inspect/exchange_parts.h"

struct str chatgpt_pointer_id(struct str pointer)
{
    size_t at = str_find(pointer, STR("://"));
    if (at == pointer.n)
        return STR_NONE;
    struct str id = str_sub(pointer, at + 3, pointer.n);
    id = str_sub(id, 0, str_find_char(id, '?'));
    return str_sub(id, 0, str_find_char(id, '#'));
}

static int64_t size_of(const struct json_node *node)
{
    int64_t bytes;
    uint64_t text;
    if (json_int(node, &bytes) == OK && bytes >= 0)
        return bytes;
    if (str_to_u64(json_str(node), &text) == OK && text <= INT64_MAX)
        return (int64_t)text; /* third-party clients */
    return -1;
}

static void read_pointer(
    struct exchange *ex, const struct json_node *node, int64_t bytes)
{
    struct str pointer = json_str(node);
    if (str_starts_nocase(pointer, "data:")) {
        extract_data_url(ex, node, STR_NONE);
        return;
    }
    struct str id = chatgpt_pointer_id(pointer);
    struct activity_file *file =
        id.n != 0 ? extract_file(ex, id, STR_NONE) : NULL;
    if (file != NULL && file->bytes < 0)
        file->bytes = bytes;
}

/* An object in `parts` (3.5): text of a voice turn, or pointers to files, at
 * whatever depth. */
static void read_pointers(struct exchange *ex, const struct json_node *part)
{
    for (const struct json_node *c = part->first; c != NULL; c = c->next) {
        if (str_ends(c->key, "asset_pointer") && c->kind == JSON_STRING) {
            read_pointer(ex, c, size_of(json_get(part, "size_bytes")));
        } else if (str_ends(c->key, "asset_pointers") &&
                   c->kind == JSON_ARRAY) {
            for (const struct json_node *f = c->first; f != NULL; f = f->next)
                json_is(f, JSON_STRING) ? read_pointer(ex, f, -1)
                                        : read_pointers(ex, f);
        } else if (str_is(c->key, "url") &&
                   str_starts_nocase(json_str(c), "data:")) {
            extract_data_url(ex, c, STR_NONE);
        } else {
            read_pointers(ex, c);
        }
    }
}

static void read_part(
    struct exchange *ex, const struct json_node *part, struct buf *to)
{
    if (json_is(part, JSON_OBJECT)) {
        extract_join(ex, to, take_text(ex, json_get(part, "text")));
        read_pointers(ex, part);
    } else if (str_starts_nocase(json_str(part), "data:") &&
               str_has(str_sub(json_str(part), 0, 128), ";base64,")) {
        extract_data_url(ex, part, STR_NONE);
    } else {
        extract_join(ex, to, take_text(ex, part));
    }
}

/* False: content of a shape that is not known. */
static bool read_content(
    struct exchange *ex, const struct json_node *content, struct buf *to)
{
    const struct json_node *parts = json_get(content, "parts");
    const struct json_node *text = json_get(content, "text");
    if (json_is(content, JSON_STRING)) {
        extract_join(ex, to, take_text(ex, content));
        return true;
    }
    if (json_is(content, JSON_ARRAY))
        parts = content;
    if (json_is(parts, JSON_STRING))
        extract_join(ex, to, take_text(ex, parts));
    for (const struct json_node *c = parts != NULL ? parts->first : NULL;
         c != NULL; c = c->next)
        read_part(ex, c, to);
    extract_join(ex, to, take_text(ex, text));
    return parts != NULL || text != NULL;
}

static void read_attachment(
    struct exchange *ex, const struct json_node *attachment)
{
    struct str name = take_text(ex, json_get(attachment, "name"));
    struct str id = json_get_text(attachment, "id");
    if (id.n == 0 && name.n == 0)
        return;
    struct activity_file *file = extract_file(ex, id, name);
    if (file == NULL)
        return;
    struct str type = json_get_text(attachment, "mime_type");
    if (type.n == 0)
        type = json_get_text(attachment, "mimeType");
    if (file->bytes < 0)
        file->bytes = size_of(json_get(attachment, "size"));
    file->declared_type = arena_copy(&ex->activity->arena, type);
}

static struct str role_of(const struct json_node *message)
{
    struct str role = json_get_text(json_get(message, "author"), "role");
    return role.n != 0 ? role : json_get_text(message, "role"); /* 2022-12 */
}

static bool is_users(const struct json_node *message)
{
    struct str role = role_of(message);
    return role.n == 0 || str_is(role, "user");
}

static bool read_message(struct exchange *ex, const struct json_node *message)
{
    struct activity *a = ex->activity;
    bool is_user = is_users(message);
    const struct json_node *metadata = json_get(message, "metadata");
    const struct json_node *list = json_get(metadata, "attachments");
    if (!json_is(message, JSON_OBJECT))
        return false;
    bool is_known = read_content(
        ex, json_get(message, "content"), is_user ? &a->content : &a->hidden);
    extract_join(ex, is_user ? &a->content : &a->hidden,
        take_text(ex, json_get(metadata, "targeted_reply")));
    for (const struct json_node *c = list != NULL ? list->first : NULL;
         c != NULL; c = c->next)
        read_attachment(ex, c);
    if (is_user && json_get_text(message, "id").n != 0)
        a->message_id = arena_copy(&a->arena, json_get_text(message, "id"));
    return is_known;
}

static void read_ids(struct exchange *ex, const struct json_node *root)
{
    struct activity *a = ex->activity;
    struct str gizmo = json_path_text(root, "conversation_mode/gizmo_id");
    if (!str_starts(gizmo, "g-p-"))
        gizmo = json_get_text(root, "gizmo_id");
    if (!str_starts(gizmo, "g-p-"))
        gizmo = ex->project_header;
    a->conversation_id =
        arena_copy(&a->arena, json_get_text(root, "conversation_id"));
    a->parent_message_id =
        arena_copy(&a->arena, json_get_text(root, "parent_message_id"));
    a->model = arena_copy(&a->arena, json_get_text(root, "model"));
    if (str_starts(gizmo, "g-p-"))
        a->project_id = arena_copy(&a->arena, gizmo);
    if (json_is_true(json_get(root, "history_and_training_disabled")))
        activity_add_detail(a, "is_temporary_chat", STR("true"));
    ex->action = arena_copy(&ex->arena, json_get_text(root, "action"));
    const struct json_node *encodings = json_get(root, "supported_encodings");
    for (const struct json_node *c = encodings != NULL ? encodings->first
                                                       : NULL;
         c != NULL; c = c->next)
        ex->wants_v1 = ex->wants_v1 || str_is(json_str(c), "v1");
}

static void set_name(struct exchange *ex, const char *update)
{
    struct activity *a = ex->activity;
    bool has_file = a->file_count != 0;
    a->update = str_of(update);
    if (update != NULL)
        a->name =
            has_file ? STR("prompt_with_file.updated") : STR("prompt.updated");
    else
        a->name =
            has_file ? STR("prompt_with_file.created") : STR("prompt.created");
}

/* Messages, but none of a user (3.1): what a client puts in on its own, such
 * as instructions.  It is scanned, and no prompt. */
static bool is_only_context(const struct json_node *messages)
{
    if (!json_is(messages, JSON_ARRAY) || messages->count == 0)
        return false;
    for (const struct json_node *c = messages->first; c != NULL; c = c->next)
        if (is_users(c))
            return false;
    return true;
}

/* The decision table of 3.2.3, as far as the body alone tells. */
static const char *update_by_body(const struct exchange *ex)
{
    const struct activity *a = ex->activity;
    bool has_conversation = a->conversation_id.n != 0;
    if (exchange_route(ex)->is_into_turn)
        return NULL;
    if (str_is(ex->action, "variant") && has_conversation)
        return "regenerate";
    if (str_is(ex->action, "continue"))
        return "continue";
    if (has_conversation && str_is(a->parent_message_id, "client-created-root"))
        return "edit";
    return NULL;
}

static void unname(struct activity *a)
{
    a->name = STR("service.unclassified");
    a->update = STR_NONE;
}

bool chatgpt_extract_prompt(struct exchange *ex, const struct json_node *root)
{
    const struct json_node *messages = json_get(root, "messages");
    bool is_known = json_is(root, JSON_OBJECT);
    bool may_be_empty = messages == NULL || json_is(messages, JSON_NULL);
    is_known = is_known && (may_be_empty || json_is(messages, JSON_ARRAY));
    read_ids(ex, root);
    for (const struct json_node *c =
             json_is(messages, JSON_ARRAY) ? messages->first : NULL;
         c != NULL; c = c->next)
        is_known = read_message(ex, c) && is_known;
    extract_fields(ex, root);
    const char *update = update_by_body(ex);
    set_name(ex, update);
    bool is_next = update == NULL || strcmp(update, "edit") == 0;
    ex->asks_keeper = is_next && ex->activity->message_id.n != 0;
    ex->is_only_context = is_next && is_only_context(messages);
    if (ex->is_only_context)
        unname(ex->activity);
    return is_known;
}

/* ---- the keeper's part -------------------------------------------------- */

void chatgpt_ask(struct exchange *ex)
{
    const struct activity *a = ex->activity;
    struct keep_prompt prompt = {
        .service = a->service,
        .conversation_id = a->conversation_id,
        .message_id = a->message_id,
        .parent_message_id = a->parent_message_id,
        .text = buf_str(&a->content),
        .time_ms = a->time_ms,
    };
    memcpy(prompt.activity_id, a->id, sizeof prompt.activity_id);
    buf_clear(&ex->question);
    keep_ask_prompt(&prompt, &ex->question);
}

void chatgpt_decide(struct exchange *ex, struct str answer)
{
    struct activity *a = ex->activity;
    struct keep_prompt_answer said;
    if (keep_read_prompt(answer, &said) != OK)
        return; /* the keeper is gone: what the body told stands */
    const struct route *route = exchange_route(ex);
    if (said.is_edit && a->conversation_id.n != 0 && !route->is_into_turn &&
        route->body == BODY_CHATGPT_PROMPT)
        set_name(ex, "edit");
    if (said.attempts > 1) {
        memcpy(a->id, said.activity_id, sizeof a->id);
        a->time_ms = said.time_ms;
        a->attempts = said.attempts;
    }
}
