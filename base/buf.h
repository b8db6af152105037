/*
 * struct buf: a growing run of bytes that its holder owns.
 *
 * Bytes are appended at the end and consumed at the front; consuming moves a
 * start mark and compacts lazily, so a buf serves as a small byte queue.
 * {0} is a valid empty buf.  A buf is bounded by whoever appends to it.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

enum { BUF_IDLE_BYTES = 1024 };

struct buf {
    char *base; /* allocation, owned */
    size_t start;
    size_t n; /* live bytes, from base + start */
    size_t cap;
    bool wipes; /* what leaves it is zeroed: set once, kept by buf_free */
};

static inline char *buf_bytes(const struct buf *b)
{
    return b->base + b->start;
}

static inline struct str buf_str(const struct buf *b)
{
    return (struct str){b->base != NULL ? b->base + b->start : NULL, b->n};
}

void buf_append(struct buf *b, const void *p, size_t n);
void buf_append_str(struct buf *b, struct str s);
void buf_append_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *format, ...) PRINTF_LIKE(2, 3);
void buf_vprintf(struct buf *b, const char *format, va_list args)
    PRINTF_LIKE(2, 0);

/* Room for at least n more bytes at the end; returns where they start.
 * buf_commit says how many of them were filled. */
char *buf_reserve(struct buf *b, size_t n);
void buf_commit(struct buf *b, size_t n);

void buf_consume(struct buf *b, size_t n);  /* from the front, clamped */
void buf_truncate(struct buf *b, size_t n); /* keeps the first n bytes */
void buf_clear(struct buf *b);              /* keeps the allocation */
/* An empty one: gives back more room than BUF_IDLE_BYTES. */
void buf_give_back(struct buf *b);
void buf_free(struct buf *b);      /* leaves {0}, but for wipes */
void buf_wipe_free(struct buf *b); /* zeroes first: secrets */

/* Moves the whole content: *from becomes {0}, *to must be {0}, but for wipes,
 * which both have then if one had it. */
void buf_take(struct buf *to, struct buf *from);

/* NUL-terminates behind the content (not counted) and returns it. */
const char *buf_cstr(struct buf *b);

#endif
