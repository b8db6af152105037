#include "proxy/session_parts.h"

/*
 * Connections to the origin: dialled, TLS verified, one codec each.  The
 * first is made before the client's TLS; more come when an exchange finds
 * none free: an HTTP/1 origin behind a multiplexing client, a connection that
 * the origin closed, a GOAWAY.
 */

#include "base/mem.h"
#include "base/stats.h"

enum { ORIGINS_MAX = 128 }; /* one a concurrent stream at most */

const char *dial_failure(enum dial_result result)
{
    switch (result) {
    case DIAL_OK:
        break;
    case DIAL_NOT_RESOLVED:
        return "name-not-resolved";
    case DIAL_FORBIDDEN:
        return "private-address";
    case DIAL_REFUSED:
        return "connection-refused";
    case DIAL_TIMEOUT:
        return "connect-timeout";
    case DIAL_UNREACHABLE:
        return "unreachable";
    }
    return "none";
}

static const struct {
    const char *reason;
    enum stats_counter counter;
} refusal_stats[] = {
    {"expired", STAT_UPSTREAM_REFUSED_EXPIRED},
    {"not-yet-valid", STAT_UPSTREAM_REFUSED_EXPIRED},
    {"name-mismatch", STAT_UPSTREAM_REFUSED_NAME},
    {"unknown-issuer", STAT_UPSTREAM_REFUSED_ISSUER},
    {"self-signed", STAT_UPSTREAM_REFUSED_ISSUER},
    {"weak-key", STAT_UPSTREAM_REFUSED_WEAK},
    {"weak-signature", STAT_UPSTREAM_REFUSED_WEAK},
    {"revoked", STAT_UPSTREAM_REFUSED_REVOKED},
};

static void count_refusal(const char *reason)
{
    for (size_t i = 0; i < ARRAY_LEN(refusal_stats); i++) {
        if (str_is(str_of(reason), refusal_stats[i].reason)) {
            stats_add(refusal_stats[i].counter, 1);
            return;
        }
    }
    stats_add(STAT_UPSTREAM_REFUSED_OTHER, 1);
}

struct origin *origin_new(
    struct session *s, struct str host, uint16_t port, bool uses_tls)
{
    struct origin *origin = MEM_NEW(struct origin);
    origin->side.session = s;
    origin->host = host;
    origin->port = port;
    origin->uses_tls = uses_tls;
    origin->state = ORIGIN_DIALING;
    origin->deadline_ms =
        session_now(s) + (uint64_t)(s->conf->settings.timeout_dial +
                                    s->conf->settings.timeout_handshake);
    origin->next = s->origins;
    s->origins = origin;
    origin->side.link = s->world->ops->dial(s->world, s, host, port);
    origin->side.link->session = s;
    origin->side.link->user = &origin->side;
    session_wake_at(s, origin->deadline_ms);
    return origin;
}

/* Every exchange that waits for a connection looks again. */
static bool wake_waiting(struct session *s)
{
    bool any = false;
    for (struct txn *t = s->txns; t != NULL; t = t->next) {
        t->is_ready = t->is_ready || t->state == TXN_WAIT;
        any = any || t->is_ready;
    }
    return any;
}

static void announce(struct origin *origin)
{
    struct session *s = origin->side.session;
    if (s->state == SESSION_ORIGIN)
        intercept_on_origin(s, origin);
    wake_waiting(s);
}

void origin_fail(struct origin *origin, const char *failure, struct str detail)
{
    struct session *s = origin->side.session;
    if (origin->state == ORIGIN_DEAD)
        return;
    bool was_open = origin->state == ORIGIN_OPEN;
    origin->state = ORIGIN_DEAD;
    origin->deadline_ms = 0;
    origin->failure = failure;
    origin->failure_detail = arena_copy(&s->arena, detail);
    if (was_open) {
        codec_feed_cut(origin->side.codec); /* open streams are reset */
    } else {
        stats_add(STAT_UPSTREAM_FAILED, 1);
        log_event(LOG_WARN, "origin.failed", LOG_INT("session", s->number),
            LOG_STR("host", origin->host), LOG_INT("port", origin->port),
            LOG_CSTR("reason", failure), LOG_STR("detail", detail));
        for (struct txn *t = s->txns; t != NULL; t = t->next)
            if (t->state == TXN_WAIT && t->origin == origin)
                txn_origin_failed(t, failure, origin->failure_detail);
        announce(origin);
    }
}

static void open_codec(struct origin *origin, enum http_version version)
{
    origin->state = ORIGIN_OPEN;
    origin->deadline_ms = 0;
    side_start_codec(&origin->side, version);
    announce(origin);
}

