/*
 * The bytes of a file coming down.  They pass on as they come; here they are
 * counted, hashed and scanned in pieces.  What is kept of them: the first
 * ones, which tell the type; a text of FILE_TEXT_BYTES_MAX at most, which goes
 * into the record; and a document as far as it may be read (settings.extract),
 * which is read after its last byte has passed, so nobody waits for that.
 *
 * An answer is the whole file, a part of it, or several.  Of parts that come in
 * their order, in whatever answers, the keeper puts the running sum away, so
 * that the last one tells the file's.  Bytes of parts go to the keeper besides,
 * so that the file can be read as a whole (download_whole.c) once all of it has
 * passed.
 *
 * Where a document was read, what was found in its text stands for what its
 * bytes looked like.
 */
#include "inspect/download.h"

#include <string.h>

#include "base/mem.h"
#include "base/stats.h"
#include "inspect/finding.h"
#include "inspect/multipart.h"

enum { WIRE_PIECE = 4096 }; /* of encoded bytes: bounds what comes out */

/* ---- parts ---- */

static const struct download_part nowhere = {-1, -1, -1, -1};

/* Of what is encoded the place is one among bytes that nobody sees here; but
 * that of all of them. */
static struct download_part read_range(struct str value, bool is_encoded)
{
    struct mime_range range = {-1, -1, -1};
    (void)!mime_parse_range(value, &range);
    bool is_all = range.first == 0 && range.last + 1 == range.total;
    if (is_encoded && is_all)
        return (struct download_part){0, 0, -1, -1};
    if (range.first < 0 || is_encoded)
        return nowhere;
    return (struct download_part){
        range.first, range.first, range.total, range.last + 1};
}

bool download_is_same_file(
    uint64_t version, uint64_t other, int64_t total, int64_t other_total)
{
    return (version == 0 || other == 0 || version == other) &&
           (total < 0 || other_total < 0 || total == other_total);
}

/* The sum of another version of the file is of no use. */
static bool may_go_on(const struct download *d, int64_t total)
{
    return d->known.at > 0 && download_is_same_file(d->version,
                                  d->known_version, total, d->known_total);
}

static void begin_sum(struct download *d, const struct download_part *part)
{
    if (d->digest == NULL && part->from == 0) {
        d->digest = digest_new();
    } else if (d->digest == NULL && part->from > 0 &&
               part->from <= d->known.at && may_go_on(d, part->total)) {
        d->digest = digest_restore(d->known.state);
        d->sum_from = d->sum_at = d->known.at;
    }
    d->is_summing =
        d->digest != NULL && part->from >= 0 && part->from <= d->sum_at;
}

/* Some of it may have been summed before. */
static void add_to_sum(struct download *d, int64_t at, struct str bytes)
{
    int64_t again = d->sum_at - at;
    if (!d->is_summing || again >= (int64_t)bytes.n)
        return;
    bytes = str_sub(bytes, (size_t)again, bytes.n);
    digest_update(d->digest, bytes);
    d->sum_at += (int64_t)bytes.n;
}

static void begin_part(
    struct exchange *ex, struct download_part part, struct str type)
{
    struct download *d = ex->download;
    d->now = part;
    d->is_in_part = true;
    begin_sum(d, &part);
    d->found_before = ex->activity->findings.count;
    download_keep_begin(ex);
    exchange_scan_begin(ex, type, true);
}

/* Findings get their places in the file. */
static void end_part(struct exchange *ex)
{
    struct download *d = ex->download;
    struct findings *f = &ex->activity->findings;
    if (!d->is_in_part)
        return;
    d->is_in_part = false;
    exchange_scan_rest(ex);
    download_keep_end(ex);
    for (size_t i = d->found_before; i < f->count && d->now.from > 0; i++) {
        f->items[i].start += (size_t)d->now.from;
        f->items[i].end += (size_t)d->now.from;
    }
    if (d->part_count < DOWNLOAD_PARTS_MAX)
        d->parts[d->part_count++] = d->now;
}

static struct str part_field(struct str headers, const char *name)
{
    struct str line;
    while (str_split(&headers, '\n', &line)) {
        size_t colon = str_find_char(line, ':');
        if (str_is_nocase(str_trim(str_sub(line, 0, colon)), name))
            return str_trim(str_sub(line, colon + 1, line.n));
    }
    return STR_NONE;
}

static void on_part(void *arg, const struct multipart_part *part)
{
    struct exchange *ex = arg;
    struct str *type = &download_file(ex)->declared_type;
    if (type->n == 0)
        *type = arena_copy(&ex->activity->arena, part->content_type);
    begin_part(ex,
        read_range(part_field(part->headers, "content-range"),
            ex->download->is_encoded),
        part->content_type);
}

static void on_part_data(void *arg, struct str data)
{
    download_take_bytes(arg, data);
}

static void on_part_end(void *arg)
{
    end_part(arg);
}

static const struct multipart_events part_events = {
    .on_part = on_part, .on_data = on_part_data, .on_part_end = on_part_end};

