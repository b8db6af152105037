"""`promptgate collect --once` and the collector of a running gateway, against a
stand-in for OpenAI's logs (tests/standin/logs.js)."""
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest
from email.utils import formatdate

from console_client import Console
from gateway import BINARY, CARD, STANDIN, Gateway, GatewayTest, TellingTest, wait_for

KEY = "sk-admin-0123456789abcdefghijklmnop"
WORKSPACE = "8f14e45f-ceea-467f-a8d2-3c1b2a0f9e01"


def event(number, kind="user.added", seconds_ago=100, **more):
    return {"object": "organization.audit_log", "id": f"audit_log-{number}", "type": kind,
            "effective_at": int(time.time()) - seconds_ago, "actor": {"type": "session", "session": {
                "user": {"id": "user-1", "email": "ana@corp.example"}, "ip_address": "192.0.2.17"}},
            kind: {"id": f"user-{number}", "data": {"role": "reader"}}, **more}


def log_file(number, kind, lines, seconds_ago=600, **more):
    end = time.strftime("%Y-%m-%dT%H:%M:%S.123456Z", time.gmtime(time.time() - seconds_ago))
    return {"id": f"eclf_{number}", "event_type": kind, "end_time": end, "text": "".join(json.dumps(x) + "\n" for x in lines), **more}


def compliance(number, kind="AUTH_LOG", **more):
    return {"event_id": f"e-{number}", "type": kind, "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "principal": {"id": WORKSPACE},
            "actor": {"type": "ACCOUNT_USER", "user_id": "user-1", "user_email": "ana@corp.example"},
            "action_data": {"action": "login_success"}, **more}


