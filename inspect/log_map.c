/*
 * See inspect/log_map.h.  Read once with the service map it stands in.
 */
#include "inspect/log_map.h"

#include "inspect/activity.h"

enum { ROWS_MAX = 1024 };

static const char *const MAP_KEYS[] = {"actions", NULL};
static const char *const ROW_KEYS[] = {"type", "action", "activity", "failed",
    "outcome", "target", "changes", "changed_by", "changes_keys", "rename",
    NULL};
static const char *const TARGET_KEYS[] = {"type", "id", "name", "each", NULL};
static const char *const OUTCOMES[] = {"log", "success", "failure", NULL};

struct loader {
    struct arena *arena;
    struct yaml_doc *doc;
};

static struct str load_str(
    struct loader *l, const struct yaml_node *map, const char *key)
{
    return arena_copy(l->arena, yaml_str(l->doc, map, key, STR_NONE));
}

static struct log_words load_words(
    struct loader *l, const struct yaml_node *map, const char *key)
{
    struct yaml_strs list = yaml_strs(l->doc, map, key);
    struct log_words words = {
        arena_alloc(l->arena, list.count * sizeof(struct str) + 1), list.count};
    for (size_t i = 0; i < list.count; i++)
        words.items[i] = arena_copy(l->arena, list.items[i]);
    return words;
}

static void load_target(
    struct loader *l, const struct yaml_node *map, struct log_row *row)
{
    const struct yaml_node *target = yaml_get(map, "target");
    if (target == NULL || !yaml_check_keys(l->doc, target, TARGET_KEYS))
        return;
    row->target_type = load_str(l, target, "type");
    row->target_id = load_words(l, target, "id");
    row->target_name = load_words(l, target, "name");
    row->each = load_str(l, target, "each");
    if (row->target_type.n == 0)
        yaml_mistake(l->doc, target,
            "target: a type is needed, like user, and id, name or each: "
            "members of action_data");
}

static void load_renames(
    struct loader *l, const struct yaml_node *map, struct log_row *row)
{
    const struct yaml_node *pairs = yaml_get(map, "rename");
    if (pairs == NULL)
        return;
    bool is_good =
        pairs->kind == YAML_KIND_MAP && pairs->count <= LOG_RENAMES_MAX;
    if (!is_good) {
        yaml_mistake(l->doc, pairs,
            "rename: a map of at most %d members to their names in the "
            "details, like {new_role: role}",
            LOG_RENAMES_MAX);
        return;
    }
    row->renames =
        arena_alloc(l->arena, pairs->count * sizeof *row->renames + 1);
    for (size_t i = 0; i < pairs->count; i++)
        row->renames[row->rename_count++] =
            (struct log_rename){arena_copy(l->arena, pairs->pairs[i].key),
                arena_copy(l->arena, pairs->pairs[i].value->text)};
}

static bool is_activity(struct str name)
{
    for (size_t i = 0; i < name.n; i++)
        if (!(name.p[i] >= 'a' && name.p[i] <= 'z') && name.p[i] != '_' &&
            name.p[i] != '.')
            return false;
    return str_find_char(name, '.') < name.n;
}

static void load_row(
    struct loader *l, const struct yaml_node *map, struct log_row *row)
{
    if (!yaml_check_keys(l->doc, map, ROW_KEYS))
        return;
    row->type = load_str(l, map, "type");
    if (row->type.n == 0)
        row->type = STR("AUDIT_LOG");
    row->actions = load_words(l, map, "action");
    row->activity = load_str(l, map, "activity");
    row->failed = load_str(l, map, "failed");
    row->outcome = yaml_word(l->doc, map, "outcome", OUTCOMES, 0);
    row->changes = load_words(l, map, "changes");
    row->changed_by = load_words(l, map, "changed_by");
    row->changes_keys = yaml_bool(l->doc, map, "changes_keys", false);
    load_target(l, map, row);
    load_renames(l, map, row);
    if (row->actions.count == 0)
        yaml_mistake(l->doc, map,
            "action: the log's names of it are needed, one or a list, with * "
            "for any run");
    if (!is_activity(row->activity) ||
        (row->failed.n != 0 && !is_activity(row->failed)))
        yaml_mistake(l->doc, map,
            "activity: a name like invite.sent is needed (and failed, if it "
            "stands there, is one)");
}

struct log_map *log_map_load(
    struct arena *arena, struct yaml_doc *doc, const struct yaml_node *root)
{
    const struct yaml_node *section = yaml_get(root, "compliance_log");
    if (section == NULL || !yaml_check_keys(doc, section, MAP_KEYS))
        return NULL;
    const struct yaml_node *list = yaml_list(doc, section, "actions");
    struct log_map *map = ARENA_NEW(arena, struct log_map);
    if (list == NULL)
        return map;
    if (list->count > ROWS_MAX) {
        yaml_mistake(doc, list, "more than %d actions", ROWS_MAX);
        return map;
    }
    struct loader l = {arena, doc};
    map->rows = arena_alloc(arena, list->count * sizeof *map->rows + 1);
    for (size_t i = 0; i < list->count; i++)
        load_row(&l, list->pairs[i].value, &map->rows[map->count++]);
    return map;
}

const struct log_row *log_map_find(
    const struct log_map *map, struct str type, struct str action)
{
    for (size_t i = 0; map != NULL && i < map->count; i++) {
        const struct log_row *row = &map->rows[i];
        if (!str_eq_nocase(row->type, type))
            continue;
        for (size_t j = 0; j < row->actions.count; j++)
            if (str_glob(row->actions.items[j], action, 0) ||
                str_eq_nocase(row->actions.items[j], action))
                return row;
    }
    return NULL;
}

struct str log_row_rename(const struct log_row *row, struct str key)
{
    for (size_t i = 0; i < row->rename_count; i++)
        if (str_eq(row->renames[i].from, key))
            return row->renames[i].to;
    return key;
}
