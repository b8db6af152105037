/* The writing side of incidents; the reading one is incident.c. */
#include "store/incident_rows.h"

#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/mem.h"
#include "store/facet.h"
#include "store/fields.h"
#include "store/incident.h"

struct incident_rows {
    struct db *db;
    struct db_statement *find, *add, *put_member, *list_members, *drop_member,
        *list_todo, *set_todo;
};

/* One rule that an activity belongs to. */
struct match {
    struct str rule;
    unsigned severity;
};

static const char put_member_sql[] =
    "INSERT INTO incident_activity(incident, seq, time_ms, severity, findings,"
    " is_counted) VALUES(?1, ?2, ?3, ?4, ?5, ?6)"
    " ON CONFLICT(incident, seq) DO UPDATE SET time_ms = excluded.time_ms,"
    " severity = excluded.severity, findings = excluded.findings,"
    " is_counted = max(is_counted, excluded.is_counted)"
    " WHERE (time_ms, severity, findings, is_counted) <>"
    " (excluded.time_ms, excluded.severity, excluded.findings,"
    " max(is_counted, excluded.is_counted))";

static const char list_todo_sql[] =
    "SELECT seq, time_ms, state, json FROM activity"
    " WHERE seq <= (SELECT seq FROM incident_todo)"
    " AND verdict IS NOT NULL AND verdict <> 'allow'"
    " ORDER BY seq DESC LIMIT ?1";

enum err incident_rows_new(struct db *db, struct incident_rows **rows_out)
{
    struct incident_rows *r = MEM_NEW(struct incident_rows);
    r->db = db;
    r->find = db_statement_new(db, "SELECT seq FROM incident WHERE id = ?1");
    r->add = db_statement_new(db,
        "INSERT INTO incident(id, rule, user, service, conversation_id)"
        " VALUES(?1, ?2, ?3, ?4, ?5) RETURNING seq");
    r->put_member = db_statement_new(db, put_member_sql);
    r->list_members = db_statement_new(
        db, "SELECT incident FROM incident_activity WHERE seq = ?1");
    r->drop_member = db_statement_new(
        db, "DELETE FROM incident_activity WHERE incident = ?1 AND seq = ?2");
    r->list_todo = db_statement_new(db, list_todo_sql);
    r->set_todo = db_statement_new(db, "UPDATE incident_todo SET seq = ?1");
    *rows_out = r;
    if (r->find != NULL && r->add != NULL && r->put_member != NULL &&
        r->list_members != NULL && r->drop_member != NULL &&
        r->list_todo != NULL && r->set_todo != NULL)
        return OK;
    incident_rows_free(rows_out);
    return ERR_PARSE;
}

void incident_rows_free(struct incident_rows **rows)
{
    struct incident_rows *r = *rows;
    *rows = NULL;
    if (r == NULL)
        return;
    db_statement_free(&r->find);
    db_statement_free(&r->add);
    db_statement_free(&r->put_member);
    db_statement_free(&r->list_members);
    db_statement_free(&r->drop_member);
    db_statement_free(&r->list_todo);
    db_statement_free(&r->set_todo);
    mem_free(r);
}

/* ---- what an activity belongs to ---- */

static unsigned rank_of(struct str severity)
{
    static const char *const names[] = {"low", "medium", "high"};
    for (unsigned i = 0; i < ARRAY_LEN(names); i++)
        if (str_is(severity, names[i]))
            return i + 1;
    return 0;
}

static void add_match(struct match matches[INCIDENT_RULES_MAX], size_t *count,
    struct str rule, unsigned severity)
{
    rule = facet_cut(rule.n > 0 ? rule : STR(INCIDENT_RULE_NONE));
    for (size_t i = 0; i < *count; i++) {
        if (!str_eq(matches[i].rule, rule))
            continue;
        if (severity > matches[i].severity)
            matches[i].severity = severity;
        return;
    }
    if (*count < INCIDENT_RULES_MAX)
        matches[(*count)++] = (struct match){rule, severity};
}

static size_t list_matches(
    const json_t *activity, struct match matches[INCIDENT_RULES_MAX])
{
    struct str verdict = field_text(activity, "verdict");
    size_t count = 0, i;
    json_t *alert;
    if (verdict.n == 0 || str_is(verdict, "allow"))
        return 0;
    add_match(matches, &count, field_text(activity, "rule"),
        rank_of(upsert_severity(activity)));
    json_array_foreach(json_object_get(activity, "alerts"), i, alert)
        add_match(matches, &count, field_text(alert, "rule"),
            rank_of(field_text(alert, "severity")));
    return count;
}

/* Whoever it was, as far as it is known. */
static struct str person_of(const json_t *activity)
{
    static const char *const keys[] = {"user", "account", "ip"};
    const json_t *actor = json_object_get(activity, "actor");
    struct str person = STR_NONE;
    for (size_t i = 0; i < ARRAY_LEN(keys) && person.n == 0; i++)
        person = field_text(actor, keys[i]);
    return facet_cut(person);
}

