/* base/jsonw.h */
#include "base/jsonw.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <jansson.h>

static void commas_come_by_themselves(void **state)
{
    (void)state;
    struct buf out = {0};
    struct jsonw w = {.out = &out};
    jsonw_object(&w);
    jsonw_key_str(&w, "a", STR("x"));
    jsonw_key(&w, "b");
    jsonw_array(&w);
    jsonw_int(&w, -1);
    jsonw_bool(&w, true);
    jsonw_null(&w);
    jsonw_object(&w);
    jsonw_close(&w);
    jsonw_raw(&w, STR("[1]"));
    jsonw_close(&w);
    jsonw_key_int(&w, "c", INT64_MIN);
    jsonw_key_bool(&w, "d", false);
    jsonw_key_cstr(&w, "e", "f");
    jsonw_close(&w);
    assert_string_equal(buf_cstr(&out),
        "{\"a\":\"x\",\"b\":[-1,true,null,{},[1]],"
        "\"c\":-9223372036854775808,\"d\":false,\"e\":\"f\"}");
    buf_free(&out);
}

/* Under UBSan of clang; found by fuzz_case. */
static void an_empty_string_without_an_address_is_written(void **state)
{
    (void)state;
    struct buf out = {0};
    struct jsonw w = {.out = &out};
    jsonw_object(&w);
    jsonw_key_str(&w, "a", STR_NONE);
    jsonw_close(&w);
    assert_string_equal(buf_cstr(&out), "{\"a\":\"\"}");
    buf_free(&out);
}

static void what_is_unknown_is_left_out(void **state)
{
    (void)state;
    struct buf out = {0};
    struct jsonw w = {.out = &out};
    jsonw_object(&w);
    jsonw_key_str_if(&w, "a", STR_NONE);
    jsonw_key_str_if(&w, "b", STR("x"));
    jsonw_close(&w);
    assert_string_equal(buf_cstr(&out), "{\"b\":\"x\"}");
    buf_free(&out);
}

/* Any bytes at all: another reader gets them back, or U+FFFD. */
static void every_byte_is_valid_json(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        struct buf out = {0};
        char text[3] = {'<', (char)c, '>'};
        jsonw_append_quoted(&out, str_make(text, 3));
        json_t *json = json_loadb(
            buf_bytes(&out), out.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        assert_non_null(json);
        if (c < 0x80)
            assert_memory_equal(json_string_value(json), text, 3);
        else
            assert_string_equal(json_string_value(json), "<\xef\xbf\xbd>");
        assert_null(memchr(buf_bytes(&out), '\n', out.n));
        json_decref(json);
        buf_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commas_come_by_themselves),
        cmocka_unit_test(an_empty_string_without_an_address_is_written),
        cmocka_unit_test(what_is_unknown_is_left_out),
        cmocka_unit_test(every_byte_is_valid_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
