"""S8: one prompt that passes and one with a card, by every client that this machine has.  The libraries of Python and
Perl, Node's, Java's, and the tools that people have in scripts; Chromium and the SDK are in test_clients."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

from faults import FEW, POLICY, FaultTest
from gateway import CARD
from raw import read_head
from test_clients import HERE
from test_websockets import CODEX, turn

URL = "https://chatgpt.com/backend-api/conversation"
COMMIT = "0123456789abcdef0123456789abcdef01234567"

PYTHON = {
    "http.client": """
import http.client, ssl
c = http.client.HTTPSConnection("127.0.0.1", port, timeout=30, context=ssl.create_default_context(cafile=ca))
c.set_tunnel("chatgpt.com", 443)
c.request("POST", "/backend-api/conversation", body, {"content-type": "application/json"})
r = c.getresponse()
print(r.status); print(r.read().decode())""",
    "urllib": """
import ssl, urllib.error, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({"https": f"http://127.0.0.1:{port}"}),
    urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=ca)))
try:
    r = opener.open(urllib.request.Request(url, body, {"content-type": "application/json"}), timeout=30)
except urllib.error.HTTPError as error:
    r = error
print(r.status); print(r.read().decode())""",
    "urllib3": """
import urllib3
r = urllib3.ProxyManager(f"http://127.0.0.1:{port}", ca_certs=ca).request(
    "POST", url, body=body, headers={"content-type": "application/json"})
print(r.status); print(r.data.decode())""",
    "requests": """
import requests
r = requests.post(url, body, headers={"content-type": "application/json"}, verify=ca,
    proxies={"https": f"http://127.0.0.1:{port}"})
print(r.status_code); print(r.text)""",
    "httplib2": """
import httplib2
h = httplib2.Http(ca_certs=ca, proxy_info=httplib2.ProxyInfo(httplib2.socks.PROXY_TYPE_HTTP, "127.0.0.1", port))
r, data = h.request(url, "POST", body, {"content-type": "application/json"})
print(r.status); print(data.decode())""",
    "aiohttp": """
import aiohttp, asyncio, ssl
async def main():
    async with aiohttp.ClientSession() as s:
        async with s.post(url, data=body, headers={"content-type": "application/json"}, proxy=f"http://127.0.0.1:{port}",
                          ssl=ssl.create_default_context(cafile=ca)) as r:
            print(r.status); print(await r.text())
asyncio.run(main())""",
    "httpx": """
import httpx, os, ssl
os.environ["HTTPS_PROXY"] = f"http://127.0.0.1:{port}"
r = httpx.Client(verify=ssl.create_default_context(cafile=ca)).post(url, content=body,
    headers={"content-type": "application/json"})
print(r.status_code); print(r.text)""",
}
PERL = {
    "LWP::UserAgent": """
use LWP::UserAgent;
my $ua = LWP::UserAgent->new(ssl_opts => {SSL_ca_file => $ca}, timeout => 30);
$ua->proxy(https => "http://127.0.0.1:$port");
my $r = $ua->post($url, "Content-Type" => "application/json", Content => $body);
print $r->code, "\\n", $r->content;""",
    "HTTP::Tiny": """
