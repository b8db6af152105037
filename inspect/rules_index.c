/*
 * What to try where, once the rules are read: shapes by the lengths of their
 * first words, token patterns by the words that must stand near them, numbers
 * by the length of their first group.  The scanner then does not go through
 * all rules at every number and token.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "inspect/join.h"
#include "inspect/rules_parts.h"
#include "inspect/turn.h"

static size_t first_length(const char *shape)
{
    size_t n = 0;
    while (isalnum((unsigned char)shape[n]))
        n++;
    return n;
}

/* A letter or a digit may stand there. */
static bool may_be(char c, bool is_letter)
{
    if (c == 'X' || c == 'x')
        return true;
    return isdigit((unsigned char)c) ? !is_letter : is_letter;
}

static bool may_begin_with(char c, enum shape_first first)
{
    if (c == 'X')
        return first != SHAPE_LOWER;
    if (c == 'a' || c == 'x')
        return c == 'x' || first != SHAPE_NUMBER;
    if (isdigit((unsigned char)c))
        return first == SHAPE_NUMBER;
    return first == (islower((unsigned char)c) ? SHAPE_LOWER : SHAPE_UPPER);
}

/* Whether a text of that form may have the shape. */
static bool is_of_form(
    const struct pattern *p, const char *shape, const struct shape_form *f)
{
    const char *rest = shape + first_length(shape);
    if (first_length(shape) != f->width || !may_begin_with(shape[0], f->first))
        return false;
    if (*rest == '\0')
        return f->next == SHAPE_ENDS;
    if (!is_shape_gap(*rest) || !isalnum((unsigned char)rest[1]))
        return f->next == SHAPE_OTHER;
    if ((f->next != SHAPE_DIGIT && f->next != SHAPE_LETTER) ||
        !may_be(rest[1], f->next == SHAPE_LETTER))
        return false;
    size_t second = first_length(rest + 1);
    const char *tail = rest + 1 + second;
    bool is_open = *tail == '\0' && p->regex != NULL;
    second = second < SHAPE_SECOND_MAX ? second : SHAPE_SECOND_MAX;
    bool has_third = is_shape_gap(*tail) && isalnum((unsigned char)tail[1]);
    return (is_open ? f->second >= second : f->second == second) &&
           (f->has_third || !has_third);
}

typedef void shape_fn(struct rules *rules, const struct rule *rule,
    const struct pattern *p, const char *shape, unsigned class);

/* All classes of one shape. */
static void each_class(struct rules *rules, const struct rule *rule,
    const struct pattern *p, const char *shape, shape_fn *fn)
{
    struct shape_form f = {.width = first_length(shape)};
    for (int each = 0; each < SHAPE_FIRSTS * SHAPE_NEXTS; each++) {
        f.first = (enum shape_first)(each / SHAPE_NEXTS);
        f.next = (enum shape_next)(each % SHAPE_NEXTS);
        size_t most = f.next == SHAPE_DIGIT || f.next == SHAPE_LETTER
                          ? SHAPE_SECOND_MAX
                          : 0;
        for (f.second = most > 0; f.second <= most; f.second++)
            for (int third = 0; third < 1 + (most > 0); third++) {
                f.has_third = third != 0;
                if (is_of_form(p, shape, &f))
                    fn(rules, rule, p, shape, shape_class(&f));
            }
    }
}

static void each_shape(struct rules *rules, shape_fn *fn)
{
    for (size_t i = 0; i < rules->count; i++) {
        const struct rule *rule = &rules->items[i];
        for (size_t j = 0; j < rule->pattern_count; j++)
            for (size_t k = 0; k < rule->patterns[j].shape_count; k++)
                each_class(rules, rule, &rule->patterns[j],
                    rule->patterns[j].shapes[k], fn);
    }
}

static void count_shape(struct rules *rules, const struct rule *rule,
    const struct pattern *p, const char *shape, unsigned class)
{
    (void)rule;
    (void)p;
    (void)shape;
    rules->shape_start[class + 1]++;
}

