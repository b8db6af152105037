"""The console's pages Policy and Detectors: rules as they run, what they hit,
texts tried against them."""
import base64
import json
import unittest

import yaml

import documents
from console_client import Console, add_user
from console_pages import ADMIN, PASSWORD, PagesTest
from gateway import BINARY, CARD, ROOT, wait_for

ANA = "ana@example.com"
HOSTILE = f"<img src=x onerror=window.pwned=1> pay {CARD} now"


class Policy(PagesTest):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        self = cls("run_all")
        self.say(f"Charge {CARD} for it", ANA)
        self.say(f"Please charge {CARD}", ANA)
        self.say("hello", ANA)
        wait_for(lambda: len(cls.admin.items("activities", activity=["prompt*", "response*"])) == 4, 10, "all in the index")

    def attempt(self, text, console=None, **more):
        console = console or self.admin
        return console.post("/api/v1/policy/try", json={"text": text, **more}, headers={"X-CSRF-Token": console.csrf})

    def test_the_rules_are_those_of_the_file_with_their_hits(self):
        answer = self.admin.get("/api/v1/policy", params={"since": "24h"}).json()
        written = yaml.safe_load((ROOT / "conf/policy.yaml").read_text())
        rules = answer["policy"]["rules"]
        self.assertEqual([r["name"] for r in rules], [r["name"] for r in written["rules"]])
        for rule, source in zip(rules, written["rules"]):
            self.assertEqual(rule["verdict"], source["verdict"])
            self.assertEqual(rule.get("message"), source.get("message"))
            for key, value in (source.get("when") or {}).items():
                value = value if isinstance(value, list) or not isinstance(rule["when"][key], list) else [value]
                self.assertEqual(rule["when"][key], value, (rule["name"], key))
        self.assertEqual(answer["hits"]["no-payment-cards"], 2)
        self.assertEqual(answer["total"], len(self.admin.items("activities")))
        self.assertEqual(self.admin.get("/api/v1/policy", params={"until": "2001-01-01T00:00:00Z"}).json()["hits"], {})

    def test_a_text_is_judged_as_the_gateway_would(self):
        answer = self.attempt(f"Charge {CARD} for it").json()
        self.assertEqual((answer["verdict"], answer["rule"], answer["mode"]), ("block", "no-payment-cards", "enforce"))
        [found] = [f for f in answer["findings"] if f["type"] == "credit-card"]
        self.assertEqual((found["start"], found["end"], found["where"]), (7, 7 + len(CARD), "prompt"))
        self.assertNotIn(CARD, json.dumps(answer))
        self.assertNotIn(CARD.replace(" ", ""), json.dumps(answer))
        calm = self.attempt("nothing at all").json()
        self.assertEqual((calm["verdict"], "findings" in calm, "rule" in calm), ("allow", False, False))
        self.assertEqual(self.attempt(f"card {CARD}", file="a.txt").json()["activity"], "file.uploaded")
        self.assertEqual(self.attempt(f"card {CARD}", activity="response.generated", direction="down").json()["findings"][0]["where"], "answer")

    def test_what_was_tried_is_nowhere(self):
        word = "zugspitze-4711"
        before = len(self.admin.items("activities"))
        self.assertEqual(200, self.attempt(f"{word} {CARD}").status_code)
        self.assertEqual(len(self.admin.items("activities")), before)
        self.assertNotIn(word, self.gateway.log())
        # That somebody tried is recorded before the answer: who, and how much.
        newest = self.tried_texts(len(f"{word} {CARD}"))[0]
        self.assertEqual((newest["actor"]["user"], list(newest["details"])), (ADMIN, ["bytes"]))
        self.assertEqual(set(newest), {"id", "time", "node", "via", "service", "activity", "category", "outcome", "actor", "details"})
        self.assertNotIn(word, json.dumps(self.admin.items("audit", limit=1000)))
        for path in (self.gateway.data / "store").rglob("*"):
            if path.is_file():
                self.assertNotIn(word.encode(), path.read_bytes(), path)

    def tried_texts(self, size):
        """Newest first, once the index has the one of that size at their head."""
        def ready():
            found = self.admin.items("audit", activity="console.text.tried")
            return found if found and found[0]["details"]["bytes"] == size else None
        return wait_for(ready, 10, "the record that a text was tried")

    def attempt_file(self, content, name, console=None, headers=None, **more):
        console = console or self.admin
        return console.post("/api/v1/policy/try/file", params={"file": name, **more}, data=content,
                            headers={"X-CSRF-Token": console.csrf or "", "Content-Type": "application/octet-stream", **(headers or {})})

    def test_a_document_is_read_and_judged_as_the_gateway_would(self):
        before = len(self.admin.items("activities"))
        word = "karwendel-4711"
        for content, name, kind in ((documents.pdf([f"Charge {CARD} {word}"]), "bill.pdf", "application/pdf"),
                                    (documents.docx(f"<w:p><w:r><w:t>Charge {CARD} {word}</w:t></w:r></w:p>"), "bill.docx", None)):
            answer = self.attempt_file(content, name).json()
            self.assertEqual((answer["verdict"], answer["rule"], answer["activity"], answer["bytes"]),
                             ("block", "no-payment-cards", "file.uploaded", len(content)), answer)
            [found] = [f for f in answer["findings"] if f["type"] == "credit-card"]
            self.assertEqual(found["where"], "file")
            self.assertGreater(answer["text_bytes"], len(CARD))
            self.assertNotIn("trouble", answer)
            self.assertNotIn(CARD.replace(" ", ""), json.dumps(answer).replace(" ", ""))
            if kind:
                self.assertEqual(answer["type"], kind)
        # Nothing of it is anywhere; that a file was tried is.
        self.assertEqual(len(self.admin.items("activities")), before)
        tried = self.admin.items("audit", activity="console.file.tried")
        self.assertEqual({a["actor"]["user"] for a in tried}, {ADMIN})
        self.assertEqual({tuple(a["details"]) for a in tried}, {("bytes",)})
        for secret in (word, "bill.pdf", "bill.docx"):
            self.assertNotIn(secret, self.gateway.log())
            for path in (self.gateway.data / "store").rglob("*"):
                if path.is_file():
                    self.assertNotIn(secret.encode(), path.read_bytes(), path)

    def test_files_that_no_reader_is_for_and_those_that_cannot_be_read(self):
        plain = self.attempt_file(f"card {CARD}".encode(), "a.txt").json()
        self.assertEqual((plain["verdict"], "text_bytes" in plain), ("block", False))
        calm = self.attempt_file(b"\0\1\2" * 40000, "noise.bin").json()
        self.assertEqual((calm["verdict"], "trouble" in calm), ("allow", False))
        locked = self.attempt_file(documents.locked_pdf(), "locked.pdf").json()
        self.assertEqual((locked["verdict"], locked["trouble"]), ("block", "encrypted"))
        self.assertIn("unreadable-file", [f["type"] for f in locked["findings"]])

    def test_large_files_are_for_those_who_may_and_have_a_bound(self):
        large = b"x" * (1 << 20) + f" {CARD} ".encode()
        self.assertEqual("block", self.attempt_file(large, "a.txt").json()["verdict"])
        self.assertEqual(413, self.attempt_file(b"x" * (8 * 1024 * 1024 + 1), "a.txt").status_code)
        add_user(self.gateway, "analyst@example.com", "analyst", PASSWORD)
        analyst = Console(self.gateway, "analyst@example.com", PASSWORD)
        self.assertEqual(413, self.attempt_file(large, "a.txt", analyst).status_code)
        self.assertEqual(403, self.attempt_file(b"small", "a.txt", analyst).status_code)
        self.assertEqual(413, self.attempt_file(large, "a.txt", headers={"X-CSRF-Token": "other"}).status_code)
        self.assertEqual(403, self.attempt_file(b"small", "a.txt", headers={"X-CSRF-Token": "other"}).status_code)
        self.assertEqual(413, self.attempt_file(large, "a.txt", Console(self.gateway, "")).status_code)
        self.assertEqual(401, self.attempt_file(b"small", "a.txt", Console(self.gateway, "")).status_code)
        for name, content in (("", b"x"), ("a.txt", b""), ("n" * 600, b"x")):
            self.assertEqual(400, self.attempt_file(content, name).status_code, name)

    def test_only_those_who_may_see_content_try(self):
        for role, status in (("analyst", 403), ("auditor", 403), ("investigator", 200)):
            add_user(self.gateway, f"{role}@example.com", role, PASSWORD)
            console = Console(self.gateway, f"{role}@example.com", PASSWORD)
            self.assertEqual(status, self.attempt("hello", console).status_code, role)
            for path in ("policy", "detectors", "modes"):
                self.assertEqual(200, console.get("/api/v1/" + path).status_code, (role, path))
        stranger = Console(self.gateway, "")
        self.assertEqual(401, stranger.post("/api/v1/policy/try", json={"text": "x"}).status_code)
        answer = self.admin.post("/api/v1/policy/try", json={"text": "x"})
        self.assertEqual((403, "csrf"), (answer.status_code, answer.json()["error"]))
        self.assertEqual(405, self.admin.get("/api/v1/policy/try").status_code)

    def test_bad_bodies_are_refused(self):
        key = {"X-CSRF-Token": self.admin.csrf}
        self.assertEqual(200, self.attempt("x" * 4711).status_code)
        self.tried_texts(4711)
        for body in (b"", b"{", b"[]", b'"x"', b'{"text": 1}', b'{"other": "x"}', b'{"text":"\\ud800"',
                     b'{"text":' + b"[" * 50 + b"]" * 50 + b"}", json.dumps({"text": "x", "user": "u" * 600}).encode()):
            self.assertEqual(400, self.admin.post("/api/v1/policy/try", data=body, headers=key).status_code, body[:40])
        self.assertEqual(413, self.admin.http.post(self.admin.base + "/api/v1/policy/try", data=b"x" * 70000, headers=key).status_code)
        # What was not tried is not said to have been.
        self.assertEqual(200, self.attempt("x" * 4712).status_code)
        self.assertEqual([r["details"]["bytes"] for r in self.tried_texts(4712)[:2]], [4712, 4711])

    def test_detectors_have_what_the_files_say_and_what_they_found(self):
        answer = self.admin.get("/api/v1/detectors", params={"since": "24h"}).json()
        written = {d["id"]: d for f in (ROOT / "conf/detectors").glob("*.yaml")
                   for d in (yaml.safe_load(f.read_text()) or {}).get("detectors", [])}
        self.assertEqual({d["id"] for d in answer["items"]}, set(written))
        for d in answer["items"]:
            source = written[d["id"]]
            self.assertEqual(d["type"], source.get("type", d["type"]))
            self.assertEqual(d["examples"], len(source.get("examples") or []), d["id"])
            self.assertEqual(d["counter_examples"], len(source.get("counter_examples") or []), d["id"])
            self.assertEqual(d.get("description", ""), source.get("description", "").strip(), d["id"])
        hits = {d["id"]: d["hits"] for d in answer["items"] if d["hits"]}
        self.assertEqual(hits.get("payment-card"), 2)
        quality = answer["quality"]
        self.assertRegex(quality["measured"], r"^\d{4}-\d\d-\d\d$")
        self.assertIn("credit-card", quality["types"])
        for kind, figures in quality["types"].items():
            self.assertEqual(len(figures), len(quality["columns"]), kind)

    def test_the_policy_page(self):
        seen = self.see("policy", text=HOSTILE, card=CARD, pdf=base64.b64encode(documents.pdf([f"Charge {CARD}"])).decode())
        hits = dict(seen["rules"])
        self.assertEqual(hits["no-payment-cards"], "2")
        self.assertEqual(seen["box"], 1)
        self.assertIn("no-payment-cards", seen["tried"]["outcome"])
        self.assertEqual(seen["tried"]["marks"], [CARD])
        self.assertEqual(seen["tried"]["html"], 0)
        self.assertIn("allow", seen["binary"])
        self.assertIn("no-payment-cards", seen["document"]["outcome"])
        self.assertIn("application/pdf", seen["document"]["text"])
        self.assertNotIn(CARD, seen["document"]["text"])
        self.assertIn("block", seen["file"])
        self.assertEqual(seen["behind"]["rows"], 2)
        self.assertIn("rule=no-payment-cards", seen["behind"]["url"])
        self.assertIsNone(seen["pwned"])
        add_user(self.gateway, "analyst@example.com", "analyst", PASSWORD)
        self.assertEqual(self.see("policy", user="analyst@example.com")["box"], 0)

    def test_the_page_of_detectors(self):
        seen = self.see("detectors")
        self.assertEqual(seen["all"][0], "payment-card")  # most hits first
        self.assertIn("100", seen["first"].replace("\u202f", ""))
        self.assertIn("bench/score.py", seen["note"])
        self.assertIn("payment-card", seen["found"])
        self.assertLess(len(seen["found"]), len(seen["all"]))

    def test_nothing_serious_is_found_by_axe_in_any_look(self):
        self.check_looks([("policy", "/policy", "tr[data-rule]"), ("detectors", "/detectors?find=card", "tr[data-detector]")])


if __name__ == "__main__":
    unittest.main()
