"""F12 to F18, F35: origins that cut, stall, answer early, too much or nonsense,
or cannot be reached.  What the client sees, and that nothing is kept."""
import socket
import threading
import time
import unittest

from faults import FEW, FaultTest
from gateway import wait_for
from load import read_answer
from raw import read_head
from wire import (DATA, GOAWAY, H2, HEADERS, RST, SETTINGS, WINDOW, ACK, END_HEADERS, END_STREAM, frame, headers, open_tls, read_all,
                  request_fields)

MIB = 1 << 20
PASSES = 12 * MIB  # more than is held: what comes then is on its way to the origin
PLAYED = "sora.chatgpt.com"
PLAYED_H2 = "two.chatgpt.com"
BARE = "bare.chatgpt.com"  # no TLS
FILES = "files.oaiusercontent.com"  # what goes there passes while it is scanned
GET = b"GET /x HTTP/1.1\r\nHost: %s\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\n"


def send_data(h2, total):
    """DATA frames as the windows allow; True if all of it went."""
    room = {0: 65535, 1: 65535}
    initial = 65535

    def grow(f):
        nonlocal initial
        if f[0] == WINDOW:
            room[f[2]] += int.from_bytes(f[3], "big")
        if f[0] == SETTINGS and not f[1]:
            h2.send(frame(SETTINGS, ACK))  # its windows hold from then on
            for at in range(0, len(f[3]), 6):
                if f[3][at:at + 2] == b"\0\4":
                    value = int.from_bytes(f[3][at + 2:at + 6], "big")
                    room[1], initial = room[1] + value - initial, value
        return min(room.values()) > 0
    while total > 0:
        n = min(16384, total, *room.values())
        if n <= 0:
            if not h2.read(grow, 5):
                return False
            continue
        h2.send(frame(DATA, 0, 1, bytes(n)))
        room, total = {k: v - n for k, v in room.items()}, total - n
    return True


def put(length):
    return (b"PUT /files/f14/raw?sig=x HTTP/1.1\r\nHost: " + FILES.encode() + b"\r\nx-ms-blob-type: BlockBlob\r\n"
            b"Content-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n" % length)


