/*
 * Called once for every full handshake with an origin, by proxy/tls.c.
 * OpenSSL builds and checks the chain; what it leaves open or decides too
 * kindly (key kinds, curves, digests, our own CA) is checked afterwards over
 * the chain it found.
 */
#include "certs/trust.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/net.h"
#include "certs/pem.h"
#include "certs/profile.h"

enum {
    SECURITY_LEVEL = 2,
    RSA_BITS_MIN = 2048,
    RSA_BITS_MAX = 8192,
    STAPLE_SKEW_SECONDS = 300,
    WAYS_MAX = 4, /* chains tried for one server */
};

/* The roots of all, and those of a pattern of hosts. */
struct host_roots {
    struct str pattern;
    X509_STORE *store;
};

struct trust {
    X509_STORE *store;
    struct host_roots *hosts;
    size_t host_count;
    STACK_OF(X509) * own; /* our CA, and older ones */
    bool has_crls, ignores_missing_staple;
};

static const struct {
    int error;
    const char *reason;
} error_reasons[] = {
    {X509_V_ERR_CERT_HAS_EXPIRED, "expired"},
    {X509_V_ERR_CERT_NOT_YET_VALID, "not-yet-valid"},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "self-signed"},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "unknown-issuer"},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, "unknown-issuer"},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "unknown-issuer"},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, "unknown-issuer"},
    {X509_V_ERR_CERT_UNTRUSTED, "unknown-issuer"},
    {X509_V_ERR_CERT_SIGNATURE_FAILURE, "bad-signature"},
    {X509_V_ERR_SIGNATURE_ALGORITHM_MISMATCH, "bad-signature"},
    {X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY, "weak-key"},
    {X509_V_ERR_CERT_REVOKED, "revoked"},
    {X509_V_ERR_CERT_CHAIN_TOO_LONG, "chain-too-long"},
    {X509_V_ERR_INVALID_CA, "invalid-ca"},
    {X509_V_ERR_PATH_LENGTH_EXCEEDED, "invalid-ca"},
    {X509_V_ERR_KEYUSAGE_NO_CERTSIGN, "invalid-ca"},
    {X509_V_ERR_INVALID_PURPOSE, "wrong-usage"},
    {X509_V_ERR_HOSTNAME_MISMATCH, "name-mismatch"},
    {X509_V_ERR_IP_ADDRESS_MISMATCH, "name-mismatch"},
    {X509_V_ERR_EE_KEY_TOO_SMALL, "weak-key"},
    {X509_V_ERR_CA_KEY_TOO_SMALL, "weak-key"},
    {X509_V_ERR_EC_KEY_EXPLICIT_PARAMS, "weak-key"},
    {X509_V_ERR_CA_MD_TOO_WEAK, "weak-signature"},
    {X509_V_ERR_PERMITTED_VIOLATION, "name-constraint"},
    {X509_V_ERR_EXCLUDED_VIOLATION, "name-constraint"},
    {X509_V_ERR_SUBTREE_MINMAX, "name-constraint"},
    {X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE, "name-constraint"},
    {X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX, "name-constraint"},
    {X509_V_ERR_UNSUPPORTED_NAME_SYNTAX, "name-constraint"},
    {X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, "critical-extension"},
    {X509_V_ERR_CRL_SIGNATURE_FAILURE, "bad-crl"},
    {X509_V_ERR_KEYUSAGE_NO_CRL_SIGN, "bad-crl"},
    {X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER, "bad-crl"},
    {X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION, "bad-crl"},
};

const char *const trust_reasons[] = {"expired", "not-yet-valid", "self-signed",
    "unknown-issuer", "own-ca", "bad-signature", "revoked", "chain-too-long",
    "invalid-ca", "wrong-usage", "name-mismatch", "weak-key", "weak-signature",
    "name-constraint", "critical-extension", "bad-crl", "missing-staple",
    "malformed", "invalid", NULL};

static const char *reason_of(int error)
{
    for (size_t i = 0; i < ARRAY_LEN(error_reasons); i++)
        if (error_reasons[i].error == error)
            return error_reasons[i].reason;
    return "invalid";
}

