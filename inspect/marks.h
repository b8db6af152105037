/*
 * What kind of byte stands where, as bits: made once for a part of a text, in
 * a few vector instructions for each 64 bytes, and read by all who look for
 * places.  Most of them find that there is nothing for them without looking
 * at the text.
 *
 * A struct of zeros is empty; it keeps its memory from text to text.
 */
#ifndef INSPECT_MARKS_H
#define INSPECT_MARKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum mark {
    MARK_DIGIT,
    MARK_WORD,   /* ASCII letters and digits */
    MARK_UPPER,  /* capitals of ASCII */
    MARK_TOKEN,  /* those and "_-+/" */
    MARK_TURN,   /* those and ".=" */
    MARK_CODE,   /* of lists of byte values */
    MARK_ESCAPE, /* "%&\=" */
    MARK_JOINT,  /* line end, quotes, "<*|" */
    MARK_PIECE,  /* letters, digits and "_-./+=!@#$%^&" */
    MARK_GAP,    /* " -." */
    MARK_HIGH,   /* 0x80 and above */
    MARK_INK,    /* above a blank */
    /* Made of those. */
    MARK_LONG, /* MARK_RUN bytes of MARK_TURN from here on */
    MARK_FOUR, /* four digits from here on */
    MARK_UUID, /* part of one (marks_is_uuid) */
    MARK_NAME, /* MARK_RUN bytes of MARK_TOKEN from here on */
    MARK_KINDS,
    /* Of marks_have alone. */
    MARK_ANY = MARK_KINDS, /* whatever there is */
    MARK_CODES,            /* so many in a row, perhaps: 23 of MARK_CODE */
    MARK_WORDS,            /* 23 of MARK_WORD */
    MARK_GAPS              /* 12 of MARK_GAP */
};

enum { MARK_BLOCK = 64, MARK_RUN = 12, MARK_PLACES = 16 };
_Static_assert((int)MARK_KINDS <= (int)MARK_PLACES, "");

/* Bit i of a kind: byte i of the block.  Blocks are found by shifts: their
 * size is a power of two. */
struct mark_block {
    uint64_t kinds[MARK_PLACES];
};

/* A run whose end lies behind what is covered. */
struct mark_run {
    size_t from, end;
};

/* Digits in a row, from the first covered byte on. */
struct mark_number {
    uint32_t start, end;
    uint32_t may; /* inspect/join_parts.h */
};

struct mark_numbers {
    struct mark_number *items;
    size_t count, cap;
    bool is_made;
};

struct marks {
    struct str text; /* borrowed */
    size_t from, to; /* covered; from is a multiple of MARK_BLOCK */
    bool has_high;   /* MARK_HIGH anywhere */
    bool has_odd;    /* or a control character that norm.h drops */
    unsigned kinds;  /* that are there at all, a bit each */
    struct mark_block *blocks;
    size_t cap;
    struct mark_run *far; /* [MARK_PLACES], the last of each kind: looked for
                             once, however often a long one is come upon */
    struct mark_numbers *numbers; /* made when they are asked for */
};

/* Covers text[from, to), and a block in front of it and behind it.  A text
 * begins at 0 or after marks_free, and stays as it is until its last window. */
void marks_make(struct marks *marks, struct str text, size_t from, size_t to);
/* The same for who does not ask marks_have: the windows of views, which have
 * as many bytes as the texts that they are made of. */
void marks_make_bits(
    struct marks *marks, struct str text, size_t from, size_t to);
void marks_free(struct marks *marks);
bool marks_cover(
    const struct marks *marks, struct str text, size_t from, size_t to);
static inline size_t marks_numbers_cap(const struct marks *marks)
{
    return marks->numbers != NULL ? marks->numbers->cap : 0;
}
/* Whether any byte of what is covered is of the kind: most finders end here. */
static inline bool marks_have(const struct marks *marks, enum mark kind)
{
    return (marks->kinds >> kind & 1) != 0;
}

/* All of these: limit <= to of the marks; `limit` when there is none, `at` when
 * that lies behind the limit: who took what reached over it goes on there. */
static inline size_t marks_next(
    const struct marks *marks, enum mark kind, size_t at, size_t limit);
/* The first place from where on n bytes (2 to MARK_BLOCK) are of the kind;
 * they may reach over the limit. */
size_t marks_next_run(const struct marks *marks, enum mark kind, size_t at,
    size_t limit, unsigned n);
/* The first place from where on n bytes (at most MARK_BLOCK) are digits and
 * single gaps between two of them. */
size_t marks_next_number(
    const struct marks *marks, size_t at, size_t limit, unsigned n);
/* The same of digits and n >= 4, which few numbers of texts have. */
size_t marks_next_digits(
    const struct marks *marks, size_t at, size_t limit, unsigned n);
/* The same of MARK_TOKEN and MARK_TURN and n >= MARK_RUN, which few texts
 * have. */
size_t marks_next_token(const struct marks *marks, enum mark kind, size_t at,
    size_t limit, unsigned n);
