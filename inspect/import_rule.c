/*
 * One rule as a detector: its expression read, the detector written, loaded
 * and compiled alone, and its examples looked for by the engine itself.  Only
 * what works is written.
 */
#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "base/jsonw.h"
#include "base/mem.h"
#include "inspect/import_parts.h"
#include "inspect/import_regex.h"
#include "inspect/rule.h"
#include "inspect/scan.h"

enum {
    AFTER_OPEN = 1024, /* for repeats without bound */
    KEYWORDS_MAX = 32,
    TEXT_MAX = 8192, /* a longer example is left out */
};

void import_note(struct import_rule *rule, const char *format, ...)
{
    struct buf *out = &rule->import->report;
    va_list args;
    va_start(args, format);
    buf_printf(out, "%s:%u: %.*s: ", rule->file, rule->line,
        STR_ARG(rule->id.n > 0 ? rule->id : STR("(no id)")));
    buf_vprintf(out, format, args);
    buf_append_char(out, '\n');
    va_end(args);
    rule->import->notes++;
}

static void skip(struct import_rule *rule, const char *why)
{
    import_note(rule, "not taken: %s", why);
    rule->import->skipped++;
}

void import_add_text(
    struct import_rule *rule, struct import_texts *texts, struct str text)
{
    if (texts->count == IMPORT_TEXTS_MAX)
        import_note(rule, "a list has more than %d texts", IMPORT_TEXTS_MAX);
    else
        texts->items[texts->count++] = text;
}

/* ---- writing ------------------------------------------------------------- */

static bool is_plain(struct str text)
{
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] < 0x20 || (unsigned char)text.p[i] >= 0x7f)
            return false;
    return true;
}

/* In single quotes, where it can be; else as JSON has it, which YAML reads. */
static void append_scalar(struct buf *out, struct str text)
{
    if (!is_plain(text)) {
        jsonw_append_quoted(out, text);
        return;
    }
    buf_append_char(out, '\'');
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '\'')
            buf_append_char(out, '\'');
        buf_append_char(out, text.p[i]);
    }
    buf_append_char(out, '\'');
}

static void append_list(struct buf *out, const char *indent, const char *key,
    const struct str *items, size_t count)
{
    if (count == 0)
        return;
    buf_printf(out, "%s%s:\n", indent, key);
    for (size_t i = 0; i < count; i++) {
        buf_printf(out, "%s  - ", indent);
        append_scalar(out, items[i]);
        buf_append_char(out, '\n');
    }
}

/* kingfisher.aws.1 -> kingfisher-aws-1 */
static struct str make_id(struct import_rule *rule)
{
    enum { ID_MAX = 64 };
    char *id = arena_alloc(&rule->arena, rule->id.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < rule->id.n && n < ID_MAX; i++) {
        char c = (char)tolower((unsigned char)rule->id.p[i]);
        if (islower((unsigned char)c) || isdigit((unsigned char)c))
            id[n++] = c;
        else if (n > 0 && id[n - 1] != '-')
            id[n++] = '-';
    }
    return str_make(id, n);
}

static void append_pattern(struct buf *out, const struct import_regex *r)
{
    size_t after = r->after == SIZE_MAX ? AFTER_OPEN : r->after;
    after = after < 1 ? 1 : after;
    append_list(out, "      ", "- anchor", r->anchors, r->anchor_count);
    /* The list's own indentation is that of the key. */
    buf_append_str(out, STR("        match: "));
    append_scalar(out, r->match);
    buf_append_char(out, '\n');
    if (!r->is_first)
        buf_printf(out, "        before: %zu\n",
            r->before < RULE_BEFORE_MAX ? r->before : (size_t)RULE_BEFORE_MAX);
    buf_printf(out, "        max: %zu\n",
        after < RULE_VALUE_MAX ? after : (size_t)RULE_VALUE_MAX);
}

/* Nothing literal is in it, but words stand before it. */
static void append_token(
    struct buf *out, const struct import_rule *rule, struct str match)
{
    size_t n = rule->keywords.count;
    buf_append_str(out, STR("      - token: "));
    append_scalar(out, match);
    buf_append_char(out, '\n');
    buf_append_str(out, STR("    keywords:\n"));
    append_list(out, "      ", "words", rule->keywords.items,
        n < KEYWORDS_MAX ? n : KEYWORDS_MAX);
}

/* is_bare: without what refuses values that match, placeholders included,
 * which only secrets are searched for. */
