/*
 * One exchange: its life, what it leaves to be recorded and noted, and the
 * phases of its request up to the verdict.  inspect/exchange_parts.h names the
 * files that do the rest.
 */
#include "inspect/exchange.h"

#include <string.h>

#include "base/mem.h"
#include "base/stats.h"
#include "inspect/drift.h"
#include "inspect/evidence.h"
#include "inspect/names.h"
#include "inspect/exchange_parts.h"
#include "inspect/form.h"
#include "inspect/path.h"

/* ---- life ------------------------------------------------------------- */

/* Several lines of one name are one list. */
static struct str joined_field(
    struct exchange *ex, const struct exchange_request *r, const char *name)
{
    struct str joined = STR_NONE;
    for (size_t i = 0; i < r->field_count; i++) {
        if (!str_is_nocase(r->fields[i].name, name))
            continue;
        struct str value = str_trim(r->fields[i].value);
        joined = joined.n == 0 ? arena_copy(&ex->arena, value)
                               : str_of(arena_printf(&ex->arena, "%.*s, %.*s",
                                     STR_ARG(joined), STR_ARG(value)));
    }
    return joined;
}

static void copy_request(struct exchange *ex, const struct exchange_request *r)
{
    size_t mark = str_find_char(r->path, '?');
    ex->method = arena_copy(&ex->arena, r->method);
    ex->host = arena_copy(&ex->arena, r->host);
    ex->path = arena_copy(&ex->arena, str_sub(r->path, 0, mark));
    ex->query = arena_copy(&ex->arena, str_sub(r->path, mark + 1, r->path.n));
    ex->time_ms = r->time_ms;
    if (r->version != NULL)
        ex->http_version = arena_strdup(&ex->arena, r->version);
    ex->is_websocket = str_is_nocase(r->protocol, "websocket");
    ex->groups = arena_copy(&ex->arena, r->proxy_groups);
    ex->content_type = joined_field(ex, r, "content-type");
    ex->content_encoding = joined_field(ex, r, "content-encoding");
    ex->accept = joined_field(ex, r, "accept");
    ex->content_range = joined_field(ex, r, "content-range");
    ex->fetch_dest = joined_field(ex, r, "sec-fetch-dest");
    ex->project_header = joined_field(ex, r, "chatgpt-project-id");
    if (ex->project_header.n == 0)
        ex->project_header = joined_field(ex, r, "openai-project");
    ex->is_page = str_is(joined_field(ex, r, "sec-fetch-mode"), "navigate") ||
                  (joined_field(ex, r, "sec-fetch-mode").n == 0 &&
                      str_starts(ex->accept, "text/html"));
}

/* What a server may take for another path than it is written as. */
static bool is_ambiguous(struct str path)
{
    struct str rest = path, segment;
    while (str_split(&rest, '/', &segment)) {
        segment = str_sub(segment, 0, str_find_char(segment, ';'));
        if (str_is(segment, ".") || str_is(segment, ".."))
            return true;
    }
    return str_find_char(path, '\\') < path.n ||
           str_find_char(path, '%') < path.n;
}

/* Written in a way that servers read differently, it is read as most do, unless
 * that would let a body pass which another one takes.  What no two of them read
 * alike is unclassified and read generically; on a host of which nothing may be
 * kept it is one of the steps of signing in. */
static bool may_be_taken(const struct route *route)
{
    return route != NULL && (route->action != ROUTE_PASS || route->is_secret);
}

static void find_route(struct exchange *ex)
{
    service_match_host(ex->env->services, ex->host, &ex->service);
    struct str path = form_decode(&ex->arena, ex->path, false);
    struct str raw_path = ex->path;
    bool was_ambiguous = is_ambiguous(path);
    if (was_ambiguous) {
        raw_path = path_walk(&ex->arena, raw_path);
        path = form_decode(&ex->arena, raw_path, false);
    }
    if (ex->service == NULL)
        return;
    struct route_query query = {
        .host = ex->host,
        .method = ex->is_websocket ? STR("GET") : ex->method, /* or CONNECT */
        .path = path,
        .raw_path = raw_path,
        .arena = &ex->arena,
        .query = ex->query,
        .content_type = arena_lower(&ex->arena, ex->content_type),
        .is_websocket = ex->is_websocket,
        .is_ambiguous = is_ambiguous(path),
    };
    service_find_route(ex->env->services, &query, &ex->match);
    if (was_ambiguous && !may_be_taken(ex->match.route))
        ex->match = (struct route_match){0};
}

