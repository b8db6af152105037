#!/usr/bin/env python3
"""Makes inspect/norm_table.h: characters that are read as an ASCII one.

Letters and digits in other styles and digits of other scripts by what Unicode
says (NFKC, decimal values), letters that only look alike by the list below
(the single ones of Unicode's confusables that fonts draw the same), and what
is invisible.  Greek and Cyrillic stand in norm.c: texts of those scripts are
read letter by letter.  Letters with accents are left alone.

make_norm_table.py > inspect/norm_table.h
"""

import sys
import unicodedata

LOOKALIKES = {
    "ɑ": "a", "ɡ": "g", "ɩ": "i", "ɪ": "i", "ʙ": "b", "ɢ": "g", "ʜ": "h",
    "ʟ": "l", "ɴ": "n", "ʀ": "r", "ʏ": "y", "ᴀ": "a", "ᴄ": "c", "ᴅ": "d",
    "ᴇ": "e", "ᴊ": "j", "ᴋ": "k", "ᴍ": "m", "ᴏ": "o", "ᴘ": "p", "ᴛ": "t",
    "ᴜ": "u", "ᴠ": "v", "ᴡ": "w", "ᴢ": "z", "ꜰ": "f", "ꜱ": "s", "ꞯ": "q",
    "ꓐ": "B", "ꓑ": "P", "ꓒ": "d", "ꓓ": "D", "ꓔ": "T", "ꓖ": "G", "ꓗ": "K",
    "ꓙ": "J", "ꓚ": "C", "ꓜ": "Z", "ꓝ": "F", "ꓟ": "M", "ꓠ": "N", "ꓡ": "L",
    "ꓢ": "S", "ꓣ": "R", "ꓦ": "V", "ꓧ": "H", "ꓪ": "W", "ꓫ": "X", "ꓬ": "Y",
    "ꓮ": "A", "ꓰ": "E", "ꓲ": "I", "ꓳ": "O", "ꓴ": "U",
    "Ꭺ": "A", "Ꭰ": "D", "Ꭼ": "E", "Ꮐ": "G", "Ꮋ": "H", "Ꭻ": "J", "Ꮶ": "K",
    "Ꮮ": "L", "Ꮇ": "M", "Ꮲ": "P", "Ꮪ": "S", "Ꭲ": "T", "Ꮩ": "V", "Ꮃ": "W",
    "🄋": "0", "🄌": "0", "Ꮓ": "Z", "Ꭱ": "R", "Ᏼ": "B", "Ꮯ": "C", "Ᏻ": "G", "Ꮞ": "4", "Ꮜ": "U",
}
FIRST_MADE = 0x600  # smaller ones are in norm.c, or have accents


def folded(c):
    ch = chr(c)
    if ch in LOOKALIKES:
        return LOOKALIKES[ch]
    digit = unicodedata.digit(ch, None)
    if digit is not None:
        return str(digit)
    plain = unicodedata.normalize("NFKC", ch)
    if len(plain) == 1 and "!" <= plain <= "~":
        return plain
    if 0x1f100 <= c <= 0x1f1ff:  # in squares and circles, of flags, "1,"
        name = unicodedata.name(ch, "")
        for kind in ("CAPITAL LETTER ", "SYMBOL LETTER ", "CROSSED "):
            if kind in name and len(name.rsplit(" ", 1)[1]) == 1:
                return name[-1]
    if len(plain) == 3 and plain[0] == "(" and plain[2] == ")" and (
            plain[1].isascii()):
        return plain[1]
    if len(plain) == 2 and plain[1] in ".," and (
            plain[0] in "0123456789"):
        return plain[0]
    return None


def ranges(mapping, step):
    out = []
    for c in sorted(mapping):
        if out and c == out[-1][1] + 1 and (
                ord(mapping[c]) == ord(out[-1][2]) + step * (c - out[-1][0])):
            out[-1][1] = c
        else:
            out.append([c, c, mapping[c]])
    return out


def write(name, rows):
    print("static const struct norm_range %s[] = {" % name)
    line = ""
    for row in rows:
        if len(line) + len(row) > 78:
            print(line)
            line = ""
        line += row
    print(line + "\n};")


def main():
    made = {}
    for c in range(0xa0, 0x20000):
        if c < FIRST_MADE and chr(c) not in LOOKALIKES and not (
                0x2b0 <= c < 0x370 or c < 0xc0):
            continue
        to = folded(c)
        if to is not None and chr(c) not in "\u00a8\u00af\u00b4\u00b8ªº":
            made[c] = to
    print("/*\n * Made by tests/data/make_norm_table.py (Unicode %s): do not "
          "edit.\n */" % unicodedata.unidata_version)
    print("/* clang-format off */")
    write("norm_letters", ["{0x%x,0x%x,'%s'}," % (
        a, b, c.replace("\\", "\\\\").replace("'", "\\'"))
        for a, b, c in ranges(made, 1)])
    hidden = {c: "" for c in range(0x80, 0x20000) if (
        unicodedata.category(chr(c)) == "Cf" and c != 0xad
        and not 0x600 <= c <= 0x605 and c not in (0x6dd, 0x70f, 0x8e2))
        or c == 0xad or 0x300 <= c <= 0x36f or 0x483 <= c <= 0x489
        or 0x1ab0 <= c <= 0x1aff or 0x1dc0 <= c <= 0x1dff
        or 0x20d0 <= c <= 0x20ff or 0xfe20 <= c <= 0xfe2f
        or 0xfe00 <= c <= 0xfe0f or 0x180b <= c <= 0x180f
        or 0x115f <= c <= 0x1160 or c in (0x3164, 0xffa0)
        or 0x17b4 <= c <= 0x17b5 or 0x2065 == c or 0xfff0 <= c <= 0xfffb}
    out = []
    for c in sorted(hidden):
        if out and c == out[-1][1] + 1:
            out[-1][1] = c
        else:
            out.append([c, c])
    out += [[0xe0001, 0xe0001], [0xe007f, 0xe007f], [0xe0100, 0xe01ef]]
    write("norm_dropped", ["{0x%x,0x%x,0}," % (a, b) for a, b in out])


if __name__ == "__main__":
    sys.exit(main())
