/* inspect/exchange.h over the shipped maps, without detectors.  First byte:
 * the route; then the request body, a NUL, and the answer.  The same
 * activities come out whole and in pieces. */
#include "inspect/exchange.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/fuzz/same.h"

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
};

static struct exchange_env env;

static void load(void)
{
    static const char *const files[] = {
        "conf/services/chatgpt.yaml", "conf/services/openai-api.yaml"};
    struct bundle bundle = {0};
    struct diag diag = {0};
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        static char text[64 * 1024];
        FILE *f = fopen(files[i], "r");
        check(f != NULL, "run from the project's folder");
        size_t n = fread(text, 1, sizeof text, f);
        fclose(f);
        bundle_add(
            &bundle, BUNDLE_SERVICE, str_of(files[i]), str_make(text, n));
    }
    env.services = service_set_load(&bundle, &diag);
    check(env.services != NULL, "the shipped maps load");
    env.capture = CAPTURE_FULL;
    env.hold_max_bytes = 64 * 1024;
    env.oversize_streams = true;
    bundle_free(&bundle);
}

static void run_steps(struct exchange *ex, struct keep *keep, struct buf *out)
{
    struct buf data = {0};
    struct record record;
    enum exchange_state state;
    while ((state = exchange_step(ex)) != EXCHANGE_READY) {
        if (state != EXCHANGE_ASK)
            continue;
        keep_handle(keep, exchange_question(ex), 1000, &data);
        exchange_answer(ex, buf_str(&data));
        buf_clear(&data);
    }
    while (exchange_next_note(ex, &data) == OK)
        buf_clear(&data);
    while (exchange_next_record(ex, &record) == OK) {
        struct str json = buf_str(&record.json);
        size_t text = str_find(json, STR("\"text\":")); /* ids before differ */
        buf_append_str(out, str_sub(json, text, json.n));
        buf_free(&record.json);
    }
    buf_free(&data);
}

static void run(unsigned route, struct str body, struct str answer,
    unsigned way, struct buf *out)
{
    struct keep *keep = keep_new(8 * 1024);
    struct field type = {STR("content-type"), str_of(routes[route].type)};
    struct field answer_type = {
        STR("content-type"), str_of(routes[route].answer_type)};
    struct exchange_request request = {.method = str_of(routes[route].method),
        .host = str_of(routes[route].host),
        .path = str_of(routes[route].path),
        .fields = &type,
        .field_count = 1,
        .has_body = true,
        .time_ms = 1};
    struct exchange *ex = exchange_new(&env, &request);
    struct str piece;
    struct cuts cuts = cuts_of(body, way);
    while (cuts_next(&cuts, &piece))
        exchange_request_data(ex, piece);
    cuts_end(&cuts);
    if (exchange_gate(ex) == GATE_REFUSE)
        exchange_request_cut(ex);
    else
        exchange_request_end(ex);
    run_steps(ex, keep, out);
    exchange_response_head(ex, 200, &answer_type, 1, answer.n != 0);
    cuts = cuts_of(answer, way);
    while (cuts_next(&cuts, &piece))
        exchange_response_data(ex, piece);
    cuts_end(&cuts);
    exchange_response_end(ex, true);
    run_steps(ex, keep, out);
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
        load();
    if (n == 0)
        return 0;
    unsigned route = data[0] % ARRAY_LEN(routes);
    struct str rest = {(const char *)data + 1, n - 1};
    size_t nul = str_find_char(rest, '\0');
    struct str body = str_sub(rest, 0, nul);
    struct str answer = str_sub(rest, nul + 1, rest.n);
    struct buf whole = {0}, cut = {0};
    run(route, body, answer, CUTS_WHOLE, &whole);
    run(route, body, answer, CUTS_RANDOM, &cut);
    check(str_eq(buf_str(&whole), buf_str(&cut)), "cuts change nothing");
    buf_free(&whole);
    buf_free(&cut);
    return 0;
}
