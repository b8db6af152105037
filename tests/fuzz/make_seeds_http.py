#!/usr/bin/env python3
"""Writes the seeds of the HTTP fuzz targets to tests/fuzz/corpus/<target>/.

The h1 ones are the tables and messages of tests/unit/test_h1*.c, the h2 ones
are frames put together here (RFC 9113 section 6, literal HPACK fields).
Each seed starts with the mode byte of tests/fuzz/http_fuzz.h.
"""
import hashlib
import pathlib
import struct

ROOT = pathlib.Path(__file__).parent / "corpus"
MODES = [0x00, 0x01, 0x27, 0x90]


def write(target, payload, modes):
    folder = ROOT / target
    folder.mkdir(parents=True, exist_ok=True)
    for mode in modes if len(payload) < 4096 else modes[:1]:
        seed = bytes([mode]) + payload
        name = hashlib.sha1(seed).hexdigest()[:12]
        (folder / name).write_bytes(seed)


G = b"GET / HTTP/1.1\r\nHost: a\r\n"
P = b"POST / HTTP/1.1\r\nHost: a\r\n"
C = P + b"Transfer-Encoding: chunked\r\n\r\n"
REQUESTS = [
    G + b"\r\n", G + b"\r\n" + G + b"\r\n", b"\r\n" + G + b"\r\n",
    P + b"Content-Length: 5\r\n\r\nhello" + G + b"\r\n",
    C + b"5;a=\"b c\"\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n" + G + b"\r\n",
    C + b"a\r\n0123456789\r\n1\r\n!\r\n0\r\n\r\n",
    C + b"5\nhello", C + b"5\r\nhelloX", C + b"10000000000000000\r\n",
    C + b"0\r\nHost: b\r\n\r\n", C + b"0\r\nX: 1\r\n y\r\n\r\n",
    P + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    P + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\n",
    P + b"Content-Length: +5\r\n\r\n", P + b"Transfer-Encoding: gzip\r\n\r\n",
    P + b"Content-Length: 3\r\nExpect: 100-continue\r\n\r\nabc",
    P + b"Content-Length: 3\r\nExpect: x\r\n\r\nabc",
    G + b"X: 1\r\n 2\r\n\r\n", G + b"X: a\rb\r\n\r\n", G + b"X: a\nb\r\n\r\n",
    G + b"X : a\r\n\r\n", G + b"X: a\0b\r\n\r\n", G + b": a\r\n\r\n",
    G + b"Host: b\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n",
    G + b"Connection: close, X-A, host\r\nX-A: 1\r\nTE: x\r\n\r\n",
    G + b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\nraw bytes",
    G + b"Connection: upgrade\r\nUpgrade: h2c\r\n\r\n",
    G + b"Cookie: a=1\r\nCookie: b=2\r\n\r\n",
    b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b"HEAD /x?y#z HTTP/1.1\r\nHost: a\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET http://a:80/x HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET http://u@a/x HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET https://a?q HTTP/1.1\r\nHost: A:443\r\n\r\n",
    b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n\x16\x03\x01",
    b"CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"get / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /a\\b HTTP/1.1\r\nHost: a\r\n\r\n", b"GET  / HTTP/1.1\r\n\r\n",
    b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", b"\n\n\n\n",
]
R = b"HTTP/1.1 200 OK\r\n"
RC = R + b"Transfer-Encoding: chunked\r\n\r\n"
RESPONSES = [
    R + b"Content-Length: 5\r\n\r\nhello", R + b"\r\nto the end",
    RC + b"5\r\nhello\r\n0\r\n\r\n", RC + b"0\r\nX: 1\r\n\r\n",
    RC + b"5;x\r\nhello\r\n0\r\nContent-Length: 1\r\n\r\n",
    R + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    R + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    R + b"Content-Length: 0\r\n\r\n" + R + b"Content-Length: 0\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + R + b"Content-Length: 0\r\n\r\n",
    b"HTTP/1.1 103 E\r\nLink: x\r\n\r\n" * 17,
    b"HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nx",
    b"HTTP/1.1 204 No\r\n\r\n", b"HTTP/1.1 304\r\nContent-Length: 5\r\n\r\n",
    b"HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx",
    b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"HTTP/1.1 20 OK\r\n\r\n", b"HTTP/2.0 200 OK\r\n\r\n",
    b"HTTP/1.1 200 O\0K\r\n\r\n", b"\r\n" + R + b"\r\n",
    R + b"X: 1\n\r\n", R + b"X: a\r\n b\r\n\r\n", R + b"X : 1\r\n\r\n",
    R + b"Proxy-Authenticate: x\r\nConnection: close, X-A\r\nX-A: 1\r\n"
        b"Content-Length: 0\r\n\r\n",
    R + b"Transfer-Encoding: gzip\r\n\r\n", RC + b"g\r\n", RC + b"5\r\nhel",
    b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\nno",
]


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) \
        + struct.pack(">I", stream) + payload


