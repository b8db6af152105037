/*
 * A round folds some kilobytes of the text into a buffer behind the end of
 * the round before (the tail), then chooses.  Offsets of the source are not
 * kept for every letter, since few are ever asked for: a mark stands for each
 * chunk of it, and the rest is folded again.
 */
#include "inspect/winnow.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "inspect/winnow_parts.h"

enum {
    TAIL = WINNOW_GRAM + WINNOW_WINDOW,      /* letters that rounds share */
    FULL = 8192,                             /* letters of a round, about */
    MARKS = 1024,                            /* and at most so many chunks */
    CHUNK_LETTERS = WINNOW_CHUNK * FOLD_MAX, /* at most */
    LETTERS = TAIL + FULL + CHUNK_LETTERS,
};

struct mark {
    size_t source;
    uint32_t letters;
};

struct winnow {
    const struct winnow_key *key;
    struct str text;
    size_t at;
    uint64_t base; /* of letters[0] in the folded text */
    uint32_t n, tail;
    uint32_t next; /* place to be looked at */
    int64_t last;  /* place chosen for its value last; -1 */
    int64_t least; /* chosen as the least of a window; -1 */
    uint32_t least_value, last_hash;
    size_t tail_source[TAIL]; /* of the letters of the round before */
    struct mark marks[MARKS];
    size_t mark_count;
    char letters[LETTERS + WINNOW_SLACK];
    uint64_t small[LETTERS / 64 + 1];
    struct winnow_point points[LETTERS];
};

/* ---- where letters come from ---- */

static const struct mark *mark_of(const struct winnow *w, uint32_t place)
{
    size_t low = 0, high = w->mark_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (w->marks[middle].letters <= place)
            low = middle;
        else
            high = middle;
    }
    return &w->marks[low];
}

/* The source bytes of the character that made a letter. */
static void locate(
    const struct winnow *w, uint32_t place, size_t *from_out, size_t *to_out)
{
    char ignored[FOLD_MAX + WINNOW_SLACK];
    if (place < w->tail) {
        *from_out = w->tail_source[place];
        size_t n = utf8_length(str_sub(w->text, *from_out, w->text.n));
        *to_out = *from_out + (n == 0 ? 1 : n);
        return;
    }
    const struct mark *m = mark_of(w, place);
    size_t at = m->source;
    uint32_t letters = m->letters;
    do {
        uint32_t n = 0;
        *from_out = at;
        at = winnow_fold(w->key, w->text, at, at + 1, ignored, &n);
        letters += n;
    } while (letters <= place && at < w->text.n);
    *to_out = at;
}

/* Where the letters from `from` on come from. */
static void locate_end(const struct winnow *w, uint32_t from, size_t *sources)
{
    char ignored[FOLD_MAX + WINNOW_SLACK];
    uint32_t place = from;
    for (; place < w->tail && place < w->n; place++)
        sources[place - from] = w->tail_source[place];
    if (place >= w->n)
        return;
    const struct mark *m = mark_of(w, place);
    uint32_t letters = m->letters;
    for (size_t at = m->source; letters < w->n;) {
        uint32_t n = 0;
        size_t start = at;
        at = winnow_fold(w->key, w->text, at, at + 1, ignored, &n);
        for (letters += n; n > 0; n--)
            if (letters - n >= place)
                sources[letters - n - from] = start;
    }
}

/* The end of this round is the start of the next. */
static void keep_tail(struct winnow *w)
{
    size_t sources[TAIL];
    uint32_t kept = w->n < TAIL ? w->n : TAIL, from = w->n - kept;
    locate_end(w, from, sources);
    memcpy(w->tail_source, sources, kept * sizeof sources[0]);
    memmove(w->letters, w->letters + from, kept);
    w->base += from;
    w->next -= from;
    w->last -= from;
    w->least = w->least >= (int64_t)from ? w->least - (int64_t)from : -1;
    w->n = w->tail = kept;
    w->mark_count = 0;
}

static void fold_chunk(struct winnow *w)
{
    w->marks[w->mark_count++] = (struct mark){w->at, w->n};
    w->at = winnow_fold_chunk(w->key, w->text, w->at, w->letters, &w->n);
}

/* ---- choosing ---- */

