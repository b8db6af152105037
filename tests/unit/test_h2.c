/* proxy/h2.c: frames as a hostile or careless peer sends them. */
#include "tests/unit/http_recorder.h"

#include <nghttp2/nghttp2.h>

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

enum {
    F_DATA = 0,
    F_HEADERS = 1,
    F_PRIORITY = 2,
    F_RST = 3,
    F_SETTINGS = 4,
    F_PING = 6,
    F_GOAWAY = 7,
    F_CONTINUATION = 9,
    END_STREAM = 1,
    ACK = 1,
    END_HEADERS = 4,
};

static void frame(
    struct buf *b, int type, int flags, uint32_t id, struct str payload)
{
    unsigned char head[9] = {(unsigned char)(payload.n >> 16),
        (unsigned char)(payload.n >> 8), (unsigned char)payload.n,
        (unsigned char)type, (unsigned char)flags, (unsigned char)(id >> 24),
        (unsigned char)(id >> 16), (unsigned char)(id >> 8), (unsigned char)id};
    buf_append(b, head, sizeof head);
    buf_append_str(b, payload);
}

/* Literal fields without indexing: the bytes stand as they are. */
static void literal(struct buf *b, const char *name, struct str value)
{
    nghttp2_hd_deflater *deflater = NULL;
    nghttp2_hd_deflate_new(&deflater, 4096);
    nghttp2_nv nv = {(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value.p,
        strlen(name), value.n, NGHTTP2_NV_FLAG_NO_INDEX};
    size_t bound = nghttp2_hd_deflate_bound(deflater, &nv, 1);
    char *at = buf_reserve(b, bound);
    ssize_t n = nghttp2_hd_deflate_hd(deflater, (uint8_t *)at, bound, &nv, 1);
    assert_true(n > 0);
    buf_commit(b, (size_t)n);
    nghttp2_hd_deflate_del(deflater);
}

/* Pairs of name and value; NULL ends. */
static void block(struct buf *b, const char *const *fields)
{
    for (; fields[0] != NULL; fields += 2)
        literal(b, fields[0], str_of(fields[1]));
}

static void headers(
    struct buf *b, uint32_t id, int flags, const char *const *fields)
{
    struct buf fragment = {0};
    block(&fragment, fields);
    frame(b, F_HEADERS, flags | END_HEADERS, id, buf_str(&fragment));
    buf_free(&fragment);
}

#define BASIC                                                                  \
    ":method", "POST", ":scheme", "https", ":path", "/", ":authority", "a.test"
#define FIELDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void start(struct buf *b)
{
    buf_append_str(b, STR(PREFACE));
    frame(b, F_SETTINGS, 0, 0, STR_NONE);
}

static void open_server(struct recorder *r, struct buf *wire)
{
    recorder_open(r, HTTP_2, FACING_CLIENT);
    start(wire);
}

static void run(struct recorder *r, struct buf *wire, size_t cut)
{
    size_t at = 0;
    do { /* flushing after each piece, as a connection does */
        size_t n = cut == 0 || cut > wire->n - at ? wire->n - at : cut;
        (void)!codec_feed(r->codec, str_make(buf_bytes(wire) + at, n));
        recorder_take(r);
        at += n;
    } while (at < wire->n);
    buf_free(wire);
}

/* The error code of the last RST_STREAM or GOAWAY that was sent. */
static int sent_error(const struct recorder *r, int wanted_type)
{
    const unsigned char *p = (const unsigned char *)buf_bytes(&r->out);
    size_t at = 0;
    int code = -1;
    while (at + 9 <= r->out.n) {
        size_t n = (size_t)p[at] << 16 | (size_t)p[at + 1] << 8 | p[at + 2];
        size_t skip = p[at + 3] == F_GOAWAY ? 4 : 0;
        if (p[at + 3] == wanted_type)
            code = p[at + 9 + skip + 3];
        at += 9 + n;
    }
    return code;
}

static void a_request_gives_the_same_events_for_any_cut(void **state)
{
    (void)state;
    for (size_t cut = 0; cut < 60; cut++) {
        struct recorder r = {0};
        struct buf wire = {0};
        open_server(&r, &wire);
        headers(&wire, 1, 0,
            FIELDS(BASIC, "content-length", "6", "cookie", "a=1", "x", "y",
                "cookie", "b=2", "te", "trailers"));
        frame(&wire, F_DATA, 0, 1, STR("abc"));
        frame(&wire, F_DATA, 0, 1, STR("def"));
        headers(&wire, 1, END_STREAM, FIELDS("x-sum", "1"));
        run(&r, &wire, cut);
        assert_string_equal(buf_cstr(&r.log),
            "request POST https://a.test/ v2 body keep len=6"
            " cookie=[a=1; b=2] x=[y]\ndata abcdef\nend x-sum=[1]\n");
        recorder_close(&r);
    }
}

struct bad_section {
    const char *name; /* of the codec's refusal */
    int flags;
    const char *const *fields;
};

static void h7_malformed_requests_are_reset(void **state)
{
    (void)state;
    const struct bad_section sections[] = {
        {"h2-bad-field", 0, FIELDS(BASIC, "connection", "close")},
        {"h2-bad-field", 0, FIELDS(BASIC, "transfer-encoding", "chunked")},
        {"h2-bad-field", 0, FIELDS(BASIC, "keep-alive", "5")},
        {"h2-bad-field", 0, FIELDS(BASIC, "proxy-connection", "x")},
        {"h2-bad-field", 0, FIELDS(BASIC, "upgrade", "h2c")},
        {"h2-bad-field", 0, FIELDS(BASIC, "te", "gzip")},
        {"h2-bad-field", 0, FIELDS(BASIC, "X-Upper", "1")},
        {"h2-bad-field", 0, FIELDS(BASIC, "a b", "1")},
        {"h2-bad-field", 0, FIELDS(BASIC, "a:b", "1")},
        {"h2-bad-field", 0, FIELDS(BASIC, "x", "a\r\nTransfer-Encoding: b")},
        {"h2-bad-field", 0, FIELDS(BASIC, "x", "a\nb")},
        {"h2-bad-field", 0, FIELDS(BASIC, "x", " a")},
        {"h2-bad-field", 0, FIELDS(BASIC, "x", "a ")},
        {"h2-bad-field", 0, FIELDS(BASIC, "x", "a\t")},
        {"h2-bad-field", 0, FIELDS(BASIC, ":path", "/b")},
        {"h2-bad-field", 0, FIELDS(BASIC, "x", "1", ":extra", "b")},
        {"h2-bad-field", 0, FIELDS(BASIC, ":status", "200")},
        {"h2-bad-field", 0, FIELDS(BASIC, ":protocol", "websocket")},
        {"h2-bad-field", 0, FIELDS(BASIC, "content-length", "+1")},
        {"h2-bad-field", 0,
            FIELDS(BASIC, "content-length", "1", "content-length", "1")},
        {"h2-bad-message", 0,
            FIELDS(":method", "GET", ":scheme", "https", ":authority", "a")},
        {"h2-bad-message", 0,
            FIELDS(":method", "GET", ":path", "/", ":authority", "a")},
        {"h2-bad-message", 0,
            FIELDS(":method", "GET", ":path", "/", ":scheme", "https")},
        {"host-mismatch", 0, FIELDS(BASIC, "host", "b.test")},
        {"target-userinfo", 0,
            FIELDS(":method", "GET", ":scheme", "https", ":path", "/",
                ":authority", "u@a")},
        {"host-bad", 0,
            FIELDS(":method", "GET", ":scheme", "https", ":path", "/",
                ":authority", "a:x")},
        {"target-fragment", 0,
            FIELDS(":method", "GET", ":scheme", "https", ":path", "/a#b",
                ":authority", "a")},
        {"target-backslash", 0,
            FIELDS(":method", "GET", ":scheme", "https", ":path", "/a\\b",
                ":authority", "a")},
        {"framing-imitated", 0, FIELDS(BASIC, "transfer_encoding", "chunked")},
        {"framing-imitated", 0, FIELDS(BASIC, "content_length", "1")},
        {"bad-scheme", 0,
            FIELDS(":method", "GET", ":scheme", "ftp", ":path", "/",
                ":authority", "a")},
        {"bad-scheme", 0,
            FIELDS(":method", "GET", ":scheme", "http", ":path", "/",
                ":authority", "a")},
    };
    for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
        struct recorder r = {0};
        struct buf wire = {0};
        open_server(&r, &wire);
        headers(&wire, 1, sections[i].flags, sections[i].fields);
        run(&r, &wire, 5);
        if (codec_refusal(r.codec) == NULL ||
            strcmp(codec_refusal(r.codec), sections[i].name) != 0)
            fail_msg("section %zu: wanted %s, got %s", i, sections[i].name,
                codec_refusal(r.codec));
        assert_int_equal(r.heads, 0);
        assert_int_equal(sent_error(&r, F_RST), NGHTTP2_PROTOCOL_ERROR);
        assert_int_equal(r.refusals, 1);
        assert_true(codec_is_idle(r.codec));
        recorder_close(&r);
    }
}

