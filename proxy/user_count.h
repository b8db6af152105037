/*
 * How many connections of this worker each logged-in user has: an address can
 * be shared by many and a user can have many, so neither bound replaces the
 * other (D4).
 */
#ifndef PROXY_USER_COUNT_H
#define PROXY_USER_COUNT_H

#include <stddef.h>

#include "base/str.h"

struct user_counts;
struct user_count; /* a connection's part of it */

struct user_counts *user_counts_new(void);
/* Everything taken has been given back. */
void user_counts_free(struct user_counts **counts);

/* One connection more; max 0: no bound.  NULL: the user has that many. */
struct user_count *user_counts_take(
    struct user_counts *counts, struct str user, size_t max);
/* *held may be NULL, and is NULL afterwards. */
void user_counts_give(struct user_counts *counts, struct user_count **held);

#endif
