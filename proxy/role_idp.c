/*
 * The role that talks to the OpenID provider: for the console, which has no
 * network, it turns a code into a person.  It has the client's secret and the
 * network, and nothing else: no file, no store, no CA key.  What the provider
 * sends is read here alone; the console is told a name, a role or a word.
 *
 * A new configuration is taken by a new process, once the sign-ins that are
 * under way have ended; logins that change are no concern of this role.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/url.h"
#include "console/oidc_msg.h"
#include "proxy/chan.h"
#include "proxy/role.h"
#include "proxy/role_idp_provider.h"

enum { SIGNINS_MAX = 16 };

struct idp;

struct signin {
    struct idp *idp;
    struct collect_http *http;
    bool is_used, waits_for_keys;
    unsigned console; /* the channel that it was asked by */
    struct arena arena;
    struct oidc_question question;
    struct str token;
};

struct idp {
    uv_loop_t loop;
    struct defer_queue defer;
    struct resolver *resolver;
    const struct role_start *start;
    const struct setting_oidc *settings;
    struct buf roots;
    struct collect_http_options http;
    struct provider *provider;
    struct chan *console;
    unsigned consoles; /* that there were */
    struct signin signins[SIGNINS_MAX];
    bool is_leaving;
};

static void tell_console(struct idp *r, const struct buf *datagram)
{
    if (r->console != NULL &&
        chan_send(r->console, buf_str(datagram), -1) != OK)
        log_event(LOG_WARN, "signin.unsent");
}

static void leave_if_idle(struct idp *r)
{
    bool is_busy = false;
    for (size_t i = 0; i < SIGNINS_MAX; i++)
        is_busy |= r->signins[i].is_used;
    if (r->is_leaving && !is_busy)
        uv_stop(&r->loop);
}

/* ---- a sign-in ---- */

static void answer(
    struct idp *r, unsigned console, const struct oidc_answer *what)
{
    struct buf datagram = {.wipes = true};
    if (what->fault != OIDC_FINE)
        log_event(LOG_WARN, "signin.refused",
            LOG_CSTR("why", oidc_fault_name(what->fault)));
    if (console == r->consoles) {
        oidc_msg_write_answer(what, &datagram);
        tell_console(r, &datagram);
    }
    buf_free(&datagram);
}

static void finish(
    struct signin *s, enum oidc_fault fault, const struct oidc_person *person)
{
    struct idp *r = s->idp;
    struct oidc_answer what = {.id = s->question.id, .fault = fault};
    if (fault == OIDC_FINE) {
        what.person = *person;
        what.hint = s->token;
    }
    answer(r, s->console, &what);
    arena_wipe(&s->arena);
    s->is_used = s->waits_for_keys = false;
    s->token = STR_NONE;
    leave_if_idle(r);
}

/* is_last: the keys are as new as they get. */
static void judge(struct signin *s, bool is_last)
{
    struct idp *r = s->idp;
    const struct json_node *claims;
    struct oidc_person person = {0};
    struct id_token_expected expected = {r->settings->issuer,
        r->settings->client_id, s->question.nonce, clock_wall_ms() / 1000};
    enum oidc_fault fault = id_token_check(
        s->token, provider_keys(r->provider), &expected, &s->arena, &claims);
    if (fault == OIDC_KEY && !is_last) {
        s->waits_for_keys = true;
        if (provider_renew_keys(r->provider) == OK)
            return;
        s->waits_for_keys = false;
    }
    if (fault == OIDC_FINE)
        fault = oidc_find_person(claims, r->settings, &person);
    finish(s, fault, &person);
}

static void on_keys(void *owner)
{
    struct idp *r = owner;
    for (size_t i = 0; i < SIGNINS_MAX; i++) {
        struct signin *s = &r->signins[i];
        bool waited = s->is_used && s->waits_for_keys;
        s->waits_for_keys = false;
        if (waited)
            judge(s, true);
    }
}

static void on_tokens(void *owner, const struct feed_reply *reply)
{
    struct signin *s = owner;
    enum oidc_fault fault = oidc_read_token_answer(
        reply->status, reply->body, &s->arena, &s->token);
    if (fault != OIDC_FINE)
        finish(s, fault, NULL);
    else
        judge(s, false);
}

static void ask_for_tokens(struct signin *s)
{
    struct idp *r = s->idp;
    const struct oidc_metadata *m = provider_metadata(r->provider);
    struct buf form = {0}, authorization = {0};
    struct oidc_code code = {r->settings->client_id, r->start->key,
        s->question.code, s->question.verifier, s->question.redirect_uri,
        m->wants_post};
    struct feed_request request = {
        .url = m->token_endpoint, .bytes_max = OIDC_TOKENS_MAX};
    oidc_write_token_request(&code, &form, &authorization);
    collect_http_post(s->http, &request, buf_str(&authorization),
        buf_str(&form), on_tokens, s);
    buf_wipe_free(&form);
    buf_wipe_free(&authorization);
}

static struct signin *find_place(struct idp *r)
{
    size_t i = 0;
    while (i < SIGNINS_MAX && r->signins[i].is_used)
        i++;
    return i < SIGNINS_MAX ? &r->signins[i] : NULL;
}

static void on_question(void *owner, struct str datagram, int fd)
{
    struct idp *r = owner;
    struct arena arena = {0};
    struct oidc_answer what = {0};
    struct oidc_question question;
    struct signin *s = find_place(r);
    if (fd >= 0)
        close(fd);
    if (oidc_msg_read_question(datagram, &arena, &question) != OK) {
        log_event(LOG_WARN, "signin.malformed");
        arena_wipe(&arena);
        return;
    }
    what.id = question.id;
    what.fault = s == NULL || r->is_leaving ? OIDC_BUSY : OIDC_UNREACHABLE;
    if (what.fault == OIDC_BUSY || r->provider == NULL ||
        provider_metadata(r->provider) == NULL) {
        answer(r, r->consoles, &what);
        arena_wipe(&arena);
        return;
    }
    s->is_used = true;
    s->console = r->consoles;
    s->arena = arena;
    s->question = question;
    ask_for_tokens(s);
}

