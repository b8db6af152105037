/*
 * A table becomes an image (inspect/edm_image.h): row by row, then all at
 * once.  No value is kept beyond the call that brought it; memory is about 8
 * bytes a cell while rows come, and at the end some 35 bytes a different
 * value.
 */
#ifndef INSPECT_EDM_BUILD_H
#define INSPECT_EDM_BUILD_H

#include "inspect/edm_cell.h"

struct edm_build;

struct edm_build_options {
    const struct edm_column *columns; /* types are known by now */
    uint32_t column_count;
    uint32_t frequent; /* a value of more rows leads to none */
};

struct edm_column_report {
    uint64_t cells[EDM_CELL_STATES];
    uint64_t values;         /* different ones */
    uint64_t frequent;       /* of these in too many rows */
    uint64_t frequent_cells; /* cells that hold them */
};

struct edm_build_report {
    uint64_t rows;       /* that came */
    uint64_t duplicates; /* of another row, left out */
    uint64_t blank;      /* rows with no cell that could be used, left out */
    struct edm_column_report columns[EDM_COLUMNS_MAX];
};

struct edm_build *edm_build_new(const struct edm_build_options *options);
/* cells: column_count of them, UTF-8. ERR_LIMIT: more than EDM_ROWS_MAX, or
 * what they need is more than EDM_IMAGE_MAX. */
enum err edm_build_add(
    struct edm_build *build, const struct str *cells) MUST_USE;
/* The image, of `rows_out` rows. ERR_LIMIT as above; ERR_NOT_FOUND: no row
 * can be used. */
enum err edm_build_finish(struct edm_build *build, struct buf *image_out,
    uint32_t *rows_out, struct edm_build_report *report_out) MUST_USE;
void edm_build_free(struct edm_build **build);

#endif
