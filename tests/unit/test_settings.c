/* base/settings.h */
#include "base/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "base/users.h"

struct loaded {
    struct bundle bundle;
    struct diag diag;
    struct settings settings;
};

static struct loaded load(const char *text)
{
    struct loaded l = {0};
    bundle_add(&l.bundle, BUNDLE_SETTINGS, STR("p.yaml"), str_of(text));
    settings_load(&l.bundle, &l.diag, &l.settings);
    return l;
}

static void unload(struct loaded *l)
{
    bundle_free(&l->bundle);
    diag_free(&l->diag);
    settings_free(&l->settings);
}

static void an_empty_file_gives_the_defaults(void **state)
{
    (void)state;
    struct loaded l = load("");
    const struct settings *s = &l.settings;
    assert_int_equal(l.diag.count, 0);
    assert_int_equal(s->listen_proxy.count, 1);
    assert_true(str_is(s->listen_proxy.items[0], "127.0.0.1:8080"));
    assert_true(str_is(s->data_dir, "/var/lib/promptgate"));
    assert_int_equal(s->services.count, 3);
    assert_int_equal(s->clients_allow_count, 2);
    assert_int_equal(s->ports_count, 2);
    assert_int_equal(s->ports[1], 80);
    assert_int_equal(s->resolve_count, 0);
    assert_true(s->before_forward);
    assert_false(s->fsync_group);
    assert_false(s->pac_default_proxy);
    assert_int_equal(s->hold_max_bytes, 8388608);
    assert_int_equal(s->capture, 1);
    assert_int_equal(s->on_failure[5], ON_FAILURE_BLOCK);
    assert_int_equal(s->retention_bytes, 10737418240);
    assert_int_equal(s->log_level, LOG_INFO);
    assert_true(s->node.n > 0);
    unload(&l);
}

static void s5_streams_may_be_silent_for_15_minutes(void **state)
{
    (void)state;
    struct loaded l = load("");
    assert_int_equal(l.settings.timeout_stream, 15 * 60 * 1000);
    assert_int_equal(l.settings.timeout_response, 15 * 60 * 1000);
    assert_int_equal(l.settings.timeout_head, 60 * 1000);
    unload(&l);
}

static void every_value_can_be_set(void **state)
{
    (void)state;
    struct loaded l = load(
        "listen: {proxy: [\"0.0.0.0:1\", \"[::]:2\"]}\n"
        "workers: 3\nnode: gw-1\n"
        "clients: {allow: [10.0.0.0/8], proxy_auth: basic}\n"
        "upstream:\n"
        "  resolve: {\"ChatGPT.com:443\": \"127.0.0.1:9443\"}\n"
        "  ports: [8443]\n  dns_servers: [\"10.0.0.53\", \"10.0.0.54:5353\"]\n"
        "bypass: [.example.com]\nalpn: server-h1\npac: {default: proxy}\n"
        "durability: async\nfsync: group\ncapture: full\n"
        "hold: {oversize: block}\non_failure: {scan: record}\n"
        "tenant: {signed_out: block, api_organizations: [org-a, org-B1],\n"
        "  chatgpt_workspaces: 8f14e45f-CEEA-467f-a8d2-3c1b2a0f9e01}\n"
        "log: {format: json, level: debug}\ntimeouts: {drain: 5}\n");
    const struct settings *s = &l.settings;
    assert_string_equal(buf_cstr(&l.diag.text), "");
    assert_int_equal(s->listen_proxy.count, 2);
    assert_int_equal(s->workers, 3);
    assert_true(str_is(s->node, "gw-1"));
    assert_true(s->proxy_auth_basic && s->pac_default_proxy && s->fsync_group);
    assert_false(s->before_forward);
    assert_int_equal(s->resolve_count, 1);
    assert_true(str_is(s->resolve[0].host, "chatgpt.com"));
    assert_int_equal(s->resolve[0].port, 443);
    assert_int_equal(s->resolve[0].address.port, 9443);
    assert_int_equal(s->alpn, ALPN_SERVER_H1);
    assert_int_equal(s->hold_oversize, OVERSIZE_BLOCK);
    assert_int_equal(s->on_failure[4], ON_FAILURE_RECORD);
    assert_int_equal(s->on_failure[3], ON_FAILURE_BLOCK);
    assert_int_equal(s->log_format, LOG_JSON);
    assert_int_equal(s->drain, 5);
    assert_true(str_is(s->tenant_organizations, "org-a,org-B1"));
    assert_true(
        str_is(s->tenant_workspaces, "8f14e45f-CEEA-467f-a8d2-3c1b2a0f9e01"));
    assert_true(s->tenant_blocks_signed_out);
    unload(&l);
}

