/*
 * The asker with the real keeper core behind a channel of the test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "proxy/asker.h"
#include "proxy/chan.h"
#include "tests/unit/loop.h"

struct rig {
    uv_loop_t loop;
    struct asker *asker;
    struct keep *keep;
    struct chan *chan; /* the keeper's end */
    bool is_mute;
    unsigned questions, notes, answers, released;
    uint64_t token;
    struct buf answer;
    bool is_inside;
};

static struct rig *rig;
static int owner_a, owner_b;
static void *last_owner;

static void on_done(void *owner, uint64_t token, struct str answer)
{
    assert_false(rig->is_inside);
    last_owner = owner;
    rig->answers++;
    rig->token = token;
    buf_clear(&rig->answer);
    buf_append_str(&rig->answer, answer);
}

/* As proxy/role_keeper.c. */
static void on_question(void *owner, struct str datagram, int fd)
{
    (void)owner;
    uint64_t token;
    struct buf answer = {0}, framed = {0};
    struct keep_payload payload = {fd, 0};
    if (fd >= 0)
        assert_int_equal(memfd_check(fd, KEEP_CHUNK_BYTES, &payload.bytes), OK);
    assert_true(datagram.n >= sizeof token);
    memcpy(&token, datagram.p, sizeof token);
    *(token == 0 ? &rig->notes : &rig->questions) += 1;
    if (rig->is_mute)
        return;
    keep_handle_beside(rig->keep, str_sub(datagram, sizeof token, datagram.n),
        &payload, 1000, &answer);
    assert_true(fd < 0 || payload.handle == -1); /* it was taken */
    buf_append(&framed, &token, sizeof token);
    buf_append_str(&framed, buf_str(&answer));
    if (token != 0)
        assert_int_equal(
            chan_send(rig->chan, buf_str(&framed), payload.handle), OK);
    buf_free(&answer);
    buf_free(&framed);
}

static void on_chan_closed(void *owner)
{
    (void)owner;
    chan_free(&rig->chan);
}

static const struct chan_events KEEPER_EVENTS = {
    .on_message = on_question, .on_closed = on_chan_closed};

static void connect_keeper(void)
{
    int fds[2];
    assert_int_equal(chan_pair(fds), OK);
    chan_free(&rig->chan);
    rig->chan = chan_new(&rig->loop, fds[0], &KEEPER_EVENTS, rig);
    asker_attach(rig->asker, fds[1]);
}

static void release(int fd)
{
    assert_int_equal(close(fd), 0);
    rig->released++;
}

static int setup(void **state)
{
    (void)state;
    rig = MEM_NEW(struct rig);
    uv_loop_init(&rig->loop);
    rig->keep = keep_new(1 << 20);
    keep_release_handles(rig->keep, release, 2);
    rig->asker = asker_new(&rig->loop, on_done);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    asker_free(&rig->asker);
    chan_free(&rig->chan);
    uv_run(&rig->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&rig->loop), 0);
    keep_free(&rig->keep);
    buf_free(&rig->answer);
    mem_free(rig);
    return 0;
}

static void send_question(void *owner, uint64_t token, struct str question)
{
    rig->is_inside = true;
    asker_ask(rig->asker, owner, token, question);
    rig->is_inside = false;
}

static void ask_host(void *owner, uint64_t token)
{
    struct buf question = {0};
    keep_ask_host(STR("learnt.example"), &question);
    send_question(owner, token, buf_str(&question));
    buf_free(&question);
}

static void note_host(void)
{
    struct buf note = {0};
    keep_note_host(STR("learnt.example"), &note);
    send_question(&owner_a, 0, buf_str(&note));
    buf_free(&note);
}

static void a_note_is_kept_and_a_question_answered(void **state)
{
    (void)state;
    connect_keeper();
    ask_host(&owner_a, 4);
    loop_run_for(&rig->loop, 10);
    assert_int_equal(rig->answers, 1);
    assert_int_equal(rig->token, 4);
    assert_ptr_equal(last_owner, &owner_a);
    assert_false(keep_read_host(buf_str(&rig->answer)));
    note_host();
    ask_host(&owner_b, 5);
    loop_run_for(&rig->loop, 10);
    assert_int_equal(rig->notes, 1);
    assert_ptr_equal(last_owner, &owner_b);
    assert_true(keep_read_host(buf_str(&rig->answer)));
}

/* To the file "f", which a note makes known first. */
static void note_chunk(size_t index, struct str bytes)
{
    struct buf note = {0};
    struct keep_file file = {.service = STR("s"), .ids = {STR("f")}};
    keep_note_file(&file, &note);
    send_question(&owner_a, 0, buf_str(&note));
    buf_clear(&note);
    keep_note_chunk(&file, STR("piece"), index, bytes, &note);
    send_question(&owner_a, 0, buf_str(&note));
    buf_free(&note);
}

