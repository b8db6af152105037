"""S8: real clients through the proxy: Chromium by PAC, the openai SDK through
undici's ProxyAgent, Python's requests, curl with one connection for many."""
import json
import os
import pathlib
import subprocess
import unittest

from gateway import CARD, ROOT, GatewayTest

HERE = pathlib.Path(__file__).resolve().parent


def node(script, *args, seconds=120):
    done = subprocess.run(["node", HERE / script, *args], cwd=HERE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=seconds)
    if done.returncode != 0:
        raise AssertionError(f"{script}: {done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


class Clients(GatewayTest):
    def test_s8_chromium_by_pac_sees_the_answer_grow_and_the_block_in_the_chat(self):
        shot = pathlib.Path(os.environ.get("SCREENSHOT", ROOT / "build/block-in-chat.png"))
        pac = f"http://127.0.0.1:{self.gateway.proxy_port}/proxy.pac"
        before = {a["id"] for a in self.gateway.activities()}
        seen = node("browser.js", pac, str(self.gateway.ca), str(shot))
        self.assertIn("You said 31 bytes", seen["passed"]["text"])
        self.assertEqual(seen["protocol"], "h2")
        # Token by token: many lengths, spread over most of the answer's time.
        self.assertGreater(seen["steps"], 8)
        self.assertGreater(seen["spread"], 150)
        self.assertIn("promptgate", seen["blocked"]["text"])
        self.assertGreater(shot.stat().st_size, 5000)
        prompts = [a for a in self.gateway.activities("--since", "5m")
                   if a["activity"] == "prompt.created" and a["id"] not in before]
        self.assertEqual([a["verdict"] for a in prompts], ["allow", "block"])
        self.assertEqual(sum("4111" in json.dumps(s) for s in self.standin.seen()), 0)

    def test_s8_the_openai_sdk_works_streamed_and_not_and_gets_an_error_of_its_own_kind(self):
        got = node("sdk.js", f"http://127.0.0.1:{self.gateway.proxy_port}", str(self.gateway.ca))
        for key in ("plain", "streamed", "response", "events"):
            self.assertIn("You said 9 bytes", got[key], key)
        self.assertEqual(got["blocked"]["status"], 403)
        self.assertIn("promptgate", got["blocked"]["message"])

    def test_requests_of_python(self):
        import requests
        with requests.Session() as session:
            session.trust_env = False
            session.proxies = {"https": f"http://127.0.0.1:{self.gateway.proxy_port}"}
            session.verify = str(self.gateway.ca)
            url = "https://chatgpt.com/backend-api/conversation"
            good = session.post(url, json=self.prompt("hello"), timeout=20)
            self.assertIn("[DONE]", good.text)
            bad = session.post(url, json=self.prompt("card " + CARD), timeout=20)
            self.assertEqual(bad.status_code, 403)
            self.assertIn("promptgate", bad.json()["detail"])

    def test_curl_keeps_one_connection_for_many_requests(self):
        for version in ("--http1.1", "--http2"):
            urls = ["https://chatgpt.com/status/200"] * 5
            out = self.curl(urls[0], version, *urls[1:], "-w", "%{num_connects} ")
            self.assertEqual(sum(int(n) for n in out.replace("body\n", "").split()), 1, version)


if __name__ == "__main__":
    unittest.main()
