/*
 * Brings the journal into the database: as a thread of the storer, and in one
 * go for commands while no gateway runs.  The database may be locked, slow,
 * full or damaged; nothing waits for it.
 */
#ifndef STORE_INDEXER_H
#define STORE_INDEXER_H

#include "store/retain.h"

enum {
    INDEXER_BATCH_MAX = 1000, /* entries a transaction */
    INDEXER_BATCH_BYTES = 16 << 20,
    INDEXER_PAUSE_MS = 50,         /* between transactions */
    INDEXER_BACKOFF_MAX_MS = 1000, /* while the database is locked */
    INDEXER_RETAIN_MS = 60 * 1000,
    INDEXER_WAITING_MS = 1000, /* between two looks at what waits */
    INDEXER_STOP_MS = 5000,    /* for the rest, at a clean stop */
};

struct alert_rules;
struct indexer;

/* Starts the thread (signals blocked). journal is borrowed and must outlive
 * it; of the rules of alerts (or NULL) a reference is taken. */
struct indexer *indexer_start(struct str folder, struct journal *journal,
    const struct retain_options *options, struct alert_rules *alerts);
/* Indexes what is left, at most INDEXER_STOP_MS, and joins. */
void indexer_stop(struct indexer **indexer);
void indexer_wake(struct indexer *indexer);
void indexer_set_options(
    struct indexer *indexer, const struct retain_options *options);
void indexer_set_alerts(struct indexer *indexer, struct alert_rules *alerts);

/* For commands: waits until what the journal holds now is indexed by the
 * running storer, or, when none runs, indexes it.  ERR_TIMEOUT: the index is
 * behind; ERR_IO, ERR_PARSE: logged.  alerts: the rules, where it indexes; or
 * NULL. */
enum err indexer_catch_up(
    struct str folder, struct alert_rules *alerts, unsigned wait_ms) MUST_USE;

#endif
