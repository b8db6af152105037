"""`promptgate detectors import`: rules of others, and what the gateway's own
commands make of the result."""
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from gateway import BINARY, ROOT

YAML = r"""
rules:
- name: Acme API key
  id: np.acme.1
  pattern: |
    (?x)(?i)
    \b
    acme (?: .{0,20} ) key .{0,5}?
    ( [a-z0-9]{24} )          # the key
    \b
  examples: ['ACME_API_KEY = "k3j5h2g9d8s7a6f5q4w3e2r1"']
  negative_examples: ['ACME_API_KEY = "short"']
- {name: Looks back, id: np.back.1, pattern: '(?<!x)globex-[0-9]{8}(?!\d)', examples: [globex-72451903],
   negative_examples: [xglobex-72451903, globex-724519031]}
- {name: Backward, id: np.ref.1, pattern: '(globex)\1', examples: [globexglobex]}
"""
TOML = r"""
[allowlist]
stopwords = ["sample"]
[[rules]]
id = "initech-token"
description = "Initech's token"
regex = '''\b(itk_)([A-Za-z0-9]{30})(?:['"\s]|$)'''
secretGroup = 2
entropy = 3
keywords = ["itk_"]
"""


class Import(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.rules = self.folder / "rules"
        self.rules.mkdir()
        (self.rules / "a.yml").write_text(YAML)
        (self.rules / "b.toml").write_text(TOML)
        (self.rules / "notes.txt").write_text("no rules")

    def run_it(self, *args, status=0):
        done = subprocess.run([BINARY, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual(done.returncode, status, done.stderr)
        return done

    def test_the_result_is_used_by_the_other_commands(self):
        conf = self.folder / "conf"
        shutil.copytree(ROOT / "conf", conf)
        done = self.run_it("detectors", "import", "--out", conf / "detectors/own.yaml", self.rules)
        self.assertIn("3 of 4 rules taken, 1 not", done.stderr)
        self.assertIn("np.ref.1: not taken: a reference to what a group matched", done.stderr)
        self.assertEqual(done.stdout, "")
        self.run_it("check", "--examples", "-c", conf / "promptgate.yaml")
        text = self.folder / "text"
        text.write_text("use itk_A7d9Kq2mZx4LpW8vRt3NyB6cHs1JfG end\nitk_sampleA7d9Kq2mZx4LpW8vRt3NyB6c end\n")
        found = self.run_it("scan", "-c", conf / "promptgate.yaml", "--unmask", text, status=3).stdout
        [row] = [line for line in found.splitlines() if "initech-token" in line]
        self.assertIn(":1:9 ", row)
        self.assertIn('"A7d9Kq2mZx4LpW8vRt3NyB6cHs1JfG"', row)

    def test_output_and_options(self):
        done = self.run_it("detectors", "import", "--type", "own-key", "--severity", "low", "--quiet", self.rules / "b.toml")
        self.assertIn("type: own-key\n", done.stdout)
        self.assertIn("severity: low\n", done.stdout)
        self.assertEqual(len(done.stderr.splitlines()), 1)
        there = self.folder / "there"
        there.write_text("mine")
        self.run_it("detectors", "import", "--out", there, self.rules, status=2)
        self.assertEqual(there.read_text(), "mine")

    def test_what_is_no_rule_file(self):
        bad = self.folder / "bad.toml"
        bad.write_text("[[rules]]\nid = \n")
        done = self.run_it("detectors", "import", bad, status=2)
        self.assertIn("bad.toml:2: not TOML", done.stderr)
        self.assertEqual(done.stdout, "")
        self.run_it("detectors", "import", self.folder / "none", status=2)
        self.run_it("detectors", "import", "--format", "kingfisher", self.rules / "b.toml", status=2)
        for args in ((), ("import",), ("export", "x"), ("import", "--format", "x", bad), ("import", "--severity", "x", bad)):
            self.assertEqual(self.run_it("detectors", *args, status=2).stdout, "")


if __name__ == "__main__":
    unittest.main()
