/*
 * JSON (RFC 8259) from the network: a push reader with byte offsets, and a
 * small tree built from it for documents that are held whole.
 *
 * The reader takes text in any cuts and gives the same tokens for all of
 * them.  Strict about grammar; lenient in one thing: bytes that are not UTF-8
 * and lone surrogates become U+FFFD, so that a server that is lenient as well
 * sees nothing that we did not look at.  A byte order mark is skipped; UTF-16
 * is ERR_UNSUPPORTED.  Keys given twice are passed on twice.
 *
 * Memory: the reader holds at most one unfinished string (string_bytes) and
 * one bit a nesting level.
 */
#ifndef INSPECT_JSON_H
#define INSPECT_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum {
    JSON_DEPTH_DEFAULT = 128,
    JSON_DEPTH_MAX = 1024,
    JSON_NUMBER_BYTES_MAX = 4096,
};

/* A zero takes the default; reaching one is ERR_LIMIT. */
struct json_limits {
    size_t depth;        /* JSON_DEPTH_DEFAULT, at most JSON_DEPTH_MAX */
    size_t string_bytes; /* unescaped; 16 MiB */
    size_t nodes;        /* tree only; 1 Mi */
    size_t tree_bytes;   /* tree only, arena bytes; 128 MiB */
};

enum json_kind {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,  /* as token: its begin */
    JSON_OBJECT, /* as token: its begin */
    /* tokens only: */
    JSON_KEY,
    JSON_ARRAY_END,
    JSON_OBJECT_END,
};

struct json_token {
    enum json_kind kind;
    /* KEY, STRING: unescaped UTF-8, may hold NUL; NUMBER: as written.  Points
     * into the input or the reader: valid until on_token returns. */
    struct str text;
    /* Offsets from the first byte ever fed.  KEY, STRING: of what stands
     * between the quotes, still escaped; others: of the token itself. */
    uint64_t start, end;
    bool is_verbatim; /* text is byte for byte what stands at start..end */
    bool is_borrowed; /* text points into the bytes given to json_feed */
    unsigned depth;   /* containers around it; 0: the document itself */
};

struct json_reader;

/* on_token: anything but OK stops the reader with that error.  allows_many:
 * several documents, blanks between them optional (NDJSON and the like);
 * otherwise anything behind the first is ERR_PARSE.  limits: NULL for the
 * defaults. */
struct json_reader *json_reader_new(const struct json_limits *limits,
    bool allows_many,
    enum err (*on_token)(void *arg, const struct json_token *token), void *arg);
void json_reader_free(struct json_reader **reader);

/* After an error every later call gives it again. */
enum err json_feed(struct json_reader *r, struct str bytes) MUST_USE;
/* ERR_PARSE when a document is unfinished or none was there. */
enum err json_finish(struct json_reader *r) MUST_USE;

/* Offset of the byte that an error is about; without one, bytes fed. */
uint64_t json_offset(const struct json_reader *r);
/* What was read of a token that is not finished, or that the error broke:
 * nothing fed is lost between the tokens, this, and the bytes from
 * json_offset on (but punctuation, blanks and a cut escape). */
struct str json_partial(const struct json_reader *r);

/* May stand between quotes as it is: ASCII without quotes, backslashes and
 * control characters (RFC 8259 §7). */
bool json_is_plain(struct str text);

/* ---- the tree ---- */

/* Children are a list in document order; the strings of a node point into the
 * arena or into the parsed text: both must outlive it. */
struct json_node {
    enum json_kind kind;
    uint32_t count;      /* children */
    uint32_t start, end; /* as in struct json_token; containers: whole */
    struct str key;      /* empty but in an object */
    struct str text;     /* STRING, NUMBER */
    struct json_node *first, *last, *next;
};

/* text: borrowed by the tree (see above), at most 4 GiB.  On an error
 * *root_out is NULL and the arena keeps what was made. */
enum err json_parse(struct str text, struct arena *arena,
    const struct json_limits *limits, struct json_node **root_out) MUST_USE;

/* All accept NULL and nodes of another kind, and then give NULL, an empty str
 * or ERR_NOT_FOUND. */

/* The member; the last one when the key is given twice, as common servers
 * do.  To see all: for (c = node->first; c != NULL; c = c->next). */
const struct json_node *json_get_str(
    const struct json_node *node, struct str key);
static inline const struct json_node *json_get(
    const struct json_node *node, const char *key)
{
    return json_get_str(node, str_of(key));
}
const struct json_node *json_at(const struct json_node *node, size_t index);
/* "messages/0/content/parts": keys in objects, decimal indices in arrays; ""
 * is the node itself.  A key with a slash cannot be named. */
const struct json_node *json_path(
    const struct json_node *node, const char *path);
const struct json_node *json_path_str(
    const struct json_node *node, struct str path);

struct str json_str(const struct json_node *node); /* of a STRING */
static inline struct str json_get_text(
    const struct json_node *node, const char *key)
{
    return json_str(json_get(node, key));
}
struct str json_path_text(const struct json_node *node, const char *path);
bool json_is(const struct json_node *node, enum json_kind kind);
bool json_is_true(const struct json_node *node);
/* A NUMBER; ERR_PARSE with a fraction other than zero or an exponent, ERR_LIMIT
 * outside int64_t. */
enum err json_int(const struct json_node *node, int64_t *value_out) MUST_USE;
enum err json_double(const struct json_node *node, double *value_out) MUST_USE;

#endif
