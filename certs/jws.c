/*
 * A JWK's numbers become OpenSSL's key by its parameters (OSSL_PARAM), a
 * signature of two numbers side by side (RFC 7518 §3.4) becomes the DER that
 * OpenSSL wants.
 */
#include "certs/jws.h"

#include "base/mem.h"
#include "base/openssl.h"

enum { EC_COORDINATE_MAX = 48, RSA_EXPONENT_BYTES_MAX = 4 };

enum key_type { KEY_RSA, KEY_P256, KEY_P384, KEY_ED25519 };

struct jws_key {
    enum key_type type;
    EVP_PKEY *key;
};

static const struct {
    const char *name;
    enum key_type type;
    const char *digest; /* NULL: the algorithm has its own */
    bool is_pss;
} algs[JWS_ALGS] = {
    [JWS_RS256] = {"RS256", KEY_RSA, "SHA256", false},
    [JWS_RS384] = {"RS384", KEY_RSA, "SHA384", false},
    [JWS_RS512] = {"RS512", KEY_RSA, "SHA512", false},
    [JWS_PS256] = {"PS256", KEY_RSA, "SHA256", true},
    [JWS_ES256] = {"ES256", KEY_P256, "SHA256", false},
    [JWS_ES384] = {"ES384", KEY_P384, "SHA384", false},
    [JWS_EDDSA] = {"EdDSA", KEY_ED25519, NULL, false},
};

enum err jws_alg_parse(struct str name, enum jws_alg *alg_out)
{
    for (unsigned i = 0; i < JWS_ALGS; i++) {
        if (str_is(name, algs[i].name)) {
            *alg_out = (enum jws_alg)i;
            return OK;
        }
    }
    return ERR_UNSUPPORTED;
}

/* ---- keys ---- */

static const unsigned char *bytes_of(struct str s)
{
    return (const unsigned char *)(s.p != NULL ? s.p : "");
}

static struct str without_zeros(struct str number)
{
    while (number.n > 0 && number.p[0] == 0)
        number = str_sub(number, 1, number.n);
    return number;
}

static enum err make_key(enum key_type type, const char *name,
    OSSL_PARAM *params, struct jws_key **key_out)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, name, NULL);
    if (context == NULL)
        mem_exhausted();
    bool is_made =
        EVP_PKEY_fromdata_init(context) == 1 &&
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) == 1;
    EVP_PKEY_CTX_free(context);
    /* That the point is on its curve, for one. */
    context = is_made ? EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL) : NULL;
    bool is_good = context != NULL && EVP_PKEY_public_check(context) == 1;
    EVP_PKEY_CTX_free(context);
    ERR_clear_error();
    if (!is_good) {
        EVP_PKEY_free(key);
        return ERR_PARSE;
    }
    *key_out = MEM_NEW(struct jws_key);
    (*key_out)->type = type;
    (*key_out)->key = key;
    return OK;
}

static enum err make_rsa(
    const BIGNUM *n, const BIGNUM *e, struct jws_key **key_out)
{
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    if (build == NULL || n == NULL || e == NULL ||
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) != 1)
        mem_exhausted();
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    OSSL_PARAM_BLD_free(build);
    if (params == NULL)
        mem_exhausted();
    enum err err = make_key(KEY_RSA, "RSA", params, key_out);
    OSSL_PARAM_free(params);
    return err;
}

enum err jws_key_rsa(struct str n, struct str e, struct jws_key **key_out)
{
    n = without_zeros(n);
    e = without_zeros(e);
    *key_out = NULL;
    if (n.n == 0 || e.n == 0)
        return ERR_PARSE;
    if (n.n > JWS_RSA_BITS_MAX / 8 || e.n > RSA_EXPONENT_BYTES_MAX)
        return ERR_UNSUPPORTED;
    BIGNUM *modulus = BN_bin2bn(bytes_of(n), (int)n.n, NULL);
    BIGNUM *exponent = BN_bin2bn(bytes_of(e), (int)e.n, NULL);
    enum err err = modulus != NULL && BN_num_bits(modulus) < JWS_RSA_BITS_MIN
                       ? ERR_UNSUPPORTED
                       : make_rsa(modulus, exponent, key_out);
    BN_free(modulus);
    BN_free(exponent);
    return err;
}

