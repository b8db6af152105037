/*
 * What query.c and follow.c share; not for others.
 */
#ifndef STORE_QUERY_PARTS_H
#define STORE_QUERY_PARTS_H

#include "base/arena.h"
#include "store/query.h"

struct query {
    struct db *db;
};

struct sql_parameter {
    bool is_text;
    struct str text;
    int64_t number;
};

/* A statement with its parameters, in order. */
struct sql {
    struct buf text;
    struct arena arena;
    struct sql_parameter parameters[QUERY_WORDS_MAX * 9 + 16];
    size_t count;
};
void sql_text(struct sql *sql, struct str text);
void sql_int(struct sql *sql, int64_t number);
/* Appends " AND (column = ? OR column GLOB ? …)". */
void sql_words(
    struct sql *sql, const char *column, const struct query_words *words);
/* Appends " AND …" for each filter. */
void sql_filter(struct sql *sql, const struct query_filter *filter);
enum err sql_prepare(
    struct query *query, struct sql *sql, struct db_statement **out) MUST_USE;
/* Runs it for its one row, if there is one, and frees it.  ERR_EOF: none. */
enum err sql_give_one(struct query *q, struct sql *sql, query_row_fn *on_row,
    void *context) MUST_USE;
void sql_free(struct sql *sql);
/* Runs it for sealed texts, its only column, and frees it.  ERR_NOT_FOUND:
 * there are none. */
enum err query_sealed(struct query *q, struct sql *sql,
    query_evidence_fn *on_sealed, void *context) MUST_USE;

#define QUERY_SELECT                                                           \
    "SELECT seq, time_ms, state, id, json FROM activity WHERE 1"
/* Without what was typed and shown. */
#define QUERY_MASKED "json_remove(json, '$.text.content', '$.text.hidden')"
#define QUERY_SELECT_MASKED                                                    \
    "SELECT seq, time_ms, state, id, " QUERY_MASKED " FROM activity WHERE 1"
struct query_row query_read_row(struct db_statement *s);

#endif
