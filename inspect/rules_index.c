/*
 * What to try where, once the rules are read: shapes by the length of their
 * first word, token patterns by the words that must stand near them, numbers
 * by the length of their first group.  The
 * scanner then does not go through all rules at every number and token.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "inspect/rule.h"

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

static bool is_of_class(const char *shape, bool is_letter, enum shape_next next)
{
    const char *rest = shape + first_length(shape);
    if (!may_be(shape[0], is_letter))
        return false;
    if (*rest == '\0')
        return next == SHAPE_ENDS;
    if (memchr(" -./", *rest, 4) == NULL || !isalnum((unsigned char)rest[1]))
        return next == SHAPE_OTHER;
    return (next == SHAPE_DIGIT || next == SHAPE_LETTER) &&
           may_be(rest[1], next == SHAPE_LETTER);
}

struct shape_index {
    struct rules *rules;
    size_t count, cap;
};

static void add_shapes(struct shape_index *index, const struct rule *rule,
    const struct pattern *p, size_t width, unsigned class)
{
    for (size_t i = 0; i < p->shape_count; i++) {
        if (first_length(p->shapes[i]) != width ||
            !is_of_class(p->shapes[i], class / SHAPE_NEXTS % 2 != 0,
                (enum shape_next)(class % SHAPE_NEXTS)))
            continue;
        if (index->count == index->cap) {
            index->cap = index->cap == 0 ? 256 : index->cap * 2;
            index->rules->shapes = mem_realloc(index->rules->shapes,
                index->cap * sizeof *index->rules->shapes);
        }
        index->rules->shapes[index->count++] =
            (struct shape_entry){rule, p, p->shapes[i], p->shapes[i] + width};
    }
}

static void index_shapes(struct rules *rules)
{
    struct shape_index index = {.rules = rules};
    for (unsigned class = 0; class < SHAPE_CLASSES; class ++) {
        rules->shape_start[class] = (unsigned)index.count;
        for (size_t i = 0; i < rules->count; i++)
            for (size_t j = 0; j < rules->items[i].pattern_count; j++)
                add_shapes(&index, &rules->items[i],
                    &rules->items[i].patterns[j], class / SHAPE_NEXTS / 2,
                    class);
    }
    rules->shape_start[SHAPE_CLASSES] = (unsigned)index.count;
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

static void add_token(struct rules *rules, const struct rule *rule,
    const struct pattern *pattern, size_t *cap)
{
    if (rules->token_count == *cap) {
        *cap = *cap == 0 ? 256 : *cap * 2;
        rules->tokens =
            mem_realloc(rules->tokens, *cap * sizeof *rules->tokens);
    }
    struct token_entry *e = &rules->tokens[rules->token_count++];
    *e = (struct token_entry){.rule = rule, .pattern = pattern};
    regex_needs(pattern->regex, &e->needs);
    if (pattern->may_have_blank)
        e->needs.bytes = 0;
    for (size_t c = 0; c < 256; c++)
        if ((e->needs.first[c / 8] >> c % 8 & 1) != 0 &&
            e->needs.bytes < rules->token_bytes[c])
            rules->token_bytes[c] = e->needs.bytes;
    if (rule->keywords.within > rules->token_within)
        rules->token_within = rule->keywords.within;
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

static void index_numbers(struct rules *rules)
{
    size_t count = 0, cap = 0;
    for (size_t length = 0; length < NUMBER_LENGTHS; length++) {
        rules->number_start[length] = count;
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
                rules->numbers[count++] =
                    (struct number_entry){rule, &rule->patterns[j]};
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

static void add_terms(struct rules *rules, const struct rule *rule,
    const struct pattern *p, size_t *count)
{
    for (size_t i = 0; i < p->term_count; i++) {
        uint32_t hash = first_hash(p->terms[i]);
        rules->terms[(*count)++] =
            (struct term_entry){hash, rule, p, p->terms[i]};
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

void rules_index(struct rules *rules)
{
    size_t cap = 0;
    index_shapes(rules);
    index_numbers(rules);
    index_terms(rules);
    rules->token_start =
        mem_calloc(rules->word_count + 1, sizeof *rules->token_start);
    for (size_t c = 0; c < 256; c++)
        rules->token_bytes[c] = SIZE_MAX;
    for (size_t word = 0; word <= rules->word_count; word++) {
        rules->token_start[word] = rules->token_count;
        add_tokens(rules, word, &cap);
    }
}
