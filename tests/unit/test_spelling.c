/* Spellings of keywords beyond ASCII. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "inspect/spelling.h"

static bool is_spelling(const char *word, const char *wanted)
{
    struct buf spellings[SPELLINGS_MAX];
    size_t count = spelling_list(str_of(word), spellings);
    bool is_one = false;
    assert_in_range(count, 1, SPELLINGS_MAX);
    for (size_t i = 0; i < count; i++) {
        is_one = is_one || str_is(buf_str(&spellings[i]), wanted);
        buf_free(&spellings[i]);
    }
    return is_one;
}

static void a_word_of_ascii_has_only_itself(void **state)
{
    struct buf spellings[SPELLINGS_MAX];
    (void)state;
    assert_int_equal(spelling_list(STR("passport"), spellings), 1);
    assert_true(str_is(buf_str(&spellings[0]), "passport"));
    buf_free(&spellings[0]);
}

static void cases_of_other_scripts_are_spellings(void **state)
{
    (void)state;
    assert_true(is_spelling("дата рождения", "ДАТА РОЖДЕНИЯ"));
    assert_true(is_spelling("дата рождения", "Дата рождения"));
    assert_true(is_spelling("ЕГН", "егн"));
    assert_true(is_spelling("rodné číslo", "rodnÉ ČÍslo"));
    assert_true(is_spelling("αφμ", "ΑΦΜ"));
}

static void so_is_what_a_disguised_text_shows_of_it(void **state)
{
    (void)state;
    assert_true(is_spelling("снилс", "cнилc"));
    assert_true(is_spelling("инн", "ИHH"));
}

static void accents_may_be_missing(void **state)
{
    (void)state;
    assert_true(is_spelling("numéro national", "numero national"));
    assert_true(is_spelling("rodné číslo", "rodne cislo"));
    assert_false(is_spelling("RČ", "RC"));
}

static void an_invalid_word_has_only_itself(void **state)
{
    struct buf spellings[SPELLINGS_MAX];
    (void)state;
    assert_int_equal(spelling_list(STR("a\xff\xc3"), spellings), 1);
    buf_free(&spellings[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_word_of_ascii_has_only_itself),
        cmocka_unit_test(cases_of_other_scripts_are_spellings),
        cmocka_unit_test(so_is_what_a_disguised_text_shows_of_it),
        cmocka_unit_test(accents_may_be_missing),
        cmocka_unit_test(an_invalid_word_has_only_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
