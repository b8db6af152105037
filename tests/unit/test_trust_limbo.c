/* certs/trust.h: the cases of C2SP/x509-limbo, where EVAL_DIR has them. */
#include "certs/trust.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <jansson.h>

#include "base/clock.h"
#include "base/mem.h"
#include "certs/pem.h"

/* Cases where we differ, each with its reason. */
static const char lab[] =
    "mistakes that private CAs make and browsers let pass; nothing hangs on it";
static const char cabf[] =
    "a rule for public CAs' issuance, not one that a client enforces";
static const char cn_unused[] =
    "the common name is never looked at, so it does no harm either";
static const struct {
    const char *id, *why;
} deviations[] = {
    {"crl::crlnumber-missing", lab},
    {"cve::cve-2024-0567",
        "the root is not self-signed and does not say whose key signed it"},
    {"pathlen::validation-ignores-pathlen-in-leaf",
        "a leaf that may only sign certificates is no server's"},
    {"rfc5280::ca-as-leaf",
        "a leaf that may only sign certificates is no server's"},
    {"pathlen::max-chain-depth-0-exhausted",
        "the depth is fixed (TRUST_CHAIN_MAX), not a parameter"},
    {"pathlen::max-chain-depth-1-exhausted",
        "the depth is fixed (TRUST_CHAIN_MAX), not a parameter"},
    {"rfc5280::aki::leaf-missing-aki", lab},
    {"rfc5280::aki::intermediate-missing-aki", lab},
    {"webpki::aki::root-with-aki-missing-keyidentifier", lab},
    {"rfc5280::ski::root-missing-ski", lab},
    {"rfc5280::ski::intermediate-missing-ski", lab},
    {"rfc5280::san::noncritical-with-empty-subject", lab},
    {"rfc5280::san::underscore-dns", lab},
    {"rfc5280::root-non-critical-basic-constraints", lab},
    {"webpki::ee-basicconstraints-ca", lab},
    {"rfc5280::nc::permitted-dns-match-noncritical",
        "constraints are obeyed whether critical or not"},
    {"webpki::cn::ipv4-hex-mismatch", cn_unused},
    {"webpki::cn::ipv4-leading-zeros-mismatch", cn_unused},
    {"webpki::cn::ipv6-uppercase-mismatch", cn_unused},
    {"webpki::cn::ipv6-uncompressed-mismatch", cn_unused},
    {"webpki::cn::ipv6-non-rfc5952-mismatch", cn_unused},
    {"webpki::cn::punycode-not-in-san", cn_unused},
    {"webpki::cn::utf8-vs-punycode-mismatch", cn_unused},
    {"webpki::cn::not-in-san", cn_unused},
    {"webpki::cn::case-mismatch", cn_unused},
    {"webpki::eku::ee-anyeku", cabf},
    {"webpki::eku::ee-critical-eku", cabf},
    {"webpki::eku::ee-without-eku",
        "RFC 5280: absent means any; private CAs leave it out"},
    {"webpki::eku::root-has-eku", cabf},
    {"webpki::san::public-suffix-multi-label-wildcard-san",
        "no list of public suffixes here"},
    {"webpki::san::public-suffix-private-namespace-wildcard-san",
        "no list of public suffixes here"},
    {"webpki::san::san-critical-with-nonempty-subject", cabf},
};

