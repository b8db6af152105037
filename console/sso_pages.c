/*
 * What a person is told who was not signed in, and the page that leads on who
 * was.  Nothing of what came with the request stands in them.
 */
#include "console/sso_parts.h"

#include "base/html.h"
#include "base/url.h"

static const char *const sayings[OIDC_FAULTS] = {
    [OIDC_UNREACHABLE] = "The identity provider does not answer. Try again in "
                         "a minute.",
    [OIDC_METADATA] = "The identity provider's metadata cannot be used. Tell "
                      "the administrator of promptgate.",
    [OIDC_TOKENS] = "The identity provider's answer cannot be read. Tell the "
                    "administrator of promptgate.",
    [OIDC_REFUSED] = "The identity provider did not take its own code back: it "
                     "was too old or used before. Sign in again.",
    [OIDC_CLIENT] = "The identity provider does not know promptgate: the "
                    "client's id or secret is wrong. Tell the administrator of "
                    "promptgate.",
    [OIDC_BUSY] = "Too many people are signing in at once. Try again.",
    [OIDC_EXPIRED] = "The sign-in took too long, or the clocks of promptgate "
                     "and the identity provider differ. Sign in again.",
    [OIDC_EARLY] = "The clocks of promptgate and the identity provider differ. "
                   "Tell the administrator of promptgate.",
    [OIDC_NAME] = "The identity provider does not tell your name. Tell the "
                  "administrator of promptgate.",
    [OIDC_UNVERIFIED] = "The identity provider has not verified your e-mail "
                        "address. Verify it there, then sign in again.",
    [OIDC_DOMAIN] = "Addresses like yours are not let in here.",
    [OIDC_ROLE] = "You have no role in this console. Ask its administrator "
                  "for one of the groups that have.",
};

const char *sso_saying(enum oidc_fault fault)
{
    return sayings[fault] != NULL
               ? sayings[fault]
               : "What the identity provider sent is not a sign-in for this "
                 "console, so nobody was let in. Sign in again; if it stays, "
                 "tell the administrator of promptgate.";
}

void sso_write_link(const char *class_name, struct str next, struct buf *out)
{
    buf_printf(out, "<a class=\"%s\" href=\"" SSO_START_PATH, class_name);
    if (!str_is(next, "/")) {
        buf_append_str(out, STR("?next="));
        url_escape(out, next);
    }
    buf_append_str(out, STR("\">"));
}

void sso_refuse(struct console *c, struct response *response, unsigned status,
    const char *message)
{
    struct buf *out = &response->body;
    login_begin(c, response, status, "Not signed in", "");
    buf_append_str(out, STR("<p role=\"alert\">"));
    html_append(out, str_of(message));
    buf_append_str(out, STR("</p>"));
    sso_write_link("button", STR("/"), out);
    buf_append_str(out, STR("Sign in again</a><p class=\"or\">"
                            "<a href=\"/login\">To the login page</a></p>"));
    login_end(c, response);
}

/* The session's cookie is not sent with what a page elsewhere led to: this
 * page leads on, so that it is ours that leads. */
void sso_lead_on(struct console *c, struct response *response, struct str next)
{
    struct buf head = {0};
    buf_append_str(&head, STR("<meta http-equiv=\"refresh\" content=\"0;url="));
    html_append(&head, next);
    buf_append_str(&head, STR("\">"));
    login_begin(c, response, 200, "Signed in", buf_cstr(&head));
    buf_append_str(
        &response->body, STR("<p>You are signed in.</p><a class=\"button\" "
                             "href=\""));
    html_append(&response->body, next);
    buf_append_str(&response->body, STR("\">Go on</a>"));
    login_end(c, response);
    buf_free(&head);
}
