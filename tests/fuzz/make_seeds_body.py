#!/usr/bin/env python3
"""Writes the seeds of the body parsers' fuzz targets, the same every time:
tests/fuzz/corpus/{json,sse,decode,form,multipart,harvest}/.  br streams come
from Debian's library, zstd from its program, the rest from the standard
library."""

import ctypes
import gzip
import json
import os
import random
import subprocess
import zlib

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus")
EACH = 120
rnd = random.Random(20)


def write(target, seeds):
    folder = os.path.join(ROOT, target)
    os.makedirs(folder, exist_ok=True)
    for i, seed in enumerate(seeds):
        with open(os.path.join(folder, "%03d" % i), "wb") as f:
            f.write(seed)


def damaged(seed):
    if not seed:
        return b"\x00"
    b = bytearray(seed)
    at = rnd.randrange(len(b))
    how = rnd.randrange(3)
    if how == 0:
        b[at] = rnd.randrange(256)
    elif how == 1:
        del b[at:]
    else:
        b[at:at] = bytes([rnd.randrange(256)])
    return bytes(b)


def filled(seeds, make):
    """Hand-written ones, then made ones, a third of them damaged."""
    seeds = list(seeds)
    while len(seeds) < EACH:
        seed = make()
        seeds.append(damaged(seed) if rnd.randrange(3) == 0 else seed)
    return seeds


WORDS = ["hello", "caf\u00e9", "\u20ac 5", "\U0001f600", "a\nb", "quote \"",
         "back\\slash", "4111 1111 1111 1111", "\u0000", "", "tab\t"]


def value(depth=0):
    what = rnd.randrange(5 if depth < 4 else 3)
    if what == 0:
        return rnd.choice([None, True, False, 0, -1, 1.5e-3, 1e300,
                           4111111111111111, 2**63 - 1, -2**63, 0.1])
    if what in (1, 2):
        return "".join(rnd.choice(WORDS) for _ in range(rnd.randrange(4)))
    n = rnd.randrange(4)
    if what == 3:
        return [value(depth + 1) for _ in range(n)]
    return {rnd.choice(WORDS) + str(i): value(depth + 1) for i in range(n)}


def json_text():
    return json.dumps(value(), ensure_ascii=rnd.randrange(2) == 0,
                      indent=rnd.choice([None, None, 1])).encode()


def prompt():
    return json.dumps({
        "action": "next", "model": "auto", "parent_message_id": "p1",
        "messages": [{"id": "m1", "author": {"role": "user"},
                      "content": {"content_type": "text",
                                  "parts": [rnd.choice(WORDS)]}}]}).encode()


JSON = [
    b"", b" ", b"{}", b"[]", b"null", b"true", b"false", b"0", b"-0", b"1e5",
    b"-1.5E+3", b'""', b'"a"', b'"\\u0000"', b'"\\ud83d\\ude00"',
    b'"\\ud83d"', b'"\\ude00\\ud83d"', b'"\\ud83d\\n"', b'"\xff"',
    b'"\xe2\x82"', b'"\xed\xa0\x80"', b'"\xf0\x9f\x98\x80"',
    b'"\\"\\\\\\/\\b\\f\\n\\r\\t"', b'"\\x"', b'"\\u12g4"', b'"a\nb"',
    b"\xef\xbb\xbf{}", b"\xef\xbb{}", b"\xff\xfe{\x00}\x00",
    b"{\x00}\x00", b"\x00{\x00}", b"[1,2,]", b'{"a":1,}', b'{"a" 1}',
    b'{"a":1,"a":2}', b"{a:1}", b"[1 2]", b"[01]", b"[1.]", b"[.5]", b"[-]",
    b"[+1]", b"[1e]", b"[1-2]", b"[nul]", b"[trux]", b"[NaN]", b"]", b"[}",
    b"{]", b"[" * 127 + b"]" * 127, b"[" * 140, b'{"a":' * 130,
    b"{}{}", b"{}\n[1]\n\"x\"\n7 8\n", b"\x1e{}\n", b"1" * 400,
    b"\rtrue\x00", b"1" * 4097, b'"' + b"plain text " * 60 + b'"',
]

