"""F19, F20, F44: name servers that fail or lie, workers that get no time."""
import contextlib
import os
import signal
import socket
import threading
import time
import unittest

from faults import FEW, FaultTest
from gateway import certs, wait_for
from load import Client, Load
from raw import Dns, Origin

A, CNAME = 1, 5
SERVFAIL, TRUNCATED = 2, 0x0200


class OddDns(Dns):
    """servfail.test, cut.test (truncated, and no answer by TCP either), long.test
    (whole by TCP), late.test (30 s later), many.test (200 addresses), loop.test
    and its CNAME, rebound.test: public when asked first."""

    def __init__(self, names, silent=()):
        super().__init__(names, silent)
        self.rebound, self.by_tcp = 0, []
        self.tcp = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._serve_tcp, daemon=True).start()

    def _serve_tcp(self):
        while True:
            try:
                sock, _ = self.tcp.accept()
            except OSError:
                return
            threading.Thread(target=self._answer_tcp, args=(sock,), daemon=True).start()

    def _answer_tcp(self, sock):
        """One question after the other; both of a name may come on one connection."""
        with sock, sock.makefile("rb") as stream, contextlib.suppress(OSError):
            while len(head := stream.read(2)) == 2:
                data = stream.read(int.from_bytes(head, "big"))
                self.by_tcp.append(data)
                if b"\4long" not in data:
                    return
                answer = super()._answer(data)
                sock.sendall(len(answer).to_bytes(2, "big") + answer)

    def _run(self):
        while True:
            try:
                data, peer = self.socket.recvfrom(4096)
            except OSError:
                return
            timer = threading.Timer(30 if b"\4late" in data else 0, self._send, (self._answer(data), peer))
            timer.daemon = True
            timer.start()

    def _send(self, answer, peer):
        with contextlib.suppress(OSError):  # stopped meanwhile
            if answer:
                self.socket.sendto(answer, peer)

    def stop(self):
        super().stop()
        self.tcp.close()

    def _answer(self, data):
        at = data.index(b"\0", 12)
        name = data[13:at].split(b"\4test")[0]
        question, kind = data[12:at + 5], int.from_bytes(data[at + 1:at + 3], "big")

        def reply(flags, *records):
            return (data[:2] + (0x8180 | flags).to_bytes(2, "big") + b"\0\1" + len(records).to_bytes(2, "big") + bytes(4) +
                    question + b"".join(records))

        def record(of, body, ttl=0):
            return (b"\xc0\x0c" + of.to_bytes(2, "big") + b"\0\1" + ttl.to_bytes(4, "big") +
                    len(body).to_bytes(2, "big") + body)
        if name == b"servfail":
            return reply(SERVFAIL)
        if name in (b"cut", b"long"):
            return reply(TRUNCATED)
        if name == b"many" and kind == A:
            return reply(0, *(record(A, bytes([127, 0, 1, i])) for i in range(200)))
        if name == b"loop":
            return reply(0, record(CNAME, b"\4loop\4test\0"))
        if name == b"rebound" and kind == A:
            self.rebound += 1
            return reply(0, record(A, bytes([203, 0, 113, 1]) if self.rebound == 1 else bytes([127, 0, 0, 1])))
        return super()._answer(data)


class Names(FaultTest):
    @classmethod
    def own_origins(cls):
        super().own_origins()
        cls.dns = OddDns({"late.test": ["127.0.1.1"], "long.test": ["127.0.1.1"]}, [("never.test", socket.AF_INET), ("never.test", socket.AF_INET6)])
        cls.inner = Origin(lambda s: s.recv(100))
        cls.settings = FEW + (
            f'upstream: {{resolve: {{"chatgpt.com:443": "127.0.0.1:{cls.standin.port}"}}, extra_roots: [{certs()}/root.pem], '
            f'dns_servers: ["127.0.0.1:{cls.dns.port}"], allow_private: ["127.0.1.0/24"], '
            f'ports: [443, {cls.inner.port}]}}\ntimeouts: {{dial: 3000}}')
        return {}

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.dns.stop()
        cls.inner.stop()

    def code(self, target):
        sock, status = self.connect(target)
        sock.close()
        return int(status.split()[1])

    def test_f19_bad_answers_of_name_servers_end_in_time_and_hold_nobody_up(self):
        longest, ending = [], threading.Event()

        def others():
            while not ending.wait(0.02):
                begin = time.monotonic()
                with socket.create_connection(("127.0.0.1", self.gateway.proxy_port), 5) as sock:
                    sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                    sock.recv(100)
                longest.append(time.monotonic() - begin)
        thread = threading.Thread(target=others)
        thread.start()
        try:
            for name in ("servfail", "cut", "loop", "never", "late", "many"):
                begin = time.monotonic()
                self.assertIn(self.code(f"{name}.test:{self.inner.port}"), (502, 504), name)
                self.assertLess(time.monotonic() - begin, 6, name)
        finally:
            ending.set()
            thread.join()
        self.assertLess(sorted(longest)[len(longest) * 9 // 10], 0.5)

    def test_f19_what_was_cut_is_asked_for_by_tcp(self):
        with socket.create_server(("127.0.1.1", self.inner.port)):
            self.assertEqual(self.code(f"long.test:{self.inner.port}"), 200)
        self.assertTrue(any(b"\4long" in data for data in self.dns.by_tcp))

    def test_f20_a_name_that_turns_private_after_the_check_reaches_nothing(self):
        """The address checked is the one dialled; each new answer is checked anew."""
        for _ in range(4):
            self.assertIn(self.code(f"rebound.test:{self.inner.port}"), (403, 502, 504))
        wait_for(lambda: self.dns.rebound >= 2 or self.code(f"rebound.test:{self.inner.port}") == 403, 10, "the second answer")
        self.assertEqual(self.inner.accepted, 0)


class Starved(FaultTest):
    """F44: each worker runs a tenth of the time."""

    def test_f44_streams_are_slow_and_not_cut(self):
        pids, ending = list(self.gateway.roles("worker")), threading.Event()

        def starve():
            while not ending.is_set():
                for pid in pids:
                    os.kill(pid, signal.SIGSTOP)
                ending.wait(0.09)
                for pid in pids:
                    os.kill(pid, signal.SIGCONT)
                ending.wait(0.01)
        thread = threading.Thread(target=starve)
        thread.start()
        try:
            with Load(self.gateway, 2) as load:
                client = Client(load)
                with client.open() as sock:
                    client.send_prompt(sock)
                wait_for(lambda: load.count("answered") > 8, 30, "answers")
            self.assertEqual((load.count("broken"), load.count("refused"), len(client.answered)), (0, 0, 1))
        finally:
            ending.set()
            thread.join()
        self.assertNotIn("role.stuck", self.gateway.log())


if __name__ == "__main__":
    unittest.main()
