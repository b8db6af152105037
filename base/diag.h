/*
 * Mistakes found in configuration files, each as
 * "file:line: what is wrong, and what is allowed".
 *
 * Loaders report every mistake and go on; the caller looks at the count.
 */
#ifndef BASE_DIAG_H
#define BASE_DIAG_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

struct diag {
    struct buf text; /* one mistake a line */
    size_t count;
};

void diag_add(struct diag *d, const char *file, unsigned line,
    const char *format, ...) PRINTF_LIKE(4, 5);
void diag_free(struct diag *d);

#endif
