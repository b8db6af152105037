"""Alerts live (docs/alerts.md): bursts of failed sign-ins through the gateway
raise one alert each, whatever restarts, and everybody who asks is told."""
import json
import unittest

from console_client import Console
from gateway import GatewayTest, wait_for

SECONDS = 60
ACCOUNTS = "https://auth.openai.com/api/accounts"


class Alerts(GatewayTest):
    settings = "alerts: [alerts.yaml]\n"
    hosts = (*GatewayTest.hosts, "auth.openai.com:443")

    def call(self, mail, url, body=None):
        data = ("-H", "content-type: application/json", "-d", json.dumps(body)) if body is not None else ()
        return self.status(url, "-H", f"cookie: oai-did=device-of-{mail}", *data)

    def fails(self, mail, times):
        for _ in range(times):
            self.assertEqual(self.call(mail, ACCOUNTS + "/password/verify", {"username": mail, "password": "Wrong-one"}), 401)

    def alerts(self, mail):
        found = [a for a in self.gateway.activities("--since", "1h") if a["actor"].get("account") == mail]
        return [(a["activity"], a["rule"], a["severity"], [x["rule"] for x in a["alerts"]])
                for a in found if a.get("alerts")]

    def test_a_burst_is_one_alert_whatever_restarts(self):
        burst = ("login.failed", "failed-logins", "medium", ["failed-logins"])
        self.fails("ana@corp.example", 5)
        wait_for(lambda: self.alerts("ana@corp.example"), SECONDS, "an alert")
        self.fails("bob@corp.example", 3)
        self.gateway.stop()
        self.gateway.start()
        self.fails("ana@corp.example", 2)
        self.fails("bob@corp.example", 2)
        # Of what stands open the older ones are complete before these.
        wait_for(lambda: self.alerts("bob@corp.example"), SECONDS, "an alert of a burst that a restart cut")
        for mail in ("ana@corp.example", "bob@corp.example"):
            self.assertEqual(self.alerts(mail), [burst], mail)

        self.call("ana@corp.example", ACCOUNTS + "/authorize/continue", {"username": {"kind": "email", "value": "ana@corp.example"}})
        self.assertEqual(self.call("ana@corp.example", "https://chatgpt.com/api/auth/callback/openai?code=c&state=s"), 302)
        after = ("login.succeeded", "failed-logins-then-success", "high", ["failed-logins-then-success"])
        wait_for(lambda: after in self.alerts("ana@corp.example"), SECONDS, "an alert of the success")
        self.assertEqual(sorted(self.alerts("ana@corp.example")), sorted([burst, after]))

        shown = Console(self.gateway).items("activities", verdict="alert", user="ana@corp.example")
        self.assertEqual(sorted(a["rule"] for a in shown), ["failed-logins", "failed-logins-then-success"])


if __name__ == "__main__":
    unittest.main()
