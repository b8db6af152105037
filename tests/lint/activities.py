#!/usr/bin/python3
"""docs/activities.md says of every row of the fact sheet what becomes of it and
which test shows it, docs/admin.md of every administrative event and source;
this fails when such a test is not there (any more), or a row or cell says
nothing.  Tests are named `file: name, name`, the file without its
ending: tests/e2e/replay_X.py, tests/e2e/test_X.py, tests/unit/test_X.c,
tests/play/X.play (`play: X`)."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PAGES = {"docs/activities.md": "what happens", "docs/admin.md": "event"}  # and their tables' first cells
STATES = {"yes", "partly", "no"}


def names_of(file):
    """The tests that the files of that name have; None: no such file."""
    if file == "play":
        return {p.stem for p in (ROOT / "tests/play").glob("*.play")}
    found, is_there = set(), False
    for path, pattern in ((ROOT / f"tests/e2e/{file}.py", r"^\s*def (\w+)\("),
                          (ROOT / f"tests/unit/{file}.c", r"^static void (\w+)\(\s*void \*\*state\)")):
        if path.exists():
            is_there = True
            text = path.read_text()
            found |= set(re.findall(pattern, text, re.MULTILINE))
            found -= helpers(text) if file.startswith("replay_") else set()
            found |= rows(text) if file.startswith("replay_") else set()
    return found if is_there else None


def rows(text):
    """Cases made of a table, and what each of them is done in (": from the console")."""
    named = re.findall(r'^ *row\(f?"([^"{]+)', text, re.MULTILINE)
    return {n.strip() for n in named} | set(re.findall(r'CASES\.append\(\(f"[^"]*: ([^"]+)"', text))


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
    if word != "no" and not references_of(shown):
        yield f"{number}: no test is named"
    yield from missing_of(number, shown)


def references_of(text):
    return re.findall(r"`([a-z0-9_]+): ([^`]+)`", text)


def missing_of(number, shown):
    for file, tests in references_of(shown):
        there = names_of(file)
        if there is None:
            yield f"{number}: there is no file {file}"
            continue
        for test in tests.split(", "):
            if test not in there:
                yield f"{number}: {file} has no test {test}"


def mistakes_of_event(number, cells):
    if len(cells) != 6:
        yield f"{number}: {len(cells)} cells instead of 6 (a bar inside one?)"
    for cell in cells[1:]:
        if not references_of(cell) and not re.match(r"none: \w.{5}", cell):
            yield f"{number}: \"{cell}\" names no test and gives no reason (none: …)"
        yield from missing_of(number, cell)


def look_at(page, first):
    judge = mistakes_of if first == "what happens" else mistakes_of_event
    count, wrong = 0, []
    for number, line in enumerate((ROOT / page).read_text().splitlines(), 1):
        cells = [c.strip() for c in line.strip().strip("|").split("|")]
        if not line.startswith("|") or cells[0] == first or set(line) <= set("|-: "):
            continue
        count += 1
        wrong += judge(number, cells)
    return wrong if count else ["no row at all"]


def main():
    wrong = [f"{page}:{mistake}" for page, first in PAGES.items() for mistake in look_at(page, first)]
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
