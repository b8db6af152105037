"""Seeds of fuzz_answer: the answers of the replay cases under the codecs that
fit them, and of the service that docs/services.md works out."""
import base64
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
import test_replay  # noqa: E402,F401  (its imports register all cases)
import test_second_service as second  # noqa: E402
from exchanges import dumps  # noqa: E402
from replay_cases import CASES  # noqa: E402

CHATGPT, CHAT, RESPONSES, MWEB, TREE, LINKS, TRANSCRIPT, MEDIA, LIST, MAP, REPLACE = range(11)
seeds = {}


def add(codec, is_sse, text):
    data = text.encode() if isinstance(text, str) else text
    if len(data) < 3000:
        seeds[bytes([codec * 2 + is_sse]) + data] = None


def codecs_of(url):
    if "unauth-mweb" in url:
        return [MWEB]
    if "/threads" in url and "/messages" in url:
        return [LIST, RESPONSES]
    if "/audio" in url or "/transcribe" in url:
        return [TRANSCRIPT, MEDIA]
    if "/images" in url or "/videos" in url:
        return [MEDIA]
    if "api.openai.com" in url:
        return [CHAT if "completions" in url else RESPONSES]
    return [TREE if "/backend-api/conversation/" in url else CHATGPT, LINKS]


for name, make in CASES:
    for e in make()[0]:
        content = e["response"]["content"]
        text = content.get("text", "")
        data = base64.b64decode(text) if content.get("encoding") else text.encode()
        for codec in codecs_of(e["request"]["url"]) if data else []:
            add(codec, "event-stream" in content["mimeType"], data)

for text in (second.streamed(*second.HELLO), second.streamed(*second.TOOLS), second.streamed(*second.HELLO[:2], is_whole=False),
             second.streamed(second.piece(1, "text_delta", text="x"), second.piece("k", "text_delta", text=["a", {"b": "c"}]))):
    add(MAP, True, text)
    add(MAP, False, text)
add(MAP, False, dumps(second.message([{"type": "text", "text": "one"}, {"type": "tool_use", "input": {"q": ["x", 1, None, True]}}])))
add(MAP, False, dumps({"content": {}, "type": None, "id": 7}))
add(MAP, True, 'data: {"index": true, "delta": {"text": "a"}}\n\ndata: {"index": false, "delta": {"text": "b"}}\n\n'
               'data: {"index": null, "delta": {"text": "c"}}\n\ndata: {"index": [1], "delta": {"text": "d"}}\n\ndata: {broken\n\n')
for is_sse in (False, True):
    add(REPLACE, is_sse, 'data: {"text": "a"}\n\ndata: {"text": "ab"}\n\ndata: [DONE]\n\n')
    add(REPLACE, is_sse, '{"text": "a"}\n{"text": "ab"}\n{"te')
    add(REPLACE, is_sse, '{"text": "a"}\n\n{"text": {"x": ["y"]}}\n')
for text in ('{"text":"call me at noon"}', "plain words", 'data: {"type":"transcript.text.delta","delta":"a"}\n\n'
             'data: {"type":"transcript.text.done","text":"ab"}\n\n'):
    for is_sse in (False, True):
        add(TRANSCRIPT, is_sse, text)
for text in ('{"data":[{"b64_json":"iVBORw==","revised_prompt":"a hen"},{"url":"https://x.test/a.png"}]}',
             'data: {"type":"image_generation.completed","b64_json":"iVBORw=="}\n\n', '{"data":[{"b64_json":"!!"}]}'):
    for is_sse in (False, True):
        add(MEDIA, is_sse, text)
for text in ('{"data":[{"id":"m","role":"user","content":[{"type":"text","text":{"value":"hi"}}]}],"has_more":false}',
             '{"data":[{"role":"assistant","content":"one"},{"role":"user","content":[{"type":"input_text","text":"two"}]}]}'):
    add(LIST, False, text)
for pieces in (["iVB", "ORw0", "K"], ["i", "V", "BORw0KGgo="], ["!!", "iVBORw0KGgo="]):
    events = [{"id": "x", "choices": [{"index": 0, "delta": {"audio": {"id": "a", "data": p, "transcript": "t"}}}]} for p in pieces]
    add(CHAT, True, "".join(f"data: {dumps(e)}\n\n" for e in events) + "data: [DONE]\n\n")
folder = HERE / "corpus/answer"
folder.mkdir(parents=True, exist_ok=True)
for i, seed in enumerate(seeds):
    (folder / f"{i:03}").write_bytes(seed)
print(len(seeds))
