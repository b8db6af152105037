/* base/mem.h */
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/wait.h>
#include <cmocka.h>

static void zeroed_memory_is_zero(void **state)
{
    (void)state;
    unsigned char *p = mem_zalloc(100), *q = mem_calloc(10, 10);
    for (int i = 0; i < 100; i++)
        assert_int_equal(p[i] | q[i], 0);
    mem_free(p);
    mem_free(q);
    mem_free(NULL);
}

static void copies_are_their_own_and_end(void **state)
{
    (void)state;
    char text[] = "abc";
    char *a = mem_strdup(text), *b = mem_memdup0(text, 2);
    text[0] = 'x';
    assert_string_equal(a, "abc");
    assert_string_equal(b, "ab");
    a = mem_realloc(a, 1000);
    assert_string_equal(a, "abc");
    mem_free(a);
    mem_free(b);
}

/* What cannot be had ends the process, and says so. */
static void a_product_that_overflows_ends_the_process(void **state)
{
    (void)state;
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        (void)!freopen("/dev/null", "w", stderr);
        (void)mem_calloc(SIZE_MAX / 2, 3);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void wiping_moves_keep_what_was_there(void **state)
{
    (void)state;
    mem_wipe_begin();
    mem_wipe_begin();
    char *p = mem_realloc(NULL, 8);
    memcpy(p, "12345678", 8);
    p = mem_realloc(p, 4096);
    assert_memory_equal(p, "12345678", 8);
    p = mem_realloc(p, 4);
    assert_memory_equal(p, "1234", 4);
    mem_free(p);
    mem_free(NULL);
    mem_wipe_end();
    mem_wipe_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zeroed_memory_is_zero),
        cmocka_unit_test(copies_are_their_own_and_end),
        cmocka_unit_test(a_product_that_overflows_ends_the_process),
        cmocka_unit_test(wiping_moves_keep_what_was_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
