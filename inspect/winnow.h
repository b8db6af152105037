/*
 * Text to fingerprints: which places of a text stand for it, and their keyed
 * hashes.  Letters and digits only, folded (inspect/fold.h), so that case,
 * blanks, line ends, punctuation, accents and compatibility forms change
 * nothing.  All positions and lengths here are bytes of that folded text; a
 * Han character counts three.
 *
 * Winnowing (Schleimer, Wilkerson, Aiken: "Winnowing", SIGMOD 2003) with a
 * threshold in front: a place is chosen where the keyed value of what follows
 * is small, and in a window without such a place the smallest is.  So of any
 * WINNOW_SURE bytes that two texts share one place at least is chosen in both,
 * and most texts need no window looked through.
 */
#ifndef INSPECT_WINNOW_H
#define INSPECT_WINNOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum {
    WINNOW_KEY_BYTES = 32,
    WINNOW_GRAM = 20,   /* hashed at each place */
    WINNOW_WINDOW = 64, /* places that are not farther apart */
    WINNOW_EVERY = 20,  /* one place in so many is chosen */
    WINNOW_SURE = WINNOW_GRAM + WINNOW_WINDOW - 1,
};

struct winnow_key; /* with tables for folding */

struct winnow_key *winnow_key_new(const uint8_t bytes[WINNOW_KEY_BYTES]);
void winnow_key_free(struct winnow_key **key);

struct winnow_point {
    uint32_t hash;
    uint32_t place; /* in the round: for winnow_source */
};

struct winnow;

/* text is borrowed until winnow_free. */
struct winnow *winnow_new(const struct winnow_key *key, struct str text);
void winnow_free(struct winnow **winnow);

/* The points of the next piece of the text, of a few kilobytes; they are good
 * until the next round.  False when there is no more text. */
bool winnow_round(struct winnow *w, const struct winnow_point **points_out,
    size_t *count_out);
/* Bytes of the source that the rounds have read. */
size_t winnow_read(const struct winnow *w);
/* Folded bytes so far; after the last round of all. */
uint64_t winnow_letters(const struct winnow *w);
/* Where a point of this round stands: in the folded text, and the source bytes
 * of its gram. */
uint64_t winnow_position(const struct winnow *w, uint32_t place);
void winnow_source(
    const struct winnow *w, uint32_t place, size_t *start_out, size_t *end_out);

#endif
