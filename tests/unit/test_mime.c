/* inspect/mime.h */
#include "inspect/mime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/mem.h"

static void expect_type(const char *value, const char *want)
{
    struct arena arena = {0};
    struct mime_type t;
    char got[300];
    enum err err = mime_parse_type(str_of(value), &arena, &t);
    snprintf(got, sizeof got, "%s %.*s|%.*s|%.*s", err_name(err),
        STR_ARG(t.type), STR_ARG(t.charset), STR_ARG(t.boundary));
    assert_string_equal(got, want);
    arena_free(&arena);
}

static void types_are_lower_case_without_parameters(void **state)
{
    (void)state;
    expect_type("application/json", "ok application/json||");
    expect_type(" Text/HTML ; Charset=\"UTF-8\" ; x", "ok text/html|utf-8|");
    expect_type("multipart/form-data; boundary=----WebKitFormBoundaryAb",
        "ok multipart/form-data||----WebKitFormBoundaryAb");
    expect_type("multipart/mixed;boundary = \"a \\\"b; c\" ;charset=x",
        "ok multipart/mixed|x|a \"b; c");
    expect_type("a/b; boundary=1; boundary=2", "ok a/b||1");
    expect_type("a/b; boundary=\"open", "ok a/b||open");
    expect_type("a/b;;;=;charset", "ok a/b||");
}

static void what_is_no_type_is_refused(void **state)
{
    (void)state;
    static const char *const values[] = {"", "text", "/x", "x/", "a b/c",
        "text/plain, text/html", ";charset=x", "\"a/b\""};
    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        expect_type(values[i], "parse ||");
}

static void expect_name(const char *value, const char *want)
{
    struct arena arena = {0};
    struct mime_disposition d;
    char got[300];
    enum err err = mime_parse_disposition(str_of(value), &arena, &d);
    snprintf(got, sizeof got, "%s %.*s|%.*s|%.*s|%d%d", err_name(err),
        STR_ARG(d.kind), STR_ARG(d.name), STR_ARG(d.filename), d.has_name,
        d.has_filename);
    assert_string_equal(got, want);
    arena_free(&arena);
}

static void names_and_file_names_are_found(void **state)
{
    (void)state;
    expect_name("Form-Data; name=\"file\"; filename=\"a b.txt\"",
        "ok form-data|file|a b.txt|11");
    expect_name("form-data; name=x", "ok form-data|x||10");
    expect_name("form-data; NAME=x; name=y", "ok form-data|x||10");
    expect_name("form-data; name=\"\"; filename=\"\"", "ok form-data|||11");
    expect_name("form-data; filename=\"C:\\dir\\f.txt\"",
        "ok form-data||C:\\dir\\f.txt|01");
    expect_name("form-data; filename=\"a\\\"b\"", "ok form-data||a\"b|01");
    expect_name("form-data; filename=\"caf\xc3\xa9.txt\"",
        "ok form-data||caf\xc3\xa9.txt|01");
    expect_name("attachment", "ok attachment|||00");
    expect_name("attachment; filename=\"caf\xe9 \xc3\xa9\"",
        "ok attachment||caf\xc3\xa9 \xc3\x83\xc2\xa9|01");
    expect_name("filename=x", "parse |||00");
    expect_name("", "parse |||00");
}

static void the_extended_file_name_wins(void **state)
{
    (void)state;
    expect_name("attachment; filename=\"x\"; filename*=UTF-8''caf%C3%A9",
        "ok attachment||caf\xc3\xa9|01");
    expect_name("attachment; filename*=utf-8'en'%e2%82%ac; filename=x",
        "ok attachment||\xe2\x82\xac|01");
    expect_name(
        "attachment; filename*=ISO-8859-1''%e9", "ok attachment||\xc3\xa9|01");
    expect_name(
        "attachment; filename=x; filename*=koi8-r''%e9", "ok attachment||x|01");
    expect_name(
        "attachment; filename=x; filename*=utf-8''%e", "ok attachment||x|01");
    expect_name(
        "attachment; filename=x; filename*=utf-8''%zz", "ok attachment||x|01");
    expect_name(
        "attachment; filename=x; filename*=plain", "ok attachment||x|01");
}

static void encoded_words_are_read_where_browsers_do(void **state)
{
    (void)state;
    expect_name("attachment; filename=\"=?UTF-8?B?w7x0aGVyLnR4dA==?=\"",
        "ok attachment||\xc3\xbcther.txt|01");
    expect_name("inline; filename==?iso-8859-1?q?caf=E9_1.txt?=",
        "ok inline||caf\xc3\xa9 1.txt|01");
    expect_name("attachment; filename=\"=?utf-8?Q?a?= =?utf-8?q?=5Fb?=\"",
        "ok attachment||a_b|01");
    static const char *const kept[] = {"=?utf-8?B?*?=", "=?utf-8?Q?=4?=",
        "=?utf-8?X?a?=", "=?koi8-r?Q?a?=", "=?utf-8?Q?a", "=?utf-8?Q?a?=.txt",
        "=?utf-8?Q?=ff?=", "=?utf-8?", "=?"};
    for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
        char value[80], want[80];
        snprintf(value, sizeof value, "attachment; filename=\"%s\"", kept[i]);
        snprintf(want, sizeof want, "ok attachment||%s|01", kept[i]);
        expect_name(value, want);
    }
    expect_name("form-data; filename=\"=?utf-8?Q?a?=\"",
        "ok form-data||=?utf-8?Q?a?=|01");
}

static void families_are_told_apart(void **state)
{
    (void)state;
    assert_true(mime_is_json(STR("application/json")));
    assert_true(mime_is_json(STR("application/problem+json")));
    assert_false(mime_is_json(STR("application/x-ndjson")));
    assert_true(mime_is_ndjson(
        STR("application/vnd.openai.conversation-source+ndjson")));
    assert_true(mime_is_ndjson(STR("application/jsonl")));
    assert_true(mime_is_text(STR("text/csv")));
    assert_true(mime_is_text(STR("image/svg+xml")));
    assert_false(mime_is_text(STR("image/png")));
}

static void ranges_of_bytes(void **state)
{
    (void)state;
    struct mime_range r = {7, 7, 7};
    static const char *const bad[] = {"", "bytes", "bytes ", "bytes */9",
        "bytes 1-/9", "bytes 1-2", "items 1-2/9", "bytes 1 - 2/9",
        "bytes 99999999999999999999-2/9"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(mime_parse_range(str_of(bad[i]), &r), ERR_PARSE);
    assert_int_equal(r.first, 7);
    assert_int_equal(mime_parse_range(STR("Bytes 10-19/1234"), &r), OK);
    assert_true(r.first == 10 && r.last == 19 && r.total == 1234);
    assert_int_equal(mime_parse_range(STR("bytes 0-0/*"), &r), OK);
    assert_true(r.first == 0 && r.last == 0 && r.total == -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_of_bytes),
        cmocka_unit_test(types_are_lower_case_without_parameters),
        cmocka_unit_test(what_is_no_type_is_refused),
        cmocka_unit_test(names_and_file_names_are_found),
        cmocka_unit_test(the_extended_file_name_wins),
        cmocka_unit_test(encoded_words_are_read_where_browsers_do),
        cmocka_unit_test(families_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
