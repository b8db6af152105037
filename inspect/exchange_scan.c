/*
 * The texts of an activity go through the scanner one after the other, and
 * what is found is put in its place: relative to a file's name, to the hidden
 * text that the rest joins, across the joints of parts.
 */
#include "base/clock.h"
#include "base/stats.h"
#include "inspect/evidence.h"
#include "inspect/exchange_parts.h"
#include "inspect/finding.h"

void scan_run_add(struct scan_run *run, struct str text, enum where where,
    enum source_kind kind)
{
    if (text.n != 0 && run->count < SCAN_SOURCES_MAX)
        run->sources[run->count++] = (struct scan_source){text, where, kind};
}

/* Findings of the rest show where in the hidden text they are: so it has to
 * become a part of it. */
static void adopt_rest(struct scan_run *run, struct str text)
{
    struct activity *a = run->activity;
    if (a->hidden.n != 0)
        buf_append_char(&a->hidden, '\n');
    size_t base = a->hidden.n;
    buf_append_str(&a->hidden, text);
    for (size_t i = run->before; i < a->findings.count; i++) {
        a->findings.items[i].start += base;
        a->findings.items[i].end += base;
    }
}

static void drop_weak(struct scan_run *run)
{
    struct findings *f = &run->activity->findings;
    size_t kept = run->before;
    for (size_t i = run->before; i < f->count; i++)
        if (f->items[i].severity >= LEVEL_MEDIUM &&
            f->items[i].confidence >= LEVEL_MEDIUM)
            f->items[kept++] = f->items[i];
    f->count = kept;
}

/* Of many lines only those in which something was found. */
static void adopt_lines(struct scan_run *run, struct str text)
{
    struct activity *a = run->activity;
    size_t last = text.n, base = 0;
    for (size_t i = run->before; i < a->findings.count; i++) {
        struct finding *f = &a->findings.items[i];
        size_t line = f->start, end = f->end;
        while (line > 0 && text.p[line - 1] != '\n')
            line--;
        while (end < text.n && text.p[end] != '\n')
            end++;
        if (line != last) {
            if (a->hidden.n != 0)
                buf_append_char(&a->hidden, '\n');
            base = a->hidden.n;
            buf_append_str(&a->hidden, str_sub(text, line, end));
        }
        last = line;
        f->start += base - line;
        f->end += base - line;
    }
}

static void move_to_tail(struct scan_run *run, const struct scan_source *source)
{
    struct activity *a = run->activity;
    const struct buf *whole =
        source->where == WHERE_HIDDEN ? &a->hidden : &a->content;
    for (size_t i = run->before; i < a->findings.count; i++) {
        a->findings.items[i].start += whole->n - source->text.n;
        a->findings.items[i].end += whole->n - source->text.n;
    }
}

static void make_relative(struct scan_run *run, struct str text)
{
    struct findings *f = &run->activity->findings;
    for (size_t i = run->before; i < f->count; i++) {
        size_t line = f->items[i].start;
        while (line > 0 && text.p[line - 1] != '\n')
            line--;
        f->items[i].start -= line;
        f->items[i].end -= line;
    }
}

/* From the glued text, which lacks a newline at each joint, to the content. */
static size_t unglue(const struct exchange *ex, size_t offset, bool is_end)
{
    size_t at = offset;
    for (size_t i = 0; i < ex->joint_count; i++)
        at += is_end ? ex->joints[i] < at : ex->joints[i] <= at;
    return at;
}

static bool crosses_joint(const struct exchange *ex, const struct finding *f)
{
    for (size_t i = 0; i < ex->joint_count; i++)
        if (f->start < ex->joints[i] && f->end > ex->joints[i] + 1)
            return true;
    return false;
}

bool scan_is_told(
    const struct findings *f, size_t count, const struct finding *one)
{
    for (size_t i = 0; i < count; i++)
        if (f->items[i].where == one->where && f->items[i].start < one->end &&
            one->start < f->items[i].end &&
            str_eq(f->items[i].detector, one->detector))
            return true;
    return false;
}

/* Only what lies across a joint is news. */
static void keep_crossing(
    const struct exchange *ex, struct scan_run *run, bool is_glued)
{
    struct findings *f = &run->activity->findings;
    size_t kept = run->before;
    for (size_t i = run->before; i < f->count; i++) {
        struct finding finding = f->items[i];
        if (is_glued) {
            finding.start = unglue(ex, finding.start, false);
            finding.end = unglue(ex, finding.end, true);
        }
        if (crosses_joint(ex, &finding) && !scan_is_told(f, kept, &finding))
            f->items[kept++] = finding;
    }
    f->count = kept;
}

/* The same value, found in another spelling of the same text. */
static void drop_found(struct scan_run *run)
{
    struct findings *f = &run->activity->findings;
    size_t kept = run->before;
    for (size_t i = run->before; i < f->count; i++)
        if (!findings_have(f, run->before, &f->items[i]))
            f->items[kept++] = f->items[i];
    f->count = kept;
}

/* The text that the findings' offsets are into, once they are in place. */
static struct str text_of(
    const struct scan_run *run, const struct scan_source *source)
{
    const struct activity *a = run->activity;
    switch (source->kind) {
    case SOURCE_REST:
    case SOURCE_FIELDS:
        return buf_str(&a->hidden);
    case SOURCE_TAIL:
        return buf_str(
            source->where == WHERE_HIDDEN ? &a->hidden : &a->content);
    case SOURCE_SPACED:
    case SOURCE_GLUED:
    case SOURCE_SEAM:
    case SOURCE_SEAM_GLUED:
        return buf_str(&a->content);
    case SOURCE_PLAIN:
    case SOURCE_STRICT:
    case SOURCE_NAMES:
    case SOURCE_AGAIN:
    case SOURCE_BEFORE:
        break;
    }
    return source->text;
}

