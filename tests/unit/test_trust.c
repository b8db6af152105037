/* certs/trust.h: single rules, with certificates made here. */
#include "certs/trust.h"

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
#include "tests/unit/pki.h"

static struct trust *trust_of(struct bundle *bundle)
{
    struct diag diag = {0};
    struct trust *trust = trust_new(bundle, &diag);
    assert_non_null(trust);
    diag_free(&diag);
    bundle_free(bundle);
    return trust;
}

/* The reason, or "good". */
static const char *judge(struct trust *trust, X509 *leaf, X509 *between,
    const char *host, int64_t now_ms)
{
    struct trust_verdict verdict;
    STACK_OF(X509) *chain = NULL, *untrusted = sk_X509_new_null();
    if (between != NULL)
        sk_X509_push(untrusted, between);
    enum err err = trust_verify(
        trust, leaf, untrusted, str_of(host), now_ms, &verdict, &chain);
    assert_int_equal(err == OK, verdict.reason == NULL);
    assert_int_equal(err == OK, chain != NULL);
    sk_X509_pop_free(chain, X509_free);
    sk_X509_free(untrusted);
    return err == OK ? "good" : verdict.reason;
}

/* ---- single rules ------------------------------------------------------- */

struct rule {
    const char *want, *host, *san;
};

static void u2_u3_names_match_by_san_and_whole_leftmost_wildcard(void **state)
{
    (void)state;
    static const struct rule rules[] = {
        {"good", "chatgpt.com", "DNS:chatgpt.com"},
        {"good", "chatgpt.com", "DNS:a.test,DNS:ChatGPT.com"},
        {"good", "a.chatgpt.com", "DNS:*.chatgpt.com"},
        {"name-mismatch", "chatgpt.com", "DNS:*.chatgpt.com"},
        {"name-mismatch", "b.a.chatgpt.com", "DNS:*.chatgpt.com"},
        {"name-mismatch", "aa.chatgpt.com", "DNS:a*.chatgpt.com"},
        {"name-mismatch", "aa.chatgpt.com", "DNS:*a.chatgpt.com"},
        {"name-mismatch", "chatgpt.com", "DNS:*.com"},
        {"name-mismatch", "chatgpt.com", "DNS:*"},
        {"name-mismatch", "a.b.test", "DNS:a.*.test"},
        {"name-mismatch", "server", ""},
        {"name-mismatch", "chatgpt.com.", "DNS:chatgpt.com"},
        {"name-mismatch", "", "DNS:chatgpt.com"},
        {"good", "10.1.2.3", "IP:10.1.2.3"},
        {"good", "2001:db8::1", "IP:2001:db8:0:0::1"},
        {"name-mismatch", "10.1.2.3", "DNS:10.1.2.3"},
        {"name-mismatch", "10.1.2.3", "IP:10.1.2.4"},
        {"name-mismatch", "10.1.2.3", "DNS:*.1.2.3"},
    };
    struct pki_cert root = pki_make_ca("root", NULL);
    struct bundle bundle = {0};
    pki_add(&bundle, BUNDLE_ROOTS, root.cert);
    struct trust *trust = trust_of(&bundle);
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        const char *san = rules[i].san[0] != '\0' ? rules[i].san : NULL;
        struct pki_cert leaf = pki_make_leaf(san, &root);
        assert_string_equal(
            judge(trust, leaf.cert, NULL, rules[i].host, clock_wall_ms()),
            rules[i].want);
        pki_free(&leaf);
    }
    trust_free(&trust);
    pki_free(&root);
}

