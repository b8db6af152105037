/*
 * Sign-in by OpenID Connect (authorization code with PKCE): whether it is set
 * up, the button on the login page, the way to the provider, the way out.  The
 * way back is sso_return.c.
 */
#include "console/sso_parts.h"

#include <string.h>
#include <jansson.h>

#include "base/html.h"
#include "base/jsonw.h"
#include "base/random.h"
#include "base/url.h"
#include "store/audit.h"

/* ---- state ---- */

void sso_init(struct sso *sso)
{
    pthread_mutex_init(&sso->lock, NULL);
    random_fill(sso->key, sizeof sso->key);
}

static void write_proof(const struct setting_oidc *o, struct buf *out)
{
    struct jsonw w = {.out = out};
    jsonw_array(&w);
    jsonw_str(&w, o->issuer);
    jsonw_str(&w, o->client_id);
    jsonw_str(&w, o->name_claim);
    jsonw_str(&w, o->role_claim);
    jsonw_int(&w, o->default_role);
    for (size_t i = 0; i < o->roles_count; i++) {
        jsonw_str(&w, o->roles[i].value);
        jsonw_int(&w, o->roles[i].role);
    }
    for (size_t i = 0; i < o->domains.count; i++)
        jsonw_str(&w, o->domains.items[i]);
    jsonw_close(&w);
}

void sso_configure(struct sso *sso, const struct console_running *running)
{
    const struct setting_oidc *o = running->oidc;
    pthread_mutex_lock(&sso->lock);
    buf_clear(&sso->proof);
    if (o != NULL && o->issuer.n > 0)
        write_proof(o, &sso->proof);
    sso->refuses_passwords = o != NULL && o->refuses_passwords;
    pthread_mutex_unlock(&sso->lock);
}

void sso_set_provider(struct sso *sso, const struct oidc_state *state)
{
    pthread_mutex_lock(&sso->lock);
    buf_clear(&sso->authorization_endpoint);
    buf_append_str(&sso->authorization_endpoint, state->authorization_endpoint);
    buf_clear(&sso->end_session_endpoint);
    buf_append_str(&sso->end_session_endpoint, state->end_session_endpoint);
    sso->sends_iss = state->sends_iss;
    pthread_mutex_unlock(&sso->lock);
}

bool sso_proof(struct console *c, struct buf *out)
{
    pthread_mutex_lock(&c->sso.lock);
    buf_append_str(out, buf_str(&c->sso.proof));
    pthread_mutex_unlock(&c->sso.lock);
    return out->n > 0;
}

bool sso_refuses_passwords(struct console *c)
{
    pthread_mutex_lock(&c->sso.lock);
    bool refuses = c->sso.refuses_passwords;
    pthread_mutex_unlock(&c->sso.lock);
    return refuses;
}

/* The provider's name, or its host. */
static void write_name(const struct setting_oidc *o, struct buf *out)
{
    html_append(out, o->name.n > 0 ? o->name : url_authority(o->issuer));
}

void sso_write_button(struct console *c, const struct request *r,
    struct str next, struct buf *out)
{
    struct running *running = running_ref(c);
    const struct setting_oidc *o =
        running != NULL ? running_get(running)->oidc : NULL;
    (void)r;
    if (o != NULL && o->issuer.n > 0) {
        sso_write_link("button", next, out);
        buf_append_str(out, STR("Sign in with "));
        write_name(o, out);
        buf_append_str(out, STR("</a>"));
        if (!o->refuses_passwords)
            buf_append_str(out, STR("<p class=\"or\">or</p>"));
    }
    running_unref(c, &running);
}

/* ---- the way there ---- */

void sso_write_uri(const struct console_running *running,
    const struct request *r, const char *path, struct buf *out)
{
    if (running->url.n > 0)
        buf_append_str(out, running->url);
    else
        buf_printf(out, "https://%.*s", STR_ARG(r->host));
    buf_append_str(out, str_of(path));
}

static void write_location(struct console *c, const struct sso_flow *flow,
    const struct console_running *running, const struct request *r,
    struct buf *out)
{
    char state[DIGEST_HEX_BYTES], nonce[DIGEST_HEX_BYTES],
        verifier[DIGEST_HEX_BYTES];
    struct buf redirect = {0}, endpoint = {0};
    sso_derive(c, "state", str_of(flow->seed), state);
    sso_derive(c, "nonce", str_of(flow->seed), nonce);
    sso_derive(c, "verifier", str_of(flow->seed), verifier);
    sso_write_uri(running, r, SSO_RETURN_PATH, &redirect);
    struct oidc_start start = {running->oidc->client_id, buf_str(&redirect),
        str_of(state), str_of(nonce), str_of(verifier), &running->oidc->scopes};
    pthread_mutex_lock(&c->sso.lock);
    buf_append_str(&endpoint, buf_str(&c->sso.authorization_endpoint));
    pthread_mutex_unlock(&c->sso.lock);
    if (endpoint.n > 0)
        oidc_write_authorize_url(buf_str(&endpoint), &start, out);
    buf_free(&redirect);
    buf_free(&endpoint);
}

