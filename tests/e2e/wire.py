"""Bytes as a test wants them: raw TLS through CONNECT, HTTP/2 frames written
by hand, and an origin that logs what it got byte for byte.

Nothing here checks or repairs what is sent: that is what it is for.
"""
import pathlib
import shutil
import socket
import ssl
import struct
import tempfile
import threading
import time

from gateway import Gateway, GatewayTest, certs, free_port

OK_EMPTY = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def read_all(sock, seconds=10):
    """Everything until the peer closes; (bytes, "closed"|"reset"|"open")."""
    out = b""
    sock.settimeout(seconds)
    try:
        while part := sock.recv(65536):
            out += part
    except (ConnectionError, ssl.SSLError) as error:
        return out, "open" if isinstance(error, TimeoutError) else "reset"
    except TimeoutError:
        return out, "open"
    return out, "closed"


def reset(sock):
    """Closes with RST instead of FIN, TLS or not."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    socket.socket.close(sock)


class RawOrigin:
    """One TLS server (HTTP/1.1 by ALPN, or h2 where asked) on a thread for
    each connection.  `requests` has the bytes of each connection that sent
    any; `answer(connection, head)` is called once a request head is there and
    sends what it likes."""

    def __init__(self, answer=None, alpn=("http/1.1",), cert="good"):
        self.answer = answer or (lambda c, head: c.sendall(OK_EMPTY))
        self.connections, self.lock = [], threading.Lock()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certs() / f"{cert}.pem", certs() / f"{cert}.key")
        self.context.set_alpn_protocols(list(alpn))
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(plain,), daemon=True).start()

    def serve(self, plain):
        entry = None
        try:
            plain.settimeout(30)
            with self.context.wrap_socket(plain, server_side=True) as tls:
                unanswered = b""
                while part := tls.recv(65536):
                    with self.lock:
                        if entry is None:
                            entry = bytearray()
                            self.connections.append(entry)
                        entry += part
                    unanswered += part
                    while b"\r\n\r\n" in unanswered:
                        head, unanswered = unanswered.split(b"\r\n\r\n", 1)
                        self.answer(tls, head)
        except (OSError, ValueError):
            pass

    @property
    def requests(self):
        with self.lock:
            return [bytes(c) for c in self.connections]

    def clear(self):
        with self.lock:
            self.connections = []

    def stop(self):
        self.listener.close()


class WireTest(GatewayTest):
    """A gateway whose in-scope hosts lead to a raw origin, not the stand-in."""
    origin_alpn = ("http/1.1",)

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="pg-wire-"))
        cls.folder.chmod(0o755)
        cls.origin = RawOrigin(alpn=cls.origin_alpn)
        resolve = {h: f"127.0.0.1:{cls.origin.port}" for h in cls.hosts}
        cls.gateway = Gateway(cls.folder, resolve, cls.settings, cls.policy)
        try:
            cls.gateway.start()
        except BaseException:
            cls.origin.stop()
            raise

    @classmethod
    def tearDownClass(cls):
        try:
            cls.gateway.stop()
            cls.gateway.check_health()
        finally:
            cls.origin.stop()
            shutil.rmtree(cls.folder, True)


def open_tls(test, host="chatgpt.com", alpn=("http/1.1",), sni=None, timeout=10):
    """TLS with the gateway, after CONNECT to host:443."""
    plain, line = test.connect(f"{host}:443", timeout)
    test.assertIn(" 200", line)
    context = ssl.create_default_context(cafile=str(test.gateway.ca))
    context.check_hostname = sni is None
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context.wrap_socket(plain, server_hostname=sni or host)


# ---- HTTP/2 by hand (RFC 9113 §4, RFC 7541) ----

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS = 1, 1, 4
PROTOCOL_ERROR, ENHANCE_YOUR_CALM = 1, 11
STATUS_BY_INDEX = {8: 200, 9: 204, 10: 206, 11: 304, 12: 400, 13: 404, 14: 500}


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def text_field(text):
    raw = text if isinstance(text, bytes) else text.encode()
    if len(raw) < 127:
        return bytes([len(raw)]) + raw
    rest, out = len(raw) - 127, bytearray([127])
    while rest >= 128:
        out.append(rest % 128 + 128)
        rest //= 128
    return bytes(out) + bytes([rest]) + raw


def block(fields):
    """Literal fields without indexing and without Huffman code."""
    return b"".join(b"\x00" + text_field(n) + text_field(v) for n, v in fields)


def request_fields(path="/", host="chatgpt.com", method="GET", *more):
    return [(":method", method), (":scheme", "https"), (":authority", host), (":path", path), *more]


def headers(stream, fields, end=True):
    return frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), stream, block(fields))


def digits_of(raw):
    """The Huffman code of digits (RFC 7541, appendix B)."""
    bits = "".join(f"{byte:08b}" for byte in raw)
    codes = {"00000": "0", "00001": "1", "00010": "2", "011001": "3", "011010": "4", "011011": "5",
             "011100": "6", "011101": "7", "011110": "8", "011111": "9"}
    out = ""
    while len(out) < 3:
        size = 5 if bits[:5] in codes else 6
        out += codes[bits[:size]]
        bits = bits[size:]
    return out


def status_of(payload):
    """:status of a first header block on a connection; None: not readable."""
    while payload and payload[0] & 0xe0 == 0x20:  # table size update
        at = 1
        if payload[0] & 0x1f == 0x1f:
            while payload[at] & 0x80:
                at += 1
            at += 1
        payload = payload[at:]
    if payload[0] & 0x80:
        return STATUS_BY_INDEX.get(payload[0] & 0x7f)
    if payload[0] & 0x3f in range(8, 15) and payload[1] in (0x03, 0x82, 0x83):
        size = payload[1] & 0x7f
        raw = payload[2:2 + size]
        return int(digits_of(raw) if payload[1] & 0x80 else raw)
    return None


class H2:
    """A connection that sends frames as told and reads what comes."""

    def __init__(self, sock, settings=b""):
        self.sock, self.buffer, self.frames, self.end = sock, b"", [], None
        self.send(PREFACE + frame(SETTINGS, 0, 0, settings))

    def send(self, data):
        self.sock.sendall(data)

    def read(self, done, seconds=5):
        """Frames until done(frame) or the end; True if done said so."""
        limit = time.monotonic() + seconds
        while self.end is None and time.monotonic() < limit:
            while len(self.buffer) >= 9:
                size = int.from_bytes(self.buffer[:3], "big")
                if len(self.buffer) < 9 + size:
                    break
                kind, flags, stream = self.buffer[3], self.buffer[4], int.from_bytes(self.buffer[5:9], "big")
                got = (kind, flags, stream, self.buffer[9:9 + size])
                self.buffer = self.buffer[9 + size:]
                self.frames.append(got)
                if done(got):
                    return True
            try:
                self.sock.settimeout(max(0.01, limit - time.monotonic()))
                part = self.sock.recv(65536)
            except TimeoutError:
                return False
            except (ConnectionError, ssl.SSLError):
                self.end = "reset"
                return False
            if not part:
                self.end = "closed"
            self.buffer += part
        return False

    def outcome(self, stream, seconds=5):
        """(status or None, body, how it ended): "end", "rst-N", "goaway-N",
        "closed", "open"."""
        def is_last(f):
            kind, flags, at, _ = f
            return kind == GOAWAY or (at == stream and (kind == RST or (kind in (DATA, HEADERS) and flags & END_STREAM)))
        self.read(is_last, seconds)
        mine = [f for f in self.frames if f[2] == stream]
        heads = [f for f in mine if f[0] == HEADERS]
        status = status_of(heads[0][3]) if heads else None
        body = b"".join(f[3] for f in mine if f[0] == DATA)
        last = next((f for f in reversed(self.frames) if is_last(f)), None)
        if last is None:
            return status, body, self.end or "open"
        if last[0] == RST:
            return status, body, f"rst-{int.from_bytes(last[3], 'big')}"
        if last[0] == GOAWAY:
            return status, body, f"goaway-{int.from_bytes(last[3][4:8], 'big')}"
        return status, body, "end"

    def close(self):
        self.sock.close()


__all__ = [name for name in dir() if not name.startswith("_")]
