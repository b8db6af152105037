/*
 * ChatGPT's answer streams: legacy SSE and delta v1 into the same messages
 * (inspect/delta.c), and at the end messages into answers: what was shown is
 * the content, everything else that travelled is hidden (fact sheet
 * chatgpt-wire §4.2 to §4.5, §6.3).
 */
#include "inspect/answer_parts.h"

#include <string.h>

#include "base/mem.h"
#include "inspect/form.h"
#include "inspect/resume.h"

/* ---- events ---------------------------------------------------------- */

static void note_ids(struct answer *a, const struct json_node *root)
{
    a->conversation_id = answer_keep(
        a, json_get_text(root, "conversation_id"), a->conversation_id);
    const struct json_node *in_value =
        json_get(json_get(root, "v"), "conversation_id");
    a->conversation_id = answer_keep(a, json_str(in_value), a->conversation_id);
}

static void note_handoff(struct answer *a, const struct json_node *root)
{
    const struct json_node *list = json_get(root, "options");
    a->is_handoff = true;
    if (a->event_count != 0)
        a->event_count--; /* it is of this stream alone */
    for (const struct json_node *c = list != NULL ? list->first : NULL;
         c != NULL; c = c->next)
        a->topic_id = answer_keep(a, json_get_text(c, "topic_id"), a->topic_id);
}

/* Strings of an event, all but its labels. */
static void event_text(
    struct answer *a, const struct json_node *node, struct buf *out)
{
    static const char *const labels[] = {"type", "op", "path", "o", "p"};
    for (size_t i = 0; i < ARRAY_LEN(labels); i++)
        if (str_is(node->key, labels[i]))
            return;
    if (str_ends(node->key, "id"))
        return;
    if (node->kind == JSON_STRING)
        answer_join(a, out, node->text);
    for (const struct json_node *c = node->first; c != NULL; c = c->next)
        event_text(a, c, out);
}

/* Events that carry nobody's words (4.5): ids, marks, limits. */
static bool is_wordless(struct str type)
{
    static const char *const types[] = {"resume_conversation_token",
        "input_message", "message_marker", "conversation_detail_metadata",
        "conversation_async_status", "moderation", "num_variants_in_stream",
        "streaming_parent_patch", "perf_stats", "ads"};
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (str_is(type, types[i]))
            return true;
    return false;
}

/* What a widget or a notice shows beside the answer. */
static bool is_shown_beside(struct str type)
{
    return str_ends(type, "-item") || str_starts(type, "stream-item-") ||
           str_starts(type, "display_crisis_helpline");
}

static void on_typed(
    struct answer *a, struct str type, const struct json_node *root)
{
    if (str_is(type, "message_stream_complete")) {
        a->saw_end = true;
    } else if (str_is(type, "stream_handoff")) {
        a->turn_id =
            answer_keep(a, json_get_text(root, "turn_exchange_id"), a->turn_id);
        note_handoff(a, root);
    } else if (str_is(type, "server_ste_metadata")) {
        a->turn_id = answer_keep(
            a, json_path_text(root, "metadata/turn_exchange_id"), a->turn_id);
        a->model = answer_keep(
            a, json_path_text(root, "metadata/model_slug"), a->model);
        a->plan =
            answer_keep(a, json_path_text(root, "metadata/plan_type"), a->plan);
    } else if (str_is(type, "title_generation")) {
        a->title = answer_keep(a, json_get_text(root, "title"), a->title);
    } else if (is_shown_beside(type)) {
        event_text(a, root, &a->extra_hidden);
    } else if (!is_wordless(type)) {
        event_text(a, root, &a->rest);
    }
}

static bool is_delta_object(
    const struct answer *a, const struct json_node *root)
{
    return a->is_delta && json_is(root, JSON_OBJECT) &&
           json_get(root, "type") == NULL &&
           json_get(root, "message") == NULL &&
           (json_get(root, "v") != NULL || json_get(root, "o") != NULL);
}

