"""What a client sees of the proxy port itself: the PAC file in a JavaScript
engine, the pages, plain requests through the proxy, logins, who may come and
how many."""
import base64
import hashlib
import json
import os
import signal
import socket
import ssl
import subprocess
import time
import unittest

from gateway import BINARY, CARD, GatewayTest, can_connect, certs, wait_for
from raw import ask, basic, read_head, read_response

PAC_RUNNER = """
const vm = require('vm'), fs = require('fs');
const box = vm.createContext({});
vm.runInContext(fs.readFileSync(0, 'utf8'), box);
const out = {};
for (const h of process.argv.slice(1))
  out[h] = vm.runInContext(`FindProxyForURL('https://${h}/x', '${h}')`, box);
console.log(JSON.stringify(out));
"""


def pac(text, *hosts):
    done = subprocess.run(["node", "-e", PAC_RUNNER, *hosts], input=text, check=True, stdout=subprocess.PIPE,
                          text=True)
    return json.loads(done.stdout)


class Pages(GatewayTest):
    IN = ("chatgpt.com", "CHATGPT.com", "chatgpt.com.", "ab.chatgpt.com", "ws.a.chatgpt.com", "chat.openai.com",
          "ios.chat.openai.com", "files.oaiusercontent.com", "sora.com", "api.openai.com",
          "oaisdmntprwestus.blob.core.windows.net", "chatgpt-12.webpubsub.azure.com")
    OUT = ("notchatgpt.com", "chatgpt.com.evil.test", "chatgpt.org", "openai.com", "blob.core.windows.net",
           "oaisdmntpr.x.blob.core.windows.net", "xoaisdmntprwestus.blob.core.windows.net",
           "oaisdmntprwestus.blob.core.windows.net.evil.test", "oaisdmntprwestusXblob.core.windows.net",
           "a.b.webpubsub.azure.com", "example.com", "hasOwnProperty", "toString", "com")

    def page(self, path, *args):
        return self.curl(f"http://127.0.0.1:{self.gateway.proxy_port}{path}", *args, proxy=False)

    def test_the_pac_file_names_exactly_the_hosts_of_the_maps(self):
        for path in ("/proxy.pac", "/wpad.dat"):
            got = pac(self.page(path), *self.IN, *self.OUT)
            proxy = f"PROXY 127.0.0.1:{self.gateway.proxy_port}"
            self.assertEqual({h: got[h] for h in self.IN}, {h: proxy for h in self.IN})
            self.assertEqual({h: got[h] for h in self.OUT}, {h: "DIRECT" for h in self.OUT})
            self.assertIn("application/x-ns-proxy-autoconfig", self.page(path, "-I"))

    def test_the_pac_file_names_the_address_by_which_it_was_asked(self):
        text = self.page("/proxy.pac", "-H", "Host: gate.corp.test:3128")
        self.assertEqual(pac(text, "chatgpt.com"), {"chatgpt.com": "PROXY gate.corp.test:3128"})
        evil = self.page("/proxy.pac", "-H", 'Host: a";alert(1);"')
        self.assertNotIn("alert", evil)

    def test_k7_the_ca_is_served_in_every_form_with_its_fingerprint(self):
        pem = self.page("/ca.pem")
        self.assertEqual(pem, self.gateway.ca.read_text())
        self.assertNotIn("PRIVATE", pem)
        der = self.curl(f"http://127.0.0.1:{self.gateway.proxy_port}/ca.der", proxy=False, text=False)
        self.assertEqual(der, ssl.PEM_cert_to_DER_cert(pem))
        page = self.page("/ca")
        digest = hashlib.sha256(der).hexdigest()
        self.assertIn(digest, page.lower().replace(":", ""))
        for platform in ("Windows", "macOS", "Debian", "Firefox", "iPhone"):
            self.assertIn(platform, page)

    def test_health_head_and_unknown_pages(self):
        self.assertEqual(self.page("/healthz"), "ok\n")
        self.assertEqual(self.page("/readyz"), "ready\n")
        head = self.page("/healthz", "-I")
        self.assertIn("content-length: 3", head.lower())
        base = f"http://127.0.0.1:{self.gateway.proxy_port}"
        code = ("-o", "/dev/null", "-w", "%{http_code}")
        self.assertEqual(self.curl(base + "/nothing", *code, proxy=False), "404")
        self.assertEqual(self.curl(base + "/healthz", *code, "-d", "x", proxy=False), "405")

    def test_l7_readyz_says_503_while_the_storer_is_away(self):
        codes = set()

        def look():
            for pid in self.gateway.roles("storer"):  # a new one comes at once: again and again
                os.kill(pid, signal.SIGKILL)
            codes.add(self.curl(f"http://127.0.0.1:{self.gateway.proxy_port}/readyz", "-o", "/dev/null", "-w",
                                "%{http_code}", proxy=False))
            return "503" in codes
        wait_for(look, 10, "a 503 of /readyz")
        wait_for(self.gateway.is_ready, 10, "ready again")


