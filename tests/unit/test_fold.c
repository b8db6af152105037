/* inspect/fold.h */
#include "inspect/fold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/utf8.h"

/* The text folded, "|" where a word ends, "<" ">" around what is one alone. */
static void fold(const char *text, struct buf *out)
{
    struct str rest = str_of(text);
    while (rest.n > 0) {
        uint32_t c;
        char folded[FOLD_MAX];
        size_t n = 0, taken = utf8_decode(rest, &c);
        assert_true(taken > 0);
        rest = str_sub(rest, taken, rest.n);
        enum fold_kind kind = fold_character(c, folded, &n);
        assert_true(n <= FOLD_MAX);
        if (kind == FOLD_BREAK)
            buf_append_char(out, '|');
        if (kind == FOLD_ALONE)
            buf_append_char(out, '<');
        buf_append(out, folded, n);
        if (kind == FOLD_ALONE)
            buf_append_char(out, '>');
    }
}

static void assert_fold(const char *text, const char *expected)
{
    struct buf out = {0};
    fold(text, &out);
    assert_string_equal(buf_cstr(&out), expected);
    buf_free(&out);
}

static void case_and_accents_make_no_difference(void **state)
{
    (void)state;
    assert_fold("Zoë ÅNGSTRÖM", "zoe|angstrom");
    assert_fold("Zoe\xcc\x88", "zoe"); /* the accent by itself */
    assert_fold("Straße, Æsir", "strasse||aesir");
    assert_fold("Łódź", "lodz");
    assert_fold("İstanbul", "istanbul");
}

static void other_spellings_of_a_letter_are_the_letter(void **state)
{
    (void)state;
    assert_fold("Ａｂ１２", "ab12"); /* full width */
    assert_fold("𝐂𝐚𝐫𝐝 𝟒𝟐", "card|42");
    assert_fold("ﬁ²½", "fi212");
    assert_fold("٤٢ ४२", "42|42");
    assert_fold("сору", "copy"); /* Cyrillic */
}

static void invisible_characters_are_gone_and_end_no_word(void **state)
{
    (void)state;
    assert_fold("ca\xe2\x80\x8brd\xc2\xad!", "card|");
    assert_fold("\xef\xbb\xbfx\xef\xb8\x8f", "x");
}

static void breaks_end_words(void **state)
{
    (void)state;
    assert_fold("a-b_c.d", "a|b|c|d");
    assert_fold("a—b«c»", "a|b|c|");
    assert_fold("a\xe2\x80\x83"
                "b",
        "a|b"); /* an em space */
    assert_fold("a🙂b", "a|b");
}

static void scripts_without_blanks_are_words_alone(void **state)
{
    (void)state;
    assert_fold("身份x", "<身><份>x");
    assert_fold(
        "カード", "<カ>ー<ド>"); /* the mark belongs to what it lengthens */
}

/* A search that errs at an edge would show there. */
static void every_character_is_folded_the_same_alone_and_again(void **state)
{
    (void)state;
    for (uint32_t c = 1; c < 0x30000; c++) {
        char once[FOLD_MAX], twice[FOLD_MAX];
        size_t n = 0;
        if (c >= 0xd800 && c < 0xe000)
            continue; /* surrogates are no characters */
        enum fold_kind kind = fold_character(c, once, &n);
        assert_in_range(n, 0, FOLD_MAX);
        assert_true(kind != FOLD_BREAK || n == 0);
        for (size_t i = 0; i < n;) {
            uint32_t part;
            struct str rest = {once + i, n - i};
            size_t taken = utf8_decode(rest, &part), m = 0;
            assert_true(taken > 0);
            (void)fold_character(part, twice, &m);
            if (m != taken || memcmp(twice, once + i, m) != 0)
                fail_msg("U+%04x is folded twice", c);
            i += taken;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(case_and_accents_make_no_difference),
        cmocka_unit_test(other_spellings_of_a_letter_are_the_letter),
        cmocka_unit_test(invisible_characters_are_gone_and_end_no_word),
        cmocka_unit_test(breaks_end_words),
        cmocka_unit_test(scripts_without_blanks_are_words_alone),
        cmocka_unit_test(every_character_is_folded_the_same_alone_and_again),
    };
    return cmocka_run_group_tests_name("fold", tests, NULL, NULL);
}
