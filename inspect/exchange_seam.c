/*
 * A value split over two messages of one conversation: "4111 1111", and in the
 * next prompt "1111 1111".  The end of what was said last comes from the
 * keeper (inspect/keep.h: locked, for a while), for the next prompt may be any
 * worker's; it is scanned together with the beginning of the prompt, with a
 * blank between them and with nothing.  Only what lies in both is news: it is
 * a finding at the beginning of the prompt, up to where its part there ends.
 *
 * Prompts that are shorter than what is kept are kept behind the one before
 * them, so that a value may come in many pieces.
 */
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "inspect/exchange_parts.h"

enum { SEAM_MARK = 0x1e, HEAD_BYTES = KEEP_TAIL_BYTES };

static struct keep_conversation conversation_of(const struct exchange *ex)
{
    return (struct keep_conversation){
        ex->activity->service, ex->activity->conversation_id};
}

/* Of a person, and shown to the service by this request. */
static bool is_said(const struct exchange *ex)
{
    return ex->activity != NULL && ex->service != NULL &&
           ex->env->scanner != NULL && exchange_where(ex) == WHERE_PROMPT &&
           str_starts(ex->activity->name, "prompt") &&
           ex->activity->content.n != 0;
}

bool seam_ask(struct exchange *ex)
{
    if (!is_said(ex) || ex->activity->conversation_id.n == 0)
        return false;
    struct keep_conversation conversation = conversation_of(ex);
    buf_clear(&ex->question);
    keep_ask_tail(&conversation, &ex->question);
    return true;
}

void seam_take(struct exchange *ex, struct str answer)
{
    struct keep_conversation conversation = conversation_of(ex);
    buf_clear(&ex->seam.before);
    (void)keep_read_tail(&conversation, answer, &ex->seam.before);
}

void seam_plan(struct exchange *ex)
{
    struct seam *seam = &ex->seam;
    struct str before = buf_str(&seam->before);
    struct str content = buf_str(&ex->activity->content);
    if (before.n == 0)
        return;
    for (size_t i = 0; i < before.n; i++) {
        bool is_mark = before.p[i] == SEAM_MARK;
        buf_append_char(&seam->tail, is_mark ? ' ' : before.p[i]);
        if (!is_mark)
            buf_append_char(&seam->glued, before.p[i]);
    }
    struct str head = str_sub(content, 0, utf8_floor(content, HEAD_BYTES));
    buf_append_str(&seam->spaced, buf_str(&seam->tail));
    buf_append_char(&seam->spaced, ' ');
    buf_append_str(&seam->spaced, head);
    seam->glued_at = seam->glued.n;
    buf_append_str(&seam->glued, head);
    scan_run_add(&ex->run, buf_str(&seam->tail), WHERE_PROMPT, SOURCE_BEFORE);
    scan_run_add(&ex->run, buf_str(&seam->spaced), WHERE_PROMPT, SOURCE_SEAM);
    scan_run_add(
        &ex->run, buf_str(&seam->glued), WHERE_PROMPT, SOURCE_SEAM_GLUED);
}

/* Of the glued text to the tail, which has a blank at each mark. */
static size_t unglue(const struct seam *seam, size_t offset)
{
    struct str before = buf_str(&seam->before);
    size_t at = 0;
    for (size_t left = offset; at < before.n; at++) {
        if (before.p[at] == SEAM_MARK)
            continue;
        if (left-- == 0)
            break;
    }
    return at;
}

static void note_told(struct seam *seam, struct findings *f, size_t before)
{
    for (size_t i = before; i < f->count; i++)
        if (seam->told_count < ARRAY_LEN(seam->told))
            seam->told[seam->told_count++] = (struct seam_told){
                f->items[i].type, f->items[i].start, f->items[i].end};
    f->count = before;
}

/* What was found in the message before, and seems to go on in this one. */
static bool is_older(
    const struct seam *seam, const struct finding *f, size_t start)
{
    for (size_t i = 0; i < seam->told_count; i++)
        if (str_eq(seam->told[i].type, f->type) &&
            seam->told[i].start <= start && start < seam->told[i].end)
            return true;
    return false;
}

void seam_place(struct exchange *ex, const struct scan_source *source,
    struct findings *f, size_t before)
{
    struct seam *seam = &ex->seam;
    bool is_glued = source->kind == SOURCE_SEAM_GLUED;
    size_t tail_end = is_glued ? seam->glued_at : seam->tail.n;
    size_t head = is_glued ? seam->glued_at : seam->tail.n + 1;
    size_t kept = before;
    if (source->kind == SOURCE_BEFORE) {
        note_told(seam, f, before);
        return;
    }
    for (size_t i = before; i < f->count; i++) {
        struct finding one = f->items[i];
        size_t start = is_glued ? unglue(seam, one.start) : one.start;
        bool is_sure = one.severity >= LEVEL_MEDIUM &&
                       one.confidence >= LEVEL_MEDIUM && !one.gives_way;
        if (!is_sure || one.start >= tail_end || one.end <= head ||
            is_older(seam, &one, start))
            continue;
        one.start = 0;
        one.end -= head;
        if (!scan_is_told(f, kept, &one))
            f->items[kept++] = one;
    }
    f->count = kept;
}

void seam_note(struct exchange *ex)
{
    struct seam *seam = &ex->seam;
    if (ex->is_blocked || seam->is_noted || !is_said(ex) ||
        ex->activity->conversation_id.n == 0)
        return;
    struct keep_conversation conversation = conversation_of(ex);
    struct str content = buf_str(&ex->activity->content);
    struct buf all = {.wipes = true};
    if (content.n < KEEP_TAIL_BYTES && seam->before.n != 0) {
        buf_append_str(&all, buf_str(&seam->before));
        buf_append_char(&all, SEAM_MARK);
    }
    buf_append_str(&all, content);
    keep_note_tail(&conversation, buf_str(&all), exchange_push_note(ex));
    buf_free(&all);
    seam->is_noted = true;
}

void seam_free(struct seam *seam)
{
    buf_wipe_free(&seam->before);
    buf_wipe_free(&seam->tail);
    buf_wipe_free(&seam->spaced);
    buf_wipe_free(&seam->glued);
}
