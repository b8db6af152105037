/* inspect/exchange.h over the shipped maps.  First byte: the route and the
 * mode; then the request body, a NUL, and the answer.  The same activities
 * come out whole and in pieces. */
#include "inspect/exchange.h"

#include "tests/fuzz/maps.h"

enum {
    MODE_JUDGES = 16, /* the word "secret" is found, and blocked */
    MODE_CODED = 32,  /* content-encoding: gzip, both ways */
    MODE_BREAKS = 64, /* both messages break off */
    MODE_TIGHT = 128, /* little may be held, failures block */
};

static const struct {
    const char *method, *host, *path, *type, *answer_type;
} routes[] = {
    {"POST", "chatgpt.com", "/backend-api/f/conversation", "application/json",
        "text/event-stream"},
    {"POST", "chatgpt.com", "/backend-api/f/conversation/prepare",
        "application/json", "application/json"},
    {"POST", "chatgpt.com", "/backend-api/unknown", "", "text/plain"},
    {"POST", "chatgpt.com", "/backend-api/estuary/upload_content_bytes",
        "multipart/form-data; boundary=x", "application/json"},
    {"POST", "api.openai.com", "/v1/chat/completions", "application/json",
        "text/event-stream"},
    {"POST", "api.openai.com", "/v1/chat/completions", "application/json",
        "application/json"},
    {"POST", "api.openai.com", "/v1/responses", "application/json",
        "text/event-stream"},
    {"PATCH", "chatgpt.com", "/backend-api/conversation/c",
        "application/x-www-form-urlencoded", "application/json"},
    {"PUT", "files.oaiusercontent.com", "/f", "text/plain", ""},
    {"POST", "api.openai.com", "/v1/responses", "application/json",
        "application/json"},
    {"GET", "chatgpt.com", "/?q=se%63ret+%zz&q=b&z=1", "", "text/html"},
    {"POST", "chatgpt.com", "/backend-api/transcribe", "audio/webm",
        "application/json"},
    {"POST", "chatgpt.com", "/backend-api/register-websocket", "",
        "application/json"},
    {"POST", "chatgpt.com", "/backend-api/f/conversation/resume",
        "application/json", "text/event-stream"},
    {"POST", "chatgpt.com", "/backend-api/files", "application/json",
        "application/json"},
    {"POST", "chatgpt.com", "/backend-api/unknown",
        "multipart/form-data; boundary=x", "application/x-ndjson"},
};

static void set_mode(unsigned mode)
{
    bool is_tight = (mode & MODE_TIGHT) != 0;
    bool judges = (mode & MODE_JUDGES) != 0;
    env.capture = is_tight ? CAPTURE_NONE : CAPTURE_FULL;
    env.hold_max_bytes = is_tight ? 256 : 64 * 1024;
    env.oversize_streams = !is_tight;
    env.scanner = judges ? scanner : NULL;
    env.policy = judges ? policy : NULL;
    for (int i = 0; i < FAIL_COUNT; i++)
        env.failure_blocks[i] = is_tight;
}

static void run(unsigned route, unsigned mode, struct str body,
    struct str answer, unsigned way, struct buf *out)
{
    struct keep *keep = keep_new(8 * 1024);
    size_t count = (mode & MODE_CODED) != 0 ? 2 : 1;
    struct field coding = {STR("content-encoding"), STR("gzip")};
    struct field type[] = {
        {STR("content-type"), str_of(routes[route].type)}, coding};
    struct field answer_type[] = {
        {STR("content-type"), str_of(routes[route].answer_type)}, coding};
    struct exchange_request request = {.method = str_of(routes[route].method),
        .host = str_of(routes[route].host),
        .path = str_of(routes[route].path),
        .version = "2",
        .fields = type,
        .field_count = count,
        .has_body = body.n != 0,
        .time_ms = 1};
    struct exchange *ex = exchange_new(&env, &request);
    struct str piece;
    struct cuts cuts = cuts_of(body, way);
    while (cuts_next(&cuts, &piece))
        exchange_request_data(ex, piece);
    cuts_end(&cuts);
    if (exchange_gate(ex) == GATE_REFUSE || (mode & MODE_BREAKS) != 0)
        exchange_request_cut(ex);
    else
        exchange_request_end(ex);
    run_steps(ex, keep, 1000, out);
    if (exchange_verdict(ex)->kind == VERDICT_BLOCK)
        check(exchange_verdict(ex)->message.n != 0, "a block says why");
    if ((mode & MODE_TIGHT) != 0)
        exchange_fail(ex, FAIL_STORE);
    if ((mode & MODE_TIGHT) != 0 && answer.n == 0)
        exchange_no_response(ex, 502);
    else
        exchange_response_head(ex, 200, answer_type, count, answer.n != 0);
    cuts = cuts_of(answer, way);
    while (cuts_next(&cuts, &piece))
        exchange_response_data(ex, piece);
    cuts_end(&cuts);
    exchange_response_end(ex, (mode & MODE_BREAKS) == 0);
    run_steps(ex, keep, 1000, out);
    struct exchange_reply reply;
    exchange_block_reply(ex, &reply);
    check(reply.status == 403 || reply.status == 200, "no status of retries");
    buf_free(&reply.body);
    exchange_free(&ex);
    keep_free(&keep);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (env.services == NULL)
        load_maps();
    if (n == 0)
        return 0;
    unsigned route = data[0] % 16 % ARRAY_LEN(routes), mode = data[0];
    set_mode(mode);
    struct str rest = {(const char *)data + 1, n - 1};
    size_t nul = str_find_char(rest, '\0');
    struct str body = str_sub(rest, 0, nul);
    struct str answer = str_sub(rest, nul + 1, rest.n);
    struct buf whole = {0}, cut = {0};
    run(route, mode, body, answer, CUTS_WHOLE, &whole);
    run(route, mode, body, answer, CUTS_RANDOM, &cut);
    check_same(&whole, &cut, "cuts change nothing");
    buf_free(&whole);
    buf_free(&cut);
    return 0;
}
