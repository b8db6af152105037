/*
 * One journal entry becomes one row, its findings become rows for the filter
 * by type, and a GONE closes what a dead worker left open.
 */
#include "store/upsert.h"

#include <stdlib.h>
#include <string.h>
#include <jansson.h>

#include "base/arena.h"
#include "base/jsonw.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/alert_rows.h"
#include "store/audit.h"
#include "store/cursor.h"
#include "store/facet.h"
#include "store/incident_rows.h"
#include "store/merge.h"
#include "store/name_rows.h"

struct upsert {
    struct db *db;
    struct facets *facets;
    struct merge *merge;
    struct incident_rows *incidents;
    struct alert_rows *alerts; /* NULL: no rules */
    struct name_rows *names;
    struct db_statement *put, *clear_findings, *add_finding, *close_origin,
        *list_origins, *list_standing, *flag_evidence, *add_evidence;
};

static const char put_sql[] =
    "INSERT INTO activity(id, time_ms, state, origin, attempts, user,"
    " service, activity, category, verdict, rule, conversation_id, severity,"
    " outcome, host, json)"
    " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16)"
    " ON CONFLICT(id) DO UPDATE SET time_ms = excluded.time_ms,"
    " state = excluded.state, origin = excluded.origin,"
    " attempts = excluded.attempts, user = excluded.user,"
    " service = excluded.service, activity = excluded.activity,"
    " category = excluded.category, verdict = excluded.verdict,"
    " rule = excluded.rule, conversation_id = excluded.conversation_id,"
    " severity = excluded.severity, outcome = excluded.outcome,"
    " host = excluded.host, json = CASE"
    " WHEN EXISTS(SELECT 1 FROM evidence WHERE seq = activity.seq)"
    " THEN json_set(excluded.json, '$.evidence', json('true'))"
    " ELSE excluded.json END"
    " WHERE (excluded.attempts, excluded.state) >="
    " (activity.attempts, activity.state)"
    " RETURNING seq";

static const char add_finding_sql[] =
    "INSERT INTO finding(seq, type, detector, grp, count)"
    " VALUES(?1,?2,?3,?4,?5)"
    " ON CONFLICT(seq, type, detector)"
    " DO UPDATE SET count = count + excluded.count";

static const char flag_evidence_sql[] =
    "UPDATE activity SET json = json_set(json, '$.evidence', json('true'))"
    " WHERE id = ?1 RETURNING seq";

/* Each exchange that adds to an activity may have some. */
static const char add_evidence_sql[] =
    "INSERT OR IGNORE INTO evidence(seq, mark, sealed) SELECT ?1, ?2, ?3"
    " WHERE (SELECT count(*) FROM evidence WHERE seq = ?1) < ?4";

#define IS_SIGNIN                                                              \
    "(outcome IS NOT NULL AND activity IN"                                     \
    " ('login.failed', 'logout.failed', 'login.succeeded'))"

/* One that says already how it went waited for more, which may still come
 * through another worker (a link to a file, and its bytes): it stays so.  What
 * stands for a while is completed when that is over. */
static const char close_origin_sql[] =
    "UPDATE activity SET state = 1, outcome = coalesce(outcome, 'failure'),"
    " json = CASE WHEN json_valid(json) THEN json_set(json, '$.outcome',"
    " coalesce(outcome, 'failure'), '$.complete', json('false')) ELSE json END"
    " WHERE origin = ?1 AND state = 0 AND NOT " IS_SIGNIN;

static const char list_standing_sql[] =
    "SELECT id, origin, json FROM activity INDEXED BY activity_open"
    " WHERE state = 0 AND " IS_SIGNIN
    " AND time_ms <= CASE activity WHEN 'login.succeeded' THEN ?2 ELSE ?1 END"
    " LIMIT ?3";

enum err upsert_new(struct db *db, struct upsert **upsert_out)
{
    struct upsert *u = MEM_NEW(struct upsert);
    u->db = db;
    u->put = db_statement_new(db, put_sql);
    u->clear_findings =
        db_statement_new(db, "DELETE FROM finding WHERE seq = ?1");
    u->add_finding = db_statement_new(db, add_finding_sql);
    u->close_origin = db_statement_new(db, close_origin_sql);
    u->list_origins = db_statement_new(
        db, "SELECT DISTINCT origin FROM activity WHERE state = 0");
    u->list_standing = db_statement_new(db, list_standing_sql);
    u->flag_evidence = db_statement_new(db, flag_evidence_sql);
    u->add_evidence = db_statement_new(db, add_evidence_sql);
    if (u->put == NULL || u->clear_findings == NULL || u->add_finding == NULL ||
        u->close_origin == NULL || u->list_origins == NULL ||
        u->list_standing == NULL || u->flag_evidence == NULL ||
        u->add_evidence == NULL || facets_new(db, &u->facets) != OK ||
        merge_new(db, &u->merge) != OK ||
        incident_rows_new(db, &u->incidents) != OK ||
        name_rows_new(db, &u->names) != OK) {
        log_event(LOG_ERROR, "store.schema-mismatch",
            LOG_CSTR("error", db_error(db)));
        upsert_free(&u);
    }
    *upsert_out = u;
    return u != NULL ? OK : ERR_PARSE;
}

