/*
 * Requests that administer (`event` of a route): judged by what they ask for,
 * recorded before they go on, and completed or taken back by what the answer
 * says.  A 2xx answer in the documented form makes an event of it, or several;
 * everything else makes none (facts/openai-admin.md §3, rules 1 to 7).
 *
 * Of bodies that the map calls secret nothing is kept but what it names; they
 * are scanned as others are, but for those of a sign-in, which consist of what
 * lets people in.
 */
#include "base/mem.h"
#include "inspect/event.h"
#include "inspect/exchange_parts.h"
#include "inspect/form.h"
#include "inspect/json_mend.h"
#include "inspect/pick.h"

enum {
    EVENT_ANSWER_BYTES_MAX = 4 << 20, /* of an answer that is read */
    EVENT_NODES_MAX = 65536,          /* of a body */
};

struct event_work {
    const struct route_event *event;
    struct buf body;         /* of the request, until the answer is read */
    struct decoder *decoder; /* NULL: the answer cannot be an event */
    struct buf answer;
    bool is_console;    /* a page asked for it */
    bool is_page;       /* the answer is one */
    struct str project; /* OpenAI-Project */
};

/* ---- bodies ---- */

/* JSON, or a form as an object of strings; NULL: neither. */
static const struct json_node *read_body(
    const struct exchange *ex, struct str body, struct arena *arena)
{
    struct json_limits limits = {.nodes = EVENT_NODES_MAX};
    struct json_node *root;
    if (body.n == 0)
        return NULL;
    if (json_parse(body, arena, &limits, &root) == OK)
        return root;
    if (!str_starts_nocase(
            ex->content_type, "application/x-www-form-urlencoded"))
        return NULL;
    root = ARENA_NEW(arena, struct json_node);
    root->kind = JSON_OBJECT;
    struct form_reader reader = {.arena = arena, .root = root};
    struct form *form = form_new(0, extract_form_field, &reader);
    bool is_form = form_feed(form, body) == OK && form_finish(form) == OK;
    form_free(&form);
    return is_form ? root : NULL;
}

static struct event_view view_of(
    const struct exchange *ex, const struct json_node *body)
{
    return (struct event_view){.match = &ex->match,
        .query = ex->query,
        .actor = &ex->actor,
        .body = body};
}

/* ---- the request ---- */

static bool is_unclassified(struct str name)
{
    return str_is(name, "admin.unclassified");
}

static const struct route_case *case_of(
    const struct route *route, const struct json_node *body)
{
    for (size_t i = 0; i < route->case_count; i++) {
        const struct route_case *c = &route->cases[i];
        struct str value = pick_word(body, &c->path);
        if (str_is(c->value, "*") ? value.n != 0 : str_eq(value, c->value))
            return c;
    }
    return NULL;
}

/* Of the contract's fields, what every event has. */
static void fill_common(struct exchange *ex, struct activity *a)
{
    const struct event_work *w = ex->event;
    if (a->project_id.n == 0)
        for (size_t i = 0; i < ex->match.count; i++)
            if (str_is(ex->match.names[i], "project_id"))
                a->project_id = arena_copy(&a->arena, ex->match.values[i]);
    if (a->project_id.n == 0)
        a->project_id = arena_copy(&a->arena, w->project);
    activity_add_detail(
        a, "channel", w->is_console ? STR("console") : STR("api"));
}

static void fill(struct exchange *ex, const struct route_event *event,
    const struct event_view *view, struct activity *a)
{
    if (is_unclassified(a->name))
        event_fill_unclassified(view->body, a);
    else
        event_fill(event, view, a);
    fill_common(ex, a);
}

static bool has_field(const struct exchange_request *r, const char *name)
{
    return exchange_field(r->fields, r->field_count, name).n != 0;
}

void event_open(struct exchange *ex, const struct exchange_request *request)
{
    const struct route *route = exchange_route(ex);
    if (route == NULL || route->event == NULL)
        return;
    struct event_work *w = ex->event = MEM_NEW(struct event_work);
    w->event = route->event;
    w->is_console =
        has_field(request, "origin") || has_field(request, "referer");
    w->project =
        arena_copy(&ex->arena, exchange_field(request->fields,
                                   request->field_count, "openai-project"));
    for (size_t i = 0; i < ex->match.count; i++)
        if (str_is(ex->match.names[i], "workspace"))
            ex->actor.workspace = arena_copy(&ex->arena, ex->match.values[i]);
}

