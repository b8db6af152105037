"""What is stored: capture in its degrees, retries, edits, regenerations and
continuations over two workers, durability, failures."""
import json
import unittest
import uuid

from gateway import CARD, GatewayTest, wait_for
from raw import tls_through
from wire import reset


class Talks(GatewayTest):
    """Several turns; each request has a connection of its own, so that both
    workers see parts of the conversation."""

    def turn(self, text, conversation=None, parent="client-created-root", message=None, action="next", **more):
        body = self.prompt(text, action=action, parent_message_id=parent, **more)
        if conversation:
            body["conversation_id"] = conversation
        if message:
            body["messages"][0]["id"] = message
        if action == "continue":
            body.pop("messages")
        answer = self.curl("https://chatgpt.com/backend-api/conversation", "-H", "content-type: application/json",
                           "-H", "accept: text/event-stream", "-d", json.dumps(body))
        mid = body["messages"][0]["id"] if "messages" in body else None
        return mid, answer

    def reply_of(self, message):
        return wait_for(lambda: [a for a in self.gateway.activities() if a["activity"] == "response.generated"
                                 and a.get("parent_message_id") == message and a.get("outcome", "success")], 5,
                        "the answer")[-1]

    def test_new_edit_regenerate_continue(self):
        for _ in range(3):
            first, _ = self.turn("first question")
            self.assertEqual(self.activity(first)["activity"], "prompt.created")
            reply = self.reply_of(first)
            conversation, answer = reply["conversation_id"], reply["message_id"]
            second, _ = self.turn("second question", conversation, answer)
            self.assertEqual(self.activity(second)["activity"], "prompt.created")
            edited, _ = self.turn("second question, edited", conversation, answer)
            a = self.activity(edited)
            self.assertEqual((a["activity"], a.get("update")), ("prompt.updated", "edit"))
            self.turn("first question", conversation, message=first, action="variant")
            wait_for(lambda: [a for a in self.gateway.activities() if a.get("update") == "regenerate"
                              and a.get("conversation_id") == conversation], 5, "the regeneration")
            self.turn("", conversation, answer, action="continue")
            wait_for(lambda: [a for a in self.gateway.activities() if a.get("update") == "continue"
                              and a.get("conversation_id") == conversation], 5, "the continuation")

    def test_a_retry_is_the_same_activity(self):
        message = str(uuid.uuid4())
        for _ in range(4):
            self.turn("sent again and again", message=message)
        found = wait_for(lambda: [a for a in self.gateway.activities() if a.get("message_id") == message
                                  and a["activity"].startswith("prompt") and a.get("attempts") == 4], 5, "attempts")
        self.assertEqual(len(found), 1)
        self.assertEqual(len([a for a in self.gateway.activities() if a.get("message_id") == message
                              and a["activity"].startswith("prompt")]), 1)

    def test_an_upstream_failure_is_an_outcome(self):
        body = self.prompt("cut me off")
        self.curl("https://chatgpt.com/backend-api/conversation?abort=3000&size=9000", "-H",
                  "content-type: application/json", "-d", json.dumps(body), check=False)
        message = body["messages"][0]["id"]
        self.activity(message)
        reply = wait_for(lambda: [a for a in self.gateway.activities() if a.get("parent_message_id") == message
                                  and a["activity"] == "response.generated"], 5, "the cut answer")[0]
        self.assertIs(reply["complete"], False)

    def test_the_sample_is_short_and_masked(self):
        message, _ = self.send_prompt("x" * 60 + " card " + CARD + " " + "y" * 300)
        a = self.activity(message)
        self.assertLessEqual(len(a["text"]["sample"].encode()), 120 + 30)
        self.assertNotIn(CARD, json.dumps(a))
        self.assertNotIn("content", a["text"])
        self.assertEqual(len(a["text"]["sha256"]), 64)

    def test_l2_nothing_of_the_card_is_on_the_disk(self):
        message, _ = self.send_prompt("card " + CARD)
        self.activity(message)
        for path in self.gateway.data.rglob("*"):
            if path.is_file() and "cache" not in path.parts:
                data = path.read_bytes()
                self.assertNotIn(CARD.encode(), data, path)
                self.assertNotIn(CARD.replace(" ", "").encode(), data, path)
        self.assertNotIn(CARD, self.gateway.log())

    def test_l4_cookies_and_tokens_are_nowhere(self):
        message, _ = self.send_prompt("who am I", "-H", "authorization: Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.sig-x",
                                      "-H", "cookie: __Secure-next-auth.session-token=very-secret-cookie")
        self.activity(message)
        for path in self.gateway.data.rglob("*"):
            if path.is_file():
                data = path.read_bytes()
                self.assertNotIn(b"very-secret-cookie", data, path)
                self.assertNotIn(b"eyJzdWIiOiJ4In0.sig-x", data, path)
        self.assertNotIn("very-secret-cookie", self.gateway.log())