void upsert_free(struct upsert **upsert)
{
    struct upsert *u = *upsert;
    if (u == NULL)
        return;
    facets_free(&u->facets);
    merge_free(&u->merge);
    incident_rows_free(&u->incidents);
    alert_rows_free(&u->alerts);
    name_rows_free(&u->names);
    db_statement_free(&u->put);
    db_statement_free(&u->clear_findings);
    db_statement_free(&u->add_finding);
    db_statement_free(&u->close_origin);
    db_statement_free(&u->list_origins);
    db_statement_free(&u->list_standing);
    db_statement_free(&u->flag_evidence);
    db_statement_free(&u->add_evidence);
    mem_free(u);
    *upsert = NULL;
}

/* ---- columns ---- */

static struct str text_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_string(value))
        return STR_NONE;
    return str_make(json_string_value(value), json_string_length(value));
}

static int64_t time_of(const json_t *activity)
{
    int64_t now = clock_wall_ms(), time = 0;
    return clock_parse(text_of(activity, "time"), now, &time) == OK ? time
                                                                    : now;
}

struct str upsert_severity(const json_t *activity)
{
    static const char *const names[] = {"low", "medium", "high"};
    struct str own = text_of(activity, "severity"), best = STR_NONE;
    size_t i, rank = 0;
    json_t *finding;
    if (own.n > 0)
        return own;
    json_array_foreach(json_object_get(activity, "findings"), i, finding)
    {
        struct str severity = text_of(finding, "severity");
        for (size_t k = 0; k < ARRAY_LEN(names); k++) {
            if (str_is(severity, names[k]) && k + 1 > rank) {
                rank = k + 1;
                best = severity;
            }
        }
    }
    return best;
}

static int64_t attempts_of(const json_t *activity)
{
    int64_t n = json_integer_value(json_object_get(activity, "attempts"));
    return n > 1 ? n : 1;
}

static void bind_columns(struct db_statement *s, const json_t *activity,
    int64_t time, const struct journal_entry *entry)
{
    const json_t *actor = json_object_get(activity, "actor");
    const json_t *http = json_object_get(activity, "http");
    db_bind_text(s, 1, str_of(entry->id));
    db_bind_int(s, 2, time);
    db_bind_int(s, 3, entry->kind == STORE_DONE ? STATE_DONE : STATE_OPEN);
    db_bind_int(s, 4, (int64_t)entry->origin);
    db_bind_int(s, 5, attempts_of(activity));
    db_bind_text(s, 6, text_of(actor, "user"));
    db_bind_text(s, 7, text_of(activity, "service"));
    db_bind_text(s, 8, text_of(activity, "activity"));
    db_bind_text(s, 9, text_of(activity, "category"));
    db_bind_text(s, 10, text_of(activity, "verdict"));
    db_bind_text(s, 11, text_of(activity, "rule"));
    db_bind_text(s, 12, text_of(activity, "conversation_id"));
    db_bind_text(s, 13, upsert_severity(activity));
    db_bind_text(s, 14, text_of(activity, "outcome"));
    db_bind_text(s, 15, text_of(http, "host"));
}

static enum err put_findings(
    struct upsert *u, const json_t *activity, int64_t seq)
{
    size_t i;
    json_t *finding;
    db_bind_int(u->clear_findings, 1, seq);
    enum err err = db_run(u->clear_findings);
    json_array_foreach(json_object_get(activity, "findings"), i, finding)
    {
        struct str type = text_of(finding, "type");
        struct str detector = text_of(finding, "detector");
        int64_t n = json_integer_value(json_object_get(finding, "count"));
        if (err != OK || type.n == 0)
            continue;
        db_bind_int(u->add_finding, 1, seq);
        db_bind_text(u->add_finding, 2, type);
        db_bind_text(u->add_finding, 3, detector.n > 0 ? detector : type);
        db_bind_text(u->add_finding, 4, text_of(finding, "group"));
        db_bind_int(u->add_finding, 5, n > 0 ? n : 1);
        err = db_run(u->add_finding);
    }
    return err;
}

/* ---- entries ---- */

/* What cannot be read is not stored as it is: every reader of the store
 * expects JSON. That it happened is kept. */
