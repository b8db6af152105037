/*
 * The verdict on a request: what could not be inspected, the policy's word,
 * and what follows of both: whether it is told, under which draft, and with
 * which record.
 */
#include <string.h>

#include "base/log.h"
#include "base/stats.h"
#include "inspect/exchange_parts.h"
#include "inspect/upload.h"

/* By enum failure: as records and settings call it, and what a person reads. */
static const struct {
    const char *name, *text;
} failures[] = {
    {"parse", "its body is not what the service's format demands"},
    {"limit", "it is larger than what can be held for inspection"},
    {"decode", "its content encoding could not be undone"},
    {"extract", "its text could not be found in it"},
    {"scan", "it could not be scanned"},
    {"store", "its record could not be stored"},
};

const char *failure_name(enum failure failure)
{
    return failures[failure].name;
}

void exchange_note_failure(struct exchange *ex, enum failure failure)
{
    if (ex->failure >= 0)
        return; /* the first cause counts */
    ex->failure = (int)failure;
    stats_add(STAT_FAILURES, 1);
    log_event(LOG_WARN, "inspect.failed",
        LOG_CSTR("cause", failure_name(failure)), LOG_STR("host", ex->host),
        LOG_STR("path", str_sub(ex->path, 0, 200)));
}

static void apply_failure(struct exchange *ex, struct verdict *verdict)
{
    enum failure failure = (enum failure)ex->failure;
    bool blocks = ex->env->failure_blocks[failure];
    if (verdict->is_for_failure || verdict->kind == VERDICT_BLOCK ||
        (!blocks && verdict->kind == VERDICT_ALERT))
        return;
    buf_clear(&ex->verdict_text);
    buf_printf(&ex->verdict_text,
        "The request could not be inspected (%s): %s.", failure_name(failure),
        failures[failure].text);
    verdict->kind = blocks ? VERDICT_BLOCK : VERDICT_ALERT;
    verdict->rule = STR_NONE;
    verdict->message = buf_str(&ex->verdict_text);
    verdict->severity = LEVEL_MEDIUM;
}

static void count_verdict(enum verdict_kind kind)
{
    stats_add(kind == VERDICT_BLOCK   ? STAT_VERDICT_BLOCK
              : kind == VERDICT_ALERT ? STAT_VERDICT_ALERT
                                      : STAT_VERDICT_ALLOW,
        1);
}

void exchange_judge(struct exchange *ex, struct activity *activity,
    enum direction direction, struct verdict *verdict_out)
{
    *verdict_out = (struct verdict){.kind = VERDICT_ALLOW};
    struct policy_subject subject = {activity, direction, ex->groups};
    bool has_failed = direction == DIRECTION_UP && ex->failure >= 0;
    if (has_failed)
        activity->failure = str_of(failure_name((enum failure)ex->failure));
    if (ex->env->policy != NULL)
        policy_judge(ex->env->policy, &subject, verdict_out);
    if (has_failed)
        apply_failure(ex, verdict_out);
    /* What has passed already cannot be stopped any more. */
    if (direction == DIRECTION_DOWN && verdict_out->kind != VERDICT_ALLOW)
        verdict_out->kind = VERDICT_ALERT;
    policy_put_verdict(activity, verdict_out);
}

/* Not the policy's: a policy in monitor mode changes nothing about it. */
static void refuse_signed_out(struct exchange *ex)
{
    ex->verdict = (struct verdict){
        .kind = VERDICT_BLOCK,
        .severity = LEVEL_MEDIUM,
        .message = STR("ChatGPT may be used here only after signing in."),
    };
    policy_put_verdict(ex->activity, &ex->verdict);
}

static bool records_always(const struct exchange *ex)
{
    const struct route *route = exchange_route(ex);
    return route != NULL && route->action == ROUTE_RECORD &&
           !ex->is_only_context;
}

/* Before the verdict: whether it is worth a question whose it is. */
bool exchange_may_be_recorded(const struct exchange *ex)
{
    const struct route *route = exchange_route(ex);
    return (route == NULL && !ex->is_probe) || records_always(ex) ||
           ex->activity->findings.count != 0 || ex->failure >= 0;
}

/* What pages prepare before anything is typed holds no draft. */
static bool is_empty_draft(const struct exchange *ex)
{
    const struct activity *a = ex->activity;
    return exchange_where(ex) == WHERE_DRAFT && a->content.n == 0 &&
           a->hidden.n == 0 && a->file_count == 0 && ex->url.n == 0;
}

/* A request of a route that is only scanned, or of a draft without text,
 * yields an activity when there is something to tell. */
static bool is_worth_recording(const struct exchange *ex)
{
    if (ex->is_draft_told || upload_is_silent(ex) || signin_is_silent(ex))
        return false;
    const struct route *route = exchange_route(ex);
    return (route == NULL && !ex->is_probe) ||
           (records_always(ex) && !is_empty_draft(ex)) ||
           ex->activity->findings.count != 0 || ex->failure >= 0 ||
           ex->verdict.kind != VERDICT_ALLOW;
}

/* Bytes that pass before their verdict have a record before that: a crash
 * leaves no upload untold (F1).  That of the verdict takes its place. */
void exchange_push_opening(struct exchange *ex)
{
    if (is_worth_recording(ex))
        exchange_push_record(ex, RECORD_OPEN, ex->activity);
}

