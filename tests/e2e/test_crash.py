"""The short form of crash.py (100 rounds: make chaos)."""
import unittest

from crash import KINDS, Crash
from gateway import TellingTest


class Crashes(TellingTest):
    def test_l1_no_prompt_is_lost_or_made_up_when_roles_and_all_are_killed(self):
        crash = Crash(clients=32, seed=2)
        self.addCleanup(crash.close)
        crash.run(["everything", *KINDS])
        self.assertEqual(crash.check(), [], crash.figures)
        self.assertEqual(set(crash.killed), set(KINDS))
        self.assertGreater(crash.figures["in the stand-in's journal"], 32)


if __name__ == "__main__":
    unittest.main()
