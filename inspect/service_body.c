/*
 * The keys of a route that say where in its bodies, and in the address of a
 * file, something stands: ids, people, targets, steps of an upload, files that
 * come down, the answer's text.
 */
#include "base/mem.h"
#include "inspect/service_parts.h"

static const char *const ANSWERS[] = {"none", "chatgpt", "openai-chat",
    "openai-responses", "chatgpt-mweb", "chatgpt-tree", "links", "transcript",
    "file", "openai-media", "openai-list", "fields", NULL};
static const char *const PIECES[] = {"append", "replace", NULL};
static const char *const ANSWER_KEYS[] = {
    "text", "hidden", "ids", "part", "pieces", "end", NULL};
static const char *const END_KEYS[] = {"when", "is", NULL};
static const char *const IDS[] = {"conversation_id", "message_id",
    "parent_message_id", "model", "project_id", "file_id", "file_name",
    "file_bytes", "file_type", "answer_id", NULL};
static const char *const ANSWER_IDS[] = {"conversation_id", "message_id",
    "parent_message_id", "model", "project_id", NULL};
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

void service_load_ids(struct loader *l, const struct yaml_node *map,
    struct json_paths paths_out[ROUTE_ID_COUNT])
{
    const struct yaml_node *ids = yaml_get(map, "ids");
    if (ids == NULL || !yaml_check_keys(l->doc, ids, IDS))
        return;
    for (int i = 0; i < ROUTE_ID_COUNT; i++)
        service_load_paths(l, ids, IDS[i], &paths_out[i]);
}

void service_load_answer_ids(
    struct loader *l, const struct yaml_node *map, struct route *route)
{
    const struct yaml_node *ids = yaml_get(map, "answer_ids");
    if (ids == NULL || !yaml_check_keys(l->doc, ids, ANSWER_IDS))
        return;
    for (int i = 0; i < ROUTE_ID_FILE; i++)
        service_load_paths(l, ids, ANSWER_IDS[i], &route->answer_ids[i]);
    route->reads_answer_ids = true;
}

void service_load_who(
    struct loader *l, const struct yaml_node *map, struct route *route)
{
    const struct yaml_node *who = yaml_get(map, "who");
    if (who == NULL || !yaml_check_keys(l->doc, who, WHO_KEYS))
        return;
    service_load_paths(l, who, "user", &route->who_user);
    service_load_paths(l, who, "workspace", &route->who_workspace);
    service_load_paths(l, who, "user_id", &route->who_user_id);
    service_load_paths(l, who, "plan", &route->who_plan);
    service_load_paths(l, who, "accounts", &route->who_accounts);
    route->reads_who =
        route->who_user.count != 0 || route->who_accounts.count != 0;
    if (!route->reads_who)
        yaml_mistake(l->doc, who,
            "who needs user or accounts: whom the rest is told of");
}

void service_load_file_names(
    struct loader *l, const struct yaml_node *map, struct route *route)
{
    const struct yaml_node *names = yaml_get(map, "names");
    if (names == NULL || !yaml_check_keys(l->doc, names, NAMES_KEYS))
        return;
    service_load_paths(l, names, "at", &route->names.at);
    service_load_paths(l, names, "id", &route->names.id);
    service_load_paths(l, names, "name", &route->names.name);
    if (route->names.id.count == 0 || route->names.name.count == 0)
        yaml_mistake(l->doc, names,
            "names needs id and name: where the answer has them of each file");
}

void service_load_target(
    struct loader *l, const struct yaml_node *map, struct route *route)
{
    const struct yaml_node *target = yaml_get(map, "target");
    if (target == NULL || !yaml_check_keys(l->doc, target, TARGET_KEYS))
        return;
    route->target_type =
        arena_copy(l->arena, yaml_str(l->doc, target, "type", STR("tool")));
    route->target_name =
        arena_copy(l->arena, yaml_str(l->doc, target, "name", STR_NONE));
    service_load_paths(l, target, "at", &route->target_at);
    if (route->target_name.n == 0 && route->target_at.count == 0)
        yaml_mistake(l->doc, target,
            "target needs name, or at: where in the body its name stands");
}

void service_load_upload(
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
    service_load_paths(l, node, "address", &upload->address);
    service_load_paths(l, node, "order", &upload->order);
    const struct yaml_node *answer = yaml_get(node, "answer");
    if (answer != NULL && yaml_check_keys(l->doc, answer, UPLOAD_FACTS))
        for (int i = 0; i < UPLOAD_FACT_COUNT; i++)
            service_load_paths(l, answer, UPLOAD_FACTS[i], &upload->answer[i]);
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
    service_load_paths(l, link, "url", &file->link_url);
    service_load_paths(l, link, "name", &file->link_name);
    service_load_paths(l, link, "type", &file->link_type);
    service_load_paths(l, link, "bytes", &file->link_bytes);
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
    return service_copy_strs(l, list, count_out);
}

void service_load_file(
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

void service_load_cases(
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
        service_copy_strs(l, yaml_strs(l->doc, node, "is"), &answer->end_count);
    if (!service_parse_path(
            l, yaml_str(l->doc, node, "when", STR_NONE), &answer->end))
        yaml_mistake(
            l->doc, node, "an end needs when (a path), and may have is");
}

/* The name of a codec, or the description of an answer. */
void service_load_answer(
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
    service_load_paths(l, node, "text", &answer->text);
    service_load_paths(l, node, "hidden", &answer->hidden);
    service_load_ids(l, node, answer->ids);
    struct str part = yaml_str(l->doc, node, "part", STR_NONE);
    if (part.n != 0 && !service_parse_path(l, part, &answer->part))
        yaml_mistake(l->doc, node, "part: \"%.*s\" is no path", STR_ARG(part));
    answer->replaces = yaml_word(l->doc, node, "pieces", PIECES, 0) == 1;
    load_end(l, node, answer);
    if (answer->text.count == 0)
        yaml_mistake(l->doc, node, "answer: text is needed, a list of paths");
}
