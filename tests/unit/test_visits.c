/* console/visits.h and console/lockout.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "console/lockout.h"
#include "console/visits.h"

enum { NOW = 1000000 };

static void a_session_is_found_by_its_token_alone(void **state)
{
    (void)state;
    struct visits *v = visits_new();
    struct visit visit;
    char token[VISIT_TOKEN_BYTES];
    visits_start(v, STR("ana"), STR("hash"), NOW, token);
    assert_true(visits_find(v, str_of(token), NOW, true, &visit));
    assert_string_equal(visit.user, "ana");
    assert_string_not_equal(visit.csrf, token);
    assert_false(visits_find(v, STR(""), NOW, true, &visit));
    token[0] = token[0] == '0' ? '1' : '0';
    assert_false(visits_find(v, str_of(token), NOW, true, &visit));
    visits_free(&v);
}

static void a_session_ends_when_idle_and_at_its_time(void **state)
{
    (void)state;
    struct visits *v = visits_new();
    struct visit visit;
    char token[VISIT_TOKEN_BYTES];
    visits_start(v, STR("ana"), STR("hash"), NOW, token);
    uint64_t at = NOW + VISIT_IDLE_MS;
    assert_true(visits_find(v, str_of(token), at, false, &visit));
    assert_false(visits_find(v, str_of(token), at + 1, true, &visit));
    visits_start(v, STR("ana"), STR("hash"), NOW, token);
    for (at = NOW; at < NOW + VISIT_MAX_MS; at += VISIT_IDLE_MS / 2)
        assert_true(visits_find(v, str_of(token), at, true, &visit));
    assert_false(
        visits_find(v, str_of(token), NOW + VISIT_MAX_MS + 1, true, &visit));
    visits_free(&v);
}

/* Each thread takes the time before it waits for its turn. */
static void requests_at_once_may_come_in_any_order(void **state)
{
    (void)state;
    struct visits *v = visits_new();
    struct visit visit;
    char token[VISIT_TOKEN_BYTES];
    visits_start(v, STR("ana"), STR("hash"), NOW, token);
    assert_true(visits_find(v, str_of(token), NOW + 2, true, &visit));
    assert_true(visits_find(v, str_of(token), NOW + 1, true, &visit));
    assert_true(visits_find(v, str_of(token), NOW - 1, true, &visit));
    uint64_t at = NOW + 2 + VISIT_IDLE_MS;
    assert_true(visits_find(v, str_of(token), at, true, &visit));
    visits_free(&v);
}

static void a_changed_login_ends_its_sessions(void **state)
{
    (void)state;
    struct visits *v = visits_new();
    char token[VISIT_TOKEN_BYTES];
    visits_start(v, STR("ana"), STR("hash"), NOW, token);
    assert_true(visits_confirm(v, str_of(token), STR("hash")));
    assert_false(visits_confirm(v, str_of(token), STR("other")));
    assert_false(visits_confirm(v, str_of(token), STR("hash")));
    visits_start(v, STR("ana"), STR("hash"), NOW, token);
    assert_false(visits_confirm(v, str_of(token), STR_NONE));
    assert_int_equal(visits_count(v), 0);
    visits_free(&v);
}

static void a_session_of_elsewhere_keeps_its_role_and_token(void **state)
{
    (void)state;
    struct visits *v = visits_new();
    struct visit visit;
    struct buf hint = {0};
    char token[VISIT_TOKEN_BYTES], local[VISIT_TOKEN_BYTES];
    visits_start_foreign(
        v, STR("ana"), USER_AUDITOR, STR("a.b.c"), STR("settings"), NOW, token);
    visits_start(v, STR("ana"), STR("hash"), NOW, local);
    assert_true(visits_find(v, str_of(token), NOW, true, &visit));
    assert_true(visit.is_foreign);
    assert_int_equal(visit.role, USER_AUDITOR);
    assert_true(visits_hint(v, str_of(token), &hint));
    assert_string_equal(buf_cstr(&hint), "a.b.c");
    assert_true(visits_find(v, str_of(local), NOW, true, &visit));
    assert_false(visit.is_foreign);
    assert_false(visits_hint(v, str_of(local), &hint));
    /* Other settings end it, as another password does. */
    assert_false(visits_confirm(v, str_of(token), STR("others")));
    assert_false(visits_hint(v, str_of(token), &hint));
    assert_int_equal(visits_count(v), 1);
    buf_free(&hint);
    visits_free(&v);
}

static void failures_of_nobody_count_for_the_address_alone(void **state)
{
    (void)state;
    struct lockout *l = lockout_new();
    struct str here = STR("192.0.2.1"), there = STR("192.0.2.2");
    for (int i = 0; i < LOCKOUT_ADDRESS_FAILURES - 1; i++)
        lockout_note_failure(l, STR_NONE, here, NOW);
    assert_int_equal(lockout_wait_ms(l, STR_NONE, here, NOW), 0);
    lockout_note_failure(l, STR_NONE, here, NOW);
    assert_int_equal(lockout_wait_ms(l, STR_NONE, here, NOW), LOCKOUT_FIRST_MS);
    assert_int_equal(
        lockout_wait_ms(l, STR("ana"), here, NOW), LOCKOUT_FIRST_MS);
    for (int i = 0; i < LOCKOUT_USER_FAILURES * 2; i++) {
        char address[32];
        snprintf(address, sizeof address, "192.0.3.%d", i);
        lockout_note_failure(l, STR_NONE, str_of(address), NOW);
    }
    assert_int_equal(lockout_wait_ms(l, STR_NONE, there, NOW), 0);
    assert_int_equal(lockout_wait_ms(l, STR("ana"), there, NOW), 0);
    lockout_free(&l);
}