const struct route *exchange_route(const struct exchange *ex)
{
    return ex->match.route;
}

/* Of activities: maps lie over others. */
static struct str service_of(const struct exchange *ex)
{
    const struct route *route = exchange_route(ex);
    return route != NULL && route->service.n != 0 ? route->service
                                                  : service_name(ex->service);
}

static void name_by_route(struct activity *a, const struct route *route)
{
    a->name = arena_copy(&a->arena, route->activity);
    a->update = arena_copy(&a->arena, route->update);
    a->reason = arena_copy(&a->arena, route->reason);
    a->is_opaque = route->reason.n != 0;
    activity_add_target(a, route->target_type, STR_NONE, route->target_name);
}

void exchange_fill(const struct exchange *ex, struct activity *a)
{
    struct arena *arena = &a->arena;
    if (ex->time_ms != 0)
        a->time_ms = ex->time_ms;
    a->node = arena_copy(arena, ex->env->node);
    a->via = STR("inline");
    a->service = arena_copy(arena, service_of(ex));
    a->actor = ex->actor; /* the exchange's arena outlives the activity */
    a->http_method = arena_copy(arena, ex->method);
    a->http_host = arena_copy(arena, ex->host);
    a->http_path = arena_copy(arena, ex->path);
    a->http_version = ex->http_version;
}

static struct activity *make_activity(const struct exchange *ex)
{
    struct activity *a = activity_new();
    exchange_fill(ex, a);
    a->name = STR("service.unclassified");
    if (exchange_route(ex) != NULL)
        name_by_route(a, exchange_route(ex));
    bool is_without_name = a->name.n == 0 || ex->is_unclassified;
    if (ex->is_signed_out && is_without_name)
        a->name = STR("connection.refused");
    return a;
}

/* What changes nothing says nothing, unless it has a body. */
static bool is_write(struct str method)
{
    static const char *const reading[] = {
        "GET", "HEAD", "OPTIONS", "TRACE", "CONNECT"};
    for (size_t i = 0; i < ARRAY_LEN(reading); i++)
        if (str_is(method, reading[i]))
            return false;
    return true;
}

/* Whether the request can carry somebody's content. */
static bool is_inspected(
    const struct exchange *ex, const struct exchange_request *r)
{
    if (ex->service == NULL)
        return false;
    if (ex->is_signed_out)
        return true;
    if (exchange_route(ex) == NULL)
        return r->has_body || is_write(r->method) || ex->is_probe;
    /* Its messages are what is inspected (inspect/channel.h). */
    if (ex->is_websocket && exchange_route(ex)->allows_websocket)
        return false;
    return exchange_route(ex)->action != ROUTE_PASS;
}

void exchange_start_request(struct exchange *ex)
{
    ex->is_unclassified = exchange_route(ex) == NULL;
    ex->activity = make_activity(ex);
    if (!ex->is_unclassified && exchange_route(ex)->answer == ANSWER_FILE)
        file_begin(ex);
    if (ex->is_signed_out) {
        ex->gate = GATE_REFUSE;
        ex->request = REQUEST_OPEN;
        return;
    }
    bool is_forwarded =
        !ex->is_unclassified && exchange_route(ex)->gate == ROUTE_FORWARD;
    if (is_forwarded)
        return;
    ex->gate = GATE_HOLD;
    ex->request = REQUEST_OPEN;
    upload_open(ex);
    struct decode_limits limits = {0};
    if (decoder_new(ex->content_encoding, &limits, &ex->decoder) != OK)
        exchange_note_failure(ex, FAIL_DECODE);
}

