/*
 * A session's place in the worker: its world (proxy/world.h), its timer and
 * what it waits for.  Each session has a struct world of its own, the first
 * member of its seat, so that an operation finds the seat without a search.
 *
 * A session that is over is freed from the loop, and nothing reaches it from
 * the moment it said so.
 */
#include "proxy/worker_parts.h"

#include "base/log.h"
#include "base/mem.h"
#include "proxy/headroom.h"

/* A dial under way, known to its link. */
struct seat_dial {
    struct seat *seat;
    struct link *link;
    struct dial *dial;
    struct seat_dial *prev, *next;
};

struct seat {
    struct world world; /* first */
    struct worker *worker;
    struct session *session;
    struct conf *conf; /* counted: dials borrow its settings */
    struct net_address peer;
    struct seat *prev, *next;
    struct seat_dial *dials;
    size_t open_links; /* that the session has not closed */
    struct deferred later, end;
    uv_timer_t timer;
    struct buf login;           /* whose password is being checked */
    struct user_count *counted; /* the user of a good login; NULL: none */
    uint64_t due_ms;            /* what the session asked for; 0: nothing */
    uint64_t armed_ms;          /* when the timer comes; 0: it does not */
    bool is_over;
};

#define SEAT_OF(pointer, member)                                               \
    ((struct seat *)(void *)((char *)(pointer)-offsetof(struct seat, member)))

static struct seat *seat_of(struct world *world)
{
    return (struct seat *)(void *)world;
}

/* Links */

static void world_send(struct world *w, struct link *link, struct buf *data)
{
    (void)w;
    io_link_send(link, data);
}

static void world_pause(struct world *w, struct link *link)
{
    (void)w;
    io_link_pause(link);
}

static void world_resume(struct world *w, struct link *link)
{
    (void)w;
    io_link_resume(link);
}

static void world_shutdown(struct world *w, struct link *link)
{
    (void)w;
    io_link_shutdown(link);
}

static struct link *seat_link_new(struct seat *seat)
{
    seat->open_links++;
    return io_link_new(seat->worker->links, seat);
}

/* Dials */

static void seat_dial_free(struct seat_dial *d)
{
    if (d->prev != NULL)
        d->prev->next = d->next;
    else
        d->seat->dials = d->next;
    if (d->next != NULL)
        d->next->prev = d->prev;
    dial_cancel(&d->dial);
    mem_free(d);
}

static void on_dial_done(void *owner, enum dial_result result, int fd,
    const struct net_address *peer)
{
    struct seat_dial *d = owner;
    struct seat *seat = d->seat;
    struct link *link = d->link;
    d->dial = NULL; /* gone by itself */
    seat_dial_free(d);
    if (result == DIAL_OK && io_link_open(link, fd, peer) != OK)
        result = DIAL_UNREACHABLE;
    if (!seat->is_over)
        session_on_dialed(seat->session, link, result);
}

static struct link *world_dial(
    struct world *w, struct session *session, struct str host, uint16_t port)
{
    struct seat *seat = seat_of(w);
    struct worker *worker = seat->worker;
    struct seat_dial *d = MEM_NEW(struct seat_dial);
    d->seat = seat;
    d->link = seat_link_new(seat);
    d->link->session = session;
    d->next = seat->dials;
    if (d->next != NULL)
        d->next->prev = d;
    seat->dials = d;
    d->dial = dial_start(&worker->loop, &worker->defer, worker->resolver,
        &seat->conf->settings, host, port, on_dial_done, d);
    return d->link;
}

static void seat_cancel_dial(struct seat *seat, const struct link *link)
{
    struct seat_dial *d = seat->dials;
    while (d != NULL && d->link != link)
        d = d->next;
    if (d != NULL)
        seat_dial_free(d);
}

static void world_close(struct world *w, struct link *link)
{
    seat_cancel_dial(seat_of(w), link);
    seat_of(w)->open_links--;
    io_link_close(link);
}

static void world_abort(struct world *w, struct link *link)
{
    seat_cancel_dial(seat_of(w), link);
    seat_of(w)->open_links--;
    io_link_abort(link);
}

/* Services */

static enum err world_mint(struct world *w, struct session *session,
    struct str host, struct leaf **leaf_out)
{
    (void)session;
    return minter_want(seat_of(w)->worker->minter, w, host, leaf_out);
}

static void world_record(struct world *w, struct session *session,
    uint64_t token, struct record *record)
{
    (void)session;
    recorder_put(seat_of(w)->worker->recorder, w, token, record);
}

