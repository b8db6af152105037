/*
 * Detector files to a rule set.  Everything wrong in them is reported with
 * file and line in one run; what is loaded is immutable and shared by every
 * scanner.  Patterns, their anchors and the keywords of all rules become one
 * list of expressions, which rules_hs.c compiles to one database.
 */
#include "inspect/rule.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/yaml.h"
#include "inspect/edm.h"
#include "inspect/spelling.h"

enum { DIGITS_SMALLEST = 9, WORDS_MAX = 20000 };

static const char *const groups[] = {
    "secret", "financial", "personal", "health", "document", "topic", NULL};
static const char *const levels[] = {"none", "low", "medium", "high", NULL};

struct loader {
    struct rules *rules;
    struct yaml_doc *doc;
    const struct bundle *bundle;
    const struct yaml_node *node; /* the rule being read */
    struct str *words;            /* every keyword once, in lower case */
    size_t word_cap;
    size_t rule_cap;
};

static struct str keep(struct loader *l, struct str s)
{
    return arena_copy(&l->rules->arena, s);
}

static struct anchor *add_anchor(struct loader *l, enum anchor_kind kind,
    const char *expression, const struct yaml_node *node)
{
    struct rules *rules = l->rules;
    if (rules->anchor_count == rules->anchor_cap) {
        rules->anchor_cap =
            rules->anchor_cap == 0 ? 256 : rules->anchor_cap * 2;
        rules->anchors = mem_realloc(
            rules->anchors, rules->anchor_cap * sizeof *rules->anchors);
    }
    struct anchor *a = &rules->anchors[rules->anchor_count++];
    *a = (struct anchor){.kind = kind,
        .expression = expression,
        .file = arena_strdup(&rules->arena, l->doc->file),
        .line = node != NULL ? node->line : 1};
    return a;
}

static bool is_gap_of_words(char c)
{
    return c == ' ' || c == '_' || c == '-';
}

/* A word as an expression: every byte that is not a letter or digit in hex,
 * so that no character of it means anything else.  Parts of a name may be put
 * together in any way: "access key", "access_key", "access-key". */
static const char *quote_word(struct loader *l, struct str word)
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
static struct str normal_word(struct loader *l, struct str word)
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
    struct loader *l, struct str word, const struct yaml_node *node)
{
    struct str lower = normal_word(l, word);
    for (size_t i = 0; i < l->rules->word_count; i++)
        if (str_eq(l->words[i], lower))
            return i;
    if (l->rules->word_count == l->word_cap) {
        l->word_cap = l->word_cap == 0 ? 256 : l->word_cap * 2;
        l->words = mem_realloc(l->words, l->word_cap * sizeof *l->words);
    }
    struct anchor *a = add_anchor(l, ANCHOR_WORD, quote_word(l, lower), node);
    a->nocase = true;
    a->width = lower.n;
    a->word = (unsigned)l->rules->word_count;
    l->words[l->rules->word_count] = lower;
    return l->rules->word_count++;
}

static void add_spellings(struct loader *l, struct str word,
    const struct yaml_node *node, uint64_t *bits)
{
    struct buf spellings[SPELLINGS_MAX];
    size_t count = spelling_list(word, spellings);
    for (size_t i = 0; i < count; i++) {
        size_t index = word_index(l, buf_str(&spellings[i]), node);
        if (index < WORDS_MAX)
            bits[index / 64] |= UINT64_C(1) << index % 64;
        buf_free(&spellings[i]);
    }
}

