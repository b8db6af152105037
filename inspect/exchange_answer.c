/*
 * Answers become activities of their own, are scanned, judged and told one
 * after the other, and the request's activity is completed by them.
 */
#include <string.h>

#include "base/stats.h"
#include "inspect/exchange_parts.h"
#include "inspect/keep_links.h"
#include "inspect/upload.h"

static bool is_success(int status)
{
    return status == STATUS_UPGRADED || (status >= 200 && status < 400);
}

/* Of a request that has no activity of its own, its path says which. */
static struct str path_conversation(const struct exchange *ex)
{
    for (size_t i = 0; i < ex->match.count; i++)
        if (str_is(ex->match.names[i], "conversation_id"))
            return ex->match.values[i];
    return STR_NONE;
}

/* What an answer has from its request. */
static void fill_answer(struct exchange *ex, struct activity *answer)
{
    const struct activity *request = ex->activity;
    struct arena *arena = &answer->arena;
    exchange_fill(ex, answer);
    answer->outcome = OUTCOME_SUCCESS;
    answer->http_status = ex->status;
    answer->response_bytes = (int64_t)ex->response_bytes;
    if (ex->answer_failure != NULL)
        answer->failure = str_of(ex->answer_failure);
    /* However long it took (F53): it belongs to the day that it began on. */
    if (ex->time_ms == 0 && ex->answered_ms != 0)
        answer->time_ms = ex->answered_ms;
    if (answer->conversation_id.n == 0)
        answer->conversation_id = arena_copy(arena, ex->resume_conversation);
    if (answer->conversation_id.n == 0)
        answer->conversation_id = arena_copy(arena, path_conversation(ex));
    if (request == NULL)
        return;
    answer->reply_to = arena_copy(arena, str_of(request->id));
    if (answer->conversation_id.n == 0)
        answer->conversation_id = arena_copy(arena, request->conversation_id);
    answer->project_id = arena_copy(arena, request->project_id);
}

/* An answer that could not be decoded is told of, empty as it is. */
static void add_unreadable(struct exchange *ex)
{
    struct activity *a = activity_new();
    a->name = STR("response.generated");
    a->has_complete = true;
    ex->answers[ex->answer_count++] = a;
}

void exchange_learn_ids(struct exchange *ex)
{
    struct activity *a = ex->activity;
    if (a == NULL || ex->answer == NULL)
        return;
    struct str id = answer_conversation_id(ex->answer);
    if (a->conversation_id.n == 0)
        a->conversation_id = arena_copy(&a->arena, id);
    if (a->message_id.n == 0)
        a->message_id = arena_copy(&a->arena, answer_request_id(ex->answer));
}

bool exchange_is_prompt(const struct exchange *ex)
{
    const struct route *route = exchange_route(ex);
    return route != NULL && route->body == BODY_CHATGPT_PROMPT;
}

void exchange_note_turn(struct exchange *ex)
{
    const struct activity *a = ex->activity;
    if (a == NULL || !exchange_is_prompt(ex) || ex->is_blocked ||
        !is_success(ex->status) || ex->is_refused || a->message_id.n == 0 ||
        a->conversation_id.n == 0 || str_is(ex->action, "variant"))
        return;
    keep_note_turn(a->service, a->conversation_id, a->parent_message_id,
        exchange_push_note(ex));
}

/* The turns of a history, so that an edit of an old message is one. */
static void note_history(struct exchange *ex)
{
    size_t count = 0;
    const struct keep_turn *turns =
        ex->answer != NULL ? answer_turns(ex->answer, &count) : NULL;
    if (count != 0)
        keep_note_turns(
            service_name(ex->service), turns, count, exchange_push_note(ex));
}

static void note_side(
    struct exchange *ex, const struct activity *a, enum file_side side)
{
    struct str ids[KEEP_FILES_MAX];
    size_t n = 0;
    for (size_t i = 0; i < a->file_count && n < KEEP_FILES_MAX; i++) {
        bool is_users = side == FILE_SIDE_USER;
        if (a->files[i].id.n != 0 && a->files[i].is_users == is_users)
            ids[n++] = a->files[i].id;
    }
    if (n != 0)
        keep_note_files(a->service, ids, n, side, exchange_push_note(ex));
}

/* Whose the files of a conversation are, for when they are fetched. */
static void note_files(struct exchange *ex, const struct activity *a)
{
    note_side(ex, a, FILE_SIDE_ANSWER);
    note_side(ex, a, FILE_SIDE_USER);
    file_note_names(ex, a);
}

static void note_sent_files(struct exchange *ex)
{
    struct activity *a = ex->activity;
    for (size_t i = 0; i < a->file_count; i++)
        a->files[i].is_users = true;
    note_files(ex, a);
}

