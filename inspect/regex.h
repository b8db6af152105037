/*
 * Confirmation of a candidate: PCRE2 behind one door.  An expression that is
 * used becomes machine code, where the sandbox lets a role have some
 * (proxy/sandbox.c); elsewhere it is interpreted.
 *
 * Bytes, not characters; look-around may see the whole subject.  Bounded by
 * PCRE2's match and depth limits: a pattern that runs away does not match.
 */
#ifndef INSPECT_REGEX_H
#define INSPECT_REGEX_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"

struct regex;         /* used by one thread at a time */
struct regex_scratch; /* one a thread */

/* NULL: not a regular expression; message_out says why. */
struct regex *regex_new(
    struct str pattern, bool nocase, struct buf *message_out);
void regex_free(struct regex **regex);

struct regex_scratch *regex_scratch_new(void);
void regex_scratch_free(struct regex_scratch **scratch);

/* What a match cannot do without, so that most need not be tried. */
struct regex_needs {
    size_t bytes;      /* at least so long */
    uint8_t first[32]; /* a bit for each byte that it may begin with */
};
void regex_needs(const struct regex *regex, struct regex_needs *needs_out);

struct regex_match {
    size_t start, end;             /* the whole match */
    size_t value_start, value_end; /* group 1, if there is one */
};
/* A match that starts at `from` or behind it, at most at `last`;
 * is_anchored: exactly at `from`. */
bool regex_match(struct regex *regex, struct regex_scratch *scratch,
    struct str subject, size_t from, size_t last, bool is_anchored,
    struct regex_match *match_out);

#endif
