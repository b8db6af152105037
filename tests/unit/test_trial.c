/* What is tried against the policy, out of requests (console/trial.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "console/trial.h"

static enum err read_text(const char *json, struct arena *arena)
{
    struct trial t;
    return trial_read(str_of(json), arena, &t);
}

static void a_text_comes_with_words_about_it(void **state)
{
    struct arena arena = {0};
    struct trial t;
    (void)state;
    assert_int_equal(
        OK, trial_read(STR("{\"text\":\"a\\u00e4\",\"activity\":"
                           "\"file.uploaded\",\"service\":\"s\",\"user\":\"u\","
                           "\"ip\":\"10.0.0.1\",\"file\":\"f.txt\","
                           "\"direction\":\"down\"}"),
                &arena, &t));
    assert_true(str_is(t.text, "a\xc3\xa4"));
    assert_true(str_is(t.activity, "file.uploaded"));
    assert_true(str_is(t.service, "s") && str_is(t.user, "u"));
    assert_true(str_is(t.ip, "10.0.0.1") && str_is(t.file, "f.txt"));
    assert_true(t.is_down);
    assert_null(t.trouble);
    arena_free(&arena);
}

static void a_text_alone_is_enough_and_goes_up(void **state)
{
    struct arena arena = {0};
    struct trial t;
    (void)state;
    assert_int_equal(OK, trial_read(STR("{\"text\":\"\"}"), &arena, &t));
    assert_int_equal(0, t.text.n + t.activity.n + t.file.n + t.user.n);
    assert_false(t.is_down);
    arena_free(&arena);
}

static void what_has_no_text_or_is_no_object_is_refused(void **state)
{
    static const char *const bad[] = {"", "{", "[]", "\"x\"", "{\"text\":1}",
        "{\"other\":\"x\"}", "{\"text\":[[[[[[1]]]]]]}", "{\"text\":\"x\"} y"};
    struct arena arena = {0};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_not_equal(OK, read_text(bad[i], &arena));
    arena_free(&arena);
}

static void every_cut_of_a_good_body_is_refused(void **state)
{
    static const char whole[] = "{\"text\":\"abc\",\"user\":\"u\"}";
    struct arena arena = {0};
    struct trial t;
    (void)state;
    for (size_t n = 0; n < sizeof whole - 1; n++)
        assert_int_not_equal(OK, trial_read(str_make(whole, n), &arena, &t));
    assert_int_equal(OK, trial_read(STR(whole), &arena, &t));
    arena_free(&arena);
}

static void words_have_a_bound(void **state)
{
    struct arena arena = {0};
    struct trial t;
    (void)state;
    for (size_t n = TRIAL_WORD_MAX; n <= TRIAL_WORD_MAX + 1; n++) {
        struct buf json = {0};
        buf_append_str(&json, STR("{\"text\":\"x\",\"user\":\""));
        for (size_t i = 0; i < n; i++)
            buf_append_char(&json, 'u');
        buf_append_str(&json, STR("\"}"));
        assert_int_equal(n == TRIAL_WORD_MAX ? OK : ERR_LIMIT,
            trial_read(buf_str(&json), &arena, &t));
        buf_free(&json);
    }
    arena_free(&arena);
}

/* ---- files ---- */

static void arg(struct request *r, const char *name, struct str value)
{
    r->args[r->arg_count++] = (struct request_arg){str_of(name), value};
}

static void a_file_is_the_body_whatever_is_in_it(void **state)
{
    struct request *r = MEM_NEW(struct request);
    struct trial t;
    (void)state;
    buf_append(&r->body, "\xff\0\x01", 3);
    arg(r, "file", STR("b\xc3\xa4.pdf"));
    arg(r, "direction", STR("down"));
    arg(r, "user", STR("ana"));
    assert_int_equal(OK, trial_of_file(r, &t));
    assert_int_equal(3, t.text.n);
    assert_memory_equal("\xff\0\x01", t.text.p, 3);
    assert_true(str_is(t.file, "b\xc3\xa4.pdf") && str_is(t.user, "ana"));
    assert_true(t.is_down);
    buf_free(&r->body);
    mem_free(r);
}

static void a_file_needs_bytes_and_a_short_name_that_is_text(void **state)
{
    char longer[TRIAL_WORD_MAX + 1];
    const struct {
        struct str body, name;
        enum err err;
    } cases[] = {
        {STR_NONE, STR("a"), ERR_PARSE},
        {STR("x"), STR_NONE, ERR_PARSE},
        {STR("x"), STR("\xff"), ERR_LIMIT},
        {STR("x"), {longer, sizeof longer}, ERR_LIMIT},
        {STR("x"), {longer, TRIAL_WORD_MAX}, OK},
    };
    (void)state;
    memset(longer, 'n', sizeof longer);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct request *r = MEM_NEW(struct request);
        struct trial t;
        buf_append_str(&r->body, cases[i].body);
        arg(r, "file", cases[i].name);
        assert_int_equal(cases[i].err, trial_of_file(r, &t));
        buf_free(&r->body);
        mem_free(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_comes_with_words_about_it),
        cmocka_unit_test(a_text_alone_is_enough_and_goes_up),
        cmocka_unit_test(what_has_no_text_or_is_no_object_is_refused),
        cmocka_unit_test(every_cut_of_a_good_body_is_refused),
        cmocka_unit_test(words_have_a_bound),
        cmocka_unit_test(a_file_is_the_body_whatever_is_in_it),
        cmocka_unit_test(a_file_needs_bytes_and_a_short_name_that_is_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
