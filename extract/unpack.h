/*
 * The only door to libarchive: the members of a container in memory, one
 * after the other, each unpacked within the job's bounds.
 */
#ifndef EXTRACT_UNPACK_H
#define EXTRACT_UNPACK_H

#include <stdbool.h>

#include "base/buf.h"
#include "extract/job.h"

struct unpack;

struct unpack_member {
    struct str name;  /* valid until the next call */
    struct str bytes; /* empty for links and folders */
    size_t packed;    /* 0: unknown */
    bool is_encrypted, is_damaged;
};

/* is_single: gzip, bzip2 … of one file, which may be a tar: its one member has
 * no name then. NULL: no container; noted as damaged. */
struct unpack *unpack_open(struct job *job, struct str bytes, bool is_single);
/* False: no more, or no further for a trouble that has been noted. */
bool unpack_next(struct unpack *unpack, struct unpack_member *member_out);
void unpack_close(struct unpack **unpack);

#endif
