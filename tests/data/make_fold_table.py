#!/usr/bin/python3
"""Writes inspect/fold_table.h: what inspect/fold.c knows of Unicode.

Compatibility decomposition (NFKD), case folding, marks taken off, digits of
all scripts as ASCII; letters with a stroke and look-alikes of Latin letters
as those.  /usr/bin/python3 tests/data/make_fold_table.py >inspect/fold_table.h
"""
import unicodedata

SPELT = {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ı": "i",
         "ŧ": "t", "æ": "ae", "œ": "oe", "ŋ": "n", "ĸ": "k", "ƶ": "z"}
# Greek and Cyrillic letters one of whose cases looks like a Latin one.
LIKE = dict(zip("αβεζηικμνορτυχвенкморстухіјѕԁԛԝһё",
                "abezhikmvoptyxbehkmopctyxijsdqwhe"))
LIKE["а"] = "a"
BLOCK = 64
LAST = 0x2200
MORE = list(range(0x2c60, 0x2c80)) + list(range(0xfb00, 0xfb07)) + \
    list(range(0xff00, 0xfff0))


def fold(c):
    text = unicodedata.normalize("NFKD", chr(c)).casefold()
    out = ""
    for x in unicodedata.normalize("NFKD", text):
        if unicodedata.category(x) in ("Mn", "Me", "Cf"):
            continue
        digit = unicodedata.decimal(x, None)
        out += str(digit) if digit is not None else x
    return "".join(LIKE.get(x, SPELT.get(x, x)) for x in out)


def is_word(c):
    return unicodedata.category(chr(c))[0] in "LNM" or \
        unicodedata.category(chr(c)) in ("Cf", "Cn", "Co", "Cs")


def breaks():
    found, start, last = [], None, None
    for c in range(0x80, 0x10000):
        if 0xd800 <= c < 0xe000:
            continue
        if unicodedata.category(chr(c)) == "Cn":
            continue
        if is_word(c):
            if start is not None:
                found.append((start, last))
            start = None
        else:
            start = c if start is None else start
            last = c
    if start is not None:
        found.append((start, last))
    return found


def main():
    rows = []
    for c in list(range(0x80, LAST)) + MORE:
        if not is_word(c) or unicodedata.category(chr(c)) in ("Cn", "Co"):
            continue
        to = fold(c)
        if to == chr(c) or len(to.encode()) > 6:
            continue
        if any(not x.isalnum() for x in to):
            to = "".join(x for x in to if x.isalnum())
        rows.append((c, to.encode()))
    print("/*\n * Made by tests/data/make_fold_table.py (Unicode %s): do not "
          "edit.\n */" % unicodedata.unidata_version)
    print("/* clang-format off */")
    print("static const struct fold_entry fold_entries[] = {")
    line = ""
    for c, to in rows:
        text = to.decode() if to.isascii() else "".join(
            "\\x%02x" % b for b in to)
        item = '{0x%x,"%s"},' % (c, text)
        if len(line) + len(item) > 79:
            print(line)
            line = ""
        line += item
    print(line + "\n};")
    print("/* Neither letters, digits nor marks. */")
    print("static const struct fold_range fold_breaks[] = {")
    line = ""
    for a, b in breaks():
        item = "{0x%x,0x%x}," % (a, b)
        if len(line) + len(item) > 79:
            print(line)
            line = ""
        line += item
    print(line + "\n};\n/* clang-format on */")


main()
