/*
 * What the fuzz targets of the body parsers share: read the input whole and
 * at cuts made from itself, write down every event, and stop when the two
 * accounts differ.
 */
#ifndef TESTS_FUZZ_SAME_H
#define TESTS_FUZZ_SAME_H

#include <stdio.h>

#include "base/buf.h"
#include "tests/unit/cuts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Random cuts, other ones for other inputs. */
static inline struct cuts cuts_of(struct str s, unsigned way)
{
    struct cuts c = cuts_begin(s, way);
    for (size_t i = 0; i < s.n && i < 64; i++)
        c.seed = c.seed * 31 + (unsigned char)s.p[i];
    return c;
}

static inline void check(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "does not hold: %s\n", what);
    abort();
}

/* Two accounts of one input: where they part is shown. */
static inline void check_same(
    const struct buf *whole, const struct buf *cut, const char *what)
{
    struct str a = buf_str(whole), b = buf_str(cut);
    if (str_eq(a, b))
        return;
    size_t at = 0, from;
    while (at < a.n && at < b.n && a.p[at] == b.p[at])
        at++;
    from = at < 200 ? 0 : at - 200;
    a = str_sub(a, from, at + 200);
    b = str_sub(b, from, at + 200);
    fputs("whole: ", stderr);
    fwrite(a.p, 1, a.n, stderr);
    fputs("\ncut:   ", stderr);
    fwrite(b.p, 1, b.n, stderr);
    fputs("\n", stderr);
    check(false, what);
}

/* read: writes all events and the result into out. */
static inline void check_cuts(
    struct str s, void (*read)(struct str s, unsigned way, struct buf *out))
{
    static const unsigned ways[] = {CUTS_BYTES, CUTS_RANDOM, CUTS_WAYS - 1};
    struct buf whole = {0};
    read(s, CUTS_WHOLE, &whole);
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        struct buf cut = {0};
        read(s, ways[i], &cut);
        check_same(&whole, &cut, "same at any cut");
        buf_free(&cut);
    }
    buf_free(&whole);
}

#endif
