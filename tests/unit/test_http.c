/*
 * proxy/http.h as its users see it: a codec facing an origin and one facing a
 * client, joined in memory, the same stories over HTTP/1.1 and HTTP/2.
 */
#include "tests/unit/http_recorder.h"

struct pair {
    struct recorder asker; /* origin side: sends requests */
    struct recorder giver; /* client side: answers */
    size_t cut;
};

static void open_pair(struct pair *p, enum http_version version)
{
    recorder_open(&p->asker, version, FACING_ORIGIN);
    recorder_open(&p->giver, version, FACING_CLIENT);
}

static void close_pair(struct pair *p)
{
    recorder_close(&p->asker);
    recorder_close(&p->giver);
}

static bool move(struct recorder *from, struct recorder *to, size_t cut)
{
    recorder_take(from);
    if (from->out.n == 0 || !codec_wants_input(to->codec))
        return false;
    enum err err = recorder_feed(to, buf_str(&from->out), cut);
    assert_int_equal(err, OK);
    buf_clear(&from->out);
    return true;
}

static void pump(struct pair *p)
{
    bool moved = true;
    while (moved) {
        moved = move(&p->asker, &p->giver, p->cut);
        moved |= move(&p->giver, &p->asker, p->cut);
    }
}

static struct stream *ask(struct pair *p, const char *method, const char *path,
    int64_t length, bool has_body)
{
    struct head *head = simple_request(method, path);
    head->content_length = length;
    head_add(head, STR("user-agent"), STR("test"));
    head_add(head, STR("cookie"), STR("a=1; b=2"));
    struct stream *stream = codec_open(p->asker.codec, head, has_body, NULL);
    head_free(&head);
    return stream;
}

static void answer(
    struct stream *stream, int status, int64_t length, const char *body)
{
    struct head *head = simple_response(status);
    head->content_length = length;
    head_add(head, STR("content-type"), STR("text/plain"));
    stream_send_head(stream, head, body != NULL);
    if (body != NULL) {
        stream_send_data(stream, str_of(body));
        stream_send_end(stream, NULL);
    }
    head_free(&head);
}

/* Runs a story on both versions, whole and in small pieces. */
static void on_both(void (*story)(struct pair *, enum http_version))
{
    static const size_t cuts[] = {0, 1, 2, 7, 100};
    for (size_t i = 0; i < ARRAY_LEN(cuts); i++) {
        struct pair h1 = {.cut = cuts[i]}, h2 = {.cut = cuts[i]};
        open_pair(&h1, HTTP_1_1);
        story(&h1, HTTP_1_1);
        close_pair(&h1);
        open_pair(&h2, HTTP_2);
        story(&h2, HTTP_2);
        close_pair(&h2);
    }
}

static void tell_get(struct pair *p, enum http_version version)
{
    struct stream *asked = ask(p, "GET", "/x?y=%20", -1, false);
    pump(p);
    assert_string_equal(buf_cstr(&p->giver.log),
        version == HTTP_2
            ? "request GET https://chatgpt.com/x?y=%20 v2 keep len=-1"
              " user-agent=[test] cookie=[a=1; b=2]\nend\n"
            : "request GET ://chatgpt.com/x?y=%20 v1 keep len=-1"
              " user-agent=[test] cookie=[a=1; b=2]\nend\n");
    answer(p->giver.last, 200, -1, "hello");
    stream_release(p->giver.last);
    pump(p);
    assert_string_equal(buf_cstr(&p->asker.log),
        version == HTTP_2 ? "response 200 v2 body keep len=-1"
                            " content-type=[text/plain]\ndata hello\nend\n"
                          : "response 200 v1 body keep len=-1"
                            " content-type=[text/plain]\ndata hello\nend\n");
    assert_ptr_equal(p->asker.last, asked);
    stream_release(asked);
    assert_true(codec_is_idle(p->asker.codec));
    assert_true(codec_is_idle(p->giver.codec));
    assert_true(codec_can_open(p->asker.codec));
}

static void a_get_makes_the_round(void **state)
{
    (void)state;
    on_both(tell_get);
}

static void tell_head(struct pair *p, enum http_version version)
{
    (void)version;
    struct stream *asked = ask(p, "HEAD", "/", -1, false);
    pump(p);
    answer(p->giver.last, 200, 1000, NULL);
    stream_release(p->giver.last);
    pump(p);
    assert_int_equal(p->asker.ends, 1);
    assert_int_equal(p->asker.body_bytes, 0);
    assert_true(str_has(buf_str(&p->asker.log), "len=1000"));
    stream_release(asked);
    assert_true(codec_can_open(p->asker.codec));
}

static void head_has_a_length_and_no_body(void **state)
{
    (void)state;
    on_both(tell_head);
}

