/*
 * Keywords around candidates.  Most texts have no candidate, so their words
 * are never looked for; where there is one, chunks of the text around it go
 * through a database of words only.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "inspect/scan_job.h"

enum { WORD_FREE_LENGTH = 7 }; /* so long a word may be part of another */

/* A short word must not stand inside another one: no letter next to it, but
 * for a camel hump (awsSecret, clientSSN). */
static bool is_word_edge(struct str text, size_t start, size_t end)
{
    unsigned char first = (unsigned char)text.p[start];
    unsigned char last = (unsigned char)text.p[end - 1];
    if (start > 0 && isalnum((unsigned char)text.p[start - 1]) &&
        isalnum(first) &&
        !(isupper(first) && islower((unsigned char)text.p[start - 1])))
        return false;
    if (end == text.n || !isalpha((unsigned char)text.p[end]) || !isalnum(last))
        return true;
    if (!isupper((unsigned char)text.p[end]))
        return false;
    /* "clientSSN", "ETSYToken" */
    return islower(last) ||
           (end + 1 < text.n && islower((unsigned char)text.p[end + 1]));
}

struct chunk_scan {
    struct scan_job *job;
    struct word_map *map;
    size_t start; /* of what is scanned, in the text */
    size_t from;  /* words that end here or before are another chunk's */
};

static int on_word(unsigned id, unsigned long long from, unsigned long long to,
    unsigned flags, void *context)
{
    (void)from;
    (void)flags;
    struct chunk_scan *scan = context;
    struct scan_job *job = scan->job;
    size_t end = scan->start + (size_t)to;
    size_t width = job->scanner->rules->anchors[id].width;
    if (end <= scan->from || width > end ||
        (width < WORD_FREE_LENGTH &&
            !is_word_edge(job->text, end - width, end)))
        return 0;
    if (!events_push(&scan->map->events, (struct event){end, id}))
        job->out->is_incomplete = true;
    return 0;
}

static int compare_words(const void *a, const void *b)
{
    const struct event *x = a, *y = b;
    return x->end < y->end ? -1 : x->end > y->end;
}

/* Events from `first` on, by where they end. */
static void sort_words(struct events *events, size_t first)
{
    for (size_t i = first + 1; i < events->count; i++)
        if (events->items[i].end < events->items[i - 1].end) {
            qsort(events->items + first, events->count - first,
                sizeof *events->items, compare_words);
            return;
        }
}

/* These chunks, which were not looked at yet, in one go. */
static void scan_chunks(
    struct scan_job *job, enum word_kind kind, size_t first, size_t last)
{
    struct word_map *map = &job->words[kind];
    size_t start = first * WORD_CHUNK, longest;
    longest = job->scanner->rules->word_longest[kind];
    size_t lead = start > longest ? start - longest : 0;
    size_t at = map->events.count;
    struct str text = str_sub(job->text, lead, (last + 1) * WORD_CHUNK);
    struct chunk_scan scan = {job, map, lead, start};
    if (text.n > 0 &&
        hs_scan(job->scanner->words[kind], text.p, (unsigned)text.n, 0,
            job->scanner->scratch, on_word, &scan) != HS_SUCCESS)
        job->out->is_incomplete = true;
    sort_words(&map->events, at);
    for (size_t chunk = first; chunk <= last; chunk++) {
        struct word_chunk *c = &map->chunks[chunk - map->base];
        c->first = at;
        while (at < map->events.count &&
               map->events.items[at].end <= (chunk + 1) * WORD_CHUNK)
            at++;
        c->count = at - c->first;
        c->is_done = true;
    }
}

bool words_want(
    struct scan_job *job, enum word_kind kind, size_t from, size_t to)
{
    struct word_map *map = &job->words[kind];
    size_t chunk = first_chunk(from), end = map->base + map->chunk_count;
    size_t stop = to / WORD_CHUNK + 1 < end ? to / WORD_CHUNK + 1 : end;
    size_t found = 0;
    chunk = chunk > map->base ? chunk : map->base;
    while (chunk < stop) {
        size_t first = chunk;
        while (chunk < stop && !map->chunks[chunk - map->base].is_done)
            chunk++;
        if (chunk > first)
            scan_chunks(job, kind, first, chunk - 1);
        for (; first < chunk; first++)
            found += map->chunks[first - map->base].count;
        if (chunk < stop)
            found += map->chunks[chunk++ - map->base].count;
    }
    return found > 0;
}

/* Whether all words that end in text[from, to] were looked for, and there are
 * none; *to_out: so far. */
static bool is_quiet(
    const struct word_map *map, size_t from, size_t to, size_t *to_out)
{
    size_t first = first_chunk(from), last = to / WORD_CHUNK;
    if (first < map->base || last - map->base >= map->chunk_count)
        return false;
    for (size_t chunk = first; chunk <= last; chunk++)
        if (!map->chunks[chunk - map->base].is_done ||
            map->chunks[chunk - map->base].count > 0)
            return false;
    *to_out = (last + 1) * WORD_CHUNK;
    return true;
}

unsigned words_none(struct scan_job *job, size_t start, size_t end)
{
    const struct rules *rules = job->scanner->rules;
    size_t within = rules->number_within;
    size_t from = start > within ? start - within : 0;
    unsigned none = WORDS_OR_ALONE;
    if (job->text.n <= ALONE_TEXT_MAX)
        return 0;
    for (unsigned kind = 0; kind < WORD_KINDS; kind++) {
        struct word_map *map = &job->words[kind];
        size_t to = end + within + rules->word_longest[kind];
        to = to < job->text.n ? to : job->text.n;
        if (job->is_doubtful) /* what passes a validator would ask for them */
            words_want(job, (enum word_kind)kind, from, to);
        bool is_none = from >= map->quiet_from && to < map->quiet_to;
        if (!is_none && is_quiet(map, from, to, &map->quiet_to)) {
            map->quiet_from = from;
            is_none = true;
        }
        none |= (unsigned)is_none << kind;
    }
    return none;
}

static void begin_map(struct word_map *map, size_t from, size_t to)
{
    size_t count = to / WORD_CHUNK - from / WORD_CHUNK + 1;
    if (count > map->chunk_cap) {
        mem_free(map->chunks);
        map->chunks = mem_alloc(count * sizeof *map->chunks);
        map->chunk_cap = count;
    }
    memset(map->chunks, 0, count * sizeof *map->chunks);
    map->chunk_count = count;
    map->base = from / WORD_CHUNK;
    map->quiet_from = map->quiet_to = 0;
    map->events.count = 0;
}

void words_begin(struct scan_job *job, size_t from, size_t to)
{
    for (size_t i = 0; i < WORD_KINDS; i++)
        if (job->scanner->words[i] != NULL)
            begin_map(&job->words[i], from, to);
}

void words_free(struct scan_job *job)
{
    for (size_t i = 0; i < WORD_KINDS; i++) {
        mem_free(job->words[i].chunks);
        mem_free(job->words[i].events.items);
    }
}

const struct event *words_in(
    struct scan_job *job, enum word_kind kind, size_t chunk, size_t *count_out)
{
    struct word_map *map = &job->words[kind];
    *count_out = 0;
    if (chunk < map->base || chunk - map->base >= map->chunk_count)
        return NULL;
    const struct word_chunk *c = &map->chunks[chunk - map->base];
    *count_out = c->count;
    return c->count > 0 ? map->events.items + c->first : NULL;
}
