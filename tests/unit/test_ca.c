/* certs/ca.h, and `promptgate ca` over real files. */
#include "certs/ca.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "certs/pem.h"
#include "proxy/command.h"

static void k4_a_new_ca_can_sign_leaves_and_nothing_else(void **state)
{
    (void)state;
    struct buf cert_pem = {0}, key_pem = {0};
    X509 *cert;
    EVP_PKEY *key;
    assert_int_equal(ca_create(STR("promptgate CA"), &cert_pem, &key_pem), OK);
    assert_int_equal(pem_read_cert(buf_str(&cert_pem), &cert), OK);
    assert_int_equal(pem_read_key(buf_str(&key_pem), &key), OK);
    assert_int_equal(X509_check_private_key(cert, key), 1);
    assert_int_equal(X509_check_ca(cert), 1);
    assert_int_equal(X509_get_pathlen(cert), 0);
    assert_int_equal(X509_get_key_usage(cert), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
    assert_int_equal(X509_verify(cert, key), 1);
    assert_int_equal(EVP_PKEY_get_bits(key), 256);
    X509_free(cert);
    EVP_PKEY_free(key);
    buf_free(&cert_pem);
    buf_wipe_free(&key_pem);
}

static void k5_the_end_is_told_at_60_30_7_and_0_days(void **state)
{
    (void)state;
    const int64_t day_ms = 86400000;
    static const struct {
        int days_left, want;
    } cases[] = {{400, -1}, {61, -1}, {60, 60}, {31, 60}, {30, 30}, {8, 30},
        {7, 7}, {1, 7}, {0, 0}, {-5, 0}};
    struct ca_info info = {.not_after_ms = 1000 * day_ms};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(
            ca_expiry_step(&info, (1000 - cases[i].days_left) * day_ms),
            cases[i].want);
}

static void k1_two_installations_share_nothing(void **state)
{
    (void)state;
    struct buf cert[2] = {0}, key[2] = {0};
    struct ca_info info[2];
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ca_create(STR("same name"), &cert[i], &key[i]), OK);
        assert_int_equal(ca_read(buf_str(&cert[i]), &info[i]), OK);
    }
    assert_string_not_equal(info[0].serial, info[1].serial);
    assert_string_not_equal(info[0].sha256, info[1].sha256);
    assert_false(str_eq(buf_str(&key[0]), buf_str(&key[1])));
    for (int i = 0; i < 2; i++) {
        buf_free(&cert[i]);
        buf_wipe_free(&key[i]);
    }
}

static void f39_a_ca_that_cannot_sign_is_told_apart(void **state)
{
    (void)state;
    struct buf cert = {0}, key = {0}, other_cert = {0}, other_key = {0};
    assert_int_equal(ca_create(STR("a"), &cert, &key), OK);
    assert_int_equal(ca_create(STR("b"), &other_cert, &other_key), OK);
    assert_null(ca_mistake(buf_str(&cert), buf_str(&key)));
    assert_string_equal(ca_mistake(buf_str(&cert), buf_str(&other_key)),
        "ca.key is not the key of this certificate");
    assert_string_equal(
        ca_mistake(STR("x"), buf_str(&key)), "no certificate in it");
    assert_string_equal(ca_mistake(buf_str(&cert), STR("")),
        "no usable key in ca.key beside it");
    buf_free(&cert);
    buf_free(&other_cert);
    buf_wipe_free(&key);
    buf_wipe_free(&other_key);
}

static void reading_tells_what_people_compare(void **state)
{
    (void)state;
    struct buf cert = {0}, key = {0};
    struct ca_info info;
    int64_t now_ms = clock_wall_ms();
    assert_int_equal(ca_create(STR("gw, one"), &cert, &key), OK);
    assert_int_equal(ca_read(buf_str(&cert), &info), OK);
    assert_string_equal(info.subject, "O=promptgate,CN=gw\\, one");
    assert_int_equal(strlen(info.sha256), 32 * 3 - 1);
    assert_int_equal(info.sha256[2], ':');
    assert_true(info.not_before_ms < now_ms && info.not_after_ms > now_ms);
    assert_int_equal(ca_read(STR("nothing"), &info), ERR_PARSE);
    assert_int_equal(ca_read(STR_NONE, &info), ERR_PARSE);
    buf_free(&cert);
    buf_wipe_free(&key);
}

