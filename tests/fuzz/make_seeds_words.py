#!/usr/bin/env python3
"""Writes the seeds of the fuzz target words: lines that people type."""
import itertools
import pathlib

FOLDER = pathlib.Path(__file__).parent / "corpus/words"
PARTS = ["a", "-b", '"a b"', '-"c d"', "OR", "NOT", "AND", "!!", '"', "-", "NEAR(", "text:a*", "\u00e9\u5c71", "\x00"]

FOLDER.mkdir(parents=True, exist_ok=True)
for number, parts in enumerate(itertools.product(PARTS, PARTS)):
    line = " ".join(("a", *parts) if number % 3 == 0 else (*parts, "b") if number % 3 == 1 else parts)
    (FOLDER / f"{number:03d}").write_bytes(line.encode())
(FOLDER / "many").write_bytes(b"a " * 255)
(FOLDER / "too-many").write_bytes(b"a\t" * 256 + b" ")
