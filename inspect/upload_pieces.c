/*
 * A file that went up in pieces (Azure blocks, parts of the public API) is put
 * together when the client says which pieces in which order it is.  Pieces
 * come in any order, on any connection; what is known of them is the keeper's.
 *
 * Where the bytes of all pieces are still there (upload_whole.c) the file is
 * read as one.  Otherwise sizes add up, findings of each piece move to its
 * place in the file, what lies across two of them is looked for in the ends
 * that were kept, and a document counts as one that could not be read.
 */
#include "base/mem.h"
#include "inspect/evidence.h"
#include "inspect/scan.h"
#include "inspect/upload.h"

/* ---- <BlockList> ------------------------------------------------------- */

void upload_add_order(struct exchange *ex, struct str id)
{
    struct upload *u = ex->upload;
    if (u->order == NULL)
        u->order = arena_alloc(&u->arena, UPLOAD_PIECES_MAX * sizeof *u->order);
    if (u->order_count == UPLOAD_PIECES_MAX)
        exchange_note_failure(ex, FAIL_LIMIT);
    else
        u->order[u->order_count++] = arena_copy(&u->arena, id);
}

/* Put Block List (Azure storage REST): a flat list of <Latest>, <Committed>,
 * <Uncommitted>, each around base64, which needs no escapes.  An XML library
 * would bring entities and DTDs to a list of three words. */
void upload_read_blocklist(struct exchange *ex)
{
    static const char *const names[] = {
        "<Latest>", "<Committed>", "<Uncommitted>"};
    struct str rest = buf_str(&ex->body);
    for (;;) {
        rest = str_sub(rest, str_find_char(rest, '<'), rest.n);
        size_t skip = 0;
        for (size_t i = 0; i < ARRAY_LEN(names); i++)
            if (str_starts(rest, names[i]))
                skip = str_of(names[i]).n;
        if (rest.n == 0)
            return;
        rest = str_sub(rest, skip != 0 ? skip : 1, rest.n);
        if (skip == 0)
            continue;
        struct str id = str_sub(rest, 0, str_find_char(rest, '<'));
        rest = str_sub(rest, id.n, rest.n);
        upload_add_order(ex, str_trim(id));
    }
}

/* ---- the whole --------------------------------------------------------- */

static const struct upload_piece *find_piece(
    const struct upload_piece *pieces, size_t count, struct str id)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(pieces[i].id, id))
            return &pieces[i];
    return NULL;
}

static void keep_across(
    struct findings *f, size_t before, size_t border, size_t base)
{
    size_t kept = before;
    for (size_t i = before; i < f->count; i++) {
        struct finding finding = f->items[i];
        if (finding.start >= border || finding.end <= border)
            continue;
        finding.start += base;
        finding.end += base;
        f->items[kept++] = finding;
    }
    f->count = kept;
}

static void scan_border(struct exchange *ex, const struct upload_piece *left,
    const struct upload_piece *right, size_t at)
{
    struct findings *f = &ex->activity->findings;
    struct buf both = {0};
    struct str tail = left->is_whole ? left->data : left->tail;
    size_t before = f->count;
    buf_append_str(&both, tail);
    buf_append_str(&both, str_sub(right->data, 0, UPLOAD_EDGE_BYTES));
    if (ex->env->scanner != NULL)
        scan_text(ex->env->scanner, buf_str(&both), WHERE_FILE, f);
    keep_across(f, before, tail.n, at - tail.n);
    evidence_note(ex->env->evidence, ex->activity, f, before, buf_str(&both),
        at - tail.n);
    buf_wipe_free(&both);
}

void upload_join_apart(
    struct exchange *ex, const struct upload_piece *const *parts, size_t n)
{
    struct activity_file *file = &ex->activity->files[0];
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        if (i != 0)
            scan_border(ex, parts[i - 1], parts[i], at);
        upload_adopt_findings(ex->activity, parts[i]->findings, at);
        at += (size_t)(parts[i]->bytes - parts[i]->skip);
    }
    file->bytes = (int64_t)at;
    file->type = arena_copy(&ex->activity->arena, parts[0]->type);
    upload_sum_join(ex, parts, n);
    if (n == 1)
        file->sha256 = arena_copy(&ex->activity->arena, parts[0]->sha256);
    document_note_too_large(ex, file->type); /* nobody can read it */
}

/* Some piece was never seen: nobody knows what the file is, and what is left
 * tells of itself only. */
static void join_unknown(struct exchange *ex)
{
    const struct upload_known *known = &ex->upload->known;
    exchange_note_failure(ex, FAIL_PARSE);
    for (size_t i = 0; i < known->finding_lines; i++)
        upload_adopt_findings(ex->activity, known->findings[i], 0);
}

