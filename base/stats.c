/*
 * The shared counters.  A slot is an array of 64-bit words, the counters
 * first, then the histograms (buckets, sum, count).  A role writes its slot
 * from its loop and from pool threads: relaxed atomic adds, no locks.
 */
#include "base/stats.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

#include "base/buf.h"

enum {
    HIST_WORDS = HIST_BUCKETS + 2, /* buckets, sum in us, count */
    SLOT_WORDS = STAT_COUNT + HIST_COUNT * HIST_WORDS,
    BUCKET_FIRST_US = 10, /* 10 us, doubling: the last bound is 5.2 s */
};

struct slot {
    _Atomic int64_t words[SLOT_WORDS];
};

static struct slot private_slot;
static struct slot *own = &private_slot;

size_t stats_mapping_bytes(void)
{
    return STATS_SLOTS * sizeof(struct slot);
}

void stats_attach(void *mapping, unsigned slot)
{
    own = slot < STATS_SLOTS ? (struct slot *)mapping + slot : &private_slot;
}

static void add(size_t word, int64_t n)
{
    atomic_fetch_add_explicit(&own->words[word], n, memory_order_relaxed);
}

void stats_add(enum stats_counter counter, int64_t n)
{
    add(counter, n);
}

void stats_set(enum stats_counter counter, int64_t value)
{
    atomic_store_explicit(&own->words[counter], value, memory_order_relaxed);
}

void stats_observe_us(enum histogram histogram, uint64_t us)
{
    size_t first = STAT_COUNT + (size_t)histogram * HIST_WORDS, bucket = 0;
    while (bucket < HIST_BUCKETS && us > (uint64_t)BUCKET_FIRST_US << bucket)
        bucket++;
    if (bucket < HIST_BUCKETS) /* beyond the last bound: only in the count */
        add(first + bucket, 1);
    add(first + HIST_BUCKETS, (int64_t)us);
    add(first + HIST_BUCKETS + 1, 1);
}

struct row {
    const char *name, *kind, *help;
};

#define COUNTER "counter"
#define GAUGE "gauge"
#define ROW(id, kind, name, help) {name, kind, help},
static const struct row rows[] = {STATS_TABLE(ROW)};
#define HIST_ROW(id, name, help) {name, "histogram", help},
static const struct row hist_rows[] = {HISTOGRAMS_TABLE(HIST_ROW)};

void stats_reset_gauges(void *mapping, unsigned slot)
{
    if (slot >= STATS_SLOTS)
        return;
    struct slot *s = (struct slot *)mapping + slot;
    for (size_t i = 0; i < STAT_COUNT; i++)
        if (strcmp(rows[i].kind, GAUGE) == 0)
            atomic_store_explicit(&s->words[i], 0, memory_order_relaxed);
}

static int64_t sum(const struct slot *slots, size_t word)
{
    int64_t total = 0;
    for (size_t i = 0; i < STATS_SLOTS; i++)
        total +=
            atomic_load_explicit(&slots[i].words[word], memory_order_relaxed);
    return total;
}

int64_t stats_sum(const void *mapping, enum stats_counter counter)
{
    return sum(mapping, counter);
}

static int64_t bound_of(
    const int64_t buckets[HIST_BUCKETS], int64_t count, int64_t percent)
{
    int64_t below = 0;
    for (size_t i = 0; i < HIST_BUCKETS; i++) {
        below += buckets[i];
        if (below * 100 >= count * percent)
            return INT64_C(1) * BUCKET_FIRST_US << i;
    }
    return INT64_MAX;
}

void stats_summarize(const void *mapping, enum histogram histogram,
    struct stats_summary *summary_out)
{
    size_t first = STAT_COUNT + (size_t)histogram * HIST_WORDS;
    int64_t buckets[HIST_BUCKETS];
    *summary_out = (struct stats_summary){0};
    /* The count first: a bucket that grows meanwhile does no harm. */
    summary_out->count = sum(mapping, first + HIST_BUCKETS + 1);
    for (size_t i = 0; i < HIST_BUCKETS; i++)
        buckets[i] = sum(mapping, first + i);
    if (summary_out->count == 0)
        return;
    summary_out->p50_us = bound_of(buckets, summary_out->count, 50);
    summary_out->p95_us = bound_of(buckets, summary_out->count, 95);
    summary_out->p99_us = bound_of(buckets, summary_out->count, 99);
}

/* The part of an exported name before its labels. */
static struct str family(const char *name)
{
    return str_make(name, strcspn(name, "{"));
}

static void write_head(struct buf *out, const struct row *row)
{
    struct str name = family(row->name);
    buf_printf(out, "# HELP %.*s %s\n# TYPE %.*s %s\n", STR_ARG(name),
        row->help, STR_ARG(name), row->kind);
}

static void write_histogram(
    const struct slot *slots, size_t index, struct buf *out)
{
    const struct row *row = &hist_rows[index];
    size_t first = STAT_COUNT + index * HIST_WORDS;
    int64_t below = 0, count = sum(slots, first + HIST_BUCKETS + 1);
    write_head(out, row);
    for (size_t i = 0; i < HIST_BUCKETS; i++) {
        below += sum(slots, first + i);
        double bound = (double)((uint64_t)BUCKET_FIRST_US << i) / 1e6;
        buf_printf(out, "%s_bucket{le=\"%.9g\"} %" PRId64 "\n", row->name,
            bound, below);
    }
    buf_printf(out, "%s_bucket{le=\"+Inf\"} %" PRId64 "\n", row->name, count);
    buf_printf(out, "%s_sum %.9g\n%s_count %" PRId64 "\n", row->name,
        (double)sum(slots, first + HIST_BUCKETS) / 1e6, row->name, count);
}

void stats_write_prometheus(const void *mapping, struct buf *out)
{
    const struct slot *slots = mapping;
    struct str last = STR_NONE;
    for (size_t i = 0; i < STAT_COUNT; i++) {
        if (!str_eq(family(rows[i].name), last))
            write_head(out, &rows[i]);
        last = family(rows[i].name);
        buf_printf(out, "%s %" PRId64 "\n", rows[i].name, sum(slots, i));
    }
    for (size_t i = 0; i < HIST_COUNT; i++)
        write_histogram(slots, i, out);
}
