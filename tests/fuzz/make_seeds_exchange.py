"""Seeds of fuzz_exchange, fuzz_delta, fuzz_service and fuzz_keep: made from
the captures in tests/data, the shipped maps, and small variations."""
import json
import pathlib
import random

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
rng = random.Random(7)


def write(name, seeds):
    folder = HERE / "corpus" / name
    folder.mkdir(parents=True, exist_ok=True)
    for i, seed in enumerate(dict.fromkeys(seeds)):
        (folder / f"{i:03}").write_bytes(seed)


def text(holder, member="text"):
    return (holder or {}).get(member, "").encode()


entries = []
for file in sorted((ROOT / "tests/data").glob("*.har")):
    entries += json.loads(file.read_text())["log"]["entries"]

PARTS = ['"x"', '""', "7", "null", '{"content_type":"image_asset_pointer","asset_pointer":"sediment://file_1","size_bytes":"9"}',
         '{"content_type":"audio_transcription","text":"said","direction":"in"}', '"data:text/plain;base64,aGVsbG8="',
         '{"image_url":{"url":"data:image/png;base64,AA=="}}', '["deep"]', '"4111 1111 1111 1111"']
ACTIONS = ["next", "variant", "continue", ""]
exchange = []
for e in entries:
    host = e["request"]["url"].split("/")[2]
    route = 4 if host == "api.openai.com" and "chat" in e["request"]["url"] else 6 if host == "api.openai.com" else 0
    exchange.append(bytes([route]) + text(e["request"].get("postData")) + b"\0" + text(e["response"]["content"]))
    if route == 4:
        exchange.append(bytes([5]) + exchange[-1][1:])
for i in range(60):
    parts = ",".join(rng.sample(PARTS, rng.randint(0, 4)))
    content = rng.choice([f'{{"content_type":"text","parts":[{parts}]}}', '"plain"', '{"text":"t"}', "null", f"[{parts}]"])
    message = (f'{{"id":"u{i}","{rng.choice(["author", "a"])}":{{"role":"{rng.choice(["user", "system", "tool"])}"}},'
               f'"role":"user","content":{content},"metadata":{{"targeted_reply":"q","attachments":[{{"id":"file_1",'
               f'"name":"n","size":{rng.choice(["1", chr(34) + "2" + chr(34), "-1"])},"mimeType":"a/b"}}]}}}}')
    body = (f'{{"action":"{rng.choice(ACTIONS)}","messages":{rng.choice(["[%s]", "%s", "[%s,%s]"]).replace("%s", message)},'
            f'"conversation_id":{rng.choice(["null", chr(34) + "c" + chr(34)])},"parent_message_id":"client-created-root",'
            f'"gizmo_id":"g-p-1","supported_encodings":["v1"],"123456789":1234567890}}')
    exchange.append(bytes([rng.choice([0, 0, 0, 1, 2])]) + body.encode() + b"\0")
exchange += [b"\3--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nhi\r\n--x--\r\n\0{}",
             b"\7title=a+b&is_visible=false\0", b"\7{\"is_visible\":false,\"title\":\"t\"}\0", b"\10" + b"text " * 14000 + b"\0",
             b"\2" + b"x" * 70000 + b"\0", b"\0{\0", b"\0\0data: [DONE]\n\n",
             b'\6{"input":"hi","conversation":{"id":"c"}}\0data: {"type":"response.refusal.delta","delta":"no"}\n\n',
             b'\6{"input":[{"type":"function_call","arguments":"{}"},{"type":"function_call_output","output":"o"},"s"]}\0',
             b'\4{"messages":[{"role":"user","content":[{"type":"file","file":{"filename":"f","file_data":"data:text/plain,hi"}},'
             b'{"type":"input_file","file_id":"f"}]},{"role":"assistant","tool_calls":[{"function":{"arguments":"a"}}]}]}\0',
             b'\5{"messages":[]}\0{"id":"x","choices":[{"index":99,"message":{"content":"c","refusal":"r"}}]}']
