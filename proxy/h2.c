/*
 * HTTP/2 on one connection, either side (RFC 9113), by nghttp2.
 *
 * nghttp2 does frames, HPACK, flow control and the message rules; here its
 * callbacks become the events of proxy/http.h, windows open only as the owner
 * consumes, and floods end the connection (D1).  Heads are read by h2_head.c.
 *
 * nghttp2 must not be re-entered while it reads: codec_take_output gives
 * nothing inside a callback, the bytes come after it.
 */
#include <stdio.h>
#include <string.h>

#include <nghttp2/nghttp2.h>

#include "base/mem.h"
#include "proxy/codec.h"
#include "proxy/fields.h"
#include "proxy/h2_head.h"

enum {
    CONNECTION_WINDOW = 16 * 1024 * 1024,
    SEND_HEAD_MAX = 1024 * 1024, /* ours are bounded by what we received */
    HEAD_OVERRUN = 2, /* times head_bytes: then no answer, only a reset */
    /* What a client may cost without getting anything done: CVE-2023-44487
     * (reset), CVE-2025-8671 (made you reset), CVE-2019-9512 to 9518. */
    BUDGET_MAX = 2000,
    COST_RESET = 20,
    COST_SETTINGS = 10,
    COST_PING = 5,
    COST_EMPTY_DATA = 5,
    COST_SMALL = 1, /* PRIORITY, WINDOW_UPDATE */
    GAIN_DATA = 4,
    GAIN_EXCHANGE = 40,
};

struct h2_stream {
    struct stream base;
    struct h2_stream *next; /* all that are not freed */
    int32_t id;
    struct h2_reader reader;
    unsigned interims;
    bool head_received; /* the final one; the owner knows the stream */
    bool recv_done;
    bool head_sent; /* the final one */
    bool send_done; /* the owner gave its end; output may be queued */
    bool end_sent;  /* END_STREAM is out */
    bool is_deferred;
    bool is_dead;   /* we reset it */
    bool is_closed; /* for nghttp2 */
    bool is_head, is_connect;
    bool resets_after_send; /* answered, the rest of the request unwanted */
    bool is_over_high, is_now_writable;
    struct buf out;
    struct head *trailers; /* to send */
    int64_t declared, sent;
    size_t unconsumed;
};

struct h2 {
    struct codec base;
    nghttp2_session *session;
    struct h2_stream *streams;
    size_t open_count;
    unsigned depth;
    bool has_garbage;
    bool has_writable;
    bool is_eof, is_draining, is_dead, got_goaway;
    int budget;
    enum err result;
    struct buf *target; /* while taking output */
    size_t target_max;
};

static struct h2 *h2_of(struct codec *codec)
{
    return (struct h2 *)codec;
}

static const struct h2 *h2_of_const(const struct codec *codec)
{
    return (const struct h2 *)codec;
}

static struct h2 *h2_of_stream(const struct h2_stream *s)
{
    return h2_of(s->base.codec);
}

static bool faces_client(const struct h2 *h2)
{
    return h2->base.side == FACING_CLIENT;
}

static enum stream_error error_of_wire(uint32_t code)
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

static uint32_t wire_of_error(enum stream_error error)
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

static struct h2_stream *add_stream(struct h2 *h2, int32_t id, void *user)
{
    struct h2_stream *s = MEM_NEW(struct h2_stream);
    s->base.codec = &h2->base;
    s->base.user = user;
    s->base.number = (uint32_t)id;
    s->id = id;
    s->declared = -1;
    s->next = h2->streams;
    h2->streams = s;
    h2->open_count++;
    return s;
}

static void free_stream(struct h2_stream *s)
{
    h2_reader_end(&s->reader);
    head_free(&s->trailers);
    buf_free(&s->out);
    mem_free(s);
}

static void sweep(struct h2 *h2)
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
        free_stream(s);
    }
}

static void leave(struct h2 *h2)
{
    h2->depth--;
    sweep(h2);
}

static struct h2_stream *find_stream(nghttp2_session *session, int32_t id)
{
    return nghttp2_session_get_stream_user_data(session, id);
}

static void submit_reset(struct h2 *h2, struct h2_stream *s, uint32_t code)
{
    s->is_dead = true;
    buf_free(&s->out);
    if (!s->is_closed)
        nghttp2_submit_rst_stream(h2->session, NGHTTP2_FLAG_NONE, s->id, code);
}

