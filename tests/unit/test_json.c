/* inspect/json.h: the reader at any cuts, the tree, and both against jansson.
 */
#include "inspect/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/buf.h"
#include "tests/unit/cuts.h"
#include "tests/unit/json_compare.h"

static enum err write_token(void *arg, const struct json_token *t)
{
    static const char *const names[] = {
        "null", "false", "true", "num", "str", "[", "{", "key", "]", "}"};
    struct buf *out = arg;
    bool has_text =
        t->kind == JSON_NUMBER || t->kind == JSON_STRING || t->kind == JSON_KEY;
    buf_printf(out, "%s@%u:%u-%u", names[t->kind], t->depth, (unsigned)t->start,
        (unsigned)t->end);
    if (has_text) {
        buf_append_char(out, t->is_verbatim ? '=' : '~');
        buf_append_str(out, t->text);
    }
    buf_append_char(out, ' ');
    return OK;
}

static enum err read_cut(struct str text, unsigned way,
    const struct json_limits *limits, bool many, struct buf *out)
{
    struct json_reader *r = json_reader_new(limits, many, write_token, out);
    struct cuts cuts = cuts_begin(text, way);
    struct str piece;
    enum err err = OK;
    while (err == OK && cuts_next(&cuts, &piece))
        err = json_feed(r, piece);
    cuts_end(&cuts);
    if (err == OK)
        err = json_finish(r);
    else
        assert_int_equal(json_finish(r), err);
    buf_printf(out, "%s@%u", err_name(err), (unsigned)json_offset(r));
    buf_append_str(out, STR(" partial="));
    buf_append_str(out, json_partial(r));
    json_reader_free(&r);
    assert_null(r);
    return err;
}

/* Every way of cutting gives what the whole gave. */
static enum err read_all_ways(struct str text, const struct json_limits *limits,
    bool many, struct buf *out)
{
    enum err err = read_cut(text, CUTS_WHOLE, limits, many, out);
    for (unsigned way = 1; way < CUTS_WAYS; way++) {
        struct buf other = {0};
        assert_int_equal(read_cut(text, way, limits, many, &other), err);
        if (!str_eq(buf_str(out), buf_str(&other)))
            fail_msg("way %u: %s\n  not %s\n  of %.*s", way, buf_cstr(&other),
                buf_cstr(out), STR_ARG(text));
        buf_free(&other);
    }
    return err;
}

static void expect(struct str text, enum err want, const char *tokens)
{
    struct buf out = {0};
    enum err err = read_all_ways(text, NULL, false, &out);
    if (err != want || !str_starts(buf_str(&out), tokens))
        fail_msg("%.*s: %s, %s", STR_ARG(text), err_name(err), buf_cstr(&out));
    buf_free(&out);
}

static void documents_become_tokens_with_offsets(void **state)
{
    (void)state;
    expect(STR("{\"a\": [1, true, null]}"), OK,
        "{@0:0-1 key@1:2-3=a [@1:6-7 num@2:7-8=1 true@2:10-14 null@2:16-20 "
        "]@1:20-21 }@0:21-22 ok@22");
    expect(STR(" \"x\" "), OK, "str@0:2-3=x ok@5");
    expect(STR("12"), OK, "num@0:0-2=12 ok@2");
    expect(STR("-0.5e+3 "), OK, "num@0:0-7=-0.5e+3 ");
    expect(STR("\xef\xbb\xbf[]"), OK, "[@0:3-4 ]@0:4-5 ok@5");
    expect(STR("{\"a\":1,\"a\":2}"), OK,
        "{@0:0-1 key@1:2-3=a num@1:5-6=1 key@1:8-9=a num@1:11-12=2 ");
}

