/* inspect/policy.h */
#include "inspect/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static const char detectors[] = "detectors:\n"
                                "  - {id: payment-card, type: credit-card}\n"
                                "  - {id: my-key, type: aws-key}\n";

static struct policy *load(const char *text, struct diag *diag)
{
    struct bundle bundle = {0};
    bundle_add(&bundle, BUNDLE_DETECTORS, STR("d.yaml"), str_of(detectors));
    bundle_add(&bundle, BUNDLE_POLICY, STR("p.yaml"), str_of(text));
    struct policy *policy = policy_load(&bundle, diag);
    bundle_free(&bundle);
    return policy;
}

static void assert_mistake(const char *text, const char *expected)
{
    struct diag diag = {0};
    struct policy *policy = load(text, &diag);
    assert_null(policy);
    if (!str_has(buf_str(&diag.text), expected))
        fail_msg("no \"%s\" in: %s", expected, buf_cstr(&diag.text));
    diag_free(&diag);
}

struct fixture {
    struct policy *policy;
    struct activity *activity;
    struct policy_subject subject;
};

static struct fixture begin(const char *text)
{
    struct diag diag = {0};
    struct fixture f = {.policy = load(text, &diag)};
    if (f.policy == NULL)
        fail_msg("%s", buf_cstr(&diag.text));
    diag_free(&diag);
    f.activity = activity_new();
    f.activity->name = STR("prompt.created");
    f.activity->service = STR("chatgpt");
    f.activity->actor.user = STR("Ana@example.com");
    f.activity->actor.ip = STR("10.1.2.3");
    f.subject.activity = f.activity;
    return f;
}

static void end(struct fixture *f)
{
    policy_free(&f->policy);
    activity_free(&f->activity);
}

static void add_finding(
    struct fixture *f, const char *type, enum level confidence, uint64_t hash)
{
    struct finding *found = findings_add(&f->activity->findings);
    found->type = str_of(type);
    found->group = STR("financial");
    found->detector = STR("payment-card");
    found->confidence = confidence;
    found->severity = LEVEL_HIGH;
    found->count = 1;
    found->value_hash = hash;
}

static enum verdict_kind judge(struct fixture *f)
{
    struct verdict verdict;
    f->subject.activity = f->activity;
    policy_judge(f->policy, &f->subject, &verdict);
    return verdict.kind;
}

static enum verdict_kind judge_once(const char *text)
{
    struct fixture f = begin(text);
    enum verdict_kind kind = judge(&f);
    end(&f);
    return kind;
}

static void the_first_rule_that_holds_decides(void **state)
{
    (void)state;
    struct fixture f =
        begin("default: alert\n"
              "rules:\n"
              "  - {name: a, when: {type: [aws-key]}, verdict: allow}\n"
              "  - {name: b, when: {type: [credit-card]}, verdict: block,\n"
              "     severity: high, message: stop}\n"
              "  - {name: c, verdict: allow}\n");
    struct verdict verdict;
    add_finding(&f, "credit-card", LEVEL_HIGH, 1);
    policy_judge(f.policy, &f.subject, &verdict);
    assert_int_equal(verdict.kind, VERDICT_BLOCK);
    assert_true(str_is(verdict.rule, "b"));
    assert_true(str_is(verdict.message, "stop"));
    assert_int_equal(verdict.severity, LEVEL_HIGH);
    assert_false(verdict.is_monitored);
    end(&f);
}

static void without_a_rule_the_default_decides_and_has_no_name(void **state)
{
    (void)state;
    struct fixture f = begin("default: block\n");
    struct verdict verdict;
    policy_judge(f.policy, &f.subject, &verdict);
    assert_int_equal(verdict.kind, VERDICT_BLOCK);
    assert_int_equal(verdict.rule.n, 0);
    end(&f);
    assert_int_equal(judge_once(""), VERDICT_ALLOW);
}

