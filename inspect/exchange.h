/*
 * One request and its response, as the inspector sees them: the only door
 * between the proxy spine (proxy/txn.c), the replay command and everything in
 * inspect/.
 *
 *   exchange_new            route found, gate known
 *   exchange_request_data*  wire bytes of the body (still content-encoded)
 *   exchange_request_end
 *   exchange_step*          decode, extract, ask the keeper, scan, judge; each
 *                           call is short, EXCHANGE_MORE asks for another
 *   exchange_verdict        … and exchange_next_record: what must be durable
 *                           before the request goes on
 *   exchange_response_head, exchange_response_data*, exchange_response_end
 *   exchange_step*, exchange_next_record   completed records
 *
 * Never trusts the traffic: what cannot be parsed is harvested generically;
 * what cannot be decoded, scanned or held is decided by on_failure.  No I/O,
 * no callbacks; the same events give the same activities however the bodies
 * were cut.
 */
#ifndef INSPECT_EXCHANGE_H
#define INSPECT_EXCHANGE_H

#include "base/field.h"
#include "inspect/activity.h"
#include "inspect/keep.h"
#include "inspect/policy.h"
#include "inspect/scan.h"
#include "inspect/service.h"

/* What a failure of a kind leads to: settings.on_failure. */
enum failure {
    FAIL_PARSE,
    FAIL_LIMIT,
    FAIL_DECODE,
    FAIL_EXTRACT,
    FAIL_SCAN,
    FAIL_STORE,
    FAIL_COUNT
};
const char *failure_name(enum failure failure);

struct evidence_options; /* inspect/evidence.h */
struct names;            /* inspect/names.h */
struct identity_memory;  /* inspect/identity.h */
struct channel_pool;     /* inspect/channel.h */

/* Shared by all exchanges of a worker; borrowed, one configuration
 * generation. */
struct exchange_env {
    const struct service_set *services;
    const struct policy *policy;
    struct scanner *scanner;
    struct str node;
    enum capture capture;
    bool failure_blocks[FAIL_COUNT];
    size_t hold_max_bytes;  /* decoded and wire: settings.hold.max_bytes */
    bool oversize_streams;  /* hold.oversize: stream */
    bool blocks_signed_out; /* tenant.signed_out: block */
    struct identity_memory *memory; /* of the connection; NULL: none */
    struct channel_pool *pool;      /* inspect/channel.h; NULL: none */
    size_t document_max_bytes; /* settings.extract.max_bytes; 0: whoever runs
                                  the exchange reads no documents */
    const struct evidence_options *evidence; /* NULL: none is kept */
    struct names *names;                     /* NULL: as they are */
};

struct exchange_request {
    struct str method, host, path; /* path with query */
    const char *version;           /* "1.1", "2" */
    struct str protocol; /* "websocket": an upgrade is asked for; or empty */
    const struct field *fields;
    size_t field_count;
    bool has_body;
    /* who, as the front knows it: proxy user and its groups, client address */
    struct str proxy_user, proxy_groups, client_ip;
    int64_t time_ms; /* 0: now */
};

struct exchange;
struct exchange *exchange_new(const struct exchange_env *env,
    const struct exchange_request *request); /* copies */
void exchange_free(struct exchange **exchange);
/* The map says that its bodies hold secrets: what is freed by this thread, by
 * the exchange or for it, is zeroed until exchange_free. */
bool exchange_is_secret(const struct exchange *ex);

enum gate {
    GATE_FORWARD, /* no content leaves with it: pass on at once (the response
                     is looked at all the same) */
    GATE_HOLD,    /* collect the whole body, verdict and record first */
    GATE_STREAM,  /* mapped upload route: pass on while scanning, withhold the
                     last GATE_TAIL_BYTES and the end until verdict, record; a
                     first record (OPEN) is there before anything passes */
    GATE_REFUSE,  /* over a limit and nothing to be streamed: ask verdict */
};
enum { GATE_TAIL_BYTES = 64 * 1024 };
/* May change from HOLD to STREAM or REFUSE while data comes in (oversize). */
enum gate exchange_gate(const struct exchange *ex);

/* True, once at most, after exchange_new or after some of the body came:
 * exchange_question is to be answered before any of it may pass (it says under
 * which activity). */