static void strings_are_unescaped(void **state)
{
    (void)state;
    expect(STR("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), OK,
        "str@0:1-17~\"\\/\b\f\n\r\t ok");
    expect(STR("\"\\u00e9\\u20AC\\ud83d\\ude00\""), OK,
        "str@0:1-25~\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 ok");
    expect(STR("\"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 long enough\""), OK,
        "str@0:1-27=caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 long enough ok");
    struct buf out = {0};
    assert_int_equal(
        read_all_ways(STR("\"a\\u0000b\""), NULL, false, &out), OK);
    assert_true(str_find(buf_str(&out), STR("~a\0b")) < out.n);
    buf_free(&out);
}

static void broken_text_becomes_replacement_characters(void **state)
{
    (void)state;
    expect(STR("\"\\ud83d\""), OK, "str@0:1-7~\xef\xbf\xbd ok");
    expect(STR("\"\\ud83dx\\n\\ude00\""), OK,
        "str@0:1-16~\xef\xbf\xbdx\n\xef\xbf\xbd ok");
    expect(STR("\"\\ud83d\\ud83d\\ude00\""), OK,
        "str@0:1-19~\xef\xbf\xbd\xf0\x9f\x98\x80 ok");
    expect(STR("\"\\ud83d\\n\""), OK, "str@0:1-9~\xef\xbf\xbd\n ok");
    expect(STR("\"a\xff\x62\""), OK, "str@0:1-4~a\xef\xbf\xbd\x62 ok");
    expect(STR("\"\xf0\x9f\x98\""), OK,
        "str@0:1-4~\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd ok");
    expect(STR("\"\xe2\x82(\xed\xa0\x80\""), OK,
        "str@0:1-7~\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd"
        "\xef\xbf\xbd ok");
    expect(STR("\"\\ud83d\xe2\x82\xac\""), OK,
        "str@0:1-10~\xef\xbf\xbd\xe2\x82\xac ok");
}

static void mistakes_are_found_where_they_are(void **state)
{
    (void)state;
    static const struct {
        struct str text;
        const char *end;
    } table[] = {
        {STR("{\"a\":1} x"), "parse@8"},
        {STR("[1] [2]"), "parse@4"},
        {STR("[1,]"), "parse@3"},
        {STR("{\"a\":1,}"), "parse@7"},
        {STR("{\"a\" 1}"), "parse@5"},
        {STR("{a:1}"), "parse@1"},
        {STR("[1}"), "parse@2"},
        {STR("{\"a\":1]"), "parse@6"},
        {STR("]"), "parse@0"},
        {STR("[01]"), "parse@3"},
        {STR("[1.]"), "parse@3"},
        {STR("[-]"), "parse@2"},
        {STR("[1e]"), "parse@3"},
        {STR("[+1]"), "parse@1"},
        {STR("[.5]"), "parse@1"},
        {STR("[1-2]"), "parse@4"},
        {STR("[trux]"), "parse@4"},
        {STR("[NaN]"), "parse@1"},
        {STR("['a']"), "parse@1"},
        {STR("[\"a\nb\"]"), "parse@3"},
        {STR("[\"\\x\"]"), "parse@3"},
        {STR("[\"\\u00g0\"]"), "parse@6"},
        {STR("\xef\xbb{"), "parse@2"},
        {STR("[1"), "parse@2"},
        {STR("\"abc"), "parse@4"},
        {STR("tru"), "parse@3"},
        {STR("1."), "parse@2"},
        {STR(""), "parse@0"},
        {STR("  "), "parse@2"},
        {STR("\xef\xbb\xbf"), "parse@3"},
        {STR("\x1e{}"), "parse@0"},
        {STR("\xff\xfe{\0}\0"), "unsupported@0"},
        {STR("\xfe\xff\0{\0}"), "unsupported@0"},
        {STR("{\0}\0"), "unsupported@1"},
        {STR("\0{\0}"), "unsupported@0"},
        {STR("\"\0a\0\"\0"), "unsupported@1"},
        {STR("[1,2,\0"), "parse@5"},
    };
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct buf out = {0};
        read_all_ways(table[i].text, NULL, false, &out);
        if (strstr(buf_cstr(&out), table[i].end) == NULL)
            fail_msg("%.*s: %s", STR_ARG(table[i].text), buf_cstr(&out));
        buf_free(&out);
    }
}

static void nothing_read_before_a_mistake_is_lost(void **state)
{
    (void)state;
    expect(STR("[\"abc\x01 rest\"]"), ERR_PARSE, "[@0:0-1 parse@5 partial=abc");
    expect(STR("[\"4111 11"), ERR_PARSE, "[@0:0-1 parse@9 partial=4111 11");
    expect(
        STR("[0123456789]"), ERR_PARSE, "[@0:0-1 parse@11 partial=0123456789");
    expect(STR("[tru3"), ERR_PARSE, "[@0:0-1 parse@4 partial=tru");
}