static void u13_roots_of_some_hosts_count_for_them_alone(void **state)
{
    (void)state;
    static const struct {
        const char *host, *by_lab, *by_shop, *by_root;
    } rules[] = {
        {"a.lab.test", "good", "unknown-issuer", "good"},
        {"b.a.lab.test", "good", "unknown-issuer", "good"},
        {"lab.test", "good", "unknown-issuer", "good"},
        {"xlab.test", "unknown-issuer", "unknown-issuer", "good"},
        {"lab.test.evil.test", "unknown-issuer", "unknown-issuer", "good"},
        {"shop.lab.test", "good", "unknown-issuer", "good"}, /* the first */
        {"shop.test", "unknown-issuer", "good", "good"},
        {"other.test", "unknown-issuer", "unknown-issuer", "good"},
    };
    struct pki_cert root = pki_make_ca("root", NULL);
    struct pki_cert lab = pki_make_ca("lab", NULL);
    struct pki_cert shop = pki_make_ca("shop", NULL);
    struct bundle all = {0}, limited = {0};
    struct diag diag = {0};
    pki_add(&all, BUNDLE_ROOTS, root.cert);
    pki_add(&limited, BUNDLE_HOST_ROOTS, lab.cert);
    pki_add(&limited, BUNDLE_HOST_ROOTS, shop.cert);
    struct trust *trust = trust_of(&all);
    trust_add_host_roots(trust, STR(".lab.test"), &limited.files[0], &diag);
    trust_add_host_roots(trust, STR("shop.lab.test"), &limited.files[1], &diag);
    trust_add_host_roots(trust, STR("shop.test"), &limited.files[1], &diag);
    assert_int_equal(diag.count, 0);
    const struct pki_cert *issuers[] = {&lab, &shop, &root};
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        const char *want[] = {
            rules[i].by_lab, rules[i].by_shop, rules[i].by_root};
        char san[64];
        snprintf(san, sizeof san, "DNS:%s", rules[i].host);
        for (size_t j = 0; j < ARRAY_LEN(issuers); j++) {
            struct pki_cert leaf = pki_make_leaf(san, issuers[j]);
            assert_string_equal(
                judge(trust, leaf.cert, NULL, rules[i].host, clock_wall_ms()),
                want[j]);
            pki_free(&leaf);
        }
    }
    struct bundle_file broken = {
        BUNDLE_HOST_ROOTS, STR("broken.pem"), STR("no PEM")};
    trust_add_host_roots(trust, STR("x.test"), &broken, &diag);
    assert_int_equal(diag.count, 1);
    diag_free(&diag);
    trust_free(&trust);
    bundle_free(&limited);
    pki_free(&root);
    pki_free(&lab);
    pki_free(&shop);
}

/* U9, U11: lists and the own CA hold for such roots, too. */
static void u13_the_own_ca_is_no_root_of_a_host(void **state)
{
    (void)state;
    struct pki_cert own = pki_make_ca("own", NULL);
    struct pki_cert root = pki_make_ca("root", NULL);
    struct bundle all = {0}, limited = {0};
    struct diag diag = {0};
    pki_add(&all, BUNDLE_ROOTS, root.cert);
    pki_add(&all, BUNDLE_CA, own.cert);
    pki_add(&limited, BUNDLE_HOST_ROOTS, own.cert);
    struct trust *trust = trust_of(&all);
    trust_add_host_roots(trust, STR("a.test"), &limited.files[0], &diag);
    struct pki_cert leaf = pki_make_leaf("DNS:a.test", &own);
    assert_string_equal(
        judge(trust, leaf.cert, NULL, "a.test", clock_wall_ms()), "own-ca");
    pki_free(&leaf);
    diag_free(&diag);
    trust_free(&trust);
    bundle_free(&limited);
    pki_free(&own);
    pki_free(&root);
}