/* keywords: {words: […], within: 100} */
static void read_words(struct loader *l, const char *key, struct word_set *set)
{
    static const char *const keys[] = {"words", "within", NULL};
    const struct yaml_node *node = yaml_get(l->node, key);
    if (node == NULL || !yaml_check_keys(l->doc, node, keys))
        return;
    struct yaml_strs words = yaml_strs(l->doc, node, "words");
    uint64_t *bits =
        arena_alloc(&l->rules->arena, WORDS_MAX / 64 * sizeof *bits + 8);
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

static enum level read_level(struct loader *l, const struct yaml_node *map,
    const char *key, enum level otherwise)
{
    return (enum level)yaml_word(l->doc, map, key, levels, (int)otherwise);
}

static void read_confidence(struct loader *l, struct rule *rule)
{
    static const char *const keys[] = {
        "base", "with_keyword", "with_validator", "with_both", "alone", NULL};
    const struct yaml_node *node = yaml_get(l->node, "confidence");
    rule->base = LEVEL_MEDIUM;
    if (node != NULL && yaml_check_keys(l->doc, node, keys))
        rule->base = read_level(l, node, "base", LEVEL_MEDIUM);
    rule->with_keyword = read_level(l, node, "with_keyword", rule->base);
    rule->with_validator = read_level(l, node, "with_validator", rule->base);
    rule->with_both = read_level(l, node, "with_both",
        rule->with_keyword > rule->with_validator ? rule->with_keyword
                                                  : rule->with_validator);
    rule->alone = read_level(l, node, "alone", LEVEL_NONE);
    if (rule->with_both == LEVEL_NONE)
        yaml_mistake(l->doc, l->node,
            "confidence: the rule would never report anything");
}

static struct regex *read_regex(struct loader *l, const struct yaml_node *node,
    struct str text, bool nocase)
{
    struct buf message = {0};
    struct regex *regex = regex_new(text, nocase, &message);
    if (regex == NULL)
        yaml_mistake(
            l->doc, node, "not a regular expression: %s", buf_cstr(&message));
    buf_free(&message);
    return regex;
}

/* Careful: false only where no part of the expression can. */
static bool may_match_blank(struct str expression)
{
    bool is_class = false;
    for (size_t i = 0; i < expression.n; i++) {
        char c = expression.p[i];
        char next = i + 1 < expression.n ? expression.p[i + 1] : 0;
        if ((unsigned char)c <= ' ' || (c == '.' && !is_class) ||
            (c == '[' && (next == '^' || next == ':')))
            return true;
        if (c == '\\') {
            if (isalpha((unsigned char)next) &&
                strchr("bBdwSAzZ", next) == NULL)
                return true;
            i++;
        } else if (c == '[' || c == ']') {
            is_class = c == '[';
        }
    }
    return false;
}

/* "4-6-5" */
static void read_grouping(struct loader *l, const struct yaml_node *node,
    struct str text, struct grouping *grouping)
{
    struct str part;
    unsigned total = 0;
    while (str_split(&text, '-', &part)) {
        uint64_t size = 0;
        if (grouping->count == RULE_GROUPS_MAX ||
            str_to_u64(part, &size) != OK || size < 1 || size > 40) {
            yaml_mistake(l->doc, node,
                "groups are numbers of digits from 1 to 40 with dashes "
                "between, at most %d, as \"4-4-4-4\"",
                RULE_GROUPS_MAX);
            return;
        }
        grouping->sizes[grouping->count++] = (unsigned char)size;
        total += (unsigned)size;
    }
    if (grouping->count < 2 || total < DIGITS_SMALLEST)
        yaml_mistake(l->doc, node,
            "groups: two or more, with %d digits or more", DIGITS_SMALLEST);
}

/* digits: {lengths: [13, 19], groups: ["4-4-4-4"], separators: " -."} */
static void read_digits(
    struct loader *l, const struct yaml_node *node, struct pattern *p)
{
    static const char *const keys[] = {"lengths", "groups", "separators", NULL};
    p->is_digits = true;
    if (!yaml_check_keys(l->doc, node, keys))
        return;
    struct yaml_strs lengths = yaml_strs(l->doc, node, "lengths");
    struct yaml_strs spelt = yaml_strs(l->doc, node, "groups");
    p->separators = keep(l, yaml_str(l->doc, node, "separators", STR(" -.")));
    for (size_t i = 0; i < p->separators.n; i++)
        if (strchr(" -.", p->separators.p[i]) == NULL)
            yaml_mistake(
                l->doc, node, "separators may be blank, dash and full stop");
    uint64_t low = 0, high = 0;
    bool is_good = lengths.count == 0;
    if (lengths.count == 1 || lengths.count == 2)
        is_good = str_to_u64(lengths.items[0], &low) == OK &&
                  str_to_u64(lengths.items[lengths.count - 1], &high) == OK &&
                  low >= DIGITS_SMALLEST && low <= high && high <= 40;
    if (!is_good || lengths.count + spelt.count == 0)
        yaml_mistake(l->doc, node,
            "digits needs lengths [least, most] from %d to 40, or groups",
            DIGITS_SMALLEST);
    p->min_digits = (unsigned)low;
    p->max_digits = (unsigned)high;
    struct grouping *list =
        arena_alloc(&l->rules->arena, spelt.count * sizeof *list + 1);
    for (size_t i = 0; i < spelt.count; i++)
        read_grouping(l, node, spelt.items[i], &list[i]);
    p->groups = list;
    p->group_count = spelt.count;
}

/* shapes: ["AAAAA9999A"], separators: " -." */
static void read_shapes(
    struct loader *l, const struct yaml_node *node, struct pattern *p)
{
    struct yaml_strs list = yaml_strs(l->doc, node, "shapes");
    const char **shapes =
        arena_alloc(&l->rules->arena, list.count * sizeof *shapes + 1);
    p->separators = keep(l, yaml_str(l->doc, node, "separators", STR(" -.")));
    for (size_t i = 0; i < p->separators.n; i++)
        if (strchr(" -./", p->separators.p[i]) == NULL)
            yaml_mistake(l->doc, node,
                "separators may be blank, dash, full stop and slash");
    for (size_t i = 0; i < list.count; i++) {
        shapes[i] = keep(l, list.items[i]).p;
        if (list.items[i].n < 4 || list.items[i].n > RULE_SHAPE_MAX ||
            !isalnum((unsigned char)shapes[i][0]))
            yaml_mistake(l->doc, node,
                "a shape has 4 to %d characters and begins with a letter or a "
                "digit",
                RULE_SHAPE_MAX);
    }
    p->shapes = shapes;
    p->shape_count = list.count;
}

static void read_anchors(struct loader *l, const struct yaml_node *node,
    unsigned pattern, bool nocase)
{
    struct yaml_strs anchors = yaml_strs(l->doc, node, "anchor");
    if (anchors.count == 0)
        yaml_mistake(l->doc, node,
            "a pattern needs an anchor: a short expression with a literal in "
            "it that stands in every match");
    for (size_t i = 0; i < anchors.count; i++) {
        struct str text = keep(l, anchors.items[i]);
        struct anchor *a = add_anchor(l, ANCHOR_REGEX, text.p, node);
        a->nocase = nocase;
        a->rule = (unsigned)l->rules->count;
        a->pattern = pattern;
    }
}

/* Of the ways to match it the one that ends where the token begins counts. */
static void read_gap(
    struct loader *l, const struct yaml_node *node, struct pattern *p)
{
    struct str gap = yaml_str(l->doc, node, "gap", STR_NONE);
    struct buf whole = {0};
    if (gap.n == 0)
        return;
    buf_printf(&whole, "(?:%.*s)\\z", STR_ARG(gap));
    p->gap = read_regex(l, node, buf_str(&whole), true);
    buf_free(&whole);
}

static void read_pattern(struct loader *l, const struct yaml_node *node,
    unsigned index, struct pattern *p)
{
    static const char *const keys[] = {"anchor", "match", "before", "max",
        "nocase", "digits", "base", "shapes", "separators", "token", "gap",
        "dictionary", "dictionary_file", "exact", NULL};
    if (!yaml_check_keys(l->doc, node, keys))
        return;
    p->has_base = yaml_get(node, "base") != NULL;
    p->base = read_level(l, node, "base", LEVEL_NONE);
    if (yaml_get(node, "digits") != NULL) {
        read_digits(l, yaml_get(node, "digits"), p);
        return;
    }
    if (yaml_get(node, "shapes") != NULL) {
        struct str rest = yaml_str(l->doc, node, "match", STR_NONE);
        read_shapes(l, node, p);
        if (rest.n > 0)
            p->regex = read_regex(l, node, rest, false);
        return;
    }
    if (yaml_get(node, "dictionary") != NULL ||
        yaml_get(node, "dictionary_file") != NULL) {
        rules_read_terms(l->rules, l->doc, l->bundle, node, p);
        return;
    }
    bool nocase = yaml_bool(l->doc, node, "nocase", false);
    struct str token = yaml_str(l->doc, node, "token", STR_NONE);
    if (token.n > 0) {
        p->is_token = true;
        p->max = RULE_TOKEN_MAX;
        p->regex = read_regex(l, node, token, nocase);
        p->may_have_blank = may_match_blank(token);
        rules_form(token, nocase, &p->form);
        read_gap(l, node, p);
        return;
    }
    struct str match = yaml_str(l->doc, node, "match", STR_NONE);
    if (match.n == 0)
        yaml_mistake(l->doc, node,
            "a pattern needs match (a regular expression), token, shapes, "
            "dictionary or "
            "digits");
    else
        p->regex = read_regex(l, node, match, nocase);
    p->before = (size_t)yaml_int(l->doc, node, "before", 0, RULE_BEFORE_MAX, 0);
    p->max = (size_t)yaml_int(l->doc, node, "max", 1, RULE_VALUE_MAX, 512);
    read_anchors(l, node, index, nocase);
}

static void read_patterns(struct loader *l, struct rule *rule)
{
    const struct yaml_node *list = yaml_list(l->doc, l->node, "patterns");
    if (list == NULL || list->count == 0 || list->count > RULE_PATTERNS_MAX) {
        yaml_mistake(
            l->doc, l->node, "a rule has 1 to %d patterns", RULE_PATTERNS_MAX);
        return;
    }
    struct pattern *patterns =
        arena_alloc(&l->rules->arena, list->count * sizeof *patterns);
    rule->patterns = patterns;
    rule->pattern_count = list->count;
    for (size_t i = 0; i < list->count; i++)
        read_pattern(l, list->pairs[i].value, (unsigned)i, &patterns[i]);
}

static void read_allow(struct loader *l, struct rule *rule)
{
    struct yaml_strs list = yaml_strs(l->doc, l->node, "allow");
    rule->allow =
        arena_alloc(&l->rules->arena, list.count * sizeof *rule->allow + 1);
    for (size_t i = 0; i < list.count; i++) {
        struct regex *r = read_regex(l, l->node, list.items[i], true);
        if (r != NULL)
            rule->allow[rule->allow_count++] = r;
    }
}

static const struct str *read_texts(
    struct loader *l, const char *key, size_t *count_out)
{
    struct yaml_strs list = yaml_strs(l->doc, l->node, key);
    struct str *kept =
        arena_alloc(&l->rules->arena, list.count * sizeof *kept + 1);
    for (size_t i = 0; i < list.count; i++)
        kept[i] = keep(l, list.items[i]);
    *count_out = list.count;
    return kept;
}

static void read_validator(struct loader *l, struct rule *rule)
{
    struct str name = yaml_str(l->doc, l->node, "validator", STR_NONE);
    rule->validator = validator_find(name);
    if (rule->validator != NULL || name.n == 0)
        return;
    struct buf all = {0};
    for (size_t i = 0; validator_at(i) != NULL; i++)
        buf_printf(&all, "%s%s", i == 0 ? "" : ", ", validator_at(i)->name);
    yaml_mistake(l->doc, yaml_get(l->node, "validator"),
        "validator \"%.*s\" is not one of: %s", STR_ARG(name), buf_cstr(&all));
    buf_free(&all);
}

static void read_entropy(struct loader *l, struct rule *rule)
{
    struct str text = yaml_str(l->doc, l->node, "entropy", STR_NONE);
    char *end = NULL;
    if (text.n == 0)
        return;
    rule->entropy = strtod(text.p, &end);
    if (end != text.p + text.n || !(rule->entropy >= 0 && rule->entropy <= 8))
        yaml_mistake(l->doc, yaml_get(l->node, "entropy"),
            "entropy is a number from 0 to 8 (bits a byte)");
}

/* Lower case, digits and dashes: they stand in policies and exports. */
static struct str read_name(struct loader *l, const char *key)
{
    struct str name = yaml_str(l->doc, l->node, key, STR_NONE);
    bool is_good = name.n > 0 && name.n <= 64;
    for (size_t i = 0; i < name.n; i++)
        is_good = is_good &&
                  (islower((unsigned char)name.p[i]) ||
                      isdigit((unsigned char)name.p[i]) || name.p[i] == '-');
    if (!is_good)
        yaml_mistake(l->doc, l->node,
            "%s must be 1 to 64 lower-case letters, digits and dashes", key);
    return keep(l, name);
}

static void check_unique(struct loader *l, struct str id)
{
    for (size_t i = 0; i < l->rules->count; i++)
        if (str_eq(l->rules->items[i].id, id))
            yaml_mistake(l->doc, l->node, "id \"%.*s\" is already at %s:%u",
                STR_ARG(id), l->rules->items[i].file, l->rules->items[i].line);
}

/* What rules of all kinds have. */
static void read_head(struct loader *l, struct rule *rule)
{
    rule->file = arena_strdup(&l->rules->arena, l->doc->file);
    rule->line = l->node->line;
    rule->id = read_name(l, "id");
    check_unique(l, rule->id);
    rule->description =
        keep(l, yaml_str(l->doc, l->node, "description", STR_NONE));
    rule->severity = read_level(l, l->node, "severity", LEVEL_MEDIUM);
    if (rule->severity == LEVEL_NONE)
        yaml_mistake(l->doc, l->node, "severity must be low, medium or high");
}

static bool has_text(const struct str *list, size_t count, struct str text)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(list[i], text))
            return true;
    return false;
}