/* A conversation that is new may get its id by an operation of its own. */
static void note_late_id(struct answer *a)
{
    const struct delta *d = &a->delta;
    for (size_t i = d->count; a->conversation_id.n == 0 && i > 0; i--)
        a->conversation_id = answer_keep(a,
            doc_get_text(d->messages[i - 1].doc, "conversation_id"),
            a->conversation_id);
}

/* An encoding that is not known, or text that is no JSON: kept as it is, so
 * that it is scanned all the same. */
static void on_unknown(struct answer *a, struct str data)
{
    a->is_broken = true;
    a->has_unknown = true;
    answer_join(a, &a->extra_hidden, data);
}

static void on_json(
    struct answer *a, const struct sse_event *event, struct json_node *root)
{
    note_ids(a, root);
    struct str type = json_get_text(root, "type");
    if (str_is(event->name, "delta") || is_delta_object(a, root)) {
        a->is_delta = true;
        if (json_is(root, JSON_OBJECT))
            delta_apply(&a->delta, root);
        else
            on_unknown(a, event->data);
        note_late_id(a);
    } else if (json_is(json_get(root, "message"), JSON_OBJECT) && type.n == 0) {
        delta_put(&a->delta, root);
    } else if (type.n != 0) {
        on_typed(a, type, root);
    }
}

void chatgpt_answer_event(struct answer *a, const struct sse_event *event)
{
    struct str data = str_trim(event->data);
    if (data.n == 0)
        return;
    /* Nearly all of them: more of the text that grows. */
    if (a->skip_events == 0 && str_is(event->name, "delta") &&
        delta_apply_plain(&a->delta, data)) {
        resume_note_event(a, data);
        return;
    }
    if (str_is(data, "[DONE]")) {
        a->saw_end = a->saw_done = true;
        return;
    }
    if (str_is(event->name, "delta_encoding")) {
        a->has_encoding = true;
        a->is_delta = str_is(data, "\"v1\"") || str_is(data, "v1");
        a->is_broken = a->is_broken || !a->is_delta;
        return;
    }
    if (a->skip_events > 0) {
        a->skip_events--;
        return;
    }
    struct json_node *root;
    bool is_json = json_parse(data, &a->scratch, NULL, &root) == OK;
    if (is_json || event->is_complete) /* half of one is none */
        resume_note_event(a, data);
    if (is_json)
        on_json(a, event, root);
    else if (event->is_complete && (data.p[0] == '{' || a->is_delta))
        on_unknown(a, data);
    arena_reset(&a->scratch);
}

void chatgpt_answer_body(struct answer *a, const struct json_node *root)
{
    note_ids(a, root);
    a->turn_id = answer_keep(a, json_get_text(root, "response_id"), a->turn_id);
    const struct json_node *error = json_get(root, "error");
    a->is_refused = json_get(root, "detail") != NULL ||
                    (error != NULL && !json_is(error, JSON_NULL));
}

/* ---- messages: which is what (4.4) ------------------------------------ */

static const struct doc *message_of(const struct message *m)
{
    return doc_get(m->doc, "message");
}

static bool is_role(const struct doc *message, const char *role)
{
    return str_is(doc_get_text(doc_get(message, "author"), "role"), role);
}

static bool is_shown_content(struct str type)
{
    return type.n == 0 || str_is(type, "text") ||
           str_is(type, "multimodal_text");
}

static bool is_visible(const struct doc *message)
{
    struct str role = doc_get_text(doc_get(message, "author"), "role");
    struct str recipient = doc_get_text(message, "recipient");
    struct str channel = doc_get_text(message, "channel");
    const struct doc *content = doc_get(message, "content");
    return message != NULL && content != NULL &&
           (role.n == 0 || str_is(role, "assistant")) &&
           (recipient.n == 0 || str_is(recipient, "all")) &&
           (channel.n == 0 || str_is(channel, "final")) &&
           is_shown_content(doc_get_text(content, "content_type")) &&
           !doc_is_true(doc_get(doc_get(message, "metadata"),
               "is_visually_hidden_from_conversation"));
}

