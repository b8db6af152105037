"""Names of persons as pseudonyms: in clear nowhere in what is stored, shown or
logged, one for each person wherever they come from, and opened by two people."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from console_client import Console, add_user
from exchanges import token
from gateway import BINARY, CARD, ROOT, GatewayTest, wait_for
from test_collect import KEY, Feed, event

MAIL, USER_ID, LOGIN = "Zoe.Quarzel@corp.example", "user-ZoeQuarzel00000000001", "zquarzel"
INVITED = "jorvik.opalson@corp.example"
IN_CLEAR = re.compile(rb"quarzel|jorvik|opalson", re.I)  # of all names above
PERSON = re.compile(r"person-[a-z2-7]{16}(@hidden)?")
POLICY = """mode: enforce
default: allow
groups: {few: ["zoe.quarzel@*"]}
rules:
  - {name: by-mail, when: {user: ["zoe.quarzel@corp.example"], type: [credit-card]}, verdict: block, severity: high}
  - {name: by-group, when: {group: [few], type: [iban]}, verdict: block, severity: high}
"""


def names(*args):
    return subprocess.run([BINARY, "names", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=90)


class Hidden(GatewayTest):
    policy = POLICY

    @classmethod
    def setUpClass(cls):
        cls.own = tempfile.TemporaryDirectory(prefix="pg-names-")
        cls.keys = pathlib.Path(cls.own.name)
        cls.keys.chmod(0o755)
        cls.feed = Feed(cls.keys)
        (cls.keys / "key").write_text(KEY)
        for prefix in ("right", "wrong"):
            assert names("keygen", cls.keys / prefix).returncode == 0
        assert names("rotate", cls.keys / "names.key").returncode == 0
        cls.settings = ("log: {level: debug}\ncapture: full\n"
                        f"names: {{pseudonyms: on, key_file: {cls.keys}/names.key, public_key: {cls.keys}/right.pub}}\n"
                        'clients: {allow: ["127.0.0.0/8"], proxy_auth: basic}\n'
                        f'audit_log: {{base_url: "http://127.0.0.1:{cls.feed.port}/v1", key_file: {cls.keys}/key, interval: 1000}}')
        super().setUpClass()
        add_user(cls.gateway, LOGIN, "proxy", "open sesame: 1")

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.feed.stop()
        cls.own.cleanup()

    def curl(self, url, *args, **more):
        return super().curl(url, *args, "-U", f"{LOGIN}:open sesame: 1", **more)

    def ask(self, text):
        message, _ = self.send_prompt(text, "-H", f"authorization: {token(MAIL, USER_ID)}")
        return self.activity(message, "prompt.created")

    def open(self, *pseudonyms, first="right.first", second="right.second"):
        return names("open", "-c", self.gateway.config, "--key", self.keys / first, "--key", self.keys / second, *pseudonyms)

    def of(self, name):
        done = names("of", "-c", self.gateway.config, name)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.split()

    def assert_nobody(self, what, content):
        content = content.encode() if isinstance(content, str) else content
        found = IN_CLEAR.search(content)
        self.assertIsNone(found, (what, found and content[max(0, found.start() - 80):found.end() + 80]))

    def test_l3_a_name_in_clear_is_nowhere(self):
        a = self.ask("a perfectly plain question")
        self.curl("https://api.openai.com/v1/organization/invites", "-H", f"authorization: Bearer {KEY}",
                  "-H", "content-type: application/json", "-d", json.dumps({"email": INVITED, "role": "reader"}))
        self.curl(f"https://api.openai.com/v1/organization/users/{USER_ID}", "-X", "DELETE", "-H", f"authorization: Bearer {KEY}")
        super().curl("https://other.test/", "-U", "jorvik-who-is-not:known", check=False)  # a refused login is logged
        self.feed.set(events=[event(7, "user.updated", actor={"type": "session", "session": {
            "user": {"id": USER_ID, "email": MAIL}, "ip_address": "192.0.2.17"}}),
            event(8, "thing.nobody_knows", member={"name": "Jorvik Opalson", "email": INVITED, "of": [{"display_name": "Zoe Quarzel"}]})])
        wanted = {"invite.sent", "user.deleted", "user.updated", "thing.nobody_knows"}
        wait_for(lambda: wanted <= {x["activity"] for x in self.gateway.activities()}, 30, "all activities")
        wait_for(lambda: "login.refused" in self.gateway.log(), 10, "the refused login")
        looked = 0
        for path in [*self.gateway.data.rglob("*"), self.gateway.log_path]:
            if path.is_file() and path.name != "users.yaml":  # the logins themselves
                looked += 1
                self.assert_nobody(path, path.read_bytes())
        self.assertGreater(looked, 5)
        for form in ("json", "csv", "table"):
            self.assert_nobody(form, subprocess.run([BINARY, "activities", "-c", self.gateway.config, "--format", form],
                                                    stdout=subprocess.PIPE, check=True).stdout)
        console = Console(self.gateway)
        for path in ("activities", "activities.csv", "activities.jsonl", "users", "incidents", "stats?facet=all", "audit", "health",
                     "services", "session", "incidents?counts=1", f"activities/{a['id']}"):
            answer = console.get("/api/v1/" + path)
            self.assertEqual(answer.status_code, 200, path)
            self.assert_nobody(path, answer.content)
        self.assert_nobody("metrics", subprocess.run(["curl", "-sf", f"http://127.0.0.1:{self.gateway.metrics_port}/metrics"],
                                                     check=True, stdout=subprocess.PIPE).stdout)
        for part in ("user", "account", "user_id"):
            self.assertRegex(a["actor"][part], PERSON)
        self.assertNotIn("sealed_names", a)

    def test_l3_the_policy_judges_by_the_name(self):
        by_mail, by_group, passed = self.ask(f"card {CARD}"), self.ask("DE89 3704 0044 0532 0130 00"), self.ask("nothing")
        self.assertEqual([a.get("rule") for a in (by_mail, by_group)], ["by-mail", "by-group"])
        self.assertEqual(len({a["actor"]["account"] for a in (by_mail, by_group, passed)}), 1)
        console = Console(self.gateway)
        who = by_mail["actor"]["user"]
        self.assertIn(by_mail["id"], [a["id"] for a in console.items("activities", user=who)])
        self.assertIn(who, [u["user"] for u in console.items("users")])
        self.assertIn(who, [i["user"] for i in console.items("incidents", rule="by-mail")])

    def test_l3_an_act_seen_inline_and_in_the_log_is_one(self):
        mail = "second." + INVITED
        answer = json.loads(self.curl("https://api.openai.com/v1/organization/invites", "-H", f"authorization: Bearer {KEY}",
                                      "-H", "content-type: application/json", "-d", json.dumps({"email": mail, "role": "reader"})))
        told = event(1, "invite.sent", seconds_ago=0, actor={"type": "api_key", "api_key": {
            "id": "key_1", "type": "user", "user": {"id": USER_ID, "email": MAIL}}})
        told["invite.sent"] = {"data": {"email": mail.upper(), "role": "reader"}}  # joined by the name alone
        self.feed.set(events=[told])
        joined = wait_for(lambda: [a for a in self.gateway.activities() if "sources" in a and a["activity"] == "invite.sent"
                                   and a["target"].get("id") == answer["id"]], 30, "the pair")[0]
        self.assertEqual(joined["sources"], ["inline", "audit-log"])
        self.assertEqual([joined["target"]["name"]], self.of(mail)[:1])

    def test_l2_two_halves_open_a_name_and_one_does_not(self):
        a = self.ask("whose is this")
        account, user_id = a["actor"]["account"], a["actor"]["user_id"]
        done = self.open(account, user_id)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([json.loads(line) for line in done.stdout.splitlines()],
                         [{"pseudonym": account, "name": MAIL}, {"pseudonym": user_id, "name": USER_ID}])
        for halves in ({"second": "right.first"}, {"second": "wrong.second"}, {"first": "right.pub"}):
            done = self.open(account, **halves)
            self.assertEqual((done.returncode, done.stdout), (1, ""), halves)
        done = names("open", "-c", self.gateway.config, "--key", self.keys / "right.first", account)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        done = self.open(account, first="wrong.first", second="wrong.second")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("another key", done.stderr)
        done = self.open("person-aaaaaaaaaaaaaaaa")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        console = Console(self.gateway)
        trail = wait_for(lambda: [x for x in console.items("audit", activity="names.opened") if x["target"]["id"] == account],
                         10, "the audit trail")
        self.assertEqual(trail[0]["actor"]["source"], "command")
        self.assertEqual(len(trail), 2)  # the key that did not fit is told of as well

    def test_l3_a_search_for_a_name_says_what_to_do(self):
        a = self.ask("looked for")
        console = Console(self.gateway)
        self.assertIs(console.get("/api/v1/session").json()["pseudonyms"], True)
        for path in ("activities", "users", "stats", "incidents", "activities.csv", "stream"):
            answer = console.get(f"/api/v1/{path}", params={"user": MAIL})
            self.assertEqual((path, answer.status_code), (path, 400))
            self.assertIn("promptgate names of", answer.text)
        self.assertEqual(self.of(MAIL), [a["actor"]["account"]])
        found = self.gateway.activities("--user", self.of(LOGIN)[0])
        self.assertIn(a["id"], [x["id"] for x in found])
        self.assertTrue(wait_for(lambda: console.items("audit", activity="names.searched"), 10, "the audit trail"))
        done = subprocess.run([BINARY, "activities", "-c", self.gateway.config, "--user", MAIL], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0)
        self.assertIn("promptgate names of", done.stderr)

    def test_l3_only_those_who_write_names_have_the_key(self):
        key = (self.keys / "names.key").read_text().split()[-1].encode()
        have = set()
        for pid, role in self.gateway.roles().items():
            for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir():
                self.assertNotEqual(os.readlink(fd), str(self.keys / "names.key"))
            if key in memory(pid):
                have.add(role)
        if os.geteuid() == 0:  # others may not look
            self.assertEqual({r.split("-")[0] for r in have}, {"worker", "collector"})

    def test_l3_a_command_without_the_key_writes_nothing(self):
        away = self.keys / "away.key"
        (self.keys / "names.key").rename(away)
        try:
            done = subprocess.run([BINARY, "collect", "--once", "-c", self.gateway.config], capture_output=True, text=True, timeout=60)
        finally:
            away.rename(self.keys / "names.key")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("names.key", done.stderr)

    def test_zz_l3_after_a_rotation_old_pseudonyms_open(self):
        old = self.ask("before")["actor"]["account"]
        soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2))
        self.assertEqual(names("rotate", "--from", soon, self.keys / "names.key").returncode, 0)
        reloads = self.gateway.log().count("reload.done")
        os.kill(self.gateway.process.pid, signal.SIGHUP)
        wait_for(lambda: self.gateway.log().count("reload.done") > reloads, 60, "the reload")
        new = wait_for(lambda: (a := self.ask("after")["actor"]["account"]) != old and a, 30, "the new key")
        self.assertEqual(self.of(MAIL), [old, new])
        done = self.open(old, new)
        self.assertEqual([json.loads(line)["name"] for line in done.stdout.splitlines()], [MAIL, MAIL], done.stderr)
        self.assertEqual(names("rotate", "--from", "2020-01-01T00:00:00Z", self.keys / "names.key").returncode, 1)
        # The index made anew has the boxes, too.
        self.gateway.stop()
        for path in (self.gateway.data / "store").glob("store.db*"):
            path.unlink()
        self.assertEqual(self.open(old).returncode, 0)
        self.gateway.start()


def memory(pid):
    """What of a process can be read; nothing where that is not allowed."""
    found = b""
    try:
        with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
            for line in maps:
                bounds, rights = line.split()[:2]
                start, end = (int(x, 16) for x in bounds.split("-"))
                if rights.startswith("rw") and end - start < 64 << 20:
                    mem.seek(start)
                    found += mem.read(end - start)
    except OSError:
        pass
    return found


class Keys(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def test_l2_halves_are_made_once_and_for_their_holders(self):
        self.assertEqual(names("keygen", self.folder / "n").returncode, 0)
        for end, mode in (("first", 0o600), ("second", 0o600), ("pub", 0o644)):
            self.assertEqual((self.folder / f"n.{end}").stat().st_mode & 0o777, mode)
        before = [p.read_text() for p in sorted(self.folder.iterdir())]
        self.assertEqual(names("keygen", self.folder / "n").returncode, 1)
        self.assertEqual([p.read_text() for p in sorted(self.folder.iterdir())], before)

    def test_usage(self):
        for args in ((), ("open",), ("of",), ("keygen", "a", "b"), ("rotate",), ("other",), ("--nope",)):
            self.assertEqual(names(*args).returncode, 2, args)
        self.assertEqual(names("--help").returncode, 0)

    def test_l3_check_tells_of_wrong_settings(self):
        conf = self.folder / "conf"
        shutil.copytree(ROOT / "conf", conf)
        names("keygen", conf / "n")
        names("rotate", conf / "names.key")
        names("rotate", conf / "open.key")
        (conf / "open.key").chmod(0o644)
        (conf / "by-name.yaml").write_text("rules:\n  - {name: hers, when: {user: ana@corp.example}, severity: low, message: x}\n")
        good = {"key_file": "names.key", "public_key": "n.pub"}
        for change, said in (({}, None), ({"key_file": ""}, "are needed"), ({"key_file": "open.key"}, "chmod 600"),
                             ({"key_file": "nowhere"}, "cannot be read"), ({"public_key": "n.first"}, "secret key"),
                             ({"key_file": "n.first"}, "name-key"), ({"alerts": "[by-name.yaml]"}, "names of NAME")):
            with self.subTest(change):
                text = (ROOT / "conf/promptgate.yaml").read_text()
                text = re.sub(r"(?s)\nnames:.*?\n\n", "\n", text)
                told = {**good, **change}
                if "alerts" in told:
                    text = re.sub(r"(?m)^alerts:.*$", f"alerts: {told.pop('alerts')}", text)
                text += "names: {pseudonyms: on, " + ", ".join(f'{k}: "{v}"' for k, v in told.items()) + "}\n"
                (conf / "promptgate.yaml").write_text(text)
                done = subprocess.run([BINARY, "check", "-c", conf / "promptgate.yaml"], capture_output=True, text=True)
                self.assertEqual(done.returncode, 0 if said is None else 2, done.stdout + done.stderr)
                self.assertIn(said or "good", done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
