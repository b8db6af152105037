/*
 * Request bytes on their way in: content decoding, the bound on what is held,
 * and bodies over it, which are scanned while they pass.
 */
#include "base/mem.h"
#include "base/stats.h"
#include "base/utf8.h"
#include "inspect/exchange_parts.h"
#include "inspect/upload.h"

/* ---- streaming ---------------------------------------------------------- */

static void stream(struct exchange *ex, struct str bytes)
{
    enum { PIECE = 64 * 1024 };
    while (bytes.n != 0) {
        struct str piece = str_sub(bytes, 0, PIECE);
        bytes = str_sub(bytes, piece.n, bytes.n);
        if (ex->reader != NULL)
            file_reader_feed(ex->reader, piece);
        else
            exchange_scan_piece(ex, piece);
    }
}

/* What was held so far waits in the backlog: all of it at once would hold the
 * loop. */
static void start_stream(struct exchange *ex)
{
    ex->is_streaming = true;
    ex->gate = GATE_STREAM;
    if (exchange_route(ex) != NULL && exchange_route(ex)->body == BODY_FILE)
        ex->reader = file_reader_new(ex);
    else
        exchange_scan_begin(ex, ex->content_type, false);
    const struct upload *u = ex->upload;
    if (u != NULL && (!u->is_asked || u->is_unanswered))
        ex->upload->is_opened = true; /* under an id of its own */
    buf_take(&ex->backlog, &ex->body);
    exchange_push_opening(ex);
}

bool exchange_is_behind(const struct exchange *ex)
{
    return ex->backlog.n != 0;
}

bool exchange_step_backlog(struct exchange *ex)
{
    if (ex->backlog.n == 0)
        return false;
    struct str piece = str_sub(buf_str(&ex->backlog), 0, SCAN_STEP_BYTES);
    stream(ex, piece);
    buf_consume(&ex->backlog, piece.n);
    if (ex->backlog.n == 0)
        buf_wipe_free(&ex->backlog);
    return true;
}

void exchange_finish_stream(struct exchange *ex)
{
    if (ex->reader != NULL)
        file_reader_finish(ex->reader);
    else
        exchange_scan_rest(ex);
    file_reader_free(&ex->reader);
}

/* ---- the bound ---- */

static void on_oversize(struct exchange *ex)
{
    const struct route *route = exchange_route(ex);
    bool may_stream = route != NULL && route->gate == ROUTE_STREAM &&
                      ex->env->oversize_streams;
    if (!may_stream)
        exchange_note_failure(ex, FAIL_LIMIT);
    if (may_stream || !ex->env->failure_blocks[FAIL_LIMIT]) {
        start_stream(ex);
        return;
    }
    ex->gate = GATE_REFUSE;
    buf_wipe_free(&ex->body);
}

/* Takes what the decoder has put into ex->body. */
static void on_decoded(struct exchange *ex)
{
    if (ex->is_streaming) {
        struct buf piece = {0};
        buf_take(&piece, &ex->body);
        if (ex->backlog.n != 0)
            buf_append_str(&ex->backlog, buf_str(&piece));
        else
            stream(ex, buf_str(&piece));
        buf_wipe_free(&piece);
    }
    exchange_check_size(ex);
}

void exchange_check_size(struct exchange *ex)
{
    size_t most = ex->env->hold_max_bytes;
    bool is_over = ex->body.n > most || ex->wire_bytes > most;
    if (ex->gate == GATE_HOLD && is_over && !upload_is_pending(ex) &&
        !upload_peek(ex))
        on_oversize(ex);
}

void exchange_request_data(struct exchange *ex, struct str wire)
{
    ex->wire_bytes += wire.n;
    if (ex->request != REQUEST_OPEN || ex->gate == GATE_REFUSE)
        return;
    if (ex->decoder != NULL) {
        enum err err = decoder_feed(ex->decoder, wire, &ex->body);
        if (err != OK) {
            exchange_note_failure(
                ex, err == ERR_LIMIT ? FAIL_LIMIT : FAIL_DECODE);
            decoder_free(&ex->decoder);
        }
    }
    on_decoded(ex);
}

/* Some clients compress and do not say so; files stay what they are. */
static const char *undeclared_encoding(const struct exchange *ex)
{
    const struct route *route = exchange_route(ex);
    struct str body = buf_str(&ex->body);
    bool is_file = route != NULL && route->body == BODY_FILE;
    if (ex->content_encoding.n != 0 || is_file || ex->is_streaming)
        return NULL;
    if (str_starts(body, "\x1f\x8b\x08"))
        return "gzip";
    return str_starts(body, "\x28\xb5\x2f\xfd") ? "zstd" : NULL;
}

static void unpack_undeclared(struct exchange *ex)
{
    const char *encoding = undeclared_encoding(ex);
    struct decode_limits limits = {.output_bytes = ex->env->hold_max_bytes};
    struct decoder *decoder;
    struct buf out = {0};
    if (encoding == NULL ||
        decoder_new(str_of(encoding), &limits, &decoder) != OK)
        return;
    enum err err = decoder_feed(decoder, buf_str(&ex->body), &out);
    if (err == OK)
        err = decoder_finish(decoder, &out);
    if (err != OK)
        exchange_note_failure(ex, err == ERR_LIMIT ? FAIL_LIMIT : FAIL_DECODE);
    if (out.n != 0) {
        buf_wipe_free(&ex->body);
        buf_take(&ex->body, &out);
    }
    buf_wipe_free(&out);
    decoder_free(&decoder);
}

void exchange_finish_body(struct exchange *ex)
{
    if (ex->decoder == NULL || ex->gate == GATE_REFUSE)
        return;
    if (!ex->is_cut && decoder_finish(ex->decoder, &ex->body) != OK)
        exchange_note_failure(ex, FAIL_DECODE);
    on_decoded(ex);
    decoder_free(&ex->decoder);
    if (ex->gate == GATE_HOLD)
        unpack_undeclared(ex);
}