enum err jws_key_ec(
    struct str crv, struct str x, struct str y, struct jws_key **key_out)
{
    bool is_p384 = str_is(crv, "P-384");
    size_t n = is_p384 ? 48 : 32;
    unsigned char point[1 + 2 * EC_COORDINATE_MAX] = {4}; /* uncompressed */
    char group[] = "P-256";
    *key_out = NULL;
    if (!is_p384 && !str_is(crv, "P-256"))
        return ERR_UNSUPPORTED;
    if (x.n != n || y.n != n) /* RFC 7518 §6.2.1.2: all of them */
        return ERR_PARSE;
    if (is_p384)
        memcpy(group, "P-384", sizeof group);
    memcpy(point + 1, x.p, n);
    memcpy(point + 1 + n, y.p, n);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(
            OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * n),
        OSSL_PARAM_construct_end()};
    return make_key(is_p384 ? KEY_P384 : KEY_P256, "EC", params, key_out);
}

enum err jws_key_okp(struct str crv, struct str x, struct jws_key **key_out)
{
    *key_out = NULL;
    if (!str_is(crv, "Ed25519"))
        return ERR_UNSUPPORTED;
    if (x.n != 32)
        return ERR_PARSE;
    EVP_PKEY *key =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, bytes_of(x), x.n);
    if (key == NULL)
        return ERR_PARSE;
    *key_out = MEM_NEW(struct jws_key);
    (*key_out)->type = KEY_ED25519;
    (*key_out)->key = key;
    return OK;
}

void jws_key_free(struct jws_key **key)
{
    if (*key == NULL)
        return;
    EVP_PKEY_free((*key)->key);
    mem_free(*key);
    *key = NULL;
}

/* ---- signatures ---- */

bool jws_key_suits(const struct jws_key *key, enum jws_alg alg)
{
    return (unsigned)alg < JWS_ALGS && algs[alg].type == key->type;
}

/* r and s, each as long as the curve's order; NULL: another length. */
static unsigned char *der_of(
    struct str signature, size_t coordinate, int *der_bytes)
{
    unsigned char *der = NULL;
    if (signature.n != 2 * coordinate)
        return NULL;
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(bytes_of(signature), (int)coordinate, NULL);
    BIGNUM *s =
        BN_bin2bn(bytes_of(signature) + coordinate, (int)coordinate, NULL);
    if (pair == NULL || r == NULL || s == NULL)
        mem_exhausted();
    ECDSA_SIG_set0(pair, r, s);
    *der_bytes = i2d_ECDSA_SIG(pair, &der);
    ECDSA_SIG_free(pair);
    return *der_bytes > 0 ? der : NULL;
}

static bool is_signature(const struct jws_key *key, enum jws_alg alg,
    struct str text, const unsigned char *signature, size_t n)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *how = NULL;
    if (context == NULL)
        mem_exhausted();
    bool is_good = EVP_DigestVerifyInit_ex(context, &how, algs[alg].digest,
                       NULL, NULL, key->key, NULL) == 1;
    if (is_good && algs[alg].is_pss) /* RFC 7518 §3.5: salt as the digest */
        is_good =
            EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) == 1 &&
            EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_DIGEST) == 1;
    is_good = is_good && EVP_DigestVerify(context, signature, n, bytes_of(text),
                             text.n) == 1;
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return is_good;
}

enum err jws_verify(const struct jws_key *key, enum jws_alg alg,
    struct str text, struct str signature)
{
    if (!jws_key_suits(key, alg))
        return ERR_DENIED;
    bool is_good = false;
    if (key->type == KEY_P256 || key->type == KEY_P384) {
        int n = 0;
        unsigned char *der =
            der_of(signature, key->type == KEY_P384 ? 48 : 32, &n);
        is_good = der != NULL && is_signature(key, alg, text, der, (size_t)n);
        OPENSSL_free(der);
    } else {
        is_good =
            is_signature(key, alg, text, bytes_of(signature), signature.n);
    }
    return is_good ? OK : ERR_DENIED;
}
