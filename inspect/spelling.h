/*
 * The ways in which a word with letters beyond ASCII is written: in lower and
 * upper case and with a capital, without its accents, and as the view of a
 * disguised text (inspect/norm.h) has it, where letters that look like Latin
 * ones are those.
 *
 * A rule names a keyword once; whoever searches looks for all of these.  ASCII
 * letters are left as they are: searching ignores their case anyway.  Scripts
 * with cases that are known here: Latin, Greek, Cyrillic.
 */
#ifndef INSPECT_SPELLING_H
#define INSPECT_SPELLING_H

#include "base/buf.h"
#include "base/str.h"

enum { SPELLINGS_MAX = 8 };

/* Fills spellings_out, which the caller frees; the first is the word itself.
 * Returns how many there are, each another. */
size_t spelling_list(struct str word, struct buf spellings_out[SPELLINGS_MAX]);

#endif
