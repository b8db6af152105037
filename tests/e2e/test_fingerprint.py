"""Documents that were registered are recognised: by `promptgate scan`,
`check`, a running gateway, and after a reload."""
import io
import json
import os
import pathlib
import random
import signal
import subprocess
import tempfile
import unittest
import zipfile

from gateway import BINARY, ROOT, GatewayTest, wait_for

POLICY = """mode: enforce
default: allow
rules:
  - name: no-documents
    when: {direction: up, type: [fingerprint]}
    verdict: block
    severity: high
    message: "A part of a document that stays here."
"""
SYLLABLES = "ba con der el fin gra ho in ju kel lo mer ni or pre qua ri sta tu ul ver".split()


def prose(seed, paragraphs):
    rng = random.Random(seed)
    return "\n\n".join("\n".join(" ".join("".join(rng.choices(SYLLABLES, k=rng.randint(1, 4))) for _ in range(10))
                                 for _ in range(5)) for _ in range(paragraphs))


def part(text, start, end):
    return "\n\n".join(text.split("\n\n")[start:end])


def docx(text):
    out = io.BytesIO()
    body = "".join(f"<w:p><w:r><w:t>{p}</w:t></w:r></w:p>" for p in text.split("\n\n"))
    with zipfile.ZipFile(out, "w") as z:
        z.writestr("[Content_Types].xml", '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/'
                   '2006/content-types"><Default Extension="xml" ContentType="application/vnd.openxmlformats-'
                   'officedocument.wordprocessingml.document.main+xml"/></Types>')
        z.writestr("word/document.xml", '<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/'
                   f'wordprocessingml/2006/main"><w:body>{body}</w:body></w:document>')
    return out.getvalue()


def run(action, conf, *args, data=b""):
    done = subprocess.run([BINARY, *action.split(), "-c", conf, *args], input=data, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=120)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


