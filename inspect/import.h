/*
 * Rules of other scanners as detectors of ours: Kingfisher's and Nosey
 * Parker's YAML, gitleaks' TOML (docs/detectors.md says what becomes of
 * what).  Each rule is tried on its own examples before it is written; what
 * cannot be taken is reported, never dropped in silence.
 */
#ifndef INSPECT_IMPORT_H
#define INSPECT_IMPORT_H

#include "base/diag.h"
#include "inspect/activity.h"

enum import_format {
    IMPORT_AUTO, /* by the text: a [[rules]] is TOML */
    IMPORT_KINGFISHER,
    IMPORT_NOSEYPARKER,
    IMPORT_GITLEAKS,
};

struct import_options {
    enum import_format format;
    struct str type;     /* of all detectors: "vendor-key" */
    enum level severity; /* likewise */
};

/* A rule that works; strings in the arena. */
struct import_taken {
    struct str id, detector; /* YAML, without its examples */
    struct str *examples, *counter_examples;
    size_t example_count, counter_example_count;
};

struct import {
    struct buf yaml;   /* import_finish: the detectors, a list without head */
    struct buf report; /* "file:line: id: what was left out", one a line */
    size_t rules, taken, skipped, notes;
    size_t examples, examples_lost;
    struct arena arena;
    struct import_taken *items;
};

/* One file of rules; may be called for many.  Mistakes of the file itself
 * into diag. */
void import_read(struct import *import, const struct import_options *options,
    const char *file, struct str text, struct diag *diag);
/* Once, behind the last file: all of them together, and written.  Examples
 * that another rule takes from theirs are left out. */
void import_finish(struct import *import);
void import_free(struct import *import);

#endif
