/*
 * Data files of detectors: fingerprints of documents, hashes of tables.  They
 * are too large to be configuration that every role parses; so all of a
 * generation lie in one sealed memfd beside the bundle, which only those who
 * scan map, read-only, and use where it lies.
 *
 * The parent (or a command) copies the files in, in any order; a file that is
 * not there is left out.  Each starts at a multiple of DATAFILE_ALIGN.
 */
#ifndef BASE_DATAFILE_H
#define BASE_DATAFILE_H

#include <stdint.h>

#include "base/str.h"

enum { DATAFILE_ALIGN = 64, DATAFILE_NAME_MAX = 4096 };

/* Appends the file of that name, as it is on disk, to the memfd.
 * ERR_NOT_FOUND: nothing was appended; ERR_LIMIT: more than max bytes; ERR_IO
 * with errno. */
enum err datafile_append(int memfd, const char *path, size_t max) MUST_USE;

/* For files that are not as on disk what is used of them: between the two the
 * caller writes exactly so many bytes.  The name as above. */
enum err datafile_begin(int memfd, struct str name, uint64_t bytes) MUST_USE;
enum err datafile_end(int memfd, uint64_t bytes) MUST_USE;

/* all: the mapped memfd.  ERR_NOT_FOUND: it was not there; ERR_PARSE. */
enum err datafile_find(
    struct str all, struct str name, struct str *bytes_out) MUST_USE;

#endif
