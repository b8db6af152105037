/*
 * A reader that goes once over the text (base/toml.h).  It stops at the first
 * mistake: what follows one in TOML can rarely be told.
 */
#include "base/toml.h"

#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"

enum { DEPTH_MAX = 64, NODES_MAX = 1000000 };

struct reader {
    struct yaml_doc *doc;
    struct str text;
    size_t at;
    unsigned line, depth;
    size_t nodes;
    bool has_failed; /* and it was told */
};

/* ---- characters --------------------------------------------------------- */

static void fail(struct reader *r, const char *what)
{
    if (!r->has_failed)
        diag_add(r->doc->diag, r->doc->file, r->line, "not TOML: %s", what);
    r->has_failed = true;
    r->at = r->text.n;
}

static int peek(const struct reader *r)
{
    return r->at < r->text.n ? (unsigned char)r->text.p[r->at] : -1;
}

static int next(struct reader *r)
{
    int c = peek(r);
    r->at += c >= 0;
    r->line += c == '\n';
    return c;
}

static bool accept(struct reader *r, const char *token)
{
    if (!str_starts(str_sub(r->text, r->at, r->text.n), token))
        return false;
    for (size_t i = strlen(token); i > 0; i--)
        next(r);
    return true;
}

static void skip_blanks(struct reader *r)
{
    while (peek(r) == ' ' || peek(r) == '\t')
        next(r);
}

static void skip_comment(struct reader *r)
{
    while (peek(r) >= 0 && peek(r) != '\n')
        next(r);
}

/* Blanks, comments and ends of lines. */
static void skip_lines(struct reader *r)
{
    for (;;) {
        skip_blanks(r);
        if (peek(r) == '#')
            skip_comment(r);
        else if (peek(r) != '\n' && !(peek(r) == '\r' && !r->has_failed))
            return;
        next(r);
    }
}

static void end_line(struct reader *r)
{
    skip_blanks(r);
    if (peek(r) == '#')
        skip_comment(r);
    accept(r, "\r");
    if (peek(r) >= 0 && next(r) != '\n')
        fail(r, "something follows the value; one key = value a line");
}

/* ---- nodes -------------------------------------------------------------- */

static struct yaml_node *new_node(struct reader *r, enum yaml_kind kind)
{
    struct yaml_node *node = ARENA_NEW(&r->doc->arena, struct yaml_node);
    node->kind = kind;
    node->line = r->line;
    if (++r->nodes > NODES_MAX)
        fail(r, "more than 1,000,000 values");
    return node;
}

/* Room for 1, 2, 4, 8 … */
static struct yaml_pair *add_pair(struct reader *r, struct yaml_node *node)
{
    bool is_full = (node->count & (node->count - 1)) == 0;
    if (is_full) {
        size_t cap = node->count == 0 ? 1 : node->count * 2;
        struct yaml_pair *more =
            arena_alloc(&r->doc->arena, cap * sizeof *more);
        if (node->count > 0)
            memcpy(more, node->pairs, node->count * sizeof *more);
        node->pairs = more;
    }
    return &node->pairs[node->count++];
}

static struct yaml_node *find(const struct yaml_node *map, struct str key)
{
    for (size_t i = 0; i < map->count; i++)
        if (str_eq(map->pairs[i].key, key))
            return map->pairs[i].value;
    return NULL;
}

static void put(struct reader *r, struct yaml_node *map, struct str key,
    struct yaml_node *value)
{
    if (find(map, key) != NULL) {
        fail(r, "this key is there already");
        return;
    }
    struct yaml_pair *pair = add_pair(r, map);
    *pair = (struct yaml_pair){key, r->line, value};
}

/* The table of that name below map, made where there is none; of an array of
 * tables the last one. */
static struct yaml_node *enter(
    struct reader *r, struct yaml_node *map, struct str key)
{
    struct yaml_node *node = find(map, key);
    if (node == NULL) {
        node = new_node(r, YAML_KIND_MAP);
        put(r, map, key, node);
    }
    if (node->kind == YAML_KIND_LIST && node->count > 0)
        node = node->pairs[node->count - 1].value;
    if (node->kind == YAML_KIND_MAP)
        return node;
    fail(r, "this name is a value's already, no table's");
    return map;
}

