"""TLS on both sides as a client and an origin see it: the leaf, versions,
resumption, one signature for many first requests."""
import json
import re
import resource
import selectors
import socket
import ssl
import subprocess
import threading
import time
import unittest

from gateway import GatewayTest, certs, wait_for
from raw import Origin, client_context, read_head, read_response, tls_through

GET = b"GET /headers HTTP/1.1\r\nHost: %s\r\n\r\n"


def metric(metrics, *words):
    """The sum of the counters whose name has all the words."""
    return sum(v for k, v in metrics.items() if all(w in k for w in words))


class Tls(GatewayTest):
    hosts = GatewayTest.hosts + ("ab.chatgpt.com:443", "ios.chat.openai.com:443", "ws.chatgpt.com:443")

    many = 200
    odd = (".".join(["a" * 63] * 3 + ["b" * 49]) + ".chatgpt.com", "xn--bcher-kva.chatgpt.com")  # 253 bytes, and an IDN

    @classmethod
    def own_origins(cls):
        names = [f"n{i}.chatgpt.com" for i in range(cls.many)] + list(cls.odd)
        return {f"{name}:443": f"127.0.0.1:{cls.standin.port}" for name in names}

    def s_client(self, *args, host="chatgpt.com", text=b""):
        done = subprocess.run(
            ["openssl", "s_client", "-proxy", f"127.0.0.1:{self.gateway.proxy_port}", "-connect", f"{host}:443",
             "-servername", host, "-CAfile", self.gateway.ca, *args], input=text, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=30)
        return done.stdout.decode(errors="replace")

    def leaf(self, host):
        with tls_through(self.gateway, host) as s:
            der = s.getpeercert(True)
        return subprocess.run(["openssl", "x509", "-inform", "der", "-noout", "-text"], input=der, check=True,
                              stdout=subprocess.PIPE).stdout.decode()

    def test_c1_the_leaf_is_what_browsers_accept(self):
        text = self.leaf("chatgpt.com")
        self.assertIn("prime256v1", text)
        self.assertIn("ecdsa-with-SHA256", text)
        self.assertIn("Version: 3", text)
        self.assertIn("DNS:chatgpt.com", text)
        self.assertIn("TLS Web Server Authentication", text)
        self.assertIn("CA:FALSE", text)
        self.assertIn("Authority Key Identifier", text)
        before, after = (ssl.cert_time_to_seconds(re.search(rf"Not {w}\s*: (.*)", text)[1])
                         for w in ("Before", "After"))
        self.assertLess(after - before, 398 * 86400)  # what browsers take
        self.assertLess(after - before, 32 * 86400)  # short life

    def test_c1_serials_are_unpredictable(self):
        serials = [re.search(r"Serial Number:\s*([0-9a-f:]+)", self.leaf(h))[1].replace(":", "")
                   for h in ("chatgpt.com", "ab.chatgpt.com", "chat.openai.com")]
        self.assertEqual(len(set(serials)), 3)
        for serial in serials:
            self.assertGreaterEqual(len(serial), 16)

    def test_c3_old_versions_are_refused(self):
        for version in ("-tls1_1", "-tls1"):
            out = self.s_client(version, "-cipher", "DEFAULT:@SECLEVEL=0")
            self.assertNotIn("Verification: OK\n---\nNew, TLSv1", out)
            self.assertIn("Cipher is (NONE)", out)
        for version, name in (("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")):
            self.assertIn(name, self.s_client(version))

    def test_c3_weak_suites_are_not_offered(self):
        for suites in ("NULL:eNULL", "RC4:3DES", "aNULL", "kRSA"):
            out = self.s_client("-tls1_2", "-cipher", suites + ":@SECLEVEL=0")
            self.assertRegex(out, r"Cipher is \(NONE\)|no cipher match", suites)

    def test_tls12_sessions_are_resumed(self):
        before = self.gateway.metrics()
        out = self.s_client("-tls1_2", "-reconnect")
        self.assertGreaterEqual(out.count("Reused, TLSv1.2"), 3)
        self.assertGreater(metric(self.gateway.metrics(), "resum", "client"), metric(before, "resum", "client"))

    def test_tls13_sessions_are_resumed_over_both_workers(self):
        context = client_context(self.gateway)
        session, reused = None, []
        for _ in range(8):
            with tls_through(self.gateway, context=context, session=session) as s:
                s.sendall(GET % b"chatgpt.com")
                read_response(s)
                reused.append(s.session_reused)
                session = s.session
        self.assertEqual(reused, [False] + [True] * 7)

    def test_c8_a_client_that_closes_first_gets_its_tickets(self):
        """Tickets wait for the first bytes of an answer; here there is none but the end (RFC 8446 6.1)."""
        context = client_context(self.gateway)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
        with socket.create_connection(("127.0.0.1", self.gateway.proxy_port), 20) as sock:
            sock.sendall(b"CONNECT chatgpt.com:443 HTTP/1.1\r\nHost: chatgpt.com:443\r\n\r\n")
            self.assertIn(b" 200 ", read_head(sock)[0])
            tls = context.wrap_bio(received, sent, server_hostname="chatgpt.com")
            for step in (tls.do_handshake, tls.unwrap):
                while True:
                    try:
                        step()
                        break
                    except ssl.SSLWantReadError:
                        sock.sendall(sent.read())
                        piece = sock.recv(65536)
                        self.assertNotEqual(b"", piece, "an end without close_notify")
                        received.write(piece)
            self.assertTrue(tls.session.has_ticket)

    def test_c8_a_session_of_one_host_opens_no_other(self):
        context = client_context(self.gateway)
        with tls_through(self.gateway, "chatgpt.com", context=context) as s:
            s.sendall(GET % b"chatgpt.com")
            read_response(s)
            session = s.session
        with tls_through(self.gateway, "chat.openai.com", context=context, session=session) as s:
            self.assertFalse(s.session_reused)

    def test_sessions_with_the_origin_are_resumed(self):
        # Tickets are used once (RFC 8446 appendix C.4) and the stand-in gives two a full handshake: each
        # worker's connections go full, resumed, resumed, full … Of 24 over two workers at most nine are full.
        before = self.gateway.metrics()
        for _ in range(24):
            self.assertEqual(self.status("https://chatgpt.com/headers"), 200)
        after = self.gateway.metrics()
        resumed = metric(after, "resum", "server") - metric(before, "resum", "server")
        self.assertGreaterEqual(resumed, 15, [k for k in after if "resum" in k])

    def test_f40_d6_many_first_requests_sign_once_for_all_workers(self):
        host = "ws.chatgpt.com"
        before = metric(self.gateway.metrics(), "leaves_minted")
        errors = []

        def run():
            try:
                with tls_through(self.gateway, host):
                    pass
            except (OSError, AssertionError) as error:
                errors.append(error)
        threads = [threading.Thread(target=run) for _ in range(24)]
        [t.start() for t in threads]
        [t.join() for t in threads]
        self.assertEqual(errors, [])
        signed = metric(self.gateway.metrics(), "leaves_minted") - before
        self.assertEqual(signed, 1)

    def test_d6_many_new_names_are_minted_once_and_do_not_stop_old_ones(self):
        names = [f"n{i}.chatgpt.com" for i in range(self.many)]
        self.assertEqual(self.status("https://chatgpt.com/headers"), 200)
        before = metric(self.gateway.metrics(), "leaves_minted")
        errors, old, waiting = [], [], threading.Semaphore(0)

        def visit(part):
            for name in part:
                try:
                    with tls_through(self.gateway, name) as s:
                        s.sendall(GET % name.encode())
                        if b" 200 " not in read_response(s)[0]:
                            errors.append(name)
                except (OSError, AssertionError) as error:
                    errors.append((name, error))
            waiting.release()
        threads = [threading.Thread(target=visit, args=(names[i::4] + names[i::4][::-1],)) for i in range(4)]
        [t.start() for t in threads]
        while not waiting.acquire(timeout=0.01):  # old names meanwhile, each on a connection of its own
            old.append(self.status("https://chatgpt.com/headers"))
        [t.join() for t in threads]
        self.assertEqual(errors, [])
        self.assertEqual(set(old), {200})
        # Once for all workers, but for those whose places in the signer's table two names share.
        minted = metric(self.gateway.metrics(), "leaves_minted") - before
        self.assertGreaterEqual(minted, self.many)
        self.assertLess(minted, self.many * 1.2)

    def test_c10_odd_names_are_served_or_refused_as_such(self):
        for name in self.odd:
            with tls_through(self.gateway, name) as s:  # the client has checked the name
                self.assertIn(("DNS", name), s.getpeercert()["subjectAltName"])
        with tls_through(self.gateway, "chatgpt.com.", sni="chatgpt.com") as s:  # the dot of a full name
            s.sendall(GET % b"chatgpt.com")
            self.assertIn(b" 200 ", read_response(s)[0])
        for target in ("a" + self.odd[0], "a" * 64 + ".chatgpt.com", "b\u00fccher.chatgpt.com", "a..chatgpt.com",
                       ".chatgpt.com", "chatgpt.com..", "chat gpt.com"):
            s, line = self.connect(f"{target}:443")
            s.close()
            self.assertRegex(line, r" 40[03] ", target)
        for target in ("127.0.0.1:443", "[::1]:443"):
            s, line = self.connect(target)
            s.close()
            self.assertIn(" 403", line, target)

    def test_a_client_that_refuses_our_ca_is_logged(self):
        out = subprocess.run(["curl", "-sS", "-x", f"http://127.0.0.1:{self.gateway.proxy_port}",
                              "https://chat.openai.com/"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(out.returncode, 60)
        wait_for(lambda: re.search(r"client\.tls\.failed.*chat\.openai\.com.*client=127\.0\.0\.1",
                                   self.gateway.log()), 5, "the log line")
        line = re.search(r".*client\.tls\.failed.*chat\.openai\.com.*", self.gateway.log())[0]
        self.assertRegex(line, "unknown.ca")

    def test_c5_alpn_is_mirrored(self):
        for offered, chosen in ((["h2", "http/1.1"], "h2"), (["http/1.1"], "http/1.1"), (["h2"], "h2")):
            with tls_through(self.gateway, alpn=offered) as s:
                self.assertEqual(s.selected_alpn_protocol(), chosen)
        context = ssl.create_default_context(cafile=str(self.gateway.ca))
        with tls_through(self.gateway, context=context) as s:
            self.assertIsNone(s.selected_alpn_protocol())
            s.sendall(GET % b"chatgpt.com")
            _, body = read_response(s)
            self.assertEqual(json.loads(body)["version"], "1.1")

    def test_c7_garbage_after_connect_harms_nobody(self):
        workers = set(self.gateway.roles("worker"))
        self.assertEqual(len(workers), 2)
        for data in (b"\x16\x03\x01\x00\x02\x01\x00", b"\x16\x03\x01\xff\xff" + b"\xff" * 70000, b"\x80\x2e\x01\x03",
                     b"\x16\x03\x01\x00\x00", b"\x15\x03\x01\x00\x02\x02\x28"):
            s, _ = self.connect("chatgpt.com:443")
            try:
                s.sendall(data)
                s.shutdown(socket.SHUT_WR)
                while s.recv(65536):
                    pass
            except OSError:
                pass
            s.close()
        self.assertEqual(self.status("https://chatgpt.com/headers"), 200)
        self.assertEqual(set(self.gateway.roles("worker")), workers)


    def test_c9_each_bad_beginning_gets_its_alert(self):
        hello = b"\x16\x03\x01\x00\x04\x01\x00\x00\x00"
        for data, alert in ((b"GET / HTTP/1.1\r\nHost: chatgpt.com\r\n\r\n", 10), (b"\x17\x03\x01\x00\x01x", 10),
                            (b"\x80\x2e\x01\x00\x02", 10), (hello, 50), (b"\x16\x03\x01\xff\xff" + b"x" * 70000, 50)):
            s, _ = self.connect("chatgpt.com:443")
            with s:
                s.sendall(data)
                got = b""
                while len(got) < 7 and (part := s.recv(64)):
                    got += part
            self.assertEqual(got, bytes([21, 3, 1, 0, 2, 2, alert]), data[:20])


class OriginSeen(GatewayTest):
    """What an origin sees of our handshake."""

    def test_the_origin_sees_the_servers_name_and_the_clients_alpn(self):
        seen = []
        origin = Origin(lambda s: s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi") if s.recv(4096) else 0,
                        tls=True)
        origin.context.sni_callback = lambda sock, name, context: seen.append(name)
        try:
            self.gateway.resolve["sora.chatgpt.com:443"] = f"127.0.0.1:{origin.port}"
            self.gateway.write_config()
            self.gateway.signal(1)
            wait_for(lambda: self.curl("https://sora.chatgpt.com/", check=False) == "hi", 10, "the origin")
            self.assertEqual(seen[-1], "sora.chatgpt.com")
            out = self.curl("https://sora.chatgpt.com/", "-w", " %{http_version}")
            self.assertEqual(out, "hi 1.1")  # the origin chose; the client got the same
        finally:
            origin.stop()

    def test_u7_an_origin_of_tls11_only_is_refused_with_a_page(self):
        origin = Origin(lambda s: None, tls=True)
        origin.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        origin.context.minimum_version = ssl.TLSVersion.TLSv1
        origin.context.maximum_version = ssl.TLSVersion.TLSv1_1
        origin.context.set_ciphers("DEFAULT:@SECLEVEL=0")
        origin.context.load_cert_chain(certs() / "good.pem", certs() / "good.key")
        try:
            self.gateway.resolve["old.chatgpt.com:443"] = f"127.0.0.1:{origin.port}"
            self.gateway.write_config()
            self.gateway.signal(1)
            wait_for(lambda: "502" in self.curl("https://old.chatgpt.com/", "-w", "%{http_code}", check=False), 10,
                     "502")
        finally:
            origin.stop()


class Stampede(GatewayTest):
    """F40 in full size: who comes has its patience, the bounds are those of the store of names."""
    settings = ("detectors: [detectors/financial.yaml]\nclients: {max_per_address: 20000}\n"
                "timeouts: {handshake: 300000, dial: 300000, head: 300000}")
    policy = "default: allow\n"
    hosts = GatewayTest.hosts + ("new.chatgpt.com:443",)
    clients = 2000

    @staticmethod
    def hello(host):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname=host)
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        return outgoing.read()

    def test_f40_two_thousand_clients_meet_at_one_new_name(self):
        """Each sends its CONNECT and its ClientHello at once, and has the gateway's ServerHello in the end."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        request = b"CONNECT new.chatgpt.com:443 HTTP/1.1\r\nHost: new.chatgpt.com:443\r\n\r\n" + self.hello("new.chatgpt.com")
        self.assertEqual(self.status("https://chatgpt.com/headers"), 200)
        before = metric(self.gateway.metrics(), "leaves_minted")
        waiting, answered, old = selectors.DefaultSelector(), 0, []
        for _ in range(self.clients):
            s = socket.create_connection(("127.0.0.1", self.gateway.proxy_port), 60)
            self.addCleanup(s.close)
            s.sendall(request)
            s.setblocking(False)
            waiting.register(s, selectors.EVENT_READ, bytearray())
        end = time.monotonic() + 240
        while answered < self.clients and time.monotonic() < end:
            if len(old) < 5:  # those that know their name are served meanwhile
                old.append(self.status("https://chatgpt.com/headers"))
            for key, _ in waiting.select(1):
                part = key.fileobj.recv(65536)
                key.data.extend(part)
                head, _, behind = bytes(key.data).partition(b"\r\n\r\n")
                if behind or not part:
                    self.assertTrue(head.startswith(b"HTTP/1.1 200 ") and behind[:1] == b"\x16", bytes(key.data[:200]))
                    waiting.unregister(key.fileobj)
                    answered += 1
        self.assertEqual(answered, self.clients)
        self.assertTrue(old and set(old) == {200}, old)
        self.assertEqual(metric(self.gateway.metrics(), "leaves_minted") - before, 1)


if __name__ == "__main__":
    unittest.main()
