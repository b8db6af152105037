"""Signing in and out (facts/openai-admin.md §2.2): which of the many calls is
the event, whose it is, and that nothing secret of them is told."""
from exchanges import dumps, entry, token
from replay_cases import ANY, case

CHAT = "https://chatgpt.com"
AUTH = "https://auth.openai.com"
ACCOUNTS = AUTH + "/api/accounts"
SSO = "https://external.auth.openai.com"
LEGACY = "https://auth0.openai.com"
PLATFORM = "https://api.openai.com"
COOKIE = "__Secure-next-auth.session-token"
CHALLENGE = "<!DOCTYPE html><html><title>Just a moment...</title></html>"
# Planted; test_signin.py looks for them everywhere.
PASSWORD = "Hunter2-PlantedPassword-77"
CODE = "918273"
TOTP = "564738"
GRANT = "ac_PlantedGrantCode_0123456789abcdef"
SAML = "UGxhbnRlZFNhbWxSZXNwb25zZUZvclRlc3Rz"
SESSION = "eyJhbGciOiJkaXIi.PlantedSessionToken.0123456789"
REFRESH = "rt_PlantedRefreshToken0123456789"
SECRETS = [PASSWORD, CODE, TOTP, GRANT, SAML, SESSION, REFRESH]
DEVICES = iter(range(10 ** 6))


class Browser:
    """One browser's calls, a second apart; device: whether it has cookies of one."""

    def __init__(self, mail, device=True):
        self.mail, self.second = mail, 0
        self.name = f"d-{next(DEVICES)}-{mail}"
        self.has_device = device
        self.state = f"state-{self.name}"
        self.entries = []

    def call(self, method, url, body=None, answer=None, status=200, after=1, sets=None, cookies="", to=None,
             kind="application/json", answer_kind="application/json", fields=None):
        device = f"oai-did={self.name}; " if self.has_device else ""
        cookie = {"cookie": device + cookies} if device + cookies else {}
        text = dumps(body) if isinstance(body, (dict, list)) else body
        reply = dumps(answer) if isinstance(answer, (dict, list)) else answer
        made = entry(url, text, reply, method=method, kind=kind if body is not None else None, status=status,
                     fields={"accept": "*/*", **cookie, **(fields or {})}, answer_kind=answer_kind,
                     second=self.second, millis=300)
        for name, value in (("set-cookie", sets), ("location", to)):
            if value:
                made["response"]["headers"].append({"name": name, "value": value})
        self.second += after
        self.entries.append(made)
        return self

    def begin(self, hint=False):
        more = f"&login_hint={self.mail.replace('@', '%40')}" if hint else ""
        where = f"{ACCOUNTS}/authorize?client_id=app_X&state={self.state}&redirect_uri=https%3A%2F%2Fchatgpt.com{more}"
        self.call("GET", CHAT + "/api/auth/csrf", answer={"csrfToken": "x"})
        self.call("POST", CHAT + "/api/auth/signin/openai?prompt=login" + more, "csrfToken=x&json=true&callbackUrl=%2F",
                  {"url": where}, kind="application/x-www-form-urlencoded")
        return self.call("GET", where, status=302, to="/log-in", answer_kind=None)

    def types(self):
        return self.call("POST", ACCOUNTS + "/authorize/continue", {"username": {"kind": "email", "value": self.mail}},
                         {"continue_url": "/log-in/password", "page": {"type": "login_password"}})

    def password(self, status=200, **more):
        answer = {"continue_url": "/", "page": {"type": "consent"}} if status == 200 else \
            {"error": {"code": "invalid_username_or_password", "message": "Incorrect " + self.mail}}
        return self.call("POST", ACCOUNTS + "/password/verify", {"password": PASSWORD}, answer, status, **more)

    def otp(self, status=200, **more):
        return self.call("POST", ACCOUNTS + "/email-otp/validate", {"code": CODE},
                         {"page": {}} if status == 200 else {"error": {"code": "wrong_email_otp_code"}}, status, **more)

    def mfa(self, status=200, **more):
        return self.call("POST", ACCOUNTS + "/mfa/verify", {"type": "totp", "id": "f-1", "code": TOTP},
                         {"page": {}} if status == 200 else {"error": {"code": "mfa_invalid"}}, status, **more)

    def workspace(self, id):
        return self.call("POST", ACCOUNTS + "/workspace/select", {"workspace_id": id}, {"continue_url": "/"})

    def back(self, sets=True, query="", status=302, to="/", **more):
        value = f"{COOKIE}={SESSION}{self.name}; Path=/; HttpOnly; Secure; SameSite=Lax" if sets else None
        return self.call("GET", f"{CHAT}/api/auth/callback/openai?{query or 'code=' + GRANT}&state={self.state}",
                         status=status, sets=value, to=to, answer_kind=None, **more)

    def session(self, query=""):
        return self.call("GET", CHAT + "/api/auth/session" + query, cookies=f"{COOKIE}={SESSION}{self.name}",
                         answer={"accessToken": "x", "expires": "2027", "user": {"id": "user-1", "email": self.mail}})