struct exchange *exchange_new(
    const struct exchange_env *env, const struct exchange_request *request)
{
    struct exchange *ex = MEM_NEW(struct exchange);
    ex->env = env;
    ex->failure = -1;
    ex->gate = GATE_FORWARD;
    ex->request = REQUEST_READY;
    copy_request(ex, request);
    find_route(ex);
    if (ex->service != NULL)
        exchange_find_identity(ex, request);
    ex->is_signed_out = ex->service != NULL && env->blocks_signed_out &&
                        service_is_signed_out(ex->service, ex->path);
    ex->is_probe = ex->service != NULL && exchange_route(ex) == NULL &&
                   !request->has_body && !is_write(request->method) &&
                   exchange_address_says(ex);
    if (exchange_is_secret(ex))
        mem_wipe_begin();
    if (is_inspected(ex, request)) {
        event_open(ex, request);
        exchange_start_request(ex);
        exchange_take_fields(ex, request->fields, request->field_count);
    }
    signin_open(ex, request);
    return ex;
}

bool exchange_is_secret(const struct exchange *ex)
{
    const struct route *route = exchange_route(ex);
    return route != NULL && route->is_secret;
}

void exchange_free(struct exchange **exchange)
{
    struct exchange *ex = *exchange;
    if (ex == NULL)
        return;
    bool is_secret = exchange_is_secret(ex);
    struct record record;
    struct buf note = {0};
    while (exchange_next_record(ex, &record) == OK)
        buf_free(&record.json);
    while (exchange_next_note(ex, &note) == OK)
        buf_clear(&note);
    buf_wipe_free(&note);
    mem_free(ex->notes);
    mem_free(ex->records);
    scan_job_free(&ex->run.job);
    exchange_free_response(ex);
    file_free(ex);
    event_free(ex);
    signin_free(ex);
    document_free_all(ex);
    decoder_free(&ex->decoder);
    exchange_scan_free(ex);
    file_reader_free(&ex->reader);
    upload_free(&ex->upload);
    activity_free(&ex->activity);
    struct buf *const bufs[] = {&ex->body, &ex->rest, &ex->names, &ex->url,
        &ex->file_text, &ex->verdict_text, &ex->question, &ex->spaced,
        &ex->glued, &ex->raw, &ex->kept, &ex->state, &ex->fields};
    for (size_t i = 0; i < ARRAY_LEN(bufs); i++)
        buf_wipe_free(bufs[i]);
    seam_free(&ex->seam);
    mem_free(ex->taken.starts);
    arena_wipe(&ex->arena); /* addresses hold codes of sign-ins */
    mem_free(ex);
    if (is_secret)
        mem_wipe_end();
    *exchange = NULL;
}

enum gate exchange_gate(const struct exchange *ex)
{
    return ex->gate;
}

const struct verdict *exchange_verdict(const struct exchange *ex)
{
    return &ex->verdict;
}

/* ---- records and notes --------------------------------------------------- */

static struct record *add_record(
    struct exchange *ex, enum record_kind kind, const char *id)
{
    if (ex->record_count == ex->record_cap) {
        ex->record_cap = ex->record_cap != 0 ? 2 * ex->record_cap : 4;
        ex->records =
            mem_realloc(ex->records, ex->record_cap * sizeof *ex->records);
    }
    struct record *record = &ex->records[ex->record_count++];
    *record = (struct record){.kind = kind};
    memcpy(record->id, id, sizeof record->id);
    return record;
}

void exchange_push_record(
    struct exchange *ex, enum record_kind kind, struct activity *a)
{
    struct record *record = add_record(ex, kind, a->id);
    evidence_seal(ex->env->evidence, a);
    names_write(ex->env->names, a, ex->env->capture, &record->json);
    stats_add(STAT_ACTIVITIES, kind == RECORD_DONE);
}

void exchange_push_void(struct exchange *ex, const char *id)
{
    struct record *record = add_record(ex, RECORD_VOID, id);
    buf_printf(&record->json, "{\"id\":\"%s\",\"told_as\":\"%s\"}", id,
        ex->activity->id);
}