static void u4_u5_authorities_are_held_to_their_limits(void **state)
{
    (void)state;
    static const struct {
        const char *want;
        struct pki_spec ca;
    } rules[] = {
        {"good", {.constraints = "critical,CA:TRUE"}},
        {"good", {.constraints = "critical,CA:TRUE,pathlen:0"}},
        {"good", {.constraints = "critical,CA:TRUE",
                     .extra = "nameConstraints=permitted;DNS:a.test"}},
        {"invalid-ca", {.constraints = "critical,CA:FALSE"}},
        {"invalid-ca", {.key_usage = "keyCertSign"}},
        {"invalid-ca", {.constraints = NULL}},
        {"invalid-ca",
            {.constraints = "critical,CA:TRUE", .key_usage = "cRLSign"}},
        {"name-constraint",
            {.constraints = "critical,CA:TRUE",
                .extra = "nameConstraints=permitted;DNS:b.test"}},
        {"name-constraint",
            {.constraints = "critical,CA:TRUE",
                .extra = "nameConstraints=excluded;DNS:a.test"}},
        {"expired", {.constraints = "critical,CA:TRUE",
                        .from_days = -9,
                        .to_days = -1}},
        {"not-yet-valid",
            {.constraints = "critical,CA:TRUE", .from_days = 1, .to_days = 9}},
        {"weak-key", {.constraints = "critical,CA:TRUE", .key = "RSA1024"}},
        {"weak-key", {.constraints = "critical,CA:TRUE", .key = "secp256k1"}},
        {"weak-signature",
            {.constraints = "critical,CA:TRUE", .digest = "SHA1"}},
        {"critical-extension", {.constraints = "critical,CA:TRUE",
                                   .extra = "1.2.3.4=critical,DER:0500"}},
        {"wrong-usage", {.constraints = "critical,CA:TRUE",
                            .extended_usage = "clientAuth"}},
    };
    struct pki_cert root = pki_make_ca("root", NULL);
    struct bundle bundle = {0};
    pki_add(&bundle, BUNDLE_ROOTS, root.cert);
    struct trust *trust = trust_of(&bundle);
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        struct pki_spec spec = rules[i].ca;
        spec.name = "between";
        struct pki_cert between = pki_make(spec, &root);
        struct pki_cert leaf = pki_make_leaf("DNS:a.test", &between);
        const char *got =
            judge(trust, leaf.cert, between.cert, "a.test", clock_wall_ms());
        if (strcmp(got, rules[i].want) != 0)
            print_message("rule %zu: %s\n", i, got);
        assert_string_equal(got, rules[i].want);
        pki_free(&leaf);
        pki_free(&between);
    }
    trust_free(&trust);
    pki_free(&root);
}

/* In the leaf and in the authority above it. */
static void u6_weak_signatures_and_odd_keys_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *want, *key, *digest;
    } rules[] = {
        {"good", "RSA2048", NULL},
        {"good", "P-384", "SHA384"},
        {"good", "P-521", "SHA512"},
        {"weak-signature", NULL, "MD5"},
        {"weak-signature", NULL, "SHA1"},
        {"weak-signature", NULL, "SHA224"},
        {"weak-key", "RSA1024", NULL},
        {"weak-key", "RSA2040", NULL},
        {"weak-key", "P-192", NULL},
        {"weak-key", "P-224", NULL},
        {"weak-key", "secp256k1", NULL},
        {"weak-key", "brainpoolP256r1", NULL},
    };
    struct pki_cert root =
        pki_make((struct pki_spec){.name = "root",
                     .key = "RSA2048", /* there is no ECDSA with MD5 */
                     .constraints = "critical,CA:TRUE",
                     .key_usage = "critical,keyCertSign"},
            NULL);
    struct bundle bundle = {0};
    pki_add(&bundle, BUNDLE_ROOTS, root.cert);
    struct trust *trust = trust_of(&bundle);
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        struct pki_spec leaf_spec = {.name = "server",
            .san = "DNS:a.test",
            .key = rules[i].key,
            .digest = rules[i].digest};
        struct pki_spec ca_spec = {.name = "between",
            .constraints = "critical,CA:TRUE",
            .key_usage = "critical,keyCertSign",
            .key = rules[i].key,
            .digest = rules[i].digest};
        struct pki_cert leaf = pki_make(leaf_spec, &root);
        struct pki_cert between = pki_make(ca_spec, &root);
        struct pki_cert below = pki_make_leaf("DNS:a.test", &between);
        int64_t now_ms = clock_wall_ms();
        assert_string_equal(
            judge(trust, leaf.cert, NULL, "a.test", now_ms), rules[i].want);
        assert_string_equal(
            judge(trust, below.cert, between.cert, "a.test", now_ms),
            rules[i].want);
        pki_free(&leaf);
        pki_free(&between);
        pki_free(&below);
    }
    trust_free(&trust);
    pki_free(&root);
}

