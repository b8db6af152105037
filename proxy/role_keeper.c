/*
 * The keeper: inspect/keep.h, served to all workers of the node, with bytes of
 * files as descriptors.  Questions
 * come behind a token of the asker's (proxy/asker.h) and their answers, empty
 * ones too, go back behind the same; token 0 is a note.
 */
#include "inspect/keep.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "inspect/drift.h"
#include "proxy/asker.h"
#include "proxy/chan.h"
#include "proxy/role_service.h"

enum { KEEP_BYTES = 128 << 20, DRIFT_MS = 24 * 60 * 60 * 1000 };

struct keeper {
    struct keep *keep;
    uint64_t drift_since_ms;
};

static void release(int fd)
{
    (void)close(fd);
}

/* A part of them stays for channels, however few there may be. */
static unsigned spare_descriptors(void)
{
    struct rlimit limit = {.rlim_max = 1024};
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    rlim_t most = limit.rlim_max < KEEP_CHUNKS_MAX * 4 / 3
                      ? limit.rlim_max
                      : KEEP_CHUNKS_MAX * 4 / 3;
    return (unsigned)(most / 4 * 3);
}

static enum err keeper_open(const struct role_start *start, void **state_out)
{
    struct keeper *keeper = MEM_NEW(struct keeper);
    (void)start;
    keeper->keep = keep_new(KEEP_BYTES);
    keep_release_handles(keeper->keep, release, spare_descriptors());
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

/* What came beside the datagram, if it is what it should be: it is kept and
 * handed on, never read. */
static struct keep_payload payload_of(int fd)
{
    struct keep_payload payload = {-1, 0};
    if (fd < 0)
        return payload;
    if (memfd_check(fd, KEEP_CHUNK_BYTES, &payload.bytes) == OK)
        payload.handle = fd;
    else
        release(fd);
    return payload;
}

static void keeper_handle(void *state, struct service_loop *loop, unsigned peer,
    struct str datagram, int fd)
{
    static const char note[ASKER_TOKEN_BYTES];
    struct buf answer = {0}, framed = {0};
    struct keep_payload payload = payload_of(fd);
    struct keeper *keeper = state;
    uint64_t now_ms = clock_mono_ms();
    bool is_note =
        datagram.n >= sizeof note && memcmp(datagram.p, note, sizeof note) == 0;
    bool is_good = datagram.n >= ASKER_TOKEN_BYTES &&
                   datagram.n <= KEEP_DATAGRAM_MAX + ASKER_TOKEN_BYTES &&
                   (is_note || payload.handle < 0);
    int came = payload.handle;
    report_drift(keeper, now_ms);
    if (is_good)
        keep_handle_beside(keeper->keep,
            str_sub(datagram, ASKER_TOKEN_BYTES, datagram.n), &payload,
            (int64_t)now_ms, &answer);
    if (came >= 0 && payload.handle == came) /* nobody took it */
        release(came);
    if (is_good && !is_note) {
        buf_append(&framed, datagram.p, ASKER_TOKEN_BYTES);
        buf_append_str(&framed, buf_str(&answer));
        service_answer_fd(loop, peer, buf_str(&framed), payload.handle);
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
