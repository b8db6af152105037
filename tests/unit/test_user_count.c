/* proxy/user_count.h: each user for itself, and what is given back counts no
 * more. */
#include "proxy/user_count.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void d4_each_user_has_a_bound_of_its_own(void **state)
{
    (void)state;
    struct user_counts *counts = user_counts_new();
    struct user_count *ana[3], *bob;
    for (size_t i = 0; i < 3; i++)
        assert_non_null(ana[i] = user_counts_take(counts, STR("ana"), 3));
    assert_null(user_counts_take(counts, STR("ana"), 3));
    assert_non_null(bob = user_counts_take(counts, STR("anab"), 3));
    user_counts_give(counts, &ana[1]);
    assert_null(ana[1]);
    assert_non_null(ana[1] = user_counts_take(counts, STR("ana"), 3));
    assert_null(user_counts_take(counts, STR("ana"), 3));
    for (size_t i = 0; i < 3; i++)
        user_counts_give(counts, &ana[i]);
    user_counts_give(counts, &bob);
    user_counts_give(counts, &bob); /* nothing is held any more */
    user_counts_free(&counts);
    assert_null(counts);
}

static void without_a_bound_all_are_taken(void **state)
{
    (void)state;
    struct user_counts *counts = user_counts_new();
    struct user_count *held[50];
    for (size_t i = 0; i < 50; i++)
        assert_non_null(held[i] = user_counts_take(counts, STR("ana"), 0));
    /* A bound that comes with a reload holds for who comes next. */
    assert_null(user_counts_take(counts, STR("ana"), 50));
    for (size_t i = 0; i < 50; i++)
        user_counts_give(counts, &held[i]);
    user_counts_free(&counts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(d4_each_user_has_a_bound_of_its_own),
        cmocka_unit_test(without_a_bound_all_are_taken),
    };
    return cmocka_run_group_tests_name("user_count", tests, NULL, NULL);
}
