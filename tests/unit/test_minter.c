/*
 * The minter with the real signer core behind a channel of the test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "certs/ca.h"
#include "certs/signer.h"
#include "proxy/chan.h"
#include "proxy/minter.h"
#include "tests/unit/loop.h"

struct rig {
    uv_loop_t loop;
    struct defer_queue defer;
    struct minter *minter;
    struct signer *signer;
    struct chan *chan; /* the signer's end */
    struct buf ca_pem, ca_key, leaf_key;
    unsigned requests;
    bool is_mute;
    unsigned good, bad;
    enum err err;
    bool is_inside;
};

static struct rig *rig;
static int owner_a, owner_b;

static bool in_scope(void *context, struct str host)
{
    (void)context;
    return str_ends(host, "chatgpt.com");
}

static void on_done(void *owner, struct leaf *leaf, enum err err)
{
    assert_false(rig->is_inside);
    assert_true(owner == &owner_a || owner == &owner_b);
    assert_int_equal(leaf != NULL, err == OK);
    if (leaf != NULL)
        rig->good++;
    else
        rig->bad++;
    rig->err = err;
    leaf_unref(&leaf);
}

static void on_request(void *owner, struct str datagram, int fd)
{
    (void)owner;
    struct buf answer = {0};
    assert_int_equal(fd, -1);
    rig->requests++;
    if (rig->is_mute)
        return;
    signer_handle(rig->signer, datagram, &answer);
    assert_int_equal(chan_send(rig->chan, buf_str(&answer), -1), OK);
    buf_free(&answer);
}

static void on_chan_closed(void *owner)
{
    (void)owner;
    chan_free(&rig->chan);
}

static const struct chan_events SIGNER_EVENTS = {
    .on_message = on_request, .on_closed = on_chan_closed};

static void connect_signer(void)
{
    int fds[2];
    assert_int_equal(chan_pair(fds), OK);
    chan_free(&rig->chan);
    rig->chan = chan_new(&rig->loop, fds[0], &SIGNER_EVENTS, rig);
    minter_attach(rig->minter, fds[1]);
}

static int setup(void **state)
{
    (void)state;
    rig = MEM_NEW(struct rig);
    uv_loop_init(&rig->loop);
    defer_init(&rig->defer, &rig->loop);
    assert_int_equal(ca_create(STR("Test CA"), &rig->ca_pem, &rig->ca_key), OK);
    assert_int_equal(ca_create_leaf_key(&rig->leaf_key), OK);
    assert_int_equal(signer_new(buf_str(&rig->ca_pem), buf_str(&rig->ca_key),
                         in_scope, NULL, &rig->signer),
        OK);
    rig->minter = minter_new(&rig->loop, &rig->defer, buf_str(&rig->leaf_key),
        buf_str(&rig->ca_pem), on_done);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    minter_free(&rig->minter);
    chan_free(&rig->chan);
    defer_close(&rig->defer);
    uv_run(&rig->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&rig->loop), 0);
    signer_free(&rig->signer);
    buf_free(&rig->ca_pem);
    buf_free(&rig->ca_key);
    buf_free(&rig->leaf_key);
    mem_free(rig);
    return 0;
}

static enum err want(void *owner, const char *host)
{
    struct leaf *leaf = NULL;
    rig->is_inside = true;
    enum err err = minter_want(rig->minter, owner, str_of(host), &leaf);
    rig->is_inside = false;
    assert_int_equal(leaf != NULL, err == OK);
    leaf_unref(&leaf);
    return err;
}

static void many_that_wait_for_a_name_mint_it_once(void **state)
{
    (void)state;
    connect_signer();
    for (int i = 0; i < 50; i++)
        assert_int_equal(want(&owner_a, "chatgpt.com"), ERR_AGAIN);
    loop_run_for(&rig->loop, 50);
    assert_int_equal(rig->requests, 1);
    assert_int_equal(rig->good, 50);
    assert_int_equal(want(&owner_a, "chatgpt.com"), OK);
}

static void a_name_out_of_scope_is_refused_by_the_signer(void **state)
{
    (void)state;
    connect_signer();
    assert_int_equal(want(&owner_a, "bank.example"), ERR_AGAIN);
    loop_run_for(&rig->loop, 50);
    assert_int_equal(rig->bad, 1);
    assert_int_equal(rig->err, ERR_DENIED);
}

static void without_a_signer_cached_names_go_on_and_others_wait_a_second(
    void **state)
{
    (void)state;
    connect_signer();
    assert_int_equal(want(&owner_a, "chatgpt.com"), ERR_AGAIN);
    loop_run_for(&rig->loop, 50);
    chan_free(&rig->chan);
    loop_run_for(&rig->loop, 20);
    assert_int_equal(want(&owner_a, "chatgpt.com"), OK);
    assert_int_equal(want(&owner_a, "new.chatgpt.com"), ERR_AGAIN);
    loop_run_for(&rig->loop, MINTER_RECONNECT_MS - 300);
    assert_int_equal(rig->bad, 0);
    loop_run_for(&rig->loop, 600);
    assert_int_equal(rig->bad, 1);
    assert_int_equal(rig->err, ERR_CLOSED);
}

static void a_new_signer_serves_who_waited_for_the_old_one(void **state)
{
    (void)state;
    connect_signer();
    rig->is_mute = true;
    assert_int_equal(want(&owner_a, "a.chatgpt.com"), ERR_AGAIN);
    assert_int_equal(want(&owner_b, "a.chatgpt.com"), ERR_AGAIN);
    loop_run_for(&rig->loop, 20);
    chan_free(&rig->chan); /* killed with a question under way */
    loop_run_for(&rig->loop, 20);
    assert_int_equal(want(&owner_b, "b.chatgpt.com"), ERR_AGAIN);
    rig->is_mute = false;
    rig->requests = 0;
    connect_signer();
    loop_run_for(&rig->loop, 50);
    assert_int_equal(rig->requests, 2);
    assert_int_equal(rig->good, 3);
    assert_int_equal(rig->bad, 0);
}

static void an_owner_that_left_hears_nothing(void **state)
{
    (void)state;
    connect_signer();
    assert_int_equal(want(&owner_a, "chatgpt.com"), ERR_AGAIN);
    assert_int_equal(want(&owner_b, "chatgpt.com"), ERR_AGAIN);
    minter_forget(rig->minter, &owner_a);
    loop_run_for(&rig->loop, 50);
    assert_int_equal(rig->good, 1);
}

static void a_mute_signer_is_given_up(void **state)
{
    (void)state;
    connect_signer();
    rig->is_mute = true;
    assert_int_equal(want(&owner_a, "chatgpt.com"), ERR_AGAIN);
    loop_run_for(&rig->loop, MINTER_WAIT_MS - 500);
    assert_int_equal(rig->bad, 0);
    loop_run_for(&rig->loop, 1000);
    assert_int_equal(rig->bad, 1);
    assert_int_equal(rig->err, ERR_TIMEOUT);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(many_that_wait_for_a_name_mint_it_once),
        TEST(a_name_out_of_scope_is_refused_by_the_signer),
        TEST(without_a_signer_cached_names_go_on_and_others_wait_a_second),
        TEST(a_new_signer_serves_who_waited_for_the_old_one),
        TEST(an_owner_that_left_hears_nothing),
        TEST(a_mute_signer_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
