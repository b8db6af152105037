/*
 * Messages under permessage-deflate (RFC 7692 §7.2.2), one direction: wire
 * bytes in, inflated bytes out, the window kept from message to message as
 * agreed.  A sender's smaller window (…_max_window_bits) needs nothing here.
 * Memory: what the last messages said, 32 KiB at most, from the first
 * compressed one on; and zlib's state (40 KiB) while a message is under way,
 * and of the WS_INFLATE_AWAKE_MAX of a thread that were used last.
 */
#ifndef PROXY_WS_INFLATE_H
#define PROXY_WS_INFLATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum { WS_INFLATE_AWAKE_MAX = 64 };

struct ws_inflate;
struct ws_inflate *ws_inflate_new(void);
void ws_inflate_free(struct ws_inflate **inflate);

/* A message begins; forgets: without the window of the ones before. */
void ws_inflate_begin(struct ws_inflate *inflate, bool forgets);
/* Appends to out; out NULL: inflated for the window's sake only.  ERR_PARSE:
 * damaged.  ERR_LIMIT: a bomb, or over max (then call on with out NULL). */
enum err ws_inflate_feed(struct ws_inflate *inflate, struct str wire,
    struct buf *out, size_t max) MUST_USE;
/* ERR_PARSE: the message does not end where a block ends. */
enum err ws_inflate_end(
    struct ws_inflate *inflate, struct buf *out, size_t max) MUST_USE;
/* The message inflates to WS_RATIO_MAX times its size. */
bool ws_inflate_is_bomb(const struct ws_inflate *inflate);

#endif