static void monitor_mode_marks_the_verdict(void **state)
{
    (void)state;
    struct fixture f =
        begin("mode: monitor\nrules: [{name: x, verdict: block}]\n");
    struct verdict verdict;
    policy_judge(f.policy, &f.subject, &verdict);
    assert_int_equal(verdict.kind, VERDICT_BLOCK);
    assert_true(verdict.is_monitored);
    end(&f);
}

static void all_selectors_hold_and_any_value_of_a_list_does(void **state)
{
    (void)state;
    assert_int_equal(judge_once("rules: [{name: x, verdict: block, when: "
                                "{service: [openai-api, chatgpt], activity: "
                                "[\"prompt.*\"], network: 10.0.0.0/8}}]"),
        VERDICT_BLOCK);
    assert_int_equal(judge_once("rules: [{name: x, verdict: block, when: "
                                "{service: chatgpt, network: 10.9.0.0/16}}]"),
        VERDICT_ALLOW);
    assert_int_equal(judge_once("rules: [{name: x, verdict: block, when: "
                                "{activity: file.uploaded}}]"),
        VERDICT_ALLOW);
    assert_int_equal(judge_once("rules: [{name: x, verdict: block, when: "
                                "{model: \"gpt-*\"}}]"),
        VERDICT_ALLOW);
}

static void users_match_without_case_and_groups_by_member_or_login(void **state)
{
    (void)state;
    const char *text = "groups: {admins: [\"ana@*\"], staff: []}\n"
                       "rules:\n"
                       "  - {name: x, verdict: block, unless: {group: "
                       "[admins]}}\n";
    assert_int_equal(judge_once(text), VERDICT_ALLOW);
    struct fixture f =
        begin("groups: {staff: []}\n"
              "rules: [{name: x, verdict: block, when: {group: staff}}]");
    assert_int_equal(judge(&f), VERDICT_ALLOW);
    f.subject.groups = STR("sales staff");
    assert_int_equal(judge(&f), VERDICT_BLOCK);
    end(&f);
    assert_int_equal(judge_once("rules: [{name: x, verdict: block, when: "
                                "{user: \"ANA@example.*\"}}]"),
        VERDICT_BLOCK);
}

static void an_unless_exempts_only_when_all_of_it_holds(void **state)
{
    (void)state;
    assert_int_equal(
        judge_once("rules: [{name: x, verdict: block, unless: {user: "
                   "\"ana@*\", service: openai-api}}]"),
        VERDICT_BLOCK);
    assert_int_equal(judge_once("rules: [{name: x, verdict: block, unless: "
                                "{user: \"ana@*\", service: chatgpt}}]"),
        VERDICT_ALLOW);
}

static void counts_are_of_findings_that_all_selectors_want(void **state)
{
    (void)state;
    struct fixture f =
        begin("rules: [{name: x, verdict: block, when: {type: credit-card, "
              "min_confidence: medium, min_count: 2}}]");
    add_finding(&f, "credit-card", LEVEL_HIGH, 1);
    add_finding(&f, "credit-card", LEVEL_LOW, 2);
    add_finding(&f, "aws-key", LEVEL_HIGH, 3);
    assert_int_equal(judge(&f), VERDICT_ALLOW);
    add_finding(&f, "credit-card", LEVEL_MEDIUM, 1);
    assert_int_equal(judge(&f), VERDICT_BLOCK);
    end(&f);
}

static void unique_counts_equal_values_once(void **state)
{
    (void)state;
    struct fixture f = begin("rules: [{name: x, verdict: block, when: "
                             "{type: credit-card, min_unique: 2}}]");
    add_finding(&f, "credit-card", LEVEL_HIGH, 1);
    add_finding(&f, "credit-card", LEVEL_HIGH, 1);
    assert_int_equal(judge(&f), VERDICT_ALLOW);
    add_finding(&f, "credit-card", LEVEL_HIGH, 2);
    assert_int_equal(judge(&f), VERDICT_BLOCK);
    end(&f);
}

