#!/usr/bin/env python3
"""Writes the seeds of the fuzz target view: values in every disguise."""
import base64
import gzip
import hashlib
import pathlib

ROOT = pathlib.Path(__file__).parent / "corpus" / "view"
VALUES = ["3579928945357603", "160468096", "ghp_ABcd12345678zEFgh87654321",
          "-----BEGIN PRIVATE KEY-----\nMIIB\n"]
ROMAN = "N I II III IV V VI VII VIII IX".split()
MORSE = "----- .---- ..--- ...-- ....- ..... -.... --... ---.. ----.".split()
WORDS = "zero one two three four five six seven eight nine".split()


def halves(v, joiner):
    return v[:len(v) // 2] + joiner + v[len(v) // 2:]


def fours(v, joiner):
    return joiner.join(v[i:i + 4] for i in range(0, len(v), 4))


def disguises(v):
    raw = v.encode()
    once = base64.b64encode(raw).decode()
    yield from (v, once, base64.b64encode(once.encode()).decode(),
                base64.urlsafe_b64encode(raw).decode().rstrip("="),
                base64.encodebytes(b"note " * 14 + raw).decode(),
                base64.b64encode(gzip.compress(raw, mtime=0)).decode(),
                base64.b64encode(gzip.compress(raw * 400, mtime=0)).decode(),
                base64.b32encode(raw).decode(), raw.hex(), "0x" + raw.hex(),
                v.encode("utf-16-le").hex(), raw.hex(" "), raw.hex(":"))
    for form in ("%%%02X", "%%25%02X", "%%u%04x", "&#%d;", "&#x%x;", "\\x%02x",
                 "\\u%04x", "\\u{%x}", "\\U%08x", "\\%03o", "=%02X", "%d ",
                 "%d,", "0x%02x, ", "{0:08b} "):
        yield "".join(form.format(c) if "{0" in form else form % c
                      for c in raw)
    for joiner in ("\n", " ", "-", "/", "\t", ", ", "|", "\\\n", "<b></b>",
                   "<!-- x -->", "****", '" + "', "' '", '",\n  "', " half "):
        yield fours(v, joiner)
        yield '"' + halves(v, joiner) + '"'
    yield from (str(list(v)), "first half " + halves(v, " and second half "),
                "\u202e" + v[::-1] + "\u202c", v[::-1], v.swapcase(),
                " ".join(WORDS[int(c)] for c in v if c.isdigit()),
                '[{"role": "user", "content": "' +
                halves(v.strip(), '"}, {"role": "user", "content": "') + '"}]')
    shifted = "".join(chr((ord(c) - 65 + 4) % 26 + 65) if c.isupper() else c
                      for c in v)
    yield from ("last four " + v[-4:] + ", first part " + v[:-4], shifted,
                fours(once, " "), fours(base64.b32encode(raw).decode(), " "),
                fours(v, "<wbr>"), " ".join("0b%s" % format(c, "b") for c in raw),
                base64.b64encode(v.encode("utf-16")).decode(),
                "".join(chr(0xe0100 + c - 16) for c in raw if c > 15),
                "/".join(MORSE[int(c)] for c in v if c.isdigit()),
                " ".join(ROMAN[int(c)] for c in v if c.isdigit()),
                "".join("| %d | %s |\n" % (i + 1, v[i * 5:i * 5 + 5])
                        for i in range(len(v) // 5 + 1)))


ROOT.mkdir(parents=True, exist_ok=True)
for value in VALUES:
    for text in disguises(value):
        seed = ("is " + text + " ok").encode()
        (ROOT / hashlib.sha1(seed).hexdigest()[:12]).write_bytes(seed)
