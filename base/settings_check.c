/*
 * What one row of the settings' table cannot say: values that must fit each
 * other, or be more than text.
 */
#include "base/settings_parts.h"

#include "base/mem.h"

struct check {
    struct yaml_doc *doc;
    const struct settings *settings;
};

static bool is_plain_loopback(struct str url)
{
    static const char *const hosts[] = {"http://127.",
        "http://localhost:", "http://localhost/", "http://[::1]"};
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++)
        if (str_starts(url, hosts[i]))
            return true;
    return false;
}

static void check_log(
    struct check *r, const char *section, const struct setting_log *log)
{
    const struct yaml_node *map = yaml_get(r->doc->root, section);
    struct str url = log->base_url;
    if (!(str_starts(url, "https://") || is_plain_loopback(url)) ||
        str_ends(url, "/") || str_find_char(url, '?') < url.n ||
        str_find_char(url, '@') < url.n)
        yaml_mistake(r->doc, map,
            "%s.base_url must be https://HOST[:PORT]/PATH without a closing "
            "slash (plain http to 127.0.0.1 only)",
            section);
    if (log->key_file.n != 0 && log->key_env.n != 0)
        yaml_mistake(
            r->doc, map, "%s: either key_file or key_env, not both", section);
}

static void check_logs(struct check *r)
{
    const struct setting_log *compliance = &r->settings->compliance_log;
    struct str principal = compliance->principal;
    check_log(r, "audit_log", &r->settings->audit_log);
    check_log(r, "compliance_log", compliance);
    if (principal.n != 0 && !settings_is_uuid(principal) &&
        !settings_is_organization(principal))
        yaml_mistake(r->doc, yaml_get(r->doc->root, "compliance_log"),
            "compliance_log.workspace: \"%.*s\" is no UUID and no org-…",
            STR_ARG(principal));
    if (setting_log_is_on(compliance) &&
        (principal.n == 0 || compliance->event_types.count == 0))
        yaml_mistake(r->doc, yaml_get(r->doc->root, "compliance_log"),
            "compliance_log: with a key, workspace and event_types are needed");
}

bool setting_log_is_on(const struct setting_log *log)
{
    return log->key_file.n != 0 || log->key_env.n != 0;
}

/* What one row cannot say. */
static void check_together(struct check *r)
{
    const struct settings *s = r->settings;
    const struct yaml_node *hold = yaml_get(r->doc->root, "hold");
    if (s->hold_connection_bytes < s->hold_max_bytes)
        yaml_mistake(r->doc, hold,
            "hold.connection_bytes must be at least hold.max_bytes, else a "
            "body could never be held whole");
    if (s->hold_worker_bytes < s->hold_connection_bytes)
        yaml_mistake(r->doc, hold,
            "hold.worker_bytes must be at least hold.connection_bytes");
    check_logs(r);
    if (s->data_dir.n == 0)
        yaml_mistake(r->doc, yaml_get(r->doc->root, "data_dir"),
            "data_dir must name a folder");
    for (size_t i = 0; i < s->dns_servers.count; i++) {
        struct net_address a;
        if (net_parse_ip(s->dns_servers.items[i], &a) != OK &&
            net_parse_endpoint(s->dns_servers.items[i], &a) != OK)
            yaml_mistake(r->doc, yaml_get(r->doc->root, "upstream"),
                "dns_servers: \"%.*s\" is no address, like \"10.0.0.53\" or "
                "\"10.0.0.53:5353\"",
                STR_ARG(s->dns_servers.items[i]));
    }
}

static void check_names(struct check *r)
{
    const struct settings *s = r->settings;
    if (s->names.are_hidden &&
        (s->names.key_file.n == 0 || s->names.public_key.n == 0))
        yaml_mistake(r->doc, yaml_get(r->doc->root, "names"),
            "names.pseudonyms: with it, key_file and public_key are needed");
}

void settings_check(struct yaml_doc *doc, const struct settings *settings)
{
    struct check check = {doc, settings};
    check_together(&check);
    check_names(&check);
    settings_check_oidc(doc, settings);
}