static void file_selectors_hold_of_one_file_together(void **state)
{
    (void)state;
    struct fixture f = begin("rules: [{name: x, verdict: block, when: "
                             "{file_type: \"image/*\", min_file_bytes: 100}}]");
    struct activity_file *file = activity_add_file(f.activity);
    file->type = STR("image/png");
    file->bytes = 50;
    file = activity_add_file(f.activity);
    file->type = STR("text/csv");
    file->bytes = 500;
    assert_int_equal(judge(&f), VERDICT_ALLOW);
    file->declared_type = STR("image/jpeg");
    assert_int_equal(judge(&f), VERDICT_BLOCK);
    end(&f);
}

static enum verdict_kind judge_target(const char *selector)
{
    char text[256];
    snprintf(text, sizeof text,
        "rules: [{name: x, verdict: block, when: {%s}}]", selector);
    struct fixture f = begin(text);
    f.activity->name = STR("tool.invoked");
    activity_add_target(f.activity, STR("tool"), STR_NONE, STR("voice"));
    f.activity->actor.plan = STR("free");
    enum verdict_kind kind = judge(&f);
    end(&f);
    return kind;
}

static void targets_and_plans_are_selectors(void **state)
{
    (void)state;
    assert_int_equal(judge_target("target: voice"), VERDICT_BLOCK);
    assert_int_equal(judge_target("target: \"tool:*\""), VERDICT_BLOCK);
    assert_int_equal(judge_target("target: [x, \"vo*\"], activity: \"tool.*\""),
        VERDICT_BLOCK);
    assert_int_equal(judge_target("target: tool"), VERDICT_ALLOW);
    assert_int_equal(judge_target("target: search"), VERDICT_ALLOW);
    assert_int_equal(judge_target("plan: [free, plus]"), VERDICT_BLOCK);
    assert_int_equal(judge_target("plan: team"), VERDICT_ALLOW);
    assert_int_equal(
        judge_once("rules: [{name: x, verdict: block, when: {target: "
                   "\"*\"}}]"),
        VERDICT_ALLOW);
}

static enum verdict_kind judge_request(const char *selector)
{
    char text[256];
    snprintf(text, sizeof text,
        "rules: [{name: x, verdict: block, when: {%s}}]", selector);
    struct fixture f = begin(text);
    f.activity->name = STR("user.updated");
    activity_add_detail(f.activity, "role", STR("Account-Owner"));
    activity_add_detail_item(f.activity, "scopes", STR("api.read"));
    activity_add_detail_item(f.activity, "scopes", STR("api.write"));
    activity_add_change(f.activity, STR("role"));
    enum verdict_kind kind = judge(&f);
    end(&f);
    return kind;
}

static void what_administration_asks_for_is_a_selector(void **state)
{
    (void)state;
    assert_int_equal(judge_request("role: \"*owner\""), VERDICT_BLOCK);
    assert_int_equal(judge_request("role: reader"), VERDICT_ALLOW);
    assert_int_equal(judge_request("scope: [all, \"*write\"]"), VERDICT_BLOCK);
    assert_int_equal(judge_request("scope: all"), VERDICT_ALLOW);
    assert_int_equal(judge_request("change: role, role: \"*\""), VERDICT_BLOCK);
    assert_int_equal(judge_request("change: name"), VERDICT_ALLOW);
    assert_int_equal(
        judge_once("rules: [{name: x, verdict: block, when: {role: \"*\"}}]"),
        VERDICT_ALLOW);
}

static void direction_and_login_are_selectors(void **state)
{
    (void)state;
    struct fixture f = begin("rules: [{name: x, verdict: block, when: "
                             "{direction: down, signed_in: true}}]");
    f.activity->actor.is_signed_in = true;
    assert_int_equal(judge(&f), VERDICT_ALLOW);
    f.subject.direction = DIRECTION_DOWN;
    assert_int_equal(judge(&f), VERDICT_BLOCK);
    f.activity->actor.is_signed_in = false;
    assert_int_equal(judge(&f), VERDICT_ALLOW);
    end(&f);
}

