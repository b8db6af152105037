/*
 * The signer calls mint_leaf with names that it has checked to be in scope;
 * `ca init` calls mint_ca.  No I/O, no clock of its own.
 */
#include "certs/mint.h"

#include <arpa/inet.h>
#include <string.h>

#include "certs/pem.h"

enum { SERIAL_BITS = 128, COMMON_NAME_MAX = 64 };

static const int64_t hour_ms = 3600 * 1000;

static bool is_ip(struct str host, uint8_t bytes[16], int *n_out)
{
    char text[INET6_ADDRSTRLEN];
    if (host.n == 0 || host.n >= sizeof text)
        return false;
    memcpy(text, host.p, host.n);
    text[host.n] = '\0';
    if (inet_pton(AF_INET, text, bytes) == 1)
        *n_out = 4;
    else if (inet_pton(AF_INET6, text, bytes) == 1)
        *n_out = 16;
    else
        return false;
    return true;
}

static bool is_host_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

static bool is_name(struct str host)
{
    struct str rest = host, label = STR_NONE;
    if (host.n == 0 || host.n > MINT_HOST_MAX || str_ends(host, "."))
        return false;
    while (str_split(&rest, '.', &label)) {
        if (label.n == 0 || label.n > 63)
            return false;
        for (size_t i = 0; i < label.n; i++)
            if (!is_host_char(label.p[i]))
                return false;
    }
    /* A last label that starts with a digit reads as (part of) an IPv4
     * address in some client; no top-level domain looks like that. */
    return !(label.p[0] >= '0' && label.p[0] <= '9');
}

bool mint_host_is_valid(struct str host)
{
    uint8_t bytes[16];
    int n;
    return is_ip(host, bytes, &n) || is_name(host);
}

static void add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    openssl_need(extension != NULL && X509_add_ext(cert, extension, -1) == 1,
        "X509 extension");
    X509_EXTENSION_free(extension);
}

/* Built by hand, not by a configuration string: a host must never be able to
 * smuggle a second name in ("a.test,DNS:b.test"). */
static void add_san(X509 *cert, struct str host, bool is_critical)
{
    uint8_t ip[16];
    int n = 0;
    bool is_address = is_ip(host, ip, &n);
    GENERAL_NAME *name = GENERAL_NAME_new();
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    ASN1_STRING *value = is_address ? ASN1_OCTET_STRING_new()
                                    : (ASN1_STRING *)ASN1_IA5STRING_new();
    openssl_need(name != NULL && names != NULL && value != NULL, "SAN");
    const void *bytes = is_address ? (const void *)ip : host.p;
    openssl_need(
        ASN1_STRING_set(value, bytes, is_address ? n : (int)host.n) == 1,
        "SAN");
    GENERAL_NAME_set0_value(name, is_address ? GEN_IPADD : GEN_DNS, value);
    openssl_need(sk_GENERAL_NAME_push(names, name) > 0, "SAN");
    openssl_need(X509_add1_ext_i2d(
                     cert, NID_subject_alt_name, names, is_critical, 0) == 1,
        "SAN");
    sk_GENERAL_NAME_pop_free(names, GENERAL_NAME_free);
}

static void set_serial(X509 *cert)
{
    BIGNUM *bits = BN_new();
    openssl_need(bits != NULL && BN_rand(bits, SERIAL_BITS, BN_RAND_TOP_ANY,
                                     BN_RAND_BOTTOM_ANY) == 1,
        "random serial");
    if (BN_is_zero(bits))
        BN_set_word(bits, 1);
    openssl_need(BN_to_ASN1_INTEGER(bits, X509_get_serialNumber(cert)) != NULL,
        "serial");
    BN_free(bits);
}

static void set_time(ASN1_TIME *time, int64_t ms)
{
    openssl_need(ASN1_TIME_set(time, (time_t)(ms / 1000)) != NULL, "time");
}

static void add_name(X509_NAME *name, int nid, struct str value)
{
    openssl_need(X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8,
                     (const unsigned char *)value.p, (int)value.n, -1, 0) == 1,
        "name");
}

static X509 *start_cert(EVP_PKEY *public_key)
{
    X509 *cert = X509_new();
    openssl_need(cert != NULL && X509_set_version(cert, X509_VERSION_3) == 1 &&
                     X509_set_pubkey(cert, public_key) == 1,
        "X509");
    set_serial(cert);
    return cert;
}

static bool is_limited(X509 *ca_cert)
{
    return X509_get_ext_by_NID(ca_cert, NID_name_constraints, -1) >= 0;
}

static X509 *start_leaf(X509 *ca_cert, struct str host, EVP_PKEY *public_key)
{
    X509 *leaf = start_cert(public_key);
    /* Only the SAN counts; the subject is for people's eyes and limited to
     * 64 bytes.  Without a subject the SAN must be critical
     * (RFC 5280 §4.2.1.6). */
    uint8_t ip[16];
    int n = 0;
    /* Where names are limited, clients take an address in the subject for a
     * name that is not permitted. */
    bool has_subject = host.n <= COMMON_NAME_MAX &&
                       !(is_ip(host, ip, &n) && is_limited(ca_cert));
    if (has_subject)
        add_name(X509_get_subject_name(leaf), NID_commonName, host);
    openssl_need(
        X509_set_issuer_name(leaf, X509_get_subject_name(ca_cert)) == 1,
        "issuer");
    add_extension(leaf, ca_cert, NID_basic_constraints, "critical,CA:FALSE");
    add_extension(leaf, ca_cert, NID_key_usage, "critical,digitalSignature");
    add_extension(leaf, ca_cert, NID_ext_key_usage, "serverAuth");
    add_san(leaf, host, !has_subject);
    add_extension(leaf, ca_cert, NID_subject_key_identifier, "hash");
    add_extension(leaf, ca_cert, NID_authority_key_identifier, "keyid:always");
    return leaf;
}

