#include "base/bundle.h"

#include <string.h>

#include "base/mem.h"

static const char magic[8] = "PGBNDL1";

void bundle_add(
    struct bundle *b, enum bundle_kind kind, struct str name, struct str text)
{
    if (b->count == b->cap) {
        b->cap = b->cap == 0 ? 16 : b->cap * 2;
        b->files = mem_realloc(b->files, b->cap * sizeof *b->files);
    }
    b->files[b->count++] = (struct bundle_file){
        kind, arena_copy(&b->arena, name), arena_copy(&b->arena, text)};
}

const struct bundle_file *bundle_nth(
    const struct bundle *b, enum bundle_kind kind, size_t n)
{
    for (size_t i = 0; i < b->count; i++)
        if (b->files[i].kind == kind && n-- == 0)
            return &b->files[i];
    return NULL;
}

const struct bundle_file *bundle_first(
    const struct bundle *b, enum bundle_kind kind)
{
    return bundle_nth(b, kind, 0);
}

static void put_u32(struct buf *out, size_t value)
{
    uint32_t v = (uint32_t)value;
    buf_append(out, &v, sizeof v);
}

static void encode(const struct bundle *b, bool has_keys, struct buf *out)
{
    bool leaves_one = !has_keys && bundle_first(b, BUNDLE_NAMES_KEYS) != NULL;
    buf_append(out, magic, sizeof magic);
    put_u32(out, b->count - leaves_one);
    for (size_t i = 0; i < b->count; i++) {
        if (leaves_one && b->files[i].kind == BUNDLE_NAMES_KEYS)
            continue;
        put_u32(out, b->files[i].kind);
        put_u32(out, b->files[i].name.n);
        put_u32(out, b->files[i].text.n);
        buf_append_str(out, b->files[i].name);
        buf_append_str(out, b->files[i].text);
    }
}

void bundle_encode(const struct bundle *b, struct buf *out)
{
    encode(b, true, out);
}

void bundle_encode_open(const struct bundle *b, struct buf *out)
{
    encode(b, false, out);
}

static enum err take_u32(struct str *bytes, uint32_t *value_out)
{
    if (bytes->n < sizeof *value_out)
        return ERR_PARSE;
    memcpy(value_out, bytes->p, sizeof *value_out);
    *bytes = str_sub(*bytes, sizeof *value_out, bytes->n);
    return OK;
}

static enum err decode_file(struct str *bytes, struct bundle *b)
{
    uint32_t kind, name, text;
    if (take_u32(bytes, &kind) != OK || take_u32(bytes, &name) != OK ||
        take_u32(bytes, &text) != OK || kind >= BUNDLE_KINDS ||
        bytes->n < (size_t)name + text)
        return ERR_PARSE;
    bundle_add(b, (enum bundle_kind)kind, str_sub(*bytes, 0, name),
        str_sub(*bytes, name, (size_t)name + text));
    *bytes = str_sub(*bytes, (size_t)name + text, bytes->n);
    return OK;
}

enum err bundle_decode(struct str bytes, struct bundle *b_out)
{
    uint32_t count;
    *b_out = (struct bundle){0};
    if (bytes.n < sizeof magic || memcmp(bytes.p, magic, sizeof magic) != 0)
        return ERR_PARSE;
    bytes = str_sub(bytes, sizeof magic, bytes.n);
    if (take_u32(&bytes, &count) != OK)
        return ERR_PARSE;
    enum err err = OK;
    for (uint32_t i = 0; i < count && err == OK; i++)
        err = decode_file(&bytes, b_out);
    if (err == OK && bytes.n != 0)
        err = ERR_PARSE;
    if (err != OK)
        bundle_free(b_out);
    return err;
}

void bundle_free(struct bundle *b)
{
    arena_free(&b->arena);
    mem_free(b->files);
    *b = (struct bundle){0};
}