static void h7_the_length_must_agree_with_the_data(void **state)
{
    (void)state;
    static const char *const lengths[] = {"2", "4"};
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        struct recorder r = {0};
        struct buf wire = {0};
        open_server(&r, &wire);
        headers(&wire, 1, 0, FIELDS(BASIC, "content-length", lengths[i]));
        frame(&wire, F_DATA, END_STREAM, 1, STR("abc"));
        run(&r, &wire, 0);
        assert_int_equal(r.heads, 1);
        assert_int_equal(r.ends, 0);
        assert_int_equal(r.resets, 1);
        assert_int_equal(r.last_error, STREAM_BROKEN);
        recorder_close(&r);
    }
}

static void h8_long_heads_are_answered_431(void **state)
{
    (void)state;
    struct codec_limits limits = codec_limits_default;
    limits.field_bytes = 100;
    limits.head_bytes = 300;
    limits.field_count = 3;
    limits.request_line_bytes = 50;
    static const char long_path[] =
        "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    char value[120] = {0};
    memset(value, 'a', sizeof value - 1);
    const struct bad_section sections[] = {
        {"field-too-long", 431, FIELDS(BASIC, "x", value)},
        {"head-too-long", 431,
            FIELDS(BASIC, "x", value + 40, "y", value + 40, "z", value + 30,
                "cookie", value + 40)},
        {"too-many-fields", 431,
            FIELDS(BASIC, "a", "1", "b", "2", "c", "3", "d", "4")},
        {"request-line-too-long", 414,
            FIELDS(":method", "GET", ":scheme", "https", ":path", long_path,
                ":authority", "a")},
        {"expectation", 417, FIELDS(BASIC, "expect", "200-ok")},
    };
    for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
        struct recorder r = {0};
        struct buf wire = {0};
        recorder_open_limits(&r, HTTP_2, FACING_CLIENT, &limits);
        start(&wire);
        headers(&wire, 1, 0, sections[i].fields);
        run(&r, &wire, 0);
        assert_int_equal(r.heads, 0);
        assert_string_equal(r.last_reason, sections[i].name);
        assert_int_equal(r.last_refused_status, sections[i].flags);
        assert_int_equal(sent_error(&r, F_RST), NGHTTP2_NO_ERROR);
        assert_true(codec_is_idle(r.codec));
        recorder_close(&r);
    }
}

