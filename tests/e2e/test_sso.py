"""Sign-in to the console by OpenID Connect, against a provider that is good
(tests/e2e/idp.py) and one that is not."""
import concurrent.futures
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.parse

import requests

from console_client import Console, add_user, check_answer
from gateway import BINARY, Gateway, TellingTest, certs, wait_for
from idp import CLIENT, SECRET, Hold, Idp
from jose import Key, hmac_token, unsigned

START, BACK = "/login/oidc", "/login/oidc/callback"
PASSWORD = "correct horse battery"
HERE = pathlib.Path(__file__).resolve().parent


class From(requests.adapters.HTTPAdapter):
    """Of an address of its own: what fails there locks nobody else out."""
    last = 0

    def init_poolmanager(self, *args, **more):
        From.last += 1
        super().init_poolmanager(*args, source_address=(f"127.0.{1 + From.last // 250}.{1 + From.last % 250}", 0), **more)


class Browser(Console):
    """Without scripts; follows no address by itself."""

    def __init__(self, gateway, idp):
        super().__init__(gateway, "")
        self.http.mount("https://", From())
        self.idp = idp
        self.idp_http = requests.Session()
        self.idp_http.verify = str(certs() / "root.pem")
        self.idp_http.trust_env = False

    def begin(self, path=START):
        """The provider's address."""
        answer = self.get(path)
        assert answer.status_code == 303, (answer.status_code, answer.text)
        return answer.headers["Location"]

    def visit(self, where):
        """Where the provider leads back to."""
        answer = self.idp_http.get(where, allow_redirects=False, timeout=30)
        assert answer.status_code == 302, (answer.status_code, answer.text)
        return answer.headers["Location"]

    def come_back(self, where):
        assert where.startswith(self.base + BACK), where
        return self.get(where[len(self.base):])

    def sign_in(self, path=START):
        return self.come_back(self.visit(self.begin(path)))

    def session(self):
        answer = self.get("/api/v1/session")
        if answer.status_code == 200:
            self.csrf = answer.json()["csrf"]
        return answer.json() if answer.status_code == 200 else None


def query_of(url):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))


def changed(url, **more):
    parts = urllib.parse.urlsplit(url)
    query = {**query_of(url), **more}
    return urllib.parse.urlunsplit(parts._replace(query=urllib.parse.urlencode({k: v for k, v in query.items() if v is not None})))


class SsoTest(TellingTest):
    more, kind = "", "RSA"

    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="pg-sso-")
        cls.folder = pathlib.Path(cls.temporary.name)
        os.chmod(cls.folder, 0o755)
        cls.idp = Idp(cls.folder, cls.kind)
        cls.gateway = Gateway(cls.folder, {}, "")
        secret = cls.gateway.config.parent / "oidc.secret"
        secret.write_text(SECRET + "\n")
        secret.chmod(0o600)
        cls.gateway.write_config(cls.idp.settings(cls.more))
        cls.gateway.start()
        cls.ready()

    @classmethod
    def ready(cls, before=0):
        wait_for(lambda: cls.gateway.log().count("event=signin.ready") > before, 20, "the provider's metadata")

    @classmethod
    def renew(cls):
        """The role anew, which asks the provider for all; returns what the log had before."""
        log = cls.gateway.log()
        [pid] = cls.gateway.roles("idp")
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: cls.gateway.roles("idp") and pid not in cls.gateway.roles("idp"), 20, "another one")
        return log

    @classmethod
    def tearDownClass(cls):
        cls.gateway.stop()
        cls.gateway.check_health()
        cls.idp.stop()
        cls.temporary.cleanup()

    def setUp(self):
        idp = self.idp
        idp.person = {"sub": "u-ana", "email": "ana@corp.example", "email_verified": True, "groups": ["dlp-analysts"]}
        idp.claims, idp.token, idp.metadata, idp.answers, idp.asks = {}, None, {}, {}, False

    def browser(self):
        browser = Browser(self.gateway, self.idp)
        # The state reaches the console a moment after it is in the log.
        wait_for(lambda: browser.get(START).status_code == 303, 20, "the way to the provider")
        return browser

    watch = None

    def audit(self, **more):
        if type(self).watch is None:
            add_user(self.gateway, "watch@example.com", "auditor", PASSWORD)
            type(self).watch = Console(self.gateway, "watch@example.com", PASSWORD)
        return self.watch.items("audit", **more)

    def last_failure(self):
        items = self.audit(activity="console.login.failed", limit=1)
        return items[0]["details"]["reason"] if items else None

    def refused(self, reason, status=403, browser=None, answer=None):
        """Nobody is let in, the page says something, and the audit why."""
        browser = browser or self.browser()
        answer = answer if answer is not None else browser.sign_in()
        self.assertEqual(answer.status_code, status, answer.text)
        self.assertIn("role=\"alert\"", answer.text)
        self.assertIsNone(browser.session())
        self.assertNotIn("__Host-promptgate", browser.http.cookies.get_dict())
        if reason is not None:
            wait_for(lambda: self.last_failure() == reason, 10, f"the record of {reason}")


