/*
 * Saved views: what a page of the console shows, under a name, for one login
 * or for all.  They come as audit records of the console (store/audit.h):
 *   VIEW_SAVED    details: {"page", "name", "query", "shared"}; the id of the
 *                 record becomes the view's; the same login, page and name
 *                 replaces, under the id that it has
 *   VIEW_DELETED  target: {"id"}
 * Retention does not touch them.
 */
#ifndef STORE_VIEW_H
#define STORE_VIEW_H

#include <jansson.h>

#include "store/query.h"

#define VIEW_SAVED "console.view.saved"
#define VIEW_DELETED "console.view.deleted"

enum {
    VIEW_NAME_MAX = 100, /* bytes */
    VIEW_QUERY_MAX = 2000,
    VIEWS_MAX = 200, /* of one login; more are not kept */
};

/* Within a transaction of the indexer. */
enum err view_put(struct db *db, struct str id, int64_t time_ms,
    const json_t *record) MUST_USE;
enum err view_delete(struct db *db, const json_t *record) MUST_USE;

struct view { /* borrowed until the callback returns */
    struct str id, user, page, name, query;
    bool is_shared;
    int64_t time_ms;
};
typedef void view_fn(void *context, const struct view *view);
/* A login's own, then the shared ones of others, by name. */
enum err view_list(struct query *query, struct str user, view_fn *on_view,
    void *context) MUST_USE;
/* ERR_NOT_FOUND. */
enum err view_get(struct query *query, struct str id, view_fn *on_view,
    void *context) MUST_USE;
/* By what makes it one. */
enum err view_find(struct query *query, struct str user, struct str page,
    struct str name, view_fn *on_view, void *context) MUST_USE;

#endif
