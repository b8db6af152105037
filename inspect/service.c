/*
 * Matching service maps: once a connection by host, once a request by route.
 * inspect/service_load.c reads them; what their paths lead to in bodies is
 * inspect/extract.c's.
 */
#include "inspect/service.h"

#include <string.h>

#include "base/mem.h"
#include "base/net.h"
#include "inspect/form.h"
#include "inspect/path.h"
#include "inspect/service_parts.h"

/* ---- hosts --------------------------------------------------------- */

static bool any_host(const struct str *patterns, size_t count, struct str host)
{
    for (size_t i = 0; i < count; i++)
        if (host_matches(patterns[i], host))
            return true;
    return false;
}

static enum host_scope scope_of(const struct service *s, struct str host)
{
    if (any_host(s->hosts, s->host_count, host))
        return HOST_IN;
    return any_host(s->learnable, s->learnable_count, host) ||
                   any_host(s->shared, s->shared_count, host)
               ? HOST_LEARNABLE
               : HOST_OUT;
}

/* A map that has the host says more than one that may learn it, and one that
 * lies over others less than those. */
static int rank(const struct service *s, enum host_scope scope)
{
    if (scope == HOST_OUT)
        return 0;
    return (scope == HOST_IN ? 2 : 0) + (s->is_overlay ? 1 : 2);
}

enum host_scope service_match_host(const struct service_set *set,
    struct str host, const struct service **service_out)
{
    enum host_scope scope = HOST_OUT;
    const struct service *found = NULL;
    for (size_t i = 0; i < set->count; i++) {
        const struct service *s = &set->services[i];
        enum host_scope its = scope_of(s, host);
        if (found != NULL && rank(s, its) <= rank(found, scope))
            continue;
        if (its != HOST_OUT) {
            scope = its;
            found = s;
        }
    }
    if (service_out != NULL)
        *service_out = found;
    return scope;
}

struct str service_name(const struct service *service)
{
    return service->name;
}

struct name_list {
    struct str items[SERVICE_NAMES_MAX];
    size_t count;
};

static void add_name(struct name_list *list, struct str name)
{
    for (size_t i = 0; i < list->count; i++)
        if (str_eq(list->items[i], name))
            return;
    if (name.n > 0 && list->count < SERVICE_NAMES_MAX)
        list->items[list->count++] = name;
}

struct str service_set_name(const struct service_set *set, size_t index)
{
    struct name_list list = {.count = 0};
    for (size_t i = 0; i < set->count; i++)
        add_name(&list, set->services[i].name);
    for (size_t i = 0; i < set->count; i++)
        for (size_t k = 0; k < set->services[i].route_count; k++)
            add_name(&list, set->services[i].routes[k].service);
    return index < list.count ? list.items[index] : STR_NONE;
}

enum block_shape service_block_shape(const struct service *service)
{
    return service->block;
}

struct str service_host_pattern(
    const struct service_set *set, size_t index, bool *is_shared_out)
{
    *is_shared_out = false;
    for (size_t i = 0; i < set->count; i++) {
        const struct service *s = &set->services[i];
        if (index < s->host_count)
            return s->hosts[index];
        index -= s->host_count;
        if (index < s->learnable_count)
            return s->learnable[index];
        index -= s->learnable_count;
        if (index < s->shared_count) {
            *is_shared_out = true;
            return s->shared[index];
        }
        index -= s->shared_count;
    }
    return STR_NONE;
}

/* ---- tenant control ------------------------------------------------- */

const struct service_tenant *service_tenant(const struct service *service)
{
    return &service->tenant;
}

bool service_tenant_has_host(
    const struct service_tenant *tenant, struct str host)
{
    return tenant->host_count == 0 ||
           any_host(tenant->hosts, tenant->host_count, host);
}

struct str service_tenant_header(const struct service_set *set, size_t index)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->services[i].tenant.header.n != 0 && index-- == 0)
            return set->services[i].tenant.header;
    return STR_NONE;
}

bool service_is_signed_out(const struct service *service, struct str path)
{
    for (size_t i = 0; i < service->signed_out_count; i++)
        if (path_is_below(path, service->signed_out[i]))
            return true;
    return false;
}

const struct log_map *service_log_map(const struct service_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->services[i].logs != NULL)
            return set->services[i].logs;
    return NULL;
}

/* ---- matching routes ----------------------------------------------- */

static void capture(struct route_match *match, struct str name, struct str v)
{
    if (match->count == ROUTE_CAPTURES_MAX)
        return;
    match->names[match->count] = name;
    match->values[match->count++] = v;
}

/* One segment of a template: a glob, or {name} for any one that is not
 * empty. */
static bool match_segment(
    struct str pattern, struct str segment, struct route_match *match)
{
    if (pattern.n < 2 || pattern.p[0] != '{')
        return str_glob(pattern, segment, 0);
    if (segment.n == 0)
        return false;
    capture(match, str_sub(pattern, 1, pattern.n - 1), segment);
    return true;
}

