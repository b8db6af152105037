/* inspect/norm.h */
#include "inspect/norm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"

static void assert_folds(const char *source, const char *expected)
{
    for (size_t step = 1; step <= strlen(source); step++) {
        struct norm norm;
        norm_begin(&norm, str_of(source));
        while (norm_step(&norm, step))
            ;
        assert_string_equal(buf_cstr(&norm.text), expected);
        norm_free(&norm);
    }
}

static void digits_of_other_scripts_become_ascii(void **state)
{
    (void)state;
    assert_folds("\xef\xbc\x94\xef\xbc\x91", "41");         /* full width */
    assert_folds("\xd9\xa3\xd9\xa5", "35");                 /* Arabic-Indic */
    assert_folds("\xe0\xa5\xa9", "3");                      /* Devanagari */
    assert_folds("\xf0\x9d\x9f\x92\xf0\x9d\x9f\x8e", "40"); /* bold */
    assert_folds("\xe2\x91\xa0\xe2\x93\xaa", "10");         /* circled */
    assert_folds("4\xef\xb8\x8f\xe2\x83\xa3", "4");         /* keycap */
    assert_folds("\xf0\x9f\x84\x80\xe2\x92\x88", "01");     /* full stop */
    assert_folds("\xf0\x9e\xa5\x94", "4");                  /* Adlam */
}

static void invisible_characters_go_out(void **state)
{
    (void)state;
    assert_folds("4\xe2\x80\x8b"
                 "1\xc2\xad"
                 "1\xef\xbb\xbf"
                 "1",
        "4111");
    assert_folds("4\x01"
                 "1\x1b"
                 "1\x7f\t\r\n",
        "411\t\r\n");
    assert_folds("a\xcc\xb6"
                 "b\xcc\xb6",
        "ab");
    assert_folds("\xf3\xa0\x81\x81\xf3\xa0\x81\x82", "AB"); /* tags */
    assert_folds("\xe1\x85\x9f"
                 "4\xef\xbe\xa0\xd2\x89"
                 "1",
        "41"); /* fillers, a Cyrillic mark */
    assert_folds("\x1b[1;31m41\x1b[0m1\x1b[", "411["); /* a terminal's */
}

static void blanks_and_dashes_become_one_of_each(void **state)
{
    (void)state;
    assert_folds("4\xc2\xa0"
                 "1\xe2\x80\x93"
                 "1\xe3\x80\x80"
                 "1",
        "4 1-1 1");
}

static void lookalikes_become_latin(void **state)
{
    (void)state;
    assert_folds("\xd0\x90K\xce\x99\xd0\x90", "AKIA");
    assert_folds("\xe2\x84\x8e\xe2\x84\xac\xe1\xb4\x80\xf0\x9f\x85\xb0",
        "hBaA"); /* script, small capital, square */
}

static void other_text_and_invalid_bytes_stay(void **state)
{
    (void)state;
    assert_folds("Gr\xc3\xbc\xc3\x9f"
                 "e \xff\xc3",
        "Gr\xc3\xbc\xc3\x9f"
        "e "
        "\xff\xc3");
    struct norm norm;
    norm_begin(&norm, STR("Gr\xc3\xbc\xc3\x9f"));
    while (norm_step(&norm, 100))
        ;
    assert_false(norm.is_changed);
    norm_free(&norm);
}

static void offsets_lead_back_to_the_source(void **state)
{
    (void)state;
    struct buf source = {0};
    for (int i = 0; i < 2000; i++)
        buf_append_str(&source, STR("\xe2\x80\x8b"
                                    "x\xef\xbc\x94"));
    struct norm norm;
    norm_begin(&norm, buf_str(&source));
    while (norm_step(&norm, 77))
        ;
    assert_int_equal(norm.text.n, 4000);
    for (size_t i = 0; i < 2000; i += 13) {
        size_t start, end;
        norm_locate(&norm, 2 * i, 2 * i + 2, &start, &end);
        assert_int_equal(start, 7 * i + 3);
        assert_int_equal(end, 7 * i + 7);
    }
    norm_free(&norm);
    buf_free(&source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits_of_other_scripts_become_ascii),
        cmocka_unit_test(invisible_characters_go_out),
        cmocka_unit_test(blanks_and_dashes_become_one_of_each),
        cmocka_unit_test(lookalikes_become_latin),
        cmocka_unit_test(other_text_and_invalid_bytes_stay),
        cmocka_unit_test(offsets_lead_back_to_the_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
