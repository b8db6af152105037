#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets csv and edm.

An index needs the builder: make_seeds_edm.py PROMPTGATE (the binary), whose
files also give the seeds of clear heads; images are made by hand.
"""
import pathlib
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).parent / "corpus"
CELLS = ["Anna Berg", "O'Brien, Se\u00e1n", "12-345678-90", "DE89 3704 0044",
         "a.b@example.com", "1980-02-13", "4/5/2001", "n/a", "", "x", "007700",
         "M\u00fcller", "\u5c71\u7530", "\uff21\uff22\uff23", "1" * 210,
         " ".join("abcdefghijklmnopqrst"), '"quo""ted"', '"two\nlines"',
         '"open', 'a"b', '"x"y', "\x00", "\u0418\u0432\u0430\u043d"]


def write(folder, name, data):
    path = ROOT / folder
    path.mkdir(parents=True, exist_ok=True)
    (path / name).write_bytes(data)


def csv_seeds():
    number = 0
    for separator in ",;\t|":
        for end in ("\n", "\r\n", "\r"):
            for i in range(0, len(CELLS), 2):
                row = [CELLS[(i + k * 5) % len(CELLS)] for k in range(3)]
                lines = [separator.join("abc"), separator.join(row),
                         separator.join(reversed(row)), ""]
                data = end.join(lines).encode()
                if i % 4 == 0:
                    data = b"\xef\xbb\xbf" + data
                if i % 6 == 0:
                    data += b"\xff\xfe" + end.encode()
                write("csv", "%03d" % number, data)
                number += 1
    write("csv", "blank", b"\n\n\r\n")
    write("csv", "cells", b"," * 1100 + b"\n1\n")


def section(image, at, data):
    """Appends a section, notes where it is."""
    image += b"\0" * (-len(image) % 8)
    struct.pack_into("<QQ", image, at, len(image), len(data))
    image += data


def image_seed(rows, columns, values, bits, fill):
    """The layout of struct edm_image, with everything letting through."""
    head = bytearray(b"PGEDMIM\0" + struct.pack("<IIIIII", 3, columns, rows,
                                                values, bits, 3))
    head += b"k" * 16 + struct.pack("<QQ", 3, 5)
    head += b"\xff" * 32
    first = len(head)
    image = head + bytearray(13 * 16)
    ids = [i % values for i in range(rows * columns)] if values else []
    parts = [b"\xff" * 128, b"\xff" * 256, b"\xff" * 128,
             b"\xff" * 512, b"\xff" * 64,
             struct.pack("<IHH", 1, 0xffff, 1) * 63 + bytes(8),
             b"\xff" * 512,
             b"".join(struct.pack("<I", 0 if i == 0 else fill)
                      for i in range((1 << bits) + 1)),
             struct.pack("<II", 7, 0) * fill,
             b"".join(struct.pack("<I", (0x80000000, 0, 0xffffffff)[i % 3])
                      for i in range(values)),
             b"\xff" * (4 * values), struct.pack("<III", 2, 0, 1),
             b"".join(struct.pack("<I", i) for i in ids)]
    for k, data in enumerate(parts):
        section(image, first + 16 * k, data)
    return bytes(image)


def edm_seeds(program):
    number = 0
    for rows, columns, values, bits, fill in (
            (1, 1, 1, 1, 1), (2, 2, 3, 2, 4), (4, 5, 7, 3, 9), (0, 1, 0, 1, 0),
            (3, 32, 40, 4, 2)):
        image = image_seed(rows, columns, values, bits, fill)
        write("edm", "image-%d" % number, b"\0" + image)
        for at in range(8, len(image), max(8, len(image) // 9)):
            broken = bytearray(image)
            broken[at] ^= 0xff
            write("edm", "image-%d-%d" % (number, at), b"\0" + bytes(broken))
            write("edm", "cut-%d-%d" % (number, at), b"\0" + image[:at])
        number += 1
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        key = b"a key of the fuzzer's".ljust(32, b"\0").hex()
        (folder / "key").write_text(key + "\n")
        (folder / "key").chmod(0o600)
        (folder / "t.csv").write_text(
            "name,account,mail\nAnna Berg,12-345678-90,anna@example.com\n"
            "Smith,55501234,x@example.org\n", encoding="utf-8")
        subprocess.run([program, "edm", "build", "--key", folder / "key", "--out",
                        folder / "t.edm", folder / "t.csv"], check=True,
                       stdout=subprocess.DEVNULL)
        data = (folder / "t.edm").read_bytes()
    write("edm", "file", b"\1" + data)
    for at in list(range(0, 140, 9)) + [len(data) // 2, len(data) - 1]:
        broken = bytearray(data)
        broken[at] ^= 0x41
        write("edm", "file-%d" % at, b"\1" + bytes(broken))
        write("edm", "short-%d" % at, b"\1" + data[:at])
    for n in (0, 1, 17, 5000):
        write("edm", "write-%d" % n, b"\2" + b"v" * n)


csv_seeds()
edm_seeds(sys.argv[1])
