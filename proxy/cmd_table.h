/*
 * Activities as lines for people, as wide as the terminal.
 */
#ifndef PROXY_CMD_TABLE_H
#define PROXY_CMD_TABLE_H

#include "base/buf.h"

struct table {
    unsigned width; /* of the terminal in cells; 0: not a terminal, uncut */
    unsigned user_cells, activity_cells;
};

void table_begin(struct table *table); /* looks at standard output */
void table_write_head(const struct table *table, struct buf *out);
void table_write_row(
    const struct table *table, struct str json, struct buf *out);
/* text in exactly `cells` cells, cut with '…'; what a terminal would obey
 * (control characters) or reorder becomes '?'. cells 0: uncut, unpadded. */
void table_write_cell(struct buf *out, struct str text, unsigned cells);

#endif
