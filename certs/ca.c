/*
 * Creates the CA at the first start (or by `ca init`), and says what a CA
 * certificate is: for `ca show`, the `/ca` page and the expiry metric.  Where
 * the files lie is the caller's business.
 */
#include "certs/ca.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/mem.h"
#include "certs/mint.h"
#include "certs/pem.h"

enum err ca_create(
    struct str common_name, struct buf *cert_pem_out, struct buf *key_pem_out)
{
    return ca_create_limited(
        common_name, &(struct ca_limits){0}, cert_pem_out, key_pem_out);
}

enum err ca_create_limited(struct str common_name,
    const struct ca_limits *limits, struct buf *cert_pem_out,
    struct buf *key_pem_out)
{
    EVP_PKEY *key = p256_create();
    X509 *cert = NULL;
    enum err err = mint_ca(
        common_name, limits->names, limits->count, key, clock_wall_ms(), &cert);
    if (err == OK) {
        pem_write_cert(cert, cert_pem_out);
        pem_write_key(key, key_pem_out);
    }
    X509_free(cert);
    EVP_PKEY_free(key);
    return err;
}

enum err ca_create_leaf_key(struct buf *key_der_out)
{
    EVP_PKEY *key = p256_create();
    der_write_key(key, key_der_out);
    EVP_PKEY_free(key);
    return OK;
}

/* "AA:BB:…", as browsers and openssl x509 -fingerprint show it. */
static void fingerprint(X509 *cert, char *out, size_t size)
{
    uint8_t digest[DIGEST_BYTES];
    struct buf der = {0};
    der_write_cert(cert, &der);
    digest_sha256(buf_str(&der), digest);
    buf_free(&der);
    size_t at = 0;
    for (size_t i = 0; i < sizeof digest && at + 4 <= size; i++)
        at += (size_t)snprintf(
            out + at, size - at, i == 0 ? "%02X" : ":%02X", digest[i]);
}

static void name_text(X509 *cert, char *out, size_t size)
{
    BIO *bio = BIO_new(BIO_s_mem());
    openssl_need(bio != NULL, "BIO");
    X509_NAME_print_ex(bio, X509_get_subject_name(cert), 0,
        XN_FLAG_RFC2253 & ~(unsigned long)XN_FLAG_DN_REV);
    char *text;
    long n = BIO_get_mem_data(bio, &text);
    snprintf(out, size, "%.*s", n > 0 ? (int)n : 0, text);
    BIO_free(bio);
}

static void serial_text(X509 *cert, char *out, size_t size)
{
    BIGNUM *serial = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
    char *hex = serial != NULL ? BN_bn2hex(serial) : NULL;
    snprintf(out, size, "%s", hex != NULL ? hex : "");
    OPENSSL_free(hex);
    BN_free(serial);
}

enum err ca_read(struct str cert_pem, struct ca_info *info_out)
{
    X509 *cert;
    enum err err = pem_read_cert(cert_pem, &cert);
    if (err != OK)
        return err;
    *info_out = (struct ca_info){0};
    name_text(cert, info_out->subject, sizeof info_out->subject);
    serial_text(cert, info_out->serial, sizeof info_out->serial);
    fingerprint(cert, info_out->sha256, sizeof info_out->sha256);
    info_out->not_before_ms = asn1_time_ms(X509_get0_notBefore(cert));
    info_out->not_after_ms = asn1_time_ms(X509_get0_notAfter(cert));
    X509_free(cert);
    return OK;
}

int ca_expiry_step(const struct ca_info *info, int64_t now_ms)
{
    static const int steps[] = {0, 7, 30, 60};
    for (size_t i = 0; i < ARRAY_LEN(steps); i++)
        if (info->not_after_ms - now_ms <= steps[i] * INT64_C(86400000))
            return steps[i];
    return -1;
}

static const char *pair_mistake(X509 *cert, EVP_PKEY *key)
{
    int64_t now_ms = clock_wall_ms();
    if (X509_check_private_key(cert, key) != 1)
        return "ca.key is not the key of this certificate";
    if (X509_check_ca(cert) != 1)
        return "not the certificate of a CA";
    if (now_ms > asn1_time_ms(X509_get0_notAfter(cert)))
        return "the CA has expired: move both files away, and the next start "
               "makes a new one";
    if (now_ms < asn1_time_ms(X509_get0_notBefore(cert)))
        return "the CA is not valid yet: is the clock right?";
    return NULL;
}

