"""Nothing secret of a sign-in is told or kept, and the policy decides where one
would be complete (facts/openai-admin.md §2.2): by replay (the calls are those of
replay_signin.py), and live, over connections that stay open."""
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest
from urllib.parse import urlencode

import replay_signin
from exchanges import har
from gateway import BINARY, CARD, ROOT, wait_for
from planted import SECONDS, Searched, packed
from replay_cases import CASES

HERE = pathlib.Path(__file__).resolve().parent
COOKIE = "__Secure-next-auth.session-token"


def replay(entries, policy=None):
    with tempfile.TemporaryDirectory(prefix="pg-signin-") as folder:
        conf = pathlib.Path(folder) / "conf"
        shutil.copytree(ROOT / "conf", conf)
        if policy:
            (conf / "policy.yaml").write_text(policy)
        capture = pathlib.Path(folder) / "a.har"
        capture.write_text(json.dumps(har(entries)))
        done = subprocess.run([BINARY, "replay", "-c", conf / "promptgate.yaml", capture],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, check=True)
        return done.stdout.decode(), done.stderr.decode()


def rule(text):
    return "rules:\n  - name: personal\n    when: {" + text + "}\n    verdict: block\n"


class SignIn(unittest.TestCase):
    def test_no_secret_is_told(self):
        entries = []
        for name, make in CASES:
            if name.startswith("sign"):
                entries += make()[0]
        sent = json.dumps(entries)
        out, log = replay(entries)
        for secret in [*replay_signin.SECRETS, "sess-Planted"]:
            self.assertIn(secret, sent)
            self.assertNotIn(secret, out + log)

    def test_an_account_may_not_sign_in(self):
        b = replay_signin.Browser("me@mail.example").begin().types().password().back()
        out, _ = replay(b.entries, rule('activity: login.succeeded, user: "*@mail.example"'))
        told = [json.loads(line) for line in out.splitlines()]
        self.assertEqual([(a["activity"], a["verdict"], a["outcome"], a["rule"], a["http"]["path"]) for a in told],
                         [("login.failed", "block", "failure", "personal", "/api/auth/callback/openai")])

    def test_a_rule_about_failures_stops_nobody(self):
        b = replay_signin.Browser("me@corp.example").begin().types().password().back()
        out, _ = replay(b.entries, rule("activity: login.failed"))
        told = [json.loads(line) for line in out.splitlines()]
        self.assertEqual([(a["activity"], a["verdict"]) for a in told], [("login.succeeded", "allow")])


def planted(name):
    return hashlib.sha256(("planted " + name).encode()).hexdigest()


def made(name):
    """As tests/standin/signin.js makes it."""
    return "planted-" + hashlib.sha256(b"secret of " + name.encode()).hexdigest()