static void add_part(struct digest *digest, struct str part)
{
    digest_update(digest, part);
    digest_update(digest, str_make("", 1)); /* a NUL */
}

void incident_id(const struct incident_group *group, char out[UUID_TEXT_BYTES])
{
    struct digest *digest = digest_new();
    uint8_t sum[DIGEST_BYTES];
    char time[CLOCK_TEXT_BYTES], hex[DIGEST_HEX_BYTES];
    add_part(digest, group->rule);
    if (group->conversation.n > 0) {
        add_part(digest, group->conversation);
    } else {
        clock_format(group->time_ms, time);
        add_part(digest, STR_NONE);
        add_part(digest, group->person);
        add_part(digest, str_sub(str_of(time), 0, 10)); /* the day */
    }
    digest_final(&digest, sum);
    sum[6] = (uint8_t)((sum[6] & 0x0f) | 0x80); /* version 8 */
    sum[8] = (uint8_t)((sum[8] & 0x3f) | 0x80);
    digest_hex(sum, hex);
    snprintf(out, UUID_TEXT_BYTES, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8,
        hex + 12, hex + 16, hex + 20);
}

/* ---- rows ---- */

/* The first column of a statement's one row; *value_out stays where there is
 * none. */
static enum err take_int(struct db_statement *s, int64_t *value_out)
{
    enum err err = db_step(s);
    if (err == OK)
        *value_out = db_int(s, 0);
    while (err == OK)
        err = db_step(s);
    db_finish(s);
    return err == ERR_EOF ? OK : err;
}

static enum err find_or_add(struct incident_rows *r, struct str rule,
    const json_t *activity, int64_t time_ms, int64_t *incident_out)
{
    const struct incident_group group = {rule,
        field_text(activity, "conversation_id"), person_of(activity), time_ms};
    char id[UUID_TEXT_BYTES];
    *incident_out = 0;
    incident_id(&group, id);
    db_bind_text(r->find, 1, str_of(id));
    enum err err = take_int(r->find, incident_out);
    if (err != OK || *incident_out != 0)
        return err;
    db_bind_text(r->add, 1, str_of(id));
    db_bind_text(r->add, 2, rule);
    db_bind_text(r->add, 3, group.person);
    db_bind_text(r->add, 4, field_text(activity, "service"));
    db_bind_text(r->add, 5, group.conversation);
    return take_int(r->add, incident_out);
}

static int64_t count_findings(const json_t *activity)
{
    int64_t sum = 0;
    size_t i;
    json_t *finding;
    json_array_foreach(json_object_get(activity, "findings"), i, finding)
    {
        int64_t n = json_integer_value(json_object_get(finding, "count"));
        sum += n > 0 && n < INT32_MAX ? n : 1;
    }
    return sum;
}

/* Where it belonged in an earlier state, and does no more. */
static enum err drop_others(struct incident_rows *r, int64_t seq,
    const int64_t *incidents, size_t count)
{
    int64_t stale[INCIDENT_RULES_MAX * 2];
    size_t stale_count = 0;
    enum err err;
    db_bind_int(r->list_members, 1, seq);
    while ((err = db_step(r->list_members)) == OK) {
        int64_t incident = db_int(r->list_members, 0);
        bool is_kept = false;
        for (size_t i = 0; i < count; i++)
            is_kept |= incidents[i] == incident;
        if (!is_kept && stale_count < ARRAY_LEN(stale))
            stale[stale_count++] = incident;
    }
    db_finish(r->list_members);
    err = err == ERR_EOF ? OK : err;
    for (size_t i = 0; i < stale_count && err == OK; i++) {
        db_bind_int(r->drop_member, 1, stale[i]);
        db_bind_int(r->drop_member, 2, seq);
        err = db_run(r->drop_member);
    }
    return err;
}

enum err incident_rows_put(struct incident_rows *r, int64_t seq,
    int64_t time_ms, bool is_over, const json_t *activity)
{
    struct match matches[INCIDENT_RULES_MAX];
    int64_t incidents[INCIDENT_RULES_MAX];
    size_t count = list_matches(activity, matches);
    enum err err = OK;
    for (size_t i = 0; i < count && err == OK; i++) {
        err = find_or_add(r, matches[i].rule, activity, time_ms, &incidents[i]);
        if (err != OK)
            break;
        db_bind_int(r->put_member, 1, incidents[i]);
        db_bind_int(r->put_member, 2, seq);
        db_bind_int(r->put_member, 3, time_ms);
        db_bind_int(r->put_member, 4, matches[i].severity);
        db_bind_int(r->put_member, 5, count_findings(activity));
        db_bind_int(r->put_member, 6, is_over);
        err = db_run(r->put_member);
    }
    return err == OK ? drop_others(r, seq, incidents, count) : err;
}

/* ---- stores from before ---- */

