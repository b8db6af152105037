"""Services switched to monitor and back in the console, and the report."""
import stat
import subprocess
import unittest
import uuid

import yaml

from console_client import Console, add_user
from console_pages import PASSWORD, PagesTest
from gateway import BINARY, CARD, wait_for

ANA = "ana@example.com"


class Modes(PagesTest):

    def switch(self, service, mode, console=None):
        console = console or self.admin
        return console.post("/api/v1/modes", json={"service": service, "mode": mode}, headers={"X-CSRF-Token": console.csrf})

    def mode(self, service):
        return next((m["mode"], m["is_own"]) for m in self.admin.items("modes") if m["service"] == service)

    def passes(self):
        """Whether a card number leaves: every worker takes its share of the connections."""
        left = [self.say(f"Charge {CARD}", ANA) for _ in range(4)]
        return {(a["verdict"], a.get("mode") == "monitor") for a in (self.activity(m, "prompt.created") for m in left)}

    def check(self):
        done = subprocess.run([BINARY, "check", "-c", self.gateway.config], capture_output=True, text=True, check=True)
        return done.stdout

    def test_a_switch_holds_at_once_everywhere_and_over_a_restart(self):
        self.assertEqual(self.mode("chatgpt"), ("enforce", False))
        enforced = self.passes()
        self.assertEqual(enforced, {("block", False)})
        answer = self.switch("chatgpt", "monitor")
        self.assertEqual(200, answer.status_code, answer.text)
        self.assertEqual(self.mode("chatgpt"), ("monitor", True))
        self.assertEqual(self.mode("openai-api"), ("enforce", False))
        self.assertEqual(self.passes(), {("block", True)})
        path = self.gateway.data / "modes.yaml"
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        self.assertEqual(yaml.safe_load(path.read_text()), {"modes": {"chatgpt": "monitor"}})
        self.assertIn("mode of chatgpt: monitor", self.check())
        self.assertIn({"service": "chatgpt", "mode": "monitor", "is_own": True}, self.admin.get("/api/v1/health").json()["modes"])
        tried = self.admin.post("/api/v1/policy/try", json={"text": CARD}, headers={"X-CSRF-Token": self.admin.csrf}).json()
        self.assertEqual((tried["verdict"], tried["mode"]), ("block", "monitor"))
        self.gateway.stop()
        self.gateway.start()
        type(self).admin = Console(self.gateway, "ada@example.com", PASSWORD)
        self.assertEqual(self.mode("chatgpt"), ("monitor", True))
        self.assertEqual(self.passes(), {("block", True)})
        self.assertEqual(200, self.switch("chatgpt", "default").status_code)
        self.assertEqual(self.mode("chatgpt"), ("enforce", False))
        self.assertEqual(self.passes(), {("block", False)})
        self.assertNotIn("mode of", self.check())
        records = self.admin.items("audit", activity="console.mode.changed")
        self.assertEqual([(r["target"]["id"], r["details"]["mode"], r["outcome"]) for r in records],
                         [("chatgpt", "default", "success"), ("chatgpt", "monitor", "success")])

    def test_others_may_not_and_nonsense_is_refused(self):
        for role in ("analyst", "investigator", "auditor"):
            add_user(self.gateway, f"{role}@example.com", role, PASSWORD)
            console = Console(self.gateway, f"{role}@example.com", PASSWORD)
            self.assertEqual(403, self.switch("chatgpt", "monitor", console).status_code, role)
        answer = self.admin.post("/api/v1/modes", json={"service": "chatgpt", "mode": "monitor"})
        self.assertEqual((403, "csrf"), (answer.status_code, answer.json()["error"]))
        for service, mode in (("nobody", "monitor"), ("chatgpt", "off"), ("", "monitor"), ("chatgpt", 1), (["chatgpt"], "monitor"),
                              ("../x", "monitor"), ("chatgpt: x", "monitor")):
            self.assertEqual(400, self.switch(service, mode).status_code, (service, mode))

    def test_the_switch_on_the_page(self):
        seen = self.see("modes")
        self.assertEqual((seen["isSwitch"], seen["after"]), (True, "monitor"))
        self.assertIn("chatgpt", seen["health"])
        self.assertIn("monitor", seen["health"])
        self.assertIn("only recorded at chatgpt", seen["policy"])
        self.assertEqual(200, self.switch("chatgpt", "default").status_code)
        add_user(self.gateway, "analyst@example.com", "analyst", PASSWORD)
        self.assertFalse(self.see("modes", user="analyst@example.com")["isSwitch"])

    def test_the_report_has_the_numbers_and_prints(self):
        self.say(f"Charge {CARD}", ANA)
        wait_for(lambda: self.admin.items("users", user=ANA), 10, "the index")
        for i in range(3):
            self.say(f"Please charge {CARD}", f"report{i}@example.com", conversation_id=str(uuid.uuid4()))
        found = wait_for(lambda: (lambda all: all if len(all) == 3 else None)(
            [i for i in self.admin.items("incidents", rule="no-payment-cards") if i.get("user", "").startswith("report")]), 10, "incidents")
        for incident, status in zip(found, ("resolved", "false-positive")):
            self.assertEqual(200, self.admin.change(f"incidents/{incident['id']}", {"status": status}).status_code)
        seen = self.see("reports")
        incidents = self.admin.items("incidents", since="7d", limit=1000)
        states = [sum(i["status"] in s for i in incidents) for s in (("new", "opened"), ("resolved",), ("false-positive",), ("suppressed",))]
        self.assertEqual(seen["incidents"]["figures"][1:], [str(n) for n in states])
        self.assertIn(str(len(incidents)), seen["incidents"]["figures"][0])
        [row] = [r for r in seen["incidents"]["rows"] if r[0] == "no-payment-cards"]
        cards = [i for i in incidents if i["rule"] == "no-payment-cards"]
        self.assertEqual(row, ["no-payment-cards", str(len(cards)), *(str(sum(i["status"] in s for i in cards)) for s in (
            ("new", "opened"), ("resolved",), ("false-positive",), ("suppressed",)))])
        for word in ("chatgpt", "payment-card", "no-payment-cards", ANA, "Blocked"):
            self.assertIn(word, seen["text"])
        self.assertTrue(seen["hidden"])
        self.assertLessEqual(seen["pages"], 4)
        self.check_looks([("report", "/reports", ".report-sum .spark")])


if __name__ == "__main__":
    unittest.main()
