/* proxy/h1.c: exchanges on one HTTP/1.1 connection. */
#include "tests/unit/http_recorder.h"

static void answer_200(struct recorder *r, struct stream *stream)
{
    (void)r;
    struct head *head = simple_response(200);
    head->content_length = 2;
    stream_send_head(stream, head, true);
    stream_send_data(stream, STR("ok"));
    stream_send_end(stream, NULL);
    stream_release(stream);
    head_free(&head);
}

static void a_get_is_read_and_answered(void **state)
{
    (void)state;
    struct recorder r = {.hook_end = answer_200};
    recorder_open(&r, HTTP_1_1, FACING_CLIENT);
    struct str get = STR("GET /a?b HTTP/1.1\r\nHost: chatgpt.com\r\n"
                         "Accept: x\r\n\r\n");
    assert_int_equal(recorder_feed(&r, get, 0), OK);
    assert_string_equal(buf_cstr(&r.log),
        "request GET ://chatgpt.com/a?b v1 keep len=-1 accept=[x]\nend\n");
    recorder_take(&r);
    assert_string_equal(
        buf_cstr(&r.out), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    assert_true(codec_is_idle(r.codec));
    assert_false(codec_wants_close(r.codec));
    recorder_close(&r);
}

static void a_chunked_request_has_trailers(void **state)
{
    (void)state;
    struct recorder r = {.hook_end = answer_200};
    recorder_open(&r, HTTP_1_1, FACING_CLIENT);
    struct str post = STR("POST / HTTP/1.1\r\nHost: a\r\n"
                          "Transfer-Encoding: chunked\r\n\r\n"
                          "5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nX-Sum: 1\r\n\r\n");
    assert_int_equal(recorder_feed(&r, post, 0), OK);
    assert_string_equal(buf_cstr(&r.log),
        "request POST ://a/ v1 body keep len=-1\ndata hello!\n"
        "end x-sum=[1]\n");
    recorder_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_get_is_read_and_answered),
        cmocka_unit_test(a_chunked_request_has_trailers),
    };
    return cmocka_run_group_tests_name("h1", tests, NULL, NULL);
}
