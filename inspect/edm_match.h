/*
 * Inside exact data match: values that were found near each other, and the
 * rows that have enough of them.  A row counts when one of its values found is
 * rare enough to lead to it; frequent ones ("Smith") only add to it.
 *
 * Bounded: so many of the last values, so many rows that may still grow.
 */
#ifndef INSPECT_EDM_MATCH_H
#define INSPECT_EDM_MATCH_H

#include "inspect/edm_image.h"

enum {
    EDM_HITS = 64,
    EDM_OPEN_MAX = 32,
    EDM_DETECTORS_MAX = 64,
    EDM_NEAR = 4096
};

struct edm_hit {
    size_t start, end;
    uint32_t id;
    uint32_t columns; /* it stands in, as bits */
    bool is_rare;
};

struct edm_matcher {
    const struct edm_index *index;
    struct str text;
    struct {
        const struct edm_detector *rule;
        size_t number; /* of all detectors */
    } detectors[EDM_DETECTORS_MAX];
    size_t detector_count;
    uint64_t columns;              /* that any of them asks for */
    size_t reach;                  /* bytes: no detector looks further back */
    struct edm_hit hits[EDM_HITS]; /* a ring, oldest at `first` */
    size_t first, count;
    unsigned char near[EDM_NEAR]; /* hits by the lower bits of their id */
    struct edm_match open[EDM_OPEN_MAX];
    size_t open_count;
    size_t work; /* rows looked at since the owner set it to 0 */
    edm_match_fn *on_match;
    void *owner;
};

void edm_matcher_init(struct edm_matcher *m, const struct edm_index *index,
    const struct edm_detector *detectors, size_t count, size_t index_number,
    struct str text, edm_match_fn *on_match, void *owner);
/* In the order of their starts. */
void edm_matcher_add(
    struct edm_matcher *m, size_t start, size_t end, uint32_t id);
/* Tells what cannot grow any more: all values that start before `at` are
 * known. */
void edm_matcher_tell(struct edm_matcher *m, size_t at);

#endif
