/*
 * The encodings of inspect/island.h that are seldom: base 58, base64 and hex
 * backwards, uuencode, letters spelled in words.  As there: edits that decode
 * what decodes to text of ASCII; no state; what is decoded is shorter than its
 * source.
 */
#ifndef INSPECT_ISLAND_RARE_H
#define INSPECT_ISLAND_RARE_H

#include "inspect/marks.h"
#include "inspect/view.h"

/* A run of token characters that is nothing else; whether it is one. */
bool island_try_rare(
    struct str text, size_t start, size_t end, struct view_edits *out);

/* Blocks of "begin 644 name"; eight and more of "Alfa", "Bravo" and digits. */
size_t island_find_rare(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out);

#endif