static void world_keep(struct world *w, struct session *session, uint64_t token,
    struct str question)
{
    (void)session;
    asker_ask(seat_of(w)->worker->asker, w, token, question);
}

static void world_extract(struct world *w, struct session *session,
    uint64_t token, struct str document)
{
    (void)session;
    extracting_ask(seat_of(w)->worker->extracting, w, token, document);
}

static void world_authenticate(struct world *w, struct session *session,
    struct str user, struct str password)
{
    struct seat *seat = seat_of(w);
    (void)session;
    buf_clear(&seat->login);
    buf_append_str(&seat->login, user);
    logins_check(seat->worker->logins, w, user, password);
}

void seat_on_recorded(void *owner, uint64_t token, enum err err)
{
    struct seat *seat = owner;
    if (!seat->is_over)
        session_on_recorded(seat->session, token, err);
}

void seat_on_extracted(
    void *owner, uint64_t token, struct extract_report *report)
{
    struct seat *seat = owner;
    if (!seat->is_over)
        session_on_extracted(seat->session, token, report);
}

void seat_on_kept(void *owner, uint64_t token, struct str answer)
{
    struct seat *seat = owner;
    if (!seat->is_over)
        session_on_kept(seat->session, token, answer);
}

void seat_on_minted(void *owner, struct leaf *leaf, enum err err)
{
    struct seat *seat = owner;
    if (seat->is_over)
        leaf_unref(&leaf);
    else
        session_on_minted(seat->session, leaf, err);
}

void seat_on_login(void *owner, bool is_good, struct str groups)
{
    struct seat *seat = owner;
    struct user_counts *users = seat->worker->users;
    int64_t max = seat->conf->settings.clients_max_per_user;
    if (seat->is_over)
        return;
    user_counts_give(users, &seat->counted);
    if (is_good)
        seat->counted =
            user_counts_take(users, buf_str(&seat->login), (size_t)max);
    if (is_good && seat->counted == NULL)
        session_on_crowded(seat->session);
    else
        session_on_authenticated(seat->session, is_good, groups);
}

static bool world_is_ready(struct world *w)
{
    const struct worker *worker = seat_of(w)->worker;
    return recorder_is_connected(worker->recorder) &&
           minter_is_connected(worker->minter) && !worker->is_draining;
}

static bool world_is_short(struct world *w)
{
    return headroom_is_short(uv_now(&seat_of(w)->worker->loop));
}

/* Time */

static void seat_arm(struct seat *seat, uint64_t at_ms);

/* Idle time-outs move on with every byte, so the timer is left where it is
 * and looks again when it comes too early. */
static void on_timer(uv_timer_t *timer)
{
    struct seat *seat = timer->data;
    uint64_t due = seat->due_ms;
    seat->armed_ms = 0;
    if (due == 0 || seat->is_over)
        return;
    if (due > uv_now(&seat->worker->loop)) {
        seat_arm(seat, due);
        return;
    }
    seat->due_ms = 0;
    session_on_timer(seat->session);
}

static void seat_arm(struct seat *seat, uint64_t at_ms)
{
    uint64_t now = uv_now(&seat->worker->loop);
    seat->armed_ms = at_ms;
    uv_timer_start(&seat->timer, on_timer, at_ms > now ? at_ms - now : 0, 0);
}

static void world_set_timer(
    struct world *w, struct session *session, uint64_t at_ms)
{
    (void)session;
    struct seat *seat = seat_of(w);
    if (seat->is_over)
        return;
    seat->due_ms = at_ms;
    if (at_ms != 0 && (seat->armed_ms == 0 || at_ms < seat->armed_ms))
        seat_arm(seat, at_ms);
}

static void world_later(struct world *w, struct session *session)
{
    (void)session;
    struct seat *seat = seat_of(w);
    if (!seat->is_over)
        defer_push(&seat->worker->defer, &seat->later);
}

static void on_later(struct deferred *later)
{
    session_on_later(SEAT_OF(later, later)->session);
}

static uint64_t world_now_ms(struct world *w)
{
    return uv_now(&seat_of(w)->worker->loop);
}

/* Ending */

static void on_timer_closed(uv_handle_t *handle)
{
    mem_free(handle->data); /* the seat */
}

