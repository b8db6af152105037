/*
 * See store/index_step.h.  The connection is opened at first use and again
 * after every error that is not a lock.
 */
#include "store/index_step.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/mem.h"
#include "store/alert_rules.h"
#include "store/index_batch.h"
#include "store/upsert.h"

enum {
    BUSY_MS = 20,
    TURN_US = 300,       /* of work, and then asleep for */
    GIVE_WAY_NS = 20000, /* and what the kernel's timers add, some 50 us */
};

struct index_step {
    char *folder;
    struct journal *journal;
    struct db *db;
    struct upsert *upsert;
    struct journal_reader *reader;
    struct journal_position position; /* the reader's, and the database's */
    bool was_checked;                 /* position against the journal */
    enum err trouble;                 /* logged already */
    struct alert_rules *alerts;
    bool has_alerts; /* upsert has them */
};

struct index_step *index_step_new(struct str folder, struct journal *journal)
{
    struct index_step *s = MEM_NEW(struct index_step);
    s->folder = mem_memdup0(folder.p, folder.n);
    s->journal = journal;
    return s;
}

static void disconnect(struct index_step *s)
{
    journal_reader_free(&s->reader);
    upsert_free(&s->upsert);
    s->has_alerts = false;
    db_close(&s->db);
}

void index_step_free(struct index_step **step)
{
    if (*step == NULL)
        return;
    disconnect(*step);
    alert_rules_unref(&(*step)->alerts);
    mem_free((*step)->folder);
    mem_free(*step);
    *step = NULL;
}

/* With the next transaction.  The connection stays, and with it the pages that
 * it has read: every reload brings rules, most of them those from before. */
void index_step_set_alerts(struct index_step *s, struct alert_rules *rules)
{
    if (s->alerts == rules)
        return;
    alert_rules_unref(&s->alerts);
    s->alerts = alert_rules_ref(rules);
    s->has_alerts = false;
}

struct db *index_step_db(struct index_step *s)
{
    return s->db;
}

void index_step_forget(struct index_step *s)
{
    if (s->upsert != NULL)
        upsert_forget(s->upsert);
}

struct journal_position index_step_position(const struct index_step *s)
{
    return s->position;
}

static enum err connect_db(struct index_step *s)
{
    enum err err = OK;
    if (s->db == NULL)
        err = db_open(str_of(s->folder), DB_WRITE, BUSY_MS, &s->db);
    if (err == OK && s->upsert == NULL)
        err = upsert_new(s->db, &s->upsert);
    if (err == OK && !s->has_alerts)
        err = upsert_set_alerts(s->upsert, s->alerts);
    s->has_alerts = err == OK;
    return err;
}

/* A journal that ends before the position is another one (someone deleted
 * it): index it from its start, applying entries twice does no harm. */
static enum err check_position(
    struct index_step *s, struct journal_position *position)
{
    struct journal_segments list;
    if (s->was_checked)
        return OK;
    enum err err = journal_list(str_of(s->folder), &list);
    uint64_t last = list.count > 0 ? list.items[list.count - 1].number : 0;
    mem_free(list.items);
    if (err != OK)
        return err;
    s->was_checked = true;
    if (last != 0 && position->segment > last) {
        log_event(LOG_ERROR, "store.journal-replaced",
            LOG_INT("indexed_segment", position->segment),
            LOG_INT("last_segment", last));
        *position = (struct journal_position){0};
    }
    return OK;
}

/* Inside the transaction: continue where the database is. */
static enum err take_position(struct index_step *s)
{
    struct journal_position position;
    enum err err = db_get_position(s->db, &position);
    if (err == OK)
        err = check_position(s, &position);
    if (err != OK)
        return err;
    if (s->reader == NULL ||
        journal_position_compare(position, s->position) != 0) {
        journal_reader_free(&s->reader);
        upsert_forget(s->upsert);
        s->reader = journal_reader_new(str_of(s->folder), s->journal, position);
        s->position = position;
    }
    return OK;
}

/* An entry that is refused is not the database's state: it must not stop the
 * rest, nor take what it superseded with it. */
static enum err put_item(
    struct index_step *s, const struct index_batch *batch, size_t index)
{
    const struct index_item *item = &batch->items[index];
    enum err err = upsert_entry(s->upsert, &item->entry);
    while (err == ERR_STATE) {
        log_event(LOG_ERROR, "store.record-refused",
            LOG_CSTR("id", item->entry.id), LOG_CSTR("error", db_error(s->db)));
        if (item->instead_of == 0)
            return OK;
        item = &batch->items[item->instead_of - 1];
        err = upsert_entry(s->upsert, &item->entry);
    }
    return err;
}

