/*
 * Keys that have no prefix, only a name near by ("asana token = 0/d6f1…"):
 * every long run of token characters is a candidate, and the words in front
 * of it say which patterns to try.  Prose has hardly any such runs, and a run
 * without a word costs nothing more.
 */
#include <ctype.h>
#include <string.h>

#include "inspect/scan_job.h"

enum {
    TOKEN_MIN = 12,
    TOKEN_LETTERS_MIN = 20, /* without a digit */
    WORDS_MAX_NEAR = 16,
    STARTS_MAX = 6,
    LEAD_MAX = 40,  /* a name in front of a token */
    PARTS_MAX = 24, /* parts of a token in front of its longest */
};

/* A start in a run, and so many bytes up to a blank, or enough. */
struct token_start {
    size_t at, bytes;
    bool is_old;     /* a view left it as it was */
    uint64_t *forms; /* a bit for each pattern that may begin so */
    struct char_bits bits;
};

/* Which patterns may match at that start, by its first byte, its first word
 * and its length.  Their places are compared only of those that are asked for
 * (keep_forms): most starts have no word near by. */
static bool find_forms(struct scan_job *job, struct token_start *start)
{
    const struct rules *rules = job->scanner->rules;
    start->bits = marks_char_bits(&job->marks, start->at);
    uint64_t others = ~start->bits.word;
    size_t lead = others == 0 ? MARK_BLOCK : (size_t)__builtin_ctzll(others);
    unsigned char first = (unsigned char)job->text.p[start->at];
    size_t length = start->bytes < RULE_LEADS ? start->bytes : RULE_LEADS - 1;
    size_t words = rules->token_form_words;
    uint64_t any = 0;
    for (size_t i = 0; i < words; i++) {
        uint64_t found = rules->token_leads[lead * words + i] &
                         rules->token_firsts[first * words + i] &
                         rules->token_lengths[length * words + i];
        if (job->is_turned)
            found &= rules->token_turned[i];
        if (start->is_old)
            found &= rules->token_open[i];
        start->forms[i] = found;
        any |= found;
    }
    return any != 0;
}

/* Of forms[i], those of `asked` that may stand there; the others of them are
 * dropped. */
static inline uint64_t keep_forms(const struct rules *rules,
    const struct token_start *start, size_t i, uint64_t asked)
{
    uint64_t kept = start->forms[i] & asked;
    for (uint64_t left = kept; left != 0; left &= left - 1) {
        size_t form = i * 64 + (size_t)__builtin_ctzll(left);
        if (!may_have_form(&start->bits, &rules->token_chars[form]))
            kept &= ~(left & -left);
    }
    start->forms[i] &= ~asked | kept;
    return kept;
}

/* word_end: where the word that brought us here ends. */
static void try_token(struct scan_job *job, const struct token_entry *e,
    size_t word_end, const struct token_start *start)
{
    struct regex_match m;
    size_t at = start->at;
    if (e->pattern->gap != NULL && word_end < at &&
        !regex_match(e->pattern->gap, job->scanner->regex_scratch,
            str_sub(job->text, 0, at), word_end, word_end, true, &m))
        return;
    /* Another word would change nothing of what follows. */
    start->forms[e->form / 64] &= ~(UINT64_C(1) << e->form % 64);
    if (!regex_match(e->pattern->regex, job->scanner->regex_scratch,
            str_sub(job->text, 0, at + RULE_TOKEN_MAX), at, at, true, &m))
        return;
    struct candidate c = {.rule = e->rule,
        .pattern = e->pattern,
        .start = m.value_start,
        .end = m.value_end,
        .value = str_sub(job->text, m.value_start, m.value_end)};
    (void)judge(job, &c);
}

static inline bool has_form(
    const struct token_start *start, const struct token_entry *e)
{
    return (start->forms[e->form / 64] >> e->form % 64 & 1) != 0;
}

/* Whether a pattern that the word asks for may begin so. */
static bool is_asked_for(
    const struct rules *rules, size_t word, const struct token_start *start)
{
    size_t words = rules->token_form_words;
    uint64_t wanted = 0;
    for (size_t i = 0; i < words; i++)
        wanted |=
            keep_forms(rules, start, i, rules->token_words[word * words + i]);
    return wanted != 0;
}

static void try_word(struct scan_job *job, const struct event *word,
    const struct token_start *start)
{
    const struct rules *rules = job->scanner->rules;
    size_t index = rules->anchors[word->id].word;
    if (!is_asked_for(rules, index, start))
        return;
    for (size_t i = rules->token_start[index];
         i < rules->token_start[index + 1]; i++)
        if (has_form(start, &rules->tokens[i]) &&
            word->end + rules->tokens[i].rule->keywords.within >= start->at)
            try_token(job, &rules->tokens[i], word->end, start);
}

/* Those that need no word; false: nor is any left that one could ask for. */
static bool try_unnamed(struct scan_job *job, const struct token_start *start)
{
    const struct rules *rules = job->scanner->rules;
    size_t words = rules->token_form_words;
    const uint64_t *unnamed = rules->token_words + rules->word_count * words;
    uint64_t left = 0;
    for (size_t i = 0; i < words; i++) {
        uint64_t forms = keep_forms(rules, start, i, unnamed[i]);
        for (; forms != 0; forms &= forms - 1) {
            size_t form = i * 64 + (size_t)__builtin_ctzll(forms);
            try_token(job, &rules->tokens[rules->token_forms[form].entry],
                start->at, start);
        }
        left |= start->forms[i];
    }
    return left != 0;
}

