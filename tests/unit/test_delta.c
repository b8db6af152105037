/* inspect/delta.h: delta encoding v1 (fact sheet chatgpt-wire §4.3). */
#include "inspect/delta.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

static void apply(struct delta *d, const char *json)
{
    struct arena arena = {0};
    struct json_node *root;
    assert_int_equal(json_parse(str_of(json), &arena, NULL, &root), OK);
    delta_apply(d, root);
    arena_free(&arena);
}

static void put(struct delta *d, const char *json)
{
    struct arena arena = {0};
    struct json_node *root;
    assert_int_equal(json_parse(str_of(json), &arena, NULL, &root), OK);
    delta_put(d, root);
    arena_free(&arena);
}

static void open_text(struct delta *d, const char *text)
{
    struct buf json = {0};
    delta_setup(d);
    buf_printf(&json,
        "{\"p\":\"\",\"o\":\"add\",\"v\":{\"message\":{\"id\":\"m\","
        "\"content\":{\"parts\":[\"%s\"]}}},\"c\":0}",
        text);
    apply(d, buf_cstr(&json));
    buf_free(&json);
}

static const char *text_of(struct delta *d, size_t message)
{
    const struct doc *content =
        doc_get(doc_get(d->messages[message].doc, "message"), "content");
    struct doc *part = doc_at(doc_get(content, "parts"), 0);
    return part != NULL ? buf_cstr(&part->text) : NULL;
}

static void path_and_operation_are_inherited(void **state)
{
    (void)state;
    struct delta d;
    open_text(&d, "");
    apply(&d, "{\"p\":\"/message/content/parts/0\",\"o\":\"append\","
              "\"v\":\"a\"}");
    apply(&d, "{\"v\":\"b\"}");
    apply(&d, "{\"v\":\"c\"}");
    assert_string_equal(text_of(&d, 0), "abc");
    delta_free(&d);
}

static void plain_text_grows_without_a_tree(void **state)
{
    (void)state;
    static const char *const others[] = {"{\"v\":\"a\",\"c\":1}",
        "{\"v\":\"a\\n\"}", "{\"v\":\"\\\"}", "{\"v\":\"\xc3\xbc\"}",
        "{\"v\":\"a\"", "{\"v\":\"", "{\"v\":\"}", "{\"v\":\"\n\"}", "{}", "",
        "{\"v\":\"a\"}}", "{\"p\":\"\",\"v\":\"a\"}", "{\"v\":1}"};
    struct delta d;
    open_text(&d, "");
    assert_false(delta_apply_plain(&d, STR("{\"v\":\"early\"}")));
    apply(&d, "{\"p\":\"/message/content/parts/0\",\"o\":\"append\","
              "\"v\":\"a\"}");
    assert_true(delta_apply_plain(&d, STR("{\"v\":\" b\"}")));
    assert_true(delta_apply_plain(&d, STR("{\"v\": \" c\"}")));
    assert_true(delta_apply_plain(&d, STR("{\"v\":\"\"}")));
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        assert_false(delta_apply_plain(&d, str_of(others[i])));
    assert_string_equal(text_of(&d, 0), "a b c");
    delta_free(&d);
}

/* What grew may be gone, or another text may be meant. */
static void plain_text_grows_only_behind_its_own(void **state)
{
    (void)state;
    static const char *const between[] = {
        "{\"p\":\"/message/content/parts/0\",\"o\":\"replace\",\"v\":\"n\"}",
        "{\"p\":\"/message/content/parts/0\",\"o\":\"remove\"}",
        "{\"p\":\"/message/content/parts\",\"o\":\"append\",\"v\":[\"x\"]}",
        "{\"v\":{\"message\":{\"id\":\"n\"}},\"c\":3}",
        "{\"p\":\"\",\"o\":\"patch\",\"v\":[{\"p\":\"/message/content\","
        "\"o\":\"remove\"}]}"};
    for (size_t i = 0; i < ARRAY_LEN(between); i++) {
        struct delta d;
        open_text(&d, "");
        apply(&d, "{\"p\":\"/message/content/parts/0\",\"o\":\"append\","
                  "\"v\":\"a\"}");
        apply(&d, between[i]);
        assert_false(delta_apply_plain(&d, STR("{\"v\":\"b\"}")));
        delta_free(&d);
    }
    struct delta d;
    open_text(&d, "");
    apply(&d, "{\"p\":\"/message/content/parts/0\",\"o\":\"append\","
              "\"v\":\"a\"}");
    put(&d, "{\"message\":{\"id\":\"m\",\"content\":{\"parts\":[\"z\"]}}}");
    assert_false(delta_apply_plain(&d, STR("{\"v\":\"b\"}")));
    delta_free(&d);
}

