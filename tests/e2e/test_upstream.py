"""U1–U7, U14, U15: what a browser would refuse is refused, the reason reaches
the user, the log and the store."""
import json
import unittest

from gateway import GatewayTest, Standin


class BadCertificates(GatewayTest):
    def lead_to(self, name):
        """api.openai.com is a stand-in with this certificate."""
        standin = Standin(self.folder, name, ["--weak"])
        self.addCleanup(standin.stop)
        self.gateway.resolve["api.openai.com:443"] = f"127.0.0.1:{standin.port}"
        self.gateway.write_config(self.settings)
        self.gateway.stop()
        self.gateway.start()
        return standin

    def refused(self, name, reason):
        standin = self.lead_to(name)
        for version in ("--http1.1", "--http2"):
            body = self.curl("https://api.openai.com/v1/models", version, "-w", "\n%{http_code}")
            self.assertEqual(body.splitlines()[-1], "502", name)
            self.assertIn(reason, body, name)
        self.assertEqual(standin.seen(), [])
        refusals = [a for a in self.gateway.activities() if a["activity"] == "connection.refused"]
        self.assertTrue(any(reason in json.dumps(a) for a in refusals), name)
        self.assertIn("origin.failed", self.gateway.log())

    def test_u1_an_unknown_issuer_is_refused(self):
        self.refused("unknown-issuer", "unknown-issuer")

    def test_u1_a_root_of_the_same_name_is_refused(self):
        self.refused("same-name-root", "unknown-issuer")

    def test_u1_self_signed_is_refused(self):
        self.refused("self-signed", "self-signed")

    def test_u2_a_wrong_name_is_refused(self):
        self.refused("wrong-name", "name-mismatch")

    def test_u2_a_common_name_is_no_name(self):
        self.refused("cn-only", "name-mismatch")

    def test_u4_expired_is_refused(self):
        self.refused("expired", "expired")

    def test_u5_a_clients_certificate_is_refused(self):
        self.refused("client-eku", "wrong-usage")

    def test_u6_a_short_rsa_key_is_refused(self):
        self.refused("weak-key", "weak-key")

    def test_u6_sha1_is_refused(self):
        self.refused("sha1", "weak-signature")

    def test_u15_a_page_explains_the_refusal_to_a_person(self):
        self.lead_to("expired")
        page = self.curl("https://api.openai.com/", "-H", "accept: text/html")
        self.assertIn("<h1>", page)
        self.assertIn("expired", page)


if __name__ == "__main__":
    unittest.main()
