#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets net, bundle and control, and some of
rules, policy, service and multipart: mistakes that their loaders have to tell,
and what their other seeds do not have."""
import hashlib
import pathlib
import struct

ROOT = pathlib.Path(__file__).parent / "corpus"


def write(target, seed):
    folder = ROOT / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / hashlib.sha1(seed).hexdigest()[:12]).write_bytes(seed)


ADDRESSES = """1.2.3.4 0.0.0.0 10.0.0.1 127.0.0.1 100.64.0.1 169.254.169.254 172.16.0.1
172.32.0.1 192.0.0.1 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.1
224.0.0.1 240.0.0.1 255.255.255.255 8.8.8.8 01.2.3.4 1.2.3 1.2.3.4.5 256.1.1.1 0x7f.1 2130706433
:: ::1 fe80::1 fc00::1 fd00::1 ff02::1 2001:db8::1 2001::1 2001:4860::8888 2002:7f00:1::
2002:808:808:: 64:ff9b::7f00:1 64:ff9b::808:808 64:ff9b:1::1 ::ffff:127.0.0.1 ::ffff:8.8.8.8
::127.0.0.1 100::1 3fff::1 3ffe::1 5f00::1 fec0::1 [::1] [::1 ::1] [1.2.3.4] fe80::1%eth0 g::1
:::1 1:2:3:4:5:6:7:8 1:2:3:4:5:6:7:8:9""".split()


def nets():
    for a in ADDRESSES:
        bare = a.strip("[]")
        yield a
        yield f"[{bare}]:443" if ":" in bare else f"{bare}:443"
        yield bare + ("/64" if ":" in bare else "/8")
    for tail in ("/0", "/32", "/33", "/128", "/129", "/-1", "/", "/x", "/08", "/4294967297"):
        yield "1.2.3.4" + tail
        yield "2001:db8::1" + tail
    for port in (":0", ":", ":65535", ":65536", ":+1", ": 1", ":x"):
        yield "1.2.3.4" + port
        yield "[::1]" + port
    yield ""
    yield "1" * 300
    yield "1.2.3.4\0"


def number(n):
    return struct.pack("<I", n)


def bundles():
    """Any bytes are the text of files; these are bundles too."""
    for n in range(70):
        yield bytes(range(n))
    for seed in sorted((ROOT / "policy").glob("*"))[:20]:
        yield seed.read_bytes()[:300]
    yield from made_bundles()


def made_bundles():
    files = [(0, b"promptgate.yaml", b"console: off\n"), (1, b"chatgpt.yaml", b"x" * 40),
             (8, b"/var/lib/promptgate", b""), (3, b"", b"")]
    for count in range(5):
        yield encode(files[:count])
    whole = encode(files)
    for cut in range(0, len(whole), 9):
        yield whole[:cut]
    for at in range(0, len(whole), 11):
        yield whole[:at] + bytes([whole[at] ^ 0xff]) + whole[at + 1:]
    yield whole + b"x"


def encode(files):
    out = b"PGBNDL1\0" + number(len(files))
    for kind, name, text in files:
        out += number(kind) + number(len(name)) + number(len(text)) + name + text
    return out


DETECTOR = """detectors:
  - id: some-key
    type: some-key
    group: secret
    severity: high
    description: A key
    patterns:
      - anchor: '%s'
        match: '%s'
    confidence: {base: high}
    examples: ["%s"]
    counter_examples: ["%s"]
