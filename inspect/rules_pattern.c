/*
 * The patterns of a detector: a regular expression behind an anchor, a token
 * beside a keyword, groups of digits, shapes, or a dictionary.
 */
#include "inspect/rules_parts.h"

#include <ctype.h>
#include <string.h>

enum { DIGITS_SMALLEST = 9 };

struct regex *rules_read_regex(struct rules_loader *l,
    const struct yaml_node *node, struct str text, bool nocase)
{
    struct buf message = {0};
    struct regex *regex = regex_new(text, nocase, &message);
    if (regex == NULL)
        yaml_mistake(
            l->doc, node, "not a regular expression: %s", buf_cstr(&message));
    buf_free(&message);
    return regex;
}

/* Where an assertion begins of what follows the match, which ends the
 * expression: "[a-z]{9}(?= is)"; the end if there is none. */
static size_t look_ahead_start(struct str expression)
{
    const char *found = memmem(expression.p, expression.n, "(?=", 3);
    size_t start = found != NULL ? (size_t)(found - expression.p) : 0;
    size_t depth = 0;
    bool is_class = false;
    for (size_t i = start; found != NULL && i < expression.n; i++) {
        char c = expression.p[i];
        if (c == '\\')
            i++;
        else if (is_class || c == '[')
            is_class = c != ']';
        else if (c == '(')
            depth++;
        else if (c == ')' && --depth == 0)
            return i + 1 == expression.n ? start : expression.n;
    }
    return expression.n;
}

