/*
 * Work to be done soon, from the loop and not from inside the call that asked
 * for it.  What is pushed while the queue runs waits for the next turn, after
 * the loop has looked at its sockets; an idle queue does not wake the loop.
 *
 * The world promises its sessions that no answer comes from inside a call
 * (proxy/world.h); everything that would break the promise goes through here.
 */
#ifndef PROXY_DEFER_H
#define PROXY_DEFER_H

#include <stdbool.h>

#include <uv.h>

struct defer_node {
    struct defer_node *prev, *next; /* both NULL: not queued */
};

/* Embedded in whatever wants to be called; {.run = f} is a valid idle one. */
struct deferred {
    struct defer_node node; /* first */
    void (*run)(struct deferred *self);
};

struct defer_queue {
    uv_idle_t idle; /* keeps the loop from sleeping while there is work */
    uv_check_t check;
    struct defer_node waiting;
    bool is_closing;
};

enum { DEFER_TURN_MS = 10 };

/* This turn of the loop has taken DEFER_TURN_MS: what can wait for the next
 * one should, lest timers and the parent's question wait for everybody. */
bool defer_is_late(const struct defer_queue *queue);
/* The same of another time. */
bool defer_is_late_by(const struct defer_queue *queue, uint64_t ms);

void defer_init(struct defer_queue *queue, uv_loop_t *loop);
/* The loop must run once more before the memory goes. */
void defer_close(struct defer_queue *queue);

/* Pushing what is queued already changes nothing. */
void defer_push(struct defer_queue *queue, struct deferred *what);
void defer_cancel(struct deferred *what);

#endif
