/*
 * HTTP/1.1 on one connection, either side (RFC 9112): one exchange after the
 * other.
 *
 * A head is found and read by h1_head.c, then llhttp reads the same bytes;
 * what the two do not agree on is refused.  Bodies with a length are counted
 * here, chunked ones go through llhttp, and on_data points into the input.
 * Output is one run of bytes, written by h1_write.c.
 *
 * Requests that come behind an unfinished exchange stay unparsed (`in`).
 */
#include <string.h>

#include <llhttp.h>

#include "base/mem.h"
#include "proxy/codec.h"
#include "proxy/h1_head.h"
#include "proxy/h1_write.h"

enum {
    CHUNK_LINE_MAX = 1024,   /* size, extensions, line end */
    HELD_SLACK = 64 * 1024,  /* pipelined bytes, beyond head_bytes */
    DRAIN_MAX = 1024 * 1024, /* of a request that has been answered */
};

enum phase {
    PHASE_HEAD,   /* a start line is next */
    PHASE_LENGTH, /* `left` body bytes are next */
    PHASE_CHUNKED,
    PHASE_TRAILERS,
    PHASE_CLOSE,  /* body to the end of the connection */
    PHASE_WAIT,   /* message read, the exchange goes on */
    PHASE_OPAQUE, /* an upgrade was agreed */
    PHASE_OVER,   /* to be closed; input is ignored */
    PHASE_TAKEN,  /* the owner took the connection over */
};

struct h1_stream {
    struct stream base;
    struct h1_stream *next; /* all that are not freed */
    bool recv_done, send_done;
    bool head_sent; /* the final one */
    bool is_head, is_connect, asks_upgrade, is_http_1_0, keeps_alive;
    bool waits_for_100;
    bool is_dead; /* reset: nothing goes out any more */
    bool is_opaque;
    unsigned interims;
    enum h1_framing framing; /* of what we send */
    int64_t send_left;       /* with H1_LENGTH */
    size_t unconsumed;
    size_t drained;
    bool is_over_high;
};

struct h1 {
    struct codec base;
    llhttp_t parser;
    enum phase phase;
    struct buf in; /* not yet parsed */
    struct buf out;
    struct str cursor; /* what is left of the input being parsed */
    struct h1_scan scan;
    uint64_t left;
    size_t chunk_line_bytes;
    bool in_chunk_line;
    bool is_last_chunk;
    struct h1_stream *current; /* the exchange going on */
    struct h1_stream *streams;
    uint32_t next_number;
    unsigned depth; /* inside an entry point: streams are not freed */
    bool is_held;   /* `in` can go on when the phase allows it */
    bool is_eof;
    bool is_closing; /* after this exchange */
    enum err result;
    /* what llhttp saw of the block just read */
    size_t seen_fields;
    uint16_t seen_flags;
    uint64_t seen_length;
    bool is_skipping_body;
    bool is_complete;
};

static struct h1 *h1_of(struct codec *codec)
{
    return (struct h1 *)codec;
}

static const struct h1 *h1_of_const(const struct codec *codec)
{
    return (const struct h1 *)codec;
}

static struct h1 *h1_of_stream(const struct h1_stream *s)
{
    return h1_of(s->base.codec);
}

static bool faces_client(const struct h1 *h1)
{
    return h1->base.side == FACING_CLIENT;
}

/* ---- streams and exchanges ---- */

static struct h1_stream *add_stream(struct h1 *h1, void *user)
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

static void finish_exchange(struct h1 *h1)
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

/* The exchange cannot go on; nothing more is written for it. */
static struct h1_stream *abandon(struct h1 *h1)
{
    struct h1_stream *s = h1->current;
    if (s != NULL) {
        s->is_dead = true;
        s->recv_done = s->send_done = true;
    }
    h1->current = NULL;
    set_over(h1);
    return s;
}

static void tell_reset(struct h1 *h1, struct h1_stream *s)
{
    if (s != NULL && !s->base.is_released)
        h1->base.events->on_reset(h1->base.owner, &s->base, STREAM_BROKEN);
}