/* Careful: false only where no part of the expression can. */
static bool may_match_blank(struct str expression)
{
    bool is_class = false;
    expression = str_sub(expression, 0, look_ahead_start(expression));
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
static void read_grouping(struct rules_loader *l, const struct yaml_node *node,
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
    struct rules_loader *l, const struct yaml_node *node, struct pattern *p)
{
    static const char *const keys[] = {"lengths", "groups", "separators", NULL};
    p->is_digits = true;
    if (!yaml_check_keys(l->doc, node, keys))
        return;
    struct yaml_strs lengths = yaml_strs(l->doc, node, "lengths");
    struct yaml_strs spelt = yaml_strs(l->doc, node, "groups");
    p->separators =
        rules_keep(l, yaml_str(l->doc, node, "separators", STR(" -.")));
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
    struct rules_loader *l, const struct yaml_node *node, struct pattern *p)
{
    struct yaml_strs list = yaml_strs(l->doc, node, "shapes");
    const char **shapes =
        arena_alloc(&l->rules->arena, list.count * sizeof *shapes + 1);
    p->separators =
        rules_keep(l, yaml_str(l->doc, node, "separators", STR(" -.")));
    for (size_t i = 0; i < p->separators.n; i++)
        if (strchr(" -./", p->separators.p[i]) == NULL)
            yaml_mistake(l->doc, node,
                "separators may be blank, dash, full stop and slash");
    for (size_t i = 0; i < list.count; i++) {
        shapes[i] = rules_keep(l, list.items[i]).p;
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

static void add_anchor(struct rules_loader *l, const struct yaml_node *node,
    const char *expression, unsigned pattern, bool nocase)
{
    struct anchor *a = rules_add_anchor(l, ANCHOR_REGEX, expression, node);
    a->nocase = nocase;
    a->rule = (unsigned)l->rules->count;
    a->pattern = pattern;
}

/* Whether an expression ends with a choice of plain literals, "(?:jan|feb)",
 * and where that begins. */
static bool ends_in_choice(struct str text, size_t *start_out)
{
    size_t at = text.n;
    if (text.n < 2 || text.p[text.n - 1] != ')')
        return false;
    for (at = text.n - 1; at > 0 && text.p[at - 1] != ':'; at--) {
        char c = text.p[at - 1];
        bool is_byte = c == '\\' && text.p[at] == 'x';
        if (!isalnum((unsigned char)c) && c != '|' && c != '_' && c != '-' &&
            !is_byte)
            return false;
    }
    *start_out = at;
    return at >= 3 && str_ends(str_sub(text, 0, at), "(?:") &&
           (at == 3 || text.p[at - 4] != '\\') &&
           str_find_char(str_sub(text, 0, at), '|') == at;
}

/* Hyperscan looks for literals much faster than for choices of them: each is
 * an anchor of its own. */
static void add_choices(struct rules_loader *l, const struct yaml_node *node,
    struct str text, unsigned pattern, bool nocase)
{
    struct str literal, rest;
    size_t start = 0;
    if (!ends_in_choice(text, &start)) {
        add_anchor(l, node, text.p, pattern, nocase);
        return;
    }
    rest = str_sub(text, start, text.n - 1);
    while (str_split(&rest, '|', &literal)) {
        struct buf one = {0};
        buf_append(&one, text.p, start - 3);
        buf_append_str(&one, literal);
        add_anchor(l, node, rules_keep(l, buf_str(&one)).p, pattern, nocase);
        buf_free(&one);
    }
}

static void read_anchors(struct rules_loader *l, const struct yaml_node *node,
    unsigned pattern, bool nocase)
{
    struct yaml_strs anchors = yaml_strs(l->doc, node, "anchor");
    if (anchors.count == 0)
        yaml_mistake(l->doc, node,
            "a pattern needs an anchor: a short expression with a literal in "
            "it that stands in every match");
    for (size_t i = 0; i < anchors.count; i++)
        add_choices(l, node, rules_keep(l, anchors.items[i]), pattern, nocase);
}

/* Of the ways to match it the one that ends where the token begins counts. */
static void read_gap(
    struct rules_loader *l, const struct yaml_node *node, struct pattern *p)
{
    struct str gap = yaml_str(l->doc, node, "gap", STR_NONE);
    struct buf whole = {0};
    if (gap.n == 0)
        return;
    buf_printf(&whole, "(?:%.*s)\\z", STR_ARG(gap));
    p->gap = rules_read_regex(l, node, buf_str(&whole), true);
    buf_free(&whole);
}

static void read_token(struct rules_loader *l, const struct yaml_node *node,
    struct str token, bool nocase, struct pattern *p)
{
    p->is_token = true;
    p->max = RULE_TOKEN_MAX;
    p->regex = rules_read_regex(l, node, token, nocase);
    p->may_have_blank = may_match_blank(token);
    rules_form(token, nocase, &p->form);
    read_gap(l, node, p);
}

static void read_match(struct rules_loader *l, const struct yaml_node *node,
    unsigned index, bool nocase, struct pattern *p)
{
    struct str match = yaml_str(l->doc, node, "match", STR_NONE);
    if (match.n == 0)
        yaml_mistake(l->doc, node,
            "a pattern needs match (a regular expression), token, shapes, "
            "dictionary or digits");
    else
        p->regex = rules_read_regex(l, node, match, nocase);
    p->before = (size_t)yaml_int(l->doc, node, "before", 0, RULE_BEFORE_MAX, 0);
    p->max = (size_t)yaml_int(l->doc, node, "max", 1, RULE_VALUE_MAX, 512);
    read_anchors(l, node, index, nocase);
}

static void read_pattern(struct rules_loader *l, const struct yaml_node *node,
    unsigned index, struct pattern *p)
{
    static const char *const keys[] = {"anchor", "match", "before", "max",
        "nocase", "digits", "base", "shapes", "separators", "token", "gap",
        "dictionary", "dictionary_file", "exact", NULL};
    if (!yaml_check_keys(l->doc, node, keys))
        return;
    p->has_base = yaml_get(node, "base") != NULL;
    p->base = rules_read_level(l, node, "base", LEVEL_NONE);
    if (yaml_get(node, "digits") != NULL) {
        read_digits(l, yaml_get(node, "digits"), p);
        return;
    }
    if (yaml_get(node, "shapes") != NULL) {
        struct str rest = yaml_str(l->doc, node, "match", STR_NONE);
        read_shapes(l, node, p);
        if (rest.n > 0)
            p->regex = rules_read_regex(l, node, rest, false);
        return;
    }
    if (yaml_get(node, "dictionary") != NULL ||
        yaml_get(node, "dictionary_file") != NULL) {
        rules_read_terms(l->rules, l->doc, l->bundle, node, p);
        return;
    }
    bool nocase = yaml_bool(l->doc, node, "nocase", false);
    struct str token = yaml_str(l->doc, node, "token", STR_NONE);
    if (token.n > 0)
        read_token(l, node, token, nocase, p);
    else
        read_match(l, node, index, nocase, p);
}

void rules_read_patterns(struct rules_loader *l, struct rule *rule)
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
