/* proxy/extracting.h against an extractor of this test's own making. */
#include "proxy/extracting.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/mem.h"
#include "proxy/chan.h"

struct side {
    uv_loop_t loop;
    struct extracting *x;
    struct chan *extractor;
    char tokens[8][EXTRACTING_TOKEN_BYTES];
    size_t asked;
    char content[64]; /* of the last file */
    /* of the answers */
    size_t answers;
    uint64_t token;
    enum extract_status status;
    char text[64];
};

static struct side *the;

static void on_question(void *owner, struct str datagram, int fd)
{
    struct str file = STR_NONE;
    (void)owner;
    assert_int_equal(datagram.n, EXTRACTING_TOKEN_BYTES);
    assert_true(fd >= 0);
    assert_int_equal(memfd_map(fd, 1 << 20, &file), OK);
    snprintf(the->content, sizeof the->content, "%.*s", STR_ARG(file));
    memcpy(the->tokens[the->asked++ % 8], datagram.p, datagram.n);
    memfd_unmap(file);
    close(fd);
}

static void on_gone(void *owner)
{
    (void)owner;
}

static const struct chan_events extractor_events = {on_question, NULL, on_gone};

static void on_done(void *owner, uint64_t token, struct extract_report *report)
{
    assert_ptr_equal(owner, the);
    the->answers++;
    the->token = token;
    the->status = report->status;
    snprintf(
        the->text, sizeof the->text, "%.*s", STR_ARG(buf_str(&report->text)));
}

static void connect_extractor(void)
{
    int fds[2];
    assert_int_equal(chan_pair(fds), OK);
    chan_free(&the->extractor);
    the->extractor = chan_new(&the->loop, fds[0], &extractor_events, the);
    extracting_attach(the->x, fds[1]);
}

static int setup(void **state)
{
    (void)state;
    the = MEM_NEW(struct side);
    uv_loop_init(&the->loop);
    the->x = extracting_new(&the->loop, on_done);
    extracting_configure(the->x, 400, 1 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    extracting_free(&the->x);
    chan_free(&the->extractor);
    uv_run(&the->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&the->loop), 0);
    mem_free(the);
    return 0;
}

/* Until so many questions or answers are there; time-outs are the loop's. */
static void run_until(const size_t *counter, size_t value)
{
    for (int i = 0; i < 1000 && *counter < value; i++)
        uv_run(&the->loop, UV_RUN_ONCE);
    assert_int_equal(*counter, value);
}

static void reply(
    size_t question, enum extracting_end end, const char *report, size_t n)
{
    char bytes[EXTRACTING_ANSWER_BYTES];
    int fd = -1;
    memcpy(bytes, the->tokens[question], EXTRACTING_TOKEN_BYTES);
    bytes[EXTRACTING_TOKEN_BYTES] = (char)end;
    if (report != NULL)
        assert_int_equal(memfd_from(str_make(report, n), &fd), OK);
    assert_int_equal(
        chan_send(the->extractor, str_make(bytes, sizeof bytes), fd), OK);
    if (fd >= 0)
        close(fd);
}

#define REPORT "T\3\0\0\0abcE\0\0\0\0"
#define CUT "T\3\0\0\0abc"

static void a_file_goes_out_and_its_text_comes_back(void **state)
{
    (void)state;
    connect_extractor();
    extracting_ask(the->x, the, 7, STR("a file"));
    run_until(&the->asked, 1);
    assert_string_equal(the->content, "a file");
    reply(0, EXTRACTING_DONE, REPORT, sizeof REPORT - 1);
    run_until(&the->answers, 1);
    assert_int_equal(the->token, 7);
    assert_int_equal(the->status, EXTRACT_GOOD);
    assert_string_equal(the->text, "abc");
}

static void what_was_found_before_the_time_was_over_counts(void **state)
{
    (void)state;
    connect_extractor();
    extracting_ask(the->x, the, 1, STR("x"));
    run_until(&the->asked, 1);
    reply(0, EXTRACTING_LATE, CUT, sizeof CUT - 1);
    run_until(&the->answers, 1);
    assert_int_equal(the->status, EXTRACT_TIMEOUT);
    assert_string_equal(the->text, "abc");
}

static void a_crash_is_told(void **state)
{
    (void)state;
    connect_extractor();
    extracting_ask(the->x, the, 1, STR("x"));
    run_until(&the->asked, 1);
    reply(0, EXTRACTING_DONE, NULL, 0);
    run_until(&the->answers, 1);
    assert_int_equal(the->status, EXTRACT_CRASHED);
}

static void without_an_answer_there_is_one_in_time(void **state)
{
    (void)state;
    connect_extractor();
    extracting_ask(the->x, the, 1, STR("x"));
    run_until(&the->answers, 1);
    assert_int_equal(the->status, EXTRACT_TIMEOUT);
}

static void without_an_extractor_there_is_an_answer_too(void **state)
{
    (void)state;
    extracting_ask(the->x, the, 1, STR("x"));
    run_until(&the->answers, 1);
    assert_int_equal(the->status, EXTRACT_TIMEOUT);
}

static void a_new_extractor_is_asked_again_once(void **state)
{
    (void)state;
    connect_extractor();
    extracting_ask(the->x, the, 1, STR("x"));
    run_until(&the->asked, 1);
    connect_extractor();
    run_until(&the->asked, 2);
    connect_extractor(); /* it may have been this file that ended both */
    run_until(&the->answers, 1);
    assert_int_equal(the->status, EXTRACT_CRASHED);
    assert_int_equal(the->asked, 2);
}

static void who_went_away_is_not_answered(void **state)
{
    (void)state;
    connect_extractor();
    extracting_ask(the->x, the, 1, STR("x"));
    extracting_ask(the->x, the, 2, STR("y"));
    run_until(&the->asked, 2);
    extracting_forget(the->x, the);
    reply(0, EXTRACTING_DONE, REPORT, sizeof REPORT - 1);
    reply(1, EXTRACTING_DONE, REPORT, sizeof REPORT - 1);
    for (int i = 0; i < 5; i++)
        uv_run(&the->loop, UV_RUN_NOWAIT);
    assert_int_equal(the->answers, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_file_goes_out_and_its_text_comes_back),
        TEST(what_was_found_before_the_time_was_over_counts),
        TEST(a_crash_is_told),
        TEST(without_an_answer_there_is_one_in_time),
        TEST(without_an_extractor_there_is_an_answer_too),
        TEST(a_new_extractor_is_asked_again_once),
        TEST(who_went_away_is_not_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
