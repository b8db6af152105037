/*
 * jansson beside our own reader, for the differential tests: whatever jansson
 * accepts without duplicate keys, we read as the same document.  Both name
 * their kinds JSON_…; jansson's are renamed here.
 */
#ifndef TESTS_JSON_COMPARE_H
#define TESTS_JSON_COMPARE_H

#define JSON_OBJECT JANSSON_OBJECT
#define JSON_ARRAY JANSSON_ARRAY
#define JSON_STRING JANSSON_STRING
#define JSON_INTEGER JANSSON_INTEGER
#define JSON_REAL JANSSON_REAL
#define JSON_TRUE JANSSON_TRUE
#define JSON_FALSE JANSSON_FALSE
#define JSON_NULL JANSSON_NULL
#include <jansson.h>
#undef json_is_true
#undef JSON_OBJECT
#undef JSON_ARRAY
#undef JSON_STRING
#undef JSON_INTEGER
#undef JSON_REAL
#undef JSON_TRUE
#undef JSON_FALSE
#undef JSON_NULL

#include "inspect/json.h"

static inline bool same_json(const struct json_node *ours, json_t *theirs);

static inline bool same_members(const struct json_node *ours, json_t *theirs)
{
    if (ours->count != json_object_size(theirs))
        return false;
    for (const struct json_node *c = ours->first; c != NULL; c = c->next) {
        json_t *other = json_object_getn(
            theirs, c->key.p != NULL ? c->key.p : "", c->key.n);
        if (other == NULL || !same_json(c, other))
            return false;
    }
    return true;
}

static inline bool same_items(const struct json_node *ours, json_t *theirs)
{
    size_t i = 0;
    if (ours->count != json_array_size(theirs))
        return false;
    for (const struct json_node *c = ours->first; c != NULL; c = c->next)
        if (!same_json(c, json_array_get(theirs, i++)))
            return false;
    return true;
}

static inline bool same_scalar(const struct json_node *ours, json_t *theirs)
{
    int64_t n;
    double f;
    switch ((int)json_typeof(theirs)) {
    case JANSSON_STRING:
        return ours->kind == JSON_STRING &&
               str_eq(ours->text, str_make(json_string_value(theirs),
                                      json_string_length(theirs)));
    case JANSSON_INTEGER:
        return json_int(ours, &n) == OK && n == json_integer_value(theirs);
    case JANSSON_REAL:
        return json_double(ours, &f) == OK && !(f < json_real_value(theirs)) &&
               !(f > json_real_value(theirs));
    case JANSSON_TRUE:
        return ours->kind == JSON_TRUE;
    case JANSSON_FALSE:
        return ours->kind == JSON_FALSE;
    default:
        return ours->kind == JSON_NULL;
    }
}

static inline bool same_json(const struct json_node *ours, json_t *theirs)
{
    if (json_typeof(theirs) == (json_type)JANSSON_OBJECT)
        return ours->kind == JSON_OBJECT && same_members(ours, theirs);
    if (json_typeof(theirs) == (json_type)JANSSON_ARRAY)
        return ours->kind == JSON_ARRAY && same_items(ours, theirs);
    return same_scalar(ours, theirs);
}

/* NULL when both agree, else what they disagree about. */
static inline const char *compare_with_jansson(struct str text)
{
    /* To jansson a zero byte between tokens is the end of the text. */
    if (str_find_char(text, '\0') < text.n)
        return NULL;
    json_error_t error;
    json_t *theirs = json_loadb(text.p != NULL ? text.p : "", text.n,
        JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    struct arena arena = {0};
    struct json_node *ours;
    enum err err = json_parse(text, &arena, NULL, &ours);
    const char *wrong = NULL;
    if (theirs != NULL && err != ERR_LIMIT) {
        if (err != OK)
            wrong = "jansson accepts, we do not";
        else if (!same_json(ours, theirs))
            wrong = "the documents differ";
    }
    int why = theirs == NULL ? (int)json_error_code(&error) : -1;
    if (err == OK && (why == json_error_premature_end_of_input ||
                         why == json_error_end_of_input_expected))
        wrong = "we accept, jansson does not";
    json_decref(theirs);
    arena_free(&arena);
    return wrong;
}

#endif
