"""Seeds of fuzz_ws: sockets of both sides, whole, fragmented, compressed with
and without context takeover, broken in each way; and handshakes."""
import pathlib
import random
import struct
import zlib

HERE = pathlib.Path(__file__).resolve().parent
CLIENT, DEFLATE, RESETS, KEEPS, HANDSHAKE = 1, 2, 4, 8, 16
rng = random.Random(13)
seeds = []


def frame(first, payload=b"", options=0, length=None, mask=None):
    n = len(payload)
    form = length or (7 if n < 126 else 16 if n < 65536 else 64)
    masked = (options & CLIENT) if mask is None else mask
    out = bytes([first]) + {7: lambda: bytes([n]), 16: lambda: b"\x7e" + struct.pack(">H", n),
                            64: lambda: b"\x7f" + struct.pack(">Q", n)}[form]()
    if masked:
        key = rng.randbytes(4)
        out = out[:1] + bytes([out[1] | 0x80]) + out[2:] + key
        payload = bytes(c ^ key[i % 4] for i, c in enumerate(payload))
    return out + payload


class Packer:
    def __init__(self, options, window=15):
        self.options, self.window = options, window
        self.z = zlib.compressobj(9, zlib.DEFLATED, -window)

    def pack(self, text):
        if self.options & RESETS:
            self.z = zlib.compressobj(9, zlib.DEFLATED, -self.window)
        return (self.z.compress(text) + self.z.flush(zlib.Z_SYNC_FLUSH))[:-4] or b"\0"


def add(options, *frames):
    seeds.append(bytes([options]) + b"".join(frames))


TEXTS = [b"", b"[]", b'{"type":"response.create","input":"4111 1111 1111 1111"}', "Grüße 👋".encode(), b"x" * 200, b"y" * 3000,
         b'[{"type":"message","topic_id":"conversation-turn-1","offset":"17"}]', b"\xc3", b"\xed\xa0\x80"]

for options in range(16):
    packer = Packer(options, rng.choice([9, 12, 15]))
    parts = []
    for text in TEXTS[:7]:
        if options & DEFLATE:
            wire = packer.pack(text)
            parts.append(frame(0xc1, wire, options))
        else:
            parts.append(frame(0x81, text, options))
    add(options, *parts)                                       # one after the other
    add(options, *rng.sample(parts, 3))                        # out of step
    text = TEXTS[2]
    wire, first = (packer.pack(text), 0x41) if options & DEFLATE else (text, 0x01)
    cut = len(wire) // 2
    add(options, frame(first, wire[:cut], options), frame(0x89, b"ping", options), frame(0, b"", options),
        frame(0x80, wire[cut:], options), frame(0x8a, b"pong", options), frame(0x88, struct.pack(">H", 1000) + b"bye", options))
    add(options, frame(first, wire[:cut], options), frame(0x88, b"", options))
    add(options, frame(0x82, rng.randbytes(300), options), frame(0x82, b"z" * 2049, options), frame(0x81, b"after", options))
for options in (0, 1, 2, 3, 10, 11):
    for text in TEXTS:
        add(options, frame(0x81, text, options))
    for first in (0x80, 0x00, 0x83, 0x8b, 0x91, 0xa1, 0xc1, 0xc9, 0x09, 0x08, 0xc0):
        add(options, frame(first, b"x", options))
    add(options, frame(0x01, b"a", options), frame(0x81, b"b", options))
    add(options, frame(0x89, b"p" * 126, options))
    add(options, frame(0x82, b"s", options, length=16))
    add(options, frame(0x82, b"s", options, length=64))
    add(options, frame(0x81, b"m", options, mask=not options & CLIENT))
    add(options, bytes([0x82, 0x7f]) + b"\xff" * 8)
    for status in (999, 1000, 1005, 1009, 3000, 5000):
        add(options, frame(0x88, struct.pack(">H", status) + b"why", options))
    add(options, frame(0x88, b"\x03", options), frame(0x88, b"\x03\xe8\xff", options))