void origin_on_dialed(struct origin *origin, enum dial_result result)
{
    struct session *s = origin->side.session;
    if (origin->state != ORIGIN_DIALING)
        return;
    if (result != DIAL_OK) {
        origin_fail(origin, dial_failure(result), STR_NONE);
        return;
    }
    if (!origin->uses_tls) {
        open_codec(origin, HTTP_1_1);
        return;
    }
    origin->state = ORIGIN_HANDSHAKE;
    origin->side.tls = tls_new_origin(s->conf->tls, origin->host,
        origin->is_h1_only ? ALPN_H1 : intercept_origin_alpn(s),
        s->hello.offer.ciphers.n != 0 ? &s->hello.offer : NULL);
    tls_start(origin->side.tls);
}

bool origin_has_h2_websockets(const struct session *s)
{
    for (const struct origin *o = s->origins; o != NULL; o = o->next)
        if (o->state == ORIGIN_OPEN && codec_version(o->side.codec) == HTTP_2 &&
            codec_takes_websockets(o->side.codec))
            return true;
    return false;
}

/* The origin's settings may come when the client's codec is there already. */
static void announce_websockets(struct session *s)
{
    if (s->state == SESSION_HTTP && s->client.codec != NULL)
        codec_offer_websockets(s->client.codec);
    wake_waiting(s);
}

static void on_handshake_failed(struct origin *origin)
{
    const struct tls_refusal *refusal = tls_refusal(origin->side.tls);
    if (refusal == NULL) {
        origin_fail(origin, tls_failure(origin->side.tls),
            str_of(tls_failure_detail(origin->side.tls)));
        return;
    }
    count_refusal(refusal->reason);
    struct buf detail = {0};
    buf_printf(&detail, "%s (certificate of %.*s, issued by %.*s)",
        refusal->detail, STR_ARG(refusal->subject), STR_ARG(refusal->issuer));
    origin_fail(origin, refusal->reason, buf_str(&detail));
    buf_free(&detail);
}

void origin_on_bytes(struct origin *origin, struct str data)
{
    if (origin->state == ORIGIN_DEAD)
        return;
    if (origin->state == ORIGIN_OPEN) {
        bool took = codec_takes_websockets(origin->side.codec);
        side_feed(&origin->side, data);
        if (!took && codec_takes_websockets(origin->side.codec))
            announce_websockets(origin->side.session);
        if (origin->side.tls != NULL &&
            tls_phase(origin->side.tls) == TLS_FAILED)
            origin_fail(origin, tls_failure(origin->side.tls),
                str_of(tls_failure_detail(origin->side.tls)));
        return;
    }
    if (origin->side.tls == NULL)
        return;
    enum err err = tls_feed(origin->side.tls, data);
    if (err != OK || tls_phase(origin->side.tls) == TLS_FAILED) {
        on_handshake_failed(origin);
    } else if (tls_phase(origin->side.tls) != TLS_HANDSHAKE) {
        stats_add(STAT_HANDSHAKES_SERVER, 1);
        stats_add(STAT_RESUMED_SERVER, tls_was_resumed(origin->side.tls));
        open_codec(
            origin, tls_alpn(origin->side.tls) == ALPN_H2 ? HTTP_2 : HTTP_1_1);
        side_feed(&origin->side, STR_NONE);
    }
}

void origin_on_eof(struct origin *origin)
{
    origin->side.got_eof = true;
    if (origin->state == ORIGIN_OPEN) {
        codec_feed_eof(origin->side.codec);
        origin->state = ORIGIN_DEAD;
    } else {
        origin_fail(origin, "connection-closed", STR_NONE);
    }
}

static bool is_for(const struct origin *origin, const struct txn *txn)
{
    return origin->state != ORIGIN_DEAD && origin->port == txn->port &&
           origin->uses_tls == txn->uses_tls && str_eq(origin->host, txn->host);
}

/* A WebSocket's handshake is not translated: it goes to an origin of the
 * client's own version. */
static bool suits(const struct origin *origin, const struct txn *txn)
{
    const struct codec *codec = origin->side.codec;
    bool is_h2 = codec_version(codec) == HTTP_2;
    if (txn->ws == NULL)
        return true;
    return is_h2 == (txn->request->version == HTTP_2) &&
           codec_takes_websockets(codec);
}

static bool needs_h1(const struct txn *txn)
{
    return txn->ws != NULL && txn->request->version != HTTP_2;
}

static bool is_usable(const struct origin *origin, const struct txn *txn)
{
    return origin->state == ORIGIN_OPEN && !origin->side.got_eof &&
           !codec_wants_close(origin->side.codec) && suits(origin, txn) &&
           codec_can_open(origin->side.codec);
}

/* A connection already under way for nobody in particular. */
static struct origin *find_pending(struct session *s, const struct txn *txn)
{
    for (struct origin *o = s->origins; o != NULL; o = o->next) {
        if (!is_for(o, txn) || o->state == ORIGIN_OPEN ||
            (needs_h1(txn) && !o->is_h1_only))
            continue;
        bool is_taken = false;
        for (struct txn *t = s->txns; t != NULL; t = t->next)
            is_taken = is_taken ||
                       (t != txn && t->state == TXN_WAIT && t->origin == o);
        if (!is_taken)
            return o;
    }
    return NULL;
}