static void give_back(struct h2 *h2, struct h2_stream *s, size_t n)
{
    if (n == 0)
        return;
    if (s->is_closed)
        nghttp2_session_consume_connection(h2->session, n);
    else
        nghttp2_session_consume(h2->session, s->id, n);
}

static void tell_reset(
    struct h2 *h2, struct h2_stream *s, enum stream_error error)
{
    bool is_known = s->head_received || !faces_client(h2);
    if (is_known && !s->base.is_released && !s->is_dead)
        h2->base.events->on_reset(h2->base.owner, &s->base, error);
    s->is_dead = true;
}

/* The connection is done for: every stream of it ends. */
static void end_all(struct h2 *h2, enum stream_error error)
{
    for (struct h2_stream *s = h2->streams; s != NULL; s = s->next)
        if (!s->is_closed && !(s->recv_done && s->end_sent))
            tell_reset(h2, s, error);
}

static void die(
    struct h2 *h2, enum err result, const char *reason, enum stream_error error)
{
    if (h2->is_dead)
        return;
    h2->is_dead = true;
    h2->result = result;
    codec_tell_refused(&h2->base, reason, 0);
    end_all(h2, error);
}

static void spend(struct h2 *h2, int cost, const char *reason)
{
    if (!faces_client(h2) || h2->is_dead)
        return;
    h2->budget -= cost;
    if (h2->budget >= 0)
        return;
    nghttp2_session_terminate_session(h2->session, NGHTTP2_ENHANCE_YOUR_CALM);
    die(h2, ERR_LIMIT, reason, STREAM_TOO_MUCH);
}

static void gain(struct h2 *h2, int amount)
{
    h2->budget += amount;
    if (h2->budget > BUDGET_MAX)
        h2->budget = BUDGET_MAX;
}

/* ---- refusals ---- */