bool exchange_asks_early(struct exchange *ex);

/* More of the body should not be read: what is there waits for its scan. */
bool exchange_is_behind(const struct exchange *ex);

void exchange_request_data(struct exchange *ex, struct str wire);
/* Trailers, before the end. */
void exchange_request_trailers(
    struct exchange *ex, const struct field *fields, size_t count);
void exchange_request_end(struct exchange *ex);
/* The client went away, or the upstream did, before the end. */
void exchange_request_cut(struct exchange *ex);

enum exchange_state {
    EXCHANGE_MORE,  /* call exchange_step again (yield to the loop first) */
    EXCHANGE_ASK,   /* exchange_question is to be answered */
    EXCHANGE_READ,  /* exchange_document is to be read (never without
                       document_max_bytes) */
    EXCHANGE_READY, /* verdict and records are there; nothing to do */
};
enum exchange_state exchange_step(struct exchange *ex);
struct str exchange_question(const struct exchange *ex);
/* A file whose text is to be taken out (extract/extract.h); valid until it is
 * taken or skipped. */
struct str exchange_document(const struct exchange *ex);
/* What was got out of a document; borrowed for the call. */
struct document_reading {
    struct str text;
    const char *trouble; /* NULL: read whole; else why not: "encrypted" … */
    struct str where;    /* the member of the document it happened to */
};
void exchange_take_document(
    struct exchange *ex, const struct document_reading *reading);
/* Its bytes are looked at as any binary's, and that is no failure. */
void exchange_skip_document(struct exchange *ex);
/* The keeper learns something by the question itself, or its answer is the
 * beginning of what is to be told: it is to be put even
 * when nobody waits for the answer any more. */
bool exchange_question_tells(const struct exchange *ex);
/* answer: empty when the keeper is gone; the exchange goes on without. */
void exchange_answer(struct exchange *ex, struct str answer);
/* Notes to the keeper that want no answer: OK while there was one. */
enum err exchange_next_note(struct exchange *ex, struct buf *note_out) MUST_USE;

/* Valid once the request side is EXCHANGE_READY. */
const struct verdict *exchange_verdict(const struct exchange *ex);
/* A failure in the proxy (FAIL_STORE, FAIL_LIMIT …) turned the verdict. */
void exchange_fail(struct exchange *ex, enum failure failure);

/* The synthetic answer to a blocked request, in the shape the client asked
 * for (fact sheet chatgpt-wire §8.4). */
struct exchange_reply {
    int status;
    struct str content_type;
    struct buf body;
};
void exchange_block_reply(struct exchange *ex, struct exchange_reply *out);

enum record_kind {
    RECORD_OPEN,   /* durable before the request goes on */
    RECORD_DONE,   /* the whole final state under the same id, or a record that
                      needs no completion */
    RECORD_VOID,   /* takes back an OPEN: it turned out that a record under
                      another id, which came before this one, tells the same,
                      or that there is nothing to tell */
    RECORD_AUDIT,  /* never an exchange's: what was done in the console */
    RECORD_CURSOR, /* neither: how far a log is read */
    RECORD_ASK_CURSOR,
};
struct record {
    enum record_kind kind;
    char id[UUID_TEXT_BYTES];
    /* OPEN, and true already: another exchange may add to it (a link, whose
     * file is fetched later), and if none does it stays as it is. */
    bool is_standing;
    struct buf json; /* the whole activity, one line, no newline */
};
/* OK while there was one; the caller frees record_out->json. */
enum err exchange_next_record(
    struct exchange *ex, struct record *record_out) MUST_USE;

void exchange_response_head(struct exchange *ex, int status,
    const struct field *fields, size_t field_count, bool has_body);
/* After the head, where the length is not among its fields. */
void exchange_response_length(struct exchange *ex, int64_t length);
/* GATE of the answer is always forward: bytes are looked at as they pass. */
void exchange_response_data(struct exchange *ex, struct str wire);
/* is_complete false: the message broke off (either side). After it, step. */
void exchange_response_end(struct exchange *ex, bool is_complete);
/* No response will come: blocked, refused, upstream dead. status: what the
 * client got. After it, step. */
void exchange_no_response(struct exchange *ex, int status);

#endif
