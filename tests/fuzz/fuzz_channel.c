/* inspect/channel.h over the shipped maps.  First byte: the socket and the
 * mode; then messages with a NUL between them, each after a byte that says
 * whose it is.  What is told is bounded and the same each time, and a block
 * has words for the page. */
#include "inspect/channel.h"

#include "tests/fuzz/maps.h"

enum {
    MODE_JUDGES = 16, /* the word "secret" is found, and blocked */
    MODE_BREAKS = 32, /* the socket breaks off */
    MODE_TIGHT = 64,  /* nothing is captured, failures block */
};

static const struct {
    const char *host, *path;
} sockets[] = {
    {"ws.chatgpt.com", "/ws/user/user-ana?verify=v"},
    {"chatgpt.com", "/backend-api/codex/responses"},
    {"a.webpubsub.azure.com", "/client/hubs/conversations?access_token=t"},
    {"api.openai.com", "/v1/responses"},
    {"api.openai.com", "/v1/realtime?model=gpt-realtime"},
    {"chatgpt.com", "/backend-api/celsius/ws/user-ana"},
};

static struct keep *keep;

static void step(struct channel *channel, struct buf *out)
{
    struct buf data = {0}, nothing = {0};
    struct record record;
    enum exchange_state state;
    while ((state = channel_step(channel)) != EXCHANGE_READY) {
        if (state != EXCHANGE_ASK)
            continue;
        keep_handle(keep, channel_question(channel), 1000, &data);
        channel_answer(channel, buf_str(&data));
        buf_clear(&data);
    }
    while (channel_next_note(channel, &data) == OK) {
        keep_handle(keep, buf_str(&data), 1000, &nothing);
        buf_clear(&data);
        buf_clear(&nothing);
    }
    while (channel_next_record(channel, &record) == OK) {
        append_record(&record, out);
    }
    buf_free(&data);
    buf_free(&nothing);
}

/* True: the socket goes on. */
static bool pass_message(
    struct channel *channel, struct str message, struct buf *out)
{
    char kind = message.n != 0 ? message.p[0] : '<';
    bool is_client = kind == '>' || kind == 'b';
    struct str payload = str_sub(message, 1, message.n);
    if (kind == 'o')
        channel_oversize(channel, CHANNEL_CLIENT);
    else if (kind == 'f') /* what was judged cannot be stored */
        channel_fail(channel, FAIL_STORE);
    else
        channel_message(channel, is_client ? CHANNEL_CLIENT : CHANNEL_SERVER,
            kind == '>' || kind == '<', payload, 1);
    step(channel, out);
    if (!is_client && kind != 'o' && kind != 'f')
        return true;
    if (kind == 'f' && !channel_is_judged(channel))
        return true; /* it was nobody's */
    check(channel_is_judged(channel), "what is read has its verdict");
    const struct verdict *verdict = channel_verdict(channel);
    if (verdict->kind != VERDICT_BLOCK || verdict->is_monitored)
        return true;
    struct buf text = {0};
    channel_block_message(channel, &text);
    buf_append_str(out, STR("blocked"));
    buf_free(&text);
    return false;
}

static void run(unsigned mode, struct str messages, struct buf *out)
{
    size_t socket = (mode & 15) % ARRAY_LEN(sockets);
    struct exchange_request request = {.protocol = STR("websocket"),
        .method = STR("GET"),
        .host = str_of(sockets[socket].host),
        .path = str_of(sockets[socket].path),
        .version = "2",
        .time_ms = 1};
    keep = keep_new(8 * 1024);
    env.pool = channel_pool_new();
    struct exchange *upgrade = exchange_new(&env, &request);
    exchange_request_end(upgrade);
    run_steps(upgrade, keep, 1000, out);
    struct channel *channel = channel_new(&env, upgrade, 200);
    struct str message;
    while (str_split(&messages, '\0', &message))
        if (!pass_message(channel, message, out))
            break;
    channel_end(channel, (mode & MODE_BREAKS) == 0);
    step(channel, out);
    channel_free(&channel);
    exchange_free(&upgrade);
    channel_pool_free(&env.pool);
    keep_free(&keep);
}

static void set_mode(unsigned mode)
{
    bool is_tight = (mode & MODE_TIGHT) != 0;
    bool judges = (mode & MODE_JUDGES) != 0;
    env.capture = is_tight ? CAPTURE_NONE : CAPTURE_FULL;
    env.hold_max_bytes = 64 * 1024;
    env.scanner = judges ? scanner : NULL;
    env.policy = judges ? policy : NULL;
    for (int i = 0; i < FAIL_COUNT; i++)
        env.failure_blocks[i] = is_tight;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (env.services == NULL)
        load_maps();
    if (n == 0)
        return 0;
    set_mode(data[0]);
    struct str messages = {(const char *)data + 1, n - 1};
    struct buf first = {0}, second = {0};
    run(data[0], messages, &first);
    run(data[0], messages, &second);
    check_same(&first, &second, "the same each time");
    buf_free(&first);
    buf_free(&second);
    return 0;
}
