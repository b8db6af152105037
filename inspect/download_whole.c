/*
 * A file that came down in parts, in any order and by any connections, put
 * together out of its bytes once the last one has passed.  Whoever sees a part
 * sends it to the keeper as it passes, in chunks, and behind it a line that
 * says where it lies.  Whoever brings what was missing asks for the lines,
 * finds parts that cover the file, and reads it as if it had come at once.
 *
 * Where its first bytes are there as a running sum only (they were too many to
 * be read, or came in one answer that broke off), the rest gives the SHA-256;
 * where some bytes are not there any more (inspect/keep.h bounds what is),
 * what is known of the parts must do.
 */
#include <stdio.h>
#include <string.h>

#include "base/jsonw.h"
#include "base/mem.h"
#include "inspect/download.h"

enum {
    RANGES_MAX = 4096,       /* parts of one file that are looked at */
    STEP_BYTES = 256 * 1024, /* as exchange_step may do at once */
};

struct range {
    int64_t from, to; /* of the file */
    struct str kept_name;
    int64_t chunk_count;
};

struct download_whole {
    struct arena arena;
    struct keep_part_answer said; /* before it was begun */
    struct buf findings;
    struct buf lines;
    struct range *ranges; /* then those that cover the file, in order */
    size_t count, at;
    int64_t chunk; /* of the one at hand */
    struct buf piece;
    size_t piece_at;
    size_t findings_before;
    bool has_plan, is_all;
};

/* ---- keeping ------------------------------------------------------------ */

/* All parts of one download have its activity's id. */
static struct keep_file file_of(const struct exchange *ex)
{
    const struct activity *a = ex->activity;
    struct keep_file file = {.service = STR("coming down"),
        .ids = {str_of(a->id)},
        .time_ms = a->time_ms,
        .comes_down = true};
    memcpy(file.activity_id, a->id, sizeof file.activity_id);
    return file;
}

static void note(struct exchange *ex, struct str line, bool forgets)
{
    struct keep_file file = file_of(ex);
    file.fact = line;
    file.forgets = forgets;
    keep_note_file(&file, exchange_push_note(ex));
}

void download_forget_parts(struct exchange *ex)
{
    note(ex, STR_NONE, true);
}

static bool may_be_read(const struct exchange *ex, int64_t total)
{
    return total <= FILE_TEXT_BYTES_MAX ||
           total <= (int64_t)ex->env->document_max_bytes;
}

void download_keep_begin(struct exchange *ex)
{
    struct download *d = ex->download;
    const struct download_part *part = &d->now;
    bool is_all = part->from == 0 && part->end == part->total;
    d->keeps_part = ex->status == 206 && part->from >= 0 && !is_all &&
                    !d->is_told &&
                    (!d->is_summing || may_be_read(ex, part->total));
    if (d->keeps_part)
        note(ex, STR_NONE, false); /* known, before its bytes come */
}

void download_keep_bytes(struct exchange *ex, struct str bytes)
{
    struct keep_file file = file_of(ex);
    if (ex->download->keeps_part)
        chunks_add(&ex->download->chunks, ex, &file, bytes);
}

static void note_part(struct exchange *ex, const struct download_part *part)
{
    struct download *d = ex->download;
    struct buf line = {0};
    struct jsonw w = {.out = &line};
    char version[24];
    chunks_end(&d->chunks, ex);
    snprintf(version, sizeof version, "%llu", (unsigned long long)d->version);
    jsonw_object(&w);
    jsonw_key_int(&w, "from", part->from);
    jsonw_key_int(&w, "to", part->to);
    jsonw_key_int(&w, "total", part->total);
    jsonw_key_cstr(&w, "version", version);
    jsonw_key_cstr(&w, "kept", d->chunks.name);
    jsonw_key_int(&w, "chunks", (int64_t)d->chunks.count);
    jsonw_close(&w);
    note(ex, buf_str(&line), false);
    buf_free(&line);
    chunks_drop(&d->chunks);
}

void download_keep_end(struct exchange *ex)
{
    struct download *d = ex->download;
    if (d->keeps_part && d->now.to > d->now.from)
        note_part(ex, &d->now);
    d->keeps_part = false;
}