static void a_user_has_no_more_than_so_many(void **state)
{
    (void)state;
    struct visits *v = visits_new();
    struct visit visit;
    char first[VISIT_TOKEN_BYTES], token[VISIT_TOKEN_BYTES];
    visits_start(v, STR("ana"), STR("h"), NOW, first);
    for (int i = 0; i < VISITS_A_USER; i++)
        visits_start(v, STR("ana"), STR("h"), NOW + 1 + (uint64_t)i, token);
    assert_int_equal(visits_count(v), VISITS_A_USER);
    assert_false(visits_find(v, str_of(first), NOW + 99, true, &visit));
    char name[16];
    for (int i = 0; i < VISITS_MAX + 10; i++) {
        snprintf(name, sizeof name, "u%d", i);
        visits_start(v, str_of(name), STR("h"), NOW + 100, token);
    }
    assert_int_equal(visits_count(v), VISITS_MAX);
    visits_free(&v);
}

static void guesses_wait_longer_each_time(void **state)
{
    (void)state;
    struct lockout *l = lockout_new();
    struct str user = STR("ana"), other = STR("ANA"), from = STR("10.0.0.1");
    for (int i = 0; i < LOCKOUT_FAILURES; i++) {
        assert_int_equal(lockout_wait_ms(l, user, from, NOW), 0);
        lockout_note_failure(l, user, from, NOW);
    }
    assert_int_equal(lockout_wait_ms(l, other, from, NOW), LOCKOUT_FIRST_MS);
    assert_int_equal(lockout_wait_ms(l, STR("bob"), from, NOW), 0);
    assert_int_equal(lockout_wait_ms(l, user, STR("10.0.0.2"), NOW), 0);
    uint64_t later = NOW + LOCKOUT_FIRST_MS;
    assert_int_equal(lockout_wait_ms(l, user, from, later), 0);
    lockout_note_failure(l, user, from, later);
    assert_int_equal(
        lockout_wait_ms(l, user, from, later), 2 * LOCKOUT_FIRST_MS);
    for (int i = 0; i < 30; i++)
        lockout_note_failure(l, user, from, later);
    assert_int_equal(lockout_wait_ms(l, user, from, later), LOCKOUT_MAX_MS);
    later += LOCKOUT_FORGET_MS + 1;
    assert_int_equal(lockout_wait_ms(l, user, from, later), 0);
    lockout_note_failure(l, user, from, later);
    assert_int_equal(lockout_wait_ms(l, user, from, later), 0);
    lockout_free(&l);
}

static void the_right_password_is_a_new_beginning(void **state)
{
    (void)state;
    struct lockout *l = lockout_new();
    struct str user = STR("ana"), from = STR("10.0.0.1");
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i + 1 < LOCKOUT_FAILURES; i++)
            lockout_note_failure(l, user, from, NOW);
        lockout_note_success(l, user, from);
        assert_int_equal(lockout_wait_ms(l, user, from, NOW), 0);
    }
    lockout_free(&l);
}

static void an_address_that_tries_many_names_waits(void **state)
{
    (void)state;
    struct lockout *l = lockout_new();
    char name[16];
    for (int i = 0; i < LOCKOUT_ADDRESS_FAILURES; i++) {
        snprintf(name, sizeof name, "u%d", i);
        lockout_note_failure(l, str_of(name), STR("10.0.0.1"), NOW);
    }
    assert_int_equal(
        lockout_wait_ms(l, STR("new"), STR("10.0.0.1"), NOW), LOCKOUT_FIRST_MS);
    assert_int_equal(lockout_wait_ms(l, STR("new"), STR("10.0.0.2"), NOW), 0);
    lockout_free(&l);
}

static void nobody_is_locked_out_for_long_from_elsewhere(void **state)
{
    (void)state;
    struct lockout *l = lockout_new();
    char address[24];
    for (int i = 0; i < 10 * LOCKOUT_USER_FAILURES; i++) {
        snprintf(address, sizeof address, "10.0.%d.%d", i / 256, i % 256);
        lockout_note_failure(l, STR("admin"), str_of(address), NOW);
    }
    uint64_t wait = lockout_wait_ms(l, STR("admin"), STR("192.0.2.1"), NOW);
    assert_int_equal(wait, LOCKOUT_USER_MS);
    lockout_free(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_is_found_by_its_token_alone),
        cmocka_unit_test(a_session_ends_when_idle_and_at_its_time),
        cmocka_unit_test(requests_at_once_may_come_in_any_order),
        cmocka_unit_test(a_changed_login_ends_its_sessions),
        cmocka_unit_test(a_session_of_elsewhere_keeps_its_role_and_token),
        cmocka_unit_test(failures_of_nobody_count_for_the_address_alone),
        cmocka_unit_test(a_user_has_no_more_than_so_many),
        cmocka_unit_test(guesses_wait_longer_each_time),
        cmocka_unit_test(the_right_password_is_a_new_beginning),
        cmocka_unit_test(an_address_that_tries_many_names_waits),
        cmocka_unit_test(nobody_is_locked_out_for_long_from_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
