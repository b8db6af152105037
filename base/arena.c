#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

/* Many hold a few names only, for as long as a connection is idle: so the
 * first block is small, with its head just what mem_zalloc is quickest at. */
enum { BLOCK_BYTES = 4096, FIRST_BYTES = 1024 - 32, ALIGN = 16 };

struct arena_block {
    struct arena_block *next;
    size_t used, cap;
    _Alignas(16) char bytes[];
};

static struct arena_block *add_block(struct arena *a, size_t n)
{
    size_t usual = a->blocks == NULL ? FIRST_BYTES : BLOCK_BYTES;
    size_t cap = n > usual ? n : usual;
    struct arena_block *block = mem_zalloc(sizeof *block + cap);
    block->cap = cap;
    block->next = a->blocks;
    a->blocks = block;
    return block;
}

void *arena_alloc(struct arena *a, size_t n)
{
    n = (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    struct arena_block *block = a->blocks;
    if (block == NULL || block->cap - block->used < n)
        block = add_block(a, n);
    void *p = block->bytes + block->used;
    block->used += n;
    a->used_bytes += n;
    return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return (char *)arena_copy(a, str_of(s)).p;
}

struct str arena_copy(struct arena *a, struct str s)
{
    char *p = arena_alloc(a, s.n + 1);
    if (s.n != 0)
        memcpy(p, s.p, s.n);
    p[s.n] = '\0';
    return (struct str){p, s.n};
}

struct str arena_lower(struct arena *a, struct str s)
{
    struct str copy = arena_copy(a, s);
    str_lower((char *)(uintptr_t)copy.p, copy.n);
    return copy;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    char *p = arena_alloc(a, (size_t)n + 1);
    vsnprintf(p, (size_t)n + 1, format, again);
    va_end(again);
    va_end(args);
    return p;
}

void arena_reset(struct arena *a)
{
    struct arena_block *kept = a->blocks;
    if (kept != NULL && kept->cap == BLOCK_BYTES) {
        a->blocks = kept->next;
        memset(kept->bytes, 0, kept->used);
        kept->used = 0;
        kept->next = NULL;
    } else {
        kept = NULL;
    }
    arena_free(a);
    a->blocks = kept;
}

void arena_wipe(struct arena *a)
{
    for (struct arena_block *b = a->blocks; b != NULL; b = b->next)
        explicit_bzero(b->bytes, b->used);
    arena_free(a);
}

void arena_free(struct arena *a)
{
    while (a->blocks != NULL) {
        struct arena_block *next = a->blocks->next;
        mem_free(a->blocks);
        a->blocks = next;
    }
    a->used_bytes = 0;
}