static void every_mistake_is_reported_with_its_line(void **state)
{
    (void)state;
    struct loaded l = load("listne: {proxy: \"127.0.0.1:8080\"}\n"
                           "workers: -1\n"
                           "alpn: both\n"
                           "clients:\n"
                           "  allow: [10.0.0.0/40]\n"
                           "upstream: {ports: [0], resolve: {a: b}}\n"
                           "hold: {max_bytes: 5000, max: 1}\n"
                           "listen: {console: 8443}\n"
                           "bypass: [\"Upper.example\"]\n");
    struct str text = buf_str(&l.diag.text);
    static const char *const wanted[] = {
        "p.yaml:1: unknown key \"listne\"; allowed: listen, ",
        "p.yaml:2: ", "p.yaml:3: ", "p.yaml:5: allow: \"10.0.0.0/40\"",
        "p.yaml:6: ports", "p.yaml:6: resolve", "p.yaml:7: unknown key \"max\"",
        "p.yaml:8: console: \"8443\"", "p.yaml:9: bypass"};
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
        if (!str_has(text, wanted[i]))
            fail_msg("no \"%s\" in:\n%s", wanted[i], buf_cstr(&l.diag.text));
    assert_int_equal(l.diag.count, ARRAY_LEN(wanted));
    unload(&l);
}

static void sizes_that_exclude_each_other_are_mistakes(void **state)
{
    (void)state;
    struct loaded l = load("hold: {max_bytes: 9000, connection_bytes: 8000}\n");
    assert_int_equal(l.diag.count, 1);
    unload(&l);
}

/* One malformed id, and the service answers 400 to everybody. */
static void a_tenant_that_is_no_id_is_a_mistake(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "chatgpt_workspaces: [org-abc]",
        "chatgpt_workspaces: [8f14e45f-ceea-467f-a8d2-3c1b2a0f9e0]",
        "chatgpt_workspaces: [\"8f14e45f-ceea-467f-a8d2-3c1b2a0f9e01 \"]",
        "chatgpt_workspaces: [8f14e45f-ceea-467f-a8d2-3c1b2a0f9e0g]",
        "api_organizations: [org-]",
        "api_organizations: [\"org-a,org-b\"]",
        "api_organizations: [8f14e45f-ceea-467f-a8d2-3c1b2a0f9e01]",
        "signed_out: maybe",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char text[256];
        snprintf(text, sizeof text, "tenant: {%s}\n", bad[i]);
        struct loaded l = load(text);
        if (l.diag.count != 1)
            fail_msg("%s: %s", bad[i], buf_cstr(&l.diag.text));
        unload(&l);
    }
}

static void the_data_folder_in_effect_wins(void **state)
{
    (void)state;
    struct loaded l = {0};
    bundle_add(&l.bundle, BUNDLE_SETTINGS, STR("p.yaml"), STR(""));
    bundle_add(&l.bundle, BUNDLE_DATA_DIR, STR("/tmp/x"), STR(""));
    settings_load(&l.bundle, &l.diag, &l.settings);
    assert_true(str_is(l.settings.data_dir, "/tmp/x"));
    unload(&l);
}

static void the_description_names_every_key(void **state)
{
    (void)state;
    struct buf out = {0};
    settings_describe(&out);
    assert_true(str_has(buf_str(&out), "| `hold.oversize` | `stream` `block` "
                                       "| `stream` |"));
    assert_true(str_has(buf_str(&out), "| `workers` | 0 to "));
    buf_free(&out);
}

static void the_documentation_is_the_table(void **state)
{
    (void)state;
    struct buf want = {0};
    FILE *file = fopen("docs/settings.md", "r");
    settings_describe(&want);
    assert_non_null(file);
    char *have = mem_zalloc(want.n + 2);
    size_t n = fread(have, 1, want.n + 1, file);
    fclose(file);
    if (!str_eq((struct str){have, n}, buf_str(&want)))
        fail_msg("run: promptgate check --settings > docs/settings.md");
    mem_free(have);
    buf_free(&want);
}

