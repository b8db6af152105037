/*
 * What outlives a connection, for all workers of a node: conversation trees
 * (edit detection), message ids seen (retries), answers seen, files on their
 * way up, hosts learnt, and whose a session is; links to files that come down
 * are inspect/keep_links.h's.
 * The ends of conversations' last prompts are inspect/keep_tails.c's.
 * One bounded table of small entries under SHA-256 keys, least recently used
 * out first, entries expire.  The keeper role serves it; replay and tests
 * call it directly.
 *
 * Questions and answers are opaque datagrams (at most KEEP_DATAGRAM_MAX) made
 * and read through the functions below, by inspect/exchange.c and for hosts
 * by the proxy.  Damaged datagrams give empty answers.  No I/O.
 */
#ifndef INSPECT_KEEP_H
#define INSPECT_KEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/err.h"

enum {
    KEEP_DATAGRAM_MAX = 60 * 1024, /* with its token below CHAN_DATAGRAM_MAX */
    KEEP_RETRY_SECONDS = 10 * 60,  /* the same message id again */
    KEEP_ANSWER_SECONDS = 24 * 60 * 60,    /* the same answer again */
    KEEP_DRAFT_SECONDS = 30,               /* between two of its texts */
    KEEP_TURN_SECONDS = 30 * 24 * 60 * 60, /* conversation trees */
    KEEP_HOST_SECONDS = 24 * 60 * 60,
    KEEP_IDENTITY_SECONDS = 12 * 60 * 60,  /* since it was last used */
    KEEP_NAME_MAX = 320,                   /* a longer name is not kept */
    KEEP_FILE_SECONDS = 30 * 24 * 60 * 60, /* a prompt may use it later */
    KEEP_STREAM_SECONDS = 10 * 60, /* an answer that broke off goes on */
    KEEP_FILE_IDS_MAX = 3,
    KEEP_FACT_BYTES_MAX = 48 * 1024,        /* one line about a file */
    KEEP_FACTS_BYTES_MAX = 8 << 20,         /* all of them, of one file */
    KEEP_CHUNK_BYTES = 1 << 20,             /* of a file's bytes at once */
    KEEP_FILE_CHUNKS_BYTES_MAX = 256 << 20, /* of one file */
    KEEP_CHUNKS_BYTES_MAX = 512 << 20,      /* of all files */
    KEEP_CHUNKS_MAX = 3072,       /* each is a descriptor of the keeper's */
    KEEP_CHUNK_SECONDS = 60 * 60, /* since it came or was asked for */
    KEEP_TAIL_BYTES = 256,        /* of what was said last */
    KEEP_TAIL_SECONDS = 30 * 60,
    KEEP_TAILS_MAX = 8192,
};

struct drift;
struct keep;
struct keep *keep_new(size_t max_bytes);
void keep_free(struct keep **keep);
/* now_ms: monotonic.  A question may be a note that wants no answer: then
 * *answer_out stays empty. */
void keep_handle(struct keep *keep, struct str question, int64_t now_ms,
    struct buf *answer_out);
size_t keep_count(const struct keep *keep);

/* Bytes that travel as a descriptor beside a question or its answer, and stay
 * one with the keeper: what a process that reads nothing is asked with. */
struct keep_payload {
    int handle; /* -1: none */
    size_t bytes;
};
typedef void keep_release_fn(int handle);
/* Who closes what leaves the tables, and how many there may be (at most
 * KEEP_CHUNKS_MAX); before the first question. */
void keep_release_handles(
    struct keep *keep, keep_release_fn *release, unsigned most);
/* keep_handle, with the part of the question from keep_payload_at on beside
 * it.  A handle that was taken is -1 afterwards, or the one to be sent beside
 * the answer, which stays the keep's. */
void keep_handle_beside(struct keep *keep, struct str question,
    struct keep_payload *payload, int64_t now_ms, struct buf *answer_out);
/* Where in a question that part begins; its end: there is none. */
size_t keep_payload_at(struct str question);
/* Appends a note to others that are told at once, as one note.  False: it does
 * not fit there, or has a payload: it goes alone, behind the others. */
