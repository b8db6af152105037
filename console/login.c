/*
 * The login page, and what its form sends.  The page is the only one made
 * here: it must stand without a script, and is all that a stranger sees.
 */
#include "console/parts.h"

#include <string.h>

#include "base/html.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "inspect/form.h"

enum { FIELD_MAX = 4096 };

struct fields {
    struct buf user, password, next;
    bool is_twice;
};

static void on_field(void *arg, struct str name, struct str value)
{
    struct fields *f = arg;
    struct buf *to = str_is(name, "username")   ? &f->user
                     : str_is(name, "password") ? &f->password
                     : str_is(name, "next")     ? &f->next
                                                : NULL;
    if (to == NULL)
        return;
    if (to->n > 0)
        f->is_twice = true;
    else
        buf_append_str(to, value);
}

static void fields_free(struct fields *f)
{
    buf_free(&f->user);
    buf_wipe_free(&f->password);
    buf_free(&f->next);
}

static enum err read_form(const struct request *r, struct fields *out)
{
    struct str type =
        str_sub(r->content_type, 0, str_find_char(r->content_type, ';'));
    if (!str_is_nocase(str_trim(type), "application/x-www-form-urlencoded"))
        return ERR_UNSUPPORTED;
    struct form *form = form_new(FIELD_MAX, on_field, out);
    enum err err = form_feed(form, buf_str(&r->body));
    if (err == OK)
        err = form_finish(form);
    form_free(&form);
    return err == OK && out->is_twice ? ERR_PARSE : err;
}

struct str login_safe_next(struct str next)
{
    bool is_path = next.n > 0 && next.p[0] == '/' &&
                   !(next.n > 1 && (next.p[1] == '/' || next.p[1] == '\\'));
    for (size_t i = 0; is_path && i < next.n; i++)
        is_path = (unsigned char)next.p[i] > ' ' && next.p[i] != 0x7f &&
                  next.p[i] != '\\' && (unsigned char)next.p[i] < 0x80;
    return is_path && next.n < 1024 ? next : STR("/");
}

void login_begin(struct console *c, struct response *response, unsigned status,
    const char *title, const char *more_head)
{
    struct buf *out = &response->body;
    buf_clear(out);
    response->status = status;
    response->type = "text/html; charset=utf-8";
    buf_printf(out,
        "<!doctype html>\n<html lang=\"en\"><head>"
        "<meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width\">"
        "<meta name=\"color-scheme\" content=\"light dark\">%s"
        "<link rel=\"icon\" href=\"data:,\">"
        "<title>%s · promptgate</title>"
        "<link rel=\"stylesheet\" href=\"/static/public/login.css\">"
        "</head><body><main><h1>promptgate</h1>",
        more_head, title);
    if (c->is_demo)
        buf_append_str(out, STR("<p class=\"demo\">Demonstration: all data is "
                                "made up.</p>"));
}

void login_end(struct console *c, struct response *response)
{
    buf_append_str(&response->body, STR("</main><footer>"));
    html_append(&response->body, c->options.node);
    buf_append_str(&response->body, STR("</footer></body></html>\n"));
}

static void write_form(const struct request *r, struct buf *out)
{
    buf_append_str(
        out, STR("<form method=\"post\" action=\"/login\">"
                 "<label for=\"username\">User name</label>"
                 "<input id=\"username\" name=\"username\" required autofocus "
                 "autocomplete=\"username\" autocapitalize=\"none\" "
                 "spellcheck=\"false\">"
                 "<label for=\"password\">Password</label>"
                 "<input id=\"password\" name=\"password\" type=\"password\" "
                 "required autocomplete=\"current-password\">"
                 "<input type=\"hidden\" name=\"next\" value=\""));
    html_append(out, login_safe_next(request_arg(r, "next")));
    buf_append_str(
        out, STR("\"><button type=\"submit\">Log in</button></form>"));
}

void login_page(struct console *c, struct request *r, struct response *response,
    unsigned status, const char *message)
{
    struct buf *out = &response->body;
    login_begin(c, response, status, "Log in", "");
    if (message != NULL) {
        buf_append_str(out, STR("<p role=\"alert\">"));
        html_append(out, str_of(message));
        buf_append_str(out, STR("</p>"));
    }
    sso_write_button(c, r, login_safe_next(request_arg(r, "next")), out);
    if (!sso_refuses_passwords(c))
        write_form(r, out);
    login_end(c, response);
}