/* A signature is valid as long as nobody looks at the clock. */
static void u4_the_clock_of_the_call_decides_not_that_of_the_load(void **state)
{
    (void)state;
    const int64_t day_ms = 86400000;
    struct pki_cert root = pki_make_ca("root", NULL);
    struct pki_cert leaf = pki_make_leaf("DNS:a.test", &root); /* -1 to 90 */
    struct bundle bundle = {0};
    pki_add(&bundle, BUNDLE_ROOTS, root.cert);
    struct trust *trust = trust_of(&bundle);
    int64_t now_ms = clock_wall_ms();
    assert_string_equal(
        judge(trust, leaf.cert, NULL, "a.test", now_ms + 89 * day_ms), "good");
    assert_string_equal(
        judge(trust, leaf.cert, NULL, "a.test", now_ms + 91 * day_ms),
        "expired");
    assert_string_equal(
        judge(trust, leaf.cert, NULL, "a.test", now_ms - 2 * day_ms),
        "not-yet-valid");
    trust_free(&trust);
    pki_free(&root);
    pki_free(&leaf);
}

static void u5_a_wildcard_does_not_cover_an_excluded_name(void **state)
{
    (void)state;
    struct pki_cert root = pki_make_ca("root", NULL);
    struct pki_cert between =
        pki_make((struct pki_spec){.name = "between",
                     .constraints = "critical,CA:TRUE",
                     .extra = "nameConstraints=excluded;DNS:bar.a.test"},
            &root);
    struct pki_cert leaf = pki_make_leaf("DNS:*.a.test", &between);
    struct bundle bundle = {0};
    pki_add(&bundle, BUNDLE_ROOTS, root.cert);
    struct trust *trust = trust_of(&bundle);
    int64_t now_ms = clock_wall_ms();
    assert_string_equal(
        judge(trust, leaf.cert, between.cert, "bar.a.test", now_ms),
        "name-constraint");
    assert_string_equal(
        judge(trust, leaf.cert, between.cert, "foobar.a.test", now_ms), "good");
    trust_free(&trust);
    pki_free(&root);
    pki_free(&between);
    pki_free(&leaf);
}

static void u5_path_length_is_counted(void **state)
{
    (void)state;
    struct pki_cert root =
        pki_make((struct pki_spec){.name = "root",
                     .constraints = "critical,CA:TRUE,pathlen:0",
                     .key_usage = "keyCertSign"},
            NULL);
    struct pki_cert between = pki_make_ca("between", &root);
    struct pki_cert leaf = pki_make_leaf("DNS:a.test", &between);
    struct bundle bundle = {0};
    pki_add(&bundle, BUNDLE_ROOTS, root.cert);
    struct trust *trust = trust_of(&bundle);
    assert_string_equal(
        judge(trust, leaf.cert, between.cert, "a.test", clock_wall_ms()),
        "invalid-ca");
    trust_free(&trust);
    pki_free(&root);
    pki_free(&between);
    pki_free(&leaf);
}

static void u11_our_own_ca_never_counts_not_even_cross_signed(void **state)
{
    (void)state;
    struct pki_cert root = pki_make_ca("root", NULL);
    struct pki_cert own = pki_make_ca("promptgate", NULL);
    struct pki_cert leaf = pki_make_leaf("DNS:a.test", &own);
    /* Our CA's key under a public root. */
    struct pki_cert crossed = {X509_dup(own.cert), NULL};
    X509_set_issuer_name(crossed.cert, X509_get_subject_name(root.cert));
    X509_EXTENSION_free(X509_delete_ext(crossed.cert,
        X509_get_ext_by_NID(crossed.cert, NID_authority_key_identifier, -1)));
    X509_sign(crossed.cert, root.key, EVP_sha256());
    struct bundle bundle = {0};
    pki_add(&bundle, BUNDLE_ROOTS, root.cert);
    pki_add(&bundle, BUNDLE_ROOTS, own.cert);
    pki_add(&bundle, BUNDLE_CA, own.cert);
    struct trust *trust = trust_of(&bundle);
    int64_t now_ms = clock_wall_ms();
    assert_string_equal(
        judge(trust, leaf.cert, NULL, "a.test", now_ms), "own-ca");
    assert_string_equal(
        judge(trust, leaf.cert, crossed.cert, "a.test", now_ms), "own-ca");
    trust_free(&trust);
    pki_free(&root);
    pki_free(&own);
    pki_free(&leaf);
    pki_free(&crossed);
}

