/*
 * A few threads that do what would hold up the network: queries, password
 * hashes, the next piece of an export.  Each has a state of its own (the
 * connection to the store) that no other thread sees.
 *
 * A job is run once, at its time or as soon after it as a thread is free.
 */
#ifndef CONSOLE_POOL_H
#define CONSOLE_POOL_H

#include <stdint.h>

#include "base/err.h"

enum { POOL_THREADS = 4, POOL_JOBS_MAX = 512 };

struct pool;
struct pool_job {
    void (*run)(struct pool_job *job, void *local);
    uint64_t due_ms; /* clock_mono_ms */
    struct pool_job *next;
};

struct pool_options {
    void *(*local_new)(void *owner);
    void (*local_free)(void *local);
    void *owner;
};

struct pool *pool_new(const struct pool_options *options);
/* Runs what is due, forgets nothing: who pushed jobs waits for them first. */
void pool_free(struct pool **pool);
/* Not before wait_ms have passed.  ERR_LIMIT: too many wait. */
enum err pool_push(
    struct pool *pool, struct pool_job *job, unsigned wait_ms) MUST_USE;
/* All that wait for their time run now. */
void pool_hurry(struct pool *pool);

#endif