class SignIn(SsoTest):
    def test_a_person_comes_in_with_the_role_of_their_claims(self):
        browser = self.browser()
        form = browser.get("/login?next=/activities")
        self.assertIn('<a class="button" href="/login/oidc?next=%2Factivities">Sign in with Corp</a>', form.text)
        self.assertIn("password", form.text)
        answer = browser.sign_in(START + "?next=/activities%3Fsince%3D1h")
        self.assertEqual(answer.status_code, 200, answer.text)
        self.assertIn('content="0;url=/activities?since=1h"', answer.text)
        self.assertNotIn("<script", answer.text)
        cookies = answer.headers["Set-Cookie"]
        self.assertRegex(cookies, r"__Host-promptgate=[0-9a-f]{64}; Path=/; Secure; HttpOnly; SameSite=Strict")
        self.assertIn("__Host-promptgate-oidc=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0", cookies)
        session = browser.session()
        self.assertEqual((session["user"], session["role"]), ("ana@corp.example", "analyst"))
        self.assertEqual(browser.get("/api/v1/activities").status_code, 200)
        self.assertEqual(browser.get("/api/v1/audit").status_code, 403)
        self.assertEqual(browser.http.post(browser.base + "/api/v1/views", json={}).status_code, 403)  # no CSRF token
        [record] = wait_for(lambda: self.audit(activity="console.login.succeeded", user="ana@corp.example", limit=1), 10, "the record")
        self.assertEqual(record["details"], {"method": "openid-connect", "role": "analyst", "subject": "u-ana"})

    def test_what_is_sent_to_the_provider(self):
        browser = self.browser()
        where = browser.begin()
        query = query_of(where)
        self.assertTrue(where.startswith(self.idp.issuer + "/authorize?"))
        self.assertEqual({k: query[k] for k in ("response_type", "client_id", "scope", "code_challenge_method", "redirect_uri")},
                         {"response_type": "code", "client_id": CLIENT, "scope": "openid email profile",
                          "code_challenge_method": "S256", "redirect_uri": browser.base + BACK})
        self.assertNotEqual(query["state"], query["nonce"])
        again = query_of(browser.begin())
        for name in ("state", "nonce", "code_challenge"):
            self.assertGreaterEqual(len(query[name]), 43)
            self.assertNotEqual(query[name], again[name])
        cookie = browser.get(START).headers["Set-Cookie"]
        self.assertRegex(cookie, r"^__Host-promptgate-oidc=[\w.=+/-]+; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600$")
        self.assertEqual(browser.http.post(browser.base + START).status_code, 405)

    def test_the_role_is_that_of_the_last_sign_in(self):
        for groups, role in ((["dlp-admins", "dlp-audit"], "administrator"), (["x", "dlp-audit"], "auditor"), ("dlp-analysts", "analyst")):
            self.idp.person["groups"] = groups
            browser = self.browser()
            self.assertEqual(browser.sign_in().status_code, 200)
            self.assertEqual(browser.session()["role"], role)
        for groups in ([], ["dlp-adminsx"], None, {"dlp-admins": True}):
            self.idp.person["groups"] = groups
            browser = self.browser()
            self.refused("no-role", browser=browser)
        self.assertIn("no role", browser.sign_in().text)

    def test_sign_out_ends_the_session_here_and_leads_to_the_provider(self):
        browser = self.browser()
        browser.sign_in()
        browser.session()
        answer = browser.change("logout", None)
        check_answer(answer)
        self.assertEqual(answer.status_code, 200)
        where = answer.json()["end_session"]
        query = query_of(where)
        self.assertTrue(where.startswith(self.idp.issuer + "/logout?"))
        self.assertEqual((query["client_id"], query["post_logout_redirect_uri"]), (CLIENT, browser.base + "/login"))
        self.assertEqual(query["id_token_hint"].count("."), 2)
        self.assertIsNone(browser.session())
        add_user(self.gateway, "watch@example.com", "auditor", PASSWORD)
        local = Console(self.gateway, "watch@example.com", PASSWORD)
        self.assertEqual(local.change("logout", None).status_code, 204)

    def test_a_user_of_the_provider_may_own_incidents(self):
        self.idp.person.update(email="zoe@corp.example", sub="u-zoe")
        zoe = self.browser()
        zoe.sign_in()
        zoe.session()
        wait_for(lambda: self.audit(activity="console.login.succeeded", user="zoe@corp.example"), 10, "the record")
        for owner, status in (("zoe@corp.example", 404), ("z*", 400), ("nobody@corp.example", 400)):
            answer = zoe.change("incidents/0123456789abcdef", {"owner": owner})
            self.assertEqual(answer.status_code, status, answer.text)

    def test_a_local_login_of_that_name_is_not_taken_over(self):
        add_user(self.gateway, "Eve@corp.example", "analyst", PASSWORD)
        self.idp.person.update(email="eve@corp.example", groups=["dlp-admins"])
        self.refused("local-login")

    def test_a_local_login_ends_a_session_of_that_name(self):
        self.idp.person["email"] = "uma@corp.example"
        browser = self.browser()
        browser.sign_in()
        self.assertIsNotNone(browser.session())
        add_user(self.gateway, "uma@corp.example", "analyst", PASSWORD)
        self.assertIsNone(browser.session())

    def test_names_must_be_verified(self):
        for change, reason in (({"email_verified": False}, "unverified-email"), ({"email_verified": None}, "unverified-email"),
                               ({"email": None}, "no-name"), ({"email": "a b@corp.example"}, "no-name"), ({"email": ["x"]}, "no-name")):
            with self.subTest(change):
                self.idp.person = {"sub": "u-ana", "email": "ana@corp.example", "email_verified": True, "groups": ["dlp-analysts"], **change}
                self.refused(reason)


