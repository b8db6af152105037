#include "proxy/session_parts.h"

/*
 * What the origin's codec tells of an exchange: heads, interim ones, bytes,
 * the end, a malformed or cut answer.  It goes on to the client as it comes;
 * the rest of the exchange is txn.c's.
 */

#include "base/stats.h"

static void make_opaque(struct txn *t)
{
    t->is_opaque = true;
    stream_make_opaque(t->client_stream);
    stream_make_opaque(t->origin_stream);
}

static void on_interim(struct txn *t, const struct head *head)
{
    if (head->status == 100 && !t->request->expects_continue)
        return; /* the client has had its 100 from us */
    stream_send_head(t->client_stream, head, false);
}

static void on_origin_head(
    void *owner, struct stream *stream, struct head *head)
{
    struct txn *t = txn_of(stream);
    (void)owner;
    txn_touch(t);
    bool is_upgrade = t->request->protocol.n != 0 &&
                      (head->status == 101 || (t->request->version == HTTP_2 &&
                                                  head->status / 100 == 2));
    if (head->status < 200 && !is_upgrade) {
        on_interim(t, head);
        head_free(&head);
        return;
    }
    t->origin->was_used = true;
    if (is_upgrade && t->ws != NULL) {
        txn_ws_open(t, head);
        head_free(&head);
        return;
    }
    t->got_response = true;
    t->status = head->status;
    if (t->exchange != NULL) {
        exchange_response_head(t->exchange, head->status, head->fields,
            head->count, head->has_body);
        exchange_response_length(t->exchange, head->content_length);
        txn_send_records(t, false); /* a file's, before its bytes */
    }
    txn_prepare_response(t, head);
    stream_send_head(t->client_stream, head, head->has_body || is_upgrade);
    if (is_upgrade)
        make_opaque(t);
    head_free(&head);
}

static void on_origin_data(void *owner, struct stream *stream, struct str data)
{
    struct txn *t = txn_of(stream);
    (void)owner;
    txn_touch(t);
    if (txn_ws_is_open(t)) {
        txn_ws_on_origin_data(t, data);
        return;
    }
    if (t->exchange != NULL && !t->is_opaque) {
        exchange_response_data(t->exchange, data);
        txn_send_records(t, false); /* notes, before the client can act */
    }
    stream_send_data(t->client_stream, data);
    if (stream_queued(t->client_stream) <= STREAM_QUEUE_HIGH)
        stream_consumed(stream, data.n);
    else
        t->down_unconsumed += data.n;
}

static void on_origin_end(
    void *owner, struct stream *stream, struct head *trailers)
{
    struct txn *t = txn_of(stream);
    (void)owner;
    if (txn_ws_is_open(t)) {
        head_free(&trailers);
        txn_ws_on_origin_end(t);
        return;
    }
    t->response_ended = true;
    stream_send_end(t->client_stream, trailers);
    head_free(&trailers);
    if (t->exchange != NULL) {
        if (t->judge == JUDGE_COLLECT) /* an answer before the body's end */
            exchange_request_cut(t->exchange);
        exchange_response_end(t->exchange, true);
    }
    txn_finish_with(t, t->status);
    (void)stream;
}

/* Sent on a connection that the origin was closing: safe to send again when
 * the origin says that it did not process it, or the method is idempotent. */
static bool may_retry(const struct txn *t, enum stream_error error)
{
    if (t->was_retried || t->got_response || t->request->has_body)
        return false;
    bool is_idempotent = str_is(t->request->method, "GET") ||
                         str_is(t->request->method, "HEAD") ||
                         str_is(t->request->method, "OPTIONS");
    return error == STREAM_REFUSED ||
           (is_idempotent && t->origin != NULL && t->origin->was_used);
}

/* An alert behind a handshake that was over for us: in TLS 1.3 it is how an
 * origin says that it wants a client's certificate (U18). */
static const char *alert_reason(const struct txn *t)
{
    const struct tls *tls = t->origin != NULL ? t->origin->side.tls : NULL;
    if (tls == NULL || tls_phase(tls) != TLS_FAILED)
        return NULL;
    stats_add(STAT_UPSTREAM_FAILED, 1);
    log_event(LOG_WARN, "origin.failed", LOG_INT("session", t->session->number),
        LOG_STR("host", t->host), LOG_INT("port", t->port),
        LOG_CSTR("reason", tls_failure(tls)),
        LOG_CSTR("detail", tls_failure_detail(tls)));
    return tls_failure(tls);
}

/* Why the origin's answer ended here, told already: malformed (H4), or its
 * TLS.  NULL: its connection or stream just ended. */
static const char *reset_reason(const struct txn *t, enum stream_error error)
{
    const struct origin *origin = t->origin;
    const char *alert = alert_reason(t);
    if (alert != NULL)
        return alert;
    const char *refusal = origin != NULL && error == STREAM_BROKEN
                              ? codec_refusal(origin->side.codec)
                              : NULL;
    if (refusal == NULL)
        return NULL;
    stats_add(STAT_UPSTREAM_FAILED, 1);
    log_event(LOG_WARN, "response.refused",
        LOG_INT("session", t->session->number), LOG_STR("host", t->host),
        LOG_CSTR("reason", refusal));
    return refusal;
}

static void on_origin_reset(
    void *owner, struct stream *stream, enum stream_error error)
{
    struct txn *t = txn_of(stream);
    const char *reason = reset_reason(t, error);
    (void)owner;
    stream_release(stream);
    t->origin_stream = NULL;
    t->is_ready = true;
    if (txn_ws_on_origin_reset(t))
        return;
    if (may_retry(t, error)) {
        t->was_retried = true;
        t->origin = NULL;
        t->state = TXN_WAIT;
        return;
    }
    if (reason == NULL) {
        reason = "connection-closed";
        log_event(LOG_WARN, "response.cut",
            LOG_INT("session", t->session->number), LOG_STR("host", t->host),
            LOG_CSTR("reason", reason), LOG_INT("status", t->status));
    }
    if (t->got_response) {
        stream_reset(t->client_stream, STREAM_INTERNAL);
        txn_finish_with(t, t->status);
    } else {
        reply_error(t->session, t->client_stream, t->request, REPLY_BAD_GATEWAY,
            reason, STR_NONE);
        txn_finish_with(t, reply_status(REPLY_BAD_GATEWAY));
    }
}

static void on_origin_writable(void *owner, struct stream *stream)
{
    (void)owner;
    txn_of(stream)->is_ready = true;
}

const struct codec_events txn_origin_events = {
    .on_head = on_origin_head,
    .on_data = on_origin_data,
    .on_end = on_origin_end,
    .on_reset = on_origin_reset,
    .on_writable = on_origin_writable,
};
