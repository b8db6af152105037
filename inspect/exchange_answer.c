/*
 * The response side of an exchange: bytes are looked at as they pass, and when
 * the last one has passed the answers become activities of their own, and the
 * request's activity is completed.
 */
#include <string.h>

#include "base/mem.h"
#include "base/stats.h"
#include "inspect/address.h"
#include "inspect/exchange_parts.h"
#include "inspect/identity.h"
#include "inspect/keep_links.h"
#include "inspect/upload.h"

enum { STATUS_UPGRADED = 101, LINES_MAX = 4096 /* of one answer */ };

struct str exchange_field(
    const struct field *fields, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (str_is_nocase(fields[i].name, name))
            return str_trim(fields[i].value);
    return STR_NONE;
}

static bool is_success(int status)
{
    return status == STATUS_UPGRADED || (status >= 200 && status < 400);
}

/* Pages and pictures are none; of what says nothing about itself the first
 * bytes decide (inspect/answer.c). */
static bool may_be_answer(const struct route *route, struct str type)
{
    static const char *const kinds[] = {
        "application/json", "text/plain", "application/octet-stream"};
    if (route->answer == ANSWER_FIELDS &&
        (str_has(type, "vtt") || str_has(type, "subrip")))
        return true; /* what was said, as subtitles */
    if (route->answer == ANSWER_MWEB &&
        (str_has(type, "ndjson") || str_has(type, "html")))
        return true;
    if (route->answer == ANSWER_OPENAI_MEDIA)
        return true;
    bool is_lines =
        route->answer == ANSWER_MAP || route->answer == ANSWER_LINKS;
    if (is_lines && str_has(type, "json"))
        return true; /* lines of it have many names */
    if (route->answer == ANSWER_TRANSCRIPT && str_starts(type, "text/"))
        return true;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (str_starts_nocase(type, kinds[i]))
            return true;
    return type.n == 0;
}

void exchange_learn_host(struct exchange *ex, struct str host)
{
    if (service_match_host(ex->env->services, host, NULL) == HOST_LEARNABLE)
        keep_note_host(host, exchange_push_note(ex));
}

/* Hosts that the map calls learnable are inspected once an answer named
 * them; the keeper tells all workers. */
static void learn_hosts(struct exchange *ex, const struct json_node *root)
{
    const struct route *route = exchange_route(ex);
    for (size_t i = 0; i < route->learn_count; i++) {
        const struct json_node *link = json_get(root, route->learn[i].p);
        struct address address;
        (void)address_split(&ex->arena, json_str(link), &address);
        exchange_learn_host(ex, address.host);
    }
}

static bool read_link_document(
    struct exchange *ex, struct str text, bool is_last)
{
    struct arena scratch = {0};
    struct json_node *root;
    bool is_read = json_parse(text, &scratch, NULL, &root) == OK;
    if (is_read) {
        bool says_all = upload_read_answer(ex, root);
        if (says_all || is_last) {
            learn_hosts(ex, root);
            ex->is_link_read = true;
        }
        if (is_last && exchange_route(ex)->reads_who)
            exchange_learn_identity(ex, root);
    }
    arena_free(&scratch);
    return is_read;
}

/* What the client will use next is known before it has it: with the bytes
 * that end the document, not with the end of the answer.  JSON, or lines of
 * it (claim_and_finish, process_upload_stream). */
static void read_links(struct exchange *ex, bool is_last)
{
    struct str body = str_trim(answer_links_body(ex->answer)), line;
    bool may_be_whole = is_last || str_ends(body, "}");
    if (ex->is_link_read || ex->answer_failure != NULL || !may_be_whole ||
        body.n == 0 || read_link_document(ex, body, is_last) || !is_last)
        return;
    for (size_t i = 0; i < LINES_MAX && str_split(&body, '\n', &line); i++)
        (void)read_link_document(ex, line, true);
}

