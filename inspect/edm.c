/*
 * An index as it lies in memory: checked once for its frame, and at each look
 * for what that look needs; so opening costs nothing, however large it is, and
 * no damaged image leads outside.
 */
#include "inspect/edm_image.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "inspect/fold.h"

enum { BUCKET_MAX = 1024 }; /* entries looked at: eight on average */

uint32_t edm_index_columns(const struct edm_index *index)
{
    return index->head->columns;
}

void edm_index_free(struct edm_index **index)
{
    mem_free(*index);
    *index = NULL;
}

/* ---- opening ---- */

/* NULL: not inside the image, or no whole number of items. */
static const void *section_of(
    struct str image, enum edm_section which, size_t item, uint64_t *count_out)
{
    const struct edm_image *head = (const void *)image.p;
    const struct edm_span *s = &head->sections[which];
    *count_out = s->bytes / item;
    if (s->at % 8 != 0 || s->at < sizeof *head || s->at > image.n ||
        s->bytes > image.n - s->at || s->bytes % item != 0)
        return NULL;
    return image.p + s->at;
}

static bool is_power(uint64_t n)
{
    return n != 0 && (n & (n - 1)) == 0;
}

static bool open_gate(
    struct str image, enum edm_section which, struct edm_gate *gate)
{
    uint64_t words = 0;
    gate->words = section_of(image, which, sizeof *gate->words, &words);
    gate->mask = words * 64 / EDM_GATE_REGIONS - 1;
    return gate->words != NULL && is_power(words) && words >= EDM_GATE_REGIONS;
}

static bool open_filters(struct str image, struct edm_index *x)
{
    uint64_t starts = 0, pairs = 0, filter = 0, table = 0;
    x->start_filter =
        section_of(image, EDM_START_FILTER, sizeof *x->start_filter, &starts);
    x->pair_filter =
        section_of(image, EDM_PAIR_FILTER, sizeof *x->pair_filter, &pairs);
    x->filter = section_of(image, EDM_FILTER, sizeof *x->filter, &filter);
    x->starts = section_of(image, EDM_STARTS, sizeof *x->starts, &table);
    x->start_filter_mask = starts - 1;
    x->pair_filter_mask = pairs - 1;
    x->filter_mask = filter - 1;
    x->start_mask = table - 1;
    return x->start_filter != NULL && x->pair_filter != NULL &&
           x->filter != NULL && x->starts != NULL && is_power(starts) &&
           is_power(pairs) && is_power(filter) && is_power(table);
}

static bool open_values(struct str image, struct edm_index *x)
{
    uint64_t buckets = 0, entries = 0, posts = 0, masks = 0, lists = 0;
    uint64_t cells = 0;
    const struct edm_image *head = x->head;
    x->buckets = section_of(image, EDM_BUCKETS, sizeof *x->buckets, &buckets);
    x->entries = section_of(image, EDM_ENTRIES, sizeof *x->entries, &entries);
    x->posts = section_of(image, EDM_POSTS, sizeof *x->posts, &posts);
    x->masks = section_of(image, EDM_MASKS, sizeof *x->masks, &masks);
    x->lists = section_of(image, EDM_LISTS, sizeof *x->lists, &lists);
    x->rows = section_of(image, EDM_ROWS, sizeof *x->rows, &cells);
    x->entry_count = (size_t)entries;
    x->list_count = (size_t)lists;
    return x->buckets != NULL && x->entries != NULL && x->posts != NULL &&
           x->masks != NULL && x->lists != NULL && x->rows != NULL &&
           head->bucket_bits >= 1 && head->bucket_bits <= 31 &&
           buckets == (UINT64_C(1) << head->bucket_bits) + 1 &&
           posts == head->values && masks == head->values &&
           cells == (uint64_t)head->rows * head->columns;
}

static void note_lengths(struct edm_index *x)
{
    for (size_t n = 0; n <= EDM_VALUE_MAX; n++)
        if (edm_is_number_length(x, n))
            x->number_max = n;
    for (size_t n = 1; n < ARRAY_LEN(x->lengths); n++) {
        x->lengths[n].kept = ~UINT64_C(0) >> (n < 8 ? 64 - 8 * n : 0);
        x->lengths[n].region = edm_gate_bit(x->start_gate.mask, n, 0);
    }
}

