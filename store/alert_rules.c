/*
 * alerts.yaml to rules.  Everything that a person can get wrong is a mistake
 * here, so that judging cannot fail.
 */
#include "store/alert_rules.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/yaml.h"

struct loader {
    struct yaml_doc *doc;
    struct alert_rules *rules;
};

static const char *const severities[] = {"low", "medium", "high", NULL};

static struct alert_globs read_globs(
    struct loader *l, const struct yaml_node *map, const char *key)
{
    struct yaml_strs list = yaml_strs(l->doc, map, key);
    const struct yaml_node *node = yaml_get(map, key);
    if (node != NULL && list.count == 0)
        yaml_mistake(l->doc, node, "%s is empty: it would never hold", key);
    if (list.count > ALERT_GLOBS_MAX) {
        yaml_mistake(
            l->doc, node, "%s: at most %d texts", key, ALERT_GLOBS_MAX);
        list.count = ALERT_GLOBS_MAX;
    }
    struct alert_globs globs = {
        arena_alloc(&l->rules->arena, list.count * sizeof(struct str) + 1),
        list.count};
    for (size_t i = 0; i < list.count; i++) {
        globs.items[i] = arena_lower(&l->rules->arena, list.items[i]);
        if (list.items[i].n == 0)
            yaml_mistake(
                l->doc, node, "%s: an empty text would never hold", key);
    }
    return globs;
}

static void add_test(struct loader *l, struct alert_condition *c,
    const char *const *paths, struct str key, struct alert_globs globs)
{
    c->tests[c->test_count++] =
        (struct alert_test){paths, arena_copy(&l->rules->arena, key), globs};
}

static void read_details(
    struct loader *l, const struct yaml_node *when, struct alert_condition *c)
{
    const struct yaml_node *map = yaml_get(when, "details");
    if (map == NULL)
        return;
    if (map->kind != YAML_KIND_MAP) {
        yaml_mistake(l->doc, map,
            "details must be a map: {member: [texts]}, like "
            "{allowed_ips: \"0.0.0.0/0\"}");
        return;
    }
    for (size_t i = 0; i < map->count; i++) {
        struct str key = arena_copy(&l->rules->arena, map->pairs[i].key);
        add_test(l, c, NULL, key, read_globs(l, map, key.p));
    }
}

static size_t count_tests(const struct yaml_node *map)
{
    const struct yaml_node *details = yaml_get(map, "details");
    return map->count + (details != NULL ? details->count : 0);
}

/* extra: keys of `after` that are no selectors. */
static void read_condition(struct loader *l, const struct yaml_node *rule,
    const char *name, const char *const *extra, struct alert_condition *c)
{
    const char *keys[32];
    size_t n = 0;
    const struct yaml_node *map = yaml_get(rule, name);
    if (map == NULL)
        return;
    for (size_t i = 0; alert_selector_names[i] != NULL; i++)
        keys[n++] = alert_selector_names[i];
    for (size_t i = 0; extra[i] != NULL; i++)
        keys[n++] = extra[i];
    keys[n++] = "details";
    keys[n] = NULL;
    if (!yaml_check_keys(l->doc, map, keys))
        return;
    c->is_present = true;
    c->tests =
        arena_alloc(&l->rules->arena, count_tests(map) * sizeof *c->tests + 1);
    for (size_t i = 0; alert_selector_names[i] != NULL; i++) {
        const char *key = alert_selector_names[i];
        if (yaml_get(map, key) != NULL)
            add_test(l, c, alert_selector_paths(key), str_of(key),
                read_globs(l, map, key));
        if (yaml_get(map, key) != NULL && i == 0)
            c->activity = c->tests[c->test_count - 1].globs;
    }
    read_details(l, map, c);
    if (c->test_count == 0)
        yaml_mistake(l->doc, map, "%s needs a selector", name);
}

static int64_t read_span(struct loader *l, const struct yaml_node *map)
{
    struct str text = yaml_str(l->doc, map, "within", STR_NONE);
    int64_t back = 0;
    if (text.n == 0)
        return 0;
    bool is_span =
        clock_parse(text, 0, &back) == OK && str_find_char(text, '-') == text.n;
    if (is_span && back < 0 && back >= -(int64_t)ALERT_WINDOW_MAX_MS)
        return -back;
    yaml_mistake(l->doc, yaml_get(map, "within"),
        "within \"%.*s\" must be a time from 1s to 7d: 90s, 30m, 24h, 7d",
        STR_ARG(text));
    return 0;
}

static struct alert_parts read_parts(
    struct loader *l, const struct yaml_node *map, const char *key)
{
    struct alert_parts parts = {.count = 0};
    struct yaml_strs list = yaml_strs(l->doc, map, key);
    for (size_t i = 0; i < list.count; i++) {
        int part = 0;
        while (alert_part_names[part] != NULL &&
               !str_is(list.items[i], alert_part_names[part]))
            part++;
        if (alert_part_names[part] == NULL)
            yaml_mistake(l->doc, yaml_get(map, key),
                "%s \"%.*s\" is not known; allowed: user, ip, target, "
                "workspace, project, service",
                key, STR_ARG(list.items[i]));
        else if (parts.count < ARRAY_LEN(parts.items))
            parts.items[parts.count++] = part;
    }
    return parts;
}

