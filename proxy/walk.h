/*
 * The files that a command was given: a file is itself, a folder all regular
 * files below it, by name; hidden ones and links are left out.
 */
#ifndef PROXY_WALK_H
#define PROXY_WALK_H

#include "base/err.h"

typedef void walk_fn(void *owner, const char *path);

/* ERR_IO with errno: what is at path, or a folder below it, cannot be read;
 * the rest was walked. */
enum err walk_files(const char *path, walk_fn *each, void *owner) MUST_USE;

#endif
