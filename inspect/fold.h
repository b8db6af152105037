/*
 * Characters as they are compared, not as they are written: letters in lower
 * case and without accents, compatibility forms (NFKC) resolved, digits of
 * every script as ASCII, invisible characters and marks gone, Cyrillic and
 * Greek letters that look like Latin ones as those.
 *
 * Lossy on purpose: both sides of a comparison must have gone through it.
 * Source: Unicode Character Database, by tests/data/make_fold_table.py.
 */
#ifndef INSPECT_FOLD_H
#define INSPECT_FOLD_H

#include <stdbool.h>

#include "base/str.h"

enum { FOLD_MAX = 8 }; /* bytes that a character may become */

enum fold_kind {
    FOLD_BREAK, /* neither letter nor digit: words end here */
    FOLD_WORD,
    FOLD_ALONE, /* of a script without blanks: a word by itself */
};

/* Of the code point c; the folded bytes go to out, *n_out of them (0: the
 * character is dropped, but does not end a word). */
enum fold_kind fold_character(uint32_t c, char out[FOLD_MAX], size_t *n_out);

#endif