static void u9_local_revocation_lists_are_obeyed(void **state)
{
    (void)state;
    static const int next_days[] = {30, -1}; /* current, out of date */
    struct pki_cert root = pki_make_ca("root", NULL);
    struct pki_cert other = pki_make_ca("other", NULL);
    struct pki_cert bad = pki_make_leaf("DNS:a.test", &root);
    struct pki_cert good = pki_make_leaf("DNS:a.test", &root);
    struct pki_cert without = pki_make_leaf("DNS:a.test", &other);
    int64_t now_ms = clock_wall_ms();
    for (size_t i = 0; i < ARRAY_LEN(next_days); i++) {
        struct bundle bundle = {0};
        pki_add(&bundle, BUNDLE_ROOTS, root.cert);
        pki_add(&bundle, BUNDLE_ROOTS, other.cert);
        pki_add_crl(&bundle, &root, bad.cert, next_days[i]);
        struct trust *trust = trust_of(&bundle);
        assert_string_equal(
            judge(trust, bad.cert, NULL, "a.test", now_ms), "revoked");
        assert_string_equal(
            judge(trust, good.cert, NULL, "a.test", now_ms), "good");
        assert_string_equal(
            judge(trust, without.cert, NULL, "a.test", now_ms), "good");
        trust_free(&trust);
    }
    pki_free(&root);
    pki_free(&other);
    pki_free(&bad);
    pki_free(&good);
    pki_free(&without);
}

/* Each form has its test in test_profile: here, that they are asked for, of the
 * server's own certificate and of those above it. */
static void u5_forbidden_forms_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *want;
        struct pki_spec ca, leaf;
    } rules[] = {
        {.want = "good"},
        {.want = "critical-extension",
            .leaf = {.extra = "1.2.3.4=critical,DER:0500"}},
        {.want = "wrong-usage", .leaf = {.extended_usage = "clientAuth"}},
        {.want = "malformed", .leaf = {.serial = "0"}},
        {.want = "malformed", .ca = {.serial = "0"}},
        {.want = "malformed", .leaf = {.san = "DNS:a.test,DNS:b..test"}},
        {.want = "malformed", .ca = {.extra = "inhibitAnyPolicy=2"}},
    };
    struct pki_cert root = pki_make_ca("root", NULL);
    struct bundle bundle = {0};
    pki_add(&bundle, BUNDLE_ROOTS, root.cert);
    struct trust *trust = trust_of(&bundle);
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        struct pki_spec ca = rules[i].ca, leaf = rules[i].leaf;
        ca.name = "between";
        ca.constraints = "critical,CA:TRUE";
        leaf.name = "server";
        leaf.san = leaf.san != NULL ? leaf.san : "DNS:a.test";
        struct pki_cert between = pki_make(ca, &root);
        struct pki_cert server = pki_make(leaf, &between);
        const char *got =
            judge(trust, server.cert, between.cert, "a.test", clock_wall_ms());
        if (strcmp(got, rules[i].want) != 0)
            print_message("rule %zu: %s\n", i, got);
        assert_string_equal(got, rules[i].want);
        pki_free(&server);
        pki_free(&between);
    }
    trust_free(&trust);
    pki_free(&root);
}

