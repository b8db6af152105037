/*
 * Names and layout of journal files, shared by journal.c (writing) and
 * journal_read.c (reading); not for others.
 */
#ifndef STORE_JOURNAL_FILE_H
#define STORE_JOURNAL_FILE_H

#include "store/journal.h"

enum { JOURNAL_PATH_MAX = 4096 };

/* <folder>/journal[/name]; false: too long. */
bool journal_path(
    struct str folder, const char *name, char out[JOURNAL_PATH_MAX]);
bool journal_segment_path(
    struct str folder, uint64_t number, char out[JOURNAL_PATH_MAX]);
void journal_head_encode(uint64_t number, char out[JOURNAL_HEAD_BYTES]);

#endif
