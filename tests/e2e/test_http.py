"""HTTP as clients and origins of every temper speak it: encodings, interim
answers, trailers, pipelining, slow and cut messages, WebSockets."""
import gzip
import json
import socket
import ssl
import subprocess
import time
import unittest
import zlib

from faults import cpu_seconds
from gateway import CARD, GatewayTest, wait_for
from raw import Origin, read_head, read_response, tls_through
from test_bodies import rss


def piped(tool, data):
    return subprocess.run(tool, input=data, stdout=subprocess.PIPE, check=True).stdout


NODE_BROTLI = ["node", "-e", "process.stdout.write(require('zlib').brotliCompressSync(require('fs').readFileSync(0)))"]
ENCODERS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": lambda d: piped(NODE_BROTLI, d),
    "zstd": lambda d: piped(["zstd", "-q", "-c"], d),
}


class Scripted(GatewayTest):
    """chatgpt.com is an origin that a test scripts: `self.script` gets each
    connection after the handshake."""
    alpn = ("http/1.1",)

    @classmethod
    def setUpClass(cls):
        cls.script = None
        cls.origin = None
        super().setUpClass()
        cls.origin = Origin(lambda s: cls.script(s), tls=True, alpn=cls.alpn)
        cls.gateway.resolve["sora.chatgpt.com:443"] = f"127.0.0.1:{cls.origin.port}"
        cls.gateway.stop()
        cls.gateway.write_config(cls.settings)
        cls.gateway.start()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.origin.stop()

    def play(self, script):
        type(self).script = staticmethod(script)

    def tls(self):
        return tls_through(self.gateway, "sora.chatgpt.com")


def post(body, *fields, host="chatgpt.com", path="/backend-api/conversation", length=True):
    head = [f"POST {path} HTTP/1.1", f"Host: {host}", "Content-Type: application/json", *fields]
    if length:
        head.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(head) + "\r\n\r\n").encode() + body


