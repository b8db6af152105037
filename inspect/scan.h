/*
 * The detection engine: text in, findings out.
 *
 * A rule set is compiled once (inspect/rules.h, in the compiler role) to one
 * Hyperscan database; every worker maps it and has one scanner with scratch
 * of its own.  A scan is a job that is stepped, so that no event loop is ever
 * held: each step looks at no more than SCAN_STEP_BYTES.
 */
#ifndef INSPECT_SCAN_H
#define INSPECT_SCAN_H

#include "base/diag.h"
#include "inspect/activity.h"

struct rules; /* inspect/rules.h */
struct scanner;
struct scan_job;

enum { SCAN_STEP_BYTES = 256 * 1024 };

/* rules: borrowed, must outlive the scanner.  database: bytes from
 * rules_compile, borrowed or mapped.  ERR_UNSUPPORTED: built by another
 * library version, for another CPU or from other rules. */
enum err scanner_new(const struct rules *rules, struct str database,
    struct scanner **scanner_out) MUST_USE;
void scanner_free(struct scanner **scanner);

/* Opens what the detectors named, of all data files (base/datafile.h):
 * borrowed, must outlive the scanner.  ERR_CONFIG: damaged, reported into diag
 * with the detector's place. */
enum err scanner_attach(
    struct scanner *scanner, struct str data, struct diag *diag) MUST_USE;

/* text: UTF-8 (bytes that are not are scanned all the same), borrowed until
 * scan_job_free.  Findings are appended, with offsets into text;
 * is_incomplete when Hyperscan failed or more was hit than is looked at. */
struct scan_job *scan_job_new(struct scanner *scanner, struct str text,
    enum where where, struct findings *out);
/* True while there is more to do. */
bool scan_job_step(struct scan_job *job);
/* Before its scanner is. */
void scan_job_free(struct scan_job **job);

/* new, step until done, free. */
void scan_text(struct scanner *scanner, struct str text, enum where where,
    struct findings *out);

#endif
