/*
 * The way of a request: is it meant for us (Host), what is free for anyone
 * (login page and its files), who asks, and then the table of routes.
 */
#include "console/parts.h"

#include <string.h>
#include <unistd.h>

#include "base/jsonw.h"
#include "base/mem.h"
#include "base/stats.h"
#include "console/trial.h"

enum { NEXT_MAX = 1000 }; /* bytes of an address to come back to */

struct route {
    const char *path; /* a '*' at its end: the rest of the path */
    enum request_method method;
    unsigned rights; /* all of them */
    void (*run)(struct call *call);
};

/* ---- small answers ---- */

void response_json(struct response *response)
{
    response->status = 200;
    response->type = "application/json";
}

void session_write(
    const struct console *c, const struct who *who, struct buf *out)
{
    struct jsonw w = {.out = out};
    jsonw_object(&w);
    jsonw_key_cstr(&w, "user", who->user);
    jsonw_key_cstr(&w, "role", user_role_name(who->role));
    jsonw_key(&w, "rights");
    jsonw_array(&w);
    access_write(who->rights, &w);
    jsonw_close(&w);
    jsonw_key_cstr(&w, "csrf", who->csrf);
    if (!who->is_token) {
        char expires[CLOCK_TEXT_BYTES];
        clock_format(who->expires_ms, expires);
        jsonw_key_cstr(&w, "expires", expires);
    }
    jsonw_key_str(&w, "node", c->options.node);
    jsonw_key_cstr(&w, "version", c->options.version);
    jsonw_key_bool(&w, "demo", c->is_demo);
    jsonw_key_bool(&w, "pseudonyms", atomic_load(&c->hides_names));
    jsonw_close(&w);
}

static void api_session(struct call *call)
{
    session_write(call->console, &call->who, &call->response->body);
    response_json(call->response);
}

static void api_logout(struct call *call)
{
    struct buf elsewhere = {0};
    bool is_elsewhere =
        sso_logout_url(call->console, call->request, &elsewhere);
    visits_end(call->console->visits, auth_cookie(call->request));
    audit_note(call->console, call->request,
        &(struct audit){.action = "console.logout.succeeded",
            .user = str_of(call->who.user)});
    response_header(call->response, "Set-Cookie",
        STR("__Host-promptgate=; Path=/; Secure; HttpOnly; SameSite=Strict; "
            "Max-Age=0"));
    if (is_elsewhere) {
        struct jsonw w = {.out = &call->response->body};
        jsonw_object(&w);
        jsonw_key_str(&w, "end_session", buf_str(&elsewhere));
        jsonw_close(&w);
        response_json(call->response);
    } else {
        call->response->status = 204;
    }
    buf_wipe_free(&elsewhere);
}

static void api_openapi(struct call *call)
{
    call->response->fixed = asset_openapi();
    call->response->status = 200;
    call->response->type = "application/yaml";
}

static const struct route routes[] = {
    {"/api/v1/session", METHOD_GET, 0, api_session},
    {"/api/v1/logout", METHOD_POST, 0, api_logout},
    {"/api/v1/openapi.yaml", METHOD_GET, 0, api_openapi},
    {"/api/v1/activities", METHOD_GET, ACCESS_VIEW, api_activities},
    {"/api/v1/activities.csv", METHOD_GET, ACCESS_VIEW, api_export_csv},
    {"/api/v1/activities.jsonl", METHOD_GET, ACCESS_VIEW, api_export_jsonl},
    {"/api/v1/activities/*", METHOD_GET, ACCESS_VIEW, api_activity},
    {"/api/v1/conversations/*", METHOD_GET, ACCESS_VIEW, api_conversation},
    {"/api/v1/services", METHOD_GET, ACCESS_VIEW, api_services},
    {"/api/v1/stats", METHOD_GET, ACCESS_VIEW, api_stats},
    {"/api/v1/stream", METHOD_GET, ACCESS_VIEW, api_stream},
    {"/api/v1/policy", METHOD_GET, ACCESS_VIEW, api_policy},
    {"/api/v1/modes", METHOD_GET, ACCESS_VIEW, api_modes},
    {"/api/v1/modes", METHOD_POST, ACCESS_MODES, api_modes_change},
    {"/api/v1/policy/try", METHOD_POST, ACCESS_CONTENT, api_policy_try},
    {TRY_FILE_PATH, METHOD_POST, ACCESS_CONTENT, api_policy_try_file},
    {"/api/v1/detectors", METHOD_GET, ACCESS_VIEW, api_detectors},
    {"/api/v1/users", METHOD_GET, ACCESS_VIEW, api_users},
    {"/api/v1/audit", METHOD_GET, ACCESS_AUDIT, api_audit},
    {"/api/v1/health", METHOD_GET, ACCESS_VIEW, api_health},
    {"/api/v1/incidents", METHOD_GET, ACCESS_VIEW, api_incidents},
    {"/api/v1/incidents", METHOD_POST, ACCESS_TRIAGE, api_incidents_change},
    {"/api/v1/incidents/*", METHOD_GET, ACCESS_VIEW, api_incident},
    {"/api/v1/incidents/*", METHOD_POST, ACCESS_TRIAGE, api_incident_change},
    {"/api/v1/views", METHOD_GET, ACCESS_VIEW, api_views},
    {"/api/v1/views", METHOD_POST, ACCESS_VIEW, api_view_save},
    {"/api/v1/views/*", METHOD_DELETE, ACCESS_VIEW, api_view_delete},
};

