/*
 * Reading by facets (store/facet.h), for the console: lists and numbers under
 * any combination of filters, by one walk over the narrow table in the order
 * of time.
 *
 * A filter is resolved against the dictionary once, into sets of codes; rows
 * are tested by those, whatever was asked for.  Filters by conversation start
 * from its index, free text from the index of text.
 */
#ifndef STORE_BROWSE_H
#define STORE_BROWSE_H

#include "base/arena.h"
#include "store/facet.h"
#include "store/query.h"

enum {
    BROWSE_DEADLINE_MS = 10 * 1000, /* of one call: ERR_TIMEOUT */
    BROWSE_PAGE_BYTES = 8 << 20,    /* a list ends behind it */
    BROWSE_BUCKETS_MAX = 500,
    BROWSE_TOP_MAX = 1000,
};
/* As a word: activities that have none. */
#define BROWSE_NONE "-"

struct browse_filter {          /* {0}: everything; texts are borrowed */
    int64_t since_ms, until_ms; /* as query_filter */
    /* Globs; of FACET_NETWORK networks too. */
    struct query_words words[FACET_COUNT];
    struct query_words excluded[FACET_COUNT]; /* none of these */
    struct query_words conversation;          /* exact */
    struct str text;                          /* store/words.h */
};

struct browse;

/* The values of a facet, of today or before. */
typedef void browse_word_fn(void *context, int64_t code, struct str word);
enum err browse_words(struct query *query, enum facet facet,
    browse_word_fn *on_word, void *context) MUST_USE;

bool browse_is_filtered(const struct browse_filter *filter, enum facet facet);
/* ERR_PARSE and ERR_LIMIT: of the text (store/words.h); ERR_TIMEOUT and errors
 * as query.h. */
enum err browse_new(struct query *query, const struct browse_filter *filter,
    struct browse **browse_out) MUST_USE;
void browse_free(struct browse **browse);

/* As query_list; rows without text.content and text.hidden unless
 * has_content. */
enum err browse_list(struct browse *browse, enum query_order order,
    size_t limit, bool has_content, struct query_cursor *cursor,
    query_row_fn *on_row, void *context, bool *more_out) MUST_USE;
/* Whether that activity passes the filter now. */
enum err browse_matches(
    struct browse *browse, int64_t seq, bool *is_out) MUST_USE;

struct browse_store { /* how the store does */
    int64_t bytes, activities, oldest_ms, newest_ms;
    int64_t unfilled; /* activities that lists and numbers lack so far */
};
enum err browse_store(struct query *query, struct browse_store *out) MUST_USE;

/* How far each polled source has been read (store/cursor.h). */
typedef void browse_cursor_fn(void *context, struct str name, struct str json);
enum err browse_cursors(
    struct query *query, browse_cursor_fn *on_cursor, void *context) MUST_USE;

/* Who writes to this store, by name. */
struct browse_node {
    struct str name;  /* borrowed */
    int64_t last_ms;  /* of its latest record */
    int64_t delay_ms; /* until that one was stored; -1: not known */
};
typedef void browse_node_fn(void *context, const struct browse_node *node);
enum err browse_nodes(
    struct query *query, browse_node_fn *on_node, void *context) MUST_USE;

/* ---- numbers: store/count.c ---- */

struct count_request {
    bool facets[FACET_COUNT];
    size_t top;        /* values of each */
    size_t buckets;    /* about as many; 0: none */
    size_t day_begins; /* of who looks: minutes after midnight UTC */
    enum facet by;     /* what buckets are told apart by; not a set */
};

struct count_item {
    struct str word; /* empty: has none */
    int64_t count;
};

struct count { /* count_free */
    struct arena arena;
    int64_t total, dlp;
    int64_t since_ms, bucket_ms;
    size_t bucket_count;
    int64_t *totals; /* of buckets */
    struct str *by_words;
    size_t by_count;
    int64_t *by; /* [bucket * by_count + i] */
    struct {
        struct count_item *items;
        size_t count, more; /* more: values left out */
    } facets[FACET_COUNT];
};
/* A facet's values are counted under the filters of the others. */
enum err count_run(struct browse *browse, const struct count_request *request,
    int64_t now_ms, struct count *count_out) MUST_USE;
void count_free(struct count *count);

struct count_service {
    struct str service, instance, activity; /* borrowed */
    int64_t events, dlp_events, last_ms;
};
typedef void count_service_fn(void *context, const struct count_service *row);
/* Sorted by service, instance, activity. ERR_LIMIT: too many of them. */
enum { COUNT_SERVICES_MAX = 100000 };
enum err count_services(
    struct browse *browse, count_service_fn *on_row, void *context) MUST_USE;

/* ---- people: store/count_users.c ---- */

struct count_user {
    struct str user; /* borrowed; empty: nobody known */
    int64_t events, prompts, files_up, files_down, bytes_up, bytes_down;
    int64_t dlp_events, blocked, points, last_ms;
    int risk; /* 0 to 99 */
};
enum count_users_sort {
    USERS_BY_RISK,
    USERS_BY_EVENTS,
    USERS_BY_PROMPTS,
    USERS_BY_FILES, /* up and down, as the next */
    USERS_BY_BYTES,
    USERS_BY_DLP,
    USERS_BY_BLOCKED,
    USERS_BY_LAST,
    USERS_BY_NAME,
    USERS_SORTS,
};
/* USERS_SORTS: no such word. */
enum count_users_sort count_users_sort_of(struct str word);

struct count_users {
    enum count_users_sort sort; /* names upward, numbers downward … */
    bool is_reversed;           /* … or the other way */
    size_t skip, limit;
};
typedef void count_user_fn(void *context, const struct count_user *row);
/* total_out: of all, besides those shown. */
enum err count_users(struct browse *browse, const struct count_users *request,
    count_user_fn *on_row, void *context, size_t *total_out) MUST_USE;

/* What the risk of a user is made of (docs/pages.md): an activity in which
 * something was found has points by its severity, a blocked one twice as
 * many; the risk is 100 * points / (points + COUNT_RISK_HALF). */
enum {
    COUNT_POINTS_LOW = 1,
    COUNT_POINTS_MEDIUM = 4,
    COUNT_POINTS_HIGH = 10,
    COUNT_RISK_HALF = 50,
};

#endif
