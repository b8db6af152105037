/*
 * HTTP/1.1 as it is read, either side (RFC 9112).
 *
 * A head is found and read by h1_head.c, then llhttp reads the same bytes;
 * what the two do not agree on is refused.  Bodies with a length are counted
 * here, chunked ones go through llhttp, and on_data points into the input.
 */
#include "proxy/h1.h"

#include <string.h>

#include <llhttp.h>

#include "base/mem.h"
#include "proxy/h1_write.h"

/* ---- refusals ---- */

static void refuse(struct h1 *h1, const struct h1_refusal *refusal)
{
    struct h1_stream *s = h1_abandon(h1);
    bool answers = h1_faces_client(h1) && (s == NULL || !s->head_sent);
    bool is_limit = refusal->status == 414 || refusal->status == 431;
    h1->result = is_limit ? ERR_LIMIT : ERR_PARSE;
    if (answers)
        h1_write_refusal(&h1->out, refusal);
    codec_tell_refused(
        &h1->base, refusal->reason, answers ? refusal->status : 0);
    h1_tell_reset(h1, s);
}

static void refuse_for(struct h1 *h1, const char *reason)
{
    refuse(h1, &(struct h1_refusal){reason, 400});
}

/* ---- events ---- */

void h1_deliver_end(struct h1 *h1, struct head *trailers)
{
    struct h1_stream *s = h1->current;
    s->recv_done = true;
    h1->phase = PHASE_WAIT;
    if (!s->base.is_released)
        h1->base.events->on_end(h1->base.owner, &s->base, trailers);
    else
        head_free(&trailers);
    if (h1->current == s)
        h1_finish_exchange(h1);
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
        h1_abandon(h1);
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
    /* No body is so long; who counts with a sign would read a negative one. */
    return parser->content_length > INT64_MAX ? HPE_USER : HPE_PAUSED;
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
    llhttp_init(h1->parser, h1_faces_client(h1) ? HTTP_REQUEST : HTTP_RESPONSE,
        &llhttp_settings);
    h1->parser->data = h1;
    h1->seen_fields = 0;
    h1->is_complete = false;
    h1->is_skipping_body = !is_chunked;
    enum llhttp_errno err = llhttp_execute(h1->parser, block.p, block.n);
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
    struct h1_stream *s = h1_add_stream(h1, NULL);
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
        h1_finish_exchange(h1);
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
        h1_deliver_end(h1, NULL);
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
    enum h1_block kind = h1_faces_client(h1) ? H1_REQUEST : H1_RESPONSE;
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
        h1_deliver_end(h1, NULL);
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
    enum llhttp_errno err = llhttp_execute(h1->parser, input.p, input.n);
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
    size_t n = (size_t)(llhttp_get_error_pos(h1->parser) - input.p);
    llhttp_resume(h1->parser);
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
    enum llhttp_errno err = llhttp_execute(h1->parser, block.p, block.n);
    if ((err != HPE_OK && err != HPE_PAUSED_UPGRADE) || !h1->is_complete) {
        head_free(&trailers);
        refuse_for(h1, "parsers-disagree");
        return false;
    }
    h1_deliver_end(h1, trailers);
    return true;
}

bool h1_step(struct h1 *h1)
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

void h1_make_parser(struct h1 *h1)
{
    h1->parser = MEM_NEW(llhttp_t);
}

void h1_free_parser(struct h1 *h1)
{
    mem_free(h1->parser);
}
