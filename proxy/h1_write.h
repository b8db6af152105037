/*
 * HTTP/1 heads and chunks as bytes: always rebuilt from struct head, never
 * copied from the wire (H3).  Framing and connection fields are the codec's.
 * A field that could break the framing of the line is left out.
 */
#ifndef PROXY_H1_WRITE_H
#define PROXY_H1_WRITE_H

#include "proxy/h1_head.h"

/* False, and nothing written: the request cannot be written safely. */
bool h1_write_request(
    struct buf *out, const struct head *head, enum h1_framing framing) MUST_USE;

enum h1_persistence { H1_SILENT, H1_SAY_CLOSE, H1_SAY_KEEP_ALIVE };

/* length: what Content-Length says; -1: no such field. */
void h1_write_response(struct buf *out, const struct head *head,
    enum h1_framing framing, int64_t length, enum h1_persistence persistence);
void h1_write_chunk(struct buf *out, struct str data);
void h1_write_last_chunk(struct buf *out, const struct head *trailers);
/* The codec's own answer to input that it refuses; says close. */
void h1_write_refusal(struct buf *out, const struct h1_refusal *refusal);

#endif
