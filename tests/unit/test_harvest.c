/* inspect/harvest.h and inspect/runs.h at any cuts: what must be found. */
#include "inspect/harvest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/cuts.h"

#define CARD "4111 1111 1111 1111"

static enum err read_cut(const char *type, struct str body, unsigned way,
    size_t limit, struct buf *out)
{
    struct harvest *h = harvest_new(str_of(type), limit);
    struct cuts cuts = cuts_begin(body, way);
    struct str piece;
    enum err err = OK;
    while (err == OK && cuts_next(&cuts, &piece))
        err = harvest_feed(h, piece, out);
    cuts_end(&cuts);
    err = harvest_finish(h, out);
    buf_printf(out, "#%s%s", harvest_kind_name(harvest_kind(h)),
        harvest_is_broken(h) ? " broken" : "");
    harvest_free(&h);
    assert_null(h);
    return err;
}

static void expect_str(const char *type, struct str body, const char *text)
{
    for (unsigned way = 0; way < CUTS_WAYS; way++) {
        struct buf out = {0};
        assert_int_equal(read_cut(type, body, way, 0, &out), OK);
        if (!str_is(buf_str(&out), text))
            fail_msg("way %u of %.*s:\n%s\nnot\n%s", way, STR_ARG(body),
                buf_cstr(&out), text);
        buf_free(&out);
    }
}

static void expect(const char *type, const char *body, const char *text)
{
    expect_str(type, str_of(body), text);
}

static void expect_aside(
    const char *type, const char *body, const char *text, const char *beside)
{
    for (unsigned way = 0; way < CUTS_WAYS; way++) {
        struct buf out = {0}, aside = {0};
        struct harvest *h = harvest_new(str_of(type), 0);
        struct cuts cuts = cuts_begin(str_of(body), way);
        struct str piece;
        harvest_set_aside(h, &aside);
        while (cuts_next(&cuts, &piece))
            assert_int_equal(harvest_feed(h, piece, &out), OK);
        cuts_end(&cuts);
        assert_int_equal(harvest_finish(h, &out), OK);
        harvest_free(&h);
        assert_string_equal(buf_cstr(&out), text);
        assert_string_equal(buf_cstr(&aside), beside);
        buf_free(&out);
        buf_free(&aside);
    }
}

static void what_is_there_for_machines_goes_aside(void **state)
{
    (void)state;
    expect_aside("application/json",
        "{\"id\":\"lan_1\",\"name\":\"Elin\",\"roomId\":\"the red one\","
        "\"file_ids\":[\"a-1\",\"b-2\"],\"x\":\"ok\",\"n\":4111111111111111,"
        "\"other\":\"0f0f0f0f-0f0f-4f0f-8f0f-0f0f0f0f0f0f\"}",
        "Elin\nthe red one\n",
        "lan_1\na-1\nb-2\nok\n4111111111111111\n"
        "0f0f0f0f-0f0f-4f0f-8f0f-0f0f0f0f0f0f\n");
    expect_aside("application/x-www-form-urlencoded",
        "comment=nice+lamp%21&n=3&csrf_token=abc123", "nice lamp!\n",
        "comment\nn\n3\ncsrf_token\nabc123\n");
    expect_aside("multipart/form-data; boundary=b",
        "--b\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\n"
        "hello\r\n--b--\r\n",
        "hello\n", "Content-Disposition: form-data; name=\"note\"\n");
}

static void json_gives_strings_and_long_numbers(void **state)
{
    (void)state;
    expect("application/json",
        "{\"a\":\"one\",\"b\":[\"t\\u0077o\",3,null,4111111111111111],\"c\":"
        "{\"d\":\"\"}}",
        "one\ntwo\n4111111111111111\n#json");
    expect("application/json", "{\"4111111111111111\":1,\"key\":true}",
        "4111111111111111\n#json");
    expect("application/json", "[4.111111111111111e15]",
        "4.111111111111111e15\n4111111111111111\n#json");
    expect("application/json", "\"alone\"", "alone\n#json");
}

static void json_in_json_strings_is_read_too(void **state)
{
    (void)state;
    expect("application/json",
        "{\"a\":\"{\\\"b\\\":\\\"4111\\\\u00201111\\\"}\"}",
        "{\"b\":\"4111\\u00201111\"}\n4111 1111\n#json");
}

