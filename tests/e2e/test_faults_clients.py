"""F22, F23, F25, F29 to F31, F33, F34: clients that name several hosts, spell a
target oddly, close half of a connection, send bodies made to be misread, or play
with the windows and settings of HTTP/2."""
import contextlib
import json
import select
import socket
import ssl
import time
import unittest

from faults import FaultTest, cpu_seconds
from gateway import CARD, wait_for
from load import read_answer
from raw import client_context
from records import APPLICATION, Records
from wire import (ACK, DATA, END_HEADERS, END_STREAM, GOAWAY, H2, HEADERS, PING, RST, SETTINGS, WINDOW, RawOrigin, block, frame,
                  headers, open_tls, read_all, request_fields)

HOST = b"Host: chatgpt.com\r\n"
MIB = 1 << 20


def setting(number, value):
    return number.to_bytes(2, "big") + value.to_bytes(4, "big")


class Heads(FaultTest):
    """F32: sent in full size by somebody who does not listen; answered at the limit, then closed."""

    @staticmethod
    def send_all(sock, data):
        """What came while all of it was sent, and behind it, until the peer closed; how that ended."""
        answer, sent, end = b"", 0, None
        sock.setblocking(False)
        deadline = time.monotonic() + 60
        while end is None and time.monotonic() < deadline:
            try:
                part = sock.recv(65536)
                answer, end = answer + part, None if part else "closed"
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                select.select([sock], [sock] if sent < len(data) else [], [], 1)
            except OSError:
                end = "reset"
            with contextlib.suppress(OSError):  # whoever was answered may be cut: the answer is read on
                sent += sock.send(data[sent:sent + 65536]) if sent < len(data) else 0
        return answer, end

    def test_f32_ten_megabytes_and_a_million_lines_are_cut_at_the_limit(self):
        cases = (("a line of 10 MB", b"GET /", [b"a" * 65536] * 160, 414),
                 ("a field of 10 MB", b"GET / HTTP/1.1\r\n" + HOST + b"X: ", [b"a" * 65536] * 160, 431),
                 ("a million fields", b"GET / HTTP/1.1\r\n" + HOST, [b"a: b\r\n" * 10000] * 100, 431),
                 ("a million trailers", b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n",
                  [b"a: b\r\n" * 10000] * 100, 431))
        before = self.memory()
        for what, begin, pieces, status in cases:
            with self.subTest(what), open_tls(self) as sock:
                raw, end = self.send_all(sock, begin + b"".join(pieces))
                self.assertTrue(raw.startswith(b"HTTP/1.1 %d " % status), raw[:100])
                self.assertEqual(raw.count(b"HTTP/1.1 "), 1)
                self.assertIn(end, ("closed", "reset"))
        self.assertLess(self.memory() - before, 8 * MIB)
        self.assertEqual(self.status("https://chatgpt.com/status/200"), 200)