void download_keep_rest(struct exchange *ex)
{
    struct download *d = ex->download;
    struct keep_file file = file_of(ex);
    struct download_part part = {0, (int64_t)d->kept.n, d->now.total, -1};
    bool was_kept = ex->status == 206 && d->now.end != d->now.total;
    if (d->kept.n == 0 || was_kept || d->is_encoded || d->multipart != NULL)
        return;
    if (part.total < 0)
        part.total = d->length;
    note(ex, STR_NONE, false);
    chunks_add(&d->chunks, ex, &file, buf_str(&d->kept));
    note_part(ex, &part);
}

/* ---- what there is ------------------------------------------------------ */

static int64_t number(const struct json_node *line, const char *key)
{
    int64_t value;
    return json_int(json_get(line, key), &value) == OK ? value : -1;
}

static bool read_line(
    struct exchange *ex, const struct json_node *line, struct range *range_out)
{
    const struct download *d = ex->download;
    uint64_t version = 0;
    (void)!str_to_u64(json_get_text(line, "version"), &version);
    *range_out = (struct range){
        .from = number(line, "from"),
        .to = number(line, "to"),
        .kept_name = json_get_text(line, "kept"),
        .chunk_count = number(line, "chunks"),
    };
    return range_out->from >= 0 && range_out->to > range_out->from &&
           range_out->kept_name.n != 0 &&
           download_is_same_file(d->version, version, d->whole->said.total,
               number(line, "total"));
}

static size_t read_lines(struct exchange *ex, struct range *ranges)
{
    struct download_whole *whole = ex->download->whole;
    struct str rest = buf_str(&whole->lines), text;
    size_t n = 0;
    while (n < RANGES_MAX && str_split(&rest, '\n', &text)) {
        struct json_node *line;
        if (json_parse(text, &whole->arena, NULL, &line) == OK &&
            read_line(ex, line, &ranges[n]))
            n++;
    }
    return n;
}

/* Of those that have the byte, the one that goes on the farthest. */
static const struct range *best_at(
    const struct range *ranges, size_t count, int64_t at)
{
    const struct range *best = NULL;
    for (size_t i = 0; i < count; i++)
        if (ranges[i].from <= at && ranges[i].to > at &&
            (best == NULL || ranges[i].to > best->to))
            best = &ranges[i];
    return best;
}

/* False: some bytes from there on are missing. */
static bool cover(struct download_whole *whole, const struct range *ranges,
    size_t count, int64_t at)
{
    whole->count = 0;
    while (at < whole->said.total) {
        const struct range *best = best_at(ranges, count, at);
        if (best == NULL)
            return false;
        whole->ranges[whole->count++] = *best;
        at = best->to;
    }
    return true;
}

static bool plan(struct exchange *ex)
{
    struct download *d = ex->download;
    struct download_whole *whole = d->whole;
    const struct keep_sum *sum = &whole->said.sum;
    struct range *ranges = mem_calloc(RANGES_MAX, sizeof *ranges);
    whole->ranges = arena_alloc(&whole->arena, RANGES_MAX * sizeof *ranges);
    size_t count = read_lines(ex, ranges);
    whole->is_all = cover(whole, ranges, count, 0);
    bool is_possible =
        whole->is_all ||
        (whole->said.has_sum && cover(whole, ranges, count, sum->at));
    mem_free(ranges);
    if (!is_possible)
        return false;
    digest_free(&d->digest);
    d->digest = whole->is_all ? digest_new() : digest_restore(sum->state);
    whole->findings_before = ex->activity->findings.count;
    download_start_over(ex, whole->is_all ? 0 : sum->at, whole->said.total);
    return d->digest != NULL;
}

/* ---- putting together ---------------------------------------------------- */

void download_whole_free(struct download *d)
{
    struct download_whole *whole = d->whole;
    if (whole == NULL)
        return;
    buf_wipe_free(&whole->piece);
    buf_wipe_free(&whole->lines);
    buf_wipe_free(&whole->findings);
    arena_free(&whole->arena);
    mem_free(whole);
    d->whole = NULL;
}

/* All of a document has passed, and nobody could read it. */
static void note_unread(struct exchange *ex)
{
    if (ex->env->document_max_bytes > 0 &&
        filetype_is_document(download_file(ex)->type))
        download_note_trouble(ex, "limit", STR_NONE);
}

