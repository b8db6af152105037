/*
 * The small values of service maps: lists of words, host patterns, and paths
 * that lead into bodies.
 */
#include "base/mem.h"
#include "inspect/service_parts.h"

struct str *service_copy_strs(
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

struct str *service_load_hosts(struct loader *l, const struct yaml_node *map,
    const char *key, size_t *count_out)
{
    struct yaml_strs list = yaml_strs(l->doc, map, key);
    for (size_t i = 0; i < list.count; i++)
        if (!is_host_pattern(list.items[i]))
            yaml_mistake(l->doc, yaml_get(map, key),
                "%s: \"%.*s\" is no host pattern; allowed: a lower-case name, "
                ".name for it and all below, or * inside the first label",
                key, STR_ARG(list.items[i]));
    return service_copy_strs(l, list, count_out);
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

void service_load_paths(struct loader *l, const struct yaml_node *map,
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

void service_load_name(struct loader *l, const struct yaml_node *map,
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
