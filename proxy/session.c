#include "proxy/session_parts.h"

/*
 * A session's life: which bytes go where, the settle step at the end of every
 * event, output, timers.  What the bytes mean is decided in front.c,
 * tunnel.c, intercept.c and txn.c.
 *
 * One event:  world calls session_on_x  ->  facts are noted, transactions
 * marked  ->  settle: pump transactions, flush every side, reap, arm timer.
 */

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/stats.h"
#include "certs/leaf.h"

static const char *const state_names[SESSION_STATES] = {"FRONT", "LOGIN",
    "LOOKUP", "CONNECT", "PEEK", "TUNNEL", "ORIGIN", "MINT", "ACCEPT", "HTTP",
    "CLOSING"};

#define TO(state) (1u << SESSION_##state)

/* Which state may follow which. */
static const unsigned transitions[SESSION_STATES] = {
    [SESSION_FRONT] =
        TO(LOGIN) | TO(LOOKUP) | TO(CONNECT) | TO(PEEK) | TO(CLOSING),
    [SESSION_LOGIN] = TO(FRONT) | TO(CLOSING),
    [SESSION_LOOKUP] = TO(FRONT) | TO(CLOSING),
    [SESSION_CONNECT] = TO(PEEK) | TO(FRONT) | TO(CLOSING),
    [SESSION_PEEK] = TO(TUNNEL) | TO(ORIGIN) | TO(HTTP) | TO(CLOSING),
    [SESSION_TUNNEL] = TO(CLOSING),
    [SESSION_ORIGIN] = TO(MINT) | TO(ACCEPT) | TO(CLOSING),
    [SESSION_MINT] = TO(ACCEPT) | TO(CLOSING),
    [SESSION_ACCEPT] = TO(HTTP) | TO(CLOSING),
    [SESSION_HTTP] = TO(CLOSING),
    [SESSION_CLOSING] = 0,
};

/* Each request adds to the session's arena (host names, what failed): a client
 * that never leaves is sent to a new connection. */
enum { ARENA_MAX = 1024 * 1024 };

/* All sessions of a worker share its bound on held bytes. */
static size_t worker_held;

static void settle(struct session *s);

void session_set_state(struct session *s, enum session_state state)
{
    if (s->state == state)
        return;
    if ((transitions[s->state] & (1u << state)) == 0) {
        log_event(LOG_ERROR, "session.transition",
            LOG_INT("session", s->number),
            LOG_CSTR("from", state_names[s->state]),
            LOG_CSTR("to", state_names[state]));
        s->is_over = true;
        return;
    }
    log_event(LOG_DEBUG, "session.state", LOG_INT("session", s->number),
        LOG_CSTR("from", state_names[s->state]),
        LOG_CSTR("to", state_names[state]));
    s->state = state;
}

uint64_t session_now(const struct session *s)
{
    return s->world->ops->now_ms(s->world);
}

void session_wake_at(struct session *s, uint64_t at_ms)
{
    if (at_ms == 0 || (s->timer_at_ms != 0 && s->timer_at_ms <= at_ms))
        return;
    s->timer_at_ms = at_ms;
    s->world->ops->set_timer(s->world, s, at_ms);
}

void session_set_deadline(struct session *s, int64_t after_ms)
{
    s->deadline_ms = after_ms > 0 ? session_now(s) + (uint64_t)after_ms : 0;
    session_wake_at(s, s->deadline_ms);
}

void session_fail(struct session *s)
{
    s->is_over = true;
}

void session_close(struct session *s)
{
    session_set_state(s, SESSION_CLOSING);
}

size_t session_worker_held(void)
{
    return worker_held;
}

void session_hold(struct session *s, int64_t bytes)
{
    s->held_bytes = (size_t)((int64_t)s->held_bytes + bytes);
    worker_held = (size_t)((int64_t)worker_held + bytes);
    stats_add(STAT_HELD_BYTES, bytes);
    if (bytes < 0)
        hold_wake();
}