/* Our CA by its key: a renewed or cross-signed one is the same CA. */
static bool is_own(const struct trust *trust, X509 *cert)
{
    EVP_PKEY *key = X509_get0_pubkey(cert);
    for (int i = 0; key != NULL && i < sk_X509_num(trust->own); i++) {
        EVP_PKEY *own = X509_get0_pubkey(sk_X509_value(trust->own, i));
        if (EVP_PKEY_eq(key, own) == 1)
            return true;
    }
    return false;
}

static bool is_from_own(const struct trust *trust, X509 *cert)
{
    for (int i = 0; i < sk_X509_num(trust->own); i++) {
        X509 *own = sk_X509_value(trust->own, i);
        if (X509_NAME_cmp(
                X509_get_issuer_name(cert), X509_get_subject_name(own)) == 0 &&
            X509_verify(cert, X509_get0_pubkey(own)) == 1)
            return true;
    }
    return false;
}

/* ---- loading ---------------------------------------------------------- */

static void add_certs(struct trust *trust, X509_STORE *store,
    const struct bundle_file *file, struct diag *diag)
{
    STACK_OF(X509) * certs;
    if (pem_read_certs(file->text, &certs) != OK) {
        diag_add(diag, file->name.p, 1,
            "no usable certificates: PEM blocks of X.509 are expected");
        return;
    }
    for (int i = 0; i < sk_X509_num(certs); i++) {
        X509 *cert = sk_X509_value(certs, i);
        if (file->kind == BUNDLE_CA) {
            openssl_need(
                X509_up_ref(cert) == 1 && sk_X509_push(trust->own, cert) > 0,
                "sk_push");
        } else if (!is_own(trust, cert)) {
            openssl_need(
                X509_STORE_add_cert(store, cert) == 1, "X509_STORE_add_cert");
        }
    }
    sk_X509_pop_free(certs, X509_free);
}

static void add_crls(
    struct trust *trust, const struct bundle_file *file, struct diag *diag)
{
    BIO *bio = BIO_new_mem_buf(file->text.p, (int)file->text.n);
    X509_CRL *crl;
    size_t count = 0;
    while (bio != NULL &&
           (crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL)) != NULL) {
        openssl_need(
            X509_STORE_add_crl(trust->store, crl) == 1, "X509_STORE_add_crl");
        X509_CRL_free(crl);
        count++;
    }
    bool is_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    BIO_free(bio);
    if (count == 0 || !is_end)
        diag_add(diag, file->name.p, 1,
            "no usable revocation list: PEM blocks \"X509 CRL\" are expected");
    trust->has_crls = true;
}

static void load_kind(struct trust *trust, const struct bundle *bundle,
    enum bundle_kind kind, struct diag *diag)
{
    for (size_t i = 0; i < bundle->count; i++) {
        const struct bundle_file *file = &bundle->files[i];
        if (file->kind != kind)
            continue;
        if (kind == BUNDLE_CRL)
            add_crls(trust, file, diag);
        else
            add_certs(trust, trust->store, file, diag);
    }
}

struct trust *trust_new(const struct bundle *bundle, struct diag *diag)
{
    size_t mistakes = diag->count;
    struct trust *trust = MEM_NEW(struct trust);
    trust->store = X509_STORE_new();
    trust->own = sk_X509_new_null();
    openssl_need(trust->store != NULL && trust->own != NULL, "X509_STORE");
    load_kind(trust, bundle, BUNDLE_CA, diag); /* first: roots leave it out */
    load_kind(trust, bundle, BUNDLE_ROOTS, diag);
    load_kind(trust, bundle, BUNDLE_CRL, diag);
    if (diag->count != mistakes)
        trust_free(&trust);
    return trust;
}

/* Certificates and lists, by reference. */
static X509_STORE *store_copy(X509_STORE *from)
{
    X509_STORE *to = X509_STORE_new();
    openssl_need(to != NULL, "X509_STORE");
    STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(from);
    for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
        X509_OBJECT *object = sk_X509_OBJECT_value(objects, i);
        X509 *cert = X509_OBJECT_get0_X509(object);
        X509_CRL *crl = X509_OBJECT_get0_X509_CRL(object);
        openssl_need(cert == NULL || X509_STORE_add_cert(to, cert) == 1,
            "X509_STORE_add_cert");
        openssl_need(crl == NULL || X509_STORE_add_crl(to, crl) == 1,
            "X509_STORE_add_crl");
    }
    return to;
}

