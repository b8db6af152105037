/*
 * How far each polled source has been read (proxy/feed.h): one row a source,
 * written by the indexer from a journal entry (STORE_CURSOR) behind the
 * records that it covers.
 */
#ifndef STORE_CURSOR_H
#define STORE_CURSOR_H

#include "store/db_sqlite.h"

enum { CURSOR_NAME_BYTES_MAX = 64 };

/* Within a transaction: {"name": …, "cursor": …}. */
enum err cursor_put(struct db *db, const struct journal_entry *entry) MUST_USE;
/* The cursor's JSON; nothing when there is none, or when it cannot be read
 * now: then what is there already comes again. */
void cursor_get(struct str folder, struct str name, struct buf *out);

#endif