static void env_init(struct session *s)
{
    const struct settings *settings = &s->conf->settings;
    s->env = (struct exchange_env){
        .services = s->conf->services,
        .policy = s->conf->policy,
        .scanner = s->conf->scanner,
        .node = settings->node,
        .capture = (enum capture)settings->capture,
        .hold_max_bytes = (size_t)settings->hold_max_bytes,
        .oversize_streams = settings->hold_oversize == OVERSIZE_STREAM,
        .blocks_signed_out = settings->tenant_blocks_signed_out,
        .document_max_bytes = (size_t)settings->extract.max_bytes,
        .evidence = s->conf->has_evidence ? &s->conf->evidence : NULL,
        .names = s->conf->names,
        .memory = &s->memory,
        .pool = s->conf->pool,
    };
    for (int i = 0; i < FAIL_COUNT; i++)
        s->env.failure_blocks[i] = settings->on_failure[i] == ON_FAILURE_BLOCK;
}

struct session *session_new(
    struct world *world, struct conf *conf, struct link *client)
{
    static uint64_t count;
    struct session *s = MEM_NEW(struct session);
    s->world = world;
    s->plain.wipes = s->peeked.wipes = s->early_body.wipes = true;
    s->conf = conf_ref(conf);
    s->number = ++count;
    s->client.session = s;
    s->client.link = client;
    s->client.is_client = true;
    client->session = s;
    client->user = &s->client;
    net_format(&client->peer, s->client_ip);
    env_init(s);
    side_start_codec(&s->client, HTTP_1_1);
    stats_add(STAT_CONNECTIONS, 1);
    stats_add(STAT_CONNECTIONS_OPEN, 1);
    session_set_deadline(s, conf->settings.timeout_head);
    return s;
}

static void close_link(struct session *s, struct link **link)
{
    if (*link != NULL)
        s->world->ops->close(s->world, *link);
    *link = NULL;
}

/* A body that nothing but the connection's end would end, and that was cut: a
 * close in good order would make it whole.  Few look for close_notify (S2). */
static void close_client_link(struct session *s)
{
    struct side *client = &s->client;
    if (client->link == NULL || client->codec == NULL ||
        !codec_was_cut(client->codec)) {
        close_link(s, &client->link);
        return;
    }
    s->world->ops->abort(s->world, client->link);
    client->link = NULL;
}

void side_free(struct side *side)
{
    close_link(side->session, &side->link);
    codec_free(&side->codec);
    tls_free(&side->tls);
}

void session_free(struct session **session)
{
    struct session *s = *session;
    if (s == NULL)
        return;
    while (s->txns != NULL) {
        struct txn *txn = s->txns;
        s->txns = txn->next;
        txn_free(&txn);
    }
    head_free(&s->connect_head);
    head_free(&s->early_trailers);
    buf_free(&s->early_body);
    close_client_link(s);
    side_free(&s->client);
    codec_free(&s->front_codec);
    close_link(s, &s->target);
    for (struct origin *o = s->origins; o != NULL; o = o->next)
        o->state = ORIGIN_DEAD;
    origin_reap(s);
    buf_free(&s->peeked);
    buf_free(&s->plain);
    identity_memory_free(&s->memory);
    session_hold(s, -(int64_t)s->held_bytes);
    stats_add(STAT_CONNECTIONS_OPEN, -1);
    arena_free(&s->arena);
    conf_unref(&s->conf);
    mem_free(s);
    *session = NULL;
}

/* H8: both sides are held to the same. */
static struct codec_limits limits_of(const struct settings *settings)
{
    struct codec_limits limits = codec_limits_default;
    limits.request_line_bytes = (uint32_t)settings->limit_request_line;
    limits.field_bytes = (uint32_t)settings->limit_field;
    limits.head_bytes = (uint32_t)settings->limit_head;
    limits.field_count = (uint32_t)settings->limit_fields;
    return limits;
}

