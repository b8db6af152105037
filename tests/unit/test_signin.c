/* What is remembered of a sign-in comes back as it was written, damaged lines
 * count for nothing, and only a success soon after takes a failure back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "inspect/signin.h"

#define ID "01900000-0000-7000-8000-000000000001"

static struct signin_failure failure_of(const char *account)
{
    struct signin_failure f = {.time_ms = 1000, .account = str_of(account)};
    memcpy(f.id, ID, sizeof f.id);
    return f;
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    struct buf lines = {0};
    struct arena arena = {0};
    struct signin known, facts = {.account = STR("ana@x.example"),
                             .workspace = STR("ws-1"),
                             .method = STR("mfa")};
    struct signin_failure failure = failure_of("ana@x.example");
    struct signin_login login = {.time_ms = 7,
        .waits = true,
        .service = STR("chatgpt"),
        .path = STR("/api/auth/callback/openai"),
        .status = 302};
    memcpy(login.id, ID, sizeof login.id);
    signin_write_facts(&lines, &facts);
    buf_append_char(&lines, '\n');
    signin_write_failure(&lines, &failure);
    buf_append_char(&lines, '\n');
    signin_write_login(&lines, &login);
    buf_append_char(&lines, '\n');
    signin_write_left(&lines);
    signin_read(buf_str(&lines), &arena, &known);
    assert_true(str_is(known.account, "ana@x.example"));
    assert_true(str_is(known.workspace, "ws-1"));
    assert_true(str_is(known.method, "mfa"));
    assert_int_equal(known.failure_count, 1);
    assert_string_equal(known.failures[0].id, ID);
    assert_true(known.login.waits);
    assert_int_equal(known.login.status, 302);
    assert_true(str_is(known.login.path, "/api/auth/callback/openai"));
    assert_true(known.has_left);
    arena_free(&arena);
    buf_free(&lines);
}

static void damaged_lines_count_for_nothing(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct signin known;
    signin_read(
        STR("{\"account\":\"a@x.example\"\n[1]\n{\"failed\":\"short\"}\n"
            "{\"login\":7}\n\n{\"workspace\":[\"w\"]}\nx"),
        &arena, &known);
    assert_int_equal(known.account.n, 0);
    assert_int_equal(known.workspace.n, 0);
    assert_int_equal(known.failure_count, 0);
    assert_string_equal(known.login.id, "");
    arena_free(&arena);
}

static void a_later_line_replaces_an_earlier_one(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct signin known;
    signin_read(STR("{\"account\":\"a@x\",\"method\":\"otp\"}\n"
                    "{\"account\":\"b@x\"}"),
        &arena, &known);
    assert_true(str_is(known.account, "b@x"));
    assert_true(str_is(known.method, "otp"));
    arena_free(&arena);
}

static void failures_are_bounded(void **state)
{
    (void)state;
    struct buf lines = {0};
    struct arena arena = {0};
    struct signin known;
    struct signin_failure failure = failure_of("a@x");
    for (int i = 0; i < 2 * SIGNIN_FAILURES_MAX; i++) {
        signin_write_failure(&lines, &failure);
        buf_append_char(&lines, '\n');
    }
    signin_read(buf_str(&lines), &arena, &known);
    assert_int_equal(known.failure_count, SIGNIN_FAILURES_MAX);
    arena_free(&arena);
    buf_free(&lines);
}

static void only_a_success_soon_after_takes_it_back(void **state)
{
    (void)state;
    struct signin_failure f = failure_of("ana@x");
    assert_true(signin_takes_back(&f, STR("Ana@X"), 1000));
    assert_true(signin_takes_back(&f, STR_NONE, 1000 + SIGNIN_HOLD_MS));
    assert_false(signin_takes_back(&f, STR("ana@x"), 1001 + SIGNIN_HOLD_MS));
    assert_false(signin_takes_back(&f, STR("ana@x"), 999));
    assert_false(signin_takes_back(&f, STR("bo@x"), 1000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(damaged_lines_count_for_nothing),
        cmocka_unit_test(a_later_line_replaces_an_earlier_one),
        cmocka_unit_test(failures_are_bounded),
        cmocka_unit_test(only_a_success_soon_after_takes_it_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
