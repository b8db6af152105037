"""L9: what parses what others made is fuzzed, and the corpora run under the
sanitizers with every check."""
import re
import unittest

from gateway import ROOT, TellingTest

# What reliability.md names, and the targets that are it.
TARGETS = {"request": ["h1_request", "h2_client", "relay"], "response": ["h1_response", "h2_origin", "relay"],
           "h2": ["h2_client", "h2_origin"], "WebSocket": ["ws", "channel"], "certificate": ["signer", "trust"],
           "SSE": ["sse"], "JSON": ["json"], "multipart": ["multipart"]}
SEEDS = 100


class Fuzzed(TellingTest):
    def test_l9_every_parser_has_a_target_and_a_corpus(self):
        for name in sorted({t for targets in TARGETS.values() for t in targets}):
            with self.subTest(name):
                source = (ROOT / f"tests/fuzz/fuzz_{name}.c").read_text()
                self.assertIn("LLVMFuzzerTestOneInput", source)
                self.assertGreaterEqual(len(list((ROOT / "tests/fuzz/corpus" / name).iterdir())), SEEDS)

    def test_l9_the_checks_run_units_and_corpora_under_the_sanitizers(self):
        makefile = (ROOT / "Makefile").read_text()
        self.assertRegex(makefile, r"CFLAGS_sanitize := .*-fsanitize=address,undefined")
        check = re.search(r"^check:.*?\n\n", makefile, re.DOTALL | re.MULTILINE)[0]
        self.assertIn("BUILD=sanitize unit-tests replays", check)
        self.assertRegex((ROOT / ".ci/run").read_text(), r"(?m)^make test$")


if __name__ == "__main__":
    unittest.main()