void side_start_codec(struct side *side, enum http_version version)
{
    const struct codec_events *events =
        side->is_client ? &txn_client_events : &txn_origin_events;
    struct codec_limits limits = limits_of(&side->session->conf->settings);
    limits.offer_websockets =
        side->is_client && origin_has_h2_websockets(side->session);
    side->codec = codec_new(version,
        side->is_client ? FACING_CLIENT : FACING_ORIGIN, &limits, events, side);
}

/* ---- bytes in ---- */

static void feed_codec(struct side *side, struct str bytes)
{
    if (side->codec == NULL)
        return;
    if (codec_feed(side->codec, bytes) != OK && !side->is_client)
        ((struct origin *)side)->state = ORIGIN_DEAD;
}

/* Decrypted bytes are read in pieces, so that a paused codec leaves the rest
 * in the TLS buffers. */
static void feed_decrypted(struct side *side)
{
    struct session *s = side->session;
    while (side->codec != NULL && codec_wants_input(side->codec)) {
        enum err err = tls_read(side->tls, &s->plain, LINK_READ_MAX);
        if (err == OK)
            feed_codec(side, buf_str(&s->plain));
        buf_clear(&s->plain);
        if (err == ERR_EOF && !side->got_eof) {
            side->got_eof = true;
            codec_feed_eof(side->codec);
        }
        if (err != OK)
            break;
    }
    buf_give_back(&s->plain);
}

void side_feed(struct side *side, struct str bytes)
{
    if (side->tls == NULL) {
        feed_codec(side, bytes);
        return;
    }
    if (bytes.n != 0 && tls_feed(side->tls, bytes) != OK)
        return;
    feed_decrypted(side);
}

static void on_client_bytes(struct session *s, struct str data)
{
    switch (s->state) {
    case SESSION_FRONT:
    case SESSION_LOGIN:
    case SESSION_LOOKUP:
    case SESSION_CONNECT:
        feed_codec(&s->client, data);
        break;
    case SESSION_PEEK:
        intercept_on_bytes(s, data);
        break;
    case SESSION_TUNNEL:
        tunnel_on_client_bytes(s, data);
        break;
    case SESSION_ORIGIN:
    case SESSION_MINT: /* the hello is complete; the rest waits */
        buf_append_str(&s->peeked, data);
        if (s->peeked.n > HELLO_MAX * 2)
            session_fail(s);
        break;
    case SESSION_ACCEPT:
    case SESSION_HTTP:
        side_feed(&s->client, data);
        if (s->state == SESSION_ACCEPT)
            intercept_on_accepted(s);
        break;
    case SESSION_CLOSING:
    case SESSION_STATES:
        break;
    }
}

void session_on_bytes(struct session *s, struct link *link, struct str data)
{
    struct side *side = link->user;
    stats_add(
        side == &s->client ? STAT_BYTES_UP : STAT_BYTES_DOWN, (int64_t)data.n);
    if (link == s->target)
        tunnel_on_target_bytes(s, data);
    else if (side->is_client)
        on_client_bytes(s, data);
    else
        origin_on_bytes((struct origin *)side, data);
    settle(s);
}

/* ---- ends ---- */

static void on_client_eof(struct session *s)
{
    s->client.got_eof = true;
    if (s->state == SESSION_TUNNEL || s->state == SESSION_PEEK)
        tunnel_on_client_eof(s);
    else if (s->client.codec != NULL && s->state != SESSION_ACCEPT)
        codec_feed_eof(s->client.codec);
    else
        session_fail(s);
}

void session_on_eof(struct session *s, struct link *link)
{
    struct side *side = link->user;
    if (link == s->target)
        tunnel_on_target_eof(s);
    else if (side->is_client)
        on_client_eof(s);
    else
        origin_on_eof((struct origin *)side);
    settle(s);
}