"""
BAD = [
    ("ext_[a-z", "ext_[a-z]{4}", "ext_abcd", "ext"),
    ("a{2000}", "a{2000}", "aa", "b"), ("a*", "a*", "aa", "b"),
    ("ext_(?=a)", "ext_a", "ext_a", "ext_b"), ("(a)\\1", "(a)\\1", "aa", "b"),
    ("ext_[a-z]{4,9}", "ext_[a-z]{4,9}", "ext_abcd", "ext"),
    ("ext_[a-z]{4}", "ext_[a-z]{4}", "not here", "ext_abcd"),
    ("ext_[a-z]{4}", "ext_[a-z]{4}", "ext_abcd", "nothing"),
    ("ext_\\p{Lu}{900}", "ext_\\p{Lu}{900}", "ext", "x"),
    ("\\bext_x", "ext_x", "ext_x", "y"),
]


def controls():
    for kind in range(13):
        for peer in (0, 3, 6, 7):
            for count in (0, 2):
                yield struct.pack("=IIIIQQ", kind, peer, 1, count, 2, 3) + bytes(8 * count)
    whole = struct.pack("=IIIIQQ", 3, 0, 0, 256, 0, 0) + bytes(8 * 256)
    yield from (whole, whole + b"x", whole[:-1], b"", whole[:31])
    yield struct.pack("=IIIIQQ", 3, 0, 0, 257, 0, 0) + bytes(8 * 257)


PATTERNS = """match: x
anchor: 'ab'
digits: {lengths: [9, 12], groups: ["3-x"]}
digits: {lengths: [9, 12], groups: ["3"]}
digits: {lengths: [9, 12], groups: ["41-3"]}
digits: {groups: ["3-3-3"], separators: "x"}
digits: {groups: ["3-3-3"], separators: " -."}
digits: {}
digits: 7
anchor: [ab, cd]
{anchor: 'ab', match: 'ab', max: 70000}""".split("\n")
WORDS = ["words: [x]", "words: [" + "y" * 101 + "]", "words: []", "within: 9"]


def detectors():
    """Mistakes that the loader has to tell."""
    for pattern in PATTERNS:
        yield (DETECTOR.split("patterns:")[0] + "patterns:\n      - " + pattern + "\n").encode()
    good = DETECTOR % ("ext_[a-z]{4}", "ext_[a-z]{4}", "ext_abcd", "nothing")
    for words in WORDS:
        yield (good + "    keywords: {" + words + "}\n").encode()
    yield (good + good.split("detectors:\n")[1]).encode()
    yield good.replace("{base: high}", "{base: none}").encode()
    yield (good + "    validator: luhn\n    entropy: 99\n").encode()


EDM = """detectors:
  - id: customers
    kind: edm
    description: Rows of the customers
    severity: high
    index: customers.edm
    columns: [name, mail]
    always: [mail]
    match: 2
    within: 100
"""
FINGERPRINT = """detectors:
  - id: plans
    kind: fingerprint
    description: The plans
    severity: high
    set: plans
    min_share: 30
    min_paragraphs: 2
    min_letters: 100
"""


def data_detectors():
    """Detectors with data files."""
    yield EDM
    yield EDM.replace("    match: 2\n    within: 100\n", "    type: rows\n    group: financial\n")
    for good, bad in (("index: customers.edm", "index: ''"), ("match: 2", "match: 9"), ("[mail]", "[phone]"),
                      ("[name, mail]", "[]"), ("severity", "gravity"), ("group", "x")):
        yield EDM.replace(good, bad, 1)
    yield FINGERPRINT
    for good, bad in (("set: plans", "file: plans.fp"), ("set: plans", "x: y"), ("set: plans\n", "set: plans\n    file: f\n"),
                      ("    set: plans\n", "")):
        yield FINGERPRINT.replace(good, bad)
    yield EDM + FINGERPRINT.split("detectors:\n")[1]


def dispositions():
    """Names of files in the encodings that heads have (RFC 2047, RFC 5987, none)."""
    names = ("=?utf-8?Q?a=C3=A4_b?=", "=?UTF-8?B?w6Q=?= =?iso-8859-1?q?=E4?=", "=?utf-8?q?=4?=", "=?utf-8?x?a?=",
             "=?koi8-r?q?a?=", "=?utf-8?q?a", "=?utf-8", "=?utf-8?q?=ff?=", "\u00e4.txt", "plain.txt")
    for name in names:
        for kind in ("attachment", "inline", "form-data"):
            yield f'{kind}; filename="{name}"\n'.encode("latin-1" if name[0] == "\u00e4" else "utf-8")
    for extended in ("utf-8''a%20b", "iso-8859-1'en'%e4", "utf-8''%e4", "utf-8'a", "koi8-r''a", "utf-8''%4", "utf-8''"):
        yield f"attachment; filename=a; filename*={extended}\n".encode()


CONDITIONS = """target: ["tool:*"]
target: [t1]
target: [nobody]
role: [own*]
role: [reader]
scope: [READ, x]
scope: [none]
change: [retention]
change: [x*]
workspace: [acme]
plan: [team]
failure: [parse, scan]
failure: [limit]
min_unique: 2
min_count: 3
network: [10.0.0.0/8]
network: [nowhere]
direction: down
direction: up
file_type: ["image/*"]
min_file_bytes: 5
model: [gpt-*]
signed_in: false
group: [admins]
min_severity: high
type: [credit-card]
type: [no-such]
detector: [payment-card]
group_of_type: [financial]""".split("\n")


def policies():
    for condition in CONDITIONS:
        yield "rules:\n  - name: a\n    when: {%s}\n    verdict: block\n" % condition
    yield "rules:\n  - verdict: block\n"
    yield "rules:\n  - {name: a, verdict: block}\n  - {name: a, verdict: alert}\n"
    yield "rules:\n  - {name: a}\n"
    yield "rules:\n" + "".join("  - {name: r%d, verdict: alert}\n" % i for i in range(1100))
    yield "rules: 7\n"


LOG_SERVICE = """service: s
hosts: [.h.test]
routes: [{name: r, path: /a, do: pass}]
compliance_log:
  actions:
    - {action: [a.b, "c.*"], activity: x.y, failed: x.z, target: {type: user, id: user_id}, rename: {new_role: role}}
