/* certs/leaf_pem.h */
#include "certs/leaf_pem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "tests/unit/pki.h"

static void a_key_comes_as_pem_and_its_public_half_as_der(void **state)
{
    (void)state;
    struct buf der = {0}, public_der = {0}, pem = {0};
    EVP_PKEY *key = p256_create(), *read = NULL, *public = NULL;
    der_write_key(key, &der);
    assert_int_equal(leaf_pem_key(buf_str(&der), &public_der, &pem), OK);
    assert_int_equal(pem_read_key(buf_str(&pem), &read), OK);
    assert_int_equal(EVP_PKEY_eq(key, read), 1);
    /* What the signer is asked to certify is that key and not a secret. */
    assert_int_equal(der_read_p256(buf_str(&public_der), &public), OK);
    assert_int_equal(EVP_PKEY_eq(key, public), 1);
    EVP_PKEY_free(public);
    assert_int_equal(der_read_key(buf_str(&public_der), &public), ERR_PARSE);
    EVP_PKEY_free(key);
    EVP_PKEY_free(read);
    buf_wipe_free(&der);
    buf_wipe_free(&pem);
    buf_free(&public_der);
}

static void a_certificate_comes_as_pem(void **state)
{
    (void)state;
    struct pki_cert ca = pki_make_ca("root", NULL);
    struct buf der = {0}, pem = {0};
    X509 *read = NULL;
    der_write_cert(ca.cert, &der);
    assert_int_equal(leaf_pem_cert(buf_str(&der), &pem), OK);
    assert_true(str_starts(buf_str(&pem), "-----BEGIN CERTIFICATE-----\n"));
    assert_int_equal(pem_read_cert(buf_str(&pem), &read), OK);
    assert_int_equal(X509_cmp(read, ca.cert), 0);
    X509_free(read);
    buf_free(&der);
    buf_free(&pem);
    pki_free(&ca);
}

static void what_is_neither_leaves_nothing(void **state)
{
    (void)state;
    struct pki_cert ca = pki_make_ca("root", NULL);
    struct buf key = {0}, cert = {0}, public_der = {0}, pem = {0};
    der_write_key(ca.key, &key);
    der_write_cert(ca.cert, &cert);
    const struct str bad_keys[] = {STR_NONE, STR("no key"), buf_str(&cert),
        str_sub(buf_str(&key), 0, key.n - 1)};
    const struct str bad_certs[] = {STR_NONE, STR("no certificate"),
        buf_str(&key), str_sub(buf_str(&cert), 0, cert.n - 1)};
    for (size_t i = 0; i < ARRAY_LEN(bad_keys); i++) {
        assert_int_equal(
            leaf_pem_key(bad_keys[i], &public_der, &pem), ERR_PARSE);
        assert_int_equal(leaf_pem_cert(bad_certs[i], &pem), ERR_PARSE);
    }
    assert_int_equal(public_der.n + pem.n, 0);
    buf_wipe_free(&key);
    buf_free(&cert);
    pki_free(&ca);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_comes_as_pem_and_its_public_half_as_der),
        cmocka_unit_test(a_certificate_comes_as_pem),
        cmocka_unit_test(what_is_neither_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
