/*
 * A secret that the configuration names and does not have in it: in a file of
 * one line beside the settings, or in an environment variable.  For commands
 * and the parent, which may open files; roles are given what was read.
 *
 * It is in no log.
 */
#ifndef PROXY_KEY_SOURCE_H
#define PROXY_KEY_SOURCE_H

#include "base/buf.h"

struct key_source {                 /* borrowed */
    struct str file, env;           /* both empty: none is wanted */
    struct str settings_file;       /* what a relative name is beside */
    const char *name;               /* of what it is for, in logs */
    const char *missing, *readable; /* events: not to be had; by others, too */
};

/* The line without blanks around it.  ERR_CONFIG: logged. */
enum err key_source_read(
    const struct key_source *source, struct buf *out) MUST_USE;

#endif