static void refuse_stream(struct h2 *h2, struct h2_stream *s, bool is_end)
{
    const char *reason = s->reader.reason;
    int status = faces_client(h2) && !s->head_sent ? s->reader.status : 0;
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
    if (faces_client(h2) && !s->head_received) {
        s->base.is_released = true;
        h2->has_garbage = true;
    } else {
        tell_reset(h2, s, STREAM_BROKEN);
    }
    spend(h2, COST_RESET, "flood-refused");
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
    if (faces_client(h2))
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
    struct h2_stream *s = find_stream(session, frame->hd.stream_id);
    if (s == NULL && faces_client(h2)) {
        s = add_stream(h2, frame->hd.stream_id, NULL);
        nghttp2_session_set_stream_user_data(session, s->id, s);
    }
    if (s != NULL)
        h2_reader_begin(&s->reader);
    return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame,
    const uint8_t *name, size_t name_n, const uint8_t *value, size_t value_n,
    uint8_t flags, void *user)
{
    struct h2 *h2 = user;
    (void)flags;
    struct h2_stream *s = find_stream(session, frame->hd.stream_id);
    if (s == NULL)
        return 0;
    h2_reader_add(&s->reader, str_make((const char *)name, name_n),
        str_make((const char *)value, value_n), &h2->base.limits);
    if (s->reader.bytes / HEAD_OVERRUN > h2->base.limits.head_bytes)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    return 0;
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
        spend(h2, COST_RESET, "flood-reset");
        break;
    case NGHTTP2_SETTINGS:
        spend(h2, COST_SETTINGS, "flood-settings");
        break;
    case NGHTTP2_PING:
        spend(h2, COST_PING, "flood-ping");
        break;
    case NGHTTP2_PRIORITY:
    case NGHTTP2_WINDOW_UPDATE:
        spend(h2, COST_SMALL, "flood-small-frames");
        break;
    case NGHTTP2_DATA:
        if (frame->hd.length == 0 &&
            (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0)
            spend(h2, COST_EMPTY_DATA, "flood-empty-data");
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
    struct h2_stream *s = find_stream(session, frame->hd.stream_id);
    if (s == NULL || h2->is_dead)
        return 0;
    if (frame->hd.type == NGHTTP2_HEADERS)
        take_headers(h2, s, is_end);
    else if (frame->hd.type == NGHTTP2_DATA && is_end && !s->recv_done)
        tell_end(h2, s, NULL);
    return 0;
}

static int on_data_chunk(nghttp2_session *session, uint8_t flags, int32_t id,
    const uint8_t *data, size_t n, void *user)
{
    struct h2 *h2 = user;
    (void)flags;
    struct h2_stream *s = find_stream(session, id);
    gain(h2, n >= 64 ? GAIN_DATA : 0);
    if (s == NULL || s->base.is_released || s->is_dead || h2->is_dead) {
        nghttp2_session_consume(session, id, n);
        return 0;
    }
    s->unconsumed += n;
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
    struct h2_stream *s = find_stream(session, frame->hd.stream_id);
    codec_tell_refused(&h2->base, refusal_word(code), 0);
    if (s != NULL)
        h2_reader_end(&s->reader);
    return 0;
}

static enum stream_error close_error(
    const struct h2 *h2, const struct h2_stream *s, uint32_t code)
{
    bool is_unsent = !faces_client(h2) && !s->head_sent;
    return is_unsent ? STREAM_REFUSED : error_of_wire(code);
}

static int on_stream_close(
    nghttp2_session *session, int32_t id, uint32_t code, void *user)
{
    struct h2 *h2 = user;
    struct h2_stream *s = find_stream(session, id);
    if (s == NULL)
        return 0;
    s->is_closed = true;
    h2->open_count--;
    nghttp2_session_consume_connection(session, s->unconsumed);
    s->unconsumed = 0;
    bool is_complete =
        s->recv_done && (s->end_sent || code == NGHTTP2_NO_ERROR);
    if (is_complete)
        gain(h2, GAIN_EXCHANGE);
    else
        tell_reset(h2, s, close_error(h2, s, code));
    s->is_dead = true;
    buf_free(&s->out);
    if (faces_client(h2) && !s->head_received)
        s->base.is_released = true;
    h2->has_garbage |= s->base.is_released;
    return 0;
}

/* ---- nghttp2's callbacks: output ---- */

static size_t fill_fields(
    nghttp2_nv *nv, const struct head *head, bool is_request, bool is_trailer);

static void submit_trailers(struct h2 *h2, struct h2_stream *s)
{
    nghttp2_nv *nv = mem_calloc(s->trailers->count + 1, sizeof *nv);
    size_t n = fill_fields(nv, s->trailers, !faces_client(h2), true);
    nghttp2_submit_trailer(h2->session, s->id, nv, n);
    mem_free(nv);
}

static ssize_t read_data(nghttp2_session *session, int32_t id, uint8_t *to,
    size_t length, uint32_t *flags, nghttp2_data_source *source, void *user)
{
    struct h2_stream *s = source->ptr;
    (void)session, (void)id, (void)to;
    size_t n = s->out.n < length ? s->out.n : length;
    if (n == 0 && !s->send_done) {
        s->is_deferred = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (s->send_done && n == s->out.n) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        if (s->trailers != NULL) {
            *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
            submit_trailers(user, s);
        }
    }
    return (ssize_t)n;
}

static int send_data(nghttp2_session *session, nghttp2_frame *frame,
    const uint8_t *frame_head, size_t n, nghttp2_data_source *source,
    void *user)
{
    struct h2 *h2 = user;
    struct h2_stream *s = source->ptr;
    (void)session, (void)frame;
    if (h2->target->n >= h2->target_max)
        return NGHTTP2_ERR_WOULDBLOCK;
    buf_append(h2->target, frame_head, 9);
    if (n != 0)
        buf_append(h2->target, buf_bytes(&s->out), n);
    buf_consume(&s->out, n);
    gain(h2, GAIN_DATA);
    if (s->is_over_high && s->out.n < STREAM_QUEUE_LOW) {
        s->is_over_high = false;
        s->is_now_writable = h2->has_writable = true;
    }
    return 0;
}

static void count_sent_reset(struct h2 *h2, struct h2_stream *s)
{
    if (s == NULL || (!s->is_dead && !s->resets_after_send))
        spend(h2, COST_RESET, "flood-made-reset");
}

static int on_frame_send(
    nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct h2 *h2 = user;
    struct h2_stream *s = find_stream(session, frame->hd.stream_id);
    if (frame->hd.type == NGHTTP2_GOAWAY &&
        frame->goaway.error_code != NGHTTP2_NO_ERROR)
        die(h2, ERR_PARSE,
            h2->base.refusal != NULL ? h2->base.refusal : "h2-protocol",
            STREAM_BROKEN);
    if (frame->hd.type == NGHTTP2_RST_STREAM)
        count_sent_reset(h2, s);
    bool carries_end =
        frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
    if (s == NULL || !carries_end)
        return 0;
    if (!faces_client(h2))
        s->head_sent = true;
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0)
        return 0;
    s->end_sent = true;
    if (s->resets_after_send)
        nghttp2_submit_rst_stream(
            session, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_NO_ERROR);
    return 0;
}

