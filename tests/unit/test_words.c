/* store/words.h: what is typed becomes an expression of the index of text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "store/words.h"

static void expect(const char *text, const char *match, bool is_rest)
{
    struct buf out = {0};
    bool rest = !is_rest;
    assert_int_equal(words_write_match(str_of(text), &out, &rest), OK);
    assert_string_equal(buf_cstr(&out), match);
    assert_int_equal(rest, is_rest);
    buf_free(&out);
}

static void refuse(struct str text, enum err wanted)
{
    struct buf out = {0};
    bool rest;
    assert_int_equal(words_write_match(text, &out, &rest), wanted);
    buf_free(&out);
}

static void words_must_all_be_there_and_the_last_may_go_on(void **state)
{
    (void)state;
    expect("", "", false);
    expect(" \t ", "", false);
    expect("a", "(\"a\"*)", false);
    expect("a b", "(\"a\" \"b\"*)", false);
    expect("a b ", "(\"a\" \"b\")", false);
}

static void quotes_hold_words_together(void **state)
{
    (void)state;
    expect("\"a b\" c", "(\"a b\" \"c\"*)", false);
    expect("\"a b", "(\"a b\")", false);
    expect("a\"b c\"", "(\"a\" \"b c\")", false);
    expect("\"\" \"", "", false);
    struct buf out = {0};
    bool rest;
    assert_int_equal(
        words_write_match((struct str){"\"a\0b\" \0 c", 9}, &out, &rest), OK);
    assert_string_equal(buf_cstr(&out), "(\"a b\" \"c\"*)");
    buf_free(&out);
}

static void or_binds_closer_than_side_by_side(void **state)
{
    (void)state;
    expect("a OR b", "(\"a\" OR \"b\"*)", false);
    expect("a b OR c d", "(\"a\" \"d\"*) AND (\"b\" OR \"c\")", false);
    expect("a OR b OR \"c d\" e OR f ",
        "(\"a\" OR \"b\" OR \"c d\") AND (\"e\" OR \"f\")", false);
}

static void what_has_a_sign_or_not_is_taken_away(void **state)
{
    (void)state;
    expect("a -b", "(\"a\") NOT (\"b\")", false);
    expect("-b a", "(\"a\"*) NOT (\"b\")", false);
    expect("NOT a b", "(\"b\"*) NOT (\"a\")", false);
    expect("a OR b -\"c d\" NOT e", "(\"a\" OR \"b\") NOT (\"c d\" OR \"e\")",
        false);
    expect("NOT -a b ", "(\"b\") NOT (\"a\")", false);
}

static void only_what_is_not_wanted_means_the_rest(void **state)
{
    (void)state;
    expect("-a", "(\"a\")", true);
    expect("NOT a -\"b c\"", "(\"a\" OR \"b c\")", true);
}

static void operators_out_of_place_are_words(void **state)
{
    (void)state;
    expect("OR", "(\"OR\"*)", false);
    expect("a OR", "(\"a\" \"OR\"*)", false);
    expect("OR a", "(\"OR\" \"a\"*)", false);
    expect("AND a", "(\"AND\" \"a\"*)", false);
    expect("a AND b", "(\"a\" \"b\"*)", false);
    expect("NOT", "(\"NOT\"*)", false);
    expect("\"OR\" or \"NOT\"", "(\"OR\" \"or\" \"NOT\")", false);
    expect("- a-b -", "(\"-\" \"a-b\" \"-\"*)", false);
}

static void nothing_that_is_typed_is_an_operator_of_the_index(void **state)
{
    (void)state;
    expect("a* ^b NEAR(c text:d (e)",
        "(\"a*\" \"^b\" \"NEAR(c\" \"text:d\" "
        "\"(e)\"*)",
        false);
}

static void or_beside_what_is_taken_away_is_a_mistake(void **state)
{
    (void)state;
    refuse(STR("a OR -b"), ERR_PARSE);
    refuse(STR("-a OR b"), ERR_PARSE);
    refuse(STR("a OR NOT b"), ERR_PARSE);
}

static void more_words_than_there_may_be_are_refused(void **state)
{
    (void)state;
    struct buf text = {0};
    for (int i = 0; i < WORDS_MAX; i++)
        buf_append_str(&text, STR("a "));
    struct buf out = {0};
    bool rest;
    assert_int_equal(words_write_match(buf_str(&text), &out, &rest), OK);
    buf_free(&out);
    buf_append_char(&text, 'a');
    refuse(buf_str(&text), ERR_LIMIT);
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_must_all_be_there_and_the_last_may_go_on),
        cmocka_unit_test(quotes_hold_words_together),
        cmocka_unit_test(or_binds_closer_than_side_by_side),
        cmocka_unit_test(what_has_a_sign_or_not_is_taken_away),
        cmocka_unit_test(only_what_is_not_wanted_means_the_rest),
        cmocka_unit_test(operators_out_of_place_are_words),
        cmocka_unit_test(nothing_that_is_typed_is_an_operator_of_the_index),
        cmocka_unit_test(or_beside_what_is_taken_away_is_a_mistake),
        cmocka_unit_test(more_words_than_there_may_be_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
