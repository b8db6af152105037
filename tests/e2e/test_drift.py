"""The digest that tells an administrator which service map needs an edit."""
import unittest

from gateway import GatewayTest, wait_for


class Drift(GatewayTest):
    def test_unexplained_and_unreadable_requests_are_counted_by_template(self):
        for i in range(5):
            self.curl(f"https://chatgpt.com/backend-api/brand_new/{i}f3a", "-H", "content-type: application/json",
                      "-d", '{"note": "private words"}')
        self.curl("https://chatgpt.com/backend-api/conversation", "-H", "content-type: application/json",
                  "-d", '{"messages": [private words')
        self.send_prompt("hello")
        wait_for(lambda: sum(v for k, v in self.gateway.metrics().items()
                             if k.startswith("promptgate_map_drift_total")) == 6, 10, "metric")
        self.assertEqual(self.gateway.stop(), 0)
        lines = [line for line in self.gateway.log().splitlines() if "event=map.drift" in line]
        self.assertEqual(len(lines), 2, lines)
        self.assertIn("service=chatgpt method=POST path=/backend-api/brand_new/{id} cause=unclassified count=5", lines[0])
        self.assertIn("path=/backend-api/conversation cause=parse count=1", lines[1])
        self.assertNotIn("private", self.gateway.log())


if __name__ == "__main__":
    unittest.main()
