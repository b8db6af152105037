/* inspect/drift.h: what is told of requests that no map explains. */
#include "inspect/drift.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/mem.h"
#include "inspect/keep.h"

static void words_of_a_path_stay_and_ids_do_not(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"/backend-api/conversation/68a1b2c3-0000-4000-8000-00000000aaaa/x",
            "/backend-api/conversation/{id}/x"},
        {"/v1/threads/thread_abc123/runs", "/v1/threads/{id}/runs"},
        {"/a/ana@example.com", "/a/{id}"},
        {"/a/AbCdEfGhIjKl", "/a/{id}"},
        {"/a/%41na", "/a/{id}"},
        {"/a/two words", "/a/{id}"},
        {"/a/Gr\xc3\xbc\xc3\x9f", "/a/{id}"},
        {"/genAi/completionsStream", "/genAi/completionsStream"},
        {"/abcdefghijklmnopqrstuvwxyzabcdefghijklmnop", "/{id}"},
        {"/1/2/3/4/5/6/7/8/9/10/11/12/13",
            "/{id}/{id}/{id}/{id}/{id}/{id}/{id}/{id}/{id}/{id}/{id}/{id}/**"},
        {"/", "/"},
        {"", "/"},
    };
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        struct buf out = {0};
        drift_template(str_of(pairs[i][0]), &out);
        assert_string_equal(buf_cstr(&out), pairs[i][1]);
        buf_free(&out);
    }
}

static void lines_are_counted_by_the_keeper_until_they_are_logged(void **state)
{
    (void)state;
    struct keep *keep = keep_new(1 << 20);
    struct str line = STR("chatgpt POST /x/{id} parse");
    struct buf note = {0}, none = {0};
    keep_note_drift(line, &note);
    keep_handle(keep, buf_str(&note), 1000, &none);
    keep_handle(keep, buf_str(&note), 2000, &none);
    assert_int_equal(none.n, 0);
    assert_int_equal(drift_seen(keep_drift(keep), line), 2);
    drift_log(keep_drift(keep));
    assert_int_equal(drift_seen(keep_drift(keep), line), 0);
    buf_free(&note);
    keep_free(&keep);
}

static void what_is_no_line_is_not_counted(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "a b c", "a b c d e", "a b  d",
        "a b c\nx d", "a b c\x7f d", " a b c"};
    struct drift *drift = drift_new();
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        drift_count(drift, str_of(bad[i]));
        assert_int_equal(drift_seen(drift, str_of(bad[i])), 0);
    }
    drift_free(&drift);
}

static void no_more_lines_are_held_than_there_is_room_for(void **state)
{
    (void)state;
    struct drift *drift = drift_new();
    char text[64];
    for (int i = 0; i < 2 * DRIFT_LINES_MAX; i++) {
        snprintf(text, sizeof text, "s POST /%d parse", i);
        drift_count(drift, str_of(text));
    }
    assert_int_equal(drift_seen(drift, str_of(text)), 0);
    assert_int_equal(drift_seen(drift, STR("s POST /0 parse")), 1);
    drift_free(&drift);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_of_a_path_stay_and_ids_do_not),
        cmocka_unit_test(lines_are_counted_by_the_keeper_until_they_are_logged),
        cmocka_unit_test(what_is_no_line_is_not_counted),
        cmocka_unit_test(no_more_lines_are_held_than_there_is_room_for),
    };
    log_setup(LOG_TEXT, LOG_ERROR, "test");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
