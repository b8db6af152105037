"""F31: one secret in pieces of a byte, in every framing and both ways.  What leaves
does not leave; what comes down is found, though every byte of it has passed."""
import json
import time
import unittest

from exchanges import add, append, delta, document
from faults import FaultTest
from gateway import CARD, wait_for
from raw import read_head, tls_through
from test_websockets import CODEX, turn
from websocket import TEXT, Stream, Upgraded, accept, frame as ws_frame, websockets_over_h2
from wire import ACK, DATA, END_HEADERS, END_STREAM, H2, HEADERS, SETTINGS, frame, headers, open_tls, request_fields

H1_HOST, H2_HOST = "one.chatgpt.com", "two.chatgpt.com"
HIDDEN = "pay " + CARD


def bytes_of(data):
    return (data[i:i + 1] for i in range(len(data)))


def by_byte(send, data):
    """Each in a TLS record of its own."""
    for byte in bytes_of(data):
        send(byte)


class Framing(FaultTest):
    origins = {H1_HOST: {"tls": True}, H2_HOST: {"tls": True, "alpn": ("h2",)}}

    def findings(self, name, check):
        """Kinds found by an activity of that name, once it has ended."""
        def look():
            return [a for a in self.gateway.activities("--since", "1h") if a["activity"] == name and check(a) and
                    a.get("outcome")]
        return {f["type"] for a in wait_for(look, what=name) for f in a.get("findings", [])}

    # ---- up ----

    def body(self):
        body = self.prompt(HIDDEN)
        return body["messages"][0]["id"], json.dumps(body).encode()

    def blocked(self, message):
        self.assertIn("credit-card", self.findings("prompt.created", lambda a: a.get("message_id") == message and
                                                   a["verdict"] == "block"))

    def test_f31_chunks_of_a_byte_in_records_of_a_byte_are_joined(self):
        before = len(self.standin.seen())
        message, body = self.body()
        with open_tls(self) as sock:
            by_byte(sock.send, b"POST /backend-api/conversation HTTP/1.1\r\nHost: chatgpt.com\r\nContent-Type: application/json\r\n"
                    b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(b"1\r\n" + c + b"\r\n" for c in bytes_of(body)) + b"0\r\n\r\n")
            self.assertRegex(sock.recv(100), rb"^HTTP/1.1 (200|403) ")
        self.blocked(message)
        self.assertEqual(len(self.standin.seen()), before)

    def socket_is_closed(self, ws):
        """The turn in fragments of a byte goes to nobody; the socket ends with 1008."""
        before = len(self.standin.seen())
        data = turn(HIDDEN).encode()
        by_byte(ws.sendall, b"".join(ws_frame(c, 0 if i else TEXT, i == len(data) - 1) for i, c in enumerate(bytes_of(data))))
        while not isinstance(ws.read(), tuple):
            pass
        self.assertEqual(ws.closed[0], 1008)
        self.assertNotIn(CARD, json.dumps(self.standin.seen()[before:]))

    def test_f31_fragments_of_a_byte_of_a_websocket_are_joined(self):
        with Upgraded(self.gateway, CODEX) as ws:
            self.assertEqual(ws.status, 101)
            self.socket_is_closed(ws)

    def test_f31_fragments_of_a_byte_in_data_frames_of_a_byte_are_joined(self):
        h2 = websockets_over_h2(self)
        self.addCleanup(h2.close)
        ws = Stream(h2, 1, CODEX)
        self.assertEqual(ws.status, 200)
        self.socket_is_closed(ws)

    # ---- down ----

    def answer(self):
        """(id, an answer whose words come by one character an event)"""
        ident = f"down-{time.monotonic_ns()}"
        text = delta(add(document(ident, parent="u", conversation="c31", channel="final")), *(append(c) for c in HIDDEN),
                     {"p": "", "o": "patch", "v": [{"p": "/message/status", "o": "replace", "v": "finished_successfully"},
                                                   {"p": "/message/end_turn", "o": "replace", "v": True}]}, conversation="c31")
        return ident, text.encode() if isinstance(text, str) else text

    def found_below(self, ident):
        self.assertIn("credit-card", self.findings("response.generated", lambda a: a.get("message_id") == ident))

    def test_f31_events_of_a_character_in_chunks_of_a_byte_are_joined(self):
        ident, body = self.answer()

        def serve(sock):
            read_head(sock)
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
            by_byte(sock.send, b"".join(b"1\r\n" + c + b"\r\n" for c in bytes_of(body)) + b"0\r\n\r\n")
        self.play(H1_HOST, serve)
        with tls_through(self.gateway, H1_HOST) as sock:
            ask = json.dumps(self.prompt("hello")).encode()
            sock.sendall(b"POST /backend-api/conversation HTTP/1.1\r\nHost: " + H1_HOST.encode() + b"\r\nContent-Type: "
                         b"application/json\r\nContent-Length: %d\r\n\r\n" % len(ask) + ask)
            while sock.recv(65536)[-5:] != b"0\r\n\r\n":
                pass
        self.found_below(ident)

    def test_f31_events_of_a_character_in_data_frames_of_a_byte_are_joined(self):
        ident, body = self.answer()

        def serve(sock):
            sock.sendall(frame(SETTINGS))
            data = b""
            while b'"hello"' not in data:
                data += sock.recv(65536)
            kind = b"\x0f\x10" + bytes([17]) + b"text/event-stream"  # content-type, not indexed
            sock.sendall(frame(SETTINGS, ACK) + frame(HEADERS, END_HEADERS, 1, b"\x88" + kind) + b"".join(
                frame(DATA, 0, 1, c) for c in bytes_of(body)) + frame(DATA, END_STREAM, 1))
            sock.recv(1)
        self.play(H2_HOST, serve)
        h2 = H2(open_tls(self, H2_HOST, alpn=("h2",)))
        self.addCleanup(h2.close)
        h2.send(headers(1, [*request_fields("/backend-api/conversation", H2_HOST, "POST"), ("content-type", "application/json")],
                        False) + frame(DATA, END_STREAM, 1, json.dumps(self.prompt("hello")).encode()))
        self.assertEqual(h2.outcome(1, 20), (200, body, "end"))
        self.found_below(ident)

    def test_f31_events_of_a_character_in_fragments_of_a_byte_are_joined(self):
        ident = f"resp_{time.monotonic_ns()}"

        def event(kind, **more):
            return json.dumps({"type": kind, **more}).encode()
        pieces = [event("response.output_text.delta", item_id="m1", output_index=0, content_index=0, delta=c) for c in HIDDEN]
        messages = [event("response.created", response={"id": ident, "status": "in_progress"}), *pieces,
                    event("response.completed", response={"id": ident, "status": "completed", "output": []})]

        def serve(sock):
            accept(sock)
            sock.recv(65536)
            for message in messages:
                sock.sendall(b"".join(ws_frame(c, 0 if i else TEXT, i == len(message) - 1, mask=False)
                                      for i, c in enumerate(bytes_of(message))))
            sock.recv(1)
        self.play(H1_HOST, serve)
        with Upgraded(self.gateway, CODEX, H1_HOST) as ws:
            self.assertEqual(ws.status, 101)
            ws.send(turn("hello"))
            self.assertEqual(len(ws.read_until("response.completed")), len(messages))
        self.assertIn("credit-card", self.findings("response.generated", lambda a: ident in json.dumps(a)))


if __name__ == "__main__":
    unittest.main()
