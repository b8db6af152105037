"""`promptgate scan` from outside: what it prints, its exit status, and input
that is odd or hostile."""
import base64
import copy
import hashlib
import json
import os
import pathlib
import re
import resource
import signal
import subprocess
import tempfile
import unittest
import urllib.parse
import zipfile

import sarif
from gateway import BINARY, CARD, ROOT, wait_for


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


class Commands(Scan):
    def test_status_says_whether_something_was_found(self):
        clean, dirty = self.file(b"nothing", "a"), self.file(f"pay {CARD}".encode(), "b")
        self.assertEqual(self.scan(clean)[0], 0)
        self.assertEqual(self.scan(dirty, clean)[0], 3)
        self.assertEqual(self.scan(dirty, self.folder / "none")[0], 2)
        self.assertEqual(self.scan(self.folder)[0], 3)
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

    def test_sarif_is_what_the_standard_says(self):
        """Files with odd names, documents and their members, what cannot be read."""
        odd = self.file(f"é {CARD}\n{CARD}".encode(), "ä b%#?.txt")
        packed = self.folder / "cards.zip"
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("a/b.txt", f"one\n{CARD}\n")
        broken = self.file(b"PK\x03\x04 cut", "cut.docx")
        for args in ((odd, packed, broken), ("--unmask", odd, packed), (self.folder / "none", odd),
                     (self.file(b"", "empty"),)):
            log = json.loads(self.scan("--format", "sarif", *args)[1])
            self.assertEqual(sarif.problems(log), [])
            self.assertEqual([p for run in log["runs"] for p in sarif.run_problems(run)], [])
        log = json.loads(self.scan("--format", "sarif", odd, packed)[1])
        self.assertEqual(len(log["runs"][0]["results"]), 3)
        for harm in (lambda r: r.pop("message"), lambda r: r.update(level="bad"), lambda r: r.update(more=1),
                     lambda r: r["locations"][0]["physicalLocation"]["region"].update(startLine=0)):
            bad = copy.deepcopy(log)
            harm(bad["runs"][0]["results"][0])
            self.assertEqual(len(sarif.problems(bad)), 1)

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

    def test_what_is_no_text_is_read_as_strings_whatever_its_name(self):
        noise = hashlib.shake_256(b"noise").digest(4_000_000)
        path = self.file(noise, "noise.txt")
        self.assertEqual(self.scan("--min-severity", "medium", path)[:2], (0, ""))
        held = noise[:1_000_000] + f"\x00{CARD}\x00".encode() + noise[1_000_000:]
        self.assertEqual(self.scan(self.file(held, "held.txt"))[0], 3)
        code = b"\x48\x89\xe5\xc7\x45\xfc\0\0\0\0" * 2000
        card, wide = f"\0{CARD}\0".encode(), CARD.encode("utf-16-le")
        for data in (code + card + code, code + wide + code):
            status, out, _ = self.scan("--format", "jsonl", "--unmask", self.file(b"\x7fELF" + data, "program"))
            self.assertEqual((status, [f["match"] for f in json.loads(out)["findings"]]), (3, [CARD]))

    def test_text_of_any_charset_stays_text(self):
        said = "номер карты {} и больше ничего " * 20
        for coding, text in (("koi8-r", said), ("cp1251", said), ("shift-jis", "カード番号 {} です。" * 20),
                             ("euc-jp", "カード番号 {} です。" * 20), ("gb18030", "卡号 {} 而已。" * 20),
                             ("latin-1", "où est ma carte {} à l'été " * 20), ("utf-16-le", said.replace("номер", "pay it")),
                             ("utf-16-be", "nothing but ASCII {} " * 20)):
            data = text.replace("{}", CARD, 1).replace("{}", "").encode(coding)
            status, out, _ = self.scan("--format", "jsonl", "--unmask", self.file(data, coding))
            with self.subTest(coding=coding):
                self.assertIn(CARD, {f["match"] for f in json.loads(out)["findings"]})
        nuls = b"\0".join([b"user=a", b"p\xc3\xa9t", b"x" * 3, CARD.encode()] * 50)
        self.assertEqual(self.scan(self.file(nuls, "nuls"))[0], 3)

    def test_very_many_findings_end(self):
        status, out, _ = self.scan("--format", "jsonl", self.file(f"{CARD}\n".encode() * 50_000))
        self.assertEqual(status, 3)
        self.assertGreater(len(json.loads(out)["findings"]), 15)