static const char *deviation_of(const char *id)
{
    for (size_t i = 0; i < ARRAY_LEN(deviations); i++)
        if (strcmp(deviations[i].id, id) == 0)
            return deviations[i].why;
    return NULL;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static void add_all(
    struct bundle *bundle, enum bundle_kind kind, const json_t *pems)
{
    size_t i;
    json_t *pem;
    json_array_foreach(pems, i, pem)
        bundle_add(bundle, kind, STR("limbo"), str_of(json_string_value(pem)));
}

static int64_t time_of(const json_t *testcase)
{
    int64_t ms = clock_wall_ms();
    const char *text = text_of(testcase, "validation_time");
    if (text[0] != '\0')
        assert_int_equal(clock_parse(str_of(text), ms, &ms), OK);
    return ms;
}

static const char *judge_case(const json_t *testcase, uint64_t *us_out)
{
    struct bundle bundle = {0};
    struct diag diag = {0};
    X509 *leaf = NULL;
    STACK_OF(X509) *untrusted = sk_X509_new_null(), *chain = NULL;
    static struct trust_verdict verdict;
    verdict = (struct trust_verdict){0};
    add_all(&bundle, BUNDLE_ROOTS, json_object_get(testcase, "trusted_certs"));
    add_all(&bundle, BUNDLE_CRL, json_object_get(testcase, "crls"));
    struct trust *trust = trust_new(&bundle, &diag);
    bool is_readable =
        trust != NULL &&
        pem_read_cert(str_of(text_of(testcase, "peer_certificate")), &leaf) ==
            OK;
    size_t i;
    json_t *pem;
    json_array_foreach(
        json_object_get(testcase, "untrusted_intermediates"), i, pem)
    {
        X509 *cert;
        if (pem_read_cert(str_of(json_string_value(pem)), &cert) == OK)
            sk_X509_push(untrusted, cert);
        else
            is_readable = false;
    }
    const char *reason = "unreadable";
    const char *host =
        text_of(json_object_get(testcase, "expected_peer_name"), "value");
    uint64_t start_us = clock_mono_us();
    if (is_readable)
        reason = trust_verify(trust, leaf, untrusted, str_of(host),
                     time_of(testcase), &verdict, &chain) == OK
                     ? NULL
                     : verdict.reason;
    *us_out = clock_mono_us() - start_us;
    sk_X509_pop_free(chain, X509_free);
    sk_X509_pop_free(untrusted, X509_free);
    X509_free(leaf);
    trust_free(&trust);
    diag_free(&diag);
    bundle_free(&bundle);
    return reason;
}

static json_t *load_limbo(void)
{
    char path[4096];
    const char *dir = getenv("EVAL_DIR");
    snprintf(path, sizeof path, "%s/x509-limbo.json",
        dir != NULL ? dir : "../shared/eval");
    return json_load_file(path, 0, NULL);
}

static void u1_u16_limbo_cases_end_as_expected(void **state)
{
    (void)state;
    json_t *limbo = load_limbo(), *testcase;
    size_t i, agree = 0, known = 0, other = 0, wrong = 0;
    uint64_t slowest_us = 0;
    if (limbo == NULL) {
        print_message("SKIP: no x509-limbo.json, 207 cases not run\n");
        skip();
    }
    json_array_foreach(json_object_get(limbo, "testcases"), i, testcase)
    {
        uint64_t us;
        const char *id = text_of(testcase, "id");
        const char *host =
            text_of(json_object_get(testcase, "expected_peer_name"), "value");
        if (strcmp(text_of(testcase, "validation_kind"), "SERVER") != 0 ||
            host[0] == '\0') {
            other++; /* client certificates, or no name to connect to */
            continue;
        }
        const char *reason = judge_case(testcase, &us);
        bool want =
            strcmp(text_of(testcase, "expected_result"), "SUCCESS") == 0;
        slowest_us = us > slowest_us ? us : slowest_us;
        if ((reason == NULL) == want) {
            agree++;
            if (deviation_of(id) != NULL) {
                print_message("no deviation any more: %s\n", id);
                wrong++;
            }
            continue;
        }
        if (deviation_of(id) != NULL) {
            known++;
            continue;
        }
        print_message("%s: want %s, got %s\n", id, want ? "good" : "refused",
            reason != NULL ? reason : "good");
        wrong++;
    }
    print_message("limbo: %zu agree, %zu differ for a stated reason, %zu not "
                  "about a named server; slowest %llu us\n",
        agree, known, other, (unsigned long long)slowest_us);
    json_decref(limbo);
    assert_int_equal(wrong, 0);
    assert_true(slowest_us < 500 * 1000); /* U16, under the sanitizers */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(u1_u16_limbo_cases_end_as_expected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
