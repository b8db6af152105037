/*
 * A note is made when its first byte comes, and handed on when it is full.
 */
#include "inspect/chunks.h"

#include <string.h>

#include "base/clock.h"

static size_t room(const struct chunk_writer *w)
{
    return KEEP_CHUNK_BYTES - (w->note.n - w->head);
}

static void begin_note(struct chunk_writer *w, const struct keep_file *file)
{
    if (w->name[0] == '\0')
        clock_uuid7(w->name);
    keep_note_chunk(file, str_of(w->name), w->count, STR_NONE, &w->note);
    w->head = w->note.n;
}

void chunks_add(struct chunk_writer *w, struct exchange *ex,
    const struct keep_file *file, struct str bytes)
{
    while (bytes.n != 0 &&
           w->count < KEEP_FILE_CHUNKS_BYTES_MAX / KEEP_CHUNK_BYTES) {
        if (w->note.n == 0)
            begin_note(w, file);
        struct str some = str_sub(bytes, 0, room(w));
        buf_append_str(&w->note, some);
        bytes = str_sub(bytes, some.n, bytes.n);
        if (room(w) == 0)
            chunks_end(w, ex);
    }
}

void chunks_end(struct chunk_writer *w, struct exchange *ex)
{
    if (w->note.n == 0)
        return;
    buf_take(exchange_push_note(ex), &w->note);
    w->count++;
}

void chunks_drop(struct chunk_writer *w)
{
    buf_wipe_free(&w->note);
    *w = (struct chunk_writer){0};
}
