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

const char *const db_schema_steps[DB_SCHEMA_VERSION] = {first, with_evidence};