static void channels_interleave(void **state)
{
    (void)state;
    struct delta d;
    open_text(&d, "x");
    apply(&d, "{\"v\":{\"message\":{\"id\":\"n\",\"content\":{\"parts\":["
              "\"y\"]}}},\"c\":3}");
    apply(&d, "{\"p\":\"/message/content/parts/0\",\"o\":\"append\","
              "\"v\":\"1\",\"c\":0}");
    apply(&d, "{\"v\":\"2\",\"c\":3}");
    apply(&d, "{\"v\":\"3\"}");
    assert_int_equal(d.count, 2);
    assert_string_equal(text_of(&d, 0), "x1");
    assert_string_equal(text_of(&d, 1), "y23");
    delta_free(&d);
}

static void a_document_opens_whatever_was_inherited(void **state)
{
    (void)state;
    struct delta d;
    open_text(&d, "x");
    apply(&d, "{\"p\":\"/message/content/parts/0\",\"o\":\"append\","
              "\"v\":\"1\"}");
    apply(&d, "{\"v\":{\"message\":{\"id\":\"n\",\"content\":{\"parts\":["
              "\"y\"]}}},\"c\":1}");
    assert_int_equal(d.count, 2);
    assert_string_equal(text_of(&d, 0), "x1");
    delta_free(&d);
}

static void truncate_keeps_utf16_units_and_the_cut_is_kept(void **state)
{
    (void)state;
    struct delta d;
    open_text(&d, "a\\ud83d\\udc4b\\u00e9zz");
    apply(&d, "{\"p\":\"/message/content/parts/0\",\"o\":\"truncate\","
              "\"v\":4}");
    assert_string_equal(text_of(&d, 0), "a\xf0\x9f\x91\x8b\xc3\xa9");
    assert_string_equal(buf_cstr(&d.messages[0].cut), "zz");
    apply(&d, "{\"v\":2}"); /* inside the pair: nothing of it stays */
    assert_string_equal(text_of(&d, 0), "a");
    delta_free(&d);
}

static void parts_that_truncate_drops_are_kept(void **state)
{
    (void)state;
    struct delta d;
    open_text(&d, "a");
    apply(&d, "{\"p\":\"/message/content/parts\",\"o\":\"append\","
              "\"v\":[\"b\",\"c\"]}");
    apply(&d, "{\"o\":\"truncate\",\"v\":1}");
    assert_string_equal(text_of(&d, 0), "a");
    assert_string_equal(buf_cstr(&d.messages[0].cut), "b\nc");
    delta_free(&d);
}

static void text_that_no_operation_takes_is_kept(void **state)
{
    (void)state;
    struct delta d;
    delta_setup(&d);
    apply(&d, "{\"v\":\"goes on\"}"); /* a stream read from its middle */
    apply(&d, "{\"o\":\"patch\",\"p\":\"/x\",\"v\":{\"a\":\"no list\"}}");
    assert_true(d.is_odd);
    assert_int_equal(d.count, 1);
    assert_string_equal(buf_cstr(&d.messages[0].cut), "goes on\nno list");
    delta_free(&d);
}