/* As these tools write them when nothing special is asked for. */
static const struct {
    const char *tool;
    struct pki_spec root, between, leaf;
} private_authorities[] = {
    {.tool = "openssl req -x509, ca",
        .root = {.constraints = "critical,CA:TRUE"},
        .leaf = {.serial = "1",
            .constraints = "CA:FALSE",
            .aki = "keyid,issuer",
            .extra = "nsComment=OpenSSL Generated Certificate"}},
    {.tool = "openssl req -x509 -CA",
        .root = {.constraints = "critical,CA:TRUE"},
        .leaf = {.constraints = "critical,CA:TRUE"}},
    {.tool = "openssl x509 -req -set_serial, a root of number 0",
        .root = {.constraints = "CA:TRUE", .serial = "0"},
        .leaf = {.serial = "0x01"}},
    {.tool = "mkcert",
        .root = {.constraints = "critical,CA:TRUE,pathlen:0",
            .key = "RSA3072",
            .key_usage = "critical,keyCertSign"},
        .leaf = {.key = "RSA2048",
            .key_usage = "critical,digitalSignature,keyEncipherment",
            .extended_usage = "serverAuth"}},
    {.tool = "easy-rsa",
        .root = {.constraints = "CA:TRUE",
            .key_usage = "cRLSign,keyCertSign",
            .aki = "keyid:always,issuer:always"},
        .leaf = {.constraints = "CA:FALSE",
            .serial = "0xe3f1c3b0a0b1c2d3e4f5061728394a5b",
            .key_usage = "digitalSignature,keyEncipherment",
            .extended_usage = "serverAuth",
            .aki = "keyid,issuer:always"}},
    {.tool = "step-ca",
        .root = {.constraints = "critical,CA:TRUE,pathlen:1",
            .key_usage = "critical,keyCertSign,cRLSign"},
        .between = {.constraints = "critical,CA:TRUE,pathlen:0",
            .key_usage = "critical,keyCertSign,cRLSign"},
        .leaf = {.key_usage = "critical,digitalSignature",
            .extended_usage = "serverAuth,clientAuth",
            .extra = "1.3.6.1.4.1.37476.9000.64.1=DER:3003020101"}},
    {.tool = "trustme",
        .root = {.constraints = "critical,CA:TRUE,pathlen:9",
            .key_usage = "critical,keyCertSign,cRLSign,digitalSignature"},
        .leaf = {.san = "critical,DNS:a.test",
            .constraints = "critical,CA:FALSE",
            .key_usage = "critical,digitalSignature,keyEncipherment",
            .extended_usage = "critical,clientAuth,serverAuth,"
                              "codeSigning"}},
    {.tool = "AD CS",
        .root = {.constraints = "critical,CA:TRUE",
            .key_usage = "digitalSignature,keyCertSign,cRLSign",
            .extra = "1.3.6.1.4.1.311.21.1=DER:020100"},
        .between = {.constraints = "critical,CA:TRUE",
            .key_usage = "digitalSignature,keyCertSign,cRLSign",
            .extra = "1.3.6.1.4.1.311.20.2=DER:1e0a00530075006200430041\n"
                     "crlDistributionPoints=URI:ldap:///CN=ca%2cCN=CDP?x?base"},
        .leaf = {.key = "RSA2048",
            .serial = "0x5e00000002a1b2c3d4e5f60718000000000002",
            .key_usage = "critical,digitalSignature,keyEncipherment",
            .extended_usage = "serverAuth",
            .extra = "1.3.6.1.4.1.311.21.7=DER:300a06052a03040506020101\n"
                     "1.3.6.1.4.1.311.21.10=DER:300c300a06082b06010505070301\n"
                     "authorityInfoAccess=caIssuers;URI:ldap:///CN=ca?c?base"}},
    {.tool = "the simplest",
        .root = {.constraints = "CA:TRUE", .is_bare = true},
        .leaf = {.is_bare = true}},
};

static void certificates_of_private_authorities_are_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(private_authorities); i++) {
        struct pki_spec spec[] = {private_authorities[i].root,
            private_authorities[i].between, private_authorities[i].leaf};
        bool is_deep = spec[1].constraints != NULL;
        spec[0].name = "root";
        spec[1].name = "between";
        spec[2].name = "server";
        spec[2].san = spec[2].san != NULL ? spec[2].san : "DNS:a.test";
        struct pki_cert root = pki_make(spec[0], NULL), between = {0};
        if (is_deep)
            between = pki_make(spec[1], &root);
        struct pki_cert leaf = pki_make(spec[2], is_deep ? &between : &root);
        struct bundle bundle = {0};
        pki_add(&bundle, BUNDLE_ROOTS, root.cert);
        struct trust *trust = trust_of(&bundle);
        const char *got =
            judge(trust, leaf.cert, between.cert, "a.test", clock_wall_ms());
        if (strcmp(got, "good") != 0)
            print_message("%s: %s\n", private_authorities[i].tool, got);
        assert_string_equal(got, "good");
        trust_free(&trust);
        pki_free(&root);
        pki_free(&between);
        pki_free(&leaf);
    }
}

