/*
 * Server-sent events (WHATWG HTML §9.2; fact sheet chatgpt-wire §4.1), in any
 * cuts: LF, CRLF and CR line ends, `data:` with and without the blank, several
 * data lines joined by LF, comments, a byte order mark.
 *
 * Unlike a browser it delivers a last event that the closing blank line is
 * missing from, marked, since a broken-off answer is to be kept.
 *
 * Memory: at most one event (its data and the line being read).
 */
#ifndef INSPECT_SSE_H
#define INSPECT_SSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

enum { SSE_EVENT_BYTES_DEFAULT = 8 * 1024 * 1024 };

/* Valid until on_event returns. */
struct sse_event {
    struct str name;     /* "event:" field, empty when there was none */
    struct str data;     /* not trimmed: chatgpt.com pads with blanks */
    struct str id;       /* of this event or an earlier one */
    uint64_t start, end; /* offsets in the stream, with its line ends */
    bool is_complete;    /* false: the stream ended before the blank line */
};

struct sse;

/* event_bytes: limit for the lines of one event together; 0 for the default.
 * Events without a data field are not delivered. */
struct sse *sse_new(size_t event_bytes,
    void (*on_event)(void *arg, const struct sse_event *event), void *arg);
void sse_free(struct sse **sse);
/* ERR_LIMIT: an event is too large; every later call gives it again. */
enum err sse_feed(struct sse *s, struct str bytes) MUST_USE;
enum err sse_finish(struct sse *s) MUST_USE;

#endif
