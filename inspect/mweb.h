/*
 * Answers of ChatGPT's signed-out light web app (fact sheet chatgpt-wire
 * §4.8): a stream of JSON lines, or of HTML templates.  Two readers, one
 * result.
 *
 * Used by inspect/answer.c.  Bytes in any cuts.  Memory: MWEB_TEXT_BYTES_MAX
 * of text an answer and its like of replaced text, one line (ndjson.h) or one
 * tag (MWEB_TAG_BYTES_MAX); past these the rest is left out and is_over_limit
 * is set.
 */
#ifndef INSPECT_MWEB_H
#define INSPECT_MWEB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

enum {
    MWEB_ANSWERS_MAX = 16, /* as ANSWERS_MAX */
    MWEB_TEXT_BYTES_MAX = 4 * 1024 * 1024,
    MWEB_TAG_BYTES_MAX = 1024 * 1024,
    MWEB_BLOCKS_MAX = 4096,
    MWEB_ID_BYTES_MAX = 1024,
};

struct mweb_text {
    struct str message_id; /* in mweb.arena; empty: none was said */
    struct buf content, hidden;
    bool is_complete;
    bool has_revision;
    int64_t revision; /* the last that was applied */
};

struct mweb {
    struct arena arena;
    struct str conversation_id, model;
    struct mweb_text texts[MWEB_ANSWERS_MAX];
    size_t count;
    bool saw_end, has_failed; /* the stream's own word */
    bool is_over_limit, is_broken;
};

void mweb_free(struct mweb *m); /* what it holds */
/* The value where it is new and of sensible length, else the old one. */
struct str mweb_keep(struct mweb *m, struct str value, struct str old);
/* Up to MWEB_TEXT_BYTES_MAX. */
void mweb_append(struct mweb *m, struct buf *to, struct str text);

/* application/vnd.openai.conversation-source+ndjson.  to: outlives it. */
struct mweb_ndjson;
struct mweb_ndjson *mweb_ndjson_new(struct mweb *to);
void mweb_ndjson_free(struct mweb_ndjson **reader);
void mweb_ndjson_feed(struct mweb_ndjson *r, struct str bytes);
void mweb_ndjson_finish(struct mweb_ndjson *r);

/* text/vnd.openai.web-mobile-partial+html; the answer is there after the
 * finish. */
struct mweb_html;
struct mweb_html *mweb_html_new(struct mweb *to);
void mweb_html_free(struct mweb_html **reader);
void mweb_html_feed(struct mweb_html *r, struct str bytes);
void mweb_html_finish(struct mweb_html *r);

#endif
