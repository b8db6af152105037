/*
 * What one transaction of the indexer takes from the journal, and what of it
 * need not become rows: an activity that was opened and went on within the same
 * batch (a short exchange: some milliseconds) is put once, as it is at the end.
 *
 * An open entry is passed over only if a later one of its id makes the same row
 * of it whatever was there before (store/upsert.h): neither counts attempts,
 * the first brings nothing that is kept beside the row (evidence, names), and
 * nothing came between them that is about the row as it was.  One that SQLite
 * refuses has superseded nothing: the one before it is put.
 */
#ifndef STORE_INDEX_BATCH_H
#define STORE_INDEX_BATCH_H

#include "base/arena.h"
#include "store/journal.h"

struct index_item {
    struct journal_entry entry; /* its JSON is the batch's */
    bool is_superseded;
    size_t instead_of; /* 1 + index of the item that it supersedes; 0: none */
};

struct open_entry;

struct index_batch { /* {0} */
    struct arena arena;
    struct index_item *items;
    size_t count, room;
    size_t bytes;            /* of JSON */
    struct open_entry *open; /* by id: may be superseded still */
};

/* Copied. */
void index_batch_add(struct index_batch *batch, const struct journal_entry *e);
void index_batch_free(struct index_batch *batch); /* leaves {0} */

#endif