def length(n):
    """An HPACK integer with a 7-bit prefix (RFC 7541 section 5.1)."""
    if n < 127:
        return bytes([n])
    out, n = [127], n - 127
    while n >= 128:
        out.append(n % 128 + 128)
        n //= 128
    return bytes(out + [n])


def field(name, value):
    return b"\0" + length(len(name)) + name + length(len(value)) + value


def fields(pairs):
    return b"".join(field(name, value) for name, value in pairs)


SETTINGS = frame(4, 0, 0)
BASIC = [(b":method", b"POST"), (b":scheme", b"https"), (b":path", b"/"),
         (b":authority", b"a")]


def head(pairs, stream=1, end=False):
    return frame(1, 4 | (1 if end else 0), stream, fields(pairs))


EXTRAS = [
    [], [(b"cookie", b"a=1"), (b"cookie", b"b=2")], [(b"host", b"a")],
    [(b"host", b"b")], [(b"connection", b"close")], [(b"te", b"trailers")],
    [(b"te", b"gzip")], [(b"X", b"y")], [(b"x", b"a\r\nb")], [(b"x", b" y")],
    [(b"content-length", b"3")], [(b"content-length", b"+3")],
    [(b"expect", b"100-continue")], [(b"expect", b"x")], [(b":path", b"/b")],
    [(b":protocol", b"websocket")], [(b"transfer-encoding", b"chunked")],
]
COMMON = [
    frame(6, 0, 0, b"12345678"), frame(6, 0, 0, b"123"),
    frame(4, 0, 0, b"\0\4\0\0\xff\xff"), frame(4, 0, 0, b"\0\4\xff\xff\xff\xff"),
    frame(4, 1, 0), frame(8, 0, 0, b"\0\0\xff\xff"), frame(8, 0, 0, b"\0\0\0\0"),
    frame(8, 0, 1, b"\x7f\xff\xff\xff"), frame(2, 0, 1, b"\0\0\0\0\x10"),
    frame(7, 0, 0, b"\0\0\0\0\0\0\0\0"), frame(0, 0, 0, b"x"),
    frame(0, 8, 1, b"\x02ab\0\0"), frame(9, 4, 1, b"\x82"),
    frame(5, 4, 1, b"\0\0\0\x02\x82"), frame(0x42, 0xff, 1, b"unknown"),
    frame(3, 0, 1, b"\0\0\0\x08"), frame(3, 0, 1, b"\0\0\0\x07"),
    frame(1, 4, 1, b"\x82\x86\x84\x41\x01a"), frame(1, 4, 3, b"\xff\xff\xff"),
    frame(1, 4, 2, b"\x82"), b"\0\xff\xff\0\0\0\0\0\1",
]


def target(path=b"/", scheme=b"https", authority=b"a", method=b"GET"):
    return [(b":method", method), (b":scheme", scheme), (b":path", path),
            (b":authority", authority)]


def in_frames(pairs):
    """A field section cut into HEADERS and CONTINUATION of 16000 bytes."""
    block = fields(pairs)
    parts = [block[i:i + 16000] for i in range(0, len(block), 16000)]
    out = frame(1, 1 | (4 if len(parts) == 1 else 0), 1, parts[0])
    for i, part in enumerate(parts[1:], 2):
        out += frame(9, 4 if i == len(parts) else 0, 1, part)
    return SETTINGS + out


TARGETS = [
    target(b"/a#b"), target(b"/a\\b"), target(b"*"),
    target(b"*", method=b"OPTIONS"), target(scheme=b"ftp"),
    target(authority=b"u@a"), target(authority=b"a:x"), target(b"/?\\"),
    target(authority=b"[::1]:1"), target(b"/", method=b"HEAD"),
    target()[:3] + [(b"host", b"a")],
    target()[:3] + [(b"host", b"a"), (b"host", b"a")],
    target(b"/" + b"a" * 33000), target() + [(b"x", b"a" * 33000)],
    target() + [(b"x", b"a" * 30000)] * 5, target() + [(b"x", b"y")] * 201,
    target() + [(b"content-length", b"1234567890123456789")],
]