/* The rest of the answer finds its prompt by these names. */
static void note_replies(struct exchange *ex)
{
    const struct activity *a = ex->activity;
    if (a == NULL || ex->answer == NULL || ex->is_blocked)
        return;
    struct str queued = answer_queued_id(ex->answer);
    if (queued.n != 0)
        keep_note_reply(
            a->service, queued, STR_NONE, a->id, exchange_push_note(ex));
    if (!exchange_is_prompt(ex))
        return;
    struct answer_turn turn = answer_turn(ex->answer);
    if (!turn.goes_on)
        return;
    if (turn.id.n != 0 || turn.topic.n != 0)
        keep_note_reply(
            a->service, turn.id, turn.topic, a->id, exchange_push_note(ex));
    if (a->message_id.n != 0)
        keep_note_reply(
            a->service, a->message_id, STR_NONE, a->id, exchange_push_note(ex));
}

void exchange_note_answers(struct exchange *ex)
{
    exchange_note_turn(ex);
    note_history(ex);
    note_replies(ex);
}

static void learn_plan(struct exchange *ex)
{
    struct str plan = answer_plan(ex->answer);
    if (ex->actor.plan.n != 0 || plan.n == 0)
        return;
    ex->actor.plan = arena_copy(&ex->arena, plan);
    if (ex->activity != NULL)
        ex->activity->actor.plan = ex->actor.plan;
}

void exchange_take_answers(struct exchange *ex)
{
    const struct route *route = exchange_route(ex);
    if (ex->answer == NULL || ex->is_blocked)
        return;
    learn_plan(ex);
    if (route != NULL && route->answer == ANSWER_FIELDS)
        exchange_view_take(ex);
    else
        answer_take_rest(ex->answer, &ex->rest);
    ex->answer_count += answer_take(ex->answer, ex->answers);
    if (ex->answer_count == 0 && ex->answer_failure == NULL &&
        answer_is_stream(ex->answer) && answer_is_cut(ex->answer))
        ex->answer_failure = "limit"; /* its only event was too large */
    if (ex->answer_count == 0 && ex->answer_failure != NULL)
        add_unreadable(ex);
    for (size_t i = 0; i < ex->answer_count; i++)
        fill_answer(ex, ex->answers[i]);
    if (answer_turn(ex->answer).id.n != 0)
        ex->turn_id = arena_copy(&ex->arena, answer_turn(ex->answer).id);
}

void exchange_tell(
    struct exchange *ex, struct activity *const *activities, size_t count)
{
    ex->is_response_complete = true;
    ex->response = RESPONSE_EXTRACT;
    for (size_t i = 0; i < count; i++) {
        ex->answers[ex->answer_count++] = activities[i];
        fill_answer(ex, activities[i]);
    }
}

void exchange_complete_request(struct exchange *ex)
{
    struct activity *a = ex->activity;
    if (a == NULL)
        return;
    a->http_status = ex->status;
    a->response_bytes = (int64_t)ex->response_bytes;
    bool is_good = is_success(ex->status) && !ex->is_refused &&
                   !ex->is_blocked && !ex->is_cut && !upload_was_refused(ex);
    a->outcome = is_good ? OUTCOME_SUCCESS : OUTCOME_FAILURE;
    if (is_good && ex->download == NULL)
        note_sent_files(ex);
    if (ex->upload != NULL && ex->upload->is_silent)
        return;
    if (!is_good && upload_is_nothing(ex)) {
        exchange_push_void(ex, a->id);
        return;
    }
    bool is_waiting = upload_is_waiting(ex);
    exchange_push_record(ex, is_waiting ? RECORD_OPEN : RECORD_DONE, a);
    ex->records[ex->record_count - 1].is_standing = is_waiting;
}

/* ---- one answer after the other ------------------------------------------ */

static void plan_answer(struct exchange *ex)
{
    struct activity *a = ex->answers[ex->answer_at];
    struct buf *names = &ex->names;
    buf_clear(names);
    for (size_t i = 0; i < a->file_count; i++) {
        if (a->files[i].name.n != 0 && names->n != 0)
            buf_append_char(names, '\n');
        buf_append_str(names, a->files[i].name);
    }
    ex->run = (struct scan_run){.activity = a};
    scan_run_add(&ex->run, buf_str(&a->content), WHERE_ANSWER, SOURCE_PLAIN);
    scan_run_add(&ex->run, buf_str(&a->hidden), WHERE_HIDDEN, SOURCE_PLAIN);
    scan_run_add(&ex->run, buf_str(names), WHERE_FILE_NAME, SOURCE_NAMES);
    if (ex->answer_at + 1 == ex->answer_count)
        scan_run_add(&ex->run, buf_str(&ex->rest), WHERE_HIDDEN, SOURCE_REST);
    ex->response = RESPONSE_SCAN;
}

void exchange_tell_file(struct exchange *ex)
{
    ex->answers[0] = ex->activity;
    ex->activity = NULL;
    ex->answer_count = 1;
    plan_answer(ex);
}

bool exchange_is_polled(const struct exchange *ex)
{
    const struct route *route = exchange_route(ex);
    return route != NULL && route->answer == ANSWER_OPENAI_RESPONSES &&
           ex->activity == NULL && !ex->is_websocket &&
           str_is(ex->method, "GET");
}

