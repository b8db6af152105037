/*
 * Dialing to listeners on loopback, with names from a DNS server that the
 * test itself is, in the same loop.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "proxy/dial.h"

enum { WAIT_MS = 5000, TICK_MS = 5, FILL = 8, DNS_MAX = 16 * 1024 };

/* What the test's DNS server says. */
struct zone {
    const char *v4[256], *v6[32];
    size_t v4_count, v6_count;
    unsigned ttl;
    bool is_silent, is_silent_for_v6, is_nxdomain;
    unsigned asked; /* queries seen */
};

struct rig {
    uv_loop_t loop;
    struct defer_queue defer;
    struct resolver *resolver;
    struct settings settings;
    struct net_range allowed[2];
    struct resolve_entry entries[4];
    struct zone zone;
    uv_udp_t dns;
    char query[512], reply[DNS_MAX];
    int listening, listening_v6;
    uint16_t port;
    int extra[FILL + 1]; /* sockets that fill a queue */
    size_t extra_count;
    bool is_done, is_inside;
    uint64_t ran_ms; /* see run_for */
    enum dial_result result;
    int fd;
    struct net_address peer;
};

/* The DNS server: RFC 1035 §4, one question, answers with a pointer. */

static char *put16(char *p, unsigned value)
{
    p[0] = (char)(value >> 8);
    p[1] = (char)value;
    return p + 2;
}

static char *put_record(char *p, const char *address, bool is_v6, unsigned ttl)
{
    struct net_address a;
    assert_int_equal(net_parse_ip(str_of(address), &a), OK);
    p = put16(p, 0xc00c);
    p = put16(p, is_v6 ? 28 : 1);
    p = put16(p, 1);
    p = put16(p, 0);
    p = put16(p, ttl);
    p = put16(p, is_v6 ? 16 : 4);
    memcpy(p, a.bytes, is_v6 ? 16 : 4);
    return p + (is_v6 ? 16 : 4);
}

static void on_dns_alloc(uv_handle_t *handle, size_t n, uv_buf_t *buf)
{
    (void)n;
    struct rig *rig = handle->data;
    *buf = uv_buf_init(rig->query, sizeof rig->query);
}

static size_t dns_answer(struct rig *rig, size_t n)
{
    size_t end = 12; /* of the question */
    while (end < n && rig->query[end] != 0)
        end += (size_t)rig->query[end] + 1;
    bool is_v6 = rig->query[end + 2] == 28;
    end += 5;
    size_t count = is_v6 ? rig->zone.v6_count : rig->zone.v4_count;
    if (rig->zone.is_silent || (is_v6 && rig->zone.is_silent_for_v6))
        return 0;
    memcpy(rig->reply, rig->query, end);
    put16(rig->reply + 2, rig->zone.is_nxdomain ? 0x8183 : 0x8180);
    put16(rig->reply + 6, (unsigned)count);
    put16(rig->reply + 10, 0); /* no EDNS in the answer */
    char *p = rig->reply + end;
    for (size_t i = 0; i < count; i++)
        p = put_record(
            p, is_v6 ? rig->zone.v6[i] : rig->zone.v4[i], is_v6, rig->zone.ttl);
    return (size_t)(p - rig->reply);
}

static void on_dns_query(uv_udp_t *udp, ssize_t n, const uv_buf_t *buf,
    const struct sockaddr *from, unsigned flags)
{
    (void)buf;
    (void)flags;
    struct rig *rig = udp->data;
    if (n <= 16 || from == NULL)
        return;
    rig->zone.asked++;
    size_t size = dns_answer(rig, (size_t)n);
    uv_buf_t out = uv_buf_init(rig->reply, (unsigned)size);
    if (size > 0)
        assert_true(uv_udp_try_send(udp, &out, 1, from) > 0);
}

static void dns_start(struct rig *rig)
{
    struct sockaddr_in at;
    struct sockaddr_storage bound;
    int length = sizeof bound;
    uv_ip4_addr("127.0.0.1", 0, &at);
    uv_udp_init(&rig->loop, &rig->dns);
    rig->dns.data = rig;
    assert_int_equal(
        uv_udp_bind(&rig->dns, (const struct sockaddr *)&at, 0), 0);
    uv_udp_recv_start(&rig->dns, on_dns_alloc, on_dns_query);
    uv_udp_getsockname(&rig->dns, (struct sockaddr *)&bound, &length);
    char text[64];
    snprintf(text, sizeof text, "127.0.0.1:%u",
        ntohs(((struct sockaddr_in *)&bound)->sin_port));
    struct str item = str_of(text);
    struct str_list servers = {&item, 1};
    assert_int_equal(resolver_set_servers(rig->resolver, &servers), OK);
}