static void refuse(struct h1 *h1, const struct h1_refusal *refusal)
{
    struct h1_stream *s = abandon(h1);
    bool answers = faces_client(h1) && (s == NULL || !s->head_sent);
    bool is_limit = refusal->status == 414 || refusal->status == 431;
    h1->result = is_limit ? ERR_LIMIT : ERR_PARSE;
    if (answers)
        h1_write_refusal(&h1->out, refusal);
    codec_tell_refused(
        &h1->base, refusal->reason, answers ? refusal->status : 0);
    tell_reset(h1, s);
}

static void refuse_for(struct h1 *h1, const char *reason)
{
    refuse(h1, &(struct h1_refusal){reason, 400});
}

/* ---- events ---- */

static void deliver_end(struct h1 *h1, struct head *trailers)
{
    struct h1_stream *s = h1->current;
    s->recv_done = true;
    h1->phase = PHASE_WAIT;
    if (!s->base.is_released)
        h1->base.events->on_end(h1->base.owner, &s->base, trailers);
    else
        head_free(&trailers);
    if (h1->current == s)
        finish_exchange(h1);
}

static void deliver_data(struct h1 *h1, struct str data)
{
    struct h1_stream *s = h1->current;
    s->waits_for_100 = false;
    if (!s->base.is_released) {
        s->unconsumed += data.n;
        h1->base.events->on_data(h1->base.owner, &s->base, data);
        return;
    }
    s->drained += data.n;
    if (s->drained > DRAIN_MAX)
        abandon(h1);
}

static struct str advance(struct h1 *h1, size_t n)
{
    struct str taken = str_sub(h1->cursor, 0, n);
    h1->cursor = str_sub(h1->cursor, n, h1->cursor.n);
    return taken;
}

/* ---- llhttp ---- */

static int on_llhttp_value(llhttp_t *parser)
{
    struct h1 *h1 = parser->data;
    h1->seen_fields++;
    return 0;
}

static int on_llhttp_headers(llhttp_t *parser)
{
    struct h1 *h1 = parser->data;
    h1->seen_flags = parser->flags;
    h1->seen_length = parser->content_length;
    return h1->is_skipping_body ? 1 : 0;
}

static int on_llhttp_complete(llhttp_t *parser)
{
    struct h1 *h1 = parser->data;
    h1->is_complete = true;
    return 0;
}

static int on_llhttp_body(llhttp_t *parser, const char *at, size_t n)
{
    struct h1 *h1 = parser->data;
    deliver_data(h1, str_make(at, n));
    return h1->phase == PHASE_CHUNKED ? 0 : HPE_USER;
}

static int on_llhttp_chunk_header(llhttp_t *parser)
{
    struct h1 *h1 = parser->data;
    h1->in_chunk_line = false;
    h1->is_last_chunk = parser->content_length == 0;
    return HPE_PAUSED;
}

static int on_llhttp_chunk_complete(llhttp_t *parser)
{
    struct h1 *h1 = parser->data;
    h1->in_chunk_line = true;
    h1->chunk_line_bytes = 0;
    return h1->is_last_chunk ? 0 : HPE_PAUSED; /* also behind trailers */
}

static const llhttp_settings_t llhttp_settings = {
    .on_header_value_complete = on_llhttp_value,
    .on_headers_complete = on_llhttp_headers,
    .on_message_complete = on_llhttp_complete,
    .on_body = on_llhttp_body,
    .on_chunk_header = on_llhttp_chunk_header,
    .on_chunk_complete = on_llhttp_chunk_complete,
};

/* The second reading of an accepted head.  NULL, or why it is refused. */
static bool llhttp_agrees(struct h1 *h1, struct str block,
    const struct head *head, const struct h1_facts *facts, bool is_chunked,
    struct h1_refusal *out)
{
    llhttp_init(&h1->parser, faces_client(h1) ? HTTP_REQUEST : HTTP_RESPONSE,
        &llhttp_settings);
    h1->parser.data = h1;
    h1->seen_fields = 0;
    h1->is_complete = false;
    h1->is_skipping_body = !is_chunked;
    enum llhttp_errno err = llhttp_execute(&h1->parser, block.p, block.n);
    *out = (struct h1_refusal){"parsers-disagree", 400};
    if (err == HPE_INVALID_METHOD || err == HPE_INVALID_CONSTANT)
        *out = (struct h1_refusal){"unknown-method", 501};
    if (err != HPE_OK && err != HPE_PAUSED_UPGRADE)
        return false;
    if (h1->seen_fields != facts->field_lines || h1->is_complete == is_chunked)
        return false;
    if (((h1->seen_flags & F_CHUNKED) != 0) != facts->has_chunked ||
        ((h1->seen_flags & F_CONTENT_LENGTH) != 0) != facts->has_length)
        return false;
    return !facts->has_length || head->content_length < 0 ||
           h1->seen_length == (uint64_t)head->content_length;
}

