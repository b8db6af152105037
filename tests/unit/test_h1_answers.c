/* proxy/h1.c: answers, of origins to us and ours to clients. */
#include "tests/unit/h1_messages.h"

static void h4_a_second_unasked_response_is_not_taken(void **state)
{
    (void)state;
    for (size_t cut = 0; cut < 3; cut++) {
        struct recorder r = {0};
        recorder_open(&r, HTTP_1_1, FACING_ORIGIN);
        ask_get(&r, "GET");
        (void)!recorder_feed(&r,
            STR(OK_HEAD "Content-Length: 2\r\n\r\nok"
                        "HTTP/1.1 200 Poison\r\nContent-Length: 0\r\n\r\n"),
            cut);
        assert_int_equal(r.heads, 1);
        assert_int_equal(r.ends, 1);
        assert_string_equal(codec_refusal(r.codec), "unasked-response");
        assert_false(codec_can_open(r.codec));
        assert_true(codec_wants_close(r.codec));
        recorder_close(&r);
    }
}

static void h4_interim_responses_are_bounded(void **state)
{
    (void)state;
    struct recorder r = {0};
    recorder_open(&r, HTTP_1_1, FACING_ORIGIN);
    ask_get(&r, "GET");
    struct str early = STR("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
    for (size_t i = 0; i < 16; i++)
        assert_int_equal(recorder_feed(&r, early, 0), OK);
    assert_int_equal(r.heads, 16);
    assert_int_equal(recorder_feed(&r, early, 0), ERR_PARSE);
    assert_int_equal(r.heads, 16);
    assert_int_equal(r.resets, 1);
    recorder_close(&r);
}

static void h4_a_cut_body_is_a_reset(void **state)
{
    (void)state;
    static const char *const cut_short[] = {
        OK_HEAD "Content-Length: 5\r\n\r\nhell", OK_CHUNKED "5\r\nhello\r\n",
        OK_CHUNKED "5\r\nhello\r\n0\r\n", OK_HEAD "Content-Le", ""};
    for (size_t i = 0; i < ARRAY_LEN(cut_short); i++) {
        struct recorder r = {0};
        recorder_open(&r, HTTP_1_1, FACING_ORIGIN);
        ask_get(&r, "GET");
        assert_int_equal(recorder_feed(&r, str_of(cut_short[i]), 0), OK);
        codec_feed_eof(r.codec);
        assert_int_equal(r.resets, 1);
        assert_int_equal(r.ends, 0);
        recorder_close(&r);
    }
}

static void a_response_without_length_ends_with_the_connection(void **state)
{
    (void)state;
    struct recorder r = {0};
    recorder_open(&r, HTTP_1_1, FACING_ORIGIN);
    ask_get(&r, "GET");
    assert_int_equal(recorder_feed(&r, STR(OK_HEAD "\r\nall of it"), 3), OK);
    assert_int_equal(r.ends, 0);
    codec_feed_eof(r.codec);
    assert_true(str_ends(buf_str(&r.log), "data all of it\nend\n"));
    assert_true(codec_wants_close(r.codec));
    recorder_close(&r);
}

static void s2_a_broken_connection_ends_no_response(void **state)
{
    (void)state;
    struct recorder r = {0};
    recorder_open(&r, HTTP_1_1, FACING_ORIGIN);
    ask_get(&r, "GET");
    assert_int_equal(recorder_feed(&r, STR(OK_HEAD "\r\nsome of it"), 3), OK);
    codec_feed_cut(r.codec);
    assert_int_equal(r.ends, 0);
    assert_int_equal(r.resets, 1);
    assert_true(codec_wants_close(r.codec));
    recorder_close(&r);
}

static void head_answers_have_no_body_whatever_they_declare(void **state)
{
    (void)state;
    static const char *const answers[] = {
        OK_HEAD "Content-Length: 5\r\n\r\n", OK_CHUNKED, OK_HEAD "\r\n"};
    struct recorder r = {0};
    recorder_open(&r, HTTP_1_1, FACING_ORIGIN);
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        assert_true(codec_can_open(r.codec));
        ask_get(&r, "HEAD");
        assert_int_equal(recorder_feed(&r, str_of(answers[i]), 1), OK);
        assert_int_equal(r.ends, i + 1);
        stream_release(r.last);
    }
    recorder_close(&r);
}

static void release_now(struct recorder *r, struct stream *stream)
{
    (void)r;
    stream_release(stream);
}

static void an_origin_serves_on_after_a_release_inside_on_end(void **state)
{
    (void)state;
    static const char *const answers[] = {
        OK_HEAD "Content-Length: 5\r\n\r\nhello",
        OK_CHUNKED "3\r\nabc\r\n0\r\n\r\n",
        OK_HEAD "Content-Length: 0\r\n\r\n",
    };
    struct recorder r = {.hook_end = release_now};
    recorder_open(&r, HTTP_1_1, FACING_ORIGIN);
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        assert_true(codec_can_open(r.codec));
        ask_get(&r, "GET");
        assert_int_equal(recorder_feed(&r, str_of(answers[i]), 1), OK);
        assert_int_equal(r.ends, i + 1);
        assert_false(codec_wants_close(r.codec));
    }
    recorder_close(&r);
}

