/*
 * How a service's compliance log names what happened: the section
 * `compliance_log` of its map (docs/services.md), rows from the log's types
 * and actions to activities.  Data, because the log's names are many, only
 * partly public, and change.
 *
 * Lives in the arena of its service set.
 */
#ifndef INSPECT_LOG_MAP_H
#define INSPECT_LOG_MAP_H

#include "base/arena.h"
#include "base/yaml.h"

struct log_words {
    struct str *items;
    size_t count;
};

struct log_rename {
    struct str from, to;
};
enum { LOG_RENAMES_MAX = 8 }; /* of one row */

struct log_row {
    struct str type;          /* "AUDIT_LOG" */
    struct log_words actions; /* globs */
    struct str activity;
    struct str failed; /* its name where it did not succeed; empty: the same */
    int outcome;       /* enum outcome, whatever the log says; UNKNOWN: as it
                          says */
    /* Members of the action's data, the first that is there counts. */
    struct str target_type;
    struct log_words target_id, target_name;
    struct str each;             /* list: one activity for each element */
    struct log_words changes;    /* names as they are */
    struct log_words changed_by; /* members whose value is such a name */
    bool changes_keys;           /* every member is */
    struct log_rename *renames;  /* in the details */
    size_t rename_count;
};

struct log_map {
    struct log_row *rows;
    size_t count;
};

/* Mistakes go into the document's diag; NULL where root has no such section. */
struct log_map *log_map_load(
    struct arena *arena, struct yaml_doc *doc, const struct yaml_node *root);
/* The first row that holds, or NULL. map may be NULL. */
const struct log_row *log_map_find(
    const struct log_map *map, struct str type, struct str action);
/* What a detail is called. */
struct str log_row_rename(const struct log_row *row, struct str key);

#endif
