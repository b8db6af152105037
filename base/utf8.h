/*
 * UTF-8 (RFC 3629): validation and encoding.  Overlong forms, surrogates and
 * code points above U+10FFFF are invalid.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* Bytes of the valid sequence at the start of s (1 to 4), or 0. */
size_t utf8_length(struct str s);

/* The code point at the start of s, and its length; 0 when invalid. */
size_t utf8_decode(struct str s, uint32_t *code_point_out);

/* Writes 1 to 4 bytes; a surrogate or too large value becomes U+FFFD. */
size_t utf8_encode(uint32_t code_point, char out[4]);

bool utf8_is_valid(struct str s);
/* Valid, and without control characters that no text file has; a sequence
 * that the end cuts does not count. */
bool utf8_is_text(struct str s);

/* The longest prefix of at most n bytes that cuts no sequence. */
size_t utf8_floor(struct str s, size_t n);

#endif
