/* inspect/identity.h: who sent a request (fact sheet chatgpt-wire §7.1). */
#include "inspect/identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base64.h"

static struct arena arena;

static struct actor find(
    const struct field *fields, size_t count, const char *proxy_user)
{
    struct exchange_request request = {.fields = fields,
        .field_count = count,
        .proxy_user = str_of(proxy_user),
        .client_ip = STR("10.1.2.3")};
    struct actor actor;
    identity_find(&request, &arena, &actor);
    return actor;
}

static int clean(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static struct str bearer(const char *claims)
{
    struct buf text = {0};
    buf_append_str(&text, STR("Bearer eyJhbGciOiJSUzI1NiJ9."));
    base64_encode(str_of(claims), &text);
    buf_append_str(&text, STR(".c2ln"));
    struct str kept = arena_copy(&arena, buf_str(&text));
    buf_free(&text);
    return kept;
}

static void claims_name_the_user_and_headers_the_workspace(void **state)
{
    (void)state;
    struct field fields[] = {
        {STR("authorization"),
            bearer("{\"sub\":\"x\",\"https://api.openai.com/profile\":{"
                   "\"email\":\"a.user@example.com\"},"
                   "\"https://api.openai.com/auth\":{\"chatgpt_account_id\":"
                   "\"from-token\",\"chatgpt_user_id\":\"user-1\"}}")},
        {STR("oai-device-id"), STR("device-1")},
        {STR("chatgpt-account-id"), STR("from-header")},
    };
    struct actor actor = find(fields, 2, NULL);
    assert_true(str_is(actor.user, "a.user@example.com"));
    assert_true(str_is(actor.source, "jwt"));
    assert_true(str_is(actor.workspace, "from-token"));
    assert_true(str_is(actor.device, "device-1"));
    assert_true(actor.is_signed_in);
    actor = find(fields, 3, "ana");
    assert_true(str_is(actor.user, "ana"));
    assert_true(str_is(actor.source, "proxy-auth"));
    assert_true(str_is(actor.account, "a.user@example.com"));
    assert_true(str_is(actor.workspace, "from-header"));
}

static void api_keys_are_told_apart_but_never_shown(void **state)
{
    (void)state;
    struct field one = {STR("authorization"), STR("Bearer sk-proj-secret1")};
    struct field two = {STR("authorization"), STR("Bearer sk-proj-secret2")};
    struct actor a = find(&one, 1, NULL), b = find(&two, 1, NULL);
    assert_true(str_is(a.source, "api-key"));
    assert_false(str_eq(a.user, b.user));
    assert_false(str_has(a.user, "secret"));
}

static void a_token_without_claims_is_nobodys_name(void **state)
{
    (void)state;
    struct field opaque = {
        STR("authorization"), STR("Bearer 4f9aXopaque0000session1111")};
    struct actor actor = find(&opaque, 1, NULL);
    assert_true(str_is(actor.source, "ip"));
    assert_int_equal(actor.account.n, 0);
    assert_true(actor.is_signed_in);
    struct field key = {STR("api-key"), STR("0123456789abcdef01234567")};
    assert_true(str_is(find(&key, 1, NULL).source, "api-key"));
}

static void the_address_is_the_last_resort(void **state)
{
    (void)state;
    struct field fields[] = {
        {STR("cookie"), STR("a=b; oai-did=d-9; _account=w-9")},
        {STR("authorization"), STR("Basic xyz")},
    };
    struct actor actor = find(fields, 2, NULL);
    assert_true(str_is(actor.user, "10.1.2.3"));
    assert_true(str_is(actor.source, "ip"));
    assert_true(str_is(actor.device, "d-9"));
    assert_true(str_is(actor.workspace, "w-9"));
    assert_false(actor.is_signed_in);
}

static void broken_tokens_do_no_harm(void **state)
{
    (void)state;
    static const char *const tokens[] = {"Bearer ", "Bearer a.b", "Bearer a..b",
        "Bearer a.!!!.b", "Bearer a.e30.b", "Bearer a.W10.b", "Bearer ..."};
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        struct field f = {STR("authorization"), str_of(tokens[i])};
        struct actor actor = find(&f, 1, NULL);
        assert_true(actor.user.n != 0);
        assert_false(str_is(actor.source, "jwt"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(
            claims_name_the_user_and_headers_the_workspace, clean),
        cmocka_unit_test_teardown(
            api_keys_are_told_apart_but_never_shown, clean),
        cmocka_unit_test_teardown(
            a_token_without_claims_is_nobodys_name, clean),
        cmocka_unit_test_teardown(the_address_is_the_last_resort, clean),
        cmocka_unit_test_teardown(broken_tokens_do_no_harm, clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
