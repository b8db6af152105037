/*
 * Documents as trees: built from the reader's tokens, for bodies and events
 * that are held whole anyway.  Nodes are linked lists in an arena; strings
 * without escapes stay where they are in the parsed text.
 */
#include "inspect/json.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NODES_DEFAULT = 1024 * 1024, TREE_BYTES_DEFAULT = 128 * 1024 * 1024 };

struct builder {
    struct arena *arena;
    struct json_node *root;
    struct json_node *open[JSON_DEPTH_MAX];
    unsigned depth;
    struct str key;
    size_t nodes, nodes_max;
    size_t bytes_from, bytes_max;
};

/* Text that is as in the input is borrowed; all of it is in one feed. */
static struct str hold_text(struct builder *b, const struct json_token *t)
{
    if (t->is_borrowed || t->text.n == 0)
        return t->text;
    return arena_copy(b->arena, t->text);
}

static enum err add_node(struct builder *b, const struct json_token *t)
{
    size_t used = b->arena->used_bytes - b->bytes_from;
    if (b->nodes >= b->nodes_max || used > b->bytes_max ||
        t->text.n > b->bytes_max - used)
        return ERR_LIMIT;
    b->nodes++;
    struct json_node *node = ARENA_NEW(b->arena, struct json_node);
    node->kind = t->kind;
    node->start = (uint32_t)t->start;
    node->end = (uint32_t)t->end;
    node->text = hold_text(b, t);
    node->key = b->key;
    b->key = STR_NONE;
    if (b->depth == 0) {
        b->root = node;
    } else {
        struct json_node *parent = b->open[b->depth - 1];
        if (parent->last != NULL)
            parent->last->next = node;
        else
            parent->first = node;
        parent->last = node;
        parent->count++;
    }
    if (t->kind == JSON_ARRAY || t->kind == JSON_OBJECT)
        b->open[b->depth++] = node;
    return OK;
}

static enum err on_token(void *arg, const struct json_token *t)
{
    struct builder *b = arg;
    switch (t->kind) {
    case JSON_KEY:
        if (t->text.n > b->bytes_max)
            return ERR_LIMIT;
        b->key = hold_text(b, t);
        return OK;
    case JSON_ARRAY_END:
    case JSON_OBJECT_END:
        b->open[--b->depth]->end = (uint32_t)t->end;
        return OK;
    default:
        return add_node(b, t);
    }
}

enum err json_parse(struct str text, struct arena *arena,
    const struct json_limits *limits, struct json_node **root_out)
{
    *root_out = NULL;
    if (text.n > UINT32_MAX)
        return ERR_LIMIT;
    struct builder b;
    b.arena = arena;
    b.root = NULL;
    b.depth = 0;
    b.key = STR_NONE;
    b.nodes = 0;
    b.nodes_max = limits != NULL ? limits->nodes : 0;
    if (b.nodes_max == 0)
        b.nodes_max = NODES_DEFAULT;
    b.bytes_from = arena->used_bytes;
    b.bytes_max = limits != NULL ? limits->tree_bytes : 0;
    if (b.bytes_max == 0)
        b.bytes_max = TREE_BYTES_DEFAULT;
    struct json_reader *r = json_reader_new(limits, false, on_token, &b);
    enum err err = json_feed(r, text);
    /* A number that is the whole document ends only here, and is then in the
     * reader's memory: on_token copies it. */
    if (err == OK)
        err = json_finish(r);
    json_reader_free(&r);
    if (err == OK)
        *root_out = b.root;
    return err;
}

/* ---- looking at it ---- */

bool json_is(const struct json_node *node, enum json_kind kind)
{
    return node != NULL && node->kind == kind;
}

bool json_is_true(const struct json_node *node)
{
    return json_is(node, JSON_TRUE);
}

const struct json_node *json_get_str(
    const struct json_node *node, struct str key)
{
    const struct json_node *found = NULL;
    if (!json_is(node, JSON_OBJECT))
        return NULL;
    for (const struct json_node *c = node->first; c != NULL; c = c->next)
        if (str_eq(c->key, key))
            found = c;
    return found;
}

const struct json_node *json_at(const struct json_node *node, size_t index)
{
    if (!json_is(node, JSON_ARRAY) || index >= node->count)
        return NULL;
    const struct json_node *c = node->first;
    while (index-- > 0)
        c = c->next;
    return c;
}

const struct json_node *json_path_str(
    const struct json_node *node, struct str path)
{
    if (path.n == 0)
        return node;
    struct str part;
    while (node != NULL && str_split(&path, '/', &part)) {
        uint64_t index;
        if (node->kind != JSON_ARRAY)
            node = json_get_str(node, part);
        else if (str_to_u64(part, &index) == OK)
            node = json_at(node, index);
        else
            node = NULL;
    }
    return node;
}

const struct json_node *json_path(
    const struct json_node *node, const char *path)
{
    return json_path_str(node, str_of(path));
}

struct str json_str(const struct json_node *node)
{
    return json_is(node, JSON_STRING) ? node->text : STR_NONE;
}

struct str json_path_text(const struct json_node *node, const char *path)
{
    return json_str(json_path(node, path));
}

/* "7.0" without its fraction: some languages know no other numbers. */
static struct str whole_number(struct str text)
{
    size_t point = str_find_char(text, '.');
    for (size_t i = point + 1; i < text.n; i++)
        if (text.p[i] != '0')
            return text;
    return str_sub(text, 0, point);
}

enum err json_int(const struct json_node *node, int64_t *value_out)
{
    if (!json_is(node, JSON_NUMBER))
        return ERR_NOT_FOUND;
    bool is_negative = str_starts(node->text, "-");
    struct str digits =
        whole_number(str_sub(node->text, is_negative ? 1 : 0, SIZE_MAX));
    uint64_t value;
    enum err err = str_to_u64(digits, &value);
    if (err != OK)
        return err;
    uint64_t limit = (uint64_t)INT64_MAX + (is_negative ? 1 : 0);
    if (value > limit)
        return ERR_LIMIT;
    if (is_negative)
        *value_out = value == limit ? INT64_MIN : -(int64_t)value;
    else
        *value_out = (int64_t)value;
    return OK;
}

enum err json_double(const struct json_node *node, double *value_out)
{
    if (!json_is(node, JSON_NUMBER))
        return ERR_NOT_FOUND;
    char text[JSON_NUMBER_BYTES_MAX + 1];
    if (node->text.n >= sizeof text)
        return ERR_LIMIT;
    memcpy(text, node->text.p, node->text.n);
    text[node->text.n] = '\0';
    errno = 0;
    *value_out = strtod(text, NULL);
    return errno == ERANGE && isinf(*value_out) ? ERR_LIMIT : OK;
}