/* A leaf outside the CA's nameConstraints would be signed for nothing: clients
 * refuse it.  OpenSSL looks at the names that it has cached, and those of a
 * certificate that is not yet signed would be cached too early. */
static bool is_permitted(X509 *ca_cert, X509 *leaf)
{
    if (!is_limited(ca_cert))
        return true;
    NAME_CONSTRAINTS *limits =
        X509_get_ext_d2i(ca_cert, NID_name_constraints, NULL, NULL);
    bool is_good = limits != NULL && X509_check_purpose(leaf, -1, 0) == 1 &&
                   NAME_CONSTRAINTS_check(leaf, limits) == X509_V_OK;
    NAME_CONSTRAINTS_free(limits);
    return is_good;
}

enum err mint_leaf(X509 *ca_cert, EVP_PKEY *ca_key, struct str host,
    EVP_PKEY *public_key, int64_t now_ms, X509 **leaf_out)
{
    int64_t from_ms = asn1_time_ms(X509_get0_notBefore(ca_cert));
    int64_t to_ms = asn1_time_ms(X509_get0_notAfter(ca_cert));
    if (!mint_host_is_valid(host))
        return ERR_PARSE;
    if (now_ms < from_ms || now_ms > to_ms)
        return ERR_DENIED;
    int64_t leaf_from = now_ms - MINT_BACKDATE_HOURS * hour_ms;
    int64_t leaf_to = now_ms + MINT_LEAF_DAYS * 24 * hour_ms;
    X509 *leaf = start_leaf(ca_cert, host, public_key);
    set_time(
        X509_getm_notBefore(leaf), leaf_from > from_ms ? leaf_from : from_ms);
    set_time(X509_getm_notAfter(leaf), leaf_to < to_ms ? leaf_to : to_ms);
    openssl_need(X509_sign(leaf, ca_key, EVP_sha256()) > 0, "signing");
    if (!is_permitted(ca_cert, leaf)) {
        X509_free(leaf);
        return ERR_DENIED;
    }
    *leaf_out = leaf;
    return OK;
}

/* By hand, for the same reason as the SAN. */
static void add_permitted(X509 *ca, const struct str *names, size_t count)
{
    NAME_CONSTRAINTS *limits = NAME_CONSTRAINTS_new();
    openssl_need(limits != NULL, "constraints");
    limits->permittedSubtrees = sk_GENERAL_SUBTREE_new_null();
    for (size_t i = 0; i < count; i++) {
        GENERAL_SUBTREE *tree = GENERAL_SUBTREE_new();
        ASN1_IA5STRING *name = ASN1_IA5STRING_new();
        openssl_need(
            tree != NULL && name != NULL &&
                ASN1_STRING_set(name, names[i].p, (int)names[i].n) == 1 &&
                sk_GENERAL_SUBTREE_push(limits->permittedSubtrees, tree) > 0,
            "constraints");
        GENERAL_NAME_set0_value(tree->base, GEN_DNS, name);
    }
    openssl_need(X509_add1_ext_i2d(ca, NID_name_constraints, limits, 1, 0) == 1,
        "constraints");
    NAME_CONSTRAINTS_free(limits);
}

enum err mint_ca(struct str common_name, const struct str *permitted,
    size_t permitted_count, EVP_PKEY *key, int64_t now_ms, X509 **ca_out)
{
    if (common_name.n == 0 || common_name.n > COMMON_NAME_MAX)
        return ERR_PARSE;
    for (size_t i = 0; i < permitted_count; i++)
        if (!is_name(permitted[i]))
            return ERR_PARSE;
    X509 *ca = start_cert(key);
    X509_NAME *name = X509_get_subject_name(ca);
    add_name(name, NID_organizationName, STR("promptgate"));
    add_name(name, NID_commonName, common_name);
    openssl_need(X509_set_issuer_name(ca, name) == 1, "issuer");
    set_time(X509_getm_notBefore(ca), now_ms - MINT_BACKDATE_HOURS * hour_ms);
    set_time(X509_getm_notAfter(ca), now_ms + MINT_CA_DAYS * 24 * hour_ms);
    add_extension(ca, ca, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
    add_extension(ca, ca, NID_key_usage, "critical,keyCertSign,cRLSign");
    if (permitted_count > 0)
        add_permitted(ca, permitted, permitted_count);
    add_extension(ca, ca, NID_subject_key_identifier, "hash");
    add_extension(ca, ca, NID_authority_key_identifier, "keyid:always");
    openssl_need(X509_sign(ca, key, EVP_sha256()) > 0, "signing");
    *ca_out = ca;
    return OK;
}
