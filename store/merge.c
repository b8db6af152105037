/*
 * See store/merge.h.  Log events that have a row of their own stand in log_row
 * as well, so that the many inline records cost one look into a small table.
 */
#include "store/merge.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/stats.h"

enum { CANDIDATES_MAX = 500 };

struct merge {
    struct db *db;
    struct db_statement *find_twin, *find_log, *find_inline, *get_row, *put_row,
        *put_twin, *put_log;
};

enum err merge_new(struct db *db, struct merge **merge_out)
{
    struct merge *m = MEM_NEW(struct merge);
    m->db = db;
    m->find_twin = db_statement_new(
        db, "SELECT facts FROM twin WHERE log_id = ?1 OR inline_id = ?1");
    m->find_log = db_statement_new(db,
        "SELECT a.id, a.time_ms, a.json FROM log_row l"
        " JOIN activity a ON a.id = l.id WHERE l.activity = ?1"
        " AND l.time_ms BETWEEN ?2 AND ?3 ORDER BY abs(l.time_ms - ?4), a.seq"
        " LIMIT ?5");
    m->find_inline = db_statement_new(db,
        "SELECT id, time_ms, json FROM activity a WHERE activity = ?1"
        " AND time_ms BETWEEN ?2 AND ?3"
        " AND NOT EXISTS(SELECT 1 FROM log_row WHERE log_row.id = a.id)"
        " AND NOT EXISTS(SELECT 1 FROM twin WHERE inline_id = a.id)"
        " AND (?6 IS NULL OR conversation_id = ?6)"
        " ORDER BY abs(time_ms - ?4), seq LIMIT ?5");
    m->get_row =
        db_statement_new(db, "SELECT json FROM activity WHERE id = ?1");
    m->put_row =
        db_statement_new(db, "UPDATE activity SET json = ?2 WHERE id = ?1");
    m->put_twin = db_statement_new(db,
        "INSERT OR REPLACE INTO twin(log_id, inline_id, facts)"
        " VALUES(?1, ?2, ?3)");
    m->put_log = db_statement_new(db,
        "INSERT OR REPLACE INTO log_row(id, activity, time_ms)"
        " VALUES(?1, ?2, ?3)");
    if (m->find_twin == NULL || m->find_log == NULL || m->find_inline == NULL ||
        m->get_row == NULL || m->put_row == NULL || m->put_twin == NULL ||
        m->put_log == NULL)
        merge_free(&m);
    *merge_out = m;
    return m != NULL ? OK : ERR_PARSE;
}

void merge_free(struct merge **merge)
{
    struct merge *m = *merge;
    if (m == NULL)
        return;
    struct db_statement **all[] = {&m->find_twin, &m->find_log, &m->find_inline,
        &m->get_row, &m->put_row, &m->put_twin, &m->put_log};
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        db_statement_free(all[i]);
    mem_free(m);
    *merge = NULL;
}

/* ---- whether two records tell of one act ------------------------------- */

static struct str text_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_string(value))
        return STR_NONE;
    return str_make(json_string_value(value), json_string_length(value));
}

static const json_t *target_at(const json_t *activity, size_t index)
{
    const json_t *list = json_object_get(activity, "targets");
    if (list != NULL)
        return json_array_get(list, index);
    return index == 0 ? json_object_get(activity, "target") : NULL;
}

static bool is_known(struct str a, struct str b)
{
    return a.n != 0 && b.n != 0;
}

/* By id; by name (of invitations the mail address) where one side has none. */
static bool is_same_target(const json_t *a, const json_t *b)
{
    struct str ida = text_of(a, "id"), idb = text_of(b, "id");
    if (is_known(ida, idb))
        return str_eq(ida, idb);
    struct str na = text_of(a, "name"), nb = text_of(b, "name");
    return is_known(na, nb) && str_eq_nocase(na, nb);
}

static size_t count_targets(const json_t *activity)
{
    size_t n = 0;
    while (target_at(activity, n) != NULL)
        n++;
    return n;
}

static bool are_same_targets(const json_t *a, const json_t *b)
{
    size_t n = count_targets(a);
    if (n != count_targets(b))
        return false;
    for (size_t i = 0; i < n; i++) {
        bool is_there = false;
        for (size_t j = 0; j < n && !is_there; j++)
            is_there = is_same_target(target_at(a, i), target_at(b, j));
        if (!is_there)
            return false;
    }
    return true;
}

static bool is_mail(struct str s)
{
    return str_find_char(s, '@') < s.n;
}

/* Whoever the service calls it: a proxy's login may be spelt otherwise. */
static struct str mail_of(const json_t *activity)
{
    const json_t *actor = json_object_get(activity, "actor");
    struct str account = text_of(actor, "account");
    if (is_mail(account))
        return account;
    struct str user = text_of(actor, "user");
    return is_mail(user) ? user : STR_NONE;
}

