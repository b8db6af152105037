/* For tests with an event loop: lets it run for a while. */
#ifndef TESTS_UNIT_LOOP_H
#define TESTS_UNIT_LOOP_H

#include <poll.h>
#include <uv.h>

/* For so long, and for some turns at least: what takes a few of them happens
 * on a machine that was busy with something else, too. */
static inline void loop_run_for(uv_loop_t *loop, int ms)
{
    enum { TURNS_MIN = 20 };
    uint64_t end = uv_hrtime() + (uint64_t)ms * 1000000;
    for (int turns = 0; turns < TURNS_MIN || uv_hrtime() < end; turns++) {
        uv_run(loop, UV_RUN_NOWAIT);
        (void)poll(NULL, 0, 1);
    }
}

#endif
