/* base/str.h */
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void glob_star_does_not_cross_the_stop_byte(void **state)
{
    (void)state;
    assert_true(str_glob(STR("oai*.blob.test"), STR("oaieu.blob.test"), '.'));
    assert_false(str_glob(STR("oai*.blob.test"), STR("oai.eu.blob.test"), '.'));
    assert_true(str_glob(STR("a*c"), STR("a.b.c"), 0));
    assert_false(str_glob(STR("a*c"), STR("a.b.d"), 0));
    assert_true(str_glob(STR("*"), STR(""), '.'));
}

static void numbers_reject_signs_blanks_and_overflow(void **state)
{
    (void)state;
    uint64_t value = 0;
    assert_int_equal(str_to_u64(STR("18446744073709551615"), &value), OK);
    assert_true(value == UINT64_MAX);
    assert_int_equal(
        str_to_u64(STR("18446744073709551616"), &value), ERR_LIMIT);
    assert_int_equal(str_to_u64(STR("+1"), &value), ERR_PARSE);
    assert_int_equal(str_to_u64(STR(" 1"), &value), ERR_PARSE);
    assert_int_equal(str_to_u64(STR(""), &value), ERR_PARSE);
}

static void split_gives_every_part_once(void **state)
{
    (void)state;
    struct str rest = STR("a,,b"), part;
    assert_true(str_split(&rest, ',', &part) && str_is(part, "a"));
    assert_true(str_split(&rest, ',', &part) && part.n == 0);
    assert_true(str_split(&rest, ',', &part) && str_is(part, "b"));
    assert_false(str_split(&rest, ',', &part));
}

static void only_ascii_letters_are_lowered(void **state)
{
    char text[] = "aZ@[\xc3\x84 9";
    (void)state;
    str_lower(text, sizeof text - 1);
    assert_string_equal(text, "az@[\xc3\x84 9");
}

static void hexadecimal_digits_have_values(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        const char *digits = "0123456789abcdef", *at = NULL;
        char lower = (char)c;
        str_lower(&lower, 1);
        if (c != 0)
            at = strchr(digits, lower);
        assert_int_equal(
            str_hex_value((char)c), at != NULL ? (int)(at - digits) : -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_ascii_letters_are_lowered),
        cmocka_unit_test(hexadecimal_digits_have_values),
        cmocka_unit_test(glob_star_does_not_cross_the_stop_byte),
        cmocka_unit_test(numbers_reject_signs_blanks_and_overflow),
        cmocka_unit_test(split_gives_every_part_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
