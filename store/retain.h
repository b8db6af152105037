/*
 * Keeps the store within its bounds, so that the disk never fills by itself:
 * rows by age and by the size of everything, journal segments once they are
 * indexed; and closes what waits for too long.  Called often by the indexer;
 * each call does a little.
 */
#ifndef STORE_RETAIN_H
#define STORE_RETAIN_H

#include "store/db_sqlite.h"

struct retain_options {
    int64_t days;    /* rows and segments older go; 0: no bound */
    int64_t bytes;   /* of database and journal together; 0: no bound */
    int64_t wait_ms; /* what waits for more is closed after it; 0: never */
};

enum {
    RETAIN_ROWS_PER_STEP = 500,
    RETAIN_PAGES_PER_STEP = 1000,     /* given back to the file system */
    RETAIN_REBUILD_BYTES = 256 << 20, /* of indexed segments kept, to rebuild
                                         a damaged database from; at most an
                                         eighth of `bytes` */
};

/* One step on rows. *more_out: call again soon. ERR_AGAIN: locked. */
enum err retain_rows(struct db *db, struct str folder,
    const struct retain_options *options, int64_t now_ms,
    bool *more_out) MUST_USE;
/* Closes records that say already how it went and waited for more, which has
 * not come (the bytes of a file announced or linked): they stay as they are,
 * and what comes later still completes them. */
enum err retain_waiting(struct db *db, const struct retain_options *options,
    int64_t now_ms) MUST_USE;
/* Deletes segments before `indexed` that need not be kept, never the current
 * one.  Works without a database; when the journal alone is over `bytes`, what
 * is not indexed goes too, oldest first, loudly: a full disk would stop every
 * request. */
enum err retain_journal(struct str folder, struct journal_position indexed,
    uint64_t current_segment, const struct retain_options *options,
    int64_t now_ms) MUST_USE;

#endif
