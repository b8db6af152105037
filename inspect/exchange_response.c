/*
 * The response side of an exchange: its bytes are looked at as they pass, what
 * the client will use next is learnt from them, and when the last one has
 * passed, the phases that lead to its records.
 */
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/stats.h"
#include "inspect/address.h"
#include "inspect/exchange_parts.h"
#include "inspect/identity.h"
#include "inspect/pick.h"

enum { LINES_MAX = 4096 /* of one answer */ };

struct str exchange_field(
    const struct field *fields, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (str_is_nocase(fields[i].name, name))
            return str_trim(fields[i].value);
    return STR_NONE;
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

static void note_file_name(void *arg, const struct json_node *node)
{
    struct exchange *ex = arg;
    const struct route_names *map = &exchange_route(ex)->names;
    if (ex->name_count++ < LIST_NAMES_MAX)
        file_note_name(
            ex, pick_text(node, &map->id), pick_text(node, &map->name));
}

/* Files that the answer names, for who fetches one of them. */
static void read_names(struct exchange *ex, const struct json_node *root)
{
    const struct route_names *map = &exchange_route(ex)->names;
    if (map->id.count == 0 || ex->status >= 300)
        return;
    if (map->at.count == 0)
        note_file_name(ex, root);
    pick_all(root, &map->at, note_file_name, ex);
}

static bool read_link_document(
    struct exchange *ex, struct str text, bool is_last)
{
    struct arena scratch = {0};
    struct json_node *root;
    bool is_read = json_parse(text, &scratch, NULL, &root) == OK;
    if (is_read) {
        bool says_all = upload_read_answer(ex, root) ||
                        (exchange_route(ex)->names.id.count != 0 &&
                            !exchange_route(ex)->reads_who);
        if (says_all || is_last) {
            learn_hosts(ex, root);
            read_names(ex, root);
            extract_answer_ids(ex, root);
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
    ex->answered_ms = clock_wall_ms();
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
    exchange_resume_polled(ex);
    if (is_sse)
        exchange_note_turn(ex);
}

void exchange_response_length(struct exchange *ex, int64_t length)
{
    if (ex->download != NULL)
        file_set_length(ex, length);
}

/* A file may be fetched before the answer that cites it has ended. */
static void note_cited(struct exchange *ex)
{
    struct str id, name;
    while (answer_next_file(ex->answer, &id, &name))
        file_note_name(ex, id, name);
}

void exchange_response_data(struct exchange *ex, struct str wire)
{
    const struct route *route = exchange_route(ex);
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
    note_cited(ex);
    bool is_awaited = (ex->upload != NULL && ex->request == REQUEST_READY) ||
                      route->names.id.count != 0;
    if (is_awaited)
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

/* ---- after its last byte ---- */

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
        exchange_tell_file(ex);
        break;
    }
    return EXCHANGE_MORE;
}

void exchange_after_download(struct exchange *ex)
{
    ex->response = RESPONSE_TEXT;
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

/* It has left already, as sound: what is found can only be told. */
static enum exchange_state judge_transcript(struct exchange *ex)
{
    struct verdict verdict, sent = ex->verdict;
    exchange_judge(ex, ex->activity, DIRECTION_DOWN, &verdict);
    if (sent.kind != VERDICT_ALLOW)
        policy_put_verdict(ex->activity, &sent);
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
        return exchange_begin_answer(ex);
    exchange_resume_note(ex);
    ex->response = RESPONSE_DONE;
    return EXCHANGE_READY;
}

static enum exchange_state finish_view(struct exchange *ex)
{
    exchange_view_judge(ex);
    exchange_complete_request(ex);
    ex->response = RESPONSE_DONE;
    return EXCHANGE_READY;
}

static enum exchange_state take_response(struct exchange *ex)
{
    exchange_take_answers(ex);
    exchange_resume_name(ex);
    exchange_resume_keep(ex);
    exchange_learn_ids(ex);
    seam_note(ex);
    if (ex->answer != NULL)
        read_links(ex, true);
    take_transcript(ex);
    ex->is_refused = ex->answer != NULL && answer_is_refusal(ex->answer);
    exchange_note_answers(ex);
    answer_free(&ex->answer);
    bool has_records = ex->activity != NULL || ex->answer_count != 0;
    if (has_records && exchange_ask_identity(ex)) {
        ex->response = RESPONSE_IDENTIFY;
        return EXCHANGE_ASK;
    }
    return complete(ex);
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
        return exchange_finish_answer(ex);
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

void exchange_response_said(struct exchange *ex, struct str answer)
{
    switch (ex->response) {
    case RESPONSE_RESUME:
        if (!exchange_resume_take(ex, answer))
            (void)take_response(ex);
        break;
    case RESPONSE_SIGNIN:
        signin_take_end(ex, answer);
        (void)complete(ex);
        break;
    case RESPONSE_NAME:
        upload_end_answered(ex, answer);
        (void)complete(ex);
        break;
    case RESPONSE_IDENTIFY:
        exchange_take_identity(ex, answer);
        (void)complete(ex);
        break;
    case RESPONSE_ASK:
    case RESPONSE_REPLY:
        exchange_answer_said(ex, answer);
        break;
    case RESPONSE_FILE:
        (void)go_on_with_file(ex, file_take_answer(ex, answer));
        break;
    default:
        break; /* nothing was asked */
    }
}
