/*
 * What a file is by its first bytes, whatever its name or its sender says: the
 * activity field files[].type, beside declared_type.
 *
 * Signatures of the formats that people exchange; of a ZIP archive the member
 * names tell which kind it is; what is UTF-8 or UTF-16 without control
 * characters is text.  Knows nothing of the rest of the file.
 */
#ifndef INSPECT_FILETYPE_H
#define INSPECT_FILETYPE_H

#include <stdbool.h>

#include "base/str.h"

enum { FILETYPE_HEAD_BYTES = 16 * 1024 }; /* more is not looked at */

/* head: the first bytes, FILETYPE_HEAD_BYTES of them or the whole file.  A
 * type like "application/pdf", static; "application/octet-stream" for what is
 * neither known nor text; empty for an empty head. */
struct str filetype_find(struct str head);

/* Whether the words of a file of this type are not in its bytes: documents,
 * archives, mail and pictures, which have readers (extract/). */
bool filetype_is_document(struct str type);
/* Header lines from the first byte, three of those that mail has: prose with
 * a "From:" in it is none. */
bool filetype_is_mail(struct str head);

#endif