void exchange_response_head(struct exchange *ex, int status,
    const struct field *fields, size_t field_count, bool has_body)
{
    const struct route *route = exchange_route(ex);
    bool is_upgraded = status == STATUS_UPGRADED && ex->is_websocket;
    if ((status < 200 && !is_upgraded) || ex->response != RESPONSE_NONE)
        return; /* interim */
    ex->status = status;
    ex->response = RESPONSE_OPEN;
    if (ex->download != NULL) {
        file_head(ex, fields, field_count, has_body);
        return;
    }
    if (ex->event != NULL) {
        event_head(ex, fields, field_count);
        return;
    }
    upload_response_head(ex);
    if (!has_body || status >= 300 || ex->service == NULL || route == NULL ||
        route->answer == ANSWER_NONE || route->answer == ANSWER_FILE)
        return;
    if (route->reads_who)
        (void)identity_new_session(
            fields, field_count, service_name(ex->service), &ex->new_session);
    struct str type = exchange_field(fields, field_count, "content-type");
    bool is_sse = str_starts_nocase(type, "text/event-stream");
    bool is_page = route->answer == ANSWER_LINKS && str_has(type, "html");
    if (!is_sse && !is_page && !may_be_answer(route, type))
        return;
    struct decode_limits limits = {0};
    if (decoder_new(exchange_field(fields, field_count, "content-encoding"),
            &limits, &ex->response_decoder) != OK)
        ex->answer_failure = "decode";
    ex->answer = route->answer == ANSWER_MAP
                     ? answer_new_mapped(&route->answer_map, is_sse)
                     : answer_new(route->answer, is_sse);
    if (route->answer == ANSWER_OPENAI_MEDIA && !is_sse &&
        !str_has(type, "json"))
        answer_expect_bytes(ex->answer, type);
    if (is_page)
        answer_expect_page(ex->answer);
}

void exchange_response_length(struct exchange *ex, int64_t length)
{
    if (ex->download != NULL)
        file_set_length(ex, length);
}

void exchange_response_data(struct exchange *ex, struct str wire)
{
    ex->response_bytes += wire.n;
    if (ex->download != NULL)
        file_data(ex, wire);
    if (ex->event != NULL)
        event_data(ex, wire);
    if (ex->answer == NULL || ex->answer_failure != NULL)
        return;
    if (decoder_feed(ex->response_decoder, wire, &ex->decoded) != OK) {
        ex->answer_failure = "decode";
        stats_add(STAT_FAILURES, 1);
    }
    exchange_resume_data(ex, buf_str(&ex->decoded));
    answer_feed(ex->answer, buf_str(&ex->decoded));
    buf_clear(&ex->decoded);
    if (ex->upload != NULL && ex->request == REQUEST_READY)
        read_links(ex, false);
}

void exchange_response_end(struct exchange *ex, bool is_complete)
{
    if (ex->response >= RESPONSE_EXTRACT)
        return;
    ex->is_response_complete = is_complete;
    ex->response = RESPONSE_EXTRACT;
}

void exchange_no_response(struct exchange *ex, int status)
{
    if (ex->response >= RESPONSE_EXTRACT)
        return;
    ex->status = status;
    ex->is_response_complete = false;
    ex->response = RESPONSE_EXTRACT;
}

void exchange_free_response(struct exchange *ex)
{
    answer_free(&ex->answer);
    decoder_free(&ex->response_decoder);
    buf_wipe_free(&ex->decoded);
    for (size_t i = 0; i < ex->answer_count; i++)
        activity_free(&ex->answers[i]);
    activity_free(&ex->view);
}

/* ---- answers ------------------------------------------------------------- */

