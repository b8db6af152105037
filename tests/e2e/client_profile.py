"""What a server can tell a client by: its TLS hello and its first HTTP/2
frames, taken down by an origin of our own."""
import hashlib
import socket
import struct
import threading

import hpack

from raw import Origin
from wire import ACK, DATA, END_HEADERS, END_STREAM, HEADERS, PREFACE, SETTINGS, WINDOW, frame

PRIORITY_FLAG, PADDED_FLAG = 0x20, 8
SERVER_NAME, GROUPS, SIGNATURES, ALPN, VERSIONS = 0, 10, 13, 16, 43
RENEGOTIATION_SCSV = 0xff
PAGE = b"""<!doctype html><title>page</title><script>
fetch('/said', {method: 'POST', headers: {'content-type': 'application/json'}, body: '{"a":1}'}).then(() => document.title = 'done')
</script>"""


def is_grease(number):
    return number & 0x0f0f == 0x0a0a and number >> 8 == number & 0xff


def _numbers(data):
    return [n for (n,) in struct.iter_unpack(">H", data)]


def _vector(data, at, bytes_):
    n = int.from_bytes(data[at:at + bytes_], "big")
    return data[at + bytes_:at + bytes_ + n], at + bytes_ + n


class Hello:
    """RFC 8446 §4.1.2; GREASE left out everywhere."""

    def __init__(self, message):
        at = 4 + 2 + 32
        _, at = _vector(message, at, 1)
        ciphers, at = _vector(message, at, 2)
        _, at = _vector(message, at, 1)
        rest, _ = _vector(message, at, 2)
        self.ciphers = [c for c in _numbers(ciphers) if not is_grease(c)]
        self.extensions, at = {}, 0
        while at < len(rest):
            kind = int.from_bytes(rest[at:at + 2], "big")
            body, at = _vector(rest, at + 2, 2)
            if not is_grease(kind):
                self.extensions[kind] = body

    def _list(self, kind, length_bytes=2):
        body = self.extensions.get(kind)
        return [n for n in _numbers(body[length_bytes:]) if not is_grease(n)] if body else []

    @property
    def groups(self):
        return self._list(GROUPS)

    @property
    def signatures(self):
        return self._list(SIGNATURES)

    @property
    def alpn(self):
        names, at, body = [], 2, self.extensions.get(ALPN, b"")
        while at < len(body):
            name, at = _vector(body, at, 1)
            names.append(name.decode())
        return names

    def ja4(self):
        def short(text):
            return hashlib.sha256(text.encode()).hexdigest()[:12]
        versions = self._list(VERSIONS, 1)
        alpn = (self.alpn or ["00"])[0]
        kinds = sorted(f"{k:04x}" for k in self.extensions if k not in (SERVER_NAME, ALPN))
        return "_".join([
            f"t{'13' if 0x304 in versions else '12'}{'d' if SERVER_NAME in self.extensions else 'i'}"
            f"{len(self.ciphers):02}{len(self.extensions):02}{alpn[0]}{alpn[-1]}",
            short(",".join(sorted(f"{c:04x}" for c in self.ciphers))),
            short(",".join(kinds) + "_" + ",".join(f"{s:04x}" for s in self.signatures))])


class ProfileOrigin(Origin):
    """Takes down each connection's hello, introduction and requests, and
    answers every request with PAGE."""

    def __init__(self):
        self.seen, self.lock = [], threading.Lock()
        super().__init__(self._talk, tls=True, alpn=("h2", "http/1.1"))

    def _run(self, s):
        self._hello = threading.local() if not hasattr(self, "_hello") else self._hello
        try:
            self._hello.value = Hello(_peek_hello(s))
        except (OSError, ValueError, IndexError):
            s.close()
            return
        super()._run(s)

    def _talk(self, s):
        if s.selected_alpn_protocol() != "h2":
            return
        entry = {"hello": self._hello.value, "settings": None, "window": None, "requests": [], "order": []}
        with self.lock:
            self.seen.append(entry)
        decoder, data = hpack.Decoder(), b""
        s.sendall(frame(SETTINGS))
        while part := s.recv(65536):
            data += part
            if data.startswith(PREFACE):
                data = data[len(PREFACE):]
            while len(data) >= 9 and len(data) >= 9 + int.from_bytes(data[:3], "big"):
                n = int.from_bytes(data[:3], "big")
                self._take(s, entry, decoder, data[3], data[4], int.from_bytes(data[5:9], "big"), data[9:9 + n])
                data = data[9 + n:]

    def _take(self, s, entry, decoder, kind, flags, stream, payload):
        if not entry["requests"]:
            entry["order"].append(kind)
        if kind == SETTINGS and not flags & ACK:
            if entry["settings"] is None:
                entry["settings"] = list(struct.iter_unpack(">HI", payload))
            s.sendall(frame(SETTINGS, ACK))
        elif kind == WINDOW and stream == 0 and entry["window"] is None:
            entry["window"] = int.from_bytes(payload, "big")
        elif kind == HEADERS:
            assert flags & END_HEADERS and not flags & PADDED_FLAG
            priority = struct.unpack(">IB", payload[:5]) if flags & PRIORITY_FLAG else None
            fields = decoder.decode(payload[5:] if priority else payload)
            with self.lock:
                entry["requests"].append({"fields": fields, "priority": priority})
        if kind in (HEADERS, DATA) and flags & END_STREAM:
            s.sendall(frame(HEADERS, END_HEADERS, stream, b"\x88") + frame(DATA, END_STREAM, stream, PAGE))

    def connection(self, path):
        """The connection that asked for a path, and that request."""
        with self.lock:
            for entry in self.seen:
                for request in entry["requests"]:
                    if (":path", path) in request["fields"]:
                        return entry, request
        return None


def _peek_hello(s):
    """The handshake message, left unread; in one record, as all clients do."""
    s.settimeout(10)
    while True:
        data = s.recv(65536, socket.MSG_PEEK)
        if not data:
            raise ValueError("closed")
        if len(data) >= 5 and len(data) >= 5 + int.from_bytes(data[3:5], "big"):
            return data[5:5 + int.from_bytes(data[3:5], "big")]