class Encodings(GatewayTest):
    def post_encoded(self, data, encoding, version="--http1.1"):
        path = self.folder / "body"
        path.write_bytes(data)
        return self.curl("https://chatgpt.com/backend-api/conversation", version, "-H", "content-type: application/json",
                         "-H", f"content-encoding: {encoding}", "--data-binary", f"@{path}", "-w", "\n%{http_code}")

    def test_a_card_is_found_in_every_encoding(self):
        for encoding, encode in ENCODERS.items():
            before = len(self.standin.seen())
            body = self.prompt("card " + CARD)
            out = self.post_encoded(encode(json.dumps(body).encode()), encoding)
            self.assertIn("promptgate", out, encoding)
            self.assertEqual(len(self.standin.seen()), before, encoding)
            self.assertEqual(self.activity(body["messages"][0]["id"])["verdict"], "block", encoding)

    def test_f28_d3_encodings_one_over_the_other_are_undone(self):
        body = self.prompt("card " + CARD)
        data = gzip.compress(ENCODERS["br"](json.dumps(body).encode()))
        self.assertIn("promptgate", self.post_encoded(data, "br, gzip"))
        self.assertEqual(self.activity(body["messages"][0]["id"])["verdict"], "block")

    def test_a_clean_body_goes_on_as_it_came(self):
        for encoding in ("gzip", "br", "deflate"):
            body = self.prompt("hello " + encoding)
            data = ENCODERS[encoding](json.dumps(body).encode())
            self.assertIn("You said", self.post_encoded(data, encoding))
            seen = [e for e in self.standin.seen() if e.get("message_id") == body["messages"][0]["id"]]
            self.assertEqual([e["bytes"] for e in seen], [len(data)])

    def refused(self, data, encoding, reason):
        before = len(self.standin.seen())
        out = self.post_encoded(data, encoding)
        self.assertEqual(out.splitlines()[-1], "403", encoding)
        self.assertEqual(len(self.standin.seen()), before)
        number = next(w for w in out.replace("\\n", " ").split() if w.count("-") == 4)[:36]
        a = wait_for(lambda: [a for a in self.gateway.activities() if a["id"] == number and a.get("outcome")], 5,
                     "the record")[0]
        self.assertEqual(a["verdict"], "block")
        self.assertIn(reason, a["reason"])

    def test_f28_p6_what_cannot_be_decoded_is_refused(self):
        good = json.dumps(self.prompt("x" * 3000)).encode()
        self.refused(gzip.compress(good)[:-20], "gzip", "decode")
        self.refused(b"not gzip at all", "gzip", "decode")
        self.refused(ENCODERS["zstd"](good)[:-3], "zstd", "decode")
        self.refused(ENCODERS["br"](good)[:-3], "br", "decode")
        self.refused(good, "made-up", "decode")
        for encoding, whole in {name: encode(good) for name, encode in ENCODERS.items()}.items():
            with self.subTest(encoding=encoding):
                self.refused(whole[:-20], encoding, "decode")
                self.refused(whole + b"garbage after the end", encoding, "decode")
                self.refused(whole, "identity", "parse")  # says that it is none
                self.refused(whole, "br" if encoding != "br" else "gzip", "decode")  # or another

    def test_f27_d3_a_bomb_is_refused(self):
        for encoding in ("gzip", "deflate", "zstd", "br"):
            self.refused(ENCODERS[encoding](b"[" + b" " * (200 << 20)), encoding, "limit")

    def test_f27_a_gigabyte_of_zeros_in_a_megabyte_costs_little(self):
        packer = zlib.compressobj(1, zlib.DEFLATED, 31)
        zeros = bytes(16 << 20)
        data = b"".join(packer.compress(zeros) for _ in range(64)) + packer.flush()
        workers = list(self.gateway.roles("worker"))
        before, cpu = sum(map(rss, workers)), sum(map(cpu_seconds, workers))
        self.refused(data, "gzip", "limit")
        self.assertLess(sum(map(cpu_seconds, workers)) - cpu, 1)
        self.assertLess(sum(map(rss, workers)) - before, 64 << 20)

    def test_f29_a_parse_failure_is_refused_and_a_duplicate_key_hides_nothing(self):
        self.refused(b'{"messages":[', "identity", "parse")
        text = json.dumps(self.prompt("harmless"))
        text = text.replace('["harmless"]', f'["harmless"], "parts": ["{CARD}"]')
        for body in (text, text.replace('["harmless"], "parts": ' + f'["{CARD}"]',
                                        f'["{CARD}"], "parts": ["harmless"]')):
            before = len(self.standin.seen())
            self.assertIn("promptgate", self.post_encoded(body.encode(), "identity"))
            self.assertEqual(len(self.standin.seen()), before)

    def test_dictionary_encodings_are_taken_out(self):
        for version in ("--http1.1", "--http2"):
            seen = json.loads(self.curl("https://chatgpt.com/headers", version, "-H",
                                        "accept-encoding: gzip, dcb, br, dcz;q=0.5, zstd", "-H",
                                        "available-dictionary: :pZGm1Av0IEBKARczz7exkNYsZb8LzaMrV7J32a2fFG4=:", "-H",
                                        'dictionary-id: "x"'))["headers"]
            self.assertEqual(seen["accept-encoding"].replace(" ", ""), "gzip,br,zstd")
            self.assertNotIn("available-dictionary", seen)
            self.assertNotIn("dictionary-id", seen)

    def test_s7_alt_svc_is_removed_on_both_versions(self):
        for version in ("--http1.1", "--http2"):
            head = self.curl("https://chatgpt.com/", version, "-D", "-", "-o", "/dev/null").lower()
            self.assertIn("200", head.splitlines()[0])
            self.assertNotIn("alt-svc", head)


class EncodingsRecorded(GatewayTest):
    settings = "on_failure: {decode: record}"

    def test_p6_what_cannot_be_decoded_may_be_recorded_only(self):
        body = gzip.compress(json.dumps(self.prompt("x")).encode())[:-5]
        path = self.folder / "cut.gz"
        path.write_bytes(body)
        self.curl("https://chatgpt.com/backend-api/transfer", "-H", "content-type: application/json", "-H",
                  "content-encoding: gzip", "--data-binary", f"@{path}")
        self.assertEqual(self.standin.seen()[-1]["bytes"], len(body))
        a = wait_for(lambda: [a for a in self.gateway.activities() if a.get("outcome")], 5, "a record")[0]
        self.assertIn("decode", a["reason"])
        self.assertNotEqual(a["verdict"], "block")


