/*
 * YAML configuration as a tree with line numbers, over libyaml's document
 * loader.  Every accessor reports a wrong type, an unknown or a doubled key
 * into the document's diag with file and line, and gives back a default, so a
 * loader reads straight on and all mistakes come out in one run.
 *
 * Limits: 16 MiB a file, 64 levels, 1,000,000 nodes; anchors and aliases are
 * allowed within them.
 */
#ifndef BASE_YAML_H
#define BASE_YAML_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"

/* libyaml calls a function of its own by this name; one exported from here
 * would take its place.  So the linker sees another name. */
#define yaml_free yaml_doc_free

enum yaml_kind {
    YAML_KIND_NULL,
    YAML_KIND_SCALAR,
    YAML_KIND_LIST,
    YAML_KIND_MAP
};

struct yaml_node {
    enum yaml_kind kind;
    unsigned line;   /* from 1 */
    bool is_quoted;  /* a quoted scalar is text, never null, bool or number */
    struct str text; /* scalars */
    size_t count;    /* children of a list or map */
    struct yaml_pair *pairs; /* maps; for lists only `value` is used */
};

struct yaml_pair {
    struct str key;
    unsigned line;
    struct yaml_node *value; /* never NULL */
};

struct yaml_doc {
    const char *file;  /* as shown in mistakes */
    struct diag *diag; /* borrowed */
    struct arena arena;
    struct yaml_node *root; /* YAML_KIND_NULL for an empty file */
};

/* NULL when the text is not YAML (reported). Copies what it needs. */
struct yaml_doc *yaml_parse(
    const char *file, struct str text, struct diag *diag);
/* What a reader of another language fills (base/toml.h); it has no root.  NULL
 * when the text is too large (reported). */
struct yaml_doc *yaml_new(const char *file, struct str text, struct diag *diag);
/* Under another name for the linker: libyaml exports a yaml_free of its own
 * and would call ours. */
#define yaml_free yaml_doc_free
void yaml_free(struct yaml_doc **doc);

/* The value of a key of a map, or NULL: no mistake is reported. */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);

/* Reports every key of the map that is not in the NULL-terminated list, with
 * the list; also when the node is no map. Returns false in these cases. */
bool yaml_check_keys(struct yaml_doc *doc, const struct yaml_node *map,
    const char *const *allowed);

/* Typed reads of a map's member. Absent (or null) gives the default.  The
 * results live as long as the document. */
struct str yaml_str(struct yaml_doc *doc, const struct yaml_node *map,
    const char *key, struct str otherwise);
bool yaml_bool(struct yaml_doc *doc, const struct yaml_node *map,
    const char *key, bool otherwise);
int64_t yaml_int(struct yaml_doc *doc, const struct yaml_node *map,
    const char *key, int64_t min, int64_t max, int64_t otherwise);
/* Index into the NULL-terminated words; a wrong word is reported with them. */
int yaml_word(struct yaml_doc *doc, const struct yaml_node *map,
    const char *key, const char *const *words, int otherwise);
/* A list of scalars, or one scalar as a list of one; empty when absent. */
struct yaml_strs {
    struct str *items;
    size_t count;
};
struct yaml_strs yaml_strs(
    struct yaml_doc *doc, const struct yaml_node *map, const char *key);

/* Iterates `map[key]` as a list of maps: NULL when absent; a mistake if it is
 * no list. */
const struct yaml_node *yaml_list(
    struct yaml_doc *doc, const struct yaml_node *map, const char *key);

void yaml_mistake(struct yaml_doc *doc, const struct yaml_node *node,
    const char *format, ...) PRINTF_LIKE(3, 4);

#endif
