/*
 * The key `event` of a service map's routes: what an administrative request
 * does, and where its target, its changes and further facts stand
 * (docs/services.md, "Administrative events").
 */
#include "base/mem.h"
#include "inspect/service_parts.h"

enum { DETAILS_MAX = 16, ALSO_MAX = 4 };

static const char *const EVENT_KEYS[] = {"activity", "target", "project",
    "each", "changes", "details", "key", "when", "unless", "empty", "also",
    "signin", "session", "account", "workspace", NULL};
static const char *const SIGNIN_STEPS[] = {
    "none", "begin", "check", "complete", "logout", NULL};
static const char *const SESSIONS[] = {"any", "begins", "ends", NULL};
static const char *const TARGET_KEYS[] = {"type", "of", "id", "name", NULL};
static const char *const CONDITION_KEYS[] = {"at", "is", NULL};

/* ---- facts ----------------------------------------------------------- */

static const struct {
    const char *prefix;
    enum fact_source source;
    bool is_path;
} SOURCES[] = {
    {"body.", FACT_BODY, true},
    {"answer.", FACT_ANSWER, true},
    {"each.", FACT_EACH, true},
    {"?", FACT_QUERY, false},
    {"=", FACT_LITERAL, false},
};

static bool read_path_name(
    struct loader *l, struct str text, struct route_fact *fact)
{
    if (text.n < 3 || text.p[0] != '{' || text.p[text.n - 1] != '}')
        return false;
    fact->source = FACT_PATH;
    fact->name = arena_copy(l->arena, str_sub(text, 1, text.n - 1));
    return true;
}

static bool read_fact(
    struct loader *l, struct str text, struct route_fact *fact)
{
    *fact =
        (struct route_fact){.source = str_is(text, "workspace") ? FACT_WORKSPACE
                                      : str_is(text, "account") ? FACT_ACCOUNT
                                                                : FACT_EACH};
    if (fact->source != FACT_EACH || str_is(text, "each") ||
        read_path_name(l, text, fact))
        return true;
    for (size_t i = 0; i < ARRAY_LEN(SOURCES); i++) {
        size_t n = str_of(SOURCES[i].prefix).n;
        struct str rest = str_sub(text, n, text.n);
        if (!str_starts(text, SOURCES[i].prefix) || rest.n == 0)
            continue;
        fact->source = SOURCES[i].source;
        fact->name = arena_copy(l->arena, rest);
        return !SOURCES[i].is_path || service_parse_path(l, rest, &fact->path);
    }
    return false;
}

static void load_facts(struct loader *l, const struct yaml_node *map,
    const char *key, struct route_facts *out)
{
    struct yaml_strs list = yaml_strs(l->doc, map, key);
    out->items = arena_alloc(l->arena, list.count * sizeof *out->items + 1);
    for (size_t i = 0; i < list.count; i++) {
        if (read_fact(l, list.items[i], &out->items[out->count]))
            out->count++;
        else
            yaml_mistake(l->doc, yaml_get(map, key),
                "%s: \"%.*s\" is no fact; allowed: {name} of the path, "
                "body.PATH, answer.PATH, each, each.PATH, ?NAME, "
                "=text, workspace, account",
                key, STR_ARG(list.items[i]));
    }
}

/* ---- an event -------------------------------------------------------- */

static void load_target(
    struct loader *l, const struct yaml_node *map, struct route_event *event)
{
    const struct yaml_node *target = yaml_get(map, "target");
    if (target == NULL || !yaml_check_keys(l->doc, target, TARGET_KEYS))
        return;
    event->target_type =
        arena_copy(l->arena, yaml_str(l->doc, target, "type", STR_NONE));
    load_facts(l, target, "of", &event->target_of);
    load_facts(l, target, "id", &event->target_id);
    load_facts(l, target, "name", &event->target_name);
    if (event->target_type.n == 0 ||
        event->target_id.count + event->target_name.count == 0)
        yaml_mistake(l->doc, target,
            "the target of an event needs type, and id or name");
}

static void load_details(
    struct loader *l, const struct yaml_node *map, struct route_event *event)
{
    const struct yaml_node *node = yaml_get(map, "details");
    if (node == NULL)
        return;
    if (node->kind != YAML_KIND_MAP || node->count > DETAILS_MAX) {
        yaml_mistake(l->doc, node,
            "details: a map of at most %d names to facts", DETAILS_MAX);
        return;
    }
    event->details =
        arena_alloc(l->arena, node->count * sizeof *event->details + 1);
    for (size_t i = 0; i < node->count; i++) {
        struct route_detail *detail = &event->details[event->detail_count++];
        detail->key = arena_copy(l->arena, node->pairs[i].key).p;
        load_facts(l, node, detail->key, &detail->facts);
    }
}

