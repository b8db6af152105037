/*
 * The tables.  An activity is its JSON; the columns beside it are what people
 * filter, sort and delete by, taken from it when it is stored.
 *
 * state: 0 open (waits for its completion), 1 closed because its origin died,
 * 2 done.  origin is a worker instance (64 bits, stored as signed).
 * seq grows with every new activity and is never used again, so a follower
 * can go on from the last one it saw.
 */
#include "store/db_sqlite.h"

static const char first[] =
    "CREATE TABLE activity("
    " seq INTEGER PRIMARY KEY AUTOINCREMENT,"
    " id TEXT NOT NULL UNIQUE,"
    " time_ms INTEGER NOT NULL,"
    " state INTEGER NOT NULL,"
    " origin INTEGER NOT NULL,"
    " attempts INTEGER NOT NULL,"
    " user TEXT, service TEXT, activity TEXT, category TEXT,"
    " verdict TEXT, rule TEXT, conversation_id TEXT,"
    " severity TEXT, outcome TEXT, host TEXT,"
    " json TEXT NOT NULL);"
    "CREATE INDEX activity_time ON activity(time_ms);"
    "CREATE INDEX activity_user ON activity(user, time_ms)"
    " WHERE user IS NOT NULL;"
    "CREATE INDEX activity_activity ON activity(activity, time_ms);"
    "CREATE INDEX activity_verdict ON activity(verdict, time_ms);"
    "CREATE INDEX activity_conversation ON"
    " activity(conversation_id, time_ms) WHERE conversation_id IS NOT NULL;"
    "CREATE INDEX activity_open ON activity(origin) WHERE state = 0;"
    "CREATE TABLE finding("
    " seq INTEGER NOT NULL,"
    " type TEXT NOT NULL,"
    " detector TEXT NOT NULL,"
    " grp TEXT,"
    " count INTEGER NOT NULL,"
    " PRIMARY KEY(seq, type, detector)) WITHOUT ROWID;"
    "CREATE INDEX finding_type ON finding(type, seq);"
    "CREATE TABLE journal_position("
    " one INTEGER PRIMARY KEY CHECK(one = 1),"
    " segment INTEGER NOT NULL, offset INTEGER NOT NULL);"
    "INSERT INTO journal_position VALUES(1, 0, 0);"
    "PRAGMA user_version = 1;";

/* What was sealed to the administrator's key (inspect/evidence.h), in base64;
 * mark: its first bytes, which no two have in common.  Several exchanges may
 * add to one activity. */
static const char with_evidence[] =
    "CREATE TABLE evidence("
    " seq INTEGER NOT NULL,"
    " mark TEXT NOT NULL,"
    " sealed TEXT NOT NULL);"
    "CREATE UNIQUE INDEX evidence_seq ON evidence(seq, mark);"
    "PRAGMA user_version = 2;";

/* store/audit.h */
static const char with_audit[] = "CREATE TABLE audit("
                                 " seq INTEGER PRIMARY KEY AUTOINCREMENT,"
                                 " id TEXT NOT NULL UNIQUE,"
                                 " time_ms INTEGER NOT NULL,"
                                 " user TEXT, action TEXT,"
                                 " json TEXT NOT NULL);"
                                 "CREATE INDEX audit_time ON audit(time_ms);"
                                 "PRAGMA user_version = 3;";

/* store/facet.h.  facet_todo: activities up to this one have no row yet.  A
 * record that is closed (state 1) changes its outcome without being put
 * anew.  search_index is not kept by triggers: SQLite trusts no schema to
 * write to a virtual table. */