class PacProxy(GatewayTest):
    settings = "pac: {default: proxy}"

    def test_other_hosts_go_through_as_configured(self):
        text = self.curl(f"http://127.0.0.1:{self.gateway.proxy_port}/proxy.pac", proxy=False)
        proxy = f"PROXY 127.0.0.1:{self.gateway.proxy_port}"
        self.assertEqual(pac(text, "example.com", "chatgpt.com"), {"example.com": proxy, "chatgpt.com": proxy})


class Absolute(GatewayTest):
    def test_an_in_scope_request_in_clear_text_is_inspected(self):
        body = self.prompt("What is a monad?")
        self.curl("http://chatgpt.com/backend-api/conversation", "-H", "content-type: application/json", "-d",
                  json.dumps(body))
        a = self.activity(body["messages"][0]["id"])
        self.assertEqual((a["activity"], a["http"]["status"]), ("prompt.created", 200))
        before = len(self.standin.seen())
        body = self.prompt("card " + CARD)
        answer = self.curl("http://chatgpt.com/backend-api/conversation", "-H", "content-type: application/json",
                           "-d", json.dumps(body))
        self.assertIn("promptgate", answer)
        self.assertEqual(len(self.standin.seen()), before)
        self.assertEqual(self.activity(body["messages"][0]["id"])["verdict"], "block")

    def test_p7_an_out_of_scope_request_is_passed_on_without_its_proxy_headers(self):
        seen = json.loads(self.curl("http://other.test/headers", "-H", "Proxy-Connection: keep-alive", "-H",
                                    "Proxy-Authorization: Basic eA=="))["headers"]
        self.assertEqual(seen["host"], "other.test")
        self.assertFalse([k for k in seen if k.startswith("proxy-")])

    def test_one_connection_serves_requests_to_different_hosts(self):
        with socket.create_connection(("127.0.0.1", self.gateway.proxy_port), 10) as s:
            for host in ("other.test", "chatgpt.com", "other.test"):
                s.sendall(f"GET http://{host}/headers HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
                head, body = read_response(s)
                self.assertIn(b" 200 ", head.split(b"\r\n")[0])
                self.assertEqual(json.loads(body)["headers"]["host"], host)

    def test_the_target_of_the_request_line_wins_over_host(self):
        head, body = ask(self.gateway, "GET http://other.test/headers HTTP/1.1\r\nHost: chatgpt.com\r\n\r\n")
        if b" 200 " in head:
            self.assertEqual(json.loads(body)["headers"]["host"], "other.test")
        else:
            self.assertIn(b" 400 ", head)

    def test_other_schemes_and_bad_targets_are_refused(self):
        for target in ("https://other.test/", "ftp://other.test/", "http://other.test:25/", "http://127.0.0.1/",
                       "http://[::1]/", "http:///", "http://other.test:0/", "http://user@other.test/"):
            head, _ = ask(self.gateway, f"GET {target} HTTP/1.1\r\nHost: other.test\r\n\r\n")
            self.assertIn(head.split()[1], (b"400", b"403"), target)

    def test_a_client_that_never_leaves_is_sent_to_a_new_connection(self):
        with socket.create_connection(("127.0.0.1", self.gateway.proxy_port), timeout=20) as s:
            stream = s.makefile("rb")
            for i in range(8000):
                host = f"{i:05}." + ".".join(["h" * 60] * 3) + ".test"
                s.sendall(f"GET http://{host}:81/ HTTP/1.1\r\nHost: {host}:81\r\n\r\n".encode())
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    line = stream.readline()
                    if not line:
                        break
                    head += line
                if b"connection: close" in head.lower() or not head:
                    break
                length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
                stream.read(length)
            self.assertTrue(1000 < i < 7999, i)

    def test_an_origin_that_cannot_be_reached_is_502(self):
        self.gateway.resolve["dead.test:80"] = "127.0.0.1:1"
        self.gateway.write_config(self.settings)
        self.gateway.signal(1)
        wait_for(lambda: ask(self.gateway, "GET http://dead.test/ HTTP/1.1\r\nHost: dead.test\r\n\r\n")[0]
                 .split()[1] == b"502", 10, "502")


POLICY = """
mode: enforce
default: allow
groups: {admins: [], people: [ana]}
rules:
  - name: no-cards
    when: {direction: up, type: [credit-card]}
    unless: {group: [admins]}
    verdict: block
    severity: high
    message: "No cards <here>."
"""


class LoginTest(GatewayTest):
    """Ana and root may use the proxy; nobody may without a login."""
    settings = "clients: {allow: [\"127.0.0.0/8\"], proxy_auth: basic}"
    policy = POLICY

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user("add", "ana", "--role", "proxy", "--password-stdin", password="open sesame: 1")
        cls.user("add", "root", "--role", "proxy", "--group", "admins", "--password-stdin", password="toor-toor-1")
        wait_for(lambda: cls.code("ana", "open sesame: 1") == 200, 10, "the login is known")
        wait_for(lambda: cls.code("root", "toor-toor-1") == 200, 10, "the login is known")

    @classmethod
    def user(cls, *args, password=""):
        subprocess.run([BINARY, "user", *args, "-c", cls.gateway.config], input=password + "\n", text=True,
                       check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    @classmethod
    def code(cls, user=None, password=None, url="http://other.test/headers"):
        auth = basic(user, password) if user else ""
        head, _ = ask(cls.gateway, f"GET {url} HTTP/1.1\r\nHost: other.test\r\n{auth}\r\n")
        return int(head.split()[1])

    @classmethod
    def tunnel(cls, user, password):
        """(a connection that stays, status)"""
        s = socket.create_connection(("127.0.0.1", cls.gateway.proxy_port), 10)
        s.sendall(f"CONNECT other.test:443 HTTP/1.1\r\nHost: other.test:443\r\n{basic(user, password)}\r\n".encode())
        return s, int(read_head(s)[0].split(b" ")[1])

    def connect_code(self, user=None, password=None, target="other.test:443"):
        auth = basic(user, password) if user else ""
        head, _ = ask(self.gateway, f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{auth}\r\n", body=False)
        return int(head.split()[1])


class UserBound(LoginTest):
    """Bounds are of a worker: there is one."""
    settings = 'workers: 1\nclients: {allow: ["127.0.0.0/8"], proxy_auth: basic, max_per_user: 3}'

    def test_d4_a_user_has_a_cap_and_others_are_served(self):
        wait_for(lambda: self.gateway.metrics()["promptgate_connections"] == 0, what="nobody connected")
        held = [self.tunnel("ana", "open sesame: 1") for _ in range(3)]
        for s, _ in held:
            self.addCleanup(s.close)
        self.assertEqual([code for _, code in held], [200] * 3)
        more, code = self.tunnel("ana", "open sesame: 1")
        self.addCleanup(more.close)
        self.assertEqual(code, 503)
        self.assertEqual(self.code("ana", "open sesame: 1"), 503)
        self.assertEqual(self.code("ana", "wrong"), 407)
        self.assertEqual(self.code("root", "toor-toor-1"), 200)
        self.assertEqual(self.connect_code("root", "toor-toor-1"), 200)
        self.assertIn("event=login.crowded", self.gateway.log())
        # What is open works, and what ends makes room.
        context = ssl.create_default_context(cafile=str(certs() / "root.pem"))
        with context.wrap_socket(held[0][0], server_hostname="other.test") as tls:
            tls.sendall(b"GET /headers HTTP/1.1\r\nHost: other.test\r\n\r\n")
            self.assertIn(b" 200 ", read_response(tls)[0])
        wait_for(lambda: self.code("ana", "open sesame: 1") == 200, what="room for another one")

    def test_d4_one_connection_of_several_users_counts_for_the_last(self):
        wait_for(lambda: self.gateway.metrics()["promptgate_connections"] == 0, what="nobody connected")
        sockets = [socket.create_connection(("127.0.0.1", self.gateway.proxy_port), 10) for _ in range(6)]
        for s in sockets:
            self.addCleanup(s.close)

        def ask_on(s, user, password):
            s.sendall(f"GET http://other.test/headers HTTP/1.1\r\nHost: other.test\r\n{basic(user, password)}\r\n".encode())
            return int(read_response(s)[0].split(b" ")[1])
        self.assertEqual([ask_on(s, "ana", "open sesame: 1") for s in sockets], [200] * 3 + [503] * 3)
        self.assertEqual([ask_on(s, "root", "toor-toor-1") for s in sockets[:3]], [200] * 3)
        self.assertEqual([ask_on(s, "ana", "open sesame: 1") for s in sockets[3:]], [200] * 3)


class Logins(LoginTest):
    def test_p7_without_a_login_nothing_passes(self):
        head, _ = ask(self.gateway, "CONNECT chatgpt.com:443 HTTP/1.1\r\nHost: chatgpt.com:443\r\n\r\n")
        self.assertIn(b" 407 ", head.split(b"\r\n")[0])
        self.assertIn(b"proxy-authenticate: basic realm=", head.lower())
        self.assertEqual(self.code(), 407)
        for user, password in (("ana", "wrong"), ("nobody", "open sesame: 1"), ("ana", ""), ("", "x")):
            self.assertEqual(self.code(user or " ", password), 407, user)
            self.assertEqual(self.connect_code(user or " ", password), 407, user)
        self.assertEqual(self.code("ana", "open sesame: 1"), 200)
        self.assertEqual(self.connect_code("ana", "open sesame: 1"), 200)

    def test_p7_two_logins_in_one_request_are_none(self):
        """Which of them counts would be a matter of taste."""
        good, other = basic("ana", "open sesame: 1"), basic("root", "wrong")
        with socket.create_connection(("127.0.0.1", self.gateway.proxy_port), 10) as s:
            def code(login):
                s.sendall(f"GET http://other.test/headers HTTP/1.1\r\nHost: other.test\r\n{login}\r\n".encode())
                return int(read_response(s)[0].split(b" ")[1])
            # The same before a login, as the first one of it and behind it.
            self.assertEqual([code(good + other), code(other + good), code(good + good)], [407] * 3)
            self.assertEqual([code(good), code(good + other), code(good)], [200, 407, 200])

    def test_the_pages_need_no_login(self):
        text = self.curl(f"http://127.0.0.1:{self.gateway.proxy_port}/proxy.pac", proxy=False)
        self.assertIn("FindProxyForURL", text)

    def test_after_407_the_same_connection_may_log_in(self):
        with socket.create_connection(("127.0.0.1", self.gateway.proxy_port), 10) as s:
            s.sendall(b"GET http://other.test/headers HTTP/1.1\r\nHost: other.test\r\n\r\n")
            self.assertIn(b" 407 ", read_response(s)[0])
            s.sendall(f"GET http://other.test/headers HTTP/1.1\r\nHost: other.test\r\n"
                      f"{basic('ana', 'open sesame: 1')}\r\n".encode())
            head, body = read_response(s)
            self.assertIn(b" 200 ", head)
            self.assertNotIn(b"proxy-authorization", body.lower())
            # The login of an earlier request is not the next one's.
            s.sendall(b"GET http://other.test/headers HTTP/1.1\r\nHost: other.test\r\n\r\n")
            self.assertIn(b" 407 ", read_response(s)[0])

    def send_as(self, user, password, text):
        return self.send_prompt(text, "-U", f"{user}:{password}")

    def test_the_user_is_in_the_record_and_the_groups_in_the_policy(self):
        message, answer = self.send_as("ana", "open sesame: 1", "card " + CARD)
        self.assertIn("No cards <here>.", answer)
        a = self.activity(message)
        self.assertEqual((a["verdict"], a["rule"]), ("block", "no-cards"))
        self.assertEqual((a["actor"]["user"], a["actor"]["source"]), ("ana", "proxy-auth"))
        message, answer = self.send_as("root", "toor-toor-1", "card " + CARD)
        self.assertIn("You said", answer)
        a = self.activity(message)
        self.assertEqual((a["verdict"], a["actor"]["user"]), ("allow", "root"))

    def test_f47_a_removed_user_is_out_at_once(self):
        self.user("add", "bob", "--role", "proxy", "--password-stdin", password="temporary-9")
        wait_for(lambda: self.code("bob", "temporary-9") == 200, 10, "bob is in")
        self.user("remove", "bob")
        wait_for(lambda: self.code("bob", "temporary-9") == 407, 10, "bob is out")

    def test_a_login_is_hashed_once_and_then_cached(self):
        self.assertEqual(self.code("ana", "open sesame: 1"), 200)
        self.assertEqual(self.code("ana", "open sesame: 1"), 200)  # both workers, most likely
        start = time.monotonic()
        for _ in range(20):
            self.assertEqual(self.code("ana", "open sesame: 1"), 200)
        self.assertLess((time.monotonic() - start) / 20, 0.1)

    def test_passwords_are_in_no_log(self):
        self.code("ana", "a-wrong-password")
        log = self.gateway.log()
        self.assertIn("login.refused", log)
        for secret in ("a-wrong-password", "open sesame", base64.b64encode(b"ana:a-wrong-password").decode()):
            self.assertNotIn(secret, log)


class AllowList(GatewayTest):
    settings = 'clients: {allow: ["127.0.0.1/32"]}'

    def test_other_networks_are_closed_before_a_byte(self):
        with socket.socket() as s:
            s.bind(("127.0.0.2", 0))
            s.settimeout(5)
            s.connect(("127.0.0.1", self.gateway.proxy_port))
            try:
                s.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                self.assertEqual(s.recv(100), b"")
            except ConnectionError:
                pass
        wait_for(lambda: "127.0.0.2" in self.gateway.log(), 5, "a log line with the address")


class PerClient(GatewayTest):
    settings = 'workers: 1\nclients: {allow: ["127.0.0.0/8"], max_per_address: 5, max_connections: 8}'

    def alive(self, s):
        s.settimeout(1)
        try:
            s.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            return b" 200 " in s.recv(1000)
        except OSError:
            return False

    def dial(self, source):
        s = socket.socket()
        s.bind((source, 0))
        s.connect(("127.0.0.1", self.gateway.proxy_port))
        return s

    def test_d4_connections_of_one_address_and_of_all_are_bounded(self):
        kept = [self.dial("127.0.0.3") for _ in range(5)]
        try:
            self.assertTrue(all(self.alive(s) for s in kept))
            more = self.dial("127.0.0.3")
            self.assertFalse(self.alive(more))
            more.close()
            others = [self.dial("127.0.0.4") for _ in range(3)]
            kept += others
            self.assertTrue(all(self.alive(s) for s in others))
            late = self.dial("127.0.0.5")  # waits in the kernel's queue
            kept.append(late)
            self.assertFalse(self.alive(late))
            kept.pop(0).close()
            late.settimeout(5)
            self.assertIn(b" 200 ", late.recv(1000))
        finally:
            for s in kept:
                s.close()


class Addresses(GatewayTest):
    """Listening on IPv6 too."""

    def test_an_ipv6_listener(self):
        port = self.gateway.proxy_port
        self.gateway.stop()
        self.gateway.write_config(
            f'listen: {{proxy: ["127.0.0.1:{port}", "[::1]:{port}"], console: "127.0.0.1:'
            f'{self.gateway.console_port}", metrics: "127.0.0.1:{self.gateway.metrics_port}"}}')
        self.gateway.start()
        out = subprocess.run(["curl", "-sS", "--cacert", self.gateway.ca, "-x", f"http://[::1]:{port}",
                              "https://chatgpt.com/headers"], stdout=subprocess.PIPE, text=True, check=True).stdout
        self.assertIn("chatgpt.com", out)
        text = self.curl(f"http://[::1]:{port}/proxy.pac", proxy=False)
        self.assertIn(f"PROXY [::1]:{port}", text)
        self.assertTrue(can_connect(port))


if __name__ == "__main__":
    unittest.main()
