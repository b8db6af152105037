/* store/alerts.h, alert_rules.h and alert_rows.h; the shipped rules */
#include "store/alerts.h"

#include <jansson.h>

#include "base/file.h"
#include "base/mem.h"
#include "store/index_step.h"
#include "tests/unit/store_fixture.h"

enum { MINUTE = 60 * 1000 };

static struct diag diag;
static struct alert_rules *rules;
static struct alerts *alerts;
static unsigned next_id;

static struct alert_rules *read_rules(const char *text)
{
    struct bundle bundle = {0};
    bundle_add(&bundle, BUNDLE_ALERTS, STR("a.yaml"), str_of(text));
    diag_free(&diag);
    struct alert_rules *read = alert_rules_load(&bundle, &diag);
    bundle_free(&bundle);
    return read;
}

static void use(const char *text)
{
    rules = read_rules(text);
    if (rules == NULL)
        fail_msg("%s", buf_cstr(&diag.text));
    alerts = alerts_new(rules);
    next_id = 0;
}

static void use_file(const char *name)
{
    struct buf text = {0};
    assert_int_equal(file_load(name, 1 << 20, &text), OK);
    use(buf_cstr(&text));
    buf_free(&text);
}

static void use_shipped(void)
{
    use_file("conf/alerts.yaml");
}

static int done(void **state)
{
    (void)state;
    alerts_free(&alerts);
    alert_rules_unref(&rules);
    diag_free(&diag);
    return 0;
}

/* The rules that it completes, with commas. */
static const char *judge_as(unsigned id, int64_t time_ms, const char *more)
{
    static char told[512];
    char text[8192], time[CLOCK_TEXT_BYTES];
    clock_format(time_ms, time);
    snprintf(text, sizeof text,
        "{\"id\":\"%u\",\"time\":\"%s\",\"verdict\":\"allow\",%s}", id, time,
        more);
    json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    bool is_changed = alerts_judge(alerts, json);
    size_t i;
    json_t *item;
    told[0] = '\0';
    json_array_foreach(json_object_get(json, "alerts"), i, item)
    {
        size_t n = strlen(told);
        snprintf(told + n, sizeof told - n, "%s%s", n > 0 ? "," : "",
            json_string_value(json_object_get(item, "rule")));
    }
    assert_int_equal(is_changed, told[0] != '\0');
    json_decref(json);
    return told;
}

static const char *judge(int64_t time_ms, const char *more)
{
    return judge_as(++next_id, time_ms, more);
}

#define FAILED "\"activity\":\"login.failed\",\"actor\":{\"user\":\"ana@x\"}"
#define WORKED "\"activity\":\"login.succeeded\",\"actor\":{\"user\":\"Ana@x\"}"
#define BURST                                                                  \
    "rules:\n- {name: r, when: {activity: login.failed}, count: 3, "           \
    "within: 30m, by: user}\n"
#define SEQUENCE                                                               \
    "rules:\n- {name: s, when: {activity: login.succeeded}, by: user, "        \
    "after: {activity: login.failed, count: 2, within: 30m}}\n"

static void the_last_of_so_many_within_the_time_is_an_alert(void **state)
{
    (void)state;
    use(BURST);
    assert_string_equal(judge(0, FAILED), "");
    assert_string_equal(judge(MINUTE, FAILED), "");
    assert_string_equal(judge(30 * MINUTE, FAILED), "r"); /* both ends count */
}

static void one_millisecond_more_is_too_long(void **state)
{
    (void)state;
    use(BURST);
    judge(0, FAILED);
    judge(MINUTE, FAILED);
    assert_string_equal(judge(30 * MINUTE + 1, FAILED), "");
    assert_string_equal(judge(31 * MINUTE, FAILED), "r");
}

