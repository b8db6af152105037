/* base/net.h */
#include "base/net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"

static void p2_short_and_octal_spellings_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "1", "127.1", "1.2.3", "1.2.3.4.",
        "1.2.3.4.5", "01.2.3.4", "1.2.3.256", "1.2.3.-4", "0x7f.0.0.1",
        "1.2.3.4 ", ".1.2.3.4", "1..2.3", ":", ":::", "[::1", "[1.2.3.4]", "[]",
        "::1%lo", "1:2:3:4:5:6:7:8:9", "::ffff:1.2.3"};
    struct net_address a;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (net_parse_ip(str_of(bad[i]), &a) != ERR_PARSE)
            fail_msg("%s was taken", bad[i]);
}

static void addresses_come_back_as_they_went_in(void **state)
{
    (void)state;
    static const char *const good[][2] = {{"1.2.3.4", "1.2.3.4"},
        {"255.0.0.255", "255.0.0.255"}, {"::1", "::1"}, {"[::1]", "::1"},
        {"2001:DB8::0001", "2001:db8::1"}, {"::ffff:10.0.0.1", "10.0.0.1"}};
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct net_address a, b;
        char text[NET_TEXT_BYTES];
        struct sockaddr_storage sa;
        socklen_t length;
        assert_int_equal(net_parse_ip(str_of(good[i][0]), &a), OK);
        net_format(&a, text);
        assert_string_equal(text, good[i][1]);
        a.port = 8080;
        net_to_sockaddr(&a, &sa, &length);
        net_from_sockaddr((struct sockaddr *)&sa, &b);
        assert_true(net_equal(&a, &b));
        b.port = 8081;
        assert_false(net_equal(&a, &b));
    }
}

static void endpoints_need_address_and_port(void **state)
{
    (void)state;
    struct net_address a;
    assert_int_equal(net_parse_endpoint(STR("[::1]:443"), &a), OK);
    assert_int_equal(a.port, 443);
    assert_true(a.is_v6);
    assert_int_equal(net_parse_endpoint(STR("10.0.0.1:65535"), &a), OK);
    static const char *const bad[] = {"", ":", "10.0.0.1",
        "10.0.0.1:", "10.0.0.1:0", "10.0.0.1:65536", "10.0.0.1:+1", "::1:443",
        "[::1]443", "localhost:80", ":80"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (net_parse_endpoint(str_of(bad[i]), &a) != ERR_PARSE)
            fail_msg("%s was taken", bad[i]);
}

static bool is_in(const char *ip, const char *range)
{
    struct net_address a;
    struct net_range r;
    assert_int_equal(net_parse_ip(str_of(ip), &a), OK);
    assert_int_equal(net_parse_range(str_of(range), &r), OK);
    return net_in_range(&a, &r);
}

static void ranges_look_at_their_bits_only(void **state)
{
    (void)state;
    assert_true(is_in("10.255.1.2", "10.0.0.0/8"));
    assert_false(is_in("11.0.0.0", "10.0.0.0/8"));
    assert_true(is_in("172.31.255.255", "172.16.0.0/12"));
    assert_false(is_in("172.32.0.0", "172.16.0.0/12"));
    assert_true(is_in("1.2.3.4", "0.0.0.0/0"));
    assert_false(is_in("::1", "0.0.0.0/0"));
    assert_true(is_in("fe80::1", "fe80::/10"));
    assert_true(is_in("::1", "::1"));
    assert_false(is_in("::2", "::1"));
    assert_true(is_in("::ffff:127.0.0.1", "127.0.0.0/8"));
    assert_true(is_in("127.0.0.1", "::ffff:127.0.0.0/104"));
    struct net_range r;
    assert_int_equal(net_parse_range(STR("1.2.3.4/33"), &r), ERR_PARSE);
    assert_int_equal(net_parse_range(STR("1.2.3.4/"), &r), ERR_PARSE);
    assert_int_equal(net_parse_range(STR("::1/129"), &r), ERR_PARSE);
    assert_int_equal(net_parse_range(STR("::ffff:0.0.0.0/64"), &r), ERR_PARSE);
}

static void only_public_unicast_is_not_private(void **state)
{
    (void)state;
    static const char *const is_private[] = {"0.0.0.0", "10.0.0.1",
        "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254",
        "169.254.169.254", "168.63.129.16", "172.16.0.1", "192.0.0.192",
        "192.0.2.1", "192.168.1.1", "198.18.0.1", "198.19.255.255",
        "203.0.113.9", "224.0.0.1", "255.255.255.255", "240.0.0.1", "::", "::1",
        "::ffff:10.0.0.1", "::7f00:1", "fe80::1", "fc00::1", "fd00:ec2::254",
        "ff02::1", "2001:db8::1", "2001::1", "2002:7f00:1::", "64:ff9b::7f00:1",
        "64:ff9b:1::1", "100::1", "3fff::1", "fec0::1"};
    static const char *const is_public[] = {"8.8.8.8", "1.1.1.1",
        "172.15.255.255", "172.32.0.1", "100.63.255.255", "100.128.0.0",
        "2606:4700::1111", "2a00:1450::1", "64:ff9b::808:808", "::ffff:8.8.8.8",
        "2001:4860:4860::8888"};
    struct net_address a;
    for (size_t i = 0; i < ARRAY_LEN(is_private); i++) {
        assert_int_equal(net_parse_ip(str_of(is_private[i]), &a), OK);
        if (!net_is_private(&a))
            fail_msg("%s counts as public", is_private[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(is_public); i++) {
        assert_int_equal(net_parse_ip(str_of(is_public[i]), &a), OK);
        if (net_is_private(&a))
            fail_msg("%s counts as private", is_public[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(p2_short_and_octal_spellings_are_refused),
        cmocka_unit_test(addresses_come_back_as_they_went_in),
        cmocka_unit_test(endpoints_need_address_and_port),
        cmocka_unit_test(ranges_look_at_their_bits_only),
        cmocka_unit_test(only_public_unicast_is_not_private),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