/* ---- D1 ---- */

static void flood(
    const char *reason, int type, int flags, uint32_t id, struct str payload)
{
    struct recorder r = {0};
    struct buf wire = {0};
    open_server(&r, &wire);
    headers(&wire, 1, 0, FIELDS(BASIC));
    for (size_t i = 0; i < 3000; i++)
        frame(&wire, type, flags, id, payload);
    run(&r, &wire, 500);
    assert_string_equal(codec_refusal(r.codec), reason);
    assert_int_equal(sent_error(&r, F_GOAWAY), NGHTTP2_ENHANCE_YOUR_CALM);
    assert_true(codec_wants_close(r.codec));
    assert_int_equal(r.resets, 1);
    assert_int_equal(r.last_error, STREAM_TOO_MUCH);
    assert_int_equal(codec_feed(r.codec, STR("x")), ERR_LIMIT);
    recorder_close(&r);
}

static void d1_floods_of_small_frames_end_the_connection(void **state)
{
    (void)state;
    flood("flood-ping", F_PING, 0, 0, STR("12345678"));
    flood("flood-settings", F_SETTINGS, 0, 0, STR_NONE);
    flood("flood-empty-data", F_DATA, 0, 1, STR_NONE);
    flood("flood-small-frames", F_PRIORITY, 0, 1, STR("\0\0\0\0\x10"));
}

