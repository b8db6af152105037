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
    if len(entries) == 1 and len(data) < 4000 and b"\x1f{" in data and b"GET" in data[:3]:
        for share in (0.97, 0.8, 0.6, 0.45):
            seeds[bytes([3]) + data[:int(len(data) * share)]] = None
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
TREE = dumps({"title": "T\\ud83d\\ude00", "conversation_id": "c", "current_node": "u", "mapping": {"u": {"id": "u", "parent": None,
             "message": {"author": {"role": "user"}, "content": {"content_type": "text", "parts": ["é👋 words"]}}}}})
TREE = TREE.replace("words", "w\\ud83d\\ude00 words").encode()
for end in range(10, len(TREE), 7):
    for path in ("conversation/c", "memories"):
        seeds[b"\x03" + f"GET chatgpt.com /backend-api/{path} 200\n< content-type: application/json\n\n\x1f".encode() + TREE[:end]] = None
MAGIC = [b"%PDF-1.4", b"\x89PNG\r\n\x1a\n", b"BM" + bytes(10), b"MZ\0\0", b"RIFF1234WEBP", b"OggS", b"<!doctype html><p>x",
         b"<svg xmlns='x'>", b"<?xml version='1.0'?><a/>", "\ufeffwords".encode("utf-16"), "words".encode("utf-16-le"), b"\xff\xfeA\0\x01\0",
         b"PK\3\4" + bytes(26) + b"mimetypeapplication/vnd.oasis.opendocument.text", b"PK\3\4" + bytes(26) + b"word/document.xml",
         b"PK\3\4" + bytes(26) + b"[Content_Types].xmlPK\3\4" + bytes(26) + b"xl/workbook.xml", b"PK\3\4" + bytes(26) + b"a.txt",
         b"plain words\n", bytes(range(256)), b"{\\rtf1", b"", b"\x1f\x8b\x08", bytes(257) + b"ustar"]
for magic in MAGIC:
    seeds[b"\x01PUT files.oaiusercontent.com /file-1?se=1 201\n> content-type: application/octet-stream\n\n" + magic.replace(b"\x1e", b".")
          .replace(b"\x1f", b".") + b"\x1f"] = None
WHO = ["authorization: " + token(None, "user-2"), "authorization: Bearer sk-proj-abcdefghijklmnop", "authorization: Bearer a.b.c",
       "authorization: Basic x", "cookie: _puid=user-3:1-x; _account=w-1; oai-did=d", "cookie: __Secure-next-auth.session-token.0=x",
       "chatgpt-account-id: w-2", "openai-organization: org-1", "openai-project: proj_1", "oai-device-id: d-9",
       "sec-websocket-protocol: realtime, openai-insecure-api-key.sk-abcdefghijklmnop", "api-key: abcdefghijklmnop"]
for i, who in enumerate(WHO):
    for host, path in (("chatgpt.com", "/backend-api/f/conversation"), ("api.openai.com", "/v1/responses")):
        one = f"POST {host} {path} 200\n> {who}\n> {WHO[i - 1]}\n> content-type: application/json\n\n{{}}"
        session = f"GET chatgpt.com /api/auth/session 200\n> {who}\n< content-type: application/json\n< set-cookie: _puid=user-9:x; Path=/\n\n\x1f" \
                  + dumps({"user": {"id": "user-1", "email": "ana@example.com"}, "account": {"id": "w"}})
        seeds[b"\x00" + (one + "\x1e" + session + "\x1e" + one).encode()] = None
for path in ("/backend-api//f/./conversation", "/backend-api/x/../f/conversation", "/%62ackend-api/f%2Fconversation", "/..", "/%zz/%00", "//"):
    seeds[b"\x01" + f"POST chatgpt.com {path} 200\n\n{{}}".encode()] = None
PIECE = "{} oaisdmntprwestus.blob.core.windows.net /f/1/raw?se=1&comp={} 201\n> content-type: text/plain\n\n{}\x1f"
BLOCKS = "<BlockList><Latest>QQ==</Latest><Latest>Qg==</Latest></BlockList>"
for size in (4, 5000, 9000):
    for word in ("words ", "sec"):
        text = (word * size)[:size] + "sec"
        seeds[b"\x01" + "\x1e".join([PIECE.format("PUT", "block&blockid=QQ%3D%3D", text), PIECE.format("PUT", "block&blockid=Qg%3D%3D", "ret" + text),
                                     PIECE.format("PUT", "blocklist", BLOCKS)]).encode()] = None