static void a_rule_speaks_once_in_its_time(void **state)
{
    (void)state;
    use(BURST);
    judge(0, FAILED);
    judge(1, FAILED);
    assert_string_equal(judge(2, FAILED), "r");
    for (int i = 3; i < 30; i++)
        assert_string_equal(judge(i, FAILED), "");
    assert_string_equal(judge(2 + 30 * MINUTE - 1, FAILED), "");
    assert_string_equal(judge(2 + 30 * MINUTE, FAILED), "r");
    assert_string_equal(judge(2 + 30 * MINUTE + 1, FAILED), "");
}

static void the_order_in_which_they_come_does_not_matter(void **state)
{
    (void)state;
    use(BURST);
    judge(20 * MINUTE, FAILED);
    judge(10 * MINUTE, FAILED);
    assert_string_equal(judge(15 * MINUTE, FAILED), "r");
}

static void one_that_comes_twice_counts_once(void **state)
{
    (void)state;
    use(BURST);
    for (int i = 0; i < 5; i++)
        assert_string_equal(judge_as(7, MINUTE, FAILED), "");
    judge_as(8, MINUTE, FAILED);
    assert_string_equal(judge_as(9, MINUTE, FAILED), "r");
    assert_string_equal(judge_as(9, MINUTE, FAILED), "");
}

static void one_from_the_wire_and_from_a_log_counts_once(void **state)
{
    (void)state;
    use(BURST);
    static const char logged[] = FAILED ",\"details\":{\"event_id\":\"e1\"}";
    judge_as(1, 0, logged);
    judge_as(2, 0, logged); /* the inline record, merged with it */
    assert_string_equal(judge_as(3, 0, FAILED), "");
    assert_string_equal(judge_as(3, 0, logged), "");
    assert_string_equal(judge_as(4, 0, FAILED), "r");
}

static void keys_are_counted_apart(void **state)
{
    (void)state;
    use(BURST);
    judge(0, FAILED);
    judge(0, FAILED);
    assert_string_equal(judge(0, "\"activity\":\"login.failed\","
                                 "\"actor\":{\"user\":\"bo@x\"}"),
        "");
    assert_string_equal(judge(0, "\"activity\":\"login.failed\""), "");
    assert_string_equal(judge(0, "\"activity\":\"login.failed\","
                                 "\"actor\":{\"user\":\"ANA@X\"}"),
        "r");
}

static void different_values_are_counted_where_that_is_asked(void **state)
{
    (void)state;
    char text[128];
    use("rules:\n- {name: d, when: {activity: login.failed}, count: 3, "
        "within: 1h, by: user, distinct: ip}\n");
    for (int i = 0; i < 10; i++)
        assert_string_equal(
            judge(i, "\"activity\":\"login.failed\","
                     "\"actor\":{\"user\":\"a\",\"ip\":\"10.0.0.1\"}"),
            "");
    for (int i = 2; i <= 3; i++) {
        snprintf(text, sizeof text,
            "\"activity\":\"login.failed\","
            "\"actor\":{\"user\":\"a\",\"ip\":\"10.0.0.%d\"}",
            i);
        assert_string_equal(judge(20 + i, text), i == 3 ? "d" : "");
    }
}

static void a_sequence_wants_what_came_before(void **state)
{
    (void)state;
    use(SEQUENCE);
    assert_string_equal(judge(0, WORKED), "");
    judge(MINUTE, FAILED);
    assert_string_equal(judge(2 * MINUTE, WORKED), "");
    judge(3 * MINUTE, FAILED);
    assert_string_equal(judge(32 * MINUTE, WORKED), "");
    judge(33 * MINUTE, FAILED);
    assert_string_equal(judge(33 * MINUTE, WORKED), "s");
    assert_string_equal(judge(34 * MINUTE, WORKED), "");
}

static void a_sequence_may_be_told_late(void **state)
{
    (void)state;
    use(SEQUENCE);
    judge(10 * MINUTE, WORKED);
    assert_string_equal(judge(5 * MINUTE, FAILED), "");
    assert_string_equal(judge(11 * MINUTE, FAILED), ""); /* behind it */
    assert_string_equal(judge(6 * MINUTE, FAILED), "s");
}

