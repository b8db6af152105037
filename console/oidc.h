/*
 * What a sign-in by OpenID Connect is made of (OpenID Connect Core 1.0,
 * Discovery 1.0, RFC 6749, 7636, 9207), without its I/O: the provider's
 * metadata, the addresses and forms that are sent, the answers that come back,
 * and whom the claims of a checked ID token (console/id_token.h) are about.
 *
 * All of it is run by the role that talks to the provider (proxy/role_idp.c);
 * the console itself only makes addresses and is told the outcome.
 */
#ifndef CONSOLE_OIDC_H
#define CONSOLE_OIDC_H

#include "base/buf.h"
#include "base/settings.h"
#include "base/users.h"

struct json_node; /* inspect/json.h */

enum {
    OIDC_URL_MAX = 2048,           /* of each address in the metadata */
    OIDC_METADATA_MAX = 256 << 10, /* bytes of an answer */
    OIDC_JWKS_MAX = 256 << 10,
    OIDC_TOKENS_MAX = 128 << 10,
    OIDC_CODE_MAX = 4096,
    OIDC_SUBJECT_MAX = 255, /* Core §2 */
};

/* Why nobody was signed in; the words go into the audit. */
enum oidc_fault {
    OIDC_FINE,
    /* the provider */
    OIDC_UNREACHABLE, /* no answer, a redirect, an error of the server */
    OIDC_METADATA,    /* its metadata or keys are not as they must be */
    OIDC_TOKENS,      /* its answer to the token request is not */
    OIDC_REFUSED,     /* it did not take the code */
    OIDC_CLIENT,      /* it does not know us: client id or secret */
    OIDC_BUSY,        /* too many sign-ins at once */
    /* the ID token */
    OIDC_MALFORMED,
    OIDC_ALGORITHM, /* "none", HS256, or another that we do not take */
    OIDC_KEY,       /* signed with a key that the provider does not publish */
    OIDC_SIGNATURE,
    OIDC_ISSUER,
    OIDC_AUDIENCE,
    OIDC_EXPIRED,
    OIDC_EARLY, /* of the future */
    OIDC_NONCE,
    /* the person */
    OIDC_NAME,       /* the claim with the name is missing or cannot be one */
    OIDC_UNVERIFIED, /* the e-mail address */
    OIDC_DOMAIN,
    OIDC_ROLE, /* no value of the claim has a role */
    OIDC_FAULTS,
};
/* "unreachable" …; never NULL. */
const char *oidc_fault_name(enum oidc_fault fault);
/* OIDC_FAULTS: no such word. */
enum oidc_fault oidc_fault_of(struct str name);

struct oidc_metadata { /* in the arena of whoever parsed it */
    struct str authorization_endpoint, token_endpoint, jwks_uri;
    struct str end_session_endpoint; /* empty: none */
    bool wants_post; /* the secret in the form, not in a header */
    bool sends_iss;  /* RFC 9207: each answer names the issuer */
};

/* Where the metadata of an issuer is. */
void oidc_metadata_url(struct str issuer, struct buf *out);
/* ERR_PARSE: not the metadata of this issuer, or not as it must be. */
enum err oidc_metadata_parse(struct str json, struct str issuer,
    struct arena *arena, struct oidc_metadata *out) MUST_USE;

/* ---- the way there: the console's ---- */

struct oidc_start {
    struct str client_id, redirect_uri, state, nonce, verifier;
    const struct str_list *scopes;
};
void oidc_write_authorize_url(
    struct str endpoint, const struct oidc_start *start, struct buf *out);
/* hint: the ID token of the session, or empty. */
void oidc_write_logout_url(struct str endpoint, struct str client_id,
    struct str hint, struct str back_to, struct buf *out);

/* ---- the way back ---- */

struct oidc_code {
    struct str client_id, secret; /* secret: empty: none */
    struct str code, verifier, redirect_uri;
    bool wants_post;
};
/* The form of the token request, and its Authorization (empty: none). */
void oidc_write_token_request(
    const struct oidc_code *code, struct buf *form, struct buf *authorization);
/* The ID token of a good answer, in the arena; else why not.
 * status: 0: no answer came. */
enum oidc_fault oidc_read_token_answer(
    int status, struct str body, struct arena *arena, struct str *token_out);

struct oidc_person {
    char name[USER_NAME_MAX + 1];
    char subject[OIDC_SUBJECT_MAX + 1];
    enum user_role role;
};
/* Whom a checked ID token is about, and which role they have. */
enum oidc_fault oidc_find_person(const struct json_node *claims,
    const struct setting_oidc *settings, struct oidc_person *out);

#endif
