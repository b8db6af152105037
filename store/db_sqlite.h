/*
 * The door to SQLite: connections, statements, transactions, and errors in
 * our terms.  <folder>/store.db, WAL.
 *
 * Errors: ERR_AGAIN busy or locked; ERR_PARSE the file is damaged or no
 * database; ERR_IO disk full, no right, unreadable; ERR_STATE a mistake of
 * ours.  db_error says more.  One connection belongs to one thread.
 */
#ifndef STORE_DB_SQLITE_H
#define STORE_DB_SQLITE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "store/journal.h"

enum { DB_SCHEMA_VERSION = 9 };

struct db;
struct db_statement;

/* Loads what SQLite and jansson take from outside at first use (random
 * bytes), so that it works inside a sandbox later. */
void db_prepare_process(void);

/* DB_READ_CONFINED: opens no file to write, not even the index of the
 * write-ahead log, for a role that may not. */
enum db_mode { DB_READ, DB_READ_CONFINED, DB_WRITE };
/* DB_WRITE creates the file and the schema. busy_ms: how long a call waits
 * for a lock. ERR_NOT_FOUND: DB_READ and no file. */
enum err db_open(struct str folder, enum db_mode mode, unsigned busy_ms,
    struct db **db_out) MUST_USE;
void db_close(struct db **db);
/* NULL: why db_open failed last in this thread. */
const char *db_error(const struct db *db);
/* Renames a damaged file (and what belongs to it) out of the way. */
enum err db_quarantine(struct str folder) MUST_USE;

/* From now on, what takes longer than this gives ERR_TIMEOUT; 0: no bound. */
void db_set_deadline(struct db *db, unsigned within_ms);

enum err db_exec(struct db *db, const char *sql) MUST_USE;
enum err db_begin(struct db *db) MUST_USE; /* takes the write lock */
enum err db_commit(struct db *db) MUST_USE;
void db_rollback(struct db *db);

/* NULL: see db_error. The statement is reset and unbound by db_finish, freed
 * by db_statement_free. */
struct db_statement *db_statement_new(struct db *db, const char *sql);
void db_statement_free(struct db_statement **statement);
/* Parameters count from 1. Text must live until db_finish; empty is NULL. */
void db_bind_text(struct db_statement *s, int index, struct str text);
void db_bind_int(struct db_statement *s, int index, int64_t value);
/* OK: a row; ERR_EOF: done. */
enum err db_step(struct db_statement *s) MUST_USE;
/* Columns count from 0; text is borrowed until the next step. */
struct str db_text(struct db_statement *s, int column);
int64_t db_int(struct db_statement *s, int column);
void db_finish(struct db_statement *s);
/* Steps a statement that gives no rows, and finishes it. */
enum err db_run(struct db_statement *s) MUST_USE;
/* The first column of the first row; ERR_NOT_FOUND. */
enum err db_get_int(
    struct db *db, const char *sql, int64_t *value_out) MUST_USE;
/* Rows changed by the statement that ran last. */
int64_t db_changes(const struct db *db);
/* By this connection since it was opened. */
int64_t db_total_changes(const struct db *db);

/* Functions of ours that a statement calls, hook_pass(…) and hook_take(…), with
 * numbers (NULL is 0): a row that is used up there costs no step and no call
 * for each column.  What is set holds for this connection until it is set
 * again.  A hook may run other statements of the connection. */
enum db_hook { DB_HOOK_PASS, DB_HOOK_TAKE, DB_HOOKS };
enum { DB_HOOK_VALUES_MAX = 32 };
typedef bool db_hook_fn(void *context, const int64_t *values);
void db_set_hook(
    struct db *db, enum db_hook hook, db_hook_fn *fn, void *context);

/* What of the journal is in the database; set in the same transaction. */
enum err db_get_position(struct db *db, struct journal_position *out) MUST_USE;
enum err db_set_position(
    struct db *db, struct journal_position position) MUST_USE;

/* store/schema.c */
/* From version i to i + 1; 0 is an empty file. */
extern const char *const db_schema_steps[DB_SCHEMA_VERSION];

#endif
