"""A WebSocket client by hand (RFC 6455, 7692, 8441): frames as a test wants
them, over TLS after an HTTP/1.1 upgrade or on a stream of HTTP/2."""
import base64
import hashlib
import os
import socket
import struct
import time
import zlib

import wire
from raw import read_head, tls_through

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def frame(payload, opcode=TEXT, fin=True, rsv1=False, mask=True):
    data = payload.encode() if isinstance(payload, str) else payload
    n = len(data)
    head = bytes([(0x80 if fin else 0) | (0x40 if rsv1 else 0) | opcode])
    bit = 0x80 if mask else 0
    head += bytes([bit | n]) if n < 126 else struct.pack(">BH", bit | 126, n) if n < 65536 else struct.pack(">BQ", bit | 127, n)
    if not mask:
        return head + data
    key = os.urandom(4)
    whole = int.from_bytes(data, "big") ^ int.from_bytes((key * (n // 4 + 1))[:n], "big")
    return head + key + whole.to_bytes(n, "big")


def handshake(path, host="chatgpt.com", extensions=None, fields=()):
    """(bytes of the upgrade, the answer that its key wants)"""
    key = base64.b64encode(os.urandom(16))
    more = [f"Sec-WebSocket-Extensions: {extensions}"] if extensions else []
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
             f"Sec-WebSocket-Key: {key.decode()}", *more, *fields]
    return "\r\n".join([*lines, "", ""]).encode(), base64.b64encode(hashlib.sha1(key + GUID).digest())


def accept(s, *fields):
    """An origin's side: reads the upgrade and agrees; what came behind it."""
    head, rest = read_head(s)
    key = next(line.split(b":", 1)[1].strip() for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key"))
    answer = base64.b64encode(hashlib.sha1(key + GUID).digest()).decode()
    s.sendall("\r\n".join(["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
                            f"Sec-WebSocket-Accept: {answer}", *fields, "", ""]).encode())
    return rest


class Frames:
    """Reads and writes over `self.recv()` and `self.sendall(bytes)`."""

    def __init__(self, rest=b"", deflate=False, resets=False):
        self.bytes, self.parts, self.closed, self.is_packed = bytearray(rest), [], None, False
        self.deflate, self.resets = deflate, resets
        self._renew()

    def _renew(self):
        self.packer, self.unpacker = zlib.compressobj(9, zlib.DEFLATED, -15), zlib.decompressobj(-15)

    def pack(self, text):
        if self.resets:
            self._renew()
        data = text.encode() if isinstance(text, str) else text
        return (self.packer.compress(data) + self.packer.flush(zlib.Z_SYNC_FLUSH))[:-4]

    def send(self, text, fragments=1, opcode=TEXT):
        """A message, compressed where agreed, in so many fragments."""
        self.sendall(self.message(text, fragments, opcode))

    def message(self, text, fragments=1, opcode=TEXT):
        data = self.pack(text) if self.deflate else text.encode() if isinstance(text, str) else text
        size = -(-len(data) // fragments) or 1
        parts = [data[at:at + size] for at in range(0, max(len(data), 1), size)]
        return b"".join(frame(part, 0 if i else opcode, i == len(parts) - 1, self.deflate and not i)
                        for i, part in enumerate(parts))

    def close(self, status=1000):
        self.sendall(frame(struct.pack(">H", status), CLOSE))

    def _need(self, n):
        while len(self.bytes) < n:
            part = self.recv()
            if not part:
                raise EOFError(f"{len(self.bytes)} bytes, then the end")
            self.bytes += part

    def read_frame(self):
        """(first byte, payload)"""
        self._need(2)
        n, at = self.bytes[1] & 127, 2
        assert self.bytes[1] < 128, "a server's frame is not masked"
        if n > 125:
            at = 4 if n == 126 else 10
            self._need(at)
            n = int.from_bytes(self.bytes[2:at], "big")
        self._need(at + n)
        first, payload = self.bytes[0], bytes(self.bytes[at:at + n])
        del self.bytes[:at + n]
        return first, payload

    def read(self):
        """The next message as text or bytes; a close is (status, reason)."""
        while True:
            first, payload = self.read_frame()
            opcode = first & 15
            if opcode == CLOSE:
                self.closed = (int.from_bytes(payload[:2], "big"), payload[2:].decode())
                return self.closed
            if opcode >= CLOSE:
                self.parts.append(("control", payload))
                continue
            if opcode:
                self.parts, self.opcode, self.is_packed = [], opcode, first & 0x40
            self.parts.append(payload)
            if first & 0x80:
                data = b"".join(p for p in self.parts if isinstance(p, bytes))
                if self.is_packed:
                    if self.resets:
                        self._renew()
                    data = self.unpacker.decompress(data + b"\0\0\xff\xff")
                return data.decode() if self.opcode == TEXT else data

    def read_until(self, what):
        """Messages up to one with this text, that one too."""
        out = []
        while not out or (isinstance(out[-1], str) and what not in out[-1]):
            out.append(self.read())
        return out


class Upgraded(Frames):
    """Over HTTP/1.1, through the gateway's TLS."""

    def __init__(self, gateway, path, host="chatgpt.com", extensions=None, sock=None, timeout=20, fields=()):
        request, self.accept = handshake(path, host, extensions, fields)
        self.sock = sock or tls_through(gateway, host)
        self.sock.settimeout(timeout)
        self.sock.sendall(request)
        self.head, rest = read_head(self.sock)
        self.status = int(self.head.split()[1]) if self.head else 0
        super().__init__(rest, b"permessage-deflate" in self.head, b"no_context_takeover" in self.head)

    def sendall(self, data):
        self.sock.sendall(data)

    def recv(self):
        return self.sock.recv(65536)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()


def websockets_over_h2(test, host="chatgpt.com"):
    """A connection on which extended CONNECT has been announced (RFC 8441 §3: not
    before that may a client ask for it)."""
    h2 = wire.H2(wire.open_tls(test, host, alpn=("h2",)))
    h2.send(wire.frame(wire.SETTINGS, wire.ACK))

    def offers(f):
        pairs = [f[3][at:at + 6] for at in range(0, len(f[3]), 6)] if f[0] == wire.SETTINGS else []
        return b"\0\x08\0\0\0\x01" in pairs
    test.assertTrue(h2.read(offers), "extended CONNECT is announced")
    return h2


class Stream(Frames):
    """A stream of an HTTP/2 connection, opened by extended CONNECT."""

    def __init__(self, h2, number, path, host="chatgpt.com", extensions=None, fields=(), behind=b""):
        self.h2, self.number, self.ended = h2, number, None
        more = [("sec-websocket-extensions", extensions)] if extensions else []
        self.window = 65535
        h2.send(wire.headers(number, [(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "https"), (":path", path),
                                      (":authority", host), ("sec-websocket-version", "13"), *more, *fields], end=False) + behind)
        self.at = 0
        found = self._frame()
        self.status = wire.status_of(found[3]) if found and found[0] == wire.HEADERS else None
        super().__init__(b"", bool(extensions) and "deflate=0" not in path, "takeover=0" in path)
        if found and found[1] & wire.END_STREAM:
            self.ended = "end"

    def _frame(self, seconds=20):
        """The next frame of this stream, in order; None: there is none."""
        limit = time.monotonic() + seconds
        while True:
            while self.at < len(self.h2.frames):
                found = self.h2.frames[self.at]
                self.at += 1
                if found[2] == self.number and found[0] in (wire.HEADERS, wire.DATA, wire.RST):
                    return found
            count = len(self.h2.frames)
            if time.monotonic() > limit or not self.h2.read(lambda f: len(self.h2.frames) > count, seconds):
                return None

    def sendall(self, data):
        for at in range(0, len(data), 16384):
            self.h2.send(wire.frame(wire.DATA, 0, self.number, data[at:at + 16384]))

    def end(self):
        self.h2.send(wire.frame(wire.DATA, wire.END_STREAM, self.number))

    def recv(self):
        while self.ended is None:
            found = self._frame()
            if found is None:
                raise socket.timeout("no frame of the stream")
            if found[0] == wire.RST:
                self.ended = f"rst-{int.from_bytes(found[3], 'big')}"
            elif found[0] == wire.DATA:
                if found[1] & wire.END_STREAM:
                    self.ended = "end"
                n = len(found[3])
                if n:
                    grant = struct.pack(">I", n)
                    self.h2.send(wire.frame(wire.WINDOW, 0, 0, grant) + wire.frame(wire.WINDOW, 0, self.number, grant))
                    return found[3]
        return b""
