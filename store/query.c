/*
 * Filters become SQL with bound parameters; nothing of a filter's text ever
 * stands in a statement.  See store/query.h.
 */
#include "store/query.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "store/query_parts.h"

enum { BUSY_MS = 2000 };

enum err query_words_add(struct query_words *words, struct str word)
{
    if (words->count == QUERY_WORDS_MAX)
        return ERR_LIMIT;
    words->items[words->count++] = word;
    return OK;
}

void query_cursor_format(
    const struct query_cursor *cursor, char out[QUERY_CURSOR_BYTES])
{
    snprintf(out, QUERY_CURSOR_BYTES, "%" PRId64 "-%" PRId64, cursor->time_ms,
        cursor->seq);
}

enum err query_cursor_parse(struct str text, struct query_cursor *out)
{
    uint64_t time_ms = 0, seq = 0;
    size_t dash = str_find_char(text, '-');
    *out = (struct query_cursor){0};
    if (str_to_u64(str_sub(text, 0, dash), &time_ms) != OK ||
        str_to_u64(str_sub(text, dash + 1, text.n), &seq) != OK ||
        time_ms > INT64_MAX || seq > INT64_MAX)
        return ERR_PARSE;
    *out = (struct query_cursor){true, (int64_t)time_ms, (int64_t)seq};
    return OK;
}

/* ---- SQL ---- */

void sql_text(struct sql *sql, struct str text)
{
    sql->parameters[sql->count++] = (struct sql_parameter){true, text, 0};
}

void sql_int(struct sql *sql, int64_t number)
{
    sql->parameters[sql->count++] =
        (struct sql_parameter){false, STR_NONE, number};
}

static bool is_glob(struct str s)
{
    return memchr(s.p, '*', s.n) != NULL || memchr(s.p, '?', s.n) != NULL;
}

/* Our globs know '*' and '?' only; to SQLite '[' is special too. */
static struct str escape_glob(struct sql *sql, struct str s)
{
    struct buf out = {0};
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '[')
            buf_append_str(&out, STR("[[]"));
        else
            buf_append_char(&out, s.p[i]);
    }
    struct str copy = arena_copy(&sql->arena, buf_str(&out));
    buf_free(&out);
    return copy;
}

void sql_words(
    struct sql *sql, const char *column, const struct query_words *words)
{
    for (size_t i = 0; i < words->count; i++) {
        struct str word = words->items[i];
        bool glob = word.n > 0 && is_glob(word);
        buf_printf(&sql->text, "%s%s %s ?", i == 0 ? " AND (" : " OR ", column,
            glob ? "GLOB" : "=");
        sql_text(sql, glob ? escape_glob(sql, word) : word);
    }
    if (words->count > 0)
        buf_append_char(&sql->text, ')');
}

static void add_types(struct sql *sql, const struct query_words *types)
{
    if (types->count == 0)
        return;
    buf_append_str(
        &sql->text, STR(" AND seq IN (SELECT seq FROM finding WHERE 1"));
    sql_words(sql, "type", types);
    buf_append_char(&sql->text, ')');
}

void sql_filter(struct sql *sql, const struct query_filter *f)
{
    if (f->since_ms != 0) {
        buf_append_str(&sql->text, STR(" AND time_ms >= ?"));
        sql_int(sql, f->since_ms);
    }
    if (f->until_ms != 0) {
        buf_append_str(&sql->text, STR(" AND time_ms < ?"));
        sql_int(sql, f->until_ms);
    }
    sql_words(sql, "user", &f->user);
    sql_words(sql, "activity", &f->activity);
    sql_words(sql, "verdict", &f->verdict);
    sql_words(sql, "service", &f->service);
    sql_words(sql, "conversation_id", &f->conversation);
    sql_words(sql, "category", &f->category);
    sql_words(sql, "rule", &f->rule);
    sql_words(sql, "host", &f->host);
    add_types(sql, &f->type);
    if (f->text.n > 0) {
        buf_append_str(
            &sql->text, STR(" AND instr(lower(json), lower(?)) > 0"));
        sql_text(sql, f->text);
    }
}

void sql_free(struct sql *sql)
{
    buf_free(&sql->text);
    arena_free(&sql->arena);
}

enum err sql_prepare(
    struct query *q, struct sql *sql, struct db_statement **out)
{
    *out = db_statement_new(q->db, buf_cstr(&sql->text));
    if (*out == NULL)
        return ERR_STATE;
    for (size_t i = 0; i < sql->count; i++) {
        const struct sql_parameter *p = &sql->parameters[i];
        if (p->is_text)
            db_bind_text(*out, (int)i + 1, p->text);
        else
            db_bind_int(*out, (int)i + 1, p->number);
    }
    return OK;
}

struct query_row query_read_row(struct db_statement *s)
{
    return (struct query_row){
        .seq = db_int(s, 0),
        .time_ms = db_int(s, 1),
        .state = (enum store_state)db_int(s, 2),
        .id = db_text(s, 3),
        .json = db_text(s, 4),
    };
}

