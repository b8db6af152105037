/*
 * Links over socket pairs of real TCP connections on loopback, with events
 * recorded by the test.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "proxy/io_link.h"

enum { BIG = 8 * 1024 * 1024, WAIT_MS = 5000 };

/* One end is a link, the other a plain socket of the test. */
struct rig {
    uv_loop_t loop;
    struct defer_queue defer;
    struct io_links *links;
    struct link *link;
    int fd;         /* the other end, or -1 */
    struct buf got; /* what `link` read */
    unsigned eofs, brokens, drained;
    int error;
    bool is_echo, pauses_at_bytes, is_inside;
    unsigned takes_ms, reads;
};

static void on_bytes(void *owner, struct link *link, struct str data)
{
    struct rig *rig = owner;
    assert_false(rig->is_inside);
    buf_append_str(&rig->got, data);
    rig->reads++;
    if (rig->takes_ms != 0)
        uv_sleep(rig->takes_ms);
    if (rig->pauses_at_bytes)
        io_link_pause(link);
    if (rig->is_echo) {
        struct buf copy = {0};
        buf_append_str(&copy, data);
        rig->is_inside = true;
        io_link_send(link, &copy);
        rig->is_inside = false;
        assert_null(copy.base);
    }
}

static void on_eof(void *owner, struct link *link)
{
    struct rig *rig = owner;
    assert_false(rig->is_inside);
    if (link == rig->link)
        rig->eofs++;
}

static void on_broken(void *owner, struct link *link, int uv_error)
{
    struct rig *rig = owner;
    assert_false(rig->is_inside);
    if (link == rig->link) {
        rig->brokens++;
        rig->error = uv_error;
    }
}

static void on_drained(void *owner, struct link *link)
{
    struct rig *rig = owner;
    assert_true(link->queued <= LINK_QUEUE_LOW);
    rig->drained++;
}

static const struct link_events EVENTS = {
    on_bytes, on_eof, on_broken, on_drained};

/* A connected pair of TCP sockets on loopback. */
static void tcp_pair(int fds[2])
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof at;
    int listening = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listening, (struct sockaddr *)&at, n), 0);
    assert_int_equal(listen(listening, 1), 0);
    assert_int_equal(getsockname(listening, (struct sockaddr *)&at, &n), 0);
    fds[0] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fds[0], (struct sockaddr *)&at, n), 0);
    fds[1] = accept(listening, NULL, NULL);
    assert_true(fds[1] >= 0);
    (void)close(listening);
}

static int setup(void **state)
{
    struct rig *rig = MEM_NEW(struct rig);
    struct net_address peer = {.bytes = {127, 0, 0, 1}, .port = 7};
    int fds[2];
    uv_loop_init(&rig->loop);
    defer_init(&rig->defer, &rig->loop);
    rig->links = io_links_new(&rig->loop, &rig->defer, &EVENTS);
    tcp_pair(fds);
    rig->fd = fds[0];
    rig->link = io_link_new(rig->links, rig);
    assert_int_equal(io_link_open(rig->link, fds[1], &peer), OK);
    assert_true(net_equal(&rig->link->peer, &peer));
    *state = rig;
    return 0;
}

static int teardown(void **state)
{
    struct rig *rig = *state;
    io_links_cut(rig->links);
    while (io_links_count(rig->links) > 0)
        uv_run(&rig->loop, UV_RUN_NOWAIT);
    io_links_free(&rig->links);
    defer_close(&rig->defer);
    while (uv_run(&rig->loop, UV_RUN_DEFAULT) != 0) {
    }
    assert_int_equal(uv_loop_close(&rig->loop), 0);
    if (rig->fd >= 0)
        (void)close(rig->fd);
    buf_free(&rig->got);
    mem_free(rig);
    return 0;
}

static void on_tick(uv_timer_t *timer)
{
    (void)timer;
}

/* Turns the loop until *value is at least `want`, or for WAIT_MS. */
static void run_until(struct rig *rig, const size_t *value, size_t want)
{
    uv_timer_t tick;
    uint64_t end = uv_hrtime() / 1000000 + WAIT_MS;
    uv_timer_init(&rig->loop, &tick);
    uv_timer_start(&tick, on_tick, 5, 5);
    while (*value < want && uv_hrtime() / 1000000 < end)
        uv_run(&rig->loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&tick, NULL);
    uv_run(&rig->loop, UV_RUN_NOWAIT);
    assert_true(*value >= want);
}

