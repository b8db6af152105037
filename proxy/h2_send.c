/*
 * What goes out on an HTTP/2 connection: heads in nghttp2's form, data taken
 * from each stream's queue as the peer's windows allow, resets.
 */
#include "proxy/h2_parts.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "proxy/fields.h"

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

static size_t fill_field(
    nghttp2_nv *nv, const struct field *field, bool is_request, bool is_trailer)
{
    if (!h2_can_send_field(field, is_request, is_trailer))
        return 0;
    *nv = make_nv(field->name, field->value);
    if (is_secret(field->name))
        nv->flags = NGHTTP2_NV_FLAG_NO_INDEX;
    return 1;
}

static size_t fill_fields(
    nghttp2_nv *nv, const struct head *head, bool is_request, bool is_trailer)
{
    size_t n = 0;
    for (size_t i = 0; i < head->count; i++)
        n += fill_field(nv + n, &head->fields[i], is_request, is_trailer);
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

/* ---- requests, as the client wrote them ---- */

static size_t fill_pseudo(
    nghttp2_nv *nv, const struct head *head, enum pseudo which)
{
    bool is_tunnel = str_is(head->method, "CONNECT") && head->protocol.n == 0;
    switch (which) {
    case PSEUDO_METHOD:
        *nv = make_nv(STR(":method"), head->method);
        return 1;
    case PSEUDO_SCHEME:
        *nv = make_nv(
            STR(":scheme"), head->scheme.n != 0 ? head->scheme : STR("https"));
        return is_tunnel ? 0 : 1;
    case PSEUDO_AUTHORITY:
        *nv = make_nv(STR(":authority"), head->authority);
        return 1;
    case PSEUDO_PATH:
        *nv = make_nv(STR(":path"), head->path);
        return is_tunnel ? 0 : 1;
    case PSEUDO_PROTOCOL:
        *nv = make_nv(STR(":protocol"), head->protocol);
        return head->protocol.n == 0 ? 0 : 1;
    case PSEUDO_NONE:
    case PSEUDO_COUNT:
        break;
    }
    return 0;
}

/* In the client's order; what it did not write (Host in place of :authority)
 * comes after. */
static size_t fill_all_pseudo(nghttp2_nv *nv, const struct head *head)
{
    static const uint8_t usual[] = {PSEUDO_METHOD, PSEUDO_PROTOCOL,
        PSEUDO_SCHEME, PSEUDO_PATH, PSEUDO_AUTHORITY};
    bool is_done[PSEUDO_COUNT] = {0};
    size_t n = 0;
    for (size_t i = 0; i < PSEUDO_COUNT + ARRAY_LEN(usual); i++) {
        enum pseudo which =
            i < PSEUDO_COUNT ? head->style.pseudo[i] : usual[i - PSEUDO_COUNT];
        if (is_done[which])
            continue;
        is_done[which] = true;
        n += fill_pseudo(nv + n, head, which);
    }
    return n;
}

/* One line a crumb, as browsers do (RFC 9113 §8.2.3). */
static size_t fill_crumbs(nghttp2_nv *nv, struct str cookie)
{
    size_t n = 0;
    while (cookie.n > 0) {
        size_t end = str_find(cookie, STR("; "));
        nv[n++] = make_nv(STR("cookie"), str_sub(cookie, 0, end));
        cookie = str_sub(cookie, end + 2, cookie.n);
    }
    return n;
}

static size_t crumbs_max(const struct head *head)
{
    struct str cookie = head_get(head, "cookie");
    size_t n = 1;
    for (size_t i = 0; head->style.has_crumbs && i < cookie.n; i++)
        n += cookie.p[i] == ';';
    return n;
}

static size_t fill_request_fields(
    nghttp2_nv *nv, const struct head *head, bool has_length, char *digits)
{
    size_t n = 0;
    for (size_t i = 0; i < head->count; i++) {
        const struct field *field = &head->fields[i];
        if (has_length && str_eq(field->name, head->style.length_before)) {
            n += fill_length(nv + n, head->content_length, digits);
            has_length = false;
        }
        if (head->style.has_crumbs && str_is(field->name, "cookie"))
            n += fill_crumbs(nv + n, field->value);
        else
            n += fill_field(nv + n, field, true, false);
    }
    if (has_length)
        n += fill_length(nv + n, head->content_length, digits);
    return n;
}

static size_t fill_request(
    nghttp2_nv *nv, const struct head *head, bool has_body, char digits[DIGITS])
{
    size_t n = fill_all_pseudo(nv, head);
    n += fill_request_fields(
        nv + n, head, has_body || head->content_length == 0, digits);
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

/* ---- nghttp2's callbacks: output ---- */

static void submit_trailers(struct h2 *h2, struct h2_stream *s)
{
    nghttp2_nv *nv = mem_calloc(s->trailers->count + 1, sizeof *nv);
    size_t n = fill_fields(nv, s->trailers, !h2_faces_client(h2), true);
    nghttp2_submit_trailer(h2->session, s->id, nv, n);
    mem_free(nv);
}

static ssize_t read_data(nghttp2_session *session, int32_t id, uint8_t *to,
    size_t length, uint32_t *flags, nghttp2_data_source *source, void *user)
{
    struct h2_stream *s = source->ptr;
    (void)session, (void)id, (void)to;
    size_t n = s->out.n < length ? s->out.n : length;
    if (n == 0 && s->breaks_off)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* INTERNAL_ERROR */
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
    h2_gain(h2, GAIN_DATA);
    if (s->is_over_high && s->out.n < STREAM_QUEUE_LOW) {
        s->is_over_high = false;
        s->is_now_writable = h2->has_writable = true;
    }
    return 0;
}

/* nghttp2 resets by itself, without a word, where DATA disagrees with
 * content-length (H7, RFC 9113 §8.1.1).  Of a request that was answered early
 * the client may stop short: that is no second refusal. */
static void on_own_reset(struct h2 *h2, struct h2_stream *s, uint32_t code)
{
    if (s != NULL && (s->is_dead || s->resets_after_send))
        return;
    bool is_answered = s != NULL && (s->send_done || s->discards);
    if (s != NULL && !s->is_refused && !is_answered && s->head_received &&
        !s->recv_done && code == NGHTTP2_PROTOCOL_ERROR)
        codec_tell_refused(&h2->base, "h2-body-length", 0);
    h2_spend(h2, COST_RESET, "flood-made-reset");
}

static int on_frame_send(
    nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct h2 *h2 = user;
    struct h2_stream *s = h2_find_stream(session, frame->hd.stream_id);
    if (frame->hd.type == NGHTTP2_GOAWAY &&
        frame->goaway.error_code != NGHTTP2_NO_ERROR)
        h2_die(h2, ERR_PARSE,
            h2->base.refusal != NULL ? h2->base.refusal : "h2-protocol",
            STREAM_BROKEN);
    if (frame->hd.type == NGHTTP2_RST_STREAM)
        on_own_reset(h2, s, frame->rst_stream.error_code);
    bool carries_end =
        frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
    if (s == NULL || !carries_end)
        return 0;
    if (!h2_faces_client(h2))
        s->head_sent = true;
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0)
        return 0;
    s->end_sent = true;
    if (s->resets_after_send)
        nghttp2_submit_rst_stream(
            session, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_NO_ERROR);
    return 0;
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

void h2_send_head(struct stream *stream, const struct head *head, bool has_body)
{
    struct h2_stream *s = stream_of(stream);
    struct h2 *h2 = h2_of_stream(s);
    if (s->is_dead || s->head_sent || h2->is_dead || !h2_faces_client(h2))
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

void h2_send_data(struct stream *stream, struct str data)
{
    struct h2_stream *s = stream_of(stream);
    struct h2 *h2 = h2_of_stream(s);
    if (s->is_dead || s->send_done || data.n == 0)
        return;
    if (h2_faces_client(h2) && !s->head_sent)
        return;
    s->sent += (int64_t)data.n;
    if (s->declared >= 0 && s->sent > s->declared) {
        h2_submit_reset(h2, s, NGHTTP2_INTERNAL_ERROR);
        return;
    }
    buf_append_str(&s->out, data);
    if (s->out.n >= STREAM_QUEUE_HIGH)
        s->is_over_high = true;
    resume(h2, s);
}

void h2_send_end(struct stream *stream, const struct head *trailers)
{
    struct h2_stream *s = stream_of(stream);
    struct h2 *h2 = h2_of_stream(s);
    if (s->is_dead || s->send_done || (h2_faces_client(h2) && !s->head_sent))
        return;
    if (s->declared >= 0 && s->sent != s->declared) {
        h2_submit_reset(h2, s, NGHTTP2_INTERNAL_ERROR);
        return;
    }
    s->send_done = true;
    if (trailers != NULL && trailers->count != 0)
        s->trailers = head_copy(trailers);
    resume(h2, s);
}

void h2_reset(struct stream *stream, enum stream_error error)
{
    struct h2_stream *s = stream_of(stream);
    struct h2 *h2 = h2_of_stream(s);
    if (s->is_dead)
        return;
    bool is_behind = error == STREAM_INTERNAL && h2_faces_client(h2) &&
                     s->head_sent && !s->send_done && !s->is_deferred;
    if (is_behind) /* an RST_STREAM would overtake what waits here */
        s->is_dead = s->breaks_off = true;
    else
        h2_submit_reset(h2, s, h2_wire_of_error(error));
}

void h2_release(struct stream *stream)
{
    struct h2_stream *s = stream_of(stream);
    struct h2 *h2 = h2_of_stream(s);
    stream->is_released = true;
    h2->has_garbage = true;
    h2_give_back(h2, s, s->unconsumed);
    if (s->is_closed || s->is_dead || (s->recv_done && s->send_done)) {
        h2_sweep(h2);
        return;
    }
    bool is_answered = h2_faces_client(h2) && s->send_done;
    if (is_answered) /* curl forgets an answer that a reset follows at once */
        s->discards = true;
    else
        h2_submit_reset(h2, s, NGHTTP2_CANCEL);
}

size_t h2_queued(const struct stream *stream)
{
    return ((const struct h2_stream *)stream)->out.n;
}

void h2_consumed(struct stream *stream, size_t n)
{
    struct h2_stream *s = stream_of(stream);
    h2_give_back(h2_of_stream(s), s, n);
}

struct stream *h2_open(
    struct codec *codec, const struct head *request, bool has_body, void *user)
{
    struct h2 *h2 = h2_of(codec);
    char digits[DIGITS];
    nghttp2_priority_spec priority;
    nghttp2_nv *nv = mem_calloc(
        request->count + EXTRA_FIELDS + crumbs_max(request), sizeof *nv);
    size_t n = fill_request(nv, request, has_body, digits);
    struct h2_stream *s = h2_add_stream(h2, 0, user);
    h2_introduce(codec, NULL);
    nghttp2_priority_spec_init(
        &priority, 0, request->style.weight, request->style.is_exclusive);
    nghttp2_data_provider provider = {
        .source.ptr = s, .read_callback = read_data};
    int32_t id = nghttp2_submit_request(h2->session,
        request->style.has_priority ? &priority : NULL, nv, n,
        has_body ? &provider : NULL, s);
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

void h2_set_output_callbacks(nghttp2_session_callbacks *callbacks)
{
    nghttp2_session_callbacks_set_on_frame_send_callback(
        callbacks, on_frame_send);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, send_data);
}
