/*
 * Who stands at the other ends of the connections of fuzz_session, and how
 * what the world has to answer turns out.
 */
#ifndef TESTS_FUZZ_SESSION_PEERS_H
#define TESTS_FUZZ_SESSION_PEERS_H

#include "tests/fuzz/session_world.h"

enum {
    WITH_LOGIN = 1,
    WITH_MINTS_LATER = 2,
    WITH_WRONG_CERT = 4,
    WITH_ORIGIN_H1 = 8,
    WITH_CLIENT_H1 = 16,
};

enum { ROUNDS_MAX = 300 };

static unsigned mode;

/* ---- the other ends ---- */

static void look_for_marks(struct stage *st, struct peer *p)
{
    struct str plain = buf_str(&p->plain);
    for (size_t i = 0; i < st->mark_count && !st->is_raw; i++) {
        const struct mark *mark = &st->marks[i];
        struct str fresh = str_sub(plain, p->looked_at, plain.n);
        bool is_there = str_find(fresh, str_of(mark->word)) < fresh.n;
        check(!is_there || !mark->is_forbidden, "what is forbidden stays here");
        check(!is_there || mark->is_durable, "a prompt is durable first");
    }
    p->looked_at = plain.n < 24 ? 0 : plain.n - 24;
}

static void start_origin_tls(struct peer *p, bool is_wrong)
{
    struct str host = str_of(is_wrong ? "wrong.test" : p->host);
    struct leaf *leaf = leaf_for(1, host);
    if (leaf == NULL)
        return;
    p->tls = tls_new_client(far_end, leaf,
        (mode & WITH_ORIGIN_H1) != 0 ? ALPN_H1 : ALPN_H1 | ALPN_H2);
    leaf_unref(&leaf);
}

/* Reads what the session has sent. */
static void peer_reads(struct stage *st, struct peer *p)
{
    struct buf bytes = {0};
    if (p->is_blocked || p->from_session.n == 0)
        return;
    buf_take(&bytes, &p->from_session);
    if (p->is_origin && p->tls == NULL && p->plain.n == 0 &&
        buf_bytes(&bytes)[0] == 0x16)
        start_origin_tls(p, st->has_wrong_cert);
    if (p->tls == NULL) {
        buf_append_str(&p->plain, buf_str(&bytes));
    } else if (tls_feed(p->tls, buf_str(&bytes)) == OK) {
        while (tls_read(p->tls, &p->plain, 65536) == OK)
            ;
    }
    if (p->tls != NULL)
        tls_take_output(p->tls, &p->to_session);
    if (p->is_origin)
        look_for_marks(st, p);
    if (p->plain.n > PLAIN_MAX) {
        buf_clear(&p->plain);
        p->looked_at = 0;
    }
    buf_free(&bytes);
}

static bool can_speak(const struct stage *st, const struct peer *p)
{
    return p->is_open && !st->is_done && (!p->is_origin || p->is_dialed) &&
           !p->has_ended;
}

/* Up to n bytes of what the peer has sent come in; then its end. */
static bool peer_moves(struct stage *st, struct peer *p, size_t n)
{
    if (!can_speak(st, p) || p->link.is_paused)
        return false;
    if (p->to_session.n == 0) {
        if (!p->ends)
            return false;
        p->has_ended = true;
        session_on_eof(st->session, &p->link);
        return true;
    }
    n = n < p->to_session.n ? n : p->to_session.n;
    n = n < LINK_READ_MAX ? n : LINK_READ_MAX;
    char *copy = mem_memdup0(buf_bytes(&p->to_session), n);
    buf_consume(&p->to_session, n);
    session_on_bytes(st->session, &p->link, str_make(copy, n));
    mem_free(copy);
    return true;
}

static void peer_says(struct peer *p, struct str plain)
{
    if (p->tls == NULL) {
        buf_append_str(&p->to_session, plain);
    } else if (tls_phase(p->tls) == TLS_OPEN) {
        if (tls_write(p->tls, plain) == OK)
            tls_take_output(p->tls, &p->to_session);
    }
}

static void peer_breaks(struct stage *st, struct peer *p)
{
    if (!can_speak(st, p))
        return;
    p->has_ended = true;
    session_on_broken(st->session, &p->link, -104);
}