/* A batch takes milliseconds, as many as the scheduler gives at a time: a
 * worker that is woken on this processor would wait for all of them, and a
 * prompt with it.  Who sleeps keeps his share, unlike with sched_yield, so that
 * the index does not fall behind on a full machine. */
static void give_way(const struct index_step *s, uint64_t *since_us)
{
    uint64_t now = clock_mono_us();
    if (s->journal == NULL || now - *since_us < TURN_US)
        return;
    nanosleep(&(struct timespec){0, GIVE_WAY_NS}, NULL);
    *since_us = clock_mono_us();
}

/* *at_out: behind what was taken; *is_all_out: the journal has no more. */
static enum err take_entries(struct index_step *s, struct index_batch *batch,
    struct journal_position *at_out, bool *is_all_out)
{
    struct journal_entry entry;
    enum err err = OK;
    while (batch->count < INDEXER_BATCH_MAX &&
           batch->bytes < INDEXER_BATCH_BYTES) {
        err = journal_read(s->reader, &entry, at_out);
        if (err != OK)
            break;
        index_batch_add(batch, &entry);
    }
    *is_all_out = err == ERR_AGAIN;
    return err == ERR_AGAIN ? OK : err;
}

static enum err put_batch(struct index_step *s, const struct index_batch *batch)
{
    uint64_t since_us = clock_mono_us();
    enum err err = OK;
    for (size_t i = 0; i < batch->count && err == OK; i++) {
        if (batch->items[i].is_superseded)
            continue;
        err = put_item(s, batch, i);
        give_way(s, &since_us);
    }
    return err;
}

static enum err put_entries(
    struct index_step *s, size_t *count_out, bool *is_all_out)
{
    struct index_batch batch = {.items = NULL};
    struct journal_position at = s->position;
    enum err err = take_entries(s, &batch, &at, is_all_out);
    if (err == OK)
        err = put_batch(s, &batch);
    *count_out = batch.count;
    index_batch_free(&batch);
    if (err != OK)
        return err;
    bool has_moved = journal_position_compare(at, s->position) != 0;
    s->position = at;
    return has_moved ? db_set_position(s->db, at) : OK;
}

static enum err run_transaction(struct index_step *s, size_t *count_out)
{
    bool is_all = false;
    enum err err = connect_db(s);
    if (err == OK)
        err = db_begin(s->db);
    if (err != OK)
        return err;
    err = take_position(s);
    if (err == OK)
        err = put_entries(s, count_out, &is_all);
    if (err == OK && is_all)
        err = upsert_complete_standing(s->upsert, clock_wall_ms(), count_out);
    if (err == OK && *count_out == 0)
        err = upsert_fill(s->upsert, count_out);
    if (err == OK)
        err = upsert_flush(s->upsert);
    if (err == OK)
        err = db_commit(s->db);
    if (err != OK) {
        db_rollback(s->db);
        if (s->upsert != NULL)
            upsert_forget(s->upsert);
        journal_reader_free(&s->reader);
        *count_out = 0;
    }
    return err;
}

static void note_trouble(struct index_step *s, enum err err)
{
    if (err == s->trouble || (err == ERR_AGAIN && s->trouble != OK))
        return;
    if (err == OK)
        log_event(LOG_INFO, "store.usable-again");
    else if (err == ERR_AGAIN)
        log_event(LOG_WARN, "store.locked",
            LOG_CSTR("effect", "records wait in the journal"));
    else
        log_event(LOG_ERROR, "store.cannot-index",
            LOG_CSTR("reason", err_name(err)),
            LOG_CSTR("error", db_error(s->db)),
            LOG_CSTR("effect", "records wait in the journal"));
    s->trouble = err;
}

enum err index_step_run(struct index_step *s, size_t *count_out)
{
    *count_out = 0;
    enum err err = run_transaction(s, count_out);
    note_trouble(s, err);
    if (err == OK || err == ERR_AGAIN)
        return err;
    disconnect(s);
    if (err == ERR_PARSE) {
        err = db_quarantine(str_of(s->folder));
        if (err == OK)
            log_event(LOG_ERROR, "store.rebuilding",
                LOG_CSTR("from", "the journal segments that are left"));
    }
    return err;
}
