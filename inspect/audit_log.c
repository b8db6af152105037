/*
 * See inspect/audit_log.h.  Payloads follow one pattern: an id, `data` of what
 * was made, `changes_requested` of what was changed.  What deviates is in the
 * tables here; the names themselves are in audit_log_types.c.
 */
#include "inspect/audit_log.h"

#include "base/mem.h"

/* Where the name of the thing stands, by its type. */
static const char *const NAMES[] = {"name", "email", "group_name", "role_name",
    "title", "connector_name", NULL};

/* "checkpoint" in the details, as inline. */
static const char CHECKPOINT[] = "fine_tuned_model_checkpoint";

/* Lists of things that an event is about (§5.3). */
static const char *const LISTS[] = {"certificates", "configs"};

/* ---- the name ---------------------------------------------------------- */

/* Clients made from the specification of April 2025 have the underscore
 * (§5.2). */
static struct str canonical(struct arena *arena, struct str type)
{
    static const char old[] = "checkpoint_permission.";
    if (!str_starts(type, old))
        return arena_copy(arena, type);
    return str_of(arena_printf(arena, "checkpoint.permission.%.*s",
        STR_ARG(str_sub(type, sizeof old - 1, type.n))));
}

static struct str last_word(struct str name)
{
    struct str part = STR_NONE;
    while (str_split(&name, '.', &part))
        continue;
    return part;
}

/* "api_key" of "api_key.created". */
static struct str target_type(struct str name)
{
    static const char *const types[][2] = {
        {"certificates.*", "certificate"},
        {"ip_allowlist.*", "ip_allowlist"},
        {"role.bound_to_resource", "role"},
        {"role.unbound_from_resource", "role"},
    };
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (str_glob(str_of(types[i][0]), name, 0))
            return str_of(types[i][1]);
    size_t n = last_word(name).n;
    return name.n > n ? str_sub(name, 0, name.n - n - 1) : name;
}

/* The payload stands under the type, dots included; those who store it
 * elsewhere make the dots underscores (§5.4). */
static const struct json_node *payload_of(
    const struct json_node *event, struct str type, struct str name)
{
    char key[LOG_NAME_BYTES_MAX];
    const struct json_node *payload = json_get_str(event, type);
    if (payload == NULL)
        payload = json_get_str(event, name);
    if (payload != NULL || name.n > sizeof key)
        return payload;
    for (size_t i = 0; i < name.n; i++)
        key[i] = name.p[i];
    for (size_t i = 0; i < name.n; i++)
        if (key[i] == '.')
            key[i] = '_';
    return json_get_str(event, str_make(key, name.n));
}

/* ---- who ---- */

static void name_actor(struct activity *a, struct str email, struct str id)
{
    struct str user = email.n != 0 ? email : id;
    a->actor.user = arena_copy(&a->arena, user);
    a->actor.account = a->actor.user;
    a->actor.user_id = arena_copy(&a->arena, id);
}

static void read_key_actor(struct activity *a, const struct json_node *key)
{
    struct str id = json_path_text(key, "user/id");
    if (id.n == 0)
        id = json_path_text(key, "service_account/id");
    a->actor.source = STR("api-key");
    name_actor(a, json_path_text(key, "user/email"),
        id.n != 0 ? id : json_get_text(key, "id"));
    if (id.n == 0)
        a->actor.user_id = STR_NONE;
    activity_add_detail(a, "actor_key_id", json_get_text(key, "id"));
    activity_add_detail(a, "actor_type", json_get_text(key, "type"));
}

static void read_actor(struct activity *a, const struct json_node *actor)
{
    const struct json_node *session = json_get(actor, "session");
    const struct json_node *key = json_get(actor, "api_key");
    bool is_key = str_is(json_get_text(actor, "type"), "api_key");
    if (json_is(key, JSON_OBJECT) &&
        (is_key || !json_is(session, JSON_OBJECT))) {
        read_key_actor(a, key);
        return;
    }
    if (!json_is(session, JSON_OBJECT))
        return;
    a->actor.source = STR("session");
    name_actor(a, json_path_text(session, "user/email"),
        json_path_text(session, "user/id"));
    log_event_client(a, json_get_text(session, "ip_address"),
        json_get_text(session, "user_agent"), json_get_text(session, "ja3"),
        json_get_text(session, "ja4"), json_get(session, "ip_address_details"));
}

/* ---- what ---- */

static struct str name_in(const struct json_node *object, const char **key_out)
{
    for (size_t i = 0; NAMES[i] != NULL; i++) {
        struct str name = log_event_text(object, NAMES[i]);
        if (name.n == 0)
            continue;
        *key_out = NAMES[i];
        return name;
    }
    return STR_NONE;
}

