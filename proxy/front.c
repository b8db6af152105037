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

static bool is_proxied(const struct head *head)
{
    return str_is(head->method, "CONNECT") || head->is_absolute;
}

static bool needs_login(const struct session *s, const struct head *head)
{
    struct str value;
    if (!s->conf->settings.proxy_auth_basic)
        return false;
    return is_proxied(head) &&
           (s->credentials.n == 0 ||
               !head_get_single(head, "proxy-authorization", &value) ||
               !str_eq(value, s->credentials));
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

/* The front has answered the request itself. */
static void end_request(struct session *s)
{
    if (s->connect_stream != NULL)
        stream_release(s->connect_stream);
    s->connect_stream = NULL;
    head_free(&s->connect_head);
    head_free(&s->early_trailers);
    buf_free(&s->early_body);
    s->early_ended = false;
}

static void ask_login(struct session *s)
{
    reply_login(s->connect_stream);
    end_request(s);
}

/* As it may stand in the log. */
static struct str shown_user(struct session *s)
{
    return names_hide_one(s->conf->names, s->user, &s->arena);
}

static void start_login(struct session *s)
{
    struct buf text = {0};
    struct str user, password;
    struct str value;
    if (head_get_single(s->connect_head, "proxy-authorization", &value) &&
        parse_basic(value, &text, &user, &password) == OK) {
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
            LOG_STR("user", shown_user(s)), LOG_CSTR("client", s->client_ip));
        s->user = s->credentials = STR_NONE;
        ask_login(s);
        return;
    }
    s->groups = arena_copy(&s->arena, groups);
    s->credentials =
        arena_copy(&s->arena, head_get(s->connect_head, "proxy-authorization"));
    dispatch(s);
}

void front_on_crowded(struct session *s)
{
    if (s->state != SESSION_LOGIN)
        return;
    session_set_state(s, SESSION_FRONT);
    log_event(LOG_WARN, "login.crowded", LOG_INT("session", s->number),
        LOG_STR("user", shown_user(s)), LOG_CSTR("client", s->client_ip));
    reply_error(s, s->connect_stream, s->connect_head, REPLY_UNAVAILABLE,
        "too-many-connections", s->user);
    s->user = s->credentials = STR_NONE;
    end_request(s);
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
    end_request(s);
}

bool front_sheds(
    struct session *s, struct stream *stream, const struct head *head)
{
    if (!s->world->ops->is_short(s->world))
        return false;
    log_event(LOG_WARN, "request.shed", LOG_INT("session", s->number),
        LOG_STR("target", head->authority), LOG_CSTR("client", s->client_ip));
    reply_error(s, stream, head, REPLY_UNAVAILABLE, "memory-short", STR_NONE);
    return true;
}

/* ---- CONNECT ---- */

/* Everything after this is the tunnel's or the inspected connection's; the
 * codec is taken away in settle, outside its own callback.  What it still has
 * to say of requests before this one goes first. */
static void accept_connect(struct session *s, int64_t deadline_ms)
{
    struct buf out = {0};
    codec_take_output(s->client.codec, &out, SIZE_MAX);
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
    end_request(s);
    s->front_codec = s->client.codec;
    s->client.codec = NULL;
    if (s->txns == NULL)
        codec_free(&s->front_codec);
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

static void connect_start(struct session *s, struct target_choice choice)
{
    s->action = choice.action;
    if (choice.action == TARGET_TUNNEL)
        connect_tunnel(s, choice.reason);
    else
        accept_connect(s, s->conf->settings.timeout_handshake);
}

void front_on_connected(struct session *s, enum dial_result result)
{
    if (s->state != SESSION_CONNECT)
        return;
    if (result == DIAL_OK) {
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
    end_request(s);
}

/* ---- absolute-form ---- */

static void absolute_start(struct session *s, struct target_choice choice)
{
    struct head *head = s->connect_head;
    struct stream *stream = s->connect_stream;
    s->connect_stream = NULL;
    s->connect_head = NULL;
    txn_new(s, stream, head, s->host, s->port, false,
        choice.action == TARGET_INSPECT);
}

/* ---- one request ---- */

static void start(struct session *s, struct target_choice choice)
{
    if (choice.action == TARGET_REFUSE)
        refuse(s, choice.reason);
    else if (front_sheds(s, s->connect_stream, s->connect_head))
        end_request(s);
    else if (str_is(s->connect_head->method, "CONNECT"))
        connect_start(s, choice);
    else
        absolute_start(s, choice);
}

/* Whether an answer has named a learnable host is the keeper's to know. */
static void ask_learnt(struct session *s)
{
    struct buf question = {0};
    keep_ask_host(s->host, &question);
    session_set_state(s, SESSION_LOOKUP);
    s->world->ops->keep(s->world, s, SESSION_KEEP_TOKEN, buf_str(&question));
    buf_free(&question);
}

void front_on_learnt(struct session *s, struct str answer)
{
    if (s->state != SESSION_LOOKUP)
        return;
    session_set_state(s, SESSION_FRONT);
    enum target_action action =
        keep_read_host(answer) ? TARGET_INSPECT : TARGET_TUNNEL;
    start(s, (struct target_choice){action, NULL});
}

/* The target's host and port into the session. */
static enum err read_target(struct session *s, struct str *host_out)
{
    const struct head *head = s->connect_head;
    bool is_connect = str_is(head->method, "CONNECT");
    if (!is_connect && !str_is_nocase(head->scheme, "http"))
        return ERR_UNSUPPORTED;
    enum err err = authority_split(
        head->authority, is_connect ? 0 : 80, host_out, &s->port);
    return err == OK && s->port == 0 ? ERR_PARSE : err;
}

static void dispatch(struct session *s)
{
    struct str host;
    if (!is_proxied(s->connect_head)) {
        pages_serve(s, s->connect_stream, s->connect_head);
        end_request(s);
        return;
    }
    if (read_target(s, &host) != OK) {
        refuse(s, "bad-target");
        return;
    }
    struct target_choice choice =
        target_choose(s->conf, host, s->port, &s->arena, &s->host);
    if (choice.action == TARGET_ASK)
        ask_learnt(s);
    else
        start(s, choice);
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
