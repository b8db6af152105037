/* proxy/cmd_table.h */
#include "proxy/cmd_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <locale.h>
#include <string.h>
#include <cmocka.h>

static const char *cell(const char *text, unsigned cells)
{
    static struct buf out;
    buf_clear(&out);
    table_write_cell(&out, str_of(text), cells);
    return buf_cstr(&out);
}

static void cells_are_padded_and_cut_by_width_on_screen(void **state)
{
    (void)state;
    assert_string_equal(cell("abc", 5), "abc  ");
    assert_string_equal(cell("abcdef", 5), "abcd…");
    assert_string_equal(cell("日本語", 6), "日本語");
    assert_string_equal(cell("日本語", 5), "日本…");
    assert_string_equal(cell("日本語", 4), "日… ");
    assert_string_equal(cell("uncut text", 0), "uncut text");
}

static void terminal_commands_never_reach_the_terminal(void **state)
{
    (void)state;
    assert_string_equal(cell("\x1b[2Jx", 0), "?[2Jx");
    assert_string_equal(cell("a\xc2\x9b"
                             "b",
                            0),
        "a?b");
    assert_string_equal(cell("a\xe2\x80\xae"
                             "b",
                            0),
        "a?b");
    assert_string_equal(cell("a\nb\x07\xff", 0), "a b??");
}

static void a_row_fits_the_terminal(void **state)
{
    (void)state;
    struct buf out = {0};
    struct table table = {.width = 80, .user_cells = 11, .activity_cells = 16};
    table_write_row(&table,
        STR("{\"time\":\"2026-11-22T10:02:03.456Z\",\"verdict\":\"block\","
            "\"actor\":{\"ip\":\"10.1.2.3\"},\"activity\":\"prompt.created\","
            "\"text\":{\"sample\":\"a long text that does not fit here\"},"
            "\"findings\":[{\"type\":\"iban\",\"count\":2}]}"),
        &out);
    assert_string_equal(buf_cstr(&out),
        "2026-11-22T10:02:03  block     10.1.2.3     prompt.created    "
        "iban×2 a long tex…\n");
    buf_free(&out);
}

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_are_padded_and_cut_by_width_on_screen),
        cmocka_unit_test(terminal_commands_never_reach_the_terminal),
        cmocka_unit_test(a_row_fits_the_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
