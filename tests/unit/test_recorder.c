/*
 * The recorder against a storer that the test plays at the other end of a
 * channel.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "proxy/chan.h"
#include "proxy/recorder.h"
#include "store/record.h"
#include "tests/unit/loop.h"

enum { ORIGIN = 77, SEEN_MAX = 512 };

struct seen {
    uint64_t token;
    enum store_kind kind;
    char id[UUID_TEXT_BYTES];
    size_t bytes;
    char first; /* of the payload */
};

struct rig {
    uv_loop_t loop;
    struct defer_queue defer;
    struct recorder *recorder;
    struct chan *storer; /* the test's end */
    struct seen seen[SEEN_MAX];
    size_t seen_count;
    uint64_t tokens[SEEN_MAX]; /* of the answers to the owner */
    enum err errs[SEEN_MAX];
    size_t done_count;
    bool is_inside;
};

static struct rig *rig; /* the owner of every record is &owner_a or _b */
static int owner_a, owner_b;
static void *last_owner;

static void on_done(void *owner, uint64_t token, enum err err)
{
    assert_false(rig->is_inside);
    last_owner = owner;
    rig->tokens[rig->done_count] = token;
    rig->errs[rig->done_count++] = err;
}

static void on_request(void *owner, struct str datagram, int fd)
{
    (void)owner;
    struct store_request request;
    struct seen *seen = &rig->seen[rig->seen_count++];
    struct str json = STR_NONE;
    assert_int_equal(store_request_decode(datagram, &request), OK);
    assert_int_equal(request.origin, ORIGIN);
    seen->token = request.token;
    seen->kind = request.kind;
    memcpy(seen->id, request.id, sizeof seen->id);
    if (fd >= 0) {
        assert_int_equal(memfd_map(fd, STORE_JSON_MAX, &json), OK);
        seen->first = json.p[0];
        seen->bytes = json.n;
        memfd_unmap(json);
        (void)close(fd);
    } else {
        seen->first = request.json.p[0];
        seen->bytes = request.json.n;
    }
}

static void on_storer_closed(void *owner)
{
    (void)owner;
    chan_free(&rig->storer);
}

static const struct chan_events STORER_EVENTS = {
    .on_message = on_request, .on_closed = on_storer_closed};

static void connect_storer(void)
{
    int fds[2];
    assert_int_equal(chan_pair(fds), OK);
    chan_free(&rig->storer);
    rig->storer = chan_new(&rig->loop, fds[0], &STORER_EVENTS, rig);
    recorder_attach(rig->recorder, fds[1]);
}

static int setup(void **state)
{
    (void)state;
    rig = MEM_NEW(struct rig);
    uv_loop_init(&rig->loop);
    defer_init(&rig->defer, &rig->loop);
    rig->recorder = recorder_new(&rig->loop, &rig->defer, ORIGIN, on_done);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    recorder_free(&rig->recorder);
    chan_free(&rig->storer);
    defer_close(&rig->defer);
    uv_run(&rig->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&rig->loop), 0);
    mem_free(rig);
    return 0;
}

static void put(void *owner, uint64_t token, enum record_kind kind, size_t n,
    char fill, char id[UUID_TEXT_BYTES])
{
    struct record record = {.kind = kind};
    clock_uuid7(record.id);
    if (id != NULL)
        memcpy(id, record.id, sizeof record.id);
    memset(buf_reserve(&record.json, n), fill, n);
    buf_commit(&record.json, n);
    rig->is_inside = true;
    recorder_put(rig->recorder, owner, token, &record);
    rig->is_inside = false;
    assert_null(record.json.base);
}

static void answer(size_t index, enum err err)
{
    struct buf out = {0};
    struct store_answer a = {.token = rig->seen[index].token, .err = err};
    store_answer_encode(&a, &out);
    assert_int_equal(chan_send(rig->storer, buf_str(&out), -1), OK);
    buf_free(&out);
}

