/*
 * A file as the detectors see it, for commands: documents become their text,
 * in a process of its own, and UTF-16 becomes UTF-8.
 */
#ifndef PROXY_DOCUMENT_TEXT_H
#define PROXY_DOCUMENT_TEXT_H

#include "base/bundle.h"
#include "proxy/extract_child.h"

enum { DOCUMENT_FILE_MAX = 512 << 20 };

/* The limits of the configuration; mistakes in it leave the defaults. */
void document_text_setup(
    const struct bundle *bundle, struct extract_setup *setup_out);

/* name: "-" is standard input.  report: of a document, where its text is from
 * and what is missing of it; its text is moved to text.  ERR_IO with errno;
 * ERR_LIMIT (EFBIG). */
enum err document_text_load(const struct extract_setup *setup, const char *name,
    struct buf *text, struct extract_report *report) MUST_USE;

#endif
