/*
 * Separate programs as readers (poppler's, tesseract), run from inside the
 * sandbox and under it: standard input is the file, standard output is taken
 * up to a bound.  They may be absent: then their formats are not read.
 */
#ifndef EXTRACT_PROGRAM_H
#define EXTRACT_PROGRAM_H

#include <stdbool.h>

#include "base/buf.h"

struct program_run {
    struct buf out, err; /* err: its first words */
    bool is_missing, is_crashed, is_cut;
    int status; /* of its exit */
};

/* argv[0]: the whole path. It is ended when it has written max bytes. */
void program_run(const char *const *argv, struct str input, size_t max,
    struct program_run *out);
void program_free(struct program_run *run);

/* The programs, for the sandbox; NULL at the end. */
extern const char *const program_paths[];
#define PROGRAM_PDFTOTEXT "/usr/bin/pdftotext"
#define PROGRAM_PDFINFO "/usr/bin/pdfinfo"
#define PROGRAM_PDFTOPPM "/usr/bin/pdftoppm"
#define PROGRAM_TESSERACT "/usr/bin/tesseract"

#endif
