/* inspect/path.h */
#include "inspect/path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void expect_walk(const char *path, const char *wanted)
{
    struct arena arena = {0};
    struct str got = path_walk(&arena, str_of(path));
    if (!str_is(got, wanted))
        fail_msg("%s: %.*s", path, STR_ARG(got));
    arena_free(&arena);
}

static void dot_segments_are_walked_however_they_are_written(void **state)
{
    (void)state;
    expect_walk("/a/../b/./c", "/b/c");
    expect_walk("/a/%2e%2E/b/%2e/c", "/b/c");
    expect_walk("/a/.%2e/b", "/b");
    expect_walk("/../../a", "/a");
    expect_walk("/a/..", "/");
    expect_walk("..", "/");
    expect_walk("", "/");
}

static void other_segments_stay_as_they_came(void **state)
{
    (void)state;
    expect_walk("/a/b", "/a/b");
    expect_walk("/a%2Fb/./c%20d", "/a%2Fb/c%20d");
    expect_walk("/a//b/", "/a//b/");
    expect_walk("/.../x/..y/.z", "/.../x/..y/.z");
    expect_walk("/%252e%252e/x", "/%252e%252e/x");
}

static void a_path_is_below_by_any_reading(void **state)
{
    (void)state;
    static const char *const below[] = {"/a/b", "/A/b/c", "/x/../a/b", "/a/%62",
        "//a///b;v=1/c", "/a\\b", "/%61/%2562"};
    static const char *const beside[] = {"/a", "/a/bc", "/b/a/b", "/", ""};
    for (size_t i = 0; i < sizeof below / sizeof *below; i++)
        assert_true(path_is_below(str_of(below[i]), STR("/a/b")));
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++)
        assert_false(path_is_below(str_of(beside[i]), STR("/a/b")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dot_segments_are_walked_however_they_are_written),
        cmocka_unit_test(other_segments_stay_as_they_came),
        cmocka_unit_test(a_path_is_below_by_any_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
