/*
 * The messages of one answer stream of ChatGPT, put together from delta
 * encoding v1 or from whole documents (fact sheet chatgpt-wire §4.2, §4.3).
 * The same messages come out however they were sent.
 *
 * Text that was shown and then cut or replaced stays in message->cut.
 * Bounds: DELTA_MESSAGES_MAX, DELTA_PATH_MAX, and a budget of bytes for all
 * documents together; past them the stream is marked and the rest left out.
 */
#ifndef INSPECT_DELTA_H
#define INSPECT_DELTA_H

#include "inspect/doc.h"

enum {
    DELTA_MESSAGES_MAX = 512,
    DELTA_PATH_MAX = 32,          /* names in a path */
    DELTA_ELEMENTS_MAX = 16384,   /* of an array that a path walks */
    DELTA_OPERATIONS_MAX = 10000, /* of one patch */
    DELTA_BUDGET_BYTES = 16 * 1024 * 1024,
    DELTA_CUT_MAX = 1024 * 1024, /* a message */
};

struct message {
    int64_t channel; /* -1: none any more */
    struct doc *doc; /* {"message": {…}, "conversation_id": …} */
    struct buf cut;  /* pieces joined by newlines */
};

struct delta {
    struct message *messages; /* in order of appearance */
    size_t count, cap;
    struct doc_budget budget;
    bool is_over_limit; /* something was left out */
    bool is_again;      /* what comes may repeat what is there already */
    bool is_odd;        /* an operation that is not known, or makes no sense */
    /* inherited by the next delta */
    int64_t channel;
    struct buf path, operation;
    struct buf text_path; /* the last one that text was appended to */
    /* The string that the last operation appended to: most deltas append to
     * it again.  NULL after any other operation. */
    struct doc *grown;
    struct buf grown_path;
    int64_t grown_channel;
    bool takes_plain; /* {"v":"text"} appends to it now */
};

void delta_setup(struct delta *d);
void delta_free(struct delta *d);

/* One delta object. */
void delta_apply(struct delta *d, const struct json_node *delta);
/* The same for the usual event, {"v":"text"} behind text that grows, without
 * a tree.  False: it is another one, and nothing was done. */
bool delta_apply_plain(struct delta *d, struct str json);
/* What brings a new delta to the same state: a JSON object. */
void delta_write(const struct delta *d, struct buf *out);
/* Into a new one.  False: it is not what delta_write writes. */
bool delta_read(struct delta *d, const struct json_node *kept);
/* Behind the others, as it is; NULL: it has none.  False: there are too many,
 * or it is too large. */
bool delta_push(
    struct delta *d, int64_t channel, const struct json_node *document);
/* One with the same id. */
bool delta_has_message(const struct delta *d, const struct message *message);
bool delta_has_id(const struct delta *d, struct str id);
/* A whole document, {"message": …}: replaces the one with this message id. */
void delta_put(struct delta *d, const struct json_node *document);

#endif
