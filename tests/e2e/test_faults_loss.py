"""F54: the gateway between a client and an origin that are both behind a bad network (lossy.py)."""
import json
import os
import socket
import ssl
import statistics
import threading
import time
import unittest

from faults import FEW, POLICY
from gateway import CARD, Gateway, GatewayTest, certs
from lossy import FAR, NEAR, Network
from raw import read_head, read_response

DELAY_S, LOSE_EACH = 0.01, 100  # a round trip of 20 ms and one in a hundred lost, both on each side
BYTES, ROUNDS = 3_000_000, 5
HOST, UPLOADS = "sora.chatgpt.com", "files.oaiusercontent.com"


class Relay:
    """A plain TCP relay in the gateway's place: what the network itself allows."""

    def __init__(self, to):
        self.to = to
        self.listener = socket.create_server((NEAR, 0), backlog=16)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                a, _ = self.listener.accept()
            except OSError:
                return
            b = socket.create_connection(self.to)
            for s in (a, b):
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for pair in ((a, b), (b, a)):
                threading.Thread(target=self.pump, args=pair, daemon=True).start()

    @staticmethod
    def pump(source, target):
        try:
            while part := source.recv(65536):
                target.sendall(part)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def stop(self):
        self.listener.close()


class FarOrigin:
    """In the far namespace: GET gives BYTES, anything else is read and answered."""

    def __init__(self, network):
        self.listener = network.far(lambda: socket.create_server((FAR, 0), backlog=64))
        self.port = self.listener.getsockname()[1]
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certs() / "good.pem", certs() / "good.key")
        self.bodies = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(s,), daemon=True).start()

    def serve(self, plain):
        try:
            with self.context.wrap_socket(plain, server_side=True) as s:
                self.answer(s)
        except OSError:
            pass

    def answer(self, s):
        while True:
            head, body = read_head(s)
            if not head:
                return
            size = [int(f.split(b":")[1]) for f in head.lower().split(b"\r\n") if f.startswith(b"content-length")]
            while size and len(body) < size[0]:
                body += s.recv(65536)
            self.bodies.append(body)
            answer = b"x" * BYTES if head.startswith(b"GET") else b"taken"
            s.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n"
                      % len(answer) + answer)

    def stop(self):
        self.listener.close()


@unittest.skipUnless(os.geteuid() == 0, "makes network namespaces")
class Loss(GatewayTest):
    # Large files go on in slices, as those above 8 MiB do by default; a body that is held takes the time of both ways.
    settings = FEW + "hold: {max_bytes: 65536}\nclients: {allow: [127.0.0.0/8, 10.99.0.0/24]}\n"
    policy = POLICY

    @classmethod
    def setUpClass(cls):
        cls.network = Network(DELAY_S, LOSE_EACH)
        cls.addClassCleanup(cls.network.close)
        cls.origin = FarOrigin(cls.network)
        cls.addClassCleanup(cls.origin.stop)
        super().setUpClass()
        # On the side of the clients, too, once its ports are known.
        g = cls.gateway
        g.settings += (f'listen: {{proxy: ["127.0.0.1:{g.proxy_port}", "{NEAR}:{g.proxy_port}"], '
                       f'console: "127.0.0.1:{g.console_port}", metrics: "127.0.0.1:{g.metrics_port}"}}\n')
        g.resolve[f"{HOST}:443"] = g.resolve[f"{UPLOADS}:443"] = f"{FAR}:{cls.origin.port}"
        g.stop()
        g.write_config(g.settings)
        g.start()
        cls.relay = Relay((FAR, cls.origin.port))
        cls.addClassCleanup(cls.relay.stop)

    def open(self, port, through_gateway, host=HOST):
        s = self.network.far(lambda: socket.create_connection((NEAR, port), 60))
        if through_gateway:
            s.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
            self.assertIn(b" 200 ", read_head(s)[0])
        context = ssl.create_default_context(cafile=str(self.gateway.ca if through_gateway else certs() / "root.pem"))
        tls = context.wrap_socket(s, server_hostname=host)
        self.addCleanup(tls.close)
        return tls

    def seconds(self, s, request):
        """One exchange on a connection that stands, with the same packets lost for each."""
        self.network.begin()
        start = time.monotonic()
        s.sendall(request)
        head, body = read_response(s)
        took = time.monotonic() - start
        self.assertIn(b" 200 ", head)
        return took, body

    def compare(self, request, answer, host=HOST):
        """Medians of (relay, gateway), in turn."""
        times = ([], [])
        ends = (self.open(self.relay.port, False, host), self.open(self.gateway.proxy_port, True, host))
        for _ in range(ROUNDS):
            for s, took in zip(ends, times):
                seconds, body = self.seconds(s, request)
                self.assertEqual(body, answer)
                took.append(seconds)
        return tuple(map(statistics.median, times))

    def test_f54_a_download_takes_at_most_twice_a_plain_relays_time(self):
        lost = self.network.lost
        relay, gateway = self.compare(f"GET /big HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode(), b"x" * BYTES)
        self.assertGreater(self.network.lost - lost, 20, "the network loses nothing")
        self.assertLessEqual(gateway, 2 * relay)

    def test_f54_an_upload_takes_at_most_twice_a_plain_relays_time(self):
        body = os.urandom(BYTES)
        head = f"PUT /file-abc/raw HTTP/1.1\r\nHost: {UPLOADS}\r\nContent-Type: application/octet-stream\r\nContent-Length: {BYTES}\r\n\r\n"
        relay, gateway = self.compare(head.encode() + body, b"taken", UPLOADS)
        self.assertLessEqual(gateway, 2 * relay)
        self.assertEqual(self.origin.bodies[-1], body)

    def test_f54_prompts_are_judged_and_recorded_once_behind_a_bad_network(self):
        s = self.open(self.gateway.proxy_port, True)
        ids = []
        for number in range(6):
            body = self.prompt(f"number {number} {'x' * 3000} {CARD if number % 2 else ''}")
            ids.append(body["messages"][0]["id"])
            data = json.dumps(body).encode()
            s.sendall(f"POST /backend-api/conversation HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\n"
                      f"Content-Length: {len(data)}\r\n\r\n".encode() + data)
            head, answer = read_response(s)
            self.assertEqual(b"taken" in answer, number % 2 == 0, head)
            if number % 2:
                s = self.open(self.gateway.proxy_port, True)
        found = [self.activity(message) for message in ids]
        self.assertEqual([a["verdict"] for a in found], ["allow", "block"] * 3)
        self.assertFalse([body for body in self.origin.bodies if CARD.encode() in body])


if __name__ == "__main__":
    unittest.main()
