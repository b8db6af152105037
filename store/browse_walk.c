/*
 * The walk over the narrow table (store/facet.h), in the order of time.
 *
 * A step of SQLite and a call for each column of each row cost more than the
 * rows themselves, so none comes up: two functions of ours are called from
 * within the statement (DB_HOOK_*).  hook_pass sees what is filtered by and
 * refuses most rows before their other columns are taken apart; hook_take gets
 * the rest, and ends the walk by letting a row through.
 */
#include <inttypes.h>

#include "base/mem.h"
#include "store/browse_parts.h"

enum { CODES_IN_SQL = 64 };

static bool has_code(const struct code_set *set, int64_t code)
{
    return code < set->count && (set->bits[code / 8] >> (code % 8) & 1) != 0;
}

static bool is_found(const struct found *f, int64_t seq)
{
    int64_t i = seq - f->first;
    return i >= 0 && i < f->count && (f->bits[i / 8] >> (i % 8) & 1) != 0;
}

/* ---- the statement ---- */

/* Few codes are SQLite's to test: rows that fail never come up here. */
static void write_codes(
    struct sql *sql, const struct code_set *set, enum facet facet)
{
    int64_t codes[CODES_IN_SQL];
    size_t count = 0;
    for (int64_t code = 0; code < set->count; code++) {
        if (!has_code(set, code))
            continue;
        if (count == CODES_IN_SQL)
            return;
        codes[count++] = code;
    }
    buf_printf(&sql->text, " AND f.%s IN (", facet_names[facet]);
    for (size_t i = 0; i < count; i++)
        buf_printf(&sql->text, "%s%" PRId64, i > 0 ? "," : "", codes[i]);
    buf_append_char(&sql->text, ')');
}

/* Where few have the words, from those; else all of the table is walked. */
static bool is_by_few(const struct browse *b)
{
    return b->found.is_on && b->found.total <= FOUND_FEW &&
           b->filter.conversation.count == 0;
}

static void write_order(struct sql *sql, enum query_order order)
{
    buf_append_str(&sql->text, order == QUERY_NEWEST_FIRST
                                   ? STR(" ORDER BY f.time_ms DESC, f.seq DESC")
                                   : STR(" ORDER BY f.time_ms, f.seq"));
}

static void write_few(struct sql *sql, const struct found *found)
{
    buf_append_str(&sql->text, STR(" AND a.seq IN ("));
    for (int64_t i = 0; i < found->total; i++)
        buf_printf(&sql->text, "%s%" PRId64, i > 0 ? "," : "", found->few[i]);
    buf_append_char(&sql->text, ')');
}

static void write_conversation(
    struct sql *sql, const struct query_words *conversation)
{
    for (size_t i = 0; i < conversation->count; i++) {
        buf_append_str(&sql->text,
            i == 0 ? STR(" AND a.conversation_id IN (?") : STR(", ?"));
        sql_text(sql, conversation->items[i]);
    }
    buf_append_char(&sql->text, ')');
}

static void write_times(
    struct sql *sql, const struct browse *b, const struct browse_walk *walk)
{
    const struct query_cursor *c = walk->cursor;
    int64_t from = b->filter.since_ms, to = INT64_MAX;
    if (b->filter.until_ms != 0)
        to = b->filter.until_ms - 1;
    if (c != NULL && c->is_set && walk->order == QUERY_NEWEST_FIRST &&
        c->time_ms < to)
        to = c->time_ms;
    if (c != NULL && c->is_set && walk->order == QUERY_OLDEST_FIRST &&
        c->time_ms > from)
        from = c->time_ms;
    buf_append_str(&sql->text, STR(" f.time_ms BETWEEN ? AND ?"));
    sql_int(sql, from);
    sql_int(sql, to);
}

/* Hooks see rows before a statement sorts them: what is not in order by its
 * index is sorted within.  LIMIT keeps SQLite from making one of the two. */
static void write_source(
    struct sql *sql, const struct browse *b, const struct browse_walk *walk)
{
    const struct query_words *conversation = &b->filter.conversation;
    if (conversation->count == 0 && !is_by_few(b)) {
        buf_append_str(&sql->text, STR(" FROM facet f WHERE"));
        write_times(sql, b, walk);
        return;
    }
    buf_append_str(
        &sql->text, STR(" FROM (SELECT f.* FROM activity a CROSS JOIN facet f"
                        " WHERE f.time_ms = a.time_ms AND f.seq = a.seq AND"));
    write_times(sql, b, walk);
    if (conversation->count > 0)
        write_conversation(sql, conversation);
    else
        write_few(sql, &b->found);
    write_order(sql, walk->order);
    buf_append_str(&sql->text, STR(" LIMIT -1) f WHERE 1"));
}

struct column {
    enum facet facet;
    const struct code_set *set;
};

/* Of one statement: what its rows are tested by, and given with. */
struct walking {
    const struct browse *browse;
    const struct browse_walk *walk;
    struct column tested[FACET_COUNT], given[FACET_COUNT];
    size_t tested_count, given_count;
    struct query_cursor cursor;
    struct sql *sql; /* its texts are bound */
    struct browse_row row;
};

