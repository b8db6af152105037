/*
 * Documents, archives and images to text, for detectors to look at: bodies,
 * and what a reader of the page does not see (properties, comments, deleted
 * text, hidden sheets, speaker notes, names of members).
 *
 * extract_run reads one file whole and writes a report to a descriptor while
 * it goes, so that what was found before a time-out or a crash is not lost.
 * It belongs into a process of its own that may do nothing else
 * (proxy/sandbox.h, sandbox_enter_extract): the formats are hostile, and the
 * libraries behind them are large.  report_read, the other end, trusts none
 * of the report.
 */
#ifndef EXTRACT_EXTRACT_H
#define EXTRACT_EXTRACT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

enum { EXTRACT_LANGUAGES_BYTES = 64 };

struct extract_limits {
    size_t text_bytes;     /* of the text, in all */
    size_t unpacked_bytes; /* of all members of all containers */
    unsigned members;      /* of all containers */
    unsigned depth;        /* container in container */
    unsigned ratio;        /* unpacked : packed, above a megabyte */
    unsigned pages;        /* of scans read by OCR */
    unsigned time_ms;      /* after which whoever waits gives up */
    bool has_programs;     /* poppler's and tesseract may be run */
    char languages[EXTRACT_LANGUAGES_BYTES]; /* of OCR: "eng+deu" */
};

/* Worst last: what is said of the whole file. */
enum extract_status {
    EXTRACT_GOOD,
    EXTRACT_PARTLY,    /* something in it is not text and was not looked at */
    EXTRACT_UNKNOWN,   /* no text in it that we know how to get */
    EXTRACT_LIMIT,     /* beyond a limit: the rest was not read */
    EXTRACT_DAMAGED,   /* not what its format demands */
    EXTRACT_ENCRYPTED, /* a password is needed */
    EXTRACT_TIMEOUT,   /* took too long and was ended */
    EXTRACT_CRASHED,   /* the reader ended by itself, or there is none */
    EXTRACT_STATUSES,
};
/* "encrypted" …; never NULL. */
const char *extract_status_name(enum extract_status status);
/* Whether text may be missing: what becomes the finding unreadable-file. */
bool extract_status_is_bad(enum extract_status status);

/* While files can still be opened: the locale. */
void extract_prepare(void);
/* One file: bytes are its content; its name says nothing.  fd: the report.
 * Leaves nothing behind in the process but memory. */
void extract_run(struct str bytes, const struct extract_limits *limits, int fd);

/* Where a piece of the text is from. */
struct extract_part {
    struct str path;   /* "mail.eml/q3.zip/q3.xlsx/xl/comments1.xml" */
    size_t start, end; /* in the text */
};

enum { EXTRACT_PARTS_MAX = 4096, EXTRACT_PATH_MAX = 1024 };

struct extract_report {
    struct buf text;
    struct extract_part *parts; /* in order, without gaps; in the arena */
    size_t part_count;
    /* The worst that happened, and to which member (empty: the file). */
    enum extract_status status;
    struct str where;
    struct arena arena;
};

/* A report that does not reach its end is EXTRACT_CRASHED. */
void extract_report_read(
    struct str report, size_t text_max, struct extract_report *out);
void extract_report_free(struct extract_report *report);
/* The part that holds this offset of the text; NULL: there is none. */
const struct extract_part *extract_part_at(
    const struct extract_report *report, size_t offset);

#endif