void download_begin(struct exchange *ex, struct str range)
{
    struct download *d = ex->download;
    struct download_part part = {0, 0, -1, -1};
    struct mime_type type = {0};
    d->now = nowhere;
    if (ex->status == 206)
        part = read_range(range, d->is_encoded);
    bool is_ranges = ex->status == 206 && range.n == 0 &&
                     mime_parse_type(d->type, &ex->arena, &type) == OK &&
                     str_is(type.type, "multipart/byteranges");
    if (!is_ranges)
        begin_part(ex, part, d->type);
    else if (multipart_new(type.boundary, &part_events, ex, &d->multipart) !=
             OK)
        d->is_damaged = true;
}

/* ---- while they pass ---- */

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
    multipart_free(&d->multipart);
    chunks_drop(&d->chunks);
    download_whole_free(d);
}

static void look_at_head(struct exchange *ex)
{
    struct download *d = ex->download;
    d->is_document = ex->env->document_max_bytes > 0 &&
                     filetype_is_document(filetype_find(buf_str(&d->head)));
}

/* Only what is there from its first byte on; and not what was told before. */
static void keep_bytes(struct exchange *ex, struct str bytes, int64_t at)
{
    struct download *d = ex->download;
    size_t most = d->is_document ? ex->env->document_max_bytes
                                 : (size_t)FILE_TEXT_BYTES_MAX;
    if (d->is_kept_no_more)
        return;
    bool is_next = at >= 0 && (size_t)at == d->kept.n && !d->is_told;
    bool has_room = is_next && d->kept.n + bytes.n <= most;
    d->is_kept_no_more = !has_room || !document_reserve(bytes.n);
    if (!d->is_kept_no_more) {
        buf_append_str(&d->kept, bytes);
        return;
    }
    d->is_too_large = d->is_document && is_next;
    drop_kept(d);
}

static void look_at_next(struct exchange *ex, struct str bytes, int64_t at)
{
    struct download *d = ex->download;
    if (at < 0 || (size_t)at != d->head.n || at >= FILETYPE_HEAD_BYTES)
        return;
    buf_append_str(
        &d->head, str_sub(bytes, 0, FILETYPE_HEAD_BYTES - d->head.n));
    if (d->head.n == FILETYPE_HEAD_BYTES)
        look_at_head(ex);
}

void download_take_bytes(struct exchange *ex, struct str bytes)
{
    struct download *d = ex->download;
    int64_t at = d->now.from < 0 ? -1 : d->now.to;
    if (at >= 0)
        d->now.to += (int64_t)bytes.n;
    d->bytes += bytes.n;
    add_to_sum(d, at, bytes);
    download_keep_bytes(ex, bytes);
    look_at_next(ex, bytes, at);
    keep_bytes(ex, bytes, at);
    exchange_scan_piece(ex, bytes);
}

static void take_decoded(struct exchange *ex)
{
    if (ex->download->kind == DOWNLOAD_LINK)
        file_take_link_body(ex, buf_str(&ex->decoded));
    else if (ex->download->multipart == NULL)
        download_take_bytes(ex, buf_str(&ex->decoded));
    else if (multipart_feed(ex->download->multipart, buf_str(&ex->decoded)) !=
             OK)
        ex->download->is_damaged = true;
    buf_clear(&ex->decoded);
}

