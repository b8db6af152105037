/*
 * What was done in the console, or by a command that opens what it seals, as
 * the JSON of its record.  One form, whoever writes it; store/audit.h keeps it.
 */
#ifndef STORE_AUDIT_RECORD_H
#define STORE_AUDIT_RECORD_H

#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/* All borrowed. */
struct audit_record {
    const char *id;
    int64_t time_ms;
    struct str node;
    const char *via; /* "console" or "command": the actor's source, too */
    const char *activity;
    bool is_failure;
    struct str user;         /* empty: nobody known */
    const char *ip;          /* NULL: of this machine */
    const char *target_type; /* NULL: no target */
    struct str target_id;
    struct str details; /* JSON; or empty */
};

void audit_record_write(const struct audit_record *record, struct buf *out);

#endif