/* That something was found is told, and nothing of what it is. */
static void keep_no_text(struct scan_run *run)
{
    struct findings *f = &run->activity->findings;
    for (size_t i = run->before; i < f->count; i++)
        f->items[i].sample = STR_NONE;
}

static void place_findings(
    struct exchange *ex, struct scan_run *run, const struct scan_source *source)
{
    if (source->kind == SOURCE_FIELDS || source->kind == SOURCE_STRICT)
        drop_weak(run);
    if (exchange_is_secret(ex))
        keep_no_text(run);
    else if (source->kind == SOURCE_FIELDS)
        adopt_lines(run, source->text);
    else if (source->kind == SOURCE_REST)
        adopt_rest(run, source->text);
    else if (source->kind == SOURCE_TAIL)
        move_to_tail(run, source);
    else if (source->kind == SOURCE_NAMES)
        make_relative(run, source->text);
    else if (source->kind == SOURCE_AGAIN)
        drop_found(run);
    else if (source->kind == SOURCE_SPACED || source->kind == SOURCE_GLUED)
        keep_crossing(ex, run, source->kind == SOURCE_GLUED);
    else if (source->kind >= SOURCE_BEFORE)
        seam_place(ex, source, &run->activity->findings, run->before);
}

static void finish_source(struct exchange *ex, struct scan_run *run)
{
    const struct scan_source *source = &run->sources[run->at++];
    bool is_relative = source->kind == SOURCE_NAMES; /* to its line, then */
    if (run->activity->findings.count == run->before)
        return;
    if (!is_relative)
        place_findings(ex, run, source);
    if (!exchange_is_secret(ex))
        evidence_note(ex->env->evidence, run->activity,
            &run->activity->findings, run->before, text_of(run, source), 0);
    if (is_relative)
        place_findings(ex, run, source);
}

bool scan_run_step(struct exchange *ex)
{
    struct scan_run *run = &ex->run;
    if (run->at == run->count || ex->env->scanner == NULL)
        return false;
    const struct scan_source *source = &run->sources[run->at];
    uint64_t began = clock_mono_us();
    if (run->job == NULL) {
        run->before = run->activity->findings.count;
        stats_add(STAT_SCANNED_BYTES, (int64_t)source->text.n);
        run->job = scan_job_new(ex->env->scanner, source->text, source->where,
            &run->activity->findings);
    }
    if (!scan_job_step(run->job)) {
        scan_job_free(&run->job);
        finish_source(ex, run);
    }
    stats_observe_us(HIST_SCAN_TIME, clock_mono_us() - began);
    return run->at < run->count;
}

enum where exchange_where(const struct exchange *ex)
{
    const struct route *route = exchange_route(ex);
    return route != NULL && route->where == ROUTE_TEXT_DRAFT ? WHERE_DRAFT
                                                             : WHERE_PROMPT;
}

static void glue_parts(struct exchange *ex)
{
    struct str content = buf_str(&ex->activity->content);
    size_t from = 0;
    if (ex->joint_count == 0)
        return;
    for (size_t i = 0; i <= ex->joint_count; i++) {
        size_t to = i < ex->joint_count ? ex->joints[i] : content.n;
        if (i != 0)
            buf_append_char(&ex->spaced, ' ');
        buf_append_str(&ex->spaced, str_sub(content, from, to));
        buf_append_str(&ex->glued, str_sub(content, from, to));
        from = to + 1;
    }
}

void exchange_plan_scan(struct exchange *ex)
{
    struct activity *a = ex->activity;
    ex->run = (struct scan_run){.activity = a};
    scan_run_add(
        &ex->run, buf_str(&a->content), exchange_where(ex), SOURCE_PLAIN);
    glue_parts(ex);
    scan_run_add(
        &ex->run, buf_str(&ex->spaced), exchange_where(ex), SOURCE_SPACED);
    scan_run_add(
        &ex->run, buf_str(&ex->glued), exchange_where(ex), SOURCE_GLUED);
    scan_run_add(&ex->run, buf_str(&ex->url), WHERE_URL,
        ex->is_probe ? SOURCE_STRICT : SOURCE_PLAIN);
    scan_run_add(&ex->run, buf_str(&ex->names), WHERE_FILE_NAME, SOURCE_NAMES);
    seam_plan(ex);
    for (size_t i = 0; i < ex->span_count; i++) {
        const struct file_span *span = &ex->spans[i];
        scan_run_add(&ex->run,
            str_sub(buf_str(&ex->file_text), span->start, span->end),
            WHERE_FILE, span->is_again ? SOURCE_AGAIN : SOURCE_PLAIN);
    }
    scan_run_add(&ex->run, buf_str(&a->hidden), WHERE_HIDDEN, SOURCE_PLAIN);
    scan_run_add(&ex->run, buf_str(&ex->fields), WHERE_HIDDEN, SOURCE_FIELDS);
    scan_run_add(&ex->run, buf_str(&ex->rest), WHERE_HIDDEN, SOURCE_REST);
    ex->request = REQUEST_SCAN;
}