/* ---- reading heads ---- */

static enum phase body_phase(enum h1_framing framing)
{
    switch (framing) {
    case H1_LENGTH:
        return PHASE_LENGTH;
    case H1_CHUNKED:
        return PHASE_CHUNKED;
    case H1_CLOSE:
        return PHASE_CLOSE;
    case H1_NO_BODY:
        break;
    }
    return PHASE_WAIT;
}

static void begin_body(struct h1 *h1, enum h1_framing framing, int64_t length)
{
    h1->phase = body_phase(framing);
    h1->left = framing == H1_LENGTH ? (uint64_t)length : 0;
    h1->in_chunk_line = true;
    h1->chunk_line_bytes = 0;
    h1->is_last_chunk = false;
}

static void begin_request(
    struct h1 *h1, struct head *head, const struct h1_facts *facts)
{
    struct h1_stream *s = add_stream(h1, NULL);
    s->is_head = str_is(head->method, "HEAD");
    s->is_connect = str_is(head->method, "CONNECT");
    s->asks_upgrade = facts->wants_upgrade;
    s->is_http_1_0 = head->version == HTTP_1_0;
    s->keeps_alive = head->keeps_alive;
    s->waits_for_100 = head->expects_continue;
    s->recv_done = !head->has_body;
    begin_body(h1, facts->framing, head->content_length);
    bool has_body = head->has_body;
    h1->base.events->on_head(h1->base.owner, &s->base, head);
    if (has_body || s->is_dead || s->base.is_released || s->is_opaque)
        return;
    if (h1->phase == PHASE_TAKEN)
        return;
    h1->base.events->on_end(h1->base.owner, &s->base, NULL);
    if (h1->current == s)
        finish_exchange(h1);
}

static void begin_response(
    struct h1 *h1, struct head *head, const struct h1_facts *facts)
{
    struct h1_stream *s = h1->current;
    bool is_interim = head->status < 200 && head->status != 101;
    if (is_interim && ++s->interims > INTERIM_MAX) {
        head_free(&head);
        refuse_for(h1, "too-many-interims");
        return;
    }
    if (head->status == 101 && !s->asks_upgrade) {
        head_free(&head);
        refuse_for(h1, "unasked-upgrade");
        return;
    }
    enum h1_framing framing = s->is_head ? H1_NO_BODY : facts->framing;
    head->has_body = framing != H1_NO_BODY || head->status == 101;
    bool is_done = !head->has_body;
    if (!is_interim) {
        s->keeps_alive = head->keeps_alive && framing != H1_CLOSE;
        s->recv_done = is_done;
        begin_body(h1, framing, head->content_length);
    }
    if (s->base.is_released)
        head_free(&head);
    else
        h1->base.events->on_head(h1->base.owner, &s->base, head);
    if (!is_interim && is_done && h1->current == s)
        deliver_end(h1, NULL);
}

static bool read_block(struct h1 *h1, enum h1_block kind, struct str block,
    size_t lines, struct head **head_out, struct h1_facts *facts_out,
    struct h1_refusal *refusal_out)
{
    if (kind == H1_REQUEST)
        return h1_read_request(block, lines, head_out, facts_out, refusal_out);
    if (kind == H1_RESPONSE)
        return h1_read_response(block, lines, head_out, facts_out, refusal_out);
    (void)h1;
    return h1_read_trailers(block, lines, head_out, facts_out, refusal_out);
}