static bool is_update(struct str name)
{
    return str_is(last_word(name), "updated");
}

static bool is_published(struct str name)
{
    for (size_t i = 0; audit_log_type(i) != NULL; i++)
        if (str_is(name, audit_log_type(i)))
            return true;
    return false;
}

static void read_targets(struct activity *a, const struct json_node *payload)
{
    for (size_t i = 0; i < ARRAY_LEN(LISTS); i++) {
        const struct json_node *list = json_get(payload, LISTS[i]);
        if (!json_is(list, JSON_ARRAY))
            continue;
        for (const struct json_node *c = list->first; c != NULL; c = c->next)
            activity_add_target(a, target_type(a->name),
                c->kind == JSON_STRING ? c->text : log_event_text(c, "id"),
                log_event_text(c, "name"));
    }
}

/* What is changed: the keys asked for; of an update without them those of
 * `data` (the specification's own example of api_key.updated), or what stands
 * beside the id. */
static void read_changes(struct activity *a, const struct json_node *payload)
{
    const struct json_node *changes = json_get(payload, "changes_requested");
    log_event_changes(a, changes);
    if (changes != NULL || !is_update(a->name))
        return;
    const struct json_node *data = json_get(payload, "data");
    if (json_is(data, JSON_OBJECT))
        log_event_changes(a, data);
    else if (is_published(a->name) && json_is(payload, JSON_OBJECT))
        for (const struct json_node *c = payload->first; c != NULL; c = c->next)
            if (!str_is(c->key, "id"))
                activity_add_change(a, c->key);
}

/* The project that it is about, rather than the one it is booked on. */
static void read_project(struct activity *a, const struct json_node *event,
    const struct json_node *payload)
{
    struct str id = json_get_text(payload, "project_id");
    if (id.n == 0)
        id = json_path_text(payload, "data/project_id");
    if (id.n == 0)
        id = json_path_text(event, "project/id");
    a->project_id = arena_copy(&a->arena, id);
    activity_add_detail(
        a, "project_name", json_path_text(event, "project/name"));
}

static void read_payload(struct activity *a, const struct json_node *payload)
{
    const struct json_node *parts[] = {json_get(payload, "data"), payload,
        json_get(payload, "changes_requested")};
    struct str name = STR_NONE;
    read_targets(a, payload);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        const char *key = NULL;
        if (name.n == 0)
            name = name_in(parts[i], &key);
        const char *const skip[] = {"id", "data", "changes_requested",
            "certificates", "configs", "project_id", CHECKPOINT, key, NULL};
        /* Only the payload itself holds what is told elsewhere. */
        const char *const inner[] = {"project_id", CHECKPOINT, key, NULL};
        log_event_details(a, parts[i], parts[i] == payload ? skip : inner);
        activity_add_detail(
            a, "checkpoint", log_event_text(parts[i], CHECKPOINT));
    }
    /* Of a role that is given the target is who has it, as inline. */
    struct str principal = log_event_text(payload, "principal_id");
    if (str_starts(a->name, "role.assignment.") && principal.n != 0) {
        activity_add_target(
            a, log_event_text(payload, "principal_type"), principal, STR_NONE);
        activity_add_detail(a, "assignment_id", log_event_text(payload, "id"));
    }
    if (a->target_count == 0)
        activity_add_target(
            a, target_type(a->name), log_event_text(payload, "id"), name);
    read_changes(a, payload);
}

/* ---- the event ---- */

enum err audit_log_read(const struct log_env *env,
    const struct json_node *event, struct log_activities *out)
{
    struct str type = json_get_text(event, "type");
    out->count = 0;
    if (type.n == 0)
        return ERR_PARSE;
    struct activity *a = log_event_add(out, env);
    a->via = STR("audit-log");
    a->service = STR("openai-platform");
    a->name = log_event_name_is_good(type) ? canonical(&a->arena, type)
                                           : STR("admin.unclassified");
    /* Without a time of its own it happened when it was read. */
    (void)!log_event_time(json_get(event, "effective_at"), &a->time_ms);
    a->outcome = str_is(last_word(a->name), "failed") ? OUTCOME_FAILURE
                                                      : OUTCOME_SUCCESS;
    const struct json_node *payload = payload_of(event, type, a->name);
    read_actor(a, json_get(event, "actor"));
    read_project(a, event, payload);
    read_payload(a, payload);
    if (!is_published(a->name))
        log_event_keep_raw(a, event);
    log_event_finish(out, env, json_get_text(event, "id"), event);
    return OK;
}