/* What may stand where, of letters, digits and others. */
static struct char_form form_of(const char *shape)
{
    struct char_form f = {0};
    for (size_t i = 0; i < 64 && shape[i] != '\0'; i++) {
        uint64_t bit = UINT64_C(1) << i;
        char c = shape[i];
        bool is_lower = islower((unsigned char)c) && c != 'a' && c != 'x';
        if (!isalnum((unsigned char)c)) {
            f.other |= bit;
            continue;
        }
        f.word |= bit;
        f.no_upper |= isdigit((unsigned char)c) || is_lower ? bit : 0;
        f.no_lower |=
            isdigit((unsigned char)c) || isupper((unsigned char)c) ? bit : 0;
        f.no_digit |=
            isalpha((unsigned char)c) && c != 'X' && c != 'x' ? bit : 0;
    }
    return f;
}

/* Of a shape of classes only: what is of its form has it. */
static size_t whole_length(const char *shape)
{
    size_t n = strspn(shape, "9AaXx");
    return n <= MARK_BLOCK && shape[n] == '\0' ? n : 0;
}

/* A value of the pattern may be nothing without a word near by, nor alone in
 * its text; in a doubtful view only secrets are. */
static struct number_needs needs_of(
    const struct rule *rule, const struct pattern *p)
{
    enum level base = p->has_base ? p->base : rule->base;
    bool is_needed = base == LEVEL_NONE && rule->with_validator == LEVEL_NONE;
    bool is_secret = str_is(rule->group, "secret");
    return (struct number_needs){
        {p->regex == NULL && is_needed,
            p->regex == NULL && (is_needed || !is_secret)},
        rule->keywords.kinds | WORDS_OR_ALONE};
}

static void join_needs(struct number_needs *all, const struct number_needs *one)
{
    all->is_word_needed[false] &= one->is_word_needed[false];
    all->is_word_needed[true] &= one->is_word_needed[true];
    all->kinds |= one->kinds;
}

static void note_width(struct rules *rules, unsigned class)
{
    unsigned first = class / SHAPE_TAILS; /* shape_class, the other way */
    rules->shape_widths[first / SHAPE_NEXTS % SHAPE_FIRSTS]
                       [first % SHAPE_NEXTS] |=
        UINT64_C(1) << first / SHAPE_NEXTS / SHAPE_FIRSTS;
}

/* Moves the start of the class, to be moved back. */
static void add_shape(struct rules *rules, const struct rule *rule,
    const struct pattern *p, const char *shape, unsigned class)
{
    rules->shape_bits[class / 64] |= UINT64_C(1) << class % 64;
    note_width(rules, class);
    struct number_needs needs = needs_of(rule, p);
    size_t longest = p->regex != NULL ? RULE_TOKEN_MAX : strlen(shape);
    rules->shapes[rules->shape_start[class]++] = (struct shape_entry){rule, p,
        shape, form_of(shape), whole_length(shape), strchr(shape, ' ') != NULL,
        longest, needs, needs, longest};
}

static void index_shapes(struct rules *rules)
{
    rules->shape_start =
        mem_calloc(SHAPE_CLASSES + 1, sizeof *rules->shape_start);
    each_shape(rules, count_shape);
    for (size_t i = 0; i < SHAPE_CLASSES; i++)
        rules->shape_start[i + 1] += rules->shape_start[i];
    rules->shapes = mem_calloc(
        rules->shape_start[SHAPE_CLASSES] + 1u, sizeof *rules->shapes);
    each_shape(rules, add_shape);
    memmove(rules->shape_start + 1, rules->shape_start,
        SHAPE_CLASSES * sizeof *rules->shape_start);
    rules->shape_start[0] = 0;
    for (size_t class = 0; class < SHAPE_CLASSES; class ++)
        for (size_t i = rules->shape_start[class];
             i < rules->shape_start[class + 1]; i++) {
            struct shape_entry *all = &rules->shapes[rules->shape_start[class]];
            join_needs(&all->all, &rules->shapes[i].needs);
            if (all->longest_of_all < rules->shapes[i].longest)
                all->longest_of_all = rules->shapes[i].longest;
        }
}

static bool has_bit(const struct word_set *set, size_t word)
{
    return set->bits != NULL && (set->bits[word / 64] >> word % 64 & 1) != 0;
}

/* Of a word, or those that need none (word_count). */
static bool is_token_of(
    const struct rules *rules, const struct rule *rule, size_t word)
{
    if (word == rules->word_count)
        return rule->keywords.bits == NULL;
    return has_bit(&rule->keywords, word);
}