/* Finds a whole block at the cursor; false: not there, or refused. */
static bool take_block(
    struct h1 *h1, enum h1_block kind, struct str *block_out, size_t *lines_out)
{
    struct h1_refusal refusal;
    size_t end = 0;
    switch (h1_scan(
        &h1->scan, kind, h1->cursor, &h1->base.limits, &end, &refusal)) {
    case H1_FOUND_MORE:
        return false;
    case H1_FOUND_REFUSAL:
        refuse(h1, &refusal);
        return false;
    case H1_FOUND_END:
        break;
    }
    struct str taken = advance(h1, end);
    *block_out = str_sub(taken, h1->scan.block_start, end);
    *lines_out = h1->scan.lines;
    h1->scan = (struct h1_scan){0};
    return true;
}

static bool step_head(struct h1 *h1)
{
    enum h1_block kind = faces_client(h1) ? H1_REQUEST : H1_RESPONSE;
    if (h1->cursor.n == 0)
        return false;
    if (kind == H1_RESPONSE && h1->current == NULL) {
        refuse_for(h1, "unasked-response");
        return false;
    }
    struct str block;
    size_t lines = 0;
    if (!take_block(h1, kind, &block, &lines))
        return false;
    struct head *head = NULL;
    struct h1_facts facts;
    struct h1_refusal refusal;
    if (!read_block(h1, kind, block, lines, &head, &facts, &refusal)) {
        refuse(h1, &refusal);
        return false;
    }
    bool is_chunked = facts.framing == H1_CHUNKED &&
                      (kind == H1_REQUEST || !h1->current->is_head);
    if (!llhttp_agrees(h1, block, head, &facts, is_chunked, &refusal)) {
        head_free(&head);
        refuse(h1, &refusal);
        return false;
    }
    if (kind == H1_REQUEST)
        begin_request(h1, head, &facts);
    else
        begin_response(h1, head, &facts);
    return true;
}

/* ---- reading bodies ---- */

static bool step_length(struct h1 *h1)
{
    if (h1->cursor.n == 0)
        return false;
    size_t n = h1->cursor.n < h1->left ? h1->cursor.n : (size_t)h1->left;
    h1->left -= n;
    deliver_data(h1, advance(h1, n));
    if (h1->phase == PHASE_LENGTH && h1->left == 0)
        deliver_end(h1, NULL);
    return true;
}

static bool step_close(struct h1 *h1)
{
    if (h1->cursor.n == 0)
        return false;
    deliver_data(h1, advance(h1, h1->cursor.n));
    return true;
}

static bool chunk_line_is_fine(struct h1 *h1, bool was_in_line, size_t n)
{
    if (!was_in_line)
        return true;
    h1->chunk_line_bytes += n;
    if (h1->chunk_line_bytes <= CHUNK_LINE_MAX)
        return true;
    refuse_for(h1, "chunk-line-too-long");
    return false;
}

static bool step_chunked(struct h1 *h1)
{
    if (h1->cursor.n == 0)
        return false;
    struct str input = h1->cursor;
    bool was_in_line = h1->in_chunk_line;
    enum llhttp_errno err = llhttp_execute(&h1->parser, input.p, input.n);
    if (h1->phase != PHASE_CHUNKED)
        return true;
    if (err == HPE_OK) {
        advance(h1, input.n);
        chunk_line_is_fine(h1, was_in_line, input.n);
        return false;
    }
    if (err != HPE_PAUSED) {
        refuse_for(h1, "bad-chunk");
        return false;
    }
    size_t n = (size_t)(llhttp_get_error_pos(&h1->parser) - input.p);
    llhttp_resume(&h1->parser);
    advance(h1, n);
    if (!chunk_line_is_fine(h1, was_in_line, n))
        return false;
    if (h1->is_last_chunk)
        h1->phase = PHASE_TRAILERS;
    return true;
}

static bool step_trailers(struct h1 *h1)
{
    struct str block;
    size_t lines = 0;
    if (h1->cursor.n == 0 || !take_block(h1, H1_TRAILERS, &block, &lines))
        return false;
    struct head *trailers = NULL;
    struct h1_facts facts;
    struct h1_refusal refusal;
    if (!read_block(
            h1, H1_TRAILERS, block, lines, &trailers, &facts, &refusal)) {
        refuse(h1, &refusal);
        return false;
    }
    h1->is_complete = false;
    enum llhttp_errno err = llhttp_execute(&h1->parser, block.p, block.n);
    if ((err != HPE_OK && err != HPE_PAUSED_UPGRADE) || !h1->is_complete) {
        head_free(&trailers);
        refuse_for(h1, "parsers-disagree");
        return false;
    }
    deliver_end(h1, trailers);
    return true;
}

