/*
 * CSV files (RFC 4180) as people's programs write them, fed in any cuts: with
 * or without a byte order mark, lines ended by LF, CRLF or CR, cells separated
 * by comma, semicolon or tab (the first line shows which), quoted where they
 * need it, and UTF-8.  What is none of that is told with its line, and the
 * next line is read.
 *
 * Limits: CSV_ROW_MAX bytes and CSV_CELLS_MAX cells a row.
 */
#ifndef INSPECT_CSV_READ_H
#define INSPECT_CSV_READ_H

#include "base/buf.h"

enum { CSV_ROW_MAX = 1 << 20, CSV_CELLS_MAX = 1024 };

struct csv_reader;

struct csv_events {
    /* Cells without their quotes, valid during the call; line: where the row
     * begins, from 1.  False: read no further. */
    bool (*on_row)(
        void *owner, size_t line, const struct str *cells, size_t count);
    void (*on_bad)(void *owner, size_t line, const char *what);
};

/* separator: 0 to guess. */
struct csv_reader *csv_reader_new(
    char separator, const struct csv_events *events, void *owner);
/* False: on_row wants no more. */
bool csv_reader_feed(struct csv_reader *reader, struct str bytes);
/* The last line may lack its end. */
void csv_reader_finish(struct csv_reader *reader);
void csv_reader_free(struct csv_reader **reader);

#endif