static void the_type_is_only_a_hint(void **state)
{
    (void)state;
    expect("text/plain", "{\"a\":\"x\\u0031\"}", "x1\n#json");
    expect("", " \n[\"a\"]\n[\"b\"]", "a\nb\n#json");
    expect("image/png", "\xef\xbb\xbf {\"a\":\"b\"}", "b\n#json");
    expect("application/x-www-form-urlencoded", "{\"a\":\"b\"}", "b\n#json");
    expect("application/json", "a plain text", "a plain text\n#text");
    expect("", "a=4111%201111&b=c", "a\n4111 1111\nb\nc\n#form");
    expect("text/plain;charset=UTF-8", "a=b+c", "a\nb c\n#form");
    expect("", "event: x\ndata: {\"v\":\"y\\u0031\"}\n\ndata: plain\n\n",
        "event: x\ny1\ndata: plain\n#sse");
    expect("", "free text, caf\xc3\xa9", "free text, caf\xc3\xa9\n#text");
    expect("nonsense", "", "#unknown");
}

static void blanks_before_json_hide_nothing(void **state)
{
    (void)state;
    char body[2000];
    memset(body, ' ', sizeof body);
    memcpy(body, "\xef\xbb\xbf", 3);
    memcpy(body + 1900, "{\"a\":\"\\u0034111\"}", 17);
    expect_str("application/json", str_make(body, sizeof body), "4111\n#json");
}

static void broken_json_goes_on_as_runs(void **state)
{
    (void)state;
    expect("application/json", "{\"a\":\"one\", oops \"" CARD "\"}",
        "one\noops \"" CARD "\"}\n#json broken");
    expect("application/json", "{\"a\":\"" CARD, CARD "\n#json broken");
    expect("application/json", "{\"a\":\"4111 11\n11 1111 1111\"}",
        "4111 11\n11 1111 1111\"}\n#json broken");
    expect("application/json", "[" CARD "]", CARD "]\n#json broken");
    expect("application/json", "[4111-1111-1111-1111]",
        "4111-1111-1111-1111]\n#json broken");
    expect("application/json", "{} " CARD, CARD "\n#json broken");
    expect("application/json", "[call me at " CARD "]",
        "call me at " CARD "]\n#json broken");
}

static void deep_json_is_not_waved_through(void **state)
{
    (void)state;
    struct buf body = {0}, out = {0};
    for (unsigned i = 0; i < 2000; i++)
        buf_append_char(&body, '[');
    buf_append_str(&body, STR("\"" CARD "\""));
    assert_int_equal(
        read_cut("application/json", buf_str(&body), 9, 0, &out), OK);
    assert_true(str_has(buf_str(&out), CARD));
    buf_free(&body);
    buf_free(&out);
}

static void ndjson_is_read_line_by_line(void **state)
{
    (void)state;
    expect("application/x-ndjson",
        "{\"a\":\"x\\u0031\"}\nbroken " CARD "\n{\"b\":\"y\\u0032\"}",
        "x1\nbroken " CARD "\ny2\n#json");
}

static void sse_gives_the_data_and_whatever_else(void **state)
{
    (void)state;
    expect("text/event-stream; charset=utf-8",
        ": comment\r\ndata: {\"v\":\"h\\u0069\"}   \r\n\r\ndata:[DONE]\r\n\r\n",
        ": comment\r\nhi\nDONE]\n#sse");
}

static void forms_give_names_and_values(void **state)
{
    (void)state;
    expect("application/x-www-form-urlencoded",
        "q=4111+1111&json=%7B%22a%22%3A%22%5Cu0034%22%7D",
        "q\n4111 1111\njson\n4\n#form");
}

static void multipart_gives_headers_and_each_part(void **state)
{
    (void)state;
    expect("multipart/form-data; boundary=XX",
        "--XX\r\nContent-Disposition: form-data; name=\"f\"; "
        "filename*=UTF-8''4111%201111\r\n\r\ntext of a\r\nfile\r\n"
        "--XX\r\nContent-Type: application/json\r\n\r\n{\"a\":\"x\\u0031\"}\r\n"
        "--XX--\r\nafter all",
        "Content-Disposition: form-data; name=\"f\"; "
        "filename*=UTF-8''4111%201111\n4111 1111\ntext of a\r\nfile\n"
        "Content-Type: application/json\nx1\nafter all\n#multipart");
}

static void multipart_that_is_none_becomes_runs(void **state)
{
    (void)state;
    expect("multipart/form-data; boundary=XX", "nothing of it, " CARD,
        "nothing of it, " CARD "\n#multipart broken");
    expect("multipart/form-data", "nothing of it", "nothing of it\n#text");
}

static void multipart_inside_multipart_is_read(void **state)
{
    (void)state;
    expect("multipart/mixed; boundary=A",
        "--A\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n"
        "--B\r\n\r\n{\"x\":\"\\u0041b\"}\r\n--B--\r\n--A--",
        "Content-Type: multipart/mixed; boundary=B\nAb\n#multipart");
}

static void binary_gives_printable_runs(void **state)
{
    (void)state;
    expect_str("image/png",
        STR("\x89PNG\r\n\x1a\n\0\0abc\0" CARD "\0\xff"
            "caf\xc3\xa9\x01xyz\xc3"),
        CARD "\ncaf\xc3\xa9\n#runs");
    expect_str("",
        STR("\0\0\0\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82"
            "\xac\xc2\x80\xe2\x82 x1234\x7f"),
        "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\n x1234\n#runs");
}

