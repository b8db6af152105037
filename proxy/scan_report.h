/*
 * What `promptgate scan` prints: a table for people, JSON lines, or SARIF
 * 2.1.0 (OASIS) for tools that show findings in code.
 *
 *   scan_report_begin   once
 *   scan_report_add     for every file, in order
 *   scan_report_end     once; flushes
 */
#ifndef PROXY_SCAN_REPORT_H
#define PROXY_SCAN_REPORT_H

#include <stdio.h>

#include "base/jsonw.h"
#include "extract/extract.h"
#include "inspect/activity.h"
#include "inspect/rules.h"

enum scan_format { SCAN_TABLE, SCAN_JSONL, SCAN_SARIF };

struct scan_report {
    enum scan_format format;
    bool is_unmasked;          /* the values too */
    const struct rules *rules; /* borrowed; SARIF describes them */
    /* Of the file that is added: where its text is from; NULL: itself. */
    const struct extract_report *extracted;
    FILE *out;
    struct buf text; /* what has not been written yet */
    struct jsonw sarif;
};

void scan_report_begin(struct scan_report *report);
/* extracted: of a document, where its text is from. */
void scan_report_add(struct scan_report *report, const char *file,
    struct str text, const struct findings *findings,
    const struct extract_report *extracted);
void scan_report_end(struct scan_report *report);

/* The "findings" member of an open object. */
void scan_report_write_findings(const struct scan_report *report,
    struct jsonw *w, struct str text, const struct findings *findings);
void scan_report_flush(struct scan_report *report);

#endif
