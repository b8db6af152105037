/*
 * One setting's value from YAML into its member, by the type that its row
 * gives it.  A mistake goes to the document's list, and reading goes on.
 */
#include "base/settings_parts.h"

#include <string.h>

#include "base/mem.h"

enum { TENANT_IDS_MAX = 64, ORGANIZATION_BYTES_MAX = 64 };

static void *member(struct settings_reader *r, size_t offset)
{
    return (char *)r->settings + offset;
}

static void set_list(
    struct settings_reader *r, size_t offset, struct yaml_strs from)
{
    struct str_list list = {NULL, from.count};
    list.items =
        arena_alloc(&r->settings->arena, from.count * sizeof *list.items + 1);
    for (size_t i = 0; i < from.count; i++)
        list.items[i] = arena_copy(&r->settings->arena, from.items[i]);
    memcpy(member(r, offset), &list, sizeof list);
}

static bool is_host_pattern(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!is_letter && c != '-' && c != '.' && c != '*' && c != '_')
            return false;
    }
    return s.n > 0 && s.n <= 253;
}

static void read_list(struct settings_reader *r, const struct setting *s,
    const struct yaml_node *map)
{
    struct yaml_strs strs = yaml_strs(r->doc, map, s->key);
    const struct yaml_node *node = yaml_get(map, s->key);
    for (size_t i = 0; i < strs.count; i++) {
        struct net_address address;
        if (s->type == SETTING_ENDPOINTS &&
            net_parse_endpoint(strs.items[i], &address) != OK)
            yaml_mistake(r->doc, node,
                "%s: \"%.*s\" is no address with a port, like "
                "\"127.0.0.1:8080\" or \"[::1]:8080\"",
                s->key, STR_ARG(strs.items[i]));
        if (s->type == SETTING_HOSTS && !is_host_pattern(strs.items[i]))
            yaml_mistake(r->doc, node,
                "%s: \"%.*s\" is no host pattern: name.example, "
                ".name.example, or na*.example; lower case",
                s->key, STR_ARG(strs.items[i]));
    }
    if (s->type == SETTING_ENDPOINTS && strs.count == 0)
        yaml_mistake(r->doc, node, "%s needs at least one address", s->key);
    set_list(r, s->offset, strs);
}

static void read_ranges(struct settings_reader *r, const struct setting *s,
    const struct yaml_node *map)
{
    struct yaml_strs strs = yaml_strs(r->doc, map, s->key);
    struct net_range *ranges =
        arena_alloc(&r->settings->arena, strs.count * sizeof *ranges + 1);
    for (size_t i = 0; i < strs.count; i++)
        if (net_parse_range(strs.items[i], &ranges[i]) != OK)
            yaml_mistake(r->doc, yaml_get(map, s->key),
                "%s: \"%.*s\" is no network, like \"10.0.0.0/8\" or "
                "\"fd00::/8\"",
                s->key, STR_ARG(strs.items[i]));
    memcpy(member(r, s->offset), &ranges, sizeof ranges);
    memcpy(member(r, s->count_offset), &strs.count, sizeof strs.count);
}

static void read_ports(struct settings_reader *r, const struct setting *s,
    const struct yaml_node *map)
{
    struct yaml_strs strs = yaml_strs(r->doc, map, s->key);
    r->settings->ports = arena_alloc(
        &r->settings->arena, strs.count * sizeof *r->settings->ports + 1);
    r->settings->ports_count = strs.count;
    for (size_t i = 0; i < strs.count; i++) {
        uint64_t port = 0;
        if (str_to_u64(strs.items[i], &port) != OK || port == 0 || port > 65535)
            yaml_mistake(r->doc, yaml_get(map, s->key),
                "%s: \"%.*s\" is no port (1 to 65535)", s->key,
                STR_ARG(strs.items[i]));
        r->settings->ports[i] = (uint16_t)port;
    }
}

bool settings_is_uuid(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        bool is_hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        if (is_hyphen ? s.p[i] != '-' : str_hex_value(s.p[i]) < 0)
            return false;
    }
    return s.n == 36;
}

bool settings_is_organization(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool is_word = (c >= '0' && c <= '9') || c == '-' || c == '_' ||
                       ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
        if (!is_word)
            return false;
    }
    return str_starts(s, "org-") && s.n > 4 && s.n <= ORGANIZATION_BYTES_MAX;
}

/* As the service's header wants them: one malformed id and it answers 400 to
 * everything. */
static void read_tenants(struct settings_reader *r, const struct setting *s,
    const struct yaml_node *map)
{
    struct yaml_strs strs = yaml_strs(r->doc, map, s->key);
    const struct yaml_node *node = yaml_get(map, s->key);
    bool are_uuids = s->type == SETTING_UUIDS;
    struct buf joined = {0};
    for (size_t i = 0; i < strs.count; i++) {
        struct str id = strs.items[i];
        if (are_uuids ? !settings_is_uuid(id) : !settings_is_organization(id))
            yaml_mistake(r->doc, node, "%s: \"%.*s\" is no id, like %s", s->key,
                STR_ARG(id),
                are_uuids ? "8f14e45f-ceea-467f-a8d2-3c1b2a0f9e01"
                          : "org-AbC123");
        buf_printf(&joined, "%s%.*s", i == 0 ? "" : ",", STR_ARG(id));
    }
    if (strs.count > TENANT_IDS_MAX)
        yaml_mistake(
            r->doc, node, "%s: more than %d ids", s->key, TENANT_IDS_MAX);
    struct str value = arena_copy(&r->settings->arena, buf_str(&joined));
    memcpy(member(r, s->offset), &value, sizeof value);
    buf_free(&joined);
}

