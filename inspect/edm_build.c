/*
 * Every cell is hashed as it comes; then the hashes are sorted into numbers,
 * and rows, lists and filters are made of numbers.
 */
#include "inspect/edm_build_parts.h"

#include <stdlib.h>

#include "base/mem.h"

enum { RADIX = 256, RECENT = 1 << 16 };

struct edm_build *edm_build_new(const struct edm_build_options *options)
{
    struct edm_build *b = MEM_NEW(struct edm_build);
    b->options = *options;
    memcpy(b->head.magic, EDM_IMAGE_MAGIC, sizeof b->head.magic);
    b->head.version = EDM_IMAGE_VERSION;
    b->head.columns = options->column_count;
    b->head.list_max = options->frequent;
    randombytes_buf(b->head.sip_key, sizeof b->head.sip_key);
    randombytes_buf(b->head.seeds, sizeof b->head.seeds);
    b->head.seeds[0] |= 1;
    b->head.seeds[1] |= 1;
    b->recent =
        mem_calloc((size_t)options->column_count * RECENT, sizeof *b->recent);
    for (int i = 0; i < GATES; i++)
        b->gates[i] = mem_calloc(GATE_WORDS, sizeof *b->gates[i]);
    b->start_cap = 1024;
    b->starts = mem_calloc(b->start_cap, sizeof *b->starts);
    return b;
}

static void free_u64s(struct edm_u64s *list)
{
    mem_free(list->items);
    *list = (struct edm_u64s){0};
}

void edm_build_free(struct edm_build **build)
{
    struct edm_build *b = *build;
    if (b == NULL)
        return;
    free_u64s(&b->cells);
    free_u64s(&b->spellings);
    free_u64s(&b->cheap);
    free_u64s(&b->pairs);
    for (int i = 0; i < GATES; i++)
        mem_free(b->gates[i]);
    mem_free(b->starts);
    mem_free(b->recent);
    mem_free(b);
    *build = NULL;
}

static void push(struct edm_u64s *list, uint64_t value)
{
    if (list->count == list->cap) {
        list->cap = list->cap == 0 ? 1024 : list->cap * 2;
        list->items = mem_realloc(list->items, list->cap * sizeof *list->items);
    }
    list->items[list->count++] = value;
}

/* ---- first words ---- */

static void open_gate(
    struct edm_build *b, enum edm_section gate, size_t n, uint64_t hash)
{
    uint64_t bit = edm_gate_bit(EDM_GATE_BITS_MAX - 1, n, hash);
    b->gates[gate][bit / 64] |= UINT64_C(1) << bit % 64;
}

/* Word i, where there is one, behind the words before it as one. */
static void note_next(
    struct edm_build *b, const struct edm_value *v, unsigned i)
{
    if (i >= v->words)
        return;
    const uint64_t *seeds = b->head.seeds;
    struct str word =
        str_make(v->bytes + v->ends[i - 1], v->ends[i] - v->ends[i - 1]);
    uint64_t hash = edm_hash_head(seeds, word);
    open_gate(b, EDM_NEXT_GATE, word.n, hash);
    push(&b->pairs,
        edm_hash_pair(
            seeds, edm_hash(seeds, str_make(v->bytes, v->ends[i - 1])), hash));
}

static struct edm_first *find_start(
    struct edm_first *starts, size_t cap, uint64_t hash)
{
    size_t i = hash & (cap - 1);
    while (starts[i].hash != 0 && starts[i].hash != hash)
        i = (i + 1) & (cap - 1);
    return &starts[i];
}

static void grow_starts(struct edm_build *b)
{
    size_t cap = b->start_cap * 2;
    struct edm_first *more = mem_calloc(cap, sizeof *more);
    for (size_t i = 0; i < b->start_cap; i++)
        if (b->starts[i].hash != 0)
            *find_start(more, cap, b->starts[i].hash) = b->starts[i];
    mem_free(b->starts);
    b->starts = more;
    b->start_cap = cap;
}

/* words: of the whole value, 0 for a number. */
static void note_start(struct edm_build *b, struct str first, unsigned words)
{
    uint64_t hash = edm_hash(b->head.seeds, first);
    open_gate(b, EDM_START_GATE, first.n, edm_hash_head(b->head.seeds, first));
    hash = hash != 0 ? hash : 1;
    if (b->start_count * 2 >= b->start_cap)
        grow_starts(b);
    struct edm_first *s = find_start(b->starts, b->start_cap, hash);
    b->start_count += s->hash == 0;
    s->hash = hash;
    if (words > 0)
        s->lengths |= (uint16_t)(1u << (words - 1));
    else
        s->flags |= EDM_START_NUMBER;
}

