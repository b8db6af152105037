/*
 * Bytes that nobody can guess, from the kernel: for keys, masks and salts.
 */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>

/* At most 256 bytes, which the kernel gives whole (getrandom(2)). */
void random_fill(void *out, size_t n);

#endif
