/* inspect/channel.h: messages of WebSockets in any order and any cuts. */
#include "exchange_driver.h"

#include "base/jsonw.h"
#include "inspect/channel.h"

static const char CARD_MESSAGE[] =
    "{\"type\":\"response.create\",\"input\":\"pay 4111 1111 1111 1111\"}";
static const char PLAIN_MESSAGE[] =
    "{\"type\":\"response.create\",\"input\":\"good day\"}";
/* An answer's stream, as its pieces come. */
static const char STREAM[] =
    "event: delta_encoding\ndata: \"v1\"\n\n"
    "event: delta\ndata: {\"p\":\"\",\"o\":\"add\",\"v\":{\"message\":{\"id\":"
    "\"ID\",\"author\":{\"role\":\"assistant\"},\"content\":{\"content_type\":"
    "\"text\",\"parts\":[\"\"]},\"recipient\":\"all\"}},\"c\":0}\n\n"
    "event: delta\ndata: {\"p\":\"/message/content/parts/0\",\"o\":\"append\","
    "\"v\":\"Gr\xc3\xbc\xc3\x9f"
    "e \"}\n\n"
    "event: delta\ndata: {\"v\":\"und \\ud83d\\ude42\"}\n\n"
    "data: {\"type\":\"message_stream_complete\"}\n\ndata: [DONE]\n\n";

struct socket {
    struct driver driver;
    struct exchange *upgrade;
    struct channel *channel;
    struct buf open, done;
};

static void steps(struct socket *s)
{
    struct buf data = {0}, nothing = {0};
    struct record record;
    enum exchange_state state;
    while ((state = channel_step(s->channel)) != EXCHANGE_READY) {
        if (state != EXCHANGE_ASK)
            continue;
        keep_handle(s->driver.keep, channel_question(s->channel), 1000, &data);
        channel_answer(s->channel, buf_str(&data));
        buf_clear(&data);
    }
    while (channel_next_note(s->channel, &data) == OK) {
        keep_handle(s->driver.keep, buf_str(&data), 1000, &nothing);
        buf_clear(&data);
    }
    while (channel_next_record(s->channel, &record) == OK) {
        struct buf *to = record.kind == RECORD_OPEN ? &s->open : &s->done;
        buf_append_str(to, buf_str(&record.json));
        buf_append_char(to, '\n');
        buf_free(&record.json);
    }
    buf_free(&data);
    buf_free(&nothing);
}

static void connect_to(struct socket *s, const char *host, const char *path)
{
    struct exchange_request request = {.method = STR("GET"),
        .host = str_of(host),
        .path = str_of(path),
        .version = "1.1",
        .protocol = STR("websocket"),
        .client_ip = STR("10.1.2.3")};
    s->upgrade = exchange_new(&s->driver.env, &request);
    s->channel = channel_new(&s->driver.env, s->upgrade, 101);
}

static void hang_up(struct socket *s)
{
    channel_end(s->channel, true);
    steps(s);
    channel_free(&s->channel);
    exchange_free(&s->upgrade);
}

static void forget(struct socket *s)
{
    driver_forget(&s->driver);
    buf_clear(&s->open);
    buf_clear(&s->done);
}

static int set_up(void **state)
{
    struct socket *s = MEM_NEW(struct socket);
    driver_open(&s->driver);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct socket *s = *state;
    driver_close(&s->driver);
    buf_free(&s->open);
    buf_free(&s->done);
    mem_free(s);
    return 0;
}

static void send_text(struct socket *s, const char *text)
{
    channel_message(s->channel, CHANNEL_CLIENT, true, str_of(text), 0);
    assert_false(channel_is_judged(s->channel));
    steps(s);
    assert_true(channel_is_judged(s->channel));
}

static void receive(struct socket *s, struct str text)
{
    channel_message(s->channel, CHANNEL_SERVER, true, text, 0);
    steps(s);
}

static size_t count(const struct buf *text, const char *what)
{
    size_t n = 0;
    for (struct str rest = buf_str(text);;) {
        size_t at = str_find(rest, str_of(what));
        if (at == rest.n)
            return n;
        rest = str_sub(rest, at + 1, rest.n);
        n++;
    }
}

