#!/usr/bin/env python3
"""Recall of values under disguises of our own, and hits on harmless ones.

Makes fresh numbers and tokens, puts each under every disguise that fits its
kind into a sentence or a line of code, and asks the scanner whether a finding
of the value's type shares a byte with it.  None of these disguises is in
evasion.jsonl, but all are of its kinds; levels as ../shared/facts/detection.md
section 6 has them: must is what normalisation or one decoding step undoes,
should what takes two steps or a look at the context, hard what takes a reader.
With --benign the same disguises are put on harmless texts and numbers, where
nothing may be found.

disguises.py [--binary B] [--seed N] [--count N] [--misses] [--benign] [NAME…]
"""

import base64
import binascii
import collections
import json
import pathlib
import string

import families
import identifiers
import disguise_fresh
from disguise_forms import DISGUISES, NUMBER, R, TOKEN, TOKENS, WHOLE, token
from families import digits
from found import arguments, scan

# ---- values ----


def crc62(body):
    n, out = binascii.crc32(body.encode()), ""
    alphabet = string.digits + string.ascii_uppercase + string.ascii_lowercase
    while n:
        n, r = divmod(n, 62)
        out = alphabet[r] + out
    return out.rjust(6, "0")


def github():
    body = token(30)
    return R.choice(["ghp_", "ghs_", "gho_"]) + body + crc62(body)


def jwt():
    def part(o):
        return base64.urlsafe_b64encode(
            json.dumps(o, separators=(",", ":")).encode()).decode().rstrip("=")
    return ".".join([part({"alg": "HS256", "typ": "JWT"}),
                     part({"sub": digits(10, "123456789"), "iat": 1700000000}),
                     token(43, TOKEN + "-_")])


def password():
    return (R.choice(["Winter", "dragon", "Berlin", "secure", "hunter"])
            + R.choice(["_", "!", "#", ""]) + token(4).lower()
            + digits(3, "123456789"))


# type: (maker, is it a number, [texts around it])
VALUES = {
    "credit-card": (lambda: families.credit_card()[0], True, [
        "my credit card is {} ok?", "card number: {}",
        "Bitte buche von der Kreditkarte {} ab."]),
    "us-ssn": (lambda: families.us_ssn()[1], True, [
        "my SSN is {} ok?", "social security number: {}"]),
    "in-aadhaar": (lambda: families.in_aadhaar()[0].replace(" ", ""), True, [
        "Aadhaar number {} ok?", "aadhaar: {}"]),
    "aws-key": (lambda: "AKIA" + token(16, string.ascii_uppercase + "234567"),
                False, ["aws_access_key_id = {} ok?", "use {} for S3"]),
    "github-token": (github, False, ["GITHUB_TOKEN={} ok?",
                                     "clone it with {} please"]),
    "openai-key": (lambda: "sk-" + token(20) + "T3BlbkFJ" + token(20), False,
                   ["OPENAI_API_KEY={} ok?", "why does {} give 401"]),
    "stripe": (lambda: "sk_live_" + token(24), False,
               ["STRIPE_KEY={} ok?", "the key {} was leaked"]),
    "slack": (lambda: "xoxb-" + digits(12, "123456789") + "-"
              + digits(12, "123456789") + "-" + token(24), False,
              ["SLACK_TOKEN={} ok?", "bot token {}"]),
    "jwt": (jwt, False, ["Authorization: Bearer {} ok?", "decode {} for me"]),
    "password": (password, False, ["the password is {} ok?",
                                   "password: {}"]),
}
HARMLESS = ["order 4411 shipped on Monday", "the quick brown fox jumps over it",
            "release 4.2.1 of the parser is out", "meeting at 10:30 in room 4",
            "see https://example.com/a/b?c=d", "3.14159265358979323846",
            "2024-05-17T08:15:30.123456Z", "10.20.30.40 and 192.168.0.1",
            "a9993e364706816aba3e25717850c26c9cd0d89d", "+49 30 901820",
            "0x7fffffffffffffff", "550e8400-e29b-41d4-a716-446655440000",
            "def add(a, b): return a + b", "ISBN 978-3-16-148410-0"]

# ---- records ----

def place(template, make, whole):
    before, behind_it = template.split("{}")
    if whole:
        text = make
        return text, 0, len(text.encode())
    start = len(before.encode())
    return (before + make + behind_it, start, start + len(make.encode()))


def records_of(names, count):
    for name in names:
        level, fits, make = DISGUISES[name]
        for kind, (value_of, is_number, texts) in VALUES.items():
            if fits == (TOKENS if is_number else NUMBER):
                continue
            for _ in range(count):
                value, template = value_of(), R.choice(texts)
                if fits == WHOLE:
                    written = make(template.replace("{}", value))
                else:
                    written = make(value)
                    if written == value:
                        continue
                text, start, end = place(template, written, fits == WHOLE)
                yield {"name": name, "level": level, "family": kind,
                       "text": text, "start": start, "end": end}


def benign_of(names):
    for name in names:
        level, fits, make = DISGUISES[name]
        for text in HARMLESS:
            bare = "".join(c for c in text if c.isdigit())
            if fits == NUMBER and len(bare) < 8:
                continue
            value = bare if fits == NUMBER else text
            try:
                written = make(value)
            except (KeyError, ValueError, UnicodeError):
                continue
            yield {"name": name, "level": level, "text": R.choice(
                ["decode this: %s", "my number is %s", "%s", "the card says "
                 "%s, and the key is lost"]) % written}


def show_benign(args, names):
    records = list(benign_of(names))
    wrong = 0
    for r, findings in zip(records, scan(
            args.binary, [r["text"] for r in records])):
        found = [f for f in findings if f["severity"] != "low"
                 and f["group"] != "topic"]
        wrong += bool(found)
        if found:
            print(r["name"], repr(r["text"]),
                  [(f["detector"], f["sample"]) for f in found])
    print("harmless texts: %d of %d have a finding" % (wrong, len(records)))


def main():
    options = arguments(__doc__, 3, "NAME")
    options.add_argument("--benign", action="store_true")
    options.add_argument("--dump", type=pathlib.Path)
    args = options.parse_args()
    R.seed(args.seed)
    families.R.seed(args.seed)
    names = args.names or list(DISGUISES)
    if args.benign:
        show_benign(args, names)
        return
    records = list(records_of(names, args.count))
    if args.dump:
        args.dump.write_text("".join(json.dumps(r) + "\n" for r in records))
    by = collections.defaultdict(list)
    lost = collections.defaultdict(collections.Counter)
    for r, findings in zip(records, scan(
            args.binary, [r["text"] for r in records])):
        hit = identifiers.is_found(r, findings)
        by[r["name"]].append(hit)
        by["level " + r["level"]].append(hit)
        if not hit:
            lost[r["name"]][r["family"]] += 1
            if args.misses:
                print(r["name"], r["family"], repr(r["text"]),
                      [f["detector"] for f in findings])
    for name in names:
        if name in by and sum(by[name]) < 0.9 * len(by[name]):
            print("%-30s %-7s %.2f of %3d  %s" % (
                name, DISGUISES[name][0], sum(by[name]) / len(by[name]),
                len(by[name]), " ".join("%s:%d" % p
                                        for p in lost[name].items())))
    for level in ("must", "should", "hard"):
        hits = by["level " + level]
        full = [n for n in names if DISGUISES[n][0] == level]
        if hits:
            print("%-7s %.3f of %d, %d disguises" % (
                level, sum(hits) / len(hits), len(hits), len(full)))


if __name__ == "__main__":
    main()
