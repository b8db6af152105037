/*
 * What to try where, once the rules are read: shapes by the length of their
 * first word, token patterns by the words that must stand near them.  The
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

static int compare_shapes(const void *a, const void *b)
{
    const struct shape_entry *x = a, *y = b;
    size_t n = first_length(x->text), m = first_length(y->text);
    if (n != m)
        return n < m ? -1 : 1;
    return x < y ? -1 : x > y;
}

static void index_shapes(struct rules *rules)
{
    size_t total = 0, count = 0;
    for (size_t i = 0; i < rules->count; i++)
        for (size_t j = 0; j < rules->items[i].pattern_count; j++)
            total += rules->items[i].patterns[j].shape_count;
    rules->shapes = mem_calloc(total + 1, sizeof *rules->shapes);
    for (size_t i = 0; i < rules->count; i++) {
        const struct rule *rule = &rules->items[i];
        for (size_t j = 0; j < rule->pattern_count; j++)
            for (size_t k = 0; k < rule->patterns[j].shape_count; k++)
                rules->shapes[count++] = (struct shape_entry){
                    rule, &rule->patterns[j], rule->patterns[j].shapes[k]};
    }
    qsort(rules->shapes, count, sizeof *rules->shapes, compare_shapes);
    size_t at = 0;
    for (size_t n = 0; n <= RULE_SHAPE_MAX + 1; n++) {
        while (at < count && first_length(rules->shapes[at].text) < n)
            at++;
        rules->shape_start[n] = at;
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

static void add_token(struct rules *rules, const struct rule *rule,
    const struct pattern *pattern, size_t *cap)
{
    if (rules->token_count == *cap) {
        *cap = *cap == 0 ? 256 : *cap * 2;
        rules->tokens =
            mem_realloc(rules->tokens, *cap * sizeof *rules->tokens);
    }
    rules->tokens[rules->token_count++] = (struct token_entry){rule, pattern};
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

void rules_index(struct rules *rules)
{
    size_t cap = 0;
    index_shapes(rules);
    rules->token_start =
        mem_calloc(rules->word_count + 1, sizeof *rules->token_start);
    for (size_t word = 0; word <= rules->word_count; word++) {
        rules->token_start[word] = rules->token_count;
        add_tokens(rules, word, &cap);
    }
}