static json_t *stand_in(const struct journal_entry *entry)
{
    char now[CLOCK_TEXT_BYTES];
    clock_format(clock_wall_ms(), now);
    log_event(LOG_ERROR, "store.unreadable-record", LOG_CSTR("id", entry->id),
        LOG_INT("bytes", entry->json.n));
    return json_pack("{s:s, s:s, s:s, s:I}", "id", entry->id, "time", now,
        "failure", "store", "unreadable_bytes", (json_int_t)entry->json.n);
}

static enum err put_row(struct upsert *u, const struct journal_entry *entry,
    const json_t *activity, struct str json)
{
    int64_t seq = 0, time = time_of(activity);
    bind_columns(u->put, activity, time, entry);
    db_bind_text(u->put, 16, json);
    enum err err = db_step(u->put);
    if (err == OK)
        seq = db_int(u->put, 0);
    while (err == OK)
        err = db_step(u->put);
    db_finish(u->put);
    if (err != ERR_EOF)
        return err;
    if (seq == 0) /* what is there already wins */
        return OK;
    err = put_findings(u, activity, seq);
    if (err == OK)
        err = facets_put(u->facets, seq, time, upsert_severity(activity),
            activity, clock_wall_ms());
    if (err == OK)
        err = incident_rows_put(
            u->incidents, seq, time, entry->kind == STORE_DONE, activity);
    return err;
}

/* Apart from the activity: what reads activities must not carry it about.
 * text: in base64. */
static enum err put_evidence(
    struct upsert *u, const struct journal_entry *entry, struct str text)
{
    int64_t seq = 0;
    db_bind_text(u->flag_evidence, 1, str_of(entry->id));
    enum err err = db_step(u->flag_evidence);
    if (err == OK)
        seq = db_int(u->flag_evidence, 0);
    while (err == OK)
        err = db_step(u->flag_evidence);
    db_finish(u->flag_evidence);
    if (err != ERR_EOF)
        return err;
    db_bind_int(u->add_evidence, 1, seq);
    db_bind_text(u->add_evidence, 2, str_sub(text, 0, EVIDENCE_MARK_CHARS));
    db_bind_text(u->add_evidence, 3, text);
    db_bind_int(u->add_evidence, 4, EVIDENCE_PARTS_MAX);
    return db_run(u->add_evidence);
}

static enum err put_record(struct upsert *u, const struct journal_entry *entry)
{
    json_t *activity =
        json_loadb(entry->json.p, entry->json.n, JSON_ALLOW_NUL, NULL);
    bool is_good = json_is_object(activity);
    json_t *sealed = json_object_get(activity, "sealed_evidence");
    json_t *names = json_object_get(activity, "sealed_names");
    /* One line each in every export. */
    bool is_line = memchr(entry->json.p, '\n', entry->json.n) == NULL;
    if (!is_good) {
        json_decref(activity);
        activity = stand_in(entry);
    }
    json_incref(sealed);
    json_incref(names);
    json_object_del(activity, "sealed_evidence");
    json_object_del(activity, "sealed_names");
    bool is_told = false, has_alerts = false;
    enum err err = merge_record(u->merge, entry, activity, &is_told);
    if (err == OK && !is_told && u->alerts != NULL)
        err = alert_rows_judge(u->alerts, entry, activity, &has_alerts);
    bool is_same = is_good && is_line && sealed == NULL && names == NULL &&
                   !has_alerts && json_object_get(activity, "sources") == NULL;
    char *text = is_same ? NULL : json_dumps(activity, JSON_COMPACT);
    if (err == OK && !is_told)
        err = put_row(
            u, entry, activity, text != NULL ? str_of(text) : entry->json);
    if (err == OK && !is_told && json_is_string(sealed))
        err = put_evidence(u, entry, str_of(json_string_value(sealed)));
    if (err == OK)
        err = name_rows_put(u->names, names, time_of(activity));
    free(text);
    json_decref(names);
    json_decref(sealed);
    json_decref(activity);
    return err;
}

static enum err close_origin(struct upsert *u, int64_t origin)
{
    db_bind_int(u->close_origin, 1, origin);
    enum err err = db_run(u->close_origin);
    if (err == OK && db_changes(u->db) > 0)
        log_event(LOG_WARN, "store.records-closed",
            LOG_INT("records", db_changes(u->db)),
            LOG_CSTR("reason", "their worker ended"));
    return err;
}

static bool is_listed(const json_t *live, int64_t origin)
{
    size_t i;
    json_t *item;
    uint64_t value = 0;
    json_array_foreach(live, i, item)
    {
        if (json_is_string(item) &&
            str_to_u64(str_of(json_string_value(item)), &value) == OK &&
            value == (uint64_t)origin)
            return true;
    }
    return false;
}

/* Each origin is read before anything is changed: at most one a worker that
 * ever left something open. */
