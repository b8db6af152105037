/* proxy/target.h */
#include "proxy/target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "tests/unit/shipped_conf.h"

static struct target_choice choose(const char *host, uint16_t port)
{
    struct arena arena = {0};
    struct str normal;
    struct target_choice choice =
        target_choose(conf, str_of(host), port, &arena, &normal);
    arena_free(&arena);
    return choice;
}

static void the_service_is_inspected_and_others_are_tunnelled(void **state)
{
    (void)state;
    assert_int_equal(choose("chatgpt.com", 443).action, TARGET_INSPECT);
    assert_int_equal(choose("api.openai.com", 443).action, TARGET_INSPECT);
    assert_int_equal(choose("example.org", 443).action, TARGET_TUNNEL);
    assert_int_equal(choose("notchatgpt.com", 443).action, TARGET_TUNNEL);
    assert_int_equal(
        choose("chatgpt.com.example.org", 443).action, TARGET_TUNNEL);
}

static void another_spelling_is_the_same_host(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct str normal;
    struct target_choice choice =
        target_choose(conf, STR("ChatGPT.Com."), 443, &arena, &normal);
    assert_int_equal(choice.action, TARGET_INSPECT);
    assert_true(str_is(normal, "chatgpt.com"));
    arena_free(&arena);
}

static void what_is_no_host_name_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", ".", "a..b", "a b", "chatgpt.com..",
        "0x7f000001", "2130706433", "127.1", "0177.0.0.1", "1.2.3.4.5", "a.1",
        "caf\xc3\xa9.test", "chatgpt.com%2eexample.org", "u@chatgpt.com"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct target_choice choice = choose(wrong[i], 443);
        assert_int_equal(choice.action, TARGET_REFUSE);
        assert_string_equal(choice.reason, "bad-host");
    }
}

static void p1_p2_private_addresses_are_refused(void **state)
{
    (void)state;
    static const char *const private[] = {"127.0.0.1", "10.1.2.3",
        "169.254.169.254", "192.168.1.1", "0.0.0.0", "::1", "[::1]",
        "::ffff:127.0.0.1", "fe80::1", "64:ff9b::7f00:1", "localhost",
        "LOCALHOST.", "x.localhost"};
    for (size_t i = 0; i < ARRAY_LEN(private); i++) {
        struct target_choice choice = choose(private[i], 443);
        assert_int_equal(choice.action, TARGET_REFUSE);
        assert_string_equal(choice.reason, "private-address");
    }
    assert_int_equal(choose("8.8.8.8", 443).action, TARGET_TUNNEL);
}

static void p3_only_the_configured_ports_are_open(void **state)
{
    (void)state;
    assert_string_equal(choose("example.org", 25).reason, "port");
    assert_string_equal(choose("chatgpt.com", 22).reason, "port");
}

static void the_tls_name_decides_with_the_tunnels(void **state)
{
    (void)state;
    struct hello hello = {.server_name = STR("chatgpt.com")};
    assert_null(
        target_check_hello(conf, STR("chatgpt.com"), TARGET_INSPECT, &hello));
    assert_string_equal(
        target_check_hello(conf, STR("example.org"), TARGET_TUNNEL, &hello),
        "sni-in-scope");
    hello.server_name = STR("example.org");
    assert_string_equal(
        target_check_hello(conf, STR("chatgpt.com"), TARGET_INSPECT, &hello),
        "sni-differs");
    assert_null(target_check_hello(
        conf, STR("other.example.org"), TARGET_TUNNEL, &hello));
    hello.server_name = STR_NONE;
    assert_null(
        target_check_hello(conf, STR("chatgpt.com"), TARGET_INSPECT, &hello));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_service_is_inspected_and_others_are_tunnelled),
        cmocka_unit_test(another_spelling_is_the_same_host),
        cmocka_unit_test(what_is_no_host_name_is_refused),
        cmocka_unit_test(p1_p2_private_addresses_are_refused),
        cmocka_unit_test(p3_only_the_configured_ports_are_open),
        cmocka_unit_test(the_tls_name_decides_with_the_tunnels),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
