/*
 * Reading service maps, at start and at reload; every mistake is told with its
 * line, and what would be allowed.
 */
#include <string.h>

#include "base/mem.h"
#include "base/yaml.h"
#include "inspect/path.h"
#include "inspect/service_parts.h"

enum {
    PREFIX_VALUES_MAX = 8, /* alternatives of one prefix */
    ROUTES_MAX = 512,      /* a map */
    FRAMES_MAX = 64,       /* of a WebSocket */
};

static const char *const ACTIONS[] = {"record", "scan", "pass", NULL};
static const char *const GATES[] = {"hold", "stream", "forward", NULL};
static const char *const BODIES[] = {"generic", "fields", "chatgpt-prompt",
    "openai-chat", "openai-responses", "openai-thread", "openai-realtime",
    "file", "blocklist", "ignored", NULL};
static const char *const ANSWERS[] = {"none", "chatgpt", "openai-chat",
    "openai-responses", "chatgpt-mweb", "chatgpt-tree", "links", "transcript",
    "file", "openai-media", "openai-list", "fields", NULL};
static const char *const PIECES[] = {"append", "replace", NULL};
static const char *const ANSWER_KEYS[] = {
    "text", "hidden", "ids", "part", "pieces", "end", NULL};
static const char *const END_KEYS[] = {"when", "is", NULL};
static const char *const BLOCKS[] = {"chatgpt", "openai", NULL};
static const char *const WHERES[] = {"prompt", "draft", NULL};
static const char *const IDS[] = {"conversation_id", "message_id",
    "parent_message_id", "model", "project_id", "file_id", "file_name",
    "file_bytes", "file_type", "answer_id", NULL};

static const char *const ANSWER_IDS[] = {"conversation_id", "message_id",
    "parent_message_id", "model", "project_id", NULL};

static const char *const SOCKETS[] = {
    "none", "responses", "realtime", "events", "pubsub", NULL};

static const char *const TENANT_IDS[] = {"workspaces", "organizations", NULL};

static const char *const SERVICE_KEYS[] = {"service", "hosts", "learnable",
    "shared", "block", "prefixes", "tenant", "signed_out", "overlay",
    "compliance_log", "routes", NULL};
static const char *const TENANT_KEYS[] = {"header", "ids", "hosts", NULL};
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
static const char *const NAMES_KEYS[] = {"at", "id", "name", NULL};
static const char *const UPLOAD_KEYS[] = {
    "step", "piece", "address", "order", "answer", NULL};
static const char *const UPLOAD_STEPS[] = {
    "none", "announce", "bytes", "piece", "assemble", "name", NULL};
static const char *const UPLOAD_FACTS[] = {"file_id", "other_id", "address",
    "file_name", "file_bytes", "file_type", "piece", NULL};
static const char *const WHO_KEYS[] = {
    "user", "workspace", "user_id", "plan", "accounts", NULL};
static const char *const TARGET_KEYS[] = {"type", "name", "at", NULL};
static const char *const LINK_KEYS[] = {"url", "name", "type", "bytes", NULL};
static const char *const FILE_KEYS[] = {
    "disposition", "saved", "shown", "needs_link", NULL};
static const char *const CASE_KEYS[] = {"when", "is", "activity", NULL};

enum route_id route_id_of(struct str name)
{
    int i = 0;
    while (IDS[i] != NULL && !str_is(name, IDS[i]))
        i++;
    return (enum route_id)i;
}

/* ---- loading ------------------------------------------------------- */

static struct str *copy_strs(
    struct loader *l, struct yaml_strs list, size_t *count_out)
{
    *count_out = list.count;
    struct str *copy = arena_alloc(l->arena, list.count * sizeof *copy + 1);
    for (size_t i = 0; i < list.count; i++)
        copy[i] = arena_copy(l->arena, list.items[i]);
    return copy;
}

