"""Encodings, broken bodies and hidden places (facts/chatgpt-wire.md §8.3, §10)."""
from exchanges import CARD, CHAT, F, IBAN, KEY, dumps, encode, entry, message, plain, prompt, raw_deflate
from replay_cases import ANY, BAD, both, case, expect, says

# ---- 8.3: request encodings ----

@case
def compressed_prompts():
    entries, expected = [], []
    for i, encoding in enumerate(("gzip", "x-gzip", "br", "zstd", "deflate", "gzip, zstd", "br,gzip", "identity")):
        for j, kept in enumerate((False, True)):
            text = f"pay {CARD}" if i % 2 else "hello"
            body = dumps(prompt(message(text, f"cp{i}{j}")))
            is_kept = kept or encoding == "identity"
            entries.append(entry(F, body, encoding=encoding, is_kept=is_kept, second=i * 2 + j))
            bad = {"verdict": "block", "outcome": "failure"} if i % 2 else {}
            expected.append(says(text, message_id=f"cp{i}{j}", **bad))
    return entries, expected


@case
def raw_deflate_prompt():
    body = raw_deflate(dumps(prompt(message("raw", "rd"))).encode())
    return [entry(F, body, fields={"content-encoding": "deflate"}, is_base64=True)], [says("raw")]


@case
def base64_prompt():
    return [entry(F, dumps(prompt(message("Grüße", "b64"))), is_base64=True)], [says("Grüße")]


@case
def broken_encodings():
    packed = encode(dumps(prompt(message(f"pay {CARD}"))).encode(), "gzip")
    bodies = [("gzip", packed[:-12]), ("gzip", packed[:30]), ("gzip", b"\x1f\x8bnonsense" * 5), ("dcb", b"\xff" * 40),
              ("gzip, gzip, gzip, gzip, gzip, gzip, gzip, gzip, gzip", packed), ("zstd", b"\x28\xb5\x2f\xfdxxxxxx")]
    return [entry(F, b, fields={"content-encoding": e}, is_base64=True, second=i) for i, (e, b) in
            enumerate(bodies)], [expect("prompt.created", ANY, ANY, verdict="block", outcome="failure")
                                 for _ in bodies]


# ---- what must never be waved through ----

@case
def numbers_of_kinds():
    texts = [f"pay {CARD} now", f"my IBAN is {IBAN}", "My SSN is 536-90-4399.", KEY, "4111-1111-1111-1111",
             "4111111111111111"]
    return [entry(F, dumps(prompt(message(t, f"k{i}"))), second=i) for i, t in enumerate(texts)], [
        says(t, **BAD) for t in texts]


@case
def beside_the_parts():
    """Text in places that nobody reads is scanned all the same."""
    bodies = [prompt(message("x", "bp1"), chosen_suggestion={"user_input": CARD}),
              prompt(message("x", "bp2"), suggestions=[CARD]),
              prompt(message("x", "bp3", unknown={"deep": [{"er": CARD}]})),
              prompt(message("x", "bp4"), note=4111111111111111),
              prompt(message("x", "bp5"), **{"4111111111111111": 1}),
              prompt(message("x", "bp6"), partial_query=message(CARD)),
              prompt(message("x", "bp7"), **{"card 4111 1111 1111 1111": 1}),
              prompt(message("x", "bp8"), packed=dumps({"inner": CARD}).replace(" 1111 1111", r" 1111\u00201111"))]
    return [entry(F, dumps(b), second=i) for i, b in enumerate(bodies)], [
        says("x", hidden=ANY, where="hidden", **BAD) for _ in bodies]


@case
def split_card():
    """The parts are joined by a newline."""
    return both(prompt(message("", "sp", parts=["4111 1111", "1111 1111"])), None, says("4111 1111\n1111 1111", **BAD))


