/* base/arena.h */
#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void what_is_given_out_is_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    struct arena a = {0};
    unsigned char *before = NULL;
    for (size_t n = 1; n < 9000; n = n * 2 + 1) {
        unsigned char *p = arena_alloc(&a, n);
        assert_int_equal((uintptr_t)p % 16, 0);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xff, n);
        if (before != NULL)
            assert_int_equal(before[0], 0xff);
        before = p;
    }
    arena_free(&a);
    assert_int_equal(a.used_bytes, 0);
}

static void copies_end_with_a_nul(void **state)
{
    (void)state;
    struct arena a = {0};
    struct str copy = arena_copy(&a, str_make("abcdef", 3));
    assert_int_equal(copy.n, 3);
    assert_string_equal(copy.p, "abc");
    assert_string_equal(arena_strdup(&a, "dup"), "dup");
    assert_string_equal(arena_printf(&a, "%s-%d", "x", 300), "x-300");
    assert_int_equal(arena_copy(&a, STR_NONE).n, 0);
    arena_free(&a);
}

static void what_was_given_out_is_counted(void **state)
{
    (void)state;
    struct arena a = {0};
    (void)arena_alloc(&a, 1000);
    (void)arena_alloc(&a, 100000);
    assert_true(a.used_bytes >= 101000);
    arena_reset(&a);
    assert_int_equal(a.used_bytes, 0);
    assert_string_equal(arena_strdup(&a, "again"), "again");
    arena_free(&a);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_given_out_is_zeroed_aligned_and_apart),
        cmocka_unit_test(copies_end_with_a_nul),
        cmocka_unit_test(what_was_given_out_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