/* arena: the path is still coded; NULL: it is not. */
static bool match_path(const struct path_template *wanted, struct str path,
    struct arena *arena, struct route_match *match)
{
    struct str template = wanted->text, pattern, segment;
    match->count = 0;
    if (arena == NULL && (path.n < wanted->fixed ||
                             memcmp(path.p, template.p, wanted->fixed) != 0))
        return false; /* nearly all */
    while (str_split(&template, '/', &pattern)) {
        if (str_is(pattern, "**"))
            return true;
        if (!str_split(&path, '/', &segment))
            return false;
        if (arena != NULL && str_find_char(segment, '%') < segment.n)
            segment = form_decode(arena, segment, false);
        if (!match_segment(pattern, segment, match))
            return false;
    }
    return path.n == 0;
}

static bool any_str(const struct str *list, size_t count, struct str s)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(list[i], s))
            return true;
    return count == 0;
}

/* wanted: "name", or "name=value". */
static bool has_parameter(struct str query, struct str wanted)
{
    bool has_value = str_find_char(wanted, '=') < wanted.n;
    struct str part;
    while (str_split(&query, '&', &part)) {
        if (!has_value)
            part = str_sub(part, 0, str_find_char(part, '='));
        if (str_eq_nocase(part, wanted))
            return true;
    }
    return false;
}

static bool fits(const struct route *route, const struct route_query *q)
{
    if (route->allows_websocket != q->is_websocket ||
        !any_str(route->methods, route->method_count, q->method))
        return false;
    if (route->host_count != 0 &&
        !any_host(route->hosts, route->host_count, q->host))
        return false;
    if (route->content_type.n != 0 &&
        !str_glob(route->content_type, q->content_type, 0))
        return false;
    return route->query.n == 0 || has_parameter(q->query, route->query);
}

static struct str without_slash(struct str path)
{
    if (path.n > 1 && path.p[path.n - 1] == '/')
        path.n--;
    return path;
}

/* Whatever a server takes the path for, nothing of the host is to be kept. */
static bool has_whole_host(const struct route *route, size_t path)
{
    return route->is_secret && str_is(route->paths[path].text, "/**");
}

static bool find_in(const struct service *service,
    const struct route_query *query, bool wants_last, struct route_match *match)
{
    bool is_raw = service->is_overlay && query->raw_path.n != 0;
    struct str path = without_slash(is_raw ? query->raw_path : query->path);
    bool is_coded = is_raw && str_find_char(path, '%') < path.n;
    for (size_t i = 0; i < service->route_count; i++) {
        const struct route *route = &service->routes[i];
        if (route->is_last != wants_last || !fits(route, query))
            continue;
        for (size_t j = 0; j < route->path_count; j++) {
            if (query->is_ambiguous && !has_whole_host(route, j))
                continue;
            if (!match_path(&route->paths[j], path,
                    is_coded ? query->arena : NULL, match))
                continue;
            match->route = route;
            return true;
        }
    }
    return false;
}

/* Overlays; all others; what overlays keep for the end. */
enum pass { PASS_OVERLAY, PASS_OTHERS, PASS_LAST, PASS_COUNT };

void service_find_route(const struct service_set *set,
    const struct route_query *query, struct route_match *match_out)
{
    *match_out = (struct route_match){0};
    for (int pass = 0; pass < PASS_COUNT; pass++) {
        for (size_t i = 0; i < set->count; i++) {
            const struct service *s = &set->services[i];
            bool is_its_turn = s->is_overlay == (pass != PASS_OTHERS);
            if (is_its_turn && scope_of(s, query->host) != HOST_OUT &&
                find_in(s, query, pass == PASS_LAST, match_out))
                return;
        }
    }
    match_out->count = 0;
}

/* Of one map; *is_secret_out: a route for secrets has the path. */
static bool allows_websocket(const struct service *service, struct str host,
    struct str path, bool *is_secret_out)
{
    struct route_match match;
    for (size_t i = 0; i < service->route_count; i++) {
        const struct route *route = &service->routes[i];
        if (!route->allows_websocket && !route->is_secret)
            continue;
        if (route->host_count != 0 &&
            !any_host(route->hosts, route->host_count, host))
            continue;
        for (size_t j = 0; j < route->path_count; j++) {
            if (!match_path(&route->paths[j], path, NULL, &match))
                continue;
            if (route->allows_websocket)
                return true;
            *is_secret_out = true;
        }
    }
    return false;
}

bool service_allows_websocket(
    const struct service_set *set, struct str host, struct str path)
{
    bool is_in_scope = false, is_secret = false;
    path = str_sub(path, 0, str_find_char(path, '?'));
    for (size_t i = 0; i < set->count; i++) {
        const struct service *service = &set->services[i];
        if (scope_of(service, host) == HOST_OUT)
            continue;
        if (allows_websocket(service, host, path, &is_secret))
            return true;
        is_in_scope = true;
    }
    return is_in_scope && !is_secret;
}
