/*
 * Lines of a stream (NDJSON, JSON lines), in any cuts: split at LF, a CR
 * before it taken off, blank lines left out.  A line inside one feed is not
 * copied.
 *
 * Memory: one line, at most line_bytes.
 */
#ifndef INSPECT_NDJSON_H
#define INSPECT_NDJSON_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

enum { NDJSON_LINE_BYTES_DEFAULT = 8 * 1024 * 1024 };

struct ndjson;

/* is_complete: false for a last line without LF.  line: valid until on_line
 * returns.  line_bytes: 0 for the default. */
struct ndjson *ndjson_new(size_t line_bytes,
    void (*on_line)(void *arg, struct str line, bool is_complete), void *arg);
void ndjson_free(struct ndjson **ndjson);
/* ERR_LIMIT, and then every later call gives it again. */
enum err ndjson_feed(struct ndjson *n, struct str bytes) MUST_USE;
enum err ndjson_finish(struct ndjson *n) MUST_USE;

#endif