/* A key is told by its fingerprint inline and by its id in the log: all that
 * can be compared is that it was one. */
static bool may_be_same_actor(
    const json_t *a, const json_t *b, bool must_be_known)
{
    struct str ma = mail_of(a), mb = mail_of(b);
    if (is_known(ma, mb))
        return str_eq_nocase(ma, mb);
    struct str ua = text_of(json_object_get(a, "actor"), "user_id");
    struct str ub = text_of(json_object_get(b, "actor"), "user_id");
    if (is_known(ua, ub))
        return str_eq(ua, ub);
    return !must_be_known;
}

static bool is_one_act(const json_t *a, const json_t *b)
{
    struct str message = text_of(a, "message_id");
    if (!str_eq(text_of(a, "service"), text_of(b, "service")) && message.n != 0)
        return false;
    if (message.n != 0 || text_of(b, "message_id").n != 0)
        return str_eq(message, text_of(b, "message_id"));
    bool has_target = count_targets(a) != 0 || count_targets(b) != 0;
    return may_be_same_actor(a, b, !has_target) &&
           (!has_target || are_same_targets(a, b));
}

/* ---- what the log adds ---- */

static json_t *facts_of(const json_t *log)
{
    static const char *const kept[] = {
        "via", "time", "changes", "project_id", "target", "targets", "alerts"};
    json_t *facts = json_object();
    for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
        json_t *value = json_object_get(log, kept[i]);
        if (value != NULL)
            json_object_set(facts, kept[i], value);
    }
    json_t *event =
        json_object_get(json_object_get(log, "details"), "event_id");
    json_t *ip = json_object_get(json_object_get(log, "actor"), "ip");
    if (event != NULL)
        json_object_set(facts, "event_id", event);
    if (ip != NULL)
        json_object_set(facts, "log_ip", ip);
    return facts;
}

/* Only what the inline record does not say itself. */
static void add_facts(json_t *activity, json_t *facts)
{
    static const char *const missing[] = {
        "changes", "project_id", "target", "targets", "alerts"};
    static const char *const details[] = {"event_id", "log_ip"};
    json_t *via = json_object_get(activity, "via");
    json_object_set_new(activity, "sources",
        json_pack("[O, O]", via, json_object_get(facts, "via")));
    bool has_target = count_targets(activity) != 0;
    for (size_t i = 0; i < ARRAY_LEN(missing); i++) {
        json_t *value = json_object_get(facts, missing[i]);
        bool is_target = str_starts(str_of(missing[i]), "target");
        if (value != NULL && json_object_get(activity, missing[i]) == NULL &&
            !(is_target && has_target))
            json_object_set(activity, missing[i], value);
    }
    if (json_object_get(activity, "details") == NULL)
        json_object_set_new(activity, "details", json_object());
    json_t *into = json_object_get(activity, "details");
    for (size_t i = 0; i < ARRAY_LEN(details); i++) {
        json_t *value = json_object_get(facts, details[i]);
        if (value != NULL)
            json_object_set(into, details[i], value);
    }
}

/* ---- finding the other ---- */

struct other {
    char id[UUID_TEXT_BYTES];
    json_t *json; /* NULL: there is none */
};

static enum err find(
    struct db_statement *s, const json_t *activity, struct other *other_out)
{
    int64_t time = 0;
    enum err err = OK;
    if (clock_parse(text_of(activity, "time"), 0, &time) != OK)
        return OK;
    db_bind_text(s, 1, text_of(activity, "activity"));
    db_bind_int(s, 2, time - MERGE_MS);
    db_bind_int(s, 3, time + MERGE_MS);
    db_bind_int(s, 4, time);
    db_bind_int(s, 5, CANDIDATES_MAX);
    while (other_out->json == NULL && (err = db_step(s)) == OK) {
        struct str id = db_text(s, 0), text = db_text(s, 2);
        json_t *json = json_loadb(text.p, text.n, JSON_ALLOW_NUL, NULL);
        if (id.n < sizeof other_out->id && is_one_act(activity, json)) {
            memcpy(other_out->id, id.p, id.n);
            other_out->json = json;
        } else {
            json_decref(json);
        }
    }
    db_finish(s);
    return err == ERR_EOF ? OK : err;
}

static enum err find_twin(struct merge *m, const char *id, json_t **facts_out)
{
    db_bind_text(m->find_twin, 1, str_of(id));
    enum err err = db_step(m->find_twin);
    if (err == OK) {
        struct str text = db_text(m->find_twin, 0);
        *facts_out = json_loadb(text.p, text.n, JSON_ALLOW_NUL, NULL);
    }
    db_finish(m->find_twin);
    return err == ERR_EOF ? OK : err;
}