static void a_record_goes_out_and_its_answer_comes_back(void **state)
{
    (void)state;
    char id[UUID_TEXT_BYTES];
    connect_storer();
    put(&owner_a, 5, RECORD_OPEN, 100, 'x', id);
    loop_run_for(&rig->loop, 10);
    assert_int_equal(rig->seen_count, 1);
    assert_string_equal(rig->seen[0].id, id);
    assert_int_equal(rig->seen[0].kind, STORE_OPEN);
    assert_int_equal(rig->seen[0].bytes, 100);
    assert_int_equal(recorder_pending(rig->recorder), 1);
    answer(0, OK);
    loop_run_for(&rig->loop, 10);
    assert_int_equal(rig->done_count, 1);
    assert_ptr_equal(last_owner, &owner_a);
    assert_int_equal(rig->tokens[0], 5);
    assert_int_equal(rig->errs[0], OK);
    assert_int_equal(recorder_pending(rig->recorder), 0);
    answer(0, OK); /* a second one is nobody's */
    loop_run_for(&rig->loop, 10);
    assert_int_equal(rig->done_count, 1);
}

static void a_large_record_travels_in_a_memfd(void **state)
{
    (void)state;
    connect_storer();
    put(&owner_a, 1, RECORD_DONE, STORE_INLINE_MAX, 'i', NULL);
    put(&owner_a, 2, RECORD_DONE, STORE_INLINE_MAX + 1, 'm', NULL);
    put(&owner_a, 3, RECORD_DONE, 5 << 20, 'l', NULL);
    loop_run_for(&rig->loop, 20);
    assert_int_equal(rig->seen_count, 3);
    assert_int_equal(rig->seen[0].bytes, STORE_INLINE_MAX);
    assert_int_equal(rig->seen[1].bytes, STORE_INLINE_MAX + 1);
    assert_int_equal(rig->seen[1].first, 'm');
    assert_int_equal(rig->seen[2].bytes, 5 << 20);
    assert_int_equal(rig->seen[2].kind, STORE_DONE);
}

static void what_was_not_acknowledged_goes_to_the_next_storer(void **state)
{
    (void)state;
    connect_storer();
    for (uint64_t i = 1; i <= 4; i++)
        put(&owner_a, i, RECORD_OPEN, 10, (char)('0' + i), NULL);
    loop_run_for(&rig->loop, 10);
    answer(1, OK);
    loop_run_for(&rig->loop, 10);
    chan_free(&rig->storer); /* killed */
    loop_run_for(&rig->loop, 10);
    put(&owner_a, 5, RECORD_OPEN, 10, '5', NULL);
    put(&owner_a, 0, RECORD_DONE, 10, '6', NULL);
    rig->seen_count = 0;
    connect_storer();
    loop_run_for(&rig->loop, 10);
    assert_int_equal(rig->seen_count, 5);
    const char want[] = "13456"; /* in order, without what was stored */
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(rig->seen[i].first, want[i]);
        answer(i, OK);
    }
    loop_run_for(&rig->loop, 10);
    assert_int_equal(rig->done_count, 5); /* one of them before */
    assert_int_equal(recorder_pending(rig->recorder), 0);
}

static void records_of_an_owner_that_left_are_delivered(void **state)
{
    (void)state;
    put(&owner_a, 1, RECORD_OPEN, 10, 'a', NULL);
    put(&owner_b, 2, RECORD_OPEN, 10, 'b', NULL);
    recorder_forget(rig->recorder, &owner_a);
    connect_storer();
    loop_run_for(&rig->loop, 10);
    assert_int_equal(rig->seen_count, 2);
    answer(0, OK);
    answer(1, OK);
    loop_run_for(&rig->loop, 10);
    assert_int_equal(rig->done_count, 1);
    assert_ptr_equal(last_owner, &owner_b);
}

