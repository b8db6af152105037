/*
 * Files in a request, and a file coming down, that are documents: their text is
 * not in their bytes, and taking it out is not done here but by whoever runs
 * the exchange, in a process of its own (EXCHANGE_READ).  Kept until the
 * keeper's questions are through, then handed out one by one; their text joins
 * what is scanned.
 *
 * A document that cannot be read, or not whole, is a finding and a failure of
 * the kind "extract"; its bytes are then looked at as those of any binary.
 */
#include "base/mem.h"
#include "inspect/exchange_parts.h"
#include "inspect/filetype.h"
#include "inspect/finding.h"
#include "inspect/upload.h"

static struct document *current(struct exchange *ex)
{
    return ex->document_at < ex->document_count
               ? &ex->documents[ex->document_at]
               : NULL;
}

static size_t worker_bytes;

bool document_reserve(size_t n)
{
    if (n > DOCUMENT_WORKER_BYTES - worker_bytes)
        return false;
    worker_bytes += n;
    return true;
}

void document_release(size_t n)
{
    worker_bytes -= n;
}

/* Behind the beginning of something else an archive may follow. */
static bool may_hide_one(struct str type)
{
    return str_is(type, "application/octet-stream") ||
           str_is(type, "application/vnd.microsoft.portable-executable") ||
           str_is(type, "application/x-executable");
}

static bool is_wanted(const struct exchange *ex, struct str type)
{
    return ex->env->document_max_bytes > 0 &&
           (filetype_is_document(type) || may_hide_one(type));
}

void document_note_trouble(
    struct exchange *ex, const char *why, struct str where)
{
    findings_add_unreadable(&ex->activity->findings, why, where);
    exchange_note_failure(ex, FAIL_EXTRACT);
    ex->is_unreadable = true;
}

void document_note_too_large(struct exchange *ex, struct str type)
{
    if (filetype_is_document(type) && !upload_is_piece(ex))
        document_note_trouble(ex, "limit", STR_NONE);
}

bool document_add(struct exchange *ex, const struct activity_file *file,
    struct str declared_type, struct str bytes)
{
    if (!is_wanted(ex, file->type) || ex->is_cut)
        return false;
    if (bytes.n > ex->env->document_max_bytes ||
        ex->document_count == DOCUMENTS_MAX || !document_reserve(bytes.n)) {
        document_note_too_large(ex, file->type);
        return false;
    }
    struct document *d = &ex->documents[ex->document_count++];
    d->file_at = (size_t)(file - ex->activity->files);
    d->declared_type = arena_copy(&ex->arena, declared_type);
    buf_append_str(&d->bytes, bytes);
    return true;
}

void document_adopt(
    struct exchange *ex, const struct activity_file *file, struct buf *bytes)
{
    struct document *d = &ex->documents[ex->document_count];
    if (ex->document_count == DOCUMENTS_MAX)
        return; /* cannot be: its request had none */
    d->file_at = (size_t)(file - ex->activity->files);
    buf_take(&d->bytes, bytes);
    ex->document_count++;
}

bool document_is_left(const struct exchange *ex)
{
    return ex->document_at < ex->document_count;
}

struct str exchange_document(const struct exchange *ex)
{
    return document_is_left(ex) ? buf_str(&ex->documents[ex->document_at].bytes)
                                : STR_NONE;
}

static void keep_text(struct exchange *ex, struct document *d, struct str text)
{
    struct activity_file *file = &ex->activity->files[d->file_at];
    if (text.n <= FILE_TEXT_BYTES_MAX) {
        buf_clear(&file->text);
        buf_append_str(&file->text, text);
    }
    extract_add_file_text(ex, text);
}

static void drop(struct document *d)
{
    document_release(d->bytes.n);
    buf_wipe_free(&d->bytes);
}

static void leave(struct exchange *ex, struct document *d)
{
    drop(d);
    ex->document_at++;
}

void exchange_take_document(
    struct exchange *ex, const struct document_reading *reading)
{
    struct document *d = current(ex);
    if (d == NULL)
        return;
    if (ex->response == RESPONSE_READ) {
        leave(ex, d);
        download_take_reading(ex, reading);
        exchange_after_download(ex);
        return;
    }
    keep_text(ex, d, reading->text);
    bool is_bad = reading->trouble != NULL && !upload_is_piece(ex);
    if (is_bad)
        document_note_trouble(ex, reading->trouble, reading->where);
    if (reading->trouble != NULL)
        extract_harvest_bytes(
            ex, d->declared_type, buf_str(&d->bytes), reading->text.n > 0);
    leave(ex, d);
    exchange_after_document(ex);
}

void exchange_skip_document(struct exchange *ex)
{
    struct document *d = current(ex);
    if (d == NULL)
        return;
    if (ex->response == RESPONSE_READ) { /* they were looked at already */
        leave(ex, d);
        exchange_after_download(ex);
        return;
    }
    extract_harvest_bytes(ex, d->declared_type, buf_str(&d->bytes), false);
    leave(ex, d);
    exchange_after_document(ex);
}

void document_free_all(struct exchange *ex)
{
    for (size_t i = 0; i < ex->document_count; i++)
        drop(&ex->documents[i]);
    ex->document_count = ex->document_at = 0;
}
