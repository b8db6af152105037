/*
 * Inside exact data match: the image, which is what a table becomes.  Private
 * to inspect/edm*.c; edm_build.c writes it, edm.c checks and reads it.
 *
 * A value is the letters and digits of a cell, folded (inspect/fold.h) and
 * without what stands between them.  The image holds no value, but
 *
 *   gates     what a word or number must be to be looked at, small enough to
 *             stay in the processor's cache
 *   starts    a filter over first words of values, and what follows them
 *   pairs     a filter over first words with the word behind
 *   filter    over whole values
 *   entries   SipHash-2-4 of each value and of its other spellings: its number
 *   posts     by number: the one row that has it, a list of rows, or "many";
 *   masks     and the columns it stands in
 *   rows      by row: the number of each of its cells
 *
 * Gates and filters take a cheap hash with secret seeds, so that a word of a
 * text costs a multiplication and one look; SipHash decides.  A weak hash
 * gives nothing away there: seeds and key are random, of one build, and stand
 * in the image, so the image is a secret as a whole.  On disk it is encrypted
 * (edm_file.c), in memory only workers have it.  Who sends texts does not know
 * the seeds, and could at most make a lookup slower.
 *
 * Written and read on machines of one byte order; all sections are aligned to
 * 8 bytes and lie inside the image.
 */
#ifndef INSPECT_EDM_IMAGE_H
#define INSPECT_EDM_IMAGE_H

#include <sodium.h>

#include "inspect/edm.h"

#define EDM_IMAGE_MAGIC "PGEDMIM"
enum {
    EDM_IMAGE_VERSION = 3,
    EDM_VALUE_MIN = 2,
    EDM_VALUE_MAX = 200, /* bytes of a value */
    EDM_WORDS_MAX = 16,  /* words of a cell; bits of edm_start.lengths */
    EDM_IDS_MAX = 4,     /* values of one spelling (4.5. is two dates) */
};

/* posts[] */
#define EDM_POST_MANY UINT32_C(0xffffffff)
#define EDM_POST_LIST UINT32_C(0x80000000) /* else the row itself */
#define EDM_NO_VALUE UINT32_C(0xffffffff)  /* an empty cell */

enum edm_section {
    EDM_START_GATE,   /* first words */
    EDM_NEXT_GATE,    /* words that follow a first one */
    EDM_NUMBER_GATE,  /* how numbers begin */
    EDM_START_FILTER, /* uint64_t, a power of two of them */
    EDM_PAIR_FILTER,  /* the same, of edm_hash_pair */
    EDM_STARTS,       /* struct edm_start, open addressing, a power of two */
    EDM_FILTER,       /* uint64_t, a power of two of them */
    EDM_BUCKETS,      /* uint32_t: first entry, by the hash's upper bits */
    EDM_ENTRIES,      /* struct edm_entry, sorted by hash */
    EDM_POSTS,        /* uint32_t */
    EDM_MASKS,        /* uint32_t: the columns that have a value, as bits */
    EDM_LISTS,        /* uint32_t: a count, then so many rows */
    EDM_ROWS,         /* uint32_t: columns of each row */
    EDM_SECTIONS,
};

struct edm_span {
    uint64_t at, bytes;
};

struct edm_image {
    char magic[8];
    uint32_t version, columns;
    uint32_t rows, values;
    uint32_t bucket_bits, list_max;
    unsigned char sip_key[crypto_shorthash_KEYBYTES];
    uint64_t seeds[2];
    uint64_t number_lengths[EDM_VALUE_MAX / 64 + 1]; /* bits, by bytes */
    struct edm_span sections[EDM_SECTIONS];
};

enum { EDM_START_NUMBER = 1 }; /* a number begins so, in any grouping */

struct edm_start {
    uint32_t tag;     /* of the hash; 0: free */
    uint16_t lengths; /* bit n - 1: values of n words begin so */
    uint16_t flags;
};

struct edm_entry {
    uint32_t tag; /* lower half of SipHash */
    uint32_t id;
};

/* ---- the cheap hash ---- */

