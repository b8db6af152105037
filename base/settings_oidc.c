/*
 * The section `oidc`: the map of values to roles, and what must fit together
 * for somebody to be able to sign in.
 */
#include "base/settings_parts.h"

#include "base/mem.h"
#include "base/url.h"
#include "base/users.h"

enum {
    ROLES_MAX = 256,
    LIST_MAX = 64,
    TEXT_MAX = 512,
    SCOPE_MAX = 128,
};

void settings_read_roles(struct yaml_doc *doc, const struct yaml_node *map,
    struct settings *settings)
{
    const struct yaml_node *node = yaml_get(map, "roles");
    if (node == NULL || node->kind == YAML_KIND_NULL)
        return;
    if (node->kind != YAML_KIND_MAP || node->count > ROLES_MAX) {
        yaml_mistake(doc, node,
            "roles must be a map of at most %d: {\"dlp-admins\": "
            "administrator}",
            ROLES_MAX);
        return;
    }
    struct setting_role *roles =
        arena_alloc(&settings->arena, node->count * sizeof *roles + 1);
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_pair *pair = &node->pairs[i];
        enum user_role role = USER_PROXY;
        if (pair->value->kind != YAML_KIND_SCALAR ||
            user_role_parse(pair->value->text, &role) != OK ||
            role == USER_PROXY || pair->key.n == 0 || pair->key.n > TEXT_MAX)
            yaml_mistake(doc, pair->value,
                "roles: \"%.*s\" must map to analyst, investigator, "
                "administrator or auditor",
                STR_ARG(pair->key));
        roles[i].value = arena_copy(&settings->arena, pair->key);
        roles[i].role = (int)role;
    }
    settings->oidc.roles = roles;
    settings->oidc.roles_count = node->count;
}

static bool is_token(struct str text, const char *others)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        bool is_bad = c <= ' ' || c >= 0x7f || c == '"' || c == '\\';
        if (is_bad || memchr(others, c, strlen(others)) != NULL)
            return false;
    }
    return text.n > 0 && text.n <= SCOPE_MAX;
}

static void check_scopes(struct yaml_doc *doc, const struct yaml_node *map,
    const struct setting_oidc *o)
{
    bool has_openid = false;
    for (size_t i = 0; i < o->scopes.count; i++) {
        has_openid |= str_is(o->scopes.items[i], "openid");
        if (!is_token(o->scopes.items[i], "") || i >= LIST_MAX)
            yaml_mistake(doc, map, "oidc.scopes: \"%.*s\" is no scope",
                STR_ARG(o->scopes.items[i]));
    }
    if (!has_openid)
        yaml_mistake(doc, map, "oidc.scopes must have openid");
}

static void check_domains(struct yaml_doc *doc, const struct yaml_node *map,
    const struct setting_oidc *o)
{
    for (size_t i = 0; i < o->domains.count; i++)
        if (!is_token(o->domains.items[i], "@*:/") || i >= LIST_MAX)
            yaml_mistake(doc, map,
                "oidc.domains: \"%.*s\" is no domain, like corp.example",
                STR_ARG(o->domains.items[i]));
}

static bool is_too_long(const struct setting_oidc *o)
{
    return o->issuer.n > TEXT_MAX || o->name.n > TEXT_MAX ||
           o->client_id.n > TEXT_MAX || o->name_claim.n > TEXT_MAX ||
           o->role_claim.n > TEXT_MAX;
}

static void check_provider(struct yaml_doc *doc, const struct yaml_node *map,
    const struct setting_oidc *o)
{
    if (!url_is_https(o->issuer) || str_find_char(o->issuer, '?') < o->issuer.n)
        yaml_mistake(doc, map,
            "oidc.issuer must be https://HOST[:PORT][/PATH], letter by letter "
            "as the provider's metadata has it");
    if (o->client_id.n == 0 || o->name_claim.n == 0)
        yaml_mistake(doc, map,
            "oidc: with an issuer, client_id and name_claim are needed");
    if (is_too_long(o))
        yaml_mistake(
            doc, map, "oidc: a value is longer than %d bytes", TEXT_MAX);
    if (o->secret_file.n != 0 && o->secret_env.n != 0)
        yaml_mistake(
            doc, map, "oidc: either secret_file or secret_env, not both");
    if (o->default_role == 0 && (o->roles_count == 0 || o->role_claim.n == 0))
        yaml_mistake(doc, map,
            "oidc: nobody could sign in: give role_claim and roles, or a "
            "default_role");
}

void settings_check_oidc(struct yaml_doc *doc, const struct settings *s)
{
    const struct yaml_node *map = yaml_get(doc->root, "oidc");
    const struct setting_oidc *o = &s->oidc;
    struct str url = s->console_url;
    if (url.n > 0 && (!url_is_https(url) || url_authority(url).n + 8 != url.n))
        yaml_mistake(doc, yaml_get(doc->root, "console"),
            "console.url must be https://HOST[:PORT], and no more");
    if (o->issuer.n == 0) {
        if (o->refuses_passwords)
            yaml_mistake(doc, map,
                "oidc.local_login: off needs an issuer, else nobody could "
                "log in");
        return;
    }
    check_provider(doc, map, o);
    check_scopes(doc, map, o);
    check_domains(doc, map, o);
}
