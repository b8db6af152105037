/* base/digest.h */
#include "base/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* FIPS 180-4 example "abc" and the empty string. */
static const char abc[] =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
static const char empty[] =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

static void sha256_gives_the_published_sums(void **state)
{
    (void)state;
    char text[DIGEST_HEX_BYTES];
    digest_sha256_hex(STR("abc"), text);
    assert_string_equal(text, abc);
    digest_sha256_hex(STR_NONE, text);
    assert_string_equal(text, empty);
}

static void streaming_gives_the_same_sum_and_can_go_on(void **state)
{
    (void)state;
    uint8_t part[DIGEST_BYTES], whole[DIGEST_BYTES];
    struct digest *digest = digest_new();
    digest_update(digest, STR("a"));
    digest_sum(digest, part);
    digest_update(digest, STR_NONE);
    digest_update(digest, STR("bc"));
    digest_final(&digest, whole);
    assert_null(digest);
    char text[DIGEST_HEX_BYTES];
    digest_hex(whole, text);
    assert_string_equal(text, abc);
    assert_false(digest_equal(part, whole));
}

static void a_running_sum_is_put_away_and_gone_on_with(void **state)
{
    (void)state;
    char bytes[300], text[DIGEST_HEX_BYTES], whole[DIGEST_HEX_BYTES];
    uint8_t put_away[DIGEST_STATE_BYTES], sum[DIGEST_BYTES];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)i;
    digest_sha256_hex(str_make(bytes, sizeof bytes), whole);
    for (size_t cut = 0; cut <= sizeof bytes; cut++) {
        struct digest *first = digest_new();
        digest_update(first, str_make(bytes, cut));
        digest_save(first, put_away);
        digest_update(first, STR("what nobody asked for"));
        digest_free(&first);
        struct digest *second = digest_restore(put_away);
        digest_update(second, str_make(bytes + cut, sizeof bytes - cut));
        digest_final(&second, sum);
        digest_hex(sum, text);
        assert_string_equal(text, whole);
    }
}

static void what_is_no_state_is_refused(void **state)
{
    (void)state;
    uint8_t bytes[DIGEST_STATE_BYTES];
    for (int fill = 0; fill < 256; fill++) {
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (uint8_t)fill;
        assert_null(digest_restore(bytes));
    }
}

static void hmac_gives_the_sum_of_rfc_4231(void **state)
{
    (void)state;
    uint8_t mac[DIGEST_BYTES];
    char text[DIGEST_HEX_BYTES];
    digest_hmac_sha256(STR("Jefe"), STR("what do ya want for nothing?"), mac);
    digest_hex(mac, text);
    assert_string_equal(text,
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    digest_hmac_sha256(STR_NONE, STR_NONE, mac);
    digest_hex(mac, text);
    assert_string_equal(text,
        "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_gives_the_published_sums),
        cmocka_unit_test(streaming_gives_the_same_sum_and_can_go_on),
        cmocka_unit_test(a_running_sum_is_put_away_and_gone_on_with),
        cmocka_unit_test(what_is_no_state_is_refused),
        cmocka_unit_test(hmac_gives_the_sum_of_rfc_4231),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
