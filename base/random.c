#include "base/random.h"

#include <stdlib.h>
#include <sys/random.h>
#include <sys/types.h>

enum { FILL_MAX = 256 };

void random_fill(void *out, size_t n)
{
    if (n > FILL_MAX || getrandom(out, n, 0) != (ssize_t)n)
        abort(); /* not without a mistake of ours */
}
