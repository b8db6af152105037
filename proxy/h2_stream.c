/*
 * The life of a stream of an HTTP/2 codec: made, told of its end, swept; and
 * what a peer may cost before the connection ends (D1).
 */
#include "proxy/h2_parts.h"

#include "base/mem.h"

struct h2 *h2_of(struct codec *codec)
{
    return (struct h2 *)codec;
}

const struct h2 *h2_of_const(const struct codec *codec)
{
    return (const struct h2 *)codec;
}

struct h2 *h2_of_stream(const struct h2_stream *s)
{
    return h2_of(s->base.codec);
}

bool h2_faces_client(const struct h2 *h2)
{
    return h2->base.side == FACING_CLIENT;
}

enum stream_error h2_error_of_wire(uint32_t code)
{
    switch (code) {
    case NGHTTP2_NO_ERROR:
    case NGHTTP2_CANCEL:
        return STREAM_CANCEL;
    case NGHTTP2_REFUSED_STREAM:
        return STREAM_REFUSED;
    case NGHTTP2_INTERNAL_ERROR:
        return STREAM_INTERNAL;
    case NGHTTP2_ENHANCE_YOUR_CALM:
        return STREAM_TOO_MUCH;
    case NGHTTP2_HTTP_1_1_REQUIRED:
        return STREAM_HTTP_1_1_REQUIRED;
    default:
        return STREAM_BROKEN;
    }
}

uint32_t h2_wire_of_error(enum stream_error error)
{
    switch (error) {
    case STREAM_CANCEL:
        return NGHTTP2_CANCEL;
    case STREAM_REFUSED:
        return NGHTTP2_REFUSED_STREAM;
    case STREAM_BROKEN:
        return NGHTTP2_PROTOCOL_ERROR;
    case STREAM_TOO_MUCH:
        return NGHTTP2_ENHANCE_YOUR_CALM;
    case STREAM_HTTP_1_1_REQUIRED:
        return NGHTTP2_HTTP_1_1_REQUIRED;
    case STREAM_INTERNAL:
        break;
    }
    return NGHTTP2_INTERNAL_ERROR;
}

/* ---- streams ---- */

struct h2_stream *h2_add_stream(struct h2 *h2, int32_t id, void *user)
{
    struct h2_stream *s = MEM_NEW(struct h2_stream);
    s->base.codec = &h2->base;
    s->base.user = user;
    s->out.wipes = true;
    s->base.number = (uint32_t)id;
    s->id = id;
    s->declared = -1;
    s->next = h2->streams;
    h2->streams = s;
    h2->open_count++;
    return s;
}

void h2_free_stream(struct h2_stream *s)
{
    h2_reader_end(&s->reader);
    head_free(&s->trailers);
    buf_free(&s->out);
    mem_free(s);
}

void h2_sweep(struct h2 *h2)
{
    if (h2->depth != 0 || !h2->has_garbage)
        return;
    h2->has_garbage = false;
    struct h2_stream **at = &h2->streams;
    while (*at != NULL) {
        struct h2_stream *s = *at;
        if (!s->base.is_released || !s->is_closed) {
            at = &s->next;
            continue;
        }
        *at = s->next;
        h2_free_stream(s);
    }
}

void h2_leave(struct h2 *h2)
{
    h2->depth--;
    h2_sweep(h2);
}

struct h2_stream *h2_find_stream(nghttp2_session *session, int32_t id)
{
    return nghttp2_session_get_stream_user_data(session, id);
}

void h2_submit_reset(struct h2 *h2, struct h2_stream *s, uint32_t code)
{
    s->is_dead = true;
    buf_free(&s->out);
    if (!s->is_closed)
        nghttp2_submit_rst_stream(h2->session, NGHTTP2_FLAG_NONE, s->id, code);
}

/* A client's windows, shown to the origin, may be large.  Of a connection
 * whose client does not read, no more than PRESSED_BYTES is taken in while the
 * worker holds WORKER_UNCONSUMED_MAX for such clients (S6). */
enum {
    PRESSED_BYTES = 256 * 1024,
    WORKER_UNCONSUMED_MAX = 16 * 1024 * 1024,
};
static size_t worker_unconsumed;

bool h2_is_pressed(const struct h2 *h2)
{
    return h2->unconsumed > PRESSED_BYTES &&
           worker_unconsumed > WORKER_UNCONSUMED_MAX;
}

void h2_take_in(struct h2 *h2, struct h2_stream *s, size_t n)
{
    s->unconsumed += n;
    h2->unconsumed += n;
    worker_unconsumed += n;
}

void h2_forget_unconsumed(struct h2 *h2)
{
    worker_unconsumed -= h2->unconsumed;
    h2->unconsumed = 0;
}

void h2_give_back(struct h2 *h2, struct h2_stream *s, size_t n)
{
    if (n > s->unconsumed)
        n = s->unconsumed;
    if (n == 0)
        return;
    s->unconsumed -= n;
    h2->unconsumed -= n;
    worker_unconsumed -= n;
    if (s->is_closed)
        nghttp2_session_consume_connection(h2->session, n);
    else
        nghttp2_session_consume(h2->session, s->id, n);
}

void h2_tell_reset(struct h2 *h2, struct h2_stream *s, enum stream_error error)
{
    bool is_known = s->head_received || !h2_faces_client(h2);
    if (is_known && !s->base.is_released && !s->is_dead)
        h2->base.events->on_reset(h2->base.owner, &s->base, error);
    s->is_dead = true;
}

/* The connection is done for: every stream of it ends. */
void h2_end_all(struct h2 *h2, enum stream_error error)
{
    for (struct h2_stream *s = h2->streams; s != NULL; s = s->next)
        if (!s->is_closed && !(s->recv_done && s->end_sent))
            h2_tell_reset(h2, s, error);
}

void h2_die(
    struct h2 *h2, enum err result, const char *reason, enum stream_error error)
{
    if (h2->is_dead)
        return;
    h2->is_dead = true;
    h2->result = result;
    codec_tell_refused(&h2->base, reason, 0);
    h2_end_all(h2, error);
}

void h2_spend(struct h2 *h2, int cost, const char *reason)
{
    if (!h2_faces_client(h2) || h2->is_dead)
        return;
    h2->budget -= cost;
    if (h2->budget >= 0)
        return;
    nghttp2_session_terminate_session(h2->session, NGHTTP2_ENHANCE_YOUR_CALM);
    h2_die(h2, ERR_LIMIT, reason, STREAM_TOO_MUCH);
}

void h2_gain(struct h2 *h2, int amount)
{
    h2->budget += amount;
    if (h2->budget > BUDGET_MAX)
        h2->budget = BUDGET_MAX;
}
