/*
 * What nghttp2 read on an HTTP/2 connection, made into events: heads checked
 * by h2_head.c, data, ends, refusals; every frame counts against the budget.
 */
#include "proxy/h2_parts.h"

#include <stdio.h>

#include "proxy/fields.h"

enum {
    DISCARD_MAX = 1024 * 1024, /* of a request that is answered already */
    HEAD_OVERRUN = 2, /* times head_bytes: then no answer, only a reset */
};

/* ---- refusals ---- */

static void refuse_stream(struct h2 *h2, struct h2_stream *s, bool is_end)
{
    const char *reason = s->reader.reason;
    int status = h2_faces_client(h2) && !s->head_sent ? s->reader.status : 0;
    if (status != 0) {
        char digits[16];
        int n = snprintf(digits, sizeof digits, "%d", status);
        nghttp2_nv nv = {(uint8_t *)(uintptr_t) ":status", (uint8_t *)digits, 7,
            (size_t)n, NGHTTP2_NV_FLAG_NONE};
        nghttp2_submit_response(h2->session, s->id, &nv, 1, NULL);
        s->head_sent = s->send_done = true;
        s->resets_after_send = !is_end;
    } else {
        nghttp2_submit_rst_stream(
            h2->session, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_PROTOCOL_ERROR);
    }
    h2_reader_end(&s->reader);
    codec_tell_refused(&h2->base, reason, status);
    if (h2_faces_client(h2) && !s->head_received) {
        s->base.is_released = true;
        h2->has_garbage = true;
    } else {
        h2_tell_reset(h2, s, STREAM_BROKEN);
    }
    h2_spend(h2, COST_RESET, "flood-refused");
}

/* ---- messages in ---- */

static void tell_end(struct h2 *h2, struct h2_stream *s, struct head *trailers)
{
    s->recv_done = true;
    if (s->base.is_released || s->is_dead)
        head_free(&trailers);
    else
        h2->base.events->on_end(h2->base.owner, &s->base, trailers);
}

static void take_request(struct h2 *h2, struct h2_stream *s, bool is_end)
{
    if (!h2_reader_finish_request(&s->reader, !is_end)) {
        refuse_stream(h2, s, is_end);
        return;
    }
    struct head *head = h2_reader_take(&s->reader);
    s->is_head = str_is(head->method, "HEAD");
    s->is_connect = str_is(head->method, "CONNECT");
    s->head_received = true;
    s->recv_done = is_end;
    h2->base.events->on_head(h2->base.owner, &s->base, head);
}

static void take_response(struct h2 *h2, struct h2_stream *s, bool is_end)
{
    if (!h2_reader_finish_response(&s->reader, !is_end)) {
        refuse_stream(h2, s, is_end);
        return;
    }
    bool is_interim = s->reader.head->status < 200;
    if (is_interim && ++s->interims > INTERIM_MAX) {
        s->reader.reason = "too-many-interims";
        refuse_stream(h2, s, is_end);
        return;
    }
    s->head_received = !is_interim;
    s->recv_done = is_end;
    struct head *head = h2_reader_take(&s->reader);
    if (s->base.is_released || s->is_dead)
        head_free(&head);
    else
        h2->base.events->on_head(h2->base.owner, &s->base, head);
}

static void take_trailers(struct h2 *h2, struct h2_stream *s)
{
    if (!h2_reader_finish_trailers(&s->reader)) {
        refuse_stream(h2, s, true);
        return;
    }
    tell_end(h2, s, h2_reader_take(&s->reader));
}

static void take_headers(struct h2 *h2, struct h2_stream *s, bool is_end)
{
    if (s->reader.head == NULL)
        return;
    if (s->head_received) {
        take_trailers(h2, s);
        return;
    }
    if (h2_faces_client(h2))
        take_request(h2, s, is_end);
    else
        take_response(h2, s, is_end);
    if (is_end && s->head_received)
        tell_end(h2, s, NULL);
}

/* ---- nghttp2's callbacks: input ---- */

