/*
 * From a name to findings with their places (proxy/scan_file.h).
 *
 *   source    bytes of the file, as UTF-8 if they say that they are UTF-16
 *   slice     SCAN_SLICE_BYTES of them are scanned as one; what lies near the
 *             border is left to the next slice, which begins before it
 *   cursor    counts lines and columns on, from one finding to the next
 */
#include "proxy/scan_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "extract/format.h"
#include "extract/text.h"
#include "inspect/finding.h"

/* ---- bytes -------------------------------------------------------------- */

enum coding { CODING_BYTES, CODING_UTF16LE, CODING_UTF16BE };

struct source {
    int fd;
    enum coding coding;
    struct buf raw;  /* UTF-16 that is not converted yet */
    struct buf text; /* the window */
    uint64_t bytes;
    bool is_at_end;
    int error; /* errno; 0: none */
};

enum { READ_BYTES = 256 * 1024 };

static void read_some(struct source *s, struct buf *to)
{
    ssize_t n;
    do
        n = read(s->fd, buf_reserve(to, READ_BYTES), READ_BYTES);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        s->error = errno;
    if (n <= 0) {
        s->is_at_end = true;
        return;
    }
    buf_commit(to, (size_t)n);
    s->bytes += (size_t)n;
}

static bool is_high_surrogate(const struct source *s, const char *unit)
{
    unsigned char high =
        (unsigned char)unit[s->coding == CODING_UTF16LE ? 1 : 0];
    return (high & 0xfc) == 0xd8;
}

/* Whole characters only; the mark in front tells the converter which. */
static void convert(struct source *s)
{
    struct buf marked = {0};
    size_t n = s->is_at_end ? s->raw.n : s->raw.n & ~(size_t)1;
    if (!s->is_at_end && n >= 2 &&
        is_high_surrogate(s, buf_bytes(&s->raw) + n - 2))
        n -= 2;
    if (n == 0)
        return;
    buf_append_str(&marked,
        s->coding == CODING_UTF16LE ? STR("\xff\xfe") : STR("\xfe\xff"));
    buf_append_str(&marked, str_sub(buf_str(&s->raw), 0, n));
    (void)text_to_utf8(buf_str(&marked), &s->text);
    buf_consume(&s->raw, n);
    buf_free(&marked);
}

/* Until the window has so much, or there is no more. */
static void fill(struct source *s, size_t want)
{
    while (s->text.n < want && !s->is_at_end) {
        read_some(s, s->coding == CODING_BYTES ? &s->text : &s->raw);
        if (s->coding != CODING_BYTES)
            convert(s);
    }
}

/* Text that says by its first bytes that it is UTF-16 becomes UTF-8, in which
 * findings have their offsets. */
static void begin(struct source *s)
{
    fill(s, READ_BYTES);
    struct str head = buf_str(&s->text);
    if (str_starts(head, "\xff\xfe"))
        s->coding = CODING_UTF16LE;
    else if (str_starts(head, "\xfe\xff"))
        s->coding = CODING_UTF16BE;
    if (s->coding == CODING_BYTES)
        return;
    buf_take(&s->raw, &s->text);
    buf_consume(&s->raw, 2);
    convert(s);
}

static bool open_source(
    struct source *s, const char *path, struct scan_result *out)
{
    bool is_stdin = strcmp(path, "-") == 0;
    *s = (struct source){
        .fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)};
    if (s->fd >= 0)
        begin(s);
    else
        s->error = errno;
    if (s->error != 0)
        buf_append_str(&out->error, str_of(strerror(s->error)));
    return s->error == 0;
}

static void close_source(struct source *s)
{
    if (s->fd > STDIN_FILENO)
        close(s->fd);
    buf_wipe_free(&s->raw);
    buf_wipe_free(&s->text);
}

/* ---- places ------------------------------------------------------------- */

struct cursor {
    size_t at; /* in the whole text */
    size_t line, column;
};

static const struct cursor AT_START = {0, 1, 1};

