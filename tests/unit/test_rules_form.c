/* inspect/rules_form.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "inspect/marks.h"
#include "inspect/rule.h"

static bool may_match(const char *expression, bool nocase, const char *text)
{
    struct char_form form;
    struct marks marks = {0};
    rules_form(str_of(expression), nocase, &form);
    marks_make(&marks, str_of(text), 0, strlen(text));
    struct char_bits bits = marks_char_bits(&marks, 0);
    marks_free(&marks);
    return may_have_form(&bits, &form);
}

static void what_an_expression_matches_has_its_form(void **state)
{
    (void)state;
    static const struct {
        const char *expression, *text;
    } pairs[] = {{"[0-9a-f]{4}(?![a-z])", "12ab"}, {"sk-[A-Z]{2,9}", "sk-AB"},
        {"(?<=x)[a-z]?9", "9"}, {"[a-z]+-1", "abc-1"}, {"a{2}b{1,2}c", "aabc"},
        {"(?:ab|9)x", "9x"}, {"ab|99", "99"}, {"(ab)?9", "9"},
        {"([a-z]{3})-(\\d)", "abc-7"}, {"[^a-z]9", "A9"}, {".9", "_9"},
        {"[]a]x", "]x"}, {"\\bA[\\w.-]{2}", "A._"}, {"[a-]{2}", "-a"},
        {"(?i)ab", "AB"}, {"a\\x41", "aA"}, {"[[:digit:]]a", "1a"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        assert_true(may_match(pairs[i].expression, false, pairs[i].text));
    assert_true(may_match("[a-f]{3}", true, "ABC"));
}

static void other_texts_are_told_apart(void **state)
{
    (void)state;
    assert_false(may_match("[0-9a-f]{4}", false, "12-b"));
    assert_false(may_match("[0-9a-f]{4}", false, "12B4"));
    assert_false(may_match("[0-9a-f]{4}", false, "123"));
    assert_false(may_match("sk-[A-Z]{2,9}", false, "sk-aB"));
    assert_false(may_match("sk-[A-Z]{2,9}", false, "skxAB"));
    assert_false(may_match("(?<=x)([0-9]{2})[A-Z]", false, "12a"));
    assert_false(may_match("[a-z]{3}", true, "AB1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_an_expression_matches_has_its_form),
        cmocka_unit_test(other_texts_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
