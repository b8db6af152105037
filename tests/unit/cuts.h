/*
 * Feeding a parser whole, byte by byte and at random cuts.  Every piece is a
 * heap block of its own size, so that the sanitizer sees a byte read too far.
 */
#ifndef TESTS_CUTS_H
#define TESTS_CUTS_H

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

enum { CUTS_WHOLE, CUTS_BYTES, CUTS_RANDOM, CUTS_WAYS = 12 };

struct cuts {
    struct str rest;
    unsigned way;
    uint32_t seed;
    char *piece;
};

static inline uint32_t cuts_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static inline bool cuts_next(struct cuts *c, struct str *piece_out)
{
    free(c->piece);
    c->piece = NULL;
    if (c->rest.n == 0)
        return false;
    size_t n = c->rest.n;
    if (c->way == CUTS_BYTES)
        n = 1;
    else if (c->way >= CUTS_RANDOM)
        n = 1 + cuts_random(&c->seed) % (c->way < 7 ? 4 : 100);
    if (n > c->rest.n)
        n = c->rest.n;
    c->piece = malloc(n);
    memcpy(c->piece, c->rest.p, n);
    *piece_out = str_make(c->piece, n);
    c->rest = str_sub(c->rest, n, c->rest.n);
    return true;
}

/* Ends a loop that is left before the last piece. */
static inline void cuts_end(struct cuts *c)
{
    free(c->piece);
    c->piece = NULL;
}

static inline struct cuts cuts_begin(struct str all, unsigned way)
{
    return (struct cuts){.rest = all, .way = way, .seed = way * 7919};
}

#endif
