/*
 * A worker's side of the extractor: files go out in sealed memfds behind a
 * token of ours, reports come back behind the same.
 *
 * There is always an answer: without an extractor, or without its word in
 * time, a report that says so (EXTRACT_CRASHED, EXTRACT_TIMEOUT).
 */
#ifndef PROXY_EXTRACTING_H
#define PROXY_EXTRACTING_H

#include <uv.h>

#include "base/buf.h"
#include "extract/extract.h"

/* The datagrams: a token, and back the token and one byte. */
enum { EXTRACTING_TOKEN_BYTES = 8, EXTRACTING_ANSWER_BYTES = 9 };
enum extracting_end { EXTRACTING_DONE, EXTRACTING_LATE, EXTRACTING_FAILED };

enum {
    /* Bytes of all files that wait for their answer: beyond it, as if there
     * were no extractor. */
    EXTRACTING_BYTES_MAX = 512 << 20,
};

struct extracting;

/* Comes from the loop; the report is valid during the call, and its text may
 * be taken out of it. */
typedef void extracting_done_fn(
    void *owner, uint64_t token, struct extract_report *report);

struct extracting *extracting_new(uv_loop_t *loop, extracting_done_fn *done);
void extracting_free(struct extracting **x); /* the loop must run once more */

/* wait_ms: for one answer, queue included; text_max: of one report. */
void extracting_configure(
    struct extracting *x, uint64_t wait_ms, size_t text_max);
/* A channel to a (new) extractor; fd is taken.  Open questions are asked once
 * more: a file that ended the first one may end no second. */
void extracting_attach(struct extracting *x, int fd);
void extracting_ask(
    struct extracting *x, void *owner, uint64_t token, struct str file);
void extracting_forget(struct extracting *x, const void *owner);

#endif
