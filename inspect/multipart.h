/*
 * multipart bodies (RFC 2046 §5.1, form-data by RFC 7578), in any cuts.
 *
 * Part headers are read, part data is passed on as it comes: on_data points
 * into the input or at a few held-back bytes that looked like a boundary.
 * Preamble and epilogue go to on_other, so that nothing hides there.  A
 * multipart inside a part is plain part data.  Bare LF line ends are taken as
 * CRLF, as many servers do.
 *
 * Memory: one part's header block, at most MULTIPART_HEADER_BYTES_MAX.
 */
#ifndef INSPECT_MULTIPART_H
#define INSPECT_MULTIPART_H

#include <stdint.h>

#include "inspect/mime.h"

enum {
    MULTIPART_PARTS_MAX = 10000,
    MULTIPART_HEADER_BYTES_MAX = 16 * 1024,
    MULTIPART_BOUNDARY_BYTES_MAX = 200, /* RFC 2046 says 70 */
};

/* Valid until on_part returns. */
struct multipart_part {
    struct mime_disposition disposition; /* zero when there was none */
    struct str type; /* lower case, without parameters; empty when none */
    struct str content_type; /* the whole value, with parameters */
    struct str encoding;     /* Content-Transfer-Encoding, or empty */
    struct str headers;      /* the whole block as it came */
};

/* Each may be NULL. */
struct multipart_events {
    void (*on_part)(void *arg, const struct multipart_part *part);
    void (*on_data)(void *arg, struct str data);
    void (*on_part_end)(void *arg); /* also for one that is broken off */
    void (*on_other)(void *arg, struct str bytes); /* preamble, epilogue */
};

struct multipart;

/* ERR_PARSE: empty or oversized boundary. */
enum err multipart_new(struct str boundary,
    const struct multipart_events *events, void *arg,
    struct multipart **multipart_out) MUST_USE;
void multipart_free(struct multipart **multipart);
/* ERR_LIMIT: parts or header bytes (those go to on_other first); every later
 * call gives it again. */
enum err multipart_feed(struct multipart *m, struct str bytes) MUST_USE;
/* Offset behind the last byte taken: where ERR_LIMIT came up. */
uint64_t multipart_offset(const struct multipart *m);
/* ERR_PARSE: the final boundary is missing (what there was is delivered). */
enum err multipart_finish(struct multipart *m) MUST_USE;

#endif
