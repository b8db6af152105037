/* certs/mint.h: what a leaf and a CA are made of. */
#include "certs/mint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "tests/unit/pki.h"

static const int64_t day_ms = 86400 * 1000;

/* Labels of 63 bytes and names of 253 are the last that are good. */
#define TEN "abcdefghij"
#define LABEL_60 TEN TEN TEN TEN TEN TEN
#define NAME_248 LABEL_60 "ab." LABEL_60 "ab." LABEL_60 "ab." LABEL_60 "a"

static void a_host_is_a_name_or_an_address_and_nothing_else(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        bool want;
    } cases[] = {{"chatgpt.com", true}, {"a", true}, {"_dmarc.a-b.c0", true},
        {"10.1.2.3", true}, {"2001:db8::1", true}, {"::", true}, {"", false},
        {"ChatGPT.com", false}, {"a.test.", false}, {".a.test", false},
        {"a..test", false}, {"*.a.test", false}, {"a.test,DNS:b.test", false},
        {"a b", false}, {"[::1]", false}, {"10.1.2.3.4", false},
        {"10.1.2", false}, {"a.0x7f", false}, {"a.test:443", false},
        {LABEL_60 "abc.test", true}, {LABEL_60 "abcd.test", false},
        {NAME_248 ".ab", true}, {NAME_248 ".abcdef", false}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(
            mint_host_is_valid(str_of(cases[i].host)), cases[i].want);
    assert_false(mint_host_is_valid(str_make("a.test\0b", 8)));
}

/* The one alternative name of a leaf, as bytes. */
static struct str only_name(X509 *leaf, int type, GENERAL_NAMES **names)
{
    int critical = -1, found = -1;
    *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, &critical, NULL);
    assert_int_equal(sk_GENERAL_NAME_num(*names), 1);
    ASN1_STRING *value =
        GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(*names, 0), &found);
    assert_int_equal(found, type);
    /* RFC 5280 §4.2.1.6: critical exactly where the subject is empty. */
    assert_int_equal(critical,
        X509_NAME_entry_count(X509_get_subject_name(leaf)) == 0 ? 1 : 0);
    return str_make((const char *)ASN1_STRING_get0_data(value),
        (size_t)ASN1_STRING_length(value));
}

static void a_leaf_names_its_host_and_no_other(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        int type;
        struct str want;
        int subjects;
    } cases[] = {{"chatgpt.com", GEN_DNS, {"chatgpt.com", 11}, 1},
        {"10.1.2.3", GEN_IPADD, {"\x0a\x01\x02\x03", 4}, 1},
        {"::1", GEN_IPADD, {"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01", 16}, 1},
        {LABEL_60 ".abc", GEN_DNS, {LABEL_60 ".abc", 64}, 1},
        {LABEL_60 ".abcd", GEN_DNS, {LABEL_60 ".abcd", 65}, 0}};
    struct pki_cert ca = pki_make_ca("root", NULL);
    EVP_PKEY *key = p256_create();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        X509 *leaf = NULL;
        GENERAL_NAMES *names;
        assert_int_equal(mint_leaf(ca.cert, ca.key, str_of(cases[i].host), key,
                             clock_wall_ms(), &leaf),
            OK);
        assert_true(
            str_eq(only_name(leaf, cases[i].type, &names), cases[i].want));
        assert_int_equal(X509_NAME_entry_count(X509_get_subject_name(leaf)),
            cases[i].subjects);
        assert_int_equal(X509_verify(leaf, ca.key), 1);
        assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(leaf), key), 1);
        assert_int_equal(X509_check_issued(ca.cert, leaf), X509_V_OK);
        GENERAL_NAMES_free(names);
        X509_free(leaf);
    }
    EVP_PKEY_free(key);
    pki_free(&ca);
}

static void what_is_no_host_gets_no_leaf(void **state)
{
    (void)state;
    struct pki_cert ca = pki_make_ca("root", NULL);
    X509 *leaf = NULL;
    int64_t now_ms = clock_wall_ms();
    assert_int_equal(mint_leaf(ca.cert, ca.key, STR("a.test,DNS:b.test"),
                         ca.key, now_ms, &leaf),
        ERR_PARSE);
    /* A clock before the CA's first day signs nothing, either. */
    assert_int_equal(mint_leaf(ca.cert, ca.key, STR("a.test"), ca.key,
                         now_ms - 2 * day_ms, &leaf),
        ERR_DENIED);
    assert_null(leaf);
    pki_free(&ca);
}

