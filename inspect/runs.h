/*
 * Printable runs of bytes of any format, as strings(1) finds them: four
 * characters and more, in UTF-8 and in UTF-16 of either order as far as it is
 * ASCII.  The same runs at any cuts; no memory but this struct.
 */
#ifndef INSPECT_RUNS_H
#define INSPECT_RUNS_H

#include <stdbool.h>

#include "base/str.h"

enum { RUNS_CHARS_MIN = 4 };

struct run {
    char head[4 * RUNS_CHARS_MIN]; /* while it is too short */
    unsigned head_n, chars;
    bool is_open;
};

/* Fill in the first two, zero the rest. */
struct runs {
    void (*on_text)(void *arg, struct str text); /* "\n" ends each run */
    void *arg;
    struct run narrow, wide;
    char sequence[4]; /* UTF-8, not whole yet */
    unsigned sequence_n, sequence_need;
    bool has_low; /* a byte that may be half of a UTF-16 unit */
    char low;
};

void runs_feed(struct runs *r, struct str bytes);
void runs_finish(struct runs *r); /* may be fed again afterwards */

#endif
