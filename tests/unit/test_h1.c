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

/* ---- what is refused ---- */

struct bad_input {
    struct str bytes;
    const char *reason;
    int status;
};

#define BAD(reason, status, bytes)                                             \
    {                                                                          \
        STR(bytes), reason, status                                             \
    }
#define GET "GET / HTTP/1.1\r\nHost: a\r\n"
#define POST "POST / HTTP/1.1\r\nHost: a\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

static const struct bad_input bad_requests[] = {
    /* framing that two readers could take differently */
    BAD("te-and-cl", 400,
        POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
             "0\r\n\r\n"),
    BAD("te-and-cl", 400,
        POST "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n"),
    BAD("cl-twice", 400,
        POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"),
    BAD("cl-twice", 400,
        POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
    BAD("cl-bad", 400, POST "Content-Length: 5, 5\r\n\r\nhello"),
    BAD("cl-bad", 400, POST "Content-Length: +5\r\n\r\nhello"),
    BAD("cl-bad", 400, POST "Content-Length: -5\r\n\r\nhello"),
    BAD("cl-bad", 400, POST "Content-Length: 0x5\r\n\r\nhello"),
    BAD("cl-bad", 400, POST "Content-Length: 5 \t5\r\n\r\nhello"),
    BAD("cl-bad", 400, POST "Content-Length:\r\n\r\n"),
    BAD("cl-bad", 400, POST "Content-Length: 5.0\r\n\r\nhello"),
    BAD("cl-bad", 400, POST "Content-Length: 99999999999999999999\r\n\r\n"),
    BAD("cl-bad", 400, POST "Content-Length: 18446744073709551621\r\n\r\n"),
    BAD("te-unknown", 400, POST "Transfer-Encoding: gzip\r\n\r\n"),
    BAD("te-unknown", 400, POST "Transfer-Encoding: identity\r\n\r\n"),
    BAD("te-unknown", 400,
        POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    BAD("te-unknown", 400,
        POST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
    BAD("te-unknown", 400,
        POST "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
    BAD("te-unknown", 400, POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    BAD("te-unknown", 400,
        POST "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"),
    BAD("te-unknown", 400, POST "Transfer-Encoding:\r\n\r\n"),
    BAD("te-unknown", 400,
        POST "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n"),
    BAD("control-byte", 400,
        POST "Transfer-Encoding: \x0b"
             "chunked\r\n\r\n0\r\n\r\n"),
    BAD("te-twice", 400,
        POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"
             "\r\n0\r\n\r\n"),
    BAD("te-twice", 400,
        POST "Transfer-Encoding: identity\r\n"
             "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    BAD("te-in-http-1.0", 400,
        "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"),
    /* line ends and blanks */
    BAD("bare-lf", 400, "GET / HTTP/1.1\nHost: a\r\n\r\n"),
    BAD("bare-lf", 400, "GET / HTTP/1.1\r\nHost: a\n\r\n"),
    BAD("bare-lf", 400, GET "X: 1\nContent-Length: 5\r\n\r\nhello"),
    BAD("bare-lf", 400, GET "\n"),
    BAD("bare-lf", 400, "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("bare-cr", 400, GET "X: 1\rContent-Length: 5\r\n\r\n"),
    BAD("bare-cr", 400, "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n"),
    BAD("bare-cr", 400, "GET /\rx HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("obs-fold", 400, GET "X: 1\r\n 2\r\n\r\n"),
    BAD("obs-fold", 400, GET "X: 1\r\n\tTransfer-Encoding: chunked\r\n\r\n"),
    BAD("obs-fold", 400, "GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
    BAD("blank-before-colon", 400,
        POST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
    BAD("blank-before-colon", 400, POST "Content-Length\t: 5\r\n\r\nhello"),
    BAD("nul", 400, GET "X: a\0b\r\n\r\n"),
    BAD("nul", 400, GET "X\0: a\r\n\r\n"),
    BAD("nul", 400, "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("control-byte", 400, GET "X: a\x7f\r\n\r\n"),
    BAD("control-byte", 400,
        GET "X: a\x01"
            "b\r\n\r\n"),
    BAD("no-colon", 400, GET "nonsense\r\n\r\n"),
    BAD("bad-field-name", 400, GET ": x\r\n\r\n"),
    BAD("bad-field-name", 400, GET "a b: x\r\n\r\n"),
    BAD("bad-field-name", 400, GET "a(b): x\r\n\r\n"),
    BAD("bad-field-name", 400, GET "Content-Length\xa0: 5\r\n\r\n"),
    BAD("leading-empty-lines", 400, "\r\n\r\n\r\n\r\n\r\n" GET "\r\n"),
    /* the request line */
    BAD("bad-request-line", 400, "GET /\r\n\r\n"),
    BAD("bad-request-line", 400, "GET\r\n\r\n"),
    BAD("bad-request-line", 400, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("bad-version", 400, "GET /  HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("bad-version", 400, "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"),
    BAD("bad-version", 400, "GET / x HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("bad-version", 400, "GET / http/1.1\r\nHost: a\r\n\r\n"),
    BAD("bad-version", 505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
    BAD("bad-version", 505, "GET / HTTP/1.2\r\nHost: a\r\n\r\n"),
    BAD("bad-version", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    BAD("bad-method", 400, "G{T / HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("unknown-method", 501, "get / HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("unknown-method", 501, "FROB / HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("control-byte", 400, "GET /\t HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("bad-target", 400, "GET a HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("bad-target", 400, "GET * HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("bad-target", 400, "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("bad-target", 400, "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("bad-target", 400, "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("bad-target", 400, "CONNECT /x HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("bad-target", 400, "CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("bad-target", 400, "CONNECT a:0 HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("target-fragment", 400, "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("target-backslash", 400, "GET /a\\b HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("target-userinfo", 400,
        "GET http://u:p@a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("target-userinfo", 400, "CONNECT u@a:443 HTTP/1.1\r\nHost: a\r\n\r\n"),
    /* Host */
    BAD("host-missing", 400, "GET / HTTP/1.1\r\nX: 1\r\n\r\n"),
    BAD("host-missing", 400, "GET / HTTP/1.1\r\n\r\n"),
    BAD("host-twice", 400, GET "Host: a\r\n\r\n"),
    BAD("host-twice", 400, GET "hOST: b\r\n\r\n"),
    BAD("host-bad", 400, "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
    BAD("host-bad", 400, "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n"),
    BAD("host-bad", 400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
    BAD("host-bad", 400, "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"),
    BAD("host-bad", 400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    BAD("host-bad", 400, "GET / HTTP/1.1\r\nHost: http://a\r\n\r\n"),
    BAD("host-mismatch", 400, "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("host-mismatch", 400, "GET http://a:81/ HTTP/1.1\r\nHost: a\r\n\r\n"),
    BAD("host-mismatch", 400, "CONNECT b:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"),
    BAD("connect-with-body", 400,
        "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\nContent-Length: 1\r\n\r\n"),
    BAD("connect-with-body", 400,
        "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"),
    BAD("expectation", 417,
        POST "Content-Length: 1\r\nExpect: 200-ok\r\n"
             "\r\n"),
    /* chunks */
    BAD("bad-chunk", 400, CHUNKED "5\nhello\r\n0\r\n\r\n"),
    BAD("bad-chunk", 400, CHUNKED "5\r\nhelloX0\r\n\r\n"),
    BAD("bad-chunk", 400, CHUNKED "5\r\nhello\n0\r\n\r\n"),
    BAD("bad-chunk", 400, CHUNKED "5\r\nhello\r0\r\n\r\n"),
    BAD("bad-chunk", 400, CHUNKED "0x5\r\nhello\r\n0\r\n\r\n"),
    BAD("bad-chunk", 400, CHUNKED "-5\r\nhello\r\n"),
    BAD("bad-chunk", 400, CHUNKED " 5\r\nhello\r\n"),
    BAD("bad-chunk", 400, CHUNKED "5 \r\nhello\r\n"),
    BAD("bad-chunk", 400, CHUNKED "\r\nhello\r\n"),
    BAD("bad-chunk", 400, CHUNKED "g\r\nhello\r\n"),
    BAD("bad-chunk", 400, CHUNKED "10000000000000000\r\nhello\r\n"),
    BAD("bad-chunk", 400, CHUNKED "fffffffffffffffff\r\nhello\r\n"),
    BAD("bad-chunk", 400, CHUNKED "5;a\nb\r\nhello\r\n"),
    BAD("bad-chunk", 400, CHUNKED "5;a\rb\r\nhello\r\n"),
    BAD("bad-chunk", 400, CHUNKED "5;a=\"\0\"\r\nhello\r\n"),
    BAD("bare-lf", 400, CHUNKED "0\r\nX: 1\n\r\n"),
    BAD("bare-lf", 400, CHUNKED "0\r\n\n"),
    BAD("obs-fold", 400, CHUNKED "0\r\nX: 1\r\n y\r\n\r\n"),
    BAD("trailer-forbidden", 400, CHUNKED "0\r\nContent-Length: 5\r\n\r\n"),
    BAD("trailer-forbidden", 400, CHUNKED "0\r\nHost: b\r\n\r\n"),
    BAD("trailer-forbidden", 400,
        CHUNKED "0\r\nTransfer-Encoding: chunked\r\n\r\n"),
};

static void run_request(
    const struct bad_input *bad, size_t cut, struct buf *log_out)
{
    struct recorder r = {0};
    recorder_open(&r, HTTP_1_1, FACING_CLIENT);
    enum err err = recorder_feed(&r, bad->bytes, cut);
    if (r.last_reason == NULL || strcmp(r.last_reason, bad->reason) != 0)
        fail_msg("wanted %s, got %s for:\n%.*s", bad->reason,
            r.last_reason != NULL ? r.last_reason : "nothing",
            STR_ARG(bad->bytes));
    assert_true(err == ERR_PARSE || err == ERR_LIMIT);
    assert_int_equal(r.last_refused_status, bad->status);
    assert_int_equal(r.refusals, 1);
    assert_int_equal(r.ends, 0);
    assert_int_equal(r.resets, r.heads);
    assert_true(codec_wants_close(r.codec));
    recorder_take(&r);
    char line[32];
    snprintf(line, sizeof line, "HTTP/1.1 %d ", bad->status);
    assert_true(str_starts(buf_str(&r.out), line));
    assert_true(str_has(buf_str(&r.out), "\r\nConnection: close\r\n"));
    buf_append_str(log_out, buf_str(&r.log));
    recorder_close(&r);
}

static void h1_ambiguous_requests_are_refused_and_closed(void **state)
{
    (void)state;
    assert_true(ARRAY_LEN(bad_requests) >= 60);
    for (size_t i = 0; i < ARRAY_LEN(bad_requests); i++) {
        struct buf whole = {0};
        run_request(&bad_requests[i], 0, &whole);
        for (size_t cut = 1; cut < 12; cut += 2) {
            struct buf pieces = {0};
            run_request(&bad_requests[i], cut, &pieces);
            assert_string_equal(buf_cstr(&whole), buf_cstr(&pieces));
            buf_free(&pieces);
        }
        buf_free(&whole);
    }
}

/* ---- responses ---- */

#define OK_HEAD "HTTP/1.1 200 OK\r\n"
#define OK_CHUNKED OK_HEAD "Transfer-Encoding: chunked\r\n\r\n"

static const struct bad_input bad_responses[] = {
    BAD("te-and-cl", 0,
        OK_HEAD "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"),
    BAD("cl-twice", 0,
        OK_HEAD "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
    BAD("cl-twice", 0,
        OK_HEAD "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"),
    BAD("cl-bad", 0, OK_HEAD "Content-Length: 5,5\r\n\r\nhello"),
    BAD("cl-bad", 0, OK_HEAD "Content-Length: -1\r\n\r\n"),
    BAD("te-unknown", 0, OK_HEAD "Transfer-Encoding: gzip\r\n\r\n"),
    BAD("te-twice", 0,
        OK_HEAD "Transfer-Encoding: chunked\r\n"
                "Transfer-Encoding: chunked\r\n\r\n"),
    BAD("te-in-http-1.0", 0,
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
    BAD("te-without-body", 0,
        "HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n"),
    BAD("bare-lf", 0, "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n"),
    BAD("bare-lf", 0, OK_HEAD "Content-Length: 0\n\r\n"),
    BAD("bare-cr", 0, OK_HEAD "X: 1\rSet-Cookie: x\r\n\r\n"),
    BAD("obs-fold", 0, OK_HEAD "X: 1\r\n 2\r\n\r\n"),
    BAD("blank-before-colon", 0, OK_HEAD "Content-Length : 0\r\n\r\n"),
    BAD("nul", 0, OK_HEAD "X: \0\r\n\r\n"),
    BAD("nul", 0, "HTTP/1.1 200 O\0\r\n\r\n"),
    BAD("bad-status-line", 0, "HTTP/1.1 20 OK\r\n\r\n"),
    BAD("bad-status-line", 0, "HTTP/1.1 2000 OK\r\n\r\n"),
    BAD("bad-status-line", 0, "HTTP/1.1 099 OK\r\n\r\n"),
    BAD("bad-status-line", 0, "HTTP/1.1  200 OK\r\n\r\n"),
    BAD("bad-status-line", 0, "HTTP/1.1 200\tOK\r\n\r\n"),
    BAD("bad-status-line", 0, "\r\nHTTP/1.1 200 OK\r\n\r\n"),
    BAD("bad-version", 0, "HTTP/2.0 200 OK\r\n\r\n"),
    BAD("bad-version", 0, "ICY/1.0_ 200 OK\r\n\r\n"),
    BAD("control-byte", 0, "HTTP/1.1 200 O\x02K\r\n\r\n"),
    BAD("no-colon", 0, OK_HEAD "nonsense\r\n\r\n"),
    BAD("unasked-upgrade", 0,
        "HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
        "\r\n"),
    BAD("unknown-upgrade", 0,
        "HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"),
    BAD("bad-chunk", 0, OK_CHUNKED "5\nhello\r\n0\r\n\r\n"),
    BAD("bad-chunk", 0, OK_CHUNKED "5\r\nhelloworld"),
    BAD("trailer-forbidden", 0,
        OK_CHUNKED "0\r\nTransfer-Encoding: chunked\r\n\r\n"),
};

static void ask_get(struct recorder *r, const char *method)
{
    struct head *head = simple_request(method, "/");
    codec_open(r->codec, head, false, NULL);
    head_free(&head);
}

static void h4_malformed_responses_reset_their_stream(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad_responses); i++)
        for (size_t cut = 0; cut < 9; cut += 2) {
            const struct bad_input *bad = &bad_responses[i];
            struct recorder r = {0};
            recorder_open(&r, HTTP_1_1, FACING_ORIGIN);
            ask_get(&r, "GET");
            enum err err = recorder_feed(&r, bad->bytes, cut);
            assert_non_null(codec_refusal(r.codec));
            assert_string_equal(codec_refusal(r.codec), bad->reason);
            assert_int_not_equal(err, OK);
            assert_int_equal(r.resets, 1);
            assert_int_equal(r.last_error, STREAM_BROKEN);
            assert_int_equal(r.ends, 0);
            assert_int_equal(r.refusals, 0);
            assert_true(codec_wants_close(r.codec));
            recorder_close(&r);
        }
}

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

/* ---- what goes on ---- */

static void h2_one_request_in_is_one_request_out(void **state)
{
    (void)state;
    struct str pipeline =
        STR("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
            "\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
            "POST /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
            "\r\n1\r\nx\r\n0\r\n\r\n");
    struct buf first = {0};
    for (size_t cut = 0; cut < 40; cut++) {
        struct recorder r = {.hook_end = answer_200};
        recorder_open(&r, HTTP_1_1, FACING_CLIENT);
        assert_int_equal(recorder_feed(&r, pipeline, cut), OK);
        assert_int_equal(r.heads, 3);
        assert_int_equal(r.ends, 3);
        if (cut == 0)
            buf_append_str(&first, buf_str(&r.log));
        assert_string_equal(buf_cstr(&first), buf_cstr(&r.log));
        recorder_close(&r);
    }
    buf_free(&first);
}

static void a_pipelined_request_waits_for_the_answer_before(void **state)
{
    (void)state;
    struct recorder r = {0};
    recorder_open(&r, HTTP_1_1, FACING_CLIENT);
    struct str two = STR(GET "\r\n" GET "X: 2\r\n\r\n");
    assert_int_equal(recorder_feed(&r, two, 0), OK);
    assert_int_equal(r.heads, 1);
    assert_false(codec_has_input(r.codec));
    answer_200(&r, r.last);
    assert_true(codec_has_input(r.codec));
    assert_int_equal(codec_feed(r.codec, STR_NONE), OK);
    assert_int_equal(r.heads, 2);
    assert_false(codec_has_input(r.codec));
    answer_200(&r, r.last);
    recorder_close(&r);
}

static void pipelined_bytes_are_bounded(void **state)
{
    (void)state;
    struct recorder r = {0};
    recorder_open(&r, HTTP_1_1, FACING_CLIENT);
    static char junk[300 * 1024];
    assert_int_equal(recorder_feed(&r, STR(GET "\r\n"), 0), OK);
    assert_true(codec_wants_input(r.codec));
    assert_int_equal(recorder_feed(&r, str_make(junk, sizeof junk), 0), OK);
    assert_false(codec_wants_input(r.codec));
    recorder_close(&r);
}

static void h3_hop_by_hop_fields_end_here(void **state)
{
    (void)state;
    struct recorder r = {0};
    recorder_open(&r, HTTP_1_1, FACING_CLIENT);
    assert_int_equal(
        recorder_feed(&r,
            STR(POST "Connection: close, X-Drop, content-length, Host\r\n"
                     "X-Drop: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\n"
                     "Proxy-Connection: x\r\nProxy-Authorization: b\r\n"
                     "Cookie: a\r\nX-Keep: 2\r\nCookie: b\r\n"
                     "Content-Length: 2\r\n\r\nhi"),
            0),
        OK);
    assert_string_equal(buf_cstr(&r.log),
        "request POST ://a/ v1 body len=2 proxy-authorization=[b]"
        " cookie=[a; b] x-keep=[2]\ndata hi\nend\n");
    recorder_close(&r);
}

static void h3_a_request_is_rebuilt(void **state)
{
    (void)state;
    struct recorder r = {0};
    recorder_open(&r, HTTP_1_1, FACING_ORIGIN);
    struct head *head = simple_request("POST", "/x");
    head_add(head, STR("accept"), STR("*/*"));
    head_add(head, STR("connection"), STR("close"));
    head_add(head, STR("content-length"), STR("77"));
    head_add(head, STR("proxy-authorization"), STR("Basic x"));
    head_add(head, STR("x-evil"), STR("a\r\nTransfer-Encoding: chunked"));
    head_add(head, STR("sec-ch-ua-mobile"), STR("?0"));
    head->content_length = 2;
    struct stream *s = codec_open(r.codec, head, true, NULL);
    stream_send_data(s, STR("hi, there")); /* more than declared */
    stream_send_end(s, NULL);
    recorder_take(&r);
    assert_string_equal(buf_cstr(&r.out),
        "POST /x HTTP/1.1\r\nHost: chatgpt.com\r\nAccept: */*\r\n"
        "sec-ch-ua-mobile: ?0\r\nContent-Length: 2\r\n\r\nhi");
    head_free(&head);
    recorder_close(&r);
}

static void h7_a_request_that_cannot_be_written_is_not(void **state)
{
    (void)state;
    static const char *const paths[] = {"/a b", "/a\r\nX: y", "", "x"};
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        struct recorder r = {0};
        recorder_open(&r, HTTP_1_1, FACING_ORIGIN);
        ask_get(&r, "GET");
        recorder_close(&r);
        recorder_open(&r, HTTP_1_1, FACING_ORIGIN);
        struct head *head = simple_request("GET", paths[i]);
        codec_open(r.codec, head, false, NULL);
        assert_false(codec_has_output(r.codec));
        assert_true(codec_wants_close(r.codec));
        head_free(&head);
        recorder_close(&r);
    }
}

static void h5_absolute_form_names_its_host(void **state)
{
    (void)state;
    struct recorder r = {0};
    recorder_open(&r, HTTP_1_1, FACING_CLIENT);
    assert_int_equal(recorder_feed(&r,
                         STR("GET HTTP://a.test?q HTTP/1.1\r\n"
                             "Host: A.test:80\r\n\r\n"),
                         0),
        OK);
    assert_string_equal(buf_cstr(&r.log),
        "request GET http://a.test/?q absolute v1 keep len=-1\nend\n");
    recorder_close(&r);
}

static void connect_hands_the_connection_over(void **state)
{
    (void)state;
    for (size_t cut = 0; cut < 4; cut++) {
        struct recorder r = {0};
        struct buf rest = {0};
        recorder_open(&r, HTTP_1_1, FACING_CLIENT);
        assert_int_equal(
            recorder_feed(&r,
                STR("CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n"
                    "\x16\x03\x01"),
                cut),
            OK);
        assert_string_equal(buf_cstr(&r.log),
            "request CONNECT ://a.test:443 v1 keep len=-1\nend\n");
        struct head *head = simple_response(200);
        stream_send_head(r.last, head, false);
        head_free(&head);
        codec_take_over(r.codec, &rest);
        stream_release(r.last);
        recorder_take(&r);
        assert_string_equal(buf_cstr(&r.out), "HTTP/1.1 200 OK\r\n\r\n");
        assert_string_equal(buf_cstr(&rest), "\x16\x03\x01");
        assert_false(codec_wants_close(r.codec));
        buf_free(&rest);
        recorder_close(&r);
    }
}

static void take_over_now(
    struct recorder *r, struct stream *stream, const struct head *head)
{
    (void)head;
    codec_take_over(r->codec, r->any);
    stream_release(stream);
}

static void the_connection_can_be_taken_inside_on_head(void **state)
{
    (void)state;
    struct buf rest = {0};
    struct recorder r = {.hook_head = take_over_now, .any = &rest};
    recorder_open(&r, HTTP_1_1, FACING_CLIENT);
    assert_int_equal(
        recorder_feed(&r, STR("CONNECT a:443 HTTP/1.0\r\n\r\nbytes"), 0), OK);
    assert_string_equal(buf_cstr(&rest), "bytes");
    assert_int_equal(r.ends, 0);
    buf_free(&rest);
    recorder_close(&r);
}

/* ---- upgrades ---- */

#define UPGRADE GET "Connection: keep-alive, Upgrade\r\n"

static void h6_unknown_upgrades_are_stripped(void **state)
{
    (void)state;
    static const char *const heads[] = {UPGRADE
        "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"
        "\r\n",
        UPGRADE "Upgrade: foo\r\n\r\n", GET "Upgrade: websocket\r\n\r\n",
        UPGRADE "Upgrade: h2c, websocket\r\n\r\n"};
    for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
        struct recorder r = {0};
        recorder_open(&r, HTTP_1_1, FACING_CLIENT);
        assert_int_equal(recorder_feed(&r, str_of(heads[i]), 0), OK);
        assert_string_equal(
            buf_cstr(&r.log), "request GET ://a/ v1 keep len=-1\nend\n");
        recorder_close(&r);
    }
}

static void a_websocket_upgrade_makes_the_streams_opaque(void **state)
{
    (void)state;
    struct recorder client = {0}, origin = {0};
    recorder_open(&client, HTTP_1_1, FACING_CLIENT);
    recorder_open(&origin, HTTP_1_1, FACING_ORIGIN);
    assert_int_equal(
        recorder_feed(&client,
            STR(UPGRADE "Upgrade: WebSocket\r\nSec-WebSocket-Key: k\r\n\r\n"),
            0),
        OK);
    assert_true(str_has(buf_str(&client.log), " protocol=websocket"));
    struct head *head = simple_request("GET", "/ws");
    head->protocol = STR("websocket");
    struct stream *up = codec_open(origin.codec, head, false, NULL);
    head_free(&head);
    recorder_take(&origin);
    assert_true(str_has(
        buf_str(&origin.out), "Connection: Upgrade\r\nUpgrade: websocket\r\n"));
    assert_int_equal(recorder_feed(&origin,
                         STR("HTTP/1.1 101 Switching Protocols\r\n"
                             "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                             "\r\nframe"),
                         0),
        OK);
    assert_int_equal(origin.last_status, 101);
    head = simple_response(101);
    head->protocol = STR("websocket");
    stream_send_head(client.last, head, true);
    head_free(&head);
    stream_make_opaque(client.last);
    stream_make_opaque(up);
    assert_true(codec_has_input(origin.codec));
    assert_int_equal(codec_feed(origin.codec, STR_NONE), OK);
    assert_int_equal(origin.body_bytes, 5);
    assert_int_equal(recorder_feed(&client, STR("GET \0raw"), 2), OK);
    assert_int_equal(client.body_bytes, 8);
    stream_send_data(client.last, STR("raw back"));
    recorder_take(&client);
    assert_true(str_ends(buf_str(&client.out), "\r\n\r\nraw back"));
    codec_feed_eof(origin.codec);
    assert_int_equal(origin.ends, 1);
    recorder_close(&client);
    recorder_close(&origin);
}

/* ---- limits ---- */

static void feed_repeated(struct recorder *r, const char *text, size_t times)
{
    struct buf bytes = {0};
    for (size_t i = 0; i < times; i++)
        buf_append_str(&bytes, str_of(text));
    (void)!codec_feed(r->codec, buf_str(&bytes));
    buf_free(&bytes);
}

static void h8_limits_are_answered(void **state)
{
    (void)state;
    static const struct {
        const char *start, *filler;
        size_t times;
        const char *reason;
        int status;
    } cases[] = {
        {"GET /", "a", 33 * 1024, "request-line-too-long", 414},
        {GET "X: ", "a", 33 * 1024, "field-too-long", 431},
        {GET, "A: b\r\n", 201, "too-many-fields", 431},
        {CHUNKED "0\r\n", "A: b\r\n", 201, "too-many-fields", 431},
        {CHUNKED "0\r\nX:", "a", 33 * 1024, "field-too-long", 431},
        {CHUNKED "5;a=", "a", 1100, "chunk-line-too-long", 400},
        {CHUNKED "0", "0", 1100, "chunk-line-too-long", 400},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct recorder r = {0};
        recorder_open(&r, HTTP_1_1, FACING_CLIENT);
        assert_int_equal(recorder_feed(&r, str_of(cases[i].start), 0), OK);
        feed_repeated(&r, cases[i].filler, cases[i].times);
        assert_non_null(r.last_reason);
        assert_string_equal(r.last_reason, cases[i].reason);
        assert_int_equal(r.last_refused_status, cases[i].status);
        recorder_close(&r);
    }
}

static void h8_the_head_as_a_whole_is_bounded(void **state)
{
    (void)state;
    struct recorder r = {0};
    char *filler = mem_alloc(20 * 1024);
    memset(filler, 'a', 20 * 1024);
    memcpy(filler, "X: ", 3);
    memcpy(filler + 20 * 1024 - 2, "\r\n", 2);
    recorder_open(&r, HTTP_1_1, FACING_CLIENT);
    assert_int_equal(recorder_feed(&r, STR(GET), 0), OK);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(recorder_feed(&r, str_make(filler, 20 * 1024), 0), OK);
    assert_int_equal(
        recorder_feed(&r, str_make(filler, 20 * 1024), 1000), ERR_LIMIT);
    assert_string_equal(r.last_reason, "head-too-long");
    mem_free(filler);
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
        cmocka_unit_test(a_get_is_read_and_answered),
        cmocka_unit_test(a_chunked_request_has_trailers),
        cmocka_unit_test(h1_ambiguous_requests_are_refused_and_closed),
        cmocka_unit_test(h4_malformed_responses_reset_their_stream),
        cmocka_unit_test(h4_a_second_unasked_response_is_not_taken),
        cmocka_unit_test(h4_interim_responses_are_bounded),
        cmocka_unit_test(h4_a_cut_body_is_a_reset),
        cmocka_unit_test(a_response_without_length_ends_with_the_connection),
        cmocka_unit_test(head_answers_have_no_body_whatever_they_declare),
        cmocka_unit_test(h2_one_request_in_is_one_request_out),
        cmocka_unit_test(a_pipelined_request_waits_for_the_answer_before),
        cmocka_unit_test(an_origin_serves_on_after_a_release_inside_on_end),
        cmocka_unit_test(pipelined_bytes_are_bounded),
        cmocka_unit_test(h3_hop_by_hop_fields_end_here),
        cmocka_unit_test(h3_a_request_is_rebuilt),
        cmocka_unit_test(h7_a_request_that_cannot_be_written_is_not),
        cmocka_unit_test(h5_absolute_form_names_its_host),
        cmocka_unit_test(connect_hands_the_connection_over),
        cmocka_unit_test(the_connection_can_be_taken_inside_on_head),
        cmocka_unit_test(h6_unknown_upgrades_are_stripped),
        cmocka_unit_test(a_websocket_upgrade_makes_the_streams_opaque),
        cmocka_unit_test(h8_limits_are_answered),
        cmocka_unit_test(h8_the_head_as_a_whole_is_bounded),
        cmocka_unit_test(an_http_1_0_client_gets_no_chunks),
        cmocka_unit_test(a_short_answer_closes_the_connection),
        cmocka_unit_test(h9_an_answer_instead_of_100_closes),
        cmocka_unit_test(an_answered_upload_is_drained_within_bounds),
        cmocka_unit_test(a_half_closed_client_still_gets_its_answer),
        cmocka_unit_test(a_cut_request_is_a_reset),
    };
    return cmocka_run_group_tests_name("h1", tests, NULL, NULL);
}
