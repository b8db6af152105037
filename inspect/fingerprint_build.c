/*
 * A set of fingerprints is made anew from its documents at each change.  What
 * of a document is not looked for is decided here: places that stand in a
 * common document, in many documents of the set, or again and again in one.
 */
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/mem.h"
#include "base/random.h"
#include "inspect/fingerprint_parts.h"

enum {
    SHARED_DOCUMENTS = 3, /* more than so many have it in common */
    /* Versions of one document have most of it in common: looked for. */
    SHARED_MOST_PERCENT = 60,
    REPEATED_MAX = 8, /* times in one document */
    PARAGRAPH_POINTS = 6,
    PARAGRAPH_LETTERS = 1500, /* text without breaks is cut so */
    LONG_LINE = 200,          /* bytes: a line is a paragraph */
};

struct document {
    char *name;
    uint32_t *hashes, *positions, *paragraphs; /* paragraphs: points of it */
    uint32_t points, point_cap, paragraph_count;
    uint64_t letters;
    int64_t added_ms;
    bool is_common;
    UT_hash_handle hh;
};

struct fingerprint_builder {
    uint8_t key_bytes[WINNOW_KEY_BYTES];
    struct winnow_key *key;
    struct document *documents; /* by name, in the order of their adding */
    uint64_t points;            /* of all */
};

/* ---- documents ---- */

static void document_free(struct document *d)
{
    mem_free(d->name);
    mem_free(d->hashes);
    mem_free(d->positions);
    mem_free(d->paragraphs);
    mem_free(d);
}

/* For one more point, and a paragraph that may begin there. */
static void make_room(struct document *d)
{
    if (d->points < d->point_cap)
        return;
    d->point_cap = d->point_cap == 0 ? 64 : d->point_cap * 2;
    d->hashes = mem_realloc(d->hashes, d->point_cap * sizeof *d->hashes);
    d->positions =
        mem_realloc(d->positions, d->point_cap * sizeof *d->positions);
    d->paragraphs =
        mem_realloc(d->paragraphs, d->point_cap * sizeof *d->paragraphs);
}

static void add_point(struct document *d, uint32_t hash, uint64_t position)
{
    make_room(d);
    d->hashes[d->points] = hash;
    d->positions[d->points++] = (uint32_t)position;
}

static void append(struct fingerprint_builder *b, struct document *d)
{
    HASH_ADD_KEYPTR(hh, b->documents, d->name, strlen(d->name), d);
    b->points += d->points;
}

static void drop(struct fingerprint_builder *b, struct document *d)
{
    HASH_DELETE(hh, b->documents, d);
    b->points -= d->points;
    document_free(d);
}

static void copy_document(
    struct fingerprint_builder *b, const struct fingerprint_set *set, size_t i)
{
    const struct set_document *from = &set->documents[i];
    struct document *d = MEM_NEW(struct document);
    d->name = mem_memdup0(set->names + from->name_at, from->name_bytes);
    d->letters = from->letters;
    d->added_ms = from->added_ms;
    d->is_common = from->is_common != 0;
    for (uint32_t p = from->first; p < from->first + from->points; p++)
        add_point(d, set->hashes[p], set->positions[p]);
    for (uint32_t p = 0; p < from->paragraphs; p++)
        d->paragraphs[p] =
            set->paragraphs[from->paragraph_first + p] - from->first;
    d->paragraph_count = from->paragraphs;
    append(b, d);
}

struct fingerprint_builder *fingerprint_builder_new(
    const struct fingerprint_set *set)
{
    struct fingerprint_builder *b = MEM_NEW(struct fingerprint_builder);
    if (set != NULL)
        memcpy(b->key_bytes, set->head.key, sizeof b->key_bytes);
    else
        random_fill(b->key_bytes, sizeof b->key_bytes);
    b->key = winnow_key_new(b->key_bytes);
    for (size_t i = 0; set != NULL && i < set->head.documents; i++)
        copy_document(b, set, i);
    return b;
}

