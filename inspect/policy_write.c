/*
 * A policy as JSON, for whoever wants to see which rules run (inspect/
 * policy.h): what was loaded, not what the file says.
 */
#include "base/jsonw.h"
#include "base/mem.h"
#include "inspect/policy_parts.h"

static void write_texts(
    struct jsonw *w, const char *key, const struct texts *texts)
{
    if (texts->count == 0)
        return;
    jsonw_key(w, key);
    jsonw_array(w);
    for (size_t i = 0; i < texts->count; i++)
        jsonw_str(w, texts->items[i]);
    jsonw_close(w);
}

static void write_number(struct jsonw *w, const char *key, int64_t n)
{
    if (n >= 0)
        jsonw_key_int(w, key, n);
}

static void write_level(struct jsonw *w, const char *key, enum level level)
{
    if (level != LEVEL_NONE)
        jsonw_key_cstr(w, key, level_name(level));
}

static void write_condition(
    struct jsonw *w, const char *key, const struct condition *c)
{
    const struct {
        const char *name;
        const struct texts *texts;
    } lists[] = {
        {"service", &c->service},
        {"activity", &c->activity},
        {"type", &c->type},
        {"group_of_type", &c->group_of_type},
        {"detector", &c->detector},
        {"user", &c->user},
        {"group", &c->group},
        {"network", &c->network.texts},
        {"workspace", &c->workspace},
        {"plan", &c->plan},
        {"model", &c->model},
        {"file_type", &c->file_type},
        {"target", &c->target},
        {"role", &c->role},
        {"scope", &c->scope},
        {"change", &c->change},
        {"failure", &c->failure},
    };
    if (!c->is_present)
        return;
    jsonw_key(w, key);
    jsonw_object(w);
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        write_texts(w, lists[i].name, lists[i].texts);
    write_level(w, "min_confidence", c->min_confidence);
    write_level(w, "min_severity", c->min_severity);
    write_number(w, "min_count", c->min_count);
    write_number(w, "min_unique", c->min_unique);
    write_number(w, "min_file_bytes", c->min_file_bytes);
    if (c->signed_in >= 0)
        jsonw_key_bool(w, "signed_in", c->signed_in == 1);
    if (c->direction >= 0)
        jsonw_key_cstr(
            w, "direction", c->direction == DIRECTION_UP ? "up" : "down");
    jsonw_close(w);
}

static void write_rule(struct jsonw *w, const struct policy_rule *rule)
{
    jsonw_object(w);
    jsonw_key_str(w, "name", rule->name);
    write_condition(w, "when", &rule->when);
    write_condition(w, "unless", &rule->unless);
    jsonw_key_cstr(w, "verdict", verdict_name(rule->verdict));
    jsonw_key_cstr(w, "severity",
        rule->severity != LEVEL_NONE ? level_name(rule->severity) : "none");
    jsonw_key_str_if(w, "message", rule->message);
    jsonw_close(w);
}

void policy_write(const struct policy *policy, struct jsonw *w)
{
    jsonw_object(w);
    jsonw_key_cstr(w, "mode", policy->is_monitor ? "monitor" : "enforce");
    jsonw_key_cstr(w, "default", verdict_name(policy->otherwise));
    jsonw_key(w, "groups");
    jsonw_object(w);
    for (size_t i = 0; i < policy->group_count; i++)
        jsonw_key_int(w, policy->groups[i].name.p,
            (int64_t)policy->groups[i].members.count);
    jsonw_close(w);
    jsonw_key(w, "rules");
    jsonw_array(w);
    for (size_t i = 0; i < policy->rule_count; i++)
        write_rule(w, &policy->rules[i]);
    jsonw_close(w);
    jsonw_close(w);
}
