/*
 * A provider of ID tokens for tests: keys, their JWKs, and tokens with any
 * mistake that is wanted.  Header only; every function is used by some test.
 */
#ifndef TESTS_UNIT_JOSE_H
#define TESTS_UNIT_JOSE_H

#include <string.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/openssl.h"

#define JOSE_MAY_BE_UNUSED __attribute__((unused))

static void jose_encode(struct str bytes, struct buf *out)
{
    struct buf text = {0};
    base64_encode(bytes, &text);
    for (size_t i = 0; i < text.n; i++) {
        char c = buf_bytes(&text)[i];
        if (c != '=')
            buf_append_char(out, (char)(c == '+' ? '-' : c == '/' ? '_' : c));
    }
    buf_free(&text);
}

/* A number of the key, in so many bytes (0: as many as it has). */
static void jose_number(
    EVP_PKEY *key, const char *name, size_t n, struct buf *out)
{
    BIGNUM *number = NULL;
    unsigned char bytes[1024];
    if (EVP_PKEY_get_bn_param(key, name, &number) != 1)
        abort();
    int length = n == 0 ? BN_num_bytes(number) : (int)n;
    BN_bn2binpad(number, bytes, length);
    jose_encode(str_make((const char *)bytes, (size_t)length), out);
    BN_free(number);
}

/* kind: "RSA2048", "P-256", "P-384", "ED25519" … */
static EVP_PKEY *jose_key(const char *kind)
{
    if (strncmp(kind, "RSA", 3) == 0)
        return EVP_RSA_gen((unsigned)atoi(kind + 3));
    if (strcmp(kind, "ED25519") == 0)
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    return EVP_EC_gen(kind);
}

/* more: further members, with a comma before them. */
JOSE_MAY_BE_UNUSED static void jose_jwk(
    EVP_PKEY *key, const char *kind, const char *more, struct buf *out)
{
    if (strncmp(kind, "RSA", 3) == 0) {
        buf_append_str(out, STR("{\"kty\":\"RSA\",\"n\":\""));
        jose_number(key, OSSL_PKEY_PARAM_RSA_N, 0, out);
        buf_append_str(out, STR("\",\"e\":\""));
        jose_number(key, OSSL_PKEY_PARAM_RSA_E, 0, out);
    } else if (strcmp(kind, "ED25519") == 0) {
        unsigned char raw[32];
        size_t n = sizeof raw;
        EVP_PKEY_get_raw_public_key(key, raw, &n);
        buf_append_str(
            out, STR("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\""));
        jose_encode(str_make((const char *)raw, n), out);
    } else {
        size_t n = strcmp(kind, "P-384") == 0 ? 48 : 32;
        buf_printf(out, "{\"kty\":\"EC\",\"crv\":\"%s\",\"x\":\"", kind);
        jose_number(key, OSSL_PKEY_PARAM_EC_PUB_X, n, out);
        buf_append_str(out, STR("\",\"y\":\""));
        jose_number(key, OSSL_PKEY_PARAM_EC_PUB_Y, n, out);
    }
    buf_printf(out, "\"%s}", more);
}

static void jose_raw_of_der(
    const unsigned char *der, size_t n, size_t coordinate, struct buf *out)
{
    unsigned char raw[96];
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)n);
    BN_bn2binpad(ECDSA_SIG_get0_r(pair), raw, (int)coordinate);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair), raw + coordinate, (int)coordinate);
    ECDSA_SIG_free(pair);
    buf_append(out, raw, 2 * coordinate);
}

/* As `alg` has it (RFC 7518). */
static void jose_sign(
    EVP_PKEY *key, const char *alg, struct str text, struct buf *out)
{
    unsigned char made[1024];
    size_t n = sizeof made;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *how = NULL;
    const char *digest = strcmp(alg, "EdDSA") == 0    ? NULL
                         : strstr(alg, "384") != NULL ? "SHA384"
                         : strstr(alg, "512") != NULL ? "SHA512"
                                                      : "SHA256";
    EVP_DigestSignInit_ex(context, &how, digest, NULL, NULL, key, NULL);
    if (alg[0] == 'P') {
        EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING);
        EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_DIGEST);
    }
    if (EVP_DigestSign(
            context, made, &n, (const unsigned char *)text.p, text.n) != 1)
        abort();
    EVP_MD_CTX_free(context);
    if (strcmp(alg, "ES256") == 0 || strcmp(alg, "ES384") == 0)
        jose_raw_of_der(made, n, strcmp(alg, "ES384") == 0 ? 48 : 32, out);
    else
        buf_append(out, made, n);
}

/* header and claims: JSON. alg: how it is signed, whatever the header says. */
JOSE_MAY_BE_UNUSED static void jose_token(EVP_PKEY *key, const char *alg,
    const char *header, const char *claims, struct buf *out)
{
    struct buf signature = {0};
    jose_encode(str_of(header), out);
    buf_append_char(out, '.');
    jose_encode(str_of(claims), out);
    jose_sign(key, alg, buf_str(out), &signature);
    buf_append_char(out, '.');
    jose_encode(buf_str(&signature), out);
    buf_free(&signature);
}

#endif