static enum err close_all_but(struct upsert *u, const json_t *live)
{
    int64_t *dead = NULL;
    size_t count = 0;
    enum err err;
    while ((err = db_step(u->list_origins)) == OK) {
        int64_t origin = db_int(u->list_origins, 0);
        if (is_listed(live, origin))
            continue;
        dead = mem_realloc(dead, (count + 1) * sizeof *dead);
        dead[count++] = origin;
    }
    db_finish(u->list_origins);
    err = err == ERR_EOF ? OK : err;
    for (size_t i = 0; i < count && err == OK; i++)
        err = close_origin(u, dead[i]);
    mem_free(dead);
    return err;
}

/* So rare that nothing is prepared for it. */
static enum err take_back(struct upsert *u, const struct journal_entry *entry)
{
#define OPEN_OF_IT "(SELECT seq FROM activity WHERE id = ?1 AND state = 0)"
    static const char *const each[] = {
        "DELETE FROM finding WHERE seq = " OPEN_OF_IT,
        "DELETE FROM evidence WHERE seq = " OPEN_OF_IT,
        "INSERT INTO search_index(search_index, rowid, text)"
        " SELECT 'delete', seq, text FROM search WHERE seq = " OPEN_OF_IT,
        "DELETE FROM search WHERE seq = " OPEN_OF_IT,
        "DELETE FROM activity WHERE seq = " OPEN_OF_IT,
    };
#undef OPEN_OF_IT
    enum err err = OK;
    for (size_t i = 0; i < ARRAY_LEN(each) && err == OK; i++) {
        struct db_statement *s = db_statement_new(u->db, each[i]);
        if (s == NULL)
            return ERR_STATE;
        db_bind_text(s, 1, str_of(entry->id));
        err = db_run(s);
        db_statement_free(&s);
    }
    return err;
}

enum err upsert_entry(struct upsert *u, const struct journal_entry *entry)
{
    if (entry->kind == STORE_VOID)
        return take_back(u, entry);
    if (entry->kind == STORE_AUDIT)
        return audit_put(u->db, entry);
    if (entry->kind == STORE_CURSOR)
        return cursor_put(u->db, entry);
    if (entry->kind != STORE_GONE)
        return put_record(u, entry);
    if (entry->origin != 0)
        return close_origin(u, (int64_t)entry->origin);
    json_t *live = json_loadb(entry->json.p, entry->json.n, 0, NULL);
    if (!json_is_array(live)) {
        log_event(
            LOG_ERROR, "store.unreadable-record", LOG_CSTR("kind", "gone"));
        json_decref(live);
        return OK;
    }
    enum err err = close_all_but(u, live);
    json_decref(live);
    return err;
}

enum err upsert_flush(struct upsert *u)
{
    return facets_flush(u->facets);
}

/* ---- what stood open ---- */

static enum err list_standing(struct upsert *u, int64_t now_ms,
    struct arena *arena, struct journal_entry *out, size_t *count_out)
{
    enum err err;
    db_bind_int(u->list_standing, 1, now_ms - STANDING_FAILURE_MS);
    db_bind_int(u->list_standing, 2, now_ms - STANDING_LOGIN_MS);
    db_bind_int(u->list_standing, 3, STANDING_STEP_MAX);
    while ((err = db_step(u->list_standing)) == OK) {
        struct journal_entry *entry = &out[(*count_out)++];
        struct str id = db_text(u->list_standing, 0);
        *entry = (struct journal_entry){.kind = STORE_DONE,
            .origin = (uint64_t)db_int(u->list_standing, 1),
            .json = arena_copy(arena, db_text(u->list_standing, 2))};
        memcpy(entry->id, id.p, id.n < UUID_TEXT_BYTES ? id.n : 0);
    }
    db_finish(u->list_standing);
    return err == ERR_EOF ? OK : err;
}

enum err upsert_complete_standing(
    struct upsert *u, int64_t now_ms, size_t *count_out)
{
    struct journal_entry entries[STANDING_STEP_MAX];
    struct arena arena = {0};
    size_t count = 0;
    enum err err = list_standing(u, now_ms, &arena, entries, &count);
    for (size_t i = 0; i < count && err == OK; i++)
        err = put_record(u, &entries[i]);
    arena_free(&arena);
    *count_out += count;
    return err == ERR_STATE ? OK : err; /* one must not stop the rest */
}

enum err upsert_set_alerts(struct upsert *u, struct alert_rules *rules)
{
    alert_rows_free(&u->alerts);
    return rules != NULL ? alert_rows_new(u->db, rules, &u->alerts) : OK;
}

void upsert_forget(struct upsert *u)
{
    if (u->alerts != NULL)
        alert_rows_forget(u->alerts);
    facets_forget(u->facets);
}

enum err upsert_fill(struct upsert *u, size_t *count_out)
{
    enum err err = facets_fill(u->facets, count_out);
    if (err == OK && *count_out == 0)
        err = incident_rows_fill(u->incidents, count_out);
    return err;
}
