/*
 * Detection rules as JSON, for whoever wants to see which detectors run
 * (inspect/rules.h).
 */
#include "base/jsonw.h"
#include "base/mem.h"
#include "inspect/rule.h"

/* What a detector works by: each that it has. */
static void write_kinds(struct jsonw *w, const struct rule *rule)
{
    bool has_regex = false, has_digits = false, has_shapes = false,
         has_terms = false;
    for (size_t i = 0; i < rule->pattern_count; i++) {
        const struct pattern *p = &rule->patterns[i];
        has_regex = has_regex || p->regex != NULL;
        has_digits = has_digits || p->is_digits;
        has_shapes = has_shapes || p->shape_count > 0;
        has_terms = has_terms || p->term_count > 0;
    }
    const struct {
        bool has;
        const char *name;
    } kinds[] = {
        {has_regex, "expression"},
        {has_digits, "digits"},
        {has_shapes, "shape"},
        {has_terms, "dictionary"},
        {rule->edm != NULL, "edm"},
        {rule->fingerprint != NULL, "fingerprint"},
    };
    jsonw_key(w, "kinds");
    jsonw_array(w);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (kinds[i].has)
            jsonw_str(w, str_of(kinds[i].name));
    jsonw_close(w);
}

static void write_level(struct jsonw *w, const char *key, enum level level)
{
    jsonw_key_cstr(w, key, level != LEVEL_NONE ? level_name(level) : "none");
}

/* How sure it is of a match, by what else holds; "none": not reported. */
static void write_confidence(struct jsonw *w, const struct rule *rule)
{
    jsonw_key(w, "confidence");
    jsonw_object(w);
    write_level(w, "base", rule->base);
    if (rule->keywords.bits != NULL)
        write_level(w, "with_keyword", rule->with_keyword);
    if (rule->validator != NULL)
        write_level(w, "with_validator", rule->with_validator);
    if (rule->keywords.bits != NULL && rule->validator != NULL)
        write_level(w, "with_both", rule->with_both);
    if (rule->alone != LEVEL_NONE)
        write_level(w, "alone", rule->alone);
    jsonw_close(w);
}

void rules_write(const struct rules *rules, size_t index, struct jsonw *w)
{
    const struct rule *rule = &rules->items[index];
    jsonw_key_str(w, "id", rule->id);
    jsonw_key_str(w, "type", rule->type);
    jsonw_key_str_if(w, "group", rule->group);
    jsonw_key_str_if(w, "description", rule->description);
    write_level(w, "severity", rule->severity);
    write_kinds(w, rule);
    write_confidence(w, rule);
    jsonw_key_bool(w, "validated", rule->validator != NULL);
    jsonw_key_bool(w, "needs_word", rule->require.bits != NULL);
    jsonw_key_int(w, "examples", (int64_t)rule->example_count);
    jsonw_key_int(w, "counter_examples", (int64_t)rule->counter_example_count);
}
