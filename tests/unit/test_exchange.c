/* inspect/exchange.h over the shipped maps, detectors and policy. */
#include "exchange_driver.h"
#include "inspect/identity.h"

static struct driver driver;

#define PROMPT(id, parent, more, text)                                         \
    "{\"action\":\"next\",\"messages\":[{\"id\":\"" id                         \
    "\",\"author\":{\"role\":\"user\"},\"content\":{\"content_type\":"         \
    "\"text\",\"parts\":[\"" text                                              \
    "\"]},\"metadata\":{}}],\"parent_message_id\":\"" parent                   \
    "\",\"model\":\"auto\",\"supported_encodings\":[\"v1\"]" more "}"

/* fact sheet chatgpt-wire §4.3, "minimal stream" */
#define ANSWER                                                                 \
    "event: delta_encoding\ndata: \"v1\"\n\n"                                  \
    "event: delta\ndata: {\"p\":\"\",\"o\":\"add\",\"v\":{\"message\":{"       \
    "\"id\":\"s0\",\"author\":{\"role\":\"system\"},\"content\":{"             \
    "\"content_type\":\"text\",\"parts\":[\"\"]},\"weight\":0.0,"              \
    "\"metadata\":{\"is_visually_hidden_from_conversation\":true}},"           \
    "\"conversation_id\":\"c9\"},\"c\":0}\n\n"                                 \
    "event: delta\ndata: {\"v\":{\"message\":{\"id\":\"a0\",\"author\":{"      \
    "\"role\":\"assistant\"},\"content\":{\"content_type\":\"text\","          \
    "\"parts\":[\"\"]},\"status\":\"in_progress\",\"metadata\":{"              \
    "\"parent_id\":\"s0\",\"model_slug\":\"gpt-5-6\"},\"recipient\":\"all\","  \
    "\"channel\":\"final\"},\"conversation_id\":\"c9\"},\"c\":1}   \n\n"       \
    "data: {\"type\":\"message_marker\",\"conversation_id\":\"c9\"}\n\n"       \
    "event: delta\ndata: {\"p\":\"/message/content/parts/0\",\"o\":"           \
    "\"append\",\"v\":\"Hello \\ud83d\\udc4b\"}     \n\n"                      \
    "event: delta\ndata: {\"v\":\" there\"} \n\n"                              \
    "event: delta\ndata: {\"p\":\"\",\"o\":\"patch\",\"v\":[{\"p\":"           \
    "\"/message/content/parts/0\",\"o\":\"append\",\"v\":\".\"},{\"p\":"       \
    "\"/message/status\",\"o\":\"replace\",\"v\":\"finished_successfully\"},"  \
    "{\"p\":\"/message/metadata\",\"o\":\"append\",\"v\":{"                    \
    "\"is_complete\":true}}]}\n\n"
#define ANSWER_END                                                             \
    "data: {\"type\":\"message_stream_complete\",\"conversation_id\":\"c9\"}"  \
    "\n\ndata: [DONE]\n\n"

static int open_all(void **state)
{
    (void)state;
    driver_open(&driver);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    driver_close(&driver);
    return 0;
}

static void a_prompt_and_its_answer_become_two_activities(void **state)
{
    (void)state;
    struct turn turn = {
        .body = STR(PROMPT("u0", "client-created-root", "", "Bonjour \\u00e9")),
        .answer = STR(ANSWER ANSWER_END)};
    struct result r;
    driver_run_all(&driver, &turn, &r);
    assert_int_equal(r.gate, GATE_HOLD);
    assert_false(r.is_blocked);
    assert_has(&r.open, "\"activity\":\"prompt.created\"");
    assert_has_not(&r.open, "\"outcome\"");
    assert_has(&r.done, "\"activity\":\"prompt.created\"");
    assert_has(&r.done, "\"content\":\"Bonjour \xc3\xa9\"");
    assert_has(&r.done, "\"conversation_id\":\"c9\",\"message_id\":\"u0\"");
    assert_has(&r.done, "\"activity\":\"response.generated\"");
    assert_has(&r.done, "\"content\":\"Hello \xf0\x9f\x91\x8b there.\"");
    assert_has(&r.done, "\"model\":\"gpt-5-6\"");
    assert_has(&r.done, "\"complete\":true");
    result_free(&r);
}