/* ---- files ------------------------------------------------------------ */

enum { OFFERED_FILES_MAX = 64 };

/* By its id, else by its name; what one mention leaves out another may say. */
static struct activity_file *add_file(
    struct activity *act, struct str id, struct str name)
{
    struct activity_file *file = NULL;
    if (id.n == 0 && name.n == 0)
        return NULL;
    for (size_t i = 0; i < act->file_count && file == NULL; i++) {
        struct activity_file *f = &act->files[i];
        bool is_same_id = id.n != 0 && str_eq(f->id, id);
        bool is_same_name =
            name.n != 0 && str_eq(f->name, name) && (id.n == 0 || f->id.n == 0);
        if (is_same_id || is_same_name)
            file = f;
    }
    if (file == NULL && act->file_count == OFFERED_FILES_MAX)
        return NULL;
    if (file == NULL)
        file = activity_add_file(act);
    if (file->id.n == 0)
        file->id = arena_copy(&act->arena, id);
    if (file->name.n == 0)
        file->name = arena_copy(&act->arena, name);
    return file;
}

/* Up to what closes a link; a name may have brackets of its own. */
static size_t find_link_end(struct str text)
{
    size_t end = 0, open = 0;
    for (; end < text.n && !strchr("\"'`>\n\r\t ", text.p[end]); end++) {
        if (text.p[end] == '(')
            open++;
        else if (text.p[end] == ')' && open-- == 0)
            break;
    }
    return end;
}

/* "[…](sandbox:/mnt/data/report.xlsx)": offered for download. */
static void find_sandbox_links(struct activity *act, struct str text)
{
    for (;;) {
        size_t at = str_find(text, STR("sandbox:"));
        if (at == text.n)
            return;
        text = str_sub(text, at + 8, text.n);
        size_t end = find_link_end(text);
        struct str path = str_sub(text, 0, end);
        size_t slash = path.n;
        while (slash > 0 && path.p[slash - 1] != '/')
            slash--;
        if (str_has(path, "/mnt/data/"))
            (void)add_file(act, STR_NONE,
                form_decode(&act->arena, str_sub(path, slash, path.n), false));
        text = str_sub(text, end, text.n);
    }
}

/* A number, or one that is written as text. */
static void set_size(struct activity_file *file, const struct doc *number)
{
    uint64_t bytes;
    bool is_number = number != NULL && (number->kind == JSON_NUMBER ||
                                           number->kind == JSON_STRING);
    if (file != NULL && is_number &&
        str_to_u64(buf_str(&number->text), &bytes) == OK && bytes <= INT64_MAX)
        file->bytes = (int64_t)bytes;
}

static void find_pointers(struct activity *act, const struct doc *doc)
{
    static const char *const keys[] = {"asset_pointer", "image_url"};
    if (doc == NULL)
        return;
    for (size_t i = 0; i < 2; i++) {
        if (str_starts_nocase(doc_get_text(doc, keys[i]), "http"))
            continue; /* somebody else's picture */
        set_size(add_file(act, chatgpt_pointer_id(doc_get_text(doc, keys[i])),
                     STR_NONE),
            doc_get(doc, "size_bytes"));
    }
    for (const struct doc *c = doc->first; c != NULL; c = c->next)
        find_pointers(act, c);
}

static struct str first_text(
    const struct doc *doc, const char *one, const char *other)
{
    struct str text = doc_get_text(doc, one);
    return text.n != 0 ? text : doc_get_text(doc, other);
}

static void find_attachments(struct activity *act, const struct doc *list)
{
    for (const struct doc *c = list != NULL ? list->first : NULL; c != NULL;
         c = c->next) {
        struct activity_file *file =
            add_file(act, doc_get_text(c, "id"), doc_get_text(c, "name"));
        struct str type = first_text(c, "mime_type", "mimeType");
        set_size(file, doc_get(c, "size"));
        if (file != NULL && file->declared_type.n == 0)
            file->declared_type = arena_copy(&act->arena, type);
    }
}

