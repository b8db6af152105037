/*
 * A changed copy of the interesting places of a text, to be searched instead
 * of it: an encoded island decoded, a separator taken out.  Whoever finds such
 * places lists edits; the view holds each of them with the text around it
 * (a window), and leads offsets back to the source.
 *
 * Bounded by its maker: a view is as large as its windows and replacements.
 */
#ifndef INSPECT_VIEW_H
#define INSPECT_VIEW_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"

/* Source bytes [start, end) read as bytes[out, out + out_n) of the list. */
struct view_edit {
    size_t start, end;
    size_t out, out_n;
    bool is_hint; /* alone it makes no window */
};

struct view_edits {
    struct view_edit *items;
    size_t count, cap;
    struct buf bytes;
};

/* Text [out, out + out_n) stands for source [source, source + source_n). */
struct view_piece {
    size_t out, out_n;
    size_t source, source_n;
    bool is_edit;
};

struct view_window {
    size_t start, end;           /* in the view's text */
    size_t edits_from, edits_to; /* what was edited of it, from `start` on */
};

struct view {
    struct buf text;
    struct view_piece *pieces;
    size_t piece_count, piece_cap;
    struct view_window *windows;
    size_t window_count, window_cap;
};

enum {
    VIEW_BEFORE = 256, /* source bytes around an edit that a window shows */
    VIEW_AFTER = 128,
};

void view_edits_add(
    struct view_edits *edits, size_t start, size_t end, struct str replacement);
void view_edits_clear(struct view_edits *edits);
void view_edits_free(struct view_edits *edits);

/* Sorts the edits; of two that share bytes the first, then the longer, is
 * made. */
void view_make(struct view *view, struct str source, struct view_edits *edits,
    bool has_context); /* with the text around them */
void view_free(struct view *view);

/* Whether text[start, end) has been changed at all. */
bool view_is_edited(const struct view *view, size_t start, size_t end);
/* The source bytes that text[start, end) was made from; start < end. */
void view_locate(const struct view *view, size_t start, size_t end,
    size_t *source_start_out, size_t *source_end_out);

#endif
