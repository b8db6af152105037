/*
 * What `promptgate scan` prints: a table for people, JSON lines, or SARIF
 * 2.1.0 (OASIS) for tools that show findings in code (proxy/scan_sarif.c).
 *
 *   scan_report_begin   once
 *   scan_report_file    what one file adds, by whichever process scanned it
 *   scan_report_put     that, in the order of the files
 *   scan_report_end     once
 *
 * Values appear nowhere unless the user asked for them with --unmask.
 */
#ifndef PROXY_SCAN_REPORT_H
#define PROXY_SCAN_REPORT_H

#include "base/jsonw.h"
#include "inspect/rules.h"
#include "proxy/scan_file.h"

enum scan_format { SCAN_TABLE, SCAN_JSONL, SCAN_SARIF };

struct scan_report {
    enum scan_format format;
    bool is_unmasked;          /* the values too */
    const struct rules *rules; /* borrowed; SARIF describes them */
    bool has_results;          /* SARIF: a comma is due */
    struct jsonw sarif;
    struct buf notes; /* SARIF: what could not be read, with commas */
};

void scan_report_begin(struct scan_report *report, struct buf *out);
void scan_report_file(const struct scan_report *report, const char *file,
    const struct scan_result *result, struct buf *out);
void scan_report_put(
    struct scan_report *report, struct str piece, struct buf *out);
/* A file that could not be read. */
void scan_report_note(
    struct scan_report *report, const char *file, struct str why);
void scan_report_end(struct scan_report *report, struct buf *out);

/* The "findings" member of an open object. */
void scan_report_write_findings(const struct scan_report *report,
    struct jsonw *w, const struct scan_result *result);
/* A name or value for a terminal: quoted when it has bytes that a terminal
 * would obey. */
void scan_report_show(struct buf *out, struct str text);

/* proxy/scan_sarif.c */
void scan_sarif_begin(struct scan_report *report, struct buf *out);
void scan_sarif_file(const struct scan_report *report, const char *file,
    const struct scan_result *result, struct buf *out);
void scan_sarif_end(struct scan_report *report, struct buf *out);

#endif
