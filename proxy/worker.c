/*
 * The worker's life: what it opens before the sandbox closes, the services it
 * is connected to, a new configuration generation, and the end.
 *
 * A drain takes no new client, lets the sessions finish what they have, waits
 * for the storer's acknowledgements and stops the loop, all within the time
 * that the parent gave.
 */
#include "proxy/worker_parts.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "proxy/headroom.h"

/* What is left of the drain's time for cutting and cleaning up. */
enum { DRAIN_MARGIN_MS = 300, DRAIN_POLL_MS = 50 };

static void on_accept(void *owner, int fd, const struct net_address *peer)
{
    seat_new(owner, fd, peer);
}

/* The services */

static void on_connect(
    void *owner, enum role_kind peer, unsigned index, uint64_t origin, int fd)
{
    struct worker *w = owner;
    (void)index;
    (void)origin;
    switch (peer) {
    case ROLE_SIGNER:
        minter_attach(w->minter, fd);
        break;
    case ROLE_STORER:
        recorder_attach(w->recorder, fd);
        break;
    case ROLE_KEEPER:
        asker_attach(w->asker, fd);
        break;
    case ROLE_EXTRACTOR:
        extracting_attach(w->extracting, fd);
        break;
    default:
        (void)close(fd);
    }
}

/* Configuration */

/* The newest CA stands first. */
static struct str issuer_of(const struct conf *conf)
{
    const struct bundle_file *file = bundle_first(&conf->bundle, BUNDLE_CA);
    return file != NULL ? file->text : STR_NONE;
}

static void worker_configure(struct worker *w)
{
    const struct settings *settings = &w->conf->settings;
    if (resolver_set_servers(w->resolver, &settings->dns_servers) != OK)
        log_event(LOG_ERROR, "dns.servers-unusable");
    /* Twice: a queue may stand before it, but somebody waits behind it. */
    extracting_configure(w->extracting,
        2 * (uint64_t)settings->extract.timeout_ms,
        (size_t)settings->extract.text_bytes);
    logins_load(w->logins, &w->conf->bundle);
    listener_configure(w->listener, settings);
}

static void on_reload(void *owner, struct conf *conf)
{
    struct worker *w = owner;
    struct conf *old = w->conf;
    if (minter_set_issuer(w->minter, issuer_of(conf)) != OK)
        log_event(LOG_ERROR, "reload.ca-unusable");
    w->conf = conf;
    worker_configure(w); /* the listener borrows from the new one now */
    conf_unref(&old);
}

/* The end */

static void worker_stop(struct worker *w)
{
    uv_stop(&w->loop);
}

static bool worker_is_idle(const struct worker *w)
{
    return w->seat_count == 0 && recorder_pending(w->recorder) == 0 &&
           io_links_count(w->links) == 0;
}

void worker_on_seat_gone(struct worker *w)
{
    if (w->is_draining && worker_is_idle(w))
        worker_stop(w);
}

static void on_drain_poll(uv_timer_t *timer)
{
    struct worker *w = timer->data;
    bool is_late = uv_now(&w->loop) >= w->drain_end_ms;
    if (is_late)
        log_event(LOG_WARN, "drain.cut", LOG_INT("sessions", w->seat_count),
            LOG_INT("records", recorder_pending(w->recorder)));
    if (is_late || worker_is_idle(w))
        worker_stop(w);
}

static void on_drain(void *owner, uint64_t within_ms)
{
    struct worker *w = owner;
    if (w->is_draining)
        return;
    w->is_draining = true;
    log_event(LOG_INFO, "drain.begin", LOG_INT("sessions", w->seat_count),
        LOG_INT("within_ms", within_ms));
    w->drain_end_ms = uv_now(&w->loop) + (within_ms > 2 * DRAIN_MARGIN_MS
                                                 ? within_ms - DRAIN_MARGIN_MS
                                                 : within_ms / 2);
    listener_stop(w->listener);
    seats_drain(w);
    uv_timer_start(&w->drain_timer, on_drain_poll, 0, DRAIN_POLL_MS);
}

static const struct role_events ROLE_EVENTS = {
    .on_connect = on_connect, .on_reload = on_reload, .on_drain = on_drain};

/* Making */

/* libuv opens a spare descriptor with the first stream of a loop, which the
 * sandbox would refuse each time. */
static void loop_warm_up(uv_loop_t *loop)
{
    uv_tcp_t tcp;
    uv_tcp_init(loop, &tcp);
    uv_close((uv_handle_t *)&tcp, NULL);
    uv_run(loop, UV_RUN_NOWAIT);
}

/* Whatever reads files: before the sandbox. */
static enum err worker_open(struct worker *w)
{
    if (uv_loop_init(&w->loop) != 0)
        return ERR_IO;
    loop_warm_up(&w->loop);
    defer_init(&w->defer, &w->loop);
    return resolver_new(&w->loop, &w->defer, NULL, &w->resolver);
}

static void worker_make(struct worker *w)
{
    const struct role_start *start = w->start;
    w->links = io_links_new(&w->loop, &w->defer, &seat_link_events);
    w->recorder =
        recorder_new(&w->loop, &w->defer, start->origin, seat_on_recorded);
    w->asker = asker_new(&w->loop, seat_on_kept);
    w->extracting = extracting_new(&w->loop, seat_on_extracted);
    w->minter = minter_new(
        &w->loop, &w->defer, start->key, issuer_of(w->conf), seat_on_minted);
    w->users = user_counts_new();
    w->logins = logins_new(&w->loop, &w->defer, seat_on_login);
    w->listener = listener_new(
        &w->loop, start->listen_fds, start->listen_count, on_accept, w);
    uv_timer_init(&w->loop, &w->drain_timer);
    w->drain_timer.data = w;
}

/* Ends what is left and runs the loop until every handle has closed: a clean
 * end shows leaks. */
static void worker_close(struct worker *w)
{
    listener_stop(w->listener);
    seats_cut(w);
    while (w->seat_count > 0)
        uv_run(&w->loop, UV_RUN_NOWAIT);
    io_links_cut(w->links);
    while (io_links_count(w->links) > 0)
        uv_run(&w->loop, UV_RUN_NOWAIT);
    io_links_free(&w->links);
    listener_free(&w->listener);
    recorder_free(&w->recorder);
    asker_free(&w->asker);
    extracting_free(&w->extracting);
    minter_free(&w->minter);
    logins_free(&w->logins);
    user_counts_free(&w->users);
    resolver_free(&w->resolver);
    uv_close((uv_handle_t *)&w->drain_timer, NULL);
    role_detach(&w->role);
    defer_close(&w->defer);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&w->loop);
    conf_unref(&w->conf);
}

int worker_main(const struct role_start *start)
{
    struct worker *w = MEM_NEW(struct worker);
    w->start = start;
    w->conf = start->conf;
    if (worker_open(w) != OK) {
        log_event(LOG_ERROR, "worker.no-loop");
        return EXIT_FAILURE;
    }
    headroom_open("");
    role_enter_sandbox(start);
    worker_make(w);
    w->role = role_attach(&w->loop, start, &ROLE_EVENTS, w);
    worker_configure(w);
    role_ready(w->role);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    worker_close(w);
    mem_free(w);
    return EXIT_SUCCESS;
}
