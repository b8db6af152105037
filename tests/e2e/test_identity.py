"""Whose a call is: told by a token or by the service, remembered by session
for calls that carry cookies only, in every worker."""
import base64
import json
import unittest

from gateway import GatewayTest

SESSION = "__Secure-next-auth.session-token"


def bearer(email, workspace):
    claims = {"https://api.openai.com/profile": {"email": email},
              "https://api.openai.com/auth": {"chatgpt_account_id": workspace}}
    middle = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"authorization: Bearer eyJhbGciOiJub25lIn0.{middle}.x"


class Identity(GatewayTest):
    def actor(self, *args):
        message, _ = self.send_prompt("hello", *args)
        return self.activity(message)["actor"]

    def test_a_session_is_remembered_across_connections_and_workers(self):
        cookie = f"cookie: oai-did=device-1; {SESSION}.0=abc; {SESSION}.1=def"
        told = self.actor("-H", bearer("ana@example.com", "w-1"), "-H", cookie)
        self.assertEqual((told["user"], told["source"]), ("ana@example.com", "jwt"))
        for i in range(8):
            version = ("--http1.1", "--http2")[i % 2]
            a = self.actor("-H", cookie, version)
            self.assertEqual((a["user"], a["source"], a["account"], a["workspace"], a["device"]),
                             ("ana@example.com", "session", "ana@example.com", "w-1", "device-1"))
        self.assertEqual(self.actor("-H", f"cookie: {SESSION}=other")["source"], "ip")
        self.assertEqual(self.actor()["source"], "ip")

    def test_the_services_own_answer_names_the_session(self):
        cookie = f"cookie: {SESSION}=of-bob"
        self.assertEqual(self.actor("-H", cookie)["source"], "ip")
        user = json.loads(self.curl("https://chatgpt.com/api/auth/session", "-H", cookie))["user"]
        a = self.actor("-H", cookie)
        self.assertEqual((a["user"], a["source"]), (user["email"], "session"))

    def test_no_cookie_or_token_is_stored_or_logged(self):
        secret = "c0ffee-secret-cookie"
        self.actor("-H", bearer("eve@example.com", "w-2"), "-H", f"cookie: {SESSION}={secret}")
        self.assertNotIn(secret, self.gateway.log())
        for file in self.gateway.data.rglob("*"):
            if file.is_file():
                self.assertNotIn(secret.encode(), file.read_bytes(), file)


if __name__ == "__main__":
    unittest.main()