static unsigned read_number(
    struct loader *l, const char *key, unsigned max, unsigned otherwise)
{
    return (unsigned)yaml_int(l->doc, l->node, key, 1, max, otherwise);
}

/* kind: fingerprint */
static void read_fingerprint(struct loader *l, struct rule *rule)
{
    static const char *const keys[] = {"id", "kind", "description", "severity",
        "set", "file", "min_share", "min_paragraphs", "min_letters", NULL};
    if (!yaml_check_keys(l->doc, l->node, keys))
        return;
    read_head(l, rule);
    rule->type = STR("fingerprint");
    rule->group = STR("document");
    rule->base = LEVEL_HIGH;
    struct rule_fingerprint *f =
        ARENA_NEW(&l->rules->arena, struct rule_fingerprint);
    rule->fingerprint = f;
    f->min_share = read_number(l, "min_share", 100, 20);
    f->min_paragraphs = read_number(l, "min_paragraphs", 1000, 3);
    f->min_letters = read_number(l, "min_letters", 100000, 200);
    struct str file = yaml_str(l->doc, l->node, "file", STR_NONE);
    bool has_set = yaml_get(l->node, "set") != NULL;
    if (has_set == (file.n > 0))
        yaml_mistake(l->doc, l->node,
            "a fingerprint detector needs set, the name of a set of "
            "documents, or file, where one is");
    else if (has_set)
        f->path = rules_data_kept(
            l->rules, l->bundle, "fingerprints", read_name(l, "set"));
    else
        f->path = rules_data_beside(l->rules, l->bundle, file);
    rules_data_add(l->rules, f->path);
}