class Refused(SsoTest):
    """Each by its reason; the good sign-in behind them shows that all else is well."""

    def tearDown(self):
        self.setUp()
        browser = self.browser()
        self.assertEqual(browser.sign_in().status_code, 200)
        self.assertEqual(browser.session()["user"], "ana@corp.example")

    def test_tokens_that_this_provider_did_not_sign(self):
        idp, stranger = self.idp, Key(self.folder, "k1-stranger")
        head = {"alg": "RS256", "typ": "JWT", "kid": "k1"}
        tokens = {
            "signature": lambda c: stranger.token(c, head),
            "algorithm": lambda c: unsigned(c, {"alg": "none"}) + "AA",
            "malformed": lambda c: unsigned(c, {"alg": "none"}),
            "unknown-key": lambda c: stranger.token(c),
        }
        for reason, token in tokens.items():
            with self.subTest(reason):
                idp.token = token
                self.refused(reason)
        for secret in (idp.key.public_pem(), SECRET.encode(), b""):
            idp.token = lambda c, secret=secret: hmac_token(c, {"alg": "HS256", "kid": "k1"}, secret)
            self.refused("algorithm")
        idp.token = lambda c: idp.key.token(c)[:-8] + "AAAAAAAA"
        self.refused("signature")
        idp.token = lambda c: idp.key.token({**c, "pad": "x" * 40000})
        self.refused("malformed")

    def test_claims_that_are_not_for_this_sign_in(self):
        now = int(time.time())
        for change, reason in (({"nonce": "other"}, "nonce"), ({"nonce": None}, "nonce"), ({"aud": "other"}, "audience"),
                               ({"aud": [CLIENT, "other"]}, "audience"), ({"azp": "other"}, "audience"),
                               ({"iss": "https://evil.example"}, "issuer"), ({"iss": self.idp.issuer + "/"}, "issuer"),
                               ({"exp": now - 120}, "expired"), ({"iat": now - 7200}, "expired"), ({"iat": now + 600}, "early"),
                               ({"nbf": now + 600}, "early"), ({"exp": None}, "malformed"), ({"sub": None}, "malformed")):
            with self.subTest(change):
                self.idp.claims = change
                self.refused(reason)

    def test_answers_of_another_browser_or_twice(self):
        idp = self.idp
        mine, theirs = self.browser(), self.browser()
        back = theirs.visit(theirs.begin())
        mine.begin()
        self.refused("state", browser=mine, answer=mine.come_back(back))
        self.refused(None, browser=mine, answer=mine.come_back(back))  # the cookie is gone
        self.assertEqual(theirs.come_back(back).status_code, 200)
        # The same answer once more, with the cookie that was there then
        browser = self.browser()
        back = browser.visit(browser.begin())
        kept = browser.http.cookies.copy()
        self.assertEqual(browser.come_back(back).status_code, 200)
        again = Browser(self.gateway, idp)
        again.http.cookies.update(kept)
        self.refused("replay", browser=again, answer=again.come_back(back))
        for change, reason in (({"state": "x"}, "state"), ({"state": None}, "state"), ({"code": None}, "code"), ({"code": "x"}, "code-refused"),
                               ({"code": "x" * 5000}, "code"), ({"iss": "https://evil.example"}, "issuer")):
            with self.subTest(change):
                browser = self.browser()
                self.refused(reason, browser=browser, answer=browser.come_back(changed(browser.visit(browser.begin()), **change)))
        nobody = Browser(self.gateway, idp)
        for path in ("", "?code=x&state=y", "?error=%3Cscript%3Ealert(1)%3C/script%3E"):
            self.refused(None, browser=nobody, answer=nobody.get(BACK + path))

    def test_cookies_that_were_tampered_with(self):
        for change in (lambda v: v[:-1] + ("0" if v[-1] != "0" else "1"), lambda v: "0" * 64 + v[64:], lambda v: v.replace(".", ".9", 1),
                       lambda v: ".".join([*v.split(".")[:2], "Ly9ldmls", v.split(".")[3]]), lambda v: v + ".x", lambda v: "", lambda v: "...",
                       lambda v: "x" * 5000):
            browser = self.browser()
            back = browser.visit(browser.begin())
            value = browser.http.cookies.get_dict()["__Host-promptgate-oidc"]
            answer = requests.get(back, headers={"Cookie": "__Host-promptgate-oidc=" + change(value)}, verify=str(self.gateway.ca),
                                  timeout=30)
            self.refused(None, browser=Browser(self.gateway, self.idp), answer=answer)

    def test_errors_of_the_provider_are_told_without_its_words(self):
        for error, reason, status in (("access_denied", "access-denied", 403), ("<b>x</b>", "provider-error", 403),
                                      ("temporarily_unavailable", None, 503)):
            browser = self.browser()
            back = changed(browser.visit(browser.begin()), code=None, error=error, error_description="<script>alert(1)</script>")
            answer = browser.come_back(back)
            self.assertNotIn("alert(1)", answer.text)
            self.assertNotIn("<b>", answer.text)
            self.refused(reason, status, browser, answer)

    def test_another_provider_in_its_place(self):
        """Mix-up: an answer that names another issuer, or none where this one promised to."""
        self.idp.sends_iss = True
        try:
            self.ready(self.renew().count("event=signin.ready"))
            browser = self.browser()
            self.assertEqual(browser.sign_in().status_code, 200)
            for iss in (None, "https://evil.example", self.idp.issuer + "/"):
                browser = self.browser()
                self.refused("issuer", browser=browser, answer=browser.come_back(changed(browser.visit(browser.begin()), iss=iss)))
        finally:
            self.idp.sends_iss = False
            self.ready(self.renew().count("event=signin.ready"))

    def test_after_many_failures_an_address_waits_and_logins_from_elsewhere_do_not(self):
        self.idp.claims = {"nonce": "other"}
        browser = self.browser()
        for _ in range(30):
            self.assertEqual(browser.sign_in().status_code, 403)
        self.idp.claims = {}
        answer = browser.sign_in()
        self.assertEqual(answer.status_code, 429)
        self.assertGreater(int(answer.headers["Retry-After"]), 0)
        self.assertEqual(browser.login("watch@example.com", PASSWORD).status_code, 429)  # nor by a password
        self.assertEqual(self.browser().sign_in().status_code, 200)


