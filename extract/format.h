/*
 * Which reader a file is for, by its content: never by its name, which is the
 * sender's to choose.  The name that people know a format by is
 * inspect/filetype.h's; here a damaged or disguised one still finds its
 * reader.
 */
#ifndef EXTRACT_FORMAT_H
#define EXTRACT_FORMAT_H

#include "base/str.h"

enum format {
    FORMAT_EMPTY,
    FORMAT_TEXT, /* also source, CSV, JSON, XML, notebooks */
    FORMAT_HTML,
    FORMAT_RTF,
    FORMAT_MAIL, /* RFC 5322 and mbox */
    FORMAT_OOXML_WORD,
    FORMAT_OOXML_SHEET,
    FORMAT_OOXML_SLIDES,
    FORMAT_OOXML,
    FORMAT_ODT,
    FORMAT_ODS,
    FORMAT_ODP,
    FORMAT_ODF,
    FORMAT_EPUB,
    FORMAT_ZIP,
    FORMAT_TAR,
    FORMAT_7Z,
    FORMAT_ARCHIVE, /* cpio, ar, RAR, cab, iso … */
    FORMAT_GZIP,
    FORMAT_BZIP2,
    FORMAT_XZ,
    FORMAT_ZSTD,
    FORMAT_LZ4,
    FORMAT_PDF,
    FORMAT_TNEF, /* winmail.dat */
    FORMAT_SQLITE,
    FORMAT_OLE, /* doc, xls, ppt, msg */
    FORMAT_PNG,
    FORMAT_JPEG,
    FORMAT_GIF,
    FORMAT_WEBP,
    FORMAT_TIFF,
    FORMAT_BMP,
    FORMAT_BINARY,
};

enum format format_of(struct str bytes);
/* Whether there is a reader behind it, and the bytes are not the text. */
bool format_is_document(enum format type);
/* Bytes of a FORMAT_BINARY that are to be read as strings(1) does, and not as
 * a text with a few controls in it. */
bool format_is_noise(struct str bytes);

/* A zip's last words: where its first member begins, by its directory, and
 * the comment on the whole.  False: no directory. */
bool format_zip_ends(
    struct str zip, size_t *first_out, struct str *comment_out);
/* A zip may stand behind anything (self-extracting ones, polyglots). */
bool format_has_zip_behind(struct str bytes);

#endif
