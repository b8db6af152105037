/*
 * Points of a text that a set knows are joined to chains: they follow each
 * other in the text as in the document, at about the same distances.  A chain
 * bridges what was edited, and what it spans is a passage; what passages cover
 * of a document decides.  A chance hit stays alone and is forgotten.
 */
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/mem.h"
#include "inspect/finding.h"
#include "inspect/fingerprint_parts.h"
#include "inspect/rule.h"

enum {
    GAP_MAX = 240,     /* between two points of a chain */
    DRIFT_MAX = 32,    /* by how much distances may differ, */
    DRIFT_PART = 4,    /* and this part of the gap */
    CHAINS_MAX = 256,  /* at a time; the oldest goes */
    HITS_MIN = 2,      /* of a passage */
    DENSITY_PART = 10, /* of the points it spans, one in so many is a hit */
    PASSAGES_MAX = 1 << 16,
    HITS_MAX = 1 << 20,
    /* Letters before the first and behind the last point of a passage, about:
     * copied, but in no gram. */
    EDGES = 2 * (WINNOW_EVERY - 1),
    /* Of a paragraph that counts; and one in so many of them is a hit: where
     * every tenth word was edited half of them are.  What a passage only spans
     * is no evidence: lists and forms have words in common, not paragraphs. */
    PARAGRAPH_OWN_MIN = 4,
    PARAGRAPH_HITS_PART = 5,
    REPORTED_DOCUMENTS = 8, /* of a set in one text: the fullest */
    REPORTED_PARTS = 64,    /* of one document */
    PART_GAP = 256,         /* source bytes: parts are told as one */
};

struct chain {
    uint32_t document;
    uint32_t first, last; /* points of the set */
    uint32_t hits;
    uint64_t at;       /* of the last one in the text */
    size_t start, end; /* in the source */
};

struct passage {
    uint32_t document, first, last;
    size_t start, end;
};

struct fingerprint_match {
    const struct fingerprint_set *set;
    const struct rule *rule;
    struct winnow *winnow;
    struct chain chains[CHAINS_MAX];
    size_t chain_count;
    struct passage *passages;
    size_t passage_count, passage_cap;
    uint32_t *hits; /* points of the set that the text has */
    size_t hit_count, hit_cap;
};

struct fingerprint_match *fingerprint_match_new(
    const struct fingerprint_set *set, const struct rule *rule, struct str text)
{
    struct fingerprint_match *m = MEM_NEW(struct fingerprint_match);
    m->set = set;
    m->rule = rule;
    m->winnow = winnow_new(set->key, text);
    return m;
}

void fingerprint_match_free(struct fingerprint_match **match)
{
    struct fingerprint_match *m = *match;
    if (m == NULL)
        return;
    winnow_free(&m->winnow);
    mem_free(m->passages);
    mem_free(m->hits);
    mem_free(m);
    *match = NULL;
}

/* ---- chains ---- */

static void close_chain(struct fingerprint_match *m, size_t i)
{
    struct chain c = m->chains[i];
    m->chains[i] = m->chains[--m->chain_count];
    if (c.hits < HITS_MIN ||
        (uint64_t)c.hits * DENSITY_PART < c.last - c.first + 1 ||
        m->passage_count == PASSAGES_MAX)
        return;
    if (m->passage_count == m->passage_cap) {
        m->passage_cap = m->passage_cap == 0 ? 16 : m->passage_cap * 2;
        m->passages =
            mem_realloc(m->passages, m->passage_cap * sizeof *m->passages);
    }
    m->passages[m->passage_count++] =
        (struct passage){c.document, c.first, c.last, c.start, c.end};
}

