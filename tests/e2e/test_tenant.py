"""Tenant control: which workspaces and organisations the service is told to
let in, and ChatGPT without a sign-in."""
import json
import unittest

from gateway import GatewayTest, wait_for

WORKSPACE, ORGANIZATION = "chatgpt-allowed-workspace-id", "openai-allowed-organization-ids"
IDS = "11111111-2222-3333-4444-555555555555,8f14e45f-ceea-467f-a8d2-3c1b2a0f9e01"


class Headers(GatewayTest):
    def headers(self, host, *args):
        return json.loads(self.curl(f"https://{host}/headers", "-H", f"{WORKSPACE.upper()}: mine",
                                    "-H", f"{ORGANIZATION}: org-mine", "-H", f"{WORKSPACE}: again", *args))["headers"]


class Configured(Headers):
    settings = (f"tenant:\n  chatgpt_workspaces: [{IDS.replace(',', ', ')}]\n"
                "  api_organizations: [org-aaa, org-bbb]\n  signed_out: block")

    def test_each_host_gets_its_own_header_and_no_copy_of_the_clients(self):
        for version in ("--http1.1", "--http2"):
            seen = self.headers("chatgpt.com", version)
            self.assertEqual((seen.get(WORKSPACE), seen.get(ORGANIZATION)), (IDS, None))
            seen = self.headers("api.openai.com", version)
            self.assertEqual((seen.get(WORKSPACE), seen.get(ORGANIZATION)), (None, "org-aaa,org-bbb"))
            seen = self.headers("files.oaiusercontent.com", version)
            self.assertEqual((seen.get(WORKSPACE), seen.get(ORGANIZATION)), (None, None))

    def test_a_client_cannot_have_the_header_dropped(self):
        seen = self.headers("chatgpt.com", "--http1.1", "-H", f"Connection: keep-alive, {WORKSPACE}")
        self.assertEqual(seen.get(WORKSPACE), IDS)

    def test_chatgpt_without_a_sign_in_is_refused_and_recorded(self):
        before = len(self.standin.seen())
        for version in ("--http1.1", "--http2"):
            for path in ("/backend-anon/me", "/unauth-mweb/conversation/updates", "//backend-anon/me",
                         "/%62ackend-anon/me"):
                self.assertEqual(self.status(f"https://chatgpt.com{path}", "--path-as-is", version), 403, path)
            _, answer = self.send_prompt("hello", version, path="/backend-anon/conversation")
            self.assertIn("signing in", answer)
            big = self.status("https://chatgpt.com/backend-anon/files", version, "-d", "x" * 100000)
            self.assertEqual(big, 403)
        self.assertEqual(len(self.standin.seen()), before)

        def refused():
            # (curl may give up a body that is answered early: a record of its own)
            return [a for a in self.gateway.activities() if "signing in" in a.get("reason", "")]
        found = wait_for(lambda: len(refused()) >= 12 and refused(), 10, "records")
        self.assertEqual(len(found), 12)
        self.assertIn("prompt.created", {a["activity"] for a in found})
        self.assertNotIn("rule", found[0])

    def test_who_is_signed_in_is_served(self):
        message, answer = self.send_prompt("hello")
        self.assertIn("You said", answer)
        self.assertEqual(self.activity(message)["verdict"], "allow")


class NotConfigured(Headers):
    def test_the_clients_copies_are_removed_all_the_same(self):
        for host in ("chatgpt.com", "api.openai.com"):
            seen = self.headers(host)
            self.assertEqual((seen.get(WORKSPACE), seen.get(ORGANIZATION)), (None, None))

    def test_signed_out_use_is_allowed(self):
        _, answer = self.send_prompt("hello", path="/backend-anon/conversation")
        self.assertIn("You said", answer)


if __name__ == "__main__":
    unittest.main()
