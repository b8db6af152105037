/*
 * A JSON tree that can be changed: what the delta encoding of ChatGPT's
 * answers works on.  Strings grow by appending at amortised cost.  All nodes
 * of a stream share one budget; when it is used up, copies fail and the rest
 * of the stream is not kept.
 */
#ifndef INSPECT_DOC_H
#define INSPECT_DOC_H

#include "base/buf.h"
#include "inspect/json.h"

struct doc {
    enum json_kind kind;
    struct doc *first, *last, *next;
    size_t count;    /* children */
    struct buf key;  /* in an object */
    struct buf text; /* STRING, NUMBER */
};

struct doc_budget {
    size_t used, max; /* bytes; nodes count as DOC_NODE_BYTES */
};
enum { DOC_NODE_BYTES = 160 };

/* NULL: the budget is used up (what was made is freed again). */
struct doc *doc_copy(const struct json_node *from, struct doc_budget *budget);
struct doc *doc_new(enum json_kind kind, struct doc_budget *budget);
void doc_free(struct doc **doc, struct doc_budget *budget);

/* False: the budget is used up. */
bool doc_append_text(
    struct doc *doc, struct str text, struct doc_budget *budget);
/* Takes over `child`. */
void doc_push(struct doc *parent, struct doc *child);
/* Takes over `child`; an existing member of that name is freed. */
void doc_set(struct doc *object, struct str key, struct doc *child,
    struct doc_budget *budget);
/* Puts `child` (taken over) before the element at index. */
void doc_insert(struct doc *array, size_t index, struct doc *child);
void doc_remove(
    struct doc *parent, struct doc *child, struct doc_budget *budget);
/* Everything of `from` (taken over) into `to`, whose old content is freed;
 * `to` keeps its key and place. */
void doc_replace(struct doc *to, struct doc *from, struct doc_budget *budget);

/* As JSON. */
void doc_write(const struct doc *doc, struct buf *out);

/* All accept NULL and other kinds, and give NULL or an empty str then. */
struct doc *doc_get_str(const struct doc *object, struct str key);
static inline struct doc *doc_get(const struct doc *object, const char *key)
{
    return doc_get_str(object, str_of(key));
}
struct doc *doc_at(const struct doc *array, size_t index);
struct str doc_text(const struct doc *string);
struct str doc_get_text(const struct doc *object, const char *key);
bool doc_is_true(const struct doc *doc);

#endif
