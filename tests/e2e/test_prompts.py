"""The main story with curl, HTTP/1.1 and HTTP/2: a prompt passes, one with a
card number does not, and both are recorded."""
import json
import unittest
import uuid

from gateway import CARD, GatewayTest


class Prompts(GatewayTest):
    def test_a_prompt_passes_and_is_recorded_with_its_answer(self):
        for version in ("--http1.1", "--http2"):
            message, answer = self.send_prompt("What is a monad?", version)
            self.assertIn("You said 16 bytes", answer)
            a = self.activity(message)
            self.assertEqual((a["activity"], a["verdict"], a["outcome"]), ("prompt.created", "allow", "success"))
            self.assertEqual(a["http"]["status"], 200)
            reply = [r for r in self.gateway.activities() if r["activity"] == "response.generated"
                     and r.get("parent_message_id") == message]
            self.assertEqual(len(reply), 1)
            self.assertTrue(reply[0]["complete"])

    def test_a_card_number_never_leaves(self):
        for version in ("--http1.1", "--http2"):
            before = len(self.standin.seen())
            message, answer = self.send_prompt(f"pay with {CARD} now", version, supported_encodings=["v1"])
            self.assertIn("promptgate", answer)
            self.assertIn("[DONE]", answer)
            self.assertEqual(len(self.standin.seen()), before)
            a = self.activity(message)
            self.assertEqual(a["verdict"], "block")
            self.assertEqual(a["outcome"], "failure")
            self.assertEqual(a["findings"][0]["type"], "credit-card")
            self.assertIn(a["id"], answer)
            self.assertNotIn("4111111111111111", json.dumps(a).replace(" ", ""))

    def test_a_card_number_in_two_messages_never_leaves_whole(self):
        """Each prompt on a connection of its own: any of two workers has it."""
        self.assertEqual(len(self.gateway.roles("worker")), 2)
        for version in ("--http1.1", "--http2") * 4:
            first, answer = self.send_prompt(f"pay with {CARD[:9]}", version)
            conversation = self.activity(first)["conversation_id"]
            before = len(self.standin.seen())
            more = {"conversation_id": conversation, "parent_message_id": str(uuid.uuid4())}
            message, answer = self.send_prompt(f"{CARD[10:]} please", version, **more)
            self.assertIn("promptgate", answer)
            self.assertEqual(len(self.standin.seen()), before)
            a = self.activity(message)
            self.assertEqual((a["verdict"], a["outcome"]), ("block", "failure"))
            self.assertEqual([(f["type"], f["start"], f["end"]) for f in a["findings"]], [("credit-card", 0, 9)])
            message, answer = self.send_prompt("never mind", version, **more)
            self.assertEqual(self.activity(message)["verdict"], "allow")

    def test_delta_answers_arrive_at_any_cut_and_encoding(self):
        for query in ("", "?chunk=1", "?chunk=3,1,7&encoding=gzip", "?encoding=br", "?encoding=deflate"):
            message, answer = self.send_prompt("Grüße 👋", "--compressed", path="/backend-api/f/conversation",
                                               query=query, supported_encodings=["v1"])
            self.assertIn("delta_encoding", answer)
            self.activity(message)
            reply = [r for r in self.gateway.activities() if r.get("parent_message_id") == message
                     and r["activity"] == "response.generated"]
            self.assertEqual([r["complete"] for r in reply], [True], query)
            self.assertEqual(reply[0]["text"]["bytes"],
                             len("You said 12 bytes. Grüße 👋, here is a list: one, two, three — done.".encode()))

    def test_alt_svc_is_removed_in_scope(self):
        self.assertNotIn("alt-svc", self.curl("https://chatgpt.com/", "-D", "-", "-o", "/dev/null").lower())

    def test_out_of_scope_is_tunnelled_with_the_origins_own_certificate(self):
        from gateway import certs
        body = self.curl("https://other.test/headers", "--cacert", str(certs() / "root.pem"))
        self.assertIn("other.test", body)


class Voice(GatewayTest):
    """What cannot be read is stopped where it begins, and nothing else is."""
    policy = """
mode: enforce
default: allow
rules:
  - {name: no-voice, when: {target: voice}, verdict: block, message: "Please type."}
"""

    def test_a_policy_blocks_voice_alone(self):
        calls = (("/voice/get_token", "application/json", '{"voice": "ember", "voice_mode": "advanced"}'),
                 ("/backend-api/realtime/calls", "application/sdp", "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n"),
                 ("/backend-api/realtime/calls", "application/json", '{"sdp": "v=0", "session": {"voice": "ember"}}'))
        before = len(self.standin.seen())
        for path, kind, body in calls:
            self.assertEqual(self.status(f"https://chatgpt.com{path}", "-H", f"content-type: {kind}",
                                         "--data-binary", body), 403, (path, kind))
        self.assertEqual(len(self.standin.seen()), before)
        blocked = [a for a in self.gateway.activities() if a["verdict"] == "block"]
        self.assertEqual([(a["activity"], a["rule"], a["target"]["name"], a["details"]["inspectable"]) for a in blocked],
                         [("tool.invoked", "no-voice", "voice", False)] * len(calls))
        message, answer = self.send_prompt("Typed, then.")
        self.assertIn("You said", answer)
        self.assertEqual(self.activity(message)["verdict"], "allow")
        tool = json.dumps({"app_uri": "connectors://x", "tool_name": "search", "tool_input": {"q": "voice"}})
        self.assertNotEqual(self.status("https://chatgpt.com/backend-api/ecosystem/call_mcp", "-H",
                                        "content-type: application/json", "-d", tool), 403)
        self.assertEqual(len([a for a in self.gateway.activities() if a["verdict"] == "block"]), len(calls))


if __name__ == "__main__":
    unittest.main()
