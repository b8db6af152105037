/*
 * Activities as CSV (RFC 4180): one line each, a fixed list of columns, for
 * spreadsheets.  Cells that a spreadsheet would take for a formula get an
 * apostrophe in front (OWASP, CSV injection).  Used by `promptgate
 * activities --format csv` and the console's activities.csv.
 */
#ifndef STORE_CSV_H
#define STORE_CSV_H

#include "base/buf.h"

/* The line of column names, with CRLF. */
void csv_write_head(struct buf *out);
/* ERR_PARSE: json is no JSON object; nothing was appended. */
enum err csv_write_activity(struct str json, struct buf *out) MUST_USE;
/* One cell, guarded and quoted where needed. */
void csv_write_cell(struct buf *out, struct str text);

#endif
