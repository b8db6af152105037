/* inspect/audit_log.h, inspect/compliance_log.h, inspect/log_map.h: events of
 * the logs as activities, with the shipped map. */
#include "tests/unit/shipped_conf.h"

#include <stdio.h>
#include <string.h>

#include "inspect/audit_log.h"
#include "inspect/compliance_log.h"
#include "inspect/log_map.h"

typedef enum err read_fn(const struct log_env *env,
    const struct json_node *event, struct log_activities *out);

static struct log_activities list;
static struct buf lines;

static int clean(void **state)
{
    (void)state;
    log_activities_free(&list);
    buf_free(&lines);
    return 0;
}

static const char *tell(read_fn *read, const char *json)
{
    struct log_env env = {.services = conf->services, .policy = conf->policy};
    struct arena arena = {0};
    struct json_node *root;
    log_activities_free(&list);
    buf_clear(&lines);
    assert_int_equal(json_parse(str_of(json), &arena, NULL, &root), OK);
    enum err err = read(&env, root, &list);
    arena_free(&arena); /* nothing of the event may be borrowed */
    if (err != OK)
        return err_name(err);
    for (size_t i = 0; i < list.count; i++) {
        activity_write(list.items[i], CAPTURE_FULL, &lines);
        buf_append_char(&lines, '\n');
    }
    return buf_cstr(&lines);
}

static void assert_has(const char *text, const char *what)
{
    if (strstr(text, what) == NULL)
        fail_msg("no %s in %s", what, text);
}

static void every_type_keeps_its_name(void **state)
{
    (void)state;
    size_t count = 0;
    char json[256];
    for (const char *type; (type = audit_log_type(count)) != NULL; count++) {
        snprintf(json, sizeof json, "{\"type\":\"%s\",\"%s\":{\"id\":\"i\"}}",
            type, type);
        assert_has(tell(audit_log_read, json), type);
        assert_null(activity_detail(list.items[0], "raw"));
    }
    assert_int_equal(count, 59);
    for (count = 0; audit_log_tenant_type(count) != NULL; count++) {
        snprintf(json, sizeof json, "{\"type\":\"%s\"}",
            audit_log_tenant_type(count));
        assert_has(tell(audit_log_read, json), audit_log_tenant_type(count));
        assert_non_null(activity_detail(list.items[0], "raw"));
    }
    assert_int_equal(count, 86);
}

static void names_that_are_none_are_unclassified(void **state)
{
    (void)state;
    assert_has(tell(audit_log_read, "{\"type\":\"a b\"}"),
        "\"activity\":\"admin.unclassified\"");
    assert_has(tell(audit_log_read, "{\"type\":\"not.yet.known\"}"),
        "\"activity\":\"not.yet.known\"");
    assert_string_equal(tell(audit_log_read, "{\"id\":\"x\"}"), "parse");
    assert_string_equal(tell(audit_log_read, "[]"), "parse");
    assert_string_equal(tell(compliance_log_read, "{\"x\":1}"), "parse");
}

static void the_underscore_of_old_clients_becomes_a_dot(void **state)
{
    (void)state;
    const char *line = tell(audit_log_read,
        "{\"type\":\"checkpoint_permission.created\","
        "\"project\":{\"id\":\"proj_default\"},"
        "\"checkpoint_permission.created\":{\"id\":\"cp_1\","
        "\"data\":{\"project_id\":\"proj_1\"}}}");
    assert_has(line, "\"activity\":\"checkpoint.permission.created\"");
    assert_has(line, "\"id\":\"cp_1\"");
    assert_has(line, "\"project_id\":\"proj_1\"");
}