static const char with_facets[] =
    "CREATE TABLE facet_word("
    " facet INTEGER NOT NULL, code INTEGER NOT NULL, word TEXT NOT NULL,"
    " PRIMARY KEY(facet, code)) WITHOUT ROWID;"
    "CREATE UNIQUE INDEX facet_word_word ON facet_word(facet, word);"
    "CREATE TABLE facet("
    " time_ms INTEGER NOT NULL, seq INTEGER NOT NULL,"
    " service INTEGER, instance INTEGER, activity INTEGER, category INTEGER,"
    " user INTEGER, verdict INTEGER, severity INTEGER, outcome INTEGER,"
    " rule INTEGER, model INTEGER, via INTEGER, network INTEGER,"
    " host INTEGER, type INTEGER, detector INTEGER, file_type INTEGER,"
    " PRIMARY KEY(time_ms, seq)) WITHOUT ROWID;"
    "CREATE TABLE facet_todo(seq INTEGER NOT NULL);"
    "INSERT INTO facet_todo SELECT coalesce(max(seq), 0) FROM activity;"
    "CREATE TABLE search(seq INTEGER PRIMARY KEY, text TEXT NOT NULL);"
    "CREATE VIRTUAL TABLE search_index USING fts5(text, content='search',"
    " content_rowid='seq', columnsize=0,"
    " tokenize='unicode61 remove_diacritics 2');"
    "CREATE TRIGGER activity_gone AFTER DELETE ON activity BEGIN"
    " DELETE FROM facet WHERE time_ms = old.time_ms AND seq = old.seq; END;"
    "CREATE TRIGGER activity_moved AFTER UPDATE OF time_ms ON activity"
    " WHEN old.time_ms <> new.time_ms BEGIN"
    " DELETE FROM facet WHERE time_ms = old.time_ms AND seq = old.seq; END;"
    "CREATE TRIGGER activity_closed AFTER UPDATE OF state ON activity"
    " WHEN new.state = 1 BEGIN"
    " INSERT OR IGNORE INTO facet_word"
    " SELECT 7, coalesce(max(code), 0) + 1, new.outcome FROM facet_word"
    " WHERE facet = 7 AND new.outcome IS NOT NULL;"
    " UPDATE facet SET outcome = coalesce((SELECT code FROM facet_word"
    " WHERE facet = 7 AND word = new.outcome), 0)"
    " WHERE time_ms = new.time_ms AND seq = new.seq; END;"
    "PRAGMA user_version = 4;";

/* cursor: store/cursor.h.  twin and log_row: store/merge.h. */
static const char with_logs[] =
    "CREATE TABLE cursor(name TEXT PRIMARY KEY, json TEXT NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE TABLE twin("
    " log_id TEXT PRIMARY KEY, inline_id TEXT NOT NULL UNIQUE,"
    " facts TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE log_row("
    " id TEXT PRIMARY KEY, activity TEXT NOT NULL, time_ms INTEGER NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE INDEX log_row_time ON log_row(activity, time_ms);"
    "CREATE TRIGGER activity_left AFTER DELETE ON activity BEGIN"
    " DELETE FROM twin WHERE inline_id = old.id;"
    " DELETE FROM log_row WHERE id = old.id; END;"
    "PRAGMA user_version = 5;";

/* store/incident_rows.h.  A member counts once its activity is over; low,
 * medium, high: how many members are.  incident_todo: activities up to this
 * one have not been looked at yet. */
#define COUNT_MEMBER(row, sign)                                                \
    " UPDATE incident SET activities = activities " sign " 1,"                 \
    " findings = findings " sign " " row ".findings,"                          \
    " low = low " sign " (" row ".severity = 1),"                              \
    " medium = medium " sign " (" row ".severity = 2),"                        \
    " high = high " sign " (" row ".severity = 3),"                            \
    " first_ms = (SELECT min(time_ms) FROM incident_activity"                  \
    "  WHERE incident = " row ".incident AND is_counted = 1),"                 \
    " last_ms = (SELECT max(time_ms) FROM incident_activity"                   \
    "  WHERE incident = " row ".incident AND is_counted = 1)"                  \
    " WHERE seq = " row ".incident;"
#define REOPEN                                                                 \
    " INSERT OR IGNORE INTO incident_change"                                   \
    "  (incident, id, time_ms, status, activity)"                              \
    "  SELECT i.seq, a.id, new.time_ms, 'opened', a.id"                        \
    "  FROM incident i, activity a WHERE i.seq = new.incident"                 \
    "  AND a.seq = new.seq AND i.status IN ('resolved', 'false-positive');"    \
    " UPDATE incident SET status = 'opened' WHERE seq = new.incident"          \
    "  AND status IN ('resolved', 'false-positive');"