/* Listeners */

static int listen_at(const char *address, uint16_t port, int backlog)
{
    struct net_address a;
    struct sockaddr_storage at;
    socklen_t length;
    int on = 1;
    assert_int_equal(net_parse_ip(str_of(address), &a), OK);
    a.port = port;
    net_to_sockaddr(&a, &at, &length);
    int fd = socket(at.ss_family, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&at, length) != 0 ||
        listen(fd, backlog) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_storage at;
    socklen_t length = sizeof at;
    struct net_address a;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &length), 0);
    net_from_sockaddr((struct sockaddr *)&at, &a);
    return a.port;
}

/* 127.0.0.2 at our port becomes a black hole: its queue is full, so the
 * kernel drops further SYNs. */
static void make_black_hole(struct rig *rig)
{
    struct sockaddr_in at;
    uv_ip4_addr("127.0.0.2", rig->port, &at);
    int fd = listen_at("127.0.0.2", rig->port, 0);
    assert_true(fd >= 0);
    rig->extra[rig->extra_count++] = fd;
    while (rig->extra_count <= FILL) {
        fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)!connect(fd, (struct sockaddr *)&at, sizeof at);
        rig->extra[rig->extra_count++] = fd;
    }
}

/* The rig */

static int setup(void **state)
{
    struct rig *rig = MEM_NEW(struct rig);
    char hosts[] = "/tmp/test_dial_hosts_XXXXXX";
    int fd = mkstemp(hosts);
    assert_true(fd >= 0);
    dprintf(fd, "# names\n127.0.0.1\tHere.example alias # and more\r\n"
                "not-an-address nowhere.example\n192.0.2.1 doc.example\n");
    (void)close(fd);
    uv_loop_init(&rig->loop);
    defer_init(&rig->defer, &rig->loop);
    assert_int_equal(
        resolver_new(&rig->loop, &rig->defer, hosts, &rig->resolver), OK);
    (void)unlink(hosts);
    rig->zone.ttl = 60;
    dns_start(rig);
    rig->listening = listen_at("127.0.0.1", 0, 16);
    rig->port = port_of(rig->listening);
    rig->listening_v6 = listen_at("::1", rig->port, 16);
    rig->settings.timeout_dial = 2000;
    rig->settings.allow_private = rig->allowed;
    rig->settings.resolve = rig->entries;
    assert_int_equal(net_parse_range(STR("127.0.0.0/8"), &rig->allowed[0]), OK);
    assert_int_equal(net_parse_range(STR("::1"), &rig->allowed[1]), OK);
    rig->fd = -1;
    *state = rig;
    return 0;
}

static int teardown(void **state)
{
    struct rig *rig = *state;
    resolver_free(&rig->resolver);
    uv_close((uv_handle_t *)&rig->dns, NULL);
    defer_close(&rig->defer);
    uv_run(&rig->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&rig->loop), 0);
    for (size_t i = 0; i < rig->extra_count; i++)
        (void)close(rig->extra[i]);
    (void)close(rig->listening);
    if (rig->listening_v6 >= 0)
        (void)close(rig->listening_v6);
    if (rig->fd >= 0)
        (void)close(rig->fd);
    mem_free(rig);
    return 0;
}

static void allow_loopback(struct rig *rig)
{
    rig->settings.allow_private_count = 2;
}

static void add_override(
    struct rig *rig, const char *host, const char *address, uint16_t port)
{
    struct resolve_entry *e = &rig->entries[rig->settings.resolve_count++];
    e->host = str_of(host);
    e->port = 443;
    assert_int_equal(net_parse_ip(str_of(address), &e->address), OK);
    e->address.port = port;
}

static void on_done(void *owner, enum dial_result result, int fd,
    const struct net_address *peer)
{
    struct rig *rig = owner;
    assert_false(rig->is_inside);
    assert_false(rig->is_done);
    rig->is_done = true;
    rig->result = result;
    rig->fd = fd;
    rig->peer = *peer;
}

static void on_tick(uv_timer_t *timer)
{
    ((struct rig *)timer->data)->ran_ms += TICK_MS;
}

static struct dial *start(struct rig *rig, const char *host, uint16_t port)
{
    rig->is_done = false;
    if (rig->fd >= 0)
        (void)close(rig->fd);
    rig->fd = -1;
    rig->is_inside = true;
    uv_update_time(&rig->loop); /* as in a callback: timers begin now */
    struct dial *dial = dial_start(&rig->loop, &rig->defer, rig->resolver,
        &rig->settings, str_of(host), port, on_done, rig);
    rig->is_inside = false;
    return dial;
}