# The keeper has no room: what lies across two pieces is found in their ends.
for size in (4, 700, 5000, 9000):
    for word in ("words ", "secret "):
        text = (word * size)[:size] + "sec"
        for last in ("ret" + text, "r", ""):
            for order in (BLOCKS, BLOCKS.replace("Qg==", "UVE="), BLOCKS.replace("<Latest>Qg==</Latest>", "")):
                seeds[b"\x11" + "\x1e".join([PIECE.format("PUT", "block&blockid=QQ%3D%3D", text), PIECE.format("PUT", "block&blockid=Qg%3D%3D", last),
                                             PIECE.format("PUT", "blocklist", order)]).encode()] = None
RANGE = "PUT oaisdmntprwestus.blob.core.windows.net /f/2/raw?se=1 201\n> content-type: text/plain\n> content-range: bytes {}-{}/{}\n\n{}\x1f"
for size in (40, 9000):
    for cuts in ([(0, size)], [(0, 20), (20, size)], [(20, size), (0, 20)], [(0, 30), (15, size)], [(0, 10), (20, size)], [(0, size), (5, size)]):
        text = ("a secret " * size)[:size]
        one = [RANGE.format(a, b - 1, size, text[a:b]) for a, b in cuts]
        for mode in (0x01, 0x11):
            seeds[bytes([mode]) + "\x1e".join(one).encode()] = None
# One connection, on which people come and go; the same token says more or less.
SAID = ["authorization: " + token("ana@example.com"), "authorization: " + token(None, "user-2"), "authorization: " + token("bo@example.com"),
        "authorization: Bearer opaque-1\n> chatgpt-account-id: w-1", "cookie: __Secure-next-auth.session-token=s1; _account=w-1",
        "cookie: __Secure-next-auth.session-token=s1", "authorization: Bearer opaque-1"]
for i, first in enumerate(SAID):
    for second in SAID[i:]:
        one = "POST chatgpt.com /backend-api/f/conversation 200\n> {}\n> content-type: application/json\n\n{{}}\x1f"
        session = "GET chatgpt.com /api/auth/session 200\n> {}\n< content-type: application/json\n\n\x1f" + dumps(
            {"user": {"id": "user-1", "email": "ana@example.com"}, "account": {"id": "w-1", "planType": "team"}, "accessToken": token("ana@example.com")}
        ).replace("{", "{{").replace("}", "}}")
        seeds[b"\x20" + "\x1e".join([session.format(first), one.format(second), session.format(second), one.format(first)]).encode()] = None
# Answers that are read by paths, as text, as events, broken.
for host, path in (("chatgpt.com", "/backend-api/memories"), ("chatgpt.com", "/backend-api/conversation/c"), ("api.openai.com", "/v1/responses/resp_1?stream=true"),
                   ("api.openai.com", "/v1/responses/resp_1"), ("api.openai.com", "/v1/chat/completions/c1")):
    for kind, answer in (("text/plain", "a secret memory"), ("application/json", "a secret"), ("application/json", ""), ("text/event-stream",
            'data: {"type":"response.output_text.delta","delta":"a secret"}\n\ndata: {"type":"response.completed","response":{"id":"resp_1"}}\n\n'),
            ("text/event-stream", 'data: {"choices":[{"delta":{"content":"a secret"}}]}\n\ndata: [DONE]\n\n'), ("text/event-stream", "data: x\n\n")):
        for mode in (1, 7):
            seeds[bytes([mode]) + f"GET {host} {path} 200\n< content-type: {kind}\n\n\x1f{answer}".encode()] = None
folder = HERE / "corpus/case"
folder.mkdir(parents=True, exist_ok=True)
for i, seed in enumerate(seeds):
    (folder / f"{i:03}").write_bytes(seed)
print(len(seeds), sum(map(len, seeds)))
