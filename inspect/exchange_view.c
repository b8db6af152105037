/*
 * Answers that the map reads by paths: histories, memories, what was said in
 * a recording.  Where the request has an activity, the texts complete it;
 * where it was only scanned (do: scan), they become an activity if there is
 * something to tell.
 */
#include "base/mem.h"
#include "inspect/answer_parts.h"
#include "inspect/exchange_parts.h"

/* Plain text is the answer's only text there can be. */
static void take_plain(struct exchange *ex, struct activity *view)
{
    struct str body = answer_links_body(ex->answer);
    bool is_text = exchange_route(ex)->answer_text.count != 0;
    buf_append_str(is_text ? &view->content : &ex->rest, body);
}

static void read_view(struct exchange *ex, struct activity *view)
{
    struct arena scratch = {0};
    struct buf mended = {0};
    struct json_node *root;
    struct str body = answer_links_body(ex->answer);
    enum err err = json_parse(body, &scratch, NULL, &root);
    if (err != OK && json_mend(body, &mended)) {
        ex->is_response_complete = false;
        err = json_parse(buf_str(&mended), &scratch, NULL, &root);
    }
    if (err == OK)
        extract_answer(ex, root, view);
    else
        take_plain(ex, view);
    buf_wipe_free(&mended);
    arena_free(&scratch);
}

/* Events of the public API: the texts are those of their answer. */
static void read_events(struct exchange *ex, struct activity *view)
{
    struct activity *all[ANSWERS_MAX];
    size_t n = openai_answer_take(ex->answer, all);
    for (size_t i = 0; i < n; i++) {
        text_join(&view->content, buf_str(&all[i]->content));
        text_join(&view->hidden, buf_str(&all[i]->hidden));
        activity_free(&all[i]);
    }
}

void exchange_view_take(struct exchange *ex)
{
    const struct route *route = exchange_route(ex);
    struct activity *view = activity_new();
    buf_clear(&ex->rest);
    if (answer_is_stream(ex->answer))
        read_events(ex, view);
    else
        read_view(ex, view);
    if (ex->answer_failure == NULL && answer_is_cut(ex->answer))
        ex->answer_failure = "limit";
    bool is_empty = view->content.n == 0 && view->hidden.n == 0 &&
                    ex->rest.n == 0 && ex->answer_failure == NULL;
    if (is_empty) {
        activity_free(&view);
        return;
    }
    if (ex->activity != NULL) {
        ex->view = view;
        return;
    }
    view->name = arena_copy(&view->arena, route->activity);
    view->has_complete = !ex->is_response_complete;
    ex->answers[ex->answer_count++] = view;
}

static void add_tail(
    struct exchange *ex, struct buf *to, struct buf *from, enum where where)
{
    size_t before = to->n;
    text_join(to, buf_str(from));
    before += before != 0 && from->n != 0;
    scan_run_add(
        &ex->run, str_sub(buf_str(to), before, to->n), where, SOURCE_TAIL);
}

bool exchange_view_plan(struct exchange *ex)
{
    struct activity *a = ex->activity, *view = ex->view;
    if (view == NULL)
        return false;
    ex->run = (struct scan_run){.activity = a};
    add_tail(ex, &a->content, &view->content, WHERE_ANSWER);
    add_tail(ex, &a->hidden, &view->hidden, WHERE_HIDDEN);
    scan_run_add(&ex->run, buf_str(&ex->rest), WHERE_HIDDEN, SOURCE_REST);
    if (!ex->is_response_complete)
        a->has_complete = true;
    if (ex->answer_failure != NULL && a->failure.n == 0)
        a->failure = str_of(ex->answer_failure);
    activity_free(&ex->view);
    return true;
}

/* What was said about the request stands, unless the answer is worse. */
void exchange_view_judge(struct exchange *ex)
{
    struct activity *a = ex->activity;
    struct verdict verdict;
    enum verdict_kind kind = a->verdict;
    struct str rule = a->rule, reason = a->reason;
    enum level severity = a->severity;
    bool is_monitored = a->is_monitored;
    exchange_judge(ex, a, DIRECTION_DOWN, &verdict);
    if (a->verdict > kind)
        return;
    a->verdict = kind;
    a->rule = rule;
    a->reason = reason;
    a->severity = severity;
    a->is_monitored = is_monitored;
}

bool exchange_view_is_quiet(
    const struct exchange *ex, const struct activity *view)
{
    return exchange_route(ex)->answer == ANSWER_FIELDS &&
           view->findings.count == 0 && view->failure.n == 0 &&
           view->verdict == VERDICT_ALLOW;
}
