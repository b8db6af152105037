/* proxy/ws_handshake.h: what is offered on, what may be agreed. */
#include "proxy/ws_handshake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"

/* RFC 6455 §1.3 */
#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

static struct head *make_request(enum http_version version, const char *offer)
{
    struct head *head = head_new();
    head->version = version;
    head->protocol = STR("websocket");
    head->method = version == HTTP_2 ? STR("CONNECT") : STR("GET");
    head->has_body = version == HTTP_2;
    head_add(head, STR("sec-websocket-version"), STR("13"));
    if (version != HTTP_2)
        head_add(head, STR("sec-websocket-key"), STR(KEY));
    if (offer != NULL)
        head_add(head, STR("sec-websocket-extensions"), str_of(offer));
    return head;
}

static struct head *make_response(const char *agreed)
{
    struct head *head = head_new();
    head->status = 101;
    head->has_body = true;
    head_add(head, STR("sec-websocket-accept"), STR(ACCEPT));
    if (agreed != NULL)
        head_add(head, STR("sec-websocket-extensions"), str_of(agreed));
    return head;
}

static void offers_are_rewritten(void **state)
{
    (void)state;
    static const struct {
        const char *offer, *want;
    } cases[] = {
        {"permessage-deflate; client_max_window_bits",
            "permessage-deflate; client_max_window_bits"},
        {"Permessage-Deflate", "permessage-deflate"},
        {"permessage-bzip2, permessage-deflate;server_no_context_takeover "
         "; client_no_context_takeover",
            "permessage-deflate; client_no_context_takeover; "
            "server_no_context_takeover"},
        {"permessage-deflate; client_max_window_bits=\"10\"; "
         "server_max_window_bits=8, permessage-deflate, x-webkit-deflate",
            "permessage-deflate; client_max_window_bits=10; "
            "server_max_window_bits=8, permessage-deflate"},
        {"permessage-deflate; mystery", NULL},
        {"permessage-deflate; server_max_window_bits", NULL},
        {"permessage-deflate; client_max_window_bits=7", NULL},
        {"permessage-deflate; client_max_window_bits=16", NULL},
        {"permessage-deflate; client_max_window_bits=08", NULL},
        {"permessage-deflate; client_max_window_bits=", NULL},
        {"permessage-deflate; client_no_context_takeover=1", NULL},
        {"permessage-deflate; client_no_context_takeover; "
         "client_no_context_takeover",
            NULL},
        {"mux, foo; bar=\"permessage-deflate\"", NULL},
        {"", NULL},
        {",;,", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct head *head = make_request(HTTP_1_1, cases[i].offer);
        assert_null(ws_prepare_request(head));
        struct str offer = head_get(head, "sec-websocket-extensions");
        if (cases[i].want == NULL)
            assert_null(offer.p);
        else
            assert_true(str_is(offer, cases[i].want));
        head_free(&head);
    }
}

static void several_lines_of_offers_become_one(void **state)
{
    (void)state;
    struct head *head = make_request(HTTP_2, "permessage-deflate");
    head_add(head, STR("sec-websocket-extensions"),
        STR("foo, permessage-deflate; server_no_context_takeover"));
    assert_null(ws_prepare_request(head));
    assert_true(str_is(head_get(head, "sec-websocket-extensions"),
        "permessage-deflate, permessage-deflate; server_no_context_takeover"));
    head_remove(head, "sec-websocket-extensions");
    assert_int_equal(head->count, 1);
    head_free(&head);
}

static const char *refusal(enum http_version version, const char *field,
    const char *value, struct str method, bool has_body)
{
    struct head *head = make_request(version, NULL);
    if (field != NULL)
        head_remove(head, field);
    if (value != NULL)
        head_add(head, str_of(field), str_of(value));
    if (method.n != 0)
        head->method = method;
    head->has_body = has_body;
    const char *reason = ws_prepare_request(head);
    head_free(&head);
    return reason != NULL ? reason : "fine";
}

static void what_is_no_upgrade_of_ours_is_refused(void **state)
{
    (void)state;
    const char *version = "sec-websocket-version", *key = "sec-websocket-key";
    struct str none = STR_NONE;
    assert_string_equal(refusal(HTTP_1_1, NULL, NULL, none, false), "fine");
    assert_string_equal(refusal(HTTP_2, NULL, NULL, none, true), "fine");
    assert_string_equal(
        refusal(HTTP_1_1, version, NULL, none, false), "ws-version");
    assert_string_equal(
        refusal(HTTP_1_1, version, "8", none, false), "ws-version");
    assert_string_equal(
        refusal(HTTP_1_1, version, "13, 8", none, false), "ws-version");
    assert_string_equal(refusal(HTTP_1_1, key, NULL, none, false), "ws-key");
    assert_string_equal(refusal(HTTP_1_1, key, "abc", none, false), "ws-key");
    assert_string_equal(refusal(HTTP_1_1, key, "YWJj", none, false), "ws-key");
    assert_string_equal(
        refusal(HTTP_1_1, NULL, NULL, STR("POST"), false), "ws-method");
    assert_string_equal(
        refusal(HTTP_2, NULL, NULL, STR("GET"), true), "ws-method");
    assert_string_equal(refusal(HTTP_1_1, NULL, NULL, none, true), "ws-body");
    assert_string_equal(refusal(HTTP_2, NULL, NULL, none, false), "ws-body");
    struct head *head = make_request(HTTP_2, NULL);
    head->protocol = STR("connect-udp");
    assert_false(ws_is_upgrade(head));
    assert_string_equal(ws_prepare_request(head), "ws-protocol");
    head_free(&head);
}

static const char *answer(
    const char *offer, const char *agreed, struct ws_agreed *agreed_out)
{
    struct head *request = make_request(HTTP_1_1, offer);
    struct head *response = make_response(agreed);
    assert_null(ws_prepare_request(request));
    const char *reason = ws_check_response(request, response, agreed_out);
    head_free(&request);
    head_free(&response);
    return reason;
}

static void what_was_agreed_is_understood(void **state)
{
    (void)state;
    struct ws_agreed a;
    assert_null(answer(NULL, NULL, &a));
    assert_false(a.has_deflate);
    assert_null(answer("permessage-deflate", NULL, &a));
    assert_false(a.has_deflate);
    assert_null(answer("permessage-deflate", "permessage-deflate", &a));
    assert_true(a.has_deflate && !a.client_resets && !a.server_resets);
    assert_null(answer("permessage-deflate; client_max_window_bits",
        "permessage-deflate; server_no_context_takeover;"
        "client_max_window_bits=12; server_max_window_bits=15",
        &a));
    assert_true(a.has_deflate && !a.client_resets && a.server_resets);
    assert_null(answer("permessage-deflate",
        "permessage-deflate;client_no_context_takeover", &a));
    assert_true(a.has_deflate && a.client_resets && !a.server_resets);
}

static void an_agreement_on_anything_else_is_refused(void **state)
{
    (void)state;
    struct ws_agreed a;
    const char *offer = "permessage-deflate; client_max_window_bits";
    static const char *const bad[] = {"foo", "permessage-deflate, foo",
        "permessage-deflate, permessage-deflate",
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate; mystery=1",
        "permessage-deflate; "
        "server_max_window_bits=9; "
        "server_max_window_bits=9"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_string_equal(answer(offer, bad[i], &a), "ws-extension");
    assert_string_equal(answer(NULL, "permessage-deflate", &a), "ws-extension");
    assert_string_equal(
        answer("foo", "permessage-deflate", &a), "ws-extension");
    assert_false(a.has_deflate);
}

static const char *protocol_answer(
    const char *asked, const char *more, const char *chosen, const char *again)
{
    struct ws_agreed a;
    struct head *request = make_request(HTTP_1_1, NULL);
    struct head *response = make_response(NULL);
    if (asked != NULL)
        head_add(request, STR("sec-websocket-protocol"), str_of(asked));
    if (more != NULL)
        head_add(request, STR("sec-websocket-protocol"), str_of(more));
    head_add(response, STR("sec-websocket-protocol"), str_of(chosen));
    if (again != NULL)
        head_add(response, STR("sec-websocket-protocol"), str_of(again));
    const char *reason = ws_check_response(request, response, &a);
    head_free(&request);
    head_free(&response);
    return reason;
}

static void s3_a_subprotocol_is_one_that_was_asked_for(void **state)
{
    (void)state;
    assert_null(protocol_answer("chat", NULL, "chat", NULL));
    assert_null(protocol_answer("a, chat ,b", NULL, "chat", NULL));
    assert_null(protocol_answer("a", "b,chat", "chat", NULL));
    const char *const asked[] = {NULL, "other", "Chat", "chatty", ""};
    for (size_t i = 0; i < ARRAY_LEN(asked); i++)
        assert_string_equal(
            protocol_answer(asked[i], NULL, "chat", NULL), "ws-subprotocol");
    assert_string_equal(
        protocol_answer("a, b", NULL, "a", "b"), "ws-subprotocol");
    assert_string_equal(
        protocol_answer("a, b", NULL, "a, b", NULL), "ws-subprotocol");
}

static void the_key_must_be_answered(void **state)
{
    (void)state;
    struct ws_agreed a;
    struct head *request = make_request(HTTP_1_1, NULL);
    struct head *response = make_response(NULL);
    assert_null(ws_check_response(request, response, &a));
    head_set(response, "sec-websocket-accept", STR(KEY));
    assert_string_equal(ws_check_response(request, response, &a), "ws-accept");
    head_remove(response, "sec-websocket-accept");
    assert_string_equal(ws_check_response(request, response, &a), "ws-accept");
    head_free(&request);
    request = make_request(HTTP_2, NULL); /* has no key */
    assert_null(ws_check_response(request, response, &a));
    response->has_body = false;
    assert_string_equal(ws_check_response(request, response, &a), "ws-ended");
    head_free(&request);
    head_free(&response);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offers_are_rewritten),
        cmocka_unit_test(several_lines_of_offers_become_one),
        cmocka_unit_test(what_is_no_upgrade_of_ours_is_refused),
        cmocka_unit_test(what_was_agreed_is_understood),
        cmocka_unit_test(an_agreement_on_anything_else_is_refused),
        cmocka_unit_test(s3_a_subprotocol_is_one_that_was_asked_for),
        cmocka_unit_test(the_key_must_be_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
