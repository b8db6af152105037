/*
 * Terms of dictionaries: written in the rule, or a term a line in a text file
 * beside it, so that a list of a hundred thousand customers can come out of
 * another program as it is.
 */
#include <string.h>

#include "inspect/rule.h"

enum { TERM_MIN = 2 };

static bool is_good_term(struct str term)
{
    return term.n >= TERM_MIN && term.n <= RULE_TERM_MAX &&
           is_term_byte((unsigned char)term.p[0]);
}

static void refuse_term(struct yaml_doc *doc, const struct yaml_node *node,
    struct str file, size_t line)
{
    static const char what[] = "a term of a dictionary has %d to %d bytes and "
                               "begins with a letter or a digit";
    if (file.n == 0)
        yaml_mistake(doc, node, what, TERM_MIN, RULE_TERM_MAX);
    else
        diag_add(
            doc->diag, file.p, (unsigned)line, what, TERM_MIN, RULE_TERM_MAX);
}

/* In the folder of the rules' file first, then in any. */
static const struct bundle_file *find_list(
    const struct bundle *bundle, const char *rules_file, struct str name)
{
    const struct bundle_file *other = NULL;
    const char *slash = strrchr(rules_file, '/');
    size_t folder = slash != NULL ? (size_t)(slash - rules_file) + 1 : 0;
    for (size_t i = 0; i < bundle->count; i++) {
        const struct bundle_file *file = &bundle->files[i];
        if (file->kind != BUNDLE_WORDS || file->name.n < name.n ||
            !str_eq(
                str_sub(file->name, file->name.n - name.n, file->name.n), name))
            continue;
        size_t before = file->name.n - name.n;
        if (before == folder && memcmp(file->name.p, rules_file, folder) == 0)
            return file;
        if (before == 0 || file->name.p[before - 1] == '/')
            other = file;
    }
    return other;
}

static size_t count_lines(struct str text)
{
    size_t lines = 1;
    for (size_t i = 0; i < text.n; i++)
        lines += text.p[i] == '\n';
    return lines;
}

/* Blank lines and those that begin with # are left out. */
static void read_list(struct arena *arena, struct yaml_doc *doc,
    const struct bundle_file *file, struct pattern *p)
{
    struct str rest = file->text, line;
    if (str_starts(rest, "\xef\xbb\xbf"))
        rest = str_sub(rest, 3, rest.n);
    struct str *terms = arena_alloc(arena, count_lines(rest) * sizeof *terms);
    size_t count = 0;
    for (size_t number = 1; str_split(&rest, '\n', &line); number++) {
        line = str_trim(line);
        if (line.n == 0 || line.p[0] == '#')
            continue;
        if (!is_good_term(line))
            refuse_term(doc, NULL, file->name, number);
        else
            terms[count++] = arena_copy(arena, line);
    }
    p->terms = terms;
    p->term_count = count;
}

static void read_written(struct arena *arena, struct yaml_doc *doc,
    const struct yaml_node *node, struct pattern *p)
{
    struct yaml_strs list = yaml_strs(doc, node, "dictionary");
    struct str *terms = arena_alloc(arena, list.count * sizeof *terms + 1);
    for (size_t i = 0; i < list.count; i++) {
        terms[i] = arena_copy(arena, list.items[i]);
        if (!is_good_term(terms[i]))
            refuse_term(doc, node, STR_NONE, 0);
    }
    p->terms = terms;
    p->term_count = list.count;
}

void rules_read_terms(struct rules *rules, struct yaml_doc *doc,
    const struct bundle *bundle, const struct yaml_node *node,
    struct pattern *p)
{
    struct str name = yaml_str(doc, node, "dictionary_file", STR_NONE);
    if (name.n > 0) {
        const struct bundle_file *file = find_list(bundle, doc->file, name);
        if (file != NULL)
            read_list(&rules->arena, doc, file, p);
        else
            yaml_mistake(doc, node,
                "there is no word list \"%.*s\": it is a .txt file in a "
                "folder that detectors: names",
                STR_ARG(name));
    } else {
        read_written(&rules->arena, doc, node, p);
    }
    p->is_exact = yaml_bool(doc, node, "exact", false);
    rules->term_count += p->term_count;
    if (rules->term_count > RULE_TERMS_MAX)
        yaml_mistake(
            doc, node, "dictionaries have more than %d terms", RULE_TERMS_MAX);
}
