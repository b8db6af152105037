"""Seeds of fuzz_channel: the WebSockets of the replay cases, whole, cut short,
and with their messages in other orders."""
import pathlib
import random
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
import test_replay  # noqa: E402,F401  (its imports register all cases)
from exchanges import dumps  # noqa: E402
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


# ---- what no case has ----

def envelope(kind, payload, topic="conversations"):
    return b"<" + dumps([{"type": "message", "topic_id": topic, "payload": {"type": kind, "payload": payload}}]).encode()


def report(message):
    return envelope("conversation-update", {"conversation_id": "c", "update_type": "update-widget-state", "update_content": {
        "widget_state": {"plan": ["first", {"then": "next"}], "report_message": message}}})


def piece(n, parent, text="event: delta\ndata: {\"v\":\"x\"}\n\n", topic="conversation-turn-w"):
    return envelope("conversation-turn-stream", {"stream_item_id": f"i{n}", "parent_stream_item_id": f"i{parent}",
                                                 "encoded_item": text}, topic)


MESSAGE = {"id": "m", "author": {"role": "assistant"}, "content": {"content_type": "text", "parts": ["words"]},
           "metadata": {"working_turn_id": "t"}, "status": "in_progress"}
EVENTS_SOCKET = [
    [report("a report of text alone")], [report("")], [report({"message": MESSAGE})],
    [report(MESSAGE), report({**MESSAGE, "id": "n", "status": "finished_successfully"})],
    [envelope("conversation-update", {"conversation_id": "c", "update_content": {}})],
    [envelope("calpico-message", {"message": {"content": {"parts": ["one", {"text": "two"}, 3]}}}, "calpico-chatgpt")],
    [envelope("calpico-message", {"message": {"content": {"image": "none"}}}, "calpico-chatgpt")],
    [piece(1, 2), piece(2, 1), piece(3, 9), piece(4, 3)], [piece(n, 90) for n in range(40)],
    [piece(n, n - 1, topic=f"conversation-turn-{n}") for n in range(20)]]
for messages in EVENTS_SOCKET:
    for mode in (0, 16, 32):
        add(mode, messages)
for body in ("%%%", "ZGF0YTogeA==", 7, None):
    for more in (True, False):
        data = {"body": body, "more_body": more, "conversation_id": "c"}
        add(2, [b"<" + dumps({"type": "message", "data": data}).encode(), b'<{"type":"system"}'])
# What was judged cannot be stored: it is refused, whether an answer is awaited or not.
ASKED = {1: {"type": "response.create", "model": "m", "input": "words"}, 3: {"type": "response.create", "model": "m", "input": "a secret"},
         4: {"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "words"}]}},
         0: {"type": "ping"}, 5: {"type": "note", "text": "words"}}
for socket, asked in ASKED.items():
    for mode in (0, 16, 64, 80):
        add(socket | mode, [b">" + dumps(asked).encode(), b"f", b">" + dumps(asked).encode()])
        add(socket | mode, [b"f", b"b" + dumps(asked).encode(), b"f"])

folder = HERE / "corpus/channel"
folder.mkdir(parents=True, exist_ok=True)
for i, seed in enumerate(seeds):
    (folder / f"{i:03}").write_bytes(seed)
print(len(seeds))