def login(mail, method="password", **more):
    actor = {"user": mail, "source": "session", "account": mail}
    return {"activity": "login.succeeded", "outcome": "success", "verdict": "allow", "service": "chatgpt",
            "category": "Login Success", "content": None, "hidden": None, "actor": actor,
            "target": None, "changes": None, "facts": {"method": method}, **more}


def failed(mail, method="password", code=None, **more):
    return {**login(mail), "activity": "login.failed", "category": "Login Failure", "outcome": "failure",
            "facts": {"method": method, "error_code": code}, **more}


def out(**more):
    return {"activity": "logout.succeeded", "outcome": "success", "verdict": "allow", "service": "chatgpt",
            "category": "Administration", "content": None, "hidden": None, **more}


WRONG = "invalid_username_or_password"


@case
def signin_with_password():
    b = Browser("ana@corp.example").begin().types().password().workspace("ws-1").back().session()
    return b.entries, [login("ana@corp.example", facts={"method": "password", "workspace": "ws-1"},
                             http={"method": "GET", "host": "chatgpt.com", "path": "/api/auth/callback/openai",
                                   "status": 302})]


@case
def signin_of_a_browser_without_cookies():
    b = Browser("bare@corp.example", device=False).begin().types().password().back().session()
    return b.entries, [login("bare@corp.example")]


@case
def signin_named_by_the_hint():
    return Browser("hint@corp.example").begin(hint=True).otp().back().entries, [login("hint@corp.example", "otp")]


@case
def signin_named_only_by_the_session():
    b = Browser("late@corp.example").back().session()
    return b.entries, [login("late@corp.example", None)]


@case
def signin_that_nobody_names():
    return Browser("x@corp.example").back().entries, [login(None, None, actor={"account": None})]


@case
def signin_with_second_factor():
    b = Browser("mfa@corp.example").begin().types().password().mfa().back().session()
    return b.entries, [login("mfa@corp.example", "mfa")]


@case
def signin_wrong_password():
    b = Browser("wrong@corp.example").begin().types().password(401)
    return b.entries, [failed("wrong@corp.example", code=WRONG,
                              http={"path": "/api/accounts/password/verify", "status": 401})]


@case
def signin_wrong_codes():
    b = Browser("codes@corp.example").begin().types().otp(401, after=60).mfa(403)
    return b.entries, [failed("codes@corp.example", "otp", "wrong_email_otp_code"),
                       failed("codes@corp.example", "mfa", "mfa_invalid")]


@case
def signin_probe_is_no_failure():
    b = Browser("probe@corp.example").begin().types().password(401).password().back().session()
    return b.entries, [login("probe@corp.example")]