static void of_too_many_keys_the_oldest_leaves(void **state)
{
    (void)state;
    char text[128];
    use(BURST);
    judge(0, FAILED);
    judge(0, FAILED);
    for (int i = 0; i < ALERT_KEYS_MAX; i++) {
        snprintf(text, sizeof text,
            "\"activity\":\"login.failed\",\"actor\":{\"user\":\"u%d\"}", i);
        judge(0, text);
    }
    assert_string_equal(judge(0, FAILED), "");
    judge(0, FAILED);
    assert_string_equal(judge(0, FAILED), "r");
}

static void what_the_policy_said_stays(void **state)
{
    (void)state;
    use("rules:\n- {name: low, when: {activity: a}, severity: low}\n"
        "- {name: high, when: {activity: a}, severity: high, message: Oh}\n");
    json_t *json = json_loads("{\"id\":\"1\",\"time\":\"2026-01-01T00:00:00Z\","
                              "\"activity\":\"a\",\"verdict\":\"block\","
                              "\"rule\":\"p\"}",
        0, NULL);
    assert_true(alerts_judge(alerts, json));
    assert_string_equal(
        json_string_value(json_object_get(json, "verdict")), "block");
    assert_string_equal(json_string_value(json_object_get(json, "rule")), "p");
    assert_int_equal(json_array_size(json_object_get(json, "alerts")), 2);
    json_object_set_new(json, "verdict", json_string("allow"));
    json_object_del(json, "alerts");
    assert_true(alerts_judge(alerts, json));
    assert_string_equal(
        json_string_value(json_object_get(json, "verdict")), "alert");
    assert_string_equal(
        json_string_value(json_object_get(json, "rule")), "high");
    assert_string_equal(
        json_string_value(json_object_get(json, "reason")), "Oh");
    json_decref(json);
}

static void hostile_json_raises_nothing(void **state)
{
    (void)state;
    use_shipped();
    static const char *const texts[] = {"null", "[]", "{}", "{\"time\":1}",
        "{\"id\":[],\"time\":\"2026-01-01T00:00:00Z\",\"activity\":{}}",
        "{\"time\":\"2026-01-01T00:00:00Z\",\"activity\":\"login.failed\","
        "\"actor\":[[]],\"target\":3,\"targets\":{\"id\":[[1]]},"
        "\"details\":[1],\"alerts\":7}",
        "{\"time\":\"never\",\"activity\":\"scim.disabled\"}"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        json_t *json = json_loads(texts[i], JSON_DECODE_ANY, NULL);
        assert_non_null(json);
        assert_false(alerts_judge(alerts, json));
        json_decref(json);
    }
}

