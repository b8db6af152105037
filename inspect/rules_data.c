/*
 * Where the data files of detectors lie: the folder of the settings file for
 * those named by `file`, the data folder for what commands keep.
 */
#include "base/mem.h"
#include "inspect/rule.h"

/* With the closing slash; empty when the bundle has no settings. */
static struct str settings_folder(const struct bundle *bundle)
{
    const struct bundle_file *file = bundle_first(bundle, BUNDLE_SETTINGS);
    struct str name = file != NULL ? file->name : STR_NONE;
    while (name.n > 0 && name.p[name.n - 1] != '/')
        name.n--;
    return name;
}

struct str rules_data_beside(
    struct rules *rules, const struct bundle *bundle, struct str name)
{
    struct str folder = settings_folder(bundle);
    if (name.n > 0 && name.p[0] == '/')
        folder = STR_NONE;
    return str_of(arena_printf(
        &rules->arena, "%.*s%.*s", STR_ARG(folder), STR_ARG(name)));
}

struct str rules_data_kept(struct rules *rules, const struct bundle *bundle,
    const char *folder, struct str name)
{
    const struct bundle_file *dir = bundle_first(bundle, BUNDLE_DATA_DIR);
    struct str data_dir = dir != NULL ? dir->name : STR(".");
    return str_of(arena_printf(&rules->arena, "%.*s/%s/%.*s", STR_ARG(data_dir),
        folder, STR_ARG(name)));
}

void rules_data_add(struct rules *rules, struct str path)
{
    for (size_t i = 0; i < rules->data_count; i++)
        if (str_eq(rules->data[i], path))
            return;
    rules->data =
        mem_realloc(rules->data, (rules->data_count + 1) * sizeof *rules->data);
    rules->data[rules->data_count++] = path;
}

size_t rules_data_count(const struct rules *rules)
{
    return rules->data_count;
}

struct str rules_data_file(const struct rules *rules, size_t index)
{
    return rules->data[index];
}

struct str rules_edm_key(const struct rules *rules)
{
    return rules->edm_key;
}
