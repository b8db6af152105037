/* console/pool.h */
#include "console/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { HOUR_MS = 3600 * 1000 };

static atomic_int locals, runs;
static sem_t entered, may_leave;

static void *local_new(void *owner)
{
    atomic_fetch_add(&locals, 1);
    return owner;
}

static void local_free(void *local)
{
    (void)local;
    atomic_fetch_sub(&locals, 1);
}

static void count(struct pool_job *job, void *local)
{
    (void)job;
    assert_ptr_equal(local, &locals);
    atomic_fetch_add(&runs, 1);
    sem_post(&entered);
}

/* Holds its thread until it is let go. */
static void hold(struct pool_job *job, void *local)
{
    count(job, local);
    sem_wait(&may_leave);
}

static int begin(void **state)
{
    struct pool_options options = {local_new, local_free, &locals};
    atomic_store(&runs, 0);
    sem_init(&entered, 0, 0);
    sem_init(&may_leave, 0, 0);
    *state = pool_new(&options);
    return 0;
}

static int end(void **state)
{
    struct pool *pool = *state;
    pool_free(&pool);
    sem_destroy(&entered);
    sem_destroy(&may_leave);
    return atomic_load(&locals); /* each thread gave back its own */
}

static void wait_for(sem_t *semaphore, unsigned times)
{
    for (unsigned i = 0; i < times; i++)
        sem_wait(semaphore);
}

static void each_job_is_run_once(void **state)
{
    struct pool_job jobs[100];
    for (unsigned i = 0; i < 100; i++) {
        jobs[i].run = count;
        assert_int_equal(pool_push(*state, &jobs[i], i % 3), OK);
    }
    wait_for(&entered, 100);
    pool_free((struct pool **)state);
    assert_int_equal(atomic_load(&runs), 100);
}

static void a_busy_pool_refuses_what_is_too_many(void **state)
{
    static struct pool_job held[POOL_THREADS], jobs[POOL_JOBS_MAX + 1];
    for (size_t i = 0; i < POOL_THREADS; i++) {
        held[i].run = hold;
        assert_int_equal(pool_push(*state, &held[i], 0), OK);
    }
    wait_for(&entered, POOL_THREADS); /* no thread is free */
    for (size_t i = 0; i <= POOL_JOBS_MAX; i++) {
        jobs[i].run = count;
        assert_int_equal(
            pool_push(*state, &jobs[i], 0), i < POOL_JOBS_MAX ? OK : ERR_LIMIT);
    }
    for (size_t i = 0; i < POOL_THREADS; i++)
        sem_post(&may_leave);
    wait_for(&entered, POOL_JOBS_MAX);
    assert_int_equal(pool_push(*state, &jobs[POOL_JOBS_MAX], 0), OK);
    wait_for(&entered, 1);
}

static void a_job_waits_for_its_time_and_holds_nothing_up(void **state)
{
    struct pool_job late = {.run = count}, now = {.run = count};
    assert_int_equal(pool_push(*state, &late, HOUR_MS), OK);
    assert_int_equal(pool_push(*state, &now, 0), OK);
    wait_for(&entered, 1);
    assert_int_equal(atomic_load(&runs), 1);
    pool_hurry(*state);
    wait_for(&entered, 1);
    assert_int_equal(atomic_load(&runs), 2);
}

static void what_waits_is_run_before_the_pool_goes(void **state)
{
    struct pool_job late = {.run = count};
    assert_int_equal(pool_push(*state, &late, HOUR_MS), OK);
    pool_free((struct pool **)state);
    assert_int_equal(atomic_load(&runs), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_job_is_run_once),
        TEST(a_busy_pool_refuses_what_is_too_many),
        TEST(a_job_waits_for_its_time_and_holds_nothing_up),
        TEST(what_waits_is_run_before_the_pool_goes),
    };
    return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