static void the_shipped_file_has_the_defaults(void **state)
{
    (void)state;
    static char text[65536];
    FILE *file = fopen("conf/promptgate.yaml", "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    struct loaded shipped = load(text), empty = load("");
    assert_string_equal(buf_cstr(&shipped.diag.text), "");
    const struct settings *a = &shipped.settings, *b = &empty.settings;
    assert_true(str_eq(a->data_dir, b->data_dir));
    assert_true(str_eq(a->run_as, b->run_as));
    assert_int_equal(a->hold_max_bytes, b->hold_max_bytes);
    assert_int_equal(a->hold_connection_bytes, b->hold_connection_bytes);
    assert_int_equal(a->hold_worker_bytes, b->hold_worker_bytes);
    assert_int_equal(a->retention_bytes, b->retention_bytes);
    assert_int_equal(a->clients_max_connections, b->clients_max_connections);
    assert_int_equal(a->clients_max_per_address, b->clients_max_per_address);
    assert_memory_equal(&a->timeout_head, &b->timeout_head,
        sizeof *a - offsetof(struct settings, timeout_head));
    assert_memory_equal(a->on_failure, b->on_failure, sizeof a->on_failure);
    assert_int_equal(a->before_forward, b->before_forward);
    assert_int_equal(a->services.count, b->services.count);
    unload(&shipped);
    unload(&empty);
}

static void a_provider_is_off_and_can_be_set(void **state)
{
    (void)state;
    struct loaded l = load("");
    assert_int_equal(l.settings.oidc.issuer.n, 0);
    assert_false(l.settings.oidc.refuses_passwords);
    assert_int_equal(l.settings.oidc.default_role, 0);
    unload(&l);
    l = load("console: {url: \"https://gate:8443\"}\n"
             "oidc: {issuer: \"https://idp/x\", client_id: c, roles: "
             "{\"a b\": auditor, z: administrator}, domains: [corp.example], "
             "default_role: analyst, local_login: off}\n");
    const struct setting_oidc *o = &l.settings.oidc;
    assert_int_equal(l.diag.count, 0);
    assert_true(str_is(l.settings.console_url, "https://gate:8443"));
    assert_int_equal(o->roles_count, 2);
    assert_true(str_is(o->roles[0].value, "a b"));
    assert_int_equal(o->roles[0].role, USER_AUDITOR);
    assert_int_equal(o->roles[1].role, USER_ADMINISTRATOR);
    assert_int_equal(o->default_role, 1 + USER_ANALYST);
    assert_true(o->refuses_passwords);
    assert_int_equal(o->scopes.count, 3);
    assert_true(str_is(o->name_claim, "email"));
    unload(&l);
}

static void mistakes_of_a_provider_are_reported(void **state)
{
    (void)state;
#define GOOD "issuer: \"https://idp\", client_id: c, default_role: analyst"
    const char *bad[] = {
        "oidc: {issuer: \"http://idp\", client_id: c, default_role: analyst}",
        "oidc: {issuer: \"https://idp?x\", client_id: c, default_role: "
        "analyst}",
        "oidc: {issuer: \"https://idp\", default_role: analyst}",
        "oidc: {issuer: \"https://idp\", client_id: c}",
        "oidc: {" GOOD ", name_claim: \"\"}", "oidc: {" GOOD ", roles: []}",
        "oidc: {" GOOD ", roles: {a: proxy}}",
        "oidc: {" GOOD ", roles: {a: [analyst]}}",
        "oidc: {" GOOD ", scopes: [openid, \"a b\"]}",
        "oidc: {" GOOD ", scopes: []}", "oidc: {" GOOD ", domains: [\"*\"]}",
        "oidc: {" GOOD ", default_role: proxy}",
        "oidc: {" GOOD ", secret_file: a, secret_env: b}",
        "oidc: {local_login: off}", "console: {url: \"https://a/b\"}",
        "console: {url: \"http://a\"}", "oidc: {password: x}"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct loaded l = load(bad[i]);
        if (l.diag.count == 0)
            fail_msg("%s", bad[i]);
        unload(&l);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_file_gives_the_defaults),
        cmocka_unit_test(s5_streams_may_be_silent_for_15_minutes),
        cmocka_unit_test(every_value_can_be_set),
        cmocka_unit_test(every_mistake_is_reported_with_its_line),
        cmocka_unit_test(sizes_that_exclude_each_other_are_mistakes),
        cmocka_unit_test(a_tenant_that_is_no_id_is_a_mistake),
        cmocka_unit_test(the_data_folder_in_effect_wins),
        cmocka_unit_test(the_description_names_every_key),
        cmocka_unit_test(the_documentation_is_the_table),
        cmocka_unit_test(a_provider_is_off_and_can_be_set),
        cmocka_unit_test(mistakes_of_a_provider_are_reported),
        cmocka_unit_test(the_shipped_file_has_the_defaults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
