/*
 * promptgate scan --jsonl: {"id":…,"text":…} a line in, {"id":…,
 * "findings":[…]} a line out, in the same order; a bad line is reported and
 * the rest goes on.
 */
#ifndef PROXY_SCAN_LINES_H
#define PROXY_SCAN_LINES_H

#include "proxy/scan_file.h"

enum { SCAN_CLEAN = 0, SCAN_BAD = 2, SCAN_FOUND = 3 };
/* Of two exit statuses the one that counts: bad, found, clean. */
int scan_worse(int a, int b);

/* Standard input to standard output; the exit status. */
int scan_lines(const struct scan_options *options);

#endif
