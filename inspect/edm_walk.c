/*
 * A text against an index.  Words are cut out of blocks of 64 bytes by masks
 * and hashed as they are loaded; a gate (edm_image.h) that stays in cache
 * refuses most, and memory is asked for the lines of the filters that the rest
 * of a block needs before the first of them is looked at.  Only what they let
 * through is read again, folded, together with the words behind it
 * (edm_next_word).  Values that are found go to edm_match.c.
 */
#include "inspect/edm_match.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/mem.h"

enum {
    BLOCK = 64,
    READ_AHEAD = 8,  /* from a word's first byte */
    GAP_MAX = 4,     /* bytes between two words of a value */
    BLANKS_MAX = 12, /* if they are all blanks */
    SUFFIX_MAX = 2,  /* letters between or behind digits of a number */
    PROBES_MAX = 48,
    WORK_MAX = 100000, /* rows looked at in a step */
};

struct edm_walk {
    struct str text;
    size_t at;
    const struct edm_index *index;
    bool has_numbers;
    size_t number_max;
    struct edm_matcher matcher;
};

/* ---- values ---- */

static bool is_gap(struct str text, size_t from, size_t to)
{
    if (to - from <= GAP_MAX)
        return true;
    for (size_t i = from; i < to; i++)
        if (memchr(" \t\r\n", text.p[i], 4) == NULL)
            return false;
    return to - from <= BLANKS_MAX;
}

/* Within a number: "12-34 (56) 78", not the next number of a list. */
static bool is_number_gap(struct str text, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        if (memchr(" -./()+_", text.p[i], 8) == NULL &&
            (unsigned char)text.p[i] < 0x80)
            return false;
    return to - from <= GAP_MAX;
}

static void try_value(
    struct edm_walk *w, size_t start, size_t end, struct str value)
{
    const struct edm_index *x = w->index;
    uint32_t ids[EDM_IDS_MAX];
    if (value.n < EDM_VALUE_MIN || !edm_filter_has(x->filter, x->filter_mask,
                                       edm_hash(x->head->seeds, value)))
        return;
    size_t count = edm_find_values(x, value, ids);
    for (size_t i = 0; i < count; i++)
        edm_matcher_add(&w->matcher, start, end, ids[i]);
}

/* The values that begin with the word at `at`. */
static void try_at(struct edm_walk *w, size_t at)
{
    char value[EDM_VALUE_MAX];
    size_t n = 0, start = 0, end = at;
    unsigned lengths = 0;
    bool is_number = false;
    struct edm_word word;
    for (unsigned words = 1; words <= EDM_WORDS_MAX; words++) {
        size_t max = words == 1 ? 0 : BLANKS_MAX;
        if (edm_next_word(w->text, end, max, &word, value, &n) != OK ||
            (words > 1 && !is_gap(w->text, end, word.start)))
            return;
        /* "12 34 C" goes on, "12 months" does not. */
        if (words > 1 &&
            (!is_number_gap(w->text, end, word.start) ||
                (!word.has_digit && word.end - word.start > SUFFIX_MAX)))
            is_number = false;
        end = word.end;
        if (words == 1) {
            const struct edm_start *s = edm_find_start(
                w->index, edm_hash(w->index->head->seeds, str_make(value, n)));
            start = word.start;
            lengths = s != NULL ? s->lengths : 0;
            is_number = w->has_numbers &&
                        (word.has_digit ||
                            (s != NULL && (s->flags & EDM_START_NUMBER) != 0));
        }
        if ((lengths >> (words - 1) & 1) != 0 ||
            (is_number && edm_is_number_length(w->index, n)))
            try_value(w, start, end, str_make(value, n));
        if (lengths >> words == 0 && (!is_number || n >= w->number_max))
            return;
    }
}

static bool may_start(const struct edm_index *x, struct str word)
{
    const uint64_t *seeds = x->head->seeds;
    return edm_gate_has(&x->start_gate, word.n, edm_hash_head(seeds, word)) &&
           edm_filter_has(
               x->start_filter, x->start_filter_mask, edm_hash(seeds, word));
}

/* Words with other bytes than ASCII's, and long ones: one after the other. */
static void try_run(struct edm_walk *w, size_t from, size_t to)
{
    const struct edm_index *x = w->index;
    char value[EDM_VALUE_MAX];
    struct edm_word word;
    while (from < to) {
        size_t n = 0;
        enum err err =
            edm_next_word(w->text, from, to - from - 1, &word, value, &n);
        if (err != OK)
            return; /* too long for a value, or none */
        if ((word.has_digit && w->has_numbers) ||
            may_start(x, str_make(value, n)))
            try_at(w, word.start);
        from = word.end;
    }
}

/* ---- numbers ---- */

enum kind { OTHER, GAP, HIGH, DIGIT, LETTER };

