/*
 * Requests of the public API (fact sheet chatgpt-wire §9.1, §9.2).  They
 * resend the whole history: the last user message is the content, everything
 * else is hidden (contract, "How the fields are filled").
 */
#include <stdio.h>

#include "base/mem.h"
#include "inspect/answer_parts.h"
#include "inspect/exchange_parts.h"

/* ---- parts of a content list -------------------------------------------- */

/* Where a picture or file lies elsewhere: said beside the message. */
static void read_link(struct exchange *ex, const struct json_node *url)
{
    if (json_is(url, JSON_STRING) && !str_starts_nocase(url->text, "data:"))
        text_join(&ex->activity->hidden, take_text(ex, url));
}

static void read_image(struct exchange *ex, const struct json_node *image)
{
    const struct json_node *url = json_get(image, "url");
    if (url == NULL)
        url = image;
    if (str_starts_nocase(json_str(url), "data:"))
        extract_data_url(ex, url, STR_NONE);
    read_link(ex, url);
    struct str id = json_get_text(image, "file_id");
    if (id.n != 0)
        extract_file(ex, id, STR_NONE);
}

static void read_file(struct exchange *ex, const struct json_node *file)
{
    struct str name = take_text(ex, json_get(file, "filename"));
    const struct json_node *data = json_get(file, "file_data");
    struct str id = json_get_text(file, "file_id");
    read_link(ex, json_get(file, "file_url"));
    size_t before = ex->activity->file_count;
    extract_base64(ex, data, STR_NONE, name);
    if (ex->activity->file_count == before && (id.n != 0 || name.n != 0))
        extract_file(ex, id, name);
}

static void read_audio(struct exchange *ex, const struct json_node *audio)
{
    char type[32];
    struct str format = str_sub(json_get_text(audio, "format"), 0, 16);
    snprintf(type, sizeof type, "audio/%.*s", STR_ARG(format));
    extract_base64(ex, json_get(audio, "data"),
        format.n != 0 ? str_of(type) : STR_NONE, STR_NONE);
}

static void read_part(
    struct exchange *ex, const struct json_node *part, struct buf *to)
{
    struct str type = json_get_text(part, "type");
    extract_join(ex, to, take_text(ex, json_get(part, "text")));
    extract_join(ex, to, take_text(ex, json_get(part, "refusal")));
    if (str_is(type, "image_url") || str_is(type, "input_image"))
        read_image(ex, json_get(part, "image_url") != NULL
                           ? json_get(part, "image_url")
                           : part);
    else if (str_is(type, "image_file"))
        read_image(ex, json_get(part, "image_file"));
    else if (str_is(type, "file"))
        read_file(ex, json_get(part, "file"));
    else if (str_is(type, "input_file"))
        read_file(ex, part);
    else if (str_is(type, "input_audio")) {
        read_audio(ex, json_get(part, "input_audio"));
        /* realtime: the part itself holds it */
        extract_join(ex, to, take_text(ex, json_get(part, "transcript")));
        extract_base64(ex, json_get(part, "audio"), STR_NONE, STR_NONE);
    }
}

static bool read_content(
    struct exchange *ex, const struct json_node *content, struct buf *to)
{
    if (content == NULL || json_is(content, JSON_NULL))
        return true; /* an assistant's tool call has none */
    if (json_is(content, JSON_STRING)) {
        extract_join(ex, to, take_text(ex, content));
        return true;
    }
    for (const struct json_node *c = content->first; c != NULL; c = c->next) {
        if (json_is(c, JSON_STRING))
            extract_join(ex, to, take_text(ex, c));
        else
            read_part(ex, c, to);
    }
    return json_is(content, JSON_ARRAY);
}

/* ---- messages ---- */

static bool is_user(const struct json_node *item)
{
    return str_is(json_get_text(item, "role"), "user");
}

static const struct json_node *last_user(const struct json_node *list)
{
    const struct json_node *last = NULL;
    for (const struct json_node *c = list->first; c != NULL; c = c->next)
        if (is_user(c))
            last = c;
    return last;
}

static void join_member(
    struct exchange *ex, const struct json_node *node, const char *member)
{
    text_join(&ex->activity->hidden, take_text(ex, json_get(node, member)));
}

bool openai_is_label(struct str key)
{
    static const char *const labels[] = {"type", "id", "role", "status",
        "encrypted_content", "result", "annotations", "logprobs"};
    for (size_t i = 0; i < ARRAY_LEN(labels); i++)
        if (str_is(key, labels[i]))
            return true;
    return str_ends(key, "_id");
}

/* Words of calls and their results, whatever their kind. */
static void join_all(struct exchange *ex, const struct json_node *node)
{
    if (node == NULL || openai_is_label(node->key))
        return;
    if (str_starts_nocase(json_str(node), "data:"))
        extract_data_url(ex, node, STR_NONE);
    else if (json_is(node, JSON_STRING))
        text_join(&ex->activity->hidden, take_text(ex, node));
    for (const struct json_node *c = node->first; c != NULL; c = c->next)
        join_all(ex, c);
}

static bool is_message(const struct json_node *item)
{
    return json_get(item, "role") != NULL ||
           str_is(json_get_text(item, "type"), "message");
}

