/*
 * The thread around index_step.c: when it runs, how it backs off, when it
 * cleans up; and catching up from a command.
 */
#include "store/indexer.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/stats.h"
#include "store/alert_rules.h"
#include "store/index_step.h"
#include "store/purge.h"

struct indexer {
    char *folder;
    struct journal *journal;
    struct index_step *step; /* the thread's */
    uint64_t retain_at_ms;   /* the thread's */
    uint64_t waiting_at_ms;  /* the thread's */
    pthread_t thread;
    pthread_mutex_t mutex; /* of what follows */
    pthread_cond_t changed;
    bool has_news, must_stop;
    bool waits_for_news; /* else news need not wake it */
    bool has_new_bounds; /* of retention: not to be waited for */
    struct retain_options options;
    struct alert_rules *alerts;
};

static void wait_ms(struct indexer *ix, unsigned ms, bool until_news)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    until.tv_sec += (time_t)(ms / 1000) + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&ix->mutex);
    ix->waits_for_news = until_news;
    while (!ix->must_stop && !(until_news && ix->has_news))
        if (pthread_cond_timedwait(&ix->changed, &ix->mutex, &until) != 0)
            break;
    ix->waits_for_news = false;
    ix->has_news = false;
    pthread_mutex_unlock(&ix->mutex);
}

static bool must_stop(struct indexer *ix, struct retain_options *options_out)
{
    pthread_mutex_lock(&ix->mutex);
    bool stop = ix->must_stop;
    *options_out = ix->options;
    if (ix->has_new_bounds)
        ix->retain_at_ms = 0;
    ix->has_new_bounds = false;
    index_step_set_alerts(ix->step, ix->alerts);
    pthread_mutex_unlock(&ix->mutex);
    return stop;
}

/* Returns the bytes that wait. */
static uint64_t publish_lag(struct indexer *ix)
{
    struct journal_segments list;
    if (journal_list(str_of(ix->folder), &list) != OK)
        return 0;
    uint64_t lag = journal_bytes_after(&list, index_step_position(ix->step));
    mem_free(list.items);
    stats_set(STAT_INDEX_LAG_BYTES, (int64_t)lag);
    return lag;
}

static enum err retain_db(struct indexer *ix, struct db *db,
    const struct retain_options *options, bool *more_out)
{
    bool has_dropped = false;
    int64_t now = clock_wall_ms();
    enum err err = retain_rows(db, str_of(ix->folder), options, now, more_out);
    if (err == OK)
        err = purge_step(db, now, more_out, &has_dropped);
    if (has_dropped)
        index_step_forget(ix->step);
    return err;
}

static void retain_if_due(
    struct indexer *ix, const struct retain_options *options)
{
    bool has_more = false;
    if (clock_mono_ms() < ix->retain_at_ms)
        return;
    struct db *db = index_step_db(ix->step);
    enum err err = db != NULL ? retain_db(ix, db, options, &has_more) : OK;
    if (err != OK && err != ERR_AGAIN)
        log_event(LOG_ERROR, "store.retention-failed",
            LOG_CSTR("error", db_error(db)));
    if (retain_journal(str_of(ix->folder), index_step_position(ix->step),
            journal_end(ix->journal).segment, options, clock_wall_ms()) != OK)
        has_more = false;
    ix->retain_at_ms = clock_mono_ms() +
                       (has_more || err == ERR_AGAIN ? 200 : INDEXER_RETAIN_MS);
}

static void close_waiting_if_due(
    struct indexer *ix, const struct retain_options *options)
{
    struct db *db = index_step_db(ix->step);
    if (db == NULL || clock_mono_ms() < ix->waiting_at_ms)
        return;
    ix->waiting_at_ms = clock_mono_ms() + INDEXER_WAITING_MS;
    enum err err = retain_waiting(db, options, clock_wall_ms());
    if (err != OK && err != ERR_AGAIN)
        log_event(LOG_ERROR, "store.cannot-close-waiting",
            LOG_CSTR("error", db_error(db)));
}

static void *run(void *context)
{
    struct indexer *ix = context;
    struct retain_options options;
    unsigned backoff_ms = 10;
    size_t count = 0;
    while (!must_stop(ix, &options)) {
        enum err err = index_step_run(ix->step, &count);
        publish_lag(ix);
        if (err != OK) {
            wait_ms(ix, backoff_ms, false);
            backoff_ms = backoff_ms < INDEXER_BACKOFF_MAX_MS / 2
                             ? backoff_ms * 2
                             : INDEXER_BACKOFF_MAX_MS;
        } else {
            backoff_ms = 10;
        }
        retain_if_due(ix, &options);
        close_waiting_if_due(ix, &options);
        if (err == OK && count < INDEXER_BATCH_MAX) {
            /* Wait for work, then let a batch gather. */
            if (count == 0)
                wait_ms(ix, INDEXER_BACKOFF_MAX_MS, true);
            wait_ms(ix, INDEXER_PAUSE_MS, false);
        }
    }
    return NULL;
}

