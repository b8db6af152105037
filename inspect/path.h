/*
 * Whether a request's path leads below a prefix, however it is written: for
 * rules that nobody may get around by spelling (percent signs, dot segments,
 * empty segments, parameters, backslashes, capitals).
 */
#ifndef INSPECT_PATH_H
#define INSPECT_PATH_H

#include <stdbool.h>

#include "base/str.h"

/* path: as it came, without query.  prefix: "/a/b", matched in whole segments.
 * True when any reading that a server may take is below it. */
bool path_is_below(struct str path, struct str prefix);

#endif