static enum file_next give_up(struct exchange *ex)
{
    struct download *d = ex->download;
    struct findings *f = &ex->activity->findings;
    if (d->whole->has_plan) {
        exchange_scan_free(ex);
        f->count = d->whole->findings_before;
        digest_free(&d->digest);
    }
    download_take_parts(ex, &d->whole->said);
    note_unread(ex);
    download_whole_free(d);
    return FILE_READS;
}

/* What was found in one of its parts was found again. */
static void drop_findings_of_part(struct findings *f, size_t before)
{
    size_t kept = 0;
    for (size_t i = 0; i < f->count; i++)
        if (i >= before || f->items[i].where != WHERE_FILE)
            f->items[kept++] = f->items[i];
    f->count = kept;
}

static enum file_next finish(struct exchange *ex)
{
    struct download_whole *whole = ex->download->whole;
    if (!whole->is_all)
        download_take_parts(ex, &whole->said);
    download_take_whole(ex);
    if (!whole->is_all)
        note_unread(ex);
    else
        drop_findings_of_part(&ex->activity->findings, whole->findings_before);
    download_whole_free(ex->download);
    return FILE_READS;
}

static void ask_lines(struct exchange *ex)
{
    struct keep_file file = file_of(ex);
    file.offset = ex->download->whole->lines.n;
    buf_clear(&ex->question);
    keep_ask_file(&file, &ex->question);
}

bool download_whole_begin(
    struct exchange *ex, const struct keep_part_answer *said)
{
    struct download *d = ex->download;
    if (d->was_whole || said->total < 0)
        return false;
    struct download_whole *whole = d->whole = MEM_NEW(struct download_whole);
    d->was_whole = true;
    whole->said = *said;
    buf_append_str(&whole->findings, said->findings);
    whole->said.findings = buf_str(&whole->findings);
    ask_lines(ex);
    return true;
}

/* Chunks of a part are of one size, but its last one. */
static enum file_next ask_chunk(struct exchange *ex)
{
    struct download *d = ex->download;
    struct download_whole *whole = d->whole;
    const struct range *range = &whole->ranges[whole->at];
    int64_t first = (d->now.to - range->from) / KEEP_CHUNK_BYTES;
    if (whole->chunk > first || first >= range->chunk_count)
        return give_up(ex); /* it was shorter than it should have been */
    whole->chunk = first + 1;
    buf_clear(&ex->question);
    keep_ask_chunk(range->kept_name, (size_t)first, &ex->question);
    return FILE_ASKS;
}

enum file_next download_whole_step(struct exchange *ex)
{
    struct download *d = ex->download;
    struct download_whole *whole = d->whole;
    if (whole->piece_at < whole->piece.n) {
        struct str piece = str_sub(buf_str(&whole->piece), whole->piece_at,
            whole->piece_at + STEP_BYTES);
        whole->piece_at += piece.n;
        download_take_bytes(ex, piece);
        return FILE_STEPS;
    }
    while (
        whole->at < whole->count && d->now.to >= whole->ranges[whole->at].to) {
        whole->at++;
        whole->chunk = 0;
    }
    return whole->at < whole->count ? ask_chunk(ex) : finish(ex);
}

/* What of the chunk is the file's next bytes. */
static void take_chunk(struct download *d, struct str chunk)
{
    struct download_whole *whole = d->whole;
    const struct range *range = &whole->ranges[whole->at];
    int64_t at = range->from + (whole->chunk - 1) * KEEP_CHUNK_BYTES;
    int64_t end = range->to - at;
    chunk = str_sub(chunk, 0, (size_t)end);
    buf_clear(&whole->piece);
    buf_append_str(
        &whole->piece, str_sub(chunk, (size_t)(d->now.to - at), chunk.n));
    whole->piece_at = 0;
}

enum file_next download_whole_answer(struct exchange *ex, struct str answer)
{
    struct download_whole *whole = ex->download->whole;
    struct keep_file_answer said;
    if (whole->has_plan) {
        if (answer.n == 0)
            return give_up(ex);
        take_chunk(ex->download, answer);
        return FILE_STEPS;
    }
    if (keep_read_file(answer, &said) != OK)
        return give_up(ex);
    buf_append_str(&whole->lines, said.facts);
    if (said.facts.n != 0 && whole->lines.n < said.facts_bytes) {
        ask_lines(ex);
        return FILE_ASKS;
    }
    whole->has_plan = plan(ex);
    return whole->has_plan ? FILE_STEPS : give_up(ex);
}