static void append_detector(struct buf *out, const struct import_rule *rule,
    struct str id, const struct import_regex *regex, bool is_bare)
{
    const struct import_options *o = rule->options;
    buf_printf(out, "  - id: %.*s\n    type: %.*s\n    group: %s\n",
        STR_ARG(id), STR_ARG(o->type), is_bare ? "personal" : "secret");
    buf_printf(out, "    severity: %s\n", level_name(o->severity));
    if (rule->name.n > 0) {
        buf_append_str(out, STR("    description: "));
        append_scalar(out, rule->name);
        buf_append_char(out, '\n');
    }
    buf_append_str(out, STR("    patterns:\n"));
    if (regex->anchor_count > 0)
        append_pattern(out, regex);
    else
        append_token(out, rule, regex->match);
    if (rule->entropy.n > 0 && !is_bare)
        buf_printf(out, "    entropy: %.*s\n", STR_ARG(rule->entropy));
    if (!is_bare)
        append_list(out, "    ", "allow", rule->allow.items, rule->allow.count);
    buf_printf(
        out, "    confidence: {base: %s}\n", level_name(rule->confidence));
}

/* ---- trying -------------------------------------------------------------- */

struct trial {
    struct bundle bundle;
    struct rules *rules;
    struct buf database;
    struct scanner *scanner;
};

static void close_trial(struct trial *t)
{
    scanner_free(&t->scanner);
    buf_free(&t->database);
    rules_free(&t->rules);
    bundle_free(&t->bundle);
}

/* What the loader has against it, without file and line. */
static bool open_trial(struct trial *t, struct str detector, struct buf *why)
{
    struct diag diag = {0};
    struct buf text = {0};
    *t = (struct trial){0};
    buf_append_str(&text, STR("detectors:\n"));
    buf_append_str(&text, detector);
    bundle_add(&t->bundle, BUNDLE_DETECTORS, STR("imported"), buf_str(&text));
    t->rules = rules_load(&t->bundle, &diag);
    bool is_good =
        t->rules != NULL && diag.count == 0 &&
        rules_compile(t->rules, &diag, &t->database) == OK &&
        scanner_new(t->rules, buf_str(&t->database), &t->scanner) == OK;
    struct str first = buf_str(&diag.text);
    first = str_sub(first, 0, str_find_char(first, '\n'));
    size_t at = str_find(first, STR(": "));
    buf_append_str(why, str_sub(first, at < first.n ? at + 2 : 0, first.n));
    buf_free(&text);
    diag_free(&diag);
    return is_good;
}

static bool finds(const struct trial *t, struct str text)
{
    struct findings found = {0};
    scan_text(t->scanner, text, WHERE_PROMPT, &found);
    bool is_found = found.count > 0;
    findings_free(&found);
    return is_found;
}

/* Only what is (or is not) found stays in the list. */
static void keep_right(struct import_rule *rule, const struct trial *t,
    struct import_texts *texts, bool is_expected)
{
    size_t kept = 0, lost = 0;
    for (size_t i = 0; i < texts->count; i++) {
        bool is_right = finds(t, texts->items[i]) == is_expected;
        lost += !is_right;
        if (is_right && texts->items[i].n <= TEXT_MAX)
            texts->items[kept++] = texts->items[i];
    }
    rule->import->examples += texts->count;
    rule->import->examples_lost += lost;
    if (lost > 0)
        import_note(rule, "%zu of %zu %s %s", lost, texts->count,
            is_expected ? "examples" : "counter-examples",
            is_expected ? "are not found" : "are found");
    texts->count = kept;
}

/* ---- one rule ------------------------------------------------------------ */

static bool is_known(const struct import *import, struct str id)
{
    for (size_t i = 0; i < import->taken; i++)
        if (str_eq(import->items[i].id, id))
            return true;
    return false;
}

static struct str *keep_texts(
    struct import *import, const struct import_texts *texts)
{
    struct str *kept =
        arena_alloc(&import->arena, texts->count * sizeof *kept + 1);
    for (size_t i = 0; i < texts->count; i++)
        kept[i] = arena_copy(&import->arena, texts->items[i]);
    return kept;
}

static void put_detector(
    struct import_rule *rule, struct str id, struct str detector)
{
    struct import *import = rule->import;
    import->items =
        mem_realloc(import->items, (import->taken + 1) * sizeof *import->items);
    import->items[import->taken++] = (struct import_taken){
        .id = arena_copy(&import->arena, id),
        .detector = arena_copy(&import->arena, detector),
        .examples = keep_texts(import, &rule->examples),
        .example_count = rule->examples.count,
        .counter_examples = keep_texts(import, &rule->counter_examples),
        .counter_example_count = rule->counter_examples.count,
    };
}

/* Its expression finds one of them, and then it is refused: by its own entropy
 * or as a placeholder, of which examples are often made. */
static bool matches_bare(struct import_rule *rule, struct str id,
    const struct import_regex *regex, const struct import_texts *examples)
{
    struct trial trial;
    struct buf bare = {0}, why = {0};
    bool is_matched = false;
    append_detector(&bare, rule, id, regex, true);
    if (open_trial(&trial, buf_str(&bare), &why))
        for (size_t i = 0; i < examples->count && !is_matched; i++)
            is_matched = finds(&trial, examples->items[i]);
    close_trial(&trial);
    buf_free(&bare);
    buf_free(&why);
    return is_matched;
}