void session_on_broken(struct session *s, struct link *link, int uv_error)
{
    struct side *side = link->user;
    log_event(LOG_DEBUG, "link.broken", LOG_INT("session", s->number),
        LOG_INT("code", uv_error));
    if (link == s->target) {
        s->world->ops->abort(s->world, s->target);
        s->target = NULL;
        /* The tunnel's other end must see that it was cut. */
        if (s->client.link != NULL)
            s->world->ops->abort(s->world, s->client.link);
        s->client.link = NULL;
        session_fail(s);
    } else if (side->is_client) {
        if (s->target != NULL) {
            s->world->ops->abort(s->world, s->target);
            s->target = NULL;
        }
        session_fail(s);
    } else {
        origin_fail((struct origin *)side, "connection-reset", STR_NONE);
    }
    settle(s);
}

void session_on_drained(struct session *s, struct link *link)
{
    if (s->state == SESSION_TUNNEL)
        tunnel_on_drained(s, link);
    settle(s);
}

/* ---- answers of the world ---- */

void session_on_dialed(
    struct session *s, struct link *link, enum dial_result result)
{
    if (link == s->target)
        front_on_connected(s, result);
    else
        origin_on_dialed(link->user, result);
    settle(s);
}

void session_on_minted(struct session *s, struct leaf *leaf, enum err err)
{
    intercept_on_leaf(s, leaf, err);
    settle(s);
}

void session_on_recorded(struct session *s, uint64_t token, enum err err)
{
    struct txn *txn = txn_find(s, token);
    if (txn != NULL)
        txn_on_recorded(txn, err);
    settle(s);
}

void session_on_kept(struct session *s, uint64_t token, struct str answer)
{
    struct txn *txn = txn_find(s, token);
    if (token == SESSION_KEEP_TOKEN)
        front_on_learnt(s, answer);
    else if (txn != NULL)
        txn_on_kept(txn, answer);
    settle(s);
}

void session_on_extracted(
    struct session *s, uint64_t token, const struct extract_report *report)
{
    struct txn *txn = txn_find(s, token);
    if (txn != NULL)
        txn_on_extracted(txn, report);
    settle(s);
}

void session_on_authenticated(
    struct session *s, bool is_good, struct str groups)
{
    front_on_login(s, is_good, groups);
    settle(s);
}

void session_on_crowded(struct session *s)
{
    front_on_crowded(s);
    settle(s);
}

void session_on_later(struct session *s)
{
    s->wants_later = false;
    for (struct txn *t = s->txns; t != NULL; t = t->next) {
        t->is_ready = t->is_ready || t->wants_turn;
        t->wants_turn = false;
    }
    settle(s);
}

static void drain(struct session *s)
{
    s->is_draining = true;
    if (s->client.codec != NULL)
        codec_drain(s->client.codec);
}

void session_drain(struct session *s)
{
    s->is_stopping = true;
    drain(s);
    settle(s);
}

/* ---- timers ---- */

static void check_session_deadline(struct session *s, uint64_t now)
{
    if (s->deadline_ms == 0 || now < s->deadline_ms)
        return;
    s->deadline_ms = 0;
    if (s->state == SESSION_PEEK) {
        tunnel_on_deadline(s);
        return;
    }
    /* With exchanges open, each has its own deadline. */
    if ((s->state == SESSION_HTTP || s->state == SESSION_FRONT) &&
        s->txns != NULL)
        return;
    log_event(LOG_DEBUG, "session.timeout", LOG_INT("session", s->number),
        LOG_CSTR("state", state_names[s->state]));
    session_fail(s);
}

static void check_origins(struct session *s, uint64_t now)
{
    for (struct origin *o = s->origins; o != NULL; o = o->next)
        if (o->deadline_ms != 0 && now >= o->deadline_ms)
            origin_fail(o, "timeout", STR_NONE);
}

static void arm_timer(struct session *s)
{
    session_wake_at(s, s->deadline_ms);
    for (struct origin *o = s->origins; o != NULL; o = o->next)
        session_wake_at(s, o->deadline_ms);
    for (struct txn *t = s->txns; t != NULL; t = t->next)
        session_wake_at(s, txn_deadline(t));
}