for kind in ("arguments", "text"):
    for tail in ("delta", "done"):
        for name in ("output_text", "refusal", "reasoning_summary_text", "function_call_arguments", "code_interpreter_call_code"):
            exchange.append(b"\6{\"input\":null}\0data: " + json.dumps(
                {"type": f"response.{name}.{tail}", "item_id": "i", "delta": "d", kind: "w"}).encode() + b"\n\n")
write("exchange", exchange)

VALUES = ['"s"', "7", "-1", "null", "true", "[]", '["a",{"b":1}]', '{"m":"n"}', '[{"p":"/message/content/parts/0","o":"append","v":"z"},{"v":"y"}]']
PATHS = ["", "/", "/message", "/message/content", "/message/content/parts", "/message/content/parts/0", "/message/content/parts/-",
         "/message/content/parts/9", "/message/metadata", "/a~1b/~0", "/x/0/y", "/message/content/text"]
OPS = ["add", "replace", "append", "truncate", "remove", "patch", "spin"]
first = '{"p":"","o":"add","v":{"message":{"id":"m","content":{"parts":["\\u00e9a\\ud83d\\udc4b"]},"metadata":{}}},"c":0}'
seeds = []
for i in range(140):
    lines = [first]
    for _ in range(rng.randint(1, 8)):
        d = ",".join(x for x in (rng.choice(["", f'"p":"{rng.choice(PATHS)}"']), rng.choice(["", f'"o":"{rng.choice(OPS)}"']),
                                 f'"v":{rng.choice(VALUES)}', rng.choice(["", "", '"c":1', '"c":0'])) if x)
        lines.append("{" + d + "}")
    lines.append(rng.choice(["={\"message\":{\"id\":\"m\",\"content\":{\"parts\":[\"q\"]}}}", "=[]", "1", '{"v":{"message":{"id":"n"}},"c":2}']))
    seeds.append("\n".join(lines).encode())
write("delta", seeds)

seeds = [f.read_bytes() for f in sorted((ROOT / "conf/services").glob("*.yaml"))]
KEYS = {"method": ["POST", "[GET, PUT]"], "path": ["/a", "$B/x", "/a/**", '"/a/{id}"', "$Z/x", "[/a, /b]", "nope"], "host": [".h.test", "BAD"],
        "content_type": ['"multipart/*"'], "query": ["q"], "do": ["record", "scan", "pass", "x"], "gate": ["hold", "stream", "forward", "x"],
        "body": ["fields", "file", "generic", "x"], "answer": ["chatgpt", "x"], "block": ["openai", "x"], "where": ["draft", "x"],
        "websocket": ["true", "7"], "activity": ["prompt.created", "x"], "text": ['["a.b[]", "*"]', '"a..b"', "[[x]]"],
        "hidden": ["a"], "ids": ["{model: m, file_id: f}", "{x: y}", "7"], "url_text": ["[q]"],
        "cases": ["[{when: a, is: \"false\", activity: b.c}]", "[{x: 1}]", "7"], "odd": ["1"]}
for i in range(110):
    rows = ["service: s", "hosts: " + rng.choice(["[h.test]", "[.h.test, \"a*.b.test\"]", "[\"*.com\"]", "7"]), "learnable: [l.h.test]",
            "prefixes: {B: [/b, /c]}", "routes:", "  - name: r"]
    for key in rng.sample(sorted(KEYS), rng.randint(2, 9)):
        rows.append(f"    {key}: {rng.choice(KEYS[key])}")
    seeds.append("\n".join(rows).encode() + b"\n")
write("service", seeds)

seeds = []
for i in range(110):
    out = b""
    for _ in range(rng.randint(1, 12)):
        if rng.random() < 0.6:
            out += bytes([0, rng.randint(65, 70), rng.randint(65, 72)])
        else:
            n = rng.choice([1, 8, 95, 96, 64, 104])
            out += bytes([n, 1, rng.randint(0, 8)]) + rng.randbytes(n - 2 if n > 2 else 0)
    seeds.append(out)
write("keep", seeds)
