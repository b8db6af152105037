/*
 * The light web app's answer as JSON lines: `content` lines set or extend the
 * text of a message, `control` lines say how the stream stands.  The same
 * text comes again in `dil`, `shared` and `state`: it is read once.
 */
#include "base/mem.h"
#include "inspect/json.h"
#include "inspect/mweb.h"
#include "inspect/ndjson.h"

struct mweb_ndjson {
    struct mweb *to;
    struct ndjson *lines;
    struct arena scratch; /* of one line's tree */
};

void mweb_free(struct mweb *m)
{
    for (size_t i = 0; i < m->count; i++) {
        buf_wipe_free(&m->texts[i].content);
        buf_wipe_free(&m->texts[i].hidden);
    }
    m->count = 0;
    arena_free(&m->arena);
}

struct str mweb_keep(struct mweb *m, struct str value, struct str old)
{
    if (value.n == 0 || value.n > MWEB_ID_BYTES_MAX || str_eq(value, old))
        return old;
    return arena_copy(&m->arena, value);
}

void mweb_append(struct mweb *m, struct buf *to, struct str text)
{
    if (text.n > MWEB_TEXT_BYTES_MAX - to->n) {
        m->is_over_limit = true;
        return;
    }
    buf_append_str(to, text);
}

static struct mweb_text *text_of(struct mweb *m, struct str id)
{
    for (size_t i = 0; i < m->count; i++)
        if (str_eq(m->texts[i].message_id, id))
            return &m->texts[i];
    if (m->count == MWEB_ANSWERS_MAX || id.n > MWEB_ID_BYTES_MAX) {
        m->is_over_limit = true;
        return NULL;
    }
    struct mweb_text *text = &m->texts[m->count++];
    text->message_id = arena_copy(&m->arena, id);
    return text;
}

/* What was shown and is not the beginning of what replaces it. */
static void replace(struct mweb *m, struct mweb_text *text, struct str now)
{
    struct str old = buf_str(&text->content);
    if (old.n > now.n || !str_eq(old, str_sub(now, 0, old.n))) {
        if (text->hidden.n != 0)
            mweb_append(m, &text->hidden, STR("\n"));
        mweb_append(m, &text->hidden, old);
    }
    buf_clear(&text->content);
    mweb_append(m, &text->content, now);
}

/* A line that comes again after a retry was applied already. */
static bool is_repeated(struct mweb_text *text, const struct json_node *line)
{
    int64_t revision;
    if (json_int(json_get(line, "revision"), &revision) != OK)
        return false;
    bool is_old = text->has_revision && revision <= text->revision;
    if (!is_old)
        text->revision = revision;
    text->has_revision = true;
    return is_old;
}

static void read_content(struct mweb *m, const struct json_node *line)
{
    struct mweb_text *text = text_of(m, json_get_text(line, "messageId"));
    if (text == NULL)
        return;
    const struct json_node *markdown = json_get(line, "markdown");
    struct str now = json_str(markdown);
    bool is_append = str_is(json_get_text(line, "mode"), "append");
    bool is_old = is_repeated(text, line);
    struct str model = json_path_text(line, "streamingParent/metadata/"
                                            "resolved_model_slug");
    if (model.n == 0)
        model = json_path_text(line, "streamingParent/metadata/model_slug");
    m->model = mweb_keep(m, model, m->model);
    if (!json_is(markdown, JSON_STRING) && !is_append)
        now = json_path_text(line, "dil/fallbackMarkdown");
    if (is_append && !is_old)
        mweb_append(m, &text->content, now);
    else if (!is_append && (now.n != 0 || json_is(markdown, JSON_STRING)))
        replace(m, text, now);
    if (str_is(json_get_text(line, "status"), "complete"))
        text->is_complete = true;
}

static void read_control(struct mweb *m, const struct json_node *line)
{
    const struct json_node *detail = json_get(line, "detail");
    struct str kind = json_get_text(detail, "kind");
    m->conversation_id = mweb_keep(
        m, json_get_text(detail, "conversationId"), m->conversation_id);
    if (str_is(kind, "failed"))
        m->has_failed = true;
    else if (str_is(kind, "complete") ||
             str_is(kind, "message-stream-complete"))
        m->saw_end = true;
}

/* JSON in a string; of it only the id counts. */
static void read_state(struct mweb_ndjson *r, const struct json_node *line)
{
    struct mweb *m = r->to;
    struct json_node *state;
    if (m->conversation_id.n != 0 ||
        json_parse(json_get_text(line, "conversationState"), &r->scratch, NULL,
            &state) != OK)
        return;
    struct str id = json_get_text(state, "conversationId");
    if (id.n == 0)
        id = json_get_text(state, "backendConversationId");
    m->conversation_id = mweb_keep(m, id, m->conversation_id);
}

static void on_line(void *arg, struct str line, bool is_complete)
{
    struct mweb_ndjson *r = arg;
    struct mweb *m = r->to;
    struct json_node *root;
    if (json_parse(line, &r->scratch, NULL, &root) != OK) {
        m->is_broken = m->is_broken || is_complete;
        goto out;
    }
    struct str type = json_get_text(root, "type");
    if (str_is(type, "content"))
        read_content(m, root);
    else if (str_is(type, "control"))
        read_control(m, root);
    else if (str_is(type, "state"))
        read_state(r, root);
    else if (str_is(type, "error"))
        m->has_failed = true;
    else if (str_is(type, "end"))
        m->saw_end = true;
out:
    arena_reset(&r->scratch);
}

struct mweb_ndjson *mweb_ndjson_new(struct mweb *to)
{
    struct mweb_ndjson *r = MEM_NEW(struct mweb_ndjson);
    r->to = to;
    r->lines = ndjson_new(0, on_line, r);
    return r;
}

void mweb_ndjson_free(struct mweb_ndjson **reader)
{
    if (*reader == NULL)
        return;
    ndjson_free(&(*reader)->lines);
    arena_free(&(*reader)->scratch);
    mem_free(*reader);
    *reader = NULL;
}

void mweb_ndjson_feed(struct mweb_ndjson *r, struct str bytes)
{
    if (ndjson_feed(r->lines, bytes) != OK)
        r->to->is_over_limit = true;
}

void mweb_ndjson_finish(struct mweb_ndjson *r)
{
    if (ndjson_finish(r->lines) != OK)
        r->to->is_over_limit = true;
}
