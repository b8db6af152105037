/*
 * Reading the store: lists with filters and paging, single activities, and a
 * follower that gives each activity once.  Uses a read-only connection, so it
 * never holds up the storer; each call is its own short transaction.
 *
 * What is not indexed yet is not seen: call indexer_catch_up before, where it
 * matters.
 */
#ifndef STORE_QUERY_H
#define STORE_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "store/upsert.h"

enum { QUERY_WORDS_MAX = 32, QUERY_LIMIT_MAX = 1000 };

struct query_words {                   /* any of; none: no filter */
    struct str items[QUERY_WORDS_MAX]; /* borrowed; globs with '*' and '?' */
    size_t count;
};
/* ERR_LIMIT: too many. */
enum err query_words_add(struct query_words *words, struct str word) MUST_USE;

struct query_filter {           /* {0}: everything */
    int64_t since_ms, until_ms; /* wall clock; since inclusive, until not;
                                   0: no bound */
    struct query_words user, activity, verdict, service, conversation, type,
        category, rule, host;
    struct str text; /* a substring of the JSON, ASCII case ignored */
};

struct query_cursor { /* {0}: from the start */
    bool is_set;
    int64_t time_ms, seq;
};
enum { QUERY_CURSOR_BYTES = 48 };
void query_cursor_format(
    const struct query_cursor *cursor, char out[QUERY_CURSOR_BYTES]);
enum err query_cursor_parse(struct str text, struct query_cursor *out) MUST_USE;

struct query_row { /* borrowed until the callback returns */
    int64_t seq, time_ms;
    enum store_state state;
    struct str id, json;
};
typedef void query_row_fn(void *context, const struct query_row *row);

struct query;

/* ERR_NOT_FOUND: nothing was ever stored; others as db_sqlite.h. */
enum err query_open(struct str folder, struct query **query_out) MUST_USE;
/* For a role that may open no file to write (DB_READ_CONFINED); ERR_AGAIN: its
 * tables are older than this program, until a storer has brought them up. */
enum err query_open_confined(
    struct str folder, struct query **query_out) MUST_USE;
void query_close(struct query **query);
const char *query_error(const struct query *query);

enum query_order { QUERY_OLDEST_FIRST, QUERY_NEWEST_FIRST };
/* At most limit rows behind *cursor, which moves behind the last one.
 * *more_out: there may be more. */
enum err query_list(struct query *query, const struct query_filter *filter,
    enum query_order order, size_t limit, struct query_cursor *cursor,
    query_row_fn *on_row, void *context, bool *more_out) MUST_USE;
/* ERR_NOT_FOUND. */
enum err query_get(struct query *query, struct str id, query_row_fn *on_row,
    void *context) MUST_USE;

/* The same, without text.content and text.hidden unless has_content. */
enum err query_get_view(struct query *query, struct str id, bool has_content,
    query_row_fn *on_row, void *context) MUST_USE;

/* What was sealed of an activity, in base64, each part with a call.
 * ERR_NOT_FOUND: nothing. */
typedef void query_evidence_fn(void *context, struct str sealed);
enum err query_evidence(struct query *query, struct str id,
    query_evidence_fn *on_sealed, void *context) MUST_USE;

/* Each activity that passes the filter, once: completed (or closed), or when
 * it has been open for FOLLOW_OPEN_MS, with "complete": false.  (contract,
 * Activities) */
enum { FOLLOW_OPEN_MS = 30 * 1000, FOLLOW_PENDING_MAX = 100000 };
struct follow;
/* filter is borrowed. */
struct follow *follow_new(const struct query_filter *filter);
void follow_free(struct follow **follow);
/* Before the first poll.  From now on: what is open and what comes. */
enum err follow_from_now(
    struct follow *follow, struct query *query, int64_t now_ms) MUST_USE;
/* Goes on where follow_mark was written: nothing is left out; what was given
 * behind it may come again.  ERR_PARSE. */
enum err follow_resume(
    struct follow *follow, struct str mark, int64_t now_ms) MUST_USE;
/* Where it is: "LAST" or "LAST:OPEN,OPEN…"; at most some 2 KiB. */
void follow_mark(const struct follow *follow, struct buf *out);
/* Rows come without text.content and text.hidden. */
void follow_mask(struct follow *follow);
enum err follow_poll(struct follow *follow, struct query *query, int64_t now_ms,
    query_row_fn *on_row, void *context) MUST_USE;

#endif