class Command(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="pg-fingerprint-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.conf = self.folder / "promptgate.yaml"
        self.set = self.folder / "data/fingerprints/default"
        self.conf.write_text(f"data_dir: {self.folder}/data\nservices: [{ROOT}/conf/services]\n"
                             f"detectors: [{ROOT}/conf/detectors, more.yaml]\npolicy: {ROOT}/conf/policy.yaml\n")
        self.detectors("[]")

    def detectors(self, text):
        (self.folder / "more.yaml").write_text(f"detectors: {text}\n")

    def file(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def run_on(self, action, *args):
        return run("fingerprint " + action, self.conf, *args)

    def find(self, text):
        """[(detector, document's file name, similarity to a tenth)] of a text."""
        line = json.dumps({"id": 1, "text": text}).encode()
        out = json.loads(run("scan", self.conf, "--jsonl", data=line)[1])
        return [(f["detector"], os.path.basename(f["document"]), round(f["similarity"], -1)) for f in out["findings"]
                if f["type"] == "fingerprint"]

    def test_documents_of_any_kind_and_folders_are_added_and_found(self):
        plan, memo, tale = prose(1, 20), prose(2, 20), prose(3, 20)
        self.file("docs/deep/plan.txt", plan)
        self.file("docs/memo.docx", docx(memo))
        self.file("docs/.git/config", tale)
        self.file("docs/tiny.txt", "nearly nothing")
        status, out, said = self.run_on("add", self.folder / "docs")
        self.assertEqual((status, out), (1, f"2 documents added to {self.set}\n"))
        self.assertIn("tiny.txt: not enough text", said)
        self.assertEqual(self.find("Look: " + part(plan, 3, 13)), [("registered-document", "plan.txt", 50)])
        self.assertEqual([(d, n) for d, n, _ in self.find(part(memo, 3, 6).upper().replace("\n", " > "))],
                         [("registered-document", "memo.docx")])
        self.assertEqual(self.find(tale), [])
        self.assertEqual(run("scan", self.conf, self.folder / "docs/memo.docx")[0], 3)
        self.assertEqual(self.set.stat().st_mode & 0o777, 0o600)
        clear = self.set.read_bytes()
        for word in plan.split():
            self.assertTrue(len(word) < 6 or word.encode() not in clear)

    def test_list_and_remove(self):
        paths = [self.file(f"{i}.txt", prose(i, 10)) for i in range(3)]
        self.assertEqual(self.run_on("add", *paths)[0], 0)
        self.assertEqual(self.run_on("add", paths[0])[0], 0)  # in place of itself
        names = [line.split()[-1] for line in self.run_on("list")[1].splitlines()]
        self.assertEqual(sorted(names), sorted(map(str, paths)))
        self.assertEqual(self.run_on("remove", paths[1])[0], 0)
        self.assertEqual(self.run_on("remove", paths[1])[0], 1)
        self.assertEqual(self.find(prose(1, 10)), [])
        self.assertEqual(len(self.find(prose(2, 10))), 1)

    def test_common_texts_are_not_looked_for(self):
        plan = prose(1, 30)
        self.run_on("add", self.file("plan.txt", plan))
        self.run_on("add", "--common", self.file("licence.txt", part(plan, 0, 8)))
        self.assertEqual(self.find(part(plan, 0, 8)), [])
        self.assertEqual(len(self.find(part(plan, 10, 20))), 1)

    def test_sets_and_thresholds_are_the_detectors(self):
        text = prose(4, 40)
        path = self.file("plan.txt", text)
        self.assertIn("no detector", self.run_on("add", "--set", "legal", path)[2])
        self.detectors("\n  - {id: legal, kind: fingerprint, set: legal, min_share: 60, min_paragraphs: 1000}"
                       "\n  - {id: other, kind: fingerprint, file: sets/other, min_paragraphs: 1}")
        (self.folder / "sets").mkdir()
        status, _, said = self.run_on("add", "--file", self.folder / "sets/other", path)
        self.assertEqual((status, said), (0, ""))
        self.assertEqual(self.find(part(text, 0, 20)), [("other", "plan.txt", 50)])
        self.assertEqual({d for d, _, _ in self.find(part(text, 0, 28))}, {"legal", "other"})
        self.assertEqual([d for d, _, _ in self.find(part(text, 7, 8))], ["other"])

    def test_usage(self):
        for args in ((), ("paint",), ("add",), ("remove",), ("list", "x"), ("add", "--set", "A b", "x"), ("--what",)):
            done = subprocess.run([BINARY, "fingerprint", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.assertEqual((done.returncode, done.stdout), (2, b""), args)
        self.assertEqual(self.run_on("add", self.folder / "none.txt")[0], 1)
        self.assertEqual(self.run_on("list")[:2], (0, ""))
        self.assertEqual(run("fingerprint", self.conf, "--help")[0], 0)

    def test_a_damaged_set_is_a_mistake_everywhere_and_not_overwritten(self):
        self.run_on("add", self.file("plan.txt", prose(1, 10)))
        self.assertEqual(run("check", self.conf)[0], 0)
        damaged = bytearray(self.set.read_bytes())
        damaged[1000] ^= 1
        self.set.write_bytes(damaged)
        status, _, said = run("check", self.conf)
        self.assertEqual(status, 2)
        self.assertIn("registered-document", said)
        self.assertIn("the file of fingerprints is damaged", said)
        self.assertEqual(run("scan", self.conf, "-")[0], 2)
        self.assertEqual(self.run_on("list")[0], 1)
        self.assertEqual(self.run_on("add", self.folder / "plan.txt")[0], 1)
        self.assertEqual(self.set.read_bytes(), damaged)
        self.set.unlink()
        self.set.mkdir()
        status, _, said = run("check", self.conf)
        self.assertEqual(status, 2)
        self.assertIn("cannot be read", said)


class Recognised(GatewayTest):
    settings, policy = "capture: full", POLICY

    def add(self, name, text):
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        self.assertEqual(run("fingerprint add", self.gateway.config, path)[0], 0)

    def reload(self):
        before = self.gateway.metrics()["promptgate_reloads_total"]
        self.gateway.signal(signal.SIGHUP)
        wait_for(lambda: self.gateway.metrics()["promptgate_reloads_total"] > before, 20, "the reload")

    def found(self, message_id):
        activity = self.activity(message_id)
        return activity["verdict"], [(os.path.basename(f["document"]), f["similarity"], f["start"], f["end"])
                                     for f in activity.get("findings", []) if f["type"] == "fingerprint"]

    def test_a_reload_brings_documents_and_a_damaged_set_changes_nothing(self):
        plan = prose(11, 20)
        copied = "What does this say?\n" + part(plan, 5, 10)
        self.assertEqual(self.found(self.send_prompt(copied)[0]), ("allow", []))
        self.add("plan.txt", plan)
        self.reload()
        verdict, [(name, similarity, start, end)] = self.found(self.send_prompt(copied)[0])
        self.assertEqual((verdict, name), ("block", "plan.txt"))
        self.assertTrue(24 <= similarity <= 26 and 20 <= start < 200 and len(copied) - 200 < end <= len(copied))
        path = self.gateway.data / "fingerprints/default"
        good = path.read_bytes()
        path.write_bytes(good[:-8])
        failed = self.gateway.metrics()["promptgate_reloads_failed_total"]
        self.gateway.signal(signal.SIGHUP)
        wait_for(lambda: self.gateway.metrics()["promptgate_reloads_failed_total"] > failed, 20, "the refusal")
        self.assertIn("the file of fingerprints is damaged", self.gateway.log())
        self.assertEqual(self.found(self.send_prompt(copied)[0])[0], "block")
        path.write_bytes(good)
        self.add("other.docx", docx(prose(12, 20)))
        self.reload()
        self.assertEqual(self.found(self.send_prompt(part(prose(12, 20), 0, 4))[0])[0], "block")
        self.assertEqual(self.found(self.send_prompt(prose(13, 5))[0]), ("allow", []))

    def test_an_upload_of_a_document_is_recognised(self):
        self.add("memo.docx", docx(prose(21, 20)))
        self.reload()
        upload = self.folder / "copy.docx"
        upload.write_bytes(docx(prose(22, 4) + "\n\n" + part(prose(21, 20), 2, 9)))
        status = self.status("https://api.openai.com/v1/files", "-H", "authorization: Bearer sk-test",
                             "-F", "purpose=assistants", "-F", f"file=@{upload}")
        self.assertEqual(status, 403)
        [activity] = [a for a in self.gateway.activities() if a["activity"] == "file.uploaded"]
        [finding] = [f for f in activity["findings"] if f["type"] == "fingerprint"]
        self.assertEqual((os.path.basename(finding["document"]), finding["where"]), ("memo.docx", "file"))
        self.assertTrue(33 <= finding["similarity"] <= 37)


if __name__ == "__main__":
    unittest.main()
