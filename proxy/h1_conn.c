/*
 * One HTTP/1.1 connection, either side: one exchange after the other, what
 * is written for it, and the calls of proxy/http.h.
 *
 * Output is one run of bytes, written by h1_write.c.  Requests that come
 * behind an unfinished exchange stay unparsed (`in`).  Reading is h1.c's.
 */
#include "proxy/h1.h"

#include <string.h>

#include "base/mem.h"
#include "proxy/h1_write.h"

enum { READ_AHEAD_MAX = 128 * 1024 }; /* of a body, not yet consumed */

/* ---- streams and exchanges ---- */

struct h1_stream *h1_add_stream(struct h1 *h1, void *user)
{
    struct h1_stream *s = MEM_NEW(struct h1_stream);
    s->base.codec = &h1->base;
    s->base.user = user;
    s->base.number = ++h1->next_number;
    s->next = h1->streams;
    h1->streams = s;
    h1->current = s;
    return s;
}

static void sweep(struct h1 *h1)
{
    if (h1->depth != 0)
        return;
    struct h1_stream **at = &h1->streams;
    while (*at != NULL) {
        struct h1_stream *s = *at;
        if (!s->base.is_released || s == h1->current) {
            at = &s->next;
            continue;
        }
        *at = s->next;
        mem_free(s);
    }
}

static void enter(struct h1 *h1)
{
    h1->depth++;
}

static void leave(struct h1 *h1)
{
    h1->depth--;
    sweep(h1);
}

static void set_over(struct h1 *h1)
{
    if (h1->phase == PHASE_TAKEN)
        return;
    h1->phase = PHASE_OVER;
    h1->is_held = false;
    buf_free(&h1->in);
}

void h1_finish_exchange(struct h1 *h1)
{
    struct h1_stream *s = h1->current;
    if (s == NULL || !s->recv_done || !s->send_done)
        return;
    h1->current = NULL;
    if (h1->phase == PHASE_TAKEN)
        return;
    bool is_starved = h1->is_eof && h1->in.n == 0 && h1->cursor.n == 0;
    if (h1->is_closing || !s->keeps_alive || s->is_opaque || is_starved)
        set_over(h1);
    else
        h1->phase = PHASE_HEAD;
}

struct h1_stream *h1_abandon(struct h1 *h1)
{
    struct h1_stream *s = h1->current;
    if (s != NULL) {
        h1->base.was_cut = s->head_sent && !s->send_done &&
                           s->framing == H1_CLOSE && !s->is_opaque;
        s->is_dead = true;
        s->recv_done = s->send_done = true;
    }
    h1->current = NULL;
    set_over(h1);
    return s;
}

void h1_tell_reset(struct h1 *h1, struct h1_stream *s)
{
    if (s != NULL && !s->base.is_released)
        h1->base.events->on_reset(h1->base.owner, &s->base, STREAM_BROKEN);
}

/* ---- the codec's entry points ---- */

/* An origin that speaks behind its response, or before a request. */
static bool is_unasked(const struct h1 *h1)
{
    return !h1_faces_client(h1) && h1->phase == PHASE_WAIT &&
           h1->cursor.n != 0 && h1->current != NULL && h1->current->recv_done;
}

static enum err h1_feed(struct codec *codec, struct str bytes)
{
    struct h1 *h1 = h1_of(codec);
    struct buf work = {0};
    enter(h1);
    if (h1->in.n != 0) {
        buf_append_str(&h1->in, bytes);
        buf_take(&work, &h1->in);
        bytes = buf_str(&work);
    }
    h1->cursor = bytes;
    h1->is_held = false;
    while (h1_step(h1))
        ;
    if (is_unasked(h1)) {
        codec_tell_refused(codec, "unasked-response", 0);
        h1->is_closing = true;
        h1->current->keeps_alive = false;
        h1->cursor = STR_NONE;
    }
    if (h1->cursor.n != 0 && h1->phase != PHASE_TAKEN) {
        h1->is_held = h1->phase == PHASE_WAIT;
        if (work.n != 0) {
            buf_consume(&work, work.n - h1->cursor.n);
            buf_take(&h1->in, &work);
        } else {
            buf_append_str(&h1->in, h1->cursor);
        }
    }
    if (h1->is_eof && h1->phase == PHASE_HEAD && h1->current == NULL)
        set_over(h1);
    h1->cursor = STR_NONE;
    buf_free(&work);
    leave(h1);
    return h1->result;
}

