/*
 * The keeper: inspect/keep.h, served to all workers of the node.  Questions
 * come behind a token of the asker's (proxy/asker.h) and their answers, empty
 * ones too, go back behind the same; token 0 is a note.
 */
#include "inspect/keep.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "inspect/drift.h"
#include "proxy/asker.h"
#include "proxy/role_service.h"

enum { KEEP_BYTES = 128 << 20, DRIFT_MS = 24 * 60 * 60 * 1000 };

struct keeper {
    struct keep *keep;
    uint64_t drift_since_ms;
};

static enum err keeper_open(const struct role_start *start, void **state_out)
{
    struct keeper *keeper = MEM_NEW(struct keeper);
    (void)start;
    keeper->keep = keep_new(KEEP_BYTES);
    keeper->drift_since_ms = clock_mono_ms();
    *state_out = keeper;
    return OK;
}

/* With the first datagram of a new day: a day without any has no drift. */
static void report_drift(struct keeper *keeper, uint64_t now_ms)
{
    if (now_ms - keeper->drift_since_ms < DRIFT_MS)
        return;
    drift_log(keep_drift(keeper->keep));
    keeper->drift_since_ms = now_ms;
}

static void keeper_close(void *state)
{
    struct keeper *keeper = state;
    drift_log(keep_drift(keeper->keep));
    keep_free(&keeper->keep);
    mem_free(keeper);
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
    struct keeper *keeper = state;
    uint64_t now_ms = clock_mono_ms();
    report_drift(keeper, now_ms);
    keep_handle(keeper->keep, str_sub(datagram, ASKER_TOKEN_BYTES, datagram.n),
        (int64_t)now_ms, &answer);
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
        .open = keeper_open, .handle = keeper_handle, .close = keeper_close};
    return service_run(start, &ops);
}