static size_t count_origins(const struct session *s)
{
    size_t n = 0;
    for (const struct origin *o = s->origins; o != NULL; o = o->next)
        n++;
    return n;
}

/* A multiplexing origin at its limit is waited for, not doubled; one that has
 * said GOAWAY is not, its last stream may go on for long: one connection is
 * made in its place for all. */
static bool should_wait(const struct session *s, const struct txn *txn)
{
    bool speaks_h2 = false, is_coming = false;
    if (needs_h1(txn))
        return false;
    for (const struct origin *o = s->origins; o != NULL; o = o->next) {
        if (!is_for(o, txn))
            continue;
        if (o->state != ORIGIN_OPEN) {
            is_coming = is_coming || !o->is_h1_only;
        } else if (codec_version(o->side.codec) == HTTP_2) {
            speaks_h2 = true;
            if (!o->side.got_eof && !codec_is_leaving(o->side.codec))
                return true;
        }
    }
    return speaks_h2 && is_coming;
}

/* The connection made for an extended CONNECT speaks HTTP/1. */
static bool came_out_wrong(const struct txn *txn)
{
    const struct origin *o = txn->origin;
    return o != NULL && txn->ws != NULL && o->state == ORIGIN_OPEN &&
           txn->request->version == HTTP_2 &&
           codec_version(o->side.codec) != HTTP_2;
}

struct stream *origin_open_stream(struct txn *txn, struct origin **failed_out)
{
    struct session *s = txn->session;
    *failed_out = NULL;
    for (struct origin *o = s->origins; o != NULL; o = o->next) {
        if (!is_for(o, txn) || !is_usable(o, txn))
            continue;
        txn->origin = o;
        codec_introduce(o->side.codec, s->client.codec);
        return codec_open(
            o->side.codec, txn->request, txn->request->has_body, txn);
    }
    if (txn->origin != NULL && is_for(txn->origin, txn) &&
        txn->origin->state != ORIGIN_OPEN)
        return NULL; /* its own connection is under way */
    if (came_out_wrong(txn)) {
        txn_origin_failed(txn, "no-websockets", STR_NONE);
        return NULL;
    }
    txn->origin = NULL;
    if (should_wait(s, txn) || count_origins(s) >= ORIGINS_MAX)
        return NULL;
    txn->origin = find_pending(s, txn);
    if (txn->origin == NULL) {
        txn->origin = origin_new(s, txn->host, txn->port, txn->uses_tls);
        txn->origin->is_h1_only = needs_h1(txn);
    }
    return NULL;
}

static enum origin_room room_of(const struct origin *o)
{
    if (o->state != ORIGIN_OPEN || codec_is_leaving(o->side.codec))
        return ROOM_NEVER;
    return codec_can_open(o->side.codec) ? ROOM_NOW : ROOM_LATER;
}

bool origin_look_for_room(struct session *s)
{
    bool has_changed = false;
    for (struct origin *o = s->origins; o != NULL; o = o->next) {
        enum origin_room room = room_of(o);
        has_changed = has_changed || (room != o->room && room != ROOM_LATER);
        o->room = room;
    }
    return has_changed && wake_waiting(s);
}

static bool is_referenced(const struct session *s, const struct origin *o)
{
    for (const struct txn *t = s->txns; t != NULL; t = t->next)
        if (t->origin == o && t->origin_stream != NULL)
            return true;
    return false;
}

static bool is_over(const struct session *s, const struct origin *o)
{
    if (o->state == ORIGIN_DEAD)
        return !is_referenced(s, o);
    if (o->state != ORIGIN_OPEN)
        return false;
    bool is_closing = codec_wants_close(o->side.codec) || o->side.got_eof;
    return is_closing && !codec_has_output(o->side.codec) &&
           !is_referenced(s, o);
}

void origin_reap(struct session *s)
{
    for (struct origin **at = &s->origins; *at != NULL;) {
        struct origin *o = *at;
        if (!is_over(s, o)) {
            at = &o->next;
            continue;
        }
        *at = o->next;
        for (struct txn *t = s->txns; t != NULL; t = t->next)
            if (t->origin == o)
                t->origin = NULL;
        if (o->side.tls != NULL && o->side.link != NULL &&
            tls_phase(o->side.tls) == TLS_OPEN) {
            struct buf out = {0};
            tls_close(o->side.tls);
            tls_take_output(o->side.tls, &out);
            s->world->ops->send(s->world, o->side.link, &out);
            buf_free(&out);
        }
        side_free(&o->side);
        mem_free(o);
        wake_waiting(s); /* there may be too many for another one */
    }
}