static bool is_host_pattern(struct str pattern)
{
    if (pattern.n < 3 || pattern.n > 253 || str_has(pattern, ".."))
        return false;
    for (size_t i = 0; i < pattern.n; i++) {
        char c = pattern.p[i];
        bool is_fine = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '*' || c == '_';
        if (!is_fine)
            return false;
    }
    /* A glob may stand in the first label only, and never alone: "*.com"
     * would open up half the net. */
    size_t dot = str_find_char(str_sub(pattern, 1, pattern.n), '.') + 1;
    struct str rest = str_sub(pattern, dot, pattern.n);
    struct str first = str_sub(pattern, 0, dot);
    bool is_only_glob =
        str_is(first, "*") &&
        str_find_char(str_sub(rest, 1, rest.n), '.') == rest.n - 1;
    return !str_has(rest, "*") && rest.n > 1 && !is_only_glob;
}

static struct str *load_hosts(struct loader *l, const struct yaml_node *map,
    const char *key, size_t *count_out)
{
    struct yaml_strs list = yaml_strs(l->doc, map, key);
    for (size_t i = 0; i < list.count; i++)
        if (!is_host_pattern(list.items[i]))
            yaml_mistake(l->doc, yaml_get(map, key),
                "%s: \"%.*s\" is no host pattern; allowed: a lower-case name, "
                ".name for it and all below, or * inside the first label",
                key, STR_ARG(list.items[i]));
    return copy_strs(l, list, count_out);
}

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

/* "messages", "messages[]"; at the start and after "#" also "[]" alone. */
static bool parse_step(struct loader *l, struct str step, bool may_be_empty,
    struct json_path *path_out)
{
    bool is_last = str_ends(step, "[-1]");
    bool is_each = str_ends(step, "[]") || is_last;
    step.n -= is_last ? 4 : is_each ? 2 : 0;
    if (str_has(step, "[")) /* "a[][]" is not on any wire so far */
        return false;
    if (step.n == 0 && !(may_be_empty && is_each))
        return false;
    if (step.n != 0)
        path_out->steps[path_out->count++] = arena_copy(l->arena, step);
    if (is_each)
        path_out->steps[path_out->count++] = is_last ? STR("[-1]") : STR("[]");
    return true;
}

bool service_parse_path(
    struct loader *l, struct str text, struct json_path *path_out)
{
    size_t most = 2;
    bool is_string = str_ends(text, "$");
    text.n -= is_string;
    for (size_t i = 0; i < text.n; i++)
        most += (text.p[i] == '.' || text.p[i] == '[') +
                2 * (size_t)(text.p[i] == '#');
    path_out->steps = arena_alloc(l->arena, most * sizeof(struct str));
    path_out->count = 0;
    struct str step;
    while (str_split(&text, '.', &step)) {
        size_t at = str_find_char(step, '#');
        bool has_inner = at < step.n;
        bool is_first = path_out->count == 0;
        if (!parse_step(l, str_sub(step, 0, at), is_first, path_out))
            return false;
        if (!has_inner)
            continue;
        path_out->steps[path_out->count++] = STR("#");
        struct str inner = str_sub(step, at + 1, step.n);
        if (str_has(inner, "#") || !parse_step(l, inner, true, path_out))
            return false;
    }
    if (is_string)
        path_out->steps[path_out->count++] = STR("$");
    return path_out->count > (size_t)is_string;
}

static void load_json_paths(struct loader *l, const struct yaml_node *map,
    const char *key, struct json_paths *paths_out)
{
    struct yaml_strs list = yaml_strs(l->doc, map, key);
    paths_out->items =
        arena_alloc(l->arena, list.count * sizeof(struct json_path) + 1);
    for (size_t i = 0; i < list.count; i++) {
        if (!service_parse_path(
                l, list.items[i], &paths_out->items[paths_out->count]))
            yaml_mistake(l->doc, yaml_get(map, key),
                "%s: \"%.*s\" is no path; allowed: names joined by dots, * "
                "for every member, [] after a name for every element, [-1] for "
                "the last, # after a form field for the JSON in it, $ at the "
                "end for strings only",
                key, STR_ARG(list.items[i]));
        else
            paths_out->count++;
    }
}

static void load_ids(struct loader *l, const struct yaml_node *map,
    struct json_paths paths_out[ROUTE_ID_COUNT])
{
    const struct yaml_node *ids = yaml_get(map, "ids");
    if (ids == NULL || !yaml_check_keys(l->doc, ids, IDS))
        return;
    for (int i = 0; i < ROUTE_ID_COUNT; i++)
        load_json_paths(l, ids, IDS[i], &paths_out[i]);
}

