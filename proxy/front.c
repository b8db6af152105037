#include "proxy/session_parts.h"

/*
 * The plain side that clients are configured with: CONNECT, absolute-form
 * requests, and the addresses the proxy port answers by itself.  Who may use
 * it (login) and where to (route) is decided here, once a request.
 */

#include <string.h>

#include "base/base64.h"
#include "base/stats.h"

enum { PEEK_FIRST_BYTE_MS = 500 };

static void dispatch(struct session *s);

/* ---- login ---- */

static bool needs_login(const struct session *s, const struct head *head)
{
    if (!s->conf->settings.proxy_auth_basic)
        return false;
    bool is_proxied = str_is(head->method, "CONNECT") || head->is_absolute;
    return is_proxied &&
           (s->credentials.n == 0 ||
               !str_eq(head_get(head, "proxy-authorization"), s->credentials));
}

/* "Basic base64(user:password)" into user and password, in *text. */
static enum err parse_basic(struct str value, struct buf *text,
    struct str *user_out, struct str *password_out)
{
    if (!str_starts_nocase(value, "basic "))
        return ERR_PARSE;
    value = str_trim(str_sub(value, 6, value.n));
    if (value.n > 1024 || base64_decode(value, text) != OK)
        return ERR_PARSE;
    struct str both = buf_str(text);
    size_t colon = str_find_char(both, ':');
    if (colon == 0 || colon == both.n)
        return ERR_PARSE;
    *user_out = str_sub(both, 0, colon);
    *password_out = str_sub(both, colon + 1, both.n);
    return OK;
}

static void ask_login(struct session *s)
{
    reply_login(s->connect_stream);
    stream_release(s->connect_stream);
    s->connect_stream = NULL;
    head_free(&s->connect_head);
}

static void start_login(struct session *s)
{
    struct buf text = {0};
    struct str user, password;
    struct str value = head_get(s->connect_head, "proxy-authorization");
    if (parse_basic(value, &text, &user, &password) == OK) {
        session_set_state(s, SESSION_LOGIN);
        s->user = arena_copy(&s->arena, user);
        s->world->ops->authenticate(s->world, s, user, password);
    } else {
        ask_login(s);
    }
    buf_wipe_free(&text);
}

void front_on_login(struct session *s, bool is_good, struct str groups)
{
    if (s->state != SESSION_LOGIN)
        return;
    session_set_state(s, SESSION_FRONT);
    if (!is_good) {
        log_event(LOG_WARN, "login.refused", LOG_INT("session", s->number),
            LOG_STR("user", s->user), LOG_CSTR("client", s->client_ip));
        s->user = s->credentials = STR_NONE;
        ask_login(s);
        return;
    }
    s->groups = arena_copy(&s->arena, groups);
    s->credentials =
        arena_copy(&s->arena, head_get(s->connect_head, "proxy-authorization"));
    dispatch(s);
}

/* ---- refusals ---- */

static void refuse(struct session *s, const char *reason)
{
    stats_add(STAT_TARGETS_REFUSED, 1);
    log_event(LOG_WARN, "target.refused", LOG_INT("session", s->number),
        LOG_CSTR("reason", reason),
        LOG_STR("target", s->connect_head->authority),
        LOG_CSTR("client", s->client_ip));
    reply_error(s, s->connect_stream, s->connect_head, REPLY_FORBIDDEN, reason,
        s->connect_head->authority);
    stream_release(s->connect_stream);
    s->connect_stream = NULL;
    head_free(&s->connect_head);
}

/* ---- CONNECT ---- */

/* Everything after this is the tunnel's or the inspected connection's; the
 * codec is taken away in settle, outside its own callback. */
static void accept_connect(struct session *s, int64_t deadline_ms)
{
    struct buf out = {0};
    buf_append_str(&out, STR("HTTP/1.1 200 Connection established\r\n\r\n"));
    s->world->ops->send(s->world, s->client.link, &out);
    buf_free(&out);
    head_free(&s->connect_head);
    session_set_state(s, SESSION_PEEK);
    session_set_deadline(s, deadline_ms);
}

