/* The keeper: inspect/keep.h, served to all workers of the node. */
#include "inspect/keep.h"

#include <unistd.h>

#include "base/clock.h"
#include "proxy/role_service.h"

enum { KEEP_BYTES = 128 << 20 };

static enum err keeper_open(const struct role_start *start, void **state_out)
{
    (void)start;
    *state_out = keep_new(KEEP_BYTES);
    return OK;
}

static void keeper_handle(void *state, struct service_loop *loop, unsigned peer,
    struct str datagram, int fd)
{
    struct buf answer = {0};
    if (fd >= 0)
        close(fd);
    if (datagram.n <= KEEP_DATAGRAM_MAX)
        keep_handle(state, datagram, (int64_t)clock_mono_ms(), &answer);
    if (answer.n > 0)
        service_answer(loop, peer, buf_str(&answer));
    buf_free(&answer);
}

int keeper_main(const struct role_start *start)
{
    static const struct service_ops ops = {
        .open = keeper_open, .handle = keeper_handle};
    return service_run(start, &ops);
}
