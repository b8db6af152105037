/*
 * Values that are written in pieces, each as edits that take out what stands
 * between them: separators and line ends in numbers, tags and emphasis,
 * strings that code puts together, one string a character, halves announced
 * in words, messages of a conversation written down.
 *
 * Joining makes numbers that nobody wrote: whoever scans the result asks for
 * more evidence (struct scan_job.is_doubtful).
 *
 * Each looks at what begins in [from, to), which the marks cover, may read on
 * behind it, and returns where to go on: at `to` or behind.  No state.
 */
#ifndef INSPECT_JOIN_H
#define INSPECT_JOIN_H

#include "inspect/marks.h"
#include "inspect/view.h"

/* Groups of digits with one kind of separator between all. */
size_t join_find_numbers(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out);
/* Groups of digits with the same bytes between all, pieces under numbers that
 * count up: "part 1: …, part 2: …". */
size_t join_find_counted(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out);
/* "digit 1 is 4, digit 2 is 1", "{0: 'A', 1: 'K'}". */
size_t join_find_indexed(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out);
/* "g h p _ A": single characters. */
size_t join_find_singles(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out);
/* Pieces of a token at a line end, quote, tag, emphasis. */
size_t join_find_tokens(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out);
/* "first half … second half …". */
size_t join_find_halves(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out);
/* "second half …, first half …", "last four …, first twelve …". */
size_t join_find_order(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out);
/* "a = X; b = Y", "starts with X and ends with Y", messages of a conversation
 * as text: numbers.  Tokens: one that begins as a vendor's does, or an IBAN,
 * and goes on near by. */
size_t join_find_bridges(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out);
size_t join_find_prefixed(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out);
extern const char *const join_prefixes[];
extern const size_t join_prefix_count;
/* Behind words that announce the next piece: "and the second half is"; 0:
 * there are none at `at`. */
size_t join_read_words(struct str text, size_t at);
/* [{"role": "user", "content": "…"}, …] */
size_t join_find_messages(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out);

#endif
