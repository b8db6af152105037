/*
 * Content-Encoding (RFC 9110 §8.4): wire bytes in, decoded bytes out, at any
 * cuts and with everything that can be decoded out at once (an SSE stream
 * under gzip has to be read event by event).
 *
 * Known: identity, gzip and x-gzip (several members in a row), deflate (zlib
 * or raw, found out by itself), br, zstd (several frames, skippable frames),
 * and up to three of them stacked.  Dictionary encodings (dcb, dcz) and
 * everything else are ERR_UNSUPPORTED.
 *
 * Memory a stage, whatever the peer sends: gzip and deflate 48 KiB, br 16 MiB
 * of window (RFC 7932; large windows are refused) and 1 MiB of tables, zstd
 * 8 MiB of window (RFC 9659) and 1 MiB; all allocated as needed.  Plus 16 KiB
 * between stages, and whatever the caller leaves in `out`.
 */
#ifndef INSPECT_DECODE_H
#define INSPECT_DECODE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum {
    DECODE_STAGES_MAX = 3,
    DECODE_RATIO_DEFAULT = 200,
    DECODE_RATIO_FREE_BYTES = 1024 * 1024,
};

struct decode_limits {
    uint64_t output_bytes; /* of any stage; 0: no limit */
    unsigned ratio;        /* output of any stage : wire, once the output is
                              over DECODE_RATIO_FREE_BYTES; 0: the default */
};

struct decoder;

/* content_encoding: the header's value, "" for none; several header lines are
 * joined with a comma by the caller.  ERR_UNSUPPORTED: an encoding that is not
 * known, or more than DECODE_STAGES_MAX. */
enum err decoder_new(struct str content_encoding,
    const struct decode_limits *limits, struct decoder **decoder_out) MUST_USE;
void decoder_free(struct decoder **decoder);
bool decoder_is_identity(const struct decoder *d);

/* Appends to out.  ERR_PARSE: damaged, or something behind the end.
 * ERR_LIMIT: a bomb.  What was decoded before an error is in out; after one,
 * every later call gives it again. */
enum err decoder_feed(
    struct decoder *d, struct str wire, struct buf *out) MUST_USE;
/* ERR_PARSE: broken off.  No bytes at all are an empty body, and OK. */
enum err decoder_finish(struct decoder *d, struct buf *out) MUST_USE;

/* Whether the first bytes can be what the encoding's last stage makes:
 * exports (HAR) keep the header beside a body already decoded.  Looks at the
 * magic of gzip, zstd and zlib; what has none (br, raw deflate) is told by
 * looking unlike text.  True for an empty body and for unknown encodings. */
bool decode_looks_encoded(struct str content_encoding, struct str first_bytes);
/* The same of a whole body, for whoever has it.  What br or raw deflate cannot
 * have made is told by undoing it: a picture is no Brotli stream.  A body that
 * breaks off, or that is damaged behind its beginning, still is one. */
bool decode_is_encoded(struct str content_encoding, struct str body);

#endif
