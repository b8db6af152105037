/*
 * A compact JWS is taken apart, its key is looked for by `kid`, its signature
 * is checked, and only then are the claims read.
 */
#include "console/id_token.h"

#include <math.h>

#include "base/base64.h"
#include "base/mem.h"
#include "inspect/json.h"

enum { NUMBER_BYTES_MAX = 1100 }; /* of a key, decoded */

struct entry {
    char kid[JWKS_KID_MAX + 1];
    bool has_kid, has_alg;
    enum jws_alg alg; /* the only one, where has_alg */
    struct jws_key *key;
};

struct jwks {
    size_t count;
    struct entry entries[JWKS_KEYS_MAX];
};

static const struct json_limits json_limits = {
    .depth = 16, .string_bytes = 64 << 10, .nodes = 16384};

/* ---- keys ---- */

/* Base64url without padding, as all of JOSE (RFC 7515 §2). */
static enum err decode(struct str text, struct buf *out)
{
    for (size_t i = 0; i < text.n; i++)
        if (base64_value((unsigned char)text.p[i]) < 0 || text.p[i] == '+' ||
            text.p[i] == '/')
            return ERR_PARSE;
    return base64_decode(text, out);
}

static enum err number_of(
    const struct json_node *jwk, const char *name, struct buf *out)
{
    struct str text = json_get_text(jwk, name);
    if (text.n == 0 || text.n > NUMBER_BYTES_MAX * 4 / 3)
        return ERR_PARSE;
    return decode(text, out);
}

static enum err make_key(const struct json_node *jwk, struct jws_key **key_out)
{
    struct str type = json_get_text(jwk, "kty");
    struct str crv = json_get_text(jwk, "crv");
    struct buf first = {0}, second = {0};
    bool is_rsa = str_is(type, "RSA"), is_ec = str_is(type, "EC");
    enum err err = ERR_UNSUPPORTED;
    if (is_rsa || is_ec) {
        err = number_of(jwk, is_rsa ? "n" : "x", &first);
        if (err == OK)
            err = number_of(jwk, is_rsa ? "e" : "y", &second);
        if (err == OK)
            err = is_rsa
                      ? jws_key_rsa(buf_str(&first), buf_str(&second), key_out)
                      : jws_key_ec(
                            crv, buf_str(&first), buf_str(&second), key_out);
    } else if (str_is(type, "OKP")) {
        err = number_of(jwk, "x", &first);
        if (err == OK)
            err = jws_key_okp(crv, buf_str(&first), key_out);
    }
    buf_free(&first);
    buf_free(&second);
    return err;
}

/* Keys for encryption are in the set, too (RFC 7517 §4.2). */
static bool is_for_signatures(const struct json_node *jwk)
{
    struct str use = json_get_text(jwk, "use");
    return use.n == 0 || str_is(use, "sig");
}

static void add_key(struct jwks *set, const struct json_node *jwk)
{
    struct entry *e = &set->entries[set->count];
    struct str kid = json_get_text(jwk, "kid");
    struct str alg = json_get_text(jwk, "alg");
    *e = (struct entry){.has_kid = kid.n > 0, .has_alg = alg.n > 0};
    if (!is_for_signatures(jwk) || kid.n > JWKS_KID_MAX ||
        (alg.n > 0 && jws_alg_parse(alg, &e->alg) != OK) ||
        make_key(jwk, &e->key) != OK)
        return;
    if (kid.n > 0)
        memcpy(e->kid, kid.p, kid.n);
    /* A NUL within would make it equal to its beginning. */
    bool is_good = memchr(e->kid, '\0', kid.n) == NULL &&
                   (!e->has_alg || jws_key_suits(e->key, e->alg));
    if (is_good)
        set->count++;
    else
        jws_key_free(&e->key);
}

enum err jwks_parse(struct str json, struct jwks **jwks_out)
{
    struct arena arena = {0};
    struct json_node *root = NULL;
    struct jwks *set = MEM_NEW(struct jwks);
    enum err err = json_parse(json, &arena, &json_limits, &root);
    const struct json_node *keys = json_get(root, "keys");
    if (err == OK && json_is(keys, JSON_ARRAY))
        for (const struct json_node *jwk = keys->first;
             jwk != NULL && set->count < JWKS_KEYS_MAX; jwk = jwk->next)
            add_key(set, jwk);
    arena_free(&arena);
    *jwks_out = set;
    if (set->count > 0)
        return OK;
    jwks_free(jwks_out);
    return ERR_PARSE;
}

void jwks_free(struct jwks **jwks)
{
    if (*jwks == NULL)
        return;
    for (size_t i = 0; i < (*jwks)->count; i++)
        jws_key_free(&(*jwks)->entries[i].key);
    mem_free(*jwks);
    *jwks = NULL;
}

size_t jwks_count(const struct jwks *jwks)
{
    return jwks->count;
}

static bool suits(const struct entry *e, enum jws_alg alg)
{
    return jws_key_suits(e->key, alg) && (!e->has_alg || e->alg == alg);
}

/* By its name; without one there must be no choice (Core §10.1). */
static const struct entry *find_key(
    const struct jwks *set, struct str kid, enum jws_alg alg)
{
    const struct entry *found = NULL;
    for (size_t i = 0; i < set->count; i++) {
        const struct entry *e = &set->entries[i];
        if (!suits(e, alg))
            continue;
        if (kid.n > 0 && e->has_kid && str_is(kid, e->kid))
            return e;
        if (kid.n > 0)
            continue;
        if (found != NULL)
            return NULL;
        found = e;
    }
    return found;
}

/* ---- the token ---- */

struct parts {
    struct str signed_text; /* header.payload */
    struct str header, payload;
    struct buf signature;
};

