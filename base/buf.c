#include "base/buf.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum { SMALLEST = 64 };

/* What lies between two places holds nothing that is live. */
static void wipe(struct buf *b, size_t from, size_t to)
{
    if (b->wipes && from < to)
        explicit_bzero(b->base + from, to - from);
}

static void compact(struct buf *b)
{
    if (b->start == 0)
        return;
    memmove(b->base, b->base + b->start, b->n);
    wipe(b, b->n, b->start + b->n);
    b->start = 0;
}

static void grow(struct buf *b, size_t cap)
{
    if (b->wipes && b->base != NULL) {
        char *grown = mem_alloc(cap);
        memcpy(grown, b->base, b->n); /* it is compact */
        wipe(b, 0, b->n);
        mem_free(b->base);
        b->base = grown;
    } else {
        b->base = mem_realloc(b->base, cap);
    }
    b->cap = cap;
}

char *buf_reserve(struct buf *b, size_t n)
{
    if (b->start + b->n + n <= b->cap)
        return b->base + b->start + b->n;
    if (b->start >= b->cap / 2)
        compact(b);
    if (b->start + b->n + n > b->cap) {
        compact(b);
        size_t cap = b->cap < SMALLEST ? SMALLEST : b->cap;
        while (cap < b->n + n)
            cap *= 2;
        if (cap != b->cap)
            grow(b, cap);
    }
    return b->base + b->start + b->n;
}

void buf_commit(struct buf *b, size_t n)
{
    b->n += n;
}

void buf_append(struct buf *b, const void *p, size_t n)
{
    if (n == 0)
        return;
    memcpy(buf_reserve(b, n), p, n);
    b->n += n;
}

void buf_append_str(struct buf *b, struct str s)
{
    buf_append(b, s.p, s.n);
}

void buf_append_char(struct buf *b, char c)
{
    buf_append(b, &c, 1);
}

void buf_printf(struct buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buf_vprintf(b, format, args);
    va_end(args);
}

void buf_vprintf(struct buf *b, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    char *at = buf_reserve(b, SMALLEST);
    int n = vsnprintf(at, SMALLEST, format, args);
    if (n >= SMALLEST) {
        at = buf_reserve(b, (size_t)n + 1);
        n = vsnprintf(at, (size_t)n + 1, format, again);
    }
    if (n > 0)
        b->n += (size_t)n;
    va_end(again);
}

void buf_consume(struct buf *b, size_t n)
{
    if (n >= b->n) {
        buf_clear(b);
        return;
    }
    wipe(b, b->start, b->start + n);
    b->start += n;
    b->n -= n;
}

void buf_truncate(struct buf *b, size_t n)
{
    if (n >= b->n)
        return;
    wipe(b, b->start + n, b->start + b->n);
    b->n = n;
}

void buf_clear(struct buf *b)
{
    wipe(b, b->start, b->start + b->n);
    b->start = 0;
    b->n = 0;
}

void buf_give_back(struct buf *b)
{
    if (b->n == 0 && b->cap > BUF_IDLE_BYTES)
        buf_free(b);
}

void buf_free(struct buf *b)
{
    wipe(b, b->start, b->start + b->n);
    mem_free(b->base);
    *b = (struct buf){.wipes = b->wipes};
}

void buf_wipe_free(struct buf *b)
{
    if (b->base != NULL)
        explicit_bzero(b->base, b->cap);
    buf_free(b);
}

void buf_take(struct buf *to, struct buf *from)
{
    bool wipes = to->wipes || from->wipes;
    *to = *from;
    to->wipes = wipes;
    *from = (struct buf){.wipes = wipes};
}

const char *buf_cstr(struct buf *b)
{
    *buf_reserve(b, 1) = '\0';
    return buf_bytes(b);
}
