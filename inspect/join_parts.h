/*
 * Shared by the files of inspect/join.h: what stands between two pieces, and
 * which numbers of a text may be pieces at all.
 */
#ifndef INSPECT_JOIN_PARTS_H
#define INSPECT_JOIN_PARTS_H

#include "inspect/join.h"

/* Marks are themselves. */
enum {
    JOIN_BLANK = 256,
    JOIN_LINE,
    JOIN_TAG,
    JOIN_CODE,
    JOIN_LIST,
    JOIN_SOFT,
    JOIN_WORDS
};

/* What a byte is between pieces, as bits. */
enum join_class {
    JOINS_BLANK = 1, /* blank, line end, tab */
    JOINS_MARK = 2,  /* stands between the pieces of a value */
    JOINS_QUOTE = 4,
    JOINS_SOFT = 8, /* at a line's end: "=" of quoted-printable, "^", "`" */
    JOINS_GAP = 16, /* between words that join */
    JOINS_ALPHA = 32,
    JOINS_ODD = 64 /* may begin what is looked at more closely */
};
extern const unsigned char join_class[256];

static inline unsigned join_class_of(char c)
{
    return join_class[(unsigned char)c];
}

static inline char join_at(struct str text, size_t at)
{
    return at < text.n ? text.p[at] : '\0';
}

/* Second letters, a bit each, of the words that join, by their first. */
extern const uint32_t join_seconds[32];
/* Whether one may begin so; most words do not. */
static inline bool join_may_be_word(char first, char second)
{
    return (join_seconds[first & 31] >> (second & 31) & 1) != 0;
}
size_t join_skip_blanks(struct str text, size_t at);
/* "=" at a line end, as quoted-printable breaks lines; "^", "`" of shells. */
bool join_is_soft_break(struct str text, size_t at);
/* The joiner at `at`: its end, or 0. */
size_t join_read_joiner(struct str text, size_t at, unsigned *kind);
/* The same but for words. */
size_t join_read_signs(struct str text, size_t at, unsigned *kind);
/* Behind words that join, if those follow the signs from `at` to `end`; 0:
 * none do. */
size_t join_read_words_behind(struct str text, size_t at, size_t end);
void join_take_out(struct view_edits *out, size_t start, size_t end);

/* What a number of the text may be, by a look at what stands behind it and the
 * next ones: bits of mark_number.may.  Few are any of it. */
enum {
    JOIN_MAY_JOIN = 1,  /* with those behind it there are digits enough */
    JOIN_MAY_GROUP = 2, /* the same bytes may be between three of them */
    JOIN_MAY_COUNT = 4, /* the next number may follow, and then the same */
};
/* All numbers that the marks cover: made once for them. */
const struct mark_numbers *join_numbers(const struct marks *marks);
/* The index of the first one that ends behind `from`. */
size_t join_number_at(
    const struct mark_numbers *numbers, const struct marks *marks, size_t from);

#endif
