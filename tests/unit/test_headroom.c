/* proxy/headroom.h; a process's own limit: test_faults_processes.py */
#include "proxy/headroom.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "folder.h"

static const char GROUP[] = "/sys/fs/cgroup/system.slice/pg.service";

static void put(const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void put_group(const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", GROUP, name);
    put(path, text);
}

static void make_group(const char *max)
{
    char command[512];
    snprintf(command, sizeof command, "mkdir -p %s/proc/self %s%s", folder,
        folder, GROUP);
    assert_int_equal(system(command), 0);
    put("/proc/self/cgroup", "1:name=x:/y\n0::/system.slice/pg.service\n");
    put_group("memory.max", max);
    put_group("memory.current", "700\n");
    put_group("memory.stat", "anon 600\nfile 100\ninactive_file 50\nx 1\n");
}

static void f43_a_group_near_its_limit_is_short_until_it_is_not(void **state)
{
    (void)state;
    make_group("1000\n");
    headroom_open(folder);
    assert_false(headroom_is_short(1000));
    put_group("memory.current", "925\n"); /* 875 of it stay */
    assert_false(headroom_is_short(2000));
    put_group("memory.current", "926\n");
    assert_false(headroom_is_short(2010)); /* measured a moment ago */
    assert_true(headroom_is_short(2020));
    put_group("memory.max", "max\n");
    assert_false(headroom_is_short(3000));
    headroom_close();
}

static void f43_without_a_group_or_a_limit_nothing_is_short(void **state)
{
    (void)state;
    headroom_open("/nowhere");
    assert_false(headroom_is_short(1000));
    headroom_close();
    make_group("max\n");
    headroom_open(folder);
    assert_false(headroom_is_short(1000));
    headroom_close();
}

static void f43_file_pages_that_go_first_do_not_count(void **state)
{
    (void)state;
    assert_int_equal(
        headroom_group_bytes(STR("500\n"), STR("inactive_file 200\n")), 300);
    assert_int_equal(headroom_group_bytes(STR("500\n"), STR_NONE), 500);
    assert_int_equal(
        headroom_group_bytes(STR("5\n"), STR("inactive_file 200\n")), 0);
    assert_int_equal(headroom_group_bytes(STR("odd"), STR_NONE), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            f43_a_group_near_its_limit_is_short_until_it_is_not, make_folder,
            remove_folder),
        cmocka_unit_test_setup_teardown(
            f43_without_a_group_or_a_limit_nothing_is_short, make_folder,
            remove_folder),
        cmocka_unit_test(f43_file_pages_that_go_first_do_not_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
