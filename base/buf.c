#include "base/buf.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum { SMALLEST = 64 };

static void compact(struct buf *b)
{
    if (b->start == 0)
        return;
    memmove(b->base, b->base + b->start, b->n);
    b->start = 0;
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
        if (cap != b->cap) {
            b->base = mem_realloc(b->base, cap);
            b->cap = cap;
        }
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
        b->start = 0;
        b->n = 0;
        return;
    }
    b->start += n;
    b->n -= n;
}

void buf_truncate(struct buf *b, size_t n)
{
    if (n < b->n)
        b->n = n;
}

void buf_clear(struct buf *b)
{
    b->start = 0;
    b->n = 0;
}

void buf_free(struct buf *b)
{
    mem_free(b->base);
    *b = (struct buf){0};
}

void buf_wipe_free(struct buf *b)
{
    if (b->base != NULL)
        explicit_bzero(b->base, b->cap);
    buf_free(b);
}

void buf_take(struct buf *to, struct buf *from)
{
    *to = *from;
    *from = (struct buf){0};
}

const char *buf_cstr(struct buf *b)
{
    *buf_reserve(b, 1) = '\0';
    return buf_bytes(b);
}
