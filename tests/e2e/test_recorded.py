"""A HAR that Chromium recorded through the proxy, replayed, is what the
gateway stored of the same exchanges, field by field.

What may differ, and why: `id` and `node` are given anew; `time` is the
browser's clock there and the worker's here; of `actor` the client's address
and the proxy's login are not in a capture; `http.response_bytes` counts the
bytes on the wire, and browsers export bodies decoded.  `reply_to` holds an
`id`: it is compared by what it points to.  A recorder does not always learn
`http.version` in time and then says 1.1: it is compared over all."""
import difflib
import json
import os
import subprocess
import unittest

from gateway import BINARY, CARD, GatewayTest, wait_for
from test_clients import node


def comparable(activities):
    """Without what must differ, sorted."""
    by_id = {a["id"]: a for a in activities}
    out = []
    for a in activities:
        made = {k: v for k, v in a.items() if k not in ("id", "node", "time")}
        made["actor"] = {k: v for k, v in a.get("actor", {}).items() if k not in ("ip", "user", "source")}
        made["http"] = {k: v for k, v in a.get("http", {}).items() if k not in ("response_bytes", "version")}
        if "reply_to" in a:
            made["reply_to"] = by_id[a["reply_to"]].get("message_id")
        out.append(json.dumps(made, sort_keys=True, ensure_ascii=False))
    return sorted(out)


class Recorded(GatewayTest):
    hosts = (*GatewayTest.hosts, "ws.chatgpt.com:443")
    settings = "capture: full"
    maxDiff = None

    def replay(self, path):
        done = subprocess.run([BINARY, "replay", "-c", self.gateway.config, path], stdout=subprocess.PIPE, check=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def check_same(self, path, least):
        replayed = self.replay(path)
        self.assertGreaterEqual(len(replayed), least)

        def stored():
            found = self.gateway.activities("--since", "1h")
            return found if all(a.get("outcome") for a in found) else []
        try:
            wait_for(lambda: comparable(stored()) == comparable(replayed), 10, "the same activities")
        except AssertionError:
            self.fail("\n".join(difflib.unified_diff(comparable(stored()), comparable(replayed), "stored", "replayed", n=0)))
        self.assertEqual(*({a["http"]["version"] for a in each if "http" in a} for each in (stored(), replayed)))
        return replayed

    def test_a_chat_recorded_by_chromium_replays_as_it_was_stored(self):
        pac = f"http://127.0.0.1:{self.gateway.proxy_port}/proxy.pac"
        path = os.environ.get("HAR") or self.folder / "chat.har"
        seen = node("record.js", pac, str(self.gateway.ca), str(path))
        shown, talks = seen["shown"], seen["talks"]
        self.assertEqual(len(shown), 6)
        self.assertIn("promptgate", shown[4])
        replayed = self.check_same(path, 18)
        web = [a for a in replayed if a["http"]["method"] == "POST"]
        prompts = [a for a in web if a["activity"].startswith("prompt")]
        self.assertEqual([(a["activity"], a.get("update"), a["verdict"]) for a in prompts], [
            ("prompt.created", None, "allow"), ("prompt.created", None, "allow"),
            ("prompt.updated", "regenerate", "allow"), ("prompt.updated", "edit", "allow"),
            ("prompt.created", None, "block"), ("prompt_with_file.created", None, "alert")])
        self.assertEqual(prompts[1]["text"]["content"], "Make it\nshorter")
        self.assertEqual([f["name"] for f in prompts[5]["files"]], ["Zahlen Q3 ü.csv"])
        answers = [a for a in web if a["activity"] == "response.generated"]
        self.assertEqual([a["text"]["content"] for a in answers], [s for i, s in enumerate(shown) if i != 4])
        self.assertTrue(all(a["complete"] for a in answers))
        self.check_sockets(talks, [a for a in replayed if a["http"]["method"] == "GET"])
        self.assertEqual(sum(CARD in json.dumps(s) for s in self.standin.seen()), 0)

    def check_sockets(self, talks, activities):
        """An answer handed to a socket; two Codex turns; a blocked one."""
        said = [(a["activity"], a["text"]["content"], a["verdict"]) for a in activities if "text" in a]
        self.assertEqual(sorted(said), [
            ("prompt.created", f"Charge {CARD}", "block"), ("prompt.created", "Fix the build 👋", "allow"),
            ("prompt.created", "Now the tests", "allow"),
            ("response.generated", "Handed off to a socket, whole — 👋.", "allow"),
            ("response.generated", "You said 13 bytes. Grüße 👋, one, two — done.", "allow"),
            ("response.generated", "You said 18 bytes. Grüße 👋, one, two — done.", "allow")])
        self.assertEqual(talks[2]["code"], 1008)
        self.assertIn("promptgate", "".join(talks[2]["got"]))


if __name__ == "__main__":
    unittest.main()
