"""Seeds of fuzz_channel: the WebSockets of the replay cases, whole, cut short,
and with their messages in other orders."""
import pathlib
import random
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
import test_replay  # noqa: E402,F401  (its imports register all cases)
from replay_cases import CASES  # noqa: E402

SOCKETS = ["/ws/user/", "/codex/responses", "/client/hubs", "/v1/responses", "/v1/realtime", "/celsius/ws"]
rng = random.Random(5)
seeds = {}


def add(first, messages):
    data = bytes([first]) + b"\0".join(messages)
    if len(data) < 14000:
        seeds[data] = None


for name, make in CASES:
    for e in make()[0]:
        socket = [i for i, s in enumerate(SOCKETS) if s in e["request"]["url"]]
        messages = []
        for m in e.get("_webSocketMessages") or []:
            kind = (b">" if m["type"] == "send" else b"<") if m.get("opcode", 1) == 1 else (b"b" if m["type"] == "send" else b"c")
            messages.append(kind + m["data"].encode("utf-8", "surrogatepass").replace(b"\0", b" "))
        if not socket or not messages:
            continue
        for mode in (0, 16, 64 + 16):
            add(socket[0] | mode, messages)
        add(socket[0] | 32, messages[:max(1, len(messages) // 2)])
        add(socket[0], messages * 2)
        add(socket[0], [m[:rng.randint(1, len(m))] for m in messages])
        add((socket[0] + 1) % len(SOCKETS), messages)
        for _ in range(2):
            rng.shuffle(messages)
            add(socket[0], messages)
for socket in range(len(SOCKETS)):
    add(socket | 16, [b'>{"type":"response.create","input":"secret"}', b"<[]", b">[]"])
    add(socket, [b"o", b"b\x01\x02", b"c\xff", b">", b"<", b">plain words", b"<{\"type\":\"x\",\"text\":\"words\"}"])
folder = HERE / "corpus/channel"
folder.mkdir(parents=True, exist_ok=True)
for i, seed in enumerate(seeds):
    (folder / f"{i:03}").write_bytes(seed)
print(len(seeds))
