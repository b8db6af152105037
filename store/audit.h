/*
 * What was done in the console: rows of their own, so that no list, count or
 * export of activities ever has them.  They come through the journal as
 * activities do (STORE_AUDIT), each complete, and never change.  Some of them
 * also change rows: of incidents (store/incident_rows.h) and saved views
 * (store/view.h).
 */
#ifndef STORE_AUDIT_H
#define STORE_AUDIT_H

#include "store/query.h"
#include "store/retain.h"

enum { AUDIT_ROWS_MAX = 1000000 }; /* the oldest go */

/* Within a transaction of the indexer; a record that is there already changes
 * nothing. */
enum err audit_put(struct db *db, const struct journal_entry *entry) MUST_USE;
enum err audit_retain(struct db *db, const struct retain_options *options,
    int64_t now_ms) MUST_USE;

/* Newest first; as query_list.  Of the filter: since, until, user, activity. */
enum err query_audit(struct query *query, const struct query_filter *filter,
    size_t limit, struct query_cursor *cursor, query_row_fn *on_row,
    void *context, bool *more_out) MUST_USE;

/* Whether the record of that id is in the store by now. */
enum err query_audit_has(
    struct query *query, struct str id, bool *has_out) MUST_USE;

#endif
