#!/usr/bin/python3
"""docs/services.md teaches every key and every word that the loader of service
maps takes; this fails when one is not named there."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LOADERS = sorted((ROOT / "inspect").glob("service*.c"))
PAGE = ROOT / "docs/services.md"


def words_of(source):
    """(table, word) of every `const char *const TABLE[] = {…}`."""
    tables = re.findall(r"const char \*const (\w+)\[\] = \{(.*?)\};", source, re.DOTALL)
    for table, body in tables:
        for word in re.findall(r'"([\w-]+)"', body):
            yield table, word


def main():
    named = set()
    for piece in re.findall(r"```yaml\n(.*?)```|`([^`\n]+)`", PAGE.read_text(), re.DOTALL):
        named |= set(re.findall(r"[\w-]+", " ".join(piece)))
    words = sorted({(file.name, *word) for file in LOADERS for word in words_of(file.read_text())})
    missing = [(file, table, word) for file, table, word in words if word not in named]
    for file, table, word in missing:
        print(f"docs/services.md does not name \"{word}\" ({file}, {table})")
    return 1 if missing or not words else 0


if __name__ == "__main__":
    sys.exit(main())
