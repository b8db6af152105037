#include "base/yaml.h"

#include <stdarg.h>
#include <string.h>
#include <yaml.h>

#include "base/mem.h"

enum { FILE_MAX = 16 << 20, DEPTH_MAX = 64, NODES_MAX = 1000000 };

struct builder {
    struct yaml_doc *doc;
    yaml_document_t *source;
    size_t nodes;
};

static struct yaml_node *build(struct builder *b, int index, unsigned depth);

static unsigned line_of(const yaml_node_t *node)
{
    return (unsigned)node->start_mark.line + 1;
}

static void build_list(struct builder *b, const yaml_node_t *from,
    struct yaml_node *to, unsigned depth)
{
    const yaml_node_item_t *first = from->data.sequence.items.start;
    to->kind = YAML_KIND_LIST;
    to->count = (size_t)(from->data.sequence.items.top - first);
    to->pairs = arena_alloc(&b->doc->arena, to->count * sizeof *to->pairs + 1);
    for (size_t i = 0; i < to->count; i++) {
        to->pairs[i].value = build(b, first[i], depth + 1);
        to->pairs[i].line = to->pairs[i].value->line;
    }
}

static void build_map(struct builder *b, const yaml_node_t *from,
    struct yaml_node *to, unsigned depth)
{
    const yaml_node_pair_t *first = from->data.mapping.pairs.start;
    to->kind = YAML_KIND_MAP;
    to->count = (size_t)(from->data.mapping.pairs.top - first);
    to->pairs = arena_alloc(&b->doc->arena, to->count * sizeof *to->pairs + 1);
    for (size_t i = 0; i < to->count; i++) {
        struct yaml_node *key = build(b, first[i].key, depth + 1);
        struct yaml_pair *pair = &to->pairs[i];
        pair->line = key->line;
        pair->key = key->text;
        pair->value = build(b, first[i].value, depth + 1);
        if (key->kind != YAML_KIND_SCALAR)
            yaml_mistake(b->doc, key, "a key must be plain text");
        for (size_t j = 0; j < i; j++)
            if (str_eq(to->pairs[j].key, pair->key))
                yaml_mistake(b->doc, key, "key \"%.*s\" stands here twice",
                    STR_ARG(pair->key));
    }
}

static void build_scalar(
    struct builder *b, const yaml_node_t *from, struct yaml_node *to)
{
    struct str text = {
        (const char *)from->data.scalar.value, from->data.scalar.length};
    to->is_quoted = from->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    bool is_null = !to->is_quoted &&
                   (text.n == 0 || str_is(text, "~") || str_is(text, "null"));
    to->kind = is_null ? YAML_KIND_NULL : YAML_KIND_SCALAR;
    to->text = arena_copy(&b->doc->arena, text);
}

static struct yaml_node *build(struct builder *b, int index, unsigned depth)
{
    struct yaml_node *to = ARENA_NEW(&b->doc->arena, struct yaml_node);
    const yaml_node_t *from = yaml_document_get_node(b->source, index);
    if (from == NULL)
        return to;
    to->line = line_of(from);
    if (depth > DEPTH_MAX || ++b->nodes > NODES_MAX) {
        if (depth > DEPTH_MAX || b->nodes == NODES_MAX + 1)
            yaml_mistake(b->doc, to, "nested too deeply, or too large");
        return to;
    }
    if (from->type == YAML_SCALAR_NODE)
        build_scalar(b, from, to);
    else if (from->type == YAML_SEQUENCE_NODE)
        build_list(b, from, to, depth);
    else if (from->type == YAML_MAPPING_NODE)
        build_map(b, from, to, depth);
    return to;
}

/* libyaml's words name what it wanted, not what people do wrong. */
static const char *advice_for(const char *problem)
{
    if (strstr(problem, "cannot start any token") != NULL)
        return "indent with blanks, not tabs, and quote text that begins "
               "with a sign";
    return "look at this line and those above it: indentation, a colon, a "
           "quote or a bracket that is missing";
}

static void not_yaml(
    const yaml_parser_t *parser, const char *file, struct diag *diag)
{
    const char *problem = parser->problem != NULL ? parser->problem : "?";
    diag_add(diag, file, (unsigned)parser->problem_mark.line + 1,
        "not YAML: %s; %s", problem, advice_for(problem));
}

struct yaml_doc *yaml_new(const char *file, struct str text, struct diag *diag)
{
    if (text.n > FILE_MAX) {
        diag_add(diag, file, 1, "larger than %d bytes", FILE_MAX);
        return NULL;
    }
    struct yaml_doc *doc = MEM_NEW(struct yaml_doc);
    doc->file = arena_strdup(&doc->arena, file);
    doc->diag = diag;
    return doc;
}

struct yaml_doc *yaml_parse(
    const char *file, struct str text, struct diag *diag)
{
    struct yaml_doc *doc = yaml_new(file, text, diag);
    if (doc == NULL)
        return NULL;

    yaml_parser_t parser;
    yaml_document_t source;
    yaml_parser_initialize(&parser);
    yaml_parser_set_input_string(
        &parser, (const unsigned char *)(text.p != NULL ? text.p : ""), text.n);
    if (!yaml_parser_load(&parser, &source)) {
        not_yaml(&parser, file, diag);
        yaml_parser_delete(&parser);
        yaml_free(&doc);
        return NULL;
    }
    struct builder builder = {doc, &source, 0};
    doc->root = build(&builder, 1, 0);
    if (doc->root->line == 0)
        doc->root->line = 1;
    yaml_document_delete(&source);
    yaml_parser_delete(&parser);
    return doc;
}

void yaml_free(struct yaml_doc **doc)
{
    if (*doc == NULL)
        return;
    arena_free(&(*doc)->arena);
    mem_free(*doc);
    *doc = NULL;
}

