/* See store/name_rows.h. */
#include "store/name_rows.h"

#include "base/mem.h"
#include "store/query_parts.h"

struct name_rows {
    struct db_statement *put;
};

/* A row is written anew once an hour, not with each record of its person. */
static const char put_sql[] =
    "INSERT INTO name(pseudonym, tag, sealed, seen_ms)"
    " VALUES(?1, substr(?2, 1, instr(?2, '.')), ?2, ?3)"
    " ON CONFLICT(pseudonym, tag) DO UPDATE SET seen_ms = excluded.seen_ms"
    " WHERE excluded.seen_ms > name.seen_ms + 3600000";

/* Hence the hour here.  Those of the future are of a wrong clock: they go when
 * nothing is left. */
static const char retain_sql[] =
    "DELETE FROM name WHERE seen_ms + 3600000 < coalesce("
    "(SELECT min(time_ms) FROM activity), 9223372036854775807)";

enum err name_rows_new(struct db *db, struct name_rows **out)
{
    struct name_rows *rows = MEM_NEW(struct name_rows);
    rows->put = db_statement_new(db, put_sql);
    if (rows->put == NULL)
        name_rows_free(&rows);
    *out = rows;
    return rows != NULL ? OK : ERR_PARSE;
}

void name_rows_free(struct name_rows **rows)
{
    if (*rows == NULL)
        return;
    db_statement_free(&(*rows)->put);
    mem_free(*rows);
    *rows = NULL;
}

enum err name_rows_put(
    struct name_rows *rows, const json_t *sealed, int64_t time_ms)
{
    const char *pseudonym;
    json_t *box;
    enum err err = OK;
    json_object_foreach((json_t *)(uintptr_t)sealed, pseudonym, box)
    {
        if (err != OK || !json_is_string(box))
            continue;
        db_bind_text(rows->put, 1, str_of(pseudonym));
        db_bind_text(rows->put, 2, str_of(json_string_value(box)));
        db_bind_int(rows->put, 3, time_ms);
        err = db_run(rows->put);
    }
    return err;
}

enum err name_rows_retain(struct db *db)
{
    return db_exec(db, retain_sql);
}

enum err query_name(struct query *q, struct str pseudonym,
    query_evidence_fn *on_sealed, void *context)
{
    struct sql sql = {0};
    buf_append_str(&sql.text,
        STR("SELECT sealed FROM name WHERE pseudonym = ? ORDER BY seen_ms"));
    sql_text(&sql, pseudonym);
    return query_sealed(q, &sql, on_sealed, context);
}