static inline enum kind kind_of(char c)
{
    static const unsigned char kinds[128] = {
        ['0' ... '9'] = DIGIT,
        ['A' ... 'Z'] = LETTER,
        ['a' ... 'z'] = LETTER,
        [' '] = GAP, /* as is_number_gap has them */
        ['-'] = GAP,
        ['.'] = GAP,
        ['/'] = GAP,
        ['('] = GAP,
        [')'] = GAP,
        ['+'] = GAP,
        ['_'] = GAP,
    };
    return (unsigned char)c < 0x80 ? (enum kind)kinds[(unsigned char)c] : HIGH;
}

/* Hashes of what may be numbers, so that the filter's lines are under way
 * before any is looked at. */
struct probes {
    uint64_t hashes[PROBES_MAX];
    unsigned char runs[PROBES_MAX];
    unsigned count;
};

static bool add_probe(const struct edm_index *x, struct str value, unsigned run,
    struct probes *out)
{
    const uint64_t *seeds = x->head->seeds;
    if (!edm_is_number_length(x, value.n) ||
        !edm_gate_has(
            &x->number_gate, value.n, edm_hash_number_start(seeds, value)))
        return true;
    if (out->count == PROBES_MAX)
        return false;
    uint64_t hash = edm_hash(seeds, value);
    __builtin_prefetch(&x->filter[hash >> 24 & x->filter_mask]);
    out->runs[out->count] = (unsigned char)run;
    out->hashes[out->count++] = hash;
    return true;
}

/* What try_at would take for a number at `at`, as long as it is ASCII. False:
 * cannot say. */
static bool add_probes(
    const struct edm_walk *w, size_t at, unsigned run, struct probes *out)
{
    char value[EDM_VALUE_MAX];
    struct str text = w->text;
    size_t n = 0;
    for (;;) {
        enum kind kind = OTHER;
        bool has_digit = false;
        size_t start = n, from;
        for (; at < text.n && (kind = kind_of(text.p[at])) >= DIGIT; at++) {
            if (n == w->number_max)
                return true;
            value[n++] = (char)(text.p[at] | 0x20); /* digits have that bit */
            has_digit |= kind == DIGIT;
        }
        if (at < text.n && kind == HIGH)
            return false;
        if (start > 0 && !has_digit && n - start > SUFFIX_MAX)
            return true;
        if (!add_probe(w->index, str_make(value, n), run, out))
            return false;
        for (from = at; at < text.n && (kind = kind_of(text.p[at])) == GAP;)
            at++;
        if (at < text.n && kind == HIGH)
            return false;
        if (at == text.n || kind == OTHER || at - from > GAP_MAX)
            return true;
    }
}

/* ---- blocks ---- */

struct masks {
    uint64_t word, high, digit;
};

#ifdef __SSE2__
static inline unsigned above(__m128i x, char add, char limit)
{
    return (unsigned)_mm_movemask_epi8(_mm_cmpgt_epi8(
        _mm_add_epi8(x, _mm_set1_epi8(add)), _mm_set1_epi8(limit)));
}

/* Letters, digits and bytes from 0x80 on. */
static inline struct masks mask_block(const char *p)
{
    struct masks m = {0};
    for (int i = 0; i < BLOCK; i += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
        __m128i lower = _mm_or_si128(x, _mm_set1_epi8(0x20));
        uint64_t high = (unsigned)_mm_movemask_epi8(x);
        uint64_t digit = above(x, 127 - '9', 127 - 10);
        uint64_t letter = above(lower, 127 - 'z', 127 - 26);
        m.high |= high << i;
        m.digit |= digit << i;
        m.word |= (high | digit | letter) << i;
    }
    return m;
}
#else
static inline struct masks mask_block(const char *p)
{
    struct masks m = {0};
    for (int i = 0; i < BLOCK; i++) {
        unsigned char c = (unsigned char)p[i];
        uint64_t digit = c >= '0' && c <= '9', high = c >= 0x80;
        uint64_t letter = (unsigned char)((c | 0x20) - 'a') < 26;
        m.digit |= digit << i;
        m.high |= high << i;
        m.word |= (digit | high | letter) << i;
    }
    return m;
}
#endif

/* The first eight bytes in lower case, as far as they are the word's. */
static inline uint64_t load_head(
    const struct edm_index *x, const char *p, unsigned n)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return (word | UINT64_C(0x2020202020202020)) & x->lengths[n].kept;
}

/* As edm_hash has it, of ASCII in either case. */
static uint64_t hash_word(const struct edm_index *x, const char *p, unsigned n)
{
    const uint64_t *seeds = x->head->seeds;
    uint64_t hash = 0;
    for (; n > 8; n -= 8, p += 8)
        hash = edm_mix(hash ^ load_head(x, p, n) ^ seeds[1], seeds[0]);
    return edm_hash8(seeds, hash ^ load_head(x, p, n));
}

