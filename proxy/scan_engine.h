/*
 * The detection engine of the commands: a scanner on the configured rules,
 * its database taken from a cache in the data folder (or the user's cache
 * folder) or compiled and put there.  Roles of a running gateway get theirs
 * from the compiler instead (proxy/conf.h).
 */
#ifndef PROXY_SCAN_ENGINE_H
#define PROXY_SCAN_ENGINE_H

#include "base/bundle.h"
#include "inspect/rules.h"
#include "inspect/scan.h"

struct engine {
    const struct rules *rules; /* borrowed */
    struct scanner *scanner;
    struct buf database;
    struct str data; /* mapped */
};

/* False: reported into diag. */
bool engine_open(struct engine *e, const struct rules *rules,
    const struct bundle *bundle, struct diag *diag);
void engine_close(struct engine *e);

#endif
