#!/usr/bin/env python3
"""Detection quality: recall and precision by family, findings on clean text.

Drives `promptgate scan --jsonl --unmask` over the evaluation records of
EVAL_DIR (README.md there describes them).  A labelled span counts as found
when a finding of its type shares a byte with it.  A finding is wrong when it
stands in a completely labelled text beside every labelled span, or in a
negative text that is about its type (or about none).  Records with a
disputable label are left out.
"""

import argparse
import collections
import json
import os
import subprocess
import sys

HIGH_GROUPS = {"secret", "financial", "personal", "health"}


def load(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def scan(command, records):
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


def overlaps(finding, span):
    return finding["start"] < span["end"] and span["start"] < finding["end"]


class Score:
    def __init__(self):
        self.expected = collections.Counter()
        self.found = collections.Counter()
        self.right = collections.Counter()
        self.wrong = collections.Counter()
        self.misses = []
        self.errors = []

    def add(self, record, findings, families):
        spans = record["expect"]
        for span in spans:
            if span["type"] not in families:
                continue
            self.expected[span["type"]] += 1
            if any(f["type"] == span["type"] and overlaps(f, span)
                   for f in findings):
                self.found[span["type"]] += 1
            else:
                self.misses.append((span["type"], record["id"],
                                    record["text"][:120]))
        about = record.get("neg_types") or []
        for f in findings:
            if f["type"] not in families:
                continue
            if any(overlaps(f, s) and s["type"] == f["type"] for s in spans):
                self.right[f["type"]] += 1
            elif (record.get("negative")
                  and (f["type"] in about or not about)) or (
                      record.get("complete") and not record.get("negative")
                      and not any(overlaps(f, s) for s in spans)):
                self.wrong[f["type"]] += 1
                self.errors.append((f["type"], record["id"],
                                    record["text"][:120]))

    def line(self, types):
        types = list(types)
        expected = sum(self.expected[t] for t in types)
        found = sum(self.found[t] for t in types)
        right = sum(self.right[t] for t in types)
        wrong = sum(self.wrong[t] for t in types)
        recall = "%.3f" % (found / expected) if expected else "    -"
        precision = "%.3f" % (right / (right + wrong)) \
            if right + wrong else "    -"
        return "%6d %6d  %s  %6d %6d  %s" % (
            expected, found, recall, right, wrong, precision)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", default="build/promptgate")
    parser.add_argument("--command", help="instead of BINARY scan …")
    parser.add_argument("--eval-dir",
                        default=os.environ.get("EVAL_DIR", "../shared/eval"))
    parser.add_argument("--all", action="store_true",
                        help="every family, not only those with a detector")
    parser.add_argument("--misses", action="store_true")
    parser.add_argument("sets", nargs="*", default=["own", "evasion-plain"])
    args = parser.parse_args()
    command = args.command.split() if args.command else [
        args.binary, "scan", "--jsonl", "--unmask"]
    if not os.path.isdir(args.eval_dir):
        print("SKIPPED %d sets: no %s" % (len(args.sets) + 2, args.eval_dir))
        return
    shipped = shipped_types()
    for name in args.sets:
        report(name, args, command, shipped)
    for name in ("benign-chat", "benign-prose"):
        report_benign(name, args, command)


def shipped_types():
    types = set()
    folder = os.path.join(os.path.dirname(__file__), "../conf/detectors")
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), encoding="utf-8") as lines:
            types |= {line.split(":")[1].strip() for line in lines
                      if line.startswith("    type:")}
    return types


def report(name, args, command, shipped):
    only_plain = name == "evasion-plain"
    path = os.path.join(args.eval_dir,
                        ("evasion" if only_plain else name) + ".jsonl")
    if not os.path.exists(path):
        print("SKIPPED 1 set: no %s" % path)
        return
    records = [r for r in load(path) if not r.get("weak")]
    if only_plain:
        records = [r for r in records
                   if r["evasion"] == "plain" or r["negative"]]
    families = {s["type"] for r in records for s in r["expect"]} | shipped
    if not args.all:
        families &= shipped
    score = Score()
    for record, findings in zip(records, scan(command, records)):
        score.add(record, findings, families)
    print("%s: %d records" % (name, len(records)))
    print("  %-20s expect  found recall   right  wrong  precision" % "family")
    for t in sorted(families):
        if score.expected[t] + score.right[t] + score.wrong[t]:
            print("  %-20s %s" % (t, score.line([t])))
    print("  %-20s %s" % ("pooled", score.line(families)))
    if args.misses:
        for kind, rows in (("miss", score.misses), ("wrong", score.errors)):
            for row in rows:
                print("  %s %s %s %r" % ((kind,) + row))


def report_benign(name, args, command):
    path = os.path.join(args.eval_dir, name + ".jsonl")
    if not os.path.exists(path):
        print("SKIPPED 1 set: no %s" % path)
        return
    records = load(path)
    answers = scan(command, records)
    megabytes = sum(len(r["text"].encode()) for r in records) / 1e6
    high = sum(f["severity"] == "high" and f["confidence"] != "low"
               for found in answers for f in found)
    every = sum(len(found) for found in answers)
    print("%s: %.2f MB, %d findings (%.1f per MB), of these high severity "
          "and medium or high confidence: %d (%.1f per MB)" % (
              name, megabytes, every, every / megabytes, high,
              high / megabytes))
    if args.misses:
        for r, found in zip(records, answers):
            for f in found:
                print("  ", f["detector"], f["confidence"], repr(f["match"]))


if __name__ == "__main__":
    main()
