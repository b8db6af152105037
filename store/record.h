/*
 * What a worker and the storer say to each other, and what a journal entry
 * is.  Encoded little-endian, versioned, CRC-protected in the journal.
 */
#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"

/* OPEN, DONE and VOID as in inspect/exchange.h; GONE closes every open record
 * of an origin (a worker instance that ended): outcome failure; AUDIT is what
 * was done in the console, kept apart from activities. */
enum store_kind {
    STORE_OPEN = 1,
    STORE_DONE = 2,
    STORE_GONE = 3,
    STORE_VOID = 4, /* takes back an OPEN, of another origin, too: the login
                       that succeeds after all comes on another worker */
    STORE_AUDIT = 5,
    STORE_CURSOR = 6,     /* how far a source is read: {"name", "cursor"} */
    STORE_ASK_CURSOR = 7, /* a question, never in a journal: json is the name;
                             the answer's text is the cursor */
};

enum { STORE_INLINE_MAX = 60 * 1024, STORE_JSON_MAX = 64 << 20 };

struct store_request {
    enum store_kind kind;
    uint64_t token;  /* comes back in the answer; 0 for GONE */
    uint64_t origin; /* worker instance, unique for the installation */
    char id[UUID_TEXT_BYTES];
    struct str json; /* up to STORE_INLINE_MAX inline, else in the memfd that
                        travels with the datagram (then empty here) */
    uint32_t json_bytes;
};
/* json.n above STORE_INLINE_MAX, or json empty and json_bytes set: the caller
 * sends the memfd along. */
void store_request_encode(const struct store_request *request, struct buf *out);
enum err store_request_decode(
    struct str bytes, struct store_request *out) MUST_USE;

/* A UUID in lower case, as clock_uuid7 writes it. */
bool store_id_is_valid(struct str id);

struct store_answer {
    uint64_t token;
    enum err err;    /* OK: durable */
    struct str text; /* of STORE_ASK_CURSOR; at most STORE_INLINE_MAX */
};
void store_answer_encode(const struct store_answer *answer, struct buf *out);
enum err store_answer_decode(
    struct str bytes, struct store_answer *out) MUST_USE;

#endif
