/*
 * Each activity once (store/query.h): new rows are met in the order of their
 * seq; those still open are looked at again until they are done, closed, or
 * open for too long.  The filter is asked when an activity is due, because
 * the verdict of an open one may still change.
 */
#include "store/query_parts.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"

enum { ROWS_PER_POLL = 1000, MARK_OPEN_MAX = 100 };

struct pending {
    int64_t seq, time_ms;
};

struct follow {
    const struct query_filter *filter;
    int64_t last_seq;
    struct pending *pending;
    size_t count, cap;
    bool is_masked;
};

struct follow *follow_new(const struct query_filter *filter)
{
    struct follow *f = MEM_NEW(struct follow);
    f->filter = filter;
    return f;
}

void follow_free(struct follow **follow)
{
    if (*follow == NULL)
        return;
    mem_free((*follow)->pending);
    mem_free(*follow);
    *follow = NULL;
}

void follow_mask(struct follow *f)
{
    f->is_masked = true;
}

static const char *column_of(const struct follow *f, bool is_cut_short)
{
    if (is_cut_short)
        return f->is_masked ? "json_set(" QUERY_MASKED
                              ", '$.complete', json('false'))"
                            : "json_set(json, '$.complete', json('false'))";
    return f->is_masked ? QUERY_MASKED : "json";
}

/* Gives the row if it passes the filter. */
static enum err give(struct follow *f, struct query *q, int64_t seq,
    bool is_cut_short, query_row_fn *on_row, void *context)
{
    struct sql sql = {0};
    buf_printf(&sql.text,
        "SELECT seq, time_ms, state, id, %s FROM activity WHERE seq = ?",
        column_of(f, is_cut_short));
    sql_int(&sql, seq);
    sql_filter(&sql, f->filter);
    enum err err = sql_give_one(q, &sql, on_row, context);
    return err == ERR_EOF ? OK : err;
}

static void add_pending(struct follow *f, int64_t seq, int64_t time_ms)
{
    if (f->count == f->cap) {
        f->cap = f->cap != 0 ? f->cap * 2 : 256;
        f->pending = mem_realloc(f->pending, f->cap * sizeof *f->pending);
    }
    f->pending[f->count++] = (struct pending){seq, time_ms};
}

/* Rows behind last_seq go to the end of the list; is_full_out: more wait. */
static enum err meet_new_rows(
    struct follow *f, struct query *q, bool *is_full_out)
{
    size_t count = 0;
    struct db_statement *s = db_statement_new(q->db,
        "SELECT seq, time_ms FROM activity WHERE seq > ?1 AND"
        " (time_ms >= ?2 OR ?2 = 0) ORDER BY seq LIMIT ?3");
    if (s == NULL)
        return ERR_STATE;
    db_bind_int(s, 1, f->last_seq);
    db_bind_int(s, 2, f->filter->since_ms);
    db_bind_int(s, 3, ROWS_PER_POLL);
    enum err err;
    while ((err = db_step(s)) == OK) {
        f->last_seq = db_int(s, 0);
        add_pending(f, f->last_seq, db_int(s, 1));
        count++;
    }
    db_statement_free(&s);
    *is_full_out = count == ROWS_PER_POLL && f->count < FOLLOW_PENDING_MAX;
    return err == ERR_EOF ? OK : err;
}

/* *is_over_out: given, or gone (retention). */
static enum err look_again(struct follow *f, struct query *q,
    struct db_statement *get_state, const struct pending *p, int64_t now_ms,
    query_row_fn *on_row, void *context, bool *is_over_out)
{
    db_bind_int(get_state, 1, p->seq);
    enum err err = db_step(get_state);
    bool is_open = err == OK && db_int(get_state, 0) == STATE_OPEN;
    db_finish(get_state);
    *is_over_out = true;
    if (err != OK)
        return err == ERR_EOF ? OK : err;
    bool is_late = is_open && now_ms - p->time_ms >= FOLLOW_OPEN_MS;
    if (is_open && !is_late) {
        *is_over_out = false;
        return OK;
    }
    return give(f, q, p->seq, is_late, on_row, context);
}

static enum err look_at_pending(struct follow *f, struct query *q,
    int64_t now_ms, query_row_fn *on_row, void *context)
{
    struct db_statement *get_state =
        db_statement_new(q->db, "SELECT state FROM activity WHERE seq = ?");
    if (get_state == NULL)
        return ERR_STATE;
    size_t kept = 0, i = 0;
    enum err err = OK;
    for (; i < f->count; i++) {
        bool is_over = false;
        err = look_again(
            f, q, get_state, &f->pending[i], now_ms, on_row, context, &is_over);
        if (err != OK)
            break;
        if (!is_over)
            f->pending[kept++] = f->pending[i];
    }
    memmove(
        f->pending + kept, f->pending + i, (f->count - i) * sizeof *f->pending);
    f->count = kept + (f->count - i);
    db_statement_free(&get_state);
    return err;
}

enum err follow_poll(struct follow *f, struct query *q, int64_t now_ms,
    query_row_fn *on_row, void *context)
{
    bool is_full = false;
    enum err err;
    do {
        err = meet_new_rows(f, q, &is_full);
        if (err == OK && f->count > 0)
            err = look_at_pending(f, q, now_ms, on_row, context);
    } while (err == OK && is_full);
    return err;
}

/* ---- places ---- */

enum err follow_from_now(struct follow *f, struct query *q, int64_t now_ms)
{
    enum err err = db_get_int(
        q->db, "SELECT coalesce(max(seq), 0) FROM activity", &f->last_seq);
    struct db_statement *s = db_statement_new(q->db,
        "SELECT seq, time_ms FROM activity WHERE state = 0 AND seq <= ?1"
        " AND time_ms > ?2 ORDER BY seq LIMIT ?3");
    if (err != OK || s == NULL) {
        db_statement_free(&s);
        return err != OK ? err : ERR_STATE;
    }
    db_bind_int(s, 1, f->last_seq);
    db_bind_int(s, 2, now_ms - FOLLOW_OPEN_MS);
    db_bind_int(s, 3, FOLLOW_PENDING_MAX);
    while ((err = db_step(s)) == OK)
        add_pending(f, db_int(s, 0), db_int(s, 1));
    db_statement_free(&s);
    return err == ERR_EOF ? OK : err;
}

/* When too many are open, it goes back before the first of the rest. */
void follow_mark(const struct follow *f, struct buf *out)
{
    int64_t last = f->last_seq;
    size_t count = f->count < MARK_OPEN_MAX ? f->count : MARK_OPEN_MAX;
    for (size_t i = count; i < f->count; i++)
        if (f->pending[i].seq <= last)
            last = f->pending[i].seq - 1;
    buf_printf(out, "%" PRId64, last);
    for (size_t i = 0; i < count; i++)
        buf_printf(out, "%c%" PRId64, i == 0 ? ':' : ',', f->pending[i].seq);
}

enum err follow_resume(struct follow *f, struct str mark, int64_t now_ms)
{
    uint64_t seq;
    size_t colon = str_find_char(mark, ':');
    struct str rest = str_sub(mark, colon + 1, mark.n), part;
    if (str_to_u64(str_sub(mark, 0, colon), &seq) != OK || seq > INT64_MAX)
        return ERR_PARSE;
    f->last_seq = (int64_t)seq;
    while (colon < mark.n && str_split(&rest, ',', &part)) {
        if (f->count == MARK_OPEN_MAX || str_to_u64(part, &seq) != OK ||
            seq > INT64_MAX)
            return ERR_PARSE;
        add_pending(f, (int64_t)seq, now_ms);
    }
    return OK;
}