static void release_at_once(
    struct recorder *r, struct stream *stream, const struct head *head)
{
    (void)r;
    (void)head;
    stream_release(stream);
}

static void d1_rapid_resets_end_the_connection(void **state)
{
    (void)state;
    struct recorder r = {.hook_head = release_at_once};
    struct buf wire = {0};
    open_server(&r, &wire);
    for (uint32_t id = 1; id < 1000; id += 2) {
        headers(&wire, id, 0, FIELDS(BASIC));
        frame(&wire, F_RST, 0, id, STR("\0\0\0\x08"));
    }
    run(&r, &wire, 1000);
    assert_string_equal(codec_refusal(r.codec), "flood-reset");
    assert_int_equal(sent_error(&r, F_GOAWAY), NGHTTP2_ENHANCE_YOUR_CALM);
    assert_true(r.heads < 200);
    recorder_close(&r);
}

static void d1_made_resets_end_the_connection(void **state)
{
    (void)state;
    struct recorder r = {0};
    struct buf wire = {0};
    open_server(&r, &wire);
    for (uint32_t id = 1; id < 1000; id += 2)
        headers(&wire, id, 0, FIELDS(BASIC, "connection", "close"));
    run(&r, &wire, 1000);
    assert_int_equal(sent_error(&r, F_GOAWAY), NGHTTP2_ENHANCE_YOUR_CALM);
    assert_true(codec_wants_close(r.codec));
    recorder_close(&r);
}

/* One large field, then its index again and again (RFC 7541 §6.1). */
static void d1_heads_that_unpack_to_much_end_the_connection(void **state)
{
    (void)state;
    struct recorder r = {0};
    struct buf wire = {0}, section = {0};
    char value[4000];
    size_t bombs = 0;
    memset(value, 'v', sizeof value);
    open_server(&r, &wire);
    run(&r, &wire, 0);
    for (; bombs < 20 && !codec_wants_close(r.codec); bombs++) {
        block(&section, FIELDS(BASIC));
        if (bombs == 0) {
            buf_append_str(&section, STR("\x40\x01x\x7f\xa1\x1e"));
            buf_append(&section, value, sizeof value);
        }
        for (int i = 0; i < 200; i++)
            buf_append_char(&section, (char)0xbe);
        frame(&wire, F_HEADERS, END_HEADERS | END_STREAM,
            2 * (uint32_t)bombs + 1, buf_str(&section));
        buf_clear(&section);
        run(&r, &wire, 0);
    }
    assert_in_range(bombs, 2, 8);
    assert_string_equal(r.last_reason, "flood-heads");
    assert_int_equal(r.heads, 0);
    buf_free(&section);
    recorder_close(&r);
}

static void d1_endless_continuations_end_the_connection(void **state)
{
    (void)state;
    struct recorder r = {0};
    struct buf wire = {0}, field = {0};
    open_server(&r, &wire);
    literal(&field, "x", STR("yyyyyyyyyyyyyyyyyy"));
    frame(&wire, F_HEADERS, 0, 1, STR_NONE);
    for (size_t i = 0; i < 2000; i++)
        frame(&wire, F_CONTINUATION, 0, 1, buf_str(&field));
    run(&r, &wire, 0);
    assert_true(codec_wants_close(r.codec));
    assert_int_equal(r.heads, 0);
    buf_free(&field);
    recorder_close(&r);
}

static void a_bad_preface_is_refused(void **state)
{
    (void)state;
    struct recorder r = {0};
    recorder_open(&r, HTTP_2, FACING_CLIENT);
    assert_int_equal(
        codec_feed(r.codec, STR("GET / HTTP/1.1\r\n\r\n")), ERR_PARSE);
    assert_string_equal(r.last_reason, "h2-bad-preface");
    assert_true(codec_wants_close(r.codec));
    recorder_close(&r);
}