class Provider(SsoTest):
    """What the provider's answers to us may be."""

    def refuses_at_start(self, line):
        """The metadata or keys cannot be had: the page says so, and when they can be, all is well."""
        before = len(self.renew())
        wait_for(lambda: re.search(line, self.gateway.log()[before:]), 20, line)
        browser = Browser(self.gateway, self.idp)
        answer = browser.get(START)
        self.assertEqual(answer.status_code, 503, answer.text)
        self.assertIn("does not answer", answer.text)
        self.assertEqual(browser.get("/login").status_code, 200)
        self.setUp()
        self.assertEqual(self.browser().sign_in().status_code, 200)

    def test_metadata_of_another_issuer(self):
        self.idp.metadata = {"issuer": "https://evil.example"}
        self.refuses_at_start("event=signin.provider wrong=metadata status=200")

    def test_addresses_without_tls(self):
        self.idp.metadata = {"token_endpoint": "http://127.0.0.1:1/token"}
        self.refuses_at_start("event=signin.provider wrong=metadata status=200")

    def test_private_addresses_of_others(self):
        self.idp.metadata = {"jwks_uri": "https://127.0.0.2:1/keys"}
        self.refuses_at_start("event=signin.unreachable host=127.0.0.2 why=\"a private address\"")

    def test_metadata_that_leads_elsewhere(self):
        self.idp.answers["/.well-known/openid-configuration"] = lambda h: h.reply(302, Location=self.idp.issuer + "/other")
        self.refuses_at_start("event=signin.provider wrong=metadata status=302")
        self.assertEqual(self.idp.count("/other"), 0)

    def test_huge_metadata_and_keys(self):
        for path, what in (("/.well-known/openid-configuration", "metadata"), ("/keys", "keys")):
            with self.subTest(what):
                self.idp.answers[path] = lambda h: h.reply(200, b" " * (300 << 10) + b"{}")
                self.refuses_at_start(f"event=signin.provider wrong={what} status=0")

    def test_keys_that_are_none(self):
        self.idp.answers["/keys"] = lambda h: h.reply(200, {"keys": [{"kty": "oct", "k": "AAAA"}]})
        self.refuses_at_start("event=signin.provider wrong=keys status=200")

    def test_a_certificate_of_somebody_else(self):
        text = self.gateway.config.read_text()
        stranger = certs() / "stranger.pem"
        self.addCleanup(self.gateway.config.write_text, text)
        self.gateway.config.write_text(text.replace(f"ca_file: {certs() / 'root.pem'}", f"ca_file: {stranger}"))
        failed, ready = (self.gateway.log().count(f"event=signin.{what}") for what in ("failed", "ready"))
        self.gateway.signal(signal.SIGHUP)  # a new process with the new CA
        wait_for(lambda: self.gateway.log().count("event=signin.failed") > failed, 60, "the failure")
        wait_for(lambda: Browser(self.gateway, self.idp).get(START).status_code == 503, 60,
                 "the console to hear that the old process is gone")
        self.gateway.config.write_text(text)
        self.gateway.signal(signal.SIGHUP)
        self.ready(ready)
        self.assertEqual(self.browser().sign_in().status_code, 200)

    def test_token_requests_that_fail(self):
        for answer, status, reason in ((lambda h: h.reply(500), 503, None), (lambda h: h.reply(302, Location="/keys"), 503, None),
                                       (lambda h: h.reply(401, {"error": "invalid_client"}), 503, None),
                                       (lambda h: h.reply(200, b"<html>"), 403, "token-answer"),
                                       (lambda h: h.reply(200, {"access_token": "x"}), 403, "token-answer"),
                                       (lambda h: h.reply(200, b" " * (200 << 10)), 503, None),
                                       (lambda h: h.reply(400, {"error": "invalid_grant"}), 403, "code-refused")):
            self.idp.answers["/token"] = answer
            browser = self.browser()
            self.refused(reason, status, browser)
            self.idp.answers = {}
            self.assertEqual(browser.sign_in().status_code, 200)

    def test_a_slow_provider_holds_up_nobody_else(self):
        """More sign-ins wait than the console has threads; pages and the API go on meanwhile."""
        browsers = [self.browser() for _ in range(8)]
        backs = [b.visit(b.begin()) for b in browsers]
        watch = self.browser()
        watch.sign_in()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            before = self.idp.count("/token")
            with Hold(self.idp, "/token"):
                answers = [pool.submit(b.come_back, back) for b, back in zip(browsers, backs)]
                wait_for(lambda: self.idp.count("/token") == before + 8, 10, "all of them to wait")
                for _ in range(20):
                    self.assertEqual(watch.get("/api/v1/activities").status_code, 200)
                self.assertFalse(any(a.done() for a in answers))
            self.assertEqual({a.result().status_code for a in answers}, {503})
        self.assertEqual(self.browser().sign_in().status_code, 200)

    def test_a_provider_that_never_answers_is_given_up(self):
        with Hold(self.idp, "/token"):
            self.refused(None, 503)

    def test_new_keys_are_fetched_once(self):
        idp = self.idp
        old, new = idp.key, Key(self.folder, "k2")
        self.ready(self.renew().count("event=signin.ready"))
        try:
            idp.key, idp.published = new, [new]
            before = idp.count("/keys")
            self.assertEqual(self.browser().sign_in().status_code, 200)
            self.assertEqual(idp.count("/keys"), before + 1)
            idp.token = Key(self.folder, "k3").token
            self.refused("unknown-key")
            self.assertEqual(idp.count("/keys"), before + 1)  # not for each that comes
        finally:
            idp.key, idp.published = old, [old]
            self.ready(self.renew().count("event=signin.ready"))

    def test_the_role_may_die(self):
        [pid] = self.gateway.roles("idp")
        ready = self.gateway.log().count("event=signin.ready")
        browser = self.browser()
        browser.sign_in()
        with Hold(self.idp, "/token") as held:
            other = self.browser()
            back = other.visit(other.begin())
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                answer = pool.submit(other.come_back, back)
                self.assertTrue(held.arrived.wait(30))
                os.kill(pid, signal.SIGKILL)
                self.refused(None, 503, other, answer.result())
        self.assertIsNotNone(browser.session())
        self.ready(ready)
        self.assertEqual(self.browser().sign_in().status_code, 200)


