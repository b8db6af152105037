#include "proxy/session_parts.h"

/*
 * What the client's codec tells: a request's head, which becomes an exchange or
 * is refused, its bytes, its end, that the client is gone.  The origin's side
 * is txn_origin.c.
 */

#include "base/stats.h"

/* H5: the request must be for the host of CONNECT and SNI. */
static bool is_misdirected(const struct session *s, const struct head *head)
{
    struct str host;
    uint16_t port;
    if (authority_split(head->authority, s->port, &host, &port) != OK)
        return true;
    if (host.n > 1 && host.p[host.n - 1] == '.')
        host.n--;
    return !str_eq_nocase(host, s->host) || port != s->port;
}

/* What is inspected is no proxy: a tunnel in it would pass unread. */
static bool is_tunnel(const struct head *head)
{
    return str_is(head->method, "CONNECT") && head->protocol.n == 0;
}

static void log_refusal(
    const struct session *s, struct str host, const char *reason, int status)
{
    log_event(LOG_WARN, "request.refused", LOG_INT("session", s->number),
        LOG_CSTR("reason", reason), LOG_INT("status", status),
        LOG_STR("host", host), LOG_CSTR("client", s->client_ip));
}

static void refuse_head(struct session *s, struct stream *stream,
    const struct head *head, enum reply_kind kind, const char *reason)
{
    stats_add(STAT_REQUESTS_MALFORMED, 1);
    log_refusal(s, s->host, reason, reply_status(kind));
    refusal_record(s, s->host, reason, head->authority);
    reply_error(s, stream, head, kind, reason, head->authority);
}

static void on_client_head(
    void *owner, struct stream *stream, struct head *head)
{
    struct session *s = ((struct side *)owner)->session;
    session_set_deadline(s, 0);
    if (s->state == SESSION_FRONT) {
        front_on_request(s, stream, head);
        return;
    }
    if (is_misdirected(s, head)) {
        refuse_head(s, stream, head, REPLY_MISDIRECTED, "misdirected");
    } else if (is_tunnel(head)) {
        refuse_head(s, stream, head, REPLY_FORBIDDEN, "connect-inside");
    } else if (!front_sheds(s, stream, head)) {
        txn_new(s, stream, head, s->host, s->port, s->client.tls != NULL, true);
        return;
    }
    stream_release(stream);
    head_free(&head);
}

static void take_data(struct txn *t, struct str data)
{
    if (t->exchange != NULL) {
        exchange_request_data(t->exchange, data);
        session_hold(t->session, (int64_t)data.n);
        if (t->state == TXN_WAIT)
            hold_join(t);
    }
    buf_append_str(&t->body, data);
    t->up_unconsumed += data.n;
}

static void take_end(struct txn *t, struct head *trailers)
{
    t->request_ended = true;
    t->request_trailers = trailers;
    txn_prepare_trailers(t);
    if (t->exchange != NULL && trailers != NULL)
        exchange_request_trailers(
            t->exchange, trailers->fields, trailers->count);
}

/* The body that came while the front was still asking. */
void txn_take_early(struct txn *t)
{
    struct session *s = t->session;
    if (s->early_body.n != 0)
        take_data(t, buf_str(&s->early_body));
    if (s->early_ended)
        take_end(t, s->early_trailers);
    buf_free(&s->early_body);
    s->early_ended = false;
    s->early_trailers = NULL;
}

static void on_client_data(void *owner, struct stream *stream, struct str data)
{
    struct txn *t = txn_of(stream);
    struct session *s = ((struct side *)owner)->session;
    if (t == NULL && stream == s->connect_stream) {
        buf_append_str(&s->early_body, data);
        return;
    }
    if (t == NULL || t->state >= TXN_FINISH) {
        stream_consumed(stream, data.n);
        return;
    }
    txn_touch(t);
    t->is_ready = true;
    if (t->ws != NULL) {
        txn_ws_on_client_data(t, data);
        return;
    }
    if (t->is_opaque) {
        stream_send_data(t->origin_stream, data);
        t->up_unconsumed += data.n;
        return;
    }
    take_data(t, data);
}

static void on_client_end(
    void *owner, struct stream *stream, struct head *trailers)
{
    struct txn *t = txn_of(stream);
    struct session *s = ((struct side *)owner)->session;
    if (t == NULL && stream == s->connect_stream) {
        s->early_ended = true;
        s->early_trailers = trailers;
        return;
    }
    if (t == NULL || t->state >= TXN_FINISH) {
        head_free(&trailers);
        return;
    }
    txn_touch(t);
    take_end(t, trailers);
    t->is_ready = true;
    if (t->ws != NULL) {
        txn_ws_on_client_end(t);
        return;
    }
    if (t->is_opaque) {
        t->request_end_sent = true;
        stream_send_end(t->origin_stream, NULL);
    }
}

static void on_client_reset(
    void *owner, struct stream *stream, enum stream_error error)
{
    struct session *s = ((struct side *)owner)->session;
    struct txn *t = txn_of(stream);
    (void)error;
    if (t != NULL) {
        t->client_gone = true;
        t->is_ready = true;
    } else if (stream == s->connect_stream) {
        session_fail(s);
    }
}

static void on_client_writable(void *owner, struct stream *stream)
{
    struct txn *t = txn_of(stream);
    (void)owner;
    if (t == NULL || t->origin_stream == NULL)
        return;
    stream_consumed(t->origin_stream, t->down_unconsumed);
    t->down_unconsumed = 0;
}

static void on_client_refused(void *owner, const char *reason, int status)
{
    struct session *s = ((struct side *)owner)->session;
    struct str host = s->host.n != 0 ? s->host : STR("-");
    stats_add(STAT_REQUESTS_MALFORMED, 1);
    log_refusal(s, host, reason, status);
    if (s->state == SESSION_HTTP)
        refusal_record(s, host, reason, STR_NONE);
}

const struct codec_events txn_client_events = {
    .on_head = on_client_head,
    .on_data = on_client_data,
    .on_end = on_client_end,
    .on_reset = on_client_reset,
    .on_writable = on_client_writable,
    .on_refused = on_client_refused,
};
