/*
 * What reading detector files (inspect/rules.h) is made of: rules.c with the
 * rules as such, rules_words.c, rules_pattern.c; and what indexes them,
 * rules_index.c.  No one else includes it.
 */
#ifndef INSPECT_RULES_PARTS_H
#define INSPECT_RULES_PARTS_H

#include "base/yaml.h"
#include "inspect/rule.h"

enum { RULES_WORDS_MAX = 20000 }; /* keywords of all rules */

struct rules_loader {
    struct rules *rules;
    struct yaml_doc *doc;
    const struct bundle *bundle;
    const struct yaml_node *node; /* the rule being read */
    struct str *words;            /* every keyword once, in lower case */
    size_t word_cap;
    size_t rule_cap;
};

/* rules.c. Copied for as long as the rules live. */
struct str rules_keep(struct rules_loader *l, struct str s);
/* expression: kept; node: where mistakes in it are reported, or NULL. */
struct anchor *rules_add_anchor(struct rules_loader *l, enum anchor_kind kind,
    const char *expression, const struct yaml_node *node);
enum level rules_read_level(struct rules_loader *l, const struct yaml_node *map,
    const char *key, enum level otherwise);

/* rules_words.c */
void rules_read_words(
    struct rules_loader *l, const char *key, struct word_set *set);

/* rules_pattern.c. NULL: no regular expression (reported). */
struct regex *rules_read_regex(struct rules_loader *l,
    const struct yaml_node *node, struct str text, bool nocase);
void rules_read_patterns(struct rules_loader *l, struct rule *rule);

#endif