static void h1_feed_eof(struct codec *codec, bool is_cut)
{
    struct h1 *h1 = h1_of(codec);
    struct h1_stream *s = h1->current;
    if (h1->is_eof)
        return;
    h1->is_eof = true;
    enter(h1);
    bool is_end = h1->phase == PHASE_CLOSE && !is_cut;
    if (is_end || h1->phase == PHASE_OPAQUE)
        h1_deliver_end(h1, NULL);
    else if (s != NULL && !s->recv_done && h1->phase != PHASE_OVER)
        h1_tell_reset(h1, h1_abandon(h1));
    else if (s == NULL && !h1->is_held)
        set_over(h1);
    else if (s != NULL && !h1_faces_client(h1))
        s->keeps_alive = false;
    leave(h1);
}

static void tell_writable(struct h1 *h1)
{
    struct h1_stream *s = h1->current;
    if (s == NULL || !s->is_over_high || h1->out.n >= STREAM_QUEUE_LOW)
        return;
    s->is_over_high = false;
    if (!s->base.is_released && h1->base.events->on_writable != NULL)
        h1->base.events->on_writable(h1->base.owner, &s->base);
}

static void h1_take_output(struct codec *codec, struct buf *out, size_t max)
{
    struct h1 *h1 = h1_of(codec);
    enter(h1);
    if (h1->out.n <= max && out->base == NULL) {
        buf_take(out, &h1->out);
    } else {
        size_t n = h1->out.n < max ? h1->out.n : max;
        buf_append(out, n != 0 ? buf_bytes(&h1->out) : "", n);
        buf_consume(&h1->out, n);
    }
    tell_writable(h1);
    leave(h1);
}

static bool h1_has_output(const struct codec *codec)
{
    return h1_of_const(codec)->out.n != 0;
}

static bool h1_wants_input(const struct codec *codec)
{
    const struct h1 *h1 = h1_of_const(codec);
    const struct h1_stream *s = h1->current;
    /* The socket waits at once: no window was promised to anybody. */
    if (s != NULL && s->unconsumed >= READ_AHEAD_MAX)
        return false;
    return !h1->is_held || h1->in.n < codec->limits.head_bytes + HELD_SLACK;
}

static bool h1_wants_close(const struct codec *codec)
{
    return h1_of_const(codec)->phase == PHASE_OVER;
}

static bool h1_has_input(const struct codec *codec)
{
    const struct h1 *h1 = h1_of_const(codec);
    return h1->depth == 0 && h1->is_held &&
           (h1->phase == PHASE_HEAD || h1->phase == PHASE_OPAQUE);
}

static bool h1_is_idle(const struct codec *codec)
{
    return h1_of_const(codec)->current == NULL;
}

static bool h1_takes_websockets(const struct codec *codec)
{
    (void)codec;
    return true;
}

static void h1_offer_websockets(struct codec *codec)
{
    (void)codec; /* an upgrade needs no announcement */
}

static void h1_drain(struct codec *codec)
{
    struct h1 *h1 = h1_of(codec);
    h1->is_closing = true;
    if (h1->current == NULL)
        set_over(h1);
}

static bool h1_is_leaving(const struct codec *codec)
{
    const struct h1 *h1 = h1_of_const(codec);
    return h1->is_eof || h1->is_closing;
}

static bool h1_can_open(const struct codec *codec)
{
    const struct h1 *h1 = h1_of_const(codec);
    return h1->phase == PHASE_HEAD && h1->current == NULL &&
           !h1_is_leaving(codec);
}

static enum h1_framing request_framing(const struct head *head, bool has_body)
{
    if (!has_body)
        return H1_NO_BODY;
    return head->content_length >= 0 ? H1_LENGTH : H1_CHUNKED;
}

static struct stream *h1_open(
    struct codec *codec, const struct head *request, bool has_body, void *user)
{
    struct h1 *h1 = h1_of(codec);
    struct h1_stream *s = h1_add_stream(h1, user);
    s->is_head = str_is(request->method, "HEAD");
    s->asks_upgrade = request->protocol.n != 0;
    s->framing = request_framing(request, has_body);
    s->send_left = request->content_length;
    s->send_done = !has_body;
    s->head_sent = true;
    s->keeps_alive = true;
    if (!h1_write_request(&h1->out, request, s->framing)) {
        codec->refusal = "unwritable-request";
        h1_abandon(h1);
    }
    return &s->base;
}

