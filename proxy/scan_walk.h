/*
 * The files that names stand for, one after the other: a file itself, "-" for
 * standard input, of a folder all regular files below it, sorted by name.
 *
 * Folders of version control (.git, .hg, .svn) are left out, links inside
 * folders are not followed, and what is no file (pipes, sockets, devices) is
 * left out there.  Memory: of one folder's entries at a time.
 */
#ifndef PROXY_SCAN_WALK_H
#define PROXY_SCAN_WALK_H

#include "base/buf.h"

enum { WALK_EXCLUDES_MAX = 64 };

struct walk_options {
    char **names; /* borrowed */
    size_t count;
    const char *excludes[WALK_EXCLUDES_MAX]; /* globs: a path, or its end */
    size_t exclude_count;
};

struct walk;
struct walk *walk_new(const struct walk_options *options);
/* False: there is no more.  error_out: why the name cannot be looked into;
 * empty: it is a file.  Both are borrowed until the next call. */
bool walk_next(
    struct walk *walk, const char **path_out, const char **error_out);
void walk_free(struct walk **walk);

#endif
