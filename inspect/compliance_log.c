/*
 * See inspect/compliance_log.h.  The published fields are few and their
 * spelling is of one version: an action may stand beside `action_data` or in
 * it, ids and addresses in the actor under two names.
 */
#include "inspect/compliance_log.h"

#include "base/mem.h"
#include "inspect/log_map.h"

enum { FILES_MAX = 64 }; /* of one message */

/* ---- the envelope ---------------------------------------------------- */

static void read_actor(struct activity *a, const struct json_node *event)
{
    const struct json_node *actor = json_get(event, "actor");
    const struct json_node *client = json_get(event, "request_metadata");
    struct str email = json_get_text(actor, "user_email");
    struct str id = json_get_text(actor, "user_id");
    struct str key = json_get_text(actor, "redacted_id");
    bool is_key = str_is(json_get_text(actor, "type"), "API_KEY");
    if (email.n == 0)
        email = json_get_text(actor, "email");
    struct str user = email.n != 0 ? email : id.n != 0 ? id : key;
    if (user.n != 0)
        a->actor.source = is_key ? STR("api-key") : STR("session");
    a->actor.user = arena_copy(&a->arena, user);
    a->actor.account = a->actor.user;
    a->actor.user_id = arena_copy(&a->arena, id);
    a->actor.workspace =
        arena_copy(&a->arena, json_path_text(event, "principal/id"));
    activity_add_detail(a, "actor_key_id", key);
    log_event_client(a, json_get_text(client, "client_ip"),
        json_get_text(client, "client_user_agent"),
        json_get_text(client, "client_ja3"),
        json_get_text(client, "client_ja4"),
        json_get(client, "client_ip_details"));
}

static struct activity *begin(const struct log_env *env,
    const struct json_node *event, struct log_activities *out)
{
    struct activity *a = log_event_add(out, env);
    if (a == NULL)
        return NULL;
    a->via = STR("compliance-log");
    a->service = STR("chatgpt");
    /* Without a time of its own it happened when it was read. */
    (void)!log_event_time(json_get(event, "timestamp"), &a->time_ms);
    read_actor(a, event);
    return a;
}

/* ---- actions ---- */

struct action {
    struct str type, name;
    const struct json_node *event, *data;
    const struct log_row *row; /* NULL: no map knows it */
    enum outcome outcome;
};

static enum outcome outcome_of(const struct action *action)
{
    static const char *const bad[] = {
        "BLOCKED", "ERROR", "FAILURE", "FAILED", "DENIED"};
    struct str result = json_get_text(action->event, "action_result");
    if (result.n == 0)
        result = json_get_text(action->data, "action_result");
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (str_is_nocase(result, bad[i]))
            return OUTCOME_FAILURE;
    if (str_is_nocase(result, "SUCCESS"))
        return OUTCOME_SUCCESS;
    if (result.n != 0 || !str_is_nocase(action->type, "AUTH_LOG"))
        return OUTCOME_UNKNOWN;
    /* AUTH_LOG says it in the action alone. */
    bool is_bad = str_has(action->name, "fail") ||
                  str_has(action->name, "block") ||
                  str_has(action->name, "denied");
    return is_bad ? OUTCOME_FAILURE : OUTCOME_SUCCESS;
}

static struct str first_text(const struct json_node *object,
    const struct log_words *keys, const char **key_out)
{
    for (size_t i = 0; i < keys->count; i++) {
        struct str text = log_event_text(object, keys->items[i].p);
        if (text.n == 0)
            continue;
        *key_out = keys->items[i].p;
        return text;
    }
    return STR_NONE;
}

/* The members that are told in another place than the details. */
struct told {
    const char *keys[4 + LOG_RENAMES_MAX + 1];
    size_t count;
};

static void tell_key(struct told *told, const char *key)
{
    if (key != NULL)
        told->keys[told->count++] = key;
}

static void read_changes(
    struct activity *a, const struct action *action, const struct told *told)
{
    const struct log_row *row = action->row;
    for (size_t i = 0; i < row->changes.count; i++)
        activity_add_change(a, row->changes.items[i]);
    for (size_t i = 0; i < row->changed_by.count; i++)
        activity_add_change(
            a, log_event_text(action->data, row->changed_by.items[i].p));
    if (!row->changes_keys || !json_is(action->data, JSON_OBJECT))
        return;
    for (const struct json_node *c = action->data->first; c != NULL;
         c = c->next) {
        bool is_told = c->key.n > LOG_NAME_BYTES_MAX;
        for (size_t i = 0; i < told->count; i++)
            is_told = is_told || str_is(c->key, told->keys[i]);
        if (!is_told)
            activity_add_change(a, log_row_rename(row, c->key));
    }
}

