/*
 * Retention in small steps: a delete of many rows would hold the write lock
 * and grow the WAL, and the indexer behind it would fall back.
 */
#include "store/retain.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "store/audit.h"
#include "store/incident_rows.h"
#include "store/name_rows.h"

static const int64_t DAY_MS = INT64_C(24) * 3600 * 1000;

static uint64_t journal_bytes(struct str folder)
{
    struct journal_segments list;
    uint64_t sum = 0;
    if (journal_list(folder, &list) != OK)
        return 0;
    for (size_t i = 0; i < list.count; i++)
        sum += list.items[i].bytes;
    mem_free(list.items);
    return sum;
}

static enum err used_bytes(struct db *db, int64_t *bytes_out)
{
    int64_t pages = 0, free_pages = 0, page_bytes = 0;
    enum err err = db_get_int(db, "PRAGMA page_count", &pages);
    if (err == OK)
        err = db_get_int(db, "PRAGMA freelist_count", &free_pages);
    if (err == OK)
        err = db_get_int(db, "PRAGMA page_size", &page_bytes);
    *bytes_out = (pages - free_pages) * page_bytes;
    return err;
}

/* sql_where has one parameter and picks the rows' seq. */
static enum err delete_rows(struct db *db, const char *sql, int64_t parameter)
{
    struct db_statement *s = db_statement_new(db, sql);
    if (s == NULL)
        return ERR_STATE;
    db_bind_int(s, 1, parameter);
    enum err err = db_run(s);
    db_statement_free(&s);
    return err;
}

static enum err delete_picked(struct db *db, const char *pick_sql,
    int64_t parameter, int64_t *deleted_out)
{
    *deleted_out = 0;
    enum err err = db_begin(db);
    if (err != OK)
        return err;
    err = db_exec(db, "CREATE TEMP TABLE IF NOT EXISTS picked(seq INTEGER);"
                      "DELETE FROM temp.picked");
    if (err == OK)
        err = delete_rows(db, pick_sql, parameter);
    if (err == OK)
        err = db_exec(db, "DELETE FROM evidence WHERE seq IN"
                          " (SELECT seq FROM temp.picked);"
                          "DELETE FROM finding WHERE seq IN"
                          " (SELECT seq FROM temp.picked);"
                          "INSERT INTO search_index(search_index, rowid, text)"
                          " SELECT 'delete', seq, text FROM search"
                          " WHERE seq IN (SELECT seq FROM temp.picked);"
                          "DELETE FROM search WHERE seq IN"
                          " (SELECT seq FROM temp.picked);"
                          "DELETE FROM activity WHERE seq IN"
                          " (SELECT seq FROM temp.picked)");
    if (err == OK)
        *deleted_out = db_changes(db);
    if (err == OK)
        err = db_commit(db);
    if (err != OK)
        db_rollback(db);
    return err;
}

static enum err give_pages_back(struct db *db, bool *more_out)
{
    int64_t free_pages = 0;
    enum err err = db_get_int(db, "PRAGMA freelist_count", &free_pages);
    if (err != OK || free_pages == 0)
        return err;
    *more_out |= free_pages > RETAIN_PAGES_PER_STEP;
    return db_exec(db, "PRAGMA incremental_vacuum(1000)");
}

static enum err retain_by_age(struct db *db,
    const struct retain_options *options, int64_t now_ms, bool *more_out)
{
    int64_t deleted = 0;
    if (options->days <= 0)
        return OK;
    enum err err = delete_picked(db,
        "INSERT INTO temp.picked SELECT seq FROM activity"
        " WHERE time_ms < ?1 ORDER BY time_ms LIMIT 500",
        now_ms - options->days * DAY_MS, &deleted);
    *more_out |= deleted == RETAIN_ROWS_PER_STEP;
    return err;
}

static enum err retain_by_size(struct db *db, struct str folder,
    const struct retain_options *options, bool *more_out)
{
    int64_t used = 0, deleted = 0;
    if (options->bytes <= 0)
        return OK;
    enum err err = used_bytes(db, &used);
    if (err != OK || used + (int64_t)journal_bytes(folder) <= options->bytes)
        return err;
    err = delete_picked(db,
        "INSERT INTO temp.picked SELECT seq FROM activity"
        " ORDER BY time_ms LIMIT ?1",
        RETAIN_ROWS_PER_STEP, &deleted);
    *more_out |= deleted > 0;
    return err;
}

enum err retain_rows(struct db *db, struct str folder,
    const struct retain_options *options, int64_t now_ms, bool *more_out)
{
    *more_out = false;
    enum err err = retain_by_age(db, options, now_ms, more_out);
    if (err == OK)
        err = retain_by_size(db, folder, options, more_out);
    if (err == OK)
        err = audit_retain(db, options, now_ms);
    if (err == OK)
        err = incident_retain(db);
    if (err == OK)
        err = name_rows_retain(db);
    if (err == OK)
        err = give_pages_back(db, more_out);
    return err;
}

enum err retain_waiting(
    struct db *db, const struct retain_options *options, int64_t now_ms)
{
    if (options->wait_ms <= 0)
        return OK;
    struct db_statement *s =
        db_statement_new(db, "UPDATE activity SET state = 1 WHERE state = 0"
                             " AND outcome IS NOT NULL AND time_ms <= ?1");
    if (s == NULL)
        return ERR_STATE;
    db_bind_int(s, 1, now_ms - options->wait_ms);
    enum err err = db_run(s);
    db_statement_free(&s);
    return err;
}

/* ---- journal ---- */

static uint64_t rebuild_bytes(const struct retain_options *options)
{
    uint64_t bytes = RETAIN_REBUILD_BYTES;
    if (options->bytes > 0 && (uint64_t)options->bytes / 8 < bytes)
        bytes = (uint64_t)options->bytes / 8;
    return bytes;
}

static enum err delete_segment(
    struct str folder, const struct journal_segment *segment, bool is_indexed)
{
    enum err err = journal_delete(folder, segment->number);
    if (err != OK)
        log_event(LOG_ERROR, "journal.cannot-delete",
            LOG_INT("segment", segment->number),
            LOG_CSTR("error", strerror(errno)));
    else if (!is_indexed)
        log_event(LOG_ERROR, "journal.unindexed-segment-deleted",
            LOG_INT("segment", segment->number),
            LOG_INT("bytes", segment->bytes),
            LOG_CSTR("reason", "journal is over retention.bytes"));
    return err;
}

enum err retain_journal(struct str folder, struct journal_position indexed,
    uint64_t current_segment, const struct retain_options *options,
    int64_t now_ms)
{
    struct journal_segments list;
    uint64_t total = 0;
    enum err err = journal_list(folder, &list);
    for (size_t i = 0; i < list.count; i++)
        total += list.items[i].bytes;
    for (size_t i = 0; i < list.count && err == OK; i++) {
        const struct journal_segment *s = &list.items[i];
        bool is_indexed = s->number < indexed.segment;
        bool is_old = options->days > 0 &&
                      s->changed_ms < now_ms - options->days * DAY_MS;
        bool is_spare = total > rebuild_bytes(options);
        bool is_too_much =
            options->bytes > 0 && total > (uint64_t)options->bytes;
        if (s->number >= current_segment)
            break;
        if (is_indexed ? !is_old && !is_spare : !is_too_much)
            break;
        err = delete_segment(folder, s, is_indexed);
        total -= s->bytes;
    }
    mem_free(list.items);
    return err;
}