static inline uint64_t edm_mix(uint64_t a, uint64_t b)
{
    __extension__ unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Of a value of at most 8 bytes, as a little-endian number. */
static inline uint64_t edm_hash8(const uint64_t *seeds, uint64_t word)
{
    return edm_mix(word ^ seeds[0], seeds[1]);
}

static inline uint64_t edm_load(const char *p, size_t n)
{
    uint64_t word = 0;
    memcpy(&word, p, n < 8 ? n : 8);
    return word;
}

static inline uint64_t edm_hash(const uint64_t *seeds, struct str s)
{
    uint64_t hash = 0;
    for (; s.n > 8; s = str_sub(s, 8, s.n))
        hash = edm_mix(hash ^ edm_load(s.p, 8) ^ seeds[1], seeds[0]);
    return edm_hash8(seeds, hash ^ edm_load(s.p, s.n));
}

/* What the gates of words go by: their first eight bytes, so that a text's need
 * one multiplication each.  Of a word that is not longer it is edm_hash. */
static inline uint64_t edm_hash_head(const uint64_t *seeds, struct str word)
{
    return edm_hash8(seeds, edm_load(word.p, word.n));
}

/* Of a first word's edm_hash and the next word's edm_hash_head. */
static inline uint64_t edm_hash_pair(
    const uint64_t *seeds, uint64_t first, uint64_t next)
{
    return edm_mix(first ^ seeds[1], next ^ seeds[0]);
}

static inline uint64_t edm_sip(const unsigned char *key, struct str s)
{
    uint64_t hash;
    crypto_shorthash((unsigned char *)&hash, (const unsigned char *)s.p,
        (unsigned long long)s.n, key);
    return hash;
}

/* ---- gates: a bit of one of sixteen regions, by length ----
 *
 * Long words are many different ones (addresses of mail), short ones few: by
 * themselves these leave their regions almost empty, and they are what texts
 * are full of. */

enum {
    EDM_GATE_REGIONS = 16,
    EDM_GATE_BITS_MAX = 1 << 17, /* of a region: 256 KiB a gate */
    EDM_GATE_NUMBER_START = 4,   /* bytes of a number that its gate looks at */
};

struct edm_gate {
    const uint64_t *words;
    uint64_t mask; /* bits of a region - 1 */
};

/* n: bytes of what was hashed. */
static inline uint64_t edm_gate_bit(uint64_t mask, size_t n, uint64_t hash)
{
    size_t region = n < EDM_GATE_REGIONS ? n : EDM_GATE_REGIONS - 1;
    return (mask + 1) * region + (hash >> 40 & mask);
}

static inline bool edm_gate_has(
    const struct edm_gate *gate, size_t n, uint64_t hash)
{
    uint64_t bit = edm_gate_bit(gate->mask, n, hash);
    return (gate->words[bit / 64] >> bit % 64 & 1) != 0;
}

/* Of a number, for its gate. */
static inline uint64_t edm_hash_number_start(
    const uint64_t *seeds, struct str value)
{
    return edm_hash8(seeds,
        edm_load(value.p,
            value.n < EDM_GATE_NUMBER_START ? value.n : EDM_GATE_NUMBER_START));
}

/* ---- filters: four bits of one word ---- */

static inline uint64_t edm_filter_bits(uint64_t hash)
{
    return UINT64_C(1) << (hash & 63) | UINT64_C(1) << (hash >> 6 & 63) |
           UINT64_C(1) << (hash >> 12 & 63) | UINT64_C(1) << (hash >> 18 & 63);
}

static inline bool edm_filter_has(
    const uint64_t *words, uint64_t mask, uint64_t hash)
{
    uint64_t bits = edm_filter_bits(hash);
    return (words[hash >> 24 & mask] & bits) == bits;
}

static inline uint32_t edm_start_tag(uint64_t hash)
{
    uint32_t tag = (uint32_t)(hash >> 32);
    return tag != 0 ? tag : 1;
}

/* ---- a checked image ---- */

struct edm_index {
    const struct edm_image *head;
    struct edm_gate start_gate, next_gate, number_gate;
    const uint64_t *start_filter, *pair_filter, *filter;
    uint64_t start_filter_mask, pair_filter_mask, filter_mask, start_mask;
    const struct edm_start *starts;
    const uint32_t *buckets;
    const struct edm_entry *entries;
    size_t entry_count;
    const uint32_t *posts, *masks, *lists, *rows;
    size_t list_count; /* words of lists */
    size_t number_max; /* bytes of the longest number; 0: none */
    /* By bytes of a word: which of its first eight are its own, and where its
     * region of the start gate begins. */
    struct {
        uint64_t kept, region;
    } lengths[64];
};

/* What follows a first word with this hash; NULL: nothing begins so. */
static inline const struct edm_start *edm_find_start(
    const struct edm_index *x, uint64_t hash)
{
    uint32_t tag = edm_start_tag(hash);
    for (uint64_t n = 0; n <= x->start_mask; n++) {
        const struct edm_start *s = &x->starts[(hash + n) & x->start_mask];
        if (s->tag == tag)
            return s;
        if (s->tag == 0)
            return NULL;
    }
    return NULL;
}

static inline bool edm_is_number_length(const struct edm_index *x, size_t n)
{
    return n <= EDM_VALUE_MAX &&
           (x->head->number_lengths[n / 64] >> n % 64 & 1) != 0;
}

/* The numbers of the values that are spelt so; how many. */
size_t edm_find_values(
    const struct edm_index *x, struct str value, uint32_t ids_out[EDM_IDS_MAX]);

/* The rows that have a value, none when there are too many to list. */
struct edm_rows {
    const uint32_t *items;
    size_t count;
    uint32_t one;
};
bool edm_rows_of(
    const struct edm_index *x, uint32_t id, struct edm_rows *rows_out);

/* ---- words of a text ---- */

/* A byte of a word, or of a character that is looked at more closely. */
static inline bool edm_is_word_byte(char c)
{
    unsigned char lower = (unsigned char)c | 0x20;
    return (unsigned char)c >= 0x80 || (unsigned char)(lower - 'a') < 26 ||
           (unsigned char)(c - '0') < 10;
}

struct edm_word {
    size_t start, end; /* in the text */
    bool has_digit;
};

/* The next word at `at` or behind it, at most max bytes away: its folded bytes
 * are appended to value[*n_io], at most EDM_VALUE_MAX in all (ERR_LIMIT: it
 * has more).  ERR_NOT_FOUND: none. */
enum err edm_next_word(struct str text, size_t at, size_t max,
    struct edm_word *word_out, char *value, size_t *n_io) MUST_USE;

#endif