void fingerprint_builder_free(struct fingerprint_builder **builder)
{
    struct fingerprint_builder *b = *builder;
    if (b == NULL)
        return;
    while (b->documents != NULL)
        drop(b, b->documents);
    winnow_key_free(&b->key);
    mem_free(b->documents);
    mem_free(b);
    *builder = NULL;
}

/* Where the next paragraph begins: behind a blank line, or behind a line so
 * long that it is one. */
static size_t next_paragraph(struct str text, size_t at)
{
    size_t line = at;
    while (line < text.n) {
        size_t end = line + str_find_char(str_sub(text, line, text.n), '\n');
        struct str content = str_trim(str_sub(text, line, end));
        bool is_break = line > at && (content.n == 0 || end - line > LONG_LINE);
        if (is_break)
            return content.n == 0 ? end : line;
        if (end - line > LONG_LINE)
            return end;
        line = end + 1;
    }
    return text.n;
}

/* Headings and the like go with what follows them. */
static void note_paragraph(struct document *d, uint64_t position, bool is_break)
{
    uint32_t at = d->points;
    uint32_t start =
        d->paragraph_count > 0 ? d->paragraphs[d->paragraph_count - 1] : 0;
    bool is_long =
        d->points > 0 && position - d->positions[start] > PARAGRAPH_LETTERS;
    if (d->paragraph_count == 0 ||
        ((is_break || is_long) && at - start >= PARAGRAPH_POINTS))
        d->paragraphs[d->paragraph_count++] = at;
}

static void read_points(
    const struct fingerprint_builder *b, struct document *d, struct str text)
{
    struct winnow *w = winnow_new(b->key, text);
    const struct winnow_point *points;
    size_t count, next = next_paragraph(text, 0);
    bool is_break = false;
    while (winnow_round(w, &points, &count)) {
        for (size_t i = 0; i < count; i++) {
            size_t start, end;
            winnow_source(w, points[i].place, &start, &end);
            for (; next <= start && next < text.n;
                 next = next_paragraph(text, next + 1))
                is_break = true;
            uint64_t position = winnow_position(w, points[i].place);
            make_room(d);
            note_paragraph(d, position, is_break);
            add_point(d, points[i].hash, position);
            is_break = false;
        }
    }
    d->letters = winnow_letters(w);
    winnow_free(&w);
}

enum err fingerprint_builder_add(struct fingerprint_builder *builder,
    struct str name, struct str text, bool is_common)
{
    struct document *d = MEM_NEW(struct document);
    d->name = mem_memdup0(name.p, name.n);
    d->added_ms = clock_wall_ms();
    d->is_common = is_common;
    read_points(builder, d, text);
    enum err err = OK;
    if (d->letters < FINGERPRINT_LETTERS_MIN || d->points == 0)
        err = ERR_UNSUPPORTED;
    else if (name.n > FINGERPRINT_NAME_MAX || d->letters > UINT32_MAX ||
             HASH_COUNT(builder->documents) >= FINGERPRINT_DOCUMENTS_MAX ||
             builder->points + d->points > FINGERPRINT_POINTS_MAX)
        err = ERR_LIMIT;
    if (err != OK) {
        document_free(d);
        return err;
    }
    (void)fingerprint_builder_remove(builder, name);
    append(builder, d);
    return OK;
}

bool fingerprint_builder_remove(
    struct fingerprint_builder *builder, struct str name)
{
    struct document *d;
    HASH_FIND(hh, builder->documents, name.p, name.n, d);
    if (d != NULL)
        drop(builder, d);
    return d != NULL;
}

/* ---- writing ---- */

/* A point by its hash. */
struct entry {
    uint32_t hash, point;
};

struct writer {
    const struct fingerprint_builder *b;
    const struct document **sources;
    struct set_document *documents;
    uint32_t count;
    struct entry *entries;
    uint32_t points, indexed;
    uint32_t *owner;  /* of each point: its document */
    uint64_t *shared; /* for good */
    uint32_t *often;  /* of each document: points that many have */
};

static int compare_entries(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return x->point < y->point ? -1 : x->point > y->point;
}

