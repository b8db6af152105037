/*
 * A regular expression of somebody else's rules (Go's RE2, Rust's regex) as
 * one of ours: the expression itself in PCRE2's words, and what stands in
 * every match of it and can be looked for in one pass (the anchors of
 * docs/detectors.md).
 */
#ifndef INSPECT_IMPORT_REGEX_H
#define INSPECT_IMPORT_REGEX_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"

enum { IMPORT_ANCHORS_MAX = 48 };

struct import_regex {
    struct arena arena;
    struct str match; /* without (?x), its blanks and comments */
    struct str anchors[IMPORT_ANCHORS_MAX];
    size_t anchor_count; /* 0: nothing literal is in every match */
    bool is_first;       /* the match begins where an anchor does */
    /* Bytes; SIZE_MAX: without bound. */
    size_t before; /* from the match's start to an anchor's end */
    size_t after;  /* from there to the match's end */
    unsigned groups;
    const char *trouble; /* why it cannot be taken; NULL: it can */
};

/* value_group: the capturing group that is the value; 0: the one named TOKEN,
 * else the first, else everything. */
void import_regex_read(
    struct str source, unsigned value_group, struct import_regex *out);
void import_regex_free(struct import_regex *regex);

#endif