static void mistakes_say_where_and_what_is_allowed(void **state)
{
    (void)state;
    assert_mistake("rules:\n  - {name: x, verdict: redact}\n",
        "p.yaml:2: verdict \"redact\" is not available yet; allowed: allow, "
        "alert, block");
    assert_mistake(
        "rules:\n  - {name: x, verdict: coach}\n", "not available yet");
    assert_mistake("rules: [{name: x, verdict: drop}]", "not one of");
    assert_mistake("rules:\n  - name: x\n    verdict: block\n    when: "
                   "{tpye: [a]}\n",
        "p.yaml:4: unknown key \"tpye\"; allowed: service");
    assert_mistake("rules: [{name: x, verdict: block, when: {type: "
                   "[credit-cards]}}]",
        "type \"credit-cards\" is not known; allowed: ");
    assert_mistake("rules: [{name: x, verdict: block, when: {detector: "
                   "[nope]}}]",
        "allowed: payment-card, my-key");
    assert_mistake("rules: [{name: x, verdict: block, when: {group: [g]}}]",
        "group \"g\" is not known");
    assert_mistake("rules: [{name: x, verdict: block, when: {network: x}}]",
        "is not an address or network");
    assert_mistake("rules: [{name: x, verdict: block, when: {type: []}}]",
        "it would never hold");
    assert_mistake("rules: [{verdict: block}]", "a rule needs a name");
    assert_mistake("rules: [{name: x}]", "a rule needs a verdict");
    assert_mistake("rules: [{name: x, verdict: block}, {name: x, verdict: "
                   "block}]",
        "is taken");
    assert_mistake("mode: sometimes", "enforce, monitor");
    assert_mistake("groups: [a]", "groups must be a map");
}

static void every_mistake_is_reported_in_one_run(void **state)
{
    (void)state;
    struct diag diag = {0};
    assert_null(load("mode: x\ndefault: y\nrules: [{verdict: z}]\n", &diag));
    assert_int_equal(diag.count, 4);
    diag_free(&diag);
}

static void p6_a_rule_can_ask_for_what_failed(void **state)
{
    (void)state;
    struct fixture f = begin(
        "rules:\n"
        "  - {name: open, when: {failure: [decode, parse], user: \"ana@*\"},"
        " verdict: alert}\n"
        "  - {name: shut, when: {failure: \"s*\"}, verdict: block}\n"
        "  - {name: cards, when: {service: chatgpt}, verdict: alert}\n");
    static const struct {
        const char *failure, *rule;
        bool is_for_failure;
    } cases[] = {{"", "cards", false}, {"decode", "open", true},
        {"parse", "open", true}, {"scan", "shut", true},
        {"store", "shut", true}, {"extract", "cards", false},
        {"limit", "cards", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct verdict v;
        f.activity->failure = str_of(cases[i].failure);
        policy_judge(f.policy, &f.subject, &v);
        assert_true(str_is(v.rule, cases[i].rule));
        assert_int_equal(v.is_for_failure, cases[i].is_for_failure);
    }
    end(&f);
    assert_mistake("rules:\n  - {name: a, when: {failure: limit},"
                   " verdict: allow}\n",
        "parse, decode, extract, scan, store");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(p6_a_rule_can_ask_for_what_failed),
        cmocka_unit_test(the_first_rule_that_holds_decides),
        cmocka_unit_test(without_a_rule_the_default_decides_and_has_no_name),
        cmocka_unit_test(monitor_mode_marks_the_verdict),
        cmocka_unit_test(all_selectors_hold_and_any_value_of_a_list_does),
        cmocka_unit_test(
            users_match_without_case_and_groups_by_member_or_login),
        cmocka_unit_test(an_unless_exempts_only_when_all_of_it_holds),
        cmocka_unit_test(counts_are_of_findings_that_all_selectors_want),
        cmocka_unit_test(unique_counts_equal_values_once),
        cmocka_unit_test(file_selectors_hold_of_one_file_together),
        cmocka_unit_test(targets_and_plans_are_selectors),
        cmocka_unit_test(what_administration_asks_for_is_a_selector),
        cmocka_unit_test(direction_and_login_are_selectors),
        cmocka_unit_test(mistakes_say_where_and_what_is_allowed),
        cmocka_unit_test(every_mistake_is_reported_in_one_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
