/*
 * Text of a body while it passes: scanned in slices that overlap, so that what
 * lies across two of them is found, and once.
 *
 * Of a file that begins as text the bytes are scanned as they are: offsets of
 * findings are those in the file.  Where the text may hide words (JSON with
 * its escapes, something else behind a zero byte) it is harvested besides, and
 * what only that finds is told, too.  Everything else is harvested.
 */
#include "base/mem.h"
#include "base/stats.h"
#include "base/utf8.h"
#include "inspect/evidence.h"
#include "inspect/exchange_parts.h"
#include "inspect/filetype.h"
#include "inspect/finding.h"

struct slices {
    struct harvest *harvest; /* NULL: the bytes are the text */
    struct buf text;
    size_t base, carried;
    struct findings *to;
};

struct passing {
    struct str declared_type; /* in the exchange's arena */
    bool is_file, is_decided, is_plain;
    char last;       /* byte, while it is plain */
    struct buf head; /* until it is decided what it is */
    struct slices main, again;
    struct findings found_again; /* in the other spelling */
};

/* ---- slices -------------------------------------------------------------- */

/* A row of a table that the slice before had part of, and this one the rest. */
static bool joins_earlier(
    struct findings *f, size_t before, const struct finding *one)
{
    for (size_t i = before; i-- > 0 && one->is_apart;) {
        struct finding *other = &f->items[i];
        if (!other->is_apart || other->value_hash != one->value_hash ||
            other->end < one->start || one->end < other->start)
            continue;
        other->end = one->end > other->end ? one->end : other->end;
        return true;
    }
    return false;
}

/* Findings of the slice get offsets in the whole; those that lie in what was
 * scanned before already are there. */
static void adopt_findings(const struct slices *s, size_t before)
{
    struct findings *f = s->to;
    size_t kept = before;
    for (size_t i = before; i < f->count; i++) {
        struct finding finding = f->items[i];
        if (finding.end <= s->carried)
            continue;
        finding.start += s->base;
        finding.end += s->base;
        if (!joins_earlier(f, before, &finding))
            f->items[kept++] = finding;
    }
    f->count = kept;
}

static void scan_slice(struct exchange *ex, struct slices *s, size_t n)
{
    size_t before = s->to->count;
    struct str text = str_sub(buf_str(&s->text), 0, n);
    uint64_t began = clock_mono_us();
    stats_add(STAT_SCANNED_BYTES, (int64_t)n);
    if (ex->env->scanner != NULL)
        scan_text(ex->env->scanner, text, WHERE_FILE, s->to);
    stats_observe_us(HIST_SCAN_TIME, clock_mono_us() - began);
    adopt_findings(s, before);
    evidence_note(
        ex->env->evidence, ex->activity, s->to, before, text, s->base);
    size_t carried = n < STREAM_OVERLAP_BYTES ? n : STREAM_OVERLAP_BYTES;
    carried = n - utf8_floor(text, n - carried);
    buf_consume(&s->text, n - carried);
    s->base += n - carried;
    s->carried = carried;
}

static void feed_slices(struct exchange *ex, struct slices *s, struct str bytes)
{
    if (s->harvest == NULL)
        buf_append_str(&s->text, bytes);
    else if (harvest_feed(s->harvest, bytes, &s->text) != OK)
        exchange_note_failure(ex, FAIL_LIMIT);
    while (s->text.n >= STREAM_SLICE_BYTES)
        scan_slice(ex, s, utf8_floor(buf_str(&s->text), STREAM_SLICE_BYTES));
}

static void finish_slices(struct exchange *ex, struct slices *s)
{
    if (s->to == NULL)
        return;
    if (s->harvest != NULL && harvest_finish(s->harvest, &s->text) != OK)
        exchange_note_failure(ex, FAIL_LIMIT);
    while (s->text.n > STREAM_SLICE_BYTES)
        scan_slice(ex, s, utf8_floor(buf_str(&s->text), STREAM_SLICE_BYTES));
    scan_slice(ex, s, s->text.n);
}