/* ---- strings ------------------------------------------------------------ */

static void read_code_point(struct reader *r, int digits, struct buf *out)
{
    uint32_t value = 0;
    char encoded[4];
    for (int i = 0; i < digits; i++) {
        int digit = peek(r) >= 0 ? str_hex_value((char)peek(r)) : -1;
        if (digit < 0) {
            fail(r, "\\u needs 4 and \\U 8 hexadecimal digits");
            return;
        }
        value = value << 4 | (uint32_t)digit;
        next(r);
    }
    buf_append(out, encoded, utf8_encode(value, encoded));
}

static void read_escape(struct reader *r, bool is_multiline, struct buf *out)
{
    static const char names[] = "btnfre\"\\";
    static const char values[] = "\b\t\n\f\r\x1b\"\\";
    int c = next(r);
    const char *name = c > 0 ? strchr(names, c) : NULL;
    if (name != NULL) {
        buf_append_char(out, values[name - names]);
    } else if (c == 'u') {
        read_code_point(r, 4, out);
    } else if (c == 'U') {
        read_code_point(r, 8, out);
    } else if (is_multiline && c >= 0 && strchr(" \t\r\n", c) != NULL) {
        while (peek(r) > 0 && strchr(" \t\r\n", peek(r)) != NULL)
            next(r); /* the line is continued */
    } else {
        fail(r, "no such escape in a string; a literal one ('…') has none");
    }
}

/* Up to two more quotes belong to the text in front of the closing ones. */
static void read_long(struct reader *r, char quote, struct buf *out)
{
    const char closing[] = {quote, quote, quote, '\0'};
    accept(r, "\r");
    accept(r, "\n");
    while (!accept(r, closing)) {
        int c = next(r);
        if (c < 0) {
            fail(r, "a string has no end");
            return;
        }
        if (c == '\\' && quote == '"')
            read_escape(r, true, out);
        else
            buf_append_char(out, (char)c);
    }
    for (int i = 0; i < 2 && peek(r) == quote; i++)
        buf_append_char(out, (char)next(r));
}

static void read_short(struct reader *r, char quote, struct buf *out)
{
    for (;;) {
        int c = next(r);
        if (c == quote)
            return;
        if (c < 0 || c == '\n') {
            fail(r, "a string has no end on its line");
            return;
        }
        if (c == '\\' && quote == '"')
            read_escape(r, false, out);
        else
            buf_append_char(out, (char)c);
    }
}

/* At a quote. */
static struct str read_string(struct reader *r, bool may_be_long)
{
    struct buf out = {0};
    if (may_be_long && accept(r, "\"\"\""))
        read_long(r, '"', &out);
    else if (may_be_long && accept(r, "'''"))
        read_long(r, '\'', &out);
    else
        read_short(r, (char)next(r), &out);
    struct str kept = arena_copy(&r->doc->arena, buf_str(&out));
    buf_free(&out);
    return kept;
}

static bool is_bare(int c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
           c == '_' || c == '-';
}

static struct str read_key(struct reader *r)
{
    skip_blanks(r);
    if (peek(r) == '"' || peek(r) == '\'')
        return read_string(r, false);
    size_t start = r->at;
    while (is_bare(peek(r)))
        next(r);
    if (r->at == start)
        fail(r, "a key is needed: letters, digits, _ and -, or quoted");
    return arena_copy(&r->doc->arena, str_sub(r->text, start, r->at));
}

/* All but the last part of a dotted key are tables; the last one is left. */
static struct str read_path(struct reader *r, struct yaml_node **map)
{
    struct str key = read_key(r);
    skip_blanks(r);
    for (unsigned depth = 0; accept(r, ".");) {
        if (++depth > DEPTH_MAX)
            fail(r, "a key has more than 64 parts");
        *map = enter(r, *map, key);
        key = read_key(r);
        skip_blanks(r);
    }
    return key;
}

/* ---- values ------------------------------------------------------------- */

static struct yaml_node *read_value(struct reader *r);