/* It stands as it is, for whoever goes on with it. */
static void an_answer_without_its_end_mark_is_not_complete(void **state)
{
    (void)state;
    struct turn turn = {.body = STR(PROMPT("u0", "p", "", "x")),
        .answer = STR(ANSWER),
        .answer_breaks = true};
    struct result r;
    driver_run_all(&driver, &turn, &r);
    assert_has(&r.open, "\"complete\":false");
    assert_has(&r.open, "there.");
    assert_has_not(&r.done, "there.");
    result_free(&r);
}

static void a_card_number_is_blocked_and_the_page_is_told(void **state)
{
    (void)state;
    struct turn turn = {
        .body = STR(PROMPT("u0", "p", "", "card 4111 1111 1111 1111 ok"))};
    struct result r;
    driver_run_all(&driver, &turn, &r);
    assert_true(r.is_blocked);
    assert_has(&r.open, "\"verdict\":\"block\"");
    assert_has(&r.done, "\"outcome\":\"failure\"");
    assert_has(&r.done, "\"where\":\"prompt\"");
    assert_has(&r.done, "\"start\":5,\"end\":24");
    assert_has(&r.done, "\"sample\":\"card \xe2\x80\xa2");
    assert_int_equal(r.reply_status, 200);
    assert_has(&r.reply, "event: delta_encoding\ndata: \"v1\"");
    assert_has(&r.reply, "no-payment-cards");
    assert_has(&r.reply, "message_stream_complete");
    assert_has(&r.reply, "data: [DONE]");
    result_free(&r);
    turn.accept = "*/*";
    driver_run(&driver, &turn, CUTS_WHOLE, &r);
    assert_int_equal(r.reply_status, 403);
    assert_has(&r.reply, "{\"detail\":\"");
    result_free(&r);
}

static void samples_are_masked_when_texts_are_not_captured(void **state)
{
    (void)state;
    struct turn turn = {.body = STR(PROMPT("u0", "p", "",
                            "4111 1111 1111 1111 zebra 4111 1111 1111 1111"))};
    struct result r;
    driver.env.capture = CAPTURE_SAMPLE;
    driver_run(&driver, &turn, CUTS_WHOLE, &r);
    assert_has_not(&r.done, "4111 1111");
    assert_has(&r.done, "\"count\":2");
    result_free(&r);
    driver.env.capture = CAPTURE_NONE;
    driver_run(&driver, &turn, CUTS_WHOLE, &r);
    assert_has_not(&r.done, "zebra");
    assert_has(&r.done, "\"sha256\"");
    result_free(&r);
    driver.env.capture = CAPTURE_FULL;
}

static void hidden_places_of_a_prompt_are_scanned(void **state)
{
    (void)state;
    struct turn turn = {
        .body = STR(PROMPT("u0", "p",
            ",\"unknown\":{\"deep\":[\"4111 1111 1111 1111\"]}", "hello"))};
    struct result r;
    driver_run_all(&driver, &turn, &r);
    assert_true(r.is_blocked);
    assert_has(&r.done, "\"where\":\"hidden\"");
    assert_has(&r.done, "\"content\":\"hello\"");
    result_free(&r);
}

static void unexplained_writes_are_scanned_all_the_same(void **state)
{
    (void)state;
    struct turn turn = {.path = "/backend-api/what/is/this",
        .body = STR("{\"a\":[{\"b\":\"4111 1111 1111 1111\"}]}"),
        .accept = "*/*"};
    struct result r;
    driver_run_all(&driver, &turn, &r);
    assert_true(r.is_blocked);
    assert_has(&r.done, "\"activity\":\"service.unclassified\"");
    assert_int_equal(r.reply_status, 403);
    result_free(&r);
}

static void what_is_no_content_passes_unrecorded(void **state)
{
    (void)state;
    struct turn turns[] = {
        {.path = "/ces/v1/t", .body = STR("{\"a\":1}")},
        {.method = "GET", .path = "/backend-api/me"},
        {.host = "example.com", .body = STR("4111 1111 1111 1111")},
    };
    for (size_t i = 0; i < 3; i++) {
        struct result r;
        driver_run(&driver, &turns[i], CUTS_WHOLE, &r);
        assert_int_equal(r.gate, GATE_FORWARD);
        assert_int_equal(r.open.n + r.done.n, 0);
        result_free(&r);
    }
}