void trust_add_host_roots(struct trust *trust, struct str pattern,
    const struct bundle_file *file, struct diag *diag)
{
    trust->hosts = mem_realloc(
        trust->hosts, (trust->host_count + 1) * sizeof *trust->hosts);
    struct host_roots *added = &trust->hosts[trust->host_count++];
    *added = (struct host_roots){pattern, store_copy(trust->store)};
    add_certs(trust, added->store, file, diag);
}

static X509_STORE *store_for(const struct trust *trust, struct str host)
{
    for (size_t i = 0; i < trust->host_count; i++)
        if (host_matches(trust->hosts[i].pattern, host))
            return trust->hosts[i].store;
    return trust->store;
}

void trust_ignore_missing_staple(struct trust *trust)
{
    trust->ignores_missing_staple = true;
}

void trust_free(struct trust **trust)
{
    if (*trust == NULL)
        return;
    for (size_t i = 0; i < (*trust)->host_count; i++)
        X509_STORE_free((*trust)->hosts[i].store);
    mem_free((*trust)->hosts);
    X509_STORE_free((*trust)->store);
    sk_X509_pop_free((*trust)->own, X509_free);
    mem_free(*trust);
    *trust = NULL;
}

/* ---- verdicts --------------------------------------------------------- */

static void name_text(const X509_NAME *name, char out[TRUST_TEXT_BYTES])
{
    BIO *bio = BIO_new(BIO_s_mem());
    openssl_need(bio != NULL, "BIO");
    X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253);
    char *text;
    long n = BIO_get_mem_data(bio, &text);
    snprintf(out, TRUST_TEXT_BYTES, "%.*s", n > 0 ? (int)n : 0, text);
    BIO_free(bio);
}

static enum err deny(struct trust_verdict *verdict, const char *reason,
    int x509_error, int depth)
{
    verdict->reason = reason;
    verdict->x509_error = x509_error;
    snprintf(verdict->detail, sizeof verdict->detail, "%s (depth %d)",
        X509_verify_cert_error_string(x509_error), depth);
    return ERR_DENIED;
}

/* ---- post-checks over the chain ---------------------------------------- */

static bool is_good_curve(EVP_PKEY *key)
{
    static const char *const good[] = {"prime256v1", "secp384r1", "secp521r1"};
    char group[64] = "";
    size_t n = 0;
    int is_explicit = 0;
    if (EVP_PKEY_get_int_param(key,
            OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
            &is_explicit) == 1 &&
        is_explicit)
        return false;
    if (EVP_PKEY_get_utf8_string_param(
            key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, &n) != 1)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        if (str_is(str_of(group), good[i]))
            return true;
    return false;
}

static bool is_good_key(EVP_PKEY *key)
{
    int bits;
    switch (key != NULL ? EVP_PKEY_get_base_id(key) : EVP_PKEY_NONE) {
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS:
        bits = EVP_PKEY_get_bits(key);
        return bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX && bits % 8 == 0;
    case EVP_PKEY_EC:
        return is_good_curve(key);
    case EVP_PKEY_ED25519:
        return true;
    default:
        return false;
    }
}

static bool is_good_signature(X509 *cert)
{
    int digest = NID_undef, key = NID_undef;
    if (X509_get_signature_info(cert, &digest, &key, NULL, NULL) != 1)
        return false;
    return digest == NID_sha256 || digest == NID_sha384 ||
           digest == NID_sha512 || key == NID_ED25519;
}

/* OpenSSL also takes certificates that have keyCertSign but no
 * basicConstraints (X509_check_ca 4 and 5) for authorities.  A root may be of
 * the old version 1 (3), which has neither. */
static bool is_authority(X509 *cert, bool is_root)
{
    int kind = X509_check_ca(cert);
    return kind == 1 || (is_root && kind == 3);
}

