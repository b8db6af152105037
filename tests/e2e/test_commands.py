"""The commands as a person types them: help, mistakes, the CA, logins, what
was recorded, the first start."""
import contextlib
import csv
import io
import json
import os
import pty
import re
import select
import shutil
import socket
import stat
import subprocess
import tempfile
import pathlib
import time
import unittest

from gateway import BINARY, CARD, ROOT, START_SECONDS, Gateway, GatewayTest, TellingTest, wait_for

COMMANDS = ("run", "check", "scan", "replay", "collect", "activities", "detectors", "evidence", "ca", "fingerprint",
            "edm", "user")


def run(*args, text="", **more):
    return subprocess.run([BINARY, *args], input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=60, **more)


class Folder(TellingTest):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pg-cmd-"))
        os.chmod(self.folder, 0o755)
        self.addCleanup(shutil.rmtree, self.folder, True)
        shutil.copytree(ROOT / "conf", self.folder / "conf")
        self.config = self.folder / "conf/promptgate.yaml"
        text = self.config.read_text().replace("/var/lib/promptgate", str(self.folder / "data"))
        self.config.write_text(text.replace("run_as: promptgate", "run_as: nobody"))

    def edit(self, name, old, new):
        path = self.folder / "conf" / name
        self.assertIn(old, path.read_text())
        path.write_text(path.read_text().replace(old, new))