@case
def duplicate_keys():
    raw = dumps(prompt(message("@@", "dup")))
    first = raw.replace('"parts": ["@@"]', f'"parts": ["{CARD}"], "parts": ["fine"]')
    last = raw.replace('"dup"', '"dup2"').replace('"parts": ["@@"]', f'"parts": ["fine"], "parts": ["{CARD}"]')
    whole = raw.replace('"dup"', '"dup3"').replace('"action"', f'"messages": [{{"content":"{CARD}"}}], "action"', 1)
    return [entry(F, first), entry(F, last, second=1), entry(F, whole, second=2)], [
        expect("prompt.created", ANY, ANY, **BAD), expect("prompt.created", ANY, ANY, **BAD),
        expect("prompt.created", ANY, ANY, **BAD)]


@case
def byte_order_mark():
    return [entry(F, "\ufeff" + dumps(prompt(message("marked", "bom")))),
            entry(F, "\ufeff" + dumps(prompt(message(CARD, "bom2"))), second=1)], [
        says("marked"), says(CARD, **BAD)]


@case
def utf16_bodies():
    entries = []
    for i, coding in enumerate(("utf-16", "utf-16-le", "utf-16-be")):
        body = dumps(prompt(message(f"pay {CARD}", f"w{i}"))).encode(coding)
        entries.append(entry(F, body, is_base64=True, second=i))
        entries.append(entry(CHAT + "/backend-api/other", body, is_base64=True, second=10 + i))
    return entries, [expect("prompt.created", ANY, ANY, **BAD)] * 3 + [
        expect("service.unclassified", ANY, ANY, **BAD)] * 3


@case
def broken_json():
    raw = dumps(prompt(message(f"pay {CARD}", "bj")))
    bodies = [raw[:raw.index("4111") + 19], raw[:-1], raw + "}", raw + raw, "[" + raw + "]", '"' + CARD + '"', CARD,
              raw.replace('"action"', "action"), raw.replace("pay", "pay\\x"), "", raw.replace(", ", ",, ", 1)]
    expected = [expect("prompt.created", ANY, ANY, **BAD) for _ in bodies]
    expected[9] = expect("prompt.created", ANY, ANY, verdict=ANY, outcome=ANY)
    return [entry(F, b, second=i) for i, b in enumerate(bodies)], expected


@case
def broken_json_without_findings():
    raw = dumps(prompt(message("fine", "bf")))
    return [entry(F, raw[:-3]), entry(F, "hello", second=1), entry(F, b"\xff\xfe\x00\x01", is_base64=True, second=2)], [
        expect("prompt.created", ANY, ANY, **BAD)] * 3


@case
def invalid_utf8():
    raw = dumps(prompt(message("@@", "iu"))).encode()
    return [entry(F, raw.replace(b"@@", b"\xff\xfe " + CARD.encode()), is_base64=True),
            entry(F, raw.replace(b"@@", b"a\xffb").replace(b"iu", b"iu2"), is_base64=True, second=1)], [
        expect("prompt.created", ANY, ANY, **BAD),
        expect("prompt.created", ANY, ANY, verdict=ANY, outcome=ANY)]


@case
def deep_nesting():
    n = 100000
    raw = dumps(prompt(message("fine", "deep")))
    deep = raw[:-1] + ', "x": ' + "[" * n + f'"{CARD}"' + "]" * n + "}"
    objects = raw[:-1] + ', "x": ' + '{"a":' * n + f'"{CARD}"' + "}" * n + "}"
    fine = "[" * n + '"words"' + "]" * n
    return [entry(F, deep), entry(F, objects, second=1), entry(CHAT + "/backend-api/x", fine, second=2),
            entry(CHAT + "/backend-api/x", deep, second=3)], [
        expect("prompt.created", ANY, ANY, **BAD)] * 2 + [
        expect("service.unclassified", ANY, ANY, verdict=ANY, outcome=ANY),
        expect("service.unclassified", ANY, ANY, **BAD)]


