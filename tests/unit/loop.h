/* For tests with an event loop: lets it run for a while. */
#ifndef TESTS_UNIT_LOOP_H
#define TESTS_UNIT_LOOP_H

#include <poll.h>
#include <uv.h>

static inline void loop_run_for(uv_loop_t *loop, int ms)
{
    uint64_t end = uv_hrtime() + (uint64_t)ms * 1000000;
    do {
        uv_run(loop, UV_RUN_NOWAIT);
        (void)poll(NULL, 0, 1);
    } while (uv_hrtime() < end);
}

#endif
