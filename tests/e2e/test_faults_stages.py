"""F11, F12, F16, F26, S2: peers that break off at each stage of an exchange, on
both versions; what the client sees, what is recorded, what the log says, and
that nothing is left over."""
import itertools
import json
import os
import signal
import socket
import time
import threading
import unittest

from faults import FEW, FaultTest, worker_of
from gateway import wait_for
from raw import read_head
from test_faults_origins import FILES, MIB, PASSES, h2_frames, put
from wire import (DATA, END_HEADERS, END_STREAM, GOAWAY, H2, HEADERS, PUSH, RST, SETTINGS, ACK, block, frame, headers, open_tls,
                  read_all, request_fields, reset)

ONE, TWO = "sora.chatgpt.com", "two.chatgpt.com"
OK = b"HTTP/1.1 200 OK\r\n"
SSE = b"Content-Type: text/event-stream\r\n"
CHUNKED = OK + SSE + b"Transfer-Encoding: chunked\r\n\r\n"


def event(status="in_progress"):
    message = {"id": "m-000000", "author": {"role": "assistant"}, "content": {"content_type": "text", "parts": ["Half an answer"]},
               "status": status, "recipient": "all", "metadata": {}}
    return b"data: " + json.dumps({"message": message, "conversation_id": "c-1", "error": None}).encode() + b"\n\n"


EVENT = event()
WHOLE = event("finished_successfully") + b"data: [DONE]\n\n"


def numbered(data, number):
    """The answer's message has an id of its own."""
    return data.replace(b"m-000000", b"m-%06d" % number)


def chunk(data):
    return b"%x\r\n" % len(data) + data + b"\r\n"


def read_request(sock):
    head, body = read_head(sock)
    length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    while len(body) < length:
        body += sock.recv(65536)


# What an HTTP/1 origin says before it breaks off: (what, bytes, status, is it whole).
ONE_STAGES = (
    ("before the head", b"", 502, False), ("in the status line", b"HTTP/1.1 2", 502, False),
    ("in the head", OK + b"X: 1\r\nContent-", 502, False), ("behind a 100", b"HTTP/1.1 100 Continue\r\n\r\n", 502, False),
    ("behind the head", CHUNKED, 200, False), ("in the body", CHUNKED + chunk(EVENT), 200, False),
    ("in a chunk", CHUNKED + b"%x\r\n" % (len(EVENT) + 9) + EVENT, 200, False),
    ("in the trailers", CHUNKED + chunk(EVENT) + b"0\r\nX: 1", 200, False),
    ("in a body that only the close would end", OK + SSE + b"\r\n" + EVENT, 200, False),
    ("behind all of it", CHUNKED + chunk(WHOLE) + b"0\r\nX-T: 1\r\n\r\n", 200, True),
    ("with a length that is too long", OK + SSE + b"Content-Length: %d\r\n\r\n" % (len(EVENT) + 5) + EVENT, 200, False),
)


def head(stream, *more, status=b"\x88", end=False):
    return frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), stream,
                 status + block([("content-type", "text/event-stream"), *more]))


def ended(code):
    return lambda st: frame(RST, 0, st, code.to_bytes(4, "big"))


def begun(st):
    return head(st) + frame(DATA, 0, st, EVENT)


def interim(st, end=0):
    return frame(HEADERS, END_HEADERS | end, st, block([(":status", "103"), ("link", "</a>")]))


def length(value):
    return ("content-length", str(value))


# The same of an HTTP/2 origin, the connection stays unless it is a reset one.
TWO_STAGES = (
    ("RST_STREAM before the head", ended(2), 502, False), ("NO_ERROR before the head", ended(0), 502, False),
    ("REFUSED_STREAM, always", ended(7), 502, False),
    ("RST_STREAM at once behind data", lambda st: begun(st) + ended(2)(st), 200, False),
    ("NO_ERROR in the body", lambda st: begun(st) + ended(0)(st), 200, False),
    ("CANCEL in the body", lambda st: begun(st) + ended(8)(st), 200, False),
    ("NO_ERROR behind all of it", lambda st: head(st) + frame(DATA, 1, st, WHOLE) + ended(0)(st), 200, True),
    ("PUSH_PROMISE", lambda st: frame(PUSH, END_HEADERS, st, b"\0\0\0\2" + block(request_fields("/p", TWO))) + begun(st), 502, False),
    ("a head of a stream that nobody opened", lambda st: head(2) + begun(st), 502, False),
    ("interim answers", lambda st: interim(st) * 3 + head(st) + frame(DATA, 1, st, WHOLE), 200, True),
    ("interim answers without end", lambda st: interim(st) * 5000 + begun(st), 502, False),
    ("an interim answer that ends it", lambda st: interim(st, END_STREAM), 502, False),
    ("two heads", lambda st: begun(st) + head(st) + frame(DATA, 1, st, EVENT), 200, False),
    ("data before a head", lambda st: frame(DATA, 1, st, EVENT), 502, False),
    ("trailers", lambda st: head(st) + frame(DATA, 0, st, WHOLE) + frame(HEADERS, END_HEADERS | 1, st, block([("x-t", "1")])), 200, True),
    ("trailers with a status", lambda st: begun(st) + head(st, end=True), 200, False),
    ("two lengths", lambda st: head(st, length(len(EVENT)), length(5)) + frame(DATA, 1, st, EVENT), 502, False),
    ("a length that is too long", lambda st: head(st, length(len(EVENT) + 5)) + frame(DATA, 1, st, EVENT), 200, False),
    ("a length that is too short", lambda st: head(st, length(len(EVENT) - 5)) + frame(DATA, 1, st, EVENT), 200, False),
    ("a length and no data", lambda st: head(st, length(5), end=True), 502, False),
    ("GOAWAY below the stream", lambda st: frame(GOAWAY, 0, 0, bytes(8)), 502, False),
    ("GOAWAY below the stream, in the body", lambda st: begun(st) + frame(GOAWAY, 0, 0, bytes(8)), 200, False),
    ("GOAWAY, then the rest", lambda st: begun(st) + frame(GOAWAY, 0, 0, st.to_bytes(4, "big") + bytes(4)) + frame(DATA, 1, st, WHOLE), 200, True),
    ("a window that closes and opens", lambda st: frame(SETTINGS, 0, 0, b"\0\4\0\0\0\0") + frame(SETTINGS, 0, 0, b"\0\4\0\1\0\0") + head(st) +
     frame(DATA, 1, st, WHOLE), 200, True),
)


