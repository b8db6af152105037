/* base/yaml.h */
#include "base/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static struct diag diag;

static struct yaml_doc *parse(const char *text)
{
    diag_free(&diag);
    return yaml_parse("f.yaml", str_of(text), &diag);
}

static bool says(const char *words)
{
    return str_find(buf_str(&diag.text), str_of(words)) != diag.text.n;
}

static void values_have_their_type_and_line(void **state)
{
    (void)state;
    struct yaml_doc *doc = parse("a: text\nb: 7\nc: yes\nd: [x, y]\n"
                                 "e: one\nf: \"null\"\ng: ~\n");
    static const char *const words[] = {"two", "one", NULL};
    assert_non_null(doc);
    assert_true(str_is(yaml_str(doc, doc->root, "a", STR_NONE), "text"));
    assert_int_equal(yaml_int(doc, doc->root, "b", 0, 9, 0), 7);
    assert_true(str_is(yaml_str(doc, doc->root, "f", STR_NONE), "null"));
    assert_true(
        str_is(yaml_str(doc, doc->root, "g", STR("default")), "default"));
    assert_int_equal(yaml_int(doc, doc->root, "none", 0, 9, 5), 5);
    assert_int_equal(yaml_word(doc, doc->root, "e", words, 0), 1);
    struct yaml_strs list = yaml_strs(doc, doc->root, "d");
    assert_int_equal(list.count, 2);
    assert_true(str_is(list.items[1], "y"));
    assert_int_equal(yaml_strs(doc, doc->root, "a").count, 1);
    assert_int_equal(yaml_get(doc->root, "d")->line, 4);
    yaml_free(&doc);
    diag_free(&diag);
}

static void every_mistake_is_reported_in_one_run(void **state)
{
    (void)state;
    struct yaml_doc *doc = parse("a: 70\nb: maybe\nc: wrong\nd: {}\nz: 1\n");
    static const char *const words[] = {"two", "one", NULL};
    static const char *const keys[] = {"a", "b", "c", "d", NULL};
    assert_int_equal(yaml_int(doc, doc->root, "a", 0, 9, 5), 5);
    assert_true(yaml_bool(doc, doc->root, "b", true));
    assert_int_equal(yaml_word(doc, doc->root, "c", words, 1), 1);
    assert_true(str_is(yaml_str(doc, doc->root, "d", STR("x")), "x"));
    assert_false(yaml_check_keys(doc, doc->root, keys));
    assert_int_equal(diag.count, 5);
    assert_true(says("f.yaml:1: ") && says("f.yaml:2: ") && says("f.yaml:3: "));
    assert_true(says("f.yaml:4: ") && says("f.yaml:5: "));
    yaml_free(&doc);
    diag_free(&diag);
}

static void a_key_may_stand_once(void **state)
{
    (void)state;
    struct yaml_doc *doc = parse("a: 1\nb: 2\na: 3\n");
    assert_int_equal(diag.count, 1);
    assert_true(says("f.yaml:3: "));
    yaml_free(&doc);
    diag_free(&diag);
}

static void what_is_no_yaml_is_refused_with_its_line(void **state)
{
    (void)state;
    struct yaml_doc *doc = parse("a: 1\nb: [1, 2\n");
    assert_true(diag.count >= 1);
    assert_true(says("f.yaml:"));
    assert_true(says("a bracket"));
    yaml_free(&doc);
    diag_free(&diag);
    doc = parse("a:\n\tb: 1\n");
    assert_true(says("not tabs"));
    yaml_free(&doc);
    diag_free(&diag);
}

/* Each level names the one before nine times: 9 to the 9th nodes. */
static void a_billion_laughs_end_at_the_limit(void **state)
{
    (void)state;
    struct buf text = {0};
    buf_append_str(&text, STR("a0: &a0 [x, x, x, x, x, x, x, x, x]\n"));
    for (int i = 1; i < 9; i++) {
        buf_printf(&text, "a%d: &a%d [", i, i);
        for (int j = 0; j < 9; j++)
            buf_printf(&text, "%s*a%d", j > 0 ? ", " : "", i - 1);
        buf_append_str(&text, STR("]\n"));
    }
    struct yaml_doc *doc = parse(buf_cstr(&text));
    assert_true(diag.count >= 1);
    yaml_free(&doc);
    buf_free(&text);
    diag_free(&diag);
}

static void an_empty_file_is_an_empty_map(void **state)
{
    (void)state;
    struct yaml_doc *doc = parse("# nothing\n");
    assert_non_null(doc);
    assert_int_equal(doc->root->kind, YAML_KIND_NULL);
    assert_null(yaml_get(doc->root, "a"));
    assert_int_equal(diag.count, 0);
    yaml_free(&doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_have_their_type_and_line),
        cmocka_unit_test(every_mistake_is_reported_in_one_run),
        cmocka_unit_test(a_key_may_stand_once),
        cmocka_unit_test(what_is_no_yaml_is_refused_with_its_line),
        cmocka_unit_test(a_billion_laughs_end_at_the_limit),
        cmocka_unit_test(an_empty_file_is_an_empty_map),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