class Vanishing(GatewayTest):
    """Who is gone as soon as the first byte of an answer is there."""

    def leave(self, text):
        body = json.dumps(self.prompt(text))
        with tls_through(self.gateway) as s:
            s.sendall(f"POST /backend-api/conversation HTTP/1.1\r\nHost: chatgpt.com\r\nContent-Type: application/json"
                      f"\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
            self.assertEqual(s.recv(1), b"H")
            reset(s)
        return json.loads(body)["messages"][0]["id"]

    def test_l1_every_verdict_is_recorded_once_though_its_client_is_gone(self):
        expected = {self.leave(text): verdict for _ in range(10)
                    for text, verdict in (("hello", "allow"), ("card " + CARD, "block"))}

        def told():
            return [a for a in self.gateway.activities("--since", "1h") if a.get("message_id") in expected
                    and a["activity"] == "prompt.created" and a.get("outcome")]
        wait_for(lambda: len(told()) >= len(expected), 20, "a record of each")
        self.assertEqual({a["message_id"]: a["verdict"] for a in told()}, expected)
        self.assertEqual(len(told()), len(expected))


class CaptureNone(GatewayTest):
    settings = "capture: none\ndurability: async\nfsync: group"

    def test_no_text_is_kept(self):
        message, answer = self.send_prompt("a very particular sentence")
        self.assertIn("You said", answer)
        a = self.activity(message)
        self.assertNotIn("sample", a.get("text", {}))
        self.assertEqual(a["text"]["bytes"], 26)
        for path in self.gateway.data.rglob("*"):
            if path.is_file() and "cache" not in path.parts:
                self.assertNotIn(b"very particular", path.read_bytes())

    def test_a_block_is_recorded_too(self):
        before = len(self.standin.seen())
        message, _ = self.send_prompt("card " + CARD)
        self.assertEqual(len(self.standin.seen()), before)
        self.assertEqual(self.activity(message)["verdict"], "block")


class CaptureFull(GatewayTest):
    settings = "capture: full\nfsync: group"

    def test_all_text_is_kept_exactly(self):
        text = "Grüße 👋\n\ttabs and  spaces  "
        message, _ = self.send_prompt(text)
        a = self.activity(message)
        self.assertEqual(a["text"]["content"], text)
        reply = wait_for(lambda: [r for r in self.gateway.activities() if r.get("parent_message_id") == message
                                  and r["activity"] == "response.generated"], 5, "the answer")[0]
        self.assertIn("here is a list: one, two, three — done.", reply["text"]["content"])

    def test_group_commit_serves_many_at_once(self):
        import threading
        done = []
        threads = [threading.Thread(target=lambda i=i: done.append(self.send_prompt(f"group {i}"))) for i in range(16)]
        [t.start() for t in threads]
        [t.join() for t in threads]
        self.assertEqual(len(done), 16)
        for message, answer in done:
            self.assertIn("You said", answer)
        wait_for(lambda: {m for m, _ in done} <= {a.get("message_id") for a in self.gateway.activities()}, 5, "all")


if __name__ == "__main__":
    unittest.main()