final = zlib.compressobj(9, zlib.DEFLATED, -15)
final = final.compress(b"Hello") + final.flush(zlib.Z_FINISH)
for tail in (b"\0", b"", b"\0\0"):
    add(DEFLATE, frame(0xc1, final + tail), frame(0xc1, final + tail))
add(DEFLATE, frame(0xc1, b"\xff\xff"))
add(DEFLATE, frame(0xc1, Packer(2).pack(b"x" * 5000)), frame(0xc1, Packer(2).pack(b"after")))

KEY, ACCEPT = b"dGhlIHNhbXBsZSBub25jZQ==", b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
OFFERS = [b"", b"permessage-deflate", b"permessage-deflate; client_max_window_bits", b"foo, permessage-deflate;server_max_window_bits=\"10\"",
          b"permessage-deflate; mystery, permessage-deflate; server_no_context_takeover; client_no_context_takeover"]
ANSWERS = [b"", b"permessage-deflate", b"permessage-deflate; client_max_window_bits=9; server_max_window_bits=15", b"foo",
           b"permessage-deflate; server_no_context_takeover\npermessage-deflate", b"permessage-deflate; client_max_window_bits"]
for offer in OFFERS:
    for answer in ANSWERS:
        seeds.append(bytes([HANDSHAKE | rng.choice([0, RESETS])]) + b"\n".join([KEY, ACCEPT, offer, answer]))
seeds.append(bytes([HANDSHAKE]) + b"\n".join([b"YWJj", ACCEPT, OFFERS[1], ANSWERS[1]]))
seeds.append(bytes([HANDSHAKE]) + b"\n".join([KEY, b"", OFFERS[1], ANSWERS[1]]))

# More sockets than stay awake, beside one that needs its window.
for options in (DEFLATE, DEFLATE | CLIENT, DEFLATE | KEEPS):
    packer = Packer(options)
    add(options | 32, *(frame(0xc1, packer.pack(text), options) for text in (TEXTS[2], TEXTS[2], TEXTS[4], TEXTS[2])))
    packer = Packer(options, 9)
    add(options | 32, *(frame(0xc1, packer.pack(b"%d " % i * 40), options) for i in range(6)))
bad = Packer(DEFLATE).pack(b"z" * 50)
add(DEFLATE | 32, frame(0xc1, bad), frame(0xc1, bad[:3] + b"\xff\xff" + bad[4:]))
add(DEFLATE, frame(0xc1, Packer(DEFLATE).pack(b"\0" * 1200000)), frame(0xc1, Packer(DEFLATE).pack(b"after")))
PROTOCOLS = [(b"", b""), (b"chat, realtime", b"realtime"), (b"chat, realtime", b"real"), (b"", b"chat"), (b"chat", b" chat "), (b"a,b,,c", b"c")]
for more in (0, 64, 128, RESETS, RESETS | 64):
    for offered, chosen in PROTOCOLS:
        seeds.append(bytes([HANDSHAKE | 32 | more]) + b"\n".join([KEY, ACCEPT, OFFERS[1], offered, chosen, b"", ANSWERS[1]]))
seeds.append(bytes([HANDSHAKE | 32]) + b"\n".join([KEY, ACCEPT, b"", b"", b"", b"12", b""]))
for offer in (b"permessage-deflate; client_max_window_bits=9", b"permessage-deflate; client_max_window_bits=7", b"permessage-deflate; server_max_window_bits",
              b"permessage-deflate; client_max_window_bits; client_max_window_bits", b"permessage-deflate; =", b"permessage-deflate; server_max_window_bits=\"99"):
    for answer in ANSWERS[1:3] + [offer]:
        seeds.append(bytes([HANDSHAKE]) + b"\n".join([KEY, ACCEPT, offer, answer]))

folder = HERE / "corpus" / "ws"
folder.mkdir(parents=True, exist_ok=True)
for i, seed in enumerate(dict.fromkeys(seeds)):
    (folder / f"{i:03}").write_bytes(seed)
print(len(set(seeds)))