/* kind: edm */
static void read_edm(struct loader *l, struct rule *rule)
{
    static const char *const keys[] = {"id", "kind", "type", "group",
        "description", "severity", "confidence", "index", "columns", "always",
        "match", "within", NULL};
    if (!yaml_check_keys(l->doc, l->node, keys))
        return;
    read_head(l, rule);
    rule->type =
        yaml_get(l->node, "type") != NULL ? read_name(l, "type") : STR("edm");
    rule->group = str_of(
        groups[yaml_word(l->doc, l->node, "group", groups, 2)]); /* personal */
    rule->base = read_level(l, l->node, "confidence", LEVEL_HIGH);
    struct rule_edm *e = ARENA_NEW(&l->rules->arena, struct rule_edm);
    rule->edm = e;
    e->columns = read_texts(l, "columns", &e->column_count);
    e->always = read_texts(l, "always", &e->always_count);
    e->match = read_number(l, "match", EDM_COLUMNS_MAX, 2);
    e->within = read_number(l, "within", EDM_WITHIN_MAX, 300);
    struct str index = yaml_str(l->doc, l->node, "index", STR_NONE);
    if (index.n == 0 || e->column_count == 0 || rule->base == LEVEL_NONE)
        yaml_mistake(l->doc, l->node,
            "an edm detector needs index, a file that `promptgate edm build` "
            "made, and columns of it");
    if (e->match > e->column_count)
        yaml_mistake(l->doc, l->node,
            "match asks for %u columns, and %zu are named", e->match,
            e->column_count);
    for (size_t i = 0; i < e->always_count; i++)
        if (!has_text(e->columns, e->column_count, e->always[i]))
            yaml_mistake(l->doc, l->node,
                "always: \"%.*s\" is not one of the columns",
                STR_ARG(e->always[i]));
    e->path = rules_data_beside(l->rules, l->bundle, index);
    rules_data_add(l->rules, e->path);
    l->rules->edm_key = rules_data_kept(l->rules, l->bundle, "edm", STR("key"));
}

