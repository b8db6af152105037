/* proxy/h1.c: what two readers could take differently is refused. */
#include "tests/unit/h1_messages.h"

struct bad_input {
    struct str bytes;
    const char *reason;
    int status;
};

#define BAD(reason, status, bytes)                                             \
    {                                                                          \
        STR(bytes), reason, status                                             \
    }

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
    BAD("framing-imitated", 400,
        POST "Transfer_Encoding: chunked\r\n\r\n0\r\n\r\n"),
    BAD("framing-imitated", 400, POST "Content-Length.: 5\r\n\r\nhello"),
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
    BAD("host-bad", 400, "GET / HTTP/1.1\r\nHost: a:0\r\n\r\n"),
    BAD("host-bad", 400, "GET / HTTP/1.1\r\nHost: a:080\r\n\r\n"),
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
    BAD("bad-chunk", 400, CHUNKED "8000000000000000\r\nhello\r\n"),
    BAD("bad-chunk", 400, CHUNKED "ffffffffffffffff\r\nhello\r\n"),
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(h1_ambiguous_requests_are_refused_and_closed),
        cmocka_unit_test(h4_malformed_responses_reset_their_stream),
    };
    return cmocka_run_group_tests_name("h1_refused", tests, NULL, NULL);
}