static void note_starts(struct edm_build *b, const struct edm_value *v)
{
    size_t letters = 0, first = v->ends[0];
    bool is_number = edm_value_is_number(v);
    if (!is_number || v->digits < v->n) { /* "Feb 13, 1980" */
        note_start(b, str_make(v->bytes, first), v->words);
        note_next(b, v, 1);
    }
    if (!is_number) {
        if (first <= 2 && v->words >= 2) { /* O'Brien, OBrien */
            note_start(b, str_make(v->bytes, v->ends[1]), v->words - 1);
            note_next(b, v, 2);
        }
        return;
    }
    open_gate(b, EDM_NUMBER_GATE, v->n,
        edm_hash_number_start(b->head.seeds, str_make(v->bytes, v->n)));
    b->head.number_lengths[v->n / 64] |= UINT64_C(1) << v->n % 64;
    while (
        letters < v->n && (v->bytes[letters] < '0' || v->bytes[letters] > '9'))
        letters++;
    if (letters > 0) /* "DE 89 3704 …" */
        note_start(b, str_make(v->bytes, letters), 0);
    if (letters > 0 && first < letters) /* "A B 12" */
        note_start(b, str_make(v->bytes, first), 0);
}

/* ---- rows ---- */

static uint64_t hash_value(const struct edm_build *b, const struct edm_value *v)
{
    uint64_t hash = edm_sip(b->head.sip_key, str_make(v->bytes, v->n));
    return hash != 0 ? hash : 1;
}

static void note_value(struct edm_build *b, const struct edm_value *v)
{
    push(&b->cheap, edm_hash(b->head.seeds, str_make(v->bytes, v->n)));
    note_starts(b, v);
}

static void on_spelling(void *owner, const struct edm_value *spelling)
{
    struct edm_build *b = owner;
    note_value(b, spelling);
    push(&b->spellings, hash_value(b, spelling));
    push(&b->spellings, b->value_hash);
}

static uint64_t add_cell(struct edm_build *b, struct str cell, uint32_t column)
{
    enum edm_type type = b->options.columns[column].type;
    struct edm_value value;
    enum edm_cell state = edm_cell_read(cell, type, &value);
    b->report.columns[column].cells[state]++;
    if (state != EDM_CELL_GOOD)
        return 0;
    b->value_hash = hash_value(b, &value);
    uint64_t *recent = &b->recent[column * RECENT + b->value_hash % RECENT];
    if (*recent != b->value_hash) {
        *recent = b->value_hash;
        note_value(b, &value);
        edm_cell_spellings(cell, type, &value, on_spelling, b);
    }
    sodium_memzero(&value, sizeof value);
    return b->value_hash;
}

static uint64_t bytes_needed(const struct edm_build *b)
{
    return b->cells.count * 4 + b->cheap.count * 40 + b->pairs.count * 2 +
           b->start_cap * 16;
}

enum err edm_build_add(struct edm_build *b, const struct str *cells)
{
    bool is_blank = true;
    size_t before = b->cells.count;
    uint32_t columns = b->options.column_count;
    if (before / columns >= EDM_ROWS_MAX || bytes_needed(b) > EDM_IMAGE_MAX)
        return ERR_LIMIT;
    b->report.rows++;
    for (uint32_t i = 0; i < columns; i++) {
        uint64_t hash = add_cell(b, cells[i], i);
        push(&b->cells, hash);
        is_blank = is_blank && hash == 0;
    }
    if (is_blank) {
        b->report.blank++;
        b->cells.count = before;
    }
    return OK;
}

/* ---- sorting ---- */

/* By the 64-bit number that items of `size` bytes begin with. */
static void sort_by_hash(void *items, size_t count, size_t size)
{
    char *from = items, *aside = mem_alloc(count * size + 1), *to = aside;
    for (int byte = 0; byte < 8; byte++) {
        size_t starts[RADIX + 1] = {0};
        for (size_t i = 0; i < count; i++)
            starts[(unsigned char)from[i * size + (size_t)byte] + 1]++;
        for (size_t i = 0; i < RADIX; i++)
            starts[i + 1] += starts[i];
        for (size_t i = 0; i < count; i++) {
            size_t key = (unsigned char)from[i * size + (size_t)byte];
            memcpy(to + starts[key]++ * size, from + i * size, size);
        }
        char *swap = from;
        from = to;
        to = swap;
    }
    mem_free(aside); /* eight passes: all is back in place */
}

static size_t unique(uint64_t *items, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || items[kept - 1] != items[i])
            items[kept++] = items[i];
    return kept;
}

static void keep_unique(struct edm_u64s *list)
{
    sort_by_hash(list->items, list->count, sizeof *list->items);
    list->count = unique(list->items, list->count);
}

/* ---- numbers ---- */

