/*
 * Reads and writes certificates and keys.  Who calls: the CA, signer, leaf
 * and trust modules, never with bytes that came over the network except
 * through der_read_cert and der_read_p256, whose sizes the callers bound.
 */
#include "certs/pem.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

void openssl_need(bool is_ok, const char *what)
{
    if (is_ok)
        return;
    fprintf(stderr, "promptgate: OpenSSL: %s failed\n", what);
    abort();
}

static BIO *bio_over(struct str text)
{
    if (text.n == 0 || text.n > INT_MAX)
        return NULL;
    return BIO_new_mem_buf(text.p, (int)text.n);
}

/* No pass phrase is ever asked for on a terminal. */
static int no_password(char *out, int size, int is_writing, void *context)
{
    (void)out;
    (void)size;
    (void)is_writing;
    (void)context;
    return -1;
}

enum err pem_read_cert(struct str pem, X509 **cert_out)
{
    BIO *bio = bio_over(pem);
    if (bio == NULL)
        return ERR_PARSE;
    *cert_out = PEM_read_bio_X509(bio, NULL, no_password, NULL);
    BIO_free(bio);
    ERR_clear_error();
    return *cert_out != NULL ? OK : ERR_PARSE;
}

enum err pem_read_certs(struct str pem, STACK_OF(X509) * *certs_out)
{
    BIO *bio = bio_over(pem);
    if (bio == NULL)
        return ERR_PARSE;
    STACK_OF(X509) *certs = sk_X509_new_null();
    X509 *cert;
    while ((cert = PEM_read_bio_X509(bio, NULL, no_password, NULL)) != NULL)
        openssl_need(sk_X509_push(certs, cert) > 0, "sk_push");
    /* Anything but "no more PEM blocks" is damage that must not pass. */
    bool is_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    BIO_free(bio);
    if (!is_end || sk_X509_num(certs) == 0) {
        sk_X509_pop_free(certs, X509_free);
        return ERR_PARSE;
    }
    *certs_out = certs;
    return OK;
}

enum err pem_read_key(struct str pem, EVP_PKEY **key_out)
{
    BIO *bio = bio_over(pem);
    if (bio == NULL)
        return ERR_PARSE;
    *key_out = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
    BIO_free(bio);
    ERR_clear_error();
    return *key_out != NULL ? OK : ERR_PARSE;
}

static void bio_drain(BIO *bio, struct buf *out)
{
    char *bytes;
    long n = BIO_get_mem_data(bio, &bytes);
    buf_append(out, bytes, n > 0 ? (size_t)n : 0);
}

void pem_write_cert(X509 *cert, struct buf *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    openssl_need(bio != NULL && PEM_write_bio_X509(bio, cert) == 1, "PEM");
    bio_drain(bio, out);
    BIO_free(bio);
}

void pem_write_key(EVP_PKEY *key, struct buf *out)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    openssl_need(bio != NULL && PEM_write_bio_PKCS8PrivateKey(
                                    bio, key, NULL, NULL, 0, NULL, NULL) == 1,
        "PEM of a key");
    bio_drain(bio, out);
    BIO_free(bio);
}

enum err der_read_cert(struct str der, X509 **cert_out)
{
    const unsigned char *at = (const unsigned char *)der.p;
    if (der.n == 0 || der.n > LONG_MAX)
        return ERR_PARSE;
    X509 *cert = d2i_X509(NULL, &at, (long)der.n);
    ERR_clear_error();
    if (cert == NULL || (const char *)at != der.p + der.n) {
        X509_free(cert);
        return ERR_PARSE;
    }
    *cert_out = cert;
    return OK;
}

enum err der_read_key(struct str der, EVP_PKEY **key_out)
{
    const unsigned char *at = (const unsigned char *)der.p;
    if (der.n == 0 || der.n > LONG_MAX)
        return ERR_PARSE;
    *key_out = d2i_AutoPrivateKey(NULL, &at, (long)der.n);
    ERR_clear_error();
    return *key_out != NULL ? OK : ERR_PARSE;
}

static bool is_p256(EVP_PKEY *key)
{
    char group[32] = "";
    size_t n = 0;
    return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
           EVP_PKEY_get_utf8_string_param(
               key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, &n) == 1 &&
           str_is(str_of(group), "prime256v1");
}

enum err der_read_p256(struct str der, EVP_PKEY **key_out)
{
    const unsigned char *at = (const unsigned char *)der.p;
    if (der.n == 0 || der.n > LONG_MAX)
        return ERR_PARSE;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)der.n);
    bool is_good =
        key != NULL && (const char *)at == der.p + der.n && is_p256(key);
    ERR_clear_error();
    if (!is_good) {
        EVP_PKEY_free(key);
        return ERR_PARSE;
    }
    *key_out = key;
    return OK;
}

static void append_der(struct buf *out, unsigned char *der, int n)
{
    openssl_need(n > 0, "DER");
    buf_append(out, der, (size_t)n);
    OPENSSL_clear_free(der, (size_t)n);
}

void der_write_cert(X509 *cert, struct buf *out)
{
    unsigned char *der = NULL;
    int n = i2d_X509(cert, &der);
    append_der(out, der, n);
}

void der_write_key(EVP_PKEY *key, struct buf *out)
{
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
    openssl_need(info != NULL, "PKCS#8");
    unsigned char *der = NULL;
    int n = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
    append_der(out, der, n);
    PKCS8_PRIV_KEY_INFO_free(info);
}

void der_write_public(EVP_PKEY *key, struct buf *out)
{
    unsigned char *der = NULL;
    int n = i2d_PUBKEY(key, &der);
    append_der(out, der, n);
}

EVP_PKEY *p256_create(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    openssl_need(key != NULL, "key generation");
    return key;
}

int64_t asn1_time_ms(const ASN1_TIME *time)
{
    int days = 0, seconds = 0;
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    openssl_need(epoch != NULL, "ASN1_TIME");
    bool is_good = ASN1_TIME_diff(&days, &seconds, epoch, time) == 1;
    ASN1_TIME_free(epoch);
    if (!is_good)
        return INT64_MIN;
    return ((int64_t)days * 86400 + seconds) * 1000;
}
