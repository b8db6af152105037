/*
 * Values turned round, each as an edit that turns them back: text behind an
 * override of direction, numbers and tokens backwards, in ROT13 or with the
 * case of letters flipped, numbers in words or in letters that look like
 * digits.
 *
 * Each looks at what begins in [from, to), which the marks cover, may read on
 * behind it, and returns where to go on: at `to` or behind.  No state.
 */
#ifndef INSPECT_TURN_H
#define INSPECT_TURN_H

#include "inspect/marks.h"
#include "inspect/view.h"

/* U+202E … U+202C: characters in the order in which they are shown. */
size_t turn_find_bidi(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out);
/* Bare numbers backwards. */
size_t turn_find_numbers(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out);
/* "four one one …", "vier eins …", "4 one 1 one", "forty-one eleven …": in one
 * of these. */
enum {
    TURN_DOUBLE = 'D', /* the next digit twice */
    TURN_TRIPLE = 'T',
    TURN_TWENTY = 'c', /* and on to ninety */
    TURN_TEN = 'k',    /* and on to nineteen */
};
struct turn_word {
    const char *word; /* UTF-8, lower case */
    char digit;       /* or one of those */
};
extern const struct turn_word turn_words[];
extern const size_t turn_word_count;
size_t turn_find_words(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out);
/* 四一一一, 肆壹壹壹: eight and more. */
size_t turn_find_chinese(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out);
/* "IV I I I", eight and more. */
size_t turn_find_roman(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out);
/* What lines begin with: an access key, or a number. */
size_t turn_find_initials(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out);
/* Tokens of vendors, keys and addresses of databases in a cipher that shifts or
 * mirrors the alphabet. */
size_t turn_find_ciphers(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out);
/* "4ll1OO2E": digits as letters that look like them; "fouroneone": number
 * words in one. */
size_t turn_find_looks(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out);
size_t turn_find_glued(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out);
/* A text of at most 16 KiB that has two of these words, or a long one, is
 * turned as a whole. */
extern const char *const turn_backwards[];
extern const size_t turn_backwards_count;
size_t turn_find_text(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out);
void turn_append_backwards(struct buf *out, struct str s); /* by characters */
/* Where the value of a run of MARK_TURN begins: behind "NAME=". */
size_t turn_token_start(const struct marks *marks, size_t at, size_t end);
/* A token becomes four: backwards, ROT13, both, with its case flipped. */
size_t turn_find_tokens(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out);

#endif
