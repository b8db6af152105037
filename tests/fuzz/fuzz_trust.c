/* certs/trust.h: what an origin sends instead of a certificate, and files of
 * roots and lists that are damaged.  The input is a list of records: a kind, a
 * length of two bytes, and as many bytes: DER for certificates (R roots, A
 * roots of the hosts below a.test, O our own CA, I what the origin sends beside
 * L, its leaf), C a revocation list, S a staple; text for H, the host; eight
 * bytes for T, the time.
 *
 * Whatever comes: a chain that is believed ends at one of the given roots and
 * not at our own CA, is no longer than the bound and carries the host's name in
 * its leaf; a refusal has a reason out of the list; the texts are printable;
 * and asked twice the answer is the same. */
#include "certs/trust.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/mem.h"

enum { RECORD_HEAD = 3, INTERMEDIATES_MAX = 24 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    struct bundle bundle, of_hosts;
    STACK_OF(X509) * beside;
    X509 *leaf;
    struct str host, staple;
    int64_t now_ms;
};

/* As files have it, even where the bytes are no certificate. */
static void add_pem(struct bundle *bundle, enum bundle_kind kind,
    const char *name, struct str der)
{
    char *text = NULL;
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio(bio, name, "", (const unsigned char *)der.p, (long)der.n);
    long n = BIO_get_mem_data(bio, &text);
    bundle_add(bundle, kind, STR("file"), str_make(text, (size_t)n));
    BIO_free(bio);
}

static X509 *read_cert(struct str der)
{
    const unsigned char *at = (const unsigned char *)der.p;
    X509 *cert = d2i_X509(NULL, &at, (long)der.n);
    ERR_clear_error();
    return cert;
}

static void take(struct input *in, char kind, struct str bytes)
{
    X509 *cert;
    if (kind == 'R')
        add_pem(&in->bundle, BUNDLE_ROOTS, "CERTIFICATE", bytes);
    else if (kind == 'A')
        add_pem(&in->of_hosts, BUNDLE_HOST_ROOTS, "CERTIFICATE", bytes);
    else if (kind == 'O')
        add_pem(&in->bundle, BUNDLE_CA, "CERTIFICATE", bytes);
    else if (kind == 'C')
        add_pem(&in->bundle, BUNDLE_CRL, "X509 CRL", bytes);
    else if (kind == 'I' && sk_X509_num(in->beside) < INTERMEDIATES_MAX &&
             (cert = read_cert(bytes)) != NULL)
        sk_X509_push(in->beside, cert);
    else if (kind == 'L' && in->leaf == NULL)
        in->leaf = read_cert(bytes);
    else if (kind == 'H')
        in->host = bytes;
    else if (kind == 'S')
        in->staple = bytes;
    for (size_t i = 0; kind == 'T' && i < bytes.n && i < 8; i++)
        in->now_ms = (int64_t)((uint64_t)in->now_ms << 8 | (uint8_t)bytes.p[i]);
}

static void read_input(struct str data, struct input *in)
{
    while (data.n >= RECORD_HEAD) {
        size_t n = (size_t)(uint8_t)data.p[1] << 8 | (uint8_t)data.p[2];
        if (n > data.n - RECORD_HEAD)
            n = data.n - RECORD_HEAD;
        take(in, data.p[0], str_sub(data, RECORD_HEAD, RECORD_HEAD + n));
        data = str_sub(data, RECORD_HEAD + n, data.n);
    }
    if (in->now_ms > INT64_MAX / 2 || in->now_ms < INT64_MIN / 2)
        in->now_ms /= 1000000;
}

static void check_text(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text < ' ' || *text > '~')
            abort();
}

static bool is_in(
    const struct bundle *bundle, enum bundle_kind kind, X509 *cert)
{
    for (size_t i = 0; i < bundle->count; i++) {
        struct str text = bundle->files[i].text;
        BIO *bio = BIO_new_mem_buf(text.p, (int)text.n);
        X509 *one = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        bool is_same = bundle->files[i].kind == kind && one != NULL &&
                       X509_cmp(one, cert) == 0;
        X509_free(one);
        BIO_free(bio);
        if (is_same)
            return true;
    }
    ERR_clear_error();
    return false;
}

static void check_believed(
    const struct input *in, STACK_OF(X509) * chain, struct str host)
{
    int n = sk_X509_num(chain);
    X509 *last = sk_X509_value(chain, n - 1);
    GENERAL_NAMES *names =
        X509_get_ext_d2i(in->leaf, NID_subject_alt_name, NULL, NULL);
    if (n < 1 || n > TRUST_CHAIN_MAX || names == NULL || host.n == 0)
        abort();
    if (is_in(&in->bundle, BUNDLE_CA, last))
        abort();
    if (!is_in(&in->bundle, BUNDLE_ROOTS, last) &&
        !(str_ends(host, "a.test") &&
            is_in(&in->of_hosts, BUNDLE_HOST_ROOTS, last)))
        abort();
    GENERAL_NAMES_free(names);
}

static void check_verdict(enum err err, const struct trust_verdict *verdict)
{
    size_t i = 0;
    check_text(verdict->detail);
    check_text(verdict->subject);
    check_text(verdict->issuer);
    if ((err == OK) != (verdict->reason == NULL))
        abort();
    while (err != OK && strcmp(trust_reasons[i], verdict->reason) != 0)
        if (trust_reasons[++i] == NULL)
            abort();
}

static void judge(struct input *in, struct trust *trust)
{
    struct trust_verdict verdict, again;
    STACK_OF(X509) *chain = NULL, *second = NULL;
    enum err err = trust_verify(
        trust, in->leaf, in->beside, in->host, in->now_ms, &verdict, &chain);
    check_verdict(err, &verdict);
    if (trust_verify(trust, in->leaf, in->beside, in->host, in->now_ms, &again,
            &second) != err ||
        again.reason != verdict.reason)
        abort();
    sk_X509_pop_free(second, X509_free);
    if (err != OK)
        return;
    check_believed(in, chain, in->host);
    check_verdict(
        trust_check_staple(trust, in->host, chain, in->staple, &verdict),
        &verdict);
    sk_X509_pop_free(chain, X509_free);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {.beside = sk_X509_new_null()};
    struct diag diag = {0};
    read_input(str_make((const char *)data, size), &in);
    struct trust *trust = trust_new(&in.bundle, &diag);
    for (size_t i = 0; trust != NULL && i < in.of_hosts.count; i++)
        trust_add_host_roots(
            trust, STR(".a.test"), &in.of_hosts.files[i], &diag);
    if (trust != NULL && size % 2 == 1)
        trust_ignore_missing_staple(trust);
    if (trust != NULL && in.leaf != NULL)
        judge(&in, trust);
    trust_free(&trust);
    X509_free(in.leaf);
    sk_X509_pop_free(in.beside, X509_free);
    bundle_free(&in.bundle);
    bundle_free(&in.of_hosts);
    diag_free(&diag);
    return 0;
}
