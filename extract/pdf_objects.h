/*
 * The strings of a PDF that pdftotext does not print: of annotations, form
 * fields, links, outlines, scripts; and attached files.  Not a PDF reader: it
 * looks at every dictionary, in the file and in its object streams, whether
 * or not anything refers to it, and knows nothing of pages.
 */
#ifndef EXTRACT_PDF_OBJECTS_H
#define EXTRACT_PDF_OBJECTS_H

#include "extract/job.h"

/* is_locked: the strings and streams are ciphertext; only that there are
 * attached files is told. */
void pdf_objects_read(struct job *job, struct str bytes, bool is_locked);

#endif