enum err exchange_next_record(struct exchange *ex, struct record *record_out)
{
    if (ex->record_first == ex->record_count) {
        ex->record_first = ex->record_count = 0;
        return ERR_NOT_FOUND;
    }
    *record_out = ex->records[ex->record_first];
    ex->records[ex->record_first++] = (struct record){0};
    return OK;
}

struct buf *exchange_push_note(struct exchange *ex)
{
    if (ex->note_count == ex->note_cap) {
        ex->note_cap = ex->note_cap != 0 ? 2 * ex->note_cap : 8;
        ex->notes = mem_realloc(ex->notes, ex->note_cap * sizeof *ex->notes);
    }
    struct buf *note = &ex->notes[ex->note_count++];
    *note = (struct buf){0};
    return note;
}

enum err exchange_next_note(struct exchange *ex, struct buf *note_out)
{
    if (ex->note_first == ex->note_count) {
        ex->note_first = ex->note_count = 0;
        return ERR_NOT_FOUND;
    }
    struct buf *note = &ex->notes[ex->note_first++];
    buf_append_str(note_out, buf_str(note));
    buf_wipe_free(note);
    return OK;
}

/* For the daily digest: what the maps leave unexplained, or what they explain
 * and was not so. */
void exchange_note_drift(struct exchange *ex, const char *cause)
{
    struct buf line = {0};
    stats_add(STAT_MAP_DRIFT, 1);
    buf_printf(&line, "%.*s %.*s ", STR_ARG(service_name(ex->service)),
        STR_ARG(str_sub(ex->method, 0, 16)));
    drift_template(ex->path, &line);
    buf_truncate(&line, DRIFT_TEXT_MAX - 16);
    buf_printf(&line, " %s", cause);
    keep_note_drift(buf_str(&line), exchange_push_note(ex));
    buf_free(&line);
}

/* ---- phases -------------------------------------------------------------- */

void exchange_request_trailers(
    struct exchange *ex, const struct field *fields, size_t count)
{
    exchange_take_fields(ex, fields, count);
}

void exchange_request_end(struct exchange *ex)
{
    if (ex->request == REQUEST_OPEN)
        ex->request = REQUEST_EXTRACT;
}

void exchange_request_cut(struct exchange *ex)
{
    if (ex->request != REQUEST_OPEN)
        return;
    ex->request = REQUEST_EXTRACT;
    ex->is_cut = true;
}

static enum exchange_state begin_scan(struct exchange *ex)
{
    if (seam_ask(ex)) {
        ex->request = REQUEST_TAIL;
        return EXCHANGE_ASK;
    }
    exchange_plan_scan(ex);
    return EXCHANGE_MORE;
}

/* What the keeper knows of the files. */
static enum exchange_state ask_files(struct exchange *ex)
{
    if (upload_ask(ex)) {
        ex->request = REQUEST_FILES;
        return EXCHANGE_ASK;
    }
    if (upload_is_joining(ex)) {
        ex->request = REQUEST_JOIN;
        return EXCHANGE_MORE;
    }
    if (document_is_left(ex)) {
        ex->request = REQUEST_READ;
        return EXCHANGE_READ;
    }
    return begin_scan(ex);
}

void exchange_after_document(struct exchange *ex)
{
    if (ex->request == REQUEST_READ && !document_is_left(ex))
        (void)begin_scan(ex);
}

static void take_files(struct exchange *ex, struct str answer)
{
    bool wants_another = upload_answer(ex, answer);
    if (ex->request == REQUEST_OPEN)
        exchange_check_size(ex); /* it waited for the activity's id */
    else if (upload_is_joining(ex))
        ex->request = REQUEST_JOIN; /* its bytes in steps */
    else if (!wants_another)
        (void)ask_files(ex);
}

bool exchange_asks_early(struct exchange *ex)
{
    return upload_ask_early(ex);
}

/* A prompt that its client named, sent again, is the same one (fact sheet
 * chatgpt-wire §4.9), whatever the shape of its body. */
static bool may_be_retry(const struct exchange *ex)
{
    const struct route *route = exchange_route(ex);
    return ex->activity != NULL && route != NULL &&
           route->body == BODY_FIELDS &&
           str_is(route->activity, "prompt.created") &&
           ex->activity->message_id.n != 0;
}