/* The cookie must be of the name that the provider leads back to. */
static bool is_elsewhere(
    const struct console_running *running, const struct request *r)
{
    return running->url.n > 0 && request_arg(r, "here").p == NULL &&
           !str_eq_nocase(url_authority(running->url), r->host);
}

static void send_elsewhere(const struct console_running *running,
    struct str next, struct response *response)
{
    struct buf where = {0};
    buf_append_str(&where, running->url);
    buf_append_str(&where, STR(SSO_START_PATH "?here=1&next="));
    url_escape(&where, next);
    response->status = 303;
    response_header(response, "Location", buf_str(&where));
    buf_free(&where);
}

static void start(struct console *c, const struct console_running *running,
    struct request *r, struct response *response)
{
    struct str next = login_safe_next(request_arg(r, "next"));
    struct sso_flow flow;
    struct buf where = {0};
    if (r->method != METHOD_GET) {
        response_error(response, 405, "method", "Not with this method.");
        return;
    }
    if (is_elsewhere(running, r)) {
        send_elsewhere(running, next, response);
        return;
    }
    sso_begin_flow(c, next, &flow, response);
    write_location(c, &flow, running, r, &where);
    if (where.n == 0) {
        sso_refuse(c, response, 503, sso_saying(OIDC_UNREACHABLE));
    } else {
        response->status = 303;
        response_header(response, "Location", buf_str(&where));
    }
    buf_free(&where);
}

bool sso_is_on(const struct running *running)
{
    return running != NULL && running_get(running)->oidc != NULL &&
           running_get(running)->oidc->issuer.n > 0;
}

void sso_start(struct console *c, struct request *r, struct response *response)
{
    struct running *running = running_ref(c);
    if (sso_is_on(running))
        start(c, running_get(running), r, response);
    else
        response_error(response, 404, "not-found", "There is nothing here.");
    running_unref(c, &running);
}

/* ---- afterwards ---- */

bool sso_logout_url(struct console *c, const struct request *r, struct buf *out)
{
    struct buf hint = {.wipes = true}, endpoint = {0}, back = {0};
    struct running *running = running_ref(c);
    bool is_theirs = visits_hint(c->visits, auth_cookie(r), &hint);
    pthread_mutex_lock(&c->sso.lock);
    buf_append_str(&endpoint, buf_str(&c->sso.end_session_endpoint));
    pthread_mutex_unlock(&c->sso.lock);
    bool is_known = is_theirs && sso_is_on(running) && endpoint.n > 0;
    if (is_known) {
        sso_write_uri(running_get(running), r, "/login", &back);
        oidc_write_logout_url(buf_str(&endpoint),
            running_get(running)->oidc->client_id, buf_str(&hint),
            buf_str(&back), out);
    }
    running_unref(c, &running);
    buf_free(&hint);
    buf_free(&endpoint);
    buf_free(&back);
    return is_known;
}

struct last { /* sign-in of somebody */
    struct str name;
    unsigned rights;
};

static void on_record(void *context, const struct query_row *row)
{
    struct last *last = context;
    json_t *record = json_loadb(row->json.p, row->json.n, 0, NULL);
    const json_t *details = json_object_get(record, "details");
    const char *method = json_string_value(json_object_get(details, "method"));
    const char *name = json_string_value(json_object_get(details, "role"));
    const char *user = json_string_value(
        json_object_get(json_object_get(record, "actor"), "user"));
    enum user_role role;
    if (method != NULL && strcmp(method, SSO_METHOD) == 0 &&
        str_eq(str_of(user), last->name) &&
        user_role_parse(str_of(name), &role) == OK)
        last->rights = access_of(role);
    json_decref(record);
}

bool sso_may(struct query *query, struct str name, enum access_right right)
{
    struct str action = STR("console.login.succeeded");
    struct query_cursor cursor = {0};
    struct last last = {.name = name};
    bool more;
    struct query_filter filter = {
        .user = {{name}, 1}, .activity = {{action}, 1}};
    enum err err =
        query_audit(query, &filter, 1, &cursor, on_record, &last, &more);
    return err == OK && (last.rights & (unsigned)right) != 0;
}
