/*
 * A set of fingerprints as it lies in its file.  Private to fingerprint_set.c
 * (reads), fingerprint_build.c (writes) and fingerprint_match.c (asks).
 *
 * A head, then arrays, each at a multiple of eight bytes and in this order:
 *
 *   documents   struct set_document[documents]
 *   hashes      uint32_t[points], of a document's points in their order
 *   positions   uint32_t[points], in the document's folded text
 *   shared      uint64_t[points / 64 + 1], a bit: not looked for
 *   index       uint32_t[indexed], points that are looked for, by hash
 *   buckets     uint32_t[(1 << bucket_bits) + 1], by the first bits of a hash
 *   filter      uint64_t[filter_words]: two bits in one word for each hash
 *   paragraphs  uint32_t[paragraphs], the first point of each
 *   names       bytes
 *
 * In the machine's own byte order; all of it is checked before it is used.
 */
#ifndef INSPECT_FINGERPRINT_PARTS_H
#define INSPECT_FINGERPRINT_PARTS_H

#include "inspect/fingerprint.h"
#include "inspect/winnow.h"

enum { SET_VERSION = 1, BUCKET_BITS_MAX = 24 };
#define SET_MAGIC "PGFPRNT"

struct set_head {
    char magic[8];
    uint32_t version, crc; /* of all, itself 0 */
    uint8_t key[WINNOW_KEY_BYTES];
    uint32_t documents, points, indexed, bucket_bits;
    uint32_t filter_words, paragraphs, name_bytes, reserved;
};

uint32_t set_crc(struct set_head head, struct str rest);

struct set_document {
    uint32_t first, points; /* [first, first + points) */
    uint32_t own;           /* of them not shared */
    uint32_t paragraph_first, paragraphs;
    uint32_t name_at, name_bytes;
    uint32_t is_common;
    uint64_t letters;
    int64_t added_ms;
};

struct fingerprint_set {
    struct set_head head;
    const struct set_document *documents;
    const uint32_t *hashes, *positions;
    const uint64_t *shared;
    const uint32_t *index, *buckets;
    const uint64_t *filter;
    const uint32_t *paragraphs;
    const char *names;
    struct winnow_key *key;
};

/* One word of the filter and two of its bits. */
static inline uint32_t set_filter_word(uint32_t hash, uint32_t words)
{
    return (uint32_t)((uint64_t)hash * words >> 32);
}
static inline uint64_t set_filter_bits(uint32_t hash)
{
    uint32_t mixed = hash * 0x9e3779b1u;
    return UINT64_C(1) << (mixed >> 26) | UINT64_C(1) << (mixed >> 20 & 63);
}
static inline bool set_may_have(
    const struct fingerprint_set *set, uint32_t hash)
{
    uint64_t bits = set_filter_bits(hash);
    uint64_t word = set->filter[set_filter_word(hash, set->head.filter_words)];
    return (word & bits) == bits;
}

static inline bool set_is_shared(const struct fingerprint_set *set, uint32_t p)
{
    return (set->shared[p / 64] >> p % 64 & 1) != 0;
}

#endif