/* The members that get another name in the details. */
static void read_renamed(
    struct activity *a, const struct action *action, struct told *told)
{
    for (size_t i = 0; i < action->row->rename_count; i++) {
        const struct log_rename *rename = &action->row->renames[i];
        activity_add_detail(
            a, rename->to.p, log_event_text(action->data, rename->from.p));
        tell_key(told, rename->from.p);
    }
}

/* Of an action that the map knows. element: of `each`, or NULL. */
static void fill(struct activity *a, const struct action *action,
    const struct json_node *element)
{
    const struct log_row *row = action->row;
    const char *id_key = NULL, *name_key = NULL;
    struct str id = first_text(action->data, &row->target_id, &id_key);
    struct str name = first_text(action->data, &row->target_name, &name_key);
    if (element != NULL)
        name = json_str(element);
    if (id.n == 0 && str_is(row->target_type, "organization"))
        id = a->actor.workspace;
    activity_add_target(a, row->target_type, id, name);
    struct told told = {.keys = {"action", "action_result"}, .count = 2};
    tell_key(&told, id_key);
    tell_key(&told, element != NULL ? row->each.p : name_key);
    read_changes(a, action, &told);
    read_renamed(a, action, &told);
    log_event_details(a, action->data, told.keys);
}

static void name_by_row(struct activity *a, const struct action *action)
{
    const struct log_row *row = action->row;
    a->outcome = row->outcome != OUTCOME_UNKNOWN ? (enum outcome)row->outcome
                                                 : action->outcome;
    bool is_failed = a->outcome == OUTCOME_FAILURE && row->failed.n != 0;
    a->name = arena_copy(&a->arena, is_failed ? row->failed : row->activity);
    activity_add_detail(a, "action", action->name);
    activity_add_detail(
        a, "privilege", json_get_text(action->event, "action_privilege"));
    activity_add_detail(
        a, "result", json_get_text(action->event, "action_result"));
}

static void tell_known(const struct log_env *env, const struct action *action,
    struct log_activities *out)
{
    const struct json_node *list =
        json_get_str(action->data, action->row->each);
    bool has_each = action->row->each.n != 0 && json_is(list, JSON_ARRAY) &&
                    list->first != NULL;
    const struct json_node *element = has_each ? list->first : NULL;
    do {
        struct activity *a = begin(env, action->event, out);
        if (a == NULL)
            return;
        name_by_row(a, action);
        fill(a, action, element);
        element = element != NULL ? element->next : NULL;
    } while (element != NULL);
}

/* Under its own name, with all that it says. */
static void tell_unknown(const struct log_env *env, const struct action *action,
    struct log_activities *out)
{
    static const char *const told[] = {"action", "action_result", NULL};
    struct activity *a = begin(env, action->event, out);
    struct str name = action->name.n != 0 ? action->name : action->type;
    a->name = log_event_name_is_good(name) ? arena_copy(&a->arena, name)
                                           : STR("admin.unclassified");
    a->outcome = action->outcome;
    activity_add_detail(a, "log", action->type);
    activity_add_detail(
        a, "result", json_get_text(action->event, "action_result"));
    activity_add_detail(
        a, "privilege", json_get_text(action->event, "action_privilege"));
    log_event_details(a, action->data, told);
    log_event_keep_raw(a, action->event);
}

/* ---- messages ---- */

static void add_part(struct activity *a, struct str text)
{
    if (text.n == 0)
        return;
    if (a->content.n != 0)
        buf_append_char(&a->content, '\n');
    buf_append_str(&a->content, text);
}

static void read_text(struct activity *a, const struct json_node *node)
{
    if (json_is(node, JSON_STRING)) {
        add_part(a, node->text);
        return;
    }
    if (json_is(node, JSON_OBJECT)) {
        const struct json_node *inner = json_get(node, "value");
        if (inner == NULL)
            inner = json_get(node, "text");
        if (inner == NULL)
            inner = json_get(node, "parts");
        read_text(a, inner);
        return;
    }
    if (!json_is(node, JSON_ARRAY))
        return;
    for (const struct json_node *c = node->first; c != NULL; c = c->next)
        read_text(a, c);
}

static struct str first_of(
    const struct json_node *object, const char *const *keys)
{
    struct str text = STR_NONE;
    for (; *keys != NULL && text.n == 0; keys++)
        text = json_get_text(object, *keys);
    return text;
}