static void list_columns(struct walking *w)
{
    for (enum facet i = 0; i < FACET_COUNT; i++) {
        const struct code_set *set = &w->browse->sets[i];
        if (set->is_on)
            w->tested[w->tested_count++] = (struct column){i, set};
        if (set->is_on || w->walk->wanted[i])
            w->given[w->given_count++] = (struct column){i, set};
    }
}

static void write_columns(
    struct sql *sql, const struct column *columns, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_printf(&sql->text, ", f.%s", facet_names[columns[i].facet]);
}

/* CASE says in which order the tests are made: a hook remembers. */
static void write_walk(struct sql *sql, const struct walking *w)
{
    const struct browse *b = w->browse;
    buf_append_str(&sql->text, STR("SELECT 1"));
    write_source(sql, b, w->walk);
    buf_append_str(&sql->text, STR(" AND CASE WHEN 1"));
    for (enum facet i = 0; i < FACET_COUNT && !w->walk->needs_near; i++)
        if (b->sets[i].is_on)
            write_codes(sql, &b->sets[i], i);
    if (b->found.is_on || w->tested_count > 0 || w->cursor.is_set) {
        buf_append_str(&sql->text, STR(" AND hook_pass(f.seq, f.time_ms"));
        write_columns(sql, w->tested, w->tested_count);
        buf_append_char(&sql->text, ')');
    }
    buf_append_str(&sql->text, STR(" THEN hook_take(f.seq, f.time_ms"));
    write_columns(sql, w->given, w->given_count);
    if (w->walk->wants_volume)
        buf_append_str(&sql->text, STR(", f.files, f.bytes"));
    buf_append_str(&sql->text, STR(") END"));
    if (b->filter.conversation.count == 0 && !is_by_few(b))
        write_order(sql, w->walk->order);
}

/* ---- its rows ---- */

/* Others of the cursor's millisecond are within the bounds, too. */
static bool is_behind(const struct walking *w, int64_t time_ms, int64_t seq)
{
    const struct query_cursor *c = &w->cursor;
    if (!c->is_set || time_ms != c->time_ms)
        return true;
    return w->walk->order == QUERY_NEWEST_FIRST ? seq < c->seq : seq > c->seq;
}

/* Whether the row is to be given. */
static bool pass_row(void *context, const int64_t *values)
{
    struct walking *w = context;
    unsigned most = w->walk->needs_near ? 1 : 0;
    if ((w->browse->found.is_on && !is_found(&w->browse->found, values[0])) ||
        !is_behind(w, values[1], values[0]))
        return false;
    w->row.failed = 0;
    for (size_t i = 0; i < w->tested_count; i++) {
        const struct column *c = &w->tested[i];
        if (has_code(c->set, values[i + 2]))
            continue;
        w->row.failed_one = c->facet;
        if (++w->row.failed > most)
            return false;
    }
    return true;
}

/* Whether it was the last. */
static bool take_row(void *context, const int64_t *values)
{
    struct walking *w = context;
    struct browse_row *row = &w->row;
    row->seq = values[0];
    row->time_ms = values[1];
    for (size_t i = 0; i < w->given_count; i++)
        row->codes[w->given[i].facet] = values[i + 2];
    if (w->walk->wants_volume) {
        row->files = values[w->given_count + 2];
        row->bytes = values[w->given_count + 3];
    }
    return !w->walk->on_row(w->walk->context, row);
}

static enum err begin_walk(struct walking *w, const struct browse *b,
    const struct browse_walk *walk, struct str before,
    struct db_statement **statement_out)
{
    *w =
        (struct walking){.browse = b, .walk = walk, .sql = MEM_NEW(struct sql)};
    if (walk->cursor != NULL)
        w->cursor = *walk->cursor;
    list_columns(w);
    buf_append_str(&w->sql->text, before);
    write_walk(w->sql, w);
    db_set_hook(b->query->db, DB_HOOK_PASS, pass_row, w);
    db_set_hook(b->query->db, DB_HOOK_TAKE, take_row, w);
    return sql_prepare(b->query, w->sql, statement_out);
}

static void end_walk(struct walking *w, struct db_statement **statement)
{
    db_statement_free(statement);
    sql_free(w->sql);
    mem_free(w->sql);
}

enum err browse_walk(struct browse *b, const struct browse_walk *walk)
{
    struct walking w;
    struct db_statement *s = NULL;
    enum err err = begin_walk(&w, b, walk, STR_NONE, &s);
    if (err == OK)
        err = db_step(s); /* the one row: it was enough */
    end_walk(&w, &s);
    return err == ERR_EOF ? OK : err;
}

enum err browse_explain(
    struct browse *b, const struct browse_walk *walk, struct buf *plan_out)
{
    struct walking w;
    struct db_statement *s = NULL;
    enum err err = begin_walk(&w, b, walk, STR("EXPLAIN QUERY PLAN "), &s);
    while (err == OK && (err = db_step(s)) == OK)
        buf_printf(plan_out, "%.*s\n", STR_ARG(db_text(s, 3)));
    end_walk(&w, &s);
    return err == ERR_EOF ? OK : err;
}
