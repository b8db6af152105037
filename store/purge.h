/*
 * Takes out of the database file what is left of deleted rows elsewhere.
 *
 * What a row had is overwritten with zeros when it goes (PRAGMA
 * secure_delete), but not its words: the index of text (FTS5) writes down that
 * they are gone and forgets them only when it merges its parts, the dictionary
 * of facets keeps values that no row has, and the write-ahead log has pages as
 * they were before.  So, at most a day after the first deletion, all parts of
 * the index are merged into one, unused values leave the dictionary, and the
 * log is emptied: in small steps, since the indexer waits meanwhile.  How far
 * that has come is in the table `purge`, so that a restart goes on.
 */
#ifndef STORE_PURGE_H
#define STORE_PURGE_H

#include "store/db_sqlite.h"

enum {
    PURGE_AFTER_MS = 24 * 3600 * 1000, /* of the first deletion */
    PURGE_MERGE_PAGES = 250,           /* of the index, a step */
};

/* One step, if it is due.  *more_out: call again soon (left as it is if not).
 * *words_out: codes of the dictionary may be gone: see facets_forget.
 * ERR_AGAIN: locked. */
enum err purge_step(
    struct db *db, int64_t now_ms, bool *more_out, bool *words_out) MUST_USE;

#endif