class RealBrowser(SsoTest):
    def see(self, scenario):
        given = {"url": f"https://127.0.0.1:{self.gateway.console_port}", "ca": [str(self.gateway.ca), str(certs() / "root.pem")],
                 "idp": self.idp.issuer}
        done = subprocess.run(["node", HERE / "console.js", scenario, json.dumps(given)], cwd=HERE, capture_output=True, text=True, timeout=180)
        self.assertEqual(done.returncode, 0, done.stderr[-4000:])
        return json.loads(done.stdout.splitlines()[-1])

    def setUp(self):
        super().setUp()
        self.idp.asks = True
        self.browser()  # the console knows the way

    def test_a_person_signs_in_and_out(self):
        seen = self.see("sso")
        self.assertEqual(seen["found"], {"light": [], "dark": []})
        self.assertEqual(seen["focused"], "Sign in with Corp")
        self.assertIn("ana@corp.example", seen["menu"])
        self.assertIn("analyst", seen["menu"])
        self.assertEqual(seen["out"], "Signed out of Corp")

    def test_who_has_no_role_is_told_what_to_do(self):
        self.idp.person["groups"] = []
        seen = self.see("ssoRefused")
        self.assertEqual(seen["found"], [])
        self.assertIn("Ask its administrator", seen["text"])
        self.assertIn("Sign in again", seen["links"])


