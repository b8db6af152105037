/*
 * Server-sent events (WHATWG HTML §9.2): activities as they are completed.
 *
 * The `id` that a client sends back after a break says where its stream was,
 * whatever thread or process answers then.  It stands behind the last event of
 * a piece: what was cut off comes again, so nothing is missed.
 */
#include "console/parts.h"

#include "base/mem.h"

enum { STREAMS_MAX = 32, BEAT_MS = 15 * 1000 };

struct stream {
    struct source source; /* first */
    struct console *console;
    const struct request *request;
    struct browse_filter filter; /* borrows from the request */
    struct query_filter everything;
    struct follow *follow;
    bool has_begun, is_filtered;
    uint64_t beat_ms;
    /* while a piece is made */
    struct browse *browse;
    struct buf *out;
    size_t count;
    enum err err;
};

static void on_row(void *context, const struct query_row *row)
{
    struct stream *s = context;
    bool is = true;
    if (s->err == OK && s->browse != NULL)
        s->err = browse_matches(s->browse, row->seq, &is);
    if (s->err != OK || !is)
        return;
    buf_append_str(s->out, STR("event: activity\ndata: "));
    buf_append_str(s->out, row->json);
    buf_append_str(s->out, STR("\n\n"));
    s->count++;
}

static enum err begin(struct stream *s, struct query *query)
{
    struct str mark = s->request->last_event_id;
    enum err err = OK;
    if (s->has_begun)
        return OK;
    if (mark.n == 0 || follow_resume(s->follow, mark, clock_wall_ms()) != OK)
        err = follow_from_now(s->follow, query, clock_wall_ms());
    s->has_begun = err == OK;
    if (s->has_begun)
        buf_append_str(s->out, STR("retry: 2000\n: here\n\n"));
    return err;
}

static void write_mark(struct stream *s)
{
    uint64_t now = clock_mono_ms();
    if (s->count > 0) {
        buf_append_str(s->out, STR("id: "));
        follow_mark(s->follow, s->out);
        buf_append_str(s->out, STR("\nevent: mark\ndata: {}\n\n"));
    } else if (now - s->beat_ms >= BEAT_MS) {
        buf_append_str(s->out, STR(": still here\n\n"));
    } else {
        return;
    }
    s->beat_ms = now;
}

static enum err poll_store(struct stream *s, struct query *query)
{
    enum err err = OK;
    if (s->is_filtered)
        err = browse_new(query, &s->filter, &s->browse);
    if (err == OK)
        err = follow_poll(s->follow, query, clock_wall_ms(), on_row, s);
    browse_free(&s->browse);
    return err == OK ? s->err : err;
}

static enum err fill(struct source *source, void *arg, struct buf *out)
{
    struct stream *s = (struct stream *)source;
    struct query *query;
    struct who who;
    /* Logged out, or the role taken away: the stream ends with it. */
    if (auth_identify(s->console, s->request, false, &who) != OK ||
        (who.rights & ACCESS_VIEW) == 0)
        return ERR_EOF;
    enum err err = local_query(arg, &query);
    if (err != OK)
        return err;
    s->out = out;
    s->count = 0;
    s->err = OK;
    err = begin(s, query);
    if (err == OK)
        err = poll_store(s, query);
    if (err != OK) {
        local_forget(arg);
        return err;
    }
    write_mark(s);
    return ERR_AGAIN;
}

static void free_stream(struct source *source)
{
    struct stream *s = (struct stream *)source;
    pthread_mutex_lock(&s->console->lock);
    s->console->streams--;
    pthread_mutex_unlock(&s->console->lock);
    follow_free(&s->follow);
    mem_free(s);
}

static bool take_place(struct console *c)
{
    pthread_mutex_lock(&c->lock);
    bool has = c->streams < STREAMS_MAX;
    c->streams += has;
    pthread_mutex_unlock(&c->lock);
    return has;
}

static bool is_filtered(const struct browse_filter *f)
{
    bool is = f->conversation.count > 0;
    for (size_t i = 0; i < FACET_COUNT; i++)
        is = is || browse_is_filtered(f, (enum facet)i);
    return is;
}

void api_stream(struct call *call)
{
    struct browse_filter filter;
    struct query *query;
    if (call_filter(call, &filter) != OK || call_query(call, &query) != OK ||
        call_names(call, &filter.words[FACET_USER]) != OK)
        return;
    if (!take_place(call->console)) {
        response_header(call->response, "Retry-After", STR("30"));
        response_error(
            call->response, 503, "busy", "Too many streams are open.");
        return;
    }
    struct stream *s = MEM_NEW(struct stream);
    s->source = (struct source){fill, free_stream};
    s->console = call->console;
    s->request = call->request;
    s->filter = filter;
    s->filter.text = STR_NONE; /* a list's */
    s->filter.since_ms = s->filter.until_ms = 0;
    s->is_filtered = is_filtered(&s->filter);
    s->follow = follow_new(&s->everything);
    s->beat_ms = clock_mono_ms();
    follow_mask(s->follow);
    call->response->source = &s->source;
    call->response->status = 200;
    call->response->type = "text/event-stream";
}
