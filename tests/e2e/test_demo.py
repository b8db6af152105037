"""`promptgate demo`: a made-up week that can be had again, says what it is,
and has something for every page of the console."""
import collections
import datetime
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from console_client import Console, add_user
from console_pages import ADMIN, HERE, PASSWORD, PagesTest
from gateway import BINARY, Gateway, can_connect, free_port

UNTIL = "2026-11-20T17:00:00Z"  # a Friday
PAGES = ["/services", "/activities?since=all", "/incidents", "/users", "/policy", "/detectors", "/reports", "/audit", "/health"]


def demo(*args):
    return subprocess.run([BINARY, "demo", *map(str, args)], capture_output=True, text=True)


def three_ports():
    """The first of three that are free, one behind the other."""
    while True:
        port = free_port()
        if not any(can_connect(p) for p in (port, port + 1, port + 2)):
            return port


def activities(config):
    done = subprocess.run([BINARY, "activities", "-c", config, "--since", "2026-11-01T00:00:00Z", "--format", "json"],
                          capture_output=True, text=True, check=True)
    return done.stdout


class DemoGateway(Gateway):
    """On what the command made: its configuration is used as it is."""

    def __init__(self, folder, port):
        self.folder, self.config, self.data = folder, folder / "promptgate.yaml", folder / "data"
        self.proxy_port, self.console_port, self.metrics_port = port, port + 1, port + 2
        self.log_path, self.args, self.process = folder / "gateway.log", (), None


