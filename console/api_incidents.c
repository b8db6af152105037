/*
 * Incidents: lists with numbers, one of them with its activities and history,
 * and what analysts do with them.  A change is one record of the console,
 * durable before the answer, which the storer applies (store/incident_rows.h).
 */
#include "console/parts.h"

#include <jansson.h>

#include "base/jsonw.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "store/incident_rows.h"
#include "store/incident.h"

enum { FILTER_WORD_MAX = 512 };

static void write_incident(struct jsonw *w, const struct incident *i)
{
    jsonw_object(w);
    jsonw_key_str(w, "id", i->id);
    jsonw_key_str(w, "rule", i->rule);
    jsonw_key_str_if(w, "user", i->user);
    jsonw_key_str_if(w, "service", i->service);
    jsonw_key_str_if(w, "conversation_id", i->conversation_id);
    jsonw_key_str(w, "status", i->status);
    jsonw_key_str(w, "severity", i->severity);
    jsonw_key_str_if(w, "owner", i->owner);
    jsonw_key_int(w, "activities", i->activities);
    jsonw_key_int(w, "findings", i->findings);
    jsonw_key_int(w, "comments", i->comments);
    call_write_time(w, "first", i->first_ms);
    call_write_time(w, "last", i->last_ms);
    jsonw_close(w);
}

/* ---- lists ---- */

static enum err take_filter(
    const struct request_arg *arg, struct incident_filter *f)
{
    enum incident_facet facet = incident_facet_of(arg->name);
    if (!utf8_is_valid(arg->value) || arg->value.n > FILTER_WORD_MAX)
        return ERR_PARSE;
    if (arg->value.n == 0)
        return OK;
    if (str_is(arg->name, "since"))
        return clock_parse(arg->value, clock_wall_ms(), &f->since_ms);
    if (str_is(arg->name, "until"))
        return clock_parse(arg->value, clock_wall_ms(), &f->until_ms);
    return facet != INCIDENT_FACETS
               ? query_words_add(&f->words[facet], arg->value)
               : OK;
}

static void write_facets(struct jsonw *w, const struct incident_counts *c)
{
    jsonw_key_int(w, "total", c->total);
    jsonw_key(w, "facets");
    jsonw_object(w);
    for (size_t i = 0; i < INCIDENT_FACETS; i++) {
        jsonw_key(w, incident_facet_names[i]);
        jsonw_object(w);
        jsonw_key(w, "items");
        jsonw_array(w);
        for (size_t k = 0; k < c->facets[i].count; k++) {
            jsonw_object(w);
            jsonw_key_str(w, "value", c->facets[i].items[k].value);
            jsonw_key_int(w, "count", c->facets[i].items[k].count);
            jsonw_close(w);
        }
        jsonw_close(w);
        jsonw_key_int(w, "more", (int64_t)c->facets[i].more);
        jsonw_close(w);
    }
    jsonw_close(w);
}

static enum err write_counts(
    struct call *call, const struct incident_filter *filter, struct jsonw *w)
{
    struct incident_counts *counts = MEM_NEW(struct incident_counts);
    counts->arena = &call->request->arena;
    enum err err = incident_count(call->local->query, filter, counts);
    if (err == OK)
        write_facets(w, counts);
    mem_free(counts);
    return err;
}

static void on_incident(void *context, const struct incident *incident)
{
    write_incident(context, incident);
}

static void write_next(
    struct jsonw *w, const struct query_cursor *cursor, bool more)
{
    char text[QUERY_CURSOR_BYTES];
    query_cursor_format(cursor, text);
    if (more) {
        jsonw_key_cstr(w, "next", text);
    } else {
        jsonw_key(w, "next");
        jsonw_null(w);
    }
}

