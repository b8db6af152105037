#!/usr/bin/env python3
"""Quality of the topics, source code and prompt injection, on
tests/data/topics.jsonl: texts of our own writing, `type` null where there is
no such topic.  The detectors were written with the `open` part in view; `held`
(every third text) was only measured.

topics.py [--binary B] [--misses]; prints a table for docs/detectors.md.
"""

import argparse
import collections
import json
import pathlib

from found import scan

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOPICS = ("source-code", "prompt-injection")


def best_language(findings):
    rank = {"low": 0, "medium": 1, "high": 2}
    codes = [f for f in findings if f["type"] == "source-code"]
    codes.sort(key=lambda f: (-rank[f["confidence"]], f["start"]))
    return codes[0]["detector"][len("source-code-"):] if codes else None


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--binary", default=str(ROOT / "build/promptgate"))
    options.add_argument("--misses", action="store_true")
    args = options.parse_args()
    file = ROOT / "tests/data/topics.jsonl"
    records = [json.loads(line) for line in file.read_text().splitlines()]
    count = collections.Counter()
    for record, findings in zip(
            records, scan(args.binary, [r["text"] for r in records])):
        part = record["part"]
        for topic in TOPICS:
            is_there = record["type"] == topic
            is_found = any(f["type"] == topic for f in findings)
            count[part, topic, is_there, is_found] += 1
            if is_there != is_found and args.misses:
                print("  %s %s %s: %r" % (
                    part, "missed" if is_there else "wrong", topic,
                    record["text"][:100]))
        if record["type"] == "source-code":
            languages = {f["detector"][len("source-code-"):]
                         for f in findings if f["type"] == "source-code"}
            count[part, "among"] += record["language"] in languages
            count[part, "first"] += (
                best_language(findings) == record["language"])
    print("| topic | part | texts with it | recall | texts without | "
          "precision |\n| --- | --- | --- | --- | --- | --- |")
    for topic in TOPICS:
        for part in ("open", "held"):
            right, missed, wrong, quiet = (
                count[part, topic, a, b] for a, b in (
                    (True, True), (True, False), (False, True),
                    (False, False)))
            print("| %s | %s | %d | %.2f | %d | %.2f |" % (
                topic, part, right + missed, right / max(1, right + missed),
                wrong + quiet, right / max(1, right + wrong)))
    for part in ("open", "held"):
        total = (count[part, "source-code", True, True] +
                 count[part, "source-code", True, False])
        print("language, %s: named for %d of %d, first or surest for %d" % (
            part, count[part, "among"], total, count[part, "first"]))


if __name__ == "__main__":
    main()