static bool matches(
    const struct route *route, struct str path, struct str *rest)
{
    struct str pattern = str_of(route->path);
    if (!str_ends(pattern, "*"))
        return str_eq(pattern, path);
    size_t n = pattern.n - 1;
    *rest = str_sub(path, n, path.n);
    return rest->n > 0 && str_eq(str_sub(path, 0, n), str_sub(pattern, 0, n));
}

static void dispatch(struct call *call)
{
    bool has_path = false;
    for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
        if (!matches(&routes[i], call->request->path, &call->rest))
            continue;
        has_path = true;
        if (routes[i].method != call->request->method)
            continue;
        if ((call->who.rights & routes[i].rights) != routes[i].rights)
            response_error(
                call->response, 403, "forbidden", "Your role may not do this.");
        else if (routes[i].method != METHOD_GET &&
                 !auth_is_ours(call->request, &call->who))
            response_error(call->response, 403, "csrf",
                "The header X-CSRF-Token is missing or not the session's.");
        else
            routes[i].run(call);
        return;
    }
    if (has_path) {
        response_header(
            call->response, "Allow", STR("GET, HEAD, POST, DELETE"));
        response_error(call->response, 405, "method", "Not with this method.");
    } else {
        response_error(
            call->response, 404, "not-found", "There is nothing here.");
    }
}

/* ---- the way in ---- */

static bool is_api(struct str path)
{
    return str_starts(path, "/api/");
}

/* As a value of a query. */
static void append_escaped(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') ||
                        memchr("/-._~*", c, 6) != NULL;
        if (is_plain)
            buf_append_char(out, (char)c);
        else
            buf_printf(out, "%%%02X", c);
    }
}

/* What was asked for, path and query, written anew. */
static void write_address(const struct request *r, struct buf *out)
{
    append_escaped(out, r->path);
    for (size_t i = 0; i < r->arg_count && out->n <= NEXT_MAX; i++) {
        buf_append_char(out, i == 0 ? '?' : '&');
        append_escaped(out, r->args[i].name);
        buf_append_char(out, '=');
        append_escaped(out, r->args[i].value);
    }
}

static void answer_stranger(struct request *r, struct response *response)
{
    if (is_api(r->path)) {
        response_header(response, "WWW-Authenticate", STR("Bearer"));
        response_error(response, 401, "login", "Log in first.");
        return;
    }
    struct buf where = {0}, next = {0};
    write_address(r, &next);
    buf_append_str(&where, STR("/login"));
    if (r->path.n > 1 && next.n <= NEXT_MAX) {
        buf_append_str(&where, STR("?next="));
        append_escaped(&where, buf_str(&next));
    }
    response->status = 303;
    response_header(response, "Location", buf_str(&where));
    buf_free(&where);
    buf_free(&next);
}

/* Pages are made by scripts from one file: which one is shown, the address
 * says. */