/* As "openssl req -x509 -addext subjectAltName=…" writes it. */
static void u1_a_self_signed_server_is_taken_when_it_is_a_root(void **state)
{
    (void)state;
    struct pki_cert server = pki_make((struct pki_spec){.name = "server",
                                          .serial = "0",
                                          .san = "DNS:a.test",
                                          .constraints = "critical,CA:TRUE"},
        NULL);
    struct pki_cert other = pki_make_ca("other", NULL);
    struct bundle with = {0}, without = {0};
    pki_add(&with, BUNDLE_ROOTS, server.cert);
    pki_add(&without, BUNDLE_ROOTS, other.cert);
    struct trust *believes = trust_of(&with), *doubts = trust_of(&without);
    int64_t now_ms = clock_wall_ms();
    assert_string_equal(
        judge(believes, server.cert, NULL, "a.test", now_ms), "good");
    assert_string_equal(
        judge(doubts, server.cert, NULL, "a.test", now_ms), "self-signed");
    trust_free(&believes);
    trust_free(&doubts);
    pki_free(&server);
    pki_free(&other);
}

static void u1_a_configured_authority_below_another_is_a_root(void **state)
{
    (void)state;
    struct pki_cert root = pki_make_ca("root", NULL);
    struct pki_cert between = pki_make_ca("between", &root);
    struct pki_cert sister = pki_make_ca("sister", &root);
    struct pki_cert leaf = pki_make_leaf("DNS:a.test", &between);
    struct pki_cert beside = pki_make_leaf("DNS:a.test", &sister);
    struct bundle bundle = {0};
    pki_add(&bundle, BUNDLE_ROOTS, between.cert);
    struct trust *trust = trust_of(&bundle);
    int64_t now_ms = clock_wall_ms();
    assert_string_equal(
        judge(trust, leaf.cert, root.cert, "a.test", now_ms), "good");
    assert_string_equal(
        judge(trust, beside.cert, sister.cert, "a.test", now_ms),
        "unknown-issuer");
    trust_free(&trust);
    pki_free(&root);
    pki_free(&between);
    pki_free(&sister);
    pki_free(&leaf);
    pki_free(&beside);
}

/* An authority of two certificates, of which the first one leads to nothing. */
static void u1_another_way_to_a_root_is_found(void **state)
{
    (void)state;
    struct pki_cert root = pki_make_ca("root", NULL);
    struct pki_cert narrow =
        pki_make((struct pki_spec){.name = "narrow",
                     .constraints = "critical,CA:TRUE",
                     .extra = "nameConstraints=critical,permitted;DNS:b.test"},
            &root);
    struct pki_cert by_narrow = pki_make_ca("shared", &narrow);
    struct pki_cert by_root = {X509_dup(by_narrow.cert), NULL};
    X509_set_issuer_name(by_root.cert, X509_get_subject_name(root.cert));
    X509_EXTENSION_free(X509_delete_ext(by_root.cert,
        X509_get_ext_by_NID(by_root.cert, NID_authority_key_identifier, -1)));
    X509_sign(by_root.cert, root.key, EVP_sha256());
    struct pki_cert leaf = pki_make_leaf("DNS:a.test", &by_narrow);
    struct bundle bundle = {0};
    pki_add(&bundle, BUNDLE_ROOTS, root.cert);
    struct trust *trust = trust_of(&bundle);
    STACK_OF(X509) *sent = sk_X509_new_null();
    X509 *in_order[] = {by_narrow.cert, narrow.cert, by_root.cert};
    for (size_t n = 0; n < ARRAY_LEN(in_order); n++) {
        struct trust_verdict verdict;
        STACK_OF(X509) *chain = NULL;
        sk_X509_push(sent, in_order[n]);
        enum err err = trust_verify(trust, leaf.cert, sent, STR("a.test"),
            clock_wall_ms(), &verdict, &chain);
        const char *want[] = {"unknown-issuer", "name-constraint", "good"};
        assert_string_equal(err != OK ? verdict.reason : "good", want[n]);
        sk_X509_pop_free(chain, X509_free);
    }
    sk_X509_free(sent);
    trust_free(&trust);
    pki_free(&root);
    pki_free(&narrow);
    pki_free(&by_narrow);
    pki_free(&by_root);
    pki_free(&leaf);
}

