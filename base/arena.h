/*
 * An arena: memory that is given out piece by piece and freed all at once.
 * What lives as long as an exchange, a configuration or a parsed document
 * comes from its arena.  {0} is a valid empty arena.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

struct arena_block;

struct arena {
    struct arena_block *blocks;
    size_t used_bytes; /* given out so far, for bounds */
};

void *arena_alloc(struct arena *a, size_t n); /* zeroed, 16-byte aligned */
char *arena_strdup(struct arena *a, const char *s);
struct str arena_copy(struct arena *a, struct str s); /* NUL follows the copy */
/* In lower case (ASCII), NUL follows. */
struct str arena_lower(struct arena *a, struct str s);
char *arena_printf(struct arena *a, const char *format, ...) PRINTF_LIKE(2, 3);
void arena_free(struct arena *a); /* leaves {0} */
/* Like arena_free, of what must not stay in memory. */
void arena_wipe(struct arena *a);
/* Like arena_free, but one ordinary block stays for what comes next. */
void arena_reset(struct arena *a);

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))

#endif
