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

const char *const db_schema_steps[DB_SCHEMA_VERSION] = {
    first, with_evidence, with_audit, with_facets, with_logs};
