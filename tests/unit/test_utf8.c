/* base/utf8.h */
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"

static void every_code_point_comes_back(void **state)
{
    (void)state;
    for (uint32_t c = 0; c <= 0x10ffff; c += c < 0x900 ? 1 : 61) {
        char out[4];
        uint32_t back = 0;
        size_t n = utf8_encode(c, out);
        assert_int_equal(utf8_decode(str_make(out, n), &back), n);
        bool is_surrogate = c >= 0xd800 && c <= 0xdfff;
        assert_int_equal(back, is_surrogate ? 0xfffd : c);
        for (size_t cut = 0; cut < n; cut++)
            assert_int_equal(utf8_length(str_make(out, cut)), 0);
    }
}

static void what_is_not_utf8_is_refused(void **state)
{
    (void)state;
    static const struct str wrong[] = {STR("\x80"), STR("\xc0\x80"),
        STR("\xc1\xbf"), STR("\xe0\x80\x80"), STR("\xed\xa0\x80"),
        STR("\xf0\x80\x80\x80"), STR("\xf4\x90\x80\x80"),
        STR("\xf5\x80\x80\x80"), STR("\xff"), STR("\xc3("), STR("\xe2\x82"),
        STR("a\xe2\x82(")};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_false(utf8_is_valid(wrong[i]));
    assert_true(utf8_is_valid(STR("plain, \xc3\xa9, \xf0\x9f\x91\x8b")));
    assert_true(utf8_is_valid(STR_NONE));
}

static void a_cut_goes_between_characters(void **state)
{
    (void)state;
    struct str s = STR("a\xc3\xa9\xf0\x9f\x91\x8b.");
    static const size_t floor[] = {0, 1, 1, 3, 3, 3, 3, 7, 8, 8};
    for (size_t n = 0; n < ARRAY_LEN(floor); n++)
        assert_int_equal(utf8_floor(s, n), floor[n]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point_comes_back),
        cmocka_unit_test(what_is_not_utf8_is_refused),
        cmocka_unit_test(a_cut_goes_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