struct run {
    uint64_t head; /* edm_hash_head */
    unsigned char start, end;
    bool is_mixed;  /* try_run */
    bool has_digit; /* may be a number */
    bool may_start; /* says the gate */
    bool may_be_number;
};

/* The runs of a block that end in it, and which of them to look at. */
struct runs {
    struct run items[BLOCK / 2];
    unsigned count;
    unsigned char picked[BLOCK / 2]; /* numbers of items */
    unsigned picked_count;
};

/* Without branches on what a run is: most are refused, for many reasons, and
 * the processor would guess wrongly at every other. */
static inline void note_run(const struct edm_walk *w, const char *p,
    const struct masks *m, bool is_plain, unsigned start, unsigned end,
    struct runs *out)
{
    const struct edm_index *x = w->index;
    unsigned n = end - start;
    struct run *r = &out->items[out->count];
    r->start = (unsigned char)start;
    r->end = (unsigned char)end;
    r->head = edm_hash8(x->head->seeds, load_head(x, p + start, n));
    uint64_t bit = x->lengths[n].region + (r->head >> 40 & x->start_gate.mask);
    unsigned may_start = x->start_gate.words[bit / 64] >> bit % 64 & 1;
    unsigned is_mixed = 0, has_digit = 0;
    if (!is_plain) {
        uint64_t bits = ((UINT64_C(1) << n) - 1) << start;
        is_mixed = (m->high & bits) != 0;
        has_digit = (m->digit & bits) != 0;
    }
    r->is_mixed = is_mixed != 0;
    r->has_digit = has_digit != 0;
    r->may_start = may_start != 0;
    r->may_be_number = false;
    out->picked[out->picked_count] = (unsigned char)out->count++;
    out->picked_count +=
        may_start | is_mixed | (has_digit & (unsigned)w->has_numbers);
}

static inline void note_runs(const struct edm_walk *w, const char *p,
    const struct masks *m, bool is_plain, uint64_t starts, uint64_t ends,
    struct runs *out)
{
    for (; ends != 0; ends &= ends - 1, starts &= starts - 1)
        note_run(w, p, m, is_plain, (unsigned)__builtin_ctzll(starts),
            (unsigned)__builtin_ctzll(ends), out);
}

/* Where to go on: the last run may. */
static unsigned cut_block(
    const struct edm_walk *w, const char *p, struct masks m, struct runs *out)
{
    uint64_t before = m.word << 1;
    uint64_t starts = m.word & ~before, ends = ~m.word & before;
    out->count = out->picked_count = 0;
    if ((m.high | m.digit) == 0)
        note_runs(w, p, &m, true, starts, ends, out);
    else
        note_runs(w, p, &m, false, starts, ends, out);
    return m.word >> (BLOCK - 1) != 0
               ? BLOCK - 1 - (unsigned)__builtin_clzll(starts)
               : BLOCK;
}

static bool is_gap_of_number(const char *p, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (kind_of(p[i]) != GAP)
            return false;
    return n <= GAP_MAX;
}

/* Most numbers of a text are not as long as any of the table: seen without
 * putting them together.  p: the block. */
static bool is_other_number(const struct edm_walk *w, const char *p,
    const struct runs *runs, unsigned i)
{
    size_t n = 0;
    for (bool is_first = true; n <= w->number_max; is_first = false, i++) {
        const struct run *r = &runs->items[i];
        if (i == runs->count || r->is_mixed)
            return false; /* who knows */
        if (!is_first && ((!r->has_digit && r->end - r->start > SUFFIX_MAX) ||
                             !is_gap_of_number(p + r[-1].end,
                                 (unsigned)(r->start - r[-1].end))))
            return true;
        n += (size_t)(r->end - r->start);
        if (edm_is_number_length(w->index, n))
            return false;
    }
    return true;
}

/* Numbers of a block: first all that are to be looked up, then the looks. */
static void probe_numbers(
    const struct edm_walk *w, size_t at, const char *p, struct runs *runs)
{
    const struct edm_index *x = w->index;
    struct probes probes;
    probes.count = 0;
    for (unsigned k = 0; k < runs->picked_count; k++) {
        unsigned i = runs->picked[k];
        struct run *r = &runs->items[i];
        if (r->has_digit && !r->is_mixed && !is_other_number(w, p, runs, i))
            r->may_be_number = !add_probes(w, at + r->start, i, &probes);
    }
    for (unsigned i = 0; i < probes.count; i++)
        if (edm_filter_has(x->filter, x->filter_mask, probes.hashes[i]))
            runs->items[probes.runs[i]].may_be_number = true;
}

