/* certs/signer.h, certs/leaf_msg.h */
#include "certs/signer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "certs/ca.h"
#include "certs/leaf_msg.h"
#include "certs/trust.h"
#include "tests/unit/pki.h"

static const int64_t day_ms = 86400 * 1000;

struct fixture {
    struct buf ca_cert, ca_key, public_der;
    struct signer *signer;
};

/* In scope: chatgpt.com, names below it, and addresses. */
static bool in_scope(void *context, struct str host)
{
    (void)context;
    return str_is(host, "chatgpt.com") || str_ends(host, ".chatgpt.com") ||
           str_is(host, "10.1.2.3") || str_is(host, "2001:db8::1") ||
           str_ends(host, "..") || host.n == 0;
}

static int open_signer(void **state)
{
    static struct fixture f;
    f = (struct fixture){0};
    EVP_PKEY *key = p256_create();
    der_write_public(key, &f.public_der);
    EVP_PKEY_free(key);
    assert_int_equal(ca_create(STR("test CA"), &f.ca_cert, &f.ca_key), OK);
    assert_int_equal(signer_new(buf_str(&f.ca_cert), buf_str(&f.ca_key),
                         in_scope, NULL, &f.signer),
        OK);
    *state = &f;
    return 0;
}

static int close_signer(void **state)
{
    struct fixture *f = *state;
    signer_free(&f->signer);
    buf_free(&f->ca_cert);
    buf_wipe_free(&f->ca_key);
    buf_free(&f->public_der);
    return 0;
}

/* The answer's status, and the certificate when there is one. */
static enum err ask(
    struct fixture *f, struct str host, struct str key_der, X509 **cert_out)
{
    struct buf request = {0}, answer = {0};
    struct leaf_answer a;
    leaf_msg_write_request(&(struct leaf_request){host, key_der}, &request);
    signer_handle(f->signer, buf_str(&request), &answer);
    assert_int_equal(leaf_msg_read_answer(buf_str(&answer), &a), OK);
    assert_true(str_eq(a.host, host));
    enum err status = a.status;
    *cert_out = NULL;
    if (status == OK)
        assert_int_equal(der_read_cert(a.cert_der, cert_out), OK);
    buf_free(&request);
    buf_free(&answer);
    return status;
}

static void c1_a_leaf_is_what_clients_accept(void **state)
{
    struct fixture *f = *state;
    static const char *const hosts[] = {"chatgpt.com", "ab.chatgpt.com",
        "10.1.2.3", "2001:db8::1",
        "a-label-of-more-than-sixty-four-bytes-altogether.in-two-labels"
        ".chatgpt.com"};
    struct bundle bundle = {0};
    struct diag diag = {0};
    bundle_add(&bundle, BUNDLE_ROOTS, STR("ca"), buf_str(&f->ca_cert));
    struct trust *trust = trust_new(&bundle, &diag);
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        X509 *cert;
        struct trust_verdict verdict;
        STACK_OF(X509) *chain = NULL;
        assert_int_equal(
            ask(f, str_of(hosts[i]), buf_str(&f->public_der), &cert), OK);
        /* Good for that host only, by the rules we hold others to. */
        assert_int_equal(trust_verify(trust, cert, NULL, str_of(hosts[i]),
                             clock_wall_ms(), &verdict, &chain),
            OK);
        sk_X509_pop_free(chain, X509_free);
        assert_int_equal(
            trust_verify(trust, cert, NULL, STR("other.chatgpt.com"),
                clock_wall_ms(), &verdict, &chain),
            ERR_DENIED);
        assert_string_equal(verdict.reason, "name-mismatch");
        GENERAL_NAMES *names =
            X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
        assert_int_equal(sk_GENERAL_NAME_num(names), 1);
        GENERAL_NAMES_free(names);
        assert_int_equal(X509_get_key_usage(cert), KU_DIGITAL_SIGNATURE);
        assert_int_equal(X509_get_extended_key_usage(cert), XKU_SSL_SERVER);
        assert_int_equal(X509_check_ca(cert), 0);
        assert_non_null(X509_get0_subject_key_id(cert));
        assert_non_null(X509_get0_authority_key_id(cert));
        assert_int_equal(X509_get_signature_nid(cert), NID_ecdsa_with_SHA256);
        X509_free(cert);
    }
    trust_free(&trust);
    bundle_free(&bundle);
    diag_free(&diag);
}

