/*
 * What browse.c, browse_text.c, browse_walk.c and count*.c share; not for
 * others.
 */
#ifndef STORE_BROWSE_PARTS_H
#define STORE_BROWSE_PARTS_H

#include "store/browse.h"
#include "store/query_parts.h"

struct code_set { /* of one facet */
    bool is_on;   /* there is a filter */
    uint8_t *bits;
    int64_t count; /* codes below it have a bit */
};

enum { FOUND_FEW = 1000 };

struct found { /* by text */
    bool is_on;
    uint8_t *bits; /* one for each seq from `first` on */
    int64_t first, count;
    int64_t total; /* bits that are set; INT64_MAX: most */
    int64_t *few;  /* the first of them: all, where total <= FOUND_FEW */
};

struct browse {
    struct query *query;
    struct browse_filter filter;
    struct code_set sets[FACET_COUNT];
    struct found found;
};
/* Fills `found` by the filter's text. */
enum err browse_find_text(struct browse *browse) MUST_USE;

/* What a walk gives for each row. */
struct browse_row {
    int64_t time_ms, seq;
    int64_t codes[FACET_COUNT]; /* of those wanted or filtered by */
    int64_t files, bytes;       /* where wants_volume */
    unsigned failed;            /* filters that it does not pass … */
    enum facet failed_one;      /* … and which, if it is one */
};
struct browse_walk {
    bool wanted[FACET_COUNT];
    bool wants_volume;
    enum query_order order;
    const struct query_cursor *cursor; /* NULL: all */
    bool needs_near;                   /* rows that fail one filter too */
    /* false: enough. */
    bool (*on_row)(void *context, const struct browse_row *row);
    void *context;
};
/* ERR_TIMEOUT.  on_row may ask the same connection, but not walk. */
enum err browse_walk(
    struct browse *browse, const struct browse_walk *walk) MUST_USE;
/* How SQLite goes about it, a line for each step. */
enum err browse_explain(struct browse *browse, const struct browse_walk *walk,
    struct buf *plan_out) MUST_USE;
/* The largest code of a facet, or 0. */
enum err browse_code_max(
    struct query *query, enum facet facet, int64_t *max_out) MUST_USE;

#endif