static void h1_take_over(struct codec *codec, struct buf *rest_out)
{
    struct h1 *h1 = h1_of(codec);
    buf_append_str(rest_out, buf_str(&h1->in));
    buf_append_str(rest_out, h1->cursor);
    buf_free(&h1->in);
    h1->cursor = STR_NONE;
    h1->is_held = false;
    h1->phase = PHASE_TAKEN;
    if (h1->current != NULL) {
        h1->current->recv_done = h1->current->send_done = true;
        h1->current = NULL;
    }
    sweep(h1);
}

static void h1_free(struct codec *codec)
{
    struct h1 *h1 = h1_of(codec);
    while (h1->streams != NULL) {
        struct h1_stream *s = h1->streams;
        h1->streams = s->next;
        mem_free(s);
    }
    h1_free_parser(h1);
    buf_free(&h1->in);
    buf_free(&h1->out);
    mem_free(h1);
}

/* ---- the streams' entry points ---- */

static struct h1_stream *stream_of(struct stream *stream)
{
    return (struct h1_stream *)stream;
}

static bool can_send(const struct h1_stream *s)
{
    return !s->is_dead && !s->send_done && h1_of_stream(s)->current == s;
}

static bool lacks_body(const struct h1_stream *s, int status)
{
    return s->is_head || status == 204 || status == 304 ||
           (s->is_connect && status / 100 == 2);
}

static void choose_framing(struct h1_stream *s, const struct head *head,
    bool has_body, int64_t *length_out)
{
    *length_out = head->content_length;
    s->framing = H1_NO_BODY;
    if (lacks_body(s, head->status)) {
        if (head->status == 204 || s->is_connect)
            *length_out = -1;
        return;
    }
    if (!has_body)
        *length_out = 0;
    else if (head->content_length >= 0)
        s->framing = H1_LENGTH;
    else
        s->framing = s->is_http_1_0 ? H1_CLOSE : H1_CHUNKED;
    s->send_left = *length_out;
}

static void send_switch(
    struct h1 *h1, struct h1_stream *s, const struct head *head)
{
    s->head_sent = true;
    s->framing = H1_CLOSE;
    h1_write_response(&h1->out, head, H1_CLOSE, -1, H1_SILENT);
}

/* A client that was not told to continue sends no body after the answer. */
static void finish_sending(struct h1 *h1, struct h1_stream *s)
{
    if (s->send_done && h1_faces_client(h1) && s->waits_for_100)
        h1_abandon(h1);
    else
        h1_finish_exchange(h1);
}

static void send_final(
    struct h1 *h1, struct h1_stream *s, const struct head *head, bool has_body)
{
    int64_t length = -1;
    choose_framing(s, head, has_body, &length);
    bool is_tunnel = s->is_connect && head->status / 100 == 2;
    if (h1->is_closing || h1->is_eof || !s->recv_done || s->framing == H1_CLOSE)
        s->keeps_alive = false;
    enum h1_persistence persistence = H1_SILENT;
    if (!s->keeps_alive)
        persistence = H1_SAY_CLOSE;
    else if (s->is_http_1_0)
        persistence = H1_SAY_KEEP_ALIVE;
    s->head_sent = true;
    h1_write_response(&h1->out, head, s->framing, length,
        is_tunnel ? H1_SILENT : persistence);
    s->send_done = !is_tunnel && !has_body;
    finish_sending(h1, s);
}

static void h1_send_head(
    struct stream *stream, const struct head *head, bool has_body)
{
    struct h1_stream *s = stream_of(stream);
    struct h1 *h1 = h1_of_stream(s);
    if (!can_send(s) || s->head_sent)
        return;
    if (head->status == 101) {
        send_switch(h1, s, head);
    } else if (head->status < 200) {
        s->waits_for_100 = s->waits_for_100 && head->status != 100;
        if (!s->is_http_1_0)
            h1_write_response(&h1->out, head, H1_NO_BODY, -1, H1_SILENT);
    } else {
        send_final(h1, s, head, has_body);
    }
    sweep(h1);
}

