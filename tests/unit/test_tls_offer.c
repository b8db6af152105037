/* proxy/tls_offer.h: numbers of hellos as words, and back on the wire. */
#include "proxy/tls_offer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "proxy/hello.h"
#include "proxy/tls.h"
#include "tests/unit/pki.h"
#include "tests/unit/tls_context.h"

/* As Chromium sends them, GREASE in front. */
#define CHROMIUM_CIPHERS                                                       \
    STR("\x2a\x2a\x13\x01\x13\x02\x13\x03\xc0\x2b\xc0\x2f\xc0\x2c\xc0\x30"     \
        "\xcc\xa9\xcc\xa8\xc0\x13\xc0\x14\x00\x9c\x00\x9d\x00\x2f\x00\x35")
#define CHROMIUM_GROUPS STR("\xfa\xfa\x11\xec\x00\x1d\x00\x17\x00\x18")
#define CHROMIUM_SIGNATURES                                                    \
    STR("\x04\x03\x08\x04\x04\x01\x05\x03\x08\x05\x05\x01\x08\x06\x06\x01")

static void a_browsers_lists_keep_their_order_without_grease(void **state)
{
    (void)state;
    const struct tls_offer offer = {.ciphers = CHROMIUM_CIPHERS,
        .groups = CHROMIUM_GROUPS,
        .signatures = CHROMIUM_SIGNATURES,
        .has_sct = true};
    struct tls_words words;
    tls_offer_words(&offer, &words);
    assert_string_equal(words.suites,
        "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
        "TLS_CHACHA20_POLY1305_SHA256");
    assert_string_equal(words.ciphers,
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
        "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
        "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
        "ECDHE-RSA-AES128-SHA:ECDHE-RSA-AES256-SHA:AES128-GCM-SHA256:"
        "AES256-GCM-SHA384:AES128-SHA:AES256-SHA");
    assert_string_equal(words.groups, "X25519:P-256:P-384");
    assert_string_equal(words.signatures,
        "ecdsa_secp256r1_sha256:rsa_pss_rsae_sha256:rsa_pkcs1_sha256:"
        "ecdsa_secp384r1_sha384:rsa_pss_rsae_sha384:rsa_pkcs1_sha384:"
        "rsa_pss_rsae_sha512:rsa_pkcs1_sha512");
    assert_true(words.has_sct && !words.has_etm);
}

static void nothing_known_is_nothing(void **state)
{
    (void)state;
    const struct tls_offer offer = {.ciphers = STR("\x0a\x0a\x00\x05\x00"),
        .groups = STR("\x00\x17\x00\x17\x00\x17"),
        .signatures = STR("\x02\x01\x02\x03")}; /* SHA-1 (U6) */
    struct tls_words words;
    tls_offer_words(&offer, &words);
    assert_string_equal(words.suites, "");
    assert_string_equal(words.ciphers, "");
    assert_string_equal(words.groups, "P-256");
    assert_string_equal(words.signatures, "");
}

/* Every number there is, so every word of the tables. */
static struct buf all_numbers(void)
{
    struct buf all = {0};
    for (unsigned i = 0; i < 0x10000; i++) {
        buf_append_char(&all, (char)(i >> 8));
        buf_append_char(&all, (char)i);
    }
    return all;
}

static size_t longest(const char *text)
{
    assert_non_null(memchr(text, 0, TLS_WORDS_BYTES));
    return strlen(text);
}

static void all_words_fit(void **state)
{
    (void)state;
    struct buf all = all_numbers();
    struct str n = buf_str(&all);
    struct tls_offer offer = {.ciphers = n, .groups = n, .signatures = n};
    struct tls_words words;
    tls_offer_words(&offer, &words);
    assert_in_range(longest(words.suites), 74, TLS_WORDS_SHORT_BYTES - 1);
    assert_in_range(longest(words.ciphers), 500, TLS_WORDS_BYTES - 1);
    assert_in_range(longest(words.groups), 18, TLS_WORDS_SHORT_BYTES - 1);
    assert_in_range(longest(words.signatures), 100, TLS_WORDS_BYTES - 1);
    buf_free(&all);
}

static void read_own_hello(struct tls_context *context,
    const struct tls_offer *offer, struct arena *arena, struct hello *out)
{
    struct tls *tls = tls_new_origin(context, STR("a.test"), ALPN_H2, offer);
    struct buf wire = {0};
    tls_start(tls);
    tls_take_output(tls, &wire);
    assert_int_equal(hello_parse(buf_str(&wire), arena, out), OK);
    buf_free(&wire);
    tls_free(&tls);
}

static void assert_bytes(struct str got, struct str expected)
{
    assert_int_equal(got.n, expected.n);
    assert_memory_equal(got.p, expected.p, got.n);
}

static void what_came_in_goes_out(void **state)
{
    (void)state;
    struct pki_cert root = pki_make_ca("root", NULL);
    struct bundle bundle = {0};
    pki_add(&bundle, BUNDLE_ROOTS, root.cert);
    struct tls_context *context = context_of(&bundle, TICKET_KEYS);
    struct arena arena = {0};
    struct tls_offer offer = {.ciphers = CHROMIUM_CIPHERS,
        .groups = CHROMIUM_GROUPS,
        .signatures = CHROMIUM_SIGNATURES,
        .has_sct = true};
    struct hello hello;
    for (int round = 0; round < 40; round++) { /* more than are remembered */
        struct str some = str_sub(CHROMIUM_SIGNATURES, 0,
            round % 2 == 0 ? 16 : 2 + (size_t)round % 14 / 2 * 2);
        offer.signatures = some;
        read_own_hello(context, &offer, &arena, &hello);
        assert_bytes(hello.offer.signatures, some);
    }
    read_own_hello(context, &offer, &arena, &hello);
    /* Without GREASE; OpenSSL adds TLS_EMPTY_RENEGOTIATION_INFO_SCSV. */
    struct str known = str_sub(CHROMIUM_CIPHERS, 2, CHROMIUM_CIPHERS.n);
    assert_bytes(str_sub(hello.offer.ciphers, 0, known.n), known);
    assert_bytes(str_sub(hello.offer.ciphers, known.n, hello.offer.ciphers.n),
        STR("\x00\xff"));
    assert_bytes(hello.offer.groups, str_sub(CHROMIUM_GROUPS, 4, 10));
    assert_true(hello.offer.has_sct && !hello.offer.has_etm);
    offer.has_etm = true;
    offer.has_sct = false;
    read_own_hello(context, &offer, &arena, &hello);
    assert_true(!hello.offer.has_sct && hello.offer.has_etm);
    arena_free(&arena);
    tls_context_free(&context);
    pki_free(&root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_browsers_lists_keep_their_order_without_grease),
        cmocka_unit_test(nothing_known_is_nothing),
        cmocka_unit_test(all_words_fit),
        cmocka_unit_test(what_came_in_goes_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
