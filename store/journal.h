/*
 * The journal: what is durable before a request goes on.
 *
 * <folder>/journal/NNNNNNNN.j are segments, written one after the other by
 * one process (the storer), read by its indexer thread and, when no gateway
 * runs, by `promptgate activities`.  A segment starts with 16 bytes (magic,
 * number); an entry is
 *   u32 magic  u32 body length  u32 CRC-32 of length and body
 *   body: u8 kind  3 zero bytes  u64 origin  36 bytes id  json
 * all little-endian.  A batch of entries is appended by one write(2); if that
 * fails, the segment is cut back to where the batch began, so the journal is
 * well formed at any time but in the middle of a crash, whose torn tail is cut
 * at the next opening.  Every opening starts a new segment: a position once
 * given never means other bytes later.
 *
 * Appending belongs to one thread; reading, trimming and journal_end may be
 * done by one other.
 */
#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/file.h"
#include "store/record.h"

enum {
    JOURNAL_SEGMENT_BYTES = 64 << 20, /* a new segment begins above it */
    JOURNAL_HEAD_BYTES = 16,          /* of a segment */
    JOURNAL_ENTRY_HEAD = 12,
    JOURNAL_BODY_HEAD = 4 + 8 + UUID_TEXT_BYTES - 1,
    JOURNAL_ENTRY_MAX = JOURNAL_BODY_HEAD + STORE_JSON_MAX,
    JOURNAL_SEGMENT_HOURS = 24, /* so that retention by age can work */
};

struct journal_position { /* {0}: before everything */
    uint64_t segment;
    uint64_t offset;
};
int journal_position_compare(
    struct journal_position a, struct journal_position b);

struct journal_entry {
    enum store_kind kind;
    uint64_t origin; /* 0 with STORE_GONE: all origins but those in json, an
                        array of decimal strings */
    char id[UUID_TEXT_BYTES]; /* "" for STORE_GONE */
    struct str json;          /* borrowed until the next read */
};
/* Appends the encoded entry to a batch. */
void journal_entry_encode(const struct journal_entry *entry, struct buf *out);
/* At the start of bytes. ERR_AGAIN: incomplete; ERR_PARSE: damaged. */
enum err journal_entry_decode(
    struct str bytes, struct journal_entry *out, size_t *length_out) MUST_USE;

struct journal;

/* Creates the folder, takes the lock (waits at most wait_ms for the one who
 * has it), cuts a torn tail, starts a segment.  ERR_IO, ERR_STATE (another
 * gateway has it), both logged. */
enum err journal_open(
    struct str folder, unsigned wait_ms, struct journal **journal_out) MUST_USE;
void journal_close(struct journal **journal);
/* One write of the whole batch; and fdatasync when `sync`.  ERR_IO with
 * errno: nothing of the batch is in the journal, and the next append may
 * succeed again. */
enum err journal_append(
    struct journal *journal, struct str batch, bool sync) MUST_USE;
/* Where the next batch will begin; everything before it is well formed. */
struct journal_position journal_end(struct journal *journal);

/* Reading, from a position on. */
struct journal_reader;
/* journal: entries up to journal_end are given; NULL: up to the last complete
 * entry on disk. */
struct journal_reader *journal_reader_new(
    struct str folder, struct journal *journal, struct journal_position from);
void journal_reader_free(struct journal_reader **reader);
/* OK; ERR_AGAIN: no more at present; ERR_IO.  Damaged stretches are logged
 * and skipped. position_out: just behind the entry, given with ERR_AGAIN
 * too. */
enum err journal_read(struct journal_reader *reader,
    struct journal_entry *entry_out,
    struct journal_position *position_out) MUST_USE;

/* The segments, oldest first. */
struct journal_segment {
    uint64_t number;
    uint64_t bytes;
    int64_t changed_ms; /* wall clock */
};
struct journal_segments {
    struct journal_segment *items; /* mem_free */
    size_t count;
};
enum err journal_list(struct str folder, struct journal_segments *out) MUST_USE;
/* Bytes from a position to the end. */
uint64_t journal_bytes_after(
    const struct journal_segments *segments, struct journal_position position);
enum err journal_delete(struct str folder, uint64_t number) MUST_USE;

/* Whether a storer has the journal in folder open.  When not, the caller
 * holds the (shared) lock until it closes *fd_out. */
bool journal_is_live(struct str folder, int *fd_out);

/* Tests replace write(2). */
void journal_set_write(struct journal *journal, file_write_fn *write);
void journal_set_segment_bytes(struct journal *journal, uint64_t bytes);

#endif
