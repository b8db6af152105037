/* base/log.h */
#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <jansson.h>

#include "base/buf.h"

/* What is written to standard error meanwhile. */
static void capture(void (*act)(void), struct buf *out)
{
    int pipes[2], before = dup(STDERR_FILENO);
    assert_int_equal(pipe(pipes), 0);
    dup2(pipes[1], STDERR_FILENO);
    close(pipes[1]);
    act();
    dup2(before, STDERR_FILENO);
    close(before);
    for (ssize_t n = 1; n > 0;) {
        n = read(pipes[0], buf_reserve(out, 8192), 8192);
        buf_commit(out, n > 0 ? (size_t)n : 0);
    }
    close(pipes[0]);
}

static void say(void)
{
    log_event(LOG_WARN, "dial.failed",
        LOG_STR("host", STR("a\nb \"c\" \x1b[0m")), LOG_INT("port", 443));
    log_event(LOG_INFO, "not.shown");
}

static void say_much(void)
{
    static char much[3 * LOG_LINE_MAX];
    memset(much, 'x', sizeof much);
    log_event(LOG_ERROR, "long", LOG_STR("text", str_make(much, sizeof much)));
}

static void a_line_cannot_be_forged(void **state)
{
    (void)state;
    struct buf out = {0};
    log_setup(LOG_TEXT, LOG_WARN, "worker-0");
    capture(say, &out);
    struct str text = buf_str(&out);
    assert_int_equal(str_find_char(text, '\n'), text.n - 1);
    assert_int_equal(str_find_char(text, '\x1b'), text.n);
    assert_true(
        str_find(text, STR("role=worker-0 event=dial.failed host=")) < text.n);
    assert_true(str_find(text, STR("port=443")) < text.n);
    buf_free(&out);
}

static void as_json_a_line_is_an_object(void **state)
{
    (void)state;
    struct buf out = {0};
    log_setup(LOG_JSON, LOG_WARN, "parent");
    capture(say, &out);
    json_t *json = json_loadb(buf_bytes(&out), out.n, 0, NULL);
    assert_non_null(json);
    assert_string_equal(
        json_string_value(json_object_get(json, "event")), "dial.failed");
    assert_int_equal(json_integer_value(json_object_get(json, "port")), 443);
    json_decref(json);
    buf_free(&out);
}

static void a_long_line_is_cut(void **state)
{
    (void)state;
    struct buf out = {0};
    log_setup(LOG_TEXT, LOG_WARN, "parent");
    capture(say_much, &out);
    assert_true(out.n <= LOG_LINE_MAX);
    assert_int_equal(buf_bytes(&out)[out.n - 1], '\n');
    buf_free(&out);
}

static void levels_above_the_chosen_one_are_off(void **state)
{
    (void)state;
    log_setup(LOG_TEXT, LOG_WARN, "parent");
    assert_true(log_is_on(LOG_ERROR) && log_is_on(LOG_WARN));
    assert_false(log_is_on(LOG_INFO) || log_is_on(LOG_DEBUG));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_cannot_be_forged),
        cmocka_unit_test(as_json_a_line_is_an_object),
        cmocka_unit_test(a_long_line_is_cut),
        cmocka_unit_test(levels_above_the_chosen_one_are_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