static enum err check_profile(
    X509 *cert, int depth, int count, struct trust_verdict *verdict)
{
    bool is_root = depth == count - 1;
    enum profile_place place = depth > 0
                                   ? is_root ? PROFILE_ROOT : PROFILE_AUTHORITY
                               : is_root ? PROFILE_SERVER_AND_ROOT
                                         : PROFILE_SERVER;
    const char *mistake = profile_mistake(cert, place);
    if (mistake == NULL)
        return OK;
    verdict->reason = "malformed";
    verdict->x509_error = X509_V_ERR_INVALID_EXTENSION;
    snprintf(verdict->detail, sizeof verdict->detail, "%s (depth %d)", mistake,
        depth);
    return ERR_DENIED;
}

static enum err check_chain(const struct trust *trust, STACK_OF(X509) * chain,
    struct trust_verdict *verdict)
{
    int n = sk_X509_num(chain);
    verdict->valid_until_ms = INT64_MAX;
    for (int i = 0; i < n; i++) {
        X509 *cert = sk_X509_value(chain, i);
        int64_t end_ms = asn1_time_ms(X509_get0_notAfter(cert));
        if (is_own(trust, cert))
            return deny(verdict, "own-ca", X509_V_ERR_CERT_UNTRUSTED, i);
        if (!is_good_key(X509_get0_pubkey(cert)))
            return deny(verdict, "weak-key",
                i == 0 ? X509_V_ERR_EE_KEY_TOO_SMALL
                       : X509_V_ERR_CA_KEY_TOO_SMALL,
                i);
        if (i > 0 && !is_authority(cert, i == n - 1))
            return deny(verdict, "invalid-ca", X509_V_ERR_INVALID_CA, i);
        /* The root is believed as it is; its signature proves nothing. */
        if (i < n - 1 && !is_good_signature(cert))
            return deny(
                verdict, "weak-signature", X509_V_ERR_CA_MD_TOO_WEAK, i);
        if (check_profile(cert, i, n, verdict) != OK)
            return ERR_DENIED;
        if (end_ms < verdict->valid_until_ms)
            verdict->valid_until_ms = end_ms;
    }
    return OK;
}

static enum err check_name(
    X509 *leaf, struct str host, struct trust_verdict *verdict)
{
    char text[256];
    uint8_t ip[16];
    if (host.n == 0 || host.n >= sizeof text)
        return deny(verdict, "name-mismatch", X509_V_ERR_HOSTNAME_MISMATCH, 0);
    memcpy(text, host.p, host.n);
    text[host.n] = '\0';
    size_t ip_n = inet_pton(AF_INET, text, ip) == 1    ? 4
                  : inet_pton(AF_INET6, text, ip) == 1 ? 16
                                                       : 0;
    unsigned flags = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
                     X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;
    if (ip_n > 0)
        return X509_check_ip(leaf, ip, ip_n, flags) == 1
                   ? OK
                   : deny(verdict, "name-mismatch",
                         X509_V_ERR_IP_ADDRESS_MISMATCH, 0);
    return X509_check_host(leaf, text, host.n, flags, NULL) == 1
               ? OK
               : deny(
                     verdict, "name-mismatch", X509_V_ERR_HOSTNAME_MISMATCH, 0);
}

/* host is the subtree's base or below it (RFC 5280 §4.2.1.10). */
static bool is_below(struct str host, const ASN1_IA5STRING *base)
{
    struct str b = str_make((const char *)ASN1_STRING_get0_data(base),
        (size_t)ASN1_STRING_length(base));
    if (b.n > 0 && b.p[0] == '.')
        b = str_sub(b, 1, b.n);
    if (b.n == 0)
        return true;
    if (host.n < b.n || !str_eq_nocase(str_sub(host, host.n - b.n, host.n), b))
        return false;
    return host.n == b.n || host.p[host.n - b.n - 1] == '.';
}

static bool is_excluded(X509 *ca, struct str host)
{
    NAME_CONSTRAINTS *constraints =
        X509_get_ext_d2i(ca, NID_name_constraints, NULL, NULL);
    bool is_out = false;
    if (constraints == NULL)
        return false;
    for (int i = 0; i < sk_GENERAL_SUBTREE_num(constraints->excludedSubtrees);
         i++) {
        const GENERAL_SUBTREE *tree =
            sk_GENERAL_SUBTREE_value(constraints->excludedSubtrees, i);
        if (tree->base->type == GEN_DNS &&
            is_below(host, tree->base->d.dNSName))
            is_out = true;
    }
    NAME_CONSTRAINTS_free(constraints);
    return is_out;
}

