/*
 * What outlives a connection, for all workers of a node: conversation trees
 * (edit detection), message ids seen (retries), hosts learnt, identities by
 * cookie hash.  Bounded tables, least recently used out first, entries
 * expire.  The keeper role serves it; replay and tests call it directly.
 *
 * Questions and answers are opaque datagrams (at most KEEP_DATAGRAM_MAX) made
 * and read by inspect/exchange.c through the functions below.  No I/O.
 */
#ifndef INSPECT_KEEP_H
#define INSPECT_KEEP_H

#include "base/buf.h"
#include "base/err.h"

enum { KEEP_DATAGRAM_MAX = 16 * 1024 };

struct keep;
struct keep *keep_new(size_t max_bytes);
void keep_free(struct keep **keep);
/* now_ms: monotonic.  A question may be a note that wants no answer: then
 * *answer_out stays empty. */
void keep_handle(struct keep *keep, struct str question, int64_t now_ms,
    struct buf *answer_out);

#endif
