/*
 * From a name to findings with their places (proxy/scan_file.h).
 *
 *   source    the file's text, through a window (proxy/text_source.h)
 *   slice     SCAN_SLICE_BYTES of it are scanned as one; what lies near the
 *             border is left to the next slice, which begins before it
 *   cursor    counts lines and columns on, from one finding to the next
 */
#include "proxy/scan_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "inspect/finding.h"
#include "proxy/text_source.h"

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

static void scan_source(const struct scan_options *options,
    struct text_source *in, enum where where, struct scan_result *out)
{
    struct cursor cursor = AT_START, place;
    struct stretch s = {options, out, STR_NONE, 0, &place, NULL, 0};
    size_t seen = 0; /* of the window: what was told already */
    for (bool is_last = false; !is_last;) {
        struct findings found = {0};
        place = cursor;
        text_source_fill(in, SCAN_SLICE_BYTES);
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

/* As much of it as is scanned as one. */
static bool open_source(
    struct text_source *in, const char *path, struct scan_result *out)
{
    *out = (struct scan_result){0};
    if (text_source_open(in, path))
        text_source_fill(in, SCAN_SLICE_BYTES);
    else
        buf_append_str(&out->error, str_of(strerror(in->error)));
    return out->error.n == 0;
}

void scan_file(const struct scan_options *options, const char *path,
    struct scan_result *out)
{
    struct text_source in;
    bool is_open = open_source(&in, path, out);
    if (is_open && text_source_is_document(&in)) {
        struct extract_report report;
        text_source_read_document(&in, options->setup, &report);
        scan_report(options, &report, out);
        extract_report_free(&report);
    } else if (is_open) {
        bool is_stdin = strcmp(path, "-") == 0;
        text_source_sift(&in);
        out->is_bytes = text_source_is_bytes(&in);
        scan_source(options, &in, is_stdin ? WHERE_PROMPT : WHERE_FILE, out);
    }
    out->bytes = in.bytes;
    text_source_close(&in);
}

bool scan_file_show(const struct scan_options *options, const char *path,
    FILE *to, struct scan_result *out)
{
    struct text_source in;
    bool is_open = open_source(&in, path, out);
    if (is_open && text_source_is_document(&in)) {
        struct extract_report report;
        text_source_read_document(&in, options->setup, &report);
        if (report.text.n > 0)
            fwrite(buf_bytes(&report.text), 1, report.text.n, to);
        extract_report_free(&report);
    } else if (is_open) {
        text_source_sift(&in);
        text_source_fill(&in, SCAN_SLICE_BYTES);
        while (in.text.n != 0) {
            fwrite(buf_bytes(&in.text), 1, in.text.n, to);
            buf_clear(&in.text);
            text_source_fill(&in, SCAN_SLICE_BYTES);
        }
    }
    text_source_close(&in);
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
