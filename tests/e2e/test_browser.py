"""The services refuse who does not look like their browser: what Chromium and
curl show an origin directly, and what it sees of them through the proxy.

    TABLE=1 python3 -m unittest test_browser    both, as docs/browser.md has them
"""
import os
import subprocess

from client_profile import RENEGOTIATION_SCSV, ProfileOrigin
from gateway import GatewayTest, certs
from test_clients import node
from wire import HEADERS, SETTINGS, WINDOW

# What is left out: groups and signatures that OpenSSL 3.0 does not know
# (post-quantum), that we do not take (SHA-1, SHA-224) or that nobody uses.
KNOWN_GROUPS = {0x1d, 0x17, 0x18, 0x19}
KNOWN_SIGNATURES = {0x403, 0x503, 0x603, 0x804, 0x805, 0x806, 0x807, 0x809, 0x80a, 0x80b, 0x401, 0x501, 0x601}
NEVER = {"via", "x-forwarded-for", "x-forwarded-proto", "forwarded", "proxy-connection"}


def print_table(client, direct, proxied):
    def numbers(list_):
        return " ".join(f"{n:x}" for n in list_)
    rows = {
        "JA4": lambda e: e["hello"].ja4(),
        "ciphers": lambda e: numbers(e["hello"].ciphers),
        "groups": lambda e: numbers(e["hello"].groups),
        "signatures": lambda e: numbers(e["hello"].signatures),
        "ALPN": lambda e: " ".join(e["hello"].alpn),
        "extensions, sorted": lambda e: numbers(sorted(e["hello"].extensions)),
        "SETTINGS": lambda e: " ".join(f"{k:x}={v}" for k, v in e["settings"]),
        "WINDOW_UPDATE": lambda e: str(e["window"]),
    }
    for name, read in rows.items():
        print(f"| {client}: {name} | {read(direct)} | {read(proxied)} |")


class Browser(GatewayTest):
    @classmethod
    def own_origins(cls):
        cls.origin = ProfileOrigin()
        cls.addClassCleanup(cls.origin.stop)
        return {"chatgpt.com:443": f"127.0.0.1:{cls.origin.port}"}

    def both(self, run):
        """What the origin saw of a client, directly and through the proxy."""
        client = self._testMethodName.split("_")[1]
        run(f"/{client}-direct", True)
        run(f"/{client}-proxied", False)
        direct, proxied = (self.origin.connection(f"/{client}-{way}") for way in ("direct", "proxied"))
        self.assertTrue(direct and proxied, self.origin.error)
        if "TABLE" in os.environ:
            print_table(client, direct[0], proxied[0])
        return direct, proxied

    def assert_same_offer(self, direct, proxied):
        self.assertEqual([c for c in proxied.ciphers if c != RENEGOTIATION_SCSV],
                         [c for c in direct.ciphers if c != RENEGOTIATION_SCSV])
        self.assertEqual(proxied.groups, [g for g in direct.groups if g in KNOWN_GROUPS])
        self.assertEqual(proxied.signatures, [s for s in direct.signatures if s in KNOWN_SIGNATURES])
        self.assertEqual(proxied.alpn, direct.alpn)

    def assert_same_frames(self, direct, proxied):
        for what in ("settings", "window", "order"):
            self.assertEqual(proxied[what], direct[what], what)

    def assert_same_request(self, direct, proxied):
        """Names in their order with every cookie's own line; priority."""
        self.assertEqual([n for n, _ in proxied["fields"]], [n for n, _ in direct["fields"]])
        self.assertEqual(proxied["priority"], direct["priority"])
        self.assertFalse({n for n, _ in proxied["fields"]} & NEVER)
        ours = [v for v in proxied["fields"] if v[0] not in (":path", "referer")]
        self.assertEqual(ours, [v for v in direct["fields"] if v[0] not in (":path", "referer")])

    def test_chromium_is_seen_as_it_is(self):
        def run(path, is_direct):
            if is_direct:
                node("client_profile.js", path, str(certs() / "root.pem"), "direct", str(self.origin.port))
            else:
                node("client_profile.js", path, str(self.gateway.ca), "pac", f"http://127.0.0.1:{self.gateway.proxy_port}/proxy.pac")
        (direct, get), (proxied, proxied_get) = self.both(run)
        self.assert_same_offer(direct["hello"], proxied["hello"])
        self.assert_same_frames(direct, proxied)
        self.assertEqual(direct["order"][:3], [SETTINGS, WINDOW, HEADERS])
        self.assert_same_request(get, proxied_get)
        self.assertEqual(sum(n == "cookie" for n, _ in proxied_get["fields"]), 3)
        post, proxied_post = ([r for r in e["requests"] if (":path", "/said") in r["fields"]][0] for e in (direct, proxied))
        self.assert_same_request(post, proxied_post)
        names = [n for n, _ in proxied_post["fields"]]
        self.assertLess(names.index("content-length"), names.index("user-agent"))

    def test_curl_is_seen_as_it_is(self):
        def run(path, is_direct):
            way = ["--connect-to", f"chatgpt.com:443:127.0.0.1:{self.origin.port}", "--cacert", certs() / "root.pem"] if is_direct else \
                  ["-x", f"http://127.0.0.1:{self.gateway.proxy_port}", "--cacert", self.gateway.ca]
            subprocess.run(["curl", "-sS", "--http2", "-o", "/dev/null", "-H", "x-one: 1", "-d", "some words", *way,
                            f"https://chatgpt.com{path}"], check=True, timeout=30)
        (direct, post), (proxied, proxied_post) = self.both(run)
        self.assert_same_offer(direct["hello"], proxied["hello"])
        self.assert_same_frames(direct, proxied)
        self.assert_same_request(post, proxied_post)
