/*
 * Whether a request's path leads below a prefix, however it is written: for
 * rules that nobody may get around by spelling (percent signs, dot segments,
 * empty segments, parameters, backslashes, capitals).
 */
#ifndef INSPECT_PATH_H
#define INSPECT_PATH_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"

/* path: as it came, without query.  prefix: "/a/b", matched in whole segments.
 * True when any reading that a server may take is below it. */
bool path_is_below(struct str path, struct str prefix);

/* The path as those take it that walk its dot segments, written with percent
 * signs or not (RFC 3986 §5.2.4); the other segments stay as they came. */
struct str path_walk(struct arena *arena, struct str path);

#endif
