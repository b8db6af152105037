/* certs/pem.h: what is damaged, locked or of another kind is refused. */
#include "certs/pem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "certs/ca.h"

static struct buf cert_pem, key_pem;

static int make(void **state)
{
    (void)state;
    return ca_create(STR("test"), &cert_pem, &key_pem) == OK ? 0 : -1;
}

static int drop(void **state)
{
    (void)state;
    buf_free(&cert_pem);
    buf_wipe_free(&key_pem);
    return 0;
}

static void a_key_behind_a_pass_phrase_is_refused_unasked(void **state)
{
    EVP_PKEY *key = NULL;
    BIO *bio = BIO_new(BIO_s_mem());
    unsigned char secret[] = "secret";
    char *text;
    (void)state;
    assert_int_equal(pem_read_key(buf_str(&key_pem), &key), OK);
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, key, EVP_aes_128_cbc(),
                         (char *)secret, 6, NULL, NULL),
        1);
    EVP_PKEY_free(key);
    long n = BIO_get_mem_data(bio, &text);
    assert_int_equal(pem_read_key(str_make(text, (size_t)n), &key), ERR_PARSE);
    BIO_free(bio);
}

static void of_several_certificates_none_may_be_damaged(void **state)
{
    STACK_OF(X509) *certs = NULL;
    struct buf text = {0};
    (void)state;
    buf_append_str(&text, STR("# ours\n"));
    buf_append_str(&text, buf_str(&cert_pem));
    size_t one = text.n;
    buf_append_str(&text, STR("\nbetween\n"));
    buf_append_str(&text, buf_str(&cert_pem));
    buf_append_str(&text, STR("and behind"));
    assert_int_equal(pem_read_certs(buf_str(&text), &certs), OK);
    assert_int_equal(sk_X509_num(certs), 2);
    sk_X509_pop_free(certs, X509_free);
    buf_bytes(&text)[one + 60] = '!'; /* in the second one's base64 */
    assert_int_equal(pem_read_certs(buf_str(&text), &certs), ERR_PARSE);
    struct str cut = str_sub(buf_str(&text), 0, one - 40);
    assert_int_equal(pem_read_certs(cut, &certs), ERR_PARSE);
    assert_int_equal(pem_read_certs(STR("no certificate"), &certs), ERR_PARSE);
    assert_int_equal(pem_read_certs(STR_NONE, &certs), ERR_PARSE);
    assert_int_equal(pem_read_certs(buf_str(&key_pem), &certs), ERR_PARSE);
    buf_free(&text);
}

static void der_is_whole_and_nothing_more(void **state)
{
    X509 *cert = NULL, *again;
    EVP_PKEY *key = NULL, *other;
    struct buf der[3] = {0};
    (void)state;
    assert_int_equal(pem_read_cert(buf_str(&cert_pem), &cert), OK);
    assert_int_equal(pem_read_key(buf_str(&key_pem), &key), OK);
    der_write_cert(cert, &der[0]);
    der_write_key(key, &der[1]);
    der_write_public(key, &der[2]);
    for (int i = 0; i < 3; i++)
        buf_append_char(&der[i], 'x');
    for (size_t n = 0; n <= der[0].n; n++)
        if (n != der[0].n - 1)
            assert_int_equal(
                der_read_cert(str_sub(buf_str(&der[0]), 0, n), &again),
                ERR_PARSE);
    for (size_t n = 0; n < der[1].n - 1; n++)
        assert_int_equal(
            der_read_key(str_sub(buf_str(&der[1]), 0, n), &other), ERR_PARSE);
    for (size_t n = 0; n <= der[2].n; n++)
        if (n != der[2].n - 1)
            assert_int_equal(
                der_read_p256(str_sub(buf_str(&der[2]), 0, n), &other),
                ERR_PARSE);
    for (int i = 0; i < 3; i++)
        buf_wipe_free(&der[i]);
    X509_free(cert);
    EVP_PKEY_free(key);
}

static void only_p256_is_p256(void **state)
{
    static const char *const curves[] = {"P-384", "secp256k1", "P-224"};
    EVP_PKEY *read = NULL;
    (void)state;
    for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++) {
        struct buf der = {0};
        EVP_PKEY *key = EVP_EC_gen(curves[i]);
        assert_non_null(key);
        der_write_public(key, &der);
        assert_int_equal(der_read_p256(buf_str(&der), &read), ERR_PARSE);
        EVP_PKEY_free(key);
        buf_free(&der);
    }
}

static void times_are_milliseconds_or_nothing(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {{"19700101000000Z", 0}, {"20380119031408Z", 2147483648000},
        {"19691231235959Z", -1000}, {"99991231235959Z", 253402300799000},
        {"00010101000000Z", -62135596800000}};
    ASN1_TIME *time = ASN1_TIME_new();
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(ASN1_STRING_set(time, cases[i].text, 15), 1);
        time->type = V_ASN1_GENERALIZEDTIME;
        assert_true(asn1_time_ms(time) == cases[i].ms);
    }
    ASN1_STRING_set(time, "20381319031408Z", 15); /* the 13th month */
    assert_true(asn1_time_ms(time) == INT64_MIN);
    ASN1_STRING_set(time, "soon", 4);
    assert_true(asn1_time_ms(time) == INT64_MIN);
    ASN1_TIME_free(time);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_behind_a_pass_phrase_is_refused_unasked),
        cmocka_unit_test(of_several_certificates_none_may_be_damaged),
        cmocka_unit_test(der_is_whole_and_nothing_more),
        cmocka_unit_test(only_p256_is_p256),
        cmocka_unit_test(times_are_milliseconds_or_nothing),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