SSE = [
    b"", b"data: a\n\n", b"data:a\r\n\r\n", b"data: a\r\r", b"data\n\n",
    b"data: a\ndata: b\n\n", b": ping\n\n", b"event: x\nid: 1\ndata: y\n\n",
    b"id: a\x00b\ndata: c\n\n", b"retry: 5\n\n", b"data: cut", b"data: a\r",
    b"\xef\xbb\xbfdata: a\n\n", b"\r\n\r\n\n\n\r\r", b"data: [DONE]\n\n",
    b"event: delta_encoding\ndata: \"v1\"\n\n", b"data: " + b"x" * 300 +
    b"\n\n", b"x" * 300, b"data: " + b"y" * 248 + b"\n\n", b"event: only\n\n",
    b"data: 1\ndata: 2\n" * 30, b"foo\nbar: baz\n\n", b"{\"a\":1}\n{}\r\n",
]


def sse_text():
    end = rnd.choice([b"\n", b"\r\n", b"\r"])
    out = b""
    for _ in range(rnd.randrange(1, 5)):
        for _ in range(rnd.randrange(1, 4)):
            out += rnd.choice([
                b"data: " + json.dumps(value(3)).encode() + b"  ",
                b"data:" + rnd.choice(WORDS).encode(), b"event: delta",
                b": comment", b"id: 7", b"retry: 1", b"data"]) + end
        out += end
    return out


FORM = [
    b"", b"a", b"a=b", b"a=b&c=d", b"&&=&=x&y=", b"a=%41%zz%4", b"a=%",
    b"%", b"%4", b"+=+", b"a=%00", b"a=b=c", b"n%3d=1", b"a=" + b"x" * 80,
    b"x" * 80, b"a=%e2%82%ac", b"a=" + b"%41" * 70, b"a=%+b%%41",
    b"f.req=%5B%22a%22%5D", b"a=1&a=2&a=3",
]


def form_text():
    pieces = [b"a", b"name", b"=", b"&", b"+", b"%20", b"%e9", b"%g1", b"%",
              b"value", b"4111", b"%7B%7D", b"\xc3\xa9"]
    return b"".join(rnd.choice(pieces) for _ in range(rnd.randrange(1, 20)))


def part(data=None):
    headers = rnd.choice([
        b'Content-Disposition: form-data; name="a"\r\n',
        b'content-disposition: form-data; name=f; filename="x y.txt"\r\n'
        b'Content-Type: text/plain; charset=utf-8\r\n',
        b"Content-Disposition: form-data; name=g; filename*=UTF-8''c%20d\r\n",
        b"Content-Disposition: form-data;\r\n name=folded\r\n",
        b"Content-Type: application/json\r\n"
        b"Content-Transfer-Encoding: 8bit\r\n", b"", b"no colon\r\n",
        b'Content-Disposition: form-data; filename="a\\"b\\\\c"; x\r\n'])
    if data is None:
        data = rnd.choice([b"", b"hello", b"line\r\nline\r\n", b"\r\n--X",
                           b"--XX", b"a\r\n--XXY\r\n", b"\r\r\n", json_text(),
                           b"\x00\x01\xff", b"a=b&c=d"])
    return headers + b"\r\n" + data


def multipart_body():
    end = rnd.choice([b"\r\n", b"\r\n", b"\n"])
    out = rnd.choice([b"", b"", b"preamble\r\n"])
    for _ in range(rnd.randrange(4)):
        out += b"--XX" + rnd.choice([b"", b" \t"]) + end + part() + end
    return out + rnd.choice([b"--XX--\r\n", b"--XX--", b"--XX", b"",
                             b"--XX--epilogue"])


TYPES = [b"multipart/form-data; boundary=XX",
         b'Multipart/Mixed; a="b;\\"c"; boundary="XX"; charset=UTF-8',
         b"multipart/form-data;boundary = XX ;boundary=YY"]
MULTIPART = [b"", b"\n", b"x\n", b"multipart/form-data\n--XX\r\n",
             b"multipart/x; boundary=\n", TYPES[0] + b"\n",
             b"attachment; filename*=iso-8859-1''%e9; filename=x\n",
             b"attachment; filename*=utf-8''%e2%8; name=\"open\n",
             b"m/f; boundary=" + b"b" * 201 + b"\n",
             TYPES[0] + b"\n--XX\r\nA: " + b"h" * 16400 + b"\r\n\r\n",
             TYPES[0] + b"\n--XX" + b" " * 70 + b"\r\n\r\nx",
             TYPES[0] + b"\n--XX\r\n\r\na\r\n--XX \r \n--XX-a\r\n--XX--"]


def multipart_text():
    return rnd.choice(TYPES) + b"\n" + multipart_body()