static void a_bad_frame_ends_the_connection(void **state)
{
    (void)state;
    struct recorder r = {0};
    struct buf wire = {0};
    open_server(&r, &wire);
    headers(&wire, 1, 0, FIELDS(BASIC));
    frame(&wire, F_DATA, 0, 0, STR("data on stream 0"));
    run(&r, &wire, 0);
    assert_int_equal(sent_error(&r, F_GOAWAY), NGHTTP2_PROTOCOL_ERROR);
    assert_int_equal(r.resets, 1);
    assert_int_equal(r.last_error, STREAM_BROKEN);
    assert_true(codec_wants_close(r.codec));
    recorder_close(&r);
}

/* ---- toward the origin ---- */

static struct stream *ask_get(struct recorder *r)
{
    struct head *head = simple_request("GET", "/");
    struct stream *stream = codec_open(r->codec, head, false, NULL);
    head_free(&head);
    recorder_take(r);
    return stream;
}

static void open_client(struct recorder *r, struct buf *wire)
{
    recorder_open(r, HTTP_2, FACING_ORIGIN);
    frame(wire, F_SETTINGS, 0, 0, STR_NONE);
}

static void h4_malformed_responses_reset_their_stream(void **state)
{
    (void)state;
    const char *const *const sections[] = {
        FIELDS(":status", "200", "connection", "close"),
        FIELDS(":status", "200", "transfer-encoding", "chunked"),
        FIELDS(":status", "20"),
        FIELDS(":status", "101"),
        FIELDS("x", "y"),
        FIELDS(":status", "200", ":status", "200"),
        FIELDS(":status", "200", "X", "y"),
        FIELDS(":status", "200", "x", "a\r\nb"),
        FIELDS(":status", "200", ":path", "/"),
        FIELDS(":status", "200", "content-length", "1x"),
    };
    for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
        struct recorder r = {0};
        struct buf wire = {0};
        open_client(&r, &wire);
        struct stream *stream = ask_get(&r);
        headers(&wire, 1, 0, sections[i]);
        run(&r, &wire, 3);
        assert_int_equal(r.heads, 0);
        assert_int_equal(r.resets, 1);
        assert_int_equal(r.last_error, STREAM_BROKEN);
        assert_int_equal(r.refusals, 0);
        stream_release(stream);
        assert_true(codec_is_idle(r.codec));
        recorder_close(&r);
    }
}

static void h4_interim_responses_are_bounded(void **state)
{
    (void)state;
    struct recorder r = {0};
    struct buf wire = {0};
    open_client(&r, &wire);
    ask_get(&r);
    for (size_t i = 0; i < 20; i++)
        headers(&wire, 1, 0, FIELDS(":status", "103"));
    run(&r, &wire, 0);
    assert_int_equal(r.heads, 16);
    assert_int_equal(r.resets, 1);
    recorder_close(&r);
}

static void streams_above_goaway_are_safe_to_try_again(void **state)
{
    (void)state;
    struct recorder r = {0};
    struct buf wire = {0};
    open_client(&r, &wire);
    ask_get(&r);
    ask_get(&r);
    frame(&wire, F_GOAWAY, 0, 0, STR("\0\0\0\x01\0\0\0\0"));
    headers(&wire, 1, END_STREAM, FIELDS(":status", "200"));
    run(&r, &wire, 0);
    assert_int_equal(r.resets, 1);
    assert_int_equal(r.last_error, STREAM_REFUSED);
    assert_int_equal(r.heads, 1);
    assert_int_equal(r.ends, 1);
    assert_false(codec_can_open(r.codec));
    recorder_close(&r);
}

static void resets_keep_their_meaning(void **state)
{
    (void)state;
    static const struct {
        struct str code;
        enum stream_error error;
    } cases[] = {{STR("\0\0\0\x07"), STREAM_REFUSED},
        {STR("\0\0\0\x08"), STREAM_CANCEL},
        {STR("\0\0\0\x0d"), STREAM_HTTP_1_1_REQUIRED},
        {STR("\0\0\0\x01"), STREAM_BROKEN},
        {STR("\0\0\0\x0b"), STREAM_TOO_MUCH}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct recorder r = {0};
        struct buf wire = {0};
        open_client(&r, &wire);
        ask_get(&r);
        frame(&wire, F_RST, 0, 1, cases[i].code);
        run(&r, &wire, 0);
        assert_int_equal(r.resets, 1);
        assert_int_equal(r.last_error, cases[i].error);
        recorder_close(&r);
    }
}

