"""Sealed evidence in the browser: a button for the roles that may, and each
opening in the audit before anything is given."""
import json
import pathlib
import subprocess
import tempfile
import unittest

from console_client import add_user
from console_pages import ADMIN, PASSWORD, PagesTest
from gateway import BINARY, CARD

OPENED = "console.evidence.opened"


class Evidence(PagesTest):
    @classmethod
    def setUpClass(cls):
        keys = tempfile.TemporaryDirectory()
        cls.addClassCleanup(keys.cleanup)
        cls.key = pathlib.Path(keys.name) / "key"
        subprocess.run([BINARY, "evidence", "keygen", cls.key], check=True, stdout=subprocess.DEVNULL)
        cls.settings = f"evidence: {{public_key: {cls.key}.pub}}"
        super().setUpClass()
        self = cls("run_all")
        message = self.say(f"Please charge {CARD} for it", "ana@example.com")
        cls.id = self.activity(message)["id"]
        for role in ("investigator", "analyst", "auditor"):
            add_user(cls.gateway, f"{role}@example.com", role, PASSWORD)

    def openings(self):
        return [(a["actor"]["user"], a["target"]["id"]) for a in self.admin.items("audit", activity=OPENED, limit=1000)]

    def test_who_may_opens_it_and_each_opening_is_recorded(self):
        for user in ("investigator@example.com", ADMIN):
            before = self.openings()
            seen = self.see("evidence", user=user, id=self.id)
            self.assertEqual(seen["unopened"], [])  # looking at the activity gives none of it
            self.assertEqual(self.openings(), [(user, self.id)] * seen["times"] + before)
            self.assertEqual(seen["times"], 2)
            saved = json.loads(seen["saved"])
            self.assertEqual(saved["id"], self.id)
            self.assertTrue(saved["items"])
            self.assertNotIn(CARD, seen["saved"])
        opened = subprocess.run([BINARY, "evidence", "open", "-c", self.gateway.config, "--key", self.key, self.id],
                                capture_output=True, text=True, check=True)
        self.assertIn(CARD, opened.stdout)

    def test_others_have_no_button_and_no_answer(self):
        before = self.openings()
        for user in ("analyst@example.com", "auditor@example.com"):
            seen = self.see("noEvidence", user=user, id=self.id)
            self.assertEqual((seen["buttons"], seen["status"]), (0, 403), user)
            self.assertIn("Your role may not open it", seen["text"])
        self.assertEqual(self.openings(), before)


if __name__ == "__main__":
    unittest.main()