const char *ca_mistake(struct str cert_pem, struct str key_pem)
{
    X509 *cert = NULL;
    EVP_PKEY *key = NULL;
    const char *mistake;
    if (pem_read_cert(cert_pem, &cert) != OK)
        mistake = "no certificate in it";
    else if (pem_read_key(key_pem, &key) != OK)
        mistake = "no usable key in ca.key beside it";
    else
        mistake = pair_mistake(cert, key);
    ERR_clear_error();
    X509_free(cert);
    EVP_PKEY_free(key);
    return mistake;
}

/* Profiles are replaced by identifier, so it is derived from the
 * certificate: the same CA installed twice is one entry. */
static void profile_uuid(
    const uint8_t digest[DIGEST_BYTES], unsigned which, char out[37])
{
    const uint8_t *d = digest;
    snprintf(out, 37,
        "%02X%02X%02X%02X-%02X%02X-4%01X%02X-8%01X%02X-"
        "%02X%02X%02X%02X%02X%02X",
        d[0], d[1], d[2], d[3], d[4], d[5], d[6] & 15u, d[7], d[8] & 15u, d[9],
        d[10], d[11], d[12], d[13], d[14], (d[15] + which) & 255u);
}

static void write_mobileconfig(struct str der, struct buf *out)
{
    uint8_t digest[DIGEST_BYTES];
    char payload[37], profile[37];
    digest_sha256(der, digest);
    profile_uuid(digest, 0, payload);
    profile_uuid(digest, 1, profile);
    struct buf base64 = {0};
    int n = EVP_EncodeBlock(
        (unsigned char *)buf_reserve(&base64, 4 * ((der.n + 2) / 3) + 1),
        (const unsigned char *)der.p, (int)der.n);
    buf_commit(&base64, n > 0 ? (size_t)n : 0);
    buf_printf(out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "
        "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
        "<plist version=\"1.0\"><dict>\n"
        "<key>PayloadContent</key><array><dict>\n"
        "<key>PayloadCertificateFileName</key>"
        "<string>promptgate-ca.cer</string>\n"
        "<key>PayloadContent</key><data>%s</data>\n"
        "<key>PayloadDisplayName</key><string>promptgate CA</string>\n"
        "<key>PayloadIdentifier</key>"
        "<string>promptgate.ca.%s</string>\n"
        "<key>PayloadType</key><string>com.apple.security.root</string>\n"
        "<key>PayloadUUID</key><string>%s</string>\n"
        "<key>PayloadVersion</key><integer>1</integer>\n"
        "</dict></array>\n",
        buf_cstr(&base64), payload, payload);
    buf_printf(out,
        "<key>PayloadDisplayName</key><string>promptgate CA</string>\n"
        "<key>PayloadDescription</key><string>Lets this device trust the "
        "promptgate gateway of your organisation.</string>\n"
        "<key>PayloadIdentifier</key><string>promptgate.%s</string>\n"
        "<key>PayloadRemovalDisallowed</key><false/>\n"
        "<key>PayloadType</key><string>Configuration</string>\n"
        "<key>PayloadUUID</key><string>%s</string>\n"
        "<key>PayloadVersion</key><integer>1</integer>\n"
        "</dict></plist>\n",
        profile, profile);
    buf_free(&base64);
}

/* PEM: every certificate of the text (an old CA stays distributable while a
 * new one takes over, K6); DER and profile can hold one, the newest.  What is
 * not a certificate, such as a key, never comes out (K7). */
enum err ca_export(struct str cert_pem, enum ca_format format, struct buf *out)
{
    STACK_OF(X509) * certs;
    enum err err = pem_read_certs(cert_pem, &certs);
    if (err != OK)
        return err;
    struct buf der = {0};
    der_write_cert(sk_X509_value(certs, 0), &der);
    if (format == CA_DER)
        buf_append_str(out, buf_str(&der));
    else if (format == CA_MOBILECONFIG)
        write_mobileconfig(buf_str(&der), out);
    else
        for (int i = 0; i < sk_X509_num(certs); i++)
            pem_write_cert(sk_X509_value(certs, i), out);
    buf_free(&der);
    sk_X509_pop_free(certs, X509_free);
    return OK;
}
