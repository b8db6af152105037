/*
 * Dictionaries: words and phrases, a hundred thousand and more.  The first
 * bytes of every word of the text say whether a term may begin so, and most do
 * not; of the others the whole is hashed.  The same look notes which words
 * there are that views are made of (scan_views.c).
 */
#include <string.h>

#include "base/mem.h"
#include "inspect/scan_job.h"

static bool is_byte_equal(char a, char b, bool is_exact)
{
    if (a == b)
        return true;
    unsigned char low = (unsigned char)(a | 0x20);
    return !is_exact && (a ^ b) == 0x20 && low >= 'a' && low <= 'z';
}

/* The end of the term at `at`, 0: another text.  A blank of the term is any
 * blanks of the text. */
static size_t match_term(struct str text, size_t at, const struct term_entry *e)
{
    for (size_t i = 0; i < e->text.n; i++) {
        size_t start = at;
        if (e->text.p[i] == ' ') {
            while (at < text.n && memchr(" \t\r\n", text.p[at], 4) != NULL &&
                   at - start < 80)
                at++;
            if (at == start)
                return 0;
            continue;
        }
        if (at == text.n ||
            !is_byte_equal(e->text.p[i], text.p[at], e->pattern->is_exact))
            return 0;
        at++;
    }
    bool goes_on = at < text.n && is_term_byte((unsigned char)text.p[at]) &&
                   is_term_byte((unsigned char)text.p[at - 1]);
    return goes_on ? 0 : at;
}

static void try_terms(struct scan_job *job, size_t start, uint32_t hash)
{
    const struct rules *rules = job->scanner->rules;
    size_t low = 0, high = rules->term_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (rules->terms[middle].hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < rules->term_count && rules->terms[low].hash == hash; low++) {
        const struct term_entry *e = &rules->terms[low];
        size_t end = match_term(job->text, start, e);
        if (end == 0)
            continue;
        struct candidate c = {.rule = e->rule,
            .pattern = e->pattern,
            .start = start,
            .end = end,
            .value = str_sub(job->text, start, end)};
        (void)judge(job, &c);
    }
}

static bool may_begin(const struct rules *rules, uint32_t hash)
{
    uint32_t bit = hash & rules->term_mask;
    return (rules->term_bits[bit / 64] >> bit % 64 & 1) != 0;
}

/* By itself, and with the word before it, whose hash is there if it may
 * begin a term. */
static void try_word(
    struct scan_job *job, struct term_word *w, const struct term_word *last)
{
    const struct rules *rules = job->scanner->rules;
    uint32_t with_last = term_hash(last->hash, ' ');
    w->hash = TERM_HASH_START;
    for (size_t at = w->start; at < w->end; at++) {
        w->hash = term_hash(w->hash, (unsigned char)job->text.p[at]);
        with_last = term_hash(with_last, (unsigned char)job->text.p[at]);
    }
    if (w->is_known && may_begin(rules, w->hash))
        try_terms(job, w->start, w->hash);
    if (last->is_known && may_begin(rules, with_last))
        try_terms(job, last->start, with_last);
}

static uint64_t term_bits(const struct mark_block *b)
{
    return b->kinds[MARK_WORD] | b->kinds[MARK_HIGH];
}

/* How the word at `at` begins; rest: its bits and what follows them. */
static uint32_t read_head(struct str text, size_t at, uint64_t rest)
{
    uint32_t head;
    if (at + sizeof head > text.n)
        return word_head(text.p + at, text.n - at);
    memcpy(&head, text.p + at, sizeof head);
    head |= 0x20202020;
    unsigned n = (unsigned)__builtin_ctzll(~rest | 16); /* 1 to 4 */
    return head & ~(uint32_t)0 >> (32 - 8 * n);
}

/* A word that may be, or follow, the first one of a term. */
static void walk_word(struct scan_job *job, size_t start, bool is_known)
{
    struct str text = job->text;
    struct term_word word = {
        .start = start, .end = start, .is_known = is_known};
    while (word.end < text.n && is_term_byte((unsigned char)text.p[word.end]))
        word.end++;
    try_word(job, &word, &job->last_word);
    job->last_word = word;
}

/* In a slot that words of several tags share: what views are made of is told
 * exactly. */
static unsigned find_view_word(const struct rules *rules, uint32_t head)
{
    size_t low = 0, high = rules->view_word_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (rules->view_words[middle].head < head)
            low = middle + 1;
        else
            high = middle;
    }
    return low < rules->view_word_count && rules->view_words[low].head == head
               ? rules->view_words[low].what
               : 0;
}

/* HEAD_… of a word. */
static inline unsigned head_find(const struct rules *rules, uint32_t head)
{
    unsigned entry = rules->heads[head_slot(head)];
    if ((entry & HEAD_MIXED) != 0)
        return (entry & HEAD_TERM) | find_view_word(rules, head);
    return (entry & HEAD_TAG) == head_tag(head) ? entry & 0xff : 0;
}

/* Digits with no letter behind: half of the words of arithmetic begin so, and
 * hardly any that somebody looks for. */
static inline uint64_t numbers_of(const struct mark_block *b)
{
    uint64_t digits = b->kinds[MARK_DIGIT];
    uint64_t letters = term_bits(b) & ~digits;
    uint64_t next = term_bits(b + 1) & ~b[1].kinds[MARK_DIGIT];
    return digits & ~(letters >> 1 | next << (MARK_BLOCK - 1));
}

/* Of the words that begin in `starts`, in a block behind which the text goes
 * on, those whose head may be somebody's: few are. */
