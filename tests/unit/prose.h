/* For tests: prose that nobody wrote, always the same for a seed. */
#ifndef TESTS_UNIT_PROSE_H
#define TESTS_UNIT_PROSE_H

#include "base/buf.h"

static inline uint32_t prose_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* A made-up word of three to eleven letters. */
static inline void prose_word(uint32_t *seed, struct buf *out)
{
    static const char *const parts[] = {"ba", "con", "der", "el", "fin", "gra",
        "ho", "in", "ju", "kel", "lo", "mer", "ni", "or", "pre", "qua", "ri",
        "sta", "tu", "ul", "ver", "wa", "xo", "yen", "ze"};
    for (uint32_t n = 1 + prose_random(seed) % 3, i = 0; i <= n; i++)
        buf_append_str(out, str_of(parts[prose_random(seed) % 25]));
}

/* Paragraphs of six lines of ten words, a blank line behind each. */
static inline void prose_paragraphs(
    uint32_t *seed, unsigned count, struct buf *out)
{
    for (unsigned i = 0; i < count; i++) {
        for (unsigned word = 0; word < 60; word++) {
            prose_word(seed, out);
            buf_append_char(out, word % 10 == 9 ? '\n' : ' ');
        }
        buf_append_char(out, '\n');
    }
}

#endif
