/* Service maps: hosts, routes, and every mistake named with its line. */
#include <stdint.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/net.h"
#include "inspect/path.h"
#include "inspect/form.h"
#include "inspect/service.h"

static struct service_set *load(const char *yaml, struct diag *diag)
{
    struct bundle bundle = {0};
    bundle_add(&bundle, BUNDLE_SERVICE, STR("m.yaml"), str_of(yaml));
    struct service_set *set = service_set_load(&bundle, diag);
    bundle_free(&bundle);
    return set;
}

static struct service_set *load_shipped(void)
{
    static const char *const files[] = {"conf/services/chatgpt.yaml",
        "conf/services/openai-api.yaml", "conf/services/openai-admin.yaml"};
    struct bundle bundle = {0};
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        static char text[64 * 1024];
        FILE *f = fopen(files[i], "r");
        assert_non_null(f);
        size_t n = fread(text, 1, sizeof text, f);
        fclose(f);
        bundle_add(
            &bundle, BUNDLE_SERVICE, str_of(files[i]), str_make(text, n));
    }
    struct diag diag = {0};
    struct service_set *set = service_set_load(&bundle, &diag);
    assert_int_equal(diag.count, 0);
    assert_non_null(set);
    diag_free(&diag);
    bundle_free(&bundle);
    return set;
}

static void hosts_match_exactly_by_suffix_or_inside_a_label(void **state)
{
    (void)state;
    assert_true(host_matches(STR("a.com"), STR("a.com")));
    assert_false(host_matches(STR("a.com"), STR("b.a.com")));
    assert_true(host_matches(STR(".a.com"), STR("a.com")));
    assert_true(host_matches(STR(".a.com"), STR("c.b.a.com")));
    assert_false(host_matches(STR(".a.com"), STR("nota.com")));
    assert_false(host_matches(STR(".a.com"), STR("a.com.evil.test")));
    assert_true(host_matches(STR("x*.blob.net"), STR("xyz.blob.net")));
    assert_false(host_matches(STR("x*.blob.net"), STR("x.y.blob.net")));
    assert_false(host_matches(STR("a.com"), STR("")));
}