class Folders(Scan):
    """Folders, odd names, many processes."""

    def found(self, *args):
        """{name below the folder: findings} out of JSON lines."""
        status, out, said = self.scan("--format", "jsonl", *args)
        rows = [json.loads(line) for line in out.splitlines()]
        prefix = str(self.folder) + "/"
        return status, {r["file"].removeprefix(prefix): len(r["findings"]) for r in rows}, said

    def test_a_folder_is_walked_in_order(self):
        for name in ("b/two.txt", "a.txt", "b/c/three", ".hidden", "b/.git/config", ".hg/x", "z/.svn/y"):
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(CARD)
        os.symlink(self.folder / "a.txt", self.folder / "link")
        os.symlink(self.folder, self.folder / "b/loop")
        os.mkfifo(self.folder / "pipe")
        for jobs in ("1", "2", "7"):
            status, out, said = self.found("--jobs", jobs, self.folder)
            self.assertEqual((status, said), (3, ""))
            self.assertEqual(list(out.items()), [(n, 1) for n in (".hidden", "a.txt", "b/c/three", "b/two.txt")])
        status, out, _ = self.found(self.folder / "link", self.folder / "b/.git/config", self.folder / "b/.git")
        self.assertEqual(list(out), ["link", "b/.git/config"])  # named ones are followed and read
        self.assertEqual(self.found("--exclude", "*.txt", "--exclude", "c", self.folder)[1], {".hidden": 1})

    def test_many_files_come_in_order_and_each_once(self):
        for i in range(3000):
            (self.folder / f"{i:05}").write_text(CARD if i % 7 == 0 else "nothing " * (i % 50))
        status, out, _ = self.found("--jobs", "4", self.folder)
        self.assertEqual(list(out), [f"{i:05}" for i in range(3000)])
        self.assertEqual([n for n, c in out.items() if c], [f"{i:05}" for i in range(0, 3000, 7)])

    def test_hostile_names(self):
        names = [b"a\nb", b"\x1b[31mred", b"\xff\xfe", "\u009b2J".encode(), b"-", b"--format", b'q"uote', b"%41:x", "Ω".encode()]
        for name in names:
            with open(os.fsencode(self.folder) + b"/" + name, "wb") as f:
                f.write(CARD.encode())
        status, table, _ = self.scan(self.folder)
        self.assertEqual((status, len(table.splitlines())), (3, len(names)))
        self.assertFalse(any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for c in table.replace("\n", "")))
        _, out, _ = self.scan("--format", "jsonl", self.folder)
        rows = [json.loads(line) for line in out.splitlines()]
        self.assertEqual(len(rows), len(names))
        self.assertEqual([base64.b64decode(r["file_base64"])[-2:] for r in rows if "file_base64" in r], [b"\xff\xfe"])
        _, out, _ = self.scan("--format", "sarif", self.folder)
        uris = [r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in json.loads(out)["runs"][0]["results"]]
        base = "file://" + urllib.parse.quote(str(self.folder)) + "/"
        self.assertTrue(all(re.fullmatch(r"[\x21-\x7e]+", u) and u.startswith(base) for u in uris), uris)
        self.assertEqual(sorted(urllib.parse.unquote_to_bytes(u.removeprefix(base)) for u in uris), sorted(names))

    def test_what_cannot_be_read_is_told_and_the_rest_goes_on(self):
        (self.folder / "good").write_text(CARD)
        args = ("--jobs", "2", self.folder / "none", self.folder / "good", self.folder / "nowhere/x")
        status, out, said = self.scan("--format", "jsonl", *args)
        rows = [json.loads(line) for line in out.splitlines()]
        self.assertEqual((status, [(bool(r.get("error")), len(r["findings"])) for r in rows]),
                         (2, [(True, 0), (False, 1), (True, 0)]))
        self.assertEqual(said.count("No such file"), 2)
        log = json.loads(self.scan("--format", "sarif", *args)[1])
        call = log["runs"][0]["invocations"][0]
        self.assertEqual((call["executionSuccessful"], len(call["toolExecutionNotifications"])), (False, 2))

    def test_a_process_that_is_killed_costs_one_file(self):
        (self.folder / "a").write_text(CARD)
        (self.folder / "z").write_text(CARD)
        os.mkfifo(self.folder / "pipe")
        names = [self.folder / n for n in ("a", "pipe", "z")]
        p = subprocess.Popen([BINARY, "scan", "-c", ROOT / "conf/promptgate.yaml", "--format", "jsonl", "--jobs", "2",
                              *names], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

        def reader():  # the process that waits for somebody to write
            out = subprocess.run(["ps", "-o", "pid=,wchan:32=", "--ppid", str(p.pid)], stdout=subprocess.PIPE, text=True)
            return [int(line.split()[0]) for line in out.stdout.splitlines() if "fifo" in line or "wait_for_partner" in line]
        [pid] = wait_for(reader, 20, "a process at the pipe")
        os.kill(pid, signal.SIGKILL)
        out, said = p.communicate(timeout=60)
        rows = [json.loads(line) for line in out.splitlines()]
        self.assertEqual((p.returncode, [len(r["findings"]) for r in rows]), (2, [1, 0, 1]))
        self.assertIn("signal 9", said)

    def test_thresholds(self):
        path = self.file(f"see http://www.example.org/x and {CARD}".encode())
        everything = self.found(path)[1]["a.txt"]
        self.assertGreater(everything, 1)
        self.assertEqual(self.found("--min-severity", "high", path)[1]["a.txt"], 1)
        url = self.file(b"see http://www.example.org/x", "url")
        self.assertEqual(self.scan(url)[0], 3)
        self.assertEqual(self.scan("--min-severity", "medium", "--min-confidence", "high", url)[0], 0)
        self.assertEqual(self.scan("--min-severity", "huge", url)[0], 2)
        self.assertEqual(self.scan("--jobs", "many", url)[0], 2)

    def test_a_large_file_is_read_in_slices(self):
        slice_bytes, guard, carry = 32 << 20, 64 << 10, 128 << 10
        line = b"nothing to be seen in these few words of a line\n"
        data = bytearray(line * (70_000_000 // len(line)))
        spots = [100, slice_bytes - carry - 9, slice_bytes - guard - 9, slice_bytes - 9, slice_bytes + 5000,
                 2 * slice_bytes - carry - guard - 7, len(data) - 60]
        for at in spots:
            data[at:at + 21] = b" " + CARD.encode() + b" "
        path = self.file(bytes(data))
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        _, out, _ = self.scan("--format", "sarif", "--jobs", "1", "--min-severity", "high", path)
        after = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        regions = [r["locations"][0]["physicalLocation"]["region"] for r in json.loads(out)["runs"][0]["results"]]
        self.assertEqual([r["byteOffset"] for r in regions], [at + 1 for at in spots])
        for region, at in zip(regions, spots):
            lines = data[:at + 1].split(b"\n")
            self.assertEqual((region["startLine"], region["startColumn"]), (len(lines), len(lines[-1]) + 1))
            self.assertEqual(region["endColumn"], region["startColumn"] + len(CARD))
        self.assertLess(max(before, after), 600_000, "KiB of memory")

    def test_progress_is_for_terminals_only(self):
        path = self.file(CARD.encode())
        self.assertEqual(self.scan(path)[2], "")
        leader, follower = os.openpty()
        done = subprocess.run([BINARY, "scan", "-c", ROOT / "conf/promptgate.yaml", path], stdout=subprocess.PIPE,
                              stderr=follower, timeout=60)
        os.close(follower)
        shown = os.read(leader, 65536).decode()
        os.close(leader)
        self.assertEqual(done.returncode, 3)
        self.assertIn("files", shown)
        self.assertTrue(shown.endswith("\r\x1b[K"), shown)
        self.assertNotIn(b"\x1b", done.stdout)

    def test_an_output_that_is_closed_ends_it(self):
        for i in range(200):
            (self.folder / f"{i}").write_text((CARD + "\n") * 200)
        p = subprocess.Popen([BINARY, "scan", "-c", ROOT / "conf/promptgate.yaml", self.folder], stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL)
        p.stdout.read(10)
        p.stdout.close()
        self.assertEqual(p.wait(60), 2)


class Sarif(Scan):
    """What the schema of SARIF 2.1.0 demands, and what viewers want besides."""

    def log(self, *args):
        status, out, said = self.scan("--format", "sarif", *args)
        self.assertIn(status, (0, 3), said)
        return json.loads(out)

    def check_message(self, message):
        self.assertTrue(isinstance(message, dict) and message.get("text"), message)

    def check_region(self, region):
        for key in ("startLine", "startColumn", "endLine", "endColumn"):
            self.assertGreaterEqual(region[key], 1)
        self.assertLessEqual((region["startLine"], region["startColumn"]), (region["endLine"], region["endColumn"]))

    def check_log(self, log):
        self.assertEqual(log["version"], "2.1.0")
        self.assertLessEqual(set(log), {"$schema", "version", "runs", "inlineExternalProperties", "properties"})
        for run in log["runs"]:
            rules = run["tool"]["driver"]["rules"]
            self.assertEqual(run["tool"]["driver"]["name"], "promptgate")
            self.assertEqual(len({r["id"] for r in rules}), len(rules))
            self.assertIn(run["columnKind"], ("utf16CodeUnits", "unicodeCodePoints"))
            for rule in rules:
                self.check_message(rule["shortDescription"])
                self.check_message(rule["fullDescription"])
                self.check_message(rule["help"])
                self.assertIn(rule["defaultConfiguration"]["level"], ("none", "note", "warning", "error"))
                self.assertEqual(len(set(rule["properties"]["tags"])), len(rule["properties"]["tags"]))
            for base in run["originalUriBaseIds"].values():
                self.assertTrue(base["uri"].startswith("file:///") and base["uri"].endswith("/"))
            for call in run["invocations"]:
                self.assertIsInstance(call["executionSuccessful"], bool)
                for note in call["toolExecutionNotifications"]:
                    self.check_message(note["message"])
            for result in run["results"]:
                self.check_message(result["message"])
                self.assertEqual(rules[result["ruleIndex"]]["id"], result["ruleId"])
                self.assertIn(result["level"], ("none", "note", "warning", "error"))
                [location] = result["locations"]
                self.assertTrue(location["physicalLocation"]["artifactLocation"]["uri"])
                self.check_region(location["physicalLocation"]["region"])
                self.assertTrue(all(isinstance(v, str) for v in result["partialFingerprints"].values()))
            prints = [json.dumps(r["partialFingerprints"]) for r in run["results"]]
            self.assertEqual(len(set(prints)), len(prints))

    def test_the_log_is_complete(self):
        text = f"a\n\tΩ \U0001f600 {CARD}, {CARD}\nmail ana@example.com"
        log = self.log(self.file(text.encode()), self.file(b"", "none"))
        self.check_log(log)
        first = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]
        self.assertEqual((first["startLine"], first["startColumn"], first["endColumn"]), (2, 6, 6 + len(CARD)))
        self.assertEqual(text.encode()[first["byteOffset"]:][:first["byteLength"]], CARD.encode())
        self.check_log(self.log(self.file(b"nothing")))

    def test_documents_name_the_member(self):
        path = self.folder / "x.zip"
        with zipfile.ZipFile(path, "w") as z:
            z.writestr("inner/a.txt", f"one\ntwo {CARD}")
            z.writestr("b.txt", "x")
        log = self.log(path)
        self.check_log(log)
        [result] = log["runs"][0]["results"]
        location = result["locations"][0]
        self.assertIn("inner/a.txt", location["logicalLocations"][0]["fullyQualifiedName"])
        region = location["physicalLocation"]["region"]
        self.assertEqual((region["startLine"], region["startColumn"]), (2, 5))
        self.assertNotIn("byteOffset", region)
        path.write_bytes(path.read_bytes()[:60])
        log = self.log(path)
        self.check_log(log)
        self.assertIn("unreadable-file", [r["ruleId"] for r in log["runs"][0]["results"]])

    def test_fingerprints_stay_when_lines_move_and_tell_nothing(self):
        def prints(text):
            return [r["partialFingerprints"] for r in self.log(self.file(text.encode()))["runs"][0]["results"]]
        one = prints(f"{CARD}\n{CARD}")
        self.assertEqual(prints(f"\n\nmore\n{CARD}\nbetween\n{CARD}"), one)
        self.assertEqual(len(one), 2)
        self.assertNotIn(hashlib.sha256(CARD.encode()).hexdigest()[:32], json.dumps(one))

    def test_values_only_where_asked_for(self):
        path = self.file(CARD.encode())
        self.assertNotIn(CARD, json.dumps(self.log(path)))
        [result] = self.log("--unmask", path)["runs"][0]["results"]
        self.assertEqual(result["locations"][0]["physicalLocation"]["region"]["snippet"]["text"], CARD)


if __name__ == "__main__":
    unittest.main()
