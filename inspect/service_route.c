/*
 * A route of a service map: which requests it is for, and what becomes of them.
 * A WebSocket's route has frames, which are routes of their own.
 */
#include <string.h>

#include "base/mem.h"
#include "inspect/service_parts.h"

enum {
    PREFIX_VALUES_MAX = 8, /* alternatives of one prefix */
    FRAMES_MAX = 64,       /* of a WebSocket */
};

static const char *const ACTIONS[] = {"record", "scan", "pass", NULL};
static const char *const GATES[] = {"hold", "stream", "forward", NULL};
static const char *const BODIES[] = {"generic", "fields", "chatgpt-prompt",
    "openai-chat", "openai-responses", "openai-thread", "openai-realtime",
    "file", "blocklist", "ignored", NULL};
static const char *const WHERES[] = {"prompt", "draft", NULL};
static const char *const SOCKETS[] = {
    "none", "responses", "realtime", "events", "pubsub", NULL};
static const char *const ROUTE_KEYS[] = {"name", "method", "path", "host",
    "content_type", "query", "do", "gate", "body", "answer", "block", "where",
    "websocket", "activity", "update", "reason", "target", "text", "hidden",
    "ids", "files", "url_text", "answer_text", "answer_hidden", "answer_ids",
    "resumes", "into_turn", "learn", "names", "who", "link", "file", "upload",
    "cases", "socket", "frame_type", "frames", "service", "event", "secret",
    "tells_login", "last", NULL};
static const char *const FRAME_KEYS[] = {"name", "type", "when", "opaque", "do",
    "body", "answer", "block", "where", "activity", "reason", "target", "text",
    "hidden", "ids", "files", "cases", NULL};

static bool is_path_template(struct str path)
{
    if (path.n == 0 || path.p[0] != '/')
        return false;
    struct str segment;
    while (str_split(&path, '/', &segment)) {
        bool opens = segment.n > 0 && segment.p[0] == '{';
        bool closes = segment.n > 2 && segment.p[segment.n - 1] == '}';
        if (opens != closes || (str_is(segment, "**") && path.n != 0))
            return false;
    }
    return true;
}

/* The values that "$B" at the start of a path stands for. */
static struct yaml_strs prefix_values(
    struct loader *l, const struct yaml_node *at, struct str name)
{
    char key[64];
    struct yaml_strs none = {NULL, 0};
    if (name.n >= sizeof key || l->prefixes == NULL)
        goto unknown;
    memcpy(key, name.p, name.n);
    key[name.n] = '\0';
    struct yaml_strs values = yaml_strs(l->doc, l->prefixes, key);
    if (values.count != 0 && values.count <= PREFIX_VALUES_MAX)
        return values;
unknown:
    yaml_mistake(l->doc, at,
        "path: prefix \"$%.*s\" is not given under prefixes (1 to %d values)",
        STR_ARG(name), PREFIX_VALUES_MAX);
    return none;
}

/* Up to what is not text.  The slash before it is not counted: what fits a
 * template that ends so may end before it. */
static size_t fixed_of(struct str template)
{
    size_t n = 0;
    while (n < template.n && strchr("{*?", template.p[n]) == NULL)
        n++;
    while (n > 0 && template.p[n - 1] == '/')
        n--;
    return n;
}

static void add_path(struct loader *l, const struct yaml_node *at,
    struct str prefix, struct str path, struct route *route)
{
    struct str whole = str_of(
        arena_printf(l->arena, "%.*s%.*s", STR_ARG(prefix), STR_ARG(path)));
    if (!is_path_template(whole))
        yaml_mistake(l->doc, at,
            "path \"%.*s\" must start with / or $PREFIX; segments are text, "
            "*, {name}, and ** at the end",
            STR_ARG(whole));
    route->paths[route->path_count++] =
        (struct path_template){whole, fixed_of(whole)};
}