static void list_entries(struct writer *w)
{
    uint32_t at = 0, i = 0;
    for (const struct document *d = w->b->documents; d != NULL;
         d = d->hh.next, i++) {
        w->sources[i] = d;
        w->documents[i].first = at;
        for (uint32_t p = 0; p < d->points; p++, at++) {
            w->entries[at] = (struct entry){d->hashes[p], at};
            w->owner[at] = i;
        }
    }
    qsort(w->entries, w->points, sizeof *w->entries, compare_entries);
}

/* Equal hashes: [from, the result). */
static uint32_t run_end(const struct writer *w, uint32_t from)
{
    uint32_t to = from + 1;
    while (to < w->points && w->entries[to].hash == w->entries[from].hash)
        to++;
    return to;
}

struct run {
    uint32_t documents; /* that have it */
    bool is_common, is_repeated;
};

static struct run look_at(const struct writer *w, uint32_t from, uint32_t to)
{
    struct run run = {0};
    uint32_t times = 0, last = UINT32_MAX;
    for (uint32_t i = from; i < to; i++) {
        uint32_t owner = w->owner[w->entries[i].point];
        times = owner == last ? times + 1 : 1;
        run.documents += owner != last;
        run.is_repeated = run.is_repeated || times > REPEATED_MAX;
        run.is_common = run.is_common || w->sources[owner]->is_common;
        last = owner;
    }
    return run;
}

static void count_often(struct writer *w)
{
    for (uint32_t from = 0, to; from < w->points; from = to) {
        to = run_end(w, from);
        struct run run = look_at(w, from, to);
        for (uint32_t i = from; i < to && run.documents > SHARED_DOCUMENTS; i++)
            w->often[w->owner[w->entries[i].point]]++;
    }
}

/* Entries of what is looked for stay; they move to the front. */
static void choose_indexed(struct writer *w)
{
    for (uint32_t from = 0, to; from < w->points; from = to) {
        to = run_end(w, from);
        struct run run = look_at(w, from, to);
        for (uint32_t i = from; i < to; i++) {
            struct entry e = w->entries[i];
            uint32_t owner = w->owner[e.point];
            bool is_version =
                (uint64_t)w->often[owner] * 100 >
                (uint64_t)w->sources[owner]->points * SHARED_MOST_PERCENT;
            if (run.is_common || run.is_repeated ||
                (run.documents > SHARED_DOCUMENTS && !is_version)) {
                w->shared[e.point / 64] |= UINT64_C(1) << e.point % 64;
                continue;
            }
            w->documents[owner].own++;
            w->entries[w->indexed++] = e;
        }
    }
}

static void append_padded(struct buf *out, const void *p, size_t n)
{
    static const char zeros[8];
    buf_append(out, p, n);
    buf_append(out, zeros, (8 - n % 8) % 8);
}

static void append_each(const struct writer *w, struct buf *out, bool is_hash)
{
    size_t n = 0;
    static const char zeros[8];
    for (size_t i = 0; i < w->count; i++) {
        const struct document *d = w->sources[i];
        n += d->points * sizeof *d->hashes;
        buf_append(out, is_hash ? d->hashes : d->positions,
            d->points * sizeof *d->hashes);
    }
    buf_append(out, zeros, (8 - n % 8) % 8);
}

static void append_index(
    const struct writer *w, const struct set_head *head, struct buf *out)
{
    uint32_t buckets = UINT32_C(1) << head->bucket_bits;
    uint32_t *index = mem_calloc(w->indexed + 1, sizeof *index);
    uint32_t *starts = mem_calloc(buckets + 1, sizeof *starts);
    uint64_t *filter = mem_calloc(head->filter_words, sizeof *filter);
    for (uint32_t i = 0; i < w->indexed; i++) {
        uint32_t hash = w->entries[i].hash;
        index[i] = w->entries[i].point;
        starts[(hash >> (32 - head->bucket_bits)) + 1]++;
        filter[set_filter_word(hash, head->filter_words)] |=
            set_filter_bits(hash);
    }
    for (uint32_t i = 0; i < buckets; i++)
        starts[i + 1] += starts[i];
    append_padded(out, index, w->indexed * sizeof *index);
    append_padded(out, starts, (buckets + 1) * sizeof *starts);
    append_padded(out, filter, head->filter_words * sizeof *filter);
    mem_free(index);
    mem_free(starts);
    mem_free(filter);
}

