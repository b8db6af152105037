/*
 * Bytes of a part of a file on their way to the keeper (keep_note_chunk), for
 * who puts the file together: a piece that goes up (upload_whole.c), a range
 * that comes down (download_whole.c).  They are cut into notes of
 * KEEP_CHUNK_BYTES, the last one shorter, under a name that nobody else has;
 * how many there are and that name is what others must be told.
 */
#ifndef INSPECT_CHUNKS_H
#define INSPECT_CHUNKS_H

#include "inspect/exchange_parts.h"

struct chunk_writer {
    char name[UUID_TEXT_BYTES]; /* of all of them; empty: there is none */
    size_t count;               /* that are on their way */
    struct buf note;            /* the next one, so far */
    size_t head;                /* of the note, before its bytes */
};

/* More than KEEP_FILE_CHUNKS_BYTES_MAX is not taken. */
void chunks_add(struct chunk_writer *w, struct exchange *ex,
    const struct keep_file *file, struct str bytes);
/* There are no more. */
void chunks_end(struct chunk_writer *w, struct exchange *ex);
/* What was not sent yet is dropped; the next one is another part. */
void chunks_drop(struct chunk_writer *w);

#endif
