/*
 * Bytes of files on their way up that come in pieces, in chunks, until the
 * file is whole.  Each is a descriptor that came beside its datagram, which is
 * handed on and never read here, or, where there is only one process, bytes.
 *
 * Chunks belong to a file of the keeper's table and leave with it, or when it
 * is told, or when there are too many: those that came or were asked for the
 * longest ago leave first, and their file has no SHA-256 then.
 */
#include <string.h>

#include "base/mem.h"
#include "inspect/keep_parts.h"

/* In a question: behind struct file_head; in ASK_CHUNK: alone. */
struct chunk_head {
    struct key name;
};

struct chunk {
    struct key name, file;
    UT_hash_handle hh; /* in order of use */
    int64_t expires_ms;
    size_t bytes;
    int handle;        /* -1: */
    struct buf inside; /* here they are */
};

static struct key name_of(struct str piece, size_t index)
{
    uint64_t number = index;
    return keep_key("chunk", piece,
        str_make((const char *)&number, sizeof number), STR_NONE);
}

/* ---- datagrams --------------------------------------------------------- */

void keep_note_chunk(const struct keep_file *file, struct str piece,
    size_t index, struct str bytes, struct buf *note)
{
    struct chunk_head head = {.name = name_of(piece, index)};
    keep_put_file_question(file, NOTE_CHUNK, note);
    buf_append(note, &head, sizeof head);
    buf_append_str(note, bytes);
}

void keep_ask_chunk(struct str piece, size_t index, struct buf *question)
{
    struct question q = {.version = VERSION, .kind = ASK_CHUNK};
    q.message = name_of(piece, index);
    buf_append(question, &q, sizeof q);
}

size_t keep_payload_at(struct str question)
{
    struct question q;
    size_t heads = sizeof q + KEEP_FILE_HEAD_BYTES + sizeof(struct chunk_head);
    if (question.n < heads)
        return question.n;
    memcpy(&q, question.p, sizeof q);
    return q.version == VERSION && q.kind == NOTE_CHUNK ? heads : question.n;
}

/* ---- the table --------------------------------------------------------- */

void keep_release_handles(
    struct keep *keep, keep_release_fn *release, unsigned most)
{
    keep->release = release;
    keep->chunks_max = most < KEEP_CHUNKS_MAX ? most : KEEP_CHUNKS_MAX;
}

static void drop_chunk(struct keep *keep, struct chunk *chunk)
{
    HASH_DEL(keep->chunks, chunk);
    keep->chunk_bytes -= chunk->bytes;
    if (chunk->handle >= 0 && keep->release != NULL)
        keep->release(chunk->handle);
    buf_wipe_free(&chunk->inside);
    mem_free(chunk);
}

void keep_drop_chunks(struct keep *keep, const struct key *file)
{
    struct chunk *chunk, *next;
    HASH_ITER(hh, keep->chunks, chunk, next)
    if (file == NULL || memcmp(&chunk->file, file, sizeof *file) == 0)
        drop_chunk(keep, chunk);
}

static void make_room(struct keep *keep, size_t bytes)
{
    while (keep->chunks != NULL &&
           (HASH_COUNT(keep->chunks) >= keep->chunks_max ||
               keep->chunk_bytes + bytes > KEEP_CHUNKS_BYTES_MAX))
        drop_chunk(keep, keep->chunks);
}

static void drop_expired(struct keep *keep, int64_t now_ms)
{
    while (keep->chunks != NULL && keep->chunks->expires_ms <= now_ms)
        drop_chunk(keep, keep->chunks);
}

/* ---- serving ----------------------------------------------------------- */

static void take_bytes(
    struct chunk *chunk, struct str inside, struct keep_payload *payload)
{
    chunk->handle = -1;
    if (payload == NULL) {
        buf_append_str(&chunk->inside, inside);
        chunk->bytes = inside.n;
        return;
    }
    chunk->handle = payload->handle;
    chunk->bytes = payload->bytes;
    payload->handle = -1;
}

/* Of one file not more than a share: of what is larger there is nothing. */
static bool has_share(struct keep *keep, struct entry *file, size_t bytes)
{
    if (file->chunk_bytes + bytes <= KEEP_FILE_CHUNKS_BYTES_MAX) {
        file->chunk_bytes += bytes;
        return true;
    }
    if (file->chunk_bytes <= KEEP_FILE_CHUNKS_BYTES_MAX)
        keep_drop_chunks(keep, &file->key);
    file->chunk_bytes = KEEP_FILE_CHUNKS_BYTES_MAX + 1;
    return false;
}

static void serve_note(struct keep *keep, struct entry *file,
    const struct key *name, struct str inside, struct keep_payload *payload,
    int64_t now_ms)
{
    size_t bytes = payload != NULL ? payload->bytes : inside.n;
    bool is_there = payload == NULL || payload->handle >= 0;
    struct chunk *chunk;
    HASH_FIND(hh, keep->chunks, name, sizeof *name, chunk);
    if (chunk != NULL || !is_there || bytes == 0 || bytes > KEEP_CHUNK_BYTES ||
        !has_share(keep, file, bytes))
        return;
    make_room(keep, bytes);
    chunk = MEM_NEW(struct chunk);
    chunk->name = *name;
    chunk->file = file->key;
    chunk->expires_ms = now_ms + KEEP_CHUNK_SECONDS * INT64_C(1000);
    take_bytes(chunk, inside, payload);
    keep->chunk_bytes += chunk->bytes;
    HASH_ADD(hh, keep->chunks, name, sizeof chunk->name, chunk);
}

void keep_serve_note_chunk(struct keep *keep, struct entry *file,
    struct str rest, struct keep_payload *payload, int64_t now_ms)
{
    struct chunk_head head;
    drop_expired(keep, now_ms);
    if (file == NULL || rest.n < sizeof head)
        return;
    memcpy(&head, rest.p, sizeof head);
    serve_note(keep, file, &head.name, str_sub(rest, sizeof head, rest.n),
        payload, now_ms);
}

void keep_serve_ask_chunk(struct keep *keep, const struct key *name,
    struct keep_payload *payload, int64_t now_ms, struct buf *answer)
{
    struct chunk *chunk;
    drop_expired(keep, now_ms);
    HASH_FIND(hh, keep->chunks, name, sizeof *name, chunk);
    if (chunk == NULL)
        return;
    HASH_DEL(keep->chunks, chunk); /* the most recently used from now on */
    HASH_ADD(hh, keep->chunks, name, sizeof chunk->name, chunk);
    chunk->expires_ms = now_ms + KEEP_CHUNK_SECONDS * INT64_C(1000);
    if (chunk->handle < 0)
        buf_append_str(answer, buf_str(&chunk->inside));
    else if (payload != NULL)
        *payload = (struct keep_payload){chunk->handle, chunk->bytes};
}
