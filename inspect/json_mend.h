/*
 * JSON that broke off, as far as it goes: the open string, list and object
 * are closed, so that what was received can be read.
 */
#ifndef INSPECT_JSON_MEND_H
#define INSPECT_JSON_MEND_H

#include <stdbool.h>

#include "base/buf.h"
#include "inspect/json.h"

/* Writes the text with its missing end.  False (and nothing written): it is
 * no beginning of an object or a list, is whole, or is nested deeper than
 * JSON_DEPTH_MAX.  What is wrong before the end stays wrong: the reader tells.
 */
bool json_mend(struct str text, struct buf *out);

#endif
