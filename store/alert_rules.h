/*
 * alerts.yaml (docs/alerts.md) as a list of rules: which activities each one
 * looks at, and how many of them, within which time, are one alert.
 *
 * Rules never change once loaded and are counted, so that a thread keeps those
 * it works with over a reload.  Activities come as the JSON of the contract.
 */
#ifndef STORE_ALERT_RULES_H
#define STORE_ALERT_RULES_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/bundle.h"

enum {
    ALERT_RULES_MAX = 256,
    ALERT_COUNT_MAX = 1000,
    ALERT_WINDOW_MAX_MS = 7 * 24 * 3600 * 1000,
    ALERT_GLOBS_MAX = 64,         /* of one selector */
    ALERT_VALUE_BYTES_MAX = 4096, /* of a text compared; the rest is not */
};

struct json_t; /* jansson's, which not every user has */

struct alert_globs {
    struct str *items; /* lower case */
    size_t count;
};

/* One selector: what stands at the path must match one of the globs. */
struct alert_test {
    const char *const *paths; /* NULL-terminated; NULL: details.<key> */
    struct str key;
    struct alert_globs globs;
};

struct alert_condition {
    bool is_present;
    struct alert_test *tests; /* all must hold */
    size_t test_count;
    struct alert_globs activity; /* one of tests as well; empty: any */
};

/* How activities are counted apart, or which of their values are counted. */
struct alert_parts {
    int items[8]; /* the first one that is known; -1 ends it */
    size_t count;
};

struct alert_rule {
    struct str name, message;
    const char *severity;
    struct alert_condition when, unless, after;
    size_t count;      /* of `when`, or of `after` */
    int64_t within_ms; /* 0: each activity is one alert */
    struct alert_parts by, distinct;
};

struct alert_rules {
    atomic_uint refs;
    struct arena arena;
    struct alert_rule *items;
    size_t count;
    int64_t longest_ms; /* window of all */
};

/* All files of BUNDLE_ALERTS; without one there are no rules.  NULL: mistakes,
 * reported with file and line. */
struct alert_rules *alert_rules_load(
    const struct bundle *bundle, struct diag *diag);
struct alert_rules *alert_rules_ref(struct alert_rules *rules); /* or NULL */
void alert_rules_unref(struct alert_rules **rules);

/* store/alert_match.c */

/* The paths of a selector's name; NULL: there is none of that name. */
const char *const *alert_selector_paths(const char *name);
extern const char *const alert_selector_names[]; /* NULL-terminated */
extern const char *const alert_part_names[];     /* of `by`, the same */
bool alert_matches(
    const struct alert_condition *condition, const struct json_t *activity);
/* The value of the first part that is known; false: none is. */
bool alert_part_of(const struct alert_parts *parts,
    const struct json_t *activity, struct str *out);

#endif
