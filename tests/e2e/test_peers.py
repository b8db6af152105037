"""F11, F24, F26, F33: clients and origins that vanish, dawdle or flood.  What
they cost is bounded, and others do not notice (../shared/facts/reliability.md, 4)."""
import json
import socket
import statistics
import threading
import time
import unittest
import uuid

from gateway import GatewayTest, wait_for
from wire import (CONTINUATION, DATA, ENHANCE_YOUR_CALM, GOAWAY, H2, HEADERS, PING, PRIORITY, RST, SETTINGS, WINDOW,
                  WireTest, block, frame, headers, open_tls, read_all, request_fields, reset)

HOST = b"Host: chatgpt.com\r\n"


def prompt_body():
    message = str(uuid.uuid4())
    return message, json.dumps(GatewayTest.prompt("hello") | {"messages": [
        {"id": message, "author": {"role": "user"},
         "content": {"content_type": "text", "parts": ["hello"]}}]}).encode()


def prompt_h1():
    message, body = prompt_body()
    return message, (b"POST /backend-api/conversation HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
                     b"Content-Length: %d\r\n\r\n" % len(body) + body)


def prompt_h2(stream=1):
    message, body = prompt_body()
    fields = request_fields("/backend-api/conversation", "chatgpt.com", "POST", ("content-type", "application/json"))
    return message, headers(stream, fields, False) + frame(DATA, 1, stream, body)