/* Nearest words first: of what they name, the nearest is meant. */
static void try_words(
    struct scan_job *job, size_t at, size_t blank, bool is_old)
{
    const struct rules *rules = job->scanner->rules;
    struct token_start start = {.at = at,
        .bytes = blank - at,
        .is_old = is_old,
        .forms = job->scanner->token_forms};
    if (rules->token_bytes[(unsigned char)job->text.p[at]] > start.bytes ||
        !find_forms(job, &start) || !try_unnamed(job, &start))
        return;
    size_t from = at > rules->token_within ? at - rules->token_within : 0;
    size_t seen = 0, to = at;
    if (!words_want(job, WORDS_OF_TOKENS, from, at))
        return;
    scan_views_clamp(job, at, &from, &to);
    for (size_t chunk = at / WORD_CHUNK + 1; chunk-- > first_chunk(from);) {
        size_t count = 0;
        (void)words_in(job, WORDS_OF_TOKENS, chunk, &count);
        for (; count > 0 && seen < WORDS_MAX_NEAR; count--) {
            /* A validator may have asked for others: they may have moved. */
            size_t all = 0;
            struct event word =
                words_in(job, WORDS_OF_TOKENS, chunk, &all)[count - 1];
            if (word.end > at || word.end < from)
                continue;
            try_word(job, &word, &start);
            seen++;
        }
    }
}

/* Where a token with full stops begins ("sl.B1f…"), of which the run is the
 * last part. */
static size_t start_of_parts(struct str text, size_t start)
{
    size_t at = start;
    while (at > 0 && start - at < PARTS_MAX &&
           (isalnum((unsigned char)text.p[at - 1]) || text.p[at - 1] == '.' ||
               memchr("_-+/", text.p[at - 1], 4) != NULL))
        at--;
    return at;
}

/* A run too long for a look is as good as endless.  Bytes of no ink that are
 * no blanks are rare. */
static size_t next_blank(const struct scan_job *job, size_t at)
{
    struct str text = job->text;
    size_t most = at + RULE_TOKEN_MAX;
    size_t stop = most < text.n ? most : text.n;
    while (at < stop) {
        uint64_t blanks = ~UINT64_C(0);
        if (at < job->marks.to)
            blanks = ~marks_window(&job->marks, MARK_INK, at);
        if (blanks == 0) {
            at += MARK_BLOCK;
            continue;
        }
        at += (size_t)__builtin_ctzll(blanks);
        if (at >= stop || isspace((unsigned char)text.p[at]))
            break;
        at++;
    }
    return at < stop ? at : stop < text.n ? SIZE_MAX : text.n;
}

static bool is_worth_it(const struct scan_job *job, size_t start, size_t end)
{
    if (end - start >= TOKEN_LETTERS_MIN)
        return true;
    for (size_t i = start; i < end; i++)
        if (isdigit((unsigned char)job->text.p[i]))
            return true;
    return false;
}

/* A run may have a name in front: "secret-key-…", "io/v3/…"; so it is also
 * tried behind the first few separators and behind the last slash. */
static void try_parts(
    struct scan_job *job, size_t start, size_t end, size_t blank, bool is_old)
{
    struct str text = job->text;
    uint64_t gaps = marks_window(&job->marks, MARK_TOKEN, start) &
                    ~marks_window(&job->marks, MARK_WORD, start) &
                    ~(~UINT64_C(0) << LEAD_MAX);
    size_t last = end - TOKEN_MIN; /* a part begins there or before */
    for (size_t starts = 0; gaps != 0 && starts < STARTS_MAX;
         gaps &= gaps - 1) {
        size_t at = start + (size_t)__builtin_ctzll(gaps) + 1;
        if (at > last)
            return;
        if (text.p[at - 1] == '+')
            continue;
        try_words(job, at, blank, is_old);
        starts++;
    }
    size_t from = start + LEAD_MAX;
    const char *slash =
        last > from ? memrchr(text.p + from, '/', last - from) : NULL;
    if (slash != NULL)
        try_words(job, (size_t)(slash - text.p) + 1, blank, is_old);
}

static void try_run(struct scan_job *job, size_t start, size_t end)
{
    if (!is_worth_it(job, start, end))
        return;
    size_t blank = next_blank(job, end);
    bool is_old =
        !scan_views_changed(job, start > PARTS_MAX ? start - PARTS_MAX : 0,
            blank < job->text.n ? blank : job->text.n);
    try_words(job, start, blank, is_old);
    if (start > 0 && job->text.p[start - 1] == '.')
        try_words(job, start_of_parts(job->text, start), blank, is_old);
    if (end - start == UUID_BYTES && marks_is_uuid(job->text, start))
        return; /* no part of one is anything */
    try_parts(job, start, end, blank, is_old);
}

void walk_tokens(struct scan_job *job, size_t limit)
{
    struct str text = job->text;
    size_t at = job->tokens_done;
    limit = limit < text.n ? limit : text.n;
    while ((at = marks_next_token(
                &job->marks, MARK_TOKEN, at, limit, TOKEN_MIN)) < limit) {
        size_t end = marks_end(&job->marks, MARK_TOKEN, at + TOKEN_MIN);
        try_run(job, at, end);
        at = end;
    }
    if (at > job->tokens_done)
        job->tokens_done = at;
}
