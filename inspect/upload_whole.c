/*
 * A file that went up in pieces, put together out of its bytes: small pieces
 * lie among what is known of it, the others with the keeper, in chunks that
 * are asked for one after the other.  The whole is read as if it had come at
 * once: up to what is held of one body, at its end; what is larger, while it
 * passes.
 *
 * If some of it is not there any more (inspect/keep.h bounds what is), what is
 * known of the pieces must do: upload_join_apart.
 */
#include "base/mem.h"
#include "inspect/upload.h"

struct upload_whole {
    const struct upload_piece **parts; /* in the order of the file */
    size_t count, at, chunk;
    uint64_t piece_bytes; /* of the one at hand, so far */
    bool is_held;
    struct buf bytes;       /* held: the whole */
    size_t findings_before; /* streamed */
};

/* ---- keeping bytes ------------------------------------------------------- */

void upload_keep_bytes(struct exchange *ex, struct str bytes)
{
    struct keep_file file = upload_names(ex);
    chunks_add(&ex->upload->chunks, ex, &file, bytes);
}

void upload_keep_rest(struct exchange *ex)
{
    chunks_end(&ex->upload->chunks, ex);
}

/* ---- getting them back --------------------------------------------------- */

void upload_whole_free(struct upload *u)
{
    struct upload_whole *whole = u->whole;
    if (whole == NULL)
        return;
    mem_free(whole->parts);
    buf_wipe_free(&whole->bytes);
    mem_free(whole);
    u->whole = NULL;
}

static struct activity_file *file_of(struct exchange *ex)
{
    return &ex->activity->files[0];
}

void upload_whole_begin(
    struct exchange *ex, const struct upload_piece **parts, size_t count)
{
    struct upload_whole *whole = ex->upload->whole =
        MEM_NEW(struct upload_whole);
    uint64_t bytes = 0;
    whole->parts = parts;
    whole->count = count;
    whole->findings_before = ex->activity->findings.count;
    for (size_t i = 0; i < count; i++)
        bytes += (uint64_t)(parts[i]->bytes - parts[i]->skip);
    whole->is_held = bytes <= ex->env->hold_max_bytes;
    if (!whole->is_held)
        ex->reader = file_reader_of(ex, file_of(ex));
}

bool upload_is_joining(const struct exchange *ex)
{
    return ex->upload != NULL && ex->upload->whole != NULL;
}

/* Some of its bytes are not there any more. */
static void give_up(struct exchange *ex)
{
    struct upload_whole *whole = ex->upload->whole;
    file_reader_free(&ex->reader);
    exchange_scan_free(ex);
    buf_wipe_free(&ex->backlog);
    ex->activity->findings.count = whole->findings_before;
    upload_join_apart(ex, whole->parts, whole->count);
    upload_whole_free(ex->upload);
}

static void finish(struct exchange *ex)
{
    struct upload_whole *whole = ex->upload->whole;
    struct activity_file *file = file_of(ex);
    if (whole->is_held)
        extract_file_bytes(
            ex, file, file->declared_type, buf_str(&whole->bytes));
    else
        file_reader_end(ex->reader);
    file_reader_free(&ex->reader);
    upload_whole_free(ex->upload);
}

static void take_bytes(struct exchange *ex, struct str bytes)
{
    struct upload_whole *whole = ex->upload->whole;
    uint64_t skip = (uint64_t)whole->parts[whole->at]->skip;
    uint64_t before = whole->piece_bytes;
    whole->piece_bytes += bytes.n;
    if (before < skip)
        bytes = str_sub(bytes, (size_t)(skip - before), bytes.n);
    if (whole->is_held)
        buf_append_str(&whole->bytes, bytes);
    else
        buf_append_str(&ex->backlog, bytes); /* scanned step by step */
}

/* False: that was not all of it. */
static bool end_piece(struct upload_whole *whole)
{
    const struct upload_piece *piece = whole->parts[whole->at++];
    bool is_all = whole->piece_bytes == (uint64_t)piece->bytes;
    whole->piece_bytes = 0;
    whole->chunk = 0;
    return is_all;
}

enum upload_join upload_whole_step(struct exchange *ex)
{
    struct upload_whole *whole = ex->upload->whole;
    if (whole->at == whole->count) {
        finish(ex);
        return UPLOAD_JOIN_DONE;
    }
    const struct upload_piece *piece = whole->parts[whole->at];
    if (piece->is_whole)
        take_bytes(ex, piece->data);
    if (!piece->is_whole && whole->chunk < piece->chunk_count) {
        buf_clear(&ex->question);
        keep_ask_chunk(piece->kept_name, whole->chunk++, &ex->question);
        return UPLOAD_JOIN_ASKS;
    }
    if (end_piece(whole))
        return UPLOAD_JOIN_MORE;
    give_up(ex);
    return UPLOAD_JOIN_DONE;
}

void upload_whole_answer(struct exchange *ex, struct str answer)
{
    if (answer.n == 0)
        give_up(ex);
    else
        take_bytes(ex, answer);
}