/* ---- queries ---- */

enum err query_open(struct str folder, struct query **query_out)
{
    struct query *q = MEM_NEW(struct query);
    enum err err = db_open(folder, DB_READ, BUSY_MS, &q->db);
    if (err != OK)
        query_close(&q);
    *query_out = q;
    return err;
}

enum err query_open_confined(struct str folder, struct query **query_out)
{
    struct query *q = MEM_NEW(struct query);
    int64_t version = 0;
    enum err err = db_open(folder, DB_READ_CONFINED, BUSY_MS, &q->db);
    if (err == OK)
        err = db_get_int(q->db, "PRAGMA user_version", &version);
    if (err == OK && version < DB_SCHEMA_VERSION)
        err = ERR_AGAIN;
    if (err != OK)
        query_close(&q);
    *query_out = q;
    return err;
}

void query_close(struct query **query)
{
    if (*query == NULL)
        return;
    db_close(&(*query)->db);
    mem_free(*query);
    *query = NULL;
}

const char *query_error(const struct query *query)
{
    return query != NULL ? db_error(query->db) : "not open";
}

static void build_list(struct sql *sql, const struct query_filter *filter,
    enum query_order order, size_t limit, const struct query_cursor *cursor)
{
    bool is_newest = order == QUERY_NEWEST_FIRST;
    buf_append_str(&sql->text, STR(QUERY_SELECT));
    sql_filter(sql, filter);
    if (cursor->is_set) {
        buf_printf(
            &sql->text, " AND (time_ms, seq) %s (?, ?)", is_newest ? "<" : ">");
        sql_int(sql, cursor->time_ms);
        sql_int(sql, cursor->seq);
    }
    buf_append_str(
        &sql->text, is_newest ? STR(" ORDER BY time_ms DESC, seq DESC LIMIT ?")
                              : STR(" ORDER BY time_ms, seq LIMIT ?"));
    sql_int(sql, (int64_t)limit);
}

enum err query_list(struct query *q, const struct query_filter *filter,
    enum query_order order, size_t limit, struct query_cursor *cursor,
    query_row_fn *on_row, void *context, bool *more_out)
{
    struct sql sql = {0};
    struct db_statement *s = NULL;
    size_t count = 0;
    if (limit > QUERY_LIMIT_MAX)
        limit = QUERY_LIMIT_MAX;
    build_list(&sql, filter, order, limit, cursor);
    enum err err = sql_prepare(q, &sql, &s);
    while (err == OK && (err = db_step(s)) == OK) {
        struct query_row row = query_read_row(s);
        *cursor = (struct query_cursor){true, row.time_ms, row.seq};
        on_row(context, &row);
        count++;
    }
    db_statement_free(&s);
    sql_free(&sql);
    *more_out = count == limit;
    return err == ERR_EOF ? OK : err;
}

enum err sql_give_one(
    struct query *q, struct sql *sql, query_row_fn *on_row, void *context)
{
    struct db_statement *s = NULL;
    enum err err = sql_prepare(q, sql, &s);
    if (err == OK)
        err = db_step(s);
    if (err == OK) {
        struct query_row row = query_read_row(s);
        on_row(context, &row);
    }
    db_statement_free(&s);
    sql_free(sql);
    return err;
}

enum err query_get(
    struct query *q, struct str id, query_row_fn *on_row, void *context)
{
    return query_get_view(q, id, true, on_row, context);
}

enum err query_get_view(struct query *q, struct str id, bool has_content,
    query_row_fn *on_row, void *context)
{
    struct sql sql = {0};
    buf_append_str(&sql.text, has_content
                                  ? STR(QUERY_SELECT " AND id = ?")
                                  : STR(QUERY_SELECT_MASKED " AND id = ?"));
    sql_text(&sql, id);
    enum err err = sql_give_one(q, &sql, on_row, context);
    return err == ERR_EOF ? ERR_NOT_FOUND : err;
}

enum err query_sealed(struct query *q, struct sql *sql,
    query_evidence_fn *on_sealed, void *context)
{
    struct db_statement *s = NULL;
    size_t count = 0;
    enum err err = sql_prepare(q, sql, &s);
    for (; err == OK && (err = db_step(s)) == OK; count++)
        on_sealed(context, db_text(s, 0));
    db_statement_free(&s);
    sql_free(sql);
    if (err != ERR_EOF)
        return err;
    return count > 0 ? OK : ERR_NOT_FOUND;
}

enum err query_evidence(
    struct query *q, struct str id, query_evidence_fn *on_sealed, void *context)
{
    struct sql sql = {0};
    buf_append_str(&sql.text,
        STR("SELECT sealed FROM evidence WHERE seq ="
            " (SELECT seq FROM activity WHERE id = ?) ORDER BY rowid"));
    sql_text(&sql, id);
    return query_sealed(q, &sql, on_sealed, context);
}