static void run_for(struct rig *rig, uint64_t ms)
{
    uint64_t end = uv_hrtime() / 1000000 + ms;
    while (uv_hrtime() / 1000000 < end) {
        uv_run(&rig->loop, UV_RUN_NOWAIT);
        (void)poll(NULL, 0, 2);
    }
}

static void run_until_count(struct rig *rig, unsigned *value, unsigned want)
{
    for (int i = 0; i < WAIT_MS / 5 && *value < want; i++)
        run_for(rig, 5);
    assert_true(*value >= want);
}

static struct buf text(const char *s)
{
    struct buf b = {0};
    buf_append_str(&b, str_of(s));
    return b;
}

static struct buf big(size_t n)
{
    struct buf b = {0};
    char *p = buf_reserve(&b, n);
    for (size_t i = 0; i < n; i++)
        p[i] = (char)(i * 31 + i / 251);
    buf_commit(&b, n);
    return b;
}

/* Reads from the plain end, turning the loop, until n bytes or the end. */
static size_t read_all(struct rig *rig, char *to, size_t n)
{
    size_t got = 0;
    for (int idle = 0; got < n && idle < WAIT_MS / 2;) {
        ssize_t part = recv(rig->fd, to + got, n - got, MSG_DONTWAIT);
        if (part == 0)
            break;
        if (part > 0) {
            got += (size_t)part;
            idle = 0;
        } else {
            run_for(rig, 1);
            idle++;
        }
    }
    return got;
}

static void what_comes_in_is_reported_and_echoed(void **state)
{
    struct rig *rig = *state;
    char back[16];
    rig->is_echo = true;
    assert_int_equal(send(rig->fd, "hello", 5, 0), 5);
    run_until(rig, &rig->got.n, 5);
    assert_true(str_is(buf_str(&rig->got), "hello"));
    assert_int_equal(read_all(rig, back, 5), 5);
    assert_memory_equal(back, "hello", 5);
    assert_int_equal(rig->link->queued, 0);
}

static void a_big_transfer_is_queued_counted_and_drained_once(void **state)
{
    struct rig *rig = *state;
    struct buf data = big(BIG), want = big(BIG);
    char *got = mem_alloc(BIG);
    io_link_send(rig->link, &data);
    assert_null(data.base);
    assert_true(rig->link->queued > LINK_QUEUE_HIGH);
    assert_int_equal(rig->drained, 0);
    assert_int_equal(read_all(rig, got, BIG), BIG);
    assert_memory_equal(got, buf_bytes(&want), BIG);
    run_until_count(rig, &rig->drained, 1);
    run_for(rig, 20);
    assert_int_equal(rig->drained, 1);
    assert_int_equal(rig->link->queued, 0);
    mem_free(got);
    buf_free(&want);
}

static void pieces_stay_in_order_while_queued(void **state)
{
    struct rig *rig = *state;
    struct buf all = big(BIG);
    char *got = mem_alloc(BIG);
    for (size_t at = 0; at < BIG; at += 100000) {
        size_t n = BIG - at < 100000 ? BIG - at : 100000;
        struct buf piece = {0};
        buf_append(&piece, buf_bytes(&all) + at, n);
        io_link_send(rig->link, &piece);
    }
    assert_int_equal(read_all(rig, got, BIG), BIG);
    assert_memory_equal(got, buf_bytes(&all), BIG);
    mem_free(got);
    buf_free(&all);
}

static void a_paused_link_reads_nothing_until_resumed(void **state)
{
    struct rig *rig = *state;
    struct buf data = big(1024 * 1024);
    rig->pauses_at_bytes = true;
    (void)send(rig->fd, buf_bytes(&data), data.n, MSG_DONTWAIT);
    run_until(rig, &rig->got.n, 1);
    run_for(rig, 30);
    assert_true(rig->got.n <= LINK_READ_MAX);
    assert_true(rig->link->is_paused);
    size_t before = rig->got.n;
    io_link_resume(rig->link);
    run_until(rig, &rig->got.n, before + 1);
    assert_memory_equal(buf_bytes(&rig->got), buf_bytes(&data), rig->got.n);
    buf_free(&data);
}

