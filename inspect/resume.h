/*
 * An answer of ChatGPT that comes in several streams: broken off on one
 * connection and resumed on another, or handed off to a WebSocket after its
 * beginning (fact sheet chatgpt-wire §4.6, §4.9).  And one of Responses (§9.2)
 * that goes on with a GET of its id: its events are numbered, so what is kept
 * is the text so far and the next number (openai_resume.c).
 *
 * What is needed to go on is one line of JSON that the keeper holds for
 * KEEP_STREAM_SECONDS: the messages so far, what the next delta inherits, and
 * hashes of the last events, so that events sent twice are told.  At most
 * RESUME_KEPT_MAX; a longer one is not kept.  exchange_resume.c asks and
 * tells.  No state.
 */
#ifndef INSPECT_RESUME_H
#define INSPECT_RESUME_H

#include "inspect/answer.h"

enum {
    RESUME_KEPT_MAX = 360 * 1024,
    RESUME_RAW_MAX = 2 * 1024 * 1024, /* of a stream that may go on another */
    /* Told apart, of one stream: as many as RESUME_RAW_MAX can hold. */
    RESUME_EVENTS_MAX = RESUME_RAW_MAX / 16,
};

/* An event of the stream, for later comparison. */
void resume_note_event(struct answer *a, struct str data);
/* Nothing, where it is no stream that could go on. */
void resume_write(const struct answer *a, struct buf *out);
/* Bytes that go on with what was kept; offset: events that the client says it
 * has already, or -1.  NULL: they are a whole stream of their own, or nothing
 * useful was kept.  Else finished; the caller owns it.  is_same_out: it is the
 * answer whose beginning was kept. */
struct answer *resume_join(struct str kept, struct str raw, int64_t offset,
    bool is_complete, bool *is_same_out);
/* The bytes by themselves, finished; the caller owns it. */
struct answer *resume_decode(struct str raw, bool is_complete);

#endif
