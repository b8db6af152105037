/*
 * The data files that the detectors of a configuration name (base/datafile.h),
 * read from disk into one sealed memfd: by the parent for its workers, by the
 * commands for themselves.
 */
#ifndef PROXY_DATA_FILES_H
#define PROXY_DATA_FILES_H

#include "inspect/rules.h"

enum { DATA_FILES_BYTES_MAX = 1 << 30 }; /* of all files together */

/* fd_out: -1 when the detectors name none.  ERR_CONFIG: a file cannot be
 * read, reported into diag; ERR_IO with errno.  One that is not there is left
 * out. */
enum err data_files_open(
    const struct rules *rules, struct diag *diag, int *fd_out) MUST_USE;
/* The same, mapped: memfd_unmap.  Empty when there are none. */
enum err data_files_map(const struct rules *rules, struct diag *diag,
    struct str *bytes_out) MUST_USE;

#endif