static void an_error_is_told_to_who_waits(void **state)
{
    (void)state;
    connect_storer();
    put(&owner_a, 9, RECORD_OPEN, 10, 'a', NULL);
    loop_run_for(&rig->loop, 10);
    answer(0, ERR_IO);
    loop_run_for(&rig->loop, 10);
    assert_int_equal(rig->done_count, 1);
    assert_int_equal(rig->errs[0], ERR_IO);
    assert_int_equal(recorder_pending(rig->recorder), 0);
}

static void what_nobody_waits_for_is_tried_again_after_an_error(void **state)
{
    (void)state;
    connect_storer();
    put(&owner_a, 0, RECORD_DONE, 10, 'a', NULL);
    loop_run_for(&rig->loop, 10);
    answer(0, ERR_IO);
    loop_run_for(&rig->loop, RECORDER_RETRY_MS / 2);
    assert_int_equal(rig->seen_count, 1);
    loop_run_for(&rig->loop, RECORDER_RETRY_MS);
    assert_int_equal(rig->seen_count, 2);
    answer(1, OK);
    loop_run_for(&rig->loop, 10);
    assert_int_equal(recorder_pending(rig->recorder), 0);
    assert_int_equal(rig->done_count, 0);
}

static void without_a_storer_the_wait_ends_but_the_record_stays(void **state)
{
    (void)state;
    put(&owner_a, 3, RECORD_OPEN, 10, 'a', NULL);
    loop_run_for(&rig->loop, RECORDER_WAIT_MS - 500);
    assert_int_equal(rig->done_count, 0);
    loop_run_for(&rig->loop, 1000);
    assert_int_equal(rig->done_count, 1);
    assert_int_equal(rig->errs[0], ERR_CLOSED);
    connect_storer();
    loop_run_for(&rig->loop, 10);
    assert_int_equal(rig->seen_count, 1);
    answer(0, OK);
    loop_run_for(&rig->loop, 10);
    assert_int_equal(rig->done_count, 1);
    assert_int_equal(recorder_pending(rig->recorder), 0);
}

static void beyond_the_bound_records_are_refused_later_not_inside(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 4; i++)
        put(&owner_a, 0, RECORD_DONE, 15 << 20, 'a', NULL);
    put(&owner_a, 8, RECORD_OPEN, 15 << 20, 'b', NULL);
    put(&owner_b, 9, RECORD_OPEN, 15 << 20, 'c', NULL);
    recorder_forget(rig->recorder, &owner_b);
    assert_int_equal(rig->done_count, 0);
    loop_run_for(&rig->loop, 10);
    assert_int_equal(rig->done_count, 1);
    assert_int_equal(rig->errs[0], ERR_LIMIT);
    assert_int_equal(recorder_pending(rig->recorder), 4);
}

static void damaged_answers_are_ignored(void **state)
{
    (void)state;
    connect_storer();
    put(&owner_a, 1, RECORD_OPEN, 10, 'a', NULL);
    loop_run_for(&rig->loop, 10);
    assert_int_equal(chan_send(rig->storer, STR("nonsense"), -1), OK);
    rig->seen[1].token = 4711;
    answer(1, OK);
    loop_run_for(&rig->loop, 10);
    assert_int_equal(rig->done_count, 0);
    answer(0, OK);
    loop_run_for(&rig->loop, 10);
    assert_int_equal(rig->done_count, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_record_goes_out_and_its_answer_comes_back),
        TEST(a_large_record_travels_in_a_memfd),
        TEST(what_was_not_acknowledged_goes_to_the_next_storer),
        TEST(records_of_an_owner_that_left_are_delivered),
        TEST(an_error_is_told_to_who_waits),
        TEST(what_nobody_waits_for_is_tried_again_after_an_error),
        TEST(without_a_storer_the_wait_ends_but_the_record_stays),
        TEST(beyond_the_bound_records_are_refused_later_not_inside),
        TEST(damaged_answers_are_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