static void c1_a_leaf_lives_thirty_days_with_room_for_wrong_clocks(void **state)
{
    struct fixture *f = *state;
    X509 *cert, *ca;
    int64_t now_ms = clock_wall_ms();
    assert_int_equal(
        ask(f, STR("chatgpt.com"), buf_str(&f->public_der), &cert), OK);
    int64_t from_ms = asn1_time_ms(X509_get0_notBefore(cert));
    int64_t to_ms = asn1_time_ms(X509_get0_notAfter(cert));
    assert_true(llabs(to_ms - now_ms - 30 * day_ms) < 10000);
    assert_true(now_ms - from_ms >= day_ms);
    assert_int_equal(pem_read_cert(buf_str(&f->ca_cert), &ca), OK);
    assert_true(from_ms >= asn1_time_ms(X509_get0_notBefore(ca)));
    X509_free(cert);
    X509_free(ca);
}

static void c1_serials_are_long_positive_and_never_the_same(void **state)
{
    struct fixture *f = *state;
    enum { COUNT = 20 };
    BIGNUM *seen[COUNT];
    int bits = 0;
    for (int i = 0; i < COUNT; i++) {
        X509 *cert;
        char host[32];
        snprintf(host, sizeof host, "n%d.chatgpt.com", i);
        assert_int_equal(
            ask(f, str_of(host), buf_str(&f->public_der), &cert), OK);
        seen[i] = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
        X509_free(cert);
        assert_false(BN_is_negative(seen[i]));
        bits = BN_num_bits(seen[i]) > bits ? BN_num_bits(seen[i]) : bits;
        for (int j = 0; j < i; j++)
            assert_int_not_equal(BN_cmp(seen[i], seen[j]), 0);
    }
    for (int i = 0; i < COUNT; i++)
        BN_free(seen[i]);
    assert_true(bits > 120 && bits <= 128);
}

static void d6_a_name_is_signed_once_for_all_workers(void **state)
{
    struct fixture *f = *state;
    X509 *first, *second, *other;
    struct str key = buf_str(&f->public_der);
    assert_int_equal(ask(f, STR("chatgpt.com"), key, &first), OK);
    assert_int_equal(ask(f, STR("chatgpt.com"), key, &second), OK);
    assert_int_equal(ask(f, STR("ab.chatgpt.com"), key, &other), OK);
    assert_int_equal(X509_cmp(first, second), 0);
    assert_int_not_equal(X509_cmp(first, other), 0);
    assert_int_equal(signer_signed_count(f->signer), 2);
    X509_free(first);
    X509_free(second);
    X509_free(other);
}

static void k3_names_out_of_scope_are_refused_by_the_signer_itself(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *host;
        enum err want;
    } cases[] = {{"bank.example", ERR_DENIED}, {"chatgpt.com.evil", ERR_DENIED},
        {"10.1.2.4", ERR_DENIED}, {"", ERR_PARSE}, {"chatgpt.com..", ERR_PARSE},
        {"*.chatgpt.com", ERR_PARSE}, {"Chatgpt.com", ERR_PARSE},
        {"a,DNS:bank.example.chatgpt.com", ERR_PARSE},
        {"a b.chatgpt.com", ERR_PARSE}, {".chatgpt.com", ERR_PARSE}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        X509 *cert;
        assert_int_equal(
            ask(f, str_of(cases[i].host), buf_str(&f->public_der), &cert),
            cases[i].want);
    }
}

