/*
 * The text of a body that no service map explains: everything in it that
 * could be somebody's words or numbers, one piece a line, for the scanner.
 *
 *   JSON, NDJSON   string values, numbers and keys of nine digits and more
 *   form           names and values; what is JSON in them, as JSON
 *   multipart      part names, file names, and each part by its own type
 *   SSE            the data of each event; JSON in it, as JSON
 *   text           as it is
 *   anything else  printable runs of four characters and more, in UTF-8 and
 *                  UTF-16LE
 *
 * The declared type is a hint only: what begins like JSON, SSE or a form is
 * tried as that.  Where a format breaks off or lies, the rest goes on as
 * printable runs: nothing is skipped but structure.  Bodies are given decoded
 * (inspect/decode.h), in any cuts.
 */
#ifndef INSPECT_HARVEST_H
#define INSPECT_HARVEST_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum harvest_kind {
    HARVEST_UNKNOWN, /* nothing fed yet */
    HARVEST_JSON,
    HARVEST_FORM,
    HARVEST_MULTIPART,
    HARVEST_SSE,
    HARVEST_TEXT,
    HARVEST_RUNS,
};
const char *harvest_kind_name(enum harvest_kind kind);

struct harvest;

/* content_type: the header's value or "".  output_bytes: limit of all text
 * given out, 0 for none. */
struct harvest *harvest_new(struct str content_type, size_t output_bytes);
void harvest_free(struct harvest **harvest);
/* Appends to text_out.  ERR_LIMIT: more text than output_bytes, the rest was
 * not looked at; every later call gives it again. */
enum err harvest_feed(
    struct harvest *h, struct str bytes, struct buf *text_out) MUST_USE;
enum err harvest_finish(struct harvest *h, struct buf *text_out) MUST_USE;

/* As what it was read, and whether that format broke down on the way. */
enum harvest_kind harvest_kind(const struct harvest *h);
bool harvest_is_broken(const struct harvest *h);

/* Goes aside from now on, a piece a line: what is there for machines (ids and
 * tokens by their name or shape, strings of one or two characters, numbers,
 * names of fields, headers of parts).  It is to be scanned, too, but nobody
 * typed it. */
void harvest_set_aside(struct harvest *h, struct buf *aside);

/* new, feed, finish, free. */
enum err harvest_body(struct str content_type, struct str body,
    size_t output_bytes, struct buf *text_out) MUST_USE;

#endif
