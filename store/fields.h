/* Members of a record's JSON as borrowed texts. */
#ifndef STORE_FIELDS_H
#define STORE_FIELDS_H

#include <jansson.h>

#include "base/str.h"

/* STR_NONE: absent, or no text. */
static inline struct str field_text(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_string(value))
        return STR_NONE;
    return str_make(json_string_value(value), json_string_length(value));
}

#endif