void event_free(struct exchange *ex)
{
    struct event_work *w = ex->event;
    if (w == NULL)
        return;
    buf_wipe_free(&w->body);
    buf_wipe_free(&w->answer);
    decoder_free(&w->decoder);
    mem_free(w);
    ex->event = NULL;
}

/* Names and addresses: what is sure and grave in them counts. */
static void scan_body(struct exchange *ex)
{
    struct buf text = {0};
    if (harvest_body(ex->content_type, buf_str(&ex->event->body), 0, &text) !=
        OK)
        exchange_note_failure(ex, FAIL_LIMIT);
    if (ex->fields.n != 0 && text.n != 0)
        buf_append_char(&ex->fields, '\n');
    buf_append_str(&ex->fields, buf_str(&text));
    buf_wipe_free(&text);
}

void event_read_request(struct exchange *ex)
{
    const struct route *route = exchange_route(ex);
    struct event_work *w = ex->event;
    struct activity *a = ex->activity;
    struct arena scratch = {0};
    buf_take(&w->body, &ex->body);
    const struct json_node *body = read_body(ex, buf_str(&w->body), &scratch);
    const struct route_case *c = case_of(route, body);
    if (c != NULL)
        a->name = arena_copy(&a->arena, c->activity);
    bool is_signin = w->event->signin != SIGNIN_NONE;
    if (body == NULL && w->body.n != 0 && !is_unclassified(a->name) &&
        !is_signin)
        exchange_note_failure(ex, FAIL_PARSE); /* it may ask for anything */
    struct event_view view = view_of(ex, body);
    if (is_signin) {
        signin_read_request(ex, &view);
        arena_wipe(&scratch);
        return;
    }
    fill(ex, w->event, &view, a);
    scan_body(ex);
    arena_wipe(&scratch);
}

/* ---- several of one exchange ---- */

/* A further one of the same exchange. */
static struct activity *make_other(const struct exchange *ex, struct str name)
{
    struct activity *a = activity_new();
    exchange_fill(ex, a);
    a->time_ms = ex->activity->time_ms;
    a->name = arena_copy(&a->arena, name);
    a->http_status = ex->status;
    a->request_bytes = ex->activity->request_bytes;
    a->response_bytes = (int64_t)ex->response_bytes;
    return a;
}

/* What the request would do besides is judged with it: the strongest verdict
 * holds for all. */
void event_judge_also(struct exchange *ex)
{
    const struct event_work *w = ex->event;
    struct arena scratch = {0};
    struct event_view view =
        view_of(ex, read_body(ex, buf_str(&w->body), &scratch));
    for (size_t i = 0; i < w->event->also_count; i++) {
        const struct route_event *event = &w->event->also[i];
        if (!event_holds(event, &view))
            continue;
        struct activity *a = make_other(ex, event->activity);
        struct verdict verdict;
        fill(ex, event, &view, a);
        exchange_judge(ex, a, DIRECTION_UP, &verdict);
        if (verdict.kind > ex->verdict.kind) {
            ex->verdict = verdict;
            policy_put_verdict(ex->activity, &ex->verdict);
        }
        activity_free(&a);
    }
    arena_wipe(&scratch);
}

/* ---- the answer ---- */

static bool is_good_status(int status)
{
    return status >= 200 && status < 300;
}

/* A sign-in fails with what the answer says, too. */
static bool is_told_by(
    const struct exchange *ex, const struct route_event *event)
{
    return is_good_status(ex->status) || event->signin != SIGNIN_NONE;
}

void event_head(struct exchange *ex, const struct field *fields, size_t count)
{
    struct event_work *w = ex->event;
    struct decode_limits limits = {.output_bytes = EVENT_ANSWER_BYTES_MAX};
    w->is_page = str_has(exchange_field(fields, count, "content-type"), "html");
    if (w->event->signin != SIGNIN_NONE)
        signin_head(ex, fields, count);
    if (is_told_by(ex, w->event) &&
        decoder_new(exchange_field(fields, count, "content-encoding"), &limits,
            &w->decoder) != OK)
        w->decoder = NULL;
}

void event_data(struct exchange *ex, struct str wire)
{
    struct event_work *w = ex->event;
    if (w->decoder != NULL && decoder_feed(w->decoder, wire, &w->answer) != OK)
        decoder_free(&w->decoder);
}

static struct str without_mark(struct str text)
{
    return str_starts(text, "\xef\xbb\xbf") ? str_sub(text, 3, text.n) : text;
}

/* 204, 205: there is none to document. */
static bool has_no_body_by_status(const struct exchange *ex)
{
    return ex->status == 204 || ex->status == 205;
}

