/* See store/view.h. */
#include "store/view.h"

#include "store/fields.h"
#include "store/query_parts.h"

#define SELECT                                                                 \
    "SELECT id, user, page, name, query, is_shared, time_ms FROM view"

enum { LISTED_MAX = 1000 /* one's own come first */ };

/* ---- writing ---- */

enum err view_put(
    struct db *db, struct str id, int64_t time_ms, const json_t *record)
{
    const json_t *details = json_object_get(record, "details");
    struct str user = field_text(json_object_get(record, "actor"), "user");
    struct str page = field_text(details, "page");
    struct str name = field_text(details, "name");
    if (user.n == 0 || page.n == 0 || name.n == 0)
        return OK; /* not written by the console as it is */
    struct db_statement *s = db_statement_new(db,
        "INSERT INTO view(id, user, page, name, query, is_shared, time_ms)"
        " SELECT ?1, ?2, ?3, ?4, coalesce(?5, ''), ?6, ?7"
        " WHERE (SELECT count(*) FROM view WHERE user = ?2) < ?8"
        " ON CONFLICT(user, page, name) DO UPDATE SET query = excluded.query,"
        " is_shared = excluded.is_shared, time_ms = excluded.time_ms");
    if (s == NULL)
        return ERR_STATE;
    db_bind_text(s, 1, id);
    db_bind_text(s, 2, user);
    db_bind_text(s, 3, page);
    db_bind_text(s, 4, name);
    db_bind_text(s, 5, field_text(details, "query"));
    db_bind_int(s, 6, json_is_true(json_object_get(details, "shared")));
    db_bind_int(s, 7, time_ms);
    db_bind_int(s, 8, VIEWS_MAX);
    enum err err = db_run(s);
    db_statement_free(&s);
    return err;
}

enum err view_delete(struct db *db, const json_t *record)
{
    struct db_statement *s =
        db_statement_new(db, "DELETE FROM view WHERE id = ?1");
    if (s == NULL)
        return ERR_STATE;
    db_bind_text(s, 1, field_text(json_object_get(record, "target"), "id"));
    enum err err = db_run(s);
    db_statement_free(&s);
    return err;
}

/* ---- reading ---- */

static enum err give_all(struct query *q, struct sql *sql, view_fn *on_view,
    void *context, size_t *count_out)
{
    struct db_statement *s = NULL;
    enum err err = sql_prepare(q, sql, &s);
    for (*count_out = 0; err == OK && (err = db_step(s)) == OK; ++*count_out) {
        const struct view view = {.id = db_text(s, 0),
            .user = db_text(s, 1),
            .page = db_text(s, 2),
            .name = db_text(s, 3),
            .query = db_text(s, 4),
            .is_shared = db_int(s, 5) != 0,
            .time_ms = db_int(s, 6)};
        on_view(context, &view);
    }
    db_statement_free(&s);
    sql_free(sql);
    return err == ERR_EOF ? OK : err;
}

enum err view_list(
    struct query *q, struct str user, view_fn *on_view, void *context)
{
    struct sql sql = {0};
    size_t count;
    buf_append_str(&sql.text,
        STR(SELECT " WHERE user = ? OR is_shared = 1 ORDER BY user <> ?,"
                   " name, user LIMIT ?"));
    sql_text(&sql, user);
    sql_text(&sql, user);
    sql_int(&sql, LISTED_MAX);
    return give_all(q, &sql, on_view, context, &count);
}

enum err view_get(
    struct query *q, struct str id, view_fn *on_view, void *context)
{
    struct sql sql = {0};
    size_t count;
    buf_append_str(&sql.text, STR(SELECT " WHERE id = ?"));
    sql_text(&sql, id);
    enum err err = give_all(q, &sql, on_view, context, &count);
    return err == OK && count == 0 ? ERR_NOT_FOUND : err;
}

enum err view_find(struct query *q, struct str user, struct str page,
    struct str name, view_fn *on_view, void *context)
{
    struct sql sql = {0};
    size_t count;
    buf_append_str(
        &sql.text, STR(SELECT " WHERE user = ? AND page = ? AND name = ?"));
    sql_text(&sql, user);
    sql_text(&sql, page);
    sql_text(&sql, name);
    enum err err = give_all(q, &sql, on_view, context, &count);
    return err == OK && count == 0 ? ERR_NOT_FOUND : err;
}
