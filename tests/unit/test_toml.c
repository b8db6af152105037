/* base/toml.h */
#include "base/toml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* The tree as text: {key: value}, [value], strings in quotes. */
static void show(const struct yaml_node *node, struct buf *out)
{
    bool is_map = node->kind == YAML_KIND_MAP;
    if (node->kind == YAML_KIND_SCALAR) {
        const char *quote = node->is_quoted ? "\"" : "";
        buf_printf(out, "%s%.*s%s", quote, STR_ARG(node->text), quote);
        return;
    }
    buf_append_char(out, is_map ? '{' : '[');
    for (size_t i = 0; i < node->count; i++) {
        if (i != 0)
            buf_append_char(out, ' ');
        if (is_map)
            buf_printf(out, "%.*s:", STR_ARG(node->pairs[i].key));
        show(node->pairs[i].value, out);
    }
    buf_append_char(out, is_map ? '}' : ']');
}

static void check(const char *text, const char *expected)
{
    struct diag diag = {0};
    struct buf shown = {0};
    struct yaml_doc *doc = toml_parse("t.toml", str_of(text), &diag);
    if (doc != NULL)
        show(doc->root, &shown);
    assert_string_equal(buf_cstr(&diag.text), "");
    assert_string_equal(buf_cstr(&shown), expected);
    yaml_free(&doc);
    diag_free(&diag);
    buf_free(&shown);
}

static void check_mistake(const char *text, const char *said)
{
    struct diag diag = {0};
    assert_null(toml_parse("t.toml", str_of(text), &diag));
    assert_int_equal(diag.count, 1);
    if (!str_has(buf_str(&diag.text), said))
        fail_msg("%s: %s", text, buf_cstr(&diag.text));
    diag_free(&diag);
}

static void keys_have_values(void **state)
{
    (void)state;
    check("", "{}");
    check("a = 1\nb= \"x\" # said\n c =true", "{a:1 b:\"x\" c:true}");
    check("a-b_1 = 2.5e3\r\n\"a b\" = -1\r\n'c\\d' = 2026-11-22T10:00:00Z\r\n",
        "{a-b_1:2.5e3 a b:-1 c\\d:2026-11-22T10:00:00Z}");
    check("a.b.c = 1\na.d = 2", "{a:{b:{c:1} d:2}}");
    check("\xef\xbb\xbf"
          "a = 1",
        "{a:1}");
}

static void strings_are_of_four_kinds(void **state)
{
    (void)state;
    check("a = \"q\\\" b\\\\ n\\n t\\t u\\u00e4 U\\U0001f600\"",
        "{a:\"q\" b\\ n\n t\t u\xc3\xa4 U\xf0\x9f\x98\x80\"}");
    check("a = '\\d+ \"x\"'", "{a:\"\\d+ \"x\"\"}");
    check("a = '''\n\\d 'x' ''y\n'''", "{a:\"\\d 'x' ''y\n\"}");
    check("a = '''x''''", "{a:\"x'\"}");
    check("a = \"\"\"one\n\ttwo \\\n   three\\u0021\"\"\"",
        "{a:\"one\n\ttwo three!\"}");
    check("a = ''\nb = \"\"\nc = ''''''", "{a:\"\" b:\"\" c:\"\"}");
}

static void arrays_may_go_over_lines(void **state)
{
    (void)state;
    check("a = [1, 2,\n # between\n 'x',\n]\nb = []", "{a:[1 2 \"x\"] b:[]}");
    check("a = [[1],[],['b']]", "{a:[[1] [] [\"b\"]]}");
    check("a = {b = 1, c.d = ['x'] }\ne = {}", "{a:{b:1 c:{d:[\"x\"]}} e:{}}");
}

static void tables_and_arrays_of_tables(void **state)
{
    (void)state;
    check("x=1\n[a]\nb=1\n[a.c]\nd=2\n[ e . 'f g' ]\n",
        "{x:1 a:{b:1 c:{d:2}} e:{f g:{}}}");
    check("[[r]]\ni=1\n[[r.w]]\nv=1\n[[r.w]]\nv=2\n[r.z]\ny=3\n[[r]]\ni=2\n",
        "{r:[{i:1 w:[{v:1} {v:2}] z:{y:3}} {i:2}]}");
}

static void mistakes_are_told_with_their_line(void **state)
{
    (void)state;
    check_mistake("a = 1\nb", "t.toml:2: not TOML: = is needed");
    check_mistake("a = 1\na = 2", "there already");
    check_mistake("a = 1 b = 2", "one key = value a line");
    check_mistake("a = \"x\n\"", "no end on its line");
    check_mistake("a = '''x", "has no end");
    check_mistake("a = \"\\d\"", "no such escape");
    check_mistake("a = \"\\u00g0\"", "hexadecimal");
    check_mistake("a = [1 2]", ", or ]");
    check_mistake("a = [1,", "value is needed");
    check_mistake("a = {b = 1", ", or }");
    check_mistake("a =", "value is needed");
    check_mistake("= 1", "a key is needed");
    check_mistake("[a\n", "] is needed");
    check_mistake("[[a]\n", "]] is needed");
    check_mistake("[a]]\n", "one key = value");
    check_mistake("a = 1\n[a]\n", "no table's");
    check_mistake("a = 1\n[[a]]\n", "no array's");
    check_mistake("a = \"\xff\"", "UTF-8");
}

static void depth_is_bounded(void **state)
{
    (void)state;
    struct buf deep = {0};
    buf_append_str(&deep, STR("a = "));
    for (int i = 0; i < 100000; i++)
        buf_append_char(&deep, '[');
    check_mistake(buf_cstr(&deep), "64 levels");
    buf_clear(&deep);
    buf_append_char(&deep, 'a');
    for (int i = 0; i < 100; i++)
        buf_append_str(&deep, STR(".a"));
    buf_append_str(&deep, STR(" = 1"));
    check_mistake(buf_cstr(&deep), "64 parts");
    buf_free(&deep);
}

/* Every prefix of a good file is a mistake or a smaller file. */
static void cuts_do_no_harm(void **state)
{
    (void)state;
    static const char text[] =
        "# c\n[[r]]\nid = \"a\\u00e4\"\nx = '''y'z'''\nk = [\"b\", 'c',]\n"
        "[r.s]\nt.u = {v = 1.5, w = false}\n";
    for (size_t n = 0; n < sizeof text; n++) {
        struct diag diag = {0};
        char *copy = malloc(n + 1); /* to its last byte, for ASan */
        memcpy(copy, text, n);
        struct yaml_doc *doc = toml_parse("t", str_make(copy, n), &diag);
        assert_int_equal(doc == NULL, diag.count == 1);
        yaml_free(&doc);
        diag_free(&diag);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_have_values),
        cmocka_unit_test(strings_are_of_four_kinds),
        cmocka_unit_test(arrays_may_go_over_lines),
        cmocka_unit_test(tables_and_arrays_of_tables),
        cmocka_unit_test(mistakes_are_told_with_their_line),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(cuts_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
