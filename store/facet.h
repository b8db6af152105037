/*
 * The narrow table beside the activities: what people filter and count by, as
 * small integers, in the order of time.  One walk over a million of its rows
 * takes a fraction of a second; the wide rows are read only where shown.
 *
 * A value is a code of the dictionary facet_word (0: has none).  Of what an
 * activity may have several (types, detectors, kinds of files) the set is one
 * value: its members sorted, each behind a FACET_JOIN.
 *
 * Beside the codes: how many files it has and how many bytes went up or came
 * down with it, of its text or, where it is about files, of these.  Files of a
 * prompt that have an id were uploaded before: they count there.
 *
 * Kept by the indexer in the transaction of the activity itself; triggers
 * (store/schema.c) take rows away with theirs.  Text to search in goes into
 * `search` and its FTS5 index `search_index`; whoever deletes activities
 * deletes it.
 */
#ifndef STORE_FACET_H
#define STORE_FACET_H

#include <jansson.h>

#include "store/db_sqlite.h"

enum facet {
    FACET_SERVICE,
    FACET_INSTANCE, /* workspace or organization of the actor */
    FACET_ACTIVITY,
    FACET_CATEGORY,
    FACET_USER,
    FACET_VERDICT,
    FACET_SEVERITY,
    FACET_OUTCOME,
    FACET_RULE,
    FACET_MODEL,
    FACET_VIA,
    FACET_NETWORK, /* address of the actor */
    FACET_HOST,
    FACET_TYPE,
    FACET_DETECTOR,
    FACET_FILE_TYPE,
    FACET_NODE, /* which wrote the record */
    FACET_COUNT,
};

enum {
    FACET_WORD_MAX = 256,      /* bytes; longer ones are cut */
    FACET_WORDS_MAX = 1000000, /* of one facet; more count as FACET_MORE */
    FACET_SET_MAX = 64,        /* members; more are left out */
    FACET_TEXT_MAX = 4096,     /* bytes of text to search in */
    FACET_NODES_MAX = 1000,    /* more have no row in `node` */
    FACET_FILL_ROWS = 1000,    /* a transaction, after a change of the tables */
};
#define FACET_MORE "(more)"
#define FACET_JOIN '\n'

/* "service" …: the column, and what filters call it. */
extern const char *const facet_names[FACET_COUNT];
/* FACET_COUNT: none of that name. */
enum facet facet_of(struct str name);
bool facet_is_set(enum facet facet);
/* The part of a word that is kept. */
struct str facet_cut(struct str word);

struct facets; /* prepared statements of one connection, codes seen */

enum err facets_new(struct db *db, struct facets **facets_out) MUST_USE;
void facets_free(struct facets **facets);
/* After a rollback: codes given in it are not in the dictionary, and its texts
 * are not to be written. */
void facets_forget(struct facets *facets);
/* The row of an activity, within its transaction.  seen_ms: now; 0: it was
 * stored long ago. */
enum err facets_put(struct facets *facets, int64_t seq, int64_t time_ms,
    struct str severity, const json_t *activity, int64_t seen_ms) MUST_USE;
/* The texts to search in of all that were put: before the transaction's end. */
enum err facets_flush(struct facets *facets) MUST_USE;
/* Rows of a store that is older than these tables, newest first; *count_out:
 * 0: all have theirs.  Within a transaction. */
enum err facets_fill(struct facets *facets, size_t *count_out) MUST_USE;

/* store/upsert.c: its own, or the highest of its findings. */
struct str upsert_severity(const json_t *activity);

#endif