/* Types of the frames that were sent on stream 1. */
static void sent_types(const struct recorder *r, struct buf *types_out)
{
    const unsigned char *p = (const unsigned char *)buf_bytes(&r->out);
    for (size_t at = 0; at + 9 <= r->out.n;) {
        size_t n = (size_t)p[at] << 16 | (size_t)p[at + 1] << 8 | p[at + 2];
        if (p[at + 8] == 1)
            buf_printf(types_out, "%d ", p[at + 3]);
        at += 9 + n;
    }
}

static void f11_what_came_before_a_reset_goes_out_before_it(void **state)
{
    (void)state;
    static const char *const bodies[] = {"", "half an answer"};
    static const char *const want[] = {"1 3 ", "1 0 3 "};
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        struct recorder r = {0};
        struct buf wire = {0}, types = {0};
        open_server(&r, &wire);
        headers(&wire, 1, END_STREAM, FIELDS(BASIC));
        run(&r, &wire, 0);
        struct head *head = simple_response(200);
        stream_send_head(r.last, head, true);
        head_free(&head);
        stream_send_data(r.last, str_of(bodies[i]));
        stream_reset(r.last, STREAM_INTERNAL);
        stream_release(r.last);
        recorder_take(&r);
        sent_types(&r, &types);
        assert_true(str_is(buf_str(&types), want[i]));
        assert_int_equal(sent_error(&r, F_RST), NGHTTP2_INTERNAL_ERROR);
        assert_true(codec_is_idle(r.codec));
        buf_free(&types);
        recorder_close(&r);
    }
}

static void the_peers_stream_limit_is_kept(void **state)
{
    (void)state;
    struct recorder r = {0};
    struct buf wire = {0};
    recorder_open(&r, HTTP_2, FACING_ORIGIN);
    frame(&wire, F_SETTINGS, 0, 0, STR("\0\x03\0\0\0\x02"));
    run(&r, &wire, 0);
    assert_true(codec_can_open(r.codec));
    ask_get(&r);
    assert_true(codec_can_open(r.codec));
    ask_get(&r);
    assert_false(codec_can_open(r.codec));
    recorder_close(&r);
}

static void extended_connect_is_taken_when_offered(void **state)
{
    (void)state;
    struct codec_limits limits = codec_limits_default;
    limits.offer_websockets = true;
    struct recorder r = {0};
    struct buf wire = {0};
    recorder_open_limits(&r, HTTP_2, FACING_CLIENT, &limits);
    recorder_take(&r);
    start(&wire);
    headers(&wire, 1, 0,
        FIELDS(":method", "CONNECT", ":protocol", "websocket", ":scheme",
            "https", ":path", "/ws", ":authority", "a"));
    frame(&wire, F_DATA, 0, 1, STR("frame"));
    run(&r, &wire, 0);
    assert_string_equal(buf_cstr(&r.log),
        "request CONNECT https://a/ws v2 body keep len=-1"
        " protocol=websocket\n");
    assert_int_equal(r.body_bytes, 5);
    recorder_close(&r);
}

/* The origin's settings may come after the client's connection is there. */
static void websockets_can_be_offered_later_and_once(void **state)
{
    (void)state;
    struct recorder r = {0};
    struct buf wire = {0};
    struct str setting = STR("\0\x08\0\0\0\x01");
    open_server(&r, &wire);
    recorder_take(&r);
    assert_int_equal(str_find(buf_str(&r.out), setting), r.out.n);
    codec_offer_websockets(r.codec);
    codec_offer_websockets(r.codec);
    buf_clear(&r.out);
    recorder_take(&r);
    assert_int_equal(r.out.n, 9 + setting.n); /* one frame */
    assert_true(str_ends(buf_str(&r.out), "\x01"));
    headers(&wire, 1, 0,
        FIELDS(":method", "CONNECT", ":protocol", "websocket", ":scheme",
            "https", ":path", "/ws", ":authority", "a"));
    run(&r, &wire, 0);
    assert_int_equal(r.heads, 1);
    recorder_close(&r);
}

