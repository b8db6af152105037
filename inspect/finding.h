/*
 * Helpers around struct finding (inspect/activity.h): masking, ranking, and
 * their form between processes.
 */
#ifndef INSPECT_FINDING_H
#define INSPECT_FINDING_H

#include "inspect/activity.h"

/* What may be shown of a value: at most the first and the last four
 * characters of a number, the first four of a token.  Lives in the arena. */
struct str finding_mask(struct arena *arena, struct str value, bool is_number);

/* Higher: more important.  By confidence, then severity. */
int finding_rank(const struct finding *f);

/* As findings_add; when full, the least important one gives way to a more
 * important one, so that a flood of weak findings hides nothing.  NULL:
 * nothing gave way. */
struct finding *findings_add_ranked(
    struct findings *f, enum level confidence, enum level severity);

/* A document whose text could not be had, or not all of it: why ("encrypted"),
 * and which member of it (empty: the file itself). */
void findings_add_unreadable(
    struct findings *f, const char *why, struct str where);

/* Whether one of the first `count` is of the same value, detector, place. */
bool findings_have(
    const struct findings *f, size_t count, const struct finding *one);
/* Those whose value is not there join. */
void findings_join(struct findings *f, const struct findings *more);

/* Those of one source, which is looked at once more. */
void findings_drop(struct findings *f, enum where where);

/* As bytes, and back; as many as fit into max. */
void findings_pack(const struct findings *f, size_t max, struct buf *out);
void findings_unpack(struct str bytes, struct findings *f);

#endif