/* ---- the console ---- */

static void tell_state(void *owner)
{
    struct idp *r = owner;
    const struct oidc_metadata *m =
        r->provider != NULL ? provider_metadata(r->provider) : NULL;
    struct oidc_state state = {0};
    struct buf datagram = {0};
    if (m != NULL)
        state = (struct oidc_state){
            m->authorization_endpoint, m->end_session_endpoint, m->sends_iss};
    oidc_msg_write_state(&state, &datagram);
    tell_console(r, &datagram);
    buf_free(&datagram);
}

static void on_console_closed(void *owner)
{
    chan_free(&((struct idp *)owner)->console);
}

static const struct chan_events console_events = {
    on_question, NULL, on_console_closed};

static void on_connect(
    void *owner, enum role_kind peer, unsigned index, uint64_t origin, int fd)
{
    struct idp *r = owner;
    (void)index;
    (void)origin;
    if (peer != ROLE_CONSOLE) {
        close(fd);
        return;
    }
    chan_free(&r->console);
    r->consoles++;
    r->console = chan_new(&r->loop, fd, &console_events, r);
    tell_state(r);
}

/* ---- configuration ---- */

/* Whether what this role works by is another one. */
static bool has_changed(const struct bundle *a, const struct bundle *b)
{
    static const enum bundle_kind kinds[] = {
        BUNDLE_SETTINGS, BUNDLE_ROOTS, BUNDLE_OIDC_CA, BUNDLE_OIDC_SECRET};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct buf texts[2] = {{0}};
        const struct bundle *bundles[2] = {a, b};
        for (size_t j = 0; j < 2; j++)
            for (size_t k = 0; k < bundles[j]->count; k++)
                if (bundles[j]->files[k].kind == kinds[i])
                    buf_append_str(&texts[j], bundles[j]->files[k].text);
        bool is_same = str_eq(buf_str(&texts[0]), buf_str(&texts[1]));
        buf_free(&texts[0]);
        buf_free(&texts[1]);
        if (!is_same)
            return true;
    }
    return false;
}

static void on_reload(void *owner, struct conf *conf)
{
    struct idp *r = owner;
    r->is_leaving =
        r->is_leaving || has_changed(&r->start->conf->bundle, &conf->bundle);
    conf_unref(&conf);
    leave_if_idle(r);
}

static void on_drain(void *owner, uint64_t within_ms)
{
    (void)within_ms;
    uv_stop(&((struct idp *)owner)->loop);
}

static void gather_roots(struct idp *r)
{
    const struct bundle *bundle = &r->start->conf->bundle;
    enum bundle_kind kind = bundle_first(bundle, BUNDLE_OIDC_CA) != NULL
                                ? BUNDLE_OIDC_CA
                                : BUNDLE_ROOTS;
    for (size_t i = 0; i < bundle->count; i++) {
        if (bundle->files[i].kind != kind)
            continue;
        buf_append_str(&r->roots, bundle->files[i].text);
        buf_append_char(&r->roots, '\n');
    }
}

static void start_provider(struct idp *r)
{
    const struct settings *settings = &r->start->conf->settings;
    struct str host = url_authority(r->settings->issuer);
    size_t colon = host.n;
    while (colon > 0 && host.p[colon - 1] != ':' && host.p[colon - 1] != ']')
        colon--;
    if (colon > 0 && host.p[colon - 1] == ':')
        host.n = colon - 1;
    gather_roots(r);
    r->http = (struct collect_http_options){.settings = settings,
        .resolver = r->resolver,
        .roots = buf_str(&r->roots),
        .proxy = r->settings->proxy,
        .connect_ms = PROVIDER_CONNECT_MS,
        .whole_ms = PROVIDER_HTTP_MS,
        .own_host = host,
        .unreachable = "signin.unreachable",
        .failed = "signin.failed",
        .is_secret = true};
    for (size_t i = 0; i < SIGNINS_MAX; i++) {
        r->signins[i].idp = r;
        r->signins[i].http = collect_http_new(&r->loop, &r->http);
    }
    r->provider =
        provider_start(&r->loop, &(struct provider_options){.http = &r->http,
                                     .issuer = r->settings->issuer,
                                     .on_change = tell_state,
                                     .on_keys = on_keys,
                                     .owner = r});
}

int idp_main(const struct role_start *start)
{
    static const struct role_events events = {
        .on_connect = on_connect, .on_reload = on_reload, .on_drain = on_drain};
    struct idp *r = MEM_NEW(struct idp);
    r->start = start;
    r->settings = &start->conf->settings.oidc;
    if (uv_loop_init(&r->loop) != 0)
        return EXIT_FAILURE;
    collect_http_prepare_process();
    defer_init(&r->defer, &r->loop);
    if (resolver_new(&r->loop, &r->defer, NULL, &r->resolver) != OK)
        return EXIT_FAILURE;
    role_enter_sandbox(start);
    if (resolver_set_servers(r->resolver, &start->conf->settings.dns_servers) !=
        OK)
        return EXIT_FAILURE;
    if (r->settings->issuer.n > 0) /* a reload may have taken it away */
        start_provider(r);
    struct role *role = role_attach(&r->loop, start, &events, r);
    role_ready(role);
    uv_run(&r->loop, UV_RUN_DEFAULT);
    return EXIT_SUCCESS; /* the process ends: handles need no closing */
}
