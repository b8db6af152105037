/* base/users.h */
#include "base/users.h"

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

static struct users *reparse(const struct users *users)
{
    struct buf text = {0};
    struct diag diag = {0};
    users_write(users, &text);
    struct users *again = users_parse("users.yaml", buf_str(&text), &diag);
    assert_string_equal(buf_cstr(&diag.text), "");
    assert_non_null(again);
    buf_free(&text);
    diag_free(&diag);
    return again;
}

static void a_login_survives_writing_and_its_password_verifies(void **state)
{
    (void)state;
    enum user_role role;
    struct str groups;
    struct users *first = users_new();
    assert_int_equal(users_add(first, STR("ana@example.com"), USER_AUDITOR,
                         STR(" admins  staff "), STR("correct horse")),
        OK);
    struct users *users = reparse(first);
    users_free(&first);
    assert_int_equal(users_verify(users, STR("ana@example.com"),
                         STR("correct horse"), &role, &groups),
        OK);
    assert_int_equal(role, USER_AUDITOR);
    assert_true(str_is(groups, "admins staff"));
    assert_int_equal(users_verify(users, STR("ana@example.com"),
                         STR("correct horsE"), &role, &groups),
        ERR_DENIED);
    assert_int_equal(users_verify(users, STR("nobody"), STR("correct horse"),
                         &role, &groups),
        ERR_DENIED);
    assert_int_equal(
        users_verify(users, STR("ana@example.com"), STR_NONE, &role, &groups),
        ERR_DENIED);
    users_free(&users);
}

static void unknown_users_take_as_long_as_known_ones(void **state)
{
    (void)state;
    enum user_role role;
    struct str groups;
    struct users *users = users_new();
    assert_int_equal(
        users_add(users, STR("ana"), USER_PROXY, STR(""), STR("long enough")),
        OK);
    uint64_t start = clock_mono_us();
    assert_int_equal(
        users_verify(users, STR("ana"), STR("wrong one"), &role, &groups),
        ERR_DENIED);
    uint64_t known = clock_mono_us() - start;
    start = clock_mono_us();
    assert_int_equal(
        users_verify(users, STR("eve"), STR("wrong one"), &role, &groups),
        ERR_DENIED);
    uint64_t unknown = clock_mono_us() - start;
    /* wide bounds: a hash is 1000 times dearer than a look-up */
    assert_true(unknown * 5 > known && known * 5 > unknown);
    users_free(&users);
}

static void a_token_opens_its_login_until_it_is_replaced(void **state)
{
    (void)state;
    char one[USER_TOKEN_TEXT_BYTES], two[USER_TOKEN_TEXT_BYTES];
    const struct user *user = NULL;
    struct users *first = users_new();
    assert_int_equal(
        users_add(first, STR("ci"), USER_AUDITOR, STR_NONE, STR_NONE), OK);
    assert_int_equal(users_add_token(first, STR("ci"), STR("x"), one), OK);
    struct users *users = reparse(first);
    users_free(&first);
    assert_int_equal(users_verify_token(users, str_of(one), &user), OK);
    assert_string_equal(user->name, "ci");
    assert_int_equal(strlen(user->tokens[0].created), 24);
    assert_int_equal(users_add_token(users, STR("ci"), STR("x"), two), OK);
    assert_int_equal(users_verify_token(users, str_of(one), &user), ERR_DENIED);
    assert_int_equal(users_verify_token(users, str_of(two), &user), OK);
    assert_int_equal(users_verify_token(users, STR(""), &user), ERR_DENIED);
    /* no password: only the token opens it */
    enum user_role role;
    struct str groups;
    assert_int_equal(
        users_verify(users, STR("ci"), STR_NONE, &role, &groups), ERR_DENIED);
    users_free(&users);
}

static void names_that_would_break_the_file_or_basic_auth_are_refused(
    void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "a b", "a:b", "a\"b", "a\\b", "a\nb", "a\x7f", "\xff"};
    struct users *users = users_new();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(users_add(users, str_of(bad[i]), USER_PROXY, STR(""),
                             STR("long enough")),
            ERR_PARSE);
    assert_int_equal(
        users_add(users, STR("a"), USER_PROXY, STR("g:h"), STR_NONE),
        ERR_PARSE);
    assert_int_equal(
        users_add(users, STR("a"), USER_PROXY, STR(""), STR("short")),
        ERR_PARSE);
    assert_int_equal(users_count(users), 0);
    assert_int_equal(
        users_add(users, STR("a"), USER_PROXY, STR(""), STR_NONE), OK);
    assert_int_equal(
        users_add(users, STR("a"), USER_PROXY, STR(""), STR_NONE), ERR_STATE);
    assert_int_equal(users_remove(users, STR("b")), ERR_NOT_FOUND);
    assert_int_equal(users_remove(users, STR("a")), OK);
    assert_int_equal(users_count(users), 0);
    users_free(&users);
}

