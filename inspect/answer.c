/*
 * The frame of every answer: SSE events or one JSON body, handed to the codec
 * that the service map names.
 */
#include "inspect/answer.h"

#include "base/mem.h"
#include "inspect/answer_parts.h"
#include "inspect/keep.h"

enum { SNIFF_BYTES = 6 };

void text_join(struct buf *to, struct str text)
{
    if (text.n == 0)
        return;
    if (to->n != 0)
        buf_append_char(to, '\n');
    buf_append_str(to, text);
}

void answer_join(struct answer *a, struct buf *to, struct str text)
{
    if (to->n + text.n > ANSWER_TEXT_BYTES_MAX) {
        a->is_over_limit = true;
        return;
    }
    text_join(to, text);
}

struct str answer_keep(struct answer *a, struct str text, struct str old)
{
    if (text.n == 0 || str_eq(text, old))
        return old;
    return text.n <= 1024 ? arena_copy(&a->arena, text) : old;
}

static void on_event(void *arg, const struct sse_event *event)
{
    struct answer *a = arg;
    if (a->codec == ANSWER_CHATGPT || a->codec == ANSWER_MWEB)
        chatgpt_answer_event(a, event);
    else if (a->codec == ANSWER_MAP)
        map_answer_event(a, event);
    else
        openai_answer_event(a, event);
}

void answer_json(struct answer *a, const struct json_node *root)
{
    if (a != NULL)
        openai_answer_json(a, root);
}

struct answer *answer_new(enum answer_codec codec, bool is_sse)
{
    struct answer *a = MEM_NEW(struct answer);
    a->codec = codec;
    delta_setup(&a->delta);
    /* The light web app labels its lines as an event stream, too. */
    bool is_whole = codec == ANSWER_LINKS || codec == ANSWER_TRANSCRIPT;
    if (is_sse && codec != ANSWER_MWEB && !is_whole)
        a->sse = sse_new(0, on_event, a);
    a->is_open = a->sse == NULL && !is_whole;
    return a;
}

struct answer *answer_new_mapped(const struct answer_map *map, bool is_sse)
{
    struct answer *a = answer_new(ANSWER_MAP, is_sse);
    a->map = map;
    return a;
}

void answer_expect_page(struct answer *a)
{
    a->is_page = true;
    bootstrap_setup(&a->page, ANSWER_LINKS_BYTES_MAX);
}

/* Both of the light web app's forms show by their first byte. */
static bool open_mweb(struct answer *a, struct str text)
{
    struct buf body = {0};
    if (str_starts(text, "{"))
        a->mweb_lines = mweb_ndjson_new(&a->mweb);
    else if (str_starts(text, "<"))
        a->mweb_html = mweb_html_new(&a->mweb);
    else
        return false;
    buf_take(&body, &a->body);
    answer_feed(a, buf_str(&body));
    buf_wipe_free(&body);
    return true;
}

/* A stream with a label of its own choice shows by how it begins. */
static void look_for_stream(struct answer *a)
{
    static const char *const begins[] = {"data:", "event:", "id:", "retry:"};
    struct str text = buf_str(&a->body);
    if (str_starts(text, "\xef\xbb\xbf"))
        text = str_sub(text, 3, text.n);
    text = str_trim(text);
    if (text.n < SNIFF_BYTES && !a->is_finished)
        return;
    a->is_open = false;
    if (a->codec == ANSWER_MWEB && open_mweb(a, text))
        return;
    bool is_sse = text.n != 0 && text.p[0] == ':';
    for (size_t i = 0; i < ARRAY_LEN(begins); i++)
        is_sse = is_sse || str_starts(text, begins[i]);
    if (!is_sse)
        return;
    struct buf body = {0};
    a->sse = sse_new(0, on_event, a);
    buf_take(&body, &a->body);
    answer_feed(a, buf_str(&body));
    buf_wipe_free(&body);
}