static void h1_send_data(struct stream *stream, struct str data)
{
    struct h1_stream *s = stream_of(stream);
    struct h1 *h1 = h1_of_stream(s);
    if (!can_send(s) || !s->head_sent)
        return;
    if (s->framing == H1_CHUNKED) {
        h1_write_chunk(&h1->out, data);
    } else if (s->framing == H1_CLOSE) {
        buf_append_str(&h1->out, data);
    } else if (s->framing == H1_LENGTH) {
        /* Bytes beyond the declared length would be read as another
         * message: they are not sent. */
        if (data.n > (uint64_t)s->send_left)
            data.n = (size_t)s->send_left;
        s->send_left -= (int64_t)data.n;
        buf_append_str(&h1->out, data);
    }
    if (h1->out.n >= STREAM_QUEUE_HIGH)
        s->is_over_high = true;
}

static void h1_send_end(struct stream *stream, const struct head *trailers)
{
    struct h1_stream *s = stream_of(stream);
    struct h1 *h1 = h1_of_stream(s);
    if (!can_send(s) || !s->head_sent)
        return;
    if (s->framing == H1_LENGTH && s->send_left != 0) {
        h1_abandon(h1); /* too short: closing is how the peer can tell */
        sweep(h1);
        return;
    }
    if (s->framing == H1_CHUNKED)
        h1_write_last_chunk(&h1->out, trailers);
    s->send_done = true;
    if (s->is_opaque)
        set_over(h1);
    finish_sending(h1, s);
    sweep(h1);
}

static void h1_reset(struct stream *stream, enum stream_error error)
{
    struct h1_stream *s = stream_of(stream);
    struct h1 *h1 = h1_of_stream(s);
    (void)error;
    if (h1->current != s)
        return;
    h1_abandon(h1);
    sweep(h1);
}

/* Answered, but the request still comes: reading on for a while lets the
 * client see the answer before the connection closes. */
static bool is_worth_draining(const struct h1_stream *s)
{
    return h1_faces_client(h1_of_stream(s)) && s->send_done && !s->recv_done &&
           !s->waits_for_100;
}

static void h1_release(struct stream *stream)
{
    struct h1_stream *s = stream_of(stream);
    struct h1 *h1 = h1_of_stream(s);
    stream->is_released = true;
    s->unconsumed = 0;
    h1_finish_exchange(h1); /* released inside its on_end: it is whole */
    if (h1->current == s && !is_worth_draining(s))
        h1_abandon(h1);
    sweep(h1);
}

static size_t h1_queued(const struct stream *stream)
{
    const struct h1 *h1 = h1_of_const(stream->codec);
    return (const struct stream *)h1->current == stream ? h1->out.n : 0;
}

static void h1_consumed(struct stream *stream, size_t n)
{
    struct h1_stream *s = stream_of(stream);
    s->unconsumed -= n < s->unconsumed ? n : s->unconsumed;
}

static void h1_introduce(struct codec *codec, const struct codec *like)
{
    (void)codec, (void)like; /* h2 only */
}

static void h1_make_opaque(struct stream *stream)
{
    struct h1_stream *s = stream_of(stream);
    struct h1 *h1 = h1_of_stream(s);
    if (s->is_dead || h1->current != s)
        return;
    s->is_opaque = true;
    s->recv_done = s->send_done = false;
    s->framing = H1_CLOSE;
    h1->phase = PHASE_OPAQUE;
    h1->is_held = h1->in.n != 0;
}

static const struct codec_vtable h1_table = {
    .free = h1_free,
    .feed = h1_feed,
    .feed_eof = h1_feed_eof,
    .take_output = h1_take_output,
    .has_output = h1_has_output,
    .wants_input = h1_wants_input,
    .wants_close = h1_wants_close,
    .has_input = h1_has_input,
    .is_idle = h1_is_idle,
    .takes_websockets = h1_takes_websockets,
    .offer_websockets = h1_offer_websockets,
    .drain = h1_drain,
    .can_open = h1_can_open,
    .is_leaving = h1_is_leaving,
    .open = h1_open,
    .take_over = h1_take_over,
    .release = h1_release,
    .send_head = h1_send_head,
    .send_data = h1_send_data,
    .send_end = h1_send_end,
    .reset = h1_reset,
    .queued = h1_queued,
    .consumed = h1_consumed,
    .make_opaque = h1_make_opaque,
    .introduce = h1_introduce,
};

struct codec *h1_new(void)
{
    struct h1 *h1 = MEM_NEW(struct h1);
    h1->base.table = &h1_table;
    h1->in.wipes = h1->out.wipes = true;
    h1_make_parser(h1);
    return &h1->base;
}
