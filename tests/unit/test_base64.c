/* base/base64.h */
#include "base/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void every_length_comes_back(void **state)
{
    (void)state;
    const char all[] = "\x00\xff\x10 any bytes \xfb\xef\xbe";
    for (size_t n = 0; n < sizeof all; n++) {
        struct buf text = {0}, back = {0};
        base64_encode(str_make(all, n), &text);
        assert_int_equal(base64_decode(buf_str(&text), &back), OK);
        assert_true(str_eq(buf_str(&back), str_make(all, n)));
        buf_free(&text);
        buf_free(&back);
    }
}

static void both_alphabets_and_missing_padding_are_read(void **state)
{
    (void)state;
    struct buf out = {0};
    assert_int_equal(base64_decode(STR("-_-_YQ"), &out), OK);
    assert_true(str_eq(buf_str(&out), STR("\xfb\xff\xbf"
                                          "a")));
    buf_free(&out);
}

static void rubbish_is_refused(void **state)
{
    (void)state;
    struct buf out = {0};
    assert_int_equal(base64_decode(STR("a"), &out), ERR_PARSE);
    assert_int_equal(base64_decode(STR("ab cd"), &out), ERR_PARSE);
    assert_int_equal(base64_decode(STR("ab=c"), &out), ERR_PARSE);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length_comes_back),
        cmocka_unit_test(both_alphabets_and_missing_padding_are_read),
        cmocka_unit_test(rubbish_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