static void free_slices(struct slices *s)
{
    harvest_free(&s->harvest);
    buf_wipe_free(&s->text);
}

/* ---- what it is ---------------------------------------------------------- */

static void start_again(struct passing *p, struct str as_type)
{
    p->again.to = &p->found_again;
    p->again.harvest = harvest_new(as_type, 0);
}

static void decide(struct exchange *ex, struct passing *p)
{
    struct str head = buf_str(&p->head);
    p->is_decided = true;
    p->main.to = &ex->activity->findings;
    p->is_plain = p->is_file && extract_is_plain(head, filetype_find(head));
    if (!p->is_plain)
        p->main.harvest = harvest_new(p->declared_type, 0);
    else if (extract_hides_words(head, true))
        start_again(p, STR("application/json"));
}

/* At a zero byte another encoding may begin: with the character before it. */
static void feed_behind_zero(
    struct exchange *ex, struct passing *p, struct str bytes)
{
    size_t zero = str_find_char(bytes, '\0');
    if (zero == bytes.n) {
        p->last = bytes.p[bytes.n - 1];
        return;
    }
    start_again(p, STR("application/octet-stream"));
    if (zero == 0)
        feed_slices(ex, &p->again, str_make(&p->last, 1));
    zero -= zero != 0;
    feed_slices(ex, &p->again, str_sub(bytes, zero, bytes.n));
}

static void feed(struct exchange *ex, struct passing *p, struct str bytes)
{
    if (bytes.n == 0)
        return;
    feed_slices(ex, &p->main, bytes);
    if (p->again.to != NULL)
        feed_slices(ex, &p->again, bytes);
    else if (p->is_plain)
        feed_behind_zero(ex, p, bytes);
}

/* The mark of its encoding is not part of the text. */
static void feed_head(struct exchange *ex, struct passing *p)
{
    struct str head = buf_str(&p->head);
    decide(ex, p);
    if (p->is_plain && str_starts(head, "\xef\xbb\xbf"))
        head = str_sub(head, 3, head.n);
    feed(ex, p, head);
    buf_wipe_free(&p->head);
}

/* ---- from outside -------------------------------------------------------- */

void exchange_scan_begin(
    struct exchange *ex, struct str declared_type, bool is_file)
{
    exchange_scan_free(ex);
    struct passing *p = ex->passing = MEM_NEW(struct passing);
    p->declared_type = arena_copy(&ex->arena, declared_type);
    p->is_file = is_file;
}

void exchange_scan_piece(struct exchange *ex, struct str bytes)
{
    enum { PIECE = 64 * 1024 };
    struct passing *p = ex->passing;
    if (p == NULL)
        return;
    if (!p->is_decided) {
        struct str head = str_sub(bytes, 0, FILETYPE_HEAD_BYTES - p->head.n);
        buf_append_str(&p->head, head);
        bytes = str_sub(bytes, head.n, bytes.n);
        if (p->head.n == FILETYPE_HEAD_BYTES)
            feed_head(ex, p);
    }
    while (bytes.n != 0) {
        struct str piece = str_sub(bytes, 0, PIECE);
        bytes = str_sub(bytes, piece.n, bytes.n);
        feed(ex, p, piece);
    }
}

void exchange_scan_rest(struct exchange *ex)
{
    struct passing *p = ex->passing;
    if (p == NULL)
        return;
    if (!p->is_decided)
        feed_head(ex, p);
    finish_slices(ex, &p->main);
    finish_slices(ex, &p->again);
    findings_join(&ex->activity->findings, &p->found_again);
    exchange_scan_free(ex);
}

void exchange_scan_free(struct exchange *ex)
{
    struct passing *p = ex->passing;
    if (p == NULL)
        return;
    free_slices(&p->main);
    free_slices(&p->again);
    buf_wipe_free(&p->head);
    findings_free(&p->found_again);
    mem_free(p);
    ex->passing = NULL;
}