static void note_drift(struct exchange *ex)
{
    bool is_failed = ex->failure == FAIL_PARSE || ex->failure == FAIL_DECODE ||
                     (ex->failure == FAIL_EXTRACT && !ex->is_unreadable);
    if (ex->is_signed_out || ex->is_probe ||
        (!ex->is_unclassified && !is_failed))
        return;
    exchange_note_drift(ex,
        is_failed ? failure_name((enum failure)ex->failure) : "unclassified");
}

/* Clean drafts, one a keystroke, are told as one; each that has something to
 * tell stays an activity of its own, so no finding and no verdict is lost. */
static bool is_clean_draft(const struct exchange *ex)
{
    const struct activity *a = ex->activity;
    return exchange_where(ex) == WHERE_DRAFT && a->content.n != 0 &&
           ex->url.n == 0 && a->findings.count == 0 && a->file_count == 0 &&
           ex->failure < 0 && ex->verdict.kind == VERDICT_ALLOW &&
           exchange_route(ex)->action == ROUTE_RECORD;
}

static void ask_draft(struct exchange *ex)
{
    const struct activity *a = ex->activity;
    struct keep_draft draft = {
        .service = a->service,
        .conversation_id = a->conversation_id,
        .user = a->actor.user,
        .device = a->actor.device,
        .text = buf_str(&a->content),
        .time_ms = a->time_ms,
    };
    memcpy(draft.activity_id, a->id, sizeof draft.activity_id);
    buf_clear(&ex->question);
    keep_ask_draft(&draft, &ex->question);
}

static void take_draft(struct exchange *ex, struct str answer)
{
    struct keep_draft_answer said;
    if (keep_read_draft(answer, &said) != OK)
        return; /* the keeper is gone: an activity of its own */
    ex->is_draft_told = !said.is_longest;
    memcpy(ex->activity->id, said.activity_id, sizeof ex->activity->id);
    ex->activity->time_ms = said.time_ms;
}

/* A step of an upload still needs it, for what the answer says. */
static void forget_activity(struct exchange *ex)
{
    if (ex->upload != NULL && ex->upload->step != UPLOAD_NONE)
        ex->upload->is_silent = true;
    else if (ex->signin == NULL)
        activity_free(&ex->activity);
}

static void count_upload(const struct exchange *ex)
{
    const struct route *route = exchange_route(ex);
    if (route == NULL || route->body != BODY_FILE)
        return;
    stats_add(STAT_UPLOADS, 1);
    stats_add(STAT_UPLOAD_BYTES, (int64_t)ex->wire_bytes);
}

static void finish_verdict(struct exchange *ex)
{
    struct activity *a = ex->activity;
    count_upload(ex);
    ex->is_blocked =
        ex->verdict.kind == VERDICT_BLOCK && !ex->verdict.is_monitored;
    ex->request = REQUEST_READY;
    buf_wipe_free(&ex->body);
    buf_wipe_free(&ex->backlog);
    buf_wipe_free(&ex->rest);
    document_free_all(ex);
    buf_wipe_free(&ex->file_text);
    buf_wipe_free(&ex->spaced);
    buf_wipe_free(&ex->glued);
    note_drift(ex);
    upload_note_verdict(ex);
    signin_note_verdict(ex);
    if (!ex->is_blocked)
        exchange_resume_begin(ex);
    seam_note(ex);
    if (ex->download != NULL && !ex->is_blocked)
        return; /* told when it is known what the answer is */
    if (!is_worth_recording(ex)) {
        upload_take_back(ex);
        forget_activity(ex);
        return;
    }
    count_verdict(ex->verdict.kind);
    stats_add(STAT_UNCLASSIFIED, str_is(a->name, "service.unclassified"));
    exchange_push_record(ex, RECORD_OPEN, a);
    upload_take_back(ex);
}

enum exchange_state exchange_decide(struct exchange *ex)
{
    struct activity *a = ex->activity;
    a->request_bytes = (int64_t)ex->wire_bytes;
    if (a->findings.is_incomplete)
        exchange_note_failure(ex, FAIL_SCAN);
    if (signin_is_judged(ex))
        exchange_judge(ex, a, DIRECTION_UP, &ex->verdict);
    upload_judge(ex);
    if (ex->event != NULL)
        event_judge_also(ex);
    if (ex->is_signed_out)
        refuse_signed_out(ex);
    if (is_clean_draft(ex)) {
        ask_draft(ex);
        ex->request = REQUEST_DRAFT;
        return EXCHANGE_ASK;
    }
    finish_verdict(ex);
    return EXCHANGE_MORE;
}

void exchange_draft_said(struct exchange *ex, struct str answer)
{
    take_draft(ex, answer);
    finish_verdict(ex);
}

void exchange_fail(struct exchange *ex, enum failure failure)
{
    exchange_note_failure(ex, failure);
    if (ex->activity == NULL || ex->request != REQUEST_READY)
        return;
    ex->activity->failure = str_of(failure_name((enum failure)ex->failure));
    struct policy_subject subject = {ex->activity, DIRECTION_UP, ex->groups};
    struct verdict asked = {0};
    if (ex->env->policy != NULL && ex->verdict.kind != VERDICT_BLOCK)
        policy_judge(ex->env->policy, &subject, &asked);
    if (asked.is_for_failure)
        ex->verdict = asked;
    else
        apply_failure(ex, &ex->verdict);
    policy_put_verdict(ex->activity, &ex->verdict);
    ex->is_blocked =
        ex->verdict.kind == VERDICT_BLOCK && !ex->verdict.is_monitored;
}