static void several_documents_only_where_allowed(void **state)
{
    (void)state;
    struct buf out = {0};
    struct str text = STR("{}\n[1]\x1e\"a\"\"b\" 7\n");
    assert_int_equal(read_all_ways(text, NULL, true, &out), OK);
    assert_string_equal(buf_cstr(&out),
        "{@0:0-1 }@0:1-2 [@0:3-4 num@1:4-5=1 ]@0:5-6 str@0:8-9=a "
        "str@0:11-12=b num@0:14-15=7 ok@16 partial=");
    buf_free(&out);
    assert_int_equal(read_all_ways(STR("{} {"), NULL, true, &out), ERR_PARSE);
    buf_free(&out);
}

static void limits_hold_at_any_cut(void **state)
{
    (void)state;
    struct json_limits limits = {.depth = 3, .string_bytes = 5};
    struct buf out = {0};
    assert_int_equal(read_all_ways(STR("[[[1]]]"), &limits, false, &out), OK);
    buf_free(&out);
    assert_int_equal(
        read_all_ways(STR("[[[[1]]]]"), &limits, false, &out), ERR_LIMIT);
    buf_free(&out);
    assert_int_equal(
        read_all_ways(STR("[\"abcde\"]"), &limits, false, &out), OK);
    buf_free(&out);
    assert_int_equal(
        read_all_ways(STR("[\"abcdef\"]"), &limits, false, &out), ERR_LIMIT);
    assert_non_null(strstr(buf_cstr(&out), "limit@7 partial=abcde"));
    buf_free(&out);
    assert_int_equal(
        read_all_ways(STR("[\"\\nabcd\\n\"]"), &limits, false, &out),
        ERR_LIMIT);
    buf_free(&out);
}

static void deep_nesting_and_long_numbers_are_refused(void **state)
{
    (void)state;
    char deep[2 * JSON_DEPTH_MAX];
    memset(deep, '[', sizeof deep);
    struct json_limits limits = {.depth = 1000000};
    struct buf out = {0};
    assert_int_equal(
        read_cut(str_make(deep, sizeof deep), 0, &limits, false, &out),
        ERR_LIMIT);
    buf_free(&out);
    assert_int_equal(
        read_cut(str_make(deep, JSON_DEPTH_DEFAULT + 1), 0, NULL, false, &out),
        ERR_LIMIT);
    buf_free(&out);
    static char digits[JSON_NUMBER_BYTES_MAX + 1];
    memset(digits, '7', sizeof digits);
    assert_int_equal(
        read_all_ways(str_make(digits, sizeof digits), NULL, false, &out),
        ERR_LIMIT);
    buf_free(&out);
    assert_int_equal(
        read_all_ways(str_make(digits, sizeof digits - 1), NULL, false, &out),
        OK);
    buf_free(&out);
}

static enum err refuse(void *arg, const struct json_token *t)
{
    (void)arg;
    return t->kind == JSON_TRUE ? ERR_DENIED : OK;
}

static void an_error_of_the_callback_stops_the_reader(void **state)
{
    (void)state;
    struct json_reader *r = json_reader_new(NULL, false, refuse, NULL);
    assert_int_equal(json_feed(r, STR("[1, true, 2]")), ERR_DENIED);
    assert_int_equal(json_feed(r, STR("]")), ERR_DENIED);
    assert_int_equal(json_offset(r), 8);
    json_reader_free(&r);
}

/* ---- the tree ---- */