/* The names in the certificate have been held against the constraints, but a
 * wildcard may stand for an excluded name (CVE-2025-61727), so the name that
 * we want is held against them too. */
static enum err check_excluded(
    STACK_OF(X509) * chain, struct str host, struct trust_verdict *verdict)
{
    for (int i = 1; i < sk_X509_num(chain); i++)
        if (is_excluded(sk_X509_value(chain, i), host))
            return deny(
                verdict, "name-constraint", X509_V_ERR_EXCLUDED_VIOLATION, i);
    return OK;
}

/* ---- building the chain ------------------------------------------------ */

/* notAfter is the last second that counts (RFC 5280 §4.1.2.5), for OpenSSL the
 * first that does not. */
static bool is_last_second(X509_STORE_CTX *context)
{
    X509 *cert = X509_STORE_CTX_get_current_cert(context);
    time_t now = X509_VERIFY_PARAM_get_time(X509_STORE_CTX_get0_param(context));
    return asn1_time_ms(X509_get0_notAfter(cert)) == (int64_t)now * 1000;
}

/* The stated policy for CRLs that are missing or out of date. */
static int on_verify_step(int is_good, X509_STORE_CTX *context)
{
    if (is_good)
        return 1;
    switch (X509_STORE_CTX_get_error(context)) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        if (!is_last_second(context))
            return 0;
        X509_STORE_CTX_set_error(context, X509_V_OK);
        return 1;
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_CRL_NOT_YET_VALID:
        X509_STORE_CTX_set_error(context, X509_V_OK);
        return 1;
    default:
        return 0;
    }
}

/* What is to be believed, and when. */
struct claim {
    struct trust *trust;
    X509_STORE *store;
    X509 *leaf;
    int64_t now_ms;
};

static X509_STORE_CTX *context_new(
    const struct claim *claim, STACK_OF(X509) * untrusted, unsigned long flags)
{
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    openssl_need(context != NULL &&
                     X509_STORE_CTX_init(
                         context, claim->store, claim->leaf, untrusted) == 1 &&
                     X509_STORE_CTX_set_default(context, "ssl_server") == 1,
        "X509_STORE_CTX");
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_time(param, (time_t)(claim->now_ms / 1000));
    X509_VERIFY_PARAM_set_depth(param, TRUST_CHAIN_MAX - 2);
    X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
    if (claim->trust->has_crls)
        flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
    X509_VERIFY_PARAM_set_flags(param, flags);
    X509_STORE_CTX_set_verify_cb(context, on_verify_step);
    return context;
}

/* OK with the chain, or ERR_DENIED with as much of it as was found. */
static enum err build_once(const struct claim *claim,
    STACK_OF(X509) * untrusted, unsigned long flags,
    struct trust_verdict *verdict, STACK_OF(X509) * *chain_out)
{
    X509_STORE_CTX *context = context_new(claim, untrusted, flags);
    enum err err = OK;
    int is_good = X509_verify_cert(context);
    int error = X509_STORE_CTX_get_error(context);
    *chain_out = X509_STORE_CTX_get1_chain(context);
    if (is_good != 1 || error != X509_V_OK)
        err = deny(verdict, reason_of(error),
            error != X509_V_OK ? error : X509_V_ERR_UNSPECIFIED,
            X509_STORE_CTX_get_error_depth(context));
    X509_STORE_CTX_free(context);
    ERR_clear_error();
    return err;
}

/* Where the first authority of a chain that has another certificate of the
 * same name is in untrusted; -1: there is no other way. */
static int find_other_way(STACK_OF(X509) * chain, STACK_OF(X509) * untrusted)
{
    for (int i = 1; i < sk_X509_num(chain); i++) {
        X509 *used = sk_X509_value(chain, i);
        int at = -1, others = 0;
        for (int j = 0; j < sk_X509_num(untrusted); j++) {
            X509 *one = sk_X509_value(untrusted, j);
            if (X509_cmp(one, used) == 0)
                at = j;
            else if (X509_NAME_cmp(X509_get_subject_name(one),
                         X509_get_subject_name(used)) == 0)
                others++;
        }
        if (at >= 0 && others > 0)
            return at;
    }
    return -1;
}

