#!/usr/bin/python3
"""docs/activities.md says of every row of the fact sheet what becomes of it and
which test shows it; this fails when such a test is not there (any more), or a
row says nothing.  Tests are named `file: name, name`, the file without its
ending: tests/e2e/replay_X.py, tests/e2e/test_X.py, tests/unit/test_X.c,
tests/play/X.play (`play: X`)."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs/activities.md"
STATES = {"yes", "partly", "no"}


def names_of(file):
    """The tests that the files of that name have; None: no such file."""
    if file == "play":
        return {p.stem for p in (ROOT / "tests/play").glob("*.play")}
    found, is_there = set(), False
    for path, pattern in ((ROOT / f"tests/e2e/{file}.py", r"^\s*def (\w+)\("),
                          (ROOT / f"tests/unit/{file}.c", r"^static void (\w+)\(void \*\*state\)")):
        if path.exists():
            is_there = True
            text = path.read_text()
            found |= set(re.findall(pattern, text, re.MULTILINE))
            found -= helpers(text) if file.startswith("replay_") else set()
    return found if is_there else None


def helpers(text):
    """Functions that are no cases."""
    return set(re.findall(r"(?<!@case\n)^def (\w+)\(", text, re.MULTILINE))


def mistakes_of(number, cells):
    if len(cells) != 5:
        yield f"{number}: {len(cells)} cells instead of 5 (a bar inside one?)"
        return
    state, shown = cells[3], cells[4]
    word = re.match(r"\w*", state).group()
    if word not in STATES:
        yield f"{number}: \"{state}\" begins with none of {', '.join(sorted(STATES))}"
    if word in ("partly", "no") and len(state) <= len(word) + 3:
        yield f"{number}: \"{state}\" does not say why"
    references = re.findall(r"`([a-z0-9_]+): ([^`]+)`", shown)
    if word != "no" and not references:
        yield f"{number}: no test is named"
    for file, tests in references:
        there = names_of(file)
        if there is None:
            yield f"{number}: there is no file {file}"
            continue
        for test in tests.split(", "):
            if test not in there:
                yield f"{number}: {file} has no test {test}"


def main():
    rows, wrong = 0, []
    for number, line in enumerate(PAGE.read_text().splitlines(), 1):
        cells = [c.strip() for c in line.strip().strip("|").split("|")]
        if not line.startswith("|") or cells[0] == "what happens" or set(line) <= set("|-: "):
            continue
        rows += 1
        wrong += mistakes_of(number, cells)
    if rows == 0:
        wrong.append("no row at all")
    for mistake in wrong:
        print(f"docs/activities.md:{mistake}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
