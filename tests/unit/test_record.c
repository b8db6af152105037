/* store/record.h */
#include "store/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static const char ID[] = "01934567-89ab-7def-8123-456789abcdef";

static struct store_request make(enum store_kind kind, struct str json)
{
    struct store_request r = {.kind = kind,
        .token = 0x1122334455667788,
        .origin = UINT64_MAX,
        .json = json,
        .json_bytes = (uint32_t)json.n};
    memcpy(r.id, ID, sizeof ID);
    return r;
}

static void a_request_comes_back_as_it_was(void **state)
{
    (void)state;
    struct buf bytes = {0};
    struct store_request out, in = make(STORE_DONE, STR("{\"a\":1}"));
    store_request_encode(&in, &bytes);
    assert_int_equal(store_request_decode(buf_str(&bytes), &out), OK);
    assert_int_equal(out.kind, STORE_DONE);
    assert_true(out.token == in.token && out.origin == in.origin);
    assert_string_equal(out.id, ID);
    assert_true(str_eq(out.json, in.json));
    assert_int_equal(out.json_bytes, in.json.n);
    buf_free(&bytes);
}

static void large_json_is_only_announced(void **state)
{
    (void)state;
    static char large[STORE_INLINE_MAX + 1];
    struct buf bytes = {0};
    memset(large, ' ', sizeof large);
    struct store_request out,
        in = make(STORE_OPEN, str_make(large, sizeof large));
    store_request_encode(&in, &bytes);
    assert_int_equal(store_request_decode(buf_str(&bytes), &out), OK);
    assert_int_equal(out.json.n, 0);
    assert_int_equal(out.json_bytes, sizeof large);
    buf_free(&bytes);
}

static void every_cut_and_every_addition_is_refused(void **state)
{
    (void)state;
    struct buf bytes = {0};
    struct store_request out, in = make(STORE_OPEN, STR("{}"));
    store_request_encode(&in, &bytes);
    for (size_t n = 0; n < bytes.n; n++)
        assert_int_equal(
            store_request_decode(str_sub(buf_str(&bytes), 0, n), &out),
            ERR_PARSE);
    buf_append_char(&bytes, ' ');
    assert_int_equal(store_request_decode(buf_str(&bytes), &out), ERR_PARSE);
    buf_free(&bytes);
}

static void check_refused(struct store_request in, enum err expected)
{
    struct buf bytes = {0};
    struct store_request out;
    store_request_encode(&in, &bytes);
    assert_int_equal(store_request_decode(buf_str(&bytes), &out), expected);
    buf_free(&bytes);
}

static void wrong_fields_are_refused(void **state)
{
    (void)state;
    struct store_request in = make(STORE_OPEN, STR("{}"));
    in.id[3] = 'G';
    check_refused(in, ERR_PARSE);
    in = make(STORE_OPEN, STR("{}"));
    in.id[35] = '\0';
    check_refused(in, ERR_PARSE);
    check_refused(make((enum store_kind)9, STR("{}")), ERR_PARSE);
    check_refused(make(STORE_OPEN, STR_NONE), ERR_PARSE);
    check_refused(make(STORE_GONE, STR_NONE), ERR_PARSE); /* has an id */
    in = make(STORE_OPEN, STR_NONE);
    in.json_bytes = STORE_JSON_MAX + 1;
    check_refused(in, ERR_LIMIT);
    in = (struct store_request){.kind = STORE_GONE};
    check_refused(in, ERR_PARSE); /* all origins: not for workers */
    in.origin = 3;
    check_refused(in, OK);
    struct buf bytes = {0};
    store_request_encode(&in, &bytes);
    buf_bytes(&bytes)[30] = 'x'; /* within an id that begins with NUL */
    struct store_request out;
    assert_int_equal(store_request_decode(buf_str(&bytes), &out), ERR_PARSE);
    buf_free(&bytes);
}

static void an_answer_comes_back_and_damage_is_refused(void **state)
{
    (void)state;
    struct buf bytes = {0};
    struct store_answer out, in = {.token = 77, .err = ERR_IO};
    store_answer_encode(&in, &bytes);
    assert_int_equal(store_answer_decode(buf_str(&bytes), &out), OK);
    assert_true(out.token == 77 && out.err == ERR_IO);
    for (size_t n = 0; n < bytes.n; n++)
        assert_int_equal(
            store_answer_decode(str_sub(buf_str(&bytes), 0, n), &out),
            ERR_PARSE);
    buf_bytes(&bytes)[4] = 99; /* no such error */
    assert_int_equal(store_answer_decode(buf_str(&bytes), &out), ERR_PARSE);
    buf_free(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_comes_back_as_it_was),
        cmocka_unit_test(large_json_is_only_announced),
        cmocka_unit_test(every_cut_and_every_addition_is_refused),
        cmocka_unit_test(wrong_fields_are_refused),
        cmocka_unit_test(an_answer_comes_back_and_damage_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
