#include "proxy/session_parts.h"

/*
 * CONNECT to an in-scope host: ClientHello → origin first (dial, TLS,
 * verified) → leaf → TLS with the client → HTTP on both sides.  Where the
 * origin cannot be had or trusted, the client still gets its TLS, and every
 * request on it an error page that says why (U14, U15).
 */

#include <string.h>

#include "base/stats.h"
#include "certs/leaf.h"

/* RFC 8446 §6. */
enum alert {
    ALERT_UNEXPECTED_MESSAGE = 10,
    ALERT_DECODE_ERROR = 50,
    ALERT_UNRECOGNIZED_NAME = 112,
};

/* With a fatal alert, in the clear. */
static void refuse_hello(
    struct session *s, const char *reason, enum alert description)
{
    const char record[] = {0x15, 3, 1, 0, 2, 2, (char)description};
    struct buf alert = {0};
    log_event(LOG_WARN, "hello.refused", LOG_INT("session", s->number),
        LOG_CSTR("reason", reason), LOG_STR("connect", s->host),
        LOG_STR("sni", s->hello.server_name), LOG_CSTR("client", s->client_ip));
    stats_add(STAT_TARGETS_REFUSED, 1);
    refusal_record(s, s->host, reason, s->hello.server_name);
    buf_append(&alert, record, sizeof record);
    s->world->ops->send(s->world, s->client.link, &alert);
    buf_free(&alert);
    session_close(s);
}

/* ---- origin ---- */

/* Mirror: the origin is offered what the client offers. */
unsigned intercept_origin_alpn(const struct session *s)
{
    unsigned alpn = (s->hello.offers_h2 ? ALPN_H2 : 0u) |
                    (s->hello.offers_h1 ? ALPN_H1 : 0u);
    switch (s->conf->settings.alpn) {
    case ALPN_CLIENT_H1:
        return ALPN_H2 | ALPN_H1;
    case ALPN_SERVER_H1:
        return ALPN_H1;
    case ALPN_MIRROR:
        break;
    }
    return alpn;
}

/* What the client may be given, once the origin has chosen. */
static unsigned client_alpn(const struct session *s)
{
    const struct origin *origin = s->origins;
    unsigned offered = (s->hello.offers_h2 ? ALPN_H2 : 0u) |
                       (s->hello.offers_h1 ? ALPN_H1 : 0u);
    if (s->conf->settings.alpn == ALPN_CLIENT_H1)
        return ALPN_H1;
    if (s->conf->settings.alpn == ALPN_SERVER_H1 || s->failure != NULL ||
        origin == NULL || origin->side.codec == NULL)
        return offered;
    return codec_version(origin->side.codec) == HTTP_2 ? ALPN_H2 : ALPN_H1;
}

/* ---- leaf and the client's TLS ---- */

static void accept_client(struct session *s, struct leaf *leaf)
{
    struct buf peeked = {0};
    s->client.tls = tls_new_client(s->conf->tls, leaf, client_alpn(s));
    leaf_unref(&leaf);
    session_set_state(s, SESSION_ACCEPT);
    session_set_deadline(s, s->conf->settings.timeout_handshake);
    buf_take(&peeked, &s->peeked);
    side_feed(&s->client, buf_str(&peeked));
    buf_free(&peeked);
    intercept_on_accepted(s);
}

static void mint(struct session *s)
{
    struct leaf *leaf = NULL;
    enum err err = s->world->ops->mint(s->world, s, s->host, &leaf);
    session_set_state(s, SESSION_MINT);
    session_set_deadline(s, s->conf->settings.timeout_handshake);
    if (err != ERR_AGAIN)
        intercept_on_leaf(s, leaf, err);
}

void intercept_on_leaf(struct session *s, struct leaf *leaf, enum err err)
{
    if (s->state != SESSION_MINT) {
        if (leaf != NULL)
            leaf_unref(&leaf);
        return;
    }
    if (leaf == NULL) {
        log_event(LOG_ERROR, "mint.failed", LOG_INT("session", s->number),
            LOG_STR("host", s->host), LOG_CSTR("error", err_name(err)));
        session_fail(s);
        return;
    }
    accept_client(s, leaf);
}