static void the_same_event_is_the_same_activity(void **state)
{
    (void)state;
    char id[UUID_TEXT_BYTES];
    const char event[] = "{\"type\":\"user.added\",\"id\":\"audit_log-1\","
                         "\"effective_at\":1767607200,\"user.added\":{}}";
    tell(audit_log_read, event);
    memcpy(id, list.items[0]->id, sizeof id);
    assert_int_equal(id[14], '7');
    tell(audit_log_read, event);
    assert_string_equal(list.items[0]->id, id);
    /* Of a log without ids the event itself is one. */
    tell(audit_log_read, "{\"type\":\"user.added\",\"a\":1}");
    memcpy(id, list.items[0]->id, sizeof id);
    tell(audit_log_read, "{\"type\":\"user.added\",\"a\":2}");
    assert_string_not_equal(list.items[0]->id + 14, id + 14);
    tell(audit_log_read, "{ \"type\": \"user.added\", \"a\": 1 }");
    assert_string_equal(list.items[0]->id + 14, id + 14);
}

static void secrets_are_not_kept(void **state)
{
    (void)state;
    static const char *const events[] = {
        "{\"type\":\"x.made\",\"x.made\":{\"id\":\"sk-admin-"
        "0123456789abcdefgh\","
        "\"value\":\"HIDDEN\",\"data\":{\"client_secret\":\"HIDDEN\","
        "\"accessToken\":[\"HIDDEN\"],\"deep\":{\"l\":[{\"password\":"
        "\"HIDDEN\","
        "\"note\":\"eyJhbGciOiJIUzI1NiJ9.HIDDEN\"}]}}}}",
        "{\"type\":\"AUDIT_LOG\",\"action\":\"WORKSPACE_TOGGLE_FEATURE\","
        "\"action_data\":{\"feature\":\"x\",\"value\":\"HIDDEN\"}}",
        "{\"type\":\"AUDIT_LOG\",\"action\":\"KEY_MADE\",\"action_data\":"
        "{\"token\":{\"a\":\"HIDDEN\"},\"n\":\"-----BEGIN PRIVATE KEY-----\"}}",
    };
    for (size_t i = 0; i < 3; i++) {
        const char *line =
            tell(i == 0 ? audit_log_read : compliance_log_read, events[i]);
        assert_null(strstr(line, "HIDDEN"));
        assert_null(strstr(line, "0123456789abcdefgh"));
        assert_null(strstr(line, "PRIVATE KEY"));
    }
}

static void an_update_names_what_is_changed(void **state)
{
    (void)state;
    assert_has(tell(audit_log_read,
                   "{\"type\":\"api_key.updated\",\"api_key.updated\":{\"id\":"
                   "\"k\",\"changes_requested\":{\"scopes\":[\"a\"]}}}"),
        "\"changes\":[\"scopes\"],\"details\":{\"scopes\":[\"a\"]}");
    assert_has(
        tell(audit_log_read,
            "{\"type\":\"api_key.updated\",\"api_key.updated\":{\"id\":\"k\","
            "\"data\":{\"scopes\":[\"a\"]}}}"),
        "\"changes\":[\"scopes\"],\"details\":{\"scopes\":[\"a\"]}");
    assert_has(tell(audit_log_read,
                   "{\"type\":\"ip_allowlist.updated\",\"ip_allowlist.updated\""
                   ":{\"id\":\"l\",\"allowed_ips\":[\"0.0.0.0/0\"]}}"),
        "\"changes\":[\"allowed_ips\"],\"details\":{\"allowed_ips\":[\"0.0.0.0/"
        "0\"]}");
    assert_null(strstr(
        tell(audit_log_read, "{\"type\":\"user.added\",\"user.added\":{\"id\":"
                             "\"u\",\"data\":{\"role\":\"owner\"}}}"),
        "changes"));
}

