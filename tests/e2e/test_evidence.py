"""Evidence: texts around findings, sealed to an administrator's key: nowhere
in clear, exact when opened, and only with that key."""
import json
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from gateway import BINARY, CARD, ROOT, GatewayTest, wait_for

SECRET = "sesame opens Ωmega doors"  # stands beside the card


def evidence(*args, stdin=None):
    return subprocess.run([BINARY, "evidence", *args], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=60)


class Keys(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def test_a_pair_is_made_once(self):
        key = self.folder / "k"
        done = evidence("keygen", key)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(key.stat().st_mode & 0o777, 0o600)
        public = (self.folder / "k.pub").read_text()
        word, base64 = public.splitlines()[-1].split()
        self.assertEqual(word, "public-key")
        self.assertIn(base64, done.stdout)
        secret = key.read_text().split()[-1]
        self.assertNotIn(secret, done.stdout + done.stderr)
        self.assertEqual(evidence("keygen", key).returncode, 1)
        key.unlink()
        self.assertEqual(evidence("keygen", key).returncode, 1)  # its public key would be another's
        self.assertFalse(key.exists())
        self.assertEqual((self.folder / "k.pub").read_text(), public)

    def test_usage(self):
        for args in ((), ("open",), ("open", "x"), ("keygen", "a", "b"), ("other",), ("--nope",)):
            done = evidence(*args)
            self.assertEqual(done.returncode, 2, args)
            self.assertNotEqual(done.stderr, "")
        self.assertEqual(evidence("--help").returncode, 0)


class Sealed(GatewayTest):
    @classmethod
    def setUpClass(cls):
        keys = tempfile.TemporaryDirectory()
        cls.addClassCleanup(keys.cleanup)
        cls.keys = pathlib.Path(keys.name)
        for name in ("right", "wrong"):
            assert evidence("keygen", cls.keys / name).returncode == 0
        cls.settings = f"evidence: {{public_key: {cls.keys / 'right.pub'}}}\nlog: {{level: debug}}\ncapture: none"
        super().setUpClass()

    def open(self, *ids, key="right"):
        return evidence("open", "-c", self.gateway.config, "--key", self.keys / key, *ids)

    def blocked(self, text):
        message, _ = self.send_prompt(text)
        a = self.activity(message)
        self.assertEqual(a["verdict"], "block")
        return a

    def test_it_opens_to_the_exact_text(self):
        text = f"{SECRET} \"quoted\"\n\tcard {CARD}, \U0001f600 end"
        a = self.blocked(text)
        self.assertIs(a["evidence"], True)
        self.assertNotIn("sealed_evidence", a)
        done = self.open(a["id"])
        self.assertEqual(done.returncode, 0, done.stderr)
        opened = json.loads(done.stdout)
        self.assertEqual(opened["id"], a["id"])
        [one] = [t for p in opened["parts"] for t in p["texts"]]
        self.assertEqual((one["text"], one["where"], one["start"]), (text, "prompt", 0))
        [found] = [f for f in one["findings"] if f["type"] == "credit-card"]
        self.assertEqual(text.encode()[found["start"]:found["end"]].decode(), CARD)

    def test_l2_nothing_of_it_is_in_clear(self):
        a = self.blocked(f"{SECRET} card {CARD}")
        needles = [SECRET.encode(), CARD.encode(), CARD.replace(" ", "").encode(),
                   json.dumps(SECRET)[1:-1].encode(), b"\\u03a9mega"]
        looked = 0
        for path in [*self.gateway.data.rglob("*"), self.gateway.log_path]:
            if path.is_file():
                looked += 1
                content = path.read_bytes()
                for needle in needles:
                    self.assertFalse(needle in content, (path, needle))
        self.assertGreater(looked, 5)
        shown = json.dumps(self.gateway.activities("--since", "1h"), ensure_ascii=False)
        self.assertNotIn(SECRET, shown)
        self.assertIn(a["id"], shown)

    def test_another_key_does_not_open_it(self):
        a = self.blocked(f"card {CARD}")
        done = self.open(a["id"], key="wrong")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("another key", done.stderr)
        done = self.open(a["id"], key="right.pub")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("public key", done.stderr)
        done = self.open(a["id"], key="nowhere")
        self.assertEqual(done.returncode, 1)

    def test_what_has_none_says_so(self):
        message, _ = self.send_prompt("nothing special here")
        a = self.activity(message)
        self.assertNotIn("evidence", a)
        done = self.open(a["id"])
        self.assertEqual(done.returncode, 1)
        self.assertIn("no evidence", done.stderr)
        self.assertEqual(self.open("not-an-id").returncode, 2)

    def test_a_file_that_goes_up(self):
        words = b"row;" + SECRET.encode() + b";" + CARD.encode() + b"\n"
        path = self.keys / "up.csv"
        path.write_bytes(words)
        self.curl("https://api.openai.com/v1/files", "-F", "purpose=assistants", "-F", f"file=@{path}", check=False)
        a = wait_for(lambda: [a for a in self.gateway.activities("--since", "1h")
                              if a["activity"] == "file.uploaded" and a.get("evidence")], 10, "the upload")[0]
        done = self.open(a["id"])
        self.assertEqual(done.returncode, 0, done.stderr)
        texts = [t["text"] for p in json.loads(done.stdout)["parts"] for t in p["texts"] if t["where"] == "file"]
        self.assertTrue(any(SECRET in t and CARD in t for t in texts), texts)

    def test_a_rebuilt_index_has_it_again(self):
        a = self.blocked(f"card {CARD} once more")
        self.gateway.stop()
        for path in (self.gateway.data / "store").glob("store.db*"):
            path.unlink()
        self.gateway.start()
        done = wait_for(lambda: (d := self.open(a["id"])).returncode == 0 and d, 10, "the index")
        self.assertIn("once more", done.stdout)


class WithoutKey(GatewayTest):
    def test_nothing_is_kept(self):
        message, _ = self.send_prompt(f"card {CARD}")
        a = self.activity(message)
        self.assertNotIn("evidence", a)
        journal = b"".join(p.read_bytes() for p in (self.gateway.data / "store/journal").iterdir())
        self.assertIn(a["id"].encode(), journal)
        self.assertNotIn(b"sealed_evidence", journal)


class Mistakes(unittest.TestCase):
    def test_check_tells_of_a_wrong_key(self):
        with tempfile.TemporaryDirectory() as folder:
            conf = pathlib.Path(folder) / "conf"
            shutil.copytree(ROOT / "conf", conf)
            evidence("keygen", conf / "k")
            for name, said in (("k", "secret key"), ("nowhere", "cannot be read"), ("policy.yaml", "public-key BASE64")):
                text = (ROOT / "conf/promptgate.yaml").read_text()
                (conf / "promptgate.yaml").write_text(text.replace('public_key: ""', f"public_key: {name}"))
                done = subprocess.run([BINARY, "check", "-c", conf / "promptgate.yaml"], stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True)
                self.assertEqual(done.returncode, 2, name)
                self.assertIn(said, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
