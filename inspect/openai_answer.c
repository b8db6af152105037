/*
 * Answers of the public API: chat completions and Responses, as one JSON body
 * or as SSE (fact sheet chatgpt-wire §9.1, §9.2).  Pieces are appended under
 * the key of their place; where the service repeats the whole text (done,
 * completed), the whole replaces the pieces.
 */
#include <stdio.h>

#include "base/mem.h"
#include "inspect/answer_parts.h"

void openai_answer_free(struct answer *a)
{
    for (size_t i = 0; i < a->part_count; i++)
        buf_wipe_free(&a->parts[i].text);
    mem_free(a->parts);
    a->parts = NULL;
    a->part_count = 0;
    answer_files_free(a);
}

static struct api_part *part_of(
    struct answer *a, int64_t choice, struct str key, bool is_hidden)
{
    for (size_t i = 0; i < a->part_count; i++)
        if (a->parts[i].choice == choice && str_eq(a->parts[i].key, key))
            return &a->parts[i];
    if (a->part_count == API_PARTS_MAX) {
        a->is_over_limit = true;
        return NULL;
    }
    if (a->parts == NULL)
        a->parts = mem_calloc(API_PARTS_MAX, sizeof *a->parts);
    struct api_part *part = &a->parts[a->part_count++];
    part->choice = choice;
    part->key = arena_copy(&a->arena, str_sub(key, 0, 256));
    part->is_hidden = is_hidden;
    return part;
}

static void append(struct answer *a, struct api_part *part, struct str text)
{
    if (part == NULL || text.n == 0)
        return;
    if (a->text_bytes + text.n > 2 * ANSWER_TEXT_BYTES_MAX) {
        a->is_over_limit = true;
        return;
    }
    buf_append_str(&part->text, text);
    a->text_bytes += text.n;
}

static void replace(struct answer *a, struct api_part *part, struct str text)
{
    if (part == NULL || text.n == 0)
        return;
    a->text_bytes -= part->text.n;
    buf_clear(&part->text);
    append(a, part, text);
}

void answer_put_part(struct answer *a, struct str key, bool is_hidden,
    bool replaces, struct str text)
{
    struct api_part *part = part_of(a, 0, key, is_hidden);
    a->has_choice[0] = true;
    if (replaces)
        replace(a, part, text);
    else
        append(a, part, text);
}

static void note_ids(struct answer *a, const struct json_node *root)
{
    a->message_id = answer_keep(a, json_get_text(root, "id"), a->message_id);
    a->model = answer_keep(a, json_get_text(root, "model"), a->model);
    a->parent_id = answer_keep(
        a, json_get_text(root, "previous_response_id"), a->parent_id);
    const struct json_node *conversation = json_get(root, "conversation");
    struct str id = json_str(conversation);
    if (id.n == 0)
        id = json_get_text(conversation, "id");
    a->conversation_id = answer_keep(a, id, a->conversation_id);
}

/* ---- chat completions -------------------------------------------------- */

static void read_tool_calls(
    struct answer *a, int64_t choice, const struct json_node *calls)
{
    size_t n = 0;
    for (const struct json_node *c = calls != NULL ? calls->first : NULL;
         c != NULL; c = c->next, n++) {
        int64_t index = (int64_t)n;
        char key[32];
        if (json_int(json_get(c, "index"), &index) != OK)
            index = (int64_t)n;
        snprintf(key, sizeof key, "tool %lld", (long long)index);
        struct api_part *part = part_of(a, choice, str_of(key), true);
        append(a, part, json_path_text(c, "function/arguments"));
        append(a, part, json_path_text(c, "custom/input"));
    }
}

/* Sound comes whole, or in pieces that are base64 each. */
static void read_audio(
    struct answer *a, int64_t choice, const struct json_node *audio)
{
    struct str data = json_get_text(audio, "data");
    struct str id = json_get_text(audio, "id"); /* in the first piece only */
    if (data.n == 0 && id.n == 0)
        return;
    struct answer_file *file = answer_file_at(a, choice, STR("audio"), id);
    if (data.n != 0)
        answer_file_base64(file, data);
}