static enum exchange_state step_extract(struct exchange *ex)
{
    bool never_left = ex->is_cut && ex->gate == GATE_HOLD;
    if (never_left) { /* the client took it back before it went anywhere */
        activity_free(&ex->activity);
        buf_wipe_free(&ex->body);
        ex->request = REQUEST_READY;
        return EXCHANGE_READY;
    }
    exchange_finish_body(ex);
    if (ex->backlog.n != 0) /* its very end went over the bound */
        return EXCHANGE_MORE;
    extract_query(ex);
    if (ex->is_streaming)
        exchange_finish_stream(ex);
    else if (ex->gate != GATE_REFUSE)
        extract_request(ex);
    if (ex->download != NULL && file_ask_fetch(ex)) {
        ex->request = REQUEST_ASK;
        return EXCHANGE_ASK;
    }
    if (ex->asks_keeper || may_be_retry(ex)) {
        chatgpt_ask(ex);
        ex->request = REQUEST_ASK;
        return EXCHANGE_ASK;
    }
    if (signin_ask(ex)) {
        ex->request = REQUEST_SIGNIN;
        return EXCHANGE_ASK;
    }
    return ask_files(ex);
}

enum exchange_state exchange_step(struct exchange *ex)
{
    if (exchange_step_backlog(ex))
        return EXCHANGE_MORE;
    switch (ex->request) {
    case REQUEST_EXTRACT:
        return step_extract(ex);
    case REQUEST_ASK:
    case REQUEST_SIGNIN:
    case REQUEST_FILES:
    case REQUEST_TAIL:
        return EXCHANGE_ASK;
    case REQUEST_JOIN:
        return ask_files(ex);
    case REQUEST_READ:
        return EXCHANGE_READ;
    case REQUEST_SCAN:
        if (scan_run_step(ex))
            return EXCHANGE_MORE;
        if (exchange_may_be_recorded(ex) && exchange_ask_identity(ex)) {
            ex->request = REQUEST_IDENTIFY;
            return EXCHANGE_ASK;
        }
        if (exchange_decide(ex) == EXCHANGE_ASK)
            return EXCHANGE_ASK;
        break;
    case REQUEST_DRAFT:
    case REQUEST_IDENTIFY:
        return EXCHANGE_ASK;
    case REQUEST_OPEN:
    case REQUEST_READY:
        break;
    }
    return exchange_step_response(ex);
}

struct str exchange_question(const struct exchange *ex)
{
    return buf_str(&ex->question);
}

bool exchange_question_tells(const struct exchange *ex)
{
    return ex->response == RESPONSE_FILE || ex->response == RESPONSE_RESUME;
}

static void take_asked(struct exchange *ex, struct str answer)
{
    if (ex->download != NULL)
        file_take_fetch(ex, answer);
    else
        chatgpt_decide(ex, answer);
    if (ex->activity != NULL)
        (void)ask_files(ex);
    else
        ex->request = REQUEST_READY; /* nobody's file */
}

void exchange_answer(struct exchange *ex, struct str answer)
{
    buf_clear(&ex->question); /* what follows may ask the next one */
    if (ex->request == REQUEST_ASK) {
        take_asked(ex, answer);
    } else if (ex->request == REQUEST_SIGNIN) {
        signin_take(ex, answer);
        (void)ask_files(ex);
    } else if (ex->request == REQUEST_FILES ||
               (ex->request == REQUEST_OPEN && upload_is_pending(ex))) {
        take_files(ex, answer);
    } else if (ex->request == REQUEST_TAIL) {
        seam_take(ex, answer);
        exchange_plan_scan(ex);
    } else if (ex->request == REQUEST_IDENTIFY) {
        exchange_take_identity(ex, answer);
        (void)exchange_decide(ex); /* may ask which draft it is */
    } else if (ex->request == REQUEST_DRAFT) {
        exchange_draft_said(ex, answer);
    } else {
        exchange_response_said(ex, answer);
    }
}
