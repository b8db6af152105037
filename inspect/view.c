/*
 * Edits come from inspect/island.c, join.c and turn.c; scan_views.c makes the
 * views and has their windows scanned.
 */
#include "inspect/view.h"

#include <stdlib.h>

#include "base/mem.h"

/* ---- edits ---- */

void view_edits_add(
    struct view_edits *edits, size_t start, size_t end, struct str replacement)
{
    if (edits->count == edits->cap) {
        edits->cap = edits->cap == 0 ? 16 : edits->cap * 2;
        edits->items =
            mem_realloc(edits->items, edits->cap * sizeof *edits->items);
    }
    edits->items[edits->count++] = (struct view_edit){.start = start,
        .end = end,
        .out = edits->bytes.n,
        .out_n = replacement.n};
    buf_append_str(&edits->bytes, replacement);
}

void view_edits_clear(struct view_edits *edits)
{
    edits->count = 0;
    buf_clear(&edits->bytes);
}

void view_edits_free(struct view_edits *edits)
{
    mem_free(edits->items);
    buf_free(&edits->bytes);
    *edits = (struct view_edits){0};
}

static int compare_edits(const void *a, const void *b)
{
    const struct view_edit *x = a, *y = b;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    if (x->end != y->end)
        return x->end > y->end ? -1 : 1;
    return x->out < y->out ? -1 : x->out > y->out;
}

static void sort_edits(struct view_edits *edits)
{
    size_t kept = 0;
    if (edits->count > 1)
        qsort(edits->items, edits->count, sizeof *edits->items, compare_edits);
    for (size_t i = 0; i < edits->count; i++)
        if (kept == 0 || edits->items[i].start >= edits->items[kept - 1].end)
            edits->items[kept++] = edits->items[i];
    edits->count = kept;
}

/* ---- making ---- */

static void add_piece(struct view *view, struct view_piece piece)
{
    if (view->piece_count == view->piece_cap) {
        view->piece_cap = view->piece_cap == 0 ? 32 : view->piece_cap * 2;
        view->pieces =
            mem_realloc(view->pieces, view->piece_cap * sizeof *view->pieces);
    }
    view->pieces[view->piece_count++] = piece;
}

static void add_plain(
    struct view *view, struct str source, size_t start, size_t end)
{
    if (start >= end)
        return;
    add_piece(view, (struct view_piece){
                        view->text.n, end - start, start, end - start, false});
    buf_append(&view->text, source.p + start, end - start);
}

static void add_window(struct view *view, struct view_window window)
{
    if (view->window_count == view->window_cap) {
        view->window_cap = view->window_cap == 0 ? 8 : view->window_cap * 2;
        view->windows = mem_realloc(
            view->windows, view->window_cap * sizeof *view->windows);
    }
    view->windows[view->window_count++] = window;
}

static size_t window_from(const struct view_edit *e, bool has_context)
{
    size_t before = has_context ? VIEW_BEFORE : 0;
    return e->start > before ? e->start - before : 0;
}

static size_t window_to(
    const struct view_edit *e, struct str source, bool has_context)
{
    size_t after = has_context ? VIEW_AFTER : 0;
    return source.n - e->end > after ? e->end + after : source.n;
}

/* The window from edit `first` on; returns the first edit behind it. */
static size_t make_window(struct view *view, struct str source,
    const struct view_edits *edits, size_t first, bool has_context)
{
    const struct view_edit *items = edits->items;
    size_t at = window_from(&items[first], has_context);
    struct view_window window = {.start = view->text.n, .edits_from = SIZE_MAX};
    size_t to = window_to(&items[first], source, has_context), i = first;
    while (i > 0 && items[i - 1].is_hint && items[i - 1].start >= at)
        i--;
    for (; i < edits->count; i++) {
        const struct view_edit *e = &items[i];
        if (e->is_hint ? e->end > to : window_from(e, has_context) > to)
            break;
        add_plain(view, source, at, e->start);
        if (window.edits_from == SIZE_MAX)
            window.edits_from = view->text.n - window.start;
        add_piece(view, (struct view_piece){view->text.n, e->out_n, e->start,
                            e->end - e->start, true});
        buf_append_str(&view->text,
            str_sub(buf_str(&edits->bytes), e->out, e->out + e->out_n));
        window.edits_to = view->text.n - window.start;
        at = e->end;
        if (!e->is_hint)
            to = window_to(e, source, has_context);
    }
    add_plain(view, source, at, to);
    window.end = view->text.n;
    add_window(view, window);
    /* Nothing reaches from one window into the next. */
    add_piece(view, (struct view_piece){view->text.n, 1, to, 0, false});
    buf_append_char(&view->text, '\x01');
    return i;
}

void view_make(struct view *view, struct str source, struct view_edits *edits,
    bool has_context)
{
    *view = (struct view){0};
    sort_edits(edits);
    for (size_t i = 0; i < edits->count;) {
        if (edits->items[i].is_hint)
            i++;
        else
            i = make_window(view, source, edits, i, has_context);
    }
}

void view_free(struct view *view)
{
    buf_free(&view->text);
    mem_free(view->pieces);
    mem_free(view->windows);
    *view = (struct view){0};
}

/* ---- looking up ---- */

/* The last piece that begins at `offset` or before. */
static size_t piece_at(const struct view *view, size_t offset)
{
    size_t low = 0, high = view->piece_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (view->pieces[middle].out <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

bool view_is_edited(const struct view *view, size_t start, size_t end)
{
    for (size_t i = piece_at(view, start);
         i < view->piece_count && view->pieces[i].out < end; i++) {
        const struct view_piece *p = &view->pieces[i];
        if (p->is_edit &&
            (p->out_n > 0 ? p->out + p->out_n > start : p->out > start))
            return true;
    }
    return false;
}

void view_locate(const struct view *view, size_t start, size_t end,
    size_t *source_start_out, size_t *source_end_out)
{
    const struct view_piece *first = &view->pieces[piece_at(view, start)];
    const struct view_piece *last = &view->pieces[piece_at(view, end - 1)];
    size_t skipped = first->is_edit ? 0 : start - first->out;
    size_t taken = last->is_edit ? last->source_n : end - last->out;
    *source_start_out =
        first->source + (skipped < first->source_n ? skipped : first->source_n);
    *source_end_out =
        last->source + (taken < last->source_n ? taken : last->source_n);
}