@case
def other_kinds_of_body():
    """The prompt's path with something else than JSON."""
    form = "prompt=pay+4111+1111+1111+1111&x=%7B%7D"
    multipart = f"--b\r\nContent-Disposition: form-data; name=\"prompt\"\r\n\r\npay {CARD}\r\n--b--\r\n"
    return [entry(F, form, kind="application/x-www-form-urlencoded"),
            entry(F, multipart, kind="multipart/form-data; boundary=b", second=1),
            entry(F, f"pay {CARD}", kind="text/plain", second=2),
            entry(F, dumps(prompt(message(f"pay {CARD}", "nt"))), kind="text/plain", second=3),
            entry(F, dumps(prompt(message("well", "nt2"))), kind=None, second=4)], [
        expect("prompt.created", ANY, ANY, **BAD)] * 4 + [says("well")]


@case
def odd_message_lists():
    bodies = [{"action": "next", "messages": message(CARD)}, {"action": "next", "messages": [CARD]},
              {"action": "next", "messages": [[message(CARD)]]}, {"messages": [{"content": CARD}]},
              {"messages": [{"content": [CARD]}]}, {"messages": [{"content": {"parts": CARD}}]},
              {"messages": [{"content": {"parts": {"0": CARD}}}]}, {"prompt": CARD}, [CARD], CARD]
    return [entry(F, dumps(b), second=i) for i, b in enumerate(bodies)], [
        expect("prompt.created", ANY, ANY, **BAD) for _ in bodies]


# ---- writes that nobody explains ----

U = CHAT + "/backend-api/something/new"


@case
def unclassified():
    multipart = ("--b\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n--b\r\nContent-Disposition: "
                 "form-data; name=\"f\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nfile words\r\n--b--\r\n")
    bodies = [(dumps({"note": "hello there", "n": 7, "list": ["more"]}), "application/json"),
              ("note=hello+there&b=m%20x", "application/x-www-form-urlencoded"),
              (multipart, "multipart/form-data; boundary=b"), ("plain words", "text/plain"),
              (b"\x00\x01\x02printable words here\x00\xff\xfe", "application/octet-stream")]
    needles = ["hello there", "hello there", "file words", "plain words", "printable words here"]
    entries = [entry(U, b, kind=k, second=i, answer="{}", answer_kind="application/json", is_base64=isinstance(b, bytes))
               for i, (b, k) in enumerate(bodies)]
    return entries, [expect("service.unclassified", ANY, ANY, content_has=n, category="Service Usage",
                            message_id=None) for n in needles]


@case
def unclassified_with_a_card():
    multipart = f"--b\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\n{CARD}\r\n--b--\r\n"
    named = f"--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"{CARD}.txt\"\r\n\r\nx\r\n--b--\r\n"
    bodies = [(dumps({"a": [{"b": CARD}]}), "application/json"), (dumps({"n": 4111111111111111}), "application/json"),
              ("a=4111%201111+1111%201111", "application/x-www-form-urlencoded"),
              (multipart, "multipart/form-data; boundary=b"), (named, "multipart/form-data; boundary=b"),
              (f"x {CARD}", "text/plain"), (b"\x00\x01" + CARD.encode() + b"\x00", "application/octet-stream"),
              (dumps({"s": dumps({"t": CARD})}), "application/json"),
              (dumps({"x": 1}) + "\n" + dumps({"x": CARD}), "application/x-ndjson"),
              (f"data: {dumps({'x': CARD})}\n\n", "text/event-stream"), (CARD, None)]
    entries = [entry(U, b, kind=k, second=i, is_base64=isinstance(b, bytes)) for i, (b, k) in enumerate(bodies)]
    methods = [entry(U, dumps({"x": CARD}), method=m, second=20 + i) for i, m in enumerate(("PUT", "PATCH", "DELETE"))]
    packed = [entry(U, dumps({"x": CARD}), encoding=e, second=30 + i) for i, e in enumerate(("gzip", "br", "zstd"))]
    return entries + methods + packed, [expect("service.unclassified", ANY, ANY, **BAD)
                                        for _ in entries + methods + packed]