static void actors_are_whoever_the_log_names(void **state)
{
    (void)state;
    assert_has(tell(audit_log_read, "{\"type\":\"a.b\",\"actor\":null}"),
        "\"actor\":{}");
    assert_has(tell(audit_log_read,
                   "{\"type\":\"a.b\",\"actor\":{\"type\":\"api_key\","
                   "\"api_key\":{\"type\":\"user\",\"user\":{\"id\":\"user-1\","
                   "\"email\":\"a@b.example\"}}}}"),
        "\"actor\":{\"user\":\"a@b.example\",\"source\":\"api-key\","
        "\"account\":\"a@b.example\",\"user_id\":\"user-1\"}");
    assert_has(tell(audit_log_read,
                   "{\"type\":\"a.b\",\"actor\":{\"type\":\"api_key\","
                   "\"api_key\":{\"id\":\"key_1\"}}}"),
        "\"actor\":{\"user\":\"key_1\",\"source\":\"api-key\",\"account\":"
        "\"key_1\"}");
    assert_has(
        tell(compliance_log_read,
            "{\"type\":\"X\",\"principal\":{\"id\":\"ws\"},\"actor\":{\"type\":"
            "\"API_KEY\",\"redacted_id\":\"sk-…4\"},\"request_metadata\":"
            "{\"client_ip\":\"192.0.2.1\"}}"),
        "\"actor\":{\"user\":\"sk-…4\",\"source\":\"api-key\",\"ip\":"
        "\"192.0.2.1\",\"account\":\"sk-…4\",\"workspace\":\"ws\"}");
}

static void a_given_role_is_about_who_has_it(void **state)
{
    (void)state;
    assert_has(
        tell(audit_log_read,
            "{\"type\":\"role.assignment.created\",\"role.assignment.created\":"
            "{\"id\":\"ra_1\",\"principal_id\":\"user-1\","
            "\"principal_type\":\"user\"}}"),
        "\"target\":{\"type\":\"user\",\"id\":\"user-1\"}");
}

static void each_invitation_is_one(void **state)
{
    (void)state;
    const char *text = tell(compliance_log_read,
        "{\"event_id\":\"e\",\"type\":\"AUDIT_LOG\",\"action\":\"INVITE_SEND\","
        "\"action_result\":\"SUCCESS\",\"action_data\":{\"email_addresses\":"
        "[\"a@x.example\",\"b@x.example\"],\"role\":\"standard-user\"}}");
    assert_int_equal(list.count, 2);
    assert_has(
        text, "\"target\":{\"type\":\"invite\",\"name\":\"a@x.example\"}");
    assert_has(
        text, "\"target\":{\"type\":\"invite\",\"name\":\"b@x.example\"}");
    assert_string_not_equal(list.items[0]->id, list.items[1]->id);
    assert_null(strstr(text, "email_addresses"));
}

static void results_are_outcomes(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        {"SUCCESS", "logout.succeeded", "success"},
        {"BLOCKED", "logout.failed", "failure"},
        {"ERROR", "logout.failed", "failure"},
    };
    char json[256];
    for (size_t i = 0; i < 3; i++) {
        snprintf(json, sizeof json,
            "{\"type\":\"AUDIT_LOG\",\"action\":\"SESSION_REVOKE\","
            "\"action_result\":\"%s\"}",
            rows[i][0]);
        const char *line = tell(compliance_log_read, json);
        assert_has(line, rows[i][1]);
        assert_has(line, rows[i][2]);
    }
}

static void messages_are_prompts_and_answers(void **state)
{
    (void)state;
    const char *line = tell(compliance_log_read,
        "{\"event_id\":\"e\",\"type\":\"CONVERSATION_MESSAGE\","
        "\"previous_message_id\":\"p\",\"message\":{\"id\":\"m\",\"author\":"
        "{\"type\":\"USER\"},\"content\":{\"type\":\"text\",\"value\":"
        "[\"one\",\"\",{\"text\":\"two\"}]},\"files\":{\"data\":[{\"id\":\"f\","
        "\"name\":\"n.pdf\",\"size\":7}]}},\"conversation\":{\"id\":\"c\","
        "\"title\":\"HIDDEN\",\"project_id\":\"g-p-1\"}}");
    assert_has(line, "\"activity\":\"prompt_with_file.created\"");
    assert_has(line, "\"content\":\"one\\ntwo\"");
    assert_has(line, "\"conversation_id\":\"c\",\"message_id\":\"m\","
                     "\"parent_message_id\":\"p\",\"project_id\":\"g-p-1\"");
    assert_has(
        line, "\"files\":[{\"id\":\"f\",\"name\":\"n.pdf\",\"bytes\":7}]");
    assert_null(strstr(line, "HIDDEN"));
    line = tell(compliance_log_read,
        "{\"type\":\"CONVERSATION_MESSAGE\",\"message\":{\"author\":{\"type\":"
        "\"assistant\",\"model\":\"gpt\"},\"content\":\"x\"}}");
    assert_has(line, "\"activity\":\"response.generated\"");
    assert_has(line, "\"model\":\"gpt\"");
}

