/*
 * What a transcription answers (fact sheet chatgpt-wire §3.8, §9.3): JSON
 * with "text", an event stream of transcript.text.delta and .done, or the
 * words themselves (text, srt, vtt).
 */
#include "inspect/answer_parts.h"

struct transcript {
    struct buf deltas, done;
};

static void on_event(void *arg, const struct sse_event *event)
{
    struct transcript *t = arg;
    struct arena arena = {0};
    struct json_node *root;
    if (json_parse(event->data, &arena, NULL, &root) == OK) {
        struct str type = json_get_text(root, "type");
        if (str_is(type, "transcript.text.delta"))
            buf_append_str(&t->deltas, json_get_text(root, "delta"));
        else if (str_is(type, "transcript.text.done"))
            text_join(&t->done, json_get_text(root, "text"));
    }
    arena_free(&arena);
}

static bool is_stream(struct str body)
{
    return str_starts(body, "data:") || str_starts(body, "event:") ||
           str_starts(body, ":");
}

/* The whole at its end is what counts; a broken stream leaves its pieces. */
static void read_stream(struct str body, struct buf *text_out)
{
    struct transcript t = {0};
    struct sse *sse = sse_new(0, on_event, &t);
    if (sse_feed(sse, body) == OK)
        (void)!sse_finish(sse);
    sse_free(&sse);
    buf_append_str(text_out, buf_str(t.done.n != 0 ? &t.done : &t.deltas));
    buf_wipe_free(&t.done);
    buf_wipe_free(&t.deltas);
}

void answer_transcript(const struct answer *a, struct buf *text_out)
{
    struct arena arena = {0};
    struct json_node *root;
    struct str body = str_trim(buf_str(&a->body));
    if (a->codec != ANSWER_TRANSCRIPT)
        return;
    if (is_stream(body))
        read_stream(body, text_out);
    else if (json_parse(body, &arena, NULL, &root) == OK &&
             json_is(root, JSON_OBJECT))
        buf_append_str(text_out, json_get_text(root, "text"));
    else
        buf_append_str(text_out, body);
    arena_free(&arena);
}