static void a_prompt_that_is_no_json_is_harvested_and_blocked(void **state)
{
    (void)state;
    struct turn turn = {.body = STR("{\"messages\":[{\"content\": secret")};
    struct result r;
    driver_run_all(&driver, &turn, &r);
    assert_true(r.is_blocked);
    assert_has(&r.done, "\"failure\":\"parse\"");
    result_free(&r);
    driver.env.failure_blocks[FAIL_PARSE] = false;
    driver_run(&driver, &turn, CUTS_WHOLE, &r);
    assert_false(r.is_blocked);
    assert_has(&r.done, "\"verdict\":\"alert\"");
    result_free(&r);
    driver.env.failure_blocks[FAIL_PARSE] = true;
}

static void an_unknown_shape_of_messages_is_an_extract_failure(void **state)
{
    (void)state;
    struct turn turn = {.body = STR("{\"action\":\"next\",\"messages\":{}}")};
    struct result r;
    driver_run_all(&driver, &turn, &r);
    assert_true(r.is_blocked);
    assert_has(&r.done, "\"failure\":\"extract\"");
    result_free(&r);
}

static void an_encoding_that_cannot_be_undone_is_blocked(void **state)
{
    (void)state;
    struct turn turn = {
        .body = STR(PROMPT("u0", "p", "", "x")), .encoding = "gzip"};
    struct result r;
    driver_run_all(&driver, &turn, &r);
    assert_true(r.is_blocked);
    assert_has(&r.done, "\"failure\":\"decode\"");
    result_free(&r);
    turn.encoding = "dcz";
    driver_run_all(&driver, &turn, &r);
    assert_has(&r.done, "\"failure\":\"decode\"");
    result_free(&r);
}

static void a_body_over_the_bound_is_refused_or_streamed(void **state)
{
    (void)state;
    struct buf body = {0};
    for (int i = 0; i < 40000; i++)
        buf_append_str(&body, STR("forty bytes of text that mean nothing.\n "));
    size_t at = body.n;
    buf_append_str(&body, STR("4111 1111 1111 1111\n"));
    for (int i = 0; i < 10000; i++)
        buf_append_str(&body, STR("forty bytes of text that mean nothing.\n "));
    struct turn turn = {.body = buf_str(&body), .type = "text/plain"};
    struct result r;
    driver_run(&driver, &turn, 8, &r);
    assert_int_equal(r.gate, GATE_REFUSE);
    assert_true(r.is_blocked);
    assert_has(&r.done, "\"failure\":\"limit\"");
    result_free(&r);
    turn.method = "PUT";
    turn.host = "files.oaiusercontent.com";
    turn.path = "/file-1?sig=x";
    char offset[64];
    snprintf(offset, sizeof offset, "\"start\":%zu,", at);
    for (unsigned way = 8; way < CUTS_WAYS; way++) {
        driver_run(&driver, &turn, way, &r);
        assert_int_equal(r.gate, GATE_STREAM);
        assert_true(r.is_blocked);
        assert_has(&r.done, "\"activity\":\"file.uploaded\"");
        assert_has(&r.done, "\"where\":\"file\"");
        assert_has(&r.done, "\"count\":1,");
        assert_has(&r.done, offset);
        result_free(&r);
    }
    buf_free(&body);
}

static void the_keeper_tells_edits_and_retries(void **state)
{
    (void)state;
    struct turn first = {
        .body = STR(PROMPT("u1", "a0", ",\"conversation_id\":\"c9\"", "one")),
        .answer = STR(ANSWER ANSWER_END)};
    struct turn edit = {
        .body = STR(PROMPT("u2", "a0", ",\"conversation_id\":\"c9\"", "two")),
        .answer = STR(ANSWER ANSWER_END)};
    struct result r;
    driver_forget(&driver);
    driver_run(&driver, &first, CUTS_WHOLE, &r);
    assert_has(&r.done, "\"activity\":\"prompt.created\"");
    result_free(&r);
    driver_run(&driver, &first, CUTS_WHOLE, &r);
    assert_has(&r.done, "\"activity\":\"prompt.created\"");
    assert_has(&r.done, "\"attempts\":2");
    result_free(&r);
    driver_run(&driver, &edit, CUTS_WHOLE, &r);
    assert_has(&r.done, "\"activity\":\"prompt.updated\"");
    assert_has(&r.done, "\"update\":\"edit\"");
    result_free(&r);
    keep_free(&driver.keep); /* gone: what the body tells stands */
    driver_run(&driver, &edit, CUTS_WHOLE, &r);
    assert_has(&r.done, "\"activity\":\"prompt.created\"");
    result_free(&r);
}