static void load_answer_ids(
    struct loader *l, const struct yaml_node *map, struct route *route)
{
    const struct yaml_node *ids = yaml_get(map, "answer_ids");
    if (ids == NULL || !yaml_check_keys(l->doc, ids, ANSWER_IDS))
        return;
    for (int i = 0; i < ROUTE_ID_FILE; i++)
        load_json_paths(l, ids, ANSWER_IDS[i], &route->answer_ids[i]);
    route->reads_answer_ids = true;
}

static void load_who(
    struct loader *l, const struct yaml_node *map, struct route *route)
{
    const struct yaml_node *who = yaml_get(map, "who");
    if (who == NULL || !yaml_check_keys(l->doc, who, WHO_KEYS))
        return;
    load_json_paths(l, who, "user", &route->who_user);
    load_json_paths(l, who, "workspace", &route->who_workspace);
    load_json_paths(l, who, "user_id", &route->who_user_id);
    load_json_paths(l, who, "plan", &route->who_plan);
    load_json_paths(l, who, "accounts", &route->who_accounts);
    route->reads_who =
        route->who_user.count != 0 || route->who_accounts.count != 0;
    if (!route->reads_who)
        yaml_mistake(l->doc, who,
            "who needs user or accounts: whom the rest is told of");
}

static void load_file_names(
    struct loader *l, const struct yaml_node *map, struct route *route)
{
    const struct yaml_node *names = yaml_get(map, "names");
    if (names == NULL || !yaml_check_keys(l->doc, names, NAMES_KEYS))
        return;
    load_json_paths(l, names, "at", &route->names.at);
    load_json_paths(l, names, "id", &route->names.id);
    load_json_paths(l, names, "name", &route->names.name);
    if (route->names.id.count == 0 || route->names.name.count == 0)
        yaml_mistake(l->doc, names,
            "names needs id and name: where the answer has them of each file");
}

static void load_target(
    struct loader *l, const struct yaml_node *map, struct route *route)
{
    const struct yaml_node *target = yaml_get(map, "target");
    if (target == NULL || !yaml_check_keys(l->doc, target, TARGET_KEYS))
        return;
    route->target_type =
        arena_copy(l->arena, yaml_str(l->doc, target, "type", STR("tool")));
    route->target_name =
        arena_copy(l->arena, yaml_str(l->doc, target, "name", STR_NONE));
    load_json_paths(l, target, "at", &route->target_at);
    if (route->target_name.n == 0 && route->target_at.count == 0)
        yaml_mistake(l->doc, target,
            "target needs name, or at: where in the body its name stands");
}

static void load_upload(
    struct loader *l, const struct yaml_node *map, struct route *route)
{
    const struct yaml_node *node = yaml_get(map, "upload");
    struct route_upload *upload = &route->upload;
    if (node == NULL || !yaml_check_keys(l->doc, node, UPLOAD_KEYS))
        return;
    upload->step =
        (enum upload_step)yaml_word(l->doc, node, "step", UPLOAD_STEPS, 0);
    upload->piece =
        arena_copy(l->arena, yaml_str(l->doc, node, "piece", STR_NONE));
    load_json_paths(l, node, "address", &upload->address);
    load_json_paths(l, node, "order", &upload->order);
    const struct yaml_node *answer = yaml_get(node, "answer");
    if (answer != NULL && yaml_check_keys(l->doc, answer, UPLOAD_FACTS))
        for (int i = 0; i < UPLOAD_FACT_COUNT; i++)
            load_json_paths(l, answer, UPLOAD_FACTS[i], &upload->answer[i]);
    upload->reads_answer = answer != NULL;
    if (upload->step == UPLOAD_NONE)
        yaml_mistake(l->doc, node,
            "upload: needs step: announce, bytes, piece, assemble or name");
    bool knows_piece =
        upload->piece.n != 0 || upload->answer[UPLOAD_FACT_PIECE].count != 0;
    if (upload->step == UPLOAD_PIECE && !knows_piece)
        yaml_mistake(l->doc, node,
            "upload: a piece needs piece (a query parameter) or answer: "
            "{piece: …} for its id");
    if (upload->step == UPLOAD_ASSEMBLE && upload->order.count == 0 &&
        route->body != BODY_BLOCKLIST)
        yaml_mistake(
            l->doc, node, "upload: assemble needs order, or body: blocklist");
    if (upload->step == UPLOAD_ANNOUNCE && !upload->reads_answer)
        yaml_mistake(l->doc, node,
            "upload: announce needs answer, for the file's id or address");
}

