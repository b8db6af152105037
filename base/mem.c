#include "base/mem.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SMALL_BYTES = 1024, LARGE_BYTES = 1024 * 1024 };

static _Thread_local unsigned wipe_depth;

static void *checked(void *p, size_t n)
{
    if (p == NULL && n != 0) {
        fprintf(stderr, "fatal: out of memory (%zu bytes)\n", n);
        abort();
    }
    return p;
}

void mem_exhausted(void)
{
    fprintf(stderr, "fatal: out of memory (in a library)\n");
    abort();
}

void *mem_alloc(size_t n)
{
    return checked(malloc(n), n);
}

void *mem_zalloc(size_t n)
{
    /* glibc's calloc goes past the thread's cache of small blocks. */
    if (n > SMALL_BYTES)
        return checked(calloc(1, n), n);
    void *p = mem_alloc(n);
    return n != 0 ? memset(p, 0, n) : p;
}

void *mem_calloc(size_t count, size_t n)
{
    void *p = calloc(count, n);
    return checked(p, count != 0 && n != 0 ? 1 : 0);
}

/* All that the allocator gave, which may be more than was asked for: so the
 * compiler must not hold it against what it saw of the size. */
static void wipe(void *p)
{
    size_t n = malloc_usable_size(p);
    __asm__ volatile("" : "+r"(p));
    explicit_bzero(p, n);
}

/* realloc would leave the old bytes where they were. */
static void *move(void *p, size_t n)
{
    void *moved = mem_alloc(n);
    size_t held = malloc_usable_size(p);
    __asm__ volatile("" : "+r"(p));
    memcpy(moved, p, held < n ? held : n);
    mem_free(p);
    return moved;
}

void *mem_realloc(void *p, size_t n)
{
    if (wipe_depth != 0 && p != NULL && n != 0)
        return move(p, n);
    return checked(realloc(p, n), n);
}

char *mem_strdup(const char *s)
{
    return mem_memdup0(s, strlen(s));
}

char *mem_memdup0(const void *p, size_t n)
{
    char *copy = mem_alloc(n + 1);
    if (n != 0)
        memcpy(copy, p, n);
    copy[n] = '\0';
    return copy;
}

void mem_free(void *p)
{
    if (wipe_depth != 0 && p != NULL)
        wipe(p);
    free(p);
}

void mem_wipe_begin(void)
{
    wipe_depth++;
}

void mem_wipe_end(void)
{
    wipe_depth--;
}

/* The C library raises the bound with each large block that is freed; set, it
 * stays. */
void mem_map_large_blocks(void)
{
    mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
}