static void an_answer_read_again_is_told_once(void **state)
{
    (void)state;
    struct turn prompt = {.body = STR(PROMPT("u1", "a0", "", "one")),
        .answer = STR(ANSWER ANSWER_END)};
    struct turn resume = {.path = "/backend-api/f/conversation/resume",
        .body = STR("{\"conversation_id\":\"c9\",\"offset\":0}"),
        .answer = STR(ANSWER ANSWER_END)};
    struct result r;
    driver_forget(&driver);
    driver_run(&driver, &resume, CUTS_WHOLE, &r);
    assert_has(&r.done, "\"activity\":\"response.generated\"");
    result_free(&r);
    driver_forget(&driver);
    driver_run(&driver, &prompt, CUTS_WHOLE, &r);
    result_free(&r);
    driver_run(&driver, &resume, CUTS_WHOLE, &r);
    assert_int_equal(r.done.n, 0);
    result_free(&r);
}

static enum verdict_kind with_trailer(const char *name, const char *value)
{
    struct turn turn = {.path = "/backend-api/something/new"};
    const struct field trailer = {str_of(name), str_of(value)};
    struct exchange *ex = driver_new(&driver, &turn);
    exchange_request_data(ex, STR("{\"a\":\"hello\"}"));
    exchange_request_trailers(ex, &trailer, 1);
    exchange_request_end(ex);
    while (exchange_step(ex) == EXCHANGE_MORE)
        ;
    enum verdict_kind kind = exchange_verdict(ex)->kind;
    exchange_free(&ex);
    return kind;
}

static void trailers_are_looked_at(void **state)
{
    (void)state;
    assert_int_equal(
        with_trailer("x-note", "4111 1111 1111 1111"), VERDICT_BLOCK);
    assert_int_equal(with_trailer("x-note", "nothing"), VERDICT_ALLOW);
    assert_int_equal(
        with_trailer("x-csrf-token", "4111 1111 1111 1111"), VERDICT_ALLOW);
}

static void a_failing_store_turns_the_verdict(void **state)
{
    (void)state;
    struct turn turn = {.body = STR(PROMPT("u1", "a0", "", "one"))};
    struct result r = {0};
    driver_forget(&driver);
    struct exchange *ex = driver_new(&driver, &turn);
    exchange_request_data(ex, turn.body);
    exchange_request_end(ex);
    driver_steps(&driver, ex, &r);
    assert_int_equal(exchange_verdict(ex)->kind, VERDICT_ALLOW);
    exchange_fail(ex, FAIL_STORE);
    assert_int_equal(exchange_verdict(ex)->kind, VERDICT_BLOCK);
    struct exchange_reply reply;
    exchange_block_reply(ex, &reply);
    assert_has(&reply.body, "could not be stored");
    exchange_no_response(ex, reply.status);
    driver_steps(&driver, ex, &r);
    assert_has(&r.done, "\"failure\":\"store\"");
    buf_free(&reply.body);
    result_free(&r);
    exchange_free(&ex);
}

static void what_the_client_took_back_leaves_no_trace(void **state)
{
    (void)state;
    struct turn turn = {.body = STR(PROMPT("u1", "a0", "", "one"))};
    struct result r = {0};
    struct exchange *ex = driver_new(&driver, &turn);
    exchange_request_data(ex, str_sub(turn.body, 0, 40));
    exchange_request_cut(ex);
    exchange_no_response(ex, 0);
    driver_steps(&driver, ex, &r);
    assert_int_equal(r.open.n + r.done.n, 0);
    exchange_free(&ex);
}