static void u4_the_last_second_counts_and_the_next_does_not(void **state)
{
    (void)state;
    struct pki_cert root = pki_make_ca("root", NULL);
    struct pki_cert leaf = pki_make(
        (struct pki_spec){.name = "server", .san = "DNS:a.test", .to_days = 9},
        &root);
    struct bundle bundle = {0};
    pki_add(&bundle, BUNDLE_ROOTS, root.cert);
    struct trust *trust = trust_of(&bundle);
    int64_t end_ms = asn1_time_ms(X509_get0_notAfter(leaf.cert));
    assert_string_equal(
        judge(trust, leaf.cert, NULL, "a.test", end_ms + 999), "good");
    assert_string_equal(
        judge(trust, leaf.cert, NULL, "a.test", end_ms + 1000), "expired");
    trust_free(&trust);
    pki_free(&root);
    pki_free(&leaf);
}

static void u16_a_long_chain_is_refused_before_any_work(void **state)
{
    (void)state;
    struct pki_cert root = pki_make_ca("root", NULL);
    struct pki_cert leaf = pki_make_leaf("DNS:a.test", &root);
    struct bundle bundle = {0};
    pki_add(&bundle, BUNDLE_ROOTS, root.cert);
    struct trust *trust = trust_of(&bundle);
    STACK_OF(X509) *many = sk_X509_new_null(), *chain = NULL;
    struct trust_verdict verdict;
    for (int i = 0; i <= TRUST_CHAIN_MAX; i++)
        sk_X509_push(many, leaf.cert);
    assert_int_equal(trust_verify(trust, leaf.cert, many, STR("a.test"),
                         clock_wall_ms(), &verdict, &chain),
        ERR_DENIED);
    assert_string_equal(verdict.reason, "chain-too-long");
    sk_X509_free(many);
    trust_free(&trust);
    pki_free(&root);
    pki_free(&leaf);
}

static void broken_files_are_mistakes_with_a_name(void **state)
{
    (void)state;
    static const enum bundle_kind kinds[] = {
        BUNDLE_ROOTS, BUNDLE_CRL, BUNDLE_CA};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct bundle bundle = {0};
        struct diag diag = {0};
        bundle_add(&bundle, kinds[i], STR("lab.pem"), STR("no PEM at all"));
        assert_null(trust_new(&bundle, &diag));
        assert_int_equal(diag.count, 1);
        assert_true(str_starts(buf_str(&diag.text), "lab.pem:1: "));
        diag_free(&diag);
        bundle_free(&bundle);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(u2_u3_names_match_by_san_and_whole_leftmost_wildcard),
        cmocka_unit_test(u13_roots_of_some_hosts_count_for_them_alone),
        cmocka_unit_test(u13_the_own_ca_is_no_root_of_a_host),
        cmocka_unit_test(u4_u5_authorities_are_held_to_their_limits),
        cmocka_unit_test(u4_the_clock_of_the_call_decides_not_that_of_the_load),
        cmocka_unit_test(u6_weak_signatures_and_odd_keys_are_refused),
        cmocka_unit_test(u5_a_wildcard_does_not_cover_an_excluded_name),
        cmocka_unit_test(u5_path_length_is_counted),
        cmocka_unit_test(u5_forbidden_forms_are_refused),
        cmocka_unit_test(certificates_of_private_authorities_are_taken),
        cmocka_unit_test(u1_a_self_signed_server_is_taken_when_it_is_a_root),
        cmocka_unit_test(u1_a_configured_authority_below_another_is_a_root),
        cmocka_unit_test(u1_another_way_to_a_root_is_found),
        cmocka_unit_test(u4_the_last_second_counts_and_the_next_does_not),
        cmocka_unit_test(u11_our_own_ca_never_counts_not_even_cross_signed),
        cmocka_unit_test(u9_local_revocation_lists_are_obeyed),
        cmocka_unit_test(u16_a_long_chain_is_refused_before_any_work),
        cmocka_unit_test(broken_files_are_mistakes_with_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
