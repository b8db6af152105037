/*
 * Exact data match: rows of a table that an administrator has named are found
 * in texts, without the table: cells are stored as keyed hashes only.
 *
 * `promptgate edm build` makes an index out of a CSV file (edm_build.h); a
 * detector of kind edm (docs/detectors.md) asks for so many of its columns, of
 * one row, near each other.  The lookup walks a text once, in steps: most
 * words cost a hash and one look into a filter.
 *
 * An index on disk (edm_file.c) is a clear head, which says what columns it
 * has, and the image, encrypted with a key that is kept elsewhere.  For those
 * who scan it becomes a data file (base/datafile.h): head and image in clear.
 */
#ifndef INSPECT_EDM_H
#define INSPECT_EDM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum {
    EDM_COLUMNS_MAX = 32,
    EDM_NAME_MAX = 64, /* of a column */
    EDM_ROWS_MAX = 1 << 26,
    /* bytes of a clear head; in a data file the image starts there */
    EDM_HEAD_MAX = 4096,
    EDM_KEY_BYTES = 32,
    EDM_INDEXES_MAX = 32,
    EDM_WITHIN_MAX = 1000, /* characters */
};
#define EDM_IMAGE_MAX (UINT64_C(1) << 30)

/* ---- files: edm_file.c ---- */

enum edm_type {
    EDM_TYPE_AUTO,
    EDM_TYPE_TEXT,
    EDM_TYPE_NAME,
    EDM_TYPE_NUMBER,
    EDM_TYPE_EMAIL,
    EDM_TYPE_DATE,
    EDM_TYPES,
};
const char *edm_type_name(enum edm_type type);
/* EDM_TYPES: none of them. */
enum edm_type edm_type_of(struct str name);

struct edm_column {
    char name[EDM_NAME_MAX + 1];
    enum edm_type type;
};

/* What the clear head of an index says. */
struct edm_head {
    struct edm_column columns[EDM_COLUMNS_MAX];
    uint32_t column_count, rows;
    uint64_t image_bytes;
    int64_t built_ms;
    unsigned char salt[16];
    unsigned char key_id[8]; /* which key it was made with */
};

void edm_key_new(unsigned char key_out[EDM_KEY_BYTES]);

/* ERR_PARSE: no index, damaged, or of another version. *bytes_out: of the
 * head in the file, at most EDM_HEAD_MAX. */
enum err edm_head_read(
    struct str bytes, struct edm_head *out, size_t *bytes_out) MUST_USE;

/* A whole index file to fd. ERR_IO: errno. */
enum err edm_file_write(int fd, const struct edm_head *head, struct str image,
    const unsigned char key[EDM_KEY_BYTES]) MUST_USE;

/* The image out of the index file `from` (read from its start), written to
 * `to`, exactly head.image_bytes of it.  expected: the head's bytes as they
 * were read before.  ERR_STATE: the file has another head by now; ERR_DENIED:
 * another key; ERR_PARSE: damaged or cut short. */
enum err edm_file_open(int from, struct str expected,
    const unsigned char key[EDM_KEY_BYTES], int to) MUST_USE;

/* ---- detectors ---- */

struct edm_detector {
    size_t index;             /* of the set */
    uint64_t columns, always; /* bits */
    unsigned match;           /* so many of the columns */
    size_t within;            /* characters, all of them together */
};

/* ---- lookup ---- */

struct edm_index;
/* image: borrowed, aligned to 8 bytes.  ERR_PARSE: not a good image, why in
 * *why_out (static). */
enum err edm_index_open(struct str image, struct edm_index **index_out,
    const char **why_out) MUST_USE;
void edm_index_free(struct edm_index **index);
uint32_t edm_index_columns(const struct edm_index *index);

/* A row that was found. */
struct edm_match {
    size_t detector; /* of those that the walk was made with */
    uint32_t row;
    size_t start, end; /* bytes of the text, from the first cell to the last */
    uint64_t columns;  /* which */
    struct {
        size_t start, end;
    } cells[EDM_COLUMNS_MAX]; /* by column */
};
typedef void edm_match_fn(void *owner, const struct edm_match *match);

/* One text, one index: looks for the rows of all detectors that use it.
 * Everything is borrowed until edm_walk_free.  Bounded: a few kilobytes,
 * whatever the text. */
struct edm_walk;
struct edm_walk *edm_walk_new(const struct edm_index *index,
    const struct edm_detector *detectors, size_t count, size_t index_number,
    struct str text, edm_match_fn *on_match, void *owner);
/* Looks at about max_bytes more (less, where much is found); true while there
 * is more.  Matches are told when they can grow no more, in the order of
 * their ends. */
bool edm_walk_step(struct edm_walk *walk, size_t max_bytes);
void edm_walk_free(struct edm_walk **walk);

#endif