static uint32_t number_of(const struct edm_numbers *n, uint64_t hash)
{
    /* Hashes are spread evenly: the place is known almost. */
    __extension__ unsigned __int128 guess = (unsigned __int128)hash * n->count;
    size_t low = (size_t)(guess >> 64), high = low + 1, step = 64;
    for (; low > 0 && n->values[low] > hash; step *= 2)
        low -= low < step ? low : step;
    for (step = 64; high < n->count && n->values[high] <= hash; step *= 2)
        high += n->count - high < step ? n->count - high : step;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (n->values[middle] <= hash)
            low = middle;
        else
            high = middle;
    }
    return (uint32_t)low;
}

static void number_values(struct edm_build *b, struct edm_numbers *n)
{
    n->values = mem_alloc(b->cells.count * sizeof *n->values + 1);
    size_t count = 0;
    for (size_t i = 0; i < b->cells.count; i++)
        if (b->cells.items[i] != 0)
            n->values[count++] = b->cells.items[i];
    sort_by_hash(n->values, count, sizeof *n->values);
    n->count = (uint32_t)unique(n->values, count);
    n->ids = mem_alloc(b->cells.count * sizeof *n->ids + 1);
    for (size_t i = 0; i < b->cells.count; i++)
        n->ids[i] = b->cells.items[i] != 0 ? number_of(n, b->cells.items[i])
                                           : EDM_NO_VALUE;
    free_u64s(&b->cells);
}

static void make_entries(struct edm_build *b, struct edm_numbers *n)
{
    size_t spelt = b->spellings.count / 2, kept = 0;
    n->entries = mem_calloc(n->count + spelt + 1, sizeof *n->entries);
    for (uint32_t i = 0; i < n->count; i++)
        n->entries[n->entry_count++] = (struct edm_pair){n->values[i], i};
    for (size_t i = 0; i < spelt; i++)
        n->entries[n->entry_count++] =
            (struct edm_pair){b->spellings.items[2 * i],
                number_of(n, b->spellings.items[2 * i + 1])};
    free_u64s(&b->spellings);
    mem_free(n->values);
    n->values = NULL;
    sort_by_hash(n->entries, n->entry_count, sizeof *n->entries);
    for (size_t i = 0; i < n->entry_count; i++) {
        bool is_known = false;
        for (size_t j = kept;
             j-- > 0 && !is_known && n->entries[j].hash == n->entries[i].hash;)
            is_known = n->entries[j].id == n->entries[i].id;
        if (!is_known)
            n->entries[kept++] = n->entries[i];
    }
    n->entry_count = kept;
}

/* ---- rows once ---- */

struct row_hash {
    uint64_t hash;
    uint64_t row;
};

/* Rows of the same numbers count once; the first one stays. */
static uint32_t drop_duplicates(struct edm_build *b, uint32_t *ids, size_t rows)
{
    size_t columns = b->options.column_count, kept = 0;
    struct row_hash *hashes = mem_calloc(rows + 1, sizeof *hashes);
    unsigned char *is_out = mem_zalloc(rows + 1);
    for (size_t i = 0; i < rows; i++) {
        struct str row = {
            (const char *)(ids + i * columns), columns * sizeof *ids};
        hashes[i] = (struct row_hash){edm_sip(b->head.sip_key, row), i};
    }
    sort_by_hash(hashes, rows, sizeof *hashes); /* stable */
    for (size_t i = 1; i < rows; i++)
        is_out[hashes[i].row] = hashes[i].hash == hashes[i - 1].hash;
    for (size_t i = 0; i < rows; i++) {
        if (is_out[i])
            continue;
        memmove(ids + kept * columns, ids + i * columns, columns * sizeof *ids);
        kept++;
    }
    b->report.duplicates = rows - kept;
    mem_free(hashes);
    mem_free(is_out);
    return (uint32_t)kept;
}

/* ---- the image ---- */

enum err edm_build_finish(struct edm_build *b, struct buf *image_out,
    uint32_t *rows_out, struct edm_build_report *report_out)
{
    struct edm_numbers n = {0};
    size_t rows = b->cells.count / b->options.column_count;
    *report_out = b->report;
    *rows_out = 0;
    if (rows == 0)
        return ERR_NOT_FOUND;
    number_values(b, &n);
    uint32_t kept = drop_duplicates(b, n.ids, rows);
    b->head.rows = kept;
    b->head.values = n.count;
    buf_append(image_out, &b->head, sizeof b->head);
    edm_append_gates(b, image_out);
    edm_append_starts(b, image_out);
    keep_unique(&b->pairs);
    edm_append_pairs(b, image_out);
    free_u64s(&b->pairs);
    keep_unique(&b->cheap);
    edm_append_filter(b, image_out);
    free_u64s(&b->cheap);
    make_entries(b, &n);
    edm_append_entries(b, &n, image_out);
    mem_free(n.entries);
    edm_append_rows(b, &n, kept, image_out);
    mem_free(n.ids);
    memcpy(buf_bytes(image_out), &b->head, sizeof b->head);
    *report_out = b->report;
    *rows_out = kept;
    return image_out->n <= EDM_IMAGE_MAX ? OK : ERR_LIMIT;
}