static enum err fill_one(struct incident_rows *r, int64_t *seq_out)
{
    *seq_out = db_int(r->list_todo, 0);
    struct str json = db_text(r->list_todo, 3);
    json_t *a = json_loadb(json.p, json.n, JSON_ALLOW_NUL, NULL);
    enum err err = OK;
    if (a != NULL)
        err = incident_rows_put(r, *seq_out, db_int(r->list_todo, 1),
            db_int(r->list_todo, 2) != 0, a);
    json_decref(a);
    return err;
}

enum err incident_rows_fill(struct incident_rows *r, size_t *count_out)
{
    int64_t todo = 0, last = 0;
    size_t count = 0;
    enum err err = db_get_int(r->db, "SELECT seq FROM incident_todo", &todo);
    *count_out = 0;
    if (err != OK || todo <= 0)
        return err;
    db_bind_int(r->list_todo, 1, INCIDENT_FILL_ROWS);
    while ((err = db_step(r->list_todo)) == OK) {
        err = fill_one(r, &last);
        if (err != OK)
            break;
        count++;
    }
    db_finish(r->list_todo);
    if (err != ERR_EOF)
        return err;
    *count_out = 1 + count;
    db_bind_int(r->set_todo, 1, count == INCIDENT_FILL_ROWS ? last - 1 : 0);
    return db_run(r->set_todo);
}

/* ---- what analysts do ---- */

static const char add_change_sql[] =
    "INSERT OR IGNORE INTO incident_change(incident, id, time_ms, user,"
    " status, owner, comment) SELECT seq, ?2, ?3, ?4, ?5, ?6, ?7"
    " FROM incident WHERE id = ?1";
static const char set_incident_sql[] =
    "UPDATE incident SET status = coalesce(?2, status),"
    " owner = CASE WHEN ?3 THEN ?4 ELSE owner END,"
    " comments = comments + ?5 WHERE id = ?1";

struct change {
    struct str id, user, status, comment;
    const char *owner; /* NULL: stays; "": nobody's */
    int64_t time_ms;
};

static enum err add_change(
    struct db *db, struct str incident, const struct change *c, bool *is_new)
{
    struct db_statement *s = db_statement_new(db, add_change_sql);
    if (s == NULL)
        return ERR_STATE;
    db_bind_text(s, 1, incident);
    db_bind_text(s, 2, c->id);
    db_bind_int(s, 3, c->time_ms);
    db_bind_text(s, 4, c->user);
    db_bind_text(s, 5, c->status);
    /* Nobody's is told apart from "stays" by a text. */
    if (c->owner != NULL)
        db_bind_text(s, 6,
            c->owner[0] != '\0' ? str_of(c->owner) : STR(INCIDENT_OWNER_NONE));
    db_bind_text(s, 7, c->comment);
    enum err err = db_run(s);
    *is_new = err == OK && db_changes(db) > 0;
    db_statement_free(&s);
    return err;
}

static enum err set_incident(
    struct db *db, struct str incident, const struct change *c)
{
    struct db_statement *s = db_statement_new(db, set_incident_sql);
    if (s == NULL)
        return ERR_STATE;
    db_bind_text(s, 1, incident);
    db_bind_text(s, 2, c->status);
    db_bind_int(s, 3, c->owner != NULL);
    if (c->owner != NULL)
        db_bind_text(s, 4, str_of(c->owner));
    db_bind_int(s, 5, c->comment.n > 0);
    enum err err = db_run(s);
    db_statement_free(&s);
    return err;
}

enum err incident_change_put(
    struct db *db, struct str id, int64_t time_ms, const json_t *record)
{
    const json_t *details = json_object_get(record, "details");
    struct change c = {.id = id,
        .time_ms = time_ms,
        .user = field_text(json_object_get(record, "actor"), "user"),
        .status = field_text(details, "status"),
        .comment = field_text(details, "comment"),
        .owner = json_string_value(json_object_get(details, "owner"))};
    enum err err = OK;
    size_t i;
    json_t *item;
    if (!incident_status_is_valid(c.status))
        c.status = STR_NONE;
    json_array_foreach(json_object_get(details, "incidents"), i, item)
    {
        struct str incident = str_of(json_string_value(item));
        bool is_new = false;
        if (err != OK || i == INCIDENT_CHANGE_MAX)
            break;
        err = add_change(db, incident, &c, &is_new);
        if (err == OK && is_new)
            err = set_incident(db, incident, &c);
    }
    return err;
}

enum err incident_retain(struct db *db)
{
    struct db_statement *s = db_statement_new(db,
        "DELETE FROM incident WHERE seq IN (SELECT i.seq FROM incident i"
        " WHERE i.activities = 0 AND NOT EXISTS(SELECT 1 FROM"
        " incident_activity m WHERE m.incident = i.seq) LIMIT ?1)");
    if (s == NULL)
        return ERR_STATE;
    db_bind_int(s, 1, INCIDENT_EMPTY_PER_STEP);
    enum err err = db_run(s);
    db_statement_free(&s);
    return err;
}