class Order(Scripted):
    OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    def test_h9_expect_100_continue_is_answered_by_the_gateway_for_held_bodies(self):
        got = []

        def script(s):
            head, body = read_head(s)
            got.append(head)
            while len(body) < len(data):
                body += s.recv(65536)
            s.sendall(self.OK)
        data = json.dumps(self.prompt("hello")).encode()
        self.play(script)
        with self.tls() as s:
            s.settimeout(5)
            s.sendall(post(data, "Expect: 100-continue", host="sora.chatgpt.com")[:-len(data)])
            self.assertIn(b" 100 ", read_head(s)[0])
            self.assertEqual(got, [], "nothing before the body")
            s.sendall(data)
            head, body = read_response(s)
            self.assertEqual(body, b"ok")

    def test_h9_a_blocked_body_after_100_never_leaves(self):
        got = []
        self.play(lambda s: got.append(s.recv(65536)))
        data = json.dumps(self.prompt(CARD)).encode()
        with self.tls() as s:
            s.sendall(post(data, "Expect: 100-continue", host="sora.chatgpt.com")[:-len(data)])
            self.assertIn(b" 100 ", read_head(s)[0])
            s.sendall(data)
            self.assertIn(b" 403 ", read_response(s)[0])
        self.assertEqual(b"".join(got), b"")

    def test_h9_a_client_that_does_not_wait_for_100_is_served(self):
        self.play(lambda s: (self.read_request(s), s.sendall(self.OK)))
        data = json.dumps(self.prompt("hello")).encode()
        with self.tls() as s:
            s.sendall(post(data, "Expect: 100-continue", host="sora.chatgpt.com"))
            head, body = read_response(s)
            while b" 100 " in head.split(b"\r\n")[0]:
                head, body = read_response(s) if not body.startswith(b"HTTP/") else (body, body[-2:])
            self.assertEqual(body[-2:], b"ok")

    def test_interim_answers_pass(self):
        self.play(lambda s: (self.read_request(s), s.sendall(
            b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n" + self.OK)))
        with self.tls() as s:
            s.sendall(b"GET / HTTP/1.1\r\nHost: sora.chatgpt.com\r\n\r\n")
            data = b""
            while not data.endswith(b"ok"):
                data += s.recv(4096)
        self.assertIn(b"HTTP/1.1 103", data)
        self.assertIn(b"HTTP/1.1 200", data)

    @staticmethod
    def read_request(s):
        head, body = read_head(s)
        low = head.lower()
        if b"content-length:" in low:
            n = int(low.split(b"content-length:")[1].split(b"\r\n")[0])
            while len(body) < n:
                body += s.recv(65536)
        elif b"chunked" in low:
            while b"0\r\n" not in body or not body.endswith(b"\r\n\r\n"):
                part = s.recv(65536)
                if not part:
                    raise OSError("cut")
                body += part
        return head, body

    def test_chunked_requests_and_their_trailers_arrive(self):
        got = []
        self.play(lambda s: (got.append(self.read_request(s)), s.sendall(self.OK)))
        data = json.dumps(self.prompt("chunky")).encode()
        with self.tls() as s:
            s.sendall(post(b"", "Transfer-Encoding: chunked", "Trailer: x-sum", host="sora.chatgpt.com", length=False))
            for at in range(0, len(data), 13):
                part = data[at:at + 13]
                s.sendall(b"%x;ext=1\r\n%s\r\n" % (len(part), part))
            s.sendall(b"0\r\nX-Sum: abc\r\n\r\n")
            self.assertEqual(read_response(s)[1], b"ok")
        self.assertIn(b"x-sum: abc", got[0][1].lower())

    def test_f31_a_card_in_small_chunks_does_not_leave(self):
        got = []
        self.play(lambda s: got.append(s.recv(65536)))
        data = json.dumps(self.prompt("card " + CARD)).encode()
        with self.tls() as s:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            s.sendall(post(b"", "Transfer-Encoding: chunked", host="sora.chatgpt.com", length=False))
            for at in range(len(data)):
                s.sendall(b"1\r\n%s\r\n" % data[at:at + 1])
            s.sendall(b"0\r\n\r\n")
            self.assertIn(b" 403 ", read_response(s)[0])
        self.assertEqual(b"".join(got), b"")

    def test_trailers_of_answers_arrive(self):
        self.play(lambda s: (self.read_request(s), s.sendall(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n")))
        with self.tls() as s:
            s.sendall(b"GET / HTTP/1.1\r\nHost: sora.chatgpt.com\r\nTE: trailers\r\n\r\n")
            data = b""
            while b"0\r\n" not in data or not data.endswith(b"\r\n\r\n"):
                data += s.recv(4096)
        self.assertIn(b"x-sum: 7", data.lower())

    def test_pipelined_requests_are_answered_in_order(self):
        def script(s):
            while True:
                head, _ = self.read_request(s)
                if not head:
                    return
                path = head.split()[1]
                s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(path), path))
        self.play(script)
        with self.tls() as s:
            s.sendall(b"".join(b"GET /p%d HTTP/1.1\r\nHost: sora.chatgpt.com\r\n\r\n" % i for i in range(10)))
            data = b""
            while data.count(b"HTTP/1.1 200") < 10 or not data.endswith(b"/p9"):
                part = s.recv(65536)
                self.assertTrue(part, data)
                data += part
        places = [data.index(b"/p%d" % i) for i in range(10)]
        self.assertEqual(places, sorted(places))

    def test_an_answer_without_a_length_ends_with_the_connection(self):
        self.play(lambda s: (self.read_request(s), s.sendall(b"HTTP/1.1 200 OK\r\n\r\nuntil the end")))
        out = self.curl("https://sora.chatgpt.com/")
        self.assertEqual(out, "until the end")
        out = self.curl("https://sora.chatgpt.com/", "--http2")
        self.assertEqual(out, "until the end")

    def test_s2_a_cut_answer_is_cut_for_the_client_too(self):
        for answer in (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this",
                       b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"):
            self.play(lambda s, a=answer: (self.read_request(s), s.sendall(a)))
            done = subprocess.run(["curl", "-sS", "--cacert", self.gateway.ca, "-x",
                                   f"http://127.0.0.1:{self.gateway.proxy_port}", "https://sora.chatgpt.com/"],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.assertNotEqual(done.returncode, 0, answer)

    def test_bad_answers_become_502(self):
        for answer in (b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
                       b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                       b"HTTP/1.1 200 OK\r\nX: a\x00b\r\n\r\n", b""):
            self.play(lambda s, a=answer: (self.read_request(s), s.sendall(a)))
            out = self.curl("https://sora.chatgpt.com/", "-o", "/dev/null", "-w", "%{http_code}", check=False)
            self.assertEqual(out, "502", answer)

    def test_hop_by_hop_fields_stay_behind(self):
        got = []
        self.play(lambda s: (got.append(self.read_request(s)[0]), s.sendall(
            b"HTTP/1.1 200 OK\r\nConnection: x-private\r\nX-Private: 1\r\nKeep-Alive: timeout=5\r\n"
            b"Proxy-Authenticate: Basic\r\nContent-Length: 2\r\n\r\nok")))
        with self.tls() as s:
            s.sendall(b"GET / HTTP/1.1\r\nHost: sora.chatgpt.com\r\nConnection: keep-alive, x-mine\r\nX-Mine: 1\r\n"
                      b"Keep-Alive: 5\r\nProxy-Connection: keep-alive\r\nTE: gzip\r\nX-Kept: 1\r\n\r\n")
            head, _ = read_response(s)
        self.assertIn(b"x-kept: 1", got[0].lower())
        for name in (b"x-mine", b"keep-alive:", b"proxy-connection", b"te: gzip"):
            self.assertNotIn(name, got[0].lower())
        for name in (b"x-private", b"keep-alive:"):
            self.assertNotIn(name, head.lower())

    def test_a_slow_client_costs_nobody_anything(self):
        self.play(lambda s: (self.read_request(s), s.sendall(self.OK)))
        data = json.dumps(self.prompt("slow")).encode()
        whole = post(data, host="sora.chatgpt.com")
        with self.tls() as s:
            for at in range(0, len(whole), 40):
                s.sendall(whole[at:at + 40])
                time.sleep(0.01)
            self.assertEqual(read_response(s)[1], b"ok")


class Slow(GatewayTest):
    settings = "timeouts: {head: 700, body: 700, handshake: 700, idle: 700}"

    def ends(self, s, seconds=4):
        s.settimeout(seconds)
        start = time.monotonic()
        data = b""
        try:
            while part := s.recv(4096):
                data += part
        except ConnectionError:
            pass
        self.assertLess(time.monotonic() - start, seconds)
        return data

    def test_d2_every_phase_has_its_end(self):
        port = self.gateway.proxy_port
        with socket.create_connection(("127.0.0.1", port)) as s:  # nothing said
            self.ends(s)
        with socket.create_connection(("127.0.0.1", port)) as s:  # half a head
            s.sendall(b"GET / HTTP/1.1\r\nHost:")
            self.ends(s)
        s, _ = self.connect("chatgpt.com:443")  # no hello
        self.ends(s)
        s.close()
        s, _ = self.connect("chatgpt.com:443")  # half a hello
        s.sendall(b"\x16\x03\x01\x02\x00\x01\x00")
        self.ends(s)
        s.close()
        with tls_through(self.gateway) as s:  # half a head inside
            s.sendall(b"POST / HTTP/1.1\r\nHost: chat")
            self.ends(s)
        with tls_through(self.gateway) as s:  # half a body
            s.sendall(post(b"{", host="chatgpt.com").replace(b"Length: 1", b"Length: 9"))
            self.assertRegex(self.ends(s), rb"HTTP/1.1 (408|504|403) ")
        with tls_through(self.gateway) as s:  # idle
            s.sendall(b"GET /headers HTTP/1.1\r\nHost: chatgpt.com\r\n\r\n")
            self.assertIn(b"200", self.ends(s))


class Limits(GatewayTest):
    def test_f32_h8_heads_are_bounded(self):
        for head in (b"X: " + b"a" * 300000 + b"\r\n", b"".join(b"x-%d: 1\r\n" % i for i in range(3000))):
            with tls_through(self.gateway) as s:
                s.sendall(b"GET /headers HTTP/1.1\r\nHost: chatgpt.com\r\n")
                try:
                    s.sendall(head + b"\r\n")
                    data = s.recv(4096)
                except (ssl.SSLError, ConnectionError):
                    data = b""
                self.assertTrue(data == b"" or b" 431 " in data, data)
        long = "/" + "a" * 200000
        with tls_through(self.gateway) as s:
            try:
                s.sendall(f"GET {long} HTTP/1.1\r\nHost: chatgpt.com\r\n\r\n".encode())
                data = s.recv(4096)
            except (ssl.SSLError, ConnectionError):
                data = b""
            self.assertTrue(data == b"" or b" 414 " in data or b" 431 " in data, data)
        self.assertEqual(self.status("https://chatgpt.com/headers"), 200)


class FailuresByRule(GatewayTest):
    """P6: closed by default, open where a rule says so, and the other way about."""
    settings = ('detectors: [detectors/financial.yaml]\non_failure: {parse: record}\n'
                'clients: {allow: ["127.0.0.0/8"]}')
    policy = """mode: enforce
default: allow
rules:
  - {name: cards, when: {direction: up, type: [credit-card]}, verdict: block}
  - {name: lab, when: {failure: [decode], network: [127.0.0.9]}, verdict: alert}
  - {name: strict, when: {failure: [parse], network: [127.0.0.8]}, verdict: block, message: "Not readable."}
"""

    def test_p6_what_fails_is_open_or_closed_by_rule(self):
        good = json.dumps(self.prompt("hello")).encode()
        undecodable, unreadable = gzip.compress(good)[:-20], good[:-20]
        cases = ((undecodable, "gzip", "127.0.0.1", False, None), (undecodable, "gzip", "127.0.0.9", True, "lab"),
                 (unreadable, "identity", "127.0.0.1", True, None), (unreadable, "identity", "127.0.0.8", False, "strict"),
                 (unreadable, "identity", "127.0.0.9", True, None))
        path = self.folder / "body"
        for data, encoding, address, goes_on, rule in cases:
            with self.subTest(encoding=encoding, address=address):
                path.write_bytes(data)
                known = {a["id"] for a in self.gateway.activities()}
                out = self.curl("https://chatgpt.com/backend-api/conversation", "--interface", address, "-H",
                                "content-type: application/json", "-H", f"content-encoding: {encoding}", "--data-binary",
                                f"@{path}", "-w", "\n%{http_code}")
                # The stand-in cannot read it either, and says so in its own way.
                self.assertEqual("promptgate" in out, not goes_on, out)
                self.assertEqual(out.splitlines()[-1] == "403", not goes_on, out)
                new = wait_for(lambda: [a for a in self.gateway.activities() if a["id"] not in known and a.get("failure")
                                        and a.get("outcome")], what="the record")
                self.assertEqual([(a.get("rule"), a["verdict"]) for a in new], [(rule, "alert" if goes_on else "block")])


class LimitsSet(GatewayTest):
    settings = "limits: {request_line: 2048, field: 2048, head: 8192, fields: 20}"

    def test_h8_each_bound_is_configurable(self):
        small = [x for i in range(4) for x in ("-H", f"x-{i}: " + "a" * 1900)]
        for version in ("--http1.1", "--http2"):
            def code(*args, path="/headers"):
                return self.status("https://chatgpt.com" + path, version, *args)
            with self.subTest(version):
                self.assertEqual(code("-H", "x: " + "a" * 1900), 200)
                self.assertEqual(code("-H", "x: " + "a" * 2100), 431)
                self.assertEqual(code(*small[:6]), 200)
                self.assertEqual(code(*small, "-H", "y: " + "a" * 1900), 431)
                self.assertEqual(code(*[x for i in range(10) for x in ("-H", f"x-{i}: 1")]), 200)
                self.assertEqual(code(*[x for i in range(20) for x in ("-H", f"x-{i}: 1")]), 431)
                self.assertEqual(code(path="/headers?" + "a" * 1900), 200)
                self.assertIn(code(path="/headers?" + "a" * 2100), (414, 431))


if __name__ == "__main__":
    unittest.main()
