/*
 * A round folds some kilobytes of the text into a buffer behind the end of
 * the round before (the tail), then chooses.  Offsets of the source are not
 * kept for every letter, since few are ever asked for: a mark stands for each
 * CHUNK of it, and the rest is folded again.
 */
#include "inspect/winnow.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "inspect/fold.h"

enum {
    TAIL = WINNOW_GRAM + WINNOW_WINDOW, /* letters that rounds share */
    CHUNK = 64,                         /* source bytes a mark */
    FULL = 4096,                        /* letters of a round, about */
    MARKS = 512,                        /* and at most so many chunks */
    /* A character of two bytes or more becomes FOLD_MAX at most. */
    CHUNK_LETTERS = CHUNK * FOLD_MAX,
    LETTERS = TAIL + FULL + CHUNK_LETTERS,
    TWO_BYTES = 0x800, /* code points that UTF-8 writes in two bytes */
};

struct folded {
    unsigned char n;
    char bytes[FOLD_MAX - 1];
};

struct winnow_key {
    uint64_t choose, hash[3];
    char ascii[0x80]; /* 0: dropped */
    struct folded two[TWO_BYTES];
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
    int64_t last;  /* place chosen last, or where none was */
    int64_t least; /* chosen as the least of a window; -1 */
    uint32_t least_value, last_value;
    bool is_over;
    size_t tail_source[TAIL]; /* of the letters of the round before */
    struct mark marks[MARKS];
    size_t mark_count;
    char letters[LETTERS + 8];
    struct winnow_point points[LETTERS];
};

/* ---- key ---- */

static void fold_two(struct folded *f, uint32_t c)
{
    char out[FOLD_MAX];
    size_t n = 0;
    fold_character(c, out, &n);
    if (n > sizeof f->bytes)
        n = 0;
    memcpy(f->bytes, out, n);
    f->n = (unsigned char)n;
}

struct winnow_key *winnow_key_new(const uint8_t bytes[WINNOW_KEY_BYTES])
{
    struct winnow_key *key = MEM_NEW(struct winnow_key);
    memcpy(&key->choose, bytes, sizeof key->choose);
    memcpy(key->hash, bytes + sizeof key->choose, sizeof key->hash);
    key->choose |= 1;
    for (uint32_t c = 0; c < 0x80; c++) {
        char out[FOLD_MAX];
        size_t n = 0;
        fold_character(c, out, &n);
        key->ascii[c] = n == 1 ? out[0] : '\0';
    }
    for (uint32_t c = 0x80; c < TWO_BYTES; c++)
        fold_two(&key->two[c], c);
    return key;
}

void winnow_key_free(struct winnow_key **key)
{
    mem_free(*key);
    *key = NULL;
}

/* ---- folding ---- */

static bool is_plain(const char *p, size_t n)
{
    uint64_t all = 0, word;
    for (size_t i = 0; i + sizeof word <= n; i += sizeof word) {
        memcpy(&word, p + i, sizeof word);
        all |= word;
    }
    return (all & UINT64_C(0x8080808080808080)) == 0;
}

/* Han and Hangul, which fold to themselves. */
static bool is_itself(const unsigned char *p, size_t n)
{
    return n >= 3 && (p[0] & 0xf0) == 0xe0 && (p[1] & 0xc0) == 0x80 &&
           (p[2] & 0xc0) == 0x80 &&
           ((p[0] >= 0xe5 && p[0] <= 0xe9) || p[0] == 0xeb || p[0] == 0xec);
}

/* One character of more than a byte; bytes that are none are dropped. */
static size_t fold_wide(
    const struct winnow_key *key, struct str rest, char *out, uint32_t *n)
{
    uint32_t c = 0;
    if (is_itself((const unsigned char *)rest.p, rest.n)) {
        memcpy(out + *n, rest.p, 3);
        *n += 3;
        return 3;
    }
    size_t length = utf8_decode(rest, &c);
    if (length == 2) {
        const struct folded *f = &key->two[c];
        memcpy(out + *n, f->bytes, f->n);
        *n += f->n;
    } else if (length > 2) {
        size_t folded = 0;
        fold_character(c, out + *n, &folded);
        *n += (uint32_t)folded;
    }
    return length == 0 ? 1 : length;
}