@case
def compressed_without_a_word():
    """Nothing says that they are; the service will find out, and so do we."""
    bodies = [(F, encode(dumps(prompt(message("hello", "cw1"))).encode(), "gzip"), "application/json"),
              (F, encode(dumps(prompt(message(CARD, "cw2"))).encode(), "zstd"), "application/octet-stream"),
              (U, encode(dumps({"a": [{"b": CARD}]}).encode(), "gzip"), "application/octet-stream"),
              (U, encode(f"x {CARD}".encode(), "gzip"), None),
              (U, encode(f"x {CARD}".encode(), "gzip") + b"behind", "application/octet-stream"),
              (U, encode(b"0" * 60_000_000, "gzip"), "application/octet-stream")]
    unclassified = [expect("service.unclassified", ANY, ANY, **BAD)] * 3
    return [entry(url, b, kind=k, second=i, is_base64=True) for i, (url, b, k) in enumerate(bodies)], [
        says("hello"), says(CARD, **BAD), *unclassified,
        expect("service.unclassified", ANY, ANY, verdict="block", outcome="failure")]


@case
def unclassified_without_a_body():
    return [entry(CHAT + "/backend-api/something/9", method="DELETE"),
            entry(CHAT + "/backend-api/something/9", method="GET", second=1),
            entry(CHAT + "/backend-api/something/9", method="OPTIONS", second=2),
            entry(CHAT + "/backend-api/files/x/delete?file_name=4111%201111+1111%201111", method="POST", second=3),
            entry(CHAT + "/backend-api/something/9?q=hello", dumps({"x": "yonder", "z": "y"}), method="POST", second=4)], [
        expect("service.unclassified", None, http={"path": "/backend-api/something/9"}),
        expect("service.unclassified", ANY, ANY, where="url", **BAD),
        expect("service.unclassified", "yonder", http={"path": "/backend-api/something/9"})]


@case
def telemetry():
    return [entry(CHAT + p, dumps({"card": CARD}), second=i) for i, p in
            enumerate(("/ces/v1/t", "/backend-api/lat/r", "/backend-api/sentinel/chat-requirements", "/cdn-cgi/challenge-platform/x",
                       "/backend-api/statsc/flush", "/unauth-mweb/events/x"))], []


# ---- sizes ----

@case
def too_large_to_hold():
    """Over hold.max_bytes (8 MiB) nothing is waved through."""
    long = dumps(prompt(message("x" * 9_000_000 + f" {CARD}", "big")))
    huge = dumps(prompt(message("y" * 50_000_000, "huge")))
    other = dumps({"a": "z" * 9_000_000 + CARD})
    bomb = encode(b"0" * 60_000_000, "gzip, gzip")
    return [entry(F, long), entry(F, huge, second=1), entry(CHAT + "/backend-api/x", other, second=2),
            entry(F, bomb, fields={"content-encoding": "gzip, gzip"}, is_base64=True, second=3)], [
        expect("prompt.created", ANY, ANY, **BAD), expect("prompt.created", ANY, ANY, **BAD),
        expect("service.unclassified", ANY, ANY, **BAD), expect("prompt.created", ANY, ANY, **BAD)]


@case
def just_held():
    text = "word " * 1_600_000 + CARD
    return [entry(F, dumps(prompt(message(text, "jh"))))], [says(text, **BAD)]


@case
def many_strings():
    parts = ["a"] * 200_000 + [CARD]
    return [entry(F, dumps(prompt(message("", "ms", parts=parts)))),
            entry(F, dumps(prompt(*[message("b", f"mm{i}") for i in range(5000)], message(CARD, "mm"))), second=1),
            entry(F, dumps(prompt(message("c", "mk"), **{f"k{i}": i for i in range(100_000)}, z=CARD)), second=2)], [
        expect("prompt.created", ANY, ANY, **BAD)] * 3


