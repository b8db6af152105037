/*
 * Inflating the messages of a WebSocket: see proxy/ws_inflate.h.  zlib keeps
 * the window; here are the ends of messages, which the wire leaves out, and
 * the bounds.
 *
 * Most sockets are idle most of the time.  So only the ones used last have
 * zlib's state; the others are parked between two messages with the bytes of
 * their window, of which there are as many as were sent, 32 KiB at most.
 */
#include "proxy/ws_inflate.h"

#include <utlist.h>
#include <zlib.h>

#include "base/mem.h"
#include "proxy/ws.h"

enum {
    RAW_WINDOW = -15,
    WINDOW_BYTES = 32 * 1024,
    PIECE = 16 * 1024,
    /* data_type after inflate(): unused bits of the last byte; whether it
     * stopped behind the end of a block (zlib.h). */
    UNUSED_BITS = 63,
    BEHIND_BLOCK = 128,
};

struct ws_inflate {
    z_stream z;
    uint64_t in, out; /* of this message */
    bool is_bomb;
    bool is_awake;                  /* z is there */
    bool is_between;                /* of two messages */
    struct str window;              /* of one that is parked; owned */
    struct ws_inflate *prev, *next; /* those awake, the last used last */
};

static _Thread_local struct ws_inflate *awake;
static _Thread_local size_t awake_count;

static void *allocate(void *opaque, unsigned count, unsigned n)
{
    (void)opaque;
    return mem_calloc(count, n);
}

static void release(void *opaque, void *p)
{
    (void)opaque;
    mem_free(p);
}

static void forget_window(struct ws_inflate *i)
{
    mem_free((char *)(uintptr_t)i->window.p);
    i->window = STR_NONE;
}

static void end_state(struct ws_inflate *i)
{
    inflateEnd(&i->z);
    i->is_awake = false;
    DL_DELETE(awake, i);
    awake_count--;
}

static void park(struct ws_inflate *i)
{
    unsigned char window[WINDOW_BYTES];
    unsigned n = sizeof window;
    if (inflateGetDictionary(&i->z, window, &n) != Z_OK)
        return;
    end_state(i);
    if (n != 0)
        i->window = str_make(mem_memdup0(window, n), n);
}

/* Of those between two messages the one used longest ago. */
static void make_room(void)
{
    struct ws_inflate *i = awake;
    while (i != NULL && !i->is_between)
        i = i->next;
    if (awake_count > WS_INFLATE_AWAKE_MAX && i != NULL)
        park(i);
}

static void wake(struct ws_inflate *i)
{
    i->z = (z_stream){.zalloc = allocate, .zfree = release};
    if (inflateInit2(&i->z, RAW_WINDOW) != Z_OK)
        mem_exhausted(); /* the only way for it to fail */
    union {
        const char *c;
        const unsigned char *u;
    } window = {.c = i->window.p};
    if (i->window.n != 0 &&
        inflateSetDictionary(&i->z, window.u, (unsigned)i->window.n) != Z_OK)
        mem_exhausted(); /* likewise: a raw window always fits */
    forget_window(i);
    i->is_awake = true;
    DL_APPEND(awake, i);
    awake_count++;
}

struct ws_inflate *ws_inflate_new(void)
{
    struct ws_inflate *i = MEM_NEW(struct ws_inflate);
    i->is_between = true;
    return i;
}

void ws_inflate_free(struct ws_inflate **inflate)
{
    if (*inflate == NULL)
        return;
    if ((*inflate)->is_awake)
        end_state(*inflate);
    forget_window(*inflate);
    mem_free(*inflate);
    *inflate = NULL;
}

void ws_inflate_begin(struct ws_inflate *i, bool forgets)
{
    i->in = i->out = 0;
    i->is_bomb = i->is_between = false;
    if (forgets)
        forget_window(i);
    if (i->is_awake) { /* it is the last used now */
        DL_DELETE(awake, i);
        DL_APPEND(awake, i);
        if (forgets)
            inflateReset(&i->z);
    } else {
        wake(i);
        make_room();
    }
}

bool ws_inflate_is_bomb(const struct ws_inflate *i)
{
    return i->is_bomb;
}

/* Judged at every 16 KiB of output, whatever the cuts of the input. */
static void judge_ratio(struct ws_inflate *i)
{
    if (i->out > WS_RATIO_FREE_BYTES && i->out % PIECE == 0 &&
        i->out / WS_RATIO_MAX > i->in - i->z.avail_in)
        i->is_bomb = true;
}

/* A piece of output; Z_BUF_ERROR: nothing more comes of this input. */
static int inflate_piece(struct ws_inflate *i, struct buf *out)
{
    unsigned char scrap[PIECE];
    unsigned room = PIECE - (unsigned)(i->out % PIECE);
    i->z.next_out =
        out != NULL ? (unsigned char *)buf_reserve(out, room) : scrap;
    i->z.avail_out = room;
    int rv = inflate(&i->z, Z_SYNC_FLUSH);
    size_t n = room - i->z.avail_out;
    if (out != NULL)
        buf_commit(out, n);
    i->out += n;
    if (n != 0)
        judge_ratio(i);
    return rv;
}

static enum err feed(
    struct ws_inflate *i, struct str wire, struct buf *out, size_t max)
{
    union {
        const char *c;
        unsigned char *u;
    } in = {.c = wire.p};
    i->z.next_in = in.u; /* zlib's type lacks the const */
    i->z.avail_in = (unsigned)wire.n;
    for (;;) {
        int rv = inflate_piece(i, out);
        if (rv == Z_STREAM_END)
            rv = inflateReset(&i->z); /* BFINAL (RFC 7692 §7.2.3.4) */
        if (rv != Z_OK && rv != Z_BUF_ERROR)
            return ERR_PARSE;
        if (i->is_bomb || (out != NULL && i->out > max))
            return ERR_LIMIT;
        if (i->z.avail_out != 0 && i->z.avail_in == 0)
            return OK;
        if (rv == Z_BUF_ERROR)
            return ERR_PARSE;
    }
}

/* Over the limit with a part of the input left: the window needs it all. */
static enum err feed_all(
    struct ws_inflate *i, struct str wire, struct buf *out, size_t max)
{
    enum err err = feed(i, wire, out, max);
    if (err != ERR_LIMIT || i->is_bomb)
        return err;
    struct str rest = str_sub(wire, wire.n - i->z.avail_in, wire.n);
    enum err rest_err = feed(i, rest, NULL, 0);
    return rest_err == OK ? ERR_LIMIT : rest_err;
}

enum err ws_inflate_feed(
    struct ws_inflate *i, struct str wire, struct buf *out, size_t max)
{
    if (wire.n == 0)
        return OK;
    i->in += wire.n;
    return feed_all(i, wire, out, max);
}

enum err ws_inflate_end(struct ws_inflate *i, struct buf *out, size_t max)
{
    static const char tail[] = {0, 0, '\xff', '\xff'};
    i->in += sizeof tail;
    enum err err = feed_all(i, str_make(tail, sizeof tail), out, max);
    if (err != OK && err != ERR_LIMIT)
        return err;
    i->is_between = true;
    bool is_ended = (i->z.data_type & BEHIND_BLOCK) != 0 &&
                    (i->z.data_type & UNUSED_BITS) == 0;
    return is_ended ? err : ERR_PARSE;
}
