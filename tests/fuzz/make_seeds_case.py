"""Seeds of fuzz_case: the exchanges of the replay cases."""
import base64
import pathlib
import sys
from urllib.parse import urlsplit

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
import test_replay  # noqa: E402,F401  (its imports register all cases)
from exchanges import CARD, dumps, message, prompt, token  # noqa: E402
from replay_cases import CASES  # noqa: E402


def body(holder):
    text = (holder or {}).get("text", "")
    return base64.b64decode(text) if holder and holder.get("encoding") else text.encode("utf-8", "surrogatepass")


def fields(mark, message):
    return "".join(f"{mark} {f['name'].lower()}: {f['value']}\n" for f in message["headers"]).encode()


def exchange(e):
    url = urlsplit(e["request"]["url"])
    path = (url.path or "/") + ("?" + url.query if url.query else "")
    head = f"{e['request']['method']} {url.hostname} {path} {e['response']['status']}\n".encode()
    return (head + fields(">", e["request"]) + fields("<", e["response"]) + b"\n" + body(e["request"].get("postData"))
            + b"\x1f" + body(e["response"]["content"]))


seeds = {}
for number, (name, make) in enumerate(CASES):
    entries = sorted(make()[0], key=lambda e: e["startedDateTime"])
    data = b"\x1e".join(exchange(e) for e in entries if not e.get("_webSocketMessages"))
    data = data.replace(CARD.encode(), b"secret")
    if not data or len(data) > 20000:
        continue
    seeds[bytes([1]) + data] = None
    if number % 4 == 0:
        seeds[bytes([6 + number // 4 % 2]) + data] = None
ANA = "> authorization: " + token("ana@example.com") + "\n> oai-device-id: d-1\n> content-type: application/json\n"


def draft(text, path="/backend-api/f/conversation/prepare"):
    body = dumps({"partial_query": message(text, "m-draft"), "conversation_id": "c"})
    return f"POST chatgpt.com {path} 200\n{ANA}< content-type: application/json\n\n{body}\x1f{{}}".encode()


for texts in (["a", "ab", "abc"], ["abc", "ab"], ["a secret", "a secret again"], ["é", "éé"], ["x", "y"]):
    for mode in (0, 1, 5):
        seeds[bytes([mode]) + b"\x1e".join(map(draft, texts))] = None
for path in ("/backend-anon/f/conversation", "/unauth-mweb/conversation", "/backend-api/f/conversation"):
    seeds[b"\x08" + f"POST chatgpt.com {path} 200\n> cookie: a=b; oai-did=1\n> cookie: c=d\n> accept: text/html\n\n".encode()
          + dumps(prompt(message("hi", "m"))).encode()] = None
for text in (["plain", {"type": "text", "text": "a"}], [{"type": "image_url", "image_url": {"file_id": "file-1"}}], 7):
    body = dumps({"model": "m", "messages": [{"role": "user", "content": text}], "input": text})
    for path in ("chat/completions", "responses"):
        seeds[b"\x00" + f"POST api.openai.com /v1/{path} 200\n> content-type: application/json\n\n{body}".encode()] = None
folder = HERE / "corpus/case"
folder.mkdir(parents=True, exist_ok=True)
for i, seed in enumerate(seeds):
    (folder / f"{i:03}").write_bytes(seed)
print(len(seeds), sum(map(len, seeds)))