void session_on_timer(struct session *s)
{
    uint64_t now = session_now(s);
    s->timer_at_ms = 0;
    if (s->is_lingering) /* whoever reads has a deadline */
        return;
    check_session_deadline(s, now);
    check_origins(s, now);
    for (struct txn *t = s->txns; t != NULL; t = t->next)
        txn_on_deadline(t, now);
    arm_timer(s);
    settle(s);
}

/* What passed holds secrets: nothing of it is to stay behind. */
static void forget_side(struct side *side)
{
    if (side->tls != NULL)
        tls_forget(side->tls);
}

void session_forget(struct session *s)
{
    forget_side(&s->client);
    for (struct origin *o = s->origins; o != NULL; o = o->next)
        forget_side(&o->side);
}

/* ---- settle ---- */

static void flush(struct side *side)
{
    struct session *s = side->session;
    struct world *w = s->world;
    struct buf out = {0};
    while (side->link != NULL && side->link->queued < LINK_QUEUE_HIGH) {
        if (side->codec != NULL && codec_has_output(side->codec) &&
            (side->tls == NULL || tls_phase(side->tls) == TLS_OPEN)) {
            if (side->tls == NULL) {
                codec_take_output(side->codec, &out, LINK_READ_MAX);
            } else {
                codec_take_output(side->codec, &s->plain, LINK_READ_MAX);
                if (tls_write(side->tls, buf_str(&s->plain)) != OK)
                    side->got_eof = true;
                buf_clear(&s->plain);
            }
        }
        if (side->tls != NULL)
            tls_take_output(side->tls, &out);
        if (out.n == 0)
            break;
        w->ops->send(w, side->link, &out);
    }
    buf_give_back(&s->plain);
    buf_free(&out);
}

/* Reading goes on only while what was read finds room. */
static void steer_reading(struct side *side)
{
    struct session *s = side->session;
    if (side->link == NULL || side->codec == NULL || s->state == SESSION_PEEK)
        return;
    bool wants = codec_wants_input(side->codec);
    if (!wants && !side->link->is_paused) {
        s->world->ops->pause(s->world, side->link);
    } else if (wants && side->link->is_paused) {
        s->world->ops->resume(s->world, side->link);
        if (side->tls != NULL)
            feed_decrypted(side); /* what waits decrypted comes first */
    }
}

/* Input that a codec held back: a pipelined request behind an exchange that
 * is now over, bytes before an agreed upgrade. */
static bool feed_held(struct side *side)
{
    if (side->codec == NULL || !codec_has_input(side->codec))
        return false;
    feed_codec(side, STR_NONE);
    return true;
}

static bool pump_txns(struct session *s)
{
    bool any = false;
    for (struct txn *t = s->txns; t != NULL; t = t->next) {
        if (t->is_ready && !s->is_over) {
            t->is_ready = false;
            txn_pump(t);
            any = true;
        }
    }
    return any;
}

static void reap_txns(struct session *s)
{
    for (struct txn **at = &s->txns; *at != NULL;) {
        struct txn *t = *at;
        if (t->state != TXN_OVER) {
            at = &t->next;
            continue;
        }
        *at = t->next;
        s->txn_count--;
        txn_free(&t);
        if (s->state == SESSION_FRONT || s->state == SESSION_HTTP)
            session_set_deadline(s, s->conf->settings.timeout_idle);
    }
}

static bool side_is_flushed(const struct side *side)
{
    return side->link == NULL ||
           ((side->codec == NULL || !codec_has_output(side->codec)) &&
               (side->tls == NULL || !tls_has_output(side->tls)));
}

