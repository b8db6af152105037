"""The console's pages in Chromium: services, activities, detail, live mode,
export, keyboard, hostile text, what axe-core finds, weight."""
import csv
import io
import json
import statistics
import unittest
import uuid

from console_client import Console, add_user
from console_pages import ADMIN, PASSWORD, PagesTest
from gateway import CARD, wait_for

USER = "ines@example.com"
HOSTILE_TAG = "<img src=x onerror=\"window.pwned=1\">"
HOSTILE = HOSTILE_TAG + "<script>window.pwned=1</script>{{7*7}}' \""
HOSTILE_FILE = "\"><svg onload=window.pwned=1>.pdf"
ANA, BEN = "ana@example.com", "ben@example.com"


class Pages(PagesTest):
    settings = "capture: full"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        add_user(cls.gateway, USER, "investigator", PASSWORD)
        cls.conversation = str(uuid.uuid4())
        self = cls("run_all")
        for text in ("Compare the quarterly numbers", f"Then charge {CARD} for it", "Thank you"):
            self.say(text, ANA, "Sales", conversation_id=cls.conversation)
        for i in range(4):
            self.say(f"Question number {i}", BEN, "Research")
        cls.hostile = self.say("hostile " + HOSTILE, BEN, "Research", metadata={
            "attachments": [{"id": "file-h1", "name": HOSTILE_FILE, "size": 12, "mime_type": "application/pdf"}]})
        cls.api = Console(cls.gateway, USER, PASSWORD)
        wait_for(lambda: len(cls.api.items("activities", activity="prompt*")) == 8, 10, "all prompts in the index")
        wait_for(lambda: len(cls.api.items("activities", activity="response*")) == 7, 10, "all answers in the index")

    def start(self, scenario, **more):
        return super().start(scenario, **{"user": USER, **more})

    def count(self, **filters):
        return self.api.get("/api/v1/stats", params={"buckets": 0, **filters}).json()["total"]

    # ---- tests ----

    def test_a_login_leads_where_one_wanted_to_go_and_ends_with_sign_out(self):
        seen = self.see("login")
        self.assertIn("Wrong user name or password", seen["refused"])
        self.assertTrue(seen["landed"].endswith("/activities?since=1h&verdict=block"), seen["landed"])
        for word in (USER, "investigator", "Asia/Tokyo"):
            self.assertIn(word, seen["menu"])
        self.assertTrue(seen["after"].endswith("/login?next=/services"), seen["after"])

    def test_cards_have_the_numbers_of_the_export(self):
        seen = self.see("services")
        rows = [json.loads(line) for line in self.api.get("/api/v1/activities.jsonl?since=24h").text.splitlines()]
        expected = {}
        for a in rows:
            key = a["service"], a["actor"].get("workspace", "")
            events, dlp, names = expected.setdefault(key, [0, 0, {}])
            expected[key] = [events + 1, dlp + bool(a.get("findings")), names]
            names[a["activity"]] = names.get(a["activity"], 0) + 1
        shown = {(c["service"], c["instance"]): [int(c["events"]), int(c["dlp"]),
                 {k: int(v) for k, v in c["activities"].items()}] for c in seen["cards"]}
        self.assertEqual(shown, expected)
        self.assertIn(("chatgpt", "Sales"), shown)
        self.assertIn("Gateway (inline)", seen["sources"])
        self.assertIn("Node", seen["sources"])
        self.assertIn("service=chatgpt&instance=Sales", seen["behind"]["url"])
        self.assertEqual(seen["behind"]["rows"], shown["chatgpt", "Sales"][1])
        self.assertIn("since=2000-12-31T15%3A00%3A00.000Z", seen["custom"])  # midnight in Tokyo

    def test_a_filter_shows_what_its_number_promised_and_the_address_reproduces_it(self):
        seen = self.see("filters")
        blocked = self.count(verdict="block")
        self.assertEqual(seen["all"], self.count())
        self.assertEqual([blocked] * 3, [seen["blocked"][k] for k in ("count", "total", "rows")])
        self.assertIn("verdict=block", seen["blocked"]["url"])
        self.assertEqual(seen["line"].strip(), "verdict:block")
        self.assertEqual(seen["again"], {"total": blocked, "isChecked": True})
        self.assertEqual(seen["back"], seen["all"])
        left = seen["left"]
        self.assertEqual((left["total"], left["back"]), (self.count(exclude="verdict:block"), seen["all"]))
        self.assertIn("exclude=verdict%3Ablock", left["url"])
        self.assertEqual((left["line"].strip(), left["pressed"], left["focus"]), ("-verdict:block", "true", "Leave out block"))
        self.assertIn("Host", seen["shown"])
        self.assertEqual(seen["shown"], seen["later"])

    def test_the_omnibar_completes_names_and_values_and_finds_words(self):
        lines = {  # what is typed: what stands there then, and what the API is asked
            "user:ana -verdict:block": ("user:ana* -verdict:block", {"user": "ana*", "exclude": "verdict:block"}),
            "NOT verdict:block,alert": ("-verdict:block,alert", {"exclude": ["verdict:block", "verdict:alert"]}),
            "verdict:allow OR verdict:block": ("verdict:allow,block", {"verdict": ["allow", "block"]}),
            "number OR numbers -charge": ("number OR numbers -charge", {"q": "number OR numbers -charge"}),
            f'-user:"{ANA}" NOT number': (f"-user:{ANA} NOT number", {"exclude": f"user:{ANA}", "q": "NOT number"}),
        }
        seen = self.see("omnibar", lines=list(lines))
        self.assertEqual(seen["lines"], [[line, self.count(**asked)] for line, asked in lines.values()])
        self.assertEqual(len({0, *(n for _, n in seen["lines"])}), 6)  # none is nothing, no two are alike
        self.assertIn("OR joins words, or values of one filter", seen["problem"])
        self.assertEqual(set(seen["behind"]), {"alert", "allow"})
        self.assertEqual(seen["names"], ["verdict:"])
        self.assertEqual(set(seen["values"]), {"allow", "alert", "block"})
        self.assertEqual(seen["blocked"]["line"].strip(), "verdict:block")
        self.assertEqual(seen["blocked"]["total"], self.count(verdict="block"))
        self.assertEqual(seen["words"]["total"], self.count(user="ana*", q='"quarterly numbers"'))
        self.assertGreater(seen["words"]["total"], 0)
        self.assertIn("passes all filters", seen["none"])
        self.assertEqual(seen["all"], self.count())

    def test_exports_have_what_is_shown(self):
        seen = self.see("exports")
        table = list(csv.DictReader(io.StringIO(seen["files"]["CSV"]["text"])))
        lines = [json.loads(line) for line in seen["files"]["JSON lines"]["text"].splitlines()]
        self.assertEqual([len(table), len(lines)], [seen["total"]] * 2)
        self.assertEqual({a["verdict"] for a in lines}, {"block"})
        self.assertEqual(seen["files"]["CSV"]["name"], "activities.csv")

    def test_a_detail_has_the_record_its_findings_marked_and_the_conversation_in_order(self):
        seen = self.see("detail", conversation=self.conversation)
        first = seen["first"]
        self.assertIn("id=", first["url"])
        self.assertEqual(first["focus"], "H2")
        for word in ("Compare the quarterly numbers", "Record", "http", "chatgpt.com", "Conversation", "More of this user", ANA):
            self.assertIn(word, first["text"])
        prompts = [t for t in first["turns"] if "You said" not in t]
        self.assertEqual([p[:11] for p in prompts], ["Compare the", "Then charge", "Thank you"])
        self.assertEqual(seen["second"]["marks"], ["•" * len(CARD)])
        self.assertIn("credit-card", seen["second"]["title"])
        self.assertEqual(seen["whole"]["text"], f"Then charge {CARD} for it")
        self.assertEqual(seen["whole"]["marks"], [CARD])
        self.assertTrue(seen["focused"])
        self.assertNotIn("id=", seen["url"].replace("conversation_id=", ""))
        self.assertEqual(seen["axe"], [])

    def test_hostile_text_is_shown_as_text(self):
        seen = self.see("hostile", hostile=HOSTILE)
        self.assertIn(HOSTILE_FILE, seen["table"])
        self.assertIn(HOSTILE_TAG, seen["drawer"])
        self.assertIn(HOSTILE_FILE, seen["drawer"])
        self.assertEqual(seen["whole"], "hostile " + HOSTILE)
        self.assertIn("onerror", seen["line"])
        self.assertEqual(seen["made"], [None, 0])

    def test_pages_follow_each_other_without_gap_or_repetition(self):
        seen = self.see("paging")
        self.assertEqual(seen["total"], len(seen["ids"]))
        self.assertEqual(seen["ids"], [a["id"] for a in self.api.items("activities", since="24h")])

    def test_a_part_of_the_chart_zooms(self):
        seen = self.see("zoom")
        self.assertEqual(seen["older"]["total"], 0)
        self.assertIn("until=", seen["older"]["url"])
        self.assertEqual(seen["newest"], seen["all"])

    def test_live_mode_shows_what_comes(self):
        word = f"live{uuid.uuid4().hex[:8]}"
        process = self.start("live", word=word)
        self.assertEqual(process.stdout.readline(), "ready\n", process.poll())
        self.say(f"Now {word}", BEN, "Research")
        seen = self.finish(process)
        self.assertGreater(seen["after"], seen["before"])
        self.assertEqual(seen["pressed"], "false")

    def test_nothing_serious_is_found_by_axe_in_any_look(self):
        seen = self.see("looks")
        self.assertEqual({k: v for k, v in seen["found"].items() if v}, {})
        self.assertEqual(seen["ground"], "rgb(243, 245, 248)")
        self.assertEqual(seen["kept"], seen["ground"])

    def test_every_page_can_be_walked_by_keyboard(self):
        pages = [["/services", ".sources tbody tr"], ["/activities", "tr[data-id]"], ["/incidents", "tr[data-id]"], ["/users", "tbody tr"],
                 ["/policy", "textarea"], ["/detectors", "tbody tr"], ["/reports", ".page table"], ["/audit", "tbody tr"], ["/health", ".card"]]
        seen = self.see("walk", pages=pages, user=ADMIN)
        for address, _ in pages:
            walked = seen[address]
            self.assertEqual(walked["order"], walked["expected"], address)  # each once, in the order of the page; then it ends
            self.assertGreater(len(walked["order"]), 10, address)
            self.assertEqual(walked["unseen"], [], address)
            self.assertEqual(walked["headings"][:1], ["H1"], address)
            self.assertEqual(walked["landmarks"], ["banner", "main", "navigation"], address)

    def test_keys_do_what_they_say(self):
        for i in range(3):
            self.say(f"Keys for {CARD}, {i}", ANA)
        wait_for(lambda: len(self.admin.items("incidents")) >= 3, 10, "incidents to walk")
        seen = self.see("keys", user=ADMIN)
        self.assertEqual(seen["skipped"], "main")
        for page in ("activities", "incidents"):
            first, second, third = seen[page]["rows"][:3]
            self.assertEqual(seen[page]["moved"], [second, third, second, first, first], page)
            self.assertEqual(seen[page]["closed"], [second, True], page)
        self.assertEqual(seen["popups"], [[name, True, False, name] for name in ("Columns", "Export", f"Account of {ADMIN}")])
        self.assertEqual(seen["kept"], True)  # Escape in what opens beside a button leaves the detail open

    def test_a_first_load_is_light_and_soon_there(self):
        """Seven loads, the median: one of them may meet a busy machine."""
        seen = self.see("weight")
        self.assertLess(seen["bytes"], 200 * 1024)
        self.assertLess(statistics.median(seen["ms"]), 1000, seen)


if __name__ == "__main__":
    unittest.main()
