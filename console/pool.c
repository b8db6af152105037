/* One list, searched for what is due; it is short (console/pool.h). */
#include "console/pool.h"

#include <pthread.h>
#include <stdbool.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"

struct pool {
    struct pool_options options;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct pool_job *jobs; /* in the order of their coming */
    size_t count;
    bool is_ending;
    pthread_t threads[POOL_THREADS];
    size_t thread_count;
};

/* Takes the first one whose time has come; next_out: when another is due. */
static struct pool_job *take_due(struct pool *p, uint64_t *next_out)
{
    uint64_t now = clock_mono_ms();
    *next_out = UINT64_MAX;
    for (struct pool_job **at = &p->jobs; *at != NULL; at = &(*at)->next) {
        struct pool_job *job = *at;
        if (job->due_ms <= now) {
            *at = job->next;
            p->count--;
            return job;
        }
        if (job->due_ms < *next_out)
            *next_out = job->due_ms;
    }
    return NULL;
}

static void wait_until(struct pool *p, uint64_t mono_ms)
{
    if (mono_ms == UINT64_MAX) {
        pthread_cond_wait(&p->changed, &p->lock);
        return;
    }
    struct timespec at = {
        (time_t)(mono_ms / 1000), (long)(mono_ms % 1000) * 1000000};
    pthread_cond_timedwait(&p->changed, &p->lock, &at);
}

static void *work(void *arg)
{
    struct pool *p = arg;
    void *local = p->options.local_new(p->options.owner);
    pthread_mutex_lock(&p->lock);
    while (!p->is_ending || p->jobs != NULL) {
        uint64_t next;
        struct pool_job *job = take_due(p, &next);
        if (job == NULL) {
            wait_until(p, next);
            continue;
        }
        pthread_mutex_unlock(&p->lock);
        job->run(job, local);
        pthread_mutex_lock(&p->lock);
    }
    pthread_mutex_unlock(&p->lock);
    p->options.local_free(local);
    return NULL;
}

struct pool *pool_new(const struct pool_options *options)
{
    struct pool *p = MEM_NEW(struct pool);
    pthread_condattr_t attributes;
    p->options = *options;
    pthread_mutex_init(&p->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&p->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    for (size_t i = 0; i < POOL_THREADS; i++)
        if (pthread_create(&p->threads[p->thread_count], NULL, work, p) == 0)
            p->thread_count++;
    if (p->thread_count == 0)
        mem_exhausted();
    return p;
}

void pool_free(struct pool **pool)
{
    struct pool *p = *pool;
    *pool = NULL;
    if (p == NULL)
        return;
    pool_hurry(p);
    pthread_mutex_lock(&p->lock);
    p->is_ending = true;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    for (size_t i = 0; i < p->thread_count; i++)
        pthread_join(p->threads[i], NULL);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    mem_free(p);
}

enum err pool_push(struct pool *p, struct pool_job *job, unsigned wait_ms)
{
    enum err err = ERR_LIMIT;
    pthread_mutex_lock(&p->lock);
    if (p->count < POOL_JOBS_MAX && !p->is_ending) {
        struct pool_job **at = &p->jobs;
        while (*at != NULL)
            at = &(*at)->next;
        job->due_ms = clock_mono_ms() + wait_ms;
        job->next = NULL;
        *at = job;
        p->count++;
        err = OK;
        pthread_cond_signal(&p->changed);
    }
    pthread_mutex_unlock(&p->lock);
    return err;
}

void pool_hurry(struct pool *p)
{
    pthread_mutex_lock(&p->lock);
    for (struct pool_job *job = p->jobs; job != NULL; job = job->next)
        job->due_ms = 0;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}