HARVEST_TYPES = [b"application/json", b"", b"text/plain", b"image/png",
                 b"application/x-ndjson", b"text/event-stream",
                 b"application/x-www-form-urlencoded", TYPES[0],
                 b"application/octet-stream", b"nonsense"]
HARVEST = [t + b"\n" + b for t in HARVEST_TYPES[:5] for b in (
    b"", b'{"a":"one\\u0031",4111 1111', b"[4111 1111 1111 1111]",
    b'{"a":"{\\"b\\":\\"\\\\u0034\\"}"}', b"{} 4111111111111111",
    b"\xff\xfe4\x001\x001\x001\x002\x00", b"[4.111111111111111e15]")]
HARVEST += [b"\n" + b for b in (
    b"data: {\"v\":1}\n\ndata: x\n\n", b"a=b&c=%7B%22a%22%3A1%7D",
    b"\x00\x01abcd\xc3\xa9\xe2\x82\xac\x02ab\x00",
    b"\xfe\xff\x004\x001\x001\x001", b"plain \xc3\xa9",
    b" " * 600 + b'{"a":"\\u0041"}', b"t" * 600 + b"4\x001\x001\x001\x00",
    b'"a string"', b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n")]


def harvest_text():
    body = rnd.choice([json_text, prompt, sse_text, form_text, multipart_body,
                       lambda: bytes(rnd.randrange(256) for _ in range(60)),
                       lambda: json_text() + b"\n" + json_text()])()
    return rnd.choice(HARVEST_TYPES) + b"\n" + body


def brotli(data):
    lib = ctypes.CDLL("libbrotlienc.so.1")
    out = ctypes.create_string_buffer(len(data) + 1024)
    n = ctypes.c_size_t(len(out))
    if not lib.BrotliEncoderCompress(5, 22, 0, ctypes.c_size_t(len(data)),
                                     data, ctypes.byref(n), out):
        raise RuntimeError("brotli")
    return out.raw[:n.value]


def program(command, data):
    return subprocess.run(command, input=data, check=True,
                          stdout=subprocess.PIPE).stdout


def raw_deflate(data):
    z = zlib.compressobj(6, zlib.DEFLATED, -15)
    return z.compress(data) + z.flush()


ENCODERS = {
    "gzip": lambda d: gzip.compress(d, mtime=0),
    "zlib": zlib.compress,
    "raw": raw_deflate,
    "br": brotli,
    "zstd": lambda d: program(["zstd", "-c", "-q"], d),
}
# As in fuzz_decode.c: the first byte is an index into its headers.
CHAINS = [(0, ["gzip"]), (1, ["zlib"]), (1, ["raw"]), (2, ["br"]),
          (3, ["zstd"]), (4, []), (5, ["gzip", "br"]), (6, ["zstd", "raw"]),
          (7, ["br", "gzip", "zstd"])]
DECODE = [b"", b"\x00", b"\x00plain", b"\x01\x78", b"\x01\x78\x20dict",
          b"\x03\x50\x2a\x4d\x18\x02\x00\x00\x00ab", b"\x02plain", b"\x03abc",
          b"\x03\x28\xb5\x2f\xfd\x24\xda\x01\x00\x00\x99\xe9\xd8\x51",
          b"\x04plain", b"\x05", b"\x04gzip", b"\x04 br , X-GZIP,identity",
          b"\x04gzip,gzip,gzip,gzip", b"\x04dcb"]


def encoded(chain, data):
    index, names = chain
    for name in names:
        data = ENCODERS[name](data)
    return bytes([index]) + data


def decode_text():
    return encoded(rnd.choice(CHAINS), rnd.choice(
        [json_text(), sse_text(), b"a" * rnd.randrange(1, 5000), b""]))


def main():
    for chain in CHAINS:
        DECODE.append(encoded(chain, prompt()))
    for chain in CHAINS[:5]:  # bombs
        DECODE.append(encoded(chain, bytes(2 * 1024 * 1024)))
    DECODE.append(b"\x00" + gzip.compress(b"one", mtime=0) +
                  gzip.compress(b"two", mtime=0))
    DECODE.append(b"\x00" + gzip.compress(b"one", mtime=0) + b"trailing")
    write("json", filled(JSON, lambda: rnd.choice([json_text, prompt])()))
    write("sse", filled(SSE, sse_text))
    write("form", filled(FORM, form_text))
    write("multipart", filled(MULTIPART, multipart_text))
    write("harvest", filled(HARVEST, harvest_text))
    write("decode", filled(DECODE, decode_text))


if __name__ == "__main__":
    main()