static void load_paths(
    struct loader *l, const struct yaml_node *map, struct route *route)
{
    struct yaml_strs list = yaml_strs(l->doc, map, "path");
    const struct yaml_node *at = yaml_get(map, "path");
    route->paths = arena_alloc(
        l->arena, list.count * PREFIX_VALUES_MAX * sizeof *route->paths + 1);
    if (list.count == 0)
        yaml_mistake(l->doc, map, "a route needs a path");
    for (size_t i = 0; i < list.count; i++) {
        struct str path = list.items[i];
        if (path.n == 0 || path.p[0] != '$') {
            add_path(l, at, STR_NONE, path, route);
            continue;
        }
        size_t slash = str_find_char(path, '/');
        struct yaml_strs values = prefix_values(l, at, str_sub(path, 1, slash));
        for (size_t j = 0; j < values.count; j++)
            add_path(
                l, at, values.items[j], str_sub(path, slash, path.n), route);
    }
}

static bool is_activity(struct str name)
{
    size_t dot = str_find_char(name, '.');
    return dot != 0 && dot + 1 < name.n && !str_has(name, " ");
}

static void load_activity(
    struct loader *l, const struct yaml_node *map, struct route *route)
{
    route->activity =
        arena_copy(l->arena, yaml_str(l->doc, map, "activity", STR_NONE));
    if (route->action == ROUTE_PASS)
        return;
    if (!is_activity(route->activity))
        yaml_mistake(l->doc, map,
            "route %.*s needs an activity like prompt.created, or do: pass",
            STR_ARG(route->name));
}

static void load_update(
    struct loader *l, const struct yaml_node *map, struct route *route)
{
    static const char *const words[] = {
        "", "edit", "regenerate", "continue", NULL};
    route->update = str_of(words[yaml_word(l->doc, map, "update", words, 0)]);
}

static int word(struct loader *l, const struct yaml_node *map, const char *key,
    const char *const *words, int otherwise)
{
    return yaml_word(l->doc, map, key, words, otherwise);
}

/* What a request and a message of a WebSocket have in common. */
static void load_content(struct loader *l, const struct yaml_node *map,
    enum block_shape block, struct route *route)
{
    route->name = arena_copy(l->arena, yaml_str(l->doc, map, "name", STR_NONE));
    route->action = (enum route_action)word(l, map, "do", ACTIONS, 0);
    route->body = (enum body_shape)word(l, map, "body", BODIES, 0);
    service_load_answer(l, map, route);
    route->block =
        (enum block_shape)word(l, map, "block", SERVICE_BLOCKS, (int)block);
    route->where = (enum route_text)word(l, map, "where", WHERES, 0);
    route->reason =
        arena_copy(l->arena, yaml_str(l->doc, map, "reason", STR_NONE));
    service_load_target(l, map, route);
    load_activity(l, map, route);
    service_load_paths(l, map, "text", &route->text);
    service_load_paths(l, map, "hidden", &route->hidden);
    service_load_paths(l, map, "files", &route->files);
    service_load_ids(l, map, route->ids);
    service_load_cases(l, map, route);
}

static void load_frames(
    struct loader *l, const struct yaml_node *map, struct route *route)
{
    const struct yaml_node *list = yaml_list(l->doc, map, "frames");
    route->socket = (enum socket_codec)word(l, map, "socket", SOCKETS, 0);
    service_load_name(l, map, "frame_type", "type", &route->frame_type);
    if ((list != NULL || route->socket != SOCKET_NONE) &&
        !route->allows_websocket)
        yaml_mistake(l->doc, map,
            "route %.*s: socket and frames belong to a route with websocket: "
            "true",
            STR_ARG(route->name));
    if (list == NULL)
        return;
    if (list->count > FRAMES_MAX) {
        yaml_mistake(l->doc, list, "more than %d frames", FRAMES_MAX);
        return;
    }
    route->frames =
        arena_alloc(l->arena, list->count * sizeof *route->frames + 1);
    for (size_t i = 0; i < list->count; i++) {
        const struct yaml_node *node = list->pairs[i].value;
        struct route_frame *frame = &route->frames[route->frame_count++];
        if (!yaml_check_keys(l->doc, node, FRAME_KEYS))
            continue;
        frame->types = service_copy_strs(
            l, yaml_strs(l->doc, node, "type"), &frame->type_count);
        service_load_name(l, node, "when", NULL, &frame->when);
        frame->is_opaque = yaml_bool(l->doc, node, "opaque", false);
        load_content(l, node, route->block, &frame->route);
    }
}

