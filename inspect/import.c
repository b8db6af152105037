/*
 * Files of rules, field by field (inspect/import.h).
 *
 *   Kingfisher, Nosey Parker   rules: [{name, id, pattern, min_entropy,
 *                              confidence, examples, negative_examples, …}]
 *   gitleaks                   [[rules]] id, description, regex, entropy,
 *                              secretGroup, keywords, [[rules.allowlists]];
 *                              [allowlist] or [[allowlists]] for all of them
 */
#include "inspect/import.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "base/toml.h"
#include "inspect/import_parts.h"

static struct import_rule *new_rule(struct import *import,
    const struct import_options *options, struct yaml_doc *doc,
    const struct yaml_node *node)
{
    struct import_rule *rule = MEM_NEW(struct import_rule);
    rule->import = import;
    rule->options = options;
    rule->file = doc->file;
    rule->line = node->line;
    rule->confidence = LEVEL_MEDIUM;
    rule->id = yaml_str(doc, node, "id", STR_NONE);
    return rule;
}

static void finish_rule(struct import_rule *rule)
{
    import_write_rule(rule);
    arena_free(&rule->arena);
    mem_free(rule);
}

static void add_all(
    struct import_rule *rule, struct import_texts *texts, struct yaml_strs list)
{
    for (size_t i = 0; i < list.count; i++)
        import_add_text(rule, texts, list.items[i]);
}

/* ---- Kingfisher, Nosey Parker -------------------------------------------- */

static enum level read_confidence(
    struct yaml_doc *doc, const struct yaml_node *node)
{
    static const char *const words[] = {"low", "medium", "high", NULL};
    return (enum level)(
        LEVEL_LOW + yaml_word(doc, node, "confidence", words, 1));
}

static bool is_listed(struct str word, const char *const *words)
{
    for (; *words != NULL; words++)
        if (str_is(word, *words))
            return true;
    return false;
}

/* What changes what is found; references and the like change nothing. */
static void note_left_out(struct import_rule *rule,
    const struct yaml_node *node, const char *const *known)
{
    for (size_t i = 0; i < node->count; i++)
        if (!is_listed(node->pairs[i].key, known))
            import_note(rule, "left out: %.*s", STR_ARG(node->pairs[i].key));
}

static void read_yaml_rule(struct import *import,
    const struct import_options *options, struct yaml_doc *doc,
    const struct yaml_node *node)
{
    static const char *const known[] = {"name", "id", "pattern", "examples",
        "negative_examples", "min_entropy", "confidence", "references",
        "categories", "description", "visible", NULL};
    struct import_rule *rule = new_rule(import, options, doc, node);
    rule->name = yaml_str(doc, node, "name", STR_NONE);
    rule->pattern = str_trim(yaml_str(doc, node, "pattern", STR_NONE));
    rule->entropy = yaml_str(doc, node, "min_entropy", STR_NONE);
    rule->confidence = read_confidence(doc, node);
    add_all(rule, &rule->examples, yaml_strs(doc, node, "examples"));
    add_all(rule, &rule->counter_examples,
        yaml_strs(doc, node, "negative_examples"));
    note_left_out(rule, node, known);
    finish_rule(rule);
}

/* ---- gitleaks ------------------------------------------------------------ */

/* In either case, as gitleaks looks for them in the value. */
static void add_stopwords(struct import_rule *rule, struct yaml_strs words)
{
    enum { WORDS_A_LINE = 200 };
    struct buf line = {0};
    for (size_t i = 0; i < words.count; i++) {
        buf_append_char(&line, i % WORDS_A_LINE == 0 ? '(' : '|');
        for (size_t k = 0; k < words.items[i].n; k++) {
            unsigned char c = (unsigned char)words.items[i].p[k];
            if (isalnum(c))
                buf_append_char(&line, (char)c);
            else
                buf_printf(&line, "\\x%02x", c);
        }
        if (i % WORDS_A_LINE != WORDS_A_LINE - 1 && i + 1 != words.count)
            continue;
        buf_append_char(&line, ')');
        import_add_text(
            rule, &rule->allow, arena_copy(&rule->arena, buf_str(&line)));
        buf_clear(&line);
    }
    buf_free(&line);
}

/* Ours are tried in either case, so theirs say that they are not. */
static void add_regexes(struct import_rule *rule, struct yaml_strs regexes)
{
    for (size_t i = 0; i < regexes.count; i++)
        import_add_text(rule, &rule->allow,
            str_of(arena_printf(
                &rule->arena, "(?-i)%.*s", STR_ARG(regexes.items[i]))));
}