/* ---- heads out ---- */

static nghttp2_nv make_nv(struct str name, struct str value)
{
    return (nghttp2_nv){(uint8_t *)(uintptr_t)name.p,
        (uint8_t *)(uintptr_t)value.p, name.n, value.n, NGHTTP2_NV_FLAG_NONE};
}

/* Credentials stay out of the compression state (RFC 7541 §7.1.3). */
static bool is_secret(struct str name)
{
    return str_is(name, "authorization");
}

static size_t fill_fields(
    nghttp2_nv *nv, const struct head *head, bool is_request, bool is_trailer)
{
    size_t n = 0;
    for (size_t i = 0; i < head->count; i++) {
        const struct field *field = &head->fields[i];
        if (!h2_can_send_field(field, is_request, is_trailer))
            continue;
        nv[n] = make_nv(field->name, field->value);
        if (is_secret(field->name))
            nv[n].flags = NGHTTP2_NV_FLAG_NO_INDEX;
        n++;
    }
    return n;
}

enum { EXTRA_FIELDS = 8, DIGITS = 24 };

static size_t fill_length(nghttp2_nv *nv, int64_t length, char digits[DIGITS])
{
    if (length < 0)
        return 0;
    int n = snprintf(digits, DIGITS, "%lld", (long long)length);
    *nv = make_nv(STR("content-length"), str_make(digits, (size_t)n));
    return 1;
}

static size_t fill_request(
    nghttp2_nv *nv, const struct head *head, bool has_body, char digits[DIGITS])
{
    size_t n = 0;
    bool is_tunnel = str_is(head->method, "CONNECT") && head->protocol.n == 0;
    nv[n++] = make_nv(STR(":method"), head->method);
    if (head->protocol.n != 0)
        nv[n++] = make_nv(STR(":protocol"), head->protocol);
    if (!is_tunnel) {
        nv[n++] = make_nv(
            STR(":scheme"), head->scheme.n != 0 ? head->scheme : STR("https"));
        nv[n++] = make_nv(STR(":path"), head->path);
    }
    nv[n++] = make_nv(STR(":authority"), head->authority);
    n += fill_fields(nv + n, head, true, false);
    if (has_body || head->content_length == 0)
        n += fill_length(nv + n, head->content_length, digits);
    if (has_body && head->expects_continue)
        nv[n++] = make_nv(STR("expect"), STR("100-continue"));
    return n;
}

static size_t fill_response(nghttp2_nv *nv, const struct head *head,
    int64_t length, char status[DIGITS], char digits[DIGITS])
{
    int code = head->status == 101 ? 200 : head->status; /* RFC 8441 §5 */
    int status_n = snprintf(status, DIGITS, "%03d", code);
    nv[0] = make_nv(STR(":status"), str_make(status, (size_t)status_n));
    size_t n = 1 + fill_fields(nv + 1, head, false, false);
    return n + fill_length(nv + n, length, digits);
}

/* ---- the codec's entry points ---- */

static enum err h2_feed(struct codec *codec, struct str bytes)
{
    struct h2 *h2 = h2_of(codec);
    if (h2->is_dead || bytes.n == 0)
        return h2->result;
    h2->depth++;
    ssize_t n = nghttp2_session_mem_recv(
        h2->session, (const uint8_t *)bytes.p, bytes.n);
    if (n < 0 && !h2->is_dead) {
        bool is_flood = n == NGHTTP2_ERR_FLOODED;
        nghttp2_session_terminate_session(h2->session,
            is_flood ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_PROTOCOL_ERROR);
        die(h2, is_flood ? ERR_LIMIT : ERR_PARSE,
            is_flood                            ? "flood-answers"
            : n == NGHTTP2_ERR_BAD_CLIENT_MAGIC ? "h2-bad-preface"
                                                : "h2-protocol",
            STREAM_BROKEN);
    }
    leave(h2);
    return h2->result;
}

