/*
 * Journal entries into rows.  An activity's row shows its latest state:
 *   - more attempts win over fewer;
 *   - with equal attempts, done wins over closed-by-crash over open, and of
 *     two alike the later one wins (they are resent ones).
 *   - what is taken back while it is open is no row any more.
 * So applying an entry twice changes nothing.
 */
#ifndef STORE_UPSERT_H
#define STORE_UPSERT_H

#include "store/db_sqlite.h"

enum {
    EVIDENCE_PARTS_MAX = 256, /* of one activity */
    EVIDENCE_MARK_CHARS = 42, /* of base64: the part's own public key */
};

/* A failed sign-in or sign-out stands open, since a success takes it back, and
 * a login until somebody says whose it was (inspect/signin.h: ten seconds, two
 * minutes; a little more here, for what is still under way). */
enum {
    STANDING_FAILURE_MS = 12 * 1000,
    STANDING_LOGIN_MS = 125 * 1000,
    STANDING_STEP_MAX = 100, /* completed in one transaction */
};

enum store_state { STATE_OPEN = 0, STATE_CLOSED = 1, STATE_DONE = 2 };

struct alert_rules;
struct upsert; /* prepared statements of one connection */

/* ERR_PARSE and others as db_sqlite.h. */
enum err upsert_new(struct db *db, struct upsert **upsert_out) MUST_USE;
void upsert_free(struct upsert **upsert);
/* Within a transaction. JSON that cannot be read is kept as its size only,
 * with a log line. */
enum err upsert_entry(
    struct upsert *upsert, const struct journal_entry *entry) MUST_USE;
/* What is written once a transaction: before its end. */
enum err upsert_flush(struct upsert *upsert) MUST_USE;
/* From now on activities are judged by these rules (store/alerts.h; a
 * reference is taken); NULL: by none. */
enum err upsert_set_alerts(
    struct upsert *upsert, struct alert_rules *rules) MUST_USE;
/* After a rollback, or when another process has indexed. */
void upsert_forget(struct upsert *upsert);
/* Those whose time is over are complete as they are, and judged as such. Within
 * a transaction that has seen the whole journal: nothing takes them back any
 * more. */
enum err upsert_complete_standing(
    struct upsert *upsert, int64_t now_ms, size_t *count_out) MUST_USE;
/* facets_fill and incident_rows_fill, within a transaction. */
enum err upsert_fill(struct upsert *upsert, size_t *count_out) MUST_USE;

#endif
