/*
 * A small certification authority for tests: certificates with any mistake
 * that is wanted.  Header only; every function is used by some test.
 */
#ifndef TESTS_UNIT_PKI_H
#define TESTS_UNIT_PKI_H

#include <string.h>

#include "base/buf.h"
#include "base/bundle.h"
#include "base/openssl.h"
#include "certs/pem.h"

#define PKI_MAY_BE_UNUSED __attribute__((unused))

struct pki_cert {
    X509 *cert;
    EVP_PKEY *key;
};

struct pki_spec {
    const char *name;
    const char *san; /* "DNS:a.test,IP:127.0.0.1" */
    const char *key; /* "P-256" when NULL; "P-224", "RSA1024", "ED25519" … */
    const char *digest;      /* "SHA256" when NULL */
    int from_days, to_days;  /* from now; both 0: -1 to 90 */
    const char *constraints; /* basicConstraints */
    const char *key_usage, *extended_usage;
    const char *extra; /* more extensions, a line each: "nameConstraints=…" */
    const char *serial; /* "-0x12"; random when NULL */
    const char *aki;    /* "keyid" when NULL */
    bool is_bare;       /* without key identifiers */
};

static EVP_PKEY *pki_key(const char *kind)
{
    if (kind == NULL)
        return EVP_EC_gen("P-256");
    if (strncmp(kind, "RSA", 3) == 0)
        return EVP_RSA_gen((unsigned)atoi(kind + 3));
    if (strcmp(kind, "ED25519") == 0)
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    return EVP_EC_gen(kind);
}

static void pki_extend(
    X509 *cert, X509 *issuer, const char *name, const char *value)
{
    X509V3_CTX context;
    if (value == NULL)
        return;
    X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf(NULL, &context, name, value);
    openssl_need(e != NULL && X509_add_ext(cert, e, -1) == 1, name);
    X509_EXTENSION_free(e);
}

static void pki_extend_extra(X509 *cert, X509 *issuer, const char *extra)
{
    struct str rest = str_of(extra != NULL ? extra : ""), line;
    while (rest.n > 0 && str_split(&rest, '\n', &line)) {
        char text[512];
        snprintf(text, sizeof text, "%.*s", (int)line.n, line.p);
        char *equals = strchr(text, '=');
        *equals = '\0';
        pki_extend(cert, issuer, text, equals + 1);
    }
}

static void pki_number(X509 *cert, const char *serial)
{
    uint64_t random = 0;
    RAND_bytes((unsigned char *)&random, sizeof random);
    if (serial == NULL) {
        ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), random >> 1);
        return;
    }
    ASN1_INTEGER *number = s2i_ASN1_INTEGER(NULL, serial);
    openssl_need(number != NULL && X509_set_serialNumber(cert, number) == 1,
        "X509_set_serialNumber");
    ASN1_INTEGER_free(number);
}

/* issuer NULL: self-signed. */
PKI_MAY_BE_UNUSED static struct pki_cert pki_make(
    struct pki_spec spec, const struct pki_cert *issuer)
{
    struct pki_cert made = {X509_new(), pki_key(spec.key)};
    X509 *cert = made.cert, *by = issuer != NULL ? issuer->cert : cert;
    bool is_default = spec.from_days == 0 && spec.to_days == 0;
    pki_number(cert, spec.serial);
    X509_set_version(cert, X509_VERSION_3);
    X509_set_pubkey(cert, made.key);
    X509_gmtime_adj(
        X509_getm_notBefore(cert), 86400L * (is_default ? -1 : spec.from_days));
    X509_gmtime_adj(
        X509_getm_notAfter(cert), 86400L * (is_default ? 90 : spec.to_days));
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_UTF8,
        (const unsigned char *)spec.name, -1, -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(by));
    pki_extend(cert, by, "basicConstraints", spec.constraints);
    pki_extend(cert, by, "keyUsage", spec.key_usage);
    pki_extend(cert, by, "extendedKeyUsage", spec.extended_usage);
    pki_extend(cert, by, "subjectAltName", spec.san);
    pki_extend(cert, by, "subjectKeyIdentifier", spec.is_bare ? NULL : "hash");
    pki_extend(cert, by, "authorityKeyIdentifier",
        spec.is_bare       ? NULL
        : spec.aki != NULL ? spec.aki
                           : "keyid");
    pki_extend_extra(cert, by, spec.extra);
    EVP_PKEY *signing = issuer != NULL ? issuer->key : made.key;
    const EVP_MD *digest =
        EVP_PKEY_get_base_id(signing) == EVP_PKEY_ED25519
            ? NULL
            : EVP_get_digestbyname(
                  spec.digest != NULL ? spec.digest : "SHA256");
    openssl_need(X509_sign(cert, signing, digest) > 0, "X509_sign");
    return made;
}

PKI_MAY_BE_UNUSED static struct pki_cert pki_make_ca(
    const char *name, const struct pki_cert *issuer)
{
    return pki_make((struct pki_spec){.name = name,
                        .constraints = "critical,CA:TRUE",
                        .key_usage = "critical,keyCertSign,cRLSign"},
        issuer);
}

PKI_MAY_BE_UNUSED static struct pki_cert pki_make_leaf(
    const char *san, const struct pki_cert *issuer)
{
    return pki_make((struct pki_spec){.name = "server",
                        .san = san,
                        .key_usage = "digitalSignature",
                        .extended_usage = "serverAuth"},
        issuer);
}

PKI_MAY_BE_UNUSED static void pki_free(struct pki_cert *made)
{
    X509_free(made->cert);
    EVP_PKEY_free(made->key);
    *made = (struct pki_cert){0};
}

PKI_MAY_BE_UNUSED static void pki_add(
    struct bundle *bundle, enum bundle_kind kind, X509 *cert)
{
    struct buf pem = {0};
    pem_write_cert(cert, &pem);
    bundle_add(bundle, kind, STR("test.pem"), buf_str(&pem));
    buf_free(&pem);
}

/* A CRL of the issuer with one revoked serial (or none). */
PKI_MAY_BE_UNUSED static void pki_add_crl(struct bundle *bundle,
    const struct pki_cert *issuer, const X509 *revoked, int next_days)
{
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *from = X509_gmtime_adj(NULL, -30L * 86400);
    ASN1_TIME *next = X509_gmtime_adj(NULL, 86400L * next_days);
    X509_CRL_set_version(crl, 1);
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->cert));
    X509_CRL_set1_lastUpdate(crl, from);
    X509_CRL_set1_nextUpdate(crl, next);
    if (revoked != NULL) {
        X509_REVOKED *entry = X509_REVOKED_new();
        X509_REVOKED_set_serialNumber(
            entry, (ASN1_INTEGER *)X509_get0_serialNumber(revoked));
        X509_REVOKED_set_revocationDate(entry, from);
        X509_CRL_add0_revoked(crl, entry);
    }
    openssl_need(X509_CRL_sign(crl, issuer->key, EVP_sha256()) > 0, "CRL");
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509_CRL(bio, crl);
    char *bytes;
    long n = BIO_get_mem_data(bio, &bytes);
    bundle_add(bundle, BUNDLE_CRL, STR("test.crl"), str_make(bytes, (size_t)n));
    BIO_free(bio);
    ASN1_TIME_free(from);
    ASN1_TIME_free(next);
    X509_CRL_free(crl);
}

#endif
