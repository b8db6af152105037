/*
 * Sealed names of persons: what `sealed_names` of a record brings (a pseudonym,
 * and its box "TAG.BASE64" for each), once for each pseudonym and each key that
 * was sealed to.  They go with the last activity of their time.
 */
#ifndef STORE_NAME_ROWS_H
#define STORE_NAME_ROWS_H

#include <jansson.h>

#include "store/query.h"

struct name_rows; /* a statement of one connection */

enum err name_rows_new(struct db *db, struct name_rows **out) MUST_USE;
void name_rows_free(struct name_rows **rows);
/* Within a transaction of the indexer; sealed: of a record of that time, or
 * NULL. */
enum err name_rows_put(
    struct name_rows *rows, const json_t *sealed, int64_t time_ms) MUST_USE;
/* Those that no activity is as young as. */
enum err name_rows_retain(struct db *db) MUST_USE;

/* The boxes of one pseudonym.  ERR_NOT_FOUND: there are none. */
enum err query_name(struct query *query, struct str pseudonym,
    query_evidence_fn *on_sealed, void *context) MUST_USE;

#endif