static void each_shipped_rule_speaks(void **state)
{
    (void)state;
    use_shipped();
#define A(name) "\"activity\":\"" name "\",\"outcome\":\"success\""
    static const struct {
        const char *rule, *activity;
    } cases[] = {
        {"everybody-signed-out",
            A("logout.succeeded") ",\"details\":{\"action\":\"SESSION_LOGOUT_"
                                  "ALL\"}"},
        {"session-revocation-started", A("tenant.session_revocation.started")},
        {"broad-scope-key", A("api_key.created") ",\"details\":{\"scopes\":["
                                                 "\"x\",\"api.all\"]}"},
        {"broad-scope-key",
            A("api_key.updated") ",\"details\":{\"scopes\":\"Model.Write\"}"},
        {"admin-key", A("api_key.created") ",\"details\":{\"kind\":\"admin\"}"},
        {"tenant-admin-key", A("tenant.admin_api_key.created")},
        {"owner-role-granted",
            A("user.updated") ",\"details\":{\"role\":\"account-owner\"}"},
        {"owner-role-assigned",
            A("role.assignment.created") ",\"target\":{\"type\":\"role\","
                                         "\"id\":\"role-Owner\"}"},
        {"allow-list-opened",
            A("ip_allowlist.updated") ",\"details\":{\"allowed_ips\":[\"10.0.0."
                                      "0/8\",\"::/0\"]}"},
        {"allow-list-removed", A("ip_allowlist.config.deactivated")},
        {"scim-disabled", A("scim.disabled")},
        {"directory-connection-removed",
            A("organization.updated") ",\"changes\":[\"scim\"],"
                                      "\"details\":{\"action\":\"SCIM_"
                                      "CONNECTION_DELETE\"}"},
        {"sso-connection-deleted", A("tenant.sso_connection.deleted")},
        {"blocked-admin-action",
            "\"activity\":\"project.archived\",\"verdict\":\"block\","
            "\"category\":\"Administration\""},
        {"refused-admin-action",
            "\"activity\":\"user.updated\",\"via\":\"compliance-log\","
            "\"details\":{\"result\":\"BLOCKED\",\"privilege\":\"ADMIN\"}"},
        {"log-file-deleted", A("DELETE_WORKSPACE_LOG_FILE")},
        {"sharing-permission-changed",
            A("organization.updated") ",\"changes\":[\"sharing_permission\"]"},
        {"sharing-widened", A("CHANGE_VISIBILITY")},
        {"", A("api_key.created") ",\"details\":{\"scopes\":[\"api.read\"]}"},
        {"", A("user.updated") ",\"details\":{\"role\":\"reader\"}"},
        {"", A("role.assignment.created") ",\"target\":{\"type\":\"user\","
                                          "\"name\":\"admin@x\"}"},
        {"", A("ip_allowlist.updated") ",\"details\":{\"allowed_ips\":[\"10.0."
                                       "0.0/8\"]}"},
        {"", "\"activity\":\"user.updated\",\"outcome\":\"failure\","
             "\"details\":{\"role\":\"owner\"}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(judge(0, cases[i].activity), cases[i].rule);
}

static void ordinary_administration_may_be_told_each_time(void **state)
{
    (void)state;
    use_file("conf/alerts-every.yaml");
    assert_string_equal(judge(0, A("api_key.created")), "new-key");
    assert_string_equal(judge(0, "\"activity\":\"api_key.created\","
                                 "\"outcome\":\"failure\""),
        "");
    assert_string_equal(
        judge(0, A("user.updated") ",\"changes\":[\"role\"]"), "role-changed");
    assert_string_equal(
        judge(0, A("user.updated") ",\"changes\":[\"seat_type\"]"), "");
    assert_string_equal(
        judge(0, A("role.deleted")), "role-assigned-or-defined");
}

/* count activities of one person, each about another target. */
static const char *repeat(const char *name, int count, const char *more)
{
    static char told[512];
    char text[512];
    told[0] = '\0';
    for (int i = 0; i < count; i++) {
        assert_string_equal(told, "");
        snprintf(text, sizeof text,
            "\"activity\":\"%s\",\"actor\":{\"user\":\"ana\"},"
            "\"target\":{\"id\":\"t%d\"}%s",
            name, i, more);
        strcpy(told, judge(next_id * 1000, text));
    }
    return told;
}

static void each_shipped_rule_that_counts_speaks(void **state)
{
    (void)state;
    use_shipped();
    assert_string_equal(repeat("login.failed", 5, ""), "failed-logins");
    assert_string_equal(
        repeat("login.succeeded", 1, ""), "failed-logins-then-success");
    assert_string_equal(repeat("invite.sent", 20, ""), "bulk-invites");
    assert_string_equal(
        repeat("user.deleted", 10, ""), "bulk-deletion-of-users");
    assert_string_equal(repeat("prompt.created", 20,
                            ",\"details\":{\"is_temporary_chat\":true}"),
        "temporary-chat-spike");
    assert_string_equal(repeat("logout.succeeded", 5,
                            ",\"details\":{\"action\":\"SESSION_REVOKE\"}"),
        "sessions-revoked");
    assert_string_equal(
        repeat("tenant.chatgpt_access_token.revoked", 5, ""), "tokens-revoked");
}

static void addresses_and_accounts_are_counted_by_the_shipped_rules(
    void **state)
{
    (void)state;
    char text[128];
    use_shipped();
    for (int i = 1; i <= 3; i++) {
        snprintf(text, sizeof text,
            "\"activity\":\"login.failed\",\"actor\":{\"user\":\"ana\","
            "\"ip\":\"10.0.0.%d\"}",
            i);
        assert_string_equal(judge(i, text),
            i == 3 ? "failed-logins-from-several-addresses" : "");
    }
    for (int i = 1; i <= 5; i++) {
        snprintf(text, sizeof text,
            "\"activity\":\"login.failed\",\"actor\":{\"user\":\"u%d\","
            "\"ip\":\"10.9.9.9\"}",
            i);
        assert_string_equal(
            judge(i, text), i == 5 ? "failed-logins-of-several-users" : "");
    }
}

static void mistakes_are_told_with_their_lines(void **state)
{
    (void)state;
    static const struct {
        const char *text, *told;
    } cases[] = {
        {"rules: 3\n", "a.yaml:1: rules must be a list"},
        {"rules:\n- {when: {activity: a}}\n", "a.yaml:2: a rule needs a name"},
        {"rules:\n- {name: a}\n", "a.yaml:2: a rule needs `when`"},
        {"rules:\n- {name: a, when: {}}\n", "when needs a selector"},
        {"rules:\n- name: a\n  when: {activity: a, colour: red}\n",
            "a.yaml:3: "},
        {"rules:\n- {name: a, when: {activity: a}, count: 3}\n",
            "count needs `within`"},
        {"rules:\n- {name: a, when: {user: a}, count: 3, within: 1h}\n",
            "needs `activity`"},
        {"rules:\n- {name: a, when: {activity: a}, within: 8d}\n",
            "must be a time"},
        {"rules:\n- {name: a, when: {activity: a}, within: soon}\n",
            "must be a time"},
        {"rules:\n- {name: a, when: {activity: a}, by: shoe}\n",
            "\"shoe\" is not known"},
        {"rules:\n- {name: a, when: {activity: a}, distinct: ip}\n",
            "distinct needs a count"},
        {"rules:\n- {name: a, when: {activity: []}}\n", "activity is empty"},
        {"rules:\n- {name: a, when: {details: 3}}\n", "details must be a map"},
        {"rules:\n- {name: a, when: {activity: a}, after: {activity: b}}\n",
            "after needs `within`"},
        {"rules:\n- {name: a, when: {activity: a}, count: 2, after: "
         "{activity: b, within: 1h}}\n",
            "count belongs into `after`"},
        {"rules:\n- {name: a, when: {activity: a}}\n"
         "- {name: a, when: {activity: b}}\n",
            "a.yaml:3: the name \"a\" is taken"},
        {"rules:\n- {name: a, when: {activity: a}, severity: grave}\n",
            "a.yaml:2: "},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_null(read_rules(cases[i].text));
        if (!str_has(buf_str(&diag.text), cases[i].told))
            fail_msg("no \"%s\" in: %s", cases[i].told, buf_cstr(&diag.text));
    }
}

/* ---- rows ---------------------------------------------------------------- */

static int make_store(void **state)
{
    int made = make_folder(state);
    use(BURST "- {name: k, when: {activity: api_key.created}, "
              "unless: {outcome: failure}}\n");
    return made;
}

static int remove_store(void **state)
{
    done(state);
    return remove_folder(state);
}

/* As a storer that has just started; now_ms: when it completes what stood
 * open, or 0. */
static void store_as(
    enum store_kind kind, unsigned n, const char *more, int64_t now_ms)
{
    struct db *db = NULL;
    struct upsert *u = NULL;
    struct buf json = {0};
    char time[CLOCK_TEXT_BYTES];
    struct journal_entry entry = {.kind = kind, .origin = 1};
    size_t count = 0;
    fixture_id(n, entry.id);
    clock_format((int64_t)n * 1000, time);
    buf_printf(&json,
        "{\"id\":\"%s\",\"time\":\"%s\",\"verdict\":\"allow\",%s}", entry.id,
        time, more);
    entry.json = buf_str(&json);
    assert_int_equal(db_open(str_of(folder), DB_WRITE, 1000, &db), OK);
    assert_int_equal(upsert_new(db, &u), OK);
    assert_int_equal(upsert_set_alerts(u, rules), OK);
    assert_int_equal(db_begin(db), OK);
    if (more[0] != '\0')
        assert_int_equal(upsert_entry(u, &entry), OK);
    if (now_ms != 0)
        assert_int_equal(upsert_complete_standing(u, now_ms, &count), OK);
    assert_int_equal(db_commit(db), OK);
    upsert_free(&u);
    db_close(&db);
    buf_free(&json);
}

static void store_entry(unsigned n, const char *more)
{
    store_as(STORE_DONE, n, more, 0);
}

static int64_t alert_rows(void)
{
    return fixture_count("SELECT count(*) FROM activity"
                         " WHERE verdict = 'alert' AND rule IS NOT NULL"
                         " AND json_extract(json, '$.alerts[0].rule') = rule");
}

static void a_restart_forgets_nothing_and_says_nothing_twice(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= 2; i++)
        store_entry(i, FAILED);
    assert_int_equal(alert_rows(), 0);
    store_entry(3, FAILED);
    assert_int_equal(alert_rows(), 1);
    for (unsigned i = 4; i <= 9; i++)
        store_entry(i, FAILED);
    assert_int_equal(alert_rows(), 1);
}

static void what_is_sent_again_keeps_its_alerts(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++)
        for (unsigned i = 9; i >= 1; i--)
            store_entry(i, FAILED);
    assert_int_equal(alert_rows(), 1);
    for (int round = 0; round < 3; round++)
        store_entry(20, "\"activity\":\"api_key.created\"");
    assert_int_equal(alert_rows(), 2);
}