static uint32_t document_of(const struct fingerprint_set *set, uint32_t point)
{
    uint32_t low = 0, high = set->head.documents;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (set->documents[middle].first <= point)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static bool continues(const struct fingerprint_match *m, const struct chain *c,
    uint32_t point, uint64_t at)
{
    const uint32_t *positions = m->set->positions;
    if (point <= c->last)
        return false;
    int64_t here = (int64_t)(at - c->at);
    int64_t there = (int64_t)positions[point] - (int64_t)positions[c->last];
    int64_t drift = here > there ? here - there : there - here;
    return there <= GAP_MAX && drift <= DRIFT_MAX + here / DRIFT_PART;
}

static struct chain *oldest_chain(struct fingerprint_match *m)
{
    struct chain *oldest = &m->chains[0];
    for (size_t i = 1; i < m->chain_count; i++)
        if (m->chains[i].at < oldest->at)
            oldest = &m->chains[i];
    return oldest;
}

static void begin_chain(struct fingerprint_match *m, const struct chain *first)
{
    if (m->chain_count == CHAINS_MAX)
        close_chain(m, (size_t)(oldest_chain(m) - m->chains));
    m->chains[m->chain_count++] = *first;
}

static void keep_hit(struct fingerprint_match *m, uint32_t point)
{
    if (m->hit_count == HITS_MAX)
        return;
    if (m->hit_count == m->hit_cap) {
        m->hit_cap = m->hit_cap == 0 ? 64 : m->hit_cap * 2;
        m->hits = mem_realloc(m->hits, m->hit_cap * sizeof *m->hits);
    }
    m->hits[m->hit_count++] = point;
}

/* A point of the set at this place of the text. */
static void take_hit(struct fingerprint_match *m, const struct chain *hit)
{
    struct chain *best = NULL;
    for (size_t i = 0; i < m->chain_count;) {
        struct chain *c = &m->chains[i];
        if (hit->at - c->at > GAP_MAX) {
            close_chain(m, i);
            continue;
        }
        if (c->document == hit->document &&
            continues(m, c, hit->first, hit->at) &&
            (best == NULL || c->hits > best->hits))
            best = c;
        i++;
    }
    if (best == NULL) {
        begin_chain(m, hit);
        return;
    }
    best->last = hit->last;
    best->at = hit->at;
    best->end = hit->end;
    best->hits++;
}

static void look_up(
    struct fingerprint_match *m, const struct winnow_point *point)
{
    const struct fingerprint_set *set = m->set;
    uint32_t bucket = point->hash >> (32 - set->head.bucket_bits);
    struct chain hit = {.hits = 0};
    for (uint32_t i = set->buckets[bucket]; i < set->buckets[bucket + 1]; i++) {
        uint32_t p = set->index[i];
        if (set->hashes[p] != point->hash)
            continue;
        if (hit.hits == 0) {
            hit.at = winnow_position(m->winnow, point->place);
            winnow_source(m->winnow, point->place, &hit.start, &hit.end);
        }
        hit.hits = 1;
        hit.document = document_of(set, p);
        hit.first = hit.last = p;
        take_hit(m, &hit);
        keep_hit(m, p);
    }
}

bool fingerprint_match_step(struct fingerprint_match *match, size_t max_bytes)
{
    const struct winnow_point *points;
    size_t count, start = winnow_read(match->winnow);
    while (winnow_read(match->winnow) - start < max_bytes) {
        if (!winnow_round(match->winnow, &points, &count)) {
            while (match->chain_count > 0)
                close_chain(match, match->chain_count - 1);
            return false;
        }
        for (size_t i = 0; i < count; i++)
            if (set_may_have(match->set, points[i].hash))
                look_up(match, &points[i]);
    }
    return true;
}

/* ---- what it comes to ---- */

/* Of one document. */
struct tally {
    size_t first, count; /* passages, by their place in the document */
    uint64_t letters;    /* that they cover and that are the document's own */
    uint32_t paragraphs;
    unsigned similarity;
};

static int compare_in_document(const void *a, const void *b)
{
    const struct passage *x = a, *y = b;
    if (x->document != y->document)
        return x->document < y->document ? -1 : 1;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    return x->last < y->last ? -1 : x->last > y->last;
}

static int compare_in_text(const void *a, const void *b)
{
    const struct passage *x = a, *y = b;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

static uint32_t count_own(
    const struct fingerprint_set *set, uint32_t from, uint32_t to)
{
    uint32_t own = 0;
    for (uint32_t p = from; p < to; p++)
        own += !set_is_shared(set, p);
    return own;
}

/* Calls for each stretch of the document that passages cover; they are in
 * its order and may overlap. */
static bool next_stretch(const struct passage *passages, size_t count,
    size_t *at, uint32_t *from_out, uint32_t *to_out)
{
    if (*at == count)
        return false;
    *from_out = passages[*at].first;
    *to_out = passages[*at].last + 1;
    for (++*at; *at < count && passages[*at].first <= *to_out; ++*at)
        if (passages[*at].last + 1 > *to_out)
            *to_out = passages[*at].last + 1;
    return true;
}

/* Points of [from, to) that the passages cover. */
static uint32_t count_covered(const struct fingerprint_set *set,
    const struct passage *passages, size_t count, uint32_t from, uint32_t to)
{
    uint32_t own = 0, low, high;
    size_t at = 0;
    while (next_stretch(passages, count, &at, &low, &high)) {
        /* The next point would be there too, but for an edge of the copy. */
        low = low > from + 1 ? low - 1 : from;
        high = high + 1 < to ? high + 1 : to;
        if (low < high)
            own += count_own(set, low, high);
    }
    return own;
}

/* Hits in front of this point; they are sorted. */
static size_t hits_before(const struct fingerprint_match *m, uint32_t point)
{
    size_t low = 0, high = m->hit_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (m->hits[middle] < point)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Of which at least half is there. */
static uint32_t count_paragraphs(const struct fingerprint_match *m,
    const struct passage *passages, size_t count)
{
    const struct fingerprint_set *set = m->set;
    const struct set_document *d = &set->documents[passages[0].document];
    uint32_t found = 0;
    for (uint32_t i = 0; i < d->paragraphs; i++) {
        const uint32_t *starts = set->paragraphs + d->paragraph_first;
        uint32_t from = starts[i];
        uint32_t to =
            i + 1 < d->paragraphs ? starts[i + 1] : d->first + d->points;
        uint32_t own = count_own(set, from, to);
        size_t hits = hits_before(m, to) - hits_before(m, from);
        found += own >= PARAGRAPH_OWN_MIN &&
                 hits * PARAGRAPH_HITS_PART >= own &&
                 2 * count_covered(set, passages, count, from, to) >= own;
    }
    return found;
}

/* Letters of points [from, to), less what is shared. */
static uint64_t own_letters(
    const struct fingerprint_set *set, uint32_t from, uint32_t to)
{
    uint64_t letters =
        set->positions[to - 1] - set->positions[from] + WINNOW_GRAM;
    return letters * count_own(set, from, to) / (to - from);
}

static void tally_up(const struct fingerprint_set *set,
    const struct passage *passages, struct tally *t)
{
    const struct set_document *d = &set->documents[passages[0].document];
    uint64_t all = d->letters * d->own / d->points, own = 0;
    uint32_t from, to;
    size_t at = 0;
    while (next_stretch(passages, t->count, &at, &from, &to)) {
        uint64_t letters = own_letters(set, from, to);
        t->letters += letters;
        own += letters + EDGES;
    }
    if (own > all)
        own = all;
    t->similarity = all > 0 ? (unsigned)((own * 100 + all / 2) / all) : 0;
}

static bool is_enough(const struct fingerprint_match *m, struct tally *t,
    const struct passage *passages)
{
    const struct rule_fingerprint *want = m->rule->fingerprint;
    const struct set_document *d = &m->set->documents[passages[0].document];
    uint64_t all = d->letters * d->own / d->points;
    /* A short document has not so much. */
    uint64_t least =
        all * 4 / 5 < want->min_letters ? all * 4 / 5 : want->min_letters;
    tally_up(m->set, passages, t);
    if (t->letters < least || t->letters < FINGERPRINT_LETTERS_MIN / 2)
        return false;
    if (t->similarity >= want->min_share)
        return true;
    t->paragraphs = count_paragraphs(m, passages, t->count);
    return t->paragraphs >= want->min_paragraphs;
}

static void report_part(const struct fingerprint_match *m, enum where where,
    const struct tally *t, const struct passage *part, struct findings *out)
{
    const struct rule *rule = m->rule;
    const struct set_document *d = &m->set->documents[part->document];
    struct str name = str_make(m->set->names + d->name_at, d->name_bytes);
    struct finding *f = findings_add_ranked(out, rule->base, rule->severity);
    uint8_t digest[DIGEST_BYTES];
    if (f == NULL)
        return;
    f->detector = rule->id;
    f->type = rule->type;
    f->group = rule->group;
    f->confidence = rule->base;
    f->severity = rule->severity;
    f->where = where;
    f->count = 1;
    f->start = part->start;
    f->end = part->end;
    f->document = arena_copy(&out->arena, name);
    f->similarity = t->similarity;
    f->sample = str_of(arena_printf(
        &out->arena, "%u %% of %.*s", t->similarity, STR_ARG(name)));
    digest_hmac_sha256(
        str_make((const char *)m->set->head.key, sizeof m->set->head.key), name,
        digest);
    memcpy(&f->value_hash, digest, sizeof f->value_hash);
}

static void report_document(const struct fingerprint_match *m, enum where where,
    const struct tally *t, struct findings *out)
{
    struct passage *parts = mem_calloc(t->count, sizeof *parts);
    memcpy(parts, m->passages + t->first, t->count * sizeof *parts);
    qsort(parts, t->count, sizeof *parts, compare_in_text);
    size_t told = 0;
    for (size_t i = 0; i < t->count && told < REPORTED_PARTS; told++) {
        struct passage part = parts[i];
        for (i++; i < t->count && parts[i].start <= part.end + PART_GAP; i++)
            if (parts[i].end > part.end)
                part.end = parts[i].end;
        report_part(m, where, t, &part, out);
    }
    mem_free(parts);
}

static int compare_tallies(const void *a, const void *b)
{
    const struct tally *x = a, *y = b;
    if (x->letters != y->letters)
        return x->letters > y->letters ? -1 : 1;
    if (x->similarity != y->similarity)
        return x->similarity > y->similarity ? -1 : 1;
    return x->first < y->first ? -1 : x->first > y->first;
}

/* The fullest so far stay, in their order. */
static void keep_best(struct tally *best, size_t *count, const struct tally *t)
{
    best[(*count)++] = *t;
    qsort(best, *count, sizeof *best, compare_tallies);
    if (*count > REPORTED_DOCUMENTS)
        *count = REPORTED_DOCUMENTS;
}

static int compare_hits(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* A place of the text that comes twice is one of the document. */
static void sort_hits(struct fingerprint_match *m)
{
    size_t n = 0;
    qsort(m->hits, m->hit_count, sizeof *m->hits, compare_hits);
    for (size_t i = 0; i < m->hit_count; i++)
        if (n == 0 || m->hits[i] != m->hits[n - 1])
            m->hits[n++] = m->hits[i];
    m->hit_count = n;
}

void fingerprint_match_report(
    struct fingerprint_match *match, enum where where, struct findings *out)
{
    struct tally best[REPORTED_DOCUMENTS + 1];
    size_t count = 0, end;
    struct passage *passages = match->passages;
    if (match->passage_count == 0)
        return;
    sort_hits(match);
    qsort(
        passages, match->passage_count, sizeof *passages, compare_in_document);
    for (size_t i = 0; i < match->passage_count; i = end) {
        end = i + 1;
        while (end < match->passage_count &&
               passages[end].document == passages[i].document)
            end++;
        struct tally t = {.first = i, .count = end - i};
        if (is_enough(match, &t, passages + i))
            keep_best(best, &count, &t);
    }
    for (size_t i = 0; i < count; i++)
        report_document(match, where, &best[i], out);
}