def settings(*pairs):
    return frame(4, 0, 0, b"".join(struct.pack(">HI", *pair) for pair in pairs))


# What browsers and others show of themselves (RFC 9113 section 6.5.2): the
# largest and smallest of each, twice the same, one that nobody knows, none.
INTRODUCED = [
    settings((1, 65536), (2, 0), (4, 6291456), (6, 262144)) + frame(8, 0, 0, struct.pack(">I", 15663105)),
    settings((1, 4096), (2, 1), (3, 100), (4, 131072), (5, 16384)) + frame(8, 0, 0, struct.pack(">I", 12517377)),
    settings((4, 1), (1, 0xffffffff), (8, 1), (9, 1)), settings((4, 0x7fffffff), (5, 0xffffff), (6, 0)),
    settings((4, 5), (4, 70000), (2, 1), (2, 0)), settings((0x1a2a, 7), (3, 0)), settings(*[(0x100 + i, i) for i in range(40)]),
    settings((4, 65535)) + frame(8, 0, 0, struct.pack(">I", 0x7fff0000)), settings((8, 2)), settings((2, 2)), settings((5, 1)),
]
REFUSED = [
    target() + [(b"content-length", b"3"), (b"content-length", b"3")], target() + [(b"host", b"a"), (b"host", b"a")],
    target(method=b"G T"), target(method=b""), target(authority=b""), target()[:3], target() + [(b"cookie", b"c" * 30000)] * 6,
    target() + [(b"cookie", b"a=1"), (b"content-length", b"3"), (b"cookie", b"b=2")],
    target() + [(b"expect", b"100-continue"), (b"expect", b"100-continue")], target() + [(b"x_\x7f", b"y")], target() + [(b"x", b"\0")],
]


def prioritised(pairs, weight, parent, end=False):
    return frame(1, 0x24 | (1 if end else 0), 1, struct.pack(">IB", parent, weight) + fields(pairs))


def h2_client():
    for shown in INTRODUCED:
        yield shown + head(BASIC) + frame(0, 1, 1, b"abc")
        yield shown
    for pairs in REFUSED:
        yield in_frames(pairs)
    for weight, parent in ((0, 0), (255, 0x80000000), (15, 3), (7, 1)):
        yield SETTINGS + prioritised(BASIC, weight, parent) + frame(0, 1, 1, b"abc")
    for pair in ((b"content-length", b"1"), (b"host", b"a"), (b"te", b"trailers")):
        yield SETTINGS + head(BASIC) + frame(0, 0, 1, b"abc") + frame(1, 5, 1, fields([pair]))
    for pairs in TARGETS:
        yield in_frames(pairs)
    for extra in EXTRAS:
        yield SETTINGS + head(BASIC + extra) + frame(0, 1, 1, b"abc")
    for part in COMMON:
        yield SETTINGS + head(BASIC) + part + frame(0, 1, 1, b"abc")
    trailers = frame(1, 5, 1, fields([(b"x-sum", b"1")]))
    yield SETTINGS + head(BASIC) + frame(0, 0, 1, b"abc") + trailers
    block = fields(BASIC)
    yield SETTINGS + frame(1, 1, 1, block[:9]) + frame(9, 4, 1, block[9:])
    yield SETTINGS + b"".join(head(BASIC, s, True) for s in range(1, 40, 2))
    yield SETTINGS + frame(0, 0, 1) * 20
    yield head([(b":method", b"CONNECT"), (b":authority", b"a:443")])


def h2_origin():
    ok = [(b":status", b"200")]
    for extra in EXTRAS:
        yield SETTINGS + head(ok + extra) + frame(0, 1, 1, b"abc")
    for part in COMMON:
        yield SETTINGS + head(ok) + part + frame(0, 1, 1, b"abc")
    for status in (b"100", b"101", b"103", b"204", b"304", b"20", b"999"):
        yield SETTINGS + head([(b":status", status)]) + head(ok, end=True)
    yield SETTINGS + head([(b":status", b"103")]) * 18
    for code in range(14):
        yield SETTINGS + frame(3, 0, 1, struct.pack(">I", code))
    for pair in ((b"content-length", b"1"), (b"host", b"a"), (b"cookie", b"a")):
        yield SETTINGS + head(ok) + frame(1, 5, 1, fields([pair]))
    yield SETTINGS + head(ok + [(b"content-length",
                                 b"1234567890123456789")])
    trailers = frame(1, 5, 1, fields([(b"x-sum", b"1")]))
    yield SETTINGS + head(ok) + frame(0, 0, 1, b"abc") + trailers