static void other_keys_than_p256_are_refused(void **state)
{
    struct fixture *f = *state;
    static const char *const kinds[] = {"P-384", "RSA2048", "ED25519"};
    X509 *cert;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct buf der = {0};
        EVP_PKEY *key = pki_key(kinds[i]);
        der_write_public(key, &der);
        assert_int_equal(
            ask(f, STR("chatgpt.com"), buf_str(&der), &cert), ERR_PARSE);
        EVP_PKEY_free(key);
        buf_free(&der);
    }
    assert_int_equal(
        ask(f, STR("chatgpt.com"), STR("no key"), &cert), ERR_PARSE);
    assert_int_equal(ask(f, STR("chatgpt.com"), STR_NONE, &cert), ERR_PARSE);
}

static void any_request_gets_one_well_formed_answer(void **state)
{
    struct fixture *f = *state;
    struct buf request = {0};
    leaf_msg_write_request(
        &(struct leaf_request){STR("chatgpt.com"), buf_str(&f->public_der)},
        &request);
    buf_append_char(&request, 'x'); /* one byte too many is broken as well */
    for (size_t n = 0; n <= request.n; n++) {
        struct buf answer = {0};
        struct leaf_answer a;
        struct str cut = str_sub(buf_str(&request), 0, n);
        char *copy = mem_memdup0(n > 0 ? cut.p : "", n);
        signer_handle(f->signer, str_make(copy, n), &answer);
        mem_free(copy);
        assert_int_equal(leaf_msg_read_answer(buf_str(&answer), &a), OK);
        assert_int_equal(a.status, n == request.n - 1 ? OK : ERR_PARSE);
        /* No answer survives being cut, either. */
        for (size_t m = 0; m < answer.n; m++)
            assert_int_equal(
                leaf_msg_read_answer(str_sub(buf_str(&answer), 0, m), &a),
                ERR_PARSE);
        buf_free(&answer);
    }
    buf_free(&request);
}

static void a_ca_that_cannot_sign_is_refused_at_the_start(void **state)
{
    struct fixture *f = *state;
    struct signer *signer = NULL;
    struct buf cert = {0}, key = {0};
    struct str good_cert = buf_str(&f->ca_cert), good_key = buf_str(&f->ca_key);
    assert_int_equal(ca_create(STR("other"), &cert, &key), OK);
    assert_int_equal(
        signer_new(good_cert, buf_str(&key), in_scope, NULL, &signer),
        ERR_DENIED);
    assert_int_equal(
        signer_new(good_cert, STR("no key"), in_scope, NULL, &signer),
        ERR_PARSE);
    assert_int_equal(
        signer_new(STR_NONE, good_key, in_scope, NULL, &signer), ERR_PARSE);
    static const struct pki_spec specs[] = {
        {.name = "old",
            .constraints = "critical,CA:TRUE",
            .from_days = -9,
            .to_days = -1},
        {.name = "no CA", .constraints = "critical,CA:FALSE"}};
    for (size_t i = 0; i < ARRAY_LEN(specs); i++) {
        struct pki_cert made = pki_make(specs[i], NULL);
        buf_clear(&cert);
        buf_clear(&key);
        pem_write_cert(made.cert, &cert);
        pem_write_key(made.key, &key);
        assert_int_equal(
            signer_new(buf_str(&cert), buf_str(&key), in_scope, NULL, &signer),
            ERR_DENIED);
        pki_free(&made);
    }
    assert_null(signer);
    buf_free(&cert);
    buf_wipe_free(&key);
}

#define WITH_SIGNER(test)                                                      \
    cmocka_unit_test_setup_teardown(test, open_signer, close_signer)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SIGNER(c1_a_leaf_is_what_clients_accept),
        WITH_SIGNER(c1_a_leaf_lives_thirty_days_with_room_for_wrong_clocks),
        WITH_SIGNER(c1_serials_are_long_positive_and_never_the_same),
        WITH_SIGNER(d6_a_name_is_signed_once_for_all_workers),
        WITH_SIGNER(k3_names_out_of_scope_are_refused_by_the_signer_itself),
        WITH_SIGNER(other_keys_than_p256_are_refused),
        WITH_SIGNER(any_request_gets_one_well_formed_answer),
        WITH_SIGNER(a_ca_that_cannot_sign_is_refused_at_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
