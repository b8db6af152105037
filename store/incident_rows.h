/*
 * Incidents as rows, kept by the indexer in the transaction of the activity:
 * what the policy or an alert did not just let pass, grouped by rule and
 * conversation; without a conversation by rule, person and day (UTC).
 *
 * An activity counts once it is complete or closed; triggers (store/schema.c)
 * keep an incident's numbers, take away what retention deletes, and re-open
 * what was resolved or called a false positive when something new comes.  An
 * incident's id follows from what groups it, so a store that is built again
 * from its journal has the same ones.
 *
 * What analysts do comes as audit records of the console (store/audit.h) with
 * the activity INCIDENT_CHANGED:
 *   details: {"incidents": [ids], "status"?, "owner"?, "comment"?}
 */
#ifndef STORE_INCIDENT_ROWS_H
#define STORE_INCIDENT_ROWS_H

#include <jansson.h>

#include "store/db_sqlite.h"

#define INCIDENT_CHANGED "console.incident.changed"
#define INCIDENT_RULE_NONE "(default)" /* no rule of a name decided */

enum {
    INCIDENT_RULES_MAX = 32, /* of one activity; more are left out */
    INCIDENT_FILL_ROWS = 1000,
    INCIDENT_EMPTY_PER_STEP = 500,
};

/* What makes activities one incident; the person and the day count where there
 * is no conversation. */
struct incident_group {
    struct str rule, conversation, person;
    int64_t time_ms;
};
/* A UUID that follows from it. */
void incident_id(const struct incident_group *group, char out[UUID_TEXT_BYTES]);

struct incident_rows; /* prepared statements of one connection */

enum err incident_rows_new(
    struct db *db, struct incident_rows **rows_out) MUST_USE;
void incident_rows_free(struct incident_rows **rows);
/* Behind its row.  is_over: complete or closed. */
enum err incident_rows_put(struct incident_rows *rows, int64_t seq,
    int64_t time_ms, bool is_over, const json_t *activity) MUST_USE;
/* Activities of a store that is older than these tables, newest first;
 * *count_out: 0: all are in.  Within a transaction. */
enum err incident_rows_fill(
    struct incident_rows *rows, size_t *count_out) MUST_USE;

/* A change that is there already changes nothing, nor does one of an incident
 * that is not there. */
enum err incident_change_put(struct db *db, struct str id, int64_t time_ms,
    const json_t *record) MUST_USE;
/* Incidents go with the last of their activities. */
enum err incident_retain(struct db *db) MUST_USE;

#endif
