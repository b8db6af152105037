/*
 * Memory that is always there: allocation failure ends the process with one
 * line on standard error.  Anything a peer can size must be bounded before it
 * comes here.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

void *mem_alloc(size_t n);                /* contents undefined */
void *mem_zalloc(size_t n);               /* zeroed */
void *mem_calloc(size_t count, size_t n); /* zeroed, overflow checked */
void *mem_realloc(void *p, size_t n);
char *mem_strdup(const char *s);
char *mem_memdup0(const void *p, size_t n); /* copy with a closing NUL */
void mem_free(void *p);                     /* NULL is fine */

/* Between these, what this thread frees or moves is zeroed first: memory that
 * held a secret, in whatever structure it was.  They nest. */
void mem_wipe_begin(void);
void mem_wipe_end(void);

/* Once, at the start of a process: a large block is a mapping of its own,
 * whatever was freed before.  So it grows without a copy beside it, and what
 * is freed goes back to the system. */
void mem_map_large_blocks(void);

/* For libraries that report it: ends the process like a failed mem_alloc. */
_Noreturn void mem_exhausted(void);

#define MEM_NEW(type) ((type *)mem_zalloc(sizeof(type)))
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
