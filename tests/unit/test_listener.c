/*
 * Accepting clients from several loopback addresses.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "proxy/listener.h"
#include "tests/unit/loop.h"

enum { CLIENTS_MAX = 64 };

struct rig {
    uv_loop_t loop;
    struct listener *listener;
    struct settings settings;
    struct net_range allowed[1];
    uint16_t port;
    int clients[CLIENTS_MAX];
    size_t client_count;
    int accepted[CLIENTS_MAX];
    struct net_address peers[CLIENTS_MAX];
    size_t accepted_count;
};

static struct rig *rig;

static void on_accept(void *owner, int fd, const struct net_address *peer)
{
    assert_ptr_equal(owner, rig);
    assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    rig->accepted[rig->accepted_count] = fd;
    rig->peers[rig->accepted_count++] = *peer;
}

static int make_socket(void)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, n), 0);
    assert_int_equal(listen(fd, CLIENTS_MAX), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
    rig->port = ntohs(at.sin_port);
    return fd;
}

static int setup(void **state)
{
    (void)state;
    rig = MEM_NEW(struct rig);
    uv_loop_init(&rig->loop);
    int fd = make_socket();
    rig->listener = listener_new(&rig->loop, &fd, 1, on_accept, rig);
    rig->settings.clients_allow = rig->allowed;
    rig->settings.clients_allow_count = 1;
    rig->settings.clients_max_connections = CLIENTS_MAX;
    rig->settings.clients_max_per_address = CLIENTS_MAX;
    assert_int_equal(
        net_parse_range(STR("127.0.0.0/16"), &rig->allowed[0]), OK);
    return 0;
}

static void end_accepted(size_t i)
{
    (void)close(rig->accepted[i]);
    rig->accepted[i] = -1;
    listener_release(rig->listener, &rig->peers[i]);
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < rig->accepted_count; i++)
        if (rig->accepted[i] >= 0)
            end_accepted(i);
    for (size_t i = 0; i < rig->client_count; i++)
        (void)close(rig->clients[i]);
    listener_free(&rig->listener);
    uv_run(&rig->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&rig->loop), 0);
    mem_free(rig);
    return 0;
}

static int client(const char *from)
{
    struct sockaddr_in at, to = {.sin_family = AF_INET,
                               .sin_port = htons(rig->port),
                               .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    uv_ip4_addr(from, 0, &at);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    (void)!connect(fd, (struct sockaddr *)&to, sizeof to);
    rig->clients[rig->client_count++] = fd;
    return fd;
}

static bool is_closed(int fd)
{
    char c;
    ssize_t n = recv(fd, &c, 1, MSG_DONTWAIT);
    return n == 0 || (n < 0 && errno != EAGAIN);
}

static void nothing_is_accepted_before_it_is_configured(void **state)
{
    (void)state;
    client("127.0.0.1");
    loop_run_for(&rig->loop, 20);
    assert_int_equal(rig->accepted_count, 0);
    listener_configure(rig->listener, &rig->settings);
    loop_run_for(&rig->loop, 20);
    assert_int_equal(rig->accepted_count, 1);
}

static void a_client_of_no_allowed_network_is_closed_unread(void **state)
{
    (void)state;
    listener_configure(rig->listener, &rig->settings);
    int bad = client("127.9.0.1"), good = client("127.0.7.7");
    loop_run_for(&rig->loop, 30);
    assert_int_equal(rig->accepted_count, 1);
    assert_true(is_closed(bad));
    assert_false(is_closed(good));
    char text[NET_TEXT_BYTES];
    net_format(&rig->peers[0], text);
    assert_string_equal(text, "127.0.7.7");
}

static void one_address_gets_its_share_and_others_theirs(void **state)
{
    (void)state;
    rig->settings.clients_max_per_address = 2;
    listener_configure(rig->listener, &rig->settings);
    for (int i = 0; i < 3; i++)
        client("127.0.0.2");
    client("127.0.0.3");
    loop_run_for(&rig->loop, 30);
    assert_int_equal(rig->accepted_count, 3);
    assert_true(is_closed(rig->clients[2]));
    end_accepted(0);
    int again = client("127.0.0.2");
    loop_run_for(&rig->loop, 30);
    assert_int_equal(rig->accepted_count, 4);
    assert_false(is_closed(again));
}

static void at_the_limit_clients_wait_until_one_leaves(void **state)
{
    (void)state;
    rig->settings.clients_max_connections = 5;
    listener_configure(rig->listener, &rig->settings);
    for (int i = 0; i < 8; i++)
        client("127.0.0.1");
    loop_run_for(&rig->loop, 30);
    assert_int_equal(rig->accepted_count, 5);
    assert_false(is_closed(rig->clients[7]));
    end_accepted(0);
    end_accepted(1);
    loop_run_for(&rig->loop, 30);
    assert_int_equal(rig->accepted_count, 7);
}

static void out_of_descriptors_it_pauses_and_goes_on(void **state)
{
    (void)state;
    struct rlimit before, low;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    listener_configure(rig->listener, &rig->settings);
    for (int i = 0; i < 3; i++)
        client("127.0.0.1");
    int next = dup(0); /* the lowest free one */
    (void)close(next);
    low = before;
    low.rlim_cur = (rlim_t)next + 1; /* room for one */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    unsigned turns = 0;
    uv_update_time(&rig->loop);
    uint64_t until = uv_now(&rig->loop) + 450;
    while (uv_now(&rig->loop) < until) {
        uv_run(&rig->loop, UV_RUN_ONCE); /* blocks while paused */
        turns++;
    }
    assert_int_equal(rig->accepted_count, 1);
    assert_true(turns < 30);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    loop_run_for(&rig->loop, 2 * LISTENER_STARVED_MS);
    assert_int_equal(rig->accepted_count, 3);
}

static void after_a_stop_nobody_listens(void **state)
{
    (void)state;
    listener_configure(rig->listener, &rig->settings);
    listener_stop(rig->listener);
    int late = client("127.0.0.1");
    loop_run_for(&rig->loop, 20);
    assert_int_equal(rig->accepted_count, 0);
    assert_true(is_closed(late));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_accepted_before_it_is_configured),
        TEST(a_client_of_no_allowed_network_is_closed_unread),
        TEST(one_address_gets_its_share_and_others_theirs),
        TEST(at_the_limit_clients_wait_until_one_leaves),
        TEST(out_of_descriptors_it_pauses_and_goes_on),
        TEST(after_a_stop_nobody_listens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
