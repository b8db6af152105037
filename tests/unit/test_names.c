/* inspect/names.h */
#include "inspect/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include "base/mem.h"

static const int64_t DAY_MS = INT64_C(24) * 3600 * 1000;
static struct seal_key secret;

/* With keys from 0 and from that time on. */
static struct names *make(int64_t second_ms)
{
    struct bundle bundle = {0};
    struct settings settings = {.names = {.are_hidden = true}};
    struct diag diag = {0};
    struct seal_key public_key;
    struct buf one = {0}, two = {0}, line = {0};
    seal_new_keys(&public_key, &secret);
    seal_write_key(SEAL_PUBLIC, &public_key, &line);
    names_add_key(STR(""), 0, &one);
    names_add_key(buf_str(&one), second_ms, &two);
    bundle_add(&bundle, BUNDLE_NAMES_PUBLIC, STR("p"), buf_str(&line));
    bundle_add(&bundle, BUNDLE_NAMES_KEYS, STR("k"), buf_str(&two));
    settings.names.public_key = STR("p");
    struct names *names = names_load(&bundle, &settings, &diag);
    assert_non_null(names);
    bundle_free(&bundle);
    diag_free(&diag);
    buf_free(&one);
    buf_free(&two);
    buf_free(&line);
    return names;
}

static const char *of(struct names *names, int64_t time_ms, const char *name)
{
    static char texts[4][64];
    static size_t next;
    struct buf text = {0};
    names_pseudonym(names, time_ms, str_of(name), &text);
    char *copy = texts[next++ % 4];
    snprintf(copy, sizeof texts[0], "%s", buf_cstr(&text));
    buf_free(&text);
    return copy;
}

static void l3_a_person_has_one_pseudonym(void **state)
{
    (void)state;
    struct names *names = make(DAY_MS);
    const char *ana = of(names, 1, "Ana@example.com");
    assert_string_equal(ana, of(names, DAY_MS - 1, "ana@EXAMPLE.com"));
    assert_string_not_equal(ana, of(names, 1, "ben@example.com"));
    assert_true(names_is_pseudonym(str_of(ana)));
    assert_true(str_ends(str_of(ana), "@hidden"));
    assert_int_equal(strlen(of(names, 1, "ana")), strlen("person-") + 16);
    assert_string_equal(ana, of(names, 1, ana)); /* hidden once */
    struct names *other = make(DAY_MS);
    assert_string_not_equal(ana, of(other, 1, "ana@example.com"));
    names_free(&other);
    names_free(&names);
}

static void l3_a_new_key_counts_from_its_time_on(void **state)
{
    (void)state;
    struct names *names = make(DAY_MS);
    struct buf text = {0};
    const char *before = of(names, DAY_MS - 1, "ana");
    const char *after = of(names, DAY_MS, "ana");
    assert_string_not_equal(before, after);
    assert_true(names_pseudonym_of_key(names, 0, STR("ana"), &text));
    assert_string_equal(buf_cstr(&text), before);
    buf_clear(&text);
    assert_true(names_pseudonym_of_key(names, 1, STR("ana"), &text));
    assert_string_equal(buf_cstr(&text), after);
    assert_false(names_pseudonym_of_key(names, 2, STR("ana"), &text));
    buf_free(&text);
    names_free(&names);
}

static void l3_key_files_are_held_to_their_form(void **state)
{
    (void)state;
    int64_t last = 0;
    struct buf text = {0};
    assert_int_equal(names_last_key(STR(""), &last), ERR_NOT_FOUND);
    assert_int_equal(names_last_key(STR("name-key x y\n"), &last), ERR_PARSE);
    names_add_key(STR("# mine"), DAY_MS, &text);
    assert_int_equal(names_last_key(buf_str(&text), &last), OK);
    assert_int_equal(last, DAY_MS);
    struct buf twice = {0};
    names_add_key(buf_str(&text), DAY_MS, &twice); /* out of order */
    assert_int_equal(names_last_key(buf_str(&twice), &last), ERR_PARSE);
    buf_free(&text);
    buf_free(&twice);
}

