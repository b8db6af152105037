"""Nothing secret of a sign-in is told, and the policy decides where one would
be complete (facts/openai-admin.md §2.2; the calls are those of
replay_signin.py)."""
import json
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import replay_signin
from exchanges import har
from gateway import BINARY, ROOT
from replay_cases import CASES


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


if __name__ == "__main__":
    unittest.main()