class Settings(SsoTest):
    """Elliptic keys, a name that is no address, a default role, other domains, no passwords."""
    kind = "EC"
    more = ", name_claim: upn, role_claim: realm/roles, default_role: auditor, domains: [corp.example], local_login: off"

    def setUp(self):
        super().setUp()
        self.idp.person = {"sub": "u-ana", "upn": "Ana@CORP.example", "realm": {"roles": ["dlp-admins"]}}

    def test_reloads_end_sessions_that_came_by_other_settings(self):
        text = self.gateway.config.read_text()
        browser = self.browser()
        self.assertEqual(browser.sign_in().status_code, 200)
        self.assertEqual(browser.session()["role"], "administrator")
        in_use = lambda: self.gateway.log().count("reload.in_use")  # noqa: E731
        before = in_use()
        self.gateway.signal(signal.SIGHUP)
        wait_for(lambda: in_use() > before, 60, "the reload")
        self.assertIsNotNone(browser.session())
        self.gateway.config.write_text(text.replace("dlp-admins: administrator", "dlp-admins: analyst"))
        try:
            self.gateway.signal(signal.SIGHUP)
            wait_for(lambda: in_use() > before + 1, 60, "the reload")
            self.assertIsNone(browser.session())
        finally:
            self.gateway.config.write_text(text)
            self.gateway.signal(signal.SIGHUP)
            wait_for(lambda: in_use() > before + 2, 60, "the reload")

    def test_people_without_a_value_have_the_default_role(self):
        self.idp.person["realm"] = {"roles": ["x"]}
        browser = self.browser()
        self.assertEqual(browser.sign_in().status_code, 200)
        self.assertEqual((browser.session()["user"], browser.session()["role"]), ("ana@corp.example", "auditor"))
        [record] = wait_for(lambda: browser.items("audit", activity="console.login.succeeded", limit=1), 10, "the record")
        self.assertEqual(record["actor"]["user"], "ana@corp.example")

    def test_other_domains_are_not_let_in(self):
        for name in ("ana@evil.example", "ana@corp.example.evil.example", "ana", "ana@xcorp.example"):
            self.idp.person["upn"] = name
            browser = self.browser()
            self.assertEqual(browser.sign_in().status_code, 403)
            self.assertIsNone(browser.session())

    def test_there_are_no_passwords(self):
        form = Browser(self.gateway, self.idp).get("/login")
        self.assertNotIn("password", form.text.split("</head>")[1])
        self.assertIn("Sign in with Corp", form.text)
        name, password = (self.gateway.data / "admin.initial").read_text().split()
        answer = Browser(self.gateway, self.idp).login(name, password)
        self.assertEqual((answer.status_code, answer.json()["error"]), (403, "passwords"))


