/* inspect/address.h: URLs in their parts. */
#include "inspect/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void expect(
    const char *url, const char *host, const char *path, const char *query)
{
    struct arena arena = {0};
    struct address a;
    assert_true(address_split(&arena, str_of(url), &a));
    assert_true(str_is(a.host, host));
    assert_true(str_is(a.path, path));
    assert_true(str_is(a.query, query));
    arena_free(&arena);
}

static void absolute_urls_have_a_host(void **state)
{
    (void)state;
    expect("https://Host.Example:443/a/b?c=d#e", "host.example", "/a/b", "c=d");
    expect("wss://h/", "h", "/", "");
    expect("https://h", "h", "", "");
    expect("https://h?q=http://x/y", "h", "", "q=http://x/y");
    expect("https://h/a#b?c", "h", "/a", "");
}

static void paths_alone_are_of_the_same_host(void **state)
{
    (void)state;
    expect("/a?b", "", "/a", "b");
    expect("/go?to=https://h/x", "", "/go", "to=https://h/x");
}

static void the_rest_is_none(void **state)
{
    (void)state;
    static const char *const urls[] = {"", "a", "?a", "#", "://", "https://",
        "https:///a", "https://:443/a", "data:text/plain,a", "#/a"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct arena arena = {0};
        struct address a;
        assert_false(address_split(&arena, str_of(urls[i]), &a));
        assert_int_equal(a.host.n + a.path.n + a.query.n, 0);
        arena_free(&arena);
    }
}

static void a_reference_is_read_beside_where_it_stands(void **state)
{
    (void)state;
    static const struct {
        const char *reference, *host, *path, *query;
    } all[] = {
        {"https://B/x?y", "b", "/x", "y"},
        {"//B:443/x?y#z", "b", "/x", "y"},
        {"/x", "h", "/x", ""},
        {"x?y=/z", "h", "/a/x", "y=/z"},
        {"?y=https://b/", "h", "/a/b", "y=https://b/"},
        {"x?y=https://b", "h", "/a/x", "y=https://b"},
        {"x/y:z", "h", "/a/x/y:z", ""},
    };
    static const char *const none[] = {
        "", "#x", "//", "mailto:a", "data:a/b", "javascript:alert(1)"};
    struct address base = {.host = STR("h"), .path = STR("/a/b")}, a;
    struct arena arena = {0};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        assert_true(
            address_resolve(&arena, &base, str_of(all[i].reference), &a));
        assert_true(str_is(a.host, all[i].host));
        assert_true(str_is(a.path, all[i].path));
        assert_true(str_is(a.query, all[i].query));
    }
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_false(address_resolve(&arena, &base, str_of(none[i]), &a));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absolute_urls_have_a_host),
        cmocka_unit_test(paths_alone_are_of_the_same_host),
        cmocka_unit_test(the_rest_is_none),
        cmocka_unit_test(a_reference_is_read_beside_where_it_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
