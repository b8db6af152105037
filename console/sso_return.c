/*
 * The way back from the provider: is it the answer to what this browser has
 * begun, whose code is it (asked by proxy/role_idp.c), and then a session with
 * the role that their claims gave.
 */
#include "console/sso_parts.h"

#include <string.h>

#include "base/jsonw.h"
#include "base/mem.h"

enum {
    AGAIN_MS = 50,
    ANSWER_MS = 25000, /* two requests of ten seconds, and some */
};

/* One that waits. */
struct waiting {
    struct console_ticket *ticket;
    uint64_t until_ms;
};

static void note(struct console *c, const struct request *r, struct str user,
    const char *reason, const struct oidc_answer *answer)
{
    struct buf details = {0};
    struct jsonw w = {.out = &details};
    jsonw_object(&w);
    jsonw_key_cstr(&w, "method", SSO_METHOD);
    if (reason != NULL)
        jsonw_key_cstr(&w, "reason", reason);
    if (answer != NULL) {
        jsonw_key_cstr(&w, "role", user_role_name(answer->person.role));
        jsonw_key_cstr(&w, "subject", answer->person.subject);
    }
    jsonw_close(&w);
    audit_note(c, r,
        &(struct audit){.action = reason != NULL ? "console.login.failed"
                                                 : "console.login.succeeded",
            .is_failure = reason != NULL,
            .user = user,
            .details = buf_str(&details)});
    buf_free(&details);
}

/* Of the address alone: whose login it was meant to be nobody knows, and
 * nobody else is to be kept out. */
static void fail(struct console *c, struct request *r,
    struct response *response, const char *reason, const char *message)
{
    lockout_note_failure(
        c->lockout, STR_NONE, str_of(r->peer_text), clock_mono_ms());
    note(c, r, STR_NONE, reason, NULL);
    sso_refuse(c, response, 403, message);
}

/* What went wrong at the provider is nobody's attempt: it is in the log. */
static bool is_the_providers(enum oidc_fault fault)
{
    return fault == OIDC_UNREACHABLE || fault == OIDC_METADATA ||
           fault == OIDC_CLIENT || fault == OIDC_BUSY;
}

static void let_in(struct console *c, struct request *r,
    struct response *response, const struct oidc_answer *answer,
    struct str hint, struct str next)
{
    char token[VISIT_TOKEN_BYTES];
    struct str name = str_of(answer->person.name);
    struct buf proof = {0};
    if (auth_has_login(c, name)) {
        fail(c, r, response, "local-login",
            "A local login has your name. The administrator has to remove "
            "one of the two.");
        return;
    }
    (void)sso_proof(c, &proof);
    visits_end(c->visits, auth_cookie(r));
    visits_start_foreign(c->visits, name, answer->person.role, hint,
        buf_str(&proof), clock_mono_ms(), token);
    auth_set_cookie(response, token);
    explicit_bzero(token, sizeof token);
    buf_free(&proof);
    note(c, r, name, NULL, answer);
    sso_lead_on(c, response, next);
}

static void end_waiting(struct console *c, struct request *r,
    struct response *response, struct waiting *waiting)
{
    struct oidc_answer answer = {.fault = OIDC_UNREACHABLE};
    struct buf hint = {.wipes = true};
    struct sso_flow flow = {0};
    (void)!ticket_take_answer(waiting->ticket, &answer, &hint);
    mem_free(waiting);
    response->left = NULL;
    sso_end_flow(response);
    if (answer.fault == OIDC_FINE)
        let_in(c, r, response, &answer, buf_str(&hint),
            sso_read_flow(c, r, &flow) ? login_safe_next(flow.next) : STR("/"));
    else if (is_the_providers(answer.fault))
        sso_refuse(c, response, 503, sso_saying(answer.fault));
    else
        fail(c, r, response, oidc_fault_name(answer.fault),
            sso_saying(answer.fault));
    buf_free(&hint);
}

static void ask(struct console *c, const struct console_running *running,
    struct request *r, struct response *response, const struct sso_flow *flow)
{
    char nonce[DIGEST_HEX_BYTES], verifier[DIGEST_HEX_BYTES];
    struct buf redirect = {0};
    struct waiting *waiting = MEM_NEW(struct waiting);
    sso_derive(c, "nonce", str_of(flow->seed), nonce);
    sso_derive(c, "verifier", str_of(flow->seed), verifier);
    sso_write_uri(running, r, SSO_RETURN_PATH, &redirect);
    struct oidc_question question = {.code = request_arg(r, "code"),
        .verifier = str_of(verifier),
        .nonce = str_of(nonce),
        .redirect_uri = buf_str(&redirect)};
    waiting->ticket = ticket_new();
    waiting->until_ms = clock_mono_ms() + ANSWER_MS;
    c->options.sign_in(c->options.owner, &question, waiting->ticket);
    response->left = waiting;
    response->again_ms = AGAIN_MS;
    explicit_bzero(verifier, sizeof verifier);
    buf_free(&redirect);
}