static void seat_forget_services(struct seat *seat)
{
    struct worker *worker = seat->worker;
    minter_forget(worker->minter, seat);
    recorder_forget(worker->recorder, seat);
    asker_forget(worker->asker, seat);
    extracting_forget(worker->extracting, seat);
    logins_forget(worker->logins, seat);
    user_counts_give(worker->users, &seat->counted);
    buf_free(&seat->login);
    while (seat->dials != NULL) {
        struct link *link = seat->dials->link;
        seat_dial_free(seat->dials);
        seat->open_links--;
        io_link_abort(link);
    }
}

static void seat_unlist(struct seat *seat)
{
    struct worker *worker = seat->worker;
    if (seat->prev != NULL)
        seat->prev->next = seat->next;
    else
        worker->seats = seat->next;
    if (seat->next != NULL)
        seat->next->prev = seat->prev;
    worker->seat_count--;
}

static void on_end(struct deferred *end)
{
    struct seat *seat = SEAT_OF(end, end);
    struct worker *worker = seat->worker;
    session_free(&seat->session);
    seat_forget_services(seat);
    if (seat->open_links > 0) /* rarely: it looks at all of the worker's */
        log_event(LOG_ERROR, "session.left-links",
            LOG_INT("links", io_links_cut_owner(worker->links, seat)));
    listener_release(worker->listener, &seat->peer);
    conf_unref(&seat->conf);
    seat_unlist(seat);
    uv_close((uv_handle_t *)&seat->timer, on_timer_closed);
    worker_on_seat_gone(worker);
}

static void seat_end(struct seat *seat)
{
    if (seat->is_over)
        return;
    seat->is_over = true;
    defer_cancel(&seat->later);
    uv_timer_stop(&seat->timer);
    defer_push(&seat->worker->defer, &seat->end);
}

static void world_done(struct world *w, struct session *session)
{
    (void)session;
    seat_end(seat_of(w));
}

/* Seats */

static const struct world_ops WORLD_OPS = {
    .send = world_send,
    .pause = world_pause,
    .resume = world_resume,
    .shutdown = world_shutdown,
    .close = world_close,
    .abort = world_abort,
    .dial = world_dial,
    .mint = world_mint,
    .record = world_record,
    .keep = world_keep,
    .extract = world_extract,
    .authenticate = world_authenticate,
    .is_ready = world_is_ready,
    .is_short = world_is_short,
    .set_timer = world_set_timer,
    .later = world_later,
    .now_ms = world_now_ms,
    .done = world_done,
};

/* Between its end and its being freed a session's links are still open, and
 * nobody must hear of them. */
static void on_bytes(void *owner, struct link *link, struct str data)
{
    struct seat *seat = owner;
    if (!seat->is_over)
        session_on_bytes(seat->session, link, data);
}

static void on_eof(void *owner, struct link *link)
{
    struct seat *seat = owner;
    if (!seat->is_over)
        session_on_eof(seat->session, link);
}

static void on_broken(void *owner, struct link *link, int uv_error)
{
    struct seat *seat = owner;
    if (!seat->is_over)
        session_on_broken(seat->session, link, uv_error);
}

static void on_drained(void *owner, struct link *link)
{
    struct seat *seat = owner;
    if (!seat->is_over)
        session_on_drained(seat->session, link);
}

const struct link_events seat_link_events = {
    on_bytes, on_eof, on_broken, on_drained};

void seat_new(struct worker *worker, int fd, const struct net_address *peer)
{
    struct seat *seat = MEM_NEW(struct seat);
    seat->world.ops = &WORLD_OPS;
    seat->worker = worker;
    seat->conf = conf_ref(worker->conf);
    seat->peer = *peer;
    seat->later.run = on_later;
    seat->end.run = on_end;
    uv_timer_init(&worker->loop, &seat->timer);
    seat->timer.data = seat;
    seat->next = worker->seats;
    if (seat->next != NULL)
        seat->next->prev = seat;
    worker->seats = seat;
    worker->seat_count++;
    struct link *link = seat_link_new(seat);
    enum err err = io_link_open(link, fd, peer);
    seat->session = session_new(&seat->world, seat->conf, link);
    link->session = seat->session;
    if (err != OK)
        seat_end(seat); /* session_free closes the link */
}

void seats_drain(struct worker *worker)
{
    struct seat *next;
    for (struct seat *seat = worker->seats; seat != NULL; seat = next) {
        next = seat->next;
        if (!seat->is_over)
            session_drain(seat->session);
    }
}

void seats_cut(struct worker *worker)
{
    for (struct seat *seat = worker->seats; seat != NULL; seat = seat->next)
        seat_end(seat);
}
