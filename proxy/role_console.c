/*
 * The console role: the pages over HTTPS with a leaf of the installation's CA,
 * and /metrics.  The signer certifies the leaf as it does for a worker; it is
 * asked for another one when a week has passed.
 *
 * The console's threads (console/) answer requests; what they record is queued
 * here and sent to the storer by this loop, which also keeps the answers.
 */
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>

#include "base/digest.h"
#include "base/mem.h"
#include "certs/ca.h"
#include "certs/leaf_msg.h"
#include "certs/leaf_pem.h"
#include "console/console.h"
#include "proxy/chan.h"
#include "proxy/recorder.h"
#include "proxy/role.h"
#include "proxy/role_console_documents.h"
#include "proxy/role_console_idp.h"
#include "proxy/role_fds.h"
#include "proxy/version.h"
#include "store/db_sqlite.h"

enum {
    RENEW_MS = 7 * 86400 * 1000,
    RETRY_MS = 5000,
    OUTBOX_MAX = 4096,
    NICE = 10
};

struct served {
    struct console_role *role;
    struct http *http; /* NULL: not yet */
    int listen_fd;
    struct net_address address;
    uint64_t signed_ms; /* when the leaf came; 0: none */
};

struct outgoing {
    struct outgoing *next;
    struct record record;
    struct console_ticket *ticket;
};

struct console_role {
    uv_loop_t loop;
    uv_timer_t renew;
    uv_async_t wake;
    const struct role_start *start;
    struct role *role;
    struct chan *signer;
    struct buf public_der, key_pem;
    struct served served[ROLE_LISTEN_MAX];
    size_t count;
    struct http *metrics[ROLE_LISTEN_MAX];
    struct console *console;
    struct defer_queue defer;
    struct recorder *recorder;
    struct console_documents *documents;
    struct console_idp *idp;
    pthread_mutex_t lock; /* what follows */
    struct outgoing *outbox, **outbox_end;
    size_t outbox_count;
    uint64_t logged_in; /* hash of a name; 0: nobody */
    /* The one switch of a mode that is asked for: number 0: none. */
    struct console_ticket *mode_ticket;
    uint64_t mode_number, mode_service;
    unsigned mode;
    bool is_mode_untold;
};

/* ---- what the console records ---- */

static void on_record(void *owner, const char id[UUID_TEXT_BYTES],
    struct buf *json, struct console_ticket *ticket)
{
    struct console_role *c = owner;
    struct outgoing *o = MEM_NEW(struct outgoing);
    o->record.kind = RECORD_AUDIT;
    memcpy(o->record.id, id, UUID_TEXT_BYTES);
    buf_take(&o->record.json, json);
    o->ticket = ticket;
    pthread_mutex_lock(&c->lock);
    bool has_room = c->outbox_count < OUTBOX_MAX;
    if (has_room) {
        *c->outbox_end = o;
        c->outbox_end = &o->next;
        c->outbox_count++;
    }
    pthread_mutex_unlock(&c->lock);
    if (has_room) {
        uv_async_send(&c->wake);
        return;
    }
    console_recorded(ticket, ERR_LIMIT);
    buf_free(&o->record.json);
    mem_free(o);
}

static void on_recorded(void *owner, uint64_t token, enum err err)
{
    (void)token;
    console_recorded(owner, err);
}

static void on_login(void *owner, struct str user)
{
    struct console_role *c = owner;
    pthread_mutex_lock(&c->lock);
    c->logged_in = control_name_hash(user);
    pthread_mutex_unlock(&c->lock);
    uv_async_send(&c->wake);
}

/* Under the lock; the console asks for one at a time, so another one that
 * waits has been given up. */
static void end_mode(struct console_role *c, enum err err)
{
    console_recorded(c->mode_ticket, err);
    c->mode_ticket = NULL;
    c->is_mode_untold = false;
}

static void on_set_mode(void *owner, struct str service, unsigned mode,
    struct console_ticket *ticket)
{
    struct console_role *c = owner;
    pthread_mutex_lock(&c->lock);
    end_mode(c, ERR_TIMEOUT);
    c->mode_ticket = ticket;
    c->mode_number++;
    c->mode_service = control_name_hash(service);
    c->mode = mode;
    c->is_mode_untold = true;
    pthread_mutex_unlock(&c->lock);
    uv_async_send(&c->wake);
}

static void on_mode(void *owner, uint64_t number, bool is_done)
{
    struct console_role *c = owner;
    pthread_mutex_lock(&c->lock);
    if (number == c->mode_number)
        end_mode(c, is_done ? OK : ERR_STATE);
    pthread_mutex_unlock(&c->lock);
}