static void a_block_of_the_light_app_is_a_message_in_its_stream(void **state)
{
    (void)state;
    static const struct {
        const char *accept, *type, *has;
    } wants[] = {
        {"application/vnd.openai.conversation-source+ndjson", "ndjson",
            "\"fallbackMarkdown\":\"This was stopped"},
        {"text/vnd.openai.web-mobile-partial+html", "partial+html",
            "for=\"assistant-pending-7-pending\""},
        {"*/*", "json", "{\"detail\":\"This was stopped"},
    };
    struct turn turn = {.method = "POST",
        .path = "/unauth-mweb/conversation/updates?operationId=1",
        .type = "application/x-www-form-urlencoded",
        .body = STR("prompt=4111+1111+1111+1111&userMessageId=u1&"
                    "assistantMessageId=pending-7&conversationState=%7B%22"
                    "conversationId%22%3A%22conv-x%22%7D")};
    for (size_t i = 0; i < ARRAY_LEN(wants); i++) {
        struct exchange_reply reply;
        struct result r = {0};
        turn.accept = wants[i].accept;
        struct exchange *ex = driver_new(&driver, &turn);
        exchange_request_data(ex, turn.body);
        exchange_request_end(ex);
        driver_steps(&driver, ex, &r);
        assert_int_equal(exchange_verdict(ex)->kind, VERDICT_BLOCK);
        exchange_block_reply(ex, &reply);
        assert_int_equal(reply.status, i < 2 ? 200 : 403);
        assert_true(str_has(reply.content_type, wants[i].type));
        assert_has(&reply.body, wants[i].has);
        assert_int_equal(str_has(buf_str(&reply.body), "conv-x"), i < 2);
        buf_free(&reply.body);
        result_free(&r);
        exchange_free(&ex);
    }
}

static void typed_addresses_are_scanned(void **state)
{
    (void)state;
    struct turn turn = {.method = "GET",
        .path = "/?q=my+card+4111%201111%201111%201111",
        .accept = "text/html,*/*"};
    struct result r;
    driver_run(&driver, &turn, CUTS_WHOLE, &r);
    assert_has(&r.done, "\"where\":\"url\"");
    assert_has_not(&r.done, "\"path\":\"/?");
    result_free(&r);
}

static void the_public_api_is_read_by_its_own_shapes(void **state)
{
    (void)state;
    struct turn turn = {.host = "api.openai.com",
        .path = "/v1/chat/completions",
        .authorization = "Bearer sk-proj-abcdef",
        .body = STR("{\"model\":\"gpt-4o\",\"messages\":[{\"role\":\"system\","
                    "\"content\":\"Be brief\"},{\"role\":\"user\",\"content\":"
                    "[{\"type\":\"text\",\"text\":\"Hi\"}]}]}"),
        .answer = STR("data: {\"id\":\"x1\",\"model\":\"gpt-4o\",\"choices\":[{"
                      "\"index\":0,\"delta\":{\"content\":\"Hel\"}}]}\n\n"
                      "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":"
                      "\"lo\"}}]}\n\ndata: [DONE]\n\n")};
    struct result r;
    driver_run_all(&driver, &turn, &r);
    assert_has(&r.done, "\"content\":\"Hi\",\"hidden\":\"Be brief\"");
    assert_has(&r.done, "\"content\":\"Hello\"");
    assert_has(&r.done, "\"source\":\"api-key\"");
    assert_has_not(&r.done, "abcdef");
    result_free(&r);
    turn.body = STR("{\"messages\":[{\"role\":\"user\",\"content\":"
                    "\"4111 1111 1111 1111\"}]}");
    driver_run_all(&driver, &turn, &r);
    assert_int_equal(r.reply_status, 403);
    assert_has(&r.reply, "{\"error\":{\"message\":");
    assert_has(&r.reply, "\"code\":\"blocked_by_policy\"");
    result_free(&r);
}

/* {"https://api.openai.com/profile":{"email":"a.user@example.com"}, … of
 * workspace w1 */
#define JWT                                                                    \
    "Bearer eyJhbGciOiJub25lIn0."                                              \
    "eyJodHRwczovL2FwaS5vcGVuYWkuY29tL3Byb2ZpbGUiOnsiZW1haWwiOiJhLnVzZXJAZXhh" \
    "bXBsZS5jb20ifSwiaHR0cHM6Ly9hcGkub3BlbmFpLmNvbS9hdXRoIjp7ImNoYXRncHRfYWNj" \
    "b3VudF9pZCI6IncxIn19.x"
#define TOKEN "__Secure-next-auth.session-token"

static void say(const char *authorization, const char *cookie, struct result *r)
{
    struct turn turn = {.body = STR(PROMPT("u0", "p", "", "hello")),
        .authorization = authorization,
        .cookie = cookie};
    driver_run(&driver, &turn, CUTS_WHOLE, r);
}

static void assert_said(const char *cookie, const char *what)
{
    struct result r;
    say(NULL, cookie, &r);
    assert_has(&r.open, what);
    assert_has(&r.done, what);
    result_free(&r);
}