static void names_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    struct buf cert = {0}, key = {0};
    char longest[65];
    memset(longest, 'x', sizeof longest);
    assert_int_equal(ca_create(STR(""), &cert, &key), ERR_PARSE);
    assert_int_equal(ca_create(str_make(longest, 65), &cert, &key), ERR_PARSE);
    assert_int_equal(key.n, 0);
    assert_int_equal(ca_create(str_make(longest, 64), &cert, &key), OK);
    buf_free(&cert);
    buf_wipe_free(&key);
}

static void k7_only_certificates_are_ever_exported(void **state)
{
    (void)state;
    struct buf text = {0}, key = {0}, out = {0};
    assert_int_equal(ca_create(STR("new"), &text, &key), OK);
    struct buf old = {0}, old_key = {0};
    assert_int_equal(ca_create(STR("old"), &old, &old_key), OK);
    /* Somebody kept everything in one file. */
    buf_append_str(&text, buf_str(&old));
    buf_append_str(&text, buf_str(&key));
    for (int format = CA_PEM; format <= CA_MOBILECONFIG; format++) {
        buf_clear(&out);
        assert_int_equal(
            ca_export(buf_str(&text), (enum ca_format)format, &out), OK);
        assert_false(str_has(buf_str(&out), "PRIVATE"));
        assert_true(out.n > 100);
    }
    buf_clear(&out);
    assert_int_equal(ca_export(buf_str(&text), CA_PEM, &out), OK);
    STACK_OF(X509) * certs;
    assert_int_equal(pem_read_certs(buf_str(&out), &certs), OK);
    assert_int_equal(sk_X509_num(certs), 2);
    buf_clear(&out);
    X509 *der;
    assert_int_equal(ca_export(buf_str(&text), CA_DER, &out), OK);
    assert_int_equal(der_read_cert(buf_str(&out), &der), OK);
    assert_int_equal(X509_cmp(der, sk_X509_value(certs, 0)), 0);
    X509_free(der);
    sk_X509_pop_free(certs, X509_free);
    assert_int_equal(ca_export(STR("none"), CA_PEM, &out), ERR_PARSE);
    buf_free(&text);
    buf_wipe_free(&key);
    buf_free(&old);
    buf_wipe_free(&old_key);
    buf_free(&out);
}

static void a_profile_holds_the_certificate_and_stable_names(void **state)
{
    (void)state;
    struct buf cert = {0}, key = {0}, one = {0}, two = {0};
    assert_int_equal(ca_create(STR("apple"), &cert, &key), OK);
    assert_int_equal(ca_export(buf_str(&cert), CA_MOBILECONFIG, &one), OK);
    assert_int_equal(ca_export(buf_str(&cert), CA_MOBILECONFIG, &two), OK);
    assert_true(str_eq(buf_str(&one), buf_str(&two)));
    assert_true(str_has(buf_str(&one), "com.apple.security.root"));
    struct str profile = buf_str(&one);
    size_t from = str_find(profile, STR("<data>")) + 6;
    size_t to = str_find(profile, STR("</data>"));
    unsigned char der[4096];
    int n = EVP_DecodeBlock(
        der, (const unsigned char *)profile.p + from, (int)(to - from));
    const unsigned char *at = der;
    X509 *in_profile = d2i_X509(NULL, &at, n), *ca;
    assert_int_equal(pem_read_cert(buf_str(&cert), &ca), OK);
    assert_non_null(in_profile);
    assert_int_equal(X509_cmp(in_profile, ca), 0);
    X509_free(in_profile);
    X509_free(ca);
    buf_free(&cert);
    buf_wipe_free(&key);
    buf_free(&one);
    buf_free(&two);
}

static void a_leaf_key_is_p256_in_pkcs8(void **state)
{
    (void)state;
    struct buf der = {0}, public_der = {0};
    EVP_PKEY *key, *public_key;
    assert_int_equal(ca_create_leaf_key(&der), OK);
    assert_int_equal(der_read_key(buf_str(&der), &key), OK);
    der_write_public(key, &public_der);
    assert_int_equal(der_read_p256(buf_str(&public_der), &public_key), OK);
    EVP_PKEY_free(public_key);
    EVP_PKEY_free(key);
    buf_free(&public_der);
    buf_wipe_free(&der);
}

/* ---- the command ---- */

