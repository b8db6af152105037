/*
 * What is put off comes in order, a turn later, and never keeps a turn of the
 * loop for long.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/defer.h"

enum { COUNT = 4 };

struct work {
    struct deferred deferred; /* first */
    struct rig *rig;
    unsigned takes_ms;
    int place; /* in the order of running, from 1 */
    struct work *pushes;
};

struct rig {
    uv_loop_t loop;
    struct defer_queue queue;
    struct work work[COUNT];
    int ran;
};

static void on_run(struct deferred *deferred)
{
    struct work *w = (struct work *)deferred;
    w->place = ++w->rig->ran;
    uv_sleep(w->takes_ms);
    if (w->pushes != NULL)
        defer_push(&w->rig->queue, &w->pushes->deferred);
}

static int setup(void **state)
{
    static struct rig rig;
    rig = (struct rig){0};
    uv_loop_init(&rig.loop);
    defer_init(&rig.queue, &rig.loop);
    for (int i = 0; i < COUNT; i++)
        rig.work[i] = (struct work){.deferred = {.run = on_run}, .rig = &rig};
    *state = &rig;
    return 0;
}

static int teardown(void **state)
{
    struct rig *rig = *state;
    defer_close(&rig->queue);
    uv_run(&rig->loop, UV_RUN_DEFAULT);
    return uv_loop_close(&rig->loop);
}

static void push(struct rig *rig, int i)
{
    defer_push(&rig->queue, &rig->work[i].deferred);
}

static void what_was_pushed_runs_in_order(void **state)
{
    struct rig *rig = *state;
    for (int i = COUNT; i-- > 0;)
        push(rig, i);
    push(rig, 2); /* once is enough */
    defer_cancel(&rig->work[1].deferred);
    for (int turn = 0; turn < COUNT; turn++) /* the machine may be slow */
        uv_run(&rig->loop, UV_RUN_NOWAIT);
    assert_int_equal(rig->ran, COUNT - 1);
    assert_int_equal(rig->work[3].place, 1);
    assert_int_equal(rig->work[2].place, 2);
    assert_int_equal(rig->work[0].place, 3);
}

static void what_is_pushed_meanwhile_waits_for_the_next_turn(void **state)
{
    struct rig *rig = *state;
    rig->work[0].pushes = &rig->work[1];
    push(rig, 0);
    uv_run(&rig->loop, UV_RUN_NOWAIT);
    assert_int_equal(rig->ran, 1);
    uv_run(&rig->loop, UV_RUN_NOWAIT);
    assert_int_equal(rig->ran, 2);
}

static void a_turn_that_took_long_leaves_the_rest_in_order(void **state)
{
    struct rig *rig = *state;
    for (int i = 0; i < COUNT; i++) {
        rig->work[i].takes_ms = DEFER_TURN_MS + 2;
        push(rig, i);
    }
    rig->work[0].pushes = &rig->work[0]; /* again, behind all others */
    for (int turn = 1; turn <= COUNT; turn++) {
        uv_run(&rig->loop, UV_RUN_NOWAIT);
        assert_int_equal(rig->ran, turn);
        assert_int_equal(rig->work[turn - 1].place, turn);
    }
    defer_cancel(&rig->work[0].deferred);
}

/* At the beginning of a turn; the machine may be slow once, not always. */
static bool is_late_at_once(struct rig *rig)
{
    bool is_late = true;
    for (int i = 0; i < 100 && is_late; i++) {
        uv_update_time(&rig->loop);
        is_late = defer_is_late(&rig->queue);
    }
    return is_late;
}

static void a_loop_is_late_once_its_turn_took_long(void **state)
{
    struct rig *rig = *state;
    assert_false(is_late_at_once(rig));
    uv_sleep(DEFER_TURN_MS + 10);
    assert_true(defer_is_late(&rig->queue));
    assert_false(is_late_at_once(rig));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            what_was_pushed_runs_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(
            what_is_pushed_meanwhile_waits_for_the_next_turn, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_turn_that_took_long_leaves_the_rest_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_loop_is_late_once_its_turn_took_long, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