void api_incidents(struct call *call)
{
    const struct request *r = call->request;
    struct incident_filter filter = {0};
    struct jsonw w = {.out = &call->response->body};
    struct query_cursor cursor;
    struct query *query;
    size_t limit;
    bool more = false;
    for (size_t i = 0; i < r->arg_count; i++) {
        if (take_filter(&r->args[i], &filter) != OK) {
            (void)!call_bad_argument(call, r->args[i].name);
            return;
        }
    }
    if (call_page(call, &limit, &cursor) != OK ||
        call_query(call, &query) != OK ||
        call_names(call, &filter.words[INCIDENT_USER]) != OK)
        return;
    jsonw_object(&w);
    jsonw_key(&w, "items");
    jsonw_array(&w);
    enum err err =
        incident_list(query, &filter, limit, &cursor, on_incident, &w, &more);
    jsonw_close(&w);
    write_next(&w, &cursor, more);
    if (err == OK && str_is(request_arg(r, "counts"), "1"))
        err = write_counts(call, &filter, &w);
    jsonw_close(&w);
    call_end(call, err);
}

/* ---- one ---- */

struct shown {
    struct jsonw *w;
    int64_t seq;
};

static void on_shown(void *context, const struct incident *incident)
{
    struct shown *shown = context;
    shown->seq = incident->seq;
    write_incident(shown->w, incident);
}

static void on_change(void *context, const struct incident_change *c)
{
    struct jsonw *w = context;
    jsonw_object(w);
    call_write_time(w, "time", c->time_ms);
    jsonw_key_str_if(w, "user", c->user);
    jsonw_key_str_if(w, "status", c->status);
    if (str_is(c->owner, INCIDENT_OWNER_NONE))
        jsonw_key_cstr(w, "owner", "");
    else
        jsonw_key_str_if(w, "owner", c->owner);
    jsonw_key_str_if(w, "comment", c->comment);
    jsonw_key_str_if(w, "activity", c->activity);
    jsonw_close(w);
}

static void on_activity(void *context, const struct query_row *row)
{
    jsonw_raw(context, row->json);
}

void api_incident(struct call *call)
{
    struct jsonw w = {.out = &call->response->body};
    struct shown shown = {.w = &w};
    struct query_cursor cursor;
    struct query *query;
    size_t limit;
    bool more = false;
    if (call_page(call, &limit, &cursor) != OK ||
        call_query(call, &query) != OK)
        return;
    jsonw_object(&w);
    jsonw_key(&w, "incident");
    enum err err = incident_get(query, call->rest, on_shown, &shown);
    if (err != OK) {
        call_failed(call, err);
        return;
    }
    jsonw_key(&w, "history");
    jsonw_array(&w);
    err = incident_history(query, shown.seq, on_change, &w);
    jsonw_close(&w);
    jsonw_key(&w, "activities");
    jsonw_object(&w);
    jsonw_key(&w, "items");
    jsonw_array(&w);
    if (err == OK)
        err = incident_activities(
            query, shown.seq, limit, &cursor, on_activity, &w, &more);
    jsonw_close(&w);
    write_next(&w, &cursor, more);
    jsonw_close(&w);
    jsonw_close(&w);
    call_end(call, err);
}

/* ---- changes ---- */

static bool is_text(const json_t *value, size_t max)
{
    return json_is_string(value) && json_string_length(value) <= max;
}

/* A login, or somebody who signed in by the provider. */
static bool may_triage(struct call *call, struct str name)
{
    struct query *query;
    return auth_may(call->console, name, ACCESS_TRIAGE) ||
           (local_query(call->local, &query) == OK &&
               sso_may(query, name, ACCESS_TRIAGE));
}

/* What is wrong with it; NULL: nothing. */
static const char *find_mistake(struct call *call, const json_t *body)
{
    const json_t *status = json_object_get(body, "status");
    const json_t *owner = json_object_get(body, "owner");
    const json_t *comment = json_object_get(body, "comment");
    if (status == NULL && owner == NULL && comment == NULL)
        return "Say what is to be changed: status, owner or comment.";
    if (status != NULL &&
        !incident_status_is_valid(str_of(json_string_value(status))))
        return "A status is new, opened, false-positive, resolved or "
               "suppressed.";
    if (comment != NULL && (!is_text(comment, INCIDENT_COMMENT_MAX) ||
                               json_string_length(comment) == 0))
        return "A comment is a text of at most 4000 bytes.";
    if (owner == NULL)
        return NULL;
    struct str name = str_of(json_string_value(owner));
    if (!is_text(owner, USER_NAME_MAX) ||
        (name.n > 0 && !may_triage(call, name)))
        return "The owner must be a login that may work on incidents.";
    return NULL;
}

