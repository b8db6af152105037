/*
 * Reading service maps, at start and at reload; every mistake is told with its
 * line, and what would be allowed.  Here a map as a whole; its routes are
 * service_route.c's.
 */
#include "base/mem.h"
#include "inspect/service_parts.h"

enum { ROUTES_MAX = 512 }; /* a map */

const char *const SERVICE_BLOCKS[] = {"chatgpt", "openai", NULL};
static const char *const TENANT_IDS[] = {"workspaces", "organizations", NULL};
static const char *const SERVICE_KEYS[] = {"service", "hosts", "learnable",
    "shared", "block", "prefixes", "tenant", "signed_out", "overlay",
    "compliance_log", "routes", NULL};
static const char *const TENANT_KEYS[] = {"header", "ids", "hosts", NULL};

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
    tenant->hosts = service_load_hosts(l, map, "hosts", &tenant->host_count);
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
    service->signed_out =
        service_copy_strs(l, list, &service->signed_out_count);
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
        service_load_route(l, list->pairs[i].value, service,
            &service->routes[service->route_count++]);
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
    service->hosts = service_load_hosts(l, root, "hosts", &service->host_count);
    if (service->host_count == 0)
        yaml_mistake(l->doc, root, "hosts: at least one is needed");
    service->learnable =
        service_load_hosts(l, root, "learnable", &service->learnable_count);
    service->shared =
        service_load_hosts(l, root, "shared", &service->shared_count);
    service->block =
        (enum block_shape)yaml_word(l->doc, root, "block", SERVICE_BLOCKS, 0);
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
