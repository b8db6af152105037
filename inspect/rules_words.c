/*
 * The keywords of detectors: each word once for all rules, in all the ways in
 * which it is written.
 */
#include "inspect/rules_parts.h"

#include <ctype.h>

#include "base/mem.h"
#include "inspect/spelling.h"

static bool is_gap_of_words(char c)
{
    return c == ' ' || c == '_' || c == '-';
}

/* A word as an expression: every byte that is not a letter or digit in hex,
 * so that no character of it means anything else.  Parts of a name may be put
 * together in any way: "access key", "access_key", "access-key". */
static const char *quote_word(struct rules_loader *l, struct str word)
{
    struct buf quoted = {0};
    for (size_t i = 0; i < word.n; i++) {
        unsigned char c = (unsigned char)word.p[i];
        if (isalnum(c))
            buf_append_char(&quoted, (char)c);
        else if (i > 0 && i + 1 < word.n && is_gap_of_words(word.p[i]))
            buf_append_str(&quoted, STR("[ _-]"));
        else
            buf_printf(&quoted, "\\x%02x", c);
    }
    const char *kept = arena_strdup(&l->rules->arena, buf_cstr(&quoted));
    buf_free(&quoted);
    return kept;
}

/* In lower case, parts with a blank between. */
static struct str normal_word(struct rules_loader *l, struct str word)
{
    char *normal = arena_alloc(&l->rules->arena, word.n + 1);
    for (size_t i = 0; i < word.n; i++) {
        bool is_inside = i > 0 && i + 1 < word.n;
        normal[i] = is_inside && is_gap_of_words(word.p[i])
                        ? ' '
                        : (char)tolower((unsigned char)word.p[i]);
    }
    return str_make(normal, word.n);
}

static size_t word_index(
    struct rules_loader *l, struct str word, const struct yaml_node *node)
{
    struct str lower = normal_word(l, word);
    for (size_t i = 0; i < l->rules->word_count; i++)
        if (str_eq(l->words[i], lower))
            return i;
    if (l->rules->word_count == l->word_cap) {
        l->word_cap = l->word_cap == 0 ? 256 : l->word_cap * 2;
        l->words = mem_realloc(l->words, l->word_cap * sizeof *l->words);
    }
    struct anchor *a =
        rules_add_anchor(l, ANCHOR_WORD, quote_word(l, lower), node);
    a->nocase = true;
    a->width = lower.n;
    a->word = (unsigned)l->rules->word_count;
    l->words[l->rules->word_count] = lower;
    return l->rules->word_count++;
}

static void add_spellings(struct rules_loader *l, struct str word,
    const struct yaml_node *node, uint64_t *bits)
{
    struct buf spellings[SPELLINGS_MAX];
    size_t count = spelling_list(word, spellings);
    for (size_t i = 0; i < count; i++) {
        size_t index = word_index(l, buf_str(&spellings[i]), node);
        if (index < RULES_WORDS_MAX)
            bits[index / 64] |= UINT64_C(1) << index % 64;
        buf_free(&spellings[i]);
    }
}

/* keywords: {words: […], within: 100} */
void rules_read_words(
    struct rules_loader *l, const char *key, struct word_set *set)
{
    static const char *const keys[] = {"words", "within", NULL};
    const struct yaml_node *node = yaml_get(l->node, key);
    if (node == NULL || !yaml_check_keys(l->doc, node, keys))
        return;
    struct yaml_strs words = yaml_strs(l->doc, node, "words");
    uint64_t *bits =
        arena_alloc(&l->rules->arena, RULES_WORDS_MAX / 64 * sizeof *bits + 8);
    if (words.count == 0)
        yaml_mistake(l->doc, node, "%s needs words", key);
    for (size_t i = 0; i < words.count; i++) {
        if (words.items[i].n < 2 || words.items[i].n > 100) {
            yaml_mistake(l->doc, node, "a word has 2 to 100 bytes");
            continue;
        }
        add_spellings(l, words.items[i], node, bits);
    }
    set->bits = bits;
    set->within =
        (size_t)yaml_int(l->doc, node, "within", 1, RULE_WITHIN_MAX, 100);
}
