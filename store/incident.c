/*
 * Reading incidents (store/incident.h): lists by an index of one filter, the
 * numbers by one walk over all rows of the period.
 */
#include "store/incident.h"

#include <string.h>
#include <uthash.h>

#include "base/mem.h"
#include "store/browse.h"
#include "store/query_parts.h"

static const char *const statuses[] = {
    "new", "opened", "false-positive", "resolved", "suppressed"};

const char *const incident_facet_names[INCIDENT_FACETS] = {
    [INCIDENT_STATUS] = "status",
    [INCIDENT_SEVERITY] = "severity",
    [INCIDENT_RULE] = "rule",
    [INCIDENT_OWNER] = "owner",
    [INCIDENT_USER] = "user",
    [INCIDENT_SERVICE] = "service",
};

bool incident_status_is_valid(struct str status)
{
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
        if (str_is(status, statuses[i]))
            return true;
    return false;
}

enum incident_facet incident_facet_of(struct str name)
{
    unsigned i = 0;
    while (i < INCIDENT_FACETS && !str_is(name, incident_facet_names[i]))
        i++;
    return (enum incident_facet)i;
}

#define SELECT                                                                 \
    "SELECT seq, id, rule, user, service, conversation_id, status, owner,"     \
    " severity, first_ms, last_ms, activities, findings, comments"             \
    " FROM incident"

static struct incident read_incident(struct db_statement *s)
{
    return (struct incident){.seq = db_int(s, 0),
        .id = db_text(s, 1),
        .rule = db_text(s, 2),
        .user = db_text(s, 3),
        .service = db_text(s, 4),
        .conversation_id = db_text(s, 5),
        .status = db_text(s, 6),
        .owner = db_text(s, 7),
        .severity = db_text(s, 8),
        .first_ms = db_int(s, 9),
        .last_ms = db_int(s, 10),
        .activities = db_int(s, 11),
        .findings = db_int(s, 12),
        .comments = db_int(s, 13)};
}

/* ---- filters ---- */

static bool is_none(const struct query_words *words)
{
    return words->count == 1 && str_is(words->items[0], BROWSE_NONE);
}

static void add_period(struct sql *sql, const struct incident_filter *f)
{
    buf_append_str(&sql->text, STR(" WHERE last_ms >= ?"));
    sql_int(sql, f->since_ms);
    if (f->until_ms == 0)
        return;
    buf_append_str(&sql->text, STR(" AND last_ms < ?"));
    sql_int(sql, f->until_ms);
}

static void add_filter(struct sql *sql, const struct incident_filter *f)
{
    add_period(sql, f);
    for (size_t i = 0; i < INCIDENT_FACETS; i++) {
        if (is_none(&f->words[i]))
            buf_printf(&sql->text, " AND %s IS NULL", incident_facet_names[i]);
        else
            sql_words(sql, incident_facet_names[i], &f->words[i]);
    }
}

enum err incident_list(struct query *q, const struct incident_filter *filter,
    size_t limit, struct query_cursor *cursor, incident_fn *on_incident,
    void *context, bool *more_out)
{
    struct sql *sql = MEM_NEW(struct sql);
    struct db_statement *s = NULL;
    size_t count = 0;
    buf_append_str(&sql->text, STR(SELECT));
    add_filter(sql, filter);
    if (cursor->is_set) {
        buf_append_str(&sql->text, STR(" AND (last_ms, seq) < (?, ?)"));
        sql_int(sql, cursor->time_ms);
        sql_int(sql, cursor->seq);
    }
    buf_append_str(&sql->text, STR(" ORDER BY last_ms DESC, seq DESC LIMIT ?"));
    sql_int(sql, (int64_t)limit + 1);
    db_set_deadline(q->db, BROWSE_DEADLINE_MS);
    enum err err = sql_prepare(q, sql, &s);
    while (err == OK && (err = db_step(s)) == OK && count < limit) {
        struct incident incident = read_incident(s);
        *cursor = (struct query_cursor){true, incident.last_ms, incident.seq};
        on_incident(context, &incident);
        count++;
    }
    *more_out = err == OK;
    db_statement_free(&s);
    sql_free(sql);
    mem_free(sql);
    return err == ERR_EOF ? OK : err;
}

/* ---- numbers ---- */

struct tally { /* a value of a filter, met in the walk */
    int64_t count;
    UT_hash_handle hh;
    size_t n;
    char value[];
};

static void count_value(struct tally **table, struct str value)
{
    struct tally *t;
    if (value.p == NULL)
        value = STR("");
    HASH_FIND(hh, *table, value.p, value.n, t);
    if (t == NULL) {
        t = mem_zalloc(sizeof *t + value.n + 1);
        t->n = value.n;
        memcpy(t->value, value.p, value.n);
        HASH_ADD(hh, *table, value, value.n, t);
    }
    t->count++;
}

static bool passes(const struct query_words *words, struct str value)
{
    if (words->count == 0)
        return true;
    if (is_none(words))
        return value.n == 0;
    for (size_t i = 0; i < words->count; i++)
        if (value.n > 0 && str_glob(words->items[i], value, '\0'))
            return true;
    return false;
}

/* A row counts for a facet under all other filters. */
static void count_row(struct db_statement *s,
    const struct incident_filter *filter, struct tally *tables[INCIDENT_FACETS],
    int64_t *total)
{
    struct str values[INCIDENT_FACETS];
    size_t failed = 0, failed_one = 0;
    for (size_t i = 0; i < INCIDENT_FACETS; i++) {
        values[i] = db_text(s, (int)i);
        if (passes(&filter->words[i], values[i]))
            continue;
        failed_one = i;
        failed++;
    }
    *total += failed == 0;
    for (size_t i = 0; i < INCIDENT_FACETS; i++)
        if (failed == 0 || (failed == 1 && failed_one == i))
            count_value(&tables[i], values[i]);
}

