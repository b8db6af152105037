/*
 * The compiler role: lives for one start or reload.  Proves a configuration
 * by loading all of it as a worker would, and leaves the Hyperscan database
 * in the memfd it was given; a bad rule set never reaches a worker.
 */
#ifndef PROXY_ROLE_COMPILER_H
#define PROXY_ROLE_COMPILER_H

#include "proxy/role.h"

/* Exit statuses. */
enum { COMPILER_COMPILED = 0, COMPILER_MISTAKES = 2, COMPILER_CACHED = 4 };

int compiler_main(const struct role_start *start);

#endif
