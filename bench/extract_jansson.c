#include "bench/extract_jansson.h"

#include <string.h>

#include <jansson.h>

static void add_strings(json_t *value, uint64_t *strings)
{
    const char *key;
    size_t i;
    json_t *item;
    if (json_is_string(value))
        *strings += json_string_length(value);
    json_object_foreach(value, key, item)
    {
        *strings += strlen(key);
        add_strings(item, strings);
    }
    json_array_foreach(value, i, item) add_strings(item, strings);
}

bool jansson_parse(const char *text, size_t n, uint64_t *strings)
{
    json_error_t error;
    json_t *root = json_loadb(text, n, JSON_DECODE_ANY, &error);
    if (root == NULL)
        return false;
    if (strings != NULL)
        add_strings(root, strings);
    json_decref(root);
    return true;
}