static void check_mistake(const char *text, const char *expected)
{
    struct diag diag = {0};
    struct users *users = users_parse("users.yaml", str_of(text), &diag);
    assert_null(users);
    if (strstr(buf_cstr(&diag.text), expected) == NULL)
        fail_msg("\"%s\" lacks \"%s\"", buf_cstr(&diag.text), expected);
    diag_free(&diag);
}

static void mistakes_in_the_file_are_named_with_their_line(void **state)
{
    (void)state;
    check_mistake("users:\n- {name: a}\n- {name: a}\n", "users.yaml:3:");
    check_mistake("users:\n- {name: a, role: king}\n", "auditor");
    check_mistake("users:\n- {name: a, password: plain}\n", "argon2id");
    check_mistake("users:\n- {name: a, tokens: [{name: t, sha256: 12}]}\n",
        "64 hexadecimal");
    check_mistake("users:\n- {nam: a}\n", "nam");
    check_mistake("[1", "users.yaml:");
    check_mistake("users:\n- {name: a, tokens: [{name: t, sha256: "
                  "00000000000000000000000000000000"
                  "00000000000000000000000000000000,"
                  " created: \"x\\\"}\"}]}\n",
        "created");
}

static void a_hash_that_would_break_the_file_is_refused(void **state)
{
    (void)state;
    check_mistake("users:\n  - name: ana\n    password: \"$argon2id$\\t\"\n",
        "users.yaml:2: ");
    check_mistake("users:\n  - name: ana\n    password: \"$argon2id$\\\"\"\n",
        "users.yaml:2: ");
}

static void an_empty_file_has_no_logins(void **state)
{
    (void)state;
    struct diag diag = {0};
    struct users *users = users_parse("users.yaml", STR(""), &diag);
    assert_non_null(users);
    assert_int_equal(users_count(users), 0);
    struct users *again = reparse(users);
    assert_int_equal(users_count(again), 0);
    users_free(&again);
    users_free(&users);
}

static void the_file_is_replaced_whole_with_mode_0600(void **state)
{
    (void)state;
    char folder[] = "/tmp/test_users.XXXXXX", path[64];
    struct users_edit edit;
    struct diag diag = {0};
    struct stat before, after;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/users.yaml", folder);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(users_edit_begin(folder, &edit, &diag), OK);
        assert_int_equal(users_count(edit.users), i);
        assert_int_equal(users_add(edit.users, i == 0 ? STR("a") : STR("b"),
                             USER_PROXY, STR(""), STR_NONE),
            OK);
        assert_int_equal(users_edit_end(&edit, true), OK);
        assert_int_equal(stat(path, i == 0 ? &before : &after), 0);
    }
    assert_true(before.st_ino != after.st_ino);
    assert_int_equal(after.st_mode & 0777, 0600);
    assert_int_equal(users_edit_begin(folder, &edit, &diag), OK);
    assert_int_equal(users_remove(edit.users, STR("a")), OK);
    assert_int_equal(users_edit_end(&edit, false), OK);
    assert_int_equal(users_edit_begin(folder, &edit, &diag), OK);
    assert_int_equal(users_count(edit.users), 2);
    assert_int_equal(users_edit_end(&edit, false), OK);
    assert_int_equal(users_edit_begin("/nonexistent", &edit, &diag), ERR_IO);
    unlink(path);
    assert_int_equal(rmdir(folder), 0); /* no temporary file is left */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_login_survives_writing_and_its_password_verifies),
        cmocka_unit_test(unknown_users_take_as_long_as_known_ones),
        cmocka_unit_test(a_token_opens_its_login_until_it_is_replaced),
        cmocka_unit_test(
            names_that_would_break_the_file_or_basic_auth_are_refused),
        cmocka_unit_test(mistakes_in_the_file_are_named_with_their_line),
        cmocka_unit_test(a_hash_that_would_break_the_file_is_refused),
        cmocka_unit_test(an_empty_file_has_no_logins),
        cmocka_unit_test(the_file_is_replaced_whole_with_mode_0600),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