void yaml_mistake(
    struct yaml_doc *doc, const struct yaml_node *node, const char *format, ...)
{
    struct buf text = {0};
    va_list args;
    va_start(args, format);
    buf_vprintf(&text, format, args);
    va_end(args);
    diag_add(doc->diag, doc->file, node != NULL ? node->line : 1, "%s",
        buf_cstr(&text));
    buf_free(&text);
}

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
    if (map == NULL || map->kind != YAML_KIND_MAP)
        return NULL;
    for (size_t i = 0; i < map->count; i++)
        if (str_is(map->pairs[i].key, key))
            return map->pairs[i].value;
    return NULL;
}

/* "a, b, c" for messages. */
static void join_words(struct buf *out, const char *const *words)
{
    for (size_t i = 0; words[i] != NULL; i++)
        buf_printf(out, "%s%s", i == 0 ? "" : ", ", words[i]);
}

bool yaml_check_keys(struct yaml_doc *doc, const struct yaml_node *map,
    const char *const *allowed)
{
    if (map == NULL || map->kind != YAML_KIND_MAP) {
        yaml_mistake(doc, map, "must be a map of keys and values");
        return false;
    }
    bool is_good = true;
    for (size_t i = 0; i < map->count; i++) {
        bool is_known = false;
        for (size_t j = 0; allowed[j] != NULL; j++)
            is_known = is_known || str_is(map->pairs[i].key, allowed[j]);
        if (is_known)
            continue;
        struct buf list = {0};
        join_words(&list, allowed);
        diag_add(doc->diag, doc->file, map->pairs[i].line,
            "unknown key \"%.*s\"; allowed: %s", STR_ARG(map->pairs[i].key),
            buf_cstr(&list));
        buf_free(&list);
        is_good = false;
    }
    return is_good;
}

static const struct yaml_node *present(
    const struct yaml_node *map, const char *key)
{
    const struct yaml_node *node = yaml_get(map, key);
    return node != NULL && node->kind != YAML_KIND_NULL ? node : NULL;
}

struct str yaml_str(struct yaml_doc *doc, const struct yaml_node *map,
    const char *key, struct str otherwise)
{
    const struct yaml_node *node = present(map, key);
    if (node == NULL)
        return otherwise;
    if (node->kind == YAML_KIND_SCALAR)
        return node->text;
    yaml_mistake(doc, node, "%s must be text", key);
    return otherwise;
}

bool yaml_bool(struct yaml_doc *doc, const struct yaml_node *map,
    const char *key, bool otherwise)
{
    const struct yaml_node *node = present(map, key);
    if (node == NULL)
        return otherwise;
    if (node->kind == YAML_KIND_SCALAR && !node->is_quoted) {
        if (str_is(node->text, "true") || str_is(node->text, "yes") ||
            str_is(node->text, "on"))
            return true;
        if (str_is(node->text, "false") || str_is(node->text, "no") ||
            str_is(node->text, "off"))
            return false;
    }
    yaml_mistake(doc, node, "%s must be true or false", key);
    return otherwise;
}

int64_t yaml_int(struct yaml_doc *doc, const struct yaml_node *map,
    const char *key, int64_t min, int64_t max, int64_t otherwise)
{
    const struct yaml_node *node = present(map, key);
    if (node == NULL)
        return otherwise;
    struct str digits = node->text;
    bool is_negative =
        node->kind == YAML_KIND_SCALAR && digits.n > 1 && digits.p[0] == '-';
    if (is_negative)
        digits = str_sub(digits, 1, digits.n);
    uint64_t value;
    if (node->kind == YAML_KIND_SCALAR && !node->is_quoted &&
        str_to_u64(digits, &value) == OK && value <= INT64_MAX) {
        int64_t number = is_negative ? -(int64_t)value : (int64_t)value;
        if (number >= min && number <= max)
            return number;
    }
    yaml_mistake(doc, node, "%s must be a whole number from %lld to %lld", key,
        (long long)min, (long long)max);
    return otherwise;
}

int yaml_word(struct yaml_doc *doc, const struct yaml_node *map,
    const char *key, const char *const *words, int otherwise)
{
    const struct yaml_node *node = present(map, key);
    if (node == NULL)
        return otherwise;
    for (int i = 0; node->kind == YAML_KIND_SCALAR && words[i] != NULL; i++)
        if (str_is(node->text, words[i]))
            return i;
    struct buf list = {0};
    join_words(&list, words);
    yaml_mistake(doc, node, "%s \"%.*s\" is not one of: %s", key,
        STR_ARG(node->text), buf_cstr(&list));
    buf_free(&list);
    return otherwise;
}

struct yaml_strs yaml_strs(
    struct yaml_doc *doc, const struct yaml_node *map, const char *key)
{
    const struct yaml_node *node = present(map, key);
    struct yaml_strs list = {NULL, 0};
    if (node == NULL)
        return list;
    size_t count = node->kind == YAML_KIND_LIST ? node->count : 1;
    list.items = arena_alloc(&doc->arena, count * sizeof *list.items + 1);
    for (size_t i = 0; i < count; i++) {
        const struct yaml_node *item =
            node->kind == YAML_KIND_LIST ? node->pairs[i].value : node;
        if (item->kind == YAML_KIND_SCALAR)
            list.items[list.count++] = item->text;
        else
            yaml_mistake(doc, item, "%s must hold plain text", key);
    }
    return list;
}

const struct yaml_node *yaml_list(
    struct yaml_doc *doc, const struct yaml_node *map, const char *key)
{
    const struct yaml_node *node = present(map, key);
    if (node == NULL || node->kind == YAML_KIND_LIST)
        return node;
    yaml_mistake(doc, node, "%s must be a list", key);
    return NULL;
}