static const char with_incidents[] =
    "CREATE TABLE incident("
    " seq INTEGER PRIMARY KEY AUTOINCREMENT,"
    " id TEXT NOT NULL UNIQUE,"
    " rule TEXT NOT NULL, user TEXT, service TEXT, conversation_id TEXT,"
    " status TEXT NOT NULL DEFAULT 'new', owner TEXT,"
    " comments INTEGER NOT NULL DEFAULT 0,"
    " activities INTEGER NOT NULL DEFAULT 0,"
    " findings INTEGER NOT NULL DEFAULT 0,"
    " low INTEGER NOT NULL DEFAULT 0, medium INTEGER NOT NULL DEFAULT 0,"
    " high INTEGER NOT NULL DEFAULT 0,"
    " first_ms INTEGER, last_ms INTEGER,"
    " severity TEXT GENERATED ALWAYS AS (CASE WHEN high > 0 THEN 'high'"
    "  WHEN medium > 0 THEN 'medium' WHEN low > 0 THEN 'low'"
    "  ELSE 'none' END) VIRTUAL);"
    "CREATE INDEX incident_last ON incident(last_ms, seq);"
    "CREATE INDEX incident_status ON incident(status, last_ms, seq);"
    "CREATE INDEX incident_severity ON incident(severity, last_ms, seq);"
    "CREATE INDEX incident_rule ON incident(rule, last_ms, seq);"
    "CREATE INDEX incident_user ON incident(user, last_ms, seq);"
    "CREATE INDEX incident_owner ON incident(owner, last_ms, seq)"
    " WHERE owner IS NOT NULL;"
    "CREATE INDEX incident_empty ON incident(seq) WHERE activities = 0;"
    "CREATE TABLE incident_activity("
    " incident INTEGER NOT NULL, seq INTEGER NOT NULL,"
    " time_ms INTEGER NOT NULL, severity INTEGER NOT NULL,"
    " findings INTEGER NOT NULL, is_counted INTEGER NOT NULL,"
    " PRIMARY KEY(incident, seq)) WITHOUT ROWID;"
    "CREATE INDEX incident_activity_seq ON incident_activity(seq);"
    "CREATE INDEX incident_activity_time ON"
    " incident_activity(incident, is_counted, time_ms, seq);"
    "CREATE TABLE incident_change("
    " seq INTEGER PRIMARY KEY AUTOINCREMENT,"
    " incident INTEGER NOT NULL, id TEXT NOT NULL,"
    " time_ms INTEGER NOT NULL, user TEXT, status TEXT, owner TEXT,"
    " comment TEXT, activity TEXT, UNIQUE(incident, id));"
    "CREATE TABLE incident_todo(seq INTEGER NOT NULL);"
    "INSERT INTO incident_todo SELECT coalesce(max(seq), 0) FROM activity;"
    "CREATE TRIGGER incident_in AFTER INSERT ON incident_activity"
    " WHEN new.is_counted BEGIN" COUNT_MEMBER("new", "+") REOPEN
    " END;"
    "CREATE TRIGGER incident_again AFTER UPDATE ON incident_activity"
    " WHEN old.is_counted BEGIN" COUNT_MEMBER("old", "-") COUNT_MEMBER("new",
        "+") " END;"
             "CREATE TRIGGER incident_over AFTER UPDATE ON incident_activity"
             " WHEN new.is_counted AND NOT old.is_counted BEGIN" COUNT_MEMBER(
                 "new", "+") REOPEN
    " END;"
    "CREATE TRIGGER incident_out AFTER DELETE ON incident_activity"
    " WHEN old.is_counted BEGIN" COUNT_MEMBER("old",
        "-") " END;"
             "CREATE TRIGGER incident_never AFTER DELETE ON incident_activity"
             " WHEN NOT old.is_counted BEGIN"
             " DELETE FROM incident WHERE seq = old.incident AND activities = 0"
             "  AND NOT EXISTS(SELECT 1 FROM incident_activity m"
             "  WHERE m.incident = old.incident) AND NOT EXISTS(SELECT 1 FROM"
             "  incident_change c WHERE c.incident = old.incident); END;"
             "CREATE TRIGGER incident_gone AFTER DELETE ON incident BEGIN"
             " DELETE FROM incident_change WHERE incident = old.seq; END;"
             "CREATE TRIGGER activity_of_incident_gone AFTER DELETE ON "
             "activity BEGIN"
             " DELETE FROM incident_activity WHERE seq = old.seq; END;"
             "CREATE TRIGGER activity_of_incident_closed"
             " AFTER UPDATE OF state ON activity WHEN new.state = 1 BEGIN"
             " UPDATE incident_activity SET is_counted = 1"
             "  WHERE seq = new.seq AND is_counted = 0; END;"
             /* store/view.h */
             "CREATE TABLE view("
             " seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
             " user TEXT NOT NULL, page TEXT NOT NULL, name TEXT NOT NULL,"
             " query TEXT NOT NULL, is_shared INTEGER NOT NULL,"
             " time_ms INTEGER NOT NULL, UNIQUE(user, page, name));"
             "PRAGMA user_version = 6;";