/* {"error": …}: the API's form of a refusal, whatever its status. */
static bool is_error(const struct json_node *root)
{
    const struct json_node *error = json_get(root, "error");
    return error != NULL &&
           (error->kind == JSON_OBJECT || json_str(error).n != 0);
}

/* NULL and true: an answer without a body, where that is enough. */
static bool read_answer(
    struct exchange *ex, struct arena *arena, const struct json_node **root_out)
{
    struct event_work *w = ex->event;
    struct json_limits limits = {.nodes = EVENT_NODES_MAX};
    struct json_node *root = NULL;
    *root_out = NULL;
    if (w->decoder == NULL || w->is_page || !is_told_by(ex, w->event))
        return false;
    if (decoder_finish(w->decoder, &w->answer) != OK)
        ex->is_response_complete = false;
    struct str text = str_trim(without_mark(buf_str(&w->answer)));
    if (text.n == 0) /* broken off, it was said to be done all the same */
        return w->event->allows_empty || has_no_body_by_status(ex) ||
               !ex->is_response_complete;
    w->is_page = text.p[0] == '<';
    if (w->is_page)
        return false;
    enum err err = json_parse(text, arena, &limits, &root);
    struct buf mended = {0};
    if (err != OK && !ex->is_response_complete && json_mend(text, &mended)) {
        struct str whole = arena_copy(arena, buf_str(&mended));
        err = json_parse(whole, arena, &limits, &root);
    }
    buf_wipe_free(&mended);
    *root_out = root;
    if (err == OK && is_error(root) && w->event->signin == SIGNIN_NONE)
        return false;
    return err == OK || w->event->allows_empty;
}

static void tell_other(struct exchange *ex, const struct route_event *event,
    const struct event_view *view, struct str name)
{
    struct activity *a = make_other(ex, name);
    struct verdict verdict;
    a->outcome = OUTCOME_SUCCESS;
    fill(ex, event, view, a);
    exchange_judge(ex, a, DIRECTION_UP, &verdict);
    exchange_push_record(ex, RECORD_DONE, a);
    activity_free(&a);
}

/* The first goes on under the id of the request's record. */
static void tell_first(struct exchange *ex, const struct event_view *view)
{
    struct activity *a = ex->activity;
    activity_free_facts(a);
    a->project_id = STR_NONE;
    fill(ex, ex->event->event, view, a);
    if (is_unclassified(a->name))
        exchange_note_drift(ex, "unclassified");
    if (!ex->is_response_complete) {
        a->has_complete = true;
        a->complete = false;
    }
    exchange_complete_request(ex);
}

static bool tell_events(struct exchange *ex, struct event_view *view)
{
    const struct route_event *event = ex->event->event;
    const struct json_node *nodes[EVENT_ELEMENTS_MAX];
    size_t count = event_elements(event, view, nodes, EVENT_ELEMENTS_MAX);
    bool is_list =
        event->each.count != 0 && !is_unclassified(ex->activity->name);
    if (!event_holds(event, view) || (is_list && count == 0))
        return false;
    view->each = is_list ? nodes[0] : NULL;
    tell_first(ex, view);
    for (size_t i = 1; is_list && i < count; i++) {
        view->each = nodes[i];
        tell_other(ex, event, view, ex->activity->name);
    }
    view->each = NULL;
    for (size_t i = 0; i < event->also_count; i++)
        if (event_holds(&event->also[i], view))
            tell_other(ex, &event->also[i], view, event->also[i].activity);
    return true;
}

/* It did nothing: told only where the policy had something to say. */
static void take_back(struct exchange *ex)
{
    if (ex->verdict.kind != VERDICT_ALLOW) {
        ex->is_refused = true;
        exchange_complete_request(ex);
        return;
    }
    exchange_push_void(ex, ex->activity->id);
    activity_free(&ex->activity);
}

void event_complete(struct exchange *ex)
{
    struct arena scratch = {0};
    const struct json_node *answer;
    if (ex->activity == NULL)
        return;
    struct event_view view =
        view_of(ex, read_body(ex, buf_str(&ex->event->body), &scratch));
    view.is_answered = true;
    bool is_event = read_answer(ex, &scratch, &answer);
    view.answer = answer;
    if (ex->event->event->signin != SIGNIN_NONE)
        signin_complete(ex, &view, is_event, ex->event->is_page);
    else if (!is_event || !tell_events(ex, &view))
        take_back(ex);
    arena_wipe(&scratch);
    event_free(ex);
}
