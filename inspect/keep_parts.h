/*
 * The keeper's tables and datagrams, for keep.c, keep_answers.c, keep_files.c,
 * keep_chunks.c and keep_tails.c only.
 */
#ifndef INSPECT_KEEP_PARTS_H
#define INSPECT_KEEP_PARTS_H

#define HASH_NONFATAL_OOM 0
#include <uthash.h>

#include "inspect/keep.h"

enum { KEY_BYTES = 16, VERSION = 1 };

enum kind {
    ASK_PROMPT = 1,
    NOTE_TURN,
    ASK_ANSWER,
    NOTE_ANSWER,
    NOTE_HOST,
    ASK_HOST,
    NOTE_IDENTITY,
    ASK_IDENTITY,
    NOTE_DRIFT,
    ASK_DRAFT,
    NOTE_FILE,
    ASK_FILE,
    NOTE_PARTIAL,
    NOTE_REPLY,
    ASK_REPLY,
    NOTE_TURNS,
    NOTE_CHUNK,
    ASK_CHUNK,
    NOTE_TAIL,
    ASK_TAIL,
    NOTE_SEVERAL, /* each behind its length, 32 bits */
};

/* The names of an identity follow its question or answer, each with a NUL. */
enum { NAMES = 5, NAMES_BYTES_MAX = NAMES * (KEEP_NAME_MAX + 1) };

struct key {
    uint8_t bytes[KEY_BYTES];
};

/* Every question, in the machine's own byte order: both ends are one binary
 * on one machine. */
struct question {
    uint8_t version, kind, has_message;
    uint8_t reserved[5];
    struct key message, parent;
    uint64_t text_hash;
    int64_t time_ms;
    char activity_id[UUID_TEXT_BYTES];
    char padding[3];
};

struct answer {
    uint8_t version, kind, flag, reserved;
    uint32_t attempts;
    int64_t time_ms;
    char activity_id[UUID_TEXT_BYTES];
    char padding[3];
};

struct entry {
    struct key key;
    UT_hash_handle hh; /* kept in order of use: first is oldest */
    int64_t expires_ms, time_ms;
    uint64_t text_hash;
    unsigned attempts;
    bool is_edit;   /* as the first attempt was told */
    bool is_whole;  /* an answer: not only its beginning was told */
    bool is_alias;  /* of the file whose key is in `names` */
    unsigned flags; /* of a file */
    char activity_id[UUID_TEXT_BYTES];
    struct buf names;   /* of an identity; what is known of a file */
    size_t chunk_bytes; /* of a file: that were kept of it */
    struct keep_pieces_sum *sum;
};

struct keep {
    struct entry *table;
    struct entry *sweep; /* looked at next; NULL: the first */
    size_t max_bytes, names_bytes;
    struct drift *drift;
    struct links *links;
    struct chunk *chunks; /* keep_chunks.c */
    size_t chunk_bytes;
    unsigned chunks_max;
    struct tail *tails; /* keep_tails.c */
    keep_release_fn *release;
    char secret[32]; /* keys of sessions mean nothing without it */
};

/* With uthash's buckets and what the heap adds to an entry and its names. */
enum { ENTRY_BYTES = sizeof(struct entry) + 16 + 2 * 16 };

/* keep.c */
struct key keep_key(const char *kind, struct str a, struct str b, struct str c);
/* The entry, now the most recently used, or NULL. */
struct entry *keep_look_up(
    struct keep *keep, const struct key *key, int64_t now_ms);
/* The same, made when it was not there. */
struct entry *keep_put(
    struct keep *keep, const struct key *key, int64_t now_ms, int64_t seconds);
/* Entries leave, oldest first, until `bytes` more fit; never `except`. */
void keep_make_room(
    struct keep *keep, size_t bytes, const struct entry *except);
/* What an entry has besides; counted as what is taken of the heap for it. */
void keep_add_names(struct keep *keep, struct entry *entry, struct str bytes);
void keep_clear_names(struct keep *keep, struct entry *entry);

/* keep_answers.c: of the answer kinds. */
void keep_serve_answer(struct keep *keep, const struct question *q,
    int64_t now_ms, struct answer *a);

/* keep_files.c: question and answer of the file kinds, and of NOTE_CHUNK. */
void keep_serve_file(struct keep *keep, struct str question,
    struct keep_payload *payload, int64_t now_ms, struct buf *answer);
void keep_drop_sum(struct keep *keep, struct entry *file);
void keep_put_file_question(
    const struct keep_file *file, enum kind kind, struct buf *out);
enum {
    KEEP_FILE_HEAD_BYTES = 6 * 4 + (KEEP_FILE_IDS_MAX + 1) * KEY_BYTES +
                           sizeof(struct keep_pieces_sum)
};

/* keep_tails.c: rest: what stands behind the question's head. */
void keep_serve_note_tail(
    struct keep *keep, const struct key *key, struct str rest, int64_t now_ms);
void keep_serve_ask_tail(
    struct keep *keep, const struct key *key, struct buf *out);
/* Those whose time is over, or all of them. */
void keep_expire_tails(struct keep *keep, int64_t now_ms);
void keep_drop_tails(struct keep *keep);

/* keep_chunks.c */
/* Those of one file, or all. */
void keep_drop_chunks(struct keep *keep, const struct key *file);
/* rest: of the question, behind struct file_head. */
void keep_serve_note_chunk(struct keep *keep, struct entry *file,
    struct str rest, struct keep_payload *payload, int64_t now_ms);
void keep_serve_ask_chunk(struct keep *keep, const struct key *name,
    struct keep_payload *payload, int64_t now_ms, struct buf *answer);

#endif
