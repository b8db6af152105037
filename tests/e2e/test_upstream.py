"""U1–U7, U14, U15: what a browser would refuse is refused, the reason reaches
the user, the log and the store."""
import json
import unittest

from gateway import GatewayTest, Standin

BAD = {"expired": "expired", "wrong-name": "name-mismatch", "unknown-issuer": "unknown-issuer",
       "same-name-root": "unknown-issuer", "weak-key": "weak", "self-signed": "self-signed",
       "cn-only": "name-mismatch", "sha1": "weak", "client-eku": "purpose"}


class BadCertificates(GatewayTest):
    def refused(self, name):
        standin = Standin(self.folder, name, ["--weak"])
        try:
            self.gateway.resolve["api.openai.com:443"] = f"127.0.0.1:{standin.port}"
            self.gateway.write_config(self.settings)
            self.gateway.stop()
            self.gateway.start()
            for version in ("--http1.1", "--http2"):
                body = self.curl("https://api.openai.com/v1/models", version, "-w", "\n%{http_code}")
                self.assertEqual(body.splitlines()[-1], "502", name)
                self.assertIn(BAD[name], body, name)
            self.assertEqual(standin.seen(), [])
        finally:
            standin.stop()
        refusals = [a for a in self.gateway.activities() if a["activity"] == "connection.refused"]
        self.assertTrue(any(BAD[name] in json.dumps(a) for a in refusals), name)
        self.assertIn("origin.failed", self.gateway.log())

    def test_a_page_explains_the_refusal_to_a_person(self):
        standin = Standin(self.folder, "expired")
        try:
            self.gateway.resolve["api.openai.com:443"] = f"127.0.0.1:{standin.port}"
            self.gateway.write_config(self.settings)
            self.gateway.stop()
            self.gateway.start()
            page = self.curl("https://api.openai.com/", "-H", "accept: text/html")
            self.assertIn("<h1>", page)
            self.assertIn("expired", page)
        finally:
            standin.stop()


for _name in BAD:
    def _test(self, name=_name):
        self.refused(name)
    setattr(BadCertificates, "test_" + _name.replace("-", "_") + "_is_refused", _test)


if __name__ == "__main__":
    unittest.main()