static void replaced_text_is_kept_unless_it_only_grew(void **state)
{
    (void)state;
    struct delta d;
    open_text(&d, "ab");
    apply(&d, "{\"p\":\"/message/content/parts/0\",\"o\":\"replace\","
              "\"v\":\"abc\"}");
    assert_int_equal(d.messages[0].cut.n, 0);
    apply(&d, "{\"v\":\"xy\"}");
    assert_string_equal(buf_cstr(&d.messages[0].cut), "abc");
    apply(&d, "{\"p\":\"/message/content/parts/0\",\"o\":\"remove\"}");
    assert_null(text_of(&d, 0));
    assert_string_equal(buf_cstr(&d.messages[0].cut), "abc\nxy");
    delta_free(&d);
}

static void a_patch_may_stand_in_a_patch(void **state)
{
    (void)state;
    struct delta d;
    open_text(&d, "a");
    apply(&d, "{\"p\":\"\",\"o\":\"patch\",\"v\":[{\"p\":\"/message\","
              "\"o\":\"patch\",\"v\":[{\"p\":\"/content/parts/0\","
              "\"o\":\"append\",\"v\":\"b\"},{\"v\":\"c\"}]},"
              "{\"p\":\"/message/content/parts/0\",\"o\":\"append\","
              "\"v\":\"d\"}]}");
    assert_string_equal(text_of(&d, 0), "abcd");
    assert_false(d.is_odd);
    delta_free(&d);
}

static void patches_run_in_order_and_may_be_implied(void **state)
{
    (void)state;
    struct delta d;
    open_text(&d, "");
    apply(&d, "{\"p\":\"\",\"o\":\"patch\",\"v\":[{\"p\":\"/message/content/"
              "parts/0\",\"o\":\"append\",\"v\":\"a\"},{\"v\":\"b\"}]}");
    apply(&d, "{\"v\":\"c\"}"); /* a string after a patch goes on */
    apply(&d, "{\"p\":\"/message/content/parts/0\",\"o\":\"append\","
              "\"v\":\"d\"}");
    apply(&d, "{\"v\":[{\"p\":\"/message/content/parts/0\",\"o\":\"append\","
              "\"v\":\"e\"},{\"p\":\"/message/status\",\"o\":\"replace\","
              "\"v\":\"done\"}]}");
    assert_string_equal(text_of(&d, 0), "abcde");
    assert_true(str_is(
        doc_get_text(doc_get(d.messages[0].doc, "message"), "status"), "done"));
    delta_free(&d);
}

static void objects_merge_arrays_grow_and_what_is_missing_is_made(void **state)
{
    (void)state;
    struct delta d;
    open_text(&d, "");
    apply(&d, "{\"p\":\"/message/metadata\",\"o\":\"append\",\"v\":{\"a\":"
              "\"1\"}}");
    apply(&d, "{\"v\":{\"a\":\"2\",\"b\":\"3\"}}");
    const struct doc *m = doc_get(d.messages[0].doc, "message");
    assert_true(str_is(doc_get_text(doc_get(m, "metadata"), "a"), "2"));
    assert_int_equal(doc_get(m, "metadata")->count, 2);
    apply(&d, "{\"p\":\"/message/list\",\"o\":\"add\",\"v\":[]}");
    apply(&d, "{\"p\":\"/message/list\",\"o\":\"append\",\"v\":[1,2]}");
    apply(&d, "{\"p\":\"/message/list/0\",\"o\":\"add\",\"v\":0}");
    apply(&d, "{\"p\":\"/message/list\",\"o\":\"append\",\"v\":3}");
    assert_int_equal(doc_get(m, "list")->count, 4);
    apply(&d, "{\"p\":\"/message/list\",\"o\":\"truncate\",\"v\":1}");
    assert_int_equal(doc_get(m, "list")->count, 1);
    apply(&d, "{\"p\":\"/message/x~1y/0/z\",\"o\":\"append\",\"v\":\"q\"}");
    assert_true(str_is(doc_get_text(doc_at(doc_get(m, "x/y"), 0), "z"), "q"));
    delta_free(&d);
}

