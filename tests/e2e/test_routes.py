"""Where a CONNECT may go, and what becomes of it: refused, tunnelled byte for
byte, or inspected; the server name of the hello decides too."""
import itertools
import json
import os
import socket
import ssl
import struct
import time
import unittest

from gateway import CARD, GatewayTest, certs, wait_for
from raw import Dns, Origin, ask, client_context, read_head, tls_through


def hello(name, alpn=("http/1.1",), extra=b""):
    """The bytes of a ClientHello for the name, with extensions added."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(list(alpn))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(incoming, outgoing, server_hostname=name)
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        pass
    data = bytearray(outgoing.read())
    if extra:  # lengths: record, handshake, extensions
        at = 5 + 4 + 2 + 32
        at += 1 + data[at]
        at += 2 + int.from_bytes(data[at:at + 2], "big")
        at += 1 + data[at]
        data += extra
        for where, size in ((3, 2), (6, 3), (at, 2)):
            n = int.from_bytes(data[where:where + size], "big") + len(extra)
            data[where:where + size] = n.to_bytes(size, "big")
    return bytes(data)


def alert_or_end(s):
    data = s.recv(4096)
    return data == b"" or data[0] == 0x15


class Refusals(GatewayTest):
    def code(self, target):
        head, _ = ask(self.gateway, f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n", body=False)
        return int(head.split()[1])

    def test_f21_p1_p2_private_and_odd_addresses_are_refused_in_every_spelling(self):
        for host in ("127.0.0.1", "127.9.9.9", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:0:0:1]",
                     "[::]", "2130706433", "0x7f000001", "0x7f.1", "017700000001", "0177.0.0.1", "127.1", "127.0.1",
                     "0.0.0.0", "0", "169.254.169.254", "[fe80::1]", "[fd00:ec2::254]", "10.0.0.1", "172.16.0.1",
                     "192.168.1.1", "100.64.0.1", "224.0.0.1", "255.255.255.255", "[64:ff9b::7f00:1]",
                     "[2002:7f00:1::]", "localhost", "LOCALHOST", "localhost.", "a.localhost", "127.0.0.1."):
            self.assertIn(self.code(host + ":443"), (400, 403), host)

    def test_f21_p3_other_ports_and_bad_targets_are_refused(self):
        for target in ("example.com:25", "example.com:22", "chatgpt.com:8443", "example.com:0", "example.com:65536",
                       "example.com", ":443", "exa mple.com:443", "a..b:443", "example.com:443:443",
                       "http://example.com:443", "example.com:+443", "example.com:443/", "-:x",
                       f"127.0.0.1:{self.gateway.proxy_port}", f"127.0.0.1:{self.gateway.console_port}"):
            self.assertIn(self.code(target), (400, 403), target)

    def test_a_refusal_is_logged_and_counted(self):
        before = self.gateway.metrics()
        self.code("169.254.169.254:80")
        log = self.gateway.log()
        self.assertIn("target.refused", log)
        self.assertIn("169.254.169.254", log)
        after = self.gateway.metrics()
        changed = [k for k in after if after[k] > before.get(k, 0) and "refused" in k]
        self.assertTrue(changed)

    def test_tls_in_the_clear_on_an_in_scope_tls_port_is_refused(self):
        s, status = self.connect("chatgpt.com:443")
        self.assertIn("200", status)
        s.sendall(b"POST /backend-api/conversation HTTP/1.1\r\nHost: chatgpt.com\r\nContent-Length: 0\r\n\r\n")
        self.assertTrue(alert_or_end(s))
        self.assertIn("not-tls", self.gateway.log())

    def test_clear_text_on_port_80_is_inspected(self):
        body = json.dumps(self.prompt("card " + CARD))
        before = len(self.standin.seen())
        s, status = self.connect("chatgpt.com:80")
        self.assertIn("200", status)
        s.sendall(f"POST /backend-api/conversation HTTP/1.1\r\nHost: chatgpt.com\r\nContent-Type: application/json"
                  f"\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        head, _ = read_head(s)
        self.assertIn(b" 403 ", head)
        s.sendall(b"GET /headers HTTP/1.1\r\nHost: chatgpt.com\r\n\r\n")
        self.assertIn(b" 200 ", s.recv(4096).split(b"HTTP/1.1")[-1])
        self.assertEqual(len(self.standin.seen()), before)
        s.close()


class Names(GatewayTest):
    """Names as a name server says them; loopback is allowed in part."""

    @classmethod
    def setUpClass(cls):
        cls.got = []

        def echo(s):
            while data := s.recv(65536):
                cls.got.append(data)
                s.sendall(data)
            s.sendall(b"<end>")

        cls.echo = Origin(echo)
        cls.echo6 = Origin(echo, family=socket.AF_INET6)
        cls.greeter = Origin(lambda s: (s.sendall(b"220 hello\r\n"), s.sendall(s.recv(100))))
        cls.dns = Dns({"good.test": ["127.0.0.1"], "private.test": ["127.0.0.2"], "meta.test": ["169.254.169.254"],
                       "mixed.test": ["127.0.0.2", "127.0.0.1"], "six.test": ["::1"],
                       "broken6.test": ["2001:db8::1", "127.0.0.1"], "refused.test": ["127.0.0.1"],
                       "chatgpt.com.evil.test": ["127.0.0.1"], "slow6.test": ["127.0.0.1"]},
                      [("never.test", socket.AF_INET), ("never.test", socket.AF_INET6),
                       ("slow6.test", socket.AF_INET6)])
        cls.closed = socket.socket()  # bound, not listening
        cls.closed.bind(("127.0.0.1", 0))
        cls.closed_port = cls.closed.getsockname()[1]
        cls.settings = (
            f'upstream: {{dns_servers: ["127.0.0.1:{cls.dns.port}"], allow_private: ["127.0.0.1/32", "::1/128"], '
            f'ports: [443, 80, {cls.echo.port}, {cls.echo6.port}, {cls.greeter.port}, {cls.closed_port}]}}\n'
            'timeouts: {dial: 4000}')
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        for server in (cls.echo, cls.echo6, cls.greeter, cls.dns, cls.closed):
            getattr(server, "stop", getattr(server, "close", None))()

    def code(self, target):
        s, status = self.connect(target)
        s.close()
        return int(status.split()[1])

    def test_f21_p1_a_name_that_resolves_to_a_private_address_is_refused(self):
        for name in ("private.test", "meta.test"):
            self.assertEqual(self.code(f"{name}:{self.echo.port}"), 403, name)

    def test_p4_the_address_that_was_checked_is_the_one_that_is_dialled(self):
        """Every answer of the name server is another: allowed, private, allowed …"""
        port, caught = self.echo.port, []
        with socket.create_server(("127.0.0.2", port)) as trap:
            trap.settimeout(0.05)
            codes = set()
            for number in range(30):
                turns = itertools.cycle([["127.0.0.1"], ["127.0.0.2"]] if number % 2 else [["127.0.0.2"], ["127.0.0.1"]])
                self.dns.names[f"rebind{number}.test"] = lambda turns=turns: next(turns)
                for _ in range(3):
                    codes.add(self.code(f"rebind{number}.test:{port}"))
            try:
                while True:
                    caught.append(trap.accept()[1])
            except TimeoutError:
                pass
        self.assertEqual(caught, [], "the private address was reached")
        self.assertEqual(codes, {200, 403})

    def test_allowed_networks_and_ports_are_reached(self):
        self.assertEqual(self.code(f"good.test:{self.echo.port}"), 200)
        self.assertEqual(self.code(f"127.0.0.1:{self.echo.port}"), 200)
        self.assertEqual(self.code(f"mixed.test:{self.echo.port}"), 200)
        self.assertEqual(self.code(f"six.test:{self.echo6.port}"), 200)
        self.assertEqual(self.code("127.0.0.2:443"), 403)

    def test_p1_a_loop_to_the_gateway_itself_is_refused(self):
        port = self.gateway.proxy_port
        self.gateway.write_config(self.settings.replace("ports: [443", f"ports: [1, {port}, 443"))
        self.gateway.signal(1)
        self.gateway.signal(1)
        wait_for(lambda: self.code("good.test:1") == 502, 10, "the new configuration")  # nobody listens there
        for target in (f"127.0.0.1:{port}", f"good.test:{port}"):
            self.assertEqual(self.code(target), 403, target)

    def test_f19_failures_are_502_and_504(self):
        self.assertEqual(self.code(f"refused.test:{self.closed_port}"), 502)
        self.assertEqual(self.code("unknown.test:443"), 502)
        start = time.monotonic()
        self.assertIn(self.code("never.test:443"), (502, 504))
        self.assertLess(time.monotonic() - start, 6)

    def test_f18_a_broken_ipv6_path_costs_little(self):
        start = time.monotonic()
        self.assertEqual(self.code(f"broken6.test:{self.echo.port}"), 200)
        self.assertLess(time.monotonic() - start, 1)
        start = time.monotonic()
        self.assertEqual(self.code(f"slow6.test:{self.echo.port}"), 200)
        self.assertLess(time.monotonic() - start, 1)

    def test_a_look_alike_is_out_of_scope(self):
        s, status = self.connect(f"chatgpt.com.evil.test:{self.echo.port}")
        self.assertIn("200", status)
        s.sendall(b"plain bytes")
        self.assertEqual(s.recv(100), b"plain bytes")
        s.close()

    def test_a_server_that_speaks_first_is_heard_after_half_a_second(self):
        s, status = self.connect(f"good.test:{self.greeter.port}")
        self.assertIn("200", status)
        start = time.monotonic()
        self.assertEqual(s.recv(100), b"220 hello\r\n")
        self.assertLess(time.monotonic() - start, 1.5)
        s.sendall(b"EHLO\r\n")
        self.assertEqual(s.recv(100), b"EHLO\r\n")
        s.close()

    def test_f25_half_close_of_the_client_reaches_the_server(self):
        s, _ = self.connect(f"good.test:{self.echo.port}")
        s.sendall(b"ping")
        self.assertEqual(s.recv(100), b"ping")
        s.shutdown(socket.SHUT_WR)
        self.assertEqual(s.recv(100), b"<end>")
        self.assertEqual(s.recv(100), b"")
        s.close()

    def test_half_close_before_the_first_byte_passes(self):
        s, _ = self.connect(f"good.test:{self.echo.port}")
        s.shutdown(socket.SHUT_WR)
        self.assertEqual(s.recv(100), b"<end>")
        s.close()

    def test_f25_half_close_of_the_server_reaches_the_client(self):
        late = []

        def serve(s):
            s.sendall(b"bye")
            s.shutdown(socket.SHUT_WR)
            while data := s.recv(100):
                late.append(data)
        origin = Origin(serve)
        self.gateway.resolve["half.test:443"] = f"127.0.0.1:{origin.port}"
        try:
            head = self.tunnel_by_override("half.test", origin)
            s = head
            s.sendall(b"x")
            self.assertEqual(s.recv(100), b"bye")
            self.assertEqual(s.recv(100), b"")
            s.sendall(b"still talking")
            s.close()
            wait_for(lambda: b"still talking" in b"".join(late), 5, "bytes after the half-close")
        finally:
            origin.stop()

    def tunnel_by_override(self, host, origin):
        """A tunnel to an origin of this test, through its own port."""
        entry = f'resolve: {{"{host}:443": "127.0.0.1:{origin.port}"}}, allow_private'
        self.gateway.write_config(self.settings.replace("allow_private", entry))
        self.gateway.signal(1)

        def look():
            s, status = self.connect(f"{host}:443")
            if " 200 " in status:
                return s
            s.close()
            return None
        return wait_for(look, 10, "the tunnel")

    def test_the_first_bytes_may_come_one_by_one(self):
        data = hello("good.test")
        s, _ = self.connect(f"good.test:{self.echo.port}")
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for i in range(len(data)):
            s.sendall(data[i:i + 1])
        got = b""
        while len(got) < len(data):
            got += s.recv(4096)
        self.assertEqual(got, data)
        s.close()

    def test_an_in_scope_name_does_not_hide_behind_an_out_of_scope_connect(self):
        for cut in (None, 1, 7):
            data = hello("chatgpt.com")
            before = len(b"".join(self.got))
            s, _ = self.connect(f"good.test:{self.echo.port}")
            if cut:
                s.sendall(data[:cut])
                time.sleep(0.7)  # longer than the wait for a first byte
                s.sendall(data[cut:])
            else:
                s.sendall(data)
            self.assertTrue(alert_or_end(s), cut)
            s.close()
            self.assertEqual(len(b"".join(self.got)), before)
        self.assertIn("sni-in-scope", self.gateway.log())


class ServerNames(GatewayTest):
    def refused(self, name, reason):
        s, status = self.connect("chatgpt.com:443")
        self.assertIn("200", status)
        s.sendall(hello(name))
        self.assertTrue(alert_or_end(s))
        s.close()
        self.assertIn(reason, self.gateway.log())
        wait_for(lambda: any(a["activity"] == "connection.refused" and reason in json.dumps(a)
                             for a in self.gateway.activities()), 5, "a record")

    def test_another_name_in_an_in_scope_connect_is_refused_and_recorded(self):
        self.refused("other.test", "sni-differs")
        self.refused("api.openai.com", "sni-differs")
        self.refused("chatgpt.com.evil.test", "sni-differs")

    def test_the_case_of_the_name_does_not_matter(self):
        with tls_through(self.gateway, "CHATGPT.com", sni="chatgpt.com") as s:
            s.sendall(b"GET /headers HTTP/1.1\r\nHost: chatgpt.com\r\n\r\n")
            self.assertIn(b" 200 ", read_head(s)[0])

    def test_c10_without_a_server_name_the_connect_host_counts(self):
        s, _ = self.connect("chatgpt.com:443")
        context = client_context(self.gateway)
        context.check_hostname = False
        with context.wrap_socket(s) as tls:
            names = [n for _, n in tls.getpeercert()["subjectAltName"]]
            self.assertIn("chatgpt.com", names)

    def test_c9_a_greased_ech_extension_alone_means_nothing(self):
        body = os.urandom(180)
        ech = b"\xfe\x0d" + struct.pack(">H", len(body)) + body
        grease = b"\x1a\x1a\x00\x01\x00"
        s, _ = self.connect("chatgpt.com:443")
        s.sendall(hello("chatgpt.com", extra=grease + ech))
        first = s.recv(4096)
        self.assertEqual(first[0], 0x16, "a ServerHello")
        s.close()

    def test_an_outer_name_of_ech_that_differs_is_refused(self):
        body = os.urandom(180)
        s, _ = self.connect("chatgpt.com:443")
        s.sendall(hello("cloudflare-ech.com", extra=b"\xfe\x0d" + struct.pack(">H", len(body)) + body))
        self.assertTrue(alert_or_end(s))
        s.close()

    def test_c6_a_hello_in_pieces_is_understood(self):
        s, _ = self.connect("chatgpt.com:443")
        data = hello("chatgpt.com")
        for at in range(0, len(data), 11):
            s.sendall(data[at:at + 11])
        self.assertEqual(s.recv(4096)[0], 0x16)
        s.close()


class Bypass(GatewayTest):
    settings = "bypass: [.chat.openai.com]"
    hosts = GatewayTest.hosts + ("android.chat.openai.com:443",)

    def test_p5_a_bypassed_host_is_tunnelled_and_logged(self):
        root = str(certs() / "root.pem")
        message, answer = self.send_prompt("card " + CARD, "--cacert", root, host="chat.openai.com")
        self.assertIn("You said", answer)
        self.assertTrue(any(e.get("message_id") == message for e in self.standin.seen()))
        log = self.gateway.log()
        self.assertIn("tunnel.bypass", log)
        self.assertIn("chat.openai.com", log)
        self.assertFalse([a for a in self.gateway.activities() if a.get("message_id") == message])

    def test_p5_nothing_is_minted_for_a_bypassed_host_and_no_host_becomes_one_by_itself(self):
        def minted():
            return sum(v for k, v in self.gateway.metrics().items() if "leaves_minted" in k)
        root = str(certs() / "root.pem")
        before = minted()
        for host in ("chat.openai.com", "android.chat.openai.com"):
            self.assertEqual(self.status(f"https://{host}/headers", "--cacert", root), 200)
        self.assertEqual(minted(), before)
        # A client that refuses our certificate gets the same one again.
        for _ in range(3):
            with self.assertRaises(AssertionError) as refused:
                self.curl("https://chatgpt.com/headers", "--cacert", root)
            self.assertIn(": 60 ", str(refused.exception))

    def test_p5_the_other_hosts_stay_inspected(self):
        before = len(self.standin.seen())
        _, answer = self.send_prompt("card " + CARD)
        self.assertIn("promptgate", answer)
        self.assertEqual(len(self.standin.seen()), before)


if __name__ == "__main__":
    unittest.main()