OK_HEAD = [(b":status", b"200")]
ENDS = [bytes([kind, 0, 0]) for kind in range(2, 11)]


def step(kind, payload=b""):
    """A step of fuzz_relay.c: 0 from the client, 1 from the origin."""
    return bytes([kind]) + struct.pack(">H", len(payload)) + payload


def relays():
    """Transcripts with the mode of tests/fuzz/fuzz_relay.c."""
    h2_answer = SETTINGS + head(OK_HEAD) + frame(0, 1, 1, b"abc")
    good = P + b"Content-Length: 5\r\n\r\nhello"
    asks = {0: good, 2: good,
            1: SETTINGS + head(BASIC) + frame(0, 1, 1, b"hello"),
            3: SETTINGS + head(BASIC) + frame(0, 1, 1, b"hello")}
    answers = {0: RESPONSES[0], 1: RESPONSES[0], 2: h2_answer, 3: h2_answer}
    for i, request in enumerate(REQUESTS):
        yield 0, step(0, request) + step(1, RESPONSES[i % len(RESPONSES)])
        yield 2, step(1, SETTINGS) + step(0, request) + step(1, h2_answer)
    for response in RESPONSES:
        yield 1, step(0, asks[1]) + step(1, response) + step(3)
        yield 0, step(0, good) + step(1, response) + step(3)
    for i, payload in enumerate(h2_client()):
        if len(payload) < 4096:
            yield 1 + i % 2 * 2, step(0, payload) + step(1, answers[1 + i % 2 * 2])
    for mode in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9):
        ask, answer = asks[mode & 3], answers[mode & 3]
        half = ask[:-3]
        settings = step(1, SETTINGS) if mode & 2 else b""
        for end in ENDS:
            yield mode, settings + step(0, ask) + end + step(1, answer)
            if mode < 4:
                yield mode, settings + step(0, half) + end + step(0, ask[-3:])
        for why in range(6):
            yield mode, settings + step(0, half) + step(7, bytes([why]))
        yield mode, settings + step(0, ask) + step(1, answer[:-2]) + step(1, answer[-2:])
        window = frame(8, 0, 0, struct.pack(">I", 1 << 20)) + frame(8, 0, 1, struct.pack(">I", 1 << 20))
        yield mode, settings + step(0, ask) + step(8) + step(0, window if mode & 1 else b"") + step(6)
    switch = G + b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n"
    yield 0, step(0, switch) + step(1, RESPONSES[10]) + step(0, b"raw") + step(1, b"war") + step(2)
    yield 0, step(0, switch) + step(1, RESPONSES[10]) + step(9)
    tunnel = b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n\x16\x03\x01"
    yield 0, step(0, tunnel) + step(9)
    ws = [(b":method", b"CONNECT"), (b":protocol", b"websocket"), (b":scheme", b"https"),
          (b":path", b"/"), (b":authority", b"a")]
    for mode in (1, 3):
        yield mode, step(1, SETTINGS) + step(0, SETTINGS + head(ws)) \
            + step(1, SETTINGS + head(OK_HEAD) if mode == 3 else RESPONSES[10]) \
            + step(0, frame(0, 0, 1, b"raw")) + step(1, b"war")
    yield 0, step(0, G + b"\r\n") * 66
    yield 3, step(1, SETTINGS) + step(0, SETTINGS + b"".join(head(BASIC, s, True) for s in range(1, 140, 2)))


def main():
    for mode, payload in relays():
        write("relay", payload, [mode])
    for payload in REQUESTS:
        write("h1_request", payload, MODES)
    for payload in RESPONSES:
        write("h1_response", payload, [0x00, 0x01, 0x30, 0x47])
    for payload in h2_client():
        write("h2_client", payload, [0x00, 0x21, 0x85])
    for payload in h2_origin():
        write("h2_origin", payload, [0x00, 0x21, 0x45, 0x85])


main()