class Targets(FaultTest):
    @classmethod
    def own_origins(cls):
        super().own_origins()
        cls.log = RawOrigin()
        return {"sora.chatgpt.com:443": f"127.0.0.1:{cls.log.port}"}

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.log.stop()

    def ask(self, target, host=b"sora.chatgpt.com", body=b""):
        self.log.clear()
        with open_tls(self, "sora.chatgpt.com") as sock:
            sock.sendall(b"POST " + target + b" HTTP/1.1\r\nHost: " + host + b"\r\nContent-Type: application/json\r\n"
                         b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            raw, _ = read_all(sock, 10)
        return int(raw[9:12]), b"".join(self.log.requests).split(b"\r\n")[0]

    def test_f23_an_odd_target_is_refused_or_the_same_for_policy_and_origin(self):
        for target in (b"https://evil.test/x", b"https://sora.chatgpt.com@evil.test/x", b"https://u:p@sora.chatgpt.com/x",
                       b"https://evil.test\\@sora.chatgpt.com/x", b"/x\\..\\y", b"http:/x", b"x", b"https://sora.chatgpt.com:444/x"):
            with self.subTest(target=target):
                status, upstream = self.ask(target)
                self.assertIn(status, (400, 421))
                self.assertEqual(upstream, b"")

    def test_f23_a_card_is_found_under_every_spelling_of_the_route(self):
        """What an origin might take for the route of prompts is judged as that, or as what nobody knows: scanned too."""
        body = json.dumps(self.prompt("card " + CARD)).encode()
        for target in (b"/backend-api/conversation", b"https://sora.chatgpt.com/backend-api/conversation",
                       b"//backend-api/conversation", b"/backend-api//conversation", b"/%62ackend-api/conversation",
                       b"/backend-api/%63onversation", b"/x/../backend-api/conversation", b"/x/%2e%2e/backend-api/conversation",
                       b"/backend-api/./conversation", b"/backend-api%2fconversation", b"/backend-api/conversation/",
                       b"/backend-api/conversation;a=b", b"/backend-api/conversation?a=b"):
            with self.subTest(target=target):
                status, upstream = self.ask(target, body=body)
                self.assertIn(status, (400, 403))
                self.assertEqual(upstream, b"")


class Bodies(FaultTest):
    def refused(self, body, kind="application/json", path="/backend-api/conversation"):
        """Stopped, nothing upstream, in bounded time and memory; (answer, seconds)."""
        before, memory, begin = len(self.standin.seen()), self.memory(), time.monotonic()
        with open_tls(self) as sock:
            sock.sendall(f"POST {path} HTTP/1.1\r\nHost: chatgpt.com\r\nContent-Type: {kind}\r\nConnection: close\r\n"
                         f"Content-Length: {len(body)}\r\n\r\n".encode())
            try:
                sock.sendall(body)
            except OSError:
                pass  # answered before its end
            raw, _ = read_all(sock, 30)
        self.assertRegex(raw[:13], rb"^HTTP/1.1 (400|403|413) ")
        self.assertEqual(len(self.standin.seen()), before)
        self.assertLess(self.memory() - memory, 64 * MIB)
        return raw, time.monotonic() - begin

    def test_f29_json_made_to_hurt_is_refused_or_read(self):
        card = json.dumps(self.prompt("card " + CARD))
        for what, body in {
                "100,000 arrays deep": b"[" * 100000, "and closed": b"[" * 100000 + b"]" * 100000,
                "100,000 objects deep": b'{"a":' * 100000 + b"1" + b"}" * 100000,
                "a string of 50 MB": b'{"messages":[{"content":{"parts":["' + b"x" * 50000000 + b'"]}}]}',
                "UTF-16": card.encode("utf-16"), "UTF-16 without a mark": card.encode("utf-16-le"),
                "invalid UTF-8 beside a card": card.replace("card ", "\udcff\udc80card ").encode(errors="surrogateescape"),
                "a card in escapes": card.replace(CARD, "".join(f"\\u{ord(c):04x}" for c in CARD)).encode(),
                "a key twice": card.replace('"parts"', '"parts": ["harmless"], "parts"').encode(),
                "a key twice, turned": card.replace('"metadata"', '"content": {"parts": ["harmless"]}, "metadata"').encode(),
        }.items():
            with self.subTest(what=what):
                self.refused(body)

    def form(self, parts, end=b"--B--\r\n"):
        return b"".join(b'--B\r\nContent-Disposition: form-data; name="p%d"\r\n\r\n' % i + p + b"\r\n"
                        for i, p in enumerate(parts)) + end

    def test_f30_multipart_made_to_hurt_is_refused_or_read(self):
        card = CARD.encode()
        inner = (b"Content-Type: multipart/mixed; boundary=C\r\n\r\n--C\r\n\r\n" + card + b"\r\n--C--\r\n")
        for what, body in {
                "10,000 parts, a card in the last": self.form([b"x"] * 9999 + [b"pay " + card]),
                "no end": self.form([b"pay " + card], b""),
                "what looks like a boundary in the data": self.form([b"--Bx\r\n--b--\r\npay " + card]),
                "one within the other": self.form([inner]),
                "behind the end": self.form([b"x"]) + b"pay " + card,
                "before the first": b"pay " + card + b"\r\n" + self.form([b"x"]),
        }.items():
            with self.subTest(what=what):
                self.refused(body, "multipart/form-data; boundary=B", "/backend-api/unknown_form")

    def test_f31_a_card_in_pieces_of_a_byte_is_found_in_every_framing(self):
        body = json.dumps(self.prompt("card " + CARD)).encode()
        at = body.index(CARD.encode())
        before = len(self.standin.seen())
        head = b"POST /backend-api/conversation HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
        plain, _ = self.connect("chatgpt.com:443")
        with plain:  # TLS records of a byte
            player = Records(plain, client_context(self.gateway), "chatgpt.com")
            player.send((APPLICATION, head + b"Content-Length: %d\r\n\r\n" % len(body) + body[:at]),
                        *((APPLICATION, body[i:i + 1]) for i in range(at, len(body))))
            wait_for(lambda: self.blocked(body), 10, "the block in records")
        h2 = H2(open_tls(self, alpn=("h2",)))  # DATA frames of a byte
        other = json.dumps(self.prompt("card " + CARD)).encode()
        h2.send(headers(1, [*request_fields("/backend-api/conversation", method="POST"), ("content-type", "application/json")],
                        False) + frame(DATA, 0, 1, other[:at]))
        h2.send(b"".join(frame(DATA, END_STREAM if i == len(other) - 1 else 0, 1, other[i:i + 1]) for i in range(at, len(other))))
        status, _, _ = h2.outcome(1)
        h2.close()
        self.assertTrue(self.blocked(other), status)
        self.assertEqual(len(self.standin.seen()), before)

    def blocked(self, body):
        message = json.loads(body)["messages"][0]["id"]
        return [a for a in self.gateway.activities("--since", "1h") if a.get("message_id") == message and
                a["verdict"] == "block"]

    def test_f25_half_a_close_behind_the_request_still_gets_the_answer(self):
        pids = self.gateway.roles("worker")
        with open_tls(self) as sock:
            body = json.dumps(self.prompt("hello")).encode()
            sock.sendall(b"POST /backend-api/conversation?delay=30 HTTP/1.1\r\n" + HOST +
                         b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            used = sum(map(cpu_seconds, pids))
            begin = time.monotonic()
            socket.socket.shutdown(sock, socket.SHUT_WR)
            status, answer = read_answer(sock)
            took = time.monotonic() - begin
        self.assertEqual(status, 200)
        self.assertIn(b"[DONE]", answer)
        self.assertLess(sum(map(cpu_seconds, pids)) - used, 0.1 + took / 4, "a worker spins")


class Windows(FaultTest):
    """F34, and of F33 what plays with tables and settings."""

    def open(self, settings=b""):
        h2 = H2(open_tls(self, alpn=("h2",)), settings)
        self.addCleanup(h2.close)
        return h2

    def test_f34_a_window_of_zero_holds_the_answer_and_nothing_more(self):
        h2 = self.open(setting(4, 0))
        before = self.memory()
        h2.send(headers(1, request_fields("/download?bytes=50000000")))
        self.assertTrue(h2.read(lambda f: f[0] == HEADERS))
        self.assertFalse(h2.read(lambda f: f[0] == DATA and f[3], 0.5), "data past the window")
        self.assertLess(self.memory() - before, 8 * MIB)
        h2.send(frame(WINDOW, 0, 1, (1000).to_bytes(4, "big")))
        self.assertTrue(h2.read(lambda f: f[0] == DATA))
        self.assertEqual(sum(len(f[3]) for f in h2.frames if f[0] == DATA), 1000)
        # A change in flight counts for open streams (RFC 9113 §6.9.2): 500 more.
        h2.send(frame(SETTINGS, 0, 0, setting(4, 500)))
        self.assertTrue(h2.read(lambda f: f[0] == DATA))
        self.assertEqual(sum(len(f[3]) for f in h2.frames if f[0] == DATA), 1500)

    def test_f34_what_overflows_or_makes_no_sense_ends_it(self):
        whole = headers(1, request_fields("/status/204"))
        for what, data, ends in (
                ("the connection's window over", frame(WINDOW, 0, 0, b"\x7f\xff\xff\xff"), {"goaway-3"}),
                ("a stream's window over", headers(1, request_fields("/never")) + frame(WINDOW, 0, 1, b"\x7f\xff\xff\xff"),
                 {"rst-3"}),
                ("a window of more than 2^31", frame(SETTINGS, 0, 0, setting(4, 1 << 31)), {"goaway-3"}),
                ("frames of 16 MiB", frame(SETTINGS, 0, 0, setting(5, 1 << 24)), {"goaway-1"}),
                ("SETTINGS of five bytes", frame(SETTINGS, 0, 0, b"\0\4\0\0\0"), {"goaway-6"}),
                ("PING of five bytes", frame(PING, 0, 0, b"12345"), {"goaway-6"}),
                ("a frame longer than agreed", frame(DATA, 0, 1, bytes(20000)), {"goaway-6"}),
                ("an even stream", headers(2, request_fields("/status/204")), {"goaway-1"}),
                ("a number used again", whole + headers(1, request_fields("/status/204")) * 2, {"goaway-1", "goaway-5"}),
                ("PUSH_PROMISE by a client", frame(5, END_HEADERS, 1, b"\0\0\0\2" + block(request_fields())), {"goaway-1"}),
                ("GOAWAY, then a request", frame(GOAWAY, 0, 0, bytes(8)) + whole, {"end", "goaway-0", "closed"}),
                ("an ACK that nobody asked for", frame(SETTINGS, ACK) * 2 + whole, {"end", "goaway-1"}),
                ("the last number", headers((1 << 31) - 1, request_fields("/status/204")), {"end"})):
            with self.subTest(what=what):
                h2 = self.open()
                h2.send(data)
                stream = (1 << 31) - 1 if what == "the last number" else 1
                if ends & {"end"} or "rst-3" in ends:
                    self.assertIn(h2.outcome(stream)[2], ends)
                else:
                    h2.read(lambda f: f[0] == GOAWAY)
                    last = [f"goaway-{int.from_bytes(f[3][4:8], 'big')}" for f in h2.frames if f[0] == GOAWAY]
                    self.assertTrue(set(last) & ends or h2.end, (last, h2.end))
                h2.close()

    def test_f34_a_number_below_the_last_opens_nothing(self):
        h2 = self.open()
        h2.send(headers(9, request_fields("/status/204")) + headers(3, request_fields("/status/204")))
        self.assertEqual(h2.outcome(9)[2], "end")
        self.assertFalse([f for f in h2.frames if f[2] == 3 and f[0] != RST])

    def test_f33_header_bombs_and_tables_that_thrash_cost_little(self):
        """A field of 4 KiB put into the table once and named 4,000 times; table sizes changed in each block."""
        big = b"\x40" + b"\1x" + b"\x7f\x81\x1f" + b"a" * 4096  # literal with indexing
        workers = self.gateway.roles("worker")
        for what, make in {
                "a bomb": lambda i: frame(HEADERS, END_HEADERS | END_STREAM, 2 * i + 1,
                                          block(request_fields("/status/204")) + (big if i == 0 else b"") + b"\xbe" * 4000),
                "sizes": lambda i: frame(HEADERS, END_HEADERS | END_STREAM, 2 * i + 1,
                                         b"\x20\x3f\xe1\x1f" * 1 + block(request_fields("/status/204")) + big),
                "size changes without end": lambda i: frame(HEADERS, END_HEADERS | END_STREAM, 2 * i + 1,
                                                            b"\x20\x3f\xe1\x1f" * 2000 + block(request_fields("/status/204"))),
        }.items():
            with self.subTest(what=what):
                before, used = self.memory(), sum(map(cpu_seconds, workers))
                h2 = self.open()
                try:
                    for i in range(50):
                        h2.send(make(i))
                except OSError:
                    pass
                h2.read(lambda f: f[0] == GOAWAY, 1)
                self.assertLess(self.memory() - before, 16 * MIB)
                self.assertLess(sum(map(cpu_seconds, workers)) - used, 2.0)
                statuses = [f for f in h2.frames if f[0] == HEADERS]
                if what == "a bomb":
                    self.assertNotIn(b"\x89", [f[3][:1] for f in statuses], "a head of 16 MiB went on")
                h2.close()


if __name__ == "__main__":
    unittest.main()
