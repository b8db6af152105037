/* inspect/check.h */
#include "inspect/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "inspect/check_ids.h"

static enum check run(const char *validator, const char *value)
{
    struct str s = str_of(value);
    return validator_find(str_of(validator))->run(&s);
}

static void luhn_takes_right_check_digits_only(void **state)
{
    (void)state;
    assert_true(check_luhn(STR("4111111111111111")));
    assert_false(check_luhn(STR("4111111111111112")));
    assert_false(check_luhn(STR("")));
    assert_false(check_luhn(STR("41111111x1111111")));
}

static void cards_need_an_issuer_and_the_rare_ones_a_word(void **state)
{
    (void)state;
    assert_int_equal(run("card", "4111111111111111"), CHECK_PASS);
    assert_int_equal(run("card", "378282246310005"), CHECK_PASS);
    assert_int_equal(run("card", "2223003122003222"), CHECK_PASS);
    assert_int_equal(run("card", "30569309025904"), CHECK_UNKNOWN);
    assert_int_equal(run("card", "4222222222222"), CHECK_UNKNOWN);
    assert_int_equal(run("card", "630427373398"), CHECK_UNKNOWN);
    assert_int_equal(run("card", "4111111111111112"), CHECK_FAIL);
    assert_int_equal(run("card", "0000000000000000"), CHECK_FAIL);
    assert_int_equal(run("card", "9999999999999995"), CHECK_FAIL);
    assert_int_equal(run("card", "41111111117"), CHECK_FAIL);
}

static void ibans_have_their_countrys_length_and_remainder_one(void **state)
{
    (void)state;
    assert_int_equal(run("iban", "DE89370400440532013000"), CHECK_PASS);
    assert_int_equal(run("iban", "GB82 WEST 1234 5698 7654 32"), CHECK_PASS);
    assert_int_equal(run("iban", "DE89370400440532013001"), CHECK_FAIL);
    assert_int_equal(run("iban", "XX89370400440532013000"), CHECK_FAIL);
    assert_int_equal(run("iban", "DE8937040044053201"), CHECK_FAIL);
}

static void an_iban_ends_where_its_country_says(void **state)
{
    (void)state;
    struct str s = STR("DE89 3704 0044 0532 0130 00 AND THEN");
    assert_int_equal(validator_find(STR("iban"))->run(&s), CHECK_PASS);
    assert_int_equal(s.n, 27);
    s = STR("DE8937040044053201300012");
    assert_int_equal(validator_find(STR("iban"))->run(&s), CHECK_FAIL);
}