class PublicAddress(SsoTest):
    """console.url: the way there begins at the name that the provider leads back to."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.gateway.write_config(f"console: {{url: \"https://localhost:{cls.gateway.console_port}\"}}\n" + cls.idp.settings())
        cls.gateway.signal(signal.SIGHUP)
        wait_for(lambda: "event=reload.in_use" in cls.gateway.log(), 60, "the reload")

    def test_the_browser_is_led_there_first(self):
        public = f"https://localhost:{self.gateway.console_port}"
        browser = self.browser()
        first = browser.begin(START + "?next=/health")
        self.assertEqual(first, f"{public}{START}?here=1&next=%2Fhealth")
        # The certificate is of the address; what a name server says is not what is tested.
        ask = lambda: browser.get(START + "?here=1&next=/health", headers={"Host": f"localhost:{self.gateway.console_port}"})  # noqa: E731
        answer = wait_for(lambda: (lambda a: a if a.status_code == 303 else None)(ask()), 20, "the way to the provider")
        self.assertEqual(query_of(answer.headers["Location"])["redirect_uri"], public + BACK)


class Check(TellingTest):
    def check(self, oidc, more=""):
        with tempfile.TemporaryDirectory() as folder:
            gateway = Gateway(pathlib.Path(folder), {}, f"oidc: {{{oidc}}}\n{more}")
            done = subprocess.run([BINARY, "check", "-c", gateway.config], capture_output=True, text=True, timeout=120)
            return done.returncode, done.stderr

    def test_mistakes_are_named(self):
        good = "issuer: \"https://idp.example\", client_id: x, default_role: analyst"
        self.assertEqual(self.check(good)[0], 0)
        for oidc, word in (("issuer: \"http://idp.example\", client_id: x, default_role: analyst", "oidc.issuer must be https"),
                           ("issuer: \"https://idp.example\", default_role: analyst", "client_id"),
                           ("issuer: \"https://idp.example\", client_id: x", "nobody could sign in"),
                           (good + ", scopes: [email]", "openid"), (good + ", roles: {a: king}", "must map to analyst"),
                           (good + ", roles: {a: proxy}", "must map to analyst"), (good + ", domains: [\"a@b\"]", "is no domain"),
                           (good + ", secret_file: a, secret_env: b", "not both"), (good + ", ca_file: nothing.pem", "nothing.pem"),
                           (good + ", ca_file: promptgate.yaml", "no certificate"), (good + ", local_login: maybe", "local_login"),
                           ("local_login: off", "needs an issuer")):
            with self.subTest(oidc):
                status, said = self.check(oidc)
                self.assertEqual(status, 2)
                self.assertIn(word, said)
        self.assertIn("console.url must be", self.check(good, "console: {url: \"https://x/y\"}")[1])
        status, said = self.check(good + ", secret_file: missing.secret")
        self.assertEqual(status, 0)
        self.assertIn("note: the client's secret", said)


if __name__ == "__main__":
    unittest.main()