static uint64_t find_heads(const struct rules *rules, struct str text,
    size_t block, uint64_t starts, const struct mark_block *b)
{
    static const uint32_t keeps[] = {0, 0xff, 0xffff, 0xffffff, 0xffffffff};
    uint64_t bits = term_bits(b), next = term_bits(b + 1), found = 0;
    uint64_t upper = b->kinds[MARK_UPPER];
    if (!rules->has_number_heads)
        starts &= ~numbers_of(b);
    for (; starts != 0; starts &= starts - 1) {
        unsigned i = (unsigned)__builtin_ctzll(starts);
        uint64_t rest = bits >> i | next << 1 << (63 - i);
        uint32_t head;
        memcpy(&head, text.p + block + i, sizeof head);
        head = (head | 0x20202020) & keeps[__builtin_ctzll(~rest | 16)];
        unsigned entry = rules->heads[head_slot(head)];
        /* no branch: what a word is cannot be foretold */
        uint64_t is_one =
            (unsigned)(((entry ^ head_tag(head)) & HEAD_TAG) == 0) |
            (unsigned)((entry & HEAD_MIXED) != 0);
        is_one &= upper >> i | (unsigned)((entry & HEAD_CAPITAL) == 0);
        found |= (is_one & 1) << i;
    }
    return found;
}

static uint64_t first_bit(uint64_t bits)
{
    return bits & -bits;
}

/* Words that views are made of are few, and a long text need not be looked
 * through for them but where they are. */
static void note_slice(struct scan_job *job, unsigned what, size_t at)
{
    size_t slice = at / SCAN_VIEW_SLICE;
    if (slice >= job->slice_head_cap) {
        job->slice_head_cap = 2 * slice + 2;
        job->slice_heads = mem_realloc(
            job->slice_heads, job->slice_head_cap * sizeof *job->slice_heads);
    }
    while (job->slice_head_count <= slice)
        job->slice_heads[job->slice_head_count++] = 0;
    job->slice_heads[slice] |= what;
}

/* Number words in a row are what views may be made of; single digits between
 * them are passed over, `next` is the first other word behind this one. */
static void note_word(
    struct scan_job *job, unsigned what, size_t at, size_t next, bool is_long)
{
    enum { WORDS_MIN = 3 };
    if ((what & HEAD_NUMBER) != 0) {
        job->long_in_row =
            (at == job->number_next ? job->long_in_row : 0) + is_long;
        job->number_next = next;
        if (job->long_in_row < WORDS_MIN)
            what &= ~(unsigned)HEAD_NUMBER;
    }
    job->heads |= what;
    if ((what & ~(unsigned)HEAD_TERM) != 0 && job->layer == NULL &&
        !job->is_second)
        note_slice(job, what, at);
}

/* Words that begin in `starts`, but for single digits. */
static uint64_t drop_digits(const struct mark_block *b, uint64_t starts)
{
    uint64_t others = ~(term_bits(b) >> 1 | term_bits(b + 1) << 63);
    return starts & ~(b->kinds[MARK_DIGIT] & others);
}

/* Words of a block begin in `starts`; in `wanted` those that may be what
 * somebody looks for. */
static void walk_block(
    struct scan_job *job, size_t block, uint64_t starts, uint64_t wanted)
{
    const struct rules *rules = job->scanner->rules;
    const struct mark_block *b = marks_block(&job->marks, block);
    uint64_t bits = term_bits(b), next = term_bits(b + 1);
    uint64_t words = drop_digits(b, starts);
    if (job->number_next == SIZE_MAX && words != 0)
        job->number_next = block + (size_t)__builtin_ctzll(words);
    if (job->last_word.is_known)
        wanted |= first_bit(starts);
    while (wanted != 0) {
        unsigned i = (unsigned)__builtin_ctzll(wanted);
        uint64_t rest = bits >> i | next << 1 << (63 - i);
        uint32_t head = read_head(job->text, block + i, rest);
        wanted &= wanted - 1;
        if (rules->heads[head_slot(head)] == 0 && !job->last_word.is_known)
            continue;
        unsigned what = head_find(rules, head);
        if (what == 0 && !job->last_word.is_known)
            continue;
        uint64_t behind = starts & ~UINT64_C(1) << i;
        uint64_t after = words & behind;
        note_word(job, what, block + i,
            after != 0 ? block + (size_t)__builtin_ctzll(after) : SIZE_MAX,
            (rest & 2) != 0);
        if ((what & HEAD_TERM) != 0 || job->last_word.is_known)
            walk_word(job, block + i, (what & HEAD_TERM) != 0);
        if (job->last_word.is_known)
            wanted |= first_bit(behind);
    }
}

void walk_terms(struct scan_job *job, size_t limit)
{
    size_t at = job->terms_done;
    limit = limit < job->text.n ? limit : job->text.n;
    bool is_inside = at > 0 && is_term_byte((unsigned char)job->text.p[at - 1]);
    while (at < limit) {
        size_t block = at - at % MARK_BLOCK;
        uint64_t bits = term_bits(marks_block(&job->marks, block));
        uint64_t starts = bits & ~(bits << 1);
        starts &= ~UINT64_C(0) << at % MARK_BLOCK;
        if (is_inside)
            starts &= ~(UINT64_C(1) << at % MARK_BLOCK);
        if (limit - block < MARK_BLOCK)
            starts &= ~(~UINT64_C(0) << (limit - block));
        uint64_t wanted = starts;
        if (block + MARK_BLOCK + sizeof(uint32_t) <= job->text.n)
            wanted = find_heads(job->scanner->rules, job->text, block, starts,
                marks_block(&job->marks, block));
        walk_block(job, block, starts, wanted);
        is_inside = bits >> 63 != 0;
        at = block + MARK_BLOCK;
    }
    job->terms_done = limit > job->terms_done ? limit : job->terms_done;
}
