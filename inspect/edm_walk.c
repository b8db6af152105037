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
    uint64_t hash = edm_hash(x->head->seeds, word);
    return edm_gate_has(&x->start_gate, word.n, hash) &&
           edm_filter_has(x->start_filter, x->start_filter_mask, hash);
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

static inline uint64_t bits_from_to(unsigned from, unsigned to)
{
    uint64_t upto = to >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << to) - 1;
    return upto & ~((UINT64_C(1) << from) - 1);
}

static inline uint64_t hash_word(
    const uint64_t *seeds, const char *p, unsigned n)
{
    const uint64_t lower = UINT64_C(0x2020202020202020);
    uint64_t word, hash = 0;
    for (; n > 8; n -= 8, p += 8) {
        memcpy(&word, p, 8);
        hash = edm_mix(hash ^ (word | lower) ^ seeds[1], seeds[0]);
    }
    memcpy(&word, p, 8);
    word = (word | lower) & ~UINT64_C(0) >> (64 - 8 * n);
    return edm_hash8(seeds, hash ^ word);
}

struct run {
    unsigned start, end;
    uint64_t hash;
    bool is_mixed;  /* try_run */
    bool has_digit; /* may be a number */
    bool may_start; /* says the gate */
    bool may_be_number;
};

/* The runs of a block that end in it; where to go on. */
static unsigned cut_block(const struct edm_walk *w, const char *p,
    struct masks m, struct run *runs, unsigned *count_out)
{
    const struct edm_index *x = w->index;
    unsigned count = 0, end = 0;
    while (m.word != 0) {
        unsigned start = (unsigned)__builtin_ctzll(m.word);
        uint64_t rest = ~(m.word >> start);
        end = rest == 0 ? BLOCK : start + (unsigned)__builtin_ctzll(rest);
        if (end >= BLOCK) {
            *count_out = count;
            return start; /* may go on */
        }
        uint64_t bits = bits_from_to(start, end);
        m.word &= ~bits;
        struct run *r = &runs[count++];
        r->start = start;
        r->end = end;
        r->may_start = r->may_be_number = false;
        r->has_digit = (m.digit & bits) != 0;
        r->is_mixed = (m.high & bits) != 0;
        if (r->is_mixed)
            continue;
        r->hash = hash_word(x->head->seeds, p + start, end - start);
        r->may_start = edm_gate_has(&x->start_gate, end - start, r->hash);
        if (r->may_start)
            __builtin_prefetch(
                &x->start_filter[r->hash >> 24 & x->start_filter_mask]);
    }
    *count_out = count;
    return BLOCK;
}

/* Numbers of a block: first all that are to be looked up, then the looks. */
static void probe_numbers(
    const struct edm_walk *w, size_t at, struct run *runs, unsigned count)
{
    const struct edm_index *x = w->index;
    struct probes probes;
    probes.count = 0;
    for (unsigned i = 0; i < count; i++)
        if (runs[i].has_digit && !runs[i].is_mixed)
            runs[i].may_be_number =
                !add_probes(w, at + runs[i].start, i, &probes);
    for (unsigned i = 0; i < probes.count; i++)
        if (edm_filter_has(x->filter, x->filter_mask, probes.hashes[i]))
            runs[probes.runs[i]].may_be_number = true;
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

/* Whether a value may begin with a word: as try_at would find out, but without
 * folding anything.  next: the run behind it, NULL when it is not known. */
static bool may_begin(const struct edm_walk *w, size_t at, const struct run *r,
    const struct run *next)
{
    const struct edm_index *x = w->index;
    if (!r->may_start ||
        !edm_filter_has(x->start_filter, x->start_filter_mask, r->hash))
        return false;
    const struct edm_start *s = edm_find_start(x, r->hash);
    if (s == NULL)
        return false;
    if ((s->lengths & 1) != 0 &&
        edm_filter_has(x->filter, x->filter_mask, r->hash))
        return true;
    if ((s->flags & EDM_START_NUMBER) != 0 && w->has_numbers &&
        may_be_number(w, at + r->start))
        return true;
    return s->lengths > 1 && (next == NULL || next->is_mixed ||
                                 edm_gate_has(&x->next_gate,
                                     next->end - next->start, next->hash));
}

static void try_runs(
    struct edm_walk *w, size_t at, const struct run *runs, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const struct run *r = &runs[i];
        if (r->is_mixed)
            try_run(w, at + r->start, at + r->end);
        else if (r->may_be_number ||
                 may_begin(w, at, r, i + 1 < count ? r + 1 : NULL))
            try_at(w, at + r->start);
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
    struct run runs[BLOCK / 2];
    unsigned count = 0;
    if (left < BLOCK + 8) {
        memset(copy, 0, sizeof copy);
        memcpy(copy, p, left);
        p = copy;
    }
    struct masks m = mask_block(p);
    unsigned next = cut_block(w, p, m, runs, &count);
    if (w->has_numbers && m.digit != 0)
        probe_numbers(w, w->at, runs, count);
    try_runs(w, w->at, runs, count);
    w->at += left < next ? left : next;
    if (next == 0)
        w->at = pass_long_run(w, w->at);
}

/* ---- */

struct edm_walk *edm_walk_new(const struct edm_index *index,
    const struct edm_detector *detectors, size_t count, size_t index_number,
    struct str text, edm_match_fn *on_match, void *owner)
{
    struct edm_walk *w = MEM_NEW(struct edm_walk);
    w->text = text;
    w->index = index;
    for (size_t n = 0; n <= EDM_VALUE_MAX; n++)
        if (edm_is_number_length(index, n))
            w->number_max = n;
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