static void l2_a_box_opens_with_both_halves_only(void **state)
{
    (void)state;
    struct names *names = make(DAY_MS);
    struct buf a = {0}, b = {0}, c = {0}, d = {0}, name = {0};
    struct seal_key joined, public_key, other;
    const char *ana = of(names, 1, "Ana");
    struct str sealed = names_seal(names, str_of(ana), STR("Ana"));
    seal_write_halves(&secret, &a, &b);
    assert_int_equal(seal_join_halves(buf_str(&a), buf_str(&b), &joined), OK);
    assert_int_equal(names_open(&joined, str_of(ana), sealed, &name), OK);
    assert_string_equal(buf_cstr(&name), "Ana");
    assert_int_equal(seal_join_halves(buf_str(&b), buf_str(&a), &joined), OK);
    assert_int_equal(
        seal_join_halves(buf_str(&a), buf_str(&a), &joined), ERR_DENIED);
    seal_new_keys(&public_key, &other);
    seal_write_halves(&other, &c, &d);
    assert_int_equal(
        seal_join_halves(buf_str(&a), buf_str(&d), &joined), ERR_DENIED);
    assert_int_equal(
        seal_join_halves(buf_str(&a), STR("secret-half AAAA"), &joined),
        ERR_PARSE);
    assert_int_equal(
        names_open(&other, str_of(ana), sealed, &name), ERR_DENIED);
    assert_int_equal(
        names_open(&secret, str_of(of(names, 1, "Ben")), sealed, &name),
        ERR_PARSE); /* moved to another pseudonym */
    buf_free(&a);
    buf_free(&b);
    buf_free(&c);
    buf_free(&d);
    buf_free(&name);
    names_free(&names);
}

static void l2_a_box_is_made_once_and_tells_no_length(void **state)
{
    (void)state;
    struct names *names = make(DAY_MS);
    const char *ana = of(names, 1, "ana");
    struct arena arena = {0};
    struct str first =
        arena_copy(&arena, names_seal(names, str_of(ana), STR("ana")));
    struct str other =
        names_seal(names, str_of(of(names, 1, "benedict")), STR("benedict"));
    assert_int_equal(first.n, other.n);
    assert_true(str_eq(first, names_seal(names, str_of(ana), STR("ana"))));
    arena_free(&arena);
    names_free(&names);
}

/* ---- activities ---------------------------------------------------------- */

static json_t *written(struct names *names, const struct activity *a)
{
    struct buf out = {0};
    names_write(names, a, CAPTURE_FULL, &out);
    json_t *root = json_loadb(buf_bytes(&out), out.n, 0, NULL);
    assert_non_null(root);
    buf_free(&out);
    return root;
}

/* Every name of a person of this activity has "Zoe", "Quartz", "quartz" or
 * "nils" in it. */
static void assert_nobody(const json_t *root)
{
    static const char *const parts[] = {"Zoe", "zoe", "uartz", "nils", "Nils"};
    char *text = json_dumps(root, JSON_COMPACT);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (strstr(text, parts[i]) != NULL)
            fail_msg("%s in %s", parts[i], text);
    free(text);
}

static struct activity *invitation(void)
{
    struct activity *a = activity_new();
    a->name = STR("invite.sent");
    a->time_ms = 1;
    a->actor = (struct actor){.user = STR("zquartz"),
        .account = STR("Zoe.Quartz@corp.example"),
        .user_id = STR("user-ZoeQuartz"),
        .source = STR("proxy-auth"),
        .ip = STR("10.1.2.3")};
    a->http_path = STR("/v1/users/user-ZoeQuartz/nils%40corp.example/zquartz");
    a->reason = STR("refused for zoe.quartz@corp.example.");
    activity_add_target(
        a, STR("invite"), STR("invite-1"), STR("Nils.Opal@corp.example"));
    activity_add_target(a, STR("user"), STR("user-77"), STR("Nils Opal"));
    activity_add_target(a, STR("project"), STR("proj_1"),
        STR("Plans of Nils Opal, zquartz and user-nils0000000000000000"));
    activity_add_target(a, STR("file"), STR("file-1"),
        STR("/members/Nils%20Opal/%7aquartz?50%"));
    activity_add_change(a, STR("members of 'nils@corp.example'"));
    activity_add_detail(a, "role", STR("reader"));
    activity_add_detail(a, "display_name", STR("Nils O."));
    activity_add_detail_item(a, "emails", STR("nils@corp.example"));
    activity_add_detail_number(a, "seats", 3);
    activity_add_detail(a, "raw",
        STR("{\"a\":[{\"name\":\"Zoe \\\"Q\\\" Quartz\",\"n\":1},"
            "{\"email\":\"<nils@corp.example>\",\"id\":\"proj_2\"}]}"));
    return a;
}

