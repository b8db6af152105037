/* certs/jws.h and console/id_token.h */
#include "console/id_token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/digest.h"
#include "inspect/json.h"
#include "jose.h"

enum { NOW = 1800000000 };

#define ISSUER "https://idp.example/realm"
#define CLIENT "gate"
#define NONCE "n-0S6"

static const char good_claims[] =
    "{\"iss\":\"" ISSUER "\",\"aud\":\"" CLIENT "\",\"sub\":\"u-1\","
    "\"nonce\":\"" NONCE "\",\"exp\":1800000300,\"iat\":1799999990,"
    "\"groups\":[\"dlp\"]}";

/* Made once: RSA keys take their time. */
static struct {
    EVP_PKEY *rsa, *other_rsa, *p256, *p384, *ed25519;
    struct buf set;
} given;

static int make_keys(void **state)
{
    (void)state;
    given.rsa = jose_key("RSA2048");
    given.other_rsa = jose_key("RSA2048");
    given.p256 = jose_key("P-256");
    given.p384 = jose_key("P-384");
    given.ed25519 = jose_key("ED25519");
    buf_append_str(&given.set, STR("{\"keys\":["));
    jose_jwk(
        given.rsa, "RSA2048", ",\"kid\":\"r\",\"use\":\"sig\"", &given.set);
    buf_append_char(&given.set, ',');
    jose_jwk(
        given.p256, "P-256", ",\"kid\":\"e\",\"alg\":\"ES256\"", &given.set);
    buf_append_char(&given.set, ',');
    jose_jwk(given.p384, "P-384", ",\"kid\":\"f\"", &given.set);
    buf_append_char(&given.set, ',');
    jose_jwk(given.ed25519, "ED25519", ",\"kid\":\"d\"", &given.set);
    buf_append_str(&given.set, STR("]}"));
    return 0;
}

static int free_keys(void **state)
{
    (void)state;
    EVP_PKEY_free(given.rsa);
    EVP_PKEY_free(given.other_rsa);
    EVP_PKEY_free(given.p256);
    EVP_PKEY_free(given.p384);
    EVP_PKEY_free(given.ed25519);
    buf_free(&given.set);
    return 0;
}

static enum oidc_fault check_with(struct str set, struct str token)
{
    struct jwks *jwks = NULL;
    struct arena arena = {0};
    const struct json_node *claims;
    struct id_token_expected expected = {
        STR(ISSUER), STR(CLIENT), STR(NONCE), NOW};
    assert_int_equal(jwks_parse(set, &jwks), OK);
    enum oidc_fault fault =
        id_token_check(token, jwks, &expected, &arena, &claims);
    assert_int_equal(fault == OIDC_FINE, claims != NULL);
    if (claims != NULL)
        assert_true(str_is(json_get_text(claims, "sub"), "u-1"));
    arena_free(&arena);
    jwks_free(&jwks);
    return fault;
}

static enum oidc_fault check(
    EVP_PKEY *key, const char *alg, const char *header, const char *claims)
{
    struct buf token = {0};
    jose_token(key, alg, header, claims, &token);
    enum oidc_fault fault = check_with(buf_str(&given.set), buf_str(&token));
    buf_free(&token);
    return fault;
}

#define RS "{\"alg\":\"RS256\",\"kid\":\"r\"}"

static enum oidc_fault check_claims(const char *claims)
{
    return check(given.rsa, "RS256", RS, claims);
}

