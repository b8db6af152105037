/*
 * Signatures of JSON Web Tokens (RFC 7515, 7518, 8037): public keys from the
 * numbers of a JWK, and whether a signature is theirs.  The JSON around them
 * is the caller's (console/id_token.h).
 *
 * Only what is signed by a private key counts: there is no "none" and no HMAC,
 * whose key would be one that everybody has.  A key is for one type of
 * algorithm: the token's `alg` chooses among those of the key's type, never
 * what the key is.
 *
 * Limits: RSA of 2048 to 8192 bits with an exponent of at most 32 bits.
 */
#ifndef CERTS_JWS_H
#define CERTS_JWS_H

#include <stdbool.h>

#include "base/str.h"

enum { JWS_RSA_BITS_MIN = 2048, JWS_RSA_BITS_MAX = 8192 };

enum jws_alg {
    JWS_RS256,
    JWS_RS384,
    JWS_RS512,
    JWS_PS256,
    JWS_ES256,
    JWS_ES384,
    JWS_EDDSA, /* Ed25519 */
    JWS_ALGS,
};

/* As the header's `alg` has it, byte for byte; ERR_UNSUPPORTED: any other, so
 * "none" and "HS256" too. */
enum err jws_alg_parse(struct str name, enum jws_alg *alg_out) MUST_USE;

struct jws_key;

/* Big-endian bytes, as in a JWK; copied.  ERR_PARSE: no such key;
 * ERR_UNSUPPORTED: another curve, or a size outside the limits. */
enum err jws_key_rsa(
    struct str n, struct str e, struct jws_key **key_out) MUST_USE;
/* crv: "P-256", "P-384". */
enum err jws_key_ec(struct str crv, struct str x, struct str y,
    struct jws_key **key_out) MUST_USE;
/* crv: "Ed25519". */
enum err jws_key_okp(
    struct str crv, struct str x, struct jws_key **key_out) MUST_USE;
void jws_key_free(struct jws_key **key);

/* The algorithm is one of this key's type. */
bool jws_key_suits(const struct jws_key *key, enum jws_alg alg);
/* signature: the bytes, decoded.  ERR_DENIED: not made with this key, or the
 * key is not for the algorithm. */
enum err jws_verify(const struct jws_key *key, enum jws_alg alg,
    struct str signed_bytes, struct str signature) MUST_USE;

#endif