@case
def signin_failure_long_before_a_success_counts():
    b = Browser("typo@corp.example").begin().types().password(401, after=40).password().back().session()
    return b.entries, [failed("typo@corp.example", code=WRONG), login("typo@corp.example")]


@case
def signin_failure_of_one_success_of_another():
    a = Browser("first@corp.example").begin().types().password(401)
    b = Browser("second@corp.example")
    b.second = a.second
    b.begin().types().password().back().session()
    return a.entries + b.entries, [failed("first@corp.example", code=WRONG), login("second@corp.example")]


@case
def signin_callback_with_an_error():
    b = Browser("denied@corp.example").begin().types().password().back(sets=False, query="error=access_denied")
    return b.entries, [failed("denied@corp.example", code="access_denied")]


@case
def signin_callback_without_a_cookie():
    b = Browser("none@corp.example").begin().types().password().back(sets=False, to="/auth/error?error=OAuthCallback")
    return b.entries, [failed("none@corp.example", code="OAuthCallback")]


@case
def signin_callback_meets_a_challenge():
    b = Browser("cf@corp.example").begin().types()
    b.call("GET", CHAT + f"/api/auth/callback/openai?code={GRANT}&state={b.state}", answer=CHALLENGE,
           answer_kind="text/html")
    b.call("POST", ACCOUNTS + "/password/verify", {"password": PASSWORD}, CHALLENGE, 403, answer_kind="text/html")
    return b.entries, []


@case
def signin_with_sso():
    b = Browser("sso@corp.example").begin(hint=True)
    b.call("POST", SSO + "/sso/saml/acs/conn-1", "SAMLResponse=" + SAML + "&RelayState=r", status=302, to="/consent",
           kind="application/x-www-form-urlencoded", answer_kind=None)
    b.call("GET", SSO + "/sso/signin-consent", answer="<html></html>", answer_kind="text/html")
    return b.back().session().entries, [login("sso@corp.example", "sso")]


@case
def signin_with_sso_by_redirect():
    b = Browser("oidc@corp.example").begin(hint=True)
    b.call("GET", SSO + f"/sso/oidc/conn-2/callback?code={GRANT}", status=302, to="/consent", answer_kind=None)
    return b.back().session().entries, [login("oidc@corp.example", "sso")]


@case
def signin_older_server():
    b = Browser("old@corp.example")
    b.call("POST", LEGACY + "/u/login/password?state=abc", "username=old%40corp.example&password=" + PASSWORD,
           "<html>Wrong email or password</html>", 400, kind="application/x-www-form-urlencoded",
           answer_kind="text/html")
    return b.entries, [failed("old@corp.example")]


@case
def signin_workspace_switch_and_renewal():
    b = Browser("switch@corp.example")
    b.session("?exchange_workspace_token=true&workspace_id=ws-2").session()
    b.call("POST", AUTH + "/oauth/token", {"grant_type": "refresh_token", "refresh_token": REFRESH},
           {"access_token": "x", "refresh_token": REFRESH})
    return b.entries, []


def grant(b, **more):
    return b.call("POST", AUTH + "/oauth/token", "grant_type=authorization_code&code=" + GRANT,
                  {"access_token": "x", "refresh_token": REFRESH, **more}, kind="application/x-www-form-urlencoded")


@case
def signin_to_the_platform():
    b = Browser("dev@corp.example", device=False)
    bearer = token("dev@corp.example").split(" ")[1]
    grant(b, id_token=bearer)
    b.call("POST", PLATFORM + "/dashboard/onboarding/login", {}, fields={"authorization": "Bearer " + bearer},
           answer={"user": {"email": b.mail, "session": {"sensitive_id": "sess-Planted"}}})
    return b.entries, [login("dev@corp.example", "oauth", service="openai-platform")]


@case
def signin_to_the_platform_named_by_the_second_call():
    b = Browser("dev2@corp.example", device=False)
    grant(b)
    b.call("POST", PLATFORM + "/dashboard/onboarding/login", {},
           answer={"user": {"email": b.mail, "session": {"sensitive_id": "sess-Planted"}}})
    return b.entries, [login("dev2@corp.example", "oauth", service="openai-platform")]