/* message (whole) or delta (pieces): the same members. */
static void read_choice(struct answer *a, const struct json_node *choice)
{
    int64_t index = 0;
    const struct json_node *m = json_get(choice, "message");
    if (m == NULL)
        m = json_get(choice, "delta");
    if (json_int(json_get(choice, "index"), &index) != OK || index < 0 ||
        index >= ANSWERS_MAX) {
        if (json_get(choice, "index") != NULL)
            a->is_over_limit = true;
        index = 0;
    }
    a->has_choice[index] = true;
    append(a, part_of(a, index, STR("content"), false),
        json_get_text(m, "content"));
    append(a, part_of(a, index, STR("content"), false),
        json_get_text(choice, "text")); /* of a completion */
    append(a, part_of(a, index, STR("refusal"), false),
        json_get_text(m, "refusal"));
    append(a, part_of(a, index, STR("transcript"), false),
        json_path_text(m, "audio/transcript"));
    append(a, part_of(a, index, STR("reasoning"), true),
        json_get_text(m, "reasoning_content"));
    append(a, part_of(a, index, STR("function"), true),
        json_path_text(m, "function_call/arguments"));
    read_audio(a, index, json_get(m, "audio"));
    read_tool_calls(a, index, json_get(m, "tool_calls"));
}

static void read_chat(struct answer *a, const struct json_node *root)
{
    const struct json_node *choices = json_get(root, "choices");
    note_ids(a, root);
    for (const struct json_node *c = choices != NULL ? choices->first : NULL;
         c != NULL; c = c->next)
        read_choice(a, c);
}

/* ---- responses ----------------------------------------------------------- */

static struct api_part *part_of_item(struct answer *a, struct str item,
    int64_t index, const char *kind, bool is_hidden)
{
    char key[256];
    snprintf(key, sizeof key, "%.*s %lld %s",
        (int)(item.n < 160 ? item.n : 160), item.p != NULL ? item.p : "",
        (long long)index, kind);
    return part_of(a, 0, str_of(key), is_hidden);
}

/* What the answer made; what it only quotes is no file of it. */
static void read_annotation(struct answer *a, const struct json_node *c)
{
    struct str type = json_get_text(c, "type");
    struct str id = json_get_text(c, "file_id");
    if (id.n == 0)
        id = json_path_text(c, "file_path/file_id");
    if (id.n != 0 && !str_is(type, "url_citation") &&
        !str_is(type, "file_citation"))
        (void)answer_add_file(a, 0, id, json_get_text(c, "filename"));
}

static void read_annotations(struct answer *a, const struct json_node *list)
{
    for (const struct json_node *c = list != NULL ? list->first : NULL;
         c != NULL; c = c->next)
        read_annotation(a, c);
}

static void read_parts(struct answer *a, struct str item,
    const struct json_node *list, const char *kind)
{
    int64_t index = 0;
    bool is_hidden = !str_is(str_of(kind), "text");
    for (const struct json_node *c = list != NULL ? list->first : NULL;
         c != NULL; c = c->next, index++) {
        replace(a, part_of_item(a, item, index, kind, is_hidden),
            json_get_text(c, "text"));
        replace(a, part_of_item(a, item, index, "refusal", is_hidden),
            json_get_text(c, "refusal"));
        replace(a, part_of_item(a, item, index, "transcript", is_hidden),
            json_get_text(c, "transcript"));
        read_annotations(a, json_get(c, "annotations"));
    }
}

/* Pages that a search looked at are named by the answer where it says so. */
static void join_strings(const struct json_node *node, struct buf *to)
{
    if (node == NULL || openai_is_label(node->key) ||
        str_is(node->key, "sources"))
        return;
    if (!str_starts_nocase(json_str(node), "data:"))
        text_join(to, json_str(node));
    for (const struct json_node *c = node->first; c != NULL; c = c->next)
        join_strings(c, to);
}

/* Calls of every kind keep their words in a handful of members: a string, or
 * objects and lists around strings (commands, queries, what was printed). */
