/*
 * What a text hides: slices of it are looked through for encoded islands,
 * pieces that belong together and values turned round; views (inspect/view.h)
 * show those as they were meant, and are scanned and looked through in turn,
 * VIEWS_DEPTH deep.  Everything that a slice brings forth fits a budget.
 *
 * Most texts hide nothing: the finders are made to see that cheaply.
 */
#include <string.h>

#include "base/mem.h"
#include "inspect/island.h"
#include "inspect/island_rare.h"
#include "inspect/join.h"
#include "inspect/scan_job.h"
#include "inspect/turn.h"

enum {
    SLICE = SCAN_VIEW_SLICE,
    VIEWS_DEPTH = 3,
    BUDGET = 1024 * 1024, /* view bytes of one slice */
};

typedef size_t find_fn(
    const struct marks *marks, size_t from, size_t to, struct view_edits *out);

enum kind {
    KIND_ESCAPED,
    KIND_DECODED,
    KIND_JOINED,
    KIND_APART,
    KIND_BRIDGED,
    KIND_BACKWARDS,
    KIND_TURNED,
    KIND_CIPHERED
};
enum { ALL_KINDS = 255, ENCODED = 3, FINDERS = 9 };

/* One view has what its finders find. */
static const struct {
    bool is_doubtful, is_turned;
    unsigned deeper; /* kinds that are looked for in such a view, as bits */
    struct {
        find_fn *find;
        enum mark needs; /* what it looks for has such bytes */
        unsigned head;   /* and one of these words; 0: others */
    } finders[FINDERS];
} kinds[] = {
    [KIND_ESCAPED] = {false, false, ALL_KINDS,
        {{island_find_escapes, MARK_ESCAPE, 0}}},
    [KIND_DECODED] = {false, false, ALL_KINDS,
        {{island_find_tokens, MARK_LONG, 0}, {island_find_codes, MARK_CODES, 0},
            {island_find_dumps, MARK_FOUR, 0},
            {island_find_characters, MARK_DIGIT, HEAD_CHARACTER},
            {island_find_rare, MARK_WORD, HEAD_RARE},
            {island_find_base85, MARK_ANY, 0},
            {island_find_morse, MARK_GAPS, 0},
            {island_find_slashed, MARK_TOKEN, 0},
            {island_find_groups, MARK_WORD, 0}}},
    [KIND_JOINED] = {true, false, ENCODED,
        {{join_find_numbers, MARK_DIGIT, 0}, {join_find_singles, MARK_WORD, 0},
            {join_find_tokens, MARK_JOINT, 0},
            {join_find_halves, MARK_WORD, HEAD_FIRST},
            {join_find_order, MARK_WORD, HEAD_FIRST},
            {join_find_messages, MARK_JOINT, HEAD_RARE}}},
    [KIND_APART] = {true, false, ENCODED,
        {{join_find_counted, MARK_DIGIT, 0},
            {join_find_indexed, MARK_DIGIT, 0}}},
    [KIND_BRIDGED] = {true, false, 0,
        {{join_find_bridges, MARK_FOUR, 0},
            {join_find_prefixed, MARK_WORD, HEAD_PIECE}}},
    [KIND_BACKWARDS] = {true, false, 0,
        {{turn_find_numbers, MARK_FOUR, 0},
            {turn_find_words, MARK_WORD, HEAD_NUMBER},
            {turn_find_chinese, MARK_HIGH, 0},
            {turn_find_text, MARK_WORD, HEAD_BACKWARDS},
            {turn_find_looks, MARK_DIGIT, 0}, {turn_find_glued, MARK_WORDS, 0},
            {turn_find_roman, MARK_UPPER, 0},
            {turn_find_initials, MARK_JOINT, 0}}},
    [KIND_TURNED] = {true, true, 0, {{turn_find_tokens, MARK_LONG, 0}}},
    [KIND_CIPHERED] = {true, true, 0, {{turn_find_ciphers, MARK_TOKEN, 0}}},
};

static void look_through(struct scan_job *job, const struct marks *marks,
    size_t from, size_t to, size_t *done, unsigned depth, unsigned wanted);

static void scan_windows(struct scan_job *job, const struct view *view,
    const struct scan_layer *parent)
{
    struct str text = buf_str(&view->text);
    for (size_t i = 0; i < view->window_count; i++) {
        const struct view_window *w = &view->windows[i];
        struct scan_layer layer = {
            parent, view, w->start, w->edits_from, w->edits_to};
        struct str window = str_sub(text, w->start, w->end);
        job->layer = &layer;
        scan_whole(job, window);
        if (!job->is_doubtful)
            scan_edm_view(job, window);
    }
    job->layer = parent;
}

/* Turned tokens stand apart: many small windows are one text. */
static void scan_text_of(struct scan_job *job, const struct view *view,
    const struct scan_layer *parent)
{
    struct scan_layer layer = {parent, view, 0, 0, view->text.n};
    job->layer = &layer;
    scan_whole(job, buf_str(&view->text));
    job->layer = parent;
}

/* The edits' view: what it says, and what that hides. */
static void show(struct scan_job *job, struct str text,
    struct view_edits *edits, unsigned depth, enum kind kind)
{
    const struct scan_layer *parent = job->layer;
    struct view view;
    view_make(&view, text, edits, !kinds[kind].is_turned);
    if (view.text.n > job->views_budget) {
        job->out->is_incomplete = true;
        view_free(&view);
        return;
    }
    job->views_budget -= view.text.n;
    unsigned heads = job->heads;
    job->heads = 0;
    if (kinds[kind].is_turned)
        scan_text_of(job, &view, parent);
    else
        scan_windows(job, &view, parent);
    if (depth + 1 < VIEWS_DEPTH && kinds[kind].deeper != 0) {
        struct scan_layer layer = {parent, &view, 0, 0, view.text.n};
        job->layer = &layer;
        struct marks marks = {0};
        marks_make(&marks, buf_str(&view.text), 0, view.text.n);
        look_through(
            job, &marks, 0, view.text.n, NULL, depth + 1, kinds[kind].deeper);
        marks_free(&marks);
        job->layer = parent;
    }
    job->heads = heads;
    view_free(&view);
}