static void load_link(
    struct loader *l, const struct yaml_node *map, struct route_file *file)
{
    const struct yaml_node *link = yaml_get(map, "link");
    if (link == NULL || !yaml_check_keys(l->doc, link, LINK_KEYS))
        return;
    load_json_paths(l, link, "url", &file->link_url);
    load_json_paths(l, link, "name", &file->link_name);
    load_json_paths(l, link, "type", &file->link_type);
    load_json_paths(l, link, "bytes", &file->link_bytes);
    if (file->link_url.count == 0)
        yaml_mistake(l->doc, link,
            "link: url must name the member of the answer that is the link");
}

static struct str *load_marks(struct loader *l, const struct yaml_node *map,
    const char *key, size_t *count_out)
{
    struct yaml_strs list = yaml_strs(l->doc, map, key);
    for (size_t i = 0; i < list.count; i++)
        if (!str_has(list.items[i], "=") && !str_is(list.items[i], "*"))
            yaml_mistake(l->doc, yaml_get(map, key),
                "%s: \"%.*s\" is no parameter=value of the address, and not "
                "\"*\" for always",
                key, STR_ARG(list.items[i]));
    return copy_strs(l, list, count_out);
}

static void load_file(
    struct loader *l, const struct yaml_node *map, struct route *route)
{
    const struct yaml_node *node = yaml_get(map, "file");
    struct route_file *file = &route->file;
    bool has_any = node != NULL || yaml_get(map, "link") != NULL;
    if (has_any && route->answer != ANSWER_FILE)
        yaml_mistake(l->doc, map, "link and file are for answer: file");
    if (route->answer == ANSWER_FILE && route->action != ROUTE_RECORD)
        yaml_mistake(l->doc, map, "answer: file is for do: record");
    load_link(l, map, file);
    if (node == NULL || !yaml_check_keys(l->doc, node, FILE_KEYS))
        return;
    file->disposition =
        arena_copy(l->arena, yaml_str(l->doc, node, "disposition", STR_NONE));
    file->saved = load_marks(l, node, "saved", &file->saved_count);
    file->shown = load_marks(l, node, "shown", &file->shown_count);
    file->needs_link = yaml_bool(l->doc, node, "needs_link", false);
}

static void load_cases(
    struct loader *l, const struct yaml_node *map, struct route *route)
{
    const struct yaml_node *list = yaml_list(l->doc, map, "cases");
    if (list == NULL)
        return;
    route->cases =
        arena_alloc(l->arena, list->count * sizeof *route->cases + 1);
    for (size_t i = 0; i < list->count; i++) {
        const struct yaml_node *node = list->pairs[i].value;
        if (!yaml_check_keys(l->doc, node, CASE_KEYS))
            continue;
        struct route_case *c = &route->cases[route->case_count];
        struct str when = yaml_str(l->doc, node, "when", STR_NONE);
        c->value = arena_copy(l->arena, yaml_str(l->doc, node, "is", STR("*")));
        c->activity =
            arena_copy(l->arena, yaml_str(l->doc, node, "activity", STR_NONE));
        if (!service_parse_path(l, when, &c->path) || c->activity.n == 0)
            yaml_mistake(l->doc, node,
                "a case needs when (a path), activity, and may have is");
        else
            route->case_count++;
    }
}

static void load_end(
    struct loader *l, const struct yaml_node *map, struct answer_map *answer)
{
    const struct yaml_node *node = yaml_get(map, "end");
    if (node == NULL || !yaml_check_keys(l->doc, node, END_KEYS))
        return;
    answer->end_values =
        copy_strs(l, yaml_strs(l->doc, node, "is"), &answer->end_count);
    if (!service_parse_path(
            l, yaml_str(l->doc, node, "when", STR_NONE), &answer->end))
        yaml_mistake(
            l->doc, node, "an end needs when (a path), and may have is");
}