void answer_free(struct answer **answer)
{
    struct answer *a = *answer;
    if (a == NULL)
        return;
    sse_free(&a->sse);
    for (size_t i = 0; i < a->tree_count; i++)
        activity_free(&a->trees[i]);
    mweb_ndjson_free(&a->mweb_lines);
    mweb_html_free(&a->mweb_html);
    mweb_free(&a->mweb);
    ndjson_free(&a->lines);
    buf_wipe_free(&a->body);
    delta_free(&a->delta);
    mem_free(a->events);
    buf_wipe_free(&a->extra_hidden);
    buf_wipe_free(&a->rest);
    bootstrap_free(&a->page);
    openai_answer_free(a);
    arena_free(&a->scratch);
    arena_free(&a->arena);
    mem_free(a);
    *answer = NULL;
}

void answer_feed(struct answer *a, struct str bytes)
{
    if (a->is_page) {
        bootstrap_feed(&a->page, bytes);
        return;
    }
    if (a->sse != NULL) {
        if (sse_feed(a->sse, bytes) != OK)
            a->is_over_limit = true;
        return;
    }
    if (a->mweb_lines != NULL) {
        mweb_ndjson_feed(a->mweb_lines, bytes);
        return;
    }
    if (a->mweb_html != NULL) {
        mweb_html_feed(a->mweb_html, bytes);
        return;
    }
    if (a->bytes_file != NULL) {
        answer_file_bytes(a->bytes_file, bytes);
        return;
    }
    size_t max = a->codec == ANSWER_LINKS ? ANSWER_LINKS_BYTES_MAX
                                          : ANSWER_BODY_BYTES_MAX;
    if (a->body.n + bytes.n > max) {
        a->is_over_limit = true;
        return;
    }
    buf_append_str(&a->body, bytes);
    if (a->is_open)
        look_for_stream(a);
}

static void on_line(void *arg, struct str line, bool is_complete)
{
    struct sse_event event = {.data = line, .is_complete = is_complete};
    map_answer_event(arg, &event);
}

/* JSON lines: each is an event.  False: it is none of that. */
static bool read_lines(struct answer *a)
{
    struct str body = str_trim(buf_str(&a->body));
    if (!str_starts(body, "{") || str_find_char(body, '\n') == body.n)
        return false;
    a->lines = ndjson_new(0, on_line, a);
    if (ndjson_feed(a->lines, buf_str(&a->body)) != OK ||
        ndjson_finish(a->lines) != OK)
        a->is_over_limit = true;
    return true;
}

static void read_body(struct answer *a)
{
    struct arena scratch = {0};
    struct json_node *root;
    struct buf mended = {0};
    if (a->codec == ANSWER_LINKS || a->codec == ANSWER_FIELDS ||
        a->codec == ANSWER_TRANSCRIPT || a->codec == ANSWER_MWEB ||
        a->body.n == 0)
        return;
    enum err err = json_parse(buf_str(&a->body), &scratch, NULL, &root);
    if (err != OK && a->codec == ANSWER_MAP && read_lines(a))
        goto out;
    if (err != OK && json_mend(buf_str(&a->body), &mended)) {
        a->is_mended = true;
        err = json_parse(buf_str(&mended), &scratch, NULL, &root);
    }
    if (err != OK)
        a->is_broken = a->is_complete;
    else if (a->codec == ANSWER_TREE)
        chatgpt_tree_body(a, root);
    else if (a->codec == ANSWER_MAP)
        map_answer_body(a, root);
    else if (a->codec == ANSWER_CHATGPT)
        chatgpt_answer_body(a, root);
    else
        openai_answer_body(a, root);
out:
    buf_wipe_free(&mended);
    arena_free(&scratch);
    if (a->codec != ANSWER_CHATGPT) /* its links are to be read */
        buf_wipe_free(&a->body);
}

void answer_finish(struct answer *a, bool is_complete)
{
    if (a->is_finished)
        return;
    a->is_finished = true;
    a->is_complete = is_complete;
    if (a->bytes_file != NULL)
        a->saw_end = is_complete;
    if (a->is_open)
        look_for_stream(a);
    if (a->codec == ANSWER_MAP && a->map->end.count == 0)
        a->saw_end = is_complete; /* the transport's word is all there is */
    if (a->mweb_lines != NULL)
        mweb_ndjson_finish(a->mweb_lines);
    else if (a->mweb_html != NULL)
        mweb_html_finish(a->mweb_html);
    else if (a->sse == NULL)
        read_body(a);
    else if (sse_finish(a->sse) != OK)
        a->is_over_limit = true;
}

