/* proxy/conf.h: what is read from disk, and how mistakes are told */
#include "proxy/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/mem.h"

static char folder[64];

static void write_file(const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    fclose(file);
}

static void make_folder(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(mkdir(path, 0755), 0);
}

static int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/test_conf.XXXXXX");
    assert_non_null(mkdtemp(folder));
    make_folder("rules");
    make_folder("data");
    make_folder("data/ca");
    write_file("rules/b.yaml", "b: 1\n");
    write_file("rules/a.yaml", "a: 1\n");
    write_file("rules/notes.txt", "no rules\n");
    write_file("rules/.hidden.yaml", "no rules\n");
    write_file("map.yaml", "map\n");
    write_file("policy.yaml", "policy\n");
    write_file("root.pem", "a root\n");
    write_file("data/users.yaml", "users: []\n");
    write_file("data/ca/ca.pem", "a CA\n");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static const char settings[] = "services: map.yaml\n"
                               "detectors: [rules/]\n"
                               "policy: policy.yaml\n"
                               "data_dir: data\n"
                               "upstream: {extra_roots: [root.pem]}\n";

static void collect(const char *text, struct bundle *b, struct diag *diag)
{
    char path[128];
    write_file("p.yaml", text);
    snprintf(path, sizeof path, "%s/p.yaml", folder);
    conf_collect(path, b, diag);
}

static void names_resolve_beside_the_settings_file(void **state)
{
    (void)state;
    struct bundle b;
    struct diag diag = {0};
    collect(settings, &b, &diag);
    assert_string_equal(buf_cstr(&diag.text), "");
    assert_true(str_is(bundle_nth(&b, BUNDLE_SERVICE, 0)->text, "map\n"));
    assert_true(str_is(bundle_nth(&b, BUNDLE_POLICY, 0)->text, "policy\n"));
    assert_true(str_is(bundle_nth(&b, BUNDLE_CA, 0)->text, "a CA\n"));
    assert_true(str_is(bundle_nth(&b, BUNDLE_USERS, 0)->text, "users: []\n"));
    assert_true(str_ends(bundle_nth(&b, BUNDLE_DATA_DIR, 0)->name, "/data"));
    bool has_root = false;
    for (size_t i = 0; bundle_nth(&b, BUNDLE_ROOTS, i) != NULL; i++)
        has_root = has_root ||
                   str_is(bundle_nth(&b, BUNDLE_ROOTS, i)->text, "a root\n");
    assert_true(has_root);
    bundle_free(&b);
    diag_free(&diag);
}

static void a_folder_of_rules_and_lists_is_read_in_order(void **state)
{
    (void)state;
    struct bundle b;
    struct diag diag = {0};
    collect(settings, &b, &diag);
    assert_true(
        str_ends(bundle_nth(&b, BUNDLE_DETECTORS, 0)->name, "rules/a.yaml"));
    assert_true(
        str_ends(bundle_nth(&b, BUNDLE_DETECTORS, 1)->name, "rules/b.yaml"));
    assert_null(bundle_nth(&b, BUNDLE_DETECTORS, 2));
    assert_true(
        str_ends(bundle_nth(&b, BUNDLE_WORDS, 0)->name, "rules/notes.txt"));
    assert_null(bundle_nth(&b, BUNDLE_WORDS, 1));
    bundle_free(&b);
    diag_free(&diag);
}

static void every_missing_file_is_told(void **state)
{
    (void)state;
    struct bundle b;
    struct diag diag = {0};
    collect("services: [none.yaml]\ndetectors: [nowhere/]\npolicy: no.yaml\n"
            "data_dir: data\nupstream: {crl: [no.crl]}\n",
        &b, &diag);
    static const char *const names[] = {
        "/none.yaml:1: ", "/nowhere/:1: ", "/no.yaml:1: ", "/no.crl:1: "};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (!str_has(buf_str(&diag.text), names[i]))
            fail_msg("no \"%s\" in:\n%s", names[i], buf_cstr(&diag.text));
    bundle_free(&b);
    diag_free(&diag);
}

