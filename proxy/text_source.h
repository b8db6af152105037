/*
 * A file as the detectors see it, for commands that run on their own: UTF-16
 * becomes UTF-8, and what is no text its printable runs (inspect/runs.h), in
 * which findings have their offsets; documents become their text, in a process
 * of its own (proxy/extract_child.h).
 *
 * Either all at once (text_source_load), or through a window that its reader
 * fills, consumes from and looks at (struct text_source), so that memory does
 * not grow with the file.
 */
#ifndef PROXY_TEXT_SOURCE_H
#define PROXY_TEXT_SOURCE_H

#include "base/bundle.h"
#include "inspect/runs.h"
#include "proxy/extract_child.h"

enum { TEXT_SOURCE_MAX = 512 << 20 }; /* bytes of text read at once */

enum text_source_coding {
    TEXT_SOURCE_BYTES,
    TEXT_SOURCE_UTF16LE,
    TEXT_SOURCE_UTF16BE,
    TEXT_SOURCE_RUNS,
};

struct text_source {
    struct buf text; /* the window */
    uint64_t bytes;  /* read of the file */
    bool is_at_end;  /* no more will come into the window */
    int error;       /* errno; 0: none */
    /* Private. */
    int fd;
    enum text_source_coding coding;
    struct buf raw; /* that is not converted yet */
    struct runs runs;
};

/* path: "-" is standard input.  False: error says why; close it anyway. */
bool text_source_open(struct text_source *s, const char *path);
/* Reads until the window has so many bytes, or there are no more. */
void text_source_fill(struct text_source *s, size_t want);
/* The window is the file's own bytes, not converted. */
bool text_source_is_bytes(const struct text_source *s);
/* By the window; asked of a filled one from which nothing was consumed. */
bool text_source_is_document(const struct text_source *s);
/* If by its content it is no text, whatever its name says, the window becomes
 * its printable runs.  Asked once, of one that is no document. */
void text_source_sift(struct text_source *s);
/* Takes the window; one that is longer than setup allows is EXTRACT_LIMIT. */
void text_source_read_document(struct text_source *s,
    const struct extract_setup *setup, struct extract_report *report);
void text_source_close(struct text_source *s);

/* All of it, into an empty text; report: of a document, where its text is from
 * and what is missing of it; its text is moved to text.  ERR_IO with errno;
 * ERR_LIMIT (EFBIG). */
enum err text_source_load(const struct extract_setup *setup, const char *path,
    struct buf *text, struct extract_report *report) MUST_USE;

/* The limits of the configuration; mistakes in it leave the defaults. */
void text_source_setup(
    const struct bundle *bundle, struct extract_setup *setup_out);

#endif
