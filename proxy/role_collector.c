/*
 * The collector: proxy/collector.h as a role.  It may reach the network and
 * nothing else: no file, no CA key, no store but by the storer.  A new
 * configuration, or a new key, is taken by a new process.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "proxy/collect_http.h"
#include "proxy/collector.h"
#include "proxy/role.h"

enum { DRAIN_MS = 200 }; /* what is under way to the storer arrives */

struct role_collector {
    uv_loop_t loop;
    struct defer_queue defer;
    struct resolver *resolver;
    struct collector *collector;
    uv_timer_t drain;
};

static void on_connect(
    void *owner, enum role_kind peer, unsigned index, uint64_t origin, int fd)
{
    struct role_collector *r = owner;
    (void)index;
    (void)origin;
    if (peer == ROLE_STORER)
        collector_attach(r->collector, fd);
    else
        close(fd);
}

static void on_drained(uv_timer_t *timer)
{
    struct role_collector *r = timer->data;
    uv_stop(&r->loop);
}

static void on_drain(void *owner, uint64_t within_ms)
{
    struct role_collector *r = owner;
    uv_timer_start(
        &r->drain, on_drained, within_ms < DRAIN_MS ? within_ms : DRAIN_MS, 0);
}

static void on_reload(void *owner, struct conf *conf)
{
    conf_unref(&conf);
    on_drain(owner, DRAIN_MS);
}

int collector_main(const struct role_start *start)
{
    static const struct role_events events = {
        .on_connect = on_connect, .on_reload = on_reload, .on_drain = on_drain};
    struct role_collector *r = MEM_NEW(struct role_collector);
    struct collector_options options = {.conf = start->conf,
        .scanner = start->conf->scanner,
        .defer = &r->defer,
        .origin = start->origin};
    if (uv_loop_init(&r->loop) != 0)
        return EXIT_FAILURE;
    collect_http_prepare_process();
    defer_init(&r->defer, &r->loop);
    if (resolver_new(&r->loop, &r->defer, NULL, &r->resolver) != OK)
        return EXIT_FAILURE;
    collect_keys_decode(start->key, &options.keys);
    options.resolver = r->resolver;
    role_enter_sandbox(start);
    if (resolver_set_servers(r->resolver, &start->conf->settings.dns_servers) !=
        OK)
        return EXIT_FAILURE;
    uv_timer_init(&r->loop, &r->drain);
    r->drain.data = r;
    r->collector = collector_new(&r->loop, &options);
    struct role *role = role_attach(&r->loop, start, &events, r);
    role_ready(role);
    uv_run(&r->loop, UV_RUN_DEFAULT);
    return EXIT_SUCCESS; /* the process ends: handles need no closing */
}
