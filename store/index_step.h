/*
 * One transaction of the indexer: some journal entries into rows, and the
 * journal position with them, so that each entry counts exactly once however
 * often a process dies.  The position is read inside the transaction: several
 * indexers (a storer and a command, say) cannot harm each other.
 */
#ifndef STORE_INDEX_STEP_H
#define STORE_INDEX_STEP_H

#include "store/indexer.h"

struct index_step;

struct index_step *index_step_new(
    struct str folder, struct journal *journal /* or NULL */);
/* Rules of alerts from the next transaction on; a reference is taken. */
void index_step_set_alerts(struct index_step *step, struct alert_rules *rules);
void index_step_free(struct index_step **step);
/* OK: *count_out entries were indexed (INDEXER_BATCH_MAX at most).
 * ERR_AGAIN: locked, later. ERR_IO: cannot be opened or written now. Errors
 * are logged when they begin and when they end. A damaged database is
 * quarantined and rebuilt from the journal. */
enum err index_step_run(struct index_step *step, size_t *count_out) MUST_USE;
/* NULL while it cannot be opened. */
struct db *index_step_db(struct index_step *step);
/* Somebody else has changed the dictionary (store/purge.h). */
void index_step_forget(struct index_step *step);
struct journal_position index_step_position(const struct index_step *step);

#endif