static void ask_chunk(size_t index)
{
    struct buf question = {0};
    keep_ask_chunk(STR("piece"), index, &question);
    send_question(&owner_a, 4, buf_str(&question));
    loop_run_for(&rig->loop, 10);
    buf_free(&question);
}

static void bytes_travel_beside_their_datagrams(void **state)
{
    (void)state;
    struct buf bytes = {0};
    connect_keeper();
    memset(buf_reserve(&bytes, KEEP_CHUNK_BYTES), 'b', KEEP_CHUNK_BYTES);
    buf_commit(&bytes, KEEP_CHUNK_BYTES);
    note_chunk(0, buf_str(&bytes));
    for (unsigned i = 1; i < 3; i++) { /* they stay the keeper's */
        ask_chunk(0);
        assert_int_equal(rig->answers, i);
        assert_true(str_eq(buf_str(&rig->answer), buf_str(&bytes)));
    }
    ask_chunk(1);
    assert_int_equal(rig->answer.n, 0);
    assert_int_equal(rig->released, 0);
    for (size_t i = 1; i < 4; i++)
        note_chunk(i, STR("bytes"));
    ask_chunk(0); /* three would be too many */
    assert_int_equal(rig->answer.n, 0);
    assert_int_equal(rig->released, 2);
    keep_free(&rig->keep);
    assert_int_equal(rig->released, 4);
    buf_free(&bytes);
}

static void too_many_bytes_are_not_sent(void **state)
{
    (void)state;
    struct buf bytes = {0};
    connect_keeper();
    memset(
        buf_reserve(&bytes, KEEP_CHUNK_BYTES + 1), 'b', KEEP_CHUNK_BYTES + 1);
    buf_commit(&bytes, KEEP_CHUNK_BYTES + 1);
    note_chunk(0, buf_str(&bytes));
    ask_chunk(0);
    assert_int_equal(rig->answers, 1);
    assert_int_equal(rig->answer.n, 0);
    assert_int_equal(rig->notes, 1); /* of the file alone */
    buf_free(&bytes);
}

static void a_new_keeper_answers_what_the_old_one_did_not(void **state)
{
    (void)state;
    connect_keeper();
    rig->is_mute = true;
    ask_host(&owner_a, 4);
    loop_run_for(&rig->loop, 10);
    chan_free(&rig->chan);
    loop_run_for(&rig->loop, 10);
    ask_host(&owner_a, 5);
    rig->is_mute = false;
    rig->questions = 0;
    connect_keeper();
    loop_run_for(&rig->loop, 10);
    assert_int_equal(rig->questions, 2);
    assert_int_equal(rig->answers, 2);
}

static void without_a_keeper_the_answer_is_empty_after_a_second(void **state)
{
    (void)state;
    ask_host(&owner_a, 4);
    loop_run_for(&rig->loop, ASKER_WAIT_MS - 300);
    assert_int_equal(rig->answers, 0);
    loop_run_for(&rig->loop, 600);
    assert_int_equal(rig->answers, 1);
    assert_int_equal(rig->answer.n, 0);
}

static void an_owner_that_left_hears_nothing(void **state)
{
    (void)state;
    connect_keeper();
    ask_host(&owner_a, 4);
    asker_forget(rig->asker, &owner_a);
    loop_run_for(&rig->loop, 20);
    assert_int_equal(rig->questions, 1);
    assert_int_equal(rig->answers, 0);
}

static void a_question_too_long_is_answered_with_nothing(void **state)
{
    (void)state;
    struct buf question = {0};
    size_t n = KEEP_DATAGRAM_MAX + 1;
    memset(buf_reserve(&question, n), 'q', n);
    buf_commit(&question, n);
    connect_keeper();
    send_question(&owner_a, 9, buf_str(&question));
    assert_int_equal(rig->answers, 0);
    loop_run_for(&rig->loop, 300);
    assert_int_equal(rig->answers, 1);
    assert_int_equal(rig->answer.n, 0);
    assert_int_equal(rig->questions, 0);
    buf_free(&question);
}

static void damaged_answers_are_ignored(void **state)
{
    (void)state;
    connect_keeper();
    rig->is_mute = true;
    ask_host(&owner_a, 4);
    loop_run_for(&rig->loop, 10);
    assert_int_equal(chan_send(rig->chan, STR("short"), -1), OK);
    assert_int_equal(chan_send(rig->chan, STR("a wrong token"), -1), OK);
    loop_run_for(&rig->loop, 10);
    assert_int_equal(rig->answers, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_note_is_kept_and_a_question_answered),
        TEST(bytes_travel_beside_their_datagrams),
        TEST(too_many_bytes_are_not_sent),
        TEST(a_new_keeper_answers_what_the_old_one_did_not),
        TEST(without_a_keeper_the_answer_is_empty_after_a_second),
        TEST(an_owner_that_left_hears_nothing),
        TEST(a_question_too_long_is_answered_with_nothing),
        TEST(damaged_answers_are_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