class Breaking(FaultTest):
    settings = FEW + "timeouts: {dial: 1500, handshake: 1500, body: 5000}"
    origins = {ONE: {"tls": True}, TWO: {"tls": True, "alpn": ("h2",)}, FILES: {"tls": True}}

    numbers = itertools.count(1)

    def ask(self, host):
        """(message id, status, body, does it end well) of a prompt."""
        prompt = self.prompt("hello")
        message, body = prompt["messages"][0]["id"], json.dumps(prompt).encode()
        if host == TWO:
            h2 = H2(open_tls(self, host, alpn=("h2",)))
            h2.send(headers(1, [*request_fields("/backend-api/conversation", host, "POST"), ("content-type", "application/json")],
                            False) + frame(DATA, END_STREAM, 1, body))
            h2.outcome(1, 8)
            statuses = [f[3] for f in h2.frames if f[0] == HEADERS and f[2] == 1]
            _, answer, end = h2.outcome(1, 0)
            h2.close()
            status = 502 if b"promptgate_error" in answer else 200 if statuses else None
            return message, status, answer, end == "end"
        with open_tls(self, host) as sock:
            sock.sendall(b"POST /backend-api/conversation HTTP/1.1\r\nHost: " + host.encode() + b"\r\nConnection: close\r\n"
                         b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            raw, end = read_all(sock, 8)
        self.assertNotEqual(end, "open")
        finals = [line for line in raw.split(b"\r\n") if line.startswith(b"HTTP/1.1 ") and not line.startswith(b"HTTP/1.1 1")]
        status = int(finals[0].split()[1])
        return message, status, raw, status == 502 or b"\r\n0\r\n" in raw

    def check(self, what, host, status, is_whole):
        self.number, logged = next(self.numbers), len(self.gateway.log())
        message, got, answer, ends_well = self.ask(host)
        with self.subTest(what):
            self.assertEqual(got, status)
            self.assertEqual(ends_well, is_whole or status == 502, answer[-200:])
            self.assertEqual(self.activity(message)["outcome"], "failure" if status == 502 else "success")
            if status == 200 and b"data: " in answer:
                made = wait_for(lambda: [a for a in self.gateway.activities("--since", "1h") if a.get("outcome") and
                                         a.get("message_id") == "m-%06d" % self.number],
                                what="the answer's record")
                self.assertEqual([a["complete"] for a in made], [is_whole])
            told = [line for line in self.gateway.log()[logged:].splitlines()
                    if f"host={host}" in line and ("event=response." in line or "event=origin." in line)]
            self.assertEqual(len(told), 0 if is_whole else 1, told)

    def test_f11_s2_an_http1_origin_that_resets_at_any_stage(self):
        for what, said, status, is_whole in ONE_STAGES:
            def serve(sock):
                read_request(sock)
                sock.sendall(numbered(said, self.number))
                time.sleep(0.1)
                reset(sock)
            self.play(ONE, serve)
            self.check(what, ONE, status, is_whole)

    def test_f11_s2_an_http2_origin_that_breaks_off_at_any_stage(self):
        for what, said, status, is_whole in TWO_STAGES:
            def serve(sock):
                sock.sendall(frame(SETTINGS))
                for kind, flags, stream, _ in h2_frames(sock):
                    if kind == SETTINGS and not flags & ACK:
                        sock.sendall(frame(SETTINGS, ACK))
                    if kind == DATA and flags & END_STREAM:
                        sock.sendall(numbered(said(stream), self.number))
            self.play(TWO, serve)
            self.check(what, TWO, status, is_whole)

    def test_f11_s2_an_http2_origins_connection_breaks(self):
        for what, said, status in (("before the head", b"", 502), ("in the head", head(1)[:12], 502),
                                   ("behind the head", head(1), 200), ("in the body", begun(1), 200),
                                   ("in a frame", begun(1) + frame(DATA, 0, 1, EVENT)[:20], 200)):
            for leave in (reset, lambda sock: socket.socket.shutdown(sock, socket.SHUT_WR)):
                def serve(sock):
                    sock.sendall(frame(SETTINGS))
                    for kind, flags, _, _ in h2_frames(sock):
                        if kind == DATA and flags & END_STREAM:
                            sock.sendall(numbered(said, self.number))
                            time.sleep(0.1)
                            leave(sock)
                            return
                self.play(TWO, serve)
                self.check(what, TWO, status, False)

    def test_f16_an_answer_is_delivered_though_its_connection_is_reset_behind_it(self):
        """The worker finds both at once: more to send, and that nothing can be sent any more."""
        answer = b"HTTP/1.1 413 Payload Too Large\r\nContent-Length: 9\r\nConnection: close\r\n\r\ntoo large"
        going, gone, reading = threading.Event(), threading.Event(), threading.Event()

        def serve(sock):
            read_head(sock)
            sock.settimeout(0.05)
            got = 0
            while not going.is_set():
                try:
                    got += len(sock.recv(65536))
                except TimeoutError:
                    if got >= PASSES - MIB:
                        reading.set()
            sock.sendall(answer)
            reset(sock)
            gone.set()
        self.play(FILES, serve)
        with open_tls(self, FILES) as sock:
            worker = worker_of(self.gateway, sock)
            sock.sendall(put(64 * MIB) + bytes(PASSES))
            self.assertTrue(reading.wait(60), "what passes has come")
            os.kill(worker, signal.SIGSTOP)
            try:
                sock.sendall(bytes(65536))
                going.set()
                self.assertTrue(gone.wait(10))
            finally:
                os.kill(worker, signal.SIGCONT)
            raw, _ = read_all(sock, 3)
        self.assertTrue(raw.startswith(b"HTTP/1.1 413 ") and raw.endswith(b"too large"), raw)


class Leaving(FaultTest):
    """F26: what a client sent whole is recorded once; what it did not, nowhere and nobody has it."""
    settings = FEW + "timeouts: {body: 5000}"

    def h1(self, n, body, path="/backend-api/conversation?delay=30"):
        sock = open_tls(self)
        head = (f"POST {path} HTTP/1.1\r\nHost: chatgpt.com\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n").encode()
        sock.sendall((head + body)[:n if n <= 0 or n > 99 else len(head) + n])
        return sock

    def h2(self, n, body, last=b""):
        h2 = H2(open_tls(self, alpn=("h2",)))
        h2.send(headers(1, [*request_fields("/backend-api/conversation?delay=30", "chatgpt.com", "POST"),
                            ("content-type", "application/json")], False) +
                frame(DATA, END_STREAM if n == len(body) else 0, 1, body[:n]) + last)
        return h2.sock

    def test_f26_a_client_that_leaves_at_any_stage_leaves_nothing_over(self):
        connect = b"CONNECT chatgpt.com:443 HTTP/1.1\r\nHost: chatgpt.com:443\r\n\r\n"

        def plain(data):
            sock = socket.create_connection(("127.0.0.1", self.gateway.proxy_port))
            sock.sendall(data)
            return sock
        stages = {
            "in CONNECT": lambda body: plain(connect[:20]), "behind CONNECT": lambda body: plain(connect),
            "in the hello": lambda body: plain(connect + b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
            "behind the handshake": lambda body: open_tls(self), "in the body": lambda body: self.h1(50, body),
            "behind the request": lambda body: self.h1(1 << 20, body), "HTTP/2, behind the head": lambda body: self.h2(0, body),
            "HTTP/2, in the body": lambda body: self.h2(50, body),
            "HTTP/2, a reset of the stream": lambda body: self.h2(50, body, frame(RST, 0, 1, b"\0\0\0\x08")),
            "HTTP/2, behind the request": lambda body: self.h2(len(body), body),
        }
        for leave in (reset, socket.socket.close):
            for what, begin in stages.items():
                prompt = self.prompt("hello " + what)
                message = prompt["messages"][0]["id"]
                with self.subTest(what, leave=leave.__name__):
                    sock = begin(json.dumps(prompt).encode())
                    if "behind the request" in what:
                        wait_for(lambda: message in str(self.standin.seen()), what="the prompt upstream")
                    else:
                        wait_for(lambda: self.gateway.metrics()["promptgate_connections"] == 1, what="its connection")
                    leave(sock)
                    wait_for(lambda: self.gateway.metrics()["promptgate_connections"] == 0, what="its end")
                    sock.close()
                if "behind the request" in what:
                    self.activity(message)
                told = [a for a in self.gateway.activities("--since", "1h") if a.get("message_id") == message]
                self.assertEqual(len(told), int("behind the request" in what), what)
                self.assertEqual(message in str(self.standin.seen()), "behind the request" in what, what)


if __name__ == "__main__":
    unittest.main()