/* The pattern's, made when it is met first. */
static unsigned token_form_of(
    struct rules *rules, const struct pattern *pattern)
{
    size_t n = rules->token_form_count;
    for (size_t i = 0; i < n; i++)
        if (rules->token_forms[i].pattern == pattern)
            return (unsigned)i;
    if ((n & (n - 1)) == 0)
        rules->token_forms = mem_realloc(rules->token_forms,
            (n == 0 ? 1 : 2 * n) * sizeof *rules->token_forms);
    struct token_form *f = &rules->token_forms[rules->token_form_count++];
    *f = (struct token_form){.pattern = pattern};
    regex_needs(pattern->regex, &f->needs);
    if (pattern->may_have_blank)
        f->needs.bytes = 0;
    for (size_t c = 0; c < 256; c++)
        if ((f->needs.first[c / 8] >> c % 8 & 1) != 0 &&
            f->needs.bytes < rules->token_bytes[c])
            rules->token_bytes[c] = f->needs.bytes;
    return (unsigned)n;
}

static void add_token(struct rules *rules, const struct rule *rule,
    const struct pattern *pattern, size_t *cap)
{
    if (rules->token_count == *cap) {
        *cap = *cap == 0 ? 256 : *cap * 2;
        rules->tokens =
            mem_realloc(rules->tokens, *cap * sizeof *rules->tokens);
    }
    unsigned form = token_form_of(rules, pattern);
    rules->tokens[rules->token_count++] =
        (struct token_entry){rule, pattern, form};
    rules->token_forms[form].entry = rules->token_count - 1;
    if (rule->keywords.within > rules->token_within)
        rules->token_within = rule->keywords.within;
}

/* So many letters and digits in a row, then something else. */
static bool may_lead(const struct char_form *f, size_t lead)
{
    size_t n = ~f->word == 0 ? 64 : (size_t)__builtin_ctzll(~f->word);
    return n < 64 && (f->other >> n & 1) != 0 ? lead == n : lead >= n;
}

/* Form i in row n of such a table. */
static void set_form(
    const struct rules *rules, uint64_t *table, size_t n, size_t i)
{
    table[n * rules->token_form_words + i / 64] |= UINT64_C(1) << i % 64;
}

static void index_forms(struct rules *rules)
{
    size_t words = rules->token_form_count / 64 + 1;
    rules->token_form_words = words;
    rules->token_leads = mem_calloc(RULE_LEADS * words, sizeof(uint64_t));
    rules->token_firsts = mem_calloc(256 * words, sizeof(uint64_t));
    rules->token_words =
        mem_calloc((rules->word_count + 1) * words, sizeof(uint64_t));
    rules->token_open = mem_calloc(words, sizeof(uint64_t));
    rules->token_lengths = mem_calloc(RULE_LEADS * words, sizeof(uint64_t));
    rules->token_chars =
        mem_calloc(rules->token_form_count + 1, sizeof *rules->token_chars);
    for (size_t i = 0; i < rules->token_form_count; i++) {
        const struct token_form *f = &rules->token_forms[i];
        rules->token_chars[i] = f->pattern->form;
        for (size_t lead = 0; lead < RULE_LEADS; lead++) {
            if (may_lead(&f->pattern->form, lead))
                set_form(rules, rules->token_leads, lead, i);
            if (lead == RULE_LEADS - 1 || f->needs.bytes <= lead)
                set_form(rules, rules->token_lengths, lead, i);
        }
        for (size_t c = 0; c < 256; c++)
            if ((f->needs.first[c / 8] >> c % 8 & 1) != 0)
                set_form(rules, rules->token_firsts, c, i);
        if (f->pattern->may_have_blank)
            set_form(rules, rules->token_open, 0, i);
    }
    for (size_t word = 0; word <= rules->word_count; word++) {
        size_t last = word < rules->word_count ? rules->token_start[word + 1]
                                               : rules->token_count;
        for (size_t i = rules->token_start[word]; i < last; i++)
            set_form(rules, rules->token_words, word, rules->tokens[i].form);
    }
    rules->token_turned = mem_calloc(words, sizeof(uint64_t));
    for (size_t i = 0; i < rules->token_count; i++)
        if (rules->tokens[i].rule->serves_turned)
            set_form(rules, rules->token_turned, 0, rules->tokens[i].form);
}

