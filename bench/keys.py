#!/usr/bin/env python3
"""Recall and false hits of secrets on tests/data/keys.jsonl: texts of our own
writing, `secret` true where one is in it (between ⟦ and ⟧), in writings that
the examples of conf/detectors do not have, and near misses (placeholders,
hashes, lock files, manuals).  `‹x40›` there stands for forty random characters
of a kind (KINDS), new ones with each --seed.  A secret is found when a finding
of the group `secret` shares a byte with it; a near miss is wrong when one has
it at medium confidence or more.

keys.py [--binary B] [--seed N] [--count N] [--misses] [WHAT…]
"""

import json
import pathlib
import random
import re
import string
import uuid

from found import arguments, scan

ROOT = pathlib.Path(__file__).resolve().parent.parent
BASE62 = string.ascii_letters + string.digits
KINDS = {"x": "0123456789abcdef", "X": "0123456789ABCDEF", "A": BASE62,
         "a": string.ascii_lowercase + string.digits,
         "u": string.ascii_uppercase + string.digits,
         "k": string.ascii_uppercase + "234567", "d": string.digits,
         "L": string.ascii_letters, "w": BASE62 + "_-", "b": BASE62 + "+/",
         "g": "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"}
FILL = re.compile("‹([A-Za-z])([0-9]*)›")


def fill(kind, count, chance):
    if kind == "U":
        return str(uuid.UUID(int=chance.getrandbits(128), version=4))
    if kind == "j":
        return ",".join(str(chance.randrange(256)) for _ in range(count))
    return "".join(chance.choice(KINDS[kind]) for _ in range(count))


def make(record, chance):
    """The text, and the bytes from and to where its secret stands."""
    text = FILL.sub(lambda m: fill(m[1], int(m[2] or 0), chance),
                    record["text"])
    before, _, rest = text.partition("⟦")
    value, _, behind = rest.partition("⟧")
    start = len(before.encode())
    return before + value + behind.replace("⟦", "").replace("⟧", ""), (
        start, start + len(value.encode()))


def main():
    args = arguments(__doc__.splitlines()[0], 3, "WHAT").parse_args()
    chance = random.Random(args.seed)
    records = [json.loads(line) for line in (
        ROOT / "tests/data/keys.jsonl").read_text().splitlines()]
    cases = [(r, *make(r, chance)) for r in records for _ in range(args.count)
             if not args.names or r["what"] in args.names]
    right, wrong = [], []
    for (record, text, (start, end)), findings in zip(
            cases, scan(args.binary, [c[1] for c in cases])):
        hits = [f for f in findings if f["group"] == "secret"]
        if record["secret"]:
            hit = any(f["start"] < end and start < f["end"] for f in hits)
            right.append(hit)
        else:
            hits = [f for f in hits if f["confidence"] != "low"]
            wrong.append(bool(hits))
        if args.misses and hit != True if record["secret"] else hits:
            print("%s %s %r %s" % (
                "miss " if record["secret"] else "wrong", record["what"],
                text[:240], [(f["detector"], f["sample"]) for f in hits]))
    print("secrets: %d of %d found, %.3f" % (
        sum(right), len(right), sum(right) / max(1, len(right))))
    print("near misses: %d of %d wrong, %.3f" % (
        sum(wrong), len(wrong), sum(wrong) / max(1, len(wrong))))


if __name__ == "__main__":
    main()
