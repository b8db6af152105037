"""What `promptgate scan` finds in many texts, for the measures of quality."""
import argparse
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def arguments(description, count, of):
    """The options of a measure on `count` fresh values each; `of`: what may be
    named, instead of all."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--binary", default=ROOT / "build/promptgate")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--count", type=int, default=count)
    options.add_argument("--misses", action="store_true")
    options.add_argument("names", nargs="*", metavar=of)
    return options


def scan_records(command, records):
    """command: `scan --jsonl` with its options; the findings of each record's text."""
    text = "".join(
        json.dumps({"id": r["id"], "text": r["text"]}) + "\n" for r in records)
    done = subprocess.run(command, input=text.encode(), stdout=subprocess.PIPE,
                          check=False)
    if done.returncode not in (0, 3):
        sys.exit("scan ended with status %d" % done.returncode)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    if [a["id"] for a in answers] != [r["id"] for r in records]:
        sys.exit("scan gave other ids, or another order")
    return [a["findings"] for a in answers]


def scan(binary, texts):
    """The findings of each text, unmasked."""
    records = [{"id": str(i), "text": t} for i, t in enumerate(texts)]
    return scan_records([binary, "scan", "--jsonl", "--unmask"], records)