void file_data(struct exchange *ex, struct str wire)
{
    struct download *d = ex->download;
    if (d->kind == DOWNLOAD_NOTHING || d->location.n != 0)
        return; /* a redirect's page is nobody's file */
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

/* ---- the end ---- */

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

/* Every byte of the file up to its last has been summed. */
static bool is_summed(const struct exchange *ex)
{
    const struct download *d = ex->download;
    if (d->digest == NULL || d->is_gathered)
        return d->is_gathered;
    if (ex->status == 200)
        return is_complete_answer(ex);
    return d->now.total >= 0 && d->sum_at == d->now.total && !d->is_encoded;
}

/* All of the file came in this answer, or was put together. */
static bool is_whole(const struct exchange *ex)
{
    return ex->download->is_gathered ||
           (is_complete_answer(ex) && is_summed(ex) &&
               ex->download->sum_from == 0);
}

/* Or had been before this answer, which is a part of it once more. */
static bool was_summed(const struct exchange *ex)
{
    const struct download *d = ex->download;
    return ex->status == 206 && d->known.at == d->now.total &&
           may_go_on(d, d->now.total);
}

static void set_digest(struct exchange *ex)
{
    struct download *d = ex->download;
    uint8_t sum[DIGEST_BYTES];
    char hex[DIGEST_HEX_BYTES];
    struct digest *before = NULL, *digest = d->digest;
    if (!is_summed(ex)) {
        if (was_summed(ex))
            before = digest_restore(d->known.state);
        digest = before;
    }
    if (digest == NULL)
        return;
    digest_sum(digest, sum);
    digest_free(&before);
    digest_hex(sum, hex);
    download_file(ex)->sha256 = arena_copy(&ex->activity->arena, str_of(hex));
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
    if (d->multipart != NULL && multipart_finish(d->multipart) != OK)
        ex->is_response_complete = false;
    end_part(ex);
    if (!is_complete_answer(ex))
        download_keep_rest(ex);
    set_digest(ex);
    if (d->bytes != 0 || d->length <= 0)
        file->bytes = (int64_t)d->bytes;
    if (d->head.n != 0)
        file->type = filetype_find(buf_str(&d->head));
    else if (may_go_on(d, d->now.total))
        file->type = arena_copy(&a->arena, str_of(d->known.type));
    if (d->is_damaged)
        a->failure = STR("decode");
    take_kept(ex, file);
}

/* ---- once more, all of it ---- */

void download_start_over(struct exchange *ex, int64_t from, int64_t total)
{
    struct download *d = ex->download;
    drop_kept(d);
    buf_clear(&d->head);
    d->is_kept_no_more = d->is_document = d->is_too_large = false;
    d->keeps_part = false;
    d->now = (struct download_part){from, from, total, total};
    d->is_summing = true;
    d->sum_from = 0;
    d->sum_at = from;
    if (from == 0)
        exchange_scan_begin(ex, download_file(ex)->declared_type, true);
}

void download_take_whole(struct exchange *ex)
{
    struct download *d = ex->download;
    struct activity_file *file = download_file(ex);
    d->is_gathered = true;
    exchange_scan_rest(ex);
    set_digest(ex);
    file->bytes = d->now.total;
    if (d->head.n == 0 && d->now.from > 0)
        return; /* only its sum is news */
    file->type = filetype_find(buf_str(&d->head));
    buf_clear(&file->text);
    take_kept(ex, file);
}

/* ---- a document among them ---- */

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

/* ---- what else of it has passed ---- */

/* What holds for the answer goes with its last part. */
static void describe_answer(const struct exchange *ex, struct keep_part *part)
{
    const struct download *d = ex->download;
    if (ex->status == 200 && is_complete_answer(ex))
        part->total = (int64_t)d->bytes;
    else if (ex->status == 200 && !d->is_encoded)
        part->total = d->length;
    part->is_whole = is_whole(ex);
    part->has_sum = d->digest != NULL && !d->is_encoded;
    if (!part->has_sum)
        return;
    part->sum.from = d->sum_from;
    part->sum.at = d->sum_at;
    struct str type =
        str_sub(ex->activity->files[0].type, 0, sizeof part->sum.type - 1);
    if (type.n != 0)
        memcpy(part->sum.type, type.p, type.n);
    digest_save(d->digest, part->sum.state);
}

static bool asks_more(const struct download *d)
{
    return d->part_asked < d->part_count;
}

void download_ask(struct exchange *ex)
{
    struct download *d = ex->download;
    struct buf findings = {0};
    const struct download_part *one = &nowhere;
    if (d->part_asked < d->part_count)
        one = &d->parts[d->part_asked++];
    struct keep_part part = {
        .service = ex->activity->service,
        .url = d->url,
        .user = download_is_identified(ex) ? ex->actor.user : STR_NONE,
        .from = one->from,
        .to = one->to,
        .total = one->total,
        .version = d->version,
    };
    if (!asks_more(d)) {
        if (!d->was_whole) /* or they were told */
            findings_pack(
                &ex->activity->findings, KEEP_LINK_FINDINGS_MAX, &findings);
        part.findings = buf_str(&findings);
        describe_answer(ex, &part);
    }
    buf_clear(&ex->question);
    keep_ask_part(&part, &ex->question);
    buf_free(&findings);
}

/* What the parts before told. */
void download_take_parts(
    struct exchange *ex, const struct keep_part_answer *said)
{
    struct activity_file *file = download_file(ex);
    if (said->bytes > 0)
        file->bytes = said->bytes;
    if (file->type.n == 0 && said->has_sum)
        file->type = arena_copy(&ex->activity->arena, str_of(said->sum.type));
    findings_unpack(said->findings, &ex->activity->findings);
}

enum file_next download_answered(struct exchange *ex, struct str answer)
{
    struct download *d = ex->download;
    struct activity *a = ex->activity;
    struct keep_part_answer said;
    if (asks_more(d)) {
        download_ask(ex);
        return FILE_ASKS;
    }
    if (d->whole != NULL)
        return download_whole_answer(ex, answer);
    a->complete = is_whole(ex);
    if (keep_read_part(answer, &said) != OK)
        return FILE_TELLS; /* the keeper is gone: what we saw ourselves */
    a->complete = said.is_complete;
    if (said.is_told || d->is_told)
        return FILE_IS_SILENT;
    if (said.is_complete && !is_whole(ex) && download_whole_begin(ex, &said))
        return FILE_ASKS;
    if (!is_whole(ex) && !d->was_whole)
        download_take_parts(ex, &said);
    if (d->is_gathered)
        download_forget_parts(ex);
    return FILE_TELLS;
}
