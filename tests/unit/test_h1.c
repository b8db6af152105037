/* proxy/h1.c: exchanges on one HTTP/1.1 connection. */
#include "proxy/h1_write.h"
#include "tests/unit/h1_messages.h"

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

/* What the client wrote goes to an origin of the same version in its order and
 * spelling; what is the codec's stands where the client had it. */
static struct head *read_request(struct str block, struct h1_facts *facts)
{
    struct h1_refusal refusal;
    struct head *head = NULL;
    size_t lines = 0;
    for (size_t i = 0; i < block.n; i++)
        lines += block.p[i] == '\n';
    assert_true(h1_read_request(block, lines, &head, facts, &refusal));
    return head;
}

static void assert_goes_on_as(const char *request, const char *expected)
{
    struct h1_facts facts;
    struct buf out = {0};
    struct head *head = read_request(str_of(request), &facts);
    struct head *copy = head_copy(head);
    head_free(&head);
    head_add(copy, STR("x-added"), STR("1"));
    assert_true(h1_write_request(&out, copy, facts.framing));
    assert_string_equal(buf_cstr(&out), expected);
    head_free(&copy);
    buf_free(&out);
}

static void a_request_keeps_the_order_and_spelling_of_its_client(void **state)
{
    (void)state;
    assert_goes_on_as(
        "POST /a HTTP/1.1\r\nhost: a\r\nConnection: keep-alive\r\n"
        "content-LENGTH: 2\r\nsec-ch-ua: x\r\nDNT: 1\r\n"
        "cookie: a=1\r\nAccept: */*\r\ncookie: b=2\r\n\r\n",
        "POST /a HTTP/1.1\r\nhost: a\r\nConnection: keep-alive\r\n"
        "content-LENGTH: 2\r\nsec-ch-ua: x\r\nDNT: 1\r\n"
        "cookie: a=1; b=2\r\nAccept: */*\r\nX-Added: 1\r\n\r\n");
    assert_goes_on_as(
        "GET /a HTTP/1.1\r\nUser-AGENT: x\r\nConnection: X-Drop, close\r\n"
        "X-Drop: 1\r\nKeep-Alive: 5\r\nProxy-Authorization: b\r\nhOst: "
        "a\r\n\r\n",
        "GET /a HTTP/1.1\r\nUser-AGENT: x\r\nhOst: a\r\nX-Added: 1\r\n\r\n");
    assert_goes_on_as(
        "GET /w HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nOrigin: b\r\n"
        "Connection: keep-alive, Upgrade\r\n\r\n",
        "GET /w HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nOrigin: b\r\n"
        "Connection: Upgrade\r\nX-Added: 1\r\n\r\n");
}

/* A field that was taken out and set anew, others taken out before it. */
static void what_changed_on_the_way_is_written_once(void **state)
{
    (void)state;
    struct h1_facts facts;
    struct buf out = {0};
    struct head *head =
        read_request(STR("GET /a HTTP/1.1\r\nHost: a\r\nONE: 1\r\nTWO: 2\r\n"
                         "THREE: 3\r\n\r\n"),
            &facts);
    head_remove(head, "one");
    head_remove(head, "two");
    head_add(head, STR("one"), STR("new"));
    assert_true(h1_write_request(&out, head, facts.framing));
    assert_string_equal(buf_cstr(&out),
        "GET /a HTTP/1.1\r\nHost: a\r\nThree: 3\r\nONE: new\r\n\r\n");
    head_free(&head);
    buf_free(&out);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_get_is_read_and_answered),
        cmocka_unit_test(a_chunked_request_has_trailers),
        cmocka_unit_test(h2_one_request_in_is_one_request_out),
        cmocka_unit_test(a_pipelined_request_waits_for_the_answer_before),
        cmocka_unit_test(pipelined_bytes_are_bounded),
        cmocka_unit_test(h3_hop_by_hop_fields_end_here),
        cmocka_unit_test(h3_a_request_is_rebuilt),
        cmocka_unit_test(a_request_keeps_the_order_and_spelling_of_its_client),
        cmocka_unit_test(what_changed_on_the_way_is_written_once),
        cmocka_unit_test(h7_a_request_that_cannot_be_written_is_not),
        cmocka_unit_test(h5_absolute_form_names_its_host),
        cmocka_unit_test(connect_hands_the_connection_over),
        cmocka_unit_test(the_connection_can_be_taken_inside_on_head),
        cmocka_unit_test(h6_unknown_upgrades_are_stripped),
        cmocka_unit_test(a_websocket_upgrade_makes_the_streams_opaque),
        cmocka_unit_test(h8_limits_are_answered),
        cmocka_unit_test(h8_the_head_as_a_whole_is_bounded),
    };
    return cmocka_run_group_tests_name("h1", tests, NULL, NULL);
}
