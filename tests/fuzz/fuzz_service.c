/* inspect/service.h: the input is a map; what loads, matches without harm. */
#include "inspect/service.h"

#include "tests/fuzz/same.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const paths[] = {"/", "/backend-api/conversation",
        "/a/b/c/d", "", "//", "/backend-api/share/x/"};
    struct bundle bundle = {0};
    struct diag diag = {0};
    struct str text = {(const char *)data, n};
    bundle_add(&bundle, BUNDLE_SERVICE, STR("m.yaml"), text);
    struct service_set *set = service_set_load(&bundle, &diag);
    check((set == NULL) == (diag.count != 0), "a mistake for every refusal");
    const struct service *service = NULL;
    struct str named = STR("h.test");
    struct arena arena = {0};
    bool is_shared;
    for (size_t i = 0;
         set != NULL && service_host_pattern(set, i, &is_shared).n != 0; i++) {
        struct str host = service_host_pattern(set, i, &is_shared);
        if (host.p[0] == '.')
            host = str_sub(host, 1, host.n);
        service_match_host(set, host, &service);
        check(service != NULL, "a pattern matches its own name");
        named = host;
    }
    for (size_t i = 0; set != NULL && service_set_name(set, i).n != 0; i++)
        for (size_t j = 0; j < i; j++)
            check(!str_eq(service_set_name(set, i), service_set_name(set, j)),
                "a name is told once");
    for (size_t i = 0; service != NULL && i < ARRAY_LEN(paths); i++) {
        struct route_match match;
        struct route_query query = {.host = named,
            .method = STR("POST"),
            .path = str_of(paths[i]),
            .raw_path = str_of(paths[i]),
            .arena = &arena,
            .query = STR("q=1"),
            .content_type = STR("application/json"),
            .is_websocket = i % 2 == 1};
        service_find_route(set, &query, &match);
        const struct service_tenant *tenant = service_tenant(service);
        (void)service_tenant_has_host(tenant, query.host);
        (void)service_is_signed_out(service, query.path);
        for (size_t j = 0; service_tenant_header(set, j).n != 0; j++)
            check(j < 16, "one header a map");
        check(match.count <= ROUTE_CAPTURES_MAX, "captures are bounded");
        service_allows_websocket(set, named, str_of(paths[i]));
    }
    arena_free(&arena);
    service_set_free(&set);
    diag_free(&diag);
    bundle_free(&bundle);
    return 0;
}
