/*
 * Indexes of exact data match on disk (inspect/edm.h) and the key that opens
 * them: DATA_DIR/edm/key, 64 hexadecimal digits, readable by its owner only.
 * Index and key are kept apart: whoever has both can try values out.
 */
#ifndef PROXY_EDM_FILES_H
#define PROXY_EDM_FILES_H

#include "base/diag.h"
#include "inspect/edm.h"

/* The one of the file, or a new one.  Reported into diag with the file's
 * name. */
enum err edm_key_make(const char *path, struct diag *diag,
    unsigned char key_out[EDM_KEY_BYTES]) MUST_USE;

/* As a data file (base/datafile.h), in clear: at most max bytes.
 * ERR_UNSUPPORTED: the file is no index (nothing was appended or reported);
 * ERR_NOT_FOUND: not there; ERR_CONFIG: reported into diag. */
enum err edm_files_append(int memfd, struct str path, const char *key_path,
    size_t max, struct diag *diag) MUST_USE;

#endif