static void read_call(
    struct answer *a, struct str item, const struct json_node *node)
{
    static const char *const members[] = {"arguments", "input", "code",
        "action", "operation", "queries", "results", "output"};
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        struct buf words = {0};
        join_strings(json_get(node, members[i]), &words);
        replace(a, part_of_item(a, item, 0, members[i], true), buf_str(&words));
        buf_wipe_free(&words);
    }
}

/* What the code printed, and the pictures that it drew. */
static void read_outputs(
    struct answer *a, struct str item, const struct json_node *list)
{
    int64_t index = 0;
    for (const struct json_node *c = list != NULL ? list->first : NULL;
         c != NULL; c = c->next, index++) {
        char key[256];
        snprintf(key, sizeof key, "%.*s %lld output",
            (int)(item.n < 160 ? item.n : 160), item.p != NULL ? item.p : "",
            (long long)index);
        replace(a, part_of_item(a, item, index, "logs", true),
            json_get_text(c, "logs"));
        answer_file_url(a, str_of(key), json_get_text(c, "url"));
    }
}

static void read_image(struct answer *a, struct str id, struct str data)
{
    struct answer_file *file = answer_add_file(a, 0, id, STR_NONE);
    if (!answer_file_is_known(file) && data.n != 0)
        answer_file_base64(file, data);
}

static void read_item(struct answer *a, const struct json_node *item)
{
    struct str type = json_get_text(item, "type");
    struct str id = json_get_text(item, "id");
    if (str_is(type, "message")) {
        read_parts(a, id, json_get(item, "content"), "text");
    } else if (str_is(type, "reasoning")) {
        read_parts(a, id, json_get(item, "summary"), "reasoning");
        read_parts(a, id, json_get(item, "content"), "reasoning text");
    } else {
        read_call(a, id, item);
        if (str_is(type, "image_generation_call"))
            read_image(a, id, json_get_text(item, "result"));
        read_outputs(a, id, json_get(item, "outputs"));
    }
}

/* It is made in the background, and asked for until it is there. */
static bool is_queued(const struct json_node *response)
{
    struct str status = json_get_text(response, "status");
    return str_is(status, "queued") || str_is(status, "in_progress");
}

static void read_response(struct answer *a, const struct json_node *response)
{
    const struct json_node *output = json_get(response, "output");
    note_ids(a, response);
    a->is_queued = is_queued(response);
    if (a->is_queued)
        return;
    a->has_choice[0] = true;
    for (const struct json_node *c = output != NULL ? output->first : NULL;
         c != NULL; c = c->next)
        read_item(a, c);
}

/* Event names end in .delta (text in `delta`) or .done (whole, in one of a
 * few members). */
static const struct {
    const char *name, *kind, *whole;
    bool is_hidden;
} TEXT_EVENTS[] = {
    {"response.output_text", "text", "text", false},
    {"response.refusal", "refusal", "refusal", false},
    {"response.audio.transcript", "transcript", "transcript", false},
    /* realtime, and its older names */
    {"response.output_audio_transcript", "transcript", "transcript", false},
    {"response.audio_transcript", "transcript", "transcript", false},
    {"response.text", "text", "text", false},
    {"response.reasoning_text", "reasoning text", "text", true},
    {"response.reasoning_summary_text", "reasoning", "text", true},
    {"response.function_call_arguments", "arguments", "arguments", true},
    {"response.mcp_call_arguments", "arguments", "arguments", true},
    {"response.custom_tool_call_input", "input", "input", true},
    {"response.code_interpreter_call_code", "code", "code", true},
};