/* The name of a codec, or the description of an answer. */
static void load_answer(
    struct loader *l, const struct yaml_node *map, struct route *route)
{
    const struct yaml_node *node = yaml_get(map, "answer");
    struct answer_map *answer = &route->answer_map;
    if (node == NULL || node->kind != YAML_KIND_MAP) {
        route->answer =
            (enum answer_codec)yaml_word(l->doc, map, "answer", ANSWERS, 0);
        return;
    }
    if (!yaml_check_keys(l->doc, node, ANSWER_KEYS))
        return;
    route->answer = ANSWER_MAP;
    load_json_paths(l, node, "text", &answer->text);
    load_json_paths(l, node, "hidden", &answer->hidden);
    load_ids(l, node, answer->ids);
    struct str part = yaml_str(l->doc, node, "part", STR_NONE);
    if (part.n != 0 && !service_parse_path(l, part, &answer->part))
        yaml_mistake(l->doc, node, "part: \"%.*s\" is no path", STR_ARG(part));
    answer->replaces = yaml_word(l->doc, node, "pieces", PIECES, 0) == 1;
    load_end(l, node, answer);
    if (answer->text.count == 0)
        yaml_mistake(l->doc, node, "answer: text is needed, a list of paths");
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
    load_answer(l, map, route);
    route->block = (enum block_shape)word(l, map, "block", BLOCKS, (int)block);
    route->where = (enum route_text)word(l, map, "where", WHERES, 0);
    route->reason =
        arena_copy(l->arena, yaml_str(l->doc, map, "reason", STR_NONE));
    load_target(l, map, route);
    load_activity(l, map, route);
    load_json_paths(l, map, "text", &route->text);
    load_json_paths(l, map, "hidden", &route->hidden);
    load_json_paths(l, map, "files", &route->files);
    load_ids(l, map, route->ids);
    load_cases(l, map, route);
}

/* One path of plain names. */
static void load_names(struct loader *l, const struct yaml_node *map,
    const char *key, const char *otherwise, struct json_path *path_out)
{
    struct str text = yaml_str(l->doc, map, key, str_of(otherwise));
    bool is_plain =
        !str_has(text, "[") && !str_has(text, "#") && !str_has(text, "*");
    if (text.n != 0 && (!is_plain || !service_parse_path(l, text, path_out)))
        yaml_mistake(l->doc, yaml_get(map, key),
            "%s: \"%.*s\" is no path; allowed here: names joined by dots", key,
            STR_ARG(text));
}

static void load_frames(
    struct loader *l, const struct yaml_node *map, struct route *route)
{
    const struct yaml_node *list = yaml_list(l->doc, map, "frames");
    route->socket = (enum socket_codec)word(l, map, "socket", SOCKETS, 0);
    load_names(l, map, "frame_type", "type", &route->frame_type);
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
        frame->types =
            copy_strs(l, yaml_strs(l->doc, node, "type"), &frame->type_count);
        load_names(l, node, "when", NULL, &frame->when);
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
    route->methods =
        copy_strs(l, yaml_strs(l->doc, map, "method"), &route->method_count);
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

static void load_route(struct loader *l, const struct yaml_node *map,
    const struct service *service, struct route *route)
{
    if (!yaml_check_keys(l->doc, map, ROUTE_KEYS))
        return;
    load_methods(l, map, route);
    load_paths(l, map, route);
    route->hosts = load_hosts(l, map, "host", &route->host_count);
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
    load_json_paths(l, map, "answer_text", &route->answer_text);
    load_json_paths(l, map, "answer_hidden", &route->answer_hidden);
    load_answer_ids(l, map, route);
    load_json_paths(l, map, "resumes", &route->resumes);
    route->is_into_turn = yaml_bool(l->doc, map, "into_turn", false);
    route->url_text = copy_strs(
        l, yaml_strs(l->doc, map, "url_text"), &route->url_text_count);
    route->learn =
        copy_strs(l, yaml_strs(l->doc, map, "learn"), &route->learn_count);
    load_file_names(l, map, route);
    load_who(l, map, route);
    load_upload(l, map, route);
    load_file(l, map, route);
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

static void load_routes(
    struct loader *l, const struct yaml_node *root, struct service *service)
{
    const struct yaml_node *list = yaml_list(l->doc, root, "routes");
    if (list == NULL)
        return;
    if (list->count > ROUTES_MAX) {
        yaml_mistake(l->doc, list, "more than %d routes", ROUTES_MAX);
        return;
    }
    service->routes =
        arena_alloc(l->arena, list->count * sizeof(struct route) + 1);
    for (size_t i = 0; i < list->count; i++)
        load_route(l, list->pairs[i].value, service,
            &service->routes[service->route_count++]);
}

static bool is_header_name(struct str name)
{
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && c != '-' && !(c >= '0' && c <= '9'))
            return false;
    }
    return name.n != 0;
}

