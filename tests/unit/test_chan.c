/* proxy/chan.h, proxy/control.h */
#include "proxy/chan.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/mem.h"
#include "proxy/control.h"

struct side {
    struct chan *chan;
    struct buf got;
    size_t count, drained;
    int fd;
    bool is_closed, frees_itself;
};

static void on_message(void *owner, struct str datagram, int fd)
{
    struct side *side = owner;
    side->count++;
    if (side->got.n < 4096)
        buf_append_str(&side->got, str_sub(datagram, 0, 64));
    if (fd >= 0)
        side->fd = fd;
    if (side->frees_itself)
        chan_free(&side->chan);
}

static void on_drained(void *owner)
{
    ((struct side *)owner)->drained++;
}

static void on_closed(void *owner)
{
    struct side *side = owner;
    side->is_closed = true;
    chan_free(&side->chan);
}

static const struct chan_events events = {on_message, on_drained, on_closed};

struct pair {
    uv_loop_t loop;
    struct side a, b;
};

static struct pair *pair_new(void)
{
    struct pair *p = MEM_NEW(struct pair);
    int fds[2];
    uv_loop_init(&p->loop);
    assert_int_equal(chan_pair(fds), OK);
    p->a.fd = p->b.fd = -1;
    p->a.chan = chan_new(&p->loop, fds[0], &events, &p->a);
    p->b.chan = chan_new(&p->loop, fds[1], &events, &p->b);
    return p;
}

static void pair_free(struct pair *p)
{
    chan_free(&p->a.chan);
    chan_free(&p->b.chan);
    uv_run(&p->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&p->loop), 0);
    buf_free(&p->a.got);
    buf_free(&p->b.got);
    mem_free(p);
}

static void datagrams_keep_their_bounds_and_order(void **state)
{
    (void)state;
    struct pair *p = pair_new();
    assert_int_equal(chan_send(p->a.chan, STR("one,"), -1), OK);
    assert_int_equal(chan_send(p->a.chan, STR("two"), -1), OK);
    uv_run(&p->loop, UV_RUN_ONCE);
    assert_int_equal(p->b.count, 2);
    assert_int_equal(p->b.drained, 1);
    assert_true(str_is(buf_str(&p->b.got), "one,two"));
    pair_free(p);
}

static void what_the_socket_does_not_take_waits(void **state)
{
    (void)state;
    struct pair *p = pair_new();
    char *big = mem_zalloc(CHAN_DATAGRAM_MAX);
    struct str datagram = {big, CHAN_DATAGRAM_MAX};
    for (int i = 0; i < 100; i++)
        assert_int_equal(chan_send(p->a.chan, datagram, -1), OK);
    while (p->b.count < 100)
        uv_run(&p->loop, UV_RUN_ONCE);
    mem_free(big);
    pair_free(p);
}

static void the_queue_and_the_datagram_are_bounded(void **state)
{
    (void)state;
    struct pair *p = pair_new();
    char *big = mem_zalloc(CHAN_DATAGRAM_MAX + 1);
    struct str too_big = {big, CHAN_DATAGRAM_MAX + 1};
    assert_int_equal(chan_send(p->a.chan, too_big, -1), ERR_LIMIT);
    assert_int_equal(chan_send(p->a.chan, STR(""), -1), ERR_LIMIT);
    enum err err = OK;
    size_t sent = 0;
    while (err == OK && sent < 4096) {
        err = chan_send(p->a.chan, str_sub(too_big, 0, CHAN_DATAGRAM_MAX), -1);
        sent += err == OK;
    }
    assert_int_equal(err, ERR_LIMIT);
    assert_in_range(sent, CHAN_QUEUE_MAX / CHAN_DATAGRAM_MAX, 1100);
    mem_free(big);
    pair_free(p);
}