static void the_tree_answers_paths(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct json_node *root;
    struct str text =
        STR("{\"messages\":[{\"content\":{\"parts\":[\"he\\u006clo\",\"w\"]}}],"
            "\"n\":-42,\"f\":1.5e1,\"t\":true,\"n\":43,\"big\":"
            "9223372036854775808}");
    assert_int_equal(json_parse(text, &arena, NULL, &root), OK);
    assert_true(
        str_is(json_path_text(root, "messages/0/content/parts/0"), "hello"));
    const struct json_node *parts = json_path(root, "messages/0/content/parts");
    assert_int_equal(parts->count, 2);
    assert_true(str_is(json_str(json_at(parts, 1)), "w"));
    assert_true(str_is(
        str_sub(text, parts->first->start, parts->first->end), "he\\u006clo"));
    assert_true(str_is(
        str_sub(text, parts->start, parts->end), "[\"he\\u006clo\",\"w\"]"));
    assert_null(json_at(parts, 2));
    assert_null(json_path(root, "messages/x"));
    assert_null(json_path(root, "messages/0/nothing/here"));
    assert_ptr_equal(json_path(root, ""), root);
    int64_t n = 0;
    assert_int_equal(json_int(json_get(root, "n"), &n), OK);
    assert_int_equal(n, 43);
    assert_int_equal(json_int(json_get(root, "f"), &n), ERR_PARSE);
    assert_int_equal(json_int(json_get(root, "big"), &n), ERR_LIMIT);
    assert_int_equal(json_int(json_get(root, "t"), &n), ERR_NOT_FOUND);
    double f = 0;
    assert_int_equal(json_double(json_get(root, "f"), &f), OK);
    assert_true(f > 14.9 && f < 15.1);
    assert_true(json_is_true(json_get(root, "t")));
    unsigned seen = 0;
    for (const struct json_node *c = root->first; c != NULL; c = c->next)
        seen += str_is(c->key, "n") ? 1 : 0;
    assert_int_equal(seen, 2);
    arena_free(&arena);
}

static void integers_reach_both_ends(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct json_node *root;
    int64_t n;
    assert_int_equal(json_parse(STR("[-9223372036854775808,"
                                    "9223372036854775807,"
                                    "-9223372036854775809,1e999,"
                                    "-7.00,7.01,0.0]"),
                         &arena, NULL, &root),
        OK);
    assert_int_equal(json_int(json_at(root, 0), &n), OK);
    assert_true(n == INT64_MIN);
    assert_int_equal(json_int(json_at(root, 1), &n), OK);
    assert_true(n == INT64_MAX);
    assert_int_equal(json_int(json_at(root, 2), &n), ERR_LIMIT);
    assert_int_equal(json_int(json_at(root, 4), &n), OK);
    assert_true(n == -7);
    assert_int_equal(json_int(json_at(root, 5), &n), ERR_PARSE);
    assert_int_equal(json_int(json_at(root, 6), &n), OK);
    assert_true(n == 0);
    double f;
    assert_int_equal(json_double(json_at(root, 3), &f), ERR_LIMIT);
    arena_free(&arena);
}

static void a_number_alone_is_a_document(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct json_node *root;
    int64_t n = 0;
    assert_int_equal(json_parse(STR("17"), &arena, NULL, &root), OK);
    assert_int_equal(json_int(root, &n), OK);
    assert_int_equal(n, 17);
    arena_free(&arena);
}

static void the_tree_is_bounded(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct json_node *root;
    struct json_limits limits = {.nodes = 4};
    assert_int_equal(json_parse(STR("[1,2,3]"), &arena, &limits, &root), OK);
    assert_int_equal(
        json_parse(STR("[1,2,3,4]"), &arena, &limits, &root), ERR_LIMIT);
    assert_null(root);
    limits = (struct json_limits){.tree_bytes = 200};
    assert_int_equal(
        json_parse(STR("[1,2,3,4,5]"), &arena, &limits, &root), ERR_LIMIT);
    arena_free(&arena);
}

/* At every length and place: what is read in words overlaps. */
static void what_is_plain_needs_no_escape(void **state)
{
    static const char bad[] = "\"\\\x1f\x80\xff";
    char text[24];
    (void)state;
    for (size_t n = 0; n <= sizeof text; n++) {
        memset(text, n % 2 == 0 ? ' ' : 0x7f, sizeof text);
        assert_true(json_is_plain(str_make(text, n)));
        for (size_t at = 0; at < n; at++) {
            for (size_t i = 0; i < sizeof bad; i++) { /* and NUL */
                text[at] = bad[i];
                assert_false(json_is_plain(str_make(text, n)));
                text[at] = ' ';
            }
        }
    }
}

