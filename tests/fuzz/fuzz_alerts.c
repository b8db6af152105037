/* Rules of alerts, a line "---", activities a line each: mistakes, or what each
 * activity completes.  Rules that do not load: those below.  A second state
 * only learns them: what it knows already completes no rule that counts. */
#include <stdlib.h>
#include <jansson.h>

#include "base/arena.h"
#include "store/alerts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char usual[] =
    "rules:\n"
    "- {name: burst, when: {activity: login.failed}, count: 3, within: 30m, "
    "by: [user, ip]}\n"
    "- {name: after, when: {activity: login.succeeded}, by: user, after: "
    "{activity: login.failed, count: 2, within: 30m, distinct: ip}}\n"
    "- {name: many, when: {activity: 'invite.*', role: '*owner*'}, unless: "
    "{outcome: failure}, count: 2, within: 1h, distinct: target}\n"
    "- {name: each, when: {activity: api_key.created, scope: [all], details: "
    "{kind: admin}}}\n";

static struct alert_rules *load(struct str text)
{
    struct bundle bundle = {0};
    struct diag diag = {0};
    bundle_add(&bundle, BUNDLE_ALERTS, STR("a.yaml"), text);
    struct alert_rules *rules = alert_rules_load(&bundle, &diag);
    bundle_free(&bundle);
    diag_free(&diag);
    return rules;
}

/* alerts_carry: a later state of the activity has what this one has. */
static void check_carried(json_t *judged, struct str line)
{
    json_t *later = json_loadb(line.p, line.n, JSON_ALLOW_NUL, NULL);
    json_t *list = json_object_get(judged, "alerts");
    if (later == NULL || !json_is_array(list))
        return json_decref(later);
    alerts_carry(later, list);
    size_t n = json_array_size(json_object_get(later, "alerts"));
    if (n > json_array_size(list))
        abort();
    alerts_carry(later, list);
    if (json_array_size(json_object_get(later, "alerts")) != n)
        abort();
    json_decref(later);
}

static bool counts(const struct alert_rules *rules, const char *name)
{
    for (size_t i = 0; i < rules->count; i++)
        if (str_is(rules->items[i].name, name))
            return rules->items[i].within_ms != 0;
    abort();
}

static void learn(struct alerts *learner, struct str line)
{
    json_t *activity = json_loadb(line.p, line.n, JSON_ALLOW_NUL, NULL), *item;
    size_t i, had;
    if (activity == NULL)
        return;
    had = json_array_size(json_object_get(activity, "alerts"));
    alerts_note(learner, activity);
    if (alerts_judge(learner, activity))
        json_array_foreach(json_object_get(activity, "alerts"), i, item)
        {
            const char *rule = json_string_value(json_object_get(item, "rule"));
            if (i >= had && counts(alerts_rules(learner), rule))
                abort();
        }
    check_carried(activity, line);
    json_decref(activity);
}

static void judge(struct alerts *alerts, struct str line)
{
    struct buf out = {0};
    int64_t time_ms = 0;
    bool is_concerned = alerts_concern_line(alerts, line, &time_ms);
    if (alerts_judge_line(alerts, line, &out)) {
        json_t *json = json_loadb(out.base + out.start, out.n, 0, NULL);
        if (!is_concerned || json_object_get(json, "alerts") == NULL)
            abort();
        json_decref(json);
    }
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = str_make((const char *)data, size), line;
    size_t n = 0;
    while (n + 5 <= rest.n && !str_is(str_sub(rest, n, n + 5), "\n---\n"))
        n++;
    struct alert_rules *rules = load(str_sub(rest, 0, n + 1));
    if (rules == NULL)
        rules = load(STR(usual));
    struct alerts *alerts = alerts_new(rules), *learner = alerts_new(rules);
    rest = str_sub(rest, n + 5, rest.n);
    while (str_split(&rest, '\n', &line)) {
        judge(alerts, line);
        learn(learner, line);
    }
    alerts_forget(alerts);
    alerts_free(&alerts);
    alerts_free(&learner);
    alert_rules_unref(&rules);
    return 0;
}