static void read_allowlist(struct import_rule *rule, struct yaml_doc *doc,
    const struct yaml_node *node, bool is_own)
{
    struct str target = yaml_str(doc, node, "regexTarget", STR_NONE);
    struct yaml_strs regexes = yaml_strs(doc, node, "regexes");
    bool is_of_value = target.n == 0 || str_is(target, "secret");
    bool is_joint = str_is(yaml_str(doc, node, "condition", STR_NONE), "AND");
    bool has_more =
        yaml_get(node, "paths") != NULL || yaml_get(node, "commits") != NULL;
    if (is_joint && has_more) {
        import_note(rule, "left out: an allowlist with condition AND");
        return;
    }
    if (!is_of_value && regexes.count > 0)
        import_note(
            rule, "left out: an allowlist of the whole %.*s", STR_ARG(target));
    else
        add_regexes(rule, regexes);
    add_stopwords(rule, yaml_strs(doc, node, "stopwords"));
    if (is_own && has_more && regexes.count == 0)
        import_note(rule, "left out: an allowlist of paths or commits");
}

static void read_allowlists(struct import_rule *rule, struct yaml_doc *doc,
    const struct yaml_node *node, bool is_own)
{
    static const char *const names[] = {"allowlist", "allowlists"};
    for (size_t k = 0; k < ARRAY_LEN(names); k++) {
        const struct yaml_node *list = yaml_get(node, names[k]);
        if (list == NULL)
            continue;
        if (list->kind == YAML_KIND_MAP)
            read_allowlist(rule, doc, list, is_own);
        for (size_t i = 0; list->kind == YAML_KIND_LIST && i < list->count; i++)
            read_allowlist(rule, doc, list->pairs[i].value, is_own);
    }
}

static void read_gitleaks_rule(struct import *import,
    const struct import_options *options, struct yaml_doc *doc,
    const struct yaml_node *node)
{
    static const char *const known[] = {"id", "description", "regex", "entropy",
        "secretGroup", "keywords", "allowlist", "allowlists", "tags", NULL};
    struct import_rule *rule = new_rule(import, options, doc, node);
    rule->name = yaml_str(doc, node, "description", STR_NONE);
    rule->pattern = yaml_str(doc, node, "regex", STR_NONE);
    rule->entropy = yaml_str(doc, node, "entropy", STR_NONE);
    rule->value_group = (unsigned)yaml_int(doc, node, "secretGroup", 0, 99, 0);
    add_all(rule, &rule->keywords, yaml_strs(doc, node, "keywords"));
    read_allowlists(rule, doc, doc->root, false);
    read_allowlists(rule, doc, node, true);
    note_left_out(rule, node, known);
    finish_rule(rule);
}

/* ---- files --------------------------------------------------------------- */

typedef void rule_reader(struct import *import,
    const struct import_options *options, struct yaml_doc *doc,
    const struct yaml_node *node);

static void read_rules(struct import *import,
    const struct import_options *options, struct yaml_doc *doc,
    rule_reader *read)
{
    const struct yaml_node *list = yaml_list(doc, doc->root, "rules");
    if (list == NULL)
        yaml_mistake(doc, doc->root, "there are no rules in it");
    for (size_t i = 0; list != NULL && i < list->count; i++) {
        const struct yaml_node *node = list->pairs[i].value;
        if (node->kind == YAML_KIND_MAP)
            read(import, options, doc, node);
        else
            yaml_mistake(doc, node, "a rule must be a table");
    }
}

static bool looks_like_toml(struct str text)
{
    struct str line;
    while (str_split(&text, '\n', &line)) {
        line = str_trim(line);
        if (str_starts(line, "[[rules]]") || str_starts(line, "[allowlist"))
            return true;
        if (str_starts(line, "rules:"))
            return false;
    }
    return false;
}

void import_read(struct import *import, const struct import_options *options,
    const char *file, struct str text, struct diag *diag)
{
    bool is_toml = options->format == IMPORT_GITLEAKS ||
                   (options->format == IMPORT_AUTO && looks_like_toml(text));
    struct yaml_doc *doc =
        is_toml ? toml_parse(file, text, diag) : yaml_parse(file, text, diag);
    if (doc == NULL)
        return;
    read_rules(
        import, options, doc, is_toml ? read_gitleaks_rule : read_yaml_rule);
    if (is_toml && yaml_get(doc->root, "extend") != NULL)
        diag_add(diag, file, yaml_get(doc->root, "extend")->line,
            "extend: rules of other files are not read; import them, too");
    yaml_free(&doc);
}

void import_free(struct import *import)
{
    buf_free(&import->yaml);
    buf_free(&import->report);
    arena_free(&import->arena);
    mem_free(import->items);
    *import = (struct import){0};
}
