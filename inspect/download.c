/*
 * The bytes of a file coming down.  They pass on as they come; here they are
 * counted, hashed and scanned in pieces.  What is kept of them: the first
 * ones, which tell the type; a text of FILE_TEXT_BYTES_MAX at most, which goes
 * into the record; and a document as far as it may be read (settings.extract),
 * which is read after its last byte has passed, so nobody waits for that.
 *
 * Where a document was read, what was found in its text stands for what its
 * bytes looked like.
 */
#include "inspect/download.h"

#include "base/mem.h"
#include "base/stats.h"
#include "inspect/finding.h"

enum { WIRE_PIECE = 4096 }; /* of encoded bytes: bounds what comes out */

/* ---- while they pass -----------------------------------------------------
 */

void download_begin(struct exchange *ex)
{
    ex->download->digest = digest_new();
    exchange_scan_begin(ex, ex->download->type, true);
}

static void drop_kept(struct download *d)
{
    document_release(d->kept.n);
    buf_wipe_free(&d->kept);
}

void download_drop(struct download *d)
{
    drop_kept(d);
    buf_wipe_free(&d->head);
    digest_free(&d->digest);
}

static void look_at_head(struct exchange *ex)
{
    struct download *d = ex->download;
    d->is_document = ex->env->document_max_bytes > 0 &&
                     filetype_is_document(filetype_find(buf_str(&d->head)));
}

/* Only what is there from its first byte on; and not what was told before. */
static void keep_bytes(struct exchange *ex, struct str bytes)
{
    struct download *d = ex->download;
    size_t most = d->is_document ? ex->env->document_max_bytes
                                 : (size_t)FILE_TEXT_BYTES_MAX;
    if (d->is_kept_no_more)
        return;
    bool has_room = d->kept.n + bytes.n <= most;
    d->is_kept_no_more =
        d->from != 0 || d->is_told || !has_room || !document_reserve(bytes.n);
    if (!d->is_kept_no_more) {
        buf_append_str(&d->kept, bytes);
        return;
    }
    d->is_too_large = d->is_document && d->from == 0 && !d->is_told;
    drop_kept(d);
}

static void take_bytes(struct exchange *ex, struct str bytes)
{
    struct download *d = ex->download;
    d->bytes += bytes.n;
    digest_update(d->digest, bytes);
    if (d->head.n < FILETYPE_HEAD_BYTES) {
        buf_append_str(
            &d->head, str_sub(bytes, 0, FILETYPE_HEAD_BYTES - d->head.n));
        if (d->head.n == FILETYPE_HEAD_BYTES)
            look_at_head(ex);
    }
    keep_bytes(ex, bytes);
    exchange_scan_piece(ex, bytes);
}

static void take_decoded(struct exchange *ex)
{
    if (ex->download->kind == DOWNLOAD_LINK)
        file_take_link_body(ex, buf_str(&ex->decoded));
    else
        take_bytes(ex, buf_str(&ex->decoded));
    buf_clear(&ex->decoded);
}

void file_data(struct exchange *ex, struct str wire)
{
    struct download *d = ex->download;
    if (d->kind == DOWNLOAD_NOTHING)
        return;
    while (wire.n != 0 && !d->is_damaged) {
        struct str piece = wire;
        if (!decoder_is_identity(ex->response_decoder))
            piece = str_sub(wire, 0, WIRE_PIECE);
        wire = str_sub(wire, piece.n, wire.n);
        if (decoder_feed(ex->response_decoder, piece, &ex->decoded) != OK) {
            d->is_damaged = true;
            stats_add(STAT_FAILURES, 1);
        }
        take_decoded(ex);
    }
}

/* ---- the end --------------------------------------------------------------
 */

static bool is_complete_answer(const struct exchange *ex)
{
    const struct download *d = ex->download;
    bool is_missing = d->bytes == 0 && d->length > 0; /* some captures */
    /* Who has all that was announced may leave before the end is told. */
    bool has_all = d->length >= 0 && !d->is_encoded &&
                   ex->response_bytes >= (uint64_t)d->length;
    return (ex->is_response_complete || has_all) && !d->is_damaged &&
           !is_missing;
}

static bool is_whole(const struct exchange *ex)
{
    const struct download *d = ex->download;
    return is_complete_answer(ex) && d->from == 0 &&
           (ex->status == 200 || d->total == (int64_t)d->bytes);
}