class Usage(Folder):
    def test_help_is_a_screen_at_most(self):
        for args in ((), *((c,) for c in COMMANDS)):
            done = run(*args, "--help")
            self.assertEqual(done.returncode, 0, args)
            self.assertLessEqual(len(done.stdout.splitlines()), 24, args)
            self.assertTrue(all(len(line) <= 80 for line in done.stdout.splitlines()), args)
            self.assertIn("usage", done.stdout)

    def test_usage_errors_exit_2_and_say_so_on_standard_error(self):
        for args in ((), ("nothing",), ("--nothing",), *((c, "--nothing") for c in COMMANDS), ("check", "-c"),
                     ("scan", "--format", "xml"), ("activities", "--format", "xml"), ("activities", "--since", "x"),
                     ("activities", "--verdict", "maybe"), ("ca",), ("ca", "burn"), ("ca", "export", "--format", "x"),
                     ("user",), ("user", "add"), ("user", "add", "x", "--role", "king"), ("replay",),
                     ("replay", "--chunk", "0", "x.har"), ("replay", "--chunk", "a", "x.har"), ("check", "surplus")):
            done = run(*args)
            self.assertEqual(done.returncode, 2, (args, done.stderr))
            self.assertEqual(done.stdout, "", args)
            self.assertNotEqual(done.stderr, "", args)

    def test_the_configuration_beside_the_executable_is_the_default(self):
        (self.folder / "bin").mkdir()
        shutil.copy(BINARY, self.folder / "bin/promptgate")
        done = subprocess.run([self.folder / "bin/promptgate", "ca", "init"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue((self.folder / "data/ca/ca.pem").exists())


class Check(Folder):
    def check(self):
        return run("check", "-c", self.config)

    def test_a_user_that_is_missing_here_is_noted(self):
        if os.geteuid() != 0:
            self.skipTest("only root changes to run_as")
        self.edit("promptgate.yaml", "run_as: nobody", "run_as: nosuchuser")
        done = self.check()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('no user "nosuchuser"', done.stderr)

    def test_the_shipped_configuration_is_good(self):
        done = self.check()
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_every_mistake_is_told_with_file_and_line(self):
        self.edit("promptgate.yaml", "alpn: mirror", "alpn: sideways\nsurprise: 1")
        self.edit("promptgate.yaml", "workers: 0", "workers: many")
        self.edit("promptgate.yaml", 'allow: ["127.0.0.0/8"', 'allow: ["127.0.0.0/99"')
        self.edit("policy.yaml", "mode: enforce", "mode: sometimes")
        self.edit("policy.yaml", "type: [credit-card]", "type: [credit-card]\n      colour: red")
        self.edit("services/chatgpt.yaml", "block: chatgpt", "block: nonsense")
        detectors = sorted((self.folder / "conf/detectors").glob("*.yaml"))[0]
        detectors.write_text(detectors.read_text() + "\n  - id: [\n")
        done = self.check()
        out = done.stdout + done.stderr
        self.assertEqual(done.returncode, 2)
        for name, words in (("promptgate.yaml", ("sideways", "client-h1")), ("promptgate.yaml", ("surprise",)),
                            ("promptgate.yaml", ("workers",)), ("promptgate.yaml", ("127.0.0.0/99",)),
                            ("policy.yaml", ("sometimes", "monitor")), ("policy.yaml", ("colour",)),
                            ("chatgpt.yaml", ("nonsense",)), (detectors.name, ())):
            lines = [line for line in out.splitlines() if f"{name}:" in line and all(w in line for w in words)]
            self.assertTrue(lines, (name, words, out))
            self.assertRegex(lines[0], rf"{name}:[1-9]\d*: ")

    def test_the_line_is_the_right_one(self):
        self.edit("promptgate.yaml", "alpn: mirror", "alpn: sideways")
        number = 1 + self.config.read_text().splitlines().index(next(
            line for line in self.config.read_text().splitlines() if "sideways" in line))
        done = self.check()
        self.assertIn(f"promptgate.yaml:{number}: ", done.stdout + done.stderr)

    def test_verdicts_of_later_versions_are_refused(self):
        policy = (self.folder / "conf/policy.yaml").read_text()
        for verdict in ("coach", "redact"):
            (self.folder / "conf/policy.yaml").write_text(policy.replace("verdict: block", f"verdict: {verdict}", 1))
            done = self.check()
            self.assertEqual(done.returncode, 2)
            self.assertRegex(done.stdout + done.stderr, rf"policy\.yaml:\d+: .*{verdict}")

    def test_missing_and_unreadable_files_are_mistakes(self):
        self.edit("promptgate.yaml", "policy: policy.yaml", "policy: nowhere.yaml")
        self.edit("promptgate.yaml", "extra_roots: []", "extra_roots: [nothing.pem]")
        done = self.check()
        self.assertEqual(done.returncode, 2)
        self.assertIn("nowhere.yaml", done.stdout + done.stderr)
        self.assertIn("nothing.pem", done.stdout + done.stderr)
        self.assertEqual(run("check", "-c", self.folder / "absent.yaml").returncode, 2)

    def test_run_with_mistakes_exits_2(self):
        self.edit("promptgate.yaml", "alpn: mirror", "alpn: sideways")
        self.assertEqual(run("run", "-c", self.config).returncode, 2)


class Ca(Folder):
    def ca(self, *args, **more):
        return subprocess.run([BINARY, "ca", *args, "-c", self.config], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, **more)

    def test_init_show_and_every_export(self):
        self.assertEqual(self.ca("init").returncode, 0)
        pem = (self.folder / "data/ca/ca.pem").read_bytes()
        key = self.folder / "data/ca/ca.key"
        self.assertEqual(stat.S_IMODE(key.stat().st_mode), 0o600)
        facts = subprocess.run(["openssl", "x509", "-noout", "-fingerprint", "-sha256", "-text"], input=pem,
                               stdout=subprocess.PIPE, check=True).stdout.decode()
        fingerprint = facts.splitlines()[0].split("=")[1]
        self.assertIn(fingerprint, self.ca("show").stdout.decode())
        self.assertIn("CA:TRUE", facts)
        self.assertIn("Certificate Sign", facts)
        self.assertEqual(self.ca("export").stdout, pem)
        self.assertEqual(self.ca("export", "--format", "pem").stdout, pem)
        der = self.ca("export", "--format", "der").stdout
        back = subprocess.run(["openssl", "x509", "-inform", "der"], input=der, stdout=subprocess.PIPE, check=True)
        self.assertEqual(back.stdout, pem)
        import plistlib
        profile = plistlib.loads(self.ca("export", "--format", "mobileconfig").stdout)
        payload = profile["PayloadContent"][0]
        self.assertEqual(payload["PayloadType"], "com.apple.security.root")
        self.assertEqual(payload["PayloadContent"], der)
        for fmt in ("pem", "der", "mobileconfig"):
            self.assertNotIn(b"PRIVATE KEY", self.ca("export", "--format", fmt).stdout)

    def test_a_second_init_keeps_the_first_ca(self):
        self.ca("init")
        pem = (self.folder / "data/ca/ca.pem").read_bytes()
        self.ca("init")
        self.assertEqual((self.folder / "data/ca/ca.pem").read_bytes(), pem)

    def test_without_a_ca_there_is_nothing_to_show(self):
        for args in (("show",), ("export",)):
            done = self.ca(*args)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(b"ca init", done.stderr)


class Users(Folder):
    def user(self, *args, text=""):
        return run("user", *args, "-c", self.config, text=text)

    def test_add_list_passwd_token_remove(self):
        done = self.user("add", "ana", "--role", "analyst", "--group", "staff", "--password-stdin", text="s3cret-words\n")
        self.assertEqual(done.returncode, 0, done.stderr)
        listed = self.user("list").stdout
        for word in ("ana", "analyst", "staff"):
            self.assertIn(word, listed)
        self.assertNotEqual(self.user("add", "ana", "--password-stdin", text="another-1\n").returncode, 0)
        stored = b"".join(p.read_bytes() for p in (self.folder / "data").rglob("*") if p.is_file())
        self.assertNotIn(b"s3cret-words", stored)
        self.assertIn(b"argon2id", stored)
        self.assertEqual(self.user("passwd", "ana", "--password-stdin", text="other-words-2\n").returncode, 0)
        after = b"".join(p.read_bytes() for p in (self.folder / "data").rglob("*") if p.is_file())
        self.assertNotEqual(stored, after)
        token = self.user("token", "ana").stdout.strip().split()[-1]
        self.assertGreaterEqual(len(token), 20)
        stored = b"".join(p.read_bytes() for p in (self.folder / "data").rglob("*") if p.is_file())
        self.assertNotIn(token.encode(), stored)
        self.assertEqual(self.user("remove", "ana").returncode, 0)
        self.assertNotIn("ana", self.user("list").stdout)
        for args in (("remove", "ana"), ("passwd", "ana", "--password-stdin"), ("token", "ana")):
            self.assertNotEqual(self.user(*args, text="x-y-z-1-2\n").returncode, 0)

    def test_bad_names_and_passwords_are_refused(self):
        for name in ("a b", "a:b", "", "x" * 300, "a\nb"):
            self.assertNotEqual(self.user("add", name, "--password-stdin", text="good-words-1\n").returncode, 0, name)
        self.assertNotEqual(self.user("add", "eve", "--password-stdin", text="\n").returncode, 0)


class FirstStart(Folder):
    def start(self, **more):
        self.gateway = Gateway(self.folder, {})
        return self.gateway

    def test_the_password_goes_to_a_file_when_nobody_watches(self):
        g = self.start().start()
        try:
            wait_for(lambda: "promptgate is running" in g.log(), 5, "the addresses")
            for word in (f"http://127.0.0.1:{g.proxy_port}", "/proxy.pac", "/ca", f"https://127.0.0.1:{g.console_port}",
                         "admin.initial"):
                self.assertIn(word, g.log())
            path = g.data / "admin.initial"
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
            name, password = path.read_text().split()
            self.assertEqual(name, "admin")
            self.assertNotIn(password, g.log())
            self.assertIn("admin", run("user", "list", "-c", g.config).stdout)
        finally:
            self.assertEqual(g.stop(), 0)

    def test_a_second_start_makes_nothing_new(self):
        g = self.start().start()
        pem = g.ca.read_bytes()
        g.stop()
        g.start()
        try:
            self.assertEqual(g.ca.read_bytes(), pem)
        finally:
            g.stop()

    @contextlib.contextmanager
    def on_a_terminal(self, gateway):
        """The process, what it says up to the login, and a function that reads on."""
        leader, follower = pty.openpty()
        process = subprocess.Popen([BINARY, "run", "-c", gateway.config], stdout=follower, stderr=follower)
        os.close(follower)
        text = b""
        try:
            while not re.search(rb"login .*\n", text):
                self.assertTrue(select.select([leader], [], [], START_SECONDS)[0], text.decode())
                text += os.read(leader, 4096)
            yield process, text.decode(), lambda: os.read(leader, 65536).decode()
        finally:
            process.terminate()
            process.wait(20)
            os.close(leader)

    def test_the_password_goes_to_a_terminal(self):
        g = self.start()
        with self.on_a_terminal(g) as (process, text, more):
            self.assertRegex(text, r"login\s+admin, password \S{12,}")
            self.assertFalse((g.data / "admin.initial").exists())
            process.terminate()
            status = process.wait(20)
            self.assertEqual(status, 0, status and text + more())

    def test_a_start_that_fails_tells_the_login_it_made(self):
        g = self.start()
        with socket.create_server(("127.0.0.1", g.proxy_port)), self.on_a_terminal(g) as (process, text, _):
            self.assertIn("listen.failed", text)
            self.assertRegex(text, r"login\s+admin, password \S{12,}")
            self.assertEqual(process.wait(20), 1)

    def test_a_login_that_nobody_used_is_named_again(self):
        g = self.start()
        for starts in (1, 2):
            g.start()
            wait_for(lambda: g.log().count(f"admin, password in {g.data}/admin.initial") == starts, 5, "the login")
            g.stop()

    def test_a_port_that_is_taken_is_a_run_time_failure(self):
        g = self.start().start()
        try:
            other = self.folder / "conf/second.yaml"
            other.write_text(g.config.read_text().replace(str(g.data), str(self.folder / "data2")))
            done = run("run", "-c", other)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn(str(g.proxy_port), done.stderr)
        finally:
            g.stop()


class Activities(GatewayTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        t = cls("test_filters")
        cls.ids = [t.send_prompt("hello, =1+1 \"quoted\"")[0], t.send_prompt("card " + CARD)[0]]
        for m in cls.ids:
            t.activity(m)

    def run_it(self, *args):
        done = run("activities", "-c", self.gateway.config, *args)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def lines(self, *args):
        return [json.loads(line) for line in self.run_it("--format", "json", *args).splitlines()]

    def test_filters(self):
        self.assertEqual({a["message_id"] for a in self.lines("--activity", "prompt.*")}, set(self.ids))
        self.assertEqual([a["message_id"] for a in self.lines("--verdict", "block")], [self.ids[1]])
        self.assertEqual(self.lines("--user", "nobody@example.com"), [])
        self.assertEqual({a["message_id"] for a in self.lines("--user", "127.0.0.1", "--activity", "prompt.created")},
                         set(self.ids))
        self.assertEqual(self.lines("--since", "2099-01-01T00:00:00Z"), [])
        for since in ("15m", "24h", "7d", "2020-01-01T00:00:00Z"):
            self.assertEqual(len(self.lines("--since", since, "--activity", "prompt.created")), 2, since)

    def test_csv_opens_in_any_reader_and_runs_no_formula(self):
        rows = list(csv.DictReader(io.StringIO(self.run_it("--format", "csv"))))
        self.assertEqual(len(rows), len(self.lines()))
        self.assertTrue({"id", "time", "activity", "verdict"} <= set(rows[0]))
        for row in rows:
            for value in row.values():
                self.assertFalse(value.startswith(("=", "+", "@")), value)

    def test_the_table_fits_a_terminal_and_shows_no_card(self):
        text = self.run_it("--format", "table")
        self.assertIn("prompt.created", text)
        self.assertIn("block", text)
        self.assertNotIn(CARD, text)

    def test_follow_shows_each_activity_once_when_complete(self):
        process = subprocess.Popen([BINARY, "activities", "-c", self.gateway.config, "--follow", "--format", "json",
                                    "--activity", "prompt.created"], stdout=subprocess.PIPE, text=True)
        try:
            time.sleep(0.5)
            message, _ = self.send_prompt("followed")
            self.activity(message)
            self.send_prompt("and one more")
            seen = []
            while not seen or seen[-1]["message_id"] != message:
                seen.append(json.loads(process.stdout.readline()))
            self.assertEqual(seen[-1]["outcome"], "success")
            seen.append(json.loads(process.stdout.readline()))
            self.assertEqual([a["message_id"] for a in seen].count(message), 1)
        finally:
            process.terminate()
            process.wait()
            process.stdout.close()


if __name__ == "__main__":
    unittest.main()
