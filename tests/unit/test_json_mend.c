/* inspect/json_mend.h: what broke off can be read as far as it goes. */
#include "inspect/json_mend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void expect(const char *text, const char *want)
{
    struct buf out = {0};
    assert_true(json_mend(str_of(text), &out));
    assert_string_equal(buf_cstr(&out), want);
    buf_free(&out);
}

static void what_is_open_is_closed(void **state)
{
    (void)state;
    expect("{", "{}");
    expect("[1,[2,", "[1,[2]]");
    expect("[1,[2", "[1,[]]");
    expect("{\"a\":", "{\"a\":null}");
    expect("{\"a\":1,\"b", "{\"a\":1,\"b\":null}");
    expect("{\"a\":1,\"b\"", "{\"a\":1,\"b\":null}");
    expect("{\"a\":\"text", "{\"a\":\"text\"}");
    expect("{\"a\":[\"x\",\"y", "{\"a\":[\"x\",\"y\"]}");
    expect("{\"a\":{\"b\":1}, ", "{\"a\":{\"b\":1}}");
}

static void half_pieces_are_dropped(void **state)
{
    (void)state;
    expect("{\"a\":tru", "{\"a\":null}");
    expect("[\"a\\", "[\"a\"]");
    expect("[\"a\\u00", "[\"a\"]");
    expect("[\"a\\ud83d", "[\"a\"]");
    expect("[\"a\\ud83d\\ude", "[\"a\\ud83d\"]");
    expect("[\"a\xc3", "[\"a\"]");
    expect("[\"a\xf0\x9f\x91", "[\"a\"]");
    expect("[\"a\\\xc3", "[\"a\"]");
    expect("[\"a\\\\\xc3", "[\"a\\\\\"]");
    expect("[\"a\xc3\xa9", "[\"a\xc3\xa9\"]");
    expect("[\"a\\n", "[\"a\\n\"]");
}

static void what_is_whole_or_no_beginning_is_left_alone(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", "{}", "[1]", "word", "\"text\"", "]", "{]", "[}"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct buf out = {0};
        assert_false(json_mend(str_of(texts[i]), &out));
        assert_int_equal(out.n, 0);
    }
}

static void deep_nesting_has_a_bound(void **state)
{
    (void)state;
    struct buf text = {0}, out = {0};
    for (int i = 0; i <= JSON_DEPTH_MAX; i++)
        buf_append_char(&text, '[');
    assert_false(json_mend(buf_str(&text), &out));
    buf_free(&text);
}

/* Wherever it breaks off, it can be read. */
static void every_beginning_can_be_read(void **state)
{
    (void)state;
    struct str whole =
        STR("{\"id\":\"c\xc3\xa9\",\"n\":[1,-2.5e3,true,null,false],\"o\":{},"
            "\"l\":[[],[{\"k\":\"a\\\"b\\\\c\\ud83d\\udc4b\\u00e9 \xf0\x9f\x91"
            "\x8b\"}]], \"z\" : \"end\"}");
    for (size_t n = 1; n < whole.n; n++) {
        struct buf out = {0};
        struct arena arena = {0};
        struct json_node *root;
        assert_true(json_mend(str_sub(whole, 0, n), &out));
        if (json_parse(buf_str(&out), &arena, NULL, &root) != OK)
            fail_msg("%zu: %s", n, buf_cstr(&out));
        arena_free(&arena);
        buf_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_open_is_closed),
        cmocka_unit_test(half_pieces_are_dropped),
        cmocka_unit_test(what_is_whole_or_no_beginning_is_left_alone),
        cmocka_unit_test(deep_nesting_has_a_bound),
        cmocka_unit_test(every_beginning_can_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