static void add_tokens(struct rules *rules, size_t word, size_t *cap)
{
    for (size_t i = 0; i < rules->count; i++) {
        const struct rule *rule = &rules->items[i];
        for (size_t j = 0; j < rule->pattern_count; j++)
            if (rule->patterns[j].is_token && is_token_of(rules, rule, word))
                add_token(rules, rule, &rule->patterns[j], cap);
    }
}

static bool may_begin(const struct pattern *p, size_t length)
{
    bool is_longest = length == NUMBER_LENGTHS - 1;
    if (!p->is_digits)
        return false;
    if (p->max_digits >= length && (is_longest || p->min_digits <= length))
        return true;
    for (size_t i = 0; i < p->group_count; i++)
        if (number_length(p->groups[i].sizes[0]) == length)
            return true;
    return false;
}

/* What of the pattern may begin with a group of that length. */
static void note_number(
    struct rules *rules, size_t length, const struct number_entry *e)
{
    const struct pattern *p = e->pattern;
    size_t *longest = &rules->number_longest[length];
    size_t *groups = &rules->number_groups[length];
    join_needs(&rules->number_needs[length], &e->needs);
    *longest = p->max_digits > *longest ? p->max_digits : *longest;
    for (size_t i = 0; i < p->group_count; i++) {
        const struct grouping *g = &p->groups[i];
        size_t bytes = g->count;
        for (size_t j = 0; j < g->count; j++)
            bytes += g->sizes[j];
        *longest = bytes > *longest ? bytes : *longest;
        if (number_length(g->sizes[0]) == length && 2u * g->count > *groups)
            *groups = 2u * g->count;
    }
    if (*groups > RULE_GROUPS_MAX + 1)
        *groups = RULE_GROUPS_MAX + 1;
}

static void index_numbers(struct rules *rules)
{
    size_t count = 0, cap = 0;
    for (size_t length = 0; length < NUMBER_LENGTHS; length++) {
        rules->number_start[length] = count;
        rules->number_needs[length] = (struct number_needs){{true, true}, 0};
        rules->number_groups[length] = 2;
        for (size_t i = 0; i < rules->count; i++) {
            const struct rule *rule = &rules->items[i];
            for (size_t j = 0; j < rule->pattern_count; j++) {
                if (!may_begin(&rule->patterns[j], length))
                    continue;
                if (count == cap) {
                    cap = cap == 0 ? 256 : cap * 2;
                    rules->numbers = mem_realloc(
                        rules->numbers, cap * sizeof *rules->numbers);
                }
                rules->numbers[count++] = (struct number_entry){rule,
                    &rule->patterns[j], needs_of(rule, &rule->patterns[j])};
                note_number(rules, length, &rules->numbers[count - 1]);
            }
        }
    }
    rules->number_start[NUMBER_LENGTHS] = count;
}

static int compare_terms(const void *a, const void *b)
{
    const struct term_entry *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return x->text.p < y->text.p ? -1 : x->text.p > y->text.p;
}

/* Of the first word, and of the second if only a blank is between: many
 * terms begin with the same one ("project …"). */
static uint32_t first_hash(struct str term)
{
    uint32_t hash = TERM_HASH_START;
    size_t i = 0;
    for (; i < term.n && is_term_byte((unsigned char)term.p[i]); i++)
        hash = term_hash(hash, (unsigned char)term.p[i]);
    if (i + 1 >= term.n || term.p[i] != ' ' ||
        !is_term_byte((unsigned char)term.p[i + 1]))
        return hash;
    hash = term_hash(hash, ' ');
    for (i++; i < term.n && is_term_byte((unsigned char)term.p[i]); i++)
        hash = term_hash(hash, (unsigned char)term.p[i]);
    return hash;
}

static bool is_number_head(const char *word, size_t n)
{
    return isdigit((unsigned char)word[0]) &&
           (n == 1 || isdigit((unsigned char)word[1]));
}

static void add_head(struct rules *rules, struct str word, unsigned what)
{
    size_t n = 0;
    while (n < word.n && is_term_byte((unsigned char)word.p[n]))
        n++;
    uint32_t head = word_head(word.p, n);
    uint16_t *entry = &rules->heads[head_slot(head)];
    if (n > 0 && is_number_head(word.p, n))
        rules->has_number_heads = true;
    if (*entry != 0 && (*entry & HEAD_TAG) != head_tag(head))
        what |= HEAD_MIXED;
    if (*entry == 0)
        what |= head_tag(head);
    else
        what &= *entry | ~(unsigned)HEAD_CAPITAL;
    if ((what & HEAD_CAPITAL) == 0)
        *entry &= (uint16_t)~HEAD_CAPITAL;
    *entry = (uint16_t)(*entry | what);
}

