/*
 * Responses of the public API that go on in another stream (fact sheet
 * chatgpt-wire §9.2): one that is made in the background is read on by a GET
 * of its id, from the event after the last one that came, or from the first.
 */
#include "base/jsonw.h"
#include "base/mem.h"
#include "inspect/answer_parts.h"
#include "inspect/resume.h"

/* ---- what is kept ------------------------------------------------------ */

static void write_parts(const struct answer *a, struct jsonw *w)
{
    jsonw_key(w, "parts");
    jsonw_array(w);
    for (size_t i = 0; i < a->part_count; i++) {
        jsonw_object(w);
        jsonw_key_str(w, "key", a->parts[i].key);
        jsonw_key_bool(w, "hidden", a->parts[i].is_hidden);
        jsonw_key_str(w, "text", buf_str(&a->parts[i].text));
        jsonw_close(w);
    }
    jsonw_close(w);
}

/* Files have bytes, which are too many to be kept. */
void openai_resume_write(const struct answer *a, struct buf *out)
{
    struct jsonw w = {.out = out};
    size_t start = out->n;
    if (a->sse == NULL || a->message_id.n == 0 || a->file_count != 0 ||
        a->is_over_limit || a->text_bytes > RESUME_KEPT_MAX)
        return;
    jsonw_object(&w);
    jsonw_key_str(&w, "message", a->message_id);
    jsonw_key_str(&w, "parent", a->parent_id);
    jsonw_key_str(&w, "conversation", a->conversation_id);
    jsonw_key_str(&w, "model", a->model);
    jsonw_key_int(&w, "next", a->next_sequence);
    jsonw_key_bool(&w, "is_broken", a->is_broken);
    write_parts(a, &w);
    jsonw_close(&w);
    if (out->n - start > RESUME_KEPT_MAX)
        buf_truncate(out, start);
}

static struct answer *restore(const struct json_node *kept)
{
    struct answer *a = answer_new(ANSWER_OPENAI_RESPONSES, true);
    const struct json_node *parts = json_get(kept, "parts");
    a->message_id = answer_keep(a, json_get_text(kept, "message"), STR_NONE);
    a->parent_id = answer_keep(a, json_get_text(kept, "parent"), STR_NONE);
    a->conversation_id =
        answer_keep(a, json_get_text(kept, "conversation"), STR_NONE);
    a->model = answer_keep(a, json_get_text(kept, "model"), STR_NONE);
    a->is_broken = json_is_true(json_get(kept, "is_broken"));
    if (json_int(json_get(kept, "next"), &a->next_sequence) != OK ||
        a->next_sequence < 0)
        a->next_sequence = 0;
    for (const struct json_node *c = parts->first; c != NULL; c = c->next)
        answer_put_part(a, json_get_text(c, "key"),
            json_is_true(json_get(c, "hidden")), true,
            json_get_text(c, "text"));
    return a;
}

/* ---- going on ---------------------------------------------------------- */

static struct answer *decode(struct str raw, bool is_complete)
{
    struct answer *a = answer_new(ANSWER_OPENAI_RESPONSES, false);
    answer_feed(a, raw);
    answer_finish(a, is_complete);
    return a;
}

/* One that is still being made says nothing yet; one that came as a body needs
 * nothing of what was kept, nor does a stream from the first event on where
 * events have no numbers, for nobody could tell which came twice. */
struct answer *openai_resume_join(const struct json_node *kept, struct str raw,
    bool is_complete, bool *is_same_out)
{
    struct answer *fresh = decode(raw, is_complete), *joined = NULL;
    struct str id = json_get_text(kept, "message");
    bool is_stream = fresh->sse != NULL;
    bool is_anew =
        fresh->next_sequence == 0 && str_has(raw, "\"response.created\"");
    bool is_other = fresh->message_id.n != 0 && !str_eq(fresh->message_id, id);
    *is_same_out = !is_other && (is_stream || !fresh->is_queued);
    if (*is_same_out && is_stream && !is_anew) {
        joined = restore(kept);
        answer_feed(joined, raw);
        answer_finish(joined, is_complete);
    }
    answer_free(&fresh);
    return joined;
}