static enum err decode_into(
    struct str text, struct arena *arena, struct str *out)
{
    struct buf bytes = {0};
    enum err err = text.n > 0 ? decode(text, &bytes) : ERR_PARSE;
    if (err == OK)
        *out = arena_copy(arena, buf_str(&bytes));
    buf_free(&bytes);
    return err;
}

static enum err take_apart(
    struct str token, struct arena *arena, struct parts *out)
{
    struct str rest = token, header, payload;
    if (token.n > ID_TOKEN_BYTES_MAX || !str_split(&rest, '.', &header) ||
        !str_split(&rest, '.', &payload))
        return ERR_PARSE;
    out->signed_text = str_sub(token, 0, header.n + 1 + payload.n);
    if (decode_into(header, arena, &out->header) != OK ||
        decode_into(payload, arena, &out->payload) != OK)
        return ERR_PARSE;
    /* An empty signature is that of "none"; further parts are an encrypted
     * token's. */
    return rest.n > 0 ? decode(rest, &out->signature) : ERR_PARSE;
}

/* A token of another kind (RFC 8725 §3.11), or one whose header demands what
 * we do not understand (RFC 7515 §4.1.11). */
static bool is_other(const struct json_node *header)
{
    const struct json_node *typ = json_get(header, "typ");
    bool is_usual = typ == NULL || str_is_nocase(json_str(typ), "JWT") ||
                    str_is_nocase(json_str(typ), "application/jwt");
    return !is_usual || json_get(header, "crit") != NULL;
}

static enum oidc_fault check_signature(
    const struct parts *parts, const struct jwks *jwks, struct arena *arena)
{
    struct json_node *header = NULL;
    enum jws_alg alg;
    if (json_parse(parts->header, arena, &json_limits, &header) != OK ||
        !json_is(header, JSON_OBJECT) || is_other(header))
        return OIDC_MALFORMED;
    if (jws_alg_parse(json_get_text(header, "alg"), &alg) != OK)
        return OIDC_ALGORITHM;
    const struct json_node *kid = json_get(header, "kid");
    if (kid != NULL && json_str(kid).n == 0)
        return OIDC_MALFORMED;
    const struct entry *e = find_key(jwks, json_str(kid), alg);
    if (e == NULL)
        return OIDC_KEY;
    return jws_verify(e->key, alg, parts->signed_text,
               buf_str(&parts->signature)) == OK
               ? OIDC_FINE
               : OIDC_SIGNATURE;
}

/* Seconds since 1970, perhaps with a fraction. */
static enum err read_time(
    const struct json_node *claims, const char *name, double *out)
{
    const struct json_node *node = json_get(claims, name);
    if (node == NULL)
        return ERR_NOT_FOUND;
    if (json_double(node, out) != OK || !isfinite(*out))
        return ERR_PARSE;
    return OK;
}

/* We, and nobody else: no other audience is one that we trust. */
static bool is_for_us(const struct json_node *claims, struct str client_id)
{
    const struct json_node *aud = json_get(claims, "aud");
    const struct json_node *azp = json_get(claims, "azp");
    if (azp != NULL && !str_eq(json_str(azp), client_id))
        return false;
    if (!json_is(aud, JSON_ARRAY))
        return str_eq(json_str(aud), client_id);
    for (const struct json_node *one = aud->first; one != NULL; one = one->next)
        if (!str_eq(json_str(one), client_id))
            return false;
    return aud->count > 0;
}

static enum oidc_fault check_times(
    const struct json_node *claims, int64_t now_s)
{
    double exp, iat, nbf, now = (double)now_s;
    if (read_time(claims, "exp", &exp) != OK ||
        read_time(claims, "iat", &iat) != OK)
        return OIDC_MALFORMED;
    enum err err = read_time(claims, "nbf", &nbf);
    if (err == ERR_PARSE)
        return OIDC_MALFORMED;
    if (now >= exp + ID_TOKEN_SKEW_S ||
        now > iat + ID_TOKEN_AGE_MAX_S + ID_TOKEN_SKEW_S)
        return OIDC_EXPIRED;
    if (iat > now + ID_TOKEN_SKEW_S ||
        (err == OK && nbf > now + ID_TOKEN_SKEW_S))
        return OIDC_EARLY;
    return OIDC_FINE;
}

static enum oidc_fault check_claims(
    const struct json_node *claims, const struct id_token_expected *expected)
{
    struct str subject = json_get_text(claims, "sub");
    if (!json_is(claims, JSON_OBJECT) || subject.n == 0 ||
        subject.n > OIDC_SUBJECT_MAX)
        return OIDC_MALFORMED;
    if (!str_eq(json_get_text(claims, "iss"), expected->issuer))
        return OIDC_ISSUER;
    if (!is_for_us(claims, expected->client_id))
        return OIDC_AUDIENCE;
    if (expected->nonce.n == 0 ||
        !str_eq(json_get_text(claims, "nonce"), expected->nonce))
        return OIDC_NONCE;
    return check_times(claims, expected->now_s);
}

enum oidc_fault id_token_check(struct str token, const struct jwks *jwks,
    const struct id_token_expected *expected, struct arena *arena,
    const struct json_node **claims_out)
{
    struct parts parts = {0};
    struct json_node *claims = NULL;
    enum oidc_fault fault = OIDC_MALFORMED;
    *claims_out = NULL;
    if (take_apart(token, arena, &parts) == OK)
        fault = check_signature(&parts, jwks, arena);
    if (fault == OIDC_FINE &&
        json_parse(parts.payload, arena, &json_limits, &claims) != OK)
        fault = OIDC_MALFORMED;
    if (fault == OIDC_FINE)
        fault = check_claims(claims, expected);
    if (fault == OIDC_FINE)
        *claims_out = claims;
    buf_free(&parts.signature);
    return fault;
}