static int compare_tallies(const struct tally *a, const struct tally *b)
{
    if (a->count != b->count)
        return a->count < b->count ? 1 : -1;
    return str_compare(str_make(a->value, a->n), str_make(b->value, b->n));
}

/* The most frequent ones into the result; the table goes. */
static void take_tallies(
    struct incident_counts *counts, size_t facet, struct tally **table)
{
    struct tally *t, *next;
    HASH_SORT(*table, compare_tallies);
    HASH_ITER(hh, *table, t, next)
    {
        size_t i = counts->facets[facet].count;
        if (i < INCIDENT_VALUES_MAX) {
            struct str value =
                arena_copy(counts->arena, str_make(t->value, t->n));
            counts->facets[facet].items[i] =
                (struct incident_value){value, t->count};
            counts->facets[facet].count++;
        } else {
            counts->facets[facet].more++;
        }
        HASH_DEL(*table, t);
        mem_free(t);
    }
}

enum err incident_count(struct query *q, const struct incident_filter *filter,
    struct incident_counts *counts)
{
    struct sql *sql = MEM_NEW(struct sql);
    struct tally *tables[INCIDENT_FACETS] = {0};
    struct db_statement *s = NULL;
    buf_append_str(
        &sql->text, STR("SELECT status, severity, rule, owner, user, service"
                        " FROM incident"));
    add_period(sql, filter);
    buf_append_str(&sql->text, STR(" ORDER BY last_ms DESC LIMIT ?"));
    sql_int(sql, INCIDENT_COUNT_ROWS);
    db_set_deadline(q->db, BROWSE_DEADLINE_MS);
    enum err err = sql_prepare(q, sql, &s);
    while (err == OK && (err = db_step(s)) == OK)
        count_row(s, filter, tables, &counts->total);
    db_statement_free(&s);
    sql_free(sql);
    mem_free(sql);
    for (size_t i = 0; i < INCIDENT_FACETS; i++)
        take_tallies(counts, i, &tables[i]);
    return err == ERR_EOF ? OK : err;
}

/* ---- one of them ---- */

enum err incident_get(
    struct query *q, struct str id, incident_fn *on_incident, void *context)
{
    struct sql sql = {0};
    struct db_statement *s = NULL;
    buf_append_str(
        &sql.text, STR(SELECT " WHERE id = ? AND last_ms IS NOT NULL"));
    sql_text(&sql, id);
    enum err err = sql_prepare(q, &sql, &s);
    if (err == OK)
        err = db_step(s);
    if (err == OK) {
        struct incident incident = read_incident(s);
        on_incident(context, &incident);
    }
    db_statement_free(&s);
    sql_free(&sql);
    return err == ERR_EOF ? ERR_NOT_FOUND : err;
}

enum err incident_activities(struct query *q, int64_t incident, size_t limit,
    struct query_cursor *cursor, query_row_fn *on_row, void *context,
    bool *more_out)
{
    struct sql sql = {0};
    struct db_statement *s = NULL;
    size_t count = 0, bytes = 0;
    /* CROSS JOIN: the walk stays in the order of the members. */
    buf_append_str(
        &sql.text, STR("SELECT a.seq, m.time_ms, a.state, a.id, " QUERY_MASKED
                       " FROM incident_activity m"
                       " CROSS JOIN activity a ON a.seq = m.seq"
                       " WHERE m.incident = ? AND m.is_counted = 1"));
    sql_int(&sql, incident);
    if (cursor->is_set) {
        buf_append_str(&sql.text, STR(" AND (m.time_ms, m.seq) > (?, ?)"));
        sql_int(&sql, cursor->time_ms);
        sql_int(&sql, cursor->seq);
    }
    buf_append_str(&sql.text, STR(" ORDER BY m.time_ms, m.seq LIMIT ?"));
    sql_int(&sql, (int64_t)limit + 1);
    db_set_deadline(q->db, BROWSE_DEADLINE_MS);
    enum err err = sql_prepare(q, &sql, &s);
    while (err == OK && (err = db_step(s)) == OK && count < limit &&
           bytes < BROWSE_PAGE_BYTES) {
        struct query_row row = query_read_row(s);
        *cursor = (struct query_cursor){true, row.time_ms, row.seq};
        bytes += row.json.n;
        on_row(context, &row);
        count++;
    }
    *more_out = err == OK;
    db_statement_free(&s);
    sql_free(&sql);
    return err == ERR_EOF ? OK : err;
}

enum err incident_history(struct query *q, int64_t incident,
    incident_change_fn *on_change, void *context)
{
    struct sql sql = {0};
    struct db_statement *s = NULL;
    buf_append_str(&sql.text,
        STR("SELECT time_ms, user, status, owner, comment, activity FROM"
            " (SELECT * FROM incident_change WHERE incident = ?"
            " ORDER BY seq DESC LIMIT ?) ORDER BY seq"));
    sql_int(&sql, incident);
    sql_int(&sql, INCIDENT_HISTORY_MAX);
    enum err err = sql_prepare(q, &sql, &s);
    while (err == OK && (err = db_step(s)) == OK) {
        const struct incident_change change = {.time_ms = db_int(s, 0),
            .user = db_text(s, 1),
            .status = db_text(s, 2),
            .owner = db_text(s, 3),
            .comment = db_text(s, 4),
            .activity = db_text(s, 5)};
        on_change(context, &change);
    }
    db_statement_free(&s);
    sql_free(&sql);
    return err == ERR_EOF ? OK : err;
}