static bool is_kept(const struct upload_piece *piece)
{
    return piece->is_whole || piece->chunk_count != 0 || piece->bytes == 0;
}

void upload_assemble(struct exchange *ex)
{
    struct upload *u = ex->upload;
    struct upload_piece *pieces =
        arena_alloc(&u->arena, (UPLOAD_PIECES_MAX + 1) * sizeof *pieces);
    const struct upload_piece **parts =
        mem_calloc(u->order_count + 1, sizeof(struct upload_piece *));
    size_t count = upload_read_pieces(buf_str(&u->facts), &u->arena, pieces);
    bool is_known = u->order_count != 0, is_whole = true;
    for (size_t i = 0; i < u->order_count; i++) {
        parts[i] = find_piece(pieces, count, u->order[i]);
        is_known = is_known && parts[i] != NULL && parts[i]->bytes >= 0;
        is_whole = is_whole && parts[i] != NULL && is_kept(parts[i]);
    }
    if (is_known && is_whole) {
        upload_whole_begin(ex, parts, u->order_count);
        return;
    }
    if (is_known)
        upload_join_apart(ex, parts, u->order_count);
    else
        join_unknown(ex);
    mem_free(parts);
}

/* ---- ranges ------------------------------------------------------------ */

/* This request's own piece, as a later one would read it. */
static struct upload_piece own_piece(struct exchange *ex)
{
    struct upload *u = ex->upload;
    const struct activity_file *file = &ex->activity->files[0];
    bool has_sum = upload_sum_end(ex);
    return (struct upload_piece){.id = u->piece,
        .sum_after = str_of(u->before.piece),
        .sum_name = has_sum ? str_of(u->sum.piece) : STR_NONE,
        .sum_state = str_make((const char *)u->sum.state, sizeof u->sum.state),
        .sum_from = u->before.at,
        .bytes = file->bytes,
        .type = arena_copy(&u->arena, file->type),
        .is_whole = u->is_whole,
        .data = buf_str(&u->data),
        .tail = buf_str(&u->tail),
        .kept_name = str_of(u->chunks.name),
        .chunk_count = u->chunks.count};
}

/* Of the ranges with the byte at this place the one that reaches farthest:
 * who resumes may go back behind what has come. */
static struct upload_piece *find_range(
    struct upload_piece *pieces, size_t count, int64_t at)
{
    struct upload_piece *best = NULL;
    for (size_t i = 0; i < count; i++) {
        struct upload_piece *p = &pieces[i];
        bool is_there = p->start <= at && p->start + p->bytes > at;
        if (is_there &&
            (best == NULL || p->start + p->bytes >= best->start + best->bytes))
            best = p;
    }
    if (best != NULL)
        best->skip = at - best->start;
    return best;
}

static void place_ranges(struct upload_piece *pieces, size_t count)
{
    uint64_t start;
    for (size_t i = 0; i < count; i++)
        pieces[i].start =
            str_to_u64(pieces[i].id, &start) == OK && start <= INT64_MAX / 2
                ? (int64_t)start
                : INT64_MAX / 2;
}

/* What was found in the last range is found in the whole again. */
static void forget_own(struct exchange *ex)
{
    document_free_all(ex);
    buf_wipe_free(&ex->file_text);
    ex->span_count = 0;
    ex->activity->findings.count = 0;
    buf_clear(&ex->activity->files[0].text);
    ex->activity->files[0].sha256 = STR_NONE;
}

void upload_assemble_ranges(struct exchange *ex)
{
    struct upload *u = ex->upload;
    struct upload_piece *pieces =
        arena_alloc(&u->arena, (UPLOAD_PIECES_MAX + 2) * sizeof *pieces);
    const struct upload_piece **parts =
        mem_calloc(UPLOAD_PIECES_MAX + 2, sizeof(struct upload_piece *));
    size_t count = upload_read_pieces(buf_str(&u->facts), &u->arena, pieces);
    size_t n = 0;
    int64_t at = 0;
    bool is_whole = true;
    pieces[count] = own_piece(ex); /* before it stands what came before it */
    place_ranges(pieces, count + 1);
    int64_t end = u->is_last_range ? u->end : u->known.end;
    while (at < end && n <= UPLOAD_PIECES_MAX) {
        parts[n] = find_range(pieces, count + 1, at);
        if (parts[n] == NULL)
            break; /* a gap: it may still come */
        at = parts[n]->start + parts[n]->bytes;
        is_whole = is_whole && is_kept(parts[n++]);
    }
    if (n == 1 && parts[0] == &pieces[count] && at == end) {
        u->step = UPLOAD_BYTES; /* all of it came at once */
    } else if (n != 0 && at == end && is_whole) {
        u->step = UPLOAD_ASSEMBLE;
        forget_own(ex);
        upload_whole_begin(ex, parts, n);
        return;
    }
    mem_free(parts);
}