static void a_ca_is_one_for_leaves_only_and_five_years(void **state)
{
    (void)state;
    EVP_PKEY *key = p256_create();
    int64_t now_ms = clock_wall_ms();
    X509 *ca = NULL;
    char name[65];
    assert_int_equal(mint_ca(STR("a CA"), NULL, 0, key, now_ms, &ca), OK);
    assert_int_equal(X509_get_pathlen(ca), 0);
    assert_int_equal(X509_check_ca(ca), 1);
    assert_int_equal(X509_get_key_usage(ca), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
    assert_int_equal(X509_self_signed(ca, 1), 1);
    assert_int_equal(X509_NAME_get_text_by_NID(X509_get_subject_name(ca),
                         NID_commonName, name, sizeof name),
        4);
    assert_string_equal(name, "a CA");
    int64_t life_ms = asn1_time_ms(X509_get0_notAfter(ca)) -
                      asn1_time_ms(X509_get0_notBefore(ca));
    assert_int_equal(life_ms,
        (int64_t)MINT_CA_DAYS * day_ms + MINT_BACKDATE_HOURS * day_ms / 24);
    X509_free(ca);
    EVP_PKEY_free(key);
}

static void a_cas_name_has_1_to_64_bytes(void **state)
{
    (void)state;
    EVP_PKEY *key = p256_create();
    X509 *ca = NULL;
    const struct str longest = STR(LABEL_60 "abcd");
    assert_int_equal(mint_ca(STR_NONE, NULL, 0, key, 0, &ca), ERR_PARSE);
    assert_int_equal(
        mint_ca(STR(LABEL_60 "abcde"), NULL, 0, key, 0, &ca), ERR_PARSE);
    assert_null(ca);
    assert_int_equal(mint_ca(longest, NULL, 0, key, day_ms * 9000, &ca), OK);
    X509_free(ca);
    EVP_PKEY_free(key);
}

static void c1_a_leaf_never_outlives_its_ca(void **state)
{
    (void)state;
    struct pki_cert ca = pki_make((struct pki_spec){.name = "short",
                                      .constraints = "critical,CA:TRUE",
                                      .from_days = -1,
                                      .to_days = 3},
        NULL);
    EVP_PKEY *key = p256_create();
    X509 *leaf = NULL;
    int64_t now_ms = clock_wall_ms();
    assert_int_equal(
        mint_leaf(ca.cert, ca.key, STR("a.test"), key, now_ms, &leaf), OK);
    assert_int_equal(ASN1_TIME_compare(
                         X509_get0_notAfter(leaf), X509_get0_notAfter(ca.cert)),
        0);
    assert_int_equal(ASN1_TIME_compare(X509_get0_notBefore(leaf),
                         X509_get0_notBefore(ca.cert)),
        0);
    X509_free(leaf);
    assert_int_equal(mint_leaf(ca.cert, ca.key, STR("a.test"), key,
                         now_ms + 4 * day_ms, &leaf),
        ERR_DENIED);
    EVP_PKEY_free(key);
    pki_free(&ca);
}

static bool is_taken_by_clients(X509 *ca, X509 *leaf)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    X509_STORE_add_cert(store, ca);
    X509_STORE_CTX_init(context, store, leaf, NULL);
    X509_STORE_CTX_set_default(context, "ssl_server");
    bool is_good = X509_verify_cert(context) == 1;
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    return is_good;
}

/* Below and beside, deeper and at the edge of what the CA is for. */
static void k4_the_cas_own_limits_hold(void **state)
{
    (void)state;
    static const struct str permitted[] = {
        {"chatgpt.com", 11}, {"host.test", 9}};
    static const struct {
        const char *host;
        enum err want;
    } cases[] = {{"chatgpt.com", OK}, {"a.b.chatgpt.com", OK},
        {"host.test", OK}, {"10.1.2.3", OK}, {"openai.com", ERR_DENIED},
        {"notchatgpt.com", ERR_DENIED}, {"com", ERR_DENIED},
        {"chatgpt.com.evil.test", ERR_DENIED}, {"test", ERR_DENIED}};
    EVP_PKEY *key = p256_create();
    int64_t now_ms = clock_wall_ms();
    X509 *ca = NULL, *open_ca = NULL;
    assert_int_equal(mint_ca(STR("limited"), permitted, ARRAY_LEN(permitted),
                         key, now_ms, &ca),
        OK);
    assert_int_equal(mint_ca(STR("open"), NULL, 0, key, now_ms, &open_ca), OK);
    int at = X509_get_ext_by_NID(ca, NID_name_constraints, -1);
    assert_true(at >= 0);
    assert_int_equal(X509_EXTENSION_get_critical(X509_get_ext(ca, at)), 1);
    assert_int_equal(
        X509_get_ext_by_NID(open_ca, NID_name_constraints, -1), -1);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        X509 *leaf = NULL;
        struct str host = str_of(cases[i].host);
        assert_int_equal(
            mint_leaf(ca, key, host, key, now_ms, &leaf), cases[i].want);
        if (leaf != NULL)
            assert_true(is_taken_by_clients(ca, leaf));
        X509_free(leaf);
        leaf = NULL;
        assert_int_equal(mint_leaf(open_ca, key, host, key, now_ms, &leaf), OK);
        X509_free(leaf);
    }
    static const struct str bad[] = {{"*.a.test", 8}, {".a.test", 7}, {"", 0}};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(
            mint_ca(STR("bad"), &bad[i], 1, key, now_ms, &ca), ERR_PARSE);
    X509_free(ca);
    X509_free(open_ca);
    EVP_PKEY_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host_is_a_name_or_an_address_and_nothing_else),
        cmocka_unit_test(a_leaf_names_its_host_and_no_other),
        cmocka_unit_test(what_is_no_host_gets_no_leaf),
        cmocka_unit_test(a_ca_is_one_for_leaves_only_and_five_years),
        cmocka_unit_test(a_cas_name_has_1_to_64_bytes),
        cmocka_unit_test(c1_a_leaf_never_outlives_its_ca),
        cmocka_unit_test(k4_the_cas_own_limits_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