static void whole_documents_replace_by_message_id(void **state)
{
    (void)state;
    struct delta d;
    delta_setup(&d);
    put(&d, "{\"message\":{\"id\":\"m\",\"content\":{\"parts\":[\"Bon\"]}}}");
    put(&d, "{\"message\":{\"id\":\"m\",\"content\":{\"parts\":[\"Bonjour\"]}"
            "}}");
    put(&d, "{\"message\":{\"id\":\"n\",\"content\":{\"parts\":[\"x\"]}}}");
    put(&d, "{\"message\":{\"id\":\"m\",\"content\":{\"parts\":[\"Ciao\"]}}}");
    assert_int_equal(d.count, 2);
    assert_string_equal(text_of(&d, 0), "Ciao");
    assert_string_equal(buf_cstr(&d.messages[0].cut), "Bonjour");
    delta_free(&d);
}

static void nonsense_does_no_harm_and_is_noted(void **state)
{
    (void)state;
    static const char *const deltas[] = {"[]", "1", "{\"v\":1}",
        "{\"p\":\"/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w/x/y/z/a/b/c/d"
        "/e/f/g/h\",\"o\":\"add\",\"v\":1}",
        "{\"p\":\"/x\",\"o\":\"spin\",\"v\":\"kept\"}",
        "{\"p\":\"/x\",\"o\":\"truncate\",\"v\":-1}",
        "{\"p\":\"\",\"o\":\"patch\",\"v\":7}",
        "{\"p\":\"/message\",\"o\":\"remove\"}",
        "{\"p\":\"/message/content\",\"o\":\"append\",\"v\":\"x\",\"c\":9}",
        "{\"p\":\"\",\"o\":\"remove\"}"};
    struct delta d;
    open_text(&d, "a");
    for (size_t i = 0; i < sizeof deltas / sizeof deltas[0]; i++)
        apply(&d, deltas[i]);
    assert_true(d.is_odd);
    assert_string_equal(buf_cstr(&d.messages[0].cut), "kept\na");
    delta_free(&d);
}

static void the_budget_holds(void **state)
{
    (void)state;
    struct delta d;
    open_text(&d, "");
    d.budget.max = d.budget.used + 100;
    apply(&d, "{\"p\":\"/message/content/parts/0\",\"o\":\"append\","
              "\"v\":\"0123456789012345678901234567890123456789\"}");
    apply(&d, "{\"v\":\"0123456789012345678901234567890123456789\"}");
    assert_false(d.is_over_limit);
    apply(&d, "{\"v\":\"0123456789012345678901234567890123456789\"}");
    assert_true(d.is_over_limit);
    apply(&d, "{\"p\":\"/message/content/parts/0\",\"o\":\"truncate\","
              "\"v\":0}");
    assert_string_equal(text_of(&d, 0), "");
    delta_free(&d);
    assert_int_equal(d.budget.used, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(path_and_operation_are_inherited),
        cmocka_unit_test(plain_text_grows_without_a_tree),
        cmocka_unit_test(plain_text_grows_only_behind_its_own),
        cmocka_unit_test(channels_interleave),
        cmocka_unit_test(a_document_opens_whatever_was_inherited),
        cmocka_unit_test(truncate_keeps_utf16_units_and_the_cut_is_kept),
        cmocka_unit_test(parts_that_truncate_drops_are_kept),
        cmocka_unit_test(text_that_no_operation_takes_is_kept),
        cmocka_unit_test(replaced_text_is_kept_unless_it_only_grew),
        cmocka_unit_test(patches_run_in_order_and_may_be_implied),
        cmocka_unit_test(a_patch_may_stand_in_a_patch),
        cmocka_unit_test(objects_merge_arrays_grow_and_what_is_missing_is_made),
        cmocka_unit_test(whole_documents_replace_by_message_id),
        cmocka_unit_test(nonsense_does_no_harm_and_is_noted),
        cmocka_unit_test(the_budget_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
