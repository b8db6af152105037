/*
 * A set of fingerprints is opened: nothing in it is believed that could lead
 * a reader out of it.
 */
#include <string.h>
#include <zlib.h>

#include "base/mem.h"
#include "inspect/fingerprint_parts.h"

uint32_t set_crc(struct set_head head, struct str rest)
{
    head.crc = 0;
    uLong crc = crc32_z(0, (const Bytef *)&head, sizeof head);
    return (uint32_t)crc32_z(crc, (const Bytef *)rest.p, rest.n);
}

/* The next array of the file; NULL when it does not fit. */
static const void *take(struct str *rest, uint64_t count, size_t size)
{
    uint64_t bytes = (count * size + 7) / 8 * 8;
    if (bytes > rest->n)
        return NULL;
    const void *at = rest->p;
    *rest = str_sub(*rest, (size_t)bytes, rest->n);
    return at;
}

static bool take_all(struct fingerprint_set *set, struct str rest)
{
    const struct set_head *h = &set->head;
    return (set->documents =
                   take(&rest, h->documents, sizeof *set->documents)) != NULL &&
           (set->hashes = take(&rest, h->points, sizeof *set->hashes)) !=
               NULL &&
           (set->positions = take(&rest, h->points, sizeof *set->positions)) !=
               NULL &&
           (set->shared = take(
                &rest, h->points / 64 + 1, sizeof *set->shared)) != NULL &&
           (set->index = take(&rest, h->indexed, sizeof *set->index)) != NULL &&
           (set->buckets = take(&rest, (UINT64_C(1) << h->bucket_bits) + 1,
                sizeof *set->buckets)) != NULL &&
           (set->filter = take(&rest, h->filter_words, sizeof *set->filter)) !=
               NULL &&
           (set->paragraphs = take(
                &rest, h->paragraphs, sizeof *set->paragraphs)) != NULL &&
           (set->names = take(&rest, h->name_bytes, 1)) != NULL && rest.n == 0;
}

static bool is_good_head(const struct set_head *h)
{
    return h->documents <= FINGERPRINT_DOCUMENTS_MAX &&
           h->points <= FINGERPRINT_POINTS_MAX && h->indexed <= h->points &&
           h->bucket_bits >= 1 && h->bucket_bits <= BUCKET_BITS_MAX &&
           h->filter_words >= 1;
}

static bool are_good_paragraphs(
    const struct fingerprint_set *set, const struct set_document *d)
{
    const uint32_t *starts = set->paragraphs + d->paragraph_first;
    for (uint32_t i = 0; i < d->paragraphs; i++)
        if (starts[i] < d->first || starts[i] >= d->first + d->points ||
            (i > 0 && starts[i] <= starts[i - 1]))
            return false;
    return true;
}

static bool are_good_positions(
    const struct fingerprint_set *set, const struct set_document *d)
{
    for (uint32_t i = d->first; i + 1 < d->first + d->points; i++)
        if (set->positions[i] > set->positions[i + 1])
            return false;
    return true;
}

static bool are_good_documents(const struct fingerprint_set *set)
{
    const struct set_head *h = &set->head;
    uint64_t points = 0, paragraphs = 0;
    for (uint32_t i = 0; i < h->documents; i++) {
        const struct set_document *d = &set->documents[i];
        if (d->first != points || d->points > h->points - points ||
            d->own > d->points || d->paragraph_first != paragraphs ||
            d->paragraphs > h->paragraphs - paragraphs ||
            d->name_at > h->name_bytes ||
            d->name_bytes > h->name_bytes - d->name_at ||
            d->name_bytes > FINGERPRINT_NAME_MAX || d->is_common > 1 ||
            !are_good_paragraphs(set, d) || !are_good_positions(set, d))
            return false;
        points += d->points;
        paragraphs += d->paragraphs;
    }
    return points == h->points && paragraphs == h->paragraphs;
}

static bool is_good_index(const struct fingerprint_set *set)
{
    const struct set_head *h = &set->head;
    uint32_t buckets = UINT32_C(1) << h->bucket_bits;
    if (set->buckets[0] != 0 || set->buckets[buckets] != h->indexed)
        return false;
    for (uint32_t i = 0; i < buckets; i++)
        if (set->buckets[i] > set->buckets[i + 1])
            return false;
    for (uint32_t i = 0; i < h->indexed; i++)
        if (set->index[i] >= h->points)
            return false;
    return true;
}

enum err fingerprint_set_open(
    struct str bytes, struct fingerprint_set **set_out)
{
    *set_out = NULL;
    struct set_head head;
    if (bytes.n < sizeof head || (uintptr_t)bytes.p % 8 != 0)
        return ERR_PARSE;
    memcpy(&head, bytes.p, sizeof head);
    if (memcmp(head.magic, SET_MAGIC, sizeof head.magic) != 0)
        return ERR_PARSE;
    if (head.version != SET_VERSION)
        return ERR_UNSUPPORTED;
    struct str rest = str_sub(bytes, sizeof head, bytes.n);
    if (!is_good_head(&head) || head.crc != set_crc(head, rest))
        return ERR_PARSE;
    struct fingerprint_set *set = MEM_NEW(struct fingerprint_set);
    set->head = head;
    if (!take_all(set, rest) || !are_good_documents(set) ||
        !is_good_index(set)) {
        mem_free(set);
        return ERR_PARSE;
    }
    set->key = winnow_key_new(head.key);
    *set_out = set;
    return OK;
}

void fingerprint_set_free(struct fingerprint_set **set)
{
    if (*set == NULL)
        return;
    winnow_key_free(&(*set)->key);
    mem_free(*set);
    *set = NULL;
}

size_t fingerprint_set_count(const struct fingerprint_set *set)
{
    return set->head.documents;
}

struct fingerprint_document fingerprint_set_at(
    const struct fingerprint_set *set, size_t index)
{
    const struct set_document *d = &set->documents[index];
    return (struct fingerprint_document){
        .name = str_make(set->names + d->name_at, d->name_bytes),
        .letters = d->letters,
        .points = d->points,
        .own = d->own,
        .paragraphs = d->paragraphs,
        .added_ms = d->added_ms,
        .is_common = d->is_common != 0,
    };
}