/* OpenSSL follows one path.  Where an authority came in several certificates,
 * the one that led to nothing is left out and the next one tried; each way is
 * judged whole.  The first refusal is the one that is told. */
static enum err build_by_ways(const struct claim *claim,
    STACK_OF(X509) * untrusted, struct trust_verdict *verdict,
    STACK_OF(X509) * *chain_out)
{
    struct trust_verdict other = *verdict;
    STACK_OF(X509) *left = sk_X509_dup(untrusted);
    enum err err = build_once(claim, untrusted, 0, verdict, chain_out);
    openssl_need(left != NULL, "sk_dup");
    for (int ways = 1; err != OK && ways < WAYS_MAX; ways++) {
        int at = find_other_way(*chain_out, left);
        if (at < 0)
            break;
        sk_X509_delete(left, at);
        sk_X509_pop_free(*chain_out, X509_free);
        err = build_once(claim, left, 0, &other, chain_out);
    }
    sk_X509_free(left);
    return err;
}

/* Who configures an authority that another one issued believes it (RFC 5280
 * §6.1.1 d); it must say whose key signed it. */
static bool ends_chain(STACK_OF(X509) * chain)
{
    int n = sk_X509_num(chain);
    X509 *last = sk_X509_value(chain, n - 1);
    return n > 1 && (X509_get_extension_flags(last) & EXFLAG_SI) == 0 &&
           X509_get0_authority_key_id(last) != NULL;
}

static enum err build_chain(const struct claim *claim,
    STACK_OF(X509) * untrusted, struct trust_verdict *verdict,
    STACK_OF(X509) * *chain_out)
{
    const struct trust_verdict asked = *verdict;
    struct trust_verdict other = asked;
    enum err err = build_by_ways(claim, untrusted, verdict, chain_out);
    if (err != OK && strcmp(verdict->reason, "unknown-issuer") == 0) {
        sk_X509_pop_free(*chain_out, X509_free);
        err = build_once(
            claim, untrusted, X509_V_FLAG_PARTIAL_CHAIN, &other, chain_out);
        if (err == OK && !ends_chain(*chain_out))
            err = ERR_DENIED;
    }
    if (err == OK) {
        *verdict = asked;
        return OK;
    }
    sk_X509_pop_free(*chain_out, X509_free);
    *chain_out = NULL;
    return err;
}

/* "Unknown issuer" is true but of no use when the issuer is this gateway:
 * most likely two gateways, or the gateway and itself, are in a row. */
static void name_own_ca(struct trust *trust, X509 *leaf,
    STACK_OF(X509) * untrusted, struct trust_verdict *verdict)
{
    bool is_ours = is_own(trust, leaf) || is_from_own(trust, leaf);
    for (int i = 0; !is_ours && i < sk_X509_num(untrusted); i++)
        is_ours = is_from_own(trust, sk_X509_value(untrusted, i));
    ERR_clear_error();
    if (is_ours)
        verdict->reason = "own-ca";
}

enum err trust_verify(struct trust *trust, X509 *leaf,
    STACK_OF(X509) * untrusted, struct str host, int64_t now_ms,
    struct trust_verdict *verdict_out, STACK_OF(X509) * *chain_out)
{
    *verdict_out = (struct trust_verdict){0};
    *chain_out = NULL;
    name_text(X509_get_subject_name(leaf), verdict_out->subject);
    name_text(X509_get_issuer_name(leaf), verdict_out->issuer);
    if (sk_X509_num(untrusted) > TRUST_CHAIN_MAX)
        return deny(verdict_out, "chain-too-long",
            X509_V_ERR_CERT_CHAIN_TOO_LONG, TRUST_CHAIN_MAX);
    struct claim claim = {trust, store_for(trust, host), leaf, now_ms};
    STACK_OF(X509) *chain = NULL;
    enum err err = build_chain(&claim, untrusted, verdict_out, &chain);
    if (err != OK)
        name_own_ca(trust, leaf, untrusted, verdict_out);
    if (err == OK)
        err = check_chain(trust, chain, verdict_out);
    if (err == OK)
        err = check_name(leaf, host, verdict_out);
    if (err == OK)
        err = check_excluded(chain, host, verdict_out);
    ERR_clear_error();
    if (err == OK)
        *chain_out = chain;
    else
        sk_X509_pop_free(chain, X509_free);
    return err;
}

