"""WebSockets: refused where no map allows them, else relayed with
back-pressure and recorded; their frames are not read so far."""
import base64
import hashlib
import json
import os
import time
import unittest
import uuid

from gateway import GatewayTest, wait_for
from raw import read_head, read_response, tls_through
from test_http import Scripted


def frame(text, opcode=1):
    data, mask = text.encode(), os.urandom(4)
    return bytes([0x80 | opcode, 0x80 | len(data)]) + mask + bytes(c ^ mask[i % 4] for i, c in enumerate(data))


def upgrade(path, host="chatgpt.com"):
    key = base64.b64encode(uuid.uuid4().bytes).decode()
    accept = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
    return (f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n").encode(), base64.b64encode(accept)


class WebSockets(GatewayTest):
    standin_args = ("--h1",)

    def test_one_that_no_map_allows_is_refused_and_recorded(self):
        request, _ = upgrade("/backend-api/somewhere")
        with tls_through(self.gateway) as s:
            s.sendall(request)
            self.assertIn(b" 403 ", read_response(s)[0].split(b"\r\n")[0])
        wait_for(lambda: [a for a in self.gateway.activities() if "websocket-not-allowed" in json.dumps(a)], 5,
                 "the record")

    def test_an_allowed_one_is_relayed_and_its_query_is_not_stored(self):
        request, accept = upgrade("/ws/user/user-ana?secret=token")
        with tls_through(self.gateway) as s:
            s.sendall(request)
            head, rest = read_head(s)
            self.assertIn(b" 101 ", head.split(b"\r\n")[0])
            self.assertIn(accept, head)
            for text in ("hello", "Grüße", "x" * 100):
                s.sendall(frame(text))
                want = len(text.encode()) + 2
                while len(rest) < want:
                    rest += s.recv(4096)
                self.assertEqual(rest[2:want].decode(), text)
                rest = rest[want:]
        self.assertNotIn("secret", json.dumps(self.gateway.activities()))

    def test_a_declined_upgrade_is_an_ordinary_answer(self):
        with tls_through(self.gateway) as s:
            s.sendall(upgrade("/backend-api/celsius/ws/user")[0].replace(b"Upgrade: websocket", b"Upgrade: h2c"))
            head, _ = read_response(s)
            self.assertNotIn(b" 101 ", head)


class WebSocketPressure(Scripted):
    def test_a_reader_that_stops_stops_the_writer(self):
        """Both ways: what nobody reads is not piled up in the gateway."""
        request, _ = upgrade("/ws/user/user-ana", "sora.chatgpt.com")
        total = 0

        def script(s):
            read_head(s)
            s.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
            time.sleep(3)
            nonlocal total
            while part := s.recv(65536):
                total += len(part)
                s.sendall(part)
        self.play(script)
        with self.tls() as s:
            s.sendall(request)
            read_head(s)
            s.settimeout(1)
            sent, block = 0, b"z" * 65536
            try:
                while sent < 64 << 20:
                    s.sendall(block)
                    sent += len(block)
            except TimeoutError:
                pass
            self.assertLess(sent, 48 << 20, "the gateway took all of it")
            self.assertGreater(sent, 0)
        wait_for(lambda: total > 0, 10, "the bytes go on when the origin reads")

    def test_many_small_frames_arrive_in_order(self):
        request, _ = upgrade("/ws/user/user-ana", "sora.chatgpt.com")

        def script(s):
            read_head(s)
            s.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
                      b"early")
            while part := s.recv(65536):
                s.sendall(part)
        self.play(script)
        with self.tls() as s:
            s.sendall(request)
            _, got = read_head(s)
            want = b"early"
            for i in range(3000):
                part = frame(f"frame {i}")
                s.sendall(part)
                want += part
            while len(got) < len(want):
                part = s.recv(65536)
                self.assertTrue(part)
                got += part
        self.assertEqual(got, want)


if __name__ == "__main__":
    unittest.main()