enum err edm_index_open(
    struct str image, struct edm_index **index_out, const char **why_out)
{
    const struct edm_image *head = (const void *)image.p;
    *index_out = NULL;
    *why_out = "cut short";
    if (image.n < sizeof *head || (uintptr_t)image.p % 8 != 0)
        return ERR_PARSE;
    *why_out = "of another version";
    if (memcmp(head->magic, EDM_IMAGE_MAGIC, sizeof head->magic) != 0 ||
        head->version != EDM_IMAGE_VERSION)
        return ERR_PARSE;
    *why_out = "damaged";
    if (head->columns < 1 || head->columns > EDM_COLUMNS_MAX ||
        head->rows > EDM_ROWS_MAX)
        return ERR_PARSE;
    struct edm_index *x = MEM_NEW(struct edm_index);
    x->head = head;
    if (!open_gate(image, EDM_START_GATE, &x->start_gate) ||
        !open_gate(image, EDM_NEXT_GATE, &x->next_gate) ||
        !open_gate(image, EDM_NUMBER_GATE, &x->number_gate) ||
        !open_filters(image, x) || !open_values(image, x)) {
        edm_index_free(&x);
        return ERR_PARSE;
    }
    note_lengths(x);
    *index_out = x;
    return OK;
}

/* ---- looking up ---- */

size_t edm_find_values(
    const struct edm_index *x, struct str value, uint32_t ids_out[EDM_IDS_MAX])
{
    uint64_t hash = edm_sip(x->head->sip_key, value);
    uint64_t bucket = hash >> (64 - x->head->bucket_bits);
    size_t at = x->buckets[bucket], end = x->buckets[bucket + 1], count = 0;
    if (end > x->entry_count)
        end = x->entry_count;
    for (size_t i = 0; at < end && i < BUCKET_MAX && count < EDM_IDS_MAX;
         at++, i++)
        if (x->entries[at].tag == (uint32_t)hash &&
            x->entries[at].id < x->head->values)
            ids_out[count++] = x->entries[at].id;
    return count;
}

bool edm_rows_of(
    const struct edm_index *x, uint32_t id, struct edm_rows *rows_out)
{
    uint32_t post = x->posts[id];
    *rows_out = (struct edm_rows){.one = post};
    if (post == EDM_POST_MANY)
        return false;
    if ((post & EDM_POST_LIST) == 0) {
        rows_out->count = post < x->head->rows;
        return true; /* items: NULL, so `one` */
    }
    size_t at = post & ~EDM_POST_LIST;
    if (at >= x->list_count || x->lists[at] > x->list_count - at - 1)
        return false;
    rows_out->items = x->lists + at + 1;
    rows_out->count = x->lists[at];
    return true;
}

/* ---- words ---- */

static size_t decode(struct str text, size_t at, uint32_t *c_out)
{
    unsigned char first = (unsigned char)text.p[at];
    *c_out = first;
    if (first < 0x80)
        return 1;
    size_t n = utf8_decode(str_sub(text, at, at + 4), c_out);
    if (n == 0)
        *c_out = ' '; /* no UTF-8 */
    return n == 0 ? 1 : n;
}

/* The ASCII letters and digits at `at`, as edm_next_word has them: most words
 * of most texts.  False, and nothing is done, if there is more to the word. */
static bool take_ascii(struct str text, size_t at, struct edm_word *word,
    char *value, size_t *n_io)
{
    size_t n = *n_io, end = at;
    bool has_digit = false;
    for (; end < text.n && edm_is_word_byte(text.p[end]); end++) {
        unsigned char c = (unsigned char)text.p[end];
        if (c >= 0x80 || n == EDM_VALUE_MAX)
            return false;
        has_digit |= c <= '9';
        value[n++] = (char)(c | 0x20); /* digits have that bit */
    }
    *word = (struct edm_word){at, end, has_digit};
    *n_io = n;
    return true;
}

enum err edm_next_word(struct str text, size_t at, size_t max,
    struct edm_word *word_out, char *value, size_t *n_io)
{
    size_t limit = text.n - at > max ? at + max : text.n, n = 0;
    bool is_in = false;
    char folded[FOLD_MAX];
    uint32_t c;
    *word_out = (struct edm_word){0};
    while (at < text.n && at <= limit && (unsigned char)text.p[at] < 0x80 &&
           !edm_is_word_byte(text.p[at]))
        at++;
    if (at < text.n && at <= limit &&
        take_ascii(text, at, word_out, value, n_io))
        return OK;
    for (; at < text.n && (is_in || at <= limit); at += n) {
        size_t folded_n;
        n = decode(text, at, &c);
        enum fold_kind kind = fold_character(c, folded, &folded_n);
        if (is_in && kind != FOLD_WORD)
            break;
        if (kind == FOLD_BREAK || (!is_in && folded_n == 0))
            continue;
        if (!is_in)
            word_out->start = at;
        is_in = true;
        word_out->end = at + n;
        if (*n_io + folded_n > EDM_VALUE_MAX)
            return ERR_LIMIT;
        for (size_t i = 0; i < folded_n; i++)
            word_out->has_digit |= folded[i] >= '0' && folded[i] <= '9';
        memcpy(value + *n_io, folded, folded_n);
        *n_io += folded_n;
        if (kind == FOLD_ALONE)
            break;
    }
    return is_in ? OK : ERR_NOT_FOUND;
}