/* kind: pattern */
static void read_pattern_rule(struct loader *l, struct rule *rule)
{
    static const char *const keys[] = {"id", "kind", "type", "group",
        "description", "severity", "patterns", "keywords", "deny", "require",
        "validator", "entropy", "allow", "confidence", "gives_way", "examples",
        "counter_examples", NULL};
    if (!yaml_check_keys(l->doc, l->node, keys))
        return;
    read_head(l, rule);
    rule->type = read_name(l, "type");
    rule->group =
        str_of(groups[yaml_word(l->doc, l->node, "group", groups, 0)]);
    read_patterns(l, rule);
    read_words(l, "keywords", &rule->keywords);
    read_words(l, "deny", &rule->deny);
    read_words(l, "require", &rule->require);
    rule->gives_way = yaml_bool(l->doc, l->node, "gives_way", false);
    read_validator(l, rule);
    read_entropy(l, rule);
    read_allow(l, rule);
    read_confidence(l, rule);
    rule->examples = read_texts(l, "examples", &rule->example_count);
    rule->counter_examples =
        read_texts(l, "counter_examples", &rule->counter_example_count);
}

static void read_rule(struct loader *l, struct rule *rule)
{
    static const char *const kinds[] = {"pattern", "fingerprint", "edm", NULL};
    int kind = yaml_word(l->doc, l->node, "kind", kinds, 0);
    if (kind == 1)
        read_fingerprint(l, rule);
    else if (kind == 2)
        read_edm(l, rule);
    else
        read_pattern_rule(l, rule);
}

