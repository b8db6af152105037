/*
 * The JSON that ChatGPT's page carries in <script id="client-bootstrap">
 * (fact sheet chatgpt-wire §7.1), cut out of the HTML as it passes.
 *
 * Memory: BOOTSTRAP_TAG_MAX of one tag and what the caller's buffer takes, at
 * most the bytes given to bootstrap_new.  The element's text is raw: HTML has
 * no entities there.
 */
#ifndef INSPECT_BOOTSTRAP_H
#define INSPECT_BOOTSTRAP_H

#include <stdbool.h>

#include "base/buf.h"

enum { BOOTSTRAP_TAG_MAX = 4096 };

struct bootstrap {
    struct buf tag, json;
    size_t max; /* of json; more: what came is dropped */
    enum { BOOTSTRAP_TEXT, BOOTSTRAP_TAG, BOOTSTRAP_JSON, BOOTSTRAP_OVER } at;
};

void bootstrap_setup(struct bootstrap *b, size_t max);
void bootstrap_free(struct bootstrap *b);
void bootstrap_feed(struct bootstrap *b, struct str html);
/* The whole text of the element; empty until its end tag was seen. */
struct str bootstrap_json(const struct bootstrap *b);

#endif