/* text begins at `base` of the whole. */
static void advance(struct cursor *c, struct str text, size_t base, size_t to)
{
    for (; c->at < to && c->at - base < text.n; c->at++) {
        unsigned char byte = (unsigned char)text.p[c->at - base];
        if (byte == '\n') {
            c->line++;
            c->column = 1;
        } else if ((byte & 0xc0) != 0x80) {
            c->column++;
        }
    }
}

static int by_place(const void *a, const void *b)
{
    const struct finding *x = a, *y = b;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

/* One stretch of text on its way into the result. */
struct stretch {
    const struct scan_options *options;
    struct scan_result *out;
    struct str text;
    size_t base;
    struct cursor *cursor;
    const struct extract_report *report; /* NULL: the file itself */
    size_t spots_cap;
};

static struct scan_spot find_spot(struct stretch *s, const struct finding *f)
{
    const struct extract_part *part =
        s->report != NULL ? extract_part_at(s->report, f->start) : NULL;
    struct scan_spot spot = {0};
    if (part != NULL && part->start > s->cursor->at)
        *s->cursor = (struct cursor){part->start, 1, 1};
    advance(s->cursor, s->text, s->base, f->start);
    struct cursor end = *s->cursor;
    advance(&end, s->text, s->base, f->end);
    spot.line = s->cursor->line;
    spot.column = s->cursor->column;
    spot.end_line = end.line;
    spot.end_column = end.column;
    if (part != NULL)
        spot.part = arena_copy(&s->out->arena, part->path);
    if (s->options->wants_values)
        spot.value = arena_copy(&s->out->arena,
            str_sub(s->text, f->start - s->base, f->end - s->base));
    return spot;
}

/* The weakest gives way once the list is full, so a spot is put where its
 * finding went. */
static void put(struct stretch *s, const struct finding *f)
{
    struct findings *all = &s->out->findings;
    struct scan_spot spot = find_spot(s, f);
    struct finding *to = findings_add_ranked(all, f->confidence, f->severity);
    if (s->spots_cap < all->cap) {
        s->out->spots =
            mem_realloc(s->out->spots, all->cap * sizeof *s->out->spots);
        s->spots_cap = all->cap;
    }
    if (to == NULL)
        return;
    *to = *f;
    to->detector = arena_copy(&s->out->arena, f->detector);
    to->type = arena_copy(&s->out->arena, f->type);
    to->group = arena_copy(&s->out->arena, f->group);
    to->document = arena_copy(&s->out->arena, f->document);
    to->sample = arena_copy(&s->out->arena, f->sample);
    s->out->spots[to - all->items] = spot;
}

static bool is_wanted(const struct scan_options *o, const struct finding *f)
{
    return f->severity >= o->min_severity && f->confidence >= o->min_confidence;
}

/* Of the findings those that end in (from, to] of the text. */
static void add_findings(
    struct stretch *s, struct findings *found, size_t from, size_t to)
{
    struct findings *all = &s->out->findings;
    all->is_capped = all->is_capped || found->is_capped;
    all->is_incomplete = all->is_incomplete || found->is_incomplete;
    if (found->count != 0)
        qsort(found->items, found->count, sizeof *found->items, by_place);
    for (size_t i = 0; i < found->count; i++) {
        struct finding *f = &found->items[i];
        if (!is_wanted(s->options, f) || (f->end <= from && from != 0) ||
            f->end > to)
            continue;
        f->start += s->base;
        f->end += s->base;
        put(s, f);
    }
}

/* ---- text --------------------------------------------------------------- */

static void scan_source(const struct scan_options *options, struct source *in,
    enum where where, struct scan_result *out)
{
    struct cursor cursor = AT_START, place;
    struct stretch s = {options, out, STR_NONE, 0, &place, NULL, 0};
    size_t seen = 0; /* of the window: what was told already */
    for (bool is_last = false; !is_last;) {
        struct findings found = {0};
        place = cursor;
        fill(in, SCAN_SLICE_BYTES);
        is_last = in->is_at_end && in->text.n <= SCAN_SLICE_BYTES;
        size_t n = is_last ? in->text.n
                           : utf8_floor(buf_str(&in->text), SCAN_SLICE_BYTES);
        size_t border = is_last ? n : n - SCAN_GUARD_BYTES;
        s.text = str_sub(buf_str(&in->text), 0, n);
        scan_text(options->scanner, s.text, where, &found);
        add_findings(&s, &found, seen, border);
        findings_free(&found);
        if (is_last)
            break;
        size_t next = utf8_floor(s.text, n - SCAN_CARRY_BYTES);
        advance(&cursor, s.text, s.base, s.base + next);
        buf_consume(&in->text, next);
        s.base += next;
        seen = border - next;
    }
    if (in->error != 0 && out->error.n == 0)
        buf_append_str(&out->error, str_of(strerror(in->error)));
}

void scan_file_text(const struct scan_options *options, struct str text,
    enum where where, struct scan_result *out)
{
    struct cursor cursor = AT_START;
    struct stretch s = {options, out, text, 0, &cursor, NULL, 0};
    struct findings found = {0};
    *out = (struct scan_result){.is_bytes = true, .bytes = text.n};
    scan_text(options->scanner, text, where, &found);
    add_findings(&s, &found, 0, text.n);
    findings_free(&found);
}

/* ---- documents ---------------------------------------------------------- */

static void scan_report(const struct scan_options *options,
    const struct extract_report *report, struct scan_result *out)
{
    struct cursor cursor = AT_START;
    struct stretch s = {
        options, out, buf_str(&report->text), 0, &cursor, report, 0};
    struct findings found = {0};
    scan_text(options->scanner, s.text, WHERE_FILE, &found);
    if (extract_status_is_bad(report->status))
        findings_add_unreadable(
            &found, extract_status_name(report->status), report->where);
    add_findings(&s, &found, 0, s.text.n);
    findings_free(&found);
}

/* All of it is needed. */
static void read_document(const struct scan_options *options, struct source *in,
    struct extract_report *report)
{
    size_t most = options->setup->file_max;
    fill(in, most + 1);
    *report = (struct extract_report){.status = EXTRACT_LIMIT};
    if (in->text.n <= most)
        extract_child_run(options->setup, buf_str(&in->text), report);
    buf_free(&in->text);
}

static bool is_document(const struct source *in)
{
    return in->coding == CODING_BYTES &&
           format_is_document(format_of(buf_str(&in->text)));
}

void scan_file(const struct scan_options *options, const char *path,
    struct scan_result *out)
{
    struct source in;
    *out = (struct scan_result){0};
    bool is_open = open_source(&in, path, out);
    if (is_open)
        fill(&in, SCAN_SLICE_BYTES);
    if (is_open && is_document(&in)) {
        struct extract_report report;
        read_document(options, &in, &report);
        scan_report(options, &report, out);
        extract_report_free(&report);
    } else if (is_open) {
        bool is_stdin = strcmp(path, "-") == 0;
        out->is_bytes = in.coding == CODING_BYTES;
        scan_source(options, &in, is_stdin ? WHERE_PROMPT : WHERE_FILE, out);
    }
    out->bytes = in.bytes;
    close_source(&in);
}

bool scan_file_show(const struct scan_options *options, const char *path,
    FILE *to, struct scan_result *out)
{
    struct source in;
    *out = (struct scan_result){0};
    bool is_open = open_source(&in, path, out);
    if (is_open)
        fill(&in, SCAN_SLICE_BYTES);
    if (is_open && is_document(&in)) {
        struct extract_report report;
        read_document(options, &in, &report);
        fwrite(buf_bytes(&report.text), 1, report.text.n, to);
        extract_report_free(&report);
    } else {
        while (is_open && in.text.n != 0) {
            fwrite(buf_bytes(&in.text), 1, in.text.n, to);
            buf_clear(&in.text);
            fill(&in, READ_BYTES);
        }
    }
    close_source(&in);
    return is_open;
}

void scan_result_free(struct scan_result *result)
{
    findings_free(&result->findings);
    mem_free(result->spots);
    arena_free(&result->arena);
    buf_free(&result->error);
    *result = (struct scan_result){0};
}
