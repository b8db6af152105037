/*
 * Any text through every finder of places and the view of them: edits stay in
 * order inside the text, what is decoded is bounded, offsets lead back.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "inspect/island.h"
#include "inspect/join.h"
#include "inspect/turn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef size_t find_fn(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out);

static const struct {
    find_fn *find;
    unsigned growth; /* bytes of replacement a source byte, at most */
    size_t extra;
} finders[] = {{island_find_escapes, 1, 0},
    {island_find_tokens, 1, 2 * ISLAND_INFLATED_MAX}, {island_find_codes, 2, 0},
    {join_find_numbers, 1, 0}, {join_find_tokens, 0, 0},
    {join_find_halves, 0, 0}, {join_find_messages, 0, 0},
    {turn_find_bidi, 1, 0}, {turn_find_numbers, 1, 0}, {turn_find_words, 1, 0},
    {turn_find_tokens, 5, 0}, {turn_find_roman, 1, 0},
    {turn_find_ciphers, 1, 0}, {join_find_order, 1, 0},
    {turn_find_initials, 1, 0}, {join_find_indexed, 1, 0},
    {join_find_counted, 0, 0}, {join_find_prefixed, 0, 0},
    {island_find_groups, 1, 2 * ISLAND_INFLATED_MAX},
    {island_find_hidden, 1, 0}, {island_find_slashed, 1, 0}};

static void require(bool is_so)
{
    if (!is_so)
        abort();
}

static void check_view(struct str text, struct view_edits *edits)
{
    struct view view;
    view_make(&view, text, edits, true);
    for (size_t i = 0; i < edits->count; i++) {
        const struct view_edit *e = &edits->items[i];
        require(e->start <= e->end && e->end <= text.n);
        require(i == 0 || e->start >= e[-1].end);
    }
    for (size_t i = 0; i < view.window_count; i++) {
        size_t start, end;
        const struct view_window *w = &view.windows[i];
        require(w->start <= w->end && w->end < view.text.n);
        for (size_t at = w->start; at < w->end; at += 7) {
            view_locate(&view, at, at + 1, &start, &end);
            require(start <= end && end <= text.n);
        }
    }
    view_free(&view);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = str_make((const char *)data, size);
    struct marks marks = {0};
    marks_make(&marks, text, 0, size);
    for (size_t i = 0; i < ARRAY_LEN(finders); i++) {
        struct view_edits edits = {0};
        size_t half = size / 2;
        size_t at = finders[i].find(&marks, 0, half, &edits);
        require(at >= half);
        if (at < size)
            require(finders[i].find(&marks, at, size, &edits) >= size);
        check_view(text, &edits);
        require(edits.bytes.n <=
                size * finders[i].growth + edits.count * 5 + finders[i].extra);
        view_edits_free(&edits);
    }
    marks_free(&marks);
    return 0;
}
