#!/usr/bin/python3
"""docs/reliability.md says of every requirement and fault which test shows it;
this fails when an id has no row, a named test is not there (any more), no test
of a row is named by its id, or a row that has none does not say why.  Tests are
named as tests/lint/activities.py does, plays as `play: X`.  The table of
x509-limbo's cases is held against tests/unit/test_trust_limbo.c."""
import re
import sys

from activities import ROOT, missing_of, references_of

PAGE = "docs/reliability.md"


def span(letter, *ranges):
    return {f"{letter}{n}" for first, last in ranges for n in range(first, last + 1)}


REQUIREMENTS = (span("U", (1, 18)) | span("C", (1, 10)) | span("K", (1, 7)) | span("H", (1, 10)) | span("S", (1, 8)) |
                span("D", (1, 6)) | span("P", (1, 7)) | span("L", (1, 5), (7, 9)))
FAULTS = span("F", (1, 7), (9, 37), (39, 40), (42, 47), (49, 49), (52, 55))
CELLS = 4  # id, what, shown by, left out and why


def is_named_by(number, test):
    return re.search(rf"(^|_){number.lower()}(_|$)", test) is not None


def mistakes_of(number, cells):
    if len(cells) != CELLS:
        yield f"{number}: {len(cells)} cells instead of {CELLS} (a bar inside one?)"
        return
    shown, left_out = cells[2], cells[3]
    tests = [t for file, names in references_of(shown) if file != "play" for t in names.split(", ")]
    if not tests and not re.match(r"no: \w.{5}", left_out):
        yield f"{number}: no test is named, and the last cell does not say why (no: …)"
    if tests and not any(is_named_by(cells[0], t) for t in tests):
        yield f"{number}: no test is named by {cells[0]}"
    if not left_out:
        yield f"{number}: the last cell is empty (nothing left out: -)"
    yield from missing_of(number, shown)


def deviations():
    """Ids in the table of tests/unit/test_trust_limbo.c."""
    text = (ROOT / "tests/unit/test_trust_limbo.c").read_text()
    table = re.search(r"deviations\[\] = \{(.*?)\n\};", text, re.DOTALL)[1]
    return {m.replace('"\n', "").replace('"', "") for m in
            ("".join(re.findall(r'"([^"]*)"', strings)) for strings in
             re.findall(r'\{((?:"[^"]*"\s*)+),', table))}


def main():
    wrong, seen, cases = [], [], set()
    for number, line in enumerate((ROOT / PAGE).read_text().splitlines(), 1):
        cells = [c.strip() for c in line.strip().strip("|").split("|")]
        if not line.startswith("|") or set(line) <= set("|-: "):
            continue
        if re.fullmatch(r"[A-Z]\d+", cells[0]):
            seen.append(cells[0])
            wrong += mistakes_of(number, cells)
        elif match := re.fullmatch(r"`([a-z0-9:-]+::[a-z0-9:-]+)`", cells[0]):
            cases.add(match[1])
    wrong += [f" {i} has no row" for i in sorted((REQUIREMENTS | FAULTS) - set(seen))]
    wrong += [f" {i} is no id, or has two rows" for i in sorted(set(seen))
              if i not in REQUIREMENTS | FAULTS or seen.count(i) > 1]
    wrong += [f" x509-limbo: {c} stands on one side only" for c in sorted(cases ^ deviations())]
    print("\n".join(f"{PAGE}:{w}" for w in wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