/* What the finders of a kind find; done: where each goes on, NULL: at
 * `from`. */
static void find_edits(const struct marks *marks, size_t from, size_t to,
    size_t *done, enum kind kind, unsigned heads, struct view_edits *out)
{
    for (size_t i = 0; i < FINDERS && kinds[kind].finders[i].find != NULL;
         i++) {
        unsigned head = kinds[kind].finders[i].head;
        size_t *next = done != NULL ? &done[FINDERS * kind + i] : NULL;
        size_t at = next != NULL && *next > from ? *next : from;
        if ((head != 0 && (heads & head) == 0) ||
            !marks_have(marks, kinds[kind].finders[i].needs))
            continue;
        if (at < to)
            at = kinds[kind].finders[i].find(marks, at, to, out);
        if (next != NULL)
            *next = at;
    }
}

static void look_through(struct scan_job *job, const struct marks *marks,
    size_t from, size_t to, size_t *done, unsigned depth, unsigned wanted)
{
    bool was_doubtful = job->is_doubtful, was_turned = job->is_turned;
    struct view_edits edits = job->view_edits;
    job->view_edits = (struct view_edits){0};
    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        if ((wanted >> k & 1) == 0)
            continue;
        find_edits(marks, from, to, done, (enum kind)k, job->heads, &edits);
        if (edits.count == 0)
            continue;
        job->is_doubtful = was_doubtful || kinds[k].is_doubtful;
        job->is_turned = was_turned || kinds[k].is_turned;
        show(job, marks->text, &edits, depth, (enum kind)k);
        view_edits_clear(&edits);
    }
    view_edits_free(&job->view_edits); /* of views in these */
    job->view_edits = edits;
    job->is_doubtful = was_doubtful;
    job->is_turned = was_turned;
}

/* Overrides of direction and selectors are invisible in the norm: looked for
 * before. */
static void look_for_bidi(struct scan_job *job, size_t from, size_t to)
{
    struct view_edits edits = {0};
    bool was_second = job->is_second;
    job->is_second = false;
    turn_find_bidi(&job->view_marks, from, to, &edits);
    island_find_hidden(&job->view_marks, from, to, &edits);
    if (edits.count > 0)
        show(job, job->source, &edits, 0, KIND_DECODED);
    view_edits_free(&edits);
    job->is_second = was_second;
}

/* HEAD_… of what finders of this slice may come upon: what begins in it may go
 * on behind, and what is known by its end may have begun before. */
static unsigned heads_near(const struct scan_job *job, size_t from)
{
    unsigned heads = 0;
    size_t slice = from / SLICE;
    if (job->is_second)
        return job->heads;
    for (size_t i = slice - (slice > 0); i <= slice + 1; i++)
        heads |= i < job->slice_head_count ? job->slice_heads[i] : 0;
    return heads;
}

bool scan_views_step(struct scan_job *job)
{
    bool is_bidi = job->has_odd_bytes && !job->is_bidi_done;
    struct str text =
        !is_bidi && job->is_second ? buf_str(&job->norm.text) : job->source;
    size_t from = job->views_at;
    size_t to = text.n - from > SLICE ? from + SLICE : text.n;
    job->views_budget = BUDGET;
    if (!marks_cover(&job->view_marks, text, from, to))
        marks_make(&job->view_marks, text, from, to);
    if (is_bidi)
        look_for_bidi(job, from, to);
    else {
        unsigned heads = job->heads;
        job->heads = heads_near(job, from);
        look_through(
            job, &job->view_marks, from, to, job->views_done, 0, ALL_KINDS);
        job->heads = heads;
    }
    job->views_at = to;
    if (to < text.n)
        return true;
    job->views_at = 0;
    job->is_bidi_done = true;
    return is_bidi;
}

void scan_views_clamp(
    const struct scan_job *job, size_t at, size_t *from, size_t *to)
{
    if (!job->is_turned || job->layer == NULL)
        return;
    const struct view *view = job->layer->view;
    size_t low = 0, high = view->window_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (view->windows[middle].start <= at)
            low = middle;
        else
            high = middle;
    }
    if (*from < view->windows[low].start)
        *from = view->windows[low].start;
    if (*to > view->windows[low].end)
        *to = view->windows[low].end;
}

bool scan_views_changed(const struct scan_job *job, size_t from, size_t to)
{
    const struct scan_layer *layer = job->layer;
    if (layer == NULL || job->is_turned)
        return true;
    from += layer->window;
    to += layer->window;
    return view_is_edited(layer->view, from - (from > 0), to + 1);
}

bool scan_views_locate(const struct scan_job *job, size_t *start, size_t *end)
{
    const struct scan_layer *layer = job->layer;
    for (; layer != NULL; layer = layer->parent) {
        size_t from = *start + layer->window, to = *end + layer->window;
        /* What was decoded next to it may have been in its way: "%20". */
        size_t beside = job->is_doubtful ? 0 : 1;
        if (layer == job->layer &&
            !view_is_edited(
                layer->view, from - (from > 0 ? beside : 0), to + beside))
            return false;
        view_locate(layer->view, from, to, start, end);
    }
    if (job->is_second)
        norm_locate(&job->norm, *start, *end, start, end);
    return true;
}