/* The next that is not of the kind. */
size_t marks_skip(
    const struct marks *marks, enum mark kind, size_t at, size_t limit);
/* The same at any place, as far as the text goes; of kinds of bytes below
 * 0x80. */
size_t marks_end(const struct marks *marks, enum mark kind, size_t at);
size_t marks_count(
    const struct marks *marks, enum mark kind, size_t at, size_t limit);

/* The bits of the 64 bytes from `at` on, which is covered. */
static inline uint64_t marks_window(
    const struct marks *marks, enum mark kind, size_t at)
{
    const struct mark_block *b =
        &marks->blocks[(at - marks->from) / MARK_BLOCK];
    unsigned shift = (unsigned)(at % MARK_BLOCK);
    uint64_t bits = b->kinds[kind] >> shift;
    return shift == 0 ? bits : bits | b[1].kinds[kind] << (64 - shift);
}

/* marks_next, not near. */
size_t marks_next_far(
    const struct marks *marks, enum mark kind, size_t at, size_t limit);

static inline size_t marks_next(
    const struct marks *marks, enum mark kind, size_t at, size_t limit)
{
    if (at >= limit)
        return at;
    uint64_t bits = marks_window(marks, kind, at);
    if (bits == 0)
        return marks_next_far(marks, kind, at, limit);
    at += (size_t)__builtin_ctzll(bits);
    return at < limit ? at : limit;
}

/* marks_end of a run that most often ends within 64 bytes. */
static inline size_t marks_run_end(
    const struct marks *marks, enum mark kind, size_t at)
{
    if (at < marks->from || at >= marks->to)
        return marks_end(marks, kind, at);
    uint64_t others = ~marks_window(marks, kind, at);
    return others != 0 ? at + (size_t)__builtin_ctzll(others)
                       : marks_end(marks, kind, at);
}

/* Runs of a kind, one after the other: those that begin in [from, limit), and
 * what of one reaches into it. */
struct mark_runs {
    const struct marks *marks;
    enum mark kind;
    size_t block, limit;
    uint64_t bits, starts; /* of the block */
};

static inline struct mark_runs marks_runs(
    const struct marks *marks, enum mark kind, size_t from, size_t limit)
{
    struct mark_runs r = {marks, kind, from - from % MARK_BLOCK, limit, 0, 0};
    if (from < limit) {
        r.bits = marks->blocks[(from - marks->from) / MARK_BLOCK].kinds[kind] &
                 ~UINT64_C(0) << from % MARK_BLOCK;
        r.starts = r.bits & ~(r.bits << 1);
    }
    return r;
}

/* False: there is no more, and nothing is written. */
static inline bool marks_next_of(
    struct mark_runs *r, size_t *start_out, size_t *end_out)
{
    while (r->starts == 0) {
        uint64_t before = r->bits >> (MARK_BLOCK - 1);
        r->block += MARK_BLOCK;
        if (r->block >= r->limit)
            return false;
        r->bits = r->marks->blocks[(r->block - r->marks->from) / MARK_BLOCK]
                      .kinds[r->kind];
        r->starts = r->bits & ~(r->bits << 1 | before);
    }
    unsigned i = (unsigned)__builtin_ctzll(r->starts);
    uint64_t others = ~(r->bits >> i);
    unsigned n = others != 0 ? (unsigned)__builtin_ctzll(others) : MARK_BLOCK;
    if (r->block + i >= r->limit)
        return false;
    r->starts &= r->starts - 1;
    *start_out = r->block + i;
    *end_out = i + n < MARK_BLOCK
                   ? *start_out + n
                   : marks_run_end(r->marks, r->kind, *start_out);
    return true;
}

/* Letters and digits from some place on. */
struct char_bits {
    uint64_t word, upper, digit;
};

/* Of the 64 bytes from `at` on; behind what is covered they are read. */
struct char_bits marks_char_bits(const struct marks *marks, size_t at);

/* The bits of the 64 bytes in front of `at`, the last one uppermost; those in
 * front of what is covered are zero. */
static inline uint64_t marks_before(
    const struct marks *marks, enum mark kind, size_t at)
{
    size_t n = at - marks->from;
    if (n >= MARK_BLOCK)
        return marks_window(marks, kind, at - MARK_BLOCK);
    return n == 0 ? 0 : marks->blocks[0].kinds[kind] << (MARK_BLOCK - n);
}

/* Identifiers stand by the dozen in what services write, and hide nothing:
 * whether text[at, at + UUID_BYTES) is one, by itself. */
enum { UUID_BYTES = 36 };
bool marks_is_uuid(struct str text, size_t at);
/* The same of what is covered. */
static inline bool marks_at_uuid(const struct marks *marks, size_t at)
{
    return (marks_window(marks, MARK_UUID, at) & 1) != 0 &&
           (at == marks->from ||
               (marks_window(marks, MARK_UUID, at - 1) & 1) == 0);
}

static inline const struct mark_block *marks_block(
    const struct marks *marks, size_t at)
{
    return &marks->blocks[(at - marks->from) / MARK_BLOCK];
}

#endif