/* What an answer has from its request. */
static void fill_answer(struct exchange *ex, struct activity *answer)
{
    const struct activity *request = ex->activity;
    struct arena *arena = &answer->arena;
    answer->node = arena_copy(arena, ex->env->node);
    answer->via = STR("inline");
    answer->service = arena_copy(arena, exchange_service(ex));
    answer->outcome = OUTCOME_SUCCESS;
    answer->http_method = arena_copy(arena, ex->method);
    answer->http_host = arena_copy(arena, ex->host);
    answer->http_path = arena_copy(arena, ex->path);
    answer->http_status = ex->status;
    answer->response_bytes = (int64_t)ex->response_bytes;
    if (ex->answer_failure != NULL)
        answer->failure = str_of(ex->answer_failure);
    answer->actor = ex->actor; /* as in make_activity */
    answer->http_version = ex->http_version;
    if (ex->time_ms != 0)
        answer->time_ms = ex->time_ms;
    if (answer->conversation_id.n == 0)
        answer->conversation_id = arena_copy(arena, ex->resume_conversation);
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

static void learn_conversation(struct exchange *ex)
{
    struct activity *a = ex->activity;
    if (a == NULL || ex->answer == NULL)
        return;
    struct str id = answer_conversation_id(ex->answer);
    if (a->conversation_id.n == 0)
        a->conversation_id = arena_copy(&a->arena, id);
}

bool exchange_is_prompt(const struct exchange *ex)
{
    const struct route *route = exchange_route(ex);
    return route != NULL && route->body == BODY_CHATGPT_PROMPT;
}

/* The parent of the prompt has a user message now, which makes the next one
 * under it an edit. */
static void note_turn(struct exchange *ex)
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
    if (a == NULL || ex->answer == NULL || !exchange_is_prompt(ex) ||
        ex->is_blocked)
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

static void learn_plan(struct exchange *ex)
{
    struct str plan = answer_plan(ex->answer);
    if (ex->actor.plan.n != 0 || plan.n == 0)
        return;
    ex->actor.plan = arena_copy(&ex->arena, plan);
    if (ex->activity != NULL)
        ex->activity->actor.plan = ex->actor.plan;
}

static void finish_stream(struct exchange *ex)
{
    if (ex->answer == NULL || ex->is_blocked)
        return;
    struct buf *tail = &ex->decoded;
    if (ex->answer_failure == NULL && ex->is_response_complete &&
        decoder_finish(ex->response_decoder, tail) != OK)
        ex->is_response_complete = false;
    exchange_resume_data(ex, buf_str(tail));
    answer_feed(ex->answer, buf_str(tail));
    buf_clear(tail);
    answer_finish(ex->answer, ex->is_response_complete);
}

static void take_answers(struct exchange *ex)
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
    bool is_waiting = upload_is_waiting(ex);
    exchange_push_record(ex, is_waiting ? RECORD_OPEN : RECORD_DONE, a);
    ex->records[ex->record_count - 1].is_standing = is_waiting;
}

/* ---- one answer after the other --------------------------------------------
 */

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

/* An answer that came alone belongs to a prompt of another connection. */
static enum exchange_state link_answer(struct exchange *ex)
{
    const struct activity *a = ex->answers[ex->answer_at];
    bool has_name = ex->turn_id.n != 0 || a->parent_message_id.n != 0;
    bool is_answer = str_starts(a->name, "response");
    plan_answer(ex);
    if (a->reply_to.n != 0 || !has_name || !is_answer)
        return EXCHANGE_MORE;
    buf_clear(&ex->question);
    keep_ask_reply(
        a->service, ex->turn_id, a->parent_message_id, &ex->question);
    ex->response = RESPONSE_REPLY;
    return EXCHANGE_ASK;
}

/* A stream that is read again (resume) tells nothing new when its answer was
 * reported; the stream of the prompt itself leaves word. */