static bool read_text_event(
    struct answer *a, struct str type, const struct json_node *root)
{
    bool is_delta = str_ends(type, ".delta");
    if (!is_delta && !str_ends(type, ".done"))
        return false;
    struct str name = str_sub(type, 0, type.n - (is_delta ? 6 : 5));
    for (size_t i = 0; i < ARRAY_LEN(TEXT_EVENTS); i++) {
        if (!str_is(name, TEXT_EVENTS[i].name))
            continue;
        int64_t index = 0;
        if (json_int(json_get(root, "content_index"), &index) != OK &&
            json_int(json_get(root, "summary_index"), &index) != OK)
            index = 0;
        struct api_part *part = part_of_item(a, json_get_text(root, "item_id"),
            index, TEXT_EVENTS[i].kind, TEXT_EVENTS[i].is_hidden);
        a->has_choice[0] = true;
        if (is_delta)
            append(a, part, json_get_text(root, "delta"));
        else
            replace(a, part, json_get_text(root, TEXT_EVENTS[i].whole));
        return true;
    }
    return false;
}

/* Pieces under the message's id, then the message whole. */
static void read_thread_message(
    struct answer *a, const struct json_node *root, bool is_delta)
{
    const struct json_node *list =
        is_delta ? json_path(root, "delta/content") : json_get(root, "content");
    struct str id = json_get_text(root, "id"),
               role = json_get_text(root, "role");
    if (role.n != 0 && !str_is(role, "assistant"))
        return;
    a->message_id = answer_keep(a, id, a->message_id);
    a->has_choice[0] = true;
    int64_t n = 0;
    for (const struct json_node *c = list != NULL ? list->first : NULL;
         c != NULL; c = c->next, n++) {
        int64_t index = n;
        if (json_int(json_get(c, "index"), &index) != OK)
            index = n;
        struct api_part *part = part_of_item(a, id, index, "text", false);
        struct str text = json_path_text(c, "text/value");
        if (is_delta)
            append(a, part, text);
        else
            replace(a, part, text);
        struct str image = json_path_text(c, "image_file/file_id");
        if (image.n != 0)
            (void)answer_add_file(a, 0, image, STR_NONE);
        read_annotations(a, json_path(c, "text/annotations"));
    }
}

/* Runs of assistants tell their events by the kind of object they hold. */
static void read_thread_event(
    struct answer *a, struct str object, const struct json_node *root)
{
    a->conversation_id =
        answer_keep(a, json_get_text(root, "thread_id"), a->conversation_id);
    if (str_is(object, "thread.run"))
        a->model = answer_keep(a, json_get_text(root, "model"), a->model);
    else if (str_is(object, "thread.message.delta"))
        read_thread_message(a, root, true);
    else if (str_is(object, "thread.message"))
        read_thread_message(a, root, false);
}

/* Where an event does not say what it holds, its name does. */
static struct str thread_object(struct str name)
{
    if (str_starts(name, "thread.run.") && !str_starts(name, "thread.run.step"))
        return STR("thread.run");
    if (str_starts(name, "thread.message."))
        return str_is(name, "thread.message.delta")
                   ? STR("thread.message.delta")
                   : STR("thread.message");
    return str_starts(name, "thread.") ? name : STR_NONE;
}

/* Events are numbered, and who goes on with a stream may get some again. */
static bool was_read(struct answer *a, const struct json_node *root)
{
    int64_t number;
    if (json_int(json_get(root, "sequence_number"), &number) != OK ||
        number < 0 || number == INT64_MAX)
        return false;
    if (number < a->next_sequence)
        return true;
    a->next_sequence = number + 1;
    return false;
}

static void read_responses_event(
    struct answer *a, struct str name, const struct json_node *root)
{
    if (was_read(a, root))
        return;
    struct str type = json_get_text(root, "type");
    struct str object = json_get_text(root, "object");
    if (type.n == 0 && object.n == 0)
        object = thread_object(name);
    if (type.n == 0 && str_starts(name, "response."))
        type = name;
    if (type.n == 0 && str_starts(object, "thread.")) {
        read_thread_event(a, object, root);
        return;
    }
    if (read_text_event(a, type, root))
        return;
    if (str_is(type, "response.output_item.done")) {
        read_item(a, json_get(root, "item"));
    } else if (str_is(type, "response.output_text.annotation.added")) {
        read_annotation(a, json_get(root, "annotation"));
    } else if (str_is(type, "response.completed") ||
               str_is(type, "response.incomplete") ||
               str_is(type, "response.failed") ||
               str_is(type, "response.done")) {
        read_response(a, json_get(root, "response"));
        a->saw_end = !str_is(type, "response.failed"); /* it broke off */
    } else if (str_starts(type, "response.")) {
        note_ids(a, json_get(root, "response"));
    }
}