/* What a message has beside its content. */
static void read_calls(struct exchange *ex, const struct json_node *item)
{
    join_member(ex, item, "name");
    join_all(ex, json_get(item, "tool_calls"));
    join_all(ex, json_get(item, "function_call"));
}

static bool read_list(struct exchange *ex, const struct json_node *list)
{
    const struct json_node *last = last_user(list);
    bool is_known = true;
    for (const struct json_node *c = list->first; c != NULL; c = c->next) {
        struct buf *to =
            c == last ? &ex->activity->content : &ex->activity->hidden;
        if (json_is(c, JSON_STRING)) {
            extract_join(ex, to, take_text(ex, c));
            continue;
        }
        if (!is_message(c)) {
            join_all(ex, c);
            continue;
        }
        is_known = read_content(ex, json_get(c, "content"), to) && is_known;
        read_calls(ex, c);
    }
    return is_known;
}

static void set_ids(struct exchange *ex, const struct json_node *root)
{
    struct activity *a = ex->activity;
    const struct json_node *conversation = json_get(root, "conversation");
    struct str id = json_str(conversation);
    if (id.n == 0)
        id = json_get_text(conversation, "id");
    if (id.n != 0)
        a->conversation_id = arena_copy(&a->arena, id);
    a->parent_message_id =
        arena_copy(&a->arena, json_get_text(root, "previous_response_id"));
    a->model = arena_copy(&a->arena, json_get_text(root, "model"));
    if (a->file_count != 0 && str_is(a->name, "prompt.created"))
        a->name = STR("prompt_with_file.created");
}

bool openai_extract_chat(struct exchange *ex, const struct json_node *root)
{
    const struct json_node *messages = json_get(root, "messages");
    if (!json_is(messages, JSON_ARRAY))
        return false;
    bool is_known = read_list(ex, messages);
    extract_fields(ex, root);
    set_ids(ex, root);
    return is_known;
}

/* What is put into a prompt that is kept by the service (9.2). */
static void join_variables(struct exchange *ex, const struct json_node *root)
{
    const struct json_node *variables = json_path(root, "prompt/variables");
    for (const struct json_node *c = variables != NULL ? variables->first
                                                       : NULL;
         c != NULL; c = c->next) {
        if (json_is(c, JSON_STRING))
            text_join(&ex->activity->hidden, take_text(ex, c));
        else
            (void)read_part(ex, c, &ex->activity->hidden);
    }
}

bool openai_extract_responses(struct exchange *ex, const struct json_node *root)
{
    const struct json_node *input = json_get(root, "input");
    if (input == NULL) /* of a conversation */
        input = json_get(root, "items");
    bool is_known = json_is(root, JSON_OBJECT);
    if (json_is(input, JSON_STRING))
        text_join(&ex->activity->content, take_text(ex, input));
    else if (json_is(input, JSON_ARRAY))
        is_known = read_list(ex, input) && is_known;
    else if (input != NULL && !json_is(input, JSON_NULL))
        is_known = false;
    join_member(ex, root, "instructions");
    join_variables(ex, root);
    extract_fields(ex, root);
    set_ids(ex, root);
    return is_known;
}

/* Items as they are told one by one, or with the order to answer. */
bool openai_extract_realtime(struct exchange *ex, const struct json_node *root)
{
    struct activity *a = ex->activity;
    const struct json_node *item = json_get(root, "item");
    const struct json_node *response = json_get(root, "response");
    const struct json_node *input = json_get(response, "input");
    const struct json_node *orders = json_get(response, "instructions");
    bool is_known = json_is(root, JSON_OBJECT);
    if (item != NULL && is_message(item))
        is_known = read_content(ex, json_get(item, "content"),
            is_user(item) ? &a->content : &a->hidden);
    else if (item != NULL)
        join_all(ex, item);
    if (json_is(input, JSON_ARRAY))
        is_known = read_list(ex, input) && is_known;
    /* Alone, they are what is asked for. */
    text_join(
        a->content.n == 0 ? &a->content : &a->hidden, take_text(ex, orders));
    extract_fields(ex, root);
    if (a->file_count != 0 && str_is(a->name, "prompt.created"))
        a->name = STR("prompt_with_file.created");
    return is_known;
}

/* Threads of assistants: a message, a list of them, or neither. */
bool openai_extract_thread(struct exchange *ex, const struct json_node *root)
{
    const struct json_node *const lists[] = {json_get(root, "messages"),
        json_path(root, "thread/messages"),
        json_get(root, "additional_messages")};
    bool is_known = json_is(root, JSON_OBJECT);
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        if (json_is(lists[i], JSON_ARRAY))
            is_known = read_list(ex, lists[i]) && is_known;
    bool is_mine = json_get(root, "role") == NULL || is_user(root);
    is_known = read_content(ex, json_get(root, "content"),
                   is_mine ? &ex->activity->content : &ex->activity->hidden) &&
               is_known;
    join_member(ex, root, "instructions");
    join_member(ex, root, "additional_instructions");
    extract_fields(ex, root);
    set_ids(ex, root);
    return is_known;
}
