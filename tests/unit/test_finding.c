/* inspect/finding.h */
#include "inspect/finding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define DOT "\xe2\x80\xa2"
#define DOTS4 DOT DOT DOT DOT

static void assert_masked(
    const char *value, bool is_number, const char *expected)
{
    struct arena arena = {0};
    struct str masked = finding_mask(&arena, str_of(value), is_number);
    assert_string_equal(masked.p, expected);
    arena_free(&arena);
}

static void numbers_keep_the_last_four_and_cards_the_first(void **state)
{
    (void)state;
    assert_masked("4111111111111111", true, "4" DOTS4 DOTS4 DOT DOT DOT "1111");
    assert_masked("660504867", true, DOTS4 DOT "4867");
    assert_masked("12345", true, DOTS4 DOT);
}

static void tokens_keep_their_prefix_and_not_their_length(void **state)
{
    (void)state;
    assert_masked("ghp_abcdefghijklmnopqrstuvwxyz", false,
        "ghp_" DOTS4 DOTS4 DOTS4 DOTS4);
    assert_masked("secret", false, DOTS4 DOT DOT);
    assert_masked("", false, "");
}

static void no_sequence_is_cut(void **state)
{
    (void)state;
    assert_masked("\xef\xbc\x94\xef\xbc\x91\xef\xbc\x91\xef\xbc\x91"
                  "\xef\xbc\x91\xef\xbc\x91\xef\xbc\x91\xef\xbc\x91"
                  "\xef\xbc\x91",
        true, DOTS4 DOT "\xef\xbc\x91\xef\xbc\x91\xef\xbc\x91\xef\xbc\x91");
}

static void a_flood_of_weak_findings_gives_way_to_a_strong_one(void **state)
{
    (void)state;
    struct findings f = {0};
    for (int i = 0; i < FINDINGS_MAX; i++) {
        struct finding *x = findings_add_ranked(&f, LEVEL_LOW, LEVEL_LOW);
        assert_non_null(x);
        x->confidence = x->severity = LEVEL_LOW;
    }
    assert_false(f.is_capped);
    assert_null(findings_add_ranked(&f, LEVEL_LOW, LEVEL_LOW));
    assert_true(f.is_capped);
    struct finding *strong = findings_add_ranked(&f, LEVEL_HIGH, LEVEL_HIGH);
    assert_non_null(strong);
    assert_int_equal(f.count, FINDINGS_MAX);
    strong->confidence = strong->severity = LEVEL_HIGH;
    assert_null(findings_add_ranked(&f, LEVEL_LOW, LEVEL_LOW));
    f.count = 1; /* what a scan's end left: room again, for weak ones too */
    f.items[0] = *strong;
    for (int i = 1; i < FINDINGS_MAX; i++) {
        struct finding *x = findings_add_ranked(&f, LEVEL_LOW, LEVEL_LOW);
        x->confidence = LEVEL_LOW;
        x->severity = i == 700 ? LEVEL_NONE : LEVEL_LOW;
    }
    assert_ptr_equal(
        findings_add_ranked(&f, LEVEL_LOW, LEVEL_LOW), &f.items[700]);
    findings_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_keep_the_last_four_and_cards_the_first),
        cmocka_unit_test(tokens_keep_their_prefix_and_not_their_length),
        cmocka_unit_test(no_sequence_is_cut),
        cmocka_unit_test(a_flood_of_weak_findings_gives_way_to_a_strong_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