@case
def many_files():
    attachments = [{"id": f"file-{i}", "name": f"{i}.txt"} for i in range(200)] + [{"id": "file-x", "name": CARD}]
    m = message("files", "mf", metadata={"attachments": attachments})
    return [entry(F, dumps(prompt(m)))], [
        expect("prompt_with_file.created", "files", ANY, where="file-name", **BAD)]


@case
def cards_in_many_spellings():
    texts = ["４１１１ １１１１ １１１１ １１１１", "4111\u00a01111\u00a01111\u00a01111", "4111\u200b1111\u200b1111\u200b1111",
             "4111\u20111111\u20111111\u20111111", "card:4111111111111111!", "٤١١١١١١١١١١١١١١١"]
    return [entry(F, dumps(prompt(message(t, f"sp{i}"))), second=i) for i, t in enumerate(texts)], [
        says(t, **BAD) for t in texts]


@case
def split_in_other_places():
    halves = [["41111111", "11111111"], ["4111", "1111", "1111", "1111"], ["DE89 3704 0044", "0532 0130 00"],
              ["pay 4111 1111 11", "11 1111 now"]]
    entries = [entry(F, dumps(prompt(message("", f"so{i}", parts=h))), second=i) for i, h in enumerate(halves)]
    entries.append(entry(F, dumps(prompt(message("4111 1111", "so8"), message("1111 1111", "so9"))), second=9))
    return entries, [says("\n".join(h), **BAD) for h in halves] + [says("4111 1111\n1111 1111", **BAD)]


@case
def content_type_lies():
    kinds = ["image/png", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/pdf",
             "application/json; charset=utf-16", "text/event-stream", "application/x-ndjson", ";;;"]
    return [entry(F, dumps(prompt(message(CARD, f"lie{i}"))), kind=k, second=i) for i, k in enumerate(kinds)] + [
        entry(CHAT + "/backend-api/x", dumps(prompt(message(CARD))), kind=k, second=20 + i)
        for i, k in enumerate(kinds)], [
        expect("prompt.created", ANY, ANY, **BAD)] * 8 + [expect("service.unclassified", ANY, ANY, **BAD)] * 8


@case
def paths_spelt_otherwise():
    paths = ["/backend-api/%63onversation", "/backend-api//conversation", "/backend-api/conversation/",
             "/Backend-Api/Conversation", "/backend-api/x/../conversation", "/backend-api/conversation;v=1",
             "/backend-api/conversation%2f", "/backend-api/conversation#x", "//backend-api/conversation"]
    return [entry(CHAT + p, dumps(prompt(message(CARD))), second=i) for i, p in enumerate(paths)], [
        expect(ANY, ANY, ANY, **BAD) for _ in paths]


@case
def telemetry_spelt_to_hide_a_prompt():
    paths = ["/ces/../backend-api/conversation", "/ces/..%2fbackend-api/conversation",
             "/backend-api/sentinel/../conversation", "/ces/%2e%2e/backend-api/conversation"]
    return [entry(CHAT + p, dumps(prompt(message(CARD))), second=i) for i, p in enumerate(paths)], [
        expect(ANY, ANY, ANY, **BAD) for _ in paths]


@case
def several_cards_in_a_row():
    texts = ["4111 1111 1111 1111 5500 0000 0000 0004", "card 4111 1111 1111 1111 2026",
             "4111111111111111 5500000000000004 378282246310005", f"{CARD} {CARD} {CARD}"]
    return [entry(F, dumps(prompt(message(t, f"row{i}"))), second=i) for i, t in enumerate(texts)], [
        says(t, **BAD) for t in texts]


@case
def a_card_beside_the_body():
    """What the address of a request with a body says is read, too."""
    def asks(query, text, second=0):
        return entry(F + query, dumps(prompt(message(text))), second=second)
    return [asks("?operationId=b2f6c1d2-5c1f-4f0e-9a57-1f2e3d4c5b6a&x=1", "one"),
            asks(f"?note={CARD.replace(' ', '+')}", "two", 2)], [
        expect("prompt.created", "one"), expect("prompt.created", "two", **BAD)]
