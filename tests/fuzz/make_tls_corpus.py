"""Writes the seeds of fuzz_hello and fuzz_signer: python3 make_tls_corpus.py

Hellos are built here byte by byte, whole, cut into records, and broken in one
place each; requests and answers of the signer likewise.  The same seeds come
out at every run.
"""
import pathlib
import random

HERE = pathlib.Path(__file__).resolve().parent / "corpus"
rand = random.Random(1)


def vector(size, body):
    return len(body).to_bytes(size, "big") + body


def ext(kind, body):
    return kind.to_bytes(2, "big") + vector(2, body)


def sni(*names, kind=0):
    return ext(0, vector(2, b"".join(bytes([kind]) + vector(2, n) for n in names)))


def alpn(*names):
    return ext(16, vector(2, b"".join(vector(1, n) for n in names)))


def hello(*extensions, version=b"\3\3", session=b"", ciphers=b"\x13\x01", methods=b"\0", tail=None):
    body = version + bytes(range(32)) + vector(1, session) + vector(2, ciphers) + vector(1, methods)
    body += vector(2, b"".join(extensions)) if tail is None else tail
    return b"\1" + vector(3, body)


def records(message, size=16384, kind=22, version=b"\3\1"):
    return b"".join(bytes([kind]) + version + vector(2, message[i:i + size])
                    for i in range(0, len(message), size))


def write(folder, seeds):
    path = HERE / folder
    path.mkdir(parents=True, exist_ok=True)
    for old in path.iterdir():
        old.unlink()
    for i, seed in enumerate(seeds):
        (path / f"{i:03}").write_bytes(seed)
    print(folder, len(seeds))


def hello_seeds():
    name, h2 = sni(b"chatgpt.com"), alpn(b"h2", b"http/1.1")
    full = hello(ext(0x2a2a, b""), name, h2, ext(0xfe0d, b"ech"), ext(43, b"\2\3\4"), ext(51, b"k" * 40))
    seeds = [records(full, n) for n in (1, 2, 3, 4, 5, 7, 16, 33, 64, 100, 16384)]
    for names in ((b"a.b",), (b"CHATGPT.COM.",), (b"x" * 63 + b".test",), (b"x" * 64 + b".test",), (b"",), (b".",),
                  (b"a..b",), (b".a",), (b"127.0.0.1",), (b"::1",), (b"[::1]",), (b"a b",), (b"a\0b",),
                  (b"xn--bcher-kva.example",), ("bücher.de".encode(),), (b"*.a.test",), (b"a_b.test",), (b"1",),
                  (b"0x7f.1",), (b"a.test", b"b.test"), (".".join(["x" * 49] * 5).encode(),),
                  ((".".join(["x" * 49] * 5) + ".toolong").encode(),)):
        seeds.append(records(hello(sni(*names), h2)))
    seeds.append(records(hello(sni(b"a.test", kind=1))))
    for body in (b"", b"\0\0", b"\0\1\0", b"\0\3\2h", b"\0\3\3h2", b"\0\3\2h2x", b"\0\6\2h2\2h2"):
        seeds.append(records(hello(name, ext(16, body))))
        seeds.append(records(hello(ext(0, body))))
    seeds += [records(hello(name, name)), records(hello(ext(0x1a1a, b""), ext(0x1a1a, b""))),
              records(hello()), records(hello(tail=b"")), records(hello(tail=b"\0")), records(hello(tail=b"\0\5abc")),
              records(hello(name, session=b"s" * 32)), records(hello(name, session=b"s" * 33)),
              records(hello(name, ciphers=b"")), records(hello(name, ciphers=b"\x13")),
              records(hello(name, methods=b"")), records(hello(name, version=b"\2\0")),
              records(full, kind=23), records(full, version=b"\2\0"), b"GET / HTTP/1.1\r\n\r\n", b"\x80\x2e\1\0\2",
              b"", b"\x16", b"\x16\3", b"\x16\3\1\0\0", b"\x16\3\1\xff\xff", b"\x16\3\1\0\1\2",
              b"\x16\3\1\x40\0\1\1\0\0", records(b"\1\0\xff\0" + b"x" * 3000, 1),
              records(full, 40)[:60] + b"\x15\3\1\0\2\2\x28", records(full) + b"\x17\3\3\0\4abcd",
              records(hello(*[ext(0x8000 + i, b"x") for i in range(500)], name)),
              records(hello(ext(51, b"k" * 1216), name), 600)]
    whole = records(full)
    seeds += [whole[:n] for n in range(1, len(whole), 23)]
    for _ in range(20):
        broken = bytearray(whole)
        broken[rand.randrange(len(broken))] ^= 1 << rand.randrange(8)
        seeds.append(bytes(broken))
    return seeds


def signer_seeds():
    # A fixed P-256 point (the generator), so that the seeds stay the same.
    p256 = bytes.fromhex(
        "3059301306072a8648ce3d020106082a8648ce3d030107034200046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a1394"
        "5d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
    ed = bytes.fromhex("302a300506032b6570032100" + "11" * 32)

    def ask(host, key):
        return b"Q" + vector(1, host) + vector(2, key)

    def answer(status, host, cert):
        return b"A" + bytes([status]) + vector(1, host) + vector(2, cert)

    good = ask(b"chatgpt.com", p256)
    seeds = [good, good + b"x", ask(b"chatgpt.com", ed), ask(b"chatgpt.com", b""), ask(b"chatgpt.com", b"junk" * 10),
             ask(b"chatgpt.com", b"k" * 512), ask(b"chatgpt.com", b"k" * 513), ask(b"x" * 254, p256),
             ask(b"chatgpt.com", p256[:-1]), ask(b"chatgpt.com", p256 + b"\0"), b"", b"Q", b"A", b"Z", b"Q\xff",
             b"Q\0\0\0", b"A\0\0\0\0"]
    for host in (b"", b"bank.example", b"CHATGPT.COM", b"chatgpt.com.", b"a,DNS:b.test", b"*.chatgpt.com", b"a b",
                 b"127.0.0.1", b"::1", b"1.2.3", b"x" * 64, b"a..b", b".a", b"-", b"_", b"x" * 63 + b".y"):
        seeds.append(ask(host, p256))
    der = bytes.fromhex("3003020100")
    for status in (0, 1, 3, 6, 13, 255):
        for host in (b"chatgpt.com", b"", b"other.test"):
            for cert in (b"", der, b"junk", b"c" * 4096, b"c" * 4097):
                seeds.append(answer(status, host, cert)[:1200 if len(cert) < 4096 else 5000])
    seeds += [good[:n] for n in range(1, len(good), 9)]
    for _ in range(15):
        broken = bytearray(good)
        broken[rand.randrange(len(broken))] ^= 1 << rand.randrange(8)
        seeds.append(bytes(broken))
    return seeds


write("hello", hello_seeds())
write("signer", signer_seeds())
