/*
 * What folds letters and weighs places, the hot loops of winnowing: shared by
 * winnow.c (rounds) and winnow_key.c (these).
 */
#ifndef INSPECT_WINNOW_PARTS_H
#define INSPECT_WINNOW_PARTS_H

#include "inspect/fold.h"
#include "inspect/winnow.h"

enum {
    WINNOW_CHUNK = 64,        /* source bytes folded at a time */
    WINNOW_SLACK = 64,        /* bytes that loops write or read beyond */
    WINNOW_CHOOSERS = 6,      /* letters that a place is chosen by */
    WINNOW_TWO_BYTES = 0x800, /* code points of one or two bytes */
    WINNOW_SMALL = 256 / WINNOW_EVERY, /* of 256 values: chosen */
};

struct winnow_folded {
    unsigned char n;
    char bytes[FOLD_MAX - 1];
};

struct winnow_key {
    uint64_t least, hash[3];
    /* The value of a place is the sum of these, for its first letters. */
    _Alignas(16) uint8_t sums[WINNOW_CHOOSERS][16];
    bool is_fast;     /* the processor has SSSE3 */
    char ascii[0x80]; /* 0: dropped */
    struct winnow_folded two[WINNOW_TWO_BYTES];
    /* Of eight bytes, by the bits of those that stay: their order, and how
     * many. */
    uint64_t packed[256];
    uint8_t kept[256];
};

/* Appends the letters of text[at, stop), or of a little more: no character is
 * cut.  Returns where it ended. */
size_t winnow_fold(const struct winnow_key *key, struct str text, size_t at,
    size_t stop, char *out, uint32_t *n);
/* The same for WINNOW_CHUNK bytes. */
size_t winnow_fold_chunk(const struct winnow_key *key, struct str text,
    size_t at, char *out, uint32_t *n);

/* A bit for each place of [from, to) whose value is small; from: a multiple
 * of 64.  Bits behind `to` mean nothing. */
void winnow_weigh(const struct winnow_key *key, const char *letters,
    uint32_t from, uint32_t to, uint64_t *bits);

#endif
