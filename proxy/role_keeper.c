/*
 * The keeper: inspect/keep.h, served to all workers of the node.  Questions
 * come behind a token of the asker's (proxy/asker.h) and their answers, empty
 * ones too, go back behind the same; token 0 is a note.
 */
#include "inspect/keep.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "proxy/asker.h"
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
    static const char note[ASKER_TOKEN_BYTES];
    struct buf answer = {0}, framed = {0};
    if (fd >= 0)
        close(fd);
    if (datagram.n < ASKER_TOKEN_BYTES ||
        datagram.n > KEEP_DATAGRAM_MAX + ASKER_TOKEN_BYTES)
        return;
    keep_handle(state, str_sub(datagram, ASKER_TOKEN_BYTES, datagram.n),
        (int64_t)clock_mono_ms(), &answer);
    if (memcmp(datagram.p, note, sizeof note) != 0) {
        buf_append(&framed, datagram.p, ASKER_TOKEN_BYTES);
        buf_append_str(&framed, buf_str(&answer));
        service_answer(loop, peer, buf_str(&framed));
    }
    buf_free(&framed);
    buf_free(&answer);
}

int keeper_main(const struct role_start *start)
{
    static const struct service_ops ops = {
        .open = keeper_open, .handle = keeper_handle};
    return service_run(start, &ops);
}