static void read_file(struct loader *l)
{
    static const char *const keys[] = {"detectors", NULL};
    if (l->doc->root->kind == YAML_KIND_NULL ||
        !yaml_check_keys(l->doc, l->doc->root, keys))
        return;
    const struct yaml_node *list = yaml_list(l->doc, l->doc->root, "detectors");
    for (size_t i = 0; list != NULL && i < list->count; i++) {
        struct rules *rules = l->rules;
        if (rules->count == RULES_MAX) {
            yaml_mistake(l->doc, list->pairs[i].value, "more than %d detectors",
                RULES_MAX);
            return;
        }
        if (rules->count == l->rule_cap) {
            l->rule_cap = l->rule_cap == 0 ? 64 : l->rule_cap * 2;
            rules->items =
                mem_realloc(rules->items, l->rule_cap * sizeof *rules->items);
        }
        l->node = list->pairs[i].value;
        rules->items[rules->count] = (struct rule){0};
        read_rule(l, &rules->items[rules->count]);
        rules->count++;
    }
}

struct rules *rules_load(const struct bundle *bundle, struct diag *diag)
{
    size_t mistakes = diag->count;
    struct rules *rules = MEM_NEW(struct rules);
    struct loader l = {.rules = rules, .bundle = bundle};
    for (size_t i = 0; i < bundle->count; i++) {
        const struct bundle_file *file = &bundle->files[i];
        if (file->kind != BUNDLE_DETECTORS)
            continue;
        l.doc = yaml_parse(file->name.p, file->text, diag);
        if (l.doc == NULL)
            continue;
        read_file(&l);
        yaml_free(&l.doc);
    }
    mem_free(l.words);
    if (rules->word_count > WORDS_MAX)
        diag_add(diag, "detectors", 1, "more than %d keywords", WORDS_MAX);
    if (diag->count == mistakes)
        rules_measure(rules, diag);
    if (diag->count == mistakes)
        rules_index(rules);
    else
        rules_free(&rules);
    return rules;
}

void rules_free(struct rules **rules)
{
    struct rules *r = *rules;
    if (r == NULL)
        return;
    for (size_t i = 0; i < r->count; i++) {
        struct rule *rule = &r->items[i];
        for (size_t j = 0; j < rule->pattern_count; j++) {
            struct regex *regex = rule->patterns[j].regex;
            regex_free(&regex);
            regex = rule->patterns[j].gap;
            regex_free(&regex);
        }
        for (size_t j = 0; j < rule->allow_count; j++)
            regex_free(&rule->allow[j]);
    }
    arena_free(&r->arena);
    mem_free(r->items);
    mem_free(r->anchors);
    mem_free(r->shapes);
    mem_free(r->tokens);
    mem_free(r->numbers);
    mem_free(r->token_start);
    mem_free(r->token_forms);
    mem_free(r->token_leads);
    mem_free(r->shape_start);
    mem_free(r->terms);
    mem_free(r->term_bits);
    mem_free(r->data);
    mem_free(r);
    *rules = NULL;
}

size_t rules_count(const struct rules *rules)
{
    return rules->count;
}

struct str rules_id(const struct rules *rules, size_t index)
{
    return rules->items[index].id;
}

struct str rules_type(const struct rules *rules, size_t index)
{
    return rules->items[index].type;
}

struct str rules_group(const struct rules *rules, size_t index)
{
    return rules->items[index].group;
}

enum level rules_severity(const struct rules *rules, size_t index)
{
    return rules->items[index].severity;
}

struct str rules_description(const struct rules *rules, size_t index)
{
    return rules->items[index].description;
}
