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
             b"\7title=a+b&is_visible=false\0", b"\7{\"is_visible\":false,\"title\":\"t\"}\0", b"\x18" + b"a secret " * 8000 + b"\0",
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
# Every member of an answer in the Responses and the chat shape, whole and in
# events; a page's pieces; modes: 16 judges, 32 coded, 64 breaks, 128 tight.
calls = [{"type": t, "id": "i", "arguments": "a", "input": "b", "code": "c", "output": "d", "action": {"query": "q"}}
         for t in ("function_call", "image_generation_call", "web_search_call")]
items = calls + [{"type": "reasoning", "id": "r", "summary": [{"text": "s"}]},
                 {"type": "message", "id": "m", "content": [{"text": "secret", "refusal": "r", "annotations": [
                     {"type": "file_path", "file_id": "f", "filename": "n"}, {"type": "file_path", "file_id": "f"},
                     {"type": "file_path"}, {"type": "url_citation", "file_id": "g"}]}]}]
whole = {"id": "resp", "model": "m", "conversation": {"id": "c"}, "previous_response_id": "p", "output": items}
tools = [{"index": 1, "function": {"arguments": "a"}}, {"index": "x", "custom": {"input": "b"}}]
chat = {"id": "x", "choices": [{"index": i, "message": {"content": "secret", "tool_calls": tools}} for i in (0, 1, 1000)]}
page = [{"type": "server_ste_metadata", "metadata": {"model_slug": "m"}}, {"type": "title_generation", "title": "t"},
        {"message": {"id": "u", "author": {"role": "user"}, "content": {"parts": ["again"]}}},
        {"message": {"id": "m", "author": {"role": "assistant"}, "recipient": "all", "content": {
            "content_type": "multimodal_text", "parts": [
                {"asset_pointer": "sediment://file_1#x?y"}, {"asset_pointer": "none"}, {"text": "t"}]},
            "metadata": {"resolved_model_slug": "m2", "attachments": [{"id": "f", "name": "n"}, {"id": "f", "name": "n"}, {}],
                         "aggregate_result": {"messages": [{"image_url": "file-service://file_2"}]}}}},
        {"message": {"id": "k", "author": {"role": "tool"}, "content": {"content_type": "execution_output", "text": "o"}}},
        {"message": {"id": "p", "author": {"role": "assistant"}, "content": {"parts": "plain"}}},
        {"type": "stream_handoff"}, {"type": "message_stream_complete", "conversation_id": "c"}]


def events(objects):
    return b"".join(b"data: " + json.dumps(o).encode() + b"\n\n" for o in objects)


def first(route, mode=0):
    return bytes([route + mode])


prompt = b'{"action":"next","messages":[{"id":"u","author":{"role":"user"},"content":{"parts":["secret"]}}]}'
said = [(6, events([{"type": "response.output_item.done", "item": i} for i in items])),
        (6, events([{"type": "response.created", "response": whole}, {"type": "response.completed", "response": whole}])),
        (6, events([{"type": "response.output_text.delta", "item_id": str(i), "delta": "d"} for i in range(300)])),
        (6, b"data: {\n\n"), (9, json.dumps(whole).encode()), (9, b'{"output":7}'), (5, json.dumps(chat).encode()),
        (4, events([{"id": "x", "choices": [{"index": 0, "delta": c["message"]}]} for c in chat["choices"]]) + b"data: [DONE]\n\n"),
        (0, events(page)), (0, b'event: delta_encoding\ndata: "v1"\n\n' + events(page) + b"data: {broken\n\n"),
        (0, b'event: delta_encoding\ndata: "v9"\n\ndata: {broken\n\n'), (0, json.dumps(page[3]).encode()),
        (0, events([{"message": {"id": f"m{i}", "author": {"role": "assistant"}, "content": {"parts": ["x"]}}}
                    for i in range(80)]))]
for route, answer in said:
    body = prompt if route == 0 else b'{"input":"secret","messages":[{"role":"user","content":"secret"}]}'
    for mode in (0, 16, 32, 64, 80, 128, 144) if len(answer) < 4000 else (0,):
        exchange.append(first(route, mode) + body + b"\0" + answer)
form = (b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"secret.txt\"\r\n\r\n" + b"secret words " * 40
        + b"\r\n--x\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nsecret\r\n--x--\r\n")
bodies = [prompt, prompt.replace(b"secret", b"s\\u0065cret " * 60), form, b"secret bytes \0\1\2" * 60, b"",
          b'{"use_case":"x","secret":[{"a":"secret"}],"file_name":"secret"}', b"{broken secret"]
for body in bodies:
    for route in range(16):
        for mode in (16, 144):
            exchange.append(first(route, mode) + body.replace(b"\0", b"" if body == prompt else b"\3") + b"\0{}")
split = [[b"sec", b"ret"], [b"x secret", b"secret", b"sec", b"ret y"], [b"s", b"e", b"c", b"r", b"e", b"t"]]
exchange += [first(0, 16) + prompt.replace(b'["secret"]', b'["' + b'","'.join(parts) + b'"]') + b"\0" for parts in split]
links = [b'{"wss_url":"WSS://Ws.ChatGPT.com:443/f?x"}', b'{"wss_url":"no link"}', b"[]", b"{"]
exchange += [first(12) + b'{"a":1}\0' + link for link in links]
exchange += [first(13, mode) + b'{"conversation_id":"c"}\0' + events(page) for mode in (0, 16)]
exchange += [first(route, 128) + b"{}\0" for route in range(16)]
exchange += [first(route, 48) + coded + b"\0" for route in (0, 2, 8) for coded in (b"\x1f\x8b\x08", b"\x1f\x8bbroken", b"x")]
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