static void load_tenant(
    struct loader *l, const struct yaml_node *root, struct service *service)
{
    const struct yaml_node *map = yaml_get(root, "tenant");
    struct service_tenant *tenant = &service->tenant;
    if (map == NULL || !yaml_check_keys(l->doc, map, TENANT_KEYS))
        return;
    tenant->header = /* as in heads, proxy/http.h */
        arena_lower(l->arena, yaml_str(l->doc, map, "header", STR_NONE));
    if (!is_header_name(tenant->header))
        yaml_mistake(l->doc, map,
            "tenant: header must name the request header that the service "
            "reads, of letters, digits and hyphens");
    tenant->ids = (enum tenant_ids)yaml_word(l->doc, map, "ids", TENANT_IDS, 0);
    tenant->hosts = load_hosts(l, map, "hosts", &tenant->host_count);
}

static void load_signed_out(
    struct loader *l, const struct yaml_node *root, struct service *service)
{
    struct yaml_strs list = yaml_strs(l->doc, root, "signed_out");
    for (size_t i = 0; i < list.count; i++) {
        struct str s = list.items[i];
        if (s.n < 2 || s.p[0] != '/' || s.p[s.n - 1] == '/' ||
            str_find_char(s, '{') < s.n || str_find_char(s, '*') < s.n)
            yaml_mistake(l->doc, yaml_get(root, "signed_out"),
                "signed_out: \"%.*s\" is no path prefix, like /backend-anon; "
                "it is matched in whole segments",
                STR_ARG(s));
    }
    service->signed_out = copy_strs(l, list, &service->signed_out_count);
}

static void load_service(struct loader *l, struct service *service)
{
    const struct yaml_node *root = l->doc->root;
    if (!yaml_check_keys(l->doc, root, SERVICE_KEYS))
        return;
    service->name =
        arena_copy(l->arena, yaml_str(l->doc, root, "service", STR_NONE));
    if (service->name.n == 0)
        yaml_mistake(l->doc, root, "service: a name is needed");
    service->hosts = load_hosts(l, root, "hosts", &service->host_count);
    if (service->host_count == 0)
        yaml_mistake(l->doc, root, "hosts: at least one is needed");
    service->learnable =
        load_hosts(l, root, "learnable", &service->learnable_count);
    service->shared = load_hosts(l, root, "shared", &service->shared_count);
    service->block =
        (enum block_shape)yaml_word(l->doc, root, "block", BLOCKS, 0);
    service->is_overlay = yaml_bool(l->doc, root, "overlay", false);
    load_tenant(l, root, service);
    load_signed_out(l, root, service);
    service->logs = log_map_load(l->arena, l->doc, root);
    l->prefixes = yaml_get(root, "prefixes");
    load_routes(l, root, service);
}

struct service_set *service_set_load(
    const struct bundle *bundle, struct diag *diag)
{
    size_t before = diag->count;
    struct service_set *set = MEM_NEW(struct service_set);
    set->services =
        arena_alloc(&set->arena, (bundle->count + 1) * sizeof(struct service));
    for (size_t i = 0; i < bundle->count; i++) {
        const struct bundle_file *file = &bundle->files[i];
        if (file->kind != BUNDLE_SERVICE)
            continue;
        struct yaml_doc *doc = yaml_parse(file->name.p, file->text, diag);
        if (doc == NULL)
            continue;
        struct loader l = {&set->arena, doc, NULL};
        load_service(&l, &set->services[set->count++]);
        yaml_free(&doc);
    }
    if (diag->count != before)
        service_set_free(&set);
    return set;
}

void service_set_free(struct service_set **set)
{
    if (*set == NULL)
        return;
    arena_free(&(*set)->arena);
    mem_free(*set);
    *set = NULL;
}
