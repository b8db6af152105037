/*
 * One file through the detectors, for `promptgate scan`: text in slices, so
 * that memory does not grow with the file; documents by a reader in a sandbox
 * of its own (proxy/extract_child.h).
 */
#ifndef PROXY_SCAN_FILE_H
#define PROXY_SCAN_FILE_H

#include <stdio.h>

#include "inspect/scan.h"
#include "proxy/extract_child.h"

enum {
    SCAN_SLICE_BYTES = 32 << 20,  /* of text looked at as one */
    SCAN_CARRY_BYTES = 128 << 10, /* seen again with the next slice */
    SCAN_GUARD_BYTES = 64 << 10,  /* at a border: what is near it waits */
};

/* Where a finding is, as editors count: from 1, columns in code points. */
struct scan_spot {
    size_t line, column, end_line, end_column;
    struct str part;  /* of a document: the member it is in */
    struct str value; /* in clear; only where asked for */
};

struct scan_options {
    struct scanner *scanner;
    const struct extract_setup *setup; /* how documents are read */
    bool wants_values;
    enum level min_severity, min_confidence; /* LEVEL_NONE: all */
};

struct scan_result {
    struct findings findings; /* by their place */
    struct scan_spot *spots;  /* of each of them; strings in arena */
    struct arena arena;
    /* Offsets are those of the file's own bytes. */
    bool is_bytes;
    uint64_t bytes;   /* read */
    struct buf error; /* why it could not be read; empty: it was */
};

/* path: "-" is standard input. */
void scan_file(const struct scan_options *options, const char *path,
    struct scan_result *out);
/* Text at hand; borrowed for the call. */
void scan_file_text(const struct scan_options *options, struct str text,
    enum where where, struct scan_result *out);
void scan_result_free(struct scan_result *result);

/* The text that would be scanned, to a stream. False: errors in *out. */
bool scan_file_show(const struct scan_options *options, const char *path,
    FILE *to, struct scan_result *out);

#endif