/* Of a word that the finders of views look for (turn.c, join.c). */
static void add_view_word(struct rules *rules, struct str word, unsigned what)
{
    size_t n = 0;
    while (n < word.n && is_term_byte((unsigned char)word.p[n]))
        n++;
    rules->view_words[rules->view_word_count++] =
        (struct view_word){word_head(word.p, n), what};
    add_head(rules, word, what);
}

static int compare_view_words(const void *a, const void *b)
{
    const struct view_word *x = a, *y = b;
    return x->head < y->head ? -1 : x->head > y->head;
}

static void sort_view_words(struct rules *rules)
{
    struct view_word *words = rules->view_words;
    size_t kept = 0;
    qsort(words, rules->view_word_count, sizeof *words, compare_view_words);
    for (size_t i = 0; i < rules->view_word_count; i++)
        if (kept > 0 && words[i].head == words[kept - 1].head)
            words[kept - 1].what |= words[i].what;
        else
            words[kept++] = words[i];
    rules->view_word_count = kept;
}

static void add_view_words(struct rules *rules)
{
    static const struct {
        const char *word;
        unsigned what;
    } others[] = {{"first", HEAD_FIRST}, {"1st", HEAD_FIRST},
        {"starts", HEAD_FIRST}, {"begins", HEAD_FIRST}, {"prefix", HEAD_FIRST},
        {"erste", HEAD_FIRST}, {"anfang", HEAD_FIRST}, {"iban", HEAD_PIECE},
        {"role", HEAD_RARE}, {"chr", HEAD_CHARACTER}, {"chrw", HEAD_CHARACTER},
        {"u", HEAD_CHARACTER}, {"begin", HEAD_RARE},
        /* of the alphabet of pilots, what is rare in other texts */
        {"bravo", HEAD_RARE}, {"foxtrot", HEAD_RARE}, {"quebec", HEAD_RARE},
        {"romeo", HEAD_RARE}, {"sierra", HEAD_RARE}, {"tango", HEAD_RARE},
        {"whiskey", HEAD_RARE}, {"xray", HEAD_RARE}, {"yankee", HEAD_RARE},
        {"zulu", HEAD_RARE}};
    rules->view_words = mem_calloc(turn_word_count + join_prefix_count +
                                       turn_backwards_count + ARRAY_LEN(others),
        sizeof *rules->view_words);
    for (size_t i = 0; i < turn_word_count; i++)
        add_view_word(rules, str_of(turn_words[i].word), HEAD_NUMBER);
    for (size_t i = 0; i < join_prefix_count; i++)
        add_view_word(rules, str_of(join_prefixes[i]), HEAD_PIECE);
    for (size_t i = 0; i < turn_backwards_count; i++)
        add_view_word(rules, str_of(turn_backwards[i]), HEAD_BACKWARDS);
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        add_view_word(rules, str_of(others[i].word), others[i].what);
    sort_view_words(rules);
}

static void add_terms(struct rules *rules, const struct rule *rule,
    const struct pattern *p, size_t *count)
{
    for (size_t i = 0; i < p->term_count; i++) {
        uint32_t hash = first_hash(p->terms[i]);
        rules->terms[(*count)++] =
            (struct term_entry){hash, rule, p, p->terms[i]};
        bool is_capital = p->is_exact && p->terms[i].n > 0 &&
                          isupper((unsigned char)p->terms[i].p[0]);
        add_head(rules, p->terms[i],
            HEAD_TERM | (is_capital ? (unsigned)HEAD_CAPITAL : 0));
        rules->term_bits[(hash & rules->term_mask) / 64] |=
            UINT64_C(1) << (hash & rules->term_mask) % 64;
    }
}

static void index_terms(struct rules *rules)
{
    size_t count = 0;
    uint32_t bits = 1024;
    if (rules->term_count == 0)
        return;
    while (bits < rules->term_count * 16)
        bits *= 2;
    rules->term_mask = bits - 1;
    rules->term_bits = mem_calloc(bits / 64, sizeof *rules->term_bits);
    rules->terms = mem_calloc(rules->term_count, sizeof *rules->terms);
    for (size_t i = 0; i < rules->count; i++)
        for (size_t j = 0; j < rules->items[i].pattern_count; j++)
            add_terms(
                rules, &rules->items[i], &rules->items[i].patterns[j], &count);
    qsort(rules->terms, rules->term_count, sizeof *rules->terms, compare_terms);
}