static bool step(struct h1 *h1)
{
    switch (h1->phase) {
    case PHASE_HEAD:
        return step_head(h1);
    case PHASE_LENGTH:
        return step_length(h1);
    case PHASE_CHUNKED:
        return step_chunked(h1);
    case PHASE_TRAILERS:
        return step_trailers(h1);
    case PHASE_CLOSE:
    case PHASE_OPAQUE:
        return step_close(h1);
    case PHASE_OVER:
        advance(h1, h1->cursor.n);
        return false;
    case PHASE_WAIT:
    case PHASE_TAKEN:
        break;
    }
    return false;
}

/* ---- the codec's entry points ---- */

/* An origin that speaks behind its response, or before a request. */
static bool is_unasked(const struct h1 *h1)
{
    return !faces_client(h1) && h1->phase == PHASE_WAIT && h1->cursor.n != 0 &&
           h1->current != NULL && h1->current->recv_done;
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
    while (step(h1))
        ;
    if (is_unasked(h1)) {
        codec_tell_refused(codec, "unasked-response", 0);
        h1->is_closing = true;
        h1->current->keeps_alive = false;
        advance(h1, h1->cursor.n);
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

static void h1_feed_eof(struct codec *codec)
{
    struct h1 *h1 = h1_of(codec);
    struct h1_stream *s = h1->current;
    if (h1->is_eof)
        return;
    h1->is_eof = true;
    enter(h1);
    if (h1->phase == PHASE_CLOSE || h1->phase == PHASE_OPAQUE)
        deliver_end(h1, NULL);
    else if (s != NULL && !s->recv_done && h1->phase != PHASE_OVER)
        tell_reset(h1, abandon(h1));
    else if (s == NULL && !h1->is_held)
        set_over(h1);
    else if (s != NULL && !faces_client(h1))
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
    if (s != NULL && s->unconsumed >= codec->limits.window_bytes)
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

static void h1_drain(struct codec *codec)
{
    struct h1 *h1 = h1_of(codec);
    h1->is_closing = true;
    if (h1->current == NULL)
        set_over(h1);
}

static bool h1_can_open(const struct codec *codec)
{
    const struct h1 *h1 = h1_of_const(codec);
    return h1->phase == PHASE_HEAD && h1->current == NULL && !h1->is_eof &&
           !h1->is_closing;
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
    struct h1_stream *s = add_stream(h1, user);
    s->is_head = str_is(request->method, "HEAD");
    s->asks_upgrade = request->protocol.n != 0;
    s->framing = request_framing(request, has_body);
    s->send_left = request->content_length;
    s->send_done = !has_body;
    s->head_sent = true;
    s->keeps_alive = true;
    if (!h1_write_request(&h1->out, request, s->framing)) {
        codec->refusal = "unwritable-request";
        abandon(h1);
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
    if (s->send_done && faces_client(h1) && s->waits_for_100)
        abandon(h1);
    else
        finish_exchange(h1);
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
        abandon(h1); /* too short: closing is how the peer can tell */
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
    abandon(h1);
    sweep(h1);
}

/* Answered, but the request still comes: reading on for a while lets the
 * client see the answer before the connection closes. */
static bool is_worth_draining(const struct h1_stream *s)
{
    return faces_client(h1_of_stream(s)) && s->send_done && !s->recv_done &&
           !s->waits_for_100;
}

static void h1_release(struct stream *stream)
{
    struct h1_stream *s = stream_of(stream);
    struct h1 *h1 = h1_of_stream(s);
    stream->is_released = true;
    s->unconsumed = 0;
    if (h1->current == s && !is_worth_draining(s))
        abandon(h1);
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
    .drain = h1_drain,
    .can_open = h1_can_open,
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
};

struct codec *h1_new(void)
{
    struct h1 *h1 = MEM_NEW(struct h1);
    h1->base.table = &h1_table;
    return &h1->base;
}
