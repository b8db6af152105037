/* Charsets to UTF-8, for the readers of this folder. */
#ifndef EXTRACT_TEXT_H
#define EXTRACT_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct job;

/* The code point at s[at], s[at + 1] being there; the bytes it takes. */
size_t text_decode_utf16(
    struct str s, size_t at, bool is_big, uint32_t *code_point_out);
uint32_t text_cp1252(unsigned char c);

void text_utf16(struct job *job, struct str s, bool is_big);
void text_latin_to_utf8(struct str s, struct buf *out); /* Windows-1252 */
void text_latin(struct job *job, struct str s);         /* Windows-1252 */
/* UTF-16 without a mark: in a text in Latin letters every second byte is 0. */
bool text_looks_utf16(struct str s, bool *is_big_out);
/* What is not UTF-8, by its look: true, and converted into out. */
bool text_to_utf8(struct str s, struct buf *out);
/* Printable runs of six and more, ASCII and UTF-16LE, a line each; of sixteen
 * in what looks compressed. */
void text_strings(struct job *job, struct str s);

/* By iconv; false: a charset that is not known. What is no text in it becomes
 * U+FFFD. */
bool text_convert(struct str s, const char *charset, struct buf *out);

#endif
