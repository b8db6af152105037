/* proxy/pac.h */
#include "proxy/pac.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/shipped_conf.h"

static struct buf pac;

static bool has(const char *words)
{
    return str_find(buf_str(&pac), str_of(words)) != pac.n;
}

static void hosts_in_scope_go_through_the_proxy_only(void **state)
{
    (void)state;
    pac_write(conf, STR("proxy.test:8080"), &pac);
    assert_true(has("function FindProxyForURL(url, host)"));
    assert_true(has("chatgpt.com\"") && has("openai.com\""));
    assert_true(has("PROXY proxy.test:8080"));
    assert_false(has("PROXY proxy.test:8080; DIRECT"));
    buf_free(&pac);
}

static void the_rest_goes_where_the_settings_say(void **state)
{
    (void)state;
    pac_write(conf, STR("p:1"), &pac);
    assert_true(has("DIRECT"));
    buf_free(&pac);
}

/* The proxy's name came from a Host field: it stays inside its quotes. */
static void a_name_with_a_quote_stays_text(void **state)
{
    (void)state;
    pac_write(conf, STR("p\"; evil(); \":1"), &pac);
    assert_false(has("p\"; evil()"));
    buf_free(&pac);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_in_scope_go_through_the_proxy_only),
        cmocka_unit_test(the_rest_goes_where_the_settings_say),
        cmocka_unit_test(a_name_with_a_quote_stays_text),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