/* The client connection has come to its end: nothing more to say or hear. */
static bool client_is_done(struct session *s)
{
    struct side *client = &s->client;
    if (client->link == NULL)
        return true;
    if (!side_is_flushed(client))
        return false;
    if (s->state == SESSION_CLOSING)
        return true;
    if (client->tls != NULL && tls_phase(client->tls) == TLS_FAILED)
        return true;
    if (client->codec == NULL || s->state == SESSION_PEEK ||
        s->state == SESSION_TUNNEL)
        return false;
    if (codec_wants_close(client->codec))
        return true;
    bool is_idle = s->txns == NULL && s->connect_head == NULL;
    return is_idle && (client->got_eof || s->is_draining) &&
           s->state != SESSION_ACCEPT;
}

static void close_client(struct session *s)
{
    struct side *client = &s->client;
    if (client->codec != NULL && codec_was_cut(client->codec))
        close_client_link(s);
    else if (client->tls != NULL) {
        tls_close(client->tls);
        flush(client);
    }
    s->is_over = true;
}

static void drop_others(struct session *s)
{
    for (struct txn *t = s->txns; t != NULL; t = t->next)
        if (!t->outlives_client)
            t->state = TXN_OVER;
    reap_txns(s);
}

/* No connection is left; documents that came down are still being read. */
static void linger(struct session *s)
{
    bool is_busy = false;
    for (struct txn *t = s->txns; t != NULL; t = t->next) {
        if (t->is_ready) {
            t->is_ready = false;
            txn_pump(t);
        }
        is_busy = is_busy || t->wants_turn;
    }
    reap_txns(s);
    if (s->txns == NULL) {
        s->is_settling = true; /* no event is handled any more */
        s->world->ops->done(s->world, s);
    } else if (is_busy && !s->wants_later) {
        s->wants_later = true;
        s->world->ops->later(s->world, s);
    }
}

static void finish(struct session *s)
{
    /* Unfinished exchanges still owe their records. */
    for (struct txn *t = s->txns; t != NULL; t = t->next) {
        t->client_gone = true;
        t->is_ready = true;
    }
    for (int i = 0; i < 64 && s->txns != NULL; i++) {
        for (struct txn *t = s->txns; t != NULL; t = t->next) {
            t->is_ready = false;
            txn_pump(t);
        }
        reap_txns(s);
    }
    for (struct origin *o = s->origins; o != NULL; o = o->next)
        side_free(&o->side);
    close_client_link(s);
    close_link(s, &s->target);
    drop_others(s);
    s->is_lingering = true;
    s->is_settling = false;
    linger(s);
}

/* Whether there is work that no event will bring. */
static bool is_busy(const struct session *s)
{
    for (const struct txn *t = s->txns; t != NULL; t = t->next)
        if (t->is_ready || t->wants_turn)
            return true;
    return s->client.codec != NULL && s->state == SESSION_HTTP &&
           codec_has_input(s->client.codec);
}

static void settle(struct session *s)
{
    if (s->is_settling)
        return;
    if (s->is_lingering) {
        linger(s);
        return;
    }
    s->is_settling = true;
    for (int round = 0; round < 8 && !s->is_over; round++) {
        if (s->state == SESSION_PEEK && s->client.codec != NULL)
            front_take_over(s);
        bool any = pump_txns(s);
        flush(&s->client);
        steer_reading(&s->client);
        for (struct origin *o = s->origins; o != NULL; o = o->next) {
            flush(&o->side);
            steer_reading(&o->side);
            any = feed_held(&o->side) || any;
        }
        reap_txns(s);
        any = origin_look_for_room(s) || any;
        origin_reap(s);
        if (s->state != SESSION_PEEK && s->state != SESSION_TUNNEL)
            any = feed_held(&s->client) || any;
        if (!any)
            break;
    }
    if (s->arena.used_bytes > ARENA_MAX && !s->is_draining)
        drain(s);
    if (is_busy(s) && !s->wants_later) {
        s->wants_later = true;
        s->world->ops->later(s->world, s);
    }
    if (!s->is_over && client_is_done(s))
        close_client(s);
    s->is_settling = false;
    if (s->is_over) {
        s->is_settling = true; /* no event is handled any more */
        finish(s);
        return;
    }
    arm_timer(s);
}