static int on_begin_headers(
    nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct h2 *h2 = user;
    if (frame->hd.type != NGHTTP2_HEADERS)
        return 0;
    struct h2_stream *s = h2_find_stream(session, frame->hd.stream_id);
    if (s == NULL && h2_faces_client(h2)) {
        s = h2_add_stream(h2, frame->hd.stream_id, NULL);
        nghttp2_session_set_stream_user_data(session, s->id, s);
    }
    if (s == NULL)
        return 0;
    h2_reader_begin(&s->reader);
    if ((frame->hd.flags & NGHTTP2_FLAG_PRIORITY) != 0)
        h2_reader_set_priority(&s->reader, frame->headers.pri_spec.weight,
            frame->headers.pri_spec.exclusive != 0);
    return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame,
    const uint8_t *name, size_t name_n, const uint8_t *value, size_t value_n,
    uint8_t flags, void *user)
{
    struct h2 *h2 = user;
    (void)flags;
    struct h2_stream *s = h2_find_stream(session, frame->hd.stream_id);
    if (s == NULL)
        return 0;
    h2_reader_add(&s->reader, str_make((const char *)name, name_n),
        str_make((const char *)value, value_n), &h2->base.limits);
    if (s->reader.bytes / HEAD_OVERRUN <= h2->base.limits.head_bytes)
        return 0;
    h2_spend(h2, COST_OVERRUN, "flood-heads");
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

/* nghttp2 would skip a field with bytes that do not belong there; a message
 * with such a field is malformed (RFC 9113 §8.2.1). */
static int on_invalid_header(nghttp2_session *session,
    const nghttp2_frame *frame, const uint8_t *name, size_t name_n,
    const uint8_t *value, size_t value_n, uint8_t flags, void *user)
{
    (void)session, (void)frame, (void)name, (void)name_n, (void)value;
    (void)value_n, (void)flags, (void)user;
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static void count_frame(struct h2 *h2, const nghttp2_frame *frame)
{
    switch (frame->hd.type) {
    case NGHTTP2_RST_STREAM:
        h2_spend(h2, COST_RESET, "flood-reset");
        break;
    case NGHTTP2_SETTINGS:
        h2_spend(h2, COST_SETTINGS, "flood-settings");
        break;
    case NGHTTP2_PING:
        h2_spend(h2, COST_PING, "flood-ping");
        break;
    case NGHTTP2_PRIORITY:
    case NGHTTP2_WINDOW_UPDATE:
        h2_spend(h2, COST_SMALL, "flood-small-frames");
        break;
    case NGHTTP2_DATA:
        if (frame->hd.length == 0 &&
            (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0)
            h2_spend(h2, COST_EMPTY_DATA, "flood-empty-data");
        break;
    default:
        break;
    }
}

static int on_frame_recv(
    nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct h2 *h2 = user;
    bool is_end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    count_frame(h2, frame);
    if (frame->hd.type == NGHTTP2_GOAWAY)
        h2->got_goaway = true;
    struct h2_stream *s = h2_find_stream(session, frame->hd.stream_id);
    if (s == NULL || h2->is_dead)
        return 0;
    if (frame->hd.type == NGHTTP2_HEADERS)
        take_headers(h2, s, is_end);
    else if (frame->hd.type == NGHTTP2_DATA && is_end && !s->recv_done)
        tell_end(h2, s, NULL);
    return 0;
}

/* RFC 9113 §8.1: the client may be told to stop; it gets some time to see
 * the answer first. */
static void discard(struct h2 *h2, struct h2_stream *s, size_t n)
{
    s->discarded += n;
    if (s->discarded <= DISCARD_MAX || s->is_dead)
        return;
    h2_submit_reset(h2, s, NGHTTP2_NO_ERROR);
}

static int on_data_chunk(nghttp2_session *session, uint8_t flags, int32_t id,
    const uint8_t *data, size_t n, void *user)
{
    struct h2 *h2 = user;
    (void)flags;
    struct h2_stream *s = h2_find_stream(session, id);
    h2_gain(h2, n >= 64 ? GAIN_DATA : 0);
    if (s == NULL || s->base.is_released || s->is_dead || h2->is_dead) {
        nghttp2_session_consume(session, id, n);
        if (s != NULL && s->discards)
            discard(h2, s, n);
        return 0;
    }
    h2_take_in(h2, s, n);
    h2->base.events->on_data(
        h2->base.owner, &s->base, str_make((const char *)data, n));
    return 0;
}

static const char *refusal_word(int code)
{
    switch (code) {
    case NGHTTP2_ERR_HTTP_HEADER:
        return "h2-bad-field";
    case NGHTTP2_ERR_HTTP_MESSAGING:
        return "h2-bad-message";
    case NGHTTP2_ERR_REFUSED_STREAM:
        return "h2-too-many-streams";
    case NGHTTP2_ERR_HEADER_COMP:
        return "h2-hpack";
    case NGHTTP2_ERR_FLOW_CONTROL:
        return "h2-flow-control";
    case NGHTTP2_ERR_FRAME_SIZE_ERROR:
        return "h2-frame-size";
    default:
        return "h2-protocol";
    }
}

static int on_invalid_frame(
    nghttp2_session *session, const nghttp2_frame *frame, int code, void *user)
{
    struct h2 *h2 = user;
    struct h2_stream *s = h2_find_stream(session, frame->hd.stream_id);
    codec_tell_refused(&h2->base, refusal_word(code), 0);
    if (s != NULL) {
        h2_reader_end(&s->reader);
        s->is_refused = true;
    }
    return 0;
}

static enum stream_error close_error(
    const struct h2 *h2, const struct h2_stream *s, uint32_t code)
{
    bool is_unsent = !h2_faces_client(h2) && !s->head_sent;
    return is_unsent ? STREAM_REFUSED : h2_error_of_wire(code);
}

static int on_stream_close(
    nghttp2_session *session, int32_t id, uint32_t code, void *user)
{
    struct h2 *h2 = user;
    struct h2_stream *s = h2_find_stream(session, id);
    if (s == NULL)
        return 0;
    s->is_closed = true;
    h2->open_count--;
    h2_give_back(h2, s, s->unconsumed);
    bool is_complete =
        s->recv_done && (s->end_sent || code == NGHTTP2_NO_ERROR);
    if (is_complete)
        h2_gain(h2, GAIN_EXCHANGE);
    else
        h2_tell_reset(h2, s, close_error(h2, s, code));
    s->is_dead = true;
    buf_free(&s->out);
    if (h2_faces_client(h2) && !s->head_received)
        s->base.is_released = true;
    h2->has_garbage |= s->base.is_released;
    return 0;
}

void h2_set_input_callbacks(nghttp2_session_callbacks *callbacks)
{
    nghttp2_session_callbacks_set_on_begin_headers_callback(
        callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(
        callbacks, on_invalid_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(
        callbacks, on_frame_recv);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        callbacks, on_data_chunk);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(
        callbacks, on_invalid_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(
        callbacks, on_stream_close);
}