static void hostile_events_stay_bounded(void **state)
{
    (void)state;
    struct buf json = {0};
    buf_append_str(
        &json, STR("{\"type\":\"certificates.activated\","
                   "\"certificates.activated\":{\"certificates\":["));
    for (int i = 0; i < 5000; i++)
        buf_printf(&json, "%s{\"id\":\"%d\"}", i != 0 ? "," : "", i);
    buf_append_str(&json, STR("]}}"));
    tell(audit_log_read, buf_cstr(&json));
    assert_int_equal(list.items[0]->target_count, ACTIVITY_TARGETS_MAX);
    buf_clear(&json);
    buf_append_str(&json, STR("{\"type\":\"AUDIT_LOG\",\"action\":"
                              "\"INVITE_SEND\",\"timestamp\":1e300,"
                              "\"action_data\":{\"email_addresses\":["));
    for (int i = 0; i < 5000; i++)
        buf_printf(&json, "%s\"a%d\"", i != 0 ? "," : "", i);
    buf_append_str(&json, STR("]}}"));
    tell(compliance_log_read, buf_cstr(&json));
    assert_int_equal(list.count, LOG_ACTIVITIES_MAX);
    buf_clear(&json);
    buf_append_str(&json, STR("{\"type\":\"a.b\",\"a.b\":{\"data\":"));
    for (int i = 0; i < 60; i++)
        buf_append_str(&json, STR("{\"a\":["));
    for (int i = 0; i < 60; i++)
        buf_append_str(&json, STR("]}"));
    buf_append_str(&json, STR("}}"));
    tell(audit_log_read, buf_cstr(&json));
    assert_int_equal(list.count, 1);
    buf_free(&json);
}

static void mistakes_of_a_map_are_told(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"{activity: a.b}", "action: the log's names"},
        {"{action: A, activity: nodot}", "a name like invite.sent"},
        {"{action: A, activity: a.b, target: {id: x}}", "a type is needed"},
        {"{action: A, activity: a.b, rename: x}", "{new_role: role}"},
        {"{action: A, activity: a.b, outcome: maybe}", "success"},
        {"{action: A, activity: a.b, what: 1}", "what"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[256];
        struct diag diag = {0};
        struct arena arena = {0};
        snprintf(text, sizeof text, "compliance_log:\n  actions:\n    - %s\n",
            rows[i][0]);
        struct yaml_doc *doc = yaml_parse("m.yaml", str_of(text), &diag);
        log_map_load(&arena, doc, doc->root);
        assert_has(buf_cstr(&diag.text), rows[i][1]);
        yaml_free(&doc);
        arena_free(&arena);
        diag_free(&diag);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(every_type_keeps_its_name, clean),
        cmocka_unit_test_teardown(names_that_are_none_are_unclassified, clean),
        cmocka_unit_test_teardown(
            the_underscore_of_old_clients_becomes_a_dot, clean),
        cmocka_unit_test_teardown(the_same_event_is_the_same_activity, clean),
        cmocka_unit_test_teardown(secrets_are_not_kept, clean),
        cmocka_unit_test_teardown(an_update_names_what_is_changed, clean),
        cmocka_unit_test_teardown(actors_are_whoever_the_log_names, clean),
        cmocka_unit_test_teardown(a_given_role_is_about_who_has_it, clean),
        cmocka_unit_test_teardown(each_invitation_is_one, clean),
        cmocka_unit_test_teardown(results_are_outcomes, clean),
        cmocka_unit_test_teardown(messages_are_prompts_and_answers, clean),
        cmocka_unit_test_teardown(hostile_events_stay_bounded, clean),
        cmocka_unit_test(mistakes_of_a_map_are_told),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
