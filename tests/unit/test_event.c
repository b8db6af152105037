/* Administrative events as an exchange tells them: recorded before the request
 * goes on, completed or taken back by the answer, judged by what is asked for.
 * The routes themselves are tested by tests/e2e/replay_admin.py. */
#include "exchange_driver.h"

#define SECRET "sk-svcacct-NobodyMayEverSeeThis0123456789wxyz"
#define ORG "/v1/organization"
#define PROJECT ORG "/projects/proj_1"

static const char *const rules = "groups: {admins: [ana@example.com]}\n"
                                 "rules:\n"
                                 "  - name: keys\n"
                                 "    when: {activity: api_key.created}\n"
                                 "    unless: {group: [admins]}\n"
                                 "    verdict: block\n"
                                 "    message: Ask the platform team.\n"
                                 "  - name: owners\n"
                                 "    when: {role: '*owner*'}\n"
                                 "    verdict: block\n"
                                 "  - name: scopes\n"
                                 "    when: {scope: '*write*'}\n"
                                 "    verdict: block\n"
                                 "  - name: retention\n"
                                 "    when: {change: retention_type}\n"
                                 "    verdict: alert\n";

static struct turn turn(const char *method, const char *path, const char *body,
    const char *answer, int status)
{
    return (struct turn){.method = method,
        .host = "api.openai.com",
        .path = path,
        .body = str_of(body),
        .authorization = "Bearer sk-admin-0123456789abcdefghijklmnopqrst",
        .answer_type = "application/json",
        .status = status,
        .answer = str_of(answer)};
}

static void judge_by(struct driver *d, const char *policy)
{
    struct bundle bundle = {0};
    struct diag diag = {0};
    bundle_add(&bundle, BUNDLE_POLICY, STR("policy.yaml"), str_of(policy));
    policy_free(&d->policy);
    d->policy = policy_load(&bundle, &diag);
    assert_string_equal(buf_cstr(&diag.text), "");
    d->env.policy = d->policy;
    bundle_free(&bundle);
    diag_free(&diag);
}

static void a_write_is_open_before_it_goes_and_done_by_its_answer(void **state)
{
    (void)state;
    struct driver d;
    struct result r;
    driver_open(&d);
    struct turn t = turn("POST", PROJECT "/users",
        "{\"email\":\"bo@x.example\",\"role\":\"member\"}",
        "{\"id\":\"user-7\",\"email\":\"bo@x.example\",\"role\":\"member\"}",
        200);
    driver_run_all(&d, &t, &r);
    assert_has(&r.open, "\"target\":{\"type\":\"user\",\"name\":");
    assert_has(&r.open, "\"project_id\":\"proj_1\"");
    assert_has(&r.done, "\"target\":{\"type\":\"user\",\"id\":\"user-7\","
                        "\"name\":\"bo@x.example\"}");
    assert_has(&r.done, "\"outcome\":\"success\"");
    assert_int_equal(r.taken_back.n, 0);
    result_free(&r);
    driver_close(&d);
}

static void what_fails_is_taken_back(void **state)
{
    (void)state;
    struct driver d;
    driver_open(&d);
    const struct turn turns[] = {
        turn("POST", ORG "/projects", "{\"name\":\"x\"}", "{}", 403),
        turn("POST", ORG "/projects", "{\"name\":\"x\"}", "<html>", 200),
        turn("POST", ORG "/projects", "{\"name\":\"x\"}", "", 200),
        turn("DELETE", ORG "/users/user-1", "", "{\"deleted\":false}", 200),
    };
    for (size_t i = 0; i < ARRAY_LEN(turns); i++) {
        struct result r;
        driver_run_all(&d, &turns[i], &r);
        assert_true(r.open.n != 0);
        assert_int_equal(r.done.n, 0);
        assert_true(r.taken_back.n != 0);
        result_free(&r);
    }
    driver_close(&d);
}