static void shipped_maps_know_their_hosts(void **state)
{
    (void)state;
    struct service_set *set = load_shipped();
    static const struct {
        const char *host, *service;
        enum host_scope scope;
    } cases[] = {
        {"chatgpt.com", "chatgpt", HOST_IN},
        {"ws.chatgpt.com", "chatgpt", HOST_IN},
        {"eu.api.openai.com", "openai-api", HOST_IN},
        {"platform.openai.com", "openai-platform", HOST_IN},
        {"admin.openai.com", "openai-platform", HOST_IN},
        {"xplatform.openai.com", NULL, HOST_OUT},
        {"platform.openai.com.evil.test", NULL, HOST_OUT},
        {"chat.openai.com", "chatgpt", HOST_IN},
        {"android.chat.openai.com", "chatgpt", HOST_IN},
        {"files09.oaiusercontent.com", "chatgpt", HOST_IN},
        {"oaisdmntpreastus.blob.core.windows.net", "chatgpt", HOST_IN},
        {"x.webpubsub.azure.com", "chatgpt", HOST_LEARNABLE},
        {"prod7.blob.core.windows.net", "chatgpt", HOST_LEARNABLE},
        {"b.s3.us-east-1.amazonaws.com", "chatgpt", HOST_LEARNABLE},
        {"api.openai.com", "openai-api", HOST_IN},
        {"notchatgpt.com", NULL, HOST_OUT},
        {"chatgpt.com.evil.test", NULL, HOST_OUT},
        {"blob.core.windows.net", NULL, HOST_OUT},
        {"openai.com", NULL, HOST_OUT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct service *service;
        assert_int_equal(
            service_match_host(set, str_of(cases[i].host), &service),
            cases[i].scope);
        if (cases[i].service != NULL)
            assert_true(str_is(service_name(service), cases[i].service));
        else
            assert_null(service);
    }
    bool is_shared;
    size_t n = 0, shared = 0;
    while (service_host_pattern(set, n, &is_shared).n != 0) {
        shared += is_shared;
        n++;
    }
    assert_true(n > 8);
    assert_int_equal(shared, 3); /* storage, of one cloud for both */
    service_set_free(&set);
}

static const struct route *find(struct service_set *set, const char *host,
    const char *method, const char *path, struct route_match *match)
{
    static struct arena arena; /* of what a coded path holds */
    struct str whole = str_of(path);
    size_t mark = str_find_char(whole, '?');
    arena_reset(&arena);
    struct str coded = str_sub(whole, 0, mark);
    struct route_query query = {.host = str_of(host),
        .method = str_of(method),
        .path = form_decode(&arena, coded, false),
        .raw_path = coded,
        .arena = &arena,
        .query = str_sub(whole, mark + 1, whole.n),
        .content_type = STR("application/json")};
    service_find_route(set, &query, match);
    return match->route;
}

static void shipped_maps_know_their_routes(void **state)
{
    (void)state;
    struct service_set *set = load_shipped();
    static const struct {
        const char *host, *method, *path, *name;
    } cases[] = {
        {"chatgpt.com", "POST", "/backend-api/conversation", "prompt"},
        {"chatgpt.com", "POST", "/backend-api/conversation/", "prompt"},
        {"chatgpt.com", "POST", "/backend-alt/f/conversation", "prompt"},
        {"chatgpt.com", "GET", "/backend-api/conversation", NULL},
        {"chatgpt.com", "POST", "/x/backend-api/conversation", NULL},
        {"chatgpt.com", "POST", "/backend-api/conversation/init",
            "title made by the service"},
        {"chatgpt.com", "POST", "/ces/v1/t", "statistics"},
        {"chatgpt.com", "GET", "/?q=hello", "prompt in the page's address"},
        {"chatgpt.com", "GET", "/?r=hello", "page"},
        {"files.oaiusercontent.com", "PUT", "/file-1?sig=x", "file bytes, raw"},
        {"chatgpt.com", "PUT", "/file-1", NULL},
        {"api.openai.com", "POST", "/v1/responses", "responses"},
        {"api.openai.com", "POST", "/v1/files", NULL}, /* not multipart */
        {"api.openai.com", "POST", "/v1/organization/certificates/activate",
            "certificates activated"},
        {"api.openai.com", "POST", "/v1/organization/certificates/c",
            "certificate renamed"},
        {"api.openai.com", "POST", "/v1/organization/projects/p%2Farchive",
            "project changed"},
        {"api.openai.com", "POST", "/v1/organization/else",
            "administration of the platform"},
        {"api.openai.com", "GET", "/v1/organization/projects", NULL},
        {"chatgpt.com", "POST", "/v1/organization/projects", NULL},
        {"chatgpt.com", "POST", "/backend-api/accounts/ws/invites",
            "invitations to a workspace"},
        {"chatgpt.com", "POST", "/backend-api/accounts/ws/x/y",
            "administration of a workspace"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct route_match match;
        const struct route *route =
            find(set, cases[i].host, cases[i].method, cases[i].path, &match);
        if (cases[i].name == NULL) {
            assert_null(route);
            continue;
        }
        assert_non_null(route);
        assert_true(str_is(route->name, cases[i].name));
    }
    service_set_free(&set);
}

static void websockets_open_where_no_secrets_go(void **state)
{
    (void)state;
    struct service_set *set = load_shipped();
    static const struct {
        const char *host, *path;
        bool opens;
    } cases[] = {
        {"chatgpt.com", "/ws/user/u-1?verify=x", true},
        {"chatgpt.com", "/backend-api/nobody-knows/it?a=b", true},
        {"chatgpt.com", "/api/auth/session?a=b", false},
        {"auth.openai.com", "/api/accounts/password/verify", false},
        {"example.com", "/ws/user/u-1", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(service_allows_websocket(
                             set, str_of(cases[i].host), str_of(cases[i].path)),
            cases[i].opens);
    service_set_free(&set);
}

static void a_path_gives_what_its_segments_held(void **state)
{
    (void)state;
    struct service_set *set = load_shipped();
    struct route_match match;
    find(set, "chatgpt.com", "PATCH", "/backend-api/conversation/c-7", &match);
    assert_int_equal(match.count, 1);
    assert_true(str_is(match.names[0], "conversation_id"));
    assert_true(str_is(match.values[0], "c-7"));
    service_set_free(&set);
}

static void a_template_fits_from_its_first_byte_to_its_last(void **state)
{
    (void)state;
    static const char map[] = "service: x\n"
                              "hosts: [a.test]\n"
                              "routes:\n"
                              "  - {name: a, path: /one/**, do: pass}\n"
                              "  - {name: b, path: /two/x*z, do: pass}\n"
                              "  - {name: c, path: \"/two/{id}\", do: pass}\n"
                              "  - {name: d, path: \"/two/{id}/t\", do: pass}\n"
                              "  - {name: e, path: /two, do: pass}\n";
    static const struct {
        const char *path, *name;
    } cases[] = {{"/one", "a"}, {"/one/", "a"}, {"/one/x/y", "a"},
        {"/onex", "-"}, {"/on", "-"}, {"/two/xyz", "b"}, {"/two/xz/", "b"},
        {"/two/xy", "c"}, {"/two/x%2fz", "-"}, {"/tw%6f/7", "c"},
        {"/two/7/t", "d"}, {"/two/7/tt", "-"}, {"/two", "e"}, {"/two/", "e"},
        {"/twox", "-"}, {"/tw", "-"}, {"/", "-"}};
    struct diag diag = {0};
    struct service_set *set = load(map, &diag);
    assert_non_null(set);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct route_match match;
        const struct route *route =
            find(set, "a.test", "GET", cases[i].path, &match);
        struct str name = route != NULL ? route->name : STR("-");
        if (!str_is(name, cases[i].name))
            fail_msg("%s leads to %.*s", cases[i].path, STR_ARG(name));
    }
    service_set_free(&set);
    diag_free(&diag);
}

static void every_mistake_is_reported_with_its_line(void **state)
{
    (void)state;
    static const char map[] = "service: x\n"
                              "hosts: [\"*.com\", Upper.com]\n"
                              "routes:\n"
                              "  - name: a\n"
                              "    path: $Z/x\n"
                              "    activity: prompt.created\n"
                              "  - name: b\n"
                              "    path: /a/**/b\n"
                              "    activity: nodot\n"
                              "    gate: maybe\n"
                              "    wrong: 1\n"
                              "  - name: c\n"
                              "    path: /c\n"
                              "    activity: a.b\n"
                              "    gate: maybe\n"
                              "    text: [\"a..b\"]\n"
                              "    ids: {nope: x}\n"
                              "    cases: [{when: x}]\n"
                              "  - name: d\n"
                              "    method: [GET, PSOT]\n"
                              "    path: /d\n";
    struct diag diag = {0};
    assert_null(load(map, &diag));
    struct str text = buf_str(&diag.text);
    assert_true(str_has(text, "m.yaml:20: method \"PSOT\" is not one of"));
    assert_true(str_has(text, "m.yaml:2: hosts: \"*.com\""));
    assert_true(str_has(text, "Upper.com"));
    assert_true(str_has(text, "m.yaml:5: path: prefix \"$Z\""));
    assert_true(str_has(text, "m.yaml:11: unknown key \"wrong\""));
    assert_true(str_has(text, "gate \"maybe\" is not one of: hold, stream"));
    assert_true(str_has(text, "\"a..b\" is no path"));
    assert_true(str_has(text, "unknown key \"nope\""));
    assert_true(str_has(text, "a case needs when"));
    diag_free(&diag);
    struct diag empty = {0};
    assert_null(load("", &empty));
    assert_int_equal(empty.count, 1);
    diag_free(&empty);
}

static void a_path_is_below_a_prefix_however_it_is_spelt(void **state)
{
    (void)state;
    static const char *const below[] = {"/backend-anon", "/backend-anon/",
        "/backend-anon/x", "//backend-anon/x", "/./backend-anon",
        "/x/../backend-anon/y", "/%62ackend-anon", "/%2562ackend-anon/x",
        "/Backend-ANON/x", "/backend-anon;v=1/x", "\\backend-anon\\x",
        "/%2e%2e/backend-anon", "/backend-anon/../x", "/x%2f..%2fbackend-anon"};
    static const char *const beside[] = {"", "/", "*", "/backend-api",
        "/backend-anonymous", "/x/backend-anon", "/backend-ano", "/%", "/%6",
        "/..", "/backend-anon%zz"};
    for (size_t i = 0; i < ARRAY_LEN(below); i++)
        if (!path_is_below(str_of(below[i]), STR("/backend-anon")))
            fail_msg("not below: %s", below[i]);
    for (size_t i = 0; i < ARRAY_LEN(beside); i++)
        if (path_is_below(str_of(beside[i]), STR("/backend-anon")))
            fail_msg("below: %s", beside[i]);
}

static void shipped_maps_know_their_tenants(void **state)
{
    (void)state;
    struct service_set *set = load_shipped();
    const struct service *chatgpt, *api;
    service_match_host(set, STR("chatgpt.com"), &chatgpt);
    service_match_host(set, STR("api.openai.com"), &api);
    const struct service_tenant *t = service_tenant(chatgpt);
    assert_true(str_is(t->header, "chatgpt-allowed-workspace-id"));
    assert_int_equal(t->ids, TENANT_WORKSPACES);
    assert_true(service_tenant_has_host(t, STR("chatgpt.com")));
    assert_false(service_tenant_has_host(t, STR("ws.chatgpt.com")));
    assert_true(service_is_signed_out(chatgpt, STR("/unauth-mweb/x")));
    assert_false(service_is_signed_out(chatgpt, STR("/backend-api/x")));
    assert_int_equal(service_tenant(api)->ids, TENANT_ORGANIZATIONS);
    assert_false(service_is_signed_out(api, STR("/backend-anon")));
    assert_true(str_is(
        service_tenant_header(set, 1), "openai-allowed-organization-ids"));
    assert_int_equal(service_tenant_header(set, 2).n, 0);
    service_set_free(&set);
}

static void mistakes_about_tenants_are_reported(void **state)
{
    (void)state;
    struct diag diag = {0};
    assert_null(load("service: x\nhosts: [a.com]\n"
                     "tenant: {header: \"a b\", ids: people, hosts: [A.com]}\n"
                     "signed_out: [x, /, \"/{a}\", /ok]\nroutes: []\n",
        &diag));
    assert_int_equal(diag.count, 6);
    diag_free(&diag);
}

static void mistakes_about_described_answers_are_reported(void **state)
{
    (void)state;
    struct diag diag = {0};
    assert_null(load("service: s\nhosts: [s.test]\nroutes:\n"
                     "  - path: /a\n    do: pass\n"
                     "    answer: {text: [a..b], part: '', pieces: whole}\n"
                     "  - path: /b\n    do: pass\n"
                     "    answer: {hidden: h, end: {is: x}}\n"
                     "  - path: /c\n    do: pass\n    answer: {words: x}\n",
        &diag));
    struct str text = buf_str(&diag.text);
    assert_true(str_has(text, "\"a..b\" is no path"));
    assert_true(str_has(text, "append, replace"));
    assert_true(str_has(text, "answer: text is needed"));
    assert_true(str_has(text, "an end needs when"));
    assert_true(str_has(text, "words"));
    diag_free(&diag);
}

static const char HEAD[] =
    "service: s\nhosts: [h.test]\noverlay: true\nroutes:\n"
    "  - path: /a\n    activity: a.b\n";

static void assert_mistake(const char *keys, const char *said)
{
    struct diag diag = {0};
    char yaml[512];
    snprintf(yaml, sizeof yaml, "%s%s", HEAD, keys);
    struct service_set *set = load(yaml, &diag);
    assert_null(set);
    if (!str_has(buf_str(&diag.text), said))
        fail_msg("no \"%s\" in %s", said, buf_cstr(&diag.text));
    diag_free(&diag);
}

static void mistakes_about_events_are_reported(void **state)
{
    (void)state;
    struct diag diag = {0};
    char yaml[512];
    snprintf(yaml, sizeof yaml, "%s%s", HEAD,
        "    event: {target: {type: t, id: [answer.id, '{x}', each, '?q', "
        "=text, workspace, account, 'body.a[].b']}}\n");
    struct service_set *set = load(yaml, &diag);
    assert_int_equal(diag.count, 0);
    service_set_free(&set);
    diag_free(&diag);
    assert_mistake("    secret: true\n", "m.yaml:5: secret: is for routes");
    assert_mistake("    event: {targets: x}\n", "targets");
    assert_mistake(
        "    event: {target: {id: answer.id}}\n", "needs type, and id or name");
    assert_mistake("    event: {target: {type: t, id: reply.id}}\n",
        "\"reply.id\" is no fact; allowed:");
    assert_mistake("    event: {details: [a]}\n", "details: a map of");
    assert_mistake("    event: {when: [{is: x}]}\n", "a condition needs at");
    assert_mistake("    event: {also: [{empty: true}]}\n", "needs activity");
    assert_mistake(
        "    event: {activity: a.c}\n", "its activity is the route's");
    assert_mistake("    event: {}\n    gate: stream\n", "goes with do: record");
    assert_mistake("    last: maybe\n", "last");
    struct diag plain = {0};
    set = load("service: s\nhosts: [h.test]\nroutes:\n  - path: /a\n"
               "    activity: a.b\n    last: true\n",
        &plain);
    assert_null(set);
    assert_true(str_has(buf_str(&plain.text), "with overlay: true"));
    diag_free(&plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_match_exactly_by_suffix_or_inside_a_label),
        cmocka_unit_test(shipped_maps_know_their_hosts),
        cmocka_unit_test(shipped_maps_know_their_routes),
        cmocka_unit_test(websockets_open_where_no_secrets_go),
        cmocka_unit_test(a_path_gives_what_its_segments_held),
        cmocka_unit_test(a_path_is_below_a_prefix_however_it_is_spelt),
        cmocka_unit_test(shipped_maps_know_their_tenants),
        cmocka_unit_test(mistakes_about_tenants_are_reported),
        cmocka_unit_test(mistakes_about_described_answers_are_reported),
        cmocka_unit_test(mistakes_about_events_are_reported),
        cmocka_unit_test(a_template_fits_from_its_first_byte_to_its_last),
        cmocka_unit_test(every_mistake_is_reported_with_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