/* ---- answers ---- */

static void an_http_1_0_client_gets_no_chunks(void **state)
{
    (void)state;
    struct recorder r = {0};
    recorder_open(&r, HTTP_1_1, FACING_CLIENT);
    assert_int_equal(recorder_feed(&r,
                         STR("GET / HTTP/1.0\r\nConnection: keep-alive\r\n"
                             "\r\n"),
                         0),
        OK);
    struct head *head = simple_response(200);
    stream_send_head(r.last, head, true);
    head_free(&head);
    stream_send_data(r.last, STR("body"));
    stream_send_end(r.last, NULL);
    recorder_take(&r);
    assert_string_equal(
        buf_cstr(&r.out), "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nbody");
    assert_true(codec_wants_close(r.codec));
    recorder_close(&r);
}

static void a_short_answer_closes_the_connection(void **state)
{
    (void)state;
    struct recorder r = {0};
    recorder_open(&r, HTTP_1_1, FACING_CLIENT);
    assert_int_equal(recorder_feed(&r, STR(GET "\r\n"), 0), OK);
    struct head *head = simple_response(200);
    head->content_length = 10;
    stream_send_head(r.last, head, true);
    head_free(&head);
    stream_send_data(r.last, STR("body"));
    stream_send_end(r.last, NULL);
    assert_true(codec_wants_close(r.codec));
    recorder_close(&r);
}

static void h9_an_answer_instead_of_100_closes(void **state)
{
    (void)state;
    struct recorder r = {0};
    recorder_open(&r, HTTP_1_1, FACING_CLIENT);
    assert_int_equal(recorder_feed(&r,
                         STR(POST "Content-Length: 5\r\n"
                                  "Expect: 100-Continue\r\n\r\n"),
                         0),
        OK);
    assert_true(str_has(buf_str(&r.log), " expect "));
    answer_200(&r, r.last);
    recorder_take(&r);
    assert_true(str_has(buf_str(&r.out), "\r\nConnection: close\r\n"));
    assert_true(codec_wants_close(r.codec));
    recorder_close(&r);
}

static void an_answered_upload_is_drained_within_bounds(void **state)
{
    (void)state;
    struct recorder r = {0};
    static char block[64 * 1024];
    recorder_open(&r, HTTP_1_1, FACING_CLIENT);
    assert_int_equal(
        recorder_feed(&r, STR(POST "Content-Length: 99999999\r\n\r\nx"), 0),
        OK);
    answer_200(&r, r.last);
    assert_false(codec_wants_close(r.codec));
    size_t blocks = 0;
    while (!codec_wants_close(r.codec) && blocks < 100) {
        (void)!codec_feed(r.codec, str_make(block, sizeof block));
        blocks++;
    }
    assert_true(blocks > 1 && blocks <= 17);
    assert_int_equal(r.body_bytes, 1);
    recorder_close(&r);
}

static void a_half_closed_client_still_gets_its_answer(void **state)
{
    (void)state;
    struct recorder r = {0};
    recorder_open(&r, HTTP_1_1, FACING_CLIENT);
    assert_int_equal(recorder_feed(&r, STR(GET "\r\n"), 0), OK);
    codec_feed_eof(r.codec);
    assert_int_equal(r.resets, 0);
    assert_false(codec_wants_close(r.codec));
    answer_200(&r, r.last);
    assert_true(codec_has_output(r.codec));
    assert_true(codec_wants_close(r.codec));
    recorder_close(&r);
}

static void a_cut_request_is_a_reset(void **state)
{
    (void)state;
    struct recorder r = {0};
    recorder_open(&r, HTTP_1_1, FACING_CLIENT);
    assert_int_equal(
        recorder_feed(&r, STR(POST "Content-Length: 5\r\n\r\nab"), 0), OK);
    codec_feed_eof(r.codec);
    assert_int_equal(r.resets, 1);
    assert_true(codec_wants_close(r.codec));
    recorder_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(h4_a_second_unasked_response_is_not_taken),
        cmocka_unit_test(h4_interim_responses_are_bounded),
        cmocka_unit_test(h4_a_cut_body_is_a_reset),
        cmocka_unit_test(a_response_without_length_ends_with_the_connection),
        cmocka_unit_test(s2_a_broken_connection_ends_no_response),
        cmocka_unit_test(head_answers_have_no_body_whatever_they_declare),
        cmocka_unit_test(an_origin_serves_on_after_a_release_inside_on_end),
        cmocka_unit_test(an_http_1_0_client_gets_no_chunks),
        cmocka_unit_test(a_short_answer_closes_the_connection),
        cmocka_unit_test(h9_an_answer_instead_of_100_closes),
        cmocka_unit_test(an_answered_upload_is_drained_within_bounds),
        cmocka_unit_test(a_half_closed_client_still_gets_its_answer),
        cmocka_unit_test(a_cut_request_is_a_reset),
    };
    return cmocka_run_group_tests_name("h1_answers", tests, NULL, NULL);
}