/* Letters of text[at, stop), or a little more: no character is cut. */
static size_t fold_to(const struct winnow_key *key, struct str text, size_t at,
    size_t stop, char *out, uint32_t *n_out)
{
    uint32_t n = *n_out;
    while (at < stop) {
        unsigned char c = (unsigned char)text.p[at];
        if (c < 0x80) {
            out[n] = key->ascii[c];
            n += out[n] != 0;
            at++;
        } else {
            at += fold_wide(key, str_sub(text, at, text.n), out, &n);
        }
    }
    *n_out = n;
    return at;
}

static void fold_chunk(struct winnow *w)
{
    size_t stop = w->text.n - w->at > CHUNK ? w->at + CHUNK : w->text.n;
    w->marks[w->mark_count++] = (struct mark){w->at, w->n};
    if (stop - w->at < CHUNK || !is_plain(w->text.p + w->at, CHUNK)) {
        w->at = fold_to(w->key, w->text, w->at, stop, w->letters, &w->n);
        return;
    }
    const char *p = w->text.p + w->at, *ascii = w->key->ascii;
    char *out = w->letters + w->n;
    for (size_t i = 0; i < CHUNK; i++) {
        *out = ascii[(unsigned char)p[i]];
        out += *out != 0;
    }
    w->n = (uint32_t)(out - w->letters);
    w->at = stop;
}

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
    char ignored[FOLD_MAX + 1];
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
        at = fold_to(w->key, w->text, at, at + 1, ignored, &n);
        letters += n;
    } while (letters <= place && at < w->text.n);
    *to_out = at;
}

/* The end of this round is the start of the next. */
static void keep_tail(struct winnow *w)
{
    size_t sources[TAIL], ignored;
    uint32_t kept = w->n < TAIL ? w->n : TAIL, from = w->n - kept;
    for (uint32_t i = 0; i < kept; i++)
        locate(w, from + i, &sources[i], &ignored);
    memcpy(w->tail_source, sources, kept * sizeof sources[0]);
    memmove(w->letters, w->letters + from, kept);
    w->base += from;
    w->next -= from;
    w->last -= from;
    w->least = w->least >= (int64_t)from ? w->least - (int64_t)from : -1;
    w->n = w->tail = kept;
    w->mark_count = 0;
}

/* ---- choosing ---- */

static uint64_t load(const char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

static uint32_t value_at(const struct winnow *w, uint32_t place)
{
    return (uint32_t)(load(w->letters + place) * w->key->choose >> 32);
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

static void choose(struct winnow *w, size_t *count, uint32_t place)
{
    w->points[(*count)++] = (struct winnow_point){hash_at(w, place), place};
}

/* No place of the window that ends here was chosen by its value. */
static void choose_least(struct winnow *w, size_t *count, uint32_t place)
{
    int64_t first = (int64_t)place - WINNOW_WINDOW + 1;
    uint32_t value = value_at(w, place);
    if (w->least >= first && w->least_value <= value)
        return;
    int64_t least = place;
    for (int64_t i = place - 1; i >= first; i--) {
        uint32_t other = value_at(w, (uint32_t)i);
        if (other < value) {
            value = other;
            least = i;
        }
    }
    w->least = least;
    w->least_value = value;
    choose(w, count, (uint32_t)least);
}

static size_t choose_all(struct winnow *w)
{
    const uint32_t small = UINT32_MAX / WINNOW_EVERY;
    size_t count = 0;
    uint32_t end = w->n >= WINNOW_GRAM ? w->n - WINNOW_GRAM + 1 : 0;
    uint32_t place = w->next;
    for (; place < end; place++) {
        uint32_t value = value_at(w, place);
        if (value < small) {
            /* A run of one letter is one place, not all of it. */
            bool is_run = value == w->last_value &&
                          (int64_t)place - w->last < WINNOW_WINDOW;
            if (is_run)
                continue;
            w->last = place;
            w->last_value = value;
            choose(w, &count, place);
        } else if ((int64_t)place - w->last >= WINNOW_WINDOW) {
            choose_least(w, &count, place);
        }
    }
    w->next = place;
    return count;
}

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
