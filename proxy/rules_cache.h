/*
 * Compiled detectors on disk, FOLDER/HASH.hsdb, by rules_hash: compiling
 * takes seconds.  Shared by the gateway's parent and the commands that scan
 * without one.  Best effort: without a cache everything only takes longer.
 */
#ifndef PROXY_RULES_CACHE_H
#define PROXY_RULES_CACHE_H

#include "base/str.h"

/* A database that only this user or root can have written (it is code to the
 * matcher), for reading; -1: none.  The caller closes it. */
int rules_cache_open(const char *folder, const char *hash);
/* Makes the folder, replaces the file, removes what nobody made for a month. */
void rules_cache_write(
    const char *folder, const char *hash, struct str database);

#endif