/* ran_ms: for how long the loop could run. While others have the processor a
 * timer comes due once: what dial does too late by itself shows here, what the
 * machine did not let it do does not. */
static void run_for(struct rig *rig, uint64_t ms)
{
    uv_timer_t tick = {.data = rig};
    uint64_t end = uv_hrtime() / 1000000 + ms;
    rig->ran_ms = 0;
    uv_timer_init(&rig->loop, &tick);
    uv_timer_start(&tick, on_tick, TICK_MS, TICK_MS);
    while (!rig->is_done && uv_hrtime() / 1000000 < end)
        uv_run(&rig->loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&tick, NULL);
    uv_run(&rig->loop, UV_RUN_NOWAIT);
}

/* Dials and returns how long it took. */
static uint64_t dial(struct rig *rig, const char *host, uint16_t port)
{
    uint64_t begin = uv_hrtime() / 1000000;
    start(rig, host, port);
    run_for(rig, WAIT_MS);
    assert_true(rig->is_done);
    assert_int_equal(rig->fd >= 0, rig->result == DIAL_OK);
    return uv_hrtime() / 1000000 - begin;
}

static void assert_peer(struct rig *rig, const char *address)
{
    char text[NET_TEXT_BYTES];
    assert_int_equal(rig->result, DIAL_OK);
    net_format(&rig->peer, text);
    assert_string_equal(text, address);
    struct sockaddr_storage at;
    socklen_t length = sizeof at;
    struct net_address real;
    assert_int_equal(getpeername(rig->fd, (struct sockaddr *)&at, &length), 0);
    net_from_sockaddr((struct sockaddr *)&at, &real);
    assert_true(net_equal(&real, &rig->peer));
}

/* Policy */

static void p1_a_private_literal_is_forbidden(void **state)
{
    struct rig *rig = *state;
    dial(rig, "127.0.0.1", rig->port);
    assert_int_equal(rig->result, DIAL_FORBIDDEN);
    dial(rig, "::1", rig->port);
    assert_int_equal(rig->result, DIAL_FORBIDDEN);
    dial(rig, "::ffff:127.0.0.1", rig->port);
    assert_int_equal(rig->result, DIAL_FORBIDDEN);
    dial(rig, "169.254.169.254", 80);
    assert_int_equal(rig->result, DIAL_FORBIDDEN);
}

static void an_allowed_private_literal_is_dialed(void **state)
{
    struct rig *rig = *state;
    allow_loopback(rig);
    dial(rig, "127.0.0.1", rig->port);
    assert_peer(rig, "127.0.0.1");
}

static void an_override_is_used_even_if_private(void **state)
{
    struct rig *rig = *state;
    add_override(rig, "chatgpt.com", "127.0.0.1", rig->port);
    dial(rig, "chatgpt.com", 443);
    assert_peer(rig, "127.0.0.1");
    assert_int_equal(rig->zone.asked, 0);
}

static void an_override_holds_for_its_own_port_only(void **state)
{
    struct rig *rig = *state;
    add_override(rig, "chatgpt.com", "127.0.0.1", rig->port);
    rig->zone.is_nxdomain = true;
    dial(rig, "chatgpt.com", 80);
    assert_int_equal(rig->result, DIAL_NOT_RESOLVED);
}

static void p1_a_name_with_a_private_address_is_forbidden(void **state)
{
    struct rig *rig = *state;
    rig->zone.v4[rig->zone.v4_count++] = "127.0.0.1";
    rig->zone.v6[rig->zone.v6_count++] = "::1";
    dial(rig, "rebound.example", rig->port);
    assert_int_equal(rig->result, DIAL_FORBIDDEN);
}

static void p1_of_several_addresses_only_allowed_ones_are_used(void **state)
{
    struct rig *rig = *state;
    rig->settings.allow_private_count = 1; /* IPv4 loopback */
    rig->zone.v6[rig->zone.v6_count++] = "::1";
    rig->zone.v4[rig->zone.v4_count++] = "10.0.0.1";
    rig->zone.v4[rig->zone.v4_count++] = "127.0.0.1";
    dial(rig, "mixed.example", rig->port);
    assert_peer(rig, "127.0.0.1");
}