static void peer_blocks(struct stage *st, struct peer *p)
{
    bool was_high = p->link.queued > LINK_QUEUE_HIGH;
    p->is_blocked = !p->is_blocked;
    if (p->is_blocked)
        return;
    p->link.queued = 0;
    if (was_high && p->is_open && !st->is_done)
        session_on_drained(st->session, &p->link);
}

/* The nth origin that is connected, or NULL. */
static struct peer *origin_of(struct stage *st, unsigned n)
{
    size_t count = st->peer_count - 1;
    for (size_t i = 0; i < count; i++) {
        struct peer *p = &st->peers[1 + (n + i) % count];
        if (can_speak(st, p))
            return p;
    }
    return NULL;
}

/* ---- what the world answers ---- */

static void on_durable(struct stage *st, struct str json)
{
    for (size_t i = 0; i < st->mark_count; i++)
        if (str_find(json, str_of(st->marks[i].word)) < json.n)
            st->marks[i].is_durable = true;
}

static void deliver_dialed(struct stage *st, struct answer *a, unsigned how)
{
    if (!a->peer->is_open)
        return; /* the dial was cancelled */
    a->peer->is_dialed = how == 0;
    session_on_dialed(st->session, &a->peer->link,
        (enum dial_result)(how % (DIAL_UNREACHABLE + 1)));
}

/* A file's bytes upside down are as good as any reader's text. */
static void deliver_text(struct stage *st, struct answer *a, unsigned how)
{
    struct extract_report report = {0};
    for (size_t i = a->text.n; i-- > 0 && how == 0;)
        buf_append_char(&report.text, buf_bytes(&a->text)[i]);
    session_on_extracted(st->session, a->token, &report);
    buf_free(&report.text);
}

static void deliver(struct stage *st, struct answer *a, unsigned how)
{
    struct session *s = st->session;
    switch (a->kind) {
    case DIALED:
        deliver_dialed(st, a, how);
        break;
    case MINTED:
        if (how == 0)
            session_on_minted(s, leaf_for(0, buf_str(&a->text)), OK);
        else
            session_on_minted(s, NULL, ERR_TIMEOUT);
        break;
    case RECORDED:
        if (how == 0)
            on_durable(st, buf_str(&a->text));
        session_on_recorded(s, a->token, how == 0 ? OK : ERR_IO);
        break;
    case KEPT:
        session_on_kept(s, a->token, how == 0 ? buf_str(&a->text) : STR_NONE);
        break;
    case EXTRACTED:
        deliver_text(st, a, how);
        break;
    case LOGIN:
        if (how % 3 == 2)
            session_on_crowded(s);
        else
            session_on_authenticated(s, how % 3 == 0, STR("staff"));
        break;
    case LATER:
        session_on_later(s);
        break;
    }
}

static void answer_one(struct stage *st, unsigned which, unsigned how)
{
    if (st->answer_count == 0 || st->is_done)
        return;
    which %= (unsigned)st->answer_count;
    struct answer a = st->answers[which];
    st->answer_count--;
    memmove(&st->answers[which], &st->answers[which + 1],
        (st->answer_count - which) * sizeof a);
    deliver(st, &a, how);
    buf_free(&a.text);
}

static void run(struct stage *st)
{
    bool is_moving = true;
    for (int i = 0; i < ROUNDS_MAX && is_moving && !st->is_done; i++) {
        is_moving = st->answer_count > 0;
        answer_one(st, 0, 0);
        for (size_t k = 0; k < st->peer_count; k++) {
            peer_reads(st, &st->peers[k]);
            is_moving = peer_moves(st, &st->peers[k], SIZE_MAX) || is_moving;
        }
    }
}

static void wait_ms(struct stage *st, uint64_t ms)
{
    uint64_t end = st->now_ms + ms;
    for (int i = 0; i < ROUNDS_MAX && !st->is_done && st->timer_ms != 0 &&
                    st->timer_ms <= end;
         i++) {
        st->now_ms = st->timer_ms > st->now_ms ? st->timer_ms : st->now_ms;
        st->timer_ms = 0;
        session_on_timer(st->session);
    }
    st->now_ms = end;
}

#endif