/* Files that the text links to; those that it only quotes from
 * ("filecite") came from elsewhere. */
static void find_references(struct activity *act, const struct doc *list)
{
    for (const struct doc *c = list != NULL ? list->first : NULL; c != NULL;
         c = c->next)
        if (str_is(doc_get_text(c, "type"), "file") &&
            !str_has(doc_get_text(c, "matched_text"), "filecite"))
            (void)add_file(act, first_text(c, "id", "file_id"),
                first_text(c, "name", "file_name"));
}

static void find_files(struct activity *act, const struct doc *message)
{
    const struct doc *metadata = doc_get(message, "metadata");
    if (!is_role(message, "user")) {
        find_pointers(act, doc_get(message, "content"));
        find_pointers(act, doc_get(metadata, "aggregate_result"));
    }
    find_attachments(act, doc_get(metadata, "attachments"));
    find_references(act, doc_get(metadata, "content_references"));
}

/* ---- text -------------------------------------------------------------- */

static void shown_text(
    struct answer *a, const struct doc *content, struct buf *out)
{
    answer_join(a, out, doc_get_text(content, "text"));
    const struct doc *parts = doc_get(content, "parts");
    if (parts != NULL && parts->kind == JSON_STRING)
        answer_join(a, out, doc_text(parts));
    for (const struct doc *c = parts != NULL ? parts->first : NULL; c != NULL;
         c = c->next)
        answer_join(a, out,
            c->kind == JSON_STRING ? doc_text(c) : doc_get_text(c, "text"));
}

/* Members that label or locate and are nobody's words. */
static bool is_label(struct str key)
{
    static const char *const labels[] = {"content_type", "language",
        "response_format_name", "asset_pointer", "id", "gen_id", "source",
        "source_analysis_msg_id", "parent_gen_id", "format", "direction"};
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++)
        if (str_is(key, labels[i]))
            return true;
    return str_ends(key, "_id");
}

static void all_text(struct answer *a, const struct doc *doc, struct buf *out)
{
    if (doc == NULL || is_label(buf_str(&doc->key)))
        return;
    if (doc->kind == JSON_STRING)
        answer_join(a, out, doc_text(doc));
    for (const struct doc *c = doc->first; c != NULL; c = c->next)
        all_text(a, c, out);
}

static void search_queries(
    struct answer *a, const struct doc *metadata, struct buf *out)
{
    all_text(
        a, doc_get(doc_get(metadata, "search_model_queries"), "queries"), out);
    all_text(a, doc_get(metadata, "search_queries"), out);
}

/* Generated images carry the prompt that they were made from. */
static void image_prompts(
    struct answer *a, const struct doc *content, struct buf *out)
{
    const struct doc *parts = doc_get(content, "parts");
    for (const struct doc *c = parts != NULL ? parts->first : NULL; c != NULL;
         c = c->next)
        answer_join(a, out,
            doc_get_text(doc_get(doc_get(c, "metadata"), "dalle"), "prompt"));
}

/* ---- answers ------------------------------------------------------------ */

struct group {
    struct str parent; /* of its first shown message */
    struct activity *activity;
    bool is_shown;
    bool has_hidden; /* of messages: a title alone is no answer */
};

static struct str model_of(const struct answer *a, const struct doc *message)
{
    const struct doc *metadata = doc_get(message, "metadata");
    struct str model = doc_get_text(metadata, "model_slug");
    if (model.n == 0)
        model = doc_get_text(metadata, "resolved_model_slug");
    return model.n != 0 ? model : a->model;
}

