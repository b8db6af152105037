"""A flood of keystrokes is one activity; what is found in it is not lost."""
import json
import unittest

from gateway import CARD, GatewayTest, wait_for

PATH = "/backend-api/f/conversation/prepare"


class Drafts(GatewayTest):
    settings = "capture: full"

    def type(self, text, *args):
        body = {"action": "next", "partial_query": {"id": "d", "author": {"role": "user"},
                "content": {"content_type": "text", "parts": [text]}}}
        return self.status(f"https://chatgpt.com{PATH}", "-H", "content-type: application/json",
                           "-d", json.dumps(body), *args)

    def drafts(self):
        return [a for a in self.gateway.activities() if a["activity"] == "prompt.drafted"]

    def test_keystrokes_are_one_draft_across_connections(self):
        text = "where can I find a monad"
        for end in list(range(1, len(text) + 1, 3)) + [len(text), 4]:
            self.assertEqual(self.type(text[:end]), 200)
        self.assertEqual(self.type(f"w {CARD}"), 403)
        found = wait_for(lambda: [a for a in [self.drafts()] if len(a) == 2 and all(d.get("outcome") for d in a)],
                         10, "two drafts")[0]
        self.assertEqual({d["verdict"]: d["text"]["content"] for d in found},
                         {"allow": text, "block": f"w {CARD}"})


if __name__ == "__main__":
    unittest.main()
