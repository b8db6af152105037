/*
 * Files scanned at once, in processes of their own: a file that ends the
 * process that reads it ends nothing else, and the next one gets a new
 * process.  Results come in the order of the files.
 */
#ifndef PROXY_SCAN_POOL_H
#define PROXY_SCAN_POOL_H

#include <stdint.h>

#include "base/buf.h"

/* What is said of one file. */
struct pool_result {
    const char *path;
    struct buf piece; /* of the report */
    struct buf error; /* why it could not be read; empty: it was */
    uint64_t bytes;   /* read */
    uint64_t findings;
};

struct pool_options {
    unsigned jobs; /* 0 and 1: in this process, without isolation */
    /* The next file; false: there is none.  error_out not empty: told as it
     * is.  Borrowed until the next call. */
    bool (*next)(void *context, const char **path_out, const char **error_out);
    /* In another process, with a copy of the context as it was. */
    void (*scan)(void *context, struct pool_result *result);
    /* Each file, in order. */
    void (*take)(void *context, const struct pool_result *result);
    void *context;
};

enum {
    POOL_JOBS_MAX = 256,
    POOL_WAITING_MAX = 2048,        /* results that wait for one before */
    POOL_PIECE_MAX = 1 << 30,       /* bytes of one file's report */
    POOL_WAITING_BYTES = 256 << 20, /* of them, before no file is begun */
};

/* ERR_IO with errno: no process could be started. */
enum err pool_run(const struct pool_options *options) MUST_USE;

#endif