static void an_origin_takes_websockets_once_it_said_so(void **state)
{
    (void)state;
    struct recorder r = {0};
    struct buf wire = {0};
    open_client(&r, &wire);
    run(&r, &wire, 0);
    assert_false(codec_takes_websockets(r.codec));
    frame(&wire, F_SETTINGS, 0, 0, STR("\0\x08\0\0\0\x01"));
    run(&r, &wire, 0);
    assert_true(codec_takes_websockets(r.codec));
    recorder_close(&r);
}

/* ---- the origin is shown what the client showed ---- */

#define CHROMIUM                                                               \
    "\0\0\x1e\x04\0\0\0\0\0\0\x01\0\x01\0\0\0\x02\0\0\0\0\0\x04\0\x60\0\0"     \
    "\0\x06\0\x04\0\0\xda\xda\x12\x34\x56\x78"                                 \
    "\0\0\x04\x08\0\0\0\0\0\0\xef\0\x01"
enum { F_PRIORITY_FLAG = 0x20, PRIORITY_BYTES = 5, FRAME_BYTES = 9 };
#define EXCLUSIVE_220 "\x80\0\0\0\xdb"

static void pass_on(
    struct recorder *r, struct stream *stream, const struct head *head)
{
    struct codec *origin = r->any;
    (void)stream;
    codec_introduce(origin, r->codec);
    codec_introduce(origin, NULL); /* only the first counts */
    (void)codec_open(origin, head, head->has_body, NULL);
}

/* Names and values of the first HEADERS frame behind `at`, and its priority. */
static void read_section(struct str wire, size_t at, struct buf *out)
{
    nghttp2_hd_inflater *inflater = NULL;
    struct str section = str_sub(
        wire, at + FRAME_BYTES, at + FRAME_BYTES + (uint8_t)wire.p[at + 2]);
    assert_int_equal(wire.p[at + 3], F_HEADERS);
    assert_true((wire.p[at + 4] & F_PRIORITY_FLAG) != 0);
    assert_memory_equal(section.p, EXCLUSIVE_220, PRIORITY_BYTES);
    section = str_sub(section, PRIORITY_BYTES, section.n);
    nghttp2_hd_inflate_new(&inflater);
    while (section.n > 0) {
        nghttp2_nv nv;
        int flags = 0;
        ssize_t n = nghttp2_hd_inflate_hd2(
            inflater, &nv, &flags, (const uint8_t *)section.p, section.n, 1);
        assert_true(n > 0);
        section = str_sub(section, (size_t)n, section.n);
        if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0)
            buf_printf(out, "%.*s: %.*s\n", (int)nv.namelen, nv.name,
                (int)nv.valuelen, nv.value);
    }
    nghttp2_hd_inflate_del(inflater);
}

static void an_origin_is_shown_what_the_client_showed(void **state)
{
    (void)state;
    struct recorder client = {.hook_head = pass_on}, origin = {0};
    struct buf wire = {0}, section = {0}, expected = {0}, got = {0};
    struct str intro = STR(PREFACE CHROMIUM);
    recorder_open(&client, HTTP_2, FACING_CLIENT);
    recorder_open(&origin, HTTP_2, FACING_ORIGIN);
    client.any = origin.codec;
    recorder_take(&origin);
    assert_int_equal(origin.out.n, 0); /* not before it knows as whom */
    buf_append_str(&wire, intro);
    buf_append_str(&section, STR(EXCLUSIVE_220));
    block(&section,
        FIELDS(":method", "POST", ":authority", "a.test", ":scheme", "https",
            ":path", "/", "content-length", "3", "user-agent", "b", "cookie",
            "a=1", "cookie", "b=2", "priority", "u=1, i"));
    frame(
        &wire, F_HEADERS, END_HEADERS | F_PRIORITY_FLAG, 1, buf_str(&section));
    read_section(buf_str(&wire), intro.n, &expected);
    /* What the origin says first waits for our introduction. */
    assert_int_equal(codec_feed(origin.codec, STR("\0\0\0\x04\0\0\0\0\0")), OK);
    run(&client, &wire, 7);
    recorder_take(&origin);
    assert_true(codec_has_input(origin.codec));
    assert_int_equal(codec_feed(origin.codec, STR_NONE), OK);
    assert_false(codec_has_input(origin.codec));
    assert_memory_equal(buf_bytes(&origin.out), intro.p, intro.n);
    read_section(buf_str(&origin.out), intro.n, &got);
    assert_string_equal(buf_cstr(&got), buf_cstr(&expected));
    buf_free(&section);
    buf_free(&expected);
    buf_free(&got);
    recorder_close(&client);
    recorder_close(&origin);
}