static void p4_the_policy_of_now_holds_for_cached_names(void **state)
{
    struct rig *rig = *state;
    rig->zone.v4[rig->zone.v4_count++] = "127.0.0.1";
    allow_loopback(rig);
    dial(rig, "cached.example", rig->port);
    assert_peer(rig, "127.0.0.1");
    rig->settings.allow_private_count = 0;
    dial(rig, "cached.example", rig->port);
    assert_int_equal(rig->result, DIAL_FORBIDDEN);
    assert_int_equal(rig->zone.asked, 2); /* A and AAAA, once */
}

/* Names */

static void p2_an_odd_spelling_of_an_address_is_not_found(void **state)
{
    struct rig *rig = *state;
    const char *const odd[] = {"2130706433", "0x7f000001", "0177.0.0.1",
        "127.1", "127.0.0.1.", "0x7f.1"};
    for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
        dial(rig, odd[i], rig->port);
        assert_true(
            rig->result == DIAL_NOT_RESOLVED || rig->result == DIAL_FORBIDDEN);
    }
}

static void a_name_that_is_not_found_fails_at_once(void **state)
{
    struct rig *rig = *state;
    rig->zone.is_nxdomain = true;
    dial(rig, "nowhere.example", 443);
    assert_true(rig->ran_ms < 500);
    assert_int_equal(rig->result, DIAL_NOT_RESOLVED);
    unsigned asked = rig->zone.asked;
    dial(rig, "nowhere.example", 443);
    assert_int_equal(rig->result, DIAL_NOT_RESOLVED);
    assert_int_equal(rig->zone.asked, asked); /* remembered */
}

static void a_name_without_time_to_live_is_asked_for_again(void **state)
{
    struct rig *rig = *state;
    allow_loopback(rig);
    rig->zone.ttl = 0;
    rig->zone.v4[rig->zone.v4_count++] = "127.0.0.1";
    dial(rig, "flux.example", rig->port);
    assert_peer(rig, "127.0.0.1");
    rig->zone.v4[0] = "169.254.169.254";
    dial(rig, "flux.example", rig->port);
    assert_int_equal(rig->result, DIAL_FORBIDDEN);
}

static void the_hosts_file_comes_before_the_server(void **state)
{
    struct rig *rig = *state;
    allow_loopback(rig);
    dial(rig, "here.example", rig->port);
    assert_peer(rig, "127.0.0.1");
    dial(rig, "alias", rig->port);
    assert_peer(rig, "127.0.0.1");
    dial(rig, "doc.example", rig->port);
    assert_int_equal(rig->result, DIAL_FORBIDDEN);
    assert_int_equal(rig->zone.asked, 0);
}

static void a_silent_server_is_given_up_at_the_limit(void **state)
{
    struct rig *rig = *state;
    rig->settings.timeout_dial = 300;
    rig->zone.is_silent = true;
    uint64_t took = dial(rig, "slow.example", 443);
    assert_int_equal(rig->result, DIAL_TIMEOUT);
    assert_true(took >= 280 && rig->ran_ms < 1000);
}

static void a_server_silent_for_one_family_costs_little(void **state)
{
    struct rig *rig = *state;
    allow_loopback(rig);
    rig->zone.is_silent_for_v6 = true;
    rig->zone.v4[rig->zone.v4_count++] = "127.0.0.1";
    dial(rig, "half.example", rig->port);
    assert_peer(rig, "127.0.0.1");
    assert_true(rig->ran_ms < 500);
}

static void of_many_addresses_some_are_tried(void **state)
{
    struct rig *rig = *state;
    allow_loopback(rig);
    for (size_t i = 0; i < 28; i++) /* nobody listens at port 1 */
        rig->zone.v4[rig->zone.v4_count++] = "127.0.0.1";
    dial(rig, "many.example", 1);
    assert_true(rig->ran_ms < 2000);
    assert_int_equal(rig->result, DIAL_REFUSED);
}

static void names_that_are_none_are_not_asked_for(void **state)
{
    struct rig *rig = *state;
    char huge[400];
    memset(huge, 'a', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    const char *const bad[] = {"", "a b", "a\r\nb", huge};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        dial(rig, bad[i], 443);
        assert_int_equal(rig->result, DIAL_NOT_RESOLVED);
    }
    assert_int_equal(rig->zone.asked, 0);
}

/* Attempts */

static void a_refusal_is_told_as_such(void **state)
{
    struct rig *rig = *state;
    allow_loopback(rig);
    dial(rig, "127.0.0.1", 1);
    assert_int_equal(rig->result, DIAL_REFUSED);
}

