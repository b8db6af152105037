/*
 * An ID token against what it must say (OpenID Connect Core 1.0 §3.1.3.7) and
 * against the keys that its issuer publishes (JWK set, RFC 7517).
 *
 * Everything here comes from the network.  Limits: a token of
 * ID_TOKEN_BYTES_MAX, JWKS_KEYS_MAX keys (the rest is not looked at).
 */
#ifndef CONSOLE_ID_TOKEN_H
#define CONSOLE_ID_TOKEN_H

#include "certs/jws.h"
#include "console/oidc.h"

enum {
    ID_TOKEN_BYTES_MAX = 32 << 10,
    ID_TOKEN_SKEW_S = 60,      /* clocks may differ by that */
    ID_TOKEN_AGE_MAX_S = 3600, /* since it was issued: it is used at once */
    JWKS_KEYS_MAX = 32,
    JWKS_KID_MAX = 256,
};

struct jwks;

/* Keys that we cannot use are passed over.  ERR_PARSE: no JWK set, or none of
 * its keys can be used. */
enum err jwks_parse(struct str json, struct jwks **jwks_out) MUST_USE;
void jwks_free(struct jwks **jwks);
size_t jwks_count(const struct jwks *jwks);

struct id_token_expected { /* borrowed */
    struct str issuer, client_id, nonce;
    int64_t now_s;
};

/* OIDC_FINE: claims_out is the payload, in the arena with the text it borrows
 * from.  OIDC_KEY: none of these keys; they may have changed since. */
enum oidc_fault id_token_check(struct str token, const struct jwks *jwks,
    const struct id_token_expected *expected, struct arena *arena,
    const struct json_node **claims_out);

#endif