/* ---- OCSP -------------------------------------------------------------- */

static bool demands_staple(X509 *leaf)
{
    TLS_FEATURE *features = X509_get_ext_d2i(leaf, NID_tlsfeature, NULL, NULL);
    bool demands = false;
    for (int i = 0; i < sk_ASN1_INTEGER_num(features); i++)
        if (ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features, i)) ==
            TLSEXT_TYPE_status_request)
            demands = true;
    sk_ASN1_INTEGER_pop_free(features, ASN1_INTEGER_free);
    return demands;
}

static bool is_about(OCSP_SINGLERESP *single, X509 *leaf, X509 *issuer)
{
    ASN1_OBJECT *algorithm = NULL;
    OCSP_CERTID *id = (OCSP_CERTID *)OCSP_SINGLERESP_get0_id(single);
    OCSP_id_get0_info(NULL, &algorithm, NULL, NULL, id);
    const EVP_MD *digest = EVP_get_digestbyobj(algorithm);
    if (digest == NULL)
        return false;
    OCSP_CERTID *want = OCSP_cert_to_id(digest, leaf, issuer);
    bool is_same = want != NULL && OCSP_id_cmp(id, want) == 0;
    OCSP_CERTID_free(want);
    return is_same;
}

/* V_OCSP_CERTSTATUS_GOOD, _REVOKED or _UNKNOWN. */
static int basic_status(OCSP_BASICRESP *basic, X509 *leaf, X509 *issuer)
{
    int status = V_OCSP_CERTSTATUS_UNKNOWN;
    for (int i = 0; i < OCSP_resp_count(basic); i++) {
        OCSP_SINGLERESP *single = OCSP_resp_get0(basic, i);
        ASN1_GENERALIZEDTIME *from = NULL, *to = NULL;
        if (!is_about(single, leaf, issuer))
            continue;
        int one = OCSP_single_get0_status(single, NULL, NULL, &from, &to);
        /* Revoked stays revoked, however old the answer is. */
        if (one == V_OCSP_CERTSTATUS_REVOKED)
            return one;
        if (one == V_OCSP_CERTSTATUS_GOOD &&
            OCSP_check_validity(from, to, STAPLE_SKEW_SECONDS, -1) == 1)
            status = one;
    }
    return status;
}

static int staple_status(
    X509_STORE *store, STACK_OF(X509) * chain, struct str staple)
{
    const unsigned char *at = (const unsigned char *)staple.p;
    int status = V_OCSP_CERTSTATUS_UNKNOWN;
    OCSP_BASICRESP *basic = NULL;
    OCSP_RESPONSE *response =
        staple.n > 0 ? d2i_OCSP_RESPONSE(NULL, &at, (long)staple.n) : NULL;
    if (response != NULL &&
        OCSP_response_status(response) == OCSP_RESPONSE_STATUS_SUCCESSFUL)
        basic = OCSP_response_get1_basic(response);
    if (basic != NULL && sk_X509_num(chain) > 1 &&
        OCSP_basic_verify(basic, chain, store, 0) == 1)
        status = basic_status(
            basic, sk_X509_value(chain, 0), sk_X509_value(chain, 1));
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(response);
    ERR_clear_error();
    return status;
}

enum err trust_check_staple(struct trust *trust, struct str host,
    STACK_OF(X509) * chain, struct str staple,
    struct trust_verdict *verdict_out)
{
    int status = staple_status(store_for(trust, host), chain, staple);
    if (status == V_OCSP_CERTSTATUS_REVOKED)
        return deny(verdict_out, "revoked", X509_V_ERR_CERT_REVOKED, 0);
    if (status != V_OCSP_CERTSTATUS_GOOD && !trust->ignores_missing_staple &&
        demands_staple(sk_X509_value(chain, 0)))
        return deny(
            verdict_out, "missing-staple", X509_V_ERR_OCSP_VERIFY_NEEDED, 0);
    return OK;
}
