"""Seeds of fuzz_json_mend and fuzz_bootstrap: documents and pages made at
random and broken off; and of fuzz_case: the steps of uploads in their usual
orders and others."""
import gzip
import json
import pathlib
import random

HERE = pathlib.Path(__file__).resolve().parent
rng = random.Random(8)


def write(target, seeds, prefix=""):
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    for i, seed in enumerate(dict.fromkeys(seeds)):
        (folder / f"{prefix}{i:03}").write_bytes(seed)
    print(target, len(dict.fromkeys(seeds)))


WORDS = ["a", "", "é", "\U0001f44b", 'q"\\', "\n\t", "file_name", "\x7f", "]}", "{["]


def value(depth):
    if depth == 0 or rng.random() < 0.4:
        return rng.choice([*WORDS, 0, -1.5, 1e30, True, False, None])
    if rng.random() < 0.5:
        return [value(depth - 1) for _ in range(rng.randint(0, 3))]
    return {rng.choice(WORDS): value(depth - 1) for _ in range(rng.randint(0, 3))}


documents = []
for i in range(60):
    made = value(5)
    text = json.dumps(made if isinstance(made, (list, dict)) else [made], ensure_ascii=i % 2 == 0, indent=i % 3 or None)
    documents += [text.encode(), text.encode()[:rng.randint(1, len(text.encode()))]]
documents += [b"", b"{", b"[", b"]", b"{]", b"[}", b'["a\\', b'["a\\u00', b'["a\\ud83d', b'["a\\ud83d\\ude', b'["a\xf0\x9f', b'{"a', b'{"a"', b'{"a":', b'{"a":tru',
              b'[1,[2', b'{"a":1,', b"word", b'"text"', b"[" * 200, b'{"a":' * 150, b'[{"k":"a\\"b"}] x', b'{"a":1}{"b', b"[1 ,\t\r\n", b'["\xc3']
write("json_mend", documents)

TAGS = ['<script id="client-bootstrap">', "<script id='client-bootstrap' type=x>", "<SCRIPT id=client-bootstrap>", "<script>", "<p id=\"client-bootstrap\">", "<script id=\"client-boo"]
ENDS = ["</script>", "</script", "</scrip", "</p>", "", "<", "</script></script>"]
pages = []
for i in range(120):
    parts = []
    for _ in range(rng.randint(1, 4)):
        parts += [rng.choice(["", "<!doctype html>", "<p>a < b</p>", "<", ">", "words"]), rng.choice(TAGS),
                  rng.choice(["", json.dumps(value(4)), "<p></s", "</scrip</script", "x" * rng.randint(0, 60)]), rng.choice(ENDS)]
    pages.append(bytes([rng.choice([0, 1, 2, 8, 255])]) + "".join(parts).encode())
pages += [b"\x08<script " + b"x" * n + b' id="client-bootstrap">{}</script><script id=client-bootstrap>[1]</script>' for n in (4060, 4061, 4062, 4063, 4088, 4089, 5000)]
write("bootstrap", pages)

URL = "https://files.oaiusercontent.com/f?sig=x"


JSON, FORM, STORAGE = "application/json", "multipart/form-data; boundary=x", "files.oaiusercontent.com"
STEPS = {
    "a": ("POST chatgpt.com /backend-api/files", JSON),
    "r": ("POST chatgpt.com /backend-api/files/upload_reservations", JSON),
    "c": ("POST chatgpt.com /backend-api/files/upload_reservations/file-1/claim_and_finish", JSON),
    "n": ("POST chatgpt.com /backend-api/files/file-1/uploaded", JSON),
    "s": ("POST chatgpt.com /backend-api/files/process_upload_stream", FORM),
    "e": ("POST chatgpt.com /backend-api/estuary/upload_content_bytes", FORM),
    "w": (f"PUT {STORAGE} /f?sig=x", "text/plain"),
    "1": (f"PUT {STORAGE} /f?comp=block&blockid=MQ%3D%3D", ""),
    "2": (f"PUT {STORAGE} /f?comp=block&blockid=Mg%3D%3D", ""),
    "l": (f"PUT {STORAGE} /f?comp=blocklist", "application/xml"),
    "u": ("POST api.openai.com /v1/uploads", JSON),
    "p": ("POST api.openai.com /v1/uploads/file-1/parts", FORM),
    "d": ("POST api.openai.com /v1/uploads/file-1/complete", JSON),
    "f": ("POST chatgpt.com /backend-api/f/conversation", JSON),
}