static void utf16_runs_are_found_in_both_orders(void **state)
{
    (void)state;
    expect_str("text/plain",
        STR("\xff\xfe"
            "4\0"
            "1\0"
            "1\0"
            "1\0"
            " \0"
            "x\0\xff\xff"),
        "4111 x\n#runs");
    expect_str("",
        STR("\xfe\xff\0"
            "4\0"
            "1\0"
            "1\0"
            "1"),
        "4111\n#runs");
    expect_str(
        "application/octet-stream", STR("\0\0a\0b\0c\0\0\0d\0"), "#runs");
}

static void text_that_turns_binary_is_followed(void **state)
{
    (void)state;
    char body[700];
    memset(body, 'a', sizeof body);
    memcpy(body + 600,
        "\n4\0"
        "1\0"
        "1\0"
        "1\0"
        "2\0",
        11);
    struct buf out = {0};
    assert_int_equal(
        read_cut("text/plain", str_make(body, 611), 5, 0, &out), OK);
    assert_true(str_has(buf_str(&out), "\n4111"
                                       "2\n"));
    buf_free(&out);
}

static void the_output_is_bounded(void **state)
{
    (void)state;
    for (unsigned way = 0; way < CUTS_WAYS; way++) {
        struct buf out = {0};
        assert_int_equal(read_cut("application/json", STR("[\"abc\",\"def\"]"),
                             way, 6, &out),
            ERR_LIMIT);
        assert_true(str_starts(buf_str(&out), "abc\nde#"));
        buf_free(&out);
    }
    struct buf out = {0};
    assert_int_equal(harvest_body(STR(""), STR("abcdef"), 7, &out), OK);
    assert_true(str_is(buf_str(&out), "abcdef\n"));
    buf_free(&out);
}

static void random_bodies_read_the_same_at_any_cut(void **state)
{
    (void)state;
    static const char *const types[] = {"application/json", "",
        "multipart/form-data; boundary=XX", "text/event-stream",
        "application/x-www-form-urlencoded"};
    static const char *const pieces[] = {"{\"a\":\"", "\"}", "[", "]", "4111 ",
        "\\u00e9", "\r\n", "--XX\r\n", "--XX--", "\r\n\r\n", "data: ", "&", "=",
        "%41", "a\0b\0c\0d\0", "\xc3\xa9", "\xff", "text", ",", "123456789012"};
    uint32_t seed = 11;
    for (unsigned i = 0; i < 400; i++) {
        struct buf body = {0}, whole = {0};
        for (unsigned n = cuts_random(&seed) % 30; n > 0; n--) {
            const char *p = pieces[cuts_random(&seed) % ARRAY_LEN(pieces)];
            buf_append(&body, p, *p == 'a' ? 8 : strlen(p));
        }
        const char *type = types[i % ARRAY_LEN(types)];
        enum err err = read_cut(type, buf_str(&body), 0, 0, &whole);
        assert_int_equal(err, OK);
        for (unsigned way = 1; way < CUTS_WAYS; way += 3) {
            struct buf out = {0};
            assert_int_equal(read_cut(type, buf_str(&body), way, 0, &out), OK);
            if (!str_eq(buf_str(&whole), buf_str(&out)))
                fail_msg("way %u of %s:\n%s\nnot\n%s", way, buf_cstr(&body),
                    buf_cstr(&out), buf_cstr(&whole));
            buf_free(&out);
        }
        buf_free(&body);
        buf_free(&whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_there_for_machines_goes_aside),
        cmocka_unit_test(json_gives_strings_and_long_numbers),
        cmocka_unit_test(json_in_json_strings_is_read_too),
        cmocka_unit_test(the_type_is_only_a_hint),
        cmocka_unit_test(blanks_before_json_hide_nothing),
        cmocka_unit_test(broken_json_goes_on_as_runs),
        cmocka_unit_test(deep_json_is_not_waved_through),
        cmocka_unit_test(ndjson_is_read_line_by_line),
        cmocka_unit_test(sse_gives_the_data_and_whatever_else),
        cmocka_unit_test(forms_give_names_and_values),
        cmocka_unit_test(multipart_gives_headers_and_each_part),
        cmocka_unit_test(multipart_that_is_none_becomes_runs),
        cmocka_unit_test(multipart_inside_multipart_is_read),
        cmocka_unit_test(binary_gives_printable_runs),
        cmocka_unit_test(utf16_runs_are_found_in_both_orders),
        cmocka_unit_test(text_that_turns_binary_is_followed),
        cmocka_unit_test(the_output_is_bounded),
        cmocka_unit_test(random_bodies_read_the_same_at_any_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
