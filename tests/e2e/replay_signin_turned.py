"""Signing in and out in ways that replay_signin.py does not show
(facts/openai-admin.md §2.2): other kinds of bodies, cookies in parts, refusals
of every number, steps in another order, several people at once."""
from replay_cases import case
from replay_signin import ACCOUNTS, AUTH, CHAT, COOKIE, GRANT, LEGACY, PASSWORD, REFRESH, SAML, SESSION, SSO, WRONG, Browser, failed, login, out

FORM = "application/x-www-form-urlencoded"


@case
def signin_turned_cookie_in_parts():
    """What does not fit one cookie is set as two; browsers' other cookies stand around it."""
    b = Browser("parts@corp.example").begin().types().password()
    b.back(sets=False)
    for value in ("__cf_bm=x; Path=/", f"{COOKIE}.0={SESSION}; Path=/; Secure", f"{COOKIE}.1=rest; Path=/; Secure"):
        b.entries[-1]["response"]["headers"].append({"name": "Set-Cookie", "value": value})
    return b.entries, [login(b.mail)]


@case
def signin_turned_cookie_is_cleared():
    """A callback that takes the cookie away lets nobody in."""
    b = Browser("cleared@corp.example").begin().types().password().back(sets=False)
    b.entries[-1]["response"]["headers"].append({"name": "set-cookie", "value": f"{COOKIE}=; Path=/; Max-Age=0"})
    return b.entries, [failed(b.mail)]


@case
def signin_turned_refusals():
    """Any 4xx refuses; 5xx and challenges say nothing."""
    made, told = [], []
    for number, status in enumerate((400, 403, 409, 422, 429, 500, 503)):
        b = Browser(f"s{status}@corp.example").begin().types().password(status)
        for e in b.entries:
            e["startedDateTime"] = e["startedDateTime"].replace("10:00:", f"10:{number:02d}:")
        made += b.entries
        told += [failed(b.mail, code=WRONG)] if status < 500 else []
    return made, told


@case
def signin_turned_tokens():
    """The grant in JSON, members in any order; a renewal is none, whichever way it is written."""
    b = Browser("json@corp.example")
    url = AUTH + "/oauth/token"
    b.call("POST", url, {"code": GRANT, "client_id": "app_Y", "grant_type": "authorization_code"}, {"access_token": "x"})
    b.call("POST", url, {"refresh_token": REFRESH, "grant_type": "refresh_token"}, {"access_token": "x"})
    b.call("POST", url, f"refresh_token={REFRESH}&code={GRANT}&grant_type=refresh_token", {"access_token": "x"}, kind=FORM)
    b.call("POST", url, f"code={GRANT}&grant%5Ftype=authorization%5Fcode", {"error": "invalid_grant"}, 400, kind=FORM)
    return b.entries, [login(None, "oauth", actor={"account": None}, service="openai-platform")]


@case
def signin_turned_assertion_refused():
    b = Browser("saml@corp.example").begin(hint=True)
    b.call("POST", SSO + "/sso/saml/acs/conn-1", "RelayState=r&SAMLResponse=" + SAML, {"error": {"code": "bad_assertion"}}, 403,
           kind=FORM)
    return b.entries, [failed(b.mail, "sso", "bad_assertion")]


@case
def signin_turned_older_form():
    b = Browser("older@corp.example")
    b.call("GET", f"{LEGACY}/authorize?state={b.state}&client_id=x", status=302, answer_kind=None)
    b.call("POST", f"{LEGACY}/u/login/identifier?state={b.state}", f"state={b.state}&username=older%40corp.example", None, 302,
           kind=FORM, answer_kind=None)
    b.call("POST", f"{LEGACY}/u/login/password?state={b.state}", "password=x&username=older%40corp.example",
           "<html>Wrong</html>", 400, kind=FORM, answer_kind="text/html")
    return b.entries, [failed(b.mail)]


@case
def signin_turned_two_at_once():
    """Calls of two browsers in turn: one gets in, the other does not."""
    a, b = Browser("first@corp.example").begin().types(), Browser("other@corp.example").begin().types()
    a.password().back().session()
    b.password(401)
    return [e for pair in zip(a.entries, b.entries) for e in pair] + a.entries[len(b.entries):], \
        [failed(b.mail, code=WRONG), login(a.mail)]


@case
def signout_turned_ways():
    """A page that only asks, a redirect back to it, all devices, the older server: each of another person."""
    def leaves(mail, method, url, status=200, to=None, at=0, **more):
        b = Browser(mail)
        b.second = at
        b.call(method, url, status=status, to=to, cookies=f"{COOKIE}={SESSION}{b.name}", answer_kind=None, **more)
        return b.entries
    back = CHAT + "/api/auth/signout"
    return ([*leaves("asks@x.example", "GET", back),
             *leaves("again@x.example", "POST", back, 302, back + "?csrf=true", at=15, body="csrfToken=x", kind=FORM),
             *leaves("all@x.example", "POST", CHAT + "/backend-api/auth/logout_all", 204, at=30),
             *leaves("old@x.example", "GET", LEGACY + "/v2/logout?returnTo=https%3A%2F%2Fplatform.openai.com&client_id=x", 302, at=45),
             *leaves("gone@x.example", "POST", ACCOUNTS + "/logout", 401, at=59)],
            [out(activity="logout.failed", outcome="failure"), out(facts={"scope": "all"}), out(),
             out(activity="logout.failed", outcome="failure")])


@case
def signin_turned_addresses():
    """Dot segments in the address of a form do not make what is typed anybody's text."""
    made, told = [], []
    for number, way in enumerate(("/%2e/password/verify", "/x/../password/verify", "/%2E./accounts/password/%76erify")):
        b = Browser(f"way{number}@corp.example").begin().types()
        b.second += 10 * number
        b.call("POST", ACCOUNTS + way, {"password": PASSWORD}, {"error": {"code": WRONG}}, 401)
        made += b.entries
        told.append(failed(b.mail, code=WRONG))
    return made, told


@case
def signin_addresses_that_servers_read_differently():
    """What a password was typed to is nobody's text, even where no route can be told."""
    b = Browser("odd@corp.example").begin().types()
    for way in ("/password%5cverify", "\\password/verify", "/%2570assword/verify", "/..;/%2e%5cpassword/verify", "/x%"):
        for host in ("auth.openai.com", "auth0.openai.com", "external.auth.openai.com"):
            b.call("POST", f"https://{host}/api/accounts{way}", {"password": PASSWORD}, {"error": {"code": WRONG}}, 401)
    b.call("POST", ACCOUNTS + "/password/verify", {"password": PASSWORD}, {"error": {"code": WRONG}}, 401)
    return b.entries, [failed(b.mail, code=WRONG)]
