"""The console's numbers per user, and the pages Users and Audit."""
import json
import unittest

from console_client import Console, add_user
from console_pages import PASSWORD, PagesTest
from gateway import CARD, wait_for
from test_identity import bearer

ANA, BEN = "ana@example.com", "ben@example.com"
HOSTILE = "<img src=x onerror=window.pwned=1>'\"@example.com"


class People(PagesTest):
    settings = "capture: full"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        self = cls("run_all")
        self.say(f"Charge {CARD} for it", ANA)
        self.say("hello", ANA)
        for i in range(3):
            self.say(f"Question {i}", BEN)
        self.say("who am I", HOSTILE)
        wait_for(lambda: len(cls.admin.items("activities", activity=["prompt*", "response*"])) == 11, 10,
                 "all in the index")
        cls.admin.get("/api/v1/activities.csv")
        wait_for(lambda: cls.admin.items("audit", activity="console.activities.exported"), 10, "the export's record")

    def people(self, **parameters):
        return self.admin.items("users", **parameters)

    def test_numbers_equal_those_of_the_export(self):
        rows = [json.loads(line) for line in self.admin.get("/api/v1/activities.jsonl").text.splitlines()]
        expected = {}
        for a in rows:
            u = expected.setdefault(a["actor"].get("user", ""), {"events": 0, "prompts": 0, "dlp_events": 0, "blocked": 0,
                                                                 "bytes_up": 0, "bytes_down": 0})
            is_prompt, is_answer = a["activity"].startswith("prompt"), a["activity"].startswith("response")
            u["events"] += 1
            u["prompts"] += is_prompt
            u["dlp_events"] += bool(a.get("findings"))
            u["blocked"] += a["verdict"] == "block"
            size = a.get("text", {}).get("bytes", 0)
            u["bytes_up"] += size * is_prompt
            u["bytes_down"] += size * is_answer
        seen = {u["user"]: {k: u[k] for k in next(iter(expected.values()))} for u in self.people()}
        self.assertEqual(seen, expected)
        self.assertIn(HOSTILE, seen)

    def test_any_number_orders_them_either_way(self):
        for sort, of in (("events", lambda u: u["events"]), ("prompts", lambda u: u["prompts"]), ("risk", lambda u: u["risk"]),
                         ("bytes", lambda u: u["bytes_up"] + u["bytes_down"]), ("blocked", lambda u: u["blocked"]),
                         ("dlp_events", lambda u: u["dlp_events"]), ("last", lambda u: u["last"]),
                         ("files", lambda u: u["files_up"] + u["files_down"])):
            down = [of(u) for u in self.people(sort=sort)]
            self.assertEqual(down, sorted(down, reverse=True), sort)
            self.assertEqual([of(u) for u in self.people(sort=sort, order="asc")], sorted(down), sort)
        names = [u["user"] for u in self.people(sort="user")]
        self.assertEqual(names, sorted(names))
        self.assertEqual([u["user"] for u in self.people(sort="user", order="desc")], names[::-1])
        self.assertEqual(self.people()[0]["user"], ANA)  # a card, blocked
        self.assertEqual(self.people()[0]["risk"], 28)  # 10 points, twice

    def test_pages_and_filters(self):
        seen, cursor = [], None
        while True:
            answer = self.admin.get("/api/v1/users", params={"sort": "user", "limit": 1, "cursor": cursor}).json()
            seen += [u["user"] for u in answer["items"]]
            self.assertEqual(answer["total"], 3)
            cursor = answer["next"]
            if cursor is None:
                break
        self.assertEqual(seen, sorted([ANA, BEN, HOSTILE]))
        self.assertEqual([u["user"] for u in self.people(verdict="block")], [ANA])
        self.assertEqual(self.people(until="2001-01-01T00:00:00Z"), [])
        for bad in ({"sort": "x"}, {"order": "up"}, {"limit": 0}, {"cursor": "-1"}, {"cursor": "99999999999"}):
            self.assertEqual(400, self.admin.get("/api/v1/users", params=bad).status_code, bad)

    def test_roles_that_may_see_numbers_see_them(self):
        for role in ("analyst", "investigator", "auditor"):
            add_user(self.gateway, f"{role}@example.com", role, PASSWORD)
            console = Console(self.gateway, f"{role}@example.com", PASSWORD)
            self.assertEqual(200, console.get("/api/v1/users").status_code, role)
        self.assertEqual(401, Console(self.gateway, "").get("/api/v1/users").status_code)

    def test_the_page_sorts_and_leads_to_what_people_did(self):
        seen = self.see("users")
        self.assertEqual(seen["first"], [u["user"] for u in self.people(since="7d")])
        self.assertEqual(seen["byName"], [u["user"] for u in self.people(sort="user")])
        self.assertEqual(seen["byNameDown"], seen["byName"][::-1])
        self.assertIn("sort=user", seen["url"])
        self.assertEqual(seen["blocked"], {"total": 1, "rows": 1})
        self.assertEqual(seen["pwned"], None)

    def test_the_audit_is_for_those_who_may(self):
        seen = self.see("audit")
        self.assertIn("login succeeded", seen["text"])
        self.assertGreater(seen["rows"], 0)
        self.assertEqual(set(seen["kinds"]), {"activities exported"})
        self.assertTrue(seen["link"])
        add_user(self.gateway, "analyst@example.com", "analyst", PASSWORD)
        refused = self.see("auditRefused", user="analyst@example.com", password=PASSWORD)
        self.assertFalse(refused["link"])
        self.assertIn("Your role may not", refused["text"])

    def test_nothing_serious_is_found_by_axe_in_any_look(self):
        self.check_looks([("users", "/users", "tr[data-user]"), ("audit", "/audit", "tr[data-id]"),
                          ("nobody", "/users?since=2001-01-01T00:00:00Z&until=2001-01-02T00:00:00Z", ".state.empty")])


if __name__ == "__main__":
    unittest.main()
