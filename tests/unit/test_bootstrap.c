/* inspect/bootstrap.h at any cuts. */
#include "inspect/bootstrap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/cuts.h"

static void expect(struct str html, size_t max, const char *json)
{
    for (unsigned way = 0; way < CUTS_WAYS; way++) {
        struct bootstrap b;
        struct cuts cuts = cuts_begin(html, way);
        struct str piece;
        bootstrap_setup(&b, max);
        while (cuts_next(&cuts, &piece))
            bootstrap_feed(&b, piece);
        cuts_end(&cuts);
        assert_true(str_is(bootstrap_json(&b), json));
        bootstrap_free(&b);
    }
}

static void the_elements_text_is_found(void **state)
{
    (void)state;
    expect(STR("<!doctype html><p>a < b</p><script id=\"x\">{}</script>"
               "<script type=\"application/json\" id=\"client-bootstrap\">"
               "{\"a\":\"<p></s\"}</script><script>{}</script>"),
        100, "{\"a\":\"<p></s\"}");
    expect(STR("<SCRIPT id='client-bootstrap'>{}</script>"), 100, "{}");
    expect(STR("<script id=client-bootstrap>1</script"), 100, "1");
}

static void nothing_else_is(void **state)
{
    (void)state;
    expect(STR("<p id=\"client-bootstrap\">{}</p>"), 100, "");
    expect(STR("<script id=\"client-bootstrap\">{\"a\":1}"), 100, "");
    expect(STR("<script id=\"client-boots"), 100, "");
    expect(STR(""), 100, "");
}

static void what_is_too_long_is_left_out(void **state)
{
    (void)state;
    expect(STR("<script id=\"client-bootstrap\">0123456789012345678901234567890"
               "</script>"),
        10, "");
    struct buf html = {0};
    buf_append_str(&html, STR("<script "));
    for (int i = 0; i < BOOTSTRAP_TAG_MAX; i++)
        buf_append_char(&html, 'x');
    buf_append_str(&html, STR(" id=\"client-bootstrap\">1</script>"));
    expect(buf_str(&html), 10, "");
    buf_append_str(
        &html, STR("<script id=client-bootstrap>0123456789</script> and more"));
    expect(buf_str(&html), 10, "0123456789");
    expect(buf_str(&html), 9, "");
    buf_free(&html);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_elements_text_is_found),
        cmocka_unit_test(nothing_else_is),
        cmocka_unit_test(what_is_too_long_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
