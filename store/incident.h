/*
 * Incidents for whoever reads the store (store/incident_rows.h makes them):
 * lists by filters, numbers, one of them with its activities and history.
 */
#ifndef STORE_INCIDENT_H
#define STORE_INCIDENT_H

#include "store/query.h"

enum {
    INCIDENT_CHANGE_MAX = 500,     /* incidents of one change */
    INCIDENT_HISTORY_MAX = 500,    /* the latest changes that are told */
    INCIDENT_COMMENT_MAX = 4000,   /* bytes */
    INCIDENT_VALUES_MAX = 50,      /* of one filter, with their numbers */
    INCIDENT_COUNT_ROWS = 2000000, /* looked at for numbers */
};
/* In the history: the owner was taken away. As a filter: has no owner. */
#define INCIDENT_OWNER_NONE "-"

/* One of new, opened, false-positive, resolved, suppressed. */
bool incident_status_is_valid(struct str status);

enum incident_facet {
    INCIDENT_STATUS,
    INCIDENT_SEVERITY,
    INCIDENT_RULE,
    INCIDENT_OWNER,
    INCIDENT_USER,
    INCIDENT_SERVICE,
    INCIDENT_FACETS,
};
extern const char *const incident_facet_names[INCIDENT_FACETS];
/* INCIDENT_FACETS: none of that name. */
enum incident_facet incident_facet_of(struct str name);

struct incident_filter {        /* {0}: all */
    int64_t since_ms, until_ms; /* of the latest activity; as query_filter */
    struct query_words words[INCIDENT_FACETS];
};

struct incident { /* texts are borrowed until the callback returns */
    int64_t seq, first_ms, last_ms, activities, findings, comments;
    struct str id, rule, user, service, conversation_id, status, owner,
        severity; /* high, medium, low, none */
};
typedef void incident_fn(void *context, const struct incident *incident);

/* The latest first, by their latest activity; as query_list. */
enum err incident_list(struct query *query,
    const struct incident_filter *filter, size_t limit,
    struct query_cursor *cursor, incident_fn *on_incident, void *context,
    bool *more_out) MUST_USE;

struct incident_value {
    struct str value; /* of the counts' arena; empty: has none */
    int64_t count;
};
struct incident_counts {
    struct arena *arena; /* the caller's */
    int64_t total;
    struct {
        struct incident_value items[INCIDENT_VALUES_MAX];
        size_t count, more; /* more: values left out */
    } facets[INCIDENT_FACETS];
};
/* Each filter's values, counted under all other filters. ERR_TIMEOUT. */
enum err incident_count(struct query *query,
    const struct incident_filter *filter,
    struct incident_counts *counts) MUST_USE;

/* ERR_NOT_FOUND. */
enum err incident_get(struct query *query, struct str id,
    incident_fn *on_incident, void *context) MUST_USE;
/* Oldest first, without what was typed and shown; as query_list. */
enum err incident_activities(struct query *query, int64_t incident,
    size_t limit, struct query_cursor *cursor, query_row_fn *on_row,
    void *context, bool *more_out) MUST_USE;

struct incident_change { /* empty: not changed; borrowed */
    int64_t time_ms;
    struct str user, status, owner, comment;
    struct str activity; /* re-opened by that one */
};
typedef void incident_change_fn(
    void *context, const struct incident_change *change);
/* Oldest first. */
enum err incident_history(struct query *query, int64_t incident,
    incident_change_fn *on_change, void *context) MUST_USE;

#endif
