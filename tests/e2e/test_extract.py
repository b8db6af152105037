"""Documents to text, by `promptgate scan`: where words hide in each format,
and files that mean harm."""
import gzip
import io
import json
import os
import pathlib
import struct
import subprocess
import tempfile
import time
import unittest
import zipfile
import zlib

import documents as d
import hostile
from gateway import BINARY, CARD, ROOT

EVAL = pathlib.Path(os.environ.get("EVAL_DIR", ROOT.parent / "shared/eval"))


class Extraction(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="pg-extract-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.config = ROOT / "conf/promptgate.yaml"

    def configure(self, **extract):
        text = self.config.read_text() + "\nextract: " + json.dumps(extract) + "\n"
        self.config = self.folder / "promptgate.yaml"
        self.config.write_text(text.replace("services: [", "services: []  # ").replace(
            "detectors: [detectors/]", f"detectors: [{ROOT}/conf/detectors/]").replace(
            "policy: policy.yaml", f"policy: {ROOT}/conf/policy.yaml"))

    def scan(self, content, *words, timeout=300):
        path = self.folder / "x"
        path.write_bytes(content)
        return subprocess.run([BINARY, "scan", "-c", self.config, *words, path], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=timeout)

    def text(self, content):
        done = self.scan(content, "--text")
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.decode()

    def findings(self, content, **more):
        done = self.scan(content, "--format", "jsonl", "--unmask", **more)
        self.assertIn(done.returncode, (0, 3), done.stderr)
        return json.loads(done.stdout)["findings"]

    def expect(self, content, words):
        text = self.text(content)
        for word in words:
            self.assertIn(word, text)

    def trouble(self, content, **more):
        """What the finding says of a file that cannot be read whole."""
        said = [f["sample"] for f in self.findings(content, **more) if f["type"] == "unreadable-file"]
        self.assertLess(len(said), 2)
        return said[0] if said else None


class Formats(Extraction):
    def test_word(self):
        self.expect(d.docx(), d.DOCX_WORDS)

    def test_excel(self):
        self.expect(d.xlsx(), d.XLSX_WORDS)

    def test_powerpoint(self):
        self.expect(d.pptx(), d.PPTX_WORDS)

    def test_opendocument(self):
        self.expect(d.odt(), d.ODT_WORDS)
        self.expect(d.ods(), d.ODS_WORDS)
        self.assertNotIn("urn:oasis", self.text(d.odt()))

    def test_epub(self):
        self.expect(d.epub(), d.EPUB_WORDS)

    def test_rtf(self):
        self.expect(d.RTF, d.RTF_WORDS)
        self.assertNotIn("font-word", self.text(d.RTF))

    def test_html_in_an_archive(self):
        self.expect(d.zipped({"a.bin": d.HTML}), d.HTML_WORDS)

    def test_mail(self):
        self.expect(d.mail(), d.MAIL_WORDS)
        self.expect(b"From a@b Mon Jan  1\n" + d.mail() + b"\n\nFrom c@d Mon Jan  1\nFrom: x\nTo: y\nSubject: "
                    b"second-word\n\nhello\n", d.MAIL_WORDS + ["second-word"])

    def test_archives_in_archives(self):
        self.expect(d.nested(), d.NESTED_WORDS)
        self.expect(d.tar({"a.docx": d.docx()}), d.DOCX_WORDS)

    def test_archives_of_other_kinds(self):
        for kind in ("7zip", "cpio", "newc", "ar", "iso9660", "zip"):
            self.expect(d.archived({"name-word.docx": d.docx()}, kind), d.DOCX_WORDS)

    def test_pdf(self):
        self.expect(d.pdf(d.PDF_LINES), d.PDF_WORDS)

    def test_ocr_of_a_screenshot(self):
        for kind in ("png", "jpeg"):
            text = self.text(d.picture(["Card " + CARD, "secret plans"], kind))
            self.assertIn("secret plans", text, kind)
            self.assertIn(CARD.replace(" ", ""), text.replace(" ", ""), kind)

    def test_ocr_of_a_scanned_pdf(self):
        self.assertIn("secret plans", self.text(d.scanned_pdf(["some secret plans"])))

    def test_metadata_of_pictures(self):
        self.expect(d.noted_png(), d.PNG_WORDS)

    def test_old_word(self):
        self.expect(d.doc(), d.DOC_WORDS)

    def test_old_excel(self):
        self.expect(d.xls(), d.XLS_WORDS)

    def test_old_powerpoint(self):
        self.expect(d.ppt(), d.PPT_WORDS)

    def test_outlook(self):
        self.expect(d.msg(), d.MSG_WORDS)

    def test_charsets_within_archives(self):
        text = "gr\u00fc\u00df-word \u20ac"
        for charset in ("utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "utf-8-sig"):
            self.assertIn(text, self.text(d.zipped({"a": (text * 5).encode(charset)})), charset)

    def test_the_name_of_a_file_says_nothing(self):
        path = self.folder / "holiday.jpg"
        path.write_bytes(d.docx())
        done = subprocess.run([BINARY, "scan", "-c", self.config, "--text", path], stdout=subprocess.PIPE, check=True)
        self.assertIn(b"body-word", done.stdout)

    def test_a_finding_names_the_part_and_its_line(self):
        content = d.zipped({"in.docx": d.docx(f"<w:p><w:r><w:t>pay {CARD}</w:t></w:r></w:p>")})
        found = [f for f in self.findings(content) if f["type"] == "credit-card"]
        self.assertEqual([f["part"] for f in found], ["in.docx/word/document.xml"])
        self.assertEqual(found[0]["match"], CARD)
        self.assertIn("!in.docx/word/document.xml:1:5 ", self.scan(content).stdout.decode())

    def test_the_evaluation_files(self):
        if not (EVAL / "files.jsonl").exists():
            self.skipTest("SKIPPED: 1 set, no " + str(EVAL))
        for line in (EVAL / "files.jsonl").read_text().splitlines():
            case = json.loads(line)
            text = self.text((EVAL / case["file"]).read_bytes())
            for expected in case["expect"]:
                self.assertIn(expected["match"], text, case["file"])


class Hostile(Extraction):
    """Each ends in time, with a finding, and the words before the trouble."""

    def test_f27_a_bomb(self):
        bomb = d.zipped({"a.txt": "first-word", "b": b"\0" * (400 << 20)})
        began = time.monotonic()
        self.assertIn("limit", self.trouble(bomb))
        self.assertLess(time.monotonic() - began, 20)
        self.assertIn("first-word", self.text(bomb))

    def test_f27_a_bomb_of_many_members(self):
        self.configure(members=100)
        content = d.zipped({f"{i}": "x" for i in range(1000)})
        self.assertIn("limit", self.trouble(content))

    def test_f27_ten_thousand_members_are_read_and_more_are_not(self):
        for count, is_over in ((10000, False), (10001, True)):
            content = d.zipped({f"{i}.txt": "x" for i in range(count - 1)} | {"last.txt": "last-word"}, zipfile.ZIP_STORED)
            with self.subTest(count=count):
                began = time.monotonic()
                self.assertEqual("limit" in (self.trouble(content) or ""), is_over)
                self.assertLess(time.monotonic() - began, 20)
                self.assertEqual("last-word" in self.text(content), not is_over)

    def test_f27_bombs_within_documents(self):
        self.assertIn("limit", self.trouble(d.docx(**{"word/media/image1.bin": b" " * (300 << 20)})))
        gz = zlib.compressobj(9, zlib.DEFLATED, 31)
        self.assertIn("limit", self.trouble(gz.compress(b"words " * (50 << 20)) + gz.flush()))

    def test_f27_archives_within_archives_without_end(self):
        content = b"deep-word " * 10
        for _ in range(40):
            content = d.zipped({"a": content})
        self.assertIn("limit", self.trouble(content))

    def test_an_archive_that_holds_itself(self):
        # The head of a gzip member that is copied on and on: a bounded depth
        # is all there is against quines, so any nesting does.
        content = d.docx()
        for _ in range(9):
            content = d.tar({"r": content}, "w:gz")
        self.assertIn("limit", self.trouble(content))

    def test_f27_entities_are_not_expanded(self):
        lol = "<!DOCTYPE x [<!ENTITY a 'lol'>" + "".join(
            f"<!ENTITY {chr(98 + i)} '{('&' + chr(97 + i) + ';') * 10}'>" for i in range(12)) + "]><x>&m;</x>"
        began = time.monotonic()
        self.assertIn("damaged", self.trouble(d.docx(**{"word/document.xml": lol})))
        self.assertLess(time.monotonic() - began, 10)

    def test_no_file_is_read_for_an_entity(self):
        asked = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'
        self.assertNotIn("root:", self.text(d.docx(**{"word/document.xml": asked})))

    def test_encrypted_archives(self):
        content = bytearray(d.zipped({"a.txt": "x" * 100}, zipfile.ZIP_STORED))
        content[6] |= 1
        content[content.index(b"PK\1\2") + 8] |= 1
        self.assertIn("encrypted", self.trouble(bytes(content)))
        self.assertIn("encrypted", self.trouble(d.archived({"a.txt": b"x" * 100}, "zip", "a password")))

    def test_encrypted_documents(self):
        package = d.cfb({"EncryptedPackage": b"x" * 5000, "EncryptionInfo": b"\4\0\4\0" * 100})
        self.assertIn("encrypted", self.trouble(package))
        self.assertIn("encrypted", self.trouble(d.locked_pdf()))
        self.assertIn("encrypted", self.trouble(d.xls(password=True)))
        self.assertIn("encrypted", self.trouble(d.doc(flags=0x0300)))
        manifest = "<manifest:manifest xmlns:manifest='m'><manifest:encryption-data/></manifest:manifest>"
        self.assertIn("encrypted", self.trouble(d.zipped({"content.xml": b"\x8f\x01" * 99, "META-INF/manifest.xml": manifest})))

    def test_truncated_documents(self):
        for content in (d.docx(), d.xlsx(), d.tar({"a": b"x" * 2000}, "w:gz"), d.xls(), d.doc(), d.pdf(d.PDF_LINES)):
            self.findings(content[:len(content) // 2])
            self.findings(content[:100])
        self.assertIn("damaged", self.trouble(d.tar({"a": b"x" * 20000}, "w:gz")[:60]))

    def test_damaged_documents(self):
        whole = [d.docx(), d.xls(), d.doc(), d.msg(), d.ppt(), d.RTF, d.mail(), d.noted_png(), d.ods(), d.nested()]
        for number, content in enumerate(whole):
            for step in (7, 31, 97):
                broken = bytearray(content)
                for at in range(8 + step, len(broken), step * 13):
                    broken[at] ^= (at * 37 + number) & 0xff
                self.findings(bytes(broken))

    def test_documents_that_mean_harm(self):
        for name, (content, causes, word) in hostile.documents().items():
            with self.subTest(name):
                said = self.trouble(content)
                self.assertTrue(any(cause == said or (cause and said and said.startswith(cause)) for cause in causes), said)
                if word is not None:
                    text = self.text(content)
                    self.assertIn(word, text)
                    self.assertNotIn("root:", text)

    def test_zeros_before_what_is_packed_hide_nothing(self):
        self.assertIn("harm-word", self.text(gzip.compress(b"\0" * 2048 + hostile.MEMBER)))

    def test_documents_that_were_cut(self):
        for name, content in hostile.cut():
            with self.subTest(name):
                self.findings(content)

    def test_f45_a_reader_that_takes_too_long_is_ended(self):
        self.configure(timeout=500, pages=1000)
        page = d.picture(["many words to read"] * 5)
        content = d.zipped({"a.txt": "first-word", **{f"{i:04}.png": page for i in range(500)}}, zipfile.ZIP_STORED)
        began = time.monotonic()
        self.assertIn("timeout", self.trouble(content))
        self.assertLess(time.monotonic() - began, 10)
        self.assertIn("first-word", self.text(content))

    def test_a_text_that_is_too_long_is_cut(self):
        self.configure(text_bytes=4096)
        content = d.zipped({"a.txt": "first-word" + "x" * 100000})
        self.assertIn("limit", self.trouble(content))
        self.assertLessEqual(len(self.text(content)), 4096)

    def test_a_reader_without_memory_ends_alone(self):
        self.configure(memory_bytes=256 << 20, unpacked_bytes=1 << 30, ratio=100000, text_bytes=256 << 20)
        content = d.zipped({"a.txt": "first-word", "b.txt": b"y" * (400 << 20)})
        self.assertIn("crashed", self.trouble(content))
        self.assertIn("first-word", self.text(content))


if __name__ == "__main__":
    unittest.main()