/* A method that no request has would leave its route unmatched in silence. */
static void load_methods(
    struct loader *l, const struct yaml_node *map, struct route *route)
{
    static const char *const METHODS[] = {
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
    route->methods = service_copy_strs(
        l, yaml_strs(l->doc, map, "method"), &route->method_count);
    for (size_t i = 0; i < route->method_count; i++) {
        bool is_known = false;
        for (size_t j = 0; j < ARRAY_LEN(METHODS); j++)
            is_known = is_known || str_is(route->methods[i], METHODS[j]);
        if (!is_known)
            yaml_mistake(l->doc, yaml_get(map, "method"),
                "method \"%.*s\" is not one of: GET, HEAD, POST, PUT, PATCH, "
                "DELETE, OPTIONS",
                STR_ARG(route->methods[i]));
    }
}

/* An overlay speaks of other services than the map that has the host. */
static void load_place(struct loader *l, const struct yaml_node *map,
    const struct service *service, struct route *route)
{
    struct str own = service->is_overlay ? service->name : STR_NONE;
    route->service =
        arena_copy(l->arena, yaml_str(l->doc, map, "service", own));
    route->is_last = yaml_bool(l->doc, map, "last", false);
    if (route->is_last && !service->is_overlay)
        yaml_mistake(l->doc, yaml_get(map, "last"),
            "last: is for the routes of a map with overlay: true");
}

void service_load_route(struct loader *l, const struct yaml_node *map,
    const struct service *service, struct route *route)
{
    if (!yaml_check_keys(l->doc, map, ROUTE_KEYS))
        return;
    load_methods(l, map, route);
    load_paths(l, map, route);
    route->hosts = service_load_hosts(l, map, "host", &route->host_count);
    route->content_type =
        arena_copy(l->arena, yaml_str(l->doc, map, "content_type", STR_NONE));
    route->query =
        arena_copy(l->arena, yaml_str(l->doc, map, "query", STR_NONE));
    route->gate = (enum route_gate)word(l, map, "gate", GATES, 0);
    route->allows_websocket = yaml_bool(l->doc, map, "websocket", false);
    load_content(l, map, service->block, route);
    load_update(l, map, route);
    load_place(l, map, service, route);
    service_load_event(l, map, route);
    service_load_paths(l, map, "answer_text", &route->answer_text);
    service_load_paths(l, map, "answer_hidden", &route->answer_hidden);
    service_load_answer_ids(l, map, route);
    service_load_paths(l, map, "resumes", &route->resumes);
    route->is_into_turn = yaml_bool(l->doc, map, "into_turn", false);
    route->url_text = service_copy_strs(
        l, yaml_strs(l->doc, map, "url_text"), &route->url_text_count);
    route->learn = service_copy_strs(
        l, yaml_strs(l->doc, map, "learn"), &route->learn_count);
    service_load_file_names(l, map, route);
    service_load_who(l, map, route);
    service_load_upload(l, map, route);
    service_load_file(l, map, route);
    route->tells_login = yaml_bool(l->doc, map, "tells_login", false);
    if (route->tells_login && !route->reads_who)
        yaml_mistake(l->doc, map, "tells_login: is for routes with who");
    bool reads_answer = route->learn_count != 0 || route->reads_who ||
                        route->names.id.count != 0 || route->reads_answer_ids ||
                        route->upload.reads_answer;
    if (reads_answer && route->answer == ANSWER_NONE)
        route->answer = ANSWER_LINKS;
    load_frames(l, map, route);
}
