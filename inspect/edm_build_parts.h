/*
 * An image while it is made: inspect/edm_build.c takes the rows,
 * inspect/edm_sections.c writes.  No one else includes it.
 */
#ifndef INSPECT_EDM_BUILD_PARTS_H
#define INSPECT_EDM_BUILD_PARTS_H

#include "base/buf.h"
#include "inspect/edm_build.h"
#include "inspect/edm_image.h"

enum {
    GATES = 3, /* the first sections */
    GATE_WORDS = EDM_GATE_REGIONS * EDM_GATE_BITS_MAX / 64,
};

struct edm_u64s {
    uint64_t *items;
    size_t count, cap;
};

struct edm_pair { /* an entry while it is made */
    uint64_t hash;
    uint32_t id;
};

struct edm_first {
    uint64_t hash; /* 0: free */
    uint16_t lengths, flags;
};

struct edm_build {
    struct edm_build_options options;
    struct edm_image head;
    struct edm_u64s cells;     /* by row and column; 0: none */
    struct edm_u64s spellings; /* pairs: of the spelling, of the value */
    struct edm_u64s cheap;     /* edm_hash of every spelling, for the filter */
    struct edm_u64s pairs;     /* edm_hash_pair of first and next words */
    struct edm_first *starts;
    size_t start_count, start_cap;
    uint64_t *gates[GATES]; /* by enum edm_section */
    struct edm_build_report report;
    uint64_t value_hash; /* of the cell that is being added */
    /* By column: values that were there already, so that a column of few
     * (dates, towns) does not spell them out again in each row. */
    uint64_t *recent;
};

struct edm_numbers {
    uint64_t *values; /* sorted; a value's number is its place */
    uint32_t count;
    uint32_t *ids; /* of every cell */
    struct edm_pair *entries;
    size_t entry_count;
};

/* Each appends its section and notes it in the head.  The values' hashes are
 * sorted by then, each there once. */
void edm_append_gates(struct edm_build *b, struct buf *out);
void edm_append_starts(struct edm_build *b, struct buf *out);
void edm_append_pairs(struct edm_build *b, struct buf *out);
void edm_append_filter(struct edm_build *b, struct buf *out);
void edm_append_entries(
    struct edm_build *b, const struct edm_numbers *n, struct buf *out);
/* Posts, lists, masks and the rows themselves; reports the columns. */
void edm_append_rows(
    struct edm_build *b, struct edm_numbers *n, uint32_t rows, struct buf *out);

#endif