struct indexer *indexer_start(struct str folder, struct journal *journal,
    const struct retain_options *options, struct alert_rules *alerts)
{
    sigset_t all, before;
    pthread_condattr_t attributes;
    struct indexer *ix = MEM_NEW(struct indexer);
    ix->folder = mem_memdup0(folder.p, folder.n);
    ix->journal = journal;
    ix->options = *options;
    ix->alerts = alert_rules_ref(alerts);
    ix->step = index_step_new(folder, journal);
    pthread_mutex_init(&ix->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&ix->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&ix->thread, NULL, run, ix);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0) {
        /* Like memory: without it the process makes no sense. */
        log_event(
            LOG_ERROR, "store.no-thread", LOG_CSTR("error", strerror(error)));
        _exit(1);
    }
    return ix;
}

void indexer_wake(struct indexer *ix)
{
    pthread_mutex_lock(&ix->mutex);
    ix->has_news = true;
    if (ix->waits_for_news)
        pthread_cond_signal(&ix->changed);
    pthread_mutex_unlock(&ix->mutex);
}

void indexer_set_options(
    struct indexer *ix, const struct retain_options *options)
{
    pthread_mutex_lock(&ix->mutex);
    ix->has_new_bounds |= ix->options.days != options->days ||
                          ix->options.bytes != options->bytes;
    ix->options = *options;
    pthread_mutex_unlock(&ix->mutex);
}

void indexer_set_alerts(struct indexer *ix, struct alert_rules *alerts)
{
    pthread_mutex_lock(&ix->mutex);
    struct alert_rules *before = ix->alerts;
    ix->alerts = alert_rules_ref(alerts);
    pthread_mutex_unlock(&ix->mutex);
    alert_rules_unref(&before);
}

static void index_rest(struct indexer *ix)
{
    uint64_t until = clock_mono_ms() + INDEXER_STOP_MS;
    size_t count = 0;
    enum err err;
    do {
        err = index_step_run(ix->step, &count);
        if (err == ERR_AGAIN)
            nanosleep(&(struct timespec){0, 20 * 1000000}, NULL);
    } while (clock_mono_ms() < until &&
             (err == ERR_AGAIN || (err == OK && count > 0)));
}

void indexer_stop(struct indexer **indexer)
{
    struct indexer *ix = *indexer;
    if (ix == NULL)
        return;
    pthread_mutex_lock(&ix->mutex);
    ix->must_stop = true;
    pthread_cond_signal(&ix->changed);
    pthread_mutex_unlock(&ix->mutex);
    pthread_join(ix->thread, NULL);
    index_rest(ix);
    publish_lag(ix);
    index_step_free(&ix->step);
    alert_rules_unref(&ix->alerts);
    pthread_cond_destroy(&ix->changed);
    pthread_mutex_destroy(&ix->mutex);
    mem_free(ix->folder);
    mem_free(ix);
    *indexer = NULL;
}

/* ---- commands ---- */

/* Bytes of the listed journal that are not indexed. */
static enum err find_lag(
    struct str folder, const struct journal_segments *list, uint64_t *lag_out)
{
    struct db *db = NULL;
    struct journal_position position = {0};
    enum err err = db_open(folder, DB_READ, 100, &db);
    if (err == OK)
        err = db_get_position(db, &position);
    db_close(&db);
    *lag_out = journal_bytes_after(list, position);
    return err == ERR_NOT_FOUND ? OK : err;
}

/* The lock is given back between transactions: a gateway that starts now
 * waits for one at most. */
static enum err index_unlocked(struct index_step *step, struct str folder,
    size_t *count_out, bool *is_live_out)
{
    int lock = -1;
    *is_live_out = journal_is_live(folder, &lock);
    enum err err = *is_live_out ? OK : index_step_run(step, count_out);
    if (lock >= 0)
        close(lock);
    return err;
}

static enum err wait_for_storer(
    struct str folder, const struct journal_segments *list, uint64_t until_ms)
{
    uint64_t lag = 0;
    for (;;) {
        enum err err = find_lag(folder, list, &lag);
        if ((err != OK && err != ERR_AGAIN) || (err == OK && lag == 0))
            return err;
        if (clock_mono_ms() >= until_ms)
            return ERR_TIMEOUT;
        nanosleep(&(struct timespec){0, 10 * 1000000}, NULL);
    }
}

enum err indexer_catch_up(
    struct str folder, struct alert_rules *alerts, unsigned ms)
{
    uint64_t until = clock_mono_ms() + ms;
    struct journal_segments list;
    bool is_live = false;
    size_t count = 0;
    enum err err = journal_list(folder, &list);
    if (err != OK || list.count == 0) {
        mem_free(list.items);
        return err;
    }
    struct index_step *step = index_step_new(folder, NULL);
    index_step_set_alerts(step, alerts);
    do {
        err = index_unlocked(step, folder, &count, &is_live);
        if (err == ERR_AGAIN)
            nanosleep(&(struct timespec){0, 10 * 1000000}, NULL);
    } while (!is_live && ((err == OK && count > 0) ||
                             (err == ERR_AGAIN && clock_mono_ms() < until)));
    index_step_free(&step);
    if (is_live)
        err = wait_for_storer(folder, &list, until);
    mem_free(list.items);
    return err == ERR_AGAIN ? ERR_TIMEOUT : err;
}
