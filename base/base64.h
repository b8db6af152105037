/* Base64 (RFC 4648 §4) and its URL alphabet (§5), padding optional when
 * decoding.  Blanks and line ends are not skipped. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/buf.h"

/* Appends the decoded bytes; ERR_PARSE on a character outside both alphabets
 * or a wrong length (then *out may hold a part). */
enum err base64_decode(struct str text, struct buf *out) MUST_USE;
void base64_encode(struct str bytes, struct buf *out);

/* The six bits of a character of either alphabet; -1: it is of none. */
int base64_value(unsigned char c);

#endif