static void tell_bodiless(struct pair *p, enum http_version version)
{
    (void)version;
    static const int statuses[] = {204, 304, 200};
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
        struct stream *asked = ask(p, "GET", "/", -1, false);
        pump(p);
        answer(p->giver.last, statuses[i], -1, NULL);
        stream_release(p->giver.last);
        pump(p);
        assert_int_equal(p->asker.last_status, statuses[i]);
        assert_int_equal(p->asker.ends, i + 1);
        stream_release(asked);
        assert_true(codec_can_open(p->asker.codec));
    }
}

static void statuses_without_body_end_with_their_head(void **state)
{
    (void)state;
    on_both(tell_bodiless);
}

static void tell_trailers(struct pair *p, enum http_version version)
{
    (void)version;
    struct head *trailers = head_new();
    head_add(trailers, STR("x-sum"), STR("7"));
    head_add(trailers, STR("content-length"), STR("9"));
    struct stream *asked = ask(p, "POST", "/", -1, true);
    stream_send_data(asked, STR("one"));
    stream_send_data(asked, STR("two"));
    stream_send_end(asked, trailers);
    pump(p);
    assert_true(
        str_ends(buf_str(&p->giver.log), "data onetwo\nend x-sum=[7]\n"));
    struct head *head = simple_response(200);
    stream_send_head(p->giver.last, head, true);
    stream_send_data(p->giver.last, STR("done"));
    stream_send_end(p->giver.last, trailers);
    stream_release(p->giver.last);
    pump(p);
    assert_true(str_ends(buf_str(&p->asker.log), "data done\nend x-sum=[7]\n"));
    stream_release(asked);
    head_free(&head);
    head_free(&trailers);
}

static void trailers_go_both_ways(void **state)
{
    (void)state;
    on_both(tell_trailers);
}

static void tell_continue(struct pair *p, enum http_version version)
{
    (void)version;
    struct head *head = simple_request("POST", "/");
    head->content_length = 3;
    head->expects_continue = true;
    struct stream *asked = codec_open(p->asker.codec, head, true, NULL);
    head_free(&head);
    pump(p);
    assert_true(str_has(buf_str(&p->giver.log), " expect len=3"));
    head = simple_response(100);
    stream_send_head(p->giver.last, head, false);
    head_free(&head);
    pump(p);
    assert_int_equal(p->asker.last_status, 100);
    stream_send_data(asked, STR("abc"));
    stream_send_end(asked, NULL);
    pump(p);
    answer(p->giver.last, 201, -1, "yes");
    stream_release(p->giver.last);
    pump(p);
    assert_int_equal(p->asker.last_status, 201);
    assert_int_equal(p->asker.heads, 2);
    stream_release(asked);
    assert_true(codec_can_open(p->asker.codec));
}

static void h9_continue_comes_before_the_body(void **state)
{
    (void)state;
    on_both(tell_continue);
}

static void tell_early(struct pair *p, enum http_version version)
{
    struct stream *asked = ask(p, "POST", "/", 10, true);
    stream_send_data(asked, STR("12345"));
    pump(p);
    answer(p->giver.last, 413, 2, "no");
    pump(p);
    assert_int_equal(p->asker.last_status, 413);
    assert_int_equal(p->asker.ends, 1);
    stream_send_data(asked, STR("67890"));
    stream_send_end(asked, NULL);
    pump(p);
    assert_int_equal(p->giver.ends, 1);
    assert_int_equal(p->giver.body_bytes, 10);
    stream_release(p->giver.last);
    stream_release(asked);
    assert_int_equal(p->asker.resets + p->giver.resets, 0);
    assert_int_equal(codec_wants_close(p->giver.codec), version == HTTP_1_1);
    assert_int_equal(codec_can_open(p->asker.codec), version == HTTP_2);
}

static void h9_an_answer_may_come_before_the_body_ended(void **state)
{
    (void)state;
    on_both(tell_early);
}

static void tell_early_release(struct pair *p, enum http_version version)
{
    struct stream *asked = ask(p, "POST", "/", 10, true);
    stream_send_data(asked, STR("12345"));
    pump(p);
    answer(p->giver.last, 403, 2, "no");
    stream_release(p->giver.last);
    pump(p);
    assert_int_equal(p->asker.last_status, 403);
    assert_int_equal(p->asker.ends, 1);
    stream_release(asked);
    pump(p);
    if (version == HTTP_2)
        assert_true(codec_is_idle(p->giver.codec));
}

static void an_answered_request_can_be_released(void **state)
{
    (void)state;
    on_both(tell_early_release);
}