@case
def signin_twice_in_one_browser():
    b = Browser("one@corp.example").begin().types().password().back().session()
    b.mail, b.state, b.second = "two@corp.example", "state-two", b.second + 30
    b.begin().types().password().back().session()
    return b.entries, [login("one@corp.example"), login("two@corp.example")]


def signs_out(b, **more):
    more = {"sets": f"{COOKIE}=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "answer": {"url": CHAT}, **more}
    return b.call("POST", CHAT + "/api/auth/signout", "csrfToken=x&json=true", kind="application/x-www-form-urlencoded",
                  cookies=f"{COOKIE}={SESSION}{b.name}", **more)


@case
def signout_calls_together_are_one():
    b = Browser("bye@corp.example").session()
    b.second += 20
    b.call("POST", CHAT + "/backend-api/auth/logout", {}, {}, cookies=f"{COOKIE}={SESSION}{b.name}")
    signs_out(b)
    b.call("GET", CHAT + "/auth/logout", status=302, to="/", answer_kind=None)
    b.call("GET", AUTH + "/logout", status=302, to="/", answer_kind=None)
    b.call("POST", ACCOUNTS + "/logout", {}, {})
    return b.entries, [out(actor={"user": "bye@corp.example", "source": "session"})]


@case
def signouts_apart_are_two():
    b = Browser("again@corp.example")
    signs_out(b, after=30)
    signs_out(b)
    return b.entries, [out(), out()]


@case
def signouts_of_two_people():
    a, b = Browser("p@corp.example"), Browser("q@corp.example")
    signs_out(a)
    signs_out(b)
    return a.entries + b.entries, [out(), out()]


@case
def signout_everywhere():
    b = Browser("all@corp.example").call("POST", CHAT + "/backend-api/auth/logout_all", {}, {})
    return b.entries, [out(facts={"scope": "all"})]


@case
def signout_older_server():
    b = Browser("v2@corp.example")
    b.call("GET", LEGACY + "/v2/logout?returnTo=https%3A%2F%2Fchat.openai.com&client_id=c", status=302, to="/",
           answer_kind=None)
    return b.entries, [out()]


@case
def signout_that_fails():
    bad = {"activity": "logout.failed", "outcome": "failure", "service": "chatgpt"}
    a, b, c = (Browser(f"{n}@corp.example") for n in "abc")
    signs_out(a, status=500, sets=None)
    b.second = 20
    signs_out(b, status=302, sets=None, to=CHAT + "/api/auth/signout?csrf=true", answer=None)
    c.second = 40
    signs_out(c, sets=None, answer={"url": CHAT + "/api/auth/signout?csrf=true"})
    return a.entries + b.entries + c.entries, [bad, bad, bad]


@case
def signout_whose_first_call_fails():
    b = Browser("half@corp.example")
    b.call("POST", CHAT + "/backend-api/auth/logout", {}, {"detail": "x"}, 401)
    return signs_out(b).entries, [out()]


@case
def signout_page_is_only_shown():
    b = Browser("page@corp.example")
    b.call("GET", CHAT + "/api/auth/signout", answer="<html></html>", answer_kind="text/html")
    return b.entries, []


@case
def signin_telemetry_and_preflights():
    b = Browser("quiet@corp.example")
    b.call("OPTIONS", ACCOUNTS + "/password/verify", status=204, answer_kind=None)
    b.call("POST", AUTH + "/ces/v1/t", {"event": "login"}, {})
    b.call("POST", ACCOUNTS + "/user/register", {"username": "x@y.example", "password": PASSWORD}, {}, 400)
    b.call("POST", "https://auth.openai.com.evil.example/api/accounts/password/verify", {"password": PASSWORD}, {}, 401)
    return b.entries, []


__all__ = ["ANY", "SECRETS"]