static void on_read(
    void *owner, struct buf *bytes, struct console_ticket *ticket)
{
    struct console_role *c = owner;
    console_documents_put(c->documents, bytes, ticket);
    uv_async_send(&c->wake);
}

static void on_sign_in(void *owner, const struct oidc_question *question,
    struct console_ticket *ticket)
{
    struct console_role *c = owner;
    console_idp_put(c->idp, question, ticket);
    uv_async_send(&c->wake);
}

static void tell_mode(struct console_role *c)
{
    pthread_mutex_lock(&c->lock);
    bool is_untold = c->is_mode_untold;
    uint64_t number = c->mode_number, service = c->mode_service;
    unsigned mode = c->mode;
    c->is_mode_untold = false;
    pthread_mutex_unlock(&c->lock);
    if (is_untold)
        role_tell_mode(c->role, number, service, mode);
}

static void on_wake(uv_async_t *wake)
{
    struct console_role *c = wake->data;
    pthread_mutex_lock(&c->lock);
    struct outgoing *list = c->outbox;
    uint64_t logged_in = c->logged_in;
    c->outbox = NULL;
    c->outbox_end = &c->outbox;
    c->outbox_count = 0;
    c->logged_in = 0;
    pthread_mutex_unlock(&c->lock);
    while (list != NULL) {
        struct outgoing *o = list;
        list = o->next;
        recorder_put(c->recorder, o->ticket, o->ticket != NULL, &o->record);
        mem_free(o);
    }
    if (logged_in != 0)
        role_tell_login(c->role, logged_in);
    tell_mode(c);
    console_documents_ask(c->documents);
    console_idp_ask(c->idp);
}

/* ---- serving ---- */

/* What an old server still does may take seconds. */
static void *stop_http(void *arg)
{
    struct http *http = arg;
    http_stop(&http);
    return NULL;
}

static void retire(struct http *http)
{
    pthread_t thread;
    if (http == NULL)
        return;
    if (pthread_create(&thread, NULL, stop_http, http) == 0)
        pthread_detach(thread);
    else
        http_stop(&http);
}

