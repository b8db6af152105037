/* Reading CSV files: rows, bad lines, any cuts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "inspect/csv_read.h"

struct heard {
    struct buf text;
    size_t rows_wanted;
};

static bool on_row(
    void *owner, size_t line, const struct str *cells, size_t count)
{
    struct heard *h = owner;
    buf_printf(&h->text, "%zu:", line);
    for (size_t i = 0; i < count; i++)
        buf_printf(&h->text, "[%.*s]", STR_ARG(cells[i]));
    buf_append_char(&h->text, '\n');
    return h->rows_wanted == 0 || --h->rows_wanted > 0;
}

static void on_bad(void *owner, size_t line, const char *what)
{
    struct heard *h = owner;
    buf_printf(&h->text, "%zu! %s\n", line, what);
}

static const struct csv_events events = {on_row, on_bad};

static void read_cut(
    struct str text, size_t piece, char separator, struct heard *heard)
{
    struct csv_reader *r = csv_reader_new(separator, &events, heard);
    bool wants_more = true;
    for (size_t at = 0; at < text.n && wants_more; at += piece)
        wants_more = csv_reader_feed(r, str_sub(text, at, at + piece));
    if (wants_more)
        csv_reader_finish(r);
    csv_reader_free(&r);
}

/* The same in any cuts. */
static void expect(struct str text, char separator, const char *expected)
{
    for (size_t piece = 1; piece <= text.n + 1; piece++) {
        struct heard heard = {0};
        read_cut(text, piece, separator, &heard);
        assert_string_equal(buf_cstr(&heard.text), expected);
        buf_free(&heard.text);
    }
}

static void rows_are_split_into_cells(void **state)
{
    (void)state;
    expect(STR("a,b,c\n1,,3\n,,\n"), 0, "1:[a][b][c]\n2:[1][][3]\n3:[][][]\n");
}

static void quotes_hold_separators_quotes_and_lines(void **state)
{
    (void)state;
    expect(STR("a,b\r\n\"x, y\",\"say "
               "\"\"hi\"\"\"\r\n\"two\r\nlines\",\"\"\r\nz,w"),
        0, "1:[a][b]\n2:[x, y][say \"hi\"]\n3:[two\r\nlines][]\n5:[z][w]\n");
}

static void the_first_line_shows_the_separator(void **state)
{
    (void)state;
    expect(STR("a;b,c;d\n1;2;3\n"), 0, "1:[a][b,c][d]\n2:[1][2][3]\n");
    expect(STR("a\tb\n1,5\t2\n"), 0, "1:[a][b]\n2:[1,5][2]\n");
    expect(STR("\"a,b,c\";d\n1;2\n"), 0, "1:[a,b,c][d]\n2:[1][2]\n");
    expect(STR("a|b,c\n"), '|', "1:[a][b,c]\n");
}

static void a_byte_order_mark_and_blank_lines_are_passed_over(void **state)
{
    (void)state;
    expect(STR("\xef\xbb\xbf"
               "a,b\r\r1,2\r\n\r\n3,4\n\n"),
        0, "1:[a][b]\n3:[1][2]\n5:[3][4]\n");
    expect(STR(""), 0, "");
    expect(STR("\n"), 0, "");
}

static void bad_lines_are_told_and_left_out(void **state)
{
    (void)state;
    expect(STR("a,b\n\"x\"y,1\n2,3\no\"k,4\n\xff,5\n6,7\n"), 0,
        "1:[a][b]\n2! text behind a closing quote\n3:[2][3]\n"
        "4! a quote inside a cell that does not begin with one\n"
        "5! not UTF-8\n6:[6][7]\n");
    expect(STR("a,b\n1,\"2\n3,4\n"), 0, "1:[a][b]\n2! a quote is left open\n");
    expect(
        STR("a,b\n1,\0\n3,4\n"), 0, "1:[a][b]\n2! has a zero byte\n3:[3][4]\n");
}

static void long_rows_are_left_out(void **state)
{
    (void)state;
    struct heard heard = {0};
    struct buf text = {0};
    buf_append_str(&text, STR("a,b\n\""));
    for (size_t i = 0; i < CSV_ROW_MAX; i++)
        buf_append_char(&text, 'x');
    buf_append_str(&text, STR("y\n1,2\n"));
    for (int i = 0; i < CSV_CELLS_MAX; i++)
        buf_append_char(&text, ',');
    buf_append_str(&text, STR("\n3,4\n"));
    read_cut(buf_str(&text), 1000, 0, &heard);
    assert_string_equal(buf_cstr(&heard.text),
        "1:[a][b]\n2! longer than 1 MiB; a quote may be left open in it\n"
        "3:[1][2]\n4! more than 1024 cells\n5:[3][4]\n");
    buf_free(&text);
    buf_free(&heard.text);
}

static void whoever_has_enough_rows_stops(void **state)
{
    (void)state;
    struct heard heard = {.rows_wanted = 2};
    read_cut(STR("a\nb\nc\nd\n"), 3, 0, &heard);
    assert_string_equal(buf_cstr(&heard.text), "1:[a]\n2:[b]\n");
    buf_free(&heard.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_split_into_cells),
        cmocka_unit_test(quotes_hold_separators_quotes_and_lines),
        cmocka_unit_test(the_first_line_shows_the_separator),
        cmocka_unit_test(a_byte_order_mark_and_blank_lines_are_passed_over),
        cmocka_unit_test(bad_lines_are_told_and_left_out),
        cmocka_unit_test(long_rows_are_left_out),
        cmocka_unit_test(whoever_has_enough_rows_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