static char folder[64];

static int open_folder(void **state)
{
    char path[128];
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/promptgate-ca-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/promptgate.yaml", folder);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fprintf(f, "data_dir: %s/data\n", folder);
    fclose(f);
    return 0;
}

static int close_folder(void **state)
{
    static const char *const files[] = {"data/ca/ca.pem", "data/ca/ca.key",
        "data/ca", "data", "promptgate.yaml", "out", ""};
    char path[128];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        (void)remove(path);
    }
    return 0;
}

/* What the command writes to standard output goes to `out`. */
static int run(struct buf *out, const char *action, const char *format)
{
    char config[128], path[128];
    snprintf(config, sizeof config, "%s/promptgate.yaml", folder);
    snprintf(path, sizeof path, "%s/out", folder);
    char *argv[] = {(char *)"ca", (char *)"-c", config, (char *)action,
        (char *)"--format", (char *)format, NULL};
    int argc = format != NULL ? 6 : 4;
    if (format == NULL)
        argv[4] = NULL;
    fflush(stdout);
    int saved = dup(STDOUT_FILENO);
    assert_non_null(freopen(path, "w", stdout));
    int status = command_ca(argc, argv);
    fflush(stdout);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    FILE *f = fopen(path, "r");
    buf_clear(out);
    buf_commit(out, fread(buf_reserve(out, 65536), 1, 65536, f));
    fclose(f);
    return status;
}

static void init_makes_it_once_and_export_gives_the_certificate(void **state)
{
    (void)state;
    struct buf out = {0}, first = {0};
    struct stat st;
    char path[128];
    assert_int_equal(run(&out, "show", NULL), 1);
    assert_int_equal(run(&out, "export", NULL), 1);
    assert_int_equal(out.n, 0);
    assert_int_equal(run(&out, "init", NULL), 0);
    assert_true(str_has(buf_str(&out), "CN=promptgate CA"));
    assert_true(str_has(buf_str(&out), "sha256 "));
    snprintf(path, sizeof path, "%s/data/ca/ca.key", folder);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(run(&first, "export", NULL), 0);
    assert_true(str_starts(buf_str(&first), "-----BEGIN CERTIFICATE"));
    assert_int_equal(run(&out, "init", NULL), 1); /* and says how to rotate */
    assert_int_equal(run(&out, "export", "pem"), 0);
    assert_true(str_eq(buf_str(&out), buf_str(&first)));
    assert_int_equal(run(&out, "export", "der"), 0);
    assert_int_equal((unsigned char)buf_bytes(&out)[0], 0x30);
    assert_int_equal(run(&out, "export", "mobileconfig"), 0);
    assert_true(str_starts(buf_str(&out), "<?xml"));
    assert_int_equal(run(&out, "show", NULL), 0);
    buf_free(&out);
    buf_free(&first);
}

static void mistakes_of_use_end_with_2(void **state)
{
    (void)state;
    struct buf out = {0};
    assert_int_equal(run(&out, "remove", NULL), 2);
    assert_int_equal(run(&out, "export", "p12"), 2);
    char *none[] = {(char *)"ca", NULL};
    assert_int_equal(command_ca(1, none), 2);
    char *missing[] = {(char *)"ca", (char *)"-c",
        (char *)"/nowhere/promptgate.yaml", (char *)"show", NULL};
    assert_int_equal(command_ca(4, missing), 2);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(k4_a_new_ca_can_sign_leaves_and_nothing_else),
        cmocka_unit_test(k1_two_installations_share_nothing),
        cmocka_unit_test(k5_the_end_is_told_at_60_30_7_and_0_days),
        cmocka_unit_test(reading_tells_what_people_compare),
        cmocka_unit_test(names_that_do_not_fit_are_refused),
        cmocka_unit_test(k7_only_certificates_are_ever_exported),
        cmocka_unit_test(a_profile_holds_the_certificate_and_stable_names),
        cmocka_unit_test(f39_a_ca_that_cannot_sign_is_told_apart),
        cmocka_unit_test(a_leaf_key_is_p256_in_pkcs8),
        cmocka_unit_test_setup_teardown(
            init_makes_it_once_and_export_gives_the_certificate, open_folder,
            close_folder),
        cmocka_unit_test_setup_teardown(
            mistakes_of_use_end_with_2, open_folder, close_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