static void read_file(struct activity *a, const struct json_node *node)
{
    static const char *const ids[] = {"id", "file_id", NULL};
    static const char *const names[] = {"name", "file_name", "filename", NULL};
    static const char *const types[] = {
        "mime_type", "content_type", "type", NULL};
    static const char *const sizes[] = {"bytes", "size", "file_size", NULL};
    struct str id =
        json_is(node, JSON_STRING) ? node->text : first_of(node, ids);
    struct str name = first_of(node, names);
    if (a->file_count == FILES_MAX || (id.n == 0 && name.n == 0))
        return;
    struct activity_file *file = activity_add_file(a);
    file->id = arena_copy(&a->arena, id);
    file->name = arena_copy(&a->arena, name);
    file->declared_type = arena_copy(&a->arena, first_of(node, types));
    for (size_t i = 0; sizes[i] != NULL && file->bytes < 0; i++)
        if (json_int(json_get(node, sizes[i]), &file->bytes) != OK ||
            file->bytes < 0)
            file->bytes = -1;
}

static void read_files(struct activity *a, const struct json_node *message)
{
    const struct json_node *list = json_get(message, "files");
    if (json_is(list, JSON_OBJECT))
        list = json_get(list, "data");
    if (!json_is(list, JSON_ARRAY))
        return;
    for (const struct json_node *c = list->first; c != NULL; c = c->next)
        read_file(a, c);
}

static const char *message_name(struct str author, bool has_file)
{
    if (str_is_nocase(author, "user"))
        return has_file ? "prompt_with_file.created" : "prompt.created";
    if (str_is_nocase(author, "assistant"))
        return has_file ? "response_with_file.generated" : "response.generated";
    return str_is_nocase(author, "tool") ? "tool.invoked"
                                         : "conversation.message";
}

static void read_author(struct activity *a, const struct json_node *author)
{
    static const char *const told[] = {"type", "role", "model", NULL};
    struct str model = json_get_text(author, "model");
    a->model = arena_copy(&a->arena, model);
    log_event_details(a, author, told);
}

static void read_conversation(
    struct activity *a, const struct json_node *conversation)
{
    /* Its title is text of the conversation. */
    static const char *const told[] = {"id", "title", "project_id", NULL};
    a->conversation_id =
        arena_copy(&a->arena, json_get_text(conversation, "id"));
    a->project_id =
        arena_copy(&a->arena, json_get_text(conversation, "project_id"));
    log_event_details(a, conversation, told);
}

static void tell_message(const struct log_env *env,
    const struct json_node *event, struct log_activities *out)
{
    static const char *const roles[] = {"type", "role", NULL};
    const struct json_node *message = json_get(event, "message");
    const struct json_node *author = json_get(message, "author");
    struct activity *a = begin(env, event, out);
    read_text(a, json_get(message, "content"));
    read_files(a, message);
    a->name = str_of(message_name(first_of(author, roles), a->file_count != 0));
    a->outcome = OUTCOME_SUCCESS;
    a->message_id = arena_copy(&a->arena, json_get_text(message, "id"));
    a->parent_message_id =
        arena_copy(&a->arena, json_get_text(event, "previous_message_id"));
    read_author(a, author);
    read_conversation(a, json_get(event, "conversation"));
}

/* ---- the event ---- */

static struct action action_of(
    const struct log_env *env, const struct json_node *event)
{
    struct action action = {
        .type = json_get_text(event, "type"),
        .event = event,
        .data = json_get(event, "action_data"),
        .name = json_get_text(event, "action"),
    };
    if (action.name.n == 0)
        action.name = json_get_text(action.data, "action");
    if (action.type.n == 0) /* files hold one type each, and are named by it */
        action.type = STR("AUDIT_LOG");
    action.outcome = outcome_of(&action);
    if (env->services != NULL)
        action.row = log_map_find(
            service_log_map(env->services), action.type, action.name);
    return action;
}

enum err compliance_log_read(const struct log_env *env,
    const struct json_node *event, struct log_activities *out)
{
    out->count = 0;
    struct action action = action_of(env, event);
    if (json_is(json_get(event, "message"), JSON_OBJECT))
        tell_message(env, event, out);
    else if (json_get_text(event, "type").n == 0 && action.name.n == 0)
        return ERR_PARSE;
    else if (action.row != NULL)
        tell_known(env, &action, out);
    else
        tell_unknown(env, &action, out);
    struct str id = json_get_text(event, "event_id");
    log_event_finish(out, env, id, event);
    return OK;
}