/* S6: a client's windows may be large, what is held for it is not. */
static void an_origin_is_not_read_while_much_is_held(void **state)
{
    (void)state;
    enum { CODECS = 40, PIECE = 16 * 1024 };
    static struct recorder origins[CODECS];
    static char piece[PIECE];
    size_t paused = 0;
    for (int i = 0; i < CODECS; i++) {
        struct recorder client = {.hook_head = pass_on};
        struct buf wire = {0};
        recorder_open(&client, HTTP_2, FACING_CLIENT);
        recorder_open(&origins[i], HTTP_2, FACING_ORIGIN);
        origins[i].withholds = true;
        client.any = origins[i].codec;
        buf_append_str(&wire, STR(PREFACE CHROMIUM));
        headers(&wire, 1, END_STREAM, FIELDS(BASIC));
        run(&client, &wire, 0);
        recorder_close(&client);
        recorder_take(&origins[i]);
        frame(&wire, F_SETTINGS, 0, 0, STR_NONE);
        frame(&wire, F_SETTINGS, ACK, 0, STR_NONE);
        headers(&wire, 1, 0, FIELDS(":status", "200"));
        run(&origins[i], &wire, 0);
        for (int n = 0; n < 64 && codec_wants_input(origins[i].codec); n++) {
            frame(&wire, F_DATA, 0, 1, str_make(piece, sizeof piece));
            run(&origins[i], &wire, 0);
        }
        paused += !codec_wants_input(origins[i].codec);
    }
    assert_in_range(paused, CODECS / 2, CODECS - 8);
    for (int i = 0; i < CODECS; i++)
        recorder_close(&origins[i]);
    struct recorder fresh = {0};
    recorder_open(&fresh, HTTP_2, FACING_ORIGIN);
    assert_true(codec_wants_input(fresh.codec)); /* all is given back */
    recorder_close(&fresh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_gives_the_same_events_for_any_cut),
        cmocka_unit_test(h7_malformed_requests_are_reset),
        cmocka_unit_test(h7_the_length_must_agree_with_the_data),
        cmocka_unit_test(h8_long_heads_are_answered_431),
        cmocka_unit_test(d1_floods_of_small_frames_end_the_connection),
        cmocka_unit_test(d1_rapid_resets_end_the_connection),
        cmocka_unit_test(d1_made_resets_end_the_connection),
        cmocka_unit_test(d1_heads_that_unpack_to_much_end_the_connection),
        cmocka_unit_test(d1_endless_continuations_end_the_connection),
        cmocka_unit_test(a_bad_preface_is_refused),
        cmocka_unit_test(a_bad_frame_ends_the_connection),
        cmocka_unit_test(h4_malformed_responses_reset_their_stream),
        cmocka_unit_test(h4_interim_responses_are_bounded),
        cmocka_unit_test(streams_above_goaway_are_safe_to_try_again),
        cmocka_unit_test(resets_keep_their_meaning),
        cmocka_unit_test(f11_what_came_before_a_reset_goes_out_before_it),
        cmocka_unit_test(the_peers_stream_limit_is_kept),
        cmocka_unit_test(extended_connect_is_taken_when_offered),
        cmocka_unit_test(websockets_can_be_offered_later_and_once),
        cmocka_unit_test(an_origin_takes_websockets_once_it_said_so),
        cmocka_unit_test(an_origin_is_shown_what_the_client_showed),
        cmocka_unit_test(an_origin_is_not_read_while_much_is_held),
    };
    return cmocka_run_group_tests_name("h2", tests, NULL, NULL);
}
