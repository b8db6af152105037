/* console/oidc.h, console/oidc_msg.h and base/url.h */
#include "console/oidc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/url.h"
#include "console/oidc_msg.h"
#include "inspect/json.h"

#define ISSUER "https://idp.example/realm"

static void addresses_are_https_and_nothing_odd(void **state)
{
    (void)state;
    const char *good[] = {"https://a", "https://a.example:8443/x?y=z",
        "https://[::1]:1/", "https://127.0.0.1"};
    const char *bad[] = {"", "http://a", "https://", "https:///x",
        "https://:443/", "https://u@a/", "https://a/#f", "https://a/ b",
        "https://a/\n", "https://a/\"", "https://a\\b", "https://a/<", "a",
        "javascript:x", "https://a/\x80", "https://a/{x}"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(url_is_https(str_of(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (url_is_https(str_of(bad[i])))
            fail_msg("%s", bad[i]);
    assert_true(str_is(url_authority(STR("https://a:1?x")), "a:1"));
    assert_true(str_is(url_authority(STR("https://a:1/x")), "a:1"));
}

static enum err read_metadata(
    const char *more, struct arena *arena, struct oidc_metadata *out)
{
    char json[1024];
    snprintf(json, sizeof json, "{\"issuer\":\"" ISSUER "\",%s}", more);
    return oidc_metadata_parse(str_of(json), STR(ISSUER), arena, out);
}

#define ENDPOINTS                                                              \
    "\"authorization_endpoint\":\"https://idp.example/a?x=1\","                \
    "\"token_endpoint\":\"https://idp.example/t\","                            \
    "\"jwks_uri\":\"https://keys.example/k\""

static void metadata_must_be_of_the_issuer_and_have_addresses(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct oidc_metadata m;
    assert_int_equal(read_metadata(ENDPOINTS, &arena, &m), OK);
    assert_true(str_is(m.token_endpoint, "https://idp.example/t"));
    assert_true(str_is(m.jwks_uri, "https://keys.example/k"));
    assert_int_equal(m.end_session_endpoint.n, 0);
    assert_false(m.wants_post);
    assert_false(m.sends_iss);
    assert_int_equal(
        read_metadata(ENDPOINTS ",\"end_session_endpoint\":\"https://i/o\","
                                "\"token_endpoint_auth_methods_supported\":"
                                "[\"client_secret_post\"],"
                                "\"authorization_response_iss_parameter_"
                                "supported\":true",
            &arena, &m),
        OK);
    assert_true(m.wants_post && m.sends_iss);
    assert_true(str_is(m.end_session_endpoint, "https://i/o"));
    assert_int_equal(
        read_metadata(ENDPOINTS ",\"token_endpoint_auth_methods_supported\":"
                                "[\"client_secret_post\","
                                "\"client_secret_basic\"]",
            &arena, &m),
        OK);
    assert_false(m.wants_post);
    assert_int_equal(
        read_metadata(
            ENDPOINTS ",\"end_session_endpoint\":\"http://i/o\"", &arena, &m),
        OK);
    assert_int_equal(m.end_session_endpoint.n, 0);
    const char *bad[] = {"\"x\":1", ENDPOINTS ",\"issuer\":\"https://evil\"",
        ENDPOINTS ",\"token_endpoint\":\"http://idp.example/t\"",
        ENDPOINTS ",\"jwks_uri\":7", ENDPOINTS ",",
        ENDPOINTS ",\"authorization_endpoint\":\"javascript:alert(1)\""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(read_metadata(bad[i], &arena, &m), ERR_PARSE);
    arena_free(&arena);
}

static void the_issuer_says_where_its_metadata_is(void **state)
{
    (void)state;
    const char *issuers[] = {ISSUER, ISSUER "/"};
    for (size_t i = 0; i < 2; i++) {
        struct buf out = {0};
        oidc_metadata_url(str_of(issuers[i]), &out);
        assert_string_equal(
            buf_cstr(&out), ISSUER "/.well-known/openid-configuration");
        buf_free(&out);
    }
}

/* The challenge of RFC 7636, appendix B. */
static void people_are_sent_with_a_challenge(void **state)
{
    (void)state;
    struct str scopes[] = {STR("openid"), STR("email")};
    struct str_list list = {scopes, 2};
    struct buf out = {0};
    struct oidc_start start = {STR("a&b"), STR("https://gate/x"), STR("S"),
        STR("N"), STR("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), &list};
    oidc_write_authorize_url(STR("https://i/a?x=1"), &start, &out);
    assert_string_equal(buf_cstr(&out),
        "https://i/a?x=1&response_type=code&client_id=a%26b&redirect_uri="
        "https%3A%2F%2Fgate%2Fx&scope=openid%20email&state=S&nonce=N&"
        "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&"
        "code_challenge_method=S256");
    buf_clear(&out);
    oidc_write_logout_url(
        STR("https://i/o"), STR("c"), STR("a.b.c"), STR("https://gate/"), &out);
    assert_string_equal(buf_cstr(&out),
        "https://i/o?id_token_hint=a.b.c&client_id=c&post_logout_redirect_uri="
        "https%3A%2F%2Fgate%2F");
    buf_free(&out);
}

static void the_secret_goes_as_the_provider_wants_it(void **state)
{
    (void)state;
    struct buf form = {0}, header = {0};
    struct oidc_code code = {STR("c:1"), STR("s/ü"), STR("K"), STR("V"),
        STR("https://gate/x"), false};
    oidc_write_token_request(&code, &form, &header);
    assert_string_equal(buf_cstr(&form),
        "grant_type=authorization_code&code=K&redirect_uri=https%3A%2F%2Fgate"
        "%2Fx&code_verifier=V");
    assert_string_equal(/* c%3A1:s%2F%C3%BC */
        buf_cstr(&header), "Basic YyUzQTE6cyUyRiVDMyVCQw==");
    buf_clear(&form);
    buf_clear(&header);
    code.wants_post = true;
    oidc_write_token_request(&code, &form, &header);
    assert_int_equal(header.n, 0);
    assert_true(
        str_ends(buf_str(&form), "&client_id=c%3A1&client_secret=s%2F%C3%BC"));
    buf_clear(&form);
    code.secret = STR_NONE; /* a public client */
    code.wants_post = false;
    oidc_write_token_request(&code, &form, &header);
    assert_int_equal(header.n, 0);
    assert_true(str_ends(buf_str(&form), "&client_id=c%3A1"));
    buf_free(&form);
    buf_free(&header);
}

static void answers_to_the_code_say_what_is_wrong(void **state)
{
    (void)state;
    const struct {
        int status;
        const char *body;
        enum oidc_fault fault;
    } cases[] = {{200, "{\"id_token\":\"a.b.c\"}", OIDC_FINE},
        {200, "{\"id_token\":7}", OIDC_TOKENS},
        {200, "{\"access_token\":\"x\"}", OIDC_TOKENS},
        {200, "<html>", OIDC_TOKENS}, {200, "", OIDC_TOKENS},
        {400, "{\"error\":\"invalid_grant\"}", OIDC_REFUSED},
        {400, "{\"error\":\"invalid_request\"}", OIDC_TOKENS},
        {400, "{\"error\":\"invalid_client\"}", OIDC_CLIENT},
        {400, "", OIDC_TOKENS}, {401, "", OIDC_CLIENT},
        {302, "", OIDC_UNREACHABLE}, {500, "", OIDC_UNREACHABLE},
        {500, "{\"id_token\":\"a.b.c\"}", OIDC_UNREACHABLE},
        {0, "", OIDC_UNREACHABLE}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena arena = {0};
        struct str token;
        assert_int_equal(oidc_read_token_answer(cases[i].status,
                             str_of(cases[i].body), &arena, &token),
            cases[i].fault);
        assert_int_equal(str_is(token, "a.b.c"), cases[i].fault == OIDC_FINE);
        arena_free(&arena);
    }
}

static enum oidc_fault find(const char *json,
    const struct setting_oidc *settings, struct oidc_person *out)
{
    struct arena arena = {0};
    struct json_node *claims = NULL;
    assert_int_equal(json_parse(str_of(json), &arena, NULL, &claims), OK);
    enum oidc_fault fault = oidc_find_person(claims, settings, out);
    arena_free(&arena);
    return fault;
}

static struct setting_role roles[] = {{STR("admins"), USER_ADMINISTRATOR},
    {STR("eyes"), USER_AUDITOR}, {STR("people"), USER_ANALYST}};

static void roles_come_from_the_claim_in_the_order_of_the_map(void **state)
{
    (void)state;
    struct setting_oidc s = {.name_claim = STR("upn"),
        .role_claim = STR("groups"),
        .roles = roles,
        .roles_count = 3};
    struct oidc_person p;
    assert_int_equal(find("{\"sub\":\"1\",\"upn\":\"Ana@X.example\","
                          "\"groups\":[7,\"people\",\"admins\"]}",
                         &s, &p),
        OIDC_FINE);
    assert_int_equal(p.role, USER_ADMINISTRATOR);
    assert_string_equal(p.name, "ana@x.example");
    assert_string_equal(p.subject, "1");
    assert_int_equal(
        find("{\"sub\":\"1\",\"upn\":\"a\",\"groups\":\"eyes\"}", &s, &p),
        OIDC_FINE);
    assert_int_equal(p.role, USER_AUDITOR);
    const char *none[] = {"{\"sub\":\"1\",\"upn\":\"a\"}",
        "{\"sub\":\"1\",\"upn\":\"a\",\"groups\":[\"Admins\",\"admin\"]}",
        "{\"sub\":\"1\",\"upn\":\"a\",\"groups\":{\"admins\":1}}",
        "{\"sub\":\"1\",\"upn\":\"a\",\"groups\":[[\"admins\"]]}",
        "{\"sub\":\"1\",\"upn\":\"a\",\"groups\":null}"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        s.default_role = 0;
        assert_int_equal(find(none[i], &s, &p), OIDC_ROLE);
        s.default_role = 1 + USER_ANALYST;
        assert_int_equal(find(none[i], &s, &p), OIDC_FINE);
        assert_int_equal(p.role, USER_ANALYST);
    }
    s.default_role = 0;
    s.role_claim = STR("realm_access/roles");
    assert_int_equal(find("{\"sub\":\"1\",\"upn\":\"a\",\"realm_access\":"
                          "{\"roles\":[\"eyes\"]}}",
                         &s, &p),
        OIDC_FINE);
    s.role_claim = STR("https://corp/roles");
    assert_int_equal(
        find("{\"sub\":\"1\",\"upn\":\"a\",\"https://corp/roles\":[\"eyes\"]}",
            &s, &p),
        OIDC_FINE);
}

static void names_must_be_verified_and_of_the_domains(void **state)
{
    (void)state;
    struct str domain = STR("corp.example");
    struct setting_oidc s = {.name_claim = STR("email"),
        .role_claim = STR("groups"),
        .default_role = 1 + USER_ANALYST,
        .domains = {&domain, 1}};
    struct oidc_person p;
#define EMAIL(address, verified)                                               \
    "{\"sub\":\"1\",\"email\":\"" address "\",\"email_verified\":" verified "}"
    assert_int_equal(find(EMAIL("a@corp.example", "true"), &s, &p), OIDC_FINE);
    assert_int_equal(
        find(EMAIL("a@CORP.example", "\"true\""), &s, &p), OIDC_FINE);
    assert_int_equal(
        find(EMAIL("a@corp.example", "false"), &s, &p), OIDC_UNVERIFIED);
    assert_int_equal(
        find("{\"sub\":\"1\",\"email\":\"a@corp.example\"}", &s, &p),
        OIDC_UNVERIFIED);
    const char *strangers[] = {EMAIL("a@evil.example", "true"),
        EMAIL("a@corp.example.evil.example", "true"),
        EMAIL("a@xcorp.example", "true"), EMAIL("corp.example", "true"),
        EMAIL("@corp.example", "true"),
        EMAIL("a@corp.example@evil.example", "true")};
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++)
        assert_int_equal(find(strangers[i], &s, &p), OIDC_DOMAIN);
    const char *odd[] = {EMAIL("", "true"), EMAIL("a b@corp.example", "true"),
        EMAIL("a\\n@corp.example", "true"), EMAIL("a:b@corp.example", "true"),
        EMAIL("\\u0000@corp.example", "true"), "{\"sub\":\"1\",\"email\":7}",
        "{\"sub\":\"a b\",\"email\":\"a@corp.example\"}"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        assert_int_equal(find(odd[i], &s, &p), OIDC_NAME);
}

static void questions_and_answers_come_back_as_they_went(void **state)
{
    (void)state;
    struct buf out = {0};
    struct arena arena = {0};
    struct oidc_question q = {
        7, STR("c\"ode"), STR("v"), STR("n"), STR("https://gate/x")};
    struct oidc_question q2;
    oidc_msg_write_question(&q, &out);
    assert_int_equal(oidc_msg_read_question(buf_str(&out), &arena, &q2), OK);
    assert_true(q2.id == 7 && str_eq(q.code, q2.code) &&
                str_eq(q.nonce, q2.nonce) && str_eq(q.verifier, q2.verifier) &&
                str_eq(q.redirect_uri, q2.redirect_uri));
    bool is_state;
    struct oidc_answer a = {.id = 7,
                           .person = {"ana", "1", USER_AUDITOR},
                           .hint = STR("a.b.c")},
                       a2;
    struct oidc_state s = {STR("https://i/a"), STR(""), true}, s2;
    buf_clear(&out);
    oidc_msg_write_answer(&a, &out);
    assert_int_equal(
        oidc_msg_read_told(buf_str(&out), &arena, &is_state, &a2, &s2), OK);
    assert_false(is_state);
    assert_true(a2.id == 7 && a2.fault == OIDC_FINE &&
                a2.person.role == USER_AUDITOR && str_is(a2.hint, "a.b.c"));
    assert_string_equal(a2.person.name, "ana");
    a.fault = OIDC_NONCE;
    buf_clear(&out);
    oidc_msg_write_answer(&a, &out);
    assert_int_equal(
        oidc_msg_read_told(buf_str(&out), &arena, &is_state, &a2, &s2), OK);
    assert_int_equal(a2.fault, OIDC_NONCE);
    assert_string_equal(a2.person.name, "");
    buf_clear(&out);
    oidc_msg_write_state(&s, &out);
    assert_int_equal(
        oidc_msg_read_told(buf_str(&out), &arena, &is_state, &a2, &s2), OK);
    assert_true(is_state && s2.sends_iss &&
                str_is(s2.authorization_endpoint, "https://i/a"));
    buf_free(&out);
    arena_free(&arena);
}

static void nobody_comes_in_by_an_odd_answer(void **state)
{
    (void)state;
    const char *bad[] = {"", "[]", "{}", "{\"id\":1}",
        "{\"id\":1,\"fault\":\"great\"}", "{\"id\":1,\"fault\":\"fine\"}",
        "{\"fault\":\"nonce\"}",
        "{\"id\":1,\"fault\":\"fine\",\"name\":\"a\",\"subject\":\"s\","
        "\"role\":\"proxy\"}",
        "{\"id\":1,\"fault\":\"fine\",\"name\":\"a b\",\"subject\":\"s\","
        "\"role\":\"analyst\"}",
        "{\"id\":1,\"fault\":\"fine\",\"name\":\"a\",\"subject\":\"\","
        "\"role\":\"analyst\"}",
        "{\"authorization_endpoint\":\"http://x\"}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct arena arena = {0};
        bool is_state;
        struct oidc_answer a;
        struct oidc_state s;
        struct oidc_question q;
        assert_int_equal(
            oidc_msg_read_told(str_of(bad[i]), &arena, &is_state, &a, &s),
            ERR_PARSE);
        assert_int_equal(
            oidc_msg_read_question(str_of(bad[i]), &arena, &q), ERR_PARSE);
        arena_free(&arena);
    }
}

static void each_fault_has_a_word(void **state)
{
    (void)state;
    for (unsigned i = 0; i < OIDC_FAULTS; i++)
        assert_int_equal(
            oidc_fault_of(str_of(oidc_fault_name((enum oidc_fault)i))), i);
    assert_int_equal(oidc_fault_of(STR("x")), OIDC_FAULTS);
    assert_string_equal(oidc_fault_name(OIDC_FAULTS), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_https_and_nothing_odd),
        cmocka_unit_test(metadata_must_be_of_the_issuer_and_have_addresses),
        cmocka_unit_test(the_issuer_says_where_its_metadata_is),
        cmocka_unit_test(people_are_sent_with_a_challenge),
        cmocka_unit_test(the_secret_goes_as_the_provider_wants_it),
        cmocka_unit_test(answers_to_the_code_say_what_is_wrong),
        cmocka_unit_test(roles_come_from_the_claim_in_the_order_of_the_map),
        cmocka_unit_test(names_must_be_verified_and_of_the_domains),
        cmocka_unit_test(questions_and_answers_come_back_as_they_went),
        cmocka_unit_test(nobody_comes_in_by_an_odd_answer),
        cmocka_unit_test(each_fault_has_a_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