bool keep_join_note(struct buf *several, struct str note);

/* ---- a prompt: seen before?  an edit? ------------------------------ */

struct keep_prompt {
    struct str service, conversation_id, message_id, parent_message_id;
    struct str text; /* only its hash travels */
    char activity_id[UUID_TEXT_BYTES];
    int64_t time_ms; /* of the activity */
};
/* Registers the message under the activity's id. */
void keep_ask_prompt(const struct keep_prompt *prompt, struct buf *question);

struct keep_prompt_answer {
    bool is_edit;      /* another user message hangs on the same parent */
    unsigned attempts; /* 1: not seen before */
    char activity_id[UUID_TEXT_BYTES]; /* of the first attempt */
    int64_t time_ms;
};
/* ERR_PARSE: no answer, or a damaged one. */
enum err keep_read_prompt(
    struct str answer, struct keep_prompt_answer *answer_out) MUST_USE;

/* The service took the prompt: its parent has a user message now. */
void keep_note_turn(struct str service, struct str conversation_id,
    struct str parent_message_id, struct buf *note);

/* The same of turns that a history tells of: at most KEEP_TURNS_MAX. */
enum { KEEP_TURNS_MAX = 200 };
struct keep_turn {
    struct str conversation_id, parent_message_id;
};
void keep_note_turns(struct str service, const struct keep_turn *turns,
    size_t count, struct buf *note);

/* ---- what was said last in a conversation ------------------------------- */

/* A value may be split over two messages: the end of what was said last, at
 * most KEEP_TAIL_BYTES, for KEEP_TAIL_SECONDS.  It travels and is kept locked
 * with a key that is made from the conversation's id, which the keeper never
 * sees: it cannot read it.  The newest counts. */
struct keep_conversation {
    struct str service, id;
};
void keep_note_tail(const struct keep_conversation *conversation,
    struct str text, struct buf *note);
void keep_ask_tail(
    const struct keep_conversation *conversation, struct buf *question);
/* Appends it.  False: nothing is known, or nothing that this key opens. */
bool keep_read_tail(const struct keep_conversation *conversation,
    struct str answer, struct buf *tail_out);

/* ---- an answer: reported before? (re-read streams) ------------------ */

void keep_note_answer(
    struct str service, struct str message_id, struct buf *note);
void keep_ask_answer(
    struct str service, struct str message_id, struct buf *question);
bool keep_read_answer(struct str answer); /* true: seen, do not report */

/* What was told of it so far, while only its beginning has been seen. */
struct keep_partial {
    char activity_id[UUID_TEXT_BYTES];
    int64_t time_ms;
};
void keep_note_partial(struct str service, struct str message_id,
    const struct keep_partial *partial, struct buf *note);
/* Of keep_ask_answer: the rest of it is told under the same id. */
bool keep_read_partial(struct str answer, struct keep_partial *partial_out);

/* ---- an answer that comes another way than its prompt ---- */

/* Names of a turn (its id, a topic, the prompt's message id) stand for the
 * activity of the prompt; empty ones for nothing. */
void keep_note_reply(struct str service, struct str name, struct str other,
    const char *activity_id, struct buf *note);
void keep_ask_reply(struct str service, struct str name, struct str other,
    struct buf *question);
bool keep_read_reply(struct str answer, char activity_id_out[UUID_TEXT_BYTES]);

/* ---- a draft: the same one, grown? ------------------------------------- */

struct keep_draft {
    struct str service, conversation_id, user, device, text; /* hashed */
    char activity_id[UUID_TEXT_BYTES];
    int64_t time_ms;
};
struct keep_draft_answer {
    bool is_longest; /* of this draft so far: its record is to be told anew */
    char activity_id[UUID_TEXT_BYTES]; /* of the draft */
    int64_t time_ms;
};
/* Texts of one person and conversation that begin with the same character and
 * follow each other within KEEP_DRAFT_SECONDS are one draft. */
void keep_ask_draft(const struct keep_draft *draft, struct buf *question);
enum err keep_read_draft(
    struct str answer, struct keep_draft_answer *answer_out) MUST_USE;

