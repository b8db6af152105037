/*
 * Every cell is hashed as it comes; then the hashes are sorted into numbers,
 * and rows, lists and filters are made of numbers.
 */
#include "inspect/edm_build.h"

#include <stdlib.h>

#include "base/mem.h"

enum {
    RADIX = 256,
    BUCKET_VALUES = 8,
    FILTER_BITS = 16,
    SMALLEST = 64,
    RECENT = 1 << 16,
    GATES = 3, /* the first sections */
    GATE_WORDS = EDM_GATE_REGIONS * EDM_GATE_BITS_MAX / 64,
    GATE_SPARE = 16, /* a small one has so many bits for each that is set */
};

struct u64s {
    uint64_t *items;
    size_t count, cap;
};

struct pair { /* an entry while it is made */
    uint64_t hash;
    uint32_t id;
};

struct start {
    uint64_t hash; /* 0: free */
    uint16_t lengths, flags;
};

struct edm_build {
    struct edm_build_options options;
    struct edm_image head;
    struct u64s cells;     /* by row and column; 0: none */
    struct u64s spellings; /* pairs: of the spelling, of the value */
    struct u64s cheap;     /* edm_hash of every spelling, for the filter */
    struct start *starts;
    size_t start_count, start_cap;
    uint64_t *gates[GATES]; /* by enum edm_section */
    struct edm_build_report report;
    uint64_t value_hash; /* of the cell that is being added */
    /* By column: values that were there already, so that a column of few
     * (dates, towns) does not spell them out again in each row. */
    uint64_t *recent;
};

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

static void free_u64s(struct u64s *list)
{
    mem_free(list->items);
    *list = (struct u64s){0};
}

void edm_build_free(struct edm_build **build)
{
    struct edm_build *b = *build;
    if (b == NULL)
        return;
    free_u64s(&b->cells);
    free_u64s(&b->spellings);
    free_u64s(&b->cheap);
    for (int i = 0; i < GATES; i++)
        mem_free(b->gates[i]);
    mem_free(b->starts);
    mem_free(b->recent);
    mem_free(b);
    *build = NULL;
}

static void push(struct u64s *list, uint64_t value)
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

/* Word i, where there is one. */
static void note_next(
    struct edm_build *b, const struct edm_value *v, unsigned i)
{
    if (i >= v->words)
        return;
    struct str word =
        str_make(v->bytes + v->ends[i - 1], v->ends[i] - v->ends[i - 1]);
    open_gate(b, EDM_NEXT_GATE, word.n, edm_hash(b->head.seeds, word));
}

static struct start *find_start(struct start *starts, size_t cap, uint64_t hash)
{
    size_t i = hash & (cap - 1);
    while (starts[i].hash != 0 && starts[i].hash != hash)
        i = (i + 1) & (cap - 1);
    return &starts[i];
}

static void grow_starts(struct edm_build *b)
{
    size_t cap = b->start_cap * 2;
    struct start *more = mem_calloc(cap, sizeof *more);
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
    open_gate(b, EDM_START_GATE, first.n, hash);
    hash = hash != 0 ? hash : 1;
    if (b->start_count * 2 >= b->start_cap)
        grow_starts(b);
    struct start *s = find_start(b->starts, b->start_cap, hash);
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
    return b->cells.count * 4 + b->cheap.count * 40 + b->start_cap * 16;
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

/* ---- numbers ---- */

struct numbers {
    uint64_t *values; /* sorted; a value's number is its place */
    uint32_t count;
    uint32_t *ids; /* of every cell */
    struct pair *entries;
    size_t entry_count;
};

static uint32_t number_of(const struct numbers *n, uint64_t hash)
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

static void number_values(struct edm_build *b, struct numbers *n)
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

static void make_entries(struct edm_build *b, struct numbers *n)
{
    size_t spelt = b->spellings.count / 2, kept = 0;
    n->entries = mem_calloc(n->count + spelt + 1, sizeof *n->entries);
    for (uint32_t i = 0; i < n->count; i++)
        n->entries[n->entry_count++] = (struct pair){n->values[i], i};
    for (size_t i = 0; i < spelt; i++)
        n->entries[n->entry_count++] = (struct pair){b->spellings.items[2 * i],
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

static uint64_t *append_filter(struct buf *out, uint64_t count, uint64_t *mask)
{
    uint64_t words = power_above(count * FILTER_BITS / 64);
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

static void append_gates(struct edm_build *b, struct buf *out)
{
    for (int i = 0; i < GATES; i++) {
        size_t words = shrink_gate(b->gates[i]);
        begin(b, out, (enum edm_section)i);
        buf_append(out, b->gates[i], words * sizeof *b->gates[i]);
        end(b, out, (enum edm_section)i);
    }
}

static void append_starts(struct edm_build *b, struct buf *out)
{
    uint64_t mask, slots = power_above(b->start_count * 2);
    begin(b, out, EDM_START_FILTER);
    uint64_t *filter = append_filter(out, b->start_count, &mask);
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
        const struct start *s = &b->starts[i];
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

static void append_filter_of_values(struct edm_build *b, struct buf *out)
{
    uint64_t mask;
    sort_by_hash(b->cheap.items, b->cheap.count, sizeof *b->cheap.items);
    size_t count = unique(b->cheap.items, b->cheap.count);
    begin(b, out, EDM_FILTER);
    uint64_t *filter = append_filter(out, count, &mask);
    for (size_t i = 0; i < count; i++)
        filter[b->cheap.items[i] >> 24 & mask] |=
            edm_filter_bits(b->cheap.items[i]);
    end(b, out, EDM_FILTER);
    free_u64s(&b->cheap);
}

static void append_entries(
    struct edm_build *b, const struct numbers *n, struct buf *out)
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

/* ---- */

static void append_rows(
    struct edm_build *b, struct numbers *n, uint32_t rows, struct buf *out)
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

enum err edm_build_finish(struct edm_build *b, struct buf *image_out,
    uint32_t *rows_out, struct edm_build_report *report_out)
{
    struct numbers n = {0};
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
    append_gates(b, image_out);
    append_starts(b, image_out);
    append_filter_of_values(b, image_out);
    make_entries(b, &n);
    append_entries(b, &n, image_out);
    mem_free(n.entries);
    append_rows(b, &n, kept, image_out);
    mem_free(n.ids);
    memcpy(buf_bytes(image_out), &b->head, sizeof b->head);
    *report_out = b->report;
    *rows_out = kept;
    return image_out->n <= EDM_IMAGE_MAX ? OK : ERR_LIMIT;
}