static void a_missing_settings_file_is_one_mistake(void **state)
{
    (void)state;
    struct bundle b;
    struct diag diag = {0};
    conf_collect("/nonexistent/p.yaml", &b, &diag);
    assert_int_equal(diag.count, 1);
    assert_true(str_starts(buf_str(&diag.text), "/nonexistent/p.yaml:1: "));
    bundle_free(&b);
    diag_free(&diag);
}

static void what_cannot_be_read_is_told_once(void **state)
{
    (void)state;
    static const char *const missing[] = {
        "policy: no.yaml\n", "detectors: [/nowhere/]\npolicy: types.yaml\n"};
    write_file("types.yaml", "rules:\n  - name: cards\n"
                             "    when: {type: [credit-card]}\n"
                             "    verdict: block\n");
    for (size_t i = 0; i < ARRAY_LEN(missing); i++) {
        struct bundle b;
        struct diag diag = {0};
        struct buf text = {0};
        buf_printf(&text, "services: [map.yaml]\n%s%s", missing[i],
            i == 0 ? "detectors: []\n" : "");
        write_file("map.yaml", "service: x\nhosts: [x.example]\n");
        collect(buf_cstr(&text), &b, &diag);
        size_t collected = diag.count;
        struct conf *conf = conf_load(&b, &diag);
        assert_int_equal(conf == NULL, i == 0);
        assert_int_equal(collected, 1);
        assert_int_equal(diag.count, 1);
        assert_false(str_has(buf_str(&diag.text), "there is no policy"));
        assert_false(str_has(buf_str(&diag.text), "is not known"));
        if (conf != NULL)
            conf_unref(&conf);
        buf_free(&text);
        diag_free(&diag);
    }
}

static void a_bundle_keeps_everything_on_its_way(void **state)
{
    (void)state;
    struct bundle b, copy;
    struct diag diag = {0};
    struct buf bytes = {0};
    collect(settings, &b, &diag);
    bundle_encode(&b, &bytes);
    assert_int_equal(bundle_decode(buf_str(&bytes), &copy), OK);
    assert_int_equal(copy.count, b.count);
    for (size_t i = 0; i < b.count; i++) {
        assert_int_equal(copy.files[i].kind, b.files[i].kind);
        assert_true(str_eq(copy.files[i].name, b.files[i].name));
        assert_true(str_eq(copy.files[i].text, b.files[i].text));
    }
    bundle_free(&copy);
    struct str cut = str_sub(buf_str(&bytes), 0, bytes.n - 1);
    assert_int_equal(bundle_decode(cut, &copy), ERR_PARSE);
    bundle_free(&b);
    buf_free(&bytes);
    diag_free(&diag);
}

static void the_shipped_configuration_loads(void **state)
{
    (void)state;
    struct bundle b;
    struct diag diag = {0};
    conf_collect("conf/promptgate.yaml", &b, &diag);
    struct conf *conf = conf_load(&b, &diag);
    assert_string_equal(buf_cstr(&diag.text), "");
    assert_non_null(conf);
    assert_true(rules_count(conf->rules) > 10);
    struct conf *second = conf_ref(conf);
    conf_unref(&conf);
    assert_int_equal(
        service_match_host(second->services, STR("chatgpt.com"), NULL),
        HOST_IN);
    conf_unref(&second);
    diag_free(&diag);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_resolve_beside_the_settings_file),
        cmocka_unit_test(a_folder_of_rules_and_lists_is_read_in_order),
        cmocka_unit_test(every_missing_file_is_told),
        cmocka_unit_test(a_missing_settings_file_is_one_mistake),
        cmocka_unit_test(what_cannot_be_read_is_told_once),
        cmocka_unit_test(a_bundle_keeps_everything_on_its_way),
        cmocka_unit_test(the_shipped_configuration_loads),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