static void a_call_with_cookies_only_is_its_sessions(void **state)
{
    (void)state;
    struct result r;
    driver_forget(&driver);
    assert_said(TOKEN "=s1", "\"user\":\"10.1.2.3\",\"source\":\"ip\"");
    say(JWT, "oai-did=d1; " TOKEN ".0=s1; " TOKEN ".1=s2", &r);
    assert_has(&r.open, "\"source\":\"jwt\"");
    assert_has_not(&r.open, "s1");
    result_free(&r);
    const char *known = "\"user\":\"a.user@example.com\",\"source\":"
                        "\"session\",\"ip\":\"10.1.2.3\",\"account\":"
                        "\"a.user@example.com\",\"workspace\":\"";
    assert_said(TOKEN ".0=s1;" TOKEN ".1=s2", known);
    assert_said(
        "_account=w2; " TOKEN ".0=s1; " TOKEN ".1=s2", "\"workspace\":\"w2\"");
    assert_said("oai-did=d1; " TOKEN "=new", known);
    assert_said("oai-did=d1", "\"source\":\"ip\"");
    assert_said(TOKEN "=s1", "\"source\":\"ip\"");
    assert_said(TOKEN "=no; _puid=user-7:1-x", "\"user\":\"user-7\"");
    assert_said(TOKEN ".0=s1; " TOKEN ".1=s2; _puid=user-7:1-x", known);
}

static void the_answer_about_the_session_names_it(void **state)
{
    (void)state;
    struct result r;
    struct turn turn = {.method = "GET",
        .path = "/api/auth/session",
        .cookie = TOKEN "=old",
        .set_cookie = TOKEN "=next; Path=/; HttpOnly",
        .answer_type = "application/json",
        .answer = STR("{\"user\":{\"id\":\"user-9\",\"email\":"
                      "\"b@example.com\"},\"account\":{\"id\":\"w9\"}}")};
    driver_forget(&driver);
    driver_run(&driver, &turn, CUTS_BYTES, &r);
    assert_int_equal(r.gate, GATE_FORWARD);
    assert_int_equal(r.done.n, 0);
    result_free(&r);
    assert_said(TOKEN "=old", "\"user\":\"b@example.com\"");
    assert_said(TOKEN "=next", "\"workspace\":\"w9\"");
    turn.path = "/backend-api/me";
    turn.cookie = TOKEN "=third";
    turn.set_cookie = NULL;
    turn.answer = STR("{\"id\":\"user-3\",\"email\":\"c@example.com\"}");
    driver_run(&driver, &turn, CUTS_BYTES, &r);
    result_free(&r);
    assert_said(TOKEN "=third", "\"user\":\"c@example.com\"");
}

/* The keeper is asked once, and only where there is something to record. */
static void who_is_known_costs_no_question(void **state)
{
    (void)state;
    struct identity_memory memory = {0};
    struct turn turn = {.authorization = JWT, .cookie = TOKEN "=s1"};
    struct result r;
    driver_forget(&driver);
    driver.env.memory = &memory;
    turn.body = STR(PROMPT("u0", "p", "", "hello"));
    driver_run(&driver, &turn, CUTS_WHOLE, &r);
    result_free(&r);
    struct keep *keep = driver.keep;
    driver.keep = NULL; /* only the connection knows */
    assert_said(TOKEN "=s1", "\"source\":\"session\"");
    assert_said(TOKEN "=s2", "\"source\":\"ip\"");
    turn = (struct turn){.method = "GET", .path = "/x", .cookie = TOKEN "=s3"};
    struct exchange *ex = driver_new(&driver, &turn);
    exchange_request_end(ex);
    assert_int_equal(exchange_step(ex), EXCHANGE_READY);
    exchange_no_response(ex, 502);
    assert_int_equal(exchange_step(ex), EXCHANGE_READY);
    exchange_free(&ex);
    driver.keep = keep;
    driver.env.memory = NULL;
    identity_memory_free(&memory);
}

static void draft(const char *text, struct result *r)
{
    char body[256];
    snprintf(body, sizeof body, "{\"input_text\":\"%s\"}", text);
    struct turn turn = {
        .path =
            "/backend-api/conversation/experimental/generate_autocompletions",
        .body = str_of(body)};
    driver_run(&driver, &turn, CUTS_WHOLE, r);
}