use HTTP::Tiny;
my $h = HTTP::Tiny->new(https_proxy => "http://127.0.0.1:$port", verify_SSL => 1, SSL_options => {SSL_ca_file => $ca});
my $r = $h->post($url, {headers => {"content-type" => "application/json"}, content => $body});
print $r->{status}, "\\n", $r->{content};""",
}
NODE = ("nodeHttps", "undiciRequest", "undiciFetch", "nodeFetch", "playwright")


def run(*command, seconds=120, env=None, data=None):
    given = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    done = subprocess.run([str(c) for c in command], cwd=HERE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=seconds, env={**given, **(env or {})}, input=data)
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


def answered(result):
    """(status, body) of a client that prints them so."""
    code, out, error = result
    if code != 0:
        raise AssertionError(f"{code}: {error[-2000:]}")
    status, _, body = out.partition("\n")
    return int(status), body


class Suite(FaultTest):
    origins = {"sora.chatgpt.com": {"tls": True}}
    settings, policy = FEW, POLICY

    def setUp(self):
        self.proxy, self.ca = f"http://127.0.0.1:{self.gateway.proxy_port}", str(self.gateway.ca)

    def tearDown(self):
        self.doCleanups()

    def both(self, name, post):
        """post(body): (status, body of the answer)"""
        for text, status, what in (("hello of " + name, 200, "[DONE]"), (f"card {CARD} of " + name, 403, "promptgate")):
            body = self.prompt(text)
            got = post(json.dumps(body))
            self.assertEqual(got[0], status, got)
            self.assertIn(what, got[1])
            activity = self.activity(body["messages"][0]["id"])
            self.assertEqual(activity["verdict"], "allow" if status == 200 else "block")
        self.assertFalse([s for s in self.standin.seen() if "4111" in json.dumps(s)])

    def test_s8_python(self):
        for name, script in PYTHON.items():
            with self.subTest(name):
                if run(sys.executable, "-c", f"import {name}")[0] != 0:
                    self.skipTest(f"no {name} here")

                def post(body, script=script):
                    head = f"port, ca, url, body = {self.gateway.proxy_port}, {self.ca!r}, {URL!r}, {body.encode()!r}\n"
                    return answered(run(sys.executable, "-c", head + script))
                self.both(name, post)

    def test_s8_perl(self):
        for name, script in PERL.items():
            with self.subTest(name):
                if run("perl", f"-M{name}", "-MIO::Socket::SSL", "-e", "1")[0] != 0:
                    self.skipTest(f"no {name} here")
                self.both(name, lambda body, script=script: answered(run(
                    "perl", "-e", "my ($port, $ca, $url, $body) = @ARGV;" + script, self.gateway.proxy_port, self.ca, URL, body)))

    def test_s8_node(self):
        for kind in NODE:
            with self.subTest(kind):
                self.both(kind, lambda body, kind=kind: answered(
                    run("node", "clients.js", kind, self.proxy, self.ca, URL, body)))

    def test_s8_a_websocket_of_undici(self):
        def say(text):
            return answered(run("node", "clients.js", "webSocket", self.proxy, self.ca, "wss://chatgpt.com" + CODEX, turn(text)))
        self.assertIn("You said", say("hello of a socket")[1])
        self.assertEqual(say("card " + CARD)[0], 1008)
        self.assertFalse([s for s in self.standin.seen() if "4111" in json.dumps(s)])

    def test_s8_curl_and_wget(self):
        def wget(body):
            code, _, error = run("wget", "-S", "-O", self.folder / "got", f"--ca-certificate={self.ca}", "--content-on-error",
                                 "--tries=1", "--header=content-type: application/json", f"--post-data={body}", URL,
                                 env={"https_proxy": self.proxy})
            self.assertIn(code, (0, 8), error)
            status = [line.split()[1] for line in error.splitlines() if line.strip().startswith("HTTP/1.1")][-1]
            return int(status), (self.folder / "got").read_text()
        for version in ("--http1.1", "--http2"):
            with self.subTest("curl " + version):
                def post(body, version=version):
                    out = self.curl(URL, version, "-H", "content-type: application/json", "-d", body, "-w", "\n%{http_code}")
                    text, _, status = out.rpartition("\n")
                    return int(status), text
                self.both("curl" + version, post)
        with self.subTest("wget"):
            if shutil.which("wget") is None:
                self.skipTest("no wget here")
            self.both("wget", wget)

    def test_s8_java(self):
        if shutil.which("java") is None or shutil.which("keytool") is None:
            self.skipTest("no java here")
        store = self.folder / "trust.p12"
        code, _, error = run("keytool", "-importcert", "-noprompt", "-alias", "ca", "-file", self.ca, "-keystore", store,
                             "-storetype", "PKCS12", "-storepass", "changeit")
        self.assertEqual(code, 0, error)
        self.both("java", lambda body: answered(run(
            "java", f"-Djavax.net.ssl.trustStore={store}", "-Djavax.net.ssl.trustStorePassword=changeit",
            "ClientOfJava.java", "127.0.0.1", self.gateway.proxy_port, URL, body)))

    def serve(self, files):
        """sora.chatgpt.com has these files."""
        def answer(s):
            while head := read_head(s)[0]:
                data = files.get(head.split(b" ")[1].split(b"?")[0].decode())
                status = b"200 OK" if data is not None else b"404 Not Found"
                s.sendall(b"HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n"
                          % (status, len(data or b"")) + (data or b""))
        self.play("sora.chatgpt.com", answer)

    def test_s8_git(self):
        self.serve({"/repo.git/info/refs": f"{COMMIT}\trefs/heads/main\n".encode(), "/repo.git/HEAD": b"ref: refs/heads/main\n"})
        code, out, error = run("git", "-c", f"http.proxy={self.proxy}", "-c", f"http.sslCAInfo={self.ca}", "ls-remote",
                               "https://sora.chatgpt.com/repo.git", env={"GIT_TERMINAL_PROMPT": "0", "GIT_SSL_CAINFO": self.ca})
        self.assertEqual(code, 0, error)
        self.assertIn(f"{COMMIT}\trefs/heads/main", out)

    def test_s8_apt(self):
        helper = pathlib.Path("/usr/lib/apt/apt-helper")
        if not helper.exists():
            self.skipTest("no apt here")
        data = os.urandom(200_000)
        self.serve({"/pool/some.deb": data})
        target = self.folder / "some.deb"
        code, out, error = run(helper, "-o", f"Acquire::https::Proxy={self.proxy}", "-o", f"Acquire::https::CAInfo={self.ca}",
                               "-o", "APT::Sandbox::User=root", "download-file", "https://sora.chatgpt.com/pool/some.deb", target)
        self.assertEqual(code, 0, out + error)
        self.assertEqual(target.read_bytes(), data)

    def test_s8_openssl(self):
        code, out, error = run(
            "openssl", "s_client", "-proxy", f"127.0.0.1:{self.gateway.proxy_port}", "-connect", "chatgpt.com:443", "-servername",
            "chatgpt.com", "-CAfile", self.ca, "-verify_return_error", "-verify_hostname", "chatgpt.com", "-quiet", "-ign_eof",
            data=b"GET /status/200 HTTP/1.1\r\nHost: chatgpt.com\r\nConnection: close\r\n\r\n")
        self.assertEqual(code, 0, error)
        self.assertTrue(out.startswith("HTTP/1.1 200"), out)


if __name__ == "__main__":
    unittest.main()
