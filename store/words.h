/*
 * The words that people search for, as the expression that the index of text
 * (FTS5) is asked with.
 *
 *     quarterly report "cache works" invoice OR bill -draft NOT test
 *
 * Words must all stand in the text; "what is in quotes" stands together; the
 * last word may be the beginning of one. OR (in capitals, between two) binds
 * closer than what stands side by side: either of both. - before a word, or
 * NOT (in capitals) before it, takes away what has it. Everything else is
 * searched for, so that no text is a mistake but one that joins by OR what is
 * taken away.
 */
#ifndef STORE_WORDS_H
#define STORE_WORDS_H

#include "base/buf.h"

enum { WORDS_MAX = 256 }; /* words of a text, operators too */

/* The expression for the words that are wanted and not; empty: no words.
 * is_rest_out: only such as are not wanted were named: the expression is of
 * these, what is asked for are all others.
 * ERR_PARSE: OR beside what is taken away; ERR_LIMIT: WORDS_MAX. */
enum err words_write_match(
    struct str text, struct buf *match_out, bool *is_rest_out) MUST_USE;

#endif