static void tell_reset(struct pair *p, enum http_version version)
{
    struct stream *asked = ask(p, "GET", "/", -1, false);
    pump(p);
    struct head *head = simple_response(200);
    stream_send_head(p->giver.last, head, true);
    head_free(&head);
    stream_send_data(p->giver.last, STR("half"));
    pump(p);
    stream_reset(p->giver.last, STREAM_INTERNAL);
    pump(p);
    if (version == HTTP_1_1) {
        assert_true(codec_wants_close(p->giver.codec));
        codec_feed_eof(p->asker.codec);
    }
    assert_int_equal(p->asker.resets, 1);
    assert_int_equal(p->asker.ends, 0);
    assert_int_equal(p->asker.last_error,
        version == HTTP_2 ? STREAM_INTERNAL : STREAM_BROKEN);
    stream_release(p->giver.last);
    stream_release(asked);
}

static void h4_a_cut_answer_is_seen_as_cut(void **state)
{
    (void)state;
    on_both(tell_reset);
}

/* ---- volume ---- */

enum { BIG = 10 * 1024 * 1024, PIECE = 30000 };

struct sender {
    struct stream *stream;
    size_t left;
    size_t highest;
};

static void send_some(struct sender *s)
{
    static char piece[PIECE];
    while (s->left != 0 && stream_queued(s->stream) < STREAM_QUEUE_HIGH) {
        size_t n = s->left < PIECE ? s->left : PIECE;
        stream_send_data(s->stream, str_make(piece, n));
        s->left -= n;
        if (stream_queued(s->stream) > s->highest)
            s->highest = stream_queued(s->stream);
    }
    if (s->left == 0) {
        stream_send_end(s->stream, NULL);
        s->left = SIZE_MAX; /* once */
    }
}

static void send_on(struct recorder *r, struct stream *stream)
{
    struct sender *s = r->any;
    if (s->stream == stream && s->left != SIZE_MAX)
        send_some(s);
}

static void big_body(enum http_version version)
{
    struct pair p = {.cut = 0};
    open_pair(&p, version);
    p.asker.keeps_body_log = p.giver.keeps_body_log = false;
    struct sender up = {.left = BIG}, down = {.left = BIG};
    up.stream = ask(&p, "POST", "/", BIG, true);
    p.asker.any = &up;
    p.asker.hook_writable = send_on;
    send_some(&up);
    pump(&p);
    assert_int_equal(p.giver.body_bytes, BIG);
    assert_int_equal(p.giver.ends, 1);
    struct head *head = simple_response(200);
    stream_send_head(p.giver.last, head, true);
    head_free(&head);
    down.stream = p.giver.last;
    p.giver.any = &down;
    p.giver.hook_writable = send_on;
    send_some(&down);
    pump(&p);
    assert_int_equal(p.asker.body_bytes, BIG);
    assert_int_equal(p.asker.ends, 1);
    assert_true(down.highest < STREAM_QUEUE_HIGH + 2 * PIECE);
    assert_true(p.asker.writables > 0);
    stream_release(p.giver.last);
    stream_release(p.asker.last);
    close_pair(&p);
}

static void ten_mebibytes_go_both_ways_in_bounded_queues(void **state)
{
    (void)state;
    big_body(HTTP_1_1);
    big_body(HTTP_2);
}

static void s6_a_slow_consumer_holds_an_h2_sender_back(void **state)
{
    (void)state;
    struct pair p = {.cut = 0};
    open_pair(&p, HTTP_2);
    p.giver.keeps_body_log = false;
    p.giver.withholds = true;
    struct sender up = {.left = BIG};
    up.stream = ask(&p, "POST", "/", -1, true);
    p.asker.any = &up;
    p.asker.hook_writable = send_on;
    send_some(&up);
    pump(&p);
    assert_int_equal(p.giver.body_bytes, codec_limits_default.window_bytes);
    assert_true(stream_queued(up.stream) > 0);
    assert_false(codec_has_output(p.asker.codec));
    p.giver.withholds = false;
    stream_consumed(p.giver.last, codec_limits_default.window_bytes);
    pump(&p);
    assert_int_equal(p.giver.body_bytes, BIG);
    assert_int_equal(p.giver.ends, 1);
    close_pair(&p);
}

static void s6_a_slow_consumer_stops_h1_input(void **state)
{
    (void)state;
    struct pair p = {.cut = 0};
    open_pair(&p, HTTP_1_1);
    p.giver.keeps_body_log = false;
    p.giver.withholds = true;
    static char block[2 * 1024 * 1024];
    struct stream *asked = ask(&p, "POST", "/", -1, true);
    stream_send_data(asked, str_make(block, sizeof block));
    pump(&p);
    assert_false(codec_wants_input(p.giver.codec));
    stream_consumed(p.giver.last, sizeof block);
    assert_true(codec_wants_input(p.giver.codec));
    stream_release(asked);
    stream_release(p.giver.last);
    close_pair(&p);
}