static void a_message_waits_for_its_verdict(void **state)
{
    struct socket *s = *state;
    struct buf frame = {0};
    connect_to(s, "api.openai.com", "/v1/responses");
    send_text(s, PLAIN_MESSAGE);
    assert_int_equal(channel_verdict(s->channel)->kind, VERDICT_ALLOW);
    assert_has(&s->open, "good day");
    assert_int_equal(s->done.n, 0); /* its answer is still to come */
    send_text(s, CARD_MESSAGE);
    assert_int_equal(channel_verdict(s->channel)->kind, VERDICT_BLOCK);
    channel_block_message(s->channel, &frame);
    assert_has(&frame, "{\"type\":\"error\",\"status\":403,");
    assert_has(&frame, "blocked_by_policy");
    assert_has(&s->done, "\"status\":403");
    hang_up(s);
    assert_int_equal(count(&s->done, "prompt.created"), 2);
    buf_free(&frame);
}

static void the_page_gets_a_list_of_envelopes(void **state)
{
    struct socket *s = *state;
    struct buf frame = {0};
    connect_to(s, "ws.chatgpt.com", "/ws/user/user-1?verify=secret");
    send_text(s,
        "[{\"id\":1,\"command\":{\"type\":\"shout\",\"words\":\"4111 1111 "
        "1111 1111\"}}]");
    assert_int_equal(channel_verdict(s->channel)->kind, VERDICT_BLOCK);
    channel_block_message(s->channel, &frame);
    assert_has(&frame, "[{\"type\":\"error\"");
    assert_has_not(&s->done, "secret");
    hang_up(s);
    buf_free(&frame);
}

static void what_carries_nothing_passes_at_once(void **state)
{
    struct socket *s = *state;
    connect_to(s, "ws.chatgpt.com", "/ws/user/user-1");
    channel_message(s->channel, CHANNEL_CLIENT, true, STR("[]"), 0);
    assert_true(channel_is_judged(s->channel));
    send_text(s, "[{\"command\":{\"type\":\"subscribe\",\"topic_id\":\"t\"}}]");
    hang_up(s);
    assert_int_equal(s->open.n + s->done.n, 0);
}

static void a_failure_turns_a_verdict_that_was_told(void **state)
{
    struct socket *s = *state;
    connect_to(s, "chatgpt.com", "/backend-api/codex/responses");
    send_text(s, PLAIN_MESSAGE);
    channel_fail(s->channel, FAIL_STORE);
    assert_int_equal(channel_verdict(s->channel)->kind, VERDICT_BLOCK);
    steps(s);
    assert_has(&s->done, "\"failure\":\"store\"");
    assert_has(&s->done, "\"verdict\":\"block\"");
    hang_up(s);
}

static void too_large_a_message_is_refused(void **state)
{
    struct socket *s = *state;
    connect_to(s, "chatgpt.com", "/backend-api/codex/responses");
    channel_oversize(s->channel, CHANNEL_CLIENT);
    steps(s);
    assert_int_equal(channel_verdict(s->channel)->kind, VERDICT_BLOCK);
    channel_oversize(s->channel, CHANNEL_SERVER);
    steps(s);
    hang_up(s);
    assert_int_equal(count(&s->done, "\"failure\":\"limit\""), 2);
}

/* ---- pieces of answers --------------------------------------------------- */

static struct str stream_of(const char *id, struct buf *out)
{
    struct str text = str_of(STREAM);
    size_t at = str_find(text, STR("ID"));
    buf_append_str(out, str_sub(text, 0, at));
    buf_append_str(out, str_of(id));
    buf_append_str(out, str_sub(text, at + 2, text.n));
    return buf_str(out);
}

static void receive_piece(
    struct socket *s, const char *topic, size_t number, struct str piece)
{
    struct buf message = {0};
    char id[32], parent[32];
    snprintf(id, sizeof id, "it-%zu", number);
    snprintf(parent, sizeof parent, "it-%zu", number - 1);
    struct jsonw w = {.out = &message};
    jsonw_object(&w);
    jsonw_key_cstr(&w, "topic_id", topic);
    jsonw_key(&w, "payload");
    jsonw_object(&w);
    jsonw_key(&w, "payload");
    jsonw_object(&w);
    jsonw_key_cstr(&w, "stream_item_id", id);
    if (number > 1)
        jsonw_key_cstr(&w, "parent_stream_item_id", parent);
    jsonw_key_str(&w, "encoded_item", piece);
    jsonw_close(&w);
    jsonw_close(&w);
    jsonw_close(&w);
    receive(s, buf_str(&message));
    buf_free(&message);
}

static const char WHOLE[] = "\"content\":\"Gr\xc3\xbc\xc3\x9f"
                            "e und "
                            "\xf0\x9f\x99\x82\"";