static enum err put_twin(
    struct merge *m, const char *log_id, const char *inline_id, json_t *facts)
{
    char *text = json_dumps(facts, JSON_COMPACT);
    db_bind_text(m->put_twin, 1, str_of(log_id));
    db_bind_text(m->put_twin, 2, str_of(inline_id));
    db_bind_text(m->put_twin, 3, str_of(text));
    enum err err = db_run(m->put_twin);
    free(text);
    return err;
}

static enum err put_json(struct merge *m, const char *id, const json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT);
    db_bind_text(m->put_row, 1, str_of(id));
    db_bind_text(m->put_row, 2, str_of(text));
    enum err err = db_run(m->put_row);
    free(text);
    return err;
}

/* So rare that nothing is prepared for it. */
static enum err drop_row(struct merge *m, const char *id)
{
#define OF_IT "(SELECT seq FROM activity WHERE id = ?1)"
    static const char *const each[] = {
        "DELETE FROM finding WHERE seq = " OF_IT,
        "DELETE FROM evidence WHERE seq = " OF_IT,
        "INSERT INTO search_index(search_index, rowid, text)"
        " SELECT 'delete', seq, text FROM search WHERE seq = " OF_IT,
        "DELETE FROM search WHERE seq = " OF_IT,
        "DELETE FROM activity WHERE id = ?1",
    };
#undef OF_IT
    enum err err = OK;
    for (size_t i = 0; i < ARRAY_LEN(each) && err == OK; i++) {
        struct db_statement *s = db_statement_new(m->db, each[i]);
        if (s == NULL)
            return ERR_STATE;
        db_bind_text(s, 1, str_of(id));
        err = db_run(s);
        db_statement_free(&s);
    }
    return err;
}

/* ---- records ---- */

static enum err note_log(
    struct merge *m, const char *id, const json_t *activity)
{
    int64_t time = 0;
    if (clock_parse(text_of(activity, "time"), 0, &time) != OK)
        return OK;
    db_bind_text(m->put_log, 1, str_of(id));
    db_bind_text(m->put_log, 2, text_of(activity, "activity"));
    db_bind_int(m->put_log, 3, time);
    return db_run(m->put_log);
}

static void count_merged(const json_t *of_log)
{
    bool is_audit = str_is(text_of(of_log, "via"), "audit-log");
    stats_add(is_audit ? STAT_LOG_MERGED_AUDIT : STAT_LOG_MERGED_COMPLIANCE, 1);
}

static enum err merge_log(struct merge *m, const struct journal_entry *entry,
    json_t *activity, bool *is_told_out)
{
    struct other inline_record = {.json = NULL};
    struct str conversation = text_of(activity, "conversation_id");
    db_bind_text(m->get_row, 1, str_of(entry->id));
    enum err err = db_step(m->get_row);
    db_finish(m->get_row);
    if (err == OK) /* it has a row of its own already */
        return OK;
    if (err != ERR_EOF)
        return err;
    db_bind_text(m->find_inline, 6, conversation);
    err = find(m->find_inline, activity, &inline_record);
    if (err != OK || inline_record.json == NULL)
        return err != OK ? err : note_log(m, entry->id, activity);
    json_t *facts = facts_of(activity);
    add_facts(inline_record.json, facts);
    count_merged(activity);
    err = put_twin(m, entry->id, inline_record.id, facts);
    if (err == OK)
        err = put_json(m, inline_record.id, inline_record.json);
    json_decref(facts);
    json_decref(inline_record.json);
    *is_told_out = true;
    return err;
}

static enum err merge_inline(
    struct merge *m, const struct journal_entry *entry, json_t *activity)
{
    struct other log = {.json = NULL};
    enum err err = find(m->find_log, activity, &log);
    if (err != OK || log.json == NULL)
        return err;
    json_t *facts = facts_of(log.json);
    add_facts(activity, facts);
    count_merged(log.json);
    err = put_twin(m, log.id, entry->id, facts);
    if (err == OK)
        err = drop_row(m, log.id);
    json_decref(facts);
    json_decref(log.json);
    return err;
}

enum err merge_record(struct merge *m, const struct journal_entry *entry,
    json_t *activity, bool *is_told_out)
{
    struct str via = text_of(activity, "via");
    json_t *facts = NULL;
    *is_told_out = false;
    enum err err = find_twin(m, entry->id, &facts);
    bool is_log = via.n != 0 && !str_is(via, "inline");
    if (err != OK || facts != NULL) {
        if (facts != NULL && !is_log)
            add_facts(activity, facts);
        *is_told_out = facts != NULL && is_log;
        json_decref(facts);
        return err;
    }
    if (is_log)
        return merge_log(m, entry, activity, is_told_out);
    return entry->kind == STORE_DONE ? merge_inline(m, entry, activity) : OK;
}
