/* jansson for bench/extract.c, in a file of its own: both have names like
 * JSON_OBJECT. */
#ifndef BENCH_EXTRACT_JANSSON_H
#define BENCH_EXTRACT_JANSSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Parses and frees.  strings: NULL, or grows by the bytes of all strings and
 * keys. */
bool jansson_parse(const char *text, size_t n, uint64_t *strings);

#endif