static void ssns_of_no_area_group_or_serial_and_known_ones_fail(void **state)
{
    (void)state;
    assert_int_equal(run("us-ssn", "660504867"), CHECK_UNKNOWN);
    const char *bad[] = {"000504867", "666504867", "900504867", "660004867",
        "660500000", "078051120", "219099999", "111111111", "123456789"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(run("us-ssn", bad[i]), CHECK_FAIL);
}

static void github_and_npm_tokens_end_in_their_checksum(void **state)
{
    (void)state;
    const char *good = "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";
    assert_int_equal(run("crc62", good), CHECK_PASS);
    assert_int_equal(
        run("crc62", "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"), CHECK_PASS);
    for (size_t i = 4; i < strlen(good); i++) {
        char broken[64];
        strcpy(broken, good);
        broken[i] = broken[i] == 'a' ? 'b' : 'a';
        assert_int_equal(run("crc62", broken), CHECK_FAIL);
    }
    assert_int_equal(run("crc62", "ghp_"), CHECK_FAIL);
    assert_int_equal(run("crc62", "abc"), CHECK_FAIL);
}

static void a_jwt_header_decodes_to_an_object_with_an_algorithm(void **state)
{
    (void)state;
    assert_int_equal(
        run("jwt", "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxIn0.xx"),
        CHECK_PASS);
    assert_int_equal(
        run("jwt", "eyJSmNBvO5SboPcf0gaPt7D.nYrOXj.yh"), CHECK_FAIL);
    assert_int_equal(run("jwt", "eyJ*.x.y"), CHECK_FAIL);
}

static void a_pem_block_needs_a_body(void **state)
{
    (void)state;
    assert_int_equal(
        run("pem", "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ"
                   "EFAASCBKcwggSjAgEAAoIBAQ\n-----END PRIVATE KEY-----"),
        CHECK_PASS);
    assert_int_equal(
        run("pem", "-----BEGIN PRIVATE KEY-----\\nMIIEvQIBADANBgkqhkiG9w0BA"
                   "QEFAASCBKcwggSjAgEAAoIBAQ"),
        CHECK_PASS);
    assert_int_equal(run("pem", "-----BEGIN PRIVATE KEY-----"), CHECK_FAIL);
    assert_int_equal(
        run("pem", "-----BEGIN PRIVATE KEY-----\n{{!!}} [paste] {it} #here# "
                   "$please$ ~or~ ask; ask; ask; ask; ask; ask; ask; ask;\n"),
        CHECK_FAIL);
}

static void the_vendors_example_key_is_nobodys(void **state)
{
    (void)state;
    assert_int_equal(run("aws", "AKIAIOSFODNN7EXAMPLE"), CHECK_FAIL);
    assert_int_equal(run("aws", "AKIA3MVRNOKKKQAAFUKK"), CHECK_PASS);
    assert_int_equal(run("aws", "AKIA3MVRNOKKKQ1AFUKK"), CHECK_UNKNOWN);
}

static void entropy_is_in_bits_a_byte(void **state)
{
    (void)state;
    assert_true(check_entropy(STR("aaaa")) < 0.001);
    assert_true(check_entropy(STR("abcd")) > 1.999);
    assert_true(check_entropy(STR("")) < 0.001);
}

static void placeholders_are_known(void **state)
{
    (void)state;
    assert_true(check_is_placeholder(STR("hf_xxxxxxxxxxxxxxxx")));
    assert_true(check_is_placeholder(STR("${TOKEN}")));
    assert_true(check_is_placeholder(STR("your-api-key")));
    assert_false(check_is_placeholder(STR("sk_live_SLu57bS7Z64kySmgSBbKQgdH")));
}

static void base64_of_both_alphabets_decodes(void **state)
{
    (void)state;
    unsigned char out[8];
    assert_int_equal(check_base64(STR("-_+/"), out, sizeof out), 3);
    assert_int_equal(check_base64(STR("aGk="), out, sizeof out), 2);
    assert_memory_equal(out, "hi", 2);
    assert_true(check_base64(STR("a*"), out, sizeof out) == SIZE_MAX);
    assert_int_equal(check_base64(STR("aGlhaGloaWhpaGk"), out, 2), 2);
}

static void drawn_characters_are_told_from_words_and_names(void **state)
{
    (void)state;
    static const char *const names[] = {"calculateTotalAmount", "someVariable",
        "HTTPServerConnection", "x509_certificate_store", "unsubscribeAll",
        "kennwortfeld", "configuration2", "getElementsByTagName"};
    static const char *const drawn[] = {"gWiXsMUkyVjDXWkD3iligRqa",
        "jHiCAnad-uayp1kvkPlj", "narbllniysrvm9kv", "zpczok4kqgnw5prpfy3ehiyl",
        "Q7dLrmT0bXhKzWvGyPqN", "5gq8xw2mfc7zk1vj"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        assert_true(check_strangeness(str_of(names[i])) < CHECK_IS_STRANGE);
    for (size_t i = 0; i < ARRAY_LEN(drawn); i++)
        assert_true(check_strangeness(str_of(drawn[i])) >= CHECK_IS_STRANGE);
    assert_int_equal(check_strangeness(STR("")), 0);
    assert_int_equal(check_strangeness(STR("\xff\xff--")), 0);
    assert_int_equal(run("api-key", "gWiXsMUkyVjDXWkD3iligRqa"), CHECK_PASS);
    assert_int_equal(run("api-key", "getElementsByTagName2"), CHECK_FAIL);
}

static void every_validator_is_found_by_its_name(void **state)
{
    (void)state;
    size_t i = 0;
    for (; validator_at(i) != NULL; i++)
        assert_ptr_equal(
            validator_find(str_of(validator_at(i)->name)), validator_at(i));
    assert_true(i >= 8);
    assert_null(validator_find(STR("nope")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(luhn_takes_right_check_digits_only),
        cmocka_unit_test(cards_need_an_issuer_and_the_rare_ones_a_word),
        cmocka_unit_test(ibans_have_their_countrys_length_and_remainder_one),
        cmocka_unit_test(an_iban_ends_where_its_country_says),
        cmocka_unit_test(ssns_of_no_area_group_or_serial_and_known_ones_fail),
        cmocka_unit_test(github_and_npm_tokens_end_in_their_checksum),
        cmocka_unit_test(a_jwt_header_decodes_to_an_object_with_an_algorithm),
        cmocka_unit_test(a_pem_block_needs_a_body),
        cmocka_unit_test(the_vendors_example_key_is_nobodys),
        cmocka_unit_test(entropy_is_in_bits_a_byte),
        cmocka_unit_test(placeholders_are_known),
        cmocka_unit_test(base64_of_both_alphabets_decodes),
        cmocka_unit_test(drawn_characters_are_told_from_words_and_names),
        cmocka_unit_test(every_validator_is_found_by_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