static void after_a_half_close_the_other_direction_works_on(void **state)
{
    struct rig *rig = *state;
    char got[8];
    struct buf last = text("last");
    io_link_send(rig->link, &last);
    io_link_shutdown(rig->link);
    assert_int_equal(read_all(rig, got, sizeof got), 4);
    assert_int_equal(recv(rig->fd, got, 1, 0), 0);
    assert_int_equal(send(rig->fd, "still", 5, 0), 5);
    run_until(rig, &rig->got.n, 5);
    (void)shutdown(rig->fd, SHUT_WR);
    run_until_count(rig, &rig->eofs, 1);
    run_for(rig, 20);
    assert_int_equal(rig->eofs, 1);
    assert_int_equal(rig->brokens, 0);
}

static void after_the_peers_half_close_sending_works_on(void **state)
{
    struct rig *rig = *state;
    char got[8];
    (void)shutdown(rig->fd, SHUT_WR);
    run_until_count(rig, &rig->eofs, 1);
    struct buf answer = text("answer");
    io_link_send(rig->link, &answer);
    assert_int_equal(read_all(rig, got, 6), 6);
}

static void close_sends_what_is_queued_before_the_end(void **state)
{
    struct rig *rig = *state;
    struct buf data = big(BIG), want = big(BIG);
    char *got = mem_alloc(BIG + 1);
    io_link_send(rig->link, &data);
    io_link_close(rig->link);
    assert_int_equal(read_all(rig, got, BIG + 1), BIG);
    assert_memory_equal(got, buf_bytes(&want), BIG);
    (void)close(rig->fd);
    rig->fd = -1;
    run_for(rig, 50);
    assert_int_equal(io_links_count(rig->links), 0);
    assert_int_equal(rig->eofs + rig->brokens + rig->drained, 0);
    mem_free(got);
    buf_free(&want);
}

static void a_closed_link_does_not_wait_for_ever_for_the_peers_end(void **state)
{
    struct rig *rig = *state;
    io_link_close(rig->link);
    run_for(rig, LINK_LINGER_MS - 500);
    assert_int_equal(io_links_count(rig->links), 1);
    run_for(rig, 1500);
    assert_int_equal(io_links_count(rig->links), 0);
}

static void bytes_after_close_are_dropped_and_not_reported(void **state)
{
    struct rig *rig = *state;
    char c;
    assert_int_equal(send(rig->fd, "late", 4, 0), 4);
    io_link_close(rig->link);
    run_for(rig, 30);
    assert_int_equal(rig->got.n, 0);
    /* An orderly end, no reset, although bytes came that nobody wanted. */
    assert_int_equal(recv(rig->fd, &c, 1, 0), 0);
}

static void abort_is_seen_as_a_reset_by_the_peer(void **state)
{
    struct rig *rig = *state;
    char c;
    struct buf data = big(BIG);
    io_link_send(rig->link, &data);
    io_link_abort(rig->link);
    run_for(rig, 20);
    assert_int_equal(io_links_count(rig->links), 0);
    ssize_t n;
    do
        n = recv(rig->fd, &c, 1, MSG_DONTWAIT);
    while (n > 0);
    assert_int_equal(n, -1);
    assert_int_equal(errno, ECONNRESET);
    assert_int_equal(rig->brokens, 0);
}