static void a_descriptor_travels_with_its_datagram(void **state)
{
    (void)state;
    struct pair *p = pair_new();
    int fd;
    struct str bytes;
    assert_int_equal(memfd_from(STR("payload"), &fd), OK);
    assert_int_equal(chan_send(p->a.chan, STR("x"), fd), OK);
    close(fd);
    uv_run(&p->loop, UV_RUN_ONCE);
    assert_true(p->b.fd >= 0);
    assert_int_equal(memfd_map(p->b.fd, 100, &bytes), OK);
    assert_true(str_is(bytes, "payload"));
    memfd_unmap(bytes);
    assert_int_equal(memfd_map(p->b.fd, 3, &bytes), ERR_LIMIT);
    close(p->b.fd);
    pair_free(p);
}

static void the_end_comes_after_what_was_sent(void **state)
{
    (void)state;
    struct pair *p = pair_new();
    assert_int_equal(chan_send(p->a.chan, STR("last"), -1), OK);
    chan_free(&p->a.chan);
    for (int i = 0; i < 10 && !p->b.is_closed; i++)
        uv_run(&p->loop, UV_RUN_ONCE);
    assert_true(p->b.is_closed);
    assert_true(str_is(buf_str(&p->b.got), "last"));
    pair_free(p);
}

static void a_channel_may_be_freed_in_its_own_event(void **state)
{
    (void)state;
    struct pair *p = pair_new();
    p->b.frees_itself = true;
    assert_int_equal(chan_send(p->a.chan, STR("1"), -1), OK);
    assert_int_equal(chan_send(p->a.chan, STR("2"), -1), OK);
    uv_run(&p->loop, UV_RUN_ONCE);
    assert_int_equal(p->b.count, 1);
    assert_int_equal(p->b.drained, 0);
    uv_run(&p->loop, UV_RUN_ONCE);
    pair_free(p);
}

static void an_unsealed_memfd_is_not_mapped(void **state)
{
    (void)state;
    struct str bytes;
    int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_int_equal(write(fd, "abc", 3), 3);
    assert_int_equal(memfd_map(fd, 100, &bytes), ERR_PARSE);
    close(fd);
}

static void what_somebody_may_still_write_to_is_not_sealed(void **state)
{
    (void)state;
    struct str bytes;
    int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_int_equal(write(fd, "abc", 3), 3);
    void *p = mmap(NULL, 3, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_ptr_not_equal(p, MAP_FAILED);
    assert_int_equal(memfd_seal(fd), ERR_IO);
    assert_int_equal(errno, EBUSY);
    assert_int_equal(munmap(p, 3), 0);
    assert_int_equal(memfd_seal(fd), OK);
    assert_int_equal(memfd_map(fd, 100, &bytes), OK);
    assert_true(str_is(bytes, "abc"));
    memfd_unmap(bytes);
    close(fd);
}

static void control_messages_survive_the_way(void **state)
{
    (void)state;
    struct control in = {.type = CONTROL_ORIGINS,
        .peer = ROLE_WORKER,
        .index = 3,
        .origin = 77,
        .value = UINT64_MAX,
        .origins = {5, 6},
        .origin_count = 2};
    struct control *out = MEM_NEW(struct control);
    struct buf bytes = {0};
    control_encode(&in, &bytes);
    assert_int_equal(control_decode(buf_str(&bytes), out), OK);
    assert_memory_equal(&in, out, sizeof in);
    for (size_t cut = 0; cut < bytes.n; cut++)
        assert_int_equal(
            control_decode(str_sub(buf_str(&bytes), 0, cut), out), ERR_PARSE);
    buf_bytes(&bytes)[0] = (char)0x7f;
    assert_int_equal(control_decode(buf_str(&bytes), out), ERR_PARSE);
    buf_free(&bytes);
    mem_free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(datagrams_keep_their_bounds_and_order),
        cmocka_unit_test(what_the_socket_does_not_take_waits),
        cmocka_unit_test(the_queue_and_the_datagram_are_bounded),
        cmocka_unit_test(a_descriptor_travels_with_its_datagram),
        cmocka_unit_test(the_end_comes_after_what_was_sent),
        cmocka_unit_test(a_channel_may_be_freed_in_its_own_event),
        cmocka_unit_test(an_unsealed_memfd_is_not_mapped),
        cmocka_unit_test(what_somebody_may_still_write_to_is_not_sealed),
        cmocka_unit_test(control_messages_survive_the_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
