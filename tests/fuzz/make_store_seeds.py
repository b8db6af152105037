#!/usr/bin/env python3
"""Writes the seeds of fuzz_record, fuzz_journal and fuzz_users."""
import os
import random
import struct
import zlib

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus")
ID = b"01934567-89ab-7def-8123-456789abcdef"
random.seed(1)


def save(module, number, data):
    folder = os.path.join(HERE, module)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "%03d" % number), "wb") as out:
        out.write(data)


def request(kind, flags, size, token, origin, name, json, version=1):
    return struct.pack("<cBBBIQQ", b"R", version, kind, flags, size, token,
                       origin) + name.ljust(36, b"\0") + json


def answer(err, token, version=1):
    return struct.pack("<cBHIQ", b"A", version, 0, err, token)


def damage(data):
    data = bytearray(data)
    for _ in range(random.randint(1, 3)):
        how = random.randrange(3)
        if not data:
            break
        at = random.randrange(len(data))
        if how == 0:
            data[at] ^= 1 << random.randrange(8)
        elif how == 1:
            del data[at:at + random.randint(1, 9)]
        else:
            data[at:at] = bytes(random.randrange(256) for _ in range(3))
    return bytes(data)


def records():
    good = [request(k, 0, len(j), t, o, ID, j)
            for k in (1, 2) for j in (b"{}", b'{"a":1}', b"[]" * 9)
            for t, o in ((0, 1), (5, 2**64 - 1))]
    good += [request(1, 1, n, 1, 1, ID, b"") for n in (1, 70000, 64 << 20)]
    good += [request(3, 0, 0, 0, o, b"", b"") for o in (1, 77, 2**63)]
    good += [answer(e, 9) for e in range(13)]
    bad = [request(1, 1, (64 << 20) + 1, 1, 1, ID, b""),
           request(3, 0, 0, 0, 0, b"", b""), request(9, 0, 2, 1, 1, ID, b"{}"),
           request(1, 2, 2, 1, 1, ID, b"{}"), request(1, 0, 3, 1, 1, ID, b"{}"),
           request(1, 0, 2, 1, 1, ID.upper(), b"{}"), answer(13, 1),
           request(1, 0, 61000, 1, 1, ID, b" " * 61500),
           request(1, 0, 2, 1, 1, ID, b"{}", 2), answer(0, 1, 2), b"", b"R"]
    return good + bad + [damage(random.choice(good)) for _ in range(80)]


def entry(kind, origin, name, json):
    body = struct.pack("<B3xQ", kind, origin) + name.ljust(36, b"\0") + json
    size = struct.pack("<I", len(body))
    return b"PGJe" + size + struct.pack("<I", zlib.crc32(size + body)) + body


def segments():
    head = b"PGJ1\r\n\0\0" + struct.pack("<Q", 1)
    some = [entry(1, 1, ID, b"{}"), entry(2, 1, ID, b'{"a":"PGJe"}'),
            entry(3, 7, b"", b""), entry(3, 0, b"", b'["1","2"]'),
            entry(1, 2**64 - 1, ID, b"x" * 700)]
    bad = [entry(8, 1, ID, b"{}"), entry(1, 1, b"short", b"{}"),
           b"PGJe" + b"\xff" * 8, b"PGJe\x00\x00\x00\x00", b"PGJ", b"\0" * 99,
           entry(1, 1, ID, b"{}")[:-1], b"PGJe\x40\x00\x00\x00abcd"]
    out = [b"", head[:9], head]
    out += [head + e for e in some + bad]
    out += [head + a + b + c for a in some for b in bad for c in (some[0], b"")]
    whole = head + b"".join(some)
    out += [whole] + [damage(whole) for _ in range(30)]
    return out


def logins():
    sha = "0123456789abcdef" * 4
    one = 'users:\n  - name: "ana"\n    role: %s\n    groups: [%s]\n'
    pw = '    password: "$argon2id$v=19$m=65536,t=2,p=1$c2FsdA$aGFzaA"\n'
    tok = '    tokens:\n      - {name: "%s", sha256: "%s", created: "%s"}\n'
    out = ["", "users: []\n", "users:\n", "[1", "a: b\n", "users: {a: b}\n"]
    for role in ("analyst", "investigator", "administrator", "auditor",
                 "proxy", "king", ""):
        for groups in ("", '"a"', '"a", "b c"', "x, y, z", '"a:b"'):
            out.append(one % (role, groups) + (pw if groups else ""))
    for name in ("ci", "a b", ""):
        for value in (sha, sha[:-1], "zz" * 32, ""):
            for when in ("2026-11-22T10:00:00.000Z", "soon", ""):
                out.append(one % ("auditor", "") + tok % (name, value, when))
    many = ", ".join("g%d" % i for i in range(70))
    out += [one % ("proxy", many), one % ("proxy", "") + "    password: x\n",
            one % ("proxy", "") + one[7:] % ("proxy", ""),
            one % ("proxy", "") + "    tokens:\n" + "".join(
                "      - {name: t%d, sha256: \"%s\"}\n" % (i, sha)
                for i in range(66))]
    for name in ("a b", "a:b", "", "x" * 200, "\\u00e9", "\\\"", "\\x7f"):
        out.append('users:\n  - {name: "%s", role: proxy}\n' % name)
    data = [text.encode() for text in out]
    return data + [damage(random.choice(data[6:])) for _ in range(30)]


for module, seeds in (("record", records()), ("journal", segments()),
                      ("users", logins())):
    for i, seed in enumerate(seeds):
        save(module, i, seed)
    print(module, len(seeds))