static void tokens_of_each_algorithm_are_good(void **state)
{
    (void)state;
    const struct {
        EVP_PKEY *key;
        const char *alg, *kid;
    } cases[] = {{given.rsa, "RS256", "r"}, {given.rsa, "RS384", "r"},
        {given.rsa, "RS512", "r"}, {given.rsa, "PS256", "r"},
        {given.p256, "ES256", "e"}, {given.p384, "ES384", "f"},
        {given.ed25519, "EdDSA", "d"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char header[80];
        snprintf(header, sizeof header, "{\"alg\":\"%s\",\"kid\":\"%s\"}",
            cases[i].alg, cases[i].kid);
        assert_int_equal(
            check(cases[i].key, cases[i].alg, header, good_claims), OIDC_FINE);
    }
}

static void another_key_or_a_changed_text_is_no_signature(void **state)
{
    (void)state;
    assert_int_equal(
        check(given.other_rsa, "RS256", RS, good_claims), OIDC_SIGNATURE);
    struct buf token = {0};
    jose_token(given.rsa, "RS256", RS, good_claims, &token);
    for (size_t i = 0; i < token.n; i++) {
        char *c = &buf_bytes(&token)[i], before = *c;
        *c = before == 'A' ? 'B' : 'A';
        enum oidc_fault fault =
            check_with(buf_str(&given.set), buf_str(&token));
        /* Bits behind the last byte mean nothing. */
        if (i + 1 < token.n)
            assert_int_not_equal(fault, OIDC_FINE);
        *c = before;
    }
    for (size_t n = 0; n < token.n; n++)
        assert_int_not_equal(
            check_with(buf_str(&given.set), str_sub(buf_str(&token), 0, n)),
            OIDC_FINE);
    buf_free(&token);
}

static void a_signature_of_another_algorithm_is_none(void **state)
{
    (void)state;
    assert_int_equal(check(given.rsa, "RS256",
                         "{\"alg\":\"PS256\",\"kid\":\"r\"}", good_claims),
        OIDC_SIGNATURE);
    assert_int_equal(check(given.rsa, "RS256",
                         "{\"alg\":\"ES256\",\"kid\":\"e\"}", good_claims),
        OIDC_SIGNATURE);
    /* A key of another type under that name */
    assert_int_equal(check(given.rsa, "RS256",
                         "{\"alg\":\"RS256\",\"kid\":\"e\"}", good_claims),
        OIDC_KEY);
    assert_int_equal(check(given.rsa, "RS256",
                         "{\"alg\":\"ES384\",\"kid\":\"e\"}", good_claims),
        OIDC_KEY);
}

static void no_signature_and_hmac_are_refused(void **state)
{
    (void)state;
    struct buf token = {0}, signature = {0}, pem = {0};
    const char *algs[] = {"none", "None", "HS256", "HS512", "", "RS256 "};
    for (size_t i = 0; i < sizeof algs / sizeof *algs; i++) {
        char header[80];
        snprintf(
            header, sizeof header, "{\"alg\":\"%s\",\"kid\":\"r\"}", algs[i]);
        assert_int_equal(
            check(given.rsa, "RS256", header, good_claims), OIDC_ALGORITHM);
    }
    assert_int_equal(
        check(given.rsa, "RS256", "{}", good_claims), OIDC_ALGORITHM);
    /* "none" as it is written, and HS256 with the public key as its secret */
    jose_encode(STR("{\"alg\":\"none\"}"), &token);
    buf_append_char(&token, '.');
    jose_encode(str_of(good_claims), &token);
    buf_append_char(&token, '.');
    assert_int_equal(
        check_with(buf_str(&given.set), buf_str(&token)), OIDC_MALFORMED);
    buf_clear(&token);
    jose_encode(STR("{\"alg\":\"HS256\",\"kid\":\"r\"}"), &token);
    buf_append_char(&token, '.');
    jose_encode(str_of(good_claims), &token);
    uint8_t mac[DIGEST_BYTES];
    digest_hmac_sha256(buf_str(&given.set), buf_str(&token), mac);
    buf_append_char(&token, '.');
    jose_encode(str_make((const char *)mac, sizeof mac), &token);
    assert_int_equal(
        check_with(buf_str(&given.set), buf_str(&token)), OIDC_ALGORITHM);
    buf_free(&token);
    buf_free(&signature);
    buf_free(&pem);
}

static void a_key_is_found_by_its_name_alone(void **state)
{
    (void)state;
    assert_int_equal(check(given.rsa, "RS256",
                         "{\"alg\":\"RS256\",\"kid\":\"x\"}", good_claims),
        OIDC_KEY);
    assert_int_equal(
        check(given.rsa, "RS256", "{\"alg\":\"RS256\",\"kid\":3}", good_claims),
        OIDC_MALFORMED);
    /* Without a name there must be one key of that kind. */
    assert_int_equal(
        check(given.rsa, "RS256", "{\"alg\":\"RS256\"}", good_claims),
        OIDC_FINE);
    struct buf set = {0}, token = {0};
    buf_append_str(&set, STR("{\"keys\":["));
    jose_jwk(given.rsa, "RSA2048", "", &set);
    buf_append_char(&set, ',');
    jose_jwk(given.other_rsa, "RSA2048", "", &set);
    buf_append_str(&set, STR("]}"));
    jose_token(given.rsa, "RS256", "{\"alg\":\"RS256\"}", good_claims, &token);
    assert_int_equal(check_with(buf_str(&set), buf_str(&token)), OIDC_KEY);
    buf_free(&set);
    buf_free(&token);
}

static void other_kinds_of_tokens_are_refused(void **state)
{
    (void)state;
    const char *headers[] = {
        "{\"alg\":\"RS256\",\"kid\":\"r\",\"typ\":\"logout+jwt\"}",
        "{\"alg\":\"RS256\",\"kid\":\"r\",\"typ\":7}",
        "{\"alg\":\"RS256\",\"kid\":\"r\",\"crit\":[\"exp\"]}", "[]", "{"};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        assert_int_equal(
            check(given.rsa, "RS256", headers[i], good_claims), OIDC_MALFORMED);
    assert_int_equal(
        check(given.rsa, "RS256",
            "{\"alg\":\"RS256\",\"kid\":\"r\",\"typ\":\"jwt\"}", good_claims),
        OIDC_FINE);
}

static void claims_must_be_for_us_and_now(void **state)
{
    (void)state;
#define CLAIMS(iss, aud, nonce, exp, iat, more)                                \
    "{\"iss\":" iss ",\"aud\":" aud ",\"sub\":\"u-1\",\"nonce\":" nonce        \
    ",\"exp\":" exp ",\"iat\":" iat more "}"
#define I "\"" ISSUER "\""
#define A "\"" CLIENT "\""
#define N "\"" NONCE "\""
    const struct {
        const char *claims;
        enum oidc_fault fault;
    } cases[] = {
        {CLAIMS(I, A, N, "1800000001", "1800000000", ""), OIDC_FINE},
        {CLAIMS(I, "[" A "]", N, "1.8000003e9", "1799999999.5", ""), OIDC_FINE},
        {CLAIMS(I, A, N, "1800000001", "1800000000", ",\"azp\":" A), OIDC_FINE},
        {CLAIMS("\"" ISSUER "/\"", A, N, "1800000001", "1800000000", ""),
            OIDC_ISSUER},
        {CLAIMS(
             "\"https://evil.example\"", A, N, "1800000001", "1800000000", ""),
            OIDC_ISSUER},
        {CLAIMS("null", A, N, "1800000001", "1800000000", ""), OIDC_ISSUER},
        {CLAIMS(I, "\"other\"", N, "1800000001", "1800000000", ""),
            OIDC_AUDIENCE},
        {CLAIMS(I, "[]", N, "1800000001", "1800000000", ""), OIDC_AUDIENCE},
        {CLAIMS(I, "[" A ",\"other\"]", N, "1800000001", "1800000000", ""),
            OIDC_AUDIENCE},
        {CLAIMS(I, "null", N, "1800000001", "1800000000", ""), OIDC_AUDIENCE},
        {CLAIMS(I, A, N, "1800000001", "1800000000", ",\"azp\":\"other\""),
            OIDC_AUDIENCE},
        {CLAIMS(I, A, "\"other\"", "1800000001", "1800000000", ""), OIDC_NONCE},
        {CLAIMS(I, A, "null", "1800000001", "1800000000", ""), OIDC_NONCE},
        {CLAIMS(I, A, "\"\"", "1800000001", "1800000000", ""), OIDC_NONCE},
        {CLAIMS(I, A, N, "1799999941", "1799999900", ""), OIDC_FINE},
        {CLAIMS(I, A, N, "1799999940", "1799999900", ""), OIDC_EXPIRED},
        {CLAIMS(I, A, N, "1800000001", "1799996339", ""), OIDC_EXPIRED},
        {CLAIMS(I, A, N, "1800000901", "1800000061", ""), OIDC_EARLY},
        {CLAIMS(I, A, N, "1800000901", "1800000000", ",\"nbf\":1800000061"),
            OIDC_EARLY},
        {CLAIMS(I, A, N, "1800000901", "1800000000", ",\"nbf\":1800000060"),
            OIDC_FINE},
        {CLAIMS(I, A, N, "1800000901", "1800000000", ",\"nbf\":\"now\""),
            OIDC_MALFORMED},
        {CLAIMS(I, A, N, "\"1800000901\"", "1800000000", ""), OIDC_MALFORMED},
        {CLAIMS(I, A, N, "1800000901", "null", ""), OIDC_MALFORMED},
        {"{\"iss\":" I ",\"aud\":" A ",\"nonce\":" N
         ",\"exp\":1800000300,\"iat\":1800000000}",
            OIDC_MALFORMED},
        {"{\"iss\":" I ",\"aud\":" A ",\"sub\":\"u-1\",\"nonce\":" N
         ",\"iat\":1800000000}",
            OIDC_MALFORMED},
        {"[]", OIDC_MALFORMED},
        {"null", OIDC_MALFORMED},
        {"", OIDC_MALFORMED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (check_claims(cases[i].claims) != cases[i].fault)
            fail_msg("%s: %s", cases[i].claims,
                oidc_fault_name(check_claims(cases[i].claims)));
}

static size_t keys_of(const char *json)
{
    struct jwks *jwks = NULL;
    enum err err = jwks_parse(str_of(json), &jwks);
    size_t count = err == OK ? jwks_count(jwks) : 0;
    assert_int_equal(err == OK, count > 0);
    jwks_free(&jwks);
    return count;
}

static void keys_that_cannot_be_used_are_passed_over(void **state)
{
    (void)state;
    struct buf set = {0};
    EVP_PKEY *weak = jose_key("RSA1024");
    buf_append_str(
        &set, STR("{\"keys\":[3,{},{\"kty\":\"oct\",\"k\":\"AAAA\"},"
                  "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"},"
                  "{\"kty\":\"RSA\",\"n\":\"\",\"e\":\"AQAB\"},"
                  "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"AA\"},"
                  "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\"},"
                  "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\","
                  "\"y\":\"AA\"},"));
    jose_jwk(weak, "RSA1024", "", &set);
    buf_append_char(&set, ',');
    jose_jwk(given.rsa, "RSA2048", ",\"use\":\"enc\"", &set);
    buf_append_char(&set, ',');
    jose_jwk(given.rsa, "RSA2048", ",\"alg\":\"ES256\"", &set);
    buf_append_char(&set, ',');
    jose_jwk(given.rsa, "RSA2048", ",\"alg\":\"HS256\"", &set);
    buf_append_char(&set, ',');
    jose_jwk(given.rsa, "RSA2048", ",\"kid\":\"a\\u0000b\"", &set);
    struct buf none = {0};
    buf_append_str(&none, buf_str(&set));
    buf_append_str(&none, STR("]}"));
    assert_int_equal(keys_of(buf_cstr(&none)), 0);
    buf_append_char(&set, ',');
    jose_jwk(given.rsa, "RSA2048", "", &set);
    buf_append_str(&set, STR("]}"));
    assert_int_equal(keys_of(buf_cstr(&set)), 1);
    buf_free(&set);
    buf_free(&none);
    EVP_PKEY_free(weak);
    assert_int_equal(keys_of("{\"keys\":[]}"), 0);
    assert_int_equal(keys_of("{\"keys\":{}}"), 0);
    assert_int_equal(keys_of("[]"), 0);
    assert_int_equal(keys_of(""), 0);
}

static void a_point_must_be_on_its_curve(void **state)
{
    (void)state;
    char ones[33] = "11111111111111111111111111111111";
    struct jws_key *key = NULL;
    assert_int_equal(
        jws_key_ec(STR("P-256"), str_make(ones, 32), str_make(ones, 32), &key),
        ERR_PARSE);
    assert_null(key);
    assert_int_equal(
        jws_key_ec(STR("P-521"), str_make(ones, 32), str_make(ones, 32), &key),
        ERR_UNSUPPORTED);
    assert_int_equal(
        jws_key_ec(STR("P-384"), str_make(ones, 32), str_make(ones, 32), &key),
        ERR_PARSE);
}

static void of_a_huge_set_the_first_keys_are_taken(void **state)
{
    (void)state;
    struct buf set = {0};
    buf_append_str(&set, STR("{\"keys\":["));
    for (int i = 0; i < JWKS_KEYS_MAX + 10; i++) {
        if (i > 0)
            buf_append_char(&set, ',');
        jose_jwk(given.ed25519, "ED25519", "", &set);
    }
    buf_append_str(&set, STR("]}"));
    assert_int_equal(keys_of(buf_cstr(&set)), JWKS_KEYS_MAX);
    buf_free(&set);
}

static void a_huge_token_is_not_looked_at(void **state)
{
    (void)state;
    struct buf claims = {0};
    buf_printf(
        &claims, "%.*s,\"x\":\"", (int)strlen(good_claims) - 1, good_claims);
    for (int i = 0; i < ID_TOKEN_BYTES_MAX; i++)
        buf_append_char(&claims, 'x');
    buf_append_str(&claims, STR("\"}"));
    assert_int_equal(check_claims(buf_cstr(&claims)), OIDC_MALFORMED);
    buf_free(&claims);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_of_each_algorithm_are_good),
        cmocka_unit_test(another_key_or_a_changed_text_is_no_signature),
        cmocka_unit_test(a_signature_of_another_algorithm_is_none),
        cmocka_unit_test(no_signature_and_hmac_are_refused),
        cmocka_unit_test(a_key_is_found_by_its_name_alone),
        cmocka_unit_test(other_kinds_of_tokens_are_refused),
        cmocka_unit_test(claims_must_be_for_us_and_now),
        cmocka_unit_test(keys_that_cannot_be_used_are_passed_over),
        cmocka_unit_test(a_point_must_be_on_its_curve),
        cmocka_unit_test(of_a_huge_set_the_first_keys_are_taken),
        cmocka_unit_test(a_huge_token_is_not_looked_at),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