class Origins(FaultTest):
    settings = FEW + "timeouts: {dial: 1500, handshake: 1500}\nalpn: server-h1"
    origins = {PLAYED: {"tls": True}, FILES: {"tls": True}, BARE: {}}

    def get(self, host=PLAYED, seconds=10):
        """(bytes, how it ended) of one GET over HTTP/1.1."""
        with open_tls(self, host) as sock:
            sock.sendall(GET % host.encode())
            return read_all(sock, seconds)

    def get_h2(self, host=PLAYED):
        h2 = H2(open_tls(self, host, alpn=("h2",)))
        h2.send(headers(1, request_fields("/x", host)))
        try:
            return h2.outcome(1, 10)
        finally:
            h2.close()

    def answer(self, data, shutdown=True):
        """The origin sends this and closes its side; no close_notify ever."""
        def serve(sock):
            read_head(sock)
            sock.sendall(data)
            if shutdown:
                socket.socket.shutdown(sock, socket.SHUT_WR)
        self.play(PLAYED, serve)

    def test_f12_a_bare_fin_is_a_cut_where_the_length_says_so(self):
        for data in (OK + b"Content-Length: 100\r\n\r\nonly this", OK + b"Transfer-Encoding: chunked\r\n\r\n9\r\nonly this\r\n",
                     OK + b"Transfer-Encoding: chunked\r\n\r\nff\r\nonly this"):
            with self.subTest(data=data):
                self.answer(data)
                raw, end = self.get()
                self.assertIn(b"only this", raw)
                self.assertFalse(raw.endswith(b"0\r\n\r\n"), "a clean end")
                self.assertIn(end, ("closed", "reset"))
                status, body, end = self.get_h2()
                self.assertEqual((status, body), (200, b"only this"))
                self.assertRegex(end, "^rst-[1-9]")

    def test_f12_a_bare_fin_behind_a_whole_answer_is_no_fault(self):
        self.answer(OK + b"Content-Length: 9\r\n\r\nonly this")
        self.assertEqual(self.get_h2(), (200, b"only this", "end"))

    def test_f12_without_a_length_the_end_of_the_connection_is_the_end(self):
        """Nothing vouches for it, and nothing says that it was cut."""
        self.answer(OK + b"\r\nonly this")
        self.assertEqual(self.get_h2(), (200, b"only this", "end"))

    def test_f15_what_is_no_tls_is_502_with_a_reason_in_time(self):
        silent = threading.Event()

        def say(data):
            return lambda s: (s.recv(4096), s.sendall(data), s.recv(1))
        served = {
            "plain HTTP": say(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
            "a banner": say(b"220 mail.test ESMTP\r\n"),
            "garbage": say(bytes(range(256)) * 40),
            "an alert": say(b"\x15\x03\x03\x00\x02\x02\x28"),
            "nothing but an end": lambda s: s.recv(4096),
            "silence": lambda s: silent.wait(15),
        }
        for what, serve in served.items():
            with self.subTest(what=what):
                self.play(BARE, serve)
                logged = len(self.gateway.log())
                begin = time.monotonic()
                raw, _ = self.get(BARE)
                self.assertLess(time.monotonic() - begin, 5)
                self.assertRegex(raw[:13], rb"^HTTP/1.1 50[24] ")
                self.assertRegex(self.gateway.log()[logged:], rf"event=origin\.failed .*{BARE}.* reason=\S+")
        silent.set()

    def test_f16_an_answer_before_the_end_of_the_body_is_delivered(self):
        early = (b"HTTP/1.1 413 Payload Too Large\r\nContent-Length: 9\r\nConnection: close\r\n\r\ntoo large")

        def serve(sock):
            read_head(sock)
            sock.sendall(early)
            socket.socket.shutdown(sock, socket.SHUT_WR)
            while sock.recv(65536):
                pass
        self.play(FILES, serve)
        with open_tls(self, FILES) as sock:
            sock.sendall(put(64 * MIB) + bytes(PASSES))
            self.assertEqual(read_answer(sock), (413, b"too large"))
        h2 = H2(open_tls(self, FILES, alpn=("h2",)))
        h2.send(headers(1, [*request_fields("/files/f16/raw?sig=x", FILES, "PUT"), ("x-ms-blob-type", "BlockBlob"),
                            ("content-type", "application/octet-stream"), ("content-length", str(64 * MIB))], False))
        send_data(h2, PASSES)
        status, body, _ = h2.outcome(1)
        h2.close()
        self.assertEqual((status, body), (413, b"too large"))

    def test_f17_answers_without_end_are_502_in_bounded_memory(self):
        """Beside the malformed ones of test_smuggling.py (POISONED)."""
        def endless(first, more):
            def serve(sock):
                read_head(sock)
                sock.sendall(first)
                try:
                    for _ in range(64 * 256):  # a GiB: more than comes while a closed link is read to its end
                        sock.sendall(more)
                except OSError:
                    return
                taken.append(what)
            return serve
        taken = []
        floods = {
            "interim answers": endless(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 1500),
            "fields": endless(OK, b"A: b\r\n" * 11000),
            "a field": endless(OK + b"X: ", b"a" * 65536),
            "a status line": endless(b"HTTP/1.1 200 ", b"a" * 65536),
            "20,000 fields": endless(OK + b"A: b\r\n" * 20000, b"\r\n" * 32768),
            "300 KB in a field": endless(OK + b"X: " + b"a" * 300000, b"\r\n" * 32768),
        }
        before = self.memory()
        for what, serve in floods.items():
            with self.subTest(what=what):
                self.play(PLAYED, serve)
                status, body, end = self.get_h2()
                if what == "interim answers":
                    self.assertTrue(status == 103 or status == 502, status)
                    self.assertTrue(end == "end" or end.startswith("rst-"), end)
                else:
                    self.assertEqual((status, end), (502, "end"))
        self.assertEqual(taken, [])
        self.assertLess(self.memory() - before, 16 * MIB)


class Stalled(FaultTest):
    settings = FEW + "timeouts: {response: 1500, body: 1500}"
    origins = {PLAYED: {"tls": True}, FILES: {"tls": True}}

    def never(self):
        asked, gone = threading.Event(), threading.Event()

        def serve(sock):
            read_head(sock)
            asked.set()
            try:
                sock.recv(1)
            except OSError:
                pass
            gone.set()
        self.play(PLAYED, serve)
        return asked, gone

    def test_f13_no_answer_is_504_at_the_set_time(self):
        _, gone = self.never()
        begin = time.monotonic()
        with open_tls(self, PLAYED) as sock:
            sock.sendall(GET % PLAYED.encode())
            self.assertEqual(read_answer(sock)[0], 504)
        self.assertGreater(time.monotonic() - begin, 1.2)
        self.assertTrue(gone.wait(5), "the origin's connection stays")

    def test_f13_a_client_that_leaves_frees_the_origins_connection(self):
        asked, gone = self.never()
        with open_tls(self, PLAYED) as sock:
            sock.sendall(GET % PLAYED.encode())
            self.assertTrue(asked.wait(5), "the request")
        self.assertTrue(gone.wait(1.2), "it waits for an answer that nobody wants")

    def test_f14_an_origin_that_reads_no_more_holds_the_client_back(self):
        done = threading.Event()

        def serve(sock):
            read_head(sock)
            done.wait(20)
        self.play(FILES, serve)
        before, sent = self.memory(), 0
        with open_tls(self, FILES) as sock:
            sock.sendall(put(256 * MIB))
            sock.settimeout(0.5)
            with self.assertRaises(TimeoutError, msg="it took everything"):
                while sent < 256 * MIB:
                    sent += sock.send(bytes(65536))
            self.assertLess(self.memory() - before, 16 * MIB)
            raw, end = read_all(sock, 10)  # until the deadline
        done.set()
        self.assertGreater(sent, MIB)
        self.assertNotEqual(end, "open")
        self.assertRegex(raw[:13], rb"^$|^HTTP/1.1 504 ")


class Unreachable(FaultTest):
    """F18: addresses that are dead, by upstream.resolve; names and families by
    a name server are in test_routes.py and test_faults_names.py."""
    settings = FEW + "timeouts: {dial: 3000}"

    @classmethod
    def own_origins(cls):
        super().own_origins()
        cls.unbound = socket.socket()  # bound, nobody listens
        cls.unbound.bind(("127.0.0.1", 0))
        cls.full = socket.create_server(("127.0.0.1", 0), backlog=0)
        cls.fillers = []
        return {"dead.chatgpt.com:443": f"127.0.0.1:{cls.unbound.getsockname()[1]}",
                "hole.chatgpt.com:443": f"127.0.0.1:{cls.full.getsockname()[1]}"}

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        for sock in (cls.unbound, cls.full, *cls.fillers):
            sock.close()

    def page(self, host):
        begin = time.monotonic()
        out = self.curl(f"https://{host}/", "-w", "\n%{http_code}", check=False)
        return out.splitlines()[-1], time.monotonic() - begin

    def test_f18_all_addresses_dead_is_502_at_once(self):
        for _ in range(2):
            status, took = self.page("dead.chatgpt.com")
            self.assertEqual(status, "502")
            self.assertLess(took, 5)
        self.assertRegex(self.gateway.log(), r"event=origin\.failed .*dead\.chatgpt\.com")

    def test_f18_a_black_hole_ends_in_time(self):
        for _ in range(4):  # its queue is full: no handshake is answered any more
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(self.full.getsockname())
            self.fillers.append(sock)
        status, took = self.page("hole.chatgpt.com")
        self.assertIn(status, ("502", "504"))
        self.assertLess(took, 5)


def h2_frames(sock):
    """Frames that a client of ours sends, behind its preface."""
    data = b""
    while len(data) < 24:
        data += sock.recv(65536)
    data = data[24:]
    while True:
        while len(data) >= 9 and len(data) >= 9 + int.from_bytes(data[:3], "big"):
            size = int.from_bytes(data[:3], "big")
            yield data[3], data[4], int.from_bytes(data[5:9], "big"), data[9:9 + size]
            data = data[9 + size:]
        part = sock.recv(65536)
        if not part:
            return
        data += part


class GoingAway(FaultTest):
    """F35: an HTTP/2 origin says GOAWAY with 50 streams open."""
    origins = {PLAYED_H2: {"tls": True, "alpn": ("h2",)}}
    MARK = 51  # the first 26 of them are answered

    def serve(self, sock):
        sock.sendall(frame(SETTINGS))
        with self.lock:
            self.connections += 1
            is_first = self.connections == 1
        opened = []
        for kind, flags, stream, _ in h2_frames(sock):
            if kind == SETTINGS and not flags:
                sock.sendall(frame(SETTINGS, 1))
            if kind == HEADERS:
                opened.append(stream)
                if not is_first:
                    self.answer(sock, stream)
            if is_first and len(opened) == 50:
                last = opened[25]
                sock.sendall(frame(GOAWAY, 0, 0, last.to_bytes(4, "big") + b"\0\0\0\0"))
                for stream in opened[:26]:
                    self.answer(sock, stream)

    @staticmethod
    def answer(sock, stream):
        sock.sendall(frame(HEADERS, END_HEADERS, stream, b"\x88") + frame(DATA, END_STREAM, stream, b"whole"))

    def test_f35_streams_below_the_mark_end_well_and_the_others_are_tried_again_or_502(self):
        self.lock, self.connections = threading.Lock(), 0
        self.play(PLAYED_H2, self.serve)
        h2 = H2(open_tls(self, PLAYED_H2, alpn=("h2",)))
        h2.send(b"".join(headers(2 * i + 1, request_fields("/x", PLAYED_H2)) for i in range(50)))
        ended = set()
        h2.read(lambda f: f[1] & END_STREAM and f[0] in (DATA, HEADERS) and (ended.add(f[2]) or len(ended) == 50), 10)
        bodies = {}
        for kind, _, stream, payload in h2.frames:
            if kind == DATA:
                bodies[stream] = bodies.get(stream, b"") + payload
        good = [s for s in range(1, 100, 2) if bodies.get(s) == b"whole"]
        resets = [f[2] for f in h2.frames if f[0] == RST]
        self.assertEqual(len(ended), 50, f"cut: {resets}, {h2.end}")
        self.assertGreaterEqual(len(good), 26)
        h2.send(headers(101, request_fields("/after", PLAYED_H2)))
        self.assertEqual(h2.outcome(101)[1:], (b"whole", "end"))
        h2.close()
        self.assertGreaterEqual(self.connections, 2)

    def test_f35_a_stream_that_goes_on_behind_goaway_holds_up_nobody(self):
        go_on, connections = threading.Event(), []

        def serve(sock):
            sock.sendall(frame(SETTINGS))
            connections.append(sock)
            is_first = len(connections) == 1
            for kind, flags, stream, _ in h2_frames(sock):
                if kind == HEADERS and is_first:
                    sock.sendall(frame(HEADERS, END_HEADERS, stream, b"\x88") +
                                 frame(GOAWAY, 0, 0, stream.to_bytes(4, "big") + b"\0\0\0\0"))
                    go_on.wait(10)
                    sock.sendall(frame(DATA, END_STREAM, stream, b"whole"))
                elif kind == HEADERS:
                    self.answer(sock, stream)
        self.play(PLAYED_H2, serve)
        h2 = H2(open_tls(self, PLAYED_H2, alpn=("h2",)))
        h2.send(headers(1, request_fields("/long", PLAYED_H2)))
        self.assertTrue(h2.read(lambda f: f[0] == HEADERS))
        h2.send(headers(3, request_fields("/x", PLAYED_H2)))
        self.assertEqual(h2.outcome(3)[1:], (b"whole", "end"))
        go_on.set()
        self.assertEqual(h2.outcome(1)[1:], (b"whole", "end"))
        h2.close()

    def test_f34_an_origin_that_takes_few_streams_at_once_gets_them_all(self):
        most = []

        def serve(sock):
            sock.sendall(frame(SETTINGS, 0, 0, b"\0\3\0\0\0\2"))
            waiting = []
            for kind, _, stream, _ in h2_frames(sock):
                if kind == HEADERS:
                    waiting.append(stream)
                    most.append(len(waiting))
                if kind == HEADERS and len(waiting) == 2:
                    self.answer(sock, waiting.pop(0))
                    self.answer(sock, waiting.pop(0))
        self.play(PLAYED_H2, serve)
        h2 = H2(open_tls(self, PLAYED_H2, alpn=("h2",)))
        h2.send(b"".join(headers(2 * i + 1, request_fields("/x", PLAYED_H2)) for i in range(20)))
        ended = set()
        h2.read(lambda f: f[1] & END_STREAM and f[0] == DATA and (ended.add(f[2]) or len(ended) == 20), 10)
        h2.close()
        self.assertEqual(len(ended), 20)
        self.assertLessEqual(max(most), 2)


if __name__ == "__main__":
    unittest.main()