#undef COUNT_MEMBER
#undef REOPEN

/* Volumes (store/facet.h).  Rows that are there get theirs as those of a store
 * that is older than the table do. */
static const char with_volumes[] =
    "ALTER TABLE facet ADD COLUMN files INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE facet ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;"
    "UPDATE facet_todo SET seq = (SELECT coalesce(max(seq), 0) FROM activity);"
    "PRAGMA user_version = 7;";

/* The node that wrote a record.  node: the time of the latest record of each,
 * and when it was stored; NULL: before this table was.  purge: store/purge.h;
 * since_ms: when something was deleted whose words may still be in the file,
 * or 0. */
#define NOW_MS "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"
#define WANT_PURGE                                                             \
    " WHEN (SELECT since_ms FROM purge) = 0 BEGIN"                             \
    " UPDATE purge SET since_ms = " NOW_MS "; END;"
static const char with_nodes[] =
    "ALTER TABLE facet ADD COLUMN node INTEGER NOT NULL DEFAULT 0;"
    "UPDATE facet_todo SET seq = (SELECT coalesce(max(seq), 0) FROM activity);"
    "CREATE TABLE node("
    " name TEXT PRIMARY KEY, last_ms INTEGER NOT NULL, seen_ms INTEGER)"
    " WITHOUT ROWID;"
    "CREATE TABLE purge("
    " one INTEGER PRIMARY KEY CHECK(one = 1),"
    " since_ms INTEGER NOT NULL, step INTEGER NOT NULL);"
    "INSERT INTO purge SELECT 1,"
    " CASE WHEN EXISTS(SELECT 1 FROM activity) THEN " NOW_MS " ELSE 0 END, 0;"
    "CREATE TRIGGER purge_activity AFTER DELETE ON activity" WANT_PURGE
    "CREATE TRIGGER purge_text AFTER DELETE ON search" WANT_PURGE
    "PRAGMA user_version = 8;";
#undef WANT_PURGE
#undef NOW_MS

/* store/name_rows.h */
static const char with_names[] =
    "CREATE TABLE name("
    " pseudonym TEXT NOT NULL, tag TEXT NOT NULL, sealed TEXT NOT NULL,"
    " seen_ms INTEGER NOT NULL, PRIMARY KEY(pseudonym, tag)) WITHOUT ROWID;"
    "CREATE INDEX name_seen ON name(seen_ms);"
    "PRAGMA user_version = 9;";

const char *const db_schema_steps[DB_SCHEMA_VERSION] = {first, with_evidence,
    with_audit, with_facets, with_logs, with_incidents, with_volumes,
    with_nodes, with_names};
