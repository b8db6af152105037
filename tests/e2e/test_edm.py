"""Exact data match from outside: an index of a table, the detectors that ask
for rows of it, and a gateway that stops them."""
import json
import pathlib
import signal
import subprocess
import tempfile
import unittest
import uuid

import exchanges
from gateway import BINARY, GatewayTest, wait_for

TABLE = """\ufeffname,account,email,town
"Müller-Lüdenscheidt, Anna",12-345678-90,anna@example.com,Ulm
Seán O'Brien,7755330011,sean@example.org,Cork
broken line
"open" quote,1,2,3
x,1,,
"""
DETECTOR = """detectors:
  - id: customer-record
    kind: edm
    description: A customer of the master table
    index: customers.edm
    columns: [name, account, email]
    match: 2
    severity: high
"""
POLICY = """mode: enforce
default: allow
rules:
  - name: no-customers
    when: {type: [edm], min_confidence: high}
    verdict: block
    message: "A customer's record stays here."
"""


def edm(*args):
    return subprocess.run([BINARY, "edm", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120)


class Command(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="pg-edm-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "d").mkdir()
        (self.folder / "d/edm.yaml").write_text(DETECTOR)
        (self.folder / "promptgate.yaml").write_text(f"data_dir: {self.folder}/data\ndetectors: [d/]\n")
        self.table = self.folder / "t.csv"
        self.table.write_text(TABLE)
        self.index = self.folder / "customers.edm"

    def build(self, *args):
        return edm("build", "-c", self.folder / "promptgate.yaml", "--out", self.index, *args, self.table)

    def scan(self, text):
        done = subprocess.run([BINARY, "scan", "-c", self.folder / "promptgate.yaml", "--jsonl", "--unmask"],
                              input=json.dumps({"id": 1, "text": text}), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=120)
        return done.returncode, json.loads(done.stdout)["findings"] if done.stdout else done.stderr

    def test_bad_lines_are_told_by_number_and_the_rest_is_built(self):
        done = self.build()
        self.assertEqual(done.returncode, 1)
        self.assertEqual([line.split(": left out")[0].rsplit(":", 1)[1] for line in done.stderr.splitlines()], ["4", "5"])
        self.assertIn("2 rows", done.stdout)
        self.assertEqual(self.index.stat().st_mode & 0o777, 0o600)
        key = self.folder / "data/edm/key"
        self.assertEqual(key.stat().st_mode & 0o777, 0o600)
        shown = edm("show", self.index)
        self.assertEqual(shown.returncode, 0)
        for word in ("2 rows", "name", "account", "number", "email", "town"):
            self.assertIn(word, shown.stdout)
        data = self.index.read_bytes()
        for value in (b"anna", b"Anna", b"1234567890", b"12-345678-90", b"Ulm"):
            self.assertNotIn(value, data)

    def test_rows_are_found_with_their_places(self):
        self.build()
        text = "é: ANNA MUELLER LUEDENSCHEIDT has account 12 345678 90, and so on"
        status, found = self.scan(text)
        self.assertEqual((status, len(found)), (3, 1))
        one = found[0]
        self.assertEqual((one["detector"], one["type"], one["group"], one["severity"], one["confidence"]),
                         ("customer-record", "edm", "personal", "high", "high"))
        self.assertEqual(one["match"], "ANNA MUELLER LUEDENSCHEIDT has account 12 345678 90")
        self.assertEqual(text.encode()[one["start"]:one["end"]].decode(), one["match"])
        self.assertNotIn("345678", one["sample"])
        self.assertNotIn("LUEDEN", one["sample"])
        self.assertEqual(self.scan("Anna Müller-Lüdenscheidt, 7755330011"), (0, []))
        self.assertEqual(self.scan("Anna Müller-Lüdenscheidt from Ulm"), (0, []))

    def test_disguised_rows_are_found(self):
        import base64
        self.build()
        text = "Please look at this row: Seán O'Brien,7755330011,sean@example.org for me."
        for disguise in (base64.b64encode(text.encode()).decode(), json.dumps({"a": json.dumps(text)}),
                         text.replace("7755330011", "77\u200b5533\u200b0011")):
            status, found = self.scan("note " + disguise)
            self.assertEqual((status, [f["detector"] for f in found][:1]), (3, ["customer-record"]), disguise)

    def test_columns_can_be_chosen_and_typed(self):
        done = self.build("--columns", "account:number,email")
        self.assertEqual(done.returncode, 1)
        self.assertNotIn("town", done.stdout)
        self.assertNotEqual(self.build("--columns", "acount").returncode, 0)
        self.assertIn("type", self.build("--columns", "account:what").stderr)
        status, said = self.scan("anything")
        self.assertEqual(status, 2)
        self.assertIn('column "name" is not one of the index: account, email', said)

    def test_what_cannot_be_used_is_said(self):
        for args in ((), ("build", self.table), ("frob", self.table), ("show", self.table), ("show", "/nowhere"),
                     ("build", "--out", self.index, "--frequent", "0", self.table)):
            self.assertEqual(edm(*args).returncode, 2, args)
        self.assertEqual(self.build(self.folder / "none.csv").returncode, 2)
        self.table.write_text("")
        self.assertEqual(self.build().returncode, 2)
        self.assertFalse(self.index.exists())
        status, said = self.scan("x")
        self.assertEqual(status, 2)
        self.assertIn("is not there", said)
        self.table.write_text(TABLE)
        self.build()
        whole = self.index.read_bytes()
        self.index.write_bytes(whole[:-9])
        self.assertIn("damaged or cut short", self.scan("x")[1])
        self.index.write_bytes(whole)
        (self.folder / "data/edm/key").chmod(0o644)
        self.assertIn("chmod 600", self.scan("x")[1])
        (self.folder / "data/edm/key").unlink()
        self.assertIn("needs its key", self.scan("x")[1])
        edm("build", "--key", self.folder / "data/edm/key", "--out", self.folder / "other.edm", self.table)
        self.assertIn("another key", self.scan("x")[1])


class InTheGateway(GatewayTest):
    policy = POLICY

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        try:
            cls.table = cls.folder / "t.csv"
            cls.use(TABLE)
            (cls.gateway.config.parent / "detectors/edm.yaml").write_text(DETECTOR)
            cls.reload()
        except BaseException:
            super().tearDownClass()
            raise

    @classmethod
    def use(cls, table):
        cls.table.write_text(table)
        done = edm("build", "-c", cls.gateway.config, "--out", cls.gateway.config.parent / "customers.edm", cls.table)
        if done.returncode == 2:
            raise AssertionError(done.stderr)

    @classmethod
    def reload(cls):
        before = cls.gateway.log().count("reload.done")
        cls.gateway.signal(signal.SIGHUP)
        wait_for(lambda: cls.gateway.log().count("reload.done") > before, 60, "reload:\n" + cls.gateway.log()[-1500:])

    def verdict(self, text):
        message, _ = self.send_prompt(text)
        return self.activity(message)

    def upload(self, text):
        """Verdict, and types found, of a file with that text."""
        name = uuid.uuid4().hex + ".txt"
        path = self.folder / name
        path.write_text(text)
        said = json.loads(self.curl("https://chatgpt.com/backend-api/files", "-H", "content-type: application/json", "-d",
                                    json.dumps({"file_name": name, "file_size": path.stat().st_size,
                                                "mime_type": "text/plain", "use_case": "my_files"})))
        self.curl(said["upload_url"], "-X", "PUT", "--data-binary", f"@{path}", "-H", "content-type: text/plain",
                  "-H", "x-ms-blob-type: BlockBlob", check=False)

        def look():
            return [a for a in self.gateway.activities() if a["activity"] == "file.uploaded" and a.get("outcome")
                    and any(f.get("name") == name and "sha256" in f for f in a.get("files", []))]
        wait_for(look, 10, f"the upload of {name}")
        one = look()[0]
        return one["verdict"], sorted({f["type"] for f in one.get("findings", [])})

    def replayed(self, text):
        """Detectors and places that a capture of a prompt shows."""
        made = exchanges.entry("https://chatgpt.com/backend-api/conversation",
                               json.dumps(self.prompt(text)))
        capture = self.folder / "one.har"
        capture.write_text(json.dumps(exchanges.har([made])))
        done = subprocess.run([BINARY, "replay", "-c", self.gateway.config, capture],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        found = [f for line in done.stdout.splitlines() for f in json.loads(line).get("findings", [])]
        return [(f["detector"], f["start"]) for f in found]

    def test_a_row_is_stopped_and_a_rebuilt_table_is_taken_by_reload(self):
        with self.subTest("a row is stopped"):
            a = self.verdict("Write to Seán O'Brien (7755330011) please")
            self.assertEqual((a["verdict"], a["rule"]), ("block", "no-customers"))
            self.assertEqual([f["type"] for f in a["findings"]], ["edm"])
            self.assertEqual(self.verdict("Write to Seán O'Brien please")["verdict"], "allow")
        with self.subTest("a file with one goes nowhere"):
            self.assertEqual(self.upload("Seán O'Brien owes 7755330011 a lot\n" * 3), ("block", ["edm"]))
            self.assertEqual(self.upload("Seán O'Brien owes 7755330012 a lot\n" * 3), ("allow", []))
        with self.subTest("a capture is judged alike"):
            self.assertEqual(self.replayed("for Seán O'Brien: 77 5533 0011"), [("customer-record", 4)])
            self.assertEqual(self.replayed("for Seán O'Brien: 77 5533 0012"), [])
        with self.subTest("a table that is built anew"):
            self.use("name,account,email\nZoë Quark,4400112233,zoe@example.org\n")
            self.reload()
            self.assertEqual(self.verdict("Zoe Quark: 4400112233")["verdict"], "block")
            self.assertEqual(self.verdict("Seán O'Brien (7755330011)")["verdict"], "allow")
        with self.subTest("a bad index leaves the old one in place"):
            (self.gateway.config.parent / "customers.edm").write_bytes(b"PGEDM\r\n\0 and no more")
            before = self.gateway.log().count("reload.refused")
            self.gateway.signal(signal.SIGHUP)
            wait_for(lambda: self.gateway.log().count("reload.refused") > before or
                     self.gateway.log().count("config.mistake") > 0, 60, "refusal")
            self.assertEqual(self.verdict("Zoe Quark, 44 00 11 22 33")["verdict"], "block")


if __name__ == "__main__":
    unittest.main()
