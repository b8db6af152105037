/*
 * One request at a time: metadata, then keys; or keys alone.  A token that
 * comes while keys are under way waits for these.
 */
#include "proxy/role_idp_provider.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

enum fetching { FETCH_NOTHING, FETCH_METADATA, FETCH_KEYS };

struct provider {
    struct provider_options options;
    struct collect_http *http;
    uv_timer_t timer;
    enum fetching fetching;
    bool is_asked; /* for keys: on_keys is owed */
    struct arena arena, next_arena;
    struct oidc_metadata metadata, next;
    struct jwks *keys;
    unsigned failures;
    uint64_t renewed_ms; /* at a token's behest; 0: never */
};

static void fetch(
    struct provider *p, enum fetching what, struct str url, size_t bytes_max);

static void rest(struct provider *p, uint64_t ms);

static void answer_keys(struct provider *p)
{
    bool is_asked = p->is_asked;
    p->is_asked = false;
    if (is_asked)
        p->options.on_keys(p->options.owner);
}

static void fail(struct provider *p, const char *what, int status)
{
    uint64_t pause = (uint64_t)PROVIDER_RETRY_MS
                     << (p->failures < 8 ? p->failures : 8);
    log_event(LOG_WARN, "signin.provider", LOG_CSTR("wrong", what),
        LOG_INT("status", status));
    p->failures++;
    arena_free(&p->next_arena);
    rest(p, pause < PROVIDER_RETRY_MAX_MS ? pause : PROVIDER_RETRY_MAX_MS);
    answer_keys(p);
}

static void take_metadata(struct provider *p, const struct feed_reply *reply)
{
    arena_free(&p->next_arena);
    if (reply->status != 200 ||
        oidc_metadata_parse(
            reply->body, p->options.issuer, &p->next_arena, &p->next) != OK) {
        fail(p, "metadata", reply->status);
        return;
    }
    fetch(p, FETCH_KEYS, p->next.jwks_uri, OIDC_JWKS_MAX);
}

static void take_keys(struct provider *p, const struct feed_reply *reply)
{
    struct jwks *keys = NULL;
    bool is_first = p->keys == NULL, is_whole = p->next_arena.blocks != NULL;
    if (reply->status != 200 || jwks_parse(reply->body, &keys) != OK) {
        fail(p, "keys", reply->status);
        return;
    }
    jwks_free(&p->keys);
    p->keys = keys;
    p->failures = 0;
    if (is_whole) {
        arena_free(&p->arena);
        p->arena = p->next_arena;
        p->next_arena = (struct arena){0};
        p->metadata = p->next;
        p->options.on_change(p->options.owner);
    }
    if (is_first)
        log_event(LOG_INFO, "signin.ready",
            LOG_STR("issuer", p->options.issuer),
            LOG_INT("keys", jwks_count(keys)));
    rest(p, PROVIDER_REFRESH_MS);
    answer_keys(p);
}

static void on_reply(void *owner, const struct feed_reply *reply)
{
    struct provider *p = owner;
    enum fetching was = p->fetching;
    p->fetching = FETCH_NOTHING;
    if (was == FETCH_METADATA)
        take_metadata(p, reply);
    else
        take_keys(p, reply);
}

static void fetch(
    struct provider *p, enum fetching what, struct str url, size_t bytes_max)
{
    struct feed_request request = {.url = url, .bytes_max = bytes_max};
    p->fetching = what;
    collect_http_get(p->http, &request, STR_NONE, on_reply, p);
}

static void on_timer(uv_timer_t *timer)
{
    struct provider *p = timer->data;
    struct buf url = {0};
    if (p->fetching != FETCH_NOTHING)
        return;
    oidc_metadata_url(p->options.issuer, &url);
    fetch(p, FETCH_METADATA, buf_str(&url), OIDC_METADATA_MAX);
    buf_free(&url);
}

static void rest(struct provider *p, uint64_t ms)
{
    uv_timer_start(&p->timer, on_timer, ms, 0);
}

struct provider *provider_start(
    uv_loop_t *loop, const struct provider_options *options)
{
    struct provider *p = MEM_NEW(struct provider);
    p->options = *options;
    p->http = collect_http_new(loop, options->http);
    uv_timer_init(loop, &p->timer);
    p->timer.data = p;
    rest(p, 0);
    return p;
}

const struct oidc_metadata *provider_metadata(const struct provider *p)
{
    return p->keys != NULL ? &p->metadata : NULL;
}

const struct jwks *provider_keys(const struct provider *p)
{
    return p->keys;
}

enum err provider_renew_keys(struct provider *p)
{
    uint64_t now = clock_mono_ms();
    if (p->is_asked || p->fetching == FETCH_KEYS) {
        p->is_asked = true; /* those that are under way */
        return OK;
    }
    if (p->fetching != FETCH_NOTHING ||
        (p->renewed_ms != 0 && now - p->renewed_ms < PROVIDER_KEYS_MS))
        return ERR_LIMIT;
    p->renewed_ms = now;
    p->is_asked = true;
    fetch(p, FETCH_KEYS, p->metadata.jwks_uri, OIDC_JWKS_MAX);
    return OK;
}