class Demo(unittest.TestCase):
    see, finish = PagesTest.see, PagesTest.finish

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="pg-demo-"))
        if os.geteuid() == 0:
            cls.folder.chmod(0o755)
        cls.week = cls.folder / "week"
        cls.port = three_ports()
        done = demo("--folder", cls.week, "--until", UNTIL, "--port", cls.port)
        assert done.returncode == 0, done.stderr
        cls.said = done.stdout
        cls.text = activities(cls.week / "promptgate.yaml")
        cls.rows = [json.loads(line) for line in cls.text.splitlines()]

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder, True)

    def start(self, scenario, **more):
        given = {"url": f"https://127.0.0.1:{self.gateway.console_port}", "ca": str(self.gateway.ca), **more}
        return subprocess.Popen(["node", HERE / "console.js", scenario, json.dumps(given)], cwd=HERE, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def test_it_runs_what_it_made(self):
        folder = self.folder / "running"
        process = subprocess.Popen([BINARY, "demo", "--run", "--folder", folder, "--activities", "100", "--port", str(three_ports())],
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            said = []
            while "promptgate is running\n" not in said and (line := process.stdout.readline()):
                said.append(line)
            self.assertIn("promptgate is running\n", said)
        finally:
            process.terminate()
            process.stdout.read()
            self.assertEqual(process.wait(60), 0)
            process.stdout.close()

    def test_a_week_has_people_departments_hours_and_a_weekend(self):
        self.assertTrue(7000 <= len(self.rows) <= 7050, len(self.rows))
        self.assertIn(str(len(self.rows)), self.said)
        users = {r["actor"]["user"] for r in self.rows}
        self.assertGreater(len(users), 20)
        self.assertEqual(len({r["actor"]["workspace"] for r in self.rows if r["service"] == "chatgpt"}), 6)
        days = collections.Counter()
        for r in self.rows:
            days[datetime.date.fromisoformat(r["time"][:10]).weekday()] += 1
        self.assertLess(max(days[5], days[6]) * 3, min(days[d] for d in range(4)), days)
        # In the engineers' zone (an hour east): the day is busier than the night.
        hours = collections.Counter((int(r["time"][11:13]) + 1) % 24 for r in self.rows
                                    if r["actor"].get("workspace") == "acme-engineering" and r["service"] == "chatgpt")
        self.assertGreater(sum(hours[h] for h in range(9, 18)), 10 * sum(hours[h] for h in (*range(6), 22, 23)))
        begin = "2026-11-13T17:00:00"
        self.assertTrue(all(begin <= r["time"] < "2026-11-20T17:59" for r in self.rows))

    def test_every_record_says_by_its_node_that_it_is_made_up(self):
        self.assertEqual({r["node"] for r in self.rows}, {"demo-gw-1", "demo-gw-2", "demo-collector"})
        self.assertEqual({r["via"] for r in self.rows if r["node"] == "demo-collector"}, {"audit-log"})

    def test_there_is_something_of_every_kind(self):
        kinds = {r["activity"] for r in self.rows}
        self.assertLessEqual({"prompt.created", "prompt.updated", "prompt_with_file.created", "response.generated",
                              "response_with_file.generated", "response_with_file.downloaded", "file.uploaded",
                              "conversation.shared", "conversation.viewed", "login.succeeded", "login.failed",
                              "api_key.created", "invite.sent", "user.updated"}, kinds)
        self.assertEqual({r["service"] for r in self.rows}, {"chatgpt", "openai-api", "openai-platform"})
        self.assertEqual({r["verdict"] for r in self.rows}, {"allow", "alert", "block"})
        found = {f["type"] for r in self.rows for f in r.get("findings", [])}
        self.assertLessEqual({"credit-card", "iban", "us-ssn", "aws-key", "private-key", "email", "source-code"}, found)
        blocked = [r for r in self.rows if r["verdict"] == "block"]
        self.assertEqual({(r["outcome"], r["http"]["status"]) for r in blocked}, {("failure", 403)})
        self.assertTrue(all(r["findings"] and r["rule"] for r in blocked))

    def test_the_same_seed_gives_the_same_week_and_another_one_another(self):
        made = {}
        for name, seed in (("again", 1), ("other", 2)):
            folder = self.folder / name
            done = demo("--folder", folder, "--until", UNTIL, "--seed", seed)
            self.assertEqual(0, done.returncode, done.stderr)
            made[name] = activities(folder / "promptgate.yaml")
        self.assertEqual(made["again"], self.text)
        self.assertNotEqual(made["other"], self.text)

    def test_a_folder_with_something_in_it_and_bad_options_are_refused(self):
        full = self.folder / "full"
        full.mkdir()
        (full / "kept").write_text("x")
        done = demo("--folder", full)
        self.assertEqual((1, ["kept"]), (done.returncode, os.listdir(full)), done.stderr)
        self.assertIn(str(full), done.stderr)
        for args in (["--activities", "99"], ["--activities", "50001"], ["--seed", "x"], ["--until", "soon"],
                     ["--port", "80"], ["name"], ["--nothing"]):
            self.assertEqual(2, demo(*args).returncode, args)
        self.assertIn("made-up", demo("--help").stdout)

    def test_the_console_shows_it_and_says_what_it_is_on_every_page(self):
        self.gateway = gateway = DemoGateway(self.week, self.port)
        gateway.start()
        try:
            console = Console(gateway)
            self.assertIs(console.get("/api/v1/session").json()["demo"], True)
            incidents = console.items("incidents", limit=1000)
            states = collections.Counter(i["status"] for i in incidents)
            self.assertEqual(set(states), {"new", "opened", "false-positive", "resolved", "suppressed"})
            self.assertTrue(all(i.get("owner") for i in incidents if i["status"] in ("resolved", "suppressed")))
            self.assertTrue(any(i["comments"] for i in incidents))
            self.assertGreater(len(console.items("users", since="2026-11-01T00:00:00Z")), 20)
            self.assertEqual(len(console.items("views")), 3)
            audit = [a for a in console.items("audit", limit=1000) if a["time"] < "2026-11-21"]
            self.assertEqual({a["node"] for a in audit}, {"demo-gw-1"})
            add_user(gateway, ADMIN, "administrator", PASSWORD)
            marks = self.see("demo", pages=PAGES, user=ADMIN, password=PASSWORD)
            for page in ["/login", *PAGES]:
                self.assertIn("made up", marks[page], page)
            for page in PAGES:
                looks = self.see("look", pages=[[page, page, "h1"]], user=ADMIN, password=PASSWORD)
                self.assertEqual(len(looks), 4)
                self.assertEqual({look: found for look, found in looks.items() if found}, {})
        finally:
            gateway.stop()
        gateway.check_health()


if __name__ == "__main__":
    unittest.main()
