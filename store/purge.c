/* See store/purge.h. */
#include "store/purge.h"

#include "base/buf.h"
#include "base/log.h"
#include "store/facet.h"

enum step {
    STEP_WAIT,
    STEP_MERGE_FIRST,
    STEP_MERGE,
    STEP_WORDS, /* … of the first facet, and so on */
    STEP_NODES = STEP_WORDS + FACET_COUNT,
    STEP_EMPTY_LOG,
};

static enum err set_step(struct db *db, int64_t step)
{
    struct db_statement *s = db_statement_new(db, "UPDATE purge SET step = ?1");
    if (s == NULL)
        return ERR_STATE;
    db_bind_int(s, 1, step);
    enum err err = db_run(s);
    db_statement_free(&s);
    return err;
}

/* What is deleted from now on is for the next time.  A store that is still
 * being filled has rows without codes. */
static enum err begin_if_due(struct db *db, int64_t now_ms, int64_t *step)
{
    int64_t since = 0, todo = 0;
    enum err err = db_get_int(db, "SELECT since_ms FROM purge", &since);
    if (err == OK)
        err = db_get_int(db, "SELECT seq FROM facet_todo", &todo);
    if (err != OK || since == 0 || todo > 0 || now_ms - since < PURGE_AFTER_MS)
        return err;
    *step = STEP_MERGE_FIRST;
    return db_exec(db, "UPDATE purge SET since_ms = 0");
}

/* A negative number lays all parts together first, so that nothing older is
 * left that a deletion would have to be remembered for. */
static enum err merge(struct db *db, int64_t *step)
{
    int64_t before = db_total_changes(db);
    struct db_statement *s = db_statement_new(
        db, "INSERT INTO search_index(search_index, rank) VALUES('merge', ?1)");
    if (s == NULL)
        return ERR_STATE;
    db_bind_int(s, 1,
        *step == STEP_MERGE_FIRST ? -PURGE_MERGE_PAGES : PURGE_MERGE_PAGES);
    enum err err = db_run(s);
    db_statement_free(&s);
    /* One change is the command itself. */
    *step = db_total_changes(db) - before < 2 ? STEP_WORDS : STEP_MERGE;
    return err;
}

/* The last code stays and loses its word: no code is ever given twice. */
static enum err drop_words(struct db *db, enum facet facet)
{
    struct buf sql = {0};
    const char *name = facet_names[facet];
    buf_printf(&sql,
        "DELETE FROM facet_word WHERE facet = %d"
        " AND code < (SELECT max(code) FROM facet_word WHERE facet = %d)"
        " AND code NOT IN (SELECT coalesce(%s, 0) FROM facet);"
        "UPDATE facet_word SET word = '(gone)' WHERE facet = %d"
        " AND code = (SELECT max(code) FROM facet_word WHERE facet = %d)"
        " AND NOT EXISTS(SELECT 1 FROM facet WHERE %s = facet_word.code)",
        (int)facet, (int)facet, name, (int)facet, (int)facet, name);
    enum err err = db_exec(db, buf_cstr(&sql));
    buf_free(&sql);
    return err;
}

/* After its word has gone. */
static enum err drop_nodes(struct db *db)
{
    struct db_statement *s = db_statement_new(db,
        "DELETE FROM node WHERE NOT EXISTS(SELECT 1 FROM facet_word"
        " WHERE facet = ?1 AND word = name)");
    if (s == NULL)
        return ERR_STATE;
    db_bind_int(s, 1, FACET_NODE);
    enum err err = db_run(s);
    db_statement_free(&s);
    return err;
}

/* Outside of a transaction.  Who reads just now holds it up. */
static enum err empty_log(struct db *db, int64_t *step)
{
    int64_t is_busy = 1;
    enum err err = db_get_int(db, "PRAGMA wal_checkpoint(TRUNCATE)", &is_busy);
    if (err == OK && !is_busy) {
        *step = STEP_WAIT;
        err = set_step(db, *step);
    }
    if (err == OK && !is_busy)
        log_event(LOG_INFO, "store.deleted-words-purged");
    return err;
}

static enum err run(struct db *db, int64_t now_ms, int64_t *step)
{
    enum err err = OK;
    switch (*step) {
    case STEP_WAIT:
        return begin_if_due(db, now_ms, step);
    case STEP_MERGE_FIRST:
    case STEP_MERGE:
        return merge(db, step);
    case STEP_NODES:
        ++*step;
        return drop_nodes(db);
    default:
        err = drop_words(db, (enum facet)(*step - STEP_WORDS));
        ++*step;
        return err;
    }
}

enum err purge_step(
    struct db *db, int64_t now_ms, bool *more_out, bool *words_out)
{
    int64_t step = 0, before;
    enum err err = db_get_int(db, "SELECT step FROM purge", &step);
    before = step;
    if (err != OK)
        return err;
    *words_out = step >= STEP_WORDS && step < STEP_NODES;
    if (step >= STEP_EMPTY_LOG) {
        err = empty_log(db, &step);
    } else if ((err = db_begin(db)) == OK) {
        err = run(db, now_ms, &step);
        if (err == OK && step != before)
            err = set_step(db, step);
        if (err == OK)
            err = db_commit(db);
        if (err != OK)
            db_rollback(db);
    }
    *more_out |= step != STEP_WAIT;
    return err;
}