static void serve_metrics(struct console_role *c)
{
    for (size_t i = 0; i < c->start->metrics_count; i++) {
        struct http_options options = {.listen_fd = c->start->metrics_fds[i],
            .owner = c->start->stats,
            .quick = console_metrics};
        if (http_start(&options, &c->metrics[i]) != OK)
            log_event(LOG_ERROR, "console.unstarted");
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

static bool is_due(const struct served *served)
{
    return served->http == NULL ||
           clock_mono_ms() - served->signed_ms >= RENEW_MS;
}

static void ask_signer(struct console_role *c)
{
    for (size_t i = 0; c->signer != NULL && i < c->count; i++) {
        char name[NET_TEXT_BYTES];
        struct buf bytes = {0};
        if (!is_due(&c->served[i]))
            continue;
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
    struct ca_info info;
    struct http *before = served->http;
    if (leaf_pem_cert(cert_der, &pem) != OK)
        return;
    struct http_options options = {.listen_fd = served->listen_fd,
        .cert_pem = buf_cstr(&pem),
        .key_pem = buf_cstr(&c->key_pem),
        .pool = console_pool(c->console),
        .owner = c->console,
        .quick = console_quick,
        .may_be_large = console_may_be_large,
        .handle = console_handle};
    if (http_start(&options, &served->http) == OK) {
        served->signed_ms = clock_mono_ms();
        if (ca_read(buf_str(&pem), &info) == OK)
            console_set_certificate(c->console, info.not_after_ms);
        retire(before);
    } else {
        served->http = before;
        log_event(LOG_ERROR, "console.unstarted");
    }
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
    for (size_t i = 0; i < c->count; i++) {
        char name[NET_TEXT_BYTES];
        name_of(&c->served[i], name);
        if (str_is(answer.host, name) && is_due(&c->served[i]))
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
    (void)index;
    (void)origin;
    if (peer == ROLE_STORER) {
        recorder_attach(c->recorder, fd);
        return;
    }
    if (peer == ROLE_EXTRACTOR) {
        console_documents_attach(c->documents, fd);
        return;
    }
    if (peer == ROLE_IDP) {
        console_idp_attach(c->idp, fd);
        return;
    }
    chan_free(&c->signer);
    c->signer = chan_new(&c->loop, fd, &signer_events, c);
    ask_signer(c);
}

static void on_drain(void *owner, uint64_t within_ms)
{
    (void)within_ms;
    uv_stop(&((struct console_role *)owner)->loop);
}

/* ---- configuration ---- */

static void take_users(struct console_role *c, const struct conf *conf)
{
    const struct bundle_file *file = bundle_first(&conf->bundle, BUNDLE_USERS);
    struct diag diag = {0};
    struct users *users = file != NULL
                              ? users_parse(file->name.p, file->text, &diag)
                              : users_new();
    if (users != NULL) {
        log_event(
            LOG_INFO, "console.logins", LOG_INT("count", users_count(users)));
        console_set_users(c->console, users);
    }
    diag_free(&diag);
}

/* Nobody else holds it: the last thread that used it may free it. */
static void on_released(void *owner)
{
    struct conf *conf = owner;
    conf_unref(&conf);
}

/* conf is taken, but for that of the start, which lives for good. */
static void take_running(struct console_role *c, struct conf *conf)
{
    struct console_running running = {.policy = conf->policy,
        .rules = conf->rules,
        .services = conf->services,
        .database = conf->database,
        .data = conf->data,
        .stops_unreadable =
            conf->settings.on_failure[FAIL_EXTRACT] == ON_FAILURE_BLOCK,
        .hides_names = conf->settings.names.are_hidden,
        .oidc = &conf->settings.oidc,
        .url = conf->settings.console_url,
        .owner = conf,
        .release = conf != c->start->conf ? on_released : NULL};
    console_set_running(c->console, &running);
}

static void on_reload(void *owner, struct conf *conf)
{
    struct console_role *c = owner;
    console_documents_configure(c->documents, &conf->settings);
    take_users(owner, conf);
    take_running(owner, conf);
}

static const struct role_events role_events = {.on_connect = on_connect,
    .on_drain = on_drain,
    .on_reload = on_reload,
    .on_mode = on_mode};

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

static void make_console(struct console_role *c)
{
    const struct settings *s = &c->start->conf->settings;
    const struct bundle_file *ca =
        bundle_first(&c->start->conf->bundle, BUNDLE_CA);
    static struct str hosts[CONSOLE_HOSTS_MAX];
    size_t count = 0;
    hosts[count++] = s->node;
    for (size_t i = 0; i < s->console_hosts.count && count < ARRAY_LEN(hosts);
         i++)
        hosts[count++] = s->console_hosts.items[i];
    struct console_options options = {.store_dir = s->store_dir,
        .node = s->node,
        .version = PROMPTGATE_VERSION,
        .stats = c->start->stats,
        .hosts = hosts,
        .host_count = count,
        .ca_pem = ca != NULL ? ca->text : STR_NONE,
        .owner = c,
        .record = on_record,
        .set_mode = on_set_mode,
        .read = on_read,
        .on_login = on_login,
        .sign_in = on_sign_in};
    c->console = console_new(&options);
    console_idp_set_console(c->idp, c->console);
    take_users(c, c->start->conf);
    take_running(c, c->start->conf);
}

static void start_loop(struct console_role *c)
{
    uv_timer_init(&c->loop, &c->renew);
    uv_async_init(&c->loop, &c->wake, on_wake);
    c->renew.data = c->wake.data = c;
    uv_timer_start(&c->renew, on_renew, RETRY_MS, RETRY_MS);
    defer_init(&c->defer, &c->loop);
    c->recorder =
        recorder_new(&c->loop, &c->defer, c->start->origin, on_recorded);
    c->documents = console_documents_new(&c->loop, &c->start->conf->settings);
    c->idp = console_idp_new(&c->loop);
    pthread_mutex_init(&c->lock, NULL);
    c->outbox_end = &c->outbox;
}

/* Nobody waits for a record any more: the loop has ended. */
static void stop(struct console_role *c)
{
    pthread_mutex_lock(&c->lock);
    c->outbox_count = OUTBOX_MAX;
    for (struct outgoing *o = c->outbox; o != NULL; o = o->next)
        console_recorded(o->ticket, ERR_CLOSED);
    end_mode(c, ERR_CLOSED);
    pthread_mutex_unlock(&c->lock);
    console_documents_stop(c->documents);
    console_idp_stop(c->idp);
    for (size_t i = 0; i < c->count; i++)
        http_stop(&c->served[i].http);
    for (size_t i = 0; i < c->start->metrics_count; i++)
        http_stop(&c->metrics[i]);
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
    db_prepare_process();
    take_sockets(c);
    /* Whoever uses the proxy does not wait for who looks on (F52). */
    (void)setpriority(PRIO_PROCESS, 0, NICE);
    role_enter_sandbox(start);
    start_loop(c);
    make_console(c);
    serve_metrics(c);
    c->role = role_attach(&c->loop, start, &role_events, c);
    role_ready(c->role);
    uv_run(&c->loop, UV_RUN_DEFAULT);
    stop(c);
    return 0;
}