static void pieces_may_be_cut_at_every_character(void **state)
{
    struct socket *s = *state;
    struct buf text = {0};
    struct str stream = stream_of("m", &text);
    for (size_t at = 1; at < stream.n; at++) {
        if (((unsigned char)stream.p[at] & 0xc0) == 0x80)
            continue; /* JSON strings hold whole characters */
        connect_to(s, "ws.chatgpt.com", "/ws/user/user-1");
        receive_piece(s, "t", 1, str_sub(stream, 0, at));
        receive_piece(s, "t", 2, str_sub(stream, at, stream.n));
        hang_up(s);
        assert_has(&s->done, WHOLE);
        assert_has(&s->done, "\"complete\":true");
        assert_int_equal(count(&s->done, "response.generated"), 1);
        forget(s);
    }
    buf_free(&text);
}

/* Pieces of two topics as a counter shuffles and repeats them. */
static void topics_in_any_order_share_nothing(void **state)
{
    enum { PIECES = 7 };
    struct socket *s = *state;
    struct buf texts[2] = {{0}, {0}};
    stream_of("one", &texts[0]);
    stream_of("two", &texts[1]);
    for (unsigned seed = 1; seed <= 200; seed++) {
        unsigned random = seed;
        connect_to(s, "ws.chatgpt.com", "/ws/user/user-1");
        for (size_t i = 0; i < 8 * PIECES; i++) {
            random = random * 1103515245 + 12345;
            /* At first any piece, then all that may be missing. */
            size_t n = i < 4 * PIECES ? (random >> 16) % (2 * PIECES)
                                      : i % (2 * PIECES);
            struct str text = buf_str(&texts[n % 2]);
            size_t piece = n / 2, step = text.n / PIECES + 1;
            size_t from = piece * step, to = from + step;
            while (
                from < text.n && ((unsigned char)text.p[from] & 0xc0) == 0x80)
                from++;
            while (to < text.n && ((unsigned char)text.p[to] & 0xc0) == 0x80)
                to++;
            receive_piece(s, n % 2 == 0 ? "t1" : "t2", piece + 1,
                str_sub(text, from, to));
        }
        hang_up(s);
        assert_int_equal(count(&s->done, WHOLE), 2);
        assert_int_equal(count(&s->done, "response.generated"), 2);
        forget(s);
    }
    buf_free(&texts[0]);
    buf_free(&texts[1]);
}

/* Every line is of one activity, and the last one has all of it. */
static void assert_told_anew(const struct buf *lines)
{
    struct str rest = buf_str(lines), line, last = STR_NONE;
    while (str_split(&rest, '\n', &line) && line.n != 0) {
        if (last.n != 0)
            assert_memory_equal(line.p, last.p, sizeof "{\"id\":\"" + 36);
        last = line;
    }
    assert_true(str_has(last, WHOLE));
    assert_true(str_has(last, "\"complete\":true"));
}

static void the_next_socket_goes_on(void **state)
{
    struct socket *s = *state;
    struct buf text = {0};
    struct str stream = stream_of("m", &text);
    s->driver.env.pool = channel_pool_new();
    for (size_t at = 1; at < stream.n; at += 3) {
        if (((unsigned char)stream.p[at] & 0xc0) == 0x80)
            continue;
        connect_to(s, "ws.chatgpt.com", "/ws/user/user-1");
        receive_piece(s, "t", 1, str_sub(stream, 0, at));
        hang_up(s);
        connect_to(s, "ws.chatgpt.com", "/ws/user/user-1");
        receive_piece(s, "t", 1, str_sub(stream, 0, at));
        receive_piece(s, "t", 2, str_sub(stream, at, stream.n));
        hang_up(s);
        assert_told_anew(&s->done);
        channel_pool_free(&s->driver.env.pool);
        s->driver.env.pool = channel_pool_new();
        forget(s);
    }
    channel_pool_free(&s->driver.env.pool);
    buf_free(&text);
}

static void more_topics_than_there_is_room_for_end_the_oldest(void **state)
{
    struct socket *s = *state;
    char name[16];
    connect_to(s, "ws.chatgpt.com", "/ws/user/user-1");
    for (int i = 0; i < 40; i++) {
        struct buf text = {0};
        snprintf(name, sizeof name, "t%d", i);
        struct str stream = stream_of(name, &text);
        receive_piece(s, name, 1, str_sub(stream, 0, stream.n - 80));
        buf_free(&text);
    }
    assert_int_equal(count(&s->open, "\"complete\":false"), 24);
    hang_up(s);
    assert_int_equal(count(&s->open, "\"complete\":false"), 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_message_waits_for_its_verdict, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            the_page_gets_a_list_of_envelopes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            what_carries_nothing_passes_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_failure_turns_a_verdict_that_was_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            too_large_a_message_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            pieces_may_be_cut_at_every_character, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            topics_in_any_order_share_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            the_next_socket_goes_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            more_topics_than_there_is_room_for_end_the_oldest, set_up,
            tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