/* An answer that came alone belongs to a prompt of another connection. */
static enum exchange_state link_answer(struct exchange *ex)
{
    const struct activity *a = ex->answers[ex->answer_at];
    struct str turn = exchange_is_polled(ex) ? a->message_id : ex->turn_id;
    bool has_name = turn.n != 0 || a->parent_message_id.n != 0;
    bool is_answer = str_starts(a->name, "response");
    plan_answer(ex);
    if (a->reply_to.n != 0 || !has_name || !is_answer)
        return EXCHANGE_MORE;
    buf_clear(&ex->question);
    keep_ask_reply(a->service, turn, a->parent_message_id, &ex->question);
    ex->response = RESPONSE_REPLY;
    return EXCHANGE_ASK;
}

/* A stream that is read again (resume) tells nothing new when its answer was
 * reported; the stream of the prompt itself leaves word. */
enum exchange_state exchange_begin_answer(struct exchange *ex)
{
    struct activity *a = ex->answers[ex->answer_at];
    const struct route *route = exchange_route(ex);
    bool may_be_told = ex->may_be_told || exchange_is_polled(ex) ||
                       (!exchange_is_prompt(ex) && route != NULL &&
                           route->answer == ANSWER_CHATGPT);
    if (a->message_id.n != 0 && may_be_told) {
        buf_clear(&ex->question);
        keep_ask_answer(a->service, a->message_id, &ex->question);
        ex->response = RESPONSE_ASK;
        return EXCHANGE_ASK;
    }
    return link_answer(ex);
}

static enum exchange_state next_answer(struct exchange *ex)
{
    ex->answer_at++;
    if (ex->answer_at < ex->answer_count)
        return exchange_begin_answer(ex);
    exchange_resume_note(ex);
    ex->response = RESPONSE_DONE;
    exchange_free_response(ex);
    return EXCHANGE_READY;
}

/* A link waits for whoever fetches its file, an answer that broke off for
 * whoever goes on with it. */
static void push_answer(struct exchange *ex, struct activity *a)
{
    bool waits =
        file_is_link(ex) || (ex->goes_on && a->has_complete && !a->complete);
    exchange_push_record(ex, waits ? RECORD_OPEN : RECORD_DONE, a);
    ex->records[ex->record_count - 1].is_standing = waits;
    if (ex->download == NULL) {
        note_files(ex, a);
        file_note_links(ex, a);
    }
}

/* What goes on elsewhere is told under the same id then. */
static void note_told(struct exchange *ex, const struct activity *a)
{
    struct keep_partial partial = {.time_ms = a->time_ms};
    if (a->message_id.n == 0 || !a->has_complete)
        return;
    memcpy(partial.activity_id, a->id, sizeof partial.activity_id);
    if (a->complete)
        keep_note_answer(a->service, a->message_id, exchange_push_note(ex));
    else
        keep_note_partial(
            a->service, a->message_id, &partial, exchange_push_note(ex));
}

enum exchange_state exchange_finish_answer(struct exchange *ex)
{
    struct activity *a = ex->answers[ex->answer_at];
    struct verdict verdict;
    exchange_judge(ex, a, DIRECTION_DOWN, &verdict);
    if (a->verdict == VERDICT_ALLOW && a->failure.n != 0)
        a->verdict = VERDICT_ALERT;
    if (a->reason.n == 0)
        a->reason = ex->told_reason;
    bool is_quiet =
        ex->is_quiet && a->verdict == VERDICT_ALLOW && a->findings.count == 0;
    if (is_quiet || exchange_view_is_quiet(ex, a))
        return next_answer(ex);
    if (str_is(a->failure, "parse"))
        exchange_note_drift(ex, "answer-parse");
    else if (str_is(a->failure, "decode"))
        exchange_note_drift(ex, "answer-decode");
    stats_add(
        a->verdict == VERDICT_ALERT ? STAT_VERDICT_ALERT : STAT_VERDICT_ALLOW,
        1);
    push_answer(ex, a);
    if (ex->download == NULL)
        note_told(ex, a);
    return next_answer(ex);
}

void exchange_answer_said(struct exchange *ex, struct str answer)
{
    struct activity *a = ex->answers[ex->answer_at];
    struct keep_partial partial;
    char prompt[UUID_TEXT_BYTES];
    if (ex->response == RESPONSE_REPLY) {
        if (keep_read_reply(answer, prompt))
            a->reply_to = arena_copy(&a->arena, str_of(prompt));
        plan_answer(ex);
        return;
    }
    if (keep_read_answer(answer)) {
        ex->leaves_rest = false; /* it is whole and told */
        next_answer(ex);
        return;
    }
    if (!exchange_is_polled(ex) && keep_read_partial(answer, &partial)) {
        memcpy(a->id, partial.activity_id, sizeof a->id);
        a->time_ms = partial.time_ms;
    }
    link_answer(ex);
}
