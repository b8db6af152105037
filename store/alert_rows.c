/*
 * See store/alert_rows.h.  The state of the rules is memory; it is read from
 * the rows before the first activity after a start or a rollback, so that it
 * is always what the transaction sees.
 */
#include "store/alert_rows.h"

#include <string.h>
#include <jansson.h>

#include "base/log.h"
#include "base/mem.h"
#include "store/upsert.h"

struct alert_rows {
    struct db *db;
    struct alerts *alerts;
    struct db_statement *find, *list;
    bool is_warm;
};

static const char find_sql[] =
    "SELECT state, attempts, outcome, json_extract(json, '$.alerts')"
    " FROM activity WHERE id = ?1";
/* Only the numbers are sorted: texts of that many rows would not fit anywhere.
 */
static const char list_sql[] =
    "SELECT json FROM activity WHERE seq IN (SELECT seq FROM activity"
    " WHERE time_ms >= ?2 AND state = 2 AND lower(activity) GLOB ?1"
    " ORDER BY seq DESC LIMIT ?3) ORDER BY seq";

enum err alert_rows_new(
    struct db *db, struct alert_rules *rules, struct alert_rows **rows_out)
{
    struct alert_rows *r = MEM_NEW(struct alert_rows);
    r->db = db;
    r->alerts = alerts_new(rules);
    r->find = db_statement_new(db, find_sql);
    r->list = db_statement_new(db, list_sql);
    if (r->find == NULL || r->list == NULL)
        alert_rows_free(&r);
    *rows_out = r;
    return r != NULL ? OK : ERR_PARSE;
}

void alert_rows_free(struct alert_rows **rows)
{
    struct alert_rows *r = *rows;
    if (r == NULL)
        return;
    alerts_free(&r->alerts);
    db_statement_free(&r->find);
    db_statement_free(&r->list);
    mem_free(r);
    *rows = NULL;
}

void alert_rows_forget(struct alert_rows *r)
{
    alerts_forget(r->alerts);
    r->is_warm = false;
}

/* ---- what came before ---------------------------------------------------- */

/* SQLite's GLOB knows sets in brackets, ours does not. */
static void glob_for_sql(struct str glob, struct buf *out)
{
    buf_clear(out);
    for (size_t i = 0; i < glob.n; i++) {
        if (glob.p[i] == '[')
            buf_append_str(out, STR("[[]"));
        else
            buf_append_char(out, glob.p[i]);
    }
}

static enum err warm_one(struct alert_rows *r, struct str glob, int64_t since)
{
    struct buf sql_glob = {0};
    enum err err;
    glob_for_sql(glob, &sql_glob);
    db_bind_text(r->list, 1, buf_str(&sql_glob));
    db_bind_int(r->list, 2, since);
    db_bind_int(r->list, 3, ALERT_WARM_ROWS_MAX);
    while ((err = db_step(r->list)) == OK) {
        struct str text = db_text(r->list, 0);
        json_t *json = json_loadb(text.p, text.n, JSON_ALLOW_NUL, NULL);
        alerts_note(r->alerts, json);
        json_decref(json);
    }
    db_finish(r->list);
    buf_free(&sql_glob);
    return err == ERR_EOF ? OK : err;
}

static enum err warm_all(
    struct alert_rows *r, const struct alert_globs *globs, int64_t since)
{
    enum err err = OK;
    for (size_t i = 0; i < globs->count && err == OK; i++)
        err = warm_one(r, globs->items[i], since);
    return err;
}

/* Twice the window before the activity: as far as what counts with it can
 * reach, and the alert that keeps the rule quiet. */
static enum err warm(struct alert_rows *r, const json_t *activity)
{
    const struct alert_rules *rules = alerts_rules(r->alerts);
    int64_t now = clock_wall_ms(), time = now;
    enum err err = OK;
    const char *text = json_string_value(json_object_get(activity, "time"));
    if (r->is_warm)
        return OK;
    if (clock_parse(str_of(text), now, &time) != OK || time > now)
        time = now;
    for (size_t i = 0; i < rules->count && err == OK; i++) {
        const struct alert_rule *rule = &rules->items[i];
        int64_t since = time - 2 * rule->within_ms;
        if (rule->within_ms == 0)
            continue;
        err = warm_all(r, &rule->when.activity, since);
        if (err == OK)
            err = warm_all(r, &rule->after.activity, since);
    }
    r->is_warm = err == OK;
    return err;
}

/* ---- one activity -------------------------------------------------------- */

/* What its row says. */
struct earlier {
    bool was_judged; /* it went as it goes now */
    json_t *alerts;  /* or NULL */
};

static int64_t attempts_of(const json_t *activity)
{
    int64_t n = json_integer_value(json_object_get(activity, "attempts"));
    return n > 1 ? n : 1;
}

static enum err find_earlier(struct alert_rows *r, const char *id,
    const json_t *activity, struct earlier *out)
{
    const char *outcome =
        json_string_value(json_object_get(activity, "outcome"));
    db_bind_text(r->find, 1, str_of(id));
    enum err err = db_step(r->find);
    if (err == OK) {
        struct str list = db_text(r->find, 3);
        out->was_judged = db_int(r->find, 0) == STATE_DONE &&
                          db_int(r->find, 1) >= attempts_of(activity) &&
                          str_eq(db_text(r->find, 2), str_of(outcome));
        out->alerts = json_loadb(list.p, list.n, JSON_ALLOW_NUL, NULL);
    }
    db_finish(r->find);
    return err == ERR_EOF ? OK : err;
}

enum err alert_rows_judge(struct alert_rows *r,
    const struct journal_entry *entry, json_t *activity, bool *is_changed_out)
{
    struct earlier earlier = {.alerts = NULL};
    *is_changed_out = false;
    if (entry->kind != STORE_DONE || !alerts_concern(r->alerts, activity))
        return OK;
    enum err err = warm(r, activity);
    if (err == OK)
        err = find_earlier(r, entry->id, activity, &earlier);
    json_t *of_twin = json_object_get(activity, "alerts");
    if (err == OK && of_twin != NULL)
        alerts_carry(activity, of_twin);
    if (err == OK && earlier.alerts != NULL) {
        alerts_carry(activity, earlier.alerts);
        *is_changed_out = true;
    }
    if (err == OK && earlier.was_judged)
        alerts_note(r->alerts, activity);
    else if (err == OK && alerts_judge(r->alerts, activity))
        *is_changed_out = true;
    json_decref(earlier.alerts);
    return err;
}
