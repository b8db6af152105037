/*
 * Alerts of the activities of the store: what the rows say already is not said
 * again, whatever restarts, is sent twice or is indexed anew.
 */
#ifndef STORE_ALERT_ROWS_H
#define STORE_ALERT_ROWS_H

#include "store/alerts.h"
#include "store/db_sqlite.h"

enum { ALERT_WARM_ROWS_MAX = 100000 }; /* read for one name of a rule */

struct alert_rows;

/* rules: NULL for none.  ERR_PARSE: the tables are others. */
enum err alert_rows_new(struct db *db, struct alert_rules *rules,
    struct alert_rows **rows_out) MUST_USE;
void alert_rows_free(struct alert_rows **rows);
/* Within the transaction that puts the activity's row, before that.
 * *is_changed_out: its JSON is another one now. */
enum err alert_rows_judge(struct alert_rows *rows,
    const struct journal_entry *entry, struct json_t *activity,
    bool *is_changed_out) MUST_USE;
/* After a rollback, or when another process has indexed. */
void alert_rows_forget(struct alert_rows *rows);

#endif
