/* names_write of inspect/names.h: where in a text a name begins and ends, and
 * what is no name.  A pseudonym stands as "P" here. */
#include "inspect/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include "base/mem.h"

enum { PSEUDONYM_BYTES = 7 + 16 }; /* "person-" and 80 bits in base 32 */

static struct names *names;

static int make_names(void **state)
{
    struct bundle bundle = {0};
    struct settings settings = {.names = {.are_hidden = true}};
    struct diag diag = {0};
    struct seal_key public_key, secret;
    struct buf keys = {0}, line = {0};
    (void)state;
    seal_new_keys(&public_key, &secret);
    seal_write_key(SEAL_PUBLIC, &public_key, &line);
    names_add_key(STR(""), 0, &keys);
    bundle_add(&bundle, BUNDLE_NAMES_PUBLIC, STR("p"), buf_str(&line));
    bundle_add(&bundle, BUNDLE_NAMES_KEYS, STR("k"), buf_str(&keys));
    settings.names.public_key = STR("p");
    names = names_load(&bundle, &settings, &diag);
    bundle_free(&bundle);
    diag_free(&diag);
    buf_free(&keys);
    buf_free(&line);
    return names == NULL;
}

static int free_names(void **state)
{
    (void)state;
    names_free(&names);
    return 0;
}

static json_t *written(const struct activity *a)
{
    struct buf out = {0};
    names_write(names, a, CAPTURE_FULL, &out);
    json_t *root = json_loadb(buf_bytes(&out), out.n, 0, NULL);
    assert_non_null(root);
    buf_free(&out);
    return root;
}

/* Each pseudonym as "P". */
static void shorten(const char *text, struct buf *out)
{
    while (*text != '\0') {
        bool is_one = strlen(text) >= PSEUDONYM_BYTES &&
                      names_is_pseudonym(str_make(text, PSEUDONYM_BYTES));
        buf_append(out, is_one ? "P" : text, 1);
        text += is_one ? PSEUDONYM_BYTES : 1;
    }
}

static struct activity *of_nils(void)
{
    struct activity *a = activity_new();
    a->name = STR("invite.sent");
    a->actor = (struct actor){.user = STR("nils"), .source = STR("proxy-auth")};
    activity_add_target(a, STR("user"), STR("user-77"), STR("Nils Opal"));
    return a;
}

struct text {
    const char *clear, *hidden;
};

static void check_reasons(const struct text *texts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct activity *a = of_nils();
        struct buf got = {0};
        a->reason = str_of(texts[i].clear);
        json_t *root = written(a);
        shorten(json_string_value(json_object_get(root, "reason")), &got);
        assert_string_equal(buf_cstr(&got), texts[i].hidden);
        json_decref(root);
        buf_free(&got);
        activity_free(&a);
    }
}

static void l3_mail_addresses_end_where_they_end(void **state)
{
    (void)state;
    static const struct text texts[] = {
        {"to ana.b+x@corp.example.", "to P@hidden."},
        {"<ana@corp.example>,'b@c.example'", "<P@hidden>,'P@hidden'"},
        {"/members/ana%40corp.example/roles", "/members/P@hidden/roles"},
        {"a@b.c@d.e", "P@hidden@d.e"},
        {"ana@corp", "ana@corp"}, /* no domain: a name of a branch, say */
        {"ana@", "ana@"},
        {"@corp.example", "@corp.example"},
        {"...@corp.example", "...@corp.example"},
        {"j\xc3\xb6rg@b\xc3\xbc"
         "cher.example!",
            "P@hidden!"},
    };
    check_reasons(texts, ARRAY_LEN(texts));
}

static void l3_known_names_are_whole_words_in_any_spelling(void **state)
{
    (void)state;
    static const struct text texts[] = {
        {"NILS, nils and Nils Opal", "P, P and P"},
        {"of Nils%20Opal and %6e%49ls", "of P and P"},
        {"Nilsson, snils, nils7 and nils\xc3\xa9",
            "Nilsson, snils, nils7 and nils\xc3\xa9"},
        {"nil", "nil"},
        {"%6e%49l", "%6e%49l"},
        {"%6e%49l%", "%6e%49l%"},
    };
    check_reasons(texts, ARRAY_LEN(texts));
}

static void l3_ids_of_users_are_long(void **state)
{
    (void)state;
    static const struct text texts[] = {
        {"by user-0123456789abcdef.", "by P."},
        {"by user-0123_456789abcdef", "by P"},
        {"user-0123456789abcde", "user-0123456789abcde"},
        {"/power-user-0123456789abcdef", "/power-P"},
        {"user-settings user-agents", "user-settings user-agents"},
    };
    check_reasons(texts, ARRAY_LEN(texts));
}

static void l3_members_of_json_that_name_somebody_are_hidden_whole(void **state)
{
    (void)state;
    static const struct text texts[] = {
        {"{\"display_name\":\"Ana \\\"B\\\" C\",\"n\":1}",
            "{\"display_name\":\"P\",\"n\":1}"},
        {"[{\"Owner\":\"Ana\"},{\"name\":\"Ben\"}]",
            "[{\"Owner\":\"P\"},{\"name\":\"P\"}]"},
        {"{\"owner\":\"\",\"colour\":\"red\"}",
            "{\"owner\":\"\",\"colour\":\"red\"}"},
        {"{\"owner\":\"Ana", "{\"owner\":\"P"}, /* cut */
        {"no JSON: \"owner\":\"Ana\"", "no JSON: \"owner\":\"Ana\""},
    };
    check_reasons(texts, ARRAY_LEN(texts));
}

static void l3_what_is_hidden_already_stays(void **state)
{
    (void)state;
    struct activity *a = of_nils();
    json_t *once = written(a);
    const char *pseudonym = json_string_value(
        json_object_get(json_object_get(once, "actor"), "user"));
    struct activity *again = activity_new();
    again->name = STR("invite.sent");
    again->actor =
        (struct actor){.user = str_of(pseudonym), .source = STR("proxy-auth")};
    again->reason = str_of(pseudonym);
    json_t *twice = written(again);
    assert_string_equal(
        json_string_value(json_object_get(twice, "reason")), pseudonym);
    assert_null(json_object_get(twice, "sealed_names"));
    json_decref(once);
    json_decref(twice);
    activity_free(&a);
    activity_free(&again);
}

/* Boxes are bounded (inspect/names_hide.c); hiding is not. */
static void l3_the_thousandth_name_is_hidden_like_the_first(void **state)
{
    (void)state;
    enum { PERSONS = 1000, BOXES = 256 };
    struct activity *a = of_nils();
    struct buf text = {0};
    for (int i = 0; i < PERSONS; i++)
        buf_printf(&text, "p%d@corp.example ", i);
    a->reason = buf_str(&text);
    json_t *root = written(a);
    const char *reason = json_string_value(json_object_get(root, "reason"));
    assert_null(strstr(reason, "corp"));
    assert_int_equal(
        json_object_size(json_object_get(root, "sealed_names")), BOXES);
    json_decref(root);
    buf_free(&text);
    activity_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(l3_mail_addresses_end_where_they_end),
        cmocka_unit_test(l3_known_names_are_whole_words_in_any_spelling),
        cmocka_unit_test(l3_ids_of_users_are_long),
        cmocka_unit_test(
            l3_members_of_json_that_name_somebody_are_hidden_whole),
        cmocka_unit_test(l3_what_is_hidden_already_stays),
        cmocka_unit_test(l3_the_thousandth_name_is_hidden_like_the_first),
    };
    return cmocka_run_group_tests(tests, make_names, free_names);
}