static void h2_feed_eof(struct codec *codec)
{
    struct h2 *h2 = h2_of(codec);
    h2->depth++;
    h2->is_eof = true;
    end_all(h2, STREAM_BROKEN);
    leave(h2);
}

static void tell_writable(struct h2 *h2)
{
    if (!h2->has_writable)
        return;
    h2->has_writable = false;
    for (struct h2_stream *s = h2->streams; s != NULL; s = s->next) {
        if (!s->is_now_writable)
            continue;
        s->is_now_writable = false;
        if (!s->base.is_released && !s->is_dead &&
            h2->base.events->on_writable != NULL)
            h2->base.events->on_writable(h2->base.owner, &s->base);
    }
}

static void h2_take_output(struct codec *codec, struct buf *out, size_t max)
{
    struct h2 *h2 = h2_of(codec);
    if (h2->depth != 0)
        return;
    h2->depth++;
    h2->target = out;
    h2->target_max = out->n + max;
    while (out->n < h2->target_max) {
        const uint8_t *bytes = NULL;
        ssize_t n = nghttp2_session_mem_send(h2->session, &bytes);
        if (n < 0)
            die(h2, ERR_STATE, "h2-output", STREAM_INTERNAL);
        if (n <= 0)
            break;
        buf_append(out, bytes, (size_t)n);
    }
    h2->target = NULL;
    tell_writable(h2);
    leave(h2);
}

static bool h2_has_output(const struct codec *codec)
{
    return nghttp2_session_want_write(h2_of_const(codec)->session) != 0;
}

static bool h2_wants_input(const struct codec *codec)
{
    (void)codec;
    return true;
}

static bool h2_wants_close(const struct codec *codec)
{
    const struct h2 *h2 = h2_of_const(codec);
    if (h2->is_eof || h2->is_dead)
        return true;
    if (h2->is_draining && h2->open_count == 0)
        return true;
    return nghttp2_session_want_read(h2->session) == 0 &&
           nghttp2_session_want_write(h2->session) == 0;
}

static bool h2_has_input(const struct codec *codec)
{
    (void)codec;
    return false;
}

static bool h2_is_idle(const struct codec *codec)
{
    return h2_of_const(codec)->open_count == 0;
}

static void h2_drain(struct codec *codec)
{
    struct h2 *h2 = h2_of(codec);
    if (h2->is_draining || h2->is_dead)
        return;
    h2->is_draining = true;
    nghttp2_submit_goaway(h2->session, NGHTTP2_FLAG_NONE,
        nghttp2_session_get_last_proc_stream_id(h2->session), NGHTTP2_NO_ERROR,
        NULL, 0);
}

