/*
 * Detector files to a rule set.  Everything wrong in them is reported with
 * file and line in one run; what is loaded is immutable and shared by every
 * scanner.  Patterns, their anchors and the keywords of all rules become one
 * list of expressions, which rules_hs.c compiles to one database.
 */
#include "inspect/rules_parts.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/mem.h"
#include "inspect/edm.h"

static const char *const groups[] = {
    "secret", "financial", "personal", "health", "document", "topic", NULL};
static const char *const levels[] = {"none", "low", "medium", "high", NULL};

struct str rules_keep(struct rules_loader *l, struct str s)
{
    return arena_copy(&l->rules->arena, s);
}

struct anchor *rules_add_anchor(struct rules_loader *l, enum anchor_kind kind,
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

enum level rules_read_level(struct rules_loader *l, const struct yaml_node *map,
    const char *key, enum level otherwise)
{
    return (enum level)yaml_word(l->doc, map, key, levels, (int)otherwise);
}

static void read_confidence(struct rules_loader *l, struct rule *rule)
{
    static const char *const keys[] = {
        "base", "with_keyword", "with_validator", "with_both", "alone", NULL};
    const struct yaml_node *node = yaml_get(l->node, "confidence");
    rule->base = LEVEL_MEDIUM;
    if (node != NULL && yaml_check_keys(l->doc, node, keys))
        rule->base = rules_read_level(l, node, "base", LEVEL_MEDIUM);
    rule->with_keyword = rules_read_level(l, node, "with_keyword", rule->base);
    rule->with_validator =
        rules_read_level(l, node, "with_validator", rule->base);
    rule->with_both = rules_read_level(l, node, "with_both",
        rule->with_keyword > rule->with_validator ? rule->with_keyword
                                                  : rule->with_validator);
    rule->alone = rules_read_level(l, node, "alone", LEVEL_NONE);
    if (rule->with_both == LEVEL_NONE)
        yaml_mistake(l->doc, l->node,
            "confidence: the rule would never report anything");
}

static void read_allow(struct rules_loader *l, struct rule *rule)
{
    struct yaml_strs list = yaml_strs(l->doc, l->node, "allow");
    rule->allow =
        arena_alloc(&l->rules->arena, list.count * sizeof *rule->allow + 1);
    for (size_t i = 0; i < list.count; i++) {
        struct regex *r = rules_read_regex(l, l->node, list.items[i], true);
        if (r != NULL)
            rule->allow[rule->allow_count++] = r;
    }
}

static const struct str *read_texts(
    struct rules_loader *l, const char *key, size_t *count_out)
{
    struct yaml_strs list = yaml_strs(l->doc, l->node, key);
    struct str *kept =
        arena_alloc(&l->rules->arena, list.count * sizeof *kept + 1);
    for (size_t i = 0; i < list.count; i++)
        kept[i] = rules_keep(l, list.items[i]);
    *count_out = list.count;
    return kept;
}

static void read_validator(struct rules_loader *l, struct rule *rule)
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

static void read_entropy(struct rules_loader *l, struct rule *rule)
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
static struct str read_name(struct rules_loader *l, const char *key)
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
    return rules_keep(l, name);
}

static void check_unique(struct rules_loader *l, struct str id)
{
    for (size_t i = 0; i < l->rules->count; i++)
        if (str_eq(l->rules->items[i].id, id))
            yaml_mistake(l->doc, l->node, "id \"%.*s\" is already at %s:%u",
                STR_ARG(id), l->rules->items[i].file, l->rules->items[i].line);
}

/* What rules of all kinds have. */
static void read_head(struct rules_loader *l, struct rule *rule)
{
    rule->file = arena_strdup(&l->rules->arena, l->doc->file);
    rule->line = l->node->line;
    rule->id = read_name(l, "id");
    check_unique(l, rule->id);
    rule->description =
        rules_keep(l, yaml_str(l->doc, l->node, "description", STR_NONE));
    rule->severity = rules_read_level(l, l->node, "severity", LEVEL_MEDIUM);
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
    struct rules_loader *l, const char *key, unsigned max, unsigned otherwise)
{
    return (unsigned)yaml_int(l->doc, l->node, key, 1, max, otherwise);
}

/* kind: fingerprint */
static void read_fingerprint(struct rules_loader *l, struct rule *rule)
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
static void read_edm(struct rules_loader *l, struct rule *rule)
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
    rule->base = rules_read_level(l, l->node, "confidence", LEVEL_HIGH);
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
static void read_pattern_rule(struct rules_loader *l, struct rule *rule)
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
    rules_read_patterns(l, rule);
    rules_read_words(l, "keywords", &rule->keywords);
    rules_read_words(l, "deny", &rule->deny);
    rules_read_words(l, "require", &rule->require);
    rule->gives_way = yaml_bool(l->doc, l->node, "gives_way", false);
    read_validator(l, rule);
    read_entropy(l, rule);
    read_allow(l, rule);
    read_confidence(l, rule);
    rule->examples = read_texts(l, "examples", &rule->example_count);
    rule->counter_examples =
        read_texts(l, "counter_examples", &rule->counter_example_count);
}

static void read_rule(struct rules_loader *l, struct rule *rule)
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

static void read_file(struct rules_loader *l)
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
    struct rules_loader l = {.rules = rules, .bundle = bundle};
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
    if (rules->word_count > RULES_WORDS_MAX)
        diag_add(
            diag, "detectors", 1, "more than %d keywords", RULES_WORDS_MAX);
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
    mem_free(r->token_firsts);
    mem_free(r->token_words);
    mem_free(r->token_turned);
    mem_free(r->token_chars);
    mem_free(r->token_lengths);
    mem_free(r->token_open);
    mem_free(r->shape_start);
    mem_free(r->terms);
    mem_free(r->term_bits);
    mem_free(r->view_words);
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