static void show_message(
    struct answer *a, struct group *g, const struct message *m)
{
    const struct doc *message = message_of(m);
    const struct doc *content = doc_get(message, "content");
    struct activity *act = g->activity;
    struct str parent = doc_get_text(doc_get(message, "metadata"), "parent_id");
    struct buf text = {0};
    if (!g->is_shown)
        g->parent = parent;
    g->is_shown = true;
    act->message_id = arena_copy(&act->arena, doc_get_text(message, "id"));
    act->parent_message_id = arena_copy(&act->arena, parent);
    act->model = arena_copy(&act->arena, model_of(a, message));
    shown_text(a, content, &text);
    find_sandbox_links(act, buf_str(&text));
    answer_join(a, &act->content, buf_str(&text));
    buf_wipe_free(&text);
    image_prompts(a, content, &act->hidden);
}

/* Memory and custom instructions travel as messages of the user. */
static bool is_context(const struct doc *message)
{
    const struct doc *content = doc_get(message, "content");
    return !is_shown_content(doc_get_text(content, "content_type")) ||
           doc_is_true(doc_get(doc_get(message, "metadata"),
               "is_visually_hidden_from_conversation"));
}

/* What the interpreter ran and what came of it; mostly messages of their own
 * say the same. */
static void interpreter_text(
    struct answer *a, const struct doc *metadata, struct buf *out)
{
    static const char *const keys[] = {"code", "final_expression_output"};
    const struct doc *result = doc_get(metadata, "aggregate_result");
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        struct str text = doc_get_text(result, keys[i]);
        if (text.n != 0 && str_find(buf_str(out), text) == out->n)
            answer_join(a, out, text);
    }
}

static void read_message(
    struct answer *a, struct group *g, const struct message *m)
{
    const struct doc *message = message_of(m);
    struct buf *hidden = &g->activity->hidden;
    if (is_role(message, "user") && !is_context(message))
        return; /* the prompt again */
    if (is_visible(message))
        show_message(a, g, m);
    else
        all_text(a, doc_get(message, "content"), hidden);
    answer_join(a, hidden, buf_str(&m->cut));
    search_queries(a, doc_get(message, "metadata"), hidden);
    interpreter_text(a, doc_get(message, "metadata"), hidden);
    g->has_hidden = g->has_hidden || hidden->n != 0;
    find_files(g->activity, message);
}

/* Two shown messages under one parent are two answers (variants). */
static bool opens_group(
    const struct group *groups, size_t n, const struct message *m)
{
    const struct doc *message = message_of(m);
    struct str parent = doc_get_text(doc_get(message, "metadata"), "parent_id");
    if (!is_visible(message) || parent.n == 0)
        return false;
    for (size_t i = 0; i < n; i++)
        if (groups[i].is_shown && str_eq(groups[i].parent, parent))
            return true;
    return false;
}

static bool is_worth_it(const struct answer *a, const struct group *g)
{
    const struct activity *act = g->activity;
    if (a->has_unknown)
        return true;
    if (a->is_handoff) /* what it announces is the answer, and goes on there */
        return act->content.n != 0;
    return g->is_shown || g->has_hidden || act->file_count != 0;
}

size_t chatgpt_answer_take(struct answer *a, struct activity *out[ANSWERS_MAX])
{
    struct group groups[ANSWERS_MAX] = {{.activity = activity_new()}};
    size_t n = 1, kept = 0;
    for (size_t i = 0; i < a->delta.count; i++) {
        const struct message *m = &a->delta.messages[i];
        if (n < ANSWERS_MAX && opens_group(groups, n, m))
            groups[n++] = (struct group){.activity = activity_new()};
        read_message(a, &groups[n - 1], m);
    }
    answer_join(a, &groups[n - 1].activity->hidden, buf_str(&a->extra_hidden));
    answer_join(a, &groups[n - 1].activity->hidden, a->title);
    if (a->delta.is_odd)
        a->is_broken = true;
    for (size_t i = 0; i < n; i++) {
        struct activity *act = groups[i].activity;
        if (!is_worth_it(a, &groups[i])) {
            activity_free(&act);
            continue;
        }
        act->conversation_id = arena_copy(&act->arena, a->conversation_id);
        act->has_complete = true;
        act->complete = a->saw_end && !a->is_handoff;
        out[kept++] = act;
    }
    return kept;
}