static bool wants_json(const struct request *r)
{
    return str_has(r->accept, "application/json");
}

static void refuse(struct console *c, struct request *r,
    struct response *response, unsigned status, const char *word,
    const char *message)
{
    if (wants_json(r))
        response_error(response, status, word, message);
    else
        login_page(c, r, response, status, message);
}

static void welcome(struct console *c, struct request *r,
    struct response *response, const struct fields *f, struct who *who,
    struct str proof)
{
    char token[VISIT_TOKEN_BYTES];
    struct visit session;
    uint64_t now = clock_mono_ms();
    /* A login under another one's session would mix the two. */
    visits_end(c->visits, auth_cookie(r));
    visits_start(c->visits, str_of(who->user), proof, now, token);
    if (visits_find(c->visits, str_of(token), now, true, &session)) {
        memcpy(who->csrf, session.csrf, sizeof who->csrf);
        who->expires_ms = session.expires_wall_ms;
    }
    auth_set_cookie(response, token);
    explicit_bzero(token, sizeof token);
    if (wants_json(r)) {
        session_write(c, who, &response->body);
        response_json(response);
        return;
    }
    response->status = 303;
    response_header(response, "Location", login_safe_next(buf_str(&f->next)));
}

static void wait_first(struct console *c, struct request *r,
    struct response *response, uint64_t wait_ms)
{
    struct buf seconds = {0};
    buf_printf(&seconds, "%u", (unsigned)(wait_ms / 1000 + 1));
    response_header(response, "Retry-After", buf_str(&seconds));
    buf_free(&seconds);
    refuse(c, r, response, 429, "locked",
        "Too many failed logins. Wait, then try again.");
}

static void note_failure(
    struct console *c, const struct request *r, const char *why)
{
    struct buf details = {0};
    struct jsonw w = {.out = &details};
    jsonw_object(&w);
    jsonw_key_cstr(&w, "reason", why);
    jsonw_close(&w);
    /* What was typed as a name may be a password. */
    audit_note(c, r,
        &(struct audit){.action = "console.login.failed",
            .is_failure = true,
            .details = buf_str(&details)});
    buf_free(&details);
}

static void try_login(struct console *c, struct request *r,
    struct response *response, const struct fields *f)
{
    struct str user = buf_str(&f->user), peer = str_of(r->peer_text);
    uint64_t now = clock_mono_ms();
    struct buf proof = {0};
    struct who who;
    uint64_t wait_ms = lockout_wait_ms(c->lockout, user, peer, now);
    if (wait_ms > 0) {
        wait_first(c, r, response, wait_ms);
        return;
    }
    enum err err = auth_verify(c, user, buf_str(&f->password), &who, &proof);
    if (err == OK) {
        lockout_note_success(c->lockout, user, peer);
        welcome(c, r, response, f, &who, buf_str(&proof));
        audit_note(c, r,
            &(struct audit){
                .action = "console.login.succeeded", .user = str_of(who.user)});
        c->options.on_login(c->options.owner, str_of(who.user));
    } else if (err == ERR_AGAIN) {
        response_header(response, "Retry-After", STR("1"));
        refuse(c, r, response, 429, "busy", "Too many logins at once.");
    } else {
        lockout_note_failure(c->lockout, user, peer, now);
        note_failure(c, r,
            lockout_wait_ms(c->lockout, user, peer, now) > 0 ? "locked"
                                                             : "credentials");
        refuse(c, r, response, 401, "credentials",
            "Wrong user name or password, or no login for the console.");
    }
    buf_wipe_free(&proof);
}

void login_post(struct console *c, struct request *r, struct response *response)
{
    struct fields f = {0};
    if (!auth_is_same_origin(r))
        refuse(
            c, r, response, 403, "origin", "The form is not from this site.");
    else if (sso_refuses_passwords(c))
        refuse(c, r, response, 403, "passwords",
            "No passwords here: sign in with the provider.");
    else if (read_form(r, &f) != OK)
        refuse(c, r, response, 400, "form", "This is not the login form.");
    else
        try_login(c, r, response, &f);
    fields_free(&f);
}
