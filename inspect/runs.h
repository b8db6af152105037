/*
 * Printable runs of bytes of any format, as strings(1) finds them: four
 * characters and more, in UTF-8 and in UTF-16 of either order as far as it is
 * ASCII.  Among bytes that look compressed or encrypted short runs are chance,
 * and would be found to be all sorts of things: there it takes sixteen.  The
 * same runs at any cuts; no memory but this struct.
 */
#ifndef INSPECT_RUNS_H
#define INSPECT_RUNS_H

#include <stdbool.h>

#include "base/str.h"

enum { RUNS_CHARS_MIN = 4, RUNS_CHARS_DENSE = 16 };

struct runs_side {
    char head[4 * RUNS_CHARS_DENSE]; /* while it is too short */
    unsigned head_n, chars;
    bool is_open;
};

/* Fill in the first two, zero the rest. */
struct runs {
    void (*on_text)(void *arg, struct str text); /* "\n" ends each run */
    void *arg;
    struct runs_side narrow, wide;
    char sequence[4]; /* UTF-8, not whole yet */
    unsigned sequence_n, sequence_need;
    bool has_low; /* a byte that may be half of a UTF-16 unit */
    char low;
    /* Of the bytes in the stretch that is being looked at; what the last one
     * was. */
    unsigned looked, odd, zeros;
    bool is_dense;
};

void runs_feed(struct runs *r, struct str bytes);
void runs_finish(struct runs *r); /* may be fed again afterwards */

#endif