static bool may_be_number(const struct edm_walk *w, size_t at)
{
    const struct edm_index *x = w->index;
    struct probes probes;
    probes.count = 0;
    if (!add_probes(w, at, 0, &probes))
        return true;
    for (unsigned i = 0; i < probes.count; i++)
        if (edm_filter_has(x->filter, x->filter_mask, probes.hashes[i]))
            return true;
    return false;
}

static bool may_go_on(
    const struct edm_index *x, uint64_t first, const struct run *next)
{
    if (next == NULL || next->is_mixed)
        return true;
    return edm_gate_has(
               &x->next_gate, (size_t)(next->end - next->start), next->head) &&
           edm_filter_has(x->pair_filter, x->pair_filter_mask,
               edm_hash_pair(x->head->seeds, first, next->head));
}

/* Whether a value may begin with a word: as try_at would find out, but without
 * folding anything.  p: the block at `at`; next: the run behind it, NULL when
 * it is not known. */
static bool may_begin(const struct edm_walk *w, size_t at, const char *p,
    const struct run *r, const struct run *next)
{
    const struct edm_index *x = w->index;
    if (!r->may_start)
        return false;
    uint64_t hash = hash_word(x, p + r->start, (unsigned)(r->end - r->start));
    if (!edm_filter_has(x->start_filter, x->start_filter_mask, hash))
        return false;
    const struct edm_start *s = edm_find_start(x, hash);
    if (s == NULL)
        return false;
    if ((s->lengths & 1) != 0 &&
        edm_filter_has(x->filter, x->filter_mask, hash))
        return true;
    if ((s->flags & EDM_START_NUMBER) != 0 && w->has_numbers &&
        may_be_number(w, at + r->start))
        return true;
    return s->lengths > 1 && may_go_on(x, hash, next);
}

static void try_runs(
    struct edm_walk *w, size_t at, const char *p, const struct runs *runs)
{
    for (unsigned k = 0; k < runs->picked_count; k++) {
        unsigned i = runs->picked[k];
        const struct run *r = &runs->items[i];
        if (r->is_mixed)
            try_run(w, at + r->start, at + r->end);
        else if (r->may_be_number ||
                 may_begin(w, at, p, r, i + 1 < runs->count ? r + 1 : NULL))
            try_at(w, at + r->start);
    }
}

/* Of words of up to eight bytes: which most are. */
static void prefetch_starts(const struct edm_index *x, const struct runs *runs)
{
    for (unsigned k = 0; k < runs->picked_count; k++) {
        const struct run *r = &runs->items[runs->picked[k]];
        __builtin_prefetch(
            &x->start_filter[r->head >> 24 & x->start_filter_mask]);
    }
}

/* A run that fills a block: rare, and mostly no word of anybody's. */
static size_t pass_long_run(struct edm_walk *w, size_t at)
{
    size_t end = at;
    while (end < w->text.n && edm_is_word_byte(w->text.p[end]))
        end++;
    try_run(w, at, end);
    return end;
}

static void walk_block(struct edm_walk *w)
{
    char copy[2 * BLOCK];
    const char *p = w->text.p + w->at;
    size_t left = w->text.n - w->at;
    struct runs runs;
    if (left < BLOCK + READ_AHEAD) {
        memset(copy, 0, sizeof copy);
        memcpy(copy, p, left);
        p = copy;
    }
    struct masks m = mask_block(p);
    unsigned next = cut_block(w, p, m, &runs);
    if (runs.picked_count > 0) {
        prefetch_starts(w->index, &runs);
        if (w->has_numbers && m.digit != 0)
            probe_numbers(w, w->at, p, &runs);
        try_runs(w, w->at, p, &runs);
    }
    w->at += left < next ? left : next;
    if (next == 0)
        w->at = pass_long_run(w, w->at);
}

/* ---- */

struct edm_walk *edm_walk_new(const struct edm_index *index,
    const struct edm_detector *detectors, size_t count, size_t index_number,
    struct str text, edm_match_fn *on_match, void *owner)
{
    struct edm_walk *w = mem_alloc(sizeof *w); /* large, and texts are short */
    w->text = text;
    w->at = 0;
    w->index = index;
    w->number_max = index->number_max;
    w->has_numbers = w->number_max > 0;
    edm_matcher_init(&w->matcher, index, detectors, count, index_number, text,
        on_match, owner);
    return w;
}

bool edm_walk_step(struct edm_walk *w, size_t max_bytes)
{
    size_t left = w->text.n - w->at;
    size_t to = left > max_bytes ? w->at + max_bytes : w->text.n;
    w->matcher.work = 0;
    while (w->at < to && w->matcher.work < WORK_MAX)
        walk_block(w);
    edm_matcher_tell(&w->matcher, w->at);
    if (w->at < w->text.n)
        return true;
    edm_matcher_tell(&w->matcher, SIZE_MAX);
    return false;
}

void edm_walk_free(struct edm_walk **walk)
{
    mem_free(*walk);
    *walk = NULL;
}