static void accessors_take_null(void **state)
{
    (void)state;
    int64_t n;
    assert_null(json_get(NULL, "a"));
    assert_null(json_at(NULL, 0));
    assert_null(json_path(NULL, "a/b"));
    assert_int_equal(json_str(NULL).n, 0);
    assert_int_equal(json_int(NULL, &n), ERR_NOT_FOUND);
    assert_false(json_is(NULL, JSON_NULL));
}

/* ---- jansson ---- */

static void make_string(struct buf *b, uint32_t *seed)
{
    static const char *const pieces[] = {"plain text of some length", "\\n",
        "\\u00e9", "\\ud83d\\ude00", "\xc3\xa9", "\xe2\x82\xac",
        "\xf0\x9f\x98\x80", "\\\\", "\\\"", "7", "\\u0000", "/"};
    buf_append_char(b, '"');
    for (unsigned n = cuts_random(seed) % 6; n > 0; n--)
        buf_append_str(
            b, str_of(pieces[cuts_random(seed) % ARRAY_LEN(pieces)]));
}

static void make_value(struct buf *b, uint32_t *seed, unsigned depth)
{
    static const char *const scalars[] = {"null", "true", "false", "0", "-1",
        "1234567890123", "0.25", "-1.5E-3", "1e5", "9223372036854775807"};
    unsigned what = cuts_random(seed) % (depth > 5 ? 2 : 4);
    unsigned n = cuts_random(seed) % 5;
    if (what == 0) {
        buf_append_str(
            b, str_of(scalars[cuts_random(seed) % ARRAY_LEN(scalars)]));
    } else if (what == 1) {
        make_string(b, seed);
        buf_append_char(b, '"');
    } else {
        buf_append_char(b, what == 2 ? '[' : '{');
        for (unsigned i = 0; i < n; i++) {
            buf_append_str(b, i > 0 ? STR(" ,\n") : STR(" "));
            if (what == 3) {
                make_string(b, seed);
                buf_printf(b, "%u\" : ", i);
            }
            make_value(b, seed, depth + 1);
        }
        buf_append_char(b, what == 2 ? ']' : '}');
    }
}

static void random_documents_read_as_jansson_reads_them(void **state)
{
    (void)state;
    uint32_t seed = 1;
    for (unsigned i = 0; i < 1500; i++) {
        struct buf b = {0}, out = {0};
        make_value(&b, &seed, 0);
        const char *wrong = compare_with_jansson(buf_str(&b));
        if (wrong != NULL)
            fail_msg("%s: %s", wrong, buf_cstr(&b));
        if (i % 5 == 0)
            assert_int_equal(read_all_ways(buf_str(&b), NULL, false, &out), OK);
        /* One byte changed: still no disagreement. */
        if (b.n > 0)
            buf_bytes(&b)[cuts_random(&seed) % b.n] = (char)cuts_random(&seed);
        wrong = compare_with_jansson(buf_str(&b));
        if (wrong != NULL)
            fail_msg("%s: %s", wrong, buf_cstr(&b));
        buf_clear(&out);
        if (i % 5 == 0)
            read_all_ways(buf_str(&b), NULL, true, &out);
        buf_free(&b);
        buf_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_become_tokens_with_offsets),
        cmocka_unit_test(strings_are_unescaped),
        cmocka_unit_test(broken_text_becomes_replacement_characters),
        cmocka_unit_test(mistakes_are_found_where_they_are),
        cmocka_unit_test(nothing_read_before_a_mistake_is_lost),
        cmocka_unit_test(several_documents_only_where_allowed),
        cmocka_unit_test(limits_hold_at_any_cut),
        cmocka_unit_test(deep_nesting_and_long_numbers_are_refused),
        cmocka_unit_test(an_error_of_the_callback_stops_the_reader),
        cmocka_unit_test(the_tree_answers_paths),
        cmocka_unit_test(integers_reach_both_ends),
        cmocka_unit_test(a_number_alone_is_a_document),
        cmocka_unit_test(the_tree_is_bounded),
        cmocka_unit_test(what_is_plain_needs_no_escape),
        cmocka_unit_test(accessors_take_null),
        cmocka_unit_test(random_documents_read_as_jansson_reads_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
