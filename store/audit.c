/* See store/audit.h. */
#include "store/audit.h"

#include "base/log.h"
#include "base/mem.h"
#include "store/fields.h"
#include "store/incident_rows.h"
#include "store/query_parts.h"
#include "store/view.h"

static int64_t time_of(const json_t *record)
{
    int64_t now = clock_wall_ms(), time = now;
    return clock_parse(field_text(record, "time"), now, &time) == OK ? time
                                                                     : now;
}

static enum err put_row(
    struct db *db, const struct journal_entry *entry, const json_t *record)
{
    struct db_statement *s = db_statement_new(db,
        "INSERT OR IGNORE INTO audit(id, time_ms, user, action, json)"
        " VALUES(?1, ?2, ?3, ?4, ?5)");
    if (s == NULL)
        return ERR_STATE;
    db_bind_text(s, 1, str_of(entry->id));
    db_bind_int(s, 2, time_of(record));
    db_bind_text(s, 3, field_text(json_object_get(record, "actor"), "user"));
    db_bind_text(s, 4, field_text(record, "activity"));
    db_bind_text(s, 5, entry->json);
    enum err err = db_run(s);
    db_statement_free(&s);
    return err;
}

/* What was done to something that the store has rows of. */
static enum err apply(
    struct db *db, const struct journal_entry *entry, const json_t *record)
{
    struct str action = field_text(record, "activity");
    if (str_is(action, INCIDENT_CHANGED))
        return incident_change_put(
            db, str_of(entry->id), time_of(record), record);
    if (str_is(action, VIEW_SAVED))
        return view_put(db, str_of(entry->id), time_of(record), record);
    return str_is(action, VIEW_DELETED) ? view_delete(db, record) : OK;
}

enum err audit_put(struct db *db, const struct journal_entry *entry)
{
    json_t *record =
        json_loadb(entry->json.p, entry->json.n, JSON_ALLOW_NUL, NULL);
    if (!json_is_object(record)) {
        log_event(
            LOG_ERROR, "store.unreadable-record", LOG_CSTR("kind", "audit"));
        json_decref(record);
        return OK;
    }
    enum err err = put_row(db, entry, record);
    if (err == OK)
        err = apply(db, entry, record);
    json_decref(record);
    return err;
}

enum err audit_retain(
    struct db *db, const struct retain_options *options, int64_t now_ms)
{
    struct db_statement *s = db_statement_new(db,
        "DELETE FROM audit WHERE seq IN"
        " (SELECT seq FROM audit WHERE time_ms < ?1 LIMIT 500)"
        " OR seq <= (SELECT max(seq) FROM audit) - ?2");
    if (s == NULL)
        return ERR_STATE;
    db_bind_int(
        s, 1, options->days > 0 ? now_ms - options->days * 86400000 : 0);
    db_bind_int(s, 2, AUDIT_ROWS_MAX);
    enum err err = db_run(s);
    db_statement_free(&s);
    return err;
}

static void build(struct sql *sql, const struct query_filter *filter,
    size_t limit, const struct query_cursor *cursor)
{
    const struct query_filter own = {.since_ms = filter->since_ms,
        .until_ms = filter->until_ms,
        .user = filter->user,
        .activity = filter->activity};
    buf_append_str(
        &sql->text, STR("SELECT seq, time_ms, 2, id, json FROM"
                        " (SELECT *, action AS activity FROM audit) WHERE 1"));
    sql_filter(sql, &own);
    if (cursor->is_set) {
        buf_append_str(&sql->text, STR(" AND (time_ms, seq) < (?, ?)"));
        sql_int(sql, cursor->time_ms);
        sql_int(sql, cursor->seq);
    }
    buf_append_str(&sql->text, STR(" ORDER BY time_ms DESC, seq DESC LIMIT ?"));
    sql_int(sql, (int64_t)limit);
}

enum err query_audit(struct query *q, const struct query_filter *filter,
    size_t limit, struct query_cursor *cursor, query_row_fn *on_row,
    void *context, bool *more_out)
{
    struct sql *sql = MEM_NEW(struct sql);
    struct db_statement *s = NULL;
    size_t count = 0;
    build(sql, filter, limit, cursor);
    enum err err = sql_prepare(q, sql, &s);
    while (err == OK && (err = db_step(s)) == OK) {
        struct query_row row = query_read_row(s);
        *cursor = (struct query_cursor){true, row.time_ms, row.seq};
        on_row(context, &row);
        count++;
    }
    db_statement_free(&s);
    sql_free(sql);
    mem_free(sql);
    *more_out = count == limit;
    return err == ERR_EOF ? OK : err;
}

enum err query_audit_has(struct query *q, struct str id, bool *has_out)
{
    struct db_statement *s =
        db_statement_new(q->db, "SELECT 1 FROM audit WHERE id = ?1");
    if (s == NULL)
        return ERR_STATE;
    db_bind_text(s, 1, id);
    enum err err = db_step(s);
    *has_out = err == OK;
    db_statement_free(&s);
    return err == ERR_EOF ? OK : err;
}
