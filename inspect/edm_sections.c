/*
 * The sections of an image (inspect/edm_image.h), out of what
 * inspect/edm_build.c has counted and sorted.
 */
#include "inspect/edm_build_parts.h"

#include "base/mem.h"

enum {
    BUCKET_VALUES = 8,
    FILTER_BITS = 16,
    PAIR_BITS = 8, /* whole values decide soon after */
    SMALLEST = 64,
    GATE_SPARE = 16, /* a small one has so many bits for each that is set */
};

/* ---- sections ---- */

static void begin(struct edm_build *b, struct buf *out, enum edm_section which)
{
    static const char zeros[8];
    buf_append(out, zeros, (8 - out->n % 8) % 8);
    b->head.sections[which].at = out->n;
}

static void end(struct edm_build *b, struct buf *out, enum edm_section which)
{
    b->head.sections[which].bytes = out->n - b->head.sections[which].at;
}

static uint64_t power_above(uint64_t n)
{
    uint64_t power = SMALLEST;
    while (power < n)
        power *= 2;
    return power;
}

static uint64_t *append_filter(
    struct buf *out, uint64_t count, unsigned bits, uint64_t *mask)
{
    uint64_t words = power_above(count * bits / 64);
    uint64_t *filter = (void *)buf_reserve(out, words * sizeof *filter);
    memset(filter, 0, words * sizeof *filter);
    buf_commit(out, words * sizeof *filter);
    *mask = words - 1;
    return filter;
}

/* Halved while it stays sparse: a bit of a region goes where the next smaller
 * mask puts it. */
static size_t shrink_gate(uint64_t *words)
{
    size_t set = 0, region = EDM_GATE_BITS_MAX / 64; /* words */
    for (size_t i = 0; i < GATE_WORDS; i++)
        set += (size_t)__builtin_popcountll(words[i]);
    for (; region > 1 && region * 64 / 2 >= set * GATE_SPARE; region /= 2)
        for (size_t r = 0; r < EDM_GATE_REGIONS; r++)
            for (size_t i = 0; i < region / 2; i++)
                words[r * region / 2 + i] =
                    words[r * region + i] | words[r * region + region / 2 + i];
    return region * EDM_GATE_REGIONS;
}

void edm_append_gates(struct edm_build *b, struct buf *out)
{
    for (int i = 0; i < GATES; i++) {
        size_t words = shrink_gate(b->gates[i]);
        begin(b, out, (enum edm_section)i);
        buf_append(out, b->gates[i], words * sizeof *b->gates[i]);
        end(b, out, (enum edm_section)i);
    }
}

void edm_append_starts(struct edm_build *b, struct buf *out)
{
    uint64_t mask, slots = power_above(b->start_count * 2);
    begin(b, out, EDM_START_FILTER);
    uint64_t *filter = append_filter(out, b->start_count, FILTER_BITS, &mask);
    for (size_t i = 0; i < b->start_cap; i++)
        if (b->starts[i].hash != 0)
            filter[b->starts[i].hash >> 24 & mask] |=
                edm_filter_bits(b->starts[i].hash);
    end(b, out, EDM_START_FILTER);
    begin(b, out, EDM_STARTS);
    struct edm_start *table = (void *)buf_reserve(out, slots * sizeof *table);
    memset(table, 0, slots * sizeof *table);
    buf_commit(out, slots * sizeof *table);
    for (size_t i = 0; i < b->start_cap; i++) {
        const struct edm_first *s = &b->starts[i];
        uint64_t at = s->hash & (slots - 1);
        if (s->hash == 0)
            continue;
        while (table[at].tag != 0)
            at = (at + 1) & (slots - 1);
        table[at] =
            (struct edm_start){edm_start_tag(s->hash), s->lengths, s->flags};
    }
    end(b, out, EDM_STARTS);
}

/* hashes: each is there once. */
static void append_hashes(struct edm_build *b, enum edm_section which,
    const struct edm_u64s *hashes, unsigned bits, struct buf *out)
{
    uint64_t mask;
    begin(b, out, which);
    uint64_t *filter = append_filter(out, hashes->count, bits, &mask);
    for (size_t i = 0; i < hashes->count; i++)
        filter[hashes->items[i] >> 24 & mask] |=
            edm_filter_bits(hashes->items[i]);
    end(b, out, which);
}

void edm_append_pairs(struct edm_build *b, struct buf *out)
{
    append_hashes(b, EDM_PAIR_FILTER, &b->pairs, PAIR_BITS, out);
}

void edm_append_filter(struct edm_build *b, struct buf *out)
{
    append_hashes(b, EDM_FILTER, &b->cheap, FILTER_BITS, out);
}