static bool is_page(struct str path)
{
    if (str_is(path, "/"))
        return true;
    for (size_t i = 1; i < path.n; i++) {
        char ch = path.p[i];
        bool is_good = (ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') ||
                       ch == '-' || ch == '/';
        if (!is_good)
            return false;
    }
    return path.n > 0 && path.p[0] == '/';
}

static void answer_file(struct request *r, struct response *response)
{
    const struct asset *asset = NULL;
    if (r->method != METHOD_GET) {
        response_error(response, 405, "method", "Not with this method.");
        return;
    }
    if (str_starts(r->path, "/static/"))
        asset = asset_find(str_sub(r->path, 8, r->path.n));
    else if (is_page(r->path))
        asset = asset_find(STR("index.html"));
    if (asset != NULL)
        asset_reply(asset, r, response);
    else
        response_error(response, 404, "not-found", "There is nothing here.");
}

static bool is_public(struct str path)
{
    return str_starts(path, "/static/public/") || str_is(path, "/login") ||
           str_is(path, SSO_START_PATH) || str_is(path, SSO_RETURN_PATH) ||
           str_is(path, "/healthz");
}

static bool answer_public(
    struct console *c, struct request *r, struct response *response)
{
    struct who who;
    if (str_is(r->path, SSO_START_PATH)) {
        sso_start(c, r, response);
        return true;
    }
    if (str_is(r->path, SSO_RETURN_PATH)) /* asks the provider */
        return false;
    if (!str_is(r->path, "/login")) {
        if (str_is(r->path, "/healthz")) {
            response->status = 200;
            response->type = "text/plain; charset=utf-8";
            response->fixed = STR("ok\n");
        } else {
            answer_file(r, response);
        }
        return true;
    }
    if (r->method == METHOD_POST) /* hashes a password: not here */
        return false;
    if (auth_identify(c, r, true, &who) == OK) {
        response->status = 303;
        response_header(response, "Location", STR("/"));
    } else {
        login_page(c, r, response, 200, NULL);
    }
    return true;
}

bool console_quick(void *owner, struct request *r, struct response *response)
{
    struct console *c = owner;
    struct who who;
    if (!auth_host_is_known(c, r->host)) {
        response_error(response, 421, "host",
            "The console is not known by this name (console.hosts).");
        return true;
    }
    if (is_public(r->path))
        return answer_public(c, r, response);
    if (auth_identify(c, r, true, &who) != OK) {
        answer_stranger(r, response);
        return true;
    }
    if (is_api(r->path))
        return false;
    answer_file(r, response);
    return true;
}

/* Only of those who may: else anyone could fill the memory. */
bool console_may_be_large(void *owner, const struct request *r)
{
    struct console *c = owner;
    struct who who;
    return try_may_be_large(r) && auth_host_is_known(c, r->host) &&
           auth_identify(c, r, true, &who) == OK &&
           (who.rights & ACCESS_CONTENT) != 0 && auth_is_ours(r, &who);
}

void console_handle(
    void *owner, void *local, struct request *r, struct response *response)
{
    struct console *c = owner;
    struct call call = {
        .console = c, .local = local, .request = r, .response = response};
    if (str_is(r->path, "/login"))
        login_post(c, r, response);
    else if (str_is(r->path, SSO_RETURN_PATH))
        sso_return(c, r, response);
    else if (auth_identify(c, r, true, &call.who) != OK)
        answer_stranger(r, response);
    else
        dispatch(&call);
}

bool console_metrics(void *owner, struct request *r, struct response *response)
{
    if (r->method != METHOD_GET) {
        response_header(response, "Allow", STR("GET, HEAD"));
        response_error(response, 405, "method", "Only GET and HEAD.");
        return true;
    }
    response->status = 200;
    response->type = "text/plain; version=0.0.4; charset=utf-8";
    if (str_is(r->path, "/metrics"))
        stats_write_prometheus(owner, &response->body);
    else if (str_is(r->path, "/healthz"))
        response->fixed = STR("ok\n");
    else
        response_error(response, 404, "not-found", "There is nothing here.");
    return true;
}

/* ---- life ---- */

static void *local_new(void *owner)
{
    struct local *local = MEM_NEW(struct local);
    local->console = owner;
    return local;
}

static void local_free(void *arg)
{
    struct local *local = arg;
    query_close(&local->query);
    mem_free(local);
}

static bool has_demo_mark(struct str store_dir)
{
    struct buf path = {0};
    buf_printf(&path, "%.*s/" CONSOLE_DEMO_MARK, STR_ARG(store_dir));
    bool is = access(buf_cstr(&path), F_OK) == 0;
    buf_free(&path);
    return is;
}

struct console *console_new(const struct console_options *options)
{
    struct console *c = MEM_NEW(struct console);
    c->options = *options;
    c->started_ms = clock_wall_ms();
    c->is_demo = has_demo_mark(options->store_dir);
    pthread_mutex_init(&c->lock, NULL);
    c->visits = visits_new();
    c->lockout = lockout_new();
    sso_init(&c->sso);
    c->pool = pool_new(&(struct pool_options){local_new, local_free, c});
    return c;
}

struct pool *console_pool(struct console *c)
{
    return c->pool;
}

void console_set_provider(struct console *c, const struct oidc_state *state)
{
    sso_set_provider(&c->sso, state);
}

void console_set_certificate(struct console *c, int64_t expires_ms)
{
    pthread_mutex_lock(&c->lock);
    c->certificate_ms = expires_ms;
    pthread_mutex_unlock(&c->lock);
}
