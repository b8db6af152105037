"""Incidents and saved views in Chromium."""
import signal
import subprocess
import unittest
import uuid

from console_client import Console, add_user
from console_pages import PASSWORD, PagesTest
from gateway import BINARY, CARD, wait_for

USER, READER = "ines@example.com", "otto@example.com"
HOSTILE = "<img src=x onerror=\"window.pwned=1\"><script>window.pwned=1</script>"
MANY = "many@example.com"
ONE = "one*\u202e\"']}: {@example.com"  # what would widen or break an exception


class IncidentPages(PagesTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        add_user(cls.gateway, USER, "investigator", PASSWORD)
        add_user(cls.gateway, READER, "auditor", PASSWORD)
        self = cls("run_all")
        for i in range(3):
            self.say(f"Card {CARD} {HOSTILE}", MANY, conversation_id=str(uuid.uuid4()))
        self.say(f"Order {CARD}", ONE, conversation_id=str(uuid.uuid4()))
        cls.api = Console(cls.gateway, USER, PASSWORD)
        wait_for(lambda: len(cls.api.items("incidents")) == 4, 20, "all incidents")

    def see(self, scenario, **more):
        return super().see(scenario, **{"user": USER, "hostile": HOSTILE, **more})

    def test_nothing_serious_is_found_in_any_look(self):
        shown = self.api.items("incidents", user=MANY)[0]["id"]
        self.check_looks([["incidents", "/incidents", ".incidents tr[data-id]"], ["none", "/incidents?user=nobody", ".state.empty"],
                          ["one", f"/incidents?id={shown}", ".drawer .turn-text"]])

    def test_many_are_chosen_by_keyboard_and_mouse_and_changed_at_once(self):
        seen = self.see("incidents", many=MANY)
        self.assertEqual((3, "3 incidents"), (seen["before"]["rows"], seen["before"]["total"]))
        self.assertEqual(["new"], seen["before"]["status"])
        self.assertEqual(("3 selected", "2 selected"), (seen["byKeys"], seen["byMouse"]))
        self.assertEqual([["New", ""], ["Opened", USER], ["Opened", USER]], sorted(seen["after"]))
        self.assertEqual(1, seen["filtered"]["rows"])
        self.assertIn("status=new", seen["filtered"]["url"])
        detail = seen["detail"]
        self.assertEqual("H2", detail["focus"])
        self.assertIn("id=", detail["url"])
        for word in ("no-payment-cards", MANY, "What was found", "Conversation", "History", "credit-card", HOSTILE):
            self.assertIn(word, detail["text"])
        self.assertNotIn(CARD, detail["text"])
        self.assertIn("•", detail["samples"][0])
        self.assertEqual([HOSTILE], detail["comments"])
        self.assertEqual([], seen["axe"])
        self.assertEqual([None, 0], seen["made"])

    def test_a_false_positive_offers_an_exception_that_the_policy_takes(self):
        incident = self.api.items("incidents", user="one*", rule="no-payment-cards")[0]
        seen = self.see("exception", one="one*")
        self.assertEqual((0, "False positive"), (seen["none"], seen["status"]))
        self.assertIn("An order number", seen["history"][0])
        self.assertNotIn("one*", seen["text"])
        self.assertNotIn("\u202e", seen["text"])
        self.assertIn("payment-card", seen["text"])
        # Put where it says, it lets just this pass.
        policy = self.gateway.config.parent / "policy.yaml"
        before = policy.read_text()
        rule = f"  - name: {incident['rule']}\n"
        self.assertIn(rule, before)
        policy.write_text(before.replace(rule, rule + seen["text"]))
        try:
            done = subprocess.run([BINARY, "check", "-c", self.gateway.config], capture_output=True, text=True)
            self.assertEqual(0, done.returncode, done.stdout + done.stderr)
            self.reload()
            self.assertNotEqual(incident["rule"], self.rule_of(ONE))
            self.assertEqual(incident["rule"], self.rule_of("others@example.com"))
            self.assertEqual(incident["rule"], self.rule_of(ONE.replace("*", "many")))
        finally:
            policy.write_text(before)
            self.reload()

    def reload(self):
        used = self.gateway.log().count("event=reload.in_use")
        self.gateway.signal(signal.SIGHUP)
        wait_for(lambda: self.gateway.log().count("event=reload.in_use") > used, 30, "the reload to be in use")

    def rule_of(self, user):
        return self.activity(self.say(f"Order {CARD}", user))["rule"]

    def test_who_may_only_read_has_nothing_to_change(self):
        seen = self.see("reader", user=READER)
        self.assertEqual((0, 0), (seen["boxes"], seen["forms"]))
        self.assertIn("What was found", seen["text"])

    def test_views_are_saved_shared_opened_and_deleted(self):
        seen = self.see("views", hostile="<b>mine</b>")
        self.assertEqual((["<b>mine</b>"], []), (seen["names"], seen["left"]))
        self.assertTrue(seen["opened"].endswith("/activities?since=7d&verdict=block"), seen["opened"])
        self.assertTrue(seen["checked"])
        self.assertEqual([], self.api.items("views"))


if __name__ == "__main__":
    unittest.main()