static void after_a_dead_address_the_next_is_tried_at_once(void **state)
{
    struct rig *rig = *state;
    add_override(rig, "chatgpt.com", "127.0.0.3", 1);
    add_override(rig, "chatgpt.com", "127.0.0.1", rig->port);
    dial(rig, "chatgpt.com", 443);
    assert_true(rig->ran_ms < DIAL_STAGGER_MS);
    assert_peer(rig, "127.0.0.1");
}

static void a_black_hole_delays_by_one_step_only(void **state)
{
    struct rig *rig = *state;
    make_black_hole(rig);
    add_override(rig, "chatgpt.com", "127.0.0.2", rig->port);
    add_override(rig, "chatgpt.com", "127.0.0.1", rig->port);
    uint64_t took = dial(rig, "chatgpt.com", 443);
    assert_peer(rig, "127.0.0.1");
    assert_true(took >= DIAL_STAGGER_MS - 20 && rig->ran_ms < 1000);
}

static void black_holes_alone_end_at_the_limit(void **state)
{
    struct rig *rig = *state;
    make_black_hole(rig);
    rig->settings.timeout_dial = 400;
    add_override(rig, "chatgpt.com", "127.0.0.2", rig->port);
    uint64_t took = dial(rig, "chatgpt.com", 443);
    assert_int_equal(rig->result, DIAL_TIMEOUT);
    assert_true(took >= 380 && rig->ran_ms < 1000);
}

static void ipv6_is_tried_first(void **state)
{
    struct rig *rig = *state;
    if (rig->listening_v6 < 0)
        skip(); /* no IPv6 here */
    allow_loopback(rig);
    rig->zone.v4[rig->zone.v4_count++] = "127.0.0.1";
    rig->zone.v6[rig->zone.v6_count++] = "::1";
    dial(rig, "both.example", rig->port);
    assert_peer(rig, "::1");
}

static void a_cancelled_dial_says_nothing_more(void **state)
{
    struct rig *rig = *state;
    allow_loopback(rig);
    rig->zone.v4[rig->zone.v4_count++] = "127.0.0.1";
    struct dial *waiting = start(rig, "gone.example", rig->port);
    dial_cancel(&waiting);
    assert_null(waiting);
    struct dial *literal = start(rig, "127.0.0.1", rig->port);
    dial_cancel(&literal);
    struct dial *connecting = start(rig, "127.0.0.1", rig->port);
    uv_run(&rig->loop, UV_RUN_NOWAIT);
    if (!rig->is_done)
        dial_cancel(&connecting);
    else
        rig->is_done = false;
    run_for(rig, 100);
    assert_false(rig->is_done);
}

static void many_dials_for_one_name_ask_once(void **state)
{
    struct rig *rig = *state;
    struct dial *dials[20];
    rig->zone.v4[rig->zone.v4_count++] = "10.9.9.9";
    for (size_t i = 0; i < ARRAY_LEN(dials); i++)
        dials[i] = start(rig, "shared.example", rig->port);
    for (size_t i = 1; i < ARRAY_LEN(dials); i++)
        dial_cancel(&dials[i]);
    run_for(rig, WAIT_MS);
    assert_true(rig->is_done);
    assert_int_equal(rig->result, DIAL_FORBIDDEN);
    assert_int_equal(rig->zone.asked, 2);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(p1_a_private_literal_is_forbidden),
        TEST(an_allowed_private_literal_is_dialed),
        TEST(an_override_is_used_even_if_private),
        TEST(an_override_holds_for_its_own_port_only),
        TEST(p1_a_name_with_a_private_address_is_forbidden),
        TEST(p1_of_several_addresses_only_allowed_ones_are_used),
        TEST(p4_the_policy_of_now_holds_for_cached_names),
        TEST(p2_an_odd_spelling_of_an_address_is_not_found),
        TEST(a_name_that_is_not_found_fails_at_once),
        TEST(a_name_without_time_to_live_is_asked_for_again),
        TEST(the_hosts_file_comes_before_the_server),
        TEST(a_silent_server_is_given_up_at_the_limit),
        TEST(a_server_silent_for_one_family_costs_little),
        TEST(of_many_addresses_some_are_tried),
        TEST(names_that_are_none_are_not_asked_for),
        TEST(a_refusal_is_told_as_such),
        TEST(after_a_dead_address_the_next_is_tried_at_once),
        TEST(a_black_hole_delays_by_one_step_only),
        TEST(black_holes_alone_end_at_the_limit),
        TEST(ipv6_is_tried_first),
        TEST(a_cancelled_dial_says_nothing_more),
        TEST(many_dials_for_one_name_ask_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
