/*
 * Inside the detection engine: a scan while it runs.  Shared by scan_hs.c
 * (slices, anchors), scan_digits.c, scan_shapes.c and scan_tokens.c (where
 * candidates come from) and scan_judge.c (what becomes of them).
 */
#ifndef INSPECT_SCAN_JOB_H
#define INSPECT_SCAN_JOB_H

#include <hs/hs.h>
#include <sodium.h>

#include "inspect/norm.h"
#include "inspect/rule.h"
#include "inspect/scan.h"

struct scanner {
    const struct rules *rules;
    hs_database_t *database;
    hs_scratch_t *scratch;
    struct regex_scratch *regex_scratch;
    unsigned char key[crypto_shorthash_KEYBYTES];
};

/* id is an anchor; for digits `first` is where the first hit of a run ended. */
struct event {
    size_t end, first;
    uint32_t id;
};

struct events {
    struct event *items;
    size_t count, cap;
};

struct scan_job {
    struct scanner *scanner;
    struct str source;
    enum where where;
    struct findings *out;
    size_t first; /* findings of this job start here */
    /* The view that is being scanned. */
    struct str text;
    bool is_second, is_scanned;
    struct norm norm;
    size_t pos; /* bytes of the view scanned so far */
    bool has_high_bytes;
    struct events anchors, words, runs;
    size_t slice_start;
    size_t *done; /* by rule: confirmed up to here */
    size_t digits_done, shapes_done, tokens_done;
    size_t number_end; /* of the last number found in digits; 0: none */
};

struct candidate {
    const struct rule *rule;
    const struct pattern *pattern;
    size_t start, end; /* in the view */
    struct str value;  /* digits and shapes: without separators */
    bool is_glued; /* a letter stands next to a number, or more of its like */
};

/* Whether it is one; true: a finding, or nothing that should be tried again
 * as something else. */
bool judge(struct scan_job *job, struct candidate *c);

/* The index of the first word that ends at `from` or behind it. */
size_t word_at(const struct scan_job *job, size_t from);
/* Drops short words inside other ones, of those from this index on. */
void filter_words(struct scan_job *job, size_t from);

/* What begins before `limit` and was not looked at yet. */
void walk_run(struct scan_job *job, const struct event *run, size_t limit);
void walk_shapes(struct scan_job *job, size_t limit);
void walk_tokens(struct scan_job *job, size_t limit);

#endif
