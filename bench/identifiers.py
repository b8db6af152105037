#!/usr/bin/env python3
"""Recall of identifiers on fresh values, and false hits on broken twins.

Makes valid values of every family of persons' and companies' identifiers
(check digits computed here, not by inspect/check_*.c), writes them in the
groupings of their country with the separators that people and typesetters
use, and puts them beside their name (English and the country's own) into
sentences, forms, JSON, CSV, markup.  A value whose check digit was changed
must not be found as that family.

identifiers.py [--binary B] [--seed N] [--count N] [--misses] [FAMILY…]
"""

import collections
import string

from families import FAMILIES as COMMON, R, UPPER
from families_more import MORE
from found import arguments, scan

FAMILIES = COMMON | MORE
CONTEXTS = {
    "chat": "My {k} is {v}, can you check it?",
    "chat-of": "Please write a letter for Anna; the {k} of hers is {v}.",
    "chat-behind": "I have {v} here, which is her {k}. What now?",
    "form": "Name: Anna Example\n{k}: {v}\nCity: Example",
    "form-lines": "Name\nAnna Example\n{k}\n{v}\n",
    "equals": "{k}={v}",
    "hash": "{k} #{v}",
    "brackets": "Anna Example ({k} {v}) called.",
    "upper": "{K} {v}",
    "json": "{{\"name\": \"Anna\", \"{n}\": \"{v}\"}}",
    "json-label": "{{\"field\":\"{k}\",\"value\":\"{v}\"}}",
    "csv": "name,{k},city\nAnna,{v},Example\n",
    "csv-semicolon": "name;{k};city\nAnna;{v};Example\n",
    "tabs": "name\t{k}\tcity\nAnna\t{v}\tExample\n",
    "table": "| name | {k} |\n|---|---|\n| Anna | {v} |\n",
    "html": "<tr><th>{k}</th><td>{v}</td></tr>",
    "xml": "<{n}>{v}</{n}>",
    "bold": "**{k}:** {v}",
    "code": "`{v}` is the {k}",
    "quotes": "{k}: “{v}”",
}
BARE = {
    "alone": "{v}",
    "sentence": "Anna gave me {v} yesterday, what is it?",
}
TYPE = {
    "ascii": lambda s: s,
    "nbsp": lambda s: s.replace(" ", "\u00a0"),
    "thin": lambda s: s.replace(" ", "\u2009"),
    "narrow": lambda s: s.replace(" ", "\u202f"),
    "en-dash": lambda s: s.replace("-", "\u2013"),
    "nb-hyphen": lambda s: s.replace("-", "\u2011"),
    "minus": lambda s: s.replace("-", "\u2212"),
}


def break_it(s):
    """Another check digit: the last letter or digit."""
    at = max(i for i, c in enumerate(s) if c.isalnum())
    c = s[at]
    kind = (string.digits if c.isdigit() else
            UPPER if c.isupper() else string.ascii_lowercase)
    return s[:at] + R.choice([x for x in kind if x != c]) + s[at + 1:]


def make_records(families, count):
    for family in families:
        make, has_check, names = FAMILIES[family]
        for _ in range(count):
            for form, value in enumerate(make()):
                for kind, write in TYPE.items():
                    if kind != "ascii" and write(value) == value:
                        continue
                    name = R.choice(names)
                    context = R.choice(list(CONTEXTS))
                    yield record(family, "valid", context, form, kind, name,
                                 write(value))
                    if kind == "ascii" and has_check:
                        yield record(family, "broken", context, form, kind,
                                     name, break_it(value))
                for context in BARE:
                    yield record(family, context, context, form, "ascii", "",
                                 value)


def record(family, what, context, form, kind, name, value):
    words = name.replace("-", " ").replace(".", " ").split()
    text = (CONTEXTS | BARE)[context].format(
        k=name, K=name.upper(), v=value, n="_".join(words).lower())
    start = len(text[:text.index(value)].encode())
    return {"family": family, "what": what, "context": context, "form": form,
            "kind": kind, "name": name, "value": value, "text": text,
            "start": start, "end": start + len(value.encode())}


def is_found(r, findings):
    return any(r["family"] in (f["type"], f["detector"]) and f["start"] < r["end"]
               and r["start"] < f["end"] for f in findings)


def rate(hits):
    return "%.2f" % (sum(hits) / len(hits)) if hits else "   -"


def main():
    args = arguments(__doc__, 20, "FAMILY").parse_args()
    R.seed(args.seed)
    records = list(make_records(args.names or FAMILIES, args.count))
    answers = scan(args.binary, [r["text"] for r in records])
    found = [is_found(r, f) for r, f in zip(records, answers)]
    by = collections.defaultdict(list)
    for r, hit in zip(records, found):
        by[r["family"], r["what"]].append(hit)
        by["all", r["what"]].append(hit)
        if r["what"] == "valid":
            for key in ("context", "kind"):
                by[key + " " + r[key], "valid"].append(hit)
            by[r["family"] + " as " + r["name"], "valid"].append(hit)
            by["%s form %d" % (r["family"], r["form"]), "valid"].append(hit)
        if args.misses and (r["what"], hit) in (("valid", False),
                                                ("broken", True)):
            print(r["family"], r["what"], r["kind"], repr(r["text"]))
    print("%-34s named  broken  alone  sentence" % "family")
    for family in [*(args.names or FAMILIES), "all"]:
        print("%-34s  %s    %s   %s      %s" % (family, *(
            rate(by[family, w]) for w in ("valid", "broken", "alone",
                                          "sentence"))))
    for key, what in by:
        hits = by[key, what]
        if what == "valid" and " " in key and (
                key.startswith(("context ", "kind ")) or
                sum(hits) < 0.9 * len(hits)):
            print("%-60s %s of %d" % (key, rate(hits), len(hits)))


if __name__ == "__main__":
    main()