static void a_broken_answer_of_success_is_told_as_incomplete(void **state)
{
    (void)state;
    struct driver d;
    struct result r;
    driver_open(&d);
    struct turn t = turn("POST", ORG "/projects", "{\"name\":\"x\"}",
        "{\"id\":\"proj_9\",\"name\":\"x\",\"sta", 200);
    t.answer_breaks = true;
    driver_run_all(&d, &t, &r);
    assert_has(&r.done, "\"id\":\"proj_9\"");
    assert_has(&r.done, "\"complete\":false");
    result_free(&r);
    t.answer = str_of("<html");
    driver_run_all(&d, &t, &r);
    assert_int_equal(r.done.n, 0);
    result_free(&r);
    t.answer = STR_NONE;
    driver_run_all(&d, &t, &r);
    assert_has(&r.done, "\"outcome\":\"success\"");
    result_free(&r);
    driver_close(&d);
}

static void what_fails_and_was_alerted_on_is_a_failure(void **state)
{
    (void)state;
    struct driver d;
    struct result r;
    driver_open(&d);
    judge_by(&d, rules);
    struct turn t = turn("POST", ORG "/data_retention",
        "{\"retention_type\":\"zero_data_retention\"}", "{}", 403);
    driver_run_all(&d, &t, &r);
    assert_has(&r.done, "\"outcome\":\"failure\"");
    assert_has(&r.done, "\"rule\":\"retention\"");
    assert_int_equal(r.taken_back.n, 0);
    result_free(&r);
    driver_close(&d);
}

static void a_service_account_with_a_key_is_two_and_keeps_no_secret(
    void **state)
{
    (void)state;
    struct driver d;
    struct result r;
    driver_open(&d);
    struct turn t =
        turn("POST", PROJECT "/service_accounts", "{\"name\":\"bot\"}",
            "{\"id\":\"svc_acct_1\",\"name\":\"bot\",\"role\":\"member\","
            "\"api_key\":{\"id\":\"key_1\",\"value\":\"" SECRET "\"}}",
            200);
    driver_run_all(&d, &t, &r);
    assert_has(&r.done, "service_account.created");
    assert_has(&r.done, "api_key.created");
    assert_has(&r.done, "\"key_last4\":\"wxyz\"");
    assert_has_not(&r.done, "NobodyMayEver");
    result_free(&r);
    driver_close(&d);
}

static void assert_blocked(struct driver *d, const char *path, const char *body,
    const char *activity, const char *rule)
{
    struct turn t = turn("POST", path, body, "", 200);
    struct result r;
    driver_run_all(d, &t, &r);
    assert_true(r.is_blocked);
    assert_int_equal(r.reply_status, 403);
    assert_has(&r.reply, "{\"error\":{\"message\":");
    assert_has(&r.reply, "\"code\":\"blocked_by_policy\"");
    assert_has(&r.done, activity);
    assert_has(&r.done, rule);
    assert_has(&r.done, "\"outcome\":\"failure\"");
    result_free(&r);
}

static void policies_judge_what_is_asked_for(void **state)
{
    (void)state;
    struct driver d;
    driver_open(&d);
    judge_by(&d, rules);
    assert_blocked(&d, ORG "/admin_api_keys", "{\"name\":\"x\"}",
        "api_key.created", "keys");
    assert_blocked(&d, "/v1/dashboard/user/api_keys",
        "{\"action\":\"create\",\"name\":\"x\"}", "api_key.created", "keys");
    assert_blocked(&d, PROJECT "/service_accounts", "{\"name\":\"x\"}",
        "service_account.created", "keys");
    assert_blocked(&d, PROJECT "/users",
        "{\"user_id\":\"u\",\"role\":\"owner\"}", "user.added", "owners");
    assert_blocked(&d, ORG "/users/user-1", "{\"role_id\":\"role-Owner\"}",
        "user.updated", "owners");
    assert_blocked(&d, ORG "/invites",
        "{\"email\":\"a@x\",\"role\":\"reader\","
        "\"projects\":[{\"id\":\"p\",\"role\":\"owner\"}]}",
        "invite.sent", "owners");
    assert_blocked(&d, "/v1/dashboard/user/api_keys",
        "{\"action\":\"update\",\"scopes\":[\"a\",\"api.model.write\"]}",
        "api_key.updated", "scopes");
    struct turn alone = turn("POST", PROJECT "/service_accounts",
        "{\"name\":\"x\",\"create_service_account_only\":true}",
        "{\"id\":\"svc_acct_1\",\"api_key\":null}", 200);
    struct result r;
    driver_run_all(&d, &alone, &r);
    assert_false(r.is_blocked);
    assert_has(&r.done, "service_account.created");
    assert_has_not(&r.done, "api_key.created");
    result_free(&r);
    driver_close(&d);
}

