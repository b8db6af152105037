/*
 * The OpenID provider as it is known at present: its metadata and its keys,
 * fetched at the start, anew each hour, and the keys once more when a token is
 * signed with one that is not among them (keys are changed).  What was known
 * stays while the provider cannot be reached.
 *
 * Limits: OIDC_METADATA_MAX and OIDC_JWKS_MAX bytes, PROVIDER_HTTP_MS each;
 * keys are asked for at a token's behest once in PROVIDER_KEYS_MS.
 */
#ifndef PROXY_ROLE_IDP_PROVIDER_H
#define PROXY_ROLE_IDP_PROVIDER_H

#include "console/id_token.h"
#include "proxy/collect_http.h"

enum {
    PROVIDER_CONNECT_MS = 5000,
    PROVIDER_HTTP_MS = 10000, /* of one request */
    PROVIDER_REFRESH_MS = 3600 * 1000,
    PROVIDER_RETRY_MS = 1000, /* doubled up to the next */
    PROVIDER_RETRY_MAX_MS = 30000,
    PROVIDER_KEYS_MS = 60 * 1000,
};

struct provider;

struct provider_options {
    const struct collect_http_options *http; /* borrowed for good */
    struct str issuer;                       /* the same */
    /* It is known now, or known otherwise. */
    void (*on_change)(void *owner);
    /* The answer to provider_renew_keys, whatever came of it. */
    void (*on_keys)(void *owner);
    void *owner;
};

/* For good: there is no way to end it. */
struct provider *provider_start(
    uv_loop_t *loop, const struct provider_options *options);
/* NULL: nothing is known yet. */
const struct oidc_metadata *provider_metadata(const struct provider *p);
const struct jwks *provider_keys(const struct provider *p);
/* ERR_LIMIT: they were asked for just now; no answer comes then. */
enum err provider_renew_keys(struct provider *p) MUST_USE;

#endif
