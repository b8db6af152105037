/*
 * One event, one activity: an administrative act that was seen inline and that
 * a log tells of as well (docs/admin.md).  The inline record stays and gets
 * the log's facts; of the two whichever comes later finds the other.
 *
 * Both have the same activity, the same target id (or name, or message id),
 * actors that do not contradict each other, and times at most MERGE_MS apart.
 * Each record has at most one twin: two equal acts stay two.  twin remembers
 * the pairs, so that neither a repeated event nor a later state of the inline
 * record undoes it.
 */
#ifndef STORE_MERGE_H
#define STORE_MERGE_H

#include <jansson.h>

#include "store/db_sqlite.h"

enum { MERGE_MS = 120 * 1000 };

struct merge;

enum err merge_new(struct db *db, struct merge **merge_out) MUST_USE;
void merge_free(struct merge **merge);
/* Within a transaction, before the record is put: adds to `activity` what its
 * twin knows.  *is_told_out: it is told by another record's row; nothing is to
 * be put. */
enum err merge_record(struct merge *merge, const struct journal_entry *entry,
    json_t *activity, bool *is_told_out) MUST_USE;

#endif