/* Fact sheet chatgpt-wire §3.4: 18 requests for one prompt. */
static void keystrokes_are_one_draft_and_no_finding_is_lost(void **state)
{
    (void)state;
    struct result r;
    static const char *const texts[] = {"w", "whe", "wher", "where"};
    driver_forget(&driver);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        draft(texts[i], &r);
        assert_has(&r.done, "\"activity\":\"prompt.drafted\"");
        assert_has(&r.open, texts[i]);
        result_free(&r);
    }
    draft("whe", &r); /* taken back: the longest is recorded already */
    assert_false(r.is_blocked);
    assert_int_equal(r.open.n + r.done.n, 0);
    result_free(&r);
    draft("w 4111 1111 1111 1111", &r);
    assert_true(r.is_blocked);
    assert_has(&r.done, "\"where\":\"draft\"");
    result_free(&r);
    draft("another", &r);
    assert_has(&r.done, "another");
    result_free(&r);
}

/* The client may fetch it while the answer that cites it is still coming. */
static void a_cited_file_is_named_before_the_answer_has_ended(void **state)
{
    (void)state;
    struct turn asks = {.host = "api.openai.com",
        .path = "/v1/responses",
        .body = STR("{\"model\":\"gpt-5\",\"input\":\"plot\",\"stream\":true}"),
        .answer =
            STR("event: response.output_text.annotation.added\n"
                "data: {\"type\":\"response.output_text.annotation.added\","
                "\"annotation\":{\"type\":\"container_file_citation\","
                "\"container_id\":\"c\",\"file_id\":\"cfile_1\","
                "\"filename\":\"q3.csv\"}}\n\n"),
        .answer_breaks = true};
    struct turn fetches = {.method = "GET",
        .host = "api.openai.com",
        .path = "/v1/containers/c/files/cfile_1/content",
        .answer_type = "text/csv",
        .answer = STR("a,b\n")};
    struct field kind = driver_field("content-type", "text/event-stream");
    struct result r = {0}, fetched;
    driver_forget(&driver);
    struct exchange *ex = driver_new(&driver, &asks);
    exchange_request_data(ex, asks.body);
    exchange_request_end(ex);
    driver_steps(&driver, ex, &r);
    exchange_response_head(ex, 200, &kind, 1, true);
    exchange_response_data(ex, asks.answer);
    driver_notes(&driver, ex);
    driver_run(&driver, &fetches, CUTS_WHOLE, &fetched);
    assert_has(&fetched.done, "\"id\":\"cfile_1\",\"name\":\"q3.csv\"");
    exchange_response_end(ex, false);
    driver_steps(&driver, ex, &r);
    exchange_free(&ex);
    result_free(&fetched);
    result_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_prompt_and_its_answer_become_two_activities),
        cmocka_unit_test(an_answer_without_its_end_mark_is_not_complete),
        cmocka_unit_test(a_card_number_is_blocked_and_the_page_is_told),
        cmocka_unit_test(samples_are_masked_when_texts_are_not_captured),
        cmocka_unit_test(hidden_places_of_a_prompt_are_scanned),
        cmocka_unit_test(unexplained_writes_are_scanned_all_the_same),
        cmocka_unit_test(what_is_no_content_passes_unrecorded),
        cmocka_unit_test(a_prompt_that_is_no_json_is_harvested_and_blocked),
        cmocka_unit_test(an_unknown_shape_of_messages_is_an_extract_failure),
        cmocka_unit_test(an_encoding_that_cannot_be_undone_is_blocked),
        cmocka_unit_test(a_body_over_the_bound_is_refused_or_streamed),
        cmocka_unit_test(the_keeper_tells_edits_and_retries),
        cmocka_unit_test(an_answer_read_again_is_told_once),
        cmocka_unit_test(trailers_are_looked_at),
        cmocka_unit_test(a_failing_store_turns_the_verdict),
        cmocka_unit_test(what_the_client_took_back_leaves_no_trace),
        cmocka_unit_test(a_block_of_the_light_app_is_a_message_in_its_stream),
        cmocka_unit_test(typed_addresses_are_scanned),
        cmocka_unit_test(the_public_api_is_read_by_its_own_shapes),
        cmocka_unit_test(a_call_with_cookies_only_is_its_sessions),
        cmocka_unit_test(the_answer_about_the_session_names_it),
        cmocka_unit_test(who_is_known_costs_no_question),
        cmocka_unit_test(keystrokes_are_one_draft_and_no_finding_is_lost),
        cmocka_unit_test(a_cited_file_is_named_before_the_answer_has_ended),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