static void a_later_state_is_judged_again(void **state)
{
    (void)state;
    store_entry(1, "\"activity\":\"api_key.created\",\"outcome\":\"failure\"");
    assert_int_equal(alert_rows(), 0);
    store_entry(1, "\"activity\":\"api_key.created\",\"attempts\":2,"
                   "\"outcome\":\"success\"");
    assert_int_equal(alert_rows(), 1);
}

static int64_t rows_in(const char *state)
{
    char sql[80];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM activity WHERE state = %s",
        state);
    return fixture_count(sql);
}

static void a_failure_counts_when_nothing_takes_it_back_any_more(void **state)
{
    (void)state;
    static const char failure[] = FAILED ",\"outcome\":\"failure\"";
    for (unsigned i = 1; i <= 4; i++)
        store_as(STORE_OPEN, i, failure, 0);
    store_as(STORE_VOID, 2, failure, 0); /* a success did */
    store_as(STORE_GONE, 9, failure, 0); /* its worker ended meanwhile */
    store_as(STORE_OPEN, 5, FAILED, 3000 + STANDING_FAILURE_MS - 1);
    assert_int_equal(rows_in("2"), 1);
    assert_int_equal(rows_in("0"), 3); /* the last one is under way */
    assert_int_equal(rows_in("1"), 0);
    assert_int_equal(alert_rows(), 0);
    store_as(STORE_DONE, 9, "", 4000 + STANDING_FAILURE_MS);
    assert_int_equal(rows_in("2"), 3);
    assert_int_equal(alert_rows(), 1);
    store_as(STORE_DONE, 9, "", 4000 + STANDING_FAILURE_MS);
    assert_int_equal(alert_rows(), 1);
}