/* "chatgpt.com:443" -> lower-case host and port. */
static enum err parse_host_port(
    struct settings_reader *r, struct str text, struct resolve_entry *out)
{
    size_t colon = str_find_char(text, ':');
    uint64_t port;
    struct str host = arena_lower(&r->settings->arena, str_sub(text, 0, colon));
    if (!is_host_pattern(host) || str_has(host, "*") || colon == text.n ||
        str_to_u64(str_sub(text, colon + 1, text.n), &port) != OK ||
        port == 0 || port > 65535)
        return ERR_PARSE;
    out->host = host;
    out->port = (uint16_t)port;
    return OK;
}

/* The setting's value; NULL: none, or another thing than a map, which is told.
 */
static const struct yaml_node *map_of(struct settings_reader *r,
    const struct setting *s, const struct yaml_node *map, const char *example)
{
    const struct yaml_node *node = yaml_get(map, s->key);
    if (node == NULL || node->kind == YAML_KIND_NULL)
        return NULL;
    if (node->kind == YAML_KIND_MAP)
        return node;
    yaml_mistake(r->doc, node, "%s must be a map: %s", s->key, example);
    return NULL;
}

static void read_resolve(struct settings_reader *r, const struct setting *s,
    const struct yaml_node *map)
{
    const struct yaml_node *node =
        map_of(r, s, map, "{\"chatgpt.com:443\": \"127.0.0.1:9443\"}");
    if (node == NULL)
        return;
    struct resolve_entry *entries =
        arena_alloc(&r->settings->arena, node->count * sizeof *entries + 1);
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_pair *pair = &node->pairs[i];
        if (parse_host_port(r, pair->key, &entries[i]) != OK ||
            pair->value->kind != YAML_KIND_SCALAR ||
            net_parse_endpoint(pair->value->text, &entries[i].address) != OK)
            yaml_mistake(r->doc, pair->value,
                "%s: \"%.*s\" must map HOST:PORT to ADDRESS:PORT, like "
                "\"chatgpt.com:443\": \"127.0.0.1:9443\"",
                s->key, STR_ARG(pair->key));
    }
    r->settings->resolve = entries;
    r->settings->resolve_count = node->count;
}

static void read_host_files(struct settings_reader *r, const struct setting *s,
    const struct yaml_node *map)
{
    const struct yaml_node *node =
        map_of(r, s, map, "{\".lab.example\": lab.pem}");
    if (node == NULL)
        return;
    struct host_file *files =
        arena_alloc(&r->settings->arena, node->count * sizeof *files + 1);
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_pair *pair = &node->pairs[i];
        bool is_file =
            pair->value->kind == YAML_KIND_SCALAR && pair->value->text.n > 0;
        if (!is_host_pattern(pair->key) || !is_file)
            yaml_mistake(r->doc, pair->value,
                "%s: \"%.*s\" must map a host pattern (name.example, "
                ".name.example, or na*.example; lower case) to a file",
                s->key, STR_ARG(pair->key));
        files[i].host = arena_copy(&r->settings->arena, pair->key);
        files[i].file = is_file
                            ? arena_copy(&r->settings->arena, pair->value->text)
                            : STR_NONE;
    }
    r->settings->host_roots = files;
    r->settings->host_roots_count = node->count;
}

static void read_word(struct settings_reader *r, const struct setting *s,
    const struct yaml_node *map)
{
    int word = yaml_word(r->doc, map, s->key, s->words, 0);
    if (s->type == SETTING_FLAG) {
        bool is_second = word == 1;
        memcpy(member(r, s->offset), &is_second, sizeof is_second);
    } else {
        memcpy(member(r, s->offset), &word, sizeof word);
    }
}

static void read_text(struct settings_reader *r, const struct setting *s,
    const struct yaml_node *map)
{
    struct str text =
        arena_copy(&r->settings->arena, yaml_str(r->doc, map, s->key, STR("")));
    memcpy(member(r, s->offset), &text, sizeof text);
}

void settings_read_value(struct settings_reader *r, const struct setting *s,
    const struct yaml_node *map)
{
    switch (s->type) {
    case SETTING_TEXT:
        read_text(r, s, map);
        break;
    case SETTING_LIST:
    case SETTING_ENDPOINTS:
    case SETTING_HOSTS:
        read_list(r, s, map);
        break;
    case SETTING_INT: {
        int64_t value = yaml_int(r->doc, map, s->key, s->min, s->max, s->min);
        memcpy(member(r, s->offset), &value, sizeof value);
        break;
    }
    case SETTING_WORD:
    case SETTING_FLAG:
        read_word(r, s, map);
        break;
    case SETTING_RANGES:
        read_ranges(r, s, map);
        break;
    case SETTING_RESOLVE:
        read_resolve(r, s, map);
        break;
    case SETTING_HOST_FILES:
        read_host_files(r, s, map);
        break;
    case SETTING_PORTS:
        read_ports(r, s, map);
        break;
    case SETTING_UUIDS:
    case SETTING_ORGANIZATIONS:
        read_tenants(r, s, map);
        break;
    case SETTING_ROLES:
        settings_read_roles(r->doc, map, r->settings);
        break;
    }
}