static enum level higher(enum level a, enum level b)
{
    return a > b ? a : b;
}

/* What scan_judge.c would say of any value of the rule. */
static void note_rule(struct rule *rule)
{
    bool is_secret = str_is(rule->group, "secret");
    rule->is_topic = str_is(rule->group, "topic");
    rule->serves_turned = is_secret && !rule->gives_way;
    rule->serves_doubtful =
        is_secret || (!rule->is_topic && rule->validator != NULL);
    rule->most = higher(higher(rule->base, rule->with_keyword),
        higher(rule->with_validator, higher(rule->with_both, rule->alone)));
    for (size_t i = 0; i < rule->pattern_count; i++)
        if (rule->patterns[i].has_base)
            rule->most = higher(rule->most, rule->patterns[i].base);
}

static void find_secrets(struct rules *rules)
{
    for (size_t i = 0; i < rules->count; i++) {
        const struct rule *rule = &rules->items[i];
        if (!str_is(rule->group, "secret") || rule->gives_way)
            continue;
        for (size_t j = 0; j < rule->pattern_count; j++) {
            const struct pattern *p = &rule->patterns[j];
            rules->has_secret_digits |= p->is_digits;
            rules->has_secret_shapes |= p->shape_count > 0;
            rules->has_secret_terms |= p->term_count > 0;
        }
    }
}

enum { WORD_BITS = RULES_WORDS_MAX / 64 + 1 };

static void find_kinds(uint64_t kinds[WORD_KINDS][WORD_BITS],
    const struct rules *rules, struct word_set *set)
{
    for (size_t i = 0; i * 64 < rules->word_count && set->bits != NULL; i++)
        for (unsigned kind = 0; kind < WORD_KINDS; kind++)
            if ((set->bits[i] & kinds[kind][i]) != 0)
                set->kinds |= 1u << kind;
}

static void index_kinds(struct rules *rules)
{
    uint64_t kinds[WORD_KINDS][WORD_BITS] = {0};
    for (size_t i = 0; i < rules->word_count; i++)
        kinds[rules_word_kind(rules, i)][i / 64] |= UINT64_C(1) << i % 64;
    for (size_t i = 0; i < rules->anchor_count; i++) {
        const struct anchor *a = &rules->anchors[i];
        if (a->kind != ANCHOR_WORD)
            continue;
        size_t *longest = &rules->word_longest[rules_word_kind(rules, a->word)];
        *longest = a->width > *longest ? a->width : *longest;
    }
    for (size_t i = 0; i < rules->count; i++) {
        find_kinds(kinds, rules, &rules->items[i].keywords);
        find_kinds(kinds, rules, &rules->items[i].deny);
        find_kinds(kinds, rules, &rules->items[i].require);
    }
}

/* How far from numbers and shapes words are looked for. */
static void note_number_words(struct rules *rules)
{
    for (size_t i = 0; i < rules->count; i++) {
        const struct rule *r = &rules->items[i];
        bool has_numbers = false;
        for (size_t j = 0; j < r->pattern_count; j++)
            has_numbers = has_numbers || r->patterns[j].is_digits ||
                          r->patterns[j].shape_count > 0;
        if (!has_numbers)
            continue;
        if (r->keywords.within > rules->number_within)
            rules->number_within = r->keywords.within;
    }
}

void rules_index(struct rules *rules)
{
    size_t cap = 0;
    for (size_t i = 0; i < rules->count; i++)
        note_rule(&rules->items[i]);
    find_secrets(rules);
    add_view_words(rules);
    index_terms(rules);
    rules->token_start =
        mem_calloc(rules->word_count + 1, sizeof *rules->token_start);
    for (size_t c = 0; c < 256; c++)
        rules->token_bytes[c] = SIZE_MAX;
    for (size_t word = 0; word <= rules->word_count; word++) {
        rules->token_start[word] = rules->token_count;
        add_tokens(rules, word, &cap);
    }
    index_forms(rules);
    index_kinds(rules);
    note_number_words(rules);
    index_shapes(rules);
    index_numbers(rules);
}