static void try_rule(
    struct import_rule *rule, struct str id, const struct import_regex *regex)
{
    struct trial trial;
    struct buf detector = {0}, why = {0};
    append_detector(&detector, rule, id, regex, false);
    if (!open_trial(&trial, buf_str(&detector), &why)) {
        skip(rule, buf_cstr(&why));
    } else {
        struct import_texts *all = MEM_NEW(struct import_texts);
        *all = rule->examples;
        keep_right(rule, &trial, &rule->examples, true);
        keep_right(rule, &trial, &rule->counter_examples, false);
        bool is_lost = all->count > 0 && rule->examples.count == 0;
        if (is_lost && !matches_bare(rule, id, regex, all))
            skip(rule, "none of its examples is found");
        else
            put_detector(rule, id, buf_str(&detector));
        mem_free(all);
    }
    close_trial(&trial);
    buf_free(&detector);
    buf_free(&why);
}

static void note_bounds(
    struct import_rule *rule, const struct import_regex *regex)
{
    if (regex->anchor_count == 0)
        import_note(rule, "nothing literal is in it: looked for behind its "
                          "keywords only");
    else if (!regex->is_first && regex->before > RULE_BEFORE_MAX)
        import_note(rule, "a match begins at most %d bytes before its literal",
            RULE_BEFORE_MAX);
    if (regex->anchor_count > 0 && regex->after > RULE_VALUE_MAX)
        import_note(rule, "a match ends at most %d bytes behind its literal",
            AFTER_OPEN);
}

void import_write_rule(struct import_rule *rule)
{
    struct import_regex regex = {0};
    struct str id = make_id(rule);
    rule->import->rules++;
    if (rule->pattern.n > 0)
        import_regex_read(rule->pattern, rule->value_group, &regex);
    if (id.n == 0) {
        skip(rule, "it has no id");
    } else if (is_known(rule->import, id)) {
        skip(rule, "another rule has this id");
    } else if (rule->pattern.n == 0) {
        skip(rule, "it has no expression for content");
    } else if (regex.trouble != NULL) {
        skip(rule, regex.trouble);
    } else if (regex.anchor_count == 0 && rule->keywords.count == 0) {
        skip(rule, "nothing literal is in every match, and it has no keywords");
    } else {
        note_bounds(rule, &regex);
        try_rule(rule, id, &regex);
    }
    import_regex_free(&regex);
}

/* ---- all together -------------------------------------------------------- */

static bool finds_as(const struct trial *t, struct str text, struct str id)
{
    struct findings found = {0};
    bool is_found = false;
    scan_text(t->scanner, text, WHERE_PROMPT, &found);
    for (size_t i = 0; i < found.count; i++)
        is_found = is_found || str_eq(found.items[i].detector, id);
    findings_free(&found);
    return is_found;
}

static size_t keep_own(const struct trial *t, const struct import_taken *one,
    struct str *texts, size_t count, bool is_expected)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (finds_as(t, texts[i], one->id) == is_expected)
            texts[kept++] = texts[i];
    return kept;
}

/* Of values that several rules of one type find, one rule is told. */
static void settle(struct import *import)
{
    struct trial trial;
    struct buf all = {0}, why = {0};
    size_t lost = 0;
    for (size_t i = 0; i < import->taken; i++)
        buf_append_str(&all, import->items[i].detector);
    bool is_open = open_trial(&trial, buf_str(&all), &why);
    for (size_t i = 0; is_open && i < import->taken; i++) {
        struct import_taken *one = &import->items[i];
        lost += one->example_count + one->counter_example_count;
        one->example_count =
            keep_own(&trial, one, one->examples, one->example_count, true);
        one->counter_example_count = keep_own(&trial, one,
            one->counter_examples, one->counter_example_count, false);
        lost -= one->example_count + one->counter_example_count;
    }
    if (!is_open)
        buf_printf(&import->report, "all rules together: %s\n", buf_cstr(&why));
    if (lost > 0)
        buf_printf(&import->report,
            "all rules together: %zu examples are left out, since another "
            "rule finds them first\n",
            lost);
    close_trial(&trial);
    buf_free(&all);
    buf_free(&why);
}

void import_finish(struct import *import)
{
    struct buf *out = &import->yaml;
    if (import->taken > 1)
        settle(import);
    for (size_t i = 0; i < import->taken; i++) {
        const struct import_taken *one = &import->items[i];
        buf_append_str(out, one->detector);
        append_list(out, "    ", "examples", one->examples, one->example_count);
        append_list(out, "    ", "counter_examples", one->counter_examples,
            one->counter_example_count);
        buf_append_char(out, '\n');
    }
}
