/*
 * The console role: the pages over HTTPS with a leaf of the installation's CA,
 * and /metrics.  The signer certifies the leaf as it does for a worker; it is
 * asked for again when a week has passed, or with a new channel.
 */
#include <string.h>

#include "base/mem.h"
#include "certs/leaf_msg.h"
#include "certs/leaf_pem.h"
#include "console/console.h"
#include "proxy/chan.h"
#include "proxy/role.h"
#include "proxy/role_fds.h"

enum { RUN_EVERY_MS = 500, RENEW_MS = 7 * 86400 * 1000 };

struct served {
    struct console_role *role;
    struct site *site; /* NULL: not yet */
    uv_poll_t poll;
    int listen_fd;
    struct net_address address;
};

struct console_role {
    uv_loop_t loop;
    uv_timer_t run, renew;
    const struct role_start *start;
    struct role *role;
    struct chan *signer;
    struct buf public_der, key_pem;
    struct served served[ROLE_LISTEN_MAX];
    size_t count; /* the pages first, then the metrics */
};

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct served *served = poll->data;
    (void)status;
    (void)events;
    if (served->site != NULL)
        site_run(served->site);
}

static void serve(struct served *served, const struct site_options *options)
{
    struct console_role *c = served->role;
    if (served->site != NULL) { /* with an old leaf */
        uv_poll_stop(&served->poll);
        site_stop(&served->site);
    }
    if (site_start(options, &served->site) != OK) {
        log_event(LOG_ERROR, "console.unstarted");
        return;
    }
    uv_poll_init(&c->loop, &served->poll, site_poll_fd(served->site));
    served->poll.data = served;
    uv_poll_start(&served->poll, UV_READABLE, on_poll);
}

static void serve_metrics(struct console_role *c)
{
    for (size_t i = 0; i < c->start->metrics_count; i++) {
        struct served *served = &c->served[c->count++];
        struct site_options options = {
            .listen_fd = c->start->metrics_fds[i], .stats = c->start->stats};
        served->role = c;
        serve(served, &options);
    }
}

/* The one name that the leaf of a listening address is for: the address, or
 * for any address the machine's name. */
static void name_of(const struct served *served, char out[NET_TEXT_BYTES])
{
    static const uint8_t any[16];
    net_format(&served->address, out);
    if (memcmp(served->address.bytes, any, sizeof any) != 0)
        return;
    struct str node = served->role->start->conf->settings.node;
    size_t n = node.n < NET_TEXT_BYTES ? node.n : NET_TEXT_BYTES - 1;
    memcpy(out, node.p, n);
    out[n] = '\0';
    str_lower(out, n);
}

static void ask_signer(struct console_role *c)
{
    for (size_t i = 0; c->signer != NULL && i < c->start->listen_count; i++) {
        char name[NET_TEXT_BYTES];
        struct buf bytes = {0};
        name_of(&c->served[i], name);
        struct leaf_request request = {str_of(name), buf_str(&c->public_der)};
        leaf_msg_write_request(&request, &bytes);
        if (chan_send(c->signer, buf_str(&bytes), -1) != OK)
            log_event(LOG_WARN, "console.unsigned", LOG_CSTR("name", name));
        buf_free(&bytes);
    }
}

static void serve_with(struct served *served, struct str cert_der)
{
    struct console_role *c = served->role;
    struct buf pem = {0};
    if (leaf_pem_cert(cert_der, &pem) != OK)
        return;
    struct site_options options = {.listen_fd = served->listen_fd,
        .cert_pem = buf_cstr(&pem),
        .key_pem = buf_cstr(&c->key_pem),
        .node = c->start->conf->settings.node};
    serve(served, &options);
    buf_free(&pem);
}

static void on_answer(void *owner, struct str datagram, int fd)
{
    struct console_role *c = owner;
    struct leaf_answer answer;
    (void)fd; /* the signer sends none */
    if (leaf_msg_read_answer(datagram, &answer) != OK)
        return;
    if (answer.status != OK) {
        log_event(LOG_ERROR, "console.unsigned", LOG_STR("name", answer.host),
            LOG_CSTR("why", err_name(answer.status)));
        return;
    }
    for (size_t i = 0; i < c->start->listen_count; i++) {
        char name[NET_TEXT_BYTES];
        name_of(&c->served[i], name);
        if (str_is(answer.host, name))
            serve_with(&c->served[i], answer.cert_der);
    }
}

static void on_signer_closed(void *owner)
{
    chan_free(&((struct console_role *)owner)->signer);
}

static const struct chan_events signer_events = {
    on_answer, NULL, on_signer_closed};

static void on_connect(
    void *owner, enum role_kind peer, unsigned index, uint64_t origin, int fd)
{
    struct console_role *c = owner;
    (void)peer; /* the parent connects the console to the signer only */
    (void)index;
    (void)origin;
    chan_free(&c->signer);
    c->signer = chan_new(&c->loop, fd, &signer_events, c);
    ask_signer(c);
}

static void on_drain(void *owner, uint64_t within_ms)
{
    (void)within_ms;
    uv_stop(&((struct console_role *)owner)->loop);
}

static const struct role_events role_events = {
    .on_connect = on_connect, .on_drain = on_drain};

/* Time-outs of idle connections need a run without any event. */
static void on_run(uv_timer_t *timer)
{
    struct console_role *c = timer->data;
    for (size_t i = 0; i < c->count; i++)
        if (c->served[i].site != NULL)
            site_run(c->served[i].site);
}

static void on_renew(uv_timer_t *timer)
{
    ask_signer(timer->data);
}

static void take_sockets(struct console_role *c)
{
    const struct str_list *listen = &c->start->conf->settings.listen_console;
    for (size_t i = 0; i < c->start->listen_count && i < listen->count; i++) {
        struct served *served = &c->served[c->count++];
        served->role = c;
        served->listen_fd = c->start->listen_fds[i];
        if (net_parse_endpoint(listen->items[i], &served->address) != OK)
            log_event(LOG_ERROR, "console.address");
    }
}

static void start_timers(struct console_role *c)
{
    uv_timer_init(&c->loop, &c->run);
    uv_timer_init(&c->loop, &c->renew);
    c->run.data = c->renew.data = c;
    uv_timer_start(&c->run, on_run, RUN_EVERY_MS, RUN_EVERY_MS);
    uv_timer_start(&c->renew, on_renew, RENEW_MS, RENEW_MS);
}

int console_main(const struct role_start *start)
{
    struct console_role *c = MEM_NEW(struct console_role);
    c->start = start;
    if (uv_loop_init(&c->loop) != 0 ||
        leaf_pem_key(start->key, &c->public_der, &c->key_pem) != OK) {
        log_event(LOG_ERROR, "console.no_key");
        return 3;
    }
    take_sockets(c);
    role_enter_sandbox(start);
    serve_metrics(c);
    start_timers(c);
    c->role = role_attach(&c->loop, start, &role_events, c);
    role_ready(c->role);
    uv_run(&c->loop, UV_RUN_DEFAULT);
    return 0;
}