static bool h2_can_open(const struct codec *codec)
{
    const struct h2 *h2 = h2_of_const(codec);
    if (h2->is_dead || h2->is_eof || h2->is_draining || h2->got_goaway)
        return false;
    if (nghttp2_session_check_request_allowed(h2->session) == 0)
        return false;
    return h2->open_count < nghttp2_session_get_remote_settings(h2->session,
                                NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

static struct stream *h2_open(
    struct codec *codec, const struct head *request, bool has_body, void *user)
{
    struct h2 *h2 = h2_of(codec);
    char digits[DIGITS];
    nghttp2_nv *nv = mem_calloc(request->count + EXTRA_FIELDS, sizeof *nv);
    size_t n = fill_request(nv, request, has_body, digits);
    struct h2_stream *s = add_stream(h2, 0, user);
    nghttp2_data_provider provider = {
        .source.ptr = s, .read_callback = read_data};
    int32_t id = nghttp2_submit_request(
        h2->session, NULL, nv, n, has_body ? &provider : NULL, s);
    mem_free(nv);
    s->is_head = str_is(request->method, "HEAD");
    s->send_done = !has_body;
    s->declared = has_body ? request->content_length : -1;
    if (id < 0) { /* no stream number is left, or the session is ending */
        s->is_closed = s->is_dead = true;
        h2->open_count--;
        return &s->base;
    }
    s->id = id;
    s->base.number = (uint32_t)id;
    return &s->base;
}

static void h2_take_over(struct codec *codec, struct buf *rest_out)
{
    (void)codec;
    (void)rest_out; /* h1 only */
}

static void h2_free(struct codec *codec)
{
    struct h2 *h2 = h2_of(codec);
    nghttp2_session_del(h2->session);
    while (h2->streams != NULL) {
        struct h2_stream *s = h2->streams;
        h2->streams = s->next;
        free_stream(s);
    }
    mem_free(h2);
}

/* ---- the streams' entry points ---- */

static struct h2_stream *stream_of(struct stream *stream)
{
    return (struct h2_stream *)stream;
}

static void submit_final(
    struct h2 *h2, struct h2_stream *s, const struct head *head, bool has_body)
{
    char status[DIGITS], digits[DIGITS];
    bool lacks_body = s->is_head || head->status == 204 || head->status == 304;
    int64_t length = head->content_length;
    if (head->status == 204 || s->is_connect)
        length = -1;
    else if (!has_body && !lacks_body)
        length = 0;
    has_body = has_body && !lacks_body;
    nghttp2_nv *nv = mem_calloc(head->count + EXTRA_FIELDS, sizeof *nv);
    size_t n = fill_response(nv, head, length, status, digits);
    nghttp2_data_provider provider = {
        .source.ptr = s, .read_callback = read_data};
    nghttp2_submit_response(
        h2->session, s->id, nv, n, has_body ? &provider : NULL);
    mem_free(nv);
    s->head_sent = true;
    s->send_done = !has_body;
    s->declared = has_body ? length : -1;
}

static void h2_send_head(
    struct stream *stream, const struct head *head, bool has_body)
{
    struct h2_stream *s = stream_of(stream);
    struct h2 *h2 = h2_of_stream(s);
    if (s->is_dead || s->head_sent || h2->is_dead || !faces_client(h2))
        return;
    if (head->status >= 200 || head->status == 101) {
        submit_final(h2, s, head, has_body || head->status == 101);
        return;
    }
    char status[DIGITS], digits[DIGITS];
    nghttp2_nv *nv = mem_calloc(head->count + EXTRA_FIELDS, sizeof *nv);
    size_t n = fill_response(nv, head, -1, status, digits);
    nghttp2_submit_headers(
        h2->session, NGHTTP2_FLAG_NONE, s->id, NULL, nv, n, NULL);
    mem_free(nv);
}

static void resume(struct h2 *h2, struct h2_stream *s)
{
    if (!s->is_deferred)
        return;
    s->is_deferred = false;
    nghttp2_session_resume_data(h2->session, s->id);
}

static void h2_send_data(struct stream *stream, struct str data)
{
    struct h2_stream *s = stream_of(stream);
    struct h2 *h2 = h2_of_stream(s);
    if (s->is_dead || s->send_done || data.n == 0)
        return;
    if (faces_client(h2) && !s->head_sent)
        return;
    s->sent += (int64_t)data.n;
    if (s->declared >= 0 && s->sent > s->declared) {
        submit_reset(h2, s, NGHTTP2_INTERNAL_ERROR);
        return;
    }
    buf_append_str(&s->out, data);
    if (s->out.n >= STREAM_QUEUE_HIGH)
        s->is_over_high = true;
    resume(h2, s);
}

static void h2_send_end(struct stream *stream, const struct head *trailers)
{
    struct h2_stream *s = stream_of(stream);
    struct h2 *h2 = h2_of_stream(s);
    if (s->is_dead || s->send_done || (faces_client(h2) && !s->head_sent))
        return;
    if (s->declared >= 0 && s->sent != s->declared) {
        submit_reset(h2, s, NGHTTP2_INTERNAL_ERROR);
        return;
    }
    s->send_done = true;
    if (trailers != NULL && trailers->count != 0)
        s->trailers = head_copy(trailers);
    resume(h2, s);
}

static void h2_reset(struct stream *stream, enum stream_error error)
{
    struct h2_stream *s = stream_of(stream);
    if (!s->is_dead)
        submit_reset(h2_of_stream(s), s, wire_of_error(error));
}

static void h2_release(struct stream *stream)
{
    struct h2_stream *s = stream_of(stream);
    struct h2 *h2 = h2_of_stream(s);
    stream->is_released = true;
    h2->has_garbage = true;
    give_back(h2, s, s->unconsumed);
    s->unconsumed = 0;
    if (s->is_closed || s->is_dead || (s->recv_done && s->send_done)) {
        sweep(h2);
        return;
    }
    bool is_answered = faces_client(h2) && s->send_done;
    if (!is_answered)
        submit_reset(h2, s, NGHTTP2_CANCEL);
    else if (s->end_sent)
        submit_reset(h2, s, NGHTTP2_NO_ERROR);
    else
        s->resets_after_send = true; /* RFC 9113 §8.1 */
}

static size_t h2_queued(const struct stream *stream)
{
    return ((const struct h2_stream *)stream)->out.n;
}

static void h2_consumed(struct stream *stream, size_t n)
{
    struct h2_stream *s = stream_of(stream);
    if (n > s->unconsumed)
        n = s->unconsumed;
    s->unconsumed -= n;
    give_back(h2_of_stream(s), s, n);
}

static void h2_make_opaque(struct stream *stream)
{
    (void)stream; /* DATA is carried as it is anyway */
}

static const struct codec_vtable h2_table = {
    .free = h2_free,
    .feed = h2_feed,
    .feed_eof = h2_feed_eof,
    .take_output = h2_take_output,
    .has_output = h2_has_output,
    .wants_input = h2_wants_input,
    .wants_close = h2_wants_close,
    .has_input = h2_has_input,
    .is_idle = h2_is_idle,
    .drain = h2_drain,
    .can_open = h2_can_open,
    .open = h2_open,
    .take_over = h2_take_over,
    .release = h2_release,
    .send_head = h2_send_head,
    .send_data = h2_send_data,
    .send_end = h2_send_end,
    .reset = h2_reset,
    .queued = h2_queued,
    .consumed = h2_consumed,
    .make_opaque = h2_make_opaque,
};

/* ---- making one ---- */

static nghttp2_session_callbacks *make_callbacks(void)
{
    nghttp2_session_callbacks *c = NULL;
    if (nghttp2_session_callbacks_new(&c) != 0)
        mem_exhausted(); /* out of memory is fatal */
    nghttp2_session_callbacks_set_on_begin_headers_callback(
        c, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(c, on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(
        c, on_invalid_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(c, on_frame_recv);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, on_data_chunk);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(
        c, on_invalid_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(c, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(c, on_frame_send);
    nghttp2_session_callbacks_set_send_data_callback(c, send_data);
    return c;
}

static void start_session(struct h2 *h2, enum codec_side side)
{
    nghttp2_session_callbacks *callbacks = make_callbacks();
    nghttp2_option *option = NULL;
    int rv = nghttp2_option_new(&option);
    if (rv == 0) {
        nghttp2_option_set_no_auto_window_update(option, 1);
        nghttp2_option_set_no_closed_streams(option, 1);
        nghttp2_option_set_max_send_header_block_length(option, SEND_HEAD_MAX);
        rv = side == FACING_CLIENT ? nghttp2_session_server_new2(
                                         &h2->session, callbacks, h2, option)
                                   : nghttp2_session_client_new2(
                                         &h2->session, callbacks, h2, option);
    }
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    if (rv != 0)
        mem_exhausted();
}

static void submit_settings(
    struct h2 *h2, enum codec_side side, const struct codec_limits *limits)
{
    nghttp2_settings_entry entries[4];
    size_t n = 0;
    if (side == FACING_CLIENT) {
        entries[n++] = (nghttp2_settings_entry){
            NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits->streams};
        if (limits->offer_websockets)
            entries[n++] = (nghttp2_settings_entry){
                NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1};
    } else {
        entries[n++] =
            (nghttp2_settings_entry){NGHTTP2_SETTINGS_ENABLE_PUSH, 0};
    }
    entries[n++] = (nghttp2_settings_entry){
        NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits->window_bytes};
    entries[n++] = (nghttp2_settings_entry){
        NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits->head_bytes};
    nghttp2_submit_settings(h2->session, NGHTTP2_FLAG_NONE, entries, n);
    nghttp2_session_set_local_window_size(
        h2->session, NGHTTP2_FLAG_NONE, 0, CONNECTION_WINDOW);
}

struct codec *h2_new(enum codec_side side, const struct codec_limits *limits)
{
    struct h2 *h2 = MEM_NEW(struct h2);
    h2->base.table = &h2_table;
    h2->budget = BUDGET_MAX;
    start_session(h2, side);
    submit_settings(h2, side, limits);
    return &h2->base;
}