class SseOrigin:
    """Answers of RawOrigin: a stream of events that ends as told."""

    def __init__(self):
        SseOrigin.message = str(uuid.uuid4())
        self.gone = threading.Event()
        self.gone_at = None

    @staticmethod
    def begin(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")

    @staticmethod
    def event(connection, number):
        text = b'data: {"n": %d}\n\n' % number
        if number == 0:  # what the answer says, as far as it comes
            text += b"data: " + json.dumps({"message": {
                "id": SseOrigin.message, "author": {"role": "assistant"}, "status": "in_progress", "metadata": {},
                "content": {"content_type": "text", "parts": ["Half an ans"]}, "recipient": "all"},
                "conversation_id": "c-1", "error": None}).encode() + b"\n\n"
        connection.sendall(b"%x\r\n" % len(text) + text + b"\r\n")

    def reset_in_the_middle(self, connection, head):
        self.begin(connection)
        for number in range(5):
            self.event(connection, number)
        time.sleep(0.2)
        reset(connection)

    def never_end(self, connection, head):
        self.begin(connection)
        connection.settimeout(0.02)
        for number in range(2000):
            self.event(connection, number)
            try:
                if connection.recv(100) == b"":
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        self.gone_at = time.monotonic()
        self.gone.set()
        raise ConnectionError("the other end is gone")


class Vanishing(WireTest):
    settings = "alpn: server-h1"

    def test_f11_an_origins_reset_is_an_error_for_an_http1_client(self):
        self.origin.answer = SseOrigin().reset_in_the_middle
        message, request = prompt_h1()
        with open_tls(self) as sock:
            sock.sendall(request)
            raw, end = read_all(sock, 5)
        self.assertIn(b'"n": 4', raw)
        self.assertFalse(raw.endswith(b"0\r\n\r\n"), "a clean end")
        self.assertIn(end, ("closed", "reset"))
        self.assertEqual(self.activity(message)["verdict"], "allow")
        self.assertIs(self.activity(SseOrigin.message, "response.generated")["complete"], False)

    def test_f11_an_origins_reset_is_an_error_for_an_http2_client(self):
        self.origin.answer = SseOrigin().reset_in_the_middle
        message, request = prompt_h2()
        h2 = H2(open_tls(self, alpn=("h2",)))
        h2.send(request)
        status, body, end = h2.outcome(1)
        self.assertEqual(status, 200)
        self.assertIn(b'"n": 4', body)
        self.assertRegex(end, "^rst-[1-9]")
        # The connection lives on.
        self.origin.answer = lambda c, head: c.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        h2.send(headers(3, request_fields("/after")))
        self.assertEqual(h2.outcome(3)[2], "end")
        h2.close()
        self.assertEqual(self.activity(message)["verdict"], "allow")

    def vanish(self, start, leave):
        origin = SseOrigin()
        self.origin.answer = origin.never_end
        message = start()
        left = time.monotonic()
        leave()
        self.assertTrue(origin.gone.wait(5), "the origin goes on answering nobody")
        self.assertLess(origin.gone_at - left, 1.0)
        self.assertEqual(self.activity(message)["verdict"], "allow")
        self.assertIs(self.activity(SseOrigin.message, "response.generated")["complete"], False)

    def test_f26_a_client_that_vanishes_cancels_upstream_http1(self):
        state = {}

        def start():
            message, request = prompt_h1()
            state["sock"] = open_tls(self)
            state["sock"].sendall(request)
            got = b""
            while b"Half an ans" not in got:
                part = state["sock"].recv(4096)
                self.assertTrue(part, got)
                got += part
            return message
        self.vanish(start, lambda: reset(state["sock"]))
        state["sock"].close()

    def test_f26_a_client_that_vanishes_cancels_upstream_http2(self):
        for leave in (lambda h2: reset(h2.sock), lambda h2: h2.send(frame(RST, 0, 1, b"\0\0\0\x08"))):
            state = {}

            def start():
                message, request = prompt_h2()
                state["h2"] = H2(open_tls(self, alpn=("h2",)))
                state["h2"].send(request)
                self.assertTrue(state["h2"].read(lambda f: f[0] == DATA and b"Half an ans" in f[3]))
                return message
            self.vanish(start, lambda: leave(state["h2"]))


class Dawdling(GatewayTest):
    """F24: deadlines and caps, at small settings."""
    settings = ("timeouts: {head: 1000, body: 1000, handshake: 1000, stream: 1500, idle: 1000}\n"
                "clients: {max_per_address: 20}")
    SLACK = 1.0

    def lives(self, sock, drip=b"", every=0.1):
        """Seconds until the gateway closes, while a byte comes now and then."""
        self.addCleanup(sock.close)
        start = time.monotonic()
        sock.settimeout(every)
        while time.monotonic() - start < 8:
            try:
                if drip:
                    sock.sendall(drip)
                if not sock.recv(65536):
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        else:
            self.fail("still open after 8 s")
        return time.monotonic() - start

    def test_f24_slow_heads_are_cut_though_bytes_keep_coming(self):
        sock = socket.create_connection(("127.0.0.1", self.gateway.proxy_port))
        sock.sendall(b"CONNECT chatgpt.com:443 HTTP/1.1\r\nX: ")
        self.assertLess(self.lives(sock, b"a"), 1 + self.SLACK)
        with open_tls(self) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nX: ")
            self.assertLess(self.lives(sock, b"a"), 1 + self.SLACK)

    def test_f24_a_slow_head_behind_a_good_request_is_cut_too(self):
        with open_tls(self) as sock:
            sock.sendall(b"GET /status/200 HTTP/1.1\r\n" + HOST + b"\r\n")
            time.sleep(0.3)
            sock.sendall(b"GET / HTTP/1.1\r\nX: ")
            self.assertLess(self.lives(sock, b"a"), 2 + self.SLACK)

    def test_f24_d2_half_a_tls_hello_is_cut(self):
        sock, line = self.connect("chatgpt.com:443")
        self.assertIn(" 200", line)
        sock.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        self.assertLess(self.lives(sock, b"\0"), 1 + self.SLACK)

    def test_f24_a_body_that_stalls_is_answered_and_cut(self):
        with open_tls(self) as sock:
            sock.sendall(b"POST /backend-api/conversation HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
                         b"Content-Length: 1000\r\n\r\n{")
            start = time.monotonic()
            sock.settimeout(5)
            first = sock.recv(65536)
            self.assertLess(time.monotonic() - start, 1 + self.SLACK)
            self.assertRegex(first, rb"^HTTP/1.1 408 ")
            self.assertLess(self.lives(sock), 1 + self.SLACK)

    def test_f24_d2_a_client_that_does_not_read_is_cut(self):
        open_before = self.gateway.metrics()["promptgate_connections"]
        with open_tls(self) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.sendall(b"GET /download?bytes=100000000 HTTP/1.1\r\n" + HOST + b"\r\n")
            wait_for(lambda: self.gateway.metrics()["promptgate_connections"] > open_before, 3, "it to open")
            wait_for(lambda: self.gateway.metrics()["promptgate_connections"] <= open_before, 6, "the cut")
            raw, end = read_all(sock, 6)
        self.assertLess(len(raw), 100000000)
        self.assertIn(end, ("closed", "reset"))

    def test_f24_d4_one_address_has_its_cap_and_others_are_served(self):
        hoard = [socket.create_connection(("127.0.0.1", self.gateway.proxy_port)) for _ in range(120)]
        try:
            for sock in hoard:
                sock.sendall(b"GET /hea")
            start, times = time.monotonic(), []
            while time.monotonic() - start < 0.6:
                begin = time.monotonic()
                with socket.create_connection(("127.0.0.1", self.gateway.proxy_port), 2, ("127.0.0.9", 0)) as other:
                    other.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                    self.assertTrue(read_all(other, 2)[0].startswith(b"HTTP/1.1 200"))
                times.append(time.monotonic() - begin)
            refused = 0
            for sock in hoard:
                sock.settimeout(0.001)
                try:
                    refused += not sock.recv(1)
                except TimeoutError:
                    continue
                except OSError:
                    refused += 1
            # Two workers, twenty each.
            self.assertGreaterEqual(refused, 120 - 2 * 20)
            self.assertGreater(len(times), 5)
            self.assertIn("per-address-limit", self.gateway.log())
        finally:
            for sock in hoard:
                sock.close()
        wait_for(lambda: self.status("https://chatgpt.com/status/200") == 200, 2, "service afterwards")


class Neighbour(threading.Thread):
    """Another client, on a connection of its own, and what it waits."""

    def __init__(self, test):
        super().__init__(daemon=True)
        self.sock, self.times, self.ending = open_tls(test), [], threading.Event()

    def run(self):
        while not self.ending.is_set():
            start = time.monotonic()
            self.sock.sendall(b"GET /status/204 HTTP/1.1\r\n" + HOST + b"\r\n")
            if not self.sock.recv(65536).startswith(b"HTTP/1.1 204"):
                raise ConnectionError("no answer")
            self.times.append(time.monotonic() - start)
            self.ending.wait(0.005)

    def p95(self):
        """Since the last call."""
        times, self.times = self.times, []
        return statistics.quantiles(times, n=20)[18] if len(times) > 20 else None

    def calm(self):
        """The same from now on: while nobody floods."""
        self.p95()
        wait_for(lambda: len(self.times) > 100 or not self.is_alive(), what="the neighbour's answers")
        return self.p95()


ENOUGH = 20000
FLOODS = {
    "rapid reset": lambda i: headers(2 * i + 1, request_fields("/status/204")) + frame(RST, 0, 2 * i + 1, b"\0\0\0\x08"),
    "made you reset": lambda i: (headers(2 * i + 1, request_fields("/status/204", "chatgpt.com", "POST"), False) +
                                 frame(WINDOW, 0, 2 * i + 1, b"\0\0\0\0")),
    "settings": lambda i: frame(SETTINGS, 0, 0, b""),
    "ping": lambda i: frame(PING, 0, 0, b"12345678"),
    "empty data": lambda i: (headers(1, request_fields("/upload", "chatgpt.com", "POST"), False) if i == 0
                             else frame(DATA, 0, 1)),
    "priority": lambda i: frame(PRIORITY, 0, 2 * i + 1, b"\0\0\0\0\x10"),
    "continuation": lambda i: (frame(HEADERS, 1, 1, block(request_fields())) if i == 0
                               else frame(CONTINUATION, 0, 1, block([("x-%d" % i, "y" * 60)]))),
}


class Flooding(GatewayTest):
    def flood(self, make):
        """Frames until the gateway has had enough; (frames sent, GOAWAY code
        or None)."""
        h2 = H2(open_tls(self, alpn=("h2",)))
        sent = 0
        try:
            for sent in range(0, ENOUGH, 50):
                h2.send(b"".join(make(i) for i in range(sent, sent + 50)))
                if h2.read(lambda f: f[0] == GOAWAY, 0.001) or h2.end is not None:
                    break
        except OSError:
            h2.end = "reset"
        h2.read(lambda f: f[0] == GOAWAY, 2)
        last = [f for f in h2.frames if f[0] == GOAWAY]
        h2.close()
        self.assertTrue(last or h2.end, "never cut")
        return sent, int.from_bytes(last[-1][3][4:8], "big") if last else None

    def test_f33_d1_floods_are_cut_and_others_do_not_wait(self):
        neighbour = Neighbour(self)
        neighbour.start()
        quiet = neighbour.calm()
        malformed = self.gateway.metrics()["promptgate_requests_malformed_total"]
        try:
            for name, make in FLOODS.items():
                with self.subTest(flood=name):
                    begin = time.monotonic()
                    sent, code = self.flood(make)
                    self.assertLess(sent, ENOUGH - 50, "sent to the end")
                    self.assertIn(code, (ENHANCE_YOUR_CALM, 1, None))
                    while time.monotonic() - begin < 0.5 or len(neighbour.times) <= 20:
                        self.assertTrue(neighbour.is_alive(), "the neighbour was cut")
                        time.sleep(0.05)
                    waited = neighbour.p95()
                    if waited >= 0.05 + quiet:  # by the flood, or is the machine slower now?
                        quiet = max(quiet, neighbour.calm())
                    self.assertLess(waited, 0.05 + quiet)
        finally:
            neighbour.ending.set()
            neighbour.join(5)
            neighbour.sock.close()
        self.assertGreaterEqual(self.gateway.metrics()["promptgate_requests_malformed_total"],
                                malformed + len(FLOODS))
        self.assertEqual(self.status("https://chatgpt.com/status/200", "--http2"), 200)


if __name__ == "__main__":
    unittest.main()