static void set_digest(struct exchange *ex)
{
    uint8_t sum[DIGEST_BYTES];
    char hex[DIGEST_HEX_BYTES];
    digest_final(&ex->download->digest, sum);
    digest_hex(sum, hex);
    if (is_whole(ex))
        download_file(ex)->sha256 =
            arena_copy(&ex->activity->arena, str_of(hex));
}

/* What there is of a document that broke off is read, too. */
static void take_kept(struct exchange *ex, struct activity_file *file)
{
    struct download *d = ex->download;
    if (d->head.n < FILETYPE_HEAD_BYTES)
        look_at_head(ex);
    if (d->is_too_large && is_whole(ex))
        download_note_trouble(ex, "limit", STR_NONE);
    if (d->kept.n == 0)
        return;
    if (d->is_document)
        document_adopt(ex, file, &d->kept);
    else if (is_whole(ex) && d->kept.n <= FILE_TEXT_BYTES_MAX &&
             !extract_file_text(&file->text, buf_str(&d->kept), file->type))
        buf_clear(&file->text);
    drop_kept(d);
}

void download_end(struct exchange *ex)
{
    struct download *d = ex->download;
    struct activity *a = ex->activity;
    struct activity_file *file = download_file(ex);
    if (ex->response_decoder != NULL && !d->is_damaged &&
        ex->is_response_complete) {
        if (decoder_finish(ex->response_decoder, &ex->decoded) != OK)
            ex->is_response_complete = false;
        take_decoded(ex);
    }
    exchange_scan_rest(ex);
    for (size_t i = 0; d->from > 0 && i < a->findings.count; i++) {
        a->findings.items[i].start += (size_t)d->from;
        a->findings.items[i].end += (size_t)d->from;
    }
    set_digest(ex);
    if (d->bytes != 0 || d->length <= 0)
        file->bytes = (int64_t)d->bytes;
    if (d->from == 0 && d->head.n != 0)
        file->type = filetype_find(buf_str(&d->head));
    if (d->is_damaged)
        a->failure = STR("decode");
    take_kept(ex, file);
}

/* ---- a document among them ------------------------------------------------
 */

void download_note_trouble(
    struct exchange *ex, const char *why, struct str where)
{
    document_note_trouble(ex, why, where);
    ex->activity->failure = str_of(failure_name(FAIL_EXTRACT));
}

void download_take_reading(
    struct exchange *ex, const struct document_reading *reading)
{
    struct activity *a = ex->activity;
    bool is_read = reading->trouble == NULL;
    if (is_read)
        findings_drop(&a->findings, WHERE_FILE);
    else if (is_whole(ex))
        download_note_trouble(ex, reading->trouble, reading->where);
    buf_append_str(&ex->file_text, reading->text);
    if (reading->text.n <= FILE_TEXT_BYTES_MAX)
        buf_append_str(&download_file(ex)->text, reading->text);
    ex->run = (struct scan_run){.activity = a};
    scan_run_add(&ex->run, buf_str(&ex->file_text), WHERE_FILE,
        is_read ? SOURCE_PLAIN : SOURCE_AGAIN);
}

/* ---- what else of it has passed ------------------------------------------
 */

void download_ask(struct exchange *ex)
{
    const struct download *d = ex->download;
    struct buf findings = {0};
    findings_pack(&ex->activity->findings, KEEP_LINK_FINDINGS_MAX, &findings);
    struct keep_part part = {
        .service = ex->activity->service,
        .url = d->url,
        .user = download_is_identified(ex) ? ex->actor.user : STR_NONE,
        .from = d->from,
        .to = d->from < 0 ? -1 : d->from + (int64_t)d->bytes,
        .total = ex->status == 200 && is_complete_answer(ex) ? (int64_t)d->bytes
                                                             : d->total,
        .is_whole = is_whole(ex),
        .findings = buf_str(&findings),
    };
    buf_clear(&ex->question);
    keep_ask_part(&part, &ex->question);
    buf_free(&findings);
}

bool download_answered(struct exchange *ex, struct str answer)
{
    struct download *d = ex->download;
    struct activity *a = ex->activity;
    struct keep_part_answer said;
    a->complete = is_whole(ex);
    if (keep_read_part(answer, &said) != OK)
        return true; /* the keeper is gone: what we saw ourselves */
    a->complete = said.is_complete;
    if (!is_whole(ex)) {
        if (said.bytes > 0)
            download_file(ex)->bytes = said.bytes;
        findings_unpack(said.findings, &a->findings);
    }
    return !said.is_told && !d->is_told;
}
