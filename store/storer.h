/*
 * The storer role's core: appends records to the journal by write(2),
 * acknowledges, and has an indexer (a thread of its own) bring them into
 * SQLite in batches; retention.  A locked, slow or broken SQLite delays no
 * acknowledgement.
 *
 * storer_open belongs before the sandbox closes, storer_begin behind it.
 * Later on, files below its folder are still opened by path: new journal
 * segments, store.db with its -wal and -shm.
 */
#ifndef STORE_STORER_H
#define STORE_STORER_H

#include <stdbool.h>

#include "store/record.h"

struct alert_rules;
struct storer;

struct storer_options {
    struct str folder; /* there already; nothing outside it is opened */
    bool fsync_group;
    int64_t retention_days, retention_bytes;
    int64_t wait_ms;            /* retain_options */
    struct alert_rules *alerts; /* or NULL; a reference is taken */
};

/* ERR_IO, ERR_PARSE: with a clear line in the log (damaged store, no right to
 * write). A damaged journal tail (crash in mid-append) is cut, with a log
 * line. */
enum err storer_open(
    const struct storer_options *options, struct storer **storer_out) MUST_USE;
void storer_close(struct storer **storer); /* flushes the indexer */
void storer_set_options(struct storer *storer,
    const struct storer_options *options); /* reload; the folder stays */

/* Origins (worker instances) that live now; every open record of another one
 * is closed with outcome failure.  Call once after storer_open, and after the
 * sandbox is closed: the indexer's thread starts here, and inherits it. */
void storer_begin(struct storer *storer, const uint64_t *live, size_t count);

/* Who may send what: a worker all but AUDIT, the console AUDIT alone, a command
 * of root or of the store's own user both. */
enum storer_peer { STORER_WORKER, STORER_CONSOLE, STORER_COMMAND };
/* A datagram of a peer; memfd: -1, or the payload (closed here).  Nothing is
 * durable and nothing is answered before storer_commit. */
void storer_handle(struct storer *storer, unsigned peer, enum storer_peer kind,
    struct str datagram, int memfd);
typedef void storer_emit_fn(void *context, unsigned peer, struct str answer);
/* Appends everything handled since the last call with one write (and one
 * fdatasync under fsync: group), then emits the answers. */
void storer_commit(struct storer *storer, storer_emit_fn *emit, void *context);
/* A worker instance has ended. */
void storer_origin_gone(struct storer *storer, uint64_t origin);

#endif
