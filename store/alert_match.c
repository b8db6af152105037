/*
 * Whether an activity is one that a rule looks at.  Selectors are paths into
 * its JSON; a list on the way means any of its members.  Compared without
 * case: "Owner" and "account-owner" are told by the same glob.
 */
#include "store/alert_rules.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <jansson.h>

#include "base/mem.h"

static const char *const
    ACTIVITY[] = {"activity", NULL},
    *const SERVICE[] = {"service", NULL}, *const VIA[] = {"via", NULL},
    *const OUTCOME[] = {"outcome", NULL},
    *const CATEGORY[] = {"category", NULL},
    *const VERDICT[] = {"verdict", NULL},
    *const USER[] = {"actor.user", "actor.account", NULL},
    *const IP[] = {"actor.ip", NULL},
    *const WORKSPACE[] = {"actor.workspace", NULL},
    *const PROJECT[] = {"project_id", NULL},
    *const ROLE[] = {"details.role", "details.role_id", "details.new_role",
        "details.role_name", "details.project_roles", NULL},
    *const SCOPE[] = {"details.scopes", "details.scope", "details.permissions",
        "details.permissions_added", NULL},
    *const CHANGE[] = {"changes", NULL},
    *const TARGET[] = {"target.id", "target.name", "targets.id", "targets.name",
        NULL},
    *const TARGET_TYPE[] = {"target.type", "targets.type", NULL};

const char *const alert_selector_names[] = {"activity", "service", "via",
    "outcome", "category", "verdict", "user", "ip", "workspace", "project",
    "role", "scope", "change", "target", "target_type", NULL};
static const char *const *const SELECTOR_PATHS[] = {ACTIVITY, SERVICE, VIA,
    OUTCOME, CATEGORY, VERDICT, USER, IP, WORKSPACE, PROJECT, ROLE, SCOPE,
    CHANGE, TARGET, TARGET_TYPE};

const char *const alert_part_names[] = {
    "user", "ip", "target", "workspace", "project", "service", NULL};
static const char *const *const PART_PATHS[] = {
    USER, IP, TARGET, WORKSPACE, PROJECT, SERVICE};

const char *const *alert_selector_paths(const char *name)
{
    for (size_t i = 0; alert_selector_names[i] != NULL; i++)
        if (strcmp(alert_selector_names[i], name) == 0)
            return SELECTOR_PATHS[i];
    return NULL;
}

static bool text_matches(const struct alert_globs *globs, struct str text)
{
    char lower[ALERT_VALUE_BYTES_MAX];
    size_t n = text.n < sizeof lower ? text.n : sizeof lower;
    if (n == 0)
        return false;
    memcpy(lower, text.p, n);
    str_lower(lower, n);
    for (size_t i = 0; i < globs->count; i++)
        if (str_glob(globs->items[i], str_make(lower, n), 0))
            return true;
    return false;
}

static bool value_matches(const struct alert_globs *globs, const json_t *value)
{
    char number[32];
    size_t i;
    json_t *item;
    switch (json_typeof(value)) {
    case JSON_STRING:
        return text_matches(globs,
            str_make(json_string_value(value), json_string_length(value)));
    case JSON_INTEGER:
        snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT,
            json_integer_value(value));
        return text_matches(globs, str_of(number));
    case JSON_TRUE:
    case JSON_FALSE:
        return text_matches(
            globs, json_is_true(value) ? STR("true") : STR("false"));
    case JSON_ARRAY:
        json_array_foreach(value, i, item)
        {
            if (!json_is_array(item) && value_matches(globs, item))
                return true;
        }
        return false;
    default:
        return false;
    }
}

/* Along "a.b": at most one list on the way. */
static bool path_matches(
    const struct alert_globs *globs, const json_t *object, const char *path)
{
    char key[32];
    const char *dot = strchr(path, '.');
    size_t i, n = dot != NULL ? (size_t)(dot - path) : strlen(path);
    json_t *item;
    if (n >= sizeof key)
        return false;
    memcpy(key, path, n);
    key[n] = '\0';
    const json_t *value = json_object_get(object, key);
    if (value == NULL)
        return false;
    if (dot == NULL)
        return value_matches(globs, value);
    if (!json_is_array(value))
        return path_matches(globs, value, dot + 1);
    json_array_foreach(value, i, item)
    {
        if (path_matches(globs, item, dot + 1))
            return true;
    }
    return false;
}

static bool test_holds(const struct alert_test *test, const json_t *activity)
{
    const json_t *details = json_object_get(activity, "details");
    if (test->paths == NULL) {
        const json_t *value = json_object_get(details, test->key.p);
        return value != NULL && value_matches(&test->globs, value);
    }
    for (size_t i = 0; test->paths[i] != NULL; i++)
        if (path_matches(&test->globs, activity, test->paths[i]))
            return true;
    return false;
}

bool alert_matches(
    const struct alert_condition *condition, const json_t *activity)
{
    for (size_t i = 0; i < condition->test_count; i++)
        if (!test_holds(&condition->tests[i], activity))
            return false;
    return condition->is_present;
}

/* Only texts: "a.b", of a list the first. */
static struct str text_at(const json_t *object, const char *path)
{
    char key[32];
    const char *dot = strchr(path, '.');
    size_t n = dot != NULL ? (size_t)(dot - path) : strlen(path);
    if (n >= sizeof key)
        return STR_NONE;
    memcpy(key, path, n);
    key[n] = '\0';
    const json_t *value = json_object_get(object, key);
    if (json_is_array(value))
        value = json_array_get(value, 0);
    if (dot != NULL)
        return text_at(value, dot + 1);
    if (!json_is_string(value))
        return STR_NONE;
    return str_make(json_string_value(value), json_string_length(value));
}

bool alert_part_of(
    const struct alert_parts *parts, const json_t *activity, struct str *out)
{
    *out = STR_NONE;
    for (size_t i = 0; i < parts->count && out->n == 0; i++) {
        const char *const *paths = PART_PATHS[parts->items[i]];
        for (size_t k = 0; paths[k] != NULL && out->n == 0; k++)
            *out = text_at(activity, paths[k]);
    }
    return out->n != 0;
}