static void on_client_refused(struct session *s)
{
    log_event(LOG_WARN, "client.tls.failed", LOG_INT("session", s->number),
        LOG_STR("host", s->host), LOG_CSTR("client", s->client_ip),
        LOG_CSTR("reason", tls_failure(s->client.tls)),
        LOG_CSTR("detail", tls_failure_detail(s->client.tls)));
    session_close(s); /* the alert is flushed first */
}

/* TLS 1.3 toward the client hides that the service has 1.2 only (C4). */
static void mark_stronger(const struct session *s)
{
    const struct origin *origin = s->origins;
    if (origin == NULL || origin->side.tls == NULL || s->failure != NULL)
        return;
    const char *client = tls_version_text(s->client.tls);
    const char *server = tls_version_text(origin->side.tls);
    if (strcmp(client, server) > 0)
        log_event(LOG_INFO, "client.tls.stronger",
            LOG_INT("session", s->number), LOG_STR("host", s->host),
            LOG_CSTR("client", client), LOG_CSTR("origin", server));
}

void intercept_on_accepted(struct session *s)
{
    if (s->state != SESSION_ACCEPT)
        return;
    enum tls_phase phase = tls_phase(s->client.tls);
    if (phase == TLS_FAILED) {
        on_client_refused(s);
        return;
    }
    if (phase == TLS_HANDSHAKE)
        return;
    stats_add(STAT_HANDSHAKES_CLIENT, 1);
    stats_add(STAT_RESUMED_CLIENT, tls_was_resumed(s->client.tls));
    mark_stronger(s);
    session_set_state(s, SESSION_HTTP);
    session_set_deadline(s, s->conf->settings.timeout_head);
    side_start_codec(
        &s->client, tls_alpn(s->client.tls) == ALPN_H2 ? HTTP_2 : HTTP_1_1);
    side_feed(&s->client, STR_NONE); /* early application data */
}

void intercept_on_origin(struct session *s, struct origin *origin)
{
    if (s->state != SESSION_ORIGIN)
        return;
    if (origin->state == ORIGIN_DEAD) {
        s->failure = origin->failure;
        s->failure_detail = origin->failure_detail;
        refusal_record(s, s->host, s->failure, s->failure_detail);
    }
    mint(s);
}

/* ---- the client's first bytes ---- */

static void start_clear(struct session *s)
{
    struct buf first = {0};
    session_set_state(s, SESSION_HTTP);
    session_set_deadline(s, s->conf->settings.timeout_head);
    side_start_codec(&s->client, HTTP_1_1);
    buf_take(&first, &s->peeked);
    side_feed(&s->client, buf_str(&first));
    buf_free(&first);
}

static void on_hello(struct session *s)
{
    const char *reason =
        target_check_hello(s->conf, s->host, s->action, &s->hello);
    if (reason != NULL) {
        refuse_hello(s, reason, ALERT_UNRECOGNIZED_NAME);
    } else if (s->action == TARGET_TUNNEL) {
        tunnel_start(s);
    } else if (s->port == 80) {
        refuse_hello(s, "tls-on-port-80", ALERT_UNRECOGNIZED_NAME);
    } else {
        session_set_state(s, SESSION_ORIGIN);
        session_set_deadline(s, 0); /* the origin has its own */
        (void)origin_new(s, s->host, s->port, true);
    }
}

static void on_no_tls(struct session *s)
{
    if (s->action == TARGET_TUNNEL)
        tunnel_start(s);
    else if (s->port == 80)
        start_clear(s);
    else
        refuse_hello(s, "not-tls", ALERT_UNEXPECTED_MESSAGE);
}

void intercept_on_bytes(struct session *s, struct str data)
{
    buf_append_str(&s->peeked, data);
    switch (hello_parse(buf_str(&s->peeked), &s->arena, &s->hello)) {
    case OK:
        on_hello(s);
        break;
    case ERR_AGAIN: /* a hello has begun: the client has time to end it */
        if (s->action == TARGET_TUNNEL)
            session_set_deadline(s, s->conf->settings.timeout_handshake);
        break;
    case ERR_UNSUPPORTED:
        on_no_tls(s);
        break;
    default:
        if (s->action == TARGET_TUNNEL)
            tunnel_start(s); /* not ours to judge */
        else
            refuse_hello(s, "bad-hello", ALERT_DECODE_ERROR);
        break;
    }
}