class Feed:
    """The stand-in, and what it has to tell."""

    def __init__(self, folder):
        self.path = folder / "feed.json"
        self.state = {"events": [], "files": [], "key": KEY}
        self.set()
        self.process = subprocess.Popen(["node", STANDIN / "logs.js", self.path], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def set(self, **more):
        self.state.update(more)
        self.path.with_suffix(".new").write_text(json.dumps(self.state))
        os.rename(self.path.with_suffix(".new"), self.path)

    def seen(self):
        log = pathlib.Path(str(self.path) + ".log")
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Collect(TellingTest):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="pg-collect-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        os.chmod(self.folder, 0o755)
        self.feed = Feed(self.folder)
        self.addCleanup(self.feed.stop)
        (self.folder / "key").write_text(KEY + "\n")
        (self.folder / "key").chmod(0o600)
        self.gateway = Gateway(self.folder, {}, "capture: sample")
        self.configure()
        self.addCleanup(self.stop)

    def stop(self):
        if self.gateway.process and self.gateway.process.poll() is None:
            self.gateway.stop()

    def configure(self, audit="", compliance="", base="", more=""):
        url = f"http://127.0.0.1:{self.feed.port}/v1"
        self.gateway.write_config(
            f"upstream: {{allow_private: [\"127.0.0.0/8\"]}}\n"
            f"audit_log: {{base_url: \"{base or url}\", key_file: {self.folder}/key, interval: 1000{audit}}}\n"
            f"compliance_log: {{base_url: \"{url}\", key_file: {self.folder}/key, workspace: {WORKSPACE}, interval: 1000{compliance}}}\n" + more)

    def collect(self, *args, env=None):
        """(activities, exit status, complaints)"""
        done = subprocess.run([BINARY, "collect", "--once", "-c", self.gateway.config, *args], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=90, env={**os.environ, **(env or {})})
        out = done.stdout.decode()
        return ([json.loads(x) for x in out.splitlines()] if not args else out), done.returncode, done.stderr.decode()

    def stored(self):
        done = subprocess.run([BINARY, "activities", "-c", self.gateway.config, "--since", "2020-01-01T00:00:00Z", "--format", "json"],
                              stdout=subprocess.PIPE, check=True, timeout=60)
        return [json.loads(x) for x in done.stdout.splitlines()]

    def ids(self):
        return sorted(a["details"]["event_id"] for a in self.stored())


class Once(Collect):
    def test_what_is_new_is_printed_and_stored_once(self):
        self.feed.set(events=[event(i, seconds_ago=10 * i) for i in range(25)], page=10)
        got, status, said = self.collect()
        self.assertEqual((len(got), status), (25, 0), said)
        self.assertEqual(self.ids(), sorted(f"audit_log-{i}" for i in range(25)))
        self.feed.set(events=self.feed.state["events"] + [event(99, seconds_ago=1)])
        got, status, _ = self.collect()
        self.assertEqual((status, len(self.stored())), (0, 26))
        self.assertIn("audit_log-99", [a["details"]["event_id"] for a in got])

    def test_pages_lead_on_whichever_way_the_server_turns_them(self):
        for habit in ("after", "before", "none"):
            with self.subTest(habit):
                first = {"after": 0, "before": 100, "none": 200}[habit]
                self.feed.set(events=[event(first + i, seconds_ago=15 * i) for i in range(30)], page=7, habit=habit)
                _, status, said = self.collect()
                self.assertEqual(status, 0, said)
                wanted = {f"audit_log-{first + i}" for i in range(30)}
                self.assertLessEqual(wanted, set(self.ids()))
        self.assertEqual(len(self.ids()), len(set(self.ids())))

    def test_files_of_the_compliance_log(self):
        prompt = compliance("p", "CONVERSATION_MESSAGE", message={"id": "m", "author": {"type": "user"},
                            "content": {"value": f"pay {CARD}"}}, conversation={"id": "c"})
        self.feed.set(files=[log_file(1, "AUTH_LOG", [compliance(1), compliance(2)]),
                             log_file(2, "AUTH_LOG", [compliance(2), compliance(3)], seconds_ago=300),
                             log_file(3, "CONVERSATION_MESSAGE", [prompt])], page=2)
        got, status, said = self.collect()
        self.assertEqual(status, 0, said)
        self.assertEqual(self.ids(), ["e-1", "e-2", "e-3", "e-p"])  # e-2 came twice
        stored = {a["details"]["event_id"]: a for a in self.stored()}
        self.assertEqual((stored["e-p"]["activity"], stored["e-p"]["findings"][0]["type"]), ("prompt.created", "credit-card"))
        self.assertNotIn(CARD, json.dumps(stored))
        for request in self.feed.seen():  # the key goes to the API alone
            self.assertEqual(request["authorization"] is None, request["url"].startswith("/signed/"))

    def test_lines_of_a_file_end_as_they_like(self):
        """A byte order mark, CRLF, lines with nothing in them, none at the end."""
        file = log_file(1, "AUTH_LOG", [])
        file["text"] = ("\ufeff" + "\r\n\r\n".join(json.dumps(compliance(i)) for i in range(3)) + "\r\n\n  \n" +
                        json.dumps(compliance(9)))
        self.feed.set(files=[file])
        _, status, said = self.collect()
        self.assertEqual((status, self.ids()), (0, ["e-0", "e-1", "e-2", "e-9"]), said)

    def test_faults_are_tried_again_as_the_server_asks(self):
        self.gateway.write_config(f"upstream: {{allow_private: [\"127.0.0.0/8\"]}}\naudit_log: {{base_url: "
                                  f"\"http://127.0.0.1:{self.feed.port}/v1\", key_file: {self.folder}/key}}\n")
        self.feed.set(events=[event(i) for i in range(5)], faults=[
            {"status": 429, "headers": {"retry-after-ms": "300"}}, {"status": 503}, {"cut": True}])
        start = time.monotonic()
        _, status, said = self.collect()
        self.assertEqual(status, 1, said)  # three tries of one request in `--once`
        self.assertGreater(time.monotonic() - start, 0.3)
        _, status, said = self.collect()
        self.assertEqual((status, len(self.ids())), (0, 5), said)

    def test_a_date_may_say_when_to_come_again(self):
        """Four seconds of the server's clock; by itself it would wait one."""
        now = int(time.time())
        self.feed.set(events=[event(1)], faults=[{"status": 429, "headers": {
            "date": formatdate(now, usegmt=True), "retry-after": formatdate(now + 4, usegmt=True)}}])
        start = time.monotonic()
        _, status, said = self.collect()
        self.assertEqual((status, self.ids()), (0, ["audit_log-1"]), said)
        self.assertGreaterEqual(time.monotonic() - start, 4)

    def test_a_source_that_fails_is_named_and_the_other_goes_on(self):
        self.feed.set(files=[log_file(1, "AUTH_LOG", [compliance(1)])])
        self.configure(base="http://127.0.0.1:1/v1")
        got, status, said = self.collect()
        self.assertEqual((status, [a["details"]["event_id"] for a in got]), (1, ["e-1"]), said)
        self.assertIn("audit-log: does not answer", said)
        self.assertNotIn("compliance-log:", said)

    def check(self):
        """What `check` says; a missing key is no mistake of the configuration."""
        done = subprocess.run([BINARY, "check", "-c", self.gateway.config], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stderr

    def test_keys_are_checked_and_never_told(self):
        self.feed.set(key="another")
        _, status, said = self.collect()
        self.assertEqual(status, 1)
        self.assertIn("audit-log: the key is not accepted", said)
        self.assertNotIn(KEY, said)
        self.assertNotIn("collect.key-readable", said)
        (self.folder / "key").chmod(0o644)
        self.assertIn("collect.key-readable", self.collect()[2])
        self.assertNotIn("note:", self.check())
        (self.folder / "key").unlink()
        self.assertEqual(self.collect()[1], 1)
        self.assertIn("note: a log whose key cannot be read is not polled", self.check())
        self.feed.set(key=KEY, events=[event(1)])
        self.gateway.write_config(f"audit_log: {{base_url: \"http://127.0.0.1:{self.feed.port}/v1\", key_env: PG_KEY}}\n")
        self.assertEqual(self.collect(env={"PG_KEY": KEY})[1], 0)
        for path in self.gateway.data.rglob("*"):
            if path.is_file():
                self.assertNotIn(KEY.encode(), path.read_bytes(), path)

    def test_tenant_types_one_a_call(self):
        self.feed.set(events=[event(1), event(2, "tenant.user.added")], refused=["tenant.policy.created"])
        self.configure(audit=", tenant_only: on")
        got, status, said = self.collect()
        self.assertEqual((sorted(a["activity"] for a in got), status), (["tenant.user.added", "user.added"], 0), said)

    def test_usage(self):
        run = lambda *args: subprocess.run([BINARY, "collect", *args], capture_output=True, timeout=60).returncode
        self.assertEqual((run(), run("--help"), run("--once", "--format", "x")), (2, 0, 2))
        self.feed.set(events=[event(1)])
        out, status, _ = self.collect("--format", "table")
        self.assertEqual(status, 0)
        self.assertIn("user.added", out)
        self.gateway.write_config("")
        self.assertEqual(self.collect()[1], 2)

    def test_a_file_that_is_not_what_it_should_be_is_not_read(self):
        self.feed.set(files=[log_file(1, "AUTH_LOG", [compliance(1)], sha256="00" * 32), log_file(2, "AUDIT_LOG", [compliance(2)])])
        _, status, said = self.collect()
        self.assertEqual((status, self.ids()), (1, ["e-2"]), said)


class Running(Collect):
    def test_the_gateway_polls_by_itself_and_a_command_may_as_well(self):
        self.feed.set(events=[event(i) for i in range(5)], files=[log_file(1, "AUTH_LOG", [compliance(1)])])
        self.gateway.start()
        wait_for(lambda: len(self.ids()) == 6, 30, "the collector")
        self.feed.set(events=self.feed.state["events"] + [event(50, seconds_ago=1)])
        got, status, said = self.collect()
        self.assertEqual(status, 0, said)
        wait_for(lambda: len(self.ids()) == 7, 30, "the next poll")
        self.assertEqual(len(set(self.ids())), 7)

    def test_killed_anywhere_nothing_is_lost_or_doubled(self):
        self.feed.set(events=[event(i, seconds_ago=1 + i) for i in range(300)], page=20)
        for number in range(6):
            self.gateway.start()
            time.sleep(0.15 * number)
            os.kill(self.gateway.process.pid, signal.SIGKILL)
            self.gateway.process.wait()
        self.gateway.start()
        wait_for(lambda: len(self.ids()) >= 300, 60, "all events")
        self.assertEqual(self.ids(), sorted(f"audit_log-{i}" for i in range(300)))

    def test_a_new_key_is_read_at_a_reload(self):
        self.feed.set(key="another-key", events=[event(1)])
        self.gateway.start()
        wait_for(lambda: "the key is not accepted" in self.gateway.log_path.read_text(), 30, "the alarm")
        (self.folder / "key").write_text("another-key")
        os.kill(self.gateway.process.pid, signal.SIGHUP)
        wait_for(lambda: self.ids() == ["audit_log-1"], 30, "the event")

    def test_the_console_says_how_far_each_log_is_read_and_which_fails(self):
        self.feed.set(key="another-key", events=[event(1)])
        self.gateway.start()
        console = Console(self.gateway)

        def collectors():
            return {c["name"]: c for c in console.get("/api/v1/health").json()["collectors"]}

        failing = wait_for(lambda: (lambda c: c if len(c) == 2 and all(x["alarm"] for x in c.values()) else None)(collectors()), 30, "the alarms")
        self.assertEqual({name: c["cursor"]["seen"] for name, c in failing.items()}, {"audit-log": False, "compliance-log": False})
        (self.folder / "key").write_text("another-key")
        os.kill(self.gateway.process.pid, signal.SIGHUP)
        wait_for(lambda: not any(c["alarm"] for c in collectors().values()), 30, "the alarms' end")
        wait_for(lambda: collectors().get("audit-log", {}).get("cursor", {}).get("last", 0) > 0, 30, "the cursor")


class Joined(GatewayTest):
    @classmethod
    def setUpClass(cls):
        cls.own = tempfile.TemporaryDirectory(prefix="pg-joined-")
        folder = pathlib.Path(cls.own.name)
        cls.feed = Feed(folder)
        (folder / "key").write_text(KEY)
        cls.settings = f"audit_log: {{base_url: \"http://127.0.0.1:{cls.feed.port}/v1\", key_file: {folder}/key, interval: 1000}}"
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.feed.stop()
        cls.own.cleanup()

    def test_an_act_seen_inline_and_in_the_log_is_one(self):
        answer = json.loads(self.curl("https://api.openai.com/v1/organization/invites", "-H", f"authorization: Bearer {KEY}",
                                      "-H", "content-type: application/json", "-d", '{"email": "new@corp.example", "role": "reader"}'))
        invites = lambda: [a for a in self.gateway.activities() if a["activity"] == "invite.sent"]
        wait_for(invites, 10, "the inline record")
        told = event(1, "invite.sent", seconds_ago=0, actor={"type": "api_key", "api_key": {
            "id": "key_1", "type": "user", "user": {"id": "user-1", "email": "ana@corp.example"}}})
        told["invite.sent"] = {"id": answer["id"], "data": {"email": "new@corp.example", "role": "reader"}}
        self.feed.set(events=[told, event(2, "invite.sent", seconds_ago=0)])
        wait_for(lambda: len(invites()) == 2 and any("sources" in a for a in invites()), 20, "the log's events")
        (joined,) = [a for a in invites() if "sources" in a]
        self.assertEqual((joined["via"], joined["sources"]), ("inline", ["inline", "audit-log"]))
        self.assertEqual((joined["details"]["event_id"], joined["target"]["id"]), ("audit_log-1", answer["id"]))
        self.assertEqual(joined["http"]["status"], 200)
        (alone,) = [a for a in invites() if "sources" not in a]
        self.assertNotIn("http", alone)
        counted = self.gateway.metrics()
        self.assertEqual([counted[f'promptgate_log_activities{kind}_total{{source="audit-log"}}']
                          for kind in ("", "_unknown", "_merged")], [2, 0, 1])


if __name__ == "__main__":
    unittest.main()