static void a_reset_by_the_peer_is_reported_once(void **state)
{
    struct rig *rig = *state;
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    setsockopt(rig->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    (void)close(rig->fd);
    rig->fd = -1;
    run_until_count(rig, &rig->brokens, 1);
    struct buf data = text("into the void");
    io_link_send(rig->link, &data);
    run_for(rig, 20);
    assert_int_equal(rig->brokens, 1);
    assert_int_equal(rig->error, UV_ECONNRESET);
    io_link_close(rig->link);
    run_for(rig, 5);
    assert_int_equal(io_links_count(rig->links), 0);
}

static void an_error_while_sending_is_reported_later_not_inside(void **state)
{
    struct rig *rig = *state;
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    io_link_pause(rig->link); /* so that reading does not find it first */
    setsockopt(rig->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    (void)close(rig->fd);
    rig->fd = -1;
    struct buf data = text("into the void");
    rig->is_inside = true;
    io_link_send(rig->link, &data);
    rig->is_inside = false;
    assert_int_equal(rig->brokens, 0);
    run_until_count(rig, &rig->brokens, 1);
    assert_int_equal(rig->brokens, 1);
}

static void f16_what_came_before_a_reset_is_read(void **state)
{
    struct rig *rig = *state;
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    assert_int_equal(write(rig->fd, "early answer", 12), 12);
    setsockopt(rig->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    (void)close(rig->fd);
    rig->fd = -1;
    struct buf data = text("more of the request");
    io_link_send(rig->link, &data);
    run_until_count(rig, &rig->brokens, 1);
    assert_true(str_is(buf_str(&rig->got), "early answer"));
    assert_int_equal(rig->eofs, 0);
    assert_int_equal(rig->brokens, 1);
}

static void a_link_without_a_socket_can_be_closed(void **state)
{
    struct rig *rig = *state;
    struct link *link = io_link_new(rig->links, rig);
    struct buf data = text("nobody there");
    io_link_send(link, &data);
    assert_null(data.base);
    io_link_close(link);
    run_for(rig, 5);
    assert_int_equal(io_links_count(rig->links), 1);
}

/* As much as the socket's queue takes. */
static size_t send_much(int fd)
{
    static char data[8 * LINK_READ_MAX];
    size_t sent = 0;
    while (sent < sizeof data) {
        ssize_t n = send(fd, data + sent, sizeof data - sent, MSG_DONTWAIT);
        if (n < 0)
            break;
        sent += (size_t)n;
    }
    return sent;
}

static void a_reader_that_takes_long_is_called_once_a_turn(void **state)
{
    struct rig *rig = *state;
    rig->takes_ms = DEFER_TURN_MS + 2;
    size_t sent = send_much(rig->fd);
    assert_true(sent >= 2 * (size_t)LINK_READ_MAX);
    for (unsigned turn = 1; rig->got.n < sent; turn++) {
        uv_run(&rig->loop, UV_RUN_ONCE);
        assert_true(rig->reads <= turn);
    }
    assert_true(rig->reads >= 2);
    assert_int_equal(rig->brokens, 0);
}

/* Its turn of the loop is over as soon as it has read, each time. */
static void f45_who_takes_long_does_not_keep_others_from_reading(void **state)
{
    struct rig *rig = *state, other = {0};
    struct net_address peer = {.bytes = {127, 0, 0, 1}, .port = 8};
    int fds[2];
    tcp_pair(fds);
    other.link = io_link_new(rig->links, &other);
    assert_int_equal(io_link_open(other.link, fds[1], &peer), OK);
    rig->takes_ms = DEFER_TURN_MS + 2;
    size_t sent = send_much(rig->fd);
    assert_true(sent >= 6 * (size_t)LINK_READ_MAX);
    assert_int_equal(send(fds[0], "hello", 5, 0), 5);
    while (other.got.n == 0 && rig->got.n < sent)
        uv_run(&rig->loop, UV_RUN_ONCE);
    assert_true(str_is(buf_str(&other.got), "hello"));
    assert_true(rig->got.n > 0 && rig->got.n < sent);
    buf_free(&other.got);
    (void)close(fds[0]);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_comes_in_is_reported_and_echoed),
        TEST(a_big_transfer_is_queued_counted_and_drained_once),
        TEST(pieces_stay_in_order_while_queued),
        TEST(a_paused_link_reads_nothing_until_resumed),
        TEST(after_a_half_close_the_other_direction_works_on),
        TEST(after_the_peers_half_close_sending_works_on),
        TEST(close_sends_what_is_queued_before_the_end),
        TEST(a_closed_link_does_not_wait_for_ever_for_the_peers_end),
        TEST(bytes_after_close_are_dropped_and_not_reported),
        TEST(abort_is_seen_as_a_reset_by_the_peer),
        TEST(a_reset_by_the_peer_is_reported_once),
        TEST(an_error_while_sending_is_reported_later_not_inside),
        TEST(f16_what_came_before_a_reset_is_read),
        TEST(a_link_without_a_socket_can_be_closed),
        TEST(a_reader_that_takes_long_is_called_once_a_turn),
        TEST(f45_who_takes_long_does_not_keep_others_from_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
