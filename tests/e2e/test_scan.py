"""`promptgate scan` from outside: what it prints, its exit status, and input
that is odd or hostile."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from gateway import BINARY, CARD, ROOT


class Scan(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="pg-scan-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def scan(self, *args, data=b""):
        """(exit status, output, complaints)"""
        done = subprocess.run([BINARY, "scan", "-c", ROOT / "conf/promptgate.yaml", *args], input=data,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def lines(self, *lines):
        data = b"\n".join(x if isinstance(x, bytes) else json.dumps(x).encode() for x in lines)
        status, out, said = self.scan("--jsonl", data=data)
        return status, [json.loads(x) for x in out.splitlines()], said

    def file(self, data, name="a.txt"):
        path = self.folder / name
        path.write_bytes(data)
        return path

    def test_status_says_whether_something_was_found(self):
        clean, dirty = self.file(b"nothing", "a"), self.file(f"pay {CARD}".encode(), "b")
        self.assertEqual(self.scan(clean)[0], 0)
        self.assertEqual(self.scan(dirty, clean)[0], 3)
        self.assertEqual(self.scan(dirty, self.folder / "none")[0], 2)
        self.assertEqual(self.scan(self.folder)[0], 2)
        self.assertEqual(self.scan("--format", "xml", clean)[0], 2)
        self.assertEqual(self.scan("--what")[0], 2)
        self.assertEqual(self.scan(data=b"")[0], 0)
        self.assertEqual(self.scan("-", data=CARD.encode())[0], 3)

    def test_one_object_a_file_each_occurrence_on_its_own(self):
        text = f"é {CARD} and {CARD}"
        status, out, _ = self.scan("--format", "jsonl", self.file(text.encode()), self.file(b"", "empty"))
        first, second = map(json.loads, out.splitlines())
        self.assertEqual((status, second["findings"], len(first["findings"])), (3, [], 2))
        for finding in first["findings"]:
            self.assertEqual(finding["count"], 1)
            self.assertEqual(text.encode()[finding["start"]:finding["end"]], CARD.encode())
            self.assertNotIn("match", finding)
        self.assertNotIn(CARD, out)
        self.assertEqual(json.loads(self.scan("--format", "jsonl", "--unmask", self.file(text.encode()))[1])
                         ["findings"][0]["match"], CARD)

    def test_sarif_is_one_document_without_the_values(self):
        _, out, _ = self.scan("--format", "sarif", self.file(CARD.encode()), self.file(b"x", "b"))
        run = json.loads(out)["runs"][0]
        self.assertEqual([r["ruleId"] for r in run["results"]], ["payment-card"])
        self.assertNotIn(CARD, out)

    def test_bad_lines_are_reported_and_the_rest_goes_on(self):
        deep = b'{"id":"d","text":"x","y":' + b"[" * 100000 + b"]" * 100000 + b"}"
        status, out, said = self.lines({"id": "a", "text": CARD}, b"no json", b"", {"id": 1}, {"text": "x"},
                                       {"id": 2, "text": 5}, [1], deep, b'{"id":3,"text":"cut', {"id": "z", "text": "y"})
        self.assertEqual(status, 2)
        self.assertEqual([(x["id"], len(x["findings"])) for x in out], [("a", 1), ("z", 0)])
        for number in (2, 4, 5, 6, 7, 8, 9):
            self.assertIn(f"line {number}:", said)

    def test_ids_go_out_as_they_came(self):
        ids = [b"7", b"123456789012345678901234567890", b"-1.50e3", b"null", b"true", b'"a\\nb"', b'{"a":1}', b"[1,2]"]
        _, out, _ = self.scan("--jsonl", data=b"\n".join(b'{"id":' + i + b',"text":"x"}' for i in ids))
        self.assertEqual(out.splitlines(), [f'{{"id":{i.decode()},"findings":[]}}' for i in ids])

    def test_odd_but_readable_lines_are_scanned(self):
        card = CARD.encode()
        lines = [b'{"id":1,"text":"\\ud800 %s"}' % card, b'{"id":2,"text":"\\u0000 %s"}' % card,
                 b'{"id":3,"text":"\\u0034111 1111 1111 1111"}', b'\xef\xbb\xbf{"id":4,"text":"%s"}\r' % card,
                 b'{"id":5,"text":"\xff %s"}' % card, b'{"id":6,"text":"x","text":"%s"}' % card]
        status, out, said = self.lines(*lines)
        self.assertEqual((status, said), (3, ""))
        self.assertEqual([len(x["findings"]) for x in out], [1] * len(lines))

    def test_a_line_of_fifty_megabytes(self):
        status, out, _ = self.lines({"id": 1, "text": "word " * 10_000_000 + CARD}, {"id": 2, "text": CARD})
        self.assertEqual((status, [x["findings"][0]["start"] for x in out]), (3, [50_000_000, 0]))

    def test_files_of_other_encodings_and_none(self):
        text = f"Grüße 👋 {CARD}"
        for coding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-be"):
            data = ("\ufeff" if coding == "utf-16-be" else "").encode(coding) + text.encode(coding)
            status, out, _ = self.scan("--format", "jsonl", self.file(data))
            self.assertEqual((status, len(json.loads(out)["findings"])), (3, 1), coding)
        for data in (os.urandom(1_000_000), b"\0" * 1_000_000, b"\xff\xfe", b"\xfe\xff\xd8", b"\xef\xbb\xbf"):
            self.assertIn(self.scan(self.file(data))[0], (0, 3))

    def test_very_many_findings_end(self):
        status, out, _ = self.scan("--format", "jsonl", self.file(f"{CARD}\n".encode() * 50_000))
        self.assertEqual(status, 3)
        self.assertGreater(len(json.loads(out)["findings"]), 15)


if __name__ == "__main__":
    unittest.main()