static void a_workspace_is_told_in_its_own_form(void **state)
{
    (void)state;
    struct driver d;
    struct result r;
    driver_open(&d);
    judge_by(&d, rules);
    struct turn t = turn("POST", "/backend-api/accounts/ws-1/invites",
        "{\"email_addresses\":[\"a@x.example\",\"b@x.example\"],"
        "\"role\":\"account-owner\"}",
        "", 200);
    t.host = "chatgpt.com";
    driver_run_all(&d, &t, &r);
    assert_true(r.is_blocked);
    assert_has(&r.reply, "{\"detail\":");
    assert_has(&r.done, "\"targets\":[{\"type\":\"invite\",\"name\":\"a@x");
    assert_has(&r.done, "\"workspace\":\"ws-1\"");
    result_free(&r);
    driver_close(&d);
}

/* As many records as there are elements. */
static void a_list_gives_an_activity_each(void **state)
{
    (void)state;
    struct driver d;
    struct result r;
    struct buf answer = {0};
    driver_open(&d);
    buf_append_str(&answer, STR("{\"account_invites\":["));
    for (int i = 0; i < 100; i++)
        buf_printf(&answer, "%s{\"id\":\"inv-%d\",\"email_address\":\"a%d@x\"}",
            i != 0 ? "," : "", i, i);
    buf_append_str(&answer, STR("]}"));
    struct turn t = turn("POST", "/backend-api/accounts/ws-1/invites",
        "{\"email_addresses\":[\"a0@x\"]}", buf_cstr(&answer), 200);
    t.host = "chatgpt.com";
    driver_run_all(&d, &t, &r);
    size_t count = 0;
    struct str rest = buf_str(&r.done), line;
    while (str_split(&rest, '\n', &line))
        count += str_has(line, "invite.sent");
    assert_int_equal(count, 100);
    result_free(&r);
    buf_free(&answer);
    driver_close(&d);
}

/* The maps in another order are the same. */
static void overlays_come_first_wherever_they_are_named(void **state)
{
    (void)state;
    struct driver d;
    struct result r;
    struct bundle turned = {0};
    struct diag diag = {0};
    driver_open(&d);
    for (size_t i = d.bundle.count; i-- > 0;)
        if (d.bundle.files[i].kind == BUNDLE_SERVICE)
            bundle_add(&turned, BUNDLE_SERVICE, d.bundle.files[i].name,
                d.bundle.files[i].text);
    service_set_free(&d.services);
    d.services = service_set_load(&turned, &diag);
    d.env.services = d.services;
    struct turn t = turn("DELETE", ORG "/invites/invite-1", "",
        "{\"id\":\"invite-1\",\"deleted\":true}", 200);
    driver_run(&d, &t, CUTS_WHOLE, &r);
    assert_has(&r.done, "\"activity\":\"invite.deleted\"");
    assert_has(&r.done, "\"service\":\"openai-platform\"");
    result_free(&r);
    struct turn other =
        turn("POST", "/v1/nothing/known", "{\"a\":\"b\"}", "{}", 200);
    driver_run(&d, &other, CUTS_WHOLE, &r);
    assert_has(&r.done, "\"service\":\"openai-api\"");
    result_free(&r);
    bundle_free(&turned);
    driver_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_write_is_open_before_it_goes_and_done_by_its_answer),
        cmocka_unit_test(what_fails_is_taken_back),
        cmocka_unit_test(a_broken_answer_of_success_is_told_as_incomplete),
        cmocka_unit_test(what_fails_and_was_alerted_on_is_a_failure),
        cmocka_unit_test(
            a_service_account_with_a_key_is_two_and_keeps_no_secret),
        cmocka_unit_test(policies_judge_what_is_asked_for),
        cmocka_unit_test(a_workspace_is_told_in_its_own_form),
        cmocka_unit_test(a_list_gives_an_activity_each),
        cmocka_unit_test(overlays_come_first_wherever_they_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