static void append_paragraphs(const struct writer *w, struct buf *out)
{
    struct buf starts = {0};
    for (size_t i = 0; i < w->count; i++) {
        const struct document *d = w->sources[i];
        for (uint32_t p = 0; p < d->paragraph_count; p++) {
            uint32_t start = w->documents[i].first + d->paragraphs[p];
            buf_append(&starts, &start, sizeof start);
        }
    }
    append_padded(out, buf_bytes(&starts), starts.n);
    buf_free(&starts);
}

static void describe(struct writer *w, struct set_head *head, struct buf *names)
{
    for (uint32_t i = 0; i < w->count; i++) {
        const struct document *d = w->sources[i];
        struct set_document *s = &w->documents[i];
        s->points = d->points;
        s->paragraph_first = head->paragraphs;
        s->paragraphs = d->paragraph_count;
        head->paragraphs += d->paragraph_count;
        s->name_at = (uint32_t)names->n;
        s->name_bytes = (uint32_t)strlen(d->name);
        buf_append(names, d->name, s->name_bytes);
        s->is_common = d->is_common;
        s->letters = d->letters;
        s->added_ms = d->added_ms;
    }
    head->documents = w->count;
    head->points = w->points;
    head->indexed = w->indexed;
    head->bucket_bits = 4;
    while (head->bucket_bits < BUCKET_BITS_MAX &&
           UINT32_C(1) << head->bucket_bits < w->indexed / 2)
        head->bucket_bits++;
    head->filter_words = w->indexed / 4 + 1; /* 16 bits each */
    head->name_bytes = (uint32_t)names->n;
}

static void write_set(struct writer *w, struct buf *out)
{
    struct set_head head = {.version = SET_VERSION};
    struct buf names = {0};
    memcpy(head.magic, SET_MAGIC, sizeof head.magic);
    memcpy(head.key, w->b->key_bytes, sizeof head.key);
    describe(w, &head, &names);
    size_t start = out->n;
    buf_append(out, &head, sizeof head);
    append_padded(out, w->documents, w->count * sizeof *w->documents);
    append_each(w, out, true);
    append_each(w, out, false);
    append_padded(out, w->shared, (w->points / 64 + 1) * sizeof *w->shared);
    append_index(w, &head, out);
    append_paragraphs(w, out);
    append_padded(out, buf_bytes(&names), names.n);
    head.crc =
        set_crc(head, str_sub(buf_str(out), start + sizeof head, out->n));
    memcpy(buf_bytes(out) + start, &head, sizeof head);
    buf_free(&names);
}

void fingerprint_builder_write(
    const struct fingerprint_builder *builder, struct buf *out)
{
    struct writer w = {.b = builder};
    w.points = (uint32_t)builder->points;
    w.count = HASH_COUNT(builder->documents);
    w.sources = mem_calloc((size_t)w.count + 1, sizeof *w.sources);
    w.documents = mem_calloc((size_t)w.count + 1, sizeof *w.documents);
    w.entries = mem_calloc((size_t)w.points + 1, sizeof *w.entries);
    w.owner = mem_calloc((size_t)w.points + 1, sizeof *w.owner);
    w.shared = mem_calloc(w.points / 64 + 1, sizeof *w.shared);
    w.often = mem_calloc((size_t)w.count + 1, sizeof *w.often);
    list_entries(&w);
    count_often(&w);
    choose_indexed(&w);
    write_set(&w, out);
    mem_free(w.sources);
    mem_free(w.documents);
    mem_free(w.entries);
    mem_free(w.owner);
    mem_free(w.shared);
    mem_free(w.often);
}