"""


def log_services():
    yield LOG_SERVICE
    for good, bad in (("type: user, ", ""), ("{new_role: role}", "7"), ("{new_role: role}", "[a]"), ("x.y", "no"), ("x.z", "no"),
                      ("action: [a.b, \"c.*\"], ", ""), ("actions:\n", "deeds:\n"), ("{type: user, id: user_id}", "7")):
        yield LOG_SERVICE.replace(good, bad, 1)
    head, row = LOG_SERVICE.split("actions:\n")
    yield head + "actions: 7\n"
    yield head + "actions:\n" + "    - {action: a, activity: x.y}\n" * 1100
    many = ", ".join(f"k{i}: v{i}" for i in range(40))
    yield LOG_SERVICE.replace("new_role: role", many)


EVENT_ROUTE = """service: s
hosts: [.h.test]
shared: [cdn.test]
routes:
  - name: r
    path: "/a/{id}"
    do: record
    gate: hold
    activity: user.updated
    event: %s
"""
TARGETED = "target: {type: user, id: [\"{id}\", body.id]}"
EVENTS = ["{}", "{%s}" % TARGETED, "7", "[a]", "{target: 7}", "{target: {id: body.id}}", "{target: {type: user}}", "{target: {type: user, of: body.o, name: x}}",
          "{target: {type: user, id: nothing.here}}", "{target: {type: user, id: body.}}", "{target: {type: user, id: [each, each.id, '?q', =t, workspace, account]}}",
          "{details: 7}", "{details: {%s}}" % ", ".join(f"k{i}: body.k{i}" for i in range(80)), "{details: {a: body.a, b: oops}}", "{changes: body}",
          "{changes: [body.a, answer.b]}", "{changes: [x]}", "{when: [{at: body.a, is: x}]}", "{when: [{is: x}]}", "{when: [7]}", "{unless: [{at: body.a, if: x}]}",
          "{when: 7}", "{also: [{activity: user.deleted, %s}]}" % TARGETED, "{also: [{%s}]}" % TARGETED, "{also: [{activity: user.deleted, also: [{activity: a.b}]}]}",
          "{also: [%s]}" % ", ".join(["{activity: user.deleted}"] * 40), "{also: 7}", "{activity: user.deleted}", "{account: body.a}", "{session: new}",
          "{signin: begin}", "{signin: begin, account: body.a, each: body.list}", "{signin: sideways}", "{signin: begin, also: [{activity: a.b}]}", "{what: ever}"]


def event_services():
    for event in EVENTS:
        yield EVENT_ROUTE % event
    good = EVENT_ROUTE % EVENTS[1]
    for old, new in (("gate: hold", "gate: stream"), ("do: record", "do: pass"), ("do: record", "do: scan"), ("do: record", "do: record\n    secret: true"),
                     ("do: record", "do: record\n    websocket: true"), ("    event: ", "    secret: true\n    what: ")):
        yield good.replace(old, new)
    signed = "tenant: {header: x-t, hosts: [a.h.test]}\nsigned_out: [/backend-api, /a]\n"
    socket = "  - {name: w, path: /backend-api/conversation, do: record, gate: hold, websocket: true, activity: user.updated, service: t}\n"
    hidden = "  - {name: x, path: /a/b, do: pass, secret: true, host: [a.h.test]}\n"
    for more in (socket, hidden, hidden + socket, socket.replace("path: ", "host: [b.test], path: ")):
        yield good + more
        yield good.replace("routes:", signed + "routes:") + more


def main():
    for text in event_services():
        write("service", text.encode())
    for seed in detectors():
        write("rules", seed)
    for text in data_detectors():
        write("rules", text.encode())
    for seed in dispositions():
        write("multipart", seed)
    for text in policies():
        write("policy", text.encode())
    for text in log_services():
        write("service", text.encode())
    for seed in controls():
        write("control", seed)
    for text in nets():
        write("net", text.encode())
    for seed in bundles():
        write("bundle", seed)
    for parts in BAD:
        write("rules", (DETECTOR % parts).encode())


main()
