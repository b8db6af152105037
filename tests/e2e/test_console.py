"""The console's server: who may come in, what each filter shows, numbers,
exports, the stream, what is recorded of it, and hostile input."""
import csv
import html
import io
import json
import queue
import re
import socket
import ssl
import subprocess
import threading
import time
import urllib.parse

import requests

from console_client import OPENAPI, Console, add_user
from gateway import BINARY, CARD, GUARD_SECONDS, GatewayTest, ROOT, wait_for

PASSWORD = "correct horse battery"
HOSTILE = "<script>alert(1)</script>\"'`--;${7*7}"


def login(console, user="admin", password="wrong", **more):
    return console.login(user, password, **more)


class Access(GatewayTest):
    """Logins, sessions, tokens, headers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin_name, cls.admin_password = (cls.gateway.data / "admin.initial").read_text().split()
        for role in ("analyst", "investigator", "auditor", "proxy", "administrator"):
            add_user(cls.gateway, f"{role}@example.com", role, PASSWORD)

    def console(self, role=None):
        return Console(self.gateway, f"{role}@example.com", PASSWORD) if role else Console(self.gateway, "")

    def token(self, user):
        reads = self.gateway.log().count("console.logins")
        done = subprocess.run([BINARY, "user", "token", user, "-c", self.gateway.config], capture_output=True,
                              text=True, check=True)
        wait_for(lambda: self.gateway.log().count("console.logins") > reads, 10, "the token to be read")
        return re.search(r"pgt_[0-9a-f]{64}", done.stdout)[0]

    def test_a_stranger_sees_the_login_page_and_nothing_else(self):
        stranger = self.console()
        page = stranger.get("/")
        self.assertEqual((303, "/login"), (page.status_code, page.headers["Location"]))
        self.assertEqual("/login?next=/activities", stranger.get("/activities").headers["Location"])
        self.assertEqual("/login", stranger.get("/activities?q=" + "a" * 2000).headers["Location"])
        form = stranger.get("/login")
        self.assertEqual(200, form.status_code)
        for name in ("username", "password"):
            self.assertIn(f'name="{name}"', form.text)
        self.assertEqual(200, stranger.get("/static/public/login.css").status_code)
        for path in ("/static/index.html", "/static/openapi.yaml", "/static/public/../index.html", "/index.html", "/metrics"):
            self.assertIn(stranger.get(path).status_code, (303, 404), path)
        for path in ("activities", "activities.csv", "activities/x", "services", "stats", "stream", "session", "health",
                     "audit", "openapi.yaml", "conversations/x", "nothing"):
            answer = stranger.get("/api/v1/" + path)
            self.assertEqual((401, "login"), (answer.status_code, answer.json()["error"]), path)

    def test_the_initial_password_works_once_and_its_file_goes(self):
        console = self.console()
        answer = console.http.post(console.base + "/login", allow_redirects=False,
                                   data={"username": self.admin_name, "password": self.admin_password, "next": "/services"})
        self.assertEqual((303, "/services"), (answer.status_code, answer.headers["Location"]))
        cookie = answer.headers["Set-Cookie"]
        for part in ("__Host-promptgate=", "Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
            self.assertIn(part, cookie)
        wait_for(lambda: not (self.gateway.data / "admin.initial").exists(), 5, "admin.initial to go")
        self.assertEqual("administrator", console.get("/api/v1/session").json()["role"])
        self.assertEqual(200, console.get("/").status_code)

    def test_a_login_leads_to_the_whole_address_that_was_asked_for(self):
        for address in ("/activities", "/activities?since=1h&verdict=block", "/activities?q=K%C3%A4se%20%22a%26b%3D%25%22&user=a%23b",
                        "/activities?q=" + urllib.parse.quote(HOSTILE, safe="")):
            console = self.console()
            place = console.get(address).headers["Location"]
            self.assertTrue(place.startswith("/login?next=/activities"), place)
            form = console.get(place)
            target = html.unescape(re.search(r'name="next" value="([^"]*)"', form.text)[1])
            answer = console.post("/login", data={"username": "analyst@example.com", "password": PASSWORD, "next": target})
            self.assertEqual(303, answer.status_code)
            self.assertEqual(*[(u.path, urllib.parse.parse_qsl(u.query)) for u in
                               map(urllib.parse.urlsplit, (address, answer.headers["Location"]))])

    def test_next_leads_nowhere_else(self):
        for target in ("//evil.example", "https://evil.example/", "/\\evil.example", "/a\r\nX-Injected: 1", "javascript:1"):
            answer = self.console().http.post(
                self.console().base + "/login", allow_redirects=False, verify=str(self.gateway.ca),
                data={"username": "analyst@example.com", "password": PASSWORD, "next": target})
            self.assertEqual((303, "/"), (answer.status_code, answer.headers["Location"]), target)
            self.assertNotIn("X-Injected", answer.headers)

    def test_every_answer_has_its_guards(self):
        console = self.console("analyst")
        for path in ("/", "/login", "/api/v1/activities", "/api/v1/nothing", "/static/public/login.css"):
            for who in (console, self.console()):
                headers = who.get(path).headers
                policy = headers["Content-Security-Policy"]
                self.assertIn("default-src 'none'", policy)
                self.assertIn("frame-ancestors 'none'", policy)
                self.assertNotIn("unsafe", policy)
                self.assertEqual("nosniff", headers["X-Content-Type-Options"])
                if "static" not in path and path != "/":
                    self.assertEqual("no-store", headers["Cache-Control"])

    def test_files_come_packed_for_whoever_takes_that(self):
        console = self.console("analyst")
        path = "/static/js/activities.js"
        plain = console.get(path, headers={"Accept-Encoding": "identity"})
        packed = console.get(path, headers={"Accept-Encoding": "br, gzip"})
        self.assertEqual((None, "gzip"), tuple(a.headers.get("Content-Encoding") for a in (plain, packed)))
        self.assertEqual((ROOT / "console" / path[1:]).read_bytes(), plain.content)
        self.assertEqual(plain.content, packed.content)
        self.assertLess(int(packed.headers["Content-Length"]), len(plain.content) // 2)
        self.assertNotEqual(plain.headers["ETag"], packed.headers["ETag"])
        again = console.get(path, headers={"Accept-Encoding": "gzip", "If-None-Match": packed.headers["ETag"]})
        self.assertEqual((304, b""), (again.status_code, again.content))
        self.assertNotIn("Content-Encoding", console.get(path, headers={"Accept-Encoding": "gzip;q=0"}).headers)

    def test_a_proxy_login_is_none_of_the_console(self):
        self.assertEqual(401, login(self.console(), "proxy@example.com", PASSWORD).status_code)

    def test_f52_failures_lock_out_for_a_while(self):
        console = self.console()
        for _ in range(5):
            self.assertEqual(401, login(console, "auditor@example.com").status_code)
        answer = login(console, "auditor@example.com", PASSWORD)
        self.assertEqual((429, "locked"), (answer.status_code, answer.json()["error"]))
        self.assertGreater(int(answer.headers["Retry-After"]), 10)
        # Somebody else from the same address still may.
        self.assertEqual(200, login(console, "investigator@example.com", PASSWORD).status_code)

    def test_f52_changes_need_the_token_of_the_session(self):
        console = self.console("analyst")
        other = self.console("investigator")
        for headers in ({}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": other.csrf}, {"X-CSRF-Token": console.csrf[:-1]},
                        {"X-CSRF-Token": console.csrf, "Origin": "https://evil.example"},
                        {"X-CSRF-Token": console.csrf, "Origin": "null"}):
            answer = console.post("/api/v1/logout", headers=headers)
            self.assertEqual((403, "csrf"), (answer.status_code, answer.json()["error"]), headers)
        self.assertEqual(204, console.post("/api/v1/logout", headers={
            "X-CSRF-Token": console.csrf, "Origin": console.base}).status_code)
        self.assertEqual(401, console.get("/api/v1/session").status_code)

    def test_a_login_from_another_site_is_refused(self):
        answer = self.console().login("analyst@example.com", PASSWORD)
        self.assertEqual(200, answer.status_code)
        console = self.console()
        answer = console.post("/login", data={"username": "analyst@example.com", "password": PASSWORD},
                              headers={"Origin": "https://evil.example", "Accept": "application/json"})
        self.assertEqual(403, answer.status_code)

    def test_an_old_cookie_is_worth_nothing_after_logout(self):
        console = self.console("analyst")
        cookie = {"Cookie": "__Host-promptgate=" + console.http.cookies["__Host-promptgate"]}
        self.assertEqual(200, self.console().get("/api/v1/session", headers=cookie).status_code)
        console.post("/api/v1/logout", headers={"X-CSRF-Token": console.csrf})
        self.assertEqual(401, self.console().get("/api/v1/session", headers=cookie).status_code)

    def test_a_changed_password_ends_sessions(self):
        add_user(self.gateway, "changing@example.com", "analyst", PASSWORD)
        console = Console(self.gateway, "changing@example.com", PASSWORD)
        self.assertEqual(200, console.get("/api/v1/session").status_code)
        subprocess.run([BINARY, "user", "passwd", "changing@example.com", "--password-stdin", "-c", self.gateway.config],
                       input=b"another horse battery\n", check=True, stdout=subprocess.DEVNULL)
        wait_for(lambda: console.get("/api/v1/session").status_code == 401, 10, "the session to end")

    def test_tokens_open_the_api_and_end_with_their_login(self):
        add_user(self.gateway, "robot@example.com", "analyst", PASSWORD)
        token = self.token("robot@example.com")
        robot = Console(self.gateway, token=token)
        session = robot.get("/api/v1/session").json()
        self.assertEqual(("robot@example.com", "analyst", ""), (session["user"], session["role"], session["csrf"]))
        self.assertEqual(200, robot.get("/api/v1/activities").status_code)
        self.assertEqual(401, Console(self.gateway, token=token[:-1] + "x").get("/api/v1/session").status_code)
        proxy = self.token("proxy@example.com")
        self.assertEqual(401, Console(self.gateway, token=proxy).get("/api/v1/session").status_code)
        subprocess.run([BINARY, "user", "remove", "robot@example.com", "-c", self.gateway.config], check=True,
                       stdout=subprocess.DEVNULL)
        wait_for(lambda: robot.get("/api/v1/session").status_code == 401, 10, "the token to end")

    def test_roles_see_what_they_may(self):
        rights = {"analyst": ["view", "triage"], "investigator": ["view", "content", "evidence", "triage"],
                  "administrator": ["view", "content", "evidence", "audit", "triage", "modes"]}
        for role, expected in rights.items():
            console = self.console(role)
            self.assertEqual(expected, console.get("/api/v1/session").json()["rights"])
            self.assertEqual(200, console.get("/api/v1/activities").status_code)
            self.assertEqual(200 if "audit" in expected else 403, console.get("/api/v1/audit").status_code, role)
            answer = console.get("/api/v1/activities/00000000-0000-7000-8000-000000000000", params={"content": 1})
            self.assertEqual(404 if "content" in expected else 403, answer.status_code, role)
            answer = console.get("/api/v1/activities/00000000-0000-7000-8000-000000000000/evidence")
            self.assertEqual(404 if "evidence" in expected else 403, answer.status_code, role)

    def test_foreign_names_are_refused(self):
        console = self.console("analyst")
        key = "__Host-promptgate=" + console.http.cookies["__Host-promptgate"]
        for host in ("evil.example", "evil.example:8443", "127.0.0.1.evil.example", "localhost:99999", "", "a@localhost"):
            self.assertIn(console.get("/api/v1/session", headers={"Host": host}).status_code, (400, 421), host)
        for host in (f"localhost:{self.gateway.console_port}", "LOCALHOST", "[::1]:8443", "10.1.2.3:8443"):
            answer = self.console().get("/api/v1/session", headers={"Host": host, "Cookie": key})
            self.assertEqual(200, answer.status_code, host)

    def test_f52_methods_and_sizes_are_bounded(self):
        console = self.console("analyst")
        key = {"X-CSRF-Token": console.csrf}
        self.assertEqual(405, console.http.request("PUT", console.base + "/api/v1/activities", headers=key).status_code)
        self.assertEqual(405, console.http.delete(console.base + "/api/v1/logout", headers=key).status_code)
        self.assertEqual(413, console.http.post(console.base + "/login", data=b"x" * 100000).status_code)
        self.assertEqual(400, console.get("/api/v1/activities?" + "&".join(["user=a"] * 300)).status_code)
        self.assertEqual(400, console.get("/api/v1/activities?" + "&".join(["user=a"] * 40)).status_code)
        self.assertEqual(400, console.get("/api/v1/activities", params={"user": "a" * 1000}).status_code)
        for bad in ({"limit": 0}, {"limit": 1001}, {"limit": "x"}, {"cursor": "x"}, {"since": "yesterday"},
                    {"user": b"\xff"}):
            self.assertEqual(400, console.get("/api/v1/activities", params=bad).status_code, bad)
        for bad in ({"by": "user"}, {"buckets": 501}, {"day_begins": 1440}, {"facet": "nothing"}, {"top": 0}):
            self.assertEqual(400, console.get("/api/v1/stats", params=bad).status_code, bad)

    def raw_answer(self, request):
        """All that comes until the console closes or says nothing for two seconds."""
        context = ssl.create_default_context(cafile=str(self.gateway.ca))
        with socket.create_connection(("127.0.0.1", self.gateway.console_port), 10) as raw:
            with context.wrap_socket(raw, server_hostname="127.0.0.1") as tls:
                tls.settimeout(2)
                tls.sendall(request)
                answer = b""
                try:
                    while piece := tls.recv(65536):
                        answer += piece
                except ssl.SSLEOFError:
                    pass
                except TimeoutError:
                    return answer, False
                return answer, True

    def test_f52_ambiguous_framing_is_refused_and_closed(self):
        behind = b"GET /api/v1/session HTTP/1.1\r\nHost: localhost\r\n\r\n"
        for fields in (b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", b"Content-Length: 0\r\nContent-Length: 5\r\n",
                       b"Transfer-Encoding: xchunked\r\n", b"Transfer-Encoding: gzip, chunked\r\n",
                       b"Host: other.example\r\n"):
            answer, is_closed = self.raw_answer(b"POST /login HTTP/1.1\r\nHost: localhost\r\n" + fields + b"\r\n" + behind)
            self.assertTrue(answer.startswith(b"HTTP/1.1 400 "), (fields, answer[:100]))
            self.assertEqual(1, answer.count(b"HTTP/1.1 "), fields)
            self.assertTrue(is_closed, fields)

    def test_f52_a_path_does_not_end_at_an_escaped_nul(self):
        key = "; ".join(f"{name}={value}" for name, value in self.console("analyst").http.cookies.items()).encode()
        for path, status in ((b"/api/v1/session", b"200"), (b"/api/v1/session%00", b"404"), (b"/api/v1/session%00.js", b"404")):
            answer, _ = self.raw_answer(b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nCookie: " + key + b"\r\n\r\n")
            self.assertTrue(answer.startswith(b"HTTP/1.1 " + status), (path, answer[:100]))

    def test_garbage_on_the_wire_harms_nobody(self):
        context = ssl.create_default_context(cafile=str(self.gateway.ca))
        for garbage in (b"\0" * 100, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET /%00%ff%zz?a=%&%=b HTTP/1.1\r\nHost: localhost\r\n\r\n",
                        b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n",
                        b"POST /login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
                        b"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: " + b"a=b;" * 20000 + b"\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", self.gateway.console_port), 10) as raw:
                with context.wrap_socket(raw, server_hostname="127.0.0.1") as tls:
                    tls.settimeout(10)
                    try:
                        tls.sendall(garbage)
                        tls.recv(4096)
                    except (OSError, ssl.SSLError):
                        pass
        self.assertEqual(200, self.console("analyst").get("/api/v1/session").status_code)

    def test_f52_many_at_once_are_answered_or_told_to_wait(self):
        consoles = [self.console("analyst") for _ in range(4)]
        seen = queue.Queue()

        def ask(console):
            for _ in range(10):
                seen.put(console.http.get(console.base + "/api/v1/stats?facet=all", timeout=30).status_code)
        threads = [threading.Thread(target=ask, args=(c,)) for c in consoles]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual({200}, {seen.get() for _ in range(40)})

    def test_what_was_done_is_recorded(self):
        login(self.console(), "nobody-" + HOSTILE, "secret password")
        login(self.console(), "administrator@example.com", "secret password")
        console = self.console("administrator")
        records = wait_for(lambda: [r for r in console.items("audit", limit=200)
                                    if r["activity"] == "console.login.failed"], 5, "the audit")
        self.assertNotIn("secret password", json.dumps(records))
        self.assertNotIn("nobody-", json.dumps(records))  # it may be a password in the wrong field
        mine = console.items("audit", user="administrator@example.com")
        self.assertIn("console.login.succeeded", {r["activity"] for r in mine})
        self.assertEqual({"administrator@example.com"}, {r["actor"]["user"] for r in mine})
        self.assertEqual([], console.items("activities", service="promptgate"))
        self.assertNotIn("secret password", self.gateway.log())


class Content(GatewayTest):
    """Lists, filters, numbers, exports and the stream over real traffic."""
    settings = "capture: full"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        t = cls()
        for i in range(4):
            t.send_prompt(f"the weather report number {i}", model="gpt-5")
        t.send_prompt(f"my card {CARD} please")
        t.send_prompt("call DE89 3704 0044 0532 0130 00 Käsebrötchen")
        cls.hostile, _ = t.send_prompt(HOSTILE, model=HOSTILE)
        cls.last, _ = t.send_prompt("the very last one")
        t.activity(cls.last)
        cls.console = Console(cls.gateway)

    def setUp(self):
        def complete():
            found = self.gateway.activities("--since", "1h")
            return found if all(a.get("outcome") for a in found) else None
        self.everything = wait_for(complete, 10, "all to be complete")

    def ids(self, **parameters):
        return sorted(a["id"] for a in self.console.items("activities", limit=1000, **parameters))

    def expect(self, test, **parameters):
        expected = sorted(a["id"] for a in self.everything if test(a))
        self.assertEqual(expected, self.ids(**parameters), parameters)
        return expected

    def test_each_filter_shows_what_it_says(self):
        self.expect(lambda a: True)
        self.assertTrue(self.expect(lambda a: a["activity"] == "prompt.created", activity="prompt.created"))
        self.assertTrue(self.expect(lambda a: a["activity"].startswith("prompt."), activity="prompt.*"))
        self.assertTrue(self.expect(lambda a: True, activity=["prompt.*", "response.*"]))
        self.assertTrue(self.expect(lambda a: a["verdict"] == "block", verdict="block"))
        self.assertTrue(self.expect(lambda a: a["verdict"] in ("block", "alert"), verdict=["block", "alert"]))
        found = lambda a, kind: any(f["type"] == kind for f in a.get("findings", []))
        self.assertTrue(self.expect(lambda a: found(a, "credit-card"), type="credit-card"))
        self.assertTrue(self.expect(lambda a: found(a, "credit-card") or found(a, "iban"), type=["credit-card", "i*"]))
        self.assertTrue(self.expect(lambda a: not a.get("findings"), type="-"))
        self.assertTrue(self.expect(lambda a: any(f["detector"] == "payment-card" for f in a.get("findings", [])), detector="payment-card"))
        self.assertTrue(self.expect(lambda a: a.get("model") == "gpt-5", model="gpt-5"))
        self.assertTrue(self.expect(lambda a: a.get("model") == HOSTILE, model=HOSTILE))
        self.assertTrue(self.expect(lambda a: a["via"] == "inline", via="inline"))
        self.assertEqual([], self.expect(lambda a: False, source="audit-log"))
        self.assertTrue(self.expect(lambda a: True, network="127.0.0.0/8"))
        self.assertTrue(self.expect(lambda a: True, ip="127.*"))
        self.assertEqual([], self.expect(lambda a: False, network="10.0.0.0/8"))
        self.assertTrue(self.expect(lambda a: a["category"] == "Service Usage", category="Service Usage"))
        self.assertTrue(self.expect(lambda a: a["outcome"] == "failure", outcome="failure"))
        self.assertTrue(self.expect(lambda a: a.get("severity") == "high" or any(f["severity"] == "high" for f in a.get("findings", [])),
                                    severity="high"))
        self.assertTrue(self.expect(lambda a: a["actor"].get("user") == "127.0.0.1", user="127.0.0.1"))
        self.assertTrue(self.expect(lambda a: a["http"]["host"] == "chatgpt.com", host="chatgpt.com"))
        self.assertTrue(self.expect(lambda a: not a["actor"].get("workspace"), instance="-"))
        self.assertTrue(self.expect(lambda a: a.get("rule") == "no-payment-cards", rule="no-payment-cards"))
        self.assertTrue(self.expect(lambda a: a["service"] == "chatgpt", service="chatgpt"))
        conversation = next(a["conversation_id"] for a in self.everything if a.get("conversation_id"))
        self.assertTrue(self.expect(lambda a: a.get("conversation_id") == conversation, conversation_id=conversation))
        self.assertEqual([], self.expect(lambda a: False, user="' OR 1=1 --"))
        self.assertEqual([], self.expect(lambda a: False, activity="[a-z]*"))

    def test_times_bound_the_list(self):
        times = sorted(a["time"] for a in self.everything)
        middle = times[len(times) // 2]
        self.expect(lambda a: a["time"] >= middle, since=middle)
        self.expect(lambda a: a["time"] < middle, until=middle)
        self.expect(lambda a: True, since="1h")

    def test_text_is_found_by_words(self):
        def holds(a, *words):
            return all(w.lower() in (a.get("text", {}).get("content") or "").lower() for w in words)
        self.assertEqual(4, len(self.expect(lambda a: holds(a, "weather report"), q="weather report")))
        self.assertEqual(4, len(self.ids(q="repor")))
        self.assertEqual(4, len(self.ids(q='"weather report"')))
        self.assertEqual(0, len(self.ids(q='"report weather"')))
        self.assertEqual(1, len(self.ids(q="kasebrotchen")))
        self.assertEqual(1, len(self.ids(q="weather 3")))
        self.assertEqual(1, len(self.ids(q="alert script 7*7")))
        for odd in ('"', '""', "AND", "NEAR(", "*", "a OR b", "text:weather", "-weather", "^the", "{", "\x00x", "(((((", "'"):
            self.assertEqual(200, self.console.get("/api/v1/activities", params={"q": odd}).status_code, odd)
        self.assertEqual(0, len(self.ids(q="weather NOT weather")))

    def test_words_are_left_out_and_either_of_two_is_found(self):
        def ids(q):
            return set(self.ids(q=q))
        everything, report, three = set(self.ids()), ids("weather report "), ids("weather 3 ")
        self.assertTrue(three < report < everything)
        self.assertEqual(report - three, ids("weather -3"))
        self.assertEqual(report - three, ids('"weather report" NOT 3'))
        self.assertEqual(everything - report, ids("-weather"))
        self.assertEqual(everything - report, ids('NOT "weather report"'))
        self.assertEqual(report | ids("kasebrotchen"), ids("weather OR kasebrotchen "))
        self.assertEqual(three, ids("3 weather OR kasebrotchen "))
        for total in (self.console.get("/api/v1/stats", params={"q": "-weather"}).json()["total"],
                      len(self.export("jsonl", q="-weather").splitlines())):
            self.assertEqual(len(everything - report), total)
        self.assertEqual(400, self.console.get("/api/v1/activities", params={"q": "a OR -b"}).status_code)

    def test_what_is_excluded_is_left_out_everywhere(self):
        blocked = lambda a: a["verdict"] == "block"
        self.assertTrue(self.expect(lambda a: not blocked(a), exclude="verdict:block"))
        self.assertTrue(self.expect(lambda a: not blocked(a) and a["activity"].startswith("prompt."),
                                    exclude=["verdict:block", "activity:response.*"], activity=["prompt.*", "response.*"]))
        self.assertTrue(self.expect(lambda a: a.get("findings"), exclude="type:-"))
        self.assertTrue(self.expect(lambda a: a.get("model") != HOSTILE, exclude="model:" + HOSTILE))
        self.assertEqual([], self.expect(lambda a: False, exclude="ip:127.0.0.0/8"))
        self.assertEqual([], self.expect(lambda a: False, verdict="block", exclude="verdict:block"))
        parameters = {"exclude": "verdict:block", "facet": ["verdict", "activity"]}
        stats = self.console.get("/api/v1/stats", params=parameters).json()
        exported = [json.loads(line) for line in self.export("jsonl", exclude="verdict:block").splitlines()]
        self.assertEqual(len(exported), stats["total"])
        self.assertEqual(len(exported), sum(s["events"] for s in self.console.items("services", exclude="verdict:block")))
        verdicts = {i["value"]: i["count"] for i in stats["facets"]["verdict"]["items"]}
        self.assertEqual(len(self.ids(verdict="block")), verdicts["block"])  # what taking it back would show
        for bad in ("verdict", "verdict:", ":block", "nothing:block", "conversation_id:a"):
            self.assertEqual(400, self.console.get("/api/v1/activities", params={"exclude": bad}).status_code, bad)

    def test_pages_stay_while_new_ones_come(self):
        seen, cursor = [], None
        while True:
            answer = self.console.get("/api/v1/activities", params={"limit": 3, "cursor": cursor}).json()
            seen += [a["id"] for a in answer["items"]]
            cursor = answer["next"]
            if cursor is None:
                break
            if len(seen) == 3:
                message, _ = self.send_prompt("one that comes between two pages")
                self.activity(message)
        known = [a["id"] for a in self.everything]
        self.assertEqual(len(seen), len(set(seen)))
        self.assertEqual(set(known), set(seen) & set(known))

    def test_hostile_text_comes_as_json_text(self):
        answer = self.console.get("/api/v1/activities", params={"q": "script alert", "limit": 1})
        self.assertEqual("application/json", answer.headers["Content-Type"])
        self.assertEqual(HOSTILE, answer.json()["items"][0]["model"])
        stats = self.console.get("/api/v1/stats", params={"facet": "model"}).json()
        self.assertIn(HOSTILE, [i["value"] for i in stats["facets"]["model"]["items"]])
        missing = self.console.get("/" + HOSTILE)
        self.assertEqual(404, missing.status_code)
        self.assertNotIn("<script>", missing.text)
        stranger = Console(self.gateway, "")
        page = stranger.get("/login", params={"next": '"><script>alert(1)</script>'})
        self.assertNotIn("<script>", page.text)

    def test_l2_content_is_given_only_where_asked_and_recorded(self):
        one = next(a for a in self.everything if a.get("message_id") == self.last and a["activity"] == "prompt.created")
        listed = next(a for a in self.console.items("activities") if a["id"] == one["id"])
        self.assertNotIn("content", listed["text"])
        masked = self.console.get("/api/v1/activities/" + one["id"]).json()
        self.assertNotIn("content", masked["text"])
        full = self.console.get("/api/v1/activities/" + one["id"], params={"content": 1}).json()
        self.assertEqual("the very last one", full["text"]["content"])
        found = self.console.get("/api/v1/conversations/" + one["conversation_id"], params={"content": 1}).json()["items"]
        self.assertEqual(["prompt.created", "response.generated"], [a["activity"] for a in found])
        self.assertEqual("the very last one", found[0]["text"]["content"])
        plain = self.console.get("/api/v1/conversations/" + one["conversation_id"]).json()["items"]
        self.assertNotIn("content", plain[0]["text"])
        records = wait_for(lambda: self.console.items("audit", activity="console.content.viewed")[1:], 5, "the audit")
        self.assertIn({"type": "activity", "id": one["id"]}, [r["target"] for r in
                                                            self.console.items("audit", activity="console.content.viewed")])
        self.assertTrue(records)

    def export(self, kind, **parameters):
        answer = self.console.get("/api/v1/activities." + kind, params=parameters)
        self.assertEqual(200, answer.status_code)
        self.assertIn("attachment", answer.headers["Content-Disposition"])
        return answer.content.decode()

    def test_exports_hold_what_the_filter_shows(self):
        lines = self.export("jsonl", activity="prompt.*").splitlines()
        exported = [json.loads(line) for line in lines]
        self.assertEqual(self.ids(activity="prompt.*"), sorted(a["id"] for a in exported))
        self.assertEqual(sorted((a["time"] for a in exported), reverse=True), [a["time"] for a in exported])
        self.assertNotIn("content", json.dumps([a.get("text", {}) for a in exported]))
        rows = list(csv.DictReader(io.StringIO(self.export("csv", activity="prompt.*"))))
        self.assertEqual(self.ids(activity="prompt.*"), sorted(row["id"] for row in rows))
        wait_for(lambda: {"csv", "jsonl"} <= {r["details"]["format"] for r in self.console.items(
            "audit", activity="console.activities.exported")}, 5, "the audit")

    def test_numbers_equal_those_of_the_export(self):
        exported = [json.loads(line) for line in self.export("jsonl").splitlines()]
        counted = {}
        for a in exported:
            key = (a["service"], a["actor"].get("workspace", ""), a["activity"])
            events, dlp = counted.get(key, (0, 0))
            counted[key] = (events + 1, dlp + bool(a.get("findings")))
        services = {(s["service"], s["instance"], s["activity"]): (s["events"], s["dlp_events"])
                    for s in self.console.items("services")}
        self.assertEqual(counted, services)
        stats = self.console.get("/api/v1/stats", params={"facet": "all", "buckets": 20}).json()
        self.assertEqual(len(exported), stats["total"])
        self.assertEqual(sum(d for _, d in counted.values()), stats["dlp_events"])
        self.assertEqual(len(exported), sum(b["total"] for b in stats["buckets"]))
        self.assertLessEqual(len(stats["buckets"]), 21)
        for name, of in (("verdict", lambda a: a["verdict"]), ("activity", lambda a: a["activity"]),
                         ("model", lambda a: a.get("model", ""))):
            expected = {}
            for a in exported:
                expected[of(a)] = expected.get(of(a), 0) + 1
            self.assertEqual(expected, {i["value"]: i["count"] for i in stats["facets"][name]["items"]}, name)
        types = {i["value"]: i["count"] for i in stats["facets"]["type"]["items"]}
        for kind in types.keys() - {""}:
            self.assertEqual(len(self.ids(type=kind)), types[kind], kind)

    def test_a_facet_counts_under_the_filters_of_the_others(self):
        stats = self.console.get("/api/v1/stats", params={"facet": ["verdict", "activity"], "verdict": "block"}).json()
        self.assertEqual(len(self.ids(verdict="block")), stats["total"])
        verdicts = {i["value"]: i["count"] for i in stats["facets"]["verdict"]["items"]}
        self.assertEqual(len(self.ids(verdict="allow")), verdicts["allow"])
        activities = {i["value"]: i["count"] for i in stats["facets"]["activity"]["items"]}
        self.assertEqual(len(self.ids(verdict="block", activity="prompt.created")), activities["prompt.created"])
        self.assertNotIn("response.generated", activities)

    def test_health_tells_the_roles_and_the_store(self):
        health = self.console.get("/api/v1/health").json()
        self.assertEqual(2, next(r["running"] for r in health["roles"] if r["role"] == "worker"))
        self.assertEqual(len(self.gateway.activities("--since", "1h")), health["store"]["activities"])
        self.assertGreater(health["ca"]["expires"], time.strftime("%Y-%m-%d"))

    def test_health_tells_what_is_known_of_each_node(self):
        health = self.console.get("/api/v1/health").json()
        [node] = health["nodes"]  # no other wrote here
        self.assertEqual((health["node"], {a["node"] for a in self.gateway.activities()}), (node["name"], {node["name"]}))
        self.assertEqual(max(a["time"] for a in self.gateway.activities()), node["last"])
        self.assertGreaterEqual(node["delay_ms"], 0)  # when its first record of it came
        self.assertEqual(len(self.ids(node=node["name"])), len(self.gateway.activities()))
        self.assertEqual([], self.ids(node="gw-other"))

    def test_health_tells_the_latency_that_the_metrics_have(self):
        def both():  # nothing came in between
            before = self.gateway.metrics()
            health = self.console.get("/api/v1/health").json()
            after = self.gateway.metrics()
            times = [k for k in after if "_seconds_" in k]
            return (health, after) if all(before[k] == after[k] for k in times) else None
        health, metrics = wait_for(both, 10, "a quiet moment")
        for name, times in health["latency"].items():
            family = f"promptgate_{name}_seconds"
            self.assertEqual(times["count"], metrics[family + "_count"], name)
            self.assertGreater(times["count"], 0, name)
            for percent in (50, 95, 99):
                bounds = sorted((float(key.split('"')[1]), n) for key, n in metrics.items() if key.startswith(family + "_bucket"))
                self.assertEqual(times[f"p{percent}_us"] / 1e6, next(b for b, n in bounds if n * 100 >= times["count"] * percent), name)

    def events(self, console, **more):
        """(queue of (event, data, id), closing function), once the stream has begun: it brings what comes from then on"""
        answer = console.get("/api/v1/stream", stream=True, **more)
        self.assertEqual((200, "text/event-stream"), (answer.status_code, answer.headers["Content-Type"]))
        found, begun = queue.Queue(), threading.Event()

        def read():
            event = {}
            try:
                for line in answer.iter_lines(chunk_size=1, decode_unicode=True):
                    if line == "":
                        if "data" in event:
                            found.put(event)
                        event = {}
                    elif line == ": here":
                        begun.set()
                    elif not line.startswith(":"):
                        name, _, value = line.partition(": ")
                        event[name] = value
            except (requests.RequestException, AttributeError, ValueError):
                pass
            found.put(None)
        threading.Thread(target=read, daemon=True).start()
        self.assertTrue(begun.wait(GUARD_SECONDS), "no stream")
        return found, answer.close

    def until(self, found, test):
        seen = []
        while True:
            event = found.get(timeout=GUARD_SECONDS)
            self.assertIsNotNone(event, "the stream ended")
            seen.append(event)
            if test(event):
                return seen

    def test_the_stream_brings_each_once_and_goes_on_where_it_was(self):
        console = Console(self.gateway)
        found, close = self.events(console)
        first, _ = self.send_prompt("streamed first")
        seen = self.until(found, lambda e: e["event"] == "mark")
        while not any(json.loads(e["data"]).get("message_id") == first for e in seen):
            seen += self.until(found, lambda e: e["event"] == "mark")
        ids = [json.loads(e["data"])["id"] for e in seen if e["event"] == "activity"]
        self.assertEqual(len(ids), len(set(ids)))
        self.assertNotIn("content", json.dumps([json.loads(e["data"]).get("text", {}) for e in seen]))
        mark = [e["id"] for e in seen if "id" in e][-1]
        close()
        second, _ = self.send_prompt("while nobody listened")
        self.activity(second)
        found, close = self.events(console, headers={"Last-Event-ID": mark})
        more = self.until(found, lambda e: e["event"] == "activity" and json.loads(e["data"]).get("message_id") == second)
        self.assertNotIn(first, [json.loads(e["data"]).get("message_id") for e in more])
        close()

    def test_a_stream_ends_with_its_session(self):
        add_user(self.gateway, "leaving@example.com", "analyst", PASSWORD)
        console = Console(self.gateway, "leaving@example.com", PASSWORD)
        found, close = self.events(console, params={"verdict": "block"})
        answer = requests.post(console.base + "/api/v1/logout", verify=str(self.gateway.ca),
                               cookies=console.http.cookies, headers={"X-CSRF-Token": console.csrf}, timeout=10)
        self.assertEqual(204, answer.status_code)
        self.assertIsNone(found.get(timeout=GUARD_SECONDS))
        close()

    def test_a_filtered_stream_brings_only_that(self):
        found, close = self.events(self.console, params={"verdict": "block"})
        self.send_prompt("an innocent one")
        blocked, _ = self.send_prompt("a card " + CARD)
        seen = self.until(found, lambda e: e["event"] == "activity")
        self.assertEqual(blocked, json.loads(seen[-1]["data"])["message_id"])
        self.assertEqual({"block"}, {json.loads(e["data"])["verdict"] for e in seen if e["event"] == "activity"})
        close()

    def test_the_description_is_served_and_every_path_answers(self):
        text = self.console.get("/api/v1/openapi.yaml").text
        self.assertIn("openapi: 3.1.0", text)
        for path in re.findall(r"^  (/api/v1/[\w./{}-]+):$", text, re.M):
            if path == "/api/v1/stream" or "get" not in OPENAPI["paths"][path]:
                continue
            answer = self.console.get(path.replace("{id}", self.everything[0]["id"]))
            self.assertIn(answer.status_code, (200, 404), path)

    def test_the_console_lives_on_while_roles_end(self):
        for kind in ("storer", "signer"):
            pid = next(iter(self.gateway.roles(kind)))
            subprocess.run(["kill", "-9", str(pid)], check=True)
            wait_for(lambda: self.gateway.roles(kind) and pid not in self.gateway.roles(kind), 10, kind)
            wait_for(lambda: self.console.get("/api/v1/activities").status_code == 200, 10, "the list")
        message, _ = self.send_prompt("after the end of roles")
        wait_for(lambda: any(a.get("message_id") == message for a in self.console.items("activities")), 10, "the new one")