/* RFC 9207: of the provider that was asked, where it says so. */
static bool is_of_issuer(struct console *c,
    const struct console_running *running, const struct request *r)
{
    struct str iss = request_arg(r, "iss");
    pthread_mutex_lock(&c->sso.lock);
    bool sends_iss = c->sso.sends_iss;
    pthread_mutex_unlock(&c->sso.lock);
    return iss.p == NULL ? !sends_iss : str_eq(iss, running->oidc->issuer);
}

/* The words of RFC 6749 §4.1.2.1 that say something to a person. */
static void tell_error(struct console *c, struct request *r,
    struct response *response, struct str error)
{
    if (str_is(error, "access_denied"))
        fail(c, r, response, "access-denied",
            "The identity provider did not let you in, or you did not want "
            "to.");
    else if (str_is(error, "temporarily_unavailable") ||
             str_is(error, "server_error"))
        sso_refuse(c, response, 503, sso_saying(OIDC_UNREACHABLE));
    else
        fail(c, r, response, "provider-error",
            "The identity provider reports an error. Sign in again; if it "
            "stays, tell the administrator of promptgate.");
}

static void take_answer(struct console *c,
    const struct console_running *running, struct request *r,
    struct response *response, const struct sso_flow *flow)
{
    char state[DIGEST_HEX_BYTES];
    struct str code = request_arg(r, "code"), error = request_arg(r, "error");
    sso_derive(c, "state", str_of(flow->seed), state);
    if (!sso_is_equal(request_arg(r, "state"), str_of(state)))
        fail(c, r, response, "state",
            "This answer does not belong to the sign-in that this browser has "
            "begun. Sign in again.");
    else if (!sso_use_once(&c->sso, str_of(flow->seed), flow->until_ms))
        fail(c, r, response, "replay",
            "This sign-in has been used already. Sign in again.");
    else if (!is_of_issuer(c, running, r))
        fail(c, r, response, "issuer", sso_saying(OIDC_ISSUER));
    else if (error.p != NULL)
        tell_error(c, r, response, error);
    else if (code.n == 0 || code.n > OIDC_CODE_MAX)
        fail(c, r, response, "code", sso_saying(OIDC_MALFORMED));
    else
        ask(c, running, r, response, flow);
}

static void wait_first(
    struct console *c, struct response *response, uint64_t wait_ms)
{
    struct buf seconds = {0};
    buf_printf(&seconds, "%u", (unsigned)(wait_ms / 1000 + 1));
    response_header(response, "Retry-After", buf_str(&seconds));
    buf_free(&seconds);
    sso_refuse(
        c, response, 429, "Too many failed logins. Wait, then try again.");
}

static void begin(struct console *c, const struct console_running *running,
    struct request *r, struct response *response)
{
    struct sso_flow flow = {0};
    uint64_t wait_ms = lockout_wait_ms(
        c->lockout, STR_NONE, str_of(r->peer_text), clock_mono_ms());
    if (r->method != METHOD_GET) {
        response_error(response, 405, "method", "Not with this method.");
        return;
    }
    if (wait_ms > 0)
        wait_first(c, response, wait_ms);
    else if (!sso_read_flow(c, r, &flow)) /* nobody's: anyone can send people */
        sso_refuse(c, response, 403,
            "This browser has begun no sign-in in the last ten minutes, or "
            "does not keep cookies. Sign in again.");
    else
        take_answer(c, running, r, response, &flow);
    if (response->left == NULL) /* else it is needed once more */
        sso_end_flow(response);
}

void sso_return(struct console *c, struct request *r, struct response *response)
{
    struct waiting *waiting = response->left;
    struct running *running = running_ref(c);
    if (waiting != NULL) {
        bool is_over = ticket_is_done(waiting->ticket) ||
                       clock_mono_ms() > waiting->until_ms || response->is_last;
        if (is_over)
            end_waiting(c, r, response, waiting);
        else
            response->again_ms = AGAIN_MS;
    } else if (sso_is_on(running)) {
        begin(c, running_get(running), r, response);
    } else {
        response_error(response, 404, "not-found", "There is nothing here.");
    }
    running_unref(c, &running);
}