static void write_details(
    const json_t *body, const json_t *ids, struct str one, struct buf *out)
{
    static const char *const texts[] = {"status", "owner", "comment"};
    struct jsonw w = {.out = out};
    size_t i;
    json_t *id;
    jsonw_object(&w);
    jsonw_key(&w, "incidents");
    jsonw_array(&w);
    if (ids == NULL)
        jsonw_str(&w, one);
    json_array_foreach((json_t *)(uintptr_t)ids, i, id)
        jsonw_str(&w, str_of(json_string_value(id)));
    jsonw_close(&w);
    for (i = 0; i < ARRAY_LEN(texts); i++) {
        const json_t *value = json_object_get(body, texts[i]);
        if (value != NULL)
            jsonw_key_cstr(&w, texts[i], json_string_value(value));
    }
    jsonw_close(&w);
}

static void on_any(void *context, const struct incident *incident)
{
    (void)context;
    (void)incident;
}

/* Not OK: replied. */
static enum err check_incident(struct call *call, struct str id)
{
    struct query *query;
    enum err err = call_query(call, &query);
    if (err != OK)
        return err;
    err = store_id_is_valid(id) ? incident_get(query, id, on_any, NULL)
                                : ERR_NOT_FOUND;
    if (err != OK)
        call_failed(call, err);
    return err;
}

/* ids: NULL: the one of the path. */
static void change(struct call *call, const json_t *body, const json_t *ids)
{
    char id[UUID_TEXT_BYTES];
    struct buf details = {0};
    size_t count = ids != NULL ? json_array_size(ids) : 1;
    write_details(body, ids, call->rest, &details);
    const struct audit audit = {.action = INCIDENT_CHANGED,
        .user = str_of(call->who.user),
        .target_type = ids == NULL ? "incident" : NULL,
        .target_id = call->rest,
        .details = buf_str(&details)};
    audit_new_id(id);
    enum err err = audit_before_as(call->console, call->request, &audit, id);
    buf_free(&details);
    if (err != OK) {
        call_unrecorded(call);
        return;
    }
    struct jsonw w = {.out = &call->response->body};
    jsonw_object(&w);
    jsonw_key_int(&w, "changed", (int64_t)count);
    jsonw_key_bool(&w, "shown", call_wait_shown(call, id));
    jsonw_close(&w);
    response_json(call->response);
}

void api_incident_change(struct call *call)
{
    static const char *const names[] = {"status", "owner", "comment", NULL};
    json_t *body = call_body(call, names);
    if (body == NULL)
        return;
    const char *mistake = find_mistake(call, body);
    if (mistake != NULL)
        response_error(call->response, 400, "change", mistake);
    else if (check_incident(call, call->rest) == OK)
        change(call, body, NULL);
    json_decref(body);
}

void api_incidents_change(struct call *call)
{
    static const char *const names[] = {
        "ids", "status", "owner", "comment", NULL};
    json_t *body = call_body(call, names), *id;
    if (body == NULL)
        return;
    const json_t *ids = json_object_get(body, "ids");
    const char *mistake = find_mistake(call, body);
    size_t i, n = json_array_size(ids);
    enum err err = OK;
    if (mistake == NULL && (n == 0 || n > INCIDENT_CHANGE_MAX))
        mistake = "ids is a list of 1 to 500 incidents.";
    json_array_foreach((json_t *)(uintptr_t)ids, i, id)
    {
        if (mistake == NULL && err == OK)
            err = check_incident(call, str_of(json_string_value(id)));
    }
    if (mistake != NULL)
        response_error(call->response, 400, "change", mistake);
    else if (err == OK)
        change(call, body, ids);
    json_decref(body);
}