/* ---- frame ---- */

static void read_event(
    struct answer *a, struct str name, const struct json_node *root)
{
    if (a->codec == ANSWER_OPENAI_CHAT)
        read_chat(a, root);
    else if (a->codec == ANSWER_OPENAI_MEDIA)
        openai_media_json(a, root);
    else
        read_responses_event(a, name, root);
}

void openai_answer_json(struct answer *a, const struct json_node *root)
{
    read_event(a, STR_NONE, root);
}

void openai_answer_event(struct answer *a, const struct sse_event *event)
{
    struct str data = str_trim(event->data);
    if (str_is(data, "[DONE]")) {
        a->saw_end = true;
        return;
    }
    struct json_node *root;
    if (json_parse(data, &a->scratch, NULL, &root) != OK) {
        if (event->is_complete)
            a->is_broken = true;
    } else {
        read_event(a, event->name, root);
    }
    arena_reset(&a->scratch);
}

/* A message of the person that was put into a thread has its id from here. */
static void note_message(
    struct answer *a, const struct json_node *root, struct str object)
{
    struct str id = json_get_text(root, "id");
    bool is_message = str_is(object, "thread.message") ||
                      (object.n == 0 && str_starts(id, "msg_"));
    if (is_message && !str_is(json_get_text(root, "role"), "assistant"))
        a->request_id = answer_keep(a, id, a->request_id);
}

/* What was begun, or written to, tells its conversation; it is no answer. */
static void note_thread(struct answer *a, const struct json_node *root)
{
    struct str object = json_get_text(root, "object");
    struct str id = json_get_text(root, "id");
    bool is_begun = str_is(object, "thread") || str_is(object, "conversation");
    if (object.n == 0)
        is_begun = str_starts(id, "thread_") || str_starts(id, "conv_");
    if (!is_begun)
        note_message(a, root, object);
    if (!is_begun)
        id = json_get_text(root, "thread_id");
    a->conversation_id = answer_keep(a, id, a->conversation_id);
}

void openai_answer_body(struct answer *a, const struct json_node *root)
{
    if (a->codec == ANSWER_OPENAI_MEDIA || a->codec == ANSWER_OPENAI_LIST) {
        if (a->codec == ANSWER_OPENAI_MEDIA)
            openai_media_json(a, root);
        else
            openai_list_body(a, root);
        return;
    }
    if (json_get(root, "choices") == NULL && json_get(root, "output") == NULL) {
        note_thread(a, root);
        return;
    }
    if (a->codec == ANSWER_OPENAI_CHAT)
        read_chat(a, root);
    else
        read_response(a, root);
    a->saw_end =
        !a->is_mended && !str_is(json_get_text(root, "status"), "failed");
}

static struct activity *make_answer(struct answer *a, int64_t choice)
{
    struct activity *act = activity_new();
    act->conversation_id = arena_copy(&act->arena, a->conversation_id);
    act->message_id = arena_copy(&act->arena, a->message_id);
    act->parent_message_id = arena_copy(&act->arena, a->parent_id);
    act->model = arena_copy(&act->arena, a->model);
    act->has_complete = true;
    act->complete = a->saw_end;
    for (size_t i = 0; i < a->part_count; i++) {
        const struct api_part *part = &a->parts[i];
        if (part->choice == choice)
            answer_join(a, part->is_hidden ? &act->hidden : &act->content,
                buf_str(&part->text));
    }
    answer_take_files(a, choice, act);
    return act;
}

size_t openai_answer_take(struct answer *a, struct activity *out[ANSWERS_MAX])
{
    size_t n = 0;
    for (int64_t i = 0; i < ANSWERS_MAX; i++)
        if (a->has_choice[i])
            out[n++] = make_answer(a, i);
    return n;
}