static enum exchange_state begin_answer(struct exchange *ex)
{
    struct activity *a = ex->answers[ex->answer_at];
    const struct route *route = exchange_route(ex);
    bool may_be_told =
        ex->may_be_told || (!exchange_is_prompt(ex) && route != NULL &&
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
        return begin_answer(ex);
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

static enum exchange_state finish_answer(struct exchange *ex)
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
    if (keep_read_partial(answer, &partial)) {
        memcpy(a->id, partial.activity_id, sizeof a->id);
        a->time_ms = partial.time_ms;
    }
    link_answer(ex);
}

static enum exchange_state drop_file(struct exchange *ex)
{
    activity_free(&ex->activity);
    ex->response = RESPONSE_DONE;
    exchange_free_response(ex);
    return EXCHANGE_READY;
}

static enum exchange_state ask_file(struct exchange *ex)
{
    file_ask(ex);
    ex->response = RESPONSE_FILE;
    return EXCHANGE_ASK;
}

static enum exchange_state read_file(struct exchange *ex)
{
    if (!document_is_left(ex))
        return ask_file(ex);
    ex->response = RESPONSE_READ;
    return EXCHANGE_READ;
}

static void tell_file(struct exchange *ex);

static enum exchange_state go_on_with_file(
    struct exchange *ex, enum file_next next)
{
    switch (next) {
    case FILE_ASKS:
        ex->response = RESPONSE_FILE;
        return EXCHANGE_ASK;
    case FILE_READS:
        return read_file(ex);
    case FILE_IS_SILENT:
        return drop_file(ex);
    case FILE_STEPS:
        ex->response = RESPONSE_WHOLE;
        break;
    case FILE_TELLS:
        tell_file(ex);
        break;
    }
    return EXCHANGE_MORE;
}

void exchange_after_download(struct exchange *ex)
{
    ex->response = RESPONSE_TEXT;
}

void exchange_file_answered(struct exchange *ex, struct str answer)
{
    (void)go_on_with_file(ex, file_take_answer(ex, answer));
}

static void tell_file(struct exchange *ex)
{
    ex->answers[0] = ex->activity;
    ex->activity = NULL;
    ex->answer_count = 1;
    plan_answer(ex);
}

/* What was said in the audio, in the service's words, is the activity's
 * text. */
static void take_transcript(struct exchange *ex)
{
    struct activity *a = ex->activity;
    if (a == NULL || ex->answer == NULL || ex->is_blocked ||
        exchange_route(ex)->answer != ANSWER_TRANSCRIPT || ex->status >= 300)
        return;
    struct buf said = {0};
    answer_transcript(ex->answer, &said);
    ex->has_transcript = said.n != 0;
    extract_join(ex, &a->content, buf_str(&said));
    buf_wipe_free(&said);
}

static enum exchange_state scan_transcript(struct exchange *ex)
{
    struct activity *a = ex->activity;
    ex->has_transcript = false;
    ex->run = (struct scan_run){.activity = a};
    scan_run_add(&ex->run, buf_str(&a->content), WHERE_ANSWER, SOURCE_PLAIN);
    ex->response = RESPONSE_TRANSCRIPT;
    return EXCHANGE_MORE;
}

static enum exchange_state complete(struct exchange *ex);
static enum exchange_state take_response(struct exchange *ex);

/* It has left already, as sound: what is found can only be told. */
static enum exchange_state judge_transcript(struct exchange *ex)
{
    struct verdict verdict, sent = ex->verdict;
    exchange_judge(ex, ex->activity, DIRECTION_DOWN, &verdict);
    if (sent.kind != VERDICT_ALLOW)
        exchange_put_verdict(ex->activity, &sent);
    return complete(ex);
}

static enum exchange_state complete(struct exchange *ex)
{
    if (ex->has_transcript)
        return scan_transcript(ex);
    if (signin_ask_end(ex)) {
        ex->response = RESPONSE_SIGNIN;
        return EXCHANGE_ASK;
    }
    if (ex->event != NULL && !ex->is_blocked) {
        event_complete(ex);
        ex->response = RESPONSE_DONE;
        return EXCHANGE_READY;
    }
    if (ex->download != NULL && !ex->is_blocked) {
        if (!file_finish(ex))
            return drop_file(ex);
        return read_file(ex);
    }
    if (upload_ask_end(ex)) {
        ex->response = RESPONSE_NAME;
        return EXCHANGE_ASK;
    }
    if (exchange_view_plan(ex)) {
        ex->response = RESPONSE_VIEW;
        return EXCHANGE_MORE;
    }
    exchange_complete_request(ex);
    if (ex->answer_count != 0)
        return begin_answer(ex);
    exchange_resume_note(ex);
    ex->response = RESPONSE_DONE;
    return EXCHANGE_READY;
}

void exchange_upload_named(struct exchange *ex, struct str answer)
{
    upload_end_answered(ex, answer);
    (void)complete(ex);
}

/* The state of the answer's question tells what is next. */
void exchange_answer_identified(struct exchange *ex)
{
    (void)complete(ex);
}

static enum exchange_state finish_view(struct exchange *ex)
{
    exchange_view_judge(ex);
    exchange_complete_request(ex);
    ex->response = RESPONSE_DONE;
    return EXCHANGE_READY;
}

void exchange_resumed(struct exchange *ex, struct str answer)
{
    if (!exchange_resume_take(ex, answer))
        (void)take_response(ex);
}

static enum exchange_state step_extract(struct exchange *ex)
{
    if (ex->request != REQUEST_READY)
        return EXCHANGE_READY; /* its end is still to come */
    finish_stream(ex);
    if (!ex->is_blocked && exchange_resume_ask(ex)) {
        ex->response = RESPONSE_RESUME;
        return EXCHANGE_ASK;
    }
    return take_response(ex);
}

static enum exchange_state take_response(struct exchange *ex)
{
    take_answers(ex);
    exchange_resume_name(ex);
    exchange_resume_keep(ex);
    learn_conversation(ex);
    if (ex->answer != NULL)
        read_links(ex, true);
    take_transcript(ex);
    ex->is_refused = ex->answer != NULL && answer_is_refusal(ex->answer);
    note_turn(ex);
    note_history(ex);
    note_replies(ex);
    answer_free(&ex->answer);
    bool has_records = ex->activity != NULL || ex->answer_count != 0;
    if (has_records && exchange_ask_identity(ex)) {
        ex->response = RESPONSE_IDENTIFY;
        return EXCHANGE_ASK;
    }
    return complete(ex);
}

enum exchange_state exchange_step_response(struct exchange *ex)
{
    switch (ex->response) {
    case RESPONSE_EXTRACT:
        return step_extract(ex);
    case RESPONSE_RESUME:
    case RESPONSE_IDENTIFY:
    case RESPONSE_SIGNIN:
    case RESPONSE_NAME:
    case RESPONSE_ASK:
    case RESPONSE_FILE:
    case RESPONSE_REPLY:
        return EXCHANGE_ASK;
    case RESPONSE_WHOLE:
        return go_on_with_file(ex, file_step(ex));
    case RESPONSE_READ:
        return EXCHANGE_READ;
    case RESPONSE_TEXT:
        if (scan_run_step(ex))
            return EXCHANGE_MORE;
        buf_wipe_free(&ex->file_text);
        return ask_file(ex);
    case RESPONSE_SCAN:
        if (scan_run_step(ex))
            return EXCHANGE_MORE;
        return finish_answer(ex);
    case RESPONSE_VIEW:
        if (scan_run_step(ex))
            return EXCHANGE_MORE;
        return finish_view(ex);
    case RESPONSE_TRANSCRIPT:
        if (scan_run_step(ex))
            return EXCHANGE_MORE;
        return judge_transcript(ex);
    case RESPONSE_NONE:
    case RESPONSE_OPEN:
    case RESPONSE_DONE:
        break;
    }
    return EXCHANGE_READY;
}