void edm_append_entries(
    struct edm_build *b, const struct edm_numbers *n, struct buf *out)
{
    unsigned bits = 1;
    size_t at = 0;
    while (bits < 31 && (n->entry_count >> bits) > BUCKET_VALUES)
        bits++;
    b->head.bucket_bits = bits;
    begin(b, out, EDM_BUCKETS);
    for (uint64_t bucket = 0; bucket <= UINT64_C(1) << bits; bucket++) {
        while (
            at < n->entry_count && n->entries[at].hash >> (64 - bits) < bucket)
            at++;
        uint32_t first = (uint32_t)at;
        buf_append(out, &first, sizeof first);
    }
    end(b, out, EDM_BUCKETS);
    begin(b, out, EDM_ENTRIES);
    for (size_t i = 0; i < n->entry_count; i++) {
        struct edm_entry e = {(uint32_t)n->entries[i].hash, n->entries[i].id};
        buf_append(out, &e, sizeof e);
    }
    end(b, out, EDM_ENTRIES);
}

/* ---- posts ---- */

static bool is_first_in_row(const uint32_t *cells, uint32_t column)
{
    for (uint32_t i = 0; i < column; i++)
        if (cells[i] == cells[column])
            return false;
    return cells[column] != EDM_NO_VALUE;
}

/* In how many rows each value stands; and what is told of the columns. */
static uint32_t *count_rows(
    const uint32_t *ids, uint32_t rows, uint32_t columns, uint32_t values)
{
    uint32_t *counts = mem_calloc((size_t)values + 1, sizeof *counts);
    for (size_t r = 0; r < rows; r++)
        for (uint32_t c = 0; c < columns; c++)
            if (is_first_in_row(ids + r * columns, c))
                counts[ids[r * columns + c]]++;
    return counts;
}

static void report_columns(struct edm_build *b, const uint32_t *ids,
    uint32_t rows, const uint32_t *counts, uint32_t values)
{
    uint32_t columns = b->options.column_count;
    unsigned char *seen = mem_alloc((size_t)values + 1);
    for (uint32_t c = 0; c < columns; c++) {
        struct edm_column_report *report = &b->report.columns[c];
        memset(seen, 0, values);
        for (size_t r = 0; r < rows; r++) {
            uint32_t id = ids[r * columns + c];
            if (id == EDM_NO_VALUE)
                continue;
            bool is_frequent = counts[id] > b->options.frequent;
            report->frequent_cells += is_frequent;
            report->values += !seen[id];
            report->frequent += is_frequent && !seen[id];
            seen[id] = 1;
        }
    }
    mem_free(seen);
}

/* counts become places in the lists. */
static void append_posts(struct edm_build *b, const uint32_t *ids,
    uint32_t rows, uint32_t *counts, uint32_t values, struct buf *out)
{
    uint32_t columns = b->options.column_count, next = 0;
    uint32_t *posts = mem_alloc((size_t)values * sizeof *posts + 1);
    for (uint32_t id = 0; id < values; id++) {
        posts[id] = counts[id] > b->options.frequent ? EDM_POST_MANY
                    : counts[id] <= 1                ? 0
                                                     : EDM_POST_LIST | next;
        if (counts[id] > 1 && counts[id] <= b->options.frequent)
            next += 1 + counts[id];
    }
    uint32_t *lists = mem_zalloc((size_t)next * sizeof *lists + 1);
    for (size_t r = 0; r < rows; r++) {
        for (uint32_t c = 0; c < columns; c++) {
            uint32_t id = ids[r * columns + c];
            if (!is_first_in_row(ids + r * columns, c) ||
                posts[id] == EDM_POST_MANY)
                continue;
            if (counts[id] == 1)
                posts[id] = (uint32_t)r;
            else {
                uint32_t *list = lists + (posts[id] & ~EDM_POST_LIST);
                list[++list[0]] = (uint32_t)r;
            }
        }
    }
    begin(b, out, EDM_POSTS);
    buf_append(out, posts, (size_t)values * sizeof *posts);
    end(b, out, EDM_POSTS);
    begin(b, out, EDM_LISTS);
    buf_append(out, lists, (size_t)next * sizeof *lists);
    end(b, out, EDM_LISTS);
    mem_free(posts);
    mem_free(lists);
}

static void append_masks(struct edm_build *b, const uint32_t *ids,
    uint32_t rows, uint32_t values, struct buf *out)
{
    uint32_t columns = b->options.column_count;
    size_t bytes = (size_t)values * sizeof(uint32_t);
    begin(b, out, EDM_MASKS);
    uint32_t *masks = (void *)buf_reserve(out, bytes);
    memset(masks, 0, bytes);
    buf_commit(out, bytes);
    for (size_t r = 0; r < rows; r++)
        for (uint32_t c = 0; c < columns; c++)
            if (ids[r * columns + c] != EDM_NO_VALUE)
                masks[ids[r * columns + c]] |= UINT32_C(1) << c;
    end(b, out, EDM_MASKS);
}

void edm_append_rows(
    struct edm_build *b, struct edm_numbers *n, uint32_t rows, struct buf *out)
{
    uint32_t *counts =
        count_rows(n->ids, rows, b->options.column_count, n->count);
    report_columns(b, n->ids, rows, counts, n->count);
    append_posts(b, n->ids, rows, counts, n->count, out);
    mem_free(counts);
    append_masks(b, n->ids, rows, n->count, out);
    begin(b, out, EDM_ROWS);
    buf_append(
        out, n->ids, (size_t)rows * b->options.column_count * sizeof *n->ids);
    end(b, out, EDM_ROWS);
}