static void read_pair(struct reader *r, struct yaml_node *map)
{
    struct str key = read_path(r, &map);
    if (!accept(r, "=")) {
        fail(r, "= is needed behind the key");
        return;
    }
    struct yaml_node *value = read_value(r);
    put(r, map, key, value);
}

static void read_array(struct reader *r, struct yaml_node *list)
{
    for (skip_lines(r); !accept(r, "]"); skip_lines(r)) {
        struct yaml_node *value = read_value(r);
        add_pair(r, list)->value = value;
        skip_lines(r);
        if (!accept(r, ",") && peek(r) != ']')
            fail(r, "an array needs , or ] here");
        if (r->has_failed)
            return;
    }
}

static void read_inline_table(struct reader *r, struct yaml_node *map)
{
    for (skip_lines(r); !accept(r, "}"); skip_lines(r)) {
        read_pair(r, map);
        skip_lines(r);
        if (!accept(r, ",") && peek(r) != '}')
            fail(r, "an inline table needs , or } here");
        if (r->has_failed)
            return;
    }
}

/* Numbers, dates, true and false. */
static void read_bare(struct reader *r, struct yaml_node *node)
{
    size_t start = r->at;
    while (is_bare(peek(r)) || (peek(r) > 0 && strchr("+.:", peek(r)) != NULL))
        next(r);
    node->text = arena_copy(&r->doc->arena, str_sub(r->text, start, r->at));
    if (r->at == start)
        fail(r, "a value is needed");
}

static struct yaml_node *read_value(struct reader *r)
{
    skip_blanks(r);
    int c = peek(r);
    struct yaml_node *node = new_node(r, c == '['   ? YAML_KIND_LIST
                                         : c == '{' ? YAML_KIND_MAP
                                                    : YAML_KIND_SCALAR);
    if (++r->depth > DEPTH_MAX)
        fail(r, "more than 64 levels");
    if (accept(r, "[")) {
        read_array(r, node);
    } else if (accept(r, "{")) {
        read_inline_table(r, node);
    } else if (c == '"' || c == '\'') {
        node->is_quoted = true;
        node->text = read_string(r, true);
    } else {
        read_bare(r, node);
    }
    r->depth--;
    return node;
}

/* ---- tables ------------------------------------------------------------- */

/* Behind "[[": a further table of the array. */
static struct yaml_node *read_array_table(struct reader *r)
{
    struct yaml_node *map = r->doc->root;
    struct str key = read_path(r, &map);
    struct yaml_node *list = find(map, key);
    if (list == NULL) {
        list = new_node(r, YAML_KIND_LIST);
        put(r, map, key, list);
    }
    struct yaml_node *table = new_node(r, YAML_KIND_MAP);
    if (list->kind != YAML_KIND_LIST)
        fail(r, "this name is no array's");
    else
        add_pair(r, list)->value = table;
    if (!accept(r, "]]"))
        fail(r, "]] is needed behind the name of an array of tables");
    end_line(r);
    return table;
}

/* Behind "[". */
static struct yaml_node *read_table(struct reader *r)
{
    struct yaml_node *map = r->doc->root;
    struct str key = read_path(r, &map);
    map = enter(r, map, key);
    if (!accept(r, "]"))
        fail(r, "] is needed behind the name of a table");
    end_line(r);
    return map;
}

static void read_all(struct reader *r)
{
    struct yaml_node *table = r->doc->root;
    (void)accept(r, "\xef\xbb\xbf");
    for (skip_lines(r); peek(r) >= 0; skip_lines(r)) {
        if (accept(r, "[[")) {
            table = read_array_table(r);
        } else if (accept(r, "[")) {
            table = read_table(r);
        } else {
            read_pair(r, table);
            end_line(r);
        }
    }
}

struct yaml_doc *toml_parse(
    const char *file, struct str text, struct diag *diag)
{
    struct yaml_doc *doc = yaml_new(file, text, diag);
    if (doc == NULL)
        return NULL;
    struct reader r = {.doc = doc, .text = text, .line = 1};
    doc->root = new_node(&r, YAML_KIND_MAP);
    if (!utf8_is_valid(text))
        fail(&r, "not UTF-8");
    read_all(&r);
    if (r.has_failed)
        yaml_free(&doc);
    return doc;
}