static void echo_number(struct recorder *r, struct stream *stream)
{
    (void)r;
    char text[32];
    snprintf(text, sizeof text, "number %u", stream_number(stream));
    answer(stream, 200, -1, text);
    stream_release(stream);
}

static void h2_carries_64_streams_at_once(void **state)
{
    (void)state;
    struct pair p = {.cut = 13};
    open_pair(&p, HTTP_2);
    p.giver.hook_end = echo_number;
    struct stream *asked[64];
    for (size_t i = 0; i < ARRAY_LEN(asked); i++) {
        assert_true(codec_can_open(p.asker.codec));
        asked[i] = ask(&p, "POST", "/", -1, true);
    }
    pump(&p);
    assert_int_equal(p.giver.heads, 64);
    for (size_t i = 0; i < ARRAY_LEN(asked); i++) {
        stream_send_data(asked[i], STR("body"));
        stream_send_end(asked[i], NULL);
    }
    pump(&p);
    assert_int_equal(p.asker.ends, 64);
    for (size_t i = 0; i < ARRAY_LEN(asked); i++)
        stream_release(asked[i]);
    assert_true(codec_is_idle(p.asker.codec));
    assert_true(codec_is_idle(p.giver.codec));
    close_pair(&p);
}

static void tell_drain(struct pair *p, enum http_version version)
{
    (void)version;
    struct stream *asked = ask(p, "GET", "/", -1, false);
    pump(p);
    codec_drain(p->giver.codec);
    pump(p);
    assert_false(codec_wants_close(p->giver.codec));
    answer(p->giver.last, 200, -1, "bye");
    stream_release(p->giver.last);
    pump(p);
    assert_int_equal(p->asker.ends, 1);
    stream_release(asked);
    assert_true(codec_wants_close(p->giver.codec));
    assert_false(codec_can_open(p->asker.codec));
}

static void draining_ends_the_connection_after_the_exchange(void **state)
{
    (void)state;
    on_both(tell_drain);
}

/* ---- heads ---- */

static void heads_copy_and_edit(void **state)
{
    (void)state;
    struct head *head = simple_request("GET", "/");
    head_add(head, STR("a"), STR("1"));
    head_add(head, STR("b"), STR("x, Y ,z"));
    head_add(head, STR("a"), STR("2"));
    struct head *copy = head_copy(head);
    head_free(&head);
    assert_true(str_is(head_get(copy, "a"), "1"));
    assert_true(head_lists(copy, "b", "y"));
    assert_false(head_lists(copy, "b", "x,"));
    head_set(copy, "a", STR("3"));
    assert_int_equal(copy->count, 2);
    assert_true(str_is(head_get(copy, "a"), "3"));
    head_remove(copy, "b");
    assert_null(head_get(copy, "b").p);
    assert_null(head_get(copy, "b").p);
    head_free(&copy);
}

static void authorities_split_or_are_refused(void **state)
{
    (void)state;
    struct str host;
    uint16_t port = 0;
    assert_int_equal(
        authority_split(STR("chatgpt.com"), 443, &host, &port), OK);
    assert_true(str_is(host, "chatgpt.com") && port == 443);
    assert_int_equal(authority_split(STR("[::1]:8080"), 1, &host, &port), OK);
    assert_true(str_is(host, "::1") && port == 8080);
    static const char *const bad[] = {"", ":80", "a:", "a:0", "a:65536",
        "a:1:2", "u@a", "a b", "[::1", "[]:1", "[::1]x", "a:+1", "a/b",
        "a:080000", "a%41", "::1"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(
            authority_split(str_of(bad[i]), 1, &host, &port), ERR_PARSE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_copy_and_edit),
        cmocka_unit_test(authorities_split_or_are_refused),
        cmocka_unit_test(a_get_makes_the_round),
        cmocka_unit_test(head_has_a_length_and_no_body),
        cmocka_unit_test(statuses_without_body_end_with_their_head),
        cmocka_unit_test(trailers_go_both_ways),
        cmocka_unit_test(h9_continue_comes_before_the_body),
        cmocka_unit_test(h9_an_answer_may_come_before_the_body_ended),
        cmocka_unit_test(an_answered_request_can_be_released),
        cmocka_unit_test(h4_a_cut_answer_is_seen_as_cut),
        cmocka_unit_test(ten_mebibytes_go_both_ways_in_bounded_queues),
        cmocka_unit_test(s6_a_slow_consumer_holds_an_h2_sender_back),
        cmocka_unit_test(s6_a_slow_consumer_stops_h1_input),
        cmocka_unit_test(h2_carries_64_streams_at_once),
        cmocka_unit_test(draining_ends_the_connection_after_the_exchange),
    };
    return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
