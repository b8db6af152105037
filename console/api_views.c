/*
 * Saved views: what a page shows, under a name.  Each login has its own; who
 * may work on incidents may share them with all.
 */
#include "console/parts.h"

#include "base/jsonw.h"
#include "store/fields.h"
#include "store/view.h"

static void write_view(void *context, const struct view *v)
{
    struct jsonw *w = context;
    jsonw_object(w);
    jsonw_key_str(w, "id", v->id);
    jsonw_key_str(w, "user", v->user);
    jsonw_key_str(w, "page", v->page);
    jsonw_key_str(w, "name", v->name);
    jsonw_key_str(w, "query", v->query);
    jsonw_key_bool(w, "shared", v->is_shared);
    call_write_time(w, "time", v->time_ms);
    jsonw_close(w);
}

void api_views(struct call *call)
{
    struct jsonw w = {.out = &call->response->body};
    struct query *query;
    if (call_query(call, &query) != OK)
        return;
    jsonw_object(&w);
    jsonw_key(&w, "items");
    jsonw_array(&w);
    enum err err = view_list(query, str_of(call->who.user), write_view, &w);
    jsonw_close(&w);
    jsonw_key(&w, "next");
    jsonw_null(&w);
    jsonw_close(&w);
    call_end(call, err);
}

/* ---- saving ---- */

struct saved {
    struct str page, name, query;
    bool is_shared;
};

/* "/activities": a page of ours; the query as an address has it. */
static bool is_page(struct str page)
{
    bool is_good = page.n > 1 && page.n <= 64 && page.p[0] == '/';
    for (size_t i = 1; is_good && i < page.n; i++)
        is_good = (page.p[i] >= 'a' && page.p[i] <= 'z') || page.p[i] == '-';
    return is_good;
}

static bool is_query(struct str query)
{
    for (size_t i = 0; i < query.n; i++)
        if (query.p[i] <= ' ' || query.p[i] >= 0x7f || query.p[i] == '#')
            return false;
    return query.n <= VIEW_QUERY_MAX;
}

static const char *find_mistake(
    struct call *call, const json_t *body, struct saved *out)
{
    const json_t *shared = json_object_get(body, "shared");
    *out = (struct saved){.page = field_text(body, "page"),
        .name = str_trim(field_text(body, "name")),
        .query = field_text(body, "query"),
        .is_shared = json_is_true(shared)};
    if (!is_page(out->page))
        return "The page must be one of the console's, as /activities.";
    if (out->name.n == 0 || out->name.n > VIEW_NAME_MAX)
        return "A view needs a name of at most 100 bytes.";
    if (!is_query(out->query))
        return "The query must be as it stands in an address.";
    if (shared != NULL && !json_is_boolean(shared))
        return "shared is true or false.";
    if (out->is_shared && (call->who.rights & ACCESS_TRIAGE) == 0)
        return "Your role may not share views.";
    return NULL;
}

struct counted {
    const struct saved *saved;
    struct str user;
    size_t own;
    bool is_there;
};

static void count_own(void *context, const struct view *v)
{
    struct counted *c = context;
    if (!str_eq(v->user, c->user))
        return;
    c->own++;
    c->is_there |=
        str_eq(v->page, c->saved->page) && str_eq(v->name, c->saved->name);
}

/* Not OK: replied. */
static enum err check_room(struct call *call, const struct saved *saved)
{
    struct counted c = {.saved = saved, .user = str_of(call->who.user)};
    struct query *query;
    enum err err = call_query(call, &query);
    if (err != OK)
        return err;
    err = view_list(query, c.user, count_own, &c);
    if (err != OK)
        call_failed(call, err);
    if (err == OK && !c.is_there && c.own >= VIEWS_MAX) {
        response_error(call->response, 400, "view",
            "You have 200 views: delete one first.");
        err = ERR_LIMIT;
    }
    return err;
}

static void write_details(const struct saved *saved, struct buf *out)
{
    struct jsonw w = {.out = out};
    jsonw_object(&w);
    jsonw_key_str(&w, "page", saved->page);
    jsonw_key_str(&w, "name", saved->name);
    jsonw_key_str(&w, "query", saved->query);
    jsonw_key_bool(&w, "shared", saved->is_shared);
    jsonw_close(&w);
}

/* Not OK: replied. */
static enum err record(
    struct call *call, const char *action, struct str view, struct buf *details)
{
    char id[UUID_TEXT_BYTES];
    const struct audit audit = {.action = action,
        .user = str_of(call->who.user),
        .target_type = view.n > 0 ? "view" : NULL,
        .target_id = view,
        .details = buf_str(details)};
    audit_new_id(id);
    enum err err = audit_before_as(call->console, call->request, &audit, id);
    if (err != OK)
        call_unrecorded(call);
    else
        call_wait_shown(call, id);
    return err;
}

static void save(struct call *call, const struct saved *saved)
{
    struct jsonw w = {.out = &call->response->body};
    struct buf details = {0};
    struct query *query;
    write_details(saved, &details);
    enum err err = check_room(call, saved);
    if (err == OK)
        err = record(call, VIEW_SAVED, STR_NONE, &details);
    buf_free(&details);
    if (err != OK || call_query(call, &query) != OK)
        return;
    err = view_find(query, str_of(call->who.user), saved->page, saved->name,
        write_view, &w);
    if (err == OK)
        response_json(call->response);
    else
        call_failed(call, err == ERR_NOT_FOUND ? ERR_AGAIN : err);
}

void api_view_save(struct call *call)
{
    static const char *const names[] = {
        "page", "name", "query", "shared", NULL};
    struct saved saved;
    json_t *body = call_body(call, names);
    if (body == NULL)
        return;
    const char *mistake = find_mistake(call, body, &saved);
    if (mistake != NULL)
        response_error(call->response, 400, "view", mistake);
    else
        save(call, &saved);
    json_decref(body);
}

/* ---- deleting ---- */

struct owned {
    const struct who *who;
    bool may, is_seen;
};

/* One's own; an administrator may take back what others share. */
static void check_owner(void *context, const struct view *v)
{
    struct owned *o = context;
    bool is_own = str_eq(v->user, str_of(o->who->user));
    o->is_seen = is_own || v->is_shared;
    o->may = is_own || (v->is_shared && o->who->role == USER_ADMINISTRATOR);
}

void api_view_delete(struct call *call)
{
    struct owned o = {.who = &call->who};
    struct buf none = {0};
    struct query *query;
    if (call_query(call, &query) != OK)
        return;
    enum err err = view_get(query, call->rest, check_owner, &o);
    if (err == OK && !o.is_seen)
        err = ERR_NOT_FOUND;
    if (err != OK)
        call_failed(call, err);
    else if (!o.may)
        response_error(
            call->response, 403, "forbidden", "This is another login's view.");
    else if (record(call, VIEW_DELETED, call->rest, &none) == OK)
        call->response->status = 204;
}
