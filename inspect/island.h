/*
 * Encoded islands in a text, each as an edit that decodes it: escapes
 * (percent, HTML references, \x \u and octal, quoted-printable), base64 in
 * both alphabets, wrapped and over gzip, base32, hex, lists of byte values.
 * Only what decodes to text is one.
 *
 * Each looks at what begins in [from, to), which the marks cover, may read on
 * behind it, and returns where to go on: at `to` or behind.  No state.  What is
 * decoded is at most as long as its source (lists of codes: twice), but for
 * gzip: one is at most ISLAND_INFLATED_MAX, all that one call adds less than
 * twice that.
 */
#ifndef INSPECT_ISLAND_H
#define INSPECT_ISLAND_H

#include "inspect/marks.h"
#include "inspect/view.h"

enum {
    ISLAND_MAX = 48 * 1024, /* source bytes; a longer one is several */
    ISLAND_INFLATED_MAX = 256 * 1024,
};

size_t island_find_escapes(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out);
/* Base64, base32, hex in one run. */
size_t island_find_tokens(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out);
/* One such run, text[start, end): returns how far it is done. */
size_t island_try_run(
    struct str text, size_t start, size_t end, struct view_edits *out);
/* The same in groups of one length, with blanks between. */
size_t island_find_groups(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out);
/* Bytes as variation selectors; a norm has none. */
size_t island_find_hidden(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out);
/* Lines of "00000010: 3431 3131  4111" and the like. */
size_t island_find_dumps(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out);
/* chr(52) + chr(49), "U+0034 U+0031". */
size_t island_find_characters(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out);
/* ASCII85 and its like; Morse code. */
size_t island_find_base85(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out);
size_t island_find_morse(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out);
/* The same with slashes: "....-/.----/.----". */
size_t island_find_slashed(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out);
/* "34 31 31", "0x34, 0x31", "52 49", "00110100 00110001". */
size_t island_find_codes(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out);

#endif