static uint64_t load(const char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

__extension__ typedef unsigned __int128 wide;

static uint64_t multiply(uint64_t a, uint64_t b)
{
    wide product = (wide)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint32_t hash_at(const struct winnow *w, uint32_t place)
{
    const char *p = w->letters + place;
    const uint64_t *k = w->key->hash;
    uint32_t end;
    memcpy(&end, p + 16, sizeof end);
    uint64_t h = multiply(load(p) ^ k[0], load(p + 8) ^ k[1]);
    return (uint32_t)(multiply(h ^ end, k[2] | 1) >> 32);
}

static void add_point(
    struct winnow *w, size_t *count, uint32_t place, uint32_t hash)
{
    w->points[(*count)++] = (struct winnow_point){hash, place};
}

static uint32_t value_at(const struct winnow *w, int64_t place)
{
    return (uint32_t)(load(w->letters + place) * w->key->least >> 32);
}

/* No place of the window that ends here was chosen for its value. */
static void choose_least(struct winnow *w, size_t *count, uint32_t place)
{
    int64_t first = (int64_t)place - WINNOW_WINDOW + 1;
    uint32_t value = value_at(w, place);
    if (w->least >= first && w->least_value <= value)
        return;
    int64_t least = place;
    for (int64_t i = (int64_t)place - 1; i >= first; i--) {
        uint32_t other = value_at(w, i);
        if (other < value) {
            value = other;
            least = i;
        }
    }
    w->least = least;
    w->least_value = value;
    add_point(w, count, (uint32_t)least, hash_at(w, (uint32_t)least));
}

/* Windows that end before `until`. */
static void fill_gap(struct winnow *w, size_t *count, uint32_t until)
{
    int64_t place = w->last + WINNOW_WINDOW;
    for (place = place > w->next ? place : w->next; place < until; place++)
        choose_least(w, count, (uint32_t)place);
}

static void choose_small(struct winnow *w, size_t *count, uint32_t place)
{
    uint32_t hash = hash_at(w, place);
    /* A run of one letter is few places, not all of it. */
    if (hash == w->last_hash && (int64_t)place - w->last < WINNOW_WINDOW)
        return;
    if ((int64_t)place - w->last > WINNOW_WINDOW)
        fill_gap(w, count, place);
    w->last = place;
    w->last_hash = hash;
    add_point(w, count, place, hash);
}

static size_t choose_all(struct winnow *w)
{
    size_t count = 0;
    uint32_t end = w->n >= WINNOW_GRAM ? w->n - WINNOW_GRAM + 1 : 0;
    uint32_t from = w->next / 64 * 64;
    if (w->next >= end)
        return 0;
    winnow_weigh(w->key, w->letters, from, end, w->small);
    w->small[from / 64] &= UINT64_MAX << w->next % 64;
    if (end % 64 != 0)
        w->small[end / 64] &= (UINT64_C(1) << end % 64) - 1;
    for (uint32_t at = from; at < end; at += 64)
        for (uint64_t bits = w->small[at / 64]; bits != 0; bits &= bits - 1)
            choose_small(w, &count, at + (uint32_t)__builtin_ctzll(bits));
    fill_gap(w, &count, end);
    w->next = end;
    return count;
}

/* ---- rounds ---- */

struct winnow *winnow_new(const struct winnow_key *key, struct str text)
{
    struct winnow *w = MEM_NEW(struct winnow);
    w->key = key;
    w->text = text;
    w->last = w->least = -1;
    return w;
}

void winnow_free(struct winnow **winnow)
{
    mem_free(*winnow);
    *winnow = NULL;
}

bool winnow_round(
    struct winnow *w, const struct winnow_point **points_out, size_t *count_out)
{
    *points_out = w->points;
    *count_out = 0;
    if (w->at == w->text.n)
        return false;
    keep_tail(w);
    while (w->n < TAIL + FULL && w->mark_count < MARKS && w->at < w->text.n)
        fold_chunk(w);
    *count_out = choose_all(w);
    return true;
}

size_t winnow_read(const struct winnow *w)
{
    return w->at;
}

uint64_t winnow_letters(const struct winnow *w)
{
    return w->base + w->n;
}

uint64_t winnow_position(const struct winnow *w, uint32_t place)
{
    return w->base + place;
}

void winnow_source(
    const struct winnow *w, uint32_t place, size_t *start_out, size_t *end_out)
{
    size_t ignored;
    locate(w, place, start_out, &ignored);
    locate(w, place + WINNOW_GRAM - 1, &ignored, end_out);
}
