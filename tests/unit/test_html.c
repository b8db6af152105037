/* base/html.h: text that would be markup is text. */
#include "base/html.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void nothing_ends_a_tag_or_an_attribute(void **state)
{
    struct buf out = {0};
    (void)state;
    html_append(&out, STR("a<b>&'\"/=é"));
    assert_string_equal(buf_cstr(&out), "a&#60;b&#62;&#38;&#39;&#34;/=é");
    html_append(&out, STR_NONE);
    html_append(&out, STR("&#60;")); /* is not undone by the browser */
    assert_true(str_ends(buf_str(&out), "é&#38;#60;"));
    buf_free(&out);
}

static void of_all_bytes_five_are_written_otherwise(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        struct buf out = {0};
        char byte = (char)c;
        html_append(&out, str_make(&byte, 1));
        bool is_markup =
            c == '<' || c == '>' || c == '&' || c == '"' || c == '\'';
        assert_int_equal(out.n, is_markup ? 5 : 1);
        assert_int_equal(buf_str(&out).p[0], is_markup ? '&' : byte);
        buf_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_ends_a_tag_or_an_attribute),
        cmocka_unit_test(of_all_bytes_five_are_written_otherwise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