class Caller:
    """calls.js: one client whose connections stay open until it is closed."""

    def __init__(self, gateway, version):
        self.process = subprocess.Popen(
            ["node", HERE / "calls.js", f"http://127.0.0.1:{gateway.proxy_port}", gateway.ca, version],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, who, method, url, body=None, **headers):
        host, _, path = url.removeprefix("https://").partition("/")
        call = {"who": who, "host": host, "method": method, "path": "/" + path, "body": body,
                "headers": {name.replace("_", "-"): value for name, value in headers.items()}}
        self.process.stdin.write(json.dumps(call) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        if self.process.returncode is None:
            self.process.stdin.close()
            self.process.stdout.close()
            self.process.wait(SECONDS)


class Person:
    """Somebody at a browser: each call with the cookies that were set."""

    def __init__(self, caller, name):
        self.caller, self.name, self.mail, self.session = caller, name, f"{name}@corp.example", ""
        self.sent = []  # what must not be found

    def call(self, method, url, body=None, form=None, wanted=200):
        cookie = f"oai-did={self.name}" + (f"; {COOKIE}={self.session}" if self.session and "chatgpt" in url else "")
        kind = "application/x-www-form-urlencoded" if form else "application/json"
        text = urlencode(form) if form else json.dumps(body) if body is not None else None
        got = self.caller(self.name, method, url, text, cookie=cookie, **({"content_type": kind} if text else {}))
        assert got["status"] == wanted, (url, got)
        return got

    def accounts(self, path, body, **more):
        return self.call("POST", replay_signin.ACCOUNTS + path, body, **more)

    def secret(self, kind):
        self.sent.append(planted(f"{kind} of {self.name}"))
        return self.sent[-1]

    def begin(self):
        chat = replay_signin.CHAT + "/api/auth"
        self.sent.append(made("csrf " + self.name))
        token = json.loads(self.call("GET", chat + "/csrf")["body"])["csrfToken"]
        self.call("POST", chat + "/signin/openai", form={"csrfToken": token, "json": "true"})
        self.call("GET", replay_signin.ACCOUNTS + "/authorize?state=" + self.name, wanted=302)
        self.accounts("/authorize/continue", {"username": {"kind": "email", "value": self.mail}})
        return self

    def types(self, path, key, word, kind, **more):
        secret = word + self.secret(kind) + (CARD if kind == "password" else "")
        self.sent.append(made("ticket " + secret))
        return self.accounts(path, {key: secret}, **more)

    def asserts(self):
        self.call("POST", replay_signin.SSO + "/sso/saml/acs/conn-1", form={"SAMLResponse": self.secret("assertion")},
                  wanted=302)

    def back(self):
        got = self.call("GET", f"{replay_signin.CHAT}/api/auth/callback/openai?code={self.secret('grant')}&state={self.name}",
                        wanted=302)
        cookies = got["headers"]["set-cookie"]
        self.session = (cookies if isinstance(cookies, str) else cookies[0]).split(";")[0].split("=", 1)[1]
        assert self.session == made("session " + self.name)
        session = json.loads(self.call("GET", replay_signin.CHAT + "/api/auth/session")["body"])
        assert session["user"]["email"] == self.mail

    def to_the_platform(self):
        code = f"{self.mail}~{self.secret('platform grant')}"
        self.sent += [made(f"{kind} {code}") for kind in ("grant", "refresh")] + [made("id " + self.mail), made("onboarding")]
        got = self.call("POST", replay_signin.AUTH + "/oauth/token", form={"grant_type": "authorization_code", "code": code,
                                                                           "code_verifier": self.secret("verifier")})
        assert made("refresh " + code) in got["body"]
        self.call("POST", replay_signin.PLATFORM + "/dashboard/onboarding/login", {})

    def leaves(self, query=""):
        self.call("POST", replay_signin.CHAT + "/api/auth/signout" + query, form={"csrfToken": self.secret("csrf")},
                  wanted=500 if query else 200)
        if not query:
            self.call("POST", replay_signin.ACCOUNTS + "/logout", {})


@unittest.skipUnless(os.geteuid() == 0, "reads the memory of other processes")
class SignInLive(Searched):
    """Every way in and out, over each protocol; what was typed is nowhere."""
    hosts = (*Searched.hosts, "auth.openai.com:443", "external.auth.openai.com:443", "auth0.openai.com:443")

    def signs_in(self, caller, version):
        """Everybody, and what is told of each: [(name, activity, method, error code)]."""
        people, told = [], []

        def person(kind, *expected):
            people.append(Person(caller, f"{kind}{version}"))
            told.extend((people[-1].mail, *e) for e in expected)
            return people[-1].begin()
        p = person("password", ("login.succeeded", "password", None), ("logout.succeeded", None, None))
        p.types("/password/verify", "password", "Right-", "password")
        p.back()
        p.leaves()
        p = person("mfa", ("login.succeeded", "mfa", None))
        p.types("/password/verify", "password", "Right-", "password")
        p.types("/mfa/verify", "code", "", "totp")
        p.back()
        p = person("otp", ("login.succeeded", "otp", None), ("logout.failed", None, None))
        p.types("/email-otp/validate", "code", "", "code")
        p.back()
        p.leaves("?fail=500")
        p = person("sso", ("login.succeeded", "sso", None))
        p.asserts()
        p.back()
        p = person("wrong", ("login.failed", "password", "invalid_username_or_password"))
        p.types("/password/verify", "password", "Wrong-", "password", wanted=401)
        p = person("challenged")
        p.types("/password/verify", "password", "Challenge-", "password")
        p = person("registers")  # no route of its own: passes unread
        p.accounts("/user/register", {"username": p.mail, "password": p.secret("password")})
        p = person("platform", ("login.succeeded", "oauth", None))
        p.to_the_platform()
        # Nothing follows it that would take its place in a buffer of heads.
        p.call("GET", f"{replay_signin.ACCOUNTS}/authorize?state={p.secret('state')}", wanted=302)
        return people, told

    def told(self):
        return sorted(((a["actor"].get("account"), a["activity"], a.get("details", {}).get("method"),
                        a.get("details", {}).get("error_code")) for a in self.gateway.activities("--since", "1h")), key=str)

    def test_a_step_counts_before_its_answer_has_ended(self):
        caller = Caller(self.gateway, "1")
        self.addCleanup(caller.close)
        p = Person(caller, "hurry").begin()
        p.types("/password/verify", "password", "Right-", "password")
        steps = len(self.standin.seen())
        slow = subprocess.Popen(["curl", "-sN", "--cacert", self.gateway.ca, "-x", f"http://127.0.0.1:{self.gateway.proxy_port}",
                                 "-H", "content-type: application/json", "-H", "cookie: oai-did=hurry", "-d",
                                 '{"code": "Slow-1"}', replay_signin.ACCOUNTS + "/mfa/verify"], stdout=subprocess.DEVNULL)
        try:
            wait_for(lambda: len(self.standin.seen()) > steps, SECONDS, "the step at the service")
            p.back()
        finally:
            slow.kill()
            slow.wait()

        def of_hers():
            return [t for t in self.told() if t[:2] == (p.mail, "login.succeeded")]
        wait_for(of_hers, SECONDS, "a login")
        self.assertEqual(of_hers(), [(p.mail, "login.succeeded", "mfa", None)])

    def test_each_is_told_once_and_no_secret_stays_anywhere(self):
        people, expected = [], []
        callers = [Caller(self.gateway, version) for version in ("1", "2")]
        for caller, version in zip(callers, ("1", "2")):
            self.addCleanup(caller.close)
            more_people, more = self.signs_in(caller, version)
            people += more_people
            expected += more
        expected.sort(key=str)

        def told():  # but of the other test
            return [t for t in self.told() if t[0] != "hurry@corp.example"]
        try:  # what is taken back is there until it is
            wait_for(lambda: told() == expected, SECONDS, "what is told")
        except AssertionError:
            self.assertEqual(told(), expected)
        self.assertTrue(self.places([b"/api/accounts/password/verify"]), "what may be kept is found")
        self.check_nowhere([s.encode() for p in people for s in p.sent])
        in_paths = [planted(f"grant of {p.name}") for p in people if p.session] + [planted(f"state of platform{v}") for v in "12"]
        self.check_nowhere([part for digest in in_paths for part in packed(digest)])
        # A session's cookie is in the table of heads of whoever is connected by HTTP/2, and of nobody else.
        sessions = [p.session.removeprefix("planted-") for p in people if p.session]
        needles = [form for s in sessions for form in (s.encode(), *packed(s))]
        self.check_nowhere(needles, but=["worker"])
        for caller in callers:
            caller.close()
        self.check_nowhere(needles)


class NoCoreFile(Searched):
    """A role that crashes while a password is with it leaves no core file, wherever those are allowed."""
    hosts = SignInLive.hosts
    prefix = ("prlimit", "--core=unlimited:unlimited")

    def crash(self, pid):
        """The core files that lie where a process worked, after a signal whose default is to write one (and that the
        roles' own crashes, which fail any test, do not end by)."""
        folder = pathlib.Path(f"/proc/{pid}/cwd").resolve()
        os.kill(pid, signal.SIGTRAP)
        wait_for(lambda: self.gateway.process.poll() is not None or not pathlib.Path(f"/proc/{pid}").exists(), SECONDS,
                 "the crash")
        return [p for p in folder.glob("core*") if p.is_file()]

    def other_crash(self):
        """Whether this machine writes them at all: as any other program does."""
        with tempfile.TemporaryDirectory(prefix="pg-core-") as folder:
            other = subprocess.Popen([*self.prefix, "sleep", "60"], cwd=folder)
            wait_for(lambda: pathlib.Path(f"/proc/{other.pid}/comm").read_text() == "sleep\n", SECONDS, "sleep")
            os.kill(other.pid, signal.SIGTRAP)
            other.wait(SECONDS)
            return list(pathlib.Path(folder).glob("core*"))

    @unittest.skipUnless(os.geteuid() == 0, "raises the limit of core files")
    def test_no_role_that_crashes_leaves_one(self):
        if not self.other_crash():
            self.skipTest("core files go elsewhere here (kernel.core_pattern)")
        caller = Caller(self.gateway, "1")
        self.addCleanup(caller.close)
        Person(caller, "crashing").begin().types("/password/verify", "password", "Right-", "password")
        for pid, role in self.gateway.roles().items():
            self.assertEqual(self.crash(pid), [], role)
        wait_for(lambda: self.gateway.is_ready(), SECONDS, "the roles to be back")
        self.assertEqual(self.crash(self.gateway.process.pid), [], "parent")


if __name__ == "__main__":
    unittest.main()
