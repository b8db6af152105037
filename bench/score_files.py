#!/usr/bin/python3
"""Whether every expected value of EVAL_DIR/files.jsonl is in the text that
`promptgate scan --text` takes out of its file, and whether a detector finds
it.  score_files.py [--binary B] [--config C]; exit status 1: a text is
missing a value."""
import argparse
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def scan(options, file, *words):
    done = subprocess.run([options.binary, "scan", "-c", options.config, *words, str(file)],
                          stdout=subprocess.PIPE, check=False)
    return done.stdout.decode("utf-8", "replace")


def is_found(record, expected):
    return any(expected["match"] in f["match"] or f["match"] in expected["match"]
               for f in record["findings"] if f["type"] == expected["type"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", default=str(ROOT / "build/promptgate"))
    parser.add_argument("--config", default=str(ROOT / "conf/promptgate.yaml"))
    parser.add_argument("--eval", default=os.environ.get("EVAL_DIR", "../shared/eval"))
    options = parser.parse_args()
    folder = pathlib.Path(options.eval)
    if not (folder / "files.jsonl").exists():
        print("files: SKIPPED, no", folder / "files.jsonl")
        return 0
    total = read = found = 0
    for line in (folder / "files.jsonl").read_text().splitlines():
        case = json.loads(line)
        text = scan(options, folder / case["file"], "--text")
        record = json.loads(scan(options, folder / case["file"], "--format", "jsonl", "--unmask"))
        for expected in case["expect"]:
            total += 1
            has_text, has_finding = expected["match"] in text, is_found(record, expected)
            read += has_text
            found += has_finding
            if not has_text or not has_finding:
                print(f"  {case['file']}: {expected['type']}: {'no finding' if has_text else 'NOT IN THE TEXT'}")
    print(f"files: {read} of {total} values in the text, {found} found by a detector")
    return read != total


if __name__ == "__main__":
    sys.exit(main())