def exchange(step):
    """As fuzz_case reads it; a step is its letter, the body, and what was said()."""
    line, kind = STEPS[chr(step[0])]
    return f"{line} 200\n> content-type: {kind}\n< content-type: {JSON}\n\n".encode() + step[1:]


def said(**members):
    return b"\x1f" + json.dumps(members).encode()


def form(*parts):
    return "".join(f"--x\r\nContent-Disposition: form-data; {head}\r\n\r\n{text}\r\n" for head, text in parts).encode() + b"--x--\r\n"


LARGE = b"words and a secret " * 1400  # above what a piece keeps whole
ANNOUNCE = b'a{"file_name":"a.txt","file_size":5,"mime_type":"text/plain"}' + said(status="success", file_id="file-1", upload_url=URL)
RESERVE = b"r{}" + said(reservation_id="file-1", upload_url=URL)
CLAIM = b'c{"file_name":"b.txt","mime_type":"text/plain"}' + said(file_id="file-2")
UPLOADED = b"n{}" + said(status="success", file_name="a.txt", file_size_bytes=5)
WHOLE, SMALL, OTHER, BIG = b"whello", b"1one secr", b"2et two", b"1" + LARGE
LISTS = [b"l<BlockList><Latest>MQ==</Latest><Uncommitted> Mg== </Uncommitted></BlockList>", b"l<?xml version='1.0'?><BlockList>\n<Committed>MQ==</Committed></BlockList>",
         b"l<BlockList><Latest>Mg==</Latest><Latest>MQ==</Latest><Latest>Mg==</Latest></BlockList>", b"l", b"l<", b"l<Latest>", b"l<Latest></Latest", b"l<Latest>x<Latest>y</BlockList>",
         b"l<BlockList><Latest>unknown</Latest></BlockList>", b"lno xml", b"l" + b"<Latest>MQ==</Latest>" * 50]
ESTUARY = b"e" + form(('name="upload_url"', URL), ('name="file"; filename="blob"', "hello secret"))
STREAM = b"s" + form(('name="file"; filename="s.txt"', "a secret"), ('name="file_name"', "n.txt")) + said(file_id="file-3")
OPENAI = [b'u{"filename":"o.txt","bytes":9,"mime_type":"text/plain"}' + said(id="file-1"), b"p" + form(('name="data"; filename="x"', "one secr")) + said(id="part_1"),
          b"p" + form(('name="data"; filename="x"', "et two")) + said(id="part_2"), b'd{"part_ids":["part_1","part_2"]}' + said(file={"id": "file-9", "filename": "o.txt"})]
PROMPT = b'f{"action":"next","messages":[{"id":"m","author":{"role":"user"},"content":{"content_type":"text","parts":["hi"]},"metadata":{"attachments":[{"id":"file-1","name":"a.txt"}]}}]}'
ORDERS = [[ANNOUNCE, WHOLE, UPLOADED, PROMPT], [ANNOUNCE, UPLOADED, WHOLE], [WHOLE, ANNOUNCE, PROMPT], [RESERVE, WHOLE, CLAIM, PROMPT], [RESERVE, CLAIM, WHOLE], [ANNOUNCE, ESTUARY, UPLOADED, PROMPT],
          [STREAM, PROMPT], OPENAI, [OPENAI[0], OPENAI[2], OPENAI[1], OPENAI[3], PROMPT], OPENAI[1:], [OPENAI[0], OPENAI[3]], [b"a{}" + said(status="error"), WHOLE], [b"abroken" + b"\x1fbroken", WHOLE]]
ORDERS += [[ANNOUNCE, SMALL, OTHER, one, UPLOADED, PROMPT] for one in LISTS] + [[ANNOUNCE, BIG, OTHER, one] for one in LISTS[:4]] + [[one] for one in LISTS]
seeds = [bytes([mode]) + b"\x1e".join(exchange(step) for step in order) for order in ORDERS for mode in (0, 1, 5)]
seeds += [bytes([3]) + b"\x1e".join(exchange(step) for step in order[:rng.randint(1, len(order))]) for order in ORDERS]
PACKED = gzip.compress(PROMPT[1:], mtime=0)
seeds += [b"\1" + exchange(b"f" + packed) for packed in (PACKED, PACKED[:-9], PACKED + b"behind", b"\x28\xb5\x2f\xfdx", gzip.compress(b"0" * 9999, mtime=0))]
write("case", seeds, "upload-")