static void l3_no_field_names_anybody(void **state)
{
    (void)state;
    struct names *names = make(DAY_MS);
    struct activity *a = invitation();
    json_t *clear = written(NULL, a), *root = written(names, a);
    const json_t *actor = json_object_get(root, "actor"),
                 *details = json_object_get(root, "details"),
                 *targets = json_object_get(root, "targets");
    assert_nobody(root);
    assert_null(json_object_get(clear, "sealed_names"));
    assert_string_equal(json_string_value(json_object_get(actor, "account")),
        of(names, 1, "zoe.quartz@corp.example"));
    assert_string_equal(json_string_value(json_object_get(actor, "user")),
        of(names, 1, "zquartz"));
    assert_string_equal(
        json_string_value(json_object_get(actor, "ip")), "10.1.2.3");
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(targets, 0), "name")),
        of(names, 1, "nils.opal@corp.example"));
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(targets, 0), "id")),
        "invite-1");
    /* What names nobody stays. */
    assert_string_equal(
        json_string_value(json_object_get(details, "role")), "reader");
    assert_int_equal(json_integer_value(json_object_get(details, "seats")), 3);
    assert_non_null(strstr(
        json_string_value(json_object_get(details, "raw")), "\"proj_2\""));
    json_t *raw =
        json_loads(json_string_value(json_object_get(details, "raw")), 0, NULL);
    assert_non_null(raw);
    /* The activity itself is as it was: the policy looks at it again. */
    assert_true(str_is(a->actor.user, "zquartz"));
    assert_true(str_is(a->targets[1].name, "Nils Opal"));
    json_decref(raw);
    json_decref(clear);
    json_decref(root);
    activity_free(&a);
    names_free(&names);
}

static void l2_each_pseudonym_has_its_box(void **state)
{
    (void)state;
    struct names *names = make(DAY_MS);
    struct activity *a = invitation();
    json_t *root = written(names, a);
    json_t *boxes = json_object_get(root, "sealed_names");
    const char *key;
    json_t *box;
    size_t opened = 0;
    json_object_foreach(boxes, key, box)
    {
        struct buf name = {0};
        assert_int_equal(names_open(&secret, str_of(key),
                             str_of(json_string_value(box)), &name),
            OK);
        assert_string_equal(of(names, 1, buf_cstr(&name)), key);
        opened++;
        buf_free(&name);
    }
    assert_true(opened >= 8);
    json_decref(root);
    activity_free(&a);
    names_free(&names);
}

static void l3_addresses_and_keys_are_no_names(void **state)
{
    (void)state;
    struct names *names = make(DAY_MS);
    struct activity *a = activity_new();
    a->name = STR("prompt.created");
    a->actor = (struct actor){
        .user = STR("10.1.2.3"), .source = STR("ip"), .ip = STR("10.1.2.3")};
    a->http_path = STR("/backend-api/user-settings/user-agents");
    json_t *root = written(names, a);
    assert_null(json_object_get(root, "sealed_names"));
    assert_string_equal(json_string_value(json_object_get(
                            json_object_get(root, "http"), "path")),
        "/backend-api/user-settings/user-agents");
    json_decref(root);
    a->actor = (struct actor){.user = STR("sk-proj-\u2026abcd#0123456789ab"),
        .source = STR("api-key")};
    root = written(names, a);
    assert_null(json_object_get(root, "sealed_names"));
    json_decref(root);
    activity_free(&a);
    names_free(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(l3_a_person_has_one_pseudonym),
        cmocka_unit_test(l3_a_new_key_counts_from_its_time_on),
        cmocka_unit_test(l3_key_files_are_held_to_their_form),
        cmocka_unit_test(l2_a_box_opens_with_both_halves_only),
        cmocka_unit_test(l2_a_box_is_made_once_and_tells_no_length),
        cmocka_unit_test(l3_no_field_names_anybody),
        cmocka_unit_test(l2_each_pseudonym_has_its_box),
        cmocka_unit_test(l3_addresses_and_keys_are_no_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
