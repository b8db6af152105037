/*
 * Modes of services: monitor or enforce, where somebody has switched it away
 * from what the policy says (inspect/policy.h).
 */
#include "base/mem.h"
#include "base/yaml.h"
#include "inspect/policy_parts.h"

const char *mode_name(enum mode mode)
{
    static const char *const names[] = {
        [MODE_DEFAULT] = "default",
        [MODE_ENFORCE] = "enforce",
        [MODE_MONITOR] = "monitor",
    };
    return names[mode];
}

static const struct policy_own *find_own(
    const struct policy *policy, struct str service)
{
    for (size_t i = 0; i < policy->mode_count; i++)
        if (str_eq(policy->modes[i].service, service))
            return &policy->modes[i];
    return NULL;
}

enum mode policy_own_mode(const struct policy *policy, struct str service)
{
    const struct policy_own *own = find_own(policy, service);
    return own != NULL ? own->mode : MODE_DEFAULT;
}

enum mode policy_mode(const struct policy *policy, struct str service)
{
    enum mode own = policy_own_mode(policy, service);
    if (own != MODE_DEFAULT)
        return own;
    return policy->is_monitor ? MODE_MONITOR : MODE_ENFORCE;
}

/* ---- the file ---- */

static void read_map(struct policy *policy, struct yaml_doc *doc)
{
    static const char *const keys[] = {"modes", NULL};
    static const char *const words[] = {"enforce", "monitor", NULL};
    const struct yaml_node *map = yaml_get(doc->root, "modes");
    if (doc->root->kind == YAML_KIND_NULL)
        return;
    (void)yaml_check_keys(doc, doc->root, keys);
    if (map == NULL || map->kind == YAML_KIND_NULL)
        return;
    if (map->kind != YAML_KIND_MAP || map->count > POLICY_MODES_MAX) {
        yaml_mistake(doc, map, "modes must be a map of at most %d services",
            POLICY_MODES_MAX);
        return;
    }
    policy->modes =
        arena_alloc(&policy->arena, map->count * sizeof *policy->modes + 1);
    for (size_t i = 0; i < map->count; i++) {
        struct str name = arena_copy(&policy->arena, map->pairs[i].key);
        int word = yaml_word(doc, map, name.p, words, 0);
        policy->modes[policy->mode_count++] =
            (struct policy_own){name, word == 1 ? MODE_MONITOR : MODE_ENFORCE};
    }
}

void policy_read_modes(
    struct policy *policy, const struct bundle *bundle, struct diag *diag)
{
    const struct bundle_file *file = bundle_first(bundle, BUNDLE_MODES);
    if (file == NULL)
        return;
    struct yaml_doc *doc = yaml_parse(file->name.p, file->text, diag);
    if (doc != NULL)
        read_map(policy, doc);
    yaml_free(&doc);
}

static void write_one(struct buf *out, struct str service, enum mode mode)
{
    buf_printf(out, "  \"%.*s\": %s\n", STR_ARG(service), mode_name(mode));
}

enum err policy_write_modes(const struct policy *policy, struct str service,
    enum mode mode, struct buf *out)
{
    size_t count = 0;
    buf_append_str(out, STR("# Made by the console (Services, Mode).\n"
                            "modes:\n"));
    for (size_t i = 0; i < policy->mode_count; i++) {
        if (str_eq(policy->modes[i].service, service))
            continue;
        write_one(out, policy->modes[i].service, policy->modes[i].mode);
        count++;
    }
    if (mode != MODE_DEFAULT) {
        write_one(out, service, mode);
        count++;
    }
    return count <= POLICY_MODES_MAX ? OK : ERR_LIMIT;
}