static void a_login_waits_longer_for_its_name(void **state)
{
    (void)state;
    static const char nameless[] = "\"activity\":\"login.succeeded\","
                                   "\"outcome\":\"success\"";
    store_as(STORE_OPEN, 1, nameless, 1000 + STANDING_LOGIN_MS - 1);
    assert_int_equal(rows_in("0"), 1);
    store_as(STORE_DONE, 9, "", 1000 + STANDING_LOGIN_MS);
    assert_int_equal(rows_in("2"), 1);
}

static void append_record(struct journal *j, unsigned n, const char *activity)
{
    struct journal_entry e = {.kind = STORE_DONE, .origin = 1};
    struct buf json = {0}, batch = {0};
    fixture_id(n, e.id);
    buf_printf(&json,
        "{\"id\":\"%s\",\"time\":\"2026-11-22T10:02:03.456Z\","
        "\"activity\":\"%s\"}",
        e.id, activity);
    e.json = buf_str(&json);
    journal_entry_encode(&e, &batch);
    assert_int_equal(journal_append(j, buf_str(&batch), false), OK);
    buf_free(&json);
    buf_free(&batch);
}

/* The connection has read pages and prepared statements. */
static void rules_of_a_reload_keep_the_connection(void **state)
{
    static const char *const texts[] = {
        "rules:\n  - {name: one, when: {activity: user.added}, severity: "
        "low}\n",
        "rules:\n  - {name: two, when: {activity: user.removed}, severity: "
        "low}\n"};
    struct journal *j = NULL;
    size_t count = 0;
    (void)state;
    assert_int_equal(journal_open(str_of(folder), 0, &j), OK);
    struct index_step *step = index_step_new(str_of(folder), j);
    assert_int_equal(index_step_run(step, &count), OK);
    const struct db *before = index_step_db(step);
    for (unsigned i = 0; i < 2; i++) {
        struct alert_rules *read = read_rules(texts[i]);
        assert_non_null(read);
        index_step_set_alerts(step, read);
        alert_rules_unref(&read);
        append_record(j, 2 * i + 1, "user.added");
        append_record(j, 2 * i + 2, "user.removed");
        assert_int_equal(index_step_run(step, &count), OK);
    }
    assert_ptr_equal(index_step_db(step), before);
    assert_int_equal(
        fixture_count("SELECT count(*) FROM activity WHERE"
                      " json LIKE '%\"alerts\":%' AND (rule, activity) IN"
                      " (VALUES ('one', 'user.added'),"
                      " ('two', 'user.removed'))"),
        2);
    assert_int_equal(alert_rows(), 2);
    index_step_set_alerts(step, NULL);
    append_record(j, 9, "user.removed");
    assert_int_equal(index_step_run(step, &count), OK);
    assert_int_equal(alert_rows(), 2);
    index_step_free(&step);
    journal_close(&j);
}

