"""S1, S2: what an origin sends of a stream reaches the client at once, whatever
the version and the encoding, and its death is never a clean end."""
import subprocess
import threading
import unittest
import zlib

from wire import DATA, END_STREAM, GOAWAY, H2, HEADERS, RST, WireTest, headers, open_tls, request_fields, reset

EVENTS = 25


class Encoder:
    """Events as an origin flushes them."""

    def __init__(self, encoding):
        bits = {"gzip": 31, "deflate": 15}.get(encoding)
        self.field = b"Content-Encoding: %s\r\n" % encoding.encode() if bits else b""
        self.zip = zlib.compressobj(wbits=bits) if bits else None

    def event(self, number):
        text = b'data: {"n": %d}\n\n' % number
        if self.zip:
            text = self.zip.compress(text) + self.zip.flush(zlib.Z_SYNC_FLUSH)
        return b"%x\r\n" % len(text) + text + b"\r\n"


class Streams(WireTest):
    settings = "alpn: server-h1"

    def setUp(self):
        self.seen, self.ended = threading.Semaphore(0), []

    def answer(self, encoding):
        """An event each time the client has seen the one before: whoever keeps one back stops all."""
        def answer(connection, head):
            encoder = Encoder(encoding)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n" +
                               encoder.field + b"\r\n")
            for number in range(EVENTS):
                connection.sendall(encoder.event(number))
                if not self.seen.acquire(timeout=20):
                    reset(connection)
                    raise ConnectionError("nobody saw the event")
            self.finish(connection)
        self.origin.answer = answer

    def finish(self, connection):
        connection.sendall(b"0\r\n\r\n")

    def look(self, pieces, encoding):
        """Reads events out of pieces of a body, each told to the origin; how many."""
        bits = {"gzip": 31, "deflate": 15}.get(encoding)
        unzip, text, found = zlib.decompressobj(wbits=bits) if bits else None, b"", 0
        for piece in pieces:
            text += unzip.decompress(piece) if unzip else piece
            while b'data: {"n": %d}\n\n' % found in text:
                found += 1
                self.seen.release()
        return found

    @staticmethod
    def chunks(sock):
        data = b""
        while b"\r\n\r\n" not in data:
            data += sock.recv(65536)
        data = data.split(b"\r\n\r\n", 1)[1]
        while True:
            while b"\r\n" not in data:
                part = sock.recv(65536)
                if not part:
                    raise ConnectionError("cut")
                data += part
            line, data = data.split(b"\r\n", 1)
            size = int(line, 16)
            while len(data) < size + 2:
                part = sock.recv(65536)
                if not part:
                    raise ConnectionError("cut")
                data += part
            if size == 0:
                return
            yield data[:size]
            data = data[size + 2:]

    def over_h1(self, encoding):
        with open_tls(self, timeout=30) as sock:
            sock.sendall(b"GET /stream HTTP/1.1\r\nHost: chatgpt.com\r\n\r\n")
            return self.look(self.chunks(sock), encoding)

    def frames(self, h2):
        """DATA of stream 1, as it comes."""
        while h2.read(lambda f: f[2] == 1 or f[0] == GOAWAY, 20):
            kind, flags, _, payload = h2.frames[-1]
            if kind in (RST, GOAWAY):
                raise ConnectionError("cut")
            if kind == DATA:
                yield payload
            if kind in (DATA, HEADERS) and flags & END_STREAM:
                return
        raise ConnectionError("nothing more")

    def over_h2(self, encoding):
        h2 = H2(open_tls(self, alpn=("h2",)))
        try:
            h2.send(headers(1, request_fields("/stream")))
            return self.look(self.frames(h2), encoding)
        finally:
            h2.close()

    def test_s1_each_event_passes_before_the_next_exists(self):
        for encoding in ("identity", "gzip", "deflate"):
            for over in (self.over_h1, self.over_h2):
                with self.subTest(encoding=encoding, over=over.__name__):
                    self.answer(encoding)
                    self.assertEqual(over(encoding), EVENTS)

    def test_s2_an_origins_death_is_no_clean_end(self):
        for name, finish in (("FIN", lambda c: c.close()), ("RST", reset)):
            for over in (self.over_h1, self.over_h2):
                with self.subTest(death=name, over=over.__name__):
                    self.answer("identity")
                    self.finish = finish
                    self.assertRaises(OSError, over, "identity")

    def test_s2_a_cut_stream_ends_in_no_good_order_for_an_http1_0_client(self):
        """Its body has no length and no chunks: only how the connection ends says whether it is whole."""
        whole = b"".join(b'data: {"n": %d}\n\n' % n for n in range(EVENTS))
        for finish, is_whole in ((None, True), (lambda c: c.close(), False)):
            self.answer("identity")
            self.finish = finish or type(self).finish.__get__(self)
            for _ in range(EVENTS):
                self.seen.release()
            done = subprocess.run(["curl", "-sS", "--http1.0", "--max-time", "20", "--cacert", self.gateway.ca, "-x",
                                   f"http://127.0.0.1:{self.gateway.proxy_port}", "https://chatgpt.com/stream"],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            self.assertEqual(whole.startswith(done.stdout), True, done.stdout[-100:])
            self.assertEqual(done.returncode == 0 and done.stdout == whole, is_whole, done.returncode)
            self.assertIn(done.returncode, (0,) if is_whole else (56,))


if __name__ == "__main__":
    unittest.main()
