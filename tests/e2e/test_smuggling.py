"""H1 to H5 (and H6, H7, H9, H10) with the real binary, through TLS, toward an
origin that logs every byte: what two readers could take differently is
refused, recorded, closed, and never reaches the origin (../shared/facts/reliability.md)."""
import datetime
import socket
import ssl
import time
import unittest

from gateway import wait_for
from wire import (CONTINUATION, DATA, END_HEADERS, END_STREAM, H2, HEADERS, OK_EMPTY, WireTest, block, frame, headers,
                  open_tls, read_all, request_fields)

HOST = b"Host: chatgpt.com\r\n"
GET = b"GET /a HTTP/1.1\r\n" + HOST
POST = b"POST /a HTTP/1.1\r\n" + HOST
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\n" + HOST + b"\r\n"

# (reason, status, bytes); behind each comes one whole innocent request.
AMBIGUOUS = [
    ("te-and-cl", 400, POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("te-and-cl", 400, POST + b"Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n"),
    ("te-and-cl", 400, POST + b"Connection: Content-Length\r\nContent-Length: 5\r\n"
                              b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("cl-twice", 400, POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"),
    ("cl-twice", 400, POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
    ("cl-bad", 400, POST + b"Content-Length: 5, 5\r\n\r\nhello"),
    ("cl-bad", 400, POST + b"Content-Length: +5\r\n\r\nhello"),
    ("cl-bad", 400, POST + b"Content-Length: -5\r\n\r\nhello"),
    ("cl-bad", 400, POST + b"Content-Length: 0x5\r\n\r\nhello"),
    ("cl-bad", 400, POST + b"Content-Length:\r\n\r\n"),
    ("cl-bad", 400, POST + b"Content-Length: 18446744073709551621\r\n\r\nhello"),
    ("te-unknown", 400, POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    ("te-unknown", 400, POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
    ("te-unknown", 400, POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    ("te-unknown", 400, POST + b"Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n"),
    ("te-unknown", 400, POST + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n'),
    ("te-unknown", 400, POST + b"Transfer-Encoding:\r\n\r\n0\r\n\r\n"),
    ("te-twice", 400, POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("te-twice", 400, POST + b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("te-in-http-1.0", 400, b"POST /a HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("control-byte", 400, POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n"),
    ("blank-before-colon", 400, POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
    ("blank-before-colon", 400, POST + b"Content-Length\t: 5\r\n\r\nhello"),
    ("bad-field-name", 400, POST + b"Content-Length\xa0: 5\r\n\r\nhello"),
    ("bad-field-name", 400, GET + b"a b: x\r\n\r\n"),
    ("no-colon", 400, GET + b"nonsense\r\n\r\n"),
    ("bare-lf", 400, GET + b"X: 1\nContent-Length: 5\r\n\r\nhello"),
    ("bare-lf", 400, b"GET /a HTTP/1.1\nHost: chatgpt.com\n\n"),
    ("bare-lf", 400, GET + b"\n"),
    ("bare-cr", 400, GET + b"X: 1\rTransfer-Encoding: chunked\r\n\r\n"),
    ("bare-cr", 400, b"GET /\rx HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("obs-fold", 400, GET + b"X: 1\r\n 2\r\n\r\n"),
    ("obs-fold", 400, POST + b"X: 1\r\n\tTransfer-Encoding: chunked\r\n\r\n"),
    ("obs-fold", 400, b"GET /a HTTP/1.1\r\n Host: chatgpt.com\r\n\r\n"),
    ("nul", 400, GET + b"X: a\0b\r\n\r\n"),
    ("nul", 400, b"GET /\0 HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("bad-version", 400, b"GET /a HTTP/1.1 \r\n" + HOST + b"\r\n"),
    ("bad-version", 505, b"GET /a HTTP/2.0\r\n" + HOST + b"\r\n"),
    ("bad-request-line", 400, b"GET /a\r\n" + HOST + b"\r\n"),
    ("bad-request-line", 400, b"GET  /a HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("target-backslash", 400, b"GET /a\\b HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("target-fragment", 400, b"GET /a#b HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("target-userinfo", 400, b"GET https://chatgpt.com@evil.test/ HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("host-missing", 400, b"GET /a HTTP/1.1\r\nX: 1\r\n\r\n"),
    ("host-twice", 400, GET + b"Host: chatgpt.com\r\n\r\n"),
    ("host-twice", 400, GET + b"hOST: evil.test\r\n\r\n"),
    ("host-bad", 400, b"GET /a HTTP/1.1\r\nHost: chatgpt.com,evil.test\r\n\r\n"),
    ("host-bad", 400, b"GET /a HTTP/1.1\r\nHost: u@chatgpt.com\r\n\r\n"),
    ("host-mismatch", 400, b"GET https://evil.test/a HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("bad-chunk", 400, CHUNKED + b"5\nhello\r\n0\r\n\r\n"),
    ("bad-chunk", 400, CHUNKED + b"5\r\nhelloX0\r\n\r\n"),
    ("bad-chunk", 400, CHUNKED + b"0x5\r\nhello\r\n0\r\n\r\n"),
    ("bad-chunk", 400, CHUNKED + b"5 \r\nhello\r\n0\r\n\r\n"),
    ("bad-chunk", 400, CHUNKED + b"fffffffffffffffff\r\nhello\r\n"),
    ("bad-chunk", 400, CHUNKED + b"5;a\nb\r\nhello\r\n0\r\n\r\n"),
    ("bare-lf", 400, CHUNKED + b"0\r\nX: 1\n\r\n"),
    ("obs-fold", 400, CHUNKED + b"0\r\nX: 1\r\n y\r\n\r\n"),
    ("trailer-forbidden", 400, CHUNKED + b"0\r\nContent-Length: 5\r\n\r\n"),
    ("trailer-forbidden", 400, CHUNKED + b"0\r\nHost: evil.test\r\n\r\n"),
    ("request-line-too-long", 414, b"GET /" + b"a" * 33000 + b" HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("field-too-long", 431, GET + b"X: " + b"a" * 33000 + b"\r\n\r\n"),
    ("too-many-fields", 431, GET + b"A: b\r\n" * 201 + b"\r\n"),
]


def answers_in(raw):
    return raw.count(b"HTTP/1.1 ")


def now():
    """As activities have it.  Counting what came since holds although what an earlier test did may be indexed later."""
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")[:23]


class Requests(WireTest):
    """HTTP/1.1 toward an HTTP/1.1 origin."""

    def exchange(self, data, seconds=5, **options):
        sock = open_tls(self, **options)
        try:
            sock.sendall(data)
            return read_all(sock, seconds)
        finally:
            sock.close()

    def told(self, since):
        return [a for a in self.gateway.activities("--since", "1h") if a["time"] >= since]

    def refusals(self, since):
        return [a for a in self.told(since) if a["activity"] == "connection.refused"]

    def test_h1_ambiguous_requests_are_refused_recorded_and_reach_nobody(self):
        self.assertGreaterEqual(len(AMBIGUOUS), 40)
        begun = now()
        self.origin.clear()
        logged = self.gateway.log().count("event=request.refused")
        for reason, status, data in AMBIGUOUS:
            with self.subTest(reason=reason, data=data[:120]):
                answer, end = self.exchange(data + SMUGGLED)
                self.assertTrue(answer.startswith(b"HTTP/1.1 %d " % status), answer[:200])
                self.assertEqual(answers_in(answer), 1)
                self.assertIn(b"\r\nConnection: close\r\n", answer)
                self.assertIn(end, ("closed", "reset"))
        self.assertEqual(self.origin.requests, [])
        wait_for(lambda: len(self.refusals(begun)) >= len(AMBIGUOUS), 10, "a record for each")
        records = self.refusals(begun)
        self.assertEqual(len(records), len(AMBIGUOUS))
        log = self.gateway.log()
        self.assertEqual(log.count("event=request.refused"), logged + len(AMBIGUOUS))
        for reason in {row[0] for row in AMBIGUOUS}:
            wanted = sum(row[0] == reason for row in AMBIGUOUS)
            self.assertGreaterEqual(log.count(f"reason={reason} "), wanted)
            self.assertGreaterEqual(sum(f"refused: {reason}" in a["reason"] for a in records), wanted)
        self.assertEqual({a["outcome"] for a in records}, {"failure"})

    def test_h1_ambiguous_requests_are_refused_in_the_clear_too(self):
        """Absolute-form on the proxy port: the same reader, no TLS."""
        self.origin.clear()
        for reason, status, data in AMBIGUOUS[:30]:
            data = data.replace(b" /a ", b" http://chatgpt.com/a ", 1)
            with socket.create_connection(("127.0.0.1", self.gateway.proxy_port), 5) as sock:
                sock.sendall(data + SMUGGLED)
                answer, end = read_all(sock, 5)
            with self.subTest(reason=reason, data=data[:120]):
                self.assertTrue(answer.startswith(b"HTTP/1.1 %d " % status), answer[:200])
                self.assertEqual((answers_in(answer), end in ("closed", "reset")), (1, True))
        self.assertEqual(self.origin.requests, [])

    def test_h2_requests_upstream_are_the_requests_in_the_log(self):
        """What looks like a second request inside a body stays a body, and
        pipelined requests are as many upstream as recorded."""
        self.origin.clear()
        begun = now()
        inner = b"POST /evil HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\nabc"
        text = b'{"a":"' + inner.replace(b"\r\n", b"\\r\\n") + b'"}'
        kind = b"Content-Type: application/json\r\n"
        first = POST + kind + b"Content-Length: %d\r\n\r\n" % len(text) + text
        second = (POST + kind + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n%x\r\n" % len(text) + text +
                  b"\r\n0\r\n\r\n")
        sent = time.monotonic()
        answer, _ = self.exchange(first + first + second)
        self.assertEqual(answers_in(answer), 3, answer)
        self.assertLess(time.monotonic() - sent, 5)
        upstream = b"".join(self.origin.requests)
        self.assertEqual(upstream.count(b" HTTP/1.1\r\n"), 3)
        self.assertEqual(upstream.count(b"POST /a HTTP/1.1\r\n"), 3)
        wait_for(lambda: len(self.told(begun)) == 3, 10, "three records")

    def test_h3_the_head_is_rebuilt_and_framing_is_never_dropped(self):
        self.origin.clear()
        body = b"{}"
        data = (b"POST /a HTTP/1.1\r\nhOsT: ChatGPT.com\r\nX-Keep:   kept \r\nConnection: close, X-Drop, Content-Length\r\n"
                b"X-Drop: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\nProxy-Authorization: Basic eDp5\r\n"
                b"Proxy-Connection: keep-alive\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n" + body)
        answer, _ = self.exchange(data)
        if answer.startswith(b"HTTP/1.1 400"):
            self.fail("a Connection field that names content-length: " + repr(answer[:200]))
        head = b"".join(self.origin.requests).split(b"\r\n\r\n")[0].lower()
        self.assertIn(b"\r\ncontent-length: 2", head)
        self.assertIn(b"\r\nx-keep: kept\r\n", head + b"\r\n")
        for name in (b"x-drop", b"keep-alive", b"proxy-authorization", b"proxy-connection"):
            self.assertNotIn(b"\r\n" + name, head)
        self.assertEqual(head.count(b"\r\nhost:"), 1)

    def test_f22_h5_disagreeing_hosts_are_refused(self):
        begun = now()
        self.origin.clear()
        answer, end = self.exchange(b"GET /a HTTP/1.1\r\nHost: files.oaiusercontent.com\r\nConnection: close\r\n\r\n")
        self.assertTrue(answer.startswith(b"HTTP/1.1 421 "), answer[:100])
        answer, end = self.exchange(b"GET /a HTTP/1.1\r\nHost: chatgpt.com:8443\r\nConnection: close\r\n\r\n")
        self.assertTrue(answer.startswith(b"HTTP/1.1 421 "), answer[:100])
        for sni in ("other.test", "api.openai.com"):
            with self.assertRaises(ssl.SSLError) as caught:
                open_tls(self, sni=sni).close()
            self.assertIn("UNRECOGNIZED_NAME", str(caught.exception).upper())
        with socket.create_connection(("127.0.0.1", self.gateway.proxy_port), 5) as sock:
            sock.sendall(b"CONNECT chatgpt.com:443 HTTP/1.1\r\nHost: evil.test:443\r\n\r\n")
            answer, _ = read_all(sock, 5)
        self.assertTrue(answer.startswith(b"HTTP/1.1 400 "), answer[:100])
        self.assertEqual(self.origin.requests, [])
        wait_for(lambda: sum("misdirected" in a["reason"] for a in self.refusals(begun)) >= 2, 5, "records")
        self.assertIn("event=hello.refused", self.gateway.log())

    def test_h5_out_of_scope_connect_never_fronts_for_a_host_in_scope(self):
        """CONNECT other.test with chatgpt.com inside: no tunnel into scope."""
        self.origin.clear()
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            open_tls(self, host="other.test", sni="chatgpt.com").close()
        self.assertEqual(self.origin.requests, [])

    def test_h6_upgrades_that_nobody_asked_for_are_stripped_or_refused(self):
        self.origin.clear()
        data = (b"GET /a HTTP/1.1\r\n" + HOST + b"Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\n"
                b"HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n")
        answer, _ = self.exchange(data)
        upstream = b"".join(self.origin.requests).lower()
        self.assertTrue(answer.startswith((b"HTTP/1.1 200", b"HTTP/1.1 4")), answer[:100])
        self.assertNotIn(b"h2c", upstream)
        self.assertNotIn(b"http2-settings", upstream)

    def test_h9_a_waiting_client_gets_its_100_and_the_body_goes_once(self):
        self.origin.clear()
        with open_tls(self) as sock:
            sock.sendall(POST + b"Content-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\n"
                         b"Connection: close\r\n\r\n")
            sock.settimeout(5)
            self.assertTrue(sock.recv(4096).startswith(b"HTTP/1.1 100 "))
            sock.sendall(b"{}")
            answer, _ = read_all(sock, 5)
        self.assertTrue(answer.startswith(b"HTTP/1.1 200 "), answer[:100])
        self.assertEqual(b"".join(self.origin.requests).count(b"HTTP/1.1\r\n"), 1)

    def test_h10_nothing_is_reflected_unescaped(self):
        evil = b"<script>alert(1)</script>.test"
        answer, _ = self.exchange(b"GET /a HTTP/1.1\r\nHost: x.test\r\nAccept: text/html\r\nX: " + evil +
                                  b"\r\nConnection: close\r\n\r\n")
        self.assertIn(b" 421 ", answer)
        self.assertNotIn(b"<script>alert", answer)
        answer, _ = self.exchange(b"GET /a HTTP/1.1\r\nHost: " + evil + b"\r\nAccept: text/html\r\n\r\n")
        self.assertNotIn(b"<script>alert", answer)


def cut_by_length(c, head):
    c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")
    c.close()


def cut_by_chunks(c, head):
    c.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
    c.close()


POISON = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\nX-Poison: 1\r\n\r\npoisoned"
HEAD = b"HTTP/1.1 200 OK\r\n"

# Each is answered with 502; the poison behind must never be an answer.
POISONED = {
    "te-and-cl": HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "cl-twice": HEAD + b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(POISON),
    "cl-bad": HEAD + b"Content-Length: 0,0\r\n\r\n",
    "te-unknown": HEAD + b"Transfer-Encoding: gzip\r\n\r\n",
    "te-twice": HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "bare-lf": b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    "bare-cr": HEAD + b"X: 1\rContent-Length: 9\r\nContent-Length: 0\r\n\r\n",
    "obs-fold": HEAD + b"X: 1\r\n Content-Length: 9\r\nContent-Length: 0\r\n\r\n",
    "blank-before-colon": HEAD + b"Content-Length : 0\r\n\r\n",
    "nul": HEAD + b"X: \0\r\nContent-Length: 0\r\n\r\n",
    "bad-status-line": b"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
    "bad-version": b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    "unasked-upgrade": b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    "too-many-interims": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 2000,
    "too-many-fields": HEAD + b"A: b\r\n" * 20000 + b"Content-Length: 0\r\n\r\n",
    "field-too-long": HEAD + b"X: " + b"a" * 300 * 1024 + b"\r\nContent-Length: 0\r\n\r\n",
}


class Answers(WireTest):
    """H4 on HTTP/1.1: an origin's malformed answer is a 502, a cut one a cut
    one, and nothing behind an answer ever becomes another."""

    def ask_twice(self, host="chatgpt.com"):
        """Two requests, pipelined, on one connection: (bytes, end)."""
        with open_tls(self, host) as sock:
            head = b"Host: " + host.encode() + b"\r\n"
            sock.sendall(b"GET /1 HTTP/1.1\r\n" + head + b"\r\nGET /2 HTTP/1.1\r\n" + head + b"Connection: close\r\n\r\n")
            return read_all(sock, 5)

    def test_h4_malformed_answers_are_a_502_and_poison_nothing(self):
        for reason, data in POISONED.items():
            def answer(c, head, data=data):
                if head.startswith(b"GET /1 "):
                    c.sendall(data + POISON)
                else:
                    c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood")
            self.origin.answer = answer
            with self.subTest(reason=reason):
                logged = self.gateway.log().count(f"reason={reason}")
                raw, end = self.ask_twice()
                finals = [line for line in raw.split(b"\r\n") if line.startswith(b"HTTP/1.1 ") and b" 103 " not in line]
                self.assertEqual(finals[0][:12], b"HTTP/1.1 502", raw[:300])
                self.assertNotIn(b"oison", raw)
                self.assertNotEqual(end, "open")
                self.assertEqual(self.gateway.log().count(f"reason={reason}"), logged + 1)
        self.origin.answer = lambda c, head: c.sendall(OK_EMPTY)

    def test_h4_a_second_answer_behind_the_first_is_dropped(self):
        def answer(c, head):
            if head.startswith(b"GET /1 "):
                c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst" + POISON)
            else:
                c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood")
        self.origin.answer = answer
        raw, _ = self.ask_twice()
        self.assertIn(b"\r\n\r\nfirst", raw)
        self.assertNotIn(b"oison", raw)
        self.assertTrue(raw.endswith(b"good") or answers_in(raw) == 1, raw)

    def test_h4_a_cut_answer_is_seen_as_cut(self):
        for cut, got in ((cut_by_length, b"only this"), (cut_by_chunks, b"hello")):
            self.origin.answer = cut
            with open_tls(self) as sock:
                sock.sendall(b"GET /1 HTTP/1.1\r\n" + HOST + b"\r\n")
                raw, end = read_all(sock, 5)
            self.assertIn(got, raw)
            self.assertFalse(raw.endswith(b"0\r\n\r\n"))
            self.assertIn(end, ("closed", "reset"))
            if cut is cut_by_length:
                self.assertIn(b"content-length: 100", raw.lower())

    def test_h4_interim_answers_are_bounded_but_passed(self):
        self.origin.answer = lambda c, head: c.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 3 + OK_EMPTY)
        with open_tls(self) as sock:
            sock.sendall(b"GET /1 HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
            raw, _ = read_all(sock, 5)
        self.assertEqual((raw.count(b"HTTP/1.1 103 "), raw.count(b"HTTP/1.1 200 ")), (3, 1))


def with_field(name, value, **more):
    return request_fields(*more.pop("args", ()), **more) + [(name, value)]


# (what, frames of stream 1); each malformed (RFC 9113 §8) and refused.
H2_AMBIGUOUS = [
    ("CR LF in a value", headers(1, with_field("x", "a\r\nHost: evil"))),
    ("LF in a value", headers(1, with_field("x", "a\nb"))),
    ("NUL in a value", headers(1, with_field("x", b"a\0b"))),
    ("blank before a value", headers(1, with_field("x", " a"))),
    ("colon in a name", headers(1, with_field("a:b", "1"))),
    ("blank in a name", headers(1, with_field("a b", "1"))),
    ("CR LF in a name", headers(1, with_field("a\r\nb", "1"))),
    ("capital in a name", headers(1, with_field("X-A", "1"))),
    ("connection", headers(1, with_field("connection", "close"))),
    ("transfer-encoding", headers(1, with_field("transfer-encoding", "chunked"))),
    ("upgrade", headers(1, with_field("upgrade", "h2c"))),
    ("keep-alive", headers(1, with_field("keep-alive", "5"))),
    ("proxy-connection", headers(1, with_field("proxy-connection", "close"))),
    ("te that is not trailers", headers(1, with_field("te", "gzip"))),
    (":path twice", headers(1, [*request_fields(), (":path", "/b")])),
    (":method twice", headers(1, [(":method", "GET"), *request_fields()])),
    (":authority twice", headers(1, [(":authority", "evil.test"), *request_fields()])),
    ("pseudo field behind a field", headers(1, [*request_fields()[:3], ("x", "1"), (":path", "/")])),
    ("unknown pseudo field", headers(1, [(":evil", "1"), *request_fields()])),
    (":status in a request", headers(1, [*request_fields(), (":status", "200")])),
    ("no :path", headers(1, request_fields()[:3])),
    ("empty :path", headers(1, request_fields(""))),
    ("relative :path", headers(1, request_fields("a"))),
    ("blank in :path", headers(1, request_fields("/a HTTP/1.1"))),
    ("CR LF in :path", headers(1, request_fields("/a\r\nX: 1"))),
    ("CR LF in :method", headers(1, request_fields(method="GET /x HTTP/1.1\r\nHost: e\r\n\r\nGET"))),
    ("no host at all", headers(1, [f for f in request_fields() if f[0] != ":authority"])),
    ("host differs", headers(1, with_field("host", "evil.test"))),
    ("userinfo in :authority", headers(1, request_fields(host="a@chatgpt.com"))),
    (":scheme of clear text", headers(1, [(":method", "GET"), (":scheme", "http"), (":authority", "chatgpt.com"), (":path", "/")])),
    ("a tunnel", headers(1, [(":method", "CONNECT"), (":authority", "chatgpt.com:443")], False)),
    ("odd :scheme", headers(1, [(":method", "GET"), (":scheme", "ftp"), (":authority", "chatgpt.com"), (":path", "/")])),
    ("content-length twice", headers(1, [*request_fields("/a", method="POST"), ("content-length", "1"),
                                         ("content-length", "2")], False) + frame(DATA, END_STREAM, 1, b"a")),
    ("content-length not a number", headers(1, [*request_fields("/a", method="POST"), ("content-length", "+1")], False)
     + frame(DATA, END_STREAM, 1, b"a")),
    ("more data than declared", headers(1, [*request_fields("/a", method="POST"), ("content-length", "1")], False) +
     frame(DATA, END_STREAM, 1, b"a\r\n\r\nGET /smuggled HTTP/1.1")),
    ("less data than declared", headers(1, [*request_fields("/a", method="POST"), ("content-length", "10")], False) +
     frame(DATA, END_STREAM, 1, b"a")),
    ("declared data and none", headers(1, [*request_fields("/a", method="POST"), ("content-length", "10")])),
    ("pseudo field in trailers", headers(1, request_fields("/a", method="POST"), False) + frame(DATA, 0, 1, b"{}") +
     headers(1, [(":path", "/b")])),
    ("content-length in trailers", headers(1, request_fields("/a", method="POST"), False) +
     frame(DATA, 0, 1, b"{}") + headers(1, [("content-length", "9")])),
    ("continuation of another stream", frame(HEADERS, END_STREAM, 1, block(request_fields())) +
     frame(CONTINUATION, END_HEADERS, 3, block([("x", "1")]))),
    ("data before headers", frame(DATA, END_STREAM, 1, b"x")),
    ("half a header block", frame(HEADERS, END_HEADERS | END_STREAM, 1, block(request_fields())[:-3])),
]


class Downgrade(WireTest):
    """H7: an HTTP/2 client in front of an HTTP/1.1 origin (alpn: server-h1),
    where smuggling would be made."""
    settings = "alpn: server-h1"

    def open(self, host="chatgpt.com"):
        sock = open_tls(self, host, alpn=("h2",))
        self.assertEqual(sock.selected_alpn_protocol(), "h2")
        return H2(sock)

    def test_h7_a_good_request_becomes_one_request(self):
        self.origin.clear()
        h2 = self.open()
        h2.send(headers(1, [*request_fields("/a", method="POST"), ("content-type", "application/json")], False) +
                frame(DATA, END_STREAM, 1, b"{}"))
        self.assertEqual(h2.outcome(1), (200, b"", "end"))
        h2.close()
        upstream = b"".join(self.origin.requests).lower()
        self.assertTrue(upstream.startswith(b"post /a http/1.1\r\n"), upstream)
        self.assertEqual(upstream.count(b" http/1.1\r\n"), 1)
        self.assertTrue(upstream.endswith((b"\r\n\r\n{}", b"\r\n\r\n2\r\n{}\r\n0\r\n\r\n")), upstream)

    def test_h7_malformed_requests_are_refused_recorded_and_reach_nobody(self):
        def refused():
            return sum(a["activity"] == "connection.refused" and a["time"] >= begun
                       for a in self.gateway.activities("--since", "1h"))
        self.assertGreaterEqual(len(H2_AMBIGUOUS), 40)
        self.origin.clear()
        begun, logged = now(), self.gateway.log().count("event=request.refused")
        for what, data in H2_AMBIGUOUS:
            with self.subTest(what=what):
                h2 = self.open()
                h2.send(data)
                status, body, end = h2.outcome(1)
                h2.close()
                self.assertTrue(end in ("rst-1", "goaway-1", "goaway-9", "closed", "reset") or status in (400, 403, 421),
                                (status, body, end))
                self.assertNotEqual(status, 200)
        self.assertEqual(self.origin.requests, [])
        wait_for(lambda: refused() >= len(H2_AMBIGUOUS), 10, "a record for each")
        self.assertGreaterEqual(self.gateway.log().count("event=request.refused"), logged + len(H2_AMBIGUOUS))

    def test_f22_h5_a_coalesced_stream_for_another_host_is_refused_alone(self):
        self.origin.clear()
        h2 = self.open()
        h2.send(headers(1, request_fields("/evil", host="files.oaiusercontent.com")))
        status, body, end = h2.outcome(1)
        self.assertEqual((status, end), (421, "end"), body)
        h2.send(headers(3, request_fields("/good")))
        _, _, end = h2.outcome(3)
        self.assertEqual(end, "end")
        h2.close()
        upstream = b"".join(self.origin.requests)
        self.assertNotIn(b"/evil", upstream)
        self.assertEqual(upstream.count(b"GET /good HTTP/1.1\r\n"), 1)

    def test_h4_malformed_answers_reset_or_502_and_poison_nothing(self):
        for reason in ("te-and-cl", "cl-twice", "bare-lf", "obs-fold", "too-many-interims", "too-many-fields"):
            def answer(c, head, data=POISONED[reason]):
                c.sendall(data + POISON if b" /1 " in head else b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood")
            self.origin.answer = answer
            with self.subTest(reason=reason):
                h2 = self.open()
                h2.send(headers(1, request_fields("/1")))
                status, body, end = h2.outcome(1)
                if reason != "too-many-interims":
                    self.assertEqual((status, end), (502, "end"), body)
                self.assertNotIn(b"oison", body)
                h2.send(headers(3, request_fields("/2")))
                self.assertEqual(h2.outcome(3)[1:], (b"good", "end"))
                h2.close()
        self.origin.answer = lambda c, head: c.sendall(OK_EMPTY)


if __name__ == "__main__":
    unittest.main()