#define ALERT(f) cmocka_unit_test_teardown(f, done)
#define STORED(f) cmocka_unit_test_setup_teardown(f, make_store, remove_store)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALERT(the_last_of_so_many_within_the_time_is_an_alert),
        ALERT(one_millisecond_more_is_too_long),
        ALERT(a_rule_speaks_once_in_its_time),
        ALERT(the_order_in_which_they_come_does_not_matter),
        ALERT(one_that_comes_twice_counts_once),
        ALERT(one_from_the_wire_and_from_a_log_counts_once),
        ALERT(keys_are_counted_apart),
        ALERT(different_values_are_counted_where_that_is_asked),
        ALERT(a_sequence_wants_what_came_before),
        ALERT(a_sequence_may_be_told_late),
        ALERT(of_too_many_keys_the_oldest_leaves),
        ALERT(what_the_policy_said_stays),
        ALERT(hostile_json_raises_nothing),
        ALERT(each_shipped_rule_speaks),
        ALERT(ordinary_administration_may_be_told_each_time),
        ALERT(each_shipped_rule_that_counts_speaks),
        ALERT(addresses_and_accounts_are_counted_by_the_shipped_rules),
        ALERT(mistakes_are_told_with_their_lines),
        STORED(a_restart_forgets_nothing_and_says_nothing_twice),
        STORED(what_is_sent_again_keeps_its_alerts),
        STORED(a_later_state_is_judged_again),
        STORED(a_failure_counts_when_nothing_takes_it_back_any_more),
        STORED(a_login_waits_longer_for_its_name),
        TEST(rules_of_a_reload_keep_the_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