void front_take_over(struct session *s)
{
    struct buf rest = {0};
    codec_take_over(s->client.codec, &rest);
    if (s->connect_stream != NULL)
        stream_release(s->connect_stream);
    s->connect_stream = NULL;
    codec_free(&s->client.codec);
    if (s->client.link != NULL && s->client.link->is_paused)
        s->world->ops->resume(s->world, s->client.link);
    if (rest.n != 0)
        intercept_on_bytes(s, buf_str(&rest));
    buf_free(&rest);
}

static void connect_tunnel(struct session *s, const char *reason)
{
    stats_add(STAT_TUNNELS, 1);
    if (reason != NULL)
        log_event(LOG_INFO, "tunnel.bypass", LOG_INT("session", s->number),
            LOG_STR("host", s->host), LOG_CSTR("client", s->client_ip));
    session_set_state(s, SESSION_CONNECT);
    session_set_deadline(s, s->conf->settings.timeout_dial + 1000);
    s->target = s->world->ops->dial(s->world, s, s->host, s->port);
    s->target->user = NULL;
}

static void connect_start(struct session *s)
{
    struct str host;
    uint16_t port;
    if (authority_split(s->connect_head->authority, 0, &host, &port) != OK ||
        port == 0) {
        refuse(s, "bad-target");
        return;
    }
    struct target_choice choice =
        target_choose(s->conf, host, port, &s->arena, &s->host);
    s->port = port;
    s->action = choice.action;
    if (choice.action == TARGET_REFUSE)
        refuse(s, choice.reason);
    else if (choice.action == TARGET_TUNNEL)
        connect_tunnel(s, choice.reason);
    else
        accept_connect(s, s->conf->settings.timeout_handshake);
}

void front_on_connected(struct session *s, enum dial_result result)
{
    if (s->state != SESSION_CONNECT)
        return;
    if (result == DIAL_OK) {
        s->target_ready = true;
        accept_connect(s, PEEK_FIRST_BYTE_MS);
        return;
    }
    s->world->ops->close(s->world, s->target);
    s->target = NULL;
    session_set_state(s, SESSION_FRONT);
    session_set_deadline(s, s->conf->settings.timeout_head);
    if (result == DIAL_FORBIDDEN) {
        refuse(s, dial_failure(result));
        return;
    }
    reply_error(s, s->connect_stream, s->connect_head,
        result == DIAL_TIMEOUT ? REPLY_TIMEOUT : REPLY_BAD_GATEWAY,
        dial_failure(result), s->host);
    stream_release(s->connect_stream);
    s->connect_stream = NULL;
    head_free(&s->connect_head);
}

/* ---- absolute-form ---- */

static void absolute_start(struct session *s)
{
    struct head *head = s->connect_head;
    struct str host, name;
    uint16_t port;
    if (!str_is_nocase(head->scheme, "http") ||
        authority_split(head->authority, 80, &host, &port) != OK) {
        refuse(s, "bad-target");
        return;
    }
    struct target_choice choice =
        target_choose(s->conf, host, port, &s->arena, &name);
    if (choice.action == TARGET_REFUSE) {
        refuse(s, choice.reason);
        return;
    }
    struct stream *stream = s->connect_stream;
    s->connect_stream = NULL;
    s->connect_head = NULL;
    txn_new(
        s, stream, head, name, port, false, choice.action == TARGET_INSPECT);
}

/* ---- one request ---- */

static void dispatch(struct session *s)
{
    if (str_is(s->connect_head->method, "CONNECT")) {
        connect_start(s);
    } else if (s->connect_head->is_absolute) {
        absolute_start(s);
    } else {
        pages_serve(s, s->connect_stream, s->connect_head);
        stream_release(s->connect_stream);
        s->connect_stream = NULL;
        head_free(&s->connect_head);
    }
}

void front_on_request(
    struct session *s, struct stream *stream, struct head *head)
{
    s->connect_stream = stream;
    s->connect_head = head;
    if (needs_login(s, head))
        start_login(s);
    else
        dispatch(s);
}