/* The end mark of the stream or of the message; a failure undoes both. */
static struct activity *make_mweb(struct answer *a, struct mweb_text *text)
{
    struct activity *act = activity_new();
    act->message_id = arena_copy(&act->arena, text->message_id);
    act->conversation_id = arena_copy(&act->arena, a->conversation_id);
    act->model = arena_copy(&act->arena, a->mweb.model);
    buf_take(&act->content, &text->content);
    buf_take(&act->hidden, &text->hidden);
    act->has_complete = true;
    act->complete =
        (a->mweb.saw_end || text->is_complete) && !a->mweb.has_failed;
    return act;
}

static size_t mweb_take(struct answer *a, struct activity *out[ANSWERS_MAX])
{
    size_t n = 0;
    a->conversation_id =
        answer_keep(a, a->mweb.conversation_id, a->conversation_id);
    a->is_over_limit = a->is_over_limit || a->mweb.is_over_limit;
    a->is_broken = a->is_broken || a->mweb.is_broken;
    for (size_t i = 0; i < a->mweb.count; i++)
        if (a->mweb.texts[i].content.n != 0 || a->mweb.texts[i].hidden.n != 0)
            out[n++] = make_mweb(a, &a->mweb.texts[i]);
    return n;
}

static size_t take_by_codec(struct answer *a, struct activity *out[ANSWERS_MAX])
{
    if (a->codec == ANSWER_TREE || a->codec == ANSWER_OPENAI_LIST)
        return chatgpt_tree_take(a, out);
    if (a->codec == ANSWER_MWEB && a->sse == NULL)
        return mweb_take(a, out);
    if (a->codec == ANSWER_CHATGPT || a->codec == ANSWER_MWEB)
        return chatgpt_answer_take(a, out);
    return openai_answer_take(a, out);
}

size_t answer_take(struct answer *a, struct activity *out[ANSWERS_MAX])
{
    if (a->codec == ANSWER_LINKS || a->codec == ANSWER_FIELDS ||
        a->codec == ANSWER_TRANSCRIPT)
        return 0;
    size_t n = take_by_codec(a, out);
    for (size_t i = 0; i < n; i++) {
        if (out[i]->name.n == 0)
            out[i]->name = out[i]->file_count != 0
                               ? STR("response_with_file.generated")
                               : STR("response.generated");
        if (a->is_over_limit || a->delta.is_over_limit)
            out[i]->failure = STR("limit");
        else if (a->is_broken)
            out[i]->failure = STR("parse");
    }
    return n;
}

struct str answer_conversation_id(const struct answer *a)
{
    return a->conversation_id;
}

struct str answer_request_id(const struct answer *a)
{
    return a->request_id;
}

void answer_set_end(struct answer *a)
{
    a->saw_end = true;
}

struct str answer_plan(const struct answer *a)
{
    return a->plan;
}

struct str answer_links_body(const struct answer *a)
{
    if (a->is_page)
        return bootstrap_json(&a->page);
    bool has_links = a->codec == ANSWER_LINKS || a->codec == ANSWER_FIELDS ||
                     a->codec == ANSWER_CHATGPT;
    return has_links ? buf_str(&a->body) : STR_NONE;
}

bool answer_is_whole(const struct answer *a)
{
    return a->saw_end && !a->is_handoff;
}

struct answer_turn answer_turn(const struct answer *a)
{
    bool goes_on = a->is_handoff || !a->saw_end;
    struct str id =
        a->codec == ANSWER_OPENAI_RESPONSES ? a->message_id : a->turn_id;
    return (struct answer_turn){id, a->topic_id, goes_on};
}

void answer_take_rest(struct answer *a, struct buf *out)
{
    buf_wipe_free(out);
    buf_take(out, &a->rest);
}

const struct keep_turn *answer_turns(const struct answer *a, size_t *count_out)
{
    *count_out =
        a->turn_count < KEEP_TURNS_MAX ? a->turn_count : KEEP_TURNS_MAX;
    return a->turns;
}

bool answer_is_refusal(const struct answer *a)
{
    return a->is_refused;
}

struct str answer_queued_id(const struct answer *a)
{
    return a->is_queued ? a->message_id : STR_NONE;
}

bool answer_is_stream(const struct answer *a)
{
    return a->sse != NULL;
}

bool answer_is_cut(const struct answer *a)
{
    return a->is_over_limit;
}