/* ---- whose a session is ------------------------------------------------ */

/* What stands for a session: hashes, never the cookies.  The keeper hashes
 * them again under a key of its own. */
struct keep_session {
    uint8_t token[16], device[16];
    bool has_token, has_device; /* a device counts only beside a token */
};
struct keep_identity {
    struct str user, account, workspace, user_id, plan;
};

/* Without a user: what is known of the session's account besides; of a session
 * that is not known it says nothing.  Members that are empty leave what was
 * there, as long as the user is the same; a plan is one of its workspace. */
void keep_note_identity(const struct keep_session *session,
    const struct keep_identity *identity, struct buf *note);
void keep_ask_identity(
    const struct keep_session *session, struct buf *question);
/* Borrows from the answer.  False: nobody is known. */
bool keep_read_identity(struct str answer, struct keep_identity *identity_out);

/* ---- requests that no map explains (inspect/drift.h) ------------------- */

void keep_note_drift(struct str line, struct buf *note);
struct drift *keep_drift(struct keep *keep);

/* ---- a file on its way up ---------------------------------------------- */

/* Its steps (name, bytes, pieces, end) come on any connection in several
 * orders.  What is known of it is a list of lines that only who asks
 * understands (inspect/upload.c); the keeper joins them under every name that
 * the file has. */
enum {
    KEEP_FILE_TOLD = 1,       /* its activity is complete */
    KEEP_FILE_BLOCKED = 2,    /* nobody may use it */
    KEEP_FILE_WANTS_NAME = 4, /* its name comes after its bytes */
    KEEP_FILE_IS_CUT = 8,     /* more was said than is kept */
};

/* A running SHA-256 of pieces that came one after the other: how many bytes,
 * and the name of the last piece.  The keeper reads none of it. */
struct keep_pieces_sum {
    int64_t at;
    uint8_t state[DIGEST_STATE_BYTES];
    char piece[UUID_TEXT_BYTES];
    char padding[3];
};

struct keep_file {
    struct str service;
    struct str ids[KEEP_FILE_IDS_MAX]; /* empty ones do not count */
    struct str address; /* where its bytes go: host and path; or empty */
    char activity_id[UUID_TEXT_BYTES]; /* if the file is new */
    int64_t time_ms;
    unsigned flags;  /* more of them; never fewer */
    bool is_new;     /* whatever was known under these names is another file */
    bool forgets;    /* the lines so far, and that it was blocked */
    bool is_brief;   /* no file, but an answer's stream: for a short while */
    bool comes_down; /* a file's parts: for as long as a link to it */
    bool creates;    /* of a question: the file is known from now on */
    const struct keep_pieces_sum *sum; /* of a note; NULL: as it was */
    struct str fact;
    size_t offset; /* of a question: of the lines, those from here on */
};
void keep_note_file(const struct keep_file *file, struct buf *note);
void keep_ask_file(const struct keep_file *file, struct buf *question);

struct keep_file_answer {
    bool is_known;
    unsigned flags;
    char activity_id[UUID_TEXT_BYTES];
    int64_t time_ms;
    bool has_sum;
    struct keep_pieces_sum sum;
    size_t facts_bytes; /* all there are */
    struct str facts;   /* from the offset on: borrows from the answer */
};
enum err keep_read_file(
    struct str answer, struct keep_file_answer *answer_out) MUST_USE;

/* Its bytes, if they come in pieces, for who puts them together: in chunks of
 * KEEP_CHUNK_BYTES at most, under a name for all of a piece that nobody else
 * can have.  They leave once the file is told, after KEEP_CHUNK_SECONDS, or
 * when there are too many. */
void keep_note_chunk(const struct keep_file *file, struct str piece,
    size_t index, struct str bytes, struct buf *note);
/* The answer is the bytes; empty: they are not there (any more). */
void keep_ask_chunk(struct str piece, size_t index, struct buf *question);

/* ---- hosts ----------------------------------------------------------- */

void keep_note_host(struct str host, struct buf *note);
void keep_ask_host(struct str host, struct buf *question);
bool keep_read_host(struct str answer); /* true: some answer named it */

#endif
