/*
 * promptgate.yaml as a whole: each row of the table (settings_rows.c) read from
 * the file or from its default (settings_value.c), keys that nobody knows, and
 * the table as a page for people.
 */
#include "base/settings_parts.h"

#include <string.h>
#include <unistd.h>

#include "base/mem.h"

/* The default takes the same way as a document of its own. */
static void read_default(struct settings_reader *r, const struct setting *s)
{
    struct buf text = {0};
    buf_printf(&text, "%s: %s\n", s->key, s->otherwise);
    struct settings_reader own = {
        yaml_parse("default", buf_str(&text), r->doc->diag), r->settings};
    if (own.doc != NULL)
        settings_read_value(&own, s, own.doc->root);
    yaml_free(&own.doc);
    buf_free(&text);
}

static bool is_of(const struct setting *s, const char *section)
{
    return s->section == section || (s->section != NULL && section != NULL &&
                                        strcmp(s->section, section) == 0);
}

/* The keys of a section; of the top level also the sections' names. */
static void check_keys(
    struct settings_reader *r, const struct yaml_node *map, const char *section)
{
    const char **allowed =
        mem_zalloc((settings_row_count + 1) * sizeof *allowed);
    size_t count = 0;
    for (size_t i = 0; i < settings_row_count; i++) {
        const struct setting *s = &settings_rows[i];
        const char *name = is_of(s, section) ? s->key
                           : section == NULL ? s->section
                                             : NULL;
        bool is_new = name != NULL &&
                      (count == 0 || strcmp(allowed[count - 1], name) != 0);
        if (is_new)
            allowed[count++] = name;
    }
    yaml_check_keys(r->doc, map, allowed);
    mem_free(allowed);
}

static void check_sections(struct settings_reader *r)
{
    const struct yaml_node *root = r->doc->root;
    if (root->kind == YAML_KIND_NULL)
        return;
    check_keys(r, root, NULL);
    const char *last = NULL;
    for (size_t i = 0; i < settings_row_count; i++) {
        const char *section = settings_rows[i].section;
        if (section == NULL || (last != NULL && strcmp(last, section) == 0))
            continue;
        last = section;
        const struct yaml_node *map = yaml_get(root, section);
        if (map != NULL && map->kind != YAML_KIND_NULL)
            check_keys(r, map, section);
    }
}

static void read_all(struct settings_reader *r)
{
    check_sections(r);
    for (size_t i = 0; i < settings_row_count; i++) {
        const struct setting *s = &settings_rows[i];
        const struct yaml_node *map = s->section != NULL
                                          ? yaml_get(r->doc->root, s->section)
                                          : r->doc->root;
        const struct yaml_node *node = yaml_get(map, s->key);
        if (node != NULL && node->kind != YAML_KIND_NULL)
            settings_read_value(r, s, map);
        else
            read_default(r, s);
    }
}

static void set_node(struct settings *s)
{
    char name[65] = "";
    if (s->node.n > 0 || gethostname(name, sizeof name - 1) != 0)
        return;
    s->node = arena_copy(&s->arena, str_of(name));
}

static struct str below_data_dir(struct settings *s, const char *name)
{
    return str_of(
        arena_printf(&s->arena, "%.*s/%s", STR_ARG(s->data_dir), name));
}

void settings_load(const struct bundle *bundle, struct diag *diag,
    struct settings *settings_out)
{
    *settings_out = (struct settings){0};
    const struct bundle_file *file = bundle_first(bundle, BUNDLE_SETTINGS);
    if (file == NULL) {
        if (diag->count == 0) /* else why has been told */
            diag_add(diag, "promptgate.yaml", 1, "there is no settings file");
        return;
    }
    struct settings_reader r = {
        yaml_parse(file->name.p, file->text, diag), settings_out};
    if (r.doc == NULL)
        return;
    read_all(&r);
    settings_check(r.doc, settings_out);
    yaml_free(&r.doc);
    set_node(settings_out);
    const struct bundle_file *dir = bundle_first(bundle, BUNDLE_DATA_DIR);
    if (dir != NULL)
        settings_out->data_dir = arena_copy(&settings_out->arena, dir->name);
    settings_out->store_dir = below_data_dir(settings_out, "store");
    settings_out->cache_dir = below_data_dir(settings_out, "cache");
}

void settings_free(struct settings *settings)
{
    arena_free(&settings->arena);
    *settings = (struct settings){0};
}

static void describe_values(const struct setting *s, struct buf *out)
{
    for (size_t i = 0; s->words != NULL && s->words[i] != NULL; i++)
        buf_printf(out, "%s`%s`", i == 0 ? "" : " ", s->words[i]);
    if (s->type == SETTING_INT)
        buf_printf(out, "%lld to %lld%s%s", (long long)s->min,
            (long long)s->max, s->unit[0] != '\0' ? " " : "", s->unit);
    if (s->type == SETTING_TEXT)
        buf_append_str(out, STR("text"));
    if (s->type == SETTING_RESOLVE || s->type == SETTING_HOST_FILES ||
        s->type == SETTING_ROLES)
        buf_append_str(out, STR("map"));
    if (s->type == SETTING_ENDPOINTS)
        buf_append_str(out, STR("address:port, or a list"));
    if (s->type == SETTING_LIST || s->type == SETTING_HOSTS ||
        s->type == SETTING_RANGES || s->type == SETTING_PORTS ||
        s->type == SETTING_UUIDS || s->type == SETTING_ORGANIZATIONS)
        buf_append_str(out, STR("list"));
}

void settings_describe(struct buf *out)
{
    buf_append_str(out,
        STR("# Settings\n\n"
            "Every key of `promptgate.yaml`, from the table that reads it "
            "(`base/settings_rows.c`).\n"
            "Relative file names resolve beside the file. Most take effect on "
            "SIGHUP; `listen`,\n`data_dir`, `run_as` and `workers` need a "
            "restart.\n\n"
            "| key | values | default | meaning |\n| --- | --- | --- | --- "
            "|\n"));
    for (size_t i = 0; i < settings_row_count; i++) {
        const struct setting *s = &settings_rows[i];
        buf_printf(out, "| `%s%s%s` | ", s->section != NULL ? s->section : "",
            s->section != NULL ? "." : "", s->key);
        describe_values(s, out);
        buf_printf(out, " | %s%s%s | %s |\n",
            s->otherwise[0] != '\0' ? "`" : "", s->otherwise,
            s->otherwise[0] != '\0' ? "`" : "", s->text);
    }
}