static void check_name(
    struct loader *l, const struct yaml_node *node, struct str name)
{
    if (name.n == 0)
        yaml_mistake(l->doc, node, "a rule needs a name");
    for (size_t i = 0; i < l->rules->count; i++)
        if (name.n > 0 && str_eq(l->rules->items[i].name, name))
            yaml_mistake(l->doc, node,
                "the name \"%.*s\" is taken by an earlier rule", STR_ARG(name));
}

/* What only together makes sense. */
static void check_rule(
    struct loader *l, const struct yaml_node *node, const struct alert_rule *r)
{
    if (!r->when.is_present)
        yaml_mistake(l->doc, node, "a rule needs `when`");
    if (r->count > 1 && r->within_ms == 0)
        yaml_mistake(l->doc, node, "count needs `within`: 30m");
    if (r->after.is_present && r->within_ms == 0)
        yaml_mistake(l->doc, node, "after needs `within`: 30m");
    if (r->distinct.count > 0 && r->count < 2)
        yaml_mistake(l->doc, node, "distinct needs a count of 2 or more");
    bool is_named = r->when.activity.count > 0 &&
                    (!r->after.is_present || r->after.activity.count > 0);
    if (r->within_ms != 0 && !is_named)
        yaml_mistake(l->doc, node,
            "what is counted needs `activity` among its selectors");
}

static void read_count(
    struct loader *l, const struct yaml_node *node, struct alert_rule *r)
{
    const struct yaml_node *after = yaml_get(node, "after");
    bool is_after = r->after.is_present;
    for (size_t i = 0; is_after && i < 3; i++) {
        static const char *const keys[] = {"count", "within", "distinct"};
        if (yaml_get(node, keys[i]) != NULL)
            yaml_mistake(l->doc, yaml_get(node, keys[i]),
                "%s belongs into `after` where there is one", keys[i]);
    }
    const struct yaml_node *map = is_after ? after : node;
    r->count = (size_t)yaml_int(l->doc, map, "count", 1, ALERT_COUNT_MAX, 1);
    r->within_ms = read_span(l, map);
    r->distinct = read_parts(l, map, "distinct");
}

static void read_rule(
    struct loader *l, const struct yaml_node *node, struct alert_rule *r)
{
    static const char *const keys[] = {"name", "when", "unless", "after",
        "count", "within", "by", "distinct", "severity", "message", NULL};
    static const char *const none[] = {NULL};
    static const char *const of_after[] = {"count", "within", "distinct", NULL};
    struct arena *arena = &l->rules->arena;
    if (!yaml_check_keys(l->doc, node, keys) && node->kind != YAML_KIND_MAP)
        return;
    r->name = arena_copy(arena, yaml_str(l->doc, node, "name", STR_NONE));
    r->message = arena_copy(arena, yaml_str(l->doc, node, "message", r->name));
    check_name(l, node, r->name);
    read_condition(l, node, "when", none, &r->when);
    read_condition(l, node, "unless", none, &r->unless);
    read_condition(l, node, "after", of_after, &r->after);
    read_count(l, node, r);
    r->by = read_parts(l, node, "by");
    r->severity =
        severities[yaml_word(l->doc, node, "severity", severities, 1)];
    check_rule(l, node, r);
}

static void read_file(struct loader *l)
{
    static const char *const keys[] = {"rules", NULL};
    if (l->doc->root->kind == YAML_KIND_NULL)
        return;
    yaml_check_keys(l->doc, l->doc->root, keys);
    const struct yaml_node *list = yaml_list(l->doc, l->doc->root, "rules");
    size_t n = list != NULL ? list->count : 0;
    if (l->rules->count + n > ALERT_RULES_MAX) {
        yaml_mistake(l->doc, list, "at most %d rules", ALERT_RULES_MAX);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        struct alert_rule *rule = &l->rules->items[l->rules->count];
        read_rule(l, list->pairs[i].value, rule);
        l->rules->count++;
        if (rule->within_ms > l->rules->longest_ms)
            l->rules->longest_ms = rule->within_ms;
    }
}

struct alert_rules *alert_rules_load(
    const struct bundle *bundle, struct diag *diag)
{
    size_t before = diag->count;
    struct alert_rules *rules = MEM_NEW(struct alert_rules);
    atomic_init(&rules->refs, 1);
    rules->items =
        arena_alloc(&rules->arena, ALERT_RULES_MAX * sizeof(struct alert_rule));
    for (size_t i = 0; i < bundle->count; i++) {
        const struct bundle_file *file = &bundle->files[i];
        if (file->kind != BUNDLE_ALERTS)
            continue;
        struct loader l = {yaml_parse(file->name.p, file->text, diag), rules};
        if (l.doc != NULL)
            read_file(&l);
        yaml_free(&l.doc);
    }
    if (diag->count > before)
        alert_rules_unref(&rules);
    return rules;
}

struct alert_rules *alert_rules_ref(struct alert_rules *rules)
{
    if (rules != NULL)
        atomic_fetch_add(&rules->refs, 1);
    return rules;
}

void alert_rules_unref(struct alert_rules **rules)
{
    struct alert_rules *r = *rules;
    *rules = NULL;
    if (r == NULL || atomic_fetch_sub(&r->refs, 1) > 1)
        return;
    arena_free(&r->arena);
    mem_free(r);
}
