"""Seeds of fuzz_resume: the answers of the replay cases cut between events, and
states as they are kept, whole and damaged, with what goes on after them."""
import pathlib
import random
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
import replay_answers  # noqa: E402,F401  (registers its cases)
import replay_resume as streams  # noqa: E402
from exchanges import append, document, dumps  # noqa: E402
from replay_cases import CASES  # noqa: E402

rng = random.Random(5)
seeds = {}


def add(byte, data):
    if len(data) < 3000:
        seeds[bytes([byte]) + data] = None


# ---- two halves ----

for name, make in CASES:
    for e in make()[0]:
        content = e["response"]["content"]
        text = content.get("text", "")
        if "event-stream" in content["mimeType"] and not content.get("encoding") and text.count("\n\n") > 2:
            for cut in rng.sample(range(1, text.count("\n\n")), min(2, text.count("\n\n") - 1)):
                add(min(cut, 127) * 2 + 1, text.encode())

# ---- states ----

HASH = "00c0ffee"


def state(messages, events=3, hashes=HASH * 3, **more):
    delta = {"channel": 0, "path": "/message/content/parts/0", "operation": "append",
             "text_path": "/message/content/parts/0", "is_odd": False, "messages": messages}
    delta |= more.pop("delta", {})
    return {"events": events, "hashes": hashes, "conversation": "c", "model": "gpt-x", "plan": "team", "turn": "t",
            "topic": "conversation-turn-t", "title": "T", "hidden": "beside", "rest": "more", "is_delta": True,
            "is_broken": False, "has_unknown": False, "is_over_limit": False, "has_encoding": True, "delta": delta} | more


ONE = {"c": 0, "v": document("m", ["The train "], parent="u", conversation="c")}
STATES = [
    state([ONE]), state([ONE, {"c": 1, "cut": "gone", "v": document("n", ["x"])}]), state([{**ONE, "c": -1}, ONE]),
    state([]), state([], 0, ""), state([{"c": 0}]), state([{"c": 0, "v": {}}]), state([{"c": 0, "v": []}]),
    state([{"c": -2, "v": {}}]), state([{"c": "0", "v": {}}]), state([7]), state({}), state([ONE], -1), state([ONE], 1),
    state([ONE], 1 << 40), state([ONE], "3"), state([ONE], 3, HASH[:7]), state([ONE], 3, "0000000g"),
    state([ONE], 3, HASH * 1025), state([ONE], 4000, HASH * 100), state([ONE], delta={"channel": -1}), state([ONE], delta={"messages": None}),
    state([ONE], is_broken=True, has_unknown=True, is_over_limit=True), state([ONE], delta={"is_odd": True}),
    state([ONE], is_delta=False), state([ONE], delta={"operation": "patch"}), state([ONE], has_encoding=False),
    state([ONE] * 3), {}, [], None, "state"]
RESTS = [
    streams.part({"v": "leaves"}, streams.END, done=True), streams.part({"v": "leaves"}, encoding=False),
    streams.part(*streams.pieces("m", "u", "c", "The train ", "leaves"), done=True),
    streams.part(*streams.pieces("o", "m", "c", "Another"), done=True),
    streams.part(*streams.pieces("p", "of another prompt", "c", "New"), done=True),
    streams.part(append("at nine"), {"v": [{"p": "/message/status", "o": "replace", "v": "finished_successfully"}]}, encoding=False),
    streams.part(streams.handoff("c", "t")), "data: {broken", ""]
for kept in STATES:
    for rest in rng.sample(RESTS, 3):
        add(rng.choice([0, 0, 2, 4, 8, 10]), dumps(kept).encode() + b"\0" + rest.encode())
for rest in RESTS:
    add(8, dumps(STATES[0]).encode() + b"\0" + rest.encode())
for _ in range(20):
    data = bytearray(dumps(rng.choice(STATES[:3])).encode())
    for _ in range(rng.randint(1, 3)):
        data[rng.randrange(len(data))] = rng.choice(b'{}[]",:01-x')
    add(8, bytes(data) + b"\0" + rng.choice(RESTS).encode())

folder = HERE / "corpus" / "resume"
folder.mkdir(parents=True, exist_ok=True)
for i, seed in enumerate(seeds):
    (folder / f"{i:03}").write_bytes(seed)
print(len(seeds), "seeds")
