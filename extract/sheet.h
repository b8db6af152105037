/*
 * SpreadsheetML (ECMA-376 part 1 §18): a sheet as lines of cells parted by
 * tabs, its strings looked up in the workbook's table.
 */
#ifndef EXTRACT_SHEET_H
#define EXTRACT_SHEET_H

#include "extract/job.h"

struct sheet_string {
    size_t end; /* in the text of all */
    bool is_used;
};

struct sheet_strings {
    struct buf text; /* all, one behind the other */
    struct sheet_string *items;
    size_t count, cap;
};

/* False: the table is damaged. */
bool sheet_strings_read(struct str xml, struct sheet_strings *out);
void sheet_strings_free(struct sheet_strings *strings);
/* 4.1111111111111111E+15 is how a long number is kept: in full, in room, if
 * it is a whole number; any other text as it is. */
enum { SHEET_NUMBER_MAX = 64 };
struct str sheet_number(struct str text, char room[SHEET_NUMBER_MAX]);
void sheet_read(struct job *job, struct str xml, struct sheet_strings *strings);
/* Those that no sheet shows: a line each. */
void sheet_strings_rest(struct job *job, const struct sheet_strings *strings);

#endif