/* "body" alone: whatever the body has. */
static void load_changes(
    struct loader *l, const struct yaml_node *map, struct route_event *event)
{
    struct yaml_strs list = yaml_strs(l->doc, map, "changes");
    event->changes_body = list.count == 1 && str_is(list.items[0], "body");
    if (!event->changes_body)
        load_facts(l, map, "changes", &event->changes);
}

static void load_conditions(struct loader *l, const struct yaml_node *map,
    const char *key, struct route_condition **out, size_t *count_out)
{
    const struct yaml_node *list = yaml_list(l->doc, map, key);
    if (list == NULL)
        return;
    *out = arena_alloc(l->arena, list->count * sizeof **out + 1);
    for (size_t i = 0; i < list->count; i++) {
        const struct yaml_node *node = list->pairs[i].value;
        struct route_condition *c = &(*out)[*count_out];
        if (!yaml_check_keys(l->doc, node, CONDITION_KEYS))
            continue;
        load_facts(l, node, "at", &c->at);
        c->value = arena_copy(l->arena, yaml_str(l->doc, node, "is", STR("*")));
        if (c->at.count == 0)
            yaml_mistake(l->doc, node, "%s: a condition needs at: a fact", key);
        else
            ++*count_out;
    }
}

static void load_event(
    struct loader *l, const struct yaml_node *map, struct route_event *event);

static void load_also(
    struct loader *l, const struct yaml_node *map, struct route_event *event)
{
    const struct yaml_node *list = yaml_list(l->doc, map, "also");
    if (list == NULL)
        return;
    if (list->count > ALSO_MAX) {
        yaml_mistake(l->doc, list, "also: at most %d events", ALSO_MAX);
        return;
    }
    event->also = arena_alloc(l->arena, list->count * sizeof *event->also + 1);
    for (size_t i = 0; i < list->count; i++) {
        struct route_event *other = &event->also[event->also_count++];
        load_event(l, list->pairs[i].value, other);
        if (other->activity.n == 0 || other->also_count != 0)
            yaml_mistake(l->doc, list->pairs[i].value,
                "also: an event here needs activity and has no also");
    }
}

static void load_signin(
    struct loader *l, const struct yaml_node *map, struct route_event *event)
{
    event->signin =
        (enum signin_step)yaml_word(l->doc, map, "signin", SIGNIN_STEPS, 0);
    event->session =
        (enum signin_session)yaml_word(l->doc, map, "session", SESSIONS, 0);
    load_facts(l, map, "account", &event->account);
    load_facts(l, map, "workspace", &event->workspace);
    bool is_apart = event->account.count == 0 && event->workspace.count == 0 &&
                    event->session == SESSION_ANY;
    if (event->signin == SIGNIN_NONE && !is_apart)
        yaml_mistake(l->doc, map,
            "account, workspace and session are for events with signin");
    bool is_several = event->each.count != 0 || event->also_count != 0;
    if (event->signin != SIGNIN_NONE && is_several)
        yaml_mistake(l->doc, map, "signin: goes without each and without also");
}

static void load_event(
    struct loader *l, const struct yaml_node *map, struct route_event *event)
{
    *event = (struct route_event){0};
    if (!yaml_check_keys(l->doc, map, EVENT_KEYS))
        return;
    event->activity =
        arena_copy(l->arena, yaml_str(l->doc, map, "activity", STR_NONE));
    load_target(l, map, event);
    load_facts(l, map, "project", &event->project);
    load_facts(l, map, "each", &event->each);
    load_changes(l, map, event);
    load_details(l, map, event);
    load_facts(l, map, "key", &event->key);
    load_conditions(l, map, "when", &event->when, &event->when_count);
    load_conditions(l, map, "unless", &event->unless, &event->unless_count);
    event->allows_empty = yaml_bool(l->doc, map, "empty", false);
    load_also(l, map, event);
    load_signin(l, map, event);
}

void service_load_event(
    struct loader *l, const struct yaml_node *map, struct route *route)
{
    const struct yaml_node *node = yaml_get(map, "event");
    route->is_secret = yaml_bool(l->doc, map, "secret", false);
    if (route->is_secret && node == NULL && route->action != ROUTE_PASS)
        yaml_mistake(
            l->doc, map, "secret: is for routes with event, or do: pass");
    if (node == NULL)
        return;
    if (route->action != ROUTE_RECORD || route->gate != ROUTE_HOLD ||
        route->answer != ANSWER_NONE || route->allows_websocket)
        yaml_mistake(l->doc, node,
            "event: goes with do: record and gate: hold, without answer and "
            "websocket");
    struct route_event *event = ARENA_NEW(l->arena, struct route_event);
    load_event(l, node, event);
    if (event->activity.n != 0)
        yaml_mistake(l->doc, node,
            "event: its activity is the route's; activity is for also");
    route->event = event;
}
