/*
 * Where the wire has left the maps: how often requests were not explained, or
 * not understood, by path template.  A bounded table that the keeper holds for
 * all workers of a node and logs once a day; the path's ids are replaced, and
 * nothing of a body ever comes here.
 */
#ifndef INSPECT_DRIFT_H
#define INSPECT_DRIFT_H

#include <stdbool.h>

#include "base/buf.h"

enum {
    DRIFT_TEXT_MAX = 256, /* of one line */
    DRIFT_LINES_MAX = 256,
};

/* "/backend-api/x/{id}": words stay, whatever may name somebody or something
 * does not.  path: without query. */
void drift_template(struct str path, struct buf *out);

struct drift;
struct drift *drift_new(void);
void drift_free(struct drift **drift);
/* line: "SERVICE METHOD TEMPLATE CAUSE"; another shape is not counted. */
void drift_count(struct drift *drift, struct str line);
/* Writes a map.drift event a line to the log and starts from nothing. */
void drift_log(struct drift *drift);
/* How often the line came since; for tests. */
unsigned long drift_seen(const struct drift *drift, struct str line);

#endif
