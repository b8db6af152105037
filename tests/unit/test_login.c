/*
 * Proxy logins: checked on the pool, once, remembered, forgotten on reload.
 */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/users.h"
#include "proxy/login.h"

enum { WAIT_MS = 20000 };

struct rig {
    uv_loop_t loop;
    struct defer_queue defer;
    struct logins *logins;
    struct bundle bundle;
    unsigned good, bad;
    char groups[128];
    bool is_inside;
};

static struct rig *rig;
static int owner;

static void on_done(void *who, bool is_good, struct str groups)
{
    assert_false(rig->is_inside);
    assert_ptr_equal(who, &owner);
    *(is_good ? &rig->good : &rig->bad) += 1;
    assert_true(groups.n < sizeof rig->groups);
    if (groups.n > 0)
        memcpy(rig->groups, groups.p, groups.n);
    rig->groups[groups.n] = '\0';
}

static void load(const char *user, const char *password)
{
    struct users *users = users_new();
    struct buf text = {0};
    if (user != NULL)
        assert_int_equal(users_add(users, str_of(user), USER_PROXY,
                             STR("admins staff"), str_of(password)),
            OK);
    users_write(users, &text);
    bundle_free(&rig->bundle);
    bundle_add(&rig->bundle, BUNDLE_USERS, STR("users.yaml"), buf_str(&text));
    logins_load(rig->logins, &rig->bundle);
    buf_free(&text);
    users_free(&users);
}

static int setup(void **state)
{
    (void)state;
    rig = MEM_NEW(struct rig);
    uv_loop_init(&rig->loop);
    defer_init(&rig->defer, &rig->loop);
    rig->logins = logins_new(&rig->loop, &rig->defer, on_done);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    logins_free(&rig->logins);
    defer_close(&rig->defer);
    uv_run(&rig->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&rig->loop), 0);
    bundle_free(&rig->bundle);
    mem_free(rig);
    return 0;
}

static void check(const char *user, const char *password)
{
    rig->is_inside = true;
    logins_check(rig->logins, &owner, str_of(user), str_of(password));
    rig->is_inside = false;
}

static void run_until(unsigned answers)
{
    for (int i = 0; i < WAIT_MS && rig->good + rig->bad < answers; i++) {
        uv_run(&rig->loop, UV_RUN_NOWAIT);
        (void)poll(NULL, 0, 1);
    }
    assert_int_equal(rig->good + rig->bad, answers);
}

/* Time for an answer from memory, not for argon2id. */
static void run_one_turn(void)
{
    uv_run(&rig->loop, UV_RUN_NOWAIT);
    uv_run(&rig->loop, UV_RUN_NOWAIT);
}

static void a_good_login_is_told_with_its_groups_and_remembered(void **state)
{
    (void)state;
    load("ana@example.com", "correct horse");
    check("ana@example.com", "correct horse");
    check("ana@example.com", "correct horse");
    run_until(2);
    assert_int_equal(rig->good, 2);
    assert_string_equal(rig->groups, "admins staff");
    check("ana@example.com", "correct horse");
    assert_int_equal(rig->good, 2);
    run_one_turn();
    assert_int_equal(rig->good, 3);
    assert_string_equal(rig->groups, "admins staff");
}

static void a_bad_password_is_refused_also_after_a_good_one(void **state)
{
    (void)state;
    load("ana@example.com", "correct horse");
    check("ana@example.com", "correct horse");
    run_until(1);
    check("ana@example.com", "wrong horse");
    check("bob@example.com", "correct horse");
    run_until(3);
    assert_int_equal(rig->bad, 2);
}

/* The border between user and password is part of the key. */
static void what_is_remembered_is_not_found_by_another_cut(void **state)
{
    (void)state;
    load("ana", "correct horse");
    check("ana", "correct horse");
    run_until(1);
    check("anac", "orrect horse");
    run_until(2);
    assert_int_equal(rig->bad, 1);
}

static void a_removed_user_loses_new_requests_at_once(void **state)
{
    (void)state;
    load("ana@example.com", "correct horse");
    check("ana@example.com", "correct horse");
    run_until(1);
    load(NULL, NULL);
    check("ana@example.com", "correct horse");
    run_until(2);
    assert_int_equal(rig->bad, 1);
}

static void a_check_that_outlives_its_logins_is_not_remembered(void **state)
{
    (void)state;
    load("ana@example.com", "correct horse");
    check("ana@example.com", "correct horse");
    load(NULL, NULL);
    run_until(1);
    check("ana@example.com", "correct horse");
    run_until(2);
    assert_int_equal(rig->bad, 1);
}

static void an_owner_that_left_hears_nothing(void **state)
{
    (void)state;
    load("ana@example.com", "correct horse");
    check("ana@example.com", "correct horse");
    logins_forget(rig->logins, &owner);
    uv_run(&rig->loop, UV_RUN_DEFAULT);
    assert_int_equal(rig->good + rig->bad, 0);
}

static void without_logins_nobody_gets_in(void **state)
{
    (void)state;
    logins_load(rig->logins, &rig->bundle);
    check("", "");
    check("ana@example.com", "correct horse");
    run_until(2);
    assert_int_equal(rig->bad, 2);
}

static void too_many_at_once_are_refused(void **state)
{
    (void)state;
    load("ana@example.com", "correct horse");
    char password[32];
    for (int i = 0; i < LOGIN_CHECKS_MAX + 3; i++) {
        snprintf(password, sizeof password, "guess-%d", i);
        check("ana@example.com", password);
    }
    run_one_turn();
    assert_true(rig->bad >= 3);
    logins_forget(rig->logins, &owner);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_good_login_is_told_with_its_groups_and_remembered),
        TEST(a_bad_password_is_refused_also_after_a_good_one),
        TEST(what_is_remembered_is_not_found_by_another_cut),
        TEST(a_removed_user_loses_new_requests_at_once),
        TEST(a_check_that_outlives_its_logins_is_not_remembered),
        TEST(an_owner_that_left_hears_nothing),
        TEST(without_logins_nobody_gets_in),
        TEST(too_many_at_once_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
